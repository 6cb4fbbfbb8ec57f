"""``study convert``: whole or not at all, never over what is there, and what it says."""

import os

import pytest
from typer.testing import CliRunner

from tests.interchange_samples import froc_sheets, roc_sheets, same_tables, workbook
from toolkit.cli import app
from toolkit.readers.interchange import read_study_file
from toolkit.readers.tabular.sources import TableSource, read_table

runner = CliRunner()


def call(*arguments):
    result = runner.invoke(app, ["convert", *(str(argument) for argument in arguments)])
    return result.exit_code, result.output


@pytest.fixture
def froc(tmp_path):
    return workbook(tmp_path / "froc.xlsx", froc_sheets())


@pytest.fixture
def roc(tmp_path):
    return workbook(tmp_path / "roc.xlsx", roc_sheets())


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_convert_help_teaches_formats_and_exit_status():
    code, text = call("--help")
    assert code == 0
    assert "study convert froc.xlsx data/" in text
    assert "Exit status: 0 written, 2 refused" in " ".join(text.split())
    assert "jafroc|imrmc|lrc|csv|tables" in text


def test_convert_to_tables_says_what_a_parameters_file_needs(froc, tmp_path):
    out = tmp_path / "data"
    code, text = call(froc, out)
    assert code == 0, text
    assert (
        "read: JAFROC workbook, FROC: 4 cases, 2 readers, 16 readings, 3 lesions, 6 marks" in text
    )
    assert "note: readings: the rating of each is that of its highest mark" in text
    assert "    marks: {file: marks.csv}" in text
    assert left_in(out) == ["cases.csv", "lesions.csv", "marks.csv", "readers.csv", "readings.csv"]
    cases = read_table("cases", [TableSource(file="cases.csv")], folder=out).frame
    assert cases["case_id"].tolist() == ["1", "2", "70", "007"]
    same_tables(read_study_file(froc).tables, read_study_file(out).tables)


def test_convert_writes_the_format_of_the_ending_or_the_one_asked_for(roc, tmp_path):
    for name in ("a.imrmc", "a.lrc", "a.csv", "a.xlsx"):
        code, text = call(roc, tmp_path / name)
        assert code == 0, text
        assert f"written: {name}" in text.replace(str(tmp_path) + "/", "")
        same_tables(read_study_file(roc).tables, read_study_file(tmp_path / name).tables)
    code, _ = call(roc, tmp_path / "a.txt", "--to", "imrmc")
    assert code == 0
    assert read_study_file(tmp_path / "a.txt").format == "imrmc"


def test_convert_keeps_the_paradigm_of_the_source_or_takes_the_one_asked_for(froc, tmp_path):
    for words, paradigm in (((), "FROC"), (("--paradigm", "roi"), "ROI")):
        code, text = call(froc, tmp_path / "b.xlsx", "--force", *words)
        assert code == 0, text
        assert read_study_file(tmp_path / "b.xlsx").paradigm == paradigm


def test_convert_to_tables_says_a_paradigm_that_tables_do_not(froc, tmp_path):
    call(froc, tmp_path / "roi.xlsx", "--paradigm", "ROI")
    code, text = call(tmp_path / "roi.xlsx", tmp_path / "data")
    assert code == 0, text
    assert "left behind: the paradigm ROI, which tables do not name; say --paradigm ROI" in text
    assert "left behind" not in call(froc, tmp_path / "more")[1]


def test_convert_refuses_a_name_or_a_paradigm_that_says_nothing(roc, tmp_path):
    code, text = call(roc, tmp_path / "a.xls")
    assert (code, "a.xls ends in none of .xlsx, .imrmc, .lrc, .csv" in text) == (2, True)
    code, text = call(roc, tmp_path / "a.csv", "--paradigm", "ROC")
    assert (code, "paradigm ROC is what a JAFROC workbook says" in text) == (2, True)
    assert left_in(tmp_path) == ["roc.xlsx"]


def test_convert_refuses_what_the_format_cannot_hold_and_writes_nothing(froc, tmp_path):
    code, text = call(froc, tmp_path / "c.imrmc")
    assert code == 2
    assert "table marks cannot be held: an iMRMC file has one rating a reading" in text
    assert left_in(tmp_path) == ["froc.xlsx"]


def test_convert_refuses_faults_with_one_message_and_without_identifying_values(tmp_path):
    sheets = froc_sheets()
    sheets["FP"][1][2] = "NGUYEN-77"
    path = workbook(tmp_path / "bad.xlsx", sheets)
    code, text = call(path, tmp_path / "out")
    assert code == 2
    assert (
        "bad.xlsx, sheet FP: CaseID (value withheld: 9 characters) must be in sheet TRUTH" in text
    )
    assert "NGUYEN" not in text
    assert "Traceback" not in text
    assert str(tmp_path) not in text
    code, text = call(path, tmp_path / "out", "--show-values")
    assert code == 2
    assert "only to a terminal" in text
    assert left_in(tmp_path) == ["bad.xlsx"]


