"""The manifest finds every change of a delivered book."""

import random

import pytest

from toolkit.study.run.fingerprint import VerifyError, verify, write_manifest


@pytest.fixture
def book(tmp_path):
    tree = tmp_path / "tree"
    (tree / "records").mkdir(parents=True)
    (tree / "index.html").write_text("<h1>Book</h1>")
    (tree / "records" / "05.json").write_text('{"auc": 0.8}')
    name = write_manifest(tree, study="s", inputs={"cases": "1"}, chapters={})
    return tree.rename(tmp_path / name)


def test_verify_counts_the_files_of_an_untouched_book(book, tmp_path):
    assert verify(book) == 2
    link = tmp_path / "demo"
    link.symlink_to(book)
    assert verify(link) == 2


def test_verify_names_what_changed_is_missing_or_was_added(book):
    (book / "index.html").write_text("<h1>Other</h1>")
    (book / "records" / "05.json").unlink()
    (book / "more.html").write_text("x")
    with pytest.raises(VerifyError) as caught:
        verify(book)
    assert caught.value.faults == (
        "records/05.json: missing",
        "more.html: not listed in the manifest",
        "index.html: changed",
    )


def test_verify_finds_any_changed_byte(book):
    draw = random.Random(20260101)
    files = sorted(path for path in book.rglob("*") if path.is_file())
    for _ in range(100):
        path = draw.choice(files)
        content = bytearray(path.read_bytes())
        at = draw.randrange(len(content))
        old = content[at]
        content[at] = (old + draw.randrange(1, 256)) % 256
        path.write_bytes(bytes(content))
        with pytest.raises(VerifyError):
            verify(book)
        content[at] = old
        path.write_bytes(bytes(content))
    assert verify(book) == 2


def test_verify_refuses_what_is_no_book(tmp_path):
    with pytest.raises(VerifyError, match="missing; is this a delivered book"):
        verify(tmp_path)
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(VerifyError, match="not a manifest"):
        verify(tmp_path)


def test_write_manifest_is_the_same_for_the_same_files(book):
    content = (book / "manifest.json").read_bytes()
    (book / "manifest.json").unlink()
    write_manifest(book, study="s", inputs={"cases": "1"}, chapters={})
    assert (book / "manifest.json").read_bytes() == content
