"""Estimates, limits and tests of two paired proportions as fields of a Comparison."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from toolkit.results import Better
from toolkit.stats._checks import check_ci_level, check_proportion_margin
from toolkit.stats._inference import share

if TYPE_CHECKING:
    from toolkit.stats.paired.differences import PairedCounts


def check_difference(
    counts: PairedCounts, caller: str, ci_level: float, margin: float | None, better: Better | None
) -> tuple[int, float]:
    """Return the number of pairs and the level; refuse what no difference can be made from."""
    level = check_ci_level(ci_level)
    check_proportion_margin(margin, better=better)
    return check_pairs(counts, caller), level


def check_pairs(counts: PairedCounts, caller: str) -> int:
    """Return the number of pairs; refuse a table that does not know it."""
    if counts.n_pairs is None:
        msg = (
            f"{caller} needs counts.neither, the cases that neither method called positive, but "
            "got None; count them, or use tang_ratio_ci or a McNemar test, which do not need it"
        )
        raise ValueError(msg)
    return counts.n_pairs


def difference_fields(counts: PairedCounts, n_pairs: int) -> dict[str, Any]:
    """Return the estimates of a difference."""
    error = plug_in_error(counts.only_b, counts.only_a, n_pairs)
    note = "the difference is not defined: no pairs"
    if n_pairs:
        alike = "all pairs part the same way" if counts.n_discordant else "no discordant pairs"
        note = "" if error else f"{alike}: the plug-in standard error is 0"
    return {
        "note": note,
        "n_cases": n_pairs,
        "estimate": share(counts.only_b - counts.only_a, n_pairs),
        "estimate_a": share(counts.positive_a, n_pairs),
        "estimate_b": share(counts.positive_b, n_pairs),
        "std_error": error,
        "unit": "probability",
        "effect": "difference",
    }


def plug_in_error(only_b: float, only_a: float, n_pairs: int) -> float:
    """Return the standard error of a mean of differences that are -1, 0 or 1."""
    if not n_pairs:
        return math.nan
    # (b + c) - (b - c)^2 / n without the difference of like numbers where nearly all pairs part.
    concordant = n_pairs - only_b - only_a
    spread = (4 * only_b * only_a + concordant * (only_b + only_a)) / n_pairs
    return math.sqrt(spread) / n_pairs


def ratio_fields(counts: PairedCounts) -> dict[str, Any]:
    """Return the estimates of a ratio."""
    notes = []
    if counts.positive_a == 0:
        notes.append("the ratio is not defined: a called no case positive")
    elif counts.n_discordant == 0:
        notes.append("no discordant pairs: the plug-in standard error is 0")
    elif counts.positive_b == 0:
        notes.append("b called no case positive: the plug-in standard error is 0")
    if not counts.n_pairs:
        why = "no pairs" if counts.n_pairs == 0 else "cases positive by neither were not counted"
        notes.append(f"the proportions themselves are not defined: {why}")
    # Delta method: the logarithm has variance n_discordant / (positive_a positive_b).
    spread = math.sqrt(counts.positive_b * counts.n_discordant)
    return {
        "note": "; ".join(notes),
        "n_cases": counts.n_pairs,
        "estimate": share(counts.positive_b, counts.positive_a),
        "estimate_a": share(counts.positive_a, counts.n_pairs),
        "estimate_b": share(counts.positive_b, counts.n_pairs),
        "std_error": share(spread, counts.positive_a**1.5),
        "unit": "ratio",
        "effect": "ratio",
    }
