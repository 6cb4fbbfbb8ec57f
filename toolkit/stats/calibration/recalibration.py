"""Probabilities from a score, fitted so that no case is judged by a model that has seen it.

A score such as 1 to 10 becomes a probability by logistic or isotonic regression of the disease on
it. Judged on the cases that it was fitted to, such a probability looks better than it is; here each
case has its probability from the other patients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Result
from toolkit.stats._checks import (
    Rng,
    check_choice,
    check_count,
    check_rating,
    check_rng,
    check_truth,
)
from toolkit.stats.calibration.measures import fit_isotonic
from toolkit.stats.calibration.population import Basis, declare_population, fit_logistic
from toolkit.stats.proportions.weighted import counted_cases

Model = Literal["platt", "platt_on_logit", "isotonic"]
MODELS = ("platt", "platt_on_logit", "isotonic")


@dataclass(frozen=True, kw_only=True, eq=False)
class Recalibration(Result):
    """A fitted map from a score to a probability, to be applied to other cases.

    Parameters
    ----------
    model : {"platt", "platt_on_logit", "isotonic"}
        How the map was fitted.
    n_cases, n_positive : int
        Cases that it was fitted to, and the diseased among them.
    intercept, slope : float, optional
        Of the log odds on the score, or on its logit; NaN where they do not exist.
    knot, knot_probability : ndarray, shape (n_knots,), optional
        Scores, ascending, and the isotonic probability at each; a straight line between them.
    """

    model: Model
    n_cases: int
    n_positive: int
    intercept: float | None = None
    slope: float | None = None
    knot: FloatArray | None = None
    knot_probability: FloatArray | None = None

    def apply(self, score: ArrayLike) -> FloatArray:
        """Return the probability of each score, shape (n_cases,); NaN where the fit has none.

        Parameters
        ----------
        score : array_like, shape (n_cases,)
            On the scale of the scores that were fitted. Beyond these an isotonic probability stays
            at its end, a logistic one goes on.

        Raises
        ------
        ValueError
            If a score is malformed.
        """
        checked = _check_score(score, model=self.model)
        if self.knot is not None and self.knot_probability is not None:
            if not self.knot.size:
                return np.full(checked.size, math.nan)
            return np.interp(checked, self.knot, self.knot_probability)
        covariate = special.logit(checked) if self.model == "platt_on_logit" else checked
        intercept, slope = (math.nan if c is None else c for c in (self.intercept, self.slope))
        return np.asarray(special.expit(intercept + slope * covariate), dtype=np.float64)

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a coefficient, or one a knot: the score and its probability."""
        rows: Any = {"kind": self.model, "method": self.method, "note": self.note}
        if self.knot is not None and self.knot_probability is not None:
            return _Knots(x=self.knot, y=self.knot_probability, **rows).summary_frame()
        quantity, estimate = np.array(["intercept", "slope"]), [self.intercept, self.slope]
        return _Coefficients(quantity=quantity, estimate=np.array(estimate), **rows).summary_frame()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Knots(Result):
    """An isotonic map in the columns of the glossary."""

    kind: str
    x: FloatArray
    y: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Coefficients(Result):
    """A logistic map in the columns of the glossary."""

    kind: str
    quantity: NDArray[np.str_]
    estimate: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class CrossFit:
    """Probabilities of cases from models that saw neither the case nor its patient.

    No ``Result``: it holds one value a case, which belongs in no record. ``final`` is one.

    Parameters
    ----------
    probability : ndarray, shape (n_cases,)
        Out of fold; NaN where the model of the other folds does not exist.
    fold : ndarray of int, shape (n_cases,)
        Fold of each case, from 0; all cases of a patient are in one.
    final : Recalibration
        The model fitted to all cases, for other cases than these.
    note : str
        How many cases have no probability, and why; empty where all have one.
    """

    probability: FloatArray
    fold: IndexArray
    final: Recalibration
    note: str


