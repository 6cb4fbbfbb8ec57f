"""Whether the result hangs on the hit rule: the same marks scored by other rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.chapters.localization.localization import LEAST_OVERLAP, LocalizedStudy
from toolkit.chapters.localization.localization_analyses import (
    MarkAnalysis,
    MarkChoices,
    mark_analysis,
)
from toolkit.scoring.mark_rules import AsRecorded, HitRule, InsideOutline, Overlap, WithinRadius
from toolkit.scoring.marks import HitRuleRow, hit_rule_rows, localize_marks
from toolkit.scoring.ratings import ScoringError

RADII_MM = (5.0, 10.0, 15.0, 20.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class RuleResult:
    """The study scored by one hit rule, or why it cannot be.

    Parameters
    ----------
    rule : str
        The rule in words.
    planned : bool
        Whether it is that of the plan.
    rows : tuple of HitRuleRow
        Reader by reader, each in all modalities; empty where the rule cannot be applied.
    analysis : MarkAnalysis or None
        The primary comparison by this rule.
    reason : str
        Why the rule cannot be applied.
    """

    rule: str
    planned: bool
    rows: tuple[HitRuleRow, ...] = ()
    analysis: MarkAnalysis | None = None
    reason: str = ""


def have_places(study: LocalizedStudy) -> bool:
    """Whether marks and lesions have places on images."""
    tables = study.tables
    placed = [
        "x_px" in table and "image_id" in table and bool(table["x_px"].notna().any())
        for table in (tables.marks, tables.lesions)
    ]
    return tables.images is not None and all(placed)


def rule_results(study: LocalizedStudy) -> tuple[RuleResult, ...]:
    """Return the primary comparison by the planned hit rule and by others.

    Returns
    -------
    tuple of RuleResult
        The planned rule first; empty where marks or lesions have no places, so that there is one
        way to score them.
    """
    if not have_places(study):
        return ()
    planned = study.plan.rule
    rules: list[HitRule | AsRecorded] = [planned, InsideOutline()]
    rules += [WithinRadius(radius_mm=radius) for radius in RADII_MM]
    rules.append(Overlap(least=LEAST_OVERLAP, mark_radius_mm=study.plan.hit_radius_mm))
    if "mark_type" in study.tables.marks and study.plan.unit == "exam":
        rules.append(AsRecorded())
    others = [rule for rule in rules[1:] if rule.text != planned.text]
    return tuple(_by_rule(study, rule, planned=rule is planned) for rule in (planned, *others))


def _by_rule(study: LocalizedStudy, rule: HitRule | AsRecorded, *, planned: bool) -> RuleResult:
    """Return the study scored by one rule, or why the rule cannot be applied."""
    plan = study.plan
    modalities = study.scored.study.modalities
    ai_modality = plan.ai_modality if plan.of_ai else None
    scored = study.scored
    if not planned:
        try:
            scored = localize_marks(
                study.tables,
                rule=rule,
                unit=plan.unit,
                modalities=modalities,
                ai_modality=ai_modality,
                session=plan.session,
                common_cases=True,
            )
        except ScoringError as refused:
            return RuleResult(rule=rule.text, planned=False, reason=str(refused))
    choices = MarkChoices(endpoint=plan.endpoint, covariance=plan.covariance, random=plan.random)
    analysis = mark_analysis(study, choices, scored=scored)
    rows = tuple(hit_rule_rows(scored))
    return RuleResult(rule=rule.text, planned=planned, rows=rows, analysis=analysis)


def by_side(study: LocalizedStudy, result: RuleResult) -> list[list[HitRuleRow]]:
    """Return the rows of the comparator and of what is compared with it."""
    labels = study.scored.study.readers
    shape = study.scored.study.shape
    place = np.arange(len(result.rows)).reshape(shape)
    if study.plan.of_ai:
        ai = np.array([label == study.ai_name for label in labels])
        groups = [place[~ai, 0], place[ai, 0]]
    else:
        groups = [place[:, 0], place[:, 1]]
    return [[result.rows[int(number)] for number in group] for group in groups]
