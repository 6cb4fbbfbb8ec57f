"""Tango, Newcombe and Tang intervals against R, papers and brute force."""

import itertools
import json
import math
import warnings
from functools import partial

import numpy as np
import pytest
from scipy import optimize, stats

from tests.paired_sample import (
    counts,
    dtcompair_tables,
    limits,
    negatives,
    reference_cases,
    small_tables,
    swapped,
    table_of,
)
from toolkit.results import Comparison, result_from_dict
from toolkit.stats.paired.counts import PairedCounts, paired_counts
from toolkit.stats.paired.differences import paired_difference_ci
from toolkit.stats.paired.ratios import paired_ratio_ci
from toolkit.stats.paired.tests import mcnemar
from toolkit.stats.proportions.one import per_1000

mcnemar_exact = partial(mcnemar, method="exact")
newcombe_paired_ci = partial(paired_difference_ci, method="newcombe")

COMPARISONS = [paired_difference_ci, newcombe_paired_ci, paired_ratio_ci]
Z = stats.norm.isf(0.025)


# --- reference -----------------------------------------------------------------------------------

# R 4.2.2: contingencytables 3.0.1: {Tango_asymptotic_score,Newcombe_square_and_add,
# Tang_asymptotic_score}_CI_paired_2x2, refined by root finding to 1e-15, they print fewer digits.
# Tables here are both, only_b, only_a, neither; R's first method is our b.
TANGO = [
    ((261, 28, 10, 45), 0.018107825422715777, 0.08977614843596401),
    ((30, 6, 0, 4), 0.049235158623120376, 0.29072324366489705),
    ((900, 1180, 760, 37160), 0.00835129107703053, 0.012666480932213215),
]
NEWCOMBE = [
    ((261, 28, 10, 45), 0.017154427626376957, 0.0884128458022683),
    ((30, 6, 0, 4), 0.026927893095704147, 0.2838004761986028),
    ((900, 1180, 760, 37160), 0.008348058375692923, 0.012663918913239978),
]
TANG = [
    ((26, 3, 1, 6), 0.9060096574557526, 1.3104835959521404),
    ((20, 0, 0, 5), 0.8388748419471808, 1.1920729410347062),
    ((1, 1, 7, 12), 0.06527922396859506, 0.906880556579181),
    ((180, 18, 25, 27), 0.9028767887791016, 1.0306620385301488),
]


@pytest.mark.parametrize(
    ("method", "cells", "low", "high"),
    [(paired_difference_ci, *row) for row in TANGO]
    + [(newcombe_paired_ci, *row) for row in NEWCOMBE]
    + [(paired_ratio_ci, *row) for row in TANG],
)
def test_intervals_match_r(method, cells, low, high):
    assert limits(method(counts(*cells))) == pytest.approx([low, high], rel=1e-9)


def test_tango_and_newcombe_match_every_reference_case(reference_data):
    cases = reference_cases(reference_data, "paired_diff_")
    for values, data in cases:
        tango, newcombe = paired_difference_ci(table_of(data)), newcombe_paired_ci(table_of(data))
        assert limits(tango) == pytest.approx(values["tango"], rel=1e-9)
        printed = values["tango_contingencytables"]
        assert limits(tango) == pytest.approx([printed["lower"], printed["upper"]], abs=1e-6)
        assert tango.estimate == pytest.approx(values["diff"], rel=1e-12)
        assert limits(newcombe) == pytest.approx(values["newcombe10"], rel=1e-9)
    assert len(cases) == 3


def test_tang_matches_every_reference_case(reference_data):
    cases = reference_cases(reference_data, "paired_ratio_")
    for values, data in cases:
        tang = paired_ratio_ci(table_of(data))
        assert limits(tang) == pytest.approx(values["tang"], rel=1e-9)
        printed = values["tang_score"]
        assert limits(tang) == pytest.approx([printed["lower"], printed["upper"]], abs=1e-6)
        assert tang.estimate == pytest.approx(values["ratio"], rel=1e-12)
    assert len(cases) == 4


