"""One object: its bytes in, the bytes of its de-identified copy out."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from toolkit.readers.dicom.deidentify import pixel_data
from toolkit.readers.dicom.deidentify.keep_list import WORDS, Kept, keep_list, refusal, silent
from toolkit.readers.dicom.deidentify.key import UUID_ROOT, day_offset, moves_with, patient_of
from toolkit.readers.dicom.deidentify.pixel_data import encoded_file
from toolkit.readers.dicom.deidentify.values import (
    REMOVED,
    TEXT_ACTIONS,
    UNLISTED,
    Context,
    kept_code,
    name,
    number,
    pointer,
    table,
    version,
)
from toolkit.readers.dicom.scan.attributes import DicomFault
from toolkit.readers.dicom.scan.header import BIG_ENDIAN, IMPLICIT, Header, read_header

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_COMMENT: Final = ("DCM", "121106", "Comment")
_TRACKING_UID: Final = ("DCM", "112040")
# What an item of each type must still hold to say anything; texts, names and UIDs are judged below.
_VALUES: Final = {
    "CODE": "ConceptCodeSequence",
    "NUM": "MeasuredValueSequence",
    "SCOORD": "GraphicData",
    "SCOORD3D": "GraphicData",
    "IMAGE": "ReferencedSOPSequence",
    "COMPOSITE": "ReferencedSOPSequence",
    "WAVEFORM": "ReferencedSOPSequence",
    "DATE": "Date",
    "TIME": "Time",
    "DATETIME": "DateTime",
    "CONTAINER": "ContinuityOfContent",
}


def finish_item(item: Dataset, cleaned: Dataset, context: Context) -> None:
    """Give a cleaned content item its text, or make a placeholder of it.

    Parameters
    ----------
    item : Dataset
        As in the file.
    cleaned : Dataset
        What the keep list leaves of it, changed here.
    context : Context
        What values depend on.
    """
    if "ReferencedContentItemIdentifier" in cleaned:
        return
    kind = str(cleaned.get("ValueType", ""))
    concept = _concept(item)
    if concept in context.keep.replaced:
        _replace(cleaned, context)
    elif kind == "TEXT" and (text := _kept_text(item, concept, context)):
        cleaned.TextValue = text
    elif kind == "UIDREF" and concept == _TRACKING_UID:
        cleaned.UID = context.uid(str(item.get("UID", "")))
    elif _VALUES.get(kind, "") not in cleaned:
        _replace(cleaned, context)


def _concept(item: Dataset) -> tuple[str, str]:
    """Return scheme and value of the name of an item, as in the file."""
    names = item.get("ConceptNameCodeSequence") or [{}]
    return (
        str(names[0].get("CodingSchemeDesignator", "")).strip(),
        str(names[0].get("CodeValue", "")).strip(),
    )


def _kept_text(item: Dataset, concept: tuple[str, str], context: Context) -> str:
    """Return the text of an item where the keep list has a rule for it; empty where not."""
    rule = context.keep.texts.get(concept)
    text = str(item.get("TextValue", "")).strip(" \0")
    if rule is None:
        return ""
    if rule == "name":
        return name(text, context)
    if rule == "version":
        return version(text, context)
    return text if not isinstance(rule, str) and rule.fullmatch(text) else ""


def _replace(cleaned: Dataset, context: Context) -> None:
    """Make an item a text that says nothing, in its place and with what is below it."""
    for keyword in (*set(_VALUES.values()), "ReferencedFrameOfReferenceUID", "GraphicType"):
        if keyword in cleaned:
            del cleaned[keyword]
    names = cleaned.get("ConceptNameCodeSequence")
    if not names or names[0].get("CodingSchemeDesignator") == UNLISTED:
        cleaned.ConceptNameCodeSequence = [code_item(*_COMMENT, context)]
    cleaned.ValueType = "TEXT"
    cleaned.TextValue = REMOVED


METHOD: Final = "reader-study-toolkit keep list 1"
# CID 7050; what of the standard's options the keep list follows.
_PROFILE: Final = (
    ("DCM", "113100", "Basic Application Confidentiality Profile"),
    ("DCM", "113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("DCM", "113108", "Retain Patient Characteristics Option"),
)
_CLEAN_REPORT: Final = ("DCM", "113104", "Clean Structured Content Option")
_CODE_KEYWORDS: Final = ("CodeValue", "LongCodeValue", "URNCodeValue")
_LONGEST_CODE: Final = 16
_UNDEFINED: Final = 0xFFFFFFFF


@dataclass(frozen=True, kw_only=True)
class Options:
    """How objects are de-identified; the same for all of one copy.

    Parameters
    ----------
    key : bytes
        Secret that UIDs, pseudonyms and dates follow from.
    admit : frozenset of str
        Refusals taken back: burned_in, burned_in_unknown, secondary_capture.
    known : Path, optional
        File of names and codes that are written as they are.
    uid_root : str
        Root of the UIDs.
    """

    key: bytes = field(repr=False)
    admit: frozenset[str] = frozenset()
    known: Path | None = None
    uid_root: str = UUID_ROOT


@dataclass(frozen=True, kw_only=True, eq=False)
class Copy:
    """A de-identified object, or why there is none.

    Parameters
    ----------
    data : bytes
        A DICOM file; empty where the object is refused.
    path : str
        ``study/series/instance.dcm``, all by their new UIDs.
    reason, words : str
        Why it is refused; empty where it is not.
    patient : str
        Pseudonym of the patient.
    days : int
        By how many days the dates were moved.
    """

    data: bytes = field(default=b"", repr=False)
    path: str = ""
    reason: str = ""
    words: str = ""
    patient: str = ""
    days: int = 0


def deidentified(data: bytes, options: Options) -> Copy:
    """Return the de-identified copy of one DICOM file, or why it is refused.

    Parameters
    ----------
    data : bytes
        The whole file.
    options : Options
        Key and choices.

    Notes
    -----
    Nothing of the file is copied unless the keep list names it: preamble, file meta information,
    private attributes, overlays, curves, icons, comments and padding are not there any more. What
    is in the picture is not looked at.
    """
    try:
        with silent():
            return _copy(data, options)
    except DicomFault as fault:
        return Copy(reason=fault.reason, words=fault.words)
    except (RecursionError, MemoryError):
        return Copy(reason="nested_too_deep", words="sequences nested deeper than can be read")
    # pydicom raises what its many parts raise; a message may hold a value, the class does not.
    except Exception as error:
        return Copy(reason="other", words=f"cannot be read ({type(error).__name__})")


def _copy(data: bytes, options: Options) -> Copy:
    """Read, judge and write one object."""
    import pydicom

    header = read_header(lambda at, length: data[at : at + length], len(data))
    keep = keep_list(options.known)
    reason = refusal(header, keep, options.admit)
    if reason:
        return Copy(reason=reason, words=WORDS[reason])
    context = Context(
        keep=keep,
        key=options.key,
        patient=patient_of(header, options.key),
        days=day_offset(options.key, moves_with(header)),
        uid_root=options.uid_root,
        implicit_vr=header.transfer_syntax == IMPLICIT,
        little_endian=header.transfer_syntax != BIG_ENDIAN,
    )
    source = pydicom.dcmread(io.BytesIO(data))
    _refuse_hidden_overlay(source, header)
    ds = cleaned(source, context)
    _finish(ds, header, context)
    path = "/".join((ds.StudyInstanceUID, ds.SeriesInstanceUID, f"{ds.SOPInstanceUID}.dcm"))
    return Copy(
        data=encoded_file(ds, header.transfer_syntax),
        path=path,
        patient=context.patient,
        days=context.days,
    )


def _refuse_hidden_overlay(source: Dataset, header: Header) -> None:
    """Refuse an overlay inside compressed pixels: it cannot be taken out without decoding."""
    compressed = header.has_pixels and source.file_meta.TransferSyntaxUID.is_encapsulated
    for group in range(0x6000, 0x6020, 2):
        if compressed and (group, 0x0010) in source and (group, 0x3000) not in source:
            raise DicomFault("overlay_in_pixels", WORDS["overlay_in_pixels"])  # type: ignore[arg-type]


def cleaned(source: Dataset, context: Context) -> Dataset:
    """Return what the keep list leaves of a data set or of an item of a sequence."""
    ds = _new_dataset(context)
    # As read: what pydicom has decoded cannot be told from what it made of a bad value.
    elements = {int(tag): source.get_item(tag) for tag in source.keys()}  # noqa: SIM118
    for tag, element in elements.items():
        kept = context.keep.attributes.get(tag)
        if kept is None:
            continue
        if kept.vr == "SQ":
            _keep_items(source, ds, tag, kept, context)
        else:
            _keep_value(source, ds, element, kept, context)
    if any(keyword in source for keyword in _CODE_KEYWORDS):
        ds.update(_cleaned_code(source, context))
    return ds


def _new_dataset(context: Context) -> Dataset:
    """Return an empty data set of the file's encoding."""
    from pydicom.charset import default_encoding
    from pydicom.dataset import Dataset

    ds = Dataset()
    # All that is written is ASCII in the file's order of bytes: pydicom need not decode it.
    ds.set_original_encoding(context.implicit_vr, context.little_endian, default_encoding)
    return ds


