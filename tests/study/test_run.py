"""A whole study, small: what runs, what is reused, what a failure or a kill leaves behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from tests import quick_study
from toolkit.study.parameters.file import ParametersError
from toolkit.study.run import run as run_module
from toolkit.study.run.faults import MachineError
from toolkit.study.run.fingerprint import verify
from toolkit.study.run.run import RunOptions, check_study, explain, run_study
from toolkit.study.run.workspace import OutputError
from toolkit.tables import TableError

ROOT = Path(__file__).resolve().parents[2]

PARAMETERS = """\
format: 1
study: tiny
title: A tiny study
origin: public
data:
  retrospective:
    cases: {file: cases.csv, columns: {case_id: case, truth: truth}}
    readers: {rows: [{reader_id: R, kind: human}]}
    readings:
      file: readings.csv
      columns: {case_id: case, rating: rating}
      constants: {reader_id: R, modality: unaided}
chapters:
  - {chapter: 05_area, parameters: {cut: 3}}
  - {chapter: 06_count, parameters: {}}
  - {chapter: 09_times, parameters: {}}
  - {chapter: 90_all}
"""

AREA = """
from toolkit.chapters.exhibit import Headline
from toolkit.study.notebook import load_tables, headline, save_record
from toolkit.stats.proportions.one import proportion_ci
study = load_tables(tables, part=part, chapter="05")
high = study.readings["rating"] >= cut
share = proportion_ci(int(high.sum()), len(high), quantity="share")
headline(Headline(question="How many are high?", answer=f"{share.numerator} are high."))
save_record(record, {"share": share})
"""

COUNT = """
from toolkit.chapters.exhibit import Headline
from toolkit.study.notebook import load_tables, headline, save_record
from toolkit.stats.proportions.one import proportion_ci
study = load_tables(tables, part=part, chapter="06")
cancer = study.cases["truth"]
share = proportion_ci(int(cancer.sum()), len(cancer), quantity="prevalence")
headline(Headline(question="How many have cancer?", answer=f"{share.numerator} have cancer."))
save_record(record, {"prevalence": share})
"""

ALL = """
from toolkit.chapters.exhibit import Headline
from toolkit.study.notebook import load_tables, headline, save_record
study = load_tables(tables, part=part, chapter="90")
headline(Headline(question="What is shown?", answer=f"{len(study.records())} records."))
save_record(record, {})
"""


def notebook(number, title, code, *, needs=(), own=""):
    parameters = (
        'tables: str = "demo"  # tables\n'
        'part: str = "retrospective"  # part\n'
        f'record: str = ""  # record\n{own}'
    )
    cells = [
        ("markdown", f"# {number} {title}\n\nA question?", []),
        ("code", parameters, ["parameters"]),
    ]
    cells.append(("code", code.strip(), []))
    return json.dumps(
        {
            "cells": [
                {
                    "cell_type": kind,
                    "id": f"c{i}",
                    "metadata": {"tags": tags} if tags else {},
                    "source": source,
                    **({"outputs": [], "execution_count": None} if kind == "code" else {}),
                }
                for i, (kind, source, tags) in enumerate(cells)
            ],
            "metadata": {"toolkit": {"part": "II", "needs": list(needs)}},
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Folder of a study: parameters file, notebooks beside it, data apart; with the quick parts."""
    quick_study.install(monkeypatch)
    folder = tmp_path / "study"
    (folder / "notebooks").mkdir(parents=True)
    data = tmp_path / "data"
    data.mkdir()
    (folder / "tiny.yaml").write_text(PARAMETERS)
    (data / "cases.csv").write_text("case,truth\n001,0\n002,1\n003,1\n")
    (data / "readings.csv").write_text("case,rating\n001,1\n002,4\n003,2\n")
    write(folder, "05_area", "Area", AREA, needs=["readings.rating"], own="cut: float = 2.0  # cut")
    write(folder, "06_count", "Count", COUNT, needs=["cases.truth"])
    write(folder, "09_times", "Times", COUNT, needs=["readings.reading_time_s"])
    write(folder, "90_all", "All", ALL, needs=["records"])
    return folder


