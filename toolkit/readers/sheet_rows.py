"""Rows of one sheet of a workbook, streamed from its XML: each cell as it stands there.

A general reader builds an object for each element and goes through each sheet several times; for
a million rows that is minutes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any, Literal
from xml.parsers import expat

_BLOCK_BYTES = 2**18
_DIGITS = "0123456789"
_LAST_COLUMN = 16_383  # from 0, as many as a sheet has

# number: as written; text; date, time: as text; truth: True or False; error: of the workbook.
Kind = Literal["number", "text", "date", "time", "truth", "error"]
_KINDS: dict[str, Kind] = {"n": "number", "b": "truth", "e": "error", "d": "date"}


class SheetError(ValueError):
    """A sheet whose XML is no sheet."""


@dataclass(frozen=True, kw_only=True)
class Formats:
    """What cells refer to: shared texts, and the formats of dates and of spans of time.

    Parameters
    ----------
    texts : sequence of str
        Shared texts by number.
    dates, spans : frozenset of int
        Numbers of the formats that show a number as a date or time, and those of them as a span.
    epoch : datetime
        Day 0 of the workbook.
    """

    texts: Sequence[str]
    dates: frozenset[int]
    spans: frozenset[int]
    epoch: Any


class SheetCell:
    """A cell: what it is, its content as text, and its formula if it has one.

    The text of a number is the one in the file; ``None`` where nothing is stored.
    """

    __slots__ = ("formula", "kind", "text")

    def __init__(self, kind: Kind, text: str | None, formula: str | None) -> None:
        self.kind = kind
        self.text = text
        self.formula = formula


@dataclass(slots=True)
class SheetRow:
    """One row: its number, from 1, and its cells by column, from 0."""

    number: int
    cells: dict[int, SheetCell]


class _Tags(dict[str, str]):
    """Tag without its prefix, by tag."""

    def __missing__(self, name: str) -> str:
        """Take the prefix off a tag that is met for the first time."""
        self[name] = name.rpartition(":")[2]
        return self[name]


class SheetStream:
    """The rows of a sheet and, when they are through, its merged ranges.

    Parameters
    ----------
    stream : binary file
        The XML of the sheet.
    formats : Formats
        What its cells refer to.

    Notes
    -----
    Errors are those of the XML (``expat.ExpatError``), of the archive, and ``SheetError``.
    """

    def __init__(self, stream: IO[bytes], formats: Formats) -> None:
        self._stream = stream
        self._formats = formats
        self.merged: list[tuple[int, int, int, int]] = []
        """First column (from 0) and row, last column and row of each merged range."""
        self._rows: list[SheetRow] = []
        self._row = SheetRow(0, {})
        self._column = -1
        self._type, self._style = "n", ""
        self._value: str | None = None
        self._formula: str | None = None
        self._text: list[str] = []
        self._in_phonetic = False
        self._columns: dict[str, int] = {}
        self._tags = _Tags()

    def __iter__(self) -> Iterator[SheetRow]:
        """Yield the rows in the order of the file; rows without cells may be lacking."""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        while block := self._stream.read(_BLOCK_BYTES):
            parser.Parse(block)
            yield from self._rows
            self._rows.clear()
        parser.Parse(b"", True)
        yield from self._rows

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        self._text.clear()
        tag = self._tags[name]
        if tag == "c":
            reference = attributes.get("r")
            self._column = self._column + 1 if reference is None else self._position(reference)
            self._type, self._style = attributes.get("t", "n"), attributes.get("s", "")
            self._value = self._formula = None
        elif tag == "row":
            self._start_row(attributes.get("r"))
        elif tag == "rPh":
            self._in_phonetic = True
        elif tag == "mergeCell":
            first, _, last = attributes["ref"].partition(":")
            corners = [
                (self._position(corner), _row_of(corner)) for corner in (first, last or first)
            ]
            self.merged.append((*corners[0], *corners[1]))

    def _start_row(self, stated: str | None) -> None:
        """Begin a row, whose number may be left out where it follows the one before."""
        before = self._row.number
        number = before + 1 if stated is None else int(stated)
        if number <= before:
            msg = f"row {number} stands behind row {before}"
            raise SheetError(msg)
        self._row = SheetRow(number, {})
        self._column = -1

    def _end(self, name: str) -> None:
        """End an element."""
        tag = self._tags[name]
        if tag == "v":
            self._value = "".join(self._text)
        elif tag == "c":
            self._end_cell()
        elif tag == "row":
            self._rows.append(self._row)
        elif tag == "t" and not self._in_phonetic:
            self._value = (self._value or "") + "".join(self._text)
        elif tag == "f":
            self._formula = f"={''.join(self._text)}"
        elif tag == "rPh":
            self._in_phonetic = False

    def _end_cell(self) -> None:
        """Put the cell into its row."""
        kind, text = self._type, self._value
        if not text:
            # A formula whose stored value is an empty text keeps the type of a text.
            stored = "" if kind == "str" else None
            found = SheetCell("text", stored, self._formula)
        elif kind == "s":
            found = SheetCell("text", self._shared(text), self._formula)
        elif kind == "n" and (not self._style or int(self._style) not in self._formats.dates):
            found = SheetCell("number", text, self._formula)
        elif kind in _KINDS:
            found = SheetCell(*self._converted(kind, text), self._formula)
        else:
            found = SheetCell("text", text, self._formula)
        self._row.cells[self._column] = found

    def _shared(self, number: str) -> str:
        """Return the shared text of a number."""
        texts = self._formats.texts
        if not number.isdecimal() or int(number) >= len(texts):
            msg = f"refers to text {number[:10]}, which the workbook does not have"
            raise SheetError(msg)
        return texts[int(number)]

    def _converted(self, kind: str, text: str) -> tuple[Kind, str]:
        """Return a truth value, an error, or a number or text that stands for a date or time."""
        import datetime

        from openpyxl.utils.datetime import from_excel, from_ISO8601

        if kind == "b":
            return "truth", str(bool(int(text)))
        if kind == "e":
            return "error", text
        if kind == "d":
            value = from_ISO8601(text)
        else:
            is_span = int(self._style) in self._formats.spans
            try:
                value = from_excel(float(text), self._formats.epoch, timedelta=is_span)
            except (OverflowError, ValueError):
                return "error", text
        is_date = isinstance(value, datetime.date)
        return ("date" if is_date else "time"), _time_text(value)

    def _position(self, reference: str) -> int:
        """Return the column, from 0, of a reference such as AB12."""
        letters = reference.rstrip(_DIGITS)
        found = self._columns.get(letters)
        if found is None:
            number = 0
            for letter in letters:
                number = number * 26 + ord(letter) - ord("A") + 1
                if not ("A" <= letter <= "Z" and number <= _LAST_COLUMN + 1):
                    msg = f"no column has the name {letters[:4]}"
                    raise SheetError(msg)
            found = self._columns[letters] = number - 1
        return found


def _row_of(reference: str) -> int:
    """Return the row of a reference such as AB12."""
    return int(reference.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def _time_text(value: Any) -> str:
    """Return a date or time as text, a date without its midnight."""
    import datetime

    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ").removesuffix(" 00:00:00")
    return str(value)
