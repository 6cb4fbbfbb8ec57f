"""The variance that stratified bootstrap resamples of AUCs tend to, without any resample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Result
from toolkit.stats._checks import check_ratings, check_truth
from toolkit.stats.auc.placements import case_placements


def summed_products(diseased: BoolArray, a: FloatArray, b: FloatArray) -> float:
    """Return the sum over all pairs of the product of both curves' order, 1, 1/2 (tie) or 0.

    Half of "below" plus half of "not above" is that order, so a product is a quarter of four
    counts of negatives that lie before one place on curve a and before another on curve b.
    """
    order_a, order_b = np.argsort(a[~diseased]), np.argsort(b[~diseased])
    place_b = np.empty_like(order_b)
    place_b[order_b] = np.arange(order_b.size)
    before_a = _places(a[~diseased][order_a], a[diseased])
    before_b = _places(b[~diseased][order_b], b[diseased])
    sequence = place_b[order_a]  # the place on b of each negative, in their order on a
    first = np.concatenate([before_a[0], before_a[0], before_a[1], before_a[1]])
    second = np.concatenate([before_b[0], before_b[1], before_b[0], before_b[1]])
    return _count_before(sequence, first, second) / 4


def _places(ascending: FloatArray, rating: FloatArray) -> tuple[IndexArray, IndexArray]:
    """Return how many ratings lie below, and not above, each of ``rating``."""
    below = np.searchsorted(ascending, rating, side="left")
    return below, np.searchsorted(ascending, rating, side="right")


def _count_before(sequence: IndexArray, first: IndexArray, value: IndexArray) -> int:
    """Return over all queries the sum of how many of ``sequence[:first]`` are below ``value``.

    ``sequence`` is a permutation from 0. A wavelet matrix: bit by bit from the highest, numbers
    with a 0 go stably before those with a 1, and a query follows the numbers that agree with its
    value so far; where its bit is 1, those with a 0 are below it. O((n + queries) log n).
    """
    count = 0
    start, stop = np.zeros_like(first), first
    for bit in range(int(sequence.size).bit_length() - 1, -1, -1):
        is_zero = (sequence >> bit) & 1 == 0
        zeros_before = np.append(0, np.cumsum(is_zero))
        zeros_start, zeros_stop = zeros_before[start], zeros_before[stop]
        goes_on_with_one = (value >> bit) & 1 == 1
        count += int((zeros_stop - zeros_start)[goes_on_with_one].sum())
        n_zeros = zeros_before[-1]
        start = np.where(goes_on_with_one, n_zeros + start - zeros_start, zeros_start)
        stop = np.where(goes_on_with_one, n_zeros + stop - zeros_stop, zeros_stop)
        sequence = np.concatenate([sequence[is_zero], sequence[~is_zero]])
    return count


@dataclass(frozen=True, kw_only=True, eq=False)
class BootstrapVariance(Result):
    """Empirical AUCs with the covariance that infinitely many stratified resamples would have.

    Parameters
    ----------
    aucs : ndarray, shape (n_curves,)
        Empirical AUCs.
    covariance : ndarray, shape (n_curves, n_curves)
        Over resamples of cases within their class.
    n_positive, n_negative : int
        Cases of each class.
    """

    aucs: FloatArray
    covariance: FloatArray
    n_positive: int
    n_negative: int

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a curve: its AUC and its standard error."""
        return _AucRows(
            quantity="auc",
            unit="probability",
            estimate=self.aucs,
            std_error=np.sqrt(np.diagonal(self.covariance)),
            n_cases=self.n_positive + self.n_negative,
            n_positive=self.n_positive,
            method=self.method,
            note=self.note,
        ).summary_frame()


@dataclass(frozen=True, kw_only=True, eq=False)
class _AucRows(Result):
    """The curves of a BootstrapVariance in the columns of the glossary."""

    quantity: str
    unit: str
    estimate: FloatArray
    std_error: FloatArray
    n_cases: int
    n_positive: int


