"""Lesions that several images show, written to JAFROC workbooks and read again."""

import numpy as np
import openpyxl
import pandas as pd
import pytest

from tests.interchange_samples import table_data
from toolkit.demo.assemble import demo_study
from toolkit.readers.interchange import convert, read_study_file, study_bytes
from toolkit.readers.interchange.convert import folder_files
from toolkit.readers.interchange.jafroc_lesions import without_images
from toolkit.scoring.mark_readings import MarkTables
from toolkit.scoring.mark_rules import AsRecorded
from toolkit.scoring.marks import localize_marks
from toolkit.stats.froc.fom_table import froc_fom_table
from toolkit.tables import TableError

MODALITIES = ["aided", "unaided"]
MARK_COLUMNS = ["reader_id", "modality", "case_id", "image_id", "rating", "lesion_id"]
SEVERAL = (
    "lesions: {} with places on several images became one row each; a JAFROC workbook has no images"
)


def wafroc(tables):
    """The wAFROC of each reader and modality, from the marks as recorded."""
    frames = {name: data.frame for name, data in tables.items() if name != "images"}
    scored = localize_marks(
        MarkTables(**frames), rule=AsRecorded(), unit="exam", modalities=MODALITIES
    )
    return froc_fom_table(scored.study, covariance="none").value


def wafroc_by_hand(frames, modality, reader):
    """Weighted share of pairs of a lesion and a healthy case won by the lesion, ties half."""
    cases, marks = frames["cases"], frames["marks"]
    mine = marks[(marks["modality"] == modality) & (marks["reader_id"] == reader)]
    healthy = cases["case_id"][cases["truth"] == 0]
    diseased = cases["case_id"][cases["truth"] == 1]
    weight_of = {(r.case_id, r.lesion_id): r.weight for r in frames["lesions"].itertuples()}
    total = 0.0
    for (case_id, lesion_id), weight in weight_of.items():
        hits = mine[(mine["case_id"] == case_id) & (mine["lesion_id"] == lesion_id)]["rating"]
        found = max(hits, default=-np.inf)
        for other in healthy:
            false = max(mine["rating"][mine["case_id"] == other], default=-np.inf)
            total += weight * ((found > false) + 0.5 * (found == false))
    return total / (len(healthy) * len(diseased))


def study(marks, lesions):
    """Two readers, two modalities, two healthy cases and two with cancer; text IDs."""
    cases = ["h 1", "h-2", "k é", "k-007"]
    marks = pd.DataFrame(marks, columns=MARK_COLUMNS)
    key = MARK_COLUMNS[:3]
    marks["mark_id"] = "m" + (marks.groupby(key).cumcount() + 1).astype(str)
    marks["mark_type"] = np.where(marks["lesion_id"].notna(), "LL", "NL")
    rows = [(r, m, c) for r in ("Ann", "Bo") for m in MODALITIES for c in cases]
    readings = pd.DataFrame(rows, columns=key)
    top = marks.groupby(key)["rating"].max().rename("rating").reset_index()
    return {
        "cases": pd.DataFrame({"case_id": cases, "truth": [0, 0, 1, 1]}),
        "readers": pd.DataFrame({"reader_id": ["Ann", "Bo"], "kind": "human"}),
        "readings": readings.merge(top, on=key, how="left").fillna({"rating": 0.0}),
        "images": pd.DataFrame(
            {
                "image_id": [f"{case} {view}" for case in cases for view in ("CC", "MLO")],
                "case_id": np.repeat(cases, 2),
            }
        ),
        "lesions": pd.DataFrame(lesions, columns=["case_id", "lesion_id", "image_id", "weight"]),
        "marks": marks,
    }


