"""Where labels stand: beside their point or curve, over nothing else, always at the same place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from matplotlib.axes import Axes

from toolkit.arrays import FloatArray
from toolkit.draw.style import BODY, LABEL, SMALL, Weight, color, halo, text_width

# Right and above come first: there a reader looks for a name.
_DIRECTIONS = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))
_GAPS_PT = (6.5, 10.0, 17.0)
_CAP_HEIGHT = 0.66
_OVER_LABEL, _OVER_MARKER, _OVER_LINE, _OUTSIDE, _FARTHER, _LATER = 60.0, 25.0, 1.5, 90.0, 2.0, 0.2
_SWEEPS = 3
_MARKER_PT = 4.5
_ROOM_PT = 3.0
_SAMPLE_PT = 2.0
_SIZE = SMALL + 0.5
_LINE_HEIGHT = 1.2
_STACK_PT = 11.0


@dataclass(frozen=True, kw_only=True)
class _Box:
    """A label's place in points, and which way it stands from its point."""

    left: float
    low: float
    right: float
    high: float
    direction: tuple[int, int]
    gap: float

    def overlap(self, other: _Box) -> float:
        """Return the shared area in square points, with some room between the two."""
        width = min(self.right, other.right) - max(self.left, other.left) + _ROOM_PT
        height = min(self.high, other.high) - max(self.low, other.low) + _ROOM_PT
        return max(width, 0.0) * max(height, 0.0)

    def holds(self, points: FloatArray, spare: float = 1.0) -> int:
        """Return how many points lie inside."""
        x, y = points[:, 0], points[:, 1]
        inside = (x > self.left - spare) & (x < self.right + spare)
        return int(np.sum(inside & (y > self.low - spare) & (y < self.high + spare)))


def in_points(
    axes: Axes, x: FloatArray | Sequence[float], y: FloatArray | Sequence[float]
) -> FloatArray:
    """Return data places of shape (n, 2) in points on the page."""
    places = axes.transData.transform(np.column_stack([x, y]))
    return np.asarray(places * 72 / axes.figure.dpi, dtype=np.float64)


def _in_data(axes: Axes, place: FloatArray) -> tuple[float, float]:
    """Return the data place of a point on the page."""
    x, y = axes.transData.inverted().transform(place * axes.figure.dpi / 72)
    return float(x), float(y)


def along_line(
    axes: Axes, x: FloatArray | Sequence[float], y: FloatArray | Sequence[float]
) -> FloatArray:
    """Return points every 2 pt along a line, so that a label can be kept off it."""
    corners = in_points(axes, x, y)
    corners = corners[~np.isnan(corners).any(axis=1)]  # a gap in the line is bridged
    if not len(corners):
        return corners
    steps = np.hypot(*np.diff(corners, axis=0).T)
    reached = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.arange(0.0, reached[-1] + _SAMPLE_PT, _SAMPLE_PT)
    return np.column_stack([np.interp(wanted, reached, corners[:, axis]) for axis in (0, 1)])


def _candidates(place: FloatArray, width: float, height: float) -> list[_Box]:
    """Return the boxes a label may take around its point."""
    boxes = []
    for gap, (right, up) in product(_GAPS_PT, _DIRECTIONS):
        middle_x = place[0] + right * (gap + width / 2)
        middle_y = place[1] + up * (gap * (0.75 if right else 1.0) + height / 2)
        boxes.append(
            _Box(
                left=middle_x - width / 2,
                right=middle_x + width / 2,
                low=middle_y - height / 2,
                high=middle_y + height / 2,
                direction=(right, up),
                gap=gap,
            )
        )
    return boxes


def _frame(axes: Axes) -> _Box:
    """Return the axes' own box in points."""
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    corners = in_points(axes, [left, right], [low, high])
    (left, low), (right, high) = corners.min(axis=0), corners.max(axis=0)
    return _Box(left=left, low=low, right=right, high=high, direction=(0, 0), gap=0.0)


def _outside(box: _Box, frame: _Box) -> bool:
    """Whether a label would leave the axes."""
    across = box.left < frame.left - 2 or box.right > frame.right + 2
    return across or box.low < frame.low - 2 or box.high > frame.high + 2


