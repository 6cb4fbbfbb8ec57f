"""A folder of DICOM objects -> its de-identified copy, whole or not at all."""

from __future__ import annotations

import csv
import io
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from toolkit.executor import map_ordered
from toolkit.readers.dicom.deidentify.engine import Copy, Options, deidentified
from toolkit.readers.dicom.deidentify.keep_list import keep_list
from toolkit.readers.dicom.deidentify.key_file import read_or_make_key, refuse_inside
from toolkit.readers.dicom.deidentify.refusals import check_admitted
from toolkit.readers.dicom.deidentify.uids import UUID_ROOT, check_root
from toolkit.readers.dicom.faults import REMEDIES, Reason
from toolkit.readers.dicom.places import FolderArchive, Place

REFUSED_FILE: Final = "refused.csv"
_REFUSED_COLUMNS: Final = ("file", "reason", "words", "remedy")
_MAPPING_COLUMNS: Final = ("file", "path", "what", "original", "replacement")
_REMEDIES: Final[dict[str, str]] = {
    "burned_in": "look at the picture; if no name is in it, say --admit burned_in",
    "burned_in_unknown": "look at the picture; if no name is in it, say --admit burned_in_unknown",
    "secondary_capture": "look at the picture; if no name is in it, say --admit secondary_capture",
    "kind_not_kept": "nothing: images and reports are copied, other kinds are not",
    "overlay_in_pixels": "export the object uncompressed, so that the overlay can be taken out",
}


def _remedy(reason: str) -> str:
    """Return what to do about a refusal."""
    return _REMEDIES.get(reason) or REMEDIES[cast("Reason", reason)]


