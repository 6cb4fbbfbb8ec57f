"""The bivariate normal distribution in closed form, by Owen's function T."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, owens_t

from toolkit.arrays import FloatArray


def both_below(first: ArrayLike, second: ArrayLike, correlation: ArrayLike) -> FloatArray:
    """Return P(X < first, Y < second) of standard normal X and Y, all arguments broadcast.

    Owen DB. Ann Math Stat 1956;27:1075-1090, eq. 2.1. doi:10.1214/aoms/1177728074
    """
    h, k, rho = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (first, second, correlation))
    )
    opposite = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    sides = (ndtr(h) + ndtr(k)) / 2 - np.where(opposite, 0.5, 0.0)
    return np.asarray(sides - _wedge(h, k, rho) - _wedge(k, h, rho), dtype=np.float64)


def _wedge(h: FloatArray, k: FloatArray, rho: FloatArray) -> FloatArray:
    """Return T(h, a) with a = (k - rho h) / (h sqrt(1 - rho^2)), also where h = k."""
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (k - rho * h) / (h * np.sqrt((1 - rho) * (1 + rho)))
        # Without 0 / 0 at h = k = 0 or at a correlation of 1.
        slope = np.where(h == k, np.sqrt((1 - rho) / (1 + rho)), slope)
    return np.asarray(owens_t(h, slope), dtype=np.float64)
