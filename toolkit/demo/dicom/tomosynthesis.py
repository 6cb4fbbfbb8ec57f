"""Tomosynthesis: the multi-frame object, and slices one by one as older systems store them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import BreastTomosynthesisImageStorage, CTImageStorage

from toolkit.demo.dicom.codes import code_item, code_sequence, snomed
from toolkit.demo.dicom.exam import DemoExam
from toolkit.demo.dicom.headers import new_object
from toolkit.demo.dicom.images import ImagePlan, plan_pixels, set_pixels

SLICE_MM = 1.0


def _slices(plan: ImagePlan, frames: int) -> NDArray[np.uint16]:
    """Return slices of shape (frames, rows, columns): brightest in the middle of the breast."""
    depth = np.abs(np.linspace(-1, 1, frames)) if frames > 1 else np.zeros(1)
    faded = plan_pixels(plan)[None] * (1 - 0.5 * depth)[:, None, None]
    return faded.astype(np.uint16)


def _item(**attributes: object) -> Sequence:
    """Return a sequence of one item with these attributes."""
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return Sequence([item])


def _orientation(plan: ImagePlan) -> list[str]:
    """Return direction cosines of rows and columns; an oblique stack is turned by 45 degrees."""
    anterior = plan.orientation[0] == "A"
    left_down = plan.orientation[1].endswith("L")
    across, down = ("0.7071068", "-0.7071068") if plan.view == "MLO" else ("1", "0")
    return ["0", "-1" if anterior else "1", "0", across if left_down else f"-{across}", "0", down]


def _matrix(ds: Dataset, plan: ImagePlan) -> None:
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
    ds.AcquisitionContextSequence = Sequence()
    ds.FrameOfReferenceUID = exam.uid("frame of reference", plan.laterality, plan.view)
    ds.PositionReferenceIndicator = ""
    view = code_item(snomed(plan.view, plan.scheme))
    view.ViewModifierCodeSequence = Sequence()
    ds.ViewCodeSequence = Sequence([view])
    ds.BreastImplantPresent = "NO"
    _volume_description(ds)
    _dimensions(ds, exam)
    _matrix(ds, plan)
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
    ds.DimensionIndexSequence = Sequence(indices)


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
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
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
    ds.PerFrameFunctionalGroupsSequence = Sequence(per_frame)


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
        _matrix(ds, plan)
        set_pixels(ds, pixels)
        objects.append(ds)
    return objects
