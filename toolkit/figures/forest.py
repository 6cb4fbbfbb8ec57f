"""Forest plots: differences or ratios, one row each, their numbers beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from toolkit.figures.forest_view import (
    INDENT,
    ROW,
    ForestGroup,
    ForestRow,
    ForestView,
    Layout,
    axis_limits,
    forest_row,
    kind_of,
    lay_out,
    null_of,
)
from toolkit.figures.scales import nice_ticks, ratio_ticks, tick_text
from toolkit.figures.style import (
    FULL_WIDTH,
    SMALL,
    TICK,
    Weight,
    color,
    draw_stamp,
    new_figure,
    outward,
    place_axes,
    rule,
    stamp_height,
    study_style,
    text_width,
    write,
)
from toolkit.results import Better
from toolkit.sentences import limit_text
from toolkit.wording import Form

__all__ = ["ForestGroup", "ForestRow", "ForestView", "forest_figure", "forest_row"]

_HEAD = 0.34
_FOOT = 0.62
_DASH = (0, (4, 2.5))


def _set_axis(axes: Axes, view: ForestView, n_rows: int) -> None:
    """Set scale, limits and ticks; the first row is at the top."""
    low, high = axis_limits(view)
    if view.effect == "ratio":
        axes.set_xscale("log")
        ticks, labels = ratio_ticks(low, high)
    else:
        ticks = nice_ticks(low, high, most=6)
        labels = tick_text(ticks, form=view.form)
    axes.set_xlim(low, high)
    axes.set_ylim(n_rows, 0)
    outward(axes, left=False)
    axes.set_xticks(ticks, labels)
    axes.set_xticks([], minor=True)
    axes.set_xlabel(view.axis_label, labelpad=3)


def _shade(axes: Axes, margin: float, better: Better, rows: tuple[float, float]) -> None:
    """Shade the worse side of a margin over some rows and draw its line."""
    low, high = axes.get_xlim()
    start, end = (low, margin) if better == "higher" else (margin, high)
    top, bottom = rows
    axes.add_patch(
        Rectangle(
            (start, top), end - start, bottom - top, facecolor=color("band2"), linewidth=0, zorder=0
        )
    )
    axes.plot(
        [margin, margin],
        rows,
        color=color("cancer"),
        linewidth=1.3,
        linestyle=_DASH,
        zorder=2,
    )


def _draw_interval(axes: Axes, place: float, row: ForestRow, ink: str) -> None:
    """Draw the line of an interval; where it leaves the axis it ends in an arrow head."""
    low, high = axes.get_xlim()
    ends = [max(row.low, low), min(row.high, high)]
    axes.plot(ends, [place, place], color=color(ink), linewidth=1.3, zorder=3)
    for end, limit, marker in ((ends[0], row.low, "<"), (ends[1], row.high, ">")):
        if end != limit:
            axes.plot([end], [place], marker=marker, markersize=5, color=color(ink), clip_on=False)


def _draw_row(axes: Axes, place: float, row: ForestRow, role: str) -> None:
    """Draw the mark of one row: circle or triangle, open or filled, or a diamond."""
    if math.isnan(row.estimate + row.low + row.high):
        return
    ink = "unaided" if role == "ai" and row.kind != "pooled" else role
    low, high = axes.get_xlim()
    if row.kind == "pooled":
        corners = [
            (max(row.low, low), place),
            (row.estimate, place - 0.2),
            (min(row.high, high), place),
            (row.estimate, place + 0.2),
        ]
        axes.add_patch(Polygon(corners, facecolor=color(ink), linewidth=0, zorder=4))
        return
    _draw_interval(axes, place, row, ink)
    filled = role == "aided" and row.kind != "subgroup"
    axes.plot(
        [row.estimate],
        [place],
        marker="^" if role == "aided" else "o",
        markersize=6 if role == "aided" else 5.4,
        markerfacecolor=color(ink if filled else "paper"),
        markeredgecolor=color(ink),
        markeredgewidth=1.0 if filled else 1.4,
        zorder=4,
    )


def _write_row(figure: Figure, layout: Layout, place: int) -> None:
    """Write the texts of one row; intervals are muted, a pooled row is semibold."""
    row = layout.rows[place]
    y = layout.baseline(place)
    if isinstance(row, ForestGroup):
        write(figure, (0, y), row.label, role="muted", weight=600)
        return
    weight: Weight = 600 if row.kind == "pooled" else 400
    indent = INDENT if row.kind == "subgroup" else 0.0
    write(figure, (indent, y), row.label, weight=weight)
    left, right = layout.texts[place]
    for edge, text in zip(layout.left_edges[1:], left, strict=True):
        write(figure, (edge, y), text, weight=weight, align="right")
    for order, (edge, text) in enumerate(zip(layout.right_edges, right, strict=True)):
        role = "ink" if order == 0 or row.kind == "pooled" else "muted"
        write(figure, (edge, y), text, role=role, weight=weight, align="right")


def _rules(rows: Sequence[ForestRow | ForestGroup]) -> list[tuple[int, str]]:
    """Return the rows that a rule parts from the one above, and the rule's role."""
    rules = []
    for place, (above, row) in enumerate(pairwise(rows), start=1):
        if kind_of(row) == "pooled" and kind_of(above) == "single":
            rules.append((place, "axis"))
        elif kind_of(row) == "group":
            rules.append((place, "grid"))
    return rules


