"""The conditional odds ratio against R, exact fractions and by symmetry."""

import itertools
import math
from fractions import Fraction
from math import comb

import pytest

from tests.paired_sample import counts, limits, reference_cases, swapped, table_of
from toolkit.results import result_from_dict
from toolkit.stats.paired.tests import conditional_odds_ratio_ci, mcnemar

# R 4.2.2, exact2x2 1.7.0: mcnemar.exact(matrix(c(26, 3, 1, 6), 2, byrow = TRUE)) and others
EXACT2X2 = [
    ((26, 3, 1, 6), 3, 0.24088022782926183, 157.4920882748108),
    ((1, 1, 7, 12), 1 / 7, 0.0031697390302537296, 1.1119755536473468),
    ((180, 18, 25, 27), 0.72, 0.3700772012543292, 1.373776812423585),
]


@pytest.mark.parametrize(("cells", "odds", "low", "high"), EXACT2X2)
def test_odds_ratio_matches_exact2x2(cells, odds, low, high):
    result = conditional_odds_ratio_ci(counts(*cells))
    assert result.estimate == pytest.approx(odds, rel=1e-12)
    assert limits(result) == pytest.approx([low, high], rel=1e-9)


def test_odds_ratio_matches_every_reference_case(reference_data):
    cases = reference_cases(reference_data, "mcnemar_")
    for values, data in cases:
        result = conditional_odds_ratio_ci(table_of(data))
        low, high = (float(limit) for limit in values["cond_or_exact_ci"])
        assert limits(result) == pytest.approx([low, high], rel=1e-9)
        if values["cond_or"] is None:
            assert math.isnan(result.estimate)
        else:
            assert result.estimate == pytest.approx(values["cond_or"], rel=1e-9)
        assert result.p_value == pytest.approx(values["exact_p"], rel=1e-9)
    assert len(cases) == 4


def tail_from(only_b, only_a, odds):
    """Return P(as many pairs by b alone, or more) as a fraction."""
    n, share = only_b + only_a, odds / (1 + odds)
    return sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(only_b, n + 1))


@pytest.mark.parametrize("pair", [(3, 1), (1, 7), (5, 0), (0, 4), (12, 12), (1, 0)])
def test_limits_and_margin_give_the_binomial_tails_in_fractions(pair):
    only_b, only_a = pair
    table, tail = counts(2, *pair), 0.025
    result = conditional_odds_ratio_ci(table)
    if only_b:
        assert float(tail_from(only_b, only_a, Fraction(result.ci_low))) == pytest.approx(tail)
    if only_a:
        turned = Fraction(1) / Fraction(result.ci_high)
        assert float(tail_from(only_a, only_b, turned)) == pytest.approx(tail)
    higher = conditional_odds_ratio_ci(table, margin=0.5, better="higher")
    expected = float(tail_from(only_b, only_a, Fraction(1, 2)))
    assert higher.p_noninferiority == pytest.approx(expected, rel=1e-12)
    lower = conditional_odds_ratio_ci(table, margin=2, better="lower")
    expected = float(tail_from(only_a, only_b, Fraction(1, 2)))
    assert lower.p_noninferiority == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("ci_level", [0.5, 0.9, 0.95])
def test_p_and_margin_agree_with_the_interval_for_every_small_table(ci_level):
    margins = {"higher": 0.6, "lower": 1.6}
    pairs = itertools.product(range(13), range(13), margins.items())
    for only_b, only_a, (better, margin) in pairs:
        table = counts(1, only_b, only_a)
        result = conditional_odds_ratio_ci(table, ci_level=ci_level, margin=margin, better=better)
        excluded = not result.ci_low <= 1 <= result.ci_high
        assert (result.p_value < 1 - ci_level) is excluded
        assert (result.p_noninferiority < (1 - ci_level) / 2) is result.noninferior
        assert result.ci_low < result.ci_high
        assert result.p_value == mcnemar(table, method="exact").p_value
        assert result.statistic * (only_b - only_a) >= 0


def test_swapping_the_methods_inverts_the_odds_ratio():
    for only_b, only_a in itertools.product(range(1, 9), repeat=2):
        forth = conditional_odds_ratio_ci(counts(0, only_b, only_a), margin=0.8, better="higher")
        turned = swapped(counts(0, only_b, only_a))
        back = conditional_odds_ratio_ci(turned, margin=1.25, better="lower")
        assert back.estimate == pytest.approx(1 / forth.estimate, rel=1e-15)
        assert limits(back) == pytest.approx([1 / forth.ci_high, 1 / forth.ci_low], rel=1e-12)
        assert back.statistic == -forth.statistic
        assert back.p_noninferiority == pytest.approx(forth.p_noninferiority, rel=1e-12)
        assert (back.std_error / back.estimate) == pytest.approx(forth.std_error / forth.estimate)


def test_coverage_is_never_below_the_level_by_exact_sums():
    for n, odds in itertools.product((5, 12, 25), (0.1, 0.5, 1.0, 1.9, 6.0)):
        share = odds / (1 + odds)
        covered = 0.0
        for k in range(n + 1):
            result = conditional_odds_ratio_ci(counts(0, k, n - k))
            inside = result.ci_low <= odds <= result.ci_high
            covered += inside * comb(n, k) * share**k * (1 - share) ** (n - k)
        assert covered >= 0.95 - 1e-12


def test_no_pair_by_a_alone_leaves_a_lower_limit_only():
    result = conditional_odds_ratio_ci(counts(26, 3, 0))
    assert math.isnan(result.estimate)
    assert math.isnan(result.std_error)
    # (low / (1 + low))^3 = 0.025
    share = 0.025 ** (1 / 3)
    assert limits(result) == pytest.approx([share / (1 - share), math.inf], rel=1e-12)
    assert result.note == "the odds ratio is not defined: no pair is positive by a alone"


def test_no_discordant_pairs_exclude_nothing():
    result = conditional_odds_ratio_ci(counts(26, 0, 0), margin=0.5, better="higher")
    assert limits(result) == [0.0, math.inf]
    assert (result.p_value, result.statistic, result.p_noninferiority) == (1.0, 0.0, 1.0)
    assert result.note == "the odds ratio is not defined: no discordant pairs"
    assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()


def test_counts_beyond_32_bits_keep_their_digits():
    result = conditional_odds_ratio_ci(counts(0, 2**33, 2**33))
    reach = 1.959963984540054 * math.sqrt(2 / 2**33)
    assert [math.log(limit) for limit in limits(result)] == pytest.approx([-reach, reach], rel=1e-4)
    assert result.p_value == 1.0


def test_odds_ratio_refuses_wrong_choices():
    with pytest.raises(ValueError, match=r"ci_level must lie between 0 and 1, but got 95\.0"):
        conditional_odds_ratio_ci(counts(1, 2, 3), ci_level=95)
    with pytest.raises(ValueError, match="margin of a ratio must be above 1 where lower is better"):
        conditional_odds_ratio_ci(counts(1, 2, 3), margin=0.5, better="lower")
