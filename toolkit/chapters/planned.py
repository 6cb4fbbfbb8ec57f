"""The plan of a book as plain values: its claims, and where a chapter's comparison stands in it.

A result is named by its chapter and, where it is not the chapter's own comparison, by its name in
the chapter's record. Which words a standing allows is decided in ``toolkit.stats.claims``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from toolkit.draw.html import Pill
from toolkit.stats.claims import Claim, EndpointPlan, EndpointVerdict, Standing
from toolkit.stats.claims.plan import ClaimKind, ClaimPlace

Plain = Mapping[str, Any]

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


def plan_pill(lock: str | None) -> Pill:
    """Return how the book's plan stands.

    Parameters
    ----------
    lock : str or None
        Date and hash of the lock; empty: not locked; None: there is no plan.

    Examples
    --------
    >>> plan_pill("2024-03-01 \u00b7 3f2a9c41d07b").text
    'Plan locked 2024-03-01 · 3f2a9c41d07b'
    >>> plan_pill("").text, plan_pill(None).text
    ('Plan not locked', 'No plan: estimates only')
    """
    if lock is None:
        return Pill("No plan: estimates only")
    return Pill(f"Plan locked {lock}", "locked") if lock else Pill("Plan not locked")


def standing_told(told: Plain, waits_for: str = "") -> Standing:
    """Return where a chapter's comparison stands, from what the chapter is told of the plan.

    Parameters
    ----------
    told : mapping
        ``place``: one entry a claim on the comparison; empty without a plan.
    waits_for : str
        What is missing before it may be judged.
    """
    places = tuple(ClaimPlace(**one) for one in told.get("place", ()))
    return Standing(planned="lock" in told, places=places, waits_for=waits_for)


def standing_judged(
    verdicts: Sequence[EndpointVerdict], result: str, waits_for: str = ""
) -> Standing:
    """Return where a result stands once every claim of a plan is judged.

    Parameters
    ----------
    verdicts : sequence of EndpointVerdict
        On every claim, and on what stands beside.
    result : str
        Name of the result in the plan, of a chapter's own comparison that of the chapter.
    waits_for : str
        What is missing before it may be judged.
    """
    own = [one for one in verdicts if one.label == result and one.claim != "none"]
    return Standing(
        planned=True,
        places=tuple(
            ClaimPlace(claim=cast("ClaimKind", one.claim), before=0, beside=0) for one in own
        ),
        verdicts=tuple(one.verdict for one in own),
        waits_for=waits_for,
    )
