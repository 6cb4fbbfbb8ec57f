"""DeLong's covariance of empirical AUCs, and what follows from it for fixed readers.

Cases are random and independent, readers are fixed: a conclusion holds for these readers alone.
For a population of readers use the MRMC methods; where both breasts of a woman are cases, or a
woman has several examinations, resample women instead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.results import Better, Comparison, Estimate, Result
from toolkit.stats._checks import (
    check_coefficients,
    check_counts,
    check_rating,
    check_ratings,
    check_truth,
)
from toolkit.stats._delong import (
    AucDifference,
    Spread,
    auc_estimate,
    curve_spread,
    paired_note,
    spread,
    too_few,
    unpaired_note,
)
from toolkit.stats._placements import BoolArray, FloatArray, case_placements

Scale = Literal["logit", "identity"]


@dataclass(frozen=True, kw_only=True, eq=False)
class AucCovariance(Result):
    """Empirical AUCs of several curves on the same cases with DeLong's covariance.

    Parameters
    ----------
    aucs : ndarray, shape (n_curves,)
        Empirical AUCs.
    covariance : ndarray, shape (n_curves, n_curves)
        DeLong's covariance, the sum of the next two.
    covariance_positive : ndarray, shape (n_curves, n_curves)
        What the positive cases contribute: S10 / n_positive.
    covariance_negative : ndarray, shape (n_curves, n_curves)
        What the negative cases contribute: S01 / n_negative.
    n_positive, n_negative : int
        Cases of each class.
    """

    aucs: FloatArray
    covariance: FloatArray
    covariance_positive: FloatArray
    covariance_negative: FloatArray
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

    def _shown(self) -> dict[str, Any]:
        """Replace the arrays by their length."""
        return {
            "method": self.method,
            "note": self.note,
            "curves": self.aucs.size,
            "positive": self.n_positive,
            "negative": self.n_negative,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class _AucRows(Result):
    """The curves of an AucCovariance in the columns of the glossary."""

    quantity: str
    unit: str
    estimate: FloatArray
    std_error: FloatArray
    n_cases: int
    n_positive: int


def auc_covariance(truth: ArrayLike, ratings: ArrayLike) -> AucCovariance:
    """Estimate the AUCs of several curves on the same cases and their covariance.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_curves)
        Higher is more suspicious; each curve rates every case.

    Returns
    -------
    AucCovariance
        With one case of a class the covariance is NaN, with none the AUCs are too, and the note
        says so.

    Raises
    ------
    ValueError
        If an argument is malformed or a rating is NaN: curves on different cases have another
        covariance.

    Notes
    -----
    O(n log n) a curve, by mid-ranks as Sun and Xu (2014). A curve that separates the classes
    perfectly has variance 0, which is not certainty.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845. doi:10.2307/2531595

    Sun X, Xu W. IEEE Signal Process Lett 2014;21:1389-1393. doi:10.1109/LSP.2014.2337313

    Examples
    --------
    >>> result = auc_covariance([0, 0, 0, 1, 1], [[1, 3], [2, 1], [4, 2], [3, 2], [5, 4]])
    >>> result.aucs.round(4).tolist(), result.covariance.round(4).tolist()
    ([0.8333, 0.75], [[0.0556, 0.0417], [0.0417, 0.0833]])
    """
    diseased = check_truth(truth)
    numbers = check_ratings(ratings, n_cases=diseased.size)
    placements = case_placements(diseased, numbers)
    positive = _covariance_of_mean(placements.positive)
    negative = _covariance_of_mean(placements.negative)
    m, n = placements.positive.shape[0], placements.negative.shape[0]
    return AucCovariance(
        aucs=placements.aucs,
        covariance=positive + negative,
        covariance_positive=positive,
        covariance_negative=negative,
        n_positive=m,
        n_negative=n,
        method="empirical AUC, DeLong covariance",
        note=too_few(m, n),
    )


def _covariance_of_mean(placements: FloatArray) -> FloatArray:
    """Return the covariance of the column means of (n_cases, n_curves); NaN for one case."""
    n_cases, n_curves = placements.shape
    if n_cases < 2:
        return np.full((n_curves, n_curves), math.nan)
    moved = placements - placements[0]  # a column of like placements becomes exactly 0
    moved -= moved.mean(axis=0)
    products: FloatArray = moved.T @ moved
    return products / float((n_cases - 1) * n_cases)


def delong_ci(
    truth: ArrayLike,
    rating: ArrayLike,
    *,
    ci_level: float = 0.95,
    scale: Scale = "logit",
    label: str = "",
) -> Estimate:
    """Estimate the AUC of one reader with an interval from DeLong's variance.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious; only the order counts.
    ci_level : float
        Confidence level, two-sided.
    scale : {"logit", "identity"}
        ``"logit"``: Wald on the logit scale with a t quantile, never outside 0 to 1.
        ``"identity"``: Wald with a normal quantile, cut at 0 and 1, as other programs print; it
        claims too much for a high AUC.
    label : str
        Who or what was measured.

    Returns
    -------
    Estimate
        With fewer than 50 cases of a class the note warns. At an AUC of 0 or 1 there is no
        standard error and one limit is an exact bound, named in the note. With one case of a
        class, or all ratings alike, there is no interval; with none, no AUC either.

    Raises
    ------
    ValueError
        If an argument is malformed or a rating is NaN.

    Notes
    -----
    The t quantile has V^2 / [(S10/m)^2/(m-1) + (S01/n)^2/(n-1)] degrees of freedom, with V =
    S10/m + S01/n, m positive and n negative cases (Satterthwaite). The bound at an AUC of 1 is
    ((1 - ci_level) / 2)^(1 / min(m, n)): the cases hold min(m, n) disjoint pairs, and all of
    them are in order with probability AUC^min(m, n) at most, whatever the distributions.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845. doi:10.2307/2531595

    Examples
    --------
    >>> result = delong_ci([0, 0, 0, 0, 1, 1, 1], [1, 2, 3, 5, 2, 4, 6])
    >>> f"{result.estimate:.3f} ({result.ci_low:.3f}, {result.ci_high:.3f})"
    '0.708 (0.103, 0.981)'
    """
    diseased = check_truth(truth)
    numbers = check_rating(rating, n_cases=diseased.size)
    return auc_estimate(
        curve_spread(diseased, numbers), ci_level=ci_level, scale=scale, label=label
    )


def delong_ci_from_counts(
    positive: ArrayLike,
    negative: ArrayLike,
    *,
    ci_level: float = 0.95,
    scale: Scale = "logit",
    label: str = "",
) -> Estimate:
    """Estimate the AUC of one reader from the counts of a rating table, as papers print them.

    Parameters
    ----------
    positive, negative : array_like, shape (n_categories,)
        Diseased and healthy cases in each rating category, least suspicious first.
    ci_level, scale, label
        As in ``delong_ci``.

    Returns
    -------
    Estimate
        The same as ``delong_ci`` gives for the cases one by one.

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
    diseased = check_counts(positive, name="positive")
    healthy = check_counts(negative, name="negative")
    if diseased.size != healthy.size:
        msg = (
            "positive and negative must count the same categories, but got "
            f"{diseased.size} and {healthy.size} of them; write an empty category as 0"
        )
        raise ValueError(msg)
    category = np.arange(diseased.size)
    truth = np.repeat([True, False], [diseased.sum(), healthy.sum()])
    rating = np.concatenate([np.repeat(category, diseased), np.repeat(category, healthy)])
    return delong_ci(truth, rating, ci_level=ci_level, scale=scale, label=label)


