"""Folder to folder: whole or not at all, nothing that identifies in names, tables or messages."""

import dataclasses
import os
import stat
import subprocess
import tempfile
from contextlib import suppress

import pytest
from typer.testing import CliRunner

from tests import dicom_files
from tests.deidentify_sample import KEY, Planter, leaks, planted_file
from tests.readers.deidentify.test_tokens import OBJECTS
from toolkit.cli import app
from toolkit.demo.dicom.archive import encoded
from toolkit.demo.dicom.exam import DemoExam
from toolkit.demo.dicom.exam_objects import presentation_state, secondary_capture
from toolkit.demo.dicom.images import ImagePlan, mammogram
from toolkit.readers.dicom.deidentify.engine import Options, deidentified
from toolkit.readers.dicom.deidentify.keep_list import KeepListError, keep_list
from toolkit.readers.dicom.deidentify.key import (
    KeyFileError,
    check_root,
    mapped_uid,
    read_or_make_key,
)
from toolkit.readers.dicom.reports.cad_sr import cad_sr_report
from toolkit.readers.dicom.scan.header import read_header
from toolkit.readers.dicom.scan.places import ArchiveError, Place
from toolkit.study.imports import deidentify_work
from toolkit.study.imports.deidentify import DeidentifyError, Request, deidentify_archive
from toolkit.study.imports.deidentify_work import Batch, work_folder

EXAM = dicom_files.EXAM
OPTIONS = Options(key=KEY)


@pytest.fixture
def folder(tmp_path):
    source = tmp_path / "in"
    (source / "ZQXpatient").mkdir(parents=True)
    here = source / "ZQXpatient"
    (here / "ZQXimage.dcm").write_bytes(planted_file(dicom_files.image_file(), Planter()))
    (here / "ZQXreport.dcm").write_bytes(dicom_files.report_file())
    (here / "ZQXscreen.dcm").write_bytes(encoded(secondary_capture(EXAM, "12", burned_in="NO")))
    (here / "ZQXtext.txt").write_bytes(b"ZQX a note")
    (here / "ZQXcut.dcm").write_bytes(dicom_files.cut_file())
    (here / "ZQXagain.dcm").write_bytes(dicom_files.report_file())
    return source


def test_no_token_in_files_names_tables_or_output(folder, tmp_path):
    out = tmp_path / "out"
    run = CliRunner().invoke(
        app, ["deidentify", str(folder), str(out), "--key", str(tmp_path / "key")]
    )
    assert run.exit_code == 1, run.output
    assert leaks(run.output.encode()) == []
    files = [path for path in out.rglob("*") if path.is_file()]
    assert len(files) == 2  # image, report: study ingest must meet nothing else
    for path in out.rglob("*"):
        assert leaks(str(path.relative_to(out)).encode()) == []
    for path in files:
        assert leaks(path.read_bytes()) == []
        assert (tmp_path / "key").read_bytes().splitlines()[1] not in path.read_bytes()
    refused = tmp_path / "out-refused.csv"
    assert leaks(refused.read_bytes()) == []
    rows = refused.read_text().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [
        ["2", "cut_off"],
        ["4", "duplicate"],
        ["5", "secondary_capture"],
        ["6", "not_dicom"],
    ]
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600


def test_several_processes_write_the_same_copy(folder, tmp_path):
    trees = []
    for name, jobs in (("one", 1), ("two", 2)):
        out = tmp_path / name
        deidentify_archive(str(folder), out, Request(key_file=tmp_path / "key", jobs=jobs))
        trees.append({p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()})
    assert trees[0] == trees[1]


def test_the_mapping_is_written_only_where_asked_and_for_its_owner(folder, tmp_path):
    mapping = tmp_path / "who.csv"
    deidentify_archive(
        str(folder), tmp_path / "out", Request(key_file=tmp_path / "key", mapping=mapping)
    )
    assert stat.S_IMODE(mapping.stat().st_mode) == 0o600
    assert EXAM.study_uid in mapping.read_text()
    with pytest.raises(DeidentifyError, match=r"--mapping: who\.csv exists; name a new file"):
        deidentify_archive(
            str(folder), tmp_path / "other", Request(key_file=tmp_path / "key", mapping=mapping)
        )


def test_places_that_would_hand_on_the_key_are_refused(folder, tmp_path):
    out = tmp_path / "out"
    for place in (out / "key", folder / "key"):
        with pytest.raises(KeyFileError, match="--key: the file lies inside"):
            deidentify_archive(str(folder), out, Request(key_file=place))
    request = Request(key_file=tmp_path / "key", mapping=out / "who.csv")
    with pytest.raises(KeyFileError, match="--mapping: the file lies inside out"):
        deidentify_archive(str(folder), out, request)
    assert not out.exists()
    assert not (tmp_path / "key").exists()


