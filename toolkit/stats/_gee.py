"""Generalised estimating equations for 0/1 outcomes with a logit link, patients as clusters.

With Pearson residuals e and Z = sqrt(p (1 - p)) X the equations of a cluster are U = Z' R^-1 e and
their derivative G = Z' R^-1 Z, where R is the working correlation. Both are made from sums over
the cluster, so no matrix is larger than the number of coefficients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from toolkit.arrays import BoolArray, FloatArray, IndexArray

Working = Literal["independence", "exchangeable"]
Covariance = Literal["robust", "bias-reduced"]

_MOST_STEPS = 100
# Newton's error is squared at each step, that of the correlation is not: stop well below rounding
# that matters.
_LAST_STEP = 1e-12
_RUN_AWAY = "no finite odds ratio: all calls are alike in a modality, or in one of some readers"
_IMPOSSIBLE = (
    "the correlation is estimated beyond what clusters of this size can have: take working="
    "'independence'"
)
_ONE_CLUSTER = "one cluster alone tells of a reader or a modality: no bias-reduced covariance"
_ROUNDING = 1e-10
_LARGEST = 30.0  # of a logit: beyond, a probability is 0 or 1, so an estimate has run away


@dataclass(frozen=True, kw_only=True, eq=False)
class GeeFit:
    """Coefficients, their sandwich covariance, and the correlation of two outcomes of a cluster."""

    coefficients: FloatArray
    covariance: FloatArray
    correlation: float
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Parts:
    """The equations of each cluster, their derivative, and the correlation by moments."""

    score: FloatArray  # (n_clusters, n_coefficients)
    information: FloatArray  # (n_coefficients, n_coefficients), over all clusters
    correlation: float
    z: FloatArray  # (n, n_coefficients)
    sum_z: FloatArray  # (n_clusters, n_coefficients)
    weight: FloatArray  # (n_clusters,): c in R^-1 = (I - c 11') / (1 - rho)


def fit_gee(
    outcome: BoolArray,
    design: FloatArray,
    cluster: IndexArray,
    *,
    working: Working,
    covariance: Covariance,
) -> GeeFit:
    """Solve the estimating equations by Fisher scoring.

    Parameters
    ----------
    outcome : ndarray of bool, shape (n,)
    design : ndarray, shape (n, n_coefficients)
        Of full rank.
    cluster : ndarray of int, shape (n,)
        Numbered from 0 without gaps.
    working : {"independence", "exchangeable"}
        Correlation within a cluster that weights are made of; the covariance does not rely on it.
    covariance : {"robust", "bias-reduced"}
        Liang and Zeger's sandwich, or Mancl and DeRouen's, whose residuals are freed of what the
        cluster itself moved the fit.

    References
    ----------
    Liang KY, Zeger SL. Biometrika 1986;73:13-22. doi:10.1093/biomet/73.1.13

    Mancl LA, DeRouen TA. Biometrics 2001;57:126-134. doi:10.1111/j.0006-341X.2001.00126.x
    """
    beta, correlation = np.zeros(design.shape[1]), 0.0
    largest = int(np.bincount(cluster).max())
    for _ in range(_MOST_STEPS):
        parts = _parts(outcome, design, cluster, beta, correlation)
        step = np.linalg.solve(parts.information, parts.score.sum(axis=0))
        moved = parts.correlation - correlation if working == "exchangeable" else 0.0
        beta, correlation = beta + step, correlation + moved
        if np.abs(design @ beta).max() > _LARGEST:
            return _no_fit(beta.size, _RUN_AWAY)
        if not -1 / max(largest - 1, 1) < correlation < 1:
            return _no_fit(beta.size, _IMPOSSIBLE)
        if max(float(np.abs(step).max()), abs(moved)) < _LAST_STEP:
            parts = _parts(outcome, design, cluster, beta, correlation)
            if covariance == "robust":
                moved_by = np.linalg.solve(parts.information, parts.score.T).T
                return _fitted(parts, beta, moved_by)
            return _bias_reduced(parts, beta, cluster, correlation)
    return _no_fit(beta.size, "the estimating equations did not converge")


def _bias_reduced(
    parts: _Parts, beta: FloatArray, cluster: IndexArray, correlation: float
) -> GeeFit:
    """Return the fit with Mancl and DeRouen's covariance.

    Their (I - H_i)^-1 e_i in U_i turns information^-1 U_i into (information - G_i)^-1 U_i.
    """
    z, sum_z = parts.z, parts.sum_z
    own = np.stack([_sums(z * column[:, np.newaxis], cluster) for column in z.T], axis=1)
    own -= parts.weight[:, np.newaxis, np.newaxis] * sum_z[:, :, np.newaxis] * sum_z[:, np.newaxis]
    others = parts.information - own / (1 - correlation)
    if np.linalg.eigvalsh(others).min() < _ROUNDING * np.linalg.eigvalsh(parts.information).max():
        return _no_fit(beta.size, _ONE_CLUSTER)
    return _fitted(parts, beta, np.linalg.solve(others, parts.score[:, :, np.newaxis])[:, :, 0])


def _fitted(parts: _Parts, beta: FloatArray, moved: NDArray[np.floating[Any]]) -> GeeFit:
    """Return the fit; ``moved`` is by how much each cluster moved the coefficients."""
    covariance = np.asarray(moved.T @ moved, dtype=np.float64)
    return GeeFit(coefficients=beta, covariance=covariance, correlation=parts.correlation)


def _no_fit(n_coefficients: int, reason: str) -> GeeFit:
    """Return a fit of which nothing is known."""
    nothing = np.full((n_coefficients, n_coefficients), np.nan)
    return GeeFit(
        coefficients=nothing[0], covariance=nothing, correlation=float("nan"), reason=reason
    )


def _parts(
    outcome: BoolArray,
    design: FloatArray,
    cluster: IndexArray,
    beta: FloatArray,
    correlation: float,
) -> _Parts:
    """Return each cluster's equations at ``beta`` and a working correlation."""
    share = expit(design @ beta)
    root = np.sqrt(share * (1 - share))
    residual, z = (outcome - share) / root, root[:, np.newaxis] * design
    size = np.bincount(cluster).astype(np.float64)
    sum_z = _sums(z, cluster)
    sum_e = np.bincount(cluster, residual)
    weight = correlation / (1 + (size - 1) * correlation)
    score = _sums(z * residual[:, np.newaxis], cluster) - (weight * sum_e)[:, np.newaxis] * sum_z
    information = z.T @ z - (weight[:, np.newaxis] * sum_z).T @ sum_z
    n_pairs = float((size * (size - 1)).sum())
    products = float((sum_e**2).sum() - (residual**2).sum())
    scale = float((residual**2).mean())
    return _Parts(
        score=score / (1 - correlation),
        information=information / (1 - correlation),
        correlation=products / n_pairs / scale if n_pairs else 0.0,
        z=z,
        sum_z=sum_z,
        weight=weight,
    )


def _sums(values: FloatArray, cluster: IndexArray) -> FloatArray:
    """Return the sums of ``values`` (n, n_columns) over each cluster."""
    return np.column_stack([np.bincount(cluster, column) for column in values.T])