def mean_auc_ci(
    truth: ArrayLike,
    ratings: ArrayLike,
    *,
    ci_level: float = 0.95,
    scale: Scale = "logit",
    label: str = "",
) -> Estimate:
    """Estimate the mean AUC of these very readers, who all rated the same cases.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_readers)
        Higher is more suspicious; scales of readers may differ.
    ci_level, scale, label
        As in ``delong_ci``.

    Returns
    -------
    Estimate
        As from ``delong_ci``.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN, or there is no reader.

    Notes
    -----
    Readers are fixed: the interval says how the mean of these readers would vary with the cases,
    not what other readers would do.

    Examples
    --------
    >>> result = mean_auc_ci([0, 0, 0, 1, 1], [[1, 3], [2, 1], [4, 2], [3, 2], [5, 4]])
    >>> round(result.estimate, 4), round(result.std_error, 4)
    (0.7917, 0.2357)
    """
    diseased = check_truth(truth)
    numbers = check_ratings(ratings, n_cases=diseased.size, axes=("n_readers",))
    n_readers = numbers.shape[1]
    if not n_readers:
        msg = "ratings must hold at least one reader, but got shape (n_cases, 0)"
        raise ValueError(msg)
    placements = case_placements(diseased, numbers)
    mean = spread(
        float(placements.aucs.mean()),
        placements.positive.mean(axis=1),
        placements.negative.mean(axis=1),
    )
    estimate = auc_estimate(mean, ci_level=ci_level, scale=scale, label=label)
    method = "mean empirical AUC of fixed readers, DeLong variance"
    return replace(estimate, n_readers=n_readers, method=method)


