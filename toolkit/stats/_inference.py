"""Interval, test and non-inferiority of a comparison: from a standard error, or from a score.

A Wald method needs the standard error of a difference, or of the logarithm of a ratio. A score
method needs the score of each hypothesis, whose roots are the limits; an interval that is known at
any number of deviates has a score as well, by inversion.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scipy.special import ndtr, ndtri, stdtr, stdtrit

from toolkit.results import Better, check_margin
from toolkit.stats._checks import check_ci_level


@dataclass(frozen=True, kw_only=True, eq=False)
class WaldDifference:
    """The fields of a Comparison that follow from a difference b minus a and its error."""

    ci_low: float
    ci_high: float
    ci_level: float
    statistic: float
    df: float
    p_value: float
    margin: float | None
    better: Better | None
    p_noninferiority: float | None


def quantile(ci_level: float, df: float = math.inf) -> float:
    """Return the two-sided quantile of t, or of the normal where df is infinite."""
    tail = (1 - ci_level) / 2
    return -float(ndtri(tail) if math.isinf(df) else stdtrit(df, tail))


def upper_tail(statistic: float, df: float = math.inf) -> float:
    """Return P(T > statistic) of t, or of the normal where df is infinite."""
    return float(ndtr(-statistic) if math.isinf(df) else stdtr(df, -statistic))


def wald_difference(
    difference: float,
    std_error: float,
    *,
    df: float = math.inf,
    ci_level: float,
    margin: float | None,
    better: Better | None,
    largest: float = 1.0,
) -> WaldDifference:
    """Return interval and tests of a difference b minus a on the scale of its standard error.

    A standard error that is NaN or 0 leaves all of them NaN: 0 says that the sample shows no
    variation, not that the difference is known. df is then NaN as well. The limits stay within
    the ``largest`` difference that there can be, 1 for probabilities.
    """
    check_margin(margin, effect="difference", better=better, largest=largest)
    level = check_ci_level(ci_level)
    defined = std_error > 0
    error = std_error if defined else math.nan
    reach = quantile(level, df) * error
    p_noninferiority = None
    if margin is not None:
        distance = margin + (difference if better == "higher" else -difference)
        p_noninferiority = upper_tail(distance / error, df)
    return WaldDifference(
        ci_low=max(difference - reach, -largest) if defined else math.nan,
        ci_high=min(difference + reach, largest) if defined else math.nan,
        ci_level=level,
        statistic=difference / error,
        df=df if defined else math.nan,
        p_value=2 * upper_tail(abs(difference / error), df),
        margin=margin,
        better=better,
        p_noninferiority=p_noninferiority,
    )


def share(part: float, whole: float | None) -> float:
    """Return part / whole; NaN where the whole is 0 or not known."""
    return part / whole if whole else math.nan


def inference_fields(
    score: Callable[[float], float],
    limits: tuple[float, float] | None,
    null: float,
    margin: float | None,
    better: Better | None,
) -> dict[str, Any]:
    """Return limits and tests, from the score of a hypothesis.

    A score is positive where b lies above the hypothesis, and standard normal under it.
    ``null`` is 0 for a difference and 1 for a ratio; without limits everything is NaN.
    """
    low, high = limits or (math.nan, math.nan)
    statistic = score(null) if limits else math.nan
    fields = {
        "ci_low": low,
        "ci_high": high,
        "statistic": statistic,
        "df": math.inf,
        "p_value": 2 * float(ndtr(-abs(statistic))),
        "margin": margin,
        "better": better,
    }
    if margin is None:
        return fields
    hypothesis = -margin if better == "higher" and null == 0 else margin
    distance = score(hypothesis) if limits else math.nan
    distance = distance if better == "higher" else -distance
    return {**fields, "p_noninferiority": float(ndtr(-distance))}


@dataclass(frozen=True, kw_only=True, eq=False)
class WaldRatio(WaldDifference):
    """The fields of a Comparison that follow from a ratio b over a and the error of its log."""

    std_error: float


def wald_ratio(
    ratio: float,
    log_error: float,
    *,
    ci_level: float,
    margin: float | None,
    better: Better | None,
) -> WaldRatio:
    """Return interval and tests of a ratio on the log scale; ``std_error`` is that of the ratio.

    An error that is NaN or 0, or a ratio of 0, leaves all of them NaN: 0 says that the sample
    shows no variation, not that the ratio is known.
    """
    check_margin(margin, effect="ratio", better=better)
    level = check_ci_level(ci_level)
    defined = log_error > 0 and 0 < ratio < math.inf
    error = log_error if defined else math.nan
    log_ratio = math.log(ratio) if defined else math.nan
    reach = quantile(level) * error
    p_noninferiority = None
    if margin is not None:
        distance = (log_ratio - math.log(margin)) / error
        p_noninferiority = upper_tail(distance if better == "higher" else -distance)
    return WaldRatio(
        std_error=ratio * error,
        ci_low=math.exp(log_ratio - reach),
        ci_high=math.exp(log_ratio + reach),
        ci_level=level,
        statistic=log_ratio / error,
        df=math.inf,
        p_value=2 * upper_tail(abs(log_ratio / error)),
        margin=margin,
        better=better,
        p_noninferiority=p_noninferiority,
    )


def tail_above(score: float, tail: float) -> float:
    """Return the one-sided P of a score minus ``tail``: finite and exact in both tails."""
    return float(ndtr(-score)) - tail


def score_of(deviation: float, variance: float) -> float:
    """Return deviation over its standard deviation; 0 / 0 is no evidence against anything."""
    if variance > 0:
        return deviation / math.sqrt(variance)
    return math.copysign(math.inf, deviation) if deviation else 0.0


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Return where ``function`` changes sign, to a relative error of 1e-14."""
    from scipy import optimize  # a tenth of a second, which many chapters never need

    return float(optimize.brentq(function, low, high, xtol=1e-18, rtol=1e-14, maxiter=500))


def root_of_log(function: Callable[[float], float]) -> float:
    """Return where a function of a logarithm changes from below to above 0, exponentiated."""
    low, high = -1.0, 1.0
    while function(low) > 0:
        low *= 2
    while function(high) < 0:
        high *= 2
    return math.exp(root(function, low, high))


_LARGEST_DEVIATE = 1000.0  # P underflows to 0 from 38 on


def inverted_score(
    limits_at: Callable[[float], tuple[float, float]], estimate: float, value: float
) -> float:
    """Return the deviate at which a limit reaches ``value``: the test that an interval inverts.

    Positive where ``value`` lies below the estimate. ``limits_at`` gives both limits at a number
    of deviates; the interval must grow with it. A ratio over 0 counts as infinite here.
    """
    if value == estimate:
        return 0.0
    below = not value > estimate  # also where the estimate is NaN: something over nothing

    def excluded_by(z: float) -> float:
        low, high = limits_at(z)
        return low - value if below else value - high

    near, far = 1.0, 1.0
    while excluded_by(far) > 0:
        if far > _LARGEST_DEVIATE:
            return math.inf if below else -math.inf
        near, far = far, 2 * far
    while near > 1 / _LARGEST_DEVIATE and excluded_by(near) <= 0:
        near /= 2
    if excluded_by(near) <= 0:  # within a thousandth of a deviate, where rounding decides
        near = 0.0
    z = root(excluded_by, near, far)
    return z if below else -z
