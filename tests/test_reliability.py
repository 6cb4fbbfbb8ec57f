"""Reliability curves against counting, brute force, closed forms and simulation."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.probability_sample import HERE, calibrated
from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.calibration.measures import (
    groups_of_equal_size,
    isotonic_reliability,
    reliability_curve,
)
from toolkit.stats.proportions.one import proportion_ci
from toolkit.stats.proportions.weighted import weighted_proportion_ci

repeatable = settings(deadline=None, max_examples=60, derandomize=True)
WEIGHTED = {"rating_is": "probability"}


# --- groups --------------------------------------------------------------------------------------


@given(n=st.integers(1, 200), n_groups=st.integers(2, 12), seed=st.integers(0, 99))
@repeatable
def test_groups_without_ties_differ_by_one_case_at_most(n, n_groups, seed):
    probability = np.random.default_rng(seed).permutation(n) / n
    sizes = np.bincount(groups_of_equal_size(probability, np.ones(n), n_groups))
    assert sizes.size == min(n, n_groups)
    assert sizes.max() - sizes.min() <= 1


def test_groups_of_ties_and_weights_are_those_of_the_middle_rank():
    ties = groups_of_equal_size(np.array([0.1, 0.1, 0.1, 0.2]), np.ones(4), 2)
    assert ties.tolist() == [0, 0, 0, 1]
    # Running totals 6, 8, 10; their middles 3, 7, 9 of 10.
    weighted = groups_of_equal_size(np.array([0.3, 0.1, 0.2]), np.array([2.0, 6.0, 2.0]), 2)
    assert weighted.tolist() == [1, 0, 1]


# --- reliability curve: reference ----------------------------------------------------------------


def test_curve_is_wilson_of_the_counts_in_each_group():
    truth, probability = calibrated(100, seed=31)
    curve = reliability_curve(truth, probability, n_groups=4, ci_level=0.9, **HERE)
    order = np.argsort(probability)
    for place in range(4):
        inside = order[25 * place : 25 * (place + 1)]
        oracle = proportion_ci(int(truth[inside].sum()), 25, ci_level=0.9)
        assert curve.y[place] == pytest.approx(oracle.estimate, rel=1e-12)
        assert curve.ci_low[place] == pytest.approx(oracle.ci_low, rel=1e-12)
        assert curve.ci_high[place] == pytest.approx(oracle.ci_high, rel=1e-12)
        assert curve.x[place] == pytest.approx(probability[inside].mean(), rel=1e-12)
        assert curve.threshold[place] == probability[inside].min()
        assert (curve.numerator[place], curve.denominator[place]) == (truth[inside].sum(), 25)
    assert (curve.kind, curve.ci_method, curve.n_cases) == ("reliability", "Wilson score", 100)


def test_weighted_clustered_groups_are_weighted_proportions():
    truth, probability = calibrated(90, seed=32)
    weight, cluster = np.where(truth == 1, 1.0, 5.0), np.arange(90) // 2
    curve = reliability_curve(
        truth, probability, weight=weight, cluster=cluster, n_groups=3, **WEIGHTED
    )
    group = groups_of_equal_size(probability, weight, 3)
    for place in range(3):
        inside = group == place
        oracle = weighted_proportion_ci(
            truth[inside], weight=weight[inside], cluster=cluster[inside], event_weight=1.0
        )
        assert curve.y[place] == pytest.approx(oracle.estimate, rel=1e-12)
        assert curve.ci_low[place] == pytest.approx(oracle.ci_low, rel=1e-12)
        assert curve.ci_high[place] == pytest.approx(oracle.ci_high, rel=1e-12)


def test_group_at_a_known_prevalence_has_the_variance_of_two_samples():
    """Odds of the risk = odds of the prevalence times q1 / q0, each share of its own class."""
    truth, probability = calibrated(400, seed=33, centre=0)
    prevalence, n_groups = 0.01, 4
    curve = reliability_curve(
        truth, probability, rating_is="probability", basis=prevalence, n_groups=n_groups
    )
    n1, n0 = truth.sum(), (1 - truth).sum()
    weight = np.where(truth == 1, prevalence / n1, (1 - prevalence) / n0)
    group = groups_of_equal_size(probability, weight, n_groups)
    z = stats.norm.isf(0.025)
    for place in range(n_groups):
        x1, x0 = truth[group == place].sum(), (1 - truth)[group == place].sum()
        odds = prevalence / (1 - prevalence) * (x1 / n1) / (x0 / n0)
        risk = odds / (1 + odds)
        assert curve.y[place] == pytest.approx(risk, rel=1e-9)
        log_odds = (1 / x1 - 1 / n1) * n1 / (n1 - 1) + (1 / x0 - 1 / n0) * n0 / (n0 - 1)
        size = risk * (1 - risk) / (log_odds * (risk * (1 - risk)) ** 2)
        # Wilson's equation (p - risk)^2 = z^2 p (1 - p) / size at both limits.
        for limit in (curve.ci_low[place], curve.ci_high[place]):
            assert (limit - risk) ** 2 == pytest.approx(z**2 * limit * (1 - limit) / size, rel=1e-6)


# --- isotonic: reference -------------------------------------------------------------------------


# R 4.2.2: isoreg(c(.05,.1,.2,.3,.4,.5,.7,.9), c(0,0,1,0,1,0,1,1))$yf
def test_isotonic_curve_matches_isoreg():
    x = [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9]
    curve = isotonic_reliability([0, 0, 1, 0, 1, 0, 1, 1], x, **HERE)
    assert curve.y.tolist() == [0, 0, 0.5, 0.5, 0.5, 0.5, 1, 1]
    assert curve.x.tolist() == curve.threshold.tolist() == x


def min_max_formula(truth, probability, weight):
    """Isotonic regression by its min-max formula: max over i <= k of min over j >= k of a mean."""
    distinct = sorted(set(probability))
    rows = list(zip(truth, probability, weight, strict=True))

    def mean(low, high):
        inside = [(t, w) for t, p, w in rows if low <= p <= high]
        return Fraction(sum(t * w for t, w in inside), sum(w for _, w in inside))

    return [
        float(max(min(mean(i, j) for j in distinct if j >= k) for i in distinct if i <= k))
        for k in distinct
    ]


@given(
    rows=st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 9), st.integers(1, 5)), min_size=1, max_size=20
    )
)
@repeatable
def test_isotonic_curve_is_the_min_max_formula(rows):
    truth, tenths, weight = (list(column) for column in zip(*rows, strict=True))
    curve = isotonic_reliability(truth, np.array(tenths) / 10, weight=weight, **WEIGHTED)
    np.testing.assert_allclose(curve.y, min_max_formula(truth, tenths, weight), rtol=1e-12)
    assert np.all(np.diff(curve.y) >= 0)


# --- property ------------------------------------------------------------------------------------


def test_calibrated_probabilities_lie_within_their_intervals_as_often_as_they_say():
    inside, n = 0, 0
    for seed in range(200):
        curve = reliability_curve(
            *calibrated(1000, seed=70_000 + seed, centre=0), n_groups=5, **HERE
        )
        inside += np.sum((curve.ci_low < curve.x) & (curve.x < curve.ci_high))
        n += 5
    assert abs(inside / n - 0.95) < 0.03


@pytest.mark.slow
def test_known_prevalence_intervals_cover_in_an_enriched_set():
    """Group borders are fixed here by few distinct values, so that each risk is known."""
    values = np.array([0.002, 0.01, 0.05, 0.3])
    share = np.array([0.7, 0.2, 0.08, 0.02])
    prevalence = float(values @ share)
    sick, healthy = values * share / prevalence, (1 - values) * share / (1 - prevalence)
    generator, inside = np.random.default_rng(34), np.zeros(4)
    for _ in range(2000):
        truth = np.repeat([1, 0], [200, 400])
        stated = np.concatenate(
            [generator.choice(values, 200, p=sick), generator.choice(values, 400, p=healthy)]
        )
        curve = reliability_curve(
            truth, stated, rating_is="probability", basis=prevalence, n_groups=1000
        )
        assert curve.x.size == 4
        inside += (curve.ci_low < values) & (values < curve.ci_high)
    assert np.all(np.abs(inside / 2000 - 0.95) < 0.03), inside


def test_constant_weights_are_no_weights():
    truth, probability = calibrated(60, seed=35)
    for function in (reliability_curve, isotonic_reliability):
        weighted = function(truth, probability, weight=np.full(60, 2.0), **WEIGHTED)
        assert weighted.to_dict() == function(truth, probability, **HERE).to_dict()


def test_order_of_the_cases_does_not_matter():
    truth, probability = calibrated(200, seed=36)
    rounded, order = probability.round(1), np.random.default_rng(2).permutation(200)
    first = reliability_curve(truth, rounded, **HERE)
    second = reliability_curve(truth[order], rounded[order], **HERE)
    np.testing.assert_allclose(first.x, second.x, rtol=1e-12)
    assert first.ci_high.tolist() == second.ci_high.tolist()


# --- edge ----------------------------------------------------------------------------------------


def test_group_of_cancers_alone_allows_for_a_healthy_woman_who_stands_for_many():
    truth, probability = [0, 0, 0, 1, 1, 1], [0.1, 0.1, 0.1, 0.9, 0.9, 0.9]
    curve = reliability_curve(
        truth, probability, weight=[20, 20, 20, 1, 1, 1], n_groups=60, **WEIGHTED
    )
    assert curve.y.tolist() == [0, 1]
    # Three cancers against one woman of 20: an effective number of 3 / 20.
    low = 1 - weighted_proportion_ci([0, 0, 0], event_weight=20).ci_high
    assert curve.ci_low[1] == pytest.approx(low, rel=1e-9)
    assert curve.ci_low[1] < 0.1


def test_group_of_one_class_at_a_known_prevalence_has_an_interval():
    truth, probability = [0] * 30 + [1] * 10, [0.1] * 30 + [0.9] * 10
    curve = reliability_curve(truth, probability, rating_is="probability", basis=0.01, n_groups=200)
    assert curve.y.tolist() == [0, 1]
    assert np.all((curve.ci_low >= 0) & (curve.ci_high <= 1))
    assert curve.ci_high[0] < 0.01
    assert curve.ci_low[1] < 0.2


def test_single_case_of_a_class_has_no_interval():
    curve = reliability_curve(
        [1, 0, 0], [0.5, 0.5, 0.5], rating_is="probability", basis=0.1, n_groups=2
    )
    assert math.isnan(curve.ci_low[0])
    assert curve.note == "no interval: one case alone of its class"


def test_group_of_all_cases_has_the_known_prevalence_and_no_interval():
    curve = reliability_curve(
        [1, 1, 0, 0, 0], [0.3] * 5, rating_is="probability", basis=0.007, n_groups=2
    )
    assert curve.y[0] == pytest.approx(0.007, rel=1e-12)
    assert math.isnan(curve.ci_high[0])
    assert curve.note == "no interval: these cases show no variation at the known prevalence"


def test_without_cases_there_is_no_point():
    for function in (reliability_curve, isotonic_reliability):
        curve = function([], [], **HERE)
        assert curve.x.size == 0
        assert curve.note == "not defined: there is no case of a weight above 0"


def test_curves_return_from_their_record_and_use_the_glossary():
    for function in (reliability_curve, isotonic_reliability):
        curve = function(*calibrated(50, seed=37), **HERE)
        assert result_from_dict(curve.to_dict()).to_dict() == curve.to_dict()
        assert set(curve.summary_frame().columns) <= set(GLOSSARY)


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"n_groups": 1}, "n_groups must be 2 or more, but got 1; 10 is usual"),
        ({"n_groups": -3}, "n_groups must be a whole number, 0 or more"),
        ({"ci_level": 95}, "ci_level must lie between 0 and 1"),
        ({"rating_is": "score"}, "rating_is must be 'probability', but got 'score'"),
        ({"basis": None}, "whose prevalence holds, but got neither"),
    ],
)
def test_reliability_curve_refuses(words, message):
    with pytest.raises(ValueError, match=message):
        reliability_curve([0, 1], [0.2, 0.4], **{**HERE, **words})


def test_isotonic_curve_needs_the_declarations_too():
    with pytest.raises(ValueError, match="rating_is must be 'probability'"):
        isotonic_reliability([0, 1], [0.1, 0.9], rating_is="rank", basis=0.5)
    with pytest.raises(ValueError, match="but got neither"):
        isotonic_reliability([0, 1], [0.1, 0.9], rating_is="probability")
