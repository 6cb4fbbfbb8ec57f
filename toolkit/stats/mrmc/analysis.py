"""What the analysis of a reader study returns, whichever method made it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np
from scipy.special import chdtrc, expit, fdtrc, logit

from toolkit.arrays import FloatArray
from toolkit.results import (
    Better,
    Comparison,
    Estimate,
    Result,
    check_margin,
    joined,
    stacked_frame,
)
from toolkit.stats._checks import check_choice, check_ci_level
from toolkit.stats._inference import quantile, upper_tail, wald_difference
from toolkit.stats.mrmc.table import FomTable

Random = Literal["readers and cases", "cases", "readers"]
MeanScale = Literal["logit", "identity"]

# What a conclusion holds for, by what is random.
HOLDS_FOR: dict[str, str] = {
    "readers and cases": "readers and cases like these",
    "cases": "these readers only, and cases like these",
    "readers": "readers like these, and these cases only",
}

RANDOM_NAME = {
    "readers and cases": "random readers and random cases",
    "cases": "fixed readers and random cases",
    "readers": "random readers and fixed cases",
}

FEW_READERS = 4


@dataclass(frozen=True, kw_only=True, eq=False)
class GlobalTest(Result):
    """The test that all modalities have one mean figure of merit.

    ``statistic`` is F on ``df1`` and ``df2`` degrees of freedom, or where ``df2`` is infinite a
    chi-square over its ``df1`` degrees of freedom.
    """

    statistic: float
    df1: float
    df2: float
    p_value: float


@dataclass(frozen=True, kw_only=True, eq=False)
class VarianceComponents(Result):
    """Mean squares and components as estimated; a negative component is not cut off at 0.

    NaN where the design does not hold it: no covariance where cases are fixed, no interaction
    where readers are nested.
    """

    ms_modality: float
    ms_reader: float
    ms_reader_modality: float
    var_reader: float
    var_reader_modality: float
    var_error: float
    cov1: float
    cov2: float
    cov3: float


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanEstimate(Estimate):
    """A mean over readers with the degrees of freedom of its interval."""

    df: float


@dataclass(frozen=True, kw_only=True, eq=False)
class MrmcAnalysis(Result):
    """A reader study analysed: the test of all modalities, means, differences and components.

    Parameters
    ----------
    quantity : str
        Figure of merit.
    design : str
        Who read what: ``"fully crossed"``, ``"readers nested in modality"``, ...
    random : {"readers and cases", "cases", "readers"}
        What is random, so what a conclusion holds for; the note says it in words.
    mean_scale : {"logit", "identity"}
        Scale that the limits of the means were made on.
    covariance_method : str
        How the covariance over cases was estimated.
    components : VarianceComponents, optional
        Not truncated; None where the method has moments instead.
    global_test : GlobalTest, optional
        Of all modalities at once; None with one modality.
    modalities : tuple of MeanEstimate
        Mean over readers in each modality.
    differences : tuple of Comparison
        Every pair of modalities, the later minus the earlier.
    readers : tuple of Estimate
        Each reader in each modality, over cases like these.
    reader_differences : tuple of Comparison
        Each pair of modalities of each reader.
    """

    quantity: str
    design: str
    random: Random
    mean_scale: MeanScale
    covariance_method: str
    components: VarianceComponents | None = None
    global_test: GlobalTest | None = None
    modalities: tuple[MeanEstimate, ...] = ()
    differences: tuple[Comparison, ...] = ()
    readers: tuple[Estimate, ...] = ()
    reader_differences: tuple[Comparison, ...] = ()

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a mean and one row a difference."""
        return stacked_frame((*self.modalities, *self.differences))


def negative_components(components: VarianceComponents) -> str:
    """Say which components were estimated below 0; empty if none."""
    named = {
        "variance between readers": components.var_reader,
        "variance of reader by modality": components.var_reader_modality,
    }
    negative = [f"{name} ({value:.3g})" for name, value in named.items() if value < 0]
    if not negative:
        return ""
    return (
        f"{' and '.join(negative)} estimated below 0: smaller than what the cases alone make, "
        "so indistinguishable from none"
    )


def few_readers(n_readers: int, random: Random) -> str:
    """Warn where readers are random and few; empty elsewhere."""
    if random == "cases" or n_readers >= FEW_READERS:
        return ""
    return f"{n_readers} readers are too few to speak for readers in general"


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanSquares:
    """Mean squares of a two-way table of readers and modalities; NaN where no df is left."""

    modality: float
    reader: float
    reader_modality: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Covariances:
    """Error variance and the three kinds of covariance, averaged; NaN where there is no pair."""

    variance: float
    cov1: float
    cov2: float
    cov3: float


