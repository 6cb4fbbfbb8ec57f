"""Curves of marks: lesions found against false marks, or against cases with one."""

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
)
from toolkit.draw.style import (
    BODY,
    FULL_WIDTH,
    LABEL,
    SMALL,
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
# Width of the figure and side of a panel, by the number of panels; then how far apart two begin.
_SIZES = {1: (4.6, 3.82), 2: (FULL_WIDTH, 2.95)}
_LEFT, _PITCH = 0.6, 3.85
_NAME_WIDTH = 0.6
_CHANCE = 0.72


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
    ends : bool
        Whether the last mark has its marker; a mean of curves that stop apart has no last mark.
    """

    label: str
    curve: Curve
    readers: Sequence[Curve] = ()
    role: FrocRole = "aided"
    floor: bool = False
    ends: bool = True


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
        markersize=_MARKER_PT if line.ends else 0,
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
    # The last one first: the AI marks most and ends where there is the least room.
    for place, line in reversed(list(enumerate(lines))):
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


@dataclass(frozen=True, kw_only=True)
class CurvePanel:
    """Curves of one kind.

    Parameters
    ----------
    title : str
        Beside the letter of the panel; not drawn where there is one panel alone.
    lines : sequence of FrocLine
        Modalities, or the AI.
    x_label, y_label : str
        What is counted, and of what the height is a share.
    counts : bool
        Whether x counts marks, as in a FROC panel, whose axis ends at the largest number seen,
        rounded up; otherwise it is a share from 0 to 1.
    chance : bool
        Whether the diagonal means chance, as in an ROC panel; in no other it does.
    """

    title: str
    lines: Sequence[FrocLine]
    x_label: str
    y_label: str
    counts: bool = False
    chance: bool = False


def curves_figure(panels: Sequence[CurvePanel]) -> Figure:
    """Draw one or two panels of curves up to the last mark; what no mark supports is dotted.

    Parameters
    ----------
    panels : sequence of CurvePanel
        From left to right.

    Returns
    -------
    Figure
        4.6 in wide with one panel, 7.5 in with two. Names stand beside their curves unless one is
        too long for that: then all of them stand below.

    Raises
    ------
    ValueError
        If there are no panels or more than two, or a curve leaves the square of shares.
    """
    if len(panels) not in _SIZES:
        msg = f"curves_figure draws one or two panels, but got {len(panels)}"
        raise ValueError(msg)
    for panel in panels:
        _check(panel)
    full, side = _SIZES[len(panels)]
    top = 0.26 if len(panels) > 1 else 0.12
    with study_style():
        below = max(len(wrapped(panel.x_label, side)) for panel in panels) * NAME_LINE + 0.42
        lines = [line for panel in panels for line in panel.lines]
        fit = names_fit(lines, side * _NAME_WIDTH)
        names = [] if fit else names_below(lines, full - _LEFT)
        figure = new_figure(full, top + side + below + height_below(names))
        draw_below(figure, (_LEFT, top + side + below), names)
        for place, panel in enumerate(panels):
            left = _LEFT + place * _PITCH
            if len(panels) > 1:
                panel_title(figure, (left, top - 0.12), "ab"[place], panel.title)
            axes = place_axes(figure, left=left, top=top, width=side, height=side)
            taken = _draw_panel(axes, panel, side)
            if fit:
                name_lines(axes, panel.lines, taken, width=side * _NAME_WIDTH)
    return figure


def _defined(panel: CurvePanel) -> list[Curve]:
    """Return all curves of a panel that can be drawn."""
    every = (curve for line in panel.lines for curve in (line.curve, *line.readers))
    return [curve for curve in every if is_defined(curve)]


def _check(panel: CurvePanel) -> None:
    """Refuse a curve that the axes would cut."""
    for curve in _defined(panel):
        most = max(float(curve.y.max()), 0.0 if panel.counts else float(curve.x.max()))
        if most > 1 + 1e-9:
            msg = (
                f"panel {panel.title!r}: shares must lie within 0 and 1, but {curve.label!r} "
                f"reaches {most:.3g}; counts=True takes marks on x"
            )
            raise ValueError(msg)


def _draw_panel(axes: Axes, panel: CurvePanel, side: float) -> list[FloatArray]:
    """Draw the axes, chance and the lines; return what names keep off."""
    ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    texts = [f"{tick:g}" for tick in ticks]
    axes.set_ylim(0, 1)
    axes.set_yticks(ticks, texts)
    axes.set_xlim(0, 1)
    if panel.counts:
        most = max((float(curve.x.max()) for curve in _defined(panel)), default=0.0) or 1.0
        step = nice_ticks(0, most, most=7)[1]
        axes.set_xlim(0, math.ceil(most / step - 1e-9) * step)
        ticks = nice_ticks(*axes.get_xlim(), most=7)
        texts = tick_text(ticks)
    axes.set_xticks(ticks, texts)
    outward(axes)
    axes.set_xlabel("\n".join(wrapped(panel.x_label, side)), labelpad=3)
    axes.set_ylabel("\n".join(wrapped(panel.y_label, side)), labelpad=4)
    taken = [points for line in panel.lines for points in draw_line(axes, line)]
    if panel.chance:
        taken += _draw_chance(axes, side)
    name_floors(axes, panel.lines, taken)
    return taken


def _draw_chance(axes: Axes, side: float) -> list[FloatArray]:
    """Draw the diagonal of chance with its name below; return what names keep off."""
    axes.plot([0, 1], [0, 1], color=color("band2"), linewidth=0.9, zorder=1)
    axes.annotate(
        "chance",
        (_CHANCE, _CHANCE),
        (2, -2),
        textcoords="offset points",
        color=color("muted"),
        fontsize=SMALL,
        rotation=45,
        rotation_mode="anchor",
        ha="center",
        va="top",
    )
    per_point = 1 / (side * 72)
    corner = (_CHANCE - 10 * per_point, _CHANCE - 22 * per_point)
    return [along_line(axes, [0, 1], [0, 1]), box_points(axes, corner, (32.0, 32.0))]
