"""Where McNemar tests and the interval of the same table disagree, and how that is said."""

import itertools

import pytest

from tests.paired_sample import counts
from toolkit.scoring.verdicts import NO_TESTS, disagreement, flagged, mcnemar_tests
from toolkit.stats.paired.differences import paired_difference_ci
from toolkit.stats.paired.ratios import paired_ratio_ci


def both_tests(table):
    return mcnemar_tests(table, quantity="sensitivity", label_a="readers", label_b="the AI")


def test_exact_test_alone_disagrees_near_the_limit():
    # 7 against 1: score P 0.034, mid-P 0.039, exact 0.070
    table = counts(1, 7, 1, 12)
    assert disagreement(paired_difference_ci(table), both_tests(table)) == (
        "the Tango score interval excludes no difference, the exact McNemar test does not: at a "
        "level of 0.05 they disagree, and the answer follows the interval"
    )


def test_both_tests_disagree_in_one_sentence():
    # 4 against 0: score P 0.0455, mid-P 0.0625, exact 0.125
    table = counts(20, 4, 0, 9)
    text = disagreement(paired_ratio_ci(table), both_tests(table))
    assert text.startswith(
        "the Tang score interval excludes no difference, the mid-P as well as the exact McNemar "
        "test does not: "
    )
    assert text.count("disagree") == 1


def test_words_follow_the_level_of_the_interval():
    # 6 against 0: score P 0.0143, mid-P 0.0156, exact 0.031
    table = counts(20, 6, 0, 9)
    assert disagreement(paired_difference_ci(table), both_tests(table)) == ""
    strict = disagreement(paired_difference_ci(table, ci_level=0.98), both_tests(table))
    assert "the exact McNemar test does not: at a level of 0.02" in strict


def test_words_stand_exactly_where_a_test_decides_otherwise():
    for only_b, only_a in itertools.product(range(13), repeat=2):
        table = counts(5, only_b, only_a, 20)
        tests, change = both_tests(table), paired_difference_ci(table)
        differ = [(test.p_value < 0.05) != (change.p_value < 0.05) for test in tests]
        assert bool(disagreement(change, tests)) is any(differ)


def test_flag_is_added_to_the_note():
    table = counts(0, 4, 0, 0)
    plain, tests = paired_difference_ci(table), both_tests(table)
    assert plain.note
    assert flagged(plain, tests).note == f"{plain.note}; {disagreement(plain, tests)}"
    agreed = counts(30, 5, 5, 9)
    assert flagged(paired_difference_ci(agreed), both_tests(agreed)).note == ""


def test_no_tests_are_said_in_the_note():
    plain = paired_difference_ci(counts(0, 4, 0, 0))
    assert flagged(plain, None).note == f"{plain.note}; {NO_TESTS}"
    assert flagged(paired_difference_ci(counts(1, 7, 1, 12)), None).note == NO_TESTS


def test_undefined_comparisons_have_no_flag():
    empty = counts(0, 0, 0, 0)
    assert disagreement(paired_difference_ci(empty), both_tests(empty)) == ""


def test_tests_are_midp_and_exact_with_their_words():
    midp, exact = both_tests(counts(1, 7, 1))
    assert (midp.method, exact.method) == ("mid-P McNemar", "exact McNemar")
    assert (exact.quantity, exact.label_a, exact.label_b) == ("sensitivity", "readers", "the AI")
    assert (midp.p_value, exact.p_value) == pytest.approx((0.0390625, 0.0703125))
