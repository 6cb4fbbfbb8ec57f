"""Excel workbooks (xlsx): the cells of one sheet as text, and those that Excel has spoilt."""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from toolkit.readers.raw_table import (
    RawTable,
    cell_text,
    check_has_records,
    check_size,
    column_positions,
    file_fault,
    raw_table,
)
from toolkit.tables import RefusedCell, TableError, did_you_mean

_MOST_ROWS = 1_048_576  # rows of a sheet
_EXACT_DIGITS = 10**15  # Excel keeps 15 digits of a number and turns the others into zeros
_ALWAYS_UNPACKED_BYTES = 2**26
_MOST_UNPACKED = 200  # times the size of the file; the XML of a full sheet packs to a tenth or so
_FORMULA = re.compile(rb"<(\w+:)?f[ >/]")
_BLOCK_BYTES = 2**20
_UNREADABLE = "cannot be read as an Excel workbook"


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
    check_size(path.stat().st_size, file=file)
    has_formulas = _check_archive(path, file=file)
    with _records(path, sheet, file=file, with_formulas=has_formulas) as records:
        header = [cell_text(cell.value) for cell in next(records, _NO_ROW).cells]
        while header and not header[-1]:
            header.pop()
        if not header:
            raise TableError([file_fault(file, "has no header in its first row")])
        positions = column_positions(header, wanted, file=file)
        rows: list[int] = []
        cells: dict[str, list[str | RefusedCell]] = {name: [] for name in positions}
        for row in records:
            if not row.is_empty:
                rows.append(row.number)
                for name, position in positions.items():
                    is_date = name in date_columns
                    cells[name].append(row.cell(position, is_date=is_date, decimal=decimal))
    check_has_records(len(rows), file=file)
    return raw_table(cells, rows)


class _Row:
    """One row of a sheet: its number, its cells and, where there are any, its formulas."""

    def __init__(self, number: int, cells: Sequence[Any], formulas: Sequence[Any]) -> None:
        self.number = number
        self.cells = cells
        self.formulas = formulas

    @property
    def is_empty(self) -> bool:
        """Whether no cell holds anything."""
        return all(cell.value in (None, "") for cell in (*self.cells, *self.formulas))

    def cell(self, position: int, *, is_date: bool, decimal: str) -> str | RefusedCell:
        """Return a cell as text, or refused where it does not hold what was entered."""
        if position >= len(self.cells):
            return ""
        cell = self.cells[position]
        for spoilt, rule, remedy in (
            (cell.data_type == "e", "is an error of the workbook", "mend the formula"),
            (
                self._lacks_value(position),
                "is a formula without a stored value",
                "open the workbook in Excel and save it",
            ),
            (
                isinstance(cell.value, (int, float)) and abs(cell.value) >= _EXACT_DIGITS,
                "is a number of more than 15 digits, which Excel has cut",
                "enter it as text",
            ),
            (
                isinstance(cell.value, datetime.date) and not is_date,
                "is a date: Excel has changed what was entered",
                "enter it as text",
            ),
        ):
            if spoilt:
                return RefusedCell(text=cell_text(cell.value), rule=rule, remedy=remedy)
        return cell_text(cell.value, decimal=decimal)

    def _lacks_value(self, position: int) -> bool:
        """Return whether a cell has a formula, but no value was stored for it."""
        if position >= len(self.formulas) or self.formulas[position].data_type != "f":
            return False
        # A formula whose stored value is an empty text keeps the type of a text.
        return self.cells[position].value is None and self.cells[position].data_type != "str"


_NO_ROW = _Row(1, (), ())


def _check_archive(path: Path, *, file: str) -> bool:
    """Refuse what is no workbook or unpacks to too much; return whether it has formulas."""
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
            check_size(unpacked, file=file)
            if unpacked > max(_ALWAYS_UNPACKED_BYTES, _MOST_UNPACKED * path.stat().st_size):
                raise TableError([file_fault(file, "unpacks to far more than a table would")])
            parts = [name for name in archive.namelist() if name.endswith(".xml")]
            return any(_has_formulas(archive, name) for name in parts)
    except TableError:
        raise
    except Exception:
        # Besides BadZipFile damage shows as zlib.error, struct.error, EOFError, RuntimeError, ...
        remedy = "open it and save it as .xlsx, without a password"
        raise TableError([file_fault(file, _UNREADABLE, remedy)]) from None


def _has_formulas(archive: zipfile.ZipFile, name: str) -> bool:
    """Return whether a part of a workbook, a sheet or another one, holds a formula."""
    kept = b""
    with archive.open(name) as stream:
        while block := stream.read(_BLOCK_BYTES):
            if _FORMULA.search(kept + block):
                return True
            kept = block[-64:]
    return False


@contextmanager
def _records(
    path: Path, sheet: str | None, *, file: str, with_formulas: bool
) -> Iterator[Iterator[_Row]]:
    """Give the rows of a sheet; whatever a damaged workbook raises is one fault."""
    import openpyxl

    views = (True, False) if with_formulas else (True,)
    with path.open("rb") as stream, warnings.catch_warnings():
        # openpyxl warns of styles and extensions that it skips; none touches a value.
        warnings.simplefilter("ignore")
        try:
            books = [
                openpyxl.load_workbook(
                    stream, read_only=True, data_only=data_only, keep_links=False
                )
                for data_only in views
            ]
            yield _rows([_sheet(book, sheet, file=file) for book in books], file=file)
        except TableError:
            raise
        except Exception as error:
            # A damaged file makes openpyxl raise nearly anything: KeyError, ParseError, ...
            rule = f"{_UNREADABLE} ({type(error).__name__})"
            raise TableError([file_fault(file, rule, "open it in Excel and save it")]) from None


def _sheet(book: Any, sheet: str | None, *, file: str) -> Any:
    """Return the sheet of this name, or the only one."""
    by_title = {worksheet.title: worksheet for worksheet in book.worksheets}
    if sheet is None and len(by_title) != 1:
        rule = f"has {len(by_title)} sheets"
        raise TableError([file_fault(file, rule, "name one of them under sheet")])
    if sheet is not None and sheet not in by_title:
        close = did_you_mean(sheet, by_title)
        raise TableError([file_fault(file, f"has no sheet {sheet!r}", close)])
    worksheet = by_title[next(iter(by_title)) if sheet is None else sheet]
    # Programs that write workbooks often state a wrong size, which would cut rows off.
    worksheet.reset_dimensions()
    return worksheet


def _rows(sheets: Sequence[Any], *, file: str) -> Iterator[_Row]:
    """Yield the rows of a sheet, with its formulas where a second view of it is given."""
    views = [sheet.iter_rows() for sheet in sheets]
    pairs = zip(*views, strict=True) if len(views) > 1 else ((row, ()) for row in views[0])
    for number, (cells, formulas) in enumerate(pairs, start=1):
        if number > _MOST_ROWS:
            rule = f"has rows beyond {_MOST_ROWS:,}, the last one of a sheet"
            raise TableError([file_fault(file, rule)])
        yield _Row(number, cells, formulas)
