"""The retrospective part: examinations of a finished window, as read then, scored by the AI now.

All examinations are simulated here, with the rates of ``DemoRates``; ``retrospective_tables``
samples them: every cancer that became known, and one in six of the others, with weights.
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
    DAYS_PER_MONTH,
    STATUS,
    Women,
    ai_scores,
    ai_status,
    ai_suspicion,
    canonical_table,
    draw_codes,
    draw_women,
    identifiers,
    lesions_of,
    only_where,
    readers_of,
    stream,
    women_columns,
    words,
)
from toolkit.demo.rates import DEMO_PLAN, DEMO_RATES, DENSITIES, DemoRates

if TYPE_CHECKING:
    import pandas as pd

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


ARBITER = 8  # place of the arbiter among the readers, after the eight who read routinely
STRATA = ("cancer known", "none known, one examination", "none known, two examinations")
SOURCES = (
    "none", "follow_up_12_months", "follow_up_24_months", "pathology_benign",
    "pathology_malignant",
)  # fmt: skip
SCORED_ON = np.datetime64("2025-06-16")  # afterwards, in one go


def _sample(
    exams: Examinations, known: BoolArray, rates: DemoRates
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the sampled examinations by date, their stratum and their weight.

    Women with two examinations are sampled as women, so that clusters stay whole.
    """
    in_pair = np.zeros(known.size, dtype=bool)
    in_pair[exams.first_of_two] = in_pair[exams.second_of_two] = True
    cancers, singles = np.flatnonzero(known), np.flatnonzero(~known & ~in_pair)
    others = rates.sampled_exams - cancers.size
    n_pairs = round(exams.first_of_two.size * others / (known.size - cancers.size))
    draw = stream(f"{PART}/sample")
    pair = draw.permutation(exams.first_of_two.size)[:n_pairs]
    single = draw.permutation(singles)[: others - 2 * n_pairs]
    pairs = np.concatenate([exams.first_of_two[pair], exams.second_of_two[pair]])
    chosen = np.concatenate([cancers, single, pairs])
    counts = cancers.size, single.size, pairs.size
    stratum = np.repeat(np.arange(3), counts)
    population = np.array([cancers.size, singles.size, 2 * exams.first_of_two.size])
    weight = (population / np.array(counts))[stratum]
    order = np.lexsort((chosen, exams.exam_date[chosen]))
    return chosen[order], stratum[order], weight[order]


def _interval_class(interval: BoolArray, seen: FloatArray, rates: DemoRates) -> ObjectArray:
    """Return the class of each interval cancer: the more was to be seen, the later in order."""
    draw = stream(f"{PART}/interval class")
    visible = seen + 0.7 * draw.standard_normal(seen.size)
    places = np.flatnonzero(interval)
    ranked = places[np.argsort(visible[places], kind="stable")]
    limits = np.round(np.cumsum(rates.interval_class_shares) * places.size).astype(np.int64)
    code = np.full(interval.size, -1)
    code[ranked] = np.searchsorted(limits, np.arange(places.size), side="right")
    return words(code, rates.interval_classes)


def _cases(
    exams: Examinations,
    outcome: Outcome,
    case_id: ObjectArray,
    in_situ: BoolArray,
    rates: DemoRates,
) -> dict[str, NDArray[Any]]:
    """Return the columns of the cases table for all examinations."""
    known = outcome.known_cancer
    diagnosed = exams.exam_date + outcome.cancer_days.astype("timedelta64[D]")
    return {
        "case_id": case_id,
        "patient_id": identifiers("W", exams.woman),
        "truth": outcome.truth,
        "truth_source": words(outcome.source, SOURCES),
        "follow_up_months": outcome.follow_up_months,
        "exam_date": exams.exam_date,
        "cancer_date": only_where(known, diagnosed),
        "cancer_type": words(np.where(known, in_situ.astype(int), -1), ("invasive", "in_situ")),
        "interval_class": _interval_class(known & ~outcome.recalled, exams.seen, rates),
        "indication": words(exams.indication, rates.indications),
        **women_columns(exams.women, rates),
        "recalled": outcome.recalled,
        "biopsy_recommended": outcome.biopsy_recommended,
        "biopsied": outcome.biopsied,
        "consensus": outcome.discordant,
    }


def _birads(call: BoolArray, suspicion: FloatArray, screening: BoolArray) -> ObjectArray:
    """Return the assessment as written: 0, 1 or 2 at screening, 1 to 5 at a diagnostic exam."""
    screened = np.where(call, 0, np.where(suspicion > 0.5, 2, 1))
    recall_step = np.searchsorted([2.3, 3.0, 3.8], suspicion) + 4
    diagnostic = np.where(call, recall_step, np.searchsorted([0.2, 1.0], suspicion) + 1)
    vocabulary = ("0", "1", "2", "3", "4A", "4B", "4C", "5")
    return words(np.where(screening, screened, diagnostic), vocabulary)


