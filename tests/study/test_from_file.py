"""A study from one file of another program: made once, then its owner's."""

import dataclasses
import os

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.interchange_samples import (
    FP,
    TP,
    TRUTH_6,
    froc_sheets,
    roc_sheets,
    same_tables,
    workbook,
)
from tests.quick_study import write_pages
from toolkit.cli import app
from toolkit.readers.interchange import read_study_file
from toolkit.study.imports.from_file import is_study_file, study_from_file, with_ai
from toolkit.study.parameters.file import ParametersError, load_parameters
from toolkit.study.parameters.new import chapter_lines, chosen_chapters
from toolkit.study.run.intake import read_study
from toolkit.study.run.plan import plan_chapters
from toolkit.study.run.workspace import OutputError
from toolkit.tables import TableError

runner = CliRunner()


def call(*arguments):
    result = runner.invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def froc(tmp_path):
    return workbook(tmp_path / "Froc 1.xlsx", froc_sheets())


@pytest.fixture
def roc(tmp_path):
    return workbook(tmp_path / "roc.xlsx", roc_sheets())


def planned(made):
    parameters = load_parameters(made.parameters)
    return parameters, {c.name: c for c in plan_chapters(parameters, made.parameters)}


def modalities(sheets, names):
    """The same study with other modalities, in a factorial design."""
    for row in sheets["TRUTH"][1:]:
        row[4] = names
    first = names.split(",")[0].strip("()")
    for sheet in ("FP", "TP"):
        for row in sheets[sheet][1:]:
            row[1] = first
    return sheets


# What is made


def test_study_from_file_makes_tables_and_parameters_that_a_run_takes(froc, tmp_path):
    made = study_from_file(froc)
    assert made.folder == tmp_path / "Froc 1-study"
    assert left_in(made.folder) == ["source.json", "study.yaml", "tables"]
    assert "FROC: 4 cases, 2 readers, 16 readings, 3 lesions, 6 marks" in made.said[0]
    assert any("highest mark (inferred ROC)" in line for line in made.said)
    parameters, chapters = planned(made)
    assert parameters.study == "froc-1"
    assert parameters.origin == "study"
    tables = read_study(parameters.sources, made.tables)["reader_study"]
    same_tables(read_study_file(froc).tables, tables)
    assert list(chapters) == ["00_intake", "08_localization", "90_synthesis"]
    assert {chapter.part for chapter in chapters.values()} == {"reader_study"}


def test_chapter_08_takes_what_the_file_says(froc):
    _, chapters = planned(study_from_file(froc))
    given = chapters["08_localization"].parameters
    decided = {
        "endpoint": "wAFROC",
        "paradigm": "FROC",
        "comparison": "modalities",
        "modality_without": "A",
        "modality_with": "B",
        "ai_modality": None,
        "hit_rule": "as recorded",
        "hit_radius_mm": None,
        "fom_difference_margin": None,
    }
    assert {name: given[name] for name in decided} == decided


def test_lroc_is_read_off_at_a_share_of_false_positives(tmp_path):
    who = ["0,1", "A,B"]
    sheets = {
        "TRUTH": [TRUTH_6, [1, 0, 0, *who, "LROC"], [2, 1, 1, *who, "FCTRL"]],
        "FP": [FP, *([r, m, 1, 2] for r in "01" for m in "AB")],
        "TP": [TP, *([r, m, 2, 1, 5] for r in "01" for m in "AB")],
    }
    _, chapters = planned(study_from_file(workbook(tmp_path / "l.xlsx", sheets)))
    given = chapters["08_localization"].parameters
    assert (given["endpoint"], given["paradigm"]) == ("PCL", "LROC")
    assert (given["false_positive_fraction"], given["nl_per_image"]) == (0.2, None)


def test_chapter_07_takes_modalities_and_design_of_the_file(roc):
    _, chapters = planned(study_from_file(roc))
    assert list(chapters) == ["00_intake", "07_reader_study", "90_synthesis"]
    given = chapters["07_reader_study"].parameters
    assert (given["modality_without"], given["modality_with"]) == ("0", "1")
    assert given["design"] == "fully crossed"
    assert [value for name, value in given.items() if name.endswith("_margin")] == [None] * 3


@pytest.mark.parametrize(
    ("file", "design"),
    [("rocSpA", "readers nested in modality"), ("rocSpC", "cases nested in reader")],
)
def test_split_plots_are_declared_as_they_are(reference_data, tmp_path, file, design):
    source = reference_data / "data" / "native" / "toy" / f"{file}.xlsx"
    _, chapters = planned(study_from_file(source, tmp_path / "s"))
    assert chapters["07_reader_study"].parameters["design"] == design


