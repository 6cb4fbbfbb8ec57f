"""A blinded look at a running study: counts by month by hand, pseudonyms that tell nothing."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from toolkit.chapters.monitoring.analysis import (
    EnrolmentPlan,
    RecallPlan,
    ai_failures,
    analyse,
    pseudonyms,
    reader_funnel,
    study_look,
)
from toolkit.scoring.ratings import ScoringError

DATES = ["2024-01-03", "2024-01-20", "2024-02-11", "2024-02-28", "2024-03-05", "2024-04-09"]
CASES = pd.DataFrame(
    {"case_id": [f"w{i}" for i in range(6)], "exam_date": pd.to_datetime(DATES)}
).assign(patient_id=lambda frame: frame["case_id"])
READERS = pd.DataFrame(
    {"reader_id": ["anna", "binh", "AI"], "kind": ["human", "human", "ai"], "product": "P"}
)
ROWS = [
    ("anna", "w0", "unaided", 1.0, "complete"),
    ("binh", "w0", "aided", 0.0, "complete"),
    ("anna", "w1", "unaided", 0.0, "complete"),
    ("binh", "w1", "aided", 0.0, "complete"),
    ("anna", "w2", "unaided", 0.0, "complete"),
    ("anna", "w3", "unaided", 1.0, "complete"),
    ("anna", "w4", "unaided", 1.0, "complete"),
    ("anna", "w5", "unaided", 1.0, "complete"),
    ("AI", "w0", "standalone", np.nan, "complete"),
    ("AI", "w1", "standalone", np.nan, "failed"),
    ("AI", "w2", "standalone", np.nan, "missing"),
    ("AI", "w3", "standalone", np.nan, "complete"),
]
READINGS = pd.DataFrame(
    ROWS, columns=["reader_id", "case_id", "modality", "call", "status"]
).assign(session="1", rating=np.nan)


ENROLMENT = EnrolmentPlan(
    target=200, planned_months=24, extension_months=12, ramp_months=6, pace_months=4
)
RECALLS = RecallPlan(rate=0.1, rise=1.5, fall=0.5, false_alarm=0.05, simulations=200)


def look(month=2):
    return study_look(CASES, READINGS, READERS, look_month=month, seed=1)


def monitored(look_month=2):
    """What chapter 20 makes of the tables."""
    tables = SimpleNamespace(cases=CASES, readings=READINGS, readers=READERS)
    return analyse(tables, look_month=look_month, seed=1, enrolment=ENROLMENT, recalls=RECALLS)


def test_look_counts_months_and_leaves_later_ones_out():
    seen = look()
    np.testing.assert_array_equal(seen.monthly_counts, [2, 2])
    assert (seen.n_months, seen.n_later) == (2, 2)
    assert seen.recalled.sum() == 2  # w0 by one of its two readings, and w3


def test_look_counts_both_modes_together_by_pseudonym():
    seen = look()
    assert sorted(seen.reader_readings.tolist()) == [2, 4]
    assert seen.reader_recalls.sum() == 2
    assert not {"anna", "binh"} & set(seen.labels)


def test_pseudonyms_are_redrawn_for_each_look_and_stay_for_one():
    assert pseudonyms(5, seed=1, look_month=3) == pseudonyms(5, seed=1, look_month=3)
    assert pseudonyms(5, seed=1, look_month=3) != pseudonyms(5, seed=1, look_month=4)
    assert len(set(pseudonyms(50, seed=1, look_month=3))) == 50
    with pytest.raises(ScoringError, match="readers need a pseudonym"):
        pseudonyms(10_000, seed=1, look_month=3)


def test_ai_failures_keep_failed_and_missing_apart():
    failures = ai_failures(look())
    assert failures.overall.denominator == 4
    assert failures.overall.numerator == 2
    assert sum(failures.causes.values()) == 2
    assert len([n for n in failures.causes.values() if n]) == 2


def test_ai_failures_without_an_ai_are_none():
    people = READERS[READERS["kind"] == "human"]
    readings = READINGS[READINGS["reader_id"] != "AI"]
    assert ai_failures(study_look(CASES, readings, people, look_month=2, seed=1)) is None


def test_reader_funnel_uses_the_common_rate():
    funnel = reader_funnel(look())
    assert funnel.common.numerator == 2
    assert funnel.common.denominator == 6


def test_look_without_a_month_or_a_date_is_refused():
    with pytest.raises(ScoringError, match="look_month must be 1 or more, but got 0"):
        look(0)
    with pytest.raises(ScoringError, match=r"no examination has a date \(cases.exam_date\)"):
        study_look(CASES.drop(columns="exam_date"), READINGS, READERS, look_month=2, seed=1)


def test_look_leaves_out_and_counts_examinations_without_a_date():
    cases = CASES.assign(exam_date=CASES["exam_date"].where(CASES["case_id"] != "w1"))
    seen = study_look(cases, READINGS, READERS, look_month=2, seed=1)
    assert (seen.monthly_counts.tolist(), seen.n_undated, seen.n_later) == ([1, 2], 1, 2)


def test_a_woman_examined_twice_is_enrolled_once():
    twice = CASES.assign(patient_id=["p0", "p1", "p0", None, None, "p5"])
    seen = study_look(twice, READINGS, READERS, look_month=2, seed=1)
    # w2 is the second examination of w0's woman; cases without a patient are women of their own.
    np.testing.assert_array_equal(seen.monthly_counts, [2, 1])
    assert seen.recalled.size == 4


def test_a_look_needs_dates_and_a_complete_month():
    cases = pd.DataFrame({"case_id": ["w0"], "patient_id": ["w0"]})
    with pytest.raises(ScoringError, match="no examination has a date"):
        study_look(cases, pd.DataFrame(), pd.DataFrame(), look_month=3, seed=1)
    with pytest.raises(ScoringError, match="look_month must be 1 or more"):
        study_look(cases, pd.DataFrame(), pd.DataFrame(), look_month=0, seed=1)


def test_study_prints_as_a_short_summary():
    text = repr(monitored())
    assert "2 of 2 to look at" in text
    assert "4 of 200" in text


def test_an_arbiter_is_not_in_the_funnel_of_readers():
    position = READINGS["reader_id"].map({"anna": 1.0, "binh": 3.0})
    made = study_look(CASES, READINGS.assign(position=position), READERS, look_month=2, seed=1)
    assert made.reader_readings.tolist() == [4]  # anna alone
    assert made.recalled.tolist() == look().recalled.tolist()
