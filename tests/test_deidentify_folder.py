"""Folder to folder: whole or not at all, nothing that identifies in names, tables or messages."""

import os
import shutil
import stat
import subprocess
import tempfile

import pytest
from typer.testing import CliRunner

from tests import dicom_files
from tests.deidentify_sample import KEY, Planter, leaks, planted_file
from toolkit.cli import app
from toolkit.readers.dicom.cad_sr import cad_sr_report
from toolkit.readers.dicom.deidentify.engine import Options, deidentified
from toolkit.readers.dicom.deidentify.keep_list import KeepListError, keep_list
from toolkit.readers.dicom.deidentify.key_file import KeyFileError, read_or_make_key
from toolkit.readers.dicom.deidentify.uids import check_root, mapped_uid
from toolkit.readers.dicom.header import read_header
from toolkit.study.deidentify import DeidentifyError, Request, deidentify_folder
from toolkit.study.demo_dicom.images import ImagePlan, mammogram
from toolkit.study.demo_dicom.other_objects import presentation_state, secondary_capture
from toolkit.study.demo_dicom.write import encoded

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
    assert len(files) == 3  # image, report, refused.csv
    for path in out.rglob("*"):
        assert leaks(str(path.relative_to(out)).encode()) == []
    for path in files:
        assert leaks(path.read_bytes()) == []
        assert (tmp_path / "key").read_bytes().splitlines()[1] not in path.read_bytes()
    rows = (out / "refused.csv").read_text().splitlines()
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
        deidentify_folder(folder, out, Request(key_file=tmp_path / "key", jobs=jobs))
        trees.append({p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()})
    assert trees[0] == trees[1]


def test_the_mapping_is_written_only_where_asked_and_for_its_owner(folder, tmp_path):
    mapping = tmp_path / "who.csv"
    deidentify_folder(folder, tmp_path / "out", Request(key_file=tmp_path / "key", mapping=mapping))
    assert stat.S_IMODE(mapping.stat().st_mode) == 0o600
    assert EXAM.study_uid in mapping.read_text()
    with pytest.raises(DeidentifyError, match=r"--mapping: who\.csv exists; name a new file"):
        deidentify_folder(
            folder, tmp_path / "other", Request(key_file=tmp_path / "key", mapping=mapping)
        )


def test_places_that_would_hand_on_the_key_are_refused(folder, tmp_path):
    out = tmp_path / "out"
    for place in (out / "key", folder / "key"):
        with pytest.raises(KeyFileError, match="--key: the file lies inside"):
            deidentify_folder(folder, out, Request(key_file=place))
    request = Request(key_file=tmp_path / "key", mapping=out / "who.csv")
    with pytest.raises(KeyFileError, match="--mapping: the file lies inside out"):
        deidentify_folder(folder, out, request)
    assert not out.exists()
    assert not (tmp_path / "key").exists()


def test_folders_that_cannot_be_are_refused(folder, tmp_path):
    request = Request(key_file=tmp_path / "key")
    (tmp_path / "there").mkdir()
    with pytest.raises(DeidentifyError, match="there exists; a copy is whole or not at all"):
        deidentify_folder(folder, tmp_path / "there", request)
    with pytest.raises(DeidentifyError, match="copy lies inside the folder that is copied"):
        deidentify_folder(folder, folder / "copy", request)
    with pytest.raises(DeidentifyError, match="IN is no folder"):
        deidentify_folder(tmp_path / "nowhere", tmp_path / "out", request)


def test_a_run_that_stops_leaves_nothing(folder, tmp_path):
    def stop(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deidentify_folder(
            folder, tmp_path / "out", Request(key_file=tmp_path / "key", progress=stop)
        )
    assert sorted(os.listdir(tmp_path)) == ["in", "key"]


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
        deidentify_folder(folder, tmp_path / "out", request)
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
    from toolkit.readers.dicom.attributes import REPORT

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


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy of dicom3tools is absent")
def test_the_copy_has_no_more_errors_than_the_object(reference_data):
    objects = [dicom_files.image_file(), dicom_files.report_file()]
    objects += [p.read_bytes() for p in sorted((reference_data / "data" / "dicom").glob("*.dcm"))]
    options = Options(key=KEY, admit=frozenset(("burned_in_unknown", "secondary_capture")))
    copied = 0
    for data in objects:
        copy = deidentified(data, options)
        if copy.data:
            copied += 1
            assert errors(copy.data) <= errors(data)
    assert copied >= 10


def errors(data):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        done = subprocess.run(["dciodvfy", file.name], capture_output=True, check=False, timeout=60)
    return sum(line.startswith(b"Error") for line in (done.stdout + done.stderr).splitlines())
