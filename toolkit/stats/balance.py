"""How far two groups differ in a characteristic, in units of its spread; not a test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Result


@dataclass(frozen=True, kw_only=True, eq=False)
class StandardizedDifference(Result):
    """A standardized mean difference, b minus a for a number, without sign for categories.

    Parameters
    ----------
    estimate : float
        In units of the standard deviation of which the squares of both groups are averaged; NaN
        with a note where it is not defined.
    label_a, label_b : str
        The two groups.
    n_cases : int
        Values used of both groups together.
    """

    estimate: float
    n_cases: int
    label_a: str = "a"
    label_b: str = "b"


def standardized_difference(
    values_a: ArrayLike, values_b: ArrayLike, *, label_a: str = "a", label_b: str = "b"
) -> StandardizedDifference:
    """Return the standardized difference of a number between two groups.

    Parameters
    ----------
    values_a, values_b : array_like, shapes (n_a,) and (n_b,)
        Finite values of each group.
    label_a, label_b : str
        Names of the groups.

    Returns
    -------
    StandardizedDifference
        (mean b - mean a) / sqrt((variance a + variance b) / 2).

    Raises
    ------
    ValueError
        If a value is missing or infinite, or values do not have one dimension.

    Notes
    -----
    Describes imbalance whatever the size of the groups; a P value would describe the size. No
    interval: it is not used to infer. For skewed values it says less than the quartiles do.

    References
    ----------
    Austin PC. Stat Med 2009;28:3083-3107. doi:10.1002/sim.3697

    Examples
    --------
    >>> standardized_difference([1, 2, 3], [3, 4, 5]).estimate
    2.0
    """
    a, b = _finite(values_a, "values_a"), _finite(values_b, "values_b")
    estimate, note = math.nan, ""
    if min(a.size, b.size) < 2:
        note = "a group has fewer than two values"
    else:
        spread = math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
        difference = float(b.mean() - a.mean())
        if spread > 0:
            estimate = difference / spread
        elif difference == 0:
            estimate = 0.0
        else:
            note = "neither group varies"
    return StandardizedDifference(
        method="standardized mean difference",
        note=note,
        estimate=estimate,
        n_cases=a.size + b.size,
        label_a=label_a,
        label_b=label_b,
    )


def standardized_difference_of_categories(
    counts_a: ArrayLike, counts_b: ArrayLike, *, label_a: str = "a", label_b: str = "b"
) -> StandardizedDifference:
    """Return the standardized difference of a categorical characteristic between two groups.

    Parameters
    ----------
    counts_a, counts_b : array_like, shape (n_categories,)
        Cases of each group in each category, in the same order.
    label_a, label_b : str
        Names of the groups.

    Returns
    -------
    StandardizedDifference
        sqrt((q - p)' S^-1 (q - p)), where p and q are the shares of all categories but one and S
        is the mean of their two multinomial covariances; never negative. It does not depend on
        the category left out. Categories that both groups lack are passed over.

    Raises
    ------
    ValueError
        If the lengths differ, counts do not have one dimension, or one is negative or not whole.

    Notes
    -----
    With two categories it is the absolute difference of two proportions over the root of their
    mean variance p (1 - p). Not for ordered categories whose order matters.

    References
    ----------
    Yang D, Dalton JE. SAS Global Forum 2012, paper 335: a unified approach to measuring the
    effect size between two groups using SAS.

    Examples
    --------
    >>> round(standardized_difference_of_categories([50, 50], [20, 80]).estimate, 4)
    0.6626
    """
    a, b = _counts(counts_a, "counts_a"), _counts(counts_b, "counts_b")
    if a.shape != b.shape:
        msg = f"counts_a and counts_b must have one length, but got {a.size} and {b.size}"
        raise ValueError(msg)
    used = (a + b) > 0
    a, b = a[used], b[used]
    note, estimate = "", math.nan
    if not (a.sum() and b.sum()):
        note = "a group is empty"
    elif not np.any((a > 0) & (b > 0)):
        note = "the groups share no category"  # then, and only then, S has no inverse
    elif a.size == 1:
        estimate = 0.0
    else:
        p, q = (a / a.sum())[1:], (b / b.sum())[1:]
        spread = (_covariance(p) + _covariance(q)) / 2
        estimate = math.sqrt(max(0.0, float((q - p) @ np.linalg.solve(spread, q - p))))
    return StandardizedDifference(
        method="standardized difference of categories",
        note=note,
        estimate=estimate,
        n_cases=int(a.sum() + b.sum()),
        label_a=label_a,
        label_b=label_b,
    )


def _covariance(shares: FloatArray) -> FloatArray:
    """Return the multinomial covariance of shares, for one case."""
    return np.diag(shares) - np.outer(shares, shares)


def _one_axis(values: ArrayLike, name: str) -> FloatArray:
    """Return values as floats with one dimension, or raise."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1:
        msg = f"{name} must have one dimension, but has shape {array.shape}"
        raise ValueError(msg)
    return array


def _finite(values: ArrayLike, name: str) -> FloatArray:
    """Return values as floats, or raise if one is missing."""
    array = _one_axis(values, name)
    wrong = np.flatnonzero(~np.isfinite(array))
    if wrong.size:
        msg = f"{name} must be finite, but position {wrong[0]} is not; drop missing values first"
        raise ValueError(msg)
    return array


def _counts(counts: ArrayLike, name: str) -> FloatArray:
    """Return counts as floats, or raise if one cannot be a count."""
    array = _one_axis(counts, name)
    if not np.all((array >= 0) & (array == np.floor(array))):
        msg = f"{name} must be whole numbers not below 0, but got {array.tolist()}"
        raise ValueError(msg)
    return array