def _keep_value(source: Dataset, ds: Dataset, element: Any, kept: Kept, context: Context) -> None:
    """Write one attribute as its action says, if its VR is one that the standard gives it."""
    allowed = kept.vr.split(" or ")
    vr = allowed[0] if element.VR in (None, "UN") else element.VR
    swapped = getattr(element, "is_little_endian", None) is not context.little_endian
    if vr not in allowed or (swapped and kept.action in _BINARY):
        return
    value = element.value or b""
    if not isinstance(value, bytes):
        return
    if kept.action == "pixels":
        _write_pixels(source, ds, element.tag, vr, value, context)
        return
    new: bytes | None
    if kept.action == "number":
        new = number(value, vr, kept.most, little_endian=context.little_endian)
    elif kept.action == "table":
        new = table(value, vr, little_endian=context.little_endian)
    elif kept.action == "pointer":
        new = pointer(value, little_endian=context.little_endian)
    else:
        text = TEXT_ACTIONS[kept.action](value.decode("latin-1"), kept, context)
        new = None if text is None else text.encode("ascii", "ignore")
    if new is not None:
        _write(ds, element.tag, vr, new, context)


_BINARY: Final = frozenset(("number", "table", "pointer", "pixels"))


def _keep_items(source: Dataset, ds: Dataset, tag: int, kept: Kept, context: Context) -> None:
    """Write a sequence, each item by the same rules."""
    from pydicom.sequence import Sequence

    element = source[tag]
    if element.VR != "SQ":
        return
    items = []
    for item in element.value or ():
        new = cleaned(item, context)
        if kept.action == "content":
            finish_item(item, new, context)
        items.append(new)
    ds.add_new(tag, "SQ", Sequence(items))


