"""How soon cancers are found when examinations are read from the highest score down, by group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from toolkit.arrays import FloatArray
from toolkit.draw.labels import (
    along_line,
    box_points,
    free_place,
    in_points,
    label_points,
    write_lines,
)
from toolkit.draw.style import (
    BODY,
    FULL_WIDTH,
    SMALL,
    Weight,
    color,
    new_figure,
    outward,
    panel_title,
    place_axes,
    rule,
    study_style,
    tick_text,
    visible_points,
    widest,
    write,
)
from toolkit.stats.calibration import CaptureCurve

_TOP, _SIDE = 0.26, 3.3
_LINE = 0.165
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class CapturePoint:
    """A border between score classes on the curve, as shares from 0 to 1."""

    x: float
    y: float
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class CaptureRow:
    """The share of the cancers of one group that the highest class holds.

    Parameters
    ----------
    label : str
        The group.
    estimate, low, high : float
        Share from 0 to 1 with its interval; NaN where the group has no cancer.
    text : str
        The counts, such as "24/37".
    pooled : bool
        Whether the row is all groups together: a diamond under a rule.
    """

    label: str
    estimate: float
    low: float
    high: float
    text: str
    pooled: bool = False


def _percent_axes(axes: Axes, x_label: str, y_label: str) -> None:
    """Set both axes from 0 to 100 %."""
    texts = tick_text(_TICKS, form="percent", unit_last=True)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xticks(_TICKS, texts)
    axes.set_yticks(_TICKS, texts)
    outward(axes)
    axes.set_xlabel(x_label, labelpad=3)
    axes.set_ylabel(y_label, labelpad=4)


def _steps(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the corners of a stair that rises where a score is reached."""
    return np.repeat(x, 2)[1:], np.repeat(y, 2)[:-1]


def _draw_curve(
    axes: Axes, curve: CaptureCurve, points: Sequence[CapturePoint]
) -> list[FloatArray]:
    """Draw band, curve, class borders and no information; return what labels keep off."""
    seen = visible_points(curve.x, curve.y)
    x, y = _steps(curve.x[seen], curve.y[seen])
    low, high = (_steps(curve.x[seen], limit[seen])[1] for limit in (curve.ci_low, curve.ci_high))
    axes.fill_between(x, low, high, color=color("ai"), alpha=0.13, linewidth=0, zorder=1)
    axes.plot([0, 1], [0, 1], color=color("band2"), linewidth=0.9, zorder=1)
    axes.plot(x, y, color=color("ai"), linewidth=2.2, zorder=3, clip_on=False)
    axes.plot(
        [point.x for point in points],
        [point.y for point in points],
        linestyle="none",
        marker="s",
        markersize=6.2,
        color=color("ai"),
        markeredgecolor=color("paper"),
        markeredgewidth=0.9,
        zorder=4,
        clip_on=False,
    )
    axes.text(
        0.9,
        0.83,
        "no information",
        color=color("muted"),
        fontsize=SMALL,
        rotation=math.degrees(math.atan2(*reversed(axes.bbox.size))),
        rotation_mode="anchor",
        ha="center",
    )
    return [along_line(axes, x, y), along_line(axes, [0, 1], [0, 1])]


def _draw_callout(axes: Axes, point: CapturePoint, text: str, taken: list[FloatArray]) -> None:
    """Write what the first class border holds, with a thin line to it."""
    lines = text.split("\n")
    size_pt = (widest(lines, BODY, 600) * 72, len(lines) * _LINE * 72)
    corner = free_place(axes, size_pt, (0.55, 0.45), taken)
    taken.append(box_points(axes, corner, size_pt))
    start = in_points(axes, [corner[0]], [corner[1]])[0]
    target = in_points(axes, [point.x], [point.y])[0]
    offset = (start[0] - target[0] - 3, start[1] - target[1] + size_pt[1] - 4)
    axes.annotate(
        "",
        xy=(point.x, point.y),
        xytext=offset,
        textcoords="offset points",
        arrowprops={"arrowstyle": "-", "linewidth": 0.7, "color": color("axis"), "shrinkB": 5},
    )
    semibold = [(line, BODY, 600) for line in lines]
    write_lines(axes, corner, semibold, role="ai", low=3, step=_LINE * 72)


