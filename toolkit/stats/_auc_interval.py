"""The interval that the cases of one AUC allow, and what a reader of it must know."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np
from scipy.special import expit, logit, stdtrit

from toolkit.arrays import FloatArray
from toolkit.results import Estimate
from toolkit.stats._auc_score import score_limits
from toolkit.stats._case_sample import SampleSize
from toolkit.stats._checks import check_choice, check_ci_level
from toolkit.stats._delong import Spread, too_few
from toolkit.stats._wald import quantile, upper_tail

Interval = Literal["default", "logit", "score", "identity"]

# With fewer independent cases of a class the logit interval of a high AUC covers its value in as
# few as 85 % of simulated studies where 95 % is meant.
FEW_CASES = 100


def auc_estimate(
    auc: Spread, *, ci_level: float, interval: Interval, label: str, method: str
) -> Estimate:
    """Return an AUC with the interval that its cases allow."""
    level = check_ci_level(ci_level)
    check_choice(interval, name="interval", choices=("default", "logit", "score", "identity"))
    undefined = Estimate(
        quantity="auc",
        unit="probability",
        estimate=auc.estimate,
        std_error=math.nan,
        ci_low=math.nan,
        ci_high=math.nan,
        ci_level=level,
        ci_method="none",
        label=label,
        n_cases=auc.size.n_cases,
        n_positive=auc.size.n_positive,
        n_clusters=auc.size.n_clusters,
        method=method,
        note=too_few(auc.size) or _no_variance(auc.size),
    )
    if auc.separated and auc.size.independent_pairs:
        return _one_sided(undefined, auc)
    if not auc.variance > 0:  # also NaN
        return undefined
    few = _few_cases(auc.size)
    if interval == "score" or (interval == "default" and few):
        return _score(undefined, auc, reason="" if interval == "score" else few)
    return _wald(undefined, auc, few=few, interval=interval)


def _no_variance(size: SampleSize) -> str:
    """Say that all cases have the same placement though the classes are not apart."""
    alike = "cases" if size.n_clusters is None else "patients"
    return f"all ratings place all {alike} alike: DeLong's variance is 0, which is not certainty"


def _few_cases(size: SampleSize) -> str:
    """Name the classes with few cases; empty where both are large enough."""
    counts = {
        "positive": (size.n_positive, size.independent_positive),
        "negative": (size.n_negative, size.independent_negative),
    }
    few = [
        f"{n_cases} {name}" + (f" worth {worth:.0f}" if round(worth) < n_cases else "")
        for name, (n_cases, worth) in counts.items()
        if worth < FEW_CASES * (1 - 1e-9)  # equal weights make sums that are rounded
    ]
    return f"fewer than {FEW_CASES} cases of a class ({', '.join(few)})" if few else ""


def _one_sided(undefined: Estimate, auc: Spread) -> Estimate:
    """Return an AUC of 0 or 1 with a bound on the side where there is room."""
    low, high = limits_at(auc, quantile(undefined.ci_level, score_df(auc.size)))
    order, limit = ("above", "ci_low") if auc.estimate == 1.0 else ("below", "ci_high")
    return replace(
        undefined,
        ci_low=low,
        ci_high=high,
        ci_method="one-sided bound from disjoint pairs",
        note=(
            f"every positive case is rated {order} every negative one: DeLong's variance is 0, "
            "which is not certainty, so there is no standard error; "
            f"{limit} is a bound from disjoint pairs of cases, {auc.size.independent_pairs:.0f} "
            "in all, that leaves (1 - ci_level) / 2, and the other limit is the end of the range"
        ),
    )


def _score(undefined: Estimate, auc: Spread, *, reason: str) -> Estimate:
    """Return the AUC with its score interval; ``reason`` is why it has not that on the logit."""
    low, high = limits_at(auc, quantile(undefined.ci_level, score_df(auc.size)))
    instead = "score interval, for that on the logit scale covers a high AUC less often than its"
    return replace(
        undefined,
        std_error=math.sqrt(auc.variance),
        ci_low=low,
        ci_high=high,
        ci_method="binormal score, t",
        note=f"{reason}: {instead} level" if reason else "",
    )


def score_df(size: SampleSize) -> float:
    """Return the degrees of freedom of the score interval.

    Weights can leave less than two independent cases; t with less than 1 df is no use.
    """
    return max(size.smaller_class - 1, 1.0)


def limits_at(auc: Spread, t: float) -> tuple[float, float]:
    """Return the score limits of an AUC at a quantile of t with ``score_df``.

    Perfect separation says nothing of the variance, and cancers that cannot be told from healthy
    cases may be missing from the sample by chance, so that no model of scores would do. But the
    sample holds k disjoint pairs of independent cases, and all of them are in order with a
    probability of AUC^k at most, whatever the distributions: the bound makes that the tail of t.
    """
    size = auc.size
    if auc.separated:
        bound = upper_tail(t, score_df(size)) ** (1 / size.independent_pairs)
        return (bound, 1.0) if auc.estimate == 1.0 else (0.0, 1 - bound)
    low, high = score_limits(
        auc.estimate,
        variance=auc.variance,
        single_variance=auc.variance if auc.reader_variance is None else auc.reader_variance,
        inverse_sizes=1 / size.effective_positive + 1 / size.effective_negative,
        t=t,
    )
    return float(low), float(high)


def _wald(undefined: Estimate, auc: Spread, *, few: str, interval: Interval) -> Estimate:
    """Return the AUC with its Wald interval on the scale asked for."""
    std_error = math.sqrt(auc.variance)
    if interval == "identity":
        reach = quantile(undefined.ci_level) * std_error
        low, high = max(auc.estimate - reach, 0.0), min(auc.estimate + reach, 1.0)
    else:
        df = max(auc.df, 1.0)
        low, high = map(float, logit_limits(auc.estimate, std_error, df, undefined.ci_level))
    note = f"{few}: this interval covers a high AUC less often than its level" if few else ""
    return replace(
        undefined,
        std_error=std_error,
        ci_low=low,
        ci_high=high,
        ci_method="Wald, normal" if interval == "identity" else "logit Wald, t",
        note=note,
    )


def logit_limits(
    auc: float | FloatArray, std_error: float | FloatArray, df: float | FloatArray, ci_level: float
) -> tuple[FloatArray, FloatArray]:
    """Return the Wald limits on the logit scale with a t quantile; the arguments broadcast."""
    auc = np.asarray(auc)
    # Delta method: the standard error of logit(A) is SE(A) / (A (1 - A)).
    reach = stdtrit(df, (1 + ci_level) / 2) * std_error / (auc * (1 - auc))
    return expit(logit(auc) - reach), expit(logit(auc) + reach)
