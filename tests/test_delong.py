"""DeLong's covariance, intervals and tests of AUCs; reference files: test_roc_reference.py."""

import json
import math
from dataclasses import fields, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from toolkit.results import result_from_dict
from toolkit.stats.auc.delong import (
    auc_covariance,
    delong_ci,
    delong_contrast,
    delong_test,
    delong_test_unpaired,
    mean_auc_ci,
)
from toolkit.stats.auc.delong_counts import delong_ci_from_counts

repeatable = settings(deadline=None, max_examples=150, derandomize=True)


def exactly(value):
    return pytest.approx(value, rel=1e-9, abs=1e-15)


def assert_same(first, second):
    """Two results agree in all fields, numbers to within rounding."""
    for field in fields(second):
        value = getattr(second, field.name)
        if isinstance(value, float):
            value = pytest.approx(value, rel=1e-12, nan_ok=True)
        assert getattr(first, field.name) == value


# Two seven-point ratings of 40 diseased and 120 healthy cases: counts by rating a and rating b.
DISEASED = [
    [2, 0, 0, 0, 0, 0, 0],
    [1, 0, 2, 0, 0, 0, 0],
    [1, 0, 1, 0, 2, 0, 0],
    [0, 0, 0, 4, 0, 1, 0],
    [0, 0, 3, 2, 2, 0, 1],
    [0, 0, 0, 2, 1, 5, 1],
    [0, 0, 0, 0, 2, 4, 3],
]
HEALTHY = [
    [35, 7, 10, 0, 0, 0, 0],
    [7, 9, 6, 8, 0, 0, 0],
    [2, 5, 4, 2, 3, 0, 0],
    [0, 1, 3, 3, 3, 0, 0],
    [0, 0, 1, 1, 4, 0, 1],
    [0, 0, 0, 1, 0, 0, 3],
    [0, 0, 0, 0, 0, 0, 1],
]


def seven_point_study():
    """Return truth, rating a and rating b of the two tables above, case by case."""
    rows = [
        (truth, a + 1, b + 1)
        for truth, table in ((1, DISEASED), (0, HEALTHY))
        for a, row in enumerate(table)
        for b, count in enumerate(row)
        for _ in range(count)
    ]
    return np.array(rows).T


# --- reference ---------------------------------------------------------------------------------


def test_delong_test_matches_proc():
    """R 4.2.2, pROC 1.19.0.1, on y, a and b as expanded above; pROC's difference is a minus b.

    > roc.test(roc(y, a), roc(y, b), method = "delong", paired = TRUE)
    Z = 2.576431869478063, p-value = 0.009982587620502635
    95 percent confidence interval: 0.01520373867420427 0.11187959465912917
    AUC of roc1 0.8642708333333333, AUC of roc2 0.8007291666666666
    """
    truth, a, b = seven_point_study()
    result = delong_test(truth, a, b, label_a="unaided", label_b="aided")
    assert result.estimate_a == exactly(0.8642708333333333)
    assert result.estimate_b == exactly(0.8007291666666666)
    assert result.statistic == exactly(-2.576431869478063)
    assert result.p_value == exactly(0.009982587620502635)
    assert result.ci_low == exactly(-0.11187959465912917)
    assert result.ci_high == exactly(-0.01520373867420427)
    assert (result.label_a, result.label_b) == ("unaided", "aided")
    assert (result.n_cases, result.n_positive, result.df) == (160, 40, math.inf)
    assert (result.quantity, result.unit, result.effect) == ("auc", "probability", "difference")


def test_delong_ci_from_counts_matches_hanley_and_mcneil():
    # Hanley and McNeil, Radiology 1982;143:29-36, table 1: W = 0.893.
    result = delong_ci_from_counts([3, 2, 2, 11, 33], [33, 6, 6, 11, 2], label="CT")
    assert round(result.estimate, 3) == 0.893
    assert (result.n_cases, result.n_positive, result.label) == (109, 51, "CT")


