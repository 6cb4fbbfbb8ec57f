"""The header of a file -> one row of the inventory: what kind of object it is and what it shows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Final, Literal

from toolkit.readers.dicom.scan.attributes import DicomFault
from toolkit.readers.dicom.scan.header import Header, Nested

# PS3.16 CID 4014, value in SRT (also written SNM3 and 99SDM) and in SCT.
_VIEW_CODES: Final = {
    ("R-10242", "399162004"): "CC",
    ("R-10226", "399368009"): "MLO",
    ("R-10224", "399260004"): "ML",
    ("R-10228", "399352003"): "LM",
    ("R-10230", "399099002"): "LMO",
    ("R-1024A", "399192008"): "XCCL",
    ("R-1024B", "399101009"): "XCCM",
    ("R-10244", "399196006"): "FB",
    ("R-102D0", "399188001"): "SIO",
    ("R-40AAA", "441555000"): "ISO",
    ("G-8310", "127457009"): "SPECIMEN",
}
# PS3.16 CID 4015.
_MODIFIER_CODES: Final = {
    ("P2-00161", "441752004"): "anterior compression",
    ("R-102D1", "399011000"): "axillary tail",
    ("R-40AB2", "442580003"): "axillary tissue",
    ("R-102D2", "399161006"): "cleavage",
    ("R-102D5", "399209000"): "implant displaced",
    ("R-40ABE", "442593008"): "infra-mammary fold",
    ("R-102D6", "399163009"): "magnification",
    ("R-40AB3", "442581004"): "nipple in profile",
    ("R-102CA", "414493004"): "rolled inferior",
    ("R-102D3", "399197002"): "rolled lateral",
    ("R-102D4", "399226006"): "rolled medial",
    ("R-102C9", "415670009"): "rolled superior",
    ("R-102D7", "399055006"): "spot compression",
    ("R-102C2", "399110001"): "tangential",
}
VIEW_OF_CODE: Final = {code: view for pair, view in _VIEW_CODES.items() for code in pair}
MODIFIER_OF_CODE: Final = {code: name for pair, name in _MODIFIER_CODES.items() for code in pair}
VIEWS: Final = frozenset(_VIEW_CODES.values())
_WORDS_OF_SIDE: Final = {"L": "L", "R": "R", "LEFT": "L", "RIGHT": "R"}
_IN_DESCRIPTION: Final = re.compile(
    r"(?<![A-Z])(LEFT|RIGHT|L|R)?[ _-]?(XCCL|XCCM|CC|MLO|LMO|ML|LM)?(?![A-Z])"
)


@dataclass(frozen=True, kw_only=True)
class SideAndView:
    """What an image shows.

    Parameters
    ----------
    laterality, view : str
        ``L`` or ``R``; ``CC``, ``MLO``, ...; empty where no place says it, or weak ones contradict
        each other.
    laterality_source, view_source : str
        The attribute that it was taken from.
    modifiers : tuple of str
        View modifiers, such as magnification or spot compression.
    conflicts : tuple of str
        Contradictions in words.
    """

    laterality: str
    laterality_source: str
    view: str
    view_source: str
    modifiers: tuple[str, ...]
    conflicts: tuple[str, ...]


def side_and_view(header: Header) -> SideAndView:
    """Return which breast and view an image shows, with every contradiction.

    Parameters
    ----------
    header : Header
        Of one image.
    """
    codes = header.items("ViewCodeSequence")
    return _shown(
        header.text("ImageLaterality"),
        _frame_side(header),
        header.text("Laterality"),
        header.text("SeriesDescription"),
        header.texts("PatientOrientation"),
        header.text("ViewPosition"),
        tuple(_code(item) for item in codes),
        tuple(_code(m) for item in codes for m in item.get("ViewModifierCodeSequence", ())),
    )


@lru_cache(maxsize=4096)  # an archive says the same few things over and over
def _shown(
    image_side: str,
    frame_side: str,
    series_side: str,
    description: str,
    orientation: tuple[str, ...],
    position: str,
    codes: tuple[str, ...],
    modifiers: tuple[str, ...],
) -> SideAndView:
    """Return what an image shows, from what its header says of it."""
    written = _from_description(description)
    sides = [
        ("ImageLaterality", _side(image_side)),
        ("FrameLaterality", frame_side),
        ("Laterality", _side(series_side)),
        ("SeriesDescription", written[0]),
        ("PatientOrientation", _side_of_orientation(orientation)),
    ]
    views = [
        ("ViewCodeSequence", _view_of(codes)),
        ("ViewPosition", _known_view(position)),
        ("SeriesDescription", written[1]),
    ]
    side, side_source, side_conflict = _settled(sides, "breast", own=2)
    view, view_source, view_conflict = _settled(views, "view", own=1)
    return SideAndView(
        laterality=side,
        laterality_source=side_source,
        view=view,
        view_source=view_source,
        modifiers=tuple(MODIFIER_OF_CODE.get(code, f"code {code}") for code in modifiers),
        conflicts=tuple(text for text in (side_conflict, view_conflict) if text),
    )


def _settled(places: Sequence[tuple[str, str]], what: str, *, own: int) -> tuple[str, str, str]:
    """Return the value, its source and the contradiction in words.

    The first ``own`` places belong to the image itself. A patient's orientation tells the breast
    only if the image is not turned, so it contradicts but never decides.
    """
    said = [(source, value) for source, value in places if value]
    if not said:
        return "", "", ""
    conflict = ""
    if len({value for _, value in said}) > 1:
        conflict = f"{what}: " + ", ".join(f"{source} says {value}" for source, value in said)
    images = [pair for pair in said if pair[0] in {source for source, _ in places[:own]}]
    deciding = images or [pair for pair in said if pair[0] != "PatientOrientation"]
    if not deciding or len({value for _, value in deciding}) > 1:
        return "", "", conflict
    return deciding[0][1], deciding[0][0], conflict


def _side(text: str) -> str:
    """Return L or R, or nothing for both breasts and anything else."""
    return _WORDS_OF_SIDE.get(text.upper(), "")


def _frame_side(header: Header) -> str:
    """Return the side in the shared functional groups of a multi-frame object."""
    found = {
        str(anatomy.get("FrameLaterality") or "").strip()
        for group in header.items("SharedFunctionalGroupsSequence")
        for anatomy in group.get("FrameAnatomySequence", ())
    }
    return _side(found.pop()) if len(found) == 1 else ""


def _side_of_orientation(directions: Sequence[str]) -> str:
    """Return the breast of an unturned image: rows run to the chest of a right one, columns inward.

    PS3.3 C.7.6.1.1.1: A, P, L, R, H, F are where rows and columns run to.
    """
    if len(directions) != 2:
        return ""
    along, down = (direction.strip() for direction in directions)
    if along.startswith("P") and "L" in down:
        return "R"
    return "L" if along.startswith("A") and "R" in down else ""


def _from_description(text: str) -> tuple[str, str]:
    """Return side and view that a description names once each, such as ``R MLO`` or ``LCC``."""
    sides, views = set(), set()
    for side, view in _IN_DESCRIPTION.findall(text.upper()):
        # A single letter means a side only beside a view.
        if side and (view or len(side) > 1):
            sides.add(_WORDS_OF_SIDE[side])
        if view:
            views.add(view)
    return sides.pop() if len(sides) == 1 else "", views.pop() if len(views) == 1 else ""


def _known_view(text: str) -> str:
    """Return a view that is one of the standard's."""
    upper = text.upper()
    return upper if upper in VIEWS else ""


