"""Reliability of probabilities: how often the disease is there where a probability says so.

Only where a rating is a probability and the caller says whose prevalence holds; a score of another
kind has ``toolkit.stats.score_classes``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Curve, Estimate
from toolkit.stats._checks import check_ci_level, check_count
from toolkit.stats._isotonic import fit_isotonic
from toolkit.stats._population import Basis, Population, declare_probabilities
from toolkit.stats._risk import observed_risk


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
        As in ``toolkit.stats.brier.brier_score``.
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
        As in ``toolkit.stats.brier.brier_score``.

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