def test_of_three_modalities_the_first_two_are_taken_and_both_places_say_so(tmp_path):
    path = workbook(tmp_path / "s.xlsx", modalities(froc_sheets(), "C,A,B"))
    made = study_from_file(path)
    _, chapters = planned(made)
    given = chapters["08_localization"].parameters
    assert (given["modality_without"], given["modality_with"]) == ("C", "A")
    words = "s.xlsx has 3 modalities: C, A, B"
    assert any(line.startswith(words) for line in made.said)
    text = " ".join(made.parameters.read_text().replace("\n#", " ").split())
    assert words in text
    assert "for others change modality_without and modality_with" in text


def test_a_single_modality_leaves_the_account_of_the_data(tmp_path):
    made = study_from_file(workbook(tmp_path / "s.xlsx", modalities(froc_sheets(), "(A)")))
    _, chapters = planned(made)
    assert list(chapters) == ["00_intake", "90_synthesis"]
    assert any("has one modality, A: nothing to compare" in line for line in made.said)


def test_given_regions_leave_the_account_of_the_data(tmp_path):
    sheets = froc_sheets()
    sheets["TRUTH"][1][5] = "ROI"
    made = study_from_file(workbook(tmp_path / "s.xlsx", sheets))
    assert list(planned(made)[1]) == ["00_intake", "90_synthesis"]
    assert any("rates given regions (ROI), for which no chapter is" in line for line in made.said)


@pytest.mark.parametrize(
    ("name", "short"),
    [("Nguyễn #1: AI\n(β).xlsx", "nguy-n-1-ai"), ("---.xlsx", "study"), ("9" * 90 + ".xlsx", "9")],
)
def test_any_file_name_gives_a_valid_parameters_file(tmp_path, name, short):
    made = study_from_file(workbook(tmp_path / name, froc_sheets()), tmp_path / "s")
    parameters, _ = planned(made)
    assert parameters.study.startswith(short)


def test_a_value_for_a_parameter_that_a_chapter_does_not_have_is_refused():
    (chapter,) = chosen_chapters(["07"])
    with pytest.raises(ParametersError, match="07_reader_study has no parameter endpunkt"):
        chapter_lines(chapter, values={"endpunkt": "auc"})


# What is there already


def test_a_second_time_nothing_is_written_and_what_was_edited_is_said(froc):
    made = study_from_file(froc)
    before = {path: path.stat().st_mtime_ns for path in made.folder.rglob("*")}
    assert "left alone; nothing edited since" in study_from_file(froc).said[0]
    assert before == {path: path.stat().st_mtime_ns for path in made.folder.rglob("*")}
    text = made.parameters.read_text().replace('"wAFROC"', '"AFROC"')
    made.parameters.write_text(text)
    readers = made.tables / "readers.csv"
    readers.write_text(readers.read_text() + "\n")
    again = study_from_file(froc)
    assert "edited since: study.yaml, tables/readers.csv" in again.said[0]
    assert again.parameters.read_text() == text


def test_a_changed_file_is_refused_and_nothing_is_touched(froc):
    made = study_from_file(froc)
    text = made.parameters.read_text()
    sheets = froc_sheets()
    sheets["FP"][1][3] = 1.75
    workbook(froc, sheets)
    with pytest.raises(OutputError, match=r"it has changed.*name a new folder and copy your"):
        study_from_file(froc)
    assert made.parameters.read_text() == text


def test_folders_that_are_not_of_this_file_are_refused(froc, roc, tmp_path):
    made = study_from_file(froc)
    with pytest.raises(OutputError, match=r"was made from Froc 1\.xlsx; name another folder for"):
        study_from_file(roc, made.folder)
    (tmp_path / "mine").mkdir()
    with pytest.raises(OutputError, match="mine exists and was not made from a file"):
        study_from_file(froc, tmp_path / "mine")
    (tmp_path / "mine" / "source.json").write_text("{}")
    with pytest.raises(OutputError, match="mine exists and was not made from a file"):
        study_from_file(froc, tmp_path / "mine")
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="file exists and was not made from a file"):
        study_from_file(froc, tmp_path / "file")
    (made.tables / "marks.csv").unlink()
    with pytest.raises(OutputError, match=r"has no tables/marks\.csv; put it back, or remove"):
        study_from_file(froc)
    froc.unlink()
    with pytest.raises(OutputError, match=r"Froc 1\.xlsx: no such file; put back the file"):
        study_from_file(froc)


