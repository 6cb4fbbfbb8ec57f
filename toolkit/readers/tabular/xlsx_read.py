"""Excel workbooks (xlsx): the cells of one sheet as text, and those that Excel has spoilt."""

from __future__ import annotations

import math
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Literal
from xml.parsers import expat

from toolkit.readers.tabular.raw_table import (
    RawTable,
    cell_text,
    check_has_records,
    check_size,
    column_positions,
    file_fault,
    raw_table,
)
from toolkit.tables import RefusedCell, TableError, did_you_mean

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


MOST_ROWS = 1_048_576  # rows of a sheet
_ALWAYS_UNPACKED_BYTES = 2**26
_MOST_UNPACKED = 200  # times the size of the file; the XML of a full sheet packs to a tenth or so
_BLOCK_BYTES_SPREADSHEET = 2**10
_UNREADABLE = "cannot be read as an Excel workbook"


@dataclass(frozen=True, kw_only=True)
class SheetInfo:
    """One sheet: its title, whether Excel hides it, and its part of the archive."""

    title: str
    hidden: bool
    part: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Spreadsheet:
    """An open workbook: its name in messages, its sheets, and what their cells refer to."""

    file: str
    sheets: tuple[SheetInfo, ...]
    archive: zipfile.ZipFile
    formats: Formats


@dataclass(eq=False)
class SheetRecords:
    """The rows of a sheet, to be gone through once; afterwards its merged ranges are known.

    Parameters
    ----------
    book, sheet : Spreadsheet, SheetInfo
        The workbook and one of its sheets.
    place : str
        How messages name the sheet.

    Raises
    ------
    TableError
        While rows are taken: the sheet is damaged, or has more rows than a sheet can have.
    """

    book: Spreadsheet
    sheet: SheetInfo
    place: str
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    """First column (from 0) and row, last column and row of each merged range."""

    def __iter__(self) -> Iterator[SheetRow]:
        """Yield the rows that have cells."""
        try:
            with self.book.archive.open(self.sheet.part) as stream:
                records = SheetStream(stream, self.book.formats)
                for row in records:
                    if row.number > MOST_ROWS:
                        rule = f"has rows beyond {MOST_ROWS:,}, the last one of a sheet"
                        raise TableError([file_fault(self.place, rule)])
                    yield row
                self.merged = records.merged
        except TableError:
            raise
        except Exception as error:
            raise _damaged(error, self.place) from None


@contextmanager
def open_spreadsheet(path: Path, *, file: str) -> Iterator[Spreadsheet]:
    """Give an open workbook.

    Parameters
    ----------
    path : Path
        The file.
    file : str
        Its name in messages.

    Raises
    ------
    TableError
        If the file is no workbook, is damaged, or unpacks to far more than a table would.
    """
    check_size(path.stat().st_size, file=file)
    check_archive(path, file=file)
    with (
        path.open("rb") as stream,  # closed even where a sheet is left half read
        zipfile.ZipFile(stream) as archive,
        warnings.catch_warnings(),
    ):
        # openpyxl warns of styles and extensions that it skips; none touches a value.
        warnings.simplefilter("ignore")
        try:
            sheets, formats = _contents(path)
        except Exception as error:
            raise _damaged(error, file) from None
        yield Spreadsheet(file=file, sheets=sheets, archive=archive, formats=formats)


