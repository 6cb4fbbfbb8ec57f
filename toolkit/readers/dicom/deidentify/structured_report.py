"""Structured reports: findings, scores and marks stay, texts and persons go, no item moves.

By-reference relationships name their target by its place in the tree ([1, 2, 3]), so an item is
never taken out: one that may not stay is replaced where it stands, and what is below it is judged
item by item. PS3.15 calls this Clean Structured Content (113104).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from toolkit.readers.dicom.deidentify.codes import UNLISTED
from toolkit.readers.dicom.deidentify.values import REMOVED, Context, name, version

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_COMMENT: Final = ("DCM", "121106", "Comment")
_TRACKING_UID: Final = ("DCM", "112040")
# What an item of each type must still hold to say anything; texts, names and UIDs are judged below.
_VALUES: Final = {
    "CODE": "ConceptCodeSequence",
    "NUM": "MeasuredValueSequence",
    "SCOORD": "GraphicData",
    "SCOORD3D": "GraphicData",
    "IMAGE": "ReferencedSOPSequence",
    "COMPOSITE": "ReferencedSOPSequence",
    "WAVEFORM": "ReferencedSOPSequence",
    "DATE": "Date",
    "TIME": "Time",
    "DATETIME": "DateTime",
    "CONTAINER": "ContinuityOfContent",
}


def finish_item(item: Dataset, cleaned: Dataset, context: Context) -> None:
    """Give a cleaned content item its text, or make a placeholder of it.

    Parameters
    ----------
    item : Dataset
        As in the file.
    cleaned : Dataset
        What the keep list leaves of it, changed here.
    context : Context
        What values depend on.
    """
    if "ReferencedContentItemIdentifier" in cleaned:
        return
    kind = str(cleaned.get("ValueType", ""))
    concept = _concept(item)
    if concept in context.keep.replaced:
        _replace(cleaned, context)
    elif kind == "TEXT" and (text := _kept_text(item, concept, context)):
        cleaned.TextValue = text
    elif kind == "UIDREF" and concept == _TRACKING_UID:
        cleaned.UID = context.uid(str(item.get("UID", "")))
    elif _VALUES.get(kind, "") not in cleaned:
        _replace(cleaned, context)


def _concept(item: Dataset) -> tuple[str, str]:
    """Return scheme and value of the name of an item, as in the file."""
    names = item.get("ConceptNameCodeSequence") or [{}]
    return (
        str(names[0].get("CodingSchemeDesignator", "")).strip(),
        str(names[0].get("CodeValue", "")).strip(),
    )


def _kept_text(item: Dataset, concept: tuple[str, str], context: Context) -> str:
    """Return the text of an item where the keep list has a rule for it; empty where not."""
    rule = context.keep.texts.get(concept)
    text = str(item.get("TextValue", "")).strip(" \0")
    if rule is None:
        return ""
    if rule == "name":
        return name(text, context)
    if rule == "version":
        return version(text, context)
    return text if not isinstance(rule, str) and rule.fullmatch(text) else ""


def _replace(cleaned: Dataset, context: Context) -> None:
    """Make an item a text that says nothing, in its place and with what is below it."""
    from toolkit.readers.dicom.deidentify.engine import code_item

    for keyword in (*set(_VALUES.values()), "ReferencedFrameOfReferenceUID", "GraphicType"):
        if keyword in cleaned:
            del cleaned[keyword]
    names = cleaned.get("ConceptNameCodeSequence")
    if not names or names[0].get("CodingSchemeDesignator") == UNLISTED:
        cleaned.ConceptNameCodeSequence = [code_item(*_COMMENT, context)]
    cleaned.ValueType = "TEXT"
    cleaned.TextValue = REMOVED
