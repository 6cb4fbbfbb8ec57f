"""Argument checks of the statistics: what is taken, and each message that refuses."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from toolkit.stats import _checks

WANTED = [False, True, True, False]


@pytest.mark.parametrize(
    "truth",
    [
        [0, 1, 1, 0],
        (0.0, 1.0, 1.0, 0.0),
        np.array([0, 1, 1, 0], dtype=np.uint8),
        np.array([0, 1, 1, 0], dtype=np.uint64),
        np.array([0, 1, 1, 0], dtype=np.int8),
        np.array([0, 1, 1, 0], dtype=np.float32),
        np.array(WANTED),
        np.array([0, True, 1.0, False], dtype=object),
        pd.Series([0.0, 1.0, 1.0, 0.0], index=[7, 3, 5, 1]),
        pd.Series([0, 1, 1, 0], dtype="Int64"),
        pd.Series(WANTED, dtype="boolean"),
        np.ma.array([0, 1, 1, 0]),
    ],
    ids=lambda truth: f"{type(truth).__name__} {getattr(truth, 'dtype', '')}",
)
def test_check_truth_takes_every_form_of_0_and_1(truth):
    checked = _checks.check_truth(truth)
    assert checked.dtype == np.bool_
    assert checked.tolist() == WANTED


def test_check_truth_takes_one_class_and_no_case():
    assert _checks.check_truth([1, 1]).tolist() == [True, True]
    assert _checks.check_truth([]).size == 0
    assert _checks.check_truth(np.array([], dtype=object)).size == 0


@pytest.mark.parametrize(
    ("truth", "message"),
    [
        ([0, 1, 2, 3], r"truth must hold only 0 and 1, but position 2 holds 2; code diseased as 1"),
        ([0, 1, -1], r"truth must hold only 0 and 1, but position 2 holds -1;"),
        ([0.0, 0.5], r"truth must hold only 0 and 1, but position 1 holds 0.5;"),
        ([0, math.nan, 1], r"position 1 holds NaN \(missing\); .*leave out cases without"),
        ([[0, 1], [1, 0]], r"truth must have shape \(n_cases,\), but got \(2, 2\)"),
        (1, r"truth must have shape \(n_cases,\), but got \(\)"),
        (["0", "1"], r"truth must hold numbers, but its dtype is <U1; convert it first"),
        ([0, None], r"but position 1 holds a value of type NoneType; convert it, or leave"),
        ([0, pd.NA], r"position 1 holds a value of type NAType"),
        (pd.Series([0, pd.NA], dtype="Int64"), r"position 1 holds NaN \(missing\)"),
        (pd.Series(["no", "yes"]), r"position 0 holds a value of type str; convert it"),
        ([0, Decimal(1)], r"position 1 holds a value of type Decimal"),
        ([0, [1, 1]], r"truth must be one array of numbers, but its rows have different lengths"),
        (np.ma.array([0, 1], mask=[False, True]), r"truth holds masked values; leave those"),
        (np.array(["2026-01-01"], dtype="datetime64[D]"), r"its dtype is datetime64\[D\]"),
        ([0j, 1j], r"truth must hold numbers, but its dtype is complex128"),
    ],
)
def test_check_truth_refuses(truth, message):
    with pytest.raises(ValueError, match=message):
        _checks.check_truth(truth)


def test_check_truth_names_the_argument():
    with pytest.raises(ValueError, match="truth_b must hold only 0 and 1"):
        _checks.check_truth([3], name="truth_b")


def test_check_call_takes_calls_and_names_its_rule():
    assert _checks.check_call(np.array([0, 1], dtype=np.uint8), n_cases=2).tolist() == [False, True]
    with pytest.raises(ValueError, match=r"call must hold only 0 and 1, .*; code a recall as 1"):
        _checks.check_call([0, 3], n_cases=2)
    with pytest.raises(ValueError, match=r"call must have shape \(n_cases,\) with n_cases = 3"):
        _checks.check_call([0, 1], n_cases=3)


def test_check_rating_returns_float64_and_keeps_infinities():
    checked = _checks.check_rating([1, -math.inf, math.inf], n_cases=3)
    assert checked.dtype == np.float64
    assert checked.tolist() == [1.0, -math.inf, math.inf]
    assert _checks.check_rating(np.array([0.1], dtype=np.float32), n_cases=1)[0] == np.float32(0.1)
    assert _checks.check_rating([True, False], n_cases=2).tolist() == [1.0, 0.0]
    assert _checks.check_rating([Fraction(1, 2)], n_cases=1).tolist() == [0.5]


def test_check_rating_does_not_change_its_input():
    rating = np.array([1.0, 2.0])
    rating.flags.writeable = False
    assert _checks.check_rating(rating, n_cases=2) is rating


@pytest.mark.parametrize(
    ("rating", "message"),
    [
        (
            [1, math.nan, math.nan],
            r"rating must not be missing, but position 1 is NaN \(2 in all\); leave such cases out",
        ),
        ([1, 2], r"rating must have shape \(n_cases,\) with n_cases = 3 as in truth, but got \(2"),
        ([[1], [2], [3]], r"rating must have shape \(n_cases,\), but got \(3, 1\)"),
        ([1, 2, 2**53 + 1], r"rating must lie within 2\*\*53 of 0 .*position 2 does not; replace"),
        ([1, 2, -(2**53) - 1], r"rating must lie within 2\*\*53 of 0"),
        (["a", "b", "c"], r"rating must hold numbers, but its dtype is <U1"),
    ],
)
def test_check_rating_refuses(rating, message):
    with pytest.raises(ValueError, match=message):
        _checks.check_rating(rating, n_cases=3)


def test_check_rating_refuses_unsigned_integers_that_float64_cannot_hold():
    rating = np.array([2**64 - 1, 2**64 - 2], dtype=np.uint64)
    with pytest.raises(ValueError, match=r"within 2\*\*53 of 0 .*position 0"):
        _checks.check_rating(rating, n_cases=2)


def test_check_ratings_allows_missing_readings_only_where_asked():
    ratings = np.array([[[1.0, 2.0]], [[math.nan, 3.0]]])
    axes = ("n_readers", "n_modalities")
    checked = _checks.check_ratings(ratings, n_cases=2, axes=axes, missing_allowed=True)
    assert np.isnan(checked[1, 0, 0])
    with pytest.raises(ValueError, match=r"ratings must not be missing, but position \(1, 0, 0\)"):
        _checks.check_ratings(ratings, n_cases=2, axes=axes)
    with pytest.raises(ValueError, match=r"shape \(n_cases, n_readers, n_modalities\), but got"):
        _checks.check_ratings([[1.0]], n_cases=1, axes=axes)
    with pytest.raises(ValueError, match=r"shape \(n_cases, n_curves\) with n_cases = 3 as in"):
        _checks.check_ratings([[1.0], [2.0]], n_cases=3)


def test_check_weight_takes_zero_and_refuses_negative_infinite_and_missing():
    assert _checks.check_weight([0, 2.5], n_cases=2).tolist() == [0.0, 2.5]
    with pytest.raises(ValueError, match="weight must be finite and not negative, but position 1"):
        _checks.check_weight([1, -0.1], n_cases=2)
    with pytest.raises(ValueError, match=r"position 0 holds inf; give a case .* the weight 0"):
        _checks.check_weight([math.inf, 1], n_cases=2)
    with pytest.raises(ValueError, match="weight must not be missing"):
        _checks.check_weight([1, math.nan], n_cases=2)


def test_check_coefficients_refuses_wrong_length_and_infinity():
    call = {"name": "weights", "length": 2, "axis": "n_curves"}
    assert _checks.check_coefficients([1, -1], **call).tolist() == [1.0, -1.0]
    with pytest.raises(ValueError, match=r"shape \(n_curves,\) with n_curves = 2, but got \(3,\)"):
        _checks.check_coefficients([1, 2, 3], **call)
    with pytest.raises(ValueError, match="weights must be finite, but position 1 holds nan; write"):
        _checks.check_coefficients([1, math.nan], **call)


@pytest.mark.parametrize(
    "cluster",
    [
        ["w1", "w2", "w1"],
        np.array(["w1", "w2", "w1"]),
        np.array([10, 20, 10], dtype=np.uint16),
        [3.0, 4.0, 3.0],
        pd.Series(["w1", "w2", "w1"]),
        pd.Series(["w1", "w2", "w1"], dtype="category"),
        np.array([True, False, True]),
    ],
    ids=lambda cluster: f"{type(cluster).__name__} {getattr(cluster, 'dtype', '')}",
)
def test_check_cluster_numbers_the_patients(cluster):
    codes = _checks.check_cluster(cluster, n_cases=3)
    assert codes.dtype == np.intp
    assert sorted(codes.tolist()) in ([0, 0, 1], [0, 1, 1])
    assert codes[0] == codes[2] != codes[1]


@pytest.mark.parametrize(
    "missing",
    [None, math.nan, pd.NA, pd.NaT, ""],
    ids=["None", "NaN", "NA", "NaT", "empty"],
)
def test_check_cluster_refuses_a_missing_patient(missing):
    message = "cluster must not be missing, but position 1 is; give each case its patient"
    with pytest.raises(ValueError, match=message):
        _checks.check_cluster(["w1", missing, missing], n_cases=3)


def test_check_cluster_refuses_and_never_prints_an_identifier():
    with pytest.raises(ValueError, match=r"cluster must have shape \(n_cases,\)") as caught:
        _checks.check_cluster([["N-123", "N-124"]], n_cases=1)
    assert "N-123" not in str(caught.value)
    with pytest.raises(ValueError, match="identifiers of one type, all text or all num") as caught:
        _checks.check_cluster(["N-123", 4], n_cases=2)
    assert "N-123" not in str(caught.value)


@pytest.mark.parametrize("ci_level", [0.95, np.float64(0.95), Fraction(19, 20)])
def test_check_ci_level_takes_a_share(ci_level):
    assert _checks.check_ci_level(ci_level) == 0.95


@pytest.mark.parametrize("ci_level", [95, 1, 1.0, 0, -0.1, math.inf])
def test_check_ci_level_refuses_what_is_no_level(ci_level):
    with pytest.raises(ValueError, match=r"ci_level must lie between 0 and 1, .*; write 95 % as 0"):
        _checks.check_ci_level(ci_level)


@pytest.mark.parametrize("value", ["0.9", None, True, np.bool_(True), [0.9], np.array(0.9)])
def test_check_ci_level_refuses_what_is_no_number(value):
    with pytest.raises(ValueError, match="ci_level must be one number, but got"):
        _checks.check_ci_level(value)


def test_check_ci_level_refuses_nan():
    with pytest.raises(ValueError, match="ci_level must be a number, but got NaN"):
        _checks.check_ci_level(math.nan)


def test_check_share_takes_both_ends_and_refuses_a_percentage():
    assert [_checks.check_share(value, name="low") for value in (0, 1, 0.5)] == [0.0, 1.0, 0.5]
    with pytest.raises(ValueError, match=r"low must lie from 0 to 1, but got 90.0; write 90 % as"):
        _checks.check_share(90, name="low")


def test_check_threshold_takes_infinity_and_refuses_text():
    assert _checks.check_threshold(math.inf) == math.inf
    with pytest.raises(ValueError, match="threshold must be one number, but got '3'"):
        _checks.check_threshold("3")


def test_check_choice_names_the_choices():
    assert _checks.check_choice("a", name="scale", choices=("a", "b")) == "a"
    with pytest.raises(ValueError, match="scale must be one of 'a', 'b', but got 'c'"):
        _checks.check_choice("c", name="scale", choices=("a", "b"))


@pytest.mark.parametrize("count", [45, 45.0, np.uint8(45), np.float64(45)])
def test_check_count_takes_whole_numbers(count):
    checked = _checks.check_count(count, name="numerator")
    assert type(checked) is int
    assert checked == 45


@pytest.mark.parametrize("count", [-1, 0.5, math.inf])
def test_check_count_refuses(count):
    with pytest.raises(ValueError, match="numerator must be a whole number, 0 or more, but got"):
        _checks.check_count(count, name="numerator")


def test_check_counts_takes_a_row_of_counts():
    checked = _checks.check_counts([3.0, 0.0, 2.0], name="positive")
    assert checked.dtype == np.int64
    assert checked.tolist() == [3, 0, 2]


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ([1, -1], r"positive must hold whole numbers, 0 or more, but position 1 holds -1; count"),
        ([0.5], r"position 0 holds 0.5; count cases, not shares"),
        ([math.nan], r"position 0 holds nan"),
        ([math.inf], r"position 0 holds inf"),
        ([[1, 2]], r"positive must have shape \(n_categories,\), but got \(1, 2\)"),
    ],
)
def test_check_counts_refuses(counts, message):
    with pytest.raises(ValueError, match=message):
        _checks.check_counts(counts, name="positive")


def test_check_numerator_refuses_more_events_than_units():
    assert _checks.check_numerator(3, 4) == (3, 4)
    message = "numerator must not exceed denominator, but got 5 of 4; numerator counts events"
    with pytest.raises(ValueError, match=message):
        _checks.check_numerator(5, 4)
    with pytest.raises(ValueError, match="denominator must be a whole number"):
        _checks.check_numerator(1, 4.5)
