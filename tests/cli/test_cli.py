"""The command as a user meets it: help that teaches, one clear message, the right exit status."""

import pytest
from typer.testing import CliRunner

from tests.study.test_run import edit, study, whole_study  # noqa: F401 - fixtures
from toolkit.cli import app

runner = CliRunner()


def call(*arguments):
    result = runner.invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def data(folder):
    return ("--data", folder.parent / "data")


def out(folder):
    return ("--out", folder / "reports" / "tiny")


def test_help_teaches_the_way_to_begin():
    code, text = call("--help")
    assert code == 0
    assert "study run parameters/demo.yaml" in text
    assert "study check mystudy.yaml" in text
    assert "reader-study-toolkit" in call("--version")[1]


@pytest.mark.parametrize("command", ["check", "run", "why", "render", "verify", "export", "new"])
def test_every_command_has_help(command):
    code, text = call(command, "--help")
    assert code == 0
    assert "Usage" in text


def test_run_then_why_then_verify(study):  # noqa: F811
    code, text = call("run", study / "tiny.yaml", *data(study), *out(study))
    assert code == 0, text
    assert "3 chapters executed, 0 unchanged" in text
    assert "09_times: the retrospective part has no readings.reading_time_s" in text
    assert "to pass it on: study export" in text
    code, text = call("why", study / "tiny.yaml", *data(study), *out(study))
    assert "05_area: unchanged" in text
    code, text = call("verify", study / "reports" / "tiny")
    assert code == 0
    assert "files are as they were delivered" in text
    (study / "reports" / "tiny" / "index.html").write_text("x")
    code, text = call("verify", study / "reports" / "tiny")
    assert code == 2
    assert "index.html: changed" in text
    code, text = call("run", study / "tiny.yaml", *data(study), *out(study))
    assert code == 0
    assert "made again, since not as a run had left it: the book\n0 chapters executed" in text
    assert call("verify", study / "reports" / "tiny")[0] == 0


def test_render_with_code_shows_the_code(whole_study):  # noqa: F811
    folder = whole_study
    call("run", folder / "tiny.yaml", *data(folder), *out(folder))
    target = folder / "with_code"
    code, text = call(
        "render", folder / "tiny.yaml", target, "--with-code", *data(folder), *out(folder)
    )
    assert code == 0, text
    assert "proportion_ci" in (target / "chapters" / "05_area.html").read_text()
    assert (
        "proportion_ci"
        not in (folder / "reports" / "tiny" / "chapters" / "05_area.html").read_text()
    )
    code, text = call("render", folder / "tiny.yaml", target, *data(folder), *out(folder))
    assert code == 2
    assert "exists; name a new folder" in text


def test_failed_chapter_has_exit_status_one(study):  # noqa: F811
    edit(study / "notebooks" / "05_area.ipynb", "study.readings", "study.reading")
    code, text = call("run", study / "tiny.yaml", *data(study), *out(study))
    assert code == 1
    assert "failed" in text
    assert "05_area" in text


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        ("study/tiny.yaml", "cut: 3", "cutt: 3", "did you mean 'cut'"),
        ("data/cases.csv", "002,1", "002,2", "cases.csv"),
        ("data/cases.csv", "case,truth", "case,trutz", "truth"),
        ("data/readings.csv", "003,2", "002,2", "repeats"),
        ("data/readings.csv", "002,4", '002,"4,5"', "decimal"),
        ("data/readings.csv", "002,4", "002,high", "readings.csv"),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_wrong_input_has_exit_status_two_and_one_message(study, command, file, old, new, words):  # noqa: F811
    edit(study.parent / file, old, new)
    extra = out(study) if command == "run" else ()
    code, text = call(command, study / "tiny.yaml", *data(study), *extra)
    assert code == 2
    assert words in text
    assert "Traceback" not in text
    assert not (study / "reports" / "tiny").exists()
    assert str(study.parent) not in text


def test_check_hides_identifying_values(study):  # noqa: F811
    edit(study.parent / "data" / "readings.csv", "003,2", "NGUYEN-77,2")
    code, text = call("check", study / "tiny.yaml", *data(study))
    assert code == 2
    assert "NGUYEN" not in text
    assert "withheld" in text
    code, text = call("check", study / "tiny.yaml", *data(study), "--show-values")
    assert code == 2
    assert "only to a terminal" in text
    assert "NGUYEN" not in text


