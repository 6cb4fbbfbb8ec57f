"""iMRMC and OR-DBM text files: what they may say, and every refusal by row."""

import numpy as np
import pandas as pd
import pytest

from tests.interchange_samples import table_data
from toolkit.readers.interchange import read_study_file, study_bytes
from toolkit.tables import TableError

IMRMC = """\
A study, in free text
N0:1
N1: 2
NR: 1
NM: 2
BEGIN DATA:
-1,007,any word,0
truth,8,truth,1
-1,9,0,1
R 1,007,unaided,1.5
R 1,8,unaided,4
R 1,9,unaided,3e0
R 1,007,aided,-2
R 1,8,aided,5
"""

LRC = """\
Title

Reader A
"unaided"   "with AI"
    L       L
 1.0  2.0  Normal Case 1

 1.5  1.0  Normal Case 2
*
 4.0  5.0  Abnormal Case 1
*
B
 1  2
 3  4
*
 5  6
*
#
text behind the end
"""

CSV = """\
reader,treatment,case,truth,rating
A,1,007,0,1
A,2,007,0,2.5
A,1,8,1,3
A,2,8,1,4
"""


def read(tmp_path, text, name="s.imrmc"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_study_file(path)


def faults_of(tmp_path, text, name="s.imrmc"):
    with pytest.raises(TableError) as caught:
        read(tmp_path, text, name)
    return [str(fault) for fault in caught.value.faults]


def rating_rows(study):
    readings = study.tables["readings"].frame
    return readings[["reader_id", "case_id", "modality", "rating"]].values.tolist()


# iMRMC


def test_imrmc_file_gives_cases_readers_and_readings(tmp_path):
    study = read(tmp_path, IMRMC)
    assert (study.format, study.paradigm) == ("imrmc", "ROC")
    cases = study.tables["cases"].frame
    assert cases[["case_id", "truth"]].values.tolist() == [["007", 0], ["8", 1], ["9", 1]]
    assert rating_rows(study) == [
        ["R 1", "007", "unaided", 1.5],
        ["R 1", "8", "unaided", 4.0],
        ["R 1", "9", "unaided", 3.0],
        ["R 1", "007", "aided", -2.0],
        ["R 1", "8", "aided", 5.0],
    ]
    assert study.tables["readings"].rows.tolist() == [10, 11, 12, 13, 14]
    assert any(
        note.startswith("readers: the format does not say who is an AI") for note in study.notes
    )


def test_imrmc_file_saved_by_excel_as_csv_is_known_by_its_content(tmp_path):
    study = read(tmp_path, IMRMC.replace("BEGIN DATA:", "BEGIN DATA:,,,"), "s.csv")
    assert study.format == "imrmc"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "BEGIN DATA:\n",
            "",
            "s.imrmc: has no line BEGIN DATA:; put it before the first row of data",
        ),
        ("N0:1", "N0:2", "s.imrmc: N0 is 2, but the data have 1, row 2; is the file complete?"),
        ("NR: 1", "NR: 7", "s.imrmc: NR is 7, but the data have 1, row 4"),
        ("aided,5", "aided,5,6", "must have four fields: reader, case, modality, score, row 14"),
        ("-1,9,0,1", "-1,9,0,2", "s.imrmc: score must be 0 or 1 in a row of truth, row 9"),
        ("-1,9,0,1", "-1,8,0,1", "s.imrmc: case ID has more than one row of truth, rows 8, 9"),
        ("-1,9,0,1\n", "", "s.imrmc: case ID has no row of truth, row 11"),
        ("aided,5", "aided,inf", "s.imrmc: score 'inf' must be a number, row 14; correct it"),
        ("aided,5", "aided,", "s.imrmc: score must not be missing, row 14"),
        ("R 1,8,aided", "R 1, 8,aided", "must have no blanks at its ends, row 14"),
        ("R 1,8,aided", "R 1,007,aided", "key (reader_id, case_id, modality, session) repeats 2"),
        ("R 1,8,aided", ",8,aided", "s.imrmc: reader ID must not be missing, row 14"),
    ],
)
def test_imrmc_files_with_faults_are_refused_by_row(tmp_path, old, new, fault):
    assert old in IMRMC
    text = IMRMC.replace(old, new)
    assert any(fault in line for line in faults_of(tmp_path, text))


