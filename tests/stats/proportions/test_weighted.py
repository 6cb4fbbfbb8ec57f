"""Weighted and clustered shares against R's survey package, exact fractions and definitions."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from toolkit.stats.calibration.expected_shares import goodness_of_fit, weighted_goodness_of_fit
from toolkit.stats.proportions.one import proportion_ci
from toolkit.stats.proportions.weighted import share_covariance, weighted_proportion_ci


@pytest.fixture(scope="module")
def clustered(reference_data):
    """Breasts of 60 women, with what R's survey package makes of them."""
    path = reference_data / "reference" / "roc_agreement_calibration.json"
    cases = json.loads(path.read_text())["cases"]
    case = next(case for case in cases if case["id"] == "clustered_proportion")
    events, sizes = case["data"]["x_per_cluster"], case["data"]["n_per_cluster"]
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    pairs = zip(events, sizes, strict=True)
    event = np.concatenate([[1] * x + [0] * (n - x) for x, n in pairs])
    return event, cluster, case["values"]


# --- reference -----------------------------------------------------------------------------------


def test_weighted_proportion_matches_survey_svymean(clustered):
    event, cluster, values = clustered
    result = weighted_proportion_ci(event, cluster=cluster)
    assert result.estimate == pytest.approx(values["survey_mean"], rel=1e-9)
    assert result.std_error == pytest.approx(values["survey_se"], rel=1e-9)
    limits = (result.ci_low, result.ci_high)
    assert limits == pytest.approx(values["wilson_effective_n"], rel=1e-9)
    assert result.n_clusters == values["n_clusters"]


def test_two_categories_are_the_squared_distance_in_survey_standard_errors(clustered):
    event, cluster, values = clustered
    fit = weighted_goodness_of_fit(event, [0.4, 0.6], cluster=cluster)
    z = (values["survey_mean"] - 0.6) / values["survey_se"]
    assert fit.statistic == pytest.approx(z**2, rel=1e-9)
    assert fit.df == pytest.approx(1, rel=1e-12)
    assert fit.p_value == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-9)


def test_three_categories_match_exact_fractions():
    category = [0, 0, 1, 1, 1, 2, 2, 0]
    weight = [3, 1, 2, 2, 1, 4, 1, 2]
    cluster = [0, 0, 1, 2, 2, 3, 4, 4]
    expected = [Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)]
    total, n, k = sum(weight), 8, 3
    share = [Fraction(sum(w for c, w in zip(category, weight, strict=True) if c == i), total)
             for i in range(k)]  # fmt: skip
    sums = [[Fraction(0)] * k for _ in range(5)]
    for c, w, unit in zip(category, weight, cluster, strict=True):
        for i in range(k):
            sums[unit][i] += Fraction(w, total) * ((c == i) - share[i])
    covariance = [
        [Fraction(5, 4) * sum(row[i] * row[j] for row in sums) for j in range(k)] for i in range(k)
    ]
    effect = [[n * covariance[i][j] / expected[i] for j in range(k)] for i in range(k)]
    trace = sum(effect[i][i] for i in range(k))
    squares = sum(effect[i][j] * effect[j][i] for i in range(k) for j in range(k))
    pearson = n * sum((share[i] - expected[i]) ** 2 / expected[i] for i in range(k))
    fit = weighted_goodness_of_fit(
        category, [float(one) for one in expected], weight=weight, cluster=cluster
    )
    assert fit.statistic == pytest.approx(float(pearson * trace / squares), rel=1e-12)
    assert fit.df == pytest.approx(float(trace**2 / squares), rel=1e-12)
    assert fit.p_value == pytest.approx(stats.chi2.sf(fit.statistic, fit.df), rel=1e-9)
    assert fit.n_clusters == 5


# --- property ------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [None, [2.5] * 7])
def test_equal_weights_without_clusters_are_wilsons_interval(weight):
    event = [1, 0, 0, 1, 0, 0, 0]
    result, plain = weighted_proportion_ci(event, weight=weight), proportion_ci(2, 7)
    assert result.to_dict() == plain.to_dict()


