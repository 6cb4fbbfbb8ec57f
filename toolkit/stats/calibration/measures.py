"""How far probabilities lie from outcomes: the Brier score, its parts, and the reliability curve.

Only where a rating is a probability and the caller says whose prevalence holds; a score of another
kind has ``toolkit.stats.calibration.scores``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Curve, Estimate, Result
from toolkit.stats._checks import check_ci_level, check_count
from toolkit.stats.calibration.population import (
    Basis,
    Population,
    declare_probabilities,
    linearised_estimate,
)
from toolkit.stats.calibration.scores import observed_risk


@dataclass(frozen=True, kw_only=True, eq=False)
class IsotonicFit:
    """Distinct scores, ascending, with the fitted share of the diseased at each, (n_scores,)."""

    score: FloatArray
    fitted: FloatArray


def fit_isotonic(diseased: BoolArray, score: FloatArray, weight: FloatArray) -> IsotonicFit:
    """Return the pool-adjacent-violators fit; tied scores have one value, their weighted share.

    Parameters
    ----------
    diseased : ndarray of bool, shape (n_cases,)
        The outcome.
    score : ndarray, shape (n_cases,)
        Finite; higher is more suspicious.
    weight : ndarray, shape (n_cases,)
        Positive.
    """
    # Inside: a second of importing that intervals elsewhere do without.
    from scipy.optimize import isotonic_regression

    distinct, place = np.unique(score, return_inverse=True)
    total = np.bincount(place, weights=weight, minlength=distinct.size)
    sick = np.bincount(place, weights=weight * diseased, minlength=distinct.size)
    if not distinct.size:
        return IsotonicFit(score=distinct, fitted=distinct.copy())
    fitted = isotonic_regression(sick / total, weights=total).x
    # Weighted means of shares can leave [0, 1] by rounding.
    return IsotonicFit(score=distinct, fitted=np.clip(fitted, 0.0, 1.0))


def brier_score(
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
    """Estimate the Brier score, the mean squared distance of probabilities from outcomes.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    probability : array_like, shape (n_cases,)
        Predicted probability of disease, from 0 to 1; a score of 1 to 10 is none.
    rating_is : {"probability"}
        The caller's word that ``probability`` was made as one; nothing else is taken.
    basis : {"prevalence of this set"} or float, optional
        That the cases came as they do in the population, or the prevalence of the population,
        known from elsewhere, to which an enriched set is brought. Just one of ``basis`` and
        ``weight`` must be given.
    weight : array_like, shape (n_cases,), optional
        Cases of the population that each case stands for; those of weight 0 are left out.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case; each case its own if not given.
    ci_level : float
        Confidence level, two-sided.
    label : str
        Who or what was measured.

    Returns
    -------
    Estimate
        Lower is better. NaN with a note without cases. Where all cases lie equally far from their
        outcome there is no interval, and the note says so.

    Raises
    ------
    ValueError
        If the rating is not declared a probability, nothing or too much says whose prevalence
        holds, or an argument is malformed.

    Notes
    -----
    The interval is a Wald one on the logit scale, from the spread of the squared distances (over
    patients, if given). The score depends on the prevalence: where one woman in 150 has cancer, a
    constant 1/150 reaches 0.0066, so compare models on the same cases, or see
    ``scaled_brier_score``. It mixes calibration and discrimination: ``brier_decomposition``.

    References
    ----------
    Brier GW. Mon Weather Rev 1950;78:1-3.
    doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2

    Examples
    --------
    >>> score = brier_score([0, 0, 0, 1], [0.1, 0.2, 0.3, 0.6],
    ...                     rating_is="probability", basis="prevalence of this set")
    >>> f"{score.estimate:.3f} ({score.ci_low:.3f}, {score.ci_high:.3f})"
    '0.075 (0.031, 0.170)'
    """
    population = declare_probabilities(
        truth, probability, rating_is=rating_is, basis=basis, weight=weight, cluster=cluster
    )
    level = check_ci_level(ci_level)
    squared = (population.values[:, 0] - population.diseased) ** 2
    return linearised_estimate(
        population,
        population.mean(squared),
        population.std_error(population.mean_influence(squared)),
        scale="logit",
        ci_level=level,
        quantity="brier_score",
        unit="squared_probability",
        method=f"Brier score, {population.design}",
        label=label,
    )


def scaled_brier_score(
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
    """Estimate the scaled Brier score, 1 minus the Brier score over that of the prevalence.

    Parameters
    ----------
    truth, probability, rating_is, basis, weight, cluster, ci_level, label
        As in ``brier_score``.

    Returns
    -------
    Estimate
        1 is perfect, 0 no better than giving every case the prevalence, below 0 worse. NaN with a
        note where the cases are of one class.

    Raises
    ------
    ValueError
        As ``brier_score``.

    Notes
    -----
    The interval is a Wald one on the scale log(1 - estimate), which keeps it at most 1; it allows
    for the prevalence being estimated from the same cases, unless that is known from elsewhere.

    References
    ----------
    Steyerberg EW, Vickers AJ, Cook NR, et al. Epidemiology 2010;21:128-138.
    doi:10.1097/EDE.0b013e3181c30fb2

    Examples
    --------
    >>> score = scaled_brier_score([0, 0, 0, 1], [0.1, 0.2, 0.3, 0.6],
    ...                            rating_is="probability", basis="prevalence of this set")
    >>> round(score.estimate, 3)
    0.6
    """
    population = declare_probabilities(
        truth, probability, rating_is=rating_is, basis=basis, weight=weight, cluster=cluster
    )
    level = check_ci_level(ci_level)
    squared = (population.values[:, 0] - population.diseased) ** 2
    brier, prevalence = population.mean(squared), population.mean(population.diseased)
    uncertainty = prevalence * (1 - prevalence)
    ratio, error = math.nan, math.nan
    if uncertainty > 0:
        ratio = brier / uncertainty
        # Delta method: d(prevalence (1 - prevalence)) = (1 - 2 prevalence) d prevalence.
        slope = ratio * (1 - 2 * prevalence)
        share = population.mean_influence(population.diseased)
        influence = (population.mean_influence(squared) - slope * share) / uncertainty
        error = population.std_error(influence)
    unscaled = linearised_estimate(
        population,
        ratio,
        error,
        scale="log",
        ci_level=level,
        why_undefined="not defined: all cases are of one class",
        quantity="scaled_brier_score",
        unit="ratio",
        method=f"1 - Brier score over that of the prevalence, {population.design}",
        label=label,
    )
    return replace(
        unscaled,
        estimate=1 - unscaled.estimate,
        ci_low=1 - unscaled.ci_high,
        ci_high=1 - unscaled.ci_low,
        ci_method="Wald on the scale log(1 - estimate)",
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class BrierDecomposition(Result):
    """The Brier score as miscalibration - discrimination + uncertainty.

    Parameters
    ----------
    brier_score : float
        Mean squared distance of the probabilities from the outcomes.
    miscalibration : float
        What perfect recalibration on these cases would gain; 0 or more, lower is better.
    discrimination : float
        What the recalibrated probabilities gain over the prevalence; 0 or more, higher is better.
    uncertainty : float
        Brier score of the prevalence itself.
    n_cases, n_positive : int
        Cases used, and the diseased among them.
    """

    brier_score: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    n_cases: int
    n_positive: int

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row for the score and one for each of its three parts."""
        parts = ("brier_score", "miscalibration", "discrimination", "uncertainty")
        return _Parts(
            quantity=np.array(parts),
            estimate=np.array([getattr(self, part) for part in parts]),
            n_cases=self.n_cases,
            n_positive=self.n_positive,
            method=self.method,
            note=self.note,
        ).summary_frame()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Parts(Result):
    """The parts of a Brier score in the columns of the glossary."""

    quantity: NDArray[np.str_]
    estimate: FloatArray
    n_cases: int
    n_positive: int
    unit: str = "squared_probability"


