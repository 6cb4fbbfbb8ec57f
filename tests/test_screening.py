"""The same women read with and without AI: counts by hand, pairs by key, nothing guessed."""

import numpy as np
import pandas as pd
import pytest

from toolkit.chapters.prospective import show_prospective as prospective
from toolkit.chapters.prospective.screening_endpoints import Plan, compare_screening
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.screening import paired_screening

READERS = pd.DataFrame({"reader_id": ["r1", "r2"], "kind": ["human", "human"]})


def study(women, *, drop=()):
    """Women as (truth, call without, call with); None where that reading is missing."""
    cases = pd.DataFrame({"case_id": [f"w{i}" for i in range(len(women))]})
    cases = cases.assign(
        truth=[float("nan") if w[0] is None else float(w[0]) for w in women],
        patient_id=cases["case_id"],
        follow_up_months=0.0,
        biopsied=np.nan,
    ).drop(columns=list(drop))
    rows = [
        (reader, f"w{i}", modality, float(call))
        for i, woman in enumerate(women)
        for reader, modality, call in (("r1", "unaided", woman[1]), ("r2", "aided", woman[2]))
        if call is not None
    ]
    readings = pd.DataFrame(rows, columns=["reader_id", "case_id", "modality", "call"])
    return readings.assign(session="1", status="complete", rating=np.nan), READERS, cases


# 3 cancers found both ways, 2 only with AI, 1 only without; 4 false recalls both ways, 3 with AI
# only, 5 without only; 1 recall with pending work-up; 30 women recalled by neither, 2 read one way.
WOMEN = (
    [(1, 1, 1)] * 3
    + [(1, 0, 1)] * 2
    + [(1, 1, 0)]
    + [(0, 1, 1)] * 4
    + [(0, 0, 1)] * 3
    + [(0, 1, 0)] * 5
    + [(None, 1, 1)]
    + [(None, 0, 0)] * 30
    + [(0, 0, None)] * 2
)


def compared(women=WOMEN, **changes):
    tables = study(women)
    pairs = paired_screening(*tables, modality_a="unaided", modality_b="aided")
    return compare_screening(pairs, Plan(**changes))


def test_paired_screening_keeps_women_read_both_ways():
    pairs = paired_screening(*study(WOMEN), modality_a="unaided", modality_b="aided")
    assert (pairs.n_women, pairs.n_enrolled, pairs.n_one_way) == (49, 51, 2)
    assert (int(pairs.recalled.sum()), int(pairs.pending.sum())) == (19, 1)
    np.testing.assert_array_equal(pairs.found.sum(axis=0), [4, 5])


def test_paired_screening_does_not_depend_on_the_order_of_rows():
    readings, readers, cases = study(WOMEN)
    mixed = readings.sample(frac=1, random_state=1)
    one = paired_screening(readings, readers, cases, modality_a="unaided", modality_b="aided")
    two = paired_screening(mixed, readers, cases, modality_a="unaided", modality_b="aided")
    np.testing.assert_array_equal(one.call, two.call)


def test_compare_screening_counts_by_hand():
    result = compared()
    counts = result.detection.counts
    assert (counts.both, counts.only_b, counts.only_a) == (3, 2, 1)
    assert result.detection.ratio.estimate == pytest.approx(5 / 4)
    recall = result.recall.counts
    assert (recall.both, recall.only_b, recall.only_a) == (8, 5, 6)
    assert (result.no_cancer.both, result.no_cancer.only_b, result.no_cancer.only_a) == (4, 3, 5)
    assert result.n_pending == 1
    # PPV of recall, work-up pending left out: with AI 5 of 12, without 4 of 13
    assert result.ppv_ratio.estimate == pytest.approx((5 / 12) / (4 / 13))


def test_women_recalled_by_neither_stay_unknown_while_follow_up_is_short():
    result = compared()
    assert not result.mature
    assert result.cancer.neither is None


def test_answers_follow_the_interval():
    many = [(1, 1, 1)] * 60 + [(1, 0, 1)] * 30 + [(1, 1, 0)] * 2 + [(None, 0, 0)] * 900
    assert prospective.answer(compared(many)).startswith("Yes.")
    assert prospective.answer(compared()).startswith("Not shown.")
    worse = [(1, 1, 1)] * 60 + [(1, 1, 0)] * 40 + [(None, 0, 0)] * 900
    assert prospective.answer(compared(worse)).startswith("No.")
    none = [(0, 1, 1)] * 5 + [(None, 0, 0)] * 20
    assert prospective.answer(compared(none)).startswith("Cannot be answered yet.")


def test_a_missing_reading_condition_is_refused_by_name():
    readings, readers, cases = study(WOMEN)
    with pytest.raises(ScoringError, match="aided"):
        paired_screening(
            readings[readings["modality"] == "unaided"],
            readers,
            cases,
            modality_a="unaided",
            modality_b="aided",
        )


def test_what_cannot_be_paired_is_refused_with_its_reason():
    readings, readers, cases = study(WOMEN)
    modes = {"modality_a": "unaided", "modality_b": "aided"}
    with pytest.raises(ScoringError, match="must differ, but both are 'aided'"):
        paired_screening(readings, readers, cases, modality_a="aided", modality_b="aided")
    with pytest.raises(ScoringError, match="cases are single breasts here"):
        paired_screening(readings, readers, cases.assign(laterality="L"), **modes)
    first = cases["case_id"][:20]
    one_way = readings[readings["case_id"].isin(first) == (readings["modality"] == "aided")]
    with pytest.raises(ScoringError, match="no woman was read both in modality 'unaided'"):
        paired_screening(one_way, readers, cases, **modes)
    with pytest.raises(ScoringError, match="modalities that have: none"):
        paired_screening(readings.assign(call=np.nan), readers, cases, **modes)


def test_the_arbiter_decides_where_there_is_one():
    readings, readers, cases = study([(1, 1, 1), (0, 1, 1), (None, 0, 0)])
    # A third look at w1 with AI withdraws the recall.
    third = readings.iloc[[3]].assign(reader_id="r1", call=0.0, position=3.0)
    together = pd.concat([readings.assign(position=1.0), third])
    pairs = paired_screening(together, readers, cases, modality_a="unaided", modality_b="aided")
    np.testing.assert_array_equal(pairs.call, [[1, 1], [1, 0], [0, 0]])
    np.testing.assert_array_equal(pairs.n_readings, [[1, 1], [1, 2], [1, 1]])
    assert (pairs.n_arbitrated, pairs.n_same_reader) == ((0, 1), 1)
