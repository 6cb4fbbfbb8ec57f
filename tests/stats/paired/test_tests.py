"""McNemar tests and the conditional odds ratio against R, papers, exact fractions, enumeration."""

import itertools
import json
import math
from fractions import Fraction
from functools import partial
from math import comb

import numpy as np
import pytest
from scipy import stats

from tests.paired_sample import (
    counts,
    disease_tables,
    dtcompair_tables,
    limits,
    reference_cases,
    swapped,
    table_of,
)
from toolkit.results import result_from_dict
from toolkit.stats.paired.differences import paired_difference_ci
from toolkit.stats.paired.ratios import paired_ratio_ci
from toolkit.stats.paired.tests import (
    McNemarTest,
    PairedTest,
    conditional_odds_ratio_ci,
    mcnemar,
    mcnemar_joint,
)

mcnemar_asymptotic = partial(mcnemar, method="asymptotic")
mcnemar_corrected = partial(mcnemar, method="corrected")
mcnemar_exact = partial(mcnemar, method="exact")

MCNEMAR = [mcnemar_exact, mcnemar, mcnemar_asymptotic, mcnemar_corrected]

# R 4.2.2: exact2x2 1.7.0 mcnemar.exact; mid-P = 2 * pbinom(m, d, .5) - dbinom(m, d, .5).
# Tables here are both, only_b, only_a, neither; R's first method is our b.
MCNEMAR_P = [
    ((26, 3, 1, 6), 0.625, 0.375),
    ((20, 0, 0, 5), 1.0, 1.0),
    ((1, 1, 7, 12), 0.0703125, 0.0390625),
    ((180, 18, 25, 27), 0.36037765293576746, 0.29121523654589565),
]


def rejections(method, level, most):
    """Return the chance to reject the null hypothesis given 0, 1, ... discordant pairs."""
    return [
        sum(comb(n, k) for k in range(n + 1) if method(counts(0, k, n - k)).p_value <= level) / 2**n
        for n in range(most + 1)
    ]


@pytest.mark.parametrize(("cells", "exact", "midp"), MCNEMAR_P)
def test_mcnemar_matches_exact2x2(cells, exact, midp):
    assert mcnemar_exact(counts(*cells)).p_value == pytest.approx(exact, rel=1e-9)
    assert mcnemar(counts(*cells)).p_value == pytest.approx(midp, rel=1e-9)


def test_mcnemar_matches_every_reference_case(reference_data):
    cases = reference_cases(reference_data, "mcnemar_")
    for values, data in cases:
        assert mcnemar_exact(table_of(data)).p_value == pytest.approx(values["exact_p"], rel=1e-9)
        assert mcnemar(table_of(data)).p_value == pytest.approx(values["midp"], rel=1e-9)
        plain, corrected = mcnemar_asymptotic(table_of(data)), mcnemar_corrected(table_of(data))
        if values["asymptotic_stat"] == "NaN":  # R's 0 / 0 without discordant pairs; we say P = 1
            assert (plain.p_value, corrected.p_value) == (1.0, 1.0)
            continue
        assert plain.statistic == pytest.approx(values["asymptotic_stat"], rel=1e-9)
        assert plain.p_value == pytest.approx(values["asymptotic_p"], rel=1e-9)
        assert corrected.statistic == pytest.approx(values["cc_stat"], rel=1e-9)
        assert corrected.p_value == pytest.approx(values["cc_p"], rel=1e-9)
    assert len(cases) == 4


def test_mcnemar_matches_dtcompair(reference_data):
    cases = reference_cases(reference_data, "dtcompair_sesp.exactbinom")
    for values, data in cases:
        for name, table in dtcompair_tables(data).items():
            p_value = mcnemar_exact(table).p_value
            assert p_value == pytest.approx(values[name]["p.value"], rel=1e-9)
    assert len(cases) == 2


def exact_tails(only_b, only_a):
    """Return the exact and mid-P McNemar P as fractions, from the binomial distribution itself."""
    discordant = only_b + only_a
    weights = [Fraction(comb(discordant, k), 2**discordant) for k in range(discordant + 1)]
    fewer = min(only_b, only_a)
    tail = sum(weights[: fewer + 1])
    return min(Fraction(1), 2 * tail), min(Fraction(1), 2 * tail - weights[fewer])


