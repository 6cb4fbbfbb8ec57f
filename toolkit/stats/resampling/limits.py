"""Limits and P from the values of resamples, with the reasons for which there are none.

Quantiles are order statistics, as Davison and Hinkley (1997) have them: of B sorted values the
lower limit is the k-th and the upper the k-th from the end, with k = floor((B + 1) a / 2). A test
that counts (values as extreme + 1) / (B + 1) then rejects exactly what lies outside.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from toolkit.arrays import FloatArray, IndexArray
from toolkit.results import Result
from toolkit.stats._checks import check_ci_level
from toolkit.stats.auc.curve import auc
from toolkit.stats.auc.placements import case_placements
from toolkit.stats.resampling.draws import (
    MAX_CASES_STUDENTISED,
    Plan,
    draw,
    few_units,
    fom_values,
    resampled,
    resampled_errors,
    second_seed,
    stream_states,
    too_few_units,
    unit_influence,
)

# Fewer values beyond a limit leave the limit to chance.
MIN_BEYOND = 10

# With a larger share of undefined resamples the others say little of the sampling variation.
MAX_UNDEFINED = 0.05

_ROUNDING = 64 * float(np.finfo(np.float64).eps)
_NORMAL = NormalDist()


def check_enough(n_resamples: int, ci_level: object) -> float:
    """Return the level; refuse it where too few resamples would lie beyond each limit."""
    level = check_ci_level(ci_level)
    if _rank(n_resamples, (1 - level) / 2) < MIN_BEYOND:
        needed = math.ceil(2 * MIN_BEYOND / (1 - level) - 1e-6) - 1
        msg = (
            f"n_resamples must be at least {needed} at ci_level={level!r}, so that {MIN_BEYOND} "
            f"resamples lie beyond each limit, but got {n_resamples}"
        )
        raise ValueError(msg)
    return level


def _rank(n_values: int, tail: float) -> int:
    """Return floor((n + 1) tail), whatever the last digit of the tail's rounding."""
    return math.floor((n_values + 1) * tail + 1e-9)


@dataclass(frozen=True, kw_only=True, eq=False)
class Resamples:
    """The defined values of resamples, ascending, and what is to be said of them.

    ``reason`` says why they give no interval and no test; empty if they do.
    """

    values: FloatArray
    estimate: float
    std_error: float
    notes: tuple[str, ...]
    reason: str


class Limits(NamedTuple):
    """Both limits of an interval, or NaN and why; then a remark on them."""

    low: float
    high: float
    note: str = ""


def judge(
    values: FloatArray,
    estimate: float,
    *,
    ci_level: float,
    reason: str,
    notes: Sequence[str] = (),
) -> Resamples:
    """Sort the values of resamples (n_resamples,), and find out whether they can be used."""
    defined = np.sort(values[np.isfinite(values)])
    n_undefined = values.size - defined.size
    said = list(notes)
    if n_undefined:
        said.append(f"undefined in {n_undefined} of {values.size} resamples, which are left out")
    if not reason and n_undefined > MAX_UNDEFINED * values.size:
        reason = f"undefined in more than {MAX_UNDEFINED:.0%} of the resamples: no interval"
    if not reason and alike(defined[_tail_ranks(defined.size, ci_level)]):
        reason = (
            f"at least the middle {ci_level:.4g} of the resamples have one value, which is not "
            "certainty: no interval"
        )
    return Resamples(
        values=defined,
        estimate=estimate,
        std_error=math.nan if reason else float(np.std(defined, ddof=1)),
        notes=tuple(said),
        reason=reason,
    )


def alike(values: FloatArray) -> bool:
    """Whether no value differs from another by more than rounding."""
    return values.size == 0 or bool(np.ptp(values) <= _ROUNDING * np.abs(values).max())


def _tail_ranks(n_values: int, ci_level: float) -> IndexArray:
    """Return the places of both limits of the percentile interval."""
    return _places(n_values, (1 - ci_level) / 2, (1 + ci_level) / 2)


