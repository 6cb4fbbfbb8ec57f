"""The counts behind every axis of scored marks, and what a reader of the numbers must know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit.scoring.mark_hits import Scored
from toolkit.scoring.mark_readings import MarkTables, ReadingGrid
from toolkit.scoring.mark_units import Units
from toolkit.stats.froc.readings import FrocStudy

if TYPE_CHECKING:
    import pandas as pd


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