def mean_squares(value: FloatArray) -> MeanSquares:
    """Return the mean squares of ``value`` (n_readers, n_modalities)."""
    n_readers, n_modalities = value.shape
    by_modality = value.mean(axis=0) - value.mean()
    by_reader = value.mean(axis=1) - value.mean()
    rest = value - value.mean() - by_modality - by_reader[:, np.newaxis]
    return MeanSquares(
        modality=_over(n_readers * float(by_modality @ by_modality), n_modalities - 1),
        reader=_over(n_modalities * float(by_reader @ by_reader), n_readers - 1),
        reader_modality=_over(float((rest**2).sum()), (n_readers - 1) * (n_modalities - 1)),
    )


def covariances(covariance: FloatArray) -> Covariances:
    """Return the averages over (n_readers, n_modalities, n_readers, n_modalities)."""
    n_readers, n_modalities = covariance.shape[:2]
    total = float(covariance.sum())
    same_reader = float(np.einsum("jijk->", covariance))
    same_modality = float(np.einsum("jiki->", covariance))
    same_both = float(np.einsum("jiji->", covariance))
    cells, other_modality, other_reader = n_readers * n_modalities, n_modalities - 1, n_readers - 1
    return Covariances(
        variance=same_both / cells,
        cov1=_over(same_reader - same_both, cells * other_modality),
        cov2=_over(same_modality - same_both, cells * other_reader),
        cov3=_over(
            total - same_reader - same_modality + same_both, cells * other_modality * other_reader
        ),
    )


def reader_mean_square(value: FloatArray) -> float:
    """Return MS(R) of the readers in one modality, ``value`` (n_readers,)."""
    return float(np.var(value, ddof=1)) if value.size > 1 else math.nan


def _over(total: float, count: int) -> float:
    """Return the mean of ``count`` terms; NaN of none."""
    return total / count if count else math.nan


def against_fixed_value(
    analysis: MrmcAnalysis,
    modality: str,
    value: float,
    *,
    margin: float | None = None,
    better: Better | None = None,
    label: str = "fixed value",
) -> Comparison:
    """Compare the mean over readers of one modality with a fixed value: mean minus value.

    Parameters
    ----------
    analysis : MrmcAnalysis
        Of any design.
    modality : str
        One of its modalities.
    value : float
        Fixed before the study, within the range of the figure of merit; not an estimate.
    margin : float, optional
        Non-inferiority margin, above 0.
    better : {"higher", "lower"}, optional
        Good direction of the figure of merit; needed with a margin.
    label : str
        Name of the value.

    Returns
    -------
    Comparison
        On the error, the degrees of freedom and the scale of the mean itself, so that its limits
        are those of the mean less the value; NaN with a note where the mean has none.

    Raises
    ------
    ValueError
        If there is no such modality, the value is not finite, or the margin is malformed.

    Notes
    -----
    Null hypothesis: the mean of readers like these equals the value. Another study's estimate is
    no fixed value: it has an error of its own.

    References
    ----------
    Hillis SL. Stat Med 2007;26:596-619. doi:10.1002/sim.2532

    Examples
    --------
    >>> import numpy as np
    >>> from toolkit.stats.mrmc.compare import compare_modalities
    >>> truth = np.arange(60) % 2
    >>> draw = np.random.default_rng(1)
    >>> ratings = draw.normal(size=(60, 5, 1)) + truth[:, np.newaxis, np.newaxis]
    >>> analysis = compare_modalities(truth, ratings, modalities=("unaided",))
    >>> round(against_fixed_value(analysis, "unaided", 0.5).estimate, 3)
    0.232
    """
    mean = _mean(analysis, modality)
    if not math.isfinite(value):
        msg = f"value must be a finite number, but got {value!r}"
        raise ValueError(msg)
    largest = 1.0 if mean.unit == "probability" else math.inf
    check_margin(margin, effect="difference", better=better, largest=largest)
    deviate = _deviate_of(mean, analysis.mean_scale)
    p_noninferiority = None
    if margin is not None:
        good = 1.0 if better == "higher" else -1.0
        p_noninferiority = upper_tail(good * deviate(value - good * margin), mean.df)
    return Comparison(
        quantity=mean.quantity,
        unit=mean.unit,
        estimate=mean.estimate - value,
        std_error=mean.std_error,
        ci_low=mean.ci_low - value,
        ci_high=mean.ci_high - value,
        ci_level=mean.ci_level,
        ci_method=mean.ci_method,
        label_a=label,
        label_b=modality,
        estimate_a=float(value),
        estimate_b=mean.estimate,
        effect="difference",
        statistic=deviate(value),
        df=mean.df,
        p_value=2 * upper_tail(abs(deviate(value)), mean.df),
        margin=margin,
        better=better,
        p_noninferiority=p_noninferiority,
        n_cases=mean.n_cases,
        n_positive=mean.n_positive,
        n_readers=mean.n_readers,
        n_clusters=mean.n_clusters,
        method=f"{mean.method}, against a fixed value",
        note=joined("the value is taken as known without error", mean.note),
    )


def _deviate_of(mean: MeanEstimate, scale: MeanScale) -> Callable[[float], float]:
    """Return how many standard errors a mean lies above a value, on the scale of its limits."""
    if math.isnan(mean.ci_low):
        return lambda _: math.nan
    if scale == "identity":
        return lambda value: (mean.estimate - value) / mean.std_error
    error = _logit_error(mean.estimate, mean.std_error)
    at = float(logit(mean.estimate))
    # No mean lies outside 0 to 1: a value there is as far off as its end.
    return lambda value: (at - float(logit(min(max(value, 0.0), 1.0)))) / error


