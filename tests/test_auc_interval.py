"""Intervals of one AUC: which one it is, what it solves, and what its note says."""

import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy import integrate, optimize, stats

from tests.auc_sample import small_studies
from toolkit.stats.auc.delong import auc_covariance, delong_ci, mean_auc_ci
from toolkit.stats.auc.delong_counts import delong_ci_from_counts
from toolkit.stats.auc.intervals import delong_mover_test, placement_variance, score_limits


def overlapping(m, n, *, shift=2.0, seed=7):
    """A study whose classes overlap: truth and rating."""
    draw = np.random.default_rng(seed)
    truth = np.arange(m + n) < m
    return truth, draw.normal(size=m + n) + shift * truth


def integrated_variance(theta):
    """Variance of ndtr(X), X normal with mean sqrt(2) probit(theta), by quadrature."""
    mean = math.sqrt(2) * stats.norm.ppf(theta)
    square, _ = integrate.quad(
        lambda z: stats.norm.cdf(z + mean) ** 2 * stats.norm.pdf(z), -12, 12, epsabs=1e-13
    )
    return square - theta**2


# --- reference ---------------------------------------------------------------------------------


@pytest.mark.parametrize("theta", [0.01, 0.2, 0.5, 0.7, 0.9, 0.99, 0.9999])
def test_placement_variance_is_that_of_the_binormal_model(theta):
    got = placement_variance(stats.norm.ppf(theta))
    assert got == pytest.approx(integrated_variance(theta), rel=1e-8, abs=1e-13)


def test_placement_variance_of_no_information_is_that_of_a_uniform():
    assert placement_variance(0.0) == pytest.approx(1 / 12, rel=1e-14)


@pytest.mark.parametrize(("m", "n", "shift"), [(15, 40, 1.0), (30, 300, 2.5), (9, 8, 0.3)])
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_score_limits_solve_their_equation(m, n, shift, level):
    truth, rating = overlapping(m, n, shift=shift)
    result = delong_ci(truth, rating, ci_level=level, interval="score")
    auc, inverse = result.estimate, 1 / m + 1 / n
    excess = max(1.0, result.std_error**2 / (integrated_variance(auc) * inverse))
    t = stats.t.isf((1 - level) / 2, min(m, n) - 1)

    def gap(theta):
        return abs(auc - theta) - t * math.sqrt(excess * integrated_variance(theta) * inverse)

    assert result.ci_low == pytest.approx(optimize.brentq(gap, 1e-6, auc), abs=1e-9)
    assert result.ci_high == pytest.approx(optimize.brentq(gap, auc, 1 - 1e-9), abs=1e-9)
    assert result.ci_method == "binormal score, t"


def test_score_interval_widens_where_ratings_vary_more_than_the_model():
    # One positive case in ten looks like a negative one: DeLong's variance exceeds the model's.
    truth = np.array([True] * 10 + [False] * 50)
    rating = np.concatenate([np.arange(100, 109), [20.5], np.arange(50)])
    result = delong_ci(truth, rating)
    narrow, _ = score_limits(
        result.estimate, variance=0.0, single_variance=0.0, inverse_sizes=1 / 10 + 1 / 50,
        t=stats.t.isf(0.025, 9),
    )  # fmt: skip
    assert result.ci_low < narrow - 0.05


def test_exact_bound_is_clopper_pearson_of_the_pairs():
    expected = stats.binomtest(30, 30).proportion_ci(0.95, "exact").low
    result = delong_ci([1] * 30 + [0] * 300, [1] * 30 + [0] * 300)
    assert result.ci_low == pytest.approx(expected, rel=1e-9)


# --- property ----------------------------------------------------------------------------------


@pytest.mark.parametrize("interval", ["logit", "score", "identity", "default"])
@pytest.mark.parametrize(("m", "n"), [(20, 200), (120, 130)])
def test_reversing_ratings_mirrors_and_reversing_both_keeps_the_interval(interval, m, n):
    truth, rating = overlapping(m, n)
    result = delong_ci(truth, rating, interval=interval)
    reversed_ratings = delong_ci(truth, -rating, interval=interval)
    assert reversed_ratings.ci_low == pytest.approx(1 - result.ci_high, abs=1e-13)
    assert reversed_ratings.ci_high == pytest.approx(1 - result.ci_low, abs=1e-13)
    reversed_both = delong_ci(~truth, -rating, interval=interval)
    limits = [reversed_both.ci_low, reversed_both.ci_high]
    assert limits == pytest.approx([result.ci_low, result.ci_high], rel=1e-12)


def test_score_interval_widens_with_its_level_and_holds_the_estimate():
    for truth, ratings in small_studies(50, 8):
        results = [
            delong_ci(truth, ratings[:, 0], ci_level=level, interval="score")
            for level in (0.5, 0.9, 0.99, 0.99999)
        ]
        if math.isnan(results[0].std_error):
            continue
        lows, highs = [r.ci_low for r in results], [r.ci_high for r in results]
        assert lows == sorted(lows, reverse=True)
        assert highs == sorted(highs)
        assert 0 <= lows[-1] < results[0].estimate < highs[-1] <= 1


