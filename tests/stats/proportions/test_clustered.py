"""Clustered proportions against R's survey package, exact fractions and simulation."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy import stats

from toolkit.results import Comparison, Estimate
from toolkit.stats.proportions.clustered import (
    clustered_difference_ci,
    clustered_paired_difference_ci,
    clustered_proportion_logit_ci,
    mean_proportion_ci,
    total_covariance,
)
from toolkit.stats.proportions.one import per_1000, proportion_ci
from toolkit.stats.proportions.two import TwoGroupCounts, proportion_difference_ci
from toolkit.stats.proportions.weighted import weighted_proportion_ci


@pytest.fixture(scope="module")
def reference(reference_data):
    """Return the reference cases by their name."""
    path = reference_data / "reference" / "roc_agreement_calibration.json"
    return {case["id"]: case for case in json.loads(path.read_text())["cases"]}


def units(events, sizes):
    """Return whether each unit has the event and its cluster, from counts per cluster."""
    pairs = zip(events, sizes, strict=True)
    event = np.concatenate([[1] * x + [0] * (n - x) for x, n in pairs])
    return event, np.repeat(np.arange(len(sizes)), sizes)


def exact_variance(values, cluster):
    """Return the variance of a mean over clusters, in exact fractions: a ratio of totals."""
    n, mean = len(values), Fraction(sum(values), len(values))
    totals = {}
    for value, unit in zip(values, cluster, strict=True):
        totals[unit] = totals.get(unit, 0) + (value - mean)
    m = len(totals)
    return float(Fraction(m, m - 1) * sum(t**2 for t in totals.values()) / n**2)


CALL = [[1, 1, 1], [1, 1, 0], [0, 0, 0], [1, 1, 1], [1, 0, 1], [1, 1, 1], [0, 1, 0], [0, 0, 1]]
WOMAN = ["a", "a", "b", "c", "c", "d", "e", "e"]


# --- reference -----------------------------------------------------------------------------------


def test_logit_interval_matches_rao_scott(reference):
    case = reference["clustered_proportion"]
    event, cluster = units(case["data"]["x_per_cluster"], case["data"]["n_per_cluster"])
    result, values = clustered_proportion_logit_ci(event, cluster=cluster), case["values"]
    assert result.estimate == pytest.approx(values["survey_mean"], rel=1e-9)
    assert result.std_error == pytest.approx(values["survey_se"], rel=1e-9)
    assert result.std_error**2 == pytest.approx(values["var_ratio"], rel=1e-9)
    limits = [result.ci_low, result.ci_high]
    assert limits == pytest.approx(values["rao_scott_logit_ci"], rel=1e-9)
    assert (result.n_clusters, result.denominator) == (values["n_clusters"], values["n_units"])
    assert result.numerator == 73


def test_mean_proportion_of_one_reader_is_wilson_on_the_effective_number(reference):
    case = reference["clustered_proportion"]
    event, cluster = units(case["data"]["x_per_cluster"], case["data"]["n_per_cluster"])
    result, values = mean_proportion_ci(event[:, None], cluster=cluster), case["values"]
    limits = [result.ci_low, result.ci_high]
    assert limits == pytest.approx(values["wilson_effective_n"], rel=1e-9)
    single = weighted_proportion_ci(event, cluster=cluster)
    assert limits == pytest.approx([single.ci_low, single.ci_high], rel=1e-12)


def test_paired_difference_matches_survey_svymean(reference):
    case = reference["clustered_paired_difference"]
    data, values = case["data"], case["values"]
    # Which breast of a woman is called does not matter: only her totals count.
    first, cluster = units(data["x1"], data["n"])
    second, _ = units(data["x2"], data["n"])
    result = clustered_paired_difference_ci(second, first, cluster=cluster)  # 1 minus 2
    assert result.estimate == pytest.approx(values["diff"], rel=1e-9)
    assert result.std_error == pytest.approx(values["se"], rel=1e-9)
    assert result.statistic == pytest.approx(values["z"], rel=1e-9)
    assert result.p_value == pytest.approx(values["p"], rel=1e-9)
    assert result.n_clusters == 60


def test_mean_proportion_matches_exact_fractions():
    values = [sum(row) for row in CALL]
    for cluster in (WOMAN, list(range(8))):
        result = mean_proportion_ci(CALL, cluster=cluster)
        variance = exact_variance(values, cluster) / 9
        share = sum(values) / 24
        assert result.estimate == pytest.approx(share, rel=1e-14)
        assert result.std_error**2 == pytest.approx(variance, rel=1e-12)
        effective, z2 = share * (1 - share) / variance, stats.norm.isf(0.025) ** 2
        for limit in (result.ci_low, result.ci_high):
            expected = z2 * limit * (1 - limit) / effective
            assert (share - limit) ** 2 == pytest.approx(expected, rel=1e-9)


def test_differences_match_exact_fractions():
    first, second = [row[0] for row in CALL], [row[1] for row in CALL]
    difference = [b - a for a, b in zip(first, second, strict=True)]
    paired = clustered_paired_difference_ci(first, second, cluster=WOMAN)
    assert paired.std_error**2 == pytest.approx(exact_variance(difference, WOMAN), rel=1e-12)
    other = ["v", "v", "w", "x", "x", "y", "z", "z"]
    result = clustered_difference_ci(first, second, cluster_a=WOMAN, cluster_b=other)
    variance = exact_variance(first, WOMAN) + exact_variance(second, other)
    assert result.std_error**2 == pytest.approx(variance, rel=1e-12)
    reach = stats.norm.isf(0.025) * math.sqrt(variance)
    assert result.ci_high == pytest.approx(result.estimate + reach, rel=1e-12)


# --- properties ----------------------------------------------------------------------------------


def test_every_unit_twice_in_its_cluster_says_no_more_than_once():
    twice = np.repeat(np.arange(8), 2)
    once = mean_proportion_ci(CALL)
    doubled = mean_proportion_ci(np.repeat(CALL, 2, axis=0), cluster=twice)
    assert doubled.ci_low == pytest.approx(once.ci_low, rel=1e-12)
    assert doubled.ci_high == pytest.approx(once.ci_high, rel=1e-12)


def test_a_reader_counted_twice_says_no_more_than_once():
    one = mean_proportion_ci(np.array(CALL)[:, :1], cluster=WOMAN)
    twice = mean_proportion_ci(np.array(CALL)[:, [0, 0]], cluster=WOMAN)
    assert (twice.ci_low, twice.ci_high) == pytest.approx((one.ci_low, one.ci_high), rel=1e-12)
    assert (twice.n_readers, twice.denominator) == (2, 16)


def test_many_units_of_their_own_are_plain_proportions():
    generator = np.random.default_rng(1)
    a, b = generator.random(5000) < 0.3, generator.random(6000) < 0.33
    own = np.arange(5000), np.arange(5000, 11000)
    counts = TwoGroupCounts(
        numerator_a=int(a.sum()), denominator_a=5000, numerator_b=int(b.sum()), denominator_b=6000
    )
    clustered = clustered_difference_ci(a, b, cluster_a=own[0], cluster_b=own[1])
    plain = proportion_difference_ci(counts, method="wald")
    assert clustered.estimate == pytest.approx(plain.estimate, rel=1e-12)
    assert clustered.std_error == pytest.approx(plain.std_error, rel=2e-4)
    mean, wilson = mean_proportion_ci(a[:, None]), proportion_ci(int(a.sum()), 5000)
    assert mean.ci_low == pytest.approx(wilson.ci_low, rel=1e-4)


def test_exchanging_methods_negates_the_difference():
    first, second = (np.array(CALL)[:, i] for i in (0, 1))
    there = clustered_paired_difference_ci(first, second, cluster=WOMAN)
    back = clustered_paired_difference_ci(second, first, cluster=WOMAN)
    assert (there.ci_low, there.ci_high) == (-back.ci_high, -back.ci_low)
    assert there.p_value == back.p_value


def test_order_of_units_does_not_matter():
    order = np.random.default_rng(2).permutation(8)
    call, woman = np.array(CALL), np.array(WOMAN)
    plain = mean_proportion_ci(call, cluster=woman)
    mixed = mean_proportion_ci(call[order], cluster=woman[order])
    assert plain.ci_low == pytest.approx(mixed.ci_low, rel=1e-14)


@pytest.mark.parametrize("better", ["higher", "lower"])
def test_noninferiority_agrees_with_the_interval(better):
    generator = np.random.default_rng(3)
    cluster = np.repeat(np.arange(40), 2)
    for _ in range(40):
        a, b = generator.random((2, 80)) < generator.uniform(0.3, 0.7, (2, 1))
        for result in (
            clustered_paired_difference_ci(a, b, cluster=cluster, margin=0.1, better=better),
            clustered_difference_ci(
                a, b, cluster_a=cluster, cluster_b=cluster + 40, margin=0.1, better=better
            ),
        ):
            assert result.noninferior == (result.p_noninferiority < 0.025)
            assert (not result.ci_low <= 0 <= result.ci_high) == (result.p_value < 0.05)


@pytest.mark.slow
def test_intervals_cover_the_truth_where_units_of_a_woman_are_alike():
    """150 women with two breasts each, correlation about .4; three readers of the same breasts."""
    generator = np.random.default_rng(20260101)
    cluster, runs = np.repeat(np.arange(150), 2), 3000
    held = dict.fromkeys(("logit", "mean", "paired", "unpaired", "ignored"), 0)
    for _ in range(runs):
        woman = np.repeat(generator.beta(1.05, 0.45, 150), 2)  # mean 0.7
        other = np.repeat(generator.beta(1.05, 0.45, 150), 2)
        calls = generator.random((300, 3)) < woman[:, None]
        second = generator.random(300) < other
        logit = clustered_proportion_logit_ci(calls[:, 0], cluster=cluster)
        mean = mean_proportion_ci(calls, cluster=cluster)
        pair = clustered_paired_difference_ci(calls[:, 0], calls[:, 1], cluster=cluster)
        group = clustered_difference_ci(
            calls[:, 0], second, cluster_a=cluster, cluster_b=cluster + 150
        )
        plain = proportion_ci(int(calls.sum()), 900)
        for name, result in zip(held, (logit, mean, pair, group, plain), strict=True):
            truth = 0.0 if isinstance(result, Comparison) else 0.7
            held[name] += result.ci_low <= truth <= result.ci_high
    for name in ("logit", "mean", "paired", "unpaired"):
        assert abs(held[name] / runs - 0.95) < 0.016, name  # 4 standard errors
    assert held["ignored"] / runs < 0.8  # what counting breasts and readers as women would do


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 1])
def test_mean_of_calls_all_alike_counts_each_patient_once(value):
    result = mean_proportion_ci(np.full((8, 3), value), cluster=WOMAN)
    plain = proportion_ci(5 * value, 5)
    assert (result.ci_low, result.ci_high) == (plain.ci_low, plain.ci_high)
    assert result.note == "all calls are alike: each patient counts once"


def test_logit_has_no_interval_where_all_events_are_alike():
    result = clustered_proportion_logit_ci([1, 1, 1], cluster=[1, 1, 2])
    assert result.estimate == 1
    assert math.isnan(result.ci_low)
    assert result.note == "no interval: all patients are alike, so that its width would be 0"


def test_patients_who_are_all_alike_leave_no_interval():
    note = "no interval: all patients are alike, so that its width would be 0"
    third = mean_proportion_ci([[1, 0, 0]] * 7)  # each case called by one reader of three
    assert third.estimate == pytest.approx(1 / 3)
    assert math.isnan(third.ci_low)
    assert third.std_error == 0
    assert third.note == note
    half = clustered_proportion_logit_ci([1, 0, 1, 0, 0, 1], cluster=[1, 1, 2, 2, 3, 3])
    assert math.isnan(half.ci_low)
    assert half.note == note
    same = clustered_paired_difference_ci([1, 0, 1], [1, 0, 1], cluster=[1, 1, 2])
    assert (same.estimate, same.note) == (0.0, note)
    assert math.isnan(same.p_value)


def test_one_patient_has_no_interval():
    note = "no interval: one patient alone has no variance"
    arguments = [1, 0, 1], [0, 0, 1]
    paired = clustered_paired_difference_ci(
        *arguments, cluster=[7, 7, 7], margin=0.1, better="lower"
    )
    groups = clustered_difference_ci(*arguments, cluster_a=[7, 7, 7], cluster_b=[1, 2, 3])
    mean = mean_proportion_ci([[1], [0]], cluster=[7, 7])
    logit = clustered_proportion_logit_ci([1, 0], cluster=[7, 7])
    for result in (paired, groups, mean, logit):
        assert math.isfinite(result.estimate)
        assert math.isnan(result.ci_low)
        assert result.note == note


def test_no_unit_is_undefined():
    empty = np.zeros((0, 2))
    assert mean_proportion_ci(empty).note == "sensitivity is not defined: no unit was counted"
    assert mean_proportion_ci(np.zeros((3, 0))).note == (
        "sensitivity is not defined: no unit was counted"
    )
    logit = clustered_proportion_logit_ci([], cluster=[], quantity="recall_rate")
    assert logit.note == "recall_rate is not defined: no unit was counted"
    paired = clustered_paired_difference_ci([], [], cluster=[])
    groups = clustered_difference_ci([], [1], cluster_a=[], cluster_b=[1])
    for result in (paired, groups):
        assert math.isnan(result.estimate)
        assert result.note == "the difference is not defined: no unit"


def test_limits_beyond_the_range_are_replaced_with_a_note():
    a, b = [0, 0, 0, 1], [1, 1, 1, 1]
    result = clustered_paired_difference_ci(a, b, cluster=[1, 2, 3, 4])
    assert result.ci_high == 1.0
    assert result.note == "a limit lies beyond -1 or 1 and is replaced by it"


def test_unit_per_1000_multiplies_everything():
    for method, values in (
        (mean_proportion_ci, CALL),
        (clustered_proportion_logit_ci, [1] * 3 + [0] * 5),
    ):
        plain = method(values, cluster=WOMAN)
        assert per_1000(plain).to_dict() == method(values, cluster=WOMAN, unit="per_1000").to_dict()


def test_results_are_complete_and_survive_a_record():
    mean = mean_proportion_ci(CALL, cluster=WOMAN, ci_level=0.9, label="readers")
    assert (mean.n_cases, mean.n_readers, mean.n_clusters) == (8, 3, 5)
    assert (mean.numerator, mean.denominator, mean.label) == (15, 24, "readers")
    assert mean_proportion_ci(CALL).n_clusters is None
    assert Estimate.from_dict(mean.to_dict()).to_dict() == mean.to_dict()
    change = clustered_difference_ci([1, 0], [1, 1, 0], cluster_a=[1, 2], cluster_b=[3, 4, 5])
    assert (change.n_cases, change.n_clusters) == (5, 5)
    assert (change.estimate_a, change.estimate_b) == (1 / 2, 2 / 3)
    assert Comparison.from_dict(change.to_dict()).to_dict() == change.to_dict()


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "choices", "message"),
    [
        ([1, 0], {}, r"call must have shape \(n_cases, n_readers\), but got \(2,\)"),
        ([[1, 2]], {}, r"call must hold only 0 and 1, but position \(0, 1\) holds 2"),
        ([[1.0, math.nan]], {}, r"position \(0, 1\) holds NaN \(missing\)"),
        ([[1], [0]], {"cluster": [1]}, r"cluster must have shape \(n_cases,\)"),
        ([[1], [0]], {"ci_level": 95}, "ci_level must lie between 0 and 1"),
        ([[1], [0]], {"unit": "percent"}, "unit must be one of 'probability', 'per_1000'"),
    ],
)
def test_mean_proportion_refuses(call, choices, message):
    with pytest.raises(ValueError, match=message):
        mean_proportion_ci(call, **choices)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 0], [1]), "call_a and call_b must have one length, but got 2 and 1"),
        (([1, 3], [1, 0]), "call_a must hold only 0 and 1, but position 1 holds 3"),
        (([1, 0], [1, -1]), "call_b must hold only 0 and 1, but position 1 holds -1"),
        ((1, 1), r"call_a must have shape \(n_cases,\), but got \(\)"),
    ],
)
def test_paired_difference_refuses_calls(arguments, message):
    with pytest.raises(ValueError, match=message):
        clustered_paired_difference_ci(*arguments, cluster=[1, 2])


def test_paired_difference_refuses_other_arguments():
    with pytest.raises(ValueError, match="cluster must not be missing, but position 1 is"):
        clustered_paired_difference_ci([1, 0], [1, 1], cluster=["a", ""])
    with pytest.raises(ValueError, match="needs better='higher' or better='lower'"):
        clustered_paired_difference_ci([1, 0], [1, 1], cluster=[1, 2], margin=0.1)
    with pytest.raises(ValueError, match="ci_level must lie between 0 and 1"):
        clustered_paired_difference_ci([1, 0], [1, 1], cluster=[1, 2], ci_level=1)
    with pytest.raises(ValueError, match="margin of a difference must be positive"):
        clustered_paired_difference_ci([1, 0], [1, 1], cluster=[1, 2], margin=0, better="lower")


def test_differences_refuse_a_margin_in_percent():
    message = "margin of a difference must be positive and below 1, .* but got 5"
    with pytest.raises(ValueError, match=message):
        clustered_paired_difference_ci([1, 0], [1, 1], cluster=[1, 2], margin=5, better="lower")
    with pytest.raises(ValueError, match=message):
        clustered_difference_ci([1], [1], cluster_a=[1], cluster_b=[2], margin=5, better="lower")


def test_logit_refuses():
    with pytest.raises(ValueError, match="event must hold only 0 and 1, but position 0 holds 2"):
        clustered_proportion_logit_ci([2], cluster=[1])
    with pytest.raises(ValueError, match="unit must be one of 'probability', 'per_1000'"):
        clustered_proportion_logit_ci([1], cluster=[1], unit="percent")


@pytest.mark.parametrize(
    ("cluster_a", "cluster_b", "message"),
    [
        ([1, 2], [2, 3], "cluster_a and cluster_b must share no patient, but got 1 in both"),
        (["p1", "p2"], ["p2", "p1"], "must share no patient, but got 2 in both"),
        ([1, 2], ["p", "q"], "cluster_a and cluster_b together must hold identifiers of one type"),
        ([1, math.nan], [2, 3], "cluster_a must not be missing, but position 1 is"),
        ([1, 2], [2, None], "cluster_b must not be missing, but position 1 is"),
    ],
)
def test_unpaired_difference_refuses_patients(cluster_a, cluster_b, message):
    with pytest.raises(ValueError, match=message):
        clustered_difference_ci([1, 0], [1, 1], cluster_a=cluster_a, cluster_b=cluster_b)


VALUES = [[3, 1], [-1, 2], [4, -5], [1, 1], [-6, 0], [2, 2]]
CLUSTER = np.array([4, 4, 7, 9, 9, 2])


def test_clusters_are_the_units():
    sums = [[2, 3], [4, -5], [-5, 1], [2, 2]]
    exact = [[Fraction(4, 3) * sum(s[i] * s[j] for s in sums) for j in range(2)] for i in range(2)]
    covariance = total_covariance(np.array(VALUES, dtype=float), CLUSTER)
    np.testing.assert_allclose(covariance, np.array(exact, dtype=float), rtol=1e-12)


def test_strata_of_single_cases_are_two_sample_variances():
    values = np.array([1.0, 4.0, 2.0, 7.0, 7.0, 9.0, 3.0])
    stratum = np.array([1, 1, 1, 0, 0, 0, 0], dtype=bool)
    covariance = total_covariance(values[:, None], np.arange(7), stratum=stratum)
    exact = 3 * values[:3].var(ddof=1) + 4 * values[3:].var(ddof=1)
    assert covariance[0, 0] == pytest.approx(exact, rel=1e-12)


def test_a_patient_in_both_strata_joins_them():
    """Each patient gives one case to each stratum: a paired variance, not a sum of two."""
    sick, healthy = np.array([1.0, 4.0, 2.0]), np.array([3.0, 5.0, 1.0])
    covariance = total_covariance(
        np.concatenate([sick, healthy])[:, None],
        np.tile(np.arange(3), 2),
        stratum=np.repeat([True, False], 3),
    )
    assert covariance[0, 0] == pytest.approx(3 * (sick + healthy).var(ddof=1), rel=1e-12)


def test_contributions_that_cancel_out_have_no_variance_and_no_rounding():
    third = np.array([0.1, 0.2, -0.3])  # 0.1 + 0.2 - 0.3 is 5.6e-17
    other = np.array([1.0, 2.0, -1.0])
    values = np.column_stack([np.tile(third, 2), np.tile(other, 2) * [1, 1, 1, 2, 2, 2]])
    covariance = total_covariance(values, np.repeat([0, 1], 3))
    assert covariance[0].tolist() == covariance[:, 0].tolist() == [0, 0]
    assert covariance[1, 1] == pytest.approx(2 * (2**2 + 4**2), rel=1e-12)
    stratum = np.repeat([True, False], 3)
    constant = np.where(stratum, 0.1, -0.7)[:, None]
    assert total_covariance(constant, np.arange(6), stratum=stratum)[0, 0] == 0


def test_one_cluster_has_no_variance():
    assert math.isnan(total_covariance(np.ones((3, 1)), np.zeros(3, dtype=int))[0, 0])
    alone = total_covariance(
        np.array([[1.0], [2.0], [3.0]]), np.arange(3), stratum=np.array([True, False, False])
    )
    assert math.isnan(alone[0, 0])


def test_weights_of_a_paired_difference_are_those_of_copies_within_the_cluster():
    draw = np.random.default_rng(5)
    a, b = draw.integers(0, 2, 40), draw.integers(0, 2, 40)
    weight, women = draw.integers(1, 4, 40), np.arange(40) // 2
    weighted = clustered_paired_difference_ci(a, b, cluster=women, weight=weight)
    copies = clustered_paired_difference_ci(
        *(np.repeat(values, weight) for values in (a, b)), cluster=np.repeat(women, weight)
    )
    for name in ("estimate", "std_error", "ci_low", "ci_high", "p_value", "estimate_a"):
        assert getattr(weighted, name) == pytest.approx(getattr(copies, name), rel=1e-9)
    assert weighted.ci_method == "linearised, weighted, patients as clusters"
    alike = clustered_paired_difference_ci(a, b, cluster=women, weight=np.full(40, 3.0))
    plain = clustered_paired_difference_ci(a, b, cluster=women)
    assert alike.to_dict() == plain.to_dict()
