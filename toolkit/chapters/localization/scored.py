"""Marks of a study scored as its plan says: of the readers, of the AI, and of both together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from toolkit.results import Curve
from toolkit.scoring.mark_readings import MarkTables, MarkUnit
from toolkit.scoring.mark_rules import AsRecorded, HitRule, InsideOutline, Overlap, WithinRadius
from toolkit.scoring.marks import LocalizedMarks, localize_marks
from toolkit.scoring.ratings import ScoringError
from toolkit.stats.froc import (
    FrocFom,
    afroc,
    afroc1,
    afroc1_curve,
    afroc_curve,
    alroc_fom,
    froc_curve,
    hr_auc,
    hr_se,
    hr_sp,
    inferred_roc_curve,
    lesion_sensitivity_fom,
    lroc_curve,
    max_llf,
    max_nlf,
    mean_froc_curve,
    pcl_fom,
    pooled_reading,
    wafroc,
    wafroc1,
    wafroc1_curve,
    wafroc_curve,
)
from toolkit.stats.mrmc.analysis import Random

Paradigm = Literal["FROC", "LROC"]
Endpoint = Literal[
    "wAFROC",
    "wAFROC1",
    "AFROC",
    "AFROC1",
    "HrAuc",
    "HrSe",
    "HrSp",
    "MaxLLF",
    "MaxNLF",
    "lesion_sensitivity",
    "ALROC",
    "PCL",
]
CurveKind = Literal["froc", "afroc", "afroc1", "wafroc", "wafroc1", "roc", "lroc"]
Side = Literal["a", "b", "ai"]
CovarianceOfPlan = Literal["jackknife", "bootstrap"]

# Least overlap, shared over joint area, that makes a hit: boxes of mammography are drawn wide.
LEAST_OVERLAP = 0.1

_PLAIN: dict[str, FrocFom] = {
    "wAFROC": wafroc,
    "wAFROC1": wafroc1,
    "AFROC": afroc,
    "AFROC1": afroc1,
    "HrAuc": hr_auc,
    "HrSe": hr_se,
    "HrSp": hr_sp,
    "MaxLLF": max_llf,
    "MaxNLF": max_nlf,
}
# How tables and titles of panels name a figure of merit.
SHORT: dict[Endpoint, str] = {
    "wAFROC": "Weighted AFROC",
    "wAFROC1": "Weighted AFROC, all cases",
    "AFROC": "AFROC",
    "AFROC1": "AFROC, all cases",
    "HrAuc": "Highest-rating AUC",
    "HrSe": "Cancers marked",
    "HrSp": "Others unmarked",
    "MaxLLF": "Lesions marked",
    "MaxNLF": "False marks",
    "lesion_sensitivity": "Lesions found",
    "ALROC": "LROC area",
    "PCL": "Localized",
}
_OF_PARADIGM: dict[Paradigm, tuple[str, ...]] = {
    "FROC": (*_PLAIN, "lesion_sensitivity"),
    "LROC": ("ALROC", "PCL", "HrAuc"),
}
_CURVES = {
    "froc": froc_curve,
    "afroc": afroc_curve,
    "afroc1": afroc1_curve,
    "wafroc": wafroc_curve,
    "wafroc1": wafroc1_curve,
    "roc": inferred_roc_curve,
    "lroc": lroc_curve,
}


def fom_of(
    endpoint: Endpoint,
    *,
    nl_per_image: float | None = None,
    fraction: float | None = None,
    lowest: bool = False,
) -> FrocFom:
    """Return a figure of merit by its name.

    Raises
    ------
    ScoringError
        If the place it is read off at is not given.

    Examples
    --------
    >>> fom_of("PCL", fraction=0.2).name
    'PCL at FPF 0.2'
    """
    if endpoint in _PLAIN:
        return _PLAIN[endpoint]
    if endpoint == "ALROC":
        return alroc_fom(false_positive_fraction=1.0 if fraction is None else fraction)
    name, place = "nl_per_image", nl_per_image
    if endpoint == "PCL":
        name, place = "false_positive_fraction", fraction
    if place is None:
        msg = f"endpoint {endpoint!r} needs {name}, where it is read off, but there is none"
        raise ScoringError(msg)
    if endpoint == "PCL":
        return pcl_fom(false_positive_fraction=place, step="lowest" if lowest else "highest")
    return lesion_sensitivity_fom(nl_per_image=place)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the parameters fix before a mark is seen; the notebook says what each of them means."""

    endpoint: Endpoint = "wAFROC"
    comparison: Literal["modalities", "ai against readers"] = "modalities"
    modality_without: str = "unaided"  # an AI is compared with readers in this one
    modality_with: str = "aided"
    ai_modality: str | None = None
    session: str | None = None
    unit: MarkUnit = "exam"
    hit_rule: Literal["inside outline", "within radius", "overlap", "as recorded"] = "within radius"
    hit_radius_mm: float | None = None  # of the rule "overlap" the region of marks that are points
    nl_per_image: float | None = None
    false_positive_fraction: float | None = None
    paradigm: Paradigm = "FROC"
    covariance: CovarianceOfPlan | None = None
    random: Random = "readers and cases"
    fom_difference_margin: float | None = None
    size_edges_mm: Sequence[float] = ()
    missed_share: float = 0.5
    ci_level: float = 0.95
    seed: int = 20260101

    @property
    def rule(self) -> HitRule | AsRecorded:
        """The hit rule.

        Raises
        ------
        ScoringError
            If a radius is needed and not given.
        """
        if self.hit_rule == "as recorded":
            return AsRecorded()
        if self.hit_rule == "inside outline":
            return InsideOutline()
        if self.hit_rule == "overlap":
            return Overlap(least=LEAST_OVERLAP, mark_radius_mm=self.hit_radius_mm)
        if self.hit_radius_mm is None:
            msg = "hit_rule 'within radius' needs hit_radius_mm, in mm, but there is none; give it"
            raise ScoringError(msg)
        return WithinRadius(radius_mm=self.hit_radius_mm)

    def fom(self, endpoint: Endpoint, *, lowest: bool = False) -> FrocFom:
        """Return a figure of merit, read off where the plan says."""
        fraction = self.false_positive_fraction
        return fom_of(endpoint, nl_per_image=self.nl_per_image, fraction=fraction, lowest=lowest)

    @property
    def of_ai(self) -> bool:
        """Whether an AI is compared with readers."""
        return self.comparison == "ai against readers"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ScoredMarks:
    """The marks of a study, scored.

    Parameters
    ----------
    plan : Plan
        What was fixed beforehand.
    tables : MarkTables
        What it was made from, for other rules and for the places of marks.
    scored : LocalizedMarks
        The marks that the primary comparison works on, of the cases that all readers read in all
        modalities; ``scored.note`` counts the others.
    people, ai : LocalizedMarks or None
        The marks of readers alone and of the AI alone, on the same cases; None without.
    ai_note : str
        Why there are no marks of the AI although the plan asks for them.
    """

    plan: Plan
    tables: MarkTables
    scored: LocalizedMarks
    people: LocalizedMarks | None
    ai: LocalizedMarks | None
    ai_note: str = ""

    @property
    def ai_name(self) -> str:
        """Label of the AI; empty without one."""
        return "" if self.ai is None else self.ai.study.readers[0]

    @property
    def n_people(self) -> int:
        """Readers, the AI not among them."""
        return 0 if self.people is None else len(self.people.study.readers)

    @property
    def names(self) -> tuple[str, str]:
        """How sentences name what is compared: the comparator first."""
        if self.plan.of_ai:
            if not self.n_people:
                return "the readers", "the AI"
            return "the one reader" if self.n_people == 1 else "the mean of the readers", "the AI"
        a, b = (
            f"{name} reading" if name in ("unaided", "aided") else name
            for name in self.scored.study.modalities
        )
        return a, b

    @property
    def sides(self) -> dict[Side, tuple[LocalizedMarks, int]]:
        """Each modality, and the AI, with its marks and its place among their modalities."""
        found: dict[Side, tuple[LocalizedMarks, int]] = {}
        if self.people is not None:
            names: tuple[Side, ...] = ("a",) if self.plan.of_ai else ("a", "b")
            found |= {name: (self.people, place) for place, name in enumerate(names)}
        if self.ai is not None:
            found["ai"] = (self.ai, 0)
        return found


