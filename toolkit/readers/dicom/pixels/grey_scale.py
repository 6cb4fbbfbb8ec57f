"""From stored values to grey: windows and look-up tables of a mammogram (PS3.3 section C.11)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import IntArray
from toolkit.readers.dicom.pixels.frames import ImageError
from toolkit.readers.dicom.scan.objects import ObjectRow

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

FUNCTIONS: Final = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@dataclass(frozen=True, kw_only=True, eq=False)
class GreyScale:
    """One way to show an image: a window, or a look-up table.

    Parameters
    ----------
    explanation : str
        What the file calls it; empty where it does not.
    center, width : float
        Of the window, in values after the modality look-up table; of the table's input if there
        is a table.
    function : str
        ``LINEAR``, ``LINEAR_EXACT``, ``SIGMOID`` or ``TABLE``.
    table : ndarray or None
        Grey from 0 to 1 by value, starting at ``first``.
    first : int
        Value that the first entry of the table is for.
    """

    explanation: str = ""
    center: float
    width: float
    function: str = "LINEAR"
    table: NDArray[np.float32] | None = None
    first: int = 0

    def __post_init__(self) -> None:
        least = 1 if self.function == "LINEAR" else 0
        if self.function not in (*FUNCTIONS, "TABLE"):
            msg = "function of a window must be LINEAR, LINEAR_EXACT or SIGMOID; choose one of them"
            raise ValueError(msg)
        if not (np.isfinite(self.center) and self.width >= least and self.width > 0):
            msg = "width of a window must be positive, at least 1 if it is LINEAR; give another"
            raise ValueError(msg)

    def grey(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return grey from 0 to 1 (before any inversion)."""
        if self.table is not None:
            place = np.clip(np.rint(values) - self.first, 0, self.table.size - 1)
            return np.asarray(self.table[place.astype(np.intp)], dtype=np.float32)
        offset = values - self.center
        if self.function == "SIGMOID":  # equation of C.11.2.1.3.1
            power = np.clip(-4 * offset / self.width, -80, 80)
            grey = 1 / (1 + np.exp(power))
        elif self.function == "LINEAR" and self.width == 1:
            grey = (offset > -0.5).astype(np.float32)
        elif self.function == "LINEAR":  # C.11.2.1.2.1
            grey = (offset + 0.5) / (self.width - 1) + 0.5
        else:  # C.11.2.1.3.2
            grey = offset / self.width + 0.5
        return np.asarray(np.clip(grey, 0, 1), dtype=np.float32)


@dataclass(frozen=True, kw_only=True)
class ValueRange:
    """The values that an image can hold where a table looks them up.

    Parameters
    ----------
    low, high : float
        Least and greatest.
    big_endian : bool
        Byte order of the file that the table is from.
    """

    low: float
    high: float
    big_endian: bool = False


def stored_range(ds: Dataset, *, big_endian: bool = False) -> ValueRange:
    """Return the range of stored values, from Bits Stored and Pixel Representation."""
    half = 1 << (int(ds.BitsStored) - 1)
    low, high = (-half, half - 1) if ds.get("PixelRepresentation", 0) else (0, 2 * half - 1)
    return ValueRange(low=low, high=high, big_endian=big_endian)


def modality_values(
    stored: NDArray[Any], ds: Dataset, within: ValueRange
) -> tuple[NDArray[np.float32], ValueRange, str]:
    """Return values after the modality look-up table or rescale (C.11.1), their range, a note."""
    sequence = ds.get("ModalityLUTSequence")
    if sequence:
        first, table, top, note = _table(sequence[0], within)
        place = np.clip(stored.astype(np.int64) - first, 0, table.size - 1)
        return table[place].astype(np.float32), replace(within, low=0, high=top), note
    slope, intercept = _number(ds, "RescaleSlope", 1.0), _number(ds, "RescaleIntercept", 0.0)
    if slope == 0:
        msg = "RescaleSlope: must not be 0; export the image again"
        raise ImageError(msg)
    low, high = sorted(slope * end + intercept for end in (within.low, within.high))
    plain = (slope, intercept) == (1, 0)
    values = stored if plain else stored * slope + intercept
    return np.asarray(values, dtype=np.float32), replace(within, low=low, high=high), ""


