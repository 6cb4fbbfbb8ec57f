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
from scipy.linalg import LinAlgError, solveh_banded
from scipy.special import ndtr

from toolkit.arrays import FloatArray, IntArray
from toolkit.stats.binormal.binormal import both_below

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


# Far below what a case can have at the maximum, and its square can still be divided by.
_LEAST_PROBABILITY = 1e-100
# Within so many units of v from the corner steps are taken in (d_a^2, c).
_RIDGE = 1.0
BOTH, C_ALONE = slice(0, 2), slice(1, 2)

# Negative second derivatives: ``band`` (2, k), the tridiagonal part in the cut points, ``border``
# (2, k), which joins them to d_a and c, and ``block`` (2, 2) in those two.
_Curvature = tuple[FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """A Newton step, and what the place where it starts tells of the maximum.

    Parameters
    ----------
    change : ndarray, shape (2 + k,)
        Of (d_a, c, v), or where ``centred`` of (d_a^2, c, u), u = v - corner.
    decrement : float
        The squared distance to the maximum in standard errors, were the likelihood quadratic.
    information : ndarray, shape (2, 2) or (1, 1)
        Observed, of the two first parameters or of c alone, the cut points allowed for.
    concave : bool
        Whether the second derivatives are those of a maximum.
    centred : bool
    """

    change: FloatArray
    decrement: float
    information: FloatArray
    concave: bool
    centred: bool

    def taken(self, parameters: FloatArray, length: float) -> FloatArray:
        """Return parameters moved by a part of the step; d_a^2 keeps a tenth of itself."""
        moved = length * self.change
        if not self.centred:
            return parameters + moved
        (d_a, c), square = parameters[:2], parameters[0] ** 2
        new_d, new_c = math.sqrt(max(square + moved[0], square / 10)), c + moved[1]
        if not abs(new_c) < 1:
            return np.full(parameters.size, math.nan)
        v = parameters[2:] + moved[2:] + corner(new_d, new_c) - corner(d_a, c)
        return np.concatenate([[new_d, new_c], v])


class ProperLikelihood:
    """Log likelihood of parameters (d_a, c, v_1, ..., v_k) for the counts of both classes."""

    def __init__(self, positive: IntArray, negative: IntArray) -> None:
        self.counts = np.stack([positive, negative]).astype(np.float64)
        self.used = self.counts > 0

    def value(self, parameters: FloatArray) -> float:
        """Return the log likelihood; minus infinity where a count has hardly any probability."""
        d_a, c, v = float(parameters[0]), float(parameters[1]), parameters[2:]
        if not (d_a >= 0 and abs(c) < 1):
            return -math.inf
        low, high = domain(d_a, c)
        if not (low < v[0] and v[-1] < high and (v[1:] > v[:-1]).all()):
            return -math.inf
        share = cells(v, d_a, c)[self.used]
        if not share.min() > _LEAST_PROBABILITY:
            return -math.inf
        return float(self.counts[self.used] @ np.log(share))

    def step(
        self, parameters: FloatArray, free: slice = BOTH, *, centred: bool | None = None
    ) -> Step:
        """Return Newton's step; the curvature in (d_a, c) is made positive where it is not.

        Where the curvature in the cut points is not positive either, the part of it that always
        is, the squares of first derivatives, stands for the whole. If not said otherwise it is
        ``centred`` near the corner, unless d_a is 0 or held.
        """
        d_a, c, v = float(parameters[0]), float(parameters[1]), parameters[2:]
        if centred is None:
            centred = free == BOTH and d_a > 0 and abs(corner(d_a, c)) < _RIDGE
        shares = tails(v, d_a, c, centred=centred)
        squares, slope = self._squares(shares)
        gradient = (slope * shares.first).sum(axis=1)
        bends = (slope * shares.second).sum(axis=1)
        exact = (squares[0].copy(), squares[1].copy(), squares[2].copy())
        exact[0][1] -= bends[0]
        exact[1][:] -= bends[1:3]
        d_d, d_c, c_c = bends[3:].sum(axis=1)
        exact[2][:] -= [[d_d, d_c], [d_c, c_c]]
        try:
            return _solved(gradient, exact, free, exact=True, centred=centred)
        except LinAlgError:
            return _solved(gradient, squares, free, exact=False, centred=centred)

    def _squares(self, shares: Tails) -> tuple[_Curvature, FloatArray]:
        """Return the squares of first derivatives, and the slope by the share above each cut."""
        weight = self.counts / np.where(self.used, shares.cell, 1.0)
        square = weight**2 / np.maximum(self.counts, 1)
        by_v, by_both = shares.first[0], shares.first[1:]
        # A cell is the share above its lower cut less that above its upper one.
        change = np.zeros((2, *weight.shape))
        change[..., :-1] -= by_both
        change[..., 1:] += by_both
        flow = square * change
        band = np.zeros((2, by_v.shape[1]))
        band[1] = ((square[:, 1:] + square[:, :-1]) * by_v**2).sum(axis=0)
        band[0, 1:] = -(square[:, 1:-1] * by_v[:, 1:] * by_v[:, :-1]).sum(axis=0)
        border = (by_v * (flow[..., 1:] - flow[..., :-1])).sum(axis=1)
        block = flow.reshape(2, -1) @ change.reshape(2, -1).T
        return (band, border, block), weight[:, 1:] - weight[:, :-1]


def _solved(
    gradient: FloatArray, curvature: _Curvature, free: slice, *, exact: bool, centred: bool
) -> Step:
    """Return the step; the first parameters have a Schur complement, their information."""
    band, border, block = curvature[0], curvature[1][free], curvature[2][free, free]
    by_v, by_both = gradient[0], gradient[1:].sum(axis=1)[free]
    solved = solveh_banded(band, np.vstack([border, by_v]).T, check_finite=False)
    information = block - border @ solved[:, :-1]
    information = (information + information.T) / 2
    values, vectors = np.linalg.eigh(information)
    bounded = np.maximum(np.abs(values), 1e-10 * np.abs(values).max())
    change = vectors @ ((vectors.T @ (by_both - border @ solved[:, -1])) / bounded)
    change_v = solved[:, -1] - solved[:, :-1] @ change
    held = np.zeros(2 - change.size)  # d_a, where c alone is free
    return Step(
        change=np.concatenate([held, change, change_v]),
        decrement=float(by_both @ change + by_v @ change_v),
        information=information,
        concave=exact and bool(values[0] > 0),
        centred=centred,
    )


def widest(d_a: float, c: float) -> tuple[float, float]:
    """Return ends of v beyond which lie fewer than 1e-190 of the cases of both classes.

    The density of the class that reaches farther is not yet 0 there.
    """
    low, high = domain(d_a, c)
    reach = (30 + d_a * math.hypot(1, c) / 2) / (1 - abs(c))
    return max(low, -reach), min(high, reach)


def at_share(share: float, d_a: float, c: float, *, positive: bool) -> FloatArray:
    """Return the v above which a share of a class lies, shape (1,)."""
    from scipy.optimize import brentq  # costs a tenth of a second

    row = 0 if positive else 1

    def excess(v: float) -> float:
        return float(cells(np.array([v]), d_a, c)[row, 1]) - share

    return np.array([brentq(excess, *widest(d_a, c), xtol=1e-14, rtol=1e-14)])


def area_between(low: float, high: float, d_a: float, c: float) -> float:
    """Return the area under the curve from one 1 - specificity to another.

    It is the integral of the positive cases' share above v over the healthy cases' density. Each
    of both being a sum of two normal terms, it is one of bivariate normal probabilities: of
    phi(z) Phi(m + beta (z - n)), the integral to z is P(Z < z, X < (m - beta n) / root) where
    root^2 = 1 + beta^2 and X has the correlation -beta / root with Z.
    """
    c = away_from_zero(c)
    top, bottom = widest(d_a, c)[::-1]
    ends = [
        end if share in (0.0, 1.0) else float(at_share(share, d_a, c, positive=False)[0])
        for share, end in ((low, top), (high, bottom))
    ]
    z = deviates(np.array(ends), d_a, c)[1]
    positive, healthy = deviates(np.zeros(1), d_a, c)[:, :, 0]
    beta = (1 + c) / (1 - c)
    root = math.hypot(1, beta)
    limit = (positive[:, np.newaxis] - beta * healthy) / root
    below = both_below(z.T[:, np.newaxis], limit, -beta / root)  # end, positive term, healthy term
    return float((below[1] - below[0]).sum()) - (high - low) * (c > 0)


def best_utility(slope: float, d_a: float, c: float) -> float:
    """Return the largest share of positive cases above v less ``slope`` times that of healthy ones.

    The likelihood ratio ascends with v, so that it is best to cut where it is the slope; where it
    nowhere is, to call every case, or none.
    """
    from scipy.optimize import brentq  # costs a tenth of a second

    def gain(v: float) -> float:
        by_v = tails(np.array([v]), d_a, c).first[0, :, 0]
        return float(slope * by_v[1] - by_v[0])

    low, high = widest(d_a, c)
    if gain(low) > 0:
        return 1 - slope
    if gain(high) < 0:
        return 0.0
    v = brentq(gain, low, high, xtol=1e-13)
    positive, healthy = cells(np.array([v]), d_a, c)[:, 1]
    return float(positive - slope * healthy)
