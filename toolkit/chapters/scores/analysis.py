"""Whether an AI's scores are spread as its vendor states, in the right order, and stay the same.

The vendor's statement is about screening examinations, all of them and with the few cancers that
screening finds. Only those are held against it, and a set in which cancers were enriched only where
its weights undo that or its cancers are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.chapters.analysis import Summarised, Tables
from toolkit.chapters.scores.drift import Basis, ScoreDrift, score_drift
from toolkit.results import Estimate
from toolkit.scoring.accuracy import repeated_patients
from toolkit.scoring.case_mix import SCREENING
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.scores import Decimals, ScoredCases, scored_cases
from toolkit.scoring.verification import Incorporation, incorporation
from toolkit.stats.auc import delong_ci
from toolkit.stats.calibration import (
    CaptureCurve,
    ShareFit,
    capture_curve,
    goodness_of_fit,
    weighted_goodness_of_fit,
)
from toolkit.stats.proportions import weighted_proportion_ci
from toolkit.words.sentences import estimate_phrase
from toolkit.words.wording import count_text, number_text


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreSample:
    """The cases with how their shares and rates are estimated."""

    scored: ScoredCases
    basis: Basis
    ci_level: float

    @property
    def weight(self) -> FloatArray | None:
        """Weights, where they are used."""
        return self.scored.weight if self.basis == "weighted" else None

    def in_basis(self, rows: BoolArray) -> BoolArray:
        """Return which of some cases make the shares."""
        chosen = rows & self.scored.scored
        return chosen & (self.scored.truth == 0) if self.basis == "without_cancer" else chosen

    def total(self, rows: BoolArray) -> FloatArray:
        """Return weights, or counts, of some cases in each class."""
        chosen = rows & self.scored.scored
        weight = None if self.weight is None else self.weight[chosen]
        number = self.scored.score_class[chosen]
        totals = np.bincount(number, weights=weight, minlength=self.scored.n_classes)
        return totals.astype(np.float64)

    def proportion(
        self,
        event: BoolArray,
        rows: BoolArray,
        *,
        quantity: str,
        label: str,
        unit: str = "probability",
        event_weight: float | None = None,
        ci_level: float | None = None,
    ) -> Estimate:
        """Return the proportion of some cases that have an event."""
        return weighted_proportion_ci(
            event[rows],
            weight=None if self.weight is None else self.weight[rows],
            cluster=self.scored.patient[rows],
            event_weight=event_weight,
            ci_level=ci_level or self.ci_level,
            quantity=quantity,
            unit=unit,
            label=label,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class GroupClasses:
    """The score classes of the cases of one indication, lowest first.

    Parameters
    ----------
    name : str
        Indication, or ``"all"`` where the cases do not say.
    n, verified, cancers : ndarray of int, shape (n_classes,)
        Cases of the sample: with a score (of the basis), with a score and a known truth, and of
        these with cancer.
    weighted_n, weighted_verified, weighted_cancers : ndarray, shape (n_classes,)
        The same as their weights add up; the counts themselves where weights are not used.
    share : tuple of Estimate
        Share of the group in each class.
    rate : tuple of Estimate
        Cancers per 1,000 verified cases of each class.
    total_rate : Estimate
        Cancers per 1,000 verified cases of the group.
    found_at_top : Estimate
        Share of the group's cancers that are in the highest class.
    cleared_below_top : Estimate
        Share of its cases without cancer that are in a lower one.
    """

    name: str
    n: IntArray
    verified: IntArray
    cancers: IntArray
    weighted_n: FloatArray
    weighted_verified: FloatArray
    weighted_cancers: FloatArray
    share: tuple[Estimate, ...]
    rate: tuple[Estimate, ...]
    total_rate: Estimate
    found_at_top: Estimate
    cleared_below_top: Estimate


def check_weights(scored: ScoredCases, basis: Basis) -> None:
    """Refuse a weighted analysis of cases without weights."""
    if basis == "weighted" and scored.weight is None:
        msg = (
            "basis is 'weighted', but the cases have no weight; map cases.weight, or set basis to "
            "'all' (cases taken as they came) or 'without_cancer' (enriched, without weights)"
        )
        raise ScoringError(msg)


def group_classes(sample: ScoreSample, name: str) -> GroupClasses:
    """Return the classes of one indication."""
    scored = sample.scored
    rows = scored.group(name)
    counted = sample.in_basis(rows)
    verified = rows & scored.verified
    cancer = np.asarray(scored.truth == 1)
    event_weight = None
    if sample.weight is not None and (verified & cancer).any():
        event_weight = float(sample.weight[verified & cancer].mean())
    classes = range(scored.n_classes)
    names = scored.classes.names
    return GroupClasses(
        name=name,
        n=scored.counts(counted),
        verified=scored.counts(verified),
        cancers=scored.counts(verified & cancer),
        weighted_n=sample.total(counted),
        weighted_verified=sample.total(verified),
        weighted_cancers=sample.total(verified & cancer),
        share=tuple(
            sample.proportion(
                scored.score_class == number, counted, quantity="class_share", label=names[number]
            )
            for number in classes
        ),
        rate=tuple(
            sample.proportion(
                cancer,
                verified & (scored.score_class == number),
                quantity="cancer_rate",
                label=names[number],
                unit="per_1000",
                event_weight=event_weight,
            )
            for number in classes
        ),
        total_rate=sample.proportion(
            cancer, verified, quantity="cancer_rate", label=name, unit="per_1000"
        ),
        found_at_top=found_at_top_class(sample, rows, name),
        cleared_below_top=sample.proportion(
            np.asarray(scored.score_class != scored.top),
            verified & (scored.truth == 0),
            quantity="specificity",
            label=name,
        ),
    )


def found_at_top_class(sample: ScoreSample, rows: BoolArray, label: str) -> Estimate:
    """Return the share of the cancers among some cases that are in the highest class."""
    scored = sample.scored
    cancers, top = rows & scored.scored & (scored.truth == 1), scored.score_class == scored.top
    return sample.proportion(top, cancers, quantity="found_at_top", label=label)


Verdict = Literal["yes", "no", "not_shown", "cannot"]

# Programmes find 3 to 10 cancers per 1,000, with interval cancers up to 12. A set with
# more than this share for sure was not taken as it came.
MOST_CANCERS_AT_SCREENING = 0.02


@dataclass(frozen=True, kw_only=True, eq=False)
class Expectation:
    """What the vendor says of the classes, and what these cases say to it.

    Parameters
    ----------
    share : float or None
        Share that each class should hold; None where the vendor states none.
    tolerance : float
        A class that holds so much more or less still counts as the vendor says.
    obstacle : str
        Why these cases cannot be held against it; empty where they can.
    fit : ShareFit or None
        Test of all shares at once; None where there is nothing to compare.
    simultaneous : tuple of Estimate
        Shares with intervals that hold together at the level asked for (Bonferroni).
    verdict : {"yes", "no", "not_shown", "cannot"}
        Yes: every simultaneous interval lies within the tolerance. No: that is not so, and the
        test rejects the shares. Not shown: neither, there are too few cases.
    """

    share: float | None
    tolerance: float
    obstacle: str = ""
    fit: ShareFit | None = None
    simultaneous: tuple[Estimate, ...] = ()
    verdict: Verdict = "cannot"


def expectation_of(
    sample: ScoreSample, reference: GroupClasses, share: float | None, tolerance: float
) -> Expectation:
    """Return what the reference group says to the vendor's statement."""
    n_classes = sample.scored.n_classes
    if share is not None and abs(share * n_classes - 1) > 1e-6:
        msg = (
            f"expected_share is {share:g} for each of {n_classes} classes, which adds up to "
            f"{share * n_classes:g}, not 1; change it or class_edges, or set it to None"
        )
        raise ScoringError(msg)
    obstacle = "" if share is None else _obstacle(sample, reference)
    if share is None or obstacle:
        return Expectation(share=share, tolerance=tolerance, obstacle=obstacle)
    rows = sample.in_basis(sample.scored.group(reference.name))
    level = 1 - (1 - sample.ci_level) / n_classes
    simultaneous = tuple(
        sample.proportion(
            sample.scored.score_class == number,
            rows,
            quantity="class_share",
            label=sample.scored.classes.names[number],
            ci_level=level,
        )
        for number in range(n_classes)
    )
    fit = _fit(sample, rows, [share] * n_classes)
    return Expectation(
        share=share,
        tolerance=tolerance,
        fit=fit,
        simultaneous=simultaneous,
        verdict=_verdict(fit, simultaneous, share, tolerance, 1 - sample.ci_level),
    )


