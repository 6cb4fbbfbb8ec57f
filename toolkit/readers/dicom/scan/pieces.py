"""One row for each file of an archive, in pieces of bounded size that are kept and used again.

A piece holds some hundreds of files that lie together, and is named by the hash of their paths,
sizes and times of change: a scan that was killed finds the pieces it had finished, a second scan
reads only files that are new or have changed, and it does not matter who wrote a piece.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from toolkit.executor import map_ordered
from toolkit.readers.dicom.scan.attributes import DicomFault
from toolkit.readers.dicom.scan.header import read_header
from toolkit.readers.dicom.scan.objects import object_row
from toolkit.readers.dicom.scan.places import Archive, Place, archive_at
from toolkit.readers.dicom.scan.walker import FIRST_READ, Read
from toolkit.readers.files import write_atomic

if TYPE_CHECKING:
    import pyarrow as pa

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


RowOf = Callable[[Read, int], dict[str, Any]]

FEWEST, MOST = 256, 2048  # files of a piece
INDEX: Final = "pieces.json"


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What is read from each file.

    Parameters
    ----------
    name : str
        Stands in the names of the pieces.
    version : int
        Goes up when rows of the same file change.
    row : callable
        ``row(read, size)`` returns the columns of a file, of JSON's types, or raises
        ``DicomFault``; defined at the top level of a module.
    """

    name: str
    version: int
    row: RowOf


@dataclass(frozen=True, kw_only=True)
class _Task:
    """One piece to be made."""

    address: str
    folder: Path
    reading: Reading
    places: tuple[Place, ...]
    name: str
    older: tuple[str, ...]  # pieces of an earlier scan that may hold rows of the same files


@dataclass(frozen=True, kw_only=True)
class Piece:
    """One piece that is there.

    Parameters
    ----------
    path : Path
        The file: for ``piece_rows``.
    n_files, n_read, n_rejected : int
        Files, those that were opened this time, and those without a row of their own.
    """

    path: Path
    n_files: int
    n_read: int
    n_rejected: int


