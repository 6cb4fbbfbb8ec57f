"""Reading times in two modalities analysed as planned, and otherwise.

The primary analysis takes the cases that every reader timed in both modalities, with pauses dealt
with as the plan says. The others stand beside it, so that a reader sees whether the answer hangs
on the method or on the rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from toolkit.arrays import FloatArray, IndexArray
from toolkit.chapters.reading_time.reading_time_comparison import (
    TimeAnalysis,
    TimePlan,
    times_compared,
    undefined_ratio,
)
from toolkit.chapters.reading_time.reading_time_models import time_models
from toolkit.chapters.reading_time.reading_times import (
    PAUSES,
    Pauses,
    TimeCounts,
    TimedReadings,
    time_counts,
)
from toolkit.results import Comparison
from toolkit.stats.times.model import ReadingTimeModel


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadingTimeStudy:
    """Reading times of two modalities with every analysis of them.

    Parameters
    ----------
    timed : TimedReadings
        The readings of all who read.
    plan : TimePlan
        What was fixed beforehand.
    counts : (TimeCounts, TimeCounts)
        What became of the readings of each modality.
    compared : ndarray of int, shape (n_compared,)
        Readers with times in both modalities; the others tell nothing of the change.
    times : ndarray of float, shape (n_cases, n_compared, 2)
        Their times under the plan's rule, NaN left out.
    primary : TimeAnalysis
        ANOVA, pauses as planned.
    other_rules : tuple of TimeAnalysis
        ANOVA, pauses dealt with otherwise; empty where no time holds a pause.
    models : tuple of TimeAnalysis
        Mixed models of all times.
    readers : tuple of Comparison
        Ratio of each compared reader, over cases alone: on the cases of the primary analysis, or
        where that is not defined on the cases that the reader timed in both modalities.
    order_reason : str
        Why the model cannot allow for the order of reading; empty where it does.
    """

    timed: TimedReadings
    plan: TimePlan
    counts: tuple[TimeCounts, TimeCounts]
    compared: IndexArray
    times: FloatArray
    primary: TimeAnalysis
    other_rules: tuple[TimeAnalysis, ...]
    models: tuple[TimeAnalysis, ...]
    readers: tuple[Comparison, ...]
    order_reason: str

    @property
    def labels(self) -> tuple[str, ...]:
        """Pseudonyms of the compared readers."""
        return tuple(self.timed.readers[place] for place in self.compared)

    @property
    def with_order(self) -> ReadingTimeModel | None:
        """The model that allows for the order of reading, or None."""
        found = [one.model for one in self.models if one.method == "mixed model with order"]
        return found[0] if found else None


def analysed_times(timed: TimedReadings, plan: TimePlan) -> ReadingTimeStudy:
    """Analyse reading times as planned, and otherwise.

    Parameters
    ----------
    timed : TimedReadings
        Of two modalities.
    plan : TimePlan
        What was fixed beforehand.

    Raises
    ------
    ValueError
        If the margin is not above 1 or the level is none.
    """
    counts = time_counts(timed, plan.rule)
    seconds = timed.used(plan.rule)
    compared = _timed_both_ways(seconds)
    primary = _anova(timed, plan, compared, plan.rule.pauses)
    others: tuple[TimeAnalysis, ...] = ()
    if any(count.n_paused for count in counts):
        rest = [pauses for pauses in PAUSES if pauses != plan.rule.pauses]
        others = tuple(_anova(timed, plan, compared, pauses) for pauses in rest)
    times = seconds[:, compared]
    models, order_reason = time_models(timed, plan, compared, times)
    return ReadingTimeStudy(
        timed=timed,
        plan=plan,
        counts=counts,
        compared=compared,
        times=times,
        primary=primary,
        other_rules=others,
        models=models,
        readers=_readers(timed, plan, compared, primary),
        order_reason=order_reason,
    )


def _anova(
    timed: TimedReadings, plan: TimePlan, compared: IndexArray, pauses: Pauses
) -> TimeAnalysis:
    """Return the ANOVA of the cases that every compared reader timed in both modalities."""
    times = timed.used(replace(plan.rule, pauses=pauses))[:, compared]
    labels = tuple(timed.readers[place] for place in compared)
    found = times_compared(timed, plan, times, labels, np.ones(len(times), dtype=np.bool_))
    n_cases = 0 if found is None else found.ratio.n_cases or 0
    return TimeAnalysis(
        method="ANOVA",
        pauses=pauses,
        ratio=_no_anova(timed, plan, labels) if found is None else found.ratio,
        times=found,
        n_cases=n_cases,
        n_times=n_cases * 2 * compared.size,
    )


def _no_anova(timed: TimedReadings, plan: TimePlan, labels: tuple[str, ...]) -> Comparison:
    """Return the ratio that an ANOVA without a complete case does not give."""
    reason = "no reader has times in both modalities"
    if labels:
        reason = (
            f"no examination was timed in both modalities by all of {', '.join(labels)}, which "
            "the planned analysis needs"
        )
    return undefined_ratio(timed, plan, reason)


def _readers(
    timed: TimedReadings, plan: TimePlan, compared: IndexArray, primary: TimeAnalysis
) -> tuple[Comparison, ...]:
    """Return the ratio of each compared reader."""
    if primary.times is not None:
        return primary.times.readers
    times, everyone = timed.used(plan.rule), np.ones(len(timed.truth), dtype=np.bool_)
    found = []
    for place in compared:
        label = timed.readers[place]
        alone = times_compared(timed, plan, times[:, [place]], (label,), everyone)
        reason = "no examination was timed in both modalities"
        none = replace(undefined_ratio(timed, plan, reason), label=label)
        found.append(none if alone is None else alone.readers[0])
    return tuple(found)


def _timed_both_ways(seconds: FloatArray) -> IndexArray:
    """Return the places of the readers with a time in each modality."""
    timed = np.any(~np.isnan(seconds), axis=0)
    return np.flatnonzero(timed[:, 0] & timed[:, 1])