def test_imrmc_reading_without_a_row_was_not_made(tmp_path):
    study = read(tmp_path, IMRMC.replace("R 1,9,unaided,3e0\n", ""))
    assert len(rating_rows(study)) == 4
    assert len(study.tables["cases"].frame) == 3


def test_imrmc_file_without_scores_is_refused(tmp_path):
    text = "BEGIN DATA:\n-1,1,truth,0\n-1,2,truth,1\n"
    assert faults_of(tmp_path, text) == ["s.imrmc: has no score of a reader"]


def test_text_that_is_no_utf_8_is_refused(tmp_path):
    path = tmp_path / "s.imrmc"
    path.write_bytes(b"Title\nBEGIN DATA:\n-1,\xff,truth,0\n")
    with pytest.raises(TableError, match=r"s\.imrmc: is not valid utf-8 text, row 3"):
        read_study_file(path)
    path.write_bytes(b"BEGIN\0DATA:\n")
    with pytest.raises(TableError, match=r"s\.imrmc: holds NUL characters"):
        read_study_file(path)
    path.write_bytes(b"")
    with pytest.raises(TableError, match=r"s\.imrmc: is empty"):
        read_study_file(path)


# .lrc


def test_lrc_file_gives_every_reader_and_numbers_the_cases(tmp_path):
    study = read(tmp_path, LRC, "s.lrc")
    assert study.format == "lrc"
    cases = study.tables["cases"].frame
    assert cases[["case_id", "truth"]].values.tolist() == [["1", 0], ["2", 0], ["3", 1]]
    assert rating_rows(study) == [
        [reader, case, modality, rating]
        for reader, ratings in (
            ("Reader A", ((1, 2), (1.5, 1), (4, 5))),
            ("B", ((1, 2), (3, 4), (5, 6))),
        )
        for case, pair in zip("123", ratings, strict=True)
        for modality, rating in zip(("unaided", "with AI"), pair, strict=True)
    ]
    assert study.tables["readings"].rows.tolist()[:6] == [6, 6, 8, 8, 10, 10]
    assert "cases: numbered by their place, those without disease first" in study.notes


def test_lrc_labels_that_name_each_case_are_its_id(tmp_path):
    text = LRC.replace("Normal Case 1", "P 007").replace("Abnormal Case 1", "P 9")
    text = text.replace("Abnormal", "").replace("AbP 007", "P 9").replace("Normal Case 2", "P 8")
    cases = read(tmp_path, text, "s.lrc").tables["cases"].frame
    assert cases["case_id"].tolist() == ["P 007", "P 8", "P 9"]


def test_lrc_ratings_change_their_sign_where_smaller_is_more_suspicious(tmp_path):
    study = read(tmp_path, LRC.replace("    L       L", "    L   Small"), "s.lrc")
    assert rating_rows(study)[0][3] == 1.0
    assert rating_rows(study)[1][3] == -2.0
    assert any("smaller ratings are more suspicious in modality with AI" in n for n in study.notes)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("#\n", "", "s.lrc: must have a rating for each of the 2 modalities"),
        ("*\n#", "#", "stands before the line * that ends the cases of a reader, row 17"),
        ('"unaided"   "with AI"', "unaided  aided", "must name the modalities, each in quotation"),
        ("    L       L", "    L", "must say L (larger is more suspicious) or S (smaller)"),
        ("    L       L", "    L  X", "must say L (larger is more suspicious) or S (smaller)"),
        (" 1  2\n", " 1\n", "s.lrc: must have a rating for each of the 2 modalities, row 13"),
        (" 3  4\n", "", "begins 1 lines of a normal case, where the first reader has 2, row 13"),
        (" 1  2\n", " 1  2  Normal Case 2\n", "names another case in this place than the first"),
        (" 1  2\n", " 1  x\n", "s.lrc: rating 'x' must be a number, row 13"),
        ("\nB\n", "\nReader A\n", "s.lrc: has two readers of one name"),
    ],
)
def test_lrc_files_with_faults_are_refused(tmp_path, old, new, fault):
    assert old in LRC
    text = LRC.replace(old, new)
    if old == "#\n":
        text = text.replace("text behind the end\n", "C\n1 2\n*\n1\n*\n")
        assert faults_of(tmp_path, text, "s.lrc") == [
            "s.lrc: has no line # at its end; is the file complete?"
        ]
        return
    assert any(fault in line for line in faults_of(tmp_path, text, "s.lrc"))


