"""Two independent groups: the ratio of their proportions, as of detection rates in two arms.

b is the new method, a the comparator, and every result is b over a. For what "independent" means
and for differences see ``toolkit.stats.proportions.two``; ratios of paired calls have
``toolkit.stats.paired.differences``.
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from toolkit.results import Better, Comparison, check_margin
from toolkit.stats._checks import check_ci_level
from toolkit.stats._inference import inference_fields, wald_ratio
from toolkit.stats.proportions.two import TwoGroupCounts, ratio_limits, ratio_score


def miettinen_nurminen_ratio_ci(
    counts: TwoGroupCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two independent proportions by the score method.

    Parameters
    ----------
    counts : TwoGroupCounts
        Events and units of both groups.
    ci_level : float
        Confidence level, two-sided.
    margin : float, optional
        Non-inferiority margin: below 1 where higher is better, above 1 where lower is.
    better : {"higher", "lower"}, optional
        Which direction is better; required with a margin.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    Comparison
        ``p_value`` is the score test against 1, ``p_noninferiority`` the score test at the margin.
        ``std_error`` is the plug-in one of the ratio, which the interval does not use. Where a has
        no event the ratio is NaN with a note and the upper limit infinite; where b has none either
        the interval is from 0 to infinity. Where a group has no unit, all is NaN.

    Raises
    ------
    ValueError
        If the level, the margin or the direction is wrong.

    Notes
    -----
    The limits are the ratios that the score test just does not reject, with both proportions at
    their maximum likelihood estimates under each ratio, and the variance times n / (n - 1) for all
    n units. Not for paired calls and not for clustered units.

    References
    ----------
    Miettinen O, Nurminen M. Stat Med 1985;4:213-226. doi:10.1002/sim.4780040211

    Examples
    --------
    >>> counts = TwoGroupCounts(
    ...     numerator_a=262, denominator_a=52872, numerator_b=338, denominator_b=53043)
    >>> detection = miettinen_nurminen_ratio_ci(counts, margin=0.8, better="higher")
    >>> f"{detection.estimate:.3f} ({detection.ci_low:.3f}, {detection.ci_high:.3f})"
    '1.286 (1.095, 1.510)'
    """
    level = _check(ci_level, margin, better)
    inflation = counts.n_cases / max(counts.n_cases - 1, 1)
    return Comparison(
        method="ratio of two independent proportions, score",
        ci_method="Miettinen-Nurminen score",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        std_error=_log_error(counts) * _ratio(counts),
        **_estimates(counts),
        **_score_fields(counts, inflation, level, margin, better),
    )


