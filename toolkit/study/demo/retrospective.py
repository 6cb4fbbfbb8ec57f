"""The retrospective part: examinations of a finished window, as read then, scored by the AI now.

All examinations are simulated here, with the rates of ``DemoRates``; ``retrospective_tables``
samples them: every cancer that became known, and one in six of the others, with weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from toolkit.arrays import BoolArray, DayArray, FloatArray, IntArray
from toolkit.study.demo.columns import DAYS_PER_MONTH, draw_codes, only_where, stream
from toolkit.study.demo.population import (
    Women,
    ai_suspicion,
    draw_women,
)
from toolkit.study.demo.rates import DEMO_PLAN, DEMO_RATES, DemoRates

if TYPE_CHECKING:
    pass

PART = "retrospective"


@dataclass(frozen=True, kw_only=True)
class Examinations:
    """All examinations of the window, each array of shape (n_exams,) unless it says else."""

    women: Women
    woman: IntArray
    first_of_two: IntArray  # shape (n_pairs,)
    second_of_two: IntArray  # shape (n_pairs,)
    indication: IntArray
    exam_date: DayArray
    month: IntArray
    suspicion: FloatArray  # the AI's
    seen: FloatArray  # what the readers have in common
    position_reader: IntArray  # shape (n_exams, 2)
    position_call: BoolArray  # shape (n_exams, 2)
    position_suspicion: FloatArray  # shape (n_exams, 2)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of each examination, each array of shape (n_exams,)."""

    arbiter_call: BoolArray
    discordant: BoolArray
    recalled: BoolArray
    biopsy_recommended: BoolArray
    biopsied: BoolArray
    follow_up_months: FloatArray
    cancer_days: FloatArray
    known_cancer: BoolArray
    truth: FloatArray
    source: IntArray


def _exams(rates: DemoRates) -> tuple[IntArray, BoolArray]:
    """Draw indication and cancer of each examination."""
    indication = draw_codes(rates.indication_shares, rates.frame_exams, stream(f"{PART}/women"))
    prevalence = np.array(rates.indication_prevalence)[indication]
    return indication, stream(f"{PART}/cancer").random(rates.frame_exams) < prevalence


def _pairs(cancer: BoolArray, rates: DemoRates) -> tuple[IntArray, IntArray]:
    """Choose examinations without cancer and make them two of one woman each.

    A woman who came again with a cancer would have had it within 24 months of her first
    examination, whose truth would then depend on the second.
    """
    n_pairs = round(rates.two_exams * rates.frame_exams / 2)
    chosen = stream(f"{PART}/two exams").permutation(np.flatnonzero(~cancer))[: 2 * n_pairs]
    return chosen[:n_pairs], chosen[n_pairs:]


def _dates(n: int, first: IntArray, second: IntArray) -> DayArray:
    """Draw weekdays of the window; a second examination follows the first by about a year."""
    start = np.datetime64(DEMO_PLAN.window_start)
    days = np.arange(start, np.datetime64(DEMO_PLAN.window_end) + 1)
    weekdays = days[np.is_busday(days)]
    draw = stream(f"{PART}/dates")
    dates = draw.choice(weekdays, size=n)
    early = weekdays[weekdays < start + 330]
    dates[first] = draw.choice(early, size=first.size)
    later = dates[first] + draw.integers(340, 396, size=first.size)
    dates[second] = np.busday_offset(later, 0, roll="backward")
    return dates


def _seen(
    n: int, first: IntArray, second: IntArray, rates: DemoRates
) -> tuple[FloatArray, FloatArray]:
    """Draw what readers have in common and the AI's noise; both recur in a woman's second exam."""
    draw = stream(f"{PART}/seen")
    seen, other = draw.standard_normal((2, n))
    mix = rates.woman_shared, np.sqrt(1 - rates.woman_shared**2)
    for values in (seen, other):
        values[second] = mix[0] * values[first] + mix[1] * values[second]
    return seen, rates.ai_shared * seen + np.sqrt(1 - rates.ai_shared**2) * other


def reader_thresholds(rates: DemoRates) -> tuple[FloatArray, FloatArray]:
    """Return each routine reader's threshold and separation, shape (8,)."""
    threshold = ndtri(np.array(rates.reader_specificity))
    sensitivity = np.repeat([rates.specialist_sensitivity, rates.general_sensitivity], 4)
    return threshold, threshold + ndtri(sensitivity)


