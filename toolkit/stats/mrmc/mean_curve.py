"""The mean ROC curve of several readers, for figures.

Averaged along an axis, empirical curves keep their areas: the area under the mean is the mean
area. Pooling the ratings of all readers into one curve does not, since readers use a scale
differently, and is not offered.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.results import Curve
from toolkit.stats._checks import check_choice
from toolkit.stats.binormal.binormal import BinormalFit
from toolkit.stats.binormal.curves import fitted_curve

Direction = Literal["vertical", "horizontal", "diagonal"]

_AVERAGED = {
    "vertical": "sensitivity at each specificity",
    "horizontal": "specificity at each sensitivity",
    "diagonal": "sensitivity + specificity at each sensitivity - specificity",
}
_NO_THRESHOLD = "points of a mean of readers belong to no rating"


def mean_roc_curve(
    curves: Sequence[Curve], *, direction: Direction = "diagonal", label: str = ""
) -> Curve:
    """Return the mean of the ROC curves of several readers in one modality.

    Parameters
    ----------
    curves : sequence of Curve
        One a reader, from ``roc_curve`` or ``fitted_curve``, each counting the same; cases may
        differ between readers.
    direction : {"vertical", "horizontal", "diagonal"}
        What is averaged: sensitivity at each specificity, specificity at each sensitivity, or
        along lines of slope -1, which treats both alike and is the default.
    label : str
        What the mean is of.

    Returns
    -------
    Curve
        Kind ``"roc"``, through every point at which a reader's curve bends. ``threshold`` is NaN.
        Case counts where the readers have the same.

    Raises
    ------
    ValueError
        If there is no curve, or one is no ROC curve, is undefined, falls, or does not run from
        (0, 0) to (1, 1).

    Notes
    -----
    The area under the mean is the mean of the areas in each direction; the curves differ. Where a
    curve rises straight up, both ends are averaged, so the mean may do so too. A mean curve is a
    picture: no reader works on it, and at a rating of their own readers stand elsewhere on it.

    References
    ----------
    Chen W, Samuelson FW. Br J Radiol 2014;87:20140016. doi:10.1259/bjr.20140016

    Examples
    --------
    >>> from toolkit.stats.auc.curve import roc_curve
    >>> truth = [0, 0, 1, 1]
    >>> curves = [roc_curve(truth, [1, 2, 2, 3]), roc_curve(truth, [1, 3, 2, 4])]
    >>> mean = mean_roc_curve(curves, direction="vertical")
    >>> mean.x.tolist(), mean.y.tolist()
    ([0.0, 0.0, 0.5, 0.5, 1.0], [0.0, 0.5, 0.75, 1.0, 1.0])
    """
    check_choice(direction, name="direction", choices=tuple(_AVERAGED))
    given = _check_curves(curves)
    turned = [_turn(curve.x, curve.y, direction) for curve in given]
    along = np.unique(np.concatenate([u for u, _ in turned]))
    low, high = np.mean([_at(u, v, along) for u, v in turned], axis=0)
    # Where the mean jumps both ends are points of it.
    points = np.column_stack([along, low, along, high]).reshape(-1, 2)
    keep = np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))
    x, y = _turn_back(points[keep, 0], points[keep, 1], direction)
    n_cases = {curve.n_cases for curve in given}
    n_positive = {curve.n_positive for curve in given}
    return Curve(
        kind="roc",
        x=x,
        y=y,
        threshold=np.full(x.size, math.nan),
        label=label,
        n_cases=n_cases.pop() if len(n_cases) == 1 else None,
        n_positive=n_positive.pop() if len(n_positive) == 1 else None,
        method=f"mean of {len(given)} ROC curves, {direction}: {_AVERAGED[direction]}",
        note=_NO_THRESHOLD,
    )


def mean_binormal_curve(
    fits: Sequence[BinormalFit], *, label: str = "", n_points: int = 201
) -> Curve:
    """Return the binormal ROC curve with the mean parameters of several readers.

    Parameters
    ----------
    fits : sequence of BinormalFit
        One a reader, each counting the same.
    label : str
        What the mean is of.
    n_points : int
        Points to compute, 2 or more, the corners included.

    Returns
    -------
    Curve
        Sensitivity = Phi(mean a + mean b z) at 1 - specificity = Phi(z). All NaN, with a note that
        names them, where readers have no fit, such as a perfect one: their parameters are infinite.

    Raises
    ------
    ValueError
        If there is no fit, or ``n_points`` is not a whole number of 2 or more.

    Notes
    -----
    Its area is not the mean of the areas, though near it where readers are alike.

    References
    ----------
    Metz CE. Invest Radiol 1986;21:720-733. doi:10.1097/00004424-198609000-00009

    Examples
    --------
    >>> from toolkit.stats.binormal.binormal import binormal_fit
    >>> truth = [0, 0, 0, 1, 0, 1, 1, 1]
    >>> fits = [binormal_fit(truth, [1, 2, 3, 3, 4, 2, 4, 5]),
    ...         binormal_fit(truth, [1, 2, 1, 3, 4, 4, 2, 5])]
    >>> curve = mean_binormal_curve(fits, label="unaided")
    >>> round(float(np.trapezoid(curve.y, curve.x)), 3)
    0.812
    """
    if not fits:
        msg = "fits must hold the fit of one reader or more, but it is empty"
        raise ValueError(msg)
    without = [
        fit.label or f"the reader at position {place}"
        for place, fit in enumerate(fits)
        if math.isnan(fit.slope)
    ]
    reason = (
        f"no binormal fit of {', '.join(without)}: leave them out in view, or take mean_roc_curve"
    )
    n_cases = {fit.n_cases for fit in fits}
    n_positive = {fit.n_positive for fit in fits}
    mean = replace(
        fits[0],
        intercept=float(np.mean([fit.intercept for fit in fits])),
        slope=float(np.mean([fit.slope for fit in fits])),
        label=label,
        n_cases=n_cases.pop() if len(n_cases) == 1 else None,
        n_positive=n_positive.pop() if len(n_positive) == 1 else None,
        method=f"binormal ROC curve with the mean parameters of {len(fits)} readers",
        note=reason if without else "",
    )
    return fitted_curve(mean, n_points=n_points)


def _check_curves(curves: Sequence[Curve]) -> tuple[Curve, ...]:
    """Return the curves; refuse what is no whole ROC curve."""
    if not curves:
        msg = "curves must hold the curve of one reader or more, but it is empty"
        raise ValueError(msg)
    for place, curve in enumerate(curves):
        who = f"curves: the one at position {place}{f' ({curve.label})' if curve.label else ''}"
        if curve.kind != "roc":
            msg = f"{who} must be of kind 'roc', but is of kind {curve.kind!r}"
            raise ValueError(msg)
        if np.isnan(curve.x).any() or np.isnan(curve.y).any():
            msg = f"{who} is undefined ({curve.note}); leave that reader out in view"
            raise ValueError(msg)
        ends = (*curve.x[[0, -1]], *curve.y[[0, -1]]) if curve.x.size else ()
        rising = (np.diff(curve.x) >= 0).all() and (np.diff(curve.y) >= 0).all()
        if ends != (0.0, 1.0, 0.0, 1.0) or not rising:
            msg = f"{who} must rise from (0, 0) to (1, 1), from no case positive to all"
            raise ValueError(msg)
    return tuple(curves)


def _turn(x: FloatArray, y: FloatArray, direction: Direction) -> tuple[FloatArray, FloatArray]:
    """Return the axis along which is averaged, and what is averaged."""
    if direction == "vertical":
        return x, y
    return (y, x) if direction == "horizontal" else ((x + y) / 2, (y - x) / 2)


def _turn_back(u: FloatArray, v: FloatArray, direction: Direction) -> tuple[FloatArray, FloatArray]:
    """Undo ``_turn``."""
    if direction == "vertical":
        return u, v
    return (v, u) if direction == "horizontal" else (u - v, u + v)


def _at(u: FloatArray, v: FloatArray, along: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the lowest and the highest value of a curve at each place, interpolated between."""
    first, last = np.searchsorted(u, along), np.searchsorted(u, along, side="right") - 1
    on = first <= last  # a point of the curve itself
    between = np.interp(along, u, v)
    low = np.where(on, v[np.minimum(first, u.size - 1)], between)
    high = np.where(on, v[last], between)
    return low, high
