"""Where missed lesions lie, and where the readers put their marks instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.arrays import FloatArray, IntArray
from toolkit.chapters.localization.localization import LocalizedStudy
from toolkit.chapters.localization.localization_groups import Missed
from toolkit.chapters.localization.localization_readers import Side, sides
from toolkit.chapters.localization.localization_rules import have_places
from toolkit.scoring.mark_hits import lesion_places, mark_places
from toolkit.scoring.mark_rules import AsRecorded, HitRule, Pairs, centroid, polygon_of

if TYPE_CHECKING:
    import pandas as pd

MOST_VIEWS = 6
_COLUMNS = ["x_px", "y_px", "radius_px", "outline", "lesion_id"]


@dataclass(frozen=True, kw_only=True)
class MarkAt:
    """A mark on an image; ``hit`` says whether it hits the lesion that the view is of."""

    x_px: float
    y_px: float
    hit: bool
    side: Side
    label: str


@dataclass(frozen=True, kw_only=True, eq=False)
class LesionView:
    """A lesion on one image that shows it, with the marks of all readers there.

    Parameters
    ----------
    number : int
        The lesion among those missed, from 1: it has no other name on a page.
    missed : Missed
        Who missed it.
    laterality, view : str
        Of the image; empty where they are not known.
    rows, columns : int
        Size of the image in pixels.
    x_px, y_px, radius_px : float
        Place and radius of the lesion; the radius is NaN where it is not known.
    outline : ndarray of shape (n_corners, 2), or None
        Its outline.
    marks : tuple of MarkAt
        Marks of the readers in the modality by which it was missed, and of the AI.
    """

    number: int
    missed: Missed
    laterality: str
    view: str
    rows: int
    columns: int
    x_px: float
    y_px: float
    radius_px: float
    outline: FloatArray | None
    marks: tuple[MarkAt, ...]


def missed_views(
    study: LocalizedStudy, missed: Sequence[Missed], *, most: int = MOST_VIEWS
) -> tuple[LesionView, ...]:
    """Return the views of the lesions that most readers missed.

    Parameters
    ----------
    study : LocalizedStudy
        Scored marks.
    missed : sequence of Missed
        Of ``most_missed``.
    most : int
        Views at most, whole lesions only, the most missed first.

    Returns
    -------
    tuple of LesionView
        Empty where marks or lesions have no places.
    """
    images = study.tables.images
    if images is None or not have_places(study):
        return ()
    marks = _marks_by_image(study)
    found: list[LesionView] = []
    for number, one in enumerate(missed, start=1):
        views = _views(study, images, number, one, marks)
        if found and len(found) + len(views) > most:
            break
        found += views
    return tuple(found)


def _views(
    study: LocalizedStudy,
    images: pd.DataFrame,
    number: int,
    one: Missed,
    marks: dict[str, list[tuple[MarkAt, int]]],
) -> list[LesionView]:
    """Return every image that shows a lesion."""
    table = study.tables.lesions
    same = (table["case_id"] == one.lesion.case_id) & (table["lesion_id"] == one.lesion.lesion_id)
    placed = table[same].merge(images, on="image_id", how="inner", suffixes=("", "_of_image"))
    found = []
    for row in placed.to_dict("records"):
        outline = polygon_of(row["outline"]) if isinstance(row.get("outline"), str) else None
        x, y = _number(row, "x_px"), _number(row, "y_px")
        if outline is not None and np.isnan(x + y):
            x, y = centroid(outline)
        if np.isnan(x + y):
            continue
        found.append(
            LesionView(
                number=number,
                missed=one,
                laterality=_word(row, "laterality"),
                view=_word(row, "view"),
                rows=int(row["rows"]),
                columns=int(row["columns"]),
                x_px=float(x),
                y_px=float(y),
                radius_px=_number(row, "radius_px"),
                outline=outline,
                marks=_on_this_lesion(study, row, marks.get(str(row["image_id"]), [])),
            )
        )
    return found


def _on_this_lesion(
    study: LocalizedStudy, lesion: dict[Any, Any], placed: list[tuple[MarkAt, int]]
) -> tuple[MarkAt, ...]:
    """Return the marks on an image, a hit where they hit this lesion and no nearer one."""
    rule, places = study.plan.rule, [place for _, place in placed]
    if not placed:
        return ()
    marks = study.tables.marks.iloc[places].reindex(columns=_COLUMNS)
    if isinstance(rule, AsRecorded):
        own = (marks["lesion_id"] == lesion["lesion_id"]).to_numpy(dtype=bool)
    else:
        table = study.tables.lesions
        shown = table[table["image_id"] == lesion["image_id"]].reindex(columns=_COLUMNS)
        number = shown["lesion_id"].tolist().index(lesion["lesion_id"])
        own = _hit_of(rule, marks, shown, _number(lesion, "pixel_spacing_mm")) == number
    return tuple(
        replace(mark, hit=mark.hit and bool(hit))
        for (mark, _), hit in zip(placed, own, strict=True)
    )


def _hit_of(
    rule: HitRule, marks: pd.DataFrame, lesions: pd.DataFrame, spacing_mm: float
) -> IntArray:
    """Return the lesion of an image that each mark hits, the nearest one; -1 for none."""
    at_marks = mark_places(marks.assign(row=np.arange(1, len(marks) + 1)))
    at_lesions = lesion_places(lesions.assign(row=np.arange(1, len(lesions) + 1)))
    mark, lesion = (
        place.ravel() for place in np.indices((len(marks), len(lesions)), dtype=np.int64)
    )
    across, down = at_marks.x[mark] - at_lesions.x[lesion], at_marks.y[mark] - at_lesions.y[lesion]
    pairs = Pairs(
        mark=mark,
        lesion=lesion,
        distance_px=np.hypot(across, down),
        spacing_mm=np.full(mark.size, spacing_mm),
    )
    hits = rule.hits(pairs, at_marks, at_lesions)
    distance = np.where(hits, pairs.distance_px, np.inf).reshape(len(marks), len(lesions))
    return np.where(np.isfinite(distance).any(axis=1), distance.argmin(axis=1), -1)


def _marks_by_image(study: LocalizedStudy) -> dict[str, list[tuple[MarkAt, int]]]:
    """Return the marks of the modality by which lesions were missed, and the AI's, by image.

    Each with its place in the marks table.
    """
    table, found = study.tables.marks, dict[str, list[tuple[MarkAt, int]]]()
    sources = sides(study)
    last = "a" if study.plan.of_ai else "b"
    for side, scored, modality in sources:
        if side not in (last, "ai"):
            continue
        chosen = np.flatnonzero(scored.mark_modality == modality)
        rows = table.iloc[scored.mark_row[chosen] - 1]
        for place, row in zip(chosen, rows.to_dict("records"), strict=True):
            mark = MarkAt(
                x_px=float(row["x_px"]),
                y_px=float(row["y_px"]),
                hit=str(scored.mark_class[place]) != "NL",
                side=side,
                label=scored.study.readers[scored.mark_reader[place]],
            )
            at = int(scored.mark_row[place]) - 1
            found.setdefault(str(row["image_id"]), []).append((mark, at))
    return found


def _number(row: dict[Any, Any], name: str) -> float:
    """Return a number of a row, NaN where the table has none."""
    return float(row.get(name, np.nan))


def _word(row: dict[Any, Any], name: str) -> str:
    """Return a word of a row, empty where the table has none."""
    value = row.get(name)
    return value if isinstance(value, str) else ""
