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
    as_written : bool
        Keep a number as the text that stands in the file.
    """

    tag: int
    keyword: str
    vr: str
    as_written: bool = False


@dataclass(frozen=True, eq=False)
class Selection:
    """What is read of a data set, and of the items of its sequences.

    Parameters
    ----------
    top : tuple of Attribute
        Of the data set itself.
    nested : tuple of Attribute
        Of every item at every depth.
    """

    top: tuple[Attribute, ...]
    nested: tuple[Attribute, ...]


_HEADER = (
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
_HEADER_ITEMS = (
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

HEADER = Selection(_HEADER, _HEADER_ITEMS)

_CODE = (
    Attribute(0x00080100, "CodeValue", "SH"),
    Attribute(0x00080102, "CodingSchemeDesignator", "SH"),
    Attribute(0x00080104, "CodeMeaning", "LO"),
    Attribute(0x00080119, "LongCodeValue", "UC"),
)
_CONTENT = (
    Attribute(0x0040A040, "ValueType", "CS"),
    Attribute(0x0040A043, "ConceptNameCodeSequence", "SQ"),
    Attribute(0x0040A730, "ContentSequence", "SQ"),
)
# Persons are not read: nothing in the tables may name one.
REPORT = Selection(
    (
        Attribute(0x00080005, "SpecificCharacterSet", "CS"),
        Attribute(0x00080016, "SOPClassUID", "UI"),
        Attribute(0x00080018, "SOPInstanceUID", "UI"),
        Attribute(0x00080023, "ContentDate", "DA"),
        Attribute(0x00080033, "ContentTime", "TM"),
        Attribute(0x00080070, "Manufacturer", "LO"),
        Attribute(0x00081090, "ManufacturerModelName", "LO"),
        Attribute(0x00181020, "SoftwareVersions", "LO"),
        Attribute(0x0020000D, "StudyInstanceUID", "UI"),
        *_CONTENT,
        Attribute(0x0040A491, "CompletionFlag", "CS"),
        Attribute(0x0040A504, "ContentTemplateSequence", "SQ"),
    ),
    (
        *_CODE,
        Attribute(0x00081150, "ReferencedSOPClassUID", "UI"),
        Attribute(0x00081155, "ReferencedSOPInstanceUID", "UI"),
        Attribute(0x00081160, "ReferencedFrameNumber", "IS"),
        Attribute(0x00081199, "ReferencedSOPSequence", "SQ"),
        Attribute(0x004008EA, "MeasurementUnitsCodeSequence", "SQ"),
        *_CONTENT,
        Attribute(0x0040A010, "RelationshipType", "CS"),
        Attribute(0x0040A121, "Date", "DA"),
        Attribute(0x0040A122, "Time", "TM"),
        Attribute(0x0040A124, "UID", "UI"),
        Attribute(0x0040A160, "TextValue", "UT"),
        Attribute(0x0040A168, "ConceptCodeSequence", "SQ"),
        Attribute(0x0040A300, "MeasuredValueSequence", "SQ"),
        Attribute(0x0040A30A, "NumericValue", "DS", as_written=True),
        Attribute(0x0040A504, "ContentTemplateSequence", "SQ"),
        Attribute(0x0040DB00, "TemplateIdentifier", "CS"),
        Attribute(0x0040DB73, "ReferencedContentItemIdentifier", "UL"),
        Attribute(0x00700022, "GraphicData", "FL"),
        Attribute(0x00700023, "GraphicType", "CS"),
    ),
)