def _view_of(codes: Sequence[str]) -> str:
    """Return the view of a view code sequence."""
    found = {VIEW_OF_CODE.get(code, "") for code in codes} - {""}
    return found.pop() if len(found) == 1 else ""


def _code(item: Nested) -> str:
    """Return the value of a code; the scheme has three names for one, so values tell."""
    return str(item.get("CodeValue") or "").strip()


Kind = Literal[
    "ffdm_for_processing",
    "ffdm_for_presentation",
    "tomosynthesis",
    "tomosynthesis_slice",
    "synthetic_2d",
    "secondary_capture",
    "cad_sr",
    "other_sr",
    "dose_sr",
    "presentation_state",
    "other_image",
    "other_object",
]

_ROOT = "1.2.840.10008.5.1.4.1.1."
_MAMMOGRAMS: Final[dict[str, Kind]] = {
    f"{_ROOT}1.2.1": "ffdm_for_processing",
    f"{_ROOT}1.2": "ffdm_for_presentation",
}
_CT: Final = f"{_ROOT}2"
_BY_CLASS: Final[dict[str, Kind]] = {
    f"{_ROOT}13.1.3": "tomosynthesis",
    f"{_ROOT}7": "secondary_capture",
    f"{_ROOT}7.1": "secondary_capture",
    f"{_ROOT}7.2": "secondary_capture",
    f"{_ROOT}7.3": "secondary_capture",
    f"{_ROOT}7.4": "secondary_capture",
    f"{_ROOT}88.50": "cad_sr",
    f"{_ROOT}88.67": "dose_sr",
}
_IMAGES: Final = {*_MAMMOGRAMS, *(uid for uid in _BY_CLASS if not uid.startswith(f"{_ROOT}88."))}
_SR: Final = f"{_ROOT}88."
_PRESENTATION_STATE: Final = f"{_ROOT}11."
_WITH_PIXELS: Final = frozenset(
    (
        "ffdm_for_processing",
        "ffdm_for_presentation",
        "tomosynthesis",
        "tomosynthesis_slice",
        "synthetic_2d",
        "secondary_capture",
        "other_image",
    )
)
_SYNTHETIC: Final = frozenset(("GENERATED_2D", "SYNTHETIC", "C-VIEW", "MIP", "INTELLIGENT 2D"))


