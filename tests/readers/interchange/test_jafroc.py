"""JAFROC workbooks: what each sheet may say, what Excel has spoilt, and every refusal by place."""

import datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest

from tests.interchange_samples import TRUTH_6, froc_sheets, roc_sheets, table_data, workbook
from toolkit.readers.interchange import read_study_file, study_bytes
from toolkit.readers.interchange.study import no_mark_rating
from toolkit.scoring.mark_readings import MarkTables
from toolkit.scoring.mark_rules import AsRecorded
from toolkit.scoring.marks import localize_marks
from toolkit.stats.auc import auc
from toolkit.stats.froc import froc_fom_table, roi
from toolkit.tables import TableError


@pytest.fixture
def froc():
    return froc_sheets()


@pytest.fixture
def roc():
    return roc_sheets()


def read(tmp_path, sheets):
    return read_study_file(workbook(tmp_path / "s.xlsx", sheets))


def faults_of(tmp_path, sheets):
    with pytest.raises(TableError) as caught:
        read(tmp_path, sheets)
    return [str(fault) for fault in caught.value.faults]


def only_fault(tmp_path, sheets):
    (fault,) = faults_of(tmp_path, sheets)
    return fault


# What a workbook says


def test_froc_workbook_gives_all_tables(tmp_path, froc):
    study = read(tmp_path, froc)
    frames = {name: data.frame for name, data in study.tables.items()}
    assert study.paradigm == "FROC"
    assert frames["cases"]["case_id"].tolist() == ["1", "2", "70", "007"]
    assert frames["cases"]["truth"].tolist() == [0, 0, 1, 1]
    assert frames["readers"]["reader_id"].tolist() == ["0", "1"]
    assert frames["lesions"][["case_id", "lesion_id", "weight"]].values.tolist() == [
        ["70", "1", 0.3],
        ["70", "2", 0.7],
        ["007", "1", 1.0],
    ]
    marks = frames["marks"][["reader_id", "case_id", "modality", "mark_id", "rating", "mark_type"]]
    assert marks.values.tolist() == [
        ["0", "1", "A", "1", 1.5, "NL"],
        ["0", "1", "A", "2", 2.5, "NL"],
        ["1", "70", "B", "1", 0.5, "NL"],
        ["0", "70", "A", "1", 5.0, "LL"],
        ["1", "007", "A", "1", 4.25, "LL"],
        ["1", "70", "B", "2", 3.0, "LL"],
    ]
    rating = frames["readings"].set_index(["reader_id", "modality", "case_id"])["rating"]
    assert len(rating) == 2 * 2 * 4
    assert rating["0", "A", "1"] == 2.5  # the highest of two false marks
    assert rating["1", "B", "70"] == 3.0  # a hit above a false mark
    assert rating["0", "B", "2"] == 0.0  # no mark: below every mark
    assert any("12 without a mark have 0" in note for note in study.notes)


def test_rows_of_the_tables_are_those_of_the_sheets(tmp_path, froc):
    tables = read(tmp_path, froc).tables
    assert tables["marks"].files.tolist() == ["s.xlsx, sheet FP"] * 3 + ["s.xlsx, sheet TP"] * 3
    assert tables["marks"].rows.tolist() == [2, 3, 4, 2, 3, 4]
    assert tables["lesions"].rows.tolist() == [4, 5, 6]
    assert tables["cases"].rows.tolist() == [2, 3, 4, 6]


def test_older_layout_is_read_as_roc_where_every_reading_has_one_rating(tmp_path, roc):
    study = read(tmp_path, roc)
    assert study.paradigm == "ROC"
    assert list(study.tables) == ["cases", "readers", "readings"]
    assert len(study.tables["readings"].frame) == 16
    assert any("paradigm: not in the file; ROC" in note for note in study.notes)
    roc["NL"].append(["0", "0", 1, 4])
    assert read(tmp_path, roc).paradigm == "FROC"


def test_older_layout_with_readings_that_lack_a_rating_is_refused(tmp_path, roc):
    roc["NL"].pop()
    assert "no reading has two ratings, and 1 have none, which is ROC with missing" in only_fault(
        tmp_path, roc
    )


