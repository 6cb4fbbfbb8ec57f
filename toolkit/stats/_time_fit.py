"""The maximum of the restricted likelihood of log times, and degrees of freedom from it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.stats._time_likelihood import (
    RANDOM_TERMS,
    TimeSums,
    deviance,
    fixed_effects,
    profiled_deviance,
)

# A variance below this share of the error variance lies on the boundary, 0.
_SMALLEST_RATIO = 1e-8
# Beyond it times would be read without any error, which no reader does: no maximum inside.
_LARGEST_RATIO = 1e6
_STARTS = (0.3, 1.0)  # standard deviations over that of the error
_STEP = 1e-3  # of log variances, in numeric derivatives
_FLAT = 1e-4  # curvature of the deviance by log variances, below which it is rounding
# A step of Newton's that lowers the deviance by less than this is none.
_CONVERGED = 1e-5


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeFit:
    """The variances at the maximum; ``ratios`` in the order of ``RANDOM_TERMS``."""

    error: float
    ratios: FloatArray
    deviance: float
    beta: FloatArray
    covariance: FloatArray
    df: FloatArray
    converged: bool

    @property
    def boundary(self) -> tuple[str, ...]:
        """Names of the random terms whose variance is estimated as 0."""
        pairs = zip(RANDOM_TERMS, self.ratios, strict=True)
        return tuple(name for name, ratio in pairs if ratio == 0)


def fit_times(sums: TimeSums) -> TimeFit:
    """Return the maximum over variances of 0 or more, from several starts."""
    ratios = _best_ratios(sums)
    effects = fixed_effects(sums, ratios)
    error = effects.rest / (sums.n_readings - sums.n_fixed)
    # All variances above 0 on the log scale: the error first, then the terms off the boundary.
    free = np.flatnonzero(ratios)
    log_variances = np.log(np.append(error, ratios[free] * error))

    def split(logs: FloatArray) -> tuple[float, FloatArray]:
        variances = np.exp(logs)
        placed = np.zeros(ratios.size)
        placed[free] = variances[1:] / variances[0]
        return float(variances[0]), placed

    def deviance_at(logs: FloatArray) -> float:
        own, placed = split(logs)
        return deviance(sums, placed, own)

    def variances_at(logs: FloatArray) -> FloatArray:
        own, placed = split(logs)
        return own * np.diag(np.linalg.inv(fixed_effects(sums, placed).information))

    gradient, hessian = _derivatives(deviance_at, log_variances)
    curvature, directions = np.linalg.eigh(hessian)
    # Where the design cannot tell two terms apart, such as case and case by modality if no case
    # was read in both, the deviance is flat in one direction, and so is what follows from it.
    curvature_used = np.maximum(curvature, _FLAT)
    slopes = np.array(_slopes(variances_at, log_variances))
    variances = variances_at(log_variances)
    # Satterthwaite: df = 2 V^2 / (g' C g), with g the derivatives of V = Var(beta) by the (log)
    # variances and C = 2 / Hessian of the deviance their covariance.
    spread = ((directions.T @ slopes) ** 2 / curvature_used[:, np.newaxis]).sum(axis=0)
    gain = float(((directions.T @ gradient) ** 2 / curvature_used).sum()) / 2
    inside = bool(ratios.max() < 0.99 * _LARGEST_RATIO and curvature.min() > -_FLAT)
    return TimeFit(
        error=error,
        ratios=ratios,
        deviance=deviance(sums, ratios, error),
        beta=effects.beta,
        covariance=np.asarray(error * np.linalg.inv(effects.information), dtype=np.float64),
        df=variances**2 / spread,
        converged=inside and gain < _CONVERGED and _rises(sums, ratios),
    )


def _best_ratios(sums: TimeSums) -> FloatArray:
    """Return the variance ratios of the lowest deviance, 0 where they are next to it."""
    from scipy.optimize import Bounds, minimize  # costs a tenth of a second, for this alone

    def at(roots: FloatArray) -> float:
        return profiled_deviance(sums, roots**2)

    found = [
        minimize(
            at,
            np.full(len(RANDOM_TERMS), start, dtype=np.float64),
            method="L-BFGS-B",
            jac="3-point",
            bounds=Bounds(0.0, math.sqrt(_LARGEST_RATIO)),
            tol=1e-14,
        )
        for start in _STARTS
    ]
    ratios: FloatArray = min(found, key=lambda result: float(result.fun)).x ** 2
    return np.where(ratios < _SMALLEST_RATIO, 0.0, ratios)


def _rises(sums: TimeSums, ratios: FloatArray) -> bool:
    """Whether the deviance rises from each variance on the boundary into the inside."""
    here = profiled_deviance(sums, ratios)
    inside = [
        np.where(np.arange(ratios.size) == place, 1e-6, ratios)
        for place in np.flatnonzero(ratios == 0)
    ]
    return all(profiled_deviance(sums, point) > here - _CONVERGED for point in inside)


def _derivatives(
    function: Callable[[FloatArray], float], at: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return gradient and Hessian by central differences."""
    steps = _STEP * np.eye(at.size)
    centre = function(at)
    up = np.array([function(at + step) for step in steps])
    down = np.array([function(at - step) for step in steps])
    hessian = np.diag((up - 2 * centre + down) / _STEP**2)
    for i in range(at.size):
        for j in range(i):
            corners = [
                function(at + a * steps[i] + b * steps[j]) * a * b for a in (1, -1) for b in (1, -1)
            ]
            hessian[i, j] = hessian[j, i] = sum(corners) / (4 * _STEP**2)
    return (up - down) / (2 * _STEP), hessian


def _slopes(function: Callable[[FloatArray], FloatArray], at: FloatArray) -> list[FloatArray]:
    """Return the derivatives of several functions by each variable, by central differences."""
    steps = _STEP * np.eye(at.size)
    return [(function(at + step) - function(at - step)) / (2 * _STEP) for step in steps]
