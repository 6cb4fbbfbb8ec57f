"""How far two measurements of the same thing differ: Bland and Altman's limits of agreement.

The bias is the mean difference b minus a; between the limits of agreement lie 95 % of the
differences, if they are normal. Whether limits are narrow enough is a clinical question, answered
before. Times and sizes that spread more where they are larger have ratios instead of differences.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import FloatArray, IndexArray
from toolkit.results import Comparison, Estimate
from toolkit.stats._checks import check_ci_level, check_cluster, check_share
from toolkit.stats._inference import quantile
from toolkit.stats.paired.means import geometric_ratio_ci, mean_difference_ci, paired_values


def _patient_means(values: FloatArray, patient: IndexArray) -> FloatArray:
    """Return the mean of each patient's values."""
    return np.bincount(patient, weights=values) / np.bincount(patient)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Spread:
    """Mean difference and its variance, between patients and within, as Zou (2013) names them."""

    mean: float
    n_patients: int
    between: float  # variance of patients' means
    within: float  # variance within patients, times 1 - 1 / harmonic mean of their numbers
    df_within: int

    @property
    def total(self) -> float:
        """Variance of one difference."""
        return self.between + self.within


def _spread_of(difference: FloatArray, patient: IndexArray) -> _Spread:
    """Return the components of the variance of differences."""
    if not difference.size:
        return _Spread(mean=math.nan, n_patients=0, between=0.0, within=0.0, df_within=0)
    number = np.bincount(patient)
    means = _patient_means(difference, patient)
    df_within = difference.size - means.size
    squares = float(((difference - means[patient]) ** 2).sum())
    return _Spread(
        mean=float(means.mean()),
        n_patients=means.size,
        between=float(means.var(ddof=1)) if means.size > 1 else 0.0,
        within=(1 - float((1 / number).mean())) * squares / max(df_within, 1),
        df_within=df_within,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Limit:
    """One limit of agreement on the scale of differences."""

    value: float
    error: float
    low: float
    high: float
    ci_method: str

    @classmethod
    def undefined(cls, spread: _Spread) -> _Limit:
        """Return a limit without interval, where differences do not vary or there are too few."""
        value = spread.mean if spread.n_patients > 1 else math.nan
        nothing = {"error": math.nan, "low": math.nan, "high": math.nan}
        return cls(value=value, ci_method="none", **nothing)


def _limit_of(spread: _Spread, z: float, tail: float) -> _Limit:
    """Return the limit ``z`` standard deviations from the mean difference."""
    n, deviation = spread.n_patients, math.sqrt(spread.total)
    squares = spread.between**2 / (n - 1)
    if spread.df_within:
        squares += spread.within**2 / spread.df_within
    # Delta method: the variance of a variance is 2 / df times its square.
    error = math.sqrt(spread.between / n + z * z * squares / (2 * spread.total))
    interval = _mover if spread.df_within else _exact
    low, high, name = interval(spread, z, tail)
    value = spread.mean + z * deviation
    return _Limit(value=value, error=error, low=low, high=high, ci_method=name)


def _exact(spread: _Spread, z: float, tail: float) -> tuple[float, float, str]:
    """Return the exact interval of a normal quantile (Carkeet 2015, one-sided factors)."""
    n, step = spread.n_patients, math.sqrt(spread.between / spread.n_patients)
    # (quantile - mean) / step has a noncentral t distribution with z sqrt(n) as its centre.
    factors = [
        float(special.nctdtrit(n - 1, abs(z) * math.sqrt(n), p)) * step for p in (tail, 1 - tail)
    ]
    near, far = factors
    if z > 0:
        return spread.mean + near, spread.mean + far, "exact, noncentral t"
    return spread.mean - far, spread.mean - near, "exact, noncentral t"


def _mover(spread: _Spread, z: float, tail: float) -> tuple[float, float, str]:
    """Return the interval joined from those of the mean and of both variances (Zou 2013)."""
    n, total = spread.n_patients, spread.total
    around = quantile(1 - 2 * tail, n - 1) ** 2 * spread.between / n
    parts = ((spread.between, n - 1), (spread.within, spread.df_within))
    below = math.hypot(*(v * (1 - df / special.chdtri(df, tail)) for v, df in parts))
    above = math.hypot(*(v * (df / special.chdtri(df, 1 - tail) - 1) for v, df in parts))
    deviation = math.sqrt(total)
    near = math.sqrt(around + (z * (deviation - math.sqrt(max(total - below, 0.0)))) ** 2)
    far = math.sqrt(around + (z * (math.sqrt(total + above) - deviation)) ** 2)
    value = spread.mean + z * deviation
    if z > 0:
        return value - near, value + far, "recovered variances (MOVER)"
    return value - far, value + near, "recovered variances (MOVER)"


_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class AgreementLimits:
    """The bias of b against a, and both limits of agreement, each with its interval."""

    bias: Comparison
    lower: Estimate
    upper: Estimate


def agreement_limits(
    values_a: ArrayLike,
    values_b: ArrayLike,
    *,
    unit: str,
    share: float = 0.95,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label_a: str = "a",
    label_b: str = "b",
) -> AgreementLimits:
    """Estimate bias and limits of agreement of two measurements of the same cases.

    Parameters
    ----------
    values_a, values_b : array_like, shape (n_cases,)
        Measurements by a and by b, the same case at the same place.
    unit : str
        Unit of the values.
    share : float
        Share of differences b minus a that the limits should hold, between 0 and 1.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case, where patients were measured more than once by both.
    ci_level : float
        Confidence level, two-sided, of the bias and of each limit on its own.
    label_a, label_b : str
        What was compared.

    Returns
    -------
    AgreementLimits
        Limits are bias -+ z SD. Without intervals, with notes, where fewer than two patients or
        no variation leaves none.

    Raises
    ------
    ValueError
        If the lengths differ, a value is missing or infinite, or a share or level is wrong.

    Notes
    -----
    Differences must be normal and must not widen or drift with the size of the measurement: look
    at the plot, see ``proportional_bias_slope``, and use ``ratio_agreement_limits`` where they
    widen. The bias has a t interval. A limit is a normal quantile, so its interval is exact by
    the noncentral t distribution (Carkeet), and not symmetric.

    With repeated measurements the variance of one difference is the sum of that between and that
    within patients, patients weigh alike whatever their number of measurements, and the intervals
    are Zou's; Bland and Altman (2007) weigh measurements alike and give no interval. What is
    measured may change between the repeats, for the pairs are compared.

    References
    ----------
    Bland JM, Altman DG. Stat Methods Med Res 1999;8:135-160. doi:10.1177/096228029900800204

    Carkeet A. Optom Vis Sci 2015;92:e71-e80. doi:10.1097/OPX.0000000000000513

    Zou GY. Stat Methods Med Res 2013;22:630-642. doi:10.1177/0962280211402548

    Examples
    --------
    >>> limits = agreement_limits([21, 34, 15, 28, 9, 17], [20, 37, 15, 30, 11, 16], unit="mm")
    >>> low, high = limits.lower, limits.upper
    >>> f"{low.estimate:.1f} ({low.ci_low:.1f}, {low.ci_high:.1f}) to {high.estimate:.1f}"
    '-2.5 (-8.0, -0.9) to 4.2'
    """
    pairs = _patients(values_a, values_b, cluster)
    bias = mean_difference_ci(
        *(_patient_means(values, pairs.patient) for values in (pairs.a, pairs.b)),
        unit=unit,
        ci_level=ci_level,
        quantity="bias",
        label_a=label_a,
        label_b=label_b,
    )
    return _with_limits(pairs, bias, pairs.b - pairs.a, share, float)


def ratio_agreement_limits(
    values_a: ArrayLike,
    values_b: ArrayLike,
    *,
    share: float = 0.95,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label_a: str = "a",
    label_b: str = "b",
) -> AgreementLimits:
    """Estimate geometric mean and limits of agreement of the ratio b over a.

    Parameters
    ----------
    values_a, values_b : array_like, shape (n_cases,)
        Measurements above 0, such as reading times, by a and by b.
    share, cluster, ci_level, label_a, label_b
        As in ``agreement_limits``.

    Returns
    -------
    AgreementLimits
        As from ``agreement_limits``, in ratios: 0.5 to 1.6 says that 95 % of the values by b lie
        between half and 1.6 times that by a.

    Raises
    ------
    ValueError
        As ``agreement_limits``, and if a value is not above 0.

    Notes
    -----
    ``agreement_limits`` of the logarithms, turned back. For skewed values whose differences grow
    with their size.

    References
    ----------
    Bland JM, Altman DG. Stat Methods Med Res 1999;8:135-160. doi:10.1177/096228029900800204

    Examples
    --------
    >>> limits = ratio_agreement_limits([41, 55, 38, 62, 47, 51], [35, 52, 30, 50, 46, 40])
    >>> f"{limits.lower.estimate:.2f} to {limits.upper.estimate:.2f}"
    '0.71 to 1.03'
    """
    pairs = _patients(values_a, values_b, cluster, positive=True)
    bias = geometric_ratio_ci(
        *(np.exp(_patient_means(np.log(values), pairs.patient)) for values in (pairs.a, pairs.b)),
        ci_level=ci_level,
        quantity="bias",
        label_a=label_a,
        label_b=label_b,
    )
    return _with_limits(pairs, bias, np.log(pairs.b) - np.log(pairs.a), share, math.exp)


def proportional_bias_slope(
    values_a: ArrayLike, values_b: ArrayLike, *, ci_level: float = 0.95, label: str = ""
) -> Estimate:
    """Estimate how much the difference b minus a grows with the mean of a and b.

    Parameters
    ----------
    values_a, values_b : array_like, shape (n_cases,)
        Measurements by a and by b of independent cases.
    ci_level : float
        Confidence level, two-sided.
    label : str
        What was compared.

    Returns
    -------
    Estimate
        Slope of the least-squares line, with its t interval; 0.1 is a difference that grows by 1
        where the mean grows by 10. NaN with a note where fewer than three cases, or means that do
        not vary, leave none.

    Raises
    ------
    ValueError
        If the lengths differ, a value is missing or infinite, or the level is wrong.

    Notes
    -----
    Null hypothesis: no slope, which says just that a and b have the same variance (Pitman). A
    slope arises also where both measure without proportional bias but one is less precise, so it
    is a reason to look, not a correction.

    References
    ----------
    Bland JM, Altman DG. Lancet 1995;346:1085-1087. doi:10.1016/S0140-6736(95)91748-9

    Examples
    --------
    >>> slope = proportional_bias_slope([21, 34, 15, 28, 9, 17], [20, 37, 15, 30, 11, 16])
    >>> f"{slope.estimate:.2f} ({slope.ci_low:.2f}, {slope.ci_high:.2f})"
    '0.09 (-0.12, 0.31)'
    """
    level = check_ci_level(ci_level)
    pairs = _patients(values_a, values_b, None)
    n, slope, error, note = pairs.a.size, math.nan, math.nan, ""
    difference, mean = pairs.b - pairs.a, (pairs.a + pairs.b) / 2
    x, y = mean - (mean.mean() if n else 0), difference - (difference.mean() if n else 0)
    floor = _ROUNDING * max(float(np.abs(mean).max(initial=0)), 1e-300)
    spread = math.sqrt(float(x @ x))
    if n < 3 or spread <= floor:
        why = "fewer than three cases" if n < 3 else "the means of a and b do not vary"
        note = f"the slope is not defined: {why}"
    else:
        slope = float(x @ y) / spread**2
        residual = math.sqrt(float(((y - slope * x) ** 2).sum()))
        error = residual / math.sqrt(n - 2) / spread if residual > floor else math.nan
        note = "" if residual > floor else "all cases lie on the line, so no interval"
    reach = quantile(level, max(n - 2, 1)) * error
    return Estimate(
        method="least-squares slope of the difference on the mean",
        ci_method="t",
        note=note,
        quantity="proportional_bias_slope",
        unit="index",
        label=label,
        estimate=slope,
        std_error=error,
        ci_low=slope - reach,
        ci_high=slope + reach,
        ci_level=level,
        n_cases=n,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Pairs:
    """Checked pairs of values, and the number of the patient of each."""

    a: FloatArray
    b: FloatArray
    patient: IndexArray
    clustered: bool


def _patients(
    values_a: ArrayLike, values_b: ArrayLike, cluster: ArrayLike | None, *, positive: bool = False
) -> _Pairs:
    """Return checked pairs of values and their patients."""
    a, b = paired_values(values_a, values_b)
    for name, values in (("values_a", a), ("values_b", b)):
        if positive and (wrong := values <= 0).any():
            place = int(np.argmax(wrong))
            msg = f"{name} must be above 0, but position {place} holds {values[place].item()!r}"
            raise ValueError(f"{msg}; leave the case out in view")
    own = np.arange(a.size, dtype=np.intp)
    patient = own if cluster is None else check_cluster(cluster, n_cases=a.size)
    return _Pairs(a=a, b=b, patient=patient, clustered=cluster is not None)


def _with_limits(
    pairs: _Pairs,
    bias: Comparison,
    difference: FloatArray,
    share: float,
    back: Callable[[float], float],
) -> AgreementLimits:
    """Return bias and limits; ``difference`` is on the scale that ``back`` turns back."""
    inside = check_share(share, name="share")
    if not 0 < inside < 1:
        msg = f"share must lie between 0 and 1, but got {share!r}; no finite limits hold all"
        raise ValueError(msg)
    z = -float(special.ndtri((1 - inside) / 2))
    bias = replace(
        bias,
        n_cases=difference.size,
        n_clusters=int(bias.n_clusters or 0) if pairs.clustered else None,
    )
    spread = _spread_of(difference, pairs.patient)
    both = {}
    for side, sign in (("lower", -1.0), ("upper", 1.0)):
        limit = _Limit.undefined(spread)
        if not math.isnan(bias.std_error):
            limit = _limit_of(spread, sign * z, (1 - bias.ci_level) / 2)
        value = back(limit.value)
        both[side] = Estimate(
            method=f"{side} limit of agreement, {inside:.10g} of the differences between both",
            ci_method=limit.ci_method,
            note=bias.note,
            quantity=f"{side}_limit_of_agreement",
            unit=bias.unit,
            label=f"{bias.label_b} against {bias.label_a}",
            estimate=value,
            std_error=limit.error * (1.0 if bias.effect == "difference" else value),
            ci_low=back(limit.low),
            ci_high=back(limit.high),
            ci_level=bias.ci_level,
            n_cases=bias.n_cases,
            n_clusters=bias.n_clusters,
        )
    return AgreementLimits(bias=bias, **both)
