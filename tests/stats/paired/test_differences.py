"""Wald, Agresti-Min and Bonett-Price intervals of a paired difference against R and by hand."""

import itertools
import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

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
from toolkit.results import result_from_dict
from toolkit.stats.paired.differences import paired_difference_ci

agresti_min_ci = partial(paired_difference_ci, method="agresti_min")
bonett_price_ci = partial(paired_difference_ci, method="bonett_price")
wald_paired_ci = partial(paired_difference_ci, method="wald")

METHODS = {
    "wald": wald_paired_ci,
    "agresti_min": agresti_min_ci,
    "bonett_price": bonett_price_ci,
}
Z = float(stats.norm.isf(0.025))
TABLE = counts(261, 28, 10, 45)


# --- reference -----------------------------------------------------------------------------------

# R 4.2.2, contingencytables 3.0.1: {Wald_CI_diff,Wald_CI_AgrestiMin,Wald_CI_BonettPrice}
# _paired_2x2 of matrix(c(261, 28, 10, 45), 2, byrow = TRUE)
CONTINGENCYTABLES = {
    "wald": [0.017641399546151244, 0.08700976324454643],
    "agresti_min": [0.017074759003745693, 0.08697148377082078],
    "bonett_price": [0.016618656528120272, 0.0874275862464462],
}


@pytest.mark.parametrize("name", METHODS)
def test_intervals_match_contingencytables(name):
    assert limits(METHODS[name](TABLE)) == pytest.approx(CONTINGENCYTABLES[name], rel=1e-9)


def test_intervals_match_every_reference_case(reference_data):
    cases = reference_cases(reference_data, "paired_diff_")
    for (values, data), name in itertools.product(cases, METHODS):
        result = METHODS[name](table_of(data))
        printed = [values[name]["lower"], values[name]["upper"]]
        assert limits(result) == pytest.approx(printed, rel=1e-9)
        assert result.estimate == pytest.approx(values["diff"], rel=1e-12)
    assert len(cases) == 3


@pytest.mark.parametrize(
    ("name", "peer"),
    [("wald", "wald"), ("agresti_min", "agresti-min"), ("bonett_price", "bonett-price")],
)
def test_intervals_match_dtcompair(reference_data, name, peer):
    cases = reference_cases(reference_data, f"dtcompair_sesp_diff_{peer}_")
    for values, data in cases:
        tables = dtcompair_tables(data)
        for which, table in (("sens", tables["sensitivity"]), ("spec", tables["specificity"])):
            result, expected = METHODS[name](table), values[which]
            assert result.estimate == pytest.approx(expected["diff"], rel=1e-9)
            assert result.std_error == pytest.approx(expected["diff.se"], rel=1e-9)
            # DTComPair adds to the counts for the standard error but centres the interval at the
            # plain difference; the papers, and contingencytables above, at that of the new counts.
            center = {
                "wald": result.estimate,
                "agresti_min": (table.only_b - table.only_a) / (table.n_pairs + 2),
                "bonett_price": (table.only_b - table.only_a) / (table.n_pairs + 2),
            }[name]
            printed = [expected["diff.lcl"], expected["diff.ucl"]]
            ours = [limit - center + result.estimate for limit in limits(result)]
            assert ours == pytest.approx(printed, rel=1e-9)
            assert (result.estimate_a, result.estimate_b) == pytest.approx(
                (expected["test1"], expected["test2"]), rel=1e-9
            )
    assert len(cases) == 2


def test_wald_noninferiority_matches_every_reference_case(reference_data):
    cases = reference_cases(reference_data, "ni_paired_diff_")
    checked = 0
    for values, data in cases:
        result = wald_paired_ci(table_of(data), margin=0.05, better="higher")
        if values["wald_z"] == "Inf":  # their test without discordant pairs has P = 0
            assert math.isnan(result.p_noninferiority)
            assert "Tango's method has one" in result.note
            continue
        # The oracle takes 1 minus a distribution function, so small P have fewer digits there.
        assert result.p_noninferiority == pytest.approx(values["wald_p"], rel=1e-9, abs=1e-15)
        checked += 1
    assert checked == 6


# --- properties ----------------------------------------------------------------------------------

cells = st.tuples(*[st.integers(0, 300)] * 4).filter(lambda c: sum(c) > 0)


@given(cells)
def test_swapping_and_negating_turn_the_difference_around(values):
    table = counts(*values)
    for method in METHODS.values():
        forth = method(table, margin=0.1, better="higher")
        for other in (swapped(table), negatives(table)):
            back = method(other, margin=0.1, better="lower")
            assert limits(back) == pytest.approx(
                [-forth.ci_high, -forth.ci_low], rel=1e-9, abs=1e-12, nan_ok=True
            )
            assert [back.p_value, back.p_noninferiority] == pytest.approx(
                [forth.p_value, forth.p_noninferiority], rel=1e-9, nan_ok=True
            )


