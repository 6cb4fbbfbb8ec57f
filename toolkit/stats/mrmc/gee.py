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
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Better, Comparison, Result, check_margin, joined, stacked_frame
from toolkit.stats._checks import (
    _position,
    check_choice,
    check_ci_level,
    check_cluster,
    check_ratings,
)
from toolkit.stats._inference import wald_difference
from toolkit.stats.mrmc.analysis import HOLDS_FOR, Variance, positive_variance
from toolkit.stats.times.anova import check_names, ratio_fields

Working = Literal["independence", "exchangeable"]
Covariance = Literal["robust", "bias-reduced"]

_MOST_STEPS = 100
# Newton's error is squared at each step, that of the correlation is not: stop well below rounding
# that matters.
_LAST_STEP = 1e-12
_RUN_AWAY = "no finite odds ratio: all calls are alike in a modality, or in one of some readers"
_IMPOSSIBLE = (
    "the correlation is estimated beyond what clusters of this size can have: take working="
    "'independence'"
)
_ONE_CLUSTER = "one cluster alone tells of a reader or a modality: no bias-reduced covariance"
_ROUNDING = 1e-10
_LARGEST = 30.0  # of a logit: beyond, a probability is 0 or 1, so an estimate has run away


@dataclass(frozen=True, kw_only=True, eq=False)
class GeeFit:
    """Coefficients, their sandwich covariance, and the correlation of two outcomes of a cluster."""

    coefficients: FloatArray
    covariance: FloatArray
    correlation: float
    reason: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Parts:
    """The equations of each cluster, their derivative, and the correlation by moments."""

    score: FloatArray  # (n_clusters, n_coefficients)
    information: FloatArray  # (n_coefficients, n_coefficients), over all clusters
    correlation: float
    z: FloatArray  # (n, n_coefficients)
    sum_z: FloatArray  # (n_clusters, n_coefficients)
    weight: FloatArray  # (n_clusters,): c in R^-1 = (I - c 11') / (1 - rho)


def fit_gee(
    outcome: BoolArray,
    design: FloatArray,
    cluster: IndexArray,
    *,
    working: Working,
    covariance: Covariance,
) -> GeeFit:
    """Solve the estimating equations by Fisher scoring.

    Parameters
    ----------
    outcome : ndarray of bool, shape (n,)
    design : ndarray, shape (n, n_coefficients)
        Of full rank.
    cluster : ndarray of int, shape (n,)
        Numbered from 0 without gaps.
    working : {"independence", "exchangeable"}
        Correlation within a cluster that weights are made of; the covariance does not rely on it.
    covariance : {"robust", "bias-reduced"}
        Liang and Zeger's sandwich, or Mancl and DeRouen's, whose residuals are freed of what the
        cluster itself moved the fit.

    References
    ----------
    Liang KY, Zeger SL. Biometrika 1986;73:13-22. doi:10.1093/biomet/73.1.13

    Mancl LA, DeRouen TA. Biometrics 2001;57:126-134. doi:10.1111/j.0006-341X.2001.00126.x
    """
    beta, correlation = np.zeros(design.shape[1]), 0.0
    largest = int(np.bincount(cluster).max())
    for _ in range(_MOST_STEPS):
        parts = _parts(outcome, design, cluster, beta, correlation)
        step = np.linalg.solve(parts.information, parts.score.sum(axis=0))
        moved = parts.correlation - correlation if working == "exchangeable" else 0.0
        beta, correlation = beta + step, correlation + moved
        if np.abs(design @ beta).max() > _LARGEST:
            return _no_fit(beta.size, _RUN_AWAY)
        if not -1 / max(largest - 1, 1) < correlation < 1:
            return _no_fit(beta.size, _IMPOSSIBLE)
        if max(float(np.abs(step).max()), abs(moved)) < _LAST_STEP:
            parts = _parts(outcome, design, cluster, beta, correlation)
            if covariance == "robust":
                moved_by = np.linalg.solve(parts.information, parts.score.T).T
                return _fitted(parts, beta, moved_by)
            return _bias_reduced(parts, beta, cluster, correlation)
    return _no_fit(beta.size, "the estimating equations did not converge")


def _bias_reduced(
    parts: _Parts, beta: FloatArray, cluster: IndexArray, correlation: float
) -> GeeFit:
    """Return the fit with Mancl and DeRouen's covariance.

    Their (I - H_i)^-1 e_i in U_i turns information^-1 U_i into (information - G_i)^-1 U_i.
    """
    z, sum_z = parts.z, parts.sum_z
    own = np.stack([_sums(z * column[:, np.newaxis], cluster) for column in z.T], axis=1)
    own -= parts.weight[:, np.newaxis, np.newaxis] * sum_z[:, :, np.newaxis] * sum_z[:, np.newaxis]
    others = parts.information - own / (1 - correlation)
    if np.linalg.eigvalsh(others).min() < _ROUNDING * np.linalg.eigvalsh(parts.information).max():
        return _no_fit(beta.size, _ONE_CLUSTER)
    return _fitted(parts, beta, np.linalg.solve(others, parts.score[:, :, np.newaxis])[:, :, 0])


def _fitted(parts: _Parts, beta: FloatArray, moved: NDArray[np.floating[Any]]) -> GeeFit:
    """Return the fit; ``moved`` is by how much each cluster moved the coefficients."""
    covariance = np.asarray(moved.T @ moved, dtype=np.float64)
    return GeeFit(coefficients=beta, covariance=covariance, correlation=parts.correlation)


def _no_fit(n_coefficients: int, reason: str) -> GeeFit:
    """Return a fit of which nothing is known."""
    nothing = np.full((n_coefficients, n_coefficients), np.nan)
    return GeeFit(
        coefficients=nothing[0], covariance=nothing, correlation=float("nan"), reason=reason
    )


def _parts(
    outcome: BoolArray,
    design: FloatArray,
    cluster: IndexArray,
    beta: FloatArray,
    correlation: float,
) -> _Parts:
    """Return each cluster's equations at ``beta`` and a working correlation."""
    share = expit(design @ beta)
    root = np.sqrt(share * (1 - share))
    residual, z = (outcome - share) / root, root[:, np.newaxis] * design
    size = np.bincount(cluster).astype(np.float64)
    sum_z = _sums(z, cluster)
    sum_e = np.bincount(cluster, residual)
    weight = correlation / (1 + (size - 1) * correlation)
    score = _sums(z * residual[:, np.newaxis], cluster) - (weight * sum_e)[:, np.newaxis] * sum_z
    information = z.T @ z - (weight[:, np.newaxis] * sum_z).T @ sum_z
    n_pairs = float((size * (size - 1)).sum())
    products = float((sum_e**2).sum() - (residual**2).sum())
    scale = float((residual**2).mean())
    return _Parts(
        score=score / (1 - correlation),
        information=information / (1 - correlation),
        correlation=products / n_pairs / scale if n_pairs else 0.0,
        z=z,
        sum_z=sum_z,
        weight=weight,
    )


def _sums(values: FloatArray, cluster: IndexArray) -> FloatArray:
    """Return the sums of ``values`` (n, n_columns) over each cluster."""
    return np.column_stack([np.bincount(cluster, column) for column in values.T])


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
    check_margin(margin, effect="difference", better=better)
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