def _number(ds: Dataset, keyword: str, otherwise: float) -> float:
    value = ds.get(keyword)
    return otherwise if value is None else float(value)


def grey_scales(ds: Dataset, within: ValueRange) -> tuple[tuple[GreyScale, ...], str]:
    """Return what the file offers, tables first, in its order; and what was left out, in words.

    Parameters
    ----------
    ds : Dataset
        That holds the tables and windows: the data set, or the item of a frame.
    within : ValueRange
        Of the values after the modality look-up table.
    """
    scales, notes = _tables(ds, within)
    centers, widths = _several(ds.get("WindowCenter")), _several(ds.get("WindowWidth"))
    names = _several(ds.get("WindowCenterWidthExplanation"))
    function = str(ds.get("VOILUTFunction") or "LINEAR")
    if len(centers) != len(widths):
        notes.append("the file has not as many centers as widths of windows")
    for k, (center, width) in enumerate(zip(centers, widths, strict=False)):
        name = str(names[k]) if k < len(names) else ""
        try:
            scale = GreyScale(
                explanation=name, center=float(center), width=float(width), function=function
            )
        except (TypeError, ValueError):  # TypeError: an empty one among several
            notes.append("a window of the file is none of the standard and was left out")
            continue
        scales.append(scale)
    return tuple(scales), "; ".join(dict.fromkeys(note for note in notes if note))


def _tables(ds: Dataset, within: ValueRange) -> tuple[list[GreyScale], list[str]]:
    """Return the look-up tables that can be used, and notes."""
    scales, notes = [], []
    for item in ds.get("VOILUTSequence") or ():
        try:
            first, table, top, note = _table(item, within)
        except ImageError:
            notes.append("a look-up table of the file is not complete and was left out")
            continue
        notes.append(note)
        scales.append(
            GreyScale(
                explanation=str(item.get("LUTExplanation") or ""),
                center=first + table.size / 2,
                width=float(table.size),
                function="TABLE",
                table=np.clip(table / top, 0, 1).astype(np.float32),
                first=first,
            )
        )
    return scales, notes


def _several(value: Any) -> list[Any]:
    """Return the values of an element that may hold none, one or more."""
    if value is None or value == "":
        return []
    several = isinstance(value, MutableSequence | tuple)
    return list(value) if several else [value]


