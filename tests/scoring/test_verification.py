"""Cases that a test marked and nobody verified: decided from small tables, counted by hand."""

import numpy as np
import pandas as pd
import pytest

from toolkit.scoring.verification import incorporation, unverified

ROWS = [  # truth, source, recalled, marked by the test
    (1, "pathology_malignant", 1, 1),
    (1, "pathology_malignant", 0, 1),  # came up in the interval: known all the same
    (1, "pathology_malignant", 1, 0),
    (0, "pathology_benign", 1, 1),
    (0, "follow_up_24_months", 1, 1),  # recalled, so worked up
    (0, "follow_up_24_months", 0, 1),  # open
    (0, "registry", 0, 1),  # open
    (0, None, 0, 1),  # open
    (0, "expert_panel", 0, 1),  # a panel looked
    (0, "follow_up_24_months", 0, 0),  # nobody marked her
    (np.nan, "none", 0, 1),  # no truth, in no share
]


def cases():
    frame = pd.DataFrame(ROWS, columns=["truth", "truth_source", "recalled", "marked"])
    return frame.astype({"truth": float, "recalled": float, "marked": float})


def found(frame, **choices):
    columns = (frame[name].to_numpy() for name in ("truth", "marked", "recalled"))
    return incorporation(*columns, unverified(frame), **choices)


def test_who_is_unverified_is_decided_from_truth_source_and_recall():
    assert np.flatnonzero(unverified(cases())).tolist() == [5, 6, 7, 9]
    assert not unverified(cases().drop(columns="recalled")).any()
    no_source = unverified(cases().drop(columns="truth_source"))
    assert np.flatnonzero(no_source).tolist() == [5, 6, 7, 8, 9]


def test_the_bound_counts_by_hand():
    made = found(cases())
    assert (made.n, made.n_recalled) == (3, 3)
    assert made.ppv_recalled == pytest.approx(1 / 3)
    assert (made.sensitivity, made.specificity) == (pytest.approx(2 / 3), pytest.approx(1 / 7))
    # Three open cases at one in three: one more cancer, and the test had marked it.
    assert made.sensitivity_if == pytest.approx(3 / 4)
    assert made.specificity_if == pytest.approx(1 / 6)
    assert made.programme_sensitivity == pytest.approx(2 / 3)
    assert made.programme_sensitivity_if == pytest.approx(2 / 4)


def test_weights_are_those_of_copies():
    frame = cases()
    weight = np.array([1, 1, 1, 2, 3, 2, 1, 3, 2, 4, 5])
    weighted = found(frame, weight=weight.astype(float))
    copies = found(frame.loc[np.repeat(frame.index, weight)])
    assert copies.n == 6
    for name in ("ppv_recalled", "sensitivity_if", "specificity_if", "programme_sensitivity_if"):
        assert getattr(weighted, name) == pytest.approx(getattr(copies, name))


def test_nothing_is_said_where_every_mark_was_verified_or_recalls_are_not_known():
    frame = cases()
    assert found(frame.drop(index=[5, 6, 7])) is None
    assert found(frame.assign(recalled=np.nan)) is None


def test_without_a_recalled_mark_there_is_no_bound():
    frame = cases().iloc[[1, 5, 9]]
    made = found(frame)
    assert made.n == 1
    assert np.isnan(made.ppv_recalled)
    assert np.isnan(made.sensitivity_if)
    assert made.sensitivity == 1
