"""Lesions of scored marks: which kinds are found, and which are missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from toolkit.results import Estimate
from toolkit.scoring.marks import LocalizedMarks
from toolkit.scoring.ratings import ScoringError
from toolkit.stats.proportions import mean_proportion_ci

if TYPE_CHECKING:
    pass

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
