"""Intervals for one proportion: sensitivity, recall rate, detection rate, predictive values.

The count of events is taken as binomial: every unit (case, woman) counts once and independently.
Two breasts of one woman do not: see ``toolkit.stats.proportions.clustered``. First the limits by
each method, for arrays of counts, then ``proportion_ci``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import FloatArray
from toolkit.results import Comparison, Estimate
from toolkit.stats._checks import check_choice, check_ci_level, check_numerator, chosen

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

ProportionMethod = Literal[
    "wilson", "clopper_pearson", "midp", "blaker", "jeffreys", "agresti_coull", "wald"
]
_METHODS: dict[str, tuple[str, Callable[[int, int, float], Limits]]] = {
    "wilson": ("Wilson score", wilson),
    "clopper_pearson": ("Clopper-Pearson exact", clopper_pearson),
    "midp": ("mid-P exact", midp),
    "blaker": ("Blaker exact", blaker),
    "jeffreys": ("Jeffreys", jeffreys),
    "agresti_coull": ("Agresti-Coull", agresti_coull),
    "wald": ("Wald", wald),
}
_EstimateT = TypeVar("_EstimateT", bound=Estimate)


def proportion_ci(
    numerator: int,
    denominator: int,
    *,
    method: ProportionMethod = "wilson",
    ci_level: float = 0.95,
    quantity: str = "proportion",
    unit: str = "probability",
    label: str = "",
) -> Estimate:
    """Estimate a proportion with an interval, by default Wilson's.

    Parameters
    ----------
    numerator, denominator : int
        Units with the event, of all units that could have it.
    method : str
        How the interval is made, see Notes.
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
        ``estimate`` is the plain proportion by every method. ``std_error`` is the plug-in
        sqrt(p (1 - p) / n): 0 where no or every unit has the event, and not what the interval is
        made from but by ``"wald"``. 0 of 0 is NaN with a note. A limit outside 0 and 1, as
        ``"agresti_coull"`` and ``"wald"`` can have, is replaced by 0 or 1, with a note.

    Raises
    ------
    ValueError
        If a count is not a whole number of 0 or more, the numerator exceeds the denominator,
        ``ci_level`` does not lie between 0 and 1, or ``method`` or ``unit`` is not known.

    Notes
    -----
    =================== ========================================================================
    ``wilson``          The default [1]_ [2]_. The proportions that a two-sided score test just
                        does not reject. Coverage is near nominal on average but can fall below
                        it for a given proportion.
    ``clopper_pearson`` Where coverage must be guaranteed [3]_: at each limit the binomial tail
                        that holds the count is (1 - ``ci_level``) / 2. The price is width: with
                        30 cancers the mean coverage of a 95 % interval is about 97.5 %.
    ``blaker``          Guaranteed as well, within Clopper-Pearson's [4]_: the proportions that
                        are not rejected by the test that adds to the tail with the count the
                        largest opposite tail that is no more probable. The two tails are not
                        each below (1 - ``ci_level``) / 2: not for a one-sided claim.
    ``midp``            As Clopper-Pearson, but a tail holds half the probability of the count
                        that was observed [5]_: nearer nominal and no longer guaranteed.
    ``jeffreys``        Bayesian [2]_: equal-tailed quantiles of a beta distribution with x + 1/2
                        and n - x + 1/2; begins at 0 where no unit has the event and ends at 1
                        where every one has. At levels far below those in use it need not hold
                        the estimate.
    ``agresti_coull``   Wald's after adding z^2 / 2 events and as many units without [6]_:
                        centred as Wilson's and never narrower. Prefer ``wilson``.
    ``wald``            For reproducing papers only [2]_: plus and minus z standard errors, no
                        interval, with a note, where no or every unit has the event. Covers far
                        less often than it says where events are rare or common: with 30 cancers
                        and a sensitivity of 0.98 the 95 % interval covers in 45 of 100 studies.
    =================== ========================================================================

    None is for clustered units.

    References
    ----------
    .. [1] Wilson EB. J Am Stat Assoc 1927;22:209-212. doi:10.1080/01621459.1927.10502953
    .. [2] Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133. doi:10.1214/ss/1009213286
    .. [3] Clopper CJ, Pearson ES. Biometrika 1934;26:404-413. doi:10.1093/biomet/26.4.404
    .. [4] Blaker H. Can J Stat 2000;28:783-798. doi:10.2307/3315916
    .. [5] Berry G, Armitage P. Statistician 1995;44:417-423. doi:10.2307/2348891
    .. [6] Agresti A, Coull BA. Am Stat 1998;52:119-126. doi:10.1080/00031305.1998.10480550

    Examples
    --------
    >>> sensitivity = proportion_ci(28, 30, quantity="sensitivity")
    >>> f"{sensitivity.estimate:.3f} ({sensitivity.ci_low:.3f}, {sensitivity.ci_high:.3f})"
    '0.933 (0.787, 0.982)'
    >>> for method in ("clopper_pearson", "midp", "blaker", "jeffreys", "agresti_coull"):
    ...     other = proportion_ci(28, 30, method=method)
    ...     print(f"{other.ci_low:.3f} to {other.ci_high:.3f}, {other.ci_method}")
    0.779 to 0.992, Clopper-Pearson exact
    0.797 to 0.989, mid-P exact
    0.791 to 0.988, Blaker exact
    0.803 to 0.986, Jeffreys
    0.776 to 0.992, Agresti-Coull

    Lång 2021: 7 of 68 cancers had a low score, 10.3 % (3.1 to 17.5).

    >>> low_score = proportion_ci(7, 68, method="wald")
    >>> f"{low_score.estimate:.1%} ({low_score.ci_low:.1%} to {low_score.ci_high:.1%})"
    '10.3% (3.1% to 17.5%)'
    """
    ci_method, limits = chosen(method, _METHODS)
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
    >>> per_1000(proportion_ci(6, 1000)).estimate
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
