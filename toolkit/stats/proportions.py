"""Intervals for one proportion: sensitivity, recall rate, detection rate, predictive values.

The count of events is taken as binomial: every unit (case, woman) counts once and independently.
Two breasts of one woman do not: see ``toolkit.stats.clustered_proportions``. ``wilson_ci`` is the
default and ``clopper_pearson_ci`` the one whose coverage is guaranteed; the others are there to
reproduce or to check what was reported with them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from toolkit.results import Comparison, Estimate
from toolkit.stats._checks import check_choice, check_ci_level, check_numerator
from toolkit.stats._proportion_limits import (
    Limits,
    agresti_coull,
    blaker,
    clopper_pearson,
    jeffreys,
    midp,
    wald,
    wilson,
    wilson_at,
)

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
