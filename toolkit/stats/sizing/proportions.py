"""Size of a comparison of two independent proportions, by exact enumeration.

Two arms of a trial: detection, recall or interval cancers, shown to differ or not to be worse by a
margin of the difference or of the ratio. For two readings of the same women see
``toolkit.stats.sizing.paired``. Size before a study, not after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import (
    bdtr,
    bdtrc,
    chdtri,
    chndtr,
    fdtri,
    gammaln,
    ncfdtr,
    nctdtr,
    ndtr,
    ndtri,
    stdtrit,
    xlog1py,
    xlogy,
)

from toolkit.arrays import FloatArray
from toolkit.results import Better, Effect, Result, check_margin
from toolkit.stats._checks import (
    check_choice,
    check_ci_level,
    check_count,
    check_inner_share,
    check_positive,
)
from toolkit.stats.proportions.two import difference_score, ratio_score

Goal = Literal["difference", "non-inferiority", "equivalence"]
GOALS = ("difference", "non-inferiority", "equivalence")

_NODES = 128
_STAYS = 20
_OUTSIDE = 1e-16  # probability of standard errors that the integral leaves out


def power_of_f(noncentrality: ArrayLike, df1: float, df2: ArrayLike, size: float) -> FloatArray:
    """Return P(F > its upper ``size`` quantile), of a chi-square / df1 where df2 is infinite."""
    excess, df = np.broadcast_arrays(
        np.asarray(noncentrality, dtype=np.float64), np.asarray(df2, dtype=np.float64)
    )
    known = np.isinf(df)
    finite = np.where(known, 1.0, df)
    by_f = 1 - ncfdtr(df1, finite, excess, fdtri(df1, finite, 1 - size))
    by_chi = 1 - chndtr(chdtri(df1, size), df1, excess)
    return np.asarray(np.where(known, by_chi, by_f), dtype=np.float64)


def power_of_margin(distance: ArrayLike, df: ArrayLike, tail: float) -> FloatArray:
    """Return P(t > its upper ``tail`` quantile) where the truth lies ``distance`` above the margin.

    A noncentral t, one-sided.
    """
    far, degrees = np.broadcast_arrays(
        np.asarray(distance, dtype=np.float64), np.asarray(df, dtype=np.float64)
    )
    known = np.isinf(degrees)
    finite = np.where(known, 1.0, degrees)
    by_t = 1 - nctdtr(finite, far, -stdtrit(finite, tail))
    return np.asarray(np.where(known, ndtr(far + ndtri(tail)), by_t), dtype=np.float64)


def power_of_two_margins(low: ArrayLike, high: ArrayLike, df: ArrayLike, tail: float) -> FloatArray:
    """Return P(both one-sided t tests reject).

    The truth lies ``low`` above one margin and ``high`` below the other. With Z the standardised
    error and s the estimated over the true standard error it is the mean over s of
    P(c s - low < Z < high - c s); s^2 df is chi-square (Owen 1965, doi:10.1093/biomet/52.3-4.437).
    """
    below, above, degrees = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (low, high, df))
    )
    known = np.isinf(degrees)
    finite = np.where(known, 1.0, degrees)
    critical = np.where(known, -ndtri(tail), -stdtrit(finite, tail))
    # Beyond the last s no estimate lies that far from both margins.
    last = np.maximum((below + above) / (2 * critical), 0.0)
    start = np.minimum(np.sqrt(chdtri(finite, 1 - _OUTSIDE) / finite), last)
    end = np.minimum(np.sqrt(chdtri(finite, _OUTSIDE) / finite), last)
    node, weight = np.polynomial.legendre.leggauss(_NODES)
    s = start[..., np.newaxis] + (end - start)[..., np.newaxis] * (node + 1) / 2
    inside = _inside(below[..., np.newaxis], above[..., np.newaxis], critical[..., np.newaxis] * s)
    terms = inside * _density(s, finite[..., np.newaxis])
    by_t = (terms * weight).sum(axis=-1) * (end - start) / 2
    return np.asarray(np.where(known, _inside(below, above, critical), by_t), dtype=np.float64)


def _inside(low: FloatArray, high: FloatArray, reach: FloatArray) -> FloatArray:
    """Return P(reach - low < Z < high - reach)."""
    return np.asarray(np.maximum(ndtr(high - reach) - ndtr(reach - low), 0.0), dtype=np.float64)


def _density(s: FloatArray, df: FloatArray) -> FloatArray:
    """Return the density of the square root of a chi-square over its degrees of freedom."""
    half = df / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(df == 1, 0.0, (df - 1) * np.log(s))
    log_density = np.log(2.0) + half * np.log(half) - gammaln(half) + power - half * s * s
    return np.asarray(np.exp(log_density), dtype=np.float64)


def power_of_normal(
    distance: ArrayLike, std_error: ArrayLike, tail: float, *, null_error: ArrayLike | None = None
) -> FloatArray:
    """Return P(a normal estimate lies more than its upper ``tail`` quantile above the hypothesis).

    The truth lies ``distance`` above it; ``null_error`` is the standard error that the test takes,
    the true one if not given.
    """
    error = np.asarray(std_error, dtype=np.float64)
    taken = error if null_error is None else np.asarray(null_error, dtype=np.float64)
    return np.asarray(ndtr((np.asarray(distance) + ndtri(tail) * taken) / error), dtype=np.float64)


def first_size(reached: Callable[[int], bool], *, most: int) -> int | None:
    """Return the first whole number from 2 at which ``reached`` turns true and stays so.

    None if it is not at ``most``. Powers of counts go up and down a little as numbers grow, so the
    ``_STAYS`` numbers after the one found by bisection are tried as well.
    """
    high = 2
    while not reached(high):
        if high >= most:
            return None
        high = min(2 * high, most)
    low = high // 2  # not reached, or 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    number = high
    while falls := [n for n in range(number + 1, number + 1 + _STAYS) if not reached(n)]:
        number = falls[-1] + 1
    return number


_MOST_UNITS = 10_000_000


@dataclass(frozen=True, kw_only=True)
class ProportionQuestion:
    """Two proportions taken as true, and what is to be shown of them.

    Parameters
    ----------
    proportion_a, proportion_b : float
        Taken as true, between 0 and 1.
    effect : {"difference", "ratio"}
        Scale of the margin: b minus a, or b over a.
    margin, better : float, {"higher", "lower"}, optional
        Non-inferiority margin, as in every comparison: of a difference above 0, of a ratio below 1
        where higher is better and above 1 where lower is. Without, a two-sided test of a
        difference.

    Raises
    ------
    ValueError
        If a value is malformed, or what is to be shown is not true.

    Examples
    --------
    >>> question = ProportionQuestion(proportion_a=0.005, proportion_b=0.005, effect="ratio",
    ...                               margin=0.8, better="higher")
    >>> question.boundary
    0.004
    """

    proportion_a: float
    proportion_b: float
    effect: Effect = "difference"
    margin: float | None = None
    better: Better | None = None

    def __post_init__(self) -> None:
        """Check the question."""
        check_inner_share(self.proportion_a, name="proportion_a")
        check_inner_share(self.proportion_b, name="proportion_b")
        check_choice(self.effect, name="effect", choices=("difference", "ratio"))
        check_margin(self.margin, effect=self.effect, better=self.better)
        if self.margin is None:
            if self.proportion_a == self.proportion_b:
                msg = "proportion_a and proportion_b are equal: there is no difference to show"
                raise ValueError(msg)
            return
        if not 0 < self.boundary < 1:
            msg = (
                f"margin = {self.margin!r} allows any proportion of b (its limit would be "
                f"{self.boundary:.6g}); choose a smaller one"
            )
            raise ValueError(msg)
        good = self.proportion_b - self.boundary
        if (good if self.better == "higher" else -good) <= 0:
            msg = (
                f"proportion_b = {self.proportion_b!r} lies beyond the margin, whose limit is "
                f"{self.boundary:.6g}: what is to be shown is not true, so no size is enough"
            )
            raise ValueError(msg)

    @property
    def hypothesis(self) -> float:
        """The effect that is tested against."""
        if self.margin is None:
            return 0.0 if self.effect == "difference" else 1.0
        if self.effect == "difference" and self.better == "higher":
            return -self.margin
        return self.margin

    @property
    def boundary(self) -> float:
        """Proportion of b at which the hypothesis just holds."""
        if self.effect == "difference":
            return self.proportion_a + self.hypothesis
        return self.proportion_a * self.hypothesis

    @property
    def in_words(self) -> str:
        """What is to be shown."""
        if self.margin is None:
            return f"two-sided test of the {self.effect}"
        return f"non-inferiority, {self.effect}, {self.better} is better"


@dataclass(frozen=True, kw_only=True, eq=False)
class ProportionPower(Result):
    """Power of a comparison of two proportions.

    Parameters
    ----------
    true_a, true_b : float
        Proportions taken as true.
    power : float
        Probability that the test shows it.
    size : float
        Probability that it does where the hypothesis just holds, a being as it is: the true level
        of the test, one-sided where there is a margin.
    n_a, n_b : int
        Units of each group; of paired proportions, the pairs.
    seed : str, optional
        Where the two are simulated.
    """

    true_a: float
    true_b: float
    power: float
    size: float
    n_a: int
    n_b: int
    ci_level: float
    effect: Effect
    margin: float | None = None
    better: Better | None = None
    seed: str | None = None


def two_group_power(
    question: ProportionQuestion, *, n_a: int, n_b: int, ci_level: float = 0.95
) -> ProportionPower:
    """Return the exact power of the score test of two independent proportions.

    Parameters
    ----------
    question : ProportionQuestion
        What is taken as true, and what is to be shown.
    n_a, n_b : int
        Units of each group.
    ci_level : float
        0.95 is a two-sided test at 5 %, and a margin at one-sided 2.5 %.

    Returns
    -------
    ProportionPower

    Raises
    ------
    ValueError
        If a number is 0, or the level is wrong.

    Notes
    -----
    The test is that of ``proportion_difference_ci`` or ``proportion_ratio_ci``, with a margin
    that of Farrington and Manning with their variance factor; all outcomes but about 1e-13 are
    added up. Not for clustered units, such as two breasts of a woman or women of one reader.

    References
    ----------
    Farrington CP, Manning G. Stat Med 1990;9:1447-1454. doi:10.1002/sim.4780091208

    Examples
    --------
    Detection of 5 in 1,000 women in both arms, not to fall below 80 % of it:

    >>> question = ProportionQuestion(proportion_a=0.005, proportion_b=0.005, effect="ratio",
    ...                               margin=0.8, better="higher")
    >>> result = two_group_power(question, n_a=40_000, n_b=40_000)
    >>> round(result.power, 3), round(result.size, 3)
    (0.61, 0.025)
    """
    level = check_ci_level(ci_level)
    sizes = [check_count(n_a, name="n_a"), check_count(n_b, name="n_b")]
    for name, value in zip(("n_a", "n_b"), sizes, strict=True):
        if value < 1:
            msg = f"{name} must be at least 1, but got {value}"
            raise ValueError(msg)
    n_a, n_b = sizes
    return ProportionPower(
        true_a=question.proportion_a,
        true_b=question.proportion_b,
        power=_probability(question, n_a, n_b, level, question.proportion_b),
        size=_probability(question, n_a, n_b, level, question.boundary),
        n_a=n_a,
        n_b=n_b,
        ci_level=level,
        effect=question.effect,
        margin=question.margin,
        better=question.better,
        method=f"{question.in_words}, Miettinen-Nurminen score, exact enumeration",
    )


def two_group_sample_size(
    question: ProportionQuestion,
    *,
    power: float = 0.8,
    b_per_a: float = 1.0,
    ci_level: float = 0.95,
) -> ProportionPower:
    """Return the smallest groups with which the score test has a power.

    Parameters
    ----------
    question : ProportionQuestion
        What is taken as true, and what is to be shown.
    power : float
        Power wanted.
    b_per_a : float
        Units of b for each of a, rounded up.
    ci_level : float
        As for ``two_group_power``.

    Returns
    -------
    ProportionPower
        Exact power goes up and down by a little as numbers grow: it stays reached at the 20
        numbers that follow.

    Raises
    ------
    ValueError
        If an argument is malformed, or ten million units are not enough.

    Examples
    --------
    >>> question = ProportionQuestion(proportion_a=0.10, proportion_b=0.08, margin=0.02,
    ...                               better="lower")
    >>> result = two_group_sample_size(question)
    >>> result.n_a, round(result.power, 3)
    (810, 0.801)
    """
    level, wanted = check_ci_level(ci_level), check_inner_share(power, name="power")
    ratio = check_positive(b_per_a, name="b_per_a")

    def other(n_a: int) -> int:
        return max(math.ceil(ratio * n_a), 1)

    def reached(n_a: int) -> bool:
        return _probability(question, n_a, other(n_a), level, question.proportion_b) >= wanted

    found = first_size(reached, most=_MOST_UNITS)
    if found is None:
        msg = f"{_MOST_UNITS:,} units of a are not enough; ask for less"
        raise ValueError(msg)
    return two_group_power(question, n_a=found, n_b=other(found), ci_level=level)


def _probability(
    question: ProportionQuestion, n_a: int, n_b: int, level: float, share_b: float
) -> float:
    """Return the probability that the test rejects, where b's proportion is ``share_b``."""
    tail = (1 - level) / 2
    z = -float(ndtri(tail))
    score = difference_score if question.effect == "difference" else ratio_score
    inflation, null = (n_a + n_b) / (n_a + n_b - 1), question.hypothesis
    counts = bulk(n_a, question.proportion_a)
    total = 0.0
    for x_a, mass in zip(counts, binomial_mass(counts, n_a, question.proportion_a), strict=True):

        def at(x_b: int, x_a: int = x_a) -> float:
            return score((x_a, n_a, x_b, n_b), inflation, null)

        total += mass * one_or_two_sided(question, n_b, share_b, at, z)
    return float(total)


