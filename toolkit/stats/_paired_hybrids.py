"""Limits of paired proportions that are put together from Wilson limits, and the test they invert.

``only_b`` and ``only_a`` are pairs positive by one method alone, ``both`` and ``neither`` the
others; ``z`` is the number of standard normal deviates.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from toolkit.stats._score_inversion import root
from toolkit.stats.proportions import wilson_limits

_LARGEST_DEVIATE = 1000.0  # P underflows to 0 from 38 on


def newcombe_limits(
    both: int, only_b: int, only_a: int, n_pairs: int, z: float
) -> tuple[float, float]:
    """Return the limits of a difference by Newcombe (1998), method 10."""
    share_b, share_a = (both + only_b) / n_pairs, (both + only_a) / n_pairs
    low_b, high_b = wilson_limits(both + only_b, n_pairs, z)
    low_a, high_a = wilson_limits(both + only_a, n_pairs, z)
    phi = _phi(both, only_b, only_a, n_pairs, correction=n_pairs / 2)
    down = _joined(share_b - low_b, high_a - share_a, phi)
    up = _joined(high_b - share_b, share_a - low_a, phi)
    difference = (only_b - only_a) / n_pairs
    return difference - down, difference + up


def bonett_price_ratio_limits(both: int, only_b: int, only_a: int, z: float) -> tuple[float, float]:
    """Return the limits of a ratio by Bonett and Price (2006), from Wilson limits.

    The pairs positive by neither cancel: both proportions are taken of the pairs positive by at
    least one method.
    """
    n_any, positive_b, positive_a = both + only_b + only_a, both + only_b, both + only_a
    # z shrinks by the error of the log ratio over the sum of the errors of both logarithms.
    error = math.sqrt((only_b + only_a + 2) / ((positive_b + 1) * (positive_a + 1)))
    error_b = math.sqrt((only_a + 1) / ((n_any + 2) * (positive_b + 1)))
    error_a = math.sqrt((only_b + 1) / ((n_any + 2) * (positive_a + 1)))
    adjusted = z * error / (error_b + error_a)
    low_b, high_b = wilson_limits(positive_b, n_any, adjusted)
    low_a, high_a = wilson_limits(positive_a, n_any, adjusted)
    return low_b / high_a, _over(high_b, low_a)


def mover_ratio_limits(
    both: int, only_b: int, only_a: int, n_pairs: int, z: float
) -> tuple[float, float]:
    """Return the limits of a ratio by the method of variance estimates recovery (MOVER)."""
    share_b, share_a = (both + only_b) / n_pairs, (both + only_a) / n_pairs
    low_b, high_b = wilson_limits(both + only_b, n_pairs, z)
    low_a, high_a = wilson_limits(both + only_a, n_pairs, z)
    phi = _phi(both, only_b, only_a, n_pairs)
    low = _mover_center(share_b, share_a, share_b - low_b, high_a - share_a, phi)
    high = _mover_center(share_b, share_a, high_b - share_b, share_a - low_a, phi)
    # Roots of y (2 share_a - y) r^2 - 2 center r + x (2 share_b - x) = 0, the lower one in the form
    # that does not cancel: x is low_b and y high_a there, and high_b and low_a in the upper one.
    return (
        low_b * (2 * share_b - low_b) / low if low_b else 0.0,
        _over(high, low_a * (2 * share_a - low_a)),
    )


def _mover_center(share_b: float, share_a: float, off_b: float, off_a: float, phi: float) -> float:
    """Return the center of the quadratic plus the root of its discriminant."""
    both_off = off_b * off_a
    # center^2 - (share_b^2 - off_b^2) (share_a^2 - off_a^2), without the difference of like numbers
    discriminant = (share_b * off_a - share_a * off_b) ** 2 + (1 - phi) * both_off * (
        2 * share_b * share_a - (1 + phi) * both_off
    )
    return share_b * share_a - phi * both_off + math.sqrt(max(discriminant, 0.0))


def inverted_score(
    limits_at: Callable[[float], tuple[float, float]], estimate: float, value: float
) -> float:
    """Return the deviate at which a limit reaches ``value``: the test that an interval inverts.

    Positive where ``value`` lies below the estimate. ``limits_at`` gives both limits at a number
    of deviates; the interval must grow with it. A ratio over 0 counts as infinite here.
    """
    if value == estimate:
        return 0.0
    below = not value > estimate  # also where the estimate is NaN: something over nothing

    def excluded_by(z: float) -> float:
        low, high = limits_at(z)
        return low - value if below else value - high

    near, far = 1.0, 1.0
    while excluded_by(far) > 0:
        if far > _LARGEST_DEVIATE:
            return math.inf if below else -math.inf
        near, far = far, 2 * far
    while near > 1 / _LARGEST_DEVIATE and excluded_by(near) <= 0:
        near /= 2
    if excluded_by(near) <= 0:  # within a thousandth of a deviate, where rounding decides
        near = 0.0
    z = root(excluded_by, near, far)
    return z if below else -z


def _phi(both: int, only_b: int, only_a: int, n_pairs: int, *, correction: float = 0.0) -> float:
    """Return the correlation of the calls, where positive corrected for continuity."""
    neither = n_pairs - both - only_b - only_a
    margins = [both + only_b, both + only_a, only_a + neither, only_b + neither]
    if 0 in margins:
        return 0.0
    excess = float(both * neither - only_b * only_a)
    if excess > 0:
        excess = max(excess - correction, 0.0)
    return excess / math.sqrt(math.prod(margins))


def _joined(first: float, second: float, phi: float) -> float:
    """Return the length of the sum of two correlated distances."""
    # first^2 - 2 phi first second + second^2, without the difference of like numbers
    return math.sqrt((first - second) ** 2 + 2 * (1 - phi) * first * second)


def _over(numerator: float, denominator: float) -> float:
    """Return a limit that is infinite over 0."""
    return numerator / denominator if denominator else math.inf
