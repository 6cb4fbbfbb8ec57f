"""Adjusted P values against R, closed testing by brute force and the definitions."""

import itertools
import math

import numpy as np
import pytest

from toolkit.results import result_from_dict
from toolkit.stats.claims.multiplicity import adjusted_p_values, fixed_sequence, simultaneous_level

P = [0.01, 0.04, 0.03, 0.005, 0.6, 0.04]
METHODS = ["holm", "hochberg", "hommel", "bonferroni", "sidak", "fdr_bh", "fdr_by"]
NAN = math.nan


def adjusted(p_values, method):
    """Return the adjusted P values of hypotheses named by number."""
    family = adjusted_p_values(p_values, [f"h{i}" for i in range(len(p_values))], method=method)
    return [test.p_adjusted for test in family]


# R 4.2.2: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.6, 0.04), method)
@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("bonferroni", [0.06, 0.24, 0.18, 0.03, 1.0, 0.24]),
        ("holm", [0.05, 0.12, 0.12, 0.03, 0.6, 0.12]),
        ("hochberg", [0.05, 0.08, 0.08, 0.03, 0.6, 0.08]),
        ("hommel", [0.05, 0.08, 0.06, 0.03, 0.6, 0.08]),
        ("fdr_bh", [0.03, 0.048, 0.048, 0.03, 0.6, 0.048]),
        ("fdr_by", [0.0735, 0.1176, 0.1176, 0.0735, 1.0, 0.1176]),
    ],
)
def test_adjusted_p_values_match_r(method, expected):
    assert adjusted(P, method) == pytest.approx(expected, rel=1e-12)


def test_benjamini_and_hochbergs_own_example():
    # J R Stat Soc B 1995;57:289-300, section 4: four of fifteen rejected, three by Bonferroni
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
    p += [0.4262, 0.5719, 0.6528, 0.7590, 1.0000]
    assert sum(value <= 0.05 for value in adjusted(p, "fdr_bh")) == 4
    assert sum(value <= 0.05 for value in adjusted(p, "bonferroni")) == 3


