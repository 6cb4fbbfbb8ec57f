"""Pictures of the embedded study, drawn when they are asked for: nothing of them is a patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import numpy as np

from toolkit.demo.dicom.images import WHITE, breast_pixels
from toolkit.pictures.from_tables import (
    Case,
    CaseView,
    ViewLesion,
    ViewMark,
    lesions_by_image,
    marks_by_image,
)
from toolkit.readers.dicom.pixels.grey_scale import GreyScale
from toolkit.readers.dicom.pixels.image import MammogramImage

if TYPE_CHECKING:
    import pandas as pd

SHRINK: Final = 4  # pixels of the study, along a side, to one of the picture


def demo_cases(
    images: pd.DataFrame,
    *,
    case_ids: Sequence[str],
    marks: pd.DataFrame | None,
    lesions: pd.DataFrame | None,
    readers: pd.DataFrame | None,
) -> list[Case]:
    """Return cases of the embedded study, their views drawn with the lesions that they have.

    Parameters
    ----------
    images, marks, lesions, readers : DataFrame
        Canonical tables of the embedded study.
    case_ids : sequence of str
        Cases in the order wanted.
    """
    wanted = set(case_ids)
    view = partial(
        _view,
        marks=marks_by_image(marks, readers, wanted),
        lesions=lesions_by_image(lesions, wanted),
    )
    rows = images[images["case_id"].isin(wanted)]
    return [
        tuple(view(row) for row in rows[rows["case_id"] == case_id].to_dict("records"))
        for case_id in case_ids
    ]


def _view(
    row: dict[Any, Any],
    *,
    marks: Mapping[str, Sequence[ViewMark]],
    lesions: Mapping[str, Sequence[ViewLesion]],
) -> CaseView:
    """Return one view with its lesions drawn in and its marks."""
    image_id = str(row["image_id"])
    own = [_smaller_lesion(lesion) for lesion in lesions.get(image_id, ())]
    return CaseView(
        image=_image(row, own),
        marks=tuple(_smaller_mark(mark) for mark in marks.get(image_id, ())),
        lesions=tuple(own),
    )


def _image(row: dict[Any, Any], lesions: Sequence[ViewLesion]) -> MammogramImage:
    """Return the picture of one view."""
    pixels = breast_pixels(
        (int(row["rows"]) // SHRINK, int(row["columns"]) // SHRINK),
        chest_wall="right" if row["laterality"] == "R" else "left",
        view=str(row["view"]),
        texture=crc32(str(row["image_id"]).encode()),
        lesions=[_centre_and_radius(lesion) for lesion in lesions],
    )
    scale = GreyScale(center=WHITE / 3, width=WHITE / 1.5)
    return MammogramImage(
        pixels=pixels.astype(np.float32),
        padding=np.zeros(pixels.shape, dtype=bool),
        scale=scale,
        scales=(scale,),
        inverted=False,
        spacing_mm=float(row["pixel_spacing_mm"]) * SHRINK,
        laterality=str(row["laterality"]),
        view=str(row["view"]),
        frames=1,
        stack_position=None,
        turned=(False, False, False),
        note="",
    )


def _centre_and_radius(lesion: ViewLesion) -> tuple[float, float, float]:
    """Return the circle in which a lesion is drawn."""
    corners = np.array(lesion.corners)
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y = (low + high) / 2
    return float(x), float(y), float((high - low).mean() / 2)


def _smaller_lesion(lesion: ViewLesion) -> ViewLesion:
    """Return a lesion at its place on the picture."""
    return replace(lesion, corners=tuple((x / SHRINK, y / SHRINK) for x, y in lesion.corners))


def _smaller_mark(mark: ViewMark) -> ViewMark:
    """Return a mark at its place on the picture."""
    radius = None if mark.radius is None else mark.radius / SHRINK
    return replace(mark, x=mark.x / SHRINK, y=mark.y / SHRINK, radius=radius)