def brier_decomposition(
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    rating_is: str,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
) -> BrierDecomposition:
    """Split the Brier score into miscalibration, discrimination and uncertainty (CORP).

    Parameters
    ----------
    truth, probability, rating_is, basis, weight
        As in ``brier_score``.

    Returns
    -------
    BrierDecomposition
        All NaN with a note without cases.

    Raises
    ------
    ValueError
        As ``brier_score``.

    Notes
    -----
    The recalibrated probabilities are the isotonic regression of the outcome on the probability,
    so nothing depends on a choice of bins. They are fitted to these cases: miscalibration and
    discrimination are both too high by chance, the more so the fewer cancers there are, and a
    perfectly calibrated model has a miscalibration above 0. There is no interval for that reason;
    ``calibration_test`` asks whether it is more than chance.

    References
    ----------
    Dimitriadis T, Gneiting T, Jordan AI. Proc Natl Acad Sci 2021;118:e2016191118.
    doi:10.1073/pnas.2016191118

    Examples
    --------
    >>> parts = brier_decomposition([0, 1, 0, 1], [0.1, 0.3, 0.5, 0.9],
    ...                             rating_is="probability", basis="prevalence of this set")
    >>> f"{parts.brier_score:.3f} = {parts.miscalibration:.3f} - {parts.discrimination:.3f} + 0.250"
    '0.190 = 0.065 - 0.125 + 0.250'
    """
    population = declare_probabilities(
        truth, probability, rating_is=rating_is, basis=basis, weight=weight, cluster=None
    )
    stated, diseased = population.values[:, 0], population.diseased
    fit = fit_isotonic(diseased, stated, population.weight)
    recalibrated = fit.fitted[np.searchsorted(fit.score, stated)]
    brier = population.mean((stated - diseased) ** 2)
    best = population.mean((recalibrated - diseased) ** 2)
    uncertainty = population.mean((population.mean(diseased) - diseased) ** 2)
    return BrierDecomposition(
        brier_score=brier,
        miscalibration=brier - best,
        discrimination=uncertainty - best,
        uncertainty=uncertainty,
        n_cases=diseased.size,
        n_positive=int(diseased.sum()),
        method=f"Brier score by isotonic recalibration (CORP), {population.design}",
        note=population.empty,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class ReliabilityCurve(Curve):
    """Observed shares of the diseased against predicted probabilities, one point a group of cases.

    Parameters
    ----------
    x : ndarray, shape (n_groups,)
        Mean probability of the group.
    y : ndarray, shape (n_groups,)
        Observed share of the diseased; on the diagonal where the probabilities are right.
    threshold : ndarray, shape (n_groups,)
        Lowest probability of the group.
    ci_low, ci_high : ndarray, shape (n_groups,)
        Interval of ``y`` in each group, not of the curve as a whole.
    numerator, denominator : ndarray, shape (n_groups,)
        Diseased and all cases of the group, unweighted.
    ci_level : float
        Confidence level in each group.
    ci_method : str
        How the intervals were made.
    """

    ci_low: FloatArray
    ci_high: FloatArray
    numerator: FloatArray
    denominator: FloatArray
    ci_level: float
    ci_method: str


def reliability_curve(  # noqa: PLR0913 - a probability has to be declared, and cut into groups
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    rating_is: str,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    n_groups: int = 10,
    ci_level: float = 0.95,
    label: str = "",
) -> ReliabilityCurve:
    """Return the observed share of the diseased in groups of ascending probability.

    Parameters
    ----------
    truth, probability, rating_is, basis, weight, cluster, ci_level, label
        As in ``toolkit.stats.calibration.measures.brier_score``.
    n_groups : int
        Groups of equal size (of equal weight), 2 or more; cases of one probability stay together,
        so that there can be fewer.

    Returns
    -------
    ReliabilityCurve
        Kind ``"reliability"``; no point without cases, and the note says so.

    Raises
    ------
    ValueError
        As ``brier_score``, or if ``n_groups`` is not a whole number of 2 or more.

    Notes
    -----
    Wilson's interval in each group, on the effective number of cases where they are weighted or
    clustered. The groups are a choice and hide what happens within them: with rare disease most
    hold next to no cancer, and the highest decides. ``isotonic_reliability`` makes no choice.

    References
    ----------
    Bröcker J, Smith LA. Weather Forecast 2007;22:651-661. doi:10.1175/WAF993.1

    Examples
    --------
    >>> curve = reliability_curve([0, 0, 0, 1, 0, 1], [0.1, 0.1, 0.2, 0.4, 0.6, 0.8], n_groups=2,
    ...                           rating_is="probability", basis="prevalence of this set")
    >>> curve.x.round(2).tolist(), curve.y.round(2).tolist()
    ([0.13, 0.6], [0.0, 0.67])
    """
    population = declare_probabilities(
        truth, probability, rating_is=rating_is, basis=basis, weight=weight, cluster=cluster
    )
    level, wanted = check_ci_level(ci_level), check_n_groups(n_groups)
    stated = population.values[:, 0]
    group = groups_of_equal_size(stated, population.weight, wanted)
    numbers = range(int(group.max()) + 1 if group.size else 0)
    risks = [_risk(population, group == number, level) for number in numbers]
    total = np.bincount(group, weights=population.weight)
    return ReliabilityCurve(
        kind="reliability",
        x=np.bincount(group, weights=population.weight * stated) / total,
        y=np.array([risk.estimate for risk in risks]),
        threshold=np.array([stated[group == number].min() for number in numbers]),
        ci_low=np.array([risk.ci_low for risk in risks]),
        ci_high=np.array([risk.ci_high for risk in risks]),
        numerator=np.array([risk.n_positive for risk in risks], dtype=np.float64),
        denominator=np.array([risk.n_cases for risk in risks], dtype=np.float64),
        ci_level=level,
        ci_method="Wilson score"
        if population.simple
        else "Wilson score, effective number of cases",
        label=label,
        n_cases=stated.size,
        n_positive=int(population.diseased.sum()),
        method=f"observed share in {len(risks)} groups of equal size, {population.design}",
        note=population.empty or "; ".join(dict.fromkeys(r.note for r in risks if r.note)),
    )


def isotonic_reliability(
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    rating_is: str,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    label: str = "",
) -> Curve:
    """Return the isotonic regression of the disease on the probability (CORP).

    Parameters
    ----------
    truth, probability, rating_is, basis, weight, label
        As in ``toolkit.stats.calibration.measures.brier_score``.

    Returns
    -------
    Curve
        Kind ``"isotonic_reliability"``: one point for each distinct probability, ``x`` and
        ``threshold`` the probability, ``y`` its recalibrated value, which never falls.

    Raises
    ------
    ValueError
        As ``brier_score``.

    Notes
    -----
    The curve of all that never fall which lies closest to the outcomes, by pooling of adjacent
    violators: no groups to be chosen. It is fitted to these cases, so that its ends reach 0 and 1
    by chance; read it together with the intervals of ``reliability_curve``. Its distance from the
    diagonal is the miscalibration of ``brier_decomposition``.

    References
    ----------
    Dimitriadis T, Gneiting T, Jordan AI. Proc Natl Acad Sci 2021;118:e2016191118.
    doi:10.1073/pnas.2016191118

    Examples
    --------
    >>> curve = isotonic_reliability([0, 1, 0, 1], [0.1, 0.3, 0.5, 0.9],
    ...                              rating_is="probability", basis="prevalence of this set")
    >>> curve.y.tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    population = declare_probabilities(
        truth, probability, rating_is=rating_is, basis=basis, weight=weight, cluster=None
    )
    fit = fit_isotonic(population.diseased, population.values[:, 0], population.weight)
    return Curve(
        kind="isotonic_reliability",
        x=fit.score,
        y=fit.fitted,
        threshold=fit.score,
        label=label,
        n_cases=population.diseased.size,
        n_positive=int(population.diseased.sum()),
        method=f"isotonic regression of the disease on the probability, {population.design}",
        note=population.empty,
    )


def check_n_groups(n_groups: object) -> int:
    """Return the number of groups, 2 or more."""
    number = check_count(n_groups, name="n_groups")
    if number < 2:
        msg = f"n_groups must be 2 or more, but got {number}; 10 is usual"
        raise ValueError(msg)
    return number


def groups_of_equal_size(probability: FloatArray, weight: FloatArray, n_groups: int) -> IndexArray:
    """Return the group of each case, counted from 0, by the middle of its rank.

    Cases of one probability have one rank and stay together, so that the order of the cases does
    not matter; groups that are left empty are not counted.
    """
    distinct, place = np.unique(probability, return_inverse=True)
    total = np.bincount(place, weights=weight, minlength=distinct.size)
    running = np.cumsum(total)
    middle = (running - total / 2) * n_groups / (running[-1] if running.size else 1.0)
    group = np.minimum(np.floor(middle), n_groups - 1)
    return np.unique(group, return_inverse=True)[1][place]


def _risk(population: Population, member: BoolArray, ci_level: float) -> Estimate:
    """Return the observed share of the diseased in one group."""
    return observed_risk(
        population.diseased,
        member,
        weight=None if population.simple else population.weight,
        cluster=None if population.simple else population.cluster,
        known_prevalence=population.known_prevalence,
        ci_level=ci_level,
        label="",
    )
