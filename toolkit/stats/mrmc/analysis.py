"""What the analysis of a reader study returns, whichever method made it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any, Literal

import numpy as np
from scipy.special import expit, logit

from toolkit.arrays import FloatArray
from toolkit.results import Better, Comparison, Estimate, Result, joined, stacked_frame
from toolkit.stats._checks import check_count
from toolkit.stats._inference import quantile, wald_difference
from toolkit.stats.mrmc.table import FomTable

Random = Literal["readers and cases", "cases", "readers"]

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
    covariance_method : str
        How the covariance over cases was estimated.
    components : VarianceComponents, optional
        Not truncated; None where the method has moments instead.
    global_test : GlobalTest, optional
        Of all modalities at once; None with one modality.
    modalities : tuple of MeanEstimate
        Mean over readers in each modality.
    modalities_logit : tuple of MeanEstimate
        The same on the logit scale, for those alone whose interval leaves the range.
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
    covariance_method: str
    components: VarianceComponents | None = None
    global_test: GlobalTest | None = None
    modalities: tuple[MeanEstimate, ...] = ()
    modalities_logit: tuple[MeanEstimate, ...] = ()
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
        On the error and the degrees of freedom of the mean itself; NaN with a note where the mean
        has none.

    Raises
    ------
    ValueError
        If there is no such modality, or the value is not finite.

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
    wald = wald_difference(
        mean.estimate - value,
        mean.std_error,
        df=mean.df,
        ci_level=mean.ci_level,
        margin=margin,
        better=better,
        largest=math.inf,
    )
    return Comparison(
        quantity=mean.quantity,
        unit=mean.unit,
        estimate=mean.estimate - value,
        std_error=mean.std_error,
        ci_method=mean.ci_method,
        label_a=label,
        label_b=modality,
        estimate_a=float(value),
        estimate_b=mean.estimate,
        effect="difference",
        n_cases=mean.n_cases,
        n_positive=mean.n_positive,
        n_readers=mean.n_readers,
        n_clusters=mean.n_clusters,
        method=f"{mean.method}, against a fixed value",
        note=joined("the value is taken as known without error", mean.note),
        **vars(wald),
    )


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


@dataclass(frozen=True, kw_only=True, eq=False)
class VarianceShares(Result):
    """Shares of the variance of a mean difference; they add up to 1.

    Parameters
    ----------
    share_reader_modality : float
        Readers differ in what the modality does for them: smaller with more readers.
    share_error : float
        One reading of one case by one reader: smaller with more readers and with more cases.
    share_cases : float
        What all readers share because they read the same cases: smaller with more cases alone.
    """

    share_reader_modality: float
    share_error: float
    share_cases: float


def variance_shares(components: VarianceComponents, *, n_readers: int) -> VarianceShares:
    """Split the variance of a difference of two modalities of a crossed study into three shares.

    Parameters
    ----------
    components : VarianceComponents
        Of a fully crossed study with random readers and cases, not truncated.
    n_readers : int
        Readers of the study.

    Returns
    -------
    VarianceShares
        NaN with a note where a component is not defined or nothing varies. A component below 0
        counts as none, and the note says which.

    Raises
    ------
    ValueError
        If there are fewer than two readers.

    Notes
    -----
    Var(difference) = 2/J [MS(T*R) + J max(Cov2 - Cov3, 0)], and E[MS(T*R)] = Var(TR) + (Var - Cov1
    - Cov2 + Cov3) (Hillis 2007). The readers' own level cancels in a difference. Shares of one
    study are rough: with few readers Var(TR) is poorly known.

    References
    ----------
    Hillis SL. Stat Med 2007;26:596-619. doi:10.1002/sim.2532

    Examples
    --------
    >>> components = VarianceComponents(
    ...     ms_modality=0.01, ms_reader=0.01, ms_reader_modality=4e-4, var_reader=1e-3,
    ...     var_reader_modality=1e-4, var_error=8e-4, cov1=3e-4, cov2=3e-4, cov3=1e-4, method="OR")
    >>> shares = variance_shares(components, n_readers=3)
    >>> [round(shares.share_reader_modality, 3), round(shares.share_error, 3), shares.share_cases]
    [0.1, 0.3, 0.6]
    """
    count = check_count(n_readers, name="n_readers")
    if count < 2:
        msg = f"n_readers must be at least 2, but got {count}: one reader has no variance"
        raise ValueError(msg)
    shared = components.cov2 - components.cov3
    mean_square = components.ms_reader_modality
    cases = count * max(shared, 0.0)
    total = mean_square + cases
    if not total > 0:  # also where a component is NaN
        return _undefined("a component is not defined, or nothing varies")
    interaction = min(max(components.var_reader_modality, 0.0), mean_square)
    return VarianceShares(
        share_reader_modality=interaction / total,
        share_error=(mean_square - interaction) / total,
        share_cases=cases / total,
        method="shares of Var(difference), Obuchowski-Rockette",
        note=joined(
            "reader by modality was estimated below 0 and counts as none"
            if components.var_reader_modality < 0
            else "",
            "what readers share of the cases was estimated below 0 and counts as none"
            if shared < 0
            else "",
        ),
    )


def _undefined(note: str) -> VarianceShares:
    """Return shares that are not defined."""
    return VarianceShares(
        share_reader_modality=math.nan,
        share_error=math.nan,
        share_cases=math.nan,
        method="shares of Var(difference), Obuchowski-Rockette",
        note=note,
    )
