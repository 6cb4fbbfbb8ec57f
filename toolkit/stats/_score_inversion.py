"""How a score test is turned into limits: the pieces that every inverted score shares."""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy import optimize, special


def tail_above(score: float, tail: float) -> float:
    """Return the one-sided P of a score minus ``tail``: finite and exact in both tails."""
    return float(special.ndtr(-score)) - tail


def score_of(deviation: float, variance: float) -> float:
    """Return deviation over its standard deviation; 0 / 0 is no evidence against anything."""
    if variance > 0:
        return deviation / math.sqrt(variance)
    return math.copysign(math.inf, deviation) if deviation else 0.0


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where ``function`` changes sign, to a relative error of 1e-14."""
    return float(optimize.brentq(function, low, high, xtol=1e-18, rtol=1e-14, maxiter=500))


def root_of_log(function: Callable[[float], float]) -> float:
    """Return where a function of a logarithm changes from below to above 0, exponentiated."""
    low, high = -1.0, 1.0
    while function(low) > 0:
        low *= 2
    while function(high) < 0:
        high *= 2
    return math.exp(root(function, low, high))
