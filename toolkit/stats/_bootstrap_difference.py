"""The difference of two figures of merit from resamples: interval and the tests it inverts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.results import Better, Comparison
from toolkit.stats._bootstrap_limits import (
    Resamples,
    alike,
    judge,
    lower_p,
    normal_deviate,
    percentile_limits,
    upper_p,
)


def compare(
    values: tuple[FloatArray, FloatArray],
    estimates: tuple[float, float],
    *,
    ci_level: float,
    reason: str,
    notes: list[str],
    margin: float | None,
    better: Better | None,
    fields: dict[str, Any],
) -> Comparison:
    """Return b minus a from the values (n_resamples,) of a and b in resamples drawn together."""
    estimate = estimates[1] - estimates[0]
    notes = [*_too_narrow(values), *notes]
    resamples = judge(
        values[1] - values[0], estimate, ci_level=ci_level, reason=reason, notes=notes
    )
    defined = not resamples.reason
    low, high, _ = percentile_limits(resamples, ci_level) if defined else (math.nan, math.nan, "")
    above, below = upper_p(resamples, 0.0), lower_p(resamples, 0.0)
    p_value = min(1.0, 2 * min(above, below)) if defined else math.nan
    return Comparison(
        estimate=estimate,
        std_error=resamples.std_error,
        ci_low=low,
        ci_high=high,
        ci_level=ci_level,
        ci_method="percentile bootstrap" if defined else "none",
        estimate_a=estimates[0],
        estimate_b=estimates[1],
        effect="difference",
        statistic=normal_deviate(p_value, positive=above < below),
        df=math.inf if defined else math.nan,
        p_value=p_value,
        margin=margin,
        better=better,
        p_noninferiority=_p_noninferiority(resamples, margin, better),
        note="; ".join(text for text in (resamples.reason, *resamples.notes) if text),
        **fields,
    )


def _too_narrow(values: tuple[FloatArray, FloatArray]) -> list[str]:
    """Warn where one of the two does not vary though the other does."""
    pairs = zip("ab", values, strict=True)
    constant = [name for name, each in pairs if alike(each[np.isfinite(each)])]
    if len(constant) != 1:
        return []
    return [
        f"{constant[0]} has one value in all resamples: its own variation is taken as 0, so the "
        "interval is too narrow"
    ]


def _p_noninferiority(
    resamples: Resamples, margin: float | None, better: Better | None
) -> float | None:
    """Return the one-sided P of "b is worse by the margin or more"; None without a margin."""
    if margin is None:
        return None
    return upper_p(resamples, -margin) if better == "higher" else lower_p(resamples, margin)
