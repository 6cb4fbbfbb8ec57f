"""A reader study of two modalities analysed as the parameters say, and otherwise.

The other analyses stand beside that of the answer, so that a reader sees whether the answer hangs
on the method; where a verdict differs the flag says so in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.chapters.analysis import Analysis, Summarised, Tables
from toolkit.chapters.comparison import FOMS, MEASURES, RANDOM_WORDS, Endpoint, Margins, with_cancer
from toolkit.results import Comparison, Curve
from toolkit.scoring.accuracy import accuracy_by_reader, few_levels
from toolkit.scoring.ratings import RatingArray, ScoringError, reader_labels
from toolkit.scoring.reader_study import StudyReadings, ratings_are_of_marks, study_readings
from toolkit.scoring.verdicts import disagreement_flag, undefined_difference
from toolkit.stats.auc import CallAccuracy, auc, roc_curve
from toolkit.stats.mrmc import (
    Choices,
    Design,
    MrmcAnalysis,
    compare_modalities,
    detect_design,
    fom_table,
    obuchowski_rockette,
    u_statistic_analysis,
)
from toolkit.stats.mrmc.analysis import Random
from toolkit.stats.mrmc.designs import Kind
from toolkit.stats.mrmc.table import require_patients
from toolkit.words.sentences import effect_phrase
from toolkit.words.wording import capital

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the parameters fix before the readings are seen.

    Parameters
    ----------
    endpoint : {"auc", "sensitivity", "specificity"}
        The primary comparison.
    modalities : (str, str)
        Reading conditions, the comparator first.
    session : str or None
        One reading session; None takes whichever a case was read in.
    recall_rating : float or None
        Rating from which up a case counts as recalled where the reader made no call.
    design : str
        Who was to read what, one of ``designs.KINDS``.
    covariance : {"DeLong", "jackknife", "unbiased"}
        Covariance over cases.
    method : {"or", "dbm", "u_statistic"} or None
        None takes the analysis of the design.
    random : {"readers and cases", "readers", "cases"}
        What is random in the primary analysis; fixed readers are refused.
    margins : mapping
        Non-inferiority margin, or None, by endpoint.
    ci_level : float
        Confidence level of each interval.
    """

    endpoint: Endpoint = "auc"
    modalities: tuple[str, str] = ("unaided", "aided")
    session: str | None = None
    recall_rating: float | None = None
    design: Kind = "fully crossed"
    covariance: Literal["DeLong", "jackknife", "unbiased"] = "DeLong"
    method: Literal["or", "dbm", "u_statistic"] | None = None
    random: Random = "readers and cases"
    margins: Margins = field(default_factory=dict)
    ci_level: float = 0.95

    @property
    def names(self) -> tuple[str, str]:
        """Both modalities as sentences name them."""
        a, b = self.modalities
        return f"{a} reading", f"{b} reading"

    @property
    def choices(self) -> Choices:
        """The primary analysis as the statistics take it."""
        return Choices(covariance=self.covariance, method=self.method, random=self.random)


@dataclass(frozen=True, kw_only=True, eq=False)
class ModalityAnalysis(Analysis):
    """One analysis of b minus a: what is random, and which covariance or variance, is its name.

    Parameters
    ----------
    analysis : MrmcAnalysis or None
        All of it; None where it is not defined.
    """

    analysis: MrmcAnalysis | None = field(repr=False)


@dataclass(frozen=True, kw_only=True, eq=False)
class ReaderRow:
    """One reader in each modality; None where there is no curve or no call.

    Parameters
    ----------
    label : str
        Pseudonym.
    curves : tuple of Curve or None
        Empirical, one a modality; none without ratings of cases of both classes.
    areas : tuple of float
        Area under each curve; NaN where there is none.
    calls : tuple of CallAccuracy or None
        Accuracy of the recall calls, one a modality.
    """

    label: str
    curves: tuple[Curve | None, ...]
    areas: tuple[float, ...]
    calls: tuple[CallAccuracy | None, ...]


