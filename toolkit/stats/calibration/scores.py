"""How many cases each class of a score holds, and how often they have the disease.

For any score, such as 1 to 10: the score is a rank and is never read as a probability. Whether the
classes hold the shares that a vendor promises is asked in ``expected_shares``.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray
from toolkit.results import Estimate, Result
from toolkit.stats._checks import check_ci_level, check_rating, check_truth
from toolkit.stats._inference import quantile
from toolkit.stats.auc.operating_points import call_accuracy
from toolkit.stats.proportions.clustered import total_covariance
from toolkit.stats.proportions.one import wilson_at
from toolkit.stats.proportions.tests import TrendTest, trend_test
from toolkit.stats.proportions.weighted import (
    counted_cases,
    is_simple_sample,
    weighted_proportion_ci,
)


def observed_risk(
    diseased: BoolArray,
    member: BoolArray,
    *,
    weight: FloatArray | None,
    cluster: IndexArray | None,
    ci_level: float,
    label: str,
    known_prevalence: bool = False,
) -> Estimate:
    """Return the share of the diseased among the members of a class, with Wilson's interval.

    Parameters
    ----------
    diseased, member : ndarray of bool, shape (n_cases,)
        The reference standard, and which cases are in the class.
    weight, cluster : ndarray, shape (n_cases,), or None
        As in ``weighted_proportion_ci``.
    ci_level, label
        As in ``weighted_proportion_ci``.
    known_prevalence : bool
        Whether diseased and healthy are two samples brought to a known prevalence.
    """
    sick = diseased[member]
    common: dict[str, Any] = {
        "weight": None if weight is None else weight[member],
        "cluster": None if cluster is None else cluster[member],
        "ci_level": ci_level,
        "quantity": "observed_risk",
        "label": label,
    }
    if weight is not None and sick.size and sick.all():
        # A healthy case not seen here may stand for many: the complement allows for that.
        unseen = _mean_weight(weight, ~diseased)
        risk = _complement(weighted_proportion_ci(~sick, event_weight=unseen, **common))
    else:
        unseen = None if weight is None else _mean_weight(weight, diseased)
        risk = weighted_proportion_ci(sick, event_weight=unseen, **common)
    if known_prevalence and 0 < risk.estimate < 1 and weight is not None and cluster is not None:
        risk = _of_two_samples(risk, diseased, member, weight, cluster)
    return replace(risk, n_cases=sick.size, n_positive=int(sick.sum()))


def _mean_weight(weight: FloatArray, those: BoolArray) -> float | None:
    """Return the weight that a further case of a class would carry; None where none is known."""
    return float(weight[those].mean()) if weight[those].any() else None


def _complement(proportion: Estimate) -> Estimate:
    """Return the proportion of the cases without the event."""
    return replace(
        proportion,
        estimate=1 - proportion.estimate,
        ci_low=1 - proportion.ci_high,
        ci_high=1 - proportion.ci_low,
        numerator=(proportion.denominator or 0) - (proportion.numerator or 0),
    )


def _of_two_samples(
    risk: Estimate,
    diseased: BoolArray,
    member: BoolArray,
    weight: FloatArray,
    cluster: IndexArray,
) -> Estimate:
    """Return a risk with the interval of separate samples of diseased and healthy."""
    share = risk.estimate
    influence = weight * member * (diseased - share) / weight[member].sum()
    variance = float(total_covariance(influence[:, None], cluster, stratum=diseased)[0, 0])
    if not variance > 0:  # also NaN
        why = "no interval: these cases show no variation at the known prevalence"
        if math.isnan(variance):
            why = "no interval: one case alone of its class"
        limits: dict[str, Any] = dict.fromkeys(("std_error", "ci_low", "ci_high"), math.nan)
        return replace(risk, **limits, note=why)
    effective = np.array(share * (1 - share) / variance)
    low, high = wilson_at(share * effective, effective, quantile(risk.ci_level))
    return replace(risk, std_error=math.sqrt(variance), ci_low=float(low), ci_high=float(high))


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassRisk(Result):
    """What each class of a score holds, lowest class first.

    Parameters
    ----------
    names : tuple of str, shape (n_classes,)
        The score of each class, or its borders.
    share : tuple of Estimate, shape (n_classes,)
        Share of all cases in the class.
    risk : tuple of Estimate, shape (n_classes,)
        Observed share of the diseased in the class.
    likelihood_ratio : tuple of Estimate, shape (n_classes,)
        Share of the diseased in the class over that of the healthy: what the class does to the
        odds of the disease, whatever the prevalence.
    trend : TrendTest
        Whether the risk rises or falls with the number of the class.
    """

    names: tuple[str, ...]
    share: tuple[Estimate, ...]
    risk: tuple[Estimate, ...]
    likelihood_ratio: tuple[Estimate, ...]
    trend: TrendTest

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return three rows a class: its share, its risk and its likelihood ratio."""
        groups = zip(self.share, self.risk, self.likelihood_ratio, strict=True)
        rows = [row for group in groups for row in group]
        label = [
            f"{row.label} {name}".strip()
            for row, name in zip(rows, np.repeat(self.names, 3), strict=True)
        ]
        columns: dict[str, Any] = {name: [getattr(row, name) for row in rows] for name in _COLUMNS}
        columns = {name: np.array(column) for name, column in columns.items()}
        # One note a row, as a tuple: the frame takes it as a column like the others.
        notes: Any = tuple(row.note for row in rows)
        return _Rows(
            label=np.array(label), **columns, method=self.method, note=notes
        ).summary_frame()


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rows(Result):
    """The classes in the columns of the glossary."""

    label: NDArray[np.str_]
    quantity: NDArray[np.str_]
    unit: NDArray[np.str_]
    estimate: FloatArray
    std_error: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    ci_level: FloatArray
    ci_method: NDArray[np.str_]
    n_cases: IntArray
    n_positive: IntArray


