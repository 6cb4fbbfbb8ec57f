"""Paired means and geometric means against scipy's paired t test, by symmetry and at the edges."""

import math

import numpy as np
import pytest
from scipy import stats

from toolkit.stats.paired.means import geometric_ratio_ci, mean_difference_ci

# Reading times of six readers without and with AI, invented, in seconds.
A = np.array([41.0, 55.0, 38.0, 62.0, 47.0, 51.0])
B = np.array([35.0, 52.0, 30.0, 50.0, 46.0, 40.0])


@pytest.mark.parametrize("level", [0.90, 0.95])
def test_mean_difference_matches_scipy(level):
    expected = stats.ttest_rel(B, A)
    limits = expected.confidence_interval(level)
    result = mean_difference_ci(A, B, unit="s", ci_level=level)
    assert result.estimate == pytest.approx((B - A).mean(), rel=1e-12)
    assert (result.ci_low, result.ci_high) == pytest.approx((limits.low, limits.high), rel=1e-9)
    assert result.statistic == pytest.approx(expected.statistic, rel=1e-9)
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert (result.df, result.n_clusters) == (5.0, 6)


def test_geometric_ratio_matches_scipy_on_logarithms():
    expected = stats.ttest_rel(np.log(B), np.log(A))
    limits = expected.confidence_interval(0.95)
    result = geometric_ratio_ci(A, B)
    assert result.estimate == pytest.approx(stats.gmean(B) / stats.gmean(A), rel=1e-12)
    assert result.estimate_a == pytest.approx(stats.gmean(A), rel=1e-12)
    assert result.ci_low == pytest.approx(math.exp(limits.low), rel=1e-9)
    assert result.ci_high == pytest.approx(math.exp(limits.high), rel=1e-9)
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    error = np.std(np.log(B / A), ddof=1) / math.sqrt(6)
    assert result.std_error == pytest.approx(result.estimate * error, rel=1e-9)


def test_swapping_turns_the_effect_around():
    one, two = mean_difference_ci(A, B, unit="s"), mean_difference_ci(B, A, unit="s")
    assert (one.ci_low, one.ci_high) == pytest.approx((-two.ci_high, -two.ci_low))
    first, second = geometric_ratio_ci(A, B), geometric_ratio_ci(B, A)
    assert first.ci_low == pytest.approx(1 / second.ci_high)
    assert first.p_value == pytest.approx(second.p_value)


def test_a_change_of_unit_leaves_the_ratio():
    minutes, seconds = geometric_ratio_ci(A / 60, B / 60), geometric_ratio_ci(A, B)
    assert minutes.ci_low == pytest.approx(seconds.ci_low)
    assert minutes.estimate_a * 60 == pytest.approx(seconds.estimate_a)


@pytest.mark.parametrize(
    ("a", "b", "note"),
    [
        ([], [], "no pair of values"),
        ([2.0], [3.0], "one pair of values has no interval"),
        ([2.0, 4.0], [2.0, 4.0], "no variation between pairs, so no interval"),
    ],
)
def test_too_little_leaves_no_interval_but_a_note(a, b, note):
    for result in (mean_difference_ci(a, b, unit="s"), geometric_ratio_ci(a, b)):
        assert result.note == note
        assert all(math.isnan(v) for v in (result.ci_low, result.ci_high, result.p_value))


def test_wrong_values_are_refused_by_name():
    with pytest.raises(ValueError, match=r"values_a and values_b must have one length"):
        mean_difference_ci(A, B[:-1], unit="s")
    with pytest.raises(ValueError, match="values_b must be above 0 for a ratio"):
        geometric_ratio_ci(A, [0.0, *B[1:]])
    with pytest.raises(ValueError, match="values_a"):
        mean_difference_ci([math.nan, *A[1:]], B, unit="s")
    with pytest.raises(ValueError, match="ci_level"):
        geometric_ratio_ci(A, B, ci_level=95)
