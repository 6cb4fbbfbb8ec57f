"""The trend test against R, exact fractions, influence values and simulation."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.probability_sample import clustered_error, weight_derivative
from toolkit.results import result_from_dict
from toolkit.stats.proportions.tests import trend_test

repeatable = settings(deadline=None, max_examples=60, derandomize=True)


def expanded(events, sizes, score):
    """Return truth and score of each case from counts by class."""
    truth = np.concatenate([[1] * x + [0] * (n - x) for x, n in zip(events, sizes, strict=True)])
    return truth, np.repeat(score, sizes)


# R 4.2.2: prop.trend.test(c(3,5,9,14), c(60,55,48,52)); with score = c(1,2,4,8)
@pytest.mark.parametrize(
    ("score", "chi_square"),
    [([1, 2, 3, 4], 12.5949752546715), ([1, 2, 4, 8], 12.3772547216521)],
)
def test_trend_matches_prop_trend_test(score, chi_square):
    trend = trend_test(*expanded([3, 5, 9, 14], [60, 55, 48, 52], score))
    assert trend.statistic**2 == pytest.approx(chi_square, rel=1e-9)
    assert trend.statistic > 0
    assert trend.p_value == pytest.approx(stats.chi2.sf(chi_square, 1), rel=1e-9)
    assert (trend.n_cases, trend.n_positive) == (215, 31)


@given(rows=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=30))
@repeatable
def test_trend_is_its_formula_in_fractions(rows):
    n = len(rows)
    share, centre = Fraction(sum(t for t, _ in rows), n), Fraction(sum(s for _, s in rows), n)
    top = sum((t - share) * (s - centre) for t, s in rows)
    variance = share * (1 - share) * sum((s - centre) ** 2 for _, s in rows)
    trend = trend_test(*zip(*rows, strict=True))
    if variance == 0:
        assert math.isnan(trend.p_value)
        assert trend.note.startswith("no trend: all cases are of one class")
    else:
        assert trend.statistic == pytest.approx(
            float(top) / math.sqrt(variance), rel=1e-9, abs=1e-12
        )


def test_weighted_clustered_trend_is_that_of_influence_values():
    generator = np.random.default_rng(44)
    truth, score = generator.integers(0, 2, 40), generator.integers(1, 6, 40)
    weight, cluster = np.linspace(1, 4, 40), np.arange(40) // 2

    def covariance(each):
        total = each.sum()
        return float(each @ (truth * score) / total - each @ truth * (each @ score) / total**2)

    trend = trend_test(truth, score, weight=weight, cluster=cluster)
    error = clustered_error(weight_derivative(covariance, weight), cluster)
    assert trend.statistic == pytest.approx(covariance(weight) / error, rel=1e-6)
    assert trend.method == "Cochran-Armitage trend test, robust variance"
    assert trend.n_clusters == 20


def test_linear_map_of_the_score_changes_its_sign_at_most():
    truth, score = expanded([3, 5, 9], [30, 25, 28], [1, 2, 3])
    trend = trend_test(truth, score).statistic
    assert trend_test(truth, 10 - 3 * score).statistic == pytest.approx(-trend, rel=1e-12)
    assert trend_test(1 - truth, score).statistic == pytest.approx(-trend, rel=1e-12)


def test_trend_rejects_as_often_as_it_says():
    generator = np.random.default_rng(45)
    plain, robust = [], []
    for _ in range(600):
        truth, score = generator.random(200) < 0.3, generator.integers(1, 11, 200)
        plain.append(trend_test(truth, score).p_value)
        cluster = np.arange(400) // 2
        robust.append(trend_test(truth.repeat(2), score.repeat(2), cluster=cluster).p_value)
    assert abs(np.mean(np.array(plain) < 0.05) - 0.05) < 0.036
    assert abs(np.mean(np.array(robust) < 0.05) - 0.05) < 0.036


def test_patients_who_do_not_differ_have_no_variance():
    truth, score = np.tile([1, 0, 0], 5), np.tile([0.3, 0.1, 0.2], 5)
    trend = trend_test(truth, score, cluster=np.repeat(np.arange(5), 3))
    assert math.isnan(trend.statistic)
    assert trend.note.endswith("or patients do not vary")


def test_one_patient_alone_and_no_case_have_no_trend():
    alone = trend_test([0, 1, 1], [1, 2, 3], cluster=[7, 7, 7])
    assert math.isnan(alone.statistic)
    assert math.isnan(trend_test([], []).p_value)
    assert math.isnan(trend_test([0, 1], [1, 2], weight=[0, 0]).p_value)


def test_trend_returns_from_its_record():
    trend = trend_test([0, 1, 1], [1, 2, 3])
    assert result_from_dict(trend.to_dict()).to_dict() == trend.to_dict()


@pytest.mark.parametrize(
    ("score", "message"),
    [
        ([1, math.inf], "score must be finite for a trend, but position 1 holds inf; give the"),
        ([1, math.nan], "score must not be missing"),
        ([1], r"score must have shape \(n_cases,\)"),
    ],
)
def test_trend_refuses(score, message):
    with pytest.raises(ValueError, match=message):
        trend_test([0, 1], score)
