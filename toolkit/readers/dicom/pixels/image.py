"""The picture of a mammogram as it hangs: one frame decoded, oriented, with its grey scales."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray
from toolkit.readers.dicom.pixels.frames import (
    ImageError,
    ImageSource,
    PixelElement,
    RangeFile,
    floating_point,
    opened,
    pixel_element,
    stored_values,
)
from toolkit.readers.dicom.pixels.grey_scale import (
    GreyScale,
    breast_of,
    directions,
    grey_scales,
    modality_values,
    of_frame,
    stored_range,
    turned,
    turning,
)
from toolkit.readers.dicom.scan.attributes import DicomFault
from toolkit.readers.dicom.scan.header import BIG_ENDIAN, DEFLATED, IMPLICIT, read_header
from toolkit.readers.dicom.scan.objects import ObjectRow, object_row
from toolkit.readers.dicom.scan.walker import Read

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["ImageError", "ImageSource", "MammogramImage", "load_image"]

Window = str | tuple[float, float] | None
_READ_AHEAD = 65_536


@dataclass(frozen=True, kw_only=True, eq=False)
class MammogramImage:
    """One frame in display orientation: chest wall right for R, left for L.

    Parameters
    ----------
    pixels : ndarray of float32, shape (rows, columns)
        Values after the modality look-up table.
    padding : ndarray of bool
        Where the file says that there is no image.
    scale : GreyScale
        How it is to be shown.
    scales : tuple of GreyScale
        All that the file offers.
    inverted : bool
        Low values are bright (MONOCHROME1, or presentation look-up table INVERSE).
    spacing_mm : float or None
        Of a pixel, in the plane of the breast where that is known.
    laterality, view : str
        Empty where the file does not say it clearly.
    frames : int
        How many the object has.
    stack_position : int or None
        Of the frame among the slices of its stack, from 1, where the file says it; slices need not
        lie in the file in their order.
    turned : tuple of bool
        Transposed, then rows mirrored left to right, then top to bottom.
    note : str
        What is uncertain, in words: contradictions, loss by compression, what was left out.
    """

    pixels: NDArray[np.float32]
    padding: BoolArray
    scale: GreyScale
    scales: tuple[GreyScale, ...]
    inverted: bool
    spacing_mm: float | None
    laterality: str
    view: str
    frames: int
    stack_position: int | None = None
    turned: tuple[bool, bool, bool]
    note: str

    def grey(self, scale: GreyScale | None = None) -> NDArray[np.uint8]:
        """Return grey from 0 to 255; padding is black, inversion comes after the window."""
        grey = (scale or self.scale).grey(self.pixels)
        grey = 1 - grey if self.inverted else grey
        return np.asarray(np.rint(np.where(self.padding, 0, grey) * 255), dtype=np.uint8)

    def placed(self, column: float, row: float) -> tuple[float, float]:
        """Return where a point of the stored picture is shown; (0, 0) is the outer corner."""
        transposed, mirrored, upside_down = self.turned
        x, y = (row, column) if transposed else (column, row)
        height, width = self.pixels.shape
        return (width - x if mirrored else x, height - y if upside_down else y)


def load_image(
    source: ImageSource, *, frame: int | None = None, window: Window = None
) -> MammogramImage:
    """Load one frame of a file.

    Parameters
    ----------
    source : path, address or binary file
        Of a DICOM file with pixels of one sample; an address such as ``s3://bucket/name`` is read
        by ranges.
    frame : int, optional
        From 0; must be given where the object has several. Only this frame is read and decoded.
    window : str or (center, width), optional
        The explanation of one of the file's grey scales, or a linear window of one's own; the
        file's first grey scale by default, or the range of the values where it has none.

    Raises
    ------
    ImageError
        If the file is cut off, a bit depth does not fit, no decoder is there, the frame or the
        grey scale does not exist. The message holds no path and no value of a patient.

    Examples
    --------
    >>> from toolkit.demo.dicom.exam import DemoExam
    >>> from toolkit.demo.dicom.images import ImagePlan, mammogram
    >>> from toolkit.demo.dicom.archive import encoded
    >>> file = io.BytesIO(encoded(mammogram(DemoExam(seed=1, number=1), ImagePlan())))
    >>> image = load_image(file)
    >>> image.laterality, image.view, image.pixels.shape, image.grey().dtype.name
    ('L', 'CC', (64, 48), 'uint8')
    """
    with opened(source) as (read, size), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pydicom, on values that are checked here
        row = _row(read, size)
        index = _checked_frame(frame, row.frames or 1)
        try:
            return _image(read, size, row, index, window)
        except ImageError:
            raise
        except (ValueError, TypeError, IndexError, OverflowError):
            msg = "header: a value that describes the picture is none; export the image again"
            raise ImageError(msg) from None


def _row(read: Read, size: int) -> ObjectRow:
    """Return what the inventory says of a file; refuse one that is not whole."""
    try:
        header = read_header(read, size)
        row = object_row(header)
    except DicomFault as fault:
        msg = f"file: must be a whole DICOM image: {fault.words}; export it again"
        raise ImageError(msg) from None
    if not header.has_pixels:
        msg = "file: must hold pixels, has none; choose an image"
        raise ImageError(msg)
    return row


def _image(read: Read, size: int, row: ObjectRow, index: int, window: Window) -> MammogramImage:
    """Return one frame of a file that is whole."""
    ds, read, element = _dataset(read, size, row.transfer_syntax)
    stored, decoding_note = stored_values(read, element, ds, index, row.frames or 1)
    within = stored_range(ds, big_endian=row.transfer_syntax == BIG_ENDIAN)
    rescale = of_frame(ds, index, "PixelValueTransformationSequence")
    values, within, modality_note = modality_values(stored, rescale, within)
    scales, scales_note = grey_scales(of_frame(ds, index, "FrameVOILUTSequence"), within)
    padding = _padding(stored, ds)
    breast, side_note = breast_of(row, ds, index)
    seen, orientation_note = directions(row, ds, index)
    turn, turning_note = turning(seen, breast, row.view)
    inverted, inversion_note = _inversion(ds)
    values, padding = turned(values, turn), turned(padding, turn)
    groups = ds.get("PerFrameFunctionalGroupsSequence")
    fewer = groups is not None and len(groups) != (row.frames or 1)
    groups_note = "frames and their functional groups are not as many" if fewer else ""
    notes = (
        *row.conflicts, groups_note, side_note, orientation_note or turning_note, inversion_note,
        decoding_note, modality_note, scales_note,
    )  # fmt: skip
    return MammogramImage(
        pixels=values,
        padding=padding,
        scale=_chosen(scales, window, values, padding),
        scales=scales,
        inverted=inverted,
        spacing_mm=row.pixel_spacing_mm,
        laterality=breast,
        view=row.view,
        frames=row.frames or 1,
        stack_position=of_frame(ds, index, "FrameContentSequence").get("InStackPositionNumber"),
        turned=turn,
        note="; ".join(text for text in notes if text),
    )


def _dataset(read: Read, size: int, syntax: str) -> tuple[Dataset, Read, PixelElement]:
    """Return the header, and what reads the pixels and where."""
    from pydicom import dcmread

    stream = io.BufferedReader(RangeFile(read, size), _READ_AHEAD)
    if syntax != DEFLATED:
        ds = dcmread(stream, stop_before_pixels=True)
        explicit, big_endian = syntax != IMPLICIT, syntax == BIG_ENDIAN
        element = pixel_element(read, stream.tell(), explicit=explicit, big_endian=big_endian)
        return ds, read, element
    # An inflated data set has no place in the file to read a single frame from.
    ds = dcmread(stream)
    data = ds.get("PixelData")
    if data is None:
        raise floating_point()
    element = PixelElement(start=0, length=len(data), words=True)
    return ds, lambda offset, length: data[offset : offset + length], element


def _checked_frame(frame: int | None, frames: int) -> int:
    if frames < 1:
        msg = f"NumberOfFrames: must be positive, got {frames}; export the image again"
        raise ImageError(msg)
    if frame is None and frames > 1:
        msg = f"frame: must be given, the image has {frames}; give one from 0 to {frames - 1}"
        raise ImageError(msg)
    index = frame or 0
    if not 0 <= index < frames:
        msg = f"frame: must be from 0 to {frames - 1}, got {index}; give one that exists"
        raise ImageError(msg)
    return index


def _padding(stored: NDArray[Any], ds: Dataset) -> BoolArray:
    """Return where stored values are padding: a value, or a range in either order (C.7.5.1.1.2).

    The VR says US or SS, and some files the wrong one: Pixel Representation tells the sign.
    """
    value = ds.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, dtype=bool)
    limit = ds.get("PixelPaddingRangeLimit")
    words = [int(value) & 0xFFFF, int(value if limit is None else limit) & 0xFFFF]
    if stored.dtype.kind == "i":
        words = [word - 65536 if word > 32767 else word for word in words]
    low, high = sorted(words)
    inside: BoolArray = (stored >= low) & (stored <= high)
    return inside


def _inversion(ds: Dataset) -> tuple[bool, str]:
    """Return whether low is bright; MONOCHROME1 and INVERSE say one thing, not two."""
    low_is_white = ds.get("PhotometricInterpretation") == "MONOCHROME1"
    shape = ds.get("PresentationLUTShape")
    said = shape in ("IDENTITY", "INVERSE")
    contradiction = said and (shape == "INVERSE") != low_is_white
    words = "photometric interpretation and presentation look-up table contradict each other"
    return low_is_white or shape == "INVERSE", words if contradiction else ""


def _chosen(
    scales: tuple[GreyScale, ...],
    window: Window,
    values: NDArray[np.float32],
    padding: BoolArray,
) -> GreyScale:
    if isinstance(window, str):
        for scale in scales:
            if scale.explanation == window:
                return scale
        msg = f"window: must be one of the {len(scales)} explanations of the file; see .scales"
        raise ImageError(msg)
    if window is not None:
        try:
            center, width = window
            return GreyScale(center=float(center), width=float(width))
        except (TypeError, ValueError) as error:
            msg = f"window: must be an explanation or (center, width): {error}"
            raise ImageError(msg) from None
    if scales:
        return scales[0]
    inside = values[~padding] if not padding.all() else values
    low, high = float(inside.min()), float(inside.max())
    return GreyScale(center=(low + high) / 2, width=max(high - low, 1), function="LINEAR_EXACT")
