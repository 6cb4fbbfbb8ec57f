"""Limits of agreement against published data, tables, noncentral t, by hand and by simulation."""

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from toolkit.results import result_from_dict
from toolkit.stats.agreement.bland_altman import (
    agreement_limits,
    proportional_bias_slope,
    ratio_agreement_limits,
)

Z = stats.norm.isf(0.025)
BOTH = [agreement_limits, ratio_agreement_limits]

# Bland and Altman, Lancet 1986;1:307-310, table: peak flow in l/min, first readings
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]

# Bland and Altman, J Biopharm Stat 2007;17:571-582, table 1: cardiac output in l/min by impedance
# cardiography (b) and radionuclide ventriculography (a), 12 patients, 60 pairs
CARDIAC = """
1 7.83 6.57 1 7.42 5.62 1 7.89 6.90 1 7.12 6.57 1 7.88 6.35 2 6.16 4.06 2 7.26 4.29 2 6.71 4.26
2 6.54 4.09 3 4.75 4.71 3 5.24 5.50 3 4.86 5.08 3 4.78 5.02 3 6.05 6.01 3 5.42 5.67 4 4.21 4.14
4 3.61 4.20 4 3.72 4.61 4 3.87 4.68 4 3.92 5.04 5 3.13 3.03 5 2.98 2.86 5 2.85 2.77 5 3.17 2.46
5 3.09 2.32 5 3.12 2.43 6 5.92 5.90 6 6.42 5.81 6 5.92 5.70 6 6.27 5.76 7 7.13 5.09 7 6.62 4.63
7 6.58 4.61 7 6.93 5.09 8 4.54 4.72 8 4.81 4.61 8 5.11 4.36 8 5.29 4.20 8 5.39 4.36 8 5.57 4.20
9 4.48 3.17 9 4.92 3.12 9 3.97 2.96 10 4.22 4.35 10 4.65 4.62 10 4.74 3.16 10 4.44 3.53
10 4.50 3.53 11 6.78 7.20 11 6.07 6.09 11 6.52 7.00 11 6.42 7.10 11 6.41 7.40 11 5.76 6.80
12 5.06 4.50 12 4.72 4.20 12 4.90 3.80 12 4.80 3.80 12 4.90 4.20 12 5.10 4.50
"""
PATIENT, RV, IC = np.array(CARDIAC.split(), dtype=float).reshape(-1, 3).T


def limits_of(a, b, **choices):
    """Return bias, lower and upper limit."""
    result = agreement_limits(a, b, unit="mm", **choices)
    return result.bias, result.lower, result.upper


def repeated(rng, n_patients=20):
    """Return 0, differences with mean 0.5 and variance 1 + 1, and their patients."""
    patient = np.repeat(np.arange(n_patients), rng.integers(1, 6, n_patients))
    between, within = rng.normal(size=n_patients)[patient], rng.normal(size=patient.size)
    return np.zeros(patient.size), 0.5 + between + within, patient


# --- reference -----------------------------------------------------------------------------------


def test_peak_flow_matches_bland_and_altman():
    # Their difference is Wright minus mini: mean -2.1, SD 38.8, limits with 2 SD -79.7 and 75.5
    bias, lower, upper = limits_of(MINI, WRIGHT, share=1 - 2 * stats.norm.sf(2))
    assert f"{bias.estimate:.1f}" == "-2.1"
    assert f"{bias.std_error * math.sqrt(17):.1f}" == "38.8"
    assert lower.estimate == pytest.approx(-79.7, abs=0.1)  # from rounded mean and SD
    assert upper.estimate == pytest.approx(75.5, abs=0.1)
    assert (bias.ci_low, bias.ci_high) == pytest.approx((-22.0, 17.8), abs=0.1)


