"""The attributes that an inventory reads, as one list: tag, keyword, value representation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct, calcsize, unpack
from typing import Literal


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


Value = str | int | float | tuple[str, ...] | tuple[int, ...] | tuple[float, ...] | None


class BadValueError(ValueError):
    """A value that is not what its VR says; the message holds nothing of it."""


def plain_text(raw: bytes) -> Value:
    """Return text of a VR that has the default characters alone; None where it is empty."""
    text = raw.decode("latin-1").rstrip("\0 ")
    return tuple(text.split("\\")) if "\\" in text else text or None


def free_text(raw: bytes, character_sets: Sequence[str]) -> Value:
    """Return text in the character sets of the data set, each value without trailing blanks."""
    if not raw.isascii() or b"\x1b" in raw:
        return _other_text(raw, character_sets)
    if b"\\" in raw:
        return tuple(value.rstrip("\0 ") for value in raw.decode("ascii").split("\\"))
    return raw.decode("ascii").rstrip("\0 ") or None


def _other_text(raw: bytes, character_sets: Sequence[str]) -> Value:
    """Return text with characters beyond ASCII."""
    from pydicom.charset import convert_encodings
    from pydicom.values import convert_text

    text = convert_text(raw, convert_encodings(list(character_sets)))
    return text or None if isinstance(text, str) else tuple(text)


def decimal(raw: bytes) -> Value:
    """Return a decimal string as a number, or several."""
    return _numbers(raw, float)


def whole(raw: bytes) -> Value:
    """Return an integer string as a number, or several."""
    return _numbers(raw, _whole)


def _whole(text: str) -> int:
    """Return a whole number; some writers put ``1.0``."""
    number = float(text)
    if not number.is_integer():
        raise ValueError
    return int(number)


def _numbers(raw: bytes, number: Callable[[str], float]) -> Value:
    """Return one number or several; what is not a number is a bad value."""
    text = raw.decode("latin-1").strip("\0 ")
    if not text:
        return None
    try:
        if "\\" not in text:
            return number(text)
        return tuple(number(part) for part in text.split("\\"))
    except ValueError:
        raise BadValueError from None


def long_text(raw: bytes, character_sets: Sequence[str]) -> Value:
    """Return unlimited text, which a backslash does not part."""
    if raw.isascii() and b"\x1b" not in raw:
        return raw.decode("ascii").rstrip("\0 ") or None
    from pydicom.charset import convert_encodings
    from pydicom.values import convert_single_string

    return convert_single_string(raw, convert_encodings(list(character_sets))) or None


def packed(raw: bytes, *, form: str, big_endian: bool) -> Value:
    """Return numbers that are packed one behind the other, always as several."""
    size = calcsize(form)
    if len(raw) % size:
        raise BadValueError
    return unpack(f"{'>' if big_endian else '<'}{len(raw) // size}{form}", raw) or None


def unsigned_short(raw: bytes, *, big_endian: bool) -> Value:
    """Return a 16-bit number, or several."""
    if len(raw) == 2:
        return int.from_bytes(raw, "big" if big_endian else "little")
    if len(raw) % 2:
        raise BadValueError
    values = Struct(f"{'>' if big_endian else '<'}{len(raw) // 2}H").unpack(raw)
    return tuple(values) or None


Reason = Literal[
    "empty",
    "not_dicom",
    "cut_off",
    "unreadable",
    "dicomdir",
    "duplicate",
    "deflated_too_large",
    "nested_too_deep",
    "too_many_elements",
    "wrong_vr",
    "loop",
    "no_uid",
    "other",
]

REMEDIES: dict[Reason, str] = {
    "empty": "copy the file again from its source",
    "not_dicom": "nothing, if it is not meant to be a DICOM file; else export it again",
    "cut_off": "copy the file again from its source",
    "unreadable": "give the account that runs the scan the right to read it, or mend the disk",
    "dicomdir": "nothing: a DICOMDIR is an index, and the files that it names are read themselves",
    "duplicate": "nothing, if the copy is meant; else find out which of the two is right",
    "deflated_too_large": "export the object without deflation",
    "nested_too_deep": "export the object again; no mammography object nests so deep",
    "too_many_elements": "export the object again without its private elements",
    "wrong_vr": "export the object again with a conforming program",
    "loop": "nothing: what the link leads to is read where it lies",
    "no_uid": "export the object again; without its UIDs it belongs to no examination",
    "other": "try the file in another program, and report it if that one reads it",
}


class DicomFault(ValueError):  # noqa: N818 - one word with the faults of tables
    """A file that is no usable DICOM object.

    Parameters
    ----------
    reason : str
        One of the closed list.
    words : str
        What is wrong, without a value of the file: values may identify a patient.
    """

    def __init__(self, reason: Reason, words: str) -> None:
        super().__init__(words)
        self.reason: Reason = reason
        self.words = words


class Unusual(Exception):  # noqa: N818 - not a fault of the file, but of the fast way
    """Something that the fast walk leaves to pydicom."""
