"""Marks of a study scored as its plan says: of the readers, of the AI, and of both together.

Two questions are asked of them: whether readers find more with one modality than with another, or
whether an AI finds more than readers do. Everything else of chapter 08 is made from here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from toolkit.chapters.localization.localization_foms import Endpoint, Paradigm, require_endpoint
from toolkit.scoring.mark_readings import MarkTables, MarkUnit
from toolkit.scoring.mark_rules import AsRecorded, HitRule, InsideOutline, Overlap, WithinRadius
from toolkit.scoring.marks import LocalizedMarks, localize_marks
from toolkit.scoring.ratings import ScoringError
from toolkit.stats.mrmc.analysis import Random

Asked = Literal["modalities", "ai against readers"]
RuleName = Literal["inside outline", "within radius", "overlap", "as recorded"]
CovarianceOfPlan = Literal["jackknife", "bootstrap"]

# Least overlap, shared over joint area, that makes a hit: boxes of mammography are drawn wide.
LEAST_OVERLAP = 0.1


@dataclass(frozen=True, kw_only=True)
class LocalizationPlan:
    """What the parameters fix before a mark is seen.

    Parameters
    ----------
    endpoint : str
        Figure of merit of the primary comparison.
    comparison : {"modalities", "ai against readers"}
        What is compared.
    modality_without, modality_with : str
        The comparator, and what is compared with it; an AI is compared with readers in the first.
    ai_modality : str or None
        Reading condition of the AI; None leaves the AI out.
    session : str or None
        One reading session; None takes whichever a case was read in.
    unit : {"exam", "breast", "image"}
        What has one truth and one highest false mark.
    hit_rule : {"inside outline", "within radius", "overlap", "as recorded"}
        When a mark hits a lesion.
    hit_radius_mm : float or None
        Of the rule "within radius"; of the rule "overlap" the region of marks that are points.
    nl_per_image, false_positive_fraction : float or None
        False marks per image, and share of healthy cases, at which lesions found are read off.
    paradigm : {"FROC", "LROC"}
        Any number of marks a reading, or one rating and one place.
    covariance : {"jackknife", "bootstrap"} or None
        Covariance over cases; None takes what suits the figure of merit.
    random : {"readers and cases", "cases", "readers"}
        What is random in the primary analysis.
    margin : float or None
        Non-inferiority margin of the difference.
    size_edges_mm : tuple of float
        Where classes of lesion size begin.
    missed_share : float
        A lesion is shown as missed if more than this share of the readers missed it.
    ci_level, seed
        Of all intervals, and of all resamples.
    """

    endpoint: Endpoint = "wAFROC"
    comparison: Asked = "modalities"
    modality_without: str = "unaided"
    modality_with: str = "aided"
    ai_modality: str | None = None
    session: str | None = None
    unit: MarkUnit = "exam"
    hit_rule: RuleName = "within radius"
    hit_radius_mm: float | None = None
    nl_per_image: float | None = None
    false_positive_fraction: float | None = None
    paradigm: Paradigm = "FROC"
    covariance: CovarianceOfPlan | None = None
    random: Random = "readers and cases"
    margin: float | None = None
    size_edges_mm: tuple[float, ...] = ()
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

    @property
    def of_ai(self) -> bool:
        """Whether an AI is compared with readers."""
        return self.comparison == "ai against readers"


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalizedStudy:
    """The marks of a study, scored.

    Parameters
    ----------
    plan : LocalizationPlan
        What was fixed beforehand.
    tables : MarkTables
        What it was made from, for other rules and for the places of marks.
    scored : LocalizedMarks
        The marks that the primary comparison works on.
    people, ai : LocalizedMarks or None
        The marks of readers alone and of the AI alone, on the same cases; None without.
    ai_note : str
        Why there are no marks of the AI although the plan asks for them.
    """

    plan: LocalizationPlan
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


def localized_study(tables: MarkTables, plan: LocalizationPlan) -> LocalizedStudy:
    """Score the marks of a study as its plan says.

    Parameters
    ----------
    tables : MarkTables
        Canonical tables.
    plan : LocalizationPlan
        What was fixed beforehand.

    Returns
    -------
    LocalizedStudy
        Of the cases that all readers read in all modalities; ``scored.note`` counts the others.

    Raises
    ------
    ScoringError
        If endpoint and paradigm do not fit, a reading of one place has several marks, there are
        several AIs, or as ``localize_marks``.
    """
    require_endpoint(
        plan.endpoint,
        paradigm=plan.paradigm,
        nl_per_image=plan.nl_per_image,
        fraction=plan.false_positive_fraction,
    )
    if plan.of_ai and plan.ai_modality is None:
        msg = "comparison 'ai against readers' needs ai_modality, such as 'standalone'; give it"
        raise ScoringError(msg)
    if plan.paradigm == "LROC":
        _require_one_mark(tables)
    if not plan.of_ai:
        people = _scored(tables, plan, (plan.modality_without, plan.modality_with), None)
        ai, note = _ai_beside(tables, plan, people)
        return LocalizedStudy(
            plan=plan, tables=tables, scored=people, people=people, ai=ai, ai_note=note
        )
    both = _scored(tables, plan, (plan.modality_without,), plan.ai_modality)
    ai = _of_kind(tables, plan, both, "ai")
    _require_one_ai(ai, plan)
    return LocalizedStudy(
        plan=plan,
        tables=tables,
        scored=both,
        people=_of_kind(tables, plan, both, "human"),
        ai=ai,
        ai_note="" if ai is not None else f"no AI read in modality {plan.ai_modality!r}",
    )


def _scored(
    tables: MarkTables, plan: LocalizationPlan, modalities: tuple[str, ...], ai: str | None
) -> LocalizedMarks:
    """Return the marks scored by the rule of the plan, on the cases that all read."""
    return localize_marks(
        tables,
        rule=plan.rule,
        unit=plan.unit,
        modalities=modalities,
        ai_modality=ai,
        session=plan.session,
        common_cases=True,
    )


def _ai_beside(
    tables: MarkTables, plan: LocalizationPlan, people: LocalizedMarks
) -> tuple[LocalizedMarks | None, str]:
    """Return the AI's marks on the readers' cases, to stand beside them, or why there are none."""
    if plan.ai_modality is None:
        return None, ""
    try:
        ai = _of_kind(tables, plan, people, "ai")
        _require_one_ai(ai, plan)
    except ScoringError as refused:  # the comparison of the readers stands without it
        return None, str(refused)
    return ai, "" if ai is not None else f"no AI read in modality {plan.ai_modality!r}"


def _of_kind(
    tables: MarkTables, plan: LocalizationPlan, whole: LocalizedMarks, kind: str
) -> LocalizedMarks | None:
    """Return the marks of readers of one kind on the cases of ``whole``; None without readings."""
    who = tables.readers["reader_id"][tables.readers["kind"] == kind]
    condition = plan.ai_modality if kind == "ai" else plan.modality_without
    readings = tables.readings
    chosen = readings["reader_id"].isin(who) & (readings["modality"] == condition)
    chosen &= readings["status"] == "complete"
    if not chosen.any():
        return None
    cases = tables.cases[tables.cases["case_id"].isin(np.unique(whole.case_id))]
    subset = replace(tables, readings=readings[chosen], cases=cases)
    ai_modality = plan.ai_modality if kind == "ai" else None
    return _scored(subset, plan, (plan.modality_without,), ai_modality)


def _require_one_ai(ai: LocalizedMarks | None, plan: LocalizationPlan) -> None:
    """Refuse several AIs: which one the plan means is not ours to say."""
    if ai is not None and len(ai.study.readers) > 1:
        msg = (
            f"modality {plan.ai_modality!r} has readings of {len(ai.study.readers)} AI readers, "
            "but one AI is compared; give each a modality of its own"
        )
        raise ScoringError(msg)


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
