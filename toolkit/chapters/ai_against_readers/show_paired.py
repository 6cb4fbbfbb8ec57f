"""Paired two-by-two tables of one comparison, ready to print."""

from __future__ import annotations

from toolkit.results import Comparison
from toolkit.scoring.mcnemar_verdicts import Tests, disagreement


def disagreement_phrase(comparison: Comparison, tests: Tests) -> str:
    """Return, after a semicolon, where McNemar tests disagree with the interval, or nothing."""
    words = disagreement(comparison, tests)
    return f"; {words}" if words else ""
