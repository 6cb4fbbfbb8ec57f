"""Files of other programs against the csv copies of the same studies, and files to refuse."""

import numpy as np
import pandas as pd
import pytest

from tests.interchange_samples import same_tables
from toolkit.readers.interchange import read_study_file, study_bytes
from toolkit.tables import TableError


@pytest.fixture
def native(reference_data):
    return reference_data / "data" / "native"


def twin(reference_data, study, file):
    return pd.read_csv(reference_data / "data" / study / file, dtype={"case": str})


def renumbered(tables):
    """Case to its number in the csv copies: those without disease first, in the file's order."""
    cases = tables["cases"].frame
    ordered = pd.concat([cases[cases["truth"] == 0], cases[cases["truth"] == 1]])["case_id"]
    return dict(zip(ordered, (str(n) for n in range(1, len(ordered) + 1)), strict=True))


def ratings_of(tables, *, add=0, missing=None):
    """Readings as the csv copies list them; ``add`` turns numbers from 0 into numbers from 1."""
    readings, number = tables["readings"].frame, renumbered(tables)
    truth = tables["cases"].frame.set_index("case_id")["truth"]
    frame = pd.DataFrame(
        {
            "case": readings["case_id"].map(number),
            "reader": readings["reader_id"].astype(int) + add,
            "modality": readings["modality"].astype(int) + add,
            "rating": readings["rating"].replace({missing: -np.inf} if missing is not None else {}),
            "truth": readings["case_id"].map(truth).astype(int),
        }
    )
    return by_key(frame)


def by_key(frame):
    keys = [
        c for c in ("case", "reader", "modality", "mark_type", "lesion", "rating") if c in frame
    ]
    return frame.sort_values(keys).reset_index(drop=True)


def same(one, other):
    pd.testing.assert_frame_equal(
        by_key(one), by_key(other)[list(one.columns)], check_dtype=False, rtol=1e-12
    )


@pytest.mark.parametrize("file", ["Roc.xlsx", "RocData.imrmc", "RocData.lrc", "RocData.csv"])
def test_read_study_file_gives_van_dyke_from_every_format(reference_data, native, file):
    study = read_study_file(native / file)
    assert study.paradigm == "ROC"
    assert list(study.tables) == ["cases", "readers", "readings"]
    same(ratings_of(study.tables, add=1), twin(reference_data, "VanDyke", "ratings.csv"))


def test_read_study_file_gives_hupse_from_the_older_layout(reference_data, native):
    study = read_study_file(native / "NicoRadRoc.xlsx")
    assert study.paradigm == "ROC"
    same(ratings_of(study.tables), twin(reference_data, "dataset09", "ratings.csv"))


@pytest.mark.parametrize(
    ("file", "folder"), [("JT.xlsx", "dataset05"), ("CadFrocData.xlsx", "datasetCadSimuFroc")]
)
def test_read_study_file_gives_froc_studies_of_the_csv_copies(reference_data, native, file, folder):
    study = read_study_file(native / file)
    assert study.paradigm == "FROC"
    tables, number = study.tables, renumbered(study.tables)
    inferred = twin(reference_data, folder, "ratings_inferred_roc.csv")
    same(ratings_of(tables, missing=0.0), inferred)
    marks = tables["marks"].frame
    listed = pd.DataFrame(
        {
            "case": marks["case_id"].map(number),
            "reader": marks["reader_id"].astype(int),
            "modality": marks["modality"].astype(int),
            "rating": marks["rating"],
            "mark_type": marks["mark_type"].astype(object),
            "lesion": marks["lesion_id"].astype(float),
        }
    )
    same(listed, twin(reference_data, folder, "marks.csv"))
    lesions = tables["lesions"].frame
    listed = pd.DataFrame(
        {
            "case": lesions["case_id"].map(number),
            "lesion": lesions["lesion_id"].astype(int),
            "weight": lesions["weight"],
        }
    )
    same(listed, twin(reference_data, folder, "lesions.csv"))
    cases = tables["cases"].frame
    n_lesions = cases["case_id"].map(lesions.groupby("case_id").size()).fillna(0)
    listed = pd.DataFrame(
        {"case": cases["case_id"].map(number), "truth": cases["truth"], "n_lesions": n_lesions}
    )
    same(listed, twin(reference_data, folder, "cases.csv"))


def test_read_study_file_gives_two_readers_of_the_same_study(native):
    """JT2Rdrs.xlsx has readers 1 and 3 of JT.xlsx."""
    study = read_study_file(native / "JT2Rdrs.xlsx")
    whole = read_study_file(native / "JT.xlsx").tables["marks"].frame
    part = study.tables["marks"].frame
    kept = whole[whole["reader_id"].isin(part["reader_id"].unique())]
    assert (
        study.tables["readers"].frame["reader_id"].tolist() == kept["reader_id"].unique().tolist()
    )
    pd.testing.assert_frame_equal(part.reset_index(drop=True), kept.reset_index(drop=True))


def test_read_study_file_gives_the_simulated_imrmc_study(native):
    study = read_study_file(native / "iMRMC_simulated_example.imrmc")
    frames = {name: data.frame for name, data in study.tables.items()}
    assert [len(frames[name]) for name in ("cases", "readers", "readings")] == [80, 5, 800]
    first = frames["readings"].iloc[0]
    assert (first["reader_id"], first["case_id"], first["modality"]) == (
        "reader1",
        "negCase1",
        "testA",
    )
    assert first["rating"] == 0.1696
    assert any("are below 0, the lowest is -3.4423" in note for note in study.notes)