def test_lrc_files_that_end_early_are_refused(tmp_path):
    head = LRC[: LRC.index(" 4.0")]
    assert faults_of(tmp_path, head, "s.lrc") == [
        "s.lrc: has no line * behind the cases of its last reader; is the file complete?"
    ]
    assert faults_of(tmp_path, "Title\n#\n", "s.lrc") == ["s.lrc: has no reader below its title"]
    assert faults_of(tmp_path, "Title\nA\n", "s.lrc") == [
        "s.lrc: must name the modalities, each in quotation marks, row 1"
    ]


# csv


def test_iowa_csv_file_gives_the_study_and_notes_further_columns(tmp_path):
    study = read(tmp_path, CSV, "s.csv")
    assert study.format == "csv"
    assert rating_rows(study)[0] == ["A", "007", "1", 1.0]
    wider = "\n".join(["Case,READER,rating,truth,Treatment,remark", "007,A,1,0,1,x", "8,A,3,1,1,y"])
    study = read(tmp_path, wider, "s.csv")
    assert rating_rows(study) == [["A", "007", "1", 1.0], ["A", "8", "1", 3.0]]
    assert "columns: ignored beside the five of the format: 1" in study.notes


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("A,2,8,1,4", "A,2,8,0,4", "case (value withheld: 1 character, digits only) must have one"),
        ("A,2,8,1,4", "A,2,8,2,4", "s.csv: truth '2' must be 0, 1 or missing, row 5; correct it"),
        ("A,2,8,1,4", "A,2,8,1", "has fewer fields than the 5 of the header, row 5"),
        ("A,2,8,1,4", "A,1,8,1,4", "key (reader_id, case_id, modality, session) repeats 2 times"),
        ("A,2,8,1,4", "A,2,8,1,", "s.csv: rating must not be missing, row 5"),
        ("rating\n", "score\n", "is no file of another program that is known"),
    ],
)
def test_iowa_csv_files_with_faults_are_refused_by_row(tmp_path, old, new, fault):
    assert old in CSV
    assert any(fault in line for line in faults_of(tmp_path, CSV.replace(old, new), "s.csv"))


# Writing


def tables(**changes):
    cases = pd.DataFrame({"case_id": ["1", "2", "3"], "truth": [0, 1, 0]})
    readers = pd.DataFrame({"reader_id": ["A"], "kind": "human"})
    readings = pd.DataFrame(
        {"reader_id": "A", "case_id": ["1", "2"], "modality": "m", "rating": [1.0, 2.5]}
    )
    frames = {"cases": cases, "readers": readers, "readings": readings}
    for name, values in changes.items():
        table, column = name.split("__")
        frames[table] = frames[table].assign(**{column: values})
    return table_data(**frames)


def refusal(data, to):
    with pytest.raises(TableError) as caught:
        study_bytes(data, to)
    return "\n".join(str(fault) for fault in caught.value.faults)


def test_imrmc_bytes_are_counts_truth_and_scores():
    content, lost = study_bytes(tables(), "imrmc")
    assert lost == ()
    assert content.decode().splitlines() == [
        "Reader study",
        "N0:2",
        "N1:1",
        "NR:1",
        "NM:1",
        "BEGIN DATA:",
        "-1,1,truth,0",
        "-1,2,truth,1",
        "-1,3,truth,0",
        "A,1,m,1",
        "A,2,m,2.5",
    ]


def test_lrc_bytes_number_or_name_the_cases():
    data = tables(cases__case_id=["1", "3", "2"], readings__case_id=["1", "3"])
    content, lost = study_bytes(data, "lrc")
    assert lost == ("cases: 1 that nobody rated",)
    assert content.decode().splitlines() == [
        "Reader study",
        "A",
        '"m"',
        "L",
        "1 1",
        "*",
        "2.5 3",
        "*",
        "#",
    ]
    content, _ = study_bytes(tables(), "lrc")
    assert "1 Normal Case 1\n*\n2.5 Abnormal Case 1\n*" in content.decode()


