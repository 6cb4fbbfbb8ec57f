"""Predictive values and their score tests against R, a numeric delta method and by symmetry."""

import math
from functools import partial

import numpy as np
import pytest

from tests.paired_sample import counts, disease_tables, limits, reference_cases, swapped
from toolkit.results import result_from_dict
from toolkit.stats.paired.counts import PairedCounts
from toolkit.stats.paired.predictive_values import (
    npv_difference_ci,
    npv_ratio_ci,
    npv_score_test,
    ppv_difference_ci,
    ppv_ratio_ci,
    ppv_score_test,
)
from toolkit.stats.paired.tests import PairedTest

# DTComPair's data set Paired1: cancers and others by both, b alone, a alone.
CANCERS = PairedCounts(both=319, only_b=22, only_a=78)
OTHERS = PairedCounts(both=31, only_b=22, only_a=53)


def test_ppv_ratio_matches_dtcompair():
    # R: DTComPair::pv.rpv(tab.paired(d, y1, y2, data = Paired1))$ppv; test 2 over test 1
    result = ppv_ratio_ci(CANCERS, OTHERS)
    assert result.estimate == pytest.approx(1.0486069378204554, rel=1e-12)
    assert result.std_error / result.estimate == pytest.approx(0.019912471900979084, rel=1e-9)
    assert result.ci_low == pytest.approx(1.0084705030397116, rel=1e-9)
    assert result.ci_high == pytest.approx(1.0903407751945853, rel=1e-9)
    assert result.p_value == pytest.approx(0.01714612218608097, rel=1e-9)


def test_ratios_match_every_reference_case(reference_data):
    cases = reference_cases(reference_data, "dtcompair_pv.rpv")
    for values, data in cases:
        for method, key in ((ppv_ratio_ci, "ppv"), (npv_ratio_ci, "npv")):
            result, expected = method(*disease_tables(data)), values[key]
            assert result.estimate == pytest.approx(expected[f"r{key}"], rel=1e-9)
            assert result.ci_low == pytest.approx(expected[f"lcl.r{key}"], rel=1e-9)
            assert result.ci_high == pytest.approx(expected[f"ucl.r{key}"], rel=1e-9)
            assert result.statistic == pytest.approx(expected["test.statistic"], rel=1e-9)
            assert result.p_value == pytest.approx(expected["p.value"], rel=1e-9)
            error = result.std_error / result.estimate
            assert error == pytest.approx(expected[f"se.log.r{key}"], rel=1e-9)
            assert (result.estimate_a, result.estimate_b) == pytest.approx(
                (expected["test1"], expected["test2"]), rel=1e-9
            )
    assert len(cases) == 2


def test_ratios_match_a_multinomial_delta_method_of_a_screening_sample(reference_data):
    [(values, data)] = reference_cases(reference_data, "rel_pv_delta_readers_ai")
    for method, key in ((ppv_ratio_ci, "rppv"), (npv_ratio_ci, "rnpv")):
        result = method(*disease_tables(data))
        assert math.log(result.estimate) == pytest.approx(values[f"log_{key}"], rel=1e-6)
        error = result.std_error / result.estimate
        assert error == pytest.approx(values[f"se_log_{key}"], rel=1e-6)


def test_ppv_difference_matches_a_numeric_delta_method():
    cells = np.array([14, 2, 4, 12, 9, 5], dtype=float)

    def difference(x):
        a = (x[0] + x[2]) / (x[0] + x[2] + x[3] + x[5])
        b = (x[0] + x[1]) / (x[0] + x[1] + x[3] + x[4])
        return b - a

    steps = np.eye(6) * 1e-5
    gradient = np.array([(difference(cells + h) - difference(cells - h)) / 2e-5 for h in steps])
    # Neither value changes with the sum of the counts, so Poisson counts give the same variance.
    expected = math.sqrt((gradient**2 * cells).sum())
    result = ppv_difference_ci(
        PairedCounts(both=14, only_b=2, only_a=4), PairedCounts(both=12, only_b=9, only_a=5)
    )
    assert result.estimate == pytest.approx(16 / 37 - 18 / 35, rel=1e-12)
    assert result.std_error == pytest.approx(expected, rel=1e-7)


def test_negative_predictive_values_are_positive_ones_of_the_other_call():
    cancers, others = counts(14, 2, 4, 3), counts(12, 9, 5, 80)
    flipped = (others.negative_calls(), cancers.negative_calls())
    for npv, ppv in ((npv_ratio_ci, ppv_ratio_ci), (npv_difference_ci, ppv_difference_ci)):
        ours, other = npv(cancers, others), ppv(*flipped)
        assert (ours.estimate, *limits(ours)) == (other.estimate, *limits(other))
        # 3 of the 5 missed by a and 3 of the 7 by b are the same, so 9 cancers among 89 + 9 cases
        assert (ours.n_cases, ours.n_positive, ours.quantity) == (103, 9, "npv")
        assert ours.estimate_a == 89 / 94


