"""Text files with separated fields (csv, txt, tsv): records, their rows, and broken ones."""

from __future__ import annotations

import codecs
import csv
import operator
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

import numpy as np

from toolkit.readers.raw_table import (
    RawTable,
    check_has_records,
    check_size,
    column_positions,
    file_fault,
    row_faults,
)
from toolkit.tables import Fault, TableError

if TYPE_CHECKING:
    import pandas as pd

Encoding = Literal["utf-8", "cp1258"]

_LONGEST_LINE = 2**20
_BLOCK_BYTES = 2**20
_BLOCK_RECORDS = 100_000
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_delimited(
    path: Path,
    *,
    file: str,
    wanted: Sequence[str] | None,
    separator: str = ",",
    encoding: Encoding = "utf-8",
) -> RawTable:
    """Return the wanted columns of a text file, every cell as the text that stands there.

    Parameters
    ----------
    path : Path
        The file.
    file : str
        Its name in messages.
    wanted : sequence of str or None
        Columns by the names of the header; None: all.
    separator : str
        The character between fields.
    encoding : {"utf-8", "cp1258"}
        UTF-8 with or without byte-order mark, or the Vietnamese code page of Windows.

    Raises
    ------
    TableError
        If the file is empty, is not valid in its encoding, or its header lacks a wanted column.

    Notes
    -----
    Quoting is that of RFC 4180, strictly. Records without any text are skipped. A record with
    too many or too few fields is a fault and is left out; after an open quotation mark nothing
    more can be read.
    """
    check_size(path.stat().st_size, file=file)
    _check_encoding(path, encoding, file=file)
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as text:
        records = _Records(text, separator)
        header = next(records, (1, []))[1]
        if records.fault or not any(header):
            first = records.fault or ("has no header in its first row", "")
            raise TableError([file_fault(file, *first)])
        remedy = _separator_remedy(header)
        positions = column_positions(header, wanted, file=file, remedy=remedy)
        return _read_records(records, len(header), positions, file=file)


class _Records:
    """Iterate over the records that hold text: the row where one starts, and its fields.

    Stops at a record that cannot be parsed; ``fault`` then says which rule it breaks and what to
    do, and ``start`` where it begins.
    """

    def __init__(self, text: TextIO, separator: str) -> None:
        self._reader = csv.reader(_lines(text), delimiter=separator, strict=True)
        self.start = 1
        self.fault: tuple[str, str] | None = None

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        """Return itself."""
        return self

    def __next__(self) -> tuple[int, list[str]]:
        """Return the next record that holds text."""
        while True:
            self.start = self._reader.line_num + 1
            try:
                fields = next(self._reader)
            except (csv.Error, _LineError) as error:
                self.fault = _parsing_fault(error)
                raise StopIteration from None
            if any(fields):
                return self.start, fields


class _LineError(ValueError):
    """A line that is no text of a table: its rule and remedy."""


def _lines(text: TextIO) -> Iterator[str]:
    """Yield the lines with their ends; refuse what would fill the memory or is no text."""
    while line := text.readline(_LONGEST_LINE + 1):
        if len(line) > _LONGEST_LINE:
            msg = f"has a line of more than {_LONGEST_LINE:,} characters"
            raise _LineError(msg, "check that the file is a table with one record a line")
        if "\0" in line:
            msg = "holds NUL characters"
            raise _LineError(msg, "save the file again as text, CSV UTF-8")
        yield line


def _parsing_fault(error: Exception) -> tuple[str, str]:
    """Return rule and remedy of a record that cannot be parsed."""
    if isinstance(error, _LineError):
        return error.args[0], error.args[1]
    reason = str(error)
    if "unexpected end of data" in reason or "field limit" in reason:
        return "has a quotation mark that is never closed", "close it"
    if "expected after" in reason:
        return "has text after a closing quotation mark", "write a quotation mark inside twice"
    return "cannot be parsed as separated text", "save the file again as CSV UTF-8"


