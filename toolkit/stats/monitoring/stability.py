"""Whether a distribution stays the same over time: its shift, and limits for single periods."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import FloatArray, IntArray
from toolkit.results import Result
from toolkit.stats._checks import check_count, check_counts, check_ratings, check_share
from toolkit.stats.calibration.expected_shares import require_categories

# A normal deviate lies beyond three standard errors on one side with this probability.
THREE_SE_TAIL = 0.0013498980316300933
_HALF_A_CASE = 0.5
_EXACT_PAIRS = 10_000


@dataclass(frozen=True, kw_only=True, eq=False)
class StabilityIndex(Result):
    """How far two distributions over the same categories are apart.

    Parameters
    ----------
    estimate : float
        Population stability index, 0 where they are alike.
    statistic, df, p_value : float
        Test of whether both are samples of one distribution.
    n_cases : int
        Cases of the distribution that is compared with the baseline.
    """

    estimate: float
    statistic: float
    df: float
    p_value: float
    n_cases: int


def population_stability(counts: ArrayLike, baseline: ArrayLike) -> StabilityIndex:
    """Return the population stability index of one period against a baseline, with its test.

    Parameters
    ----------
    counts, baseline : array_like of int, shape (n_categories,)
        Cases of the period and of the baseline in each category; no case may be in both.

    Returns
    -------
    StabilityIndex
        NaN with a note where either has no case.

    Raises
    ------
    ValueError
        If counts are not whole numbers, or the two have different or fewer than two categories.

    Notes
    -----
    The index is the sum of (p - q) log(p / q) over categories, Jeffreys' divergence. Half a case
    is added to every category of both, so that an empty one does not make it infinite. Chance
    alone gives about (n_categories - 1) (1 / n + 1 / n_baseline): customary limits such as 0.1
    mean nothing for small periods. Null hypothesis of the test: both are simple random samples of
    one distribution; the index over (1 / n + 1 / n_baseline) is then about chi-square with
    n_categories - 1 degrees of freedom.

    References
    ----------
    Jeffreys H. Proc R Soc Lond A 1946;186:453-461. doi:10.1098/rspa.1946.0056

    Yurdakul B. Statistical properties of population stability index. Dissertation, Western
    Michigan University, 2018.

    Examples
    --------
    >>> shift = population_stability([60, 40], [500, 500])
    >>> f"{shift.estimate:.4f}, P = {shift.p_value:.3f}"
    '0.0397, P = 0.057'
    """
    now, before = check_counts(counts, name="counts"), check_counts(baseline, name="baseline")
    if now.size != before.size:
        msg = (
            "counts and baseline must count the same categories, but got "
            f"{now.size} and {before.size} of them; write an empty category as 0"
        )
        raise ValueError(msg)
    require_categories(now.size)
    n, n_baseline, df = int(now.sum()), int(before.sum()), float(now.size - 1)
    method = "population stability index, half a case added to each category"
    if not n or not n_baseline:
        empty = "period" if not n else "baseline"
        nothing = dict.fromkeys(("estimate", "statistic", "p_value"), math.nan)
        reason = f"no case in the {empty}"
        return StabilityIndex(df=df, n_cases=n, method=method, note=reason, **nothing)
    share, expected = _smoothed(now), _smoothed(before)
    index = math.fsum((share - expected) * np.log(share / expected))
    statistic = index / (1 / n + 1 / n_baseline)
    return StabilityIndex(
        estimate=index,
        statistic=statistic,
        df=df,
        p_value=float(special.chdtrc(df, statistic)),
        n_cases=n,
        method=method,
    )


def _smoothed(counts: IntArray) -> FloatArray:
    """Return shares after half a case was added to each category."""
    raised = counts + _HALF_A_CASE
    return np.asarray(raised / raised.sum(), dtype=np.float64)


def stability_limit(
    n_cases: int, n_baseline: int, *, n_categories: int, tail: float = THREE_SE_TAIL
) -> float:
    """Return the stability index that chance alone exceeds with probability ``tail``.

    Parameters
    ----------
    n_cases, n_baseline : int
        Cases of the period and of the baseline.
    n_categories : int
        Categories of both.
    tail : float
        Probability, by default that of three standard errors on one side.

    Returns
    -------
    float
        NaN where either has no case.

    Raises
    ------
    ValueError
        If a count is not a whole number, ``tail`` is not from 0 to 1, or categories are too few.

    Examples
    --------
    >>> round(stability_limit(80, 480, n_categories=10), 2)
    0.4
    """
    n, before = check_count(n_cases, name="n_cases"), check_count(n_baseline, name="n_baseline")
    require_categories(check_count(n_categories, name="n_categories"))
    if not n or not before:
        return math.nan
    quantile = float(special.chdtri(n_categories - 1, check_share(tail, name="tail")))
    return (1 / n + 1 / before) * quantile


@dataclass(frozen=True, kw_only=True, eq=False)
class LargestGap(Result):
    """The largest gap between two cumulative distributions of a number.

    Parameters
    ----------
    estimate : float
        Kolmogorov-Smirnov distance, from 0, alike, to 1, all of one below all of the other.
    p_value : float
        Test of whether both are samples of one distribution.
    n_cases : int
        Values of both together.
    """

    estimate: float
    p_value: float
    n_cases: int


def kolmogorov_smirnov(values_a: ArrayLike, values_b: ArrayLike) -> LargestGap:
    """Return the Kolmogorov-Smirnov distance of two samples of a number, with its test.

    Parameters
    ----------
    values_a, values_b : array_like, shapes (n_a,) and (n_b,)
        Finite values of each sample; no case may be in both.

    Returns
    -------
    LargestGap
        NaN with a note where a sample is empty.

    Raises
    ------
    ValueError
        If a value is missing or infinite, or values do not have one dimension.

    Notes
    -----
    Null hypothesis: both are simple random samples of one distribution. The P value is exact up to
    10,000 pairs of values, beyond that it is that of a one-sample test of n_a n_b / (n_a + n_b)
    cases. Where values are tied, as scores of a few whole numbers are, it is too large. Not where a
    patient gave several values.

    References
    ----------
    Hodges JL. Ark Mat 1958;3:469-486. doi:10.1007/BF02589501

    Examples
    --------
    >>> gap = kolmogorov_smirnov([1, 2, 3, 4], [3, 4, 5, 6])
    >>> f"{gap.estimate:.2f}, P = {gap.p_value:.2f}"
    '0.50, P = 0.77'
    """
    a = np.sort(check_ratings(values_a, name="values_a", axes=(), finite=True))
    b = np.sort(check_ratings(values_b, name="values_b", axes=(), finite=True))
    method, n = "two-sample Kolmogorov-Smirnov", a.size + b.size
    if not a.size or not b.size:
        note = "a sample is empty"
        return LargestGap(estimate=math.nan, p_value=math.nan, n_cases=n, method=method, note=note)
    at = np.concatenate([a, b])
    below = np.searchsorted(a, at, side="right") * b.size
    gap = int(np.abs(below - np.searchsorted(b, at, side="right") * a.size).max())
    p_value = _exact_p if a.size * b.size <= _EXACT_PAIRS else _asymptotic_p
    return LargestGap(
        estimate=gap / (a.size * b.size),
        p_value=p_value(gap, a.size, b.size),
        n_cases=n,
        method=method,
    )


def _exact_p(gap: int, n_a: int, n_b: int) -> float:
    """Return the share of all orders of two samples that have such a gap, times n_a n_b, or more.

    An order is a path over a lattice (Hodges 1958); those that stay within the gap are counted.
    """
    within = [0] * (n_b + 1)
    for i in range(n_a + 1):
        for j in range(n_b + 1):
            here = 1 if i == j == 0 else within[j] + (within[j - 1] if j else 0)
            within[j] = here if abs(i * n_b - j * n_a) < gap else 0
    every = math.comb(n_a + n_b, n_a)
    return (every - within[n_b]) / every


def _asymptotic_p(gap: int, n_a: int, n_b: int) -> float:
    """Return the P value of a one-sample test of n_a n_b / (n_a + n_b) cases."""
    from scipy import stats  # a quarter of a second, for this alone

    cases = round(n_a * n_b / (n_a + n_b))
    return float(stats.kstwo.sf(gap / (n_a * n_b), cases)) if gap else 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class ShareLimits:
    """Lowest and highest share of each period that chance still explains, shape (n_periods,)."""

    low: FloatArray
    high: FloatArray


def share_limits(n_cases: ArrayLike, share: float, *, tail: float = THREE_SE_TAIL) -> ShareLimits:
    """Return exact binomial limits for the share of events in periods of different size.

    Parameters
    ----------
    n_cases : array_like of int, shape (n_periods,)
        Cases of each period.
    share : float
        Share of events that holds in all periods, such as their common share.
    tail : float
        Probability of lying beyond a limit, on each side, at most; by default that of three
        standard errors.

    Returns
    -------
    ShareLimits
        A share outside of them has at most this probability; NaN for a period without cases.

    Raises
    ------
    ValueError
        If a count is not a whole number, or ``share`` or ``tail`` is not from 0 to 1.

    Notes
    -----
    Shewhart's chart for proportions with the binomial in place of the normal distribution, which
    for rare events calls too many periods high. With a common share estimated from the same
    periods the limits are a little too wide for a period that stands out.

    References
    ----------
    Montgomery DC. Introduction to statistical quality control. 7th ed. Wiley, 2013, chapter 7.

    Examples
    --------
    >>> limits = share_limits([100, 400], 0.1)
    >>> limits.low.tolist(), limits.high.tolist()
    ([0.02, 0.0575], [0.2, 0.1475])
    """
    from scipy import stats  # a quarter of a second, for this alone

    n = check_counts(n_cases, name="n_cases")
    common = check_share(share, name="share")
    beyond = check_share(tail, name="tail")
    some = np.where(n > 0, n, 1)
    low, high = stats.binom.ppf(beyond, some, common), stats.binom.isf(beyond, some, common)
    return ShareLimits(
        low=np.where(n > 0, np.maximum(low, 0.0) / some, math.nan),
        high=np.where(n > 0, high / some, math.nan),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class StandardizedDifference(Result):
    """A standardized mean difference, b minus a for a number, without sign for categories.

    Parameters
    ----------
    estimate : float
        In units of the standard deviation of which the squares of both groups are averaged; NaN
        with a note where it is not defined.
    label_a, label_b : str
        The two groups.
    n_cases : int
        Values used of both groups together.
    """

    estimate: float
    n_cases: int
    label_a: str = "a"
    label_b: str = "b"


def standardized_difference(
    values_a: ArrayLike, values_b: ArrayLike, *, label_a: str = "a", label_b: str = "b"
) -> StandardizedDifference:
    """Return the standardized difference of a number between two groups.

    Parameters
    ----------
    values_a, values_b : array_like, shapes (n_a,) and (n_b,)
        Finite values of each group.
    label_a, label_b : str
        Names of the groups.

    Returns
    -------
    StandardizedDifference
        (mean b - mean a) / sqrt((variance a + variance b) / 2).

    Raises
    ------
    ValueError
        If a value is missing or infinite, or values do not have one dimension.

    Notes
    -----
    Describes imbalance whatever the size of the groups; a P value would describe the size. No
    interval: it is not used to infer. For skewed values it says less than the quartiles do.

    References
    ----------
    Austin PC. Stat Med 2009;28:3083-3107. doi:10.1002/sim.3697

    Examples
    --------
    >>> standardized_difference([1, 2, 3], [3, 4, 5]).estimate
    2.0
    """
    a = check_ratings(values_a, name="values_a", axes=(), finite=True)
    b = check_ratings(values_b, name="values_b", axes=(), finite=True)
    estimate, note = math.nan, ""
    if min(a.size, b.size) < 2:
        note = "a group has fewer than two values"
    else:
        spread = math.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
        difference = float(b.mean() - a.mean())
        if spread > 0:
            estimate = difference / spread
        elif difference == 0:
            estimate = 0.0
        else:
            note = "neither group varies"
    return StandardizedDifference(
        method="standardized mean difference",
        note=note,
        estimate=estimate,
        n_cases=a.size + b.size,
        label_a=label_a,
        label_b=label_b,
    )


def standardized_difference_of_categories(
    counts_a: ArrayLike, counts_b: ArrayLike, *, label_a: str = "a", label_b: str = "b"
) -> StandardizedDifference:
    """Return the standardized difference of a categorical characteristic between two groups.

    Parameters
    ----------
    counts_a, counts_b : array_like, shape (n_categories,)
        Cases of each group in each category, in the same order.
    label_a, label_b : str
        Names of the groups.

    Returns
    -------
    StandardizedDifference
        sqrt((q - p)' S^-1 (q - p)), where p and q are the shares of all categories but one and S
        is the mean of their two multinomial covariances; never negative. It does not depend on
        the category left out. Categories that both groups lack are passed over.

    Raises
    ------
    ValueError
        If the lengths differ, counts do not have one dimension, or one is negative or not whole.

    Notes
    -----
    With two categories it is the absolute difference of two proportions over the root of their
    mean variance p (1 - p). Not for ordered categories whose order matters.

    References
    ----------
    Yang D, Dalton JE. SAS Global Forum 2012, paper 335: a unified approach to measuring the
    effect size between two groups using SAS.

    Examples
    --------
    >>> round(standardized_difference_of_categories([50, 50], [20, 80]).estimate, 4)
    0.6626
    """
    a, b = check_counts(counts_a, name="counts_a"), check_counts(counts_b, name="counts_b")
    if a.shape != b.shape:
        msg = f"counts_a and counts_b must have one length, but got {a.size} and {b.size}"
        raise ValueError(msg)
    used = (a + b) > 0
    a, b = a[used], b[used]
    note, estimate = "", math.nan
    if not (a.sum() and b.sum()):
        note = "a group is empty"
    elif not np.any((a > 0) & (b > 0)):
        note = "the groups share no category"  # then, and only then, S has no inverse
    elif a.size == 1:
        estimate = 0.0
    else:
        p, q = (a / a.sum())[1:], (b / b.sum())[1:]
        spread = (_covariance(p) + _covariance(q)) / 2
        estimate = math.sqrt(max(0.0, float((q - p) @ np.linalg.solve(spread, q - p))))
    return StandardizedDifference(
        method="standardized difference of categories",
        note=note,
        estimate=estimate,
        n_cases=int(a.sum() + b.sum()),
        label_a=label_a,
        label_b=label_b,
    )


def _covariance(shares: FloatArray) -> FloatArray:
    """Return the multinomial covariance of shares, for one case."""
    return np.diag(shares) - np.outer(shares, shares)
