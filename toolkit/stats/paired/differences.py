"""Two methods called the same cases: the difference b minus a of their proportions.

b is the new method, a the comparator. First the limits by the score methods, for counts as they
are, then ``paired_difference_ci``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from scipy import special

from toolkit.results import Better, Comparison, check_margin
from toolkit.stats._checks import check_ci_level, chosen
from toolkit.stats._inference import (
    inference_fields,
    inverted_score,
    quantile,
    root,
    score_of,
    share,
    tail_above,
)
from toolkit.stats.paired.counts import PairedCounts, check_pairs, correlation
from toolkit.stats.proportions.one import wilson_limits


def tango_score(only_b: int, only_a: int, n_pairs: int, difference: float) -> float:
    """Return the score of the hypothesis that b minus a is ``difference``, from -1 to 1.

    Tango (1998), with the maximum likelihood estimate under the hypothesis in closed form.
    """
    if difference < 0:  # by symmetry, so that no difference of like numbers loses digits
        return -tango_score(only_a, only_b, n_pairs, -difference)
    linear = (2 * n_pairs - only_b + only_a) * difference - (only_b + only_a)
    constant = n_pairs * only_a * difference * (1 - difference)
    expected_only_a = positive_root(2.0, linear, constant)
    variance = 2 * expected_only_a + n_pairs * difference * (1 - difference)
    return score_of(only_b - only_a - n_pairs * difference, variance)


def tango_limits(only_b: int, only_a: int, n_pairs: int, tail: float) -> tuple[float, float]:
    """Return the differences whose score leaves ``tail`` on each side."""
    low = _tango_lower(only_b, only_a, n_pairs, tail)
    return low, -_tango_lower(only_a, only_b, n_pairs, tail)


def _tango_lower(only_b: int, only_a: int, n_pairs: int, tail: float) -> float:
    """Return the lower limit; -1 if all pairs are positive by a alone."""
    if only_a == n_pairs:
        return -1.0
    estimate = (only_b - only_a) / n_pairs
    return root(lambda d: tail_above(tango_score(only_b, only_a, n_pairs, d), tail), -1, estimate)


def positive_root(quadratic: float, linear: float, constant: float) -> float:
    """Return the root x >= 0 of quadratic x^2 + linear x = constant, without cancellation."""
    spread = math.sqrt(linear * linear + 4 * quadratic * constant)
    if linear > 0:
        return 2 * constant / (linear + spread)
    return (spread - linear) / (2 * quadratic)


def newcombe_limits(
    both: int, only_b: int, only_a: int, n_pairs: int, z: float
) -> tuple[float, float]:
    """Return the limits of a difference by Newcombe (1998), method 10."""
    share_b, share_a = (both + only_b) / n_pairs, (both + only_a) / n_pairs
    low_b, high_b = wilson_limits(both + only_b, n_pairs, z)
    low_a, high_a = wilson_limits(both + only_a, n_pairs, z)
    phi = correlation(both, only_b, only_a, n_pairs, correction=n_pairs / 2)
    down = _joined(share_b - low_b, high_a - share_a, phi)
    up = _joined(high_b - share_b, share_a - low_a, phi)
    difference = (only_b - only_a) / n_pairs
    return difference - down, difference + up


def _joined(first: float, second: float, phi: float) -> float:
    """Return the length of the sum of two correlated distances."""
    # first^2 - 2 phi first second + second^2, without the difference of like numbers
    return math.sqrt((first - second) ** 2 + 2 * (1 - phi) * first * second)


PairedDifferenceMethod = Literal["tango", "newcombe", "wald", "agresti_min", "bonett_price"]


def paired_difference_ci(
    counts: PairedCounts,
    *,
    method: PairedDifferenceMethod = "tango",
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two paired proportions.

    Parameters
    ----------
    counts : PairedCounts
        The paired table, with ``neither``.
    method : str
        How interval and tests are made, see Notes.
    ci_level : float
        Confidence level, two-sided.
    margin : float, optional
        Non-inferiority margin, above 0 and below 1.
    better : {"higher", "lower"}, optional
        Which direction is better; required with a margin.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    Comparison
        ``estimate`` is the plain difference by every method. ``p_value`` is against 0,
        ``p_noninferiority`` at the margin, both by the method of the interval. ``std_error`` is the
        plug-in one, which the score intervals do not use, or that of the counts to which something
        was added. Where there is no case, all is NaN with a note. Use
        ``toolkit.stats.proportions.per_1000`` for a difference of detection or recall rates.

    Raises
    ------
    ValueError
        If ``neither`` is not known, or the method, the level, the margin or the direction is wrong.

    Notes
    -----
    ================ ===========================================================================
    ``tango``        The default [1]_. The differences that the score test just does not reject,
                     with the other cells at their maximum likelihood estimate under each
                     difference. It exists for every table, also without discordant pairs, and
                     keeps within -1 and 1. ``p_value`` is McNemar's without continuity
                     correction.
    ``newcombe``     A second opinion: two Wilson intervals joined by the correlation of the
                     calls, corrected for continuity, method 10 [2]_. It tends to cover more
                     often than its level. ``statistic`` is the standard normal deviate at which
                     a limit reaches 0 and ``p_value`` its two-sided P: no other test agrees with
                     the interval; likewise at the margin.
    ``wald``         Not for a new analysis [3]_: with few discordant pairs the interval is too
                     short. P are those of the estimate over ``std_error``. No interval, with a
                     note, where that is 0: without discordant pairs, or where all pairs part
                     the same way.
    ``agresti_min``  Wald's after 1/2 was added to each of the four cells [4]_: interval and P
                     are those of the adjusted counts, centred nearer to 0.
    ``bonett_price`` Wald's after 1 was added to each of the two discordant cells [5]_.
    ================ ===========================================================================

    Null hypothesis: the difference is 0. A limit of the last three beyond -1 or 1 is cut, with a
    note. Not for clustered cases.

    References
    ----------
    .. [1] Tango T. Stat Med 1998;17:891-908.
       doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B
    .. [2] Newcombe RG. Stat Med 1998;17:2635-2650.
       doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C
    .. [3] Fagerland MW, Lydersen S, Laake P. Stat Med 2014;33:2850-2875. doi:10.1002/sim.6148
    .. [4] Agresti A, Min Y. Stat Med 2005;24:729-740. doi:10.1002/sim.1781
    .. [5] Bonett DG, Price RM. J Educ Behav Stat 2012;37:479-488. doi:10.3102/1076998611411915

    Examples
    --------
    >>> counts = PairedCounts(both=261, only_b=28, only_a=10, neither=45)
    >>> change = paired_difference_ci(counts, quantity="sensitivity", margin=0.05, better="higher")
    >>> f"{change.estimate:.3f} ({change.ci_low:.3f}, {change.ci_high:.3f}), P {change.p_value:.4f}"
    '0.052 (0.018, 0.090), P 0.0035'
    >>> for method in ("newcombe", "wald", "agresti_min", "bonett_price"):
    ...     change = paired_difference_ci(counts, method=method)
    ...     print(f"{change.ci_low:.4f} to {change.ci_high:.4f}, {change.ci_method}")
    0.0172 to 0.0884, Newcombe hybrid score, method 10
    0.0176 to 0.0870, Wald
    0.0171 to 0.0870, Agresti-Min
    0.0166 to 0.0874, Bonett-Price
    """
    words, ci_method, fields_of = chosen(method, _METHODS)
    level = check_ci_level(ci_level)
    check_margin(margin, effect="difference", better=better)
    n_pairs = check_pairs(counts, "paired_difference_ci")
    return Comparison(
        method=f"paired difference of proportions, {words}",
        ci_method=ci_method,
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **fields_of(counts, n_pairs, level, margin, better),
    )


