"""Results as phrases: estimates with their interval, and what a comparison answers.

The verdict follows from the interval and the margin alone, never from a P value: "Yes.", "No.",
"Not shown." or "Cannot be answered yet.". A comparison is b minus a, or b over a.
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
    number_text,
    range_text,
    unit_text,
    value_text,
)

_FORM_OF_UNIT: dict[str, Form] = {"s": "seconds", "per_1000": "per_1000", "index": "index"}
# Probabilities that are read as an index from 0 to 1, not as a share of women.
_INDEX = re.compile(r"auc|fom|roc|kappa|ac1|icc|youden|brier|concordance|index")

# That nothing can be said yet is no verdict and stays.
_VERDICT = re.compile(r"^(?:Yes|No|Not shown)\.\s+")


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


def level_text(result: Estimate) -> str:
    """Return the level of an interval: "95%"."""
    return f"{number_text(result.ci_level * 100, digits=1).removesuffix('.0')}%"


def ci_phrase(result: Estimate, *, form: Form | None = None) -> str:
    """Return the interval with its level, with no-break spaces inside."""
    return NO_BREAK_SPACE.join((level_text(result), "CI", ci_text(result, form=form)))


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


def _null(comparison: Comparison) -> float:
    """Return the effect that means no difference."""
    return 0.0 if comparison.effect == "difference" else 1.0


def _undefined(comparison: Comparison) -> bool:
    """Whether estimate or interval is missing, so that nothing can be decided."""
    return math.isnan(comparison.estimate + comparison.ci_low + comparison.ci_high)


def _side(comparison: Comparison, limit: float) -> int:
    """Return 1 or -1 if the whole interval lies above or below ``limit``, else 0."""
    return int(comparison.ci_low > limit) - int(comparison.ci_high < limit)


def _towards_better(comparison: Comparison, limit: float) -> int:
    """Return 1 or -1 if the whole interval lies on the better or worse side of ``limit``."""
    return _side(comparison, limit) * (-1 if comparison.better == "lower" else 1)


def margin_phrase(comparison: Comparison, *, form: Form | None = None) -> str:
    """Return where the interval lies, against the margin or, without one, no difference."""
    if comparison.margin is None:
        null = "zero" if comparison.effect == "difference" else "1"
        words = {1: "lies above", -1: "lies below", 0: "includes"}
        return f"the interval {words[_side(comparison, _null(comparison))]} {null}"
    side = _side(comparison, margin_limit(comparison))
    words = {1: "lies above", -1: "lies below", 0: "crosses"}
    if comparison.noninferior:
        words = {1: "stays above", -1: "stays below"}
    return f"the interval {words[side]} the margin of {margin_text(comparison, form=form)}"


def verdict_word(comparison: Comparison) -> str:
    """Return the first word of the answer to a yes-or-no question about b.

    Parameters
    ----------
    comparison : Comparison
        With a margin the question is "is b no worse than a?", without one and with ``better``
        "is b better than a?", else "do they differ?".

    Returns
    -------
    str
        "Yes." if the interval shows it, "No." if it shows the contrary, "Not shown." if the
        interval allows both, "Cannot be answered yet." if there is no interval.
    """
    if _undefined(comparison):
        return "Cannot be answered yet."
    if comparison.better is None:
        return "Yes." if _side(comparison, _null(comparison)) else "Not shown."
    limit = _null(comparison) if comparison.margin is None else margin_limit(comparison)
    return {1: "Yes.", -1: "No.", 0: "Not shown."}[_towards_better(comparison, limit)]


def without_verdict(answer: str) -> str:
    """Return an answer without the verdict in front of it, for a claim that nobody planned.

    Examples
    --------
    >>> without_verdict("Not shown. The mean AUC was 0.84.")
    'The mean AUC was 0.84.'
    """
    return _VERDICT.sub("", answer)


def decision_text(comparison: Comparison) -> str:
    """Return the decision in the words of a trial report.

    Superiority after non-inferiority needs no correction, so both are named where both hold.
    """
    if _undefined(comparison):
        return f"Not defined: {comparison.note}"
    if comparison.margin is None:
        shown = "shown" if _side(comparison, _null(comparison)) else "not shown"
        return f"Difference {shown}"
    decisions = {
        1: "Non-inferiority shown",
        -1: "Inferiority shown",
        0: "Non-inferiority not shown",
    }
    if comparison.noninferior and comparison.superior:
        return "Non-inferiority and superiority shown"
    return decisions[_towards_better(comparison, margin_limit(comparison))]


def answer_text(comparison: Comparison, *, measure: str, form: Form | None = None) -> str:
    """Return a whole answer: verdict, both estimates, effect with interval, place of the margin.

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
        "Not shown. AUC was 0.849 for nine radiologists and 0.817 for the AI: a difference of
        −0.032 (95% CI −0.094 to 0.031), and the interval crosses the margin of −0.05."
    """
    if _undefined(comparison):
        return f"{verdict_word(comparison)} {measure} cannot be compared: {comparison.note}."
    own = form or _form_of_value(comparison.unit, comparison.quantity)
    first, second = (
        value_text(value, form=own) for value in (comparison.estimate_a, comparison.estimate_b)
    )
    return (
        f"{verdict_word(comparison)} {measure} was {first} for {comparison.label_a} and {second} "
        f"for {comparison.label_b}: {effect_phrase(comparison, form=form)}, and "
        f"{margin_phrase(comparison, form=form)}."
    )


def verdict_sentence(flags: Sequence[str]) -> str:
    """Return the sentence that follows a table of analyses.

    Parameters
    ----------
    flags : sequence of str
        One for each other analysis that is defined, of ``verdict_flag``; empty where it agrees.
    """
    if not flags:
        return "No other analysis is defined for these readings."
    raised = [flag for flag in flags if flag]
    if not raised:
        words = "The other analysis has" if len(flags) == 1 else "All other analyses have"
        return f"{words} the same verdict as the primary one."
    if len(flags) == 1:
        opening = "The other analysis has"
    else:
        some = capital(counted(len(raised), "of", "of"))
        others = counted(len(flags), "other analysis", "other analyses")
        opening = f"{some} {others} {'has' if len(raised) == 1 else 'have'}"
    return (
        f"{opening} another verdict: {'; '.join(raised)}. The answer follows the primary analysis, "
        "which was fixed in the parameters."
    )
