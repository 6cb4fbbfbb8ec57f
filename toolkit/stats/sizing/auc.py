"""Size of a study of one AUC, or of two, of a reader or an AI alone.

For readers who are a sample of readers see ``toolkit.stats.sizing``. Ratings are taken as binormal,
which matters little for the size of a study. Size before a study, not after it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy.special import ndtri

from toolkit.results import Better, Result, check_margin, joined
from toolkit.stats._checks import (
    check_choice,
    check_ci_level,
    check_count,
    check_inner_share,
    check_positive,
)
from toolkit.stats.binormal.binormal import both_below
from toolkit.stats.sizing.proportions import first_size, power_of_normal

_SQRT_2_AS_PRINTED = 1.414


@dataclass(frozen=True, kw_only=True)
class BinormalRating:
    """A binormal rating, negative cases standard normal."""

    auc: float
    spread: float

    @property
    def a(self) -> float:
        """Intercept of the binormal curve."""
        return float(ndtri(self.auc)) * math.hypot(1.0, 1 / self.spread)

    @property
    def b(self) -> float:
        """Slope of the binormal curve."""
        return 1 / self.spread


def exact_covariance(
    first: BinormalRating,
    second: BinormalRating,
    correlation: tuple[float, float],
    n_positive: float,
    n_negative: float,
) -> float:
    """Return the exact covariance of two empirical AUCs of the same cases (Gallas 2006).

    ``correlation`` of the two ratings among positive and among negative cases.
    """
    scale = math.hypot(1.0, first.spread) * math.hypot(1.0, second.spread)
    up = correlation[0] * first.spread * second.spread / scale
    down = correlation[1] / scale
    deviates = float(ndtri(first.auc)), float(ndtri(second.auc))
    both = both_below(*deviates, np.array([up, down, min(up + down, 1.0)]))
    more = both - first.auc * second.auc
    shares = np.array([(n_negative - 1), (n_positive - 1), 1]) / (n_positive * n_negative)
    return float(shares @ more)


def obuchowski_2004_error(auc: float, n_positive: float, n_negative: float) -> float:
    """Return the standard error of an AUC (Obuchowski and others 2004, eq. 3), as printed."""
    a = float(ndtri(auc)) * _SQRT_2_AS_PRINTED
    ratio = n_negative / n_positive
    per_positive = 0.0099 * math.exp(-a * a / 2) * ((5 * a * a + 8) + (a * a + 8) / ratio)
    return math.sqrt(per_positive / n_positive)


def obuchowski_1997_covariance(
    first: BinormalRating,
    second: BinormalRating,
    correlation: tuple[float, float],
    n_positive: float,
    n_negative: float,
) -> float:
    """Return a covariance of two binormal AUCs (Obuchowski and McClish 1997, table 1), as printed.

    Of one AUC with itself the covariance of its two parameters is left out.
    """
    up, down = correlation
    ratio = n_negative / n_positive
    (f1, g1), (f2, g2) = _slopes(first), _slopes(second)
    a1, a2, b1, b2 = first.a, second.a, first.b, second.b
    per_positive = f1 * f2 * (up + down * b1 * b2 / ratio + up**2 * a1 * a2 / 2)
    per_positive += g1 * g2 * b1 * b2 * (down**2 + ratio * up**2) / (2 * ratio)
    if correlation != (1.0, 1.0):
        per_positive += f1 * g2 * up**2 * a1 * b2 / 2 + f2 * g1 * up**2 * a2 * b1 / 2
    return per_positive / n_positive


def _slopes(rating: BinormalRating) -> tuple[float, float]:
    """Return the derivatives of the AUC by a and by b of the binormal curve."""
    one = 1 + rating.b**2
    peak = math.exp(-(rating.a**2) / (2 * one))
    return (
        peak / math.sqrt(2 * math.pi * one),
        -peak * rating.a * rating.b / math.sqrt(2 * math.pi * one**3),
    )


AucVariance = Literal["exact", "Obuchowski"]

_MOST_POSITIVE = 1_000_000


@dataclass(frozen=True, kw_only=True)
class OneAuc:
    """One AUC that is to be shown to differ from a fixed value, or to be known well enough.

    Parameters
    ----------
    auc : float
        Taken as true.
    null : float
        The value that it is tested against, two-sided.
    spread : float
        Standard deviation of positive over that of negative ratings.
    variance : {"exact", "Obuchowski"}
        ``"exact"``: of the empirical AUC of binormal ratings, at the true AUC, which is what
        DeLong's error estimates. ``"Obuchowski"``: the approximation of Obuchowski, Lieber and
        Wians (2004), and under the null hypothesis at ``null``; to reproduce pROC. It leaves out
        the covariance of the two binormal parameters and is too large, at an AUC of 0.91 by half.

    References
    ----------
    Obuchowski NA, Lieber ML, Wians FH. Clin Chem 2004;50:1118-1125.
    doi:10.1373/clinchem.2004.031823

    Examples
    --------
    >>> round(OneAuc(auc=0.9).std_error(50, 200), 4)
    0.0238
    """

    auc: float
    null: float = 0.5
    spread: float = 1.0
    variance: AucVariance = "exact"

    def __post_init__(self) -> None:
        """Check the question."""
        check_inner_share(self.auc, name="auc")
        check_inner_share(self.null, name="null")
        check_positive(self.spread, name="spread")
        check_choice(self.variance, name="variance", choices=("exact", "Obuchowski"))

    @property
    def distance(self) -> float:
        """How far the truth lies from the hypothesis."""
        return abs(self.auc - self.null)

    def std_error(self, n_positive: float, n_negative: float) -> float:
        """Return the standard error of the AUC."""
        if self.variance == "Obuchowski":
            return obuchowski_2004_error(self.auc, n_positive, n_negative)
        rating = BinormalRating(auc=self.auc, spread=self.spread)
        return math.sqrt(exact_covariance(rating, rating, (1.0, 1.0), n_positive, n_negative))

    def null_error(self, n_positive: float, n_negative: float) -> float:
        """Return the standard error that the test takes."""
        if self.variance == "Obuchowski":
            return obuchowski_2004_error(self.null, n_positive, n_negative)
        return self.std_error(n_positive, n_negative)


@dataclass(frozen=True, kw_only=True)
class TwoAucs:
    """Two AUCs, b minus a, that are to be shown to differ or b not to be worse.

    Parameters
    ----------
    auc_a, auc_b : float
        Taken as true.
    correlation_positive, correlation_negative : float
        Correlation of the two ratings of one case, among positive and among negative cases. 0 for
        two groups of different women, each of so many cases as the numbers say.
    spread_a, spread_b : float
        Standard deviation of positive over that of negative ratings, of a and of b.
    margin, better : float, {"higher"}, optional
        Non-inferiority margin of the difference, above 0; without, a two-sided test.
    variance : {"exact", "Obuchowski"}
        As for ``OneAuc``; Obuchowski and McClish (1997), and under the null hypothesis both AUCs
        as a, which makes the answer depend on which is called a. To reproduce pROC.

    References
    ----------
    Obuchowski NA, McClish DK. Stat Med 1997;16:1529-1542.
    doi:10.1002/(SICI)1097-0258(19970715)16:13<1529::AID-SIM565>3.0.CO;2-H

    Examples
    --------
    >>> question = TwoAucs(auc_a=0.85, auc_b=0.9, correlation_positive=0.5,
    ...                    correlation_negative=0.5)
    >>> round(question.std_error(100, 400), 4)
    0.0206
    """

    auc_a: float
    auc_b: float
    correlation_positive: float = 0.0
    correlation_negative: float = 0.0
    spread_a: float = 1.0
    spread_b: float = 1.0
    margin: float | None = None
    better: Better | None = None
    variance: AucVariance = "exact"

    def __post_init__(self) -> None:
        """Check the question."""
        for name in ("auc_a", "auc_b"):
            check_inner_share(getattr(self, name), name=name)
        for name in ("correlation_positive", "correlation_negative"):
            if not -1 < getattr(self, name) < 1:
                msg = f"{name} must lie between -1 and 1, but got {getattr(self, name)!r}"
                raise ValueError(msg)
        for name in ("spread_a", "spread_b"):
            check_positive(getattr(self, name), name=name)
        check_choice(self.variance, name="variance", choices=("exact", "Obuchowski"))
        check_margin(self.margin, effect="difference", better=self.better)
        if self.better == "lower":
            msg = "better must be 'higher': a higher AUC is better"
            raise ValueError(msg)
        if self.distance <= 0:
            msg = (
                f"auc_b - auc_a = {self.auc_b - self.auc_a:.6g} with margin = {self.margin!r}: "
                "what is to be shown is not true, so no size is enough"
            )
            raise ValueError(msg)

    @property
    def distance(self) -> float:
        """How far the truth lies from the hypothesis."""
        difference = self.auc_b - self.auc_a
        return abs(difference) if self.margin is None else self.margin + difference

    @property
    def _ratings(self) -> tuple[BinormalRating, BinormalRating]:
        """The two ratings."""
        return (
            BinormalRating(auc=self.auc_a, spread=self.spread_a),
            BinormalRating(auc=self.auc_b, spread=self.spread_b),
        )

    def _spread(self, null: bool, n_positive: float, n_negative: float) -> float:
        """Return the standard error of the difference, b's own variance as a's under the null."""
        formula = obuchowski_1997_covariance if self.variance == "Obuchowski" else exact_covariance
        a, b = self._ratings
        correlation = (self.correlation_positive, self.correlation_negative)
        size = n_positive, n_negative
        second = a if null else b
        return math.sqrt(
            formula(a, a, (1.0, 1.0), *size)
            + formula(second, second, (1.0, 1.0), *size)
            - 2 * formula(a, b, correlation, *size)
        )

    def std_error(self, n_positive: float, n_negative: float) -> float:
        """Return the standard error of the difference."""
        return self._spread(False, n_positive, n_negative)

    def null_error(self, n_positive: float, n_negative: float) -> float:
        """Return the standard error that the test takes."""
        return self._spread(self.variance == "Obuchowski", n_positive, n_negative)


@dataclass(frozen=True, kw_only=True, eq=False)
class AucSize(Result):
    """Numbers of cases for an AUC or a difference, with what they give.

    Parameters
    ----------
    n_positive, n_negative : int
        Cases; of each AUC, where the two are of different women.
    power : float
        Probability that the study shows it; NaN where an interval is sized.
    std_error : float
        Expected standard error.
    half_width : float
        Expected half of the width of the Wald interval.
    """

    n_positive: int
    n_negative: int
    power: float
    std_error: float
    half_width: float
    ci_level: float


def auc_power(
    question: OneAuc | TwoAucs, *, n_positive: int, n_negative: int, ci_level: float = 0.95
) -> AucSize:
    """Return the power of a study of an AUC, or of two.

    Parameters
    ----------
    question : OneAuc or TwoAucs
        What is taken as true, and what is to be shown.
    n_positive, n_negative : int
        Cases with and without the disease.
    ci_level : float
        Level of the interval: 0.95 is a two-sided test at 5 %, a margin at one-sided 2.5 %.

    Returns
    -------
    AucSize

    Raises
    ------
    ValueError
        If a number is 0, or the level is wrong.

    Notes
    -----
    Normal law. With few positive cases or an AUC near 1 the test of DeLong keeps its level badly,
    which no number here knows.

    Examples
    --------
    >>> question = TwoAucs(auc_a=0.85, auc_b=0.9, correlation_positive=0.5,
    ...                    correlation_negative=0.5)
    >>> round(auc_power(question, n_positive=100, n_negative=400).power, 3)
    0.681
    """
    level = check_ci_level(ci_level)
    for name, value in (("n_positive", n_positive), ("n_negative", n_negative)):
        if check_count(value, name=name) < 1:
            msg = f"{name} must be at least 1, but got {value!r}"
            raise ValueError(msg)
    return _size(question, int(n_positive), int(n_negative), level)


def auc_sample_size(
    question: OneAuc | TwoAucs,
    *,
    power: float = 0.8,
    negatives_per_positive: float = 1.0,
    ci_level: float = 0.95,
) -> AucSize:
    """Return the fewest positive cases, with so many negative ones each, that have a power.

    Parameters
    ----------
    question : OneAuc or TwoAucs
        What is taken as true, and what is to be shown.
    power : float
        Power wanted.
    negatives_per_positive : float
        Negative cases, rounded up.
    ci_level : float
        As for ``auc_power``.

    Returns
    -------
    AucSize

    Raises
    ------
    ValueError
        If an argument is malformed, there is nothing to show, or a million positive cases are not
        enough.

    Notes
    -----
    As ``auc_power``.

    Examples
    --------
    >>> size = auc_sample_size(TwoAucs(auc_a=0.85, auc_b=0.85, margin=0.05, better="higher",
    ...                                correlation_positive=0.5, correlation_negative=0.5))
    >>> size.n_positive, round(size.power, 3)
    (250, 0.801)
    """
    level, wanted = check_ci_level(ci_level), check_inner_share(power, name="power")
    if question.distance == 0:
        msg = "the AUC taken as true is the one of the hypothesis: there is nothing to show"
        raise ValueError(msg)

    def enough(n_positive: int, n_negative: int) -> bool:
        return _power(question, n_positive, n_negative, level) >= wanted

    return _search(question, enough, negatives_per_positive, level)


def auc_interval_size(
    question: OneAuc | TwoAucs,
    *,
    half_width: float,
    negatives_per_positive: float = 1.0,
    ci_level: float = 0.95,
) -> AucSize:
    """Return the fewest positive cases with which the Wald interval is so narrow.

    Parameters
    ----------
    question : OneAuc or TwoAucs
        What is taken as true.
    half_width : float
        Half of the width wanted of the interval of the AUC, or of the difference.
    negatives_per_positive, ci_level
        As for ``auc_sample_size``.

    Returns
    -------
    AucSize
        The width is an expected one: half of such studies have a wider interval.

    Raises
    ------
    ValueError
        As ``auc_sample_size``.

    Examples
    --------
    >>> size = auc_interval_size(OneAuc(auc=0.9), half_width=0.03, negatives_per_positive=4)
    >>> size.n_positive, size.n_negative
    (120, 480)
    """
    level = check_ci_level(ci_level)
    width = check_positive(half_width, name="half_width")

    def enough(n_positive: int, n_negative: int) -> bool:
        return _reach(level) * question.std_error(n_positive, n_negative) <= width

    found = _search(question, enough, negatives_per_positive, level)
    return replace(found, power=math.nan, note=joined("sized for its interval", found.note))


def _search(
    question: OneAuc | TwoAucs,
    enough: Callable[[int, int], bool],
    negatives_per_positive: float,
    level: float,
) -> AucSize:
    """Return the smallest study that is enough."""
    ratio = check_positive(negatives_per_positive, name="negatives_per_positive")

    def negatives(n_positive: int) -> int:
        return max(math.ceil(ratio * n_positive), 1)

    found = first_size(lambda n: enough(n, negatives(n)), most=_MOST_POSITIVE)
    if found is None:
        msg = f"{_MOST_POSITIVE:,} positive cases are not enough; ask for less"
        raise ValueError(msg)
    return _size(question, found, negatives(found), level)


def _reach(level: float) -> float:
    """Return the normal quantile of a two-sided level."""
    return -float(ndtri((1 - level) / 2))


def _power(question: OneAuc | TwoAucs, n_positive: float, n_negative: float, level: float) -> float:
    """Return the power, the wrong tail of a two-sided test left out."""
    return float(
        power_of_normal(
            question.distance,
            question.std_error(n_positive, n_negative),
            (1 - level) / 2,
            null_error=question.null_error(n_positive, n_negative),
        )
    )


def _size(question: OneAuc | TwoAucs, n_positive: int, n_negative: int, level: float) -> AucSize:
    """Return what so many cases give."""
    error = question.std_error(n_positive, n_negative)
    few = f"{n_positive} positive cases are few: the normal law is rough" if n_positive < 30 else ""
    return AucSize(
        n_positive=n_positive,
        n_negative=n_negative,
        power=_power(question, n_positive, n_negative, level),
        std_error=error,
        half_width=_reach(level) * error,
        ci_level=level,
        method=f"{type(question).__name__}, {question.variance} variance, normal law",
        note=few,
    )
