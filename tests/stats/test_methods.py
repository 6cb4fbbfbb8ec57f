"""Families of methods: each names its methods once, and refuses any other by name."""

import importlib
import re
from typing import get_args

import pytest

from toolkit._old_names import FUNCTIONS, STATS
from toolkit.stats.agreement import agreement_table_from_counts
from toolkit.stats.paired import PairedCounts
from toolkit.stats.proportions import TwoGroupCounts, TwoRates

PAIRS = PairedCounts(both=261, only_b=28, only_a=10, neither=45)
GROUPS = TwoGroupCounts(numerator_a=3, denominator_a=210, numerator_b=1, denominator_b=200)
RATES = TwoRates(events_a=2, exposure_a=1000, events_b=7, exposure_b=1000)
CHANCES = {"rating_is": "probability", "basis": "prevalence of this set"}
ASKED = {
    "proportion_ci": ((28, 30), {}),
    "proportion_difference_ci": ((GROUPS,), {}),
    "proportion_ratio_ci": ((GROUPS,), {}),
    "rate_ci": ((7, 1000), {}),
    "rate_ratio_ci": ((RATES,), {}),
    "two_group_test": ((GROUPS,), {}),
    "association_test": (([[3, 0, 1], [1, 4, 2]],), {}),
    "paired_difference_ci": ((PAIRS,), {}),
    "paired_ratio_ci": ((PAIRS,), {}),
    "mcnemar": ((PAIRS,), {}),
    "ppv_score_test": ((PAIRS, PAIRS), {}),
    "npv_score_test": ((PAIRS, PAIRS), {}),
    "two_reader_agreement": ((agreement_table_from_counts([[40, 9], [6, 45]]),), {}),
    "multi_reader_agreement": (([[1, 1], [2, 1], [2, 2]],), {"categories": [1, 2]}),
    "calibration_test": (([0, 1, 0, 1], [0.1, 0.3, 0.6, 0.8]), CHANCES),
}
# Families that never were several functions have no old name to be found by.
NEW = dict.fromkeys(("rate_ci", "association_test"), "proportions")
PACKAGES = {new: package for package, new, _ in FUNCTIONS.values() if new in ASKED} | NEW


def function(name):
    return getattr(importlib.import_module(STATS + PACKAGES[name]), name)


def methods(name):
    """The methods that the annotation of a function names, in their order."""
    called = function(name)
    annotation = called.__annotations__["method"]
    return get_args(getattr(importlib.import_module(called.__module__), annotation))


@pytest.mark.parametrize("name", ASKED)
def test_every_method_has_a_result_and_the_docstring_explains_it(name):
    arguments, choices = ASKED[name]
    results = [function(name)(*arguments, method=m, **choices) for m in methods(name)]
    assert len({(r.method, getattr(r, "ci_method", "")) for r in results}) == len(results) > 1
    table = function(name).__doc__
    if name != "npv_score_test":  # as ppv_score_test
        assert all(re.search(rf"^    ``{m}`` ", table, re.M) for m in methods(name))


@pytest.mark.parametrize("name", ASKED)
def test_an_unknown_method_is_refused_by_name(name):
    arguments, choices = ASKED[name]
    known = ", ".join(repr(method) for method in methods(name))
    with pytest.raises(ValueError, match=f"method must be one of {known}, but got 'guess'"):
        function(name)(*arguments, method="guess", **choices)


@pytest.mark.parametrize("old", [old for old, (_, new, _) in FUNCTIONS.items() if new in ASKED])
def test_an_old_function_stands_for_a_method_that_is(old):
    _, new, choices = FUNCTIONS[old]
    assert choices["method"] in methods(new)
