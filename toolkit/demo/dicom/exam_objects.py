"""The objects of one examination of the demo archive, with what is true of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    EnhancedSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    XRayRadiationDoseSRStorage,
)

from toolkit.demo.dicom import content
from toolkit.demo.dicom.cad_plan import CadPlan, Composite, Finding, PlacedLesion, findings_of
from toolkit.demo.dicom.cad_sr import cad_report
from toolkit.demo.dicom.exam import (
    MILLIMETRE,
    NO_UNITS,
    Code,
    DemoExam,
    dcm,
    new_object,
    reference_to,
    snomed,
)
from toolkit.demo.dicom.images import (
    PROCESSING,
    ImagePlan,
    mammogram,
    text_pixels,
    tomosynthesis,
    tomosynthesis_slices,
)
from toolkit.demo.dicom.images import synthetic_2d as synthetic


def secondary_capture(
    exam: DemoExam, text: str, *, modality: str = "OT", burned_in: str = "YES"
) -> Dataset:
    """Return a screenshot with a score burned into its pixels.

    Parameters
    ----------
    exam : DemoExam
        Whose it is.
    text : str
        Digits, point, stroke, hyphen and blank.
    modality : str
        The DICOM attribute; real ones also say MG.
    burned_in : {"YES", "NO"}
        What the header says of text in the pixels; real ones say NO and have some.
    """
    sop_class = SecondaryCaptureImageStorage
    ds = new_object(exam, sop_class=sop_class, modality=modality, series="screenshot")
    ds.ConversionType = "WSD"
    ds.ImageType = ["DERIVED", "SECONDARY"]
    ds.PatientOrientation = ""
    ds.Laterality = ""
    ds.BurnedInAnnotation = burned_in
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    pixels = text_pixels(text, shape=(64, 256))
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OB"
    return ds


def _circle_on(image: Dataset) -> Dataset:
    """Return the annotation of an image with a circle."""
    graphic = Dataset()
    graphic.GraphicAnnotationUnits, graphic.GraphicDimensions = "PIXEL", 2
    graphic.NumberOfGraphicPoints = 2
    graphic.GraphicData = [20.0, 20.0, 26.0, 20.0]
    graphic.GraphicType, graphic.GraphicFilled = "CIRCLE", "N"
    note = Dataset()
    note.ReferencedImageSequence = Sequence([reference_to(image)])
    note.GraphicLayer = "MARKS"
    note.GraphicObjectSequence = Sequence([graphic])
    return note


def presentation_state(exam: DemoExam, images: list[Dataset]) -> Dataset:
    """Return a grayscale presentation state with one circle on the first image."""
    sop_class = GrayscaleSoftcopyPresentationStateStorage
    ds = new_object(exam, sop_class=sop_class, modality="PR", series="presentation state")
    ds.Laterality = ""
    ds.PresentationCreationDate, ds.PresentationCreationTime = ds.ContentDate, ds.ContentTime
    del ds.ContentDate, ds.ContentTime
    ds.ContentLabel, ds.ContentDescription, ds.ContentCreatorName = "DEMO", "", ""
    references = []
    for image in images:
        series = Dataset()
        series.ReferencedImageSequence = Sequence([reference_to(image)])
        series.SeriesInstanceUID = image.SeriesInstanceUID
        references.append(series)
    ds.ReferencedSeriesSequence = Sequence(references)
    area = Dataset()
    area.ReferencedImageSequence = Sequence([reference_to(image) for image in images])
    area.DisplayedAreaTopLeftHandCorner = [1, 1]
    area.DisplayedAreaBottomRightHandCorner = [images[0].Columns, images[0].Rows]
    area.PresentationSizeMode = "SCALE TO FIT"
    area.PresentationPixelAspectRatio = [1, 1]
    ds.DisplayedAreaSelectionSequence = Sequence([area])
    ds.PresentationLUTShape = "IDENTITY"
    ds.GraphicAnnotationSequence = Sequence([_circle_on(images[0])])
    layer = Dataset()
    layer.GraphicLayer, layer.GraphicLayerOrder = "MARKS", 1
    ds.GraphicLayerSequence = Sequence([layer])
    return ds


def _observer(exam: DemoExam) -> list[Dataset]:
    """Return who observed: a device."""
    relationship = "HAS OBS CONTEXT"
    device = dcm("121007", "Device")
    return [
        content.code(relationship, dcm("121005", "Observer Type"), device),
        content.uid_reference(
            relationship, dcm("121012", "Device Observer UID"), exam.uid("device")
        ),
    ]


def dose_report(exam: DemoExam) -> Dataset:
    """Return a radiation dose report: a structured report that is no CAD result."""
    ds = content.sr_document(
        exam,
        sop_class=XRayRadiationDoseSRStorage,
        series="dose report",
        title=dcm("113701", "X-Ray Radiation Dose Report"),
        template="10001",
    )
    procedure = content.code(
        "HAS CONCEPT MOD", dcm("121058", "Procedure reported"),
        Code("71651007", "SCT", "Mammography"),
    )  # fmt: skip
    intent = Code("363679005", "SCT", "Imaging procedure")
    content.add(
        procedure, content.code("HAS CONCEPT MOD", Code("363703001", "SCT", "Has Intent"), intent)
    )
    content.add(ds, procedure, *_observer(exam))
    scope = content.code(
        "HAS OBS CONTEXT", dcm("113705", "Scope of Accumulation"), dcm("113014", "Study")
    )
    study = dcm("110180", "Study Instance UID")
    content.add(scope, content.uid_reference("HAS PROPERTIES", study, exam.study_uid))
    content.add(ds, scope)
    dose = content.container("CONTAINS", dcm("113702", "Accumulated X-Ray Dose Data"))
    total = dcm("111637", "Accumulated Average Glandular Dose")
    milligray = Code("mGy", "UCUM", "mGy")
    content.add(dose, content.number("CONTAINS", total, "1.4", milligray))
    return content.add(ds, dose)


def measurement_report(
    exam: DemoExam, image: Dataset, *, x: float, y: float, radius: float, score: str = ""
) -> Dataset:
    """Return a TID 1500 report with one circle on an image and its diameter.

    Parameters
    ----------
    exam : DemoExam
        Whose it is.
    image : Dataset
        The image measured.
    x, y, radius : float
        Circle, in pixels from the left and from the top.
    score : str
        Probability of cancer as written, from 0 to 1; empty for none.
    """
    ds = content.sr_document(
        exam,
        sop_class=EnhancedSRStorage,
        series="measurement report",
        title=dcm("126000", "Imaging Measurement Report"),
        template="1500",
    )
    content.set_evidence(ds, [image])
    procedure = dcm("121058", "Procedure reported")
    mammography = Code("71651007", "SCT", "Mammography")
    content.add(ds, *_observer(exam), content.code("HAS CONCEPT MOD", procedure, mammography))
    group = content.container("CONTAINS", dcm("125007", "Measurement Group"))
    content.add(
        group,
        content.text("HAS OBS CONTEXT", dcm("112039", "Tracking Identifier"), "1"),
        content.uid_reference(
            "HAS OBS CONTEXT", dcm("112040", "Tracking Unique Identifier"), exam.uid("lesion", 1)
        ),
        content.code("CONTAINS", dcm("121071", "Finding"), snomed("density")),
    )
    region = content.coordinates(
        "CONTAINS", dcm("111030", "Image Region"), "CIRCLE", [x, y, x + radius, y]
    )
    content.add(group, content.add(region, content.image("SELECTED FROM", image)))
    spacing = float(image.ImagerPixelSpacing[0])
    diameter = Code("81827009", "SCT", "Diameter")
    value = f"{2 * radius * spacing:.4g}"
    content.add(group, content.number("CONTAINS", diameter, value, MILLIMETRE))
    if score:
        concept = dcm("111047", "Probability of cancer")
        content.add(group, content.number("CONTAINS", concept, score, NO_UNITS))
    held = content.container("CONTAINS", dcm("126010", "Imaging Measurements"))
    return content.add(ds, content.add(held, group))


VIEWS = tuple((side, view) for side in "RL" for view in ("CC", "MLO"))
ROWS, COLUMNS, PIXEL_SPACING_MM = 2294, 1914, 0.085
EARLIER = "080000"


@dataclass(frozen=True, kw_only=True)
class Made:
    """One object of an examination with what is true of it."""

    ds: Dataset
    kind: str
    truth: dict[str, Any]


def image_shape(shrink: int) -> tuple[int, int]:
    """Return rows and columns of the images."""
    return -(-ROWS // shrink), -(-COLUMNS // shrink)


def _image_plans(exam: DemoExam, lesions: list[PlacedLesion], shrink: int) -> list[ImagePlan]:
    """Return the four standard views of an examination."""
    rows, columns = image_shape(shrink)
    return [
        ImagePlan(
            laterality=side,
            view=view,
            rows=rows,
            columns=columns,
            pixel_spacing_mm=PIXEL_SPACING_MM * shrink,
            photometric="MONOCHROME1" if exam.number % 4 == 1 else "MONOCHROME2",
            scheme=_scheme(exam),
            lesions=tuple((one.x, one.y, one.radius) for one in lesions if one.image == place),
            texture=len(VIEWS) * exam.number + place,
        )
        for place, (side, view) in enumerate(VIEWS)
    ]


def _scheme(exam: DemoExam) -> str:
    """Return the coding scheme of an examination: both are in use."""
    return "SRT" if exam.number % 2 else "SCT"


def exam_objects(
    exam: DemoExam,
    reading: Any,
    lesions: list[PlacedLesion],
    shrink: int,
    findings: list[dict[str, Any]],
) -> Iterator[Made]:
    """Yield the objects of an examination; its findings are added to the list."""
    plans = _image_plans(exam, lesions, shrink)
    shown = [mammogram(exam, plan) for plan in plans]
    analysed = shown
    for plan, image in zip(plans, shown, strict=True):
        yield _image("ffdm_for_presentation", image, plan)
    if exam.number % 5 == 0:
        analysed = [mammogram(exam, plan, intent=PROCESSING) for plan in plans]
        for plan, image in zip(plans, analysed, strict=True):
            yield _image("ffdm_for_processing", image, plan)
    yield from _reports(exam, reading, lesions, (shown, analysed), findings)
    yield Made(ds=dose_report(exam), kind="dose_sr", truth={})
    yield from _extras(exam, reading, plans, shown)


def _image(kind: str, ds: Dataset, plan: ImagePlan) -> Made:
    """Return an image with what is true of it."""
    frames = int(ds.get("NumberOfFrames", 1))
    truth = {"laterality": plan.laterality, "view": plan.view, "frames": frames}
    return Made(ds=ds, kind=kind, truth=truth)


def _extras(
    exam: DemoExam, reading: Any, plans: list[ImagePlan], shown: list[Dataset]
) -> Iterator[Made]:
    """Yield what only some examinations have, by the last digit of their number."""
    turn, plan = exam.number % 5, plans[exam.number % len(plans)]
    if turn == 1 and reading.status == "complete":
        capture = secondary_capture(exam, f"{reading.rating:.12g}/10")
        yield Made(ds=capture, kind="secondary_capture", truth={})
    elif turn == 2:
        for ds in tomosynthesis_slices(exam, plan):
            yield _image("tomosynthesis_slice", ds, plan)
    elif turn == 3:
        volume = tomosynthesis(exam, plan)
        yield _image("tomosynthesis", volume, plan)
        yield _image("synthetic_2d", synthetic(exam, plan, volume=volume), plan)
    elif turn == 4:
        state = presentation_state(exam, shown)
        yield Made(ds=state, kind="presentation_state", truth={})
        report = measurement_report(exam, shown[0], x=20, y=30, radius=5)
        yield Made(ds=report, kind="other_sr", truth={})


def _state(exam: DemoExam, status: str, found: bool) -> str:
    """Return the state of an examination's report; empty where there is none."""
    if status == "complete":
        return "with_findings" if found else "without_findings"
    if status == "failed":
        return "partly_failed" if exam.number % 2 else "failed"
    return "not_attempted" if exam.number % 2 else ""