def koopman_ratio_ci(
    counts: TwoGroupCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two independent proportions by Koopman's score method.

    Parameters
    ----------
    counts, ci_level, margin, better, quantity, label_a, label_b
        As in ``miettinen_nurminen_ratio_ci``.

    Returns
    -------
    Comparison
        As from ``miettinen_nurminen_ratio_ci``; ``p_value`` is that of Pearson's chi-square test.

    Raises
    ------
    ValueError
        As ``miettinen_nurminen_ratio_ci``.

    Notes
    -----
    As ``miettinen_nurminen_ratio_ci`` without its factor n / (n - 1).

    References
    ----------
    Koopman PAR. Biometrics 1984;40:513-517.

    Examples
    --------
    >>> counts = TwoGroupCounts(numerator_a=3, denominator_a=210, numerator_b=0, denominator_b=200)
    >>> ratio = koopman_ratio_ci(counts)
    >>> f"{ratio.ci_low:.2f} to {ratio.ci_high:.2f}"
    '0.00 to 1.33'
    """
    level = _check(ci_level, margin, better)
    return Comparison(
        method="ratio of two independent proportions, score",
        ci_method="Koopman score",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        std_error=_log_error(counts) * _ratio(counts),
        **_estimates(counts),
        **_score_fields(counts, 1.0, level, margin, better),
    )


def katz_log_ratio_ci(
    counts: TwoGroupCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two independent proportions by Wald on logarithms (Katz).

    Parameters
    ----------
    counts, ci_level, margin, better, quantity, label_a, label_b
        As in ``miettinen_nurminen_ratio_ci``.

    Returns
    -------
    Comparison
        Without an interval, with a note, where a group has no event, or both have nothing else:
        nothing is added to such counts. Use ``miettinen_nurminen_ratio_ci`` there.

    Raises
    ------
    ValueError
        As ``miettinen_nurminen_ratio_ci``.

    Notes
    -----
    What most trials report as risk ratio. With rare events it is close to the score method.

    References
    ----------
    Katz D, Baptista J, Azen SP, Pike MC. Biometrics 1978;34:469-474. doi:10.2307/2530610

    Examples
    --------
    >>> counts = TwoGroupCounts(
    ...     numerator_a=262, denominator_a=52872, numerator_b=338, denominator_b=53043)
    >>> detection = katz_log_ratio_ci(counts)
    >>> f"{detection.estimate:.2f} ({detection.ci_low:.2f}, {detection.ci_high:.2f})"
    '1.29 (1.09, 1.51)'
    """
    level = _check(ci_level, margin, better)
    error = _log_error(counts)
    wald = wald_ratio(_ratio(counts), error, ci_level=level, margin=margin, better=better)
    estimates = _estimates(counts)
    if error == 0:
        estimates["note"] = "no interval: every unit has the event, so that its width would be 0"
    elif math.isnan(wald.ci_low) and math.isfinite(estimates["estimate"]):
        estimates["note"] = "no interval: b has no event, and a logarithm of 0 is not defined"
    return Comparison(
        method="ratio of two independent proportions, Wald on the logarithm",
        ci_method="Katz log",
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **estimates,
        **vars(wald),
    )


def _check(ci_level: float, margin: float | None, better: Better | None) -> float:
    """Return the level; refuse a margin that no ratio can have."""
    check_margin(margin, effect="ratio", better=better)
    return check_ci_level(ci_level)


def _ratio(counts: TwoGroupCounts) -> float:
    """Return b over a; NaN where a has no event or a group no unit."""
    return counts.proportion_b / (counts.proportion_a or math.nan)


def _log_error(counts: TwoGroupCounts) -> float:
    """Return the plug-in standard error of the logarithm; NaN where a group has no event."""
    x_a, n_a, x_b, n_b = counts.cells
    if not (x_a and x_b):
        return math.nan
    # 1 / x - 1 / n without the difference of like numbers
    return math.sqrt((n_a - x_a) / (x_a * n_a) + (n_b - x_b) / (x_b * n_b))


def _estimates(counts: TwoGroupCounts) -> dict[str, Any]:
    """Return the estimates of a ratio but its standard error as fields of a Comparison."""
    return {
        "note": _note(counts),
        "n_cases": counts.n_cases,
        "estimate": _ratio(counts),
        "estimate_a": counts.proportion_a,
        "estimate_b": counts.proportion_b,
        "unit": "ratio",
        "effect": "ratio",
    }


def _note(counts: TwoGroupCounts) -> str:
    """Return why something is not defined, or what it hides."""
    if counts.empty:
        return f"the ratio is not defined: {counts.empty}"
    if counts.numerator_a == 0:
        both = " and neither has b: the counts say nothing" if counts.numerator_b == 0 else ""
        return f"the ratio is not defined: a has no event{both}"
    if counts.numerator_b == 0:
        return "b has no event: the plug-in standard error is not defined"
    return "every unit has the event: the plug-in standard error is 0" * (_log_error(counts) == 0)


def _score_fields(
    counts: TwoGroupCounts,
    inflation: float,
    level: float,
    margin: float | None,
    better: Better | None,
) -> dict[str, Any]:
    """Return limits and tests by the score method as fields of a Comparison."""
    if not counts.numerator_a and not counts.numerator_b and not counts.empty:
        return inference_fields(lambda _: 0.0, (0.0, math.inf), 1.0, margin, better)
    limits = None
    if not counts.empty:
        limits = ratio_limits(counts.cells, inflation, (1 - level) / 2)
    score = partial(ratio_score, counts.cells, inflation)
    return inference_fields(score, limits, 1.0, margin, better)
