"""Results as phrases: estimates with their interval, and where the interval of a comparison lies.

A comparison is b minus a, or b over a.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal

from toolkit.results import Comparison, Estimate
from toolkit.words.wording import (
    NO_BREAK_SPACE,
    Form,
    capital,
    counted,
    level_text,
    number_text,
    range_text,
    unit_text,
    value_text,
)

_FORM_OF_UNIT: dict[str, Form] = {"s": "seconds", "per_1000": "per_1000", "index": "index"}
# Probabilities that are read as an index from 0 to 1, not as a share of women.
_INDEX = re.compile(r"auc|fom|roc|kappa|ac1|icc|youden|brier|concordance|index")


def form_of(result: Estimate) -> Form:
    """Return the form in which a result is read, from its unit and its quantity.

    Examples
    --------
    >>> from toolkit.results import Estimate
    >>> auc = Estimate(quantity="auc", unit="probability", estimate=0.8, std_error=0.02,
    ...                ci_low=0.7, ci_high=0.9, ci_level=0.95, ci_method="DeLong", method="AUC")
    >>> form_of(auc)
    'index'
    """
    return _chosen(result, None)


def _form_of_value(unit: str, quantity: str) -> Form:
    """Return the form of one value, also of the two whose ratio was taken."""
    if unit in ("probability", "ratio"):
        return "index" if _INDEX.search(quantity) else "percent"
    return _FORM_OF_UNIT.get(unit, "number")


def _chosen(result: Estimate, form: Form | None) -> Form:
    """Return the form of an effect: a ratio is one whatever was compared."""
    if isinstance(result, Comparison):
        if result.effect == "ratio":
            return "ratio"
    elif result.unit == "ratio":
        return form or "ratio"
    return form or _form_of_value(result.unit, result.quantity)


def _is_difference(result: Estimate) -> bool:
    """Whether the estimate is signed."""
    return isinstance(result, Comparison) and result.effect == "difference"


def estimate_text(result: Estimate, *, form: Form | None = None, unit: bool = True) -> str:
    """Return the estimate alone; a difference carries its sign."""
    chosen = _chosen(result, form)
    return value_text(result.estimate, form=chosen, signed=_is_difference(result), unit=unit)


def ci_text(result: Estimate, *, form: Form | None = None, always_to: bool = False) -> str:
    """Return the limits alone, as in a column headed "95% CI"."""
    chosen = _chosen(result, form)
    return range_text(result.ci_low, result.ci_high, form=chosen, always_to=always_to)


def ci_phrase(result: Estimate, *, form: Form | None = None) -> str:
    """Return the interval with its level, with no-break spaces inside."""
    level = level_text(result.ci_level)
    return NO_BREAK_SPACE.join((level, "CI", ci_text(result, form=form)))


def estimate_phrase(result: Estimate, *, form: Form | None = None) -> str:
    """Return the estimate with its interval, or why there is none.

    Examples
    --------
    >>> from math import nan
    >>> from toolkit.results import Estimate
    >>> estimate_phrase(Estimate(quantity="auc", unit="probability", estimate=nan, std_error=nan,
    ...                          ci_low=nan, ci_high=nan, ci_level=0.95, ci_method="DeLong",
    ...                          method="AUC", note="no positive cases"))
    'not defined (no positive cases)'
    """
    if math.isnan(result.estimate):
        return f"not defined ({result.note})"
    if math.isnan(result.ci_low + result.ci_high):
        return f"{estimate_text(result, form=form)} (interval not defined: {result.note})"
    return f"{estimate_text(result, form=form)} ({ci_phrase(result, form=form)})"


def effect_phrase(comparison: Comparison, *, form: Form | None = None) -> str:
    """Return the effect for a sentence: "a difference of ... (95% CI ...)", or "a ratio of ..."."""
    return f"a {comparison.effect} of {estimate_phrase(comparison, form=form)}"


def margin_limit(comparison: Comparison) -> float:
    """Return the margin on the axis of the effect: negative where higher is better.

    Raises
    ------
    ValueError
        If the comparison has no margin.
    """
    if comparison.margin is None:
        msg = f"{comparison.quantity}: the comparison has no margin; give it margin= and better="
        raise ValueError(msg)
    if comparison.effect == "difference" and comparison.better == "higher":
        return -comparison.margin
    return comparison.margin


def limit_text(limit: float, *, form: Form, signed: bool) -> str:
    """Return a limit of the plan with the digits that the plan gave it.

    Examples
    --------
    >>> limit_text(-0.05, form="index", signed=True), limit_text(0.85, form="ratio", signed=False)
    ('−0.05', '0.85')
    >>> limit_text(0.01, form="percent", signed=True).replace(NO_BREAK_SPACE, " ")
    '+1 point'
    """
    scaled = Decimal(repr(limit)) * (100 if form == "percent" else 1)
    exponent = scaled.normalize().as_tuple().exponent
    digits = max(0, -exponent) if isinstance(exponent, int) else 0
    text = number_text(float(scaled), digits=digits, signed=signed)
    unit = unit_text(form, signed=signed)
    return text + (unit.removesuffix("s") if form == "percent" and abs(scaled) == 1 else unit)


def margin_text(comparison: Comparison, *, form: Form | None = None) -> str:
    """Return the margin as the plan has it: "−0.05", "0.85", "−5 points"."""
    return limit_text(
        margin_limit(comparison),
        form=_chosen(comparison, form),
        signed=_is_difference(comparison),
    )


def _undefined(comparison: Comparison) -> bool:
    """Whether estimate or interval is missing, so that nothing can be decided."""
    return math.isnan(comparison.estimate + comparison.ci_low + comparison.ci_high)


def _side(comparison: Comparison, limit: float) -> int:
    """Return 1 or -1 if the whole interval lies above or below ``limit``, else 0."""
    return int(comparison.ci_low > limit) - int(comparison.ci_high < limit)


def side(comparison: Comparison) -> int:
    """Return 1 or -1 if the whole interval lies above or below no difference, else 0."""
    return _side(comparison, comparison.null)


def lies(comparison: Comparison) -> str:
    """Return where the whole interval lies against no difference: above, below or over it."""
    return {1: "lies above", -1: "lies below", 0: "includes"}[side(comparison)]


def margin_phrase(comparison: Comparison, *, form: Form | None = None) -> str:
    """Return where the interval lies, against the margin or, without one, no difference.

    An interval on the bad side of no difference says who is worse.
    """
    if comparison.margin is None:
        null = "zero" if comparison.effect == "difference" else "1"
        return f"the interval {lies(comparison)} {null}{_direction(comparison)}"
    place = _side(comparison, margin_limit(comparison))
    words = {1: "lies above", -1: "lies below", 0: "crosses"}
    if comparison.noninferior:
        words = {1: "stays above", -1: "stays below"}
    return f"the interval {words[place]} the margin of {margin_text(comparison, form=form)}"


def _direction(comparison: Comparison) -> str:
    """Return who is worse where the interval lies on the bad side of no difference."""
    return f", where {comparison.label_b} is worse" if comparison.worse else ""


def answer_text(comparison: Comparison, *, measure: str, form: Form | None = None) -> str:
    """Return what was found: both estimates, effect with interval, place of the interval.

    No conclusion: which one a comparison may carry hangs on the plan of its book.

    Parameters
    ----------
    comparison : Comparison
        Its labels are named with "for": "AUC was 0.849 for nine radiologists".
    measure : str
        The quantity as it opens a sentence, such as "AUC" or "The mean AUC".
    form : Form, optional
        The form of the two numbers and their difference, where their unit does not say it.

    Returns
    -------
    str
        "AUC was 0.849 for nine radiologists and 0.817 for the AI: a difference of −0.032 (95% CI
        −0.094 to 0.031), and the interval crosses the margin of −0.05."
    """
    if _undefined(comparison):
        return f"{measure} cannot be compared: {comparison.note}."
    own = form or _form_of_value(comparison.unit, comparison.quantity)
    first, second = (
        value_text(value, form=own) for value in (comparison.estimate_a, comparison.estimate_b)
    )
    return (
        f"{measure} was {first} for {comparison.label_a} and {second} "
        f"for {comparison.label_b}: {effect_phrase(comparison, form=form)}, and "
        f"{margin_phrase(comparison, form=form)}."
    )


def instead_phrase(comparison: Comparison, noun: str = "", *, unit: bool = True) -> str:
    """Return what b reached in place of a, for whoever reads one sentence only.

    A noun stands behind both numbers; without ``unit`` the numbers stand alone.

    Examples
    --------
    >>> from toolkit.results import Comparison
    >>> found = Comparison(
    ...     method="paired difference", quantity="sensitivity", unit="probability", estimate=0.07,
    ...     std_error=0.02, ci_low=0.03, ci_high=0.11, ci_level=0.95, ci_method="t", label_a="a",
    ...     label_b="b", estimate_a=0.76, estimate_b=0.83, effect="difference", statistic=3.5,
    ...     df=20.0, p_value=0.002, better="higher")
    >>> instead_phrase(found).replace(NO_BREAK_SPACE, " ").replace("\u2060", "")
    '83.0% instead of 76.0% (+7.0 points, 95% CI 3.0–11.0)'
    """
    own = _form_of_value(comparison.unit, comparison.quantity)
    second, first = (
        value_text(value, form=own, unit=unit)
        for value in (comparison.estimate_b, comparison.estimate_a)
    )
    no_interval = math.isnan(comparison.ci_low + comparison.ci_high)
    limits = comparison.note if no_interval else ci_phrase(comparison)
    change = f"{estimate_text(comparison, unit=unit)}, {limits}"
    return f"{second} instead of {first}{f' {noun}' if noun else ''} ({change})"


def agreement_sentence(flags: Sequence[str]) -> str:
    """Return the sentence that follows a table of analyses.

    Parameters
    ----------
    flags : sequence of str
        One for each other analysis that is defined, of ``disagreement_flag``; empty where it
        agrees.
    """
    if not flags:
        return "No other analysis is defined for these readings."
    raised = [flag for flag in flags if flag]
    if not raised:
        words = "The other analysis agrees" if len(flags) == 1 else "All other analyses agree"
        return f"{words} with that of the answer."
    if len(flags) == 1:
        opening = "The other analysis disagrees"
    else:
        some = capital(counted(len(raised), "of", "of"))
        others = counted(len(flags), "other analysis", "other analyses")
        opening = f"{some} {others} {'disagrees' if len(raised) == 1 else 'disagree'}"
    return f"{opening} with that of the answer: {'; '.join(raised)}."
