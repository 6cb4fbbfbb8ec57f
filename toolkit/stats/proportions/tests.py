"""Tests that belong to no interval: of two groups, of any table of counts, and of a trend.

Report ``proportion_difference_ci`` or ``proportion_ratio_ci`` beside those of two groups, and say
with ``toolkit.stats.claims.plan.verdict_note`` where the two disagree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray
from toolkit.results import Result, joined
from toolkit.stats._checks import check_counts, check_numbers, check_rating, check_truth, chosen
from toolkit.stats.proportions.clustered import total_covariance
from toolkit.stats.proportions.two import TwoGroupCounts
from toolkit.stats.proportions.weighted import counted_cases, is_simple_sample

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


TwoGroupTestMethod = Literal[
    "fisher_exact", "fisher_midp", "pearson_chi_square", "pearson_chi_square_yates"
]


def two_group_test(
    counts: TwoGroupCounts,
    *,
    method: TwoGroupTestMethod = "fisher_exact",
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> TwoGroupTest:
    """Test whether events are equally probable in two independent groups, by default Fisher's way.

    Parameters
    ----------
    counts : TwoGroupCounts
        Events and units of both groups.
    method : str
        Which test, see Notes.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    TwoGroupTest
        P of Fisher's tests is 1, with a note, where the events can be shared out in one way only.
        Pearson's are NaN with a note where a group has no unit, or no or every unit has the event.

    Raises
    ------
    ValueError
        If the method is not known, or if for Fisher's tests the events could be shared out in more
        than 5 million ways.

    Notes
    -----
    ============================ ===============================================================
    ``fisher_exact``             Given all events of both groups, their number in b is
                                 hypergeometric [1]_. The two-sided P adds the probabilities of
                                 all tables that are no more probable than the observed one;
                                 tables within 1e-7 of it count as equal. Never above its
                                 nominal level, and often far below.
    ``fisher_midp``              The same, but tables as probable as the observed one count
                                 half [2]_. The size is near the nominal level and not
                                 guaranteed to stay below.
    ``pearson_chi_square``       The score test of no difference, uncorrected [3]_, which the
                                 intervals ``"mee"`` and ``"koopman"`` invert. It needs some
                                 five expected events in each group.
    ``pearson_chi_square_yates`` For reproducing papers only [4]_: Yates's correction as written,
                                 n (|ad - bc| - n / 2)^2 over the product of the margins, also
                                 where |ad - bc| is below n / 2: the correction then overshoots,
                                 and P falls again as the groups come nearer to each other, with
                                 a note. R and scipy stop at 0 there and give P = 1. Papers
                                 differ in this.
    ============================ ===============================================================

    Not for paired calls and not for clustered units.

    References
    ----------
    .. [1] Fisher RA. J R Stat Soc 1935;98:39-82. doi:10.2307/2342435
    .. [2] Lydersen S, Fagerland MW, Laake P. Stat Med 2009;28:1159-1175. doi:10.1002/sim.3531
    .. [3] Pearson K. Philos Mag 1900;50:157-175. doi:10.1080/14786440009463897
    .. [4] Yates F. Suppl J R Stat Soc 1934;1:217-235. doi:10.2307/2983604

    Examples
    --------
    >>> counts = TwoGroupCounts(
    ...     numerator_a=1027, denominator_a=52872, numerator_b=1110, denominator_b=53043)
    >>> f"{two_group_test(counts, quantity='recall_rate').p_value:.3f}"
    '0.084'

    The lady who tasted tea.

    >>> counts = TwoGroupCounts(numerator_a=1, denominator_a=4, numerator_b=3, denominator_b=4)
    >>> f"{two_group_test(counts, method='fisher_midp').p_value:.5f}"
    '0.25714'

    Elías-Cabot 2023: cancers by tomosynthesis before and with AI.

    >>> counts = TwoGroupCounts(
    ...     numerator_a=55, denominator_a=9326, numerator_b=61, denominator_b=6972)
    >>> f"{two_group_test(counts, method='pearson_chi_square').p_value:.3f}"
    '0.032'
    """
    title, statistic_and_p = chosen(method, _METHODS)
    statistic, p_value = statistic_and_p(counts)
    x_a, n_a, x_b, n_b = counts.cells
    return TwoGroupTest(
        method=title,
        note=_note(counts, statistic, method),
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


def _fisher_exact(counts: TwoGroupCounts) -> tuple[float, float]:
    """Return the events in b and P."""
    less, equal = _probabilities(counts)
    return float(counts.numerator_b), min(less + equal, 1.0)


def _fisher_midp(counts: TwoGroupCounts) -> tuple[float, float]:
    """Return the events in b and mid-P; 1, not 1/2, where there is one table only."""
    less, equal = _probabilities(counts)
    return float(counts.numerator_b), less + equal / 2 if _is_open(counts) else 1.0


def _pearson(counts: TwoGroupCounts) -> tuple[float, float]:
    """Return chi-square and P."""
    statistic = _chi_square(counts, correction=0.0)
    return statistic, float(special.chdtrc(1, statistic))


def _yates(counts: TwoGroupCounts) -> tuple[float, float]:
    """Return chi-square with Yates's correction and P."""
    statistic = _chi_square(counts, correction=counts.n_cases / 2)
    return statistic, float(special.chdtrc(1, statistic))


