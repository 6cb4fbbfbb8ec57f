"""When a mark hits a lesion: the rule is a choice, and stands beside every number it makes.

There is no default. All rules take distances and outlines on the image that was marked, in pixels
from its left and top edge; a lesion without a place on that image cannot be hit there.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.scoring.ratings import ScoringError

# Of a distance against a radius, so that the rounding of mm to pixels decides nothing.
_ROUNDING = 1e-9


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


@dataclass(frozen=True, kw_only=True, eq=False)
class Places:
    """Places of lesions or of marks on images, each of shape (n_places,).

    ``outline`` holds corners (n_corners, 2) or None; ``radius_px`` is NaN where it is not known;
    ``row`` is the row in the table of lesions or of marks, from 1.
    """

    x: FloatArray
    y: FloatArray
    radius_px: FloatArray
    outline: tuple[FloatArray | None, ...]
    row: IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Pairs:
    """Every mark with every lesion on its image, each of shape (n_pairs,).

    ``mark`` and ``lesion`` are places in the arrays above; ``spacing_mm`` is that of the image, NaN
    where it is not known.
    """

    mark: IntArray
    lesion: IntArray
    distance_px: FloatArray
    spacing_mm: FloatArray


class HitRule(Protocol):
    """A rule; ``text`` is printed with every result."""

    @property
    def text(self) -> str:
        """Return the rule in words."""

    def hits(self, pairs: Pairs, marks: Places, lesions: Places) -> BoolArray:
        """Return which pairs are hits, (n_pairs,)."""


@dataclass(frozen=True, kw_only=True)
class InsideOutline:
    """A mark hits a lesion whose outline it lies in, or on.

    Every lesion needs an outline.
    """

    @property
    def text(self) -> str:
        """Return the rule in words."""
        return "inside the outline of the lesion"

    def hits(self, pairs: Pairs, marks: Places, lesions: Places) -> BoolArray:
        """Return which pairs are hits; see ``HitRule``."""
        shapes = zip(lesions.row, lesions.outline, strict=True)
        lacking = [int(row) for row, shape in shapes if shape is None]
        if lacking:
            msg = (
                f"the rule '{self.text}' needs an outline of each lesion, but row {lacking[0]} of "
                f"lesions has none ({len(lacking)} rows); give the outline, or take WithinRadius"
            )
            raise ScoringError(msg)
        found = np.zeros(pairs.mark.size, dtype=bool)
        order = np.argsort(pairs.lesion, kind="stable")
        chosen, starts = np.unique(pairs.lesion[order], return_index=True)
        ends = np.append(starts, order.size)[1:]
        for lesion, start, end in zip(chosen, starts, ends, strict=True):
            shape, rows = lesions.outline[lesion], order[start:end]
            if shape is not None:
                at = pairs.mark[rows]
                found[rows] = inside(marks.x[at], marks.y[at], shape)
        return found


@dataclass(frozen=True, kw_only=True)
class WithinRadius:
    """A mark hits a lesion whose centre is no farther than a radius, in mm or in pixels.

    Millimetres need the pixel spacing of every image with a mark and a lesion.
    """

    radius_mm: float | None = None
    radius_px: float | None = None

    def __post_init__(self) -> None:
        """Refuse none, both, or a radius that is none."""
        given = [value for value in (self.radius_mm, self.radius_px) if value is not None]
        if len(given) != 1 or not 0 < given[0] < math.inf:
            msg = (
                "WithinRadius needs either radius_mm or radius_px, a finite number above 0, but "
                f"got radius_mm={self.radius_mm!r}, radius_px={self.radius_px!r}"
            )
            raise ScoringError(msg)

    @property
    def text(self) -> str:
        """Return the rule in words."""
        if self.radius_mm is not None:
            return f"within {self.radius_mm:g} mm of the centre of the lesion"
        return f"within {self.radius_px:g} pixels of the centre of the lesion"

    def hits(self, pairs: Pairs, marks: Places, lesions: Places) -> BoolArray:  # noqa: ARG002 - one form for all rules
        """Return which pairs are hits; see ``HitRule``."""
        if self.radius_mm is None:
            reach = np.full(pairs.mark.size, self.radius_px)
        else:
            reach = self.radius_mm / _spacing(pairs, marks, self.text)
        return np.asarray(pairs.distance_px <= reach * (1 + _ROUNDING))


def _spacing(pairs: Pairs, marks: Places, rule: str) -> FloatArray:
    """Return the spacing of each pair's image; refuse one that is not known."""
    unknown = ~(pairs.spacing_mm > 0)
    if unknown.any():
        row = int(marks.row[pairs.mark[np.argmax(unknown)]])
        msg = (
            f"the rule '{rule}' needs the pixel spacing, but the image of row {row} of marks has "
            f"none ({np.unique(pairs.mark[unknown]).size} marks); give pixel_spacing_mm, or take "
            "a rule in pixels"
        )
        raise ScoringError(msg)
    return pairs.spacing_mm


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """A mark's region hits a lesion that it overlaps enough: intersection over union.

    Regions are outlines, else circles of ``radius_px``. A mark without either is a circle of
    ``mark_radius_mm`` or ``mark_radius_px``. A mark's outline must be convex, as a box is.

    Parameters
    ----------
    least : float
        Least area shared, as a share of the area that both cover; above 0, at most 1.
    mark_radius_mm, mark_radius_px : float, optional
        Region of marks that are points.
    """

    least: float
    mark_radius_mm: float | None = None
    mark_radius_px: float | None = None

    def __post_init__(self) -> None:
        """Refuse a share that is none, and two radii."""
        if not 0 < self.least <= 1:
            msg = f"least must be above 0 and at most 1, but got {self.least!r}"
            raise ScoringError(msg)
        if self.mark_radius_mm is not None and self.mark_radius_px is not None:
            msg = "Overlap takes mark_radius_mm or mark_radius_px, but got both"
            raise ScoringError(msg)

    @property
    def text(self) -> str:
        """Return the rule in words."""
        marks = ""
        if self.mark_radius_mm is not None:
            marks = f"; marks are circles of radius {self.mark_radius_mm:g} mm"
        elif self.mark_radius_px is not None:
            marks = f"; marks are circles of radius {self.mark_radius_px:g} pixels"
        return f"overlap with the lesion of at least {self.least:g} (shared over joint area){marks}"

    def hits(self, pairs: Pairs, marks: Places, lesions: Places) -> BoolArray:
        """Return which pairs are hits; see ``HitRule``."""
        radius, lesion_radius = self._mark_radius(pairs, marks), lesions.radius_px[pairs.lesion]
        drawn_mark, drawn_lesion = (
            np.array([outline is not None for outline in places.outline], dtype=bool)[index]
            for places, index in ((marks, pairs.mark), (lesions, pairs.lesion))
        )
        _require_region(drawn_mark | (radius > 0), marks.row[pairs.mark], "marks", self.text)
        _require_region(
            drawn_lesion | (lesion_radius > 0), lesions.row[pairs.lesion], "lesions", self.text
        )
        shared = circles_overlap(pairs.distance_px, radius, lesion_radius)
        joint = math.pi * (radius**2 + lesion_radius**2) - shared
        for place in np.flatnonzero(drawn_mark | drawn_lesion):
            mark, lesion = int(pairs.mark[place]), int(pairs.lesion[place])
            own = _Region.of(marks, mark, float(radius[place]))
            region = _Region.of(lesions, lesion, float(lesion_radius[place]))
            if own.outline is not None and region.outline is not None:
                _require_convex(own.outline, int(marks.row[mark]))
            shared[place] = own.shared_with(region)
            joint[place] = own.area + region.area - shared[place]
        return np.asarray(shared >= self.least * joint * (1 - _ROUNDING))

    def _mark_radius(self, pairs: Pairs, marks: Places) -> FloatArray:
        """Return the radius of each pair's mark in pixels, NaN where it has none."""
        radius = marks.radius_px[pairs.mark]
        if self.mark_radius_px is not None:
            return np.where(np.isnan(radius), self.mark_radius_px, radius)
        if self.mark_radius_mm is not None:
            given = self.mark_radius_mm / _spacing(pairs, marks, self.text)
            return np.where(np.isnan(radius), given, radius)
        return radius


