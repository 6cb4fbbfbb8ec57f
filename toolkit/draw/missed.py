"""A gallery of lesions and the marks around them: image frames to scale, no pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon, Rectangle

from toolkit.arrays import FloatArray
from toolkit.draw.froc import ROLE_STYLES, FrocRole
from toolkit.draw.labels import along_line, box_points, label_points
from toolkit.draw.style import (
    BODY,
    FULL_WIDTH,
    SMALL,
    color,
    new_figure,
    place_axes,
    study_style,
    text_width,
    wrapped,
    write,
)

_COLUMNS = 3
_GAP = 0.3
# Half a line is kept free at both sides, else the outer frames lose their edge.
_EDGE = 0.01
_COLUMN = (FULL_WIDTH - 2 * _EDGE - (_COLUMNS - 1) * _GAP) / _COLUMNS
_SIDE_ROOM = 0.2  # for the words at the chest wall
_FRAME = (_COLUMN - _SIDE_ROOM, 2.7)
_SAME_PLACE_PT = 6.0
_MOST_NAMES = 3
_LINE = 0.17
_BELOW = 0.28
_LEGEND = 0.3
_SMALLEST_RADIUS_PT = 4.0
_MARKER_PT = 5.5


@dataclass(frozen=True, kw_only=True)
class PlacedMark:
    """A mark on one image.

    Parameters
    ----------
    x_px, y_px : float
        Column and row on the image, from its upper left corner.
    hit : bool
        Whether it hits a lesion by the rule of the study: filled, else open.
    role : {"unaided", "aided", "ai"}
        Colour and marker.
    label : str
        Who marked, such as "R3".
    """

    x_px: float
    y_px: float
    hit: bool
    role: FrocRole
    label: str


@dataclass(frozen=True, kw_only=True, eq=False)
class MissedView:
    """One image with its lesion and all marks on it.

    Parameters
    ----------
    title, subtitle : str
        Which lesion; what it is and who found it.
    laterality, view : str
        Such as "R" and "MLO"; the chest wall is at the right of a right breast, else at the left.
    rows, columns : int
        Size of the image in pixels.
    lesion : (x_px, y_px, radius_px) or None
        Drawn where there is no outline, with a radius of at least 4 pt.
    outline : ndarray, shape (n_points, 2), or None
        Corners of the lesion as x and y in pixels.
    marks : sequence of PlacedMark
        Of all readers who marked this image.
    """

    title: str
    subtitle: str
    laterality: str
    view: str
    rows: int
    columns: int
    lesion: tuple[float, float, float] | None
    outline: FloatArray | None
    marks: Sequence[PlacedMark]


def _check_view(view: MissedView) -> None:
    """Refuse an image without a size, and places outside it."""
    if view.rows <= 0 or view.columns <= 0:
        msg = f"{view.title!r}: rows and columns must be above 0; got {view.rows}, {view.columns}"
        raise ValueError(msg)
    places = [(f"mark {mark.label!r}", mark.x_px, mark.y_px) for mark in view.marks]
    if view.lesion is not None:
        places.append(("lesion", *view.lesion[:2]))
    for name, x, y in places:
        if not (0 <= x <= view.columns and 0 <= y <= view.rows):
            msg = (
                f"{view.title!r}: {name} at ({x:g}, {y:g}) px lies outside the image of "
                f"{view.columns} columns and {view.rows} rows"
            )
            raise ValueError(msg)
    if view.outline is not None:
        shape = np.shape(view.outline)
        if len(shape) != 2 or shape[0] < 3 or shape[1] != 2:
            msg = f"{view.title!r}: outline must have shape (n_points, 2), 3 or more; got {shape}"
            raise ValueError(msg)


def _frame_size(view: MissedView) -> tuple[float, float]:
    """Return width and height of the frame in inches."""
    scale = min(_FRAME[0] / view.columns, _FRAME[1] / view.rows)
    return view.columns * scale, view.rows * scale


def _mark_groups(view: MissedView) -> list[list[PlacedMark]]:
    """Return the marks in groups of one role and kind whose first lies within 6 pt."""
    near = _SAME_PLACE_PT * view.columns / (_frame_size(view)[0] * 72)
    groups: list[list[PlacedMark]] = []
    for mark in view.marks:
        for group in groups:
            first = group[0]
            same = (first.role, first.hit) == (mark.role, mark.hit)
            if same and np.hypot(first.x_px - mark.x_px, first.y_px - mark.y_px) <= near:
                group.append(mark)
                break
        else:
            groups.append([mark])
    return groups


def _group_name(group: Sequence[PlacedMark]) -> str:
    """Return the names at one place, each once; of many the first ones and a number."""
    names = list(dict.fromkeys(mark.label for mark in group if mark.label))
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[: _MOST_NAMES - 1])} + {len(names) - _MOST_NAMES + 1}"


def missed_figure(views: Sequence[MissedView]) -> Figure:
    """Draw images as frames to scale with their lesion and the marks on them, three a row.

    Parameters
    ----------
    views : sequence of MissedView
        In reading order. Marks of one kind within 6 pt of each other share a name.

    Returns
    -------
    Figure
        7.5 in wide.

    Raises
    ------
    ValueError
        If there is no view, a size is not above 0, a place lies outside its image, or an outline
        has not three corners.
    """
    if not views:
        msg = "views must hold at least one view, but there is none; say in words that none is"
        raise ValueError(msg)
    for view in views:
        _check_view(view)
    rows = [views[start : start + _COLUMNS] for start in range(0, len(views), _COLUMNS)]
    start = 0.02
    with study_style():
        heads = [max(len(_head(view)) for view in row) * _LINE + 0.08 for row in rows]
        frames = [max(_frame_size(view)[1] for view in row) for row in rows]
        height = start + sum(heads) + sum(frames) + _BELOW * (len(rows) - 1) + _LEGEND
        figure = new_figure(FULL_WIDTH, height)
        top = start
        for row, head, frame in zip(rows, heads, frames, strict=True):
            for place, view in enumerate(row):
                _draw_view(figure, view, (_EDGE + place * (_COLUMN + _GAP), top), head)
            top += head + frame + _BELOW
        _draw_legend(figure, height - 0.06, views)
    return figure


def _head(view: MissedView) -> list[tuple[str, int]]:
    """Return the lines above a frame and how heavy each is."""
    title = [(line, 600) for line in wrapped(view.title, _COLUMN, BODY, 600)]
    return title + [(line, 400) for line in wrapped(view.subtitle, _COLUMN, SMALL) if line]


def _draw_view(figure: Figure, view: MissedView, place: tuple[float, float], head: float) -> None:
    """Draw one image: head, frame, chest wall, lesion, marks."""
    left, top = place
    for number, (text, weight) in enumerate(_head(view)):
        y = top + 0.12 + number * _LINE
        if weight == 400:
            write(figure, (left, y), text, role="muted", size=SMALL)
        else:
            write(figure, (left, y), text, weight=600)
    width, height = _frame_size(view)
    at_right = view.laterality == "R"
    shift = 0.0 if at_right else _SIDE_ROOM
    axes = place_axes(figure, left=left + shift, top=top + head, width=width, height=height)
    axes.set_xlim(0, view.columns)
    axes.set_ylim(view.rows, 0)
    axes.set_axis_off()
    axes.add_patch(
        Rectangle((0, 0), view.columns, view.rows, facecolor=color("band"),
                  edgecolor=color("axis"), linewidth=0.8, zorder=0, clip_on=False)
    )  # fmt: skip
    taken = [*_draw_chest_wall(axes, view, at_right=at_right), *_draw_lesion(axes, view)]
    _draw_marks(axes, view, taken)


def _draw_chest_wall(axes: Axes, view: MissedView, *, at_right: bool) -> list[FloatArray]:
    """Draw the edge at the chest wall, and name breast and view in the other upper corner."""
    x = view.columns if at_right else 0
    axes.plot([x, x], [0, view.rows], color=color("axis"), linewidth=3.0, clip_on=False, zorder=1)
    axes.annotate(
        "chest wall",
        (x, view.rows / 2),
        (5 if at_right else -5, 0),
        textcoords="offset points",
        rotation=270 if at_right else 90,
        ha="left" if at_right else "right",
        va="center",
        color=color("muted"),
        fontsize=SMALL,
    )
    name = f"{view.laterality} {view.view}".strip()
    corner = 0 if at_right else view.columns
    axes.annotate(
        name,
        (corner, 0),
        (5 if at_right else -5, -5),
        textcoords="offset points",
        ha="left" if at_right else "right",
        va="top",
        color=color("muted"),
        fontsize=SMALL,
    )
    per_point = view.columns / (_frame_size(view)[0] * 72)
    width = text_width(name, SMALL) * 72
    start = 5.0 * per_point if at_right else view.columns - (5 + width) * per_point
    return [box_points(axes, (start, 16 * per_point), (width, 10.0))]


def _draw_lesion(axes: Axes, view: MissedView) -> list[FloatArray]:
    """Draw the lesion's outline, or a circle, or say that its place is not recorded."""
    edge = color("cancer")
    if view.outline is not None:
        corners = np.asarray(view.outline, dtype=np.float64)
        axes.add_patch(
            Polygon(corners, closed=True, fill=False, edgecolor=edge, linewidth=1.6, zorder=2)
        )
        return [along_line(axes, *np.vstack([corners, corners[:1]]).T)]
    if view.lesion is not None:
        x, y, radius = view.lesion
        per_point = view.columns / (_frame_size(view)[0] * 72)
        radius = max(radius, _SMALLEST_RADIUS_PT * per_point)
        axes.add_patch(Circle((x, y), radius, fill=False, edgecolor=edge, linewidth=1.6, zorder=2))
        angle = np.linspace(0, 2 * np.pi, 37)
        return [along_line(axes, x + radius * np.cos(angle), y + radius * np.sin(angle))]
    axes.annotate(
        "place of the lesion not recorded",
        (0.5, 0),
        (0, 5),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="center",
        color=color("cancertext"),
        fontsize=SMALL,
    )
    return []