# One-sided tolerance factors for normal distributions, content 0.95, confidence 0.95:
# Natrella, Experimental Statistics (NBS Handbook 91, 1963), table A-7
@pytest.mark.parametrize(("n", "factor"), [(5, 4.202), (10, 2.911), (20, 2.396), (50, 2.065)])
def test_outer_limits_are_tolerance_factors(n, factor):
    d = np.random.default_rng(n).normal(3, 2, n)
    _, lower, upper = limits_of(np.zeros(n), d, share=0.9, ci_level=0.9)
    mean, deviation = d.mean(), d.std(ddof=1)
    assert (upper.ci_high - mean) / deviation == pytest.approx(factor, abs=1.5e-3)
    assert (mean - lower.ci_low) / deviation == pytest.approx(factor, abs=1.5e-3)


def test_components_of_repeated_measurements_are_those_of_bland_and_altman():
    # One-way analysis of variance of RV minus IC: mean squares 4.2091 and 0.1707, so the standard
    # deviation of one difference is 0.99 and 95 % limits are -1.34 and 2.54 around 0.60.
    d, groups = RV - IC, [RV[p == PATIENT] - IC[p == PATIENT] for p in range(1, 13)]
    within = sum(float(((g - g.mean()) ** 2).sum()) for g in groups) / (60 - 12)
    between = sum(g.size * (g.mean() - d.mean()) ** 2 for g in groups) / 11
    size = (60**2 - sum(g.size**2 for g in groups)) / (11 * 60)
    deviation = math.sqrt((between - within) / size + within)
    assert [f"{v:.2f}" for v in (d.mean(), deviation)] == ["0.60", "0.99"]
    assert f"{d.mean() - Z * deviation:.2f} {d.mean() + Z * deviation:.2f}" == "-1.34 2.54"
    # Ours weigh patients alike, not pairs (Zou 2013); both variances are unbiased for the same.
    bias, lower, upper = limits_of(IC, RV, cluster=PATIENT)
    means = np.array([g.mean() for g in groups])
    inverse = np.mean([1 / g.size for g in groups])
    ours = math.sqrt(float(means.var(ddof=1)) + (1 - inverse) * within)
    assert bias.estimate == pytest.approx(means.mean(), rel=1e-12)
    assert upper.estimate == pytest.approx(means.mean() + Z * ours, rel=1e-9)
    assert lower.estimate == pytest.approx(means.mean() - Z * ours, rel=1e-9)
    assert abs(ours - deviation) < 0.04
    assert (bias.n_cases, bias.n_clusters, upper.n_clusters) == (60, 12, 12)


# --- by hand -------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 17, 400, 20_000])
def test_limits_put_back_into_the_noncentral_t_leave_the_tail(n):
    d = np.random.default_rng(n).normal(-1, 3, n)
    for side in limits_of(np.zeros(n), d, share=0.95, ci_level=0.9)[1:]:
        sign = 1 if side.quantity.startswith("upper") else -1
        step = d.std(ddof=1) / math.sqrt(n)
        near, far = sorted(
            sign * (limit - d.mean()) / step for limit in (side.ci_low, side.ci_high)
        )
        centre = Z * math.sqrt(n)
        assert stats.nct.cdf(near, n - 1, centre) == pytest.approx(0.05, rel=1e-6)
        assert stats.nct.sf(far, n - 1, centre) == pytest.approx(0.05, rel=1e-6)
        assert side.estimate == pytest.approx(d.mean() + sign * Z * d.std(ddof=1), rel=1e-9)
        assert side.ci_low < side.estimate < side.ci_high
        error = d.std(ddof=1) * math.sqrt(1 / n + Z**2 / (2 * (n - 1)))
        assert side.std_error == pytest.approx(error, rel=1e-9)


def test_bias_is_the_paired_t_interval():
    bias, _, _ = limits_of(WRIGHT, MINI)
    peer = stats.ttest_rel(MINI, WRIGHT)
    low, high = peer.confidence_interval(0.95)
    assert (bias.ci_low, bias.ci_high) == pytest.approx((low, high), rel=1e-9)
    assert bias.p_value == pytest.approx(peer.pvalue, rel=1e-9)
    assert (bias.n_cases, bias.n_clusters, bias.quantity) == (17, None, "bias")


