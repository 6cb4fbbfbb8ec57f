"""Mammography CAD SR: the tree of TID 4000.

The templates are those of PS3.16, "Mammography CAD SR IOD Templates"; the number of each stands
beside what it makes. No report of a product is public: this is what the standard allows.
"""

from __future__ import annotations

import math

from pydicom.dataset import Dataset
from pydicom.uid import MammographyCADSRStorage

from toolkit.demo.dicom import content
from toolkit.demo.dicom.cad_plan import (
    PARTLY_WITH_FINDINGS,
    STATES,
    UNITS,
    CadPlan,
    Composite,
    Finding,
)
from toolkit.demo.dicom.exam import (
    EXAM_SCORE,
    MILLIMETRE,
    NO_UNITS,
    PERCENT,
    SIDES,
    Code,
    DemoExam,
    dcm,
    snomed,
)

_SUMMARY = {
    "111241": "All algorithms succeeded; without findings",
    "111242": "All algorithms succeeded; with findings",
    "111243": "Not all algorithms succeeded; without findings",
    "111244": "Not all algorithms succeeded; with findings",
    "111245": "No algorithms succeeded; without findings",
    "111222": "Succeeded",
    "111223": "Partially Succeeded",
    "111224": "Failed",
    "111225": "Not Attempted",
}
_INTENT = {
    "required": dcm("111150", "Presentation Required: Rendering device is expected to present"),
    "optional": dcm("111151", "Presentation Optional: Rendering device may present"),
    "not": dcm("111152", "Not for Presentation: Rendering device expected not to present"),
}
_SCORE_OF_FINDING = {
    "probability": dcm("111047", "Probability of cancer"),
    "certainty": dcm("111012", "Certainty of Finding"),
}
_POLYGON_CORNERS = 8


def cad_report(exam: DemoExam, plan: CadPlan, *, series: str = "CAD report") -> Dataset:
    """Return a Mammography CAD SR.

    Parameters
    ----------
    exam : DemoExam
        Whose report it is.
    plan : CadPlan
        What it says.
    series : str
        Name of its series.

    Examples
    --------
    >>> from toolkit.demo.dicom.images import ImagePlan, mammogram
    >>> exam = DemoExam(seed=1, number=1)
    >>> plan = CadPlan(images=(mammogram(exam, ImagePlan()),), findings=(Finding(),))
    >>> report = cad_report(exam, plan)
    >>> [item.ConceptNameCodeSequence[0].CodeValue for item in report.ContentSequence]
    ['121049', '111028', '111017', '111064', '111065']
    """
    ds = content.sr_document(
        exam,
        sop_class=MammographyCADSRStorage,
        series=series,
        title=dcm("111036", "Mammography CAD Report"),
        template="4000",
        instance=plan.instance,
    )
    content.set_evidence(ds, plan.images)
    references = content.References()
    library = [_library_entry(one, plan.scheme) for one in plan.images]
    if library:
        held = content.container("CONTAINS", dcm("111028", "Image Library"))
        content.add(ds, content.add(held, *library))
    content.add(ds, *_impressions(plan, library, references))
    content.add(ds, *_summaries(plan, library, references))
    references.resolve(ds)
    return ds


def _library_entry(image: Dataset, scheme: str) -> Dataset:
    """Return an image of the library with what its header says of it (TID 4020)."""
    relationship = "HAS ACQ CONTEXT"
    entry = content.image("CONTAINS", image)
    laterality = image.get("ImageLaterality")
    if laterality:
        side = snomed(SIDES[laterality], scheme)
        content.add(entry, content.code(relationship, dcm("111027", "Image Laterality"), side))
    if image.get("ViewCodeSequence"):
        content.add(entry, _view(image.ViewCodeSequence[0]))
    for place, concept in enumerate(
        (dcm("111044", "Patient Orientation Row"), dcm("111043", "Patient Orientation Column"))
    ):
        if image.get("PatientOrientation"):
            word = image.PatientOrientation[place]
            content.add(entry, content.text(relationship, concept, word))
    content.add(
        entry,
        content.date(relationship, dcm("111060", "Study Date"), image.StudyDate),
        content.time(relationship, dcm("111061", "Study Time"), image.StudyTime),
        content.date(relationship, dcm("111018", "Content Date"), image.ContentDate),
        content.time(relationship, dcm("111019", "Content Time"), image.ContentTime),
    )
    if image.get("ImagerPixelSpacing"):
        vertical, horizontal = (str(value) for value in image.ImagerPixelSpacing)
        for code, meaning, value in (
            ("111026", "Horizontal Pixel Spacing", horizontal),
            ("111066", "Vertical Pixel Spacing", vertical),
        ):
            spacing = content.number(relationship, dcm(code, meaning), value, MILLIMETRE)
            content.add(entry, spacing)
    return entry


