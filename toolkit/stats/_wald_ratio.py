"""Wald inference on the logarithm of a ratio: interval, test and non-inferiority from its error."""

from __future__ import annotations

import math
from dataclasses import dataclass

from toolkit.results import Better, check_margin
from toolkit.stats._checks import check_ci_level
from toolkit.stats._wald import quantile, upper_tail


@dataclass(frozen=True, kw_only=True, eq=False)
class WaldRatio:
    """The fields of a Comparison that follow from a ratio b over a and the error of its log."""

    std_error: float
    ci_low: float
    ci_high: float
    ci_level: float
    statistic: float
    df: float
    p_value: float
    margin: float | None
    better: Better | None
    p_noninferiority: float | None


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