def read_pieces(
    address: str,
    folder: Path,
    reading: Reading,
    *,
    places: Iterable[Place] | None = None,
    jobs: int = 1,
    scheduler: str | None = None,
) -> Iterator[Piece]:
    """Read every file of an archive; yield the pieces in the order of the paths.

    Parameters
    ----------
    address : str
        The archive.
    folder : Path
        Where the pieces lie; workers of a cluster must see it under the same name.
    reading : Reading
        What is read of each file.
    places : iterable of Place, optional
        The files, in the order of their paths; all of the archive if not given.
    jobs, scheduler
        As of ``map_ordered``.

    Yields
    ------
    Piece

    Raises
    ------
    ArchiveError
        If the archive is not there.

    Notes
    -----
    The index of the pieces is written after the last of them; pieces of earlier scans that it does
    not name are removed then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    older = _older_pieces(folder, reading)
    found = archive_at(address).places() if places is None else places
    tasks = _tasks(address, folder, reading, found, older)
    kept: list[dict[str, str]] = []

    def remembered() -> Iterator[_Task]:
        for task in tasks:
            first, last = task.places[0].path, task.places[-1].path
            kept.append({"name": task.name, "first": first, "last": last})
            yield task

    yield from map_ordered(_make, remembered(), jobs=jobs, scheduler=scheduler)
    _write_index(folder, reading, kept)


def _older_pieces(folder: Path, reading: Reading) -> list[dict[str, str]]:
    """Return name, first and last path of the pieces of an earlier scan; none if it was killed.

    Where the index was damaged since, all is read again but what the pieces themselves hold.
    """
    try:
        content = json.loads((folder / f"{reading.name}-{INDEX}").read_text(encoding="utf-8"))
        pieces: list[dict[str, str]] = content["pieces"]
        return pieces if content["version"] == reading.version else []
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return []


def _write_index(folder: Path, reading: Reading, kept: Sequence[dict[str, str]]) -> None:
    """Write which pieces the scan has, and remove the others of this reading."""
    content = {"version": reading.version, "pieces": kept}
    write_atomic(folder / f"{reading.name}-{INDEX}", json.dumps(content, indent=0))
    names = {piece["name"] for piece in kept}
    for path in folder.glob(f"{reading.name}-*.json.z"):
        if path.name not in names:
            path.unlink()


def _tasks(
    address: str,
    folder: Path,
    reading: Reading,
    places: Iterable[Place],
    older: Sequence[dict[str, str]],
) -> Iterator[_Task]:
    """Cut the files into pieces."""
    for chunk in _chunks(places):
        first, last = _key(chunk[0].path), _key(chunk[-1].path)
        yield _Task(
            address=address,
            folder=folder,
            reading=reading,
            places=chunk,
            name=f"{reading.name}-{_hash(chunk, reading)}.json.z",
            older=tuple(
                piece["name"]
                for piece in older
                if _key(piece["first"]) <= last and first <= _key(piece["last"])
            ),
        )


def _chunks(places: Iterable[Place]) -> Iterator[tuple[Place, ...]]:
    """Cut where a path says so, whatever stands before it: one new file changes one piece."""
    chunk: list[Place] = []
    for place in places:
        chunk.append(place)
        ends = len(chunk) >= FEWEST and zlib.crc32(place.path.encode("utf-8", "replace")) % 512 == 0
        if ends or len(chunk) == MOST:
            yield tuple(chunk)
            chunk = []
    if chunk:
        yield tuple(chunk)


def _key(path: str) -> tuple[str, ...]:
    """Return what paths are ordered by."""
    return tuple(path.split("/"))


def _hash(places: Sequence[Place], reading: Reading) -> str:
    """Return the hash of what a piece is made from."""
    digest = hashlib.blake2b(f"{reading.version}\n".encode(), digest_size=12)
    for place in places:
        line = f"{place.path}\0{place.size}\0{place.stamp}\0{place.reason}\n"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _make(task: _Task) -> Piece:
    """Make one piece, or find it; runs in a worker."""
    path = task.folder / task.name
    n_read = 0
    rows = _rows_there(path)
    if [row["path"] for row in rows] != [_printable(place.path) for place in task.places]:
        known = _known_rows(task)
        found = [known.get((place.path, place.size, place.stamp)) for place in task.places]
        new = [place for place, row in zip(task.places, found, strict=True) if row is None]
        n_read = sum(not place.reason for place in new)
        archive = archive_at(task.address)
        made = (_row(place, read, task.reading) for place, read in read_ahead(archive, new))
        rows = [next(made) if row is None else row for row in found]
        _write(path, rows)
    rejected = sum(bool(row["reason"]) for row in rows)
    return Piece(path=path, n_files=len(rows), n_read=n_read, n_rejected=rejected)


def _known_rows(task: _Task) -> dict[tuple[str, int, str], dict[str, Any]]:
    """Return the rows of unchanged files from pieces of an earlier scan."""
    known = {}
    for name in task.older:
        path = task.folder / name
        for row in _rows_there(path):
            if row["reason"] not in ("unreadable", "loop"):  # these may have been mended since
                known[row["path"], row["size"], row["stamp"]] = row
    return known


def _rows_there(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a piece of an earlier scan; none if it is gone or was damaged since."""
    try:
        return piece_rows(path)
    except (FileNotFoundError, ValueError, zlib.error):
        return []


