"""Tests of the hypothesis that readers agree by chance alone: two readers, or several.

Their standard errors hold under that hypothesis only. Intervals come with the coefficients, from
``toolkit.stats.agreement.two_readers`` and ``toolkit.stats.agreement.several_readers``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit.results import Estimate, Result
from toolkit.stats._inference import upper_tail
from toolkit.stats.agreement.several_readers import (
    checked_ratings,
    multi_reader_agreement,
    require_complete,
)
from toolkit.stats.agreement.two_readers import (
    AgreementTable,
    chance_of_both,
    check_weights,
    standard_error,
    two_reader_agreement,
)


@dataclass(frozen=True, kw_only=True, eq=False)
class AgreementTest(Result):
    """A test of agreement by chance alone; ``std_error_null`` holds under that hypothesis only."""

    quantity: str
    estimate: float
    std_error_null: float
    statistic: float
    df: float
    p_value: float
    n_cases: int
    n_readers: int = 2


def kappa_test(table: AgreementTable, *, weights: str | ArrayLike = "identity") -> AgreementTest:
    """Test whether two readers agree no more, and no less, than by chance.

    Parameters
    ----------
    table, weights
        As in ``two_reader_agreement``; cases must not cluster.

    Returns
    -------
    AgreementTest
        With the standard error under the hypothesis, which no interval is made from. NaN with a
        note where kappa is not defined.

    Raises
    ------
    ValueError
        If the weights are wrong or cases cluster in patients.

    Notes
    -----
    Null hypothesis: the readers choose independently of each other. Rarely of interest: readers
    who look at the same images agree beyond chance, and a small P does not say that they agree
    well. Report ``two_reader_agreement`` with its interval.

    References
    ----------
    Fleiss JL, Cohen J, Everitt BS. Psychol Bull 1969;72:323-327. doi:10.1037/h0028106

    Examples
    --------
    >>> from toolkit.stats.agreement.two_readers import agreement_table_from_counts
    >>> result = kappa_test(agreement_table_from_counts([[8, 7], [5, 10]]))
    >>> f"z {result.statistic:.2f}, P {result.p_value:.2f}"
    'z 1.11, P 0.27'
    """
    if table.cluster is not None:
        msg = (
            "kappa_test needs independent cases, but they cluster in patients; "
            "look whether the interval of cohen_kappa holds 0 instead"
        )
        raise ValueError(msg)
    kappa = two_reader_agreement(table, weights=weights)
    weight = check_weights(weights, len(table.categories))
    expected, slope = chance_of_both(table, weight)
    # Fleiss, Cohen and Everitt (1969): the variance if the readers are independent.
    spread = float(table.share_a @ (weight.matrix - slope) ** 2 @ table.share_b) - expected**2
    error = math.nan
    if not math.isnan(kappa.estimate):
        error = standard_error(spread / table.n_cases) / (1 - expected)
    return _chance_test(kappa, error, n_readers=2)


def fleiss_kappa_test(ratings: ArrayLike, *, categories: Sequence[object]) -> AgreementTest:
    """Test whether several readers agree no more, and no less, than by chance.

    Parameters
    ----------
    ratings, categories
        As in ``multi_reader_agreement``, but every case was read by the same number of readers, and
        cases are independent.

    Returns
    -------
    AgreementTest
        With the standard error under the hypothesis, which no interval is made from. NaN with a
        note where kappa is not defined.

    Raises
    ------
    ValueError
        As ``multi_reader_agreement``, and if a reading is missing.

    Notes
    -----
    Null hypothesis: all readings are drawn independently from one distribution. Rarely of
    interest, as said in ``kappa_test``. The error of Fleiss, Nee and
    Landis holds under the hypothesis only: software that makes intervals from it is wrong.

    References
    ----------
    Fleiss JL, Nee JCM, Landis JR. Psychol Bull 1979;86:974-977. doi:10.1037/0033-2909.86.5.974

    Examples
    --------
    >>> ratings = [[1, 1, 2], [2, 2, 2], [1, 1, 1], [2, 1, 2], [2, 2, 2], [1, 1, 1]]
    >>> result = fleiss_kappa_test(ratings, categories=[1, 2])
    >>> f"z {result.statistic:.2f}, P {result.p_value:.3f}"
    'z 2.36, P 0.018'
    """
    codes, weight = checked_ratings(ratings, categories, "identity")
    require_complete(codes, "fleiss_kappa_test")
    kappa = multi_reader_agreement(ratings, categories=categories)
    n_cases, n_readers = codes.shape
    share = np.bincount(codes.ravel(), minlength=len(weight.matrix)) / max(codes.size, 1)
    error = math.nan
    if not math.isnan(kappa.estimate):
        # Fleiss, Nee and Landis (1979), with p and q = 1 - p of each category.
        spread = float(share @ (1 - share))
        excess = spread**2 - float((share * (1 - share) * (1 - 2 * share)).sum())
        error = standard_error(2 * excess / (n_cases * n_readers * (n_readers - 1))) / spread
    return _chance_test(kappa, error, n_readers=n_readers)


def _chance_test(coefficient: Estimate, error: float, *, n_readers: int) -> AgreementTest:
    """Return the normal test that a coefficient is 0, given its error under that hypothesis."""
    statistic = coefficient.estimate / error
    why = coefficient.note if math.isnan(coefficient.estimate) else ""
    if not why and math.isnan(error):
        why = "no test: under the null hypothesis nothing varies, a reader used one category only"
    return AgreementTest(
        quantity=coefficient.quantity,
        method=f"{coefficient.method}, test against chance",
        note=why,
        estimate=coefficient.estimate,
        std_error_null=error,
        statistic=statistic,
        df=math.inf,
        p_value=2 * upper_tail(abs(statistic)),
        n_cases=coefficient.n_cases or 0,
        n_readers=n_readers,
    )