def one_or_two_sided(
    question: ProportionQuestion, n: int, share: float, score: Callable[[int], float], z: float
) -> float:
    """Return P(a binomial count rejects) by a score that grows with it.

    Below the margin where lower is better, above it where higher is, on both sides without one.
    """
    if question.margin is not None and question.better == "lower":
        return rejection_probability(n, share, low=lambda x: score(x) < -z, high=lambda _: False)
    low = None if question.margin is not None else lambda x: score(x) < -z
    return rejection_probability(n, share, low=low, high=lambda x: score(x) > z)


_SPREADS = 9.0  # standard deviations of a count that are added up, and as many counts more
_COUNTS = 30


def bulk(n: int, share: float) -> range:
    """Return the counts of a binomial that hold all but about 1e-14 of its probability."""
    center, spread = n * share, math.sqrt(n * share * (1 - share))
    reach = _SPREADS * spread + _COUNTS
    return range(max(math.floor(center - reach), 0), min(math.ceil(center + reach), n) + 1)


def binomial_mass(counts: range, n: int, share: float) -> FloatArray:
    """Return the probabilities of counts of a binomial."""
    k = np.asarray(counts, dtype=np.float64)
    choose = gammaln(n + 1.0) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.exp(choose + xlogy(k, share) + xlog1py(n - k, -share)), dtype=np.float64)


def rejection_probability(
    n: int, share: float, *, low: Callable[[int], bool] | None, high: Callable[[int], bool]
) -> float:
    """Return P(a binomial count rejects), by ``low`` from 0 up to some count or ``high`` from one.

    ``low`` turns from true to false as the count grows, ``high`` from false to true.
    """
    counts = bulk(n, share)
    first = _first(counts, high)
    above = bdtrc(first - 1, n, share) if first > 0 else 1.0
    if low is None:
        return float(above)
    last = _first(counts, lambda count: not low(count)) - 1
    return float(above + (bdtr(last, n, share) if last >= 0 else 0.0))


def _first(counts: range, true: Callable[[int], bool]) -> int:
    """Return the first count at which ``true`` holds; the one after the last if it never does."""
    start, end = counts.start, counts.stop
    while start < end:
        middle = (start + end) // 2
        start, end = (start, middle) if true(middle) else (middle + 1, end)
    return start
