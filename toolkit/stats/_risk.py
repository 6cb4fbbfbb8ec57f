"""The observed risk of the cases of one class, with an interval that allows for the design."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Estimate
from toolkit.stats._linearised import total_covariance
from toolkit.stats._proportion_limits import wilson_at
from toolkit.stats._wald import quantile
from toolkit.stats.weighted import weighted_proportion_ci


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
