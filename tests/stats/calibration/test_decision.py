"""Net benefit and its curve against R's dcurves, exact fractions, bootstrap and simulation."""

import itertools
import math
from dataclasses import replace
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
from toolkit.stats.calibration.decision import (
    net_benefit,
    net_benefit_curve,
    net_benefit_difference,
    net_benefit_difference_of_calls,
    net_benefit_of_calls,
    standardized_net_benefit,
)
from toolkit.stats.proportions.one import per_1000

repeatable = settings(deadline=None, max_examples=60, derandomize=True)
THIS = {"basis": "prevalence of this set"}
ROWS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 1), st.integers(1, 9)),
    min_size=1,
    max_size=30,
)


# --- reference -----------------------------------------------------------------------------------


def test_net_benefit_matches_dcurves_at_a_known_prevalence(reference_data):
    # R: dcurves::dca(y ~ p, prevalence = 0.006, thresholds = ...)
    values, truth, probability, data = reference_case(reference_data, "decision_curve_prevalence")
    for threshold, model, everyone in zip(
        data["thresholds"], values["p"], values["all"], strict=True
    ):
        words = {"threshold": threshold, "basis": 0.006}
        benefit = net_benefit(truth, probability, rating_is="probability", **words)
        assert benefit.estimate == pytest.approx(model, rel=1e-9)
        all_called = net_benefit_of_calls(truth, np.ones(truth.size), **words)
        assert all_called.estimate == pytest.approx(everyone, rel=1e-9)
        assert net_benefit_of_calls(truth, np.zeros(truth.size), **words).estimate == 0
        weight = np.where(truth == 1, 0.006 / truth.sum(), 0.994 / (1 - truth).sum())
        weighted = net_benefit(
            truth, probability, rating_is="probability", threshold=threshold, weight=weight
        )
        assert weighted.estimate == pytest.approx(model, rel=1e-9)


@given(rows=ROWS, percent=st.integers(1, 99))
@repeatable
def test_net_benefit_and_difference_are_exact_fractions(rows, percent):
    odds, total = Fraction(percent, 100 - percent), sum(w for *_, w in rows)

    def benefit(column):
        return sum(row[3] * row[column] * (1 if row[0] else -odds) for row in rows) / total

    truth, a, b, weight = (np.array(column) for column in zip(*rows, strict=True))
    words = {"threshold": percent / 100, "weight": weight}
    result = net_benefit_of_calls(truth, a, **words)
    assert result.estimate == pytest.approx(float(benefit(1)), rel=1e-12, abs=1e-14)
    change = net_benefit_difference_of_calls(truth, a, b, **words)
    exact = float(benefit(2) - benefit(1))
    assert change.estimate == pytest.approx(exact, rel=1e-9, abs=1e-13)
    assert change.estimate_b == pytest.approx(float(benefit(2)), rel=1e-9, abs=1e-14)


def test_plain_error_is_that_of_a_mean_and_of_a_paired_mean():
    truth, a = calibrated(120, seed=61)
    b = calibrated(120, seed=62)[1]
    gains = [np.where(p >= 0.2, np.where(truth, 1, -0.25), 0) for p in (a, b)]
    one = net_benefit(truth, a, threshold=0.2, **HERE)
    assert one.std_error == pytest.approx(gains[0].std(ddof=1) / math.sqrt(120), rel=1e-12)
    change = net_benefit_difference(truth, a, b, threshold=0.2, **HERE)
    oracle = stats.ttest_rel(gains[1], gains[0])
    assert change.statistic == pytest.approx(oracle.statistic, rel=1e-9)
    assert change.p_value == pytest.approx(2 * stats.norm.sf(abs(oracle.statistic)), rel=1e-9)
    assert change.df == math.inf


def test_known_prevalence_has_the_binomial_error_of_two_samples():
    truth = np.repeat([1, 0], [40, 160])
    call = np.concatenate([[1] * 34 + [0] * 6, [1] * 12 + [0] * 148])
    prevalence, odds = 0.007, 0.02 / 0.98
    benefit = net_benefit_of_calls(truth, call, threshold=0.02, basis=prevalence)
    expected = prevalence * 34 / 40 - (1 - prevalence) * odds * 12 / 160
    assert benefit.estimate == pytest.approx(expected, rel=1e-12)
    variance = prevalence**2 * (34 / 40) * (6 / 40) / 39
    variance += ((1 - prevalence) * odds) ** 2 * (12 / 160) * (148 / 160) / 159
    assert benefit.std_error == pytest.approx(math.sqrt(variance), rel=1e-9)
    weight = np.where(truth == 1, prevalence / 40, (1 - prevalence) / 160)
    weighted = net_benefit_of_calls(truth, call, threshold=0.02, weight=weight)
    # With weights the prevalence is an estimate from 40 cancers, and its error counts.
    assert weighted.std_error > 2 * benefit.std_error


