"""Marks made on a displayed image, in mm or pixels, mapped to the image that lesions refer to.

A workstation shows an image smaller, cropped or mirrored. A place can be carried over only where
both show the same field; anything that leaves two answers is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.scoring.ratings import ScoringError

if TYPE_CHECKING:
    import pandas as pd

LengthUnit = Literal["px", "mm"]

# Two fields of view are one if they differ by no more than this share: rounding to whole pixels.
_FIELD = 0.01


@dataclass(frozen=True, kw_only=True)
class ImageFrame:
    """An image as a frame of coordinates: x from its left edge, y from its top edge.

    Parameters
    ----------
    rows, columns : int
        Height and width in pixels.
    pixel_spacing_mm : float, optional
        Distance of pixel centres; None where it is not known.
    mirrored : bool, optional
        Whether left and right are exchanged against the image as stored; None if not known.
    """

    rows: int
    columns: int
    pixel_spacing_mm: float | None = None
    mirrored: bool | None = None

    def __post_init__(self) -> None:
        """Refuse sizes that are none."""
        spacing = self.pixel_spacing_mm
        if self.rows < 1 or self.columns < 1 or not (spacing is None or 0 < spacing < math.inf):
            msg = (
                "an image needs rows and columns of 1 or more and a spacing above 0 or None, but "
                f"got {self.rows}, {self.columns} and {spacing!r}"
            )
            raise ScoringError(msg)


def mapped_points(
    x: ArrayLike, y: ArrayLike, *, unit: LengthUnit, source: ImageFrame, target: ImageFrame
) -> tuple[FloatArray, FloatArray]:
    """Return points of one image as pixels of another of the same field of view.

    Parameters
    ----------
    x, y : array_like, shape (n_points,)
        From the left and top edge of the source image.
    unit : {"px", "mm"}
        Of ``x`` and ``y``: pixels of the source image, or millimetres.
    source, target : ImageFrame
        The image that was marked, and the image that lesions refer to.

    Returns
    -------
    x, y : ndarray, shape (n_points,)
        In pixels of the target.

    Raises
    ------
    ScoringError
        If the field of view differs or may differ (other proportions, or spacings that contradict
        the sizes: a crop), the orientation of one of two different images is not known, millimetres
        have no spacing, or a point lies outside.

    Examples
    --------
    >>> shown = ImageFrame(rows=50, columns=40, mirrored=True)
    >>> stored = ImageFrame(rows=100, columns=80, mirrored=False)
    >>> x, y = mapped_points([10.0], [25.0], unit="px", source=shown, target=stored)
    >>> x.tolist(), y.tolist()
    ([60.0], [50.0])
    """
    across, down = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if unit == "mm":
        if source.pixel_spacing_mm is None:
            msg = "places in mm need the pixel spacing of the image that was marked; give it"
            raise ScoringError(msg)
        across, down = across / source.pixel_spacing_mm, down / source.pixel_spacing_mm
    elif unit != "px":
        msg = f"unit must be 'px' or 'mm', but got {unit!r}"
        raise ScoringError(msg)
    outside = ~((across >= 0) & (across <= source.columns) & (down >= 0) & (down <= source.rows))
    if outside.any():
        msg = (
            f"{int(outside.sum())} of {outside.size} places lie outside the image that was marked "
            f"({source.columns} x {source.rows} pixels), the first at position "
            f"{int(np.argmax(outside))}; check their unit and their image"
        )
        raise ScoringError(msg)
    _require_one_field(source, target)
    if _exchanged(source, target):
        across = source.columns - across
    return across * (target.columns / source.columns), down * (target.rows / source.rows)


def _require_one_field(source: ImageFrame, target: ImageFrame) -> None:
    """Refuse two images that do not, or may not, show the same field."""
    wide, high = target.columns / source.columns, target.rows / source.rows
    if abs(wide / high - 1) > _FIELD:
        msg = (
            f"the image that was marked ({source.columns} x {source.rows} pixels) has other "
            f"proportions than its target ({target.columns} x {target.rows}): it is cropped or "
            "stretched, and where a place lies is ambiguous; give the image that was shown"
        )
        raise ScoringError(msg)
    if source.pixel_spacing_mm is None or target.pixel_spacing_mm is None:
        return
    finer = source.pixel_spacing_mm / target.pixel_spacing_mm
    if abs(finer / wide - 1) > _FIELD:
        msg = (
            f"both images differ in size by {wide:.4g} but in pixel spacing by {finer:.4g}: they "
            "show different fields, or a spacing is wrong; correct the spacing, or give the crop"
        )
        raise ScoringError(msg)


def _exchanged(source: ImageFrame, target: ImageFrame) -> bool:
    """Return whether left and right are exchanged; refuse what is not known."""
    if source.mirrored is None and target.mirrored is None:
        same = (source.rows, source.columns) == (target.rows, target.columns)
        if same:
            return False  # one and the same image
    if source.mirrored is None or target.mirrored is None:
        which = "was marked" if source.mirrored is None else "lesions refer to"
        msg = (
            f"whether the image that {which} is mirrored is not known, so a place is ambiguous; "
            "say mirrored=True or False"
        )
        raise ScoringError(msg)
    return source.mirrored != target.mirrored


def marks_on_stored_images(
    marks: pd.DataFrame, shown: pd.DataFrame, images: pd.DataFrame, *, unit: LengthUnit
) -> pd.DataFrame:
    """Return marks with their places in pixels of the images as stored, which lesions refer to.

    Parameters
    ----------
    marks : DataFrame
        Marks with ``image_id`` and their place as it was recorded in ``x_px`` and ``y_px``, in
        ``unit`` of the image that was shown.
    shown : DataFrame
        ``image_id, rows, columns, pixel_spacing_mm, mirrored`` of the images as they were shown;
        ``mirrored`` is 1 where left and right were exchanged against the stored image. Marks on
        other images are left as they are where ``unit`` is pixels, and refused where it is mm.
    images : DataFrame
        The canonical table.
    unit : {"px", "mm"}
        Of the places of all marks.

    Returns
    -------
    DataFrame
        The same rows with mapped places.

    Raises
    ------
    ScoringError
        As ``mapped_points``, or if an image is not in the images table or is shown twice.
    """
    if shown["image_id"].duplicated().any():
        msg = "an image must be shown in one way, but some have several rows (identifiers withheld)"
        raise ScoringError(msg)
    stored = {row["image_id"]: row for row in images.to_dict("records")}
    as_shown = {row["image_id"]: row for row in shown.to_dict("records")}
    places = marks[["x_px", "y_px"]].to_numpy(dtype=np.float64).copy()
    for image, rows in marks.groupby("image_id", sort=False).indices.items():
        if image not in stored or (image not in as_shown and unit == "mm"):
            where = "images" if image not in stored else "shown"
            msg = (
                f"marks: row {int(rows[0]) + 1} is on an image that the table {where} does not "
                f"have ({len(rows)} marks; identifiers withheld)"
            )
            raise ScoringError(msg)
        if image in as_shown:
            x, y = mapped_points(
                places[rows, 0],
                places[rows, 1],
                unit=unit,
                source=_frame(as_shown[image]),
                target=_frame({**stored[image], "mirrored": 0}),
            )
            places[rows] = np.column_stack([x, y])
    return marks.assign(x_px=places[:, 0], y_px=places[:, 1])


def _frame(row: Mapping[Any, Any]) -> ImageFrame:
    """Return a row of a table as a frame; missing values are not known."""
    spacing, mirrored = (row.get(name, np.nan) for name in ("pixel_spacing_mm", "mirrored"))
    return ImageFrame(
        rows=int(row["rows"]),
        columns=int(row["columns"]),
        pixel_spacing_mm=None if np.isnan(spacing) else float(spacing),
        mirrored=None if np.isnan(mirrored) else bool(mirrored),
    )