def _places(n_values: int, low: float, high: float) -> IndexArray:
    """Return which sorted values leave ``low`` below and 1 - ``high`` above, from 0."""
    ranks = np.array([_rank(n_values, low), n_values + 1 - _rank(n_values, 1 - high)])
    return np.asarray(np.clip(ranks, 1, n_values) - 1, dtype=np.intp)


def percentile_limits(resamples: Resamples, ci_level: float) -> Limits:
    """Return the percentile interval."""
    low, high = resamples.values[_tail_ranks(resamples.values.size, ci_level)].tolist()
    return Limits(low, high)


def bca_limits(resamples: Resamples, ci_level: float, influence: FloatArray) -> Limits:
    """Return the BCa interval of Efron (1987).

    ``influence`` (n_units,) adds up to 0 in each stratum.
    """
    values = resamples.values
    tolerance = _ROUNDING * abs(resamples.estimate)
    below = int(np.searchsorted(values, resamples.estimate - tolerance, side="left"))
    not_above = int(np.searchsorted(values, resamples.estimate + tolerance, side="right"))
    share = (below + not_above) / (2 * values.size)  # ties count half
    if not 0 < share < 1:
        return _none("all resamples lie on one side of the estimate: no BCa interval")
    if not np.isfinite(influence).all():
        return _none("undefined without some unit: no acceleration, no BCa interval")
    # a = sum(l^3) / (6 sum(l^2)^(3/2)), l over the units of all strata (Davison and Hinkley 1997,
    # equation 5.26); 0 where no unit has any influence.
    squares = float(np.sum(influence**2))
    acceleration = float(np.sum(influence**3)) / (6 * squares**1.5) if squares > 0 else 0.0
    bias = _NORMAL.inv_cdf(share)
    tails = []
    for tail in ((1 - ci_level) / 2, (1 + ci_level) / 2):
        deviate = bias + _NORMAL.inv_cdf(tail)
        if not 1 - acceleration * deviate > 0:
            return _none("the acceleration is too large: no BCa interval")
        tails.append(_NORMAL.cdf(bias + deviate / (1 - acceleration * deviate)))
    low, high = values[_places(values.size, *tails)].tolist()
    if not low < high:
        return _none("both limits are one value: no BCa interval")
    beyond = min(_rank(values.size, tails[0]), _rank(values.size, 1 - tails[1]))
    return Limits(low, high, "" if beyond else "a limit is the most extreme resample: take more")


def _none(why: str) -> Limits:
    """Return no interval."""
    return Limits(math.nan, math.nan, why)


def studentised_limits(
    resamples: Resamples, deviates: FloatArray, std_error: float, ci_level: float
) -> Limits:
    """Return the bootstrap-t interval of an AUC, cut at 0 and 1.

    ``deviates`` (n_defined,) are (value - estimate) / its own error, infinite where that is 0.
    """
    low, high = np.sort(deviates)[_tail_ranks(deviates.size, ci_level)].tolist()
    limits = resamples.estimate - std_error * high, resamples.estimate - std_error * low
    if not all(math.isfinite(limit) for limit in limits):
        return _none("too many resamples separate the classes: no bootstrap-t interval")
    cut = [f"{limit:.4f}" for limit in limits if not 0 <= limit <= 1]
    note = f"cut at the end of the range, from {' and '.join(cut)}" if cut else ""
    return Limits(max(limits[0], 0.0), min(limits[1], 1.0), note)


def upper_p(resamples: Resamples, null: float) -> float:
    """Return the one-sided P of "not above ``null``"; NaN where there is no interval."""
    return _p(int(np.searchsorted(resamples.values, null, side="right")), resamples)


def lower_p(resamples: Resamples, null: float) -> float:
    """Return the one-sided P of "not below ``null``"; NaN where there is no interval."""
    below = int(np.searchsorted(resamples.values, null, side="left"))
    return _p(resamples.values.size - below, resamples)


