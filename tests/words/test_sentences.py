"""Phrases of estimates and verdicts of comparisons."""

from dataclasses import replace
from math import inf, nan

import pytest

from toolkit.results import Comparison, Estimate
from toolkit.words.sentences import (
    answer_text,
    ci_phrase,
    ci_text,
    effect_phrase,
    estimate_phrase,
    estimate_text,
    form_of,
    limit_text,
    margin_phrase,
    margin_text,
)

AUC = Estimate(
    quantity="auc",
    unit="probability",
    estimate=0.81689,
    std_error=0.033,
    ci_low=0.7518,
    ci_high=0.8824,
    ci_level=0.95,
    ci_method="DeLong",
    method="empirical AUC",
)
# Of the size that Hupse 2013 found for CAD against nine radiologists; made up beyond that.
DIFFERENCE = Comparison(
    quantity="auc",
    unit="probability",
    estimate=-0.0316,
    std_error=0.0312,
    ci_low=-0.0942,
    ci_high=0.0310,
    ci_level=0.95,
    ci_method="Obuchowski-Rockette",
    label_a="nine radiologists",
    label_b="the AI",
    estimate_a=0.8485,
    estimate_b=0.8169,
    effect="difference",
    statistic=-1.0,
    df=40.0,
    p_value=0.32,
    margin=0.05,
    better="higher",
    p_noninferiority=0.28,
    method="Obuchowski-Rockette",
)
RATIO = replace(
    DIFFERENCE,
    quantity="sensitivity",
    unit="ratio",
    estimate=1.17,
    ci_low=1.04,
    ci_high=1.35,
    effect="ratio",
    margin=0.85,
)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u2060", "")


def compared(low: float, high: float, **changes: object) -> Comparison:
    return replace(DIFFERENCE, ci_low=low, ci_high=high, **changes)


@pytest.mark.parametrize(
    ("unit", "quantity", "form"),
    [
        ("probability", "auc", "index"),
        ("probability", "partial_auc", "index"),
        ("probability", "wafroc", "index"),
        ("probability", "weighted_kappa", "index"),
        ("probability", "sensitivity", "percent"),
        ("probability", "recall_rate", "percent"),
        ("per_1000", "detection_rate", "per_1000"),
        ("s", "reading_time", "seconds"),
        ("ratio", "sensitivity", "ratio"),
        ("mm", "size", "number"),
    ],
)
def test_form_of_reads_unit_and_quantity(unit, quantity, form):
    assert form_of(replace(AUC, unit=unit, quantity=quantity)) == form


def test_form_of_a_ratio_is_a_ratio_whatever_was_compared():
    assert form_of(replace(RATIO, unit="probability", quantity="auc")) == "ratio"


def test_estimate_and_interval():
    assert estimate_text(AUC) == "0.817"
    assert estimate_text(DIFFERENCE) == "−0.032"
    assert plain(ci_text(AUC)) == "0.752–0.882"
    assert ci_phrase(AUC) == "95%\u00a0CI\u00a00.752\u2060–\u20600.882"
    assert plain(estimate_phrase(AUC)) == "0.817 (95% CI 0.752–0.882)"
    assert plain(ci_phrase(replace(AUC, ci_level=0.975))).startswith("97.5% CI")


def test_undefined_estimates_say_why():
    none = replace(AUC, estimate=nan, ci_low=nan, ci_high=nan, note="no positive cases")
    assert estimate_phrase(none) == "not defined (no positive cases)"
    alone = replace(AUC, ci_low=nan, ci_high=nan, note="one positive case")
    assert estimate_phrase(alone) == "0.817 (interval not defined: one positive case)"


def test_effect_and_margin_in_words():
    assert plain(effect_phrase(DIFFERENCE)) == "a difference of −0.032 (95% CI −0.094 to 0.031)"
    assert plain(effect_phrase(RATIO)) == "a ratio of 1.17 (95% CI 1.04–1.35)"
    assert margin_text(DIFFERENCE) == "−0.05"
    assert margin_text(RATIO) == "0.85"
    assert plain(margin_text(replace(DIFFERENCE, quantity="sensitivity"))) == "−5 points"
    lower = replace(DIFFERENCE, quantity="recall_rate", margin=0.01, better="lower")
    assert plain(margin_text(lower)) == "+1 point"


def test_margin_keeps_the_digits_of_the_plan():
    texts = [limit_text(limit, form="index", signed=True) for limit in (-0.05, -0.1, -0.025)]
    assert texts == ["−0.05", "−0.1", "−0.025"]
    assert plain(limit_text(-0.075, form="percent", signed=True)) == "−7.5 points"
    assert plain(limit_text(5.0, form="seconds", signed=True)) == "+5 s"


def test_margin_text_needs_a_margin():
    with pytest.raises(ValueError, match="auc: the comparison has no margin; give it margin="):
        margin_text(replace(DIFFERENCE, margin=None))


@pytest.mark.parametrize(
    ("comparison", "place"),
    [
        (DIFFERENCE, "crosses the margin of −0.05"),
        (compared(-0.04, 0.03), "stays above the margin of −0.05"),
        (compared(-0.2, -0.06), "lies below the margin of −0.05"),
        # exactly at the margin is not above it
        (compared(-0.05, 0.03), "crosses the margin of −0.05"),
        (compared(-0.04, 0.03, better="lower"), "stays below the margin of +0.05"),
        (compared(0.06, 0.2, better="lower"), "lies above the margin of +0.05"),
        (RATIO, "stays above the margin of 0.85"),
        (
            replace(RATIO, ci_low=0.9, ci_high=1.2, margin=1.1, better="lower"),
            "crosses the margin of 1.1",
        ),
        (compared(0.001, 0.09, margin=None, better=None), "lies above zero"),
        (compared(-0.0004, 0.09, margin=None, better=None), "includes zero"),
        (
            compared(-0.09, -0.01, margin=None, better="higher"),
            "lies below zero, where the AI is worse",
        ),
        (compared(-0.09, -0.01, margin=None, better="lower"), "lies below zero"),
        (replace(RATIO, margin=None, better=None), "lies above 1"),
    ],
)
def test_margin_phrase_says_where_the_interval_lies(comparison, place):
    assert margin_phrase(comparison) == f"the interval {place}"


def test_without_an_interval_nothing_is_compared():
    none = compared(nan, nan, note="only one reader")
    assert answer_text(none, measure="AUC") == "AUC cannot be compared: only one reader."


def test_an_infinite_limit_is_an_interval():
    assert margin_phrase(compared(-0.01, inf)).startswith("the interval stays above the margin")


def test_answer_text_is_a_whole_sentence():
    assert plain(answer_text(DIFFERENCE, measure="AUC")) == (
        "AUC was 0.849 for nine radiologists and 0.817 for the AI: a difference of "
        "−0.032 (95% CI −0.094 to 0.031), and the interval crosses the margin of −0.05."
    )


def test_answer_text_of_a_ratio_keeps_the_form_of_both_values():
    text = plain(answer_text(RATIO, measure="Sensitivity"))
    assert text == (
        "Sensitivity was 84.9% for nine radiologists and 81.7% for the AI: a ratio of 1.17 "
        "(95% CI 1.04–1.35), and the interval stays above the margin of 0.85."
    )
