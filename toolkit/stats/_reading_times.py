"""What the analyses of reading times share: checks, a two-way table and a ratio from its log."""

from __future__ import annotations

import math
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Better
from toolkit.stats._checks import _position, check_ratings
from toolkit.stats._wald import wald_difference
from toolkit.stats.mrmc._estimates import Variance, positive_variance

_ROUNDING = 1e-12


def check_times(times: ArrayLike, *, missing_allowed: bool = False) -> FloatArray:
    """Return times as float64, shape (n_cases, n_readers, 2), above 0 and finite."""
    n_cases = len(times) if isinstance(times, Sized) else 0
    axes = ("n_readers", "n_modalities")
    array = check_ratings(times, n_cases=n_cases, name="times", axes=axes, missing_allowed=True)
    if array.shape[2] != 2 or 0 in array.shape:
        msg = (
            "times must have shape (n_cases, n_readers, 2), at least one case and one reader, but "
            f"got {array.shape}; give the modalities to compare, a before b"
        )
        raise ValueError(msg)
    missing = np.isnan(array)
    if missing.any() and not missing_allowed:
        msg = (
            f"times must not be missing, but {_position(missing)} is NaN ({int(missing.sum())} in "
            "all); use reading_time_model, which takes the readings that there are"
        )
        raise ValueError(msg)
    wrong = ~(missing | ((array > 0) & np.isfinite(array)))
    if wrong.any():
        msg = (
            f"times must be above 0 and finite, but {_position(wrong)} holds "
            f"{float(array[wrong][0])!r}; a reading without a time is missing, not 0 seconds"
        )
        raise ValueError(msg)
    return array


def check_names(names: Sequence[str], number: int, name: str = "readers") -> tuple[str, ...]:
    """Return the names along an axis, all different."""
    given = (names,) if isinstance(names, str) else tuple(names)
    if len(given) != number or len(set(given)) != number:
        msg = f"{name} must hold {number} different names, but got {', '.join(given)}"
        raise ValueError(msg)
    return given


@dataclass(frozen=True, kw_only=True)
class TableMeanSquares:
    """Mean squares of a two-way table without replication; NaN without degrees of freedom."""

    reader: float
    case: float
    error: float


def table_mean_squares(table: FloatArray) -> TableMeanSquares:
    """Return the mean squares of ``table`` (n_cases, n_readers)."""
    n_cases, n_readers = table.shape
    centred = table - table.mean()
    by_reader, by_case = centred.mean(axis=0), centred.mean(axis=1)
    rest = centred - by_reader - by_case[:, np.newaxis]
    between, within = n_readers - 1, n_cases - 1
    return TableMeanSquares(
        reader=n_cases * float(by_reader @ by_reader) / between if between else math.nan,
        case=n_readers * float(by_case @ by_case) / within if within else math.nan,
        error=float((rest**2).sum()) / (between * within) if between and within else math.nan,
    )


def variance_of_mean(table: FloatArray) -> Variance:
    """Return the variance of the mean of ``table`` (n_cases, n_readers), both axes random.

    With one reader it is that over cases. V = MS(R) + max(MS(C) - MS(RC), 0) over n_cases n_readers
    on Satterthwaite's df = V^2 / sum(MS_i^2 / df_i), sum over the mean squares that make up V; see
    ``least_df``.
    """
    n_cases, n_readers = table.shape
    ms, what = table_mean_squares(table), "the variance of the mean"
    if n_cases < 2:
        return Variance(value=math.nan, df=math.nan, reason="one case has no variance")
    value = ms.case if n_readers < 2 else ms.reader + max(ms.case - ms.error, 0.0)
    if value <= table.size * (_ROUNDING * max(1.0, float(np.abs(table).max()))) ** 2:
        return positive_variance(0.0, math.nan, what=what)  # 0 but for rounding
    if n_readers < 2:
        return positive_variance(value, n_cases - 1.0, what=what).times(1 / n_cases)
    spread = ms.reader**2 / (n_readers - 1)
    if ms.case > ms.error:
        spread += (ms.case**2 + ms.error**2 / (n_readers - 1)) / (n_cases - 1)
    df = max(value**2 / spread, least_df(n_cases, n_readers))
    return positive_variance(value, df, what=what).times(1 / (n_cases * n_readers))


def least_df(n_cases: int, n_readers: int) -> float:
    """Return the degrees of freedom that Satterthwaite's may not fall below.

    His formula for a sum of mean squares cannot fall below the least of their own; with one
    subtracted it can, next to 0, where MS(R) happens to be small. Simulated without a difference,
    at most 5.9 % of studies of 5 readers are significant at 5 %, 6.4 % of 4, 8 % of 3 and 13 % of
    2, over 27 designs each; on Hillis's df, which leave out that MS(C) is estimated, in more.
    """
    return float(min(n_cases, n_readers) - 1)


def exponential(logarithm: float) -> float:
    """Return e to a power; infinite beyond 1e308, as a limit of two very different readers is."""
    with np.errstate(over="ignore"):
        return float(np.exp(logarithm))


def ratio_fields(
    log_ratio: float, variance: Variance, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return estimate, interval and tests of a ratio from its logarithm."""
    wald = wald_difference(
        log_ratio,
        variance.std_error,
        df=variance.df,
        ci_level=level,
        margin=None if margin is None else abs(math.log(margin)),
        better=better,
        largest=math.inf,
    )
    ratio = exponential(log_ratio)
    return {
        **vars(wald),
        "estimate": ratio,
        "std_error": ratio * variance.std_error,
        "ci_low": exponential(wald.ci_low),
        "ci_high": exponential(wald.ci_high),
        "margin": margin,
        "effect": "ratio",
        "unit": "ratio",
        "note": variance.reason,
    }
