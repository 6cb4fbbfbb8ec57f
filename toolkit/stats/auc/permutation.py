"""Permutation tests that two ROC curves are equal at every operating point.

Curves that cross can have equal areas: ``delong_test`` compares areas, these compare the
curves. They tell whether the curves differ, not where or by how much: show the curves, and an
estimate with its interval, beside a P value. To compare sensitivities at one specificity, use the
bootstrap with ``toolkit.stats.auc.figures_of_merit.sensitivity_at_specificity_fom``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray
from toolkit.results import Result
from toolkit.stats._checks import Rng, check_count, check_rating, check_rng, check_truth

_BLOCK = 2**20  # cases times permutations held at a time


def paired_statistics(
    sign: IndexArray,
    rank_a: IndexArray,
    rank_b: IndexArray,
    number: int,
    generator: np.random.Generator,
    *,
    tied: bool,
) -> tuple[IntArray, IntArray]:
    """Return the statistics of the observed and of the permuted ranks, each (number,)."""
    n = sign.size
    observed, permuted = [], []
    for first in range(0, number, rows := max(_BLOCK // n, 1)):
        # One row of random numbers a permutation, so that the size of a block does not matter.
        drawn = generator.random((min(rows, number - first), (4 if tied else 2) * n))
        swapped, turned = drawn[:, :n] < 0.5, drawn[:, n : 2 * n] < 0.5
        # The case at each rank; whole numbers plus a random part order tied cases at random.
        order_a = np.argsort(rank_a + drawn[:, 2 * n : 3 * n] if tied else rank_a[np.newaxis])
        order_b = np.argsort(rank_b + drawn[:, 3 * n :] if tied else rank_b[np.newaxis])
        observed.append(_error_distance(sign[order_a], sign[order_b]) + np.zeros(len(drawn), int))
        permuted.append(_error_distance(*_swap(sign, order_a, order_b, swapped, turned)))
    return np.concatenate(observed), np.concatenate(permuted)


def _swap(
    sign: IndexArray,
    order_a: IndexArray,
    order_b: IndexArray,
    swapped: BoolArray,
    turned: BoolArray,
) -> tuple[IndexArray, IndexArray]:
    """Return the signs in the order of each rating after the swap, each (n_permutations, n_cases).

    At each rank stand two cases, one of each rating. After the swap a has there the own case
    where it kept its rank and that of b where it was swapped: none, one or both, then in random
    order (``turned``). b has the others, so no ranks have to be sorted.
    """
    own = np.broadcast_to(order_a, swapped.shape)
    other = np.broadcast_to(order_b, swapped.shape)
    kept, taken = ~np.take_along_axis(swapped, own, 1), np.take_along_axis(swapped, other, 1)
    pair = np.stack(
        [np.where(turned, sign[other], sign[own]), np.where(turned, sign[own], sign[other])], 2
    )
    of_a = np.stack([np.where(turned, taken, kept), np.where(turned, kept, taken)], 2)
    return pair[of_a].reshape(swapped.shape), pair[~of_a].reshape(swapped.shape)


def _error_distance(sign_a: IndexArray, sign_b: IndexArray) -> IntArray:
    """Return the sum over cuts of the absolute difference of errors, one a row.

    Below a cut a positive case is an error and a negative one is not, so the errors of both
    differ by the difference of the running totals of the signs.
    """
    apart: IntArray = np.abs(np.cumsum(sign_a - sign_b, axis=1)).sum(axis=1)
    return apart


def standing(diseased: BoolArray, rating: FloatArray) -> FloatArray:
    """Return the share of cases rated below each case, ties half, each class counting one half."""
    share = np.zeros(rating.size)
    for group in (np.sort(rating[diseased]), np.sort(rating[~diseased])):
        below = np.searchsorted(group, rating, "left") + np.searchsorted(group, rating, "right")
        share += below / (4 * group.size)
    return share


def unpaired_statistics(
    diseased: BoolArray,
    standing: FloatArray,
    in_a: BoolArray,
    number: int,
    generator: np.random.Generator,
) -> tuple[float, FloatArray]:
    """Return the area between the observed curves, and that of each permutation (number,)."""
    order = np.argsort(-standing, kind="stable")
    diseased, in_a = diseased[order], in_a[order]
    # Standings of the two sets may agree but for rounding: those are ties.
    last = np.append(np.flatnonzero(np.diff(standing[order]) < -1e-12), order.size - 1)
    observed = float(_areas_between(diseased, in_a[np.newaxis], last)[0])
    permuted = []
    for first in range(0, number, rows := max(_BLOCK // order.size, 1)):
        # One row of random numbers a permutation, as above.
        drawn = generator.random((min(rows, number - first), order.size))
        dealt = np.empty(drawn.shape, dtype=bool)
        for group in (diseased, ~diseased):
            dealt[:, group] = in_a[group][np.argsort(drawn[:, group], axis=1)]
        permuted.append(_areas_between(diseased, dealt, last))
    return observed, np.concatenate(permuted)


def _areas_between(diseased: BoolArray, in_a: BoolArray, last: IndexArray) -> FloatArray:
    """Return the area between the curves of the cases in a and of the others, one a row of in_a.

    Cases descend in rating and ``last`` are those at which tied ratings end. With
    s = (y + x) / 2 along the diagonal of the unit square and e = y - x across it, x the false and
    y the true positive rate, the area is the integral of the distance in e over s.
    """
    # Rows set apart along s, so that one call interpolates all.
    row = 2.0 * np.arange(len(in_a))[:, np.newaxis]
    s, e = [], []
    for mine in (in_a, ~in_a):
        y, x = (_rates(mine & group, last) for group in (diseased, ~diseased))
        s.append((x + y) / 2 + row)
        e.append(y - x)
    grid = np.sort(np.concatenate(s, axis=1), axis=1)
    lines = (np.interp(grid.ravel(), a.ravel(), b.ravel()) for a, b in zip(s, e, strict=True))
    apart = np.subtract(*lines).reshape(grid.shape)
    left, right = apart[:, :-1], apart[:, 1:]
    size = np.abs(left) + np.abs(right)
    # Where the curves cross within a step, two triangles are left of the trapezium.
    crossed = np.divide(left**2 + right**2, size, out=np.zeros(size.shape), where=size > 0)
    height = np.where(left * right < 0, crossed, size) / 2
    areas: FloatArray = (np.diff(grid, axis=1) * height).sum(axis=1)
    return areas


def _rates(chosen: BoolArray, last: IndexArray) -> FloatArray:
    """Return the share of the chosen cases rated from each distinct rating up, from 0 to 1."""
    counts = np.cumsum(chosen, axis=1)[:, last]
    rates: FloatArray = np.pad(counts / counts[:, -1:], ((0, 0), (1, 0)))
    return rates


_TIED = (
    "tied ratings: the tied cases are put in random order anew for each permutation, so P depends "
    "a little on the seed, and coarse ratings hide differences between curves"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class CurveTest(Result):
    """A test that two ROC curves are equal; it has no interval.

    ``statistic`` is 0 for curves that coincide. ``p_value`` is (1 + permutations with a statistic
    as large) / (1 + permutations), so never 0.
    """

    quantity: str
    label_a: str
    label_b: str
    n_cases: int
    n_positive: int
    statistic: float
    p_value: float
    n_permutations: int


def venkatraman_paired_test(
    truth: ArrayLike,
    rating_a: ArrayLike,
    rating_b: ArrayLike,
    *,
    n_permutations: int = 2000,
    rng: Rng,
    label_a: str = "a",
    label_b: str = "b",
) -> CurveTest:
    """Test whether two ratings of the same cases have the same ROC curve.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating_a, rating_b : array_like, shape (n_cases,)
        Ratings of the same cases in the same order; only their order counts, so their scales may
        differ and infinite ratings are allowed.
    n_permutations : int
        Permutations to draw, 1 or more.
    rng : int, SeedSequence or Generator
        Source of randomness.
    label_a, label_b : str
        Names of the two.

    Returns
    -------
    CurveTest
        ``statistic`` sums, over the cuts between ranks, the absolute difference of the number of
        cases that each puts on the wrong side; with tied ratings its mean over their random
        orders. NaN with a note where a class has no case.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or ``n_permutations`` is below 1.

    Notes
    -----
    Null hypothesis: the curves are equal, and what a case is ranked by a and by b may be
    exchanged. Each permutation swaps the two ranks of a random half of the cases and ranks anew,
    ties in random order; raw ratings are never swapped. Where the ratings themselves hold ties,
    their order is drawn anew for each permutation, for the observed statistic as well, so that
    neither the order of the cases in the file nor one draw decides. Cases are independent; not
    for clustered cases.

    References
    ----------
    Venkatraman ES, Begg CB. Biometrika 1996;83:835-848. doi:10.1093/biomet/83.4.835

    Examples
    --------
    >>> truth = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> rating_a, rating_b = [1, 2, 3, 5, 4, 6, 7, 8], [5, 6, 8, 2, 1, 3, 4, 7]
    >>> result = venkatraman_paired_test(truth, rating_a, rating_b, rng=1)
    >>> result.statistic, result.p_value < 0.2
    (20.0, True)
    """
    diseased = check_truth(truth)
    a = check_rating(rating_a, n_cases=diseased.size, name="rating_a")
    b = check_rating(rating_b, n_cases=diseased.size, name="rating_b")
    number, generator = _check_permutations(n_permutations), check_rng(rng)
    method = "Venkatraman and Begg's permutation test of two paired ROC curves"
    rank_a, rank_b = (np.unique(rating, return_inverse=True)[1] for rating in (a, b))
    tied = any(np.unique(rank).size < rank.size for rank in (rank_a, rank_b))
    note, observed, as_large = _one_class(diseased), math.nan, math.nan
    if not note and (rank_a == rank_b).all():
        note, observed, as_large = "both rank all cases alike", 0.0, number
    elif not note:
        note = _TIED if tied else ""
        sign = np.where(diseased, 1, -1)
        values, permuted = paired_statistics(sign, rank_a, rank_b, number, generator, tied=tied)
        observed, as_large = float(values.mean()), int((permuted >= values).sum())
    return CurveTest(
        quantity="roc_curve",
        label_a=label_a,
        label_b=label_b,
        n_cases=diseased.size,
        n_positive=int(diseased.sum()),
        statistic=observed,
        p_value=(1 + as_large) / (1 + number),
        n_permutations=number,
        method=method,
        note=note,
    )


def _check_permutations(n_permutations: int) -> int:
    """Return the number of permutations; refuse none."""
    number = check_count(n_permutations, name="n_permutations")
    if number < 1:
        msg = "n_permutations must be 1 or more, but got 0; 2,000 tell P to within 0.01 at 0.05"
        raise ValueError(msg)
    return number


def _one_class(diseased: BoolArray, name: str = "") -> str:
    """Say which class has no case; empty if both have one."""
    for kind, cases in (("positive", diseased), ("negative", ~diseased)):
        if not cases.any():
            return f"{name}no {kind} case: there is no ROC curve"
    return ""


def venkatraman_unpaired_test(
    truth_a: ArrayLike,
    rating_a: ArrayLike,
    truth_b: ArrayLike,
    rating_b: ArrayLike,
    *,
    n_permutations: int = 2000,
    rng: Rng,
    label_a: str = "a",
    label_b: str = "b",
) -> CurveTest:
    """Test whether ratings of different cases, as in two sites, have the same ROC curve.

    Parameters
    ----------
    truth_a, truth_b : array_like, shape (n_cases_a,), (n_cases_b,)
        1 diseased, 0 healthy.
    rating_a, rating_b : array_like, shape (n_cases_a,), (n_cases_b,)
        Higher is more suspicious; only the order within a set counts.
    n_permutations, rng, label_a, label_b
        As in ``venkatraman_paired_test``.

    Returns
    -------
    CurveTest
        ``statistic`` is the area between the two curves. NaN with a note where a class of a set
        has no case.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or ``n_permutations`` is below 1.

    Notes
    -----
    Null hypothesis: the curves are equal. Then the share of cases rated lower, each class of the
    set counting one half, has the same distribution in both sets, for positive and for negative
    cases. It takes the place of the rating, and each permutation deals the cases of each class
    out to the sets at random. Venkatraman integrates the difference of error rates, mixed in the
    proportion of the classes; with equal parts that is half the area between the curves. Ties
    stay ties and are joined by straight lines. The two sets are independent; for ratings of the
    same cases use ``venkatraman_paired_test``.

    References
    ----------
    Venkatraman ES. Biometrics 2000;56:1134-1138. doi:10.1111/j.0006-341X.2000.01134.x

    Examples
    --------
    >>> truth_a, rating_a = [0, 0, 0, 1, 1], [1, 2, 4, 3, 5]
    >>> truth_b, rating_b = [0, 0, 1, 1, 1, 1], [1, 3, 2, 3, 4, 5]
    >>> result = venkatraman_unpaired_test(truth_a, rating_a, truth_b, rating_b, rng=1)
    >>> round(result.statistic, 4), result.p_value > 0.5
    (0.0764, True)
    """
    sets = []
    for name, truth, rating in (("a", truth_a, rating_a), ("b", truth_b, rating_b)):
        diseased = check_truth(truth, name=f"truth_{name}")
        sets.append((diseased, check_rating(rating, n_cases=diseased.size, name=f"rating_{name}")))
    number, generator = _check_permutations(n_permutations), check_rng(rng)
    diseased_a, diseased_b = (diseased for diseased, _ in sets)
    note = _one_class(diseased_a, "a has ") or _one_class(diseased_b, "b has ")
    pooled = np.concatenate([diseased_a, diseased_b])
    observed, as_large = math.nan, math.nan
    if not note:
        standings = [standing(diseased, numbers) for diseased, numbers in sets]
        in_a = np.repeat([True, False], [diseased_a.size, diseased_b.size])
        observed, permuted = unpaired_statistics(
            pooled, np.concatenate(standings), in_a, number, generator
        )
        # Areas that agree but for rounding are ties.
        as_large = int((permuted >= observed - 1e-12).sum())
    return CurveTest(
        quantity="roc_curve",
        label_a=label_a,
        label_b=label_b,
        n_cases=pooled.size,
        n_positive=int(pooled.sum()),
        statistic=observed,
        p_value=(1 + as_large) / (1 + number),
        n_permutations=number,
        method="Venkatraman's permutation test of two unpaired ROC curves",
        note=note,
    )
