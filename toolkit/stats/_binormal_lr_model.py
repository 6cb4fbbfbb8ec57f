"""The proper binormal model: both classes' distributions of the likelihood ratio, and its area.

The latent ratings are those of the binormal model with intercept a and slope b; the decision
variable is their likelihood ratio, or an increasing function v of it. The parameters are
d_a = a sqrt(2 / (1 + b^2)), 0 or more, and c = (b - 1) / (b + 1), between -1 and 1, and the
formulas are those of Metz and Pan (1999), J Math Psychol 43:1-33, doi:10.1006/jmps.1998.1218.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr

from toolkit.arrays import FloatArray
from toolkit.stats._bivariate_normal import both_below

# Of c in what concerns positive and healthy cases.
_SIGN = np.array([1.0, -1.0])
_SQRT_TWO_PI = math.sqrt(2 * math.pi)
# So near to c = 0 the term that divides by c is 0 or 1 to all digits, unless d_a is 0 as well.
_LEAST_C = 1e-8


@dataclass(frozen=True, kw_only=True, eq=False)
class Tails:
    """Shares of positive and of healthy cases above each of k cut points, with derivatives.

    Parameters
    ----------
    cell : ndarray, shape (2, k + 1)
        The shares between the cut points, as from ``cells``.
    first : ndarray, shape (3, 2, k)
        First derivatives of the shares above by (v, d_a, c), or (u, d_a^2, c).
    second : ndarray, shape (6, 2, k)
        Second derivatives, by v v, v d_a, v c, d_a d_a, d_a c, c c.
    """

    cell: FloatArray
    first: FloatArray
    second: FloatArray


def corner(d_a: float, c: float) -> float:
    """Return the v of the smallest (c < 0) or largest (c >= 0) likelihood ratio that there is."""
    return d_a * math.hypot(1, c) / (4 * away_from_zero(c))


def domain(d_a: float, c: float) -> tuple[float, float]:
    """Return the smallest and the largest v."""
    end = corner(d_a, c)
    return (end, math.inf) if c < 0 else (-math.inf, end)


def cells(v: FloatArray, d_a: float, c: float) -> FloatArray:
    """Return the shares of positive and of healthy cases between ascending v, shape (2, k + 1).

    Each is a sum of two positive terms, and both tails keep their digits.
    """
    low, high = domain(d_a, c)
    ends = np.empty(v.size + 2)
    ends[0], ends[1:-1], ends[-1] = low, v, high
    z = deviates(ends, d_a, c)
    share: FloatArray = _between(z[..., 1:], z[..., :-1]).sum(axis=1)
    return share


def tails(v: FloatArray, d_a: float, c: float, *, centred: bool = False) -> Tails:
    """Return the shares between v, which ascends within the domain, and derivatives of those above.

    Of positive cases Phi(A) + Phi(B) lie above v, less 1 where c > 0, with s = sqrt(1 + c^2),
    A = -(1 + c) v + d_a s / 2 and B = -(1 + c) v + d_a s / (2 c); of healthy ones the same with
    A = -(1 - c) v - d_a s / 2 and B = -(1 - c) v + d_a s / (2 c). Counted from the corner, A and B
    are -(1 + c) u -+ (1 - c) d_a s / (4 c) and -(1 - c) u -+ (1 + c) d_a s / (4 c), so that all is
    even in d_a: with ``centred`` the derivatives are by (u, d_a^2, c).
    """
    w = v - corner(d_a, c) if centred else v
    # d_a, or as the root of its square, with its derivatives by what is moved.
    root, by, bend = (d_a, 0.5 / d_a, -0.25 / d_a**3) if centred else (d_a, 1.0, 0.0)
    shift, shift_c, shift_cc = _shifts(c, centred=centred)
    rate = (1 + _SIGN * c)[:, np.newaxis]
    deviate = deviates(v, d_a, c)
    density = np.exp(-(deviate**2) / 2) / _SQRT_TWO_PI
    # Of -rate w + root shift the derivatives by w, d_a and c are -rate, by_d and by_c.
    by_d, by_c = by * shift, root * shift_c - _SIGN[:, np.newaxis, np.newaxis] * w
    steep, density_c = deviate * density, density * by_c
    steep_d, steep_c = steep * by_d, steep * by_c
    density_sum, along = density.sum(axis=1), _SIGN[:, np.newaxis]
    first = np.stack([-rate * density_sum, (density * by_d).sum(axis=1), density_c.sum(axis=1)])
    second = np.stack(
        [
            -(rate**2) * steep.sum(axis=1),
            rate * steep_d.sum(axis=1),
            rate * steep_c.sum(axis=1) - along * density_sum,
            (density * (bend * shift) - steep_d * by_d).sum(axis=1),
            (density * (by * shift_c) - steep_d * by_c).sum(axis=1),
            (density * (root * shift_cc) - steep_c * by_c).sum(axis=1),
        ]
    )
    return Tails(cell=cells(v, d_a, c), first=first, second=second)


def _shifts(c: float, *, centred: bool) -> FloatArray:
    """Return what d_a is multiplied by in A and in B of both classes, and two derivatives by c.

    The shape is (3, 2, 2, 1): derivative, class, A and B.
    """
    s, divisor = math.hypot(1, c), away_from_zero(c)
    near = np.array([s, c / s, s**-3])[:, np.newaxis] * _SIGN / 2
    second = 1 / (divisor * s**3) + 2 / (s * divisor**3)
    far = np.array([s / divisor, -1 / (s * divisor**2), second])[:, np.newaxis] / 2
    if centred:  # the corner is half of the second one
        far = (far - near) / 2
        near = -far
    shifts: FloatArray = np.stack(np.broadcast_arrays(near, far), axis=2)[..., np.newaxis]
    return shifts


def area(d_a: ArrayLike, c: ArrayLike) -> FloatArray:
    """Return the area under the curve, Phi(d_a / sqrt 2) + 2 F(-d_a / sqrt 2, 0; rho).

    F is the bivariate normal distribution and rho = -(1 - c^2) / (1 + c^2).
    """
    x, square = np.asarray(d_a) / math.sqrt(2), np.square(c)
    value: FloatArray = ndtr(x) + 2 * both_below(-x, 0.0, -(1 - square) / (1 + square))
    return value


def area_slopes(d_a: float, c: float) -> tuple[float, float]:
    """Return the derivatives of the area by d_a and by c."""
    x, spread, c = d_a / math.sqrt(2), 1 + c * c, away_from_zero(c)
    # Of F by its first argument and by rho, where sqrt(1 - rho^2) = 2 |c| / (1 + c^2).
    inside = -(2 - spread) * x / (2 * abs(c))
    by_d = math.exp(-x * x / 2) / (2 * math.sqrt(math.pi)) * float(1 - 2 * ndtr(inside))
    by_c = 2 / math.pi * math.exp(-((x * spread / c) ** 2) / 8) / spread
    return by_d, math.copysign(by_c, c)


def deviates(v: FloatArray, d_a: float, c: float) -> FloatArray:
    """Return A and B of ``tails`` of both classes, shape (2, 2, k)."""
    s, divisor = math.hypot(1, c), away_from_zero(c)
    z = np.empty((2, 2, v.size))
    for number, sign in enumerate((1.0, -1.0)):
        fall = -(1 + sign * c) * v
        z[number, 0] = fall + sign * d_a * s / 2
        z[number, 1] = fall + d_a * s / (2 * divisor)
    return z


def away_from_zero(c: float) -> float:
    """Return c, or the least number of its sign that can be divided by."""
    return c if abs(c) > _LEAST_C else math.copysign(_LEAST_C, c)


def _between(low: FloatArray, high: FloatArray) -> FloatArray:
    """Return Phi(high) - Phi(low), mirrored above 0, so that both tails keep their digits."""
    mirror = low > 0
    inside: FloatArray = ndtr(np.where(mirror, -low, high)) - ndtr(np.where(mirror, -high, low))
    return inside
