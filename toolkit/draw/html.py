"""Pieces of a page as HTML strings, in the classes of the book's style sheet; all text is escaped.

JupyterLab has no such style sheet: display ``JUPYTER_STYLE`` once per kernel.
"""

from toolkit.draw.bars import (
    BarMark,
    IntervalBar,
    bar_track_html,
    interval_bar,
    interval_bar_html,
    shared_range,
)
from toolkit.draw.page import (
    HIDDEN,
    JUPYTER_STYLE,
    Pill,
    PillKind,
    banner_html,
    csv_text,
    figure_html,
    headline_html,
    provenance_html,
    rich_text,
    strip_html,
)
from toolkit.draw.tables import (
    PairedTables,
    TableColumn,
    TableRow,
    TableView,
    TwoByTwo,
    table_html,
    two_by_two_html,
)

__all__ = [
    "HIDDEN",
    "JUPYTER_STYLE",
    "BarMark",
    "IntervalBar",
    "PairedTables",
    "Pill",
    "PillKind",
    "TableColumn",
    "TableRow",
    "TableView",
    "TwoByTwo",
    "banner_html",
    "bar_track_html",
    "csv_text",
    "figure_html",
    "headline_html",
    "interval_bar",
    "interval_bar_html",
    "provenance_html",
    "rich_text",
    "shared_range",
    "strip_html",
    "table_html",
    "two_by_two_html",
]
