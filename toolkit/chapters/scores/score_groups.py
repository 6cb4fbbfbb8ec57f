"""The score classes of one indication: how many cases and cancers each holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.chapters.scores.scores import ScoredCases
from toolkit.results import Estimate
from toolkit.scoring.ratings import ScoringError
from toolkit.stats.proportions.weighted import weighted_proportion_ci

Basis = Literal["all", "weighted", "without_cancer"]


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


def check_weights(scored: ScoredCases, basis: Basis) -> None:
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


def group_classes(sample: ScoreSample, name: str) -> GroupClasses:
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
        found_at_top=found_at_top_class(sample, rows, name),
    )


def found_at_top_class(sample: ScoreSample, rows: BoolArray, label: str) -> Estimate:
    """Return the share of the cancers among some cases that are in the highest class."""
    scored = sample.scored
    cancers = rows & scored.scored & (scored.truth == 1)
    top = scored.score_class == scored.n_classes - 1
    return sample.proportion(top, cancers, quantity="found_at_top", label=label)
