"""Printed intervals against papers that say how, papers that print both, and our own results."""

import json
import math

import pytest

from toolkit.draw.forest import forest_row
from toolkit.results import Comparison, result_from_dict
from toolkit.stats.paired import PairedCounts, paired_difference_ci
from toolkit.stats.proportions import TwoGroupCounts, proportion_ratio_ci, two_group_test
from toolkit.stats.published import PrintedResult, published_comparison

RATIO = {"estimate": "0.81", "ci_low": "0.70", "ci_high": "0.94", "effect": "ratio"}
DIFFERENCE = {"estimate": "6.9", "ci_low": "3.0", "ci_high": "10.8", "effect": "difference"}
P_RANGE = "from rounded numbers P lies between "


def compared(**choices):
    """Return the comparison of printed numbers."""
    return published_comparison(PrintedResult(**choices))


def p_range(result):
    """Return the ends of the range of P in the note of a result."""
    found = next(n for n in result.note.split("; ") if n.startswith(P_RANGE))
    return [float(end) for end in found.removeprefix(P_RANGE).split(" and ")]


# --- reference -----------------------------------------------------------------------------------


def test_p_from_an_interval_of_a_ratio_matches_altman_and_bland():
    # BMJ 2011;343:d2304: standard error of log 0.0753, z = -2.802, P = 0.005.
    result = compared(**RATIO)
    assert result.std_error / 0.81 == pytest.approx(0.0753, abs=1e-4)
    assert result.statistic == pytest.approx(-2.802, abs=0.005)
    assert result.p_value == pytest.approx(0.005, abs=5e-4)


def test_interval_from_p_matches_altman_and_bland():
    # BMJ 2011;343:d2090, whose z is an approximation: 49 % against 32 %, P = 0.032, 1.4 to 32.6
    # points; a relative risk of 0.30, P = 0.034, 0.10 to 0.91.
    zinc = compared(estimate="17", p_value="0.032", effect="difference", per=100)
    assert zinc.std_error == pytest.approx(0.0794, abs=2e-4)
    assert (zinc.ci_low, zinc.ci_high) == pytest.approx((0.014, 0.326), abs=1e-3)
    risk = compared(estimate="0.30", p_value="0.034", effect="ratio")
    assert (risk.ci_low, risk.ci_high) == pytest.approx((0.10, 0.91), abs=6e-3)
    assert risk.p_value == pytest.approx(0.034, rel=1e-9)


def test_published_noninferiority_of_an_auc(reference_data):
    entries = json.loads((reference_data / "reference" / "published.json").read_text())["entries"]
    entry = next(e for e in entries if e["id"] == "jnci19_noninferiority")
    low, high = entry["published"]["ci95"]
    printed = PrintedResult(
        estimate=f"{entry['published']['estimate']:.3f}",
        ci_low=f"{low:.3f}",
        ci_high=f"{high:.3f}",
        effect="difference",
        estimate_a="0.814",
        estimate_b="0.840",
    )
    margin = entry["inputs"]["margin"]
    result = published_comparison(printed, quantity="auc", margin=margin, better="higher")
    assert result.noninferior
    assert not result.superior
    assert result.p_noninferiority < 1e-6
    assert (result.estimate_a, result.estimate_b) == (0.814, 0.84)


@pytest.mark.parametrize(
    ("study", "digits"),
    [("masai25_cdr_ratio", 2), ("masai25_recall_ratio", 2), ("masai25_fp_ratio", 2),
     ("masai25_ppv_ratio", 2), ("masai23_cdr_ratio", 1)],
)  # fmt: skip
def test_printed_p_lies_in_the_range_that_rounding_leaves(reference_data, study, digits):
    entries = json.loads((reference_data / "reference" / "published.json").read_text())["entries"]
    published = next(e for e in entries if e["id"] == study)["published"]
    low, high = published["ci95"]
    texts = [f"{value:.{digits}f}" for value in (published["estimate"], low, high)]
    result = compared(estimate=texts[0], ci_low=texts[1], ci_high=texts[2], effect="ratio")
    least, most = p_range(result)
    # Their P is Fisher's, the interval Wald's on logarithms: within a tenth of each other.
    assert 0.9 * least <= published["p"] <= 1.1 * most


