"""ROC curves of the same readers with two modalities, reader by reader."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from toolkit.draw.style import (
    FULL_WIDTH,
    SMALL,
    TICK,
    color,
    new_figure,
    outward,
    place_axes,
    study_style,
    visible_points,
    widest,
    write,
)
from toolkit.results import Curve

_A_ROW = 5
_PITCH, _SIDE, _LEFT = 1.41, 1.17, 0.58
_SHORTEST_ARROW = 0.05  # of an axis: below it the head alone is longer than the way


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
            zorder=4,
            clip_on=False,
        )
    if b is None:
        return
    step = (0.0, 0.0) if a is None else (b[0] - a[0], b[1] - a[1])
    if math.hypot(*step) < _SHORTEST_ARROW:
        axes.plot(*b, marker="^", markersize=5, color=color("aided"), zorder=5, clip_on=False)
        return
    arrow = FancyArrowPatch(
        a,
        b,
        arrowstyle="-|>,head_length=4.5,head_width=2.4",
        mutation_scale=1,
        shrinkA=2.6,
        shrinkB=0,
        color=color("aided"),
        linewidth=1.2,
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
        (pair.curve_a, "unaided", (0, (4, 2)), 1.4),
        (pair.curve_b, "aided", "-", 2.0),
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
