"""Net benefit: whether recalling women by a probability, or by a reader, is worth its false alarms.

A threshold probability t says that one cancer found is worth (1 - t) / t false alarms. Net benefit
is true positives less false positives at that rate of exchange, t / (1 - t), per woman. It depends
on the prevalence, so the caller says where that comes from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.arrays import BoolArray, FloatArray
from toolkit.results import Comparison, Curve, Estimate, Result
from toolkit.stats._checks import check_ci_level, check_numbers, check_share
from toolkit.stats._inference import wald_difference
from toolkit.stats.calibration.population import (
    Basis,
    Population,
    declare_calls,
    declare_probabilities,
    linearised_estimate,
)

# In simulation a 95 % interval covers 93 % with 9 diseased cases that decide, all in favour of one
# side, 89 % with 3, and 94 % from about 20.
_FEW_DECIDING = 20

_EstimateT = TypeVar("_EstimateT", bound=Estimate)


def net_benefit(  # noqa: PLR0913 - a probability has to be declared, and has a threshold
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    threshold: float,
    rating_is: str,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate the net benefit of recalling cases from a threshold probability up.

    Parameters
    ----------
    truth, probability, rating_is, basis, weight, cluster, ci_level, label
        As in ``toolkit.stats.calibration.measures.brier_score``.
    threshold : float
        Between 0 and 1; a case is recalled if its probability is this or higher. Set it from what
        a missed cancer and a false alarm are worth, not from these data.

    Returns
    -------
    Estimate
        True positives less false positives times t / (1 - t), per case; ``per_1000`` takes it. To
        recall none has 0. NaN with a note without cases, no interval where nothing varies.

    Raises
    ------
    ValueError
        As ``brier_score``, or if the threshold does not lie between 0 and 1.

    Notes
    -----
    A Wald interval from what each case adds (over patients, if given). With ``weight`` or the
    prevalence of the set, the prevalence is an estimate and its error counts; with a known
    prevalence diseased and healthy are two samples. Where fewer than 20 of the diseased are
    recalled (or, at a known prevalence, missed) it covers too rarely, and the note says so.
    Recalling by a probability that is not calibrated costs net benefit: see ``reliability_curve``.

    References
    ----------
    Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574. doi:10.1177/0272989X06295361

    Pfeiffer RM, Gail MH. Biom J 2020;62:764-776. doi:10.1002/bimj.201800240

    Examples
    --------
    >>> benefit = net_benefit([0, 0, 0, 1, 1], [0.1, 0.1, 0.3, 0.2, 0.6], threshold=0.2,
    ...                       rating_is="probability", basis="prevalence of this set")
    >>> round(benefit.estimate, 3)  # 2/5 - 1/5 * 0.2/0.8
    0.35
    """
    population = declare_probabilities(
        truth, probability, rating_is=rating_is, basis=basis, weight=weight, cluster=cluster
    )
    limit = check_threshold_probability(threshold)
    called = population.values[:, 0] >= limit
    return net_benefit_estimate(population, called, limit, ci_level=ci_level, label=label)