def _draw_rows(figure: Figure, rows: Sequence[CaptureRow], title: str) -> None:
    """Draw the shares by group beside the curve, with their counts."""
    panel_title(figure, (4.85, 0.14), "b", title)
    start = 4.85 + widest([row.label for row in rows], BODY, 600) + 0.2
    end = FULL_WIDTH - widest([row.text for row in rows], BODY, 600) - 0.2
    pitch = min(0.5, (_SIDE - 0.55) / len(rows))
    axes = place_axes(figure, left=start, top=_TOP, width=end - start, height=pitch * len(rows))
    axes.set_xlim(0, 1)
    axes.set_ylim(len(rows), 0)
    outward(axes, left=False)
    axes.set_xticks([0, 0.5, 1], tick_text([0, 0.5, 1], form="percent", unit_last=True))
    axes.set_xlabel("Share of cancers", labelpad=3)
    for place, row in enumerate(rows):
        above = _TOP + place * pitch
        y = above + 0.5 * pitch + 0.33 * BODY / 72
        weight: Weight = 600 if row.pooled else 400
        write(figure, (4.85, y), row.label, weight=weight)
        write(figure, (FULL_WIDTH, y), row.text, weight=weight, align="right")
        if row.pooled:
            rule(figure, above, left=4.85)
        if not math.isnan(row.estimate + row.low + row.high):
            _draw_share(axes, row, place + 0.5, 7.5 / 72 / pitch)


def _draw_share(axes: Axes, row: CaptureRow, place: float, half: float) -> None:
    """Draw one share: a square with its line, or a diamond over its interval."""
    if row.pooled:
        corners = [
            (row.low, place),
            (row.estimate, place - half),
            (row.high, place),
            (row.estimate, place + half),
        ]
        axes.add_patch(Polygon(corners, facecolor=color("ai"), linewidth=0))
        return
    axes.plot([row.low, row.high], [place, place], color=color("ai"), linewidth=1.4)
    axes.plot([row.estimate], [place], marker="s", markersize=6, color=color("ai"), clip_on=False)


def capture_figure(
    curve: CaptureCurve,
    *,
    points: Sequence[CapturePoint] = (),
    callout: str = "",
    rows: Sequence[CaptureRow] = (),
    y_label: str = "Cancers found",
    titles: tuple[str, str] = ("All indications together", "Highest class, by indication"),
) -> Figure:
    """Draw the share of cancers found against the share of examinations read.

    Parameters
    ----------
    curve : CaptureCurve
        Its steps rise where a score is complete; its pointwise interval is the band.
    points : sequence of CapturePoint
        Borders of score classes, the highest class first.
    callout : str
        What the first of them holds, in one or two lines.
    rows : sequence of CaptureRow
        The highest class by group, as a second panel.
    y_label : str
        Vertical axis with its denominator, such as "Cancers found, % of 99".
    titles : (str, str)
        Titles of the panels; without rows there are none.

    Returns
    -------
    Figure
        7.5 in wide with the second panel, 4.6 in without.
    """
    with study_style():
        figure = new_figure(FULL_WIDTH if rows else 4.6, _SIDE + 0.85)
        axes = place_axes(figure, left=0.78, top=_TOP, width=_SIDE + 0.22, height=_SIDE)
        _percent_axes(axes, "Examinations, from the highest score down", y_label)
        taken = _draw_curve(axes, curve, points)
        if callout and points:
            _draw_callout(axes, points[0], callout, taken)
        label_points(
            axes,
            [point.x for point in points],
            [point.y for point in points],
            [point.label for point in points],
            roles=["ai"] * len(points),
            lines=taken,
            strong=(),
        )
        if rows:
            panel_title(figure, (0.78, 0.14), "a", titles[0])
            _draw_rows(figure, rows, titles[1])
    return figure