def test_what_text_formats_cannot_hold_is_refused_by_name():
    marks = pd.DataFrame(
        {"reader_id": "A", "case_id": ["2"], "modality": "m", "mark_id": "1", "rating": 2.0}
    )
    frames = {name: data.frame for name, data in tables().items()}
    with_marks = table_data(**frames, marks=marks.assign(x_px=12.0))
    for to, title in (
        ("imrmc", "an iMRMC file"),
        ("lrc", "an .lrc file"),
        ("csv", "an OR-DBM csv"),
    ):
        text = refusal(with_marks, to)
        assert f"marks.csv: table marks cannot be held: {title}" in text
        assert "has one rating a reading; convert to jafroc or to a folder of tables" in text
    assert "(value withheld: 3 characters) must have no comma in an iMRMC file" in refusal(
        tables(cases__case_id=["a,b", "2", "3"], readings__case_id=["a,b", "2"]), "imrmc"
    )
    assert "means the truth in an iMRMC file" in refusal(
        tables(readers__reader_id=["-1"], readings__reader_id="-1"), "imrmc"
    )
    assert "modality 'a,b' must have no comma" in refusal(tables(readings__modality="a,b"), "imrmc")
    assert "must have no quotation mark in an .lrc file" in refusal(
        tables(readings__modality='a"b'), "lrc"
    )
    assert "means the end in an .lrc file" in refusal(
        tables(readers__reader_id=["#"], readings__reader_id="#"), "lrc"
    )
    label = "Normal Case 7"
    assert "means the place of the case in an .lrc file" in refusal(
        tables(cases__case_id=[label, "2", "3"], readings__case_id=[label, "2"]), "lrc"
    )
    assert "truth must be known: an iMRMC file has no unknown truth" in refusal(
        tables(cases__truth=[0, 1, np.nan]), "imrmc"
    )
    called = frames["readings"].iloc[:1].assign(case_id="3", rating=np.nan, call=1.0)
    readings = pd.concat([frames["readings"], called], ignore_index=True)
    assert "rating must be given: an OR-DBM csv file holds ratings, no calls" in refusal(
        table_data(**frames | {"readings": readings}), "csv"
    )
    assert "session must be the same in all readings" in refusal(
        tables(readings__session=["1", "2"]), "csv"
    )


def test_lrc_needs_every_rating():
    frames = {name: data.frame for name, data in tables().items()}
    both = frames["readings"].assign(modality="n", case_id=["3", "2"])
    frames["readings"] = pd.concat([frames["readings"], both], ignore_index=True)
    text = refusal(table_data(**frames), "lrc")
    assert "holds 4 ratings, but an .lrc file needs all 6: every case by every reader" in text
    assert "convert to csv or imrmc, which hold incomplete designs" in text


def test_descriptions_that_text_formats_lack_are_listed():
    data = tables(
        cases__age_years=[50, np.nan, 60],
        readers__kind=["ai"],
        readers__product=["P"],
        readers__version=["1"],
        readers__score_min=[0],
        readers__score_max=[10],
        readers__score_kind=["exam"],
        readings__call=[0, 1],
    )
    _, lost = study_bytes(data, "imrmc")
    assert lost == (
        "cases.age_years: given in 2 rows",
        "readers.kind: given in 1 row",
        "readers.product: given in 1 row",
        "readers.version: given in 1 row",
        "readers.score_min: given in 1 row",
        "readers.score_max: given in 1 row",
        "readers.score_kind: given in 1 row",
        "readings.call: given in 2 rows",
    )


def test_readings_that_were_not_made_are_left_out_and_listed():
    cases = pd.DataFrame({"case_id": ["1", "2", "3"], "truth": [0, 1, 0]})
    readers = pd.DataFrame({"reader_id": ["A", "B"], "kind": "human"})
    readings = pd.DataFrame(
        {
            "reader_id": ["A", "A", "A", "B"],
            "case_id": ["1", "2", "3", "1"],
            "modality": "m",
            "rating": [1, 2, np.nan, np.nan],
            "status": ["complete", "complete", "missing", "failed"],
        }
    )
    data = table_data(cases=cases, readers=readers, readings=readings)
    _, lost = study_bytes(data, "csv")
    assert lost == (
        "readings: 1 with status failed, left out",
        "readings: 1 with status missing, left out",
        "cases: 1 that nobody rated",
        "readers: 1 who rated nothing",
    )
    _, lost = study_bytes(data, "imrmc")
    assert "cases: 1 that nobody rated" not in lost
