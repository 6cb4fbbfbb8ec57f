"""Lesions and marks with their images, checked: what can and what cannot be scored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.scoring.mark_geometry import centroid, polygon_of
from toolkit.scoring.mark_readings import MarkTables, ReadingGrid
from toolkit.scoring.mark_rules import LesionPlaces, MarkPlaces
from toolkit.scoring.ratings import ScoringError

if TYPE_CHECKING:
    import pandas as pd


WEIGHT_TOLERANCE = 1e-9


def refuse(wrong: BoolArray, frame: pd.DataFrame, *, table: str, rule: str, remedy: str) -> None:
    """Raise for the first wrong row; ``frame`` has ``row``, the row of the table from 1."""
    if wrong.any():
        row = int(frame["row"].to_numpy()[int(np.argmax(wrong))])
        msg = (
            f"{table}: row {row} {rule} ({int(wrong.sum())} such rows; identifiers withheld); "
            f"{remedy}"
        )
        raise ScoringError(msg)


def _with_columns(
    frame: pd.DataFrame, *, texts: tuple[str, ...], numbers: tuple[str, ...]
) -> pd.DataFrame:
    """Return the frame with every column; one that it lacks is missing in all rows."""
    import pandas as pd

    lacking: dict[str, pd.Series] = {
        name: pd.Series(np.nan, index=frame.index, dtype=kind)
        for names, kind in ((texts, "str"), (numbers, "float64"))
        for name in names
        if name not in frame
    }
    return frame.assign(**lacking)


def lesion_rows(
    tables: MarkTables, grid: ReadingGrid, *, benign_histology: Sequence[str]
) -> pd.DataFrame:
    """Return the lesions of the cases read, with ``target``: whether it is one to be found.

    A lesion of a case without cancer, or of benign histology, is a benign finding.
    """
    lesions = tables.lesions.assign(row=np.arange(1, len(tables.lesions) + 1))
    lesions = lesions[lesions["case_id"].isin(grid.cases["case_id"])]
    texts = ("image_id", "outline", "histology")
    lesions = _with_columns(lesions, texts=texts, numbers=("x_px", "y_px", "radius_px", "weight"))
    diseased = grid.cases["case_id"][grid.cases["truth"] == 1]
    target = lesions["case_id"].isin(diseased) & ~lesions["histology"].isin(list(benign_histology))
    lesions = lesions.assign(target=target.to_numpy(dtype=bool))
    found = lesions["case_id"][lesions["target"]]
    lacking = int((~diseased.isin(found)).sum())
    if lacking:
        msg = (
            f"{lacking} of {len(diseased)} cases with cancer have no lesion in the lesions table, "
            "so nobody could find it; give the lesion, or leave those cases out in view"
        )
        raise ScoringError(msg)
    again = lesions.duplicated(["case_id", "lesion_id", "image_id"]).to_numpy(dtype=bool)
    refuse(
        again,
        lesions,
        table="lesions",
        rule="repeats a lesion on the same image",
        remedy="give each lesion one place on an image",
    )
    return lesions


def mark_rows(tables: MarkTables, grid: ReadingGrid) -> pd.DataFrame:
    """Return the marks of the readings used, with the places of reader and modality."""
    marks = tables.marks.assign(row=np.arange(1, len(tables.marks) + 1))
    texts = ("image_id", "outline", "mark_type", "lesion_id")
    marks = _with_columns(marks, texts=texts, numbers=("x_px", "y_px", "radius_px"))
    key = ["reader_id", "case_id", "modality", "session"]
    joined = marks.merge(grid.readings[[*key, "reader", "condition"]], on=key, how="inner")
    rating = joined["rating"].to_numpy(dtype=np.float64)
    refuse(
        ~np.isfinite(rating),
        joined,
        table="marks",
        rule="has no finite rating",
        remedy="a mark needs a rating on the scale of its reader; leave out what is none",
    )
    return joined


def require_recorded(marks: pd.DataFrame, lesions: pd.DataFrame, *, needed: bool) -> None:
    """Refuse recorded types that contradict the lesions; if ``needed``, missing ones too."""
    kind = marks["mark_type"]
    if needed:
        refuse(
            kind.isna().to_numpy(dtype=bool),
            marks,
            table="marks",
            rule="has no mark_type",
            remedy="say LL or NL, or score the marks by place",
        )
        refuse(
            ((kind == "LL") & marks["lesion_id"].isna()).to_numpy(dtype=bool),
            marks,
            table="marks",
            rule="is an LL mark without lesion_id",
            remedy="name the lesion that it hits",
        )
    targets = lesions[lesions["target"]]
    on_healthy = (kind == "LL") & ~marks["case_id"].isin(targets["case_id"])
    refuse(
        on_healthy.to_numpy(dtype=bool),
        marks,
        table="marks",
        rule="is an LL mark on a case without a lesion to be found",
        remedy="a mark there is NL; check the truth of the case",
    )
    if needed:
        known = targets[["case_id", "lesion_id"]].drop_duplicates().assign(known=True)
        looked = marks[["case_id", "lesion_id"]].merge(known, how="left")["known"]
        refuse(
            ((kind == "LL").to_numpy() & looked.isna().to_numpy()),
            marks,
            table="marks",
            rule="hits a lesion that is not one to be found in its case",
            remedy="correct lesion_id, or call it NL if the finding is benign",
        )


def require_places(tables: MarkTables, marks: pd.DataFrame, lesions: pd.DataFrame) -> pd.DataFrame:
    """Return the images of the cases; refuse marks and lesions without a place on one of them."""
    if tables.images is None:
        msg = "scoring marks by place needs the images table; give it, or take rule=AsRecorded()"
        raise ScoringError(msg)
    images = tables.images
    for table, frame in (("marks", marks), ("lesions", lesions)):
        joined = frame[["row", "case_id", "image_id", "x_px", "y_px"]].merge(
            images[["image_id", "case_id", "rows", "columns"]],
            on="image_id",
            how="left",
            suffixes=("", "_of_image"),
        )
        of_image = joined["case_id_of_image"]
        refuse(
            of_image.isna().to_numpy(dtype=bool),
            frame,
            table=table,
            rule="has no image that is in the images table",
            remedy="give image_id, or take rule=AsRecorded()",
        )
        refuse(
            (of_image != joined["case_id"]).to_numpy(dtype=bool),
            frame,
            table=table,
            rule="lies on an image of another case",
            remedy="correct image_id or case_id",
        )
        _require_inside(joined, frame, table)
    return images


def _require_inside(joined: pd.DataFrame, frame: pd.DataFrame, table: str) -> None:
    """Refuse a place that is missing or lies outside its image; an outline may stand for it."""
    x, y = (joined[name].to_numpy(dtype=np.float64) for name in ("x_px", "y_px"))
    missing = np.isnan(x) | np.isnan(y)
    if table == "lesions":
        missing &= frame["outline"].isna().to_numpy(dtype=bool)
    refuse(
        missing,
        frame,
        table=table,
        rule="has no place, x_px and y_px",
        remedy="give the place" + (" or an outline" if table == "lesions" else ""),
    )
    columns, rows = (joined[name].to_numpy(dtype=np.float64) for name in ("columns", "rows"))
    refuse(
        (x < 0) | (y < 0) | (x > columns) | (y > rows),
        frame,
        table=table,
        rule="lies outside its image",
        remedy="check its unit and the size of the image; see mark_mapping for displayed images",
    )


def lesion_places(lesions: pd.DataFrame) -> LesionPlaces:
    """Return the places of lesions; the centre is that of the outline where none is given."""
    outlines = _outlines(lesions, "lesions")
    x, y = (lesions[name].to_numpy(dtype=np.float64).copy() for name in ("x_px", "y_px"))
    for place, outline in enumerate(outlines):
        if outline is not None and np.isnan(x[place] + y[place]):
            x[place], y[place] = centroid(outline)
    return LesionPlaces(
        x=x,
        y=y,
        radius_px=lesions["radius_px"].to_numpy(dtype=np.float64),
        outline=outlines,
        row=lesions["row"].to_numpy(),
    )


def mark_places(marks: pd.DataFrame) -> MarkPlaces:
    """Return the places of marks."""
    return MarkPlaces(
        x=marks["x_px"].to_numpy(dtype=np.float64),
        y=marks["y_px"].to_numpy(dtype=np.float64),
        radius_px=marks["radius_px"].to_numpy(dtype=np.float64),
        outline=_outlines(marks, "marks"),
        row=marks["row"].to_numpy(),
    )


def _outlines(frame: pd.DataFrame, table: str) -> tuple[FloatArray | None, ...]:
    """Return the outline of each row, None where it has none; refuse one that cannot be read."""
    if frame["outline"].isna().all():
        return (None,) * len(frame)
    texts = frame["outline"].tolist()
    found = [polygon_of(text) if isinstance(text, str) else None for text in texts]
    unread = np.array(
        [isinstance(text, str) and shape is None for text, shape in zip(texts, found, strict=True)]
    )
    refuse(
        unread,
        frame,
        table=table,
        rule="has an outline that is no polygon",
        remedy="give three corners or more as x,y pairs in pixels",
    )
    return tuple(found)


def lesion_weights(targets: pd.DataFrame) -> pd.DataFrame:
    """Return one row a lesion to be found with its weight in its case, and the case's lesions.

    Weights are given for all lesions of all cases, adding up to 1 in each, or for none.
    """
    lesions = targets.drop_duplicates(["case_id", "lesion_id"])
    weight = lesions["weight"].to_numpy(dtype=np.float64)
    per_case = lesions.groupby("case_id", sort=False)["lesion_id"].transform("size").to_numpy()
    if np.isnan(weight).all():
        return lesions.assign(weight=1 / per_case)
    refuse(
        np.isnan(weight),
        lesions,
        table="lesions",
        rule="has no weight, but others have",
        remedy="give the weight of every lesion, or of none",
    )
    total = lesions.groupby("case_id", sort=False)["weight"].transform("sum").to_numpy()
    refuse(
        (weight < 0) | ~(np.abs(total - 1) <= WEIGHT_TOLERANCE),
        lesions,
        table="lesions",
        rule="is of a case whose weights do not add up to 1",
        remedy="correct the weights, or leave them out for 1 / lesions of the case",
    )
    return lesions