def _costs(
    boxes: Sequence[_Box],
    others: Sequence[_Box],
    markers: FloatArray,
    lines: FloatArray,
    frame: _Box,
) -> list[float]:
    """Return how bad each place is."""
    return [
        _OVER_LABEL * any(box.overlap(other) > 0 for other in others)
        + _OVER_MARKER * box.holds(markers, _MARKER_PT)
        + _OVER_LINE * box.holds(lines)
        + _OUTSIDE * _outside(box, frame)
        + _FARTHER * (box.gap - _GAPS_PT[0])
        + _LATER * place
        for place, box in enumerate(boxes)
    ]


def _arrange(
    candidates: Sequence[Sequence[_Box]], markers: FloatArray, lines: FloatArray, frame: _Box
) -> list[_Box]:
    """Choose one box a label, each time the best beside those of the others."""
    chosen: list[_Box | None] = [None] * len(candidates)
    for _, place in product(range(_SWEEPS), range(len(candidates))):
        others = [box for other, box in enumerate(chosen) if box is not None and other != place]
        costs = _costs(candidates[place], others, markers, lines, frame)
        chosen[place] = candidates[place][int(np.argmin(costs))]
    return [box for box in chosen if box is not None]


def label_points(
    axes: Axes,
    x: FloatArray | Sequence[float],
    y: FloatArray | Sequence[float],
    labels: Sequence[str],
    *,
    roles: Sequence[str],
    lines: Sequence[FloatArray] = (),
    strong: Sequence[str] = ("ai", "cancertext"),
) -> None:
    """Name points directly beside them, off other points, labels and lines.

    Parameters
    ----------
    axes : Axes
        With its limits set already.
    x, y : array_like, shape (n_points,)
        Places in data units; every one is kept free, also where its label is empty.
    labels, roles : sequence of str
        Text and colour role of each.
    lines : sequence of arrays
        From ``along_line``, to be kept free where possible.
    strong : sequence of str
        Roles whose labels are set semibold.
    """
    markers = in_points(axes, x, y)
    named = [place for place, label in enumerate(labels) if label]
    candidates = [
        _candidates(
            markers[place],
            text_width(labels[place], _SIZE, 600 if roles[place] in strong else 400) * 72,
            _SIZE * _CAP_HEIGHT,
        )
        for place in named
    ]
    obstacles = np.concatenate([*lines, np.empty((0, 2))])
    boxes = _arrange(candidates, markers, obstacles, _frame(axes))
    for place, box in zip(named, boxes, strict=True):
        weight: Weight = 600 if roles[place] in strong else 400
        _write_label(axes, markers[place], box, (labels[place], roles[place], weight))


def _write_label(axes: Axes, marker: FloatArray, box: _Box, text: tuple[str, str, Weight]) -> None:
    """Write one label, with a thin line to its point where it stands apart."""
    label, role, weight = text
    right = box.direction[0]
    x = {1: box.left, 0: (box.left + box.right) / 2, -1: box.right}[right]
    offset = (x - marker[0], box.low - marker[1])
    place = _in_data(axes, marker)
    if box.gap > _GAPS_PT[1]:
        end = (offset[0], offset[1] + (0 if box.direction[1] > 0 else _SIZE * _CAP_HEIGHT))
        axes.annotate(
            "",
            xy=place,
            xytext=end,
            textcoords="offset points",
            arrowprops={"arrowstyle": "-", "linewidth": 0.6, "color": color("axis")},
        )
    halo(
        axes.annotate(
            label,
            xy=place,
            xytext=offset,
            textcoords="offset points",
            color=color(role),
            fontsize=_SIZE,
            fontweight=weight,
            ha={1: "left", 0: "center", -1: "right"}[right],
            va="baseline",
        )
    )


