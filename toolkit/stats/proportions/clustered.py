"""Proportions of units that come in clusters: two breasts or several lesions of one woman.

Units of one patient are alike, so that counting them as independent makes an interval too short.
Here a proportion is a ratio of two totals over patients, and its variance is that of the totals of
patients drawn independently (Rao and Scott, Obuchowski). One proportion with its Wilson interval is
``weighted_proportion_ci`` with ``cluster``. All of it needs some 40 patients
with and without the event: with fewer the standard errors are unsure, and mostly too small.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Better, Comparison, Estimate, check_margin
from toolkit.stats._checks import (
    check_call,
    check_choice,
    check_ci_level,
    check_cluster,
    check_weight,
)
from toolkit.stats._inference import quantile, wald_difference
from toolkit.stats.proportions.one import UNITS, per_1000, wilson_at

_ROUNDING = 1e-12


def total_covariance(
    contribution: FloatArray, cluster: IndexArray, *, stratum: BoolArray | None = None
) -> FloatArray:
    """Return the covariance of totals over clusters drawn independently, shape (n, n).

    The building block of every linearised variance here.

    Parameters
    ----------
    contribution : ndarray, shape (n_cases, n)
        What each case adds to the error of each of n estimates (its influence value).
    cluster : ndarray of int, shape (n_cases,)
        Numbers of clusters.
    stratum : ndarray of bool, shape (n_cases,), optional
        Two classes of cases that were sampled separately, such as the reference standard where
        the cancers of a study were chosen; variation between them then does not count. If not
        given, the contributions must add up to 0, or be expected to under a null hypothesis.

    Returns
    -------
    ndarray
        NaN where there is one cluster only, or one in a stratum; 0, not its rounding, where
        contributions cancel out.
    """
    size = np.sum(contribution**2, axis=0)
    number = np.unique(cluster, return_inverse=True)[1]
    n_clusters = int(number.max()) + 1
    factor = n_clusters / (n_clusters - 1) if n_clusters > 1 else math.nan
    if stratum is not None:
        contribution, factor = _within_strata(contribution, number, stratum), 1.0
    by_cluster = np.column_stack(
        [np.bincount(number, weights=column, minlength=n_clusters) for column in contribution.T]
    )
    products = by_cluster.T @ by_cluster
    # Contributions that cancel out in every cluster or stratum leave rounding: no variance.
    cancelled = np.diagonal(products) <= _ROUNDING**2 * size
    products[cancelled, :] = products[:, cancelled] = 0.0
    return np.asarray(factor * products, dtype=np.float64)


def _within_strata(contribution: FloatArray, cluster: IndexArray, stratum: BoolArray) -> FloatArray:
    """Return contributions about their mean in each stratum, scaled for the degrees of freedom."""
    centred = np.empty_like(contribution)
    for inside in (stratum, ~stratum):
        drawn = np.unique(cluster[inside]).size
        scale = math.sqrt(drawn / (drawn - 1)) if drawn > 1 else math.nan
        if inside.any():
            centred[inside] = scale * (contribution[inside] - contribution[inside].mean(axis=0))
    return centred


def clustered_proportion_logit_ci(
    event: ArrayLike,
    *,
    cluster: ArrayLike,
    ci_level: float = 0.95,
    quantity: str = "proportion",
    unit: str = "probability",
    label: str = "",
) -> Estimate:
    """Estimate a proportion of clustered units with an interval symmetric on the logit scale.

    A second opinion beside ``weighted_proportion_ci``, which gives Wilson's interval from the same
    standard error and is the default.

    Parameters
    ----------
    event : array_like of 0 and 1, shape (n_cases,)
        Whether the unit has the event.
    cluster : array_like, shape (n_cases,)
        Patient of each unit.
    ci_level, quantity, unit, label
        As in ``proportion_ci``.

    Returns
    -------
    Estimate
        Without an interval, with a note, where no or every unit has the event, with one patient,
        or where all patients are alike.

    Raises
    ------
    ValueError
        If an argument is malformed, or a patient is missing.

    References
    ----------
    Rao JNK, Scott AJ. Biometrics 1992;48:577-585. doi:10.2307/2532311

    Examples
    --------
    >>> breast_found = [1, 1, 0, 1, 1, 0, 1, 1, 0, 0]
    >>> woman = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    >>> found = clustered_proportion_logit_ci(breast_found, cluster=woman)
    >>> f"{found.estimate:.2f} ({found.ci_low:.2f}, {found.ci_high:.2f})"
    '0.60 (0.25, 0.87)'
    """
    has_event = check_call(event, name="event")
    number = check_cluster(cluster, n_cases=has_event.size)
    level = check_ci_level(ci_level)
    check_choice(unit, name="unit", choices=UNITS)
    share, error = _mean_and_error(has_event.astype(np.float64), number)
    low = high = math.nan
    if 0 < share < 1 and error > 0:
        logit = math.log(share / (1 - share))
        reach = quantile(level) * error / (share * (1 - share))  # delta method
        low, high = (1 / (1 + math.exp(-end)) for end in (logit - reach, logit + reach))
    result = Estimate(
        method="clustered proportion",
        ci_method="Rao-Scott logit",
        ci_level=level,
        quantity=quantity,
        unit="probability",
        label=label,
        estimate=share,
        std_error=error,
        ci_low=low,
        ci_high=high,
        numerator=int(has_event.sum()),
        denominator=has_event.size,
        n_clusters=_count(number),
        note=_note(share, error, quantity),
    )
    return per_1000(result) if unit == "per_1000" else result


def mean_proportion_ci(
    call: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    quantity: str = "sensitivity",
    unit: str = "probability",
    label: str = "",
) -> Estimate:
    """Estimate the mean proportion of several fixed readers who called the same cases.

    Parameters
    ----------
    call : array_like of 0 and 1, shape (n_cases, n_readers)
        Calls of the cancers for the mean sensitivity; for the mean specificity whether each
        healthy case was *not* recalled. Every reader called every case.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case; each case its own if not given.
    ci_level, quantity, unit, label
        As in ``proportion_ci``.

    Returns
    -------
    Estimate
        ``numerator`` and ``denominator`` count calls. Where all calls are alike the interval counts
        each patient once, with a note. NaN with a note without a case or a reader; without an
        interval with one patient, or where readers agree equally on all patients.

    Raises
    ------
    ValueError
        If a call is missing or neither 0 nor 1, or the shapes differ.

    Notes
    -----
    Wilson's interval on the effective number of cases p (1 - p) / variance, with the variance of
    the case means: calls of one case by several readers are not independent. It is about these
    readers and new cases; for readers in general see the multi-reader methods. With one reader
    and no clusters it is ``proportion_ci``, but for a factor n / (n - 1) of the variance.

    References
    ----------
    Obuchowski NA. Stat Med 1998;17:1495-1507.
    doi:10.1002/(SICI)1097-0258(19980715)17:13<1495::AID-SIM863>3.0.CO;2-I

    Examples
    --------
    >>> call = [[1, 1, 1], [1, 1, 0], [0, 0, 0], [1, 1, 1], [1, 0, 1], [1, 1, 1]]
    >>> mean = mean_proportion_ci(call)
    >>> f"{mean.estimate:.2f} ({mean.ci_low:.2f}, {mean.ci_high:.2f})"
    '0.72 (0.38, 0.92)'
    """
    calls = check_call(call, axes=("n_readers",))
    n_cases, n_readers = calls.shape
    number = np.arange(n_cases) if cluster is None else check_cluster(cluster, n_cases=n_cases)
    level = check_ci_level(ci_level)
    check_choice(unit, name="unit", choices=UNITS)
    total, error = _mean_and_error(calls.sum(axis=1, dtype=np.float64), number)
    share, error = (value / n_readers if n_readers else math.nan for value in (total, error))
    limits, note = _wilson(share, error, _count(number), level, quantity)
    result = Estimate(
        method="mean proportion of fixed readers",
        ci_method="Wilson score, effective number",
        ci_level=level,
        quantity=quantity,
        unit="probability",
        label=label,
        estimate=share,
        std_error=error,
        ci_low=limits[0],
        ci_high=limits[1],
        numerator=int(calls.sum()),
        denominator=calls.size,
        n_cases=n_cases,
        n_readers=n_readers,
        n_clusters=None if cluster is None else _count(number),
        note=note,
    )
    return per_1000(result) if unit == "per_1000" else result


def clustered_paired_difference_ci(  # noqa: PLR0913 - two methods and clusters, else as the plain one
    call_a: ArrayLike,
    call_b: ArrayLike,
    *,
    cluster: ArrayLike,
    weight: ArrayLike | None = None,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two methods that called the same clustered units.

    Parameters
    ----------
    call_a, call_b : array_like of 0 and 1, shape (n_cases,)
        Calls of the comparator a and of the new method b, the same unit at the same place.
    cluster : array_like, shape (n_cases,)
        Patient of each unit.
    weight : array_like, shape (n_cases,), optional
        Units of the population that each unit stands for; all alike if not given.
    ci_level : float
        Confidence level, two-sided.
    margin : float, optional
        Non-inferiority margin, above 0 and below 1.
    better : {"higher", "lower"}, optional
        Which direction is better; required with a margin.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    Comparison
        ``p_value`` and ``p_noninferiority`` are normal tests with the same standard error. Without
        an interval, with a note, with one patient, or where the patients' differences are all
        alike, as where no unit is discordant.

    Raises
    ------
    ValueError
        If an argument is malformed, the lengths differ, or a patient is missing.

    Notes
    -----
    Mean difference of the calls, its variance from the totals of patients; with weights their
    weighted means, a ratio of totals, linearised. Where each patient has
    one unit use ``paired_difference_ci``, whose interval is better where few are discordant.

    References
    ----------
    Obuchowski NA. Stat Med 1998;17:1495-1507.
    doi:10.1002/(SICI)1097-0258(19980715)17:13<1495::AID-SIM863>3.0.CO;2-I

    Examples
    --------
    >>> change = clustered_paired_difference_ci(
    ...     [1, 0, 1, 1, 0, 0, 1, 0], [1, 1, 1, 1, 0, 1, 1, 1], cluster=[1, 1, 2, 2, 3, 3, 4, 4])
    >>> f"{change.estimate:.3f} ({change.ci_low:.3f}, {change.ci_high:.3f})"
    '0.375 (0.130, 0.620)'
    """
    first = check_call(call_a, name="call_a")
    second = check_call(call_b, name="call_b")
    if first.size != second.size:
        msg = (
            f"call_a and call_b must have one length, but got {first.size} and {second.size}; "
            "join both by case first"
        )
        raise ValueError(msg)
    number = check_cluster(cluster, n_cases=first.size)
    level = check_ci_level(ci_level)
    check_margin(margin, effect="difference", better=better)
    each = None if weight is None else check_weight(weight, n_cases=first.size)
    if each is not None:  # a case of weight 0 is no case
        used = each > 0
        first, second, number, each = first[used], second[used], number[used], each[used]
    change = second.astype(np.float64) - first
    if each is None or not each.size or np.ptp(each) == 0:
        difference, error = _mean_and_error(change, number)
        shares, ci_method = (_mean(first), _mean(second)), "Obuchowski, patients as clusters"
    else:
        difference, error = _weighted_mean_and_error(change, each, number)
        shares = (float(each @ first / each.sum()), float(each @ second / each.sum()))
        ci_method = "linearised, weighted" + (
            ", patients as clusters" if _count(number) < first.size else ""
        )
    return Comparison(
        method="difference of two clustered paired proportions",
        ci_method=ci_method,
        quantity=quantity,
        unit="probability",
        label_a=label_a,
        label_b=label_b,
        effect="difference",
        estimate=difference,
        std_error=error,
        estimate_a=shares[0],
        estimate_b=shares[1],
        n_cases=first.size,
        n_clusters=_count(number),
        **_wald(difference, error, level, margin, better),
    )


