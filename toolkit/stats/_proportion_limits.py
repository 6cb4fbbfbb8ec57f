"""Limits of one proportion by each method, for arrays of counts.

Every function takes ``part`` and ``whole``, counts of one shape with ``whole`` above 0, and the
probability ``tail`` that a limit leaves beyond it, and returns the lower and the upper limits.
Counts are held as float64, so that products of counts beyond 2^31 do not overflow.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import FloatArray

Limits = tuple[FloatArray, FloatArray]


def wilson_at(part: ArrayLike, whole: ArrayLike, z: float) -> Limits:
    """Return the Wilson limits at ``z`` standard normal deviates.

    The counts need not be whole numbers, as with an effective number of cases.
    """
    x, n = _counts(part, whole)
    fewer = np.minimum(x, n - x)
    # Roots of (n + z^2) p^2 - (2 x + z^2) p + x^2 / n = 0 (Wilson 1927), the smaller one from
    # their product: the difference in the textbook form loses digits where events are rare.
    root = z * np.sqrt(z * z + 4 * fewer * ((n - fewer) / n))
    high = (2 * fewer + z * z + root) / (2 * (n + z * z))
    # At z = 0 and no event the product of the roots is 0 / 0.
    low = 2 * fewer * (fewer / n) / np.where(fewer > 0, 2 * fewer + z * z + root, 1.0)
    # Mirroring the commoner half keeps the limits within [0, 1] and 0 and 1 exact.
    rare = fewer == x
    return np.where(rare, low, 1 - high), np.where(rare, high, 1 - low)


def wilson(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the Wilson limits."""
    return wilson_at(part, whole, deviate(tail))


