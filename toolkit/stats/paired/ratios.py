"""Two methods called the same cases: the ratio b over a of their proportions.

b is the new method, a the comparator. First the limits by each method, for counts as they are,
then ``paired_ratio_ci``.
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
    root_of_log,
    score_of,
    share,
    tail_above,
    wald_ratio,
)
from toolkit.stats.paired.counts import PairedCounts, check_pairs, correlation
from toolkit.stats.paired.differences import positive_root
from toolkit.stats.proportions.one import wilson_limits

_NO_INTERVAL = "no discordant pairs: the method has no interval, Tang's has one"


def tang_score(both: int, only_b: int, only_a: int, ratio: float) -> float:
    """Return the score of the hypothesis that b over a is ``ratio``, above 0.

    Tang, Tang and Chan (2003). The pairs positive by neither cancel: given the pairs positive by
    at least one method, the ratio depends on no other count.
    """
    return _tang_score_of_log(both, only_b, only_a, math.log(ratio))


def _tang_score_of_log(both: int, only_b: int, only_a: int, log_ratio: float) -> float:
    """Return the score of a ratio from its logarithm, precise for ratios next to 1."""
    if log_ratio < 0:  # by symmetry, so that both parts of the variance are positive
        return -_tang_score_of_log(both, only_a, only_b, -log_ratio)
    excess = math.expm1(log_ratio)  # ratio - 1
    positive_a, positive_any = both + only_a, both + only_b + only_a
    linear = positive_a * math.expm1(2 * log_ratio) - (only_b + only_a)
    constant = only_a * positive_any * excess
    expected_only_a = positive_root(2 + excess, linear, constant)
    variance = positive_any * excess + (2 + excess) * expected_only_a
    return score_of(only_b - only_a - positive_a * excess, variance)


def tang_limits(both: int, only_b: int, only_a: int, tail: float) -> tuple[float, float]:
    """Return the ratios whose score leaves ``tail`` on each side, from 0 to infinity."""
    low = _tang_lower(both, only_b, only_a, tail)
    inverse_high = _tang_lower(both, only_a, only_b, tail)
    return low, 1 / inverse_high if inverse_high else math.inf


def _tang_lower(both: int, only_b: int, only_a: int, tail: float) -> float:
    """Return the lower limit; 0 if b has no positive pair."""
    if both + only_b == 0:
        return 0.0

    def above(log_ratio: float) -> float:
        return tail_above(_tang_score_of_log(both, only_b, only_a, log_ratio), tail)

    # The score falls from infinity at a ratio of 0 to 0 at the estimate, or at infinity.
    return root_of_log(above)


def bonett_price_ratio_limits(both: int, only_b: int, only_a: int, z: float) -> tuple[float, float]:
    """Return the limits of a ratio by Bonett and Price (2006), from Wilson limits.

    The pairs positive by neither cancel: both proportions are taken of the pairs positive by at
    least one method.
    """
    n_any, positive_b, positive_a = both + only_b + only_a, both + only_b, both + only_a
    # z shrinks by the error of the log ratio over the sum of the errors of both logarithms.
    error = math.sqrt((only_b + only_a + 2) / ((positive_b + 1) * (positive_a + 1)))
    error_b = math.sqrt((only_a + 1) / ((n_any + 2) * (positive_b + 1)))
    error_a = math.sqrt((only_b + 1) / ((n_any + 2) * (positive_a + 1)))
    adjusted = z * error / (error_b + error_a)
    low_b, high_b = wilson_limits(positive_b, n_any, adjusted)
    low_a, high_a = wilson_limits(positive_a, n_any, adjusted)
    return low_b / high_a, _over(high_b, low_a)


def mover_ratio_limits(
    both: int, only_b: int, only_a: int, n_pairs: int, z: float
) -> tuple[float, float]:
    """Return the limits of a ratio by the method of variance estimates recovery (MOVER)."""
    share_b, share_a = (both + only_b) / n_pairs, (both + only_a) / n_pairs
    low_b, high_b = wilson_limits(both + only_b, n_pairs, z)
    low_a, high_a = wilson_limits(both + only_a, n_pairs, z)
    phi = correlation(both, only_b, only_a, n_pairs)
    low = _mover_center(share_b, share_a, share_b - low_b, high_a - share_a, phi)
    high = _mover_center(share_b, share_a, high_b - share_b, share_a - low_a, phi)
    # Roots of y (2 share_a - y) r^2 - 2 center r + x (2 share_b - x) = 0, the lower one in the form
    # that does not cancel: x is low_b and y high_a there, and high_b and low_a in the upper one.
    return (
        low_b * (2 * share_b - low_b) / low if low_b else 0.0,
        _over(high, low_a * (2 * share_a - low_a)),
    )


def _mover_center(share_b: float, share_a: float, off_b: float, off_a: float, phi: float) -> float:
    """Return the center of the quadratic plus the root of its discriminant."""
    both_off = off_b * off_a
    # center^2 - (share_b^2 - off_b^2) (share_a^2 - off_a^2), without the difference of like numbers
    discriminant = (share_b * off_a - share_a * off_b) ** 2 + (1 - phi) * both_off * (
        2 * share_b * share_a - (1 + phi) * both_off
    )
    return share_b * share_a - phi * both_off + math.sqrt(max(discriminant, 0.0))


def _over(numerator: float, denominator: float) -> float:
    """Return a limit that is infinite over 0."""
    return numerator / denominator if denominator else math.inf


PairedRatioMethod = Literal["tang", "log_wald", "bonett_price", "mover"]


def paired_ratio_ci(
    counts: PairedCounts,
    *,
    method: PairedRatioMethod = "tang",
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two paired proportions.

    Of cancers it is the relative sensitivity, of the healthy that of false positives, of their
    ``negative_calls`` the relative specificity.

    Parameters
    ----------
    counts : PairedCounts
        The paired table; ``neither`` may be unknown, but for ``"mover"``.
    method : str
        How interval and tests are made, see Notes.
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
        ``p_value`` is against 1, ``p_noninferiority`` at the margin, both by the method of the
        interval. ``std_error`` is the plug-in one of the ratio, from which ``"log_wald"`` alone
        makes its interval. Where a calls no case positive the ratio is NaN with a note and the
        upper limit infinite; where b does not either, all is NaN.

    Raises
    ------
    ValueError
        If the method, the level, the margin or the direction is wrong, or ``neither`` is not known
        where it is needed.

    Notes
    -----
    ================ ===========================================================================
    ``tang``         The default [1]_. The ratios that the score test just does not reject.
                     It exists for every table. ``p_value`` is McNemar's without continuity
                     correction.
    ``log_wald``     Wald on logarithms: the relative proportion of ScreenTrustCAD and the
                     relative true and false positive fraction of Alonzo, Pepe and
                     Moskowitz [2]_. P are those of the log ratio over its standard error,
                     sqrt(n_discordant / (n_b n_a)). NaN with a note where a called no case
                     positive; no interval where b did not, or no pair is discordant. Prefer
                     ``tang`` for few cases.
    ``bonett_price`` Two Wilson intervals, of the cases positive by at least one method, at a
                     level so adjusted that their quotient has the error of the log ratio [3]_.
                     ``statistic`` is the standard normal deviate at which a limit reaches 1 and
                     ``p_value`` its two-sided P; likewise at the margin.
    ``mover``        MOVER from Wilson intervals [4]_; P as before. Unlike the others it changes
                     with the number of cases that neither method called positive: the
                     correlation of the calls needs them. No interval, with a note, where no pair
                     is discordant: it would be too short, and of no width where half of the
                     cases are positive.
    ================ ===========================================================================

    Null hypothesis: the ratio is 1. Neither intervals nor tests but MOVER's depend on the cases
    positive by neither method, so in a screening trial it does not matter how many cancers both
    missed; the proportions themselves then stay unknown. Not for clustered cases.

    References
    ----------
    .. [1] Tang NS, Tang ML, Chan ISF. Stat Med 2003;22:1217-1233. doi:10.1002/sim.1213
    .. [2] Alonzo TA, Pepe MS, Moskowitz CS. Stat Med 2002;21:835-852. doi:10.1002/sim.1058
    .. [3] Bonett DG, Price RM. Stat Med 2006;25:3039-3047. doi:10.1002/sim.2440
    .. [4] Fagerland MW, Lydersen S, Laake P. Stat Med 2014;33:2850-2875. doi:10.1002/sim.6148

    Examples
    --------
    >>> counts = PairedCounts(both=242, only_b=19, only_a=8)
    >>> detection = paired_ratio_ci(counts, quantity="detection", margin=0.85, better="higher")
    >>> f"{detection.estimate:.2f} ({detection.ci_low:.2f}, {detection.ci_high:.2f})"
    '1.04 (1.00, 1.09)'
    >>> for method in ("log_wald", "bonett_price"):
    ...     ratio = paired_ratio_ci(counts, method=method)
    ...     print(f"{ratio.ci_low:.3f} to {ratio.ci_high:.3f}, {ratio.ci_method}")
    1.003 to 1.086, log Wald
    1.003 to 1.087, Bonett-Price hybrid Wilson
    >>> counts = PairedCounts(both=180, only_b=18, only_a=25, neither=27)
    >>> ratio = paired_ratio_ci(counts, method="mover")
    >>> f"{ratio.estimate:.3f} ({ratio.ci_low:.3f}, {ratio.ci_high:.3f})"
    '0.966 (0.904, 1.030)'
    """
    words, ci_method, fields_of = chosen(method, _METHODS)
    level = check_ci_level(ci_level)
    check_margin(margin, effect="ratio", better=better)
    return Comparison(
        method=f"paired ratio of proportions, {words}",
        ci_method=ci_method,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **{**_estimates(counts), **fields_of(counts, level, margin, better), "ci_level": level},
    )


