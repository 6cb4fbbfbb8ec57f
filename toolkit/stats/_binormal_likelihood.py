"""The binormal likelihood of counts in ordered categories: its derivatives and its maximum.

Healthy cases have a standard normal latent rating; the cut points z between the categories lie on
its scale. A positive case is rated below cut k with probability Phi(b z_k - a).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, solveh_banded
from scipy.special import ndtr, ndtri

from toolkit.arrays import FloatArray, IntArray

_SQRT_TWO_PI = math.sqrt(2 * math.pi)
_LARGEST_STEPS = 200
_LARGEST_HALVINGS = 60
# Newton's decrement is the squared distance to the maximum in standard errors. The last step,
# taken below this, leaves about its square.
_CLOSE = 1e-10


@dataclass(frozen=True, kw_only=True, eq=False)
class BinormalMaximum:
    """Maximum of the likelihood; ``covariance`` (2, 2) is that of intercept and slope."""

    intercept: float
    slope: float
    cut_points: FloatArray
    covariance: FloatArray
    log_likelihood: float


@dataclass(frozen=True, kw_only=True, eq=False)
class _Derivatives:
    """Derivatives of the log likelihood of one class by its cut points.

    The second ones are tridiagonal: ``diagonal`` (n_cuts,), ``beside`` (n_cuts - 1,).
    """

    gradient: FloatArray
    diagonal: FloatArray
    beside: FloatArray

    def times(self, vector: FloatArray) -> FloatArray:
        """Return the matrix of second derivatives times a vector (n_cuts,)."""
        product = self.diagonal * vector
        product[:-1] += self.beside * vector[1:]
        product[1:] += self.beside * vector[:-1]
        return product


def is_degenerate(positive: IntArray, negative: IntArray) -> bool:
    """Whether the likelihood has no maximum, since a curve with a corner fits the counts exactly.

    A binormal curve turns into straight lines as a or b goes to 0 or infinity: along the edges
    of the unit square and at most one line across it, level (b to 0) or upright (b to infinity).
    Any other limit gives an observed case the probability 0. So there is a maximum unless all
    operating points lie on one such path.
    """
    true_positives = np.cumsum(positive[::-1])[:-1]
    false_positives = np.cumsum(negative[::-1])[:-1]
    across = (false_positives > 0) & (false_positives < negative.sum())
    up = (true_positives > 0) & (true_positives < positive.sum())
    level, upright = true_positives[across], false_positives[up]
    return np.unique(level).size <= 1 or np.unique(upright).size <= 1


def cell_probabilities(cut_points: FloatArray) -> FloatArray:
    """Return the standard normal probability of each category, shape (n_cuts + 1,)."""
    low = np.concatenate([[-math.inf], cut_points])
    high = np.concatenate([cut_points, [math.inf]])
    # Mirrored above 0, so that both tails keep their digits.
    mirror = low > 0
    inside: FloatArray = ndtr(np.where(mirror, -low, high)) - ndtr(np.where(mirror, -high, low))
    return inside


def _log_likelihood(counts: IntArray, cut_points: FloatArray) -> float:
    """Return the sum of counts * log(probability) of one class; -inf where a count has none."""
    used = counts > 0
    probability = cell_probabilities(cut_points)[used]
    if not (probability > 0).all():
        return -math.inf
    return float(counts[used] @ np.log(probability))


def _derivatives(counts: IntArray, cut_points: FloatArray) -> _Derivatives:
    """Return the derivatives of ``_log_likelihood``, which must be finite, by the cut points."""
    probability = np.where(counts > 0, cell_probabilities(cut_points), 1.0)
    density = np.exp(-(cut_points**2) / 2) / _SQRT_TWO_PI
    below, above = density / probability[:-1], density / probability[1:]
    n_below, n_above = counts[:-1], counts[1:]
    gradient = n_below * below - n_above * above
    return _Derivatives(
        gradient=gradient,
        diagonal=-cut_points * gradient - n_below * below**2 - n_above * above**2,
        beside=n_above[:-1] * above[:-1] * below[1:],
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Step:
    """A Newton step from one set of parameters, and what the place tells of the maximum."""

    change: FloatArray
    decrement: float
    information: FloatArray
    concave: bool


class _Likelihood:
    """Log likelihood of a parameter vector (a, b, z_1, ..., z_k) for the counts of both classes."""

    def __init__(self, positive: IntArray, negative: IntArray) -> None:
        self.positive = positive
        self.negative = negative

    def start(self) -> FloatArray:
        """Return starting values: a line through the operating points in normal deviates."""
        m, n = int(self.positive.sum()), int(self.negative.sum())
        z = ndtri((np.cumsum(self.negative)[:-1] + 0.5) / (n + 1))
        u = ndtri((np.cumsum(self.positive)[:-1] + 0.5) / (m + 1))
        b = min(max(float(np.std(u)) / max(float(np.std(z)), 1e-6), 0.25), 4.0)
        a = float(np.mean(b * z - u))
        # z ascends where a category holds a healthy case, u where it holds a positive one, so
        # that the mean of the two strictly ascends.
        return np.concatenate([[a, b], (z + (u + a) / b) / 2])

    def value(self, parameters: FloatArray) -> float:
        """Return the log likelihood; minus infinity where a count has no probability."""
        a, b, z = parameters[0], parameters[1], parameters[2:]
        if not (b > 0 and (np.diff(z) > 0).all()):
            return -math.inf
        return _log_likelihood(self.negative, z) + _log_likelihood(self.positive, b * z - a)

    def step(self, parameters: FloatArray) -> _Step:
        """Return Newton's step; the curvature in (a, b) is made positive where it is not.

        For given (a, b) the likelihood is log-concave in z, so that its tridiagonal part can be
        solved at once and (a, b) has a Schur complement: the observed information of a and b.
        """
        a, b, z = parameters[0], parameters[1], parameters[2:]
        healthy, diseased = _derivatives(self.negative, z), _derivatives(self.positive, b * z - a)
        by_a, by_b = diseased.times(np.ones(z.size)), diseased.times(z)
        gradient = np.array([-diseased.gradient.sum(), diseased.gradient @ z])
        gradient_z = healthy.gradient + b * diseased.gradient
        cross = np.column_stack([b * by_a, -b * by_b - diseased.gradient])
        band = np.zeros((2, z.size))
        band[1] = -healthy.diagonal - b * b * diseased.diagonal
        band[0, 1:] = -healthy.beside - b * b * diseased.beside
        solved = solveh_banded(band, np.column_stack([cross, gradient_z]))
        curvature = np.array([[-by_a.sum(), by_b.sum()], [by_b.sum(), -(z @ by_b)]])
        information = curvature - cross.T @ solved[:, :2]
        information = (information + information.T) / 2
        values, vectors = np.linalg.eigh(information)
        bounded = np.maximum(np.abs(values), 1e-10 * np.abs(values).max())
        change = vectors @ ((vectors.T @ (gradient - cross.T @ solved[:, 2])) / bounded)
        change_z = solved[:, 2] - solved[:, :2] @ change
        return _Step(
            change=np.concatenate([change, change_z]),
            decrement=float(gradient @ change + gradient_z @ change_z),
            information=information,
            concave=bool(values[0] > 0),
        )


def maximise(positive: IntArray, negative: IntArray) -> BinormalMaximum | None:
    """Return the maximum for counts in categories of which each holds a case; None without one.

    Newton's method with step halving (Armijo), so that the likelihood never falls.
    """
    likelihood = _Likelihood(positive, negative)
    parameters = likelihood.start()
    for _ in range(_LARGEST_STEPS):
        try:
            step = likelihood.step(parameters)
        except (LinAlgError, ValueError):  # a place so far out that nothing can be solved
            return None
        if step.concave and 0 <= step.decrement < _CLOSE:
            return _maximum(likelihood, parameters + step.change)
        moved = _uphill(likelihood, parameters, step)
        if moved is None:
            return None
        parameters = moved
    return None


def _uphill(likelihood: _Likelihood, parameters: FloatArray, step: _Step) -> FloatArray | None:
    """Return the parameters after the longest halved step that climbs enough; None if none does."""
    value, length = likelihood.value(parameters), 1.0
    floor = value - 1e-13 * abs(value)  # the sum of a million terms is not known more exactly
    for _ in range(_LARGEST_HALVINGS):
        moved = parameters + length * step.change
        if likelihood.value(moved) >= floor + 1e-4 * length * step.decrement:
            return moved
        length /= 2
    return None


def _maximum(likelihood: _Likelihood, parameters: FloatArray) -> BinormalMaximum:
    """Return what is reported of the maximum."""
    information = likelihood.step(parameters).information
    return BinormalMaximum(
        intercept=float(parameters[0]),
        slope=float(parameters[1]),
        cut_points=parameters[2:],
        covariance=np.asarray(np.linalg.inv(information), dtype=np.float64),
        log_likelihood=likelihood.value(parameters),
    )