def _fit(sample: ScoreSample, rows: BoolArray, shares: list[float]) -> ShareFit:
    """Return the test of all shares, the plain one where cases are a simple random sample."""
    scored = sample.scored
    clustered = np.unique(scored.patient[rows]).size < rows.sum()
    # Weights that are alike but not 1 change nothing.
    if not clustered and (sample.weight is None or np.ptp(sample.weight[rows]) == 0):
        return goodness_of_fit(scored.counts(rows), shares)
    return weighted_goodness_of_fit(
        scored.score_class[rows],
        shares,
        weight=None if sample.weight is None else sample.weight[rows],
        cluster=scored.patient[rows],
    )


def _verdict(
    fit: ShareFit,
    simultaneous: tuple[Estimate, ...],
    share: float,
    tolerance: float,
    alpha: float,
) -> Verdict:
    """Return whether the shares are as stated, see ``Expectation``."""
    low, high = share - tolerance, share + tolerance
    if all(low <= one.ci_low and one.ci_high <= high for one in simultaneous):
        return "yes"
    return "no" if fit.p_value < alpha else "not_shown"


def _obstacle(sample: ScoreSample, reference: GroupClasses) -> str:
    """Return why the reference group cannot be held against a vendor's statement, or nothing."""
    scored = sample.scored
    if not scored.knows_indication:
        return "the data do not say which examinations were screening"
    if not reference.n.sum():
        without = " and no cancer" if sample.basis == "without_cancer" else ""
        return f"no screening {scored.unit} has a score{without}"
    if sample.basis == "without_cancer":
        return ""
    if sample.basis == "all" and _weights_differ(scored, SCREENING):
        return (
            f"the screening {scored.unit}s have different sampling weights, so that they were not "
            "taken as they came, and the weights were not used"
        )
    return _enriched(sample, reference) if _too_many_cancers(reference) else ""


