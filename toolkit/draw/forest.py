"""Forest plots: differences or ratios, one row each, their numbers beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from toolkit.draw.style import (
    BODY,
    DASH,
    FULL_WIDTH,
    SMALL,
    TICK,
    Weight,
    color,
    new_figure,
    nice_ticks,
    outward,
    place_axes,
    ratio_ticks,
    rule,
    study_style,
    text_width,
    tick_text,
    widest,
    write,
)
from toolkit.results import Better, Comparison, Effect
from toolkit.words.sentences import form_of, limit_text
from toolkit.words.wording import Form, range_text, value_text

RowKind = Literal["single", "subgroup", "pooled"]

_ROW = 0.26
_HEAD = 0.34  # inches: room over the rows, and under them for the axis
_FOOT = 0.62
_GAP = 0.22
_INDENT = 0.16
_SPARE = 0.06
_WIDEST_RATIO = 20.0


@dataclass(frozen=True, kw_only=True)
class ForestRow:
    """One estimate with its interval.

    Parameters
    ----------
    label : str
        Who or what; the first column.
    estimate, low, high : float
        On the scale of the view's form; a NaN is shown as a dash, an infinite limit as an arrow.
    left : tuple of str
        Texts of the other columns at the left.
    right : tuple of str, optional
        Texts of the columns at the right; made from the numbers if None.
    kind : {"single", "subgroup", "pooled"}
        A filled or open marker, an indented open one, or a diamond in semibold.
    margin : float, optional
        Limit on the axis that holds for this row alone.
    better : {"higher", "lower"}
        Which side of that limit is the better one.
    point : bool
        Whether the estimate is drawn; without it the interval stands alone.
    """

    label: str
    estimate: float
    low: float
    high: float
    left: tuple[str, ...] = ()
    right: tuple[str, ...] | None = None
    kind: RowKind = "single"
    margin: float | None = None
    better: Better = "higher"
    point: bool = True


@dataclass(frozen=True, kw_only=True)
class ForestGroup:
    """A head over the rows that follow, with its own directions."""

    label: str
    left_words: str = ""
    right_words: str = ""


@dataclass(frozen=True, kw_only=True)
class ForestView:
    """What a forest plot shows.

    Parameters
    ----------
    rows : sequence of ForestRow or ForestGroup
        From top to bottom.
    axis_label : str
        What the axis measures and in which direction, such as "AI minus radiologist".
    effect : {"difference", "ratio"}
        Linear axis around 0, or logarithmic around 1.
    form : Form
        Form of the numbers; a ratio is always written as one.
    left_heads, right_heads : tuple of str
        Heads of the columns; the first at the left stands over the labels.
    margin : float, optional
        Limit on the axis for all rows (for a difference with better="higher" it is negative).
    better : {"higher", "lower"}
        Which side of the margin is the better one; the other is shaded.
    left_words, right_words : str
        Directions over the plot, such as "AI worse" and "AI better"; arrows are added.
    role : {"ai", "aided", "unaided"}
        Colour of the claim. For "ai" single rows are grey comparators.
    sort : bool
        Whether neighbouring single rows are sorted, the highest first.
    """

    rows: Sequence[ForestRow | ForestGroup]
    axis_label: str
    effect: Effect = "difference"
    form: Form = "index"
    left_heads: tuple[str, ...] = ("Compared with",)
    right_heads: tuple[str, ...] = ("Difference", "95% CI")
    margin: float | None = None
    better: Better = "higher"
    left_words: str = ""
    right_words: str = ""
    role: Literal["ai", "aided", "unaided"] = "ai"
    sort: bool = False


def forest_row(
    comparison: Comparison,
    *,
    label: str = "",
    left: tuple[str, ...] = (),
    kind: RowKind = "single",
    form: Form | None = None,
) -> ForestRow:
    """Return the row of a comparison; its label is that of the comparator unless one is given.

    The numbers at the right are written in the form of the result itself, so that rows of
    different units may share a ratio axis.
    """
    chosen = form or form_of(comparison)
    signed = comparison.effect == "difference"
    return ForestRow(
        label=label or comparison.label_a,
        estimate=comparison.estimate,
        low=comparison.ci_low,
        high=comparison.ci_high,
        left=left,
        right=(
            value_text(comparison.estimate, form=chosen, signed=signed, unit=False),
            range_text(comparison.ci_low, comparison.ci_high, form=chosen, always_to=signed),
        ),
        kind=kind,
    )


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Places in inches: rows, the plot, and the right or left edge of every column."""

    rows: tuple[ForestRow | ForestGroup, ...]
    texts: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    left_edges: tuple[float, ...]
    plot_left: float
    plot_width: float
    right_edges: tuple[float, ...]

    def baseline(self, row: int) -> float:
        """Return the baseline of the text in a row."""
        return _HEAD + (row + 0.5) * _ROW + 0.33 * BODY / 72


