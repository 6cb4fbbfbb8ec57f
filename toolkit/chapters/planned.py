"""What the plan of a book says of a chapter's comparison: may it carry a verdict, and which.

A plan comes here as the plain values of the parameters file. A result is named by its chapter and,
where it is not the chapter's primary comparison, by its name in the chapter's record.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.results import Comparison
from toolkit.stats.claims import Claim, EndpointPlan
from toolkit.stats.claims.plan import ClaimPlace, claim_asked, interval_shows
from toolkit.words.sentences import without_verdict
from toolkit.words.wording import capital, counted, joined

Plain = Mapping[str, Any]

CLAIM_WORDS: Mapping[str, str] = {
    "noninferiority": "non-inferiority",
    "superiority": "superiority",
    "difference": "difference",
}
NO_CLAIM = "No claim of the plan"
RECORDED = "plan"  # the name of the verdicts in the record of chapter 90


def key_of(entry: Plain) -> str:
    """Return the name of the result that an entry of a plan is about.

    Examples
    --------
    >>> key_of({"chapter": "07_reader_study", "result": None})
    '07_reader_study'
    >>> key_of({"chapter": "07_reader_study", "result": "sensitivity_difference"})
    '07_reader_study: sensitivity_difference'
    """
    chapter, result = entry["chapter"], entry["result"]
    return chapter if result is None else f"{chapter}: {result}"


def claim_of(entry: Plain) -> Claim:
    """Return a claim as the statistics take it; ValueError for a margin out of place."""
    return Claim(
        result=key_of(entry),
        quantity=entry["quantity"],
        kind=entry["claim"],
        margin=entry["margin"],
    )


def endpoint_plan(plain: Plain) -> EndpointPlan:
    """Return a plan as the statistics take it; ValueError where it is none."""
    return EndpointPlan(
        primary=tuple(claim_of(entry) for entry in plain["primary"]),
        secondary=tuple(claim_of(entry) for entry in plain["secondary"]),
        secondary_rule=plain["secondary_rule"],
        reported=tuple(entry["quantity"] for entry in plain["reported"]),
        recall_rule=plain["recall_rule"],
        ci_level=plain["ci_level"],
    )


def planned_answer(answer: str, comparison: Comparison, places: Sequence[ClaimPlace]) -> str:
    """Return a chapter's answer as its plan allows it.

    Parameters
    ----------
    answer : str
        The answer, its verdict in front.
    comparison : Comparison
        The chapter's primary comparison.
    places : sequence of ClaimPlace
        Where the claims on it stand; empty: the plan makes none.

    Returns
    -------
    str
        Without the verdict where the plan claims something else or nothing, or where the interval
        alone does not decide; behind it what the plan makes of it.
    """
    own = next((one for one in places if one.claim == claim_asked(comparison)), None)
    if not places:
        return f"{without_verdict(answer)} The plan of this book makes no claim of it."
    if own is None:
        claimed = " and ".join(CLAIM_WORDS[one.claim] for one in places)
        return f"{without_verdict(answer)} The plan claims {claimed}, which chapter 90 judges."
    condition = _condition(own.before)
    if own.beside:
        others = counted(own.beside, "other")
        first = f", {condition}" if condition else ""
        return (
            f"{without_verdict(answer)} The plan judges it with {others} by Holm's method{first}: "
            "see chapter 90."
        )
    if not condition:
        return answer
    return f"{answer} In the plan it counts {condition}: see chapter 90."


def _condition(before: int) -> str:
    """Return on what a claim rests."""
    if not before:
        return ""
    if before == 1:
        return "only if the claim before it is shown"
    return f"only if the {counted(before, 'claim')} before it are shown"


def planned_decision(decision: str, comparison: Comparison, places: Sequence[ClaimPlace]) -> str:
    """Return the decision on a chapter's primary comparison as its plan allows it.

    What is not defined stays so; only what the plan claims is decided, and only if the interval of
    this comparison alone decides it.
    """
    if math.isnan(comparison.estimate + comparison.ci_low + comparison.ci_high):
        return decision
    if not places:
        return NO_CLAIM
    words = []
    for one in places:
        name = CLAIM_WORDS[one.claim]
        if one.beside:
            words.append(f"{name}: see chapter 90")
            continue
        shown = f"{name} {'shown' if interval_shows(comparison, one.claim) else 'not shown'}"
        words.append(f"{shown} by its own interval" if one.before else shown)
    return capital("; ".join(words))


def conclusion(verdicts: Sequence[Mapping[str, Any]], chapter: str) -> str:
    """Return in a few words what became of a chapter's primary comparison.

    Parameters
    ----------
    verdicts : sequence of mapping
        Label, claim and verdict of each, as the record of chapter 90 has them.
    chapter : str
        Name of the chapter in the book.
    """
    own = [
        f"{CLAIM_WORDS[v['claim']]} {v['verdict']}"
        for v in verdicts
        if v["label"] == chapter and v["claim"] in CLAIM_WORDS
    ]
    return capital(joined(own)) if own else NO_CLAIM
