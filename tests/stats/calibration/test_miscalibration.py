"""Calibration measures and tests against R, statsmodels, exact fractions and simulation."""

import math
from dataclasses import replace
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats

from tests.stats.calibration.sample import (
    HERE,
    calibrated,
    clustered_error,
    reference_case,
    weight_derivative,
)
from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.calibration.miscalibration import (
    calibration_in_the_large,
    calibration_intercept,
    calibration_slope,
    calibration_test,
    hosmer_lemeshow_test,
    observed_expected_ratio,
)

repeatable = settings(deadline=None, max_examples=40, derandomize=True)
LOGISTIC = [calibration_in_the_large, calibration_intercept, calibration_slope]
ALL = [*LOGISTIC, observed_expected_ratio]
WEIGHTED = {"rating_is": "probability"}


def fitted(truth, probability, weight):
    """Return large, intercept and slope by a general minimiser of the weighted likelihood."""
    logit = special.logit(probability)

    def loss(beta, covariate, offset):
        line = beta[0] + (beta[1] * covariate if len(beta) > 1 else 0.0) + offset
        return -float(weight @ (truth * line - np.logaddexp(0, line)))

    large = optimize.minimize_scalar(lambda a: loss([a], None, logit), tol=1e-14).x
    fine = {"xatol": 1e-10, "fatol": 1e-14, "maxiter": 4000}
    both = optimize.minimize(loss, [0, 1], args=(logit, 0.0), method="Nelder-Mead", options=fine).x
    return large, *both


# --- reference -----------------------------------------------------------------------------------


def test_logistic_measures_match_glm(reference_data):
    # R: glm(y ~ qlogis(p), binomial), glm(y ~ offset(qlogis(p)), binomial), rms::val.prob
    values, truth, probability, _ = reference_case(reference_data, "calibration")
    large = calibration_in_the_large(truth, probability, **HERE)
    assert large.estimate == pytest.approx(values["calibration_in_the_large"], rel=1e-9)
    slope = calibration_slope(truth, probability, **HERE)
    assert slope.estimate == pytest.approx(values["slope"], rel=1e-9)
    assert slope.std_error == pytest.approx(values["slope_se"], rel=1e-6)
    assert slope.estimate == pytest.approx(values["val_prob"]["Slope"], rel=1e-6)
    intercept = calibration_intercept(truth, probability, **HERE)
    assert intercept.estimate == pytest.approx(values["intercept_with_slope"], rel=1e-6)
    assert intercept.estimate == pytest.approx(values["val_prob"]["Intercept"], rel=1e-6)
    ratio = observed_expected_ratio(truth, probability, **HERE)
    assert ratio.estimate == pytest.approx(values["oe_ratio"], rel=1e-9)


def test_standard_errors_match_glm_once_it_has_converged(reference_data):
    """glm's default epsilon of 1e-8 takes the information one iteration before the estimate.

    > f <- function(...) summary(glm(..., binomial, control = glm.control(epsilon = 1e-15)))
    > f(y ~ offset(qlogis(p))); f(y ~ qlogis(p))     # R 4.2.2
    0.1792265910885475, 0.1304368218327983           # by default 0.17922585430011, 0.13043678583386
    """
    values, truth, probability, _ = reference_case(reference_data, "calibration")
    large = calibration_in_the_large(truth, probability, **HERE)
    slope = calibration_slope(truth, probability, **HERE)
    assert large.std_error == pytest.approx(0.1792265910885475, rel=1e-9)
    assert slope.std_error == pytest.approx(0.1304368218327983, rel=1e-9)
    # What glm's default leaves out is 4e-6 of the first, whose reference says rel 1e-6.
    assert large.std_error / values["citl_se"] - 1 == pytest.approx(4.111e-6, rel=1e-3)


