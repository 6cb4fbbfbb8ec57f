"""AUCs from counts: the same numbers as from the cases one by one, whatever their number."""

import math
import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from toolkit.stats.auc.delong import delong_ci, delong_test
from toolkit.stats.auc.delong_counts import delong_ci_from_counts, delong_test_from_counts


def fractional(positive, negative):
    """AUC and DeLong's variance of counts per rating as fractions."""
    m, n = sum(positive), sum(negative)
    below = [sum(negative[:level]) for level in range(len(negative))]
    above = [sum(positive[level + 1 :]) for level in range(len(positive))]
    v10 = [Fraction(2 * b + t, 2 * n) for b, t in zip(below, negative, strict=True)]
    v01 = [Fraction(2 * a + t, 2 * m) for a, t in zip(above, positive, strict=True)]
    auc = sum(c * v for c, v in zip(positive, v10, strict=True)) / m
    parts = [
        sum(c * (v - auc) ** 2 for c, v in zip(counts, values, strict=True)) / (size - 1) / size
        for counts, values, size in ((positive, v10, m), (negative, v01, n))
    ]
    return auc, sum(parts)


def expanded(positive, negative, *columns):
    """Truth and columns of ratings, case by case."""
    truth = np.repeat([True, False], [np.sum(positive), np.sum(negative)])
    rows = [np.concatenate([np.repeat(c, positive), np.repeat(c, negative)]) for c in columns]
    return truth, *rows


@pytest.mark.parametrize("times", [1, 10**4, 4 * 10**9, 10**13])
def test_large_counts_equal_fractions(times):
    positive = [times * count for count in (1, 0, 2, 5, 30)]
    negative = [times * count + 1 for count in (70, 31, 0, 4, 1)]
    auc, variance = fractional(positive, negative)
    result = delong_ci_from_counts(positive, negative, interval="logit")
    assert result.estimate == float(auc)
    assert result.std_error == pytest.approx(math.sqrt(variance), rel=1e-15)
    assert (result.n_cases, result.n_positive) == (sum(positive) + sum(negative), sum(positive))


@pytest.mark.parametrize("kind", [np.uint8, np.uint64, np.float64, object, list])
def test_counts_may_be_of_any_type(kind):
    counts = [[3, 2, 2, 11, 33], [33, 6, 6, 11, 2]]
    if kind is not list:
        counts = np.array(counts).astype(kind)
    expected = delong_ci_from_counts([3, 2, 2, 11, 33], [33, 6, 6, 11, 2])
    assert delong_ci_from_counts(*counts).to_dict() == expected.to_dict()


def test_a_million_rows_equal_their_counts_to_the_last_digit():
    draw = np.random.default_rng(2)
    truth = draw.random(1_000_000) < 0.02
    rating = np.round(draw.normal(size=truth.size) + 1.8 * truth, 2)
    distinct, level = np.unique(rating, return_inverse=True)
    counts = [np.bincount(level[of], minlength=distinct.size) for of in (truth, ~truth)]
    assert delong_ci_from_counts(*counts).to_dict() == delong_ci(truth, rating).to_dict()
    truth, rating = truth[:50_000], rating[:50_000]
    other = np.round(rating + draw.normal(size=truth.size), 1)
    pairs, number = np.unique(np.column_stack([rating, other]), axis=0, return_inverse=True)
    counts = [np.bincount(number[of], minlength=len(pairs)) for of in (truth, ~truth)]
    from_counts = delong_test_from_counts(*pairs.T, *counts)
    from_rows = delong_test(truth, rating, other)
    for name in ("estimate", "std_error", "ci_low", "ci_high", "statistic", "p_value"):
        assert getattr(from_counts, name) == pytest.approx(getattr(from_rows, name), rel=1e-12)


def test_a_billion_exams_take_milliseconds():
    draw = np.random.default_rng(3)
    positive = draw.integers(0, 2_000, 10_000)
    negative = draw.integers(0, 200_000, 10_000)
    assert positive.sum() + negative.sum() > 10**9
    times = []
    for _ in range(5):
        start = time.process_time()
        delong_ci_from_counts(positive, negative)
        times.append(time.process_time() - start)
    assert min(times) < 0.05  # 5 ms where nothing else runs