def test_faults_and_a_full_disk_leave_nothing(froc, tmp_path, monkeypatch):
    sheets = froc_sheets()
    sheets["TP"][1][2] = 1
    with pytest.raises(TableError, match="has no lesion in sheet TRUTH"):
        study_from_file(workbook(tmp_path / "bad.xlsx", sheets))

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        study_from_file(froc)
    assert left_in(tmp_path) == ["Froc 1.xlsx", "bad.xlsx"]


# The command


def test_is_study_file_goes_by_the_ending(tmp_path):
    endings = (".xlsx", ".XLSX", ".imrmc", ".lrc", ".csv", ".txt")
    assert all(is_study_file(tmp_path / f"a{ending}") for ending in endings)
    assert not any(is_study_file(tmp_path / f"a{ending}") for ending in (".yaml", ".yml", ""))


def test_new_from_a_file_says_what_is_next(froc, tmp_path):
    code, text = call("new", "--from", froc, tmp_path / "here")
    assert code == 0, text
    assert "here/study.yaml, then say `study run" in text
    assert f"{froc} --out {tmp_path / 'here'}`" in text
    assert left_in(tmp_path / "here") == ["source.json", "study.yaml", "tables"]
    code, text = call("new", "--from", froc, "--chapters", "08")
    assert (code, "with --from the file decides" in text) == (2, True)
    code, text = call("new")
    assert (code, "name the file to write" in text) == (2, True)
    code, text = call(
        "check", tmp_path / "here" / "study.yaml", "--data", tmp_path / "here" / "tables"
    )
    assert (code, "nothing wrong" in text) == (0, True)


def test_check_of_another_programs_file(froc, tmp_path):
    code, text = call("check", froc)
    assert code == 0
    assert "note: readings: the rating of each is that of its highest mark" in text
    assert "nothing wrong" in text
    code, text = call("check", froc, "--data", tmp_path)
    assert (code, "holds the data itself; leave --data out" in text) == (2, True)
    (tmp_path / "own.csv").write_text("case,truth\n1,0\n")
    code, text = call("check", tmp_path / "own.csv")
    assert code == 2
    assert "own.csv: is no file of another program that is known" in text
    assert "name a table of your own in a parameters file" in text


def test_run_refuses_by_one_message_and_writes_nothing(froc, tmp_path):
    code, text = call("run", froc, "--data", tmp_path)
    assert (code, "holds the data itself; leave --data out" in text) == (2, True)
    code, text = call("run", tmp_path / "none.xlsx")
    assert (code, "none.xlsx: does not exist" in text) == (2, True)
    assert "Traceback" not in text
    assert left_in(tmp_path) == ["Froc 1.xlsx"]


@pytest.fixture
def ratings(tmp_path):
    """A ROC study of 30 cases, three readers and two modalities, in a workbook."""
    rng = np.random.default_rng(3)
    truth = [0] * 15 + [1] * 15
    who = ["1,2,3", "plain,aided"]
    words = iter(["ROC", "FCTRL"])
    rows = {0: [FP], 1: [TP]}
    for reader in "123":
        for modality in ("plain", "aided"):
            for case, positive in enumerate(truth, start=1):
                rating = int(rng.normal(40 + 20 * positive, 12))
                lesion = [1] if positive else []
                rows[positive].append([reader, modality, case, *lesion, rating])
    sheets = {
        "TRUTH": [
            TRUTH_6,
            *(
                [case, positive, positive, *who, next(words, None)]
                for case, positive in enumerate(truth, start=1)
            ),
        ],
        "FP": rows[0],
        "TP": rows[1],
    }
    return workbook(tmp_path / "ratings.xlsx", sheets)


def test_one_command_makes_the_book_and_the_same_again_takes_what_was_edited(
    ratings, tmp_path, monkeypatch
):
    code, text = call("run", ratings)
    assert code == 0, text
    assert "3 chapters executed" in text
    assert "ratings-study/book/index.html" in text
    assert "ratings-study/study.yaml, then run ratings.xlsx again" in text
    page = tmp_path / "ratings-study" / "book" / "chapters" / "07_reader_study.html"
    assert "aided" in page.read_text()
    parameters = tmp_path / "ratings-study" / "study.yaml"
    parameters.write_text(parameters.read_text().replace("Reader study ratings", "My own title"))
    monkeypatch.setattr("toolkit.study.book.build.build_book", write_pages)
    code, text = call("run", ratings)
    assert code == 0, text
    assert "left alone; edited since: study.yaml" in text
    assert "My own title" in (tmp_path / "ratings-study" / "book" / "index.html").read_text()


