"""Tests and intervals of the difference of AUCs on the same cases."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Better, Comparison
from toolkit.stats._auc_difference import AucDifference, paired_difference
from toolkit.stats._case_sample import CaseSample, check_sample
from toolkit.stats._checks import check_coefficients, check_rating, check_ratings
from toolkit.stats._delong import weighted_sum
from toolkit.stats._placements import case_placements


def delong_test(  # noqa: PLR0913 - what the design and the margin need
    truth: ArrayLike,
    rating_a: ArrayLike,
    rating_b: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better = "higher",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Compare the AUCs of two ratings of the same cases: b minus a.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating_a, rating_b : array_like, shape (n_cases,)
        Ratings of the same cases in the same order; their scales may differ.
    weight, cluster
        As in ``auc_covariance``.
    ci_level : float
        Confidence level, two-sided.
    margin : float, optional
        Non-inferiority margin of the difference, above 0.
    better : {"higher", "lower"}
        Direction of the margin; a higher AUC is better.
    label_a, label_b : str
        Names of the two.

    Returns
    -------
    Comparison
        Wald on the difference itself with a normal quantile. Where DeLong's variance of the
        difference is 0 (identical ratings, or both perfect) or undefined (fewer than two cases
        of a class), interval and tests are NaN and the note says why.

    Raises
    ------
    ValueError
        If an argument is malformed or a rating is NaN.

    Notes
    -----
    Null hypothesis of ``p_value``: the AUCs are equal; curves that cross can have equal AUCs.
    Null hypothesis of ``p_noninferiority``: b is worse than a by the margin or more. Cases are
    random, readers fixed. The limits stay within -1 and 1. Not for ratings of different cases
    (``delong_test_unpaired``), nor for models that were fitted to these cases.

    A Wald interval is symmetric, the difference of two high AUCs is not: in binormal simulations
    with AUCs of 0.95 and 0.90 and a margin of 0.05, b was falsely called non-inferior in 6.5 % of
    studies with 30 positive and 300 negative cases where 2.5 % is meant, in 4.1 % with 100 and
    1,000, in 2.8 % with 400 and 4,000; at 0.98 and 0.93 in 9.6, 5.1 and 4.0 %. The note warns
    where the cases of the smaller class times 1 minus the higher AUC are below 15.
    ``delong_mover_test`` is not so misled.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845. doi:10.2307/2531595

    Examples
    --------
    >>> truth = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> result = delong_test(truth, [1, 2, 3, 5, 2, 4, 6, 1], [2, 1, 3, 4, 3, 5, 6, 2])
    >>> f"{result.estimate:.4f} ({result.ci_low:.4f}, {result.ci_high:.4f})"
    '0.1875 (-0.0125, 0.3875)'
    """
    sample = check_sample(truth, weight=weight, cluster=cluster)
    numbers_a = check_rating(rating_a, n_cases=sample.n_given, name="rating_a")
    numbers_b = check_rating(rating_b, n_cases=sample.n_given, name="rating_b")
    difference = _contrast(
        sample,
        np.array([numbers_a, numbers_b]).T,
        np.array([-1.0, 1.0]),
        method="paired DeLong test of two AUCs",
    )
    return difference.comparison(
        ci_level=ci_level, margin=margin, better=better, label_a=label_a, label_b=label_b
    )


def delong_contrast(  # noqa: PLR0913 - as delong_test
    truth: ArrayLike,
    ratings: ArrayLike,
    coefficients: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better = "higher",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Compare two weighted means of AUCs on the same cases, as an AI with the mean of readers.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_curves)
        Higher is more suspicious; each curve rates every case.
    coefficients : array_like, shape (n_curves,)
        Positive ones, which add up to 1, make b; negative ones, which add up to -1, make a.
        AI minus the mean of two readers is ``[1, -0.5, -0.5]``.
    weight, cluster
        Of cases, as in ``auc_covariance``.
    ci_level, margin, better, label_a, label_b
        As in ``delong_test``.

    Returns
    -------
    Comparison
        As from ``delong_test``; ``n_readers`` counts the curves whose coefficient is not 0.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN, or the coefficients do not add up as above.

    Notes
    -----
    Readers are fixed: the conclusion holds for these readers, not for readers like them.

    Examples
    --------
    >>> ratings = [[1, 3, 1], [2, 1, 3], [4, 2, 2], [3, 2, 2], [5, 4, 4]]
    >>> result = delong_contrast([0, 0, 0, 1, 1], ratings, [1, -0.5, -0.5], label_b="AI")
    >>> round(result.estimate, 4), round(result.std_error, 4)
    (0.0833, 0.1863)
    """
    sample = check_sample(truth, weight=weight, cluster=cluster)
    numbers = check_ratings(ratings, n_cases=sample.n_given)
    difference = _contrast(
        sample,
        numbers,
        _check_coefficients(coefficients, n_curves=numbers.shape[1]),
        method="DeLong contrast of AUCs, fixed readers",
    )
    return difference.comparison(
        ci_level=ci_level, margin=margin, better=better, label_a=label_a, label_b=label_b
    )


def _check_coefficients(coefficients: ArrayLike, *, n_curves: int) -> FloatArray:
    """Return the coefficients of a contrast; refuse those that are not two weighted means."""
    array = check_coefficients(coefficients, name="coefficients", length=n_curves, axis="n_curves")
    positive, negative = float(array[array > 0].sum()), float(array[array < 0].sum())
    if max(abs(positive - 1), abs(negative + 1)) > 1e-9:
        msg = (
            "coefficients above 0 must add up to 1 and those below 0 to -1, but got "
            f"{positive:.6g} and {negative:.6g}; divide each side by its sum"
        )
        raise ValueError(msg)
    return array


def _contrast(
    sample: CaseSample, ratings: FloatArray, coefficients: FloatArray, *, method: str
) -> AucDifference:
    """Return the mean of AUCs with coefficients above 0 minus that of those below."""
    if not coefficients.all():
        used = coefficients != 0
        coefficients, ratings = coefficients[used], ratings[:, used]
    placements = case_placements(sample.diseased, sample.take(ratings), sample.weight)
    return paired_difference(
        weighted_sum(placements, coefficients, sample),
        estimate_a=float(placements.aucs @ np.maximum(-coefficients, 0)),
        estimate_b=float(placements.aucs @ np.maximum(coefficients, 0)),
        n_readers=coefficients.size,
        method=f"{method}{sample.in_words}",
    )
