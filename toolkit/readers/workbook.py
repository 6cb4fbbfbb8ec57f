"""Excel workbooks (xlsx): the cells of one sheet as text, and those that Excel has spoilt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from toolkit.readers.raw_table import (
    RawTable,
    cell_text,
    check_has_records,
    column_positions,
    file_fault,
    raw_table,
)
from toolkit.readers.sheet_rows import SheetCell, SheetRow
from toolkit.readers.spreadsheet import SheetInfo, SheetRecords, Spreadsheet, open_spreadsheet
from toolkit.tables import RefusedCell, TableError, did_you_mean

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
