"""Log Wald, Bonett-Price and MOVER intervals of a paired ratio against R, papers and by hand."""

import itertools
import json
import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.paired_sample import (
    counts,
    disease_tables,
    dtcompair_tables,
    limits,
    reference_cases,
    small_tables,
    swapped,
    table_of,
)
from toolkit.results import result_from_dict
from toolkit.stats.paired.ratios import mover_ratio_limits, paired_ratio_ci, relative_error

bonett_price_ratio_ci = partial(paired_ratio_ci, method="bonett_price")
mover_ratio_ci = partial(paired_ratio_ci, method="mover")
relative_proportion_ci = partial(paired_ratio_ci, method="log_wald")

METHODS = {
    "wald_log": relative_proportion_ci,
    "bonett_price_wilson": bonett_price_ratio_ci,
    "mover_wilson": mover_ratio_ci,
}
HYBRIDS = [bonett_price_ratio_ci, mover_ratio_ci]
Z = float(stats.norm.isf(0.025))
TABLE = counts(180, 18, 25, 27)

# --- reference -----------------------------------------------------------------------------------

# R 4.2.2, contingencytables 3.0.1: {Wald_CI_ratio,BonettPrice_hybrid_Wilson_score_CI,
# MOVER_Wilson_score_CI}_paired_2x2(matrix(c(180, 18, 25, 27), 2, byrow = TRUE))
CONTINGENCYTABLES = {
    "wald_log": [0.9061631479004094, 1.0294760848198088],
    "bonett_price_wilson": [0.9055516528004525, 1.030171262813735],
    "mover_wilson": [0.9041628749207486, 1.0299934557284924],
}


@pytest.mark.parametrize("name", METHODS)
def test_intervals_match_contingencytables(name):
    assert limits(METHODS[name](TABLE)) == pytest.approx(CONTINGENCYTABLES[name], rel=1e-9)


def test_intervals_match_every_reference_case(reference_data):
    cases = reference_cases(reference_data, "paired_ratio_")
    for (values, data), name in itertools.product(cases, METHODS):
        result, expected = METHODS[name](table_of(data)), values[name]
        assert result.estimate == pytest.approx(values["ratio"], rel=1e-12)
        if name != "bonett_price_wilson" and table_of(data).n_discordant == 0:
            # Log Wald has no width there and MOVER one by accident (0 at 50 %): we give none.
            assert all(math.isnan(limit) for limit in limits(result))
            assert result.note == (
                "no discordant pairs: the method has no interval, Tang's has one"
            )
            continue
        printed = [expected["lower"], expected["upper"]]
        assert limits(result) == pytest.approx(printed, rel=1e-9)
    assert len(cases) == 4


def test_relative_proportion_matches_dtcompair_relative_fractions(reference_data):
    [(values, data)] = reference_cases(reference_data, "dtcompair_rel_tpf_fpf")
    diseased, healthy = disease_tables(data)
    tables = dtcompair_tables(data)
    checks = {
        "tpf": (diseased, "tpf"),
        "fpf": (healthy, "fpf"),
        "sens": (tables["sensitivity"], "sens"),
        "spec": (healthy.negative_calls(), "spec"),
    }
    for key, (table, name) in checks.items():
        result, expected = relative_proportion_ci(table), values[key]
        assert result.estimate == pytest.approx(expected[f"rel.{name}"], rel=1e-9)
        assert result.std_error / result.estimate == pytest.approx(
            expected[f"se.log.rel.{name}"], rel=1e-9
        )
        printed = [expected[f"lcl.rel.{name}"], expected[f"ucl.rel.{name}"]]
        assert limits(result) == pytest.approx(printed, rel=1e-9)
        # A P of 1e-21 has fewer digits in theirs.
        assert result.p_value == pytest.approx(expected[f"pval.rel.{name}"], rel=1e-9, abs=1e-20)


# ScreenTrustCAD, Lancet Digit Health 2023;5:e703, doi:10.1016/S2589-7500(23)00153-X: relative
# proportion with its 95 % interval as printed, margin 0.85
SCREENTRUSTCAD = [
    ((242, 19, 8), 1.04, 1.00, 1.09),
    ((227, 19, 23), 0.98, 0.93, 1.04),
    ((250, 19, 0), 1.08, 1.04, 1.11),
]


@pytest.mark.parametrize(("cells", "ratio", "low", "high"), SCREENTRUSTCAD)
def test_relative_proportion_reproduces_screentrustcad(cells, ratio, low, high):
    result = relative_proportion_ci(counts(*cells), margin=0.85, better="higher")
    assert [round(v, 2) for v in (result.estimate, *limits(result))] == [ratio, low, high]
    assert result.noninferior