@dataclass(frozen=True, kw_only=True)
class ReadingOrder:
    """In which order readers read the same case in two modalities, and how far apart.

    A reader who remembers a case from the other modality is no longer blind to it, so studies read
    half of the cases in either order, some weeks apart.

    Parameters
    ----------
    n_pairs : int
        Times that a reader read one case in both.
    n_a_first, n_b_first : int
        Of those, read in a first, and in b first; the others are not known or of one day.
    shortest_gap_days : float
        Fewest days between the two readings; NaN where the days are not known.
    """

    n_pairs: int
    n_a_first: int
    n_b_first: int
    shortest_gap_days: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReaderStudy(Summarised):
    """A reader study of two modalities with every analysis of it.

    Parameters
    ----------
    readings : StudyReadings
        Who read what.
    plan : Plan
        What was fixed beforehand.
    design : Design
        The design that the readings of the primary endpoint show.
    endpoints : dict
        By endpoint, all with the primary method.
    alternatives : tuple of ModalityAnalysis
        Other analyses of the primary endpoint.
    alone : dict
        By endpoint, these readers one by one and together, cases random.
    rows : tuple of ReaderRow
        Every reader's curves and calls.
    order : ReadingOrder
        Which reading came first.
    kinds : dict of str to ModalityAnalysis
        Breast radiologists and general radiologists, named with their number: the analysis of the
        endpoint on their own readings; empty where the readers table does not tell both kinds.
    from_marks : bool
        Whether each rating is that of the reading's highest mark.
    """

    readings: StudyReadings
    plan: Plan
    design: Design
    endpoints: dict[Endpoint, ModalityAnalysis]
    alternatives: tuple[ModalityAnalysis, ...]
    alone: dict[Endpoint, ModalityAnalysis]
    rows: tuple[ReaderRow, ...]
    order: ReadingOrder
    kinds: dict[str, ModalityAnalysis]
    from_marks: bool

    @property
    def primary(self) -> ModalityAnalysis:
        """The planned analysis of the planned endpoint."""
        return self.endpoints[self.plan.endpoint]

    def reader_differences(self, endpoint: Endpoint) -> tuple[Comparison, ...]:
        """Return b minus a of each reader who read in both."""
        found = self.alone[endpoint].analysis
        return () if found is None else found.reader_differences

    def summary(self) -> dict[str, str]:
        """Return who read what, and the differences by the primary method."""
        readings, (a, b) = self.readings, self.plan.modalities
        return {
            "Compared": f"{b} minus {a}",
            "Examinations": with_cancer(readings.n_cases, readings.n_positive),
            "Readers": f"{len(readings.readers)}, {self.design.kind}",
            "Endpoint": MEASURES[self.plan.endpoint],
            "Analysis": self.primary.name,
            **{
                capital(MEASURES[e]): effect_phrase(s.difference) for e, s in self.endpoints.items()
            },
            "Other analyses": str(len(self.alternatives)),
        }


def analyse(tables: Tables, plan: Plan) -> ReaderStudy:
    """Analyse a reader study of two modalities as planned, and otherwise.

    Parameters
    ----------
    tables : Tables
        Cases, readers and readings.
    plan : Plan
        What was fixed beforehand.

    Raises
    ------
    ScoringError
        If the plan takes fixed readers as primary, or nobody rated or called any case.
    ValueError
        If the readings show another complete design than the declared one. Readings that are
        merely missing are analysed by U-statistics instead.
    """
    readings = study_readings(
        tables.readings,
        tables.readers,
        tables.cases,
        modalities=plan.modalities,
        session=plan.session,
        recall_rating=plan.recall_rating,
    )
    if plan.random == "cases":
        msg = (
            "random='cases' takes the readers as fixed, which cannot be the primary analysis of a "
            "study that compares reading conditions: it says nothing of other readers; take "
            "'readers and cases', the result for these readers stands beside it"
        )
        raise ScoringError(msg)
    asked = {endpoint: _Asked(readings=readings, plan=plan, endpoint=endpoint) for endpoint in FOMS}
    planned = asked[plan.endpoint]
    if np.isnan(planned.values).all():
        what = "rating" if plan.endpoint == "auc" else "recall call"
        msg = (
            f"endpoint {plan.endpoint!r} needs a {what} of each case, but there is none; "
            "take another endpoint, or say from which rating up a case counts as recalled"
        )
        raise ScoringError(msg)
    design = detect_design(planned.values)
    if design.kind != "incomplete":
        detect_design(planned.values, declared=plan.design)
    endpoints = {endpoint: one.analysis(plan.choices) for endpoint, one in asked.items()}
    alone = {endpoint: one.readers_alone() for endpoint, one in asked.items()}
    others = [*_others(planned, design), alone[plan.endpoint]]
    return ReaderStudy(
        readings=readings,
        plan=plan,
        design=design,
        endpoints=endpoints,
        alternatives=_beside(endpoints[plan.endpoint], others),
        alone=alone,
        rows=reader_rows(readings, ci_level=plan.ci_level),
        order=reading_order(tables.readings, readings, session=plan.session),
        kinds=_by_kind(planned, tables.readers),
        from_marks=_from_marks(tables, plan),
    )


