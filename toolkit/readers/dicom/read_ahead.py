"""Read the beginnings of the next files while one is worked on: waiting and working overlap."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from toolkit.readers.dicom.faults import DicomFault
from toolkit.readers.dicom.places import Archive, Place
from toolkit.readers.dicom.walker import FIRST_READ, Read

_THREADS: Final = 2
_BATCH: Final = 16  # files that a thread reads at a time: handing over one by one costs more
_AHEAD: Final = 3  # batches that are held


def read_ahead(
    archive: Archive, places: Sequence[Place]
) -> Iterator[tuple[Place, Read | DicomFault]]:
    """Yield each place with what reads its file, in order, or why nothing does.

    Parameters
    ----------
    archive : Archive
        Where the files lie.
    places : sequence of Place
        Those to be read; one that is no file is passed on with nothing to read.

    Yields
    ------
    Place, callable or DicomFault
        ``read(offset, length)``.
    """
    batches = [places[start : start + _BATCH] for start in range(0, len(places), _BATCH)]
    with ThreadPoolExecutor(_THREADS) as pool:
        begun: deque[Future[list[tuple[Place, Read | DicomFault]]]] = deque()
        for batch in batches:
            begun.append(pool.submit(_begin_all, archive, batch))
            if len(begun) == _AHEAD:
                yield from begun.popleft().result()
        for future in begun:
            yield from future.result()


def _begin_all(archive: Archive, places: Sequence[Place]) -> list[tuple[Place, Read | DicomFault]]:
    """Read the beginnings of some files."""
    return [(place, _begin(archive, place)) for place in places]


def _begin(archive: Archive, place: Place) -> Read | DicomFault:
    """Read the beginning of a file; return what reads it, from there on by opening it again."""
    if place.reason:
        return lambda offset, length: b""  # noqa: ARG005 - the form of all readers
    try:
        with archive.opened(place.path) as file:
            start = file.read(0, FIRST_READ)
    except DicomFault as fault:
        return fault

    def read(offset: int, length: int) -> bytes:
        if offset + length <= len(start) or len(start) < FIRST_READ:
            return start[offset : offset + length]
        with archive.opened(place.path) as again:
            return again.read(offset, length)

    return read