def test_weighted_clustered_errors_are_those_of_numerical_influence_values():
    truth, a = calibrated(40, seed=63)
    b = calibrated(40, seed=64)[1]
    weight, cluster = np.linspace(1, 3, 40), np.repeat(np.arange(20), 2)

    def statistic(each, columns=(a, b)):
        means = []
        for probability in columns:
            called = probability >= 0.3
            gain = called * np.where(truth, 1, -0.3 / 0.7)
            means.append(each @ gain / each.sum())
        return means[-1] - (means[0] if len(means) > 1 else 0)

    words = {"threshold": 0.3, "rating_is": "probability", "weight": weight, "cluster": cluster}
    change = net_benefit_difference(truth, a, b, **words)
    error = clustered_error(weight_derivative(statistic, weight), cluster)
    assert change.std_error == pytest.approx(error, rel=1e-6)
    one = net_benefit(truth, a, **words)
    influence = weight_derivative(lambda each: statistic(each, (a,)), weight)
    assert one.std_error == pytest.approx(clustered_error(influence, cluster), rel=1e-6)
    assert (change.n_clusters, one.n_clusters) == (20, 20)


def test_paired_error_matches_the_bootstrap_over_patients():
    truth, a = calibrated(300, seed=65)
    b = np.clip(a + np.random.default_rng(66).normal(0, 0.1, 300), 0.01, 0.99)
    cluster = np.arange(300) // 2
    change = net_benefit_difference(truth, a, b, threshold=0.2, cluster=cluster, **HERE)
    gain = (np.where(truth, 1, -0.25) * ((b >= 0.2).astype(int) - (a >= 0.2))).reshape(-1, 2)
    draws = np.random.default_rng(67).integers(0, 150, (20_000, 150))
    bootstrap = gain.sum(axis=1)[draws].sum(axis=1) / 300
    assert change.std_error == pytest.approx(bootstrap.std(), rel=0.03)


# --- property ------------------------------------------------------------------------------------


def test_call_and_probability_that_recall_the_same_cases_agree():
    truth, probability = calibrated(80, seed=68)
    by_probability = net_benefit(truth, probability, threshold=0.25, **HERE)
    by_call = net_benefit_of_calls(truth, probability >= 0.25, threshold=0.25, **THIS)
    assert by_call.to_dict() == by_probability.to_dict()


def test_a_probability_at_the_threshold_is_recalled():
    assert net_benefit([1, 0], [0.2, 0.1], threshold=0.2, **HERE).estimate == 0.5


def test_swapping_a_and_b_negates_the_difference():
    truth, a = calibrated(80, seed=69)
    b = calibrated(80, seed=70)[1]
    words = {"threshold": 0.2, **HERE}
    there = net_benefit_difference(truth, a, b, label_a="old", label_b="new", **words)
    back = net_benefit_difference(truth, b, a, **words)
    assert back.estimate == -there.estimate
    assert (back.ci_low, back.ci_high) == (-there.ci_high, -there.ci_low)
    assert back.p_value == there.p_value
    assert (there.label_a, there.label_b, there.effect) == ("old", "new", "difference")
    assert (there.p_value < 0.05) == (there.ci_low > 0 or there.ci_high < 0)


@pytest.mark.parametrize("function", [net_benefit_of_calls, net_benefit_difference_of_calls])
def test_constant_weights_are_no_weights_and_pairs_in_one_cluster_are_one(function):
    truth, probability = calibrated(60, seed=71)
    calls = [(probability >= cut).astype(int) for cut in (0.2, 0.4)]
    calls = calls[:1] if function is net_benefit_of_calls else calls
    plain = function(truth, *calls, threshold=0.1, **THIS)
    weighted = function(truth, *calls, threshold=0.1, weight=np.full(60, 3.0))
    assert weighted.to_dict() == plain.to_dict()
    twice = function(
        truth.repeat(2),
        *(call.repeat(2) for call in calls),
        threshold=0.1,
        cluster=np.arange(60).repeat(2),
        **THIS,
    )
    for name in ("estimate", "std_error", "ci_low", "ci_high"):
        assert getattr(twice, name) == pytest.approx(getattr(plain, name), rel=1e-9)


