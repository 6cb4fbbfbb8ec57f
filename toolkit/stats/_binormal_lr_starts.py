"""Where the search for the largest proper binormal likelihood starts: a table of curves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from toolkit.arrays import FloatArray, IntArray
from toolkit.stats._binormal_lr_model import area, cells, corner

# From equal means of the two classes at -1 (c < 0) over equal spreads at 0 to equal means at 1.
_SHAPES = np.linspace(-1, 1, 17)
_AREAS = np.array([0.51, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.84, 0.88, 0.91, 0.94, 0.96, 0.98, 0.99])
_NODES = 1 / (1 + np.exp(np.linspace(12, -12, 241)))
# A search starts from the best curve of each of these rows of shapes, equal means first.
_ROWS = (slice(0, 1), slice(16, 17), *(slice(first, first + 3) for first in range(1, 16, 3)))
_LEAST_PROBABILITY = 1e-12
_HOPELESS = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class _Curves:
    """Curves of each shape and area, tabled by the mean of both classes' shares above a cut.

    Parameters
    ----------
    d_a, c : ndarray, shape (n_shapes, n_areas)
    cut : ndarray, shape (n_shapes, n_areas, n_nodes)
        The v above which the mean share is that of the node.
    share : ndarray, shape (2, n_shapes, n_areas, n_nodes)
        Share of the positive and of the healthy cases above it.
    """

    d_a: FloatArray
    c: FloatArray
    cut: FloatArray
    share: FloatArray


def starts(positive: IntArray, negative: IntArray) -> list[FloatArray]:
    """Return parameters (d_a, c, v_1, ..., v_k), the two with d_a = 0 first.

    Cuts are set so that the mean of both classes' shares above them is the observed one, which
    comes within about 1 of the log likelihood that the curve can have: shapes that stay behind
    the best by more than 5 are left out, but for the first two.
    """
    curves = _curves()
    above = [counts[:0:-1].cumsum()[::-1] / counts.sum() for counts in (positive, negative)]
    place = np.interp((above[0] + above[1]) / 2, _NODES, np.arange(_NODES.size))
    left = np.minimum(place.astype(np.intp), _NODES.size - 2)

    def between(table: FloatArray) -> FloatArray:
        return np.asarray(
            table[..., left] + (table[..., left + 1] - table[..., left]) * (place - left)
        )

    value = np.zeros(curves.c.shape)
    for share, counts in zip(curves.share, (positive, negative), strict=True):
        cell = -np.diff(between(share), axis=-1, prepend=1, append=0)
        value += np.log(np.maximum(cell, _LEAST_PROBABILITY)) @ counts
    found = []
    for number, rows in enumerate(_ROWS):
        inside, level = np.unravel_index(np.argmax(value[rows]), value[rows].shape)
        best = int(inside) + rows.start, int(level)
        if number < 2 or value[best] > value.max() - _HOPELESS:
            cut = between(curves.cut[best])
            found.append(np.concatenate([[curves.d_a[best], curves.c[best]], cut]))
    return found


@lru_cache(maxsize=1)
def _curves() -> _Curves:
    """Return the table, which is made once, in a tenth of a second."""
    angle = np.broadcast_to(_SHAPES[:, np.newaxis] * math.pi / 2, (_SHAPES.size, _AREAS.size))
    d_a, c = _with_area(angle)
    d_a[[0, -1]] = 0.0  # 1e-16 by rounding
    tables = [_tabled(one_d, one_c) for one_d, one_c in zip(d_a.flat, c.flat, strict=True)]
    stacked = np.moveaxis(np.reshape(tables, (*d_a.shape, 3, _NODES.size)), 2, 0)
    return _Curves(d_a=d_a, c=c, cut=stacked[0], share=stacked[1:])


def _with_area(angle: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return d_a and c in the direction of each angle at the areas of the table, by bisection."""

    def at(length: FloatArray) -> tuple[FloatArray, FloatArray]:
        return 2 * length * np.cos(angle), np.tanh(length * np.sin(angle))

    low, high = np.zeros(angle.shape), np.full(angle.shape, 8.0)
    for _ in range(40):
        middle = (low + high) / 2
        below = area(*at(middle)) < _AREAS
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return at(low)


def _tabled(d_a: float, c: float) -> FloatArray:
    """Return cuts and both classes' shares above them at the nodes of the mean share, (3, n)."""
    if c:
        # As near to the corner as healthy or positive cases come, and as far.
        steps = np.geomspace(1e-7, 1.0, 1200) * (12 / (1 - abs(c)) + 2 * abs(corner(d_a, c)))
        v = np.sort(corner(d_a, c) - math.copysign(1, c) * steps)
    else:
        v = np.linspace(-9, 9, 1200) * (1 + d_a)
    share = cells(v, d_a, c)[:, :0:-1].cumsum(axis=1)
    mean = (share[0] + share[1]) / 2
    return np.stack([np.interp(_NODES, mean, row) for row in (v[::-1], *share)])