@pytest.mark.parametrize("size", [1, 2, 4, 6])
def test_holm_and_hommel_are_closed_tests(size):
    p = (np.random.default_rng(size).random(size) ** 2).tolist()

    def bonferroni(part):
        return len(part) * min(part)

    def simes(part):
        return min(len(part) * value / rank for rank, value in enumerate(sorted(part), 1))

    for method, local in (("holm", bonferroni), ("hommel", simes)):
        groups = [
            group
            for size in range(1, len(p) + 1)
            for group in itertools.combinations(range(len(p)), size)
        ]
        expected = [
            min(1.0, max(local([p[i] for i in group]) for group in groups if one in group))
            for one in range(len(p))
        ]
        assert adjusted(p, method) == pytest.approx(expected, rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("method", METHODS)
def test_order_does_not_matter_and_adjusting_never_lowers(method):
    order = [3, 1, 5, 0, 2, 4]
    forth, back = adjusted(P, method), adjusted([P[i] for i in order], method)
    assert back == pytest.approx([forth[i] for i in order], rel=1e-12)
    assert all(new >= old for new, old in zip(forth, P, strict=True))
    assert adjusted([1.0, 1.0], method) == [1.0, 1.0]
    assert adjusted([0.03], method) == pytest.approx([0.03], rel=1e-12)


def test_sidak_is_its_definition():
    assert adjusted(P, "sidak") == pytest.approx([1 - (1 - p) ** 6 for p in P], rel=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_an_undefined_p_stays_in_the_family_and_is_not_rejected(method):
    family = adjusted_p_values([0.01, NAN, 0.04], ["a", "b", "c"], method=method)
    as_one = adjusted([0.01, 1.0, 0.04], method)
    assert family[0].p_adjusted == as_one[0]
    assert family[2].p_adjusted == as_one[2]
    assert math.isnan(family[1].p_adjusted)
    assert family[1].note == "P is not defined: not rejected, and kept in the family"
    assert (family[0].note, family[0].rejected) == ("", None)
    for test in family:
        assert result_from_dict(test.to_dict()).to_dict() == test.to_dict()
        assert len(test.summary_frame()) == 1


def test_results_say_what_is_controlled():
    for method in METHODS:
        words = adjusted_p_values(P, list("abcdef"), method=method)[0].method
        assert ("false discovery rate" in words) == method.startswith("fdr")
        assert ("familywise error rate" in words) != method.startswith("fdr")


@pytest.mark.parametrize(
    ("p", "rejected", "p_adjusted"),
    [
        ([0.01, 0.02, 0.05], [True, True, True], [0.01, 0.02, 0.05]),
        ([0.01, 0.06, 0.001], [True, False, False], [0.01, 0.06, 0.06]),
        ([0.2, 0.001, 0.001], [False, False, False], [0.2, 0.2, 0.2]),
        ([0.01, NAN, 0.001], [True, False, False], [0.01, NAN, 1.0]),
    ],
)
def test_fixed_sequence_stops_at_the_first_not_rejected(p, rejected, p_adjusted):
    steps = fixed_sequence(p, ["a", "b", "c"], alpha=0.05)
    assert [step.rejected for step in steps] == rejected
    assert [step.p_adjusted for step in steps] == pytest.approx(p_adjusted, nan_ok=True)
    for place, step in enumerate(steps):
        assert ("not tested" in step.note) == (place > 0 and not all(rejected[:place]))
        assert ("not defined" in step.note) == math.isnan(step.p_value)
        assert result_from_dict(step.to_dict()).to_dict() == step.to_dict()


@pytest.mark.slow
@pytest.mark.parametrize("method", ["hochberg", "hommel", "fixed"])
def test_familywise_error_rate_is_kept_for_related_tests(method):
    from scipy import stats

    rng = np.random.default_rng(20260101)
    z = rng.normal(size=(4000, 1)) * 0.7 + rng.normal(size=(4000, 4)) * math.sqrt(1 - 0.49)
    z[:, 0] += 3  # the first is false, the others true
    wrong = 0
    for p in 2 * stats.norm.sf(np.abs(z)):
        if method == "fixed":
            wrong += any(step.rejected for step in fixed_sequence(p, list("abcd"), alpha=0.05)[1:])
        else:
            wrong += min(adjusted(p, method)[1:]) <= 0.05
    assert wrong / 4000 <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 4000)


def test_simultaneous_levels_are_their_definitions():
    for count in (1, 3, 20):
        bonferroni = simultaneous_level(count, ci_level=0.9)
        assert count * (1 - bonferroni) == pytest.approx(0.1, rel=1e-12)
        sidak = simultaneous_level(count, ci_level=0.9, method="sidak")
        assert sidak**count == pytest.approx(0.9, rel=1e-12)
        assert sidak <= bonferroni + 1e-15


@pytest.mark.parametrize(
    "function", [adjusted_p_values, lambda p, n: fixed_sequence(p, n, alpha=0.1)]
)
@pytest.mark.parametrize(
    ("p_values", "labels", "message"),
    [
        ([], [], "p_values must hold one P value or more, but it is empty"),
        ([0.1, 5], ["a", "b"], "p_values must lie from 0 to 1, but position 1 holds 5.0; write 5"),
        ([-0.1], ["a"], "p_values must lie from 0 to 1, but position 0 holds -0.1"),
        ([0.1, 0.2], ["a"], "labels must name the 2 hypotheses of p_values, but got 1"),
        ([0.1, 0.2], "ab", "labels must name the 2 hypotheses of p_values, but got 1"),
        ([[0.1]], ["a"], r"p_values must have shape \(n_cases,\), but got \(1, 1\)"),
    ],
)
def test_families_refuse_wrong_arguments(function, p_values, labels, message):
    with pytest.raises(ValueError, match=message):
        function(p_values, labels)


def test_wrong_choices_are_refused():
    with pytest.raises(ValueError, match=r"method must be one of 'holm', .* but got 'tukey'"):
        adjusted_p_values([0.1], ["a"], method="tukey")
    for alpha in (5, 0, True, NAN):
        with pytest.raises(ValueError, match="alpha must lie between 0 and 1, but got"):
            fixed_sequence([0.1], ["a"], alpha=alpha)
    with pytest.raises(ValueError, match="n_intervals must be 1 or more, but got 0"):
        simultaneous_level(0)
    with pytest.raises(ValueError, match="method must be one of 'bonferroni', 'sidak'"):
        simultaneous_level(2, method="holm")
    with pytest.raises(ValueError, match="ci_level must lie between 0 and 1"):
        simultaneous_level(2, ci_level=95)