_METHODS: dict[str, tuple[str, Callable[[TwoGroupCounts], tuple[float, float]]]] = {
    "fisher_exact": ("Fisher exact", _fisher_exact),
    "fisher_midp": ("Fisher mid-P", _fisher_midp),
    "pearson_chi_square": ("Pearson chi-square", _pearson),
    "pearson_chi_square_yates": ("Pearson chi-square, Yates", _yates),
}


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


def _note(counts: TwoGroupCounts, statistic: float, method: str) -> str:
    """Return why a test is not defined, or what is odd about it."""
    if math.isnan(statistic):
        return f"the test is not defined: {counts.empty or 'no or every unit has the event'}"
    if not _is_open(counts):
        return "the events can be shared out in one way only, so P is 1"
    overshoots = abs(_cross_difference(counts)) < counts.n_cases / 2
    if method == "pearson_chi_square_yates" and overshoots:
        return "the correction exceeds the difference: where it stops at 0, as in R, P is 1"
    return ""


@dataclass(frozen=True, kw_only=True, eq=False)
class AssociationTest(Result):
    """A test of a table of counts: P that rows and columns are independent.

    ``statistic`` is chi-square with ``df`` degrees of freedom; for the exact test it is the
    probability of the table given its margins, and ``df`` is None.
    """

    quantity: str
    n_cases: int
    statistic: float
    p_value: float
    cramers_v: float
    smallest_expected: float
    df: int | None = None


AssociationTestMethod = Literal["pearson_chi_square", "likelihood_ratio", "fisher_exact"]


