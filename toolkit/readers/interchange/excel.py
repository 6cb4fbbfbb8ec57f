"""Sheets of a workbook, read strictly: each cell as it was entered, or refused with the reason.

Archive checks, damage and the reading of rows are those of ``toolkit.readers.workbook``. Stricter
here: a file passed between programs may hold no formula, no merged cell and no hidden sheet where
data stand, since other programs show and read these differently.
"""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.readers.raw_table import cell_text, check_has_records, file_fault, row_faults
from toolkit.readers.workbook import _check_archive, _Row, _rows
from toolkit.tables import Fault, RefusedCell, TableError

_EXACT_DIGITS = 10**15
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]+)(\d+):([A-Z]+)(\d+)"')
_BLOCK_BYTES = 2**20

Cell = str | RefusedCell
FindColumns = Callable[[list[str]], dict[str, int]]


@dataclass(frozen=True, kw_only=True)
class SheetInfo:
    """One sheet: its title, whether Excel hides it, and its part of the archive."""

    title: str
    hidden: bool
    part: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Book:
    """An open workbook: its sheets, its values and, where it has any, its formulas."""

    path: Path
    file: str
    sheets: tuple[SheetInfo, ...]
    views: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class SheetCells:
    """The wanted columns of a sheet: cells by column, the row of each, and faults."""

    cells: dict[str, list[Cell]]
    rows: list[int]
    faults: tuple[Fault, ...]


@contextmanager
def open_book(path: Path, *, file: str) -> Iterator[Book]:
    """Give an open workbook; a TableError where it is none or is damaged."""
    import openpyxl

    data_only = (True, False) if _check_archive(path, file=file) else (True,)
    with path.open("rb") as stream, warnings.catch_warnings():
        # openpyxl warns of styles and extensions that it skips; none touches a value.
        warnings.simplefilter("ignore")
        try:
            views = tuple(
                openpyxl.load_workbook(stream, read_only=True, data_only=view, keep_links=False)
                for view in data_only
            )
            sheets = tuple(
                SheetInfo(
                    title=sheet.title,
                    hidden=sheet.sheet_state != "visible",
                    part=sheet._worksheet_path.removeprefix("/"),
                )
                for sheet in views[0].worksheets
            )
        except Exception as error:
            raise _damaged(error, file) from None
        yield Book(path=path, file=file, sheets=sheets, views=views)


def _damaged(error: Exception, file: str) -> TableError:
    """Return the one error for whatever a damaged workbook raises."""
    rule = f"cannot be read as an Excel workbook ({type(error).__name__})"
    return TableError([file_fault(file, rule, "open it in Excel and save it")])


def _sheet_rows(book: Book, sheet: SheetInfo, *, place: str) -> Iterator[_Row]:
    """Yield the rows of a sheet, with its formulas where the workbook has any."""
    views = [view[sheet.title] for view in book.views]
    for view in views:
        # Programs that write workbooks often state a wrong size, which would cut rows off.
        view.reset_dimensions()
    rows = _rows(views, file=place)
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except TableError:
            raise
        except Exception as error:
            raise _damaged(error, place) from None
        yield row


def read_sheet(
    book: Book,
    sheet: SheetInfo,
    find_columns: FindColumns,
    *,
    ids: frozenset[str],
    lists: frozenset[str],
    may_be_empty: bool,
) -> SheetCells:
    """Return the cells of the wanted columns of one sheet as text.

    Parameters
    ----------
    book, sheet : Book, SheetInfo
        The workbook and one of its sheets.
    find_columns : callable
        From the header to the position of each wanted column; raises where one is lacking.
    ids : frozenset of str
        Columns of IDs, in which a number with a fraction is none.
    lists : frozenset of str
        Columns of lists of IDs, in which any number is a list that Excel has changed.
    may_be_empty : bool
        Whether a sheet with a header alone is in order.
    """
    place = f"{book.file}, sheet {sheet.title}"
    if sheet.hidden:
        rule = "is hidden, so who exchanges the file may not know what it holds"
        raise TableError([file_fault(place, rule, "show the sheet and look at it")])
    records = _sheet_rows(book, sheet, place=place)
    first = next(records, None)
    header = [] if first is None else [cell_text(cell.value).strip() for cell in first.cells]
    positions = find_columns(header)
    reader = _CellReader(ids=ids, lists=lists)
    cells: dict[str, list[Cell]] = {name: [] for name in positions}
    rows: list[int] = []
    for row in records:
        values = reader.row(row, positions)
        if values is not None:
            rows.append(row.number)
            for column, value in zip(cells.values(), values, strict=True):
                column.append(value)
    if not may_be_empty:
        check_has_records(len(rows), file=place)
    faults = row_faults(
        place,
        _blank_rows(rows),
        "is empty, with rows below it",
        "remove the row, or fill what is missing",
    )
    faults += _merged_faults(book, sheet, positions, last_row=rows[-1] if rows else 1, place=place)
    return SheetCells(cells=cells, rows=rows, faults=tuple(faults))


