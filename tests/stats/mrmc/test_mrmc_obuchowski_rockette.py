"""Obuchowski and Rockette's analysis: every number of MRMCaov, what swaps leave alone, refusals.

MRMCaov 0.3.0 prints modality 1 minus 2, here it is 2 minus 1. Its figures of merit and covariance
matrices go in, so that only the inference is compared.
"""

import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from toolkit.results import result_from_dict
from toolkit.stats.mrmc.analysis import covariances, f_tail, mean_squares
from toolkit.stats.mrmc.inference import obuchowski_rockette
from toolkit.stats.mrmc.table import FomTable

METRIC = {"VanDyke": (5, 2), "Kundel": (4, 3)}
RANDOM = {
    (False, False): "readers and cases",
    (True, False): "cases",
    (False, True): "readers",
}


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def make_table(value, covariance=None, **changes):
    n_readers, n_modalities = value.shape
    fields = {
        "quantity": "auc",
        "value": value,
        "covariance": covariance,
        "covariance_method": "given" if covariance is not None else "none",
        "readers": tuple(f"R{j}" for j in range(n_readers)),
        "modalities": tuple(f"M{i}" for i in range(n_modalities)),
        "n_cases": 100,
        "n_positive": 40,
        "n_units": 100,
        "method": "empirical AUC",
    }
    return FomTable(**{**fields, **changes})


def peers_table(entry):
    """The table that MRMCaov analysed; its rows are ordered by modality, then reader."""
    result = entry["result"]
    name = next(k for k in result["auc_by_test_reader"] if k not in ("treatment", "reader"))
    values = np.array(result["auc_by_test_reader"][name], dtype=float)
    n_readers, n_modalities = METRIC[entry["dataset"]]
    value = values.reshape(n_modalities, n_readers).T
    covariance = None
    if result.get("cov_matrix"):
        matrix = np.array(result["cov_matrix"]["values"], dtype=float)
        covariance = matrix.reshape(n_modalities, n_readers, n_modalities, n_readers)
        covariance = covariance.transpose(1, 0, 3, 2)
    return make_table(value, covariance, low=-math.inf, high=math.inf)


@pytest.fixture(scope="module")
def peer(reference_data):
    text = (reference_data / "reference" / "mrmcaov.json").read_text()
    entries = json.loads(text)["results"]
    return {
        key: entry
        for key, entry in entries.items()
        if isinstance(entry.get("result"), dict) and entry["result"].get("design") in (1, 2, 3, -1)
    }


def compared(entry):
    """The analysis of a peer's table and what it returned."""
    fixed = entry["result"]["fixed"]
    table = peers_table(entry)
    random = RANDOM[fixed["reader"], fixed["case"]]
    return obuchowski_rockette(table, random=random), entry["result"]


def test_mean_squares_and_components_match_mrmcaov(peer):
    seen = 0
    for entry in peer.values():
        analysis, expected = compared(entry)
        ours = analysis.components
        # A constant figure has mean squares at rounding error in both programs.
        assert [ours.ms_modality, ours.ms_reader, ours.ms_reader_modality] == close(
            expected["anova"]["Mean Sq"]
        )
        if expected["vcov_comps"]:
            names = ("var_reader", "var_reader_modality", "var_error", "cov1", "cov2", "cov3")
            assert [getattr(ours, name) for name in names] == close(
                expected["vcov_comps"]["Estimate"]
            )
            seen += 1
    assert seen >= 40


def test_global_tests_match_mrmcaov(peer):
    for entry in peer.values():
        analysis, expected = compared(entry)
        test, ours = expected["test_equality"], analysis.global_test
        if "X2" in test:
            assert (ours.statistic, ours.df1) == (close(test["X2"][0]), test["df"][0])
            assert math.isinf(ours.df2)
        else:
            assert ours.statistic == close(test["F"][0])
            assert (ours.df1, ours.df2) == (test["df1"][0], close(test["df2"][0]))
        assert ours.p_value == pytest.approx(test["p-value"][0], rel=1e-9)


