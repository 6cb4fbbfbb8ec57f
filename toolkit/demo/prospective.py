"""The prospective part: each woman read without AI by one reader and with AI by another.

The tables stand at the end of month 24. A woman is recalled if either reading asks for it. Her
truth is known once she was worked up, or came back a year later; for most it is still missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from toolkit.arrays import BoolArray, DayArray, FloatArray, IntArray, ObjectArray
from toolkit.demo.population import (
    AI,
    STATUS,
    Women,
    ai_scores,
    ai_status,
    ai_suspicion,
    canonical_table,
    draw_women,
    identifiers,
    lesions_of,
    log_time_ratio,
    months_between,
    only_where,
    readers_of,
    stream,
    women_columns,
    words,
)
from toolkit.demo.rates import DEMO_PLAN, DEMO_RATES, DemoRates

if TYPE_CHECKING:
    import pandas as pd

PART = "prospective"
SPECIALIST = (True, True, False, True, False, True, False, False, True, False, True, False)
# A recall that was closed without a biopsy was closed by the assessment meeting: a panel.
SOURCES = (
    "none", "expert_panel", "follow_up_12_months", "pathology_benign", "pathology_malignant",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """The women in order of enrolment and both readings; (n_women,) unless it says else.

    Where there are two columns, the first is the reading without AI, the second with AI.
    """

    women: Women
    month: IntArray
    exam_date: DayArray
    score: FloatArray
    ai_status: IntArray
    reader: IntArray  # shape (n_women, 2)
    call: BoolArray  # shape (n_women, 2)
    read: BoolArray  # shape (n_women, 2): False where the reading is missing
    reading_time_s: FloatArray  # shape (n_women, 2)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What is known of each woman at the end of month 24, each array of shape (n_women,)."""

    recalled: BoolArray
    biopsy_recommended: BoolArray
    biopsied: BoolArray
    follow_up_months: FloatArray
    cancer_date: DayArray
    truth: FloatArray
    source: IntArray


def expected_women(rates: DemoRates = DEMO_RATES) -> FloatArray:
    """Return the expected women of each month, shape (24,): a ramp, then a pace below the plan."""
    month = np.arange(1, DEMO_PLAN.months + 1)
    ramp = np.minimum(1.0, (month - 0.5) / DEMO_PLAN.ramp_up_months)
    holiday = np.where(np.isin(month, rates.new_year_months), rates.new_year_share, 1.0)
    return np.asarray(rates.monthly_women * ramp * holiday, dtype=np.float64)


def _accrual(rates: DemoRates) -> tuple[IntArray, DayArray]:
    """Draw month (from 1) and date of each enrolment, gamma-Poisson a month, on weekdays."""
    draw = stream(f"{PART}/accrual")
    shape = rates.monthly_variation**-2
    pace = expected_women(rates) * draw.gamma(shape, 1 / shape, size=DEMO_PLAN.months)
    month = np.repeat(np.arange(1, DEMO_PLAN.months + 1), draw.poisson(pace))
    start = np.datetime64(DEMO_PLAN.accrual_start, "M") + (month - 1)
    first = np.busday_offset(start.astype("datetime64[D]"), 0, roll="forward")
    working_days = np.busday_count(first, (start + 1).astype("datetime64[D]"))
    working_day = np.floor(working_days * draw.random(month.size)).astype(np.int64)
    exam_date = np.busday_offset(first, working_day)
    order = np.argsort(exam_date, kind="stable")
    return month[order], exam_date[order]


def _assigned_readers(n: int, rates: DemoRates) -> IntArray:
    """Draw two different readers of each woman in proportion to their work, (n, 2)."""
    draw = stream(f"{PART}/readers")
    # The two that come first in a race with these rates; a coin says who sees the AI.
    times = draw.standard_exponential((n, len(rates.reader_work))) / np.array(rates.reader_work)
    pair = np.argsort(times, axis=1, kind="stable")[:, :2]
    return np.where(draw.random((n, 1)) < 0.5, pair, pair[:, ::-1])