def test_repeated_limits_match_zou_written_out():
    bias, lower, upper = limits_of(IC, RV, cluster=PATIENT, ci_level=0.9)
    d = RV - IC
    groups = [d[p == PATIENT] for p in range(1, 13)]
    n, total, harmonic = 12, 60, 12 / sum(1 / g.size for g in groups)
    s_b = np.var([g.mean() for g in groups], ddof=1)
    s_w = sum(((g - g.mean()) ** 2).sum() for g in groups) / (total - n)
    variance = s_b + (1 - 1 / harmonic) * s_w
    chi = {(p, df): stats.chi2.ppf(p, df) for p in (0.05, 0.95) for df in (n - 1, total - n)}
    below = math.sqrt(
        (s_b * (1 - (n - 1) / chi[0.95, n - 1])) ** 2
        + ((1 - 1 / harmonic) * s_w * (1 - (total - n) / chi[0.95, total - n])) ** 2
    )
    above = math.sqrt(
        (s_b * ((n - 1) / chi[0.05, n - 1] - 1)) ** 2
        + ((1 - 1 / harmonic) * s_w * ((total - n) / chi[0.05, total - n] - 1)) ** 2
    )
    t = stats.t.ppf(0.95, n - 1) * math.sqrt(s_b / n)
    deviation, small, large = (math.sqrt(v) for v in (variance, variance - below, variance + above))
    near, far = math.hypot(t, Z * (deviation - small)), math.hypot(t, Z * (large - deviation))
    top = bias.estimate + Z * deviation
    assert (upper.ci_low, upper.ci_high) == pytest.approx((top - near, top + far), rel=1e-9)
    bottom = bias.estimate - Z * deviation
    assert (lower.ci_low, lower.ci_high) == pytest.approx((bottom - far, bottom + near), rel=1e-9)


def test_balanced_repeats_have_the_variance_of_the_analysis_of_variance():
    rng = np.random.default_rng(4)
    patient = np.repeat(np.arange(9), 3)
    d = rng.normal(size=9)[patient] + rng.normal(size=27)
    bias, _, upper = limits_of(np.zeros(27), d, cluster=patient)
    table = d.reshape(9, 3)
    within = table.var(axis=1, ddof=1).mean()
    between = 3 * table.mean(axis=1).var(ddof=1)
    assert bias.estimate == pytest.approx(d.mean(), rel=1e-12)
    expected = math.sqrt((between - within) / 3 + within)
    assert (upper.estimate - bias.estimate) / Z == pytest.approx(expected, rel=1e-9)


def test_slope_matches_scipy_linregress():
    a, b = np.array(WRIGHT, dtype=float), np.array(MINI, dtype=float)
    result = proportional_bias_slope(a, b, ci_level=0.9, label="mini against Wright")
    peer = stats.linregress((a + b) / 2, b - a)
    assert result.estimate == pytest.approx(peer.slope, rel=1e-9)
    assert result.std_error == pytest.approx(peer.stderr, rel=1e-9)
    reach = stats.t.ppf(0.95, 15) * peer.stderr
    assert (result.ci_low, result.ci_high) == pytest.approx(
        (peer.slope - reach, peer.slope + reach), rel=1e-9
    )
    # Pitman: the slope is tested like the correlation of sum and difference
    pearson = stats.pearsonr(a + b, b - a)
    assert 2 * stats.t.sf(abs(result.estimate / result.std_error), 15) == pytest.approx(
        pearson.pvalue, rel=1e-9
    )
    assert (result.label, result.n_cases) == ("mini against Wright", 17)


def test_ratios_are_differences_of_logarithms_turned_back():
    ratio = ratio_agreement_limits(WRIGHT, MINI, share=0.9, ci_level=0.8)
    logs = limits_of(np.log(WRIGHT), np.log(MINI), share=0.9, ci_level=0.8)
    for result, log in zip((ratio.bias, ratio.lower, ratio.upper), logs, strict=True):
        for name in ("estimate", "ci_low", "ci_high"):
            assert getattr(result, name) == pytest.approx(math.exp(getattr(log, name)), rel=1e-9)
        assert result.std_error == pytest.approx(result.estimate * log.std_error, rel=1e-9)
        assert result.unit == "ratio"