def brute_force(truth, curves):
    """AUCs and the two parts of DeLong's covariance as fractions, straight from the paper."""
    positive = [i for i, diseased in enumerate(truth) if diseased]
    negative = [i for i, diseased in enumerate(truth) if not diseased]

    def kernel(high, low):
        return Fraction(int(high > low)) + Fraction(int(high == low), 2)

    def covariance(first, second):
        mean_a, mean_b = sum(first) / len(first), sum(second) / len(second)
        products = [(a - mean_a) * (b - mean_b) for a, b in zip(first, second, strict=True)]
        return sum(products) / (len(products) - 1) / len(products)

    v10 = [
        [sum(kernel(c[i], c[j]) for j in negative) / len(negative) for i in positive]
        for c in curves
    ]
    v01 = [
        [sum(kernel(c[i], c[j]) for i in positive) / len(positive) for j in negative]
        for c in curves
    ]
    aucs = [sum(row) / len(row) for row in v10]
    return (
        aucs,
        [[covariance(a, b) for b in v10] for a in v10],
        [[covariance(a, b) for b in v01] for a in v01],
    )


@st.composite
def studies(draw, n_curves=2, least=2, highest=4):
    """A small study with many ties: truth and n_curves ratings of each case."""
    truth = draw(
        st.permutations([1] * draw(st.integers(least, 7)) + [0] * draw(st.integers(least, 7)))
    )
    rating = st.lists(st.integers(0, highest), min_size=len(truth), max_size=len(truth))
    return truth, [draw(rating) for _ in range(n_curves)]


@repeatable
@given(studies(n_curves=3))
def test_auc_covariance_equals_the_u_statistic_in_fractions(study):
    truth, curves = study
    aucs, positive, negative = brute_force(truth, curves)
    result = auc_covariance(truth, np.array(curves).T)
    assert result.aucs.tolist() == [float(value) for value in aucs]
    expected_positive = np.array(positive, dtype=np.float64)
    expected_negative = np.array(negative, dtype=np.float64)
    assert result.covariance_positive == pytest.approx(expected_positive, rel=1e-11, abs=1e-17)
    assert result.covariance_negative == pytest.approx(expected_negative, rel=1e-11, abs=1e-17)
    assert result.covariance == pytest.approx(
        expected_positive + expected_negative, rel=1e-11, abs=1e-17
    )


@repeatable
@given(studies())
def test_delong_test_equals_the_u_statistic_in_fractions(study):
    truth, (a, b) = study
    aucs, positive, negative = brute_force(truth, [a, b])
    variance = sum(part[0][0] + part[1][1] - 2 * part[0][1] for part in (positive, negative))
    result = delong_test(truth, a, b)
    assert result.estimate == pytest.approx(float(aucs[1] - aucs[0]), abs=2e-16)
    assert result.std_error == pytest.approx(math.sqrt(variance), rel=1e-11)
    if variance:
        statistic = float(aucs[1] - aucs[0]) / math.sqrt(variance)
        assert result.statistic == pytest.approx(statistic, rel=1e-9, abs=1e-9)
        assert result.p_value == pytest.approx(2 * stats.norm.sf(abs(statistic)), rel=1e-8)
    else:
        assert math.isnan(result.p_value)


@repeatable
@given(studies(n_curves=1))
def test_delong_ci_is_the_wald_interval_on_the_logit_scale(study):
    truth, (rating,) = study
    (auc,), ((s10,),), ((s01,),) = brute_force(truth, [rating])
    variance = s10 + s01
    assume(0 < auc < 1 and variance > 0)
    m, n = sum(truth), len(truth) - sum(truth)
    df = variance**2 / (s10**2 / (m - 1) + s01**2 / (n - 1))
    middle = math.log(auc / (1 - auc))
    reach = stats.t.isf(0.05, float(df)) * math.sqrt(variance) / float(auc * (1 - auc))
    result = delong_ci(truth, rating, ci_level=0.9, interval="logit")
    assert result.std_error == exactly(math.sqrt(variance))
    assert result.ci_low == exactly(1 / (1 + math.exp(reach - middle)))
    assert result.ci_high == exactly(1 / (1 + math.exp(-reach - middle)))
    assert 0 <= result.ci_low < result.estimate < result.ci_high <= 1


# --- property ----------------------------------------------------------------------------------


@repeatable
@given(studies())
def test_delong_test_swapping_ratings_negates_the_estimate(study):
    truth, (a, b) = study
    forward, backward = delong_test(truth, a, b), delong_test(truth, b, a)
    assert backward.estimate == -forward.estimate
    assert backward.std_error == forward.std_error
    mirrored = [-backward.statistic, -backward.ci_high, -backward.ci_low, backward.p_value]
    expected = [forward.statistic, forward.ci_low, forward.ci_high, forward.p_value]
    assert mirrored == pytest.approx(expected, rel=0, abs=0, nan_ok=True)