def _p(as_extreme: int, resamples: Resamples) -> float:
    """Return (count + 1) / (B + 1), never 0."""
    return math.nan if resamples.reason else (as_extreme + 1) / (resamples.values.size + 1)


def normal_deviate(p_value: float, *, positive: bool) -> float:
    """Return the standard normal deviate whose two-sided P this is; NaN of NaN."""
    if math.isnan(p_value):
        return math.nan
    deviate = -_NORMAL.inv_cdf(p_value / 2)
    return deviate if positive else -deviate


@dataclass(frozen=True, kw_only=True, eq=False)
class BootstrapValues(Result):
    """A figure of merit of several curves in resamples of the same cases.

    Parameters
    ----------
    values : ndarray, shape (n_resamples, n_curves)
        In each resample; NaN where it is undefined there. What stands in a row is paired.
    estimate : ndarray, shape (n_curves,)
        In the sample.
    n_undefined : ndarray, shape (n_curves,)
        Resamples in which the figure of merit is undefined.
    reader_counts : ndarray, shape (n_resamples, n_curves), or None
        How often each curve was drawn, where curves are readers that are resampled.
    """

    quantity: str
    unit: str
    values: FloatArray
    estimate: FloatArray
    n_undefined: FloatArray
    n_cases: int
    n_positive: int
    n_clusters: int | None = None
    reader_counts: FloatArray | None = None

    @property
    def means(self) -> FloatArray:
        """The mean of all curves, or of the readers drawn, in each resample, (n_resamples,)."""
        if self.reader_counts is None:
            return np.asarray(self.values.mean(axis=1))
        drawn = np.where(self.reader_counts > 0, self.reader_counts * self.values, 0.0)
        return np.asarray(drawn.sum(axis=1) / self.values.shape[1])

    @property
    def covariance(self) -> FloatArray:
        """The covariance of the curves over the resamples in which all are defined."""
        complete = self.values[~np.isnan(self.values).any(axis=1)]
        n_curves = self.values.shape[1]
        if complete.shape[0] < 2:
            return np.full((n_curves, n_curves), math.nan)
        return np.cov(complete, rowvar=False, ddof=1).reshape(n_curves, n_curves)

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a curve: its estimate and its standard error."""
        return _CurveRows(
            quantity=self.quantity,
            unit=self.unit,
            estimate=self.estimate,
            std_error=np.sqrt(np.diagonal(self.covariance)),
            n_cases=self.n_cases,
            n_positive=self.n_positive,
            n_clusters=self.n_clusters,
            method=self.method,
            note=self.note,
        ).summary_frame()


@dataclass(frozen=True, kw_only=True, eq=False)
class _CurveRows(Result):
    """The curves of BootstrapValues in the columns of the glossary."""

    quantity: str
    unit: str
    estimate: FloatArray
    std_error: FloatArray
    n_cases: int
    n_positive: int
    n_clusters: int | None


def planned_values(plan: Plan, ratings: FloatArray) -> BootstrapValues:
    """Return the values of ratings (n_cases, n_curves) in all resamples."""
    estimate = fom_values(plan.fom, plan.diseased, ratings)
    if "case" in plan.drawn:
        values = resampled(plan, ratings)
    else:
        values = np.tile(estimate, (plan.n_resamples, 1))
    reader_counts = None
    if "reader" in plan.drawn:
        states = stream_states(second_seed(plan.seed), plan.n_resamples)
        readers = np.array([0, ratings.shape[1]], dtype=np.int64)
        reader_counts = draw(states, readers, kernel=False).astype(np.float64)
    n_undefined = np.isnan(values).sum(axis=0).astype(np.float64)
    return BootstrapValues(
        quantity=plan.quantity,
        unit=plan.unit,
        values=values,
        estimate=estimate,
        reader_counts=reader_counts,
        n_undefined=n_undefined,
        n_cases=plan.n_cases,
        n_positive=plan.n_positive,
        n_clusters=plan.n_clusters,
        method=plan.words,
        note="undefined in some resamples, see n_undefined" if n_undefined.any() else "",
    )


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