def test_ratios_of_repeated_measurements_weigh_patients_alike():
    ratio = ratio_agreement_limits(IC, RV, cluster=PATIENT)
    logs = limits_of(np.log(IC), np.log(RV), cluster=PATIENT)
    for result, log in zip((ratio.bias, ratio.lower, ratio.upper), logs, strict=True):
        assert result.ci_low == pytest.approx(math.exp(log.ci_low), rel=1e-9)
        assert result.n_clusters == 12


# --- properties ----------------------------------------------------------------------------------


def test_swapping_turns_the_limits_around():
    for choices in ({}, {"cluster": PATIENT}):
        bias, lower, upper = limits_of(RV, IC, **choices)
        back_bias, back_lower, back_upper = limits_of(IC, RV, **choices)
        assert back_bias.estimate == pytest.approx(-bias.estimate, rel=1e-12)
        for one, two in ((lower, back_upper), (upper, back_lower)):
            assert two.estimate == pytest.approx(-one.estimate, rel=1e-12)
            assert (two.ci_low, two.ci_high) == pytest.approx(
                (-one.ci_high, -one.ci_low), rel=1e-12
            )


def test_a_change_of_unit_scales_everything_and_order_does_not_matter():
    order = np.random.default_rng(5).permutation(60)
    one = limits_of(IC, RV, cluster=PATIENT)
    two = limits_of(1000 * IC[order], 1000 * RV[order], cluster=PATIENT[order])
    for small, large in zip(one, two, strict=True):
        assert large.ci_low == pytest.approx(1000 * small.ci_low, rel=1e-9)


def test_patients_measured_once_are_plain_cases():
    plain, single = limits_of(WRIGHT, MINI), limits_of(WRIGHT, MINI, cluster=range(17))
    for one, two in zip(plain, single, strict=True):
        assert (one.ci_low, one.ci_high) == (two.ci_low, two.ci_high)
        assert (one.n_clusters, two.n_clusters) == (None, 17)
    assert single[1].ci_method == "exact, noncentral t"


@pytest.mark.slow
def test_exact_limits_cover_at_their_level():
    rng = np.random.default_rng(20260101)
    covered = np.zeros(3)
    for _ in range(4000):
        results = limits_of(np.zeros(12), rng.normal(0.5, 1, 12))
        truth = (0.5, 0.5 - Z, 0.5 + Z)
        covered += [r.ci_low <= t <= r.ci_high for r, t in zip(results, truth, strict=True)]
    assert covered / 4000 == pytest.approx(0.95, abs=0.012)


@pytest.mark.slow
def test_repeated_limits_cover_near_their_level():
    rng = np.random.default_rng(20260101)
    covered = np.zeros(3)
    for _ in range(4000):
        zero, d, patient = repeated(rng)
        results = limits_of(zero, d, cluster=patient)
        truth = (0.5, 0.5 - Z * math.sqrt(2), 0.5 + Z * math.sqrt(2))
        covered += [r.ci_low <= t <= r.ci_high for r, t in zip(results, truth, strict=True)]
    assert covered / 4000 == pytest.approx(0.95, abs=0.015)


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "value", "note"),
    [
        ([], [], math.nan, "no pair of values"),
        ([2.0], [3.0], math.nan, "one pair of values has no interval"),
        ([2.0, 4.0, 6.0], [2.0, 4.0, 6.0], 0.0, "no variation between pairs, so no interval"),
    ],
)
def test_too_little_leaves_no_interval_but_a_note(a, b, value, note):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = limits_of(a, b)
        ratio = ratio_agreement_limits(a, b)
    for result in (*results[1:], ratio.lower, ratio.upper):
        assert math.isnan(result.ci_low)
        assert math.isnan(result.std_error)
        assert result.note == note
        assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()
    assert results[1].estimate == pytest.approx(value, nan_ok=True)
    expected = math.exp(value) if value == value else value
    assert ratio.upper.estimate == pytest.approx(expected, nan_ok=True)