@repeatable
@given(studies(), st.randoms(use_true_random=False))
def test_delong_test_ignores_the_order_of_cases(study, random):
    truth, (a, b) = study
    order = random.sample(range(len(truth)), len(truth))
    shuffled = [[values[i] for i in order] for values in (truth, a, b)]
    first, second = delong_test(truth, a, b), delong_test(*shuffled)
    assert second.estimate == first.estimate
    assert second.std_error == pytest.approx(first.std_error, rel=1e-12)


@repeatable
@given(studies(), st.sampled_from([np.exp, np.cbrt, lambda x: 1e6 * x - 3, lambda x: -np.exp(-x)]))
def test_delong_test_is_invariant_to_monotone_transforms_of_one_rating(study, transform):
    truth, (a, b) = study
    first = delong_test(truth, a, b)
    second = delong_test(truth, a, transform(np.array(b, dtype=float)))
    assert (second.estimate, second.std_error) == (first.estimate, first.std_error)


@repeatable
@given(studies())
def test_delong_ci_of_reversed_ratings_mirrors(study):
    truth, (rating, _) = study
    first, second = delong_ci(truth, rating), delong_ci(truth, [-value for value in rating])
    assert second.estimate == pytest.approx(1 - first.estimate, abs=1e-15)
    mirrored = [1 - second.ci_high, 1 - second.ci_low]
    assert mirrored == pytest.approx([first.ci_low, first.ci_high], abs=1e-12, nan_ok=True)


@repeatable
@given(studies(n_curves=1), st.integers(2, 4))
def test_duplicating_all_cases_keeps_the_auc_and_shrinks_the_variance(study, times):
    truth, (rating,) = study
    m, n = sum(truth), len(truth) - sum(truth)
    once = auc_covariance(truth, np.array([rating]).T)
    again = auc_covariance(truth * times, np.array([rating * times]).T)
    assert again.aucs[0] == once.aucs[0]
    # The sum of squares grows by `times`, so S / m changes by (m - 1) / (times m - 1).
    expected = once.covariance_positive[0, 0] * (m - 1) / (times * m - 1)
    assert again.covariance_positive[0, 0] == pytest.approx(expected, rel=1e-11, abs=1e-17)
    expected = once.covariance_negative[0, 0] * (n - 1) / (times * n - 1)
    assert again.covariance_negative[0, 0] == pytest.approx(expected, rel=1e-11, abs=1e-17)


@repeatable
@given(studies(n_curves=3))
def test_delong_contrast_of_two_curves_is_delong_test(study):
    truth, curves = study
    first = delong_test(truth, curves[2], curves[0])
    second = delong_contrast(truth, np.array(curves).T, [1, 0, -1])
    assert second.to_dict() == first.to_dict() | {"method": second.method}


@repeatable
@given(studies(n_curves=3))
def test_delong_contrast_agrees_with_the_covariance_matrix(study):
    truth, curves = study
    ratings, weights = np.array(curves).T, np.array([-0.25, 1.0, -0.75])
    result, covariance = delong_contrast(truth, ratings, weights), auc_covariance(truth, ratings)
    assert result.estimate == pytest.approx(weights @ covariance.aucs, abs=1e-15)
    variance = weights @ covariance.covariance @ weights
    assert result.std_error**2 == pytest.approx(variance, rel=1e-9, abs=1e-16)
    assert result.estimate == result.estimate_b - result.estimate_a


@repeatable
@given(studies(n_curves=3))
def test_mean_auc_ci_agrees_with_the_covariance_matrix(study):
    truth, curves = study
    ratings = np.array(curves).T
    result, covariance = mean_auc_ci(truth, ratings), auc_covariance(truth, ratings)
    assert result.estimate == pytest.approx(covariance.aucs.mean(), rel=1e-15)
    if not math.isnan(result.std_error):
        assert result.std_error**2 == pytest.approx(covariance.covariance.mean(), rel=1e-9)
    assert result.n_readers == 3


@repeatable
@given(studies(n_curves=1))
def test_mean_auc_ci_of_one_reader_and_counts_equal_delong_ci(study):
    truth, (rating,) = study
    single = delong_ci(truth, rating)
    mean = mean_auc_ci(truth, np.array([rating]).T)
    assert_same(mean, replace(single, method=mean.method, n_readers=1))
    counts = [
        [
            sum(t == wanted and r == level for t, r in zip(truth, rating, strict=True))
            for level in range(5)
        ]
        for wanted in (1, 0)
    ]
    assert_same(delong_ci_from_counts(*counts), single)


