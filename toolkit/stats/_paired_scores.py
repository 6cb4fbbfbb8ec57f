"""Score statistics and limits of paired proportions, from the four cells of the paired table.

``only_b`` and ``only_a`` are pairs positive by one method alone, ``both`` and ``neither`` the
others. A score is positive where b lies above the hypothesis, and standard normal under it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from scipy import optimize, special

from toolkit.results import Better
from toolkit.stats.proportions import wilson_limits

_LARGEST_DEVIATE = 1000.0  # P underflows to 0 from 38 on


def tango_score(only_b: int, only_a: int, n_pairs: int, difference: float) -> float:
    """Return the score of the hypothesis that b minus a is ``difference``, from -1 to 1.

    Tango (1998), with the maximum likelihood estimate under the hypothesis in closed form.
    """
    if difference < 0:  # by symmetry, so that no difference of like numbers loses digits
        return -tango_score(only_a, only_b, n_pairs, -difference)
    linear = (2 * n_pairs - only_b + only_a) * difference - (only_b + only_a)
    constant = n_pairs * only_a * difference * (1 - difference)
    expected_only_a = _positive_root(2.0, linear, constant)
    variance = 2 * expected_only_a + n_pairs * difference * (1 - difference)
    return _ratio_to_spread(only_b - only_a - n_pairs * difference, variance)


def tango_limits(only_b: int, only_a: int, n_pairs: int, tail: float) -> tuple[float, float]:
    """Return the differences whose score leaves ``tail`` on each side."""
    low = _tango_lower(only_b, only_a, n_pairs, tail)
    return low, -_tango_lower(only_a, only_b, n_pairs, tail)


def _tango_lower(only_b: int, only_a: int, n_pairs: int, tail: float) -> float:
    """Return the lower limit; -1 if all pairs are positive by a alone."""
    if only_a == n_pairs:
        return -1.0
    estimate = (only_b - only_a) / n_pairs
    return _root(lambda d: _tail_above(tango_score(only_b, only_a, n_pairs, d), tail), -1, estimate)


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
    expected_only_a = _positive_root(2 + excess, linear, constant)
    variance = positive_any * excess + (2 + excess) * expected_only_a
    return _ratio_to_spread(only_b - only_a - positive_a * excess, variance)


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
        return _tail_above(_tang_score_of_log(both, only_b, only_a, log_ratio), tail)

    # The score falls from infinity at a ratio of 0 to 0 at the estimate, or at infinity.
    low, high = -1.0, 1.0
    while above(low) > 0:
        low *= 2
    while above(high) < 0:
        high *= 2
    return math.exp(_root(above, low, high))


def newcombe_limits(
    both: int, only_b: int, only_a: int, n_pairs: int, z: float
) -> tuple[float, float]:
    """Return the limits of Newcombe (1998), method 10, at ``z`` standard normal deviates."""
    share_b, share_a = (both + only_b) / n_pairs, (both + only_a) / n_pairs
    low_b, high_b = wilson_limits(both + only_b, n_pairs, z)
    low_a, high_a = wilson_limits(both + only_a, n_pairs, z)
    phi = _corrected_phi(both, only_b, only_a, n_pairs)
    down = _joined(share_b - low_b, high_a - share_a, phi)
    up = _joined(high_b - share_b, share_a - low_a, phi)
    difference = (only_b - only_a) / n_pairs
    return difference - down, difference + up


def newcombe_score(both: int, only_b: int, only_a: int, n_pairs: int, difference: float) -> float:
    """Return the deviate at which a limit of method 10 is ``difference``: the test it inverts."""
    estimate = (only_b - only_a) / n_pairs
    if difference == estimate:
        return 0.0
    if difference > estimate:
        return -newcombe_score(both, only_a, only_b, n_pairs, -difference)

    def excluded_by(z: float) -> float:
        return newcombe_limits(both, only_b, only_a, n_pairs, z)[0] - difference

    high = 1.0
    while excluded_by(high) > 0:
        if high > _LARGEST_DEVIATE:
            return math.inf
        high *= 2
    return _root(excluded_by, 0.0, high)


def inference_fields(
    score: Callable[[float], float],
    limits: tuple[float, float] | None,
    null: float,
    margin: float | None,
    better: Better | None,
) -> dict[str, Any]:
    """Return limits and tests as fields of a Comparison, from the score of a hypothesis.

    ``null`` is 0 for a difference and 1 for a ratio; without limits everything is NaN.
    """
    low, high = limits or (math.nan, math.nan)
    statistic = score(null) if limits else math.nan
    fields = {
        "ci_low": low,
        "ci_high": high,
        "statistic": statistic,
        "df": math.inf,
        "p_value": 2 * float(special.ndtr(-abs(statistic))),
        "margin": margin,
        "better": better,
    }
    if margin is None:
        return fields
    hypothesis = -margin if better == "higher" and null == 0 else margin
    distance = score(hypothesis) if limits else math.nan
    distance = distance if better == "higher" else -distance
    return {**fields, "p_noninferiority": float(special.ndtr(-distance))}


def _corrected_phi(both: int, only_b: int, only_a: int, n_pairs: int) -> float:
    """Return the correlation of the calls, where positive corrected for continuity."""
    neither = n_pairs - both - only_b - only_a
    margins = [both + only_b, both + only_a, only_a + neither, only_b + neither]
    if 0 in margins:
        return 0.0
    excess = float(both * neither - only_b * only_a)
    if excess > 0:
        excess = max(excess - n_pairs / 2, 0.0)
    return excess / math.sqrt(math.prod(margins))


def _joined(first: float, second: float, phi: float) -> float:
    """Return the length of the sum of two correlated distances."""
    return math.sqrt(max(first * first - 2 * phi * first * second + second * second, 0.0))


def _positive_root(quadratic: float, linear: float, constant: float) -> float:
    """Return the root x >= 0 of quadratic x^2 + linear x = constant, without cancellation."""
    root = math.sqrt(linear * linear + 4 * quadratic * constant)
    if linear > 0:
        return 2 * constant / (linear + root)
    return (root - linear) / (2 * quadratic)


def _ratio_to_spread(deviation: float, variance: float) -> float:
    """Return deviation over its standard deviation; 0 / 0 is no evidence against anything."""
    if variance > 0:
        return deviation / math.sqrt(variance)
    return math.copysign(math.inf, deviation) if deviation else 0.0


def _tail_above(score: float, tail: float) -> float:
    """Return the one-sided P of a score minus ``tail``: finite and exact in both tails."""
    return float(special.ndtr(-score)) - tail


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where ``function`` changes sign, to a relative error of 1e-14."""
    return float(optimize.brentq(function, low, high, xtol=1e-18, rtol=1e-14, maxiter=500))