def _table(item: Dataset, within: ValueRange) -> tuple[int, IntArray, int, str]:
    """Return first mapped value, entries and greatest entry of a look-up table, and a note.

    C.11.1.1 and C.11.2.1.1: the first mapped value is signed if the input can be negative, whatever
    the VR; the two other numbers never are. Entries of 8 bits lie two in a word or one.
    """
    descriptor = [int(part) & 0xFFFF for part in _several(item.get("LUTDescriptor"))]
    if len(descriptor) != 3 or not 8 <= descriptor[2] <= 16:
        msg = "LUTDescriptor: must have three values, the last from 8 to 16; export the image again"
        raise ImageError(msg)
    entries, first, bits = descriptor
    entries = entries or 65536  # 16 bits cannot say 65536
    data = item.get("LUTData")
    if isinstance(data, bytes):
        words = np.frombuffer(data[: len(data) // 2 * 2], ">u2" if within.big_endian else "<u2")
    else:
        words = np.asarray(_several(data), dtype=np.int64) & 0xFFFF
    raw = words.astype("<u2").tobytes()
    packed = bits == 8 and len(raw) < 2 * entries
    table = np.frombuffer(raw, "<u1" if packed else "<u2")[:entries].astype(np.int64)
    if table.size != entries:
        msg = "LUTData: must have as many entries as LUTDescriptor says; export the image again"
        raise ImageError(msg)
    first, note = _first_mapped(first, entries, within)
    return first, table, (1 << bits) - 1, note


def _first_mapped(word: int, entries: int, within: ValueRange) -> tuple[int, str]:
    """Return the first mapped value that 16 bits say, and a note if it was written wrongly."""

    def reaches(first: int) -> bool:
        return first <= within.high and first + entries > within.low

    as_signed = word - 65536 if word > 32767 else word
    first, other = (as_signed, word) if within.low < 0 else (word, as_signed)
    if reaches(first):
        return first, ""
    if reaches(other):
        return other, "the first value of a look-up table has the wrong sign and was corrected"
    return first, "a look-up table begins and ends outside the values that the image can hold"


_SAME: Final = (
    "rows",
    "columns",
    "frames",
    "laterality",
    "view",
    "patient_orientation",
    "horizontal_flip",
)
PAIRING_COLUMNS: Final = ("image_id", "kind", "references", "pixel_spacing_mm", *_SAME)
_SPACING_TOLERANCE: Final = 1e-6  # relative: decimal strings are rounded


def presentation_images(objects: Iterable[Mapping[str, Any]]) -> tuple[dict[str, str], set[str]]:
    """Return the image for presentation of each image for processing.

    Parameters
    ----------
    objects : iterable of mapping
        Rows of the inventory, with ``PAIRING_COLUMNS`` at least.

    Returns
    -------
    dict, set
        UID of the image for processing to that for presentation, where a place on one is the same
        place on the other; then the images for processing where it is not, or where several
        images for presentation were made from one.
    """
    rows = [row for row in objects if str(row["kind"]).startswith("ffdm_for_pr")]
    by_uid = {row["image_id"]: row for row in rows}
    made: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if row["kind"] != "ffdm_for_presentation":
            continue
        for uid in row["references"]:
            source = by_uid.get(uid)
            if source is not None and source["kind"] == "ffdm_for_processing":
                made.setdefault(uid, []).append(row)
    same = {
        uid: str(images[0]["image_id"])
        for uid, images in made.items()
        if len(images) == 1 and _same_geometry(by_uid[uid], images[0])
    }
    return same, set(made) - set(same)


def _same_geometry(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a pixel of one image is the same pixel of the other."""
    first, second = one["pixel_spacing_mm"], other["pixel_spacing_mm"]
    if any(one[name] != other[name] for name in _SAME) or first is None or second is None:
        return False
    return bool(abs(first - second) <= _SPACING_TOLERANCE * first)


def on_presentation(
    marks: Sequence[dict[str, Any]], same: Mapping[str, str], differ: set[str]
) -> tuple[list[dict[str, Any]], int]:
    """Return marks with the image for presentation, and how many could not be carried over.

    Parameters
    ----------
    marks : sequence of dict
        Rows of the marks table.
    same, differ
        As of ``presentation_images``.
    """
    moved = [mark | {"image_id": same.get(mark["image_id"], mark["image_id"])} for mark in marks]
    return moved, sum(mark["image_id"] in differ for mark in marks)


_OPPOSITE: Final = {"A": "P", "P": "A", "L": "R", "R": "L", "H": "F", "F": "H"}
_TILT: Final = 0.1  # cosine, 6 degrees: a smaller part of a direction is a tilt


def of_frame(ds: Dataset, index: int, keyword: str) -> Any:
    """Return what is said of a frame: in its own group, the shared one, or at the top level."""
    per_frame = ds.get("PerFrameFunctionalGroupsSequence") or ()
    groups = [*per_frame[index : index + 1], *(ds.get("SharedFunctionalGroupsSequence") or ())]
    for group in groups:
        if group.get(keyword):
            return group[keyword].value[0]
    return ds


def breast_of(row: ObjectRow, ds: Dataset, index: int) -> tuple[str, str]:
    """Return the breast that a frame shows, and a note if frame and image contradict each other."""
    said = str(of_frame(ds, index, "FrameAnatomySequence").get("FrameLaterality") or "")
    if said not in ("L", "R") or said == row.laterality:
        return row.laterality, ""
    if row.laterality:
        return "", f"breast: the frame says {said}, the image {row.laterality}"
    unclear = any(conflict.startswith("breast:") for conflict in row.conflicts)
    return "" if unclear else said, ""


def directions(row: ObjectRow, ds: Dataset, index: int) -> tuple[list[str], str]:
    """Return where rows and columns run to, in letters of Patient Orientation, greatest first.

    Tomosynthesis says it by cosines instead. Where a file has both and they contradict each other,
    nothing is chosen.
    """
    said = [part.strip() for part in row.patient_orientation.split("\\") if part.strip()]
    cosines = of_frame(ds, index, "PlaneOrientationSequence").get("ImageOrientationPatient")
    if not cosines or len(cosines) != 6:
        return said, ""
    seen = [_letters(cosines[:3]), _letters(cosines[3:])]
    if len(said) != 2:
        return seen, ""
    against = any(
        _OPPOSITE[letter] in other
        for one, other in zip(said, seen, strict=True)
        for letter in one
        if letter in _OPPOSITE
    )
    apart = any(not set(one) & set(other) for one, other in zip(said, seen, strict=True))
    if against or apart:
        words = "patient orientation and image orientation contradict each other: shown as stored"
        return [], words
    return said, ""


def _letters(cosines: Sequence[float]) -> str:
    """Return a direction in letters, greatest part first: x to the left, y to the back, z up.

    Parts below a tenth (6 degrees) are a tilt.
    """
    parts = [
        (abs(float(cosine)), letters[float(cosine) > 0])
        for cosine, letters in zip(cosines, ("RL", "AP", "FH"), strict=True)
    ]
    return "".join(letter for size, letter in sorted(parts, reverse=True) if size >= _TILT)


def turning(directions: Sequence[str], side: str, view: str) -> tuple[tuple[bool, bool, bool], str]:
    """Return how to turn the stored picture so that it hangs as usual.

    Patient Orientation describes the pixels as stored; Field of View Horizontal Flip says only how
    they came to lie so, and must not be applied a second time.
    """
    unclear = (False, False, False), "orientation or breast is not clear: shown as stored"
    along = [part[:1] in ("A", "P") for part in directions]
    if side not in ("L", "R") or len(directions) != 2 or sum(along) != 1:
        return unclear
    transposed = along[1]
    row, column = directions[::-1] if transposed else directions
    upside_down = _upside_down(column, side, view)
    if upside_down is None:
        return unclear
    return (transposed, row[0] != ("A" if side == "L" else "P"), upside_down), ""


def _upside_down(column: str, side: str, view: str) -> bool | None:
    """Return whether a column runs up; None if that is not clear.

    Down are the feet, and the inner side of the breast: both in an oblique view, the latter alone
    in a cranio-caudal one.
    """
    by_feet = True if "H" in column else False if "F" in column else None
    sides = [letter for letter in column if letter in "LR"]
    by_side = sides[0] == side if sides else None
    if view in ("CC", "XCCL", "XCCM") and by_side is not None:
        return by_side
    if by_feet is not None and by_side is not None and by_feet != by_side and view != "SIO":
        return None
    return by_side if by_feet is None else by_feet


def turned(picture: NDArray[Any], turned: tuple[bool, bool, bool]) -> NDArray[Any]:
    """Return a picture transposed, then mirrored, then upside down, as is said."""
    transposed, mirrored, upside_down = turned
    picture = picture.T if transposed else picture
    picture = picture[:, ::-1] if mirrored else picture
    return np.ascontiguousarray(picture[::-1] if upside_down else picture)