def _by_kind(planned: _Asked, readers: pd.DataFrame) -> dict[str, ModalityAnalysis]:
    """Return the analysis of breast radiologists and of general ones, each on their own readings.

    Readers of whom it is not known are of neither kind.
    """
    if "specialist" not in readers:
        return {}
    names = reader_labels(readers)
    kind = dict(zip(map(names.get, readers["reader_id"]), readers["specialist"], strict=True))
    found = {}
    for label, value in (("Breast radiologists", 1), ("General radiologists", 0)):
        chosen = np.array([kind[name] == value for name in planned.readings.readers])
        if not chosen.any():
            return {}
        own = planned.of_readers(chosen).analysis(planned.plan.choices)
        found[f"{label} ({int(chosen.sum())})"] = own
    return found


def _from_marks(tables: Tables, plan: Plan) -> bool:
    """Return whether the ratings of the study are those of the highest marks."""
    people = tables.readers["reader_id"][tables.readers["kind"] == "human"]
    chosen = tables.readings["reader_id"].isin(people)
    chosen &= tables.readings["modality"].isin(plan.modalities)
    return ratings_are_of_marks(tables.readings[chosen], tables.optional("marks"))


def _beside(
    primary: ModalityAnalysis, others: list[ModalityAnalysis]
) -> tuple[ModalityAnalysis, ...]:
    """Return the other analyses that say more than the primary one, flagged against it.

    One that is not defined says more where its reason is another.
    """
    return tuple(
        replace(
            other, flag=disagreement_flag(primary.difference, other.difference, name=other.name)
        )
        for other in others
        if other.name != primary.name
        and (other.analysis is not None or other.difference.note != primary.difference.note)
    )


def _others(planned: _Asked, design: Design) -> list[ModalityAnalysis]:
    """Return the other analyses that the design of the primary endpoint allows."""
    of_areas = planned.endpoint == "auc"
    if design.kind == "incomplete":
        if not of_areas:
            return []
        by_readers = planned.analysis(Choices(method="u_statistic"))
        by_cases = planned.analysis(Choices(method="u_statistic", weights="pair"))
        return [by_readers, planned.mle(), by_cases]
    asked = [Choices(covariance="DeLong")]
    if of_areas:  # of calls all covariances are the same
        asked += [Choices(covariance="jackknife"), Choices(method="u_statistic")]
    if design.kind == "fully crossed":
        asked.append(Choices(random="readers"))
    return [planned.analysis(choices) for choices in asked]


