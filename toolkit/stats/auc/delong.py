"""DeLong's covariance of empirical AUCs, and what follows from it for fixed readers.

Cases are random and independent, readers are fixed: a conclusion holds for these readers alone.
For a population of readers use the MRMC methods. Where both breasts of a woman are cases, or a
woman has several examinations, give ``cluster``; where cases were sampled, ``weight``.

=========================== =============================================================
``delong_ci``               the AUC of one reader
``delong_ci_from_counts``   the same from counts per rating
``mean_auc_ci``             the mean AUC of several readers of the same cases
``delong_test``             two ratings of the same cases
``delong_test_from_counts`` the same from counts per pair of ratings
``delong_mover_test``       the same with limits that hold for high AUCs and few cases
``delong_contrast``         two weighted means of AUCs, as an AI with the mean of readers
``delong_test_unpaired``    ratings of different cases, as in two sites
``auc_covariance``          all curves at once, for what builds on it
=========================== =============================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Better, Comparison, Estimate, Result
from toolkit.stats._checks import check_coefficients, check_rating, check_ratings
from toolkit.stats.auc.intervals import (
    AucDifference,
    Interval,
    auc_estimate,
    paired_difference,
    unpaired_difference,
)
from toolkit.stats.auc.placements import (
    CaseSample,
    Spread,
    case_placements,
    check_sample,
    covariance_parts,
    curve_spread,
    design_in_words,
    too_few,
    weighted_sum,
)


def delong_ci(
    truth: ArrayLike,
    rating: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    interval: Interval = "default",
    label: str = "",
) -> Estimate:
    """Estimate the AUC of one reader with an interval from DeLong's variance.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious; only the order counts.
    weight, cluster
        As in ``auc_covariance``.
    ci_level : float
        Confidence level, two-sided.
    interval : {"default", "logit", "score", "identity"}
        ``"logit"``: Wald on the logit scale with a t quantile. ``"score"``: binormal score, which
        takes the variance at the limit. ``"default"``: logit, but score, with a note, where a
        class has fewer than 100 independent cases. ``"identity"``: Wald with a normal quantile,
        cut at 0 and 1, as other programs print; it claims too much for a high AUC.
    label : str
        Who or what was measured.

    Returns
    -------
    Estimate
        At an AUC of 0 or 1 there is no standard error and one limit is a bound, named in the
        note, whichever interval is asked for. NaN, with a note: the interval where a class has
        one case (or one patient) or where all ratings are alike; the AUC too where a class has
        none.

    Raises
    ------
    ValueError
        If an argument is malformed or a rating is NaN.

    Notes
    -----
    Cases (patients, with ``cluster``) are random, the reader is fixed.

    Logit: t has V^2 / [(S10/m)^2 / (m - 1) + (S01/n)^2 / (n - 1)] degrees of freedom, with V =
    S10/m + S01/n, m positive and n negative cases (Satterthwaite); with clusters, the patients of
    the smaller class less 1.

    Score: the AUCs theta with |A - theta| = t sqrt(k v(theta) (1/m + 1/n)), where v(theta) is the
    variance of a placement in the binormal model with equal variances and k = max(1, V / (v(A)
    (1/m + 1/n))). t has the cases of the smaller class less 1 degrees of freedom. With weights m
    and n are Kish's (sum w)^2 / sum w^2. In simulations with 15 to 80 positive cases it covers in
    94 to 99 % of studies where 95 % is meant, the logit interval in 85 to 98 %; with 100 or more
    the logit interval covers in 93 to 95 %.

    The bound at an AUC of 1 is ((1 - ci_level) / 2)^(1 / k): the cases hold k = min(m, n) disjoint
    pairs, all in order with a probability of AUC^k at most, whatever the distributions. With
    clusters no two pairs share a patient; with weights k is Kish's number and the bound is not
    exact.

    No interval knows of cancers that are not in the sample. Where 2 to 10 % of cancers look like
    healthy cases and the others are clearly apart, all of these cover in only 79 to 95 %.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845. doi:10.2307/2531595

    Obuchowski NA. Biometrics 1997;53:567-578. doi:10.2307/2533958

    Examples
    --------
    >>> result = delong_ci([0, 0, 0, 0, 1, 1, 1], [1, 2, 3, 5, 2, 4, 6], interval="logit")
    >>> f"{result.estimate:.3f} ({result.ci_low:.3f}, {result.ci_high:.3f})"
    '0.708 (0.103, 0.981)'
    """
    sample = check_sample(truth, weight=weight, cluster=cluster)
    numbers = sample.take(check_rating(rating, n_cases=sample.n_given))
    return auc_estimate(
        curve_spread(sample, numbers),
        ci_level=ci_level,
        interval=interval,
        label=label,
        method=f"empirical AUC, DeLong variance{sample.in_words}",
    )


def mean_auc_ci(
    truth: ArrayLike,
    ratings: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    interval: Interval = "default",
    label: str = "",
) -> Estimate:
    """Estimate the mean AUC of these very readers, who all rated the same cases.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_readers)
        Higher is more suspicious; scales of readers may differ.
    weight, cluster
        As in ``auc_covariance``.
    ci_level, interval, label
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
    not what other readers would do. In the score interval the variance of one reader is that of
    the model, and what the mean saves is the ratio of DeLong's variance of the mean to the mean of
    DeLong's variances.

    Examples
    --------
    >>> result = mean_auc_ci([0, 0, 0, 1, 1], [[1, 3], [2, 1], [4, 2], [3, 2], [5, 4]])
    >>> round(result.estimate, 4), round(result.std_error, 4)
    (0.7917, 0.2357)
    """
    sample = check_sample(truth, weight=weight, cluster=cluster)
    numbers = check_ratings(ratings, n_cases=sample.n_given, axes=("n_readers",))
    n_readers = numbers.shape[1]
    if not n_readers:
        msg = "ratings must hold at least one reader, but got shape (n_cases, 0)"
        raise ValueError(msg)
    placements = case_placements(sample.diseased, sample.take(numbers), sample.weight)
    parts = covariance_parts(placements.positive, placements.negative, placements.aucs, sample)
    mean = Spread(
        estimate=float(placements.aucs.mean()),
        positive_part=float(parts.positive.mean()),
        negative_part=float(parts.negative.mean()),
        cross_part=0.0 if parts.cross is None else float(parts.cross.mean()),
        size=sample.size,
        reader_variance=float(np.diagonal(parts.total).mean()),
    )
    estimate = auc_estimate(
        mean,
        ci_level=ci_level,
        interval=interval,
        label=label,
        method=f"mean empirical AUC of fixed readers, DeLong variance{sample.in_words}",
    )
    return replace(estimate, n_readers=n_readers)


@dataclass(frozen=True, kw_only=True, eq=False)
class AucCovariance(Result):
    """Empirical AUCs of several curves on the same cases with DeLong's covariance.

    Parameters
    ----------
    aucs : ndarray, shape (n_curves,)
        Empirical AUCs.
    covariance : ndarray, shape (n_curves, n_curves)
        DeLong's covariance, the sum of the next three.
    covariance_positive : ndarray, shape (n_curves, n_curves)
        What the positive cases contribute: S10 / n_positive.
    covariance_negative : ndarray, shape (n_curves, n_curves)
        What the negative cases contribute: S01 / n_negative.
    n_positive, n_negative : int
        Cases of each class.
    covariance_cross : ndarray or None, shape (n_curves, n_curves)
        What positive and negative cases of the same patients share:
        (S11 + S11^T) / (n_positive n_negative); None without clusters.
    n_clusters : int or None
        Patients; None without clusters.
    """

    aucs: FloatArray
    covariance: FloatArray
    covariance_positive: FloatArray
    covariance_negative: FloatArray
    n_positive: int
    n_negative: int
    covariance_cross: FloatArray | None = None
    n_clusters: int | None = None

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
            n_clusters=self.n_clusters,
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
            "clusters": self.n_clusters,
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
    n_clusters: int | None


def auc_covariance(
    truth: ArrayLike,
    ratings: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
) -> AucCovariance:
    """Estimate the AUCs of several curves on the same cases and their covariance.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_curves)
        Higher is more suspicious; each curve rates every case.
    weight : array_like, shape (n_cases,), optional
        Cases of the population that each case stands for (inverse inclusion probability); all
        alike if not given. A case of weight 0 counts as not there.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case, where patients have several cases; each case its own if not given.

    Returns
    -------
    AucCovariance
        With cases of a class from one patient alone the covariance is NaN, without a case of a
        class the AUCs are too, and the note says so.

    Raises
    ------
    ValueError
        If an argument is malformed or a rating is NaN: curves on different cases have another
        covariance.

    Notes
    -----
    O(n log n) a curve. A curve that separates the classes perfectly has variance 0, which is not
    certainty. Cases (patients) are random, curves are fixed.

    With weights, placements, AUC and mean are weighted, and the variance is the sum over both
    classes of sum(w^2 (placement - AUC)^2) / (sum w)^2 m / (m - 1), with m cases of the class:
    weights that are constant in a class change nothing. These are sampling weights. How often a
    rating occurs is a count (``delong_ci_from_counts``), and how sure a rating is has no place.

    With clusters the covariance is S10 / m + S01 / n + (S11 + S11^T) / (m n) from the sums of
    placements of each patient (Obuchowski), where S10 has the factor I10 / (I10 - 1) for I10
    patients with a positive case, S01 the same for those with a negative one, and S11 the factor
    I / (I - 1) for all I patients. With one case a patient it is DeLong's. Weights and clusters
    together: the sums of each patient are those of w (placement - AUC) / (sum w).

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845. doi:10.2307/2531595

    Obuchowski NA. Biometrics 1997;53:567-578. doi:10.2307/2533958

    Examples
    --------
    >>> result = auc_covariance([0, 0, 0, 1, 1], [[1, 3], [2, 1], [4, 2], [3, 2], [5, 4]])
    >>> result.aucs.round(4).tolist(), result.covariance.round(4).tolist()
    ([0.8333, 0.75], [[0.0556, 0.0417], [0.0417, 0.0833]])
    """
    sample = check_sample(truth, weight=weight, cluster=cluster)
    return covariance_of(sample, sample.take(check_ratings(ratings, n_cases=sample.n_given)))


def covariance_of(sample: CaseSample, ratings: FloatArray) -> AucCovariance:
    """Return AUCs and DeLong's covariance of checked ratings, (n_counted, n_curves)."""
    placements = case_placements(sample.diseased, ratings, sample.weight)
    parts = covariance_parts(placements.positive, placements.negative, placements.aucs, sample)
    size = sample.size
    return AucCovariance(
        aucs=placements.aucs,
        covariance=parts.total,
        covariance_positive=parts.positive,
        covariance_negative=parts.negative,
        covariance_cross=parts.cross,
        n_positive=size.n_positive,
        n_negative=size.n_negative,
        n_clusters=size.n_clusters,
        method=f"empirical AUC, DeLong covariance{sample.in_words}",
        note=too_few(size),
    )


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


