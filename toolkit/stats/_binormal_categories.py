"""Rating categories for a binormal fit: which ratings go together, and whether a fit exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.stats._binormal_likelihood import is_degenerate


@dataclass(frozen=True, kw_only=True, eq=False)
class CategoryCounts:
    """Cases of each class in each category, least suspicious first, and its lowest rating."""

    positive: IntArray
    negative: IntArray
    lowest: FloatArray

    def grouped(self, first: IntArray) -> CategoryCounts:
        """Return the counts of groups of neighbours; ``first`` are the places where they start."""
        return CategoryCounts(
            positive=np.add.reduceat(self.positive, first),
            negative=np.add.reduceat(self.negative, first),
            lowest=self.lowest[first],
        )


def category_counts(
    diseased: BoolArray, numbers: FloatArray, *, n_categories: int | None = None
) -> CategoryCounts:
    """Count the cases of each distinct rating, or of at most ``n_categories`` groups of them.

    Groups are cut where (sensitivity + 1 - specificity) / 2 comes nearest to equal steps: as
    many cuts in the steep part of the curve as in the flat one, however rare the disease.
    """
    values, place = np.unique(numbers, return_inverse=True)
    counts = CategoryCounts(
        positive=np.bincount(place[diseased], minlength=values.size),
        negative=np.bincount(place[~diseased], minlength=values.size),
        lowest=values,
    )
    m, n = int(diseased.sum()), int((~diseased).sum())
    if n_categories is None or values.size <= n_categories or not (m and n):
        return counts
    share = ((np.cumsum(counts.positive) / m + np.cumsum(counts.negative) / n) / 2)[:-1]
    steps = np.arange(1, n_categories) / n_categories
    after = np.clip(np.searchsorted(share, steps), 1, share.size - 1)
    nearest = after - (steps - share[after - 1] <= share[after] - steps)
    return counts.grouped(np.unique(np.append(0, nearest + 1)))


def truth_runs(counts: CategoryCounts) -> CategoryCounts:
    """Merge neighbours that hold cases of one and the same class only.

    Splitting such a run multiplies the likelihood by the shares of its parts, whatever a and b,
    so that neither they nor their covariance change (Metz et al. 1998).
    """
    positive, negative = counts.positive > 0, counts.negative > 0
    both = positive & negative
    fresh = (positive[1:] != positive[:-1]) | both[1:] | both[:-1]
    return counts.grouped(np.append(0, np.flatnonzero(fresh) + 1))


def no_maximum(counts: CategoryCounts) -> str:
    """Say why the likelihood has no maximum; empty if it has one."""
    positive, negative = counts.positive, counts.negative
    for name, numbers in (("positive", positive), ("negative", negative)):
        if not numbers.any():
            return f"no {name} case: there is no ROC curve"
    if not is_degenerate(positive, negative):
        return ""
    if np.flatnonzero(negative).max() < np.flatnonzero(positive).min():
        return (
            "every positive case is rated above every negative one: no binormal curve is the "
            "likeliest, and an area of 1 would claim certainty"
        )
    if positive.size < 3:
        return f"{positive.size} rating categories: a binormal curve needs three or more"
    return (
        "degenerate ratings: a curve of straight lines along the edges fits all operating points "
        "exactly, so no binormal curve is the likeliest; use the empirical curve"
    )
