"""The picture of a mammogram as it hangs: one frame decoded, oriented, with its grey scales."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from toolkit.readers.dicom.faults import DicomFault
from toolkit.readers.dicom.grey_scale import GreyScale, grey_scales, modality_values
from toolkit.readers.dicom.header import DEFLATED, read_header
from toolkit.readers.dicom.objects import object_row

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Window = str | tuple[float, float] | None


class ImageError(ValueError):
    """A picture that cannot be shown as it is; the words hold no value of the file's patient."""


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
    turned : tuple of bool
        Transposed, then rows mirrored left to right, then top to bottom.
    note : str
        What is uncertain, in words.
    """

    pixels: NDArray[np.float32]
    padding: NDArray[np.bool_]
    scale: GreyScale
    scales: tuple[GreyScale, ...]
    inverted: bool
    spacing_mm: float | None
    laterality: str
    view: str
    frames: int
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
    path: str | Path, *, frame: int | None = None, window: Window = None
) -> MammogramImage:
    """Load one frame of a file.

    Parameters
    ----------
    path : path
        Of a DICOM file with pixels of one sample.
    frame : int, optional
        From 0; must be given where the object has several. Only this frame is decoded.
    window : str or (center, width), optional
        The explanation of one of the file's grey scales, or a linear window of one's own; the
        file's first grey scale by default, or the range of the values where it has none.

    Raises
    ------
    ImageError
        If the file is cut off, a bit depth does not fit, no decoder is there, the frame or the
        grey scale does not exist. The message holds no path and no value of a patient.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            header = read_header(
                lambda at, length: (file.seek(at), file.read(length))[1], path.stat().st_size
            )
        row = object_row(header)
    except DicomFault as fault:
        msg = f"file: must be a whole DICOM image: {fault.words}; export it again"
        raise ImageError(msg) from None
    if not header.has_pixels:
        msg = "file: must hold pixels, has none; choose an image"
        raise ImageError(msg)
    frames = row.frames or 1
    index = _checked_frame(frame, frames)
    ds, stored = _decoded(path, index, row.transfer_syntax)
    try:
        values = modality_values(stored, _of_frame(ds, index, "PixelValueTransformationSequence"))
        scales = grey_scales(_of_frame(ds, index, "FrameVOILUTSequence"))
    except (ValueError, AttributeError, IndexError) as error:
        own = str(error) if type(error) is ValueError else "a look-up table is not complete"
        msg = f"grey scale: {own}; export the image again"
        raise ImageError(msg) from None
    padding = _padding(stored, ds)
    turned, note = _turning(row.patient_orientation, row.laterality, row.view)
    inverted, contradiction = _inversion(ds)
    values, padding = _turned(values, turned), _turned(padding, turned)
    return MammogramImage(
        pixels=values,
        padding=padding,
        scale=_chosen(scales, window, values, padding),
        scales=scales,
        inverted=inverted,
        spacing_mm=row.pixel_spacing_mm,
        laterality=row.laterality,
        view=row.view,
        frames=frames,
        turned=turned,
        note="; ".join(text for text in (note, contradiction) if text),
    )


def _checked_frame(frame: int | None, frames: int) -> int:
    if frame is None and frames > 1:
        msg = f"frame: must be given, the image has {frames}; give one from 0 to {frames - 1}"
        raise ImageError(msg)
    index = frame or 0
    if not 0 <= index < frames:
        msg = f"frame: must be from 0 to {frames - 1}, got {index}; give one that exists"
        raise ImageError(msg)
    return index


def _decoded(path: Path, index: int, syntax: str) -> tuple[Dataset, NDArray[Any]]:
    """Return the header and the stored values of one frame."""
    from pydicom import dcmread
    from pydicom.pixels.utils import pixel_array

    # An inflated data set has no place in the file to read a single frame from.
    deflated = syntax == DEFLATED
    ds = dcmread(path, stop_before_pixels=not deflated)
    _check_bits(ds)
    try:
        stored = pixel_array(ds if deflated else path, index=index, raw=True)
    except NotImplementedError:
        stored = None
    except Exception as error:  # each decoder has its own; their words may quote the file
        missing = "missing dependencies" in str(error)
        what = (
            "no decoder is installed for the transfer syntax"
            if missing
            else ("the frame cannot be decoded: its data are cut off or damaged")
        )
        msg = f"pixels: must be decodable: {what}; {_remedy(missing)}"
        raise ImageError(msg) from None
    if stored is None:
        msg = f"pixels: must be decodable: the transfer syntax is not known; {_remedy(True)}"
        raise ImageError(msg)
    return ds, stored


