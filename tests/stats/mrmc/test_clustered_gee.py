"""Estimating equations for calls: geepack, statsmodels, the plain difference, refusals."""

import json
import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from toolkit.results import result_from_dict
from toolkit.stats.mrmc.gee import compare_calls_gee, fit_gee
from toolkit.stats.proportions.clustered import mean_proportion_ci


def study(n_cases=60, n_readers=4, *, seed=1, missing=0.0):
    """Calls of readers who find the same cases hard; NaN where missing."""
    draw = np.random.default_rng(seed)
    latent = draw.normal(size=(n_cases, 1, 1)) + 0.3 * draw.normal(size=(1, n_readers, 1))
    latent = latent + draw.normal(size=(n_cases, n_readers, 2)) + np.array([0.2, 0.5])
    return np.where(draw.random(latent.shape) < missing, np.nan, latent > 0)


def long_form(call, patient):
    read = ~np.isnan(call)
    case, reader, modality = np.nonzero(read)
    design = np.column_stack([np.eye(call.shape[1])[reader], modality])
    return call[read] == 1, design, np.unique(patient[case], return_inverse=True)[1]


def close(value, rel=1e-9):
    return pytest.approx(value, rel=rel, abs=1e-12)


# ---- reference


@pytest.mark.parametrize("working", ["independence", "exchangeable"])
def test_fit_matches_geepack(reference_data, working):
    path = reference_data / "reference" / "roc_agreement_calibration.json"
    cases = json.loads(path.read_text())["cases"]
    case = next(c for c in cases if "gee_ind_logit" in c["values"])
    events, sizes = (np.array(case["data"][k]) for k in ("x_per_cluster", "n_per_cluster"))
    outcome = np.concatenate([np.arange(n) < x for x, n in zip(events, sizes, strict=True)])
    cluster = np.repeat(np.arange(sizes.size), sizes)
    fit = fit_gee(
        outcome, np.ones((outcome.size, 1)), cluster, working=working, covariance="robust"
    )
    name = "gee_ind" if working == "independence" else "gee_exch"
    assert fit.coefficients[0] == close(case["values"][f"{name}_logit"], 1e-9)
    assert fit.covariance[0, 0] ** 0.5 == close(case["values"][f"{name}_robust_se_logit"], 1e-9)
    if working == "exchangeable":
        assert fit.correlation == close(case["values"]["gee_exch_alpha"], 1e-9)


@pytest.mark.parametrize("covariance", ["robust", "bias-reduced"])
@pytest.mark.parametrize("working", ["independence", "exchangeable"])
def test_fit_matches_statsmodels_at_the_same_correlation(working, covariance):
    """statsmodels takes n - p where geepack and we take n in the correlation, so it is given."""
    call, patient = study(missing=0.15), np.arange(60) // 2
    outcome, design, number = long_form(call, patient)
    fit = fit_gee(outcome, design, number, working=working, covariance=covariance)
    structure = sm.cov_struct.Independence()
    if working == "exchangeable":
        structure = sm.cov_struct.Exchangeable()
        structure.dep_params = fit.correlation
        structure.update = lambda _: None
    model = sm.GEE(
        outcome.astype(float), design, number, family=sm.families.Binomial(), cov_struct=structure
    )
    peer = model.fit(cov_type="bias_reduced", ctol=1e-13, maxiter=500)
    np.testing.assert_allclose(fit.coefficients, peer.params, rtol=1e-8)
    np.testing.assert_allclose(
        np.sqrt(np.diag(fit.covariance)),
        peer.standard_errors(covariance.replace("-", "_")),
        rtol=1e-7,
    )
    ours = compare_calls_gee(call, cluster=patient, working=working, covariance=covariance)
    assert math.log(ours.odds_ratio.estimate) == close(peer.params[-1], 1e-8)
    assert ours.odds_ratio.df == (math.inf if covariance == "robust" else 29.0)


def test_readers_as_clusters_match_statsmodels():
    call = study(40, 6)
    reader, modality = (np.indices(call.shape)[axis].ravel() for axis in (1, 2))
    design = np.column_stack([np.ones(reader.size), modality])
    model = sm.GEE(call.ravel(), design, reader, family=sm.families.Binomial())
    peer = model.fit(cov_type="bias_reduced", ctol=1e-13)
    ours = compare_calls_gee(call, clusters="readers", covariance="bias-reduced")
    error = peer.standard_errors("bias_reduced")[1]
    assert math.log(ours.odds_ratio.estimate) == close(peer.params[1], 1e-8)
    assert ours.odds_ratio.std_error / ours.odds_ratio.estimate == close(error, 1e-8)
    assert (ours.odds_ratio.df, ours.difference.df) == (5.0, 5.0)
    assert ours.difference.ci_method == "GEE, bias-reduced, t"
    assert "readers like these, and these cases only" in ours.note
    assert ours.difference.n_clusters is None