@pytest.fixture
def froc():
    lesions = [
        ("k é", "left", "k é CC", 0.3),
        ("k é", "left", "k é MLO", 0.3),
        ("k é", "right", "k é MLO", 0.7),
        ("k-007", "left", "k-007 CC", 1.0),
        ("k-007", "left", "k-007 MLO", 1.0),
    ]
    marks = [
        # Both views of a lesion, the higher mark second; then a tie of both views.
        ("Ann", "aided", "k é", "k é CC", 2.0, "left"),
        ("Ann", "aided", "k é", "k é MLO", 4.0, "left"),
        ("Ann", "aided", "k é", "k é MLO", 1.0, "right"),
        ("Ann", "unaided", "k-007", "k-007 CC", 3.0, "left"),
        ("Ann", "unaided", "k-007", "k-007 MLO", 3.0, "left"),
        ("Bo", "aided", "k-007", "k-007 CC", 2.5, "left"),
        ("Ann", "aided", "h 1", "h 1 CC", 2.5, None),
        ("Ann", "aided", "h 1", "h 1 MLO", 2.5, None),
        ("Ann", "unaided", "h-2", "h-2 CC", 3.0, None),
        ("Bo", "aided", "h-2", "h-2 CC", 1.0, None),
        ("Bo", "unaided", "k é", "k é CC", 1.5, "left"),
    ]
    return study(marks, lesions)


@pytest.fixture
def lroc():
    lesions = [(c, "T", f"{c} {view}", 1.0) for c in ("k é", "k-007") for view in ("CC", "MLO")]
    values = iter([1, 5, 3, 2, 4, 2, 6, 1, 3, 3, 5, 3, 2, 2, 4, 6])
    found = {("Ann", "k é"), ("Ann", "k-007"), ("Bo", "k é")}
    marks = [
        (r, m, c, f"{c} CC", float(next(values)), "T" if (r, c) in found else None)
        for r in ("Ann", "Bo")
        for m in MODALITIES
        for c in ("h 1", "h-2", "k é", "k-007")
    ]
    return study(marks, lesions)


def written_and_read(tmp_path, tables, **choices):
    content, lost = study_bytes(tables, "jafroc", **choices)
    path = tmp_path / "study.xlsx"
    path.write_bytes(content)
    return read_study_file(path), lost


def test_lesions_on_several_images_keep_their_figures_in_a_froc_workbook(froc, tmp_path):
    tables = table_data(**froc)
    again, lost = written_and_read(tmp_path, tables)
    assert again.paradigm == "FROC"
    lesions = again.tables["lesions"].frame
    assert lesions["case_id"].tolist() == ["k é", "k é", "k-007"]
    assert lesions["lesion_id"].tolist() == ["1", "2", "1"]
    assert lesions["weight"].tolist() == [0.3, 0.7, 1.0]
    marks = again.tables["marks"].frame
    hits = marks[marks["mark_type"] == "LL"]
    assert hits["rating"].tolist() == [4.0, 1.0, 3.0, 2.5, 1.5]
    assert (marks["mark_type"] == "NL").sum() == 4  # further marks are no false marks
    assert SEVERAL.format(2) in lost
    assert (
        "marks: 2 further marks of lesions that a reading marks more than once; the highest of "
        "each is kept"
    ) in lost
    expected = [[wafroc_by_hand(froc, m, r) for m in MODALITIES] for r in ("Ann", "Bo")]
    assert wafroc(tables) == pytest.approx(np.array(expected), rel=1e-12)
    assert wafroc(again.tables) == pytest.approx(np.array(expected), rel=1e-12)


def test_sheet_truth_names_each_lesion_once(froc, tmp_path):
    written_and_read(tmp_path, table_data(**froc))
    rows = openpyxl.load_workbook(tmp_path / "study.xlsx")["TRUTH"].iter_rows(values_only=True)
    assert [row[:3] for row in rows][1:] == [
        ("h 1", 0, 0),
        ("h-2", 0, 0),
        ("k é", 1, 0.3),
        ("k é", 2, 0.7),
        ("k-007", 1, 1),
    ]


def test_one_lesion_on_two_images_is_still_one_lesion_in_lroc(lroc, tmp_path):
    tables = table_data(**lroc)
    again, lost = written_and_read(tmp_path, tables)
    assert again.paradigm == "LROC"
    assert len(again.tables["lesions"].frame) == 2
    assert SEVERAL.format(2) in lost
    assert not any("further marks" in line for line in lost)
    expected = [[wafroc_by_hand(lroc, m, r) for m in MODALITIES] for r in ("Ann", "Bo")]
    assert wafroc(again.tables) == pytest.approx(np.array(expected), rel=1e-12)
    assert wafroc(tables) == pytest.approx(np.array(expected), rel=1e-12)


