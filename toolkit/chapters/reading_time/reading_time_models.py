"""Mixed models of reading times: all times that there are, and the order of reading allowed for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.chapters.reading_time.reading_time_comparison import (
    TimeAnalysis,
    TimePlan,
    undefined_ratio,
)
from toolkit.chapters.reading_time.reading_times import TimedReadings
from toolkit.stats.times.model import reading_time_model

ORDER, SECOND = "hundred places in the order", "second reading of a case"


def time_models(
    timed: TimedReadings, plan: TimePlan, compared: IndexArray, times: FloatArray
) -> tuple[tuple[TimeAnalysis, ...], str]:
    """Return the mixed models that say more than the ANOVA, and why order is not allowed for.

    Parameters
    ----------
    timed : TimedReadings
        The readings.
    plan : TimePlan
        Margin and level.
    compared : ndarray of int, shape (n_compared,)
        Readers with times in both modalities.
    times : ndarray, shape (n_cases, n_compared, 2)
        Their times; NaN left out.

    Notes
    -----
    With every time there and no covariate the model is the ANOVA, so it is fitted only where a
    time is missing.
    """
    kept = np.asarray(~np.isnan(times).all(axis=(1, 2)), dtype=np.bool_)
    obstacle = _model_obstacle(timed, kept, compared.size)
    columns = {ORDER: timed.order[:, compared] / 100, SECOND: timed.second[:, compared]}
    covariates = _usable({name: values[kept] for name, values in columns.items()}, times[kept])
    reason = obstacle or ("" if covariates else _no_order(timed))
    models = []
    if np.isnan(times[kept]).any() or obstacle:
        models.append(_model(timed, plan, times[kept], {}, obstacle))
    if covariates and not obstacle:
        models.append(_model(timed, plan, times[kept], covariates, ""))
    return tuple(models), reason


def _model(
    timed: TimedReadings,
    plan: TimePlan,
    times: FloatArray,
    covariates: Mapping[str, FloatArray],
    obstacle: str,
) -> TimeAnalysis:
    """Return one mixed model, or why there is none."""
    found = None
    if not obstacle:
        found = reading_time_model(
            times,
            covariates=covariates,
            ci_level=plan.ci_level,
            margin=plan.margin,
            better="lower",
            modalities=timed.names,
        )
    return TimeAnalysis(
        method="mixed model with order" if covariates else "mixed model",
        pauses=plan.rule.pauses,
        ratio=undefined_ratio(timed, plan, obstacle) if found is None else found.ratio,
        model=found,
        n_cases=0 if found is None else len(times),
        n_times=0 if found is None else int((~np.isnan(times)).sum()),
    )


def _model_obstacle(timed: TimedReadings, kept: BoolArray, n_readers: int) -> str:
    """Return why no mixed model can be fitted; empty if it can."""
    if n_readers < 2:
        return "the mixed model needs two readers with times in both modalities"
    if kept.sum() < 2:
        return "the mixed model needs two examinations with times"
    if np.unique(timed.patient[kept]).size < kept.sum():
        return "the mixed model takes examinations as independent, but women have more than one"
    return ""


def _no_order(timed: TimedReadings) -> str:
    """Return why the order of reading cannot be allowed for."""
    if np.isnan(timed.order[timed.read]).all() and np.isnan(timed.second[timed.read]).all():
        return "the order of reading is not recorded"
    return "the order of reading is not known for every time, or the modality determines it"


def _usable(columns: Mapping[str, FloatArray], times: FloatArray) -> dict[str, FloatArray]:
    """Return the columns that are known for every time and follow from nothing before them.

    Where every first reading is unaided, first and unaided are one, and no analysis can tell the
    effect of the one from that of the other.
    """
    timed = ~np.isnan(times)
    ones = np.ones(times.shape)
    design = [ones[timed], (ones * [0.0, 1.0])[timed]]
    usable = {}
    for name, values in columns.items():
        column = values[timed]
        if np.isnan(column).any() or column.size == 0:
            continue
        centred = column - column.mean()
        spread = float(np.abs(centred).max())
        candidate = [*design, centred / spread if spread else centred]
        if np.linalg.matrix_rank(np.column_stack(candidate)) == len(candidate):
            design, usable[name] = candidate, values
    return usable