_COLUMNS = tuple(field.name for field in fields(_Rows))[3:]


def class_risk(
    truth: ArrayLike,
    score: ArrayLike,
    *,
    classes: ArrayLike | None = None,
    edges: ArrayLike | None = None,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> ClassRisk:
    """Estimate share, observed risk and likelihood ratio of each class of a score.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    score : array_like, shape (n_cases,)
        Higher is more suspicious; a rank, not a probability.
    classes : array_like, shape (n_classes,), optional
        The values that the score takes, ascending, such as ``range(1, 11)``.
    edges : array_like, shape (n_classes + 1,), optional
        Borders of classes, ascending; a class holds scores above its lower border up to and with
        its upper one, the lowest class its lower border as well; infinite at the ends if need be.
        Just one of ``classes`` and ``edges`` must be given.
    weight : array_like, shape (n_cases,), optional
        Cases of the population that each case stands for; all alike if not given.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case; each case its own if not given.
    ci_level : float
        Confidence level of each interval, two-sided.
    label : str
        Who or what was measured.

    Returns
    -------
    ClassRisk
        A class without cases has a share of 0 and a risk of NaN with a note.

    Raises
    ------
    ValueError
        If an argument is malformed, not just one of ``classes`` and ``edges`` is given, or a score
        lies in no class.

    Notes
    -----
    Shares and risks have Wilson's interval, on the effective number of cases where they are
    weighted or clustered; likelihood ratios the log method (Simel), then linearised. The risk is
    that of the population which the cases stand for: in a set enriched with cancers and without
    weights it says nothing of screening, whereas the likelihood ratio does not depend on the
    prevalence. With ten classes some intervals miss by chance. The trend is over the numbers of
    the classes, 0, 1, 2, ...

    References
    ----------
    Simel DL, Samsa GP, Matchar DB. J Clin Epidemiol 1991;44:763-770.
    doi:10.1016/0895-4356(91)90128-V

    Examples
    --------
    >>> score = [1] * 50 + [2] * 30 + [3] * 20
    >>> truth = [0] * 50 + [1] * 3 + [0] * 27 + [1] * 7 + [0] * 13
    >>> table = class_risk(truth, score, classes=[1, 2, 3])
    >>> [round(risk.estimate, 2) for risk in table.risk]
    [0.0, 0.1, 0.35]
    >>> [round(ratio.estimate, 2) for ratio in table.likelihood_ratio]
    [0.0, 1.0, 4.85]
    """
    diseased = check_truth(truth)
    numbers = check_rating(score, n_cases=diseased.size, name="score")
    level = check_ci_level(ci_level)
    names, number = _class_of(numbers, classes, edges)
    used, each, unit_of = counted_cases(diseased.size, weight=weight, cluster=cluster)
    diseased, number = diseased[used], number[used]
    design: dict[str, Any] = {
        "weight": None if weight is None else each,
        "cluster": None if cluster is None else unit_of,
    }
    simple = is_simple_sample(each, int(np.unique(unit_of).size))
    words: dict[str, Any] = {"ci_level": level, "label": label}
    members = [number == place for place in range(len(names))]
    shares = [
        weighted_proportion_ci(member, quantity="class_share", **design, **words)
        for member in members
    ]
    counts: dict[str, Any] = {"n_cases": diseased.size, "n_positive": int(diseased.sum())}
    prevalence = (
        "without weights a risk holds only at the prevalence of this sample, "
        f"{counts['n_positive']} of {counts['n_cases']} cases"
    )
    return ClassRisk(
        names=names,
        share=tuple(replace(share, **counts) for share in shares),
        risk=tuple(observed_risk(diseased, member, **design, **words) for member in members),
        likelihood_ratio=tuple(
            _likelihood_ratio(diseased, member, each, unit_of, simple_sample=simple, **words)
            for member in members
        ),
        trend=trend_test(diseased, number, **design),
        method="share, observed risk and likelihood ratio by class of the score",
        note=prevalence if weight is None else "",
    )


def _class_of(
    score: FloatArray, classes: ArrayLike | None, edges: ArrayLike | None
) -> tuple[tuple[str, ...], IndexArray]:
    """Return the names of the classes and the number of the class of each case, from 0."""
    if classes is not None and edges is None:
        values = _ascending(classes, name="classes", at_least=2)
        number = np.searchsorted(values, score)
        outside = values[np.minimum(number, values.size - 1)] != score
        names = tuple(f"{value:.12g}" for value in values)
    elif edges is not None and classes is None:
        values = _ascending(edges, name="edges", at_least=3)
        # (low, high], and the lowest border belongs to the lowest class.
        number = np.searchsorted(values, score) - (score != values[0])
        outside = (number < 0) | (number > values.size - 2)
        pairs = [f"{low:.12g}, {high:.12g}]" for low, high in itertools.pairwise(values)]
        names = tuple(("(" if place else "[") + pair for place, pair in enumerate(pairs))
    else:
        got = "neither" if classes is None else "both"
        msg = (
            f"one of classes and edges must be given, but got {got}; classes=range(1, 11) for "
            "whole numbers, edges= for borders"
        )
        raise ValueError(msg)
    if outside.any():
        place = int(np.argmax(outside))
        msg = (
            f"score must lie in a class, but position {place} holds {float(score[place])!r} "
            f"({int(outside.sum())} outside in all); widen classes or edges, or leave such cases "
            "out in view"
        )
        raise ValueError(msg)
    return names, number


def _ascending(values: ArrayLike, *, name: str, at_least: int) -> FloatArray:
    """Return classes or borders as float64, ascending."""
    checked = check_rating(values, name=name)
    if checked.size < at_least or not (np.diff(checked) > 0).all():
        msg = (
            f"{name} must be at least {at_least} numbers, each above the one before, but got "
            f"{checked.tolist()}"
        )
        raise ValueError(msg)
    return checked


def _likelihood_ratio(
    diseased: BoolArray,
    member: BoolArray,
    weight: FloatArray,
    cluster: IndexArray,
    *,
    simple_sample: bool,
    ci_level: float,
    label: str,
) -> Estimate:
    """Return the share of the diseased in a class over that of the healthy."""
    simple = call_accuracy(diseased, member, ci_level=ci_level, label=label)
    ratio = replace(
        simple.positive_likelihood_ratio,
        quantity="likelihood_ratio",
        method="likelihood ratio of a class of the score",
    )
    if simple_sample:
        return ratio
    # Linearised log ratio of two weighted shares: each case adds its distance over its share.
    shares, influence = [], np.zeros(diseased.size)
    for those, sign in ((diseased, 1.0), (~diseased, -1.0)):
        own = weight * those
        share = float(own @ member / own.sum()) if own.any() else math.nan
        shares.append(share)
        if share > 0:
            influence += sign * own * (member - share) / (own.sum() * share)
    estimate, log_error = math.nan, math.nan
    if shares[1] > 0:
        estimate = shares[0] / shares[1]
    elif shares[0] > 0:
        estimate = math.inf
    if estimate > 0 and math.isfinite(estimate):
        variance = float(total_covariance(influence[:, None], cluster)[0, 0])
        log_error = math.sqrt(variance) or math.nan
    reach = quantile(ci_level) * log_error
    return replace(
        ratio,
        estimate=estimate,
        std_error=estimate * log_error,
        ci_low=estimate * math.exp(-reach),
        ci_high=estimate * math.exp(reach),
        ci_method="log, linearised",
        note=(ratio.note or "no interval: no variance") if math.isnan(log_error) else "",
    )
