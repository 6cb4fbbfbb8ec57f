"""What a chapter shows: a headline, and exhibits that are each made by one function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from toolkit.draw.bars import IntervalBar
    from toolkit.draw.tables import PairedTables, TableView
    from toolkit.results import Comparison

MOST_READERS = 30  # figures and tables of more readers are cut, and say so


@dataclass(frozen=True, kw_only=True, eq=False)
class Exhibit:
    """A figure or a table of a page, with all that belongs to it.

    Parameters
    ----------
    finding : str
        What a figure shows, as a sentence made from results. Alone, where the data hold nothing to
        draw, it says so and is printed as a sentence.
    figure : Figure or None
        Drawn by ``toolkit.draw``; the page closes and numbers it.
    table : TableView, PairedTables or None
        A table in place of a figure; it has its title and foot within.
    caption : str
        What is drawn, n, method of the intervals, abbreviations.
    alt : str
        What kind of plot, of what, what it shows, the one number; at most 250 characters.
    data : DataFrame or mapping or None
        What was drawn, offered as CSV.
    """

    finding: str = ""
    figure: Figure | None = None
    table: TableView | PairedTables | None = None
    caption: str = ""
    alt: str = ""
    data: pd.DataFrame | Mapping[str, Iterable[Any]] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Headline:
    """A chapter's question and its answer, which stand first on its page.

    Parameters
    ----------
    question, answer : str
        One sentence; one or two sentences, made from results.
    primary : Comparison or None
        What the answer compares: drawn as an interval bar, and it stands on the book's first page.
        Which conclusion it may carry is decided by the plan of the book, not here.
    bar : IntervalBar or None
        Another bar in its place.
    facts : sequence of (str, str)
        Up to three facts: label and value; what may be concluded is added to them.
    clinic : str
        The effect in the units in which a clinic thinks, for the book's first page: cancers found
        and recalls per 1,000 women, or points of sensitivity and specificity, with intervals.
    limits : sequence of str
        What limits the answer, one sentence each, for the synthesis.
    waits_for : str
        What is missing before the comparison may be judged; empty where nothing is.
    """

    question: str
    answer: str
    primary: Comparison | None = None
    bar: IntervalBar | None = None
    facts: Sequence[tuple[str, str]] = ()
    clinic: str = ""
    limits: Sequence[str] = ()
    waits_for: str = ""