@pytest.mark.parametrize("compare", [ppv_ratio_ci, npv_ratio_ci])
def test_swapping_the_methods_inverts_a_ratio(compare):
    cancers, others = counts(14, 2, 4, 3), counts(12, 9, 5, 80)
    forth = compare(cancers, others, margin=0.8, better="higher")
    back = compare(swapped(cancers), swapped(others), margin=1.25, better="lower")
    assert back.estimate == pytest.approx(1 / forth.estimate, rel=1e-12)
    assert limits(back) == pytest.approx([1 / forth.ci_high, 1 / forth.ci_low], rel=1e-12)
    assert back.p_noninferiority == pytest.approx(forth.p_noninferiority, rel=1e-12)


@pytest.mark.parametrize("compare", [ppv_difference_ci, npv_difference_ci])
def test_swapping_the_methods_negates_a_difference(compare):
    cancers, others = counts(14, 2, 4, 3), counts(12, 9, 5, 80)
    forth = compare(cancers, others, margin=0.1, better="higher")
    back = compare(swapped(cancers), swapped(others), margin=0.1, better="lower")
    assert back.estimate == -forth.estimate
    assert limits(back) == pytest.approx([-forth.ci_high, -forth.ci_low], rel=1e-12)
    assert back.p_noninferiority == pytest.approx(forth.p_noninferiority, rel=1e-12)


@pytest.mark.parametrize("compare", [ppv_ratio_ci, ppv_difference_ci])
def test_method_that_called_nobody_leaves_it_undefined(compare):
    nobody = PairedCounts(both=0, only_b=3, only_a=0)
    result = compare(nobody, PairedCounts(both=0, only_b=1, only_a=0))
    assert math.isnan(result.estimate)
    assert result.note


@pytest.mark.parametrize(
    ("cancers", "others", "estimate", "note"),
    [
        (counts(0, 0, 0), counts(4, 2, 1), math.nan, "the ratio is not defined: a found no cancer"),
        (counts(0, 0, 2), counts(4, 2, 1), 0.0, "b found no cancer: the interval of the ratio is"),
        (counts(5, 0, 0), counts(4, 0, 0), 1.0, "the calls vary too little for a standard error"),
    ],
)
def test_ratio_of_degenerate_tables_has_no_interval_and_a_note(cancers, others, estimate, note):
    result = ppv_ratio_ci(cancers, others, margin=0.9, better="higher")
    assert result.estimate == pytest.approx(estimate, nan_ok=True)
    assert all(math.isnan(x) for x in (*limits(result), result.p_value, result.p_noninferiority))
    assert result.note.startswith(note)


def test_notes_of_negative_predictive_values_speak_of_negative_calls():
    everybody = counts(5, 2, 0, 0), counts(4, 3, 0, 0)
    assert npv_ratio_ci(*everybody).note == "b called no case negative"
    wrong = counts(5, 2, 1, 3), counts(4, 3, 0, 0)
    assert npv_ratio_ci(*wrong).note == (
        "b called no case without the disease negative: the interval of the ratio is not defined"
    )


def test_difference_beyond_the_range_is_cut_with_a_note():
    result = ppv_difference_ci(counts(0, 2, 0), counts(1, 0, 2))
    assert result.estimate == pytest.approx(2 / 3)
    assert (result.ci_high, result.note) == (1.0, "a limit beyond the range was cut at -1 or 1")


@pytest.mark.parametrize("compare", [npv_ratio_ci, npv_difference_ci])
def test_unverified_negatives_are_refused_by_name(compare):
    full = counts(14, 2, 4, 3)
    with pytest.raises(ValueError, match=rf"{compare.__name__} needs cancers.neither, .* but got"):
        compare(counts(14, 2, 4), full)
    with pytest.raises(ValueError, match=rf"{compare.__name__} needs others.neither, .* but got"):
        compare(full, counts(14, 2, 4))


@pytest.mark.parametrize(
    "compare", [ppv_ratio_ci, ppv_difference_ci, npv_ratio_ci, npv_difference_ci]
)
def test_comparisons_are_complete_and_survive_a_record(compare):
    words = {"quantity": "x", "label_a": "reader", "label_b": "AI"}
    result = compare(counts(14, 2, 4, 3), counts(12, 9, 5, 80), ci_level=0.9, **words)
    assert {name: getattr(result, name) for name in words} == words
    assert (result.ci_level, result.df, result.note) == (0.9, math.inf, "")
    assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()
    with pytest.raises(ValueError, match=r"ci_level must lie between 0 and 1, but got 95\.0"):
        compare(counts(14, 2, 4, 3), counts(12, 9, 5, 80), ci_level=95)


