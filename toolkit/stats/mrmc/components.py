"""Mean squares and covariance components of a crossed table of figures of merit.

Symbols of Hillis (2007): I modalities, J readers; MS(T), MS(R), MS(T*R); error variance, and the
covariances Cov1 (same reader, other modality), Cov2 (other reader, same modality) and Cov3 (both
other), each averaged over all pairs of its kind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from toolkit.arrays import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanSquares:
    """Mean squares of a two-way table of readers and modalities; NaN where no df is left."""

    modality: float
    reader: float
    reader_modality: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Covariances:
    """Error variance and the three kinds of covariance, averaged; NaN where there is no pair."""

    variance: float
    cov1: float
    cov2: float
    cov3: float


def mean_squares(value: FloatArray) -> MeanSquares:
    """Return the mean squares of ``value`` (n_readers, n_modalities)."""
    n_readers, n_modalities = value.shape
    by_modality = value.mean(axis=0) - value.mean()
    by_reader = value.mean(axis=1) - value.mean()
    rest = value - value.mean() - by_modality - by_reader[:, np.newaxis]
    return MeanSquares(
        modality=_over(n_readers * float(by_modality @ by_modality), n_modalities - 1),
        reader=_over(n_modalities * float(by_reader @ by_reader), n_readers - 1),
        reader_modality=_over(float((rest**2).sum()), (n_readers - 1) * (n_modalities - 1)),
    )


def covariances(covariance: FloatArray) -> Covariances:
    """Return the averages over (n_readers, n_modalities, n_readers, n_modalities)."""
    n_readers, n_modalities = covariance.shape[:2]
    total = float(covariance.sum())
    same_reader = float(np.einsum("jijk->", covariance))
    same_modality = float(np.einsum("jiki->", covariance))
    same_both = float(np.einsum("jiji->", covariance))
    cells, other_modality, other_reader = n_readers * n_modalities, n_modalities - 1, n_readers - 1
    return Covariances(
        variance=same_both / cells,
        cov1=_over(same_reader - same_both, cells * other_modality),
        cov2=_over(same_modality - same_both, cells * other_reader),
        cov3=_over(
            total - same_reader - same_modality + same_both, cells * other_modality * other_reader
        ),
    )


def reader_mean_square(value: FloatArray) -> float:
    """Return MS(R) of the readers in one modality, ``value`` (n_readers,)."""
    return float(np.var(value, ddof=1)) if value.size > 1 else math.nan


def _over(total: float, count: int) -> float:
    """Return the mean of ``count`` terms; NaN of none."""
    return total / count if count else math.nan