def test_full_disk_is_one_message_and_keeps_the_old_book(study, monkeypatch):  # noqa: F811
    import errno
    import os

    call("run", study / "tiny.yaml", *data(study), *out(study))
    old = (study / "reports" / "tiny").resolve()
    edit(study / "tiny.yaml", "cut: 3", "cut: 2")

    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    code, text = call("run", study / "tiny.yaml", *data(study), *out(study))
    assert code == 2
    assert "No space left on device" in text
    assert "Traceback" not in text
    monkeypatch.undo()
    assert (study / "reports" / "tiny").resolve() == old


def test_fault_of_the_machine_in_a_chapter_keeps_the_old_book(study):  # noqa: F811
    call("run", study / "tiny.yaml", *data(study), *out(study))
    old = (study / "reports" / "tiny").resolve()
    edit(
        study / "notebooks" / "05_area.ipynb",
        "share = ",
        "raise OSError(28, 'No space left on device')\\nshare = ",
    )
    code, text = call("run", study / "tiny.yaml", *data(study), *out(study))
    assert code == 2
    assert "05_area: raised OSError: [Errno 28] No space left on device" in text
    assert "a fault of this machine" in text
    assert "Traceback" not in text
    assert (study / "reports" / "tiny").resolve() == old


def test_new_writes_every_parameter_and_refuses_to_overwrite(tmp_path):
    target = tmp_path / "mine.yaml"
    code, text = call("new", target, "--chapters", "05,06")
    assert code == 0, text
    written = target.read_text()
    assert "cutoffs: [9.5, 8.5, 7.5]" in written
    assert "auc_difference_margin: null  # float | None" in written
    code, text = call("new", target)
    assert code == 2
    assert "exists" in text
    code, text = call("new", tmp_path / "other.yaml", "--chapters", "77")
    assert code == 2
    assert "unknown chapter '77'" in text


def test_demo_dicom_writes_over_no_table_of_a_hospital(tmp_path):
    (tmp_path / "hospital").mkdir()
    (tmp_path / "hospital" / "cases.csv").write_text("case_id\n")
    code, text = call("demo-dicom", tmp_path, "--exams", "1")
    assert code == 2
    assert "exists and holds files" in text
    assert [path.name for path in tmp_path.iterdir()] == ["hospital"]


def test_render_and_new_write_through_no_link_and_not_into_the_data(study, tmp_path):  # noqa: F811
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    call("run", study / "tiny.yaml", *data(study), *out(study))
    for target, words in (
        (tmp_path / "link", "exists; name a new folder"),
        (study.parent / "data" / "book", "inside the data folder"),
    ):
        code, text = call("render", study / "tiny.yaml", target, *data(study), *out(study))
        assert code == 2
        assert words in text
    code, text = call("new", tmp_path / "link")
    assert code == 2
    assert "exists" in text
    assert not (study.parent / "data" / "book").exists()


@pytest.mark.parametrize("command", ["run", "why", "render"])
def test_hidden_folder_of_others_is_left_alone(study, command):  # noqa: F811
    theirs = study / "reports" / ".config"
    (theirs / "app").mkdir(parents=True)
    extra = [study / "new"] if command == "render" else []
    code, text = call(
        command, study / "tiny.yaml", *extra, *data(study), "--out", study / "reports" / "config"
    )
    assert code == 2
    assert ".config beside config exists and was not made by" in text
    assert [path.name for path in theirs.rglob("*")] == ["app"]


def test_new_file_is_right_but_for_its_data(tmp_path):
    from toolkit.study.parameters.file import load_parameters
    from toolkit.study.run.plan import plan_chapters

    call("new", tmp_path / "mine.yaml")
    parameters = load_parameters(tmp_path / "mine.yaml")
    assert plan_chapters(parameters, tmp_path / "mine.yaml")


def test_no_kernel_at_all_is_one_message(whole_study, monkeypatch):  # noqa: F811
    from toolkit.study.run.kernels import KernelError

    def none(**_):
        msg = "no kernel could be started: no room in the temporary folder"
        raise KernelError(msg)

    monkeypatch.setattr("toolkit.study.run.execute.open_kernels", none)
    code, text = call("run", whole_study / "tiny.yaml", *data(whole_study), *out(whole_study))
    assert code == 2
    assert "no kernel could be started" in text
    assert "Traceback" not in text