def test_differences_match_mrmcaov(peer):
    for entry in peer.values():
        analysis, expected = compared(entry)
        test = expected["test_diffs"]
        for place, ours in enumerate(analysis.differences):
            assert ours.estimate == close(-test["Estimate"][place])
            assert ours.std_error == close(test["StdErr"][place])
            assert ours.ci_low == close(-test["CI.Upper"][place])
            assert ours.ci_high == close(-test["CI.Lower"][place])
            assert ours.statistic == close(-test["t" if "t" in test else "z"][place])
            assert ours.p_value == pytest.approx(test["p-value"][place], rel=1e-9)
            assert ours.df == close(test["df"][place] if "df" in test else math.inf)


def test_means_match_mrmcaov_where_it_does_not_cut_them_off(peer):
    for entry in peer.values():
        analysis, expected = compared(entry)
        test = expected["test_means"]
        for place, ours in enumerate(analysis.modalities):
            assert ours.estimate == close(test["Estimate"][place])
            assert ours.std_error == close(test["StdErr"][place])
            assert ours.df == close(test["df"][place] if "df" in test else math.inf)
            # MRMCaov cuts an interval off at the ends of the range, here it is as computed.
            low, high = test["CI.Lower"][place], test["CI.Upper"][place]
            assert ours.ci_low == close(low) or (low == 0 > ours.ci_low)
            assert ours.ci_high == close(high) or (ours.ci_high > high)


def test_readers_of_two_modalities_match_mrmcaov(peer):
    # With three modalities MRMCaov gives readers the errors of other readers: its known fault.
    seen = 0
    for entry in peer.values():
        analysis, expected = compared(entry)
        if entry["dataset"] != "VanDyke" or not expected["reader_test_diffs"]:
            continue
        test, means = expected["reader_test_diffs"], expected["reader_means"]
        assert [d.std_error for d in analysis.reader_differences] == close(test["StdErr"])
        assert [d.p_value for d in analysis.reader_differences] == pytest.approx(
            test["p-value"], rel=1e-9
        )
        # A perfect reader has no variance: 0 there, undefined here.
        ours = [0 if math.isnan(r.std_error) else r.std_error for r in analysis.readers]
        assert ours == close(means["StdErr"])
        seen += 1
    assert seen >= 4


def published(value, covariance, **changes):
    return obuchowski_rockette(make_table(value, covariance), **changes)


def covariance_of(n_readers, n_modalities, variance, cov1, cov2, cov3):
    """The covariance that has these components exactly."""
    same_reader = np.eye(n_readers)[:, None, :, None]
    same_modality = np.eye(n_modalities)[None, :, None, :]
    return (
        cov3 * (1 - same_reader) * (1 - same_modality)
        + cov1 * same_reader * (1 - same_modality)
        + cov2 * (1 - same_reader) * same_modality
        + variance * same_reader * same_modality
    )


def test_components_of_a_structured_covariance_are_its_own():
    built = covariance_of(4, 3, 8e-4, 4e-4, 3e-4, 2e-4)
    found = covariances(built)
    expected = (8e-4, 4e-4, 3e-4, 2e-4)
    assert (found.variance, found.cov1, found.cov2, found.cov3) == pytest.approx(expected)


def test_mean_squares_are_those_of_the_textbook_sums():
    value = np.random.default_rng(3).normal(size=(6, 4))
    grand = value.mean()
    rest = sum(
        (value[j, i] - value[j].mean() - value[:, i].mean() + grand) ** 2
        for j in range(6)
        for i in range(4)
    )
    found = mean_squares(value)
    assert found.modality == pytest.approx(6 * ((value.mean(0) - grand) ** 2).sum() / 3)
    assert found.reader == pytest.approx(4 * ((value.mean(1) - grand) ** 2).sum() / 5)
    assert found.reader_modality == pytest.approx(rest / 15)


VALUE = np.array([[0.80, 0.85, 0.83], [0.84, 0.86, 0.88], [0.78, 0.84, 0.80], [0.83, 0.88, 0.9]])
COVARIANCE = covariance_of(4, 3, 8e-4, 4e-4, 3e-4, 2e-4)


