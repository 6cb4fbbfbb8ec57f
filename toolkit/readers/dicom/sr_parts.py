"""Parts that reports of both templates have: who made them, when, of which images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from toolkit.readers.dicom.cad_report import NotMapped, ProductFrom, Written
from toolkit.readers.dicom.header import Header
from toolkit.readers.dicom.sr_codes import (
    ALGORITHM_MANUFACTURER,
    ALGORITHM_NAME,
    ALGORITHM_VERSION,
    IMAGE_LATERALITY,
    ORIGINAL_SOURCE,
    SIDES,
    Code,
    words,
)
from toolkit.readers.dicom.sr_numbers import written_number
from toolkit.readers.dicom.sr_tree import Item, Tree, ancestors

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