def test_scaling_all_weights_changes_nothing():
    event, weight = np.array([1, 0, 0, 1, 0, 1]), np.array([1.0, 6, 6, 1, 5, 2])
    once, scaled = (weighted_proportion_ci(event, weight=k * weight) for k in (1, 40))
    for name in ("estimate", "std_error", "ci_low", "ci_high"):
        assert getattr(once, name) == pytest.approx(getattr(scaled, name), rel=1e-12)


def test_every_case_twice_in_one_cluster_says_no_more_than_once():
    category, weight = np.array([0, 1, 1, 2, 0, 2, 2]), np.array([1.0, 2, 3, 1, 1, 2, 2])
    once = weighted_goodness_of_fit(category, [0.3, 0.3, 0.4], weight=weight)
    twice = weighted_goodness_of_fit(
        np.repeat(category, 2),
        [0.3, 0.3, 0.4],
        weight=np.repeat(weight, 2),
        cluster=np.repeat(np.arange(7), 2),
    )
    assert twice.statistic == pytest.approx(once.statistic, rel=1e-9)
    assert twice.df == pytest.approx(once.df, rel=1e-9)


def test_large_simple_sample_agrees_with_the_plain_test():
    category = np.random.default_rng(4).choice(4, size=20_000, p=[0.26, 0.24, 0.26, 0.24])
    plain = goodness_of_fit(np.bincount(category), [0.25] * 4)
    corrected = weighted_goodness_of_fit(category, [0.25] * 4)
    assert corrected.statistic == pytest.approx(plain.statistic, rel=0.01)
    assert corrected.df == pytest.approx(3, rel=0.01)


def test_rows_of_the_covariance_add_up_to_zero():
    generator = np.random.default_rng(5)
    member = np.eye(4)[generator.integers(0, 4, size=50)]
    covariance = share_covariance(member, generator.random(50) + 0.1, generator.integers(0, 20, 50))
    np.testing.assert_allclose(covariance.sum(axis=0), 0, atol=1e-15)
    np.testing.assert_allclose(covariance, covariance.T)


def _case_control(generator):
    """Cancers all taken, one in six others: class of each of the sample, and weights."""
    cancer = generator.random(3000) < 0.02
    category = np.where(cancer, 9, generator.integers(0, 10, size=3000))
    taken = cancer | (generator.random(3000) < 1 / 6)
    return category[taken], np.where(cancer, 1.0, 6.0)[taken], cancer[taken]


def test_weighted_test_rejects_true_shares_about_as_often_as_it_says():
    generator, rejected = np.random.default_rng(20260101), 0
    shares = [0.098] * 9 + [0.118]
    for _ in range(600):
        category, weight, _ = _case_control(generator)
        rejected += weighted_goodness_of_fit(category, shares, weight=weight).p_value < 0.05
    # 4 standard errors of a share of .05 of 600.
    assert abs(rejected / 600 - 0.05) < 0.036


def test_rate_of_a_case_control_sample_covers_the_populations():
    generator, covered = np.random.default_rng(20260102), 0
    for _ in range(600):
        _, weight, cancer = _case_control(generator)
        rate = weighted_proportion_ci(cancer, weight=weight)
        covered += rate.ci_low <= 0.02 <= rate.ci_high
    assert abs(covered / 600 - 0.95) < 0.036


# --- edge ----------------------------------------------------------------------------------------


def test_no_event_counts_the_cases_that_the_sample_stands_for():
    weight = [6.0] * 100
    conservative = weighted_proportion_ci([0] * 100, weight=[*weight[1:], 5.0])
    fully_taken = weighted_proportion_ci([0] * 100, weight=[*weight[1:], 5.0], event_weight=1.0)
    assert conservative.estimate == fully_taken.estimate == 0
    assert conservative.ci_high == pytest.approx(proportion_ci(0, 100).ci_high, rel=0.01)
    assert fully_taken.ci_high == pytest.approx(proportion_ci(0, 599).ci_high, rel=1e-9)
    assert conservative.ci_low == fully_taken.ci_low == 0


def test_no_event_in_a_cell_of_like_weights_counts_what_it_stands_for():
    alike = weighted_proportion_ci([0] * 10, weight=[6.0] * 10, event_weight=1.0)
    assert alike.ci_high == pytest.approx(proportion_ci(0, 60).ci_high, rel=1e-9)
    same = weighted_proportion_ci([0] * 10, weight=[6.0] * 10, event_weight=6.0)
    assert same.to_dict() == proportion_ci(0, 10).to_dict()