@repeatable
@given(studies(n_curves=1), studies(n_curves=1))
def test_unpaired_test_adds_the_variances(study_a, study_b):
    (truth_a, (a,)), (truth_b, (b,)) = study_a, study_b
    first, second = (
        auc_covariance(truth_a, np.array([a]).T),
        auc_covariance(truth_b, np.array([b]).T),
    )
    result = delong_test_unpaired(truth_a, a, truth_b, b)
    va, vb = first.covariance[0, 0], second.covariance[0, 0]
    assert result.estimate == second.aucs[0] - first.aucs[0]
    assert result.std_error == pytest.approx(math.sqrt(va + vb), rel=1e-12)
    assert (result.n_cases, result.n_positive) == (
        len(truth_a) + len(truth_b),
        sum(truth_a) + sum(truth_b),
    )
    if va + vb > 0:
        df = (va + vb) ** 2 / (va**2 / (len(truth_a) - 1) + vb**2 / (len(truth_b) - 1))
        assert result.df == exactly(df)
        assert result.p_value == exactly(2 * stats.t.sf(abs(result.statistic), df))
        half = stats.t.isf(0.025, df) * result.std_error
        assert result.ci_low == exactly(max(result.estimate - half, -1))
        assert result.ci_high == exactly(min(result.estimate + half, 1))


def test_interval_and_p_value_agree_at_the_level():
    truth, a, b = seven_point_study()
    result = delong_test(truth, a, b)
    at_p = delong_test(truth, a, b, ci_level=1 - result.p_value)
    assert at_p.ci_high == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize(("better", "limit"), [("higher", "ci_low"), ("lower", "ci_high")])
@pytest.mark.parametrize("swapped", [False, True])
def test_noninferiority_p_agrees_with_the_interval(better, limit, swapped):
    truth, a, b = seven_point_study()
    first, second = (b, a) if swapped else (a, b)
    reach = getattr(delong_test(truth, first, second), limit)
    margin = abs(reach)
    sign_fits = reach < 0 if better == "higher" else reach > 0
    if not sign_fits:  # noninferior at any margin: b is better
        result = delong_test(truth, first, second, margin=1e-9, better=better)
        assert result.noninferior
        assert result.p_noninferiority < 0.025
        return
    at_margin = delong_test(truth, first, second, margin=margin, better=better)
    assert at_margin.p_noninferiority == pytest.approx(0.025, rel=1e-9)
    wider = delong_test(truth, first, second, margin=margin * 1.01, better=better)
    narrower = delong_test(truth, first, second, margin=margin * 0.99, better=better)
    assert wider.noninferior
    assert wider.p_noninferiority < 0.025
    assert not narrower.noninferior
    assert narrower.p_noninferiority > 0.025


def test_noninferiority_is_absent_without_a_margin():
    truth, a, b = seven_point_study()
    result = delong_test(truth, a, b)
    assert result.p_noninferiority is None
    assert result.noninferior is None


def test_two_one_sided_p_values_add_up_to_one():
    truth, a, b = seven_point_study()
    p_values = [
        delong_test(truth, a, b, margin=5e-324, better=better).p_noninferiority
        for better in ("higher", "lower")
    ]
    assert sum(p_values) == pytest.approx(1, abs=1e-15)


def test_labels_of_cases_may_be_of_any_type():
    truth, a, b = seven_point_study()
    expected = delong_test(truth, a, b).to_dict()
    for kind in (bool, np.uint8, np.uint64, np.int8, np.float32):
        assert delong_test(truth.astype(kind), a, b).to_dict() == expected
    for kind in (np.uint8, np.int16, np.float32, np.float64):
        assert delong_test(truth, a.astype(kind), b.astype(kind)).to_dict() == expected


def test_results_survive_the_record():
    truth, a, b = seven_point_study()
    results = [
        auc_covariance(truth, np.column_stack([a, b])),
        delong_ci(truth, a),
        delong_test(truth, a, b, margin=0.05),
        delong_test(truth, a, a),
    ]
    for result in results:
        text = json.dumps(result.to_dict(), allow_nan=False)
        assert result_from_dict(json.loads(text)).to_dict() == result.to_dict()