# ---- property


@given(seed=st.integers(0, 1000), n_readers=st.integers(1, 5), level=st.sampled_from([0.9, 0.95]))
@settings(max_examples=40, deadline=None)
def test_complete_calls_give_the_plain_difference_and_its_error(seed, n_readers, level):
    """Independent weights: the estimate is the raw difference, so its linear error is as well."""
    call, patient = study(50, n_readers, seed=seed), np.arange(50) // 2
    ours = compare_calls_gee(call, cluster=patient, ci_level=level).difference
    by_case = (call[:, :, 1] - call[:, :, 0]).mean(axis=1)
    moved = np.bincount(patient, by_case - by_case.mean())
    assert ours.estimate == close(by_case.mean(), 1e-8)
    assert ours.std_error == close(math.sqrt(float(moved @ moved)) / 50, 1e-7)
    assert ours.estimate_a == close(mean_proportion_ci(call[:, :, 0]).estimate, 1e-8)


def test_swapping_modalities_turns_both_effects_around():
    call = study(missing=0.2)
    one = compare_calls_gee(call, working="exchangeable")
    two = compare_calls_gee(call[:, :, ::-1], working="exchangeable")
    assert one.difference.ci_low == close(-two.difference.ci_high, 1e-8)
    assert one.odds_ratio.ci_low == close(1 / two.odds_ratio.ci_high, 1e-8)
    assert one.correlation == close(two.correlation, 1e-8)


def test_specificity_from_recalls_mirrors_the_difference():
    call = study()
    one, two = compare_calls_gee(call), compare_calls_gee(1 - call)
    assert one.difference.estimate == close(-two.difference.estimate)
    assert one.odds_ratio.estimate == close(1 / two.odds_ratio.estimate)


def test_repeating_every_case_as_one_patient_changes_nothing():
    call, patient = study(), np.arange(60)
    doubled = compare_calls_gee(np.vstack([call, call]), cluster=np.append(patient, patient))
    single = compare_calls_gee(call)
    assert doubled.difference.std_error == close(single.difference.std_error, 1e-8)
    assert doubled.difference.n_clusters == 60


def test_odds_ratio_is_that_of_every_reader():
    result = compare_calls_gee(study())
    ratio = result.odds_ratio
    assert ratio.estimate_b / ratio.estimate_a == close(ratio.estimate)
    assert ratio.quantity == "odds of sensitivity"
    log_ratio = math.log(ratio.estimate)
    low = math.log(ratio.ci_low)
    assert (log_ratio - low) / 1.959963984540054 == close(ratio.std_error / ratio.estimate)


def test_one_reader_without_clusters_is_logistic_regression():
    call = study(200, 1, seed=4)
    result = compare_calls_gee(call)
    shares = call.mean(axis=0)[0]
    assert math.log(result.odds_ratio.estimate) == close(logit(shares[1]) - logit(shares[0]), 1e-8)
    assert result.difference.estimate_b == close(expit(logit(shares[1])), 1e-8)


def test_margin_belongs_to_the_difference_and_agrees_with_it():
    result = compare_calls_gee(study(), margin=0.05, better="higher")
    assert result.odds_ratio.margin is None
    assert result.difference.noninferior == (result.difference.p_noninferiority < 0.025)


def test_result_survives_its_dictionary():
    result = compare_calls_gee(study(missing=0.1), modalities=("unaided", "aided"))
    assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()
    assert len(result.summary_frame()) == 2
    assert (result.n_calls + result.n_missing, result.difference.label_b) == (480, "aided")
    assert "these readers only" in result.note


# ---- edge


def test_few_patients_are_said_to_be_few():
    assert "take the bias-reduced one" in compare_calls_gee(study(39)).note
    assert "few" not in compare_calls_gee(study(39), covariance="bias-reduced").note
    assert "few" not in compare_calls_gee(study(40)).note


def test_bias_reduction_widens():
    call = study(12)
    robust = compare_calls_gee(call).difference
    reduced = compare_calls_gee(call, covariance="bias-reduced").difference
    assert reduced.std_error > robust.std_error
    assert reduced.ci_high - reduced.ci_low > robust.ci_high - robust.ci_low


def alike(kind):
    call = study(30, 3)
    if kind == "modality":
        call[:, :, 1] = 1
    elif kind == "reader":
        call[:, 1, :] = 0
    else:
        call[:] = 1
    return call


