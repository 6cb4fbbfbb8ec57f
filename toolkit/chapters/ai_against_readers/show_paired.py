"""Paired two-by-two tables of one comparison, ready to print."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.draw.html import PairedCounts
from toolkit.results import Comparison
from toolkit.scoring.mcnemar_verdicts import Tests, disagreement


@dataclass(frozen=True, kw_only=True)
class PairedView:
    """Two-by-two tables that stand side by side under one number.

    Parameters
    ----------
    title : str
        Title above them.
    tables : tuple of PairedCounts
        One a truth class.
    rows, columns : (str, str)
        Labels of the two rows and of the two columns.
    foot : str
        What the reader must know; the discordant cells are shaded.
    """

    title: str
    tables: tuple[PairedCounts, ...]
    rows: tuple[str, str]
    columns: tuple[str, str]
    foot: str = ""


def disagreement_phrase(comparison: Comparison, tests: Tests) -> str:
    """Return, after a semicolon, where McNemar tests disagree with the interval, or nothing."""
    words = disagreement(comparison, tests)
    return f"; {words}" if words else ""