def association_test(
    counts: ArrayLike,
    *,
    method: AssociationTestMethod = "pearson_chi_square",
    quantity: str = "distribution",
) -> AssociationTest:
    """Test whether the rows and the columns of a table of counts are independent.

    Is breast density distributed alike in both arms, or cancer type at three hospitals?

    Parameters
    ----------
    counts : array_like of int, shape (n_rows, n_columns)
        Cases of each row and column; every case counts once.
    method : str
        Which test, see Notes.
    quantity : str
        What the table is of.

    Returns
    -------
    AssociationTest
        ``cramers_v`` is the strength of the association by every method, the square root of
        Pearson's chi-square over the largest that it could be, not corrected for chance: of small
        tables it is above 0 also where nothing is associated. Rows and columns without a case are
        left out, with a note. Where one row or column is left, P is 1 by the exact test and NaN by
        the others, with a note. A note also says where too few cases are expected for chi-square.

    Raises
    ------
    ValueError
        If ``counts`` is no table of whole numbers of 0 or more, the method is not known, or for
        ``"fisher_exact"`` the margins allow more than a million tables.

    Notes
    -----
    ====================== =====================================================================
    ``pearson_chi_square`` The default [1]_, uncorrected, with (rows - 1) (columns - 1) degrees
                           of freedom; of two by two as in ``two_group_test``. It needs at least 1
                           expected case in each cell, and 5 in four of five cells [2]_.
    ``likelihood_ratio``   2 sum of observed log(observed / expected), with the same degrees of
                           freedom: less near chi-square where few cases are expected.
    ``fisher_exact``       Where few are expected: Fisher's test of larger tables [3]_. P adds the
                           probabilities, given all margins, of the tables that are no more
                           probable than the observed one, all of which are counted; those within
                           1e-7 of it count as equal.
    ====================== =====================================================================

    Null hypothesis: the columns are distributed alike in all rows. The order of classes is not
    used: for one that rises with the class see ``trend_test``. Not for two readings of the same
    cases, which are paired, and not for clustered units.

    References
    ----------
    .. [1] Pearson K. Philos Mag 1900;50:157-175. doi:10.1080/14786440009463897
    .. [2] Cochran WG. Biometrics 1954;10:417-451. doi:10.2307/3001616
    .. [3] Freeman GH, Halton JH. Biometrika 1951;38:141-149. doi:10.1093/biomet/38.1-2.141

    Examples
    --------
    Gender and party of Agresti, Introduction to Categorical Data Analysis, 2007, table 2.5.

    >>> table = [[762, 327, 468], [484, 239, 477]]
    >>> test = association_test(table)
    >>> f"{test.statistic:.2f} with {test.df} df, P {test.p_value:.1e}, V {test.cramers_v:.2f}"
    '30.07 with 2 df, P 3.0e-07, V 0.10'

    >>> few = association_test([[3, 0, 1], [1, 4, 2]], method="fisher_exact")
    >>> f"{few.p_value:.3f}"
    '0.103'
    """
    title, statistic_and_p = chosen(method, _ASSOCIATIONS)
    table, note = _filled_table(counts)
    n = int(table.sum())
    shares = table.sum(axis=1, keepdims=True) / max(n, 1)
    expected = shares * table.sum(axis=0, keepdims=True)
    df = max(table.shape[0] - 1, 0) * max(table.shape[1] - 1, 0)
    if df:
        statistic, p_value = statistic_and_p(table, expected, df)
        most = n * (min(table.shape) - 1)
        strength = math.sqrt(min(_pearson_of(table, expected) / most, 1.0))
        if method != "fisher_exact":
            note = joined(note, _too_few(expected))
    else:
        statistic, strength = math.nan, math.nan
        p_value = 1.0 if method == "fisher_exact" else math.nan
        note = joined(note, "nothing to test: all cases are of one row or one column")
    return AssociationTest(
        method=title,
        note=note,
        quantity=quantity,
        n_cases=n,
        statistic=statistic,
        df=None if method == "fisher_exact" else df,
        p_value=p_value,
        cramers_v=strength,
        smallest_expected=float(expected.min()) if n else math.nan,
    )


def _filled_table(counts: ArrayLike) -> tuple[IntArray, str]:
    """Return the rows and columns that hold a case, and how many do not."""
    array = check_numbers(counts, name="counts")
    if array.ndim != 2:
        msg = f"counts must have shape (n_rows, n_columns), but got {array.shape}"
        raise ValueError(msg)
    table = check_counts(array.ravel(), name="counts").reshape(array.shape)
    rows, columns = table.any(axis=1), table.any(axis=0)
    empty = int((~rows).sum()), int((~columns).sum())
    words = (
        f"{k} {name} without a case left out" for k, name in zip(empty, _SIDES, strict=True) if k
    )
    return table[rows][:, columns], joined(*words)