@pytest.fixture
def whole_study(study, monkeypatch):
    """The same with kernels and Sphinx."""
    monkeypatch.undo()
    return study


def write(folder, name, title, code, **options):
    text = notebook(name[:2], title, code, **options)
    (folder / "notebooks" / f"{name}.ipynb").write_text(text)


def options(study, **changes):
    values = {"data": study.parent / "data", "out": study / "reports" / "tiny"}
    return RunOptions(**{**values, **changes})


def run(study, **changes):
    return run_study(study / "tiny.yaml", options(study, **changes))


def record(study, name):
    return json.loads((study / "reports" / "tiny" / "records" / f"{name}.json").read_text())


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_run_makes_a_book_and_an_unchanged_run_executes_nothing(whole_study):
    study = whole_study
    first = run(study)
    assert sorted(first.finished.executed) == ["05_area", "06_count", "90_all"]
    assert first.finished.left_out == {
        "09_times": "the retrospective part has no readings.reading_time_s"
    }
    assert first.complete
    assert verify(first.out) > 5
    assert record(study, "05_area")["results"]["share"]["numerator"] == 1
    assert record(study, "05_area")["parameters"]["cut"] == 3
    tree = first.out.resolve()
    again = run(study)
    assert again.finished.executed == []
    assert again.out.resolve() == tree
    # Nothing of this machine, no patient row and no key in what is delivered.
    for path in tree.rglob("*"):
        if path.suffix in (".html", ".json", ".js") and "_static" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert str(study.parent) not in text
            assert os.uname().nodename not in text or len(os.uname().nodename) < 4
            case = re.search(r"(?<![\w.])001(?!\w)", text)  # hashes hold such digits as well
            assert case is None or path.name in ("manifest.json", "searchindex.js")


def changed_parameter(study):
    edit(study / "tiny.yaml", "cut: 3", "cut: 2")


def changed_comment(study):
    edit(study / "tiny.yaml", "format: 1", "format: 1  # a comment")


def changed_rating(study):
    edit(study.parent / "data" / "readings.csv", "003,2", "003,5")


def changed_truth(study):
    edit(study.parent / "data" / "cases.csv", "003,1", "003,0")


def changed_layout_of_a_file(study):
    edit(study.parent / "data" / "cases.csv", "001,0\n", "\n001,0\n")


def changed_notebook(study):
    write(study, "06_count", "Count", COUNT + "\nx = 1", needs=["cases.truth"])


def changed_title(study):
    edit(study / "tiny.yaml", "title: A tiny study", "title: Another title")


@pytest.mark.parametrize(
    ("change", "executed", "reason"),
    [
        (changed_parameter, {"05_area", "90_all"}, "parameter cut"),
        (changed_comment, set(), ""),
        (changed_rating, {"05_area", "90_all"}, "table retrospective.readings"),
        (changed_truth, {"06_count", "90_all"}, "table retrospective.cases"),
        (changed_layout_of_a_file, set(), ""),
        (changed_notebook, {"06_count"}, "notebook"),
        (changed_title, set(), ""),
    ],
)
def test_run_again_executes_what_changed_and_says_why(study, change, executed, reason):
    run(study)
    change(study)
    states = explain(study / "tiny.yaml", options(study))
    expected = executed - {"90_all"}
    assert {n for n in ("05_area", "06_count") if states[n].reasons} == expected
    for name in expected:
        assert states[name].reasons == (reason,)
    assert set(run(study).finished.executed) == executed


def test_run_of_some_chapters_takes_the_others_while_valid(study):
    partial = run(study, chapters=("05",))
    assert partial.finished.executed == ["05_area"]
    assert set(partial.finished.not_run) == {"06_count", "90_all"}
    whole = run(study)
    assert sorted(whole.finished.executed) == ["06_count", "90_all"]


def test_run_reverted_reuses_the_older_run(study):
    run(study)
    changed_parameter(study)
    run(study)
    edit(study / "tiny.yaml", "cut: 2", "cut: 3")
    assert "05_area" not in run(study).finished.executed


