"""What an AI's score classes hold: their shares, their cancers, and how soon these are found.

A vendor's statement about the size of the classes is about screening examinations, all of them
and with the few cancers that screening finds. Only those are held against it, and a set in which
cancers were enriched only where its weights undo that or its cancers are left out. Other
indications stand beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.results import Estimate
from toolkit.scoring.ratings import ScoringError
from toolkit.scoring.scores import EVERYTHING, SCREENING, Floats, Integers, ScoredCases
from toolkit.stats.calibration import CaptureCurve, ShareFit, capture_curve, goodness_of_fit
from toolkit.stats.delong import delong_ci
from toolkit.stats.weighted import weighted_goodness_of_fit, weighted_proportion_ci

Basis = Literal["all", "weighted", "without_cancer"]
Verdict = Literal["yes", "no", "not_shown", "cannot"]
Bools = NDArray[np.bool_]

# Programmes find 3 to 10 cancers per 1,000, with interval cancers up to 12. A set with
# more than this share for sure was not taken as it came.
MOST_CANCERS_AT_SCREENING = 0.02


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
    """

    name: str
    n: Integers
    verified: Integers
    cancers: Integers
    weighted_n: Floats
    weighted_verified: Floats
    weighted_cancers: Floats
    share: tuple[Estimate, ...]
    rate: tuple[Estimate, ...]
    total_rate: Estimate
    found_at_top: Estimate


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
    obstacle: str
    fit: ShareFit | None
    simultaneous: tuple[Estimate, ...]
    verdict: Verdict


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreDistribution:
    """Classes, expectation, order and capture of one AI's scores.

    Parameters
    ----------
    scored : ScoredCases
        The cases.
    basis : {"all", "weighted", "without_cancer"}
        Which cases make the shares.
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
    """

    scored: ScoredCases
    basis: Basis
    weights_used: bool
    enriched: bool
    reference: GroupClasses
    others: tuple[GroupClasses, ...]
    expectation: Expectation
    order: Estimate
    capture: CaptureCurve
    capture_borders: Integers
    found_at_top: Estimate


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sample:
    """The cases with how their shares and rates are estimated."""

    scored: ScoredCases
    basis: Basis
    ci_level: float

    @property
    def weight(self) -> Floats | None:
        """Weights, where they are used."""
        return self.scored.weight if self.basis == "weighted" else None

    def in_basis(self, rows: Bools) -> Bools:
        """Return which of some cases make the shares."""
        chosen = rows & self.scored.scored
        return chosen & (self.scored.truth == 0) if self.basis == "without_cancer" else chosen

    def total(self, rows: Bools) -> Floats:
        """Return weights, or counts, of some cases in each class."""
        chosen = rows & self.scored.scored
        weight = None if self.weight is None else self.weight[chosen]
        number = self.scored.score_class[chosen]
        totals = np.bincount(number, weights=weight, minlength=self.scored.n_classes)
        return totals.astype(np.float64)

    def proportion(
        self,
        event: Bools,
        rows: Bools,
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


def score_distribution(
    scored: ScoredCases,
    *,
    basis: Basis = "all",
    expected_share: float | None = None,
    tolerance: float = 0.02,
    ci_level: float = 0.95,
) -> ScoreDistribution:
    """Return what the classes of one AI's score hold.

    Parameters
    ----------
    scored : ScoredCases
        Every eligible case.
    basis : {"all", "weighted", "without_cancer"}
        Which cases make the shares: all of a set taken as it came; all by their sampling weights;
        or only those without cancer, for an enriched set without weights. Leaving out cancers
        moves a class by less than the share of cancers in the population, if those without cancer
        are a random sample of all without. Weights, where used, serve the rates as well.
    expected_share : float or None
        Share that the vendor states for every class; None where none is stated.
    tolerance : float
        A class that holds so much more or less still counts as the vendor says.
    ci_level : float
        Confidence level of all intervals.

    Raises
    ------
    ScoringError
        If weights are asked for and missing, or the stated shares do not add up to 1.
    """
    _check_weights(scored, basis)
    sample = _Sample(scored=scored, basis=basis, ci_level=ci_level)
    name = SCREENING if scored.knows_indication else EVERYTHING
    reference = _group(sample, name)
    everyone = np.ones(scored.n_cases, dtype=bool)
    verified = scored.scored & ~np.isnan(scored.truth)
    ordered = verified & scored.group(name)
    curve = capture_curve(
        scored.truth[verified],
        scored.score[verified],
        weight=None if sample.weight is None else sample.weight[verified],
        ci_level=ci_level,
        label=scored.ai,
    )
    return ScoreDistribution(
        scored=scored,
        basis=basis,
        weights_used=sample.weight is not None,
        enriched=_is_enriched(sample, reference),
        reference=reference,
        others=tuple(_group(sample, other) for other in scored.groups if other != name),
        expectation=_expectation(sample, reference, expected_share, tolerance),
        order=delong_ci(
            scored.truth[ordered], scored.score[ordered], ci_level=ci_level, label=scored.ai
        ),
        capture=curve,
        capture_borders=_borders(scored, verified, curve),
        found_at_top=_found_at_top(sample, everyone, "all"),
    )


def _check_weights(scored: ScoredCases, basis: Basis) -> None:
    """Refuse a weighted analysis without a weight for every case."""
    if basis != "weighted":
        return
    missing = scored.n_cases if scored.weight is None else int(np.isnan(scored.weight).sum())
    if missing:
        msg = (
            f"basis is 'weighted', but {missing} of {scored.n_cases} cases have no weight; "
            "map cases.weight, or set basis to 'all' (cases taken as they came) or "
            "'without_cancer' (enriched, without weights)"
        )
        raise ScoringError(msg)


def _group(sample: _Sample, name: str) -> GroupClasses:
    """Return the classes of one indication."""
    scored = sample.scored
    rows = scored.group(name)
    counted = sample.in_basis(rows)
    verified = rows & scored.scored & ~np.isnan(scored.truth)
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
        found_at_top=_found_at_top(sample, rows, name),
    )


