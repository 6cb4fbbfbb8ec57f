"""AFROC, LROC and inferred ROC curves: square panels, both axes from 0 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.arrays import FloatArray
from toolkit.figures.froc_lines import FrocLine, draw_line, is_defined
from toolkit.figures.froc_names import (
    NAME_LINE,
    draw_below,
    height_below,
    name_floors,
    name_lines,
    names_below,
    names_fit,
)
from toolkit.figures.labels import along_line, box_points
from toolkit.figures.style import (
    FULL_WIDTH,
    SMALL,
    color,
    draw_stamp,
    new_figure,
    outward,
    panel_title,
    place_axes,
    stamp_height,
    study_style,
)
from toolkit.figures.wrapping import wrapped

__all__ = ["FrocLine", "SquarePanel", "square_curves_figure"]

# Width of the figure, side of a panel, and how far apart two panels begin.
_SIZES = {1: (4.6, 3.82, 0.0), 2: (FULL_WIDTH, 3.07, 3.68), 3: (FULL_WIDTH, 1.85, 2.47)}
_LEFT = 0.6
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_NAME_WIDTH = 0.6
_CHANCE = 0.72


@dataclass(frozen=True, kw_only=True)
class SquarePanel:
    """Curves of one kind.

    Parameters
    ----------
    title : str
        Beside the letter of the panel; not drawn where there is one panel alone.
    lines : sequence of FrocLine
        Modalities, or the AI; their curves lie within 0 and 1 both ways.
    x_label, y_label : str
        What the axes are shares of.
    chance : bool
        Whether the diagonal means chance, as in an ROC panel; in no other it does.
    """

    title: str
    lines: Sequence[FrocLine]
    x_label: str
    y_label: str
    chance: bool = False


def square_curves_figure(panels: Sequence[SquarePanel], *, stamp: str = "") -> Figure:
    """Draw one to three square panels of curves; what no mark supports is dotted.

    Parameters
    ----------
    panels : sequence of SquarePanel
        From left to right.
    stamp : str
        Written at the top right, such as "SIMULATED".

    Returns
    -------
    Figure
        4.6 x 4.6 in with one panel, 7.5 in wide with two or three. Names stand beside their curves
        unless one is too long for that: then all of them stand below.

    Raises
    ------
    ValueError
        If there are no panels or more than three, or a curve leaves the square.
    """
    if len(panels) not in _SIZES:
        msg = f"square_curves_figure draws one to three panels, but got {len(panels)}"
        raise ValueError(msg)
    for panel in panels:
        _check(panel)
    full, side, pitch = _SIZES[len(panels)]
    top = stamp_height(stamp) + (0.26 if len(panels) > 1 else 0.12)
    with study_style():
        below = max(len(wrapped(panel.x_label, side + 0.1)) for panel in panels) * NAME_LINE + 0.42
        lines = [line for panel in panels for line in panel.lines]
        fit = names_fit(lines, side * _NAME_WIDTH)
        names = [] if fit else names_below(lines, full - _LEFT)
        figure = new_figure(full, top + side + below + height_below(names))
        draw_below(figure, (_LEFT, top + side + below), names)
        for place, panel in enumerate(panels):
            left = _LEFT + place * pitch
            if len(panels) > 1:
                panel_title(figure, (left, top - 0.12), "abc"[place], panel.title)
            axes = place_axes(figure, left=left, top=top, width=side, height=side)
            taken = _draw_panel(axes, panel, side)
            if fit:
                name_lines(axes, panel.lines, taken, width=side * _NAME_WIDTH)
        draw_stamp(figure, stamp)
    return figure


def _check(panel: SquarePanel) -> None:
    """Refuse a curve that the square would cut."""
    for line in panel.lines:
        for curve in filter(is_defined, (line.curve, *line.readers)):
            most = max(float(curve.x.max()), float(curve.y.max()))
            if most > 1 + 1e-9:
                msg = (
                    f"panel {panel.title!r}: curves must lie within 0 and 1, but {line.label!r} "
                    f"reaches {most:.3g}; draw it with froc_figure"
                )
                raise ValueError(msg)


def _draw_panel(axes: Axes, panel: SquarePanel, side: float) -> list[FloatArray]:
    """Draw the axes, chance and the lines; return what names keep off."""
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    texts = [f"{tick:g}" for tick in _TICKS]
    axes.set_xticks(_TICKS, texts)
    axes.set_yticks(_TICKS, texts)
    outward(axes)
    axes.set_xlabel("\n".join(wrapped(panel.x_label, side + 0.1)), labelpad=3)
    axes.set_ylabel("\n".join(wrapped(panel.y_label, side + 0.1)), labelpad=4)
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