_SIDES = ("row(s)", "column(s)")
_FEW, _FEWEST = 5.0, 1.0  # Cochran 1954


def _too_few(expected: FloatArray) -> str:
    """Return a warning where chi-square is a poor approximation."""
    few = int((expected < _FEW).sum())
    if 5 * few <= expected.size and expected.min() >= _FEWEST:
        return ""
    least = f"{expected.min():.2g}"
    return (
        f"{few} of {expected.size} cells expect fewer than 5 cases, the least {least}: "
        'P is approximate at best; see method="fisher_exact"'
    )


def _pearson_of(table: IntArray, expected: FloatArray) -> float:
    """Return Pearson's chi-square."""
    return float(((table - expected) ** 2 / expected).sum())


def _pearson_association(table: IntArray, expected: FloatArray, df: int) -> tuple[float, float]:
    """Return Pearson's chi-square and P."""
    statistic = _pearson_of(table, expected)
    return statistic, float(special.chdtrc(df, statistic))


def _likelihood_ratio(table: IntArray, expected: FloatArray, df: int) -> tuple[float, float]:
    """Return twice the logarithm of the ratio of likelihoods, and P."""
    # Observed less expected adds up to 0, and makes each term 0 or more: no cancellation below 0.
    terms = special.rel_entr(table, expected) - table + expected
    statistic = 2 * float(terms.sum())
    return statistic, float(special.chdtrc(df, statistic))


def _freeman_halton(table: IntArray, _: FloatArray, __: int) -> tuple[float, float]:
    """Return the probability of the table given its margins, and P."""
    log = _log_probabilities(table)
    total = float(special.logsumexp(log))
    own = float(-special.gammaln(table + 1.0).sum())
    no_more = log <= own + _SAME_PROBABILITY
    p_value = math.exp(float(special.logsumexp(log[no_more])) - total)
    return math.exp(own - total), min(p_value, 1.0)


_MOST_ENUMERATED = 1_000_000


def _log_probabilities(table: IntArray) -> FloatArray:
    """Return what the log probabilities of all tables with these margins are, but for a constant.

    Cell by cell down each column but the last: what each row and the column have left bounds the
    next cell from above, and what the rows below can take bounds it from below. So every beginning
    can be finished, and there are never more beginnings than tables.
    """
    left = table.sum(axis=1)[np.newaxis, :]
    log = np.zeros(1)
    last = table.shape[0] - 1
    for total in table.sum(axis=0)[:-1]:
        column = np.full(log.size, total)
        for row in range(last + 1):
            most = np.minimum(left[:, row], column)
            least = np.maximum(column - left[:, row + 1 :].sum(axis=1), 0)
            times = most - least + 1
            if times.sum() > _MOST_ENUMERATED:
                msg = (
                    f"counts must allow at most {_MOST_ENUMERATED} tables for Fisher's test, but "
                    "allow more; use pearson_chi_square, or join classes"
                )
                raise ValueError(msg)
            first = np.repeat(np.cumsum(times) - times, times)
            cell = np.repeat(least, times) + np.arange(first.size) - first
            left, column = np.repeat(left, times, axis=0), np.repeat(column, times) - cell
            left[:, row] -= cell
            log = np.repeat(log, times) - special.gammaln(cell + 1.0)
    return np.asarray(log - special.gammaln(left + 1.0).sum(axis=1), dtype=np.float64)


_Association = Callable[[IntArray, FloatArray, int], tuple[float, float]]
_ASSOCIATIONS: dict[str, tuple[str, _Association]] = {
    "pearson_chi_square": ("Pearson chi-square", _pearson_association),
    "likelihood_ratio": ("likelihood ratio chi-square", _likelihood_ratio),
    "fisher_exact": ("Fisher exact (Freeman-Halton)", _freeman_halton),
}


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
    used, each, unit_of = counted_cases(diseased.size, weight=weight, cluster=cluster)
    diseased, numbers = diseased[used], numbers[used]
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
