"""Text files with separated fields (csv, txt, tsv): records, their rows, and broken ones."""

from __future__ import annotations

import codecs
import csv
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TextIO

import numpy as np

from toolkit.readers.tabular.raw_table import (
    RawTable,
    check_has_records,
    check_size,
    column_positions,
    file_fault,
    row_faults,
)
from toolkit.tables import Fault, RefusedCell, TableError

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


Decimal = Literal[".", ","]
DateOrder = Literal["ymd", "dmy", "mdy"]

_COMMA_NUMBER = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_POINT_NUMBER = re.compile(r"[+-]?[\d,]*\.[\d.,]+([eE][+-]?\d+)?", re.ASCII)
_DATE = re.compile(r"(\d{1,4})([-/.])(\d{1,2})\2(\d{1,4})(?:[T ](\d{1,2})(:.*))?", re.ASCII)
_COMPACT_DATE = re.compile(r"(\d{4})(\d{2})(\d{2})", re.ASCII)

_MONTHS, _DAYS = 12, 31
_MIXED = "stands among dates in another order"


def plain_number(text: str, decimal: Decimal) -> str | RefusedCell:
    """Return a number with a decimal point; text that is no number is left as it is.

    Examples
    --------
    >>> plain_number("0,75", ",")
    '0.75'
    >>> plain_number("0.75", ",").rule
    'has a decimal point, but a decimal comma is declared'
    """
    if decimal == ".":
        return text
    if _POINT_NUMBER.fullmatch(text):
        rule = "has a decimal point, but a decimal comma is declared"
        return RefusedCell(text=text, rule=rule, remedy="write all numbers of a file one way")
    return text.replace(",", ".") if _COMMA_NUMBER.fullmatch(text) else text


def iso_dates(texts: Sequence[str], order: DateOrder) -> list[str | RefusedCell]:
    """Return the different dates of one column in ISO form; what is no date is left as it is.

    Parameters
    ----------
    texts : sequence of str
        The different cells of one column.
    order : {"ymd", "dmy", "mdy"}
        The declared order of year, month and day. A column whose dates all have the year first
        is read as such whatever the order, since it cannot be mistaken.

    Examples
    --------
    >>> iso_dates(["06/05/2024", "31.12.2024 9:05"], "dmy")
    ['2024-05-06', '2024-12-31 09:05']
    >>> iso_dates(["06/05/2024", "2024-05-07"], "dmy")[1].rule
    'stands among dates in another order'
    """
    dates = [_written_date(text) for text in texts]
    year_last = [date for date in dates if date and not date.year_first]
    mixed = any(date and date.year_first for date in dates) and bool(year_last)
    column = _ColumnOfDates(order=order, mixed=mixed, hint=_hint(year_last))
    return [
        text if date is None else column.iso(text, date)
        for text, date in zip(texts, dates, strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class _WrittenDate:
    """A date as written: the year, the two other numbers in their order, the time of day."""

    year: str
    first: int
    second: int
    time: str
    year_first: bool

    def iso(self, *, month: int, day: int) -> str:
        """Return ISO text."""
        return f"{self.year}-{month:02d}-{day:02d}{self.time}"


def _written_date(text: str) -> _WrittenDate | None:
    """Return the parts of text that looks like a date of numbers; None for any other."""
    if compact := _COMPACT_DATE.fullmatch(text):
        year, month, day = compact.groups()
        return _WrittenDate(year=year, first=int(month), second=int(day), time="", year_first=True)
    match = _DATE.fullmatch(text)
    if not match:
        return None
    one, _, two, three, hour, rest = match.groups()
    time = f" {int(hour):02d}{rest}" if hour else ""
    year_first = len(one) > 2
    if year_first:
        return _WrittenDate(year=one, first=int(two), second=int(three), time=time, year_first=True)
    return _WrittenDate(year=three, first=int(one), second=int(two), time=time, year_first=False)


def _hint(dates: Sequence[_WrittenDate]) -> str:
    """Say which order dates with the year last can have."""
    day_first = all(date.first <= _DAYS and date.second <= _MONTHS for date in dates)
    month_first = all(date.first <= _MONTHS and date.second <= _DAYS for date in dates)
    if day_first and month_first:
        return "declare date_order: dmy or mdy, whichever the file means"
    if day_first:
        return "declare date_order: dmy"
    if month_first:
        return "declare date_order: mdy"
    return "the column mixes dates with the day first and with the month first"


@dataclass(frozen=True, kw_only=True)
class _ColumnOfDates:
    """How the dates of one column are to be read."""

    order: DateOrder
    mixed: bool
    hint: str

    def iso(self, text: str, date: _WrittenDate) -> str | RefusedCell:
        """Return one date in ISO form, or the rule that it breaks."""
        if len(date.year) != 4:
            return RefusedCell(text=text, rule="must have a year of four digits")
        in_declared_order = date.year_first == (self.order == "ymd")
        if self.mixed and not in_declared_order:
            remedy = "write all dates of a column one way"
            return RefusedCell(text=text, rule=_MIXED, remedy=remedy)
        if date.year_first:
            return date.iso(month=date.first, day=date.second)
        if self.order == "ymd":
            return RefusedCell(text=text, rule="must have the year first", remedy=self.hint)
        day, month = date.first, date.second
        if self.order == "mdy":
            day, month = month, day
        if month > _MONTHS:
            rule = f"is no date in the order {self.order}"
            return RefusedCell(text=text, rule=rule, remedy=self.hint)
        return date.iso(month=month, day=day)