def two_level_readers(readings: StudyReadings) -> tuple[str, ...]:
    """Return the readers whose ratings have two levels at most in some modality."""
    return tuple(
        label
        for place, label in enumerate(readings.readers)
        if any(few_levels(column) for column in readings.rating[:, place].T)
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Asked:
    """One endpoint of the readings, and what all analyses of it share."""

    readings: StudyReadings
    plan: Plan
    endpoint: Endpoint

    @property
    def values(self) -> FloatArray:
        """Ratings, or calls coded 0 and 1, (n_cases, n_readers, n_modalities)."""
        return values_of(self.readings, self.endpoint)

    @property
    def margin(self) -> float | None:
        """Margin of the endpoint."""
        return self.plan.margins.get(self.endpoint)

    def of_readers(self, chosen: BoolArray) -> _Asked:
        """Return the same of some readers."""
        every = self.readings
        names = tuple(np.array(every.readers)[chosen].tolist())
        rating, call = every.rating[:, chosen], every.call[:, chosen]
        return replace(self, readings=replace(every, readers=names, rating=rating, call=call))

    def analysis(self, choices: Choices) -> ModalityAnalysis:
        """Return one analysis, or why it is not defined."""
        if self.endpoint != "auc" and choices.method == "u_statistic":
            choices = replace(choices, method=None)  # of calls Obuchowski and Rockette's is taken

        def compare() -> MrmcAnalysis:
            return compare_modalities(
                self.readings.truth,
                self.values,
                fom=FOMS[self.endpoint],
                cluster=self.readings.patient,
                choices=choices,
                ci_level=self.plan.ci_level,
                margin=self.margin,
                readers=self.readings.readers,
                modalities=self.plan.names,
            )

        return self._named(compare, choices)

    def mle(self) -> ModalityAnalysis:
        """Return the analysis by the variance of the empirical distribution, never negative."""
        readings = self.readings

        def compare() -> MrmcAnalysis:
            require_patients(readings.n_patients, readings.n_cases)
            return u_statistic_analysis(
                readings.truth,
                readings.rating,
                estimator="mle",
                ci_level=self.plan.ci_level,
                margin=self.margin,
                readers=readings.readers,
                modalities=self.plan.names,
            )

        return self._named(compare, Choices(method="u_statistic"))

    def readers_alone(self) -> ModalityAnalysis:
        """Return these readers one by one and together: readers fixed, cases random.

        Of those who read in both modalities. With readings missing two figures covary through the
        cases that both saw; a mean of fixed readers is one contrast of them and needs no design.
        """
        values, readings = self.values, self.readings
        both = np.all(np.any(~np.isnan(values), axis=0), axis=1)

        def compare() -> MrmcAnalysis:
            if not both.any():
                msg = "no reader read in both modalities"
                raise ValueError(msg)
            table = fom_table(
                readings.truth,
                values[:, both],
                fom=FOMS[self.endpoint],
                covariance=self.plan.covariance,
                cluster=readings.patient,
                readers=tuple(np.array(readings.readers)[both].tolist()),
                modalities=self.plan.names,
            )
            return obuchowski_rockette(
                table, random="cases", ci_level=self.plan.ci_level, margin=self.margin
            )

        named = self._named(compare, Choices(covariance=self.plan.covariance, random="cases"))
        if both.all() or named.analysis is None:
            return named
        return replace(named, name=f"{named.name}; {int(both.sum())} of {both.size} readers")

    def _named(self, compare: Callable[[], MrmcAnalysis], choices: Choices) -> ModalityAnalysis:
        """Return an analysis with its name; where the statistics refuse it, with their reason."""
        reason = self._obstacle(choices)
        if not reason:
            try:
                found = _renamed(compare(), self.endpoint)
            except ValueError as refused:  # a method that is not defined for these readings
                reason = str(refused)
            else:
                return ModalityAnalysis(
                    name=_name(found, choices), difference=found.differences[0], analysis=found
                )
        difference = undefined_difference(
            self.endpoint,
            reason,
            margin=self.margin,
            names=self.plan.names,
            ci_level=self.plan.ci_level,
        )
        name = f"{RANDOM_WORDS[choices.random]}; {_method(choices)}"
        return ModalityAnalysis(name=name, difference=difference, analysis=None)

    def _obstacle(self, choices: Choices) -> str:
        """Return why nothing can be compared, in the words of the study; empty if it can."""
        readings, of_areas = self.readings, self.endpoint == "auc"
        read = ~np.isnan(self.values)
        if not read.any():
            return "the readers gave no ratings" if of_areas else "the readers made no calls"
        if choices.random != "cases":
            if len(readings.readers) == 1:
                return "one reader alone says nothing of readers in general"
            if reason := self._obstacle_of_gaps(choices):
                return reason
        for value, words, other in (
            (1.0, "with cancer", "specificity"),
            (0.0, "without cancer", "sensitivity"),
        ):
            none = read.any(axis=0) & ~read[readings.truth == value].any(axis=0)
            if self.endpoint != other and none.any():
                reader, modality = (int(place) for place in np.argwhere(none)[0])
                return (
                    f"{readings.readers[reader]} read no examination {words} in "
                    f"{self.plan.names[modality]}"
                )
        return ""

    def _obstacle_of_gaps(self, choices: Choices) -> str:
        """Return why readings that are missing, or women with several, leave nothing defined."""
        readings, endpoint = self.readings, self.endpoint
        design = detect_design(self.values)
        gaps = design.kind == "incomplete"
        all_readings = design.n_cases * design.n_readers * design.n_modalities
        missing = f"{design.n_missing:,} of {all_readings:,} readings are missing"
        if endpoint != "auc" and gaps:
            return (
                f"{missing}, and with gaps no analysis of {endpoint} with random readers is defined"
            )
        if endpoint == "auc" and readings.n_patients < readings.n_cases:
            independent = "some women have several examinations, and {} takes them as independent"
            if gaps:
                return f"{missing} and {independent.format('the analysis of studies with gaps')}"
            if choices.method in ("u_statistic", "dbm"):
                return independent.format("this analysis")
        return ""


def values_of(readings: StudyReadings, endpoint: Endpoint) -> FloatArray:
    """Return ratings, or calls coded 0 and 1, (n_cases, n_readers, n_modalities)."""
    return readings.rating if endpoint == "auc" else readings.call


def _renamed(found: MrmcAnalysis, endpoint: Endpoint) -> MrmcAnalysis:
    """Return the analysis with the endpoint's own name in place of that of its recall rule."""
    parts = ("modalities", "differences", "readers", "reader_differences")
    named: dict[str, Any] = {
        part: tuple(replace(one, quantity=endpoint) for one in getattr(found, part))
        for part in parts
    }
    return replace(found, quantity=endpoint, **named)


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


def reader_rows(readings: StudyReadings, *, ci_level: float) -> tuple[ReaderRow, ...]:
    """Return every reader's curves and calls, on the cases that the reader read."""
    curves = [_curves(array) for array in readings.by_modality]
    calls = [
        {one.label: one.calls for one in accuracy_by_reader(array, ci_level=ci_level)}
        for array in readings.by_modality
    ]
    return tuple(
        ReaderRow(
            label=label,
            curves=tuple(found.get(label, (None, math.nan))[0] for found in curves),
            areas=tuple(found.get(label, (None, math.nan))[1] for found in curves),
            calls=tuple(found.get(label) for found in calls),
        )
        for label in readings.readers
    )


def _curves(array: RatingArray) -> dict[str, tuple[Curve | None, float]]:
    """Return curve and area of the readers who rated cases of both classes."""
    found: dict[str, tuple[Curve | None, float]] = {}
    for label, rating in zip(array.labels, array.rating.T, strict=True):
        rated = ~np.isnan(rating)
        truth = array.truth[rated]
        if 0 < truth.sum() < truth.size:
            curve = roc_curve(truth, rating[rated], label=label)
            found[label] = (curve, auc(truth, rating[rated]))
    return found


def reading_order(
    readings: pd.DataFrame, study: StudyReadings, *, session: str | None
) -> ReadingOrder:
    """Return the order of the readings of two modalities, from their day or else their session.

    Days are taken where ``read_at`` is known for both readings. Sessions are ordered as numbers
    where they are numbers; other names of sessions say nothing about order.
    """
    import pandas as pd

    chosen = readings[readings["status"] == "complete"]
    chosen = chosen[chosen["case_id"].isin(study.case_id)]
    if session is not None:
        chosen = chosen[chosen["session"] == session]
    frame = pd.DataFrame(
        {
            "reader": chosen["reader_id"],
            "case": chosen["case_id"],
            "modality": chosen["modality"],
            "day": pd.to_datetime(chosen["read_at"]) if "read_at" in chosen else pd.NaT,
            "session": pd.to_numeric(chosen["session"], errors="coerce"),
        }
    )
    a, b = (frame[frame["modality"] == modality] for modality in study.modalities)
    pairs = a.merge(b, on=["reader", "case"], suffixes=("_a", "_b"))
    days = (pairs["day_b"] - pairs["day_a"]).dt.days.to_numpy(dtype=np.float64)
    sessions = (pairs["session_b"] - pairs["session_a"]).to_numpy(dtype=np.float64)
    step = np.where(np.isnan(days), sessions, days)
    apart = np.abs(days[~np.isnan(days)])
    return ReadingOrder(
        n_pairs=len(pairs),
        n_a_first=int((step > 0).sum()),
        n_b_first=int((step < 0).sum()),
        shortest_gap_days=float(apart.min()) if apart.size else float("nan"),
    )
