"""The content tree of a structured report: items by path, references resolved over the whole tree.

An item is named by its path: ``1`` is the root, ``1.3.2`` the second child of its third child
(PS3.3 section C.17.3.2.5). A child may be a reference, which has no value of its own and names
another item by path. What such a reference gets wrong is listed, and it then leads nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from toolkit.readers.dicom.sr_codes import Code, code_of

Path = tuple[int, ...]

# The relationships that may go by reference in a Mammography CAD SR (PS3.3 section A.35.5.3.1.3).
_BY_REFERENCE: Final = frozenset(("INFERRED FROM", "HAS PROPERTIES", "SELECTED FROM"))
_IMAGES: Final = frozenset(("IMAGE",))


@dataclass(slots=True, eq=False)
class Item:
    """One content item.

    Parameters
    ----------
    path : tuple of int
        From the root, which is ``(1,)``.
    relationship : str
        To its parent, ``"CONTAINS"``; empty for the root.
    value_type : str
        ``"NUM"``, ``"CODE"`` ...; empty for a reference.
    concept : Code or None
        Concept name.
    values : mapping
        The attributes of the item by keyword.
    target : tuple of int or None
        Of a reference: the path that it names.
    parent : Item or None
        None for the root.
    children : list of Item
        In the order of the file, references among them.
    """

    path: Path
    relationship: str
    value_type: str
    concept: Code | None
    values: Mapping[str, Any]
    target: Path | None
    parent: Item | None
    children: list[Item] = field(default_factory=list)

    @property
    def where(self) -> str:
        """Path in words, ``1.3.2``."""
        return ".".join(str(number) for number in self.path)

    def text(self) -> str:
        """Return the text of a TEXT item."""
        value = self.values.get("TextValue")
        return value.strip() if isinstance(value, str) else ""

    def coded(self) -> Code | None:
        """Return the value of a CODE item."""
        return code_of(self.values.get("ConceptCodeSequence"))


@dataclass(frozen=True, kw_only=True)
class BadReference:
    """A reference that leads nowhere.

    Parameters
    ----------
    where : str
        Path of the reference.
    relationship : str
        Its relationship.
    reason : str
        What is wrong.
    """

    where: str
    relationship: str
    reason: str


@dataclass(frozen=True, eq=False)
class Tree:
    """The content of one report.

    Parameters
    ----------
    root : Item
        The document's own container.
    items : dict of path to Item
        All items, in the order of the file.
    bad_references : tuple of BadReference
        References that lead nowhere.
    """

    root: Item
    items: Mapping[Path, Item]
    bad_references: tuple[BadReference, ...]
    _resolved: Mapping[Path, Item]
    _of_concept: Mapping[Code, list[Item]]
    _first_child: Mapping[tuple[Path, Code], Item]

    def children(self, item: Item) -> Iterator[tuple[str, Item]]:
        """Yield relationship and item of the children, by value and by reference.

        Parameters
        ----------
        item : Item
            The parent.
        """
        for child in item.children:
            if child.target is None:
                yield child.relationship, child
            elif child.path in self._resolved:
                yield child.relationship, self._resolved[child.path]

    def child(self, item: Item, concept: Code) -> Item | None:
        """Return the first child by value with a concept; None where there is none."""
        return self._first_child.get((item.path, concept))

    def with_concept(self, concept: Code) -> list[Item]:
        """Return all items with a concept, each once, in the order of the file."""
        return self._of_concept.get(concept, [])


def ancestors(item: Item) -> Iterator[Item]:
    """Yield the parent of an item, its parent, and so on.

    Parameters
    ----------
    item : Item
        Where to start.
    """
    above = item.parent
    while above is not None:
        yield above
        above = above.parent


def content_tree(values: Mapping[str, Any]) -> Tree:
    """Return the content tree of a report.

    Parameters
    ----------
    values : mapping
        ``values`` of the Header that was read with the selection ``REPORT``.

    Returns
    -------
    Tree

    Notes
    -----
    A reference is bad where its target does not exist, is a reference itself, is no image although
    an image is selected, would close a circle, or where its relationship may not go by reference.
    """
    items: dict[Path, Item] = {}
    root = _item(values, (1,), None, items)
    resolved, bad = _resolve(root, items)
    of_concept: dict[Code, list[Item]] = {}
    first_child: dict[tuple[Path, Code], Item] = {}
    for item in items.values():
        if item.concept is not None:
            of_concept.setdefault(item.concept, []).append(item)
            if item.parent is not None:
                first_child.setdefault((item.parent.path, item.concept), item)
    return Tree(root, items, tuple(bad), resolved, of_concept, first_child)


def _item(
    values: Mapping[str, Any], path: Path, parent: Item | None, items: dict[Path, Item]
) -> Item:
    """Return an item with all below it, and enter each into ``items``."""
    target = values.get("ReferencedContentItemIdentifier")
    item = Item(
        path,
        _word(values.get("RelationshipType")) if parent is not None else "",
        _word(values.get("ValueType")),
        code_of(values.get("ConceptNameCodeSequence")),
        values,
        target if isinstance(target, tuple) else None,
        parent,
    )
    items[path] = item
    content = values.get("ContentSequence") or ()
    item.children += [
        _item(inner, (*path, number), item, items) for number, inner in enumerate(content, start=1)
    ]
    return item


def _word(value: Any) -> str:
    """Return a code string."""
    return value.strip() if isinstance(value, str) else ""


def _resolve(root: Item, items: Mapping[Path, Item]) -> tuple[dict[Path, Item], list[BadReference]]:
    """Return the target of each reference by its path, and the references that lead nowhere."""
    resolved: dict[Path, Item] = {}
    bad: list[BadReference] = []
    for item in items.values():
        if item.target is None:
            continue
        target = items.get(item.target)
        reason = _what_is_wrong(item, target)
        if reason or target is None:
            bad.append(_bad(item, reason))
        else:
            resolved[item.path] = target
    for item in _closing_circles(root, resolved):
        del resolved[item.path]
        bad.append(_bad(item, "leads back to where it came from"))
    return resolved, bad


def _what_is_wrong(item: Item, target: Item | None) -> str:
    """Return why a reference leads nowhere; empty where it does not, but for circles."""
    if item.relationship not in _BY_REFERENCE:
        return "this relationship may not go by reference"
    if target is None:
        return "the path leads to no item of this report"
    if target.target is not None:
        return "the path leads to another reference"
    if item.relationship == "SELECTED FROM" and target.value_type not in _IMAGES:
        return "the path leads to an item that is no image"
    return ""


def _bad(item: Item, reason: str) -> BadReference:
    """Return the entry of a bad reference."""
    return BadReference(where=item.where, relationship=item.relationship, reason=reason)


def _closing_circles(root: Item, resolved: Mapping[Path, Item]) -> list[Item]:
    """Return the references to cut so that no walk over the tree and its references goes round."""
    closing: list[Item] = []
    on_way: set[Path] = {root.path}
    done: set[Path] = set()
    stack: list[tuple[Item, Iterator[Item]]] = [(root, iter(root.children))]
    while stack:
        item, rest = stack[-1]
        child = next(rest, None)
        if child is None:
            stack.pop()
            on_way.discard(item.path)
            done.add(item.path)
            continue
        following = resolved.get(child.path) if child.target is not None else child
        if following is None or following.path in done:
            continue
        if following.path in on_way:
            closing.append(child)
        else:
            on_way.add(following.path)
            stack.append((following, iter(following.children)))
    return closing