def _view(view: Dataset) -> Dataset:
    """Return the view of an image with its modifiers."""
    item = content.code("HAS ACQ CONTEXT", dcm("111031", "Image View"), _code_of(view))
    for modifier in view.ViewModifierCodeSequence:
        concept = dcm("111032", "Image View Modifier")
        content.add(item, content.code("HAS CONCEPT MOD", concept, _code_of(modifier)))
    return item


def _code_of(item: Dataset) -> Code:
    """Return the code that an item of a code sequence holds."""
    return Code(item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning)


def _impressions(
    plan: CadPlan, library: list[Dataset], references: content.References
) -> list[Dataset]:
    """Return the summary of all (TID 4001) and, where they stand beside it, the impressions."""
    code = STATES[plan.state][0]
    if plan.state == "partly_failed" and plan.findings:
        code = PARTLY_WITH_FINDINGS
    concept = dcm("111017", "CAD Processing and Findings Summary")
    overall = content.code("CONTAINS", concept, dcm(code, _SUMMARY[code]))
    if plan.exam_score:
        content.add(overall, _exam_score(plan))
    findings = [_finding(one, plan, library, references) for one in plan.findings]
    nested = plan.layout == "nested"
    groups = [(one, one.findings) for one in plan.composites]
    grouped = {member for _, members in groups for member in members}
    alone = [(None, (place,)) for place in range(len(findings)) if place not in grouped]
    containers = []
    for composite, members in [*groups, *alone]:
        intent = plan.findings[members[0]]
        impression = content.container(
            "INFERRED FROM" if nested else "CONTAINS",
            dcm("111034", "Individual Impression/Recommendation"),
        )
        content.add(impression, _rendering_intent(intent))
        parts = [findings[member] for member in members]
        if composite is None or not nested:
            content.add(impression, *parts)
        if composite is not None:
            content.add(impression, _composite(composite, parts, plan, references))
        containers.append(impression)
    if nested:
        content.add(overall, *containers)
        return [overall]
    content.add(overall, *[references.to("INFERRED FROM", one) for one in containers])
    return [overall, *containers]


def _exam_score(plan: CadPlan) -> Dataset:
    """Return the score of the examination where the product puts it."""
    relationship = "HAS PROPERTIES"
    if plan.score_place == "text":
        concept = dcm("111033", "Impression Description")
        return content.text(relationship, concept, f"{plan.product} score {plan.exam_score}")
    private = plan.score_place == "private_code"
    concept = EXAM_SCORE if private else dcm("111013", "Certainty of Impression")
    return content.number(relationship, concept, plan.exam_score, UNITS[plan.exam_score_unit])


def _rendering_intent(finding: Finding) -> Dataset:
    """Return whether a display is to show a finding, and from which operating point."""
    intent = content.code(
        "HAS CONCEPT MOD", dcm("111056", "Rendering Intent"), _INTENT[finding.intent]
    )
    if finding.operating_point is not None:
        concept = dcm("111071", "CAD Operating Point")
        point = content.number("HAS PROPERTIES", concept, str(finding.operating_point), NO_UNITS)
        content.add(intent, point)
    return intent


def _algorithm(plan: CadPlan) -> list[Dataset]:
    """Return name, version and manufacturer of the algorithm (TID 4019)."""
    return [
        content.text("HAS PROPERTIES", dcm("111001", "Algorithm Name"), plan.product),
        content.text("HAS PROPERTIES", dcm("111003", "Algorithm Version"), plan.version),
        content.text("HAS PROPERTIES", dcm("122405", "Algorithm Manufacturer"), plan.manufacturer),
    ]


def _composite(
    composite: Composite, parts: list[Dataset], plan: CadPlan, references: content.References
) -> Dataset:
    """Return a composite feature (TID 4004) of findings, inside it or named by reference."""
    item = content.code(
        "CONTAINS", dcm("111015", "Composite Feature"), snomed(composite.kind, plan.scheme)
    )
    content.add(item, _rendering_intent(plan.findings[composite.findings[0]]))
    content.add(item, *_algorithm(plan))
    if composite.score:
        concept = _SCORE_OF_FINDING["probability"]
        content.add(item, content.number("HAS PROPERTIES", concept, composite.score, PERCENT))
    if plan.layout == "nested":
        for part in parts:
            part.RelationshipType = "INFERRED FROM"
        return content.add(item, *parts)
    return content.add(item, *[references.to("INFERRED FROM", part) for part in parts])