def _sorted_rows(view: ForestView) -> tuple[ForestRow | ForestGroup, ...]:
    """Return the rows with every run of single rows in falling order."""
    if not view.sort:
        return tuple(view.rows)
    rows: list[ForestRow | ForestGroup] = []
    run: list[ForestRow] = []
    for row in view.rows:
        if isinstance(row, ForestRow) and row.kind == "single":
            run.append(row)
            continue
        rows += [*_falling(run), row]
        run = []
    return (*rows, *_falling(run))


def _falling(run: Sequence[ForestRow]) -> list[ForestRow]:
    """Return rows by falling estimate, those without one last."""
    return sorted(run, key=lambda row: (math.isnan(row.estimate), -row.estimate))


def _row_texts(
    row: ForestRow | ForestGroup, view: ForestView, *, always_to: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the texts at the left, after the label, and at the right of one row."""
    if isinstance(row, ForestGroup):
        return (), ()
    lefts = len(view.left_heads) - 1
    form: Form = "ratio" if view.effect == "ratio" else view.form
    signed = view.effect == "difference"
    made = (
        value_text(row.estimate, form=form, signed=signed, unit=False),
        range_text(row.low, row.high, form=form, always_to=always_to),
    )
    right = made if row.right is None else row.right
    if len(row.left) != lefts or len(right) != len(view.right_heads):
        msg = (
            f"forest row {row.label!r} has {len(row.left)} and {len(right)} texts at the left and "
            f"right, but the heads ask for {lefts} and {len(view.right_heads)}"
        )
        raise ValueError(msg)
    return row.left, right


def _column_widths(heads: Sequence[str], texts: Sequence[tuple[str, ...]]) -> list[float]:
    """Return the width of every column of texts."""
    return [
        max(
            text_width(head, SMALL),
            widest([cells[place] for cells in texts if cells], BODY, 600),
        )
        for place, head in enumerate(heads)
    ]


def _lay_out(view: ForestView) -> _Layout:
    """Measure all texts and give the plot what is left of the width."""
    rows = _sorted_rows(view)
    limits = [row.low for row in rows if isinstance(row, ForestRow)]
    always_to = view.effect == "difference" and any(low < 0 for low in limits)
    texts = tuple(_row_texts(row, view, always_to=always_to) for row in rows)
    indents = [_INDENT if _kind_of(row) == "subgroup" else 0.0 for row in rows]
    labels = [
        text_width(row.label, BODY, 600) + indent for row, indent in zip(rows, indents, strict=True)
    ]
    edge = max([text_width(view.left_heads[0], SMALL), *labels])
    left_edges = [edge]
    for width in _column_widths(view.left_heads[1:], [left for left, _ in texts]):
        edge += _GAP + width
        left_edges.append(edge)
    right_edges = [FULL_WIDTH]
    for width in reversed(_column_widths(view.right_heads, [right for _, right in texts])):
        right_edges.insert(0, right_edges[0] - width - _GAP)
    plot_left, plot_right = edge + _GAP, right_edges[0]
    if plot_right - plot_left < 1.5:
        msg = (
            f"forest: the texts leave {plot_right - plot_left:.1f} in of {FULL_WIDTH} in for the "
            "plot, which needs 1.5 in; shorten labels or drop a column"
        )
        raise ValueError(msg)
    return _Layout(
        rows=rows,
        texts=texts,
        left_edges=tuple(left_edges),
        plot_left=plot_left,
        plot_width=plot_right - plot_left,
        right_edges=tuple(right_edges[1:]),
    )


def _kind_of(row: ForestRow | ForestGroup) -> str:
    """Return what a row is."""
    return "group" if isinstance(row, ForestGroup) else row.kind


def _null_of(view: ForestView) -> float:
    """Return the value of no difference."""
    return 0.0 if view.effect == "difference" else 1.0


def _shown(view: ForestView) -> list[float]:
    """Return the finite values that the axis must hold."""
    values = [_null_of(view)] if view.margin is None else [_null_of(view), view.margin]
    for row in view.rows:
        if isinstance(row, ForestRow):
            values += [row.estimate, row.low, row.high]
            values += [] if row.margin is None else [row.margin]
    return [value for value in values if math.isfinite(value)]


def _axis_limits(view: ForestView) -> tuple[float, float]:
    """Return the ends of the axis, with some room at both."""
    values = _shown(view)
    if view.effect == "difference":
        spare = (max(values) - min(values) or 1.0) * _SPARE
        return min(values) - spare, max(values) + spare
    bounded = [min(max(value, 1 / _WIDEST_RATIO), _WIDEST_RATIO) for value in values]
    spare = math.log(max(bounded) / min(bounded) * 1.001) * _SPARE
    return min(bounded) * math.exp(-spare), max(bounded) * math.exp(spare)


def _set_axis(axes: Axes, view: ForestView, n_rows: int) -> None:
    """Set scale, limits and ticks; the first row is at the top."""
    low, high = _axis_limits(view)
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
        linestyle=DASH,
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
    _draw_interval(axes, place, row, ink if row.point else "muted")
    if not row.point:
        return
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


def _write_row(figure: Figure, layout: _Layout, place: int) -> None:
    """Write the texts of one row; intervals are muted, a pooled row is semibold."""
    row = layout.rows[place]
    y = layout.baseline(place)
    if isinstance(row, ForestGroup):
        write(figure, (0, y), row.label, role="muted", weight=600)
        return
    weight: Weight = 600 if row.kind == "pooled" else 400
    indent = _INDENT if row.kind == "subgroup" else 0.0
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
        if _kind_of(row) == "pooled" and _kind_of(above) == "single":
            rules.append((place, "axis"))
        elif _kind_of(row) == "group":
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


def _write_heads(figure: Figure, axes: Axes, layout: _Layout, view: ForestView) -> None:
    """Write the heads of the columns, the directions and the name of the margin."""
    y = _HEAD - 0.14
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


def forest_figure(view: ForestView) -> Figure:
    """Draw a forest plot with its numbers in columns.

    Parameters
    ----------
    view : ForestView
        Rows, scale, margin and words.

    Returns
    -------
    Figure
        7.5 in wide, 1.0 to 1.2 in plus 0.26 in a row high.

    Raises
    ------
    ValueError
        If a row has not as many texts as there are heads, or texts leave no room for the plot.
    """
    with study_style():
        layout = _lay_out(view)
        n_rows = len(layout.rows)
        figure = new_figure(FULL_WIDTH, _HEAD + n_rows * _ROW + _FOOT)
        axes = place_axes(
            figure,
            left=layout.plot_left,
            top=_HEAD,
            width=layout.plot_width,
            height=n_rows * _ROW,
        )
        _set_axis(axes, view, n_rows)
        _draw_rows(figure, axes, layout, view)
        _write_heads(figure, axes, layout, view)
    return figure


def _draw_rows(figure: Figure, axes: Axes, layout: _Layout, view: ForestView) -> None:
    """Draw lines through all rows, then each row with its texts."""
    rows = layout.rows
    null = _null_of(view)
    axes.plot([null, null], [0, len(rows)], color=color("axis"), linewidth=0.9, zorder=1)
    if view.margin is not None:
        _shade(axes, view.margin, view.better, (0, len(rows)))
    for place, role in _rules(rows):
        rule(figure, _HEAD + place * _ROW, role=role)
    for place, row in enumerate(rows):
        _write_row(figure, layout, place)
        if isinstance(row, ForestGroup):
            _draw_group_words(axes, place + 0.5, row)
            continue
        if row.margin is not None:
            _shade(axes, row.margin, row.better, (place, place + 1))
        _draw_row(axes, place + 0.5, row, view.role)