def test_pairs_equal_rows_in_any_order_and_where_pairs_repeat():
    draw = np.random.default_rng(4)
    for _ in range(100):
        n_pairs = int(draw.integers(1, 12))
        a, b = draw.integers(0, 4, size=(2, n_pairs)).astype(float)
        positive, negative = draw.integers(0, 4, size=(2, n_pairs))
        from_counts = delong_test_from_counts(a, b, positive, negative, margin=0.1)
        truth, rows_a, rows_b = expanded(positive, negative, a, b)
        from_rows = delong_test(truth, rows_a, rows_b, margin=0.1)
        assert from_counts.note == from_rows.note
        for name in ("estimate", "std_error", "ci_low", "p_value", "p_noninferiority"):
            expected = pytest.approx(getattr(from_rows, name), rel=1e-11, abs=1e-15, nan_ok=True)
            assert getattr(from_counts, name) == expected
        assert (from_counts.n_cases, from_counts.n_readers) == (from_rows.n_cases, 2)


def test_large_pairs_shrink_the_standard_error_alone():
    table = [1, 1, 2, 2], [1, 2, 1, 2]
    positive, negative = np.array([2, 9, 3, 40]), np.array([60, 11, 14, 5])
    small = delong_test_from_counts(*table, positive, negative)
    large = delong_test_from_counts(*table, 10**10 * positive, 10**10 * negative)
    assert large.estimate == pytest.approx(small.estimate, rel=1e-14)
    # The sums of squares grow by 1e10, so that S / m changes by (m - 1) / (1e10 m - 1).
    assert large.std_error**2 * 10**10 == pytest.approx(small.std_error**2, rel=0.02)
    assert large.n_cases == 144 * 10**10


def test_like_pairs_leave_nothing_to_test():
    result = delong_test_from_counts([1, 2, 3], [10, 20, 30], [1, 2, 5], [7, 2, 1])
    assert (result.estimate, result.std_error) == (0.0, 0.0)
    assert math.isnan(result.p_value)
    assert "nothing to test" in result.note


@pytest.mark.parametrize(
    ("positive", "negative", "reason"),
    [
        ([0, 0], [1, 2], "no positive case"),
        ([3, 1], [0, 0], "no negative case"),
        ([], [], "no positive case"),
        ([0, 1], [1, 2], "one positive case"),
    ],
)
def test_counts_without_a_class_say_so(positive, negative, reason):
    pairs = delong_test_from_counts([1] * len(positive), [2] * len(positive), positive, negative)
    assert math.isnan(pairs.std_error)
    assert reason in pairs.note
    single = delong_ci_from_counts(positive, negative)
    assert math.isnan(single.std_error)
    assert reason in single.note


def test_empty_categories_change_nothing():
    full = delong_ci_from_counts([1, 0, 3, 0], [4, 0, 1, 0])
    assert replace(full).to_dict() == delong_ci_from_counts([1, 3], [4, 1]).to_dict()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: delong_ci_from_counts([1, 2], [1, 2, 3]),
            "positive and negative must count the same categories, but got 2 and 3 of them",
        ),
        (
            lambda: delong_ci_from_counts([1, 2**60], [1, 2]),
            r"positive must hold counts of 2\*\*53 at most, but position 1 holds 11529215046068469",
        ),
        (
            lambda: delong_ci_from_counts([1, 2], [1e300, 2]),
            r"negative must hold counts of 2\*\*53 at most, but position 0 holds 1e\+300",
        ),
        (
            lambda: delong_test_from_counts([1, 2], [1, 2, 3], [1, 2], [1, 2]),
            r"rating_b must have shape \(n_cases,\) with n_cases = 2",
        ),
        (
            lambda: delong_test_from_counts([1, math.nan], [1, 2], [1, 2], [1, 2]),
            "rating_a must not be missing, but position 1 is NaN",
        ),
        (
            lambda: delong_test_from_counts([1, 2], [1, 2], [1, -2], [1, 2]),
            "positive must hold whole numbers, 0 or more, but position 1 holds -2",
        ),
        (
            lambda: delong_test_from_counts([1, 2], [1, 2], [1, 2], [1, 2], margin=-1),
            "margin of a difference must be positive",
        ),
    ],
)
def test_malformed_counts_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
