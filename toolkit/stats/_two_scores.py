"""Score statistics and limits of two independent proportions, from ``(x_a, n_a, x_b, n_b)``.

``x`` of ``n`` units have the event; both n are above 0. A score is positive where b lies above the
hypothesis, and standard normal under it. ``inflation`` multiplies the variance: n / (n - 1) with
all n units after Miettinen and Nurminen, 1 after Mee and after Koopman.
"""

from __future__ import annotations

import math

from toolkit.stats._score_inversion import root, root_of_log, score_of, tail_above
from toolkit.stats.proportions import wilson_limits

Cells = tuple[int, int, int, int]


def difference_score(cells: Cells, inflation: float, difference: float) -> float:
    """Return the score of the hypothesis that b minus a is ``difference``, from -1 to 1."""
    if difference < 0:  # by symmetry: exchange the groups
        return -difference_score((*cells[2:], *cells[:2]), inflation, -difference)
    x_a, n_a, x_b, n_b = cells
    if 2 * (x_a + x_b) > n_a + n_b:  # count non-events, so that the rarer side keeps its digits
        x_a, n_a, x_b, n_b = n_b - x_b, n_b, n_a - x_a, n_a
    p_a = _expected_under_difference(x_a, n_a, x_b, n_b, difference)
    p_b = p_a + difference
    variance = p_a * (1 - p_a) / n_a + p_b * max(1 - p_b, 0.0) / n_b
    deviation = (x_b * n_a - x_a * n_b) / (n_a * n_b) - difference
    return score_of(deviation, inflation * variance)


def difference_limits(cells: Cells, inflation: float, tail: float) -> tuple[float, float]:
    """Return the differences whose score leaves ``tail`` on each side."""
    low = _difference_lower(cells, inflation, tail)
    return low, -_difference_lower((*cells[2:], *cells[:2]), inflation, tail)


def _difference_lower(cells: Cells, inflation: float, tail: float) -> float:
    """Return the lower limit; -1 if every unit of a and none of b has the event."""
    x_a, n_a, x_b, n_b = cells
    if x_a == n_a and x_b == 0:
        return -1.0
    estimate = (x_b * n_a - x_a * n_b) / (n_a * n_b)
    return root(lambda d: tail_above(difference_score(cells, inflation, d), tail), -1.0, estimate)


def _expected_under_difference(x_a: int, n_a: int, x_b: int, n_b: int, difference: float) -> float:
    """Return the maximum likelihood estimate of p_a where p_b is p_a + ``difference``, not below 0.

    Miettinen and Nurminen (1985): the middle root of a cubic, which lies in [0, 1 - difference].
    """
    n, events = n_a + n_b, x_a + x_b
    if difference == 0:
        return events / n
    cubic = float(n)
    square = (n_b + 2 * n_a) * difference - n - events
    linear = (n_a * difference - n - 2 * x_a) * difference + events
    if x_a == 0:  # 0 is a root: the next is the smaller one of the quadratic that is left
        spread = math.sqrt(max(square * square - 4 * cubic * linear, 0.0))
        return 2 * linear / (spread - square) if linear > 0 else 0.0
    constant = x_a * difference * (1 - difference)
    # The trigonometric solution of a cubic with three real roots.
    shift = square / (3 * cubic)
    radius = math.sqrt(max(shift * shift - linear / (3 * cubic), 0.0))
    half = shift**3 - square * linear / (6 * cubic**2) + constant / (2 * cubic)
    cosine = half / radius**3 if radius else 0.0
    angle = (math.pi + math.acos(min(max(cosine, -1.0), 1.0))) / 3
    share = 2 * radius * math.cos(angle) - shift
    for _ in range(3):  # Newton, since cosine and shift cancel where events are rare
        slope = (3 * cubic * share + 2 * square) * share + linear
        if slope >= 0:
            break
        share -= (
            (x_a - n_a * share) * (share + difference) * (1 - share - difference)
            + (x_b - n_b * (share + difference)) * share * (1 - share)
        ) / slope
    return min(max(share, 0.0), 1 - difference)


def ratio_score(cells: Cells, inflation: float, ratio: float) -> float:
    """Return the score of the hypothesis that b over a is ``ratio``, above 0."""
    x_a, n_a, x_b, n_b = cells
    # Larger root of a quadratic in 1 / p_a; its discriminant as a sum without cancellation.
    first, second = x_b + n_a, x_a + n_b
    spread = 4 * ratio * (n_a - x_a) * (n_b - x_b)
    p_a = (
        2
        * (x_a + x_b)
        / (first + ratio * second + math.sqrt((first - ratio * second) ** 2 + spread))
    )
    p_b = ratio * p_a
    variance = p_b * max(1 - p_b, 0.0) / n_b + ratio**2 * p_a * max(1 - p_a, 0.0) / n_a
    return score_of(x_b / n_b - ratio * (x_a / n_a), inflation * variance)


def ratio_limits(cells: Cells, inflation: float, tail: float) -> tuple[float, float]:
    """Return the ratios whose score leaves ``tail`` on each side, from 0 to infinity."""
    low = _ratio_lower(cells, inflation, tail)
    inverse_high = _ratio_lower((*cells[2:], *cells[:2]), inflation, tail)
    return low, 1 / inverse_high if inverse_high else math.inf


def _ratio_lower(cells: Cells, inflation: float, tail: float) -> float:
    """Return the lower limit; 0 if b has no event."""
    if cells[2] == 0:
        return 0.0
    return root_of_log(
        lambda log_ratio: tail_above(ratio_score(cells, inflation, math.exp(log_ratio)), tail)
    )


def newcombe_limits(cells: Cells, z: float) -> tuple[float, float]:
    """Return the limits of Newcombe (1998), method 10, at ``z`` standard normal deviates."""
    x_a, n_a, x_b, n_b = cells
    p_a, p_b = x_a / n_a, x_b / n_b
    low_a, high_a = wilson_limits(x_a, n_a, z)
    low_b, high_b = wilson_limits(x_b, n_b, z)
    down, up = math.hypot(p_b - low_b, high_a - p_a), math.hypot(high_b - p_b, p_a - low_a)
    return p_b - p_a - down, p_b - p_a + up