def check_archive(path: Path, *, file: str) -> None:
    """Refuse what is no archive, unpacks to too much, or has XML that could grow."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except Exception:
        # Besides BadZipFile damage shows as struct.error, EOFError, RuntimeError, ...
        remedy = "open it and save it as .xlsx, without a password"
        raise TableError([file_fault(file, _UNREADABLE, remedy)]) from None
    check_size(unpacked, file=file)
    if unpacked > max(_ALWAYS_UNPACKED_BYTES, _MOST_UNPACKED * path.stat().st_size):
        raise TableError([file_fault(file, "unpacks to far more than a table would")])
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if _has_document_type(archive, name, file=file):
                rule = "declares a document type, which no workbook does, in one of its parts"
                raise TableError([file_fault(file, rule, "open it in Excel and save it")])


def _has_document_type(archive: zipfile.ZipFile, name: str, *, file: str) -> bool:
    """Whether a part is XML with a document type: entities, declared there, grow without bound.

    Only what stands before the first element is read.
    """
    found: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda *_: found.append("element")
    parser.StartDoctypeDeclHandler = lambda *_: found.append("document type")
    try:
        with archive.open(name) as stream:
            while not found and (block := stream.read(_BLOCK_BYTES_SPREADSHEET)):
                parser.Parse(block)
    except expat.ExpatError:
        pass  # a picture, or damaged, which shows when it is needed
    except Exception as error:
        raise _damaged(error, file) from None
    return found[:1] == ["document type"]


def _contents(path: Path) -> tuple[tuple[SheetInfo, ...], Formats]:
    """Return the sheets and what their cells refer to, without reading a sheet."""
    from openpyxl.reader.excel import ExcelReader
    from openpyxl.styles.stylesheet import apply_stylesheet

    reader = ExcelReader(path, read_only=True, keep_links=False)
    with reader.archive:
        reader.read_manifest()
        reader.read_strings()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        found = list(reader.parser.find_sheets())
    sheets = tuple(
        SheetInfo(title=sheet.name, hidden=sheet.state != "visible", part=relation.target)
        for sheet, relation in found
        if relation.target in reader.valid_files and "chartsheet" not in relation.Type
    )
    book: Any = reader.wb
    return sheets, Formats(
        texts=reader.shared_strings,
        dates=frozenset(book._date_formats),
        spans=frozenset(book._timedelta_formats),
        epoch=book.epoch,
    )


def _damaged(error: Exception, place: str) -> TableError:
    """Return the one error for whatever a damaged workbook raises."""
    why = str(error) if isinstance(error, SheetError) else type(error).__name__
    rule = f"{_UNREADABLE} ({why})"
    return TableError([file_fault(place, rule, "open it in Excel and save it")])


EXACT_DIGITS = 10**15  # Excel keeps 15 digits of a number and turns the others into zeros


def read_workbook(
    path: Path,
    *,
    file: str,
    wanted: Sequence[str] | None,
    sheet: str | None = None,
    decimal: str = ".",
    date_columns: frozenset[str] = frozenset(),
) -> RawTable:
    """Return the wanted columns of one sheet, numbers and dates as text.

    Parameters
    ----------
    path : Path
        The file.
    file : str
        Its name in messages.
    wanted : sequence of str or None
        Columns by the names in the first row; None: all.
    sheet : str, optional
        Name of the sheet; may be left out where there is only one.
    decimal : str
        Decimal sign that numbers get in the text.
    date_columns : frozenset of str
        Columns of dates; a date elsewhere is a number or an ID that Excel has turned into one.

    Raises
    ------
    TableError
        If the file is no workbook, the sheet is not there or is empty, or a column is lacking.

    Notes
    -----
    An ID stored as the number 7 becomes the text ``7``; text with leading zeros stays. Error
    cells, formulas without a stored value and numbers of more than 15 digits are faults. Rows
    without any text are skipped.
    """
    with open_spreadsheet(path, file=file) as book:
        records = iter(SheetRecords(book, _sheet(book, sheet, file=file), file))
        header = header_texts(next(records, None))
        if not header:
            raise TableError([file_fault(file, "has no header in its first row")])
        positions = column_positions(header, wanted, file=file)
        rows: list[int] = []
        cells: dict[str, list[str | RefusedCell]] = {name: [] for name in positions}
        for row in records:
            if any(cell.text or cell.formula for cell in row.cells.values()):
                rows.append(row.number)
                for name, position in positions.items():
                    cell = row.cells.get(position)
                    is_date = name in date_columns
                    cells[name].append(stored_text(cell, is_date=is_date, decimal=decimal))
    check_has_records(len(rows), file=file)
    return raw_table(cells, rows)


def header_texts(row: SheetRow | None) -> list[str]:
    """Return the texts of the first row of a sheet up to the last one that is not empty."""
    if row is None or row.number != 1:
        return []
    texts = {p: stored_text(cell, is_date=True) for p, cell in row.cells.items()}
    filled = {p: str(text).strip() for p, text in texts.items() if isinstance(text, str)}
    last = max((p for p, text in filled.items() if text), default=-1)
    return [filled.get(p, "") for p in range(last + 1)]


def stored_text(
    cell: SheetCell | None, *, is_date: bool = False, decimal: str = "."
) -> str | RefusedCell:
    """Return a cell as text, or refused where it does not hold what was entered.

    Parameters
    ----------
    cell : SheetCell or None
        None: empty.
    is_date : bool
        Whether it stands in a column of dates.
    decimal : str
        Decimal sign that a number gets in the text.

    Notes
    -----
    What a formula last gave counts as the content of its cell.
    """
    if cell is None:
        return ""
    text = cell.text
    if cell.kind == "number" and text:
        return number_text(text, decimal=decimal)
    if cell.kind == "error":
        return RefusedCell(
            text=text or "", rule="is an error of the workbook", remedy="mend the formula"
        )
    if text is None:
        if cell.formula is None:
            return ""
        rule, remedy = (
            "is a formula without a stored value",
            "open the workbook in Excel and save it",
        )
        return RefusedCell(text="", rule=rule, remedy=remedy)
    if cell.kind == "date" and not is_date:
        rule = "is a date: Excel has changed what was entered"
        return RefusedCell(text=text, rule=rule, remedy="enter it as text")
    return text


def number_text(stored: str, *, decimal: str = ".") -> str | RefusedCell:
    """Return a number of a workbook as a person would have written it, or refused.

    Examples
    --------
    >>> number_text("7.0"), number_text("0.10000000000000001"), number_text("2E-2")
    ('7', '0.1', '0.02')
    """
    if stored.isascii() and stored.isdecimal() and stored[0] != "0" and len(stored) < 16:
        return stored
    try:
        number = float(stored) if not stored.isdecimal() else int(stored)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        return RefusedCell(text=stored, rule="is no number that a cell can hold")
    if abs(number) >= EXACT_DIGITS:
        return RefusedCell(
            text=cell_text(number),
            rule="is a number of more than 15 digits, which Excel has cut",
            remedy="enter it as text",
        )
    return cell_text(number, decimal=decimal)


def _sheet(book: Spreadsheet, title: str | None, *, file: str) -> SheetInfo:
    """Return the sheet of this name, or the only one."""
    by_title = {sheet.title: sheet for sheet in book.sheets}
    if title is None and len(by_title) != 1:
        rule = f"has {len(by_title)} sheets"
        raise TableError([file_fault(file, rule, "name one of them under sheet")])
    if title is not None and title not in by_title:
        close = did_you_mean(title, by_title)
        raise TableError([file_fault(file, f"has no sheet {title!r}", close)])
    return by_title[next(iter(by_title)) if title is None else title]
