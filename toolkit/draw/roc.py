"""ROC curves of an AI and of readers, with their operating points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from toolkit.arrays import FloatArray
from toolkit.draw.labels import along_line, box_points, label_curve, label_points
from toolkit.draw.style import (
    FULL_WIDTH,
    SMALL,
    color,
    new_figure,
    outward,
    panel_title,
    place_axes,
    study_style,
    visible_points,
)
from toolkit.results import Curve

Window = tuple[float, float, float, float]

_WINDOW_STEP = 0.02
_SMALLEST_WINDOW = 0.3
_NEAR_EDGE = 0.1
# Marker, size, width of its edge, colours of its face and edge, layer.
_MARKERS = {
    "reader": ("o", 5.2, 1.4, "paper", "unaided", 5),
    "mean": ("D", 5.2, 0.8, "unaided", "paper", 6),
    "ai": ("s", 5.8, 0.8, "ai", "paper", 7),
}
_LABEL_ROLES = {"reader": "muted", "ai": "ai", "mean": "ink"}


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """One cut-off, or what a reader did.

    Parameters
    ----------
    x : float
        1 − specificity.
    y : float
        Sensitivity.
    label : str
        Name beside the point; empty for none.
    role : {"reader", "ai", "mean"}
        An open circle, a filled square, or a diamond for the mean of all readers.
    """

    x: float
    y: float
    label: str = ""
    role: Literal["reader", "ai", "mean"] = "reader"


def _check_curves(curves: Sequence[Curve]) -> None:
    """Refuse a curve that is not an ROC curve, so that axes never lie."""
    for curve in curves:
        if curve.kind != "roc":
            msg = f"roc_figure draws curves of kind 'roc', but got {curve.kind!r} ({curve.label!r})"
            raise ValueError(msg)


def _draw_curves(axes: Axes, ai: Curve | None, readers: Sequence[Curve]) -> None:
    """Draw chance, the readers thin and the AI on top."""
    axes.plot([0, 1], [0, 1], color=color("band2"), linewidth=0.9, zorder=1)
    for curve in readers:
        seen = visible_points(curve.x, curve.y)
        axes.plot(
            curve.x[seen], curve.y[seen], color=color("unaided"), linewidth=0.7, alpha=0.4, zorder=2
        )
    if ai is not None:
        seen = visible_points(ai.x, ai.y)
        axes.plot(ai.x[seen], ai.y[seen], color=color("ai"), linewidth=2.2, zorder=4)


def _draw_points(axes: Axes, points: Sequence[OperatingPoint], *, shrink: float = 1.0) -> None:
    """Draw the operating points above all curves."""
    for point in points:
        marker, size, edge_width, face, edge, layer = _MARKERS[point.role]
        axes.plot(
            [point.x],
            [point.y],
            linestyle="none",
            marker=marker,
            markersize=size * shrink,
            markeredgewidth=edge_width,
            markerfacecolor=color(face),
            markeredgecolor=color(edge),
            zorder=layer,
            clip_on=False,
        )


def _label_points(
    axes: Axes, points: Sequence[OperatingPoint], lines: Sequence[FloatArray]
) -> None:
    """Name the operating points inside the axes."""
    label_points(
        axes,
        [point.x for point in points],
        [point.y for point in points],
        [point.label for point in points],
        roles=[_LABEL_ROLES[point.role] for point in points],
        lines=lines,
    )


def _square(axes: Axes, window: Window, step: float) -> None:
    """Set limits with ticks at round values, closer together where the range is small."""
    axes.set_xlim(window[0], window[1])
    axes.set_ylim(window[2], window[3])
    for axis, start, end in ((axes.xaxis, *window[:2]), (axes.yaxis, *window[2:])):
        apart = step / 2 if end - start < 3 * step else step
        first = math.ceil(start / apart - 1e-9)
        last = math.floor(end / apart + 1e-9)
        ticks = [round(index * apart, 2) for index in range(first, last + 1)]
        axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
    outward(axes)
    axes.set_xlabel("1 − specificity", labelpad=3)


def _obstacles(axes: Axes, ai: Curve | None, readers: Sequence[Curve]) -> list[FloatArray]:
    """Return what labels must keep off: every curve and the chance line."""
    curves = [curve for curve in (ai, *readers) if curve is not None]
    lines = [along_line(axes, curve.x, curve.y) for curve in curves]
    return [*lines, along_line(axes, [0, 1], [0, 1])]


def _window(points: Sequence[OperatingPoint]) -> Window:
    """Return the square part that holds all operating points, on round limits."""
    x, y = [point.x for point in points], [point.y for point in points]
    spare = 0.02
    left, low = (
        max(0.0, np.floor((min(values) - spare) / _WINDOW_STEP) * _WINDOW_STEP) for values in (x, y)
    )
    # Readers mostly stand near the left edge: then the panel begins there.
    left = 0.0 if left < _NEAR_EDGE else left
    needed = max(max(x) + spare - left, max(y) + spare - low, _SMALLEST_WINDOW)
    side = min(1.0, np.ceil(needed / _WINDOW_STEP - 1e-9) * _WINDOW_STEP)
    left, low = min(left, 1 - side), min(low, 1 - side)
    return left, left + side, low, low + side


def _enlarged(
    figure: Figure,
    overview: Axes,
    window: Window,
    curves: tuple[Curve | None, Sequence[Curve]],
    points: Sequence[OperatingPoint],
) -> None:
    """Draw panel b and outline its part in panel a."""
    left, right, low, high = window
    overview.add_patch(
        Rectangle(
            (left, low),
            right - left,
            high - low,
            fill=False,
            edgecolor=color("muted"),
            linewidth=0.8,
            linestyle=(0, (2.5, 2)),
            zorder=3,
        )
    )
    panel_title(figure, (4.28, 0.14), "b", "Operating points, enlarged")
    axes = place_axes(figure, left=4.28, top=0.26, width=3.07, height=3.07)
    _square(axes, window, 0.1)
    _draw_curves(axes, *curves)
    _draw_points(axes, points, shrink=1.2)
    ai, readers = curves
    drawn = [along_line(axes, curve.x, curve.y) for curve in readers]
    if ai is not None:
        # The AI's line is heavy: four times as much to be kept free as a reader's.
        drawn += [along_line(axes, ai.x, ai.y)] * 4
    _label_points(axes, points, drawn)


def roc_figure(
    ai: Curve | None,
    readers: Sequence[Curve] = (),
    *,
    points: Sequence[OperatingPoint] = (),
    ai_label: str = "AI alone",
    readers_label: str = "",
    enlarge: bool | Window = False,
) -> Figure:
    """Draw empirical ROC curves, square, with operating points named directly.

    Parameters
    ----------
    ai : Curve or None
        Of kind "roc": x is 1 − specificity, y sensitivity.
    readers : sequence of Curve
        One thin line each.
    points : sequence of OperatingPoint
        Cut-offs of the AI, what readers did, their mean.
    ai_label, readers_label : str
        Written beside the curves; a second line, after a line break, is set plain.
    enlarge : bool or (x0, x1, y0, y1)
        Whether a second panel enlarges the crowded part, found from the points if True; the
        names of the points then stand there.

    Returns
    -------
    Figure
        7.5 x 3.9 in with the second panel, 4.6 x 4.6 in without.

    Raises
    ------
    ValueError
        If a curve is not an ROC curve, or there are no points to enlarge.
    """
    curves = [curve for curve in (ai, *readers) if curve is not None]
    _check_curves(curves)
    if enlarge is True and not points:
        msg = "enlarge=True needs operating points; give points= or enlarge=(x0, x1, y0, y1)"
        raise ValueError(msg)
    with study_style():
        if enlarge:
            figure = new_figure(FULL_WIDTH, 3.9)
            panel_title(figure, (0.6, 0.14), "a", "Whole range")
            axes = place_axes(figure, left=0.6, top=0.26, width=3.07, height=3.07)
        else:
            figure = new_figure(4.6, 4.6)
            axes = place_axes(figure, left=0.6, top=0.2, width=3.82, height=3.82)
        _square(axes, (0.0, 1.0, 0.0, 1.0), 0.2)
        axes.set_ylabel("Sensitivity", labelpad=5)
        _draw_curves(axes, ai, readers)
        _draw_points(axes, points, shrink=0.85 if enlarge else 1.0)
        window = _window(points) if enlarge is True else enlarge or None
        _name_curves(axes, ai, readers, (ai_label, readers_label), window)
        if window:
            _enlarged(figure, axes, window, (ai, readers), points)
        else:
            _label_points(axes, points, _obstacles(axes, ai, readers))
    return figure


def _name_curves(
    axes: Axes,
    ai: Curve | None,
    readers: Sequence[Curve],
    labels: tuple[str, str],
    window: Window | None,
) -> None:
    """Name the AI, the readers and chance beside their lines."""
    axes.text(
        0.9,
        0.82,
        "chance",
        color=color("muted"),
        fontsize=SMALL,
        rotation=45,
        rotation_mode="anchor",
        ha="center",
    )
    taken = [*_obstacles(axes, ai, readers), box_points(axes, (0.82, 0.74), (30, 30))]
    if window:
        left, right, low, high = window
        outline = ([left, right, right, left, left], [low, low, high, high, low])
        taken.append(along_line(axes, *outline))
    if ai is not None and labels[0]:
        label_curve(axes, labels[0], "ai", (0.62, 0.64), taken)
    if readers and labels[1]:
        label_curve(axes, labels[1], "unaided", (0.74, 0.42), taken)