# R 4.2.2: y <- c(0,1,0,1); l <- qlogis(c(.1,.3,.6,.8)); summary(glm(y ~ l, family = binomial,
# control = glm.control(epsilon = 1e-14)))$coefficients
def test_a_small_fit_matches_glm():
    data = [0, 1, 0, 1], [0.1, 0.3, 0.6, 0.8]
    intercept, slope = calibration_intercept(*data, **HERE), calibration_slope(*data, **HERE)
    assert intercept.estimate == pytest.approx(0.2152775207, rel=1e-9)
    assert intercept.std_error == pytest.approx(1.1350408448, rel=1e-9)
    assert slope.estimate == pytest.approx(0.7235251354, rel=1e-9)
    assert slope.std_error == pytest.approx(0.8877733774, rel=1e-9)
    assert slope.ci_low == pytest.approx(0.7235251354 - 1.959963984540054 * 0.8877733774, rel=1e-8)


def test_clustered_errors_match_statsmodels():
    import statsmodels.api as sm

    truth, probability = calibrated(120, seed=2)
    cluster = np.repeat(np.arange(40), 3)
    logit = special.logit(probability)
    design = np.column_stack([np.ones(120), logit])
    oracle = sm.GLM(truth, design, family=sm.families.Binomial()).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}, tol=1e-14
    )
    factor = math.sqrt(40 / 39)
    for place, function in enumerate((calibration_intercept, calibration_slope)):
        result = function(truth, probability, cluster=cluster, **HERE)
        assert result.estimate == pytest.approx(oracle.params[place], rel=1e-8)
        assert result.std_error == pytest.approx(factor * oracle.bse[place], rel=1e-7)
    large = sm.GLM(truth, np.ones(120), family=sm.families.Binomial(), offset=logit).fit(
        cov_type="cluster", cov_kwds={"groups": cluster, "use_correction": False}, tol=1e-14
    )
    result = calibration_in_the_large(truth, probability, cluster=cluster, **HERE)
    assert result.std_error == pytest.approx(factor * large.bse[0], rel=1e-7)
    assert result.method == (
        "logistic recalibration, robust standard error, unweighted, patients as clusters"
    )


def test_weighted_estimates_match_a_general_minimiser():
    truth, probability = calibrated(60, seed=4)
    weight = np.where(truth == 1, 1.0, 7.0) * np.linspace(0.5, 2, 60)
    oracle = fitted(truth, probability, weight)
    for function, value in zip(LOGISTIC, oracle, strict=True):
        result = function(truth, probability, weight=weight, **WEIGHTED)
        assert result.estimate == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("function", ALL)
def test_weighted_clustered_errors_are_those_of_numerical_influence_values(function):
    truth, probability = calibrated(40, seed=11)
    weight, cluster = np.linspace(1, 3, 40), np.repeat(np.arange(20), 2)

    def statistic(each):
        return function(truth, probability, weight=each, **WEIGHTED).estimate

    result = function(truth, probability, weight=weight, cluster=cluster, **WEIGHTED)
    influence = weight_derivative(statistic, weight)
    assert result.std_error == pytest.approx(clustered_error(influence, cluster), rel=1e-5)


# --- property ------------------------------------------------------------------------------------


@given(seed=st.integers(0, 10_000), shift=st.floats(-2, 2), stretch=st.floats(0.3, 3))
@repeatable
def test_linear_change_of_log_odds_moves_the_measures_by_it(seed, shift, stretch):
    truth, probability = calibrated(80, seed=seed)
    if truth.sum() < 8:
        return
    moved = special.expit(special.logit(probability) * stretch + shift)
    slope = calibration_slope(truth, probability, **HERE).estimate
    assert calibration_slope(truth, moved, **HERE).estimate == pytest.approx(
        slope / stretch, rel=1e-6, abs=1e-8
    )
    shifted = special.expit(special.logit(probability) + shift)
    large = calibration_in_the_large(truth, probability, **HERE).estimate
    assert calibration_in_the_large(truth, shifted, **HERE).estimate == pytest.approx(
        large - shift, rel=1e-6, abs=1e-8
    )


@pytest.mark.parametrize("function", ALL)
def test_constant_weights_are_no_weights(function):
    truth, probability = calibrated(60, seed=5)
    plain = function(truth, probability, **HERE)
    weighted = function(truth, probability, weight=np.full(60, 2.5), **WEIGHTED)
    assert weighted.to_dict() == plain.to_dict()


