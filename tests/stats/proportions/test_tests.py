"""Fisher's, Pearson's and the trend test against R, papers and exact fractions."""

import itertools
import json
import math
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.stats.calibration.sample import clustered_error, weight_derivative
from tests.stats.proportions.test_two import groups, low_rate_tables, published
from toolkit.results import result_from_dict
from toolkit.stats.proportions.tests import (
    TwoGroupTest,
    association_test,
    trend_test,
    two_group_test,
)

fisher_midp = partial(two_group_test, method="fisher_midp")
pearson_chi_square = partial(two_group_test, method="pearson_chi_square")
pearson_chi_square_yates = partial(two_group_test, method="pearson_chi_square_yates")

TESTS = [two_group_test, fisher_midp, pearson_chi_square, pearson_chi_square_yates]

# R 4.2.2: m <- matrix(c(x_b, n_b - x_b, x_a, n_a - x_a), 2, byrow = TRUE); fisher.test(m)$p.value;
# chisq.test(m, correct = FALSE)$p.value; chisq.test(m)$p.value
R_TESTS = [
    ((3, 210, 0, 200), 0.2486135130299959, 0.08978617620653308, 0.2640456011046455),
    ((2, 1000, 7, 1000), 0.1787018940453472, 0.09483444268779245, 0.1814370256126243),
    (
        (262, 52872, 338, 53043),
        0.002128151896451304,
        0.002127314652835201,
        0.002438129106471821,
    ),
    ((1, 4, 3, 4), 0.4857142857142858, 0.1572992070502845, 0.4795001221869535),
    ((15, 72, 0, 16), 0.06286666463010933, 0.04500999849920393, 0.1016183182970164),
    ((410, 480, 300, 410), 8.105709116709789e-06, 5.801297006144911e-06, 8.595238315855729e-06),
]

# contingencytables, Fisher_midP_test_2x2 of its examples, printed to 5 decimals.
MIDP = [((1, 4, 3, 4), 0.25714), ((15, 72, 0, 16), 0.04466), ((4, 14, 9, 13), 0.03914)]


# --- reference -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("cells", "fisher", "pearson", "yates"), R_TESTS)
def test_tests_match_r(cells, fisher, pearson, yates):
    counts = groups(*cells)
    assert two_group_test(counts).p_value == pytest.approx(fisher, rel=1e-10)
    assert pearson_chi_square(counts).p_value == pytest.approx(pearson, rel=1e-9)
    assert pearson_chi_square_yates(counts).p_value == pytest.approx(yates, rel=1e-9)


@pytest.mark.parametrize(("cells", "expected"), MIDP)
def test_midp_matches_contingencytables(cells, expected):
    assert fisher_midp(groups(*cells)).p_value == pytest.approx(expected, abs=5e-6)


def test_fisher_reproduces_every_published_p(reference_data):
    cases = published(reference_data, "risk ratio, log-Wald 95% CI; p by fisher")
    printed = 0
    for entry, counts in cases:
        computed = entry["computed"]["p_all"]
        fisher, pearson = two_group_test(counts).p_value, pearson_chi_square(counts).p_value
        yates = pearson_chi_square_yates(counts).p_value
        assert fisher == pytest.approx(computed["fisher"], rel=1e-9)
        assert pearson == pytest.approx(computed["chi2"], rel=1e-9)
        assert yates == pytest.approx(computed["chi2_yates"], rel=1e-9)
        if "p" in entry["published"]:
            tolerance = entry["tolerance"]["p_abs"]
            assert fisher == pytest.approx(entry["published"]["p"], abs=tolerance)
            printed += 1
    assert (len(cases), printed) == (7, 5)


def test_pearson_reproduces_every_published_p(reference_data):
    cases = published(reference_data, "Pearson chi2, no continuity correction")
    for entry, counts in cases:
        result, computed = pearson_chi_square(counts), entry["computed"]
        tolerance = entry["tolerance"]["p_abs"]
        assert result.p_value == pytest.approx(entry["published"]["p"], abs=tolerance)
        assert result.p_value == pytest.approx(computed["p"], rel=1e-9)
        assert pearson_chi_square_yates(counts).p_value == pytest.approx(
            computed["p_yates"], rel=1e-9
        )
        assert two_group_test(counts).p_value == pytest.approx(computed["p_fisher"], rel=1e-9)
    assert len(cases) == 2