def test_tango_noninferiority_matches_every_reference_case(reference_data):
    cases = reference_cases(reference_data, "ni_paired_diff_")
    for values, data in cases:
        result = paired_difference_ci(table_of(data), margin=0.05, better="higher")
        # The oracle takes 1 minus a distribution function, so small P have fewer digits there.
        assert result.p_noninferiority == pytest.approx(values["tango_p"], rel=1e-9, abs=1e-15)
        assert result.p_noninferiority == pytest.approx(values["score"]["pval_right"], abs=1e-6)
        assert result.p_value == pytest.approx(values["score"]["pval2sided"], rel=1e-9)
        assert result.statistic**2 == pytest.approx(values["score"]["chisq"], rel=1e-9)
    assert len(cases) == 7


def test_tango_matches_dtcompair_where_its_sign_is_right(reference_data):
    cases = reference_cases(reference_data, "dtcompair_sesp_diff_tango")
    wrong_signs = 0
    for values, data in cases:
        tables = dtcompair_tables(data)
        for name, table in (("sens", tables["sensitivity"]), ("spec", tables["specificity"])):
            result = paired_difference_ci(table)
            assert limits(result) == pytest.approx(values[name]["tango_correct"], abs=1e-5)
            assert result.estimate == pytest.approx(values[name]["diff"], rel=1e-9)
            theirs = [values[name]["diff.lcl"], values[name]["diff.ucl"]]
            wrong_signs += limits(result) != pytest.approx(theirs, abs=1e-5)
    assert (len(cases), wrong_signs) == (2, 1)


def test_tango_p_is_the_uncorrected_mcnemar_p_of_dtcompair(reference_data):
    [(values, data)] = reference_cases(reference_data, "dtcompair_sesp.mcnemar")
    for name, table in dtcompair_tables(data).items():
        result = paired_difference_ci(table)
        assert result.statistic**2 == pytest.approx(values[name]["test.statistic"], rel=1e-9)
        # DTComPair prints a P of 1.5e-21 as 0
        assert result.p_value == pytest.approx(values[name]["p.value"], rel=1e-9, abs=1e-15)


def test_tango_has_the_sign_of_b_minus_a_where_dtcompair_mirrors_it():
    # DTComPair 1.2.2, sesp.diff.ci(ci.method = "tango"): -0.087 with (-0.141, 0.312), which is
    # the interval of the opposite difference; both=14, second test only=2, first only=4, neither=3
    result = paired_difference_ci(counts(14, 2, 4, 3))
    assert result.estimate == pytest.approx(-2 / 23, rel=1e-15)
    assert limits(result) == pytest.approx([-0.3117893204349197, 0.1406730098503016], rel=1e-9)


# ScreenTrustCAD, Lancet Digit Health 2023;5:e703, doi:10.1016/S2589-7500(23)00153-X: relative
# detection with its 95 % interval as printed; the discordant pairs follow from 269 cancers in all.
SCREENTRUSTCAD = [
    ((242, 19, 8), 1.04, 1.00, 1.09),
    ((227, 19, 23), 0.98, 0.93, 1.04),
]


@pytest.mark.parametrize(("cells", "ratio", "low", "high"), SCREENTRUSTCAD)
def test_tang_reproduces_published_relative_detection(cells, ratio, low, high):
    result = paired_ratio_ci(counts(*cells))
    rounded = [round(v, 2) for v in (result.estimate, *limits(result))]
    assert rounded == [ratio, low, high]


def test_paired_entries_of_published_studies(reference_data):
    entries = json.loads((reference_data / "reference" / "published.json").read_text())["entries"]
    checked = 0
    for entry in entries:
        inputs, computed = entry["inputs"], entry["computed"]
        if "discordant_new_only" in inputs:
            only_b, only_a = inputs["discordant_new_only"], inputs["discordant_ref_only"]
            table = counts(inputs["pos_new"] - only_b, only_b, only_a)
            assert table.positive_a == inputs["pos_ref"]
            ratio = paired_ratio_ci(table)
            assert ratio.estimate == pytest.approx(entry["computed"]["estimate"], rel=1e-12)
            expected = computed["mcnemar"]
            assert mcnemar_exact(table).p_value == pytest.approx(expected["exact"], rel=1e-9)
            assert mcnemar(table).p_value == pytest.approx(expected["midp"], rel=1e-9)
            assert ratio.p_value == pytest.approx(expected["asym"], rel=1e-9)
        elif "assumed_b" in inputs:
            table = counts(inputs["pos_noai"], inputs["assumed_b"], inputs["assumed_c"])
            assert mcnemar_exact(table).p_value == pytest.approx(computed["p"], rel=1e-9)
        elif "p_exact" in computed:
            table = counts(0, inputs["b"], inputs["c"])
            assert mcnemar_exact(table).p_value == pytest.approx(computed["p_exact"], rel=1e-9)
        else:
            continue
        checked += 1
    assert checked == 5


