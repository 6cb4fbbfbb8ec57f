"""A reader study of two modalities analysed as planned, and otherwise.

The primary analysis is fixed in the parameters. The others stand beside it, so that a reader sees
whether the answer hangs on the method; where a verdict differs the flag says so in words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from toolkit.chapters.ai_against_readers.ai_against_readers import Endpoint
from toolkit.chapters.reader_study.named_analyses import (
    ENDPOINTS,
    NamedAnalysis,
    StudyPlan,
    mle_analysis,
    modality_names,
    planned_analysis,
    readers_alone,
    values_of,
)
from toolkit.results import Comparison
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.reader_study import StudyReadings
from toolkit.scoring.verdict_flags import verdict_flag
from toolkit.stats.mrmc.compare import Choices
from toolkit.stats.mrmc.designs import Design, detect_design

TWO_LEVELS = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class ReaderStudy:
    """A reader study of two modalities with every analysis of it.

    Parameters
    ----------
    readings : StudyReadings
        Who read what.
    plan : StudyPlan
        What was fixed beforehand.
    design : Design
        The design that the readings of the primary endpoint show.
    endpoints : dict
        By endpoint, all with the primary method.
    alternatives : tuple of NamedAnalysis
        Other analyses of the primary endpoint.
    alone : dict
        By endpoint, these readers one by one and together, cases random.
    """

    readings: StudyReadings
    plan: StudyPlan
    design: Design
    endpoints: dict[Endpoint, NamedAnalysis]
    alternatives: tuple[NamedAnalysis, ...]
    alone: dict[Endpoint, NamedAnalysis]

    @property
    def primary(self) -> NamedAnalysis:
        """The planned analysis of the planned endpoint."""
        return self.endpoints[self.plan.endpoint]

    @property
    def reader_differences(self) -> tuple[Comparison, ...]:
        """Return b minus a of each reader who read in both, in the primary endpoint."""
        found = self.alone[self.plan.endpoint].analysis
        return () if found is None else found.reader_differences

    @property
    def names(self) -> tuple[str, str]:
        """Both modalities as sentences name them."""
        return modality_names(self.readings)


def analysed_study(readings: StudyReadings, plan: StudyPlan) -> ReaderStudy:
    """Analyse a reader study of two modalities as planned, and otherwise.

    Parameters
    ----------
    readings : StudyReadings
        Of two modalities.
    plan : StudyPlan
        What was fixed beforehand.

    Raises
    ------
    ScoringError
        If the plan takes fixed readers as primary, or nobody rated or called any case.
    ValueError
        If the readings show another complete design than the declared one. Readings that are
        merely missing are analysed by U-statistics instead.
    """
    if plan.random == "cases":
        msg = (
            "random='cases' takes the readers as fixed, which cannot be the primary analysis of a "
            "study that compares reading conditions: it says nothing of other readers; take "
            "'readers and cases', the result for these readers stands beside it"
        )
        raise ScoringError(msg)
    values = values_of(readings, plan.endpoint)
    if np.isnan(values).all():
        what = "rating" if plan.endpoint == "auc" else "recall call"
        msg = (
            f"endpoint {plan.endpoint!r} needs a {what} of each case, but there is none; "
            "take another endpoint, or say from which rating up a case counts as recalled"
        )
        raise ScoringError(msg)
    design = detect_design(values)
    if design.kind != "incomplete":
        detect_design(values, declared=plan.design)
    endpoints = {e: planned_analysis(readings, plan, e, plan.choices) for e in ENDPOINTS}
    primary = endpoints[plan.endpoint]
    alone = {e: readers_alone(readings, plan, e) for e in ENDPOINTS}
    others = [*_others(readings, plan, design), alone[plan.endpoint]]
    return ReaderStudy(
        readings=readings,
        plan=plan,
        design=design,
        endpoints=endpoints,
        alternatives=tuple(
            replace(other, flag=verdict_flag(primary.difference, other.difference, name=other.name))
            for other in others
            if other.name != primary.name and _says_more(primary, other)
        ),
        alone=alone,
    )


def _says_more(primary: NamedAnalysis, other: NamedAnalysis) -> bool:
    """Whether another analysis is defined, or is not for another reason than the primary one."""
    return other.analysis is not None or other.difference.note != primary.difference.note


def _others(readings: StudyReadings, plan: StudyPlan, design: Design) -> list[NamedAnalysis]:
    """Return the other analyses that the design of the primary endpoint allows."""
    endpoint = plan.endpoint
    asked: list[Choices] = []
    if design.kind == "incomplete" and endpoint == "auc":
        asked = [Choices(method="u_statistic"), Choices(method="u_statistic", weights="pair")]
    elif design.kind != "incomplete":
        asked = [Choices(covariance="DeLong")]
        if endpoint == "auc":  # of calls all covariances are the same
            asked += [Choices(covariance="jackknife"), Choices(method="u_statistic")]
        if design.kind == "fully crossed":
            asked.append(Choices(random="readers"))
    found = [planned_analysis(readings, plan, endpoint, choices) for choices in asked]
    if design.kind == "incomplete" and endpoint == "auc":
        found.insert(1, mle_analysis(readings, plan))
    return found


def two_level_readers(readings: StudyReadings) -> tuple[str, ...]:
    """Return the readers whose ratings have two levels at most in some modality."""
    few = []
    for place, label in enumerate(readings.readers):
        columns = readings.rating[:, place].T
        levels = [np.unique(column[~np.isnan(column)]).size for column in columns]
        if any(0 < count <= TWO_LEVELS for count in levels):
            few.append(label)
    return tuple(few)
