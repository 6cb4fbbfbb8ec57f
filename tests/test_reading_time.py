"""Ratio of geometric mean reading times, against scipy's paired t test and by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from toolkit.stats.reading_time import geometric_mean_ratio_ci

DRAW = np.random.default_rng(20260101)
A = DRAW.lognormal(3.8, 0.5, 60)
B = A * DRAW.lognormal(-0.1, 0.3, 60)


def test_ratio_matches_the_paired_t_test_on_logs():
    result = geometric_mean_ratio_ci(A, B)
    expected = stats.ttest_rel(np.log(B), np.log(A))
    limits = expected.confidence_interval(0.95)
    assert result.statistic == pytest.approx(expected.statistic, rel=1e-12)
    assert result.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert result.ci_low == pytest.approx(math.exp(limits.low), rel=1e-9)
    assert result.ci_high == pytest.approx(math.exp(limits.high), rel=1e-9)
    assert result.estimate_b / result.estimate_a == pytest.approx(result.estimate)
    assert result.estimate_a == pytest.approx(stats.gmean(A))


def test_swapping_inverts_and_units_do_not_matter():
    one, other = geometric_mean_ratio_ci(A, B), geometric_mean_ratio_ci(B, A)
    assert one.estimate * other.estimate == pytest.approx(1)
    minutes = geometric_mean_ratio_ci(A / 60, B / 60)
    assert minutes.ci_low == pytest.approx(one.ci_low)


@pytest.mark.parametrize(
    ("a", "b", "note"),
    [
        ([], [], "0 cases with both times"),
        ([40.0], [20.0], "1 cases with both times"),
        ([40.0, 60.0], [20.0, 30.0], "every case has the same ratio"),
    ],
)
def test_undefined_interval_says_why(a, b, note):
    result = geometric_mean_ratio_ci(a, b)
    assert math.isnan(result.ci_low)
    assert note in result.note


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ([1.0, 2.0], [1.0], "must have the same length, but got 2 and 1"),
        (
            [1.0, 0.0],
            [1.0, 1.0],
            "time_a must be finite and above 0 seconds, but got .* position 1",
        ),
        ([1.0], [math.nan], "time_b must be finite and above 0"),
        ([[1.0]], [[1.0]], r"time_a must have shape \(n_cases,\), but got \(1, 1\)"),
    ],
)
def test_wrong_times_are_refused(a, b, message):
    with pytest.raises(ValueError, match=message):
        geometric_mean_ratio_ci(a, b)
