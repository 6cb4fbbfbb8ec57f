"""Readings to arrays: joined by key, nothing guessed, nothing lost unseen."""

import math

import numpy as np
import pandas as pd
import pytest

from toolkit.scoring.pairing import pair_with_ai
from toolkit.scoring.ratings import (
    ScoringError,
    panel_call,
    rating_array,
    reader_labels,
)

READERS = pd.DataFrame(
    {
        "reader_id": ["anna", "AI-1", "binh"],
        "kind": ["human", "ai", "human"],
        "product": [None, "Product", None],
        "version": [None, "2.0", None],
    }
)
CASES = pd.DataFrame(
    {
        "case_id": ["c3", "c1", "c2", "c4"],
        "patient_id": ["p2", "p1", "p1", np.nan],
        "truth": [1.0, 0.0, 1.0, np.nan],
        "recalled": [1.0, 0.0, 0.0, 0.0],
    }
)


def readings(rows):
    frame = pd.DataFrame(rows, columns=["reader_id", "case_id", "modality", "rating", "call"])
    return frame.assign(session="1", status="complete")


FULL = readings(
    [
        ("binh", "c1", "unaided", 10, 0),
        ("anna", "c1", "unaided", 20, 0),
        ("anna", "c2", "unaided", 60, 1),
        ("binh", "c3", "unaided", 90, 1),
        ("anna", "c4", "unaided", 5, 0),
        ("anna", "c3", "aided", 99, 1),
        ("AI-1", "c3", "standalone", 9.5, np.nan),
        ("AI-1", "c1", "standalone", 1.5, np.nan),
    ]
)


def humans(**changes):
    return rating_array(FULL, READERS, CASES, kind="human", modality="unaided", **changes)


def machine():
    return rating_array(FULL, READERS, CASES, kind="ai", modality="standalone")


def test_rating_array_joins_by_key_in_the_order_of_the_cases():
    array = humans()
    assert list(array.case_id) == ["c3", "c1", "c2"]
    assert array.labels == ("R1", "R2")
    np.testing.assert_array_equal(array.truth, [1, 0, 1])
    np.testing.assert_array_equal(array.rating, [[math.nan, 90], [20, 10], [60, math.nan]])
    assert array.n_without_truth == 1


def test_rating_array_does_not_depend_on_the_order_of_rows():
    shuffled = FULL.sample(frac=1, random_state=3)
    again = rating_array(shuffled, READERS, CASES, kind="human", modality="unaided")
    np.testing.assert_array_equal(again.rating, humans().rating)


def test_rating_array_numbers_patients_so_that_cases_of_one_share_it():
    array = humans()
    assert array.patient[1] == array.patient[2] != array.patient[0]


def test_rating_array_counts_failed_and_missing_apart():
    frame = pd.concat([FULL, readings([("AI-1", "c2", "standalone", np.nan, np.nan)] * 1)])
    frame.loc[frame["rating"].isna(), "status"] = "failed"
    array = rating_array(frame, READERS, CASES, kind="ai", modality="standalone")
    assert (array.n_failed, array.n_missing, array.n_cases) == (1, 0, 2)


def test_rating_array_without_readings_raises_or_is_empty():
    with pytest.raises(ScoringError, match="no reading of kind 'human' in modality 'blind'"):
        rating_array(FULL, READERS, CASES, kind="human", modality="blind")
    empty = rating_array(FULL, READERS, CASES, kind="human", modality="blind", required=False)
    assert (empty.n_cases, empty.labels) == (0, ())


def test_called_from_makes_calls_only_where_there_is_none():
    array = machine().called_from(5)
    np.testing.assert_array_equal(array.call[:, 0], [1, 0])
    kept = humans().called_from(95)
    assert kept.call[0, 1] == 1
    np.testing.assert_array_equal(machine().called_from(None).call, machine().call)


def test_pair_with_ai_keeps_common_cases_and_counts_the_rest():
    pairs = pair_with_ai(humans(), machine())
    assert list(pairs.readers.case_id) == list(pairs.ai.case_id) == ["c3", "c1"]
    np.testing.assert_array_equal(pairs.ai_rating, [9.5, 1.5])
    assert (pairs.n_only_readers, pairs.n_only_ai) == (1, 0)


