"""Marks on the image that was analysed -> the image that a radiologist reads.

An AI mostly analyses the image for processing; lesions and readers' marks lie on the one for
presentation, which names its source. The place carries over unchanged where both have the same
matrix, spacing and orientation and neither is mirrored against the other. In any other case the
mark stays where it is and says so: a place is never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

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
