"""The content tree of a structured report: items by path, references resolved over the whole tree.

An item is named by its path: ``1`` is the root, ``1.3.2`` the second child of its third child
(PS3.3 section C.17.3.2.5). A child may be a reference, which has no value of its own and names
another item by path. What such a reference gets wrong is listed, and it then leads nowhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

Code = tuple[str, str]  # value, coding scheme

# The names that the older SNOMED identifiers have gone by (PS3.16 section 8).
_OLDER_SNOMED: Final = ("SRT", "SNM3", "99SDM")
# The older identifiers of the concepts that are read here -> SNOMED CT.
_SNOMED_CT: Final = {
    "F-01710": "129715009",
    "F-01775": "129769006",
    "F-01776": "129770007",
    "F-01791": "129788004",
    "F-01792": "129789007",
    "F-01793": "129790003",
    "F-01795": "129792006",
    "F-01796": "129793001",
    "F-01797": "129794007",
    "F-01798": "129795008",
    "F-01799": "129796009",
    "F-0179A": "129797000",
    "D0-00050": "95324001",
    "DC-721C4": "127189005",
    "M-36300": "79654002",
    "T-04020": "73056007",
    "T-04030": "80248007",
    "T-04100": "24142002",
    "T-C430B": "443808008",
    "T-C4710": "68171009",
}


def code_of(sequence: Any) -> Code | None:
    """Return the first code of a code sequence; None where it has none.

    Parameters
    ----------
    sequence : tuple of mapping or None
        Items of a code sequence as ``read_header`` gives them.

    Examples
    --------
    >>> code_of(({"CodeValue": "F-01796", "CodingSchemeDesignator": "SRT"},))
    ('129793001', 'SCT')
    """
    if not isinstance(sequence, tuple) or not sequence:
        return None
    item = sequence[0]
    value = str(item.get("CodeValue") or item.get("LongCodeValue") or "").strip()
    return code(value, str(item.get("CodingSchemeDesignator") or "").strip()) if value else None


def code(value: str, scheme: str) -> Code:
    """Return a code in the one form in which codes are compared.

    Examples
    --------
    >>> code("F-01796", "SNM3"), code("111047", "DCM")
    (('129793001', 'SCT'), ('111047', 'DCM'))
    """
    if scheme in _OLDER_SNOMED:
        if value in _SNOMED_CT:
            return _SNOMED_CT[value], "SCT"
        return value, "SRT"
    return value, scheme


def words(concept: Code | None) -> str:
    """Return a code as it stands in lists, ``111047 DCM``."""
    return " ".join(concept) if concept else "no concept"


def _dcm(value: str) -> Code:
    return value, "DCM"


ALGORITHM_NAME, ALGORITHM_VERSION = _dcm("111001"), _dcm("111003")
ALGORITHM_MANUFACTURER = _dcm("122405")
CENTER, OUTLINE, IMAGE_REGION = _dcm("111010"), _dcm("111041"), _dcm("111030")
CERTAINTY_OF_FINDING, CERTAINTY_OF_IMPRESSION = _dcm("111012"), _dcm("111013")
PROBABILITY_OF_CANCER = _dcm("111047")
COMPOSITE_FEATURE, SINGLE_IMAGE_FINDING = _dcm("111015"), _dcm("111059")
SUMMARY, IMPRESSION = _dcm("111017"), _dcm("111034")
IMAGE_LATERALITY = _dcm("111027")
IMAGE_LIBRARY, REPORT_TITLE = _dcm("111028"), _dcm("111036")
SUMMARY_OF_DETECTIONS, SUMMARY_OF_ANALYSES = _dcm("111064"), _dcm("111065")
ORIGINAL_SOURCE = _dcm("111040")
RENDERING_INTENT, OPERATING_POINT = _dcm("111056"), _dcm("111071")
MEASUREMENT_REPORT = _dcm("126000")
MEASUREMENT_GROUP, FINDING = _dcm("125007"), _dcm("121071")
OBSERVER_TYPE, DEVICE, PERSON_NAME = _dcm("121005"), _dcm("121007"), _dcm("121008")
DEVICE_NAME, DEVICE_MANUFACTURER, DEVICE_MODEL = _dcm("121013"), _dcm("121014"), _dcm("121015")
PERCENT, NO_UNITS = "%", "1"
SIDES: Final = {("80248007", "SCT"): "L", ("73056007", "SCT"): "R"}  # CID 6022

# Findings of CID 6014 that are no suspicion: composition, nipple, selected region, geometry,
# quality, non-lesion.
NO_SUSPICION: Final = frozenset(
    (
        ("129715009", "SCT"),
        ("24142002", "SCT"),
        _dcm("111099"),
        _dcm("111100"),
        _dcm("111101"),
        _dcm("111102"),
    )
)


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


State = Literal["with_findings", "without_findings", "partly_failed", "failed"]
Intent = Literal["required", "optional", "not", "unsaid"]
ProductFrom = Literal["algorithm", "header"]


@dataclass(frozen=True, kw_only=True)
class Written:
    """A number or text of the report, with all that was written.

    Parameters
    ----------
    path : str
        Its content item.
    concept : Code
        What it is.
    raw : str
        As it stands in the file.
    unit : str
        Code of its unit; empty for a text or where none is given.
    is_text : bool
        A text, not a number.
    on_summary : bool
        A property of the summary of the whole examination.
    """

    path: str
    concept: Code
    raw: str
    unit: str = ""
    is_text: bool = False
    on_summary: bool = False


@dataclass(frozen=True, kw_only=True)
class CadFinding:
    """One finding in one image.

    Parameters
    ----------
    path : str
        Its content item.
    kind : Code
        What was found.
    is_suspicion : bool
        False for a nipple, the composition or geometry of the breast, a selected region, the
        quality of the image and what was judged no lesion.
    intent : {"required", "optional", "not", "unsaid"}
        Whether a display is to show it.
    operating_point : float or None
        Of an optional one: the operating point from which it is shown.
    from_prior : bool
        Copied from an earlier report.
    composites : tuple of str
        Paths of the composite features that it belongs to.
    scores, composite_scores : tuple of Written
        Numbers of the finding, and of its composite features.
    image_uid : str
        The image that was analysed; empty where it is not known.
    frame : int or None
        Of that image, from 1.
    x_px, y_px : float or None
        Centre, from the left and the top edge of the image.
    radius_px : float or None
        Of a circle.
    outline : str
        Closed outline of any other shape as ``x,y`` pairs.
    """

    path: str
    kind: Code
    is_suspicion: bool
    intent: Intent
    operating_point: float | None = None
    from_prior: bool = False
    composites: tuple[str, ...] = ()
    scores: tuple[Written, ...] = ()
    composite_scores: tuple[Written, ...] = ()
    image_uid: str = ""
    frame: int | None = None
    x_px: float | None = None
    y_px: float | None = None
    radius_px: float | None = None
    outline: str = ""


@dataclass(frozen=True, kw_only=True)
class NotMapped:
    """Something in a report that no table holds.

    Parameters
    ----------
    path : str
        Its content item.
    concept : str
        What it is, ``111047 DCM``.
    reason : str
        Why, without a text of the report.
    """

    path: str
    concept: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class CadReport:
    """One report.

    Parameters
    ----------
    report_uid, study_uid : str
        Of the report.
    template : {"4000", "1500"}
        Template that it follows.
    product, version, manufacturer : str
        Of the program.
    product_from : {"algorithm", "header"}
        Whether the content names it, or only the header.
    device : tuple of str
        Manufacturer, model and software versions of the header.
    state : State
        What became of the examination.
    state_reason : str
        What it was taken from.
    complete : bool
        The document is complete by its own completion flag.
    written_at : str
        ``YYYYMMDDHHMMSS``, as far as it is known.
    images : tuple of str
        SOP Instance UIDs of the images that the report refers to.
    library_sides : tuple of (str, str)
        Image and breast, L or R, as the report's own image library says.
    exam_values : tuple of Written
        Numbers and texts that belong to no finding: what may be the examination's score.
    findings : tuple of CadFinding
        Each once.
    not_mapped : tuple of NotMapped
        What could not be read.
    """

    report_uid: str
    study_uid: str
    template: Literal["4000", "1500"]
    product: str
    version: str
    manufacturer: str
    product_from: ProductFrom
    device: tuple[str, str, str]
    state: State
    state_reason: str
    complete: bool
    written_at: str
    images: tuple[str, ...]
    library_sides: tuple[tuple[str, str], ...]
    exam_values: tuple[Written, ...]
    findings: tuple[CadFinding, ...]
    not_mapped: tuple[NotMapped, ...]

    def to_json(self) -> str:
        """Return the report as text; ``report_from_json`` gives an equal one."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def report_from_json(text: str) -> CadReport:
    """Return the report of a text that ``to_json`` made.

    Parameters
    ----------
    text : str
        JSON.
    """
    content: dict[str, Any] = json.loads(text)
    content["device"] = tuple(content["device"])
    content["images"] = tuple(content["images"])
    content["library_sides"] = tuple(tuple(pair) for pair in content["library_sides"])
    content["exam_values"] = _written(content["exam_values"])
    content["findings"] = tuple(_finding(one) for one in content["findings"])
    content["not_mapped"] = tuple(NotMapped(**one) for one in content["not_mapped"])
    return CadReport(**content)


_WRITTEN: Final = ("scores", "composite_scores")


def _finding(content: Mapping[str, Any]) -> CadFinding:
    """Return one finding."""
    parts = {name: _written(content[name]) for name in _WRITTEN}
    tuples = {name: tuple(content[name]) for name in ("kind", "composites")}
    return CadFinding(**(dict(content) | tuples | parts))


def _written(content: list[dict[str, Any]]) -> tuple[Written, ...]:
    """Return numbers and texts."""
    return tuple(Written(**(one | {"concept": tuple(one["concept"])})) for one in content)
