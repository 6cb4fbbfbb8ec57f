"""Figures of merit of the sample, of its resamples, and without one unit after the other."""

from __future__ import annotations

import math

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.stats._bootstrap_auc import resampled_aucs
from toolkit.stats._bootstrap_kernel import worth_a_kernel
from toolkit.stats._bootstrap_plan import Fom, Plan
from toolkit.stats._placements import case_placements
from toolkit.stats._resample import draw, in_blocks, stream_states
from toolkit.stats.roc import auc

_BLOCK = 2**19  # counts held at a time


def fom_values(fom: Fom, diseased: BoolArray, ratings: FloatArray) -> FloatArray:
    """Return the figure of merit of each curve, (n_curves,)."""
    return np.array([_value(fom, diseased, rating) for rating in ratings.T])


def _value(fom: Fom, diseased: BoolArray, rating: FloatArray) -> float:
    """Return the figure of merit; NaN where it fails for want of a class of cases."""
    try:
        return float(fom(diseased, rating))
    except (ValueError, ArithmeticError):
        if diseased.any() and not diseased.all():
            raise
        return math.nan


def resampled(plan: Plan, ratings: FloatArray) -> FloatArray:
    """Return the figure of merit of each curve in each resample, (n_resamples, n_curves)."""
    states = stream_states(plan.seed, plan.n_resamples)
    units = plan.units
    if plan.fom is auc:
        return resampled_aucs(plan.diseased, ratings, units, states, jobs=plan.jobs)
    values = np.empty((plan.n_resamples, ratings.shape[1]))
    kernel = worth_a_kernel(plan.n_resamples * units.n_units)
    cases = np.arange(plan.n_cases)

    def work(first: int, last: int) -> None:
        counts = draw(states[first:last], units.starts, kernel=kernel)
        for resample, count in enumerate(counts, start=first):
            drawn = np.repeat(cases, count[units.unit])
            values[resample] = fom_values(plan.fom, plan.diseased[drawn], ratings[drawn])

    # Python code holds the interpreter lock, so more threads are seldom of use here.
    rows = _BLOCK // max(units.n_units, 1)
    in_blocks(work, plan.n_resamples, rows=rows, jobs=plan.jobs or 1)
    return values


def unit_influence(plan: Plan, ratings: FloatArray) -> FloatArray:
    """Return the empirical influence of each unit on the mean figure of merit, (n_units,).

    Within each stratum they add up to 0; their squares add up to the variance of the bootstrap
    but for terms of higher order.
    """
    influence = _auc_influence if plan.fom is auc else _jackknife_influence
    values = influence(plan, ratings)
    sizes = np.diff(plan.units.starts)
    means = np.add.reduceat(values, plan.units.starts[:-1]) / sizes
    return values - np.repeat(means, sizes)


def _auc_influence(plan: Plan, ratings: FloatArray) -> FloatArray:
    """Return what each unit's cases add: the placement of a case less the AUC, over its class."""
    placements = case_placements(plan.diseased, ratings)
    of_case = np.empty(plan.n_cases)
    classes = (plan.diseased, placements.positive), (~plan.diseased, placements.negative)
    for case, values in classes:
        mean = values.mean(axis=1)
        of_case[case] = (mean - mean.mean()) / mean.size
    influence = np.bincount(plan.units.unit, weights=of_case, minlength=plan.units.n_units)
    return influence.astype(np.float64, copy=False)


def _jackknife_influence(plan: Plan, ratings: FloatArray) -> FloatArray:
    """Return (n - 1) / n times the loss without each unit, n the units of its stratum.

    For an AUC of independent cases this is its influence exactly. One evaluation a unit.
    """
    units = plan.units
    without = np.empty(units.n_units)
    for unit in range(units.n_units):
        kept = units.unit != unit
        without[unit] = fom_values(plan.fom, plan.diseased[kept], ratings[kept]).mean()
    sizes = np.repeat(np.diff(units.starts), np.diff(units.starts))
    influence: FloatArray = -without * (sizes - 1) / sizes
    return influence