@pytest.mark.parametrize("discordant", [0, 1, 2, 5, 12, 41, 200])
def test_mcnemar_matches_binomial_sums_in_fractions(discordant):
    for only_b in range(discordant + 1):
        table = counts(7, only_b, discordant - only_b, 3)
        exact, midp = exact_tails(only_b, discordant - only_b)
        assert mcnemar_exact(table).p_value == pytest.approx(float(exact), rel=1e-12)
        assert mcnemar(table).p_value == pytest.approx(float(midp), rel=1e-12)


def test_mid_p_lies_below_exact_p():
    for only_b, only_a in itertools.product(range(25), repeat=2):
        table = counts(0, only_b, only_a)
        midp, exact = mcnemar(table).p_value, mcnemar_exact(table).p_value
        assert midp <= exact <= 1
        assert mcnemar(swapped(table)).p_value == midp
        assert (midp == 1) == (only_a == only_b)


def test_exact_mcnemar_keeps_its_size():
    for level in (0.05, 0.01):
        assert max(rejections(mcnemar_exact, level, 60)) <= level


def test_midp_size_is_near_the_nominal_level_by_exact_sums():
    # Size over all tables of n pairs, of which a share is discordant: a binomial mixture of the
    # conditional sizes. Fagerland, Lydersen and Laake (2013): mid-P near nominal, exact far below.
    sizes = {}
    for method in (mcnemar_exact, mcnemar):
        conditional = np.array(rejections(method, 0.05, 80))
        sizes[method] = [
            stats.binom.pmf(np.arange(n + 1), n, share) @ conditional[: n + 1]
            for n in (40, 60, 80)
            for share in (0.2, 0.3, 0.4, 0.5)
        ]
    assert 0.03 < min(sizes[mcnemar]) < max(sizes[mcnemar]) < 0.053
    assert max(sizes[mcnemar_exact]) < min(sizes[mcnemar])


@pytest.mark.parametrize("method", MCNEMAR)
def test_mcnemar_without_discordant_pairs_is_1_where_statsmodels_gives_0(method):
    # statsmodels 0.15.0: mcnemar([[20, 0], [0, 5]], exact=False).pvalue is 0.0, with 0 / 0 inside
    result = method(counts(20, 0, 0, 5))
    assert (result.p_value, result.n_discordant) == (1.0, 0)
    assert result.note == "no discordant pairs, so P is 1"


@pytest.mark.parametrize("method", MCNEMAR)
def test_mcnemar_is_complete_and_survives_a_record(method):
    result = method(counts(26, 3, 1), quantity="sensitivity", label_a="reader", label_b="AI")
    assert (result.only_b, result.only_a, result.n_discordant) == (3, 1, 4)
    assert (result.quantity, result.label_a, result.label_b) == ("sensitivity", "reader", "AI")
    assert (result.statistic, result.df) == {
        mcnemar_exact: (3.0, None),
        mcnemar: (3.0, None),
        mcnemar_asymptotic: (1.0, 1.0),
        mcnemar_corrected: (0.25, 1.0),
    }[method]
    assert McNemarTest.from_dict(result.to_dict()).to_dict() == result.to_dict()


def test_mcnemar_matches_published_p_with_and_without_correction(reference_data):
    entries = json.loads((reference_data / "reference" / "published.json").read_text())["entries"]
    checked = 0
    for entry in entries:
        inputs, computed = entry["inputs"], entry["computed"]
        if "mcnemar" in computed:
            table = counts(0, inputs["discordant_new_only"], inputs["discordant_ref_only"])
            expected = computed["mcnemar"]
        elif "p_cc" in computed:
            table = counts(0, inputs["b"], inputs["c"])
            expected = {"cc": computed["p_cc"], "exact": computed["p_exact"]}
            # Front Radiol 2026: printed as 0.013, which only the corrected test gives.
            assert round(mcnemar_corrected(table).p_value, 3) == entry["published"]["p"]
        else:
            continue
        methods = {
            "exact": mcnemar_exact,
            "midp": mcnemar,
            "asym": mcnemar_asymptotic,
            "cc": mcnemar_corrected,
        }
        for name, p_value in expected.items():
            assert methods[name](table).p_value == pytest.approx(p_value, rel=1e-9)
        checked += 1
    assert checked == 4


