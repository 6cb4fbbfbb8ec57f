"""The three sheets of a JAFROC workbook: their names, their columns, and their cells typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray, IndexArray
from toolkit.readers.interchange.study import in_the_file
from toolkit.readers.tabular.raw_table import check_has_records, file_fault, row_faults, text_cells
from toolkit.readers.tabular.xlsx_read import (
    SheetCell,
    SheetInfo,
    SheetRecords,
    SheetRow,
    Spreadsheet,
    header_texts,
    number_text,
    open_spreadsheet,
    stored_text,
)
from toolkit.tables import Column, Fault, Places, RefusedCell, TableError, did_you_mean
from toolkit.tables.cells import cell_faults, typed_column

if TYPE_CHECKING:
    import pandas as pd

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


# Old and new name of each sheet; Excel users write them in any case.
SHEET_NAMES = {"TRUTH": ("TRUTH",), "FP": ("FP", "NL"), "TP": ("TP", "LL")}
TWO_FACTORS = ("ModalityID1", "ModalityID2")
DESIGN_COLUMNS = ("ReaderID", "ModalityID", *TWO_FACTORS)


def _text(name: str, *, required: bool = True, identifying: bool = True) -> Column:
    """Column of IDs or words."""
    return Column(
        name=name, kind="text", description="", required=required, identifying=identifying
    )


def _number(name: str, minimum: float | None = None, maximum: float | None = None) -> Column:
    """Column of numbers."""
    return Column(
        name=name, kind="number", description="", required=True, minimum=minimum, maximum=maximum
    )


def _whole(name: str, minimum: float) -> Column:
    """Column of whole numbers."""
    return Column(name=name, kind="integer", description="", required=True, minimum=minimum)


_COLUMNS = {
    "CaseID": _text("CaseID"),
    "ReaderID": _text("ReaderID"),
    "ModalityID": _text("ModalityID", identifying=False),
    "ModalityID1": _text("ModalityID1", identifying=False),
    "ModalityID2": _text("ModalityID2", identifying=False),
    "Weight": _number("Weight", 0, 1),
    "Paradigm": _text("Paradigm", required=False, identifying=False),
    "Rating": _number("Rating"),
}
_LESION = {"TRUTH": _whole("LesionID", 0), "TP": _whole("LesionID", 1)}
_IDS = frozenset({"CaseID", "ReaderID", "ModalityID", *TWO_FACTORS})
_LISTS = frozenset({"ReaderID", "ModalityID", *TWO_FACTORS})


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """One sheet, typed.

    Parameters
    ----------
    frame : DataFrame
        The columns, with the row of each record as ``_row``.
    places : Places
        File with sheet, and row, of each record.
    faults : tuple of Fault
        Of the sheet and of its cells.
    sound : ndarray of bool, shape (n_records,)
        Records without a refused or missing cell.
    rating_column : str
        What the sheet calls its column of ratings.
    weight_text : Series, optional
        Weights as written: how many decimals they were rounded to.
    """

    frame: pd.DataFrame
    places: Places
    faults: tuple[Fault, ...]
    sound: BoolArray
    rating_column: str = ""
    weight_text: pd.Series | None = None

    def at(self, positions: IndexArray) -> Places:
        """Return the places of some of the records."""
        return self.places.at(positions)

    def value_faults(
        self, column: str, mask: BoolArray, rule: str, *, remedy: str = "", show: bool
    ) -> list[Fault]:
        """Return the faults of the records of a mask, by the values of one column."""
        positions = np.flatnonzero(mask)
        values = self.frame[column].iloc[positions]
        texts = [f"{v:g}" if isinstance(v, float) else str(v) for v in values.tolist()]
        definition = _COLUMNS.get(column) or _LESION["TRUTH"]
        return self.places.value_faults(
            positions, texts, column=definition, rule=rule, remedy=remedy, show_values=show
        )


def jafroc_sheets(path: Path, *, file: str, show_values: bool) -> dict[str, Sheet]:
    """Return the sheets TRUTH, FP and TP of a workbook, each with its own faults.

    Raises
    ------
    TableError
        If a sheet is lacking, is hidden, or lacks a column: then the others cannot be judged.
    """
    faults: list[Fault] = []
    sheets: dict[str, Sheet] = {}
    with open_spreadsheet(path, file=file) as book:
        for name, info in _find_sheets(book).items():
            try:
                sheets[name] = _typed_sheet(book, name, info, show_values=show_values)
            except TableError as error:
                faults += error.faults
    faults += _factor_faults(sheets, file)
    if faults:
        raise TableError([*faults, *(fault for sheet in sheets.values() for fault in sheet.faults)])
    return sheets


def modality_columns(sheet: Sheet) -> tuple[str, ...]:
    """Return the columns of modalities of a sheet: one, two crossed, or none in an older TRUTH."""
    return tuple(name for name in ("ModalityID", *TWO_FACTORS) if name in sheet.frame)


def _factor_faults(sheets: dict[str, Sheet], file: str) -> list[Fault]:
    """Return a fault where the sheets do not have the same columns of modalities."""
    columns = {name: found for name, sheet in sheets.items() if (found := modality_columns(sheet))}
    if len(set(columns.values())) < 2:
        return []
    said = "; ".join(f"{name} has {' and '.join(found)}" for name, found in columns.items())
    rule = f"has other modality columns in one sheet than in another: {said}"
    remedy = "head them alike in all sheets: ModalityID, or ModalityID1 and ModalityID2"
    return [file_fault(file, rule, remedy)]


def _find_sheets(book: Spreadsheet) -> dict[str, SheetInfo]:
    """Return the sheet for each of the three names."""
    faults = []
    found: dict[str, SheetInfo] = {}
    for name, known in SHEET_NAMES.items():
        titles = [s for s in book.sheets if s.title.strip().upper() in known]
        if len(titles) == 1:
            found[name] = titles[0]
        elif titles:
            named = " and ".join(repr(sheet.title) for sheet in titles)
            faults.append(file_fault(book.file, f"has both sheets {named}", "keep one of them"))
        else:
            others = [sheet.title for sheet in book.sheets]
            rule = f"has no sheet {' or '.join(known)}"
            faults.append(file_fault(book.file, rule, did_you_mean(known[0], others)))
    if faults:
        raise TableError(faults)
    return found


def _typed_sheet(book: Spreadsheet, name: str, info: SheetInfo, *, show_values: bool) -> Sheet:
    """Return one sheet with its cells typed."""
    import pandas as pd

    place = f"{book.file}, sheet {info.title}"
    titles: dict[str, str] = {}

    def find_columns(header: list[str]) -> dict[str, int]:
        positions = _positions(header, name, place=place)
        titles.update({column: header[position] for column, position in positions.items()})
        return positions

    cells = read_sheet(
        book,
        info,
        find_columns,
        ids=_IDS - _LISTS if name == "TRUTH" else _IDS,
        lists=_LISTS if name == "TRUTH" else frozenset(),
        may_be_empty=name != "TRUTH",
    )
    places = Places(
        files=np.full(len(cells.rows), place, dtype=object),
        rows=np.array(cells.rows, dtype=np.int64),
    )
    faults = list(cells.faults)
    frame = pd.DataFrame({"_row": places.rows})
    sound = np.ones(len(cells.rows), dtype=bool)
    for column, values in cells.cells.items():
        definition = _LESION[name] if column == "LesionID" else _COLUMNS[column]
        typed = typed_column(text_cells(values), definition)
        faults += cell_faults(typed, places=places, show_values=show_values)
        frame[column] = typed.values.to_numpy()
        sound &= ~typed.is_refused
        if definition.required:
            sound &= typed.values.notna().to_numpy()
    return Sheet(
        frame=frame,
        places=places,
        faults=in_the_file(faults),
        sound=sound,
        rating_column=titles.get("Rating", ""),
        weight_text=pd.Series([str(v) for v in cells.cells["Weight"]], dtype="str")
        if "Weight" in cells.cells
        else None,
    )


def _plain(title: str) -> str:
    """Return a column title without what users write in many ways."""
    return re.sub(r"[\s_]", "", title).casefold()


def _wanted(header: Sequence[str], name: str) -> dict[str, tuple[str, ...]]:
    """Return the wanted columns of a sheet, each with the titles that it may have."""
    plain = [_plain(title) for title in header]
    two = any(_plain(factor) in plain for factor in TWO_FACTORS)
    factors = TWO_FACTORS if two else ("ModalityID",)
    if name == "TRUTH":
        # Three columns of the older layout, four with the paradigm, or six with who read what.
        newer = any(_plain(column) in plain for column in DESIGN_COLUMNS)
        design = ("ReaderID", *factors) if newer else ()
        said = ("Paradigm",) if newer or _plain("Paradigm") in plain else ()
        columns: tuple[str, ...] = ("CaseID", "LesionID", "Weight", *design, *said)
    else:
        columns = ("ReaderID", *factors, "CaseID", *(("LesionID",) if name == "TP" else ()))
    wanted: dict[str, tuple[str, ...]] = {column: (column,) for column in columns}
    if name != "TRUTH":
        kinds = SHEET_NAMES[name]
        wanted["Rating"] = (*(f"{kind}_Rating" for kind in kinds), "Rating")
    return wanted


def _positions(header: Sequence[str], name: str, *, place: str) -> dict[str, int]:
    """Return where the wanted columns of a sheet stand."""
    if not any(header):
        raise TableError([file_fault(place, "has no header in its first row")])
    plain = [_plain(title) for title in header]
    faults = []
    positions: dict[str, int] = {}
    wanted = _wanted(header, name)
    used = {_plain(title) for titles in wanted.values() for title in titles}
    others = [title for title in header if title and _plain(title) not in used]
    for column, titles in wanted.items():
        found = [p for p, title in enumerate(plain) if title in {_plain(known) for known in titles}]
        if len(found) == 1:
            positions[column] = found[0]
        elif found:
            numbers = " and ".join(str(p + 1) for p in found)
            rule = f"heads the columns {numbers}"
            faults.append(file_fault(place, rule, "keep one", column=f"column {titles[0]!r}"))
        else:
            close = did_you_mean(titles[0], others)
            rule = "is not in the header"
            faults.append(file_fault(place, rule, close, column=f"column {titles[0]!r}"))
    if faults:
        raise TableError(faults)
    return positions
