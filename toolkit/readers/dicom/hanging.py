"""How a stored picture is turned so that it hangs as usual: side, directions, turning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.readers.dicom.objects import ObjectRow

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

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
