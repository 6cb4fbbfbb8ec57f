"""Points, polygons and circles on an image, in pixels from its left and its top edge."""

from __future__ import annotations

import math
import re

import numpy as np

from toolkit.arrays import BoolArray, FloatArray


def polygon_of(text: str) -> FloatArray | None:
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


def _signed_area(corners: FloatArray) -> float:
    """Return the area, positive where x turns towards y."""
    after = np.roll(corners, -1, axis=0)
    return float((corners[:, 0] * after[:, 1] - after[:, 0] * corners[:, 1]).sum()) / 2


def area(corners: FloatArray) -> float:
    """Return the area of a polygon.

    Examples
    --------
    >>> area(np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 3.0]]))
    6.0
    """
    return abs(_signed_area(corners))


def centroid(corners: FloatArray) -> tuple[float, float]:
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


def inside(x: FloatArray, y: FloatArray, corners: FloatArray) -> BoolArray:
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


def is_convex(corners: FloatArray) -> bool:
    """Whether a polygon turns the same way at all corners."""
    sides = np.roll(corners, -1, axis=0) - corners
    after = np.roll(sides, -1, axis=0)
    turns = sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0]
    return bool((turns >= 0).all() or (turns <= 0).all())


def overlap_area(corners: FloatArray, convex: FloatArray) -> float:
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


def _left_of(corners: FloatArray, start: FloatArray, end: FloatArray) -> FloatArray:
    """Return the part of a polygon on the left of a line, edge included."""
    side = (end[0] - start[0]) * (corners[:, 1] - start[1])
    side = side - (end[1] - start[1]) * (corners[:, 0] - start[0])
    before, side_before = np.roll(corners, 1, axis=0), np.roll(side, 1)
    crosses = (side >= 0) != (side_before >= 0)
    share = np.divide(side_before, side_before - side, out=np.zeros_like(side), where=crosses)
    meets = before + share[:, np.newaxis] * (corners - before)
    # Each corner may be preceded by the point at which its side meets the line.
    points = np.stack([meets, corners], axis=1)
    kept: FloatArray = points[np.column_stack([crosses, side >= 0])]
    return kept


def circle_overlap_area(x: float, y: float, radius: float, corners: FloatArray) -> float:
    """Return the area that a circle shares with a polygon of any shape, exactly.

    From the centre, each side of the polygon sweeps a triangle where it lies inside the circle and
    a sector where it lies outside; their signed areas add up to what is shared.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0]])
    >>> circle_overlap_area(0.0, 0.0, 1.0, square) * 4 == math.pi
    True
    """
    start = corners - (x, y)
    step = np.roll(start, -1, axis=0) - start
    along = (start * step).sum(axis=1)
    length = (step**2).sum(axis=1)
    root = along**2 - length * ((start**2).sum(axis=1) - radius**2)
    # Where the side, drawn on without end, enters the circle and leaves it.
    reaches = (root > 0) & (length > 0)
    half = np.sqrt(np.where(reaches, root, 0.0))
    safe = np.where(length > 0, length, 1.0)
    enters = np.where(reaches, (-along - half) / safe, 1.0)
    leaves = np.where(reaches, (-along + half) / safe, 1.0)
    passes = (enters < 1) & (leaves > 0)
    first = np.where(passes, np.clip(enters, 0, 1), 1.0)[:, np.newaxis]
    last = np.where(passes, np.clip(leaves, 0, 1), 1.0)[:, np.newaxis]
    entry, exit_ = start + first * step, start + last * step
    sectors = _turn(start, entry) + _turn(exit_, start + step)
    triangles = entry[:, 0] * exit_[:, 1] - entry[:, 1] * exit_[:, 0]
    return abs(float((radius**2 * sectors + triangles).sum())) / 2


def _turn(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the signed angle from each of the first vectors to that of the second."""
    cross = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    return np.asarray(np.arctan2(cross, (first * second).sum(axis=1)))


def circles_overlap(distance: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
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