def hypergeometric(x_a, n_a, x_b, n_b):
    """Return the exact probability of every table with these margins by its events in b."""
    events = x_a + x_b
    possible = range(max(0, events - n_a), min(n_b, events) + 1)
    ways = math.comb(n_a + n_b, events)
    return {k: Fraction(math.comb(n_b, k) * math.comb(n_a, events - k), ways) for k in possible}


@pytest.mark.parametrize(("n_a", "n_b"), [(1, 1), (4, 4), (3, 7), (8, 5)])
def test_fisher_matches_exact_fractions_for_all_tables(n_a, n_b):
    for x_a in range(n_a + 1):
        for x_b in range(n_b + 1):
            probability = hypergeometric(x_a, n_a, x_b, n_b)
            observed = probability[x_b]
            exact = sum(p for p in probability.values() if p <= observed)
            half = exact - sum(p for p in probability.values() if p == observed) / 2
            half = half if len(probability) > 1 else 1
            counts = groups(x_a, n_a, x_b, n_b)
            assert two_group_test(counts).p_value == pytest.approx(float(exact), rel=1e-13)
            assert fisher_midp(counts).p_value == pytest.approx(float(half), rel=1e-13)


def test_fisher_matches_scipy_for_random_low_rates():
    for x_a, n_a, x_b, n_b in low_rate_tables(300):
        expected = stats.fisher_exact([[x_b, n_b - x_b], [x_a, n_a - x_a]]).pvalue
        assert two_group_test(groups(x_a, n_a, x_b, n_b)).p_value == pytest.approx(
            expected, rel=1e-9
        )


def test_yates_overshoots_where_the_correction_exceeds_the_difference():
    """Cancers 2023 printed .995 so; where the corrected difference stops at 0, P is 1."""
    counts = groups(10, 50, 10, 51)
    result = pearson_chi_square_yates(counts)
    # |10 * 50 - 10 * 51| - 101 / 2 = -40.5
    expected = 101 * Fraction(81, 2) ** 2 / (50 * 51 * 20 * 81)
    assert result.statistic == pytest.approx(float(expected), rel=1e-12)
    assert result.p_value == pytest.approx(stats.chi2.sf(float(expected), 1), rel=1e-12)
    assert result.p_value < 1
    assert "where it stops at 0, as in R, P is 1" in result.note
    clamped = stats.chi2_contingency([[10, 40], [10, 41]], correction=True).pvalue
    assert clamped == 1
    assert pearson_chi_square_yates(groups(2, 1000, 7, 1000)).note == ""


# --- properties ----------------------------------------------------------------------------------


@pytest.mark.parametrize("test", TESTS)
def test_p_value_does_not_depend_on_which_group_or_event(test):
    for x_a, n_a, x_b, n_b in [(3, 210, 1, 200), (20, 30, 28, 30), (0, 9, 4, 7)]:
        p_value = test(groups(x_a, n_a, x_b, n_b)).p_value
        assert test(groups(x_b, n_b, x_a, n_a)).p_value == pytest.approx(p_value, rel=1e-12)
        others = groups(n_a - x_a, n_a, n_b - x_b, n_b)
        assert test(others).p_value == pytest.approx(p_value, rel=1e-12)


def test_fisher_stays_exact_for_large_groups():
    counts = groups(90_000, 1_000_000, 91_000, 1_000_000)
    expected = stats.fisher_exact([[91_000, 909_000], [90_000, 910_000]]).pvalue
    assert two_group_test(counts).p_value == pytest.approx(expected, rel=1e-7)
    assert fisher_midp(counts).p_value < two_group_test(counts).p_value


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cells", [(0, 10, 0, 12), (10, 10, 12, 12), (0, 0, 3, 5)])
def test_tables_that_could_not_be_otherwise(cells):
    for test in (two_group_test, fisher_midp):
        result = test(groups(*cells))
        assert result.p_value == 1
        assert result.note == "the events can be shared out in one way only, so P is 1"
    for test in (pearson_chi_square, pearson_chi_square_yates):
        result = test(groups(*cells))
        assert math.isnan(result.p_value)
        why = "no or every unit has the event" if cells[1] else "no unit in a"
        assert result.note == f"the test is not defined: {why}"