def scored_marks(tables: MarkTables, plan: Plan) -> ScoredMarks:
    """Score the marks of a study as its plan says.

    Raises
    ------
    ScoringError
        If endpoint and paradigm do not fit, a reading of one place has several marks, there are
        several AIs, or as ``localize_marks``.
    """
    known = _OF_PARADIGM[plan.paradigm]
    if plan.endpoint not in known:
        msg = (
            f"endpoint must be one of {', '.join(known)} where the paradigm is {plan.paradigm}, "
            f"but got {plan.endpoint!r}"
        )
        raise ScoringError(msg)
    plan.fom(plan.endpoint)
    if plan.of_ai and plan.ai_modality is None:
        msg = "comparison 'ai against readers' needs ai_modality, such as 'standalone'; give it"
        raise ScoringError(msg)
    if plan.paradigm == "LROC":
        _require_one_mark(tables)
    scored = scored_by(tables, plan, plan.rule)
    people = _of_kind(tables, plan, scored, "human") if plan.of_ai else scored
    ai, note = None, ""
    if plan.ai_modality is not None:
        try:
            ai = _of_kind(tables, plan, scored, "ai")
            note = "" if ai is not None else f"no AI read in modality {plan.ai_modality!r}"
        except ScoringError as refused:
            if plan.of_ai:
                raise
            note = str(refused)  # the comparison of the readers stands without it
    return ScoredMarks(plan=plan, tables=tables, scored=scored, people=people, ai=ai, ai_note=note)