def test_roc_reading_without_a_rating_is_missing_and_noted(tmp_path, froc):
    froc["TRUTH"] = [TRUTH_6, [1, 0, 0, "0", "A", "ROC"], [2, 0, 0, "0", "A", "FCTRL"]]
    froc["TRUTH"] += [[3, 1, 0, "0", "A"], [4, 1, 0, "0", "A"]]
    froc["FP"] = [froc["FP"][0], ["0", "A", 1, -2000]]
    froc["TP"] = [froc["TP"][0], ["0", "A", 3, 1, 5]]
    study = read(tmp_path, froc)
    readings = study.tables["readings"].frame
    assert readings["status"].tolist() == ["complete", "missing", "complete", "missing"]
    assert readings["rating"].isna().tolist() == [False, True, False, True]
    assert "readings: 2 that sheet TRUTH declares have no rating; status missing" in study.notes
    (note,) = (note for note in study.notes if note.startswith("ratings"))
    assert "1 are below 0, the lowest is -2000" in note
    assert "none may be a code for a reading that was not made" in note


@pytest.mark.parametrize("word", ["FCTRL", "fctrl", "CROSSED"])
def test_names_of_sheets_columns_and_designs_are_read_in_any_case(tmp_path, froc, word):
    expected = read(tmp_path, froc)
    froc["TRUTH"][2][5] = word
    froc["FP"][0] = ["reader id", "MODALITYID", "caseid", "nl_rating"]
    sheets = {"truth": froc["TRUTH"], "nl": froc["FP"], "Ll": froc["TP"]}
    marks = read(tmp_path, sheets).tables["marks"].frame
    pd.testing.assert_frame_equal(marks, expected.tables["marks"].frame)


def test_two_modality_factors_become_one_modality_and_back(tmp_path, froc):
    header = ["CaseID", "LesionID", "Weight", "ReaderID", "ModalityID1", "ModalityID2", "Paradigm"]
    who = ["r", "F,I", "20,40"]
    sheets = {
        "TRUTH": [header, [1, 0, 0, *who, "FROC"], [2, 1, 1, *who, "FCTRL-X-MOD"]],
        "FP": [["ReaderID", "ModalityID1", "ModalityID2", "CaseID", "FP_Rating"]],
        "TP": [
            ["ReaderID", "ModalityID1", "ModalityID2", "CaseID", "LesionID", "TP_Rating"],
            ["r", "I", "20", 2, 1, 7],
        ],
    }
    study = read(tmp_path, sheets)
    modalities = study.tables["readings"].frame["modality"]
    assert list(dict.fromkeys(modalities)) == ["F x 20", "F x 40", "I x 20", "I x 40"]
    (tmp_path / "t.xlsx").write_bytes(study_bytes(study.tables, "jafroc", paradigm="FROC")[0])
    again = openpyxl.load_workbook(tmp_path / "t.xlsx")["TRUTH"]
    assert [cell.value for cell in again[3]] == [2, 1, 1, "r", "F,I", "20,40", "FCTRL-X-MOD"]
    sheets["TRUTH"][2][-1] = "FCTRL"
    assert "is FCTRL, which goes with one column of modalities, row 3" in only_fault(
        tmp_path, sheets
    )
    froc["TRUTH"][2][5] = "FCTRL-X-MOD"
    assert "is FCTRL-X-MOD, which goes with two columns" in only_fault(tmp_path, froc)


def older_crossed_sheets(*, truth_head=("CaseID", "LesionID", "Weight"), words=()):
    """Two crossed factors in the layout of RJafroc's own file: who read what is not said."""
    rows = [[1, 0, 0], [2, 1, 0], [2, 2, 0], [3, 0, 0]]
    for row, word in zip(rows, words, strict=False):
        row.append(word)
    who = [(reader, f, mas) for mas in (20, 40) for reader in ("1", "2") for f in ("F", "I")]
    return {
        "TP": [
            ["Reader_ID", "Modality_ID1", "Modality_ID2", "Case_ID", "Lesion_ID", "TP_Rating"],
            *([*one, 2, 1, 5] for one in who),
        ],
        "FP": [
            ["Reader_ID", "Modality_ID1", "Modality_ID2", "Case_ID", "FP_Rating"],
            *([*one, 1, 2] for one in who[:3]),
        ],
        "Truth": [list(truth_head), *rows],
    }


