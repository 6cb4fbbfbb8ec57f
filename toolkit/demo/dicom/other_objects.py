"""What else lies in a study's folder: screenshots, presentation states, other reports."""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    EnhancedSRStorage,
    GrayscaleSoftcopyPresentationStateStorage,
    SecondaryCaptureImageStorage,
    XRayRadiationDoseSRStorage,
)

from toolkit.demo.dicom import content
from toolkit.demo.dicom.codes import MILLIMETRE, NO_UNITS, Code, dcm, snomed
from toolkit.demo.dicom.exam import DemoExam
from toolkit.demo.dicom.headers import new_object, reference_to
from toolkit.demo.dicom.pixels import text_pixels


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
