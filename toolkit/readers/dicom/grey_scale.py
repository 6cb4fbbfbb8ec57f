"""From stored values to grey: windows and look-up tables of a mammogram (PS3.3 section C.11)."""

from __future__ import annotations

from collections.abc import MutableSequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import IntArray
from toolkit.readers.dicom.image_source import ImageError

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
