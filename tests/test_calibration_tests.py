"""Tests of calibration against R, formulas in fractions and simulation under the null."""

import math
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from scipy import stats

from tests.probability_sample import HERE, calibrated, clustered_error, reference_case
from toolkit.results import result_from_dict
from toolkit.stats.calibration.miscalibration import (
    calibration_intercept,
    calibration_slope,
    calibration_test,
    hosmer_lemeshow_test,
)

logistic_calibration_test = partial(calibration_test, method="logistic")

WEIGHTED = {"rating_is": "probability"}


def hosmer(truth, probability, *, validation="external", **words):
    return hosmer_lemeshow_test(truth, probability, validation=validation, **HERE, **words)


# --- reference -----------------------------------------------------------------------------------


def test_tests_match_r(reference_data):
    values, truth, probability, _ = reference_case(reference_data, "calibration")
    z = calibration_test(truth, probability, **HERE)
    assert z.statistic == pytest.approx(values["spiegelhalter_z"], rel=1e-9)
    assert z.p_value == pytest.approx(values["spiegelhalter_p"], rel=1e-9)
    assert z.statistic == pytest.approx(values["val_prob"]["S:z"], rel=1e-9)
    assert z.p_value == pytest.approx(values["val_prob"]["S:p"], rel=1e-9)
    outside, inside = (
        hosmer(truth, probability),
        hosmer(truth, probability, validation="development"),
    )
    assert outside.statistic == pytest.approx(values["hl_chi2"], rel=1e-9)
    assert (outside.df, inside.df) == (10, 8)
    assert outside.p_value == pytest.approx(values["hl_p_df10"], rel=1e-9)
    assert inside.p_value == pytest.approx(values["hl_p_df8"], rel=1e-9)


def test_likelihood_ratio_matches_val_prob(reference_data):
    # rms::val.prob: U = (chi-square - 2) / n, and Q = D - U.
    values, truth, probability, _ = reference_case(reference_data, "calibration")
    val_prob, test = values["val_prob"], logistic_calibration_test(truth, probability, **HERE)
    assert test.statistic == pytest.approx(val_prob["U:Chi-sq"], rel=1e-9)
    assert test.p_value == pytest.approx(val_prob["U:p"], rel=1e-9)
    assert (test.statistic - 2) / 400 == pytest.approx(val_prob["U"], rel=1e-9)
    assert (test.statistic - 2) / 400 == pytest.approx(val_prob["D"] - val_prob["Q"], rel=1e-9)


def test_spiegelhalter_is_its_formula_in_fractions():
    truth, stated = [0, 1, 0, 1, 0], [Fraction(k, 10) for k in (1, 3, 4, 6, 9)]
    top = sum((t - p) * (1 - 2 * p) for t, p in zip(truth, stated, strict=True))
    under = sum((1 - 2 * p) ** 2 * p * (1 - p) for p in stated)
    test = calibration_test(truth, [float(p) for p in stated], **HERE)
    assert test.statistic == pytest.approx(float(top) / math.sqrt(under), rel=1e-12)
    assert test.p_value == pytest.approx(2 * stats.norm.sf(abs(test.statistic)), rel=1e-12)
    assert test.df == math.inf


def test_hosmer_lemeshow_is_its_formula_in_fractions():
    truth, twentieths = [0, 1, 0, 0, 1, 1], [1, 3, 4, 9, 12, 18]
    total = Fraction(0)
    for pair in (slice(0, 2), slice(2, 4), slice(4, 6)):
        expected = Fraction(sum(twentieths[pair]), 20)
        total += (sum(truth[pair]) - expected) ** 2 / (expected * (1 - expected / 2))
    test = hosmer(truth, np.array(twentieths) / 20, n_groups=3)
    assert test.statistic == pytest.approx(float(total), rel=1e-12)
    assert test.p_value == pytest.approx(stats.chi2.sf(float(total), 3), rel=1e-12)