def call_probability(
    cancer: BoolArray, reader: IntArray, has_score: BoolArray, rates: DemoRates
) -> FloatArray:
    """Return the probability that each of the two readings recalls, (n_women, 2).

    Without a score the second reading is one without AI as well.
    """
    detection = np.where(
        np.array(SPECIALIST)[:, None], rates.specialist_detection, rates.general_detection
    )
    false_recall = np.outer(rates.reader_recall, rates.false_recall)
    modality = np.column_stack([np.zeros_like(has_score), has_score]).astype(np.int64)
    rate = np.where(cancer[:, None], detection[reader, modality], false_recall[reader, modality])
    return np.asarray(rate, dtype=np.float64)


def _noise(n: int, rates: DemoRates) -> tuple[FloatArray, FloatArray]:
    """Draw correlated standard normal suspicion of the AI, (n,), and of both readings, (n, 2)."""
    ai, first, second = stream(f"{PART}/suspicion").standard_normal((3, n))
    # The Cholesky factor by hand: no linear algebra library, so no dependence on its threads.
    without, with_ai = rates.ai_correlation
    own = np.sqrt(1 - without**2)
    shared = (rates.readers_correlation - without * with_ai) / own
    rest = np.sqrt(1 - with_ai**2 - shared**2)
    readings = [without * ai + own * first, with_ai * ai + shared * first + rest * second]
    return ai, np.column_stack(readings)


def _times(
    score: FloatArray, has_score: BoolArray, reader: IntArray, rates: DemoRates
) -> FloatArray:
    """Draw reading times in seconds, (n_women, 2), log-normal; AI acts as in the reader study."""
    draw = stream(f"{PART}/time")
    habit = rates.time_reader_sd * draw.standard_normal(len(SPECIALIST))
    exam = rates.time_exam_sd * draw.standard_normal((score.size, 1))
    residual = rates.time_residual_sd * draw.standard_normal(reader.shape)
    log_time = np.log(rates.prospective_time_median_s) + habit[reader] + exam + residual
    log_time[:, 1] += np.where(has_score, log_time_ratio(score, rates), 0.0)
    return np.asarray(np.round(np.exp(log_time), 1), dtype=np.float64)


def enrol(rates: DemoRates = DEMO_RATES) -> Enrolled:
    """Simulate enrolment, the AI's scores and both readings of every woman."""
    month, exam_date = _accrual(rates)
    n = month.size
    women = draw_women(PART, stream(f"{PART}/cancer").random(n) < rates.prevalence, rates)
    status = ai_status(PART, month, rates.prospective_incident_month, rates)
    ai_noise, noise = _noise(n, rates)
    score = ai_scores(ai_suspicion(women, ai_noise, rates), rates)
    reader = _assigned_readers(n, rates)
    rate = call_probability(women.cancer, reader, status == 0, rates)
    read = stream(f"{PART}/unread").random((n, 2)) >= rates.reading_missing
    return Enrolled(
        women=women,
        month=month,
        exam_date=exam_date,
        score=score,
        ai_status=status,
        reader=reader,
        call=read & (noise > ndtri(1 - rate)),
        read=read,
        reading_time_s=_times(score, status == 0, reader, rates),
    )


def follow(enrolled: Enrolled, rates: DemoRates = DEMO_RATES) -> Outcome:
    """Follow each woman to the end of month 24."""
    cancer, exam_date = enrolled.women.cancer, enrolled.exam_date
    lock = np.datetime64(DEMO_PLAN.data_lock)
    draw = stream(f"{PART}/work-up").random((5, cancer.size))
    recalled = enrolled.call[:, 0] | enrolled.call[:, 1]
    assessed = exam_date + np.floor(4 + 18 * draw[0]).astype("timedelta64[D]")
    worked_up = recalled & (assessed <= lock)
    recommended = worked_up & (cancer | (draw[1] < rates.biopsy_recommended_no_cancer))
    biopsied = recommended & (cancer | (draw[2] < rates.biopsy_done))
    elapsed = months_between(exam_date, np.broadcast_to(lock, exam_date.shape))
    back = (elapsed >= 12) & (draw[3] < rates.returned)
    interval_date = exam_date + np.floor(60 + 305 * draw[4]).astype("timedelta64[D]")
    found = (worked_up | back) & cancer
    source = np.select([found, biopsied, back, worked_up], [4, 3, 2, 1], default=0)
    return Outcome(
        recalled=recalled,
        biopsy_recommended=recommended,
        biopsied=biopsied,
        follow_up_months=np.where(back, np.floor(elapsed), 0.0),
        cancer_date=only_where(found, np.where(recalled, assessed, interval_date)),
        truth=only_where(source > 0, cancer),
        source=source,
    )


