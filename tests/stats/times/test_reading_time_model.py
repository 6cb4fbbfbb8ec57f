"""The mixed model of log times: dense matrices, the closed-form ANOVA, statsmodels, refusals."""

import math
import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.optimize import minimize

from toolkit.results import result_from_dict
from toolkit.stats.times.anova import compare_reading_times
from toolkit.stats.times.model import (
    deviance,
    fit_times,
    fixed_effects,
    profiled_deviance,
    reading_time_model,
    time_sums,
)

STANDARD_DEVIATIONS = (0.5, 0.4, 0.15, 0.15, 0.25, 0.4)


def study(n_cases=30, n_readers=5, *, seed=0, missing=0.0, effect=-0.1, sd=STANDARD_DEVIATIONS):
    """Log times with readers, cases and all their interactions, some missing."""
    draw = np.random.default_rng(seed)
    reader, case, reader_modality, case_modality, reader_case, error = sd
    logs = 4 + reader * draw.normal(size=(1, n_readers, 1))
    logs = logs + case * draw.normal(size=(n_cases, 1, 1))
    logs = logs + reader_modality * draw.normal(size=(1, n_readers, 2))
    logs = logs + case_modality * draw.normal(size=(n_cases, 1, 2))
    logs = logs + reader_case * draw.normal(size=(n_cases, n_readers, 1))
    logs = logs + error * draw.normal(size=(n_cases, n_readers, 2)) + np.array([0.0, effect])
    return np.where(draw.random(logs.shape) < missing, np.nan, logs)


def design_of(logs, *columns):
    ones = np.ones(logs.shape)
    return np.stack([ones, ones * [0.0, 1.0], *columns], axis=3)


def dense(logs, design, ratios, error):
    """The restricted deviance and beta from the full covariance matrix."""
    read = ~np.isnan(logs)
    case, reader, modality = np.nonzero(read)

    def same(*labels):
        return np.prod([label[:, None] == label for label in labels], axis=0, dtype=float)

    terms = (
        same(reader),
        same(case),
        same(reader, modality),
        same(case, modality),
        same(reader, case),
    )
    blocks = sum(ratio * term for ratio, term in zip(ratios, terms, strict=True))
    covariance = error * (np.eye(read.sum()) + blocks)
    x, y = design[read], logs[read]
    inverse = np.linalg.inv(covariance)
    information = x.T @ inverse @ x
    beta = np.linalg.solve(information, x.T @ inverse @ y)
    rest = y - x @ beta
    value = (
        (y.size - beta.size) * math.log(2 * math.pi)
        + np.linalg.slogdet(covariance)[1]
        + np.linalg.slogdet(information)[1]
        + rest @ inverse @ rest
    )
    return value, beta, np.linalg.inv(information)


RATIOS = [
    (0.5, 0.3, 0.1, 0.2, 0.4),
    (0.0, 0.0, 0.0, 0.0, 0.0),
    (1.0, 0.0, 0.5, 0.0, 0.0),
    (0.0, 2.0, 0.0, 0.1, 3.0),
]


# ---- reference


@pytest.mark.parametrize("ratios", RATIOS)
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_likelihood_is_that_of_the_full_covariance_matrix(ratios, missing):
    logs = study(12, 3, missing=missing)
    design = design_of(logs, np.random.default_rng(5).normal(size=logs.shape))
    sums = time_sums(logs, design)
    expected, beta, covariance = dense(logs, design, ratios, 0.7)
    effects = fixed_effects(sums, np.array(ratios))
    assert deviance(sums, np.array(ratios), 0.7) == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(effects.beta, beta, rtol=1e-10)
    np.testing.assert_allclose(0.7 * np.linalg.inv(effects.information), covariance, rtol=1e-9)


def test_profile_is_the_deviance_at_its_best_error_variance():
    logs = study(12, 3, missing=0.2)
    sums, ratios = time_sums(logs, design_of(logs)), np.array(RATIOS[0])
    best = fixed_effects(sums, ratios).rest / (sums.n_readings - 2)
    assert profiled_deviance(sums, ratios) == pytest.approx(deviance(sums, ratios, best), rel=1e-12)
    assert profiled_deviance(sums, ratios) < deviance(sums, ratios, 1.01 * best)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_complete_readings_give_the_closed_form_of_the_anova(seed):
    """Off the boundary restricted likelihood solves the very equations of the mean squares."""
    times = np.exp(study(60, 5, seed=seed))
    model = reading_time_model(times, margin=1.1, better="lower")
    anova = compare_reading_times(times, margin=1.1, better="lower")
    assert model.boundary == ()
    assert model.converged
    assert model.ratio.estimate == pytest.approx(anova.ratio.estimate, rel=1e-12)
    for name in ("std_error", "ci_low", "ci_high", "df"):
        assert getattr(model.ratio, name) == pytest.approx(getattr(anova.ratio, name), rel=1e-5)
    assert model.ratio.p_noninferiority == pytest.approx(anova.ratio.p_noninferiority, rel=1e-4)
    parts = anova.components
    assert model.var_reader_modality == pytest.approx(parts.var_reader_modality, rel=1e-4)
    assert model.var_case_modality == pytest.approx(parts.var_case_modality, rel=1e-4)
    assert model.var_error == pytest.approx(parts.var_error, rel=1e-4)


