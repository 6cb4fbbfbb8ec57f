"""Intraclass correlations against Shrout and Fleiss, their F tests, brute force and simulation."""

import math
import warnings

import numpy as np
import pytest
from scipy import stats

from toolkit.results import result_from_dict
from toolkit.stats.agreement.intraclass import icc_agreement, icc_consistency, icc_one_way

FORMS = [icc_one_way, icc_agreement, icc_consistency]
# Shrout and Fleiss, Psychol Bull 1979;86:420-428, table 2: six subjects, four judges
JUDGES = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)


def simulated(rng, n_cases=15, n_readers=4, reader_variance=0.1):
    """Return measurements: variance 0.6 of cases, some of readers, 0.4 of the rest."""
    case = rng.normal(size=(n_cases, 1)) * math.sqrt(0.6)
    reader = rng.normal(size=(1, n_readers)) * math.sqrt(reader_variance)
    return case + reader + rng.normal(size=(n_cases, n_readers)) * math.sqrt(0.4)


def squares_by_hand(values):
    """Return the mean squares of cases, readers, residual and within, from sums over cells."""
    n, k = len(values), len(values[0])
    grand = sum(map(sum, values)) / (n * k)
    rows = [sum(row) / k for row in values]
    columns = [sum(row[j] for row in values) / n for j in range(k)]
    cases = k * sum((r - grand) ** 2 for r in rows) / (n - 1)
    readers = n * sum((c - grand) ** 2 for c in columns) / (k - 1)
    within = sum((values[i][j] - rows[i]) ** 2 for i in range(n) for j in range(k))
    residual = sum(
        (values[i][j] - rows[i] - columns[j] + grand) ** 2 for i in range(n) for j in range(k)
    )
    return cases, readers, residual / ((n - 1) * (k - 1)), within / (n * (k - 1))


# --- reference -----------------------------------------------------------------------------------


# Values as printed by Shrout and Fleiss; intervals: pingouin 0.6.1, intraclass_corr, two digits
@pytest.mark.parametrize(
    ("form", "averaged", "value", "low", "high"),
    [
        (icc_one_way, False, 0.17, -0.13, 0.72),
        (icc_agreement, False, 0.29, 0.02, 0.76),
        (icc_consistency, False, 0.71, 0.34, 0.95),
        (icc_one_way, True, 0.44, -0.88, 0.91),
        (icc_agreement, True, 0.62, 0.07, 0.93),
        (icc_consistency, True, 0.91, 0.68, 0.99),
    ],
)
def test_forms_match_shrout_and_fleiss(form, averaged, value, low, high):
    result = form(JUDGES, averaged=averaged)
    assert result.estimate == pytest.approx(value, abs=5e-3)
    assert (result.ci_low, result.ci_high) == pytest.approx((low, high), abs=5e-3)


# pingouin 0.6.1: intraclass_corr of the same data
@pytest.mark.parametrize(
    ("form", "averaged", "expected"),
    [
        (icc_one_way, False, 0.1657417684054755),
        (icc_agreement, False, 0.28976377952755916),
        (icc_consistency, False, 0.7148407148407154),
        (icc_one_way, True, 0.44279713367926876),
        (icc_agreement, True, 0.6200505475989893),
        (icc_consistency, True, 0.9093155423770697),
    ],
)
def test_values_match_pingouin(form, averaged, expected):
    assert form(JUDGES, averaged=averaged).estimate == pytest.approx(expected, rel=1e-12)


