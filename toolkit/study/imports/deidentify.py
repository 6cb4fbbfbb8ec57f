"""An archive of DICOM objects and the hospital's tables -> their de-identified copy."""

from __future__ import annotations

import csv
import hashlib
import io
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from toolkit.executor import map_ordered
from toolkit.readers.dicom.deidentify.hospital_tables import TableRules, deidentified_tables
from toolkit.readers.dicom.deidentify.keep_list import check_admitted, keep_list, keep_list_bytes
from toolkit.readers.dicom.deidentify.key import (
    UUID_ROOT,
    check_root,
    keyed,
    read_or_make_key,
    refuse_inside,
)
from toolkit.readers.dicom.scan.attributes import REMEDIES, Reason
from toolkit.readers.dicom.scan.places import archive_at
from toolkit.readers.files import lies_in, write_atomic
from toolkit.readers.tabular.raw_table import cell_text
from toolkit.readers.tabular.sources import TableSource, read_table
from toolkit.study.imports.deidentify_work import (
    BatchDone,
    DeidentifyError,
    MappingRow,
    batches,
    begin_delivery,
    files_of,
    finished,
    work_folder,
)
from toolkit.study.run.fingerprint import (
    module_hashes,
    sha256_file,
    sha256_folder,
    sha256_json,
)
from toolkit.tables import TABLES, Fault, TableData, TableError

if TYPE_CHECKING:
    import pandas as pd

_CODE: Final = ("toolkit.study.imports.deidentify_work",)


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
    if os.path.lexists(out):
        msg = f"{out.name} exists; a copy is whole or not at all, so name a new folder"
        raise DeidentifyError(msg)
    near = _folders(source)
    for folder in (*near, *([request.tables] if request.tables else [])):
        if any(lies_in(place, folder) for place in (out, places.work)):
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


def refuse_existing(
    places: Places, mapping: Path | None, handed_over: Mapping[str, str] | None = None
) -> None:
    """Refuse to write over what somebody else made.

    Parameters
    ----------
    places, mapping
        Where the result goes.
    handed_over : mapping, optional
        Name to hash of what a stopped run was moving to its place: that is ours as long as nobody
        has changed it.
    """
    ours = handed_over or {}
    for path in (places.tables, places.refused):
        if os.path.lexists(path) and _hash_of(path) != ours.get(path.name):
            msg = f"{path.name} exists; move it away, or name another copy"
            raise DeidentifyError(msg)
    if (
        mapping is not None
        and os.path.lexists(mapping)
        and _hash_of(mapping) != ours.get(mapping.name)
    ):
        msg = f"--mapping: {mapping.name} exists; name a new file"
        raise DeidentifyError(msg)


def _hash_of(path: Path) -> str:
    """Return the hash of a file or folder; nothing of a link."""
    if path.is_symlink():
        return ""
    return sha256_folder(path) if path.is_dir() else sha256_file(path)


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


def read_hospital_tables(folder: Path) -> tuple[dict[str, TableData], list[str]]:
    """Read the canonical tables of a folder, each of its canonical columns.

    Returns
    -------
    tables : dict of str to TableData
        By name.
    said : list of str
        What is left out: columns that no table knows, by their place, and other files.

    Raises
    ------
    DeidentifyError
        If there is no table.
    TableError
        With all faults of all tables.
    """
    files = {name: folder / f"{name}.csv" for name in TABLES}
    found = {name: path for name, path in files.items() if path.is_file()}
    if not found:
        msg = (
            f"--tables: {folder.name} holds none of {', '.join(f'{name}.csv' for name in TABLES)}; "
            "name the folder of the hospital's tables"
        )
        raise DeidentifyError(msg)
    tables: dict[str, TableData] = {}
    said: list[str] = []
    faults: list[Fault] = []
    for name, path in found.items():
        known, unknown = _columns(name, path)
        if unknown:
            said.append(f"{name}.csv: left out column {', '.join(map(str, unknown))}, no known one")
        try:
            source = TableSource(file=path.name, columns={column: column for column in known})
            tables[name] = read_table(name, [source], folder=folder)
        except TableError as error:
            faults += error.faults
    others = sum(path not in found.values() for path in folder.iterdir())
    if others:
        said.append(f"left out {others} further files of {folder.name}, no tables")
    if faults:
        raise TableError(faults)
    return tables, said