def test_noninferiority_agrees_with_the_interval():
    for margin in (0.5, 0.9, 0.99, 0.999):
        result = ppv_ratio_ci(CANCERS, OTHERS, margin=margin, better="higher")
        assert result.noninferior == (result.p_noninferiority < 0.025)
    with pytest.raises(ValueError, match="margin of a ratio must be between 0 and 1"):
        ppv_ratio_ci(CANCERS, OTHERS, margin=1.5, better="higher")


npv_weighted_score_test = partial(npv_score_test, method="weighted")
ppv_weighted_score_test = partial(ppv_score_test, method="weighted")

PPV = [ppv_score_test, ppv_weighted_score_test]
NPV = [npv_score_test, npv_weighted_score_test]
TESTED_CANCERS = counts(14, 2, 4, 3)
TESTED_OTHERS = counts(12, 9, 5, 80)


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
    truth, method, case = positive_calls(TESTED_CANCERS, TESTED_OTHERS)
    score = (truth - truth.mean()) * (method - method.mean())
    by_case = np.bincount(case, score)
    expected = by_case.sum() ** 2 / (by_case**2).sum()
    assert ppv_score_test(TESTED_CANCERS, TESTED_OTHERS).statistic == pytest.approx(
        expected, rel=1e-10
    )


def test_weighted_score_is_the_published_formula():
    # Kosinski (2013): (PPV_b - PPV_a)^2 / ((p (1 - p) - 2 C) (1 / n_a + 1 / n_b))
    truth, method, _ = positive_calls(TESTED_CANCERS, TESTED_OTHERS)
    n_b, n_a, pooled = method.sum(), (1 - method).sum(), truth.mean()
    both = TESTED_CANCERS.both * (1 - pooled) ** 2 + TESTED_OTHERS.both * pooled**2
    spread = (pooled * (1 - pooled) - 2 * both / (n_a + n_b)) * (1 / n_a + 1 / n_b)
    change = ppv_difference_ci(TESTED_CANCERS, TESTED_OTHERS).estimate
    result = ppv_weighted_score_test(TESTED_CANCERS, TESTED_OTHERS)
    assert result.statistic == pytest.approx(change**2 / spread, rel=1e-12)


def test_without_common_calls_the_weighted_score_is_that_of_two_groups():
    cancers, others = counts(0, 30, 20), counts(0, 50, 60)
    # Pearson's chi-square of 30 of 80 against 20 of 80
    expected = 160 * (30 * 60 - 20 * 50) ** 2 / (80 * 80 * 50 * 110)
    result = ppv_weighted_score_test(cancers, others)
    assert result.statistic == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("test", PPV + NPV)
def test_swapping_the_methods_keeps_p(test):
    forth, back = (
        test(TESTED_CANCERS, TESTED_OTHERS),
        test(swapped(TESTED_CANCERS), swapped(TESTED_OTHERS)),
    )
    assert back.statistic == pytest.approx(forth.statistic, rel=1e-12)


@pytest.mark.parametrize("test", PPV + NPV)
def test_statistic_grows_with_the_sample(test):
    def tenfold(table):
        return counts(10 * table.both, 10 * table.only_b, 10 * table.only_a, 10 * table.neither)

    once, tenth = (
        test(TESTED_CANCERS, TESTED_OTHERS),
        test(tenfold(TESTED_CANCERS), tenfold(TESTED_OTHERS)),
    )
    assert tenth.statistic == pytest.approx(10 * once.statistic, rel=1e-9)


def test_negative_predictive_values_are_positive_ones_of_the_other_call_of_score_tests():
    flipped = (
        TESTED_OTHERS.negative_calls(),
        TESTED_CANCERS.negative_calls(),
    )
    for ppv, npv in zip(PPV, NPV, strict=True):
        assert npv(TESTED_CANCERS, TESTED_OTHERS).statistic == ppv(*flipped).statistic
        assert (
            npv(TESTED_CANCERS, TESTED_OTHERS).quantity,
            ppv(*flipped).quantity,
        ) == ("npv", "ppv")


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
    result = ppv_score_test(
        TESTED_CANCERS,
        TESTED_OTHERS,
        quantity="ppv1",
        label_a="x",
        label_b="y",
    )
    assert (result.quantity, result.label_a, result.label_b) == ("ppv1", "x", "y")
    assert PairedTest.from_dict(result.to_dict()).to_dict() == result.to_dict()


@pytest.mark.parametrize("test", NPV)
def test_unverified_negatives_are_refused_by_name_of_score_tests(test):
    with pytest.raises(ValueError, match=r"npv_score_test needs cancers.neither, .* but got"):
        test(counts(14, 2, 4), TESTED_OTHERS)
    with pytest.raises(ValueError, match=r"npv_score_test needs others.neither, .* but got"):
        test(TESTED_CANCERS, counts(12, 9, 5))