def free_place(
    axes: Axes,
    size_pt: tuple[float, float],
    near: tuple[float, float],
    obstacles: Sequence[FloatArray],
) -> tuple[float, float]:
    """Return the data place of the lower left corner of a free box nearest to a place.

    Parameters
    ----------
    axes : Axes
        With its limits set already.
    size_pt : (float, float)
        Width and height of the box in points.
    near : (float, float)
        Data place at which the box would stand best.
    obstacles : sequence of arrays, shape (n, 2)
        Points on the page that the box must not hold, from ``along_line`` or ``box_points``.
    """
    frame, target = _frame(axes), in_points(axes, [near[0]], [near[1]])[0]
    taken = np.concatenate([*obstacles, np.empty((0, 2))])
    width, height = size_pt
    across = np.arange(frame.left, max(frame.right - width, frame.left) + 1, 4.0)
    upward = np.arange(frame.low + 2, max(frame.high - height, frame.low + 2) + 1, 4.0)
    best, best_cost = (frame.left, frame.low), np.inf
    for left, low in product(across, upward):
        box = _Box(
            left=left, low=low, right=left + width, high=low + height, direction=(0, 0), gap=0.0
        )
        middle = np.array([left + width / 2, low + height / 2])
        cost = 1000.0 * box.holds(taken, 4.0) + float(np.hypot(*(middle - target)))
        if cost < best_cost:
            best, best_cost = (left, low), cost
    return _in_data(axes, np.array(best))


def box_points(axes: Axes, corner: tuple[float, float], size_pt: tuple[float, float]) -> FloatArray:
    """Return points that fill a label's box, so that the next label keeps off it."""
    start = in_points(axes, [corner[0]], [corner[1]])[0]
    steps = [np.arange(0.0, extent + _SAMPLE_PT, _SAMPLE_PT) for extent in size_pt]
    grid = np.stack(np.meshgrid(*steps), axis=-1).reshape(-1, 2)
    return np.asarray(grid + start, dtype=np.float64)


def label_curve(
    axes: Axes, text: str, role: str, near: tuple[float, float], taken: list[FloatArray]
) -> None:
    """Write the name of a curve near a place where nothing else stands, and take the place.

    Parameters
    ----------
    axes : Axes
        With its limits set already.
    text, role : str
        One or two lines, the first semibold, and their colour role.
    near : (float, float)
        Data place at which the name would stand best.
    taken : list of arrays
        What it keeps off, from ``along_line`` and ``box_points``; its own place is added.
    """
    first, *rest = text.split("\n")
    lines = [(first, LABEL, 600), *((line, BODY, 400) for line in rest)]
    width = max(text_width(line, size, 600) for line, size, _ in lines) * 72
    size_pt = (width, len(lines) * BODY * _LINE_HEIGHT + 2)
    corner = free_place(axes, size_pt, near, taken)
    taken.append(box_points(axes, corner, size_pt))
    write_lines(axes, corner, lines, role=role, low=2, step=BODY * _LINE_HEIGHT)


def write_lines(
    axes: Axes,
    corner: tuple[float, float],
    lines: Sequence[tuple[str, float, int]],
    *,
    role: str,
    low: float,
    step: float,
) -> None:
    """Write lines, each with size and weight, the last ``low`` points above a data place."""
    for place, (line, size, weight) in enumerate(reversed(lines)):
        halo(
            axes.annotate(
                line,
                xy=corner,
                xytext=(0, low + place * step),
                textcoords="offset points",
                color=color(role),
                fontsize=size,
                fontweight=weight,
            )
        )


def spread_apart(places: Sequence[float]) -> list[float]:
    """Return heights in points at which labels at one side do not meet.

    Labels that would meet are stacked around the middle of their places, in the same order.

    Examples
    --------
    >>> spread_apart([0.0, 1.0, 100.0])
    [-5.0, 6.0, 100.0]
    """
    order = sorted(range(len(places)), key=lambda item: places[item])
    groups: list[list[int]] = []
    for item in order:
        groups.append([item])
        while len(groups) > 1 and _top(groups[-2], places) > _bottom(groups[-1], places):
            last = groups.pop()
            groups[-1] += last
    spread = list(places)
    for group in groups:
        for step, item in enumerate(group):
            spread[item] = _bottom(group, places) + (step + 0.5) * _STACK_PT
    return spread


def _bottom(group: Sequence[int], places: Sequence[float]) -> float:
    """Return the lower end of a group of labels stacked around the mean of their places."""
    middle = sum(places[item] for item in group) / len(group)
    return middle - len(group) * _STACK_PT / 2


def _top(group: Sequence[int], places: Sequence[float]) -> float:
    """Return the upper end of a group of labels."""
    return _bottom(group, places) + len(group) * _STACK_PT
