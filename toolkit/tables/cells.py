"""One column of a canonical table: all its cells typed, and those that break a rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.arrays import BoolArray, IndexArray
from toolkit.tables.definitions import Column
from toolkit.tables.faults import Fault
from toolkit.tables.places import Places
from toolkit.tables.values import (
    RefusedCell,
    RefusedError,
    parse_binary,
    parse_date,
    parse_number,
    parse_text,
)

if TYPE_CHECKING:
    import pandas as pd

_PARSERS: dict[str, Callable[[Any, Column], Any]] = {
    "text": parse_text,
    "category": parse_text,
    "number": parse_number,
    "integer": parse_number,
    "binary": parse_binary,
    "date": parse_date,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class TypedColumn:
    """The cells of one column after typing; a refused cell is missing in ``values``.

    Parameters
    ----------
    column : Column
        What the column is.
    values : Series
        The typed cells, shape (n_rows,).
    codes : ndarray, shape (n_rows,)
        Which of the different cells of the source a row has; -1 for none.
    refused : dict of int to (str, str, str)
        The different cells that break a rule, by code: their text, the rule and the remedy.
    """

    column: Column
    values: pd.Series
    codes: IndexArray
    refused: dict[int, tuple[str, str, str]]

    @property
    def is_refused(self) -> BoolArray:
        """Whether the cell of each row breaks a rule."""
        return np.isin(self.codes, list(self.refused))


def typed_column(cells: pd.Series, column: Column) -> TypedColumn:
    """Return the cells typed, each different cell parsed once."""
    import pandas as pd

    codes, different = pd.factorize(cells)
    refused: dict[int, tuple[str, str, str]] = {}
    parse = _PARSERS[column.kind]
    parsed: list[Any] = [None] * len(different)
    for code, cell in enumerate(different.tolist()):
        try:
            parsed[code] = parse(_accepted(cell), column)
        except RefusedError as refusal:
            refused[code] = (str(cell), refusal.rule, refusal.remedy)
    values = _as_series(parsed, codes, column)
    if column.default:
        values = values.fillna(column.default)
    return TypedColumn(column=column, values=values, codes=codes, refused=refused)


def absent_column(column: Column, n_rows: int) -> pd.Series:
    """Return the cells of a column that the source lacks: its default, or missing."""
    no_codes = np.full(n_rows, -1, dtype=np.intp)
    values = _as_series([], no_codes, column)
    return values.fillna(column.default) if column.default else values


def _accepted(cell: object) -> object:
    """Return a cell, unless its reader has refused it or blanks stand at an end of it."""
    if isinstance(cell, RefusedCell):
        raise RefusedError(cell.rule, cell.remedy)
    # Such a blank would slip past a value map.
    if isinstance(cell, str) and cell != cell.strip():
        raise RefusedError("must have no blanks at its ends", "remove them in the file")
    return cell


def _as_series(parsed: list[Any], codes: IndexArray, column: Column) -> pd.Series:
    """Spread the parsed cells over the rows; what is None, and code -1, is missing."""
    import pandas as pd

    if column.kind in ("text", "category"):
        # The last place stands for code -1.
        words = np.array([*parsed, None], dtype=object)
        return pd.Series(words[codes], dtype="str")
    missing = np.datetime64("NaT", "ns") if column.kind == "date" else np.nan
    dtype = "datetime64[ns]" if column.kind == "date" else np.float64
    spread = [missing if value is None else value for value in parsed]
    return pd.Series(np.array([*spread, missing], dtype=dtype)[codes])


def cell_faults(typed: TypedColumn, *, places: Places, show_values: bool) -> list[Fault]:
    """Return the faults of one column: cells that break a rule, and missing required cells."""
    column = typed.column
    faults = []
    codes_by_rule: dict[tuple[str, str], list[int]] = defaultdict(list)
    for code, (_, rule, remedy) in typed.refused.items():
        codes_by_rule[rule, remedy].append(code)
    for (rule, remedy), codes in codes_by_rule.items():
        positions = np.flatnonzero(np.isin(typed.codes, codes))
        faults += places.value_faults(
            positions,
            [typed.refused[code][0] for code in typed.codes[positions].tolist()],
            column=column,
            rule=rule,
            remedy=remedy,
            show_values=show_values,
        )
    if column.required:
        missing = np.flatnonzero(typed.values.isna().to_numpy() & ~typed.is_refused)
        faults += places.faults(missing, column=column.name, rule="must not be missing")
    return faults