def piece_rows(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a piece, one a file, in the order of the archive.

    Parameters
    ----------
    path : Path
        Of a ``Piece``.

    Returns
    -------
    list of dict
        ``path, size, stamp``, ``reason`` and ``words`` that are empty where the file was read, and
        the columns that were read.
    """
    rows: list[dict[str, Any]] = json.loads(zlib.decompress(path.read_bytes()))
    return rows


def _row(place: Place, read: Read | DicomFault, reading: Reading) -> dict[str, Any]:
    """Return the row of one file: what was read, or why nothing was."""
    row: dict[str, Any] = {
        "path": _printable(place.path),
        "size": place.size,
        "stamp": place.stamp,
        "reason": place.reason,
        "words": _WORDS.get(place.reason, ""),
    }
    if place.reason:
        return row
    try:
        if isinstance(read, DicomFault):
            raise read
        return row | reading.row(read, place.size)
    except DicomFault as fault:
        return row | {"reason": fault.reason, "words": fault.words}
    # Whatever else a file makes of its reader: one row, and no message, which may hold a value.
    except Exception as error:
        return row | {"reason": "other", "words": f"the reader failed ({type(error).__name__})"}


_WORDS: Final = {
    "unreadable": "the system does not let the scan read it",
    "loop": "a link that leads back to a folder that it lies in",
}


def _printable(path: str) -> str:
    """Return a path that can be written as text: bytes that are no UTF-8 become escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the rows of a piece, whole or not at all.

    JSON, since a worker then needs no table library: importing one takes longer than a piece.
    """
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    write_atomic(path, zlib.compress(text.encode("utf-8", "surrogatepass"), level=1))


def arrow_table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return rows as a table; what a row lacks is missing.

    Parameters
    ----------
    rows : sequence of mapping
        Texts, whole numbers, numbers, truth values, lists of texts or None.
    schema : pyarrow.Schema
        The columns, of these kinds.

    Examples
    --------
    >>> import pyarrow as pa
    >>> rows = [{"view": "CC", "rows": 10}, {"view": None}]
    >>> arrow_table(rows, pa.schema([("view", pa.string()), ("rows", pa.int64())])).to_pylist()
    [{'view': 'CC', 'rows': 10}, {'view': None, 'rows': None}]
    """
    import pyarrow as pa

    columns = [_column([row.get(field.name) for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def found_schema(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> pa.Schema:
    """Return the columns of rows: those that any row has a value of, typed by their values.

    Parameters
    ----------
    rows : sequence of mapping
        As of ``arrow_table``.
    names : sequence of str
        The columns that there may be, in their order.
    """
    import pyarrow as pa

    types = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64()}
    fields = []
    for name in names:
        kinds = {type(row[name]) for row in rows if row.get(name) is not None}
        if kinds:
            fields.append((name, types[float if kinds == {int, float} else kinds.pop()]))
    return pa.schema(fields)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Return a column of the Arrow format: which values are given, and the values."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        items = [text for several in values for text in several]
        ends = _offsets([len(several) for several in values])
        return pa.ListArray.from_arrays(_array(pa.int32(), len(ends), None, ends), _text(items))
    if pa.types.is_string(kind):
        return _text(values)
    filled = np.array([0 if value is None else value for value in values])
    if pa.types.is_boolean(kind):
        data = np.packbits(filled.astype(bool), bitorder="little")
    else:
        data = filled.astype(kind.to_pandas_dtype())
    return _array(kind, len(values), values, data)


def _text(values: Sequence[str | None]) -> pa.Array:
    """Return a column of texts: where each ends, and all of them in one."""
    import pyarrow as pa

    parts = [(value or "").encode("utf-8", "backslashreplace") for value in values]
    ends = _offsets([len(part) for part in parts])
    return _array(pa.string(), len(values), values, ends, b"".join(parts))


def _offsets(lengths: Sequence[int]) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Return where each of several parts begins, and where the last ends."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)


def _array(kind: pa.DataType, length: int, values: Sequence[Any] | None, *data: Any) -> pa.Array:
    """Return an array of its buffers; before them stands which of the values are given."""
    import pyarrow as pa

    given = np.array([value is not None for value in values or ()], dtype=bool)
    n_missing = int(np.count_nonzero(~given))
    valid = pa.py_buffer(np.packbits(given, bitorder="little")) if n_missing else None
    buffers = [valid, *(pa.py_buffer(one) for one in data)]
    return pa.Array.from_buffers(kind, length, buffers, n_missing)


def header_row(read: Read, size: int) -> dict[str, Any]:
    """Return the columns of one object.

    Parameters
    ----------
    read, size
        As of ``read_header``.

    Raises
    ------
    DicomFault
        If the file is no object that belongs to an examination.
    """
    return vars(object_row(read_header(read, size)))


HEADERS: Final = Reading(name="headers", version=1, row=header_row)
