"""What a vendor states of the size of score classes, and what screening cases say to it.

The statement is about screening examinations, all of them and with the few cancers that screening
finds. Only those are held against it, and a set in which cancers were enriched only where its
weights undo that or its cancers are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from toolkit.arrays import BoolArray
from toolkit.chapters.scores.score_groups import GroupClasses, ScoreSample
from toolkit.chapters.scores.scores import SCREENING, ScoredCases
from toolkit.results import Estimate
from toolkit.scoring.ratings import ScoringError
from toolkit.stats.calibration.expected_shares import (
    ShareFit,
    goodness_of_fit,
    weighted_goodness_of_fit,
)

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
    obstacle: str
    fit: ShareFit | None
    simultaneous: tuple[Estimate, ...]
    verdict: Verdict


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
    """Whether rates are those of this set and of nothing else, see ``ScoreDistribution``."""
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
        rate = reference.total_rate.estimate
        return f"with their weights {rate:.0f} of 1,000 screening {unit}s have cancer, {ending}"
    cancers, verified = int(reference.cancers.sum()), int(reference.verified.sum())
    return f"{cancers:,} of {verified:,} verified screening {unit}s have cancer, {ending}"
