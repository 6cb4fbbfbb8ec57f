"""DeLong's variance of an AUC, with weights and with clusters, from the placements of cases."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.stats.auc.placements import (
    CaseSample,
    Placements,
    PlacementSums,
    SampleSize,
    case_placements,
    plain_size,
    sums_of_cases,
)

# Placements that agree to within rounding do not vary.
_ROUNDING = 8 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True, eq=False)
class CovarianceParts:
    """The parts of the covariance of AUCs, each (n_curves, n_curves); NaN where undefined.

    ``cross`` is what positive and negative cases of the same patients share; None without
    clusters.
    """

    positive: FloatArray
    negative: FloatArray
    cross: FloatArray | None

    @property
    def total(self) -> FloatArray:
        """The covariance itself."""
        both = self.positive + self.negative
        return both if self.cross is None else both + self.cross


def covariance_parts(
    positive: FloatArray,
    negative: FloatArray,
    means: FloatArray,
    sample: CaseSample,
    *,
    scale: float = 1.0,
) -> CovarianceParts:
    """Return DeLong's covariance of sums over cases, by class.

    Parameters
    ----------
    positive, negative : ndarray, shape (n_class, n_curves)
        Placements of the cases of a class, or weighted sums of them.
    means : ndarray, shape (n_curves,)
        Their mean, the same in both classes.
    sample : CaseSample
        Weights and clusters.
    scale : float
        Size of the weights in a sum of placements.

    Notes
    -----
    A case moves the AUC by u = w (placement - AUC) / (sum of w in its class). The variance is
    I / (I - 1) times the sum of squares of u over the I independent units of a class: cases
    (DeLong) or the sums of patients (Obuchowski 1997, S10 and S01). Patients with cases of both
    classes add 2 I / (I - 1) times the sum of products of their two sums, I patients in all (S11).
    """
    size, tolerance = sample.size, _ROUNDING * scale
    moved_positive = _influence(positive, means, sample, sample.diseased, tolerance)
    moved_negative = _influence(negative, means, sample, ~sample.diseased, tolerance)
    cross = None
    if sample.cluster is not None and size.n_clusters is not None:
        products = _products(moved_positive, moved_negative)
        cross = _of_units(products + products.T, size.n_clusters)
    return CovarianceParts(
        positive=_of_units(_products(moved_positive, moved_positive), size.positive_units),
        negative=_of_units(_products(moved_negative, moved_negative), size.negative_units),
        cross=cross,
    )


def _influence(
    placements: FloatArray,
    means: FloatArray,
    sample: CaseSample,
    chosen: BoolArray,
    tolerance: float,
) -> FloatArray:
    """Return how far each unit moves each AUC, shape (n_units, n_curves)."""
    moved: FloatArray = placements - means
    if moved.size:
        moved[:, np.ptp(placements, axis=0) <= tolerance] = 0.0
    if sample.weight is None:
        moved /= max(moved.shape[0], 1)
    else:
        weight = sample.weight[chosen]
        moved *= (weight / weight.sum())[:, np.newaxis]
    if sample.cluster is None:
        return moved
    return _by_patient(moved, sample.cluster[chosen], int(sample.cluster.max(initial=-1)) + 1)


def _by_patient(moved: FloatArray, cluster: IndexArray, n_clusters: int) -> FloatArray:
    """Return the sums of each patient; what cancels to within rounding is exactly 0."""
    sums = np.zeros((n_clusters, moved.shape[1]))
    for number, column in enumerate(moved.T):
        sums[:, number] = np.bincount(cluster, weights=column, minlength=n_clusters)
        sizes = np.bincount(cluster, weights=np.abs(column), minlength=n_clusters)
        sums[np.abs(sums[:, number]) <= _ROUNDING * sizes, number] = 0.0
    return sums


def _products(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the sums of products over units, shape (n_curves, n_curves)."""
    if first.shape[1] == 1:  # waking the threads of a matrix product takes longer than the sum
        return np.array([[(first * second).sum()]])
    return np.asarray(first.T @ second)