@pytest.mark.parametrize(
    ("file", "paradigm", "rows"),
    [
        ("rocCr.xlsx", "ROC", (8, 5, 80)),
        ("rocSpA.xlsx", "ROC", (10, 4, 40)),
        ("rocSpC.xlsx", "ROC", (30, 3, 60)),
        ("frocCr.xlsx", "FROC", (8, 3, 48, 9, 53)),
        ("frocCrStrRdrsTrts.xlsx", "FROC", (8, 3, 48, 9, 53)),
        ("lroc1.xlsx", "LROC", (8, 3, 48, 5, 47)),
    ],
)
def test_read_study_file_gives_the_toy_studies(native, file, paradigm, rows):
    study = read_study_file(native / "toy" / file)
    assert study.paradigm == paradigm
    assert tuple(len(data.frame) for data in study.tables.values()) == rows
    assert not study.tables["readings"].frame["rating"].isna().any()


def test_read_study_file_scales_weights_that_were_rounded(native):
    study = read_study_file(native / "toy" / "frocCr.xlsx")
    lesions = study.tables["lesions"].frame
    weights = lesions[lesions["case_id"] == "72"]["weight"]  # 0.333 three times in the file
    np.testing.assert_allclose(weights, 1 / 3, rtol=1e-15)
    assert any("number of cases: 1" in note for note in study.notes)


@pytest.mark.parametrize(
    "file",
    [
        "Roc.xlsx",
        pytest.param("NicoRadRoc.xlsx", marks=pytest.mark.slow),
        pytest.param("JT.xlsx", marks=pytest.mark.slow),
        pytest.param("CadFrocData.xlsx", marks=pytest.mark.slow),
        "toy/rocSpA.xlsx",
        "toy/rocSpC.xlsx",
        "toy/frocCr.xlsx",
        "toy/lroc1.xlsx",
        "toy/frocCrStrRdrsTrts.xlsx",
    ],
)
def test_jafroc_files_written_again_read_the_same(native, tmp_path, file):
    study = read_study_file(native / file)
    content, lost = study_bytes(study.tables, "jafroc", paradigm=study.paradigm)
    assert lost == ()
    copy = tmp_path / "copy.xlsx"
    copy.write_bytes(content)
    again = read_study_file(copy)
    assert again.paradigm == study.paradigm
    same_tables(study.tables, again.tables)


BAD = {
    "duplicatedRow": ["sheet TRUTH: key (CaseID, LesionID) repeats 2 times, rows 6, 7"],
    "frocCr2BlankRows": ["sheet TRUTH: is empty, with rows below it, rows 6, 7"],
    "frocCrNonCharInModalityID": ["sheet TRUTH: ModalityID '0' is a number", "row 9"],
    "frocCrNonCharInReaderID": ["sheet TRUTH: ReaderID (value withheld", "is a number", "row 7"],
    "incorrectCaseIDsInTP": [
        "sheet TP: CaseID (value withheld: 1 character, digits only) must be in sheet TRUTH, row 7",
        "sheet TP: CaseID (value withheld: 1 character, digits only) has no lesion in sheet TRUTH",
        "rows 10, 11, 12",
    ],
    "incorrectSheetName": ["has no sheet TRUTH; did you mean 'TRUTH1'?"],
    "incorrectWeights": [
        "sheet TRUTH: Weight '0.5' must add up to 1 over the lesions of a case",
        "row 5",
        "sheet TRUTH: Weight '1.1' must be between 0 and 1, row 8",
    ],
    "missing1CellRow5": ["sheet TRUTH: Weight must not be missing, row 5"],
    "missing2CellsRow5and7": [
        "sheet TRUTH: Weight must not be missing, row 5",
        "sheet TRUTH: is empty, with rows below it, row 7",
    ],
    "missingCells": [
        "sheet TRUTH: CaseID must not be missing, row 3",
        "sheet TRUTH: ReaderID must not be missing, row 3",
        "sheet TRUTH: Weight must not be missing, row 5",
        "sheet TRUTH: LesionID must not be missing, row 8",
        "sheet TRUTH: ModalityID must not be missing, row 8",
    ],
    "missingEntireRow5": ["sheet TRUTH: is empty, with rows below it, row 5"],
    "non-integerCaseID": [
        "sheet TRUTH: CaseID (value withheld: 4 characters) is a number",
        "row 7",
    ],
    "non-integerCellsRows5and7": [
        "sheet TRUTH: Weight 'b' must be a number, row 5",
        "sheet TRUTH: LesionID 'a' must be a number, row 7",
    ],
    "non-integerLesionID": [
        "sheet TRUTH: LesionID '0.1' must be a whole number, row 2",
        "sheet TRUTH: LesionID '1.1' must be a whole number, row 6",
    ],
    "non-numeric-weight": ["sheet TRUTH: Weight 'abc' must be a number, row 5"],
    "rocCrStrRdrsNonUnique": [
        "sheet TRUTH: ReaderID (value withheld: 28 characters) names an ID twice in its list",
        "rows 2, 3, 4, 5, 6, 7, 8, 9",
    ],
    # Its text IDs are in order here; what it lacks is which split plot it is.
    "rocSpCText": ["sheet TRUTH: Paradigm 'split-plot' must be the design", "row 3"],
}


def test_every_bad_file_is_named_here(native):
    assert {path.stem for path in (native / "toy" / "bad").glob("*.xlsx")} == BAD.keys()


@pytest.mark.parametrize("name", BAD)
def test_read_study_file_refuses_bad_files_by_sheet_row_and_column(native, name):
    with pytest.raises(TableError) as caught:
        read_study_file(native / "toy" / "bad" / f"{name}.xlsx")
    text = str(caught.value)
    for words in BAD[name]:
        assert words in text
