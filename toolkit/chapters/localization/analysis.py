"""Whether more lesions are found, in the right place, and which lesions are not.

Two questions are asked of the marks: whether readers find more with one modality than with another,
or whether an AI finds more than readers do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, TypeVar

import numpy as np

from toolkit.chapters.analysis import Analysis, Summarised, Tables
from toolkit.chapters.comparison import RANDOM_WORDS
from toolkit.chapters.localization.scored import (
    LEAST_OVERLAP,
    SHORT,
    CovarianceOfPlan,
    Endpoint,
    Plan,
    ReaderMarks,
    ScoredMarks,
    Side,
    reader_marks,
    scored_by,
    scored_marks,
)
from toolkit.results import Better, Comparison, Estimate
from toolkit.scoring.lesions import (
    UNKNOWN,
    MissedLesion,
    lesion_groups,
    lesion_sensitivity_of_marks,
    missed_lesions,
)
from toolkit.scoring.mark_readings import MarkTables
from toolkit.scoring.mark_rules import AsRecorded, HitRule, InsideOutline, Overlap, WithinRadius
from toolkit.scoring.marks import LocalizedMarks
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.verdicts import disagreement_flag, undefined_difference
from toolkit.stats.froc import FrocFom, froc_fom_table, lesion_sensitivity_by_group
from toolkit.stats.mrmc import FomTable, ai_against_readers, obuchowski_rockette
from toolkit.stats.mrmc.analysis import Random
from toolkit.words.sentences import effect_phrase
from toolkit.words.wording import count_text, in_sentence

RADII_MM = (5.0, 10.0, 15.0, 20.0)

Named = TypeVar("Named", bound=Estimate)


@dataclass(frozen=True, kw_only=True, eq=False)
class MarkAnalysis(Analysis):
    """One analysis of the marks, or in words why it is not defined.

    Parameters
    ----------
    endpoint : str
        Figure of merit.
    means : tuple of Estimate
        Of a and of b; empty where the analysis is not defined.
    each : tuple of Comparison
        b minus a of each reader, or AI minus each reader, over cases alone.
    table : FomTable or None
        The figures of all readers; None where they are not defined.
    """

    endpoint: Endpoint
    means: tuple[Estimate, ...] = ()
    each: tuple[Comparison, ...] = ()
    table: FomTable | None = None

    @property
    def is_defined(self) -> bool:
        """Whether there is an estimate."""
        return not math.isnan(self.difference.estimate)


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


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LocalizationStudy(ScoredMarks, Summarised):
    """The marks of a study with all that the chapter shows of them.

    Parameters
    ----------
    readers : tuple of ReaderMarks
        What each reader found in each modality, and what the AI found.
    primary : MarkAnalysis
        The planned analysis.
    alternatives : tuple of MarkAnalysis
        Others, with a flag where their verdict differs from the primary one.
    rules : tuple of MarkAnalysis
        The primary comparison by other hit rules, each named by its rule; empty where marks or
        lesions have no places, so that there is one way to score them.
    groups : tuple of LesionGroup
        Types first, each by name; those that are not known last.
    missed : tuple of Missed
        The most missed first.
    """

    readers: tuple[ReaderMarks, ...]
    primary: MarkAnalysis
    alternatives: tuple[MarkAnalysis, ...]
    rules: tuple[MarkAnalysis, ...]
    groups: tuple[LesionGroup, ...]
    missed: tuple[Missed, ...]

    def summary(self) -> Mapping[str, str]:
        """Return what is compared, of how many, and the primary difference."""
        truth, primary = self.scored.study.truth, self.primary
        note = primary.difference.note
        return {
            "compared": f"{self.names[1]} with {self.names[0]}",
            "endpoint": f"{primary.endpoint}, {primary.name}",
            "difference": effect_phrase(primary.difference) if primary.is_defined else note,
            "cases": f"{count_text(truth.n_cases)}, {count_text(truth.diseased.sum())} with cancer",
            "lesions": f"{count_text(truth.lesion_case.size)}; hit: {self.scored.rule}",
            "readers": f"{self.n_people}; AI: {self.ai_name or self.ai_note or 'not asked for'}",
            "other analyses": f"{len(self.alternatives)}, by other hit rules {len(self.rules)}",
            "missed by most": f"{count_text(len(self.missed))} lesions",
        }


def analyse(tables: Tables, **parameters: Any) -> LocalizationStudy:
    """Score the marks of a study, compare as planned, and ask what the answer hangs on.

    Parameters
    ----------
    tables : Tables
        Cases, readers, readings, marks, lesions, and images where there are any.
    **parameters
        As of ``Plan``.

    Returns
    -------
    LocalizationStudy

    Raises
    ------
    ScoringError
        As ``scored_marks``.
    """
    made = MarkTables(
        cases=tables.cases,
        readers=tables.readers,
        readings=tables.readings,
        marks=tables.marks,
        lesions=tables.lesions,
        images=tables.optional("images"),
    )
    marks = scored_marks(made, Plan(**parameters))
    primary = mark_analysis(marks, _planned(marks.plan))
    return LocalizationStudy(
        **vars(marks),
        readers=reader_marks(marks),
        primary=primary,
        alternatives=_alternatives(marks, primary),
        rules=_by_other_rules(marks, primary),
        groups=_grouped_lesions(marks),
        missed=_most_missed(marks),
    )


class Choices(NamedTuple):
    """What one analysis differs in; without a covariance it takes what suits the endpoint."""

    endpoint: Endpoint
    covariance: CovarianceOfPlan | None = None
    random: Random = "readers and cases"
    lowest: bool = False  # whether PCL is read off the lower end of a vertical step


def _planned(plan: Plan) -> Choices:
    """Return the choices of the primary analysis."""
    return Choices(plan.endpoint, plan.covariance, plan.random)


def _alternatives(marks: ScoredMarks, primary: MarkAnalysis) -> tuple[MarkAnalysis, ...]:
    """Return the other analyses that say more than the primary one, with their flags."""
    others = [mark_analysis(marks, choices) for choices in _others(marks.plan, primary)]
    return tuple(
        replace(other, flag=_flag(primary, other))
        for other in others
        if other.is_defined or other.difference.note != primary.difference.note
    )


def _others(plan: Plan, primary: MarkAnalysis) -> list[Choices]:
    """Return the other analyses: another covariance, other things random, other figures."""
    planned = _planned(plan)
    by_bootstrap = primary.table is not None and "bootstrap" in primary.table.covariance_method
    found = [planned._replace(covariance="jackknife" if by_bootstrap else "bootstrap")]
    if planned.endpoint == "PCL":
        found.append(planned._replace(covariance="jackknife", lowest=True))
    every: tuple[Random, ...] = ("readers and cases", "cases", "readers")
    found += [planned._replace(random=random) for random in every if random != planned.random]
    figures: tuple[Endpoint, ...] = ("wAFROC", "wAFROC1", "AFROC", "HrAuc")
    if plan.paradigm == "LROC":
        figures = ("PCL", "ALROC", "HrAuc") if plan.false_positive_fraction else ("ALROC", "HrAuc")
    elif plan.nl_per_image is not None:
        figures = (*figures, "lesion_sensitivity")
    return found + [
        planned._replace(endpoint=figure, covariance=None)
        for figure in figures
        if figure != planned.endpoint
    ]


def mark_analysis(
    study: ScoredMarks, choices: Choices, *, scored: LocalizedMarks | None = None
) -> MarkAnalysis:
    """Return one analysis, or why it is not defined.

    Parameters
    ----------
    study : ScoredMarks
        Scored marks with their plan.
    choices : Choices
        What this analysis takes.
    scored : LocalizedMarks, optional
        The same marks scored by another rule.

    Returns
    -------
    MarkAnalysis
        Patients are what the covariance takes as independent. The margin of the plan belongs to
        its endpoint, and to no other figure of merit.
    """
    plan, endpoint = study.plan, choices.endpoint
    margin = plan.fom_difference_margin if endpoint == plan.endpoint else None
    fom = plan.fom(endpoint, lowest=choices.lowest)
    reason = _obstacle(study, choices)
    if not reason:
        try:
            return _defined(study, scored or study.scored, choices, fom, margin)
        except ValueError as refused:  # a figure that these marks do not define
            reason = str(refused)
    difference = undefined_difference(
        _quantity(endpoint),
        reason,
        margin=margin,
        names=study.names,
        ci_level=plan.ci_level,
        unit="probability" if (fom.low, fom.high) == (0.0, 1.0) else "figure",
    )
    return MarkAnalysis(
        endpoint=endpoint,
        name=_name(choices, choices.covariance or "jackknife"),
        difference=_renamed(difference, choices, fom.better),
    )


def _obstacle(study: ScoredMarks, choices: Choices) -> str:
    """Return why nothing can be compared, in the words of the study; empty if it can."""
    if not study.n_people:
        return "there are no marks of readers to compare with"
    if study.plan.of_ai and study.ai is None:
        return study.ai_note
    if study.n_people == 1 and choices.random != "cases":
        return "one reader alone says nothing of readers in general"
    diseased = study.scored.study.truth.diseased
    if not diseased.any():
        return "no case with a lesion was read"
    if diseased.all() and choices.endpoint not in ("HrSe", "MaxLLF"):
        return "no case without a lesion was read"
    return ""


def _defined(
    study: ScoredMarks,
    marks: LocalizedMarks,
    choices: Choices,
    fom: FrocFom,
    margin: float | None,
) -> MarkAnalysis:
    """Return Obuchowski and Rockette's analysis of one figure of merit."""
    plan, better, random = study.plan, fom.better, choices.random
    table = froc_fom_table(
        marks.study,
        fom=fom,
        covariance=choices.covariance,
        cluster=marks.patient,
        rng=plan.seed,
    )
    means: tuple[Estimate, ...]
    if plan.of_ai:
        found = ai_against_readers(
            table, ai=study.ai_name, random=random, ci_level=plan.ci_level, margin=margin
        )
        difference, each = found.difference, found.by_reader
        means = (found.readers_mean, found.ai)
    else:
        analysis = obuchowski_rockette(table, random=random, ci_level=plan.ci_level, margin=margin)
        difference, each = analysis.differences[0], analysis.reader_differences
        means = analysis.modalities
    a, b = study.names
    return MarkAnalysis(
        endpoint=choices.endpoint,
        name=_name(choices, table.covariance_method),
        difference=_renamed(replace(difference, label_a=a, label_b=b), choices, better),
        means=tuple(
            _renamed(replace(mean, label=name), choices)
            for mean, name in zip(means, (a, b), strict=True)
        ),
        each=tuple(_renamed(one, choices, better) for one in each),
        table=table,
    )


