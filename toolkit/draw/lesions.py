"""Lesions: found by type or size, and the places of those that most readers missed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, Polygon, Rectangle

from toolkit.arrays import FloatArray
from toolkit.draw.froc import NAME_LINE, ROLE_STYLES, SAMPLE, Dash, FrocRole, draw_sample
from toolkit.draw.labels import along_line, box_points, label_points
from toolkit.draw.style import (
    BODY,
    FULL_WIDTH,
    SMALL,
    color,
    new_figure,
    outward,
    place_axes,
    study_style,
    text_width,
    tick_text,
    widest,
    wrapped,
    write,
)
from toolkit.results import Estimate
from toolkit.words.sentences import ci_text, estimate_text
from toolkit.words.wording import EM_DASH, NO_BREAK_SPACE, count_text, level_text

_ROW = {1: 0.28, 2: 0.48}
_SHIFT = 0.18
_LABEL_WIDTH = 1.75
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_DASHES: dict[FrocRole, Dash] = {
    "unaided": (0, (4, 2)),
    "aided": "-",
    "ai": "-",
}
_NOT_DEFINED = "not defined"


@dataclass(frozen=True, kw_only=True)
class TypeRow:
    """One type or size class of lesions.

    Parameters
    ----------
    label : str
        Its name.
    a, b : Estimate
        Share of its lesions found with the comparator and the new modality; b may be None.
    n : int
        Lesions of the group, written beside its name.
    """

    label: str
    a: Estimate
    b: Estimate | None
    n: int


def lesion_type_figure(
    rows: Sequence[TypeRow],
    *,
    labels: tuple[str, str],
    roles: tuple[FrocRole, FrocRole] = ("unaided", "aided"),
    axis_label: str = "Lesions found",
) -> Figure:
    """Draw the share of lesions found by group, each with its interval, on one axis from 0 to 100%.

    Parameters
    ----------
    rows : sequence of TypeRow
        From top to bottom.
    labels : (str, str)
        Comparator a and new modality b, or the AI. Without any b the second is not used.
    roles : (str, str)
        Of a and b: open circles with dashed intervals, filled triangles, or the AI's squares.
    axis_label : str
        What the share is of, and at how many false marks.

    Returns
    -------
    Figure
        7.5 in wide. An undefined share is said in words, and one without an interval has a dot
        alone.

    Raises
    ------
    ValueError
        If there is no row, a share lies outside 0 and 1, or a count is negative.
    """
    _check(rows)
    series = roles[:1] if all(row.b is None for row in rows) else roles
    with study_style():
        names = [wrapped(f"{row.label} ({count_text(row.n)})", _LABEL_WIDTH) for row in rows]
        pitches = [max(_ROW[len(series)], len(name) * NAME_LINE + 0.1) for name in names]
        left = max(widest([line for name in names for line in name]) + 0.25, 0.9)
        legend = _legend(labels[: len(series)], left)
        top = 0.36 + legend[-1].last
        figure = new_figure(FULL_WIDTH, top + sum(pitches) + 0.62)
        edges = _edges(rows)
        width = edges[0] - widest([*_texts(rows, 0), "Found"]) - 0.25 - left
        axes = place_axes(figure, left=left, top=top, width=width, height=sum(pitches))
        _set_axis(axes, sum(pitches), axis_label)
        place = 0.0
        for row, name, pitch in zip(rows, names, pitches, strict=True):
            middle = place + pitch / 2
            for number, line in enumerate(name):
                y = top + middle + 0.05 + (number - (len(name) - 1) / 2) * NAME_LINE
                write(figure, (0, y), line)
            results = (row.a, row.b)[: len(series)]
            for order, (role, result) in enumerate(zip(series, results, strict=True)):
                y = middle + (order - (len(series) - 1) / 2) * _SHIFT
                if result is not None:
                    _draw_share(axes, y, result, role)
                    _write_share(figure, top + y + 0.05, result, edges)
            place += pitch
        _draw_legend(figure, 0.12, legend, series)
        heads = zip(edges, ("Found", _level_text(rows)), strict=True)
        for edge, head in heads:
            write(figure, (edge, top - 0.1), head, role="muted", size=SMALL, align="right")
    return figure


def _check(rows: Sequence[TypeRow]) -> None:
    """Refuse what the axis cannot hold."""
    if not rows:
        msg = "rows must hold at least one row, but there is none; say so in words instead"
        raise ValueError(msg)
    for row in rows:
        if row.n < 0:
            msg = f"row {row.label!r}: n must be 0 or more, but got {row.n}"
            raise ValueError(msg)
        for name, result in (("a", row.a), ("b", row.b)):
            if result is not None and not (
                math.isnan(result.estimate) or 0 <= result.estimate <= 1
            ):
                msg = (
                    f"row {row.label!r}: the share {name} must lie between 0 and 1, but is "
                    f"{result.estimate:g}"
                )
                raise ValueError(msg)


def _results(rows: Sequence[TypeRow]) -> list[Estimate]:
    """Return all estimates."""
    return [result for row in rows for result in (row.a, row.b) if result is not None]


def _share_texts(result: Estimate) -> tuple[str, str]:
    """Return a share in percent and its interval; an undefined interval is a dash."""
    share = estimate_text(result, form="percent")
    if math.isnan(result.estimate):
        return EM_DASH, ""
    if math.isnan(result.ci_low + result.ci_high):
        return share, EM_DASH
    return share, ci_text(result, form="percent")


def _texts(rows: Sequence[TypeRow], column: int) -> list[str]:
    """Return the texts of the shares (0) or of the intervals (1)."""
    return [_share_texts(result)[column] for result in _results(rows)]


def _edges(rows: Sequence[TypeRow]) -> tuple[float, float]:
    """Return the right edges of the shares and of the intervals."""
    return FULL_WIDTH - widest([*_texts(rows, 1), _level_text(rows)]) - 0.15, FULL_WIDTH


def _level_text(rows: Sequence[TypeRow]) -> str:
    """Return the head of the intervals."""
    levels = sorted({result.ci_level for result in _results(rows)})
    return f"{level_text(levels[0])}{NO_BREAK_SPACE}CI"


def _set_axis(axes: Axes, height: float, label: str) -> None:
    """Set an axis from 0 to 100%, and inches from the top down."""
    axes.set_xlim(0, 1)
    axes.set_ylim(height, 0)
    outward(axes, left=False)
    axes.set_xticks(_TICKS, tick_text(_TICKS, form="percent", unit_last=True))
    axes.set_xlabel(label, labelpad=3)
    axes.grid(axis="x")


def _draw_share(axes: Axes, y: float, result: Estimate, role: FrocRole) -> None:
    """Draw one share with its interval, or say that it is not defined."""
    style = ROLE_STYLES[role]
    if math.isnan(result.estimate):
        axes.annotate(
            _NOT_DEFINED,
            (0, y),
            (4, -3),
            textcoords="offset points",
            color=color(style.text),
            fontsize=SMALL,
        )
        return
    axes.plot(
        [result.ci_low, result.ci_high],
        [y, y],
        color=color(style.line),
        linewidth=1.4,
        linestyle=_DASHES[role],
        zorder=2,
    )
    axes.plot(
        [result.estimate],
        [y],
        marker=style.marker,
        markersize=5.4 if role == "unaided" else 6,
        markerfacecolor=color(style.face),
        markeredgecolor=color(style.line),
        markeredgewidth=1.3,
        zorder=3,
        clip_on=False,
    )


def _write_share(figure: Figure, y: float, result: Estimate, edges: tuple[float, float]) -> None:
    """Write a share and its interval at the height of its dot."""
    share, interval = _share_texts(result)
    write(figure, (edges[0], y), share, align="right")
    write(figure, (edges[1], y), interval, role="muted", align="right")


class _Name(NamedTuple):
    """Where a modality is named, in inches from the left and below the first line."""

    x: float
    y: float
    lines: list[str]

    @property
    def last(self) -> float:
        """Return the height of its last line."""
        return self.y + (len(self.lines) - 1) * NAME_LINE


def _legend(labels: Sequence[str], left: float) -> list[_Name]:
    """Place the names of the modalities beside each other, below each other if they are long."""
    names: list[_Name] = []
    for label in labels:
        lines = wrapped(label, FULL_WIDTH - left - SAMPLE)
        x, y = left, 0.0
        if names:
            x = left + SAMPLE + widest(names[0].lines) + 0.3
            if len(names[0].lines) > 1 or x + SAMPLE + widest(lines) > FULL_WIDTH:
                x, y = left, names[0].last + NAME_LINE
        names.append(_Name(x, y, lines))
    return names


def _draw_legend(
    figure: Figure, top: float, names: Sequence[_Name], series: Sequence[FrocRole]
) -> None:
    """Draw the sign of each modality with its name."""
    for name, role in zip(names, series, strict=True):
        y = top + name.y
        draw_sample(figure, (name.x, y), role, _DASHES[role])
        for number, line in enumerate(name.lines):
            place = (name.x + SAMPLE, y + number * NAME_LINE)
            write(figure, place, line, role=ROLE_STYLES[role].text)


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
        _draw_key(figure, height - 0.06, views)
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


def _draw_key(figure: Figure, y: float, views: Sequence[MissedView]) -> None:
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
