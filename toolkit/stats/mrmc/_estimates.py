"""From variances and degrees of freedom to the means, differences and readers of an analysis."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import expit, logit

from toolkit.results import Comparison, Estimate, joined
from toolkit.stats._wald import quantile, wald_difference
from toolkit.stats.mrmc.analysis import MeanEstimate
from toolkit.stats.mrmc.fom_table import FomTable


@dataclass(frozen=True, kw_only=True)
class Variance:
    """A variance with its degrees of freedom; NaN with the reason where it is not above 0."""

    value: float
    df: float
    reason: str = ""

    @property
    def std_error(self) -> float:
        """Square root of the variance."""
        return math.sqrt(self.value)

    @property
    def law(self) -> str:
        """Name of the quantile's distribution."""
        return "normal" if math.isinf(self.df) else "t"

    def times(self, factor: float) -> Variance:
        """Return the variance multiplied; its degrees of freedom stay."""
        return replace(self, value=factor * self.value)


# A sum of products of numbers near 1 is off by this at most.
ROUNDING = 64 * float(np.finfo(np.float64).eps)


def rounding_of(table: FomTable) -> float:
    """Return how far a variance made from a table can be off by rounding alone.

    Mean squares are squares of what rounding leaves of figures that agree, and differences of
    covariances are off relative to the covariances.
    """
    figures = float(np.nanmax(np.abs(table.value), initial=0.0))
    variance = 0.0
    if table.covariance is not None:
        variance = float(np.nanmax(np.abs(table.covariance), initial=0.0))
    return (ROUNDING * figures) ** 2 + ROUNDING * variance


def positive_variance(value: float, df: float, *, what: str, rounding: float = 0.0) -> Variance:
    """Return a variance; NaN with the reason where it is not above 0.

    What is no more than ``rounding`` off 0 is 0: an interval of such a width would be a false
    certainty.
    """
    if value > rounding:
        return Variance(value=value, df=df)
    if value >= -rounding:
        reason = f"{what} is estimated as 0, which is not certainty: no interval and no test"
    else:
        reason = f"{what} is estimated as {value:.3g}, below 0: no interval and no test"
    return Variance(value=math.nan, df=math.nan, reason=reason)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What all intervals of one analysis share."""

    ci_level: float
    margin: float | None
    method: str  # such as "Obuchowski-Rockette"


def mean_estimate(
    table: FomTable, modality: int, variance: Variance, plan: Plan, *, mean: float | None = None
) -> MeanEstimate:
    """Return the mean over the readers of one modality, its interval as computed.

    ``mean`` where readers do not count the same in it.
    """
    values = table.value[:, modality]
    values = values[~np.isnan(values)]
    mean = float(values.mean()) if mean is None else mean
    reach = quantile(plan.ci_level, variance.df) * variance.std_error
    low, high = mean - reach, mean + reach
    outside = low < table.low or high > table.high
    note = "the interval leaves the range, as computed: see the one on the logit scale"
    return MeanEstimate(
        estimate=mean,
        std_error=variance.std_error,
        ci_low=low,
        ci_high=high,
        ci_level=plan.ci_level,
        ci_method=f"{plan.method}, {variance.law}",
        label=table.modalities[modality],
        n_readers=int(values.size),
        df=variance.df,
        method=f"mean over readers, {plan.method}",
        note=joined(variance.reason, note if outside else ""),
        **_of(table),
    )


def on_logit_scale(estimate: MeanEstimate, table: FomTable) -> MeanEstimate:
    """Return the same mean with its interval made on the logit scale of the range."""
    width = table.high - table.low
    share = (estimate.estimate - table.low) / width
    if not (0 < share < 1 and math.isfinite(width)):
        return replace(
            estimate,
            ci_low=math.nan,
            ci_high=math.nan,
            ci_method="none",
            note="the mean lies at the end of the range: there is no interval on the logit scale",
        )
    # Delta method: SE(logit p) = SE(p) / (p (1 - p)).
    spread = estimate.std_error / width / (share * (1 - share))
    reach = quantile(estimate.ci_level, estimate.df) * spread
    return replace(
        estimate,
        ci_low=table.low + width * float(expit(logit(share) - reach)),
        ci_high=table.low + width * float(expit(logit(share) + reach)),
        ci_method=f"{estimate.ci_method}, on the logit scale",
        note="",
    )


def logit_versions(means: tuple[MeanEstimate, ...], table: FomTable) -> tuple[MeanEstimate, ...]:
    """Return the means whose interval leaves the range, on the logit scale."""
    return tuple(
        on_logit_scale(mean, table)
        for mean in means
        if mean.ci_low < table.low or mean.ci_high > table.high
    )


def mean_difference(
    table: FomTable,
    pair: tuple[int, int],
    variance: Variance,
    plan: Plan,
    *,
    means: tuple[float, float] | None = None,
) -> Comparison:
    """Return the difference of the means over readers of two modalities, b minus a.

    ``means`` of a and b where readers do not count the same in them.
    """
    if means is None:
        a, b = (float(np.nanmean(table.value[:, modality])) for modality in pair)
        means = (a, b)
    return _difference(table, pair, means, variance, plan, n_readers=table.n_readers)


def reader_estimates(table: FomTable, ci_level: float) -> tuple[Estimate, ...]:
    """Return each reader in each modality, over cases alone; normal intervals as computed."""
    return tuple(
        _reader_estimate(table, reader, modality, ci_level)
        for modality in range(table.n_modalities)
        for reader in range(table.n_readers)
        if not math.isnan(table.value[reader, modality])
    )


def _reader_estimate(table: FomTable, reader: int, modality: int, ci_level: float) -> Estimate:
    """Return one reader in one modality."""
    variance = math.nan
    if table.covariance is not None:
        variance = float(table.covariance[reader, modality, reader, modality])
    reason = "" if variance > 0 else _no_variance(table)
    error = math.sqrt(variance) if variance > 0 else math.nan
    value, reach = float(table.value[reader, modality]), quantile(ci_level) * error
    low, high = max(value - reach, table.low), min(value + reach, table.high)
    return Estimate(
        estimate=value,
        std_error=error,
        ci_low=low if error > 0 else math.nan,
        ci_high=high if error > 0 else math.nan,
        ci_level=ci_level,
        ci_method="Wald, normal",
        label=f"{table.readers[reader]}, {table.modalities[modality]}",
        n_readers=1,
        method=f"one reader, {table.covariance_method} variance",
        note=reason,
        **_of(table),
    )


def reader_differences(table: FomTable, plan: Plan) -> tuple[Comparison, ...]:
    """Return each pair of modalities of each reader, over cases alone, from its own variance."""
    results = []
    for reader in range(table.n_readers):
        for pair in combinations(range(table.n_modalities), 2):
            values = table.value[reader, list(pair)]
            if not np.isnan(values).any():
                variance = _variance_of_reader(table, reader, pair)
                a, b = float(values[0]), float(values[1])
                result = _difference(table, pair, (a, b), variance, plan, n_readers=1)
                results.append(replace(result, label=table.readers[reader]))
    return tuple(results)


def _variance_of_reader(table: FomTable, reader: int, pair: tuple[int, int]) -> Variance:
    """Return the variance over cases of one reader's difference of two modalities."""
    if table.covariance is None:
        return Variance(value=math.nan, df=math.nan, reason=_no_variance(table))
    block = table.covariance[reader][:, reader][np.ix_(pair, pair)]
    value = float(block[0, 0] + block[1, 1] - block[0, 1] - block[1, 0])
    what = "the variance of this reader's difference"
    return positive_variance(value, math.inf, what=what, rounding=rounding_of(table))