def test_folders_that_cannot_be_are_refused(folder, tmp_path):
    request = Request(key_file=tmp_path / "key")
    (tmp_path / "there").mkdir()
    with pytest.raises(DeidentifyError, match="there exists; a copy is whole or not at all"):
        deidentify_archive(str(folder), tmp_path / "there", request)
    with pytest.raises(DeidentifyError, match="copy lies inside the folder that is copied"):
        deidentify_archive(str(folder), folder / "copy", request)
    with pytest.raises(ArchiveError, match="is no folder; name the folder that holds"):
        deidentify_archive(str(tmp_path / "nowhere"), tmp_path / "out", request)


@pytest.fixture
def archive(tmp_path):
    """More files than one batch, with tokens in their names; the 40th is the 2nd once more."""
    source = tmp_path / "in"
    source.mkdir()
    for number in range(40):
        exam = DemoExam(seed=2, number=number if number < 39 else 1)
        data = encoded(mammogram(exam, ImagePlan(rows=8, columns=8)))
        (source / f"ZQX{number:02d}.dcm").write_bytes(data)
    return source


def tree(out):
    return {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def stopped_after(n_files, archive, out, request):
    """A run that is stopped when so many files are done."""

    def stop(number):
        if number >= n_files:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deidentify_archive(str(archive), out, dataclasses.replace(request, progress=stop))


def test_a_stopped_run_leaves_no_name_and_goes_on(archive, tmp_path, monkeypatch):
    out, request = (
        tmp_path / "out",
        Request(key_file=tmp_path / "key", mapping=tmp_path / "who.csv"),
    )
    stopped_after(32, archive, out, request)
    assert sorted(os.listdir(tmp_path)) == [".out.deidentify", "in", "key"]
    work = tmp_path / ".out.deidentify"
    assert stat.S_IMODE(work.stat().st_mode) == 0o700
    secrets = [DemoExam(seed=2, number=1).study_uid.encode(), b"ZQX", key_line(tmp_path)]
    for path in work.rglob("*"):
        held = str(path.relative_to(work)).encode() + (path.read_bytes() if path.is_file() else b"")
        assert not [secret for secret in secrets if secret in held]
    met = []
    real = deidentify_work.deidentified
    monkeypatch.setattr(
        deidentify_work, "deidentified", lambda data, how: met.append(1) or real(data, how)
    )
    done = deidentify_archive(str(archive), out, request)
    assert len(met) == 8  # of 40 files: 32 were done
    assert (done.n_files, done.n_written, done.refused) == (40, 39, {"duplicate": 1})
    deidentify_archive(str(archive), tmp_path / "whole", Request(key_file=tmp_path / "key"))
    assert tree(out) == tree(tmp_path / "whole")
    refused = [(tmp_path / f"{name}-refused.csv").read_bytes() for name in ("out", "whole")]
    assert refused[0] == refused[1]
    assert not work.exists()
    assert len((tmp_path / "who.csv").read_text().splitlines()) == 1 + 40 * 4


def key_line(folder):
    return (folder / "key").read_bytes().splitlines()[1]


@pytest.mark.parametrize("place", ["rename", "replace"])
@pytest.mark.parametrize("count", [1, 2, 39, 42])
def test_a_run_that_stops_while_it_delivers_goes_on(archive, tmp_path, monkeypatch, place, count):
    """Stopped at any rename: the second run gives what one run gives."""
    out, request = (
        tmp_path / "out",
        Request(key_file=tmp_path / "key", mapping=tmp_path / "who.csv"),
    )
    stopped_after(40, archive, out, request)
    left = [count]
    real = getattr(os, place)

    def renaming(*names, **how):
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return real(*names, **how)

    with monkeypatch.context() as patched:
        patched.setattr(os, place, renaming)
        with suppress(KeyboardInterrupt):
            deidentify_archive(str(archive), out, request)
    if not out.exists():
        deidentify_archive(str(archive), out, request)
    deidentify_archive(str(archive), tmp_path / "whole", Request(key_file=tmp_path / "key"))
    assert len(tree(out)) == 39
    assert tree(out) == tree(tmp_path / "whole")
    refused = [(tmp_path / f"{name}-refused.csv").read_bytes() for name in ("out", "whole")]
    assert refused[0] == refused[1]


def test_files_that_changed_since_a_run_was_stopped_are_done_again(archive, tmp_path):
    out, request = tmp_path / "out", Request(key_file=tmp_path / "key")
    stopped_after(40, archive, out, request)
    (archive / "ZQX00.dcm").unlink()
    (archive / "ZQX01.dcm").write_bytes(dicom_files.image_file())
    deidentify_archive(str(archive), out, request)
    deidentify_archive(str(archive), tmp_path / "whole", request)
    assert tree(out) == tree(tmp_path / "whole")


def test_objects_that_were_lost_with_the_power_are_made_again(archive, tmp_path):
    out, request = tmp_path / "out", Request(key_file=tmp_path / "key")
    stopped_after(32, archive, out, request)
    (batch,) = (
        path for path in (tmp_path / ".out.deidentify" / "batches").iterdir() if path.is_dir()
    )
    lost, cut, zeros = (batch / name for name in "345")
    lost.unlink()
    cut.write_bytes(b"")
    zeros.write_bytes(bytes(zeros.stat().st_size))
    deidentify_archive(str(archive), out, request)
    deidentify_archive(str(archive), tmp_path / "whole", request)
    assert tree(out) == tree(tmp_path / "whole")


@pytest.mark.parametrize("content", [b"", b"[[1]]"])
def test_a_list_of_a_batch_that_was_damaged_is_made_again(archive, tmp_path, content):
    out, request = tmp_path / "out", Request(key_file=tmp_path / "key")
    stopped_after(32, archive, out, request)
    (listed,) = (tmp_path / ".out.deidentify" / "batches").glob("*.json")
    listed.write_bytes(content)
    deidentify_archive(str(archive), out, request)
    deidentify_archive(str(archive), tmp_path / "whole", request)
    assert tree(out) == tree(tmp_path / "whole")


def test_a_worker_of_a_killed_run_that_is_still_at_work_does_no_harm(
    archive, tmp_path, monkeypatch
):
    """Each batch is also finished by somebody else while it is made."""
    out, request = tmp_path / "out", Request(key_file=tmp_path / "key")
    real, batch_of = deidentify_work._make, []

    def raced(batch, *how):
        copied = deidentify_work._copied

        def other_first(*arguments):
            if not batch_of:
                batch_of.append(batch)
                real(batch, *how)
            return copied(*arguments)

        with monkeypatch.context() as patched:
            patched.setattr(deidentify_work, "_copied", other_first)
            real(batch, *how)
        batch_of.clear()

    with monkeypatch.context() as patched:
        patched.setattr(deidentify_work, "_make", raced)
        deidentify_archive(str(archive), out, request)
    deidentify_archive(str(archive), tmp_path / "whole", request)
    assert tree(out) == tree(tmp_path / "whole")


def test_another_request_does_not_go_on_from_what_is_there(archive, tmp_path):
    out, request = tmp_path / "out", Request(key_file=tmp_path / "key")
    stopped_after(32, archive, out, request)
    other = dataclasses.replace(request, uid_root="1.2.840.99999")
    deidentify_archive(str(archive), out, other)
    assert all(str(path).startswith("1.2.840.99999.") for path in tree(out))


def test_a_work_folder_that_is_not_ours_or_in_use_is_left_alone(archive, tmp_path):
    request = Request(key_file=tmp_path / "key")
    work = tmp_path / ".out.deidentify"
    work.mkdir()
    (work / "mine.txt").write_text("x")
    with pytest.raises(DeidentifyError, match=r"\.out\.deidentify exists and is no work folder"):
        deidentify_archive(str(archive), tmp_path / "out", request)
    assert (work / "mine.txt").read_text() == "x"
    with (
        work_folder(tmp_path / ".two.deidentify", "0f"),
        pytest.raises(DeidentifyError, match="another process is making two; wait until it ends"),
    ):
        deidentify_archive(str(archive), tmp_path / "two", request)


def test_what_somebody_else_made_is_not_written_over(archive, tmp_path):
    request = Request(key_file=tmp_path / "key")
    (tmp_path / "out-refused.csv").write_text("mine")
    with pytest.raises(DeidentifyError, match=r"out-refused\.csv exists; move it away"):
        deidentify_archive(str(archive), tmp_path / "out", request)
    assert (tmp_path / "out-refused.csv").read_text() == "mine"


@pytest.mark.parametrize("name", ["out-tables", "out-refused.csv"])
def test_what_somebody_put_there_while_a_copy_was_handed_over_stays(
    archive, tmp_path, monkeypatch, name
):
    """A run is killed while it hands over; before the next one somebody uses one of its names."""
    hospital = tmp_path / "hospital"
    hospital.mkdir()
    (hospital / "readers.csv").write_text("reader_id,kind\nR1,human\n")
    out, request = tmp_path / "out", Request(key_file=tmp_path / "key", tables=hospital)

    def killed(*arguments):
        deidentify_work.begin_delivery(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("toolkit.study.imports.deidentify.begin_delivery", killed)
        with suppress(KeyboardInterrupt):
            deidentify_archive(str(archive), out, request)
    place = tmp_path / name
    if place.suffix:
        place.write_text("mine")
    else:
        place.mkdir(exist_ok=True)
        (place / "mine.txt").write_text("mine")
    with pytest.raises(DeidentifyError, match=f"{name} exists; move it away"):
        deidentify_archive(str(archive), out, request)
    assert (place if place.suffix else place / "mine.txt").read_text() == "mine"
    place.rename(tmp_path / "elsewhere")
    deidentify_archive(str(archive), out, request)
    assert out.is_dir()


@pytest.mark.parametrize("name", ["request.json", "link"])
def test_a_work_folder_with_a_file_of_that_name_or_behind_a_link_is_not_ours(
    archive, tmp_path, name
):
    theirs, work = tmp_path / "theirs", tmp_path / ".out.deidentify"
    (theirs / "batches").mkdir(parents=True)
    if name == "link":
        work.symlink_to(theirs)
    else:
        theirs.rename(work)
        (work / name).write_text('{"a request": "of somebody"}')
    with pytest.raises(DeidentifyError, match="exists and is no work folder"):
        deidentify_archive(str(archive), tmp_path / "out", Request(key_file=tmp_path / "key"))
    assert (work / "batches").is_dir()


def test_a_mapping_takes_no_hidden_file_of_others(archive, tmp_path):
    theirs = tmp_path / ".who.csv.part"
    theirs.write_text("mine")
    request = Request(key_file=tmp_path / "key", mapping=tmp_path / "who.csv")
    deidentify_archive(str(archive), tmp_path / "out", request)
    assert theirs.read_text() == "mine"


def test_a_cluster_writes_the_same_copy(archive, tmp_path):
    import distributed

    request = Request(key_file=tmp_path / "key")
    deidentify_archive(str(archive), tmp_path / "alone", request)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", processes=False
    ) as local:
        told = dataclasses.replace(request, scheduler=local.scheduler_address)
        deidentify_archive(str(archive), tmp_path / "several", told)
    assert tree(tmp_path / "alone") == tree(tmp_path / "several")


@pytest.mark.filterwarnings("ignore")  # of the client library, about its own calls
def test_an_object_store_gives_the_same_copy(archive, object_store, tmp_path):
    object_store.mkdir("deid-bucket")
    for path in sorted(archive.iterdir())[:5]:
        object_store.pipe(f"deid-bucket/{path.name}", path.read_bytes())
    for path in sorted(archive.iterdir())[5:]:
        path.unlink()
    request = Request(key_file=tmp_path / "key")
    deidentify_archive("s3://deid-bucket", tmp_path / "far", request)
    deidentify_archive(archive.as_uri(), tmp_path / "near", request)
    assert len(tree(tmp_path / "far")) == 5
    assert tree(tmp_path / "far") == tree(tmp_path / "near")


def test_nothing_that_is_handed_to_workers_prints_the_key_or_a_name(tmp_path):
    for thing in (Options(key=KEY), Batch(1, (Place("ZQX", 1, ""),), *[tmp_path] * 2, None, None,
                                          frozenset(), "2.25", False)):  # fmt: skip
        assert "ZQX" not in repr(thing)
        assert repr(KEY) not in repr(thing)


def test_keys_that_are_none_are_refused(tmp_path):
    path = tmp_path / "key"
    path.write_text("secret")
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="--key: the file is no key of this toolkit"):
        read_or_make_key(path, outside=())
    path.chmod(0o644)
    with pytest.raises(KeyFileError, match=r"--key: others can read the file \(mode 0644\)"):
        read_or_make_key(path, outside=())
    with pytest.raises(KeyFileError, match=r"--key: cannot be written \(FileNotFoundError\)"):
        read_or_make_key(tmp_path / "no" / "key", outside=())
    (tmp_path / "folder").mkdir(mode=0o700)
    with pytest.raises(KeyFileError, match=r"--key: cannot be read \(IsADirectoryError\)"):
        read_or_make_key(tmp_path / "folder", outside=())


