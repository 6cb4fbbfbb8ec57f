"""One column of a canonical table: all its cells typed, and those that break a rule."""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.arrays import BoolArray, IndexArray
from toolkit.tables.definitions import Column
from toolkit.tables.faults import Fault, Places, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?", re.ASCII)
_ZONE = re.compile(r".*\d{2}:\d{2}.*([zZ]|[+-]\d{2}:?\d{2})", re.ASCII)
_TRUE_FALSE = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0}
_MISSING_DATE = np.datetime64("NaT", "ns")
_EARLIEST, _LATEST = np.datetime64("1900-01-01"), np.datetime64("2199-12-31")
_EXACT_INTEGERS = 2**53  # float64 holds every whole number up to here


class RefusedError(ValueError):
    """A cell that breaks a rule, with what to do about it."""

    def __init__(self, rule: str, remedy: str = "") -> None:
        self.rule = rule
        self.remedy = remedy
        super().__init__(rule, remedy)


@dataclass(frozen=True, kw_only=True)
class RefusedCell:
    """A cell that a reader could not take over: it stands in a raw table in place of the text.

    ``check_table`` reports it among the other faults of its row.
    """

    text: str
    rule: str
    remedy: str = ""

    def __str__(self) -> str:
        """Return the text as the file has it."""
        return self.text


def parse_text(value: object, column: Column) -> str | None:
    """Return text in Unicode NFC; None where it is missing."""
    text = unicodedata.normalize("NFC", _as_text(value))
    if not text:
        return None
    if (column.identifying or column.kind == "category") and not text.isprintable():
        raise RefusedError(
            "must have no invisible characters", "remove tabs, line breaks and marks of no width"
        )
    if column.allowed and text not in column.allowed:
        known = ", ".join(column.allowed)
        close = did_you_mean(text, column.allowed)
        raise RefusedError(f"must be one of {known}", close or "map it under values")
    return text


def _as_text(value: object) -> str:
    """Return the text of an identifier or a category that a file holds as text or as a number."""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, np.bool_, datetime.date, np.datetime64)):
        raise RefusedError("must be text", "store the column as text")
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        if not number.is_integer():
            return repr(number)
        if abs(number) >= _EXACT_INTEGERS:
            raise RefusedError(
                "is a number too long to be exact", "store the column as text, from its source"
            )
        return str(int(number))
    raise RefusedError("must be text", "store the column as text")


def parse_number(value: object, column: Column) -> float:
    """Return a number in the column's range; NaN where it is missing."""
    number = _as_number(value)
    if math.isnan(number):
        return number
    if math.isinf(number):
        raise RefusedError("must be a finite number", "map it under values to a finite number")
    if column.kind == "integer" and not number.is_integer():
        raise RefusedError("must be a whole number")
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum
    if not low <= number <= high:
        raise RefusedError(_range_rule(low, high))
    return number


def _as_number(value: object) -> float:
    """Return the number that a cell holds as a number or as text."""
    if isinstance(value, str):
        if not value:
            return math.nan
        if _NUMBER.fullmatch(value):
            return float(value)
        raise RefusedError("must be a number", _number_remedy(value))
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return float(value)
    raise RefusedError("must be a number")


def _number_remedy(text: str) -> str:
    """Say what to do about text that is no number."""
    if _DECIMAL_COMMA.fullmatch(text):
        return "declare decimal: ','"
    if text.lstrip("+-").casefold() in ("inf", "infinity"):
        return "map it under values to a finite number below or above the scale"
    return "map it under values, or name it under missing"


def _range_rule(low: float, high: float) -> str:
    """Return the rule of a range in words."""
    if math.isinf(high):
        return f"must be at least {low:g}"
    if math.isinf(low):
        return f"must be at most {high:g}"
    return f"must be between {low:g} and {high:g}"


def parse_binary(value: object, column: Column) -> float:
    """Return 0.0 or 1.0; NaN where it is missing."""
    if isinstance(value, (bool, np.bool_)):
        return float(value)
    text = value.casefold() if isinstance(value, str) else None
    if text in _TRUE_FALSE:
        return _TRUE_FALSE[text]
    try:
        number = _as_number(value)
    except RefusedError:
        number = math.inf
    if not (number in (0, 1) or math.isnan(number)):
        remedy = f"map it under values: {{{column.name}: {{...: 0, ...: 1}}}}"
        raise RefusedError("must be 0, 1 or missing", remedy)
    return number


def parse_date(value: object, column: Column) -> np.datetime64:
    """Return a date without a time zone; NaT where it is missing."""
    moment = _as_moment(value)
    if not np.isnat(moment) and not _EARLIEST <= moment.astype("datetime64[D]") <= _LATEST:
        raise RefusedError(
            "must be a date from 1900 to 2199",
            f"if it stands for an unknown {column.name}, name it under missing",
        )
    return moment


def _as_moment(value: object) -> np.datetime64:
    """Return the date that a cell holds as a date or as ISO text."""
    if isinstance(value, str):
        return _moment_of_text(value)
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        raise RefusedError("must have no time zone", "give local time")
    if isinstance(value, (datetime.date, np.datetime64)):
        # A pandas Timestamp is a datetime that keeps its nanoseconds only on this way.
        exact = getattr(value, "to_datetime64", None)
        moment: np.datetime64 = np.datetime64(value) if exact is None else exact()
        return moment
    raise RefusedError("must be a date such as 2024-05-31")


def _moment_of_text(text: str) -> np.datetime64:
    """Return the date that ISO text gives."""
    if not text:
        return _MISSING_DATE
    if _ZONE.fullmatch(text):
        raise RefusedError("must have no time zone", "give local time")
    if not _ISO_DATE.fullmatch(text):
        raise RefusedError("must be a date such as 2024-05-31", "declare date_order")
    try:
        return np.datetime64(text)
    except ValueError:
        raise RefusedError("must be a date of the calendar") from None


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
