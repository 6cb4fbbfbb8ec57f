"""Streams of randomness and columns of tables, for all parts of the simulated study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, DayArray, FloatArray, IntArray, ObjectArray
from toolkit.demo.rates import DEMO_SEED
from toolkit.tables import TABLES

if TYPE_CHECKING:
    import pandas as pd

DAYS_PER_MONTH = 365.25 / 12


def stream(name: str) -> np.random.Generator:
    """Return the generator of one named topic.

    Each topic has its own stream, so that what is added to one never changes another.

    Examples
    --------
    >>> bool(stream("retrospective/age").random() == stream("retrospective/age").random())
    True
    """
    return np.random.default_rng(np.random.SeedSequence(DEMO_SEED, spawn_key=tuple(name.encode())))


def identifiers(prefix: str, numbers: IntArray | range, *, digits: int = 5) -> ObjectArray:
    """Return identifiers that nobody takes for real ones: ``R-00017``."""
    return np.array([f"{prefix}-{number:0{digits}d}" for number in numbers], dtype=object)


def words(codes: NDArray[Any], vocabulary: Sequence[str]) -> ObjectArray:
    """Return the word of each code, shape of ``codes``; a code of -1 is missing."""
    return np.asarray(np.array([*vocabulary, np.nan], dtype=object)[codes], dtype=object)


def only_where(condition: BoolArray, values: NDArray[Any]) -> NDArray[Any]:
    """Return the values where a condition holds, missing elsewhere."""
    if values.dtype.kind == "M":
        return np.where(condition, values, np.datetime64("NaT"))
    if values.dtype.kind == "O":
        return np.where(condition, values, np.array(np.nan, dtype=object))
    return np.where(condition, values.astype(np.float64), np.nan)


def draw_codes(shares: Sequence[float], n: int, generator: np.random.Generator) -> IntArray:
    """Draw the number of a category, from 0, with these shares."""
    limits = np.cumsum(shares)
    return np.searchsorted(limits[:-1] / limits[-1], generator.random(n), side="right")


def months_between(start: DayArray, end: DayArray) -> FloatArray:
    """Return months from one day to another, in years' twelfths."""
    return (end - start).astype("timedelta64[D]").astype(np.float64) / DAYS_PER_MONTH


def canonical_table(name: str, columns: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    """Return a canonical table from arrays, columns and types as its definition has them."""
    import pandas as pd

    kinds = {column.name: column.kind for column in TABLES[name].columns}
    unknown = sorted(set(columns) - set(kinds))
    if unknown:
        msg = f"table {name} has no column {', '.join(unknown)}; its columns: {', '.join(kinds)}"
        raise ValueError(msg)
    types = {"text": "str", "category": "str", "date": "datetime64[ns]"}
    return pd.DataFrame(
        {
            column: pd.Series(columns[column], dtype=types.get(kind, "float64"))
            for column, kind in kinds.items()
            if column in columns
        }
    )
