"""Which lesion each mark hits, if any, and how far it lies from the nearest one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.scoring.mark_places import lesion_places, mark_places
from toolkit.scoring.mark_rules import HitRule, LesionPlaces, MarkPlaces, Pairs

if TYPE_CHECKING:
    import pandas as pd


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
    at_marks, at_lesions = mark_places(marks), lesion_places(lesions)
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
    at_marks: MarkPlaces,
    at_lesions: LesionPlaces,
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