@pytest.mark.parametrize("function", ALL)
def test_integer_weights_count_cases_for_the_estimate(function):
    truth, probability = calibrated(50, seed=12)
    weight = np.arange(50) % 3 + 1
    weighted = function(truth, probability, weight=weight, **WEIGHTED)
    repeated = function(np.repeat(truth, weight), np.repeat(probability, weight), **HERE)
    assert weighted.estimate == pytest.approx(repeated.estimate, rel=1e-8)


def test_known_prevalence_undoes_enrichment():
    truth, probability = calibrated(200_000, seed=13, centre=-4)
    sick, healthy = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
    kept = np.concatenate([sick[:3000], healthy[:6000]])
    words = {"rating_is": "probability", "basis": float(truth.mean())}
    for function, value in ((calibration_in_the_large, 0.0), (calibration_slope, 1.0)):
        there = function(truth[kept], probability[kept], **words)
        assert there.estimate == pytest.approx(value, abs=4 * there.std_error)
    enriched = calibration_in_the_large(truth[kept], probability[kept], **HERE)
    assert enriched.ci_low > 2  # the set says that its probabilities are far too low


def test_ratio_at_a_known_prevalence_has_the_two_sample_error():
    truth, probability = calibrated(90, seed=14)
    ratio = observed_expected_ratio(truth, probability, rating_is="probability", basis=0.05)
    sick, healthy = probability[truth == 1], probability[truth == 0]
    expected = 0.05 * sick.mean() + 0.95 * healthy.mean()
    variance = 0.05**2 * sick.var(ddof=1) / sick.size + 0.95**2 * healthy.var(ddof=1) / healthy.size
    assert ratio.estimate == pytest.approx(0.05 / expected, rel=1e-12)
    assert ratio.std_error == pytest.approx(0.05 / expected**2 * math.sqrt(variance), rel=1e-9)


def test_slope_and_large_of_perfect_probabilities_are_unbiased_and_covered():
    slopes, covered = [], np.zeros(3)
    for seed in range(300):
        data = calibrated(400, seed=20_000 + seed)
        results = [function(*data, **HERE) for function in LOGISTIC]
        slopes.append(results[2].estimate)
        for place, target in enumerate((0, 0, 1)):
            covered[place] += results[place].ci_low < target < results[place].ci_high
    assert np.mean(slopes) == pytest.approx(1, abs=0.03)
    # 4 standard errors of .95 of 300.
    assert np.all(np.abs(covered / 300 - 0.95) < 0.05)


def test_ratio_interval_covers():
    inside = 0
    for seed in range(1000):
        ratio = observed_expected_ratio(*calibrated(300, seed=40_000 + seed), **HERE)
        inside += ratio.ci_low < 1 < ratio.ci_high
    assert abs(inside / 1000 - 0.95) < 0.028


@pytest.mark.slow
def test_weighted_sample_of_a_calibrated_population_covers():
    """All cancers and one in ten others taken, weights 1 and 10: the robust interval holds."""
    inside = np.zeros(2)
    for seed in range(1500):
        truth, probability = calibrated(6000, seed=60_000 + seed, centre=-3)
        taken = (truth == 1) | (np.random.default_rng(seed).random(6000) < 0.1)
        weight = np.where(truth == 1, 1.0, 10.0)
        data = truth[taken], probability[taken]
        words = {"weight": weight[taken], "rating_is": "probability"}
        for place, (function, target) in enumerate(
            ((calibration_in_the_large, 0), (calibration_slope, 1))
        ):
            result = function(*data, **words)
            inside[place] += result.ci_low < target < result.ci_high
    assert np.all(np.abs(inside / 1500 - 0.95) < 0.0225)