def test_auc_covariance_shows_one_row_a_curve():
    truth, a, b = seven_point_study()
    result = auc_covariance(truth, np.column_stack([a, b]))
    frame = result.summary_frame()
    assert frame["estimate"].tolist() == result.aucs.tolist()
    assert frame["std_error"].tolist() == pytest.approx(np.sqrt(np.diagonal(result.covariance)))
    assert frame["n_cases"].tolist() == [160, 160]
    assert "<th>curves</th><td>2</td>" in result._repr_html_()


# --- edge --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("truth", "rating", "reason"),
    [
        ([0, 0], [1, 2], "no positive case"),
        ([1, 1], [1, 2], "no negative case"),
        ([], [], "no positive case"),
    ],
)
def test_without_a_class_all_is_undefined_and_says_so(truth, rating, reason):
    for result in (delong_ci(truth, rating), mean_auc_ci(truth, np.array([rating, rating]).T)):
        assert math.isnan(result.estimate)
        assert math.isnan(result.ci_low)
        assert reason in result.note
    for result in (
        delong_test(truth, rating, rating, margin=0.1),
        delong_test_unpaired(truth, rating, [0, 0, 1, 1], [1, 2, 1, 3], margin=0.1),
    ):
        assert math.isnan(result.estimate)
        assert math.isnan(result.p_value)
        assert math.isnan(result.p_noninferiority)
        assert not result.noninferior
        assert reason in result.note
    covariance = auc_covariance(truth, np.array([rating]).T)
    assert np.isnan(covariance.aucs).all()
    assert np.isnan(covariance.covariance).all()
    assert reason in covariance.note


@pytest.mark.parametrize(
    ("truth", "reason"),
    [([0, 0, 0, 1], "one positive case"), ([1, 0, 1, 1], "one negative case")],
)
def test_with_one_case_of_a_class_the_auc_stands_without_interval(truth, reason):
    rating = [1, 3, 5, 4]
    result = delong_ci(truth, rating)
    assert 0 < result.estimate < 1
    assert math.isnan(result.std_error)
    assert math.isnan(result.ci_low)
    assert result.ci_method == "none"
    assert reason in result.note
    covariance = auc_covariance(truth, np.array([rating]).T)
    assert np.isnan(covariance.covariance).all()
    assert reason in covariance.note
    difference = delong_test(truth, rating, [1, 2, 3, 4])
    assert math.isnan(difference.p_value)
    assert reason in difference.note


def test_with_two_cases_of_each_class_there_is_an_interval():
    result = delong_ci([0, 0, 1, 1], [1, 3, 2, 4])
    assert 0 < result.ci_low < 0.75 < result.ci_high < 1
    assert "fewer than 100 cases of a class (2 positive, 2 negative): score" in result.note


def test_ratings_all_alike_have_no_interval():
    result = delong_ci([0, 0, 1, 1, 1], [3, 3, 3, 3, 3])
    assert result.estimate == 0.5
    assert math.isnan(result.std_error)
    assert math.isnan(result.ci_low)
    assert "place all cases alike" in result.note
    assert auc_covariance([0, 0, 1, 1, 1], [[3]] * 5).covariance[0, 0] == 0.0


def test_identical_ratings_leave_nothing_to_test():
    truth, a, _ = seven_point_study()
    same = [
        delong_test(truth, a, a, margin=0.05),
        delong_test(truth, a, np.exp(a), margin=0.05),
        delong_contrast(truth, np.column_stack([a] * 4), [1, *[-1 / 3] * 3], margin=0.05),
        delong_contrast(truth, np.column_stack([a] * 8), [1, *[-1 / 7] * 7], margin=0.05),
    ]
    for result in same:
        assert result.estimate == pytest.approx(0, abs=1e-15)
        assert result.std_error == 0.0
        assert math.isnan(result.p_value)
        assert math.isnan(result.statistic)
        assert math.isnan(result.ci_low)
        assert math.isnan(result.p_noninferiority)
        assert not result.noninferior
        assert "nothing to test" in result.note
    assert same[0].estimate == 0.0


def test_two_perfect_or_opposite_curves_have_no_test():
    truth = [0, 0, 1, 1]
    both = delong_test(truth, [1, 2, 3, 4], [2, 1, 4, 3])
    assert (both.estimate, both.std_error) == (0.0, 0.0)
    assert math.isnan(both.p_value)
    opposite = delong_test(truth, [4, 3, 2, 1], [1, 2, 3, 4])
    assert (opposite.estimate, opposite.std_error) == (1.0, 0.0)
    assert math.isnan(opposite.p_value)
    assert "the same for every case" in opposite.note
    unpaired = delong_test_unpaired(truth, [4, 3, 2, 1], truth, [1, 2, 3, 4])
    assert math.isnan(unpaired.p_value)
    assert "0 in both sets" in unpaired.note


