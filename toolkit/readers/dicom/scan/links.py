"""Which objects belong together, and what contradicts itself across the files of an archive.

Of each object only hashes are kept, and these in files: a file for each part of the range of the
hash that objects are joined by, so that one part at a time need be in memory. What is found out
is a byte an object.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, IndexArray

Whole = NDArray[np.uint64]
Flags = NDArray[np.uint16]

_PARTS: Final = 256  # of the range of a hash; 100 million objects: 400,000 in each
_HELD: Final = 16_384  # objects whose hashes are in memory until they are written
# What is kept of each object, by what it is joined by: that hash, then what goes with it.
_KEPT: Final = {
    "image": ("image", "content"),
    "study": ("study", "patient", "accession"),
    "accession": ("accession", "study", "patient", "date"),
}
_COLUMNS: Final = {
    "image": "image_id",
    "study": "study_uid",
    "patient": "patient_id",
    "accession": "accession_number",
    "date": "study_date",
}
(
    PICTURE,
    COPY,
    DISPUTED,
    FIRST_OF_STUDY,
    FIRST_OF_ACCESSION,
    TWO_PATIENTS,
    SHARED_ACCESSION,
    NO_ACCESSION,
    TWO_ACCESSIONS,
    PATIENTS_OF_ACCESSION,
    DATES_OF_ACCESSION,
    READ,
    READ_IN_STUDY,
) = (1 << bit for bit in range(13))
_LEFT_OUT: Final = COPY | DISPUTED
# An examination of which the accession number is no case.
_NO_CASE: Final = NO_ACCESSION | TWO_ACCESSIONS | PATIENTS_OF_ACCESSION


@lru_cache(maxsize=4096)
def identifier_hash(text: str) -> int:
    """Return 64 bits of a text; a million texts share one with a chance of 3 in 100 million.

    Parameters
    ----------
    text : str
        An identifier; 0 stands for an empty one.
    """
    if not text:
        return 0
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") or 1


class ObjectLinks:
    """The hashes of all objects, in the order of the archive; a context manager.

    Parameters
    ----------
    folder : Path
        Where files may lie meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix=".links-", dir=folder)
        self._held: dict[str, list[Whole]] = {name: [] for name in _KEPT}
        self._pictures: list[Flags] = []
        self._n_held = self._n = 0

    def __enter__(self) -> ObjectLinks:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def add(
        self, rows: Sequence[dict[str, object]], contents: Iterable[str], pictures: Iterable[int]
    ) -> None:
        """Keep the objects of a piece.

        Parameters
        ----------
        rows : sequence of dict
            Of the inventory.
        contents : iterable of str
            All that the inventory holds of each.
        pictures : iterable of int
            Of each ``PICTURE`` if it is a mammogram, with ``READ`` if it is made to be read, else
            0: a report or a screenshot may have a study of its own, which is no examination.
        """
        hashes = {
            name: _hashes(str(row[column] or "") for row in rows)
            for name, column in _COLUMNS.items()
        }
        hashes["content"] = _hashes(contents)
        hashes["number"] = np.arange(self._n, self._n + len(rows), dtype=np.uint64)
        for key, names in _KEPT.items():
            self._held[key].append(np.stack([hashes[name] for name in (*names, "number")], axis=1))
        self._pictures.append(np.fromiter(pictures, dtype=np.uint16))
        self._n += len(rows)
        self._n_held += len(rows)
        if self._n_held >= _HELD:
            self._write()

    def _write(self) -> None:
        """Append what is in memory to the files of its parts."""
        for key, held in self._held.items():
            records = np.concatenate([*held, np.zeros((0, len(_KEPT[key]) + 1), np.uint64)])
            part = (records[:, 0] % _PARTS).astype(np.intp)
            order = np.argsort(part, kind="stable")
            ends = np.searchsorted(part[order], np.arange(_PARTS + 1))
            for number in np.unique(part):
                with self._path(key, int(number)).open("ab") as file:
                    file.write(records[order[ends[number] : ends[number + 1]]].tobytes())
            held.clear()
        self._n_held = 0

    def _path(self, key: str, part: int) -> Path:
        """Return the file of a part."""
        return Path(self._folder.name) / f"{key}-{part}"

    def _parts(self, key: str) -> Iterator[tuple[Whole, ...]]:
        """Yield the columns of each part, objects of one hash together and in their order."""
        for part in range(_PARTS):
            path = self._path(key, part)
            if path.exists():
                records = np.fromfile(path, np.uint64).reshape(-1, len(_KEPT[key]) + 1)
                yield tuple(records[np.argsort(records[:, 0], kind="stable")].T)

    def linked(self) -> LinkedObjects:
        """Return what the objects are to each other, once all have been added."""
        self._write()
        flags = np.concatenate([*self._pictures, np.zeros(0, dtype=np.uint16)])
        for image, content, number in self._parts("image"):
            _flag_copies(flags, image, content, number)
        for study, patient, accession, number in self._parts("study"):
            flags[number[_several(study, patient)]] |= TWO_PATIENTS
            _flag_studies(flags, study, accession, number)
        for accession, study, patient, date, number in self._parts("accession"):
            flags[number[_several(accession, study)]] |= SHARED_ACCESSION
            _flag_accessions(flags, accession, study, patient, date, number)
        return LinkedObjects(flags)