def _mean(analysis: MrmcAnalysis, modality: str) -> MeanEstimate:
    """Return the mean of a modality."""
    found = [mean for mean in analysis.modalities if mean.label == modality]
    if not found:
        names = ", ".join(mean.label for mean in analysis.modalities)
        msg = f"modality must be one of {names}, but got {modality!r}"
        raise ValueError(msg)
    return found[0]


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
    if math.isnan(value):
        reason = f"{what} is not defined: no interval and no test"
    elif value >= -rounding:
        reason = f"{what} is estimated as 0, which is not certainty: no interval and no test"
    else:
        reason = f"{what} is estimated as {value:.3g}, below 0: no interval and no test"
    return Variance(value=math.nan, df=math.nan, reason=reason)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What all intervals of one analysis share."""

    ci_level: float
    margin: float | None
    mean_scale: MeanScale
    scale_note: str  # why it is not the scale that was asked for
    method: str  # such as "Obuchowski-Rockette"


def plan_of(
    table: FomTable, *, ci_level: float, margin: float | None, mean_scale: MeanScale, method: str
) -> Plan:
    """Return what all intervals share; refuse what does not fit the figure of the table."""
    check_choice(mean_scale, name="mean_scale", choices=("logit", "identity"))
    largest = table.high - table.low
    check_margin(margin, effect="difference", better=table.better, largest=largest)
    note = ""
    if mean_scale == "logit" and (table.low, table.high) != (0.0, 1.0):
        mean_scale = "identity"
        note = (
            f"limits on the scale of the figure itself, which runs from {table.low:g} to "
            f"{table.high:g}: the logit scale is for figures from 0 to 1"
        )
    return Plan(
        ci_level=check_ci_level(ci_level),
        margin=margin,
        mean_scale=mean_scale,
        scale_note=note,
        method=method,
    )


def f_tail(ratio: float, df1: float, df2: float) -> float:
    """Return P(F > ratio); with infinite ``df2`` its limit, chi-square over its ``df1``."""
    return float(chdtrc(df1, df1 * ratio) if math.isinf(df2) else fdtrc(df1, df2, ratio))


def global_test_of(mean_square: float, error: Variance, df1: int, random: Random) -> GlobalTest:
    """Return the test of the mean square of the modalities against its error."""
    ratio, chi_square = mean_square / error.value, math.isinf(error.df)
    # With infinite df2, df1 F is chi-square on df1 (readers fixed: Hillis 2007).
    return GlobalTest(
        statistic=df1 * ratio if chi_square else ratio,
        df1=float(df1),
        df2=error.df,
        p_value=f_tail(ratio, df1, error.df),
        method=f"{'chi-square' if chi_square else 'F'} test of all modalities, "
        f"{RANDOM_NAME[random]}",
        note=error.reason,
    )


def mean_estimate(
    table: FomTable, modality: int, variance: Variance, plan: Plan, *, mean: float | None = None
) -> MeanEstimate:
    """Return the mean over the readers of one modality, with limits on the scale of the plan.

    ``mean`` where readers do not count the same in it.
    """
    values = table.value[:, modality]
    values = values[~np.isnan(values)]
    mean = float(values.mean()) if mean is None else mean
    how = f"{plan.method}, {variance.law}"
    if plan.mean_scale == "logit":
        how += ", on the logit scale"
    low, high, note = _limits_of_mean(mean, variance, plan, table)
    return MeanEstimate(
        estimate=mean,
        std_error=variance.std_error,
        ci_low=low,
        ci_high=high,
        ci_level=plan.ci_level,
        ci_method=how,
        label=table.modalities[modality],
        n_readers=int(values.size),
        df=variance.df,
        method=f"mean over readers, {plan.method}",
        note=joined(variance.reason, note, plan.scale_note),
        **_of(table),
    )


def _limits_of_mean(
    mean: float, variance: Variance, plan: Plan, table: FomTable
) -> tuple[float, float, str]:
    """Return the limits of a mean and what a reader of them must know."""
    reach = quantile(plan.ci_level, variance.df)
    if plan.mean_scale == "identity":
        low, high = mean - reach * variance.std_error, mean + reach * variance.std_error
        outside = low < table.low or high > table.high
        return low, high, "the interval leaves the range, as computed" if outside else ""
    if not 0 < mean < 1:
        note = "the mean lies at the end of the range: there is no interval on the logit scale"
        return math.nan, math.nan, note
    reach *= _logit_error(mean, variance.std_error)
    return float(expit(logit(mean) - reach)), float(expit(logit(mean) + reach)), ""


def _logit_error(share: float, std_error: float) -> float:
    """Return the standard error of logit(share), by the delta method: SE / (p (1 - p))."""
    return std_error / (share * (1 - share))


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
