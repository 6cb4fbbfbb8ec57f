"""The attributes that an inventory reads, as one list: tag, keyword, value representation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Attribute:
    """One attribute as PS3.6 has it.

    Parameters
    ----------
    tag : int
        Group and element, ``0x00080060``.
    keyword : str
        The standard's own.
    vr : str
        Value representation; ``"SQ"`` for a sequence, of which the items are kept.
    """

    tag: int
    keyword: str
    vr: str


ATTRIBUTES = (
    Attribute(0x00080005, "SpecificCharacterSet", "CS"),
    Attribute(0x00080008, "ImageType", "CS"),
    Attribute(0x00080016, "SOPClassUID", "UI"),
    Attribute(0x00080018, "SOPInstanceUID", "UI"),
    Attribute(0x00080020, "StudyDate", "DA"),
    Attribute(0x00080022, "AcquisitionDate", "DA"),
    Attribute(0x00080023, "ContentDate", "DA"),
    Attribute(0x00080050, "AccessionNumber", "SH"),
    Attribute(0x00080060, "Modality", "CS"),
    Attribute(0x00080068, "PresentationIntentType", "CS"),
    Attribute(0x00080070, "Manufacturer", "LO"),
    Attribute(0x0008103E, "SeriesDescription", "LO"),
    Attribute(0x00081090, "ManufacturerModelName", "LO"),
    Attribute(0x00081115, "ReferencedSeriesSequence", "SQ"),
    Attribute(0x00081140, "ReferencedImageSequence", "SQ"),
    Attribute(0x00082112, "SourceImageSequence", "SQ"),
    Attribute(0x00100020, "PatientID", "LO"),
    Attribute(0x00101010, "PatientAge", "AS"),
    Attribute(0x00181114, "EstimatedRadiographicMagnificationFactor", "DS"),
    Attribute(0x00181164, "ImagerPixelSpacing", "DS"),
    Attribute(0x00185101, "ViewPosition", "CS"),
    Attribute(0x00187034, "FieldOfViewHorizontalFlip", "CS"),
    Attribute(0x0020000D, "StudyInstanceUID", "UI"),
    Attribute(0x0020000E, "SeriesInstanceUID", "UI"),
    Attribute(0x00200013, "InstanceNumber", "IS"),
    Attribute(0x00200020, "PatientOrientation", "CS"),
    Attribute(0x00200060, "Laterality", "CS"),
    Attribute(0x00200062, "ImageLaterality", "CS"),
    Attribute(0x00280004, "PhotometricInterpretation", "CS"),
    Attribute(0x00280008, "NumberOfFrames", "IS"),
    Attribute(0x00280010, "Rows", "US"),
    Attribute(0x00280011, "Columns", "US"),
    Attribute(0x00280030, "PixelSpacing", "DS"),
    Attribute(0x00280301, "BurnedInAnnotation", "CS"),
    Attribute(0x0040A375, "CurrentRequestedProcedureEvidenceSequence", "SQ"),
    Attribute(0x00540220, "ViewCodeSequence", "SQ"),
    Attribute(0x52009229, "SharedFunctionalGroupsSequence", "SQ"),
)

# What is read inside the sequences above.
NESTED = (
    Attribute(0x00080100, "CodeValue", "SH"),
    Attribute(0x00080102, "CodingSchemeDesignator", "SH"),
    Attribute(0x00080104, "CodeMeaning", "LO"),
    Attribute(0x00081150, "ReferencedSOPClassUID", "UI"),
    Attribute(0x00081155, "ReferencedSOPInstanceUID", "UI"),
    Attribute(0x00081115, "ReferencedSeriesSequence", "SQ"),
    Attribute(0x00081140, "ReferencedImageSequence", "SQ"),
    Attribute(0x00081199, "ReferencedSOPSequence", "SQ"),
    Attribute(0x0020000D, "StudyInstanceUID", "UI"),
    Attribute(0x0020000E, "SeriesInstanceUID", "UI"),
    Attribute(0x00209071, "FrameAnatomySequence", "SQ"),
    Attribute(0x00209072, "FrameLaterality", "CS"),
    Attribute(0x00280030, "PixelSpacing", "DS"),
    Attribute(0x00289110, "PixelMeasuresSequence", "SQ"),
    Attribute(0x00540222, "ViewModifierCodeSequence", "SQ"),
)
