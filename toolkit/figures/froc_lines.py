"""Lines of localization curves: by role, with their readers, up to the last mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from toolkit.arrays import FloatArray
from toolkit.figures.labels import along_line, in_points
from toolkit.figures.style import color
from toolkit.figures.thinning import visible_points
from toolkit.results import Curve

FrocRole = Literal["unaided", "aided", "ai"]

Dash = Literal["-"] | tuple[float, tuple[float, float]]


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
_NOT_SUPPORTED = (0, (1, 1.6))
_MARKER_PT = 8.0
# Points around a marker that names keep off as they do off lines.
_AROUND = np.array([(x, y) for x in (-5.0, 0.0, 5.0) for y in (-5.0, 0.0, 5.0)])


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