def _columns(name: str, path: Path) -> tuple[list[str], list[int]]:
    """Return the canonical columns of a file, and the places of the others, from 1."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        header = next(csv.reader(file), [])
    known = [column for column in header if column in TABLES[name].names]
    unknown = [place for place, column in enumerate(header, 1) if column not in known]
    return known, unknown


def write_hospital_tables(frames: Mapping[str, pd.DataFrame], folder: Path) -> None:
    """Write tables as CSV files named after them, each cell from its value."""
    for name, frame in frames.items():
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(frame.columns)
        cells = [[cell_text(value) for value in frame[column].tolist()] for column in frame]
        writer.writerows(zip(*cells, strict=True))
        write_atomic(folder / f"{name}.csv", text.getvalue())


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


@dataclass(frozen=True, kw_only=True)
class Deidentified:
    """What became of an archive.

    Parameters
    ----------
    n_files, n_written : int
        Files met, and objects of the copy.
    refused : dict of str to int
        How many were refused for each reason.
    key_made : bool
        Whether the key is new.
    places : Places
        What was written where.
    said : tuple of str
        What was left out of the tables.
    """

    n_files: int
    n_written: int
    refused: dict[str, int]
    key_made: bool
    places: Places
    said: tuple[str, ...]


def deidentify_archive(source: str, out: Path, request: Request) -> Deidentified:
    """Write a de-identified copy of an archive: ``study/series/instance.dcm`` and nothing else.

    Parameters
    ----------
    source : str
        Folder, ``file://`` or ``s3://`` address, with all below it; only read.
    out : Path
        The copy; must not exist. It appears whole, or not at all. The hospital's tables go to
        ``OUT-tables``, the list of refused files to ``OUT-refused.csv``.
    request : Request
        Key and choices. The same key gives the same copy.

    Returns
    -------
    Deidentified

    Raises
    ------
    ValueError
        If a folder or file is not where it may be, or the key or an argument is not usable.
    TableError
        With every cell of the tables that cannot be used.
    ArchiveError
        If the archive is not there.

    Notes
    -----
    A run that was stopped goes on from its work folder when it is asked for the same again.
    """
    places = Places(out)
    key, key_made = checked_key(source, places, request)
    hospital, said = read_hospital_tables(request.tables) if request.tables else ({}, [])
    with work_folder(places.work, request_hash(source, key, request)) as handed_over:
        refuse_existing(places, request.mapping, handed_over)
        with _secret_rows(request.mapping) as note:
            done = _worked(source, places.work, key, request, note)
            copied = _placed(done, places.work / "copy")
            if hospital:
                rules = TableRules(
                    keep=keep_list(request.known),
                    key=key,
                    patients=copied.patients,
                    uid_root=request.uid_root,
                )
                _write_tables(hospital, rules, places.work / "tables", note)
        _deliver(places, copied.refused, request.mapping)
    shutil.rmtree(places.work)
    reasons = Counter(row[1] for row in copied.refused)
    return Deidentified(
        n_files=copied.n_files,
        n_written=copied.n_files - len(copied.refused),
        refused=dict(sorted(reasons.items())),
        key_made=key_made,
        places=places,
        said=tuple(said),
    )


def _worked(
    source: str,
    work: Path,
    key: bytes,
    request: Request,
    note: Callable[[Sequence[MappingRow]], object],
) -> list[BatchDone]:
    """De-identify all files, batch by batch; return the batches in the order of the files."""
    common: dict[str, Any] = {
        "key_file": request.key_file.absolute(),
        "known": request.known.absolute() if request.known else None,
        "admit": request.admit,
        "uid_root": request.uid_root,
        "mapped": request.mapping is not None,
    }
    tasks = batches(source, archive_at(source).places(), key, work=work.absolute(), **common)
    done = []
    for batch in map_ordered(finished, tasks, jobs=request.jobs, scheduler=request.scheduler):
        note(batch.who)
        done.append(batch.without_names())
        if request.progress is not None:
            request.progress(batch.number + batch.n_files - 1)
    return done


@dataclass(frozen=True, kw_only=True, eq=False)
class _Placed:
    """Rows of refusals, patients of each new Study Instance UID, and how many files there were."""

    refused: list[tuple[int, str, str, str]]
    patients: Mapping[str, Mapping[str, int]]
    n_files: int


def _placed(done: Sequence[BatchDone], copy: Path) -> _Placed:
    """Move each copy to its place.

    A second file of one instance is refused here, in the order of the files, whoever made it.
    """
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    refused: list[tuple[int, str, str, str]] = []
    patients: dict[str, dict[str, int]] = {}
    for batch in done:
        for file in files_of(batch.record, batch.number):
            target = copy / file.path
            reason, words = file.reason, file.words
            if not reason and target.exists():
                reason, words = "duplicate", "another file holds the same instance"
            if reason:
                refused.append((file.number, reason, words, _remedy(reason)))
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            file.copy.rename(target)
            patients.setdefault(file.path.split("/")[0], {})[file.patient] = file.days
    n_files = sum(batch.n_files for batch in done)
    return _Placed(refused=refused, patients=patients, n_files=n_files)


def _write_tables(
    hospital: Mapping[str, TableData],
    rules: TableRules,
    folder: Path,
    note: Callable[[Sequence[MappingRow]], object],
) -> None:
    """Write the hospital's tables, and note what stands for what."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    made = deidentified_tables(hospital, rules)
    write_hospital_tables(made.frames, folder)
    note(
        [
            (0, f"{name}.csv", column, before, after)
            for (name, column, before), after in made.replaced.items()
        ]
    )


def _part(mapping: Path) -> Path:
    """Return where a mapping is written until it is whole: a name that only this command gives."""
    return mapping.with_name(f".{mapping.name}.study-deidentify.part")


@contextmanager
def _secret_rows(path: Path | None) -> Iterator[Callable[[Sequence[MappingRow]], object]]:
    """Yield what notes rows in a file that only its owner can read, or nowhere."""
    if path is None:
        yield lambda _: None
        return
    part = _part(path)
    part.unlink(missing_ok=True)
    number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    # A file name that is no UTF-8 is kept as the bytes that it is.
    with os.fdopen(number, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_MAPPING_COLUMNS)
        try:
            yield writer.writerows
        except BaseException:
            part.unlink()
            raise


def _deliver(
    places: Places, refused: Sequence[tuple[int, str, str, str]], mapping: Path | None
) -> None:
    """Move all that was made to its place, the copy last."""
    listed, tables = places.work / "refused.csv", places.work / "tables"
    with listed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_REFUSED_COLUMNS)
        writer.writerows(refused)
    moved = [(listed, places.refused)]
    moved += [(tables, places.tables)] if tables.exists() else []
    moved += [(_part(mapping), mapping)] if mapping is not None else []
    begin_delivery(places.work, {place.name: _hash_of(made) for made, place in moved})
    if mapping is not None:
        _part(mapping).replace(mapping)
    listed.replace(places.refused)
    if tables.exists():
        shutil.rmtree(places.tables, ignore_errors=True)
        tables.rename(places.tables)
    (places.work / "copy").rename(places.out)
