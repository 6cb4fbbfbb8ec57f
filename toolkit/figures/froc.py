"""FROC curves, and the figure of merit of every reader with two modalities."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.figures.froc_lines import (
    ROLE_STYLES,
    FrocLine,
    FrocRole,
    draw_line,
    is_defined,
)
from toolkit.figures.froc_names import (
    draw_below,
    height_below,
    name_floors,
    name_lines,
    names_below,
    names_fit,
)
from toolkit.figures.labels import spread_apart
from toolkit.figures.scales import nice_ticks, tick_text
from toolkit.figures.style import (
    FULL_WIDTH,
    SMALL,
    TICK,
    color,
    draw_stamp,
    new_figure,
    outward,
    panel_title,
    place_axes,
    stamp_height,
    study_style,
)
from toolkit.wording import number_text

__all__ = ["FrocLine", "FrocRole", "SlopeRow", "froc_figure"]

_HEIGHT, _LEFT = 2.95, 0.6
_NAME_WIDTH = 2.4


@dataclass(frozen=True)
class SlopeRow:
    """The figure of merit of one reader with the comparator a and with b."""

    label: str
    a: float
    b: float


def _set_axes(axes: Axes, lines: Sequence[FrocLine], labels: tuple[str, str]) -> None:
    """Set lesions from 0 to 1 and marks from 0 to the largest number seen, rounded up."""
    curves = [curve for line in lines for curve in (line.curve, *line.readers)]
    most = max((float(curve.x.max()) for curve in curves if is_defined(curve)), default=0.0) or 1.0
    step = nice_ticks(0, most, most=7)[1]
    end = math.ceil(most / step - 1e-9) * step
    axes.set_xlim(0, end)
    axes.set_ylim(0, 1)
    outward(axes)
    x_ticks, y_ticks = nice_ticks(0, end, most=8), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    axes.set_xticks(x_ticks, tick_text(x_ticks))
    axes.set_yticks(y_ticks, [text.replace("1.0", "1") for text in tick_text(y_ticks)])
    axes.set_xlabel(labels[0], labelpad=3)
    axes.set_ylabel(labels[1], labelpad=4)


def _label_side(
    axes: Axes, x: float, values: Sequence[float], texts: Sequence[str], *, left: bool
) -> None:
    """Write values beside one end of the slopes."""
    low, high = axes.get_ylim()
    points = axes.bbox.height * 72 / axes.figure.dpi / (high - low)
    heights = [(value - low) * points for value in values]
    for value, text, height, place in zip(
        values, texts, heights, spread_apart(heights), strict=True
    ):
        axes.annotate(
            text,
            (x, value),
            (-9 if left else 9, place - height - 3),
            textcoords="offset points",
            fontsize=TICK,
            ha="right" if left else "left",
            color=color("ink"),
        )


def _draw_slopes(axes: Axes, slopes: Sequence[SlopeRow], labels: tuple[str, str]) -> None:
    """Draw every reader from a, open circle, to b, triangle."""
    values = [value for row in slopes for value in (row.a, row.b)]
    spare = (max(values) - min(values) or 0.1) * 0.12
    axes.set_xlim(-0.05, 1.05)
    axes.set_ylim(min(values) - spare, max(values) + spare)
    axes.set_axis_off()
    for row in slopes:
        axes.plot([0, 1], [row.a, row.b], color=color("aided"), linewidth=1.5, zorder=1)
    ends: tuple[tuple[int, list[float], FrocRole], ...] = (
        (0, [row.a for row in slopes], "unaided"),
        (1, [row.b for row in slopes], "aided"),
    )
    for x, heights, role in ends:
        marker, face, edge, *_ = ROLE_STYLES[role]
        axes.plot(
            [x] * len(heights),
            heights,
            linestyle="none",
            marker=marker,
            markersize=7,
            markerfacecolor=color(face),
            markeredgecolor=color(edge),
            markeredgewidth=1.5,
            clip_on=False,
        )
        axes.annotate(
            labels[x],
            (x, 0),
            (0, -14),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            fontsize=SMALL,
            color=color("muted"),
            ha="center",
        )
    before = [number_text(row.a, digits=3) for row in slopes]
    after = [f"{number_text(row.b, digits=3)} {row.label}" for row in slopes]
    _label_side(axes, 0, [row.a for row in slopes], before, left=True)
    _label_side(axes, 1, [row.b for row in slopes], after, left=False)


def froc_figure(
    lines: Sequence[FrocLine],
    *,
    slopes: Sequence[SlopeRow] = (),
    slope_labels: tuple[str, str] = ("a", "b"),
    titles: tuple[str, str] = ("FROC, mean of all readers", "Figure of merit by reader"),
    axis_labels: tuple[str, str] = ("Non-lesion marks per case", "Lesions found"),
    stamp: str = "",
) -> Figure:
    """Draw FROC curves up to the last mark, never beyond it, and the readers' slopes.

    Parameters
    ----------
    lines : sequence of FrocLine
        One for each modality.
    slopes : sequence of SlopeRow
        Readers with both modalities, as a second panel.
    slope_labels : (str, str)
        Names of the two modalities under the slopes.
    titles : (str, str)
        Titles of the panels; without slopes there are none.
    axis_labels : (str, str)
        Of x and y: what marks are counted per, and of what the height is a share.
    stamp : str
        Written at the top right, such as "SIMULATED".

    Returns
    -------
    Figure
        7.5 in wide with the second panel, 5.2 in without. Names stand beside their curves unless
        one is too long for that: then all of them stand below.
    """
    top = stamp_height(stamp)
    with study_style():
        full, fit = FULL_WIDTH if slopes else 5.2, names_fit(lines, _NAME_WIDTH)
        names = [] if fit else names_below(lines, full - _LEFT)
        below = top + _HEIGHT + 0.85
        figure = new_figure(full, below + height_below(names))
        draw_below(figure, (_LEFT, below), names)
        axes = place_axes(figure, left=_LEFT, top=top + 0.28, width=3.85, height=_HEIGHT)
        _set_axes(axes, lines, axis_labels)
        taken = [points for line in lines for points in draw_line(axes, line)]
        name_floors(axes, lines, taken)
        if fit:
            name_lines(axes, lines, taken, width=_NAME_WIDTH)
        if slopes:
            panel_title(figure, (_LEFT, top + 0.14), "a", titles[0])
            panel_title(figure, (4.95, top + 0.14), "b", titles[1])
            right = place_axes(figure, left=5.6, top=top + 0.28, width=1.0, height=_HEIGHT - 0.1)
            _draw_slopes(right, slopes, slope_labels)
        draw_stamp(figure, stamp)
    return figure
