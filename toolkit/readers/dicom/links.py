"""Which objects belong together, and what contradicts itself across the files of an archive.

Only numbers are kept of each object, so that an archive of millions fits into memory: a hash of
its UID, of its study and so on, and its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]
Booleans = NDArray[np.bool_]


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


@dataclass
class ObjectLinks:
    """What is kept of each object, in the order of the archive.

    Parameters
    ----------
    image, study, patient, accession, content : list of ndarray
        Hashes, one array a piece. ``content`` is that of all that the inventory holds of it.
    pictures : list of ndarray of bool
        Whether it has pixels: a report may have a study of its own, which is no examination.
    """

    image: list[Hashes] = field(default_factory=list)
    study: list[Hashes] = field(default_factory=list)
    patient: list[Hashes] = field(default_factory=list)
    accession: list[Hashes] = field(default_factory=list)
    content: list[Hashes] = field(default_factory=list)
    pictures: list[Booleans] = field(default_factory=list)

    def add(
        self, rows: Sequence[dict[str, object]], contents: Iterable[str], pictures: Iterable[bool]
    ) -> None:
        """Keep the objects of a piece."""
        for name, column in (
            ("image", "image_id"),
            ("study", "study_uid"),
            ("patient", "patient_id"),
            ("accession", "accession_number"),
        ):
            getattr(self, name).append(_hashes(str(row[column] or "") for row in rows))
        self.content.append(_hashes(contents))
        self.pictures.append(np.fromiter(pictures, dtype=bool))


def _hashes(texts: Iterable[str]) -> Hashes:
    """Return the hash of each text."""
    return np.fromiter((identifier_hash(text) for text in texts), dtype=np.uint64)


@dataclass(frozen=True, kw_only=True, eq=False)
class LinkedObjects:
    """What is known of each object once all have been seen, in the order of the archive.

    Parameters
    ----------
    copy : ndarray of bool, shape (n_objects,)
        The same object as one before it: to be left out.
    disputed : ndarray of bool, shape (n_objects,)
        One of several different objects with one SOP Instance UID: none of them can be used, since
        nobody can tell which of them others refer to.
    first_of_study : ndarray of bool, shape (n_objects,)
        The first image of its examination that is used.
    two_patients : ndarray of bool, shape (n_objects,)
        Of an examination whose objects name more than one patient.
    shared_accession : ndarray of bool, shape (n_objects,)
        Of an examination that shares its accession number with another one.
    """

    copy: Booleans
    disputed: Booleans
    first_of_study: Booleans
    two_patients: Booleans
    shared_accession: Booleans


def linked(links: ObjectLinks) -> LinkedObjects:
    """Return what the objects of an archive are to each other.

    Parameters
    ----------
    links : ObjectLinks
        Of all objects.
    """
    image, study, patient, accession, content = (
        np.concatenate([*parts, np.zeros(0, dtype=np.uint64)])
        for parts in (links.image, links.study, links.patient, links.accession, links.content)
    )
    _, first, number = np.unique(image, return_index=True, return_inverse=True)
    again = np.ones(image.size, dtype=bool)
    again[first] = False
    differs = content != content[first[number]]
    disputed_uid = np.zeros(first.size, dtype=bool)
    disputed_uid[number[differs]] = True
    disputed = disputed_uid[number]
    used = ~again & ~disputed
    first_of_study = np.zeros(image.size, dtype=bool)
    places = np.flatnonzero(used & np.concatenate([*links.pictures, np.zeros(0, dtype=bool)]))
    first_of_study[places[np.unique(study[places], return_index=True)[1]]] = True
    return LinkedObjects(
        copy=again & ~disputed,
        disputed=disputed,
        first_of_study=first_of_study,
        two_patients=_several(study, patient),
        shared_accession=_several(accession, study),
    )


def _several(of: Hashes, what: Hashes) -> Booleans:
    """Return where one value of the first goes with several of the second, empty ones aside."""
    given = (of != 0) & (what != 0)
    pairs = np.unique(np.stack([of[given], what[given]]), axis=1)
    values, counts = np.unique(pairs[0], return_counts=True)
    several: Booleans = given & np.isin(of, values[counts > 1])
    return several
