"""One look at a running study: enrolment, recalls, AI results and readers, both modes together.

Nothing here tells one reading mode from another, so that a study can be watched while blinded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import FloatArray, IntArray
from toolkit.chapters.analysis import Summarised, Tables
from toolkit.results import Estimate
from toolkit.scoring.ratings import ScoringError, is_arbiter
from toolkit.stats.monitoring import (
    AccrualProjection,
    Cusum,
    FunnelLimits,
    accrual_scenarios,
    cusum,
    cusum_limit,
    funnel_limits,
    planned_curve,
    share_limits,
)
from toolkit.stats.proportions import proportion_ci

if TYPE_CHECKING:
    import pandas as pd


AI_STATUSES = ("complete", "failed", "missing", "not_recorded")
FUNNEL_LEVELS = (0.95, 0.998)
_LETTERS = "ABCDEFGHKLMNPQRSTVWXYZ"  # without those that read like a digit
_DIGITS = "23456789"
_GRID = 200


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """What is known of a study after some complete months.

    Parameters
    ----------
    n_months : int
        Months used, the first examination's calendar month being month 1.
    monthly_counts : ndarray of int, shape (n_months,)
        Women enrolled in each month, each with her first examination.
    n_undated, n_later : int
        Examinations without a date, and after the look; left out.
    recalled : ndarray of float, shape (n_read,)
        Whether anybody recalled the woman, by date of her examination.
    month : ndarray of int, shape (n_read,)
        Month of each of them.
    labels : tuple of str
        Pseudonyms of the readers, drawn anew for each look, in alphabetical order.
    reader_recalls, reader_readings : ndarray of int, shape (n_readers,)
        Recalls and readings with a decision, of all modes together, without an arbiter's.
    ai_status : ndarray of int, shape (n_enrolled,)
        Place in ``AI_STATUSES``; empty where the data hold no AI.
    ai_month : ndarray of int, shape (n_enrolled,)
        Month of each of these examinations.
    """

    n_months: int
    monthly_counts: IntArray
    n_undated: int
    n_later: int
    recalled: FloatArray
    month: IntArray
    labels: tuple[str, ...]
    reader_recalls: IntArray
    reader_readings: IntArray
    ai_status: IntArray
    ai_month: IntArray

    @property
    def month_starts(self) -> IntArray:
        """Women read before each month, shape (n_months,)."""
        return np.searchsorted(self.month, np.arange(1, self.n_months + 1)).astype(np.int64)


def study_look(
    cases: pd.DataFrame,
    readings: pd.DataFrame,
    readers: pd.DataFrame,
    *,
    look_month: int,
    seed: int,
) -> Look:
    """Return what a study shows at the end of a month, without regard to the reading mode.

    Parameters
    ----------
    cases, readings, readers : DataFrame
        Canonical tables; every row of ``cases`` is an examination that was enrolled.
    look_month : int
        Complete months to look at; fewer are used where the data end earlier.
    seed : int
        With the month it decides the readers' pseudonyms.

    Raises
    ------
    ScoringError
        If no examination has a date, or the look is before the first month's end.
    """
    if look_month < 1:
        msg = f"look_month must be 1 or more, but got {look_month}; a look needs a complete month"
        raise ScoringError(msg)
    if "exam_date" not in cases or cases["exam_date"].isna().all():
        msg = "no examination has a date (cases.exam_date); enrolment by month needs one"
        raise ScoringError(msg)
    dated = cases[cases["exam_date"].notna()].sort_values("exam_date", kind="stable")
    months = dated["exam_date"].to_numpy().astype("datetime64[M]").astype(np.int64)
    month = months - months.min() + 1
    n_months = min(look_month, int(month.max()))
    seen, month = dated[month <= n_months], month[month <= n_months]
    people = readings[
        readings["reader_id"].isin(readers["reader_id"][readers["kind"] == "human"])
        & readings["call"].notna()
        & readings["case_id"].isin(seen["case_id"])
    ]
    recalled = (
        people.groupby("case_id")["call"].max().reindex(seen["case_id"]).to_numpy(dtype=np.float64)
    )
    read = ~np.isnan(recalled)
    # Who reads only where two readers differ recalls more often for that alone.
    own = people[~is_arbiter(people)]
    labels, recalls, made = _by_reader(own, readers, seed=seed, look_month=look_month)
    status = _ai_status(readings, readers, seen)
    # A woman is enrolled once, with her first examination; without a patient each is a woman.
    again = (seen["patient_id"].duplicated() & seen["patient_id"].notna()).to_numpy()
    return Look(
        n_months=n_months,
        monthly_counts=np.bincount(month[~again], minlength=n_months + 1)[1:].astype(np.int64),
        n_undated=len(cases) - len(dated),
        n_later=len(dated) - len(seen),
        recalled=recalled[read],
        month=month[read],
        labels=labels,
        reader_recalls=recalls,
        reader_readings=made,
        ai_status=status,
        ai_month=month if status.size else np.empty(0, dtype=np.int64),
    )


def pseudonyms(n_readers: int, *, seed: int, look_month: int) -> list[str]:
    """Return different names of a letter and a digit, drawn anew for each look.

    Raises
    ------
    ScoringError
        If there are more readers than names.
    """
    names = [letter + digit for letter in _LETTERS for digit in _DIGITS]
    if n_readers > len(names):
        msg = f"{n_readers} readers need a pseudonym, but there are {len(names)}"
        raise ScoringError(msg)
    drawn = np.random.default_rng([seed, look_month]).permutation(len(names))[:n_readers]
    return [names[place] for place in drawn]


def _by_reader(
    people: pd.DataFrame, readers: pd.DataFrame, *, seed: int, look_month: int
) -> tuple[tuple[str, ...], IntArray, IntArray]:
    """Return pseudonyms, recalls and readings, by pseudonym: the order must not tell who it is."""
    who = readers["reader_id"][readers["kind"] == "human"].tolist()
    name_of = dict(zip(who, pseudonyms(len(who), seed=seed, look_month=look_month), strict=True))
    calls = people.groupby(people["reader_id"].map(name_of))["call"]
    recalls, made = calls.sum().sort_index(), calls.size().sort_index()
    return (
        tuple(str(name) for name in made.index),
        np.asarray(recalls, dtype=np.int64),
        np.asarray(made, dtype=np.int64),
    )


def _ai_status(readings: pd.DataFrame, readers: pd.DataFrame, seen: pd.DataFrame) -> IntArray:
    """Return what the AI returned for each examination, at best; empty without an AI."""
    programs = readings[readings["reader_id"].isin(readers["reader_id"][readers["kind"] == "ai"])]
    if programs.empty:
        return np.empty(0, dtype=np.int64)
    place = programs["status"].map({name: i for i, name in enumerate(AI_STATUSES)})
    best = place.groupby(programs["case_id"]).min().reindex(seen["case_id"])
    return np.asarray(best.fillna(AI_STATUSES.index("not_recorded")), dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class RecallPlan:
    """Which changes of the recall rate are looked for.

    Parameters
    ----------
    rate : float
        Share of women that the plan expects to be recalled by either reading.
    rise, fall : float
        Multiples of it that are looked for, above and below 1.
    false_alarm : float
        Probability that a whole study without change signals.
    simulations : int
        Studies simulated for the limit.
    """

    rate: float
    rise: float
    fall: float
    false_alarm: float
    simulations: int


@dataclass(frozen=True, kw_only=True, eq=False)
class RecallWatch:
    """Whether the recall rate is stable.

    Parameters
    ----------
    plan : RecallPlan
        What was looked for.
    overall : Estimate
        Women recalled by anybody.
    chart : Cusum
        Both paths, with the limit.
    limit : Estimate
        Limit from simulation.
    """

    plan: RecallPlan
    overall: Estimate
    chart: Cusum
    limit: Estimate


def watch_recalls(look: Look, plan: RecallPlan, *, target: int, seed: int) -> RecallWatch | None:
    """Return the CUSUM of women recalled, or None where nobody was read.

    Parameters
    ----------
    look : Look
        The look.
    plan : RecallPlan
        What is looked for.
    target : int
        Women of the whole study, over which false alarms are counted.
    seed : int
        Source of randomness of the limit.
    """
    if not look.recalled.size:
        return None
    rates = {
        "rate": plan.rate,
        "rate_up": plan.rate * plan.rise,
        "rate_down": plan.rate * plan.fall,
    }
    limit = cusum_limit(
        target,
        **rates,
        rng=seed,
        false_alarm=plan.false_alarm,
        n_simulations=plan.simulations,
    )
    return RecallWatch(
        plan=plan,
        overall=proportion_ci(
            int(look.recalled.sum()), look.recalled.size, quantity="recall_rate", label="all women"
        ),
        chart=cusum(look.recalled, **rates, limit=limit.estimate),
        limit=limit,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class AiFailures:
    """Examinations without an AI score, by cause and month.

    Parameters
    ----------
    overall : Estimate
        Share without a score.
    causes : dict of str to int
        Examinations by status, those with a score left out.
    count, n : ndarray of int, shape (n_months,)
        Without a score, and all.
    value, high : ndarray, shape (n_months,)
        The share (NaN in a month without examinations), and the most that chance explains.
    """

    overall: Estimate
    causes: dict[str, int]
    count: IntArray
    n: IntArray
    value: FloatArray
    high: FloatArray

    @property
    def months_above(self) -> IntArray:
        """Months with more than chance explains, counted from 1."""
        return np.flatnonzero(self.value > self.high) + 1  # NaN is not above


def ai_failures(look: Look) -> AiFailures | None:
    """Return the examinations without an AI score, or None where the data hold no AI."""
    if not look.ai_status.size:
        return None
    failed = look.ai_status > 0
    n = np.bincount(look.ai_month, minlength=look.n_months + 1)[1:].astype(np.int64)
    count = np.bincount(look.ai_month[failed], minlength=look.n_months + 1)[1:].astype(np.int64)
    overall = proportion_ci(
        int(count.sum()), int(n.sum()), quantity="share_without_score", label="all"
    )
    by_status = np.bincount(look.ai_status, minlength=len(AI_STATUSES))
    return AiFailures(
        overall=overall,
        causes={name: int(by_status[i]) for i, name in enumerate(AI_STATUSES) if i},
        count=count,
        n=n,
        value=np.where(n > 0, count / np.where(n > 0, n, 1), np.nan),
        high=share_limits(n, overall.estimate).high,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class ReaderFunnel:
    """Recalls of every reader around the common rate.

    Parameters
    ----------
    common : Estimate
        Recalls of all readings.
    rates : tuple of Estimate
        One a reader.
    limits : tuple of FunnelLimits
        For a figure: on a grid of readings, 95 % and 99.8 %.
    outside : ndarray of int, shape (n_readers,)
        0 within 95 %, 1 outside these, 2 outside 99.8 %.
    """

    common: Estimate
    rates: tuple[Estimate, ...]
    limits: tuple[FunnelLimits, ...]
    outside: IntArray


def reader_funnel(look: Look) -> ReaderFunnel | None:
    """Return readers against chance, or None where the common rate is 0, 1 or not known."""
    recalls, made = look.reader_recalls, look.reader_readings
    if not 0 < recalls.sum() < made.sum():
        return None
    common = proportion_ci(int(recalls.sum()), int(made.sum()), quantity="recall_rate", label="all")
    high = int(made.max() * 1.05) + 1
    grid = np.unique(np.linspace(max(int(made.min() * 0.8), 1), high, _GRID).astype(np.int64))
    exact = [funnel_limits(common.estimate, made, level=level) for level in FUNNEL_LEVELS]
    rate = recalls / made
    return ReaderFunnel(
        common=common,
        rates=tuple(
            proportion_ci(int(x), int(n), quantity="recall_rate", label=label)
            for label, x, n in zip(look.labels, recalls, made, strict=True)
        ),
        limits=tuple(funnel_limits(common.estimate, grid, level=level) for level in FUNNEL_LEVELS),
        outside=np.sum([(rate < one.low) | (rate > one.high) for one in exact], axis=0),
    )


@dataclass(frozen=True, kw_only=True)
class EnrolmentPlan:
    """The women that the plan asks for, and by when.

    Parameters
    ----------
    target : int
        Women of the whole study.
    planned_months, extension_months : int
        Months of enrolment, and months by which it may be extended.
    ramp_months : int
        First months, planned at half the later rate.
    pace_months : int
        Last months, from which the pace is taken.
    """

    target: int
    planned_months: int
    extension_months: int
    ramp_months: int
    pace_months: int


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MonitoringStudy(Summarised):
    """All that chapter 20 shows of a running study.

    Parameters
    ----------
    look_month : int
        Complete months that were to be looked at.
    look : Look
        What is known.
    ramp_months : int
        First months of the plan, at half the later rate.
    plan : ndarray of float, shape (n_planned_months,)
        Women planned by the end of each month.
    scenarios : mapping of str to AccrualProjection
        ``"pace"`` is the answer; the others say what it depends on.
    recalls : RecallWatch or None
        None where nobody was read.
    failures : AiFailures or None
        None where the data hold no AI.
    funnel : ReaderFunnel or None
        None where the common rate is 0, 1 or not known.
    """

    look_month: int
    look: Look
    ramp_months: int
    plan: FloatArray
    scenarios: Mapping[str, AccrualProjection]
    recalls: RecallWatch | None
    failures: AiFailures | None
    funnel: ReaderFunnel | None

    @property
    def projection(self) -> AccrualProjection:
        """Enrolment at the pace of the last months."""
        return self.scenarios["pace"]

    def summary(self) -> dict[str, str]:
        """Return what was looked at, both modes together."""
        look = self.look
        return {
            "months": f"{look.n_months} of {self.look_month} to look at",
            "women enrolled": f"{self.projection.enrolled:,} of {self.projection.target:,}",
            "women read": f"{look.recalled.size:,}, {int(look.recalled.sum()):,} recalled",
            "readers": str(len(look.labels)),
            "examinations with an AI": f"{look.ai_status.size:,}",
            "left out": f"{look.n_later:,} later, {look.n_undated:,} without a date",
        }


def analyse(
    tables: Tables, *, look_month: int, seed: int, enrolment: EnrolmentPlan, recalls: RecallPlan
) -> MonitoringStudy:
    """Return what a running study shows after some months, both reading modes together.

    Parameters
    ----------
    tables : Tables
        Cases, readings and readers.
    look_month : int
        Complete months to look at.
    seed : int
        For the limit of the signal and, with the month, for the pseudonyms.
    enrolment : EnrolmentPlan
        Women planned.
    recalls : RecallPlan
        Changes of the recall rate that are looked for.
    """
    look = study_look(
        tables.cases, tables.readings, tables.readers, look_month=look_month, seed=seed
    )
    plan = planned_curve(
        enrolment.target, enrolment.planned_months, ramp_months=enrolment.ramp_months
    )
    return MonitoringStudy(
        look_month=look_month,
        look=look,
        ramp_months=enrolment.ramp_months,
        plan=plan,
        scenarios=accrual_scenarios(
            look.monthly_counts,
            plan,
            extension_months=enrolment.extension_months,
            pace_months=enrolment.pace_months,
        ),
        recalls=watch_recalls(look, recalls, target=enrolment.target, seed=seed),
        failures=ai_failures(look),
        funnel=reader_funnel(look),
    )
