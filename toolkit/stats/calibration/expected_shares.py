"""Whether a score keeps what is said of its classes: how full they are, how soon cancers come.

The classes of an examination score are set on some population. ``goodness_of_fit`` asks whether
another one fills them in the shares that were promised, and ``capture_curve`` how many of the
cancers are found when examinations are taken from the highest score down. Neither reads the score
as a probability. Samples with weights or clusters have ``toolkit.stats.proportions.weighted``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import FloatArray, IndexArray, IntArray
from toolkit.results import Curve, Result
from toolkit.stats._checks import (
    check_ci_level,
    check_count,
    check_counts,
    check_numbers,
    check_rating,
    check_ratings,
    check_truth,
)
from toolkit.stats.proportions.one import wilson_at
from toolkit.stats.proportions.weighted import counted_cases, share_covariance

_FEW_EXPECTED = 5
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class ShareFit(Result):
    """A test of whether categories hold their expected shares.

    Parameters
    ----------
    statistic : float
        Chi-square statistic, 0 where every category holds just its share.
    df : float
        Degrees of freedom; a fraction where weights or clusters were allowed for.
    p_value : float
        Probability of a statistic as large if the shares are the expected ones.
    n_cases : int
        Cases counted.
    n_clusters : int, optional
        Patients, where cases cluster in patients.
    """

    statistic: float
    df: float
    p_value: float
    n_cases: int
    n_clusters: int | None = None


def check_expected_share(expected_share: ArrayLike, *, n_categories: int) -> FloatArray:
    """Return expected shares as float64, shape (n_categories,): positive, with the sum 1."""
    shares = check_ratings(expected_share, n_cases=n_categories, name="expected_share", axes=())
    if not (shares > 0).all():
        place = int(np.argmin(shares > 0))
        msg = (
            f"expected_share must be above 0, but position {place} holds {float(shares[place])!r}; "
            "leave out a category in which nothing is expected"
        )
        raise ValueError(msg)
    if abs(math.fsum(shares) - 1) > _ROUNDING:
        msg = (
            f"expected_share must add up to 1, but {shares.size} shares add up to "
            f"{math.fsum(shares):g}; give the share of every category"
        )
        raise ValueError(msg)
    return shares


def goodness_of_fit(counts: ArrayLike, expected_share: ArrayLike) -> ShareFit:
    """Test whether cases fall into categories in the expected shares (Pearson's chi-square).

    Parameters
    ----------
    counts : array_like of int, shape (n_categories,)
        Cases in each category; at least two categories.
    expected_share : array_like, shape (n_categories,)
        Share of the population that each category should hold, above 0, adding up to 1; fixed
        in advance, not estimated from these cases.

    Returns
    -------
    ShareFit
        With n_categories - 1 degrees of freedom. NaN with a note where no case was counted. Where
        fewer than 5 cases are expected in a category the note says that P is approximate.

    Raises
    ------
    ValueError
        If counts are not whole numbers, there is one category only, or the shares do not fit.

    Notes
    -----
    Null hypothesis: the cases are a simple random sample of a population with these shares. With
    many cases a difference too small to matter is significant, and with few a large one is not:
    look at the shares and their intervals. Not for cases that cluster in patients or were sampled
    with different probabilities: ``weighted_goodness_of_fit``.

    References
    ----------
    Pearson K. Philos Mag 1900;50:157-175. doi:10.1080/14786440009463897

    Examples
    --------
    >>> fit = goodness_of_fit([16, 18, 16, 14, 12, 12], [1 / 6] * 6)
    >>> f"{fit.statistic:.3f}, {fit.df:.0f} df, P = {fit.p_value:.3f}"
    '2.000, 5 df, P = 0.849'
    """
    observed = check_counts(counts, name="counts")
    require_categories(observed.size)
    shares = check_expected_share(expected_share, n_categories=observed.size)
    n_cases, df = int(observed.sum()), float(observed.size - 1)
    method = "Pearson chi-square goodness of fit"
    if not n_cases:
        return no_fit("no case was counted", method=method, df=df)
    expected = n_cases * shares
    statistic = math.fsum((observed - expected) ** 2 / expected)
    return ShareFit(
        statistic=statistic,
        df=df,
        p_value=float(special.chdtrc(df, statistic)),
        n_cases=n_cases,
        method=method,
        note=few_expected(expected),
    )


def weighted_goodness_of_fit(
    category: ArrayLike,
    expected_share: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
) -> ShareFit:
    """Test whether a weighted or clustered sample fits expected shares (Rao and Scott).

    Parameters
    ----------
    category : array_like of int, shape (n_cases,)
        Category of each case, from 0 to n_categories - 1.
    expected_share : array_like, shape (n_categories,)
        Share of the population that each category should hold, above 0, adding up to 1.
    weight, cluster
        As in ``weighted_proportion_ci``.

    Returns
    -------
    ShareFit
        Pearson's statistic on weighted shares, corrected to the second order; ``df`` is usually a
        fraction. NaN with a note without cases, with one cluster, or where all weight lies in one
        category.

    Raises
    ------
    ValueError
        If an argument is malformed, or a category has no expected share.

    Notes
    -----
    Null hypothesis: the population from which clusters were drawn has these shares. Pearson's
    statistic is then a sum of chi-squares times design effects; dividing by the sum of squares of
    these over their sum matches its mean and variance (Satterthwaite). For a simple random sample
    ``goodness_of_fit`` is the better test: here the design effects are estimated as well.

    References
    ----------
    Rao JNK, Scott AJ. J Am Stat Assoc 1981;76:221-230. doi:10.1080/01621459.1981.10477633

    Rao JNK, Scott AJ. Ann Stat 1984;12:46-60. doi:10.1214/aos/1176346391

    Examples
    --------
    Ten women in two categories, one of whom stands for three.

    >>> fit = weighted_goodness_of_fit([0] * 4 + [1] * 6, [0.5, 0.5], weight=[3] + [1] * 9)
    >>> f"{fit.statistic:.3f}, {fit.df:.0f} df, P = {fit.p_value:.2f}"
    '0.000, 1 df, P = 1.00'
    """
    shares = check_numbers(expected_share, name="expected_share")
    require_categories(shares.size)
    shares = check_expected_share(shares, n_categories=shares.size)
    numbers = _check_category(category, n_categories=shares.size)
    used, each, unit_of = counted_cases(numbers.size, weight=weight, cluster=cluster)
    numbers = numbers[used]
    method = "Rao-Scott chi-square goodness of fit, second order"
    df = float(shares.size - 1)
    if not numbers.size:
        return no_fit("no case was counted", method=method, df=df)
    member = (numbers[:, None] == np.arange(shares.size)).astype(np.float64)
    observed = each @ member / each.sum()
    # Rows of the design-effect matrix: n covariance / expected share.
    effects = numbers.size * share_covariance(member, each, unit_of) / shares[:, None]
    trace, squares = float(np.trace(effects)), float(np.sum(effects * effects.T))
    if not trace > 0:  # also NaN
        reason = "no variance: all weight lies in one category, or there is one cluster only"
        return no_fit(reason, method=method, df=df, n_cases=numbers.size)
    pearson = numbers.size * math.fsum((observed - shares) ** 2 / shares)
    statistic, df = pearson * trace / squares, trace**2 / squares
    return ShareFit(
        statistic=statistic,
        df=df,
        p_value=float(special.chdtrc(df, statistic)),
        n_cases=numbers.size,
        n_clusters=None if cluster is None else int(np.unique(unit_of).size),
        method=method,
        note=few_expected(numbers.size * shares),
    )


def _check_category(category: ArrayLike, *, n_categories: int) -> IntArray:
    """Return categories as int64, shape (n_cases,), each with an expected share."""
    numbers = check_numbers(category, name="category")
    if numbers.ndim != 1:
        msg = f"category must have shape (n_cases,), but got {numbers.shape}"
        raise ValueError(msg)
    for value in np.unique(numbers).tolist():
        if check_count(value, name="category") >= n_categories:
            msg = (
                f"category must lie from 0 to {n_categories - 1}, one for each expected share, "
                f"but got {value!r}"
            )
            raise ValueError(msg)
    return numbers.astype(np.int64)


def require_categories(n_categories: int) -> None:
    """Refuse a single category, which always holds everything."""
    if n_categories < 2:
        msg = f"two categories or more are needed, but got {n_categories}; a share of one is 1"
        raise ValueError(msg)


def no_fit(reason: str, *, method: str, df: float, n_cases: int = 0) -> ShareFit:
    """Return a test that is not defined, and why."""
    return ShareFit(
        statistic=math.nan, df=df, p_value=math.nan, n_cases=n_cases, method=method, note=reason
    )


def few_expected(expected: FloatArray) -> str:
    """Return a note where the chi-square distribution is a poor approximation."""
    least = float(expected.min())
    if least >= _FEW_EXPECTED:
        return ""
    return f"P is approximate: the smallest category expects {least:.1f} cases, fewer than 5"


@dataclass(frozen=True, kw_only=True, eq=False)
class CaptureCurve(Curve):
    """How many of the cancers are found when cases are taken from the highest rating down.

    Parameters
    ----------
    x : ndarray, shape (n_points,)
        Share of all cases taken.
    y : ndarray, shape (n_points,)
        Share of the positive cases among them.
    threshold : ndarray, shape (n_points,)
        Cases are taken from this rating up; the first is inf, where none is.
    ci_low, ci_high : ndarray, shape (n_points,)
        Pointwise interval of ``y`` at each threshold.
    ci_level : float
        Confidence level at each point, not of the band as a whole.
    ci_method : str
        How the interval was made.
    """

    ci_low: FloatArray
    ci_high: FloatArray
    ci_level: float
    ci_method: str


def capture_curve(
    truth: ArrayLike,
    rating: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> CaptureCurve:
    """Return the share of positive cases found against the share of cases taken.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious; cases are taken from the highest rating down.
    weight : array_like, shape (n_cases,), optional
        Sampling weight: cases of the population that a case stands for. In an enriched sample
        without weights ``x`` is a share of that sample and of nothing else.
    ci_level : float
        Confidence level at each point.
    label : str
        Who or what was measured.

    Returns
    -------
    CaptureCurve
        Kind ``"capture"``: one point for each distinct rating, and (0, 0). Without positive cases
        ``y`` is NaN, without cases ``x`` too, and the note says so.

    Raises
    ------
    ValueError
        If an argument is malformed, or a rating or weight is NaN or infinite.

    Notes
    -----
    The interval is that of the sensitivity at a threshold fixed in advance, by Wilson's score
    method; with unequal weights among positive cases, on their effective number. It is pointwise:
    the whole band holds the whole curve less often. Points of tied ratings are joined by a line,
    which stands for taking the tied cases in random order. Positive cases are taken as
    independent; where a woman has several cancers among the cases, the band is too narrow.

    References
    ----------
    Wilson EB. J Am Stat Assoc 1927;22:209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> curve = capture_curve([0, 0, 1, 0, 1], [1, 1, 2, 3, 3])
    >>> curve.threshold.tolist(), curve.x.tolist(), curve.y.tolist()
    ([inf, 3.0, 2.0, 1.0], [0.0, 0.4, 0.6, 1.0], [0.0, 0.5, 1.0, 1.0])
    """
    positive = check_truth(truth)
    numbers = check_rating(rating, n_cases=positive.size)
    if not np.isfinite(numbers).all():
        first = int(np.argmin(np.isfinite(numbers)))
        msg = f"rating must be finite, but position {first} holds {float(numbers[first])!r}"
        raise ValueError(msg)
    used, each, _ = counted_cases(positive.size, weight=weight, cluster=None)
    positive, numbers = positive[used], numbers[used]
    level = check_ci_level(ci_level)
    thresholds = np.unique(numbers)[::-1]
    # Place of each case among the thresholds, 1 for the highest; 0 stands for taking none.
    place = thresholds.size - np.searchsorted(thresholds[::-1], numbers)
    taken = _running_total(each, place, thresholds.size)
    found = _running_total(each * positive, place, thresholds.size)
    squares = _running_total((each * positive) ** 2, place, thresholds.size)
    y = _share(found)
    low, high = _band(y, squares, each[positive], ci_level=level)
    unequal = positive.any() and np.ptp(each[positive]) > 0
    return CaptureCurve(
        kind="capture",
        x=_share(taken),
        y=y,
        threshold=np.concatenate([[math.inf], thresholds]),
        ci_low=low,
        ci_high=high,
        ci_level=level,
        ci_method="Wilson score, effective number of cases" if unequal else "Wilson score",
        label=label,
        n_cases=positive.size,
        n_positive=int(positive.sum()),
        method="share of positive cases among those taken from the highest rating down",
        note=_undefined_axes(taken[-1], found[-1]),
    )


def _running_total(values: FloatArray, place: IndexArray, n_places: int) -> FloatArray:
    """Return the total of ``values`` up to each place, shape (n_places + 1,), from 0."""
    return np.cumsum(np.bincount(place, weights=values, minlength=n_places + 1))


def _share(running: FloatArray) -> FloatArray:
    """Return running totals as shares of the last; NaN where that is 0."""
    if running[-1] == 0:
        return np.full(running.shape, math.nan)
    return np.asarray(running / running[-1], dtype=np.float64)


def _band(
    share: FloatArray, squares: FloatArray, weight: FloatArray, *, ci_level: float
) -> tuple[FloatArray, FloatArray]:
    """Return Wilson's limits of running shares; ``squares`` are running totals of weight^2."""
    n, total = weight.size, weight.sum()
    if total == 0:
        return np.full(share.shape, math.nan), np.full(share.shape, math.nan)
    effective = np.full(share.shape, total / weight.max())
    if np.ptp(weight) > 0 and n > 1:
        # Variance of a ratio of weighted totals: sum of w^2 (event - share)^2 over total^2.
        spread = (1 - share) ** 2 * squares + share**2 * (squares[-1] - squares)
        variance = spread / total**2 * n / (n - 1)
        inner = (share > 0) & (share < 1)
        effective[inner] = (share * (1 - share))[inner] / variance[inner]
    return wilson_at(share * effective, effective, -float(special.ndtri((1 - ci_level) / 2)))


def _undefined_axes(taken: float, found: float) -> str:
    """Return why an axis of the curve is not defined."""
    if taken == 0:
        return "no case was taken: neither axis is defined"
    return "no positive case: the share found is not defined" if found == 0 else ""