def test_chapter_twice_in_a_book_has_two_numbers(study):
    edit(
        study / "tiny.yaml",
        "  - {chapter: 09_times, parameters: {}}",
        "  - {chapter: 05_area, name: 05_again, title: Again, parameters: {cut: 1}}",
    )
    out = run(study).out
    numbers = {name: record(study, name)["number"] for name in ("05_area", "05_again", "06_count")}
    assert numbers == {"05_area": "05", "05_again": "05b", "06_count": "06"}
    assert "05b" in (out / "index.html").read_text()
    edit(study / "tiny.yaml", "{chapter: 05_area, parameters: {cut: 3}}", "{chapter: 06_count}")
    edit(study / "tiny.yaml", "  - {chapter: 06_count, parameters: {}}\n", "")
    edit(study / "tiny.yaml", "parameters: {cut: 1}", "parameters: {cut: 1.0}")
    assert "05_again" in run(study).finished.executed  # its number is another now
    assert record(study, "05_again")["number"] == "05"
    assert run(study, chapters=("05",)).finished.executed == []


def test_failed_chapter_is_shown_as_failed_and_the_others_build(whole_study, monkeypatch):
    study = whole_study
    write(study, "06_count", "Count", COUNT.replace("study.cases", "study.missing_table"))
    report = run(study)
    assert not report.complete
    assert set(report.finished.failed) == {"06_count"}
    assert record(study, "05_area")
    assert not (report.out / "records" / "06_count.json").exists()
    page = (report.out / "chapters" / "06_count.html").read_text()
    assert "have cancer" not in page
    assert "missing_table" in report.finished.failed["06_count"]
    assert "Failed" in (report.out / "index.html").read_text()
    write(study, "06_count", "Count", COUNT, needs=["cases.truth"])
    monkeypatch.setattr("toolkit.study.book.build.build_book", quick_study.write_pages)
    assert run(study).complete


def test_chapter_without_a_record_fails(study):
    write(study, "06_count", "Count", "x = 1")
    assert "saved no record" in run(study).finished.failed["06_count"]


def test_chapter_that_leaves_with_exit_zero_fails(study):
    write(study, "06_count", "Count", "raise SystemExit(0)\n")
    assert "06_count" in run(study).finished.failed


def test_wrong_input_raises_before_anything_is_written(study):
    edit(study.parent / "data" / "cases.csv", "002,1", "002,7")
    with pytest.raises(TableError, match=r"cases.csv"):
        run(study)
    assert not (study / "reports" / "tiny").exists()


def test_wrong_input_keeps_the_earlier_book(study):
    tree = run(study).out.resolve()
    edit(study.parent / "data" / "cases.csv", "002,1", "002,7")
    with pytest.raises(TableError):
        run(study)
    assert (study / "reports" / "tiny").resolve() == tree
    assert verify(tree)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cut: 3", "cutt: 3", r"unknown parameter 'cutt'; did you mean 'cut'"),
        ("cut: 3", "cut: high", r"cut must be float"),
        ("{cut: 3}", "{}", r"cut is missing"),
        ("05_area", "05_arae", r"unknown chapter '05_arae'; did you mean '05_area'"),
        ("study: tiny", "stdy: tiny", r"unknown key; did you mean 'study'"),
        ("format: 1", "format: 2", r"line 1, format"),
        ("title: A tiny", "title: A\ntitle: A tiny", r"line 4: key 'title' repeats"),
    ],
)
def test_wrong_parameters_are_refused_with_the_remedy(study, old, new, message):
    edit(study / "tiny.yaml", old, new)
    with pytest.raises(ParametersError, match=message):
        run(study)
    assert not (study / "reports").exists()


def test_check_lists_every_fault_of_file_and_data_and_writes_nothing(study):
    edit(study / "tiny.yaml", "cut: 3", "cutt: 3")
    edit(study.parent / "data" / "cases.csv", "002,1", "002,7")
    edit(study.parent / "data" / "readings.csv", "003,2", "003,high")
    before = sorted(study.rglob("*"))
    faults = check_study(study / "tiny.yaml", data=study.parent / "data")
    text = "\n".join(faults)
    for words in ("cutt", "cut is missing", "cases.csv", "readings.csv"):
        assert words in text
    assert sorted(study.rglob("*")) == before


