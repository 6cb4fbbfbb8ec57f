"""The difference of two AUCs by the limits of each."""

import math

import numpy as np
import pytest
from scipy import stats

from toolkit.stats.auc.delong import auc_covariance, delong_ci, delong_test
from toolkit.stats.auc.intervals import delong_mover_test


def study(seed, *, m=30, n=90, shift=1.5, gain=0.4):
    """A paired study in which b is better by ``gain`` on the scale of the ratings."""
    draw = np.random.default_rng(seed)
    truth = np.arange(m + n) < m
    ratings = 0.8 * draw.normal(size=(m + n, 1)) + 0.6 * draw.normal(size=(m + n, 2))
    return truth, *(ratings + np.outer(truth, [shift, shift + gain])).T


@pytest.mark.parametrize("seed", range(8))
def test_limits_are_joined_as_the_formula_says(seed):
    truth, a, b = study(seed)
    result = delong_mover_test(truth, a, b)
    one, other = (delong_ci(truth, rating, interval="score") for rating in (a, b))
    covariance = auc_covariance(truth, np.column_stack([a, b])).covariance
    r = covariance[0, 1] / math.sqrt(covariance[0, 0] * covariance[1, 1])
    d = other.estimate - one.estimate
    x, y = other.estimate - other.ci_low, one.ci_high - one.estimate
    assert result.ci_low == pytest.approx(d - math.sqrt(x * x - 2 * r * x * y + y * y), abs=1e-12)
    x, y = other.ci_high - other.estimate, one.estimate - one.ci_low
    assert result.ci_high == pytest.approx(d + math.sqrt(x * x - 2 * r * x * y + y * y), abs=1e-12)
    wald = delong_test(truth, a, b)
    assert (result.estimate, result.std_error) == (wald.estimate, wald.std_error)
    assert (result.df, result.n_readers) == (29, 2)


@pytest.mark.parametrize("seed", range(4))
def test_swapping_negates_and_mirrors(seed):
    truth, a, b = study(seed)
    forward = delong_mover_test(truth, a, b, margin=0.04)
    backward = delong_mover_test(truth, b, a, margin=0.04, better="lower")
    names = ("estimate", "ci_low", "ci_high", "statistic", "p_value", "p_noninferiority")
    mirrored = [
        -backward.estimate,
        -backward.ci_high,
        -backward.ci_low,
        -backward.statistic,
        backward.p_value,
        backward.p_noninferiority,
    ]
    assert mirrored == pytest.approx([getattr(forward, name) for name in names], rel=1e-9)


@pytest.mark.parametrize("gain", [0.8, -0.8, 0.1])
def test_interval_and_p_values_agree(gain):
    truth, a, b = study(3, gain=gain)
    result = delong_mover_test(truth, a, b)
    at_p = delong_mover_test(truth, a, b, ci_level=1 - result.p_value)
    limit = at_p.ci_low if result.estimate > 0 else at_p.ci_high
    assert limit == pytest.approx(0, abs=1e-9)
    assert math.copysign(1, result.statistic) == math.copysign(1, result.estimate)
    for better, limit in (("higher", -result.ci_low), ("lower", result.ci_high)):
        if limit > 0:
            at_margin = delong_mover_test(truth, a, b, margin=limit, better=better)
            assert at_margin.p_noninferiority == pytest.approx(0.025, rel=1e-7)
            wider = delong_mover_test(truth, a, b, margin=limit * 1.01, better=better)
            assert wider.noninferior
            assert wider.p_noninferiority < 0.025


def test_far_beyond_the_margin_p_is_above_a_half():
    truth, a, b = study(4, gain=-1.5)
    result = delong_mover_test(truth, a, b, margin=0.01)
    assert result.estimate < -0.1
    assert result.p_noninferiority > 0.9


def test_large_studies_agree_with_the_wald_test():
    truth, a, b = study(5, m=4_000, n=6_000, gain=0.05)
    mover = delong_mover_test(truth, a, b, margin=0.01)
    wald = delong_test(truth, a, b, margin=0.01)
    assert mover.ci_low == pytest.approx(wald.ci_low, abs=4e-4)
    assert mover.ci_high == pytest.approx(wald.ci_high, abs=4e-4)
    assert mover.p_value == pytest.approx(wald.p_value, abs=0.02)


def test_a_perfect_curve_has_room_below():
    truth, a, _ = study(6)
    perfect = truth + np.linspace(0, 0.5, truth.size)
    result = delong_mover_test(truth, a, perfect)
    assert result.estimate_b == 1.0
    low = delong_ci(truth, a, interval="score").ci_low
    # The AUC of b may be as low as its bound, and that of a does not vary with it.
    assert result.ci_low < delong_test(truth, a, perfect).ci_low
    assert result.ci_high == pytest.approx(1 - low, abs=1e-12)
    assert result.note == ""


def test_no_difference_has_p_1_and_like_ratings_have_none():
    truth = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    a = np.array([1, 2, 3, 5, 2, 4, 6, 7])
    b = np.array([1, 5, 3, 2, 2, 4, 6, 7])
    result = delong_mover_test(truth, a, b)
    assert (result.estimate, result.statistic, result.p_value) == (0.0, 0.0, 1.0)
    assert result.ci_low < 0 < result.ci_high
    same = delong_mover_test(truth, a, np.exp(a), margin=0.05)
    assert math.isnan(same.p_value)
    assert math.isnan(same.ci_low)
    assert "nothing to test" in same.note
    for few in (slice(0, 4), slice(0, 5)):
        none = delong_mover_test(truth[few], a[few], b[few])
        assert math.isnan(none.ci_low)
        assert "positive case" in none.note


def test_certain_differences_have_a_p_value_of_0_at_most():
    truth, _, b = study(7, m=400, n=400, shift=5)
    result = delong_mover_test(truth, -b, b)
    assert result.estimate > 0.99
    assert 0 <= result.p_value < 1e-12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"margin": -0.05}, "margin of a difference must be positive"),
        ({"ci_level": 2}, "ci_level must lie between 0 and 1"),
        ({"weight": [1]}, r"weight must have shape \(n_cases,\)"),
    ],
)
def test_malformed_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        delong_mover_test(*study(8), **arguments)
    with pytest.raises(ValueError, match="rating_b must not be missing"):
        delong_mover_test([0, 1], [1, 2], [1, math.nan])


@pytest.mark.slow
def test_noninferiority_of_high_aucs_is_not_claimed_too_often():
    draw = np.random.default_rng(20260104)
    truth = np.arange(330) < 30
    shift = math.sqrt(2) * stats.norm.ppf([0.95, 0.90])  # b is worse by the margin
    correlation = np.linalg.cholesky([[1, 0.6], [0.6, 1]]).T
    n_studies, claimed, covered = 600, 0, 0
    for _ in range(n_studies):
        ratings = draw.normal(size=(330, 2)) @ correlation + np.outer(truth, shift)
        result = delong_mover_test(truth, *ratings.T)
        claimed += result.ci_low > -0.05
        covered += result.ci_low <= -0.05 <= result.ci_high
    assert claimed / n_studies < 0.03
    assert covered / n_studies > 0.95
