"""Names of localization curves: beside them, or in lines below where they are too long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toolkit.arrays import FloatArray
from toolkit.figures.froc_lines import ROLE_STYLES, Dash, FrocLine, FrocRole, is_defined, last_mark
from toolkit.figures.labels import box_points, free_place, label_curve
from toolkit.figures.style import (
    BODY,
    LABEL,
    SMALL,
    color,
    halo,
    text_width,
    write,
)
from toolkit.figures.wrapping import wrapped

SAMPLE = 0.42  # of a line, with the room behind it
NAME_LINE = 0.17

_ABOVE, _BASELINE = 0.1, 0.08
_FLOOR_WORDS = "export floor"
_NOT_DEFINED = "not defined"
_MOST_LINES = 3
_BESIDE = 1.1  # a name stands best this much farther to the right than the last mark


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
