"""How readers change from one modality to another, and what they gain."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from toolkit.draw.style import (
    BODY,
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
    widest,
    write,
)
from toolkit.results import Comparison
from toolkit.words.wording import Form, range_text, value_text

_ROW = 0.34


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
    kind : {"single", "pooled"}
        The mean of all readers is pooled and stands last.
    """

    label: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    kind: Literal["single", "pooled"] = "single"


def change_row(
    comparison: Comparison, *, label: str = "", kind: Literal["single", "pooled"] = "single"
) -> ChangeRow:
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
    """Return single readers by falling gain, the mean last."""
    return sorted(rows, key=lambda row: (row.kind == "pooled", -row.difference))


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
        linestyle=(0, (4, 2.5)),
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
