"""The reader study: 240 examinations read by ten readers without and with AI.

What is seen at each place (``perception``) makes the rating of a reading, its marks, its call and
part of its time, so that they agree; the true effect of AI is known: ``perception.true_auc``. Each
reader read twice, four weeks or more apart, each time half of the examinations with AI. The
column ``session`` is "1" throughout, since no reader read an examination twice in one modality;
the two occasions show in ``read_at``, the place within one in ``order``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from toolkit.arrays import BoolArray, DayArray, FloatArray, IntArray, ObjectArray
from toolkit.demo.marks import (
    Findings,
    Lesions,
    draw_lesions,
    lesion_table,
    study_images,
    study_marks,
)
from toolkit.demo.perception import (
    PART,
    SPECIALIST,
    Perception,
    draw_perception,
    examination_scale,
)
from toolkit.demo.population import (
    AI,
    canonical_table,
    draw_women,
    identifiers,
    log_time_ratio,
    only_where,
    readers_of,
    stream,
    women_columns,
    words,
)
from toolkit.demo.rates import DEMO_PLAN, DEMO_RATES, DemoRates

if TYPE_CHECKING:
    import pandas as pd

MODALITIES = ("unaided", "aided")
FIRST_DAY = np.datetime64("2025-03-03")
READ_A_DAY = 24


@dataclass(frozen=True, kw_only=True)
class StudyReadings:
    """All readings, cases in the order they are numbered; (n_cases, n_readers, 2) unless said."""

    case_id: ObjectArray  # shape (n_cases,)
    cancer: BoolArray  # shape (n_cases,)
    in_situ: BoolArray  # shape (n_cases,)
    lesions: Lesions
    perception: Perception
    place_rating: FloatArray  # shape (n_cases, n_places, n_readers, 2)
    rating: FloatArray
    ai_score: FloatArray  # shape (n_cases,)
    ai_first: BoolArray  # shape (n_cases,): with AI on the first occasion, or on the second
    order: IntArray
    read_at: DayArray
    reading_time_s: FloatArray


def _slider(suspicion: FloatArray, rates: DemoRates) -> FloatArray:
    """Return ratings of 0 to 100; every reader uses the slider the same way."""
    scaled = examination_scale(suspicion, rates) - rates.slider_middle
    return np.asarray(np.round(100 * expit(rates.slider_slope * scaled)), dtype=np.float64)


def _schedule(n_cases: int, n_readers: int) -> tuple[BoolArray, IntArray, DayArray]:
    """Return which half has AI first, and order and day of each reading.

    Half of the examinations are read with AI on the first occasion, the others on the second;
    each reader reads in an order of their own, so many a working day.
    """
    draw = stream(f"{PART}/schedule")
    ai_first = np.zeros(n_cases, dtype=bool)
    ai_first[draw.permutation(n_cases)[: n_cases // 2]] = True
    place = np.argsort(draw.random((2, n_readers, n_cases)), axis=2, kind="stable")
    days = -(-n_cases // READ_A_DAY)
    end = np.busday_offset(FIRST_DAY, days + n_readers, roll="forward")
    starts = np.array([FIRST_DAY, end + DEMO_PLAN.washout_days])
    occasion = np.column_stack([np.where(ai_first, 1, 0), np.where(ai_first, 0, 1)])[:, None, :]
    occasion = np.broadcast_to(occasion, (n_cases, n_readers, 2))
    order = np.take_along_axis(place.transpose(2, 1, 0), occasion, axis=2)
    working_days = order // READ_A_DAY + np.arange(n_readers)[None, :, None]
    return ai_first, order + 1, np.busday_offset(starts[occasion], working_days, roll="forward")


def _times(score: FloatArray, found: BoolArray, order: IntArray, rates: DemoRates) -> FloatArray:
    """Draw reading times in seconds, log-normal, longer where something is found.

    AI shortens them where its score is low.
    """
    n_cases, n_readers, _ = order.shape
    draw = stream(f"{PART}/time")
    reader = rates.time_reader_sd * draw.standard_normal((1, n_readers, 1))
    slope = rates.time_reader_slope_sd * draw.standard_normal((1, n_readers))
    exam = rates.time_exam_sd * draw.standard_normal((n_cases, 1, 1))
    log_time = np.log(rates.study_time_median_s) + reader + exam
    log_time = log_time + rates.time_residual_sd * draw.standard_normal(order.shape)
    log_time = log_time + rates.time_finding * found
    log_time = log_time - rates.time_learning * (order / n_cases - 0.5)
    log_time[:, :, 1] += log_time_ratio(score, rates)[:, None] + slope
    interrupted = draw.random(order.shape) < rates.time_interrupted
    time_s = np.exp(log_time) * np.where(interrupted, rates.interruption_factor, 1.0)
    return np.asarray(np.round(time_s, 1), dtype=np.float64)


def simulate_readings(rates: DemoRates = DEMO_RATES) -> StudyReadings:
    """Simulate the reader study."""
    n_cases, n_readers = rates.study_negative + rates.study_positive, len(SPECIALIST)
    case_id = identifiers("S", range(1, n_cases + 1), digits=3)
    cancer = stream(f"{PART}/cases").permutation(np.arange(n_cases) < rates.study_positive)
    in_situ = cancer & (stream(f"{PART}/cancer type").random(n_cases) < rates.in_situ)
    lesions = draw_lesions(case_id, cancer, in_situ[cancer], rates)
    perception = draw_perception(lesions, n_cases, rates)
    place_rating = _slider(perception.seen, rates)
    rating = place_rating.max(axis=1)
    score = np.nanmax(perception.score, axis=1)
    ai_first, order, read_at = _schedule(n_cases, n_readers)
    return StudyReadings(
        case_id=case_id,
        cancer=cancer,
        in_situ=in_situ,
        lesions=lesions,
        perception=perception,
        place_rating=place_rating,
        rating=rating,
        ai_score=score,
        ai_first=ai_first,
        order=order,
        read_at=read_at,
        reading_time_s=_times(score, rating >= rates.mark_from, order, rates),
    )


def _birads(rating: FloatArray, rates: DemoRates) -> ObjectArray:
    """Return the assessment of each rating; some recalls for more views are 0."""
    code = np.searchsorted(rates.birads_from, rating, side="right")
    draw = stream(f"{PART}/birads").random(rating.shape)
    incomplete = (code == rates.birads.index("4A")) & (draw < rates.birads_0)
    return words(np.where(incomplete, len(rates.birads), code), (*rates.birads, "0"))


def _readings(study: StudyReadings, rates: DemoRates) -> dict[str, NDArray[Any]]:
    """Return the readings table: people by day and order, then the AI by case."""
    n_cases, n_readers, _ = shape = study.rating.shape
    case_id = study.case_id
    names = identifiers("RS", range(1, n_readers + 1), digits=2)
    grid = {
        "reader_id": names[None, :, None],
        "case_id": case_id[:, None, None],
        "modality": np.array(MODALITIES, dtype=object)[None, None, :],
        "session": np.array("1", dtype=object),
        "rating": study.rating,
        "call": (study.rating >= rates.birads_from[2]).astype(np.float64),
        "birads": _birads(study.rating, rates),
        "reading_time_s": study.reading_time_s,
        "order": study.order.astype(np.float64),
        "read_at": study.read_at,
    }
    human = {name: np.broadcast_to(values, shape).ravel() for name, values in grid.items()}
    order = np.lexsort((human["order"], human["reader_id"].astype(str), human["read_at"]))
    missing = np.full(n_cases, np.nan)
    ai = {
        **dict.fromkeys(human, missing),
        "reader_id": np.full(n_cases, AI, dtype=object),
        "case_id": case_id,
        "modality": np.full(n_cases, "standalone", dtype=object),
        "session": np.full(n_cases, "1", dtype=object),
        "rating": study.ai_score,
        "birads": missing.astype(object),
        "read_at": np.full(n_cases, FIRST_DAY - np.timedelta64(14, "D")),
    }
    columns = {name: np.concatenate([human[name][order], ai[name]]) for name in human}
    complete = np.full(columns["rating"].size, "complete", dtype=object)
    return {**columns, "status": complete}


def _cases(study: StudyReadings, rates: DemoRates) -> dict[str, NDArray[Any]]:
    """Return the cases table; every examination has a reference standard of 24 months."""
    cancer = study.cancer
    draw = stream(f"{PART}/reference")
    window = np.datetime64(DEMO_PLAN.window_start), np.datetime64(DEMO_PLAN.window_end)
    days = int((window[1] - window[0]).astype(np.int64))
    exam_date = np.sort(window[0] + draw.integers(0, days, cancer.size))
    diagnosed = exam_date + draw.integers(7, 46, cancer.size)
    follow_up = np.round(24 + 6 * draw.random(cancer.size), 1)
    source = words(cancer.astype(int), ("follow_up_24_months", "pathology_malignant"))
    return {
        "case_id": study.case_id,
        "patient_id": identifiers("V", range(1, cancer.size + 1), digits=3),
        "truth": cancer.astype(np.float64),
        "truth_source": source,
        "follow_up_months": follow_up,
        "exam_date": exam_date,
        "cancer_date": only_where(cancer, diagnosed),
        "cancer_type": words(
            np.where(cancer, study.in_situ.astype(int), -1), ("invasive", "in_situ")
        ),
        **women_columns(draw_women(PART, cancer, rates), rates),
    }


def _findings(study: StudyReadings, rates: DemoRates) -> tuple[Findings, Findings]:
    """Return what readers mark, reading by reader, modality and case, and what the AI marks.

    A reader marks every place from ``mark_from`` up, each with its own rating, so that the highest
    is the rating of the examination.
    """
    by_reading = study.place_rating.transpose(2, 3, 0, 1)
    reader, modality, case, place = index = np.nonzero(by_reading >= rates.mark_from)
    perception = study.perception
    people = Findings(
        case=case,
        place=place,
        level=by_reading[index],
        exact=(modality == MODALITIES.index("aided")) & perception.marked[case, place],
        keys=_keys(
            identifiers("RS", range(1, len(SPECIALIST) + 1), digits=2)[reader],
            study.case_id[case],
            np.array(MODALITIES, dtype=object)[modality],
        ),
        reading=np.ravel_multi_index(index[:3], by_reading.shape[:3]),
    )
    case, place = index = np.nonzero(perception.marked)
    ai, standalone = (np.full(case.size, word, dtype=object) for word in (AI, "standalone"))
    machine = Findings(
        case=case,
        place=place,
        level=perception.region[index],
        exact=np.zeros(case.size, dtype=bool),
        keys=_keys(ai, study.case_id[case], standalone),
        reading=case,
    )
    return people, machine


def _keys(
    reader_id: ObjectArray, case_id: ObjectArray, modality: ObjectArray
) -> dict[str, NDArray[Any]]:
    """Return the columns that name readings."""
    session = np.full(case_id.size, "1", dtype=object)
    return {"reader_id": reader_id, "case_id": case_id, "modality": modality, "session": session}


def reader_study() -> dict[str, pd.DataFrame]:
    """Return the tables of the reader study."""
    rates = DEMO_RATES
    study = simulate_readings(rates)
    readers = readers_of(
        prefix="RS",
        specialist=SPECIALIST,
        experience_years=(18, 14, 11, 9, 8, 10, 6, 4, 3, 2),
    )
    readers["export_floor"] = np.where(readers["reader_id"] == AI, rates.ai_region_floor, np.nan)
    tables = {
        "cases": _cases(study, rates),
        "readers": readers,
        "readings": _readings(study, rates),
        "images": study_images(study.case_id),
        "lesions": lesion_table(study.lesions, study.case_id),
        "marks": study_marks(*_findings(study, rates), study.lesions, study.case_id, rates),
    }
    return {name: canonical_table(name, columns) for name, columns in tables.items()}