def _weights_differ(scored: ScoredCases, name: str) -> bool:
    """Whether cases of an indication stand for different numbers of others."""
    return scored.weight is not None and np.unique(scored.weight[scored.group(name)]).size > 1


def _too_many_cancers(reference: GroupClasses) -> bool:
    """Whether screening cases have more cancers than any screening finds, for sure."""
    # Without verified cases the limit is NaN, and nothing speaks against the set.
    return reference.total_rate.ci_low > 1000 * MOST_CANCERS_AT_SCREENING


def is_enriched(sample: ScoreSample, reference: GroupClasses) -> bool:
    """Whether rates are those of this set and of nothing else, see ``ScoreStudy``."""
    if sample.weight is not None:
        return False
    if sample.basis == "without_cancer" or _weights_differ(sample.scored, reference.name):
        return True
    # Cases of unknown indication may have many cancers as they come.
    return sample.scored.knows_indication and _too_many_cancers(reference)


def _enriched(sample: ScoreSample, reference: GroupClasses) -> str:
    """Return how many cancers there are in a set that no screening would give."""
    unit = sample.scored.unit
    ending = "more than any screening finds: the set is enriched"
    if sample.weight is not None:
        rate = number_text(reference.total_rate.estimate, digits=0)
        return f"with their weights {rate} of 1,000 screening {unit}s have cancer, {ending}"
    cancers, verified = int(reference.cancers.sum()), int(reference.verified.sum())
    return f"{cancers:,} of {verified:,} verified screening {unit}s have cancer, {ending}"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ScoreStudy(Summarised):
    """One AI's scores: their classes, the vendor's statement, order, capture and months.

    Parameters
    ----------
    scored : ScoredCases
        Every eligible case.
    basis : {"all", "weighted", "without_cancer"}
        Which cases make the shares.
    ci_level : float
        Confidence level of the intervals.
    weights_used : bool
        Whether the sampling weights were used.
    enriched : bool
        Whether rates per 1,000 are those of a set with more cancers than its population, and of
        nothing else: so declared, sampled with different weights that were not used, or with more
        cancers than any screening finds.
    reference, others : GroupClasses, tuple of GroupClasses
        Screening (or everything, where the cases do not say), and the other indications.
    expectation : Expectation
        What the vendor says of the reference group.
    order : Estimate
        Probability that a cancer has a higher score than a case without (AUC), reference group.
    capture : CaptureCurve
        All indications together.
    capture_borders : ndarray of int, shape (n_classes,)
        Point of the curve at which a class and all above it have been taken, lowest class first.
    found_at_top : Estimate
        Share of all cancers that are in the highest class, all indications together.
    drift : ScoreDrift
        The scores by month.
    incorporation : Incorporation or None
        What the highest class holds of the reference group and nobody verified.
    """

    scored: ScoredCases
    basis: Basis
    ci_level: float
    weights_used: bool
    enriched: bool
    reference: GroupClasses
    others: tuple[GroupClasses, ...]
    expectation: Expectation
    order: Estimate
    capture: CaptureCurve
    capture_borders: IntArray
    found_at_top: Estimate
    drift: ScoreDrift
    incorporation: Incorporation | None

    @property
    def groups(self) -> tuple[GroupClasses, ...]:
        """The reference group and the others."""
        return (self.reference, *self.others)

    def summary(self) -> Mapping[str, str]:
        """Return the cases, the verdict and the order."""
        scored = self.scored
        return {
            "AI": scored.ai,
            "with a score": f"{count_text(scored.scored.sum())} of {count_text(scored.n_cases)}",
            "basis": self.basis,
            "spread as stated": self.expectation.obstacle or self.expectation.verdict,
            "order (AUC)": estimate_phrase(self.order),
            "found at the top": estimate_phrase(self.found_at_top),
        }