def delong_test(
    truth: ArrayLike,
    rating_a: ArrayLike,
    rating_b: ArrayLike,
    *,
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
    with 30 positive and 300 negative cases, AUCs of 0.95 and 0.90 and a margin of 0.05, b was
    falsely called non-inferior in 5.7 % of studies where 2.5 % is meant (8.5 % at 0.98 and 0.93;
    3.8 % at 0.95 and 0.90 with 100 and 1,000 cases). The note then warns.

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
    diseased = check_truth(truth)
    numbers_a = check_rating(rating_a, n_cases=diseased.size, name="rating_a")
    numbers_b = check_rating(rating_b, n_cases=diseased.size, name="rating_b")
    difference = _weighted_difference(
        diseased,
        np.column_stack([numbers_a, numbers_b]),
        np.array([-1.0, 1.0]),
        method="paired DeLong test of two AUCs",
    )
    return difference.comparison(
        ci_level=ci_level, margin=margin, better=better, label_a=label_a, label_b=label_b
    )


def delong_contrast(
    truth: ArrayLike,
    ratings: ArrayLike,
    weights: ArrayLike,
    *,
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
    weights : array_like, shape (n_curves,)
        Positive weights, which add up to 1, make b; negative ones, which add up to -1, make a.
        AI minus the mean of two readers is ``[1, -0.5, -0.5]``.
    ci_level, margin, better, label_a, label_b
        As in ``delong_test``.

    Returns
    -------
    Comparison
        As from ``delong_test``; ``n_readers`` counts the curves whose weight is not 0.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN, or the weights do not add up as above.

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
    diseased = check_truth(truth)
    numbers = check_ratings(ratings, n_cases=diseased.size)
    difference = _weighted_difference(
        diseased,
        numbers,
        _check_weights(weights, n_curves=numbers.shape[1]),
        method="DeLong contrast of AUCs, fixed readers",
    )
    return difference.comparison(
        ci_level=ci_level, margin=margin, better=better, label_a=label_a, label_b=label_b
    )


def _check_weights(weights: ArrayLike, *, n_curves: int) -> FloatArray:
    """Return the weights of a contrast; refuse those that are not two weighted means."""
    array = check_coefficients(weights, name="weights", length=n_curves, axis="n_curves")
    positive, negative = float(array[array > 0].sum()), float(array[array < 0].sum())
    if max(abs(positive - 1), abs(negative + 1)) > 1e-9:
        msg = (
            "weights above 0 must add up to 1 and those below 0 to -1, but got "
            f"{positive:.6g} and {negative:.6g}; divide each side by its sum"
        )
        raise ValueError(msg)
    return array


def _weighted_difference(
    diseased: BoolArray, ratings: FloatArray, weights: FloatArray, *, method: str
) -> AucDifference:
    """Return the weighted mean of AUCs with weights above 0 minus that of those below."""
    used = weights != 0
    weights = weights[used]
    placements = case_placements(diseased, ratings[:, used])
    estimate_a = float(placements.aucs @ np.maximum(-weights, 0))
    estimate_b = float(placements.aucs @ np.maximum(weights, 0))
    # From the placements of the difference itself, so that like ratings cancel exactly, which
    # they would not in Var(a) + Var(b) - 2 Cov(a, b).
    difference = spread(
        estimate_b - estimate_a,
        placements.positive @ weights,
        placements.negative @ weights,
        scale=float(np.abs(weights).sum()),
    )
    return AucDifference(
        estimate_a=estimate_a,
        estimate_b=estimate_b,
        std_error=math.sqrt(difference.variance),
        df=math.inf,
        n_cases=diseased.size,
        n_positive=difference.n_positive,
        n_readers=weights.size,
        method=method,
        note=paired_note(difference, estimate_a=estimate_a, estimate_b=estimate_b),
    )


def delong_test_unpaired(  # noqa: PLR0913 - two data sets, else the choices of delong_test
    truth_a: ArrayLike,
    rating_a: ArrayLike,
    truth_b: ArrayLike,
    rating_b: ArrayLike,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better = "higher",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Compare the AUCs of ratings of different cases, as in two sites: b minus a.

    Parameters
    ----------
    truth_a, truth_b : array_like, shape (n_cases_a,), (n_cases_b,)
        1 diseased, 0 healthy.
    rating_a, rating_b : array_like, shape (n_cases_a,), (n_cases_b,)
        Higher is more suspicious.
    ci_level, margin, better, label_a, label_b
        As in ``delong_test``.

    Returns
    -------
    Comparison
        Wald on the difference with a t quantile. Where a variance is undefined, or both are 0,
        interval and tests are NaN and the note says why.

    Raises
    ------
    ValueError
        If an argument is malformed or a rating is NaN.

    Notes
    -----
    Null hypothesis of ``p_value``: the AUCs are equal. The two sets of cases are independent;
    for ratings of the same cases use ``delong_test``, which has far more power. Degrees of
    freedom as in pROC: V^2 / [Va^2 / (n_a - 1) + Vb^2 / (n_b - 1)], with n_a and n_b cases in
    all (Welch and Satterthwaite). The limits stay within -1 and 1.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845. doi:10.2307/2531595

    Robin X et al. BMC Bioinformatics 2011;12:77. doi:10.1186/1471-2105-12-77

    Examples
    --------
    >>> truth_a, rating_a = [0, 0, 0, 1, 1], [1, 2, 4, 3, 5]
    >>> truth_b, rating_b = [0, 0, 1, 1, 1, 1], [1, 3, 2, 3, 4, 5]
    >>> result = delong_test_unpaired(truth_a, rating_a, truth_b, rating_b)
    >>> round(result.estimate, 4), round(result.df, 2)
    (-0.0208, 8.75)
    """
    a = _one_set(truth_a, rating_a, name="a")
    b = _one_set(truth_b, rating_b, name="b")
    variance = a.variance + b.variance
    n_a, n_b = a.n_positive + a.n_negative, b.n_positive + b.n_negative
    df = math.nan
    if variance > 0:
        df = variance**2 / (a.variance**2 / (n_a - 1) + b.variance**2 / (n_b - 1))
    difference = AucDifference(
        estimate_a=a.estimate,
        estimate_b=b.estimate,
        std_error=math.sqrt(variance),
        df=df,
        n_cases=n_a + n_b,
        n_positive=a.n_positive + b.n_positive,
        method="unpaired DeLong test of two AUCs",
        note=unpaired_note(a, b),
    )
    return difference.comparison(
        ci_level=ci_level, margin=margin, better=better, label_a=label_a, label_b=label_b
    )


def _one_set(truth: ArrayLike, rating: ArrayLike, *, name: str) -> Spread:
    """Return the AUC of one of two unpaired sets with its variance."""
    diseased = check_truth(truth, name=f"truth_{name}")
    numbers = check_rating(rating, n_cases=diseased.size, name=f"rating_{name}")
    return curve_spread(diseased, numbers)
