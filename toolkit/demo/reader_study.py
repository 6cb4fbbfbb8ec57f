"""The reader study: 240 examinations read by ten readers without and with AI.

Ratings follow the Roe-Metz model, so that the true effect of AI is known: ``true_auc``. Each
reader read twice, four weeks or more apart, each time half of the examinations with AI. The
column ``session`` is "1" throughout, since no reader read an examination twice in one modality;
the two occasions show in ``read_at``, the place within one in ``order``.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, DayArray, FloatArray, IntArray, ObjectArray
from toolkit.demo.marks import draw_lesions, lesion_table, study_images, study_marks
from toolkit.demo.population import (
    AI,
    ai_scores,
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
from toolkit.stats.simulation import (
    RoeMetzComponents,
    binormal_separation,
    roe_metz_auc,
    roe_metz_ratings,
    roe_metz_separation,
    simulated_truth,
)

if TYPE_CHECKING:
    import pandas as pd

PART = "reader_study"
MODALITIES = ("unaided", "aided")
SPECIALIST = (True,) * 5 + (False,) * 5
FIRST_DAY = np.datetime64("2025-03-03")
READ_A_DAY = 24


@dataclass(frozen=True, kw_only=True)
class StudyReadings:
    """All readings, cases in the order they are numbered; (n_cases, n_readers, 2) unless said."""

    cancer: BoolArray  # shape (n_cases,)
    suspicion: FloatArray
    rating: FloatArray
    ai_score: FloatArray  # shape (n_cases,)
    ai_first: BoolArray  # shape (n_cases,): with AI on the first occasion, or on the second
    order: IntArray
    read_at: DayArray
    reading_time_s: FloatArray


def components(rates: DemoRates = DEMO_RATES) -> RoeMetzComponents:
    """Return the variances of the readers' ratings."""
    names = (field.name for field in fields(RoeMetzComponents))
    return RoeMetzComponents(**dict(zip(names, rates.variances, strict=True)))


def _effects(rates: DemoRates) -> tuple[float, FloatArray]:
    """Return the separation of specialists without AI, and what is added, (n_readers, 2)."""
    areas = np.where(np.array(SPECIALIST)[:, None], rates.specialist_auc, rates.general_auc)
    separation = roe_metz_separation(areas, components=components(rates))
    return float(separation[0, 0]), separation - separation[0, 0]


def true_auc(rates: DemoRates = DEMO_RATES) -> FloatArray:
    """Return the true area of each reader's like, shape (n_readers, 2): unaided, aided."""
    separation, effect = _effects(rates)
    return roe_metz_auc(separation, modality_effect=effect, components=components(rates))


