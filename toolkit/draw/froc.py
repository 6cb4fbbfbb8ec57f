"""FROC curves, and the figure of merit of every reader with two modalities."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toolkit.arrays import FloatArray
from toolkit.draw.labels import (
    along_line,
    box_points,
    free_place,
    in_points,
    label_curve,
    spread_apart,
)
from toolkit.draw.style import (
    BODY,
    FULL_WIDTH,
    LABEL,
    SMALL,
    TICK,
    color,
    halo,
    new_figure,
    nice_ticks,
    outward,
    panel_title,
    place_axes,
    study_style,
    text_width,
    tick_text,
    visible_points,
    wrapped,
    write,
)
from toolkit.results import Curve
from toolkit.words.wording import number_text

FrocRole = Literal["unaided", "aided", "ai"]

Dash = Literal["-"] | tuple[float, tuple[float, float]]
_NOT_SUPPORTED = (0, (1, 1.6))
_MARKER_PT = 8.0
# Points around a marker that names keep off as they do off lines.
_AROUND = np.array([(x, y) for x in (-5.0, 0.0, 5.0) for y in (-5.0, 0.0, 5.0)])
SAMPLE = 0.42  # of a line, with the room behind it
NAME_LINE = 0.17
_ABOVE, _BASELINE = 0.1, 0.08
_FLOOR_WORDS = "export floor"
_NOT_DEFINED = "not defined"
_MOST_LINES = 3
_BESIDE = 1.1  # a name stands best this much farther to the right than the last mark
_HEIGHT, _LEFT = 2.95, 0.6
_NAME_WIDTH = 2.4


class RoleStyle(NamedTuple):
    """How a role is drawn: marker, its face, colour of lines, their dash, colour of the name."""

    marker: str
    face: str
    line: str
    dash: Dash
    text: str


ROLE_STYLES: dict[FrocRole, RoleStyle] = {
    "unaided": RoleStyle("o", "paper", "unaided", (0, (5, 2.5)), "unaided"),
    "aided": RoleStyle("^", "aided", "aided", "-", "aidedtext"),
    "ai": RoleStyle("s", "ai", "ai", "-", "ai"),
}


@dataclass(frozen=True, kw_only=True)
class FrocLine:
    """One modality, or the AI.

    Parameters
    ----------
    label : str
        Its name beside the curve; a second line is set plain.
    curve : Curve
        It ends at the last mark, or goes on to 1 in a straight line that no mark supports: points
        of threshold -inf, which are dotted. NaN is said in words.
    readers : sequence of Curve
        Single readers, thin, each with a small mark where it stops.
    role : {"unaided", "aided", "ai"}
        Colour, dash and marker.
    floor : bool
        Whether the curve ends because the AI delivers nothing below its export floor: an open end
        with these words instead of the filled last mark.
    """

    label: str
    curve: Curve
    readers: Sequence[Curve] = ()
    role: FrocRole = "aided"
    floor: bool = False


def is_defined(curve: Curve) -> bool:
    """Whether a curve has points, and all of them are numbers."""
    return bool(curve.x.size and np.isfinite(curve.x).all() and np.isfinite(curve.y).all())


def draw_line(axes: Axes, line: FrocLine) -> list[FloatArray]:
    """Draw one modality with its readers; return what names keep off."""
    style = ROLE_STYLES[line.role]
    taken = []
    for curve in filter(is_defined, line.readers):
        ink = color(style.line)
        x, y = _thinned(curve.x, curve.y)
        axes.plot(x, y, linestyle=style.dash, color=ink, linewidth=0.7, alpha=0.45)
        stop = last_mark(curve)
        axes.plot(
            curve.x[stop],
            curve.y[stop],
            marker=style.marker,
            markersize=3,
            markeredgewidth=0,
            color=ink,
            alpha=0.6,
            clip_on=False,
        )
        taken.append(along_line(axes, x, y))
    if is_defined(line.curve):
        taken.append(_draw_main(axes, line, style))
    return taken


def _draw_main(axes: Axes, line: FrocLine, style: RoleStyle) -> FloatArray:
    """Draw the curve of a modality: what marks support, what goes on from there, the last mark."""
    curve, stop = line.curve, last_mark(line.curve)
    x, y = _thinned(curve.x[: stop + 1], curve.y[: stop + 1])
    axes.plot(
        x, y, color=color(style.line), linewidth=2.4, linestyle=style.dash, zorder=3, clip_on=False
    )
    axes.plot(
        curve.x[stop:],
        curve.y[stop:],
        color=color(style.line),
        linewidth=1.6,
        linestyle=_NOT_SUPPORTED,
        zorder=3,
    )
    axes.plot(
        curve.x[stop],
        curve.y[stop],
        marker=style.marker,
        markersize=_MARKER_PT,
        markerfacecolor=color("paper" if line.floor else style.face),
        markeredgecolor=color(style.line),
        markeredgewidth=1.6,
        zorder=4,
        clip_on=False,
    )
    end = in_points(axes, curve.x[stop : stop + 1], curve.y[stop : stop + 1])
    return np.concatenate([along_line(axes, *_thinned(curve.x, curve.y)), end + _AROUND])


def last_mark(curve: Curve) -> int:
    """Return the place of the last point that a mark supports."""
    return int(np.flatnonzero(curve.threshold != -np.inf).max(initial=0))


def _thinned(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the points that a line needs to look as it does."""
    kept = visible_points(x, y)
    return x[kept], y[kept]