def _write(
    ds: Dataset, tag: int, vr: str, value: bytes, context: Context, *, undefined: bool = False
) -> None:
    """Add an element as bytes, of even length."""
    from pydicom.dataelem import RawDataElement
    from pydicom.tag import BaseTag

    if len(value) % 2:
        value += b"\0" if vr == "UI" else b" "
    length = _UNDEFINED if undefined else len(value)
    ds[tag] = RawDataElement(
        BaseTag(tag), vr, length, value, 0, context.implicit_vr, context.little_endian
    )


def _cleaned_code(source: Dataset, context: Context) -> Dataset:
    """Return the code of an item, known or by keyed hash, with the dictionary's meaning."""
    value = next(str(source[keyword].value) for keyword in _CODE_KEYWORDS if keyword in source)
    scheme = str(source.get("CodingSchemeDesignator", "")).strip(" \0")
    code = kept_code(context.keep, context.key, scheme, value.strip(" \0"))
    return code_item(*code, context)


def code_item(scheme: str, value: str, meaning: str, context: Context) -> Dataset:
    """Return the item of a code sequence."""
    ds = _new_dataset(context)
    if len(value) > _LONGEST_CODE:
        _write(ds, 0x00080119, "UC", value.encode(), context)
    else:
        _write(ds, 0x00080100, "SH", value.encode(), context)
    _write(ds, 0x00080102, "SH", scheme.encode(), context)
    _write(ds, 0x00080104, "LO", meaning.encode("ascii", "ignore"), context)
    return ds


def _write_pixels(
    source: Dataset, ds: Dataset, tag: int, vr: str, value: bytes, context: Context
) -> None:
    """Write the pixels that the header describes."""
    syntax = source.file_meta.TransferSyntaxUID
    if syntax.is_encapsulated:
        new = pixel_data.compressed(value, str(syntax), source)
        _write(ds, tag, "OB", new, context, undefined=True)
    else:
        new = pixel_data.native(value, source, little_endian=context.little_endian)
        _write(ds, tag, vr, new, context)


def _finish(ds: Dataset, header: Header, context: Context) -> None:
    """Say that and how the object was de-identified, and what follows from it."""
    from pydicom.sequence import Sequence

    report = header.text("SOPClassUID").startswith("1.2.840.10008.5.1.4.1.1.88.")
    if report:
        ds.VerificationFlag = "UNVERIFIED"  # who verified it is not kept
    structured = report or bool(ds.get("AcquisitionContextSequence"))
    codes = (*_PROFILE, _CLEAN_REPORT) if structured else _PROFILE
    ds.PatientIdentityRemoved = "YES"
    ds.DeidentificationMethod = METHOD
    ds.DeidentificationMethodCodeSequence = Sequence([code_item(*code, context) for code in codes])
    ds.LongitudinalTemporalInformationModified = "MODIFIED"