def _suspicion(rates: DemoRates) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Draw truth, readers' suspicion and the AI's, cases shuffled."""
    n_negative, n_positive = rates.study_negative, rates.study_positive
    draw = stream(f"{PART}/cases")
    cancer = simulated_truth(n_negative, n_positive)
    case_effect, other = draw.standard_normal((2, cancer.size))
    separation, effect = _effects(rates)
    readers = roe_metz_ratings(
        n_negative,
        n_positive,
        len(SPECIALIST),
        separation=separation,
        modality_effect=effect,
        components=components(rates),
        rng=stream(f"{PART}/ratings"),
        case_effect=case_effect,
    )
    shared = rates.study_ai_shared
    noise = np.sqrt(shared) * case_effect + np.sqrt(1 - shared) * other
    ai = cancer * binormal_separation(rates.study_ai_auc) + noise
    shuffled = draw.permutation(cancer.size)
    return cancer[shuffled], readers[shuffled], ai[shuffled]


def _slider(suspicion: FloatArray, rates: DemoRates) -> FloatArray:
    """Return ratings of 0 to 100; every reader uses the slider the same way."""
    odds = np.exp(rates.slider_slope * (suspicion - rates.slider_middle))
    return np.asarray(np.round(100 * odds / (1 + odds)), dtype=np.float64)


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


def _times(score: FloatArray, order: IntArray, rates: DemoRates) -> FloatArray:
    """Draw reading times in seconds, log-normal; AI shortens them where its score is low."""
    n_cases, n_readers, _ = order.shape
    draw = stream(f"{PART}/time")
    reader = rates.time_reader_sd * draw.standard_normal((1, n_readers, 1))
    slope = rates.time_reader_slope_sd * draw.standard_normal((1, n_readers))
    exam = rates.time_exam_sd * draw.standard_normal((n_cases, 1, 1))
    log_time = np.log(rates.study_time_median_s) + reader + exam
    log_time = log_time + rates.time_residual_sd * draw.standard_normal(order.shape)
    log_time = log_time - rates.time_learning * (order / n_cases - 0.5)
    log_time[:, :, 1] += log_time_ratio(score, rates)[:, None] + slope
    interrupted = draw.random(order.shape) < rates.time_interrupted
    time_s = np.exp(log_time) * np.where(interrupted, rates.interruption_factor, 1.0)
    return np.asarray(np.round(time_s, 1), dtype=np.float64)


def simulate_readings(rates: DemoRates = DEMO_RATES) -> StudyReadings:
    """Simulate the reader study."""
    cancer, suspicion, ai = _suspicion(rates)
    n_cases, n_readers, _ = suspicion.shape
    score = ai_scores(ai, rates)
    ai_first, order, read_at = _schedule(n_cases, n_readers)
    return StudyReadings(
        cancer=cancer,
        suspicion=suspicion,
        rating=_slider(suspicion, rates),
        ai_score=score,
        ai_first=ai_first,
        order=order,
        read_at=read_at,
        reading_time_s=_times(score, order, rates),
    )


def _birads(rating: FloatArray, rates: DemoRates) -> ObjectArray:
    """Return the assessment of each rating; some recalls for more views are 0."""
    code = np.searchsorted(rates.birads_from, rating, side="right")
    draw = stream(f"{PART}/birads").random(rating.shape)
    incomplete = (code == rates.birads.index("4A")) & (draw < rates.birads_0)
    return words(np.where(incomplete, len(rates.birads), code), (*rates.birads, "0"))


def _readings(
    study: StudyReadings, case_id: ObjectArray, rates: DemoRates
) -> dict[str, NDArray[Any]]:
    """Return the readings table: people by day and order, then the AI by case."""
    n_cases, n_readers, _ = shape = study.rating.shape
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


def _cases(study: StudyReadings, case_id: ObjectArray, rates: DemoRates) -> dict[str, NDArray[Any]]:
    """Return the cases table; every examination has a reference standard of 24 months."""
    cancer = study.cancer
    draw = stream(f"{PART}/reference")
    window = np.datetime64(DEMO_PLAN.window_start), np.datetime64(DEMO_PLAN.window_end)
    days = int((window[1] - window[0]).astype(np.int64))
    exam_date = np.sort(window[0] + draw.integers(0, days, cancer.size))
    diagnosed = exam_date + draw.integers(7, 46, cancer.size)
    in_situ = draw.random(cancer.size) < rates.in_situ
    follow_up = np.round(24 + 6 * draw.random(cancer.size), 1)
    source = words(cancer.astype(int), ("follow_up_24_months", "pathology_malignant"))
    return {
        "case_id": case_id,
        "patient_id": identifiers("V", range(1, cancer.size + 1), digits=3),
        "truth": cancer.astype(np.float64),
        "truth_source": source,
        "follow_up_months": follow_up,
        "exam_date": exam_date,
        "cancer_date": only_where(cancer, diagnosed),
        "cancer_type": words(np.where(cancer, in_situ.astype(int), -1), ("invasive", "in_situ")),
        **women_columns(draw_women(PART, cancer, rates), rates),
    }


def reader_study() -> dict[str, pd.DataFrame]:
    """Return the tables of the reader study."""
    rates = DEMO_RATES
    study = simulate_readings(rates)
    case_id = identifiers("S", range(1, study.cancer.size + 1), digits=3)
    cases = _cases(study, case_id, rates)
    readings = _readings(study, case_id, rates)
    in_situ = cases["cancer_type"][study.cancer] == "in_situ"
    lesions = draw_lesions(case_id, study.cancer, in_situ, rates)
    readers = readers_of(
        prefix="RS",
        specialist=SPECIALIST,
        experience_years=(18, 14, 11, 9, 8, 10, 6, 4, 3, 2),
    )
    readers["export_floor"] = np.where(readers["reader_id"] == AI, rates.ai_region_floor, np.nan)
    tables = {
        "cases": cases,
        "readers": readers,
        "readings": readings,
        "images": study_images(case_id),
        "lesions": lesion_table(lesions, case_id),
        "marks": study_marks(readings, lesions, case_id, rates),
    }
    return {name: canonical_table(name, columns) for name, columns in tables.items()}