def test_words_and_roots_that_mean_nothing_are_refused(folder, tmp_path):
    request = Request(key_file=tmp_path / "key", admit=frozenset(("burned-in",)))
    with pytest.raises(ValueError, match="admit must be of burned_in, burned_in_unknown"):
        deidentify_archive(str(folder), tmp_path / "out", request)
    for root in ("1", "1.02", "x.1", "1." + "2" * 40):
        with pytest.raises(ValueError, match="uid_root must be numbers joined by points"):
            check_root(root)
    assert len(mapped_uid(KEY, "1.2.3", root=check_root("1.2.840.99999"))) <= 64


def test_known_names_and_codes_are_added_to_the_list(tmp_path):
    known = tmp_path / "known.yaml"
    known.write_text("names: [Ours]\ncodes: {99OURS: {A1: Our score}}\n")
    assert "Ours" in keep_list(known).names
    assert keep_list(known).codes["99OURS", "A1"] == "Our score"
    (tmp_path / "bad.yaml").write_text("name: [Ours]\n")
    with pytest.raises(KeepListError, match="--known: the file must hold `names`"):
        keep_list(tmp_path / "bad.yaml")
    with pytest.raises(KeepListError, match="--known: cannot be read"):
        keep_list(tmp_path / "absent.yaml")