def test_joint_test_matches_dtcompair(reference_data):
    [(values, data)] = reference_cases(reference_data, "dtcompair_sesp.gen.mcnemar")
    result = mcnemar_joint(*disease_tables(data))
    assert result.statistic == pytest.approx(values["test.statistic"], rel=1e-9)
    assert result.df == 2
    # DTComPair prints the P as 0; the upper tail of chi-square with 2 degrees of freedom
    assert result.p_value == pytest.approx(math.exp(-values["test.statistic"] / 2), rel=1e-9)


def test_asymptotic_test_matches_dtcompair(reference_data):
    [(values, data)] = reference_cases(reference_data, "dtcompair_sesp.mcnemar")
    for name, table in dtcompair_tables(data).items():
        result = mcnemar_asymptotic(table)
        assert result.statistic == pytest.approx(values[name]["test.statistic"], rel=1e-9)
        assert result.p_value == pytest.approx(values[name]["p.value"], rel=1e-9, abs=1e-15)


def test_asymptotic_test_is_the_one_that_the_score_intervals_invert():
    for only_b, only_a in itertools.product(range(9), repeat=2):
        table = counts(5, only_b, only_a, 7)
        p_value = mcnemar_asymptotic(table).p_value
        assert paired_difference_ci(table).p_value == pytest.approx(p_value, rel=1e-12)
        assert paired_ratio_ci(table).p_value == pytest.approx(p_value, rel=1e-12)


@pytest.mark.parametrize("method", MCNEMAR)
def test_swapping_the_methods_keeps_p(method):
    for only_b, only_a in itertools.product(range(12), repeat=2):
        table = counts(3, only_b, only_a)
        assert method(swapped(table)).p_value == method(table).p_value


def test_correction_is_taken_as_printed_also_where_it_overshoots():
    # (|b - c| - 1)^2 / (b + c); R's mcnemar.test leaves it out where b = c and gives 0
    result = mcnemar_corrected(counts(0, 3, 3))
    assert result.statistic == pytest.approx(1 / 6, rel=1e-15)
    assert result.note == "as many by b alone as by a alone: P is below 1 all the same"
    assert mcnemar_corrected(counts(0, 3, 2)).note == ""
    assert mcnemar_corrected(counts(0, 3, 2)).p_value == 1.0


def test_joint_test_adds_both_and_names_a_table_without_discordant_pairs():
    cancers, others = counts(5, 4, 1), counts(3, 0, 0)
    result = mcnemar_joint(cancers, others)
    assert (result.statistic, result.df) == (mcnemar_asymptotic(cancers).statistic, 2.0)
    assert result.note == "no discordant pairs in cases without the disease"
    both = mcnemar_joint(others, others)
    assert (both.p_value, both.statistic) == (1.0, 0.0)
    assert both.note == "no discordant pairs in cases with and without the disease"
    assert PairedTest.from_dict(both.to_dict()).to_dict() == both.to_dict()


@pytest.mark.parametrize("method", MCNEMAR)
def test_mcnemar_of_counts_beyond_32_bits(method):
    # 2^33 discordant pairs, 2 standard deviations apart: all four tests are then the normal one.
    result = method(counts(2**40, 2**32 + 92_682, 2**32 - 92_682, 2**40))
    deviate = 2 * 92_682 / math.sqrt(2**33)
    assert result.p_value == pytest.approx(2 * stats.norm.sf(deviate), rel=1e-4)


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


def test_no_pair_by_a_alone_makes_the_odds_ratio_infinite():
    result = conditional_odds_ratio_ci(counts(26, 3, 0))
    assert result.estimate == math.inf  # the maximum-likelihood value
    assert math.isnan(result.std_error)
    # (low / (1 + low))^3 = 0.025
    share = 0.025 ** (1 / 3)
    assert limits(result) == pytest.approx([share / (1 - share), math.inf], rel=1e-12)
    assert "infinite, without a standard error: no pair is positive by a alone" in result.note
    assert result_from_dict(result.to_dict()).estimate == math.inf


def test_six_pairs_against_none():
    result = conditional_odds_ratio_ci(counts(0, 6, 0))
    # Clopper-Pearson of 6 of 6: 0.025^(1/6), as odds 1.177.
    assert [result.estimate, *limits(result)] == pytest.approx([math.inf, 1.17742472, math.inf])
    turned = conditional_odds_ratio_ci(counts(0, 0, 6))
    assert (turned.estimate, turned.ci_low) == (0.0, 0.0)
    assert turned.ci_high == pytest.approx(1 / result.ci_low)
    assert math.isnan(conditional_odds_ratio_ci(counts(0, 0, 0)).estimate)


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