@pytest.mark.parametrize(
    ("head", "words"),
    [((), ()), (("Paradigm",), ("FROC", "FCTRL-X-MOD"))],
)
def test_two_factors_without_who_read_what_are_crossed_in_order(tmp_path, head, words):
    sheets = older_crossed_sheets(truth_head=("CaseID", "LesionID", "Weight", *head), words=words)
    study = read(tmp_path, sheets)
    assert study.paradigm == "FROC"
    readings = study.tables["readings"].frame
    # The file names "I x 20" before "F x 40"; averages over a factor need its levels together.
    assert readings["modality"].unique().tolist() == ["F x 20", "F x 40", "I x 20", "I x 40"]
    assert len(readings) == 2 * 4 * 3
    assert any("who read what" in note for note in study.notes)


def test_a_paradigm_that_does_not_fit_its_columns_is_refused(tmp_path):
    head = ("CaseID", "LesionID", "Weight", "Paradigm")
    plot = older_crossed_sheets(truth_head=head, words=("FROC", "SPLIT-PLOT-A"))
    assert "is SPLIT-PLOT-A, but who read what is not said" in only_fault(tmp_path, plot)
    one = older_crossed_sheets(truth_head=head, words=("FROC", "FCTRL"))
    assert "is FCTRL, which goes with one column of modalities" in only_fault(tmp_path, one)
    roc = older_crossed_sheets(truth_head=head, words=("ROC", "FCTRL-X-MOD"))
    assert "must be 0 or 1 in paradigm ROC" in only_fault(tmp_path, roc)


def test_a_damaged_title_of_a_factor_is_named(tmp_path):
    sheets = older_crossed_sheets()
    sheets["TP"][0][1] = "ModalAlg-AIDRty_Alg-AIDRD1"  # as it stands in RJafroc's own file
    assert only_fault(tmp_path, sheets) == (
        "s.xlsx, sheet TP: column 'ModalityID1' is not in the header"
    )


def test_sheets_with_other_columns_of_modalities_are_refused(tmp_path):
    sheets = older_crossed_sheets()
    sheets["FP"] = [["ReaderID", "ModalityID", "CaseID", "FP_Rating"], ["1", "F", 1, 2]]
    assert only_fault(tmp_path, sheets) == (
        "s.xlsx: has other modality columns in one sheet than in another: FP has ModalityID; "
        "TP has ModalityID1 and ModalityID2; head them alike in all sheets: ModalityID, or "
        "ModalityID1 and ModalityID2"
    )


def roi_sheets():
    """Regions in the older layout: two readers, two modalities, three cases of three regions."""
    who = [(reader, modality) for reader in ("1", "2") for modality in ("A", "B")]
    healthy = {1: 3, 2: 2, 3: 1}
    return {
        "TRUTH": [["CaseID", "LesionID", "Weight"], [1, 0, 0], [2, 1, 0], [3, 1, 0], [3, 2, 0]],
        "FP": [
            ["ReaderID", "ModalityID", "CaseID", "FP_Rating"],
            *(
                [*one, case, 0.5 + k]
                for one in who
                for case, n in healthy.items()
                for k in range(n)
            ),
        ],
        "TP": [
            ["ReaderID", "ModalityID", "CaseID", "LesionID", "TP_Rating"],
            *([*one, case, k, 2.0] for one in who for case, k in ((2, 1), (3, 1), (3, 2))),
        ],
    }


def test_regions_in_the_older_layout_are_read_as_roi(tmp_path):
    study = read(tmp_path, roi_sheets())
    assert study.paradigm == "ROI"
    assert (
        "paradigm: not in the file; ROI (given regions), since each reading rates 3 places, every "
        "lesion among them"
    ) in study.notes
    assert len(study.tables["marks"].frame) == 2 * 2 * 3 * 3
    for sheet in ("FP", "TP"):
        sheets = roi_sheets()
        sheets[sheet].pop()  # one reading rates fewer: nobody gave it regions
        assert read(tmp_path, sheets).paradigm == "FROC"


def test_regions_of_a_workbook_have_the_auc_of_all_regions(tmp_path):
    sheets, draw = roi_sheets(), np.random.default_rng(2)
    for sheet in ("FP", "TP"):
        for row in sheets[sheet][1:]:
            row[-1] = float(draw.integers(0, 5) + (sheet == "TP"))
    frames = {n: data.frame for n, data in read(tmp_path, sheets).tables.items()}
    scored = localize_marks(
        MarkTables(**frames), rule=AsRecorded(), unit="exam", modalities=("A", "B")
    )
    table = froc_fom_table(scored.study, fom=roi)
    marks = frames["marks"]
    for i, reader in enumerate(table.readers):
        for j, modality in enumerate(table.modalities):
            own = marks[
                (marks["reader_id"] == reader.removeprefix("R")) & (marks["modality"] == modality)
            ]
            expected = auc(own["mark_type"] == "LL", own["rating"])
            assert table.value[i, j] == pytest.approx(expected, rel=1e-14)


