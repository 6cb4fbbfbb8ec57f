"""What a fitted binormal curve says, conventional or proper: its points, shares and areas on it.

All holds as far as the model does, least where few cases lie; no point belongs to a rating. The
proper curve is that of two non-central chi-square variables (Hillis SL. Stat Med 2016;35:2031-2057,
doi:10.1002/sim.6816), and its partial area a sum of bivariate normal probabilities.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from toolkit.arrays import FloatArray
from toolkit.results import Curve, Estimate
from toolkit.stats._checks import check_ci_level, check_count, check_inner_share, check_positive
from toolkit.stats.auc.curve import Axis, check_range
from toolkit.stats.binormal.binormal import BinormalFit, normal_density, share_of_deviate
from toolkit.stats.binormal.proper import ON_EDGE, BinormalLrFit
from toolkit.stats.binormal.proper_model import area_between, at_share, best_utility, cells, widest

Fit = BinormalFit | BinormalLrFit
Gradient = tuple[float, float]

_STEP = 1e-5  # of a central difference


def fitted_curve(fit: Fit, *, n_points: int = 201) -> Curve:
    """Return points of a fitted curve, to be drawn over the empirical one.

    Parameters
    ----------
    fit : BinormalFit or BinormalLrFit
        From ``binormal_fit`` or ``binormal_lr_fit``.
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
    >>> from toolkit.stats.binormal import binormal_fit, binormal_lr_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> curves = [fitted_curve(fit(truth, rating)) for fit in (binormal_fit, binormal_lr_fit)]
    >>> [round(float(np.trapezoid(curve.y, curve.x)), 3) for curve in curves]
    [0.911, 0.911]
    """
    number = check_count(n_points, name="n_points")
    if number < 2:
        msg = f"n_points must be 2 or more, for both corners, but got {number}"
        raise ValueError(msg)
    points = np.full((2, number), math.nan)
    if _is_fitted(fit):
        points = (
            _points(fit, number) if isinstance(fit, BinormalFit) else _proper_points(fit, number)
        )
    return Curve(
        kind="roc",
        x=points[1],
        y=points[0],
        threshold=np.full(number, math.nan),
        label=fit.label,
        n_cases=fit.n_cases,
        n_positive=fit.n_positive,
        method=fit.method,
        note="points of a model belong to no rating" if _is_fitted(fit) else fit.note,
    )


def fitted_sensitivity(fit: Fit, *, specificity: float, ci_level: float = 0.95) -> Estimate:
    """Estimate the sensitivity of a fitted curve at a given specificity.

    Parameters
    ----------
    fit : BinormalFit or BinormalLrFit
        From ``binormal_fit`` or ``binormal_lr_fit``.
    specificity : float
        Between 0 and 1.
    ci_level : float
        Confidence level, two-sided.

    Returns
    -------
    Estimate
        Wald on the probit scale; conventional binormal Phi(a + b z) with z = Phi^-1(1 -
        specificity). NaN with the note of the fit where there is no fit.

    Raises
    ------
    ValueError
        If ``specificity`` or ``ci_level`` is malformed.

    Examples
    --------
    >>> from toolkit.stats.binormal import binormal_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> point = fitted_sensitivity(binormal_fit(truth, rating), specificity=0.9)
    >>> f"{point.estimate:.3f} ({point.ci_low:.3f}, {point.ci_high:.3f})"
    '0.771 (0.617, 0.883)'
    """
    share = check_inner_share(specificity, name="specificity")
    if isinstance(fit, BinormalFit):
        deviate = -float(ndtri(share))
        q = fit.intercept + fit.slope * deviate
        return _of_deviate(fit, q, (1.0, deviate), quantity="sensitivity", ci_level=ci_level)
    return _of_value(
        fit,
        lambda d_a, c: float(cells(at_share(1 - share, d_a, c, positive=False), d_a, c)[0, 1]),
        quantity="sensitivity",
        ci_level=ci_level,
    )


def fitted_specificity(fit: Fit, *, sensitivity: float, ci_level: float = 0.95) -> Estimate:
    """Estimate the specificity of a fitted curve at a given sensitivity.

    Parameters
    ----------
    fit : BinormalFit or BinormalLrFit
        From ``binormal_fit`` or ``binormal_lr_fit``.
    sensitivity : float
        Between 0 and 1.
    ci_level : float
        Confidence level, two-sided.

    Returns
    -------
    Estimate
        Wald on the probit scale; conventional binormal Phi((a - q) / b) with q =
        Phi^-1(sensitivity). NaN with the note of the fit where there is no fit.

    Raises
    ------
    ValueError
        If ``sensitivity`` or ``ci_level`` is malformed.

    Examples
    --------
    >>> from toolkit.stats.binormal import binormal_lr_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> point = fitted_specificity(binormal_lr_fit(truth, rating), sensitivity=0.9)
    >>> f"{point.estimate:.3f} ({point.ci_low:.3f}, {point.ci_high:.3f})"
    '0.701 (0.443, 0.884)'
    """
    share = check_inner_share(sensitivity, name="sensitivity")
    if isinstance(fit, BinormalFit):
        q = (fit.intercept - float(ndtri(share))) / fit.slope
        slopes = (1 / fit.slope, -q / fit.slope)
        return _of_deviate(fit, q, slopes, quantity="specificity", ci_level=ci_level)
    return _of_value(
        fit,
        lambda d_a, c: float(cells(at_share(share, d_a, c, positive=True), d_a, c)[1, 0]),
        quantity="specificity",
        ci_level=ci_level,
    )


def fitted_partial_auc(
    fit: Fit, *, low: float, high: float, along: Axis = "specificity", ci_level: float = 0.95
) -> Estimate:
    """Estimate the area under a fitted curve over a range of one of its axes.

    Parameters
    ----------
    fit : BinormalFit or BinormalLrFit
        From ``binormal_fit`` or ``binormal_lr_fit``.
    low, high, along
        As in ``toolkit.stats.auc.partial_auc``.
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
    >>> from toolkit.stats.binormal import binormal_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> area = fitted_partial_auc(binormal_fit(truth, rating), low=0.9, high=1)
    >>> f"{area.estimate:.4f} ({area.ci_low:.4f}, {area.ci_high:.4f})"
    '0.0653 (0.0451, 0.0819)'
    """
    start, stop = check_range(low, high, along=along)
    width = stop - start
    if isinstance(fit, BinormalFit):
        deviate, slopes = _share_of_area(fit, start, stop, along)
        estimate = _of_deviate(fit, deviate, slopes, quantity="partial_auc", ci_level=ci_level)
    else:
        # Seen along sensitivity the curve is proper binormal as well, with the opposite c.
        sign = 1 if along == "specificity" else -1
        estimate = _of_value(
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
    >>> from toolkit.stats.binormal import binormal_lr_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> utility = binormal_lr_expected_utility(binormal_lr_fit(truth, rating), slope=1)
    >>> f"{utility.estimate:.3f} ({utility.ci_low:.3f}, {utility.ci_high:.3f})"
    '0.674 (0.543, 0.786)'
    """
    factor = check_positive(slope, name="slope")
    return _of_value(
        fit,
        lambda d_a, c: best_utility(factor, d_a, c),
        quantity="expected_utility",
        ci_level=ci_level,
    )


