"""The AUC of one curve and DeLong's variance from whole numbers, without rounding.

One curve needs no placement of a single case: the sums of doubled placements and of their squares
are enough. They come from the ratings case by case or from counts per distinct rating, and are the
same whole numbers, so that the two agree to the last digit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.stats._placements import doubled_counts

# From here on compiled code saves more time than a first use of numba costs.
_MANY_CASES = 200_000

# Sums of squares of fewer cases, halved into low and high 32 bits, stay below 2**63.
_SAFE_CASES = 2**30


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacementSums:
    """Sums over the cases of each class of twice the others on the right side.

    Parameters
    ----------
    n_positive, n_negative : int
        Cases of each class.
    total : int
        Sum over positive cases, which is that over negative cases too.
    positive_squares, negative_squares : int
        Sums of squares over the cases of each class.
    """

    n_positive: int
    n_negative: int
    total: int
    positive_squares: int
    negative_squares: int

    @property
    def auc(self) -> float:
        """The AUC, correctly rounded; NaN without a class."""
        pairs = self.n_positive * self.n_negative
        return self.total / (2 * pairs) if pairs else math.nan

    @property
    def positive_part(self) -> float:
        """S10 / n_positive of DeLong's variance, correctly rounded; NaN for one case."""
        return self._part(self.positive_squares, self.n_positive, self.n_negative)

    @property
    def negative_part(self) -> float:
        """S01 / n_negative of DeLong's variance, correctly rounded; NaN for one case."""
        return self._part(self.negative_squares, self.n_negative, self.n_positive)

    def _part(self, squares: int, size: int, n_others: int) -> float:
        """Return the variance of the mean of ``size`` placements."""
        if size < 2 or not n_others:
            return math.nan
        centred = size * squares - self.total**2  # size times the centred sum of squares
        return centred / (size**2 * (size - 1) * (2 * n_others) ** 2)


def sums_of_cases(diseased: BoolArray, rating: FloatArray) -> PlacementSums:
    """Return the sums from the rating of each case."""
    if _MANY_CASES <= diseased.size < _SAFE_CASES:
        from toolkit.stats._placement_kernel import kernel_sums

        if (sums := kernel_sums(diseased, rating)) is not None:
            n_positive, *rest = sums
            return _sums(n_positive, diseased.size - n_positive, *rest)
    of_positive, of_negative = doubled_counts(np.sort(rating[diseased]), np.sort(rating[~diseased]))
    return _sums(
        of_positive.size,
        of_negative.size,
        int(of_positive.sum()),
        _sum_of_squares(of_positive),
        _sum_of_squares(of_negative),
    )


def _sums(m: int, n: int, total: int, positive: int, negative: int) -> PlacementSums:
    """Return the sums by name."""
    return PlacementSums(
        n_positive=m,
        n_negative=n,
        total=total,
        positive_squares=positive,
        negative_squares=negative,
    )


def _sum_of_squares(counts: IntArray) -> int:
    """Return the sum of squares of counts below 2**31 as it is, where an int64 would overflow."""
    squares = counts * counts
    return int((squares & 0xFFFFFFFF).sum()) + (int((squares >> 32).sum()) << 32)


def sums_of_counts(positive: IntArray, negative: IntArray) -> PlacementSums:
    """Return the sums from counts per distinct rating, the lowest rating first.

    Whole numbers of Python: a square of counts above 2**31 does not fit into an int64.
    """
    m, n = int(positive.sum()), int(negative.sum())
    below_and_not_above = (2 * np.cumsum(negative) - negative).tolist()
    above_and_not_below = (2 * (m - np.cumsum(positive)) + positive).tolist()
    of_positive = list(zip(positive.tolist(), below_and_not_above, strict=True))
    of_negative = list(zip(negative.tolist(), above_and_not_below, strict=True))
    return _sums(
        m,
        n,
        sum(count * doubled for count, doubled in of_positive),
        sum(count * doubled * doubled for count, doubled in of_positive),
        sum(count * doubled * doubled for count, doubled in of_negative),
    )
