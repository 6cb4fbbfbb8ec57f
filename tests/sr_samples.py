"""Reports for tests: trees made by hand, and the bytes of planned ones read back."""

from toolkit.demo.dicom.archive import encoded
from toolkit.demo.dicom.cad_plan import CadPlan
from toolkit.demo.dicom.cad_sr import cad_report
from toolkit.demo.dicom.exam import DemoExam
from toolkit.demo.dicom.images import PROCESSING, ImagePlan, mammogram
from toolkit.readers.dicom.reports.results import report_of, report_row
from toolkit.readers.dicom.reports.tree import report_from_json
from toolkit.readers.dicom.scan.header import Header

CAD_SR = "1.2.840.10008.5.1.4.1.1.88.50"
EXAM = DemoExam(seed=1, number=1)
VIEWS = [(side, view) for side in "RL" for view in ("CC", "MLO")]
IMAGES = tuple(
    mammogram(EXAM, ImagePlan(laterality=side, view=view), intent=PROCESSING)
    for side, view in VIEWS
)


def row_of(dataset, **how):
    data = encoded(dataset, **how)
    return report_row(lambda offset, length: data[offset : offset + length], len(data))


def read_back(dataset, **how):
    return report_from_json(row_of(dataset, **how)["report"])


def planned(exam=EXAM, images=IMAGES, **plan):
    return read_back(cad_report(exam, CadPlan(images=images, **plan)))


def code(value, scheme="DCM"):
    return ({"CodeValue": value, "CodingSchemeDesignator": scheme},)


def item(value_type, concept=None, *children, by="CONTAINS", scheme="DCM", **values):
    content = {"ValueType": value_type, "RelationshipType": by, **values}
    if concept is not None:
        content["ConceptNameCodeSequence"] = code(concept, scheme)
    if children:
        content["ContentSequence"] = children
    return content


def coded(concept, value, *children, by="CONTAINS", scheme="DCM"):
    sequence = code(value, scheme)
    return item("CODE", concept, *children, by=by, ConceptCodeSequence=sequence)


def number(concept, raw, unit="%", by="HAS PROPERTIES", scheme="DCM"):
    measured = {"NumericValue": raw, "MeasurementUnitsCodeSequence": code(unit, "UCUM")}
    return item("NUM", concept, by=by, scheme=scheme, MeasuredValueSequence=(measured,))


def text(concept, value, by="HAS PROPERTIES", scheme="DCM"):
    return item("TEXT", concept, by=by, scheme=scheme, TextValue=value)


def image(uid="1.2.3.1", *children, by="SELECTED FROM", frame=None):
    reference = {"ReferencedSOPInstanceUID": uid}
    if frame is not None:
        reference["ReferencedFrameNumber"] = frame
    return item("IMAGE", None, *children, by=by, ReferencedSOPSequence=(reference,))


def reference(*path, by="SELECTED FROM"):
    return {"RelationshipType": by, "ReferencedContentItemIdentifier": path}


def shape(graphic, *points, source=None, concept="111010", by="HAS PROPERTIES"):
    selected = image() if source is None else source
    values = {"GraphicType": graphic, "GraphicData": tuple(points)}
    return item("SCOORD", concept, selected, by=by, **values)


SHOWN = coded("111056", "111150", by="HAS CONCEPT MOD")


def finding(*children, kind=("129793001", "SCT"), intent=SHOWN, by="CONTAINS"):
    """A finding of a breast density at 10, 20 with a probability of 50 %, or of what is given."""
    content = children or (shape("POINT", 10.0, 20.0), number("111047", "50"))
    parts = (intent, *content) if intent is not None else content
    return coded("111059", kind[0], *parts, by=by, scheme=kind[1])


def algorithm(name="Reader X", version="1.0"):
    return text("111001", name), text("111003", version)


def report(*children, **values):
    """A header of a Mammography CAD SR with these children of its root."""
    return Header(
        transfer_syntax="1.2.840.10008.1.2.1",
        values={
            "SOPClassUID": CAD_SR,
            "SOPInstanceUID": "1.2.3.900",
            "StudyInstanceUID": "1.2.3",
            "ContentDate": "20210701",
            "ContentTime": "093000",
            "CompletionFlag": "COMPLETE",
            "ValueType": "CONTAINER",
            "ConceptNameCodeSequence": code("111036"),
            "ContentSequence": children,
            **values,
        },
        bad=(),
        has_pixels=False,
        way="walk",
    )


def summary(value="111242", *children):
    return coded("111017", value, *children)


def outcome(concept, value):
    return coded(concept, value)


def said(*children, state="111242", **values):
    """What a report says that holds these beside a summary; paths begin at 1.2."""
    return report_of(report(summary(state), *children, **values))