def _quantity(endpoint: Endpoint) -> str:
    """Return the name of a figure of merit as results have it."""
    return endpoint.replace("Hr", "hr_").replace("Max", "max_").lower()


def _renamed(result: Named, choices: Choices, better: Better | None = None) -> Named:
    """Return a result under the name and unit of its figure of merit."""
    unit = "marks per image" if choices.endpoint == "MaxNLF" else "probability"
    named = replace(result, quantity=_quantity(choices.endpoint), unit=unit)
    return replace(named, better=better) if isinstance(named, Comparison) else named


def _name(choices: Choices, covariance: str) -> str:
    """Return what is random, which covariance, and which end of a step."""
    words = RANDOM_WORDS[choices.random]
    if choices.random != "readers":
        words = f"{words}; {covariance.partition(',')[0]}"
    return f"{words}, lower end of steps" if choices.lowest else words


def _flag(primary: MarkAnalysis, other: MarkAnalysis) -> str:
    """Return in words where another analysis has another verdict than the primary one."""
    one, two = primary.difference, other.difference
    name = in_sentence(other.name)
    if other.endpoint != primary.endpoint:
        name = f"{in_sentence(SHORT[other.endpoint])}, {name}"
    if _towards(one) * _towards(two) < 0:
        return f"the analysis \u201c{name}\u201d shows a difference in the other direction"
    if two.margin is None:  # the margin belongs to the endpoint of the plan
        one = replace(one, margin=None, p_noninferiority=None)
    return disagreement_flag(one, two, name=name)


