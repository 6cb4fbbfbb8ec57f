"""Wald inference on a difference: interval, test and non-inferiority from one standard error."""

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
    check_margin(margin, effect="difference", better=better)
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