@dataclass(frozen=True, kw_only=True)
class ObjectRow:
    """One object of the archive.

    Parameters
    ----------
    image_id : str
        SOP Instance UID.
    study_uid, series_uid, patient_id, accession_number : str
        As in the header; empty where it says nothing.
    kind : str
        One of a closed list.
    derived : bool
        Computed from other images: synthetic views, processed and captured ones.
    sop_class, dicom_modality, transfer_syntax : str
        As in the header.
    laterality, laterality_source, view, view_source, view_modifiers : str
        As of ``side_and_view``; modifiers parted by semicolons.
    rows, columns, frames : int or None
        Size of the pixel matrix.
    pixel_spacing_mm : float or None
        In the plane of the detector over the magnification, where both are known.
    spacing_source : str
        The attribute that it was taken from.
    device : str
        Manufacturer and model.
    study_date : str
        ``YYYYMMDD``.
    patient_orientation, photometric_interpretation, burned_in : str
        As in the header.
    horizontal_flip : str
        ``YES``, ``NO`` or empty.
    references : tuple of str
        SOP Instance UIDs that the object names as its sources or evidence.
    conflicts : tuple of str
        Contradictions and unreadable values in words, without a value that identifies.
    """

    image_id: str
    study_uid: str
    series_uid: str
    patient_id: str
    accession_number: str
    kind: Kind
    derived: bool
    sop_class: str
    dicom_modality: str
    transfer_syntax: str
    laterality: str
    laterality_source: str
    view: str
    view_source: str
    view_modifiers: str
    rows: int | None
    columns: int | None
    frames: int | None
    pixel_spacing_mm: float | None
    spacing_source: str
    device: str
    study_date: str
    patient_orientation: str
    photometric_interpretation: str
    burned_in: str
    horizontal_flip: str
    references: tuple[str, ...]
    conflicts: tuple[str, ...]


