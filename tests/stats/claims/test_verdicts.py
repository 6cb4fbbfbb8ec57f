"""Where an interval and a named test disagree, in words."""

import math

import pytest

from tests.stats.proportions.test_two import groups
from toolkit.stats.claims.plan import verdict_note
from toolkit.stats.proportions.tests import two_group_test
from toolkit.stats.proportions.two import proportion_difference_ci, proportion_ratio_ci

ANSWER = "the answer follows the interval"
CI = "the Miettinen-Nurminen score interval"


def test_interval_excludes_what_the_test_does_not_reject():
    counts = groups(15, 72, 0, 16)  # Fisher P 0.063, score P 0.046
    comparison, fisher = proportion_difference_ci(counts), two_group_test(counts)
    note = verdict_note(comparison, p_value=fisher.p_value, test="Fisher exact test")
    assert note == (
        f"{CI} excludes no difference, the Fisher exact test does not: "
        f"at a level of 0.05 they disagree, and {ANSWER}"
    )


def test_test_rejects_what_the_interval_holds():
    comparison = proportion_difference_ci(groups(10, 50, 14, 50), ci_level=0.9)
    note = verdict_note(comparison, p_value=0.09, test="Fisher mid-P test")
    assert note == (
        f"the Fisher mid-P test excludes no difference, {CI} does not: "
        f"at a level of 0.1 they disagree, and {ANSWER}"
    )


def test_ratio_is_judged_against_1():
    ratio = proportion_ratio_ci(groups(203, 39996, 262, 40024))
    assert ratio.ci_low > 1
    assert verdict_note(ratio, p_value=0.01, test="Fisher exact test") == ""
    assert verdict_note(ratio, p_value=0.2, test="Fisher exact test")


@pytest.mark.parametrize("p_value", [0.0, 0.0499999])
def test_agreement_says_nothing(p_value):
    comparison = proportion_difference_ci(groups(10, 50, 30, 50))
    assert verdict_note(comparison, p_value=p_value, test="Fisher exact test") == ""


def test_p_value_of_just_the_level_does_not_reject():
    comparison = proportion_difference_ci(groups(10, 50, 11, 50))
    assert verdict_note(comparison, p_value=0.05, test="Fisher exact test") == ""


def test_what_is_not_defined_does_not_disagree():
    defined, undefined = (proportion_difference_ci(groups(0, n, 9, 9)) for n in (9, 0))
    assert verdict_note(defined, p_value=math.nan, test="Pearson chi-square test") == ""
    assert verdict_note(undefined, p_value=0.01, test="Pearson chi-square test") == ""


def test_verdict_note_refuses_what_is_no_probability():
    comparison = proportion_difference_ci(groups(10, 50, 11, 50))
    with pytest.raises(ValueError, match=r"p_value must lie from 0 to 1, but got 5\.0"):
        verdict_note(comparison, p_value=5, test="Fisher exact test")
