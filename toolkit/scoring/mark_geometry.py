"""Points, polygons and circles on an image, in pixels from its left and its top edge."""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

_CORNERS = 180  # of the polygon that stands for a circle, of the same area


def polygon_of(text: str) -> Floats | None:
    """Return the corners (n_corners, 2) of an outline given as x,y pairs; None if it is none.

    Numbers are separated by commas, semicolons or blanks; a last corner equal to the first is
    dropped.

    Examples
    --------
    >>> polygon_of("0,0 4,0 4,3").tolist()
    [[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]]
    """
    try:
        numbers = [float(part) for part in re.split(r"[,;\s]+", text.strip())]
    except ValueError:
        return None
    if len(numbers) % 2 or not all(math.isfinite(number) for number in numbers):
        return None
    corners = np.array(numbers).reshape(-1, 2)
    if len(corners) > 1 and (corners[0] == corners[-1]).all():
        corners = corners[:-1]
    return corners if len(corners) > 2 and area(corners) > 0 else None


def circle(x: float, y: float, radius: float) -> Floats:
    """Return a polygon of the same area and centre as a circle."""
    angle = 2 * math.pi * np.arange(_CORNERS) / _CORNERS
    # n r'^2 sin(2 pi / n) / 2 = pi r^2
    reach = radius * math.sqrt(2 * math.pi / (_CORNERS * math.sin(2 * math.pi / _CORNERS)))
    return np.column_stack([x + reach * np.cos(angle), y + reach * np.sin(angle)])


def _signed_area(corners: Floats) -> float:
    """Return the area, positive where x turns towards y."""
    after = np.roll(corners, -1, axis=0)
    return float((corners[:, 0] * after[:, 1] - after[:, 0] * corners[:, 1]).sum()) / 2


def area(corners: Floats) -> float:
    """Return the area of a polygon.

    Examples
    --------
    >>> area(np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]]))
    6.0
    """
    return abs(_signed_area(corners))


def centroid(corners: Floats) -> tuple[float, float]:
    """Return the centre of gravity of a polygon.

    Examples
    --------
    >>> centroid(np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 3.0]]))
    (1.0, 1.0)
    """
    after = np.roll(corners, -1, axis=0)
    cross = corners[:, 0] * after[:, 1] - after[:, 0] * corners[:, 1]
    x, y = ((corners + after) * cross[:, np.newaxis]).sum(axis=0) / (3 * cross.sum())
    return float(x), float(y)


def inside(x: Floats, y: Floats, corners: Floats) -> Booleans:
    """Return which points lie in a polygon or on its edge.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    >>> inside(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0]), square).tolist()
    [True, True, False]
    """
    found = np.zeros(x.shape, dtype=bool)
    on_edge = np.zeros(x.shape, dtype=bool)
    for (x0, y0), (x1, y1) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        cross = (x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)
        between = (np.minimum(x0, x1) <= x) & (x <= np.maximum(x0, x1))
        between &= (np.minimum(y0, y1) <= y) & (y <= np.maximum(y0, y1))
        on_edge |= (cross == 0) & between
        # A ray to the right crosses this side where the point lies left of it.
        upward = (y0 <= y) & (y < y1) & (cross > 0)
        downward = (y1 <= y) & (y < y0) & (cross < 0)
        found ^= upward | downward
    return found | on_edge


def is_convex(corners: Floats) -> bool:
    """Whether a polygon turns the same way at all corners."""
    sides = np.roll(corners, -1, axis=0) - corners
    after = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]
    return bool((turns >= 0).all() or (turns <= 0).all())


def overlap_area(corners: Floats, convex: Floats) -> float:
    """Return the area that a polygon shares with a convex one, by Sutherland and Hodgman's method.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]])
    >>> overlap_area(square, square + 1)
    1.0
    """
    if _signed_area(convex) < 0:
        convex = convex[::-1]
    kept = corners
    for start, end in zip(convex, np.roll(convex, -1, axis=0), strict=True):
        kept = _left_of(kept, start, end)
        if len(kept) < 3:
            return 0.0
    return area(kept)


def _left_of(corners: Floats, start: Floats, end: Floats) -> Floats:
    """Return the part of a polygon on the left of a line, edge included."""
    side = (end[0] - start[0]) * (corners[:, 1] - start[1])
    side = side - (end[1] - start[1]) * (corners[:, 0] - start[0])
    before, side_before = np.roll(corners, 1, axis=0), np.roll(side, 1)
    crosses = (side >= 0) != (side_before >= 0)
    share = np.divide(side_before, side_before - side, out=np.zeros_like(side), where=crosses)
    meets = before + share[:, np.newaxis] * (corners - before)
    # Each corner may be preceded by the point at which its side meets the line.
    points = np.stack([meets, corners], axis=1)
    kept: Floats = points[np.column_stack([crosses, side >= 0])]
    return kept


def circles_overlap(distance: Floats, first: Floats, second: Floats) -> Floats:
    """Return the area that two circles share, from the distance of their centres and their radii.

    Examples
    --------
    >>> one = np.array([1.0, 1.0, 1.0])
    >>> circles_overlap(np.array([0.0, 1.0, 2.0]), one, one).round(4).tolist()
    [3.1416, 1.2284, 0.0]
    """
    small, large = np.minimum(first, second), np.maximum(first, second)
    apart, within = distance >= first + second, distance <= large - small
    d = np.where(apart | within, large, distance)  # any distance at which the lens is defined
    d = np.where(d > 0, d, 1.0)
    to_small = np.clip((d**2 + small**2 - large**2) / (2 * d * small), -1.0, 1.0)
    to_large = np.clip((d**2 + large**2 - small**2) / (2 * d * large), -1.0, 1.0)
    sides = (small + large - d) * (d + small - large) * (d - small + large) * (d + small + large)
    lens = small**2 * np.arccos(to_small) + large**2 * np.arccos(to_large)
    lens = lens - np.sqrt(np.clip(sides, 0.0, None)) / 2
    return np.where(apart, 0.0, np.where(within, math.pi * small**2, lens))
