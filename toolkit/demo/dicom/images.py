"""Digital mammograms, For Processing and For Presentation, and the synthetic 2D image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
)

from toolkit.demo.dicom.codes import Code, code_item, code_sequence, dcm, snomed
from toolkit.demo.dicom.exam import DemoExam
from toolkit.demo.dicom.headers import new_object, reference_to
from toolkit.demo.dicom.pixels import WHITE, breast_pixels

PRESENTATION, PROCESSING = "FOR PRESENTATION", "FOR PROCESSING"
_SOP_CLASS = {
    PRESENTATION: DigitalMammographyXRayImageStorageForPresentation,
    PROCESSING: DigitalMammographyXRayImageStorageForProcessing,
}
# Direction of rows and of columns with the chest wall at the outer edge of the usual display:
# a left breast left edge (rows run to anterior), a right breast right edge (to posterior).
_COLUMN_DIRECTION = {("L", "CC"): "R", ("R", "CC"): "L", ("L", "MLO"): "FR", ("R", "MLO"): "FL"}


@dataclass(frozen=True, kw_only=True)
class ImagePlan:
    """How one mammogram is to look.

    Parameters
    ----------
    laterality : {"L", "R"}
        Breast.
    view : {"CC", "MLO"}
        Projection.
    rows, columns : int
        Size of the matrix.
    pixel_spacing_mm : float
        At the detector: Imager Pixel Spacing.
    photometric : {"MONOCHROME1", "MONOCHROME2"}
        Whether 0 is white (1) or black (2).
    flipped : bool
        The picture is mirrored, as Patient Orientation and Field of View Horizontal Flip say.
    magnified : bool
        A magnification view, factor 1.8.
    scheme : {"SCT", "SRT"}
        Coding scheme of view and anatomy.
    lesions : tuple of (x, y, radius)
        In pixels of this matrix, x and y from the left and from the top.
    texture : int
        Seed of the tissue.
    """

    laterality: str = "L"
    view: str = "CC"
    rows: int = 64
    columns: int = 48
    pixel_spacing_mm: float = 0.085
    photometric: str = "MONOCHROME2"
    flipped: bool = False
    magnified: bool = False
    scheme: str = "SCT"
    lesions: tuple[tuple[float, float, float], ...] = ()
    texture: int = 0

    @property
    def orientation(self) -> list[str]:
        """Patient Orientation: where rows and columns run to."""
        anterior = (self.laterality == "L") != self.flipped
        return ["A" if anterior else "P", _COLUMN_DIRECTION[self.laterality, self.view]]

    @property
    def chest_wall(self) -> str:
        """Edge of the picture with the chest wall."""
        return "left" if self.orientation[0] == "A" else "right"


def series_name(intent: str, plan: ImagePlan) -> str:
    """Return the name of the series of one image, ``R MLO for presentation``."""
    return f"{plan.laterality} {plan.view} {intent.lower()}"


def _anatomy(ds: Dataset, plan: ImagePlan) -> None:
    """Set breast, side and view in every place the module has for them."""
    ds.BodyPartExamined = "BREAST"
    ds.AnatomicRegionSequence = code_sequence(snomed("breast", plan.scheme))
    ds.ImageLaterality = plan.laterality
    ds.OrganExposed = "BREAST"
    ds.ViewPosition = plan.view
    view = code_item(snomed(plan.view, plan.scheme))
    magnification = Code("399163009", "SCT", "Magnification")
    if plan.scheme == "SRT":
        magnification = Code("R-102D6", "SRT", "Magnification")
    view.ViewModifierCodeSequence = code_sequence(*[magnification] * plan.magnified)
    ds.ViewCodeSequence = Sequence([view])


def _geometry(ds: Dataset, plan: ImagePlan) -> None:
    """Set detector, positioner and the orientation of the picture."""
    spacing = f"{plan.pixel_spacing_mm:.6g}"
    ds.DetectorType = "DIRECT"
    ds.ImagerPixelSpacing = [spacing, spacing]
    ds.FieldOfViewOrigin = ["0", "0"]
    ds.FieldOfViewRotation = "0"
    ds.FieldOfViewHorizontalFlip = "YES" if plan.flipped else "NO"
    ds.PositionerType = "MAMMOGRAPHIC"
    ds.PositionerPrimaryAngle = "0" if plan.view == "CC" else "45"
    ds.DistanceSourceToDetector = "648"
    if plan.magnified:
        ds.DistanceSourceToPatient = "360"
        ds.EstimatedRadiographicMagnificationFactor = "1.8"
    ds.PatientOrientation = plan.orientation
    ds.KVP, ds.BodyPartThickness, ds.CompressionForce = "29", "55", "100"


def _matrix(ds: Dataset, plan: ImagePlan) -> None:
    """Describe the pixels: one sample of 12 bits."""
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = plan.photometric
    ds.Rows, ds.Columns = plan.rows, plan.columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0


def mammogram(exam: DemoExam, plan: ImagePlan, *, intent: str = PRESENTATION) -> Dataset:
    """Return a digital mammogram.

    Parameters
    ----------
    exam : DemoExam
        Whose it is.
    plan : ImagePlan
        How it looks.
    intent : {"FOR PRESENTATION", "FOR PROCESSING"}
        Presentation Intent Type. The image for presentation names the one for processing of the
        same exam and plan as its source.

    Examples
    --------
    >>> image = mammogram(DemoExam(seed=1, number=1), ImagePlan(laterality="R", view="MLO"))
    >>> image.ViewPosition, list(image.PatientOrientation), image.pixel_array.shape
    ('MLO', ['P', 'FL'], (64, 48))
    """
    series = series_name(intent, plan)
    ds = new_object(exam, sop_class=_SOP_CLASS[intent], modality="MG", series=series)
    ds.PresentationIntentType = intent
    ds.ImageType = ["ORIGINAL" if intent == PROCESSING else "DERIVED", "PRIMARY", ""]
    ds.AcquisitionDate, ds.AcquisitionTime = ds.StudyDate, ds.StudyTime
    _anatomy(ds, plan)
    _geometry(ds, plan)
    _matrix(ds, plan)
    ds.PixelIntensityRelationship = "LIN" if intent == PROCESSING else "LOG"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    inverted = plan.photometric == "MONOCHROME1"
    ds.PresentationLUTShape = "INVERSE" if inverted else "IDENTITY"
    # -1: higher values mean less radiation, as where dense tissue is bright.
    ds.PixelIntensityRelationshipSign = 1 if inverted else -1
    ds.LossyImageCompression = "00"
    ds.BurnedInAnnotation = "NO"
    ds.AcquisitionContextSequence = Sequence()
    if intent == PRESENTATION:
        ds.WindowCenter, ds.WindowWidth = "2048", "4096"
        ds.SourceImageSequence = Sequence([_processing_source(exam, plan)])
    set_pixels(ds, plan_pixels(plan))
    return ds


def _processing_source(exam: DemoExam, plan: ImagePlan) -> Dataset:
    """Return the reference to the image for processing of the same exposure."""
    item = Dataset()
    item.ReferencedSOPClassUID = _SOP_CLASS[PROCESSING]
    item.ReferencedSOPInstanceUID = exam.uid(series_name(PROCESSING, plan), 1)
    item.SpatialLocationsPreserved = "YES"
    item.PurposeOfReferenceCodeSequence = code_sequence(
        dcm("121322", "Source image for image processing operation")
    )
    return item


def plan_pixels(plan: ImagePlan) -> NDArray[np.uint16]:
    """Return the pixels of a plan as they are stored."""
    pixels = breast_pixels(
        (plan.rows, plan.columns),
        chest_wall=plan.chest_wall,
        view=plan.view,
        texture=plan.texture,
        lesions=plan.lesions,
    )
    if plan.photometric == "MONOCHROME1":
        pixels = (WHITE - pixels).astype(np.uint16)
    return pixels


def set_pixels(ds: Dataset, pixels: NDArray[np.uint16]) -> None:
    """Store pixels, little endian; the writer swaps them where a syntax wants it."""
    ds.PixelData = pixels.astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"


def synthetic_2d(exam: DemoExam, plan: ImagePlan, *, volume: Dataset) -> Dataset:
    """Return the 2D image that was made from a tomosynthesis volume: derived, for presentation.

    It looks like a mammogram and must not be taken for one of its own exposure.
    """
    ds = mammogram(exam, plan)
    series = f"{plan.laterality} {plan.view} synthetic 2D"
    ds.SOPInstanceUID = exam.uid(series, 1)
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.SeriesInstanceUID = exam.uid("series", series)
    ds.SeriesDescription = series
    ds.SeriesNumber = 1 + sum(series.encode()) % 9000
    ds.ImageType = ["DERIVED", "PRIMARY", "", "GENERATED_2D"]
    ds.DerivationDescription = "2D image from tomosynthesis"
    item = reference_to(volume)
    item.PurposeOfReferenceCodeSequence = code_sequence(
        dcm("121322", "Source image for image processing operation")
    )
    ds.SourceImageSequence = Sequence([item])
    return ds