def _cases(
    enrolled: Enrolled, outcome: Outcome, case_id: ObjectArray, in_situ: BoolArray, rates: DemoRates
) -> dict[str, NDArray[Any]]:
    """Return the cases table; a biopsy is missing while the work-up of a recall is pending."""
    n = case_id.size
    known = outcome.truth == 1
    settled = ~outcome.recalled | (outcome.source > 0)
    return {
        "case_id": case_id,
        "patient_id": identifiers("Q", range(1, n + 1)),
        "truth": outcome.truth,
        "truth_source": words(outcome.source, SOURCES),
        "follow_up_months": outcome.follow_up_months,
        "exam_date": enrolled.exam_date,
        "cancer_date": outcome.cancer_date,
        "cancer_type": words(np.where(known, in_situ.astype(int), -1), ("invasive", "in_situ")),
        "indication": np.full(n, "screening", dtype=object),
        **women_columns(enrolled.women, rates),
        "recalled": outcome.recalled,
        "biopsy_recommended": only_where(settled, outcome.biopsy_recommended),
        "biopsied": only_where(settled, outcome.biopsied),
    }


def _readings(enrolled: Enrolled, case_id: ObjectArray) -> dict[str, NDArray[Any]]:
    """Return the readings table: without AI, with AI and the AI itself, woman by woman."""
    shape = n, _ = case_id.size, 3
    names = np.append(identifiers("RP", range(1, len(SPECIALIST) + 1), digits=2), AI)
    reader = np.column_stack([enrolled.reader, np.full(n, names.size - 1)])
    missing = np.full((n, 1), np.nan)
    status = np.column_stack([np.where(enrolled.read, 0, 2), enrolled.ai_status])
    score = only_where(enrolled.ai_status == 0, enrolled.score)
    human_call = only_where(enrolled.read, enrolled.call)
    human_time = only_where(enrolled.read, enrolled.reading_time_s)
    modalities = np.array(["unaided", "aided", "standalone"], dtype=object)
    columns = {
        "reader_id": names[reader],
        "case_id": np.broadcast_to(case_id[:, None], shape),
        "modality": np.broadcast_to(modalities, shape),
        "session": np.full(shape, "1", dtype=object),
        "rating": np.column_stack([np.full((n, 2), np.nan), score]),
        "call": np.column_stack([human_call, missing]),
        "status": words(status, STATUS),
        "reading_time_s": np.column_stack([human_time, missing]),
        "read_at": np.broadcast_to(enrolled.exam_date[:, None], shape),
    }
    return {name: np.asarray(values).ravel() for name, values in columns.items()}


def prospective() -> dict[str, pd.DataFrame]:
    """Return the tables of the prospective part."""
    rates = DEMO_RATES
    enrolled = enrol(rates)
    outcome = follow(enrolled, rates)
    case_id = identifiers("P", range(1, enrolled.month.size + 1))
    in_situ = stream(f"{PART}/cancer type").random(case_id.size) < rates.in_situ
    known = outcome.truth == 1
    readers = readers_of(
        prefix="RP",
        specialist=SPECIALIST,
        experience_years=(15, 12, 4, 10, 6, 9, 3, 1, 18, 5, 8, 2),
    )
    tables = {
        "cases": _cases(enrolled, outcome, case_id, in_situ, rates),
        "readers": readers,
        "readings": _readings(enrolled, case_id),
        "lesions": lesions_of(PART, case_id[known], in_situ[known], rates),
    }
    return {name: canonical_table(name, columns) for name, columns in tables.items()}
