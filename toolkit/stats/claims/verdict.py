"""Which words a comparison may carry: by plan, direction, margin, order of the claims, maturity.

The only place that decides it. Chapters, the synthesis and the first page print its words. A
comparison that no plan names is an estimate: it has no conclusion, however narrow its interval.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from toolkit.results import Comparison
from toolkit.stats.claims.plan import ClaimKind, ClaimPlace, Verdict, interval_shows
from toolkit.words.sentences import margin_limit
from toolkit.words.wording import capital, counted

CLAIM_WORDS: dict[str, str] = {
    "noninferiority": "non-inferiority",
    "superiority": "superiority",
    "difference": "difference",
}
NO_PLAN = "No plan: an estimate, nothing confirmatory"
OUTSIDE = "Outside the plan: an estimate"
UNANSWERED = "Cannot be answered yet."


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the plan of a book makes of one comparison.

    Parameters
    ----------
    planned : bool
        Whether the parameters file holds a plan.
    places : tuple of ClaimPlace
        The claims on the comparison, in order; empty where the plan makes none.
    verdicts : tuple of str
        One a claim, as judged together with all others; empty where these are not known.
    waits_for : str
        What is missing before the comparison may be judged, such as work-up that is not complete.
    """

    planned: bool = False
    places: tuple[ClaimPlace, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    waits_for: str = ""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What may be said of a comparison.

    Parameters
    ----------
    opening : str
        First words of the answer, such as ``"Yes."``; empty for an estimate.
    conclusion : str
        What became of the claims in a few words; empty for an estimate.
    standing : str
        Why there is no conclusion; empty where there is one.
    """

    opening: str = ""
    conclusion: str = ""
    standing: str = ""


def said(comparison: Comparison, standing: Standing) -> Said:
    """Return the words that a comparison may carry.

    Parameters
    ----------
    comparison : Comparison
        b minus a, or b over a, with its interval; ``better`` says which direction is good.
    standing : Standing
        What the plan makes of it.

    Returns
    -------
    Said
        For a claim ``"Yes."``, ``"No."`` where the whole interval lies on the bad side, ``"Not
        shown."``, ``"Not tested."`` or ``"Cannot be answered yet."``. A claim that counts only
        after or beside others says so while their verdicts are not known.

    Notes
    -----
    A claim that its own interval does not show is not shown, whatever becomes of the others, since
    order and Holm's method only ask for more.

    Examples
    --------
    >>> change = Comparison(
    ...     method="difference of FOMs", quantity="alroc", unit="probability", estimate=-0.12,
    ...     std_error=0.057, ci_low=-0.231, ci_high=-0.009, ci_level=0.95, ci_method="t",
    ...     label_a="readers", label_b="the AI", estimate_a=0.6, estimate_b=0.48,
    ...     effect="difference", statistic=-2.1, df=40.0, p_value=0.04, better="higher")
    >>> said(change, Standing()).standing
    'No plan: an estimate, nothing confirmatory'
    >>> place = ClaimPlace(claim="superiority", before=0, beside=0)
    >>> judged = said(change, Standing(planned=True, places=(place,)))
    >>> judged.opening, judged.conclusion
    ('No.', 'Superiority not shown: the AI worse')
    """
    if not standing.places:
        return Said(standing=OUTSIDE if standing.planned else NO_PLAN)
    if math.isnan(comparison.estimate + comparison.ci_low + comparison.ci_high):
        return Said(opening=UNANSWERED, conclusion=f"Not defined: {comparison.note}")
    if standing.waits_for:
        return Said(opening=UNANSWERED, conclusion=f"Not judged yet: {standing.waits_for}")
    states = standing.verdicts or (None,) * len(standing.places)
    pairs = list(zip(standing.places, states, strict=True))
    conclusions = [_conclusion(comparison, place, state) for place, state in pairs]
    return Said(opening=_opening(comparison, *pairs[0]), conclusion=capital("; ".join(conclusions)))


def _opening(comparison: Comparison, place: ClaimPlace, state: Verdict | None) -> str:
    """Return the first words of the answer to the first claim."""
    if state == "not tested":
        return "Not tested."
    if state == "not shown" or not interval_shows(comparison, place.claim):
        return "No." if _contrary(comparison, place.claim) else "Not shown."
    condition = "" if state else _condition(place)
    return f"Yes, {condition}." if condition else "Yes."


def _contrary(comparison: Comparison, claim: ClaimKind) -> bool:
    """Whether the whole interval shows the contrary of a claim."""
    if claim != "noninferiority" or comparison.margin is None:
        return comparison.worse
    limit = margin_limit(comparison)
    if comparison.better == "higher":
        return comparison.ci_high < limit
    return comparison.ci_low > limit


def _condition(place: ClaimPlace) -> str:
    """Return on which other claims a claim rests; empty where it rests on none."""
    if place.beside:
        return f"if it holds beside {counted(place.beside, 'other claim')} by Holm's method"
    if not place.before:
        return ""
    if place.before == 1:
        return "if the claim before it is shown"
    return f"if the {counted(place.before, 'claim')} before it are shown"


def _conclusion(comparison: Comparison, place: ClaimPlace, state: Verdict | None) -> str:
    """Return what became of one claim, with the direction wherever it is not the wanted one."""
    name = CLAIM_WORDS[place.claim]
    if state in ("not tested", "outside the plan"):
        return f"{name} {state}"
    if state == "not shown" or not interval_shows(comparison, place.claim):
        bad = f": {comparison.label_b} worse" if comparison.worse else ""
        return f"{name} not shown{bad}"
    condition = "" if state else _condition(place)
    shown = f"{name} shown{f' {condition}' if condition else ''}"
    if place.claim == "noninferiority" and comparison.worse:
        return f"{shown}, though {comparison.label_b} is worse"
    if place.claim == "difference":
        higher = comparison.estimate > comparison.null
        return f"{shown}: {comparison.label_b} {'higher' if higher else 'lower'}"
    return shown
