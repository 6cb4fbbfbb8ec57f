"""What an AI's score classes hold, in what order its cancers come, and how soon they are found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.arrays import BoolArray, IntArray
from toolkit.chapters.scores.score_expectation import Expectation, expectation_of, is_enriched
from toolkit.chapters.scores.score_groups import (
    Basis,
    GroupClasses,
    ScoreSample,
    check_weights,
    found_at_top_class,
    group_classes,
)
from toolkit.chapters.scores.scores import EVERYTHING, SCREENING, ScoredCases
from toolkit.results import Estimate
from toolkit.scoring.accuracy import repeated_patients
from toolkit.stats.auc.delong import delong_ci
from toolkit.stats.calibration.expected_shares import CaptureCurve, capture_curve


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
    capture_borders: IntArray
    found_at_top: Estimate


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
    check_weights(scored, basis)
    sample = ScoreSample(scored=scored, basis=basis, ci_level=ci_level)
    name = SCREENING if scored.knows_indication else EVERYTHING
    reference = group_classes(sample, name)
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
        enriched=is_enriched(sample, reference),
        reference=reference,
        others=tuple(group_classes(sample, other) for other in scored.groups if other != name),
        expectation=expectation_of(sample, reference, expected_share, tolerance),
        order=delong_ci(
            scored.truth[ordered],
            scored.score[ordered],
            cluster=repeated_patients(scored.patient[ordered]),
            ci_level=ci_level,
            label=scored.ai,
        ),
        capture=curve,
        capture_borders=_borders(scored, verified, curve),
        found_at_top=found_at_top_class(sample, everyone, "all"),
    )


def _borders(scored: ScoredCases, verified: BoolArray, curve: CaptureCurve) -> IntArray:
    """Return the curve's point at which each class has been taken, shape (n_classes,)."""
    points = []
    for number in range(scored.n_classes):
        above = scored.score[verified & (scored.score_class >= number)]
        # Thresholds fall along the curve; 0 is the point where nothing was taken.
        points.append(int((curve.threshold >= above.min()).sum()) - 1 if above.size else 0)
    return np.array(points, dtype=np.int64)
