"""Score statistics and limits of paired proportions, from the four cells of the paired table.

``only_b`` and ``only_a`` are pairs positive by one method alone, ``both`` and ``neither`` the
others. A score is positive where b lies above the hypothesis, and standard normal under it.
"""

from __future__ import annotations

import math

from toolkit.stats._score_inversion import root, root_of_log, score_of, tail_above


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


def _positive_root(quadratic: float, linear: float, constant: float) -> float:
    """Return the root x >= 0 of quadratic x^2 + linear x = constant, without cancellation."""
    spread = math.sqrt(linear * linear + 4 * quadratic * constant)
    if linear > 0:
        return 2 * constant / (linear + spread)
    return (spread - linear) / (2 * quadratic)