def _is_fitted(fit: Fit) -> bool:
    """Whether there is a fit."""
    return not math.isnan(fit.slope if isinstance(fit, BinormalFit) else fit.c)


def _points(fit: BinormalFit, number: int) -> FloatArray:
    """Return sensitivity and 1 - specificity, half of the points in equal steps of each class."""
    a, b = fit.intercept, fit.slope
    # Beyond lie 3 cases in 100,000.
    healthy, diseased = np.linspace(-4, 4, number // 2), np.linspace(-4, 4, number - number // 2)
    deviates = np.sort(np.concatenate([healthy, (diseased - a) / b]))
    deviates[[0, -1]] += np.array([-math.inf, math.inf])  # the corners
    return np.stack([ndtr(a + b * deviates), ndtr(deviates)])


def _proper_points(fit: BinormalLrFit, number: int) -> FloatArray:
    """Return sensitivity and 1 - specificity at points that lie close where the curve bends."""
    d_a, c = fit.d_a, fit.c
    low, high = widest(d_a, c)
    fine = np.linspace(low, high, 20_001)[1:-1]
    total = cells(fine, d_a, c).sum(axis=0)[:0:-1].cumsum()
    # In equal steps of both shares together, all but the corners.
    v = np.interp(np.linspace(2, 0, number)[1:-1], total, fine[::-1])
    above = cells(v, d_a, c)[:, :0:-1].cumsum(axis=1)
    return np.pad(np.minimum(above, 1.0), ((0, 0), (1, 1)), constant_values=(0, 1))


def _share_of_area(
    fit: BinormalFit, start: float, stop: float, along: Axis
) -> tuple[float, Gradient]:
    """Return the deviate of the share of the area in its range, and its slopes by a and b."""
    a, b = fit.intercept, fit.slope
    # Along sensitivity the curve is binormal as well, with a / b and 1 / b.
    own = (a, b) if along == "specificity" else (a / b, 1 / b)
    limits = -float(ndtri(stop)), -float(ndtri(start))
    share, by_a, by_b = (value / (stop - start) for value in _area_integrals(*own, *limits))
    if along == "sensitivity":
        by_a, by_b = by_a / b, -(a * by_a + by_b) / b**2
    deviate = float(ndtri(min(share, 1.0)))  # the integral may pass 1 by rounding
    density = normal_density(deviate) or math.nan  # 0 where the area fills its range
    return deviate, (by_a / density, by_b / density)


def _area_integrals(a: float, b: float, low: float, high: float) -> tuple[float, float, float]:
    """Return the integral of phi(z) Phi(a + b z) from low to high and its derivatives by a, b."""
    from scipy.integrate import quad  # costs a tenth of a second, for this alone

    if math.isnan(a):
        return math.nan, math.nan, math.nan
    ends = max(low, -9.0), min(high, 9.0)  # beyond lies less than 1e-18 of the healthy cases
    middle = min(max(-a / b, ends[0]), ends[1])

    def integral(function: Callable[[float], float]) -> float:
        parts = ((ends[0], middle), (middle, ends[1]))
        return sum(quad(function, *part, epsabs=1e-13, epsrel=1e-11)[0] for part in parts)

    return (
        integral(lambda z: normal_density(z) * float(ndtr(a + b * z))),
        integral(lambda z: normal_density(z) * normal_density(a + b * z)),
        integral(lambda z: z * normal_density(z) * normal_density(a + b * z)),
    )


def _of_deviate(
    fit: BinormalFit, deviate: float, gradient: Gradient, *, quantity: str, ci_level: float
) -> Estimate:
    """Return a share Phi(deviate) of a conventional fit as an estimate."""
    level = check_ci_level(ci_level)
    inference = share_of_deviate(fit.covariance, deviate, gradient, ci_level=level)
    full = "the estimate fills its range: no interval" if math.isnan(inference["std_error"]) else ""
    note = full if _is_fitted(fit) else fit.note
    return _estimate(fit, inference, note, quantity=quantity, level=level)


def _of_value(
    fit: BinormalLrFit, value: Callable[[float, float], float], *, quantity: str, ci_level: float
) -> Estimate:
    """Return a share of a proper fit that depends on d_a and c, by the delta method."""
    level = check_ci_level(ci_level)
    nothing: dict[str, Any] = dict.fromkeys(
        ("estimate", "std_error", "ci_low", "ci_high"), math.nan
    )
    known, note = nothing, fit.note
    if _is_fitted(fit):
        known = {**nothing, "estimate": value(fit.d_a, fit.c)}
        if not 0 < known["estimate"] < 1:
            note = "the estimate is at or beyond an end of its range: no interval"
        elif not math.isnan(fit.covariance[1, 1]):
            known = _inference(fit, value, known["estimate"], level)
            note = "" if fit.d_a else ON_EDGE
    return _estimate(fit, known, note, quantity=quantity, level=level)


def _estimate(
    fit: Fit, known: dict[str, Any], note: str, *, quantity: str, level: float
) -> Estimate:
    """Return what is known of a share of a fit."""
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
