"""How much longer or shorter one way of reading takes than another on the same cases."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from toolkit.results import Comparison
from toolkit.stats._checks import check_ci_level


def geometric_mean_ratio_ci(
    time_a: ArrayLike,
    time_b: ArrayLike,
    *,
    ci_level: float = 0.95,
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio of the geometric mean reading times of b over a on the same cases.

    Parameters
    ----------
    time_a, time_b : array_like, shape (n_cases,)
        Reading times in seconds, above 0, the same case at the same place.
    ci_level : float
        Confidence level of the interval, two-sided.
    label_a, label_b : str
        The comparator and the new way of reading.

    Returns
    -------
    Comparison
        effect "ratio", unit "s"; paired t on log times. NaN with a note for fewer than 2 cases or
        where every case has the same ratio.

    Raises
    ------
    ValueError
        If the lengths differ, or a time is missing, not finite or not above 0.

    Notes
    -----
    Null hypothesis: the mean of log(b / a) is 0. Cases are random and independent. Times of one
    reader resemble each other, so where few readers read many cases each the interval is too
    narrow: a mixed model with random readers is then the analysis.

    References
    ----------
    Bland JM, Altman DG. BMJ 1996;312:1153. doi:10.1136/bmj.312.7039.1153

    Examples
    --------
    >>> ratio = geometric_mean_ratio_ci([40, 60, 50], [20, 30, 30])
    >>> round(ratio.estimate, 3)  # the cube root of 0.5 * 0.5 * 0.6
    0.531
    """
    level = check_ci_level(ci_level)
    a, b = _log_times(time_a, "time_a"), _log_times(time_b, "time_b")
    if a.shape != b.shape:
        msg = f"time_a and time_b must have the same length, but got {a.size} and {b.size}"
        raise ValueError(msg)
    n = a.size
    ratio = b - a
    mean = float(ratio.mean()) if n else math.nan
    error = float(ratio.std(ddof=1)) / math.sqrt(n) if n > 1 else math.nan
    note = ""
    if n < 2:
        note = f"{n} cases with both times: no interval"
    elif np.ptp(ratio) <= 8 * np.finfo(np.float64).eps * float(np.abs(b).max()):  # rounding only
        note, error = "every case has the same ratio: no interval", math.nan
    df = float(n - 1) if n > 1 else math.nan
    statistic = mean / error
    reach = float(stdtrit(df, (1 + level) / 2)) * error
    return Comparison(
        quantity="reading_time",
        unit="s",
        estimate=math.exp(mean),
        std_error=math.exp(mean) * error,
        ci_low=math.exp(mean - reach),
        ci_high=math.exp(mean + reach),
        ci_level=level,
        ci_method="paired t, log scale",
        method="ratio of geometric means, paired by case",
        note=note,
        n_cases=n,
        label_a=label_a,
        label_b=label_b,
        estimate_a=math.exp(a.mean()) if n else math.nan,
        estimate_b=math.exp(b.mean()) if n else math.nan,
        effect="ratio",
        statistic=statistic,
        df=df,
        p_value=2 * float(stdtr(df, -abs(statistic))),
        better="lower",
    )


def _log_times(times: ArrayLike, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the logs of checked times."""
    values = np.asarray(times, dtype=np.float64)
    if values.ndim != 1:
        msg = f"{name} must have shape (n_cases,), but got {values.shape}"
        raise ValueError(msg)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values > 0)))
    if wrong.size:
        msg = (
            f"{name} must be finite and above 0 seconds, but got {values[wrong[0]]!r} at position "
            f"{wrong[0]}; drop cases without a time first"
        )
        raise ValueError(msg)
    return np.log(values)