def _draw_group_words(axes: Axes, place: float, group: ForestGroup) -> None:
    """Write the directions of a group inside the plot."""
    low, high = axes.get_xlim()
    for words, x, align in (
        (f"← {group.left_words}" if group.left_words else "", low, "left"),
        (f"{group.right_words} →" if group.right_words else "", high, "right"),
    ):
        axes.text(x, place, words, color=color("muted"), fontsize=SMALL, ha=align, va="center")


def _write_heads(figure: Figure, axes: Axes, layout: Layout, view: ForestView) -> None:
    """Write the heads of the columns, the directions and the name of the margin."""
    y = layout.top - 0.14
    for place, (edge, head) in enumerate(zip(layout.left_edges, view.left_heads, strict=True)):
        x = edge if place else 0.0
        align = "right" if place else "left"
        write(figure, (x, y), head, role="muted", size=SMALL, align=align)
    for edge, head in zip(layout.right_edges, view.right_heads, strict=True):
        write(figure, (edge, y), head, role="muted", size=SMALL, align="right")
    left = f"← {view.left_words}" if view.left_words else ""
    right = f"{view.right_words} →" if view.right_words else ""
    start, end = layout.plot_left, layout.plot_left + layout.plot_width
    write(figure, (start, y), left, role="muted", size=SMALL)
    write(figure, (end, y), right, role="muted", size=SMALL, align="right")
    margins = [row.margin for row in view.rows if isinstance(row, ForestRow)]
    limits = [limit for limit in (view.margin, *margins) if limit is not None]
    if not limits:
        return
    form: Form = "ratio" if view.effect == "ratio" else view.form
    name = f"margin {limit_text(limits[0], form=form, signed=view.effect == 'difference')}"
    x = (
        start
        + float(axes.transAxes.inverted().transform(axes.transData.transform((limits[0], 0)))[0])
        * layout.plot_width
    )
    half = text_width(name, TICK, 400) / 2 + 0.06
    # The name rises by a line where it would meet a direction.
    meets = (left and x - half < start + text_width(left, SMALL)) or (
        right and x + half > end - text_width(right, SMALL)
    )
    write(
        figure, (x, y - (0.17 if meets else 0)), name, role="cancertext", size=TICK, align="center"
    )


def forest_figure(view: ForestView, *, stamp: str = "") -> Figure:
    """Draw a forest plot with its numbers in columns.

    Parameters
    ----------
    view : ForestView
        Rows, scale, margin and words.
    stamp : str
        Written at the top right, such as "SIMULATED".

    Returns
    -------
    Figure
        7.5 in wide, 1.0 to 1.2 in plus 0.26 in a row high.

    Raises
    ------
    ValueError
        If a row has not as many texts as there are heads, or texts leave no room for the plot.
    """
    top = _HEAD + stamp_height(stamp)
    with study_style():
        layout = lay_out(view, top)
        n_rows = len(layout.rows)
        figure = new_figure(FULL_WIDTH, top + n_rows * ROW + _FOOT)
        axes = place_axes(
            figure,
            left=layout.plot_left,
            top=top,
            width=layout.plot_width,
            height=n_rows * ROW,
        )
        _set_axis(axes, view, n_rows)
        _draw_rows(figure, axes, layout, view)
        _write_heads(figure, axes, layout, view)
        draw_stamp(figure, stamp)
    return figure


def _draw_rows(figure: Figure, axes: Axes, layout: Layout, view: ForestView) -> None:
    """Draw lines through all rows, then each row with its texts."""
    rows = layout.rows
    null = null_of(view)
    axes.plot([null, null], [0, len(rows)], color=color("axis"), linewidth=0.9, zorder=1)
    if view.margin is not None:
        _shade(axes, view.margin, view.better, (0, len(rows)))
    for place, role in _rules(rows):
        rule(figure, layout.top + place * ROW, role=role)
    for place, row in enumerate(rows):
        _write_row(figure, layout, place)
        if isinstance(row, ForestGroup):
            _draw_group_words(axes, place + 0.5, row)
            continue
        if row.margin is not None:
            _shade(axes, row.margin, row.better, (place, place + 1))
        _draw_row(axes, place + 0.5, row, view.role)