def test_mean_of_like_readers_has_the_interval_of_one():
    truth, rating = overlapping(30, 90)
    single = delong_ci(truth, rating)
    mean = mean_auc_ci(truth, np.column_stack([rating, np.exp(rating), 3 * rating]))
    for name in ("estimate", "std_error", "ci_low", "ci_high"):
        assert getattr(mean, name) == pytest.approx(getattr(single, name), rel=1e-12)
    assert mean.note == single.note


def test_mean_of_unlike_readers_has_a_narrower_score_interval_than_one():
    truth, rating = overlapping(30, 90)
    other = overlapping(30, 90, seed=8)[1]
    mean = mean_auc_ci(truth, np.column_stack([rating, other]), interval="score")
    widths = [
        result.ci_high - result.ci_low
        for result in (delong_ci(truth, r, interval="score") for r in (rating, other))
    ]
    variances = np.diagonal(auc_covariance(truth, np.column_stack([rating, other])).covariance)
    saved = mean.std_error / math.sqrt(variances.mean())
    assert 0.5 < saved < 0.9
    assert mean.ci_high - mean.ci_low == pytest.approx(saved * np.mean(widths), rel=0.1)


# --- which interval ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("m", "n", "few"),
    [
        (100, 100, ""),
        (99, 100, "(99 positive)"),
        (100, 99, "(99 negative)"),
        (30, 40, "(30 positive, 40 negative)"),
        (30, 2_000, "(30 positive)"),
    ],
)
def test_default_is_logit_with_enough_cases_and_score_with_a_note_below(m, n, few):
    truth, rating = overlapping(m, n)
    default = delong_ci(truth, rating)
    logit = delong_ci(truth, rating, interval="logit")
    score = delong_ci(truth, rating, interval="score")
    assert score.note == ""
    if few:
        assert replace(default, note="").to_dict() == score.to_dict()
        expected = f"fewer than 100 cases of a class {few}: score interval, for that on the logit"
        assert default.note.startswith(expected)
        assert "covers a high AUC less often than its level" in logit.note
    else:
        assert default.to_dict() == logit.to_dict()
        assert default.note == ""
    assert (logit.ci_method, score.ci_method) == ("logit Wald, t", "binormal score, t")


def test_identity_interval_is_noted_with_few_cases():
    truth, rating = overlapping(30, 300)
    result = delong_ci(truth, rating, interval="identity")
    assert "(30 positive): this interval covers a high AUC less often" in result.note
    assert result.ci_method == "Wald, normal"


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 9), (3, 2), (30, 300), (200, 200)])
@pytest.mark.parametrize("perfect", [True, False])
@pytest.mark.parametrize("interval", ["default", "logit", "score", "identity"])
def test_at_the_end_of_the_range_one_limit_is_an_exact_bound(m, n, perfect, interval):
    truth = [1] * m + [0] * n
    rating = [int(diseased == perfect) for diseased in truth]
    result = delong_ci(truth, rating, ci_level=0.9, interval=interval)
    assert result.estimate == float(perfect)
    assert math.isnan(result.std_error)
    assert "not certainty" in result.note
    assert f"pairs of cases, {min(m, n)} in all" in result.note
    bound, end = (result.ci_low, 1.0) if perfect else (1 - result.ci_high, 0.0)
    assert (result.ci_high if perfect else result.ci_low) == end
    # At the bound, all disjoint pairs are in order with probability (1 - ci_level) / 2.
    assert bound ** min(m, n) == pytest.approx(0.05, rel=1e-9)


def test_mean_of_perfect_readers_has_the_bound_too():
    result = mean_auc_ci([0, 0, 1, 1], [[1, 1], [2, 1], [3, 2], [4, 5]])
    assert (result.estimate, result.ci_high) == (1.0, 1.0)
    assert result.ci_low == pytest.approx(math.sqrt(0.025))


# --- edge --------------------------------------------------------------------------------------


def test_first_interval_imports_nothing_slow():
    code = (
        "import sys\n"
        "from toolkit.stats.auc.delong import delong_ci\n"
        "truth = [0] * 160 + [1] * 40\n"
        "rating = [7 * i % 31 + 9 * t for i, t in enumerate(truth)]\n"
        "result = delong_ci(truth, rating)\n"
        "assert result.ci_method == 'binormal score, t', result\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    slow = {"numba", "scipy.stats", "scipy.optimize", "scipy.sparse", "pandas", "statsmodels"}
    assert not slow & set(loaded)


def test_a_million_ties_and_an_auc_next_to_1():
    counts = delong_ci_from_counts([1, 0, 1_000_000], [2_000_000, 5, 0])
    assert 0.999998 < counts.estimate < 1
    assert 0 < counts.ci_low < counts.estimate < counts.ci_high < 1
    tied = delong_ci_from_counts([500_000], [500_000])
    assert tied.estimate == 0.5
    assert math.isnan(tied.ci_low)
    assert "alike" in tied.note
    one = delong_ci_from_counts([0, 150], [10**9, 1], interval="score")
    assert one.ci_low < one.estimate < one.ci_high <= 1


def test_labels_as_text_are_refused_by_name():
    with pytest.raises(ValueError, match="truth must hold numbers, but its dtype is <U3"):
        delong_ci(["yes", "no"], [1, 2])


def test_mover_needs_no_note_of_few_cases():
    truth, rating = overlapping(30, 60)
    assert delong_mover_test(truth, rating, overlapping(30, 60, seed=9)[1]).note == ""
