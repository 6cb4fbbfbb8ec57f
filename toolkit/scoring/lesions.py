"""Lesions of scored marks: which kinds are found, which are missed, and where those lie."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.results import Estimate
from toolkit.scoring.mark_readings import MarkTables
from toolkit.scoring.mark_rules import centroid, polygon_of
from toolkit.scoring.marks import LocalizedMarks
from toolkit.scoring.ratings import ScoringError
from toolkit.stats.proportions import mean_proportion_ci

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "not known"


def lesion_groups(scored: LocalizedMarks, *, size_edges_mm: Sequence[float] = ()) -> list[str]:
    """Return the group of each lesion: its type, or its size class where edges are given.

    Parameters
    ----------
    scored : LocalizedMarks
        Scored marks.
    size_edges_mm : sequence of float
        Ascending edges; a size equal to an edge belongs to the class above it.

    Returns
    -------
    list of str
        ``"not known"`` where the type or size is not given.
    """
    if not len(size_edges_mm):
        return [kind or UNKNOWN for kind in scored.lesion_type.tolist()]
    edges = [float(edge) for edge in size_edges_mm]
    if edges != sorted(set(edges)) or not np.isfinite(edges).all():
        msg = f"size_edges_mm must ascend, but got {', '.join(f'{edge:g}' for edge in edges)}"
        raise ScoringError(msg)
    names = [f"below {edges[0]:g} mm"]
    names += [f"{low:g} to below {high:g} mm" for low, high in pairwise(edges)]
    names.append(f"{edges[-1]:g} mm and more")
    places = np.searchsorted(edges, scored.lesion_size_mm, side="right")
    unknown = np.isnan(scored.lesion_size_mm)
    return [UNKNOWN if no else names[place] for place, no in zip(places, unknown, strict=True)]


def lesion_sensitivity_of_marks(
    scored: LocalizedMarks,
    group: Sequence[str],
    *,
    modality: int = 0,
    readers: Sequence[int] | None = None,
    ci_level: float = 0.95,
) -> tuple[Estimate, ...]:
    """Estimate the share of lesions that have a mark at all, by group, as a mean over readers.

    Parameters
    ----------
    scored : LocalizedMarks
        Scored marks.
    group : sequence of str, length n_lesions
        As of ``lesion_groups``.
    modality : int
        From 0.
    readers : sequence of int, optional
        Readers that count, from 0; all if not given.
    ci_level : float
        Confidence level, two-sided.

    Returns
    -------
    tuple of Estimate
        One a group, sorted by name; lesions of one patient are taken as alike, readers as fixed.
        At a fixed number of false marks take ``froc.lesion_sensitivity``.
    """
    names = np.asarray(group, dtype=object)
    marked = scored.study.lesion_rating[:, :, modality] > -np.inf
    if readers is not None:
        marked = marked[:, list(readers)]
    if names.shape != (marked.shape[0],):
        msg = f"group must name a group for each of {marked.shape[0]} lesions, but got {names.size}"
        raise ScoringError(msg)
    return tuple(
        replace(
            mean_proportion_ci(
                marked[names == label],
                cluster=scored.lesion_patient[names == label],
                ci_level=ci_level,
                quantity="lesion sensitivity",
                label=str(label),
            ),
            n_cases=None,  # lesions, which the denominator counts
        )
        for label in sorted(set(names.tolist()))
    )


@dataclass(frozen=True, kw_only=True)
class MissedLesion:
    """A lesion and how many readers did not mark it; its identifiers are not to be printed."""

    place: int
    case_id: str
    lesion_id: str
    lesion_type: str
    size_mm: float
    n_missed: int
    n_readers: int


def missed_lesions(
    scored: LocalizedMarks,
    *,
    modality: int = 0,
    readers: Sequence[int] | None = None,
    least_share: float = 0.5,
) -> tuple[MissedLesion, ...]:
    """Return the lesions that more than a share of the readers missed, the most missed first.

    Parameters
    ----------
    scored : LocalizedMarks
        Scored marks.
    modality : int
        From 0.
    readers : sequence of int, optional
        Readers that count, from 0; people, who have no export floor, if not given.
    least_share : float
        A lesion is listed if more than this share of the readers missed it.

    Returns
    -------
    tuple of MissedLesion
        ``place`` is that among the lesions of ``scored.study``.
    """
    study = scored.study
    floors = study.export_floor or (-np.inf,) * len(study.readers)
    people = [place for place, floor in enumerate(floors) if not np.isfinite(floor)]
    chosen = people if readers is None else list(readers)
    if not chosen:
        msg = "there is no reader whose misses could be counted; name readers="
        raise ScoringError(msg)
    missed = (study.lesion_rating[:, chosen, modality] == -np.inf).sum(axis=1)
    order = np.argsort(-missed, kind="stable")
    return tuple(
        MissedLesion(
            place=int(place),
            case_id=str(scored.lesion_case_id[place]),
            lesion_id=str(scored.lesion_id[place]),
            lesion_type=str(scored.lesion_type[place]),
            size_mm=float(scored.lesion_size_mm[place]),
            n_missed=int(missed[place]),
            n_readers=len(chosen),
        )
        for place in order
        if missed[place] > least_share * len(chosen)
    )


@dataclass(frozen=True, kw_only=True)
class MarkAt:
    """A mark on an image; ``hit`` says whether it hits the lesion that the view is of."""

    x_px: float
    y_px: float
    hit: bool
    source: str
    label: str


@dataclass(frozen=True, kw_only=True, eq=False)
class LesionView:
    """A lesion on one image that shows it, with the marks there.

    Parameters
    ----------
    laterality, view : str
        Of the image; empty where they are not known.
    rows, columns : int
        Size of the image in pixels.
    x_px, y_px, radius_px : float
        Place and radius of the lesion; the radius is NaN where it is not known.
    outline : ndarray of shape (n_corners, 2), or None
        Its outline.
    marks : tuple of MarkAt
        Each with its source and the label of its reader.
    """

    laterality: str
    view: str
    rows: int
    columns: int
    x_px: float
    y_px: float
    radius_px: float
    outline: FloatArray | None
    marks: tuple[MarkAt, ...]


def lesion_views(
    tables: MarkTables,
    *,
    case_id: str,
    lesion_id: str,
    marks: Mapping[str, tuple[LocalizedMarks, int]],
) -> tuple[LesionView, ...]:
    """Return every image that shows a lesion, with the marks of some readers on it.

    Parameters
    ----------
    tables : MarkTables
        What the marks were scored from.
    case_id, lesion_id : str
        The lesion.
    marks : mapping of str to (LocalizedMarks, int)
        By source, such as a modality or an AI: scored marks, and the place of their modality.

    Returns
    -------
    tuple of LesionView
        Empty where marks or lesions have no places.
    """
    if not tables.placed or tables.images is None:
        return ()
    table = tables.lesions
    same = (table["case_id"] == case_id) & (table["lesion_id"] == lesion_id)
    shown = table[same].merge(tables.images, on="image_id", how="inner", suffixes=("", "_of_image"))
    found = []
    for row in shown.to_dict("records"):
        outline = polygon_of(row["outline"]) if isinstance(row.get("outline"), str) else None
        x, y = _number(row, "x_px"), _number(row, "y_px")
        if outline is not None and np.isnan(x + y):
            x, y = centroid(outline)
        if np.isnan(x + y):
            continue
        found.append(
            LesionView(
                laterality=_word(row, "laterality"),
                view=_word(row, "view"),
                rows=int(row["rows"]),
                columns=int(row["columns"]),
                x_px=x,
                y_px=y,
                radius_px=_number(row, "radius_px"),
                outline=outline,
                marks=tuple(_marks_on(row, tables.marks, marks)),
            )
        )
    return tuple(found)


def _marks_on(
    lesion: dict[Any, Any],
    table: pd.DataFrame,
    marks: Mapping[str, tuple[LocalizedMarks, int]],
) -> Iterator[MarkAt]:
    """Yield the marks on the image of a lesion; one that went to another lesion is no hit here."""
    for source, (scored, modality) in marks.items():
        own = (scored.lesion_case_id == lesion["case_id"]) & (
            scored.lesion_id == lesion["lesion_id"]
        )
        hits = np.append(own, False)[scored.mark_lesion]
        rows = table.iloc[scored.mark_row - 1]
        on_image = (rows["image_id"] == lesion["image_id"]).to_numpy(dtype=bool)
        for place in np.flatnonzero(on_image & (scored.mark_modality == modality)):
            yield MarkAt(
                x_px=float(rows["x_px"].iloc[place]),
                y_px=float(rows["y_px"].iloc[place]),
                hit=bool(hits[place]),
                source=source,
                label=scored.study.readers[scored.mark_reader[place]],
            )


def _number(row: dict[Any, Any], name: str) -> float:
    """Return a number of a row, NaN where the table has none."""
    return float(row.get(name, np.nan))


def _word(row: dict[Any, Any], name: str) -> str:
    """Return a word of a row, empty where the table has none."""
    value = row.get(name)
    return value if isinstance(value, str) else ""
