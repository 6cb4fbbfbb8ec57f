"""What chapter 04 answers: whether the score is spread as stated, and in the right order."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from toolkit.chapters.case_words import INDICATION_WORDS, incorporation_text
from toolkit.chapters.scores.analysis import GroupClasses, ScoreStudy
from toolkit.results import Estimate
from toolkit.scoring.scores import ScoredCases
from toolkit.words.sentences import estimate_phrase, estimate_text
from toolkit.words.wording import (
    EM_DASH,
    capital,
    count_text,
    counted,
    number_text,
    rate_text,
    value_text,
)

_FEWEST_FOR_A_RATE = 20


def classes_text(scored: ScoredCases, first: int, last: int) -> str:
    """Return classes in words, from 0: "score 10", "scores 1 to 4", "classes 1 to 4"."""
    noun = ("score", "scores") if scored.classes.whole else ("class", "classes")
    names = scored.classes.ticks
    if first == last:
        return f"{noun[0]} {names[first]}"
    return f"{noun[1]} {names[first]} to {names[last]}"


def top_text(scored: ScoredCases) -> str:
    """Return the highest class in words: "score 10"."""
    return classes_text(scored, scored.top, scored.top)


def at_classes(scored: ScoredCases, first: int, last: int) -> str:
    """Return where cancers are: "at scores 1 to 4", "in class 1"."""
    return f"{'at' if scored.classes.whole else 'in'} {classes_text(scored, first, last)}"


def stated_text(study: ScoreStudy) -> str:
    """Return the share that the vendor states: "10%"."""
    share = study.expectation.share
    return f"{share * 100:g}%" if share is not None else EM_DASH


def reason_text(group: GroupClasses) -> str:
    """Return an indication before a noun: "screening "; nothing where the cases do not say."""
    return "" if group.name == "all" else f"{group.name} "


def spread_text(study: ScoreStudy) -> str:
    """Return how many the smallest and the largest class hold: "9.9% to 10.4%"."""
    shares = [one.estimate for one in study.reference.share]
    return " to ".join(value_text(value, form="percent") for value in (min(shares), max(shares)))


def population(study: ScoreStudy) -> str:
    """Return whose shares they are: "the screening examinations"."""
    without = " without cancer" if study.basis == "without_cancer" else ""
    weighted = ", by their sampling weights" if study.weights_used else ""
    return f"the {reason_text(study.reference)}{study.scored.unit}s{without}{weighted}"


def question(study: ScoreStudy) -> str:
    """Return the chapter's question: the vendor's statement, or the order where there is none."""
    if study.expectation.share is None:
        return f"Do {study.scored.unit}s with a higher AI score hold more cancers?"
    classes = counted(study.scored.n_classes, "class", "classes")
    return f"Is the AI score spread over its {classes} as the vendor describes?"


def answer(study: ScoreStudy) -> str:
    """Return the chapter's answer: the shares against those stated, and the order of cancers."""
    spread = "" if study.expectation.share is None else _spread_sentence(study)
    sentences = (spread, order_sentence(study), accuracy_sentence(study))
    return " ".join(text for text in sentences if text)


def accuracy_sentence(study: ScoreStudy) -> str:
    """Return what the highest class would be as a recall; nothing where it has no meaning."""
    found, cleared = study.reference.found_at_top, study.reference.cleared_below_top
    if math.isnan(found.estimate + cleared.estimate):
        return ""
    return (
        f"As a recall, {top_text(study.scored)}{_before_rounding(study.scored)} has a sensitivity "
        f"of {estimate_phrase(found)} and a specificity of {estimate_phrase(cleared)}."
    )


def _before_rounding(scored: ScoredCases) -> str:
    """Return the scores that the highest whole number stands for, where the data hold decimals."""
    known = scored.score[scored.scored]
    if not scored.classes.whole or (known == np.floor(known)).all():
        return ""
    end = scored.classes.borders[-1]
    ends = {"nearest": f"{end - 0.5:g} or more", "up": f"more than {end - 1:g}"}
    start = ends.get(scored.classes.decimals)
    return f" ({start} before rounding)" if start else ""


def limits(study: ScoreStudy) -> list[str]:
    """Return what limits the answer."""
    top = top_text(study.scored)
    words = incorporation_text(study.incorporation, test=top, which=f"at {top}")
    return [words] if words else []


def _spread_sentence(study: ScoreStudy) -> str:
    """Return whether each class holds what is stated, with the shares behind it."""
    stated, tolerance = stated_text(study), tolerance_text(study)
    expectation, whose = study.expectation, population(study)
    if expectation.verdict == "yes":
        return f"Each class holds {stated} of {whose}, to within {tolerance}."
    if expectation.verdict == "not_shown":
        return (
            f"The classes hold {spread_text(study)} of {whose}; "
            f"{count_text(study.reference.n.sum())} of them are too few to place every class "
            f"within {tolerance} of {stated}."
        )
    if expectation.verdict == "cannot":
        return f"The vendor's {stated} is about screening as it comes, and {expectation.obstacle}."
    return _largest_gap(study)


def tolerance_text(study: ScoreStudy) -> str:
    """Return the tolerance: "2 points"."""
    points = study.expectation.tolerance * 100
    return f"{points:g} {'point' if points == 1 else 'points'}"