def _read_records(
    records: _Records, n_fields: int, positions: dict[str, int], *, file: str
) -> RawTable:
    """Return the wanted fields of all records with the right number of fields."""
    import pandas as pd

    pick = _picker(list(positions.values()))
    rows: list[int] = []
    short: list[int] = []
    long: list[int] = []
    blocks: list[pd.DataFrame] = []
    block: list[tuple[str, ...]] = []
    for row, fields in records:
        if len(fields) == n_fields:
            rows.append(row)
            block.append(pick(fields))
            if len(block) == _BLOCK_RECORDS:
                blocks.append(_as_frame(block, list(positions)))
                block = []
        else:
            (short if len(fields) < n_fields else long).append(row)
    blocks.append(_as_frame(block, list(positions)))
    faults = _record_faults(records, n_fields, short, long, file=file)
    if not faults:
        check_has_records(len(rows), file=file)
    return RawTable(
        frame=pd.concat(blocks, ignore_index=True),
        rows=np.array(rows, dtype=np.int64),
        faults=tuple(faults),
    )


def _record_faults(
    records: _Records, n_fields: int, short: list[int], long: list[int], *, file: str
) -> list[Fault]:
    """Return the faults of records with a wrong number of fields, or with none to be read."""
    faults = row_faults(file, short, f"has fewer fields than the {n_fields} of the header")
    faults += row_faults(
        file,
        long,
        f"has more fields than the {n_fields} of the header",
        "put a text that holds the separator between quotation marks",
    )
    if records.fault:
        faults += row_faults(file, [records.start], *records.fault)
    return faults


def _picker(positions: list[int]) -> Callable[[list[str]], tuple[str, ...]]:
    """Return the function that takes the wanted fields of a record."""
    if len(positions) == 1:
        position = positions[0]
        return lambda fields: (fields[position],)
    pick: Callable[[list[str]], tuple[str, ...]] = operator.itemgetter(*positions)
    return pick


def _as_frame(block: list[tuple[str, ...]], names: list[str]) -> pd.DataFrame:
    """Return some records as a frame of text, which takes less memory than lists."""
    import pandas as pd

    cells: list[Any] = list(zip(*block, strict=True)) or [()] * len(names)
    columns = {
        name: pd.Series(list(values), dtype="str")
        for name, values in zip(names, cells, strict=True)
    }
    return pd.DataFrame(columns)


def _separator_remedy(header: list[str]) -> str:
    """Say which separator to declare where the header has a single field."""
    candidates = {";": "';'", "\t": 'a tab, "\\t"', "|": "'|'", ",": "','"}
    held = [name for mark, name in candidates.items() if mark in header[0]]
    return f"declare separator: {held[0]}" if len(header) == 1 and held else ""


def _check_encoding(path: Path, encoding: Encoding, *, file: str) -> None:
    """Refuse a file that is not text in the declared encoding, with the first bad byte."""
    with path.open("rb") as stream:
        if stream.read(2) in _UTF16_MARKS:
            rule = "is UTF-16 text, which is not read"
            raise TableError([file_fault(file, rule, "save it as CSV UTF-8")])
    bad = _first_bad_byte(path, encoding)
    if bad is not None:
        position, row, byte = bad
        other = "cp1258" if encoding == "utf-8" else "utf-8"
        rule = f"is not valid {encoding}: byte {position:,} is 0x{byte:02x}"
        remedy = f"declare encoding: {other}, or save the file as CSV UTF-8"
        raise TableError(row_faults(file, [row], rule, remedy))
    if encoding == "cp1258" and _is_utf8_beyond_ascii(path):
        rule = "is valid UTF-8 with letters beyond ASCII, so it is not cp1258"
        raise TableError([file_fault(file, rule, "declare encoding: utf-8")])


def _first_bad_byte(path: Path, encoding: Encoding) -> tuple[int, int, int] | None:
    """Return position (from 0), row and value of the first byte that cannot be decoded."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read_before, row = 0, 1
    with path.open("rb") as stream:
        while True:
            block = stream.read(_BLOCK_BYTES)
            pending = decoder.getstate()[0]
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                start = error.start
                row += error.object[:start].count(b"\n")
                return read_before - len(pending) + start, row, error.object[start]
            if not block:
                return None
            read_before += len(block)
            row += block.count(b"\n")


def _is_utf8_beyond_ascii(path: Path) -> bool:
    """Return whether a file is UTF-8 and not only ASCII."""
    with path.open("rb") as stream:
        is_ascii = all(block.isascii() for block in iter(lambda: stream.read(_BLOCK_BYTES), b""))
    return not is_ascii and _first_bad_byte(path, "utf-8") is None