@pytest.mark.slow
def test_one_command_gives_chapter_08_of_rjafrocs_file(reference_data, tmp_path):
    """dataset05, wAFROC: p 0.01157058 from RJafroc and PyJafroc."""
    import json

    source = reference_data / "data" / "native" / "JT.xlsx"
    code, text = call("run", source, "--out", tmp_path / "jt")
    assert code == 0, text
    record = json.loads((tmp_path / "jt" / "book" / "records" / "08_localization.json").read_text())
    assert record["results"]["wAFROC_difference"]["p_value"] == pytest.approx(0.01157058, abs=5e-9)


def test_a_reader_that_is_an_ai_is_compared_with_the_others(reference_data, tmp_path):
    source = tmp_path / "CadFrocData.xlsx"
    source.write_bytes((reference_data / "data" / "native" / source.name).read_bytes())
    made = study_from_file(source, ai="1")
    tables = read_study(load_parameters(made.parameters).sources, made.tables)["reader_study"]
    readers = tables["readers"].frame.set_index("reader_id")
    assert readers["kind"].to_dict() == {str(n): "ai" if n == 1 else "human" for n in range(1, 11)}
    for name in ("readings", "marks"):
        frame = tables[name].frame
        own = frame["reader_id"] == "1"
        assert (frame["modality"][own] == "standalone").all()
        assert not (frame["modality"][~own] == "standalone").any()
    # The lowest mark of the CAD, by the CSV copy of the same study.
    marks = pd.read_csv(reference_data / "data" / "datasetCadSimuFroc" / "marks.csv")
    assert readers.loc["1", "export_floor"] == marks["rating"][marks["reader"] == 1].min()
    _, chapters = planned(made)
    assert chapters["08_localization"].parameters["comparison"] == "ai against readers"
    assert any("its product and version are not in the file" in line for line in made.said)
    with pytest.raises(OutputError, match="was made without this --ai"):
        study_from_file(source, ai="2")


@pytest.mark.parametrize(
    ("file", "ai", "message"),
    [
        ("CadFrocData.xlsx", "CAD", "no reader of the file has this name; it has '1', '2'"),
        ("JT.xlsx", "1", "the file has 2 modalities, and an AI is compared in one"),
    ],
)
def test_an_ai_that_cannot_be_compared_is_refused(reference_data, tmp_path, file, ai, message):
    source = tmp_path / file
    source.write_bytes((reference_data / "data" / "native" / file).read_bytes())
    with pytest.raises(OutputError, match=message):
        study_from_file(source, ai=ai)
    assert left_in(tmp_path) == [file]


def test_an_ai_without_company_or_marks_is_refused(reference_data):
    study = read_study_file(reference_data / "data" / "native" / "CadFrocData.xlsx")
    frames = {name: data.frame for name, data in study.tables.items()}

    def only(name, keep):
        data = dataclasses.replace(study.tables[name], frame=frames[name][keep])
        return dataclasses.replace(study, tables={**study.tables, name: data})

    alone = only("readers", frames["readers"]["reader_id"] == "1")
    with pytest.raises(OutputError, match="one reader alone, so there is nobody to compare"):
        with_ai(alone, "1")
    unmarked = only("marks", frames["marks"]["reader_id"] != "1")
    with pytest.raises(OutputError, match="no rating or no mark"):
        with_ai(unmarked, "1")


def test_ratings_without_calls_name_what_the_chapter_needs(reference_data, tmp_path):
    source = tmp_path / "NicoRadRoc.xlsx"
    source.write_bytes((reference_data / "data" / "native" / source.name).read_bytes())
    made = study_from_file(source, ai="1")
    assert any("reader_recall_rating, the rating from which they recall" in s for s in made.said)
    assert [name[:2] for name in planned(made)[1]] == ["00", "90"]


def test_ai_is_refused_beside_a_parameters_file(tmp_path):
    (tmp_path / "study.yaml").write_text("format: 1", encoding="utf-8")
    code, output = call("run", tmp_path / "study.yaml", "--ai", "1")
    assert code == 2
    assert "--ai: only for another program's file" in output