def test_check_of_a_right_study_finds_nothing(study):
    assert check_study(study / "tiny.yaml", data=study.parent / "data") == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": None}, "--data: name the folder"),
        ({"data": Path("nowhere")}, "--data: 'nowhere' is not a folder"),
        ({"chapters": ("7",)}, "--chapters: unknown chapter '7'"),
    ],
)
def test_wrong_options_are_refused(study, changes, message):
    with pytest.raises(ParametersError, match=message):
        run(study, **changes)


def test_output_inside_the_data_folder_is_refused(study):
    with pytest.raises(OutputError, match="is inside the data folder"):
        run(study, out=study.parent / "data" / "reports")
    assert not (study.parent / "data" / "reports").exists()


@pytest.mark.parametrize("file", ["../study/tiny.yaml", "/etc/hostname", "link.csv"])
def test_file_outside_the_data_folder_is_refused(study, file):
    (study.parent / "data" / "link.csv").symlink_to("/etc/hostname")
    edit(study / "tiny.yaml", "file: cases.csv", f"file: {file}")
    with pytest.raises(TableError):
        run(study)


def parquet_of(study, name):
    return next((study / "reports" / ".tiny" / "work" / "tables").glob(f"*/retrospective.{name}.*"))


def of_chapter(study, name, file):
    work = study / "reports" / ".tiny" / "work"
    return next(work.glob(f"chapters/{name}-*")) / file


def other_ratings(study):
    """The cases of a cancer get the lowest ratings."""
    path = parquet_of(study, "readings")
    frame = pd.read_parquet(path)
    frame["rating"] = 6 - frame["rating"]
    frame.to_parquet(path, index=False)


def other_record(study):
    edit(of_chapter(study, "05_area", "record.json"), '"numerator": 1', '"numerator": 3')


def other_answer(study):
    edit(of_chapter(study, "05_area", "record.json"), "1 are high", "3 are high")


def other_page(study):
    path = of_chapter(study, "05_area", "executed.ipynb")
    path.write_text(path.read_text().replace("Area", "Volume"))


def other_state(study):
    edit(of_chapter(study, "05_area", "state.json"), '"cut": 3', '"cut": 4')


def empty_file(find, *place):
    def damage(study):
        find(study, *place).write_bytes(b"")

    damage.__name__ = f"empty_{'_'.join(place)}"
    return damage


def of_work(study, name):
    return study / "reports" / ".tiny" / "work" / name


def of_tables(study, name):
    return parquet_of(study, "cases").with_name(name)


def no_table(study):
    parquet_of(study, "cases").unlink()


def of_book(study, name):
    return study / "reports" / "tiny" / name


def other_book(study):
    edit(of_book(study, "records/05_area.json"), '"numerator": 1', '"numerator": 3')


def more_in_book(study):
    of_book(study, "more.html").write_text("x")


DAMAGE = {
    other_ratings: ("tables",),
    no_table: ("tables",),
    empty_file(parquet_of, "cases"): ("tables",),
    empty_file(of_tables, "parts.json"): ("tables",),
    empty_file(of_tables, "seal.json"): ("tables",),
    other_record: ("05_area",),
    other_answer: ("05_area",),
    other_page: ("05_area",),
    other_state: ("05_area",),
    empty_file(of_chapter, "05_area", "record.json"): ("05_area",),
    empty_file(of_chapter, "05_area", "state.json"): ("05_area",),
    empty_file(of_chapter, "90_all", "executed.ipynb"): ("90_all",),
    empty_file(of_chapter, "90_all", "seal.json"): ("90_all",),
    empty_file(of_work, "delivered.json"): (),
    other_book: ("the book",),
    more_in_book: ("the book",),
    empty_file(of_book, "manifest.json"): ("the book",),
    empty_file(of_book, "index.html"): ("the book",),
}


