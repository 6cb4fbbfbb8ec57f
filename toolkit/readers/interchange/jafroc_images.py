"""A localization study as a JAFROC workbook sees it: without images, each lesion once.

A lesion has a row for each image that shows it, and a reading may mark it on several of them. A
workbook has no images: there a lesion is one row of TRUTH and, in a reading, one rating of TP.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray
from toolkit.readers.interchange.study import LESION_KEY, READING_KEY
from toolkit.tables import TableData

if TYPE_CHECKING:
    import pandas as pd


def without_images(tables: Mapping[str, TableData]) -> dict[str, TableData]:
    """Return the tables with one row a lesion, and its highest mark of each reading.

    Rows keep their places, so that faults name the rows of the source. Of equal marks the first
    is kept. Further marks of a lesion are no hits and no false marks; see ``image_losses``.
    """
    held = dict(tables)
    if "lesions" in tables:
        # What the rows say of the lesion, its weight too, is the same: check_table sees to it.
        lesions = tables["lesions"]
        held["lesions"] = _rows(lesions, ~lesions.frame.duplicated(LESION_KEY).to_numpy())
    if "marks" in tables:
        held["marks"] = _rows(tables["marks"], ~_is_further(tables["marks"].frame))
    return held


def image_losses(tables: Mapping[str, TableData], held: Mapping[str, TableData]) -> list[str]:
    """Return what ``without_images`` has merged or left out."""
    lost = []
    if "lesions" in tables:
        frame = tables["lesions"].frame
        several = len(frame[frame.duplicated(LESION_KEY)].drop_duplicates(LESION_KEY))
        if several:
            lost.append(
                f"lesions: {several:,} with places on several images became one row each; "
                "a JAFROC workbook has no images"
            )
    if "marks" in tables:
        further = len(tables["marks"].frame) - len(held["marks"].frame)
        if further:
            lost.append(
                f"marks: {further:,} further marks of lesions that a reading marks more than "
                "once; the highest of each is kept"
            )
    return lost


def _is_further(marks: pd.DataFrame) -> BoolArray:
    """Return which marks hit a lesion that a higher, or an equal earlier, one hits as well."""
    further = np.zeros(len(marks), dtype=bool)
    if "mark_type" not in marks or "lesion_id" not in marks:
        return further  # no mark names the lesion that it hits
    hits = marks.assign(place=np.arange(len(marks)))
    hits = hits[(marks["mark_type"] == "LL") & marks["lesion_id"].notna()]
    hits = hits.sort_values("rating", ascending=False, kind="stable")
    again = hits.duplicated([*READING_KEY, "lesion_id"]).to_numpy()
    further[hits["place"].to_numpy()[again]] = True
    return further


def _rows(data: TableData, keep: BoolArray) -> TableData:
    """Return some rows of a table, each with its place."""
    return TableData(
        frame=data.frame[keep].reset_index(drop=True), files=data.files[keep], rows=data.rows[keep]
    )