COLUMNS: Final = tuple(field.name for field in fields(ObjectRow))


def object_row(header: Header) -> ObjectRow:
    """Return the row of one object.

    Parameters
    ----------
    header : Header
        As read from its file.

    Raises
    ------
    DicomFault
        If it lacks a SOP Class, SOP Instance or Study Instance UID, or is an image without pixels:
        a file that was cut off between two elements looks whole but for that.
    """
    _require_uids(header)
    if not header.has_pixels and header.text("SOPClassUID") in _IMAGES:
        msg = "an image without its pixels"
        raise DicomFault("cut_off", msg)
    kind = kind_of(header)
    shown = side_and_view(header)
    spacing, source, spacing_conflicts = _spacing(header)
    unreadable = tuple(f"{keyword}: the value is not of its VR" for keyword in header.bad)
    images = kind in _WITH_PIXELS
    return ObjectRow(
        image_id=header.text("SOPInstanceUID"),
        study_uid=header.text("StudyInstanceUID"),
        series_uid=header.text("SeriesInstanceUID"),
        patient_id=header.text("PatientID"),
        accession_number=header.text("AccessionNumber"),
        kind=kind,
        derived=_is_derived(header, kind),
        sop_class=header.text("SOPClassUID"),
        dicom_modality=header.text("Modality"),
        transfer_syntax=header.transfer_syntax,
        laterality=shown.laterality if images else "",
        laterality_source=shown.laterality_source if images else "",
        view=shown.view if images else "",
        view_source=shown.view_source if images else "",
        view_modifiers="; ".join(shown.modifiers),
        rows=_whole(header, "Rows"),
        columns=_whole(header, "Columns"),
        frames=(_whole(header, "NumberOfFrames") or 1) if images else None,
        pixel_spacing_mm=spacing if images else None,
        spacing_source=source if images else "",
        device=_device(header),
        study_date=header.text("StudyDate"),
        patient_orientation="\\".join(header.texts("PatientOrientation")),
        photometric_interpretation=header.text("PhotometricInterpretation"),
        burned_in=header.text("BurnedInAnnotation"),
        horizontal_flip=header.text("FieldOfViewHorizontalFlip"),
        references=references(header),
        conflicts=(*(shown.conflicts if images else ()), *spacing_conflicts, *unreadable),
    )


def _require_uids(header: Header) -> None:
    """Refuse an object that belongs to no examination."""
    needed = ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID")
    absent = [keyword for keyword in needed if not header.text(keyword)]
    if absent:
        msg = f"no {', no '.join(absent)}"
        raise DicomFault("no_uid", msg)


def kind_of(header: Header) -> Kind:
    """Return what kind of object a file holds.

    Parameters
    ----------
    header : Header
        Of any object.
    """
    sop_class = header.text("SOPClassUID")
    if sop_class in _BY_CLASS:
        return _BY_CLASS[sop_class]
    if sop_class.startswith(_SR):
        return "other_sr"
    if sop_class.startswith(_PRESENTATION_STATE):
        return "presentation_state"
    if not header.has_pixels:
        return "other_object"
    words = {word.strip().upper() for word in header.texts("ImageType")}
    if sop_class in _MAMMOGRAMS:
        return _kind_of_mammogram(words, _MAMMOGRAMS[sop_class])
    if sop_class == _CT and ("TOMO" in words or header.text("Modality") == "MG"):
        return "tomosynthesis_slice"
    return "other_image"


def _kind_of_mammogram(words: set[str], plain: Kind) -> Kind:
    """Return what an image of a mammography class is, by its Image Type."""
    if words & _SYNTHETIC:
        return "synthetic_2d"
    return "tomosynthesis_slice" if words & {"TOMO", "TOMOSYNTHESIS"} else plain


