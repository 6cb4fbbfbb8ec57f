"""How an AI's scores change by month: share of the highest class, without a score, and shift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.results import Estimate
from toolkit.scoring.scores import ScoredCases
from toolkit.stats.monitoring import (
    StabilityIndex,
    population_stability,
    share_limits,
    stability_limit,
)
from toolkit.stats.proportions import proportion_ci

Basis = Literal["all", "weighted", "without_cancer"]


@dataclass(frozen=True, kw_only=True, eq=False)
class MonthlyShare:
    """The share of something in each month, with the limits of chance.

    Parameters
    ----------
    value : ndarray, shape (n_months,)
        NaN where a month has no case.
    count, n : ndarray of int, shape (n_months,)
        Cases that have it, and all.
    low, high : ndarray, shape (n_months,)
        Limits that chance crosses, on either side, as rarely as three standard errors.
    overall : Estimate
        Share over all months.
    """

    value: FloatArray
    count: IntArray
    n: IntArray
    low: FloatArray
    high: FloatArray
    overall: Estimate

    @property
    def outside(self) -> IntArray:
        """Months outside the limits, counted from 1."""
        beyond = (self.value < self.low) | (self.value > self.high)  # NaN is not beyond
        return np.flatnonzero(beyond) + 1


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreDrift:
    """Scores by month.

    Parameters
    ----------
    n_months : int
        Months from the first to the last examination; 0 where no date is known.
    n_undated : int
        Eligible cases without a date, in no month.
    group : str
        Indication of ``top`` and ``shift``: screening where the cases say, else everything.
    cancers_left_out : bool
        Whether cases with cancer are left out of ``top`` and ``shift``, as in an enriched set,
        where their number by month is the sampler's.
    top : MonthlyShare
        Cases with a score that have the highest class.
    unscored : MonthlyShare
        Eligible cases of all indications without a score.
    shift : tuple of StabilityIndex
        Stability index of the classes, one a month.
    shift_limit : ndarray, shape (n_months,)
        What chance alone exceeds as rarely as three standard errors.
    shift_by_chance : ndarray, shape (n_months,)
        What chance alone gives on average.
    baseline_months : int
        First months that the others are compared with; each of these with the rest of them.
    psi_limit : float
        Limit given for the index.
    """

    n_months: int
    n_undated: int
    group: str
    cancers_left_out: bool
    top: MonthlyShare
    unscored: MonthlyShare
    shift: tuple[StabilityIndex, ...]
    shift_limit: FloatArray
    shift_by_chance: FloatArray
    baseline_months: int
    psi_limit: float

    @property
    def shift_value(self) -> FloatArray:
        """Stability index by month, shape (n_months,)."""
        return np.array([month.estimate for month in self.shift], dtype=np.float64)

    @property
    def shift_outside(self) -> IntArray:
        """Months whose index is above both the limit given and that of chance, from 1."""
        beyond = (self.shift_value > self.psi_limit) & (self.shift_value > self.shift_limit)
        return np.flatnonzero(beyond) + 1

    @property
    def psi_limit_usable(self) -> bool:
        """Whether months are large enough for the limit given: chance rarely reaches it."""
        known = self.shift_limit[~np.isnan(self.shift_limit)]
        return bool(known.size and np.median(known) <= self.psi_limit)


def score_drift(
    scored: ScoredCases,
    *,
    basis: Basis = "all",
    baseline_months: int = 6,
    psi_limit: float = 0.1,
    ci_level: float = 0.95,
) -> ScoreDrift:
    """Return share of the highest class, share without a score and shift of the classes by month.

    Parameters
    ----------
    scored : ScoredCases
        Every eligible case.
    basis : {"all", "weighted", "without_cancer"}
        As in ``analyse``; unless "all", cases with cancer are left out. Weights are
        not used: within those without cancer they tell about the sampling, not about the score.
    baseline_months : int
        First months, with which the others are compared.
    psi_limit : float
        Stability index above which a month counts as shifted.
    ci_level : float
        Confidence level of the overall shares.

    Raises
    ------
    ValueError
        If ``baseline_months`` is below 2: each month of the baseline is compared with the rest.
    """
    if baseline_months < 2:
        msg = f"baseline_months must be 2 or more, but got {baseline_months}"
        raise ValueError(msg)
    enriched = basis != "all"
    rows = scored.group(scored.reference) & scored.scored
    if enriched:
        rows &= scored.truth != 1
    top = scored.score_class == scored.top
    shift, limit, by_chance = _shift(scored, rows, baseline_months)
    everyone = np.ones_like(scored.scored)
    return ScoreDrift(
        n_months=int(scored.month.max(initial=0)),
        n_undated=int((scored.month == 0).sum()),
        group=scored.reference,
        cancers_left_out=enriched,
        top=_monthly(scored, top, rows, quantity="share_of_top_class", ci_level=ci_level),
        unscored=_monthly(
            scored, ~scored.scored, everyone, quantity="share_without_score", ci_level=ci_level
        ),
        shift=shift,
        shift_limit=limit,
        shift_by_chance=by_chance,
        baseline_months=baseline_months,
        psi_limit=psi_limit,
    )


def _by_month(scored: ScoredCases, rows: BoolArray) -> IntArray:
    """Return how many of some cases are in each month, shape (n_months,)."""
    n_months = int(scored.month.max(initial=0))
    return np.bincount(scored.month[rows], minlength=n_months + 1)[1:].astype(np.int64)


def _monthly(
    scored: ScoredCases, event: BoolArray, rows: BoolArray, *, quantity: str, ci_level: float
) -> MonthlyShare:
    """Return the share of some cases that have an event, by month."""
    count, n = _by_month(scored, rows & event), _by_month(scored, rows)
    overall = proportion_ci(int(count.sum()), int(n.sum()), ci_level=ci_level, quantity=quantity)
    common = overall.estimate if n.sum() else 0.0
    limits = share_limits(n, common)
    value = np.where(n > 0, count / np.where(n > 0, n, 1), np.nan)
    return MonthlyShare(
        value=value, count=count, n=n, low=limits.low, high=limits.high, overall=overall
    )


def _shift(
    scored: ScoredCases, rows: BoolArray, baseline_months: int
) -> tuple[tuple[StabilityIndex, ...], FloatArray, FloatArray]:
    """Return the stability index of each month, its limit by chance and its mean by chance."""
    n_months = int(scored.month.max(initial=0))
    baseline = rows & (scored.month > 0) & (scored.month <= baseline_months)
    shift, limits, by_chance = [], [], []
    for month in range(1, n_months + 1):
        here = rows & (scored.month == month)
        now, before = scored.counts(here), scored.counts(baseline & ~here)
        n, n_before = int(now.sum()), int(before.sum())
        shift.append(population_stability(now, before))
        limits.append(stability_limit(n, n_before, n_categories=scored.n_classes))
        # The mean of a chi-square is its degrees of freedom.
        spread = 1 / n + 1 / n_before if n and n_before else np.nan
        by_chance.append((scored.n_classes - 1) * spread)
    return tuple(shift), np.array(limits), np.array(by_chance)
