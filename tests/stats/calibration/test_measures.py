"""Brier scores and reliability curves against R, exact fractions, brute force and simulation."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.stats.calibration.sample import (
    HERE,
    calibrated,
    clustered_error,
    reference_case,
    weight_derivative,
)
from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.calibration.measures import (
    brier_decomposition,
    brier_score,
    groups_of_equal_size,
    isotonic_reliability,
    reliability_curve,
    scaled_brier_score,
)
from toolkit.stats.proportions.one import proportion_ci
from toolkit.stats.proportions.weighted import weighted_proportion_ci

repeatable = settings(deadline=None, max_examples=60, derandomize=True)
CASES = st.lists(
    st.tuples(st.booleans(), st.integers(0, 20), st.integers(1, 9)), min_size=2, max_size=25
)
WEIGHTED = {"rating_is": "probability"}


def columns(rows):
    """Return truth, probabilities in twentieths and weights."""
    truth, twentieths, weight = (np.array(column) for column in zip(*rows, strict=True))
    return truth.astype(int), twentieths / 20, weight.astype(float)


# --- reference -----------------------------------------------------------------------------------


def test_brier_score_matches_val_prob(reference_data):
    # R: rms::val.prob(p, y)
    values, truth, probability, _ = reference_case(reference_data, "calibration")
    score = brier_score(truth, probability, **HERE)
    assert score.estimate == pytest.approx(values["brier"], rel=1e-9)
    assert score.estimate == pytest.approx(values["val_prob"]["Brier"], rel=1e-9)
    squared = (truth - probability) ** 2
    assert score.std_error == pytest.approx(squared.std(ddof=1) / math.sqrt(400), rel=1e-9)


@given(rows=CASES)
@repeatable
def test_brier_scores_are_exact_fractions(rows):
    truth = [int(t) for t, _, _ in rows]
    stated, weight = [Fraction(p, 20) for _, p, _ in rows], [w for _, _, w in rows]
    cells = list(zip(truth, stated, weight, strict=True))
    total = sum(weight)
    brier = sum(w * (t - p) ** 2 for t, p, w in cells) / total
    share = Fraction(sum(w * t for t, _, w in cells), total)
    arrays = columns(rows)
    score = brier_score(*arrays[:2], weight=arrays[2], **WEIGHTED)
    assert score.estimate == pytest.approx(float(brier), rel=1e-12, abs=1e-15)
    scaled = scaled_brier_score(*arrays[:2], weight=arrays[2], **WEIGHTED)
    if share in (0, 1):
        assert math.isnan(scaled.estimate)
        assert scaled.note == "not defined: all cases are of one class"
    else:
        exact = float(1 - brier / (share * (1 - share)))
        assert scaled.estimate == pytest.approx(exact, rel=1e-12, abs=1e-12)


def test_weighted_clustered_errors_are_those_of_numerical_influence_values():
    truth, probability = calibrated(30, seed=3)
    weight, cluster = np.linspace(1, 4, 30), np.repeat(np.arange(15), 2)

    def brier(each):
        return float(each @ (truth - probability) ** 2 / each.sum())

    def scaled(each):
        share = float(each @ truth / each.sum())
        return 1 - brier(each) / (share * (1 - share))

    for function, statistic in ((brier_score, brier), (scaled_brier_score, scaled)):
        result = function(truth, probability, weight=weight, cluster=cluster, **WEIGHTED)
        influence = weight_derivative(statistic, weight)
        assert result.std_error == pytest.approx(clustered_error(influence, cluster), rel=1e-6)
        assert result.n_clusters == 15


def test_decomposition_matches_isoreg():
    """R 4.2.2.

    > y <- c(0,0,1,0,1,0,1,1); p <- c(.05,.1,.2,.3,.4,.5,.7,.9); f <- isoreg(p, y)$yf
    > S <- mean((y-p)^2); C <- mean((y-f)^2); U <- mean((y-mean(y))^2); c(S, S-C, U-C, U)
    0.1815625 0.0565625 0.1250000 0.2500000
    """
    parts = brier_decomposition(
        [0, 0, 1, 0, 1, 0, 1, 1], [0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9], **HERE
    )
    assert parts.brier_score == pytest.approx(0.1815625, rel=1e-12)
    assert parts.miscalibration == pytest.approx(0.0565625, rel=1e-12)
    assert parts.discrimination == pytest.approx(0.125, rel=1e-12)
    assert parts.uncertainty == pytest.approx(0.25, rel=1e-12)


def best_monotone_error(truth, probability, weight):
    """Lowest weighted squared error over all partitions of the distinct values into runs."""
    distinct = sorted(set(probability))
    best = None
    for cuts in itertools.product([0, 1], repeat=len(distinct) - 1):
        block = dict(zip(distinct, itertools.accumulate((0, *cuts)), strict=True))
        means, error = [], Fraction(0)
        for number in range(sum(cuts) + 1):
            inside = [
                (int(t), int(w))
                for t, p, w in zip(truth, probability, weight, strict=True)
                if block[p] == number
            ]
            mean = Fraction(sum(t * w for t, w in inside), sum(w for _, w in inside))
            means.append(mean)
            error += sum(w * (t - mean) ** 2 for t, w in inside)
        if means == sorted(means) and (best is None or error < best):
            best = error
    return best / sum(int(w) for w in weight)


@given(rows=CASES.filter(lambda rows: len({p for _, p, _ in rows}) <= 8))
@repeatable
def test_decomposition_is_the_best_of_all_monotone_partitions_and_adds_up(rows):
    truth, probability, weight = columns(rows)
    parts = brier_decomposition(truth, probability, weight=weight, **WEIGHTED)
    best = float(best_monotone_error(truth, probability.tolist(), weight))
    assert parts.brier_score - parts.miscalibration == pytest.approx(best, rel=1e-9, abs=1e-12)
    total = parts.miscalibration - parts.discrimination + parts.uncertainty
    assert total == pytest.approx(parts.brier_score, rel=1e-12, abs=1e-15)
    assert parts.miscalibration >= -1e-15
    assert parts.discrimination >= -1e-15


# --- property ------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [brier_score, scaled_brier_score])
def test_constant_weights_are_no_weights(function):
    truth, probability = calibrated(60, seed=5)
    plain = function(truth, probability, **HERE)
    weighted = function(truth, probability, weight=np.full(60, 2.5), **WEIGHTED)
    assert weighted.to_dict() == plain.to_dict()


@pytest.mark.parametrize("function", [brier_score, scaled_brier_score])
def test_every_case_twice_in_one_cluster_says_no_more_than_once(function):
    truth, probability = calibrated(40, seed=6)
    once = function(truth, probability, **HERE)
    twice = function(
        np.repeat(truth, 2), np.repeat(probability, 2), cluster=np.repeat(np.arange(40), 2), **HERE
    )
    for name in ("estimate", "std_error", "ci_low", "ci_high"):
        assert getattr(twice, name) == pytest.approx(getattr(once, name), rel=1e-12)


def test_known_prevalence_is_the_mean_over_each_class_and_its_two_sample_error():
    truth, probability = calibrated(80, seed=7)
    score = brier_score(truth, probability, rating_is="probability", basis=0.02)
    squared = (truth - probability) ** 2
    sick, healthy = squared[truth == 1], squared[truth == 0]
    assert score.estimate == pytest.approx(0.02 * sick.mean() + 0.98 * healthy.mean(), rel=1e-12)
    variance = 0.02**2 * sick.var(ddof=1) / sick.size + 0.98**2 * healthy.var(ddof=1) / healthy.size
    assert score.std_error == pytest.approx(math.sqrt(variance), rel=1e-12)


def test_scaled_score_is_zero_at_the_prevalence_and_one_where_all_is_certain_and_right():
    truth = [1, 0, 0, 0]
    assert scaled_brier_score(truth, [0.25] * 4, **HERE).estimate == pytest.approx(0, abs=1e-15)
    perfect = scaled_brier_score(truth, truth, **HERE)
    assert perfect.estimate == 1
    assert math.isnan(perfect.ci_low)
    assert perfect.note == "no interval: these cases show no variation, which is not certainty"


def test_cases_of_weight_0_are_left_out():
    truth, probability = calibrated(30, seed=8)
    kept = brier_score(truth[:20], probability[:20], **HERE)
    weight = np.repeat([1.0, 0.0], [20, 10])
    assert brier_score(truth, probability, weight=weight, **WEIGHTED).to_dict() == kept.to_dict()


def test_interval_covers_the_true_score():
    # True Brier score of a calibrated probability: the mean of p (1 - p).
    truth = calibrated(2_000_000, seed=1)[1]
    target = float(np.mean(truth * (1 - truth)))
    inside = 0
    for seed in range(1000):
        score = brier_score(*calibrated(150, seed=10_000 + seed), **HERE)
        inside += score.ci_low < target < score.ci_high
    assert abs(inside / 1000 - 0.95) < 0.025


@pytest.mark.slow
def test_scaled_interval_covers_the_true_value():
    probability = calibrated(2_000_000, seed=1)[1]
    share = probability.mean()
    target = 1 - float(np.mean(probability * (1 - probability))) / (share * (1 - share))
    inside = 0
    for seed in range(3000):
        score = scaled_brier_score(*calibrated(400, seed=10_000 + seed), **HERE)
        inside += score.ci_low < target < score.ci_high
    assert abs(inside / 3000 - 0.95) < 0.02


# --- edge ----------------------------------------------------------------------------------------


def test_without_cases_everything_is_undefined():
    reason = "not defined: there is no case of a weight above 0"
    for function in (brier_score, scaled_brier_score, brier_decomposition):
        result = function([], [], **HERE)
        assert result.note == reason
    assert math.isnan(brier_score([1, 0], [0.5, 0.1], weight=[0, 0], **WEIGHTED).estimate)


def test_one_case_has_no_interval():
    score = brier_score([1], [0.8], **HERE)
    assert score.estimate == pytest.approx(0.04, rel=1e-12)
    assert score.note == "no interval: one case alone, or alone of its class, has no variance"
    alone = brier_score([1, 0, 0], [0.8, 0.1, 0.2], rating_is="probability", basis=0.01)
    assert alone.note == score.note
    patient = brier_score([1, 0], [0.8, 0.3], cluster=["W1", "W1"], **HERE)
    assert patient.note.startswith("no interval: one patient alone")


def test_all_cases_equally_far_have_no_interval():
    score = brier_score([1, 0, 1], [0.5, 0.5, 0.5], **HERE)
    assert (score.estimate, score.std_error) == (0.25, 0.0)
    assert math.isnan(score.ci_high)


def test_results_return_from_their_record_and_use_the_glossary():
    truth, probability = calibrated(30, seed=9)
    for function in (brier_score, scaled_brier_score, brier_decomposition):
        result = function(truth, probability, **HERE)
        assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()
        assert set(result.summary_frame().columns) <= set(GLOSSARY)


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("truth", "probability", "words", "message"),
    [
        ([0, 1], [0.1, 0.9], {"rating_is": "score", "basis": 0.1},
         "rating_is must be 'probability', but got 'score': a score is a rank"),
        ([0, 1], [0.1, 0.9], {"rating_is": "probability"},
         "one of weight and basis must say whose prevalence holds, but got neither: a reader"),
        ([0, 1], [0.1, 0.9], {**HERE, "weight": [1, 1]}, "whose prevalence holds, but got both"),
        ([0, 1], [0.1, 0.9], {"rating_is": "probability", "basis": "this set"},
         "basis must be 'prevalence of this set' or a prevalence as a number, but got 'this set'"),
        ([0, 1], [0.1, 0.9], {"rating_is": "probability", "basis": 6}, "basis must lie from"),
        ([0, 1], [0.1, 0.9], {"rating_is": "probability", "basis": 1.0},
         "basis must lie between 0 and 1, but got 1.0; the ends"),
        ([0, 0], [0.1, 0.9], {"rating_is": "probability", "basis": 0.1},
         "a set brought to a known prevalence is undefined: truth holds no positive case"),
        ([0, 1], [0.1, 9], HERE, "probability must lie from 0 to 1, but position 1 holds 9.0; a"),
        ([0, 1], [0.1, math.nan], HERE, "probability must not be missing, but position 1 is NaN"),
        ([0, 2], [0.1, 0.9], HERE, "truth must hold only 0 and 1, but position 1 holds 2"),
        ([0, 1], [0.1], HERE, r"probability must have shape \(n_cases,\) with n_cases = 2"),
        ([0, 1], [0.1, 0.9], {"rating_is": "probability", "weight": [1, -1]},
         "weight must be finite and not negative, but position 1"),
        ([0, 1], [0.1, 0.9], {**HERE, "cluster": ["a", None]}, "cluster must not be missing"),
    ],
)  # fmt: skip
def test_brier_score_refuses(truth, probability, words, message):
    with pytest.raises(ValueError, match=message):
        brier_score(truth, probability, **words)


@pytest.mark.parametrize("function", [scaled_brier_score, brier_decomposition])
def test_the_others_need_the_declarations_too(function):
    with pytest.raises(ValueError, match="rating_is must be 'probability'"):
        function([0, 1], [0.1, 0.9], rating_is="rank", basis=0.5)
    with pytest.raises(ValueError, match="but got neither"):
        function([0, 1], [0.1, 0.9], rating_is="probability")


def test_ci_level_is_checked():
    with pytest.raises(ValueError, match="ci_level must lie between 0 and 1"):
        brier_score([0, 1], [0.1, 0.9], ci_level=95, **HERE)
    with pytest.raises(ValueError, match="ci_level must lie between 0 and 1"):
        scaled_brier_score([0, 1], [0.1, 0.9], ci_level=0, **HERE)


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


def test_constant_weights_are_no_weights_of_reliability():
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
