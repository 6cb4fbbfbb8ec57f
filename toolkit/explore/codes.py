"""Pictures as 16-bit codes: what the kernel sends once, for the browser to window at will."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from toolkit.readers.dicom.pixels.image import MammogramImage

PADDING: Final = 65_535  # the code of no image; values have the others
_TOP: Final = 65_534


@dataclass(frozen=True, kw_only=True, eq=False)
class CodedPicture:
    """A picture, or a part of one: a code stands for the value ``low + code / per_unit``.

    Parameters
    ----------
    codes : ndarray of uint16, shape (rows, columns)
        ``PADDING`` where there is no image.
    low, per_unit : float
        What code 0 stands for, and codes a unit of value.
    x, y : int
        Left and upper corner in the whole picture, pixels.
    factor : int
        Pixels of the whole picture that one code is the mean of, each way.
    """

    codes: NDArray[np.uint16]
    low: float
    per_unit: float
    x: int = 0
    y: int = 0
    factor: int = 1

    def part(self, box: tuple[int, int, int, int], factor: int) -> CodedPicture:
        """Return a part, reduced by the mean of blocks without their padding.

        Parameters
        ----------
        box : (left, upper, right, lower)
            In pixels of this picture, which must be whole; cut to what there is.
        factor : int
            Pixels of a block each way.
        """
        rows, columns = self.codes.shape
        left, upper = (
            min(max(at, 0), size - 1) for at, size in zip(box[:2], (columns, rows), strict=True)
        )
        right, lower = min(max(box[2], left + 1), columns), min(max(box[3], upper + 1), rows)
        codes = self.codes[upper:lower, left:right]
        return CodedPicture(
            codes=_block_means(codes, factor),
            low=self.low,
            per_unit=self.per_unit,
            x=left,
            y=upper,
            factor=factor,
        )

    def reduced(self, longest: int) -> CodedPicture:
        """Return the whole with at most so many pixels on its longer side."""
        rows, columns = self.codes.shape
        return self.part((0, 0, columns, rows), -(-max(rows, columns) // longest))

    def head(self) -> dict[str, Any]:
        """Return what the browser must know to draw the codes."""
        rows, columns = self.codes.shape
        return {
            "rows": rows,
            "columns": columns,
            "x": self.x,
            "y": self.y,
            "factor": self.factor,
            "low": self.low,
            "per_unit": self.per_unit,
        }


def coded(image: MammogramImage) -> CodedPicture:
    """Return a picture as codes; whole numbers within 16 bits are kept exactly.

    Parameters
    ----------
    image : MammogramImage
        Any. Values that are no whole numbers, or span more than 65,534, are rounded to 1/65,534 of
        their range.

    Examples
    --------
    >>> import io
    >>> from toolkit.readers.dicom.pixels.image import load_image
    >>> from toolkit.demo.dicom.exam import DemoExam
    >>> from toolkit.demo.dicom.images import ImagePlan, mammogram
    >>> from toolkit.demo.dicom.write import encoded
    >>> file = io.BytesIO(encoded(mammogram(DemoExam(seed=1, number=1), ImagePlan())))
    >>> image = load_image(file)
    >>> picture = coded(image)
    >>> bool((picture.low + picture.codes / picture.per_unit == image.pixels).all())
    True
    """
    inside = image.pixels[~image.padding]
    low, high = (float(inside.min()), float(inside.max())) if inside.size else (0.0, 0.0)
    span = high - low
    per_unit = _TOP / span if span > 0 else 1.0
    if per_unit >= 1 and bool(np.all(inside == np.rint(inside))):
        per_unit = float(int(per_unit))  # a whole number of codes a value: exact, finer for means
    codes = np.rint((image.pixels.astype(np.float64) - low) * per_unit)
    codes = np.where(image.padding, PADDING, np.clip(codes, 0, _TOP))
    return CodedPicture(codes=codes.astype(np.uint16), low=low, per_unit=per_unit)


def _block_means(codes: NDArray[np.uint16], factor: int) -> NDArray[np.uint16]:
    """Return means of blocks; a block is padding if more than half of it is."""
    if factor == 1:
        return np.ascontiguousarray(codes)
    image = codes != PADDING
    total = _block_sums(np.where(image, codes, 0).astype(np.uint32), factor)
    used = _block_sums(image.astype(np.uint32), factor)
    whole = _block_sums(np.ones(codes.shape, np.uint32), factor)
    mean = np.rint(total / np.maximum(used, 1))
    return np.where(2 * used < whole, PADDING, mean).astype(np.uint16)


def _block_sums(values: NDArray[np.uint32], factor: int) -> NDArray[np.uint64]:
    """Return sums of blocks; those at the right and lower edge may be smaller."""
    rows, columns = values.shape
    sums = np.add.reduceat(values, np.arange(0, columns, factor), axis=1, dtype=np.uint64)
    return np.asarray(np.add.reduceat(sums, np.arange(0, rows, factor), axis=0), dtype=np.uint64)
