"""Which lesion each mark hits, how far it lies from the nearest one, and what that counts up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.scoring.mark_readings import MarkTables, ReadingGrid, Units
from toolkit.scoring.mark_rules import (
    HitRule,
    Pairs,
    Places,
    centroid,
    polygon_of,
)
from toolkit.scoring.ratings import ScoringError
from toolkit.stats.froc import FrocStudy

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
    texts = ("image_id", "outline", "histology", "lesion_type")
    numbers = ("x_px", "y_px", "radius_px", "weight", "size_mm")
    lesions = _with_columns(lesions, texts=texts, numbers=numbers)
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


def _places(frame: pd.DataFrame, table: str) -> Places:
    """Return the places of marks or lesions; the centre of an outline where none is given."""
    outlines = _outlines(frame, table)
    x, y = (frame[name].to_numpy(dtype=np.float64).copy() for name in ("x_px", "y_px"))
    for place, outline in enumerate(outlines):
        if outline is not None and np.isnan(x[place] + y[place]):
            x[place], y[place] = centroid(outline)
    return Places(
        x=x,
        y=y,
        radius_px=frame["radius_px"].to_numpy(dtype=np.float64),
        outline=outlines,
        row=frame["row"].to_numpy(),
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


@dataclass(frozen=True, kw_only=True, eq=False)
class Scored:
    """What each mark hits; all of shape (n_marks,).

    Parameters
    ----------
    lesion : ndarray of int
        Place in the rows of the lesions, -1 where the mark hits none that is to be found.
    n_hit : ndarray of int
        Lesions to be found that the mark hits.
    on_benign, other_breast, lesion_not_shown : ndarray of bool
        On a benign finding; in a breast without a lesion of a case that has one; on an image for
        which the place of a lesion of that breast is not given.
    distance_px, distance_mm : ndarray
        From the nearest centre of a lesion to be found on the same image; NaN without one.
    """

    lesion: IntArray
    n_hit: IntArray
    on_benign: BoolArray
    other_breast: BoolArray
    lesion_not_shown: BoolArray
    distance_px: FloatArray
    distance_mm: FloatArray


def scored_as_recorded(marks: pd.DataFrame, lesions: pd.DataFrame) -> Scored:
    """Return the lesions that marks are recorded to hit."""
    rows = lesions.assign(place=np.arange(len(lesions)))
    rows = rows[rows["target"]].drop_duplicates(["case_id", "lesion_id"])
    named = marks[["case_id", "lesion_id"]].merge(
        rows[["case_id", "lesion_id", "place"]], on=["case_id", "lesion_id"], how="left"
    )
    is_hit = (marks["mark_type"] == "LL").to_numpy(dtype=bool)
    place = np.where(is_hit, named["place"].fillna(-1).to_numpy(dtype=np.int64), -1)
    never, unknown = np.zeros(len(marks), dtype=bool), np.full(len(marks), np.nan)
    return Scored(
        lesion=place,
        n_hit=is_hit.astype(np.int64),
        on_benign=never,
        other_breast=never,
        lesion_not_shown=never,
        distance_px=unknown,
        distance_mm=unknown,
    )


def scored_by_place(
    marks: pd.DataFrame, lesions: pd.DataFrame, images: pd.DataFrame, rule: HitRule
) -> Scored:
    """Return the lesions that marks hit by a rule."""
    at_marks, at_lesions = _places(marks, "marks"), _places(lesions, "lesions")
    pairs = _pairs(marks, lesions, images, at_marks, at_lesions)
    hit = rule.hits(pairs, at_marks, at_lesions)
    is_target = lesions["target"].to_numpy(dtype=bool)
    good = hit & is_target[pairs.lesion]
    order = _id_order(lesions["lesion_id"].tolist())
    benign = np.zeros(len(marks), dtype=bool)
    benign[pairs.mark[hit & ~is_target[pairs.lesion]]] = True
    near = _nearest(pairs, is_target[pairs.lesion], order, len(marks))
    # Place -1, that of a mark without a pair, is what is appended.
    distance = np.append(pairs.distance_px, np.nan)[near]
    spacing = np.append(pairs.spacing_mm, np.nan)[near]
    taken = _nearest(pairs, good, order, len(marks))
    other, not_shown = _where_lesions_are(marks, lesions[is_target], images)
    return Scored(
        lesion=np.append(pairs.lesion, -1)[taken],
        n_hit=np.bincount(pairs.mark[good], minlength=len(marks)),
        on_benign=benign,
        other_breast=other,
        lesion_not_shown=not_shown,
        distance_px=distance,
        distance_mm=distance * spacing,
    )


def _pairs(
    marks: pd.DataFrame,
    lesions: pd.DataFrame,
    images: pd.DataFrame,
    at_marks: Places,
    at_lesions: Places,
) -> Pairs:
    """Return every mark with every lesion on its image."""
    left = marks[["image_id"]].assign(mark=np.arange(len(marks)))
    right = lesions[["image_id"]].assign(lesion=np.arange(len(lesions)))
    both = left.merge(right, on="image_id").merge(
        images[["image_id", "pixel_spacing_mm"]], on="image_id"
    )
    mark, lesion = (both[name].to_numpy(dtype=np.int64) for name in ("mark", "lesion"))
    across = at_marks.x[mark] - at_lesions.x[lesion]
    down = at_marks.y[mark] - at_lesions.y[lesion]
    return Pairs(
        mark=mark,
        lesion=lesion,
        distance_px=np.hypot(across, down),
        spacing_mm=both["pixel_spacing_mm"].to_numpy(dtype=np.float64),
    )


def _id_order(lesion_id: list[str]) -> IntArray:
    """Return the order of identifiers: as numbers where they are, before all text."""
    keys = [
        (not text.isdecimal(), int(text) if text.isdecimal() else 0, text) for text in lesion_id
    ]
    ranks = {key: rank for rank, key in enumerate(sorted(set(keys)))}
    return np.array([ranks[key] for key in keys], dtype=np.int64)


def _nearest(pairs: Pairs, chosen: BoolArray, order: IntArray, n_marks: int) -> IntArray:
    """Return for each mark its chosen pair with the nearest centre, then the lower identifier."""
    found = np.full(n_marks, -1, dtype=np.int64)
    rows = np.flatnonzero(chosen)
    keys = (order[pairs.lesion[rows]], pairs.distance_px[rows], pairs.mark[rows])
    rows = rows[np.lexsort(keys)][::-1]
    found[pairs.mark[rows]] = rows  # the last to be written is the nearest
    return found


def _where_lesions_are(
    marks: pd.DataFrame, targets: pd.DataFrame, images: pd.DataFrame
) -> tuple[BoolArray, BoolArray]:
    """Return which marks lie in the other breast, and which on an image that lacks a lesion."""
    shown = images[["image_id", "case_id", "laterality"]]
    placed = targets[["image_id", "lesion_id"]].merge(shown, on="image_id")
    side = ["case_id", "laterality"]
    in_side = placed.drop_duplicates([*side, "lesion_id"]).groupby(side).size().rename("in_side")
    on_image = placed.groupby("image_id")["lesion_id"].nunique().rename("on_image")
    at = marks[["image_id"]].merge(shown, on="image_id", how="left")
    at = at.merge(in_side.reset_index(), on=side, how="left")
    at = at.merge(on_image.reset_index(), on="image_id", how="left")
    lesions_of_side = at["in_side"].fillna(0).to_numpy(dtype=np.float64)
    lesions_of_image = at["on_image"].fillna(0).to_numpy(dtype=np.float64)
    known = at["laterality"].notna().to_numpy(dtype=bool)
    has_lesion = at["case_id"].isin(placed["case_id"]).to_numpy(dtype=bool)
    return known & has_lesion & (lesions_of_side == 0), lesions_of_image < lesions_of_side


@dataclass(frozen=True, kw_only=True)
class MarkCounts:
    """The counts behind every axis, of one study.

    Parameters
    ----------
    lesions : int
        Lesions to be found, in the unit of the analysis.
    diseased, healthy : int
        Units with and without a lesion.
    diseased_images, healthy_images : int
        Images of these units; equal to them where images are not known.
    exams, patients : int
        Cases and patients.
    ll, nl, further : int
        Marks of all readers by what they are; they add up to all marks used.
    on_benign, other_breast, in_several, lesion_not_shown : int
        NL marks on a benign finding; NL marks in a breast without a lesion of a case with one; LL
        marks inside several lesions; NL marks on an image for which the place of a lesion of that
        breast is not given.
    not_used : int
        Marks of readings that are not in the study.
    """

    lesions: int
    diseased: int
    healthy: int
    diseased_images: int
    healthy_images: int
    exams: int
    patients: int
    ll: int
    nl: int
    further: int
    on_benign: int
    other_breast: int
    in_several: int
    lesion_not_shown: int
    not_used: int


def mark_counts(
    tables: MarkTables,
    units: Units,
    marks: pd.DataFrame,
    study: FrocStudy,
    scored: Scored,
    kind: NDArray[np.str_],
) -> MarkCounts:
    """Return the counts behind the axes."""
    truth, false = study.truth, kind == "NL"
    return MarkCounts(
        lesions=int(truth.lesion_case.size),
        diseased=int(truth.diseased.sum()),
        healthy=int((~truth.diseased).sum()),
        diseased_images=int(truth.n_images[truth.diseased].sum()),
        healthy_images=int(truth.n_images[~truth.diseased].sum()),
        exams=int(np.unique(units.case_id).size),
        patients=int(np.unique(units.patient).size),
        ll=int((kind == "LL").sum()),
        nl=int(false.sum()),
        further=int((kind == "further").sum()),
        on_benign=int((scored.on_benign & false).sum()),
        other_breast=int((scored.other_breast & false).sum()),
        in_several=int((scored.n_hit > 1).sum()),
        lesion_not_shown=int((scored.lesion_not_shown & false).sum()),
        not_used=len(tables.marks) - len(marks),
    )


def study_note(
    rule: str, marks: pd.DataFrame, units: Units, grid: ReadingGrid, counts: MarkCounts
) -> str:
    """Say what a reader of the numbers must know."""
    notes = [f"hit rule: {rule}"]
    if units.images_known and (units.n_images > 1).any():
        notes.append(
            "a lesion is found where any view of it is hit; false marks are counted on each image "
            "and divided by images, so that one finding marked on two views counts twice"
        )
    if not units.images_known:
        notes.append("images are not known: false marks are counted per case")
    if "frame" in marks and marks["frame"].notna().any():
        notes.append(
            "slices are not compared: a mark hits a lesion by its place on the image alone"
        )
    said = {
        "marks inside several lesions went to the nearest centre": counts.in_several,
        "false marks lie on an image for which the place of a lesion of that breast is not given": (
            counts.lesion_not_shown
        ),
        "cases that not all readers read were left out": grid.n_not_common,
        "marks of readings outside the study were left out": counts.not_used,
    }
    notes += [f"{count} {text}" for text, count in said.items() if count]
    return "; ".join(notes)