class _CellReader:
    """Turn cells into text; each different whole number is written out once."""

    def __init__(self, *, ids: frozenset[str], lists: frozenset[str]) -> None:
        self._ids = ids
        self._lists = lists
        self._whole: dict[int, str] = {}

    def row(self, row: _Row, positions: dict[str, int]) -> list[Cell] | None:
        """Return the wanted cells of a row; None where all of them are empty."""
        n_cells = len(row.cells)
        cells = [row.cells[p] if p < n_cells else None for p in positions.values()]
        empty = all(cell is None or cell.value in (None, "") for cell in cells)
        if empty and not row.formulas:
            return None
        n_formulas = len(row.formulas)
        formulas = [row.formulas[p] if p < n_formulas else None for p in positions.values()]
        if empty and all(f is None or f.data_type != "f" for f in formulas):
            return None
        return [
            self._cell(row, name, position, formula)
            for (name, position), formula in zip(positions.items(), formulas, strict=True)
        ]

    def _cell(self, row: _Row, name: str, position: int, formula: Any) -> Cell:
        """Return one cell as text, or refused."""
        if formula is not None and formula.data_type == "f":
            return RefusedCell(
                text=str(formula.value),
                rule="is a formula, not a value",
                remedy="copy the cell and paste it as a value",
            )
        cell = row.cells[position] if position < len(row.cells) else None
        value = None if cell is None else cell.value
        kind = type(value)
        if kind is str and cell.data_type != "e":  # type: ignore[union-attr]
            return str(value)
        if value is None:
            return ""
        if kind in (int, float) and abs(value) < _EXACT_DIGITS:
            return self._number(value, name)
        if kind is bool:
            return _changed(str(value), "is TRUE or FALSE: Excel has changed what was entered")
        return row.cell(position, is_date=False, decimal=".")

    def _number(self, value: float, name: str) -> Cell:
        """Return a number as text, unless it stands where IDs should be."""
        if name in self._lists:
            rule = "is a number, where the IDs of the case are listed as text"
            remedy = "enter them as text, such as 0,1 and, for a single one, (1)"
            return RefusedCell(text=cell_text(value), rule=rule, remedy=remedy)
        if value != int(value):
            text = cell_text(value)
            rule = "is a number with a fraction, so no ID"
            return _changed(text, rule) if name in self._ids else text
        whole = int(value)
        if whole not in self._whole:
            self._whole[whole] = str(whole)
        return self._whole[whole]


def _changed(text: str, rule: str) -> RefusedCell:
    """Return a cell that Excel has changed, or may have."""
    return RefusedCell(text=text, rule=rule, remedy="enter it as text")


def _blank_rows(rows: Sequence[int]) -> list[int]:
    """Return the numbers missing between the rows that hold something; the header is row 1."""
    return [
        number
        for before, after in zip([1, *rows], rows, strict=False)
        for number in range(before + 1, after)
    ]


def _merged_faults(
    book: Book, sheet: SheetInfo, positions: dict[str, int], *, last_row: int, place: str
) -> list[Fault]:
    """Return the faults of merged cells in the wanted columns."""
    faults = []
    merged = list(dict.fromkeys(_merged_ranges(book.path, sheet.part)))
    for name, position in positions.items():
        rows: set[int] = set()
        for left, top, right, bottom in merged:
            if left <= position <= right:
                rows.update(range(top, min(bottom, max(last_row, top)) + 1))
        faults += row_faults(
            place,
            sorted(rows),
            "is merged with other cells",
            "unmerge the cells and fill each",
            column=name,
        )
    return faults


def _merged_ranges(path: Path, part: str) -> list[tuple[int, int, int, int]]:
    """Return the merged ranges of a sheet: first column (from 0) and row, last column and row."""
    found: list[tuple[int, int, int, int]] = []
    kept = b""
    with zipfile.ZipFile(path) as archive, archive.open(part) as stream:
        while block := stream.read(_BLOCK_BYTES):
            text = kept + block
            for left, top, right, bottom in _MERGED.findall(text):
                found.append((_column(left), int(top), _column(right), int(bottom)))
            kept = text[-128:]
    return found


def _column(letters: bytes) -> int:
    """Return the position, from 0, of the column with these letters."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1
