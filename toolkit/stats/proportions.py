"""Intervals for one proportion: sensitivity, recall rate, detection rate, predictive values.

The count of events is taken as binomial: every unit (case, woman) counts once and independently.
Two breasts of one woman do not; those are clusters and need another method.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from scipy import special

from toolkit.results import Comparison, Estimate
from toolkit.stats._checks import check_choice, check_ci_level, check_numerator

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
        limits=_wilson_from_tail,
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
    numerator, denominator : int
        Units with the event, of all units that could have it.
    ci_level : float
        Confidence level, two-sided; coverage is never below it.
    quantity : str
        What is estimated, e.g. ``"sensitivity"`` or ``"recall_rate"``.
    unit : {"probability", "per_1000"}
        ``"per_1000"`` gives estimate, limits and standard error times 1,000.
    label : str
        Who or what was measured.

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
        limits=_clopper_pearson_from_tail,
        ci_method="Clopper-Pearson exact",
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


def wilson_limits(part: int, whole: int, z: float) -> tuple[float, float]:
    """Return the Wilson limits of ``part`` of ``whole`` at ``z`` standard normal deviates.

    The building block of intervals made from two proportions; ``whole`` must be above 0.
    """
    fewer = min(part, whole - part)
    # Roots of (n + z^2) p^2 - (2 x + z^2) p + x^2 / n = 0 (Wilson 1927), the smaller one from
    # their product: the difference in the textbook form loses digits where events are rare.
    root = z * math.sqrt(z * z + 4 * fewer * (whole - fewer) / whole)
    high = (2 * fewer + z * z + root) / (2 * (whole + z * z))
    low = 2 * fewer * (fewer / whole) / (2 * fewer + z * z + root) if fewer else 0.0
    # Mirroring the commoner half keeps the limits within [0, 1] and 0 and 1 exact.
    return (low, high) if fewer == part else (1 - high, 1 - low)


def _wilson_from_tail(part: int, whole: int, tail: float) -> tuple[float, float]:
    """Return the Wilson limits that leave ``tail`` on each side."""
    return wilson_limits(part, whole, -float(special.ndtri(tail)))


def _clopper_pearson_from_tail(part: int, whole: int, tail: float) -> tuple[float, float]:
    """Return the Clopper-Pearson limits that leave ``tail`` on each side."""
    # P(X >= x | p) is the beta distribution function with x and n - x + 1, at p.
    low = float(special.betaincinv(part, whole - part + 1, tail)) if part else 0.0
    high = float(special.betainccinv(part + 1, whole - part, tail)) if part < whole else 1.0
    return low, high


def _proportion_ci(
    numerator: int,
    denominator: int,
    *,
    limits: Callable[[int, int, float], tuple[float, float]],
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
        note="" if whole else f"{quantity} is not defined: 0 units in the denominator",
        quantity=quantity,
        unit="probability",
        estimate=share,
        std_error=math.sqrt(share * (1 - share) / whole) if whole else math.nan,
        ci_low=low,
        ci_high=high,
        ci_level=level,
        ci_method=ci_method,
        label=label,
        numerator=part,
        denominator=whole,
    )
    return per_1000(result) if unit == "per_1000" else result