def analyse(  # noqa: PLR0913 - the parameters of the notebook
    tables: Tables,
    *,
    ai: str = "",
    class_edges: Sequence[float] = (),
    decimals: Decimals = "nearest",
    basis: Basis = "all",
    expected_share: float | None = None,
    share_tolerance: float = 0.02,
    baseline_months: int = 6,
    psi_limit: float = 0.1,
    ci_level: float = 0.95,
) -> ScoreStudy:
    """Return what the classes of one AI's score hold, and how they change.

    Parameters
    ----------
    tables : Tables
        With readings, readers and cases; every case is eligible.
    ai : str
        Product and version, needed only where several AIs read.
    class_edges, decimals
        As ``edges`` and ``decimals`` of ``score_classes``.
    basis : {"all", "weighted", "without_cancer"}
        Which cases make the shares: all of a set taken as it came; all by their sampling weights;
        or only those without cancer, for an enriched set without weights. Leaving out cancers
        moves a class by less than the share of cancers in the population, if those without cancer
        are a random sample of all without. Weights, where used, serve the rates as well.
    expected_share : float or None
        Share that the vendor states for every class; None where none is stated.
    share_tolerance : float
        A class that holds so much more or less still counts as the vendor says.
    baseline_months, psi_limit
        As in ``score_drift``.
    ci_level : float
        Confidence level of the intervals.

    Raises
    ------
    ScoringError
        If weights are asked for and missing, or the stated shares do not add up to 1.
    """
    scored = scored_cases(
        tables.readings,
        tables.readers,
        tables.cases,
        ai=ai,
        class_edges=class_edges,
        decimals=decimals,
    )
    check_weights(scored, basis)
    sample = ScoreSample(scored=scored, basis=basis, ci_level=ci_level)
    reference = group_classes(sample, scored.reference)
    capture, borders = _capture(sample)
    return ScoreStudy(
        scored=scored,
        basis=basis,
        ci_level=ci_level,
        weights_used=sample.weight is not None,
        enriched=is_enriched(sample, reference),
        reference=reference,
        others=tuple(
            group_classes(sample, name) for name in scored.groups if name != scored.reference
        ),
        expectation=expectation_of(sample, reference, expected_share, share_tolerance),
        order=_order(sample),
        capture=capture,
        capture_borders=borders,
        found_at_top=found_at_top_class(sample, np.ones_like(scored.scored), "all"),
        drift=score_drift(
            scored,
            basis=basis,
            baseline_months=baseline_months,
            psi_limit=psi_limit,
            ci_level=ci_level,
        ),
        incorporation=_incorporation(sample),
    )


def _incorporation(sample: ScoreSample) -> Incorporation | None:
    """Return what the highest class holds of the reference group and nobody verified."""
    scored = sample.scored
    rows = scored.verified & scored.group(scored.reference)
    return incorporation(
        scored.truth[rows],
        (scored.score_class[rows] == scored.top).astype(np.float64),
        scored.recalled[rows],
        scored.unverified[rows],
        weight=None if sample.weight is None else sample.weight[rows],
    )


def _order(sample: ScoreSample) -> Estimate:
    """Return the area under the curve of the reference group."""
    scored = sample.scored
    rows = scored.verified & scored.group(scored.reference)
    return delong_ci(
        scored.truth[rows],
        scored.score[rows],
        weight=None if sample.weight is None else sample.weight[rows],
        cluster=repeated_patients(scored.patient[rows]),
        ci_level=sample.ci_level,
        label=scored.ai,
    )


def _capture(sample: ScoreSample) -> tuple[CaptureCurve, IntArray]:
    """Return the capture curve, and its point at which each class has been taken."""
    scored, rows = sample.scored, sample.scored.verified
    curve = capture_curve(
        scored.truth[rows],
        scored.score[rows],
        weight=None if sample.weight is None else sample.weight[rows],
        ci_level=sample.ci_level,
        label=scored.ai,
    )
    points = []
    for number in range(scored.n_classes):
        above = scored.score[rows & (scored.score_class >= number)]
        # Thresholds fall along the curve; 0 is the point where nothing was taken.
        points.append(int((curve.threshold >= above.min()).sum()) - 1 if above.size else 0)
    return curve, np.array(points, dtype=np.int64)
