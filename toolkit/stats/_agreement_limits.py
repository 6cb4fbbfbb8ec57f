"""Limits of agreement as quantiles of normal differences, single or repeated, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from toolkit.arrays import FloatArray, IndexArray
from toolkit.stats._wald import quantile


def patient_means(values: FloatArray, patient: IndexArray) -> FloatArray:
    """Return the mean of each patient's values."""
    return np.bincount(patient, weights=values) / np.bincount(patient)


@dataclass(frozen=True, kw_only=True, eq=False)
class Spread:
    """Mean difference and its variance, between patients and within, as Zou (2013) names them."""

    mean: float
    n_patients: int
    between: float  # variance of patients' means
    within: float  # variance within patients, times 1 - 1 / harmonic mean of their numbers
    df_within: int

    @property
    def total(self) -> float:
        """Variance of one difference."""
        return self.between + self.within


def spread_of(difference: FloatArray, patient: IndexArray) -> Spread:
    """Return the components of the variance of differences."""
    if not difference.size:
        return Spread(mean=math.nan, n_patients=0, between=0.0, within=0.0, df_within=0)
    number = np.bincount(patient)
    means = patient_means(difference, patient)
    df_within = difference.size - means.size
    squares = float(((difference - means[patient]) ** 2).sum())
    return Spread(
        mean=float(means.mean()),
        n_patients=means.size,
        between=float(means.var(ddof=1)) if means.size > 1 else 0.0,
        within=(1 - float((1 / number).mean())) * squares / max(df_within, 1),
        df_within=df_within,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Limit:
    """One limit of agreement on the scale of differences."""

    value: float
    error: float
    low: float
    high: float
    ci_method: str

    @classmethod
    def undefined(cls, spread: Spread) -> Limit:
        """Return a limit without interval, where differences do not vary or there are too few."""
        value = spread.mean if spread.n_patients > 1 else math.nan
        nothing = {"error": math.nan, "low": math.nan, "high": math.nan}
        return cls(value=value, ci_method="none", **nothing)


def limit_of(spread: Spread, z: float, tail: float) -> Limit:
    """Return the limit ``z`` standard deviations from the mean difference."""
    n, deviation = spread.n_patients, math.sqrt(spread.total)
    squares = spread.between**2 / (n - 1)
    if spread.df_within:
        squares += spread.within**2 / spread.df_within
    # Delta method: the variance of a variance is 2 / df times its square.
    error = math.sqrt(spread.between / n + z * z * squares / (2 * spread.total))
    interval = _mover if spread.df_within else _exact
    low, high, name = interval(spread, z, tail)
    value = spread.mean + z * deviation
    return Limit(value=value, error=error, low=low, high=high, ci_method=name)


def _exact(spread: Spread, z: float, tail: float) -> tuple[float, float, str]:
    """Return the exact interval of a normal quantile (Carkeet 2015, one-sided factors)."""
    n, step = spread.n_patients, math.sqrt(spread.between / spread.n_patients)
    # (quantile - mean) / step has a noncentral t distribution with z sqrt(n) as its centre.
    factors = [
        float(special.nctdtrit(n - 1, abs(z) * math.sqrt(n), p)) * step for p in (tail, 1 - tail)
    ]
    near, far = factors
    if z > 0:
        return spread.mean + near, spread.mean + far, "exact, noncentral t"
    return spread.mean - far, spread.mean - near, "exact, noncentral t"


def _mover(spread: Spread, z: float, tail: float) -> tuple[float, float, str]:
    """Return the interval joined from those of the mean and of both variances (Zou 2013)."""
    n, total = spread.n_patients, spread.total
    around = quantile(1 - 2 * tail, n - 1) ** 2 * spread.between / n
    parts = ((spread.between, n - 1), (spread.within, spread.df_within))
    below = math.hypot(*(v * (1 - df / special.chdtri(df, tail)) for v, df in parts))
    above = math.hypot(*(v * (df / special.chdtri(df, 1 - tail) - 1) for v, df in parts))
    deviation = math.sqrt(total)
    near = math.sqrt(around + (z * (deviation - math.sqrt(max(total - below, 0.0)))) ** 2)
    far = math.sqrt(around + (z * (math.sqrt(total + above) - deviation)) ** 2)
    value = spread.mean + z * deviation
    if z > 0:
        return value - near, value + far, "recovered variances (MOVER)"
    return value - far, value + near, "recovered variances (MOVER)"