# --- properties ----------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(
    "cells", [(262, 52872, 338, 53043), (55, 9326, 61, 6972), (203, 40024, 244, 39996)]
)
def test_a_wald_interval_of_our_own_comes_back(cells, level):
    x_a, n_a, x_b, n_b = cells
    counts = TwoGroupCounts(numerator_a=x_a, denominator_a=n_a, numerator_b=x_b, denominator_b=n_b)
    choices = {"margin": 0.8, "better": "higher"}
    ours = proportion_ratio_ci(counts, method="katz", ci_level=level, **choices)
    texts = {n: f"{getattr(ours, n):.12f}" for n in ("estimate", "ci_low", "ci_high")}
    printed = PrintedResult(effect="ratio", ci_level=level, **texts)
    result = published_comparison(printed, **choices)
    for name in ("std_error", "statistic", "p_value", "p_noninferiority"):
        assert getattr(result, name) == pytest.approx(getattr(ours, name), rel=1e-6), name
    assert result.noninferior == ours.noninferior
    least, most = p_range(result)
    assert least == pytest.approx(most, rel=0.05) == pytest.approx(ours.p_value, rel=0.05)


def test_the_range_of_p_holds_the_p_of_the_numbers_before_rounding():
    for events in range(20, 90, 3):
        counts = PairedCounts(both=200, only_b=events, only_a=40, neither=300)
        ours = paired_difference_ci(counts, method="wald")
        texts = {n: f"{getattr(ours, n):.3f}" for n in ("estimate", "ci_low", "ci_high")}
        least, most = p_range(compared(effect="difference", **texts))
        assert least * 0.95 <= ours.p_value <= most * 1.05


@pytest.mark.parametrize("effect", ["difference", "ratio"])
def test_exchanging_a_and_b_changes_the_sign_alone(effect):
    if effect == "difference":
        there = compared(estimate="0.12", ci_low="-0.01", ci_high="0.25", effect=effect)
        back = compared(estimate="-0.12", ci_low="-0.25", ci_high="0.01", effect=effect)
    else:
        there = compared(estimate="2.00", ci_low="1.00", ci_high="4.00", effect=effect)
        back = compared(estimate="0.500", ci_low="0.250", ci_high="1.000", effect=effect)
    assert there.statistic == pytest.approx(-back.statistic, rel=1e-12)
    assert there.p_value == pytest.approx(back.p_value, rel=1e-9)


def test_percent_and_per_1000_are_divided_and_ratios_are_not():
    points = compared(**DIFFERENCE, per=100, estimate_a="80.0", estimate_b="86.9")
    assert (points.estimate, points.ci_low, points.ci_high) == pytest.approx((0.069, 0.03, 0.108))
    assert (points.estimate_a, points.estimate_b) == pytest.approx((0.8, 0.869))
    ratio = compared(**RATIO, per=1000, estimate_a="6.4", estimate_b="5.0")
    assert (ratio.estimate, ratio.ci_high) == (0.81, 0.94)
    assert (ratio.estimate_a, ratio.estimate_b) == pytest.approx((0.0064, 0.005))
    assert (points.unit, ratio.unit) == ("probability", "ratio")


def test_numbers_are_taken_as_they_are_typeset():
    typed = compared(estimate="-0.12", ci_low="-0.25", ci_high="0.01", effect="difference")
    typeset = compared(estimate="\u22120\u00b712", ci_low="\u22120\u00b725", ci_high="0\u00b701",
                       effect="difference")  # fmt: skip
    assert typeset.to_dict() == typed.to_dict()


def test_more_decimals_leave_less_open():
    few = p_range(compared(estimate="0.8", ci_low="0.7", ci_high="0.9", effect="ratio"))
    many = p_range(compared(estimate="0.80", ci_low="0.70", ci_high="0.91", effect="ratio"))
    assert few[0] < many[0] < many[1] < few[1]


