"""Permutation tests that two ROC curves are equal at every operating point.

Curves that cross can have equal areas: ``toolkit.stats.delong`` compares areas, these compare the
curves. They tell whether the curves differ, not where or by how much: show the curves, and an
estimate with its interval, beside a P value. To compare sensitivities at one specificity, use the
bootstrap with ``toolkit.stats.foms.sensitivity_at_specificity_fom``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray
from toolkit.results import Result
from toolkit.stats._checks import Rng, check_count, check_rating, check_rng, check_truth
from toolkit.stats._curve_permutations import (
    paired_statistics,
    standing,
    unpaired_statistics,
)

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