# --- by hand -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2, 2), (6, 4), (25, 2), (4, 9)])
def test_values_are_those_of_the_mean_squares(shape):
    values = simulated(np.random.default_rng(1), *shape)
    n, k = shape
    cases, readers, residual, within = squares_by_hand(values.tolist())
    expected = {
        (icc_one_way, False): (cases - within) / (cases + (k - 1) * within),
        (icc_one_way, True): (cases - within) / cases,
        (icc_agreement, False): (cases - residual)
        / (cases + (k - 1) * residual + k * (readers - residual) / n),
        (icc_consistency, False): (cases - residual) / (cases + (k - 1) * residual),
        (icc_consistency, True): (cases - residual) / cases,
    }
    for (form, averaged), value in expected.items():
        assert form(values, averaged=averaged).estimate == pytest.approx(value, rel=1e-9)
    below = cases + (readers - residual) / n
    if below > 0:
        value = icc_agreement(values, averaged=True).estimate
        assert value == pytest.approx((cases - residual) / below, rel=1e-9)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_limits_put_back_into_the_f_distribution_leave_the_tail(level):
    tail, (n, k) = (1 - level) / 2, JUDGES.shape
    cases, _, residual, within = squares_by_hand(JUDGES.tolist())
    for form, error, df in (
        (icc_one_way, within, n * (k - 1)),
        (icc_consistency, residual, (n - 1) * (k - 1)),
    ):
        result = form(JUDGES, ci_level=level)

        def above(icc, error=error, df=df):
            # If icc is true, MS_cases / MS_error times this is F distributed.
            return stats.f.sf(cases / error * (1 - icc) / (1 + (k - 1) * icc), n - 1, df)

        assert above(result.ci_low) == pytest.approx(tail, rel=1e-9)
        assert above(result.ci_high) == pytest.approx(1 - tail, rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_limits_of_averaged_agreement_match_their_own_formula(seed):
    # McGraw and Wong (1996), table 7, ICC(A,k): written for the mean, not stepped up from one.
    values = simulated(np.random.default_rng(seed), 12, 3, 0.3)
    n, k = values.shape
    cases, readers, residual, _ = squares_by_hand(values.tolist())
    result = icc_agreement(values, averaged=True)
    icc = result.estimate
    c, d = icc / (n * (1 - icc)), 1 + icc * (n - 1) / (n * (1 - icc))
    df = (c * readers + d * residual) ** 2 / (
        (c * readers) ** 2 / (k - 1) + (d * residual) ** 2 / ((n - 1) * (k - 1))
    )
    f_low, f_high = stats.f.ppf(0.975, n - 1, df), stats.f.ppf(0.975, df, n - 1)
    low = n * (cases - f_low * residual) / (f_low * (readers - residual) + n * cases)
    high = n * (f_high * cases - residual) / (readers - residual + n * f_high * cases)
    assert (result.ci_low, result.ci_high) == pytest.approx((low, high), rel=1e-9)


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_error_is_that_of_the_delta_method_by_numerical_derivatives(form, averaged):
    values = simulated(np.random.default_rng(2), 30, 3)
    n, k = values.shape
    cases, readers, residual, within = squares_by_hand(values.tolist())
    terms = {
        icc_one_way: [(cases, n - 1), (within, n * (k - 1))],
        icc_agreement: [(cases, n - 1), (readers, k - 1), (residual, (n - 1) * (k - 1))],
        icc_consistency: [(cases, n - 1), (residual, (n - 1) * (k - 1))],
    }[form]

    def icc(squares):
        top = squares[0] - squares[-1]
        shift = (squares[1] - squares[2]) / n if form is icc_agreement else 0.0
        below = squares[0] + shift
        return top / (below if averaged else below + (k - 1) * (squares[-1] + shift))

    base, step = np.array([m for m, _ in terms]), 1e-6
    assert form(values, averaged=averaged).estimate == pytest.approx(icc(base), rel=1e-12)
    slope = [(icc(base + step * e) - icc(base - step * e)) / (2 * step) for e in np.eye(base.size)]
    variance = sum(s**2 * 2 * m**2 / df for s, (m, df) in zip(slope, terms, strict=True))
    result = form(values, averaged=averaged)
    assert result.std_error == pytest.approx(math.sqrt(variance), rel=1e-7)


# --- properties ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_unit_level_and_order_do_not_matter(form):
    rng = np.random.default_rng(3)
    values = simulated(rng)
    other = 1000 - 2.5 * values[rng.permutation(15)][:, rng.permutation(4)]
    one, two = form(values), form(other)
    assert two.estimate == pytest.approx(one.estimate, rel=1e-9)
    assert (two.ci_low, two.ci_high) == pytest.approx((one.ci_low, one.ci_high), rel=1e-9)


def test_only_consistency_forgives_a_reader_who_measures_higher():
    values = simulated(np.random.default_rng(4))
    shifted = values + np.array([0, 0, 0, 5])
    assert icc_consistency(shifted).estimate == pytest.approx(icc_consistency(values).estimate)
    assert icc_agreement(shifted).estimate < icc_agreement(values).estimate
    assert icc_one_way(shifted).estimate < icc_one_way(values).estimate


def test_averaged_forms_follow_from_single_ones():
    for form in FORMS:
        single, mean = form(JUDGES), form(JUDGES, averaged=True)
        for name in ("estimate", "ci_low", "ci_high"):
            one = getattr(single, name)
            assert getattr(mean, name) == pytest.approx(4 * one / (1 + 3 * one), rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "reader_variance", "truth"),
    [(icc_one_way, 0.0, 0.6), (icc_agreement, 0.1, 0.6 / 1.1), (icc_consistency, 0.1, 0.6)],
)
def test_intervals_cover_at_their_level(form, reader_variance, truth):
    rng = np.random.default_rng(20260101)
    results = [form(simulated(rng, reader_variance=reader_variance)) for _ in range(4000)]
    covered = np.mean([r.ci_low <= truth <= r.ci_high for r in results])
    assert covered == pytest.approx(0.95, abs=0.012)


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_nothing_varies_is_undefined_and_never_0(form, averaged):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = form(np.full((5, 3), 0.1), averaged=averaged)
    for name in ("estimate", "std_error", "ci_low", "ci_high"):
        assert math.isnan(getattr(result, name))
    assert result.note.endswith("not defined: cases do not vary in their means")
    assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("n_cases", [0, 1])