@pytest.mark.parametrize("random", ["readers and cases", "cases", "readers"])
def test_swapping_modalities_negates_the_difference(random):
    table = make_table(VALUE, COVARIANCE)
    order = [2, 1, 0]
    swapped = make_table(VALUE[:, order], COVARIANCE[:, order][:, :, :, order])
    first = obuchowski_rockette(table, random=random).differences[1]
    second = obuchowski_rockette(swapped, random=random).differences[1]
    assert second.estimate == pytest.approx(-first.estimate)
    assert (second.ci_low, second.ci_high) == pytest.approx((-first.ci_high, -first.ci_low))
    assert second.p_value == pytest.approx(first.p_value)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(4)))
def test_the_order_of_readers_does_not_matter(order):
    table = make_table(VALUE, COVARIANCE)
    other = make_table(VALUE[order], COVARIANCE[order][:, :, order])
    first, second = obuchowski_rockette(table), obuchowski_rockette(other)
    assert second.global_test.p_value == pytest.approx(first.global_test.p_value)


@pytest.mark.parametrize("random", ["readers and cases", "cases", "readers"])
def test_pooled_result_is_the_mean_of_the_readers(random):
    analysis = published(VALUE, COVARIANCE, random=random)
    for place, difference in enumerate(analysis.differences):
        readers = [d.estimate for d in analysis.reader_differences[place::3]]
        assert difference.estimate == pytest.approx(np.mean(readers))


def test_with_two_modalities_pair_and_pooled_are_one():
    two = VALUE[:, :2], COVARIANCE[:, :2][:, :, :, :2]
    pooled, pair = published(*two), published(*two, denominator="pair")
    for name in ("estimate", "std_error", "df", "p_value", "ci_low", "ci_high"):
        ours = getattr(pair.differences[0], name)
        assert ours == pytest.approx(getattr(pooled.differences[0], name), rel=1e-12)


def test_a_pair_takes_its_error_from_its_own_modalities():
    analysis = published(VALUE, COVARIANCE, denominator="pair")
    own = published(VALUE[:, [0, 2]], COVARIANCE[:, [0, 2]][:, :, :, [0, 2]])
    assert analysis.differences[1].std_error == pytest.approx(own.differences[0].std_error)
    assert analysis.differences[1].df == pytest.approx(own.differences[0].df)


def test_test_of_two_modalities_is_the_square_of_t():
    analysis = published(VALUE[:, :2], COVARIANCE[:, :2][:, :, :, :2])
    assert analysis.global_test.statistic == pytest.approx(analysis.differences[0].statistic ** 2)
    assert analysis.global_test.p_value == pytest.approx(analysis.differences[0].p_value)


def test_interval_and_margin_give_one_verdict():
    for margin in (0.001, 0.02, 0.5):
        for difference in published(-VALUE, COVARIANCE, margin=margin).differences:
            assert difference.noninferior == (difference.p_noninferiority < 0.025)


def test_an_analysis_comes_back_from_strict_json():
    analysis = published(VALUE, COVARIANCE, margin=0.05)
    plain = json.loads(json.dumps(analysis.to_dict(), allow_nan=False))
    assert result_from_dict(plain).to_dict() == analysis.to_dict()
    assert len(analysis.summary_frame()) == 6


def test_components_below_zero_are_said_and_not_cut_off():
    flat = np.full((4, 2), 0.8) + np.array([[0.001, -0.001]] * 4)
    analysis = published(flat, covariance_of(4, 2, 8e-4, 4e-4, 3e-4, 2e-4))
    assert analysis.components.var_reader_modality < 0
    assert "estimated below 0" in analysis.note


def test_covariances_that_differ_the_wrong_way_are_truncated_in_the_test_alone():
    # Cov2 < Cov3: the denominator is MS(T*R) alone with readers random, and less with them fixed.
    turned = covariance_of(4, 3, 8e-4, 4e-4, 2e-4, 3e-4)
    table = make_table(VALUE, turned)
    random = obuchowski_rockette(table)
    assert random.global_test.df2 == pytest.approx(6)
    assert random.components.cov2 - random.components.cov3 == pytest.approx(-1e-4)
    fixed = obuchowski_rockette(table, random="cases")
    denominator = 8e-4 - 4e-4 + 3 * (2e-4 - 3e-4)
    expected = 2 * mean_squares(VALUE).modality / denominator
    assert fixed.global_test.statistic == pytest.approx(expected)


