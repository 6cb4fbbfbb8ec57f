"""The tables of the retrospective part: a weighted sample of the examinations of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, FloatArray, IntArray, ObjectArray
from toolkit.study.demo.columns import canonical_table, identifiers, only_where, stream, words
from toolkit.study.demo.population import (
    AI,
    STATUS,
    ai_scores,
    ai_status,
    lesions_of,
    readers_of,
    women_columns,
)
from toolkit.study.demo.rates import DEMO_RATES, DENSITIES, DemoRates
from toolkit.study.demo.retrospective import (
    PART,
    Examinations,
    Outcome,
    follow,
    simulate_examinations,
)

if TYPE_CHECKING:
    import pandas as pd

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
