"""What chapter 21 shows: which cancers each reading found, one mark a cancer."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.prospective.screening_endpoints import CancerKind
from toolkit.chapters.prospective.show_prospective_endpoints import WITH, WITHOUT
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.draw.screening import DiscordanceRow, discordance_figure
from toolkit.words.wording import count_text, counted, number_text

MOST_MARKS = 44  # a longer row of marks does not fit beside its label
_SMALL = ("Invasive, 10 mm or less", "Invasive, 11–20 mm")


def _longest(kinds: Sequence[CancerKind]) -> int:
    """Return the marks of the longest row."""
    return max((kind.both + kind.only_a + kind.only_b for kind in kinds), default=0)


def figure(kinds: Sequence[CancerKind]) -> Figure | None:
    """Return one mark a cancer; None without cancers and where there are too many for marks."""
    if not 0 < _longest(kinds) <= MOST_MARKS:
        return None
    rows = [DiscordanceRow(kind.label, kind.both, kind.only_b, kind.only_a) for kind in kinds]
    return discordance_figure(rows, label_a=WITHOUT, label_b=WITH)


def table(kinds: Sequence[CancerKind]) -> TableView | None:
    """Return the counts where there are too many cancers for one mark each, else None."""
    if _longest(kinds) <= MOST_MARKS:
        return None
    rows = [_cells(kind) for kind in kinds]
    total = CancerKind(label="All", **{name: _sum(kinds, name) for name in _FINDERS})
    return TableView(
        title="Cancers by type and size, and who found them",
        columns=[
            TableColumn("", align="left"),
            *[TableColumn(head) for head in ("Both ways", f"Only {WITH}", f"Only {WITHOUT}")],
            *[TableColumn(head) for head in ("Without", "With", "Difference")],
        ],
        rows=[*map(TableRow, rows), TableRow(_cells(total), "emphasis", rule=True)],
        foot="Size on pathology, largest focus. *DCIS*, ductal carcinoma in situ.",
    )


_FINDERS = ("both", "only_b", "only_a")


def _sum(kinds: Sequence[CancerKind], name: str) -> int:
    """Return how many cancers of all kinds were found in one way."""
    return sum(getattr(kind, name) for kind in kinds)


def _cells(kind: CancerKind) -> list[str]:
    """Return the counts of one kind."""
    counts = (kind.both, kind.only_b, kind.only_a, kind.both + kind.only_a, kind.both + kind.only_b)
    difference = number_text(kind.only_b - kind.only_a, digits=0, signed=True)
    return [kind.label, *map(count_text, counts), difference]


def finding(kinds: Sequence[CancerKind]) -> str:
    """Return what the cancers found only with AI are, as far as it is recorded."""
    n_only = _sum(kinds, "only_b")
    if not kinds:
        return "No cancer was found, so there is none to show."
    if not n_only:
        return f"No cancer was found only {WITH}; {_sum(kinds, 'only_a')} only {WITHOUT}."
    invasive = [kind for kind in kinds if kind.label.startswith("Invasive")]
    n_invasive = _sum(invasive, "only_b")
    if not n_invasive:
        n = counted(n_only, "cancer").capitalize()
        return f"{n} found only {WITH}, none of them recorded as invasive."
    verb = "is" if n_invasive == 1 else "are"
    start = f"Of {counted(n_only, 'cancer')} found only {WITH}, {count_text(n_invasive)} {verb}"
    if not any("mm" in kind.label for kind in invasive):
        return f"{start} recorded as invasive."
    n_small = _sum([kind for kind in invasive if kind.label in _SMALL], "only_b")
    return f"{start} invasive, {count_text(n_small)} of them 20 mm or less."


def caption(kinds: Sequence[CancerKind]) -> str:
    """Return what is drawn, and what is not recorded."""
    n = sum(kind.both + kind.only_a + kind.only_b for kind in kinds)
    return (
        f"One mark, one of {counted(n, 'cancer')} found. Size of the largest lesion as recorded. "
        "Cancers whose woman neither reading recalled are not known and not shown. *DCIS*, ductal "
        "carcinoma in situ."
    )


def alt(kinds: Sequence[CancerKind]) -> str:
    """Return the figure's alternative text."""
    return (
        "Rows of marks, one a cancer, by type and size: "
        f"{_sum(kinds, 'both')} found both ways, {_sum(kinds, 'only_b')} only {WITH}, "
        f"{_sum(kinds, 'only_a')} only {WITHOUT}."
    )


def data(kinds: Sequence[CancerKind]) -> pd.DataFrame:
    """Return the counts behind the marks."""
    return pd.DataFrame(
        {
            "kind": [kind.label for kind in kinds],
            "both": [kind.both for kind in kinds],
            "only_with_ai": [kind.only_b for kind in kinds],
            "only_without_ai": [kind.only_a for kind in kinds],
        }
    )
