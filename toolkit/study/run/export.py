"""A delivered book as something that can be passed on: a real folder, or one zip file.

``reports/<study>`` is a link, and ``cp -r`` of a link is a link that leads nowhere on another
machine. What is exported here holds the files themselves.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from toolkit.readers.files import lies_in, write_atomic, write_folder_atomic
from toolkit.study.run.fingerprint import MANIFEST, VerifyError, sha256_bytes, verify
from toolkit.study.run.workspace import MARK, OutputError, file_hashes

ZIP = ".zip"
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold: none of the run's own
_READABLE = 0o100644 << 16  # a plain file that everybody may read


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written.

    Parameters
    ----------
    out : Path
        The folder or zip file.
    first_page : str
        What to open, from the folder, or within the zip.
    n_files : int
        Files of the book, without its manifest.
    """

    out: Path
    first_page: str
    n_files: int


def export_book(book: Path, out: Path) -> Exported:
    """Write a delivered book as a folder, or as a zip file where ``out`` ends with ``.zip``.

    Parameters
    ----------
    book : Path
        A delivered book; checked against its manifest and only read.
    out : Path
        Where; an earlier export there is replaced if nobody has changed it.

    Returns
    -------
    Exported

    Raises
    ------
    VerifyError
        If the book is not as it was delivered; nothing is written.
    OutputError
        If something else stands at ``out``, or it lies where runs write.

    Notes
    -----
    The same book gives the same bytes, also of the zip with one version of zlib: names are in
    order, and dates are fixed. The zip holds one folder, which is named by study and manifest.
    """
    tree = book.resolve()
    n_files = verify(tree)
    _refuse_foreign(tree, out)
    files = {name: (tree / name).read_bytes() for name in file_hashes(tree)}
    if out.suffix.lower() != ZIP:
        write_folder_atomic(out, files)
        return Exported(out=out, first_page="index.html", n_files=n_files)
    top = _top_folder(files[MANIFEST])
    write_atomic(out, _zipped(files, top))
    return Exported(out=out, first_page=f"{top}/index.html", n_files=n_files)


def _refuse_foreign(tree: Path, out: Path) -> None:
    """Raise unless ``out`` is new, empty, or an earlier export that is whole."""
    if out.is_symlink():
        msg = f"{out.name} is a link; name a new folder, or a file that ends with {ZIP}"
        raise OutputError(msg)
    place = out.absolute()
    if lies_in(place, tree) or any((above / MARK).is_file() for above in place.resolve().parents):
        msg = f"{out.name} lies where study run writes; name a place outside"
        raise OutputError(msg)
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        verify(out)
        kind = out.is_dir() == (out.suffix.lower() != ZIP)
    except VerifyError:
        kind = False
    if not kind:
        hint = f", such as {Path(out.name, tree.parent.name[1:])}" if out.is_dir() else ""
        msg = f"{out.name} exists and is no exported book that is whole; name a new folder or file"
        raise OutputError(msg + hint)


def _top_folder(manifest: bytes) -> str:
    """Return the name of the folder in a zip: the study and the hash of its manifest."""
    study = str(json.loads(manifest).get("study", ""))
    known = study if re.fullmatch(r"[a-z0-9_-]+", study) else "book"
    return f"{known}-{sha256_bytes(manifest)[:12]}"


def _zipped(files: Mapping[str, bytes], top: str) -> bytes:
    """Return a zip of files in one folder, without any date."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{top}/{name}", _EARLIEST)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, _READABLE
            entry.create_system = 3  # as on Linux, wherever it is made
            archive.writestr(entry, files[name], compresslevel=9)
    return content.getvalue()