def _towards(comparison: Comparison) -> int:
    """Return 1 or -1 where the interval lies on the better or the worse side of zero, else 0."""
    side = int(comparison.ci_low > 0) - int(comparison.ci_high < 0)
    return -side if comparison.better == "lower" else side


def _by_other_rules(study: ScoredMarks, primary: MarkAnalysis) -> tuple[MarkAnalysis, ...]:
    """Return the primary comparison by other hit rules than the given one, with their flags."""
    if not study.tables.placed:
        return ()
    rules: list[HitRule | AsRecorded] = [InsideOutline()]
    rules += [WithinRadius(radius_mm=radius) for radius in RADII_MM]
    rules.append(Overlap(least=LEAST_OVERLAP, mark_radius_mm=study.plan.hit_radius_mm))
    if "mark_type" in study.tables.marks and study.plan.unit == "exam":
        rules.append(AsRecorded())
    others = [_by_rule(study, rule) for rule in rules if rule.text != study.plan.rule.text]
    return tuple(replace(other, flag=_flag(primary, other)) for other in others)


def _by_rule(study: ScoredMarks, rule: HitRule | AsRecorded) -> MarkAnalysis:
    """Return the primary comparison by one rule, or why the rule cannot be applied."""
    plan, planned = study.plan, _planned(study.plan)
    try:
        scored = scored_by(study.tables, plan, rule)
    except ScoringError as refused:
        reason, margin = str(refused), plan.fom_difference_margin
        difference = undefined_difference(
            _quantity(plan.endpoint),
            reason,
            margin=margin,
            names=study.names,
            ci_level=plan.ci_level,
        )
        return MarkAnalysis(endpoint=plan.endpoint, name=rule.text, difference=difference)
    return replace(mark_analysis(study, planned, scored=scored), name=rule.text)