@pytest.mark.parametrize("test", TESTS)
def test_tests_are_complete_and_survive_a_record(test):
    result = test(groups(3, 40, 7, 50), quantity="recall_rate", label_b="AI")
    assert (result.numerator_a, result.denominator_a) == (3, 40)
    assert (result.numerator_b, result.denominator_b) == (7, 50)
    assert (result.quantity, result.label_a, result.label_b) == ("recall_rate", "a", "AI")
    assert isinstance(result_from_dict(result.to_dict()), TwoGroupTest)
    assert json.dumps(result.to_dict())
    result.summary_frame()


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("test", [two_group_test, fisher_midp])
def test_fisher_refuses_too_many_tables(test):
    counts = groups(6_000_000, 10**9, 6_000_000, 10**9)
    with pytest.raises(ValueError, match="must allow fewer than 5000000 tables for Fisher's test"):
        test(counts)


repeatable = settings(deadline=None, max_examples=60, derandomize=True)


def expanded(events, sizes, score):
    """Return truth and score of each case from counts by class."""
    truth = np.concatenate([[1] * x + [0] * (n - x) for x, n in zip(events, sizes, strict=True)])
    return truth, np.repeat(score, sizes)


# R 4.2.2: prop.trend.test(c(3,5,9,14), c(60,55,48,52)); with score = c(1,2,4,8)
@pytest.mark.parametrize(
    ("score", "chi_square"),
    [([1, 2, 3, 4], 12.5949752546715), ([1, 2, 4, 8], 12.3772547216521)],
)
def test_trend_matches_prop_trend_test(score, chi_square):
    trend = trend_test(*expanded([3, 5, 9, 14], [60, 55, 48, 52], score))
    assert trend.statistic**2 == pytest.approx(chi_square, rel=1e-9)
    assert trend.statistic > 0
    assert trend.p_value == pytest.approx(stats.chi2.sf(chi_square, 1), rel=1e-9)
    assert (trend.n_cases, trend.n_positive) == (215, 31)


@given(rows=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=30))
@repeatable
def test_trend_is_its_formula_in_fractions(rows):
    n = len(rows)
    share, centre = Fraction(sum(t for t, _ in rows), n), Fraction(sum(s for _, s in rows), n)
    top = sum((t - share) * (s - centre) for t, s in rows)
    variance = share * (1 - share) * sum((s - centre) ** 2 for _, s in rows)
    trend = trend_test(*zip(*rows, strict=True))
    if variance == 0:
        assert math.isnan(trend.p_value)
        assert trend.note.startswith("no trend: all cases are of one class")
    else:
        assert trend.statistic == pytest.approx(
            float(top) / math.sqrt(variance), rel=1e-9, abs=1e-12
        )


def test_weighted_clustered_trend_is_that_of_influence_values():
    generator = np.random.default_rng(44)
    truth, score = generator.integers(0, 2, 40), generator.integers(1, 6, 40)
    weight, cluster = np.linspace(1, 4, 40), np.arange(40) // 2

    def covariance(each):
        total = each.sum()
        return float(each @ (truth * score) / total - each @ truth * (each @ score) / total**2)

    trend = trend_test(truth, score, weight=weight, cluster=cluster)
    error = clustered_error(weight_derivative(covariance, weight), cluster)
    assert trend.statistic == pytest.approx(covariance(weight) / error, rel=1e-6)
    assert trend.method == "Cochran-Armitage trend test, robust variance"
    assert trend.n_clusters == 20


def test_linear_map_of_the_score_changes_its_sign_at_most():
    truth, score = expanded([3, 5, 9], [30, 25, 28], [1, 2, 3])
    trend = trend_test(truth, score).statistic
    assert trend_test(truth, 10 - 3 * score).statistic == pytest.approx(-trend, rel=1e-12)
    assert trend_test(1 - truth, score).statistic == pytest.approx(-trend, rel=1e-12)


def test_trend_rejects_as_often_as_it_says():
    generator = np.random.default_rng(45)
    plain, robust = [], []
    for _ in range(600):
        truth, score = generator.random(200) < 0.3, generator.integers(1, 11, 200)
        plain.append(trend_test(truth, score).p_value)
        cluster = np.arange(400) // 2
        robust.append(trend_test(truth.repeat(2), score.repeat(2), cluster=cluster).p_value)
    assert abs(np.mean(np.array(plain) < 0.05) - 0.05) < 0.036
    assert abs(np.mean(np.array(robust) < 0.05) - 0.05) < 0.036


def test_patients_who_do_not_differ_have_no_variance():
    truth, score = np.tile([1, 0, 0], 5), np.tile([0.3, 0.1, 0.2], 5)
    trend = trend_test(truth, score, cluster=np.repeat(np.arange(5), 3))
    assert math.isnan(trend.statistic)
    assert trend.note.endswith("or patients do not vary")