def stratified_bootstrap_variance(truth: ArrayLike, ratings: ArrayLike) -> BootstrapVariance:
    """Compute the covariance of AUCs over infinitely many stratified bootstrap resamples.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_curves)
        Higher is more suspicious; each curve rates every case.

    Returns
    -------
    BootstrapVariance
        Without cases of a class all is NaN, and the note says so. With one case of a class it is
        the variation of the other class alone, and a curve that separates the classes has
        variance 0: neither is certainty, and the note says so.

    Raises
    ------
    ValueError
        If an argument is malformed or a rating is NaN.

    Notes
    -----
    Cases are independent and drawn within their class. Of two curves with AUCs A, A', let d and
    d' be what the mean over negatives adds to A for each positive case, e and e' the same for
    each negative case, and g, g' what is left of each pair. Then the covariance is
    sum(d d') / m^2 + sum(e e') / n^2 + sum(g g') / (m n)^2, with m positive and n negative cases.
    The first two terms are DeLong's with divisors m^2 and n^2 instead of m (m - 1) and n (n - 1).
    O(n log n) a pair of curves.

    References
    ----------
    Bandos AI, Rockette HE, Gur D. Commun Stat Theory Methods 2007;36:2443-2461.
    doi:10.1080/03610920701215811

    Examples
    --------
    >>> ratings = [[1, 3], [2, 1], [4, 2], [3, 2], [5, 4]]
    >>> stratified_bootstrap_variance([0, 0, 0, 1, 1], ratings).covariance.round(4).tolist()
    [[0.0417, 0.0208], [0.0208, 0.0521]]
    """
    diseased = check_truth(truth)
    numbers = check_ratings(ratings, n_cases=diseased.size)
    n_positive = int(diseased.sum())
    placements = case_placements(diseased, numbers)
    n_curves = numbers.shape[1]
    covariance = np.full((n_curves, n_curves), math.nan)
    if 0 < n_positive < diseased.size:
        covariance = _covariance(diseased, numbers, placements.positive, placements.negative)
    return BootstrapVariance(
        aucs=placements.aucs,
        covariance=covariance,
        n_positive=n_positive,
        n_negative=diseased.size - n_positive,
        method="empirical AUCs, covariance of infinitely many stratified bootstrap resamples",
        note=_note(n_positive, diseased.size - n_positive, np.diagonal(covariance)),
    )


def _covariance(
    diseased: BoolArray, ratings: FloatArray, positive: FloatArray, negative: FloatArray
) -> FloatArray:
    """Return the covariance from the placements of both classes and the pairs."""
    m, n, n_curves = len(positive), len(negative), ratings.shape[1]
    aucs = positive.mean(axis=0)
    d, e = positive - aucs, negative - negative.mean(axis=0)
    of_positive, of_negative = d.T @ d, e.T @ e
    pairs = np.empty((n_curves, n_curves))
    for i in range(n_curves):
        for j in range(i + 1):
            pairs[i, j] = summed_products(diseased, ratings[:, i], ratings[:, j])
            pairs[j, i] = pairs[i, j]
    # The sum of g g' is what the mean and both kinds of cases leave of the pairs' products.
    left = pairs - m * n * np.outer(aucs, aucs) - n * of_positive - m * of_negative
    covariance: FloatArray = of_positive / m**2 + of_negative / n**2 + left / (m * n) ** 2
    return covariance


def _note(n_positive: int, n_negative: int, variances: FloatArray) -> str:
    """Say where the variance is undefined or means less than it seems."""
    counts = {"positive": n_positive, "negative": n_negative}
    for name, count in counts.items():
        if count == 0:
            return f"no {name} case: the AUC is undefined"
    said = [f"one {name} case, which every resample holds" for name, n in counts.items() if n == 1]
    if (variances <= 0).any():
        said.append("a variance of 0 is not certainty")
    return "; ".join(said)