def test_a_published_result_stands_in_a_forest_beside_ours():
    row = forest_row(compared(**RATIO), label="Other study")
    assert (row.label, row.low, row.high) == ("Other study", 0.70, 0.94)


# --- edges and errors ----------------------------------------------------------------------------


def test_an_interval_that_is_no_wald_interval_says_so():
    skewed = compared(estimate="2.0", ci_low="1.8", ci_high="9.0", effect="ratio")
    assert "the interval is not symmetric on the log scale about the estimate" in skewed.note
    assert "not symmetric" not in compared(**RATIO).note
    clash = compared(estimate="0.02", ci_low="0.00", ci_high="0.03", effect="difference")
    assert "P does not agree with the interval, which holds 0" in clash.note


def test_missing_values_of_a_and_b_are_named():
    result = compared(**RATIO)
    assert math.isnan(result.estimate_a)
    assert result.note.endswith("no value of a and b is given")
    assert compared(**RATIO, estimate_a="0.2").note.endswith("no value of b is given")
    assert "no value" not in compared(**RATIO, estimate_a="0.2", estimate_b="0.16").note


def test_a_rounded_estimate_of_no_effect_leaves_p_open_to_1():
    result = compared(estimate="0.00", ci_low="-0.01", ci_high="0.01", effect="difference")
    assert result.p_value == 1
    assert p_range(result)[1] == 1


@pytest.mark.parametrize("printed", [RATIO, DIFFERENCE])
def test_printed_results_survive_a_record(printed):
    one = PrintedResult(**printed)
    assert result_from_dict(one.to_dict()) == one
    result = published_comparison(one, quantity="recall", label_b="AI")
    assert Comparison.from_dict(result.to_dict()).to_dict() == result.to_dict()
    assert (result.quantity, result.label_b) == ("recall", "AI")
    one.summary_frame()
    result.summary_frame()


def test_fishers_p_and_the_interval_of_the_same_paper_agree():
    counts = TwoGroupCounts(
        numerator_a=262, denominator_a=52872, numerator_b=338, denominator_b=53043
    )
    masai = compared(estimate="1.29", ci_low="1.09", ci_high="1.51", effect="ratio")
    least, most = p_range(masai)
    assert least < two_group_test(counts).p_value < most


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"estimate": 0.81}, "estimate must be a number as text, just as it is printed"),
        ({"ci_low": "<0.7"}, "ci_low must be a number as text"),
        ({"ci_low": None, "ci_high": None, "p_value": "<0.001"}, "a bound such as '<0.001' is no"),
        ({"ci_low": None}, "either ci_low and ci_high, or p_value"),
        ({"p_value": "0.03"}, "either ci_low and ci_high, or p_value"),
        ({"ci_low": None, "ci_high": None}, "either ci_low and ci_high, or p_value"),
        ({"ci_low": "0.95"}, "ci_low, estimate and ci_high must rise, but got 0.95, 0.81, 0.94"),
        ({"ci_low": "0.00"}, "ci_low of a ratio must be above 0, but got 0.00"),
        ({"ci_low": None, "ci_high": None, "p_value": "1.2"}, "p_value must lie between 0 and 1"),
        ({"ci_low": None, "ci_high": None, "p_value": "0.5", "estimate": "1.00"}, "no effect"),
        (
            {"ci_low": None, "ci_high": None, "p_value": "0.5", "estimate": "-1.0"},
            "estimate of a ratio must be above 0, but got -1.0",
        ),
        ({"effect": "odds"}, "effect must be 'difference' or 'ratio', but got 'odds'"),
        ({"ci_level": 95}, "ci_level must lie between 0 and 1"),
        ({"per": 0}, "per must be a finite number above 0"),
    ],
)
def test_printed_results_refuse(change, message):
    with pytest.raises(ValueError, match=message):
        PrintedResult(**{**RATIO, **change})


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"margin": 1.2, "better": "higher"}, "must be between 0 and 1 where higher is better"),
        ({"margin": 0.8}, "needs better='higher' or better='lower'"),
    ],
)
def test_published_comparisons_refuse(choices, message):
    with pytest.raises(ValueError, match=message):
        published_comparison(PrintedResult(**RATIO), **choices)
