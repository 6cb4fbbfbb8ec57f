"""Net benefit over a range of thresholds, against recalling all and recalling none."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.arrays import FloatArray
from toolkit.results import Curve, Estimate, Result
from toolkit.stats._checks import check_ci_level
from toolkit.stats._population import Basis, declare_probabilities, linearised_estimate
from toolkit.stats.decision import check_threshold_probability, gain, net_benefit_estimate


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
        As in ``toolkit.stats.decision.net_benefit``.
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
        As in ``toolkit.stats.decision.net_benefit``.

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
    values = np.asarray(thresholds)
    if values.ndim != 1 or not values.size:
        msg = (
            f"thresholds must have shape (n_thresholds,), one at least, but got {values.shape}; "
            "net_benefit takes a single one"
        )
        raise ValueError(msg)
    return np.array(
        [check_threshold_probability(value, name="thresholds") for value in values.tolist()]
    )