def delivered(study):
    """Every file of the book."""
    tree = (study / "reports" / "tiny").resolve()
    return {path.relative_to(tree): path.read_bytes() for path in tree.rglob("*") if path.is_file()}


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("also", ["nothing else", "a parameter"])
def test_what_is_not_as_a_run_left_it_is_made_again(study, damage, also):
    run(study)
    book = delivered(study)
    damage(study)
    if also == "a parameter":  # of a chapter that was not damaged, on the tables that were
        edit(study / "notebooks" / "06_count.ipynb", "have cancer.", "have cancer!")
    report = run(study)
    assert report.complete
    lost = DAMAGE[damage]
    if also == "nothing else":
        assert report.made_again == lost
        assert delivered(study) == book
        assert set(report.finished.executed) == {name for name in lost if name[0].isdigit()}
    else:
        assert set(report.made_again) <= {*lost}  # a damaged book is replaced by another anyhow
        assert json.loads(book[Path("records/05_area.json")]) == record(study, "05_area")
    assert verify(report.out)
    again = run(study)
    assert again.made_again == ()
    assert again.finished.executed == []


def test_why_says_that_a_kept_run_is_damaged(study):
    run(study)
    other_record(study)
    states = explain(study / "tiny.yaml", options(study))
    assert states["05_area"].reasons == ("its earlier run is not as it was left",)
    assert states["06_count"].reasons == ()


def test_table_that_changes_while_a_run_reads_it_fails_its_chapter(study, monkeypatch):
    """Between the check of the tables and the chapter that loads one, its file is exchanged."""
    real = run_module.prepare_tables

    def exchanged(*arguments):
        index = real(*arguments)
        other_ratings(study)
        return index

    monkeypatch.setattr(run_module, "prepare_tables", exchanged)
    cause = run(study).finished.failed["05_area"]
    assert "retrospective.readings is not what was read from the study's files" in cause


FAULTS = [
    "OSError(28, 'No space left on device')",
    "OSError(5, 'Input/output error')",
    "OSError(122, 'Disk quota exceeded')",
    "OSError(30, 'Read-only file system')",
    "OSError(12, 'Cannot allocate memory')",
    "MemoryError",
]


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_of_the_machine_keeps_the_old_book_and_what_is_done(study, fault):
    old = run(study).out.resolve()
    changed_parameter(study)
    write(study, "06_count", "Count", f"raise {fault}", needs=["cases.truth"])
    with pytest.raises(MachineError, match=r"06_count: .*\n.*fault of this machine"):
        run(study)
    assert (study / "reports" / "tiny").resolve() == old
    assert verify(old)
    work = study / "reports" / ".tiny" / "work"
    assert not list(work.rglob(".*"))
    write(study, "06_count", "Count", COUNT, needs=["cases.truth"])
    assert set(run(study).finished.executed) == {"90_all"}  # 05 was done, 06 is as it was


@pytest.mark.parametrize(
    "fault", ["FileNotFoundError(2, 'No such file')", "PermissionError(13, 'no')", "KeyError('x')"]
)
def test_fault_of_a_chapter_is_in_the_book(study, fault):
    old = run(study).out.resolve()
    write(study, "06_count", "Count", f"raise {fault}", needs=["cases.truth"])
    report = run(study)
    assert set(report.finished.failed) == {"06_count"}
    assert report.out.resolve() != old


def test_run_killed_at_any_moment_leaves_the_old_book_and_the_next_completes(study):
    old = run(study).out.resolve()
    changed_rating(study)
    places = [study / "tiny.yaml", study.parent / "data", study / "reports" / "tiny"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.quick_study", *places], cwd=ROOT, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 12
    edit(study.parent / "data" / "readings.csv", "003,5", "003,2")
    assert run(study).out.resolve().name == old.name


def test_run_killed_while_chapters_run_is_repeated_by_the_next(whole_study, monkeypatch):
    study = whole_study
    monkeypatch.setattr("toolkit.study.book.build.build_book", quick_study.write_pages)
    old = run(study).out.resolve()
    changed_rating(study)
    arguments = [study / "tiny.yaml", study.parent / "data", study / "reports" / "tiny"]
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, *arguments], stderr=subprocess.DEVNULL
    )
    work = study / "reports" / ".tiny" / "work"
    while not list(work.glob(".05_area.*.tmp")):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (study / "reports" / "tiny").resolve() == old
    assert verify(run(study).out)


KILLED = """
import sys
from pathlib import Path
from toolkit.study.run.run import RunOptions, run_study
run_study(Path(sys.argv[1]), RunOptions(data=Path(sys.argv[2]), out=Path(sys.argv[3])))
"""
