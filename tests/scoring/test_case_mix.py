"""Weights and indications: what cases stand for, decided in one place."""

import numpy as np
import pandas as pd
import pytest

from tests.scoring.test_ratings import CASES, FULL, READERS
from toolkit.scoring.case_mix import (
    ScoringError,
    indication_of,
    indications_in,
    sampling_weight,
    spoken_of,
    weights_differ,
)
from toolkit.scoring.ratings import panel_call, rating_array


def test_weights_of_some_cases_only_are_refused():
    with pytest.raises(ScoringError, match="1 of 2 cases have no weight, but the others have one"):
        sampling_weight(pd.DataFrame({"weight": [2.0, np.nan]}))
    assert sampling_weight(pd.DataFrame({"weight": [np.nan, np.nan]})) is None
    assert not weights_differ(sampling_weight(pd.DataFrame({"weight": [2.0, 2.0]})))
    assert weights_differ(np.array([1.0, 2.0]))
    assert not weights_differ(None)


def test_indications_stand_in_one_order_and_those_not_stated_are_a_group():
    frame = pd.DataFrame({"indication": ["follow_up", None, "screening"]})
    assert indications_in(indication_of(frame)) == ("screening", "follow_up", "not_stated")
    none = indication_of(pd.DataFrame({"indication": [None, None]}))
    assert indications_in(none) == ("all",)


def test_one_indication_is_spoken_of_as_all_and_two_as_screening():
    truth = np.array([0.0, 0, 1, 1, 1, 0])
    alone = np.full(6, "symptomatic", dtype=object)
    assert spoken_of(truth, alone) == "all"
    mixed = np.array(["screening"] * 4 + ["symptomatic"] * 2, dtype=object)
    assert spoken_of(truth, mixed) == "screening"
    assert spoken_of(1 - truth, mixed) == "screening"
    assert spoken_of(np.array([0.0, 0, 0, 1, 1, 1]), mixed) == "all"


def test_readings_carry_weights_and_indications_of_their_cases():
    cases = CASES.assign(weight=[1.0, 6.0, 1.0, np.nan], indication=["screening"] * 3 + [None])
    array = rating_array(FULL, READERS, cases, kind="human", modality="unaided")
    assert array.weight.tolist() == [1.0, 6.0, 1.0]  # a case without truth needs no weight
    assert array.take(np.array([1])).weight.tolist() == [6.0]
    assert array.indication.tolist() == ["screening"] * 3
    assert array.of_indication("symptomatic").n_cases == 0


def test_an_arbiter_is_no_reader_and_the_first_read_is_position_one():
    # c1 is read by binh, then by anna; c2 and c3 once; c3's reading is an arbiter's.
    position = FULL["case_id"].map({"c1": 1.0, "c2": 1.0, "c3": 3.0, "c4": 1.0})
    position = position.where(FULL["modality"] == "unaided")
    position[1] = 2.0
    readings = FULL.assign(position=position)
    array = rating_array(readings, READERS, CASES, kind="human", modality="unaided")
    assert array.case_id.tolist() == ["c1", "c2"]
    assert array.n_arbiter == 1
    assert array.first.tolist() == [0.0, 1.0]
    assert panel_call(array, rule="first_read").tolist() == [0.0, 1.0]
    plain = rating_array(FULL, READERS, CASES, kind="human", modality="unaided")
    assert np.isnan(plain.first).all()