def test_all_events_have_an_interval_up_to_one():
    result = weighted_proportion_ci([1, 1, 1], weight=[1, 2, 2])
    assert (result.estimate, result.ci_high) == (1, 1)
    assert result.ci_low == pytest.approx(1 - 3.8414588 / (2.5 + 3.8414588), rel=1e-6)


def test_no_case_is_undefined():
    result = weighted_proportion_ci([], quantity="rate")
    assert math.isnan(result.estimate)
    assert result.note == "rate is not defined: 0 units in the denominator"


def test_weights_of_zero_are_undefined():
    result = weighted_proportion_ci([0, 1], weight=[0, 0])
    assert math.isnan(result.estimate)
    assert result.note == "not defined: the weights add up to 0"


@pytest.mark.parametrize("event", [0, 1])
def test_patients_whose_cases_are_all_alike_count_once(event):
    # 108 breasts of 54 women, none (all) with the event: Wilson's interval of 54, not of 108.
    ours = weighted_proportion_ci([event] * 108, cluster=np.arange(108) // 2)
    oracle = proportion_ci(54 * event, 54)
    assert (ours.ci_low, ours.ci_high) == pytest.approx((oracle.ci_low, oracle.ci_high), rel=1e-12)


def test_one_cluster_has_no_interval():
    result = weighted_proportion_ci([0, 1, 1], cluster=[7, 7, 7])
    assert result.estimate == pytest.approx(2 / 3)
    assert math.isnan(result.ci_low)
    assert result.note == "no interval: one cluster alone has no variance"


def test_per_1000_scales_estimate_and_limits():
    arguments = {"weight": [1, 6, 6, 6], "quantity": "cancer_rate"}
    share = weighted_proportion_ci([1, 0, 0, 0], **arguments)
    rate = weighted_proportion_ci([1, 0, 0, 0], unit="per_1000", **arguments)
    assert rate.estimate == pytest.approx(1000 * share.estimate)
    assert rate.ci_high == pytest.approx(1000 * share.ci_high)
    assert (rate.unit, rate.numerator, rate.denominator) == ("per_1000", 1, 4)


@pytest.mark.parametrize(
    ("category", "choices", "reason"),
    [
        ([], {}, "no case was counted"),
        ([0, 1], {"weight": [0, 0]}, "no case was counted"),
        ([1, 1, 1], {}, "no variance: all weight lies in one category"),
        ([0, 1, 1], {"cluster": [3, 3, 3]}, "or there is one cluster only"),
    ],
)
def test_weighted_fit_is_undefined(category, choices, reason):
    fit = weighted_goodness_of_fit(category, [0.5, 0.5], **choices)
    assert math.isnan(fit.statistic)
    assert math.isnan(fit.p_value)
    assert reason in fit.note


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "choices", "message"),
    [
        ([0, 3], {}, "event must hold only 0 and 1, but position 1 holds 3"),
        ([0, 1], {"weight": [1]}, r"weight must have shape \(n_cases,\)"),
        ([0, 1], {"cluster": ["a", ""]}, "cluster must not be missing, but position 1 is"),
        ([0, 0, 0], {"weight": [1, 2, 2], "event_weight": 0.0}, "event_weight must be positive"),
    ],
)
def test_weighted_proportion_refuses(event, choices, message):
    with pytest.raises(ValueError, match=message):
        weighted_proportion_ci(event, **choices)


@pytest.mark.parametrize(
    ("category", "share", "message"),
    [
        (
            [0, 2],
            [0.5, 0.5],
            "category must lie from 0 to 1, one for each expected share, but got 2",
        ),
        ([0, -1], [0.5, 0.5], "category must be a whole number, 0 or more, but got -1"),
        ([[0, 1]], [0.5, 0.5], r"category must have shape \(n_cases,\), but got \(1, 2\)"),
        ([0, 0], [1.0], "two categories or more are needed"),
    ],
)
def test_weighted_fit_refuses(category, share, message):
    with pytest.raises(ValueError, match=message):
        weighted_goodness_of_fit(category, share)