def recalibrate(
    truth: ArrayLike,
    score: ArrayLike,
    *,
    method: Model,
    rng: Rng,
    folds: int = 10,
    basis: Basis | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
) -> CrossFit:
    """Return a probability for each case, by a map of the score fitted to the other patients.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    score : array_like, shape (n_cases,)
        Higher is more suspicious; for ``"platt_on_logit"`` a probability between 0 and 1.
    method : {"platt", "platt_on_logit", "isotonic"}
        Logistic regression on the score (Platt) or on its logit, by maximum likelihood; or
        isotonic regression, which never falls and takes no more than the order of the scores.
    rng : int, SeedSequence or Generator
        Which patients share a fold.
    folds : int
        Folds, 2 or more, each with its part of the patients with disease and of those without.
    basis, weight
        As in ``brier_score``: whose prevalence the probabilities are for.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case; each case its own if not given.

    Returns
    -------
    CrossFit
        Where a threshold separates the classes, a logistic map does not exist: NaN, with a note.

    Raises
    ------
    ValueError
        If an argument is malformed, not just one of ``basis`` and ``weight`` is given, or there
        are fewer patients with, or without, disease than folds.

    Notes
    -----
    Judge calibration on ``probability``, not on ``final`` applied to the same cases. The models of
    different folds differ a little, so that the probabilities of all folds together rank cases
    slightly worse than the score does: take the AUC from the score. Platt's smoothing of the
    targets is not used: the mean probability of a fit is the prevalence. Isotonic regression needs
    many cancers and can give 0 and 1, whose log odds are infinite.

    References
    ----------
    Platt JC. In: Advances in large margin classifiers. MIT Press, 2000:61-74.

    Zadrozny B, Elkan C. Proc 8th ACM SIGKDD 2002:694-699. doi:10.1145/775047.775151

    Examples
    --------
    >>> truth, score = [0, 0, 1, 0, 0, 1, 0, 1, 1, 1], [1, 2, 2, 3, 4, 5, 6, 7, 8, 9]
    >>> fit = recalibrate(truth, score, method="platt", folds=2, rng=1,
    ...                   basis="prevalence of this set")
    >>> fit.final.apply([2, 5, 8]).round(2).tolist()
    [0.19, 0.55, 0.87]
    """
    model: Model = check_choice(method, name="method", choices=MODELS)  # type: ignore[assignment]
    diseased = check_truth(truth)
    numbers = _check_score(score, model=model, n_cases=diseased.size)
    population = declare_population(
        diseased, np.arange(1.0 * diseased.size), basis=basis, weight=weight, cluster=cluster
    )
    # Cases of weight 0 are fitted to by nothing, but have a probability like the others.
    each = np.zeros(diseased.size)
    each[population.values[:, 0].astype(np.intp)] = population.weight
    unit_of = counted_cases(diseased.size, weight=None, cluster=cluster)[2]
    fold = _stratified_folds(diseased, unit_of, check_count(folds, name="folds"), check_rng(rng))
    probability = np.full(diseased.size, math.nan)
    notes = []
    for number in np.unique(fold):
        held_out = fold == number
        fit = _fit(model, diseased[~held_out], numbers[~held_out], each[~held_out])
        probability[held_out] = fit.apply(numbers[held_out])
        if np.isnan(probability[held_out]).any():
            notes.append(f"{int(held_out.sum())} cases have no probability: {fit.note}")
    return CrossFit(
        probability=probability,
        fold=fold,
        final=_fit(model, diseased, numbers, each),
        note="; ".join(notes),
    )


def _check_score(score: ArrayLike, *, model: Model, n_cases: int | None = None) -> FloatArray:
    """Return scores as float64: finite, and between 0 and 1 where their logit is taken."""
    numbers = check_rating(score, n_cases=n_cases, name="score")
    low, high = (0.0, 1.0) if model == "platt_on_logit" else (-math.inf, math.inf)
    wrong = ~((numbers > low) & (numbers < high))
    if wrong.any():
        place = int(np.argmax(wrong))
        rule = f"lie between {low:g} and {high:g}" if model == "platt_on_logit" else "be finite"
        msg = (
            f"score must {rule} for method {model!r}, but position {place} holds "
            f"{float(numbers[place])!r}; cap it in view, or take another method"
        )
        raise ValueError(msg)
    return numbers


def _stratified_folds(
    diseased: BoolArray, cluster: IndexArray, folds: int, generator: np.random.Generator
) -> IndexArray:
    """Return the fold of each case: patients with and without disease are dealt out in turn."""
    n_patients = np.unique(cluster).size
    sick = np.bincount(cluster, weights=diseased, minlength=n_patients) > 0
    with_healthy = np.bincount(cluster, weights=~diseased, minlength=n_patients) > 0
    fewest = min(int(sick.sum()), int(with_healthy.sum()))
    if not 2 <= folds <= fewest:
        msg = (
            "folds must lie from 2 to the number of patients with a diseased, and with a healthy, "
            f"case, but got {folds!r} of {fewest}; take fewer folds"
        )
        raise ValueError(msg)
    order = np.concatenate(
        [generator.permutation(np.flatnonzero(those)) for those in (sick, ~sick)]
    )
    fold = np.empty(n_patients, dtype=np.intp)
    fold[order] = np.arange(n_patients) % folds
    return fold[cluster]


def _fit(model: Model, diseased: BoolArray, score: FloatArray, weight: FloatArray) -> Recalibration:
    """Return the map fitted to these cases; those of weight 0 do not count."""
    used = weight > 0
    sick, numbers, each = diseased[used], score[used], weight[used]
    counts: dict[str, Any] = {"n_cases": sick.size, "n_positive": int(sick.sum())}
    if model == "isotonic":
        fit = fit_isotonic(sick, numbers, each)
        ends = _ends_of_steps(fit.fitted)
        one_class = not sick.any() or bool(sick.all())
        keep = np.zeros(0, dtype=np.intp) if one_class else ends
        return Recalibration(
            model=model,
            knot=fit.score[keep],
            knot_probability=fit.fitted[keep],
            method="isotonic regression of the disease on the score",
            note="the cases fitted are of one class" if one_class else "",
            **counts,
        )
    covariate = special.logit(numbers) if model == "platt_on_logit" else numbers
    line = fit_logistic(sick, covariate, weight=each)
    intercept, slope = (float(value) for value in line.coefficients)
    falling = "the slope is below 0: a higher score goes with less disease" if slope < 0 else ""
    on = "the logit of the score" if model == "platt_on_logit" else "the score"
    return Recalibration(
        model=model,
        intercept=intercept,
        slope=slope,
        method=f"logistic regression of the disease on {on}",
        note=line.reason or falling,
        **counts,
    )


def _ends_of_steps(fitted: FloatArray) -> IndexArray:
    """Return the places at which a run of equal values starts or ends."""
    change = np.flatnonzero(np.diff(fitted) != 0)
    ends = np.concatenate([[0], change, change + 1, [fitted.size - 1]])
    return np.unique(ends[ends >= 0])
