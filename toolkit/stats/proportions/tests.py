"""Named tests of no difference between two independent groups: Fisher's, and Pearson's chi-square.

They belong to no interval. Report ``miettinen_nurminen_ci`` or ``miettinen_nurminen_ratio_ci``
beside them, and say with ``toolkit.stats.claims.plan.verdict_note`` where the two disagree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Result
from toolkit.stats._checks import check_rating, check_truth
from toolkit.stats.proportions.clustered import total_covariance
from toolkit.stats.proportions.two import TwoGroupCounts
from toolkit.stats.proportions.weighted import is_simple_sample, weights_and_clusters

_SAME_PROBABILITY = 1e-7  # relative; tables of equal probability differ by rounding alone
_MOST_TABLES = 5_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoGroupTest(Result):
    """A test of two independent groups: two-sided P that events are equally probable in both.

    ``statistic`` is the number of events in b for Fisher's test, chi-square with 1 degree of
    freedom for Pearson's.
    """

    quantity: str
    label_a: str
    label_b: str
    numerator_a: int
    denominator_a: int
    numerator_b: int
    denominator_b: int
    statistic: float
    p_value: float


def fisher_exact(
    counts: TwoGroupCounts,
    *,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> TwoGroupTest:
    """Test by Fisher's exact test whether events are equally probable in two independent groups.

    Parameters
    ----------
    counts : TwoGroupCounts
        Events and units of both groups.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    TwoGroupTest
        P is 1, with a note, where the events can be shared out in one way only.

    Raises
    ------
    ValueError
        If the events could be shared out in more than 5 million ways.

    Notes
    -----
    Given all events of both groups, their number in b is hypergeometric. The two-sided P adds the
    probabilities of all tables that are no more probable than the observed one; tables within
    1e-7 of it count as equal. Never above its nominal level, and often far below. Not for paired
    calls and not for clustered units.

    References
    ----------
    Fisher RA. J R Stat Soc 1935;98:39-82. doi:10.2307/2342435

    Examples
    --------
    >>> counts = TwoGroupCounts(
    ...     numerator_a=1027, denominator_a=52872, numerator_b=1110, denominator_b=53043)
    >>> f"{fisher_exact(counts, quantity='recall_rate').p_value:.3f}"
    '0.084'
    """
    less, equal = _probabilities(counts)
    p_value = min(less + equal, 1.0)
    return _test(
        counts, float(counts.numerator_b), p_value, "Fisher exact", quantity, label_a, label_b
    )


def fisher_midp(
    counts: TwoGroupCounts,
    *,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> TwoGroupTest:
    """Test by the mid-P form of Fisher's test whether events are equally probable in two groups.

    Parameters
    ----------
    counts, quantity, label_a, label_b
        As in ``fisher_exact``.

    Returns
    -------
    TwoGroupTest
        As from ``fisher_exact``; where events can be shared out in one way only P is 1, not 1/2.

    Raises
    ------
    ValueError
        As ``fisher_exact``.

    Notes
    -----
    As ``fisher_exact``, but tables as probable as the observed one count half. The size is near
    the nominal level and not guaranteed to stay below.

    References
    ----------
    Lydersen S, Fagerland MW, Laake P. Stat Med 2009;28:1159-1175. doi:10.1002/sim.3531

    Examples
    --------
    The lady who tasted tea.

    >>> counts = TwoGroupCounts(numerator_a=1, denominator_a=4, numerator_b=3, denominator_b=4)
    >>> f"{fisher_midp(counts).p_value:.5f}"
    '0.25714'
    """
    less, equal = _probabilities(counts)
    p_value = less + equal / 2 if _is_open(counts) else 1.0
    return _test(
        counts, float(counts.numerator_b), p_value, "Fisher mid-P", quantity, label_a, label_b
    )


def pearson_chi_square(
    counts: TwoGroupCounts,
    *,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> TwoGroupTest:
    """Test by Pearson's chi-square, uncorrected, whether events are equally probable in two groups.

    Parameters
    ----------
    counts, quantity, label_a, label_b
        As in ``fisher_exact``.

    Returns
    -------
    TwoGroupTest
        NaN with a note where a group has no unit, or no or every unit has the event.

    Notes
    -----
    The score test of no difference, which ``mee_ci`` and ``koopman_ratio_ci`` invert. It needs
    some five expected events in each group. Not for paired calls and not for clustered units.

    References
    ----------
    Pearson K. Philos Mag 1900;50:157-175. doi:10.1080/14786440009463897

    Examples
    --------
    Elías-Cabot 2023: cancers by tomosynthesis before and with AI.

    >>> counts = TwoGroupCounts(
    ...     numerator_a=55, denominator_a=9326, numerator_b=61, denominator_b=6972)
    >>> f"{pearson_chi_square(counts, quantity='detection_rate').p_value:.3f}"
    '0.032'
    """
    statistic = _chi_square(counts, correction=0.0)
    p_value = float(special.chdtrc(1, statistic))
    return _test(counts, statistic, p_value, "Pearson chi-square", quantity, label_a, label_b)


def pearson_chi_square_yates(
    counts: TwoGroupCounts,
    *,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> TwoGroupTest:
    """Test by Pearson's chi-square with Yates's correction as written, for reproducing papers only.

    Parameters
    ----------
    counts, quantity, label_a, label_b
        As in ``fisher_exact``.

    Returns
    -------
    TwoGroupTest
        As from ``pearson_chi_square``.

    Notes
    -----
    n (|ad - bc| - n / 2)^2 over the product of the margins, also where |ad - bc| is below n / 2:
    the correction then overshoots, and P falls again as the groups come nearer to each other, with
    a note. R and scipy stop at 0 there and give P = 1. Papers differ in this.

    References
    ----------
    Yates F. Suppl J R Stat Soc 1934;1:217-235. doi:10.2307/2983604

    Examples
    --------
    >>> counts = TwoGroupCounts(numerator_a=10, denominator_a=50, numerator_b=10, denominator_b=51)
    >>> f"{pearson_chi_square_yates(counts).p_value:.3f}"
    '0.841'
    """
    correction = counts.n_cases / 2
    statistic = _chi_square(counts, correction=correction)
    p_value = float(special.chdtrc(1, statistic))
    result = _test(
        counts, statistic, p_value, "Pearson chi-square, Yates", quantity, label_a, label_b
    )
    if not result.note and abs(_cross_difference(counts)) < correction:
        note = "the correction exceeds the difference: where it stops at 0, as in R, P is 1"
        result = replace(result, note=note)
    return result


def _chi_square(counts: TwoGroupCounts, *, correction: float) -> float:
    """Return chi-square of the two by two table; NaN where a margin is 0."""
    x_a, n_a, x_b, n_b = counts.cells
    n, events = n_a + n_b, x_a + x_b
    margins = n_a * n_b * events * (n - events)
    if not margins:
        return math.nan
    return n * (abs(_cross_difference(counts)) - correction) ** 2 / margins


def _cross_difference(counts: TwoGroupCounts) -> int:
    """Return ad - bc of the table of events and others."""
    x_a, n_a, x_b, n_b = counts.cells
    return x_b * n_a - x_a * n_b


def _is_open(counts: TwoGroupCounts) -> bool:
    """Whether the events could have been shared out in more than one way."""
    smallest, largest = _support(counts)
    return largest > smallest


def _support(counts: TwoGroupCounts) -> tuple[int, int]:
    """Return the smallest and largest possible number of events in b."""
    x_a, n_a, x_b, n_b = counts.cells
    return max(0, x_a + x_b - n_a), min(n_b, x_a + x_b)


def _probabilities(counts: TwoGroupCounts) -> tuple[float, float]:
    """Return the probability of all less probable tables, and of all equally probable ones."""
    smallest, largest = _support(counts)
    if largest - smallest >= _MOST_TABLES:
        msg = (
            f"counts must allow fewer than {_MOST_TABLES} tables for Fisher's test, but allow "
            f"{largest - smallest + 1}; use pearson_chi_square"
        )
        raise ValueError(msg)
    weight = _weights(counts, np.arange(smallest, largest + 1, dtype=np.float64))
    observed = weight[counts.numerator_b - smallest]
    equal = np.abs(weight - observed) <= _SAME_PROBABILITY * observed
    less = weight[(weight < observed) & ~equal].sum()
    return float(less / weight.sum()), float(weight[equal].sum() / weight.sum())


def _weights(counts: TwoGroupCounts, in_b: FloatArray) -> FloatArray:
    """Return what the probabilities of tables are in proportion to, the largest as 1."""
    _, n_a, _, n_b = counts.cells
    events = counts.numerator_a + counts.numerator_b
    # Ratios of neighbouring hypergeometric probabilities, added up from the most probable table
    # on, keep digits that log-factorials lose.
    before = in_b[:-1]
    up, down = (events - before) * (n_b - before), (before + 1) * (n_a - events + before + 1)
    step = np.log(up / down)
    mode = int((step > 0).sum())
    below, above = -np.cumsum(step[:mode][::-1])[::-1], np.cumsum(step[mode:])
    return np.asarray(np.exp(np.concatenate([below, [0.0], above])), dtype=np.float64)


def _test(
    counts: TwoGroupCounts,
    statistic: float,
    p_value: float,
    method: str,
    quantity: str,
    label_a: str,
    label_b: str,
) -> TwoGroupTest:
    """Return a test with the counts that it was made from."""
    note = ""
    if math.isnan(statistic):
        why = counts.empty or "no or every unit has the event"
        note = f"the test is not defined: {why}"
    elif not _is_open(counts):
        note = "the events can be shared out in one way only, so P is 1"
    x_a, n_a, x_b, n_b = counts.cells
    return TwoGroupTest(
        method=method,
        note=note,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        numerator_a=x_a,
        denominator_a=n_a,
        numerator_b=x_b,
        denominator_b=n_b,
        statistic=statistic,
        p_value=p_value,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class TrendTest(Result):
    """A test of whether the risk rises or falls with the class of a score.

    Parameters
    ----------
    statistic : float
        Standard normal under the null hypothesis; above 0 the risk rises.
    p_value : float
        Two-sided.
    n_cases, n_positive : int
        Cases used, and the diseased among them.
    n_clusters : int, optional
        Patients, where cases cluster in patients.
    """

    statistic: float
    p_value: float
    n_cases: int
    n_positive: int
    n_clusters: int | None = None


def trend_test(
    truth: ArrayLike,
    score: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
) -> TrendTest:
    """Test whether the risk rises or falls in a straight line with a score (Cochran-Armitage).

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    score : array_like, shape (n_cases,)
        Number of the class of each case, or another finite score; distances count, not ranks.
    weight, cluster
        As in ``toolkit.stats.calibration.scores.class_risk``.

    Returns
    -------
    TrendTest
        NaN with a note where the cases are of one class or all have the same score.

    Raises
    ------
    ValueError
        If an argument is malformed, or a score is NaN or infinite.

    Notes
    -----
    Null hypothesis: the risk does not depend on the score. Without continuity correction. Where
    cases are weighted or clustered, the variance of the covariance of truth and score comes from
    the data, without the null hypothesis. A risk that first rises and then falls can go unseen.

    References
    ----------
    Armitage P. Biometrics 1955;11:375-386. doi:10.2307/3001775

    Examples
    --------
    >>> trend = trend_test([0] * 50 + [1] * 3 + [0] * 27 + [1] * 7 + [0] * 13,
    ...                    [1] * 50 + [2] * 30 + [3] * 20)
    >>> f"z = {trend.statistic:.2f}"
    'z = 4.27'
    """
    diseased = check_truth(truth)
    numbers = check_rating(score, n_cases=diseased.size, name="score")
    if not np.isfinite(numbers).all():
        place = int(np.argmin(np.isfinite(numbers)))
        msg = (
            f"score must be finite for a trend, but position {place} holds "
            f"{float(numbers[place])!r}; give the number of its class"
        )
        raise ValueError(msg)
    each, unit_of = weights_and_clusters(diseased.size, weight=weight, cluster=cluster)
    n_clusters = int(np.unique(unit_of).size)
    simple = is_simple_sample(each, n_clusters)
    statistic = _trend(diseased, numbers, each, None if simple else unit_of)
    return TrendTest(
        statistic=statistic,
        p_value=2 * float(special.ndtr(-abs(statistic))),
        n_cases=diseased.size,
        n_positive=int(diseased.sum()),
        n_clusters=None if cluster is None else n_clusters,
        method="Cochran-Armitage trend test" + ("" if simple else ", robust variance"),
        note="no trend: all cases are of one class, or have one score, or patients do not vary"
        if math.isnan(statistic)
        else "",
    )


def _trend(
    diseased: BoolArray, score: FloatArray, weight: FloatArray, cluster: IndexArray | None
) -> float:
    """Return the standardised covariance of truth and score; NaN where it has no variance."""
    total = weight.sum()
    if not total:
        return math.nan
    share = diseased - weight @ diseased / total
    distance = score - weight @ score / total
    products = weight * share * distance / total
    if cluster is None:
        # Armitage 1955: under the null hypothesis the variance of one truth times the spread.
        variance = float(np.mean(share**2) * np.sum(distance**2)) / diseased.size**2
    else:
        influence = products - weight / total * products.sum()
        variance = float(total_covariance(influence[:, None], cluster)[0, 0])
    defined = variance > 0 and diseased.any() and not diseased.all() and np.ptp(score) > 0
    return math.fsum(products) / math.sqrt(variance) if defined else math.nan