def names_fit(lines: Iterable[FrocLine], width: float) -> bool:
    """Whether every name takes three lines at most of a width in inches."""
    return all(len(_parts(line, width)) <= _MOST_LINES for line in lines)


def _parts(line: FrocLine, width: float) -> list[str]:
    """Return the name of a line, broken to fit a width in inches."""
    first, *rest = line.label.split("\n")
    parts = wrapped(first, width, LABEL, 600)
    for text in rest:
        parts += wrapped(text, width, BODY)
    return parts if is_defined(line.curve) else [*parts, _NOT_DEFINED]


def name_lines(
    axes: Axes, lines: Sequence[FrocLine], taken: list[FloatArray], *, width: float
) -> None:
    """Name every line, off all that is ``taken``, in a width in inches.

    Parameters
    ----------
    axes : Axes
        With its limits set already.
    lines : sequence of FrocLine
        Drawn already.
    taken : list of arrays
        From ``draw_line`` of all of them; the places of the names are added.
    width : float
        Longer names are broken between words.
    """
    for place, line in enumerate(lines):
        near = (float(np.mean(axes.get_xlim())), 0.5 - 0.2 * place)
        if is_defined(line.curve):
            stop = last_mark(line.curve)
            near = (float(line.curve.x[stop]) * _BESIDE, float(line.curve.y[stop]))
        text = "\n".join(_parts(line, width))
        label_curve(axes, text, ROLE_STYLES[line.role].text, near, taken)


def name_floors(axes: Axes, lines: Sequence[FrocLine], taken: list[FloatArray]) -> None:
    """Write beside the open end of a curve that it is the export floor."""
    for line in lines:
        if not line.floor or not is_defined(line.curve):
            continue
        stop = last_mark(line.curve)
        size_pt = text_width(_FLOOR_WORDS, SMALL) * 72, BODY
        end = float(line.curve.x[stop]), float(line.curve.y[stop])
        corner = free_place(axes, size_pt, end, taken)
        taken.append(box_points(axes, corner, size_pt))
        halo(
            axes.annotate(
                _FLOOR_WORDS,
                xy=corner,
                xytext=(0, 2),
                textcoords="offset points",
                color=color("muted"),
                fontsize=SMALL,
            )
        )


def names_below(lines: Iterable[FrocLine], width: float) -> list[tuple[FrocRole, list[str]]]:
    """Return each name once with its role, broken to fit a width in inches with its sample."""
    texts: dict[str, FrocRole] = {}
    for line in lines:
        named = (
            line if is_defined(line.curve) else replace(line, label=f"{line.label}\n{_NOT_DEFINED}")
        )
        texts.setdefault(", ".join(named.label.split("\n")), line.role)
    return [(role, wrapped(text, width - SAMPLE)) for text, role in texts.items()]


def height_below(names: Sequence[tuple[FrocRole, list[str]]]) -> float:
    """Return the height in inches that names below take."""
    return sum(len(parts) for _, parts in names) * NAME_LINE + (_ABOVE if names else 0.0)


def draw_below(
    figure: Figure, place: tuple[float, float], names: Sequence[tuple[FrocRole, list[str]]]
) -> None:
    """Draw the names below each other; the place is their upper left corner in inches."""
    left, y = place[0], place[1] + _ABOVE + _BASELINE
    for role, parts in names:
        draw_sample(figure, (left, y), role, ROLE_STYLES[role].dash)
        for part in parts:
            write(figure, (left + SAMPLE, y), part, role=ROLE_STYLES[role].text)
            y += NAME_LINE


def draw_sample(figure: Figure, place: tuple[float, float], role: FrocRole, dash: Dash) -> None:
    """Draw line and marker of a role before a text whose place is given."""
    style = ROLE_STYLES[role]
    full_width, full_height = figure.get_size_inches()
    height = 1 - (place[1] - 0.045) / full_height
    ends = [place[0] / full_width, (place[0] + SAMPLE - 0.08) / full_width]
    ink = color(style.line)
    figure.add_artist(Line2D(ends, [height] * 2, color=ink, linewidth=1.4, linestyle=dash))
    figure.add_artist(
        Line2D(
            [sum(ends) / 2],
            [height],
            linestyle="none",
            marker=style.marker,
            markersize=5.4,
            markerfacecolor=color(style.face),
            markeredgecolor=ink,
            markeredgewidth=1.3,
        )
    )


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

    Returns
    -------
    Figure
        7.5 in wide with the second panel, 5.2 in without. Names stand beside their curves unless
        one is too long for that: then all of them stand below.
    """
    with study_style():
        full, fit = FULL_WIDTH if slopes else 5.2, names_fit(lines, _NAME_WIDTH)
        names = [] if fit else names_below(lines, full - _LEFT)
        below = _HEIGHT + 0.85
        figure = new_figure(full, below + height_below(names))
        draw_below(figure, (_LEFT, below), names)
        axes = place_axes(figure, left=_LEFT, top=0.28, width=3.85, height=_HEIGHT)
        _set_axes(axes, lines, axis_labels)
        taken = [points for line in lines for points in draw_line(axes, line)]
        name_floors(axes, lines, taken)
        if fit:
            name_lines(axes, lines, taken, width=_NAME_WIDTH)
        if slopes:
            panel_title(figure, (_LEFT, 0.14), "a", titles[0])
            panel_title(figure, (4.95, 0.14), "b", titles[1])
            right = place_axes(figure, left=5.6, top=0.28, width=1.0, height=_HEIGHT - 0.1)
            _draw_slopes(right, slopes, slope_labels)
    return figure
