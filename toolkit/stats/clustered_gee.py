"""Recalls in two modalities compared by generalised estimating equations.

A second opinion beside the analysis of sensitivity and specificity with readers and cases random,
which is the primary one: here the readers are these very readers. It takes missing calls, patients
with several cases, and gives the odds ratio that many papers print.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from toolkit.arrays import BoolArray, FloatArray
from toolkit.results import Better, Comparison, Result, joined, stacked_frame
from toolkit.stats._checks import (
    _position,
    check_choice,
    check_ci_level,
    check_cluster,
    check_proportion_margin,
    check_ratings,
)
from toolkit.stats._gee import Covariance, GeeFit, Working, fit_gee
from toolkit.stats._reading_times import check_names, ratio_fields
from toolkit.stats._wald import wald_difference
from toolkit.stats.mrmc._estimates import Variance, positive_variance
from toolkit.stats.mrmc.analysis import HOLDS_FOR

Clusters = Literal["patients", "readers"]

_ENOUGH_CLUSTERS = 40
_CORRELATED = {
    "patients": "calls of one patient, by whomever and in whichever modality",
    "readers": "calls of one reader",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class GeeComparison(Result):
    """Calls in two modalities compared by estimating equations.

    Parameters
    ----------
    difference : Comparison
        Mean share of calls of these readers in b minus that in a; each reader counts the same.
    odds_ratio : Comparison
        The odds of a call in b over those in a, for the same reader; ``estimate_a`` and
        ``estimate_b`` are the odds at the mean logit of the readers.
    correlation : float
        Of two calls of one cluster, given reader and modality.
    clusters : {"patients", "readers"}
        What is taken as independent.
    n_calls, n_missing : int
        Calls used and missing.
    """

    difference: Comparison
    odds_ratio: Comparison
    correlation: float
    clusters: Clusters
    n_calls: int
    n_missing: int

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row for the difference and one for the odds ratio."""
        return stacked_frame((self.difference, self.odds_ratio))


def compare_calls_gee(  # noqa: PLR0913 - data with its clusters, three choices and a margin
    call: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    clusters: Clusters = "patients",
    working: Working = "independence",
    covariance: Covariance = "robust",
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "sensitivity",
    modalities: Sequence[str] = ("a", "b"),
) -> GeeComparison:
    """Compare the calls of several readers in two modalities, b minus a, patients as clusters.

    Parameters
    ----------
    call : array_like of 0, 1 and NaN, shape (n_cases, n_readers, 2)
        Calls of the cancers for sensitivity; for specificity whether each healthy case was *not*
        recalled. NaN where a reader did not read.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case; each case its own if not given.
    clusters : {"patients", "readers"}
        ``"readers"`` takes each reader's calls as one unit and cases as fixed; it needs 40 readers,
        or ``covariance="bias-reduced"``.
    working : {"independence", "exchangeable"}
        How calls of a cluster are weighted. With ``"independence"`` and no call missing the
        difference is that of the mean shares.
    covariance : {"robust", "bias-reduced"}
        Liang and Zeger's with the normal law, or Mancl and DeRouen's with t on clusters - 1
        degrees of freedom, for few clusters.
    ci_level : float
        Confidence level, two-sided.
    margin : float, optional
        Non-inferiority margin of the difference, above 0 and below 1.
    better : {"higher", "lower"}, optional
        Which direction is better; required with a margin.
    quantity : str
        What a call stands for.
    modalities : sequence of str
        Their names.

    Returns
    -------
    GeeComparison
        NaN with a note where calls are all alike in a modality, so that no odds ratio is finite.

    Raises
    ------
    ValueError
        If a call is not 0, 1 or NaN, a reader has none, a modality was read by nobody, there are
        fewer than two clusters, fewer than 40 readers are clusters of a robust covariance, or an
        argument is malformed.

    Notes
    -----
    logit P(call) = reader + modality, readers fixed, so that no difference between readers in what
    the modality does to them enters the error: it holds for these readers only. With readers as
    clusters logit P(call) = intercept + modality, and cases are fixed. Null hypothesis of both
    results: no effect of the modality.

    References
    ----------
    Liang KY, Zeger SL. Biometrika 1986;73:13-22. doi:10.1093/biomet/73.1.13

    Mancl LA, DeRouen TA. Biometrics 2001;57:126-134. doi:10.1111/j.0006-341X.2001.00126.x

    Examples
    --------
    >>> call = np.random.default_rng(1).random((50, 4, 2)) < [0.6, 0.7]
    >>> change = compare_calls_gee(call).difference
    >>> f"{change.estimate:.3f} ({change.ci_low:.3f}, {change.ci_high:.3f})"
    '0.060 (-0.031, 0.151)'
    """
    calls = _check_calls(call)
    level = check_ci_level(ci_level)
    check_proportion_margin(margin, better=better)
    check_choice(clusters, name="clusters", choices=("patients", "readers"))
    check_choice(working, name="working", choices=("independence", "exchangeable"))
    check_choice(covariance, name="covariance", choices=("robust", "bias-reduced"))
    names = check_names(modalities, 2, "modalities")
    n_cases, n_readers = calls.shape[:2]
    patient = np.arange(n_cases)
    if cluster is not None:
        patient = check_cluster(cluster, n_cases=n_cases)
    read = ~np.isnan(calls)
    case, reader, modality = np.nonzero(read)
    number = np.unique(patient[case] if clusters == "patients" else reader, return_inverse=True)[1]
    n_clusters = int(number.max()) + 1
    _require_clusters(n_clusters, clusters, covariance)
    by_reader = np.eye(n_readers)[reader] if clusters == "patients" else np.ones((case.size, 1))
    fit = fit_gee(
        calls[read] == 1,
        np.column_stack([by_reader, modality]),
        number,
        working=working,
        covariance=covariance,
    )
    df = math.inf if covariance == "robust" else n_clusters - 1.0
    fields = {
        "quantity": quantity,
        "ci_method": f"GEE, {covariance}, {'normal' if math.isinf(df) else 't'}",
        "label_a": names[0],
        "label_b": names[1],
        "n_cases": int(read.any(axis=(1, 2)).sum()),
        "n_readers": n_readers,
        "n_clusters": n_clusters if clusters == "patients" else None,
    }
    few = clusters == "patients" and covariance == "robust" and n_clusters < _ENOUGH_CLUSTERS
    return GeeComparison(
        difference=_difference(fit, df, (level, margin, better), fields),
        odds_ratio=_odds_ratio(fit, df, (level, None, better), fields),
        correlation=fit.correlation,
        clusters=clusters,
        n_calls=int(read.sum()),
        n_missing=int((~read).sum()),
        method=f"GEE, logit link, {working} working correlation, {clusters} as clusters",
        note=joined(
            f"holds for {HOLDS_FOR['cases' if clusters == 'patients' else 'readers']}",
            f"correlated are {_CORRELATED[clusters]}",
            f"{n_clusters} patients are few for a robust covariance: take the bias-reduced one"
            if few
            else "",
            fit.reason,
        ),
    )


