"""One comparison of reading times: what the plan fixes, the ANOVA of some cases, or why none."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.chapters.reading_time.reading_times import Pauses, TimedReadings, TimeRule
from toolkit.results import Comparison
from toolkit.stats.times.anova import ReadingTimes, compare_reading_times
from toolkit.stats.times.model import ReadingTimeModel

Method = Literal["ANOVA", "mixed model", "mixed model with order"]


@dataclass(frozen=True, kw_only=True)
class TimePlan:
    """What the parameters fix before the times are seen.

    Parameters
    ----------
    rule : TimeRule
        Which times count.
    margin : float or None
        Largest ratio of times, above 1, that is still no loss; None asks whether b is faster.
    ci_level : float
        Confidence level of each interval.
    """

    rule: TimeRule = field(default_factory=TimeRule)
    margin: float | None = None
    ci_level: float = 0.95


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeAnalysis:
    """One analysis of the times.

    Parameters
    ----------
    method : {"ANOVA", "mixed model", "mixed model with order"}
        ANOVA needs every time of a case, the models take the times that there are.
    pauses : {"cut", "excluded", "kept"}
        What was done with times that hold a pause.
    ratio : Comparison
        Geometric means, b over a; NaN with the reason where it is not defined.
    times : ReadingTimes or None
        All of the ANOVA; None elsewhere or where it is not defined.
    model : ReadingTimeModel or None
        All of the model; None elsewhere or where it is not defined.
    n_cases, n_times : int
        What the analysis used.
    """

    method: Method
    pauses: Pauses
    ratio: Comparison
    times: ReadingTimes | None = None
    model: ReadingTimeModel | None = None
    n_cases: int
    n_times: int


def undefined_ratio(timed: TimedReadings, plan: TimePlan, reason: str) -> Comparison:
    """Return a ratio of times that cannot be estimated, with the reason."""
    nan = math.nan
    return Comparison(
        quantity="reading_time",
        unit="ratio",
        estimate=nan,
        std_error=nan,
        ci_low=nan,
        ci_high=nan,
        ci_level=plan.ci_level,
        ci_method="none",
        method="ratio of geometric mean times",
        note=reason,
        label_a=timed.names[0],
        label_b=timed.names[1],
        estimate_a=nan,
        estimate_b=nan,
        effect="ratio",
        statistic=nan,
        df=nan,
        p_value=nan,
        margin=plan.margin,
        better="lower",
    )


def times_compared(
    timed: TimedReadings,
    plan: TimePlan,
    times: FloatArray,
    readers: tuple[str, ...],
    rows: BoolArray,
) -> ReadingTimes | None:
    """Return the ANOVA of some cases, or None where none of them has every time.

    Parameters
    ----------
    timed : TimedReadings
        For the patients and the names of the modalities.
    plan : TimePlan
        Margin and level.
    times : ndarray, shape (n_cases, n_readers, 2)
        NaN left out.
    readers : tuple of str, shape (n_readers,)
        Their pseudonyms.
    rows : ndarray of bool, shape (n_cases,)
        Cases asked for.
    """
    complete = rows & ~np.isnan(times).any(axis=(1, 2))
    if not (readers and complete.any()):
        return None
    return compare_reading_times(
        times[complete],
        cluster=timed.patient[complete],
        ci_level=plan.ci_level,
        margin=plan.margin,
        better="lower",
        readers=readers,
        modalities=timed.names,
    )