def test_of_equal_marks_of_a_lesion_the_first_is_kept(froc):
    held = without_images(table_data(**froc))["marks"]
    kept = held.frame[(held.frame["modality"] == "unaided") & (held.frame["case_id"] == "k-007")]
    assert kept["image_id"].tolist() == ["k-007 CC"]
    assert held.rows.tolist() == [3, 4, 5, 7, 8, 9, 10, 11, 12]


def test_faults_name_the_rows_of_the_original_tables(froc):
    froc["lesions"]["weight"] = [0.3, 0.3, 0.6, 1.0, 1.0]
    with pytest.raises(TableError) as caught:
        study_bytes(table_data(**froc), "jafroc")
    (fault,) = caught.value.faults
    # Rows 2 and 3 are one lesion, named by its first row.
    assert "weight must add up to 1 over the lesions of a case, rows 2, 4" in str(fault)
    froc["lesions"]["weight"] = [0.3, 0.3, 0.7, 1.0, 1.0]
    with pytest.raises(TableError) as caught:
        study_bytes(table_data(**froc), "jafroc", paradigm="LROC")
    texts = [str(fault) for fault in caught.value.faults]
    assert any("lesion_id is a second lesion of its case" in t and "row 4" in t for t in texts)


def test_weights_that_add_up_over_rows_alone_are_refused(froc):
    froc["lesions"]["weight"] = [0.25, 0.25, 0.5, 0.5, 0.5]
    with pytest.raises(TableError, match="weight must add up to 1 over the lesions of a case"):
        study_bytes(table_data(**froc), "jafroc")


@pytest.mark.parametrize("to", ["imrmc", "lrc", "csv"])
def test_formats_of_ratings_refuse_lesions_on_several_images(froc, to):
    with pytest.raises(TableError, match="table lesions cannot be held"):
        study_bytes(table_data(**froc), to)


def test_the_account_counts_lesions_and_not_their_rows(froc, tmp_path):
    (tmp_path / "s").mkdir()
    for name, content in folder_files(table_data(**froc)).items():
        (tmp_path / "s" / name).write_bytes(content)
    account = convert(tmp_path / "s", tmp_path / "s.xlsx").account("s.xlsx")
    assert ", 3 lesions, 11 marks" in account[0]
    assert f"left behind: {SEVERAL.format(2)}" in account


def test_a_localization_study_is_not_sent_to_formats_that_refuse_its_marks(froc):
    froc["readings"] = froc["readings"].iloc[:-1]
    with pytest.raises(TableError) as caught:
        study_bytes(table_data(**froc), "jafroc")
    (fault,) = caught.value.faults
    assert "leave out who did not read all cases in all modalities" in str(fault)
    assert "imrmc" not in str(fault)


def test_the_human_readings_of_the_demo_keep_their_figures(tmp_path):
    frames = demo_study()["reader_study"]
    human = frames["readers"].query("kind == 'human'")
    for name in ("readings", "marks"):
        frames[name] = frames[name][frames[name]["reader_id"].isin(human["reader_id"])]
    frames["readers"] = human
    tables = table_data(**frames)
    again, lost = written_and_read(tmp_path, tables)
    lesions = frames["lesions"].drop_duplicates(["case_id", "lesion_id"])
    assert len(again.tables["lesions"].frame) == len(lesions)
    assert SEVERAL.format(len(frames["lesions"]) - len(lesions)) in lost
    hits = frames["marks"].query("mark_type == 'LL'")
    key = ["reader_id", "modality", "case_id", "lesion_id"]
    further = int(hits.duplicated(key).sum())
    assert further > 0
    assert any(line.startswith(f"marks: {further:,} further marks") for line in lost)
    figures = wafroc(tables)
    assert figures.shape == (10, 2)
    assert wafroc(again.tables) == pytest.approx(figures, rel=1e-12)
