"""Proportions of a sample whose cases stand for different numbers of others.

Cases are weighted by the number of cases of the population that each stands for, and may come in
clusters (several examinations of one woman), which are then the units drawn. Variances are those
of ratios of totals by linearisation, clusters drawn independently.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Estimate
from toolkit.stats._checks import (
    check_ci_level,
    check_cluster,
    check_truth,
    check_weight,
)
from toolkit.stats.proportions.clustered import total_covariance
from toolkit.stats.proportions.one import per_1000, proportion_ci, wilson_at


def weighted_proportion_ci(
    event: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    event_weight: float | None = None,
    ci_level: float = 0.95,
    quantity: str = "proportion",
    unit: str = "probability",
    label: str = "",
) -> Estimate:
    """Estimate a population's proportion from a weighted or clustered sample.

    Parameters
    ----------
    event : array_like, shape (n_cases,)
        1 the case has the event, 0 it has not.
    weight : array_like, shape (n_cases,), optional
        Cases of the population that each case stands for; all alike if not given.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case; each case its own if not given.
    event_weight : float, optional
        Weight that a case with the event would carry, used only where none has it. Cancers are
        often all taken into a sample, with weight 1, while the others stand for many: then no
        cancer among cases that stand for 600 is 0 of 600. If not given, the largest weight.
    ci_level : float
        Confidence level, two-sided.
    quantity, unit, label
        As in ``proportion_ci``.

    Returns
    -------
    Estimate
        ``numerator`` and ``denominator`` are the counts of the sample, so that their ratio is not
        the estimate where weights differ. NaN with a note where the weights add up to 0.

    Raises
    ------
    ValueError
        If an argument is malformed, or ``event_weight`` is not positive.

    Notes
    -----
    Wilson's interval on the effective number of cases p (1 - p) / variance; where no case or
    every case has the event, each patient counts once. With equal weights
    and every case its own cluster it is Wilson's interval itself. Few clusters, or an event that
    sits in few of them, make the variance and so the interval unsure.

    References
    ----------
    Korn EL, Graubard BI. Surv Methodol 1998;24:193-201.

    Dean N, Pagano M. J Surv Stat Methodol 2015;3:484-503. doi:10.1093/jssam/smv024

    Examples
    --------
    Three cancers, all taken; five women without, one in ten taken: 3 of 53.

    >>> rate = weighted_proportion_ci([1, 1, 1, 0, 0, 0, 0, 0], weight=[1, 1, 1] + [10] * 5)
    >>> f"{rate.estimate:.4f} ({rate.ci_low:.4f}, {rate.ci_high:.4f})"
    '0.0566 (0.0144, 0.1973)'
    """
    has_event = check_truth(event, name="event")
    used, each, unit_of = counted_cases(has_event.size, weight=weight, cluster=cluster)
    has_event = has_event[used]
    level = check_ci_level(ci_level)
    counts = int(has_event.sum()), has_event.size
    plain = proportion_ci(*counts, ci_level=level, quantity=quantity, label=label)
    if used.size and not used.any():
        plain = replace(plain, note="not defined: the weights add up to 0")
    n_clusters = int(np.unique(unit_of).size)
    other_weight = counts[0] == 0 < counts[1] and event_weight not in (None, each[0])
    if other_weight or not is_simple_sample(each, n_clusters):
        n_clusters_shown = None if cluster is None else n_clusters
        weighted = _weighted(has_event, each, unit_of, event_weight, level)
        plain = replace(plain, n_clusters=n_clusters_shown, **weighted)
    return per_1000(plain) if unit == "per_1000" else plain


def is_simple_sample(weight: FloatArray, n_clusters: int) -> bool:
    """Whether cases are a simple random sample: weights alike, none shares its cluster."""
    alike = weight.size == 0 or np.ptp(weight) == 0
    return bool(alike and n_clusters == weight.size)


def counted_cases(
    n_cases: int, *, weight: ArrayLike | None, cluster: ArrayLike | None
) -> tuple[BoolArray, FloatArray, IndexArray]:
    """Return which cases count, and the weight and the number of the cluster of these.

    A case of weight 0 stands for nobody: it is no case, in no count, variance or number of
    patients.
    """
    each = np.ones(n_cases) if weight is None else check_weight(weight, n_cases=n_cases)
    own = np.arange(n_cases) if cluster is None else check_cluster(cluster, n_cases=n_cases)
    used = each > 0
    return used, each[used], own[used]


def _weighted(
    event: BoolArray,
    weight: FloatArray,
    cluster: IndexArray,
    event_weight: float | None,
    level: float,
) -> dict[str, Any]:
    """Return estimate, standard error and limits of a weighted proportion."""
    total = float(weight.sum())
    method = {"method": "weighted proportion", "ci_method": "Wilson score, effective number"}
    share = float(weight @ event) / total
    variance = float(share_covariance(event[:, None].astype(float), weight, cluster)[0, 0])
    if share in (0.0, 1.0):
        heaviest = float(weight.max())
        if share == 0 and event_weight is not None:
            heaviest = _check_event_weight(event_weight)
        # Cases of one patient that are all alike say no more than one of them.
        share_of_cases = np.unique(cluster).size / weight.size
        effective, variance = total / heaviest * share_of_cases, 0.0
    elif math.isnan(variance) or variance == 0:
        return {
            **method,
            "estimate": share,
            **dict.fromkeys(("std_error", "ci_low", "ci_high"), math.nan),
            "note": "no interval: one cluster alone has no variance"
            if math.isnan(variance)
            else "no interval: the clusters do not differ, which is not certainty",
        }
    else:
        effective = share * (1 - share) / variance
    z = -float(special.ndtri((1 - level) / 2))
    low, high = wilson_at(share * effective, effective, z)
    return {
        **method,
        "estimate": share,
        "std_error": math.sqrt(variance),
        "ci_low": float(low),
        "ci_high": float(high),
    }


def _check_event_weight(event_weight: float) -> float:
    """Return the weight of a case with the event."""
    if not 0 < event_weight < math.inf:
        msg = f"event_weight must be positive and finite, but got {event_weight!r}"
        raise ValueError(msg)
    return float(event_weight)


def share_covariance(member: FloatArray, weight: FloatArray, cluster: IndexArray) -> FloatArray:
    """Return the covariance of weighted shares, shape (n_categories, n_categories).

    Parameters
    ----------
    member : ndarray, shape (n_cases, n_categories)
        1 where a case is in a category, else 0.
    weight, cluster : ndarray, shape (n_cases,)
        Weights, not all 0, and numbers of clusters.

    Returns
    -------
    ndarray
        NaN where there is one cluster only.
    """
    total = weight.sum()
    shares = weight @ member / total
    # Linearised ratio of totals: a case adds weight (member - share) / total.
    return total_covariance(weight[:, None] * (member - shares) / total, cluster)
