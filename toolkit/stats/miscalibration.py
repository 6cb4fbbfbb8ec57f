"""How far probabilities are off: too high or too low overall, too extreme or too alike.

Only where a rating is a probability and the caller says whose prevalence holds. The logistic
measures take the logit of each probability, so that 0 and 1 are refused: a case of probability 0
that has the disease is infinitely wrong. Cap such values in view, with
``numpy.clip(probability, 1e-6, 1 - 1e-6)``, and report how many were.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import FloatArray
from toolkit.results import Estimate
from toolkit.stats._checks import check_ci_level
from toolkit.stats._logistic import LogisticFit, fit_logistic
from toolkit.stats._population import (
    Basis,
    Population,
    declare_probabilities,
    linearised_estimate,
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
        As in ``toolkit.stats.brier.brier_score``.

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
        As in ``toolkit.stats.brier.brier_score``; no probability of 0 or 1.

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
