"""Goodness of fit and capture curves against scipy, papers, brute force and their definitions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from toolkit.results import result_from_dict
from toolkit.stats.calibration.expected_shares import capture_curve, goodness_of_fit
from toolkit.stats.proportions.one import proportion_ci

COUNTS = st.lists(st.integers(0, 400), min_size=2, max_size=12).filter(sum)


# --- goodness of fit: reference ------------------------------------------------------------------


@given(counts=COUNTS)
def test_goodness_of_fit_matches_scipy(counts):
    share = 1 / len(counts)
    fit = goodness_of_fit(counts, [share] * len(counts))
    oracle = stats.chisquare(counts)
    assert fit.statistic == pytest.approx(oracle.statistic, rel=1e-9, abs=1e-12)
    assert fit.p_value == pytest.approx(oracle.pvalue, rel=1e-9, abs=1e-300)
    assert (fit.df, fit.n_cases) == (len(counts) - 1, sum(counts))


@pytest.mark.parametrize(
    ("counts", "weights"),
    [([12, 3, 9], [2, 1, 1]), ([250, 260, 240, 250], [1, 1, 1, 1]), ([0, 7], [1, 6])],
)
def test_goodness_of_fit_is_the_exact_fraction(counts, weights):
    n, total = sum(counts), sum(weights)
    expected = [Fraction(n * weight, total) for weight in weights]
    exact = sum((c - e) ** 2 / e for c, e in zip(counts, expected, strict=True))
    fit = goodness_of_fit(counts, [weight / total for weight in weights])
    assert fit.statistic == pytest.approx(float(exact), rel=1e-12)


def test_goodness_of_fit_gives_mendels_peas():
    # Mendel 1866, 556 peas against 9:3:3:1: chi-square 0.470, P .925, in Rao 1973, section 6b.
    fit = goodness_of_fit([315, 108, 101, 32], [9 / 16, 3 / 16, 3 / 16, 1 / 16])
    assert (round(fit.statistic, 3), round(fit.p_value, 3)) == (0.470, 0.925)


# --- goodness of fit: property and edge ----------------------------------------------------------


@given(counts=COUNTS, seed=st.integers(0, 99))
def test_goodness_of_fit_order_of_categories_does_not_matter(counts, seed):
    order = np.random.default_rng(seed).permutation(len(counts))
    share = np.arange(1.0, len(counts) + 1) / sum(range(1, len(counts) + 1))
    moved = goodness_of_fit(np.array(counts)[order], share[order])
    fixed = goodness_of_fit(counts, share)
    assert moved.statistic == pytest.approx(fixed.statistic, rel=1e-9, abs=1e-12)


def test_goodness_of_fit_doubling_cases_doubles_the_statistic():
    once, twice = (goodness_of_fit(np.array([70, 90, 40]) * k, [1 / 3] * 3) for k in (1, 2))
    assert twice.statistic == pytest.approx(2 * once.statistic, rel=1e-12)


def test_goodness_of_fit_is_zero_at_the_expected_shares():
    fit = goodness_of_fit([30, 10, 60], [0.3, 0.1, 0.6])
    assert fit.statistic == pytest.approx(0, abs=1e-12)
    assert fit.p_value == pytest.approx(1, abs=1e-12)


def test_goodness_of_fit_rejects_true_shares_as_often_as_it_says():
    shares = np.full(10, 0.1)
    draws = np.random.default_rng(20260101).multinomial(500, shares, size=2000)
    rejected = np.mean([goodness_of_fit(draw, shares).p_value < 0.05 for draw in draws])
    # 4 standard errors of a share of .05 of 2,000.
    assert abs(rejected - 0.05) < 0.02


def test_goodness_of_fit_without_cases_is_undefined():
    fit = goodness_of_fit([0, 0, 0], [1 / 3] * 3)
    assert math.isnan(fit.statistic)
    assert math.isnan(fit.p_value)
    assert fit.note == "no case was counted"


def test_goodness_of_fit_says_where_few_are_expected():
    assert goodness_of_fit([50, 50], [0.5, 0.5]).note == ""
    note = goodness_of_fit([20, 20], [0.9, 0.1]).note
    assert note == "P is approximate: the smallest category expects 4.0 cases, fewer than 5"


def test_goodness_of_fit_holds_at_large_counts():
    counts = [12_419_869] + [12_286_393] * 9  # a hundred times the 122,969 of Larsen 2022
    fit = goodness_of_fit(counts, [0.1] * 10)
    assert fit.statistic == pytest.approx(stats.chisquare(counts).statistic, rel=1e-9)
    assert 0 <= fit.p_value < 1e-200


def test_goodness_of_fit_returns_from_its_record():
    fit = goodness_of_fit([10, 12, 8], [1 / 3] * 3)
    assert result_from_dict(fit.to_dict()).to_dict() == fit.to_dict()
    assert list(fit.summary_frame().columns) == [
        "method", "note", "statistic", "df", "p_value", "n_cases",
    ]  # fmt: skip


# --- goodness of fit: errors ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "share", "message"),
    [
        ([1.5, 2], [0.5, 0.5], "counts must hold whole numbers, 0 or more, but position 0"),
        ([5], [1.0], "two categories or more are needed, but got 1"),
        ([5, 5], [0.5, 0.4], r"expected_share must add up to 1, but 2 shares add up to 0\.9"),
        ([5, 5], [1.0, 0.0], "expected_share must be above 0, but position 1 holds 0.0"),
        ([5, 5], [1.0], r"expected_share must have shape \(n_cases,\)"),
    ],
)
def test_goodness_of_fit_refuses(counts, share, message):
    with pytest.raises(ValueError, match=message):
        goodness_of_fit(counts, share)


# --- capture curve: reference --------------------------------------------------------------------


def brute_force(truth, rating, weight):
    """Shares taken and found at each threshold, case by case."""
    points = [(math.inf, 0.0, 0.0)]
    for threshold in sorted(set(rating), reverse=True):
        taken = sum(w for r, w in zip(rating, weight, strict=True) if r >= threshold)
        found = sum(
            w for t, r, w in zip(truth, rating, weight, strict=True) if r >= threshold and t
        )
        cancers = sum(w for t, w in zip(truth, weight, strict=True) if t)
        points.append((threshold, taken / sum(weight), found / cancers))
    return np.array(points).T


CASES = st.lists(
    st.tuples(st.booleans(), st.integers(1, 5), st.integers(1, 9)), min_size=2, max_size=30
).filter(lambda rows: any(truth for truth, _, _ in rows))


@given(rows=CASES)
@settings(max_examples=60, deadline=None)
def test_capture_curve_matches_brute_force(rows):
    truth, rating, weight = (list(column) for column in zip(*rows, strict=True))
    curve = capture_curve(truth, rating, weight=weight)
    threshold, x, y = brute_force(truth, rating, weight)
    assert curve.threshold.tolist() == threshold.tolist()
    np.testing.assert_allclose(curve.x, x, rtol=1e-9)
    np.testing.assert_allclose(curve.y, y, rtol=1e-9)


def test_capture_curve_band_is_wilson_of_the_cancers_found():
    truth = [0] * 6 + [1] * 4
    rating = [1, 1, 2, 2, 3, 9, 2, 3, 9, 9]
    curve = capture_curve(truth, rating, ci_level=0.9)
    for found, low, high in zip([0, 2, 3, 4, 4], curve.ci_low, curve.ci_high, strict=True):
        oracle = proportion_ci(found, 4, ci_level=0.9)
        assert (low, high) == pytest.approx((oracle.ci_low, oracle.ci_high), rel=1e-9)


def test_capture_curve_gives_larsens_share_at_the_highest_score():
    # Larsen 2022 (doi:10.1148/radiol.212381): 653 of 752 screen-detected cancers had score 10.
    curve = capture_curve([1] * 752 + [0] * 10, [10] * 653 + [1] * 109)
    assert curve.y[1] == pytest.approx(653 / 752, rel=1e-12)


# --- capture curve: property, edge, errors -------------------------------------------------------


@given(rows=CASES)
@settings(max_examples=60, deadline=None)
def test_capture_curve_monotone_map_of_ratings_changes_no_share(rows):
    truth, rating, _ = (list(column) for column in zip(*rows, strict=True))
    plain = capture_curve(truth, rating)
    mapped = capture_curve(truth, np.exp(rating))
    assert plain.x.tolist() == mapped.x.tolist()
    assert plain.ci_high.tolist() == mapped.ci_high.tolist()


@given(rows=CASES)
@settings(max_examples=60, deadline=None)
def test_capture_curve_rises_inside_its_band(rows):
    truth, rating, weight = (list(column) for column in zip(*rows, strict=True))
    curve = capture_curve(truth, rating, weight=weight)
    assert (np.diff(curve.x) > 0).all()
    assert (np.diff(curve.y) >= 0).all()
    assert curve.x[-1] == pytest.approx(1)
    assert curve.y[-1] == pytest.approx(1)
    assert (curve.ci_low <= curve.y + 1e-12).all()
    assert (curve.y <= curve.ci_high + 1e-12).all()


def test_capture_curve_equal_weights_change_nothing():
    truth, rating = [0, 1, 0, 1, 1], [1, 2, 3, 4, 4]
    plain, weighted = capture_curve(truth, rating), capture_curve(truth, rating, weight=[6.3] * 5)
    np.testing.assert_allclose(plain.x, weighted.x, rtol=1e-12)
    np.testing.assert_allclose(plain.ci_low, weighted.ci_low, rtol=1e-12)
    assert plain.ci_method == weighted.ci_method == "Wilson score"


def test_capture_curve_cancers_of_unequal_weight_widen_the_band():
    truth, rating = [1] * 8, list(range(8))
    even = capture_curve(truth, rating)
    uneven = capture_curve(truth, rating, weight=[1, 9, 1, 9, 1, 9, 1, 9])
    assert uneven.ci_method == "Wilson score, effective number of cases"
    # At half of the cancers, each of whose weights comes in pairs, the shares are the same.
    assert even.y[4] == uneven.y[4] == 0.5
    assert uneven.ci_high[4] - uneven.ci_low[4] > even.ci_high[4] - even.ci_low[4]


def test_capture_curve_without_cancers_is_undefined():
    curve = capture_curve([0, 0, 0], [1, 2, 3])
    assert curve.x.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert np.isnan(curve.y).all()
    assert np.isnan(curve.ci_low).all()
    assert curve.note == "no positive case: the share found is not defined"


def test_capture_curve_without_cases_is_undefined():
    curve = capture_curve([], [])
    assert np.isnan(curve.x).all()
    assert curve.note == "no case was taken: neither axis is defined"


def test_capture_curve_one_cancer_and_all_alike():
    curve = capture_curve([1, 0], [5, 5])
    assert (curve.x.tolist(), curve.y.tolist()) == ([0, 1], [0, 1])


def test_capture_curve_returns_from_its_record():
    curve = capture_curve([0, 1], [1, 2], label="AI")
    assert result_from_dict(curve.to_dict()).to_dict() == curve.to_dict()


@pytest.mark.parametrize(
    ("arguments", "choices", "message"),
    [
        (([0, 2], [1, 2]), {}, "truth must hold only 0 and 1, but position 1 holds 2"),
        (([0, 1], [1]), {}, r"rating must have shape \(n_cases,\) with n_cases = 2"),
        (([0, 1], [1, math.inf]), {}, "rating must be finite, but position 1 holds inf"),
        (([0, 1], [1, math.nan]), {}, "rating must not be missing, but position 1 is NaN"),
        (([0, 1], [1, 2]), {"weight": [1, -1]}, "weight must be finite and not negative"),
        (([0, 1], [1, 2]), {"ci_level": 95}, "ci_level must lie between 0 and 1"),
    ],
)
def test_capture_curve_refuses(arguments, choices, message):
    with pytest.raises(ValueError, match=message):
        capture_curve(*arguments, **choices)
