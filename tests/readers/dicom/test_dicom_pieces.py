"""A scan reads each file once, goes on where it was killed, and gives the same for any workers."""

import os
import sys
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from tests.readers.dicom.test_dicom_header import mammogram, with_pixels, written
from toolkit.readers.dicom.scan.attributes import DicomFault
from toolkit.readers.dicom.scan.pieces import (
    FEWEST,
    HEADERS,
    MOST,
    Reading,
    piece_rows,
    read_pieces,
)
from toolkit.readers.dicom.scan.places import ArchiveError, archive_at


def first_byte(read, size):
    data = read(0, size)
    if data == b"fault":
        raise DicomFault("other", "as asked")
    if data == b"crash":
        msg = "SECRET value"
        raise KeyError(msg)
    return {"first": data[:1].decode()}


READING = Reading(name="bytes", version=1, row=first_byte)


def put(folder, path, content=b"x"):
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


def scan(archive, work, **choices):
    return list(read_pieces(str(archive), work, READING, **choices))


def rows(pieces):
    return [row for piece in pieces for row in piece_rows(piece.path)]


def test_every_file_has_one_row_in_the_order_of_the_paths(tmp_path):
    archive = tmp_path / "archive"
    for path in ("b/2", "b/10", "a", "c/d/1", "B"):
        put(archive, path, path[-1].encode())
    found = rows(scan(archive, tmp_path / "work"))
    assert [row["path"] for row in found] == ["B", "a", "b/10", "b/2", "c/d/1"]
    assert [row["first"] for row in found] == ["B", "a", "0", "2", "1"]


def test_faults_and_failures_are_rows_and_no_message_of_a_failure_is_kept(tmp_path):
    archive = tmp_path / "archive"
    put(archive, "1", b"fault")
    put(archive, "2", b"crash")
    put(archive, "3", b"good")
    (piece,) = scan(archive, tmp_path / "work")
    found = rows([piece])
    assert [row["reason"] for row in found] == ["other", "other", ""]
    assert [row["words"] for row in found] == ["as asked", "the reader failed (KeyError)", ""]
    assert (piece.n_files, piece.n_read, piece.n_rejected) == (3, 3, 2)


def test_a_second_scan_reads_nothing(tmp_path):
    archive = tmp_path / "archive"
    for number in range(700):
        put(archive, f"{number:04d}")
    first = scan(archive, tmp_path / "work")
    second = scan(archive, tmp_path / "work")
    assert sum(piece.n_read for piece in first) == 700
    assert sum(piece.n_read for piece in second) == 0
    assert [piece.path for piece in first] == [piece.path for piece in second]


def test_a_second_scan_reads_only_what_changed(tmp_path):
    archive = tmp_path / "archive"
    for number in range(3000):
        put(archive, f"{number:04d}")
    scan(archive, tmp_path / "work")
    put(archive, "0000a", b"new")
    put(archive, "1500", b"changed")
    (archive / "2000").unlink()
    pieces = scan(archive, tmp_path / "work")
    assert sum(piece.n_read for piece in pieces) == 2
    found = {row["path"]: row["first"] for row in rows(pieces)}
    assert len(found) == 3000
    assert (found["0000a"], found["1500"]) == ("n", "c")
    assert "2000" not in found
    assert {path.name for path in (tmp_path / "work").glob("bytes-*.z")} == {
        piece.path.name for piece in pieces
    }


def test_a_killed_scan_goes_on(tmp_path):
    archive = tmp_path / "archive"
    for number in range(3 * MOST):
        put(archive, f"{number:05d}", b"")
    begun = read_pieces(str(archive), tmp_path / "work", READING)
    done = next(begun)
    begun.close()
    pieces = scan(archive, tmp_path / "work")
    assert sum(piece.n_read for piece in pieces) == 3 * MOST - done.n_files


def test_another_version_reads_again(tmp_path):
    archive = tmp_path / "archive"
    put(archive, "1")
    scan(archive, tmp_path / "work")
    newer = Reading(name="bytes", version=2, row=first_byte)
    (piece,) = read_pieces(str(archive), tmp_path / "work", newer)
    assert piece.n_read == 1


def test_pieces_have_a_bounded_size(tmp_path):
    archive = tmp_path / "archive"
    for number in range(5000):
        put(archive, f"{number:05d}", b"")
    sizes = [piece.n_files for piece in scan(archive, tmp_path / "work")]
    assert sum(sizes) == 5000
    assert max(sizes) <= MOST
    assert min(sizes[:-1]) >= FEWEST


def test_workers_do_not_change_a_byte(tmp_path):
    archive = tmp_path / "archive"
    for number in range(1500):
        put(archive, f"{number % 7}/{number:04d}", bytes([65 + number % 20]))
    alone = scan(archive, tmp_path / "alone")
    several = scan(archive, tmp_path / "several", jobs=2)
    assert [piece.path.name for piece in alone] == [piece.path.name for piece in several]
    for one, other in zip(alone, several, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()


def test_a_cluster_does_not_change_a_byte(tmp_path):
    import distributed

    archive = tmp_path / "archive"
    for number in range(800):
        put(archive, f"{number:04d}")
    alone = scan(archive, tmp_path / "alone")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0", processes=False
    ) as local:
        several = scan(archive, tmp_path / "several", scheduler=local.scheduler_address)
    for one, other in zip(alone, several, strict=True):
        assert one.path.read_bytes() == other.path.read_bytes()


def test_a_link_to_a_folder_above_is_one_row(tmp_path):
    archive = tmp_path / "archive"
    put(archive, "a/1")
    (archive / "a" / "up").symlink_to(archive)
    (archive / "a" / "self").symlink_to(archive / "a" / "self")
    found = rows(scan(archive, tmp_path / "work"))
    assert [(row["path"], row["reason"]) for row in found] == [
        ("a/1", ""),
        ("a/self", "loop"),
        ("a/up", "loop"),
    ]