def _check_calls(call: ArrayLike) -> FloatArray:
    """Return calls 0, 1 or NaN, shape (n_cases, n_readers, 2); refuse a reader without any."""
    n_cases = len(call) if isinstance(call, Sized) else 0
    axes = ("n_readers", "n_modalities")
    calls = check_ratings(call, n_cases=n_cases, name="call", axes=axes, missing_allowed=True)
    if calls.shape[2] != 2 or 0 in calls.shape:
        msg = (
            "call must have shape (n_cases, n_readers, 2), at least one case and one reader, but "
            f"got {calls.shape}; give the modalities to compare, a before b"
        )
        raise ValueError(msg)
    wrong = ~(np.isnan(calls) | (calls == 0) | (calls == 1))
    if wrong.any():
        msg = (
            f"call must hold only 0, 1 and NaN, but {_position(wrong)} holds "
            f"{float(calls[wrong][0])!r}; code a recall as 1 and none as 0"
        )
        raise ValueError(msg)
    empty: BoolArray = np.all(np.isnan(calls), axis=0)
    if (unread := empty[:, 0] & empty[:, 1]).any():
        msg = f"reader {_position(unread)} has no call; leave that reader out in view"
        raise ValueError(msg)
    if (empty[:, 0] | empty[:, 1]).all():
        msg = "no reader used both modalities, so that reader and modality cannot be told apart"
        raise ValueError(msg)
    return calls


def _require_clusters(n_clusters: int, clusters: Clusters, covariance: Covariance) -> None:
    """Refuse clusters that are too few for the covariance between them."""
    if n_clusters < 2:
        msg = f"{clusters} as clusters must be two or more, but there is {n_clusters}"
        raise ValueError(msg)
    if clusters == "readers" and covariance == "robust" and n_clusters < _ENOUGH_CLUSTERS:
        msg = (
            f"readers as clusters need {_ENOUGH_CLUSTERS} readers for a robust covariance, but "
            f"there are {n_clusters}; take covariance='bias-reduced', which uses t on "
            f"{n_clusters - 1} degrees of freedom, or the analysis with readers and cases random"
        )
        raise ValueError(msg)


def _variance(fit: GeeFit, gradient: FloatArray, df: float) -> Variance:
    """Return the variance of a function of the coefficients by the delta method."""
    if fit.reason:
        return Variance(value=math.nan, df=math.nan, reason=fit.reason)
    value = float(gradient @ fit.covariance @ gradient)
    return positive_variance(value, df, what="the variance between clusters")


def _difference(
    fit: GeeFit,
    df: float,
    plan: tuple[float, float | None, Better | None],
    fields: dict[str, Any],
) -> Comparison:
    """Return the difference of the mean shares of the readers, b minus a."""
    logits, effect = fit.coefficients[:-1], fit.coefficients[-1]
    share_a, share_b = expit(logits), expit(logits + effect)
    slope_a, slope_b = share_a * (1 - share_a), share_b * (1 - share_b)
    gradient = np.append(slope_b - slope_a, slope_b.sum()) / logits.size
    mean_a, mean_b = float(share_a.mean()), float(share_b.mean())
    variance = _variance(fit, gradient, df)
    level, margin, better = plan
    wald = wald_difference(
        mean_b - mean_a,
        variance.std_error,
        df=variance.df,
        ci_level=level,
        margin=margin,
        better=better,
    )
    return Comparison(
        unit="probability",
        estimate=mean_b - mean_a,
        std_error=variance.std_error,
        estimate_a=mean_a,
        estimate_b=mean_b,
        effect="difference",
        method="difference of mean shares of readers, GEE",
        note=variance.reason,
        **fields,
        **vars(wald),
    )


def _odds_ratio(
    fit: GeeFit,
    df: float,
    plan: tuple[float, float | None, Better | None],
    fields: dict[str, Any],
) -> Comparison:
    """Return the odds ratio of the modality."""
    mean, effect = float(fit.coefficients[:-1].mean()), float(fit.coefficients[-1])
    variance = _variance(fit, np.eye(fit.coefficients.size)[-1], df)
    return Comparison(
        estimate_a=math.exp(mean),
        estimate_b=math.exp(mean + effect),
        method="odds ratio within readers, GEE",
        **{**fields, "quantity": f"odds of {fields['quantity']}"},
        **ratio_fields(effect, variance, *plan),
    )
