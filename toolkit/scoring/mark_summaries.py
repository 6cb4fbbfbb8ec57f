"""What scored marks show: rules compared, lesions by type, distances, and lesions missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.results import Estimate, Result
from toolkit.scoring.mark_readings import MarkTables
from toolkit.scoring.mark_rules import AsRecorded, HitRule
from toolkit.scoring.mark_units import MarkUnit
from toolkit.scoring.marks import LocalizedMarks, localize_marks
from toolkit.scoring.ratings import ScoringError
from toolkit.stats.clustered_proportions import mean_proportion_ci
from toolkit.stats.froc.figures_of_merit import max_llf, max_nlf_all_cases, wafroc


@dataclass(frozen=True, kw_only=True, eq=False)
class HitRuleRow(Result):
    """One reader in one modality by one hit rule; columns as in the glossary."""

    hit_rule: str
    label: str
    lesions_found: int
    n_lesions: int
    lesion_sensitivity: float
    nl_marks: int
    n_images: int
    nl_per_image: float
    wafroc: float


def compare_hit_rules(
    tables: MarkTables,
    rules: Sequence[HitRule | AsRecorded],
    *,
    unit: MarkUnit,
    modalities: Sequence[str],
    ai_modality: str | None = None,
    session: str | None = "1",
    common_cases: bool = False,
    benign_histology: Sequence[str] = (),
) -> tuple[HitRuleRow, ...]:
    """Return how the results of every reader depend on the hit rule.

    Parameters
    ----------
    tables, unit, modalities, ai_modality, session, common_cases, benign_histology
        As of ``localize_marks``.
    rules : sequence of HitRule
        Two or more are worth a table; the first is that of the plan.

    Returns
    -------
    tuple of HitRuleRow
        Rule by rule, reader by reader. wAFROC is NaN with a note where all or no units have a
        lesion.

    Raises
    ------
    ScoringError
        As ``localize_marks``, or if there is no rule.
    """
    if not rules:
        msg = "rules must hold at least one hit rule, but got none"
        raise ScoringError(msg)
    found = []
    for rule in rules:
        scored = localize_marks(
            tables,
            rule=rule,
            unit=unit,
            modalities=modalities,
            ai_modality=ai_modality,
            session=session,
            common_cases=common_cases,
            benign_histology=benign_histology,
        )
        found += hit_rule_rows(scored)
    return tuple(found)


def hit_rule_rows(scored: LocalizedMarks) -> list[HitRuleRow]:
    """Return one row a reader and modality of marks that one rule scored."""
    study = scored.study
    truth = study.truth
    rows = []
    for reader, modality in np.ndindex(study.shape):
        reading = study.reading(reader, modality)
        area = wafroc(reading)
        rows.append(
            HitRuleRow(
                hit_rule=scored.rule,
                label=f"{study.readers[reader]}, {study.modalities[modality]}",
                lesions_found=int((reading.lesion_rating > -np.inf).sum()),
                n_lesions=int(truth.lesion_case.size),
                lesion_sensitivity=max_llf(reading),
                nl_marks=int(reading.nl_case.size),
                n_images=int(truth.n_images.sum()),
                nl_per_image=max_nlf_all_cases(reading),
                wafroc=area,
                method="marks scored by one hit rule",
                note="no unit with, or none without, a lesion: no wAFROC" if np.isnan(area) else "",
            )
        )
    return rows


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
        return [kind or "not known" for kind in scored.lesion_type.tolist()]
    edges = [float(edge) for edge in size_edges_mm]
    if edges != sorted(set(edges)) or not np.isfinite(edges).all():
        msg = f"size_edges_mm must ascend, but got {', '.join(f'{edge:g}' for edge in edges)}"
        raise ScoringError(msg)
    names = [f"below {edges[0]:g} mm"]
    names += [f"{low:g} to below {high:g} mm" for low, high in pairwise(edges)]
    names.append(f"{edges[-1]:g} mm and more")
    places = np.searchsorted(edges, scored.lesion_size_mm, side="right")
    unknown = np.isnan(scored.lesion_size_mm)
    return ["not known" if no else names[place] for place, no in zip(places, unknown, strict=True)]


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


@dataclass(frozen=True, kw_only=True, eq=False)
class MarkDistances:
    """Distances of marks from the nearest centre of a lesion on the same image.

    Parameters
    ----------
    distance : ndarray, shape (n_marks,)
        In ``unit``.
    hit : ndarray of bool, shape (n_marks,)
        Whether the rule made the mark a hit, the highest on its lesion or a further one.
    reader, modality : ndarray of int, shape (n_marks,)
        From 0.
    unit : {"mm", "px"}
        Millimetres where every such image has a pixel spacing, else pixels.
    n_elsewhere : int
        Marks on images without a lesion, which have no distance.
    """

    distance: FloatArray
    hit: BoolArray
    reader: IntArray
    modality: IntArray
    unit: str
    n_elsewhere: int


def mark_distances(scored: LocalizedMarks) -> MarkDistances:
    """Return how far marks lie from the nearest lesion: where a rule of distance cuts.

    Parameters
    ----------
    scored : LocalizedMarks
        Scored by place.

    Returns
    -------
    MarkDistances
        Of marks on images that show a lesion.
    """
    near = ~np.isnan(scored.distance_px)
    known = not np.isnan(scored.distance_mm[near]).any()
    distance = scored.distance_mm if known else scored.distance_px
    return MarkDistances(
        distance=distance[near],
        hit=scored.mark_class[near] != "NL",
        reader=scored.mark_reader[near],
        modality=scored.mark_modality[near],
        unit="mm" if known else "px",
        n_elsewhere=int((~near).sum()),
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
