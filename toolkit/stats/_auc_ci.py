"""The AUC of one reader, and the mean AUC of several, with an interval."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from toolkit.results import Estimate
from toolkit.stats._auc_interval import Interval, auc_estimate
from toolkit.stats._case_sample import check_sample
from toolkit.stats._checks import check_rating, check_ratings
from toolkit.stats._delong import Spread, covariance_parts, curve_spread
from toolkit.stats._placements import case_placements


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
