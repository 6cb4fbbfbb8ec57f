"""What population cases stand for: the declaration that calibration and decisions ask for.

A probability is right or wrong only at the prevalence it was made for, and the worth of a recall
depends on that prevalence too. So the caller says where the prevalence comes from: from sampling
weights, from the set itself, or from elsewhere as a number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Estimate
from toolkit.stats._checks import check_call, check_inner_share, check_rating, check_truth
from toolkit.stats._linearised import total_covariance
from toolkit.stats._points import require_classes
from toolkit.stats._wald import quantile
from toolkit.stats.weighted import is_simple_sample, weights_and_clusters

THIS_SET = "prevalence of this set"
Basis = Literal["prevalence of this set"] | float
Scale = Literal["identity", "log", "logit"]

# A standard error below this share of its estimate is the rounding of 0.
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """Cases with the weights and the units of sampling that stand for a population.

    Parameters
    ----------
    diseased : ndarray of bool, shape (n_cases,)
        The reference standard; cases of weight 0 have been left out.
    values : ndarray, shape (n_cases, n_values)
        Probabilities or calls of the same cases.
    weight : ndarray, shape (n_cases,)
        Cases of the population that each case stands for; 1 where they are all alike.
    cluster : ndarray of int, shape (n_cases,)
        Number of the patient.
    known_prevalence : bool
        Whether the prevalence came from elsewhere, so that diseased and healthy are two samples.
    clustered : bool
        Whether the caller gave patients.
    """

    diseased: BoolArray
    values: FloatArray
    weight: FloatArray
    cluster: IndexArray
    known_prevalence: bool
    clustered: bool

    @cached_property
    def n_clusters(self) -> int:
        """Patients; as many as cases where the caller gave none."""
        return int(np.unique(self.cluster).size)

    @property
    def simple(self) -> bool:
        """Whether the cases are a simple random sample of the population."""
        return not self.known_prevalence and is_simple_sample(self.weight, self.n_clusters)

    @property
    def counts(self) -> dict[str, Any]:
        """The counts of a result."""
        return {
            "n_cases": self.diseased.size,
            "n_positive": int(self.diseased.sum()),
            "n_clusters": self.n_clusters if self.clustered else None,
        }

    @property
    def design(self) -> str:
        """How the cases stand for the population, in words for the method of a result."""
        text = "weighted" if np.any(self.weight != 1) else "unweighted"
        text = "at a known prevalence" if self.known_prevalence else text
        return f"{text}, patients as clusters" if self.clustered else text

    @property
    def empty(self) -> str:
        """Why nothing can be estimated; empty where something can."""
        return "" if self.diseased.size else "not defined: there is no case of a weight above 0"

    def mean(self, value: ArrayLike) -> float:
        """Return the mean of one value a case over the population; NaN without cases."""
        if self.empty:
            return math.nan
        return float(self.weight @ np.asarray(value, dtype=np.float64)) / float(self.weight.sum())

    def mean_influence(self, value: ArrayLike) -> FloatArray:
        """Return what each case adds to the error of ``mean``, shape (n_cases,)."""
        values = np.asarray(value, dtype=np.float64)
        influence = self.weight * (values - self.mean(values)) / self.weight.sum()
        return np.asarray(influence, dtype=np.float64)

    def covariance(self, influence: FloatArray) -> FloatArray:
        """Return the covariance of estimates from influence values, shape (n_cases, n)."""
        if self.empty:
            return np.full((influence.shape[1], influence.shape[1]), math.nan)
        stratum = self.diseased if self.known_prevalence else None
        return total_covariance(influence, self.cluster, stratum=stratum)

    def std_error(self, influence: FloatArray) -> float:
        """Return the standard error of one estimate from its influence values, (n_cases,)."""
        return math.sqrt(float(self.covariance(influence[:, None])[0, 0]))


def declare_population(
    truth: ArrayLike,
    *values: FloatArray,
    basis: Basis | None,
    weight: ArrayLike | None,
    cluster: ArrayLike | None,
) -> Population:
    """Return the population that the cases stand for; refuse to guess its prevalence.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    *values : ndarray, shape (n_cases,)
        Checked probabilities or calls.
    basis : {"prevalence of this set"} or float, optional
        That the cases came as they do in the population, or its prevalence known from elsewhere.
    weight, cluster : array_like, shape (n_cases,), optional
        As in ``weighted_proportion_ci``.

    Raises
    ------
    ValueError
        If not just one of ``basis`` and ``weight`` is given, or one is malformed.
    """
    diseased = check_truth(truth)
    if (basis is None) == (weight is None):
        got = "neither" if basis is None else "both"
        msg = (
            f"one of weight and basis must say whose prevalence holds, but got {got}: a reader "
            "study enriched with cancers has another prevalence than screening, and calibration "
            "or net benefit there says nothing of screening. Give weight= (cases of the "
            f"population that each stands for), basis={THIS_SET!r} where the cases came as they "
            "do in the population, or basis= its prevalence, as a number, known from elsewhere"
        )
        raise ValueError(msg)
    each, unit_of = weights_and_clusters(diseased.size, weight=weight, cluster=cluster)
    known = not isinstance(basis, str) and basis is not None
    if known:
        each = _weights_at_prevalence(diseased, check_inner_share(basis, name="basis"))
    elif basis not in (None, THIS_SET):
        msg = f"basis must be {THIS_SET!r} or a prevalence as a number, but got {basis!r}"
        raise ValueError(msg)
    used = each > 0
    each = each[used]
    alike = each.size and np.ptp(each) == 0
    return Population(
        diseased=diseased[used],
        values=np.column_stack([np.asarray(value)[used] for value in values]),
        weight=np.ones(each.size) if alike else each,
        cluster=unit_of[used],
        known_prevalence=known,
        clustered=cluster is not None,
    )


def _weights_at_prevalence(diseased: BoolArray, prevalence: float) -> FloatArray:
    """Return weights that bring the diseased to their known share, with the mean 1."""
    require_classes(diseased, what="a set brought to a known prevalence")
    n_positive = int(diseased.sum())
    share = np.where(diseased, prevalence / n_positive, 0.0)
    share[~diseased] = (1 - prevalence) / (diseased.size - n_positive)
    return np.asarray(share * diseased.size, dtype=np.float64)


def check_probability(
    probability: ArrayLike, *, rating_is: str, n_cases: int, name: str = "probability"
) -> FloatArray:
    """Return probabilities as float64, shape (n_cases,); refuse a score that is none."""
    if rating_is != "probability":
        msg = (
            f"rating_is must be 'probability', but got {rating_is!r}: a score is a rank, and only "
            "a probability can be calibrated. Take class_risk for a score, or recalibrate it"
        )
        raise ValueError(msg)
    numbers = check_rating(probability, n_cases=n_cases, name=name)
    wrong = ~((numbers >= 0) & (numbers <= 1))
    if wrong.any():
        place = int(np.argmax(wrong))
        msg = (
            f"{name} must lie from 0 to 1, but position {place} holds {float(numbers[place])!r}; "
            "a score is no probability: take class_risk, or recalibrate it; write 90 % as 0.9"
        )
        raise ValueError(msg)
    return numbers


def declare_probabilities(
    truth: ArrayLike,
    *probabilities: ArrayLike,
    names: tuple[str, ...] = ("probability",),
    rating_is: str,
    basis: Basis | None,
    weight: ArrayLike | None,
    cluster: ArrayLike | None,
) -> Population:
    """Return the population of checked probabilities; they are the columns of ``values``."""
    n_cases = check_truth(truth).size
    checked = [
        check_probability(probability, rating_is=rating_is, n_cases=n_cases, name=name)
        for probability, name in zip(probabilities, names, strict=True)
    ]
    return declare_population(truth, *checked, basis=basis, weight=weight, cluster=cluster)


def declare_calls(
    truth: ArrayLike,
    *calls: ArrayLike,
    names: tuple[str, ...] = ("call",),
    basis: Basis | None,
    weight: ArrayLike | None,
    cluster: ArrayLike | None,
) -> Population:
    """Return the population of checked calls; they are the columns of ``values``."""
    n_cases = check_truth(truth).size
    checked = [
        check_call(call, n_cases=n_cases, name=name).astype(np.float64)
        for call, name in zip(calls, names, strict=True)
    ]
    return declare_population(truth, *checked, basis=basis, weight=weight, cluster=cluster)


def linearised_estimate(
    population: Population,
    estimate: float,
    std_error: float,
    *,
    scale: Scale,
    ci_level: float,
    why_undefined: str = "",
    bounds: tuple[float, float] = (-math.inf, math.inf),
    **words: Any,
) -> Estimate:
    """Return an estimate whose interval is a normal one on a scale that keeps its range.

    Parameters
    ----------
    estimate, std_error : float
        On their own scale; NaN where not defined.
    scale : {"identity", "log", "logit"}
        Where the interval is symmetric.
    why_undefined : str
        Said where the estimate is NaN although there are cases.
    bounds : tuple of float
        Range of the quantity on the identity scale; a limit beyond is cut, and the note says so.
    **words
        ``quantity``, ``unit``, ``method``, ``label`` and ``note`` of the result.
    """
    notes = [words.pop("note", "")]
    low, high = math.nan, math.nan
    if math.isnan(estimate):
        std_error = math.nan
        notes.append(population.empty or why_undefined)
    elif math.isnan(std_error):
        each = "patient" if population.clustered else "case"
        notes.append(f"no interval: one {each} alone, or alone of its class, has no variance")
    elif std_error <= _ROUNDING * abs(estimate):
        std_error = 0.0
        notes.append("no interval: these cases show no variation, which is not certainty")
    else:
        low, high = _limits(estimate, quantile(ci_level) * std_error, scale)
        if low < bounds[0] or high > bounds[1]:
            notes.append("a limit is cut at the end of the range of the quantity")
            low, high = max(low, bounds[0]), min(high, bounds[1])
    return Estimate(
        estimate=estimate,
        std_error=std_error,
        ci_low=low,
        ci_high=high,
        ci_level=ci_level,
        ci_method="Wald" if scale == "identity" else f"Wald on the {scale} scale",
        note="; ".join(note for note in notes if note),
        **population.counts,
        **words,
    )


def _limits(estimate: float, reach: float, scale: Scale) -> tuple[float, float]:
    """Return limits at a distance of ``reach``, which the derivative brings to the scale."""
    if scale == "log":
        factor = math.exp(reach / estimate)
        return estimate / factor, estimate * factor
    if scale == "logit":
        centre, half = float(special.logit(estimate)), reach / (estimate * (1 - estimate))
        return float(special.expit(centre - half)), float(special.expit(centre + half))
    return estimate - reach, estimate + reach