@pytest.mark.parametrize("kind", ["modality", "reader", "all"])
def test_calls_that_are_all_alike_leave_nothing_but_a_note(kind):
    result = compare_calls_gee(alike(kind), margin=0.1, better="higher")
    assert "no finite odds ratio" in result.note
    for comparison in (result.difference, result.odds_ratio):
        assert math.isnan(comparison.estimate)
        assert math.isnan(comparison.ci_low)
        assert "no finite odds ratio" in comparison.note


def test_a_reader_of_one_patient_has_no_bias_reduced_covariance():
    call = study(30, 3)
    call[1:, 2, :] = math.nan
    call[0, 2] = [0, 1]
    result = compare_calls_gee(call, covariance="bias-reduced")
    assert "one cluster alone tells of a reader" in result.note
    assert math.isnan(result.difference.estimate)
    assert compare_calls_gee(call).difference.ci_low > -1


def test_impossible_correlation_is_named():
    """Each patient's calls are as different as they can be."""
    call = np.zeros((50, 1, 2))
    call[::2, 0, 0] = call[1::2, 0, 1] = 1
    result = compare_calls_gee(call, working="exchangeable")
    assert "take working='independence'" in result.note
    assert compare_calls_gee(call).difference.estimate == close(0.0)


def test_calls_of_patients_who_do_not_differ_have_no_interval():
    call = np.tile([[[0, 1], [1, 0]]], (50, 1, 1))
    result = compare_calls_gee(call)
    assert math.isnan(result.difference.ci_low)
    assert "estimated as 0" in result.difference.note


# ---- errors


def test_wrong_input_is_refused_by_name():
    call = study(10, 3)
    wrong = call.copy()
    wrong[3, 2, 1] = 2
    with pytest.raises(
        ValueError, match=r"call must hold only 0, 1 and NaN, but position \(3, 2, 1\)"
    ):
        compare_calls_gee(wrong)
    with pytest.raises(ValueError, match=r"call must have shape \(n_cases, n_readers, 2\)"):
        compare_calls_gee(call[:, :, :1])
    with pytest.raises(ValueError, match=r"call must have shape \(n_cases, n_readers, n_modal"):
        compare_calls_gee(call[:, 0])
    unread = call.copy()
    unread[:, 1] = math.nan
    with pytest.raises(ValueError, match="reader position 1 has no call"):
        compare_calls_gee(unread)
    nested = call.copy()
    nested[:, 0, 1] = nested[:, 1:, 0] = math.nan
    with pytest.raises(ValueError, match="no reader used both modalities"):
        compare_calls_gee(nested)


def test_too_few_clusters_and_wrong_choices_are_refused_by_name():
    call = study(10, 3)
    with pytest.raises(
        ValueError, match="patients as clusters must be two or more, but there is 1"
    ):
        compare_calls_gee(call[:1])
    with pytest.raises(ValueError, match=r"readers as clusters need 40 readers .* but there are 3"):
        compare_calls_gee(call, clusters="readers")
    with pytest.raises(ValueError, match="t on 2 degrees of freedom"):
        compare_calls_gee(call, clusters="readers")
    for name in ("clusters", "working", "covariance"):
        with pytest.raises(ValueError, match=f"{name} must be one of"):
            compare_calls_gee(call, **{name: "sandwich"})
    with pytest.raises(ValueError, match="needs better="):
        compare_calls_gee(call, margin=0.05)
    with pytest.raises(ValueError, match="positive and below 1"):
        compare_calls_gee(call, margin=5, better="higher")
    with pytest.raises(ValueError, match="cluster must not be missing"):
        compare_calls_gee(call, cluster=[None, *range(9)])
    with pytest.raises(ValueError, match="modalities must hold 2 different names"):
        compare_calls_gee(call, modalities=("a", "b", "c"))


def test_forty_readers_may_be_clusters():
    assert compare_calls_gee(study(8, 40), clusters="readers").difference.df == math.inf


# ---- simulation


@pytest.mark.slow
def test_null_studies_of_fixed_readers_are_significant_as_often_as_they_should_be():
    draw, n_studies, wrong = np.random.default_rng(3), 1500, 0
    cut = draw.normal(size=(1, 5, 1)) * 0.4
    for _ in range(n_studies):
        latent = draw.normal(size=(60, 1, 1)) + draw.normal(size=(60, 5, 2))
        wrong += (
            compare_calls_gee(latent > cut, covariance="bias-reduced").difference.p_value < 0.05
        )
    assert 0.035 <= wrong / n_studies <= 0.065