def test_convert_writes_over_nothing_without_force(roc, tmp_path):
    out = tmp_path / "a.csv"
    out.write_text("mine")
    code, text = call(roc, out)
    assert code == 2
    assert "a.csv exists; name another one, or replace it with --force" in text
    assert out.read_text() == "mine"
    assert call(roc, out, "--force")[0] == 0
    assert read_study_file(out).format == "csv"
    code, text = call(roc, roc, "--force")
    assert code == 2
    assert "roc.xlsx is the source itself" in text


def test_convert_replaces_a_folder_of_tables_and_no_other(froc, roc, tmp_path):
    out = tmp_path / "data"
    call(froc, out)
    code, text = call(roc, out)
    assert code == 2
    assert "data exists" in text
    code, text = call(roc, out, "--force")
    assert code == 0, text
    assert left_in(out) == ["cases.csv", "readers.csv", "readings.csv"]  # no marks of the old study
    (out / "notes.txt").write_text("mine")
    code, text = call(froc, out, "--force")
    assert code == 2
    assert "data holds more than tables (1 other files), so it stays" in text
    assert (out / "notes.txt").read_text() == "mine"
    assert left_in(tmp_path) == ["data", "froc.xlsx", "roc.xlsx"]


def test_convert_writes_through_no_link_and_into_no_source(roc, tmp_path):
    call(roc, tmp_path / "tables")
    (tmp_path / "link").symlink_to(tmp_path / "tables")
    (tmp_path / "nowhere").symlink_to(tmp_path / "none")
    before = sorted(tmp_path.rglob("*"))
    for name in ("link", "nowhere"):
        code, text = call(roc, tmp_path / name, "--to", "tables", "--force")
        assert code == 2
        assert f"{name} is a link" in text
    code, text = call(tmp_path / "tables", tmp_path / "tables" / "again")
    assert code == 2
    assert "again lies in the source" in text
    assert sorted(tmp_path.rglob("*")) == before


def test_convert_refuses_a_folder_as_file_and_a_file_as_folder(roc, tmp_path):
    (tmp_path / "d").mkdir()
    code, text = call(roc, tmp_path / "d", "--to", "imrmc")
    assert (code, "d is a folder, and imrmc is a file" in text) == (2, True)
    (tmp_path / "e.csv").write_text("x")
    code, text = call(roc, tmp_path / "e.csv", "--to", "tables")
    assert (code, "e.csv is a file, and tables go to a folder" in text) == (2, True)


def test_convert_refuses_what_it_does_not_know(tmp_path):
    code, text = call(tmp_path / "none.xlsx", tmp_path / "out")
    assert (code, "none.xlsx: does not exist" in text) == (2, True)
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    code, text = call(tmp_path / "t.csv", tmp_path / "out")
    assert (code, "t.csv: is no file of another program that is known" in text) == (2, True)
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    code, text = call(tmp_path / "old.xls", tmp_path / "out")
    assert (code, "old.xls: is no file of another program that is known" in text) == (2, True)
    (tmp_path / "empty").mkdir()
    code, text = call(tmp_path / "empty", tmp_path / "out.csv")
    assert (code, "cases.csv: is not in the folder" in text) == (2, True)


def test_convert_lists_what_stays_behind(roc, tmp_path):
    call(roc, tmp_path / "data")
    cases = tmp_path / "data" / "cases.csv"
    header, *rows = cases.read_text().splitlines()
    cases.write_text("\n".join([f"{header},age_years", *(f"{row},61" for row in rows)]) + "\n")
    code, text = call(tmp_path / "data", tmp_path / "a.imrmc")
    assert code == 0, text
    assert "left behind: cases.age_years: given in 4 rows" in text


@pytest.mark.parametrize("name", ["a.csv", "data"])
def test_a_full_disk_leaves_what_was_there(roc, tmp_path, monkeypatch, name):
    call(roc, tmp_path / name)
    before = read_study_file(tmp_path / name).tables

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    code, text = call(roc, tmp_path / name, "--force")
    assert code == 2
    assert "No space left on device" in text
    assert left_in(tmp_path) == sorted([name, "roc.xlsx"])
    same_tables(before, read_study_file(tmp_path / name).tables)


def test_two_lesions_under_one_mark_in_a_folder_are_refused(froc, tmp_path):
    out = tmp_path / "data"
    call(froc, out)
    marks = out / "marks.csv"
    marks.write_text(marks.read_text() + "0,70,A,1,1,4,LL,1\n")
    code, text = call(out, tmp_path / "again.xlsx")
    assert code == 2
    assert "marks.csv: key (reader_id, case_id, modality, session, mark_id) repeats 2 times" in text