def clustered_difference_ci(  # noqa: PLR0913 - two groups with clusters, else as the plain one
    event_a: ArrayLike,
    event_b: ArrayLike,
    *,
    cluster_a: ArrayLike,
    cluster_b: ArrayLike,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of clustered units of two groups of other patients.

    Parameters
    ----------
    event_a, event_b : array_like of 0 and 1, shapes (n_a,) and (n_b,)
        Whether each unit of the comparator a and of the new method b has the event.
    cluster_a, cluster_b : array_like, shapes (n_a,) and (n_b,)
        Patient of each unit; nobody may be in both groups.
    ci_level, margin, better, quantity, label_a, label_b
        As in ``clustered_paired_difference_ci``.

    Returns
    -------
    Comparison
        ``p_value`` and ``p_noninferiority`` are normal tests with the same standard error. Without
        an interval, with a note, where a group has fewer than two patients or no variation is left
        in either.

    Raises
    ------
    ValueError
        If an argument is malformed, or a patient is missing or in both groups.

    Notes
    -----
    The variance is the sum of those of two independent clustered proportions. Where each patient
    has one unit use ``proportion_difference_ci``, whose interval is better where events are rare.

    References
    ----------
    Rao JNK, Scott AJ. Biometrics 1992;48:577-585. doi:10.2307/2532311

    Examples
    --------
    >>> change = clustered_difference_ci(
    ...     [1, 0, 0, 0, 1, 1], [1, 1, 1, 0, 1, 1], cluster_a=[1, 1, 2, 2, 3, 3],
    ...     cluster_b=[4, 4, 5, 5, 6, 6])
    >>> f"{change.estimate:.3f} ({change.ci_low:.3f}, {change.ci_high:.3f})"
    '0.333 (-0.320, 0.987)'
    """
    first = check_call(event_a, name="event_a")
    second = check_call(event_b, name="event_b")
    number_a = check_cluster(cluster_a, n_cases=first.size, name="cluster_a")
    number_b = check_cluster(cluster_b, n_cases=second.size, name="cluster_b")
    _refuse_shared_patients(cluster_a, cluster_b, first.size)
    level = check_ci_level(ci_level)
    check_margin(margin, effect="difference", better=better)
    share_a, error_a = _mean_and_error(first.astype(np.float64), number_a)
    share_b, error_b = _mean_and_error(second.astype(np.float64), number_b)
    error = math.hypot(error_a, error_b)
    return Comparison(
        method="difference of two clustered independent proportions",
        ci_method="Wald, patients as clusters",
        quantity=quantity,
        unit="probability",
        label_a=label_a,
        label_b=label_b,
        effect="difference",
        estimate=share_b - share_a,
        std_error=error,
        estimate_a=share_a,
        estimate_b=share_b,
        n_cases=first.size + second.size,
        n_clusters=_count(number_a) + _count(number_b),
        **_wald(share_b - share_a, error, level, margin, better),
    )


def _refuse_shared_patients(cluster_a: ArrayLike, cluster_b: ArrayLike, n_a: int) -> None:
    """Refuse a patient who is in both groups."""
    # As objects: one array of numbers and text would make text of all.
    both = [*np.asarray(cluster_a, dtype=object), *np.asarray(cluster_b, dtype=object)]
    number = check_cluster(both, n_cases=len(both), name="cluster_a and cluster_b together")
    n_shared = np.intersect1d(number[:n_a], number[n_a:]).size
    if n_shared:
        msg = (
            f"cluster_a and cluster_b must share no patient, but got {n_shared} in both; compare "
            "calls of the same units with clustered_paired_difference_ci"
        )
        raise ValueError(msg)


def _mean_and_error(values: FloatArray, cluster: IndexArray) -> tuple[float, float]:
    """Return the mean of whole numbers and its standard error over patients; NaN where undefined.

    The mean is a ratio of totals, linearised. Contributions are whole numbers until the last
    division, so that patients who are all alike give an error of exactly 0.
    """
    n = values.size
    if n == 0:
        return math.nan, math.nan
    contribution = n * values - values.sum()
    variance = float(total_covariance(contribution[:, None], cluster)[0, 0])
    return float(values.mean()), math.sqrt(variance) / n**2


def _weighted_mean_and_error(
    values: FloatArray, weight: FloatArray, cluster: IndexArray
) -> tuple[float, float]:
    """Return a weighted mean and its standard error over patients; NaN where undefined."""
    mean = float(weight @ values / weight.sum())
    # Linearised ratio of totals: a case adds weight (value - mean) / total.
    contribution = weight * (values - mean) / weight.sum()
    return mean, math.sqrt(float(total_covariance(contribution[:, None], cluster)[0, 0]))


def _wilson(
    share: float, error: float, n_clusters: int, level: float, quantity: str
) -> tuple[tuple[float, float], str]:
    """Return Wilson's limits on an effective number of cases, and a note."""
    note = _note(share, error, quantity)
    if share in (0.0, 1.0):
        effective, note = float(n_clusters), "all calls are alike: each patient counts once"
    elif error > 0:
        effective = share * (1 - share) / error**2
    else:
        return (math.nan, math.nan), note
    low, high = wilson_at(share * effective, effective, quantile(level))
    return (float(low), float(high)), note


def _wald(
    difference: float, error: float, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return limits, tests and note of a difference as fields of a Comparison."""
    wald = wald_difference(difference, error, ci_level=level, margin=margin, better=better)
    note = ""
    if math.isnan(difference):
        note = "the difference is not defined: no unit"
    elif math.isnan(error):
        note = "no interval: one patient alone has no variance"
    elif error == 0:
        note = "no interval: all patients are alike, so that its width would be 0"
    elif wald.ci_low == -1 or wald.ci_high == 1:
        note = "a limit lies beyond -1 or 1 and is replaced by it"
    return {**vars(wald), "note": note}


def _note(share: float, error: float, quantity: str) -> str:
    """Return why a proportion or its interval is not defined, or nothing."""
    if math.isnan(share):
        return f"{quantity} is not defined: no unit was counted"
    if math.isnan(error):
        return "no interval: one patient alone has no variance"
    return "" if error > 0 else "no interval: all patients are alike, so that its width would be 0"


def _count(number: IndexArray) -> int:
    """Return the number of patients."""
    return int(np.unique(number).size)


def _mean(calls: BoolArray) -> float:
    """Return the share of positive calls; NaN without any."""
    return float(calls.mean()) if calls.size else math.nan