# --- second oracle: brute force ------------------------------------------------------------------


def log_likelihood(cells, shares):
    """Return the multinomial log-likelihood; 0 log 0 is 0."""
    return sum(n * math.log(p) if n else 0.0 for n, p in zip(cells, shares, strict=True))


def maximum(function, low, high):
    """Return where a concave function is largest, by golden section to full precision."""
    found = optimize.minimize_scalar(
        lambda x: -function(x), bounds=(low, high), method="bounded", options={"xatol": 1e-14}
    )
    return found.x


def score_of_difference(table, difference):
    """Return Tango's score with the likelihood maximised numerically, cells as they stand."""
    n = table.n_pairs
    cells = (table.only_b, table.only_a, n - table.n_discordant)

    def shares(share_a):
        return share_a + difference, share_a, 1 - 2 * share_a - difference

    low, high = max(0.0, -difference), (1 - difference) / 2
    margin = 1e-13 * (high - low)
    only_a = maximum(lambda q: log_likelihood(cells, shares(q)), low + margin, high - margin)
    only_b = only_a + difference
    variance = n * (only_b + only_a - difference**2)
    return (table.only_b - table.only_a - n * difference) / math.sqrt(variance)


def score_of_ratio(table, ratio):
    """Return Tang's score with the likelihood of all four cells maximised numerically."""
    cells = (table.both, table.only_b, table.only_a)
    total = sum(cells)

    def shares(only_a):  # shares of pairs positive by at least one method; ratio fixed
        both = (1 - (1 + ratio) * only_a) / ratio
        return both, 1 - only_a - both, only_a

    low, high = max(0.0, 1 - ratio), 1 / (1 + ratio)
    margin = 1e-13 * (high - low)
    only_a = maximum(lambda q: log_likelihood(cells, shares(q)), low + margin, high - margin)
    both, only_b, only_a = shares(only_a)
    variance = total * ((1 - ratio) ** 2 * both + only_b + ratio**2 * only_a)
    return (table.positive_b - ratio * table.positive_a) / math.sqrt(variance)


BRUTE = [
    (26, 3, 1, 6),
    (5, 4, 9, 2),
    (30, 6, 1, 4),
    (3, 1, 2, 200),
    (261, 28, 10, 45),
    (2, 9, 1, 0),
]


@pytest.mark.parametrize("cells", BRUTE)
def test_tango_limits_are_roots_of_numerically_maximised_score(cells):
    table = counts(*cells)
    estimate = (table.only_b - table.only_a) / table.n_pairs
    low = optimize.brentq(lambda d: score_of_difference(table, d) - Z, -1 + 1e-9, estimate)
    high = optimize.brentq(lambda d: score_of_difference(table, d) + Z, estimate, 1 - 1e-9)
    assert limits(paired_difference_ci(table)) == pytest.approx([low, high], abs=1e-7)


@pytest.mark.parametrize("cells", BRUTE)
def test_tang_limits_are_roots_of_numerically_maximised_score(cells):
    table = counts(*cells)
    estimate = table.positive_b / table.positive_a
    low = optimize.brentq(lambda r: score_of_ratio(table, r) - Z, 1e-3, estimate)
    high = optimize.brentq(lambda r: score_of_ratio(table, r) + Z, estimate, 1e3)
    assert limits(paired_ratio_ci(table)) == pytest.approx([low, high], rel=1e-7)