def test_robust_spiegelhalter_is_its_formula():
    truth, probability = calibrated(40, seed=21)
    weight, cluster = np.linspace(1, 3, 40), np.repeat(np.arange(20), 2)
    excess = weight * (truth - probability) * (1 - 2 * probability)
    error = clustered_error(excess, cluster)
    test = calibration_test(truth, probability, weight=weight, cluster=cluster, **WEIGHTED)
    assert test.statistic == pytest.approx(excess.sum() / error, rel=1e-12)
    assert test.n_clusters == 20


def test_robust_logistic_test_is_a_quadratic_form_of_both_coefficients():
    truth, probability = calibrated(200, seed=22)
    cluster = np.arange(200) // 2
    test = logistic_calibration_test(truth, probability, cluster=cluster, **HERE)
    a = calibration_intercept(truth, probability, cluster=cluster, **HERE)
    b = calibration_slope(truth, probability, cluster=cluster, **HERE)
    squares = (a.estimate / a.std_error) ** 2, ((b.estimate - 1) / b.std_error) ** 2
    assert test.statistic >= max(squares) - 1e-9  # a joint statistic is never below either alone
    assert test.df == 2


# --- property ------------------------------------------------------------------------------------


def test_each_rejects_calibrated_probabilities_as_often_as_it_says():
    p_values = []
    for seed in range(400):
        data = calibrated(500, seed=30_000 + seed, centre=-0.5)
        p_values.append(
            [
                calibration_test(*data, **HERE).p_value,
                logistic_calibration_test(*data, **HERE).p_value,
                hosmer(*data).p_value,
            ]
        )
    for column in np.array(p_values).T:
        assert abs(np.mean(column < 0.05) - 0.05) < 0.044
        assert stats.kstest(column, "uniform").pvalue > 1e-3


@pytest.mark.slow
def test_robust_tests_reject_calibrated_clusters_as_often_as_they_say():
    """Two examinations of each woman, alike in truth and probability: plain tests are wrong."""
    robust, plain = [], []
    for seed in range(2000):
        truth, probability = calibrated(250, seed=50_000 + seed, centre=-0.5)
        data = np.repeat(truth, 2), np.repeat(probability, 2)
        cluster = np.repeat(np.arange(250), 2)
        plain.append(calibration_test(*data, **HERE).p_value)
        robust.append(
            [
                calibration_test(*data, cluster=cluster, **HERE).p_value,
                logistic_calibration_test(*data, cluster=cluster, **HERE).p_value,
            ]
        )
    rejected = np.mean(np.array(robust) < 0.05, axis=0)
    assert np.all(np.abs(rejected - 0.05) < 0.02)
    assert np.mean(np.array(plain) < 0.05) > 0.12


def test_wrong_probabilities_are_found():
    truth, probability = calibrated(2000, seed=23, slope=0.6)
    assert calibration_test(truth, probability, **HERE).p_value < 1e-3
    assert logistic_calibration_test(truth, probability, **HERE).p_value < 1e-3
    assert hosmer(truth, probability).p_value < 1e-3


def test_order_of_the_cases_does_not_matter_with_ties():
    truth, probability = calibrated(300, seed=24)
    rounded = probability.round(2)
    order = np.random.default_rng(1).permutation(300)
    first, second = hosmer(truth, rounded), hosmer(truth[order], rounded[order])
    assert first.statistic == pytest.approx(second.statistic, rel=1e-12)


def test_constant_weights_are_no_weights():
    truth, probability = calibrated(60, seed=25)
    for function in (calibration_test, logistic_calibration_test):
        weighted = function(truth, probability, weight=np.full(60, 3.0), **WEIGHTED)
        assert weighted.to_dict() == function(truth, probability, **HERE).to_dict()


# --- edge ----------------------------------------------------------------------------------------