def scored_by(tables: MarkTables, plan: Plan, rule: HitRule | AsRecorded) -> LocalizedMarks:
    """Return the marks that are compared, scored by a rule, on the cases that all read."""
    if plan.of_ai:
        return _localized(tables, plan, rule, (plan.modality_without,), plan.ai_modality)
    return _localized(tables, plan, rule, (plan.modality_without, plan.modality_with), None)


def _localized(
    tables: MarkTables,
    plan: Plan,
    rule: HitRule | AsRecorded,
    modalities: Sequence[str],
    ai_modality: str | None,
) -> LocalizedMarks:
    """Return marks scored by a rule, with all else as planned."""
    return localize_marks(
        tables,
        rule=rule,
        unit=plan.unit,
        modalities=modalities,
        ai_modality=ai_modality,
        session=plan.session,
        common_cases=True,
    )


def _of_kind(
    tables: MarkTables, plan: Plan, whole: LocalizedMarks, kind: str
) -> LocalizedMarks | None:
    """Return the marks of readers of one kind on the cases of ``whole``; None without readings.

    Several AIs are refused: which one the plan means is not ours to say.
    """
    who = tables.readers["reader_id"][tables.readers["kind"] == kind]
    readings, of_ai = tables.readings, kind == "ai"
    condition = plan.ai_modality if of_ai else plan.modality_without
    chosen = readings["reader_id"].isin(who) & (readings["modality"] == condition)
    chosen &= readings["status"] == "complete"
    if not chosen.any():
        return None
    cases = tables.cases[tables.cases["case_id"].isin(np.unique(whole.case_id))]
    subset = replace(tables, readings=readings[chosen], cases=cases)
    ai_modality = plan.ai_modality if of_ai else None
    marks = _localized(subset, plan, plan.rule, (plan.modality_without,), ai_modality)
    if of_ai and len(marks.study.readers) > 1:
        msg = (
            f"modality {plan.ai_modality!r} has readings of {len(marks.study.readers)} AI readers, "
            "but one AI is compared; give each a modality of its own"
        )
        raise ScoringError(msg)
    return marks