def test_tang_score_is_that_of_the_full_likelihood_with_the_fourth_cell():
    # Maximised over both free shares of the four-cell multinomial, neither included.
    table, ratio = counts(12, 5, 3, 30), 0.9

    def minus(free):
        only_a, both = free
        only_b = ratio * (both + only_a) - both
        cells = (12, 5, 3, 30)
        shares = (both, only_b, only_a, 1 - both - only_b - only_a)
        return -log_likelihood(cells, shares) if min(shares) > 0 else 1e9

    found = optimize.minimize(
        minus, (0.06, 0.25), method="Nelder-Mead", options={"xatol": 1e-12, "fatol": 1e-13}
    )
    only_a, both = found.x
    only_b = ratio * (both + only_a) - both
    variance = 50 * ((1 - ratio) ** 2 * both + only_b + ratio**2 * only_a)
    statistic = (table.positive_b - ratio * table.positive_a) / math.sqrt(variance)
    result = paired_ratio_ci(table, margin=0.9, better="higher")
    assert result.p_noninferiority == pytest.approx(stats.norm.sf(statistic), rel=1e-6)


# --- properties ----------------------------------------------------------------------------------

TABLES = [
    (26, 3, 1, 6),
    (261, 28, 10, 45),
    (0, 4, 2, 30),
    (5, 0, 3, 0),
    (20, 0, 0, 5),
    (1, 1, 7, 12),
]


@pytest.mark.parametrize("cells", TABLES)
@pytest.mark.parametrize("method", [paired_difference_ci, newcombe_paired_ci])
def test_swapping_methods_negates_a_difference(method, cells):
    forth = method(counts(*cells), margin=0.1, better="higher")
    back = method(swapped(counts(*cells)), margin=0.1, better="lower")
    assert back.estimate == -forth.estimate
    assert limits(back) == pytest.approx([-forth.ci_high, -forth.ci_low], rel=1e-12)
    assert back.statistic == pytest.approx(-forth.statistic, rel=1e-12, abs=1e-15)
    assert (back.p_value, back.p_noninferiority) == pytest.approx(
        (forth.p_value, forth.p_noninferiority), rel=1e-9
    )
    assert (back.estimate_a, back.estimate_b) == (forth.estimate_b, forth.estimate_a)


@pytest.mark.parametrize("cells", [c for c in TABLES if c[0]])
def test_swapping_methods_inverts_a_ratio(cells):
    forth = paired_ratio_ci(counts(*cells), margin=0.8, better="higher")
    back = paired_ratio_ci(swapped(counts(*cells)), margin=1.25, better="lower")
    assert back.estimate == pytest.approx(1 / forth.estimate, rel=1e-15)
    assert limits(back) == pytest.approx([1 / forth.ci_high, 1 / forth.ci_low], rel=1e-12)
    assert (back.p_value, back.p_noninferiority) == pytest.approx(
        (forth.p_value, forth.p_noninferiority), rel=1e-9
    )


@pytest.mark.parametrize("cells", TABLES)
@pytest.mark.parametrize("method", [paired_difference_ci, newcombe_paired_ci])
def test_counting_negative_calls_negates_a_difference(method, cells):
    forth, back = method(counts(*cells)), method(negatives(counts(*cells)))
    assert back.estimate == -forth.estimate
    assert limits(back) == pytest.approx([-forth.ci_high, -forth.ci_low], rel=1e-11)


@pytest.mark.parametrize("ci_level", [0.8, 0.95, 0.999])
@pytest.mark.parametrize("method", COMPARISONS)
def test_p_and_margin_agree_with_the_interval_for_every_small_table(method, ci_level):
    null = 1.0 if method is paired_ratio_ci else 0.0
    margins = {"higher": 0.8, "lower": 1.3} if null else {"higher": 0.2, "lower": 0.15}
    tail = (1 - ci_level) / 2
    for table, (better, margin) in itertools.product(small_tables(7), margins.items()):
        result = method(table, ci_level=ci_level, margin=margin, better=better)
        if math.isnan(result.ci_low):
            continue
        excluded = not result.ci_low <= null <= result.ci_high
        assert (result.p_value < 1 - ci_level) is excluded, table
        assert (result.p_noninferiority < tail) is result.noninferior, table
        assert result.ci_low <= result.ci_high
        if not math.isnan(result.estimate):
            assert result.ci_low <= result.estimate <= result.ci_high


