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
from toolkit.stats._inference import quantile
from toolkit.stats.auc.curve import require_classes
from toolkit.stats.proportions.clustered import total_covariance
from toolkit.stats.proportions.weighted import counted_cases, is_simple_sample

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
    used, each, unit_of = counted_cases(diseased.size, weight=weight, cluster=cluster)
    diseased = diseased[used]
    known = not isinstance(basis, str) and basis is not None
    if known:
        each = _weights_at_prevalence(diseased, check_inner_share(basis, name="basis"))
    elif basis not in (None, THIS_SET):
        msg = f"basis must be {THIS_SET!r} or a prevalence as a number, but got {basis!r}"
        raise ValueError(msg)
    alike = each.size and np.ptp(each) == 0
    return Population(
        diseased=diseased,
        values=np.column_stack([np.asarray(value)[used] for value in values]),
        weight=np.ones(each.size) if alike else each,
        cluster=unit_of,
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


_MOST_STEPS = 100
# Newton's error is squared at each step: after one this small what is left is rounding.
_LAST_STEP = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class LogisticFit:
    """Coefficients of a logistic regression with what their variance is made from.

    Parameters
    ----------
    coefficients : ndarray, shape (n_coefficients,)
        The intercept, and the slope where there is a covariate; NaN where they do not exist.
    covariance : ndarray, shape (n_coefficients, n_coefficients)
        Inverse information: their covariance if the model holds and cases are independent.
    influence : ndarray, shape (n_cases, n_coefficients)
        What each case adds to the error of the coefficients.
    log_likelihood : float
        Its weighted maximum.
    reason : str
        Why there is no estimate; empty where there is one.
    """

    coefficients: FloatArray
    covariance: FloatArray
    influence: FloatArray
    log_likelihood: float
    reason: str = ""


def log_likelihood(diseased: BoolArray, logit: FloatArray, weight: FloatArray) -> float:
    """Return the weighted log-likelihood of the logits of probabilities."""
    return float(weight @ (diseased * logit - np.logaddexp(0.0, logit)))


def fit_logistic(
    diseased: BoolArray,
    covariate: FloatArray | None,
    *,
    weight: FloatArray,
    offset: FloatArray | None = None,
) -> LogisticFit:
    """Fit a logistic regression with an intercept, and one covariate or none, by Newton's method.

    Parameters
    ----------
    diseased : ndarray of bool, shape (n_cases,)
        The outcome.
    covariate, offset : ndarray, shape (n_cases,), optional
        Finite numbers; the offset is added to the linear predictor as it is.
    weight : ndarray, shape (n_cases,)
        Positive.
    """
    n_coefficients = 1 if covariate is None else 2
    reason = why_no_estimate(diseased, covariate)
    if reason:
        return _no_fit(diseased.size, n_coefficients, reason)
    design = np.ones((diseased.size, n_coefficients))
    centre, spread = 0.0, 1.0
    if covariate is not None:
        # Standardised, so that a score of 0 to 100 conditions the equations as well as a logit.
        centre, spread = float(covariate.mean()), float(covariate.std())
        design[:, 1] = (covariate - centre) / spread
    fixed = np.zeros(diseased.size) if offset is None else offset
    beta, converged = _newton(design, diseased, fixed, weight)
    if not converged:
        return _no_fit(diseased.size, n_coefficients, "the logistic regression did not converge")
    fitted = special.expit(design @ beta + fixed)
    information = (design * (weight * fitted * (1 - fitted))[:, None]).T @ design
    inverse = np.linalg.inv(information)
    influence = (weight * (diseased - fitted))[:, None] * design @ inverse
    # Back to the scale of the covariate: slope / spread, intercept - slope centre / spread.
    back = np.eye(n_coefficients)
    if covariate is not None:
        back = np.array([[1.0, -centre / spread], [0.0, 1.0 / spread]])
    return LogisticFit(
        coefficients=back @ beta,
        covariance=back @ inverse @ back.T,
        influence=influence @ back.T,
        log_likelihood=log_likelihood(diseased, design @ beta + fixed, weight),
    )


def _newton(
    design: FloatArray, diseased: BoolArray, offset: FloatArray, weight: FloatArray
) -> tuple[FloatArray, bool]:
    """Return the coefficients of highest likelihood, and whether they were reached."""
    beta = np.zeros(design.shape[1])
    best = log_likelihood(diseased, offset, weight)
    for _ in range(_MOST_STEPS):
        fitted = special.expit(design @ beta + offset)
        score = design.T @ (weight * (diseased - fitted))
        information = (design * (weight * fitted * (1 - fitted))[:, None]).T @ design
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            return beta, False
        # The likelihood is concave: a step that is too long is halved until it climbs.
        for _ in range(_MOST_STEPS):
            reached = log_likelihood(diseased, design @ (beta + step) + offset, weight)
            if reached >= best - _ROUNDING * abs(best):
                break
            step = step / 2
        beta, best = beta + step, max(best, reached)
        if np.abs(step).max() <= _LAST_STEP * max(1.0, float(np.abs(beta).max())):
            return beta, True
    return beta, False


def why_no_estimate(diseased: BoolArray, covariate: FloatArray | None) -> str:
    """Say why the likelihood has no single maximum; empty where it has (Albert, Anderson 1984)."""
    if not diseased.size or diseased.all() or not diseased.any():
        return "the cases are of one class or none, so that no logistic regression can be fitted"
    if covariate is None:
        return ""
    sick, healthy = covariate[diseased], covariate[~diseased]
    if np.ptp(covariate) == 0:
        return "all cases have the same value, so that no slope can be fitted"
    # With one covariate: separated if a threshold parts the classes, cases on it allowed.
    if healthy.max() <= sick.min() or sick.max() <= healthy.min():
        return "a threshold separates the classes, so that the slope has no finite estimate"
    return ""


def _no_fit(n_cases: int, n_coefficients: int, reason: str) -> LogisticFit:
    """Return a fit that does not exist, and why."""
    return LogisticFit(
        coefficients=np.full(n_coefficients, math.nan),
        covariance=np.full((n_coefficients, n_coefficients), math.nan),
        influence=np.full((n_cases, n_coefficients), math.nan),
        log_likelihood=math.nan,
        reason=reason,
    )