# --- edge ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("truth", "probability", "reason"),
    [
        ([0, 0, 1, 1], [0.1, 0.2, 0.2, 0.3], "a threshold separates the classes"),
        ([1, 1, 0, 0], [0.1, 0.2, 0.3, 0.4], "a threshold separates the classes"),
        ([0, 1, 0, 1], [0.3, 0.3, 0.3, 0.3], "all cases have the same value"),
        ([0, 0, 0], [0.1, 0.2, 0.3], "the cases are of one class or none"),
    ],
)
def test_slope_that_does_not_exist_is_undefined(truth, probability, reason):
    for function in (calibration_slope, calibration_intercept):
        result = function(truth, probability, **HERE)
        assert math.isnan(result.estimate)
        assert math.isnan(result.std_error)
        assert result.note.startswith(f"not defined: {reason}")


def test_nearly_separated_classes_have_a_slope():
    slope = calibration_slope([0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.31, 0.5, 0.9], **HERE)
    assert math.isfinite(slope.estimate)
    assert slope.std_error > 0


def test_large_exists_where_classes_are_separated():
    large = calibration_in_the_large([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.8], **HERE)
    total = np.sum(special.expit(special.logit([0.1, 0.2, 0.7, 0.8]) + large.estimate))
    assert total == pytest.approx(2, rel=1e-9)
    none = calibration_in_the_large([0, 0], [0.1, 0.2], **HERE)
    assert math.isnan(none.estimate)


def test_ratio_without_events_has_no_interval_and_without_expectation_none_at_all():
    none = observed_expected_ratio([0, 0, 0], [0.1, 0.2, 0.3], **HERE)
    assert none.estimate == 0
    assert math.isnan(none.ci_high)
    assert none.note == "no interval: these cases show no variation, which is not certainty"
    zero = observed_expected_ratio([0, 1], [0.0, 0.0], **HERE)
    assert zero.note == "not defined: no case of the disease is expected"


def test_without_cases_everything_is_undefined():
    for function in ALL:
        result = function([], [], **HERE)
        assert math.isnan(result.estimate)
        assert result.note == "not defined: there is no case of a weight above 0"


def test_probabilities_near_0_and_many_cases_hold():
    truth, probability = calibrated(100_000, seed=15, centre=-7, spread=2.5)
    slope = calibration_slope(truth, probability, **HERE)
    assert slope.estimate == pytest.approx(1, abs=4 * slope.std_error)
    extreme = np.concatenate([probability, [1e-300]])
    again = calibration_slope(np.append(truth, 0), extreme, **HERE)
    assert again.estimate == pytest.approx(slope.estimate, rel=1e-3)


@pytest.mark.parametrize("function", ALL)
def test_results_return_from_their_record(function):
    result = function(*calibrated(30, seed=16), label="model", **HERE)
    assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()
    assert set(result.summary_frame().columns) <= set(GLOSSARY)
    assert replace(result, label="other").label == "other"
    assert (result.label, result.n_cases) == ("model", 30)


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", LOGISTIC)
@pytest.mark.parametrize("certain", [0.0, 1.0])
def test_probabilities_of_0_and_1_are_refused(function, certain):
    message = "probability must lie between 0 and 1, both excluded, but 2 of 4 are 0 or 1, whose"
    with pytest.raises(ValueError, match=message):
        function([0, 1, 0, 1], [0.2, certain, certain, 0.4], **HERE)


@pytest.mark.parametrize("function", ALL)
def test_declarations_and_levels_are_checked(function):
    with pytest.raises(ValueError, match="rating_is must be 'probability', but got 'score'"):
        function([0, 1], [0.1, 0.9], rating_is="score", basis=0.1)
    with pytest.raises(ValueError, match="whose prevalence holds, but got neither"):
        function([0, 1], [0.1, 0.9], rating_is="probability")
    with pytest.raises(ValueError, match="ci_level must lie between 0 and 1"):
        function([0, 1], [0.1, 0.9], ci_level=95, **HERE)


logistic_calibration_test = partial(calibration_test, method="logistic")


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


def test_constant_weights_are_no_weights_of_calibration_tests():
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


def test_without_cases_everything_is_undefined_of_calibration_tests():
    for test in (
        calibration_test([], [], **HERE),
        logistic_calibration_test([], [], **HERE),
        hosmer([], []),
    ):
        assert math.isnan(test.p_value)
        assert test.note == "not defined: there is no case of a weight above 0"


def test_results_return_from_their_record_of_calibration_tests():
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