def test_one_perfect_curve_is_named():
    truth = [0, 0, 1, 1]
    paired = delong_test(truth, [1, 3, 2, 4], [1, 2, 3, 4])
    assert paired.std_error > 0
    assert "the AUC of b is 1: its own variance is estimated as 0" in paired.note
    unpaired = delong_test_unpaired(truth, [1, 2, 3, 4], truth, [1, 3, 2, 4])
    assert unpaired.std_error > 0
    assert "the AUC of a does not vary between cases" in unpaired.note


def test_limits_of_a_difference_stay_within_their_range():
    result = delong_test([0, 0, 1, 1], [4, 3, 2, 1], [1, 3, 2, 4], ci_level=0.999)
    assert result.ci_high == 1.0
    assert result.ci_low >= -1.0


def test_identity_interval_is_cut_at_the_range_and_logit_needs_no_cut():
    truth, rating = [0] * 20 + [1] * 10, [*range(20), *range(18, 28)]
    identity = delong_ci(truth, rating, interval="identity")
    assert identity.ci_high == 1.0
    logit = delong_ci(truth, rating, interval="logit")
    assert logit.estimate < logit.ci_high < 1.0
    assert identity.ci_method != logit.ci_method


@pytest.mark.parametrize(
    ("shift", "m", "flagged"), [(3.0, 200, True), (3.0, 2000, False), (0.5, 99, False)]
)
def test_few_cases_with_a_high_auc_are_flagged_in_a_comparison(shift, m, flagged):
    rng = np.random.default_rng(3)
    truth = np.arange(2 * m + 200) < m
    ratings = rng.normal(size=(truth.size, 2)) + shift * truth[:, np.newaxis]
    paired = delong_test(truth, ratings[:, 0], ratings[:, 1])
    unpaired = delong_test_unpaired(truth, ratings[:, 0], truth, ratings[:, 1])
    for result in (paired, unpaired):
        assert ("claimed too often" in result.note) == flagged


def test_infinite_ratings_have_an_order():
    finite = delong_ci([0, 0, 0, 1, 1, 1], [0, 1, 2, 1.5, 9, 3])
    infinite = delong_ci([0, 0, 0, 1, 1, 1], [-math.inf, 1, 2, 1.5, math.inf, 3])
    assert infinite.to_dict() == finite.to_dict()