@pytest.mark.parametrize("n_pairs", [1, 2, 6, 11])
def test_limits_stay_in_range_and_put_back_give_the_level(n_pairs):
    for table in small_tables(n_pairs):
        difference, newcombe = paired_difference_ci(table), newcombe_paired_ci(table)
        for result in (difference, newcombe):
            assert -1 <= result.ci_low <= result.ci_high <= 1
        if -1 < difference.ci_low < 0:
            back = paired_difference_ci(table, margin=-difference.ci_low, better="higher")
            assert back.p_noninferiority == pytest.approx(0.025, rel=1e-9)
        if 0 < difference.ci_high < 1:
            back = paired_difference_ci(table, margin=difference.ci_high, better="lower")
            assert back.p_noninferiority == pytest.approx(0.025, rel=1e-9)
        if 0 < newcombe.ci_high < 1:
            back = newcombe_paired_ci(table, margin=newcombe.ci_high, better="lower")
            assert back.p_noninferiority == pytest.approx(0.025, rel=1e-7)
        ratio = paired_ratio_ci(table)
        if 0 < ratio.ci_low < 1:
            back = paired_ratio_ci(table, margin=ratio.ci_low, better="higher")
            assert back.p_noninferiority == pytest.approx(0.025, rel=1e-9)
        if 1 < ratio.ci_high < math.inf:
            back = paired_ratio_ci(table, margin=ratio.ci_high, better="lower")
            assert back.p_noninferiority == pytest.approx(0.025, rel=1e-9)


@pytest.mark.parametrize("method", [paired_ratio_ci, mcnemar_exact, mcnemar])
def test_pairs_positive_by_neither_do_not_matter_to_ratio_and_mcnemar(method):
    results = [method(counts(242, 19, 8, neither)) for neither in (None, 0, 55312)]
    assert len({r.p_value for r in results}) == 1
    if method is paired_ratio_ci:
        assert len({(r.estimate, r.ci_low, r.ci_high, r.std_error) for r in results}) == 1


def test_tests_of_difference_and_ratio_are_mcnemar_without_correction():
    for cells in TABLES:
        table = counts(*cells)
        expected = (table.only_b - table.only_a) / math.sqrt(max(table.n_discordant, 1))
        assert paired_difference_ci(table).statistic == pytest.approx(expected, rel=1e-12)
        assert paired_ratio_ci(table).statistic == pytest.approx(expected, rel=1e-12)