def test_split_plots_declare_who_read_what(tmp_path, froc):
    froc["TRUTH"] = [
        TRUTH_6,
        [1, 0, 0, "0", "(A)", "FROC"],
        [2, 1, 0, "0", "(A)", "SPLIT-PLOT-A"],
        [1, 0, 0, "1, 2", "(B)"],
        [2, 1, 0, "1, 2", "(B)"],
    ]
    froc["FP"] = [froc["FP"][0], ["0", "A", 1, 1]]
    froc["TP"] = [froc["TP"][0], ["2", "B", 2, 1, 3]]
    readings = read(tmp_path, froc).tables["readings"].frame
    assert readings[["reader_id", "modality"]].drop_duplicates().values.tolist() == [
        ["0", "A"],
        ["1", "B"],
        ["2", "B"],
    ]
    froc["FP"].append(["1", "A", 1, 2])
    assert only_fault(tmp_path, froc) == (
        "s.xlsx, sheet FP: CaseID (value withheld: 1 character, digits only) was not read by this "
        "reader in this modality, as sheet TRUTH has it, row 3"
    )


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ((0, 0, 0), (0.5, 0.5, 1)),
        ((0.33, 0.67, 1), (0.33, 0.67, 1)),
        ((0.333, 0.666, 1), (1 / 3, 2 / 3, 1)),
    ],
)
def test_weights_add_up_to_one(tmp_path, froc, weights, expected):
    for row, weight in zip(froc["TRUTH"][3:], weights, strict=True):
        row[2] = weight
    lesions = read(tmp_path, froc).tables["lesions"].frame
    np.testing.assert_allclose(lesions["weight"], expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("weights", "where", "total"),
    [
        ((0.3, 0.6, 1), "row 4", "0.9"),
        ((0.5, 0.5, 0.999), "row 6", "0.999"),  # a single weight is never rounded
        ((0.30, 0.65, 1), "row 4", "0.95"),  # beyond what two decimals explain
        ((0.3, 0.7 + 2e-9, 1), "row 4", "1"),  # nine decimals are exact
        ((0.3, 0.7, 0), "row 6", "0"),
    ],
)
def test_weights_that_do_not_add_up_are_refused(tmp_path, froc, weights, where, total):
    for row, weight in zip(froc["TRUTH"][3:], weights, strict=True):
        row[2] = weight
    faults = faults_of(tmp_path, froc)
    assert all("sheet TRUTH: Weight" in fault for fault in faults)
    text = "\n".join(faults)
    assert f"must add up to 1 over the lesions of a case (here: {total}), {where}" in text


def test_no_mark_rating_is_below_every_mark():
    for lowest in (-3.5, -1.0, 0.0, 0.25, 7.0):
        assert no_mark_rating(pd.Series([lowest, 9.0])) < lowest


# What the sheets may not say


def change(sheets, sheet, row, column, value):
    """Put a value into a row and column of a sheet, counted as Excel counts."""
    cells = sheets[sheet][row - 1]
    cells += [None] * (column - len(cells))
    cells[column - 1] = value