def clopper_pearson(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the Clopper-Pearson limits."""
    x, n = _counts(part, whole)
    # P(X >= x | p) is the beta distribution function with x and n - x + 1, at p.
    low = special.betaincinv(np.maximum(x, 1), n - x + 1, tail)
    high = special.betainccinv(x + 1, np.maximum(n - x, 1), tail)
    return np.where(x > 0, low, 0.0), np.where(x < n, high, 1.0)


def jeffreys(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the quantiles of the posterior under Jeffreys's prior; 0 of n begins at 0."""
    x, n = _counts(part, whole)
    low = special.betaincinv(x + 0.5, n - x + 0.5, tail)
    high = special.betainccinv(x + 0.5, n - x + 0.5, tail)
    return np.where(x > 0, low, 0.0), np.where(x < n, high, 1.0)


def agresti_coull(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the Agresti-Coull limits; they can lie outside [0, 1]."""
    x, n = _counts(part, whole)
    z = deviate(tail)
    return _wald(x + z * z / 2, n + z * z, z)


def wald(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the Wald limits, NaN where their distance is 0; they can lie outside [0, 1]."""
    x, n = _counts(part, whole)
    low, high = _wald(x, n, deviate(tail))
    same = (x == 0) | (x == n)
    return np.where(same, np.nan, low), np.where(same, np.nan, high)


def midp(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the mid-P limits."""
    x, n = _counts(part, whole)

    def above(
        p: FloatArray, k: FloatArray, n: FloatArray
    ) -> FloatArray:  # P(X > k) + P(X = k) / 2, less the tail
        return (_at_least(k, n, p) + _at_least(k + 1, n, p)) / 2 - tail

    def below(p: FloatArray, k: FloatArray, n: FloatArray) -> FloatArray:
        return (_at_most(k, n, p) + _at_most(k - 1, n, p)) / 2 - tail

    # The Clopper-Pearson limit lies outside, that of the neighbouring count inside.
    some, not_all = np.maximum(x, 1), np.minimum(x, n - 1)
    outer, inner = (
        clopper_pearson(some, n, tail)[0],
        clopper_pearson(np.minimum(some + 1, n), n, tail)[0],
    )
    low = _root(above, (outer, np.where(some < n, inner, 1.0)), some, n)
    outer, inner = (
        clopper_pearson(not_all, n, tail)[1],
        clopper_pearson(np.maximum(not_all - 1, 0), n, tail)[1],
    )
    high = _root(below, (np.where(not_all > 0, inner, 0.0), outer), not_all, n)
    return np.where(x > 0, low, 0.0), np.where(x < n, high, 1.0)


def blaker(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the Blaker limits, the ends of the set of proportions that are not rejected.

    A proportion is rejected where the tail that holds the count, added to the largest opposite
    tail that is no more probable, is below 2 ``tail``.
    """
    x, n = _counts(part, whole)
    low = _blaker_low(np.maximum(x, 1), n, tail)
    inverse_high = _blaker_low(np.maximum(n - x, 1), n, tail)
    return np.where(x > 0, low, 0.0), np.where(x < n, 1 - inverse_high, 1.0)


def deviate(tail: float) -> float:
    """Return the standard normal deviate that leaves ``tail`` above it."""
    return -float(special.ndtri(tail))


def _root(function: Callable[..., FloatArray], bracket: Limits, *counts: FloatArray) -> FloatArray:
    """Return where ``function(p, *counts)`` crosses 0 within ``bracket``; NaN where it does not."""
    from scipy.optimize import elementwise  # Wilson's interval must not pay for this import

    found = elementwise.find_root(function, bracket, args=counts)
    return np.asarray(np.where(found.success, found.x, np.nan), dtype=np.float64)


def _blaker_low(x: FloatArray, n: FloatArray, tail: float) -> FloatArray:
    """Return the lower Blaker limit of ``x`` above 0.

    From the Clopper-Pearson limit up the tail that holds the count, P(X >= x), grows, and
    opposite tails P(X <= k) shrink. Where the next larger opposite tail becomes no more probable
    it is added, and the sum jumps, to twice P(X >= x) and so to 2 ``tail`` or more. The limit is
    this place, or one before it where the sum reaches 2 ``tail`` without the jump. That sum is 1
    less the probability of an interval of counts, which has one maximum, so it crosses once.
    """
    outer = clopper_pearson(x, n, tail)[0]
    k = _largest_below(tail, x, n, outer)

    def excess(p: FloatArray, x: FloatArray, k: FloatArray, n: FloatArray) -> FloatArray:
        return _at_least(x, n, p) - _at_most(k + 1, n, p)

    def total(p: FloatArray, x: FloatArray, k: FloatArray, n: FloatArray) -> FloatArray:
        return _at_least(x, n, p) + _at_most(k, n, p) - 2 * tail

    jump = _root(excess, (outer, np.ones_like(outer)), x, k, n)
    smooth = np.where(total(outer, x, k, n) < 0, _root(total, (outer, jump), x, k, n), outer)
    limit = np.where(total(jump, x, k, n) >= 0, smooth, jump)
    # Among billions of units rounding can leave nothing to cross; the limit further out is safe.
    return np.where(np.isnan(limit), outer, limit)


def _largest_below(tail: float, x: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    """Return the largest k below ``x``, or -1, for which P(X <= k) is at most ``tail``."""
    small, large = np.full_like(x, -1.0), x
    while np.any(large - small > 1):
        middle = np.floor((small + large) / 2)
        is_small = _at_most(middle, n, p) <= tail
        small, large = np.where(is_small, middle, small), np.where(is_small, large, middle)
    return small


def _counts(part: ArrayLike, whole: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the counts as float64 of one shape."""
    x, n = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    return x, n


def _wald(x: FloatArray, n: FloatArray, z: float) -> Limits:
    """Return x / n less and plus z standard errors."""
    share = x / n
    reach = z * np.sqrt(share * (1 - share) / n)
    return share - reach, share + reach


def _at_least(k: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    """Return P(X >= k) of a binomial count."""
    inside = np.clip(k, 1, n)
    tails = special.betainc(inside, n - inside + 1, p)
    return np.where(k <= 0, 1.0, np.where(k > n, 0.0, tails))


def _at_most(k: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    """Return P(X <= k) of a binomial count."""
    inside = np.clip(k, 0, n - 1)
    tails = special.betaincc(inside + 1, n - inside, p)
    return np.where(k >= n, 1.0, np.where(k < 0, 0.0, tails))