def _tango(
    counts: PairedCounts, n_pairs: int, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return all fields by Tango's method."""
    cells = (counts.only_b, counts.only_a, n_pairs)
    limits = tango_limits(*cells, (1 - level) / 2) if n_pairs else None
    return {
        **_estimates(counts, n_pairs),
        **inference_fields(partial(tango_score, *cells), limits, 0.0, margin, better),
    }


def _newcombe(
    counts: PairedCounts, n_pairs: int, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return all fields by Newcombe's method."""
    fields = _estimates(counts, n_pairs)
    limits_at = partial(newcombe_limits, counts.both, counts.only_b, counts.only_a, n_pairs)
    limits = limits_at(-float(special.ndtri((1 - level) / 2))) if n_pairs else None
    score = partial(inverted_score, limits_at, fields["estimate"])
    return {**fields, **inference_fields(score, limits, 0.0, margin, better)}


def _wald(
    added: tuple[float, int],
    counts: PairedCounts,
    n_pairs: int,
    level: float,
    margin: float | None,
    better: Better | None,
) -> dict[str, Any]:
    """Return all fields by Wald's method on counts to which something was added.

    ``added`` is what each discordant cell and what all four cells together gain.
    """
    fields = _estimates(counts, n_pairs)
    only_b, only_a, total = counts.only_b + added[0], counts.only_a + added[0], n_pairs + added[1]
    error = _plug_in_error(only_b, only_a, total) if n_pairs else 0.0
    limits, center = None, 0.0
    if error:
        center, reach = (only_b - only_a) / total, quantile(level) * error
        limits = max(center - reach, -1.0), min(center + reach, 1.0)
        cut = limits != (center - reach, center + reach)
        outside = not limits[0] <= fields["estimate"] <= limits[1]
        fields = {**fields, "std_error": error, "note": _note(cut=cut, outside=outside)}
    elif n_pairs:
        fields["note"] = (
            "the calls vary too little for a standard error: no interval, Tango's method has one"
        )
    # The score of a hypothesis is its distance in standard errors.
    inference = inference_fields(lambda d: (center - d) / error, limits, 0.0, margin, better)
    return {**fields, **inference}


def _note(*, cut: bool, outside: bool) -> str:
    """Return what is odd about a Wald interval, or nothing."""
    notes = {
        "a limit beyond the range was cut at -1 or 1": cut,
        "the interval, centred nearer to 0, leaves the plain difference out": outside,
    }
    return "; ".join(note for note, applies in notes.items() if applies)


_Fields = Callable[[PairedCounts, int, float, float | None, Better | None], dict[str, Any]]
_METHODS: dict[str, tuple[str, str, _Fields]] = {
    "tango": ("score", "Tango score", _tango),
    "newcombe": (
        "hybrid score; P by inversion of the interval",
        "Newcombe hybrid score, method 10",
        _newcombe,
    ),
    "wald": ("Wald", "Wald", partial(_wald, (0.0, 0))),
    "agresti_min": (
        "Wald on counts with 1/2 added to each cell",
        "Agresti-Min",
        partial(_wald, (0.5, 2)),
    ),
    "bonett_price": (
        "Wald on counts with 1 added to each discordant",
        "Bonett-Price",
        partial(_wald, (1.0, 2)),
    ),
}


def _estimates(counts: PairedCounts, n_pairs: int) -> dict[str, Any]:
    """Return the estimates of a difference."""
    error = _plug_in_error(counts.only_b, counts.only_a, n_pairs)
    note = "the difference is not defined: no pairs"
    if n_pairs:
        alike = "all pairs part the same way" if counts.n_discordant else "no discordant pairs"
        note = "" if error else f"{alike}: the plug-in standard error is 0"
    return {
        "note": note,
        "n_cases": n_pairs,
        "estimate": share(counts.only_b - counts.only_a, n_pairs),
        "estimate_a": share(counts.positive_a, n_pairs),
        "estimate_b": share(counts.positive_b, n_pairs),
        "std_error": error,
        "unit": "probability",
        "effect": "difference",
    }


def _plug_in_error(only_b: float, only_a: float, n_pairs: int) -> float:
    """Return the standard error of a mean of differences that are -1, 0 or 1."""
    if not n_pairs:
        return math.nan
    # (b + c) - (b - c)^2 / n without the difference of like numbers where nearly all pairs part.
    concordant = n_pairs - only_b - only_a
    spread = (4 * only_b * only_a + concordant * (only_b + only_a)) / n_pairs
    return math.sqrt(spread) / n_pairs
