"""Readers in two modalities: their ROC curves side by side, and how each of them changed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Polygon

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
    panel_title,
    place_axes,
    rule,
    study_style,
    text_width,
    tick_text,
    visible_points,
    widest,
    write,
)
from toolkit.results import Comparison, Curve
from toolkit.words.wording import Form, range_text, value_text

RowKind = Literal["single", "pooled", "group"]

_ROW = 0.34
_ORDER: tuple[RowKind, ...] = ("single", "pooled", "group")


@dataclass(frozen=True, kw_only=True)
class ChangeRow:
    """What one reader, or all together, reached with a and with b.

    Parameters
    ----------
    label : str
        The reader.
    a, b : float
        Both values.
    difference, low, high : float
        b minus a with its interval.
    kind : {"single", "pooled", "group"}
        The mean of all readers is pooled and stands under the single ones, those of some under it.
    """

    label: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    kind: RowKind = "single"


def change_row(comparison: Comparison, *, label: str = "", kind: RowKind = "single") -> ChangeRow:
    """Return the row of b minus a; its label is that of the comparison unless one is given."""
    return ChangeRow(
        label=label or comparison.label,
        a=comparison.estimate_a,
        b=comparison.estimate_b,
        difference=comparison.estimate,
        low=comparison.ci_low,
        high=comparison.ci_high,
        kind=kind,
    )


def _in_order(rows: Sequence[ChangeRow]) -> list[ChangeRow]:
    """Return single readers by falling gain, then their mean, then those of some of them."""
    return sorted(rows, key=lambda row: (_ORDER.index(row.kind), -row.difference))


def _draw_arrow(axes: Axes, row: ChangeRow, y: float) -> None:
    """Draw the way from a, an open circle, to b, an arrow head."""
    pooled = row.kind == "pooled"
    low, high = axes.get_xlim()
    head = math.copysign((high - low) * 0.03, row.b - row.a)
    axes.plot(
        [row.a, row.b - head * 0.8],
        [y, y],
        color=color("aided"),
        linewidth=2.6 if pooled else 1.6,
        zorder=2,
    )
    half = 0.2 if pooled else 0.15
    corners = [(row.b, y), (row.b - head, y - half), (row.b - head, y + half)]
    axes.add_patch(Polygon(corners, facecolor=color("aided"), linewidth=0, clip_on=False, zorder=4))
    axes.plot(
        [row.a],
        [y],
        marker="D" if pooled else "o",
        markersize=7,
        markerfacecolor=color("paper"),
        markeredgecolor=color("unaided"),
        markeredgewidth=1.5,
        zorder=3,
    )


def _name_ends(axes: Axes, row: ChangeRow, labels: tuple[str, str]) -> None:
    """Name both ends of the first arrow above it, each away from the other."""
    rises = row.b >= row.a
    low, high = axes.get_xlim()
    span = axes.bbox.width / axes.figure.dpi
    needed = (text_width(labels[0], TICK) + text_width(labels[1], TICK, 600)) / 2 + 0.1
    apart = abs(row.b - row.a) / (high - low) * span > needed
    sides = ("center", "center") if apart else ("right", "left") if rises else ("left", "right")
    for x, text, role, side in (
        (row.a, labels[0], "muted", sides[0]),
        (row.b, labels[1], "aidedtext", sides[1]),
    ):
        axes.annotate(
            text,
            (x, 0.5),
            (0, 8),
            textcoords="offset points",
            color=color(role),
            fontsize=TICK,
            fontweight=600 if role == "aidedtext" else 400,
            ha=side,
        )


def _draw_gain(axes: Axes, row: ChangeRow, y: float) -> None:
    """Draw the difference with its interval: a filled circle, or a diamond for the mean."""
    if math.isnan(row.difference + row.low + row.high):
        return
    if row.kind == "pooled":
        corners = [
            (row.low, y),
            (row.difference, y - 0.28),
            (row.high, y),
            (row.difference, y + 0.28),
        ]
        axes.add_patch(Polygon(corners, facecolor=color("aided"), linewidth=0, zorder=3))
        return
    axes.plot([row.low, row.high], [y, y], color=color("aided"), linewidth=1.6, zorder=2)
    axes.plot([row.difference], [y], marker="o", markersize=6.5, color=color("aided"), zorder=3)


def _value_axes(
    figure: Figure, place: tuple[float, float, float], values: Sequence[float], n_rows: int
) -> Axes:
    """Return axes at left, top and width that hold values, with one row a reader."""
    left, top, width = place
    axes = place_axes(figure, left=left, top=top, width=width, height=_ROW * n_rows)
    finite = [value for value in values if math.isfinite(value)]
    spare = (max(finite) - min(finite) or 0.1) * 0.07
    axes.set_xlim(min(finite) - spare, max(finite) + spare)
    axes.set_ylim(n_rows, 0)
    outward(axes, left=False)
    return axes


def _gain_axes(
    figure: Figure,
    place: tuple[float, float, float],
    rows: Sequence[ChangeRow],
    margin: float | None,
) -> Axes:
    """Return axes for the differences, with the line of no difference and the margin."""
    values = [0.0, *(v for row in rows for v in (row.difference, row.low, row.high))]
    axes = _value_axes(figure, place, [*values, *([] if margin is None else [margin])], len(rows))
    axes.axvline(0, color=color("axis"), linewidth=0.9, zorder=1)
    if margin is None:
        return axes
    low, n_rows = axes.get_xlim()[0], axes.get_ylim()[0]
    axes.fill_between([low, margin], 0, n_rows, color=color("band2"), alpha=0.7, linewidth=0)
    axes.plot(
        [margin, margin],
        [0, n_rows],
        color=color("cancer"),
        linewidth=1.3,
        linestyle=DASH,
        zorder=1,
    )
    return axes


def _set_axis(axes: Axes, label: str, form: Form) -> None:
    """Set ticks at round values and the name of the axis."""
    ticks = nice_ticks(*axes.get_xlim(), most=7)
    axes.set_xticks(ticks, tick_text(ticks, form=form))
    axes.set_xlabel(label, labelpad=3)


def change_figure(
    rows: Sequence[ChangeRow],
    *,
    label_a: str,
    label_b: str,
    axis_label: str = "AUC",
    form: Form = "index",
    margin: float | None = None,
) -> Figure:
    """Draw how every reader changes from one modality to the other, and the gain with its CI.

    Parameters
    ----------
    rows : sequence of ChangeRow
        Readers, sorted here by gain, and their mean.
    label_a, label_b : str
        Comparator and new modality.
    axis_label : str
        What is measured.
    form : Form
        Form of the numbers.
    margin : float, optional
        Limit of the difference, below 0, that the plan accepts; higher is better.
    """
    ordered = _in_order(rows)
    always_to = any(row.low < 0 for row in ordered)
    texts = [
        (
            value_text(row.difference, form=form, signed=True, unit=False),
            range_text(row.low, row.high, form=form, always_to=always_to),
        )
        for row in ordered
    ]
    top = 0.34
    n_rows = len(ordered)
    with study_style():
        figure = new_figure(FULL_WIDTH, top + _ROW * n_rows + 0.62)
        start = widest([row.label for row in ordered], BODY, 600) + 0.25
        ends = [value for row in ordered for value in (row.a, row.b)]
        changes = _value_axes(figure, (start, top, 3.4 - start), ends, n_rows)
        edge = FULL_WIDTH - widest([ci for _, ci in texts], BODY, 600) - 0.2
        right = edge - widest([text for text, _ in texts], BODY, 600) - 0.25
        gains = _gain_axes(figure, (3.85, top, right - 3.85), ordered, margin)
        _set_axis(changes, axis_label, form)
        _set_axis(gains, f"{label_b[:1].upper()}{label_b[1:]} minus {label_a}", form)
        for place, (row, text) in enumerate(zip(ordered, texts, strict=True)):
            _draw_arrow(changes, row, place + 0.5)
            _draw_gain(gains, row, place + 0.5)
            _write_change(figure, (top + (place + 0.5) * _ROW + 0.05, edge), row, text)
            if row.kind == "pooled" and place:
                rule(figure, top + place * _ROW, role="grid")
        _name_ends(changes, ordered[0], (label_a, label_b))
        head = top - 0.2
        panel_title(figure, (0, head), "a", f"{axis_label} of each reader")
        panel_title(figure, (3.85, head), "b", "Gain")
        write(figure, (edge, head), "Difference", role="muted", size=SMALL, align="right")
        write(figure, (FULL_WIDTH, head), "95% CI", role="muted", size=SMALL, align="right")
    return figure


def _write_change(
    figure: Figure, place: tuple[float, float], row: ChangeRow, texts: tuple[str, str]
) -> None:
    """Write label, difference and interval of one reader; the place is baseline and edge."""
    y, edge = place
    pooled = row.kind == "pooled"
    weight: Weight = 600 if pooled else 400
    role = "ink" if pooled else "muted"
    write(figure, (0, y), row.label, weight=weight)
    write(figure, (edge, y), texts[0], weight=weight, align="right")
    write(figure, (FULL_WIDTH, y), texts[1], role=role, weight=weight, align="right")


_A_ROW = 5
_PITCH, _SIDE, _LEFT = 1.41, 1.17, 0.58
_SHORTEST_ARROW = 0.13  # of an axis: on a shorter way the head would hide where it begins


@dataclass(frozen=True, kw_only=True)
class RocPair:
    """The curves of one reader with the comparator a and the new modality b.

    Parameters
    ----------
    title : str
        The reader.
    curve_a, curve_b : Curve or None
        Of kind "roc"; None where the reader did not read so.
    text_a, text_b : str
        Their AUC as text.
    point_a, point_b : (float, float) or None
        Operating points, (1 − specificity, sensitivity); an arrow leads from a to b.
    """

    title: str
    curve_a: Curve | None
    curve_b: Curve | None
    text_a: str
    text_b: str
    point_a: tuple[float, float] | None = None
    point_b: tuple[float, float] | None = None


def _shade_gain(axes: Axes, pair: RocPair) -> None:
    """Shade where b lies above a."""
    a, b = pair.curve_a, pair.curve_b
    if a is None or b is None:
        return
    x = np.union1d(a.x, b.x)
    below, above = np.interp(x, a.x, a.y), np.interp(x, b.x, b.y)
    axes.fill_between(
        x,
        below,
        above,
        where=list(above > below),
        interpolate=True,
        color=color("aided"),
        alpha=0.16,
        linewidth=0,
    )


def _draw_points(axes: Axes, pair: RocPair) -> None:
    """Draw both operating points, an open circle and an arrow head, and the way between them."""
    a, b = pair.point_a, pair.point_b
    if a is not None:
        axes.plot(
            *a,
            marker="o",
            markersize=5,
            markerfacecolor=color("paper"),
            markeredgecolor=color("unaided"),
            markeredgewidth=1.2,
            zorder=6,
            clip_on=False,
        )
    if b is None:
        return
    step = (0.0, 0.0) if a is None else (b[0] - a[0], b[1] - a[1])
    if math.hypot(*step) < _SHORTEST_ARROW:
        axes.plot(*b, marker="^", markersize=5, color=color("ink"), zorder=5, clip_on=False)
        return
    # Ink on an edge of paper: of one colour with a curve it could not be told from it.
    for role, width, head in (("paper", 3.6, "6.5,head_width=4"), ("ink", 1.3, "5,head_width=2.6")):
        arrow = FancyArrowPatch(
            a,
            b,
            arrowstyle=f"-|>,head_length={head}",
            mutation_scale=1,
            shrinkA=2.6,
            shrinkB=0,
            color=color(role),
            linewidth=width,
            joinstyle="miter",
            zorder=5,
            clip_on=False,
        )
        axes.add_patch(arrow)


def _draw_pair(axes: Axes, pair: RocPair, words: tuple[str, str], *, first: bool) -> None:
    """Draw one reader: comparator dashed, new modality solid, both areas in words."""
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    outward(axes)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_yticks([0, 0.5, 1], ["0", "0.5", "1"] if first else [])
    if not first:
        axes.tick_params(left=False)
    axes.plot([0, 1], [0, 1], color=color("band2"), linewidth=0.9)
    _shade_gain(axes, pair)
    for curve, role, dash, width in (
        (pair.curve_a, "unaided", (0, (4, 2)), 1.0),
        (pair.curve_b, "aided", "-", 1.5),
    ):
        if curve is None:
            continue
        seen = visible_points(curve.x, curve.y)
        axes.plot(curve.x[seen], curve.y[seen], color=color(role), linewidth=width, linestyle=dash)
    for y, text, role, weight in (
        (0.15, words[0], "muted", 400),
        (0.02, words[1], "aidedtext", 600),
    ):
        axes.text(
            1.0, y, text, color=color(role), fontsize=SMALL + 0.5, fontweight=weight, ha="right"
        )
    _draw_points(axes, pair)


def roc_pairs_figure(pairs: Sequence[RocPair], *, label_a: str, label_b: str) -> Figure:
    """Draw the ROC curves of every reader with two modalities, five readers a row.

    Parameters
    ----------
    pairs : sequence of RocPair
        One small panel each, all on the same axes; the area gained is shaded.
    label_a, label_b : str
        Comparator and new modality, named in the first panel where they fit, else below.

    Raises
    ------
    ValueError
        If there is no reader, or a curve is not an ROC curve.
    """
    curves = [curve for pair in pairs for curve in (pair.curve_a, pair.curve_b)]
    kinds = {curve.kind for curve in curves if curve is not None}
    if kinds != {"roc"}:
        msg = f"roc_pairs_figure draws curves of kind 'roc', but got {sorted(kinds)!r}"
        raise ValueError(msg)
    n_rows = -(-len(pairs) // _A_ROW)
    named = [f"{label_a} {pairs[0].text_a}", f"{label_b} {pairs[0].text_b}"]
    inside = widest(named, SMALL + 0.5, 600) < _SIDE - 0.1
    height = n_rows * (_SIDE + 0.68) + (0.16 if inside else 0.36)
    with study_style():
        figure = new_figure(FULL_WIDTH, height)
        for order, pair in enumerate(pairs):
            left = _LEFT + (order % _A_ROW) * _PITCH
            start = (order // _A_ROW) * (_SIDE + 0.68)
            axes = place_axes(figure, left=left, top=start + 0.24, width=_SIDE, height=_SIDE)
            words = (pair.text_a, pair.text_b)
            if inside and not order:
                words = (named[0], named[1])
            _draw_pair(axes, pair, words, first=order % _A_ROW == 0)
            write(figure, (left, start + 0.14), pair.title, weight=600)
            if order % _A_ROW == 0:
                axes.set_ylabel("Sensitivity", labelpad=4)
        middle = _LEFT + ((min(len(pairs), _A_ROW) - 1) * _PITCH + _SIDE) / 2
        below = n_rows * (_SIDE + 0.68) + 0.1
        write(figure, (middle, below), "1 − specificity", align="center")
        if not inside:
            legend = f"dashed, {label_a}; solid, {label_b}"
            write(figure, (_LEFT, below + 0.2), legend, role="muted", size=TICK)
    return figure