@pytest.mark.parametrize(
    ("sheet", "row", "column", "value", "words"),
    [
        ("TRUTH", 2, 2, None, "sheet TRUTH: LesionID must not be missing, row 2"),
        ("TRUTH", 2, 2, -1, "sheet TRUTH: LesionID '-1' must be at least 0, row 2"),
        (
            "TRUTH",
            2,
            3,
            0.5,
            "sheet TRUTH: Weight '0.5' must be 0 in a case without lesions, row 2",
        ),
        ("TRUTH", 4, 2, 0, "stands in a case that has rows with lesions and a row with none"),
        ("TRUTH", 4, 3, "x", "Weight 'x' must be a number, row 4; correct it in the file"),
        ("TRUTH", 3, 4, "0", "ReaderID must list the same IDs in all rows of a factorial design"),
        ("TRUTH", 3, 5, "A", "ModalityID must list the same IDs in all rows of a factorial design"),
        ("TRUTH", 3, 4, "0,,1", "has an empty ID in its list, row 3"),
        (
            "TRUTH",
            2,
            6,
            "FORC",
            "'FORC' must be the paradigm: ROC, FROC, LROC, ROI, row 2; did you",
        ),
        ("TRUTH", 3, 6, None, "Paradigm must hold two words, first the paradigm"),
        ("TRUTH", 4, 6, "more", "Paradigm must hold two words"),
        ("TRUTH", 2, 6, "LROC", "LesionID '2' must be 0 or 1 in paradigm LROC"),
        (
            "FP",
            2,
            1,
            "9",
            "sheet FP: ReaderID (value withheld: 1 character, digits only) must be in",
        ),
        ("FP", 2, 2, "C", "sheet FP: ModalityID 'C' must be in sheet TRUTH, row 2"),
        ("FP", 2, 3, 99, "sheet FP: CaseID (value withheld: 2 characters, digits only) must be in"),
        ("FP", 2, 4, None, "sheet FP: Rating must not be missing, row 2"),
        ("FP", 2, 4, "-inf", "sheet FP: Rating '-inf' must be a number, row 2; correct it"),
        ("FP", 2, 4, "high", "sheet FP: Rating 'high' must be a number, row 2"),
        (
            "TP",
            2,
            4,
            3,
            "sheet TP: LesionID '3' must be a lesion of its case in sheet TRUTH, row 2",
        ),
        ("TP", 2, 4, 0, "sheet TP: LesionID '0' must be at least 1, row 2"),
        ("TP", 2, 3, 1, "has no lesion in sheet TRUTH, so nothing on it can be a hit, row 2"),
        ("TP", 2, 3, " 70", "must have no blanks at its ends, row 2"),
    ],
)
def test_a_wrong_cell_is_named_by_sheet_row_and_column(
    tmp_path, froc, sheet, row, column, value, words
):
    change(froc, sheet, row, column, value)
    assert any(words in fault for fault in faults_of(tmp_path, froc))


def test_faults_of_all_sheets_come_together(tmp_path, froc):
    change(froc, "TRUTH", 4, 3, "x")
    change(froc, "FP", 3, 4, "y")
    change(froc, "TP", 4, 4, 1.5)
    assert len(faults_of(tmp_path, froc)) == 3


def test_a_lesion_hit_twice_in_one_reading_is_refused(tmp_path, froc):
    froc["TP"].append(["0", "A", 70, 2, 1])
    assert "LesionID is hit more than once in one reading, rows 2, 5" in only_fault(tmp_path, froc)


def test_a_lesion_declared_twice_is_refused(tmp_path, froc):
    froc["TRUTH"].append(froc["TRUTH"][3][:5])
    faults = faults_of(tmp_path, froc)
    assert any("key (CaseID, LesionID) repeats 2 times, rows 4, 7" in fault for fault in faults)


def test_a_lesion_of_some_readers_only_is_refused(tmp_path, froc):
    for row, word in zip(froc["TRUTH"][1:3], ["FROC", "SPLIT-PLOT-C"], strict=True):
        row[5] = word
    froc["TRUTH"][4][3] = "0"
    assert "LesionID must be listed for all readers of its case" in only_fault(tmp_path, froc)


def test_weights_that_differ_between_the_rows_of_a_lesion_are_refused(tmp_path, froc):
    froc["TRUTH"] = [
        TRUTH_6,
        [1, 0, 0, "0", "(A)", "FROC"],
        [2, 1, 1, "0", "(A)", "SPLIT-PLOT-A"],
        [1, 0, 0, "1", "(B)"],
        [2, 1, 0.5, "1", "(B)"],
    ]
    assert "Weight must be the same in all rows of one lesion, rows 3, 5" in only_fault(
        tmp_path, froc
    )


@pytest.mark.parametrize("paradigm", ["ROC", "LROC"])
def test_a_second_rating_of_a_reading_is_refused_where_there_is_one(tmp_path, froc, paradigm):
    froc["TRUTH"] = [TRUTH_6, [1, 0, 0, "0", "A", paradigm], [2, 1, 0, "0", "A", "FCTRL"]]
    froc["FP"] = [froc["FP"][0], ["0", "A", 1, 1], ["0", "A", 1, 2]]
    froc["TP"] = [froc["TP"][0], ["0", "A", 2, 1, 3]]
    assert f"is rated more than once in one reading, in paradigm {paradigm}, rows 2, 3" in (
        only_fault(tmp_path, froc)
    )


