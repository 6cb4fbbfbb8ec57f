"""Calibration in the large, intercept, slope and O/E against R, statsmodels and simulation."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special

from tests.probability_sample import (
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
