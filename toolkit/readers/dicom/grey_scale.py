"""From stored values to grey: windows and look-up tables of a mammogram (PS3.3 section C.11)."""

from __future__ import annotations

from collections.abc import MutableSequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

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


def modality_values(stored: NDArray[Any], ds: Dataset) -> NDArray[np.float32]:
    """Return values after the modality look-up table or rescale (C.11.1)."""
    sequence = ds.get("ModalityLUTSequence")
    if sequence:
        first, table = _table(sequence[0], signed=bool(ds.get("PixelRepresentation", 0)))
        place = np.clip(stored.astype(np.int64) - first, 0, table.size - 1)
        return table[place].astype(np.float32)
    slope, intercept = ds.get("RescaleSlope"), ds.get("RescaleIntercept")
    slope = 1.0 if slope is None else float(slope)
    offset = 0.0 if intercept is None else float(intercept)
    return np.asarray(stored * slope + offset, dtype=np.float32)


def grey_scales(ds: Dataset) -> tuple[GreyScale, ...]:
    """Return what the file offers, tables first, in its order."""
    signed = bool(ds.get("PixelRepresentation", 0)) and "ModalityLUTSequence" not in ds
    scales = []
    for item in ds.get("VOILUTSequence") or ():
        first, table = _table(item, signed=signed)
        top = (1 << int(item.LUTDescriptor[2])) - 1
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
    centers, widths = _several(ds.get("WindowCenter")), _several(ds.get("WindowWidth"))
    names = _several(ds.get("WindowCenterWidthExplanation"))
    function = str(ds.get("VOILUTFunction") or "LINEAR")
    for k, (center, width) in enumerate(zip(centers, widths, strict=False)):
        name = str(names[k]) if k < len(names) else ""
        scales.append(
            GreyScale(explanation=name, center=float(center), width=float(width), function=function)
        )
    return tuple(scales)


def _several(value: Any) -> list[Any]:
    """Return the values of an element that may hold none, one or more."""
    if value is None or value == "":
        return []
    several = isinstance(value, MutableSequence | tuple)
    return list(value) if several else [value]


def _table(item: Dataset, *, signed: bool) -> tuple[int, NDArray[np.int64]]:
    """Return the first mapped value and the entries of a look-up table (C.11.2.1.1)."""
    entries, first, bits = (int(part) for part in item.LUTDescriptor)
    entries = entries or 65536  # 16 bits cannot say 65536
    if signed and first > 32767:
        first -= 65536
    data = item.LUTData
    if isinstance(data, bytes):
        kind = "<u1" if bits <= 8 and len(data) <= entries + 1 else "<u2"
        table = np.frombuffer(data, kind)[:entries].astype(np.int64)
    else:
        table = np.asarray(_several(data), dtype=np.int64)[:entries]
    if table.size != entries:
        msg = "the look-up table must have as many entries as its descriptor says"
        raise ValueError(msg)
    return first, table
