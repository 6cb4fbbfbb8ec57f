"""Intervals for one proportion: sensitivity, recall rate, detection rate, predictive values.

The count of events is taken as binomial: every unit (case, woman) counts once and independently.
Two breasts of one woman do not: see ``toolkit.stats.proportions.clustered``. ``wilson_ci`` is the
default and ``clopper_pearson_ci`` the one whose coverage is guaranteed; the others are there to
reproduce or to check what was reported with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import FloatArray
from toolkit.results import Comparison, Estimate
from toolkit.stats._checks import check_choice, check_ci_level, check_numerator

Limits = tuple[FloatArray, FloatArray]


def wilson_at(part: ArrayLike, whole: ArrayLike, z: float) -> Limits:
    """Return the Wilson limits at ``z`` standard normal deviates.

    The counts need not be whole numbers, as with an effective number of cases.
    """
    x, n = _counts(part, whole)
    fewer = np.minimum(x, n - x)
    # Roots of (n + z^2) p^2 - (2 x + z^2) p + x^2 / n = 0 (Wilson 1927), the smaller one from
    # their product: the difference in the textbook form loses digits where events are rare.
    root = z * np.sqrt(z * z + 4 * fewer * ((n - fewer) / n))
    high = (2 * fewer + z * z + root) / (2 * (n + z * z))
    # At z = 0 and no event the product of the roots is 0 / 0.
    low = 2 * fewer * (fewer / n) / np.where(fewer > 0, 2 * fewer + z * z + root, 1.0)
    # Mirroring the commoner half keeps the limits within [0, 1] and 0 and 1 exact.
    rare = fewer == x
    return np.where(rare, low, 1 - high), np.where(rare, high, 1 - low)


def wilson(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the Wilson limits."""
    return wilson_at(part, whole, deviate(tail))