def _draw_marks(axes: Axes, view: MissedView, taken: Sequence[FloatArray]) -> None:
    """Draw all marks and name them; marks at one place share a name."""
    for mark in view.marks:
        style = ROLE_STYLES[mark.role]
        axes.plot(
            [mark.x_px],
            [mark.y_px],
            linestyle="none",
            marker=style.marker,
            markersize=_MARKER_PT,
            markerfacecolor=color(style.line if mark.hit else "paper"),
            markeredgecolor=color(style.line),
            markeredgewidth=1.3,
            zorder=4,
            clip_on=False,
        )
    groups = _mark_groups(view)
    label_points(
        axes,
        [group[0].x_px for group in groups],
        [group[0].y_px for group in groups],
        [_group_name(group) for group in groups],
        roles=[ROLE_STYLES[group[0].role].text for group in groups],
        lines=taken,
    )


def _draw_legend(figure: Figure, y: float, views: Sequence[MissedView]) -> None:
    """Say under the gallery what ring, filled and open marks are."""
    roles = [role for role in ROLE_STYLES if any(_has(view, role) for view in views)]
    shapes = [ROLE_STYLES[role].marker for role in roles] or ["o"]
    entries = [("lesion", "cancer", "none", ["o"]), ("mark that hits it", "muted", "muted", shapes)]
    entries.append(("mark elsewhere", "muted", "paper", shapes))
    full_width, full_height = figure.get_size_inches()
    x = 0.0
    for words, edge, face, markers in entries:
        for marker in markers:
            figure.add_artist(
                Line2D(
                    [(x + 0.06) / full_width],
                    [1 - (y - 0.045) / full_height],
                    linestyle="none",
                    marker=marker,
                    markersize=7 if face == "none" else _MARKER_PT,
                    markerfacecolor="none" if face == "none" else color(face),
                    markeredgecolor=color(edge),
                    markeredgewidth=1.6 if face == "none" else 1.3,
                )
            )
            x += 0.14
        write(figure, (x + 0.03, y), words, role="muted", size=SMALL)
        x += 0.03 + text_width(words, SMALL) + 0.3


def _has(view: MissedView, role: FrocRole) -> bool:
    """Whether a view holds a mark of a role."""
    return any(mark.role == role for mark in view.marks)