@pytest.mark.parametrize("n", [100_000, 1_000_000])
def test_large_studies_neither_overflow_nor_lose_digits(n):
    # Ratings 0..9 with known counts, so that the truth follows from sums of whole numbers. In
    # xrobin/pROC#19 a study of 100,000 cases overflowed.
    positive = [n // 200 * k for k in (1, 2, 3, 4, 10, 10, 15, 15, 20, 20)]
    negative = [n // 200 * k for k in (20, 20, 15, 15, 10, 10, 4, 3, 2, 1)]
    m, k = sum(positive), sum(negative)
    below = np.cumsum(negative) - negative
    above = m - np.cumsum(positive)
    v10 = [Fraction(2 * int(b) + t, 2 * k) for b, t in zip(below, negative, strict=True)]
    v01 = [Fraction(2 * int(b) + t, 2 * m) for b, t in zip(above, positive, strict=True)]
    auc = sum(v * c for v, c in zip(v10, positive, strict=True)) / m
    variance = sum(
        sum(c * (v - auc) ** 2 for v, c in zip(values, counts, strict=True)) / (size - 1) / size
        for values, counts, size in ((v10, positive, m), (v01, negative, k))
    )
    truth = np.repeat([1, 0], [m, k]).astype(np.uint8)
    rating = np.concatenate([np.repeat(np.arange(10), c) for c in (positive, negative)])
    order = np.random.default_rng(1).permutation(n)
    result = delong_ci(truth[order], rating[order])
    assert n == m + k
    assert result.estimate == float(auc)
    assert result.std_error == pytest.approx(math.sqrt(variance), rel=1e-12)
    assert result.note == ""
    covariance = auc_covariance(truth[order], rating[order, np.newaxis].astype(np.uint8))
    assert covariance.covariance[0, 0] == pytest.approx(float(variance), rel=1e-11)
    difference = delong_test(truth[order], rating[order], -rating[order])
    assert difference.estimate == pytest.approx(1 - 2 * float(auc), rel=1e-15)
    assert difference.std_error == pytest.approx(2 * math.sqrt(variance), rel=1e-11)


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: delong_ci([0, 2], [1, 2]), "truth must hold only 0 and 1"),
        (lambda: delong_ci([0, 1], [1, math.nan]), "rating must not be missing, but position 1"),
        (lambda: delong_ci([0, 1], [1, 2, 3]), r"rating must have shape \(n_cases,\) with"),
        (lambda: delong_ci([0, 1], [1, 2], ci_level=95), "ci_level must lie between 0 and 1"),
        (
            lambda: delong_ci([0, 1], [1, 2], interval="probit"),
            "interval must be one of 'default', 'logit', 'score', 'identity'",
        ),
        (lambda: delong_test([0, 1], [1, 2], [1]), r"rating_b must have shape \(n_cases,\)"),
        (lambda: delong_test([0, 1], [1, math.nan], [1, 2]), "rating_a must not be missing"),
        (
            lambda: delong_test([0, 1], [1, 2], [1, 2], margin=-0.05),
            "margin of a difference must be positive",
        ),
        (
            lambda: delong_test([0, 1], [1, 2], [1, 2], margin=0.05, better="up"),
            "better must be 'higher' or 'lower'",
        ),
        (lambda: delong_test([0, 1], [1, 2], [1, 2], ci_level=1), "ci_level must lie between"),
        (
            lambda: delong_test_unpaired([0, 1], [1, 2], [0, 3], [1, 2]),
            "truth_b must hold only 0 and 1",
        ),
        (
            lambda: delong_test_unpaired([0, 1], [1], [0, 1], [1, 2]),
            r"rating_a must have shape \(n_cases,\)",
        ),
        (lambda: auc_covariance([0, 1], [1, 2]), r"ratings must have shape \(n_cases, n_curves\)"),
        (
            lambda: auc_covariance([0, 1], [[1, 2], [math.nan, 1]]),
            r"ratings must not be missing, but position \(1, 0\) is NaN",
        ),
        (
            lambda: mean_auc_ci([0, 1], np.empty((2, 0))),
            r"ratings must hold at least one reader, but got shape \(n_cases, 0\)",
        ),
        (
            lambda: mean_auc_ci([0, 1], [1, 2]),
            r"ratings must have shape \(n_cases, n_readers\)",
        ),
        (
            lambda: delong_contrast([0, 1], [[1, 2], [2, 3]], [1, -1, 0]),
            r"coefficients must have shape \(n_curves,\) with n_curves = 2, but got \(3,\)",
        ),
        (
            lambda: delong_contrast([0, 1], [[1, 2], [2, 3]], [2, -2]),
            "above 0 must add up to 1 and those below 0 to -1, but got 2 and -2; divide",
        ),
        (
            lambda: delong_contrast([0, 1], [[1, 2], [2, 3]], [0.5, 0.5]),
            "but got 1 and 0; divide each side by its sum",
        ),
        (
            lambda: delong_ci_from_counts([1, 2], [1, 2, 3]),
            "positive and negative must count the same categories, but got 2 and 3 of them",
        ),
        (
            lambda: delong_ci_from_counts([1, 0.5], [1, 2]),
            "positive must hold whole numbers, 0 or more",
        ),
    ],
)
def test_malformed_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- error of non-inferiority -------------------------------------------------------------------


@pytest.mark.slow
def test_noninferiority_of_high_aucs_is_claimed_too_often_as_the_note_says():
    rng = np.random.default_rng(20260102)
    truth = np.arange(330) < 30
    shift = math.sqrt(2) * stats.norm.ppf([0.95, 0.90])  # b is worse by the margin
    correlation = np.linalg.cholesky([[1, 0.6], [0.6, 1]]).T
    n_studies, claimed, warned = 3_000, 0, 0
    for _ in range(n_studies):
        ratings = rng.normal(size=(330, 2)) @ correlation + np.outer(truth, shift)
        result = delong_test(truth, ratings[:, 0], ratings[:, 1], margin=0.05)
        claimed += result.noninferior
        warned += "claimed too often" in result.note
    assert 0.04 < claimed / n_studies < 0.08
    assert warned / n_studies > 0.9
