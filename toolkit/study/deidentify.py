"""An archive of DICOM objects and the hospital's tables -> their de-identified copy."""

from __future__ import annotations

import csv
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from toolkit.executor import map_ordered
from toolkit.readers.dicom.deidentify.hospital_tables import TableRules, deidentified_tables
from toolkit.readers.dicom.deidentify.keep_list import keep_list
from toolkit.readers.dicom.faults import REMEDIES, Reason
from toolkit.readers.dicom.places import archive_at
from toolkit.study.deidentify_request import (
    Places,
    Request,
    checked_key,
    refuse_existing,
    request_hash,
)
from toolkit.study.deidentify_tables import read_hospital_tables, write_hospital_tables
from toolkit.study.deidentify_work import (
    BatchDone,
    DeidentifyError,
    MappingRow,
    batches,
    begin_delivery,
    files_of,
    finished,
    work_folder,
)
from toolkit.tables import TableData

__all__ = ["Deidentified", "DeidentifyError", "Places", "Request", "deidentify_archive"]

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
    with work_folder(places.work, request_hash(source, key, request)) as delivering:
        if not delivering:
            refuse_existing(places, request.mapping)
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


@contextmanager
def _secret_rows(path: Path | None) -> Iterator[Callable[[Sequence[MappingRow]], object]]:
    """Yield what notes rows in a file that only its owner can read, or nowhere."""
    if path is None:
        yield lambda _: None
        return
    part = path.with_name(f".{path.name}.part")
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
    begin_delivery(places.work)
    if mapping is not None:
        mapping.with_name(f".{mapping.name}.part").replace(mapping)
    listed = places.work / "refused.csv"
    with listed.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_REFUSED_COLUMNS)
        writer.writerows(refused)
    listed.replace(places.refused)
    if (places.work / "tables").exists():
        shutil.rmtree(places.tables, ignore_errors=True)
        (places.work / "tables").rename(places.tables)
    (places.work / "copy").rename(places.out)