def net_benefit_of_calls(
    truth: ArrayLike,
    call: ArrayLike,
    *,
    threshold: float,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate the net benefit of recalls as they were made, such as a reader's.

    Parameters
    ----------
    truth, basis, weight, cluster, ci_level, label
        As in ``toolkit.stats.calibration.measures.brier_score``.
    call : array_like, shape (n_cases,)
        1 recalled, 0 not.
    threshold : float
        The probability of cancer from which a recall is held to be worth it: it sets the price of
        a false alarm only, nobody is recalled by it.

    Returns
    -------
    Estimate
        As from ``net_benefit``.

    Raises
    ------
    ValueError
        As ``net_benefit``, or if a call is missing or neither 0 nor 1.

    References
    ----------
    Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574. doi:10.1177/0272989X06295361

    Examples
    --------
    Nine of ten cancers found, and 5 of 100 healthy women recalled, at 0.7 % prevalence.

    >>> benefit = net_benefit_of_calls([1] * 10 + [0] * 100, [1] * 9 + [0] + [1] * 5 + [0] * 95,
    ...                                threshold=0.02, basis=0.007)
    >>> round(1000 * benefit.estimate, 2)  # 1000 (0.007 * 9/10 - 0.993 * 5/100 * 0.02/0.98)
    5.29
    """
    population = declare_calls(truth, call, basis=basis, weight=weight, cluster=cluster)
    limit = check_threshold_probability(threshold)
    return net_benefit_estimate(
        population, population.values[:, 0] > 0, limit, ci_level=ci_level, label=label
    )


def net_benefit_difference(  # noqa: PLR0913 - two probabilities, else the choices of net_benefit
    truth: ArrayLike,
    probability_a: ArrayLike,
    probability_b: ArrayLike,
    *,
    threshold: float,
    rating_is: str,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference in net benefit, b minus a, of two probabilities of the same cases.

    Parameters
    ----------
    truth, threshold, rating_is, basis, weight, cluster, ci_level
        As in ``net_benefit``.
    probability_a, probability_b : array_like, shape (n_cases,)
        Of the comparator and of the new model, the same case at the same place.
    label_a, label_b : str
        The comparator, and the new model.

    Returns
    -------
    Comparison
        Above 0, b is worth more. NaN interval and test, with a note, where both recall the same
        cases.

    Raises
    ------
    ValueError
        As ``net_benefit``.

    Notes
    -----
    Null hypothesis: both have the same net benefit at this threshold. Only cases that one of them
    alone recalls count. Where fewer than 20 of those are diseased and most speak for one of the
    two, the Wald interval covers too rarely, and the note says so; it then errs towards too small
    a difference.

    References
    ----------
    Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574. doi:10.1177/0272989X06295361

    Examples
    --------
    >>> change = net_benefit_difference([0, 0, 0, 1, 1], [0.1, 0.1, 0.3, 0.1, 0.6],
    ...     [0.1, 0.1, 0.1, 0.3, 0.7], threshold=0.2, rating_is="probability", basis=0.4)
    >>> round(change.estimate, 3)  # 1/5 + 1/5 * 0.2/0.8
    0.25
    """
    population = declare_probabilities(
        truth,
        probability_a,
        probability_b,
        names=("probability_a", "probability_b"),
        rating_is=rating_is,
        basis=basis,
        weight=weight,
        cluster=cluster,
    )
    limit = check_threshold_probability(threshold)
    called = population.values >= limit
    return _difference(
        population, called, limit, ci_level=ci_level, label_a=label_a, label_b=label_b
    )


def net_benefit_difference_of_calls(  # noqa: PLR0913 - as net_benefit_difference
    truth: ArrayLike,
    call_a: ArrayLike,
    call_b: ArrayLike,
    *,
    threshold: float,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference in net benefit, b minus a, of two sets of recalls of the same cases.

    Parameters
    ----------
    truth, threshold, basis, weight, cluster, ci_level
        As in ``net_benefit_of_calls``.
    call_a, call_b : array_like, shape (n_cases,)
        Recalls of the comparator and of the new method, the same case at the same place.
    label_a, label_b : str
        The comparator, and the new method.

    Returns
    -------
    Comparison
        As from ``net_benefit_difference``.

    Raises
    ------
    ValueError
        As ``net_benefit_of_calls``.

    Examples
    --------
    >>> change = net_benefit_difference_of_calls([1, 1, 0, 0, 0], [1, 0, 1, 0, 0],
    ...     [1, 1, 0, 0, 0], threshold=0.2, basis="prevalence of this set")
    >>> round(change.estimate, 3)
    0.25
    """
    population = declare_calls(
        truth,
        call_a,
        call_b,
        names=("call_a", "call_b"),
        basis=basis,
        weight=weight,
        cluster=cluster,
    )
    limit = check_threshold_probability(threshold)
    return _difference(
        population,
        population.values > 0,
        limit,
        ci_level=ci_level,
        label_a=label_a,
        label_b=label_b,
    )


def check_threshold_probability(threshold: object, *, name: str = "threshold") -> float:
    """Return a threshold probability, between 0 and 1."""
    limit = check_share(threshold, name=name)
    if not 0 < limit < 1:
        msg = (
            f"{name} must lie between 0 and 1, both excluded, but got {limit!r}: at 0 a false "
            "alarm costs nothing, at 1 it costs without bound; write 2 % as 0.02"
        )
        raise ValueError(msg)
    return limit


def gain(population: Population, called: BoolArray, threshold: float) -> FloatArray:
    """Return what each case adds to the net benefit of calls: 1, -t / (1 - t) or 0, (n_cases,)."""
    odds = threshold / (1 - threshold)
    return np.where(called, np.where(population.diseased, 1.0, -odds), 0.0)


def net_benefit_estimate(
    population: Population, called: BoolArray, threshold: float, *, ci_level: float, label: str
) -> Estimate:
    """Return the net benefit of checked calls, shape (n_cases,)."""
    each = gain(population, called, threshold)
    prevalence = population.mean(population.diseased)
    highest, healthy = (prevalence, 1 - prevalence) if population.known_prevalence else (1.0, 1.0)
    found, missed = (int((population.diseased & those).sum()) for those in (called, ~called))
    result = linearised_estimate(
        population,
        population.mean(each),
        population.std_error(population.mean_influence(each)),
        scale="identity",
        bounds=(-healthy * threshold / (1 - threshold), highest),
        ci_level=check_ci_level(ci_level),
        quantity="net_benefit",
        unit="probability",
        method=f"net benefit at a threshold probability of {threshold:g}, {population.design}",
        label=label,
    )
    return _with_warning(result, min(found, missed) if population.known_prevalence else found)


def _difference(
    population: Population, called: BoolArray, threshold: float, *, ci_level: float, **labels: Any
) -> Comparison:
    """Return the difference in net benefit of two sets of checked calls, shape (n_cases, 2)."""
    gain_a, gain_b = (gain(population, column, threshold) for column in called.T)
    influence = population.mean_influence(gain_b - gain_a)
    error = population.std_error(influence)
    benefit_a, benefit_b = population.mean(gain_a), population.mean(gain_b)
    # The mean of the differences, not the difference of the means: exactly 0 where all agree.
    difference = population.mean(gain_b - gain_a)
    wald = wald_difference(difference, error, ci_level=ci_level, margin=None, better=None)
    discordant = called[:, 0] != called[:, 1]
    note = population.empty
    if not note and math.isnan(wald.ci_low):
        note = f"no interval: {discordant.sum()} cases were called differently, without variation"
    result = Comparison(
        quantity="net_benefit",
        unit="probability",
        effect="difference",
        estimate=difference,
        estimate_a=benefit_a,
        estimate_b=benefit_b,
        std_error=error,
        ci_method="Wald",
        method=(
            f"paired difference of net benefit at a threshold probability of {threshold:g}, "
            f"{population.design}"
        ),
        note=note,
        **vars(wald),
        **labels,
        **population.counts,
    )
    return _with_warning(result, int((discordant & population.diseased).sum()))


def _with_warning(result: _EstimateT, n_deciding: int) -> _EstimateT:
    """Return a result that says where too few diseased cases decide on its interval."""
    if n_deciding >= _FEW_DECIDING or math.isnan(result.ci_low):
        return result
    few = f"fewer than {_FEW_DECIDING} diseased cases decide on this Wald interval: it is unsure"
    return replace(result, note="; ".join(note for note in (result.note, few) if note))


@dataclass(frozen=True, kw_only=True, eq=False)
class NetBenefitCurve(Curve):
    """Net benefit against the threshold probability, with what it is compared to.

    Parameters
    ----------
    x, threshold : ndarray, shape (n_thresholds,)
        Threshold probability.
    y : ndarray, shape (n_thresholds,)
        Net benefit of recalling from the threshold up; to recall none has 0.
    ci_low, ci_high : ndarray, shape (n_thresholds,)
        Interval of ``y`` at each threshold, not of the curve as a whole.
    treat_all : ndarray, shape (n_thresholds,)
        Net benefit of recalling all cases.
    standardized : ndarray, shape (n_thresholds,)
        ``y`` over the prevalence: 1 is perfect.
    prevalence : float
        Share of the diseased in the population.
    ci_level : float
        Confidence level at each threshold.
    ci_method : str
        How the intervals were made.
    """

    ci_low: FloatArray
    ci_high: FloatArray
    treat_all: FloatArray
    standardized: FloatArray
    prevalence: float
    ci_level: float
    ci_method: str

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a threshold for the net benefit, for all and none, and standardized."""
        lines = {
            "net_benefit": self.y,
            "net_benefit_of_all": self.treat_all,
            "net_benefit_of_none": np.zeros(self.x.size),
            "standardized_net_benefit": self.standardized,
        }
        blank = np.full(3 * self.x.size, math.nan)
        return _Lines(
            kind=np.repeat(list(lines), self.x.size),
            x=np.tile(self.x, len(lines)),
            y=np.concatenate(list(lines.values())),
            ci_low=np.concatenate([self.ci_low, blank]),
            ci_high=np.concatenate([self.ci_high, blank]),
            ci_level=self.ci_level,
            ci_method=self.ci_method,
            label=self.label,
            method=self.method,
            note=self.note,
        ).summary_frame()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Lines(Result):
    """The lines of a net benefit curve in the columns of the glossary."""

    label: str
    kind: NDArray[np.str_]
    x: FloatArray
    y: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    ci_level: float
    ci_method: str


def net_benefit_curve(  # noqa: PLR0913 - the choices of net_benefit
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    thresholds: ArrayLike,
    rating_is: str,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> NetBenefitCurve:
    """Return the net benefit of a probability at several thresholds (a decision curve).

    Parameters
    ----------
    truth, probability, rating_is, basis, weight, cluster, ci_level, label
        As in ``toolkit.stats.calibration.decision.net_benefit``.
    thresholds : array_like, shape (n_thresholds,)
        Threshold probabilities that could reasonably be chosen, between 0 and 1.

    Returns
    -------
    NetBenefitCurve
        Kind ``"net_benefit"``. NaN with a note without cases; without an interval at a threshold
        where nothing varies, as where no case is recalled.

    Raises
    ------
    ValueError
        As ``net_benefit``, or if there is no threshold.

    Notes
    -----
    Intervals are pointwise. To choose the threshold at which a model does best from this curve
    flatters it. Where the curve lies below that of recalling all, or below 0, the model does harm
    at that threshold, which a miscalibrated model can although it discriminates.

    References
    ----------
    Vickers AJ, Elkin EB. Med Decis Making 2006;26:565-574. doi:10.1177/0272989X06295361

    Kerr KF, Brown MD, Zhu K, Janes H. J Clin Oncol 2016;34:2534-2540.
    doi:10.1200/JCO.2015.65.5654

    Examples
    --------
    >>> curve = net_benefit_curve([0, 0, 0, 1, 1], [0.1, 0.1, 0.3, 0.2, 0.6],
    ...     thresholds=[0.2, 0.5], rating_is="probability", basis="prevalence of this set")
    >>> curve.y.round(2).tolist(), curve.treat_all.round(2).tolist()
    ([0.35, 0.2], [0.25, -0.2])
    """
    population = declare_probabilities(
        truth, probability, rating_is=rating_is, basis=basis, weight=weight, cluster=cluster
    )
    limits = _check_thresholds(thresholds)
    level = check_ci_level(ci_level)
    points = [
        net_benefit_estimate(
            population, population.values[:, 0] >= limit, limit, ci_level=level, label=""
        )
        for limit in limits.tolist()
    ]
    prevalence = population.mean(population.diseased)
    benefit = np.array([point.estimate for point in points])
    scale = prevalence if prevalence > 0 else math.nan
    notes = [*dict.fromkeys(point.note for point in points if point.note)]
    if math.isnan(scale) and not population.empty:
        notes.append("standardized net benefit is not defined: no case has the disease")
    return NetBenefitCurve(
        kind="net_benefit",
        x=limits,
        y=benefit,
        threshold=limits,
        ci_low=np.array([point.ci_low for point in points]),
        ci_high=np.array([point.ci_high for point in points]),
        treat_all=prevalence - (1 - prevalence) * limits / (1 - limits),
        standardized=benefit / scale,
        prevalence=prevalence,
        ci_level=level,
        ci_method=points[0].ci_method,
        label=label,
        n_cases=population.diseased.size,
        n_positive=int(population.diseased.sum()),
        method=f"net benefit by threshold probability, {population.design}",
        note="; ".join(notes),
    )


def standardized_net_benefit(  # noqa: PLR0913 - the choices of net_benefit
    truth: ArrayLike,
    probability: ArrayLike,
    *,
    threshold: float,
    rating_is: str,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate the net benefit as a share of the highest that could be reached, the prevalence.

    Parameters
    ----------
    truth, probability, threshold, rating_is, basis, weight, cluster, ci_level, label
        As in ``toolkit.stats.calibration.decision.net_benefit``.

    Returns
    -------
    Estimate
        Sensitivity less the false alarms per case of disease at the rate of exchange: 1 is
        perfect, 0 recalls none, below 0 does harm. NaN with a note without cases of the disease.

    Raises
    ------
    ValueError
        As ``net_benefit``.

    Notes
    -----
    The interval allows for the prevalence being estimated from the same cases, unless that is
    known from elsewhere.

    References
    ----------
    Kerr KF, Brown MD, Zhu K, Janes H. J Clin Oncol 2016;34:2534-2540.
    doi:10.1200/JCO.2015.65.5654

    Examples
    --------
    >>> share = standardized_net_benefit([0, 0, 0, 1, 1], [0.1, 0.1, 0.3, 0.2, 0.6], threshold=0.2,
    ...                                  rating_is="probability", basis="prevalence of this set")
    >>> round(share.estimate, 3)  # (2/5 - 1/5 * 0.2/0.8) / (2/5)
    0.875
    """
    population = declare_probabilities(
        truth, probability, rating_is=rating_is, basis=basis, weight=weight, cluster=cluster
    )
    limit, level = check_threshold_probability(threshold), check_ci_level(ci_level)
    each = gain(population, population.values[:, 0] >= limit, limit)
    prevalence = population.mean(population.diseased)
    share, error = math.nan, math.nan
    if prevalence > 0:
        share = population.mean(each) / prevalence
        own = population.mean_influence(each) - share * population.mean_influence(
            population.diseased
        )
        error = population.std_error(own / prevalence)
    return linearised_estimate(
        population,
        share,
        error,
        scale="identity",
        bounds=(-math.inf, 1.0),
        ci_level=level,
        why_undefined="not defined: no case has the disease",
        quantity="standardized_net_benefit",
        unit="ratio",
        method=f"net benefit at {limit:g} over the prevalence, {population.design}",
        label=label,
    )


def _check_thresholds(thresholds: ArrayLike) -> FloatArray:
    """Return threshold probabilities as float64, shape (n_thresholds,); one at least."""
    values = check_numbers(thresholds, name="thresholds")
    if values.ndim != 1 or not values.size:
        msg = (
            f"thresholds must have shape (n_thresholds,), one at least, but got {values.shape}; "
            "net_benefit takes a single one"
        )
        raise ValueError(msg)
    return np.array(
        [check_threshold_probability(value, name="thresholds") for value in values.tolist()]
    )