def test_relative_proportion_matches_published_entries(reference_data):
    entries = json.loads((reference_data / "reference" / "published.json").read_text())["entries"]
    checked = 0
    for entry in entries:
        inputs, computed = entry["inputs"], entry["computed"]
        if "discordant_new_only" in inputs:
            only_b, only_a = inputs["discordant_new_only"], inputs["discordant_ref_only"]
            table = counts(inputs["pos_new"] - only_b, only_b, only_a)
            expected = computed["ci95"]
        elif "ci95_if_c0" in computed:
            table = counts(inputs["pos_noai"], inputs["assumed_b"], inputs["assumed_c"])
            expected = computed["ci95_if_c0"]
        else:
            continue
        assert limits(relative_proportion_ci(table)) == pytest.approx(expected, rel=1e-9)
        checked += 1
    assert checked == 4


def test_relative_error_matches_a_numeric_delta_method():
    cells, h = np.array([30.0, 7.0, 4.0]), 1e-5

    def log_ratio(x):
        return math.log((x[0] + x[1]) / (x[0] + x[2]))

    gradient = [(log_ratio(cells + s) - log_ratio(cells - s)) / (2 * h) for s in np.eye(3) * h]
    # The ratio does not change with the sum of the counts: Poisson counts give the same variance.
    expected = math.sqrt(cells @ np.square(gradient))
    assert relative_error(counts(30, 7, 4)) == pytest.approx(expected, rel=1e-8)


# --- properties ----------------------------------------------------------------------------------

cells = st.tuples(*[st.integers(0, 300)] * 4).filter(lambda c: c[0] + c[1] and c[0] + c[2])


@given(cells)
def test_swapping_the_methods_inverts_the_ratio(values):
    for method in METHODS.values():
        forth = method(counts(*values), margin=0.8, better="higher")
        back = method(swapped(counts(*values)), margin=1.25, better="lower")
        assert back.estimate == pytest.approx(1 / forth.estimate, rel=1e-12)
        assert limits(back) == pytest.approx(
            [1 / forth.ci_high, 1 / forth.ci_low], rel=1e-9, nan_ok=True
        )
        assert [back.p_value, back.p_noninferiority] == pytest.approx(
            [forth.p_value, forth.p_noninferiority], rel=1e-6, abs=1e-300, nan_ok=True
        )


@pytest.mark.parametrize("ci_level", [0.5, 0.95, 0.999])
@pytest.mark.parametrize("name", METHODS)
def test_p_and_margin_agree_with_the_interval_for_every_small_table(name, ci_level):
    margins = {"higher": 0.8, "lower": 1.3}
    for table, (better, margin) in itertools.product(small_tables(6), margins.items()):
        result = METHODS[name](table, ci_level=ci_level, margin=margin, better=better)
        if math.isnan(result.ci_low):
            assert result.note
            continue
        assert 0 <= result.ci_low < result.ci_high
        assert (result.p_value < 1 - ci_level) is (not result.ci_low <= 1 <= result.ci_high), table
        assert (result.p_noninferiority < (1 - ci_level) / 2) is result.noninferior, table
        if not math.isnan(result.estimate):
            assert result.ci_low <= result.estimate <= result.ci_high
        else:
            assert result.ci_high == math.inf


@pytest.mark.parametrize("name", METHODS)
def test_a_limit_put_back_as_a_margin_gives_the_level(name):
    method = METHODS[name]
    high = method(TABLE, margin=method(TABLE).ci_high, better="lower")
    assert high.p_noninferiority == pytest.approx(0.025, rel=1e-9)
    low = method(TABLE, margin=method(TABLE).ci_low, better="higher")
    assert low.p_noninferiority == pytest.approx(0.025, rel=1e-9)


@pytest.mark.parametrize("method", [relative_proportion_ci, bonett_price_ratio_ci])
def test_pairs_positive_by_neither_do_not_matter(method):
    results = [method(counts(242, 19, 8, neither)) for neither in (None, 0, 55312)]
    assert len({(r.estimate, r.ci_low, r.ci_high, r.p_value) for r in results}) == 1


def test_methods_agree_for_many_pairs():
    table = counts(2**36, 2**20 + 2**11, 2**20 - 2**11, 2**36)
    wald = relative_proportion_ci(table)
    for method in METHODS.values():
        widths = [limit - 1 for limit in limits(method(table))]
        assert widths == pytest.approx([limit - 1 for limit in limits(wald)], rel=1e-4)
        assert method(table).statistic == pytest.approx(2**12 / math.sqrt(2**21), rel=1e-4)


