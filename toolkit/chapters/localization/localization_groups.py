"""Lesions found by type and size of the lesion, and the lesions that most readers missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.chapters.localization.localization import LocalizedStudy
from toolkit.chapters.localization.localization_readers import Side, sides
from toolkit.results import Estimate
from toolkit.scoring.marks import (
    LocalizedMarks,
    MissedLesion,
    lesion_groups,
    lesion_sensitivity_of_marks,
    missed_lesions,
)
from toolkit.stats.froc.cut_figures import lesion_sensitivity_by_group

UNKNOWN = "not known"


@dataclass(frozen=True, kw_only=True, eq=False)
class LesionGroup:
    """Lesions of one kind.

    Parameters
    ----------
    kind : {"type", "size"}
        What the group is one of.
    label : str
        The type or the class of size.
    n_lesions : int
        Lesions of the group.
    found : dict
        Share of them found, by modality or AI; mean of the readers.
    """

    kind: str
    label: str
    n_lesions: int
    found: dict[Side, Estimate]


@dataclass(frozen=True, kw_only=True, eq=False)
class Missed:
    """A lesion that most readers missed, and who found it.

    Parameters
    ----------
    lesion : MissedLesion
        In the modality by which lesions are chosen.
    n_missed : dict
        Readers who missed it, by modality; for the AI 1 or 0.
    """

    lesion: MissedLesion
    n_missed: dict[Side, int]


def grouped_lesions(study: LocalizedStudy) -> tuple[LesionGroup, ...]:
    """Return the lesions found by type and by size, where the data tell these apart.

    Parameters
    ----------
    study : LocalizedStudy
        Scored marks. With ``nl_per_image`` in the plan each reader is read off at that many false
        marks per image, with a bootstrap of patients; without it a lesion is found that has a
        mark at all, with an interval that takes lesions of one patient as alike.

    Returns
    -------
    tuple of LesionGroup
        Types first, each by name; those that are not known last. Without a known type, or without
        a known size or any edge, that half is empty.
    """
    marks, edges = study.scored, study.plan.size_edges_mm
    found: list[LesionGroup] = []
    if (marks.lesion_type != "").any():
        found += _groups(study, "type", ())
    if edges and not np.isnan(marks.lesion_size_mm).all():
        found += _groups(study, "size", edges)
    return tuple(found)


def _groups(study: LocalizedStudy, kind: str, edges: Sequence[float]) -> list[LesionGroup]:
    """Return the groups of one kind, sizes from the smallest, what is not known last."""
    names = lesion_groups(study.scored, size_edges_mm=edges)
    sizes = study.scored.lesion_size_mm
    order = sorted(set(names))
    if edges:
        smallest = {
            label: min(s for s, name in zip(sizes.tolist(), names, strict=True) if name == label)
            for label in order
            if label != UNKNOWN
        }
        order = sorted(order, key=lambda label: smallest.get(label, np.inf))
    by_side = {
        side: _found(study, marks, modality, lesion_groups(marks, size_edges_mm=edges))
        for side, marks, modality in sides(study)
    }
    order = sorted(order, key=lambda label: label == UNKNOWN)
    return [
        LesionGroup(
            kind=kind,
            label=label,
            n_lesions=names.count(label),
            found={side: rows[label] for side, rows in by_side.items() if label in rows},
        )
        for label in order
    ]


def _found(
    study: LocalizedStudy, marks: LocalizedMarks, modality: int, names: list[str]
) -> dict[str, Estimate]:
    """Return the share found of each group in one modality."""
    plan = study.plan
    if plan.paradigm == "LROC" or plan.nl_per_image is None:
        rows = lesion_sensitivity_of_marks(marks, names, modality=modality, ci_level=plan.ci_level)
    else:
        rows = lesion_sensitivity_by_group(
            marks.study,
            names,
            nl_per_image=plan.nl_per_image,
            modality=modality,
            cluster=marks.patient,
            ci_level=plan.ci_level,
            rng=plan.seed,
        )
    return {row.label: row for row in rows}


def most_missed(study: LocalizedStudy) -> tuple[Missed, ...]:
    """Return the lesions that more than the plan's share of the readers missed.

    They are chosen in the modality that is compared, or in the readers' own where an AI is.
    """
    if study.people is None:
        return ()
    people = study.people
    modality = len(people.study.modalities) - 1
    everyone = range(len(people.study.readers))
    chosen = missed_lesions(
        people, modality=modality, readers=everyone, least_share=study.plan.missed_share
    )
    return tuple(Missed(lesion=one, n_missed=_missed_by(study, one)) for one in chosen)


def _missed_by(study: LocalizedStudy, lesion: MissedLesion) -> dict[Side, int]:
    """Return how many missed a lesion, by modality and for the AI."""
    found: dict[Side, int] = {}
    people = study.people or study.scored
    part = people.part[people.study.truth.lesion_case[lesion.place]]
    for side, marks, modality in sides(study):
        same = (marks.lesion_case_id == lesion.case_id) & (marks.lesion_id == lesion.lesion_id)
        same &= marks.part[marks.study.truth.lesion_case] == part
        if same.any():
            rating = marks.study.lesion_rating[np.argmax(same), :, modality]
            found[side] = int((rating == -np.inf).sum())
    return found