@pytest.mark.parametrize("ci_level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("name", METHODS)
def test_p_and_margin_agree_with_the_interval_for_every_small_table(name, ci_level):
    for table, better in itertools.product(small_tables(6), ("higher", "lower")):
        result = METHODS[name](table, ci_level=ci_level, margin=0.2, better=better)
        if math.isnan(result.ci_low):
            assert result.note
            continue
        assert -1 <= result.ci_low < result.ci_high <= 1
        excluded = not result.ci_low <= 0 <= result.ci_high
        assert (result.p_value < 1 - ci_level) is excluded, table
        assert (result.p_noninferiority < (1 - ci_level) / 2) is result.noninferior, table
        inside = result.ci_low <= result.estimate <= result.ci_high
        assert inside is ("leaves the plain difference out" not in result.note)
        assert (-1 in limits(result) or 1 in limits(result)) is ("was cut" in result.note)


@pytest.mark.parametrize("name", METHODS)
def test_a_limit_put_back_as_a_margin_gives_the_level(name):
    method = METHODS[name]
    high = method(TABLE, margin=method(TABLE).ci_high, better="lower")
    assert high.p_noninferiority == pytest.approx(0.025, rel=1e-9)
    other = swapped(TABLE)
    low = method(other, margin=-method(other).ci_low, better="higher")
    assert low.p_noninferiority == pytest.approx(0.025, rel=1e-9)


def test_methods_agree_for_many_pairs():
    table = counts(2**36, 2**20 + 2**11, 2**20 - 2**11, 2**36)
    wald = wald_paired_ci(table)
    for method in METHODS.values():
        assert limits(method(table)) == pytest.approx(limits(wald), rel=1e-5)
        assert method(table).statistic == pytest.approx(2**12 / math.sqrt(2**21), rel=1e-5)


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("values", [(20, 0, 0, 5), (0, 4, 0, 0), (1, 0, 0, 0)])
def test_wald_without_variation_has_no_interval_where_others_have(values):
    result = wald_paired_ci(counts(*values), margin=0.1, better="higher")
    assert result.estimate == (values[1] - values[2]) / sum(values)
    assert result.std_error == 0
    assert all(math.isnan(x) for x in (*limits(result), result.p_value, result.p_noninferiority))
    assert result.note.startswith("the calls vary too little for a standard error: no interval")
    assert result.noninferior is False
    for method in (agresti_min_ci, bonett_price_ci):
        assert method(counts(*values)).ci_low < method(counts(*values)).ci_high


def test_limits_beyond_the_range_are_cut_with_a_note():
    # 8 of 9 pairs part one way: 8/9 + 1.96 * 0.105 is above 1
    result = wald_paired_ci(counts(1, 8, 0, 0))
    assert result.ci_high == 1.0
    assert result.ci_low == pytest.approx(8 / 9 - Z * math.sqrt(8 - 64 / 9) / 9, rel=1e-12)
    assert result.note == "a limit beyond the range was cut at -1 or 1"


@pytest.mark.parametrize("name", METHODS)
def test_no_pairs_are_undefined_with_a_note(name):
    result = METHODS[name](counts(0, 0, 0, 0), margin=0.1, better="higher")
    for field in ("estimate", "ci_low", "ci_high", "std_error", "p_value", "p_noninferiority"):
        assert math.isnan(getattr(result, field))
    assert result.note == "the difference is not defined: no pairs"


@pytest.mark.parametrize("name", METHODS)
def test_results_are_complete_and_survive_a_record(name):
    result = METHODS[name](TABLE, ci_level=0.9, quantity="sensitivity", label_a="x", label_b="y")
    assert (result.quantity, result.label_a, result.label_b) == ("sensitivity", "x", "y")
    assert (result.n_cases, result.ci_level, result.df, result.note) == (344, 0.9, math.inf, "")
    assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_wrong_input_is_refused_by_name(name):
    method = METHODS[name]
    with pytest.raises(ValueError, match=r"paired_difference_ci needs counts.neither, .* but got"):
        method(counts(242, 19, 8))
    with pytest.raises(ValueError, match=r"ci_level must lie between 0 and 1, but got 95\.0"):
        method(TABLE, ci_level=95)
    with pytest.raises(ValueError, match=r"margin=0\.1 needs better='higher' or better='lower'"):
        method(TABLE, margin=0.1)
    with pytest.raises(ValueError, match=r"positive and below 1, .* but got 5"):
        method(TABLE, margin=5, better="higher")