def test_a_denominator_below_zero_is_undefined_with_a_note():
    negative = covariance_of(4, 3, 8e-4, 4e-4, 1e-4, 4e-4)
    analysis = published(VALUE, negative, random="cases")
    assert math.isnan(analysis.global_test.p_value)
    assert math.isnan(analysis.differences[0].ci_low)
    assert "below 0" in analysis.global_test.note


def test_what_rounding_leaves_is_no_error_to_test_against():
    # Every reader gains 0.1: MS(T*R) is 1e-33 in floating point, and a P of it would be 1e-45.
    additive = np.array([[0.8, 0.9], [0.7, 0.8], [0.75, 0.85], [0.6, 0.7]])
    analysis = published(additive, None, random="readers")
    difference = analysis.differences[0]
    assert difference.estimate == pytest.approx(0.1)
    assert math.isnan(analysis.global_test.p_value)
    assert math.isnan(difference.ci_low)
    assert "is estimated as 0, which is not certainty" in difference.note


HIGH = np.array([[0.99, 0.95], [0.90, 0.97], [0.999, 0.9], [0.97, 0.99]])
HIGH_COVARIANCE = covariance_of(4, 2, 8e-4, 4e-4, 3e-4, 2e-4)


def test_limits_of_a_mean_are_those_of_its_logit_by_the_delta_method():
    analysis = published(HIGH, HIGH_COVARIANCE)
    assert analysis.mean_scale == "logit"
    for mean in analysis.modalities:
        odds = math.log(mean.estimate / (1 - mean.estimate))
        error = mean.std_error / (mean.estimate * (1 - mean.estimate))
        reach = stats.t.ppf(0.975, mean.df) * error
        expected = [1 / (1 + math.exp(-(odds + sign * reach))) for sign in (-1, 1)]
        assert [mean.ci_low, mean.ci_high] == pytest.approx(expected, rel=1e-12)
        assert mean.ci_method == "Obuchowski-Rockette, t, on the logit scale"
        assert mean.note == ""


def test_identity_scale_gives_the_mean_plus_and_minus_its_reach():
    logit = published(HIGH, HIGH_COVARIANCE)
    analysis = published(HIGH, HIGH_COVARIANCE, mean_scale="identity")
    for own, other in zip(analysis.modalities, logit.modalities, strict=True):
        reach = stats.t.ppf(0.975, own.df) * own.std_error
        assert [own.ci_low, own.ci_high] == close([own.estimate - reach, own.estimate + reach])
        assert (own.estimate, own.std_error, own.df) == (
            other.estimate,
            other.std_error,
            other.df,
        )
        assert ("leaves the range" in own.note) == (own.ci_high > 1)
    assert max(mean.ci_high for mean in analysis.modalities) > 1
    # Differences are on the identity scale whatever that of the means.
    assert analysis.differences[0].to_dict() == logit.differences[0].to_dict()
    with pytest.raises(ValueError, match="mean_scale must be one of 'logit', 'identity'"):
        published(HIGH, HIGH_COVARIANCE, mean_scale="probit")


def test_a_figure_whose_range_is_not_0_to_1_stays_on_its_own_scale_with_the_reason():
    table = dataclasses.replace(make_table(HIGH, HIGH_COVARIANCE), high=math.inf)
    mean = obuchowski_rockette(table).modalities[0]
    same = obuchowski_rockette(table, mean_scale="identity").modalities[0]
    assert (mean.ci_low, mean.ci_high) == (same.ci_low, same.ci_high)
    assert "runs from 0 to inf: the logit scale is for figures from 0 to 1" in mean.note
    assert same.note == ""


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_a_mean_at_the_end_of_the_range_has_no_interval_and_says_so(end):
    value = np.array([[end, 0.9], [end, 0.95], [end, 0.92], [end, 0.97]])
    mean = published(value, HIGH_COVARIANCE).modalities[0]
    assert mean.estimate == end
    assert math.isnan(mean.ci_low)
    assert math.isnan(mean.ci_high)
    assert "the mean lies at the end of the range: there is no interval on the logit" in mean.note
    nothing = published(value, np.zeros((4, 2, 4, 2))).modalities[0]
    assert math.isnan(nothing.ci_low)
    assert "is estimated as 0, which is not certainty" in nothing.note