def _remedy(missing: bool) -> str:
    return "export it uncompressed" if missing else "copy it again from its source"


def _check_bits(ds: Dataset) -> None:
    if ds.get("SamplesPerPixel", 1) != 1:
        msg = "SamplesPerPixel: must be 1, a mammogram is grey; choose another image"
        raise ImageError(msg)
    allocated, stored, high = (
        ds.get(keyword) for keyword in ("BitsAllocated", "BitsStored", "HighBit")
    )
    if allocated not in (8, 16) or not stored or stored > allocated or high != stored - 1:
        msg = (
            "BitsAllocated, BitsStored, HighBit: must fit together (8 or 16; at most as many; one "
            f"less), got {allocated}, {stored}, {high}; export the image again"
        )
        raise ImageError(msg)


def _of_frame(ds: Dataset, index: int, keyword: str) -> Any:
    """Return what is said of a frame: in its own group, the shared one, or at the top level."""
    per_frame = ds.get("PerFrameFunctionalGroupsSequence") or ()
    groups = [*per_frame[index : index + 1], *(ds.get("SharedFunctionalGroupsSequence") or ())]
    for group in groups:
        if group.get(keyword):
            return group[keyword].value[0]
    return ds


def _padding(stored: NDArray[Any], ds: Dataset) -> NDArray[np.bool_]:
    """Return where stored values are padding: a value, or a range in either order."""
    value = ds.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, dtype=bool)
    limit = ds.get("PixelPaddingRangeLimit")
    low, high = sorted((int(value), int(value if limit is None else limit)))
    return (stored >= low) & (stored <= high)


def _inversion(ds: Dataset) -> tuple[bool, str]:
    """Return whether low is bright; MONOCHROME1 and INVERSE say one thing, not two."""
    low_is_white = ds.get("PhotometricInterpretation") == "MONOCHROME1"
    shape = ds.get("PresentationLUTShape")
    said = shape in ("IDENTITY", "INVERSE")
    contradiction = said and (shape == "INVERSE") != low_is_white
    words = "photometric interpretation and presentation look-up table contradict each other"
    return low_is_white or shape == "INVERSE", words if contradiction else ""


def _turning(orientation: str, side: str, view: str) -> tuple[tuple[bool, bool, bool], str]:
    """Return how to turn the stored picture so that it hangs as usual.

    Patient Orientation describes the pixels as stored; Field of View Horizontal Flip says only how
    they came to lie so, and must not be applied a second time.
    """
    parts = [part.strip()[:1] for part in orientation.split("\\")]
    along = [part in ("A", "P") for part in parts]
    if side not in ("L", "R") or len(parts) != 2 or sum(along) != 1 or "" in parts:
        return (False, False, False), "orientation or breast is not clear: shown as stored"
    transposed = along[1]
    row, column = parts[::-1] if transposed else parts
    mirrored = row != ("A" if side == "L" else "P")
    # Down is the feet; in a cranio-caudal view the inner side, away from the breast's own.
    upside_down = column == "H" or (view in ("CC", "XCCL", "XCCM") and column == side)
    return (transposed, mirrored, upside_down), ""


def _turned(picture: NDArray[Any], turned: tuple[bool, bool, bool]) -> NDArray[Any]:
    transposed, mirrored, upside_down = turned
    picture = picture.T if transposed else picture
    picture = picture[:, ::-1] if mirrored else picture
    return np.ascontiguousarray(picture[::-1] if upside_down else picture)


def _chosen(
    scales: tuple[GreyScale, ...],
    window: Window,
    values: NDArray[np.float32],
    padding: NDArray[np.bool_],
) -> GreyScale:
    if isinstance(window, str):
        for scale in scales:
            if scale.explanation == window:
                return scale
        msg = f"window: must be one of the {len(scales)} explanations of the file; see .scales"
        raise ImageError(msg)
    if window is not None:
        try:
            return GreyScale(center=float(window[0]), width=float(window[1]))
        except ValueError as error:
            msg = f"window: {error}"
            raise ImageError(msg) from None
    if scales:
        return scales[0]
    inside = values[~padding] if not padding.all() else values
    low, high = float(inside.min()), float(inside.max())
    return GreyScale(center=(low + high) / 2, width=max(high - low, 1), function="LINEAR_EXACT")
