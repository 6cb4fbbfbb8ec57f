"""Whether readers agree more in one modality than in another, such as with AI than without it.

Both coefficients come from the same cases, so each case contributes the difference of what it does
to either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit.results import Better, Comparison, Estimate, Result, check_margin
from toolkit.stats._checks import check_choice
from toolkit.stats._inference import upper_tail, wald_difference
from toolkit.stats.agreement.several_readers import (
    METHODS,
    ReaderMethod,
    checked_ratings,
    error_of_sum,
    independent_units,
    multi_reader_agreement,
    require_complete,
)
from toolkit.stats.agreement.two_readers import (
    NO_VARIATION,
    AgreementTable,
    chance_of_both,
    check_weights,
    standard_error,
    two_reader_agreement,
)


def agreement_difference_ci(  # noqa: PLR0913 - two data sets, a coefficient and a margin
    ratings_a: ArrayLike,
    ratings_b: ArrayLike,
    *,
    coefficient: ReaderMethod,
    categories: Sequence[object],
    weights: str | ArrayLike = "identity",
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate how much more readers agree in modality b than in a, on the same cases.

    Parameters
    ----------
    ratings_a, ratings_b : array_like, shape (n_cases, n_readers)
        Category that each reader chose in each modality, the same case in the same row; numbers
        of readers may differ. NaN is not read, where the coefficient allows it.
    coefficient : {"fleiss_kappa", "conger_kappa", "gwet_ac", "krippendorff_alpha"}
        What is compared. For two readers Conger's kappa is Cohen's.
    categories, weights, cluster, ci_level
        As in ``multi_reader_agreement``.
    margin : float, optional
        Non-inferiority margin, above 0 and below 1, which is all that agreement has over chance.
    better : {"higher", "lower"}, optional
        Which direction is better; required with a margin.
    label_a, label_b : str
        The modalities.

    Returns
    -------
    Comparison
        b minus a. NaN with a note where either coefficient is not defined; no interval, with a
        note, where no case contributes to a difference.

    Raises
    ------
    ValueError
        If the numbers of cases differ, or as ``multi_reader_agreement``.

    Notes
    -----
    Null hypothesis: both coefficients are equal in the population of cases, for these readers.
    Each case contributes the difference of its influence values, so the correlation of both
    coefficients is allowed for; the statistic has a t distribution with n_cases - 1 (patients -
    1) degrees of freedom. More agreement is not more accuracy: readers who all follow a wrong AI
    agree. Not for different cases in a and b, and not for inference to other readers.

    References
    ----------
    Gwet KL. Educ Psychol Meas 2016;76:609-637. doi:10.1177/0013164415596420

    Examples
    --------
    >>> unaided = [[1, 2], [2, 2], [1, 1], [2, 1], [2, 2], [1, 1], [1, 2], [2, 2]]
    >>> aided = [[1, 1], [2, 2], [1, 1], [2, 1], [2, 2], [1, 1], [1, 1], [2, 2]]
    >>> change = agreement_difference_ci(
    ...     unaided, aided, coefficient="gwet_ac", categories=[1, 2], label_b="aided")
    >>> f"{change.estimate:.2f} ({change.ci_low:.2f}, {change.ci_high:.2f})"
    '0.49 (-0.33, 1.31)'
    """
    check_choice(coefficient, name="coefficient", choices=list(METHODS))
    # From chance, 0, to perfect agreement, 1, whatever lies below 0.
    check_margin(margin, effect="difference", better=better)
    pair = []
    for name, ratings in (("ratings_a", ratings_a), ("ratings_b", ratings_b)):
        codes, weight = checked_ratings(ratings, categories, weights, name=name)
        if coefficient == "conger_kappa":
            require_complete(codes, "conger_kappa", name=name)
        pair.append(METHODS[coefficient](codes, weight))
    a, b = pair
    if a.contribution.size != b.contribution.size:
        msg = (
            "ratings_a and ratings_b must have the same cases, but got "
            f"{a.contribution.size} and {b.contribution.size}; join both by case first"
        )
        raise ValueError(msg)
    used = np.union1d(a.used, b.used)
    unit, n_clusters = independent_units(used, a.contribution.size, cluster)
    error = error_of_sum(b.contribution - a.contribution, used, unit)
    inference = wald_difference(
        b.value - a.value,
        error,
        df=n_clusters - 1,
        ci_level=ci_level,
        margin=margin,
        better=better,
        largest=1 - (weight.lowest_ac if coefficient == "gwet_ac" else weight.lowest),
    )
    reasons = [c.undefined for c in (a, b) if c.undefined]
    if not reasons and math.isnan(error):
        reasons = [NO_VARIATION]
    return Comparison(
        method=f"difference of {b.method}, same cases",
        ci_method="linearised, t",
        note="; ".join(dict.fromkeys(reasons)),
        quantity=b.quantity,
        unit="index",
        effect="difference",
        estimate=b.value - a.value,
        estimate_a=a.value,
        estimate_b=b.value,
        std_error=error,
        label_a=label_a,
        label_b=label_b,
        n_cases=used.size,
        n_clusters=None if cluster is None else n_clusters,
        **vars(inference),
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