def test_readers_who_agree_exactly_are_tested_against_the_cases_alone():
    # MS(T*R) is 0: F on an infinite second df is chi-square over its first.
    value = np.array([[0.75, 0.875, 0.9375]] * 4)
    covariance = covariance_of(4, 3, 8e-4, 4e-4, 3e-4, 2e-4)
    test = published(value, covariance).global_test
    assert test.df2 == math.inf
    error = 4 * (3e-4 - 2e-4)
    chi_square = 4 * np.var([0.75, 0.875, 0.9375], ddof=1) * 2 / error
    assert test.statistic == pytest.approx(chi_square)
    assert test.p_value == pytest.approx(stats.chi2.sf(chi_square, 2), rel=1e-9)
    assert test.method.startswith("chi-square test")


@pytest.mark.parametrize(("ratio", "df1"), [(0.0, 1), (1.7, 2), (40.0, 3)])
def test_the_f_tail_tends_to_chi_square(ratio, df1):
    assert f_tail(ratio, df1, math.inf) == pytest.approx(f_tail(ratio, df1, 1e14), rel=1e-9)
    assert f_tail(ratio, df1, 7.5) == pytest.approx(stats.f.sf(ratio, df1, 7.5), rel=1e-12)


def test_one_modality_has_a_mean_and_no_test():
    analysis = published(VALUE[:, :1], COVARIANCE[:, :1][:, :, :, :1])
    assert analysis.global_test is None
    assert analysis.differences == ()
    assert analysis.modalities[0].df > 3


def test_one_reader_is_compared_over_cases_alone():
    analysis = published(VALUE[:1], COVARIANCE[:1][:, :, :1], random="cases")
    # Var - Cov1 is half the variance of the difference.
    assert analysis.differences[0].std_error == pytest.approx(math.sqrt(2 * 4e-4))
    assert "these readers only" in analysis.note


@pytest.mark.parametrize("random", ["readers and cases", "readers"])
def test_one_reader_is_refused_where_readers_are_random(random):
    with pytest.raises(ValueError, match="needs at least two readers, but got 1"):
        published(VALUE[:1], COVARIANCE[:1][:, :, :1], random=random)


def test_few_readers_are_said():
    analysis = published(VALUE[:3], COVARIANCE[:3][:, :, :3])
    assert "3 readers are too few" in analysis.note


def test_a_missing_figure_is_refused_by_name():
    value = VALUE.copy()
    value[2, 1] = math.nan
    table = make_table(value, COVARIANCE, note="R2 did not read in M1")
    with pytest.raises(ValueError, match="1 of 12 are not, the first for R2 in M1"):
        obuchowski_rockette(table)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"random": "cases"}, "needs the covariance over cases"),
        ({"random": "both"}, "random must be"),
        ({"random": "readers", "denominator": "own"}, "denominator must be"),
        ({"random": "readers", "margin": -0.05}, "margin of a difference must be positive"),
        ({"random": "readers", "ci_level": 95}, "ci_level must"),
    ],
)
def test_wrong_choices_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        published(VALUE, None, **changes)


def test_a_table_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="value must have shape"):
        make_table(VALUE, readers=("R1",))
    with pytest.raises(ValueError, match="covariance must have shape"):
        make_table(VALUE, COVARIANCE[:2])
    with pytest.raises(ValueError, match="covariance must be symmetric"):
        make_table(VALUE, COVARIANCE + np.arange(12).reshape(4, 3, 1, 1))
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_table(VALUE).quantity = "sensitivity"
