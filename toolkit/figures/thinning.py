"""Curves of many points drawn with few: nothing that a reader could see is lost."""

from __future__ import annotations

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IndexArray

_CELLS = 800


def visible_points(x: FloatArray, y: FloatArray) -> IndexArray:
    """Return the places of the points that a curve within the unit square needs.

    Points inside a horizontal or vertical run go, and of those within one 800th of the square
    only the last stays. First and last point always stay.

    Parameters
    ----------
    x, y : ndarray, shape (n_points,)
        A curve in drawing order.

    Examples
    --------
    >>> visible_points(np.array([0.0, 0.0, 0.0, 0.5, 1.0]), np.array([0.0, 0.3, 0.6, 0.6, 0.6]))
    array([0, 2, 4])
    """
    corner = np.ones(x.size, dtype=np.bool_)
    for values in (x, y):
        level = np.diff(values) == 0
        corner[1:-1] &= ~(level[:-1] & level[1:])
    kept: IndexArray = np.flatnonzero(corner)
    cells = np.floor(np.column_stack([x[kept], y[kept]]) * _CELLS)
    leaves_cell: BoolArray = np.append((np.diff(cells, axis=0) != 0).any(axis=1), True)
    leaves_cell[0] = True
    places: IndexArray = kept[leaves_cell]
    return places
