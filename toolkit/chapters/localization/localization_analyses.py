"""The primary comparison of localization, and whether another analysis would say otherwise."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TypeVar

from toolkit.chapters.comparison import RANDOM_WORDS
from toolkit.chapters.localization.localization import (
    CovarianceOfPlan,
    LocalizationPlan,
    LocalizedStudy,
)
from toolkit.chapters.localization.localization_foms import QUANTITIES, Endpoint, fom_of
from toolkit.results import Better, Comparison, Estimate
from toolkit.scoring.marks import LocalizedMarks
from toolkit.scoring.undefined import undefined_difference
from toolkit.scoring.verdict_flags import verdict_flag
from toolkit.stats.froc.figures_of_merit import FrocFom
from toolkit.stats.froc.fom_table import froc_fom_table
from toolkit.stats.mrmc.ai_against_readers import ai_against_readers
from toolkit.stats.mrmc.analysis import Random
from toolkit.stats.mrmc.fom_table import FomTable
from toolkit.stats.mrmc.obuchowski_rockette import obuchowski_rockette

Named = TypeVar("Named", bound=Estimate)


@dataclass(frozen=True, kw_only=True)
class MarkChoices:
    """What one analysis differs in.

    Parameters
    ----------
    endpoint : str
        Figure of merit.
    covariance : {"jackknife", "bootstrap"} or None
        None takes what suits the figure.
    random : {"readers and cases", "cases", "readers"}
        What is random.
    lowest : bool
        Whether PCL is read off the lower end of a vertical step.
    """

    endpoint: Endpoint
    covariance: CovarianceOfPlan | None
    random: Random
    lowest: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class MarkAnalysis:
    """One analysis of the marks, or in words why it is not defined.

    Parameters
    ----------
    endpoint : str
        Figure of merit.
    name : str
        What is random, and which covariance.
    difference : Comparison
        b minus a, or AI minus the mean of the readers; NaN with the reason.
    means : tuple of Estimate
        Of a and of b; empty where the analysis is not defined.
    each : tuple of Comparison
        b minus a of each reader, or AI minus each reader, over cases alone.
    table : FomTable or None
        The figures of all readers; None where they are not defined.
    flag : str
        Where its verdict differs from the primary one; empty elsewhere.
    """

    endpoint: Endpoint
    name: str
    difference: Comparison
    means: tuple[Estimate, ...] = ()
    each: tuple[Comparison, ...] = ()
    table: FomTable | None = None
    flag: str = ""

    @property
    def is_defined(self) -> bool:
        """Whether there is an estimate."""
        return not math.isnan(self.difference.estimate)


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalizationAnalyses:
    """The planned analysis, and others beside it."""

    primary: MarkAnalysis
    alternatives: tuple[MarkAnalysis, ...]


def names_of(study: LocalizedStudy) -> tuple[str, str]:
    """Return how sentences name what is compared: the comparator first."""
    if study.plan.of_ai:
        if not study.n_people:
            return "the readers", "the AI"
        return "the one reader" if study.n_people == 1 else "the mean of the readers", "the AI"
    a, b = (
        f"{name} reading" if name in ("unaided", "aided") else name
        for name in study.scored.study.modalities
    )
    return a, b


def analysed_marks(study: LocalizedStudy) -> LocalizationAnalyses:
    """Analyse the marks of a study as planned, and otherwise.

    Parameters
    ----------
    study : LocalizedStudy
        Scored marks with their plan.

    Returns
    -------
    LocalizationAnalyses
        Patients are what the covariance takes as independent, in every analysis. Alternatives
        carry a flag where their verdict differs from the primary one.
    """
    plan = study.plan
    planned = MarkChoices(endpoint=plan.endpoint, covariance=plan.covariance, random=plan.random)
    primary = mark_analysis(study, planned)
    others = [mark_analysis(study, choices) for choices in _others(planned, plan, primary)]
    return LocalizationAnalyses(
        primary=primary,
        alternatives=tuple(
            replace(other, flag=_flag(primary, other))
            for other in others
            if other.is_defined or other.difference.note != primary.difference.note
        ),
    )


def _others(
    planned: MarkChoices, plan: LocalizationPlan, primary: MarkAnalysis
) -> list[MarkChoices]:
    """Return the other analyses: another covariance, other things random, other figures."""
    by_bootstrap = primary.table is not None and "bootstrap" in primary.table.covariance_method
    other: CovarianceOfPlan = "jackknife" if by_bootstrap else "bootstrap"
    found = [replace(planned, covariance=other)]
    if planned.endpoint == "PCL":
        found.append(replace(planned, covariance="jackknife", lowest=True))
    found += [
        replace(planned, random=random)
        for random in ("readers and cases", "cases", "readers")
        if random != planned.random
    ]
    figures: tuple[Endpoint, ...] = ("wAFROC", "wAFROC1", "AFROC", "AFROC1", "HrAuc")
    if plan.paradigm == "LROC":
        figures = ("PCL", "ALROC", "HrAuc") if plan.false_positive_fraction else ("ALROC", "HrAuc")
    elif plan.nl_per_image is not None:
        figures = (*figures, "lesion_sensitivity")
    return found + [
        replace(planned, endpoint=figure, covariance=None)
        for figure in figures
        if figure != planned.endpoint
    ]


def mark_analysis(
    study: LocalizedStudy, choices: MarkChoices, *, scored: LocalizedMarks | None = None
) -> MarkAnalysis:
    """Return one analysis, or why it is not defined.

    Parameters
    ----------
    study : LocalizedStudy
        Scored marks with their plan.
    choices : MarkChoices
        What this analysis takes.
    scored : LocalizedMarks, optional
        The same marks scored by another rule.

    Returns
    -------
    MarkAnalysis
        The margin of the plan belongs to its endpoint, and to no other figure of merit.
    """
    plan, marks = study.plan, scored or study.scored
    margin = plan.margin if choices.endpoint == plan.endpoint else None
    fom = fom_of(
        choices.endpoint,
        nl_per_image=plan.nl_per_image,
        fraction=plan.false_positive_fraction,
        lowest=choices.lowest,
    )
    reason = _obstacle(study, choices)
    if not reason:
        try:
            return _analysis(study, marks, choices, fom, margin)
        except ValueError as refused:  # a figure that these marks do not define
            reason = str(refused)
    quantity, unit = QUANTITIES[choices.endpoint]
    difference = undefined_difference(
        quantity, reason, margin=margin, names=names_of(study), ci_level=plan.ci_level
    )
    return MarkAnalysis(
        endpoint=choices.endpoint,
        name=_name(choices, choices.covariance or "jackknife"),
        difference=replace(difference, unit=unit, better=fom.better),
    )


def _obstacle(study: LocalizedStudy, choices: MarkChoices) -> str:
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


def _analysis(
    study: LocalizedStudy,
    marks: LocalizedMarks,
    choices: MarkChoices,
    fom: FrocFom,
    margin: float | None,
) -> MarkAnalysis:
    """Return Obuchowski and Rockette's analysis of one figure of merit."""
    plan, better = study.plan, fom.better
    table = froc_fom_table(
        marks.study,
        fom=fom,
        covariance=choices.covariance,
        cluster=marks.patient,
        rng=plan.seed,
    )
    if plan.of_ai:
        found = ai_against_readers(
            table, ai=study.ai_name, random=choices.random, ci_level=plan.ci_level, margin=margin
        )
        difference, each = found.difference, found.by_reader
        means: tuple[Estimate, ...] = (found.readers_mean, found.ai)
    else:
        analysis = obuchowski_rockette(
            table, random=choices.random, ci_level=plan.ci_level, margin=margin
        )
        difference, each = analysis.differences[0], analysis.reader_differences
        means = analysis.modalities
    a, b = names_of(study)
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