def _hashes(texts: Iterable[str]) -> Whole:
    """Return the hash of each text."""
    return np.fromiter((identifier_hash(text) for text in texts), dtype=np.uint64)


class LinkedObjects:
    """What is known of each object once all have been seen, in the order of the archive.

    Parameters
    ----------
    flags : ndarray of uint16, shape (n_objects,)
        Some of the following of each.

        * ``COPY``: the same object as one before it, to be left out.
        * ``DISPUTED``: one of several different objects with one SOP Instance UID. None of them can
          be used, since nobody can tell which of them others refer to.
        * ``FIRST_OF_STUDY``, ``FIRST_OF_ACCESSION``: the first image of its examination, and of its
          accession number where that is a case, that is used.
        * ``TWO_PATIENTS``: of an examination whose objects name more than one patient.
        * ``SHARED_ACCESSION``: of an examination that shares its accession number with another.
        * ``NO_ACCESSION``, ``TWO_ACCESSIONS``, ``PATIENTS_OF_ACCESSION``: an image of an
          examination without an accession number, with several (or on some images only), or with
          one of which it is not certain that it is of one patient.
        * ``DATES_OF_ACCESSION``: an image of an accession number with several dates.
        * ``READ_IN_STUDY``: a mammogram of an examination with one that is made to be read.
    """

    def __init__(self, flags: Flags) -> None:
        self._flags = flags

    def are(self, number: int, what: int) -> bool:
        """Whether any of some flags is that of an object."""
        return bool(self._flags[number] & what)

    def no_case(self, number: int) -> int:
        """Return the flag that says why an accession number is no case; 0 where it is one."""
        reasons = int(self._flags[number]) & _NO_CASE
        return reasons & -reasons


def _starts(key: Whole) -> IndexArray:
    """Return where each group of a sorted key begins."""
    return np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])[: key.size])


def _per_item(of_group: BoolArray, key: Whole) -> BoolArray:
    """Return what holds of its group for each item of a sorted key."""
    repeated: BoolArray = np.repeat(of_group, np.diff(np.append(_starts(key), key.size)))
    return repeated


def _differ(key: Whole, what: Whole) -> BoolArray:
    """Return where a group of a sorted key has more than one value of the second."""
    starts = _starts(key)
    differ: BoolArray = np.minimum.reduceat(what, starts) != np.maximum.reduceat(what, starts)
    return _per_item(differ, key)


def _several(key: Whole, what: Whole) -> BoolArray:
    """Return where one value of a sorted key goes with several of the second, empty ones aside."""
    several: BoolArray = (key != 0) & (what != 0)
    if several.any():
        several[several] = _differ(key[several], what[several])
    return several


def _flag_copies(flags: Flags, image: Whole, content: Whole, number: Whole) -> None:
    """Flag the copies of objects, and the objects that claim one UID."""
    starts = _starts(image)
    again = np.ones(image.size, dtype=bool)
    again[starts] = False
    disputed = _differ(image, content)
    flags[number[disputed]] |= DISPUTED
    flags[number[again & ~disputed]] |= COPY


def _flag_studies(flags: Flags, study: Whole, accession: Whole, number: Whole) -> None:
    """Flag the first image of each examination, and what its accession numbers are."""
    used = _used_pictures(flags, number)
    if not used.any():
        return
    study, accession, number = study[used], accession[used], number[used]
    flags[number[_starts(study)]] |= FIRST_OF_STUDY
    read = np.logical_or.reduceat((flags[number] & READ) != 0, _starts(study))
    flags[number[_per_item(read, study)]] |= READ_IN_STUDY
    differ = _differ(study, accession)
    flags[number[differ]] |= TWO_ACCESSIONS
    flags[number[~differ & (accession == 0)]] |= NO_ACCESSION


def _flag_accessions(
    flags: Flags, accession: Whole, study: Whole, patient: Whole, date: Whole, number: Whole
) -> None:
    """Flag images whose accession number is not certainly of one patient, and the first of each."""
    used = _used_pictures(flags, number) & (accession != 0)
    if not used.any():
        return
    accession, study, patient = accession[used], study[used], patient[used]
    date, number = date[used], number[used]
    flags[number[_patients_uncertain(accession, study, patient)]] |= PATIENTS_OF_ACCESSION
    kept = (flags[number] & _NO_CASE) == 0
    accession, date, number = accession[kept], date[kept], number[kept]
    if number.size:
        flags[number[_differ(accession, date)]] |= DATES_OF_ACCESSION
        flags[number[_starts(accession)]] |= FIRST_OF_ACCESSION


def _patients_uncertain(accession: Whole, study: Whole, patient: Whole) -> BoolArray:
    """Return where an accession number names several patients, or may.

    That of one examination needs no patient; two belong together only if both name the same.
    """
    starts = _starts(accession)
    named = np.where(patient, patient, np.iinfo(np.uint64).max)
    last = np.maximum.reduceat(patient, starts)
    two = (last != 0) & (np.minimum.reduceat(named, starts) != last)
    blank = np.minimum.reduceat(patient, starts) == 0
    several = np.minimum.reduceat(study, starts) != np.maximum.reduceat(study, starts)
    return _per_item(two | (several & blank), accession)


def _used_pictures(flags: Flags, number: Whole) -> BoolArray:
    """Return which objects are images that are used."""
    used: BoolArray = (flags[number] & (PICTURE | _LEFT_OUT)) == PICTURE
    return used