def test_standard_errors_are_those_of_the_plug_in_formulas():
    table = counts(261, 28, 10, 45)
    difference, ratio = paired_difference_ci(table), paired_ratio_ci(swapped(table))
    signs = np.repeat([0, 1, -1], [306, 28, 10])
    assert difference.std_error == pytest.approx(signs.std() / math.sqrt(344), rel=1e-12)
    # DTComPair 1.2.2, tpffpf.rel: standard error of the logarithm of the ratio
    relative = ratio.std_error / ratio.estimate
    assert relative == pytest.approx(0.02202714605595375, rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("method", [paired_difference_ci, paired_ratio_ci])
def test_score_intervals_cover_near_their_level_by_exact_sums(method):
    n, shares = 60, {"both": 0.6, "only_b": 0.12, "only_a": 0.08}
    truth = 0.04 if method is paired_difference_ci else 0.72 / 0.68
    covered = 0.0
    for only_b, only_a in itertools.product(range(n + 1), repeat=2):
        if only_b + only_a > n:
            continue
        for both in range(n + 1 - only_b - only_a):
            cells = (both, only_b, only_a, n - both - only_b - only_a)
            weight = stats.multinomial.pmf(cells, n, [*shares.values(), 0.2])
            if weight > 1e-9:
                result = method(counts(*cells))
                covered += weight * (result.ci_low <= truth <= result.ci_high)
    assert covered == pytest.approx(0.95, abs=0.01)


def test_paired_counts_from_calls_do_not_depend_on_case_order():
    rng = np.random.default_rng(20260101)
    call_a, call_b = rng.integers(0, 2, (2, 500))
    order = rng.permutation(500)
    forth, back = paired_counts(call_a, call_b), paired_counts(call_a[order], call_b[order])
    assert forth.to_dict() == back.to_dict()
    assert forth.n_pairs == 500
    assert (forth.positive_a, forth.positive_b) == (call_a.sum(), call_b.sum())
    assert paired_counts(call_b, call_a).to_dict() == swapped(forth).to_dict()


# --- edges ---------------------------------------------------------------------------------------


def test_perfect_agreement_has_an_interval_and_p_of_1():
    z2 = Z * Z
    difference, ratio = (
        paired_difference_ci(counts(20, 0, 0, 5)),
        paired_ratio_ci(counts(20, 0, 0, 5)),
    )
    # Without discordance Tango's limits are -+ z^2 / (n + z^2), Tang's 1 + z^2 / both and inverse
    assert limits(difference) == pytest.approx([-z2 / (25 + z2), z2 / (25 + z2)], rel=1e-12)
    assert limits(ratio) == pytest.approx([1 / (1 + z2 / 20), 1 + z2 / 20], rel=1e-12)
    for result in (difference, ratio):
        assert (result.p_value, result.statistic, result.std_error) == (1.0, 0.0, 0.0)
        assert result.note == "no discordant pairs: the plug-in standard error is 0"


def test_all_pairs_discordant_one_way_reach_the_end_exactly():
    z2 = Z * Z
    result = paired_difference_ci(counts(0, 9, 0, 0), margin=0.5, better="higher")
    assert limits(result) == pytest.approx([(9 - z2) / (9 + z2), 1.0], rel=1e-12)
    assert result.ci_high == 1.0
    assert paired_difference_ci(counts(0, 0, 9, 0)).ci_low == -1.0


@pytest.mark.parametrize("cells", [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)])
def test_one_pair_is_enough_for_a_difference(cells):
    for method in (paired_difference_ci, newcombe_paired_ci):
        result = method(counts(*cells), margin=0.1, better="lower")
        assert -1 <= result.ci_low <= result.estimate <= result.ci_high <= 1
        assert 0 <= result.p_value <= 1
        assert 0 <= result.p_noninferiority <= 1
        assert result.noninferior is False


def test_ratio_without_positives_by_the_comparator_has_a_lower_limit_only():
    result = paired_ratio_ci(counts(0, 5, 0, 20), margin=0.5, better="higher")
    assert math.isnan(result.estimate)
    assert math.isnan(result.std_error)
    # The score is then sqrt(only_b / ratio)
    assert limits(result) == pytest.approx([5 / Z**2, math.inf], rel=1e-12)
    assert result.p_value == pytest.approx(2 * stats.norm.sf(math.sqrt(5)), rel=1e-12)
    assert result.p_noninferiority == pytest.approx(stats.norm.sf(math.sqrt(10)), rel=1e-12)
    assert result.note == "the ratio is not defined: a called no case positive"
    assert Comparison.from_dict(result.to_dict()).ci_high == math.inf


def test_ratio_without_positives_by_the_new_method_is_0_with_an_upper_limit():
    result = paired_ratio_ci(counts(0, 0, 5, 20), margin=1.2, better="lower")
    assert (result.estimate, result.ci_low, result.std_error) == (0.0, 0.0, 0.0)
    assert result.ci_high == pytest.approx(Z**2 / 5, rel=1e-12)
    assert result.noninferior is True


def test_ratio_without_any_positive_is_undefined_with_a_note():
    result = paired_ratio_ci(counts(0, 0, 0, 20), margin=0.9, better="higher")
    for name in ("estimate", "ci_low", "ci_high", "std_error", "p_value", "p_noninferiority"):
        assert math.isnan(getattr(result, name))
    assert result.note == "the ratio is not defined: a called no case positive"
    assert (result.estimate_a, result.estimate_b, result.n_cases) == (0.0, 0.0, 20)
    assert result.noninferior is False


@pytest.mark.parametrize("method", COMPARISONS)
def test_no_pairs_are_undefined_with_a_note(method):
    result = method(counts(0, 0, 0, 0), margin=0.5, better="higher")
    for name in ("estimate", "estimate_a", "ci_low", "ci_high", "statistic", "p_value"):
        assert math.isnan(getattr(result, name))
    assert "no pairs" in result.note