def _reports(
    exam: DemoExam,
    reading: Any,
    lesions: list[PlacedLesion],
    images: tuple[list[Dataset], list[Dataset]],
    findings: list[dict[str, Any]],
) -> Iterator[Made]:
    """Yield the CAD reports of an examination: one, none, or a failed run before the good one."""
    shown, analysed = images
    plan = _report_plan(exam, reading, lesions, analysed)
    if plan is None:
        return
    if exam.number % 20 == 7:
        first = cad_report(exam, replace(
            plan, findings=(), composites=(), exam_score="", state="failed", instance=1
        ))  # fmt: skip
        first.ContentTime = first.SeriesTime = EARLIER
        plan = replace(plan, instance=2)
        yield Made(ds=first, kind="cad_sr", truth={"state": "failed", "exam_score": ""})
    ds = cad_report(exam, plan)
    truth = {"state": plan.state, "exam_score": plan.exam_score}
    for place, one in enumerate(plan.findings, start=1):
        percent = float(one.score) * (1 if one.score_unit == "%" else 100)
        findings.append(
            {
                "case_id": exam.study_uid,
                "report_id": ds.SOPInstanceUID,
                "mark_id": str(place),
                "image_id": shown[one.image].SOPInstanceUID,
                "analysed_image_id": analysed[one.image].SOPInstanceUID,
                "kind": one.kind,
                "x_px": one.x,
                "y_px": one.y,
                "outline": one.outline or "",
                "score": one.score,
                "score_unit": one.score_unit,
                "percent": round(percent, 1),
            }
        )
    yield Made(ds=ds, kind="cad_sr", truth=truth)


def _report_plan(
    exam: DemoExam, reading: Any, lesions: list[PlacedLesion], analysed: list[Dataset]
) -> CadPlan | None:
    """Return what the report of an examination says; None where the AI left no report."""
    complete = reading.status == "complete"
    found: tuple[Finding, ...] = ()
    composites: tuple[Composite, ...] = ()
    if complete:
        found, composites = findings_of(
            reading.rating,
            lesions,
            shape=(analysed[0].Rows, analysed[0].Columns),
            unit="1" if exam.number % 3 == 2 else "%",
            outline=exam.number,
            rng=np.random.default_rng([exam.seed, exam.number]),
        )
    state = _state(exam, reading.status, bool(found))
    if not state:
        return None
    return CadPlan(
        images=tuple(analysed),
        findings=found,
        composites=composites,
        state=state,
        exam_score=f"{reading.rating:.12g}" if complete else "",
        scheme=_scheme(exam),
        layout="flattened" if exam.number // 2 % 2 else "nested",
        image_by="value" if exam.number % 6 == 5 else "reference",
    )