def _finding(
    finding: Finding, plan: CadPlan, library: list[Dataset], references: content.References
) -> Dataset:
    """Return a finding in one image (TID 4006) with its place (TID 4021)."""
    item = content.code(
        "CONTAINS", dcm("111059", "Single Image Finding"), snomed(finding.kind, plan.scheme)
    )
    content.add(item, _rendering_intent(finding), *_algorithm(plan))
    if finding.score:
        concept, unit = _SCORE_OF_FINDING[finding.score_kind], UNITS[finding.score_unit]
        content.add(item, content.number("HAS PROPERTIES", concept, finding.score, unit))
    shapes = [(dcm("111010", "Center"), "POINT", [finding.x, finding.y])]
    if finding.outline is not None:
        shapes.append((dcm("111041", "Outline"), finding.outline, _outline(finding)))
    for concept, graphic, points in shapes:
        place = content.coordinates("HAS PROPERTIES", concept, graphic, points)
        if plan.image_by == "value" or finding.frame is not None:
            image = plan.images[finding.image]
            selected = content.image("SELECTED FROM", image, frame=finding.frame)
        else:
            selected = references.to("SELECTED FROM", library[finding.image])
        content.add(item, content.add(place, selected))
    if finding.calcifications is not None:
        concept = dcm("111038", "Number of calcifications")
        count = str(finding.calcifications)
        content.add(item, content.number("HAS PROPERTIES", concept, count, NO_UNITS))
    return item


def _outline(finding: Finding) -> list[float]:
    """Return the points of an outline: column and row by turns."""
    x, y, across, down = finding.x, finding.y, finding.radius_x, finding.radius_y
    if finding.outline == "CIRCLE":
        return [x, y, x + across, y]
    if finding.outline == "ELLIPSE":
        horizontal = [x - across, y, x + across, y]
        vertical = [x, y - down, x, y + down]
        # The major axis comes first.
        return horizontal + vertical if across >= down else vertical + horizontal
    angles = [2 * math.pi * step / _POLYGON_CORNERS for step in range(_POLYGON_CORNERS)]
    corners = [(x + across * math.cos(a), y + across * math.sin(a)) for a in angles]
    return [value for corner in [*corners, corners[0]] for value in corner]


def _summaries(
    plan: CadPlan, library: list[Dataset], references: content.References
) -> list[Dataset]:
    """Return what was tried and what came of it: detections (TID 4015) and analyses (4016)."""
    _, detections, analyses = STATES[plan.state]
    performed = [snomed(kind, plan.scheme) for kind in ("density", "calcification cluster")]
    analysed = [dcm("111234", "Overall Impression/Recommendation Analysis")]
    # Of a report that failed in part, the first kind of detection succeeded.
    good = {"111222": len(performed), "111223": 1}.get(detections, 0)
    tried = len(performed) if detections != "111225" else 0
    summary = content.code(
        "CONTAINS", dcm("111064", "Summary of Detections"), dcm(detections, _SUMMARY[detections])
    )
    names = ("111063", "Successful Detections"), ("111025", "Failed Detections")
    for (code, meaning), kinds in zip(
        names, (performed[:good], performed[good:tried]), strict=True
    ):
        concept = dcm("111022", "Detection Performed")
        _performed(summary, dcm(code, meaning), concept, kinds, (plan, library, references))
    result = content.code(
        "CONTAINS", dcm("111065", "Summary of Analyses"), dcm(analyses, _SUMMARY[analyses])
    )
    if analyses != "111225":
        held = (
            dcm("111062", "Successful Analyses")
            if analyses == "111222"
            else dcm("111024", "Failed Analyses")
        )
        concept = dcm("111004", "Analysis Performed")
        _performed(result, held, concept, analysed, (plan, library, references))
    return [summary, result]


def _performed(
    summary: Dataset,
    held: Code,
    concept: Code,
    kinds: list[Code],
    source: tuple[CadPlan, list[Dataset], content.References],
) -> None:
    """Add the algorithms that were run, with the images they saw (TID 4017, TID 4018)."""
    plan, library, references = source
    if not kinds:
        return
    container = content.container("INFERRED FROM", held)
    for kind in kinds:
        item = content.code("CONTAINS", concept, kind)
        content.add(item, *_algorithm(plan))
        content.add(item, *[references.to("HAS PROPERTIES", entry) for entry in library])
        content.add(container, item)
    content.add(summary, container)