class DeidentifyError(ValueError):
    """A copy that cannot be made as it was asked for, and what to do about it."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """How a folder is to be de-identified.

    Parameters
    ----------
    key_file : Path
        Secret that UIDs, pseudonyms and dates follow from; made if it is not there.
    jobs : int
        Processes.
    admit : frozenset of str
        Refusals taken back, having looked at the pictures: burned_in, burned_in_unknown,
        secondary_capture.
    known : Path, optional
        YAML with names and codes that are written as they are.
    uid_root : str
        Root of the UIDs.
    mapping : Path, optional
        CSV that tells which object was which, written with mode 0600; without it no such list is.
    progress : callable, optional
        Called with the number of files done.
    """

    key_file: Path
    jobs: int = 1
    admit: frozenset[str] = frozenset()
    known: Path | None = None
    uid_root: str = UUID_ROOT
    mapping: Path | None = None
    progress: Callable[[int], object] | None = None


@dataclass(frozen=True, kw_only=True)
class Deidentified:
    """What became of a folder.

    Parameters
    ----------
    n_files, n_written : int
        Files met, and objects of the copy.
    refused : dict of str to int
        How many were refused for each reason.
    key_made : bool
        Whether the key is new.
    """

    n_files: int
    n_written: int
    refused: dict[str, int]
    key_made: bool


@dataclass(frozen=True, slots=True)
class _Task:
    """One file of the folder, for any process."""

    number: int
    folder: Path
    place: Place
    scratch: Path
    options: Options


def deidentify_folder(source: Path, out: Path, request: Request) -> Deidentified:
    """Write a de-identified copy of a folder: ``study/series/instance.dcm`` and refused.csv.

    Parameters
    ----------
    source : Path
        Folder, with all below it; only read.
    out : Path
        The copy; must not exist. It appears whole, or not at all.
    request : Request
        Key and choices. The same key gives the same copy.

    Returns
    -------
    Deidentified

    Raises
    ------
    ValueError
        If a folder or file is not where it may be, or the key or an argument is not usable;
        nothing is written then.
    """
    check_admitted(request.admit)
    keep_list(request.known)
    _check_folders(source, out)
    mapping = request.mapping
    for path, what in ((mapping, "--mapping"), (request.key_file, "--key")):
        if path is not None:
            refuse_inside(path, (out, source), what)
    if mapping is not None and mapping.exists():
        msg = f"--mapping: {mapping.name} exists; name a new file"
        raise DeidentifyError(msg)
    root = check_root(request.uid_root)
    key, key_made = read_or_make_key(request.key_file, outside=(out, source))
    options = Options(key=key, admit=request.admit, known=request.known, uid_root=root)
    scratch = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    scratch.mkdir(parents=True)
    try:
        copies = _copies(source, scratch, options, request.jobs)
        refused, mapped, n_files = _placed(copies, scratch, request.progress)
        (scratch / REFUSED_FILE).write_bytes(_csv_bytes(_REFUSED_COLUMNS, refused))
        if mapping is not None:
            _write_secret(mapping, _csv_bytes(_MAPPING_COLUMNS, mapped))
        scratch.rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    reasons = [reason for _, reason, _, _ in refused]
    return Deidentified(
        n_files=n_files,
        n_written=n_files - len(refused),
        refused={reason: reasons.count(reason) for reason in sorted(set(reasons))},
        key_made=key_made,
    )


def _check_folders(source: Path, out: Path) -> None:
    """Refuse a copy over something that exists, or inside what is copied."""
    if not source.is_dir():
        msg = "IN is no folder; name the folder that holds the DICOM files"
        raise DeidentifyError(msg)
    if out.exists() or out.is_symlink():
        msg = f"{out.name} exists; a copy is whole or not at all, so name a new folder"
        raise DeidentifyError(msg)
    if out.resolve().is_relative_to(source.resolve()):
        msg = f"{out.name} lies inside the folder that is copied; name a folder outside it"
        raise DeidentifyError(msg)


def _copies(
    source: Path, scratch: Path, options: Options, jobs: int
) -> Iterator[tuple[int, str, Copy]]:
    """Yield number, path and what became of each file, in the order of the folder."""
    tasks = (
        _Task(number, source, place, scratch, options)
        for number, place in enumerate(FolderArchive(source).places(), start=1)
    )
    return map_ordered(_one, tasks, jobs=jobs)


def _one(task: _Task) -> tuple[int, str, Copy]:
    """De-identify one file into the scratch folder, under its number."""
    if task.place.reason:
        words = "the file or folder cannot be entered, or leads back to itself"
        return task.number, task.place.path, Copy(reason=task.place.reason, words=words)
    try:
        data = (task.folder / task.place.path).read_bytes()
    except OSError as error:
        words = f"the file cannot be read ({type(error).__name__})"
        return task.number, task.place.path, Copy(reason="unreadable", words=words)
    copy = deidentified(data, task.options)
    if copy.data:
        (task.scratch / str(task.number)).write_bytes(copy.data)
    return (
        task.number,
        task.place.path,
        Copy(path=copy.path, reason=copy.reason, words=copy.words, replaced=copy.replaced),
    )


def _placed(
    copies: Iterator[tuple[int, str, Copy]],
    scratch: Path,
    progress: Callable[[int], object] | None,
) -> tuple[list[tuple[int, str, str, str]], list[tuple[int, str, str, str, str]], int]:
    """Move each copy to its place; return rows of refusals, rows of the mapping, and how many.

    A second file of one instance is refused here, in the order of the files, whoever made it.
    """
    refused: list[tuple[int, str, str, str]] = []
    mapped: list[tuple[int, str, str, str, str]] = []
    number = 0
    for number, path, copy in copies:
        target = scratch / copy.path
        reason, words = copy.reason, copy.words
        if not reason and target.exists():
            reason, words = "duplicate", "another file holds the same instance"
            (scratch / str(number)).unlink()
        if reason:
            refused.append((number, reason, words, _remedy(reason)))
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            (scratch / str(number)).rename(target)
            rows = (copy.replaced or {}).items()
            mapped += [(number, path, what, before, after) for what, (before, after) in rows]
        if progress is not None:
            progress(number)
    return refused, mapped, number


def _csv_bytes(columns: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> bytes:
    """Return a table as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    # A file name that is no UTF-8 is kept as the bytes that it is.
    return text.getvalue().encode("utf-8", "surrogateescape")


def _write_secret(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
