"""Which cases an AUC is made from: their truth, their weights and the patients they belong to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.stats._checks import check_cluster, check_truth, check_weight

_NumberT = TypeVar("_NumberT", bound=np.generic)


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleSize:
    """How many cases there are, and how many independent ones they are worth.

    Parameters
    ----------
    n_positive, n_negative : int
        Cases of each class.
    positive_units, negative_units : int
        Patients with a case of the class; without clusters its cases.
    effective_positive, effective_negative : float
        Kish's (sum w)^2 / sum w^2 of the class; without weights its cases.
    n_clusters : int or None
        Patients; None without clusters.
    """

    n_positive: int
    n_negative: int
    positive_units: int
    negative_units: int
    effective_positive: float
    effective_negative: float
    n_clusters: int | None = None

    @property
    def n_cases(self) -> int:
        """Cases of both classes."""
        return self.n_positive + self.n_negative

    @property
    def independent_positive(self) -> float:
        """Independent positive cases that the sample holds at least."""
        return min(self.positive_units, self.effective_positive)

    @property
    def independent_negative(self) -> float:
        """Independent negative cases that the sample holds at least."""
        return min(self.negative_units, self.effective_negative)

    @property
    def smaller_class(self) -> float:
        """Independent cases of the smaller class."""
        return min(self.independent_positive, self.independent_negative)

    @property
    def independent_pairs(self) -> float:
        """Pairs of a positive and a negative case that share no patient with each other."""
        patients = math.inf if self.n_clusters is None else self.n_clusters // 2
        return min(self.smaller_class, patients)


def design_in_words(*, weight: object, cluster: object) -> str:
    """Return what the name of a method says of weights and clusters, each None if not used."""
    weighted = "" if weight is None else ", weighted cases"
    return weighted if cluster is None else f"{weighted}, clustered by patient"


def plain_size(n_positive: int, n_negative: int) -> SampleSize:
    """Return the size of a sample without weights and clusters."""
    return SampleSize(
        n_positive=n_positive,
        n_negative=n_negative,
        positive_units=n_positive,
        negative_units=n_negative,
        effective_positive=float(n_positive),
        effective_negative=float(n_negative),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseSample:
    """The cases that count: all of them, or those with a weight above 0.

    Parameters
    ----------
    diseased : ndarray of bool, shape (n_counted,)
        The reference standard.
    weight : ndarray or None, shape (n_counted,)
        Weights above 0; None where all cases count once.
    cluster : ndarray of int or None, shape (n_counted,)
        Patients, numbered from 0 without gaps; None where each case is its own.
    counted : ndarray of bool or None, shape (n_cases,)
        Which of the cases handed in count; None for all.
    """

    diseased: BoolArray
    weight: FloatArray | None
    cluster: IndexArray | None
    counted: BoolArray | None

    @property
    def is_plain(self) -> bool:
        """Whether all cases count once and each is its own patient."""
        return self.weight is None and self.cluster is None

    @property
    def n_given(self) -> int:
        """Cases handed in, those of weight 0 among them."""
        return self.diseased.size if self.counted is None else self.counted.size

    @property
    def in_words(self) -> str:
        """What the name of a method says of weights and clusters."""
        return design_in_words(weight=self.weight, cluster=self.cluster)

    @property
    def size(self) -> SampleSize:
        """How many cases there are."""
        positive, negative = self.diseased, ~self.diseased
        return SampleSize(
            n_positive=int(positive.sum()),
            n_negative=int(negative.sum()),
            positive_units=self._units(positive),
            negative_units=self._units(negative),
            effective_positive=self._effective(positive),
            effective_negative=self._effective(negative),
            n_clusters=None if self.cluster is None else self._units(np.ones_like(positive)),
        )

    def take(self, values: NDArray[_NumberT]) -> NDArray[_NumberT]:
        """Return the rows of ``values`` (n_cases, ...) whose cases count."""
        return values if self.counted is None else values[self.counted]

    def _units(self, chosen: BoolArray) -> int:
        """Return the patients with a chosen case; without clusters the chosen cases."""
        if self.cluster is None:
            return int(chosen.sum())
        return int(np.unique(self.cluster[chosen]).size)

    def _effective(self, chosen: BoolArray) -> float:
        """Return Kish's number of the chosen cases."""
        if self.weight is None or not chosen.any():
            return float(chosen.sum())
        weight = self.weight[chosen] / self.weight[chosen].max()  # no square under- or overflows
        return float(weight.sum() ** 2 / (weight @ weight))


def check_sample(
    truth: ArrayLike, *, weight: ArrayLike | None, cluster: ArrayLike | None, suffix: str = ""
) -> CaseSample:
    """Return the cases that count; ``suffix`` is what the arguments' names end in."""
    diseased = check_truth(truth, name=f"truth{suffix}")
    n_cases = diseased.size
    counted = each = patient = None
    if weight is not None:
        each = check_weight(weight, n_cases=n_cases, name=f"weight{suffix}")
    if cluster is not None:
        patient = check_cluster(cluster, n_cases=n_cases, name=f"cluster{suffix}")
    if each is not None and not each.all():
        counted = each > 0
        diseased, each = diseased[counted], each[counted]
        if patient is not None:
            patient = np.unique(patient[counted], return_inverse=True)[1]
    return CaseSample(diseased=diseased, weight=each, cluster=patient, counted=counted)