def test_ratio_with_unverified_negatives_says_that_the_proportions_are_unknown():
    result = paired_ratio_ci(counts(242, 19, 8), label_a="two readers", label_b="reader and AI")
    assert (result.n_cases, result.label_b) == (None, "reader and AI")
    assert math.isnan(result.estimate_a)
    assert result.note == (
        "the proportions themselves are not defined: cases positive by neither were not counted"
    )


def test_a_million_pairs_keep_their_digits():
    # Rare discordance among many: normal limits are close, and nothing overflows or cancels.
    table = counts(500_000, 1_200, 1_000, 497_800)
    wald = paired_difference_ci(table).std_error * Z
    assert limits(paired_difference_ci(table)) == pytest.approx(
        [2e-4 - wald, 2e-4 + wald], rel=2e-3
    )
    put_back = paired_difference_ci(
        table, margin=paired_difference_ci(table).ci_high, better="lower"
    )
    assert put_back.p_noninferiority == pytest.approx(0.025, rel=1e-7)
    ratio = paired_ratio_ci(table)
    log_wald = ratio.std_error / ratio.estimate * Z
    assert np.log(limits(ratio)) == pytest.approx(
        [math.log(ratio.estimate) - log_wald, math.log(ratio.estimate) + log_wald], rel=2e-3
    )
    assert mcnemar_exact(table).p_value == pytest.approx(
        2 * stats.binom.cdf(1000, 2200, 0.5), rel=1e-9
    )
    huge = mcnemar(counts(0, 499_000, 501_000))
    assert huge.p_value == pytest.approx(2 * stats.norm.sf(2.0), rel=1e-3)


def test_identical_million_pairs_have_the_closed_form():
    z2, n = Z * Z, 10**6
    assert paired_difference_ci(counts(n, 0, 0, 0)).ci_high == pytest.approx(
        z2 / (n + z2), rel=1e-12
    )
    ratio = paired_ratio_ci(counts(n, 0, 0, 0))
    assert ratio.ci_high - 1 == pytest.approx(z2 / n, rel=1e-9)


def test_extreme_evidence_gives_p_of_0_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = paired_difference_ci(counts(0, 100_000, 0, 0), margin=0.9, better="higher")
        newcombe = newcombe_paired_ci(counts(0, 100_000, 0, 0), margin=0.9, better="higher")
    assert result.p_value == 0.0
    assert newcombe.p_value == 0.0
    assert result.noninferior is newcombe.noninferior is True


def test_difference_per_1000_keeps_its_verdict():
    plain = paired_difference_ci(counts(60, 9, 2, 9929), margin=0.001, better="higher")
    scaled = per_1000(plain)
    assert (scaled.unit, scaled.margin) == ("per_1000", 1.0)
    assert (scaled.estimate, scaled.estimate_b) == pytest.approx((0.7, 6.9), rel=1e-12)
    assert limits(scaled) == [1000 * plain.ci_low, 1000 * plain.ci_high]
    assert (scaled.noninferior, scaled.p_value) == (plain.noninferior, plain.p_value)


@pytest.mark.parametrize("method", COMPARISONS)
def test_comparisons_are_complete_and_survive_a_record(method):
    choices = {"ci_level": 0.9, "quantity": "sensitivity", "label_a": "reader", "label_b": "AI"}
    result = method(counts(26, 3, 1, 6), **choices)
    assert (result.label_a, result.label_b, result.quantity) == ("reader", "AI", "sensitivity")
    assert (result.estimate_a, result.estimate_b) == (27 / 36, 29 / 36)
    assert (result.n_cases, result.ci_level, result.df) == (36, 0.9, math.inf)
    assert (result.margin, result.p_noninferiority, result.noninferior) == (None, None, None)
    assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()


@pytest.mark.parametrize("neither", [None, 6])
def test_paired_table_survives_a_record(neither):
    table = counts(26, 3, 1, neither)
    assert PairedCounts.from_dict(table.to_dict()) == table
    assert table.n_pairs == (None if neither is None else 36)