def _of_units(products: FloatArray, n_units: int) -> FloatArray:
    """Return n / (n - 1) times the sums of products; NaN for fewer than two units."""
    if n_units < 2:
        return np.full(products.shape, math.nan)
    return products * (n_units / (n_units - 1))


@dataclass(frozen=True, kw_only=True, eq=False)
class Spread:
    """An AUC, or a weighted sum of AUCs, with the parts of its variance.

    ``reader_variance`` is the mean variance of the single readers of a mean; else the variance.
    """

    estimate: float
    positive_part: float
    negative_part: float
    size: SampleSize
    cross_part: float = 0.0
    reader_variance: float | None = None

    @property
    def variance(self) -> float:
        """DeLong's variance; NaN with fewer than two independent cases of a class."""
        variance = self.positive_part + self.negative_part + self.cross_part
        return math.nan if math.isnan(variance) else max(variance, 0.0)

    @property
    def df(self) -> float:
        """Degrees of freedom of that variance, which must be above 0.

        Satterthwaite's; with clusters the patients of the smaller class less 1.
        """
        if self.size.n_clusters is not None:
            return self.size.smaller_class - 1
        positive = self.positive_part**2 / (self.size.n_positive - 1)
        negative = self.negative_part**2 / (self.size.n_negative - 1)
        return self.variance**2 / (positive + negative)

    @property
    def separated(self) -> bool:
        """Whether the estimate is at the end of its range, where its variance is 0."""
        return self.estimate in (0.0, 1.0)


def spread_of_sums(sums: PlacementSums) -> Spread:
    """Return the AUC of one curve with its variance, without weights and clusters."""
    return Spread(
        estimate=sums.auc,
        positive_part=sums.positive_part,
        negative_part=sums.negative_part,
        size=plain_size(sums.n_positive, sums.n_negative),
    )


def curve_spread(sample: CaseSample, rating: FloatArray) -> Spread:
    """Return the AUC of one curve, rated (n_counted,), with its variance."""
    if sample.is_plain:
        return spread_of_sums(sums_of_cases(sample.diseased, rating))
    ratings = rating[:, np.newaxis]
    placements = case_placements(sample.diseased, ratings, sample.weight)
    return weighted_sum(placements, np.ones(1), sample)


def weighted_sum(placements: Placements, coefficients: FloatArray, sample: CaseSample) -> Spread:
    """Return a weighted sum of AUCs with its variance.

    From the placements of the sum itself, so that like ratings cancel exactly, which they would
    not in Var(a) + Var(b) - 2 Cov(a, b).
    """
    estimate = float(placements.aucs @ coefficients)
    parts = covariance_parts(
        (placements.positive @ coefficients)[:, np.newaxis],
        (placements.negative @ coefficients)[:, np.newaxis],
        np.array([estimate]),
        sample,
        scale=float(np.abs(coefficients).sum()),
    )
    return Spread(
        estimate=estimate,
        positive_part=float(parts.positive[0, 0]),
        negative_part=float(parts.negative[0, 0]),
        cross_part=0.0 if parts.cross is None else float(parts.cross[0, 0]),
        size=sample.size,
    )


def too_few(size: SampleSize) -> str:
    """Say why no variance is defined; empty where each class has two independent cases."""
    classes = {
        "positive": (size.n_positive, size.positive_units),
        "negative": (size.n_negative, size.negative_units),
    }
    for name, (n_cases, _) in classes.items():
        if n_cases == 0:
            return f"no {name} case: the AUC is undefined"
    for name, (n_cases, n_units) in classes.items():
        if n_cases == 1:
            return f"one {name} case: the variance of the AUC is undefined"
        if n_units == 1:
            return f"all {name} cases are of one patient: the variance of the AUC is undefined"
    return ""
