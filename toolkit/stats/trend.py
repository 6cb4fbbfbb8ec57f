"""Whether the risk of disease rises or falls with a score."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Result
from toolkit.stats._checks import check_rating, check_truth
from toolkit.stats._linearised import total_covariance
from toolkit.stats.weighted import is_simple_sample, weights_and_clusters


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
        As in ``toolkit.stats.score_classes.class_risk``.

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
