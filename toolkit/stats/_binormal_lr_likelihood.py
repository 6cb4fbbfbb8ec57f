"""The proper binormal likelihood of counts in ordered categories: its derivatives, Newton's step.

The parameters are (d_a, c, v_1, ..., v_k), v_j the cut points between the categories. Where
positive and healthy cases are known by their spread rather than by their means, d_a and c can
hardly be told apart: the likelihood has a ridge along which d_a^2 and c fall together, straight in
(d_a^2, c) but not in (d_a, c), at whose end d_a = 0 its slope in d_a^2 is 0 as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, solveh_banded

from toolkit.arrays import FloatArray, IntArray
from toolkit.stats._binormal_lr_model import Tails, cells, corner, domain, tails

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
