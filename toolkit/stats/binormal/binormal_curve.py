"""What a fitted binormal curve says: its points, and sensitivity, specificity and areas on it.

All holds as far as the model does, least where few cases lie; no point belongs to a rating.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.special import ndtr, ndtri

from toolkit.results import Curve, Estimate
from toolkit.stats._checks import check_ci_level, check_count, check_inner_share
from toolkit.stats.auc.curve import Axis, check_range
from toolkit.stats.binormal.binormal import BinormalFit, normal_density, share_of_deviate


def binormal_curve(fit: BinormalFit, *, n_points: int = 201) -> Curve:
    """Return points of a fitted binormal curve, to be drawn over the empirical one.

    Parameters
    ----------
    fit : BinormalFit
        From ``binormal_fit``.
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
    >>> from toolkit.stats.binormal.binormal import binormal_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> curve = binormal_curve(binormal_fit(truth, rating))
    >>> round(float(np.trapezoid(curve.y, curve.x)), 3)
    0.911
    """
    number = check_count(n_points, name="n_points")
    if number < 2:
        msg = f"n_points must be 2 or more, for both corners, but got {number}"
        raise ValueError(msg)
    a, b = fit.intercept, fit.slope
    # One half of the points in equal steps of each class; beyond lie 3 cases in 100,000.
    healthy, diseased = np.linspace(-4, 4, number // 2), np.linspace(-4, 4, number - number // 2)
    deviates = np.sort(np.concatenate([healthy + 0 * b, (diseased - a) / b]))
    deviates[[0, -1]] += np.array([-math.inf, math.inf])  # the corners; NaN stays NaN
    return Curve(
        kind="roc",
        x=ndtr(deviates),
        y=ndtr(a + b * deviates),
        threshold=np.full(number, math.nan),
        label=fit.label,
        n_cases=fit.n_cases,
        n_positive=fit.n_positive,
        method=fit.method,
        note=fit.note if math.isnan(b) else "points of a model belong to no rating",
    )


def binormal_sensitivity_at_specificity(
    fit: BinormalFit, *, specificity: float, ci_level: float = 0.95
) -> Estimate:
    """Estimate the sensitivity of a fitted binormal curve at a given specificity.

    Parameters
    ----------
    fit : BinormalFit
        From ``binormal_fit``.
    specificity : float
        Between 0 and 1.
    ci_level : float
        Confidence level, two-sided.

    Returns
    -------
    Estimate
        Phi(a + b z) with z = Phi^-1(1 - specificity), Wald on the scale of a + b z. NaN with the
        note of the fit where there is no fit.

    Raises
    ------
    ValueError
        If ``specificity`` or ``ci_level`` is malformed.

    Examples
    --------
    >>> from toolkit.stats.binormal.binormal import binormal_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> point = binormal_sensitivity_at_specificity(binormal_fit(truth, rating), specificity=0.9)
    >>> f"{point.estimate:.3f} ({point.ci_low:.3f}, {point.ci_high:.3f})"
    '0.771 (0.617, 0.883)'
    """
    deviate = -float(ndtri(check_inner_share(specificity, name="specificity")))
    q = fit.intercept + fit.slope * deviate
    return _derived(fit, q, (1.0, deviate), quantity="sensitivity", ci_level=ci_level)


def binormal_specificity_at_sensitivity(
    fit: BinormalFit, *, sensitivity: float, ci_level: float = 0.95
) -> Estimate:
    """Estimate the specificity of a fitted binormal curve at a given sensitivity.

    Parameters
    ----------
    fit : BinormalFit
        From ``binormal_fit``.
    sensitivity : float
        Between 0 and 1.
    ci_level : float
        Confidence level, two-sided.

    Returns
    -------
    Estimate
        Phi((a - q) / b) with q = Phi^-1(sensitivity), Wald on the scale of (a - q) / b. NaN with
        the note of the fit where there is no fit.

    Raises
    ------
    ValueError
        If ``sensitivity`` or ``ci_level`` is malformed.

    Examples
    --------
    >>> from toolkit.stats.binormal.binormal import binormal_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> point = binormal_specificity_at_sensitivity(binormal_fit(truth, rating), sensitivity=0.9)
    >>> f"{point.estimate:.3f} ({point.ci_low:.3f}, {point.ci_high:.3f})"
    '0.701 (0.443, 0.884)'
    """
    deviate = float(ndtri(check_inner_share(sensitivity, name="sensitivity")))
    q = (fit.intercept - deviate) / fit.slope
    return _derived(
        fit, q, (1 / fit.slope, -q / fit.slope), quantity="specificity", ci_level=ci_level
    )


def binormal_partial_auc(
    fit: BinormalFit,
    *,
    low: float,
    high: float,
    along: Axis = "specificity",
    ci_level: float = 0.95,
) -> Estimate:
    """Estimate the area under a fitted binormal curve over a range of one of its axes.

    Parameters
    ----------
    fit : BinormalFit
        From ``binormal_fit``.
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
    >>> from toolkit.stats.binormal.binormal import binormal_fit
    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> area = binormal_partial_auc(binormal_fit(truth, rating), low=0.9, high=1)
    >>> f"{area.estimate:.4f} ({area.ci_low:.4f}, {area.ci_high:.4f})"
    '0.0653 (0.0451, 0.0819)'
    """
    start, stop = check_range(low, high, along=along)
    a, b = fit.intercept, fit.slope
    # Along sensitivity the curve is binormal as well, with a / b and 1 / b.
    own = (a, b) if along == "specificity" else (a / b, 1 / b)
    limits = -float(ndtri(stop)), -float(ndtri(start))
    share, by_a, by_b = (value / (stop - start) for value in _area_integrals(*own, *limits))
    if along == "sensitivity":
        by_a, by_b = by_a / b, -(a * by_a + by_b) / b**2
    deviate = float(ndtri(min(share, 1.0)))  # the integral may pass 1 by rounding
    density = normal_density(deviate) or math.nan  # 0 where the area fills its range
    slopes = by_a / density, by_b / density
    estimate = _derived(fit, deviate, slopes, quantity="partial_auc", ci_level=ci_level)
    scaled = {
        name: (stop - start) * getattr(estimate, name)
        for name in ("estimate", "std_error", "ci_low", "ci_high")
    }
    return replace(estimate, ci_method="Wald, probit scale of the share", **scaled)


def _derived(
    fit: BinormalFit,
    deviate: float,
    gradient: tuple[float, float],
    *,
    quantity: str,
    ci_level: float,
) -> Estimate:
    """Return a share Phi(deviate) of a fit as an estimate."""
    level = check_ci_level(ci_level)
    inference = share_of_deviate(fit.covariance, deviate, gradient, ci_level=level)
    full = "the estimate fills its range: no interval" if math.isnan(inference["std_error"]) else ""
    return Estimate(
        quantity=quantity,
        unit="probability",
        ci_level=level,
        ci_method="Wald, probit scale",
        label=fit.label,
        n_cases=fit.n_cases,
        n_positive=fit.n_positive,
        method=fit.method,
        note=fit.note if math.isnan(fit.slope) else full,
        **inference,
    )


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