def test_paired_counts_take_any_binary_numbers_and_no_case_at_all():
    table = paired_counts(np.array([1.0, 0.0, 1.0]), [True, False, False])
    assert (table.both, table.only_b, table.only_a, table.neither) == (1, 0, 1, 1)
    assert paired_counts([], []).n_pairs == 0
    assert counts(np.int64(2), 3.0, 1, np.float64(4)).to_dict() == counts(2, 3, 1, 4).to_dict()


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call_a", "call_b", "message"),
    [
        ([1, 0, 1], [1, 0], "call_a and call_b must have one length, but got 3 and 2; join both"),
        ([1, 0], [1, math.nan], r"call_b must hold only 0 and 1, but position 1 holds NaN"),
        ([1, 2], [1, 0], "call_a must hold only 0 and 1, but position 1 holds 2"),
        ([[1, 0]], [1, 0], r"call_a must have shape \(n_cases,\), but got \(1, 2\)"),
        (1, [1, 0], r"call_a must have shape \(n_cases,\), but got \(\)"),
    ],
)
def test_paired_counts_refuse_wrong_calls(call_a, call_b, message):
    with pytest.raises(ValueError, match=message):
        paired_counts(call_a, call_b)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ((1, 2, -3, 4), "only_a must be a whole number, 0 or more, but got -3"),
        ((1.5, 2, 3, 4), "both must be a whole number, 0 or more, but got 1.5"),
        ((1, 2, 3, math.nan), "neither must be a number, but got NaN"),
        ((1, None, 3, 4), "only_b must be one number, but got None"),
    ],
)
def test_paired_table_refuses_wrong_counts(cells, message):
    with pytest.raises(ValueError, match=message):
        counts(*cells)


@pytest.mark.parametrize("method", [paired_difference_ci, newcombe_paired_ci])
def test_differences_refuse_unverified_negatives_by_name(method):
    message = (
        r"paired_difference_ci needs counts.neither, .* use paired_ratio_ci by 'tang' or a McNemar"
    )
    with pytest.raises(ValueError, match=message):
        method(counts(242, 19, 8))


@pytest.mark.parametrize("method", COMPARISONS)
@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"ci_level": 95}, "ci_level must lie between 0 and 1, but got 95.0"),
        ({"margin": 0.5}, "margin=0.5 needs better='higher' or better='lower'"),
        ({"margin": 0.5, "better": "up"}, "better must be 'higher' or 'lower', but got 'up'"),
        ({"margin": -0.5, "better": "higher"}, "margin of a (difference|ratio) must be"),
        ({"margin": math.nan, "better": "lower"}, "margin of a (difference|ratio) must be"),
    ],
)
def test_comparisons_refuse_wrong_choices(method, choices, message):
    with pytest.raises(ValueError, match=message):
        method(counts(26, 3, 1, 6), **choices)


@pytest.mark.parametrize("method", [paired_difference_ci, newcombe_paired_ci])
def test_differences_refuse_a_margin_of_1(method):
    message = "margin of a difference must be positive and below 1, .* but got 5"
    with pytest.raises(ValueError, match=message):
        method(counts(26, 3, 1, 6), margin=5, better="higher")


@pytest.mark.parametrize("method", COMPARISONS)
def test_counts_beyond_32_bits_keep_their_digits(method):
    table = counts(2**40, 2**20 + 2**11, 2**20 - 2**11, 2**40)
    result = method(table)
    # 2.8 standard deviations: discordance is rare, so all methods are the normal one.
    null = 1.0 if method is paired_ratio_ci else 0.0
    assert result.statistic == pytest.approx(2**12 / math.sqrt(2**21), rel=1e-4)
    reach = Z * result.std_error
    assert limits(result) == pytest.approx(
        [result.estimate - reach, result.estimate + reach], rel=1e-9, abs=1e-12
    )
    assert result.ci_low > null


def test_negative_calls_turn_recalls_into_clearances():
    table = counts(26, 3, 1, 6)
    assert table.negative_calls() == counts(6, 1, 3, 26)
    assert table.negative_calls().negative_calls() == table
    with pytest.raises(ValueError, match=r"negative_calls needs neither, .* but it is None; count"):
        counts(26, 3, 1).negative_calls()


def test_standard_error_of_0_is_said():
    assert paired_difference_ci(counts(0, 4, 0, 0)).note.startswith(
        "all pairs part the same way: the plug-in"
    )
    assert paired_ratio_ci(counts(0, 0, 4, 3)).note.startswith(
        "b called no case positive: the plug"
    )