def test_a_diseased_case_in_sheet_fp_is_refused_in_a_roc_study(tmp_path, froc):
    froc["TRUTH"] = [TRUTH_6, [1, 0, 0, "0", "A", "ROC"], [2, 1, 0, "0", "A", "FCTRL"]]
    froc["FP"] = [froc["FP"][0], ["0", "A", 1, 1], ["0", "A", 2, 2]]
    froc["TP"] = [froc["TP"][0]]
    assert "has a lesion, so in paradigm ROC its rating belongs to sheet TP, row 3" in only_fault(
        tmp_path, froc
    )


def test_workbooks_without_what_is_needed_are_refused(tmp_path, froc):
    assert "has no sheet FP or NL" in only_fault(
        tmp_path, {"TRUTH": froc["TRUTH"], "TP": froc["TP"]}
    )
    both = froc | {"NL": froc["FP"]}
    assert "has both sheets 'FP' and 'NL'; keep one of them" in only_fault(tmp_path, both)
    empty = froc | {"FP": froc["FP"][:1], "TP": froc["TP"][:1]}
    assert "has no rating in sheets FP and TP" in only_fault(tmp_path, empty)
    headless = froc | {"FP": []}
    assert "sheet FP: has no header in its first row" in only_fault(tmp_path, headless)
    no_rows = froc | {"TRUTH": froc["TRUTH"][:1]}
    assert "sheet TRUTH: has a header, but no row below it" in only_fault(tmp_path, no_rows)


def test_headers_without_or_with_twice_a_column_are_refused(tmp_path, froc):
    froc["TRUTH"][0][5] = "Paradgm"
    froc["FP"][0] = ["ReaderID", "ModalityID", "CaseID", "CaseID", "FP_Rating"]
    assert faults_of(tmp_path, froc) == [
        "s.xlsx, sheet TRUTH: column 'Paradigm' is not in the header; did you mean 'Paradgm'?",
        "s.xlsx, sheet FP: column 'CaseID' heads the columns 3 and 4; keep one",
    ]


# What Excel has made of it


@pytest.mark.parametrize(
    ("sheet", "column", "value", "words"),
    [
        ("FP", 3, datetime.date(2024, 5, 1), "CaseID (value withheld: 10 characters) is a date"),
        ("TRUTH", 1, datetime.datetime(2024, 5, 1), "CaseID (value withheld: 10 characters) is a"),
        (
            "FP",
            3,
            1.5,
            "CaseID (value withheld: 3 characters) is a number with a fraction, so no ID",
        ),
        ("FP", 1, 0.1, "ReaderID (value withheld: 3 characters) is a number with a fraction"),
        ("FP", 3, 1234567890123456, "is a number of more than 15 digits, which Excel has cut"),
        ("FP", 3, True, "is TRUE or FALSE: Excel has changed what was entered"),
        ("TRUTH", 4, 0.1, "is a number, where the IDs of the case are listed as text"),
        ("FP", 4, "=1+1", "Rating '=1+1' is a formula, not a value"),
        ("FP", 4, "#REF!", "is an error of the workbook"),
    ],
)
def test_cells_that_excel_has_changed_are_refused(tmp_path, froc, sheet, column, value, words):
    change(froc, sheet, 2, column, value)
    faults = faults_of(tmp_path, froc)
    assert any(f"sheet {sheet}: " in fault and words in fault for fault in faults), faults
    assert any("row 2" in fault for fault in faults)


def test_a_formula_is_refused_even_with_a_stored_value(tmp_path, froc):
    """A formula beside the table is none of ours."""
    froc["FP"][0] += [None, "=RAND()"]
    froc["FP"][1] += [None, "=RAND()"]
    read(tmp_path, froc)
    change(froc, "FP", 3, 4, "=D2+1")
    (fault,) = faults_of(tmp_path, froc)
    assert "row 3; copy the cell and paste it as a value" in fault


def edited(tmp_path, sheets, edit):
    path = workbook(tmp_path / "s.xlsx", sheets)
    book = openpyxl.load_workbook(path)
    edit(book)
    book.save(path)
    with pytest.raises(TableError) as caught:
        read_study_file(path)
    return [str(fault) for fault in caught.value.faults]


