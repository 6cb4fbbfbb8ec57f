"""What may be asked of study deidentify: which files, by which key, and where the copy goes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

from toolkit.readers.dicom.deidentify.keep_list import keep_list, keep_list_bytes
from toolkit.readers.dicom.deidentify.key_file import read_or_make_key, refuse_inside
from toolkit.readers.dicom.deidentify.refusals import check_admitted
from toolkit.readers.dicom.deidentify.uids import UUID_ROOT, check_root, keyed
from toolkit.readers.dicom.places import archive_at
from toolkit.study.deidentify_work import DeidentifyError
from toolkit.study.fingerprint import module_hashes, sha256_json

_CODE: Final = ("toolkit.study.deidentify_work",)


@dataclass(frozen=True, kw_only=True)
class Request:
    """How an archive is to be de-identified.

    Parameters
    ----------
    key_file : Path
        Secret that UIDs, pseudonyms and dates follow from; made if it is not there.
    tables : Path, optional
        Folder of the hospital's own tables, CSV files named after the canonical ones, with the
        Study Instance UID as ``case_id``.
    jobs, scheduler
        As of ``map_ordered``. Workers of a cluster must see the key file, the archive and the
        folder of the copy under the same names.
    admit : frozenset of str
        Refusals taken back, having looked at the pictures: burned_in, burned_in_unknown,
        secondary_capture.
    known : Path, optional
        YAML with names and codes that are written as they are.
    uid_root : str
        Root of the UIDs.
    mapping : Path, optional
        CSV that tells what was which, written with mode 0600; without it no such list is.
    progress : callable, optional
        Called with the number of files done.
    """

    key_file: Path
    tables: Path | None = None
    jobs: int = 1
    scheduler: str | None = None
    admit: frozenset[str] = frozenset()
    known: Path | None = None
    uid_root: str = UUID_ROOT
    mapping: Path | None = None
    progress: Callable[[int], object] | None = None


@dataclass(frozen=True)
class Places:
    """What one command writes: the copy, and beside it what goes with it.

    Parameters
    ----------
    out : Path
        DICOM objects and nothing else.
    """

    out: Path

    @property
    def tables(self) -> Path:
        """The hospital's tables by the same key."""
        return self.out.with_name(f"{self.out.name}-tables")

    @property
    def refused(self) -> Path:
        """The list of what was left out."""
        return self.out.with_name(f"{self.out.name}-refused.csv")

    @property
    def work(self) -> Path:
        """What a stopped run goes on from; gone when the copy is whole."""
        return self.out.with_name(f".{self.out.name}.deidentify")


def checked_key(source: str, places: Places, request: Request) -> tuple[bytes, bool]:
    """Refuse what cannot be before anything is written; return the key and whether it is new."""
    check_admitted(request.admit)
    check_root(request.uid_root)
    keep_list(request.known)
    archive_at(source)
    out = places.out
    if out.exists() or out.is_symlink():
        msg = f"{out.name} exists; a copy is whole or not at all, so name a new folder"
        raise DeidentifyError(msg)
    near = _folders(source)
    for folder in (*near, *([request.tables] if request.tables else [])):
        if out.resolve().is_relative_to(folder.resolve()):
            msg = f"{out.name} lies inside the folder that is copied; name a folder outside it"
            raise DeidentifyError(msg)
    outside = (out, places.tables, places.work, *near)
    if request.tables is not None:
        outside = (*outside, request.tables)
        if not request.tables.is_dir():
            msg = f"--tables: {request.tables.name} is no folder; name that of the CSV files"
            raise DeidentifyError(msg)
    if request.mapping is not None:
        refuse_inside(request.mapping, outside, "--mapping")
    return read_or_make_key(request.key_file, outside=outside)


def _folders(source: str) -> list[Path]:
    """Return the folder of an archive on this machine; none for one elsewhere."""
    path = source.removeprefix("file://")
    return [] if "://" in path else [Path(path)]


def refuse_existing(places: Places, mapping: Path | None) -> None:
    """Refuse to write over what somebody else made."""
    for path in (places.tables, places.refused):
        if path.exists():
            msg = f"{path.name} exists; move it away, or name another copy"
            raise DeidentifyError(msg)
    if mapping is not None and mapping.exists():
        msg = f"--mapping: {mapping.name} exists; name a new file"
        raise DeidentifyError(msg)


def request_hash(source: str, key: bytes, request: Request) -> str:
    """Say what is copied how and by which code, so that nobody else can read it."""
    known = request.known.read_bytes() if request.known else b""
    lists = hashlib.sha256(known + keep_list_bytes()).hexdigest()
    asked = {
        "archive": [str(folder.resolve()) for folder in _folders(source)] or source,
        "admit": sorted(request.admit),
        "lists": lists,
        "uid_root": request.uid_root,
        "code": {**module_hashes(*_CODE), "pydicom": version("pydicom")},
    }
    return keyed(key, "request", sha256_json(asked)).hex()
