"""What the plan of a book says of a chapter's comparison: may it carry a verdict, and which.

A plan comes here as the plain values of the parameters file. A result is named by its chapter and,
where it is not the chapter's primary comparison, by its name in the chapter's record.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from toolkit.results import Comparison
from toolkit.stats.claims.plan import Claim, ClaimKind, EndpointPlan
from toolkit.words.sentences import without_verdict
from toolkit.words.wording import counted

Plain = Mapping[str, Any]
Place = Sequence[Plain]  # claims on one comparison: claim, before, beside

CLAIM_WORDS: Mapping[str, str] = {
    "noninferiority": "non-inferiority",
    "superiority": "superiority",
    "difference": "difference",
}
NO_CLAIM = "No claim of the plan"


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


def place_of(plain: Plain, chapter: str) -> list[dict[str, Any]]:
    """Return what a plan claims of a chapter's primary comparison.

    Parameters
    ----------
    plain : mapping
        The plan.
    chapter : str
        Name of the chapter in the book.

    Returns
    -------
    list of dict
        ``claim``, its kind; ``before``, how many claims on other results must be shown before it;
        ``beside``, how many others are judged with it by Holm's method. Empty: no claim.
    """
    primary, secondary = plain["primary"], plain["secondary"]
    holm = plain["secondary_rule"] == "holm"
    places = []
    for number, entry in enumerate([*primary, *secondary]):
        if key_of(entry) != chapter:
            continue
        in_family = holm and number >= len(primary)
        ahead = [*primary, *secondary][: len(primary) if in_family else number]
        places.append(
            {
                "claim": entry["claim"],
                "before": sum(key_of(other) != chapter for other in ahead),
                "beside": len(secondary) - 1 if in_family else 0,
            }
        )
    return places


def _asked(comparison: Comparison) -> ClaimKind:
    """Return what the first word of a chapter's answer is about."""
    if comparison.margin is not None:
        return "noninferiority"
    return "difference" if comparison.better is None else "superiority"


def planned_answer(answer: str, comparison: Comparison, place: Place) -> str:
    """Return a chapter's answer as its plan allows it.

    Parameters
    ----------
    answer : str
        The answer, its verdict in front.
    comparison : Comparison
        The chapter's primary comparison.
    place : sequence of mapping
        Of ``place_of``.

    Returns
    -------
    str
        Without the verdict where the plan claims something else or nothing, or where the interval
        alone does not decide; behind it what the plan makes of it.
    """
    own = next((one for one in place if one["claim"] == _asked(comparison)), None)
    if not place:
        return f"{without_verdict(answer)} The plan of this book makes no claim of it."
    if own is None:
        claimed = " and ".join(CLAIM_WORDS[one["claim"]] for one in place)
        return f"{without_verdict(answer)} The plan claims {claimed}, which chapter 90 judges."
    condition = _condition(own["before"])
    if own["beside"]:
        others = counted(own["beside"], "other")
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


def planned_decision(decision: str, comparison: Comparison, place: Place) -> str:
    """Return the decision on a chapter's primary comparison as its plan allows it.

    What is not defined stays so; only what the plan claims is decided, and only if the interval of
    this comparison alone decides it.
    """
    if math.isnan(comparison.estimate + comparison.ci_low + comparison.ci_high):
        return decision
    if not place:
        return NO_CLAIM
    words = []
    for one in place:
        name = CLAIM_WORDS[one["claim"]]
        if one["beside"]:
            words.append(f"{name}: see chapter 90")
            continue
        shown = f"{name} {'shown' if _shows(comparison, one['claim']) else 'not shown'}"
        words.append(f"{shown} by its own interval" if one["before"] else shown)
    text = "; ".join(words)
    return text[:1].upper() + text[1:]


def _shows(comparison: Comparison, claim: ClaimKind) -> bool:
    """Whether the interval shows what is claimed."""
    if claim == "noninferiority":
        return bool(comparison.noninferior)
    if claim == "superiority":
        return bool(comparison.superior)
    null = 0.0 if comparison.effect == "difference" else 1.0
    return comparison.ci_low > null or comparison.ci_high < null
