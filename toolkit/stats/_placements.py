"""Placements: how much of the other class lies on the right side of each case.

An empirical AUC is the mean placement of either class, and DeLong's covariance is made from
their spread, so everything about AUCs and cases needs only this and one sort a curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Placements:
    """Placements of all cases on one or more curves, each class in the order of cases.

    Parameters
    ----------
    aucs : ndarray, shape (n_curves,)
        Empirical AUCs, correctly rounded where cases have no weights; NaN without a class.
    positive : ndarray, shape (n_positive, n_curves)
        Share of the negative cases (of their weight) rated below each positive case, ties half.
    negative : ndarray, shape (n_negative, n_curves)
        Share of the positive cases (of their weight) rated above each negative case, ties half.
    """

    aucs: FloatArray
    positive: FloatArray
    negative: FloatArray


def doubled_counts(positive: FloatArray, negative: FloatArray) -> tuple[IntArray, IntArray]:
    """Return twice the placements of both classes as counts, from ratings sorted ascending.

    For a positive case: negatives below plus negatives not above. For a negative case: positives
    above plus positives not below. The second needs no search of its own: a positive case lies
    below negative case j exactly if at most j negatives are not above that positive case.
    """
    below = np.searchsorted(negative, positive, side="left")
    not_above = below
    if negative.size and (negative[np.minimum(below, negative.size - 1)] == positive).any():
        not_above = np.searchsorted(negative, positive, side="right")  # only ties differ
    length = negative.size + 1
    started = np.bincount(below, minlength=length) + np.bincount(not_above, minlength=length)
    negative_counts = 2 * positive.size - np.cumsum(started[:-1], dtype=np.int64)
    return np.add(below, not_above, dtype=np.int64), negative_counts


def auc_of_counts(positive_counts: IntArray, n_negative: int) -> float:
    """Return the AUC as the correctly rounded ratio of two whole numbers."""
    pairs = positive_counts.size * n_negative
    return int(positive_counts.sum()) / (2 * pairs) if pairs else math.nan


def case_placements(
    diseased: BoolArray, ratings: FloatArray, weight: FloatArray | None = None
) -> Placements:
    """Return the placements of ratings (n_cases, n_curves), cases weighted if ``weight`` is given.

    Weights are above 0.
    """
    n_curves = ratings.shape[1]
    is_positive, is_negative = np.flatnonzero(diseased), np.flatnonzero(~diseased)
    m, n = is_positive.size, is_negative.size
    aucs = np.empty(n_curves)
    positive = np.empty((m, n_curves), order="F")
    negative = np.empty((n, n_curves), order="F")
    for curve in range(n_curves):
        doubled, total_positive, total_negative = _doubled_shares(
            diseased, np.ascontiguousarray(ratings[:, curve]), weight
        )
        of_positive = doubled[is_positive]
        positive[:, curve] = _shares(of_positive, total_negative)
        negative[:, curve] = _shares(doubled[is_negative], total_positive)
        if weight is None:
            aucs[curve] = auc_of_counts(of_positive, n)
        else:
            aucs[curve] = weighted_mean(positive[:, curve], weight[is_positive])
    return Placements(aucs=aucs, positive=positive, negative=negative)


def weighted_mean(values: FloatArray, weight: FloatArray) -> float:
    """Return a weighted mean, exactly 0 or 1 where all values are; NaN for none."""
    total = weight.sum()  # summed in the same order as the products
    return float((weight * values).sum() / total) if total > 0 else math.nan


def _doubled_shares(
    diseased: BoolArray, rating: FloatArray, weight: FloatArray | None
) -> tuple[NDArray[Any], Any, Any]:
    """Return twice the weight on the right side of each case, and that of either class.

    For a positive case that is negatives below plus negatives not above. Whole numbers if there
    are no weights.
    """
    order = np.argsort(rating)
    ascending, sick = rating[order], diseased[order]
    if weight is None:
        positive_to, negative_to = np.cumsum(sick), np.cumsum(~sick)
    else:
        each = weight[order]
        positive_to, negative_to = np.cumsum(each * sick), np.cumsum(each * ~sick)
    totals = [float(to[-1]) if to.size else 0.0 for to in (positive_to, negative_to)]
    differs = ascending[1:] != ascending[:-1]
    if differs.all():
        # No ties: what is counted up to a case of the other class is below it and not above it.
        positives, negatives = 2 * positive_to, 2 * negative_to
    else:
        last = np.flatnonzero(np.append(differs, True))
        positives, negatives = _over_ties(positive_to, last), _over_ties(negative_to, last)
    doubled = np.empty(order.size, dtype=positive_to.dtype)
    doubled[order] = np.where(sick, negatives, 2 * positive_to[-1:] - positives)
    return doubled, totals[0], totals[1]


def _over_ties(count_to: NDArray[Any], last: IndexArray) -> NDArray[Any]:
    """Return for each case the count before its ties plus the count up to their end.

    ``last`` holds the place of the last case of each distinct rating.
    """
    at_end = count_to[last]
    at_start = np.append(0, at_end[:-1])
    return np.repeat(at_start + at_end, np.diff(last, prepend=-1))


def _shares(doubled: NDArray[Any], total: float) -> FloatArray:
    """Return doubled counts as shares of the other class; NaN where that class is empty."""
    return doubled / (2 * total) if total else np.full(doubled.size, math.nan)
