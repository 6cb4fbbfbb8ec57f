"""Standardized differences, by hand and against their defining properties."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.monitoring.stability import (
    standardized_difference,
    standardized_difference_of_categories,
)


def test_number_by_hand():
    # means 2 and 5, variances 1 and 4: (5 - 2) / sqrt(2.5)
    result = standardized_difference([1, 2, 3], [3, 5, 7])
    assert result.estimate == pytest.approx(3 / math.sqrt(2.5), rel=1e-12)
    assert (result.n_cases, result.label_a, result.label_b) == (6, "a", "b")


def test_two_categories_are_the_formula_for_a_proportion():
    # Austin 2009: (p1 - p2) / sqrt((p1 (1 - p1) + p2 (1 - p2)) / 2), here p = 1/2 and 4/5
    p, q = Fraction(1, 2), Fraction(4, 5)
    expected = float(q - p) / math.sqrt(float((p * (1 - p) + q * (1 - q)) / 2))
    result = standardized_difference_of_categories([50, 50], [20, 80])
    assert result.estimate == pytest.approx(expected, rel=1e-12)


def test_three_categories_by_hand():
    # p = (.5, .3, .2), q = (.2, .3, .5); without the first: d = (0, .3),
    # S = mean of [[.21, -.06], [-.06, .16]] and [[.21, -.15], [-.15, .25]]
    # = [[.21, -.105], [-.105, .205]]; d' S^-1 d = .09 * .21 / (.21 * .205 - .105**2)
    expected = math.sqrt(0.09 * 0.21 / (0.21 * 0.205 - 0.105**2))
    result = standardized_difference_of_categories([50, 30, 20], [20, 30, 50])
    assert result.estimate == pytest.approx(expected, rel=1e-12)


def exact_square(counts_a, counts_b):
    """Return the squared difference after Yang and Dalton, in exact fractions.

    Without the last category, where the code leaves out the first; S is inverted by elimination.
    """
    p = [Fraction(n, sum(counts_a)) for n in counts_a][:-1]
    q = [Fraction(n, sum(counts_b)) for n in counts_b][:-1]
    size = len(p)
    rows = []
    for i in range(size):
        spread = [
            ((p[i] if i == j else 0) - p[i] * p[j] + (q[i] if i == j else 0) - q[i] * q[j]) / 2
            for j in range(size)
        ]
        rows.append([*spread, q[i] - p[i]])
    for i in range(size):
        pivot = next(k for k in range(i, size) if rows[k][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for k in set(range(size)) - {i}:
            rows[k] = [x - rows[k][i] * y for x, y in zip(rows[k], rows[i], strict=True)]
    return sum((q[i] - p[i]) * rows[i][-1] for i in range(size))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ([6, 29, 51, 15], [381, 2677, 6909, 2820]),
        ([38, 57, 6], [8468, 3165, 1154]),
        ([3, 0, 7, 1], [0, 5, 2, 2]),  # a category that one group lacks
        ([100_000, 1, 250_000], [99_999, 2, 249_000]),
    ],
)
def test_categories_are_the_exact_quadratic_form(a, b):
    result = standardized_difference_of_categories(a, b)
    assert result.estimate == pytest.approx(math.sqrt(exact_square(a, b)), rel=1e-9)
    assert result.n_cases == sum(a) + sum(b)


def test_a_difference_comes_back_from_its_record_and_stacks():
    result = standardized_difference([1, 2, 3], [3, 5, 7], label_a="others", label_b="cancer")
    assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()
    assert set(result.summary_frame().columns) <= set(GLOSSARY)
    assert result.summary_frame()["label_b"].tolist() == ["cancer"]


COUNTS = st.lists(st.integers(1, 60), min_size=4, max_size=4)


@given(COUNTS, COUNTS, st.permutations(range(4)))
def test_categories_do_not_depend_on_their_order_nor_on_the_group(a, b, order):
    one = standardized_difference_of_categories(a, b).estimate
    mixed = standardized_difference_of_categories(
        [a[i] for i in order], [b[i] for i in order]
    ).estimate
    assert mixed == pytest.approx(one, abs=1e-9)
    assert standardized_difference_of_categories(b, a).estimate == pytest.approx(one, abs=1e-9)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=9), st.floats(0.1, 50))
def test_number_is_free_of_scale_and_changes_sign_when_swapped(values, factor):
    a, b = np.array(values), np.array(values[::-1]) * 0.7 + 3
    one = standardized_difference(a, b)
    if math.isnan(one.estimate) or a.std() < 1e-6:
        return
    assert standardized_difference(b, a).estimate == pytest.approx(-one.estimate)
    scaled = standardized_difference(a * factor, b * factor).estimate
    assert scaled == pytest.approx(one.estimate, rel=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "estimate", "note"),
    [
        ([1], [1, 2], math.nan, "fewer than two values"),
        ([1, 1], [2, 2], math.nan, "neither group varies"),
        ([1, 1], [1, 1], 0.0, ""),
        ([], [], math.nan, "fewer than two values"),
    ],
)
def test_number_at_the_edges(a, b, estimate, note):
    result = standardized_difference(a, b)
    assert result.estimate == pytest.approx(estimate, nan_ok=True)
    assert note in result.note


@pytest.mark.parametrize(
    ("a", "b", "estimate", "note"),
    [
        ([0, 0], [1, 2], math.nan, "a group is empty"),
        ([3, 0], [5, 0], 0.0, ""),
        ([3, 0], [0, 5], math.nan, "share no category"),
        ([2, 3], [4, 6], 0.0, ""),
        ([], [], math.nan, "a group is empty"),
        ([5, 5, 0, 0], [0, 0, 3, 3], math.nan, "share no category"),
    ],
)
def test_categories_at_the_edges(a, b, estimate, note):
    result = standardized_difference_of_categories(a, b)
    assert result.estimate == pytest.approx(estimate, nan_ok=True)
    assert note in result.note


def test_wrong_values_are_refused():
    with pytest.raises(ValueError, match="values_b must not be missing, but position 1 is NaN"):
        standardized_difference([1, 2], [1, math.nan])
    with pytest.raises(ValueError, match="must have one length, but got 2 and 3"):
        standardized_difference_of_categories([1, 2], [1, 2, 3])
    for counts in ([-1, 2], [0.5, 2], [math.nan, 2]):
        with pytest.raises(ValueError, match="counts_a must hold whole numbers, 0 or more"):
            standardized_difference_of_categories(counts, [1, 2])
    for values in ([[1, 2]], 3.0):
        with pytest.raises(ValueError, match=r"values_a must have shape \(n_cases,\), but got"):
            standardized_difference(values, [1, 2])
    with pytest.raises(ValueError, match=r"counts_b must have shape .n_categories,., .* \(1, 2\)"):
        standardized_difference_of_categories([1, 2], [[1, 2]])