def test_merged_cells_are_refused(tmp_path, froc):
    faults = edited(tmp_path, froc, lambda book: book["FP"].merge_cells("C2:C3"))
    merged = "s.xlsx, sheet FP: CaseID is merged with other cells, rows 2, 3; unmerge the cells"
    assert faults[0].startswith(merged)
    path = workbook(tmp_path / "s.xlsx", froc)
    book = openpyxl.load_workbook(path)
    book["FP"]["H1"] = "a remark beside the table"
    book["FP"].merge_cells("H1:J9")
    book.save(path)
    read_study_file(path)


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_refused(tmp_path, froc, state):
    def hide(book):
        book["TP"].sheet_state = state

    (fault,) = edited(tmp_path, froc, hide)
    assert fault.startswith("s.xlsx, sheet TP: is hidden, so who exchanges the file may not know")


def test_empty_rows_are_refused_inside_a_sheet_and_not_below_it(tmp_path, froc):
    read(tmp_path, froc | {"FP": [*froc["FP"], [None], [None, None]]})
    froc["FP"].insert(2, [None])
    assert "sheet FP: is empty, with rows below it, row 3" in only_fault(tmp_path, froc)


def test_damaged_workbooks_are_refused(tmp_path, froc):
    path = workbook(tmp_path / "s.xlsx", froc)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(TableError, match=r"s\.xlsx: cannot be read as an Excel workbook"):
        read_study_file(path)
    path.write_bytes(b"no workbook")
    with pytest.raises(TableError, match=r"s\.xlsx: cannot be read as an Excel workbook"):
        read_study_file(path)


# What cannot be written


def study(**changes):
    """A small FROC study as tables; a change replaces a column of table__column."""
    frames = {
        "cases": pd.DataFrame({"case_id": ["1", "2"], "truth": [0, 1]}),
        "readers": pd.DataFrame({"reader_id": ["A"], "kind": "human"}),
        "readings": pd.DataFrame(
            {"reader_id": "A", "case_id": ["1", "2"], "modality": "m", "rating": [0.0, 4.0]}
        ),
        "lesions": pd.DataFrame({"case_id": ["2"], "lesion_id": ["1"], "weight": [1.0]}),
        "marks": pd.DataFrame(
            {
                "reader_id": "A",
                "case_id": ["2"],
                "modality": "m",
                "mark_id": ["1"],
                "rating": [4.0],
                "mark_type": ["LL"],
                "lesion_id": ["1"],
            }
        ),
    }
    for name, values in changes.items():
        table, column = name.split("__")
        frames[table] = frames[table].assign(**{column: values})
    return frames


def refusals(frames, **choices):
    with pytest.raises(TableError) as caught:
        study_bytes(table_data(**frames), "jafroc", **choices)
    return "\n".join(str(fault) for fault in caught.value.faults)


def twice(frame, **changes):
    """Two copies of the only row of a frame, the second one changed."""
    return pd.concat([frame, frame.assign(**changes)], ignore_index=True)


def test_studies_that_a_workbook_cannot_hold_are_refused_by_name():
    frames = study()
    more = {
        "no kind": frames["marks"].assign(mark_type=np.nan, lesion_id=np.nan),
        "no lesion": frames["marks"].assign(lesion_id=np.nan),
    }
    assert "mark_type must be LL or NL" in refusals(frames | {"marks": more["no kind"]})
    assert "must name the lesion that an LL mark hits" in refusals(
        frames | {"marks": more["no lesion"]}
    )
    unjudged = frames["marks"].drop(columns=["mark_type", "lesion_id"])
    assert "mark_type is lacking, so the marks are not yet judged" in refusals(
        frames | {"marks": unjudged}
    )
    assert "is 1, but the case has no lesion in table lesions" in refusals(
        study(cases__truth=[1, 1], readings__rating=[0.0, 4.0])
    )
    benign = frames["lesions"].pipe(twice, case_id="1")
    assert "is a case of truth 0, which has no lesion" in refusals(frames | {"lesions": benign})
    assert "weight must add up to 1" in refusals(study(lesions__weight=[0.9]))
    assert "truth must be known" in refusals(study(cases__truth=[np.nan, 1]))
    several = frames["lesions"].pipe(twice, lesion_id="2", weight=0.0)
    assert "is a second lesion of its case, which paradigm LROC" in refusals(
        frames | {"lesions": several}, paradigm="LROC"
    )
    partly = frames["lesions"].pipe(twice, lesion_id="2", weight=np.nan)
    assert "must be given for all lesions or for none" in refusals(frames | {"lesions": partly})
    false_mark = frames["marks"].pipe(twice, mark_id="2", mark_type="NL", lesion_id=np.nan)
    assert "is a second mark of its reading, which paradigm LROC" in refusals(
        frames | {"marks": false_mark}, paradigm="LROC"
    )
    cases = twice(frames["cases"].iloc[:1], case_id="3")
    missing = frames | {
        "cases": pd.concat([cases, frames["cases"].iloc[1:]]),
        "readings": pd.concat(
            [
                frames["readings"],
                frames["readings"].iloc[:1].assign(case_id="3", rating=np.nan, status="missing"),
            ]
        ).fillna({"status": "complete"}),
    }
    assert "must be complete: in paradigm FROC a reading that was not made" in refusals(
        missing, paradigm="FROC"
    )
    assert "table marks cannot be held: a JAFROC workbook has no marks in paradigm ROC" in refusals(
        frames, paradigm="ROC"
    )
    del frames["lesions"], frames["marks"]
    assert "needs tables lesions and marks in paradigm FROC" in refusals(frames, paradigm="FROC")