def test_spiegelhalter_without_variance_is_undefined():
    for probability in ([0.5, 0.5], [0.0, 1.0]):
        test = calibration_test([0, 1], probability, **HERE)
        assert math.isnan(test.p_value)
        assert test.note == "not defined: the statistic has no variance"
    refuted = calibration_test([1, 0, 1], [0.0, 0.2, 0.9], **HERE)
    assert refuted.note == "1 cases had an outcome of probability 0, which alone refutes it"


def test_spiegelhalter_of_one_probability_a_class_has_no_variance_at_a_known_prevalence():
    test = calibration_test(
        [1, 1, 0, 0, 0], [0.7, 0.7, 0.1, 0.1, 0.1], rating_is="probability", basis=0.03
    )
    assert math.isnan(test.statistic)
    assert test.note == "not defined: the statistic has no variance"


def test_logistic_test_without_a_slope_is_undefined():
    test = logistic_calibration_test([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.7], **HERE)
    assert math.isnan(test.statistic)
    assert test.note.startswith("not defined: a threshold separates the classes")
    pair = logistic_calibration_test([0, 1, 0, 1], [0.2, 0.1, 0.6, 0.7], cluster=[0] * 4, **HERE)
    assert pair.note == "not defined: the covariance of both is singular"


def test_hosmer_lemeshow_at_the_edge():
    certain = hosmer([1, 0, 1, 1], [0.0, 0.0, 1.0, 1.0], n_groups=2)
    assert (certain.statistic, certain.p_value) == (math.inf, 0.0)
    right = hosmer([0, 0, 1, 1], [0.0, 0.0, 1.0, 1.0], n_groups=2)
    assert right.statistic == 0
    tied = hosmer([0, 1, 0, 1], [0.2, 0.2, 0.2, 0.7])
    assert tied.df == 2
    assert tied.note.endswith("; ties left 2 of 10 groups")
    none = hosmer([0, 1, 0], [0.2, 0.2, 0.2], validation="development")
    assert math.isnan(none.p_value)
    assert none.note == "not defined: too few groups are left; ties left 1 of 10 groups"
    few = hosmer(*calibrated(40, seed=26), n_groups=4)
    assert few.note.startswith("P is approximate: a group expects ")


def test_without_cases_everything_is_undefined():
    for test in (
        calibration_test([], [], **HERE),
        logistic_calibration_test([], [], **HERE),
        hosmer([], []),
    ):
        assert math.isnan(test.p_value)
        assert test.note == "not defined: there is no case of a weight above 0"


def test_results_return_from_their_record():
    test = calibration_test(*calibrated(30, seed=27), **HERE)
    assert result_from_dict(test.to_dict()).to_dict() == test.to_dict()


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"basis": 0.1}, "basis must be 'prevalence of this set' for the Hosmer-Lemeshow test"),
        ({"basis": None}, "whose prevalence holds, but got neither"),
        ({"validation": "internal"}, "validation must be one of 'external', 'development', but"),
        ({"n_groups": 1}, "n_groups must be 2 or more, but got 1"),
        ({"n_groups": 2.5}, "n_groups must be a whole number"),
        ({"rating_is": "score"}, "rating_is must be 'probability', but got 'score'"),
    ],
)
def test_hosmer_lemeshow_refuses(words, message):
    with pytest.raises(ValueError, match=message):
        hosmer_lemeshow_test([0, 1], [0.2, 0.4], **{"validation": "external", **HERE, **words})


@pytest.mark.parametrize("function", [calibration_test, logistic_calibration_test])
def test_the_others_need_the_declarations_too(function):
    with pytest.raises(ValueError, match="rating_is must be 'probability'"):
        function([0, 1], [0.1, 0.9], rating_is="rank", basis=0.5)
    with pytest.raises(ValueError, match="but got neither"):
        function([0, 1], [0.1, 0.9], rating_is="probability")


def test_logistic_test_refuses_0_and_1():
    with pytest.raises(ValueError, match="probability must lie between 0 and 1, both excluded"):
        logistic_calibration_test([0, 1], [0.0, 0.5], **HERE)