def altered(**changes):
    ds = mammogram(EXAM, ImagePlan())
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return encoded(ds)


REFUSED = {
    "burned_in": altered(BurnedInAnnotation="YES"),
    "burned_in_unknown": altered(BurnedInAnnotation=""),
    "secondary_capture": encoded(secondary_capture(EXAM, "12", burned_in="NO")),
    "kind_not_kept": encoded(presentation_state(EXAM, [mammogram(EXAM, ImagePlan())])),
    "cut_off": dicom_files.cut_file(),
    "nested_too_deep": dicom_files.nested_file(),
    "empty": b"",
    "not_dicom": b"ZQX a note " * 30,
    "no_uid": altered(SeriesInstanceUID=""),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_refused_with_its_reason(reason):
    copy = deidentified(REFUSED[reason], OPTIONS)
    assert (copy.reason, copy.data) == (reason, b"")
    assert copy.words


@pytest.mark.parametrize("reason", ["burned_in", "burned_in_unknown", "secondary_capture"])
def test_admitted_where_someone_has_looked(reason):
    assert deidentified(REFUSED[reason], Options(key=KEY, admit=frozenset((reason,)))).data


def test_a_screenshot_in_the_class_of_images_is_refused():
    data = altered(ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"])
    assert deidentified(data, OPTIONS).reason == "secondary_capture"


def header_of(data):
    from toolkit.readers.dicom.scan.attributes import REPORT

    return read_header(lambda at, n: data[at : at + n], len(data), selection=REPORT)


@pytest.mark.parametrize("layout", ["nested", "flattened"])
@pytest.mark.parametrize("score_place", ["private_code", "certainty_of_impression", "text"])
def test_a_report_says_the_same_before_and_after(layout, score_place):
    data = dicom_files.report_file(layout=layout, score_place=score_place, exam_score="7.5")
    before = cad_sr_report(header_of(data))
    after = cad_sr_report(header_of(deidentified(data, OPTIONS).data))
    assert before.findings
    assert len(before.findings) == len(after.findings)
    for one, other in zip(before.findings, after.findings, strict=True):
        assert other.image_uid == mapped_uid(KEY, one.image_uid)
        for name in ("path", "kind", "scores", "x_px", "y_px", "radius_px", "outline", "intent"):
            mine, theirs = getattr(one, name), getattr(other, name)
            assert without_meaning(mine) == without_meaning(theirs), name
    assert before.state == after.state


def without_meaning(value):
    """Meanings are the dictionary's in the copy; codes are what counts."""
    import re

    return re.sub(r"meaning='[^']*'|meaning=\"[^\"]*\"", "", repr(value))


@pytest.mark.needs_tool("dciodvfy")
def test_the_copy_has_no_more_errors_than_the_object(reference_data):
    objects = list(OBJECTS.values())
    objects += [p.read_bytes() for p in sorted((reference_data / "data" / "dicom").glob("*.dcm"))]
    options = Options(key=KEY, admit=frozenset(("burned_in_unknown", "secondary_capture")))
    copied = 0
    for data in objects:
        copy = deidentified(data, options)
        if copy.data:
            copied += 1
            assert errors(copy.data) <= errors(data)
    assert copied >= 13


def errors(data):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        done = subprocess.run(["dciodvfy", file.name], capture_output=True, check=False, timeout=60)
    return sum(line.startswith(b"Error") for line in (done.stdout + done.stderr).splitlines())