def test_one_patient_alone_and_no_case_have_no_trend():
    alone = trend_test([0, 1, 1], [1, 2, 3], cluster=[7, 7, 7])
    assert math.isnan(alone.statistic)
    assert math.isnan(trend_test([], []).p_value)
    assert math.isnan(trend_test([0, 1], [1, 2], weight=[0, 0]).p_value)


def test_trend_returns_from_its_record():
    trend = trend_test([0, 1, 1], [1, 2, 3])
    assert result_from_dict(trend.to_dict()).to_dict() == trend.to_dict()


@pytest.mark.parametrize(
    ("score", "message"),
    [
        ([1, math.inf], "score must be finite for a trend, but position 1 holds inf; give the"),
        ([1, math.nan], "score must not be missing"),
        ([1], r"score must have shape \(n_cases,\)"),
    ],
)
def test_trend_refuses(score, message):
    with pytest.raises(ValueError, match=message):
        trend_test([0, 1], score)


# --- tables of any size --------------------------------------------------------------------------

ASSOCIATIONS = ["pearson_chi_square", "likelihood_ratio", "fisher_exact"]
# Agresti, Introduction to Categorical Data Analysis, 2007, table 2.5: gender and party.
PARTIES = [[762, 327, 468], [484, 239, 477]]
SMALL = [[[3, 0, 1], [1, 4, 2]], [[2, 2], [0, 3], [1, 1]], [[1, 0, 2], [0, 2, 0], [3, 1, 0]]]


def all_tables(rows, columns):
    """Return all tables with these margins, one way to fill the first column after another."""
    if len(columns) == 1:
        return [[(r,) for r in rows]]
    found = []
    for first in itertools.product(*(range(min(r, columns[0]) + 1) for r in rows)):
        if sum(first) == columns[0]:
            left = [r - x for r, x in zip(rows, first, strict=True)]
            rest = all_tables(left, columns[1:])
            found += [[(x, *t) for x, t in zip(first, table, strict=True)] for table in rest]
    return found


def exact_probability(table):
    """Return the probability of a table given its margins, as a fraction."""
    margins = [sum(r) for r in table] + [sum(c) for c in zip(*table, strict=True)]
    above = math.prod(math.factorial(m) for m in margins)
    below = math.factorial(sum(map(sum, table)))
    return Fraction(above, below * math.prod(math.factorial(x) for r in table for x in r))


def test_pearson_matches_r_and_agresti():
    # R: chisq.test(M), its help page: X-squared = 30.07, df = 2, p-value = 2.954e-07
    test = association_test(PARTIES)
    assert (test.statistic, test.df) == (pytest.approx(30.07, abs=5e-3), 2)
    assert test.p_value == pytest.approx(2.954e-07, abs=5e-11)
    assert association_test(PARTIES, method="likelihood_ratio").statistic == pytest.approx(
        30.02, abs=5e-3
    )
    assert test.cramers_v == pytest.approx(math.sqrt(30.07 / 2757), abs=1e-4)
    assert (test.n_cases, test.note) == (2757, "")


@pytest.mark.parametrize("table", [PARTIES, *SMALL, [[40, 9], [6, 45]]])
@pytest.mark.parametrize(
    ("method", "power"), [("pearson_chi_square", "pearson"), ("likelihood_ratio", "log-likelihood")]
)
def test_chi_square_matches_scipy(table, method, power):
    expected = stats.chi2_contingency(table, correction=False, lambda_=power)
    test = association_test(table, method=method)
    assert test.statistic == pytest.approx(expected.statistic, rel=1e-10)
    assert test.p_value == pytest.approx(expected.pvalue, rel=1e-9)
    assert test.df == expected.dof
    assert test.smallest_expected == pytest.approx(expected.expected_freq.min(), rel=1e-12)
    strength = stats.contingency.association(np.array(table), method="cramer")
    assert test.cramers_v == pytest.approx(strength, rel=1e-10)


@pytest.mark.parametrize("table", [*SMALL, [[0, 7, 1, 0], [2, 3, 0, 5]]])
def test_fisher_of_a_larger_table_matches_exact_fractions(table):
    tables = all_tables([sum(r) for r in table], [sum(c) for c in zip(*table, strict=True)])
    probabilities = [exact_probability(t) for t in tables]
    own = exact_probability(table)
    assert sum(probabilities) == 1
    test = association_test(table, method="fisher_exact")
    assert test.p_value == pytest.approx(float(sum(p for p in probabilities if p <= own)), rel=1e-9)
    assert test.statistic == pytest.approx(float(own), rel=1e-9)
    assert test.df is None


