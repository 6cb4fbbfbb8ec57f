"""Spatial coordinates of a structured report -> place on the image that they were taken from.

The origin is the top left corner of the top left pixel, so the centre of that pixel is 0.5, 0.5
and the bottom right corner of the image is columns, rows (PS3.3 section C.18.6): pixels from the
left and the top edge, as the tables have them, and nothing is added or taken away. Coordinates of
a presentation state differ: there the first pixel is 1, 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from toolkit.readers.dicom.sr_codes import CENTER
from toolkit.readers.dicom.sr_numbers import Items
from toolkit.readers.dicom.sr_tree import Item, Tree

_CORNERS: Final = 48  # of the polygon that stands for an ellipse, of the same area
_POINTS: Final = {"POINT": 1, "CIRCLE": 2, "ELLIPSE": 4}
Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a finding is.

    Parameters
    ----------
    image_uid : str
        Image; empty where none is named.
    frame : int or None
        Frame, from 1.
    centre : (x, y) or None
        Pixels from the left and the top edge.
    radius_px : float or None
        Of a circle.
    outline : str
        ``x,y`` pairs of any other closed shape.
    """

    image_uid: str = ""
    frame: int | None = None
    centre: Point | None = None
    radius_px: float | None = None
    outline: str = ""


class NoPlaceError(ValueError):
    """Coordinates that give no place; the message says why."""


def shape_of(item: Item) -> Place:
    """Return the place of one SCOORD item, without its image.

    Raises
    ------
    NoPlaceError
        If its graphic type is not read, its points are not what the type needs, or it is an open
        line, which encloses nothing.
    """
    graphic = str(item.values.get("GraphicType") or "").strip()
    points = _points(item)
    if graphic in _POINTS and len(points) != _POINTS[graphic]:
        msg = f"a {graphic} needs {_POINTS[graphic]} points"
        raise NoPlaceError(msg)
    if graphic == "POINT":
        return Place(centre=points[0])
    if graphic == "CIRCLE":
        return Place(centre=points[0], radius_px=_positive(math.dist(*points)))
    if graphic == "ELLIPSE":
        return _ellipse(points)
    if graphic == "POLYLINE":
        return _polygon(points)
    msg = f"the graphic type {graphic or 'that is not given'} is not read"
    raise NoPlaceError(msg)


def _points(item: Item) -> list[Point]:
    """Return the points of the graphic data."""
    data = item.values.get("GraphicData") or ()
    if len(data) % 2 or not data or not all(math.isfinite(value) for value in data):
        msg = "the graphic data are no points"
        raise NoPlaceError(msg)
    return list(zip(data[::2], data[1::2], strict=True))


def _positive(radius: float) -> float:
    """Return a radius; a shape without any encloses nothing."""
    if not 0 < radius < math.inf:
        msg = "the shape has no extent"
        raise NoPlaceError(msg)
    return radius


def _ellipse(points: Sequence[Point]) -> Place:
    """Return an ellipse of the end points of its two axes, the major one first."""
    start, end, third, fourth = points
    middle = _middle(start, end)
    if math.dist(middle, _middle(third, fourth)) > 1:
        msg = "the axes of the ellipse do not meet in their middle"
        raise NoPlaceError(msg)
    along = ((end[0] - start[0]) / 2, (end[1] - start[1]) / 2)
    across = ((fourth[0] - third[0]) / 2, (fourth[1] - third[1]) / 2)
    _positive(math.hypot(*along) * math.hypot(*across))
    # n r'^2 sin(2 pi / n) / 2 = pi r^2: the polygon has the area of the ellipse.
    reach = math.sqrt(2 * math.pi / (_CORNERS * math.sin(2 * math.pi / _CORNERS)))
    angles = [2 * math.pi * corner / _CORNERS for corner in range(_CORNERS)]
    corners = [
        (
            middle[0] + reach * (math.cos(a) * along[0] + math.sin(a) * across[0]),
            middle[1] + reach * (math.cos(a) * along[1] + math.sin(a) * across[1]),
        )
        for a in angles
    ]
    return Place(centre=middle, outline=_pairs(corners))


def _middle(a: Point, b: Point) -> Point:
    """Return the point half way."""
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _polygon(points: Sequence[Point]) -> Place:
    """Return a closed polyline; its centre is its centre of gravity."""
    if len(points) < 4 or points[0] != points[-1]:
        msg = "the line is open, so it encloses nothing"
        raise NoPlaceError(msg)
    corners = points[:-1]
    x0, y0 = corners[0]  # taken off so that nothing is lost far from the corner of the image
    moved = [(x - x0, y - y0) for x, y in points]
    cross = [a[0] * b[1] - b[0] * a[1] for a, b in pairwise(moved)]
    _positive(abs(sum(cross)))
    sums = [
        sum((a[axis] + b[axis]) * c for (a, b), c in zip(pairwise(moved), cross, strict=True))
        for axis in (0, 1)
    ]
    centre = (x0 + sums[0] / (3 * sum(cross)), y0 + sums[1] / (3 * sum(cross)))
    return Place(centre=centre, outline=_pairs(corners))


def _pairs(corners: Sequence[Point]) -> str:
    """Return corners as ``x,y`` pairs."""
    return " ".join(f"{x:.6g},{y:.6g}" for x, y in corners)


def image_of(tree: Tree, item: Item) -> tuple[str, int | None]:
    """Return UID and frame of the image that coordinates were selected from.

    Parameters
    ----------
    tree : Tree
        The report.
    item : Item
        A SCOORD item.

    Raises
    ------
    NoPlaceError
        If it names no image, several, or several frames.
    """
    found = {
        _reference(target)
        for relationship, target in tree.children(item)
        if relationship == "SELECTED FROM" and target.value_type == "IMAGE"
    }
    named = [one for one in found if one[0]]
    if len(named) != 1:
        msg = "no image is named" if not named else "several images are named"
        raise NoPlaceError(msg)
    return named[0]


def _reference(item: Item) -> tuple[str, int | None]:
    """Return UID and frame of an IMAGE item."""
    references: Items = item.values.get("ReferencedSOPSequence") or ({},)
    uid = str(references[0].get("ReferencedSOPInstanceUID") or "").strip()
    frame = references[0].get("ReferencedFrameNumber")
    if isinstance(frame, tuple):
        msg = "several frames are named"
        raise NoPlaceError(msg)
    return uid, frame if isinstance(frame, int) and frame > 0 else None


def place_of(tree: Tree, items: Sequence[Item]) -> tuple[Place, list[tuple[Item, str]]]:
    """Return the place of a finding from its coordinates, and what was wrong with them.

    Parameters
    ----------
    tree : Tree
        The report.
    items : sequence of Item
        SCOORD items of one finding: its centre, its outline, or both.

    Notes
    -----
    A centre (111010) gives the centre, the first outline the rest. Coordinates on another image
    than the first are not taken.
    """
    place, wrong = Place(), []
    for item in sorted(items, key=lambda one: one.concept != CENTER):
        try:
            uid, frame = image_of(tree, item)
            shape = shape_of(item)
        except NoPlaceError as error:
            wrong.append((item, str(error)))
            continue
        if place.image_uid and (uid, frame) != (place.image_uid, place.frame):
            wrong.append((item, "lies on another image than the rest of its finding"))
        elif place.centre is not None and (
            place.radius_px is not None or place.outline or item.concept == CENTER
        ):
            wrong.append((item, "is a second place of its finding"))
        else:
            place = Place(
                image_uid=uid,
                frame=frame,
                centre=place.centre or shape.centre,
                radius_px=shape.radius_px,
                outline=shape.outline,
            )
    return place, wrong
