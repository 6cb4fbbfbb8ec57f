"""Brier scores against R, exact fractions, numerical influence values and simulation."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.probability_sample import (
    HERE,
    calibrated,
    clustered_error,
    reference_case,
    weight_derivative,
)
from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.calibration.measures import brier_decomposition, brier_score, scaled_brier_score

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