def _routine_readings(
    cancer: BoolArray, seen: FloatArray, rates: DemoRates
) -> tuple[IntArray, FloatArray, BoolArray]:
    """Draw two readers of each examination, their suspicion and their calls, (n_exams, 2)."""
    n = cancer.size
    threshold, separation = reader_thresholds(rates)
    draw = stream(f"{PART}/readers")
    first = draw.integers(0, threshold.size, size=n)
    second = (first + draw.integers(1, threshold.size, size=n)) % threshold.size
    reader = np.column_stack([first, second])
    own = stream(f"{PART}/reading").standard_normal((n, 2))
    noise = np.sqrt(rates.readers_shared) * seen[:, None] + np.sqrt(1 - rates.readers_shared) * own
    suspicion = noise + cancer[:, None] * separation[reader]
    return reader, suspicion, suspicion > threshold[reader]


def simulate_examinations(rates: DemoRates = DEMO_RATES) -> Examinations:
    """Simulate all examinations of the window and their two routine readings."""
    indication, cancer = _exams(rates)
    first, second = _pairs(cancer, rates)
    women = draw_women(PART, cancer, rates)
    for values in (women.age_years, women.density, women.device, women.site):
        values[second] = values[first]
    woman = np.arange(cancer.size)
    woman[second] = first
    exam_date = _dates(cancer.size, first, second)
    seen, ai_noise = _seen(cancer.size, first, second, rates)
    reader, suspicion, call = _routine_readings(cancer, seen, rates)
    months = exam_date.astype("datetime64[M]") - np.datetime64(DEMO_PLAN.window_start, "M")
    return Examinations(
        women=women,
        woman=woman,
        first_of_two=first,
        second_of_two=second,
        indication=indication,
        exam_date=exam_date,
        month=months.astype(np.int64) + 1,
        suspicion=ai_suspicion(women, ai_noise, rates),
        seen=seen,
        position_reader=reader,
        position_call=call,
        position_suspicion=suspicion,
    )


def _follow_up(n: int, rates: DemoRates) -> FloatArray:
    """Draw months of follow-up, at most to the data lock of the last examination."""
    draw = stream(f"{PART}/follow-up")
    level = draw_codes(rates.follow_up_shares, n, draw)
    limits = np.array([(24.0, 30.0), (12.0, 23.9), (1.0, 11.9), (0.0, 0.0)])[level]
    months = limits[:, 0] + (limits[:, 1] - limits[:, 0]) * draw.random(n)
    return np.asarray(np.round(months, 1), dtype=np.float64)


def follow(exams: Examinations, rates: DemoRates = DEMO_RATES) -> Outcome:
    """Follow each examination from the readings to the reference standard."""
    cancer, calls = exams.women.cancer, exams.position_call
    n = cancer.size
    draw = stream(f"{PART}/work-up").random((4, n))
    discordant = calls[:, 0] != calls[:, 1]
    arbiter_call = draw[0] < np.where(cancer, rates.arbiter_cancer, rates.arbiter_no_cancer)
    recalled = np.where(discordant, arbiter_call, calls[:, 0])
    recommended = recalled & (cancer | (draw[1] < rates.biopsy_recommended_no_cancer))
    biopsied = recommended & (cancer | (draw[2] < rates.biopsy_done))
    # A cancer that was recalled is diagnosed in weeks, an interval cancer within 24 months.
    interval_days = np.floor((2 + 22 * draw[3]) * DAYS_PER_MONTH)
    cancer_days = np.where(recalled, np.floor(7 + 38 * draw[3]), interval_days)
    follow_up = _follow_up(n, rates)
    known = cancer & (recalled | (cancer_days <= follow_up * DAYS_PER_MONTH))
    diagnosed = np.ceil(10 * cancer_days / DAYS_PER_MONTH) / 10
    follow_up = np.where(known, np.maximum(follow_up, diagnosed), follow_up)
    source = np.select([known, biopsied, follow_up >= 24, follow_up >= 12], [4, 3, 2, 1], default=0)
    return Outcome(
        arbiter_call=arbiter_call,
        discordant=discordant,
        recalled=recalled,
        biopsy_recommended=recommended,
        biopsied=biopsied,
        follow_up_months=follow_up,
        cancer_days=cancer_days,
        known_cancer=known,
        truth=only_where(source > 0, known),
        source=source,
    )