def test_the_true_probability_is_worth_most():
    truth, probability = calibrated(20_000, seed=72, centre=-1)
    distorted = probability**2
    for threshold in (0.1, 0.2, 0.4):
        change = net_benefit_difference(truth, distorted, probability, threshold=threshold, **HERE)
        assert change.ci_low > 0


@pytest.mark.parametrize(("basis", "n"), [("prevalence of this set", 2000), (0.02, 300)])
def test_intervals_cover(basis, n):
    """Two readers of known sensitivity and false positive rate, correlated by sharing cases."""
    generator, inside = np.random.default_rng(73), np.zeros(2)
    rates = {1: (0.7, 0.8), 0: (0.08, 0.12)}
    odds, runs = 0.1 / 0.9, 500
    prevalence = basis if isinstance(basis, float) else 0.15
    benefit = [prevalence * rates[1][k] - (1 - prevalence) * odds * rates[0][k] for k in range(2)]
    for _ in range(runs):
        if isinstance(basis, float):
            truth = np.repeat([1, 0], [n, 3 * n])
        else:
            truth = (generator.random(n) < prevalence).astype(int)
        ease = generator.random(truth.size)
        a, b = (ease < np.where(truth, rates[1][k], rates[0][k]) for k in range(2))
        one = net_benefit_of_calls(truth, a, threshold=0.1, basis=basis)
        change = net_benefit_difference_of_calls(truth, a, b, threshold=0.1, basis=basis)
        inside += [
            one.ci_low < benefit[0] < one.ci_high,
            change.ci_low < benefit[1] - benefit[0] < change.ci_high,
        ]
    assert np.all(np.abs(inside / runs - 0.95) < 0.039), inside / runs


def test_few_deciding_cases_are_said():
    few = "fewer than 20 diseased cases decide on this Wald interval: it is unsure"
    truth = np.repeat([1, 0], [60, 100])
    a, b = (np.arange(160) < n for n in (25, 44))
    change = net_benefit_difference_of_calls(truth, a, b, threshold=0.1, **THIS)
    assert change.note == few  # 19 of the diseased are called by b alone
    b = np.arange(160) < 45
    assert net_benefit_difference_of_calls(truth, a, b, threshold=0.1, **THIS).note == ""
    assert net_benefit_of_calls(truth, a, threshold=0.1, **THIS).note == ""
    missed = net_benefit_of_calls(truth, b, threshold=0.1, basis=0.01)
    assert missed.note == few  # 15 of the diseased are missed
    assert net_benefit_of_calls(truth, np.arange(160) < 19, threshold=0.1, **THIS).note == few


# --- edge ----------------------------------------------------------------------------------------


def test_readers_who_agree_have_no_interval():
    change = net_benefit_difference_of_calls([1, 0, 0], [1, 1, 0], [1, 1, 0], threshold=0.1, **THIS)
    assert (change.estimate, change.std_error) == (0, 0)
    assert math.isnan(change.p_value)
    assert change.note == "no interval: 0 cases were called differently, without variation"


def test_a_perfect_reader_has_no_interval_at_a_known_prevalence():
    benefit = net_benefit_of_calls([1, 1, 0, 0], [1, 1, 0, 0], threshold=0.1, basis=0.01)
    assert benefit.estimate == pytest.approx(0.01, rel=1e-12)
    assert math.isnan(benefit.ci_low)
    assert benefit.note == "no interval: these cases show no variation, which is not certainty"


@pytest.mark.parametrize("prevalence", [0.007, 0.1, 0.3])
def test_everybody_recalled_has_no_interval_at_a_known_prevalence(prevalence):
    """At a threshold of the prevalence the net benefit is 0 within rounding, as is its error."""
    for threshold in (prevalence, 0.02):
        benefit = net_benefit_of_calls([1] * 3 + [0] * 7, [1] * 10, threshold=threshold,
                                       basis=prevalence)  # fmt: skip
        assert benefit.std_error == 0
        assert math.isnan(benefit.ci_high)


def test_nobody_recalled_is_worth_nothing():
    benefit = net_benefit_of_calls([1, 0, 0], [0, 0, 0], threshold=0.1, **THIS)
    assert (benefit.estimate, benefit.std_error) == (0, 0)
    assert math.isnan(benefit.ci_high)


def test_limits_keep_within_what_can_be_reached():
    benefit = net_benefit_of_calls(
        [1, 1, 1, 0, 0], [1, 1, 0, 0, 0], threshold=0.5, basis=0.01, ci_level=0.99
    )
    assert benefit.ci_high == 0.01
    assert benefit.note.startswith("a limit is cut at the end of the range of the quantity; fewer")


