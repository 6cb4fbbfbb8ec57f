"""Moments of the success of readers at ordering pairs of cases, whoever read what.

The kernel psi(j, i, k) is 1 where reader j rates positive case i above negative case k, 1/2 for a
tie. A moment is the mean of psi psi' over pairs of such triples that share the reader, the positive
case, the negative case, some of them or none: eight kinds (Gallas 2006; Gallas and Brown 2008). A
kind is written as the set of what is shared, its bits READER, POSITIVE and NEGATIVE.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.stats._placements import doubled_counts
from toolkit.stats.mrmc._dominance import pair_sums

READER, POSITIVE, NEGATIVE = 1, 2, 4
KINDS = range(8)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairMoments:
    """Sums over pairs of triples of modality a and modality b, by what the triples share at least.

    Parameters
    ----------
    products, counts : ndarray, shape (8,)
        Weighted sum of psi psi', and of 1, over pairs that share at least the kind.
    """

    products: FloatArray
    counts: FloatArray

    @property
    def total(self) -> float:
        """Weighted number of all pairs of triples."""
        return float(self.counts[0])

    @property
    def shares(self) -> FloatArray:
        """Share of all pairs that share at least each kind: the coefficient of a component."""
        return self.counts / self.total

    def u_statistic(self) -> FloatArray:
        """Return the unbiased moments: over pairs that share the kind and nothing else."""
        return _ratio(exactly(self.products), exactly(self.counts))

    def mle(self) -> FloatArray:
        """Return the moments of the empirical distribution: over pairs that share at least that."""
        return _ratio(self.products, self.counts)

    def covariance(self, moments: FloatArray) -> float:
        """Return the covariance of the two means: each kind by its share, less no kind shared."""
        return float(exactly(self.counts) @ np.nan_to_num(moments)) / self.total - float(moments[0])


def exactly(at_least: FloatArray) -> FloatArray:
    """Return what shares a kind and nothing else from what shares at least it."""
    return np.array(
        [sum(_sign(kind ^ other) * at_least[other] for other in _supersets(kind)) for kind in KINDS]
    )


def components(moments: FloatArray) -> FloatArray:
    """Return the components of variance of each kind from the moments (BCK from BDG)."""
    return np.array(
        [sum(_sign(kind ^ other) * moments[other] for other in _subsets(kind)) for kind in KINDS]
    )


def _sign(difference: int) -> int:
    """Return -1 to the number of elements."""
    return -1 if difference.bit_count() % 2 else 1


def _supersets(kind: int) -> list[int]:
    """Return the kinds that contain ``kind``."""
    return [other for other in KINDS if other & kind == kind]


def _subsets(kind: int) -> list[int]:
    """Return the kinds within ``kind``."""
    return [other for other in KINDS if other | kind == kind]


def _ratio(products: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the means; NaN of a kind that no pair has."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counts > 0, products / counts, np.nan)


@dataclass(frozen=True, kw_only=True, eq=False)
class KernelSums:
    """Sums of psi, or of 1, over pairs of cases that a reader read in a modality.

    Parameters
    ----------
    positive : ndarray, shape (n_readers, n_modalities, n_positive)
        Over the negative cases, for each positive case; 0 where it was not read.
    negative : ndarray, shape (n_readers, n_modalities, n_negative)
        Over the positive cases, for each negative case.
    pairs : ndarray, shape (n_readers, n_modalities, n_readers, n_modalities)
        Of one reading times another, over the pairs of cases that both read.
    """

    positive: FloatArray
    negative: FloatArray
    pairs: FloatArray

    @property
    def total(self) -> FloatArray:
        """Sum over all pairs of cases, shape (n_readers, n_modalities)."""
        total: FloatArray = self.positive.sum(axis=2)
        return total

    def weighted(self, weight: FloatArray) -> KernelSums:
        """Return the sums with each reader in each modality weighted, ``weight`` shape (J, I)."""
        return KernelSums(
            positive=self.positive * weight[:, :, np.newaxis],
            negative=self.negative * weight[:, :, np.newaxis],
            pairs=self.pairs * weight[:, :, np.newaxis, np.newaxis] * weight,
        )

    def products(self, a: int, b: int) -> FloatArray:
        """Return the sums over pairs of triples of modalities a and b, by what they share."""
        up_a, up_b = self.positive[:, a], self.positive[:, b]
        down_a, down_b = self.negative[:, a], self.negative[:, b]
        total_a, total_b = self.total[:, a], self.total[:, b]
        result = np.zeros(8)
        result[0] = total_a.sum() * total_b.sum()
        result[READER] = total_a @ total_b
        result[POSITIVE] = up_a.sum(axis=0) @ up_b.sum(axis=0)
        result[NEGATIVE] = down_a.sum(axis=0) @ down_b.sum(axis=0)
        result[READER | POSITIVE] = (up_a * up_b).sum()
        result[READER | NEGATIVE] = (down_a * down_b).sum()
        result[POSITIVE | NEGATIVE] = self.pairs[:, a, :, b].sum()
        result[READER | POSITIVE | NEGATIVE] = np.trace(self.pairs[:, a, :, b])
        return result


def kernel_sums(truth: BoolArray, ratings: FloatArray) -> tuple[KernelSums, KernelSums]:
    """Return the sums of psi and the sums of 1.

    ``ratings`` (n_cases, n_readers, n_modalities), NaN where not read.
    """
    n_cases, *shape = ratings.shape
    flat = ratings.reshape(n_cases, -1)
    positive, negative = _sums_by_case(truth, flat)
    psi = KernelSums(
        positive=positive.reshape(*shape, -1),
        negative=negative.reshape(*shape, -1),
        pairs=pair_sums(truth, flat).reshape(*shape, *shape),
    )
    read = ~np.isnan(flat).T
    up, down = read[:, truth].astype(float), read[:, ~truth].astype(float)
    one = KernelSums(
        positive=(up * down.sum(axis=1, keepdims=True)).reshape(*shape, -1),
        negative=(down * up.sum(axis=1, keepdims=True)).reshape(*shape, -1),
        pairs=((up @ up.T) * (down @ down.T)).reshape(*shape, *shape),
    )
    return psi, one


def _sums_by_case(truth: BoolArray, ratings: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the sums of psi for each positive and each negative case, (n_curves, n_of_class)."""
    n_curves = ratings.shape[1]
    positive = np.zeros((n_curves, int(truth.sum())))
    negative = np.zeros((n_curves, int((~truth).sum())))
    for curve in range(n_curves):
        up, down = ratings[truth, curve], ratings[~truth, curve]
        up_order, down_order = np.argsort(up), np.argsort(down)  # NaN comes last
        up_order = up_order[: int((~np.isnan(up)).sum())]
        down_order = down_order[: int((~np.isnan(down)).sum())]
        above, below = doubled_counts(up[up_order], down[down_order])
        positive[curve, up_order], negative[curve, down_order] = above / 2, below / 2
    return positive, negative
