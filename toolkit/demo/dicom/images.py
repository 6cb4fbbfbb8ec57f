"""Simulated mammograms: For Processing and For Presentation, synthetic 2D, tomosynthesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    BreastTomosynthesisImageStorage,
    CTImageStorage,
    DigitalMammographyXRayImageStorageForPresentation,
    DigitalMammographyXRayImageStorageForProcessing,
)

from toolkit.arrays import FloatArray
from toolkit.demo.dicom.exam import (
    Code,
    DemoExam,
    code_item,
    code_sequence,
    dcm,
    new_object,
    reference_to,
    snomed,
)

WHITE = 4095  # 12 bits

# One 3 x 5 picture per character, a row of bits for each line.
_GLYPHS = {
    "0": (7, 5, 5, 5, 7), "1": (2, 6, 2, 2, 7), "2": (7, 1, 7, 4, 7), "3": (7, 1, 7, 1, 7),
    "4": (5, 5, 7, 1, 1), "5": (7, 4, 7, 1, 7), "6": (7, 4, 7, 5, 7), "7": (7, 1, 1, 1, 1),
    "8": (7, 5, 7, 5, 7), "9": (7, 5, 7, 1, 7), ".": (0, 0, 0, 0, 2), "/": (1, 1, 2, 4, 4),
    " ": (0, 0, 0, 0, 0), "-": (0, 0, 7, 0, 0),
}  # fmt: skip


@lru_cache(maxsize=8)
def _texture(shape: tuple[int, int], seed: int) -> FloatArray:
    """Return noise whose amplitude falls with frequency to the power 1.5, as parenchyma's does.

    Burgess, Jacobson and Judy (2001), doi:10.1118/1.1355308: power falls with the third power.
    """
    rows, columns = shape
    frequency = np.hypot(
        (np.fft.fftfreq(rows) * rows)[:, np.newaxis], np.fft.rfftfreq(columns) * columns
    )
    amplitude = np.where(frequency >= 2, np.maximum(frequency, 2) ** -1.5, 0)
    white = np.random.default_rng(np.random.SeedSequence(seed)).standard_normal(shape)
    noise: FloatArray = np.fft.irfft2(np.fft.rfft2(white) * amplitude, s=shape)
    return noise / max(float(noise.std()), 1e-9)


@lru_cache(maxsize=8)
def _breast(shape: tuple[int, int], view: str, texture: int) -> FloatArray:
    """Return a breast between 0 and 1 whose chest wall is the left edge; air is 0."""
    rows, columns = shape
    y, x = np.ogrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j]
    noise = _texture(shape, texture)
    depth = 1 - (x / 0.85) ** 2 - ((y - 0.5) / 0.45) ** 2
    gland = np.exp(-(((x - 0.33) / 0.28) ** 2 + ((y - 0.48) / 0.27) ** 2))
    tissue = np.clip(0.16 + 0.05 * noise + gland * (0.16 + 0.1 * noise), 0.03, 1)
    breast: FloatArray = np.where(depth > 0, np.maximum(depth, 0) ** 0.25 * tissue, 0)
    if view == "MLO":  # the pectoral muscle, a triangle at the upper chest wall
        muscle = np.clip(8 * (1 - x / 0.42 - y / 0.62), 0, 1)
        breast = breast + 0.2 * muscle * (1 + 0.08 * noise)
    return breast


def breast_pixels(
    shape: tuple[int, int],
    *,
    chest_wall: str = "left",
    view: str = "CC",
    texture: int = 0,
    lesions: Sequence[tuple[float, float, float]] = (),
) -> NDArray[np.uint16]:
    """Return a breast as a reader sees it: air 0, dense tissue bright, at most 4095.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    chest_wall : {"left", "right"}
        Edge of the picture at which the chest wall is.
    view : {"CC", "MLO"}
        Projection: a mediolateral oblique one shows the pectoral muscle.
    texture : int
        Seed of the tissue, at least 0.
    lesions : sequence of (x, y, radius)
        Centres, in pixels from the left and from the top, and radii in pixels.

    Examples
    --------
    >>> picture = breast_pixels((64, 48), lesions=[(10, 32, 4)])
    >>> picture.dtype.name, int(picture[0, 47]), bool(picture[32, 10] > picture[20, 10])
    ('uint16', 0, True)
    """
    breast = _breast(shape, view, texture)
    if chest_wall == "right":
        breast = breast[:, ::-1]
    picture = WHITE * breast
    for x, y, radius in lesions:
        rows, columns = np.ogrid[: shape[0], : shape[1]]
        square = ((columns - x) ** 2 + (rows - y) ** 2) / max(radius, 1.0) ** 2
        picture = picture + 0.35 * WHITE * np.exp(-2 * square)
    return np.clip(np.rint(picture), 0, WHITE).astype(np.uint16)


def text_pixels(text: str, *, shape: tuple[int, int], size: int = 6) -> NDArray[np.uint8]:
    """Return a picture with digits in it, white on black; ``size`` is pixels per dot.

    Examples
    --------
    >>> int(text_pixels("8", shape=(40, 40)).max())
    255
    """
    glyphs = [_GLYPHS[character] for character in text]
    dots = np.zeros((7, 4 * len(text) + 1), dtype=np.uint8)
    for place, glyph in enumerate(glyphs):
        for row, bits in enumerate(glyph):
            for column in range(3):
                dots[row + 1, 4 * place + column + 1] = 255 * (bits >> (2 - column) & 1)
    large = np.kron(dots, np.ones((size, size), dtype=np.uint8))
    picture = np.zeros(shape, dtype=np.uint8)
    rows, columns = min(shape[0], large.shape[0]), min(shape[1], large.shape[1])
    picture[:rows, :columns] = large[:rows, :columns]
    return picture


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
    ds.ViewCodeSequence = Items([view])


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
    ds.AcquisitionContextSequence = Items()
    if intent == PRESENTATION:
        ds.WindowCenter, ds.WindowWidth = "2048", "4096"
        ds.SourceImageSequence = Items([_processing_source(exam, plan)])
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
    ds.SourceImageSequence = Items([item])
    return ds


SLICE_MM = 1.0


def _slices(plan: ImagePlan, frames: int) -> NDArray[np.uint16]:
    """Return slices of shape (frames, rows, columns): brightest in the middle of the breast."""
    depth = np.abs(np.linspace(-1, 1, frames)) if frames > 1 else np.zeros(1)
    faded = plan_pixels(plan)[None] * (1 - 0.5 * depth)[:, None, None]
    return faded.astype(np.uint16)


def _item(**attributes: object) -> Items:
    """Return a sequence of one item with these attributes."""
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return Items([item])


def _orientation(plan: ImagePlan) -> list[str]:
    """Return direction cosines of rows and columns; an oblique stack is turned by 45 degrees."""
    anterior = plan.orientation[0] == "A"
    left_down = plan.orientation[1].endswith("L")
    across, down = ("0.7071068", "-0.7071068") if plan.view == "MLO" else ("1", "0")
    return ["0", "-1" if anterior else "1", "0", across if left_down else f"-{across}", "0", down]


def _volume_matrix(ds: Dataset, plan: ImagePlan) -> None:
    """Describe the pixels: one sample of 12 bits, bright where tissue is dense."""
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.Rows, ds.Columns = plan.rows, plan.columns
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0


def tomosynthesis(exam: DemoExam, plan: ImagePlan, *, frames: int = 5) -> Dataset:
    """Return a multi-frame breast tomosynthesis object.

    Side and view are not where a mammogram has them: the side is Frame Laterality in the shared
    functional groups, and View Position is absent.

    Examples
    --------
    >>> volume = tomosynthesis(DemoExam(seed=1, number=1), ImagePlan(), frames=3)
    >>> int(volume.NumberOfFrames), "ImageLaterality" in volume, volume.pixel_array.shape
    (3, False, (3, 64, 48))
    """
    series = f"{plan.laterality} {plan.view} tomosynthesis"
    ds = new_object(exam, sop_class=BreastTomosynthesisImageStorage, modality="MG", series=series)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "TOMOSYNTHESIS", "NONE"]
    ds.AcquisitionContextSequence = Items()
    ds.FrameOfReferenceUID = exam.uid("frame of reference", plan.laterality, plan.view)
    ds.PositionReferenceIndicator = ""
    view = code_item(snomed(plan.view, plan.scheme))
    view.ViewModifierCodeSequence = Items()
    ds.ViewCodeSequence = Items([view])
    ds.BreastImplantPresent = "NO"
    _volume_description(ds)
    _dimensions(ds, exam)
    _volume_matrix(ds, plan)
    ds.NumberOfFrames = frames
    _functional_groups(ds, plan, frames)
    set_pixels(ds, _slices(plan, frames))
    return ds


def _volume_description(ds: Dataset) -> None:
    """Set what a reconstructed volume says of itself."""
    ds.PixelPresentation = "MONOCHROME"
    ds.VolumetricProperties = "VOLUME"
    ds.VolumeBasedCalculationTechnique = "TOMOSYNTHESIS"
    ds.ContentQualification = "RESEARCH"
    ds.PresentationLUTShape = "IDENTITY"
    ds.LossyImageCompression = "00"
    ds.BurnedInAnnotation = "NO"
    ds.RecognizableVisualFeatures = "NO"
    ds.BodyPartExamined = "BREAST"


def _dimensions(ds: Dataset, exam: DemoExam) -> None:
    """Say that the frames are ordered by stack position."""
    uid = exam.uid("dimensions")
    ds.DimensionOrganizationSequence = _item(DimensionOrganizationUID=uid)
    indices = []
    for pointer in (0x00209056, 0x00209057):  # Stack ID, In-Stack Position Number
        (index,) = _item(
            DimensionIndexPointer=pointer,
            FunctionalGroupPointer=0x00209111,  # Frame Content Sequence
            DimensionOrganizationUID=uid,
        )
        indices.append(index)
    ds.DimensionIndexSequence = Items(indices)


def _functional_groups(ds: Dataset, plan: ImagePlan, frames: int) -> None:
    """Set what all frames share and what each has for itself."""
    spacing = f"{plan.pixel_spacing_mm:.6g}"
    (shared,) = _item(
        PixelMeasuresSequence=_item(PixelSpacing=[spacing, spacing], SliceThickness=str(SLICE_MM)),
        PlaneOrientationSequence=_item(ImageOrientationPatient=_orientation(plan)),
        FrameAnatomySequence=_item(
            AnatomicRegionSequence=code_sequence(snomed("breast", plan.scheme)),
            FrameLaterality=plan.laterality,
        ),
        FrameVOILUTSequence=_item(WindowCenter="2048", WindowWidth="4096"),
        PixelValueTransformationSequence=_item(
            RescaleIntercept="0", RescaleSlope="1", RescaleType="US"
        ),
    )
    ds.SharedFunctionalGroupsSequence = Items([shared])
    per_frame = []
    for number in range(1, frames + 1):
        (group,) = _item(
            FrameContentSequence=_item(
                FrameAcquisitionNumber=1,
                FrameReferenceDateTime=ds.StudyDate + ds.StudyTime,
                FrameAcquisitionDateTime=ds.StudyDate + ds.StudyTime,
                FrameAcquisitionDuration=4000.0,
                StackID="1",
                InStackPositionNumber=number,
                DimensionIndexValues=[1, number],
            ),
            PlanePositionSequence=_item(ImagePositionPatient=["0", "0", str(number * SLICE_MM)]),
            XRay3DFrameTypeSequence=_item(
                FrameType=["ORIGINAL", "PRIMARY", "TOMOSYNTHESIS", "NONE"],
                PixelPresentation="MONOCHROME",
                VolumetricProperties="VOLUME",
                VolumeBasedCalculationTechnique="TOMOSYNTHESIS",
            ),
        )
        per_frame.append(group)
    ds.PerFrameFunctionalGroupsSequence = Items(per_frame)


def tomosynthesis_slices(
    exam: DemoExam, plan: ImagePlan, *, frames: int = 3, modality: str = "CT"
) -> list[Dataset]:
    """Return slices as files of their own, in the form of before the multi-frame object.

    The class is CT Image, of which the standard wants Modality CT; some systems wrote MG, so it
    is an argument. Only Image Type, laterality and view say what these are.

    Examples
    --------
    >>> slices = tomosynthesis_slices(DemoExam(seed=1, number=1), ImagePlan())
    >>> [int(ds.InstanceNumber) for ds in slices], slices[0].Modality
    ([1, 2, 3], 'CT')
    """
    series = f"{plan.laterality} {plan.view} tomosynthesis slices"
    spacing = f"{plan.pixel_spacing_mm:.6g}"
    objects = []
    for number, pixels in enumerate(_slices(plan, frames), start=1):
        ds = new_object(
            exam, sop_class=CTImageStorage, modality=modality, series=series, instance=number
        )
        ds.ImageType = ["DERIVED", "PRIMARY", "TOMO", "NONE"]
        ds.AcquisitionDate, ds.AcquisitionTime, ds.AcquisitionNumber = (
            ds.StudyDate, ds.StudyTime, 1,
        )  # fmt: skip
        ds.BodyPartExamined = "BREAST"
        ds.ImageLaterality = plan.laterality
        ds.ViewPosition = plan.view
        ds.PatientPosition = ""
        ds.FrameOfReferenceUID = exam.uid("frame of reference", plan.laterality, plan.view)
        ds.PositionReferenceIndicator = ""
        ds.PixelSpacing = [spacing, spacing]
        ds.SliceThickness = str(SLICE_MM)
        ds.ImageOrientationPatient = _orientation(plan)
        ds.ImagePositionPatient = ["0", "0", str(number * SLICE_MM)]
        ds.KVP = "29"
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
        ds.LossyImageCompression, ds.BurnedInAnnotation = "00", "NO"
        _volume_matrix(ds, plan)
        set_pixels(ds, pixels)
        objects.append(ds)
    return objects