def largest_gap(study: ScoreStudy) -> tuple[int, float, float]:
    """Return up to which class, and with what share and expectation, the classes differ most."""
    shares = np.cumsum([one.estimate for one in study.reference.share])[:-1]
    stated = (study.expectation.share or 0.0) * np.arange(1, shares.size + 1)
    # Rounded, so that of equal gaps the one with the fewest classes is named, on any machine.
    last = int(np.argmax(np.abs(shares - stated).round(9)))
    return last, float(shares[last]), float(stated[last])


def _largest_gap(study: ScoreStudy) -> str:
    """Return where the classes are fullest or emptiest against the statement."""
    last, held, stated = largest_gap(study)
    top = study.scored.top
    ending = ""
    if last != top - 1:  # else the highest class is the rest of the same statement
        share = estimate_text(study.reference.share[top])
        ending = f"; {top_text(study.scored)} holds {share}"
    verb = "holds" if last == 0 else "hold"
    return (
        f"{capital(classes_text(study.scored, 0, last))} {verb} "
        f"{value_text(held, form='percent')} of {population(study)}, where "
        f"{number_text(100 * stated, digits=0)}% is expected{ending}."
    )


def order_sentence(study: ScoreStudy) -> str:
    """Return whether cancers rise with the score, and how many the lower and highest classes hold.

    Rates of an enriched set are named as such: a programme's are lower.
    """
    scored, group = study.scored, study.reference
    order = study.order
    if math.isnan(order.ci_low):
        return f"The order of the classes cannot be judged: {_no_order(study)}."
    half, top = scored.n_classes // 2, scored.top
    low = _rate_words(group.weighted_cancers[:half].sum(), group.weighted_verified[:half].sum())
    high = _top_words(group)
    numbers = (
        f"{low} {at_classes(scored, 0, half - 1)}, {high}"
        f"{' of this enriched set' if study.enriched else ''} {at_classes(scored, top, top)}, "
        f"which holds {count_text(group.cancers[top])} of {count_text(group.cancers.sum())}"
    )
    if order.ci_low > 0.5:
        return f"The order is right: {numbers}."
    auc = estimate_phrase(order)
    if order.ci_high < 0.5:
        return f"The order is reversed: {numbers} (AUC {auc})."
    return f"Whether higher scores hold more cancers stays open: {numbers} (AUC {auc})."


def _top_words(group: GroupClasses) -> str:
    """Return the rate of the highest class, or its counts where there are few."""
    verified = int(group.verified[-1])
    if verified < _FEWEST_FOR_A_RATE:
        return f"{count_text(group.cancers[-1])} of {count_text(verified)} verified"
    return rate_text(group.weighted_cancers[-1], group.weighted_verified[-1])


def _no_order(study: ScoreStudy) -> str:
    """Return why there is no order of cancers."""
    group = study.reference
    known = f"no {reason_text(group)}{study.scored.unit} with a score is known to"
    if not group.cancers.sum():
        return f"{known} hold a cancer"
    if group.cancers.sum() == group.verified.sum():
        return f"{known} be without cancer"
    return study.order.note


def _rate_words(cancers: float, verified: float) -> str:
    """Return "no cancer" or "2.1 cancers per 1,000"."""
    if cancers == 0:
        return "no cancer"
    rate = number_text(1000 * cancers / verified, digits=1)
    return f"{rate} cancers per\u00a01,000"


def facts(study: ScoreStudy) -> list[tuple[str, str]]:
    """Return the facts under the answer."""
    scored, group = study.scored, study.reference
    listed = [
        ("With a score", f"{count_text(scored.scored.sum())} of {count_text(scored.n_cases)}"),
        (
            "All, verified" if group.name == "all" else "Screening, verified",
            f"{count_text(group.verified.sum())}; {counted_cancers(group)}",
        ),
    ]
    if study.others:
        parts = [
            f"{INDICATION_WORDS[other.name][0].lower()} {count_text(other.verified.sum())} "
            f"({count_text(other.cancers.sum())})"
            for other in study.others
        ]
        listed.append(("Other indications (cancers)", capital(", ".join(parts))))
    low, high = scored.scale
    scale = "" if math.isnan(high - low) else f", score {low:g} to {high:g}"
    listed.append(("AI", f"{scored.ai}{scale}"))
    return listed


def counted_cancers(group: GroupClasses) -> str:
    """Return the cancers of an indication: "65 cancers"."""
    n = int(group.cancers.sum())
    return f"{count_text(n)} {'cancer' if n == 1 else 'cancers'}"


def methods_text(estimates: Sequence[Estimate]) -> str:
    """Return how intervals were made, each way once."""
    named = {one.ci_method for one in estimates if not math.isnan(one.estimate)}
    return " or ".join(sorted(named)) or "not defined"


def without_text(study: ScoreStudy) -> str:
    """Return that cancers are left out of the shares, or nothing."""
    return " and without cancer" if study.basis == "without_cancer" else ""


def enriched_note(study: ScoreStudy) -> str:
    """Return a warning under rates of an enriched set, or nothing."""
    if not study.enriched:
        return ""
    return " Rates per 1,000 are those of this enriched set; a programme's are lower."
