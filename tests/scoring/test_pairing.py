"""Readings of the same cases and of different patients: neither passes for the other."""

import numpy as np
import pandas as pd
import pytest

from toolkit.scoring.pairing import (
    PairedRatings,
    UnpairedRatings,
    pair_with_ai,
    paired_readings,
    unpaired_readings,
)
from toolkit.scoring.ratings import ScoringError, rating_array

READERS = pd.DataFrame({"reader_id": ["anna", "binh", "AI-1"], "kind": ["human", "human", "ai"]})
READERS = READERS.assign(product="Product", version="2.0")
CASES = pd.DataFrame(
    {
        "case_id": ["c1", "c2", "c3", "c4", "c5", "c6"],
        "patient_id": ["p1", "p1", "p2", "p3", "p4", None],
        "truth": [0.0, 1.0, 1.0, 0.0, 1.0, 0.0],
        "site": ["north", "north", "north", "south", "south", "south"],
    }
)


def readings(*, cases=CASES, readers=READERS, modality="unaided", reader="anna"):
    """Return the array of one reader's ratings, 10 for the first case, 20 for the second, ..."""
    frame = pd.DataFrame({"case_id": cases["case_id"], "reader_id": reader, "modality": modality})
    frame = frame.assign(session="1", status="complete", call=np.nan)
    frame["rating"] = [10.0 * int(name[1:]) for name in frame["case_id"]]
    kind = "ai" if reader == "AI-1" else "human"
    return rating_array(frame, readers, cases, kind=kind, modality=modality)


def some(*names):
    """Return the cases of these names, in the order asked for."""
    return CASES.set_index("case_id").loc[list(names)].reset_index()


def test_paired_readings_join_by_case_in_the_order_of_a():
    pairs = paired_readings(
        readings(cases=some("c3", "c1", "c4")),
        readings(cases=some("c1", "c2", "c3", "c5"), modality="aided"),
    )
    assert isinstance(pairs, PairedRatings)
    assert list(pairs.a.case_id) == list(pairs.b.case_id) == ["c3", "c1"]
    np.testing.assert_array_equal(pairs.a.rating, [[30], [10]])
    np.testing.assert_array_equal(pairs.b.rating, [[30], [10]])
    np.testing.assert_array_equal(pairs.truth, [1, 0])
    assert (pairs.n_cases, pairs.n_only_a, pairs.n_only_b) == (2, 1, 2)


def test_pairing_does_not_depend_on_the_order_of_rows():
    a, b = readings(), readings(modality="aided", cases=some("c6", "c2", "c4", "c1", "c5", "c3"))
    order = np.array([3, 1, 5, 0, 4, 2])
    first, second = paired_readings(a, b), paired_readings(a, b.take(order))
    np.testing.assert_array_equal(first.b.rating, second.b.rating)
    np.testing.assert_array_equal(first.b.case_id, a.case_id)


def test_pair_with_ai_is_the_same_join_with_one_ai():
    people, ai = readings(cases=some("c1", "c2", "c3")), readings(reader="AI-1")
    pairs, general = pair_with_ai(people, ai), paired_readings(people, ai)
    np.testing.assert_array_equal(pairs.ai_rating, general.b.rating[:, 0])
    np.testing.assert_array_equal(pairs.truth, general.truth)
    assert (pairs.n_only_readers, pairs.n_only_ai) == (0, 3)


def test_unpaired_readings_of_different_patients_are_kept_as_they_are():
    a, b = readings(cases=some("c1", "c2", "c3")), readings(cases=some("c4", "c5", "c6"))
    groups = unpaired_readings(a, b)
    assert isinstance(groups, UnpairedRatings)
    assert (groups.a, groups.b) == (a, b)


def test_unpaired_readings_refuse_shared_cases_and_name_the_remedy():
    a, b = readings(cases=some("c1", "c2", "c3")), readings(cases=some("c3", "c2", "c4"))
    with pytest.raises(ScoringError, match="cases in both sets of readings: 2 ") as caught:
        unpaired_readings(a, b)
    text = str(caught.value)
    assert text.endswith("use paired_readings")
    assert not any(name in text for name in ("c2", "c3", "p1"))


def test_unpaired_readings_refuse_patients_in_both_groups():
    # c1 and c2 are two examinations of one woman.
    a, b = readings(cases=some("c1", "c3")), readings(cases=some("c2", "c4"))
    with pytest.raises(
        ScoringError, match="patients with cases in both sets of readings: 1 "
    ) as caught:
        unpaired_readings(a, b)
    assert "p1" not in str(caught.value)
    assert "takes clusters" in str(caught.value)


def test_cases_without_a_patient_share_none():
    lonely = CASES.assign(patient_id=None)
    lonely.loc[0, "patient_id"] = "c4"  # a patient named as another's case
    a, b = readings(cases=lonely[:3]), readings(cases=lonely[3:])
    assert unpaired_readings(a, b).a is a


def test_paired_readings_refuse_no_common_case():
    a, b = readings(cases=some("c1")), readings(cases=some("c2", "c3"))
    with pytest.raises(ScoringError, match=r"no case is in both sets of readings \(1 and 2 cases"):
        paired_readings(a, b)


@pytest.mark.parametrize(
    ("change", "word"), [({"truth": 1.0}, "truth"), ({"patient_id": "px"}, "patient")]
)
def test_paired_readings_refuse_a_case_that_differs_between_both(change, word):
    other = CASES.assign(**change)
    message = rf"[36] of 6 cases of both sets have another {word} in each \(identifiers withheld\)"
    with pytest.raises(ScoringError, match=message):
        paired_readings(readings(), readings(cases=other, modality="aided"))
