"""A delivered book as a folder or a zip file: the same files, checked, and nothing written over."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from toolkit.cli import app
from toolkit.study.run.export import export_book
from toolkit.study.run.fingerprint import VerifyError, verify, write_manifest
from toolkit.study.run.workspace import OutputError, Workspace


def deliver(workspace, text):
    with workspace.locked():
        tree = workspace.scratch("book")
        (tree / "records").mkdir()
        (tree / "index.html").write_text(f"<h1>{text}</h1>")
        (tree / "records" / "05.json").write_text('{"auc": 0.8}')
        name = write_manifest(tree, study="demo", inputs={"cases": "1"}, chapters={})
        workspace.deliver(tree, name)
    return workspace.out


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "reports" / "demo")


@pytest.fixture
def book(workspace):
    return deliver(workspace, "Book")


def files(folder):
    """Every file and folder below a folder, with what is in it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_export_writes_a_real_folder_that_can_be_copied_anywhere(book, tmp_path):
    done = export_book(book, tmp_path / "usb" / "demo")
    assert (done.n_files, done.first_page) == (2, "index.html")
    shutil.move(tmp_path / "usb" / "demo", tmp_path / "copy")
    shutil.rmtree(tmp_path / "reports")
    assert not any(path.is_symlink() for path in (tmp_path / "copy").rglob("*"))
    assert (tmp_path / "copy" / "index.html").read_text() == "<h1>Book</h1>"
    assert verify(tmp_path / "copy") == 2


def test_export_writes_a_zip_of_one_folder_that_verify_reads(book, tmp_path):
    out = tmp_path / "demo.zip"
    top = f"demo-{book.resolve().name}"
    done = export_book(book, out)
    assert done.first_page == f"{top}/index.html"
    assert verify(out) == 2
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        assert {name.split("/")[0] for name in archive.namelist()} == {top}
        archive.extractall(tmp_path)
    assert files(tmp_path / top) == files(book.resolve())
    assert verify(tmp_path / top) == 2
    # Renamed by who got it, it is checked against its manifest alone.
    assert verify((tmp_path / top).rename(tmp_path / "from-hanoi")) == 2


def test_export_of_the_same_book_is_the_same_bytes(book, tmp_path):
    export_book(book, tmp_path / "one.zip")
    for path in book.resolve().rglob("*"):
        path.touch()
    export_book(book.resolve(), tmp_path / "two.ZIP")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.ZIP").read_bytes()


@pytest.mark.parametrize("name", ["demo.zip", "demo"])
def test_export_replaces_an_earlier_export(workspace, book, tmp_path, name):
    export_book(book, tmp_path / name)
    first = verify(tmp_path / name)
    deliver(workspace, "A later book")
    export_book(book, tmp_path / name)
    assert verify(tmp_path / name) == first
    if name == "demo":
        assert "later" in (tmp_path / name / "index.html").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, "reports"])


def test_export_checks_the_book_first(book, tmp_path):
    (book / "records" / "05.json").write_text('{"auc": 0.9}')
    for name in ("demo", "demo.zip"):
        with pytest.raises(VerifyError, match=r"records/05\.json: changed"):
            export_book(book, tmp_path / name)
        assert not (tmp_path / name).exists()


def theirs(place):
    (place / "demo").mkdir()
    (place / "demo" / "photo.jpg").write_text("theirs")


def edited_export(place):
    export_book(place / "reports" / "demo", place / "demo")
    (place / "demo" / "notes.txt").write_text("theirs")


def some_file(place):
    (place / "demo").write_text("theirs")


def link_to_nothing(place):
    (place / "demo").symlink_to(place / "nowhere")


def link_to_theirs(place):
    (place / "theirs").mkdir()
    (place / "demo").symlink_to(place / "theirs")


def copied_link(place):
    (place / "demo").symlink_to((place / "reports" / "demo").readlink())