def statsmodels_fit(logs):
    case, reader, modality = np.nonzero(~np.isnan(logs))
    data = pd.DataFrame(
        {"y": logs[case, reader, modality], "k": case, "j": reader, "i": modality, "one": 1}
    )
    terms = {
        "j": "0 + C(j)",
        "k": "0 + C(k)",
        "ji": "0 + C(j):C(i)",
        "ki": "0 + C(k):C(i)",
        "jk": "0 + C(j):C(k)",
    }
    model = sm.MixedLM.from_formula(
        "y ~ i", groups="one", re_formula="0", vc_formula=terms, data=data
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its optimiser warns on its way
        return model.fit(reml=True, method=["lbfgs"])


def test_missing_readings_match_statsmodels():
    """statsmodels 0.15 stops at gradients of 1e-5 and so, like its variances, is good to 1e-3."""
    logs = study(12, 4, seed=3, missing=0.15)
    ours, peer = reading_time_model(np.exp(logs)), statsmodels_fit(logs)
    expected = dict(zip(peer.model.exog_vc.names, peer.vcomp, strict=True))
    assert ours.log_likelihood == pytest.approx(peer.llf, rel=1e-8)
    assert ours.log_likelihood >= peer.llf - 1e-8
    assert math.log(ours.ratio.estimate) == pytest.approx(peer.params["i"], rel=1e-4)
    assert ours.var_reader == pytest.approx(expected["j"], rel=1e-3)
    assert ours.var_case == pytest.approx(expected["k"], rel=1e-3)
    assert ours.var_reader_modality == pytest.approx(expected["ji"], rel=1e-3)
    assert ours.var_case_modality == pytest.approx(expected["ki"], rel=1e-3)
    assert ours.var_reader_case == pytest.approx(expected["jk"], rel=1e-3)
    assert ours.var_error == pytest.approx(peer.scale, rel=1e-3)


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_reader_by_case_counted_as_error_would_shorten_the_interval(seed):
    """Why it is a random term: on complete readings the closed form, free of it, is right."""
    logs = study(40, 5, seed=seed, sd=(0.5, 0.4, 0.1, 0.3, 0.4, 0.2))
    sums = time_sums(logs, design_of(logs))
    anova = compare_reading_times(np.exp(logs)).ratio
    fit = fit_times(sums)

    def without(roots):
        return profiled_deviance(sums, np.append(roots**2, 0.0))

    found = minimize(without, np.ones(4), method="L-BFGS-B", jac="3-point", tol=1e-14)
    pooled = fixed_effects(sums, np.append(found.x**2, 0.0))
    error = pooled.rest / (sums.n_readings - 2)
    short = math.sqrt(error * np.linalg.inv(pooled.information)[1, 1])
    right = anova.std_error / anova.estimate
    assert math.sqrt(fit.covariance[1, 1]) == pytest.approx(right, rel=1e-5)
    assert short < 0.92 * right


# ---- property


def test_swapping_modalities_turns_the_ratio_over():
    times = np.exp(study(20, 4, missing=0.1))
    one, two = reading_time_model(times).ratio, reading_time_model(times[:, :, ::-1]).ratio
    assert one.estimate == pytest.approx(1 / two.estimate, rel=1e-6)
    assert one.ci_low == pytest.approx(1 / two.ci_high, rel=1e-5)


def test_order_of_cases_and_readers_and_the_unit_leave_the_ratio():
    times = np.exp(study(20, 4, missing=0.1))
    one = reading_time_model(times).ratio
    other = reading_time_model(times[::-1, ::-1] / 60).ratio
    assert other.ci_low == pytest.approx(one.ci_low, rel=1e-5)
    assert other.estimate_a * 60 == pytest.approx(one.estimate_a, rel=1e-6)


def test_an_effect_of_order_is_found_and_removed():
    """b is always read second, and every later place saves 0.5 %: unadjusted, b looks faster."""
    draw = np.random.default_rng(9)
    order = np.stack([draw.permuted(np.tile(np.arange(60.0)[:, None], (1, 5)), axis=0)] * 2, axis=2)
    order[:, :, 1] += 30
    logs = study(60, 5, seed=4, effect=0.0) - 0.02 * order
    times = np.exp(logs)
    plain, adjusted = (
        reading_time_model(times),
        reading_time_model(times, covariates={"order": order}),
    )
    assert plain.ratio.ci_high < 1
    assert adjusted.ratio.ci_low < 1 < adjusted.ratio.ci_high
    effect = adjusted.covariates[0]
    assert effect.label == "one more of order"
    assert effect.ci_low < math.exp(-0.02) < effect.ci_high
    scaled = reading_time_model(times, covariates={"order": 1e6 + order / 1000}).covariates[0]
    assert math.log(scaled.estimate) == pytest.approx(1000 * math.log(effect.estimate), rel=1e-5)


def test_result_survives_its_dictionary():
    times = np.exp(study(12, 4, missing=0.1))
    model = reading_time_model(
        times, covariates={"session": np.random.default_rng(1).random((12, 4, 2))}
    )
    plain = model.to_dict()
    assert result_from_dict(plain).to_dict() == plain
    assert len(model.summary_frame()) == 2


# ---- edge


def test_boundary_is_part_of_the_result():
    times = np.exp(study(20, 4, sd=(0.3, 0.4, 0.0, 0.0, 0.0, 0.3), seed=3))
    model = reading_time_model(times)
    assert model.converged
    assert "reader by modality" in model.boundary
    assert model.var_reader_modality == 0
    assert "trust the ANOVA of complete readings instead" in model.note


def test_missing_readings_are_counted():
    times = np.exp(study(20, 4))
    times[:3, 0, 1] = math.nan
    model = reading_time_model(times)
    assert (model.n_readings, model.n_missing) == (157, 3)
    assert "3 of 160 readings missing, taken as missing at random" in model.note


def test_cases_read_in_one_modality_each_leave_terms_that_cannot_be_told_apart():
    times = np.exp(study(60, 4, seed=5))
    times[:30, :, 1] = math.nan
    times[30:, :, 0] = math.nan
    model = reading_time_model(times)
    assert model.converged
    assert 0 < model.ratio.ci_low < model.ratio.estimate < model.ratio.ci_high


@pytest.mark.parametrize("kind", ["constant", "no error"])
def test_times_without_error_have_no_interval_but_a_note(kind):
    draw = np.random.default_rng(0)
    times = np.full((10, 3, 2), 40.0)
    if kind == "no error":
        times = np.exp(draw.normal(size=(10, 1, 1)) + draw.normal(size=(1, 3, 1)) + np.zeros(2))
    model = reading_time_model(times, margin=1.1, better="lower")
    assert not model.converged
    assert "did not converge: no interval" in model.note
    assert math.isnan(model.ratio.ci_low)
    assert math.isnan(model.ratio.p_noninferiority)
    assert model.ratio.estimate == pytest.approx(1.0)


# ---- errors


def test_wrong_input_is_refused_by_name():
    times = np.exp(study(6, 3))
    zero = times.copy()
    zero[1, 2, 0] = 0
    with pytest.raises(ValueError, match=r"times must be above 0 and finite, but position \(1, 2"):
        reading_time_model(zero)
    one_modality = times.copy()
    one_modality[:, 1:, 1] = math.nan
    with pytest.raises(ValueError, match="but got 1 such readers and 6 cases"):
        reading_time_model(one_modality)
    with pytest.raises(ValueError, match="but got 3 such readers and 1 cases"):
        reading_time_model(times[:1])
    with pytest.raises(ValueError, match="needs better="):
        reading_time_model(times, margin=1.1)
    with pytest.raises(ValueError, match="modalities must hold 2 different names"):
        reading_time_model(times, modalities=("a", "a"))
    with pytest.raises(ValueError, match="ci_level must lie between 0 and 1"):
        reading_time_model(times, ci_level=95)


def test_wrong_covariates_are_refused_by_name():
    times = np.exp(study(6, 3))
    order = np.random.default_rng(0).random(times.shape)
    with pytest.raises(
        ValueError, match=r"covariate 'order' must have the shape of times \(6, 3, 2\)"
    ):
        reading_time_model(times, covariates={"order": order[:, :2]})
    missing = order.copy()
    missing[2, 1, 0] = math.nan
    with pytest.raises(
        ValueError, match=r"covariate 'order' must be finite .* position \(2, 1, 0\)"
    ):
        reading_time_model(times, covariates={"order": missing})
    times[2, 1, 0] = math.nan  # no time, no need of a covariate
    assert reading_time_model(times, covariates={"order": missing}).n_readings == 35
    session = np.broadcast_to([0.0, 1.0], times.shape)
    with pytest.raises(ValueError, match="covariate 'session' follows from the modality"):
        reading_time_model(times, covariates={"session": session})
    with pytest.raises(ValueError, match="covariate 'site' follows from the modality"):
        reading_time_model(times, covariates={"order": order, "site": np.ones(times.shape)})


# ---- simulation


@pytest.mark.slow
def test_null_studies_with_missing_readings_are_significant_as_often_as_they_should_be():
    n_studies, wrong = 100, 0
    for seed in range(n_studies):
        logs = study(30, 6, seed=seed, missing=0.1, effect=0.0)
        wrong += reading_time_model(np.exp(logs)).ratio.p_value < 0.05
    assert 0.01 <= wrong / n_studies <= 0.11  # within 2.75 standard errors of 5 %