def _is_derived(header: Header, kind: Kind) -> bool:
    """Whether an image was computed from others, or captured."""
    first = header.texts("ImageType")[:1]
    return kind in ("synthetic_2d", "secondary_capture") or first == ("DERIVED",)


def _spacing(header: Header) -> tuple[float | None, str, tuple[str, ...]]:
    """Return the spacing of pixels in the breast, its source and what speaks against it."""
    return _spacing_of(
        header.values.get("ImagerPixelSpacing"),
        _shared_spacing(header),
        header.values.get("PixelSpacing"),
        header.number("EstimatedRadiographicMagnificationFactor") or 1.0,
    )


@lru_cache(maxsize=4096)  # an archive says the same few things over and over
def _spacing_of(
    detector: Any, shared: Any, calibrated: Any, magnification: float
) -> tuple[float | None, str, tuple[str, ...]]:
    """Return the first spacing that is given.

    Imager Pixel Spacing is that of the detector; the breast is nearer to the tube by the
    radiographic magnification (PS3.3 C.8.7.1.1.3 and C.8.11.7). Pixel Spacing alone is calibrated
    or wrong, so it is the last resort.
    """
    places = (
        ("ImagerPixelSpacing", _pair(detector, magnification)),
        ("PixelMeasuresSequence", _pair(shared, 1.0)),
        ("PixelSpacing", _pair(calibrated, 1.0)),
    )
    for source, pair in places:
        if pair is None:
            continue
        across, along = pair
        if not (0 < across <= 1 and 0 < along <= 1):
            return None, "", (f"{source}: no spacing of a mammogram",)
        if abs(across - along) > 1e-3 * across:
            return None, "", (f"{source}: rows and columns are spaced differently",)
        return across, source, ()
    return None, "", ()


def _pair(value: Any, magnification: float) -> tuple[float, float] | None:
    """Return row and column spacing over the magnification."""
    if not isinstance(value, tuple) or len(value) != 2:
        return None
    if not all(isinstance(part, int | float) for part in value) or not value[0]:
        return None
    return value[0] / magnification, value[1] / magnification


def _shared_spacing(header: Header) -> Any:
    """Return the spacing in the shared functional groups of a multi-frame object."""
    for group in header.items("SharedFunctionalGroupsSequence"):
        for measures in group.get("PixelMeasuresSequence", ()):
            return measures.get("PixelSpacing")
    return None


def _whole(header: Header, keyword: str) -> int | None:
    """Return a whole number, or None."""
    number = header.number(keyword)
    return None if number is None else int(number)


def _device(header: Header) -> str:
    """Return manufacturer and model."""
    parts = (header.text("Manufacturer"), header.text("ManufacturerModelName"))
    return " ".join(part for part in parts if part)


def references(header: Header) -> tuple[str, ...]:
    """Return the SOP Instance UIDs that an object names, each once, in the order of the file.

    Parameters
    ----------
    header : Header
        Of any object.
    """
    found: dict[str, None] = {}
    for keyword in (
        "SourceImageSequence",
        "ReferencedImageSequence",
        "ReferencedSeriesSequence",
        "CurrentRequestedProcedureEvidenceSequence",
    ):
        for item in header.items(keyword):
            found |= dict.fromkeys(_referenced(item))
    return tuple(found)


def _referenced(item: Nested) -> list[str]:
    """Return the SOP Instance UIDs in an item at any depth."""
    uids = [str(item["ReferencedSOPInstanceUID"]).strip()] if _names_instance(item) else []
    for value in item.values():
        if isinstance(value, tuple):
            uids += [
                uid for inner in value if isinstance(inner, dict) for uid in _referenced(inner)
            ]
    return uids


def _names_instance(item: Nested) -> bool:
    """Whether an item names an instance itself."""
    return bool(item.get("ReferencedSOPInstanceUID"))
