"""Variances of estimates by linearisation: what each case adds, summed over patients."""

from __future__ import annotations

import math

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IndexArray

_ROUNDING = 1e-12


def total_covariance(
    contribution: FloatArray, cluster: IndexArray, *, stratum: BoolArray | None = None
) -> FloatArray:
    """Return the covariance of totals over clusters drawn independently, shape (n, n).

    The building block of every linearised variance here.

    Parameters
    ----------
    contribution : ndarray, shape (n_cases, n)
        What each case adds to the error of each of n estimates (its influence value).
    cluster : ndarray of int, shape (n_cases,)
        Numbers of clusters.
    stratum : ndarray of bool, shape (n_cases,), optional
        Two classes of cases that were sampled separately, such as the reference standard where
        the cancers of a study were chosen; variation between them then does not count. If not
        given, the contributions must add up to 0, or be expected to under a null hypothesis.

    Returns
    -------
    ndarray
        NaN where there is one cluster only, or one in a stratum; 0, not its rounding, where
        contributions cancel out.
    """
    size = np.sum(contribution**2, axis=0)
    number = np.unique(cluster, return_inverse=True)[1]
    n_clusters = int(number.max()) + 1
    factor = n_clusters / (n_clusters - 1) if n_clusters > 1 else math.nan
    if stratum is not None:
        contribution, factor = _within_strata(contribution, number, stratum), 1.0
    by_cluster = np.column_stack(
        [np.bincount(number, weights=column, minlength=n_clusters) for column in contribution.T]
    )
    products = by_cluster.T @ by_cluster
    # Contributions that cancel out in every cluster or stratum leave rounding: no variance.
    cancelled = np.diagonal(products) <= _ROUNDING**2 * size
    products[cancelled, :] = products[:, cancelled] = 0.0
    return np.asarray(factor * products, dtype=np.float64)


def _within_strata(contribution: FloatArray, cluster: IndexArray, stratum: BoolArray) -> FloatArray:
    """Return contributions about their mean in each stratum, scaled for the degrees of freedom."""
    centred = np.empty_like(contribution)
    for inside in (stratum, ~stratum):
        drawn = np.unique(cluster[inside]).size
        scale = math.sqrt(drawn / (drawn - 1)) if drawn > 1 else math.nan
        if inside.any():
            centred[inside] = scale * (contribution[inside] - contribution[inside].mean(axis=0))
    return centred