def test_without_cases_everything_is_undefined():
    reason = "not defined: there is no case of a weight above 0"
    assert net_benefit([], [], threshold=0.1, **HERE).note == reason
    change = net_benefit_difference([], [], [], threshold=0.1, **HERE)
    assert change.note == reason
    assert math.isnan(change.estimate)


def test_results_return_from_their_record_and_scale_to_1000():
    truth, a = calibrated(60, seed=74)
    one = net_benefit(truth, a, threshold=0.2, label="AI", **HERE)
    change = net_benefit_difference(truth, a, a**2, threshold=0.2, **HERE)
    for result in (one, change):
        assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()
        assert set(result.summary_frame().columns) <= set(GLOSSARY)
        assert per_1000(result).estimate == pytest.approx(1000 * result.estimate, rel=1e-12)
    assert one.label == "AI"
    assert replace(one, label="x").label == "x"


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"threshold": 0}, "threshold must lie between 0 and 1, both excluded, but got 0.0: at 0"),
        ({"threshold": 1}, "threshold must lie between 0 and 1, both excluded, but got 1.0"),
        ({"threshold": 2}, "threshold must lie from 0 to 1, but got 2.0"),
        ({"rating_is": "score"}, "rating_is must be 'probability', but got 'score'"),
        ({"basis": None}, "whose prevalence holds, but got neither"),
        ({"weight": [1, 1]}, "whose prevalence holds, but got both"),
        ({"ci_level": 95}, "ci_level must lie between 0 and 1"),
    ],
)
def test_net_benefit_refuses(words, message):
    with pytest.raises(ValueError, match=message):
        net_benefit([0, 1], [0.1, 0.4], **{"threshold": 0.2, **HERE, **words})
    with pytest.raises(ValueError, match=message):
        net_benefit_difference(
            [0, 1], [0.1, 0.4], [0.2, 0.1], **{"threshold": 0.2, **HERE, **words}
        )


def test_arguments_are_named_in_errors():
    words = {"threshold": 0.2}
    with pytest.raises(ValueError, match="probability_b must lie from 0 to 1, but position 0"):
        net_benefit_difference([0, 1], [0.1, 0.4], [20, 40], **words, **HERE)
    with pytest.raises(ValueError, match="call_b must hold only 0 and 1, but position 1 holds 2"):
        net_benefit_difference_of_calls([0, 1], [0, 1], [0, 2], **words, **THIS)
    with pytest.raises(ValueError, match="call must hold only 0 and 1, but position 0 holds NaN"):
        net_benefit_of_calls([0, 1], [math.nan, 1], **words, **THIS)
    for truth, function in itertools.product(
        ([0, 1], [1, 0]), (net_benefit_of_calls, net_benefit_difference_of_calls)
    ):
        calls = [truth] * (1 if function is net_benefit_of_calls else 2)
        with pytest.raises(ValueError, match="whose prevalence holds, but got neither"):
            function(truth, *calls, **words)


def test_curve_matches_dcurves(reference_data):
    # R: dcurves::dca(y ~ p, prevalence = 0.006, thresholds = ...)
    values, truth, probability, data = reference_case(reference_data, "decision_curve_prevalence")
    curve = net_benefit_curve(
        truth, probability, thresholds=data["thresholds"], rating_is="probability", basis=0.006
    )
    np.testing.assert_allclose(curve.y, values["p"], rtol=1e-9)
    np.testing.assert_allclose(curve.treat_all, values["all"], rtol=1e-9)
    np.testing.assert_allclose(curve.standardized, np.array(values["p"]) / 0.006, rtol=1e-9)
    assert curve.prevalence == pytest.approx(0.006, rel=1e-12)
    frame = curve.summary_frame()
    assert frame.loc[frame["kind"] == "net_benefit_of_none", "y"].tolist() == values["none"]