def test_false_marks_alone_need_no_lesion_column(tmp_path):
    frames = study()
    marks = frames["marks"].assign(mark_type="NL").drop(columns="lesion_id")
    content, _ = study_bytes(table_data(**frames | {"marks": marks}), "jafroc", paradigm="FROC")
    (tmp_path / "s.xlsx").write_bytes(content)
    again = read_study_file(tmp_path / "s.xlsx").tables["marks"].frame
    assert again["mark_type"].tolist() == ["NL"]
    hit = frames["marks"].drop(columns="lesion_id")
    assert "must name the lesion that an LL mark hits" in refusals(frames | {"marks": hit})


def test_ids_that_would_be_read_as_lists_are_refused():
    frames = study(readers__reader_id=["A, B"], readings__reader_id="A, B", marks__reader_id="A, B")
    text = refusals(frames)
    assert "reader_id (value withheld: 4 characters) must have no comma and no bracket" in text


def test_designs_that_are_neither_crossed_nor_split_are_refused():
    cases = pd.DataFrame({"case_id": ["1", "2", "3", "4"], "truth": [0, 1, 0, 1]})
    readers = pd.DataFrame({"reader_id": ["A", "B"], "kind": "human"})
    rows = [("A", c) for c in "1234"] + [("B", c) for c in "123"]
    readings = pd.DataFrame(rows, columns=["reader_id", "case_id"]).assign(modality="m", rating=1.0)
    text = refusals({"cases": cases, "readers": readers, "readings": readings})
    assert "table readings has 7 of the 8 readings of a factorial design" in text
    assert "say status missing for readings that should have been made" in text


def test_studies_too_small_for_a_workbook_are_refused():
    frames = study()
    del frames["lesions"], frames["marks"]
    one = frames | {"cases": frames["cases"].iloc[1:], "readings": frames["readings"].iloc[1:]}
    assert "has a single case, and sheet TRUTH needs two rows" in refusals(one)
    none = study() | {"marks": study()["marks"].iloc[:0]}
    assert "has no mark, so nothing shows that its paradigm is FROC" in refusals(
        none, paradigm="FROC"
    )


def test_studies_too_large_for_a_sheet_are_refused(monkeypatch):
    monkeypatch.setattr("toolkit.readers.interchange.jafroc._MOST_RECORDS", 0)
    assert "sheet TP would need 1 rows; a sheet has 1" in refusals(study())


def test_what_a_workbook_leaves_behind_is_listed():
    frames = study(
        cases__case_id=["1", "c2"],
        readings__case_id=["1", "c2"],
        readings__rating=[1.0, 4.0],
        readings__call=[0, 1],
        lesions__case_id=["c2"],
        lesions__lesion_id=["left"],
        lesions__weight=[np.nan],
        lesions__size_mm=[12],
        marks__case_id=["c2"],
        marks__mark_id=["m7"],
        marks__lesion_id=["left"],
        marks__x_px=[120],
    )
    content, lost = study_bytes(table_data(**frames), "jafroc")
    assert content[:2] == b"PK"
    assert lost == (
        "readings.call: given in 2 rows",
        "lesions.size_mm: given in 1 row",
        "marks.x_px: given in 1 row",
        "cases.case_id: 1 are text and stay so; RJafroc reads whole numbers only",
        "readings.rating: 1 that are not the rating of the highest mark",
        "lesions.lesion_id: numbered 1, 2, ... in each case",
        "lesions.weight: none given; written as 0, which means equal weights",
        "marks.mark_id: numbered 1, 2, ... in each reading, false marks first",
    )
