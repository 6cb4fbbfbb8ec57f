"""Lesions found and false marks of each reader, and the curves of a study of marks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from toolkit.chapters.localization.localization import LocalizedStudy
from toolkit.chapters.localization.localization_foms import Endpoint
from toolkit.results import Curve
from toolkit.scoring.marks import LocalizedMarks
from toolkit.stats.froc.curves import (
    afroc1_curve,
    afroc_curve,
    froc_curve,
    inferred_roc_curve,
    lroc_curve,
    mean_froc_curve,
    wafroc1_curve,
    wafroc_curve,
)
from toolkit.stats.froc.studies import pooled_reading

CurveKind = Literal["froc", "afroc", "afroc1", "wafroc", "wafroc1", "roc", "lroc"]
Side = Literal["a", "b", "ai"]

_CURVES = {
    "froc": froc_curve,
    "afroc": afroc_curve,
    "afroc1": afroc1_curve,
    "wafroc": wafroc_curve,
    "wafroc1": wafroc1_curve,
    "roc": inferred_roc_curve,
    "lroc": lroc_curve,
}


@dataclass(frozen=True, kw_only=True)
class ReaderMarks:
    """What one reader found in one modality.

    Parameters
    ----------
    label : str
        R1, R2, ... or the AI's.
    side : {"a", "b", "ai"}
        The modality, or the AI.
    found, n_lesions : int
        Lesions with a mark, whatever its rating, and all lesions.
    false_marks, n_images : int
        Marks that hit no lesion, and the images they were counted on.
    n_cases : int
        Units of the analysis that were read.
    """

    label: str
    side: Side
    found: int
    n_lesions: int
    false_marks: int
    n_images: int
    n_cases: int


@dataclass(frozen=True, kw_only=True, eq=False)
class SideCurves:
    """The curves of one modality, or of the AI.

    Parameters
    ----------
    side : {"a", "b", "ai"}
        Which.
    mean : Curve
        Vertical average of the readers; the AI's own curve.
    readers : tuple of Curve
        Single readers; empty for the AI.
    pooled : Curve
        All marks of all readers as if on one scale; the AI's own curve.
    floor : float or None
        Export floor where the AI's curve stops.
    """

    side: Side
    mean: Curve
    readers: tuple[Curve, ...]
    pooled: Curve
    floor: float | None = None


def sides(study: LocalizedStudy) -> list[tuple[Side, LocalizedMarks, int]]:
    """Return each modality, and the AI, with its marks and its place among their modalities."""
    found: list[tuple[Side, LocalizedMarks, int]] = []
    if study.people is not None:
        names: tuple[Side, ...] = ("a",) if study.plan.of_ai else ("a", "b")
        found += [(name, study.people, place) for place, name in enumerate(names)]
    if study.ai is not None:
        found.append(("ai", study.ai, 0))
    return found


def reader_marks(study: LocalizedStudy) -> tuple[ReaderMarks, ...]:
    """Return what each reader found in each modality, and what the AI found."""
    return tuple(
        _of_reader(marks, side, reader, modality)
        for side, marks, modality in sides(study)
        for reader in range(len(marks.study.readers))
    )


def _of_reader(marks: LocalizedMarks, side: Side, reader: int, modality: int) -> ReaderMarks:
    """Return what one reader found."""
    reading, truth = marks.study.reading(reader, modality), marks.study.truth
    return ReaderMarks(
        label=marks.study.readers[reader],
        side=side,
        found=int((reading.lesion_rating > -np.inf).sum()),
        n_lesions=int(truth.lesion_case.size),
        false_marks=int(reading.nl_case.size),
        n_images=int(truth.n_images.sum()),
        n_cases=truth.n_cases,
    )


def area_kind(endpoint: Endpoint) -> CurveKind:
    """Return the AFROC curve under which the endpoint is the area, else the weighted one."""
    kinds: dict[str, CurveKind] = {"AFROC": "afroc", "AFROC1": "afroc1", "wAFROC1": "wafroc1"}
    return kinds.get(endpoint, "wafroc")


def curves_of(study: LocalizedStudy, kind: CurveKind) -> tuple[SideCurves, ...]:
    """Return the curves of one kind: each modality with its readers, and the AI."""
    make, found = _CURVES[kind], []
    for side, marks, modality in sides(study):
        readings = [marks.study.reading(r, modality) for r in range(len(marks.study.readers))]
        singles = tuple(
            make(reading, label=label)
            for reading, label in zip(readings, marks.study.readers, strict=True)
        )
        alone = side == "ai"
        found.append(
            SideCurves(
                side=side,
                mean=singles[0] if alone else mean_froc_curve(singles),
                readers=() if alone else singles,
                pooled=singles[0] if alone else make(pooled_reading(marks.study, modality)),
                floor=readings[0].export_floor,
            )
        )
    return tuple(found)