def _grouped_lesions(study: ScoredMarks) -> tuple[LesionGroup, ...]:
    """Return the lesions found by type and by size, where the data tell these apart.

    With ``nl_per_image`` in the plan each reader is read off at that many false marks per image,
    with a bootstrap of patients; without it a lesion is found that has a mark at all, with an
    interval that takes lesions of one patient as alike.
    """
    marks, edges = study.scored, study.plan.size_edges_mm
    found: list[LesionGroup] = []
    if (marks.lesion_type != "").any():
        found += _groups(study, "type", ())
    if edges and not np.isnan(marks.lesion_size_mm).all():
        found += _groups(study, "size", edges)
    return tuple(found)


def _groups(study: ScoredMarks, kind: str, edges: Sequence[float]) -> list[LesionGroup]:
    """Return the groups of one kind, sizes from the smallest, what is not known last."""
    names = lesion_groups(study.scored, size_edges_mm=edges)
    smallest: dict[str, float] = {}
    if edges:
        for name, size in zip(names, study.scored.lesion_size_mm.tolist(), strict=True):
            smallest[name] = min(size, smallest.get(name, math.inf))
    by_side = {
        side: _found(study.plan, marks, modality, lesion_groups(marks, size_edges_mm=edges))
        for side, (marks, modality) in study.sides.items()
    }
    order = sorted(set(names), key=lambda name: (name == UNKNOWN, smallest.get(name, 0.0), name))
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
    plan: Plan, marks: LocalizedMarks, modality: int, names: list[str]
) -> dict[str, Estimate]:
    """Return the share found of each group in one modality."""
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


def _most_missed(study: ScoredMarks) -> tuple[Missed, ...]:
    """Return the lesions that more than the plan's share of the readers missed.

    They are chosen in the modality that is compared, or in the readers' own where an AI is.
    """
    if study.people is None:
        return ()
    people, modality = study.sides["a" if study.plan.of_ai else "b"]
    chosen = missed_lesions(
        people,
        modality=modality,
        readers=range(len(people.study.readers)),
        least_share=study.plan.missed_share,
    )
    return tuple(
        Missed(lesion=lesion, n_missed=_missed_by(study, people, lesion)) for lesion in chosen
    )


def _missed_by(study: ScoredMarks, people: LocalizedMarks, lesion: MissedLesion) -> dict[Side, int]:
    """Return how many missed a lesion, by modality and for the AI."""
    found: dict[Side, int] = {}
    part = people.part[people.study.truth.lesion_case[lesion.place]]
    for side, (marks, modality) in study.sides.items():
        same = (marks.lesion_case_id == lesion.case_id) & (marks.lesion_id == lesion.lesion_id)
        same &= marks.part[marks.study.truth.lesion_case] == part
        if same.any():
            rating = marks.study.lesion_rating[np.argmax(same), :, modality]
            found[side] = int((rating == -np.inf).sum())
    return found