def _require_region(has: BoolArray, row: IntArray, table: str, rule: str) -> None:
    """Refuse a mark or a lesion with neither outline nor radius."""
    if not has.all():
        msg = (
            f"the rule '{rule}' needs an outline or a radius, but row "
            f"{int(row[np.argmin(has)])} of {table} has neither"
        )
        raise ScoringError(msg)


def _require_convex(outline: FloatArray, row: int) -> None:
    """Refuse a mark's outline that turns both ways, of which two outlines cannot be cut."""
    if not is_convex(outline):
        msg = f"the outline of marks row {row} must be convex; give a box"
        raise ScoringError(msg)


@dataclass(frozen=True, eq=False)
class _Region:
    """An outline, or the circle of a radius around a centre."""

    x: float
    y: float
    radius: float
    outline: FloatArray | None

    @classmethod
    def of(cls, places: Places, place: int, radius: float) -> _Region:
        """Return the region of a mark or lesion."""
        return cls(float(places.x[place]), float(places.y[place]), radius, places.outline[place])

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return math.pi * self.radius**2 if self.outline is None else area(self.outline)

    def shared_with(self, other: _Region) -> float:
        """Return the area shared with another region."""
        if self.outline is not None and other.outline is not None:
            apart = self.outline.max(axis=0) < other.outline.min(axis=0)
            apart |= other.outline.max(axis=0) < self.outline.min(axis=0)
            return 0.0 if apart.any() else overlap_area(other.outline, self.outline)
        if self.outline is not None:
            return _shared_with_circle(other, self.outline)
        if other.outline is not None:
            return _shared_with_circle(self, other.outline)
        distance = math.hypot(self.x - other.x, self.y - other.y)
        each = (np.array([value]) for value in (distance, self.radius, other.radius))
        return float(circles_overlap(*each)[0])


def _shared_with_circle(circle: _Region, outline: FloatArray) -> float:
    """Return the area that an outline shares with a circle; 0 where their boxes do not meet."""
    low, high = outline.min(axis=0), outline.max(axis=0)
    centre = np.array([circle.x, circle.y])
    if (centre + circle.radius < low).any() or (high < centre - circle.radius).any():
        return 0.0
    return circle_overlap_area(circle.x, circle.y, circle.radius, outline)


@dataclass(frozen=True, kw_only=True)
class AsRecorded:
    """Marks are LL or NL as the source says, in ``mark_type`` and ``lesion_id``, not by place."""

    @property
    def text(self) -> str:
        """Return the rule in words."""
        return "as recorded in the source, whose rule is not known here"