@pytest.mark.parametrize(
    "make", [theirs, edited_export, some_file, link_to_nothing, link_to_theirs, copied_link]
)
def test_export_writes_over_nothing_that_is_not_its_own(book, tmp_path, make):
    make(tmp_path)
    before = files(tmp_path)
    with pytest.raises(OutputError, match=r"exists and is no exported book|is a link"):
        export_book(book, tmp_path / "demo")
    assert files(tmp_path) == before


@pytest.mark.parametrize("content", [b"", b"no zip", None])
def test_export_writes_over_no_other_zip(book, tmp_path, content):
    out = tmp_path / "demo.zip"
    if content is None:
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("photos/one.jpg", "theirs")
    else:
        out.write_bytes(content)
    before = out.read_bytes()
    with pytest.raises(OutputError, match="exists and is no exported book"):
        export_book(book, out)
    assert out.read_bytes() == before


@pytest.mark.parametrize("place", [".demo/copy", ".demo", "demo", "demo/copy", ".demo/work/x.zip"])
def test_export_stays_out_of_where_runs_write(workspace, book, place):
    before = files(workspace.home)
    with pytest.raises(OutputError, match=r"lies where study run writes|is a link|exists"):
        export_book(book, workspace.home.parent / place)
    assert files(workspace.home) == before


def test_export_keeps_the_older_tree(workspace, book):
    older = book.resolve()
    deliver(workspace, "A later book")
    with pytest.raises(OutputError, match="lies where study run writes"):
        export_book(book, older)
    assert verify(older) == 2


def test_verify_finds_every_change_of_a_zip(book, tmp_path):
    out = tmp_path / "demo.zip"
    export_book(book, out)
    with zipfile.ZipFile(out) as archive:
        content = {info.filename: archive.read(info) for info in archive.infolist()}

    def packed(changed):
        with zipfile.ZipFile(out, "w") as archive:
            for name, text in changed.items():
                archive.writestr(name, text)
        return out

    top = next(iter(content)).split("/")[0]
    page, manifest = f"{top}/index.html", f"{top}/manifest.json"
    cases = [
        ({**content, page: b"other"}, r"index\.html: changed"),
        ({k: v for k, v in content.items() if k != page}, r"index\.html: missing"),
        ({**content, "more.html": b"x"}, r"more\.html: not listed"),
        ({**content, f"{top}/more.html": b"x"}, r"more\.html: not listed"),
        ({k: v for k, v in content.items() if k != manifest}, r"is this a delivered book"),
    ]
    for changed, message in cases:
        with pytest.raises(VerifyError, match=message):
            verify(packed(changed))
    forged = json.loads(content[manifest])
    forged["study"] = "other"
    with pytest.raises(VerifyError, match="the folder's name is another"):
        verify(packed({**content, manifest: json.dumps(forged).encode()}))
    packed(content)
    damaged = bytearray(out.read_bytes())
    damaged[60] ^= 1
    out.write_bytes(bytes(damaged))
    with pytest.raises(VerifyError):
        verify(out)


def test_verify_of_a_copied_link_names_the_way_to_copy(book, tmp_path):
    copied_link(tmp_path)
    assert book.exists()
    with pytest.raises(VerifyError, match="leads nowhere; a book is copied with study export"):
        verify(tmp_path / "demo")


def call(*arguments):
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


def test_command_exports_and_says_what_to_open(book, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = book.resolve().name
    assert call("export", book, "demo.zip") == (
        0,
        f"written: demo.zip, 2 files; unpack it and open demo-{name}/index.html\n",
    )
    assert call("export", book, "usb/demo") == (
        0,
        "written: usb/demo, 2 files; open index.html\n",
    )
    for place in ("demo.zip", "usb/demo", book):
        code, text = call("verify", place)
        assert code == 0
        assert text == f"2 files are as they were delivered; manifest {name}\n"
    Path("photos").mkdir()
    Path("photos", "one.jpg").touch()
    code, text = call("export", book, "photos")
    assert code == 2
    assert f"such as {Path('photos', 'demo')}" in text