def _no_variance(table: FomTable) -> str:
    """Say why a reader has no interval."""
    if table.covariance is None:
        return "cases are fixed: there is no variance over cases"
    return "its variance over cases is estimated as 0, which is not certainty: no interval"


def _difference(
    table: FomTable,
    pair: tuple[int, int],
    values: tuple[float, float],
    variance: Variance,
    plan: Plan,
    *,
    n_readers: int,
) -> Comparison:
    """Return b minus a with interval and tests."""
    difference = values[1] - values[0]
    wald = wald_difference(
        difference,
        variance.std_error,
        df=variance.df,
        ci_level=plan.ci_level,
        margin=plan.margin,
        better=table.better,
        largest=table.high - table.low,
    )
    return Comparison(
        estimate=difference,
        std_error=variance.std_error,
        ci_method=f"{plan.method}, {variance.law}" if n_readers > 1 else "Wald, normal",
        label_a=table.modalities[pair[0]],
        label_b=table.modalities[pair[1]],
        estimate_a=values[0],
        estimate_b=values[1],
        effect="difference",
        n_readers=n_readers,
        method=f"difference of modalities, {plan.method}" if n_readers > 1 else "one reader",
        note=variance.reason,
        **_of(table),
        **vars(wald),
    )


def _of(table: FomTable) -> dict[str, Any]:
    """Return the fields that every estimate of a table has."""
    return {
        "quantity": table.quantity,
        "unit": "probability" if (table.low, table.high) == (0.0, 1.0) else "figure",
        "n_cases": table.n_cases,
        "n_positive": table.n_positive,
        "n_clusters": table.n_clusters,
    }
