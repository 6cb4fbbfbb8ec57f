"""The header of a file -> one row of the inventory: what kind of object it is and what it shows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Final, Literal

from toolkit.readers.dicom.faults import DicomFault
from toolkit.readers.dicom.header import Header, Nested
from toolkit.readers.dicom.sides_and_views import side_and_view

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