def delong_test_unpaired(  # noqa: PLR0913 - two data sets, else the choices of delong_test
    truth_a: ArrayLike,
    rating_a: ArrayLike,
    truth_b: ArrayLike,
    rating_b: ArrayLike,
    *,
    weight_a: ArrayLike | None = None,
    weight_b: ArrayLike | None = None,
    cluster_a: ArrayLike | None = None,
    cluster_b: ArrayLike | None = None,
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
    weight_a, weight_b, cluster_a, cluster_b
        As in ``auc_covariance``, of the cases of each set; no patient is in both.
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
    freedom as in pROC: V^2 / [Va^2 / (n_a - 1) + Vb^2 / (n_b - 1)], with n_a and n_b cases
    (patients, with clusters) in all (Welch and Satterthwaite). The limits stay within -1 and 1.

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
    a = _one_set(truth_a, rating_a, weight=weight_a, cluster=cluster_a, suffix="_a")
    b = _one_set(truth_b, rating_b, weight=weight_b, cluster=cluster_b, suffix="_b")
    words = design_in_words(
        weight=weight_b if weight_a is None else weight_a,
        cluster=cluster_b if cluster_a is None else cluster_a,
    )
    difference = unpaired_difference(a, b, method=f"unpaired DeLong test of two AUCs{words}")
    return difference.comparison(
        ci_level=ci_level, margin=margin, better=better, label_a=label_a, label_b=label_b
    )


def _one_set(
    truth: ArrayLike,
    rating: ArrayLike,
    *,
    weight: ArrayLike | None,
    cluster: ArrayLike | None,
    suffix: str,
) -> Spread:
    """Return the AUC of one of two unpaired sets with its variance."""
    sample = check_sample(truth, weight=weight, cluster=cluster, suffix=suffix)
    numbers = check_rating(rating, n_cases=sample.n_given, name=f"rating{suffix}")
    return curve_spread(sample, sample.take(numbers))