def test_pair_with_ai_refuses_two_versions_and_no_common_case():
    with pytest.raises(ScoringError, match=r"2 AI readers \(R1, R2\) rated these cases"):
        pair_with_ai(machine(), humans())
    lonely = machine().take(np.array([], dtype=np.int64))
    with pytest.raises(ScoringError, match="no case is in both sets of readings"):
        pair_with_ai(humans(), lonely)


def test_panel_call_by_each_rule():
    array = humans()
    np.testing.assert_array_equal(panel_call(array, rule="majority"), [1, 0, 1])
    np.testing.assert_array_equal(panel_call(array, rule="any"), [1, 0, 1])
    np.testing.assert_array_equal(panel_call(array, rule="programme"), [1, 0, 0])


@pytest.mark.parametrize(
    ("calls", "majority", "any_reader"),
    [([1, 0], 0, 1), ([1, 1, 0], 1, 1), ([0, 0, 1], 0, 1), ([math.nan, 1], 1, 1)],
)
def test_panel_call_needs_more_than_half(calls, majority, any_reader):
    rows = [(f"r{i}", "c1", "unaided", 0, call) for i, call in enumerate(calls)]
    people = pd.DataFrame({"reader_id": [row[0] for row in rows], "kind": "human"})
    people = people.assign(product=None, version=None)
    array = rating_array(readings(rows), people, CASES, kind="human", modality="unaided")
    assert panel_call(array, rule="majority")[0] == majority
    assert panel_call(array, rule="any")[0] == any_reader


def test_reader_labels_are_pseudonyms():
    assert reader_labels(READERS) == {"anna": "R1", "binh": "R2", "AI-1": "Product 2.0"}


def sessions(rows):
    frame = pd.DataFrame(rows, columns=["reader_id", "case_id", "modality", "session", "rating"])
    return frame.assign(status="complete", call=np.nan)


COUNTERBALANCED = sessions(
    [
        ("anna", "c1", "unaided", "1", 10),
        ("anna", "c2", "unaided", "2", 20),
        ("anna", "c1", "aided", "2", 11),
        ("anna", "c2", "aided", "1", 21),
        ("binh", "c1", "unaided", "2", 12),
    ]
)


def test_rating_array_of_any_session_reads_a_counterbalanced_design():
    unaided = rating_array(
        COUNTERBALANCED, READERS, CASES, kind="human", modality="unaided", session=None
    )
    np.testing.assert_array_equal(unaided.rating, [[10, 12], [20, math.nan]])
    first = rating_array(COUNTERBALANCED, READERS, CASES, kind="human", modality="unaided")
    np.testing.assert_array_equal(first.rating, [[10]])


def test_rating_array_of_any_session_refuses_a_case_read_twice():
    again = sessions([("anna", "c1", "unaided", "2", 99), ("binh", "c1", "unaided", "3", 9)])
    frame = pd.concat([COUNTERBALANCED, again])
    with pytest.raises(ScoringError, match="cases that one reader read more than once") as caught:
        rating_array(frame, READERS, CASES, kind="human", modality="unaided", session=None)
    text = str(caught.value)
    assert "in modality 'unaided': 1, readers who did: 2 (identifiers withheld)" in text
    assert text.endswith("in sessions 1, 2, 3; name one session")
    assert not any(name in text for name in ("anna", "binh", "c1"))
    # The aided readings are not concerned, nor is one session alone.
    rating_array(frame, READERS, CASES, kind="human", modality="aided", session=None)
    rating_array(frame, READERS, CASES, kind="human", modality="unaided", session="3")


def test_rating_array_of_any_session_takes_the_one_complete_reading():
    failed = sessions([("anna", "c1", "unaided", "3", np.nan)]).assign(status="failed")
    frame = pd.concat([COUNTERBALANCED, failed])
    array = rating_array(frame, READERS, CASES, kind="human", modality="unaided", session=None)
    assert (array.rating[0, 0], array.n_failed) == (10, 1)
    with pytest.raises(ScoringError, match="in modality 'blind', any session; modalities of that"):
        rating_array(frame, READERS, CASES, kind="human", modality="blind", session=None)