def _require_one_mark(tables: MarkTables) -> None:
    """Refuse readings with several marks where a reading is one rating and one place."""
    key = ["reader_id", "case_id", "modality", "session"]
    marks = tables.marks.groupby(key, sort=False).size()
    several = int((marks > 1).sum())
    if several:
        msg = (
            f"paradigm 'LROC' has one mark a reading, but {several} of {len(marks)} marked "
            "readings have several (identifiers withheld); take 'FROC', or keep the highest mark"
        )
        raise ScoringError(msg)


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
    """

    label: str
    side: Side
    found: int
    n_lesions: int
    false_marks: int
    n_images: int

    @property
    def share(self) -> float:
        """Share of lesions found; NaN without lesions."""
        return self.found / self.n_lesions if self.n_lesions else float("nan")

    @property
    def rate(self) -> float:
        """False marks per image."""
        return self.false_marks / self.n_images


def reader_marks(marks: ScoredMarks) -> tuple[ReaderMarks, ...]:
    """Return what each reader found in each modality, and what the AI found."""
    rows = []
    for side, (scored, modality) in marks.sides.items():
        truth = scored.study.truth
        for place, label in enumerate(scored.study.readers):
            reading = scored.study.reading(place, modality)
            rows.append(
                ReaderMarks(
                    label=label,
                    side=side,
                    found=int((reading.lesion_rating > -np.inf).sum()),
                    n_lesions=int(truth.lesion_case.size),
                    false_marks=int(reading.nl_case.size),
                    n_images=int(truth.n_images.sum()),
                )
            )
    return tuple(rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class SideCurves:
    """The curves of one modality, or of the AI.

    Parameters
    ----------
    side : {"a", "b", "ai"}
        Which.
    all : Curve
        All readers together; the AI's own curve. A FROC curve is that of all marks as if on one
        scale, which ends at the mean of the readers' last marks; others are vertical averages,
        whose area is the mean of the readers' areas.
    readers : tuple of Curve
        Single readers; empty for the AI.
    floor : float or None
        Export floor where the AI's curve stops.
    """

    side: Side
    all: Curve
    readers: tuple[Curve, ...]
    floor: float | None = None


def curves_of(marks: ScoredMarks, kind: CurveKind) -> tuple[SideCurves, ...]:
    """Return the curves of one kind: each modality with its readers, and the AI."""
    make, found = _CURVES[kind], []
    for side, (scored, modality) in marks.sides.items():
        study = scored.study
        readings = [study.reading(place, modality) for place in range(len(study.readers))]
        singles = tuple(
            make(reading, label=label)
            for reading, label in zip(readings, study.readers, strict=True)
        )
        together = singles[0]
        if side != "ai":
            pooled = kind == "froc"
            together = make(pooled_reading(study, modality)) if pooled else mean_froc_curve(singles)
        found.append(
            SideCurves(
                side=side,
                all=together,
                readers=() if side == "ai" else singles,
                floor=readings[0].export_floor,
            )
        )
    return tuple(found)


def points_of(
    drawn: Mapping[CurveKind, Sequence[SideCurves]], names: Mapping[str, str]
) -> pd.DataFrame:
    """Return every point of some curves as drawn, with the name of its side."""
    rows = [
        pd.DataFrame(
            {
                "curve": kind,
                "modality": names[one.side],
                "reader": "" if one.side == "ai" else label,
                "x": curve.x,
                "y": curve.y,
                "threshold": curve.threshold,
            }
        )
        for kind, curves in drawn.items()
        for one in curves
        for label, curve in (("all", one.all), *((each.label, each) for each in one.readers))
    ]
    return pd.concat(rows, ignore_index=True)
