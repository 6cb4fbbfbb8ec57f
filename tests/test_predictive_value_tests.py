"""Score tests of paired predictive values against R and by their definitions."""

import math
from functools import partial

import numpy as np
import pytest

from tests.paired_sample import counts, disease_tables, reference_cases, swapped
from toolkit.stats.paired.predictive_values import npv_score_test, ppv_difference_ci, ppv_score_test
from toolkit.stats.paired.tests import PairedTest

npv_weighted_score_test = partial(npv_score_test, method="weighted")
ppv_weighted_score_test = partial(ppv_score_test, method="weighted")

PPV = [ppv_score_test, ppv_weighted_score_test]
NPV = [npv_score_test, npv_weighted_score_test]
CANCERS = counts(14, 2, 4, 3)
OTHERS = counts(12, 9, 5, 80)


@pytest.mark.parametrize(
    ("family", "tests", "n_cases"),
    [
        ("dtcompair_pv.gs", (ppv_score_test, npv_score_test), 2),
        ("dtcompair_pv.wgs", (ppv_weighted_score_test, npv_weighted_score_test), 1),
    ],
)
def test_score_tests_match_dtcompair(reference_data, family, tests, n_cases):
    cases = reference_cases(reference_data, family)
    for values, data in cases:
        tables = disease_tables(data)
        for test, key in zip(tests, ("ppv", "npv"), strict=True):
            result = test(*tables)
            assert result.statistic == pytest.approx(values[key]["test.statistic"], rel=1e-9)
            assert result.p_value == pytest.approx(values[key]["p.value"], rel=1e-9)
            assert result.df == 1
    assert len(cases) == n_cases


def positive_calls(cancers, others):
    """Return truth, method (1 for b) and case of every positive call."""
    rows, case = [], 0
    for truth, table in ((1, cancers), (0, others)):
        for n, methods in ((table.both, (0, 1)), (table.only_b, (1,)), (table.only_a, (0,))):
            for _ in range(n):
                rows += [(truth, method, case) for method in methods]
                case += 1
    return np.array(rows).T


def test_generalized_score_is_the_one_of_the_estimating_equations_call_by_call():
    # Leisenring, Alonzo and Pepe (2000): logistic model of truth given the method that called,
    # independence working correlation, score of each case under the null hypothesis.
    truth, method, case = positive_calls(CANCERS, OTHERS)
    score = (truth - truth.mean()) * (method - method.mean())
    by_case = np.bincount(case, score)
    expected = by_case.sum() ** 2 / (by_case**2).sum()
    assert ppv_score_test(CANCERS, OTHERS).statistic == pytest.approx(expected, rel=1e-10)


def test_weighted_score_is_the_published_formula():
    # Kosinski (2013): (PPV_b - PPV_a)^2 / ((p (1 - p) - 2 C) (1 / n_a + 1 / n_b))
    truth, method, _ = positive_calls(CANCERS, OTHERS)
    n_b, n_a, pooled = method.sum(), (1 - method).sum(), truth.mean()
    both = CANCERS.both * (1 - pooled) ** 2 + OTHERS.both * pooled**2
    spread = (pooled * (1 - pooled) - 2 * both / (n_a + n_b)) * (1 / n_a + 1 / n_b)
    change = ppv_difference_ci(CANCERS, OTHERS).estimate
    result = ppv_weighted_score_test(CANCERS, OTHERS)
    assert result.statistic == pytest.approx(change**2 / spread, rel=1e-12)


def test_without_common_calls_the_weighted_score_is_that_of_two_groups():
    cancers, others = counts(0, 30, 20), counts(0, 50, 60)
    # Pearson's chi-square of 30 of 80 against 20 of 80
    expected = 160 * (30 * 60 - 20 * 50) ** 2 / (80 * 80 * 50 * 110)
    result = ppv_weighted_score_test(cancers, others)
    assert result.statistic == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("test", PPV + NPV)
def test_swapping_the_methods_keeps_p(test):
    forth, back = test(CANCERS, OTHERS), test(swapped(CANCERS), swapped(OTHERS))
    assert back.statistic == pytest.approx(forth.statistic, rel=1e-12)


@pytest.mark.parametrize("test", PPV + NPV)
def test_statistic_grows_with_the_sample(test):
    def tenfold(table):
        return counts(10 * table.both, 10 * table.only_b, 10 * table.only_a, 10 * table.neither)

    once, tenth = test(CANCERS, OTHERS), test(tenfold(CANCERS), tenfold(OTHERS))
    assert tenth.statistic == pytest.approx(10 * once.statistic, rel=1e-9)


def test_negative_predictive_values_are_positive_ones_of_the_other_call():
    flipped = (OTHERS.negative_calls(), CANCERS.negative_calls())
    for ppv, npv in zip(PPV, NPV, strict=True):
        assert npv(CANCERS, OTHERS).statistic == ppv(*flipped).statistic
        assert (npv(CANCERS, OTHERS).quantity, ppv(*flipped).quantity) == ("npv", "ppv")


@pytest.mark.parametrize("test", PPV)
@pytest.mark.parametrize(
    ("cancers", "others", "note"),
    [
        (counts(0, 3, 0), counts(0, 1, 0), "a called no case positive"),
        (counts(0, 0, 0), counts(0, 0, 0), "a and b called no case positive"),
        (counts(7, 0, 0), counts(3, 0, 0), "the calls vary too little for a standard error"),
        (counts(7, 2, 1), counts(0, 0, 0), "the calls vary too little for a standard error"),
        (counts(0, 0, 0), counts(4, 2, 1), "the calls vary too little for a standard error"),
    ],
)
def test_degenerate_tables_are_undefined_with_a_note(test, cancers, others, note):
    result = test(cancers, others)
    assert math.isnan(result.statistic)
    assert math.isnan(result.p_value)
    assert result.note == note


def test_identical_calls_of_many_cases_are_not_decided_by_rounding():
    result = ppv_weighted_score_test(counts(2**40 + 1, 0, 0), counts(3**25, 0, 0))
    assert math.isnan(result.p_value)


def test_tests_are_complete_and_survive_a_record():
    result = ppv_score_test(CANCERS, OTHERS, quantity="ppv1", label_a="x", label_b="y")
    assert (result.quantity, result.label_a, result.label_b) == ("ppv1", "x", "y")
    assert PairedTest.from_dict(result.to_dict()).to_dict() == result.to_dict()


@pytest.mark.parametrize("test", NPV)
def test_unverified_negatives_are_refused_by_name(test):
    with pytest.raises(ValueError, match=r"npv_score_test needs cancers.neither, .* but got"):
        test(counts(14, 2, 4), OTHERS)
    with pytest.raises(ValueError, match=r"npv_score_test needs others.neither, .* but got"):
        test(CANCERS, counts(12, 9, 5))
