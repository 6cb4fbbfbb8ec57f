"""Spatial coordinates of a structured report -> place on the image that they were taken from.

The origin is the top left corner of the top left pixel, so the centre of that pixel is 0.5, 0.5
and the bottom right corner of the image is columns, rows (PS3.3 section C.18.6): pixels from the
left and the top edge, as the tables have them, and nothing is added or taken away. Coordinates of
a presentation state differ: there the first pixel is 1, 1.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Final

from toolkit.readers.dicom.reports.tree import (
    ALGORITHM_MANUFACTURER,
    ALGORITHM_NAME,
    ALGORITHM_VERSION,
    CENTER,
    IMAGE_LATERALITY,
    NO_UNITS,
    ORIGINAL_SOURCE,
    PERCENT,
    SIDES,
    Code,
    Item,
    NotMapped,
    ProductFrom,
    Tree,
    Written,
    ancestors,
    words,
)
from toolkit.readers.dicom.scan.header import Header

# A decimal string of the standard, and its decimal comma.
_NUMBER: Final = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]{1,3})?")

Items = tuple[Mapping[str, Any], ...]


class UnreadableError(ValueError):
    """A written number that stands for no value; the message says why."""


def number_of(raw: str) -> Decimal:
    """Return a written number; a comma is a decimal comma.

    Raises
    ------
    UnreadableError
        If it is empty or no number.

    Examples
    --------
    >>> number_of("87,5"), number_of(" 1.0e-04 ")
    (Decimal('87.5'), Decimal('0.00010'))
    """
    text = raw.strip()
    if not text:
        msg = "holds no value"
        raise UnreadableError(msg)
    if not _NUMBER.fullmatch(text):
        msg = "is not a number"
        raise UnreadableError(msg)
    return Decimal(text.replace(",", "."))


def percent_of(written: Written) -> float:
    """Return a share as percent, whether it is written in percent or as a number up to 1.

    Raises
    ------
    UnreadableError
        If it is no number, has another unit or none, or is no share.

    Examples
    --------
    >>> percent_of(Written(path="1", concept=("111047", "DCM"), raw="0.07", unit="1"))
    7.0
    """
    number = number_of(written.raw)
    if written.unit not in (PERCENT, NO_UNITS):
        msg = "has no unit that a share has, % or 1"
        raise UnreadableError(msg)
    percent = number if written.unit == PERCENT else number.scaleb(2)
    if not 0 <= percent <= 100:
        msg = f"is not from 0 to {100 if written.unit == PERCENT else 1}, as its unit says"
        raise UnreadableError(msg)
    return float(percent)


def written_number(item: Item, concept: Code, *, on_summary: bool = False) -> Written:
    """Return what a NUM item holds; without a measured value its text is empty.

    Parameters
    ----------
    item : Item
        The content item.
    concept : Code
        Its concept.
    on_summary : bool
        As of ``Written``.
    """
    measured: Items = item.values.get("MeasuredValueSequence") or ({},)
    raw = measured[0].get("NumericValue")
    units: Items = measured[0].get("MeasurementUnitsCodeSequence") or ({},)
    return Written(
        path=item.where,
        concept=concept,
        raw=raw if isinstance(raw, str) else "\\".join(map(str, raw or ())),
        unit=str(units[0].get("CodeValue") or "").strip(),
        on_summary=on_summary,
    )


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


_ALGORITHM: Final = (ALGORITHM_NAME, ALGORITHM_VERSION, ALGORITHM_MANUFACTURER)


@dataclass(frozen=True, kw_only=True)
class Maker:
    """The program that a report is from.

    Parameters
    ----------
    product, version, manufacturer : str
        Empty where the report does not say.
    product_from : {"algorithm", "header"}
        What says so.
    device : tuple of str
        Manufacturer, model and software versions of the header.
    not_mapped : tuple of NotMapped
        Algorithms of the content where they differ.
    """

    product: str
    version: str
    manufacturer: str
    product_from: ProductFrom
    device: tuple[str, str, str]
    not_mapped: tuple[NotMapped, ...] = ()


def maker_of(header: Header, tree: Tree) -> Maker:
    """Return the program: the algorithm that the content names, if it names one, else the header's.

    Parameters
    ----------
    header : Header
        Of the report.
    tree : Tree
        Its content.

    Notes
    -----
    A product may name an algorithm of its own for each kind of finding. Then the header's model and
    software versions name the product. Algorithms of findings copied from a prior do not count.
    """
    device = (
        header.text("Manufacturer"),
        header.text("ManufacturerModelName"),
        " ".join(header.texts("SoftwareVersions")),
    )
    named: dict[tuple[str, str, str], Item] = {}
    for item in tree.with_concept(ALGORITHM_NAME):
        if item.parent is None or is_from_prior(tree, item):
            continue
        parts = [_text_of(tree, item.parent, concept) for concept in _ALGORITHM]
        named.setdefault((parts[0], parts[1], parts[2]), item)
    if len({key[:2] for key in named}) == 1:
        product, version, manufacturer = next(iter(named))
        return Maker(
            product=product,
            version=version,
            manufacturer=manufacturer or device[0],
            product_from="algorithm",
            device=device,
        )
    reason = "one of several algorithms; the product is taken from the header"
    return Maker(
        product=device[1],
        version=device[2],
        manufacturer=device[0],
        product_from="header",
        device=device,
        not_mapped=tuple(not_mapped(item, reason) for item in named.values()),
    )


def _text_of(tree: Tree, parent: Item, concept: Code) -> str:
    """Return the text of a child; empty where there is none."""
    child = tree.child(parent, concept)
    return child.text() if child is not None else ""


def is_from_prior(tree: Tree, item: Item) -> bool:
    """Whether an item, or one that holds it, was copied from another report.

    Its observation context then names that report as the original source (111040).

    Parameters
    ----------
    tree : Tree
        The report.
    item : Item
        One of its items.
    """
    sources = (
        tree.child(holder, ORIGINAL_SOURCE)
        for holder in (item, *ancestors(item))
        if holder.parent is not None
    )
    return any(
        source is not None and source.relationship == "HAS OBS CONTEXT" for source in sources
    )


def not_mapped(item: Item, reason: str) -> NotMapped:
    """Return the entry of an item that no table holds.

    Parameters
    ----------
    item : Item
        The item.
    reason : str
        Why.
    """
    return NotMapped(path=item.where, concept=words(item.concept), reason=reason)


def bad_references(tree: Tree) -> list[NotMapped]:
    """Return the references that lead nowhere."""
    return [
        NotMapped(path=one.where, concept=one.relationship, reason=one.reason)
        for one in tree.bad_references
    ]


def bad_values(header: Header) -> list[NotMapped]:
    """Return the attributes whose value is not of their VR."""
    reason = "the value is not of its VR"
    return [NotMapped(path="", concept=keyword, reason=reason) for keyword in header.bad]


def written_at(header: Header) -> str:
    """Return content date and time as one text, which sorts in the order of time."""
    return header.text("ContentDate") + header.text("ContentTime").replace(":", "")


def library_sides(tree: Tree) -> tuple[tuple[str, str], ...]:
    """Return image and breast of each image of the library (TID 4020), as far as it says them."""
    sides = []
    for item in tree.with_concept(IMAGE_LATERALITY):
        side = SIDES.get(item.coded() or ("", ""))
        holder = item.parent
        if side and holder is not None and holder.value_type == "IMAGE":
            sides += [(uid, side) for uid in _uids(holder)]
    return tuple(sides)


def _uids(item: Item) -> list[str]:
    """Return the images that an item refers to."""
    references = item.values.get("ReferencedSOPSequence") or ()
    uids = (str(one.get("ReferencedSOPInstanceUID") or "").strip() for one in references)
    return [uid for uid in uids if uid]


def image_uids(tree: Tree) -> tuple[str, ...]:
    """Return the images that a report refers to, each once, in the order of the file."""
    images = (item for item in tree.items.values() if item.value_type == "IMAGE")
    return tuple(dict.fromkeys(uid for item in images for uid in _uids(item)))


def values_outside(
    tree: Tree, inside: frozenset[Code], summary: Item | None = None
) -> tuple[Written, ...]:
    """Return numbers and texts that do not lie within items of some concepts.

    Parameters
    ----------
    tree : Tree
        The report.
    inside : frozenset of Code
        Concepts of items whose content is left out; so is what was copied from a prior.
    summary : Item, optional
        The summary of the examination.
    """
    return tuple(_written(item, summary) for item in _outside(tree, tree.root, inside))


def _outside(tree: Tree, item: Item, inside: frozenset[Code]) -> Iterator[Item]:
    """Yield the NUM and TEXT items below an item."""
    for child in item.children:
        if child.concept in inside or child.concept in _ALGORITHM or is_from_prior(tree, child):
            continue
        if child.value_type in ("NUM", "TEXT") and child.concept is not None:
            yield child
        yield from _outside(tree, child, inside)


def _written(item: Item, summary: Item | None) -> Written:
    """Return what an item holds."""
    concept = item.concept or ("", "")
    on_summary = (
        summary is not None and item.parent is summary and item.relationship == "HAS PROPERTIES"
    )
    if item.value_type == "NUM":
        return written_number(item, concept, on_summary=on_summary)
    return Written(
        path=item.where, concept=concept, raw=item.text(), is_text=True, on_summary=on_summary
    )
