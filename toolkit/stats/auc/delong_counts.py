"""AUCs from counts: of each distinct rating, or of each distinct pair of ratings.

What counts hold is what the cases would hold one by one, whatever their number: nothing is
expanded to cases.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray, IntArray
from toolkit.results import Better, Comparison, Estimate
from toolkit.stats._checks import check_counts, check_rating
from toolkit.stats.auc.intervals import Interval, auc_estimate, paired_difference
from toolkit.stats.auc.placements import Spread, plain_size, spread_of_sums, sums_of_counts


def delong_ci_from_counts(
    positive: ArrayLike,
    negative: ArrayLike,
    *,
    ci_level: float = 0.95,
    interval: Interval = "default",
    label: str = "",
) -> Estimate:
    """Estimate the AUC of one reader from counts per rating, as papers print them.

    Parameters
    ----------
    positive, negative : array_like, shape (n_categories,)
        Diseased and healthy cases with each distinct rating, least suspicious first.
    ci_level, interval, label
        As in ``delong_ci``.

    Returns
    -------
    Estimate
        The same as ``delong_ci`` gives for the cases one by one, to the last digit.

    Raises
    ------
    ValueError
        If the two are not counts of the same categories.

    Examples
    --------
    Hanley and McNeil (1982), table 1: 109 CT images rated from 1 to 5.

    >>> result = delong_ci_from_counts([3, 2, 2, 11, 33], [33, 6, 6, 11, 2])
    >>> round(result.estimate, 3)
    0.893
    """
    diseased, healthy = _check_table(positive, negative)
    return auc_estimate(
        spread_of_sums(sums_of_counts(diseased, healthy)),
        ci_level=ci_level,
        interval=interval,
        label=label,
        method="empirical AUC, DeLong variance",
    )


def delong_test_from_counts(  # noqa: PLR0913 - a table of four columns, choices of delong_test
    rating_a: ArrayLike,
    rating_b: ArrayLike,
    positive: ArrayLike,
    negative: ArrayLike,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better = "higher",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Compare the AUCs of two ratings from counts per pair of ratings: b minus a.

    Parameters
    ----------
    rating_a, rating_b : array_like, shape (n_categories,)
        The pairs of ratings that occur, in any order; one may occur more than once.
    positive, negative : array_like, shape (n_categories,)
        Diseased and healthy cases with each pair.
    ci_level, margin, better, label_a, label_b
        As in ``delong_test``.

    Returns
    -------
    Comparison
        The same as ``delong_test`` gives for the cases one by one.

    Raises
    ------
    ValueError
        If the four do not have one shape, or counts or ratings are malformed.

    Notes
    -----
    The counts of a and those of b alone are not enough: how the two vary together is in the pairs.

    Examples
    --------
    >>> rating_a, rating_b = [1, 1, 2, 2], [1, 2, 1, 2]
    >>> result = delong_test_from_counts(rating_a, rating_b, [2, 9, 3, 40], [60, 11, 14, 5])
    >>> f"{result.estimate:.4f} ({result.ci_low:.4f}, {result.ci_high:.4f})"
    '0.0722 (-0.0102, 0.1546)'
    """
    diseased, healthy = _check_table(positive, negative)
    numbers_a, numbers_b = (
        check_rating(rating, n_cases=diseased.size, name=name)
        for rating, name in ((rating_a, "rating_a"), (rating_b, "rating_b"))
    )
    auc_a, positive_a, negative_a = _doubled_counts(numbers_a, diseased, healthy)
    auc_b, positive_b, negative_b = _doubled_counts(numbers_b, diseased, healthy)
    m, n = int(diseased.sum()), int(healthy.sum())
    difference = Spread(
        estimate=auc_b - auc_a,
        positive_part=_part(positive_b - positive_a, diseased, n_others=n),
        negative_part=_part(negative_b - negative_a, healthy, n_others=m),
        size=plain_size(m, n),
    )
    return paired_difference(
        difference,
        estimate_a=auc_a,
        estimate_b=auc_b,
        n_readers=2,
        method="paired DeLong test of two AUCs",
    ).comparison(ci_level=ci_level, margin=margin, better=better, label_a=label_a, label_b=label_b)


def _check_table(positive: ArrayLike, negative: ArrayLike) -> tuple[IntArray, IntArray]:
    """Return the counts of both classes; refuse those of different categories."""
    diseased = check_counts(positive, name="positive")
    healthy = check_counts(negative, name="negative")
    if diseased.size != healthy.size:
        msg = (
            "positive and negative must count the same categories, but got "
            f"{diseased.size} and {healthy.size} of them; write an empty category as 0"
        )
        raise ValueError(msg)
    return diseased, healthy


def _doubled_counts(
    rating: FloatArray, positive: IntArray, negative: IntArray
) -> tuple[float, IntArray, IntArray]:
    """Return the AUC and twice the placements, as counts, of a positive and a negative case."""
    order = np.argsort(rating)
    ascending = rating[order]
    starts = np.flatnonzero(np.append(True, ascending[1:] != ascending[:-1])[: order.size])
    level_of = np.empty(order.size, dtype=np.intp)
    level_of[order] = np.repeat(np.arange(starts.size), np.diff(starts, append=order.size))
    of_level = [
        np.add.reduceat(counts[order], starts) if starts.size else counts
        for counts in (positive, negative)
    ]
    above = of_level[0].sum() - np.cumsum(of_level[0])
    below = np.cumsum(of_level[1]) - of_level[1]
    of_positive = 2 * below + of_level[1]
    of_negative = 2 * above + of_level[0]
    auc = sums_of_counts(*of_level).auc
    return auc, of_positive[level_of], of_negative[level_of]


def _part(difference: IntArray, counts: IntArray, *, n_others: int) -> float:
    """Return the variance of the mean of doubled counts over twice the number of others."""
    size = int(counts.sum())
    if size < 2 or not n_others:
        return math.nan
    pairs: list[Any] = list(zip(counts.tolist(), difference.tolist(), strict=True))
    total = sum(count * value for count, value in pairs)
    centred = size * sum(count * value * value for count, value in pairs) - total**2
    return float(centred / (size**2 * (size - 1) * (2 * n_others) ** 2))
