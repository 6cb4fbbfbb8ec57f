"""Whether readers agree more in one modality than in another, such as with AI than without it.

Both coefficients come from the same cases, so each case contributes the difference of what it does
to either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from toolkit.results import Better, Comparison
from toolkit.stats._checks import check_choice
from toolkit.stats._inference import wald_difference
from toolkit.stats.agreement.several_readers import (
    METHODS,
    ReaderMethod,
    checked_ratings,
    error_of_sum,
    independent_units,
    require_complete,
)
from toolkit.stats.agreement.two_readers import NO_VARIATION


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
        Non-inferiority margin, above 0.
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
