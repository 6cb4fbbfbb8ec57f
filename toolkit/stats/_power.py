"""Probabilities that a test rejects, on the scale of the standard error of what it tests.

``df`` is that of the standard error, infinite where it is known; arguments are broadcast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import (
    chdtri,
    chndtr,
    fdtri,
    gammaln,
    ncfdtr,
    nctdtr,
    ndtr,
    ndtri,
    stdtrit,
)

from toolkit.arrays import FloatArray

Goal = Literal["difference", "non-inferiority", "equivalence"]
GOALS = ("difference", "non-inferiority", "equivalence")

_NODES = 128
_STAYS = 20
_OUTSIDE = 1e-16  # probability of standard errors that the integral leaves out


def power_of_f(noncentrality: ArrayLike, df1: float, df2: ArrayLike, size: float) -> FloatArray:
    """Return P(F > its upper ``size`` quantile), of a chi-square / df1 where df2 is infinite."""
    excess, df = np.broadcast_arrays(
        np.asarray(noncentrality, dtype=np.float64), np.asarray(df2, dtype=np.float64)
    )
    known = np.isinf(df)
    finite = np.where(known, 1.0, df)
    by_f = 1 - ncfdtr(df1, finite, excess, fdtri(df1, finite, 1 - size))
    by_chi = 1 - chndtr(chdtri(df1, size), df1, excess)
    return np.asarray(np.where(known, by_chi, by_f), dtype=np.float64)


def power_of_margin(distance: ArrayLike, df: ArrayLike, tail: float) -> FloatArray:
    """Return P(t > its upper ``tail`` quantile) where the truth lies ``distance`` above the margin.

    A noncentral t, one-sided.
    """
    far, degrees = np.broadcast_arrays(
        np.asarray(distance, dtype=np.float64), np.asarray(df, dtype=np.float64)
    )
    known = np.isinf(degrees)
    finite = np.where(known, 1.0, degrees)
    by_t = 1 - nctdtr(finite, far, -stdtrit(finite, tail))
    return np.asarray(np.where(known, ndtr(far + ndtri(tail)), by_t), dtype=np.float64)


def power_of_two_margins(low: ArrayLike, high: ArrayLike, df: ArrayLike, tail: float) -> FloatArray:
    """Return P(both one-sided t tests reject).

    The truth lies ``low`` above one margin and ``high`` below the other. With Z the standardised
    error and s the estimated over the true standard error it is the mean over s of
    P(c s - low < Z < high - c s); s^2 df is chi-square (Owen 1965, doi:10.1093/biomet/52.3-4.437).
    """
    below, above, degrees = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (low, high, df))
    )
    known = np.isinf(degrees)
    finite = np.where(known, 1.0, degrees)
    critical = np.where(known, -ndtri(tail), -stdtrit(finite, tail))
    # Beyond the last s no estimate lies that far from both margins.
    last = np.maximum((below + above) / (2 * critical), 0.0)
    start = np.minimum(np.sqrt(chdtri(finite, 1 - _OUTSIDE) / finite), last)
    end = np.minimum(np.sqrt(chdtri(finite, _OUTSIDE) / finite), last)
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    s = start[..., np.newaxis] + (end - start)[..., np.newaxis] * (node + 1) / 2
    inside = _inside(below[..., np.newaxis], above[..., np.newaxis], critical[..., np.newaxis] * s)
    terms = inside * _density(s, finite[..., np.newaxis])
    by_t = (terms * weight).sum(axis=-1) * (end - start) / 2
    return np.asarray(np.where(known, _inside(below, above, critical), by_t), dtype=np.float64)


def _inside(low: FloatArray, high: FloatArray, reach: FloatArray) -> FloatArray:
    """Return P(reach - low < Z < high - reach)."""
    return np.asarray(np.maximum(ndtr(high - reach) - ndtr(reach - low), 0.0), dtype=np.float64)


def _density(s: FloatArray, df: FloatArray) -> FloatArray:
    """Return the density of the square root of a chi-square over its degrees of freedom."""
    half = df / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(df == 1, 0.0, (df - 1) * np.log(s))
    log_density = np.log(2.0) + half * np.log(half) - gammaln(half) + power - half * s * s
    return np.asarray(np.exp(log_density), dtype=np.float64)


def power_of_normal(
    distance: ArrayLike, std_error: ArrayLike, tail: float, *, null_error: ArrayLike | None = None
) -> FloatArray:
    """Return P(a normal estimate lies more than its upper ``tail`` quantile above the hypothesis).

    The truth lies ``distance`` above it; ``null_error`` is the standard error that the test takes,
    the true one if not given.
    """
    error = np.asarray(std_error, dtype=np.float64)
    taken = error if null_error is None else np.asarray(null_error, dtype=np.float64)
    return np.asarray(ndtr((np.asarray(distance) + ndtri(tail) * taken) / error), dtype=np.float64)


def first_size(reached: Callable[[int], bool], *, most: int) -> int | None:
    """Return the first whole number from 2 at which ``reached`` turns true and stays so.

    None if it is not at ``most``. Powers of counts go up and down a little as numbers grow, so the
    ``_STAYS`` numbers after the one found by bisection are tried as well.
    """
    high = 2
    while not reached(high):
        if high >= most:
            return None
        high = min(2 * high, most)
    low = high // 2  # not reached, or 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    number = high
    while falls := [n for n in range(number + 1, number + 1 + _STAYS) if not reached(n)]:
        number = falls[-1] + 1
    return number
