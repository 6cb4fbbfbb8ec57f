"""One analysis of a reader study with its name, or in words why it is not defined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.chapters.ai_against_readers.ai_against_readers import Endpoint, Margins
from toolkit.results import Comparison
from toolkit.scoring.reader_study import StudyReadings
from toolkit.scoring.undefined import undefined_difference
from toolkit.stats.auc.curve import RatingFom, auc
from toolkit.stats.auc.figures_of_merit import sensitivity_fom, specificity_fom
from toolkit.stats.mrmc.analysis import MrmcAnalysis, Random
from toolkit.stats.mrmc.compare import Choices, compare_modalities
from toolkit.stats.mrmc.covariances import fom_table
from toolkit.stats.mrmc.designs import Kind, detect_design
from toolkit.stats.mrmc.inference import obuchowski_rockette
from toolkit.stats.mrmc.table import require_patients
from toolkit.stats.mrmc.u_statistics import u_statistic_analysis

ENDPOINTS: tuple[Endpoint, ...] = ("auc", "sensitivity", "specificity")
CovarianceOfPlan = Literal["DeLong", "jackknife", "unbiased"]
MethodOfPlan = Literal["or", "dbm", "u_statistic"]

# Calls are coded 0 and 1, so that a threshold of 1 is the recall rule itself.
FOMS: dict[Endpoint, RatingFom] = {
    "auc": auc,
    "sensitivity": sensitivity_fom(threshold=1),
    "specificity": specificity_fom(threshold=1),
}
RANDOM_WORDS: dict[Random, str] = {
    "readers and cases": "Readers and cases random",
    "cases": "These readers only, cases random",
    "readers": "These cases only, readers random",
}


@dataclass(frozen=True, kw_only=True)
class StudyPlan:
    """What the parameters fix before the readings are seen.

    Parameters
    ----------
    endpoint : {"auc", "sensitivity", "specificity"}
        The primary comparison.
    design : str
        Who was to read what, one of ``designs.KINDS``.
    covariance : {"DeLong", "jackknife", "unbiased"}
        Covariance over cases.
    method : {"or", "dbm", "u_statistic"} or None
        None takes the analysis of the design.
    random : {"readers and cases", "readers", "cases"}
        What is random in the primary analysis; fixed readers are refused.
    margins : Margins
        Non-inferiority margins.
    ci_level : float
        Confidence level of each interval.
    """

    endpoint: Endpoint = "auc"
    design: Kind = "fully crossed"
    covariance: CovarianceOfPlan = "DeLong"
    method: MethodOfPlan | None = None
    random: Random = "readers and cases"
    margins: Margins = field(default_factory=Margins)
    ci_level: float = 0.95

    def margin(self, endpoint: Endpoint) -> float | None:
        """Return the margin of an endpoint."""
        found: float | None = getattr(self.margins, endpoint)
        return found

    @property
    def choices(self) -> Choices:
        """The primary analysis as the statistics take it."""
        return Choices(covariance=self.covariance, method=self.method, random=self.random)


@dataclass(frozen=True, kw_only=True, eq=False)
class NamedAnalysis:
    """One analysis with its name in words.

    Parameters
    ----------
    name : str
        What is random, and which covariance or variance.
    difference : Comparison
        b minus a; NaN with the reason where the analysis is not defined.
    analysis : MrmcAnalysis or None
        All of it; None where it is not defined.
    flag : str
        Where its verdict differs from the primary one; empty elsewhere.
    """

    name: str
    difference: Comparison
    analysis: MrmcAnalysis | None
    flag: str = ""


def modality_names(readings: StudyReadings) -> tuple[str, str]:
    """Return how sentences name the first two modalities."""
    a, b = readings.modalities[:2]
    return f"{a} reading", f"{b} reading"


def values_of(readings: StudyReadings, endpoint: Endpoint) -> FloatArray:
    """Return ratings, or calls coded 0 and 1, (n_cases, n_readers, n_modalities)."""
    return readings.rating if endpoint == "auc" else readings.call


def planned_analysis(
    readings: StudyReadings, plan: StudyPlan, endpoint: Endpoint, choices: Choices
) -> NamedAnalysis:
    """Return one analysis of one endpoint, or why it is not defined."""
    if endpoint != "auc" and choices.method == "u_statistic":
        choices = replace(choices, method=None)  # of calls Obuchowski and Rockette's is taken

    def compare() -> MrmcAnalysis:
        return compare_modalities(
            readings.truth,
            values_of(readings, endpoint),
            fom=FOMS[endpoint],
            cluster=readings.patient,
            choices=choices,
            ci_level=plan.ci_level,
            margin=plan.margin(endpoint),
            readers=readings.readers,
            modalities=modality_names(readings),
        )

    return _named(readings, plan, endpoint, compare, choices)


def mle_analysis(readings: StudyReadings, plan: StudyPlan) -> NamedAnalysis:
    """Return the analysis by the variance of the empirical distribution, never negative."""

    def compare() -> MrmcAnalysis:
        require_patients(readings.n_patients, readings.n_cases)
        return u_statistic_analysis(
            readings.truth,
            readings.rating,
            estimator="mle",
            ci_level=plan.ci_level,
            margin=plan.margin("auc"),
            readers=readings.readers,
            modalities=modality_names(readings),
        )

    return _named(readings, plan, "auc", compare, Choices(method="u_statistic"))


def readers_alone(readings: StudyReadings, plan: StudyPlan, endpoint: Endpoint) -> NamedAnalysis:
    """Return these readers one by one and together: readers fixed, cases random.

    Of those who read in both modalities. With readings missing two figures covary through the
    cases that both saw; a mean of fixed readers is one contrast of them and needs no design.
    """
    choices = Choices(covariance=plan.covariance, random="cases")
    values = values_of(readings, endpoint)
    both = np.all(np.any(~np.isnan(values), axis=0), axis=1)

    def compare() -> MrmcAnalysis:
        if not both.any():
            msg = "no reader read in both modalities"
            raise ValueError(msg)
        table = fom_table(
            readings.truth,
            values[:, both],
            fom=FOMS[endpoint],
            covariance=plan.covariance,
            cluster=readings.patient,
            readers=tuple(np.array(readings.readers)[both].tolist()),
            modalities=modality_names(readings),
        )
        return obuchowski_rockette(
            table, random="cases", ci_level=plan.ci_level, margin=plan.margin(endpoint)
        )

    named = _named(readings, plan, endpoint, compare, choices)
    if both.all() or named.analysis is None:
        return named
    return replace(named, name=f"{named.name}; {int(both.sum())} of {both.size} readers")


def _named(
    readings: StudyReadings,
    plan: StudyPlan,
    endpoint: Endpoint,
    compare: Callable[[], MrmcAnalysis],
    choices: Choices,
) -> NamedAnalysis:
    """Return an analysis with its name; where the statistics refuse it, with their reason."""
    reason = _obstacle(readings, endpoint, choices)
    if not reason:
        try:
            found = compare()
        except ValueError as refused:  # a method that is not defined for these readings
            reason = str(refused)
        else:
            found = _renamed(found, endpoint)
            return NamedAnalysis(
                name=_name(found, choices), difference=found.differences[0], analysis=found
            )
    difference = undefined_difference(
        endpoint,
        reason,
        margin=plan.margin(endpoint),
        names=modality_names(readings),
        ci_level=plan.ci_level,
    )
    return NamedAnalysis(
        name=f"{RANDOM_WORDS[choices.random]}; {_method(choices)}",
        difference=difference,
        analysis=None,
    )


def _obstacle(readings: StudyReadings, endpoint: Endpoint, choices: Choices) -> str:
    """Return why nothing can be compared, in the words of the study; empty if it can."""
    values = values_of(readings, endpoint)
    read = ~np.isnan(values)
    if not read.any():
        return "the readers gave no ratings" if endpoint == "auc" else "the readers made no calls"
    if choices.random != "cases":
        if len(readings.readers) == 1:
            return "one reader alone says nothing of readers in general"
        if reason := _obstacle_of_gaps(readings, endpoint, choices):
            return reason
    classes: tuple[tuple[float, str], ...] = (
        (1.0, "with cancer"),
        (0.0, "without cancer"),
    )
    needed = {"auc": (1.0, 0.0), "sensitivity": (1.0,), "specificity": (0.0,)}[endpoint]
    for value, words in classes:
        none = read.any(axis=0) & ~read[readings.truth == value].any(axis=0)
        if value in needed and none.any():
            reader, modality = (int(place) for place in np.argwhere(none)[0])
            return (
                f"{readings.readers[reader]} read no examination {words} in "
                f"{modality_names(readings)[modality]}"
            )
    return ""


def _obstacle_of_gaps(readings: StudyReadings, endpoint: Endpoint, choices: Choices) -> str:
    """Return why readings that are missing, or women with several, leave nothing defined."""
    values = values_of(readings, endpoint)
    design = detect_design(values)
    gaps = design.kind == "incomplete"
    all_readings = design.n_cases * design.n_readers * design.n_modalities
    missing = f"{design.n_missing:,} of {all_readings:,} readings are missing"
    if endpoint != "auc" and gaps:
        return f"{missing}, and with gaps no analysis of {endpoint} with random readers is defined"
    if endpoint == "auc" and readings.n_patients < readings.n_cases:
        independent = "some women have several examinations, and {} takes them as independent"
        if gaps:
            return f"{missing} and {independent.format('the analysis of studies with gaps')}"
        if choices.method in ("u_statistic", "dbm"):
            return independent.format("this analysis")
    return ""


def _renamed(found: MrmcAnalysis, endpoint: Endpoint) -> MrmcAnalysis:
    """Return the analysis with the endpoint's own name in place of that of its recall rule."""
    return replace(
        found,
        quantity=endpoint,
        modalities=tuple(replace(mean, quantity=endpoint) for mean in found.modalities),
        modalities_logit=tuple(replace(mean, quantity=endpoint) for mean in found.modalities_logit),
        differences=tuple(replace(one, quantity=endpoint) for one in found.differences),
        readers=tuple(replace(reader, quantity=endpoint) for reader in found.readers),
        reader_differences=tuple(
            replace(one, quantity=endpoint) for one in found.reader_differences
        ),
    )


def _method(choices: Choices) -> str:
    """Return the covariance or variance that was asked for."""
    if choices.method == "u_statistic":
        return "U-statistic"
    if choices.method == "dbm":
        return "pseudovalues"
    return choices.covariance or "DeLong"


def _name(found: MrmcAnalysis, choices: Choices) -> str:
    """Return the name of an analysis: what is random, and which covariance or variance."""
    words = RANDOM_WORDS[found.random]
    if found.random == "readers":
        return words
    weighted = ", readers by their cases" if choices.weights == "pair" else ""
    method = "pseudovalues" if choices.method == "dbm" else found.covariance_method
    return f"{words}; {method}{weighted}"
