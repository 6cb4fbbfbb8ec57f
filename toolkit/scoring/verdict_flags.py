"""Where another analysis of the same comparison has another verdict than the primary one."""

from __future__ import annotations

import math
from dataclasses import replace

from toolkit.results import Comparison
from toolkit.stats.claims.plan import verdict_note


def verdict_flag(primary: Comparison, other: Comparison, *, name: str) -> str:
    """Return in words where another analysis has another verdict; empty where it has the same.

    Parameters
    ----------
    primary : Comparison
        The planned one, whose verdict stands.
    other : Comparison
        The same difference and margin by another analysis.
    name : str
        What that analysis is called.

    Returns
    -------
    str
        One clause on the margin, one on no difference, or nothing; empty too where one of them
        has no interval.
    """
    if math.isnan(primary.ci_low + other.ci_low):
        return ""
    words = f"analysis \u201c{name[:1].lower()}{name[1:]}\u201d"
    notes = []
    if primary.margin is not None and primary.noninferior != other.noninferior:
        both = ("the primary interval", f"the {words}")
        shows, not_shows = both if primary.noninferior else both[::-1]
        notes.append(f"{shows} shows non-inferiority, {not_shows} does not")
    named = replace(primary, ci_method="primary")
    notes.append(verdict_note(named, p_value=other.p_value, test=words).partition(":")[0])
    return "; ".join(note for note in notes if note)
