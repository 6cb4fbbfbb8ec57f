"""Two methods called the same cases: score tests of equal predictive values.

Report an interval beside them, ``ppv_ratio_ci`` or ``npv_ratio_ci`` of
``toolkit.stats.predictive_values``, whose own test is another (Wald's, on the log scale).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from scipy import special

from toolkit.stats._predictive_tables import PredictiveTables, npv_tables, ppv_tables
from toolkit.stats.mcnemar import PairedTest
from toolkit.stats.paired import PairedCounts


def ppv_score_test(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    quantity: str = "ppv",
    label_a: str = "a",
    label_b: str = "b",
) -> PairedTest:
    """Test whether the positive predictive values are equal by the generalized score statistic.

    Parameters
    ----------
    cancers, others : PairedCounts
        Cases with and without the disease, called positive by both methods, by b alone and by a
        alone; ``neither`` does not matter and may be unknown.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    PairedTest
        ``statistic`` is chi-square with 1 degree of freedom. NaN with a note where a method called
        no case positive, both called the same cases, or all calls are right or all wrong.

    Notes
    -----
    Null hypothesis: both predictive values are equal. Cases are random and independent. For few
    cases ``ppv_weighted_score_test`` keeps its size better. Not for several cases of one patient.

    References
    ----------
    Leisenring W, Alonzo T, Pepe MS. Biometrics 2000;56:345-351.
    doi:10.1111/j.0006-341X.2000.00345.x

    Examples
    --------
    >>> cancers = PairedCounts(both=319, only_b=22, only_a=78)
    >>> others = PairedCounts(both=31, only_b=22, only_a=53)
    >>> test = ppv_score_test(cancers, others)
    >>> f"{test.statistic:.3f}, P {test.p_value:.4f}"
    '5.711, P 0.0169'
    """
    tables = ppv_tables(cancers, others)
    return _test(tables, _generalized, "generalized score", (quantity, label_a, label_b))


def npv_score_test(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    quantity: str = "npv",
    label_a: str = "a",
    label_b: str = "b",
) -> PairedTest:
    """Test whether the negative predictive values are equal by the generalized score statistic.

    Parameters
    ----------
    cancers, others : PairedCounts
        Cases with and without the disease, both with ``neither``: every case must be verified.
    quantity, label_a, label_b
        As in ``ppv_score_test``.

    Returns
    -------
    PairedTest
        As ``ppv_score_test``, of the cases not called positive.

    Raises
    ------
    ValueError
        If ``neither`` of a table is not known.

    References
    ----------
    Leisenring W, Alonzo T, Pepe MS. Biometrics 2000;56:345-351.
    doi:10.1111/j.0006-341X.2000.00345.x

    Examples
    --------
    >>> cancers = PairedCounts(both=319, only_b=22, only_a=78, neither=32)
    >>> others = PairedCounts(both=31, only_b=22, only_a=53, neither=155)
    >>> f"{npv_score_test(cancers, others).statistic:.2f}"
    '17.79'
    """
    tables = npv_tables(cancers, others, "npv_score_test")
    return _test(tables, _generalized, "generalized score", (quantity, label_a, label_b))


def ppv_weighted_score_test(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    quantity: str = "ppv",
    label_a: str = "a",
    label_b: str = "b",
) -> PairedTest:
    """Test whether the positive predictive values are equal by the weighted score statistic.

    Parameters
    ----------
    cancers, others, quantity, label_a, label_b
        As in ``ppv_score_test``.

    Returns
    -------
    PairedTest
        As ``ppv_score_test``.

    Notes
    -----
    Null hypothesis: both predictive values are equal. Each method's calls weigh by their number,
    so that the statistic is the squared difference of the predictive values over a variance; it
    becomes the score test of two proportions where no case is called by both.

    References
    ----------
    Kosinski AS. Stat Med 2013;32:964-977. doi:10.1002/sim.5587

    Examples
    --------
    >>> cancers = PairedCounts(both=261, only_b=10, only_a=28)
    >>> others = PairedCounts(both=900, only_b=760, only_a=1180)
    >>> f"{ppv_weighted_score_test(cancers, others).statistic:.2f}"
    '24.98'
    """
    tables = ppv_tables(cancers, others)
    return _test(tables, _weighted, "weighted generalized score", (quantity, label_a, label_b))


def npv_weighted_score_test(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    quantity: str = "npv",
    label_a: str = "a",
    label_b: str = "b",
) -> PairedTest:
    """Test whether the negative predictive values are equal by the weighted score statistic.

    Parameters
    ----------
    cancers, others, quantity, label_a, label_b
        As in ``npv_score_test``.

    Returns
    -------
    PairedTest
        As ``npv_score_test``; the statistic is that of ``ppv_weighted_score_test``.

    Raises
    ------
    ValueError
        If ``neither`` of a table is not known.

    References
    ----------
    Kosinski AS. Stat Med 2013;32:964-977. doi:10.1002/sim.5587

    Examples
    --------
    >>> cancers = PairedCounts(both=261, only_b=10, only_a=28, neither=45)
    >>> others = PairedCounts(both=900, only_b=760, only_a=1180, neither=37160)
    >>> f"{npv_weighted_score_test(cancers, others).statistic:.2f}"
    '7.87'
    """
    tables = npv_tables(cancers, others, "npv_weighted_score_test")
    return _test(tables, _weighted, "weighted generalized score", (quantity, label_a, label_b))


def _test(
    tables: PredictiveTables,
    statistic_of: Callable[[PredictiveTables, float], float],
    method: str,
    words: tuple[str, str, str],
) -> PairedTest:
    """Return a score test; ``words`` are quantity, label of a and label of b."""
    a, b = tables.values()
    right, called = a.right + b.right, a.called + b.called
    parted = tables.right.n_discordant + tables.wrong.n_discordant
    defined = a.called and b.called and parted and 0 < right < called
    statistic = statistic_of(tables, right / called) if defined else math.nan
    return PairedTest(
        method=f"{method} test of predictive values",
        note=tables.note(is_ratio=False, same=not defined),
        quantity=words[0],
        label_a=words[1],
        label_b=words[2],
        statistic=statistic,
        df=1.0,
        p_value=float(special.chdtrc(1, statistic)),
    )


def _generalized(tables: PredictiveTables, pooled: float) -> float:
    """Return the statistic of Leisenring et al. (2000); ``pooled`` is the share of right calls."""
    a, b = tables.values()
    share_b = b.called / (a.called + b.called)
    # Each case counts once, with the sum of what its calls add: 1 - share_b by b, -share_b by a.
    by_call = b.counts * (1 - share_b) - a.counts * share_b
    scores = tables.residuals(pooled) * by_call
    return float((tables.cells @ scores) ** 2 / (tables.cells @ scores**2))


def _weighted(tables: PredictiveTables, pooled: float) -> float:
    """Return the statistic of Kosinski (2013); ``pooled`` is the share of right calls."""
    a, b = tables.values()
    # His pooled (1 - pooled) - 2 C is the sum of squares of the cases that one method alone called,
    # over all calls: what both called cancels, here without rounding.
    alone = a.counts != b.counts
    spread = float(tables.cells @ (alone * tables.residuals(pooled) ** 2))
    return (b.value - a.value) ** 2 * a.called * b.called / spread
