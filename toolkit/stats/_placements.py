"""Placements: how much of the other class lies on the right side of each case.

An empirical AUC is the mean placement of either class, and DeLong's covariance is made from
their spread, so everything about AUCs and cases needs only this and one sort a curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Placements:
    """Placements of all cases on one or more curves.

    Parameters
    ----------
    aucs : ndarray, shape (n_curves,)
        Empirical AUCs, correctly rounded; NaN where a class is empty.
    positive : ndarray, shape (n_positive, n_curves)
        Share of the negative cases rated below each positive case, ties counted half.
    negative : ndarray, shape (n_negative, n_curves)
        Share of the positive cases rated above each negative case, ties counted half.
    """

    aucs: FloatArray
    positive: FloatArray
    negative: FloatArray


def doubled_counts(
    positive: FloatArray, negative: FloatArray
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
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


def auc_of_counts(positive_counts: NDArray[np.int64], n_negative: int) -> float:
    """Return the AUC as the correctly rounded ratio of two whole numbers."""
    pairs = positive_counts.size * n_negative
    return int(positive_counts.sum()) / (2 * pairs) if pairs else math.nan


def curve_placements(truth: BoolArray, rating: FloatArray) -> Placements:
    """Return the placements of one curve, each class in the order of its ratings.

    For uses in which the order of cases does not matter: a sort takes half the time of the
    argsort that ``case_placements`` needs.
    """
    positive_counts, negative_counts = doubled_counts(
        np.sort(rating[truth]), np.sort(rating[~truth])
    )
    m, n = positive_counts.size, negative_counts.size
    return Placements(
        aucs=np.array([auc_of_counts(positive_counts, n)]),
        positive=_shares(positive_counts, n)[:, np.newaxis],
        negative=_shares(negative_counts, m)[:, np.newaxis],
    )


def case_placements(truth: BoolArray, ratings: FloatArray) -> Placements:
    """Return the placements of ratings (n_cases, n_curves), each class in the order of cases."""
    n_curves = ratings.shape[1]
    m, n = int(truth.sum()), int((~truth).sum())
    aucs = np.empty(n_curves)
    positive = np.empty((m, n_curves), order="F")
    negative = np.empty((n, n_curves), order="F")
    for curve in range(n_curves):
        positive_rating, negative_rating = ratings[truth, curve], ratings[~truth, curve]
        positive_order, negative_order = np.argsort(positive_rating), np.argsort(negative_rating)
        positive_counts, negative_counts = doubled_counts(
            positive_rating[positive_order], negative_rating[negative_order]
        )
        aucs[curve] = auc_of_counts(positive_counts, n)
        positive[positive_order, curve] = _shares(positive_counts, n)
        negative[negative_order, curve] = _shares(negative_counts, m)
    return Placements(aucs=aucs, positive=positive, negative=negative)


def _shares(counts: NDArray[np.int64], n_others: int) -> FloatArray:
    """Return doubled counts as shares of the other class; NaN where that class is empty."""
    return counts / (2 * n_others) if n_others else np.full(counts.size, math.nan)
