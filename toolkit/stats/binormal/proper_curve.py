"""What a fitted proper binormal curve says: its points, areas and best operating point.

All holds as far as the model does, least where few cases lie; no point belongs to a rating. The
curve is that of two non-central chi-square variables (Hillis SL. Stat Med 2016;35:2031-2057,
doi:10.1002/sim.6816), and its partial area a sum of bivariate normal probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from toolkit.arrays import FloatArray
from toolkit.results import Curve, Estimate
from toolkit.stats._checks import check_ci_level, check_count, check_inner_share, check_positive
from toolkit.stats.auc.curve import Axis, check_range
from toolkit.stats.binormal.binormal import normal_density, share_of_deviate
from toolkit.stats.binormal.proper import ON_EDGE, BinormalLrFit
from toolkit.stats.binormal.proper_model import area_between, at_share, best_utility, cells, widest

_STEP = 1e-5  # of a central difference


def binormal_lr_curve(fit: BinormalLrFit, *, n_points: int = 201) -> Curve:
    """Return points of a fitted proper binormal curve, to be drawn over the empirical one.

    Parameters
    ----------
    fit : BinormalLrFit
        From ``binormal_lr_fit``.
    n_points : int
        Points to compute, 2 or more, the corners included.

    Returns
    -------
    Curve
        Kind ``"roc"``: ``x`` is 1 - specificity, ``y`` sensitivity, both ascending. ``threshold``
        is NaN, since the points of a model belong to no rating. All NaN where there is no fit.

    Raises
    ------
    ValueError
        If ``n_points`` is not a whole number of 2 or more.

    Examples
    --------
    >>> from toolkit.stats.binormal.proper import binormal_lr_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> curve = binormal_lr_curve(binormal_lr_fit(truth, rating))
    >>> round(float(np.trapezoid(curve.y, curve.x)), 3)
    0.911
    """
    number = check_count(n_points, name="n_points")
    if number < 2:
        msg = f"n_points must be 2 or more, for both corners, but got {number}"
        raise ValueError(msg)
    points = np.full((2, number), math.nan)
    if not math.isnan(fit.c):
        points = _points(fit.d_a, fit.c, number)
    return Curve(
        kind="roc",
        x=points[1],
        y=points[0],
        threshold=np.full(number, math.nan),
        label=fit.label,
        n_cases=fit.n_cases,
        n_positive=fit.n_positive,
        method=fit.method,
        note=fit.note if math.isnan(fit.c) else "points of a model belong to no rating",
    )


def binormal_lr_sensitivity_at_specificity(
    fit: BinormalLrFit, *, specificity: float, ci_level: float = 0.95
) -> Estimate:
    """Estimate the sensitivity of a fitted proper binormal curve at a given specificity.

    Parameters
    ----------
    fit : BinormalLrFit
        From ``binormal_lr_fit``.
    specificity : float
        Between 0 and 1.
    ci_level : float
        Confidence level, two-sided.

    Returns
    -------
    Estimate
        Wald on the probit scale. NaN with the note of the fit where there is no fit.

    Raises
    ------
    ValueError
        If ``specificity`` or ``ci_level`` is malformed.

    Examples
    --------
    >>> from toolkit.stats.binormal.proper import binormal_lr_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> fit = binormal_lr_fit(truth, rating)
    >>> point = binormal_lr_sensitivity_at_specificity(fit, specificity=0.9)
    >>> f"{point.estimate:.3f} ({point.ci_low:.3f}, {point.ci_high:.3f})"
    '0.771 (0.617, 0.883)'
    """
    wanted = 1 - check_inner_share(specificity, name="specificity")
    return _derived(
        fit,
        lambda d_a, c: float(cells(at_share(wanted, d_a, c, positive=False), d_a, c)[0, 1]),
        quantity="sensitivity",
        ci_level=ci_level,
    )


def binormal_lr_specificity_at_sensitivity(
    fit: BinormalLrFit, *, sensitivity: float, ci_level: float = 0.95
) -> Estimate:
    """Estimate the specificity of a fitted proper binormal curve at a given sensitivity.

    Parameters
    ----------
    fit : BinormalLrFit
        From ``binormal_lr_fit``.
    sensitivity : float
        Between 0 and 1.
    ci_level : float
        Confidence level, two-sided.

    Returns
    -------
    Estimate
        Wald on the probit scale. NaN with the note of the fit where there is no fit.

    Raises
    ------
    ValueError
        If ``sensitivity`` or ``ci_level`` is malformed.

    Examples
    --------
    >>> from toolkit.stats.binormal.proper import binormal_lr_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> fit = binormal_lr_fit(truth, rating)
    >>> point = binormal_lr_specificity_at_sensitivity(fit, sensitivity=0.9)
    >>> f"{point.estimate:.3f} ({point.ci_low:.3f}, {point.ci_high:.3f})"
    '0.701 (0.443, 0.884)'
    """
    wanted = check_inner_share(sensitivity, name="sensitivity")
    return _derived(
        fit,
        lambda d_a, c: float(cells(at_share(wanted, d_a, c, positive=True), d_a, c)[1, 0]),
        quantity="specificity",
        ci_level=ci_level,
    )


def binormal_lr_partial_auc(
    fit: BinormalLrFit,
    *,
    low: float,
    high: float,
    along: Axis = "specificity",
    ci_level: float = 0.95,
) -> Estimate:
    """Estimate the area under a fitted proper binormal curve over a range of one of its axes.

    Parameters
    ----------
    fit : BinormalLrFit
        From ``binormal_lr_fit``.
    low, high, along
        As in ``toolkit.stats.auc.curve.partial_auc``.
    ci_level : float
        Confidence level, two-sided.

    Returns
    -------
    Estimate
        From 0 to high - low; its interval is Wald on the probit scale of its share of that. NaN
        with the note of the fit where there is no fit.

    Raises
    ------
    ValueError
        If the range, its axis or ``ci_level`` is malformed.

    Examples
    --------
    >>> from toolkit.stats.binormal.proper import binormal_lr_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> area = binormal_lr_partial_auc(binormal_lr_fit(truth, rating), low=0.9, high=1)
    >>> f"{area.estimate:.4f} ({area.ci_low:.4f}, {area.ci_high:.4f})"
    '0.0653 (0.0451, 0.0819)'
    """
    start, stop = check_range(low, high, along=along)
    # Seen along sensitivity the curve is proper binormal as well, with the opposite c.
    sign = 1 if along == "specificity" else -1
    width = stop - start
    estimate = _derived(
        fit,
        lambda d_a, c: area_between(1 - stop, 1 - start, d_a, sign * c) / width,
        quantity="partial_auc",
        ci_level=ci_level,
    )
    scaled = {
        name: width * getattr(estimate, name)
        for name in ("estimate", "std_error", "ci_low", "ci_high")
    }
    return replace(estimate, ci_method="Wald, probit scale of the share", **scaled)


def binormal_lr_expected_utility(
    fit: BinormalLrFit, *, slope: float, ci_level: float = 0.95
) -> Estimate:
    """Estimate the expected utility of a fitted proper binormal curve at its best point.

    Parameters
    ----------
    fit : BinormalLrFit
        From ``binormal_lr_fit``.
    slope : float
        As in ``toolkit.stats.auc.operating_points.expected_utility``.
    ci_level : float
        Confidence level, two-sided.

    Returns
    -------
    Estimate
        Largest sensitivity - slope * (1 - specificity), where the curve has that slope; Wald on
        the probit scale. NaN with the note of the fit where there is no fit; no interval where
        it is best to call no case or every case.

    Raises
    ------
    ValueError
        If ``slope`` or ``ci_level`` is malformed.

    References
    ----------
    Abbey CK, Eckstein MP, Boone JM. Med Decis Making 2013;33:510-520.
    doi:10.1177/0272989X12470756

    Examples
    --------
    >>> from toolkit.stats.binormal.proper import binormal_lr_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> utility = binormal_lr_expected_utility(binormal_lr_fit(truth, rating), slope=1)
    >>> f"{utility.estimate:.3f} ({utility.ci_low:.3f}, {utility.ci_high:.3f})"
    '0.674 (0.543, 0.786)'
    """
    factor = check_positive(slope, name="slope")
    return _derived(
        fit,
        lambda d_a, c: best_utility(factor, d_a, c),
        quantity="expected_utility",
        ci_level=ci_level,
    )


def _points(d_a: float, c: float, number: int) -> FloatArray:
    """Return sensitivity and 1 - specificity at points that lie close where the curve bends."""
    low, high = widest(d_a, c)
    fine = np.linspace(low, high, 20_001)[1:-1]
    total = cells(fine, d_a, c).sum(axis=0)[:0:-1].cumsum()
    # In equal steps of both shares together, all but the corners.
    v = np.interp(np.linspace(2, 0, number)[1:-1], total, fine[::-1])
    above = cells(v, d_a, c)[:, :0:-1].cumsum(axis=1)
    return np.pad(np.minimum(above, 1.0), ((0, 0), (1, 1)), constant_values=(0, 1))


def _derived(
    fit: BinormalLrFit, value: Callable[[float, float], float], *, quantity: str, ci_level: float
) -> Estimate:
    """Return a share that depends on d_a and c as an estimate, by the delta method."""
    level = check_ci_level(ci_level)
    nothing: dict[str, Any] = dict.fromkeys(
        ("estimate", "std_error", "ci_low", "ci_high"), math.nan
    )
    known, note = nothing, fit.note
    if not math.isnan(fit.c):
        known = {**nothing, "estimate": value(fit.d_a, fit.c)}
        if not 0 < known["estimate"] < 1:
            note = "the estimate is at or beyond an end of its range: no interval"
        elif not math.isnan(fit.covariance[1, 1]):
            known = _inference(fit, value, known["estimate"], level)
            note = "" if fit.d_a else ON_EDGE
    return Estimate(
        quantity=quantity,
        unit="probability",
        ci_level=level,
        ci_method="Wald, probit scale",
        label=fit.label,
        n_cases=fit.n_cases,
        n_positive=fit.n_positive,
        method=fit.method,
        note=note,
        **known,
    )


def _inference(
    fit: BinormalLrFit, value: Callable[[float, float], float], estimate: float, level: float
) -> dict[str, float]:
    """Return the estimate with its error and limits; slopes by central differences."""
    by_c = value(fit.d_a, fit.c + _STEP) - value(fit.d_a, fit.c - _STEP)
    # All is even in d_a.
    by_d = value(fit.d_a + _STEP, fit.c) - value(abs(fit.d_a - _STEP), fit.c)
    deviate = float(ndtri(estimate))
    slopes = [change / (2 * _STEP * normal_density(deviate)) for change in (by_d, by_c)]
    return share_of_deviate(fit.covariance, deviate, (slopes[0], slopes[1]), ci_level=level)