def _found_at_top(sample: _Sample, rows: Bools, label: str) -> Estimate:
    """Return the share of the cancers among some cases that are in the highest class."""
    scored = sample.scored
    cancers = rows & scored.scored & (scored.truth == 1)
    top = scored.score_class == scored.n_classes - 1
    return sample.proportion(top, cancers, quantity="found_at_top", label=label)


def _expectation(
    sample: _Sample, reference: GroupClasses, share: float | None, tolerance: float
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
        return Expectation(
            share=share,
            tolerance=tolerance,
            obstacle=obstacle,
            fit=None,
            simultaneous=(),
            verdict="cannot",
        )
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
        obstacle="",
        fit=fit,
        simultaneous=simultaneous,
        verdict=_verdict(fit, simultaneous, share, tolerance, 1 - sample.ci_level),
    )


def _fit(sample: _Sample, rows: Bools, shares: list[float]) -> ShareFit:
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


def _obstacle(sample: _Sample, reference: GroupClasses) -> str:
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
    return scored.weight is not None and bool(np.ptp(scored.weight[scored.group(name)]) > 0)


def _too_many_cancers(reference: GroupClasses) -> bool:
    """Whether a group has more cancers than any screening finds, for sure."""
    # Without verified cases the limit is NaN, and nothing speaks against the set.
    return reference.total_rate.ci_low > 1000 * MOST_CANCERS_AT_SCREENING


def _is_enriched(sample: _Sample, reference: GroupClasses) -> bool:
    """Whether rates are those of this set and of nothing else, see ``ScoreDistribution``."""
    if sample.weight is not None:
        return False
    differ = reference.n.sum() > 0 and _weights_differ(sample.scored, reference.name)
    return sample.basis == "without_cancer" or differ or _too_many_cancers(reference)


def _enriched(sample: _Sample, reference: GroupClasses) -> str:
    """Return how many cancers there are in a set that no screening would give."""
    unit = sample.scored.unit
    ending = "more than any screening finds: the set is enriched"
    if sample.weight is not None:
        rate = reference.total_rate.estimate
        return f"with their weights {rate:.0f} of 1,000 screening {unit}s have cancer, {ending}"
    cancers, verified = int(reference.cancers.sum()), int(reference.verified.sum())
    return f"{cancers:,} of {verified:,} verified screening {unit}s have cancer, {ending}"


def _borders(scored: ScoredCases, verified: Bools, curve: CaptureCurve) -> Integers:
    """Return the curve's point at which each class has been taken, shape (n_classes,)."""
    points = []
    for number in range(scored.n_classes):
        above = scored.score[verified & (scored.score_class >= number)]
        # Thresholds fall along the curve; 0 is the point where nothing was taken.
        points.append(int((curve.threshold >= above.min()).sum()) - 1 if above.size else 0)
    return np.array(points, dtype=np.int64)