# --- edges ---------------------------------------------------------------------------------------


def test_mover_without_discordant_pairs_is_the_peers_but_not_shown(reference_data):
    [values] = [
        values
        for values, data in reference_cases(reference_data, "paired_ratio_")
        if table_of(data).n_discordant == 0
    ]
    printed = [values["mover_wilson"]["lower"], values["mover_wilson"]["upper"]]
    assert mover_ratio_limits(20, 0, 0, 25, Z) == pytest.approx(printed, rel=1e-9)
    # The reason: 10 cases of 20, on which both methods agree, would leave nothing open.
    assert mover_ratio_limits(10, 0, 0, 20, Z) == pytest.approx((1.0, 1.0), rel=1e-9)
    result = mover_ratio_ci(counts(10, 0, 0, 10), margin=0.9, better="higher")
    assert math.isnan(result.ci_low)
    assert result.noninferior is False


def test_bonett_price_without_discordant_pairs_has_an_interval_and_p_of_1():
    result = bonett_price_ratio_ci(counts(20, 0, 0, 5))
    assert (result.statistic, result.p_value) == (0.0, 1.0)
    assert result.ci_low < 1 < result.ci_high
    assert result.note == "no discordant pairs: the plug-in standard error is 0"


def test_relative_proportion_without_positives_by_b_has_an_estimate_only():
    result = relative_proportion_ci(counts(0, 0, 5, 20))
    assert result.estimate == 0
    assert all(math.isnan(x) for x in (*limits(result), result.p_value, result.std_error))
    assert result.note == "b called no case positive: the interval of the ratio is not defined"


@pytest.mark.parametrize("method", HYBRIDS)
def test_hybrids_without_positives_by_one_method_reach_the_end(method):
    low = method(counts(0, 0, 5, 20), margin=1.2, better="lower")
    assert (low.estimate, low.ci_low) == (0.0, 0.0)
    high = method(counts(0, 5, 0, 20), margin=1 / 1.2, better="higher")
    assert math.isnan(high.estimate)
    assert high.ci_high == math.inf
    assert high.ci_low == pytest.approx(1 / low.ci_high, rel=1e-12)
    assert [high.p_value, high.p_noninferiority] == pytest.approx(
        [low.p_value, low.p_noninferiority], rel=1e-9
    )
    assert high.note == "the ratio is not defined: a called no case positive"


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("neither", [0, 20])
def test_no_positives_at_all_are_undefined_with_a_note(name, neither):
    result = METHODS[name](counts(0, 0, 0, neither), margin=0.9, better="higher")
    for field in ("estimate", "ci_low", "ci_high", "std_error", "p_value", "p_noninferiority"):
        assert math.isnan(getattr(result, field))
    assert result.note.startswith("the ratio is not defined: a called no case positive")


def test_overwhelming_evidence_gives_p_of_0():
    result = bonett_price_ratio_ci(counts(0, 2**30, 1), margin=0.9, better="higher")
    assert (result.p_value, result.p_noninferiority) == (0.0, 0.0)


@pytest.mark.parametrize("name", METHODS)
def test_results_are_complete_and_survive_a_record(name):
    result = METHODS[name](TABLE, ci_level=0.9, quantity="detection", label_a="x", label_b="y")
    assert (result.quantity, result.label_a, result.label_b) == ("detection", "x", "y")
    assert (result.n_cases, result.ci_level, result.df, result.note) == (250, 0.9, math.inf, "")
    assert (result.effect, result.unit) == ("ratio", "ratio")
    assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_wrong_input_is_refused_by_name(name):
    method = METHODS[name]
    with pytest.raises(ValueError, match=r"ci_level must lie between 0 and 1, but got 95\.0"):
        method(TABLE, ci_level=95)
    with pytest.raises(ValueError, match="margin of a ratio must be between 0 and 1 where higher"):
        method(TABLE, margin=1.2, better="higher")
    with pytest.raises(ValueError, match=r"margin=0\.9 needs better='higher' or better='lower'"):
        method(TABLE, margin=0.9)


def test_mover_refuses_unverified_negatives_by_name():
    with pytest.raises(
        ValueError, match=r"paired_ratio_ci by 'mover' needs counts.neither, .* but got None"
    ):
        mover_ratio_ci(counts(242, 19, 8))