def _renamed(result: Named, choices: MarkChoices, better: Better | None = None) -> Named:
    """Return a result under the name and unit of its figure of merit."""
    quantity, unit = QUANTITIES[choices.endpoint]
    named = replace(result, quantity=quantity, unit=unit)
    return replace(named, better=better) if isinstance(named, Comparison) else named


def _name(choices: MarkChoices, covariance: str) -> str:
    """Return what is random, which covariance, and which end of a step."""
    words = RANDOM_WORDS[choices.random]
    if choices.random != "readers":
        words = f"{words}; {covariance.partition(',')[0]}"
    return f"{words}, lower end of steps" if choices.lowest else words


def _flag(primary: MarkAnalysis, other: MarkAnalysis) -> str:
    """Return in words where another analysis has another verdict than the primary one."""
    one, two = primary.difference, other.difference
    name = f"{other.name[:1].lower()}{other.name[1:]}"
    if other.endpoint != primary.endpoint:
        name = f"by {other.endpoint.replace('_', ' ')}, {name}"
    if _side(one) * _side(two) < 0:
        return f"the analysis \u201c{name}\u201d shows a difference in the other direction"
    if two.margin is None:  # the margin belongs to the endpoint of the plan
        one = replace(one, margin=None, p_noninferiority=None)
    return verdict_flag(one, two, name=name)


def _side(comparison: Comparison) -> int:
    """Return 1 or -1 where the interval lies on the better or the worse side of zero, else 0."""
    side = int(comparison.ci_low > 0) - int(comparison.ci_high < 0)
    return -side if comparison.better == "lower" else side