def _tang(
    counts: PairedCounts, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return limits and tests by Tang's method."""
    cells = (counts.both, counts.only_b, counts.only_a)
    limits = tang_limits(*cells, (1 - level) / 2) if sum(cells) else None
    return inference_fields(partial(tang_score, *cells), limits, 1.0, margin, better)


def _log_wald(
    counts: PairedCounts, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return limits and tests by Wald's method on the logarithm."""
    ratio = share(counts.positive_b, counts.positive_a)
    error = relative_error(counts)
    fields = vars(wald_ratio(ratio, error, ci_level=level, margin=margin, better=better))
    if counts.positive_a and not counts.positive_b:
        note = "b called no case positive: the interval of the ratio is not defined"
        return {**fields, "note": note}
    if counts.positive_a and not counts.n_discordant:
        return {**fields, "note": _NO_INTERVAL}
    return fields


def _bonett_price(
    counts: PairedCounts, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return limits and tests by Bonett and Price's method."""
    limits_at = partial(bonett_price_ratio_limits, counts.both, counts.only_b, counts.only_a)
    defined = counts.both + counts.n_discordant > 0
    return _hybrid(counts, limits_at, level, margin, better, defined=defined)


def _mover(
    counts: PairedCounts, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return limits and tests by MOVER."""
    n_pairs = check_pairs(counts, "paired_ratio_ci by 'mover'")
    # Without discordant pairs the calls correlate fully: what is left of the width is by how much
    # the Wilson limits are skewed, nothing at all where half of the cases are positive.
    defined = counts.n_discordant > 0
    limits_at = partial(mover_ratio_limits, counts.both, counts.only_b, counts.only_a, n_pairs)
    fields = _hybrid(counts, limits_at, level, margin, better, defined=defined)
    return {**fields, "note": _NO_INTERVAL} if counts.both and not defined else fields


def _hybrid(
    counts: PairedCounts,
    limits_at: Callable[[float], tuple[float, float]],
    level: float,
    margin: float | None,
    better: Better | None,
    *,
    defined: bool,
) -> dict[str, Any]:
    """Return limits that are known at any number of deviates, where defined, and tests."""
    limits = limits_at(-float(special.ndtri((1 - level) / 2))) if defined else None
    score = partial(inverted_score, limits_at, share(counts.positive_b, counts.positive_a))
    return inference_fields(score, limits, 1.0, margin, better)


_Fields = Callable[[PairedCounts, float, float | None, Better | None], dict[str, Any]]
_METHODS: dict[str, tuple[str, str, _Fields]] = {
    "tang": ("score", "Tang score", _tang),
    "log_wald": ("Wald on the log scale", "log Wald", _log_wald),
    "bonett_price": (
        "hybrid Wilson; P by inversion of the interval",
        "Bonett-Price hybrid Wilson",
        _bonett_price,
    ),
    "mover": ("MOVER; P by inversion of the interval", "MOVER Wilson", _mover),
}


def relative_error(counts: PairedCounts) -> float:
    """Return the standard error of the logarithm of a ratio of paired proportions.

    Alonzo, Pepe and Moskowitz (2002); NaN where a method called no case positive.
    """
    if not counts.positive_a * counts.positive_b:
        return math.nan
    return math.sqrt(counts.n_discordant / counts.positive_a / counts.positive_b)


def _estimates(counts: PairedCounts) -> dict[str, Any]:
    """Return the estimates of a ratio."""
    notes = []
    if counts.positive_a == 0:
        notes.append("the ratio is not defined: a called no case positive")
    elif counts.n_discordant == 0:
        notes.append("no discordant pairs: the plug-in standard error is 0")
    elif counts.positive_b == 0:
        notes.append("b called no case positive: the plug-in standard error is 0")
    if not counts.n_pairs:
        why = "no pairs" if counts.n_pairs == 0 else "cases positive by neither were not counted"
        notes.append(f"the proportions themselves are not defined: {why}")
    # Delta method: the logarithm has variance n_discordant / (positive_a positive_b).
    spread = math.sqrt(counts.positive_b * counts.n_discordant)
    return {
        "note": "; ".join(notes),
        "n_cases": counts.n_pairs,
        "estimate": share(counts.positive_b, counts.positive_a),
        "estimate_a": share(counts.positive_a, counts.n_pairs),
        "estimate_b": share(counts.positive_b, counts.n_pairs),
        "std_error": share(spread, counts.positive_a**1.5),
        "unit": "ratio",
        "effect": "ratio",
    }