def test_curve_is_made_of_single_net_benefits():
    truth, probability = calibrated(150, seed=81)
    words = {"cluster": np.arange(150) // 2, "ci_level": 0.9, **HERE}
    curve = net_benefit_curve(truth, probability, thresholds=[0.05, 0.2, 0.6], **words)
    for place, threshold in enumerate(curve.threshold):
        one = net_benefit(truth, probability, threshold=threshold, **words)
        assert curve.y[place] == one.estimate
        assert (curve.ci_low[place], curve.ci_high[place]) == (one.ci_low, one.ci_high)
        share = standardized_net_benefit(truth, probability, threshold=threshold, **words)
        assert share.estimate == pytest.approx(curve.standardized[place], rel=1e-12)
    assert (curve.kind, curve.n_cases, curve.ci_level) == ("net_benefit", 150, 0.9)


def test_standardized_error_is_that_of_numerical_influence_values():
    truth, probability = calibrated(40, seed=82)
    weight, cluster = np.linspace(1, 3, 40), np.repeat(np.arange(20), 2)
    gain = (probability >= 0.3) * np.where(truth, 1, -0.3 / 0.7)
    share = standardized_net_benefit(
        truth, probability, threshold=0.3, rating_is="probability", weight=weight, cluster=cluster
    )
    influence = weight_derivative(lambda each: float(each @ gain / (each @ truth)), weight)
    assert share.std_error == pytest.approx(clustered_error(influence, cluster), rel=1e-6)


def test_standardized_at_a_known_prevalence_is_net_benefit_over_it():
    truth, probability = calibrated(90, seed=83)
    words = {"threshold": 0.2, "rating_is": "probability", "basis": 0.02}
    share = standardized_net_benefit(truth, probability, **words)
    one = net_benefit(truth, probability, **words)
    assert share.estimate == pytest.approx(one.estimate / 0.02, rel=1e-12)
    assert share.std_error == pytest.approx(one.std_error / 0.02, rel=1e-9)


def test_perfect_probabilities_are_worth_the_prevalence():
    truth = [0, 0, 0, 1]
    curve = net_benefit_curve(truth, truth, thresholds=[0.1, 0.9], **HERE)
    assert curve.standardized.tolist() == [1, 1]
    share = standardized_net_benefit(truth, truth, threshold=0.1, **HERE)
    assert share.note == "no interval: these cases show no variation, which is not certainty"


def test_without_disease_standardized_is_undefined():
    share = standardized_net_benefit([0, 0], [0.1, 0.6], threshold=0.2, **HERE)
    assert math.isnan(share.estimate)
    assert share.note == "not defined: no case has the disease"
    curve = net_benefit_curve([0, 0], [0.1, 0.6], thresholds=[0.2], **HERE)
    assert math.isnan(curve.standardized[0])
    assert curve.note.endswith("standardized net benefit is not defined: no case has the disease")


def test_without_cases_everything_is_undefined_of_decision_curve():
    curve = net_benefit_curve([], [], thresholds=[0.2], **HERE)
    assert np.isnan(curve.y).all()
    assert curve.note == "not defined: there is no case of a weight above 0"
    assert standardized_net_benefit([], [], threshold=0.2, **HERE).note == curve.note


def test_results_return_from_their_record_and_use_the_glossary():
    truth, probability = calibrated(60, seed=84)
    curve = net_benefit_curve(truth, probability, thresholds=[0.1, 0.99], label="AI", **HERE)
    assert result_from_dict(curve.to_dict()).to_dict() == curve.to_dict()
    frame = curve.summary_frame()
    assert set(frame.columns) <= set(GLOSSARY)
    assert frame["kind"].nunique() == 4
    assert set(frame["label"]) == {"AI"}
    share = standardized_net_benefit(truth, probability, threshold=0.1, **HERE)
    assert result_from_dict(share.to_dict()).to_dict() == share.to_dict()


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        ([], r"thresholds must have shape \(n_thresholds,\), one at least, but got \(0,\)"),
        (0.2, r"thresholds must have shape \(n_thresholds,\), one at least, but got \(\)"),
        ([0.2, 0.0], "thresholds must lie between 0 and 1, both excluded, but got 0.0"),
        ([0.2, 7], "thresholds must lie from 0 to 1, but got 7.0"),
    ],
)
def test_curve_refuses(thresholds, message):
    with pytest.raises(ValueError, match=message):
        net_benefit_curve([0, 1], [0.1, 0.4], thresholds=thresholds, **HERE)


def test_declarations_are_needed():
    for function, words in (
        (net_benefit_curve, {"thresholds": [0.2]}),
        (standardized_net_benefit, {"threshold": 0.2}),
    ):
        with pytest.raises(ValueError, match="rating_is must be 'probability'"):
            function([0, 1], [0.1, 0.4], rating_is="score", basis=0.1, **words)
        with pytest.raises(ValueError, match="but got neither"):
            function([0, 1], [0.1, 0.4], rating_is="probability", **words)
        with pytest.raises(ValueError, match="ci_level must lie between 0 and 1"):
            function([0, 1], [0.1, 0.4], ci_level=2, **words, **HERE)