def test_fewer_than_two_cases_are_undefined(form, averaged, n_cases):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = form(np.ones((n_cases, 3)), averaged=averaged)
    assert math.isnan(result.estimate)
    assert result.note.endswith("not defined: fewer than two cases")
    assert (result.n_cases, result.n_readers) == (n_cases, 3)


@pytest.mark.parametrize("averaged", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_readers_who_never_differ_have_no_interval_but_a_note(form, averaged):
    values = np.repeat([[0.1], [0.2], [0.3], [0.7]], 3, axis=1)
    result = form(values, averaged=averaged)
    assert result.estimate == pytest.approx(1, rel=1e-12)
    assert math.isnan(result.ci_low)
    assert result.note == "readers of a case never differ, so no standard error and no interval"


def test_readers_who_differ_by_a_constant_have_an_interval_of_agreement_only():
    values = np.array([[0.1], [0.2], [0.3], [0.7]]) + np.array([0.0, 0.1, 0.3])
    assert icc_consistency(values).estimate == pytest.approx(1, rel=1e-9)
    assert math.isnan(icc_consistency(values).ci_low)
    result = icc_agreement(values)
    assert 0 < result.ci_low < result.estimate < result.ci_high < 1


def test_cases_whose_means_agree_reach_the_lowest_value_without_an_interval():
    values = np.array([[1.0, 3.0], [3.0, 1.0], [2.5, 1.5]])
    result = icc_one_way(values)
    assert result.estimate == pytest.approx(-1, rel=1e-12)
    assert math.isnan(result.ci_low)
    assert result.note.startswith("cases do not vary in their means, so no standard error")
    assert math.isnan(icc_one_way(values, averaged=True).estimate)
    assert math.isnan(icc_agreement(values, averaged=True).estimate)


def test_a_mean_of_readers_has_no_lowest_value():
    values = np.array([[3.6, 3.9, 3.3], [2.2, 3.7, 2.5], [3.9, 1.9, 3.9], [3.0, 1.8, 2.7]])
    result = icc_agreement(values, averaged=True)
    cases, readers, residual, _ = squares_by_hand(values.tolist())
    assert result.estimate == pytest.approx((cases - residual) / (cases + (readers - residual) / 4))
    assert result.estimate < result.ci_high
    assert result.ci_low == -math.inf
    assert result.note == "the interval has no lower limit"
    assert result_from_dict(result.to_dict()).ci_low == -math.inf


def test_a_variance_below_0_of_a_mean_of_readers_is_told():
    values = np.array([[1.0, 5.0, 3.2], [5.0, 1.0, 3.0], [3.1, 3.0, 3.0]])
    result = icc_agreement(values, averaged=True)
    for name in ("estimate", "std_error", "ci_low", "ci_high"):
        assert math.isnan(getattr(result, name))
    assert result.note.endswith("the variance of a mean of readers comes out below 0")
    assert -1 < icc_agreement(values).estimate < 0


def test_many_cases_keep_their_digits():
    values = simulated(np.random.default_rng(5), 100_000, 2, 0.0) * 1e-3 + 1e3
    cases, _, residual, _ = squares_by_hand((values - 1e3).tolist())
    result = icc_consistency(values)
    assert result.estimate == pytest.approx((cases - residual) / (cases + residual), rel=1e-7)
    assert result.ci_high - result.ci_low < 0.02


def test_results_are_complete():
    for form, name in zip(FORMS, ("icc", "icc_a", "icc_c"), strict=True):
        single, mean = form(JUDGES, label="judges"), form(JUDGES, averaged=True, ci_level=0.9)
        assert (single.quantity, mean.quantity) == (f"{name}_1", f"{name}_k")
        assert (single.label, mean.ci_level, single.unit) == ("judges", 0.9, "index")
        assert (single.n_cases, single.n_readers) == (6, 4)
        assert single.method.endswith("one reader")
        assert mean.method.endswith("mean of readers")
        assert len(single.summary_frame()) == 1


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1, 2, 3], r"values must have shape \(n_cases, n_readers\), but got \(3,\)"),
        ([[1], [2]], r"values must have two readers or more, but got shape \(2, 1\)"),
        ([[1, 2], [math.nan, 3]], r"values must not be missing, but position \(1, 0\) is NaN"),
        ([[1, 2], [3, math.inf]], r"values must be finite, but position \(1, 1\) is not; leave"),
        ([[1, 2], [3, "x"]], "values must hold numbers"),
    ],
)
def test_forms_refuse_wrong_values(form, values, message):
    with pytest.raises(ValueError, match=message):
        form(values)


@pytest.mark.parametrize("form", FORMS)
def test_forms_refuse_a_wrong_level(form):
    with pytest.raises(ValueError, match="ci_level must lie between 0 and 1, but got 95"):
        form(JUDGES, ci_level=95)