def _density_read(density: IntArray, rates: DemoRates, topic: str) -> ObjectArray:
    """Return density as a reader saw it: as on record, or a neighbour."""
    draw = stream(f"{PART}/density read {topic}")
    step = np.where(draw.random(density.size) < 0.5, -1, 1)
    wrong = draw.random(density.size) >= rates.density_read_same
    moved = density + step
    outside = (moved < 0) | (moved >= len(DENSITIES))
    return words(np.where(wrong, np.where(outside, density - step, moved), density), DENSITIES)


def _human_readings(
    exams: Examinations, outcome: Outcome, case_id: ObjectArray, chosen: IntArray, rates: DemoRates
) -> list[dict[str, NDArray[Any]]]:
    """Return the readings by position: first, second, and the arbiter where they disagreed."""
    names = identifiers("RR", range(1, ARBITER + 2), digits=2)
    screening = exams.indication == 0
    readings = []
    for place in (0, 1):
        call, suspicion = exams.position_call[:, place], exams.position_suspicion[:, place]
        columns = {
            "reader_id": names[exams.position_reader[:, place]],
            "case_id": case_id,
            "call": call.astype(np.float64),
            "birads": _birads(call, suspicion, screening),
            "density": _density_read(exams.women.density, rates, str(place + 1)),
            "read_at": exams.exam_date + np.timedelta64(place, "D"),
            "position": np.full(case_id.size, place + 1.0),
        }
        readings.append({name: values[chosen] for name, values in columns.items()})
    arbitrated = chosen[outcome.discordant[chosen]]
    readings.append(
        {
            "reader_id": np.full(arbitrated.size, names[ARBITER], dtype=object),
            "case_id": case_id[arbitrated],
            "call": outcome.arbiter_call[arbitrated].astype(np.float64),
            "birads": np.full(arbitrated.size, np.nan, dtype=object),
            "density": np.full(arbitrated.size, np.nan, dtype=object),
            "read_at": exams.exam_date[arbitrated] + np.timedelta64(3, "D"),
            "position": np.full(arbitrated.size, 3.0),
        }
    )
    return readings


def _readings(
    exams: Examinations, outcome: Outcome, case_id: ObjectArray, chosen: IntArray, rates: DemoRates
) -> dict[str, NDArray[Any]]:
    """Return the readings table of the sampled examinations, ordered by case and position."""
    human = _human_readings(exams, outcome, case_id, chosen, rates)
    status = ai_status(PART, exams.month, rates.retrospective_incident_month, rates)[chosen]
    n, n_human = chosen.size, sum(rows["case_id"].size for rows in human)
    empty = np.full(n, np.nan, dtype=object)
    ai = {
        "reader_id": np.full(n, AI, dtype=object),
        "case_id": case_id[chosen],
        "call": np.full(n, np.nan),
        "birads": empty,
        "density": empty,
        "read_at": np.full(n, SCORED_ON),
        "position": np.full(n, np.nan),
    }
    columns = {name: np.concatenate([*(rows[name] for rows in human), ai[name]]) for name in ai}
    columns["modality"] = np.repeat(np.array(["unaided", "standalone"], dtype=object), (n_human, n))
    columns["session"] = np.full(n_human + n, "1", dtype=object)
    score = only_where(status == 0, ai_scores(exams.suspicion[chosen], rates))
    columns["rating"] = np.concatenate([np.full(n_human, np.nan), score])
    columns["status"] = words(np.concatenate([np.zeros(n_human, dtype=np.int64), status]), STATUS)
    order = np.lexsort((columns["position"], columns["case_id"].astype(str)))
    return {name: values[order] for name, values in columns.items()}


def retrospective() -> dict[str, pd.DataFrame]:
    """Return the tables of the retrospective part."""
    rates = DEMO_RATES
    exams = simulate_examinations(rates)
    outcome = follow(exams, rates)
    chosen, stratum, weight = _sample(exams, outcome.known_cancer, rates)
    case_id = np.full(exams.woman.size, "", dtype=object)
    case_id[chosen] = identifiers("R", range(1, chosen.size + 1))
    in_situ = stream(f"{PART}/cancer type").random(case_id.size) < rates.in_situ
    everything = _cases(exams, outcome, case_id, in_situ, rates)
    cases = {name: values[chosen] for name, values in everything.items()}
    cases |= {"stratum": words(stratum, STRATA), "weight": weight}
    found = chosen[outcome.known_cancer[chosen]]
    readers = readers_of(
        prefix="RR",
        specialist=[True] * 4 + [False] * 4 + [True],
        experience_years=(16, 12, 9, 8, 7, 5, 3, 2, 21),
    )
    tables = {
        "cases": cases,
        "readers": readers,
        "readings": _readings(exams, outcome, case_id, chosen, rates),
        "lesions": lesions_of(PART, case_id[found], in_situ[found], rates),
    }
    return {name: canonical_table(name, columns) for name, columns in tables.items()}
