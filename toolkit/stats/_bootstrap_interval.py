"""The interval of a figure of merit, or of its mean over readers, from resamples."""

from __future__ import annotations

import math

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.stats._bootstrap_auc import MAX_CASES_STUDENTISED, resampled_errors
from toolkit.stats._bootstrap_fom import fom_values, unit_influence
from toolkit.stats._bootstrap_limits import (
    Limits,
    Resamples,
    alike,
    bca_limits,
    judge,
    percentile_limits,
    studentised_limits,
)
from toolkit.stats._bootstrap_plan import Plan, few_units, too_few_units
from toolkit.stats._bootstrap_values import planned_values
from toolkit.stats._placements import case_placements
from toolkit.stats._resample import stream_states
from toolkit.stats.roc import auc


def check_interval(interval: str, plan: Plan, *, n_readers: int | None) -> None:
    """Refuse an interval that is not defined for what is drawn."""
    if interval != "percentile" and "reader" in plan.drawn:
        msg = (
            f"interval={interval!r} is not defined where readers are resampled; "
            "use interval='percentile'"
        )
        raise ValueError(msg)
    refused = {
        "a figure of merit other than the AUC": plan.fom is not auc,
        "several readers": n_readers is not None,
        "clustered cases": plan.units.clustered,
        f"more than {MAX_CASES_STUDENTISED} cases": plan.n_cases > MAX_CASES_STUDENTISED,
    }
    for what in [what for what, found in refused.items() if found and interval == "bootstrap_t"]:
        msg = (
            f"interval='bootstrap_t' is not defined for {what}: it needs DeLong's standard error "
            "of each resample; use interval='bca' or 'percentile'"
        )
        raise ValueError(msg)


def interval_of(
    interval: str, plan: Plan, ratings: FloatArray, *, ci_level: float
) -> tuple[Resamples, Limits]:
    """Return the resamples of the mean of all curves (n_cases, n_curves), and its interval."""
    if interval == "bootstrap_t":
        return _studentised(plan, ratings, ci_level=ci_level)
    values = planned_values(plan, ratings)
    estimate = float(values.estimate.mean())
    resamples = judge(
        values.means,
        estimate,
        ci_level=ci_level,
        reason=too_few_units(plan, estimate),
        notes=few_units(plan),
    )
    if resamples.reason:
        return resamples, Limits(math.nan, math.nan, resamples.reason)
    if interval == "percentile":
        return resamples, percentile_limits(resamples, ci_level)
    return resamples, bca_limits(resamples, ci_level, unit_influence(plan, ratings))


def _studentised(plan: Plan, ratings: FloatArray, *, ci_level: float) -> tuple[Resamples, Limits]:
    """Return the AUC of one curve with its bootstrap-t interval."""
    estimate = float(fom_values(auc, plan.diseased, ratings)[0])
    states = stream_states(plan.seed, plan.n_resamples)
    values, errors = resampled_errors(
        plan.diseased, ratings[:, 0], plan.units, states, jobs=plan.jobs
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        deviates = (values - estimate) / errors
    # Without its own error a value does not count, unless there is but one value.
    counted = ~np.isnan(deviates) | alike(values)
    resamples = judge(
        np.where(counted, values, np.nan),
        estimate,
        ci_level=ci_level,
        reason=too_few_units(plan, estimate),
    )
    if resamples.reason:
        return resamples, Limits(math.nan, math.nan, resamples.reason)
    std_error = _delong_error(plan, ratings)
    return resamples, studentised_limits(resamples, deviates[counted], std_error, ci_level)


def _delong_error(plan: Plan, ratings: FloatArray) -> float:
    """Return DeLong's standard error of the AUC of one curve."""
    placements = case_placements(plan.diseased, ratings)
    classes = placements.positive[:, 0], placements.negative[:, 0]
    return math.sqrt(sum(np.var(values, ddof=1) / values.size for values in classes))
