"""How far probabilities are off: too high or too low overall, too extreme or too alike.

Only where a rating is a probability and the caller says whose prevalence holds. The logistic
measures take the logit of each probability, so that 0 and 1 are refused: a case of probability 0
that has the disease is infinitely wrong. Cap such values in view, with
``numpy.clip(probability, 1e-6, 1 - 1e-6)``, and report how many were.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import FloatArray
from toolkit.results import Estimate, Result
from toolkit.stats._checks import check_choice, check_ci_level
from toolkit.stats.calibration.measures import check_n_groups, groups_of_equal_size
from toolkit.stats.calibration.population import (
    THIS_SET,
    Basis,
    LogisticFit,
    Population,
    declare_probabilities,
    fit_logistic,
    linearised_estimate,
    log_likelihood,
)


def observed_expected_ratio(
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    rating_is: str,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate the ratio of the observed number of diseased to the number expected.

    Parameters
    ----------
    truth, probability, rating_is, basis, weight, cluster, ci_level, label
        As in ``toolkit.stats.calibration.measures.brier_score``.

    Returns
    -------
    Estimate
        Observed over expected: above 1 the probabilities are too low. NaN with a note where none
        is expected; without an interval where none is observed. ``numerator`` and ``denominator``
        are both numbers, unweighted.

    Raises
    ------
    ValueError
        As ``brier_score``.

    Notes
    -----
    The interval is a Wald one on the log scale. Cases are random, their probabilities with them:
    the error is that of a ratio of two means over the same cases, and of the mean probability
    alone where the prevalence is known from elsewhere. A ratio of 1 does not say that
    probabilities are right, only that their errors cancel out.

    References
    ----------
    Debray TPA, Damen JAAG, Snell KIE, et al. BMJ 2017;356:i6460. doi:10.1136/bmj.i6460

    Examples
    --------
    >>> ratio = observed_expected_ratio([0, 1, 0, 1], [0.1, 0.3, 0.2, 0.4],
    ...                                 rating_is="probability", basis="prevalence of this set")
    >>> ratio.estimate, ratio.numerator, ratio.denominator
    (2.0, 2.0, 1.0)
    """
    population = declare_probabilities(
        truth, probability, rating_is=rating_is, basis=basis, weight=weight, cluster=cluster
    )
    level = check_ci_level(ci_level)
    stated, diseased = population.values[:, 0], population.diseased.astype(np.float64)
    observed, expected = population.mean(diseased), population.mean(stated)
    ratio, error = math.nan, math.nan
    if expected > 0:
        ratio = observed / expected
        difference = population.mean_influence(diseased) - ratio * population.mean_influence(stated)
        # With no event the ratio is 0 for certain in this sample; the log scale has no interval.
        error = population.std_error(difference / expected) if observed else 0.0
    estimate = linearised_estimate(
        population,
        ratio,
        error,
        scale="log",
        ci_level=level,
        why_undefined="not defined: no case of the disease is expected",
        quantity="observed_expected_ratio",
        unit="ratio",
        method=f"observed over expected number of diseased, {population.design}",
        label=label,
    )
    return replace(estimate, numerator=float(diseased.sum()), denominator=float(stated.sum()))


