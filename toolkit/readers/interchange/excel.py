"""Sheets of a workbook, read strictly: each cell as it was entered, or refused with the reason.

Stricter than ``toolkit.readers.workbook``: a file passed between programs may hold no formula, no
merged cell and no hidden sheet where data stand, since other programs show and read these
differently.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from toolkit.readers.raw_table import check_has_records, file_fault, row_faults
from toolkit.readers.sheet_rows import SheetCell, SheetRow
from toolkit.readers.spreadsheet import SheetInfo, SheetRecords, Spreadsheet
from toolkit.readers.workbook import header_texts, number_text, stored_text
from toolkit.tables import Fault, RefusedCell, TableError

Cell = str | RefusedCell
FindColumns = Callable[[list[str]], dict[str, int]]
_CHANGED = {
    "truth": "is TRUE or FALSE: Excel has changed what was entered",
    "date": "is a date: Excel has changed what was entered",
    "time": "is a time of day: Excel has changed what was entered",
}


@dataclass(frozen=True, kw_only=True)
class SheetCells:
    """The wanted columns of a sheet: cells by column, the row of each, and faults."""

    cells: dict[str, list[Cell]]
    rows: list[int]
    faults: tuple[Fault, ...]


def read_sheet(
    book: Spreadsheet,
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
    book, sheet : Spreadsheet, SheetInfo
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
    records = SheetRecords(book, sheet, place)
    rows_left = iter(records)
    positions = find_columns(header_texts(next(rows_left, None)))
    cells: dict[str, list[Cell]] = {name: [] for name in positions}
    rows: list[int] = []
    wanted = list(zip(positions.values(), positions, cells.values(), strict=True))
    for number, found in _filled(rows_left, list(positions.values())):
        rows.append(number)
        for position, name, column in wanted:
            column.append(_entered(found.get(position), name, ids=ids, lists=lists))
    if not may_be_empty:
        check_has_records(len(rows), file=place)
    faults = row_faults(
        place,
        _blank_rows(rows),
        "is empty, with rows below it",
        "remove the row, or fill what is missing",
    )
    faults += _merged_faults(
        records.merged, positions, last_row=rows[-1] if rows else 1, place=place
    )
    return SheetCells(cells=cells, rows=rows, faults=tuple(faults))


def _filled(
    rows: Iterator[SheetRow], positions: Sequence[int]
) -> Iterator[tuple[int, dict[int, SheetCell]]]:
    """Yield number and cells of the rows that hold something in a wanted column."""
    for row in rows:
        cells = row.cells
        for position in positions:
            cell = cells.get(position)
            if cell is not None and (cell.text or cell.formula):
                yield row.number, cells
                break


def _entered(
    cell: SheetCell | None, name: str, *, ids: frozenset[str], lists: frozenset[str]
) -> Cell:
    """Return one cell as text, or refused."""
    if cell is None:
        return ""
    if cell.formula is not None:
        return RefusedCell(
            text=cell.formula,
            rule="is a formula, not a value",
            remedy="copy the cell and paste it as a value",
        )
    if cell.kind == "number" and cell.text:
        return _entered_number(cell.text, name, ids=ids, lists=lists)
    if cell.kind in _CHANGED and cell.text:
        return RefusedCell(text=cell.text, rule=_CHANGED[cell.kind], remedy="enter it as text")
    return stored_text(cell)


def _entered_number(stored: str, name: str, *, ids: frozenset[str], lists: frozenset[str]) -> Cell:
    """Return a number as text, unless it stands where IDs should be."""
    text = number_text(stored)
    if isinstance(text, RefusedCell):
        return text
    if name in lists:
        rule = "is a number, where the IDs of the case are listed as text"
        remedy = "enter them as text, such as 0,1 and, for a single one, (1)"
        return RefusedCell(text=text, rule=rule, remedy=remedy)
    if name in ids and float(text) % 1:
        rule = "is a number with a fraction, so no ID"
        return RefusedCell(text=text, rule=rule, remedy="enter it as text")
    return text


def _blank_rows(rows: Sequence[int]) -> list[int]:
    """Return the numbers missing between the rows that hold something; the header is row 1."""
    return [
        number
        for before, after in zip([1, *rows], rows, strict=False)
        for number in range(before + 1, after)
    ]


def _merged_faults(
    merged: Sequence[tuple[int, int, int, int]],
    positions: dict[str, int],
    *,
    last_row: int,
    place: str,
) -> list[Fault]:
    """Return the faults of merged cells in the wanted columns."""
    faults = []
    for name, position in positions.items():
        rows: set[int] = set()
        for left, top, right, bottom in dict.fromkeys(merged):
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