SCAN_AS_NOBODY = """
import os, sys
from toolkit.readers.dicom.scan.places import archive_at
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
print([(place.path, place.reason) for place in archive_at(sys.argv[1]).places()])
"""


def test_a_folder_without_permission_is_one_row():
    import subprocess
    import tempfile

    # Not below pytest's own folder, which nobody else may enter.
    with tempfile.TemporaryDirectory() as name:
        archive = Path(name)
        archive.chmod(0o755)
        put(archive, "a/1")
        put(archive, "closed/1")
        (archive / "closed").chmod(0)
        command = [sys.executable, "-c", SCAN_AS_NOBODY, name]
        done = subprocess.run(command, capture_output=True, text=True)
        (archive / "closed").chmod(0o700)
    assert done.stderr == ""
    assert done.stdout.strip() == "[('a/1', ''), ('closed', 'unreadable')]"


def test_a_folder_that_cannot_be_entered_is_one_row(tmp_path, monkeypatch):
    archive = tmp_path / "archive"
    put(archive, "a/1")
    put(archive, "closed/1")
    scandir = os.scandir

    def refusing(path):
        if str(path).endswith("closed/") or str(path).endswith("closed"):
            raise PermissionError
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    found = [(place.path, place.reason) for place in archive_at(str(archive)).places()]
    assert found == [("a/1", ""), ("closed", "unreadable")]


def test_a_name_that_is_no_text_is_written_as_escapes(tmp_path):
    archive = tmp_path / "archive"
    archive.mkdir()
    with open(os.fsencode(archive) + b"/\xff1", "wb") as file:
        file.write(b"x")
    (row,) = rows(scan(archive, tmp_path / "work"))
    assert row["first"] == "x"
    assert row["path"] == "\\xff1"


def test_an_archive_that_is_not_there(tmp_path):
    with pytest.raises(ArchiveError, match="is no folder; name the folder that holds"):
        scan(tmp_path / "nothing", tmp_path / "work")
    with pytest.raises(ArchiveError, match="is a file, not a folder"):
        scan(put(tmp_path, "file"), tmp_path / "work")
    with pytest.raises(ArchiveError, match="pip install"):
        scan("nothing://here", tmp_path / "work")


def test_headers_of_an_archive(tmp_path):
    archive = tmp_path / "archive"
    put(archive, "1/a.dcm", written(with_pixels(mammogram(ImageLaterality="L"))))
    put(archive, "1/b.dcm", written(with_pixels(mammogram()))[:-10])
    put(archive, "notes.txt", b"not an image")
    (piece,) = read_pieces(f"file://{archive}", tmp_path / "work", HEADERS)
    found = rows([piece])
    assert [row["reason"] for row in found] == ["", "cut_off", "not_dicom"]
    assert found[0]["image_id"] == "1.2.3"
    assert (found[0]["laterality"], found[0]["kind"]) == ("L", "ffdm_for_presentation")
    assert "image_id" not in found[1]


@pytest.mark.filterwarnings("ignore")  # of the client library, about its own calls
def test_an_object_store_gives_the_same_rows_as_a_folder(object_store, tmp_path):
    object_store.mkdir("archive-bucket")
    item = Dataset()
    item.ReferencedSOPInstanceUID = "1.9"
    contents = {
        "1/a.dcm": written(with_pixels(mammogram(SourceImageSequence=[item]), n_bytes=80_000)),
        "1/b.dcm": b"no image",
        "2/c.dcm": written(with_pixels(mammogram()))[:-10],
    }
    for path, content in contents.items():
        put(tmp_path / "archive", path, content)
        object_store.pipe(f"archive-bucket/year/{path}", content)
    (near,) = read_pieces(str(tmp_path / "archive"), tmp_path / "near", HEADERS)
    (far,) = read_pieces("s3://archive-bucket/year", tmp_path / "far", HEADERS)
    rows_near, rows_far = rows([near]), rows([far])
    stamps = [{row.pop("stamp") for row in found} for found in (rows_near, rows_far)]
    assert rows_near == rows_far
    assert stamps[0].isdisjoint(stamps[1])
    (again,) = read_pieces("s3://archive-bucket/year", tmp_path / "far", HEADERS)
    assert again.n_read == 0
    with pytest.raises(ArchiveError, match="holds nothing"):
        list(read_pieces("s3://archive-bucket/other", tmp_path / "none", HEADERS))


@pytest.mark.filterwarnings("ignore")
def test_an_object_store_that_does_not_answer_is_one_clear_error(
    object_store, tmp_path, monkeypatch
):
    with pytest.raises(ArchiveError, match="holds nothing; name the bucket and prefix"):
        list(read_pieces("s3://no-such-bucket/here", tmp_path / "1", HEADERS))

    async def forbidden(*_, **__):
        msg = "Access Denied"
        raise PermissionError(msg)

    with monkeypatch.context() as patch:
        patch.setattr(type(object_store), "_ls", forbidden)
        object_store.clear_instance_cache()
        with pytest.raises(ArchiveError, match=r"does not let this account list .*; give the cred"):
            list(read_pieces("s3://archive-bucket", tmp_path / "2", HEADERS))
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    object_store.clear_instance_cache()
    with pytest.raises(ArchiveError, match=r"cannot be reached .*; check the address, the network"):
        list(read_pieces("s3://archive-bucket", tmp_path / "3", HEADERS))


def test_importing_the_command_imports_no_dicom():
    import subprocess

    code = "import sys, toolkit.cli; print('pydicom' in sys.modules, 'fsspec' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
