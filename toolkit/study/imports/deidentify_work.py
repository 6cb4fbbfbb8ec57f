"""The work folder of a copy: finished batches of objects, which a stopped run goes on from.

It lies beside the copy and holds only what the copy will hold: de-identified objects under
numbers, and lists of them by new UIDs and pseudonyms. Names follow from the key.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from toolkit.readers.dicom.deidentify.engine import Copy, Options, deidentified
from toolkit.readers.dicom.deidentify.key import keyed, read_or_make_key, who_is_who
from toolkit.readers.dicom.scan.attributes import DicomFault
from toolkit.readers.dicom.scan.places import Archive, Place, archive_at
from toolkit.readers.files import is_free, write_atomic

_BATCH: Final = 32  # files that are done again if a run is stopped in their midst
_MARKER: Final = "request.json"
_DELIVERING: Final = "delivering"


class DeidentifyError(ValueError):
    """A copy that cannot be made as it was asked for, and what to do about it."""


@dataclass(frozen=True, slots=True, repr=False)
class Batch:
    """Some files that lie together, for any process; it prints nothing of them.

    Parameters
    ----------
    number : int
        Of the first file, from 1.
    places : tuple of Place
        The files.
    folder : Path
        Where their copies go until all are done; beside it its list.
    address : str
        The archive.
    key_file, known, admit, uid_root
        As of ``Options``; the key itself is read by whoever does the work.
    mapped : bool
        Whether to return who is who.
    """

    number: int
    places: tuple[Place, ...]
    folder: Path
    address: str
    key_file: Path
    known: Path | None
    admit: frozenset[str]
    uid_root: str
    mapped: bool

    @property
    def record(self) -> Path:
        """The list of what became of each file."""
        return self.folder.with_suffix(".json")


MappingRow = tuple[int, str, str, str, str]  # file, path, what, original, replacement


@dataclass(frozen=True, slots=True, repr=False)
class BatchDone:
    """A batch of which every file is copied or refused."""

    record: Path
    number: int
    n_files: int
    who: tuple[MappingRow, ...] = ()

    def without_names(self) -> BatchDone:
        """Return what can be held of a million files."""
        return BatchDone(self.record, self.number, self.n_files)


@dataclass(frozen=True, slots=True)
class FileDone:
    """What became of one file: its copy waits at ``copy``, to go to ``path``; or it is refused."""

    number: int
    copy: Path
    path: str
    reason: str
    words: str
    patient: str
    days: int
    sha256: str


@contextmanager
def work_folder(folder: Path, request: str) -> Iterator[dict[str, str]]:
    """Hold the work folder of one copy; yield what a stopped run was handing over: name to hash.

    Parameters
    ----------
    folder : Path
        The work folder; what another request left in it is removed.
    request : str
        Says what is copied how, without saying it to anybody.

    Raises
    ------
    DeidentifyError
        If the folder is not ours, or another process is at work in it.
    """
    marker = folder / _MARKER
    if folder.is_symlink() or not is_free(folder, _MARKER) or not _is_ours(marker):
        msg = f"{folder.name} exists and is no work folder of study deidentify; move it away"
        raise DeidentifyError(msg)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = f"another process is making {folder.name.split('.')[1]}; wait until it ends"
            raise DeidentifyError(msg) from None
        if not marker.is_file() or marker.read_text(encoding="ascii") != request:
            _empty(folder)
            write_atomic(marker, request)
        yield _handed_over(folder / _DELIVERING)


def _is_ours(marker: Path) -> bool:
    """Whether there is no marker, or one that this command wrote: the hash of a request."""
    if not marker.exists():
        return True
    return re.fullmatch(rb"[0-9a-f]*", marker.read_bytes()) is not None


def _handed_over(note: Path) -> dict[str, str]:
    """Return what a stopped run was handing over: name to hash."""
    try:
        found: dict[str, str] = json.loads(note.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def _empty(folder: Path) -> None:
    """Remove what another request left."""
    for name in ("batches", "copy", "tables"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / _DELIVERING).unlink(missing_ok=True)


def begin_delivery(folder: Path, made: Mapping[str, str]) -> None:
    """Note that from now on what stands at the places of the result is ours if it is this."""
    write_atomic(folder / _DELIVERING, json.dumps(made))


def batches(address: str, places: Iterable[Place], key: bytes, **common: Any) -> Iterator[Batch]:
    """Cut the files of an archive into batches, named by key and files."""
    work: Path = common.pop("work")
    coming, number = iter(places), 1
    while chunk := tuple(islice(coming, _BATCH)):
        seen = json.dumps([number, *((p.path, p.size, p.stamp, p.reason) for p in chunk)])
        name = keyed(key, "batch", seen).hex()[:24]
        yield Batch(number, chunk, work / "batches" / name, address, **common)
        number += len(chunk)


def finished(batch: Batch) -> BatchDone:
    """De-identify the files of a batch, unless that was done before; runs in a worker."""
    options = Options(
        key=_key(batch.key_file),
        admit=batch.admit,
        known=batch.known,
        uid_root=batch.uid_root,
    )
    archive = archive_at(batch.address)
    if not _is_whole(batch):
        shutil.rmtree(batch.folder, ignore_errors=True)
        _make(batch, archive, options)
    who = tuple(_who(batch, archive, options)) if batch.mapped else ()
    return BatchDone(batch.record, batch.number, len(batch.places), who)


def _make(batch: Batch, archive: Archive, options: Options) -> None:
    """De-identify the files of a batch into a folder that gets its name when it is whole.

    A worker of a run that was killed may still be at the same batch.
    """
    scratch = batch.folder.with_name(f".{batch.folder.name}.{uuid4().hex}.tmp")
    scratch.mkdir(parents=True)
    rows = []
    for number, place in enumerate(batch.places):
        copy = _copied(place, archive, options)
        if copy.data:
            (scratch / str(number)).write_bytes(copy.data)
        rows.append(
            (copy.path, copy.reason, copy.words, copy.patient, copy.days, _sha256(copy.data))
        )
    try:
        scratch.rename(batch.folder)
    except OSError:
        if not batch.folder.is_dir():
            raise
        shutil.rmtree(scratch)  # the other was faster, and made the same
    write_atomic(batch.record, json.dumps(rows))


@lru_cache(maxsize=4)
def _key(file: Path) -> bytes:
    """Read the key where the work is done: it is sent nowhere."""
    return read_or_make_key(file, outside=())[0]


def _is_whole(batch: Batch) -> bool:
    """Whether a batch was finished before; takes back copies that were moved to their places."""
    try:
        listed = list(files_of(batch.record, batch.number))
    except (FileNotFoundError, ValueError, TypeError):  # none, or damaged since
        return False
    for done in listed:
        if done.reason:
            continue
        moved = batch.folder.parents[1] / "copy" / done.path
        if not done.copy.exists() and moved.exists():
            moved.rename(done.copy)
        # After a loss of power a list may be there and what it lists not.
        if not done.copy.is_file() or _sha256(done.copy.read_bytes()) != done.sha256:
            return False
    return True


def _sha256(content: bytes) -> str:
    """Return the hash by which a copy is known again."""
    return hashlib.sha256(content).hexdigest()


def files_of(record: Path, number: int) -> Iterator[FileDone]:
    """Yield what became of the files of a batch; ``number`` is that of its first."""
    rows: list[list[Any]] = json.loads(record.read_text(encoding="utf-8"))
    for place, row in enumerate(rows):
        yield FileDone(number + place, record.with_suffix("") / str(place), *row)


def _copied(place: Place, archive: Archive, options: Options) -> Copy:
    """Return the copy of one file, or why there is none."""
    if place.reason:
        words = "the file or folder cannot be entered, or leads back to itself"
        return Copy(reason=place.reason, words=words)
    try:
        with archive.opened(place.path) as file:
            data = file.read(0, place.size)
    except DicomFault as fault:
        return Copy(reason=fault.reason, words=fault.words)
    return deidentified(data, options)


def _who(batch: Batch, archive: Archive, options: Options) -> Iterator[MappingRow]:
    """Yield who is who in the files of a batch, from their headers."""
    for done, place in zip(files_of(batch.record, batch.number), batch.places, strict=True):
        if done.reason:
            yield done.number, place.path, "refused", "", ""
            continue
        with archive.opened(place.path) as file:
            found = who_is_who(file.read, place.size, options.key, uid_root=options.uid_root)
        for what, (before, after) in found.items():
            yield done.number, place.path, what, before, after