def clopper_pearson(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the Clopper-Pearson limits."""
    x, n = _counts(part, whole)
    # P(X >= x | p) is the beta distribution function with x and n - x + 1, at p.
    low = special.betaincinv(np.maximum(x, 1), n - x + 1, tail)
    high = special.betainccinv(x + 1, np.maximum(n - x, 1), tail)
    return np.where(x > 0, low, 0.0), np.where(x < n, high, 1.0)


def jeffreys(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the quantiles of the posterior under Jeffreys's prior; 0 of n begins at 0."""
    x, n = _counts(part, whole)
    low = special.betaincinv(x + 0.5, n - x + 0.5, tail)
    high = special.betainccinv(x + 0.5, n - x + 0.5, tail)
    return np.where(x > 0, low, 0.0), np.where(x < n, high, 1.0)


def agresti_coull(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the Agresti-Coull limits; they can lie outside [0, 1]."""
    x, n = _counts(part, whole)
    z = deviate(tail)
    return _wald(x + z * z / 2, n + z * z, z)


def wald(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the Wald limits, NaN where their distance is 0; they can lie outside [0, 1]."""
    x, n = _counts(part, whole)
    low, high = _wald(x, n, deviate(tail))
    same = (x == 0) | (x == n)
    return np.where(same, np.nan, low), np.where(same, np.nan, high)


def midp(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the mid-P limits."""
    x, n = _counts(part, whole)

    def above(
        p: FloatArray, k: FloatArray, n: FloatArray
    ) -> FloatArray:  # P(X > k) + P(X = k) / 2, less the tail
        return (_at_least(k, n, p) + _at_least(k + 1, n, p)) / 2 - tail

    def below(p: FloatArray, k: FloatArray, n: FloatArray) -> FloatArray:
        return (_at_most(k, n, p) + _at_most(k - 1, n, p)) / 2 - tail

    # The Clopper-Pearson limit lies outside, that of the neighbouring count inside.
    some, not_all = np.maximum(x, 1), np.minimum(x, n - 1)
    outer, inner = (
        clopper_pearson(some, n, tail)[0],
        clopper_pearson(np.minimum(some + 1, n), n, tail)[0],
    )
    low = _root(above, (outer, np.where(some < n, inner, 1.0)), some, n)
    outer, inner = (
        clopper_pearson(not_all, n, tail)[1],
        clopper_pearson(np.maximum(not_all - 1, 0), n, tail)[1],
    )
    high = _root(below, (np.where(not_all > 0, inner, 0.0), outer), not_all, n)
    return np.where(x > 0, low, 0.0), np.where(x < n, high, 1.0)


def blaker(part: ArrayLike, whole: ArrayLike, tail: float) -> Limits:
    """Return the Blaker limits, the ends of the set of proportions that are not rejected.

    A proportion is rejected where the tail that holds the count, added to the largest opposite
    tail that is no more probable, is below 2 ``tail``.
    """
    x, n = _counts(part, whole)
    low = _blaker_low(np.maximum(x, 1), n, tail)
    inverse_high = _blaker_low(np.maximum(n - x, 1), n, tail)
    return np.where(x > 0, low, 0.0), np.where(x < n, 1 - inverse_high, 1.0)


def deviate(tail: float) -> float:
    """Return the standard normal deviate that leaves ``tail`` above it."""
    return -float(special.ndtri(tail))


def _root(function: Callable[..., FloatArray], bracket: Limits, *counts: FloatArray) -> FloatArray:
    """Return where ``function(p, *counts)`` crosses 0 within ``bracket``; NaN where it does not."""
    from scipy.optimize import elementwise  # Wilson's interval must not pay for this import

    found = elementwise.find_root(function, bracket, args=counts)
    return np.asarray(np.where(found.success, found.x, np.nan), dtype=np.float64)


def _blaker_low(x: FloatArray, n: FloatArray, tail: float) -> FloatArray:
    """Return the lower Blaker limit of ``x`` above 0.

    From the Clopper-Pearson limit up the tail that holds the count, P(X >= x), grows, and
    opposite tails P(X <= k) shrink. Where the next larger opposite tail becomes no more probable
    it is added, and the sum jumps, to twice P(X >= x) and so to 2 ``tail`` or more. The limit is
    this place, or one before it where the sum reaches 2 ``tail`` without the jump. That sum is 1
    less the probability of an interval of counts, which has one maximum, so it crosses once.
    """
    outer = clopper_pearson(x, n, tail)[0]
    k = _largest_below(tail, x, n, outer)

    def excess(p: FloatArray, x: FloatArray, k: FloatArray, n: FloatArray) -> FloatArray:
        return _at_least(x, n, p) - _at_most(k + 1, n, p)

    def total(p: FloatArray, x: FloatArray, k: FloatArray, n: FloatArray) -> FloatArray:
        return _at_least(x, n, p) + _at_most(k, n, p) - 2 * tail

    jump = _root(excess, (outer, np.ones_like(outer)), x, k, n)
    smooth = np.where(total(outer, x, k, n) < 0, _root(total, (outer, jump), x, k, n), outer)
    limit = np.where(total(jump, x, k, n) >= 0, smooth, jump)
    # Among billions of units rounding can leave nothing to cross; the limit further out is safe.
    return np.where(np.isnan(limit), outer, limit)


def _largest_below(tail: float, x: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    """Return the largest k below ``x``, or -1, for which P(X <= k) is at most ``tail``."""
    small, large = np.full_like(x, -1.0), x
    while np.any(large - small > 1):
        middle = np.floor((small + large) / 2)
        is_small = _at_most(middle, n, p) <= tail
        small, large = np.where(is_small, middle, small), np.where(is_small, large, middle)
    return small


def _counts(part: ArrayLike, whole: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return the counts as float64 of one shape."""
    x, n = np.broadcast_arrays(np.asarray(part, np.float64), np.asarray(whole, np.float64))
    return x, n


def _wald(x: FloatArray, n: FloatArray, z: float) -> Limits:
    """Return x / n less and plus z standard errors."""
    share = x / n
    reach = z * np.sqrt(share * (1 - share) / n)
    return share - reach, share + reach


def _at_least(k: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    """Return P(X >= k) of a binomial count."""
    inside = np.clip(k, 1, n)
    tails = special.betainc(inside, n - inside + 1, p)
    return np.where(k <= 0, 1.0, np.where(k > n, 0.0, tails))


def _at_most(k: FloatArray, n: FloatArray, p: FloatArray) -> FloatArray:
    """Return P(X <= k) of a binomial count."""
    inside = np.clip(k, 0, n - 1)
    tails = special.betaincc(inside + 1, n - inside, p)
    return np.where(k >= n, 1.0, np.where(k < 0, 0.0, tails))


UNITS = ("probability", "per_1000")

_EstimateT = TypeVar("_EstimateT", bound=Estimate)


def wilson_ci(
    numerator: int,
    denominator: int,
    *,
    ci_level: float = 0.95,
    quantity: str = "proportion",
    unit: str = "probability",
    label: str = "",
) -> Estimate:
    """Estimate a proportion with its Wilson score interval, the default for one proportion.

    Parameters
    ----------
    numerator, denominator : int
        Units with the event, of all units that could have it.
    ci_level : float
        Confidence level, two-sided.
    quantity : str
        What is estimated, e.g. ``"sensitivity"`` or ``"recall_rate"``.
    unit : {"probability", "per_1000"}
        ``"per_1000"`` gives estimate, limits and standard error times 1,000.
    label : str
        Who or what was measured.

    Returns
    -------
    Estimate
        ``std_error`` is the plug-in sqrt(p (1 - p) / n): 0 where no or every unit has the event,
        and not what the interval is made from. 0 of 0 is NaN with a note.

    Raises
    ------
    ValueError
        If a count is not a whole number of 0 or more, the numerator exceeds the denominator,
        ``ci_level`` does not lie between 0 and 1, or ``unit`` is not known.

    Notes
    -----
    The limits are the proportions that a two-sided score test at level 1 - ``ci_level`` just does
    not reject. Coverage is near nominal on average but can fall below it for a given proportion:
    use ``clopper_pearson_ci`` where coverage must be guaranteed. Not for clustered units.

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927;22:209-212. doi:10.1080/01621459.1927.10502953

    Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133. doi:10.1214/ss/1009213286

    Examples
    --------
    >>> sensitivity = wilson_ci(28, 30, quantity="sensitivity")
    >>> f"{sensitivity.estimate:.3f} ({sensitivity.ci_low:.3f}, {sensitivity.ci_high:.3f})"
    '0.933 (0.787, 0.982)'
    """
    return _proportion_ci(
        numerator,
        denominator,
        limits=wilson,
        ci_method="Wilson score",
        ci_level=ci_level,
        quantity=quantity,
        unit=unit,
        label=label,
    )


def clopper_pearson_ci(
    numerator: int,
    denominator: int,
    *,
    ci_level: float = 0.95,
    quantity: str = "proportion",
    unit: str = "probability",
    label: str = "",
) -> Estimate:
    """Estimate a proportion with its exact Clopper-Pearson interval, for guaranteed coverage.

    Parameters
    ----------
    numerator, denominator, ci_level, quantity, unit, label
        As in ``wilson_ci``; coverage is never below ``ci_level``.

    Returns
    -------
    Estimate
        As from ``wilson_ci``.

    Raises
    ------
    ValueError
        As ``wilson_ci``.

    Notes
    -----
    The limits are the proportions at which the binomial tail that holds the count is
    (1 - ``ci_level``) / 2. The price of the guarantee is width: with 30 cancers the mean coverage
    of a 95 % interval is about 97.5 %. Not for clustered units.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934;26:404-413. doi:10.1093/biomet/26.4.404

    Examples
    --------
    >>> detection = clopper_pearson_ci(244, 39996, quantity="detection_rate", unit="per_1000")
    >>> f"{detection.estimate:.1f} ({detection.ci_low:.1f}, {detection.ci_high:.1f})"
    '6.1 (5.4, 6.9)'
    """
    return _proportion_ci(
        numerator,
        denominator,
        limits=clopper_pearson,
        ci_method="Clopper-Pearson exact",
        ci_level=ci_level,
        quantity=quantity,
        unit=unit,
        label=label,
    )


def midp_ci(
    numerator: int,
    denominator: int,
    *,
    ci_level: float = 0.95,
    quantity: str = "proportion",
    unit: str = "probability",
    label: str = "",
) -> Estimate:
    """Estimate a proportion with its mid-P interval: exact tails that count what was seen half.

    Parameters
    ----------
    numerator, denominator, ci_level, quantity, unit, label
        As in ``wilson_ci``.

    Returns
    -------
    Estimate
        As from ``wilson_ci``.

    Raises
    ------
    ValueError
        As ``wilson_ci``.

    Notes
    -----
    As ``clopper_pearson_ci``, but a tail holds half the probability of the count that was observed.
    Coverage is nearer nominal and no longer guaranteed. Not for clustered units.

    References
    ----------
    Berry G, Armitage P. Statistician 1995;44:417-423. doi:10.2307/2348891

    Examples
    --------
    >>> detection = midp_ci(1, 1000, unit="per_1000")
    >>> f"{detection.ci_low:.3f} to {detection.ci_high:.2f}"
    '0.050 to 4.92'
    """
    return _proportion_ci(
        numerator,
        denominator,
        limits=midp,
        ci_method="mid-P exact",
        ci_level=ci_level,
        quantity=quantity,
        unit=unit,
        label=label,
    )


def blaker_ci(
    numerator: int,
    denominator: int,
    *,
    ci_level: float = 0.95,
    quantity: str = "proportion",
    unit: str = "probability",
    label: str = "",
) -> Estimate:
    """Estimate a proportion with the exact interval of Blaker, within Clopper-Pearson's.

    Parameters
    ----------
    numerator, denominator, ci_level, quantity, unit, label
        As in ``wilson_ci``.

    Returns
    -------
    Estimate
        As from ``wilson_ci``.

    Raises
    ------
    ValueError
        As ``wilson_ci``.

    Notes
    -----
    The ends of the set of proportions that are not rejected by the test that adds to the tail with
    the count the largest opposite tail that is no more probable. Coverage is guaranteed as by
    ``clopper_pearson_ci``, at less width, but the two tails are not each below
    (1 - ``ci_level``) / 2: not for a one-sided claim. Not for clustered units.

    References
    ----------
    Blaker H. Can J Stat 2000;28:783-798. doi:10.2307/3315916

    Examples
    --------
    >>> sensitivity = blaker_ci(28, 30)
    >>> f"{sensitivity.ci_low:.3f} to {sensitivity.ci_high:.3f}"
    '0.791 to 0.988'
    """
    return _proportion_ci(
        numerator,
        denominator,
        limits=blaker,
        ci_method="Blaker exact",
        ci_level=ci_level,
        quantity=quantity,
        unit=unit,
        label=label,
    )


def jeffreys_ci(
    numerator: int,
    denominator: int,
    *,
    ci_level: float = 0.95,
    quantity: str = "proportion",
    unit: str = "probability",
    label: str = "",
) -> Estimate:
    """Estimate a proportion with the Bayesian interval of Jeffreys's prior.

    Parameters
    ----------
    numerator, denominator, ci_level, quantity, unit, label
        As in ``wilson_ci``.

    Returns
    -------
    Estimate
        As from ``wilson_ci``; ``estimate`` is the plain proportion, not the posterior mean.

    Raises
    ------
    ValueError
        As ``wilson_ci``.

    Notes
    -----
    Equal-tailed quantiles of a beta distribution with x + 1/2 and n - x + 1/2; the interval begins
    at 0 where no unit has the event and ends at 1 where every one has. At levels far below those in
    use it need not hold the estimate. Not for clustered units.

    References
    ----------
    Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133. doi:10.1214/ss/1009213286

    Examples
    --------
    >>> sensitivity = jeffreys_ci(28, 30)
    >>> f"{sensitivity.ci_low:.3f} to {sensitivity.ci_high:.3f}"
    '0.803 to 0.986'
    """
    return _proportion_ci(
        numerator,
        denominator,
        limits=jeffreys,
        ci_method="Jeffreys",
        ci_level=ci_level,
        quantity=quantity,
        unit=unit,
        label=label,
    )


def agresti_coull_ci(
    numerator: int,
    denominator: int,
    *,
    ci_level: float = 0.95,
    quantity: str = "proportion",
    unit: str = "probability",
    label: str = "",
) -> Estimate:
    """Estimate a proportion with the interval of Agresti and Coull.

    Parameters
    ----------
    numerator, denominator, ci_level, quantity, unit, label
        As in ``wilson_ci``.

    Returns
    -------
    Estimate
        As from ``wilson_ci``. A limit outside 0 and 1 is replaced by 0 or 1, with a note.

    Raises
    ------
    ValueError
        As ``wilson_ci``.

    Notes
    -----
    Wald's interval after adding z^2 / 2 events and as many units without: centred as Wilson's and
    never narrower. Prefer ``wilson_ci``. Not for clustered units.

    References
    ----------
    Agresti A, Coull BA. Am Stat 1998;52:119-126. doi:10.1080/00031305.1998.10480550

    Examples
    --------
    >>> sensitivity = agresti_coull_ci(28, 30)
    >>> f"{sensitivity.ci_low:.3f} to {sensitivity.ci_high:.3f}"
    '0.776 to 0.992'
    """
    return _proportion_ci(
        numerator,
        denominator,
        limits=agresti_coull,
        ci_method="Agresti-Coull",
        ci_level=ci_level,
        quantity=quantity,
        unit=unit,
        label=label,
    )


def wald_ci(
    numerator: int,
    denominator: int,
    *,
    ci_level: float = 0.95,
    quantity: str = "proportion",
    unit: str = "probability",
    label: str = "",
) -> Estimate:
    """Estimate a proportion with its Wald interval, for reproducing papers only.

    Parameters
    ----------
    numerator, denominator, ci_level, quantity, unit, label
        As in ``wilson_ci``.

    Returns
    -------
    Estimate
        As from ``wilson_ci``. A limit outside 0 and 1 is replaced by 0 or 1, with a note; where no
        or every unit has the event there is no interval, with a note.

    Raises
    ------
    ValueError
        As ``wilson_ci``.

    Notes
    -----
    Estimate plus and minus z plug-in standard errors. It covers far less often than it says where
    events are rare or common: with 30 cancers and a sensitivity of 0.98 the 95 % interval covers in
    45 of 100 studies. Do not report it for new data. Not for clustered units.

    References
    ----------
    Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133. doi:10.1214/ss/1009213286

    Examples
    --------
    Lång 2021: 7 of 68 cancers had a low score, 10.3 % (3.1 to 17.5).

    >>> low_score = wald_ci(7, 68)
    >>> f"{low_score.estimate:.1%} ({low_score.ci_low:.1%} to {low_score.ci_high:.1%})"
    '10.3% (3.1% to 17.5%)'
    """
    return _proportion_ci(
        numerator,
        denominator,
        limits=wald,
        ci_method="Wald",
        ci_level=ci_level,
        quantity=quantity,
        unit=unit,
        label=label,
    )


def per_1000(result: _EstimateT) -> _EstimateT:
    """Return an estimated probability, or difference of two, as a number per 1,000.

    Parameters
    ----------
    result : Estimate or Comparison
        Its unit must be ``"probability"``. A margin is rescaled as well, so what the result says
        about non-inferiority stays the same.

    Raises
    ------
    ValueError
        If the result is a ratio, which has no unit, or is not in probabilities.

    Examples
    --------
    >>> per_1000(wilson_ci(6, 1000)).estimate
    6.0
    """
    if isinstance(result, Comparison) and result.effect == "ratio":
        msg = f"per_1000 takes no ratio, but got one of {result.quantity}; a ratio has no unit"
        raise ValueError(msg)
    if result.unit != "probability":
        msg = (
            "per_1000 takes a result whose unit is 'probability', but got "
            f"{result.unit!r} for {result.quantity}"
        )
        raise ValueError(msg)
    names = ["estimate", "std_error", "ci_low", "ci_high"]
    if isinstance(result, Comparison):
        names += ["estimate_a", "estimate_b"] + (["margin"] if result.margin is not None else [])
    scaled: dict[str, Any] = {name: 1000 * getattr(result, name) for name in names}
    return replace(result, unit="per_1000", **scaled)


def wilson_limits(part: float, whole: float, z: float) -> tuple[float, float]:
    """Return the Wilson limits of ``part`` of ``whole`` at ``z`` standard normal deviates.

    The building block of intervals made from two proportions; ``whole`` must be above 0.
    """
    low, high = wilson_at(part, whole, z)
    return float(low), float(high)


def _proportion_ci(
    numerator: int,
    denominator: int,
    *,
    limits: Callable[[int, int, float], Limits],
    ci_method: str,
    ci_level: float,
    quantity: str,
    unit: str,
    label: str,
) -> Estimate:
    """Check the counts, then return the proportion with the limits that ``limits`` gives."""
    part, whole = check_numerator(numerator, denominator)
    level = check_ci_level(ci_level)
    check_choice(unit, name="unit", choices=UNITS)
    share = part / whole if whole else math.nan
    low, high = limits(part, whole, (1 - level) / 2) if whole else (math.nan, math.nan)
    result = Estimate(
        method="binomial proportion",
        note=_note(whole, float(low), float(high), quantity),
        quantity=quantity,
        unit="probability",
        estimate=share,
        std_error=math.sqrt(share * (1 - share) / whole) if whole else math.nan,
        ci_low=max(float(low), 0.0),
        ci_high=min(float(high), 1.0),
        ci_level=level,
        ci_method=ci_method,
        label=label,
        numerator=part,
        denominator=whole,
    )
    return per_1000(result) if unit == "per_1000" else result


def _note(whole: int, low: float, high: float, quantity: str) -> str:
    """Return what must be known of limits as a method gives them."""
    if not whole:
        return f"{quantity} is not defined: 0 units in the denominator"
    if math.isnan(low):
        return "no interval: no or every unit has the event, so that its width would be 0"
    notes = []
    if low < 0:
        notes.append("the lower limit lies below 0 and is replaced by it")
    if high > 1:
        notes.append("the upper limit lies above 1 and is replaced by it")
    return "; ".join(notes)