def calibration_in_the_large(
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    rating_is: str,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate by how much all log odds must be raised for the probabilities to be right overall.

    Parameters
    ----------
    truth, probability, rating_is, basis, weight, cluster, ci_level, label
        As in ``toolkit.stats.calibration.measures.brier_score``; no probability of 0 or 1.

    Returns
    -------
    Estimate
        In log odds: 0 is right, above 0 the probabilities are too low. NaN with a note where all
        cases are of one class.

    Raises
    ------
    ValueError
        As ``brier_score``, or if a probability is 0 or 1.

    Notes
    -----
    The intercept of a logistic regression whose slope on the logit of the probability is held at
    1. With the model's standard error, or, where cases are weighted or clustered or the prevalence
    is known from elsewhere, the robust one. Some authors call this the calibration intercept.

    References
    ----------
    Cox DR. Biometrika 1958;45:562-565. doi:10.1093/biomet/45.3-4.562

    Van Calster B, McLernon DJ, van Smeden M, et al. BMC Med 2019;17:230.
    doi:10.1186/s12916-019-1466-7

    Examples
    --------
    >>> large = calibration_in_the_large([0, 0, 1, 1], [0.2, 0.2, 0.2, 0.2],
    ...                                  rating_is="probability", basis="prevalence of this set")
    >>> round(large.estimate, 3)  # log odds of 0.5 less those of 0.2
    1.386
    """
    population, logit = declare_logits(truth, probability, rating_is, basis, weight, cluster)
    fit = fit_logistic(population.diseased, None, weight=population.weight, offset=logit)
    return _coefficient(
        population,
        fit,
        0,
        ci_level=ci_level,
        quantity="calibration_in_the_large",
        unit="log_odds",
        label=label,
    )


def calibration_intercept(
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    rating_is: str,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate the intercept that goes with ``calibration_slope``.

    Parameters
    ----------
    truth, probability, rating_is, basis, weight, cluster, ci_level, label
        As in ``calibration_in_the_large``.

    Returns
    -------
    Estimate
        In log odds, 0 where probabilities are right: the true log odds where the predicted
        probability is one half. NaN with a note as for ``calibration_slope``.

    Raises
    ------
    ValueError
        As ``calibration_in_the_large``.

    Notes
    -----
    Fitted together with the slope, and meaningless without it: with rare disease a probability of
    one half lies far from the data. Whether probabilities are too high or too low overall is told
    by ``calibration_in_the_large``, which some authors call by this name.

    References
    ----------
    Cox DR. Biometrika 1958;45:562-565. doi:10.1093/biomet/45.3-4.562

    Examples
    --------
    >>> intercept = calibration_intercept([0, 1, 0, 1], [0.1, 0.3, 0.6, 0.8],
    ...                                   rating_is="probability", basis="prevalence of this set")
    >>> round(intercept.estimate, 3)
    0.215
    """
    population, logit = declare_logits(truth, probability, rating_is, basis, weight, cluster)
    fit = fit_logistic(population.diseased, logit, weight=population.weight)
    return _coefficient(
        population,
        fit,
        0,
        ci_level=ci_level,
        quantity="calibration_intercept",
        unit="log_odds",
        label=label,
    )


def calibration_slope(
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    rating_is: str,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate the slope of the true log odds on the predicted ones.

    Parameters
    ----------
    truth, probability, rating_is, basis, weight, cluster, ci_level, label
        As in ``calibration_in_the_large``.

    Returns
    -------
    Estimate
        1 where probabilities are right; below 1 they are too extreme, above 1 too much alike. NaN
        with a note where cases are of one class, all probabilities are the same, or a threshold
        separates the classes.

    Raises
    ------
    ValueError
        As ``calibration_in_the_large``.

    Notes
    -----
    The slope of a logistic regression on the logit of the probability, by maximum likelihood;
    standard error as in ``calibration_in_the_large``. It looks for one kind of error only, a
    straight line on the scale of log odds.

    References
    ----------
    Cox DR. Biometrika 1958;45:562-565. doi:10.1093/biomet/45.3-4.562

    Miller ME, Hui SL, Tierney WM. Stat Med 1991;10:1213-1226. doi:10.1002/sim.4780100805

    Examples
    --------
    >>> slope = calibration_slope([0, 1, 0, 1], [0.1, 0.3, 0.6, 0.8],
    ...                           rating_is="probability", basis="prevalence of this set")
    >>> f"{slope.estimate:.2f} ({slope.ci_low:.2f}, {slope.ci_high:.2f})"
    '0.72 (-1.02, 2.46)'
    """
    population, logit = declare_logits(truth, probability, rating_is, basis, weight, cluster)
    fit = fit_logistic(population.diseased, logit, weight=population.weight)
    return _coefficient(
        population,
        fit,
        1,
        ci_level=ci_level,
        quantity="calibration_slope",
        unit="ratio",
        label=label,
    )


def declare_logits(
    truth: ArrayLike,
    probability: ArrayLike,
    rating_is: str,
    basis: Basis | None,
    weight: ArrayLike | None,
    cluster: ArrayLike | None,
) -> tuple[Population, FloatArray]:
    """Return the population and the logits of its probabilities; refuse 0 and 1."""
    population = declare_probabilities(
        truth, probability, rating_is=rating_is, basis=basis, weight=weight, cluster=cluster
    )
    certain = np.isin(population.values[:, 0], (0.0, 1.0))
    if certain.any():
        msg = (
            f"probability must lie between 0 and 1, both excluded, but {int(certain.sum())} of "
            f"{certain.size} are 0 or 1, whose log odds are infinite; cap them in view, e.g. "
            "numpy.clip(probability, 1e-6, 1 - 1e-6), and report how many were capped"
        )
        raise ValueError(msg)
    return population, np.asarray(special.logit(population.values[:, 0]), dtype=np.float64)


def coefficient_covariance(population: Population, fit: LogisticFit) -> FloatArray:
    """Return the covariance of the coefficients: the model's, or the robust one of a design."""
    return fit.covariance if population.simple else population.covariance(fit.influence)


def _coefficient(
    population: Population, fit: LogisticFit, place: int, *, ci_level: float, **words: Any
) -> Estimate:
    """Return one coefficient of a logistic recalibration."""
    variance = float(coefficient_covariance(population, fit)[place, place])
    error = "model" if population.simple else "robust"
    return linearised_estimate(
        population,
        float(fit.coefficients[place]),
        math.sqrt(variance),
        scale="identity",
        ci_level=check_ci_level(ci_level),
        why_undefined=f"not defined: {fit.reason}",
        method=f"logistic recalibration, {error} standard error, {population.design}",
        **words,
    )


_FEW_EXPECTED = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class CalibrationTest(Result):
    """A test of the null hypothesis that each predicted probability is right.

    Parameters
    ----------
    quantity : str
        What was tested.
    statistic, df : float
        Test statistic and its degrees of freedom, infinite for a normal one.
    p_value : float
        Two-sided.
    n_cases, n_positive : int
        Cases used, and the diseased among them.
    n_clusters : int, optional
        Patients, where cases cluster in patients.
    """

    quantity: str
    statistic: float
    df: float
    p_value: float
    n_cases: int
    n_positive: int
    n_clusters: int | None = None


CalibrationMethod = Literal["spiegelhalter", "logistic"]


def calibration_test(
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    rating_is: str,
    method: CalibrationMethod = "spiegelhalter",
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
) -> CalibrationTest:
    """Test whether each case has the disease with its predicted probability.

    Parameters
    ----------
    truth, probability, rating_is, basis, weight, cluster
        As in ``toolkit.stats.calibration.brier_score``; for ``"logistic"`` no probability of 0
        or 1.
    method : {"spiegelhalter", "logistic"}
        Which test, see Notes.

    Returns
    -------
    CalibrationTest
        ``statistic`` of ``"spiegelhalter"`` is standard normal under the null hypothesis and above
        0 where outcomes are further from the probabilities than promised; that of ``"logistic"`` is
        chi-square with 2 degrees of freedom. NaN with a note where nothing varies, or the slope is
        not defined.

    Raises
    ------
    ValueError
        As ``brier_score``, if the method is not known, or if a probability is 0 or 1.

    Notes
    -----
    ================= ==========================================================================
    ``spiegelhalter`` The default [1]_: is the Brier score what the probabilities promise? z is
                      the sum of (y - p)(1 - 2 p) over the root of the sum of
                      (1 - 2 p)^2 p (1 - p). Errors near p = 0.5 do not count, and those of
                      opposite sign can cancel out.
    ``logistic``      Are calibration intercept and slope 0 and 1 together [2]_? Null hypothesis:
                      the true log odds are the predicted ones. By the likelihood ratio. Not for
                      the cases on which the model was fitted: it is then right by construction.
    ================= ==========================================================================

    Where cases are weighted or clustered, or the prevalence is known from elsewhere, the variance
    of z comes from the data instead, and the logistic test is the Wald one with the robust
    covariance.

    References
    ----------
    .. [1] Spiegelhalter DJ. Stat Med 1986;5:421-433. doi:10.1002/sim.4780050506
    .. [2] Cox DR. Biometrika 1958;45:562-565. doi:10.1093/biomet/45.3-4.562

    Examples
    --------
    >>> test = calibration_test([0, 0, 0, 1], [0.1, 0.2, 0.3, 0.4],
    ...                         rating_is="probability", basis="prevalence of this set")
    >>> f"z = {test.statistic:.2f}, P = {test.p_value:.2f}"
    'z = -0.50, P = 0.62'
    >>> test = calibration_test([0, 1, 0, 1], [0.1, 0.3, 0.6, 0.8], method="logistic",
    ...                         rating_is="probability", basis="prevalence of this set")
    >>> f"{test.statistic:.2f}, P = {test.p_value:.2f}"
    '0.15, P = 0.93'
    """
    check_choice(method, name="method", choices=("spiegelhalter", "logistic"))
    if method == "logistic":
        return _logistic_test(
            *declare_logits(truth, probability, rating_is, basis, weight, cluster)
        )
    return _spiegelhalter_test(
        declare_probabilities(
            truth, probability, rating_is=rating_is, basis=basis, weight=weight, cluster=cluster
        )
    )


def _spiegelhalter_test(population: Population) -> CalibrationTest:
    """Return Spiegelhalter's z."""
    stated, diseased = population.values[:, 0], population.diseased
    lever = population.weight * (1 - 2 * stated)
    excess = lever * (diseased - stated)
    if population.simple:
        variance = math.fsum(lever**2 * stated * (1 - stated))
    else:
        variance = float(population.covariance(excess[:, None])[0, 0])
    statistic = math.fsum(excess) / math.sqrt(variance) if variance > 0 else math.nan
    refuted = int(np.sum((stated == 0) & diseased) + np.sum((stated == 1) & ~diseased))
    notes = [population.empty]
    if refuted:
        notes.append(f"{refuted} cases had an outcome of probability 0, which alone refutes it")
    if not variance > 0 and not population.empty:  # also NaN
        notes.append("not defined: the statistic has no variance")
    return _test(
        population,
        statistic,
        math.inf,
        quantity="spiegelhalter_z",
        method=f"Spiegelhalter's z, {population.design}",
        note="; ".join(note for note in notes if note),
    )


def _logistic_test(population: Population, logit: FloatArray) -> CalibrationTest:
    """Return the test of intercept 0 and slope 1."""
    fit = fit_logistic(population.diseased, logit, weight=population.weight)
    statistic = math.nan
    if population.simple and not fit.reason:
        stated = log_likelihood(population.diseased, logit, population.weight)
        statistic = max(2 * (fit.log_likelihood - stated), 0.0)
    elif not fit.reason:
        statistic = _wald(fit.coefficients - (0.0, 1.0), coefficient_covariance(population, fit))
    reason = fit.reason or ("the covariance of both is singular" if math.isnan(statistic) else "")
    return _test(
        population,
        statistic,
        2.0,
        quantity="calibration_intercept_and_slope",
        method=(
            f"{'likelihood ratio' if population.simple else 'robust Wald'} test of intercept 0 "
            f"and slope 1, {population.design}"
        ),
        note=population.empty or (f"not defined: {reason}" if reason else ""),
    )


def hosmer_lemeshow_test(
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    rating_is: str,
    basis: Basis | None = None,
    validation: str,
    n_groups: int = 10,
) -> CalibrationTest:
    """Test by Hosmer and Lemeshow's chi-square whether groups hold the cases that they promise.

    Offered because published studies use it; prefer ``calibration_test`` and the reliability
    curve.

    Parameters
    ----------
    truth, probability, rating_is
        As in ``toolkit.stats.calibration.measures.brier_score``.
    basis : {"prevalence of this set"}
        The test is not defined for weighted cases or another prevalence.
    validation : {"external", "development"}
        Whether the model was fitted on other cases (as many degrees of freedom as groups) or on
        these (two fewer).
    n_groups : int
        Groups of equal size by ascending probability, 2 or more; cases of one probability stay
        together.

    Returns
    -------
    CalibrationTest
        NaN with a note without cases or without degrees of freedom; infinite where a group with a
        case of the disease expects none, or the reverse.

    Raises
    ------
    ValueError
        As ``brier_score``, or if ``basis``, ``validation`` or ``n_groups`` is wrong.

    Notes
    -----
    Null hypothesis: each case has the disease with its predicted probability. The result depends
    on the number of groups and on how ties fall; it has little power with few cases and rejects
    trifles with many, says nothing of the kind or size of an error, and its chi-square is a poor
    approximation where a group expects few cancers, as in screening nearly all groups do.

    References
    ----------
    Hosmer DW, Lemeshow S. Commun Stat Theory Methods 1980;9:1043-1069.
    doi:10.1080/03610928008827941

    Hosmer DW, Hosmer T, le Cessie S, Lemeshow S. Stat Med 1997;16:965-980.
    doi:10.1002/(SICI)1097-0258(19970515)16:9<965::AID-SIM509>3.0.CO;2-O

    Examples
    --------
    >>> test = hosmer_lemeshow_test([0, 1, 0, 1], [0.2, 0.4, 0.6, 0.8], validation="external",
    ...     n_groups=2, rating_is="probability", basis="prevalence of this set")
    >>> f"{test.statistic:.3f}, {test.df:.0f} df, P = {test.p_value:.2f}"
    '0.762, 2 df, P = 0.68'
    """
    if basis not in (None, THIS_SET):
        msg = (
            f"basis must be {THIS_SET!r} for the Hosmer-Lemeshow test, but got {basis!r}: it is "
            "not defined at another prevalence; take calibration_test"
        )
        raise ValueError(msg)
    population = declare_probabilities(
        truth, probability, rating_is=rating_is, basis=basis, weight=None, cluster=None
    )
    check_choice(validation, name="validation", choices=("external", "development"))
    wanted = check_n_groups(n_groups)
    group = groups_of_equal_size(population.values[:, 0], population.weight, wanted)
    size, observed, expected = (
        np.asarray(np.bincount(group, weights=each), dtype=np.float64)
        for each in (population.weight, population.diseased, population.values[:, 0])
    )
    df = float(size.size - (2 if validation == "development" else 0))
    statistic = _grouped_chi_square(observed, expected, size) if df > 0 else math.nan
    note = _few_in_a_group(expected, size) if df > 0 else "not defined: too few groups are left"
    if size.size < wanted and not population.empty:
        note = f"{note}; ties left {size.size} of {wanted} groups".removeprefix("; ")
    return _test(
        population,
        statistic,
        df,
        quantity="hosmer_lemeshow",
        method=f"Hosmer-Lemeshow chi-square, {size.size} groups, {validation} validation",
        note=population.empty or note,
    )


def _wald(distance: FloatArray, covariance: FloatArray) -> float:
    """Return the Wald statistic of two coefficients; NaN where their covariance is singular."""
    if np.linalg.matrix_rank(np.nan_to_num(covariance)) != distance.size:
        return math.nan
    return float(distance @ np.linalg.solve(covariance, distance))


def _grouped_chi_square(observed: FloatArray, expected: FloatArray, size: FloatArray) -> float:
    """Return the sum of (O - E)^2 / (E (1 - E / n)); a group that is certain and right adds 0."""
    variance = expected * (1 - expected / size)
    squared = (observed - expected) ** 2
    certain = variance <= 0
    if np.any(squared[certain] > 0):
        return math.inf
    return math.fsum(squared[~certain] / variance[~certain])


def _few_in_a_group(expected: FloatArray, size: FloatArray) -> str:
    """Return a note where the chi-square distribution is a poor approximation."""
    least = float(np.minimum(expected, size - expected).min())
    if least >= _FEW_EXPECTED:
        return ""
    return f"P is approximate: a group expects {least:.1f} cases of one class, fewer than 5"


def _test(population: Population, statistic: float, df: float, **words: Any) -> CalibrationTest:
    """Return a test with its P: two-sided normal where df is infinite, else of a chi-square."""
    if math.isinf(df):
        p_value = 2 * float(special.ndtr(-abs(statistic)))
    else:
        p_value = float(special.chdtrc(df, statistic)) if df > 0 else math.nan
    return CalibrationTest(
        statistic=statistic, df=df, p_value=p_value, **population.counts, **words
    )
