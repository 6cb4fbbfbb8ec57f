"""Content items of structured reports, and the part of an SR document that all kinds share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as ItemSequence
from pydicom.tag import Tag

from toolkit.demo.dicom.exam import (
    EXAM_TIME,
    Code,
    DemoExam,
    code_sequence,
    new_object,
    reference_to,
)

ENGLISH = Code("en", "RFC5646", "English")
LANGUAGE = Code("121049", "DCM", "Language of Content Item and Descendants")
_NUMERIC_VALUE = Tag(0x0040A30A)


def _item(relationship: str, value_type: str, concept: Code | None) -> Dataset:
    """Return a content item without its value."""
    item = Dataset()
    item.RelationshipType = relationship
    item.ValueType = value_type
    if concept is not None:
        item.ConceptNameCodeSequence = code_sequence(concept)
    return item


def container(relationship: str, concept: Code) -> Dataset:
    """Return a container."""
    item = _item(relationship, "CONTAINER", concept)
    item.ContinuityOfContent = "SEPARATE"
    return item


def code(relationship: str, concept: Code, value: Code) -> Dataset:
    """Return a coded item."""
    item = _item(relationship, "CODE", concept)
    item.ConceptCodeSequence = code_sequence(value)
    return item


def text(relationship: str, concept: Code, value: str) -> Dataset:
    """Return a text."""
    item = _item(relationship, "TEXT", concept)
    item.TextValue = value
    return item


def date(relationship: str, concept: Code, value: str) -> Dataset:
    """Return a date, ``YYYYMMDD``."""
    item = _item(relationship, "DATE", concept)
    item.Date = value
    return item


def time(relationship: str, concept: Code, value: str) -> Dataset:
    """Return a time, ``HHMMSS``."""
    item = _item(relationship, "TIME", concept)
    item.Time = value
    return item


def uid_reference(relationship: str, concept: Code, value: str) -> Dataset:
    """Return an item that holds a UID."""
    item = _item(relationship, "UIDREF", concept)
    item.UID = value
    return item


def number(relationship: str, concept: Code, value: str, unit: Code) -> Dataset:
    """Return a number as it is written; ``""`` gives an item without a measured value.

    The text is stored as it is, so that a test can write what no valid file holds: "87,5".
    """
    item = _item(relationship, "NUM", concept)
    item.MeasuredValueSequence = ItemSequence()
    if value:
        measured = Dataset()
        measured.MeasurementUnitsCodeSequence = code_sequence(unit)
        raw = value.encode("ascii")
        raw += b" " * (len(raw) % 2)
        measured[_NUMERIC_VALUE] = RawDataElement(
            _NUMERIC_VALUE, "DS", len(raw), raw, 0, False, True
        )
        item.MeasuredValueSequence.append(measured)
    return item


def image(relationship: str, ds: Dataset, *, frame: int | None = None) -> Dataset:
    """Return an item that refers to an image, or to one frame of it."""
    item = _item(relationship, "IMAGE", None)
    reference = reference_to(ds)
    if frame is not None:
        reference.ReferencedFrameNumber = str(frame)
    item.ReferencedSOPSequence = ItemSequence([reference])
    return item


def coordinates(relationship: str, concept: Code, graphic: str, points: Sequence[float]) -> Dataset:
    """Return spatial coordinates, column and row by turns, in pixels from the top left corner."""
    item = _item(relationship, "SCOORD", concept)
    item.GraphicType = graphic
    item.GraphicData = [float(value) for value in points]
    return item


def add(parent: Dataset, *children: Dataset) -> Dataset:
    """Append children to an item, if there are any, and return the item."""
    if not children:
        return parent
    if "ContentSequence" not in parent:
        parent.ContentSequence = ItemSequence()
    parent.ContentSequence.extend(children)
    return parent


class References:
    """By-reference relationships: targets are named as items and become paths at the end."""

    def __init__(self) -> None:
        self._pending: list[tuple[Dataset, Dataset]] = []

    def to(self, relationship: str, target: Dataset) -> Dataset:
        """Return an item that refers to another item of the same document."""
        item = Dataset()
        item.RelationshipType = relationship
        self._pending.append((item, target))
        return item

    def resolve(self, root: Dataset) -> None:
        """Write the path of each target: item numbers from 1 on, the root being 1."""
        paths = {id(item): path for item, path in _walk(root, [1])}
        for item, target in self._pending:
            item.ReferencedContentItemIdentifier = paths[id(target)]


def _walk(item: Dataset, path: list[int]) -> Iterator[tuple[Dataset, list[int]]]:
    """Yield every item of a tree with its path."""
    yield item, path
    for place, child in enumerate(item.get("ContentSequence", []), start=1):
        yield from _walk(child, [*path, place])


def sr_document(
    exam: DemoExam, *, sop_class: str, series: str, title: Code, template: str, instance: int = 1
) -> Dataset:
    """Return an SR document whose root is still empty; it is in English."""
    ds = new_object(exam, sop_class=sop_class, modality="SR", series=series, instance=instance)
    ds.ReferencedPerformedProcedureStepSequence = ItemSequence()
    ds.CompletionFlag = "COMPLETE"
    ds.VerificationFlag = "UNVERIFIED"
    ds.PerformedProcedureCodeSequence = ItemSequence()
    ds.ValueType = "CONTAINER"
    ds.ConceptNameCodeSequence = code_sequence(title)
    ds.ContinuityOfContent = "SEPARATE"
    ds.ContentTime = EXAM_TIME
    used = Dataset()
    used.MappingResource, used.TemplateIdentifier = "DCMR", template
    ds.ContentTemplateSequence = ItemSequence([used])
    return add(ds, code("HAS CONCEPT MOD", LANGUAGE, ENGLISH))


def set_evidence(ds: Dataset, images: Sequence[Dataset]) -> None:
    """List the images that the document refers to, by study and series."""
    studies: dict[str, dict[str, list[Dataset]]] = {}
    for one in images:
        series = studies.setdefault(one.StudyInstanceUID, {})
        series.setdefault(one.SeriesInstanceUID, []).append(reference_to(one))
    evidence = ItemSequence()
    for study_uid, series in studies.items():
        study = Dataset()
        study.ReferencedSeriesSequence = ItemSequence()
        study.StudyInstanceUID = study_uid
        for series_uid, references in series.items():
            item = Dataset()
            item.ReferencedSOPSequence = ItemSequence(references)
            item.SeriesInstanceUID = series_uid
            study.ReferencedSeriesSequence.append(item)
        evidence.append(study)
    if evidence:
        ds.CurrentRequestedProcedureEvidenceSequence = evidence
