"""From the cells of a source to canonical cells: missing codes, value maps, notation, constants."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from toolkit.readers.notation import iso_dates, plain_number
from toolkit.readers.raw_table import RawTable, cell_text, text_cells
from toolkit.readers.sources import EVERY_OTHER, TableSource
from toolkit.tables import Column, RefusedCell, TableDefinition

if TYPE_CHECKING:
    import pandas as pd


def nfc(text: str) -> str:
    """Return text in Unicode NFC, so that one letter is one character however it was typed."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def mapped_table(raw: RawTable, source: TableSource, definition: TableDefinition) -> RawTable:
    """Return the columns of a file under their canonical names, cells still as text.

    Parameters
    ----------
    raw : RawTable
        What the file holds.
    source : TableSource
        Its entry in the parameters; every canonical column that it names exists.
    definition : TableDefinition
        The table that is made.
    """
    import pandas as pd

    names = source.columns or {str(name): str(name) for name in raw.frame.columns}
    cells = {
        name: _canonical_cells(raw.frame[nfc(in_file)], definition.column(name), source)
        for name, in_file in names.items()
    }
    mapped = RawTable(
        frame=pd.DataFrame(cells, index=raw.frame.index), rows=raw.rows, faults=raw.faults
    )
    return _completed(mapped, source, definition)


def inline_table(source: TableSource, definition: TableDefinition) -> RawTable:
    """Return the rows that the parameters file holds itself; the first one is row 1."""
    import pandas as pd

    rows = source.rows or []
    names = dict.fromkeys(name for row in rows for name in row)
    cells = {
        name: text_cells([_parameter_cell(row.get(name), definition.column(name)) for row in rows])
        for name in names
    }
    inline = RawTable(frame=pd.DataFrame(cells), rows=np.arange(1, len(rows) + 1))
    return _completed(inline, source, definition)


def _completed(table: RawTable, source: TableSource, definition: TableDefinition) -> RawTable:
    """Add the constants, drop repeated rows and number the others where the source says so."""
    n_rows = len(table.frame)
    constants = {
        name: text_cells([_parameter_cell(value, definition.column(name))] * n_rows)
        for name, value in source.constants.items()
    }
    frame = table.frame.assign(**constants)
    kept = ~frame.duplicated().to_numpy() if source.distinct else np.ones(n_rows, dtype=bool)
    frame, rows = frame[kept].reset_index(drop=True), table.rows[kept]
    if source.numbered:
        frame = frame.assign(**{source.numbered: text_cells([str(row) for row in rows])})
    return RawTable(frame=frame, rows=rows, faults=table.faults)


def _parameter_cell(value: object, column: Column) -> str | RefusedCell:
    """Return a value of the parameters file as text."""
    if isinstance(value, float) and column.kind in ("text", "category"):
        return RefusedCell(
            text=str(value),
            rule="is a number of the parameters file, where 1.10 is 1.1",
            remedy="put it in quotes",
        )
    if value is None or isinstance(value, (str, int, float, datetime.date)):
        return cell_text(value)
    return RefusedCell(text=str(value), rule="must be a single value")


def _canonical_cells(cells: pd.Series, column: Column, source: TableSource) -> pd.Series:
    """Return the cells of one column of a file as canonical text."""
    import pandas as pd

    value_map = _ValueMap(source, column)
    comma = column.kind in ("number", "integer") and source.decimal == ","
    if not (value_map.holds_anything or comma or column.kind == "date"):
        return cells
    codes, different = pd.factorize(cells)
    translated = text_cells(_translated(different.tolist(), value_map, column, source))
    return translated.iloc[codes].reset_index(drop=True)


class _ValueMap:
    """The declared meaning of the values of one column."""

    def __init__(self, source: TableSource, column: Column) -> None:
        self._missing = {nfc(code) for code in source.missing}
        self._by_value = {
            nfc(cell_text(value)): cell_text(canonical)
            for value, canonical in source.values.get(column.name, {}).items()
        }
        self._every_other = self._by_value.pop(EVERY_OTHER, None)
        self.holds_anything = bool(self._missing or self._by_value or self._every_other is not None)

    def meaning(self, text: str) -> str | None:
        """Return the canonical text of a value; None where nothing is declared about it."""
        value = "" if text in self._missing else text
        if value in self._by_value:
            return self._by_value[value]
        return self._every_other if value else ""


def _translated(
    cells: Sequence[str | RefusedCell], value_map: _ValueMap, column: Column, source: TableSource
) -> list[str | RefusedCell]:
    """Return cells by their declared meaning, and the others in the one plain notation."""
    texts = {place: nfc(cell) for place, cell in enumerate(cells) if isinstance(cell, str)}
    meanings = {place: value_map.meaning(text) for place, text in texts.items()}
    written = [place for place, meaning in meanings.items() if meaning is None]
    plain = _plain([texts[place] for place in written], column, source)
    known = {place: meaning for place, meaning in meanings.items() if meaning is not None}
    translated = {**known, **dict(zip(written, plain, strict=True))}
    return [translated.get(place, cell) for place, cell in enumerate(cells)]


def _plain(
    texts: Sequence[str], column: Column, source: TableSource
) -> Sequence[str | RefusedCell]:
    """Return numbers with a decimal point and dates in ISO form; other cells as they are."""
    if column.kind == "date":
        return iso_dates(texts, source.date_order)
    if column.kind in ("number", "integer"):
        return [plain_number(text, source.decimal) for text in texts]
    return texts