def test_one_patient_measured_often_has_no_limits():
    _, lower, upper = limits_of([1, 2, 3], [2, 2, 5], cluster=["w", "w", "w"])
    assert math.isnan(lower.estimate)
    assert math.isnan(upper.ci_high)
    assert upper.note == "one pair of values has no interval"


@pytest.mark.parametrize(
    ("a", "b", "value", "note"),
    [
        ([1, 2], [2, 3], math.nan, "the slope is not defined: fewer than three cases"),
        ([], [], math.nan, "the slope is not defined: fewer than three cases"),
        ([1, 2, 3], [3, 2, 1], math.nan, "the slope is not defined: the means of a and b do not"),
        ([1, 2, 3], [2, 4, 6], 2 / 3, "all cases lie on the line, so no interval"),
    ],
)
def test_slopes_that_are_not_defined_say_why(a, b, value, note):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = proportional_bias_slope(a, b)
    assert result.estimate == pytest.approx(value, nan_ok=True)
    assert math.isnan(result.ci_low)
    assert result.note.startswith(note)


def test_many_cases_have_narrow_limits():
    d = np.random.default_rng(6).normal(0, 1, 100_000)
    _, lower, upper = limits_of(np.zeros(100_000), d)
    assert upper.ci_low < upper.estimate < upper.ci_high < upper.ci_low + 0.03
    assert lower.std_error == pytest.approx(upper.std_error, rel=1e-12)


def test_results_are_complete():
    for result in (
        agreement_limits(RV, IC, unit="l/min", label_a="RV", label_b="IC"),
        ratio_agreement_limits(RV, IC, label_a="RV", label_b="IC"),
    ):
        assert (result.bias.label_a, result.bias.label_b) == ("RV", "IC")
        for side in ("lower", "upper"):
            limit = getattr(result, side)
            assert limit.label == "IC against RV"
            assert limit.quantity == f"{side}_limit_of_agreement"
            assert limit.unit == result.bias.unit
            assert "0.95 of the differences" in limit.method
            assert len(limit.summary_frame()) == 1


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "choices", "message"),
    [
        ([1, 2, 3], [1, 2], {}, "values_a and values_b must have one length"),
        ([1, math.nan], [1, 2], {}, "values_a must not be missing, but position 1 is NaN"),
        ([1, 2], [math.inf, 2], {}, "values_b must be finite, but position 0 holds inf; leave the"),
        ([1, 2], [2, 2], {"share": 1.0}, "share must lie between 0 and 1, but got 1.0; no finite"),
        ([1, 2], [2, 2], {"share": 95}, "share must lie from 0 to 1, but got 95.0; write 90 %"),
        ([1, 2], [2, 2], {"ci_level": 95}, "ci_level must lie between 0 and 1, but got 95.0"),
        (
            [1, 2],
            [2, 2],
            {"cluster": [1]},
            r"cluster must have shape \(n_cases,\) with n_cases = 2",
        ),
    ],
)
def test_limits_refuse_wrong_arguments(a, b, choices, message):
    with pytest.raises(ValueError, match=message):
        agreement_limits(a, b, unit="mm", **choices)


def test_ratios_refuse_values_not_above_0():
    message = "values_b must be above 0, but position 1 holds 0.0; leave the case out"
    with pytest.raises(ValueError, match=message):
        ratio_agreement_limits([1, 2], [1, 0])


def test_slope_refuses_wrong_arguments():
    with pytest.raises(ValueError, match="ci_level must lie between 0 and 1"):
        proportional_bias_slope([1, 2, 3], [1, 2, 4], ci_level=95)
    with pytest.raises(ValueError, match="values_a and values_b must have one length"):
        proportional_bias_slope([1, 2, 3], [1, 2])