@pytest.mark.parametrize("cells", [(3, 210, 1, 200), (1, 4, 3, 4), (15, 72, 0, 16)])
def test_association_of_two_by_two_is_the_test_of_two_groups(cells):
    x_a, n_a, x_b, n_b = cells
    table = [[x_a, n_a - x_a], [x_b, n_b - x_b]]
    for method in ("pearson_chi_square", "fisher_exact"):
        expected = two_group_test(groups(*cells), method=method).p_value
        assert association_test(table, method=method).p_value == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("method", ASSOCIATIONS)
def test_association_does_not_depend_on_the_order_of_classes(method):
    table = np.array([[3, 0, 1], [1, 4, 2]])
    first = association_test(table, method=method)
    for other in (table[::-1], table[:, [2, 0, 1]], table.T, np.hstack([table, [[0], [0]]])):
        again = association_test(other, method=method)
        assert again.p_value == pytest.approx(first.p_value, rel=1e-9)
        assert again.cramers_v == pytest.approx(first.cramers_v, rel=1e-9)


def test_chi_square_rejects_as_often_as_it_says_under_independence():
    generator = np.random.default_rng(20260101)
    shares = np.outer([0.5, 0.3, 0.2], [0.1, 0.4, 0.4, 0.1]).ravel()
    tables = generator.multinomial(400, shares, size=4000).reshape(-1, 3, 4)
    for method in ASSOCIATIONS[:2]:
        rejected = np.mean([association_test(t, method=method).p_value < 0.05 for t in tables])
        assert rejected == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / 4000))


def test_perfect_association_and_none():
    assert association_test(np.diag([9, 5, 7])).cramers_v == pytest.approx(1, rel=1e-12)
    none = association_test([[2, 4, 6], [20, 40, 60]])
    assert (none.statistic, none.p_value) == (pytest.approx(0, abs=1e-12), 1.0)
    ratio = association_test([[2, 4, 6], [20, 40, 60]], method="likelihood_ratio")
    assert ratio.statistic == pytest.approx(0, abs=1e-12)


def test_association_says_where_too_few_cases_are_expected():
    few = "5 of 6 cells expect fewer than 5 cases, the least 0.57: P is approximate at best"
    assert few in association_test([[3, 0, 1], [1, 14, 2]]).note
    assert association_test([[3, 0, 1], [1, 14, 2]], method="fisher_exact").note == ""
    empty = association_test([[30, 20, 0], [10, 40, 0], [0, 0, 0]])
    assert empty.note == "1 row(s) without a case left out; 1 column(s) without a case left out"
    assert empty.df == 1


@pytest.mark.parametrize("table", [[[3, 4, 5]], [[3], [4]], [[3, 0], [4, 0]], [[0, 0], [0, 0]]])
@pytest.mark.parametrize("method", ASSOCIATIONS)
def test_association_of_one_row_or_column_is_undefined(table, method):
    test = association_test(table, method=method)
    assert "nothing to test: all cases are of one row or one column" in test.note
    assert math.isnan(test.statistic)
    assert math.isnan(test.p_value) == (method != "fisher_exact")
    assert result_from_dict(test.to_dict()).to_dict() == test.to_dict()
    test.summary_frame()


def test_associations_survive_a_record():
    for method in ASSOCIATIONS:
        test = association_test(SMALL[0], method=method, quantity="density")
        assert result_from_dict(test.to_dict()).to_dict() == test.to_dict()
        assert test.summary_frame().quantity.tolist() == ["density"]


@pytest.mark.parametrize(
    ("table", "method", "message"),
    [
        ([3, 4], "pearson_chi_square", r"counts must have shape \(n_rows, n_columns\), but got"),
        ([[3, 0.5], [1, 2]], "pearson_chi_square", "counts must hold whole numbers, 0 or more"),
        ([[3, -1], [1, 2]], "fisher_exact", "counts must hold whole numbers, 0 or more"),
        (
            [[90, 80, 70], [60, 50, 99], [55, 66, 77]],
            "fisher_exact",
            "allow at most 1000000 tables",
        ),
    ],
)
def test_association_refuses(table, method, message):
    with pytest.raises(ValueError, match=message):
        association_test(table, method=method)
