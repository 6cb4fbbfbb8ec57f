"""Two methods measured on the same units: the difference of means, the ratio of geometric means.

Units must be independent: women for what is counted per woman, readers for what each reader shows
on average (then readers are random). b is the new method, a the comparator.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Better, Comparison
from toolkit.stats._checks import check_ci_level, check_ratings
from toolkit.stats._inference import quantile, upper_tail

_ROUNDING = 1e-12


def mean_difference_ci(
    values_a: ArrayLike,
    values_b: ArrayLike,
    *,
    unit: str,
    ci_level: float = 0.95,
    better: Better | None = None,
    quantity: str = "mean",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference of means b minus a of paired values by the t method.

    Parameters
    ----------
    values_a, values_b : array_like, shape (n_units,)
        Values of the comparator a and of the new method b, the same unit at the same place.
    unit : str
        Unit of the values.
    ci_level : float
        Confidence level, two-sided.
    better : {"higher", "lower"}, optional
        Which direction is better.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    Comparison
        Without an interval, with a note, where fewer than two units or no variation leaves no
        standard error.

    Raises
    ------
    ValueError
        If the lengths differ, a value is missing, or the level is wrong.

    Notes
    -----
    Null hypothesis: the mean difference is 0. Exact for normal differences, good for many units.

    Examples
    --------
    >>> change = mean_difference_ci([1, 1, 1, 2], [1, 2, 1, 3], unit="readings")
    >>> f"{change.estimate:.1f} ({change.ci_low:.2f}, {change.ci_high:.2f})"
    '0.5 (-0.42, 1.42)'
    """
    a, b = paired_values(values_a, values_b)
    center, error = _mean_and_error(b - a)
    reach = quantile(check_ci_level(ci_level), max(a.size - 1, 1)) * error
    return Comparison(
        method="paired difference of means",
        ci_method="paired t",
        ci_level=ci_level,
        quantity=quantity,
        unit=unit,
        effect="difference",
        label_a=label_a,
        label_b=label_b,
        estimate=center,
        std_error=error,
        estimate_a=_mean_and_error(a)[0],
        estimate_b=_mean_and_error(b)[0],
        ci_low=center - reach,
        ci_high=center + reach,
        n_clusters=a.size,
        **_test(center, error, a.size),
        better=better,
        note=_note(a.size, error),
    )


def geometric_ratio_ci(
    values_a: ArrayLike,
    values_b: ArrayLike,
    *,
    ci_level: float = 0.95,
    better: Better | None = None,
    quantity: str = "geometric_mean",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio of geometric means b over a of paired values by the t method on logs.

    Parameters
    ----------
    values_a, values_b : array_like, shape (n_units,)
        Values above 0 of the comparator a and of the new method b, such as each reader's
        geometric mean of reading times; the same unit at the same place.
    ci_level, better, quantity, label_a, label_b
        As in ``mean_difference_ci``.

    Returns
    -------
    Comparison
        ``std_error`` is that of the ratio, from the log scale. Without an interval, with a note,
        where fewer than two units or no variation leaves no standard error.

    Raises
    ------
    ValueError
        If the lengths differ, a value is missing or not above 0, or the level is wrong.

    Notes
    -----
    Null hypothesis: the ratio is 1. Units weigh alike, however many readings each stands for.

    References
    ----------
    Bland JM, Altman DG. BMJ 1996;312:1079. doi:10.1136/bmj.312.7038.1079

    Examples
    --------
    >>> ratio = geometric_ratio_ci([40, 50, 60], [36, 43, 50])
    >>> f"{ratio.estimate:.2f} ({ratio.ci_low:.2f}, {ratio.ci_high:.2f})"
    '0.86 (0.78, 0.95)'
    """
    a, b = paired_values(values_a, values_b)
    for name, values in (("values_a", a), ("values_b", b)):
        if not (values > 0).all():
            msg = f"{name} must be above 0 for a ratio, but the lowest is {values.min().item()!r}"
            raise ValueError(msg)
    logs = np.log(b) - np.log(a)
    center, error = _mean_and_error(logs)
    reach = quantile(check_ci_level(ci_level), max(a.size - 1, 1)) * error
    ratio = math.exp(center)
    return Comparison(
        method="paired ratio of geometric means",
        ci_method="paired t on logarithms",
        ci_level=ci_level,
        quantity=quantity,
        unit="ratio",
        effect="ratio",
        label_a=label_a,
        label_b=label_b,
        estimate=ratio,
        std_error=ratio * error,
        estimate_a=math.exp(_mean_and_error(np.log(a))[0]),
        estimate_b=math.exp(_mean_and_error(np.log(b))[0]),
        ci_low=math.exp(center - reach),
        ci_high=math.exp(center + reach),
        n_clusters=a.size,
        **_test(center, error, a.size),
        better=better,
        note=_note(a.size, error),
    )


def paired_values(values_a: ArrayLike, values_b: ArrayLike) -> tuple[FloatArray, FloatArray]:
    """Return both arrays as float64; refuse missing and infinite values and different lengths."""
    a = check_ratings(values_a, name="values_a", axes=(), finite=True)
    b = check_ratings(values_b, name="values_b", axes=(), finite=True)
    if b.shape != a.shape:
        msg = (
            f"values_a and values_b must have one length, but got {a.shape} and {b.shape}; "
            "join both by unit first"
        )
        raise ValueError(msg)
    return a, b


def _mean_and_error(values: FloatArray) -> tuple[float, float]:
    """Return mean and standard error; NaN where there is none, also where nothing varies."""
    if not values.size:
        return math.nan, math.nan
    spread = float(values.std(ddof=1)) if values.size > 1 else 0.0
    # Equal logarithms differ by rounding; an interval from that would be of no width.
    varies = spread > _ROUNDING * float(np.abs(values).max())
    return float(values.mean()), spread / math.sqrt(values.size) if varies else math.nan


def _test(center: float, error: float, n_units: int) -> dict[str, Any]:
    """Return statistic, degrees of freedom and two-sided P against a mean of 0."""
    statistic = center / error
    df = n_units - 1.0 if not math.isnan(error) else math.nan
    tail = upper_tail(abs(statistic), df) if df == df else math.nan
    return {"statistic": statistic, "df": df, "p_value": 2 * tail}


def _note(n_units: int, error: float) -> str:
    """Return why there is no interval, or nothing."""
    if n_units < 2:
        return "no pair of values" if not n_units else "one pair of values has no interval"
    return "no variation between pairs, so no interval" if math.isnan(error) else ""
