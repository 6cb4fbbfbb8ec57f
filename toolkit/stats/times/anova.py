"""Reading times of readers who read the same cases in two modalities: ratio and difference.

The mean of the logarithms is the figure of merit, readers and cases are random, and so are how
much each reader and each case differs between the modalities. With d_jk = log time b - log time a
of reader j and case k, all that reader and case have in common drops out, and a two-way table
without replication holds all that is needed. Where readings are missing, or the order of reading
must be allowed for, see ``toolkit.stats.times.model``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray, IndexArray
from toolkit.results import Better, Comparison, Result, check_margin, joined, stacked_frame
from toolkit.stats._checks import _position, check_ci_level, check_cluster, check_ratings
from toolkit.stats._inference import quantile, wald_difference
from toolkit.stats.mrmc.analysis import (
    HOLDS_FOR,
    MeanEstimate,
    Random,
    Variance,
    few_readers,
    positive_variance,
)

_ROUNDING = 1e-12


def check_times(times: ArrayLike, *, missing_allowed: bool = False) -> FloatArray:
    """Return times as float64, shape (n_cases, n_readers, 2), above 0 and finite."""
    n_cases = len(times) if isinstance(times, Sized) else 0
    axes = ("n_readers", "n_modalities")
    array = check_ratings(times, n_cases=n_cases, name="times", axes=axes, missing_allowed=True)
    if array.shape[2] != 2 or 0 in array.shape:
        msg = (
            "times must have shape (n_cases, n_readers, 2), at least one case and one reader, but "
            f"got {array.shape}; give the modalities to compare, a before b"
        )
        raise ValueError(msg)
    missing = np.isnan(array)
    if missing.any() and not missing_allowed:
        msg = (
            f"times must not be missing, but {_position(missing)} is NaN ({int(missing.sum())} in "
            "all); use reading_time_model, which takes the readings that there are"
        )
        raise ValueError(msg)
    wrong = ~(missing | ((array > 0) & np.isfinite(array)))
    if wrong.any():
        msg = (
            f"times must be above 0 and finite, but {_position(wrong)} holds "
            f"{float(array[wrong][0])!r}; a reading without a time is missing, not 0 seconds"
        )
        raise ValueError(msg)
    return array


def check_names(names: Sequence[str], number: int, name: str = "readers") -> tuple[str, ...]:
    """Return the names along an axis, all different."""
    given = (names,) if isinstance(names, str) else tuple(names)
    if len(given) != number or len(set(given)) != number:
        msg = f"{name} must hold {number} different names, but got {', '.join(given)}"
        raise ValueError(msg)
    return given


@dataclass(frozen=True, kw_only=True)
class TableMeanSquares:
    """Mean squares of a two-way table without replication; NaN without degrees of freedom."""

    reader: float
    case: float
    error: float


def table_mean_squares(table: FloatArray) -> TableMeanSquares:
    """Return the mean squares of ``table`` (n_cases, n_readers)."""
    n_cases, n_readers = table.shape
    centred = table - table.mean()
    by_reader, by_case = centred.mean(axis=0), centred.mean(axis=1)
    rest = centred - by_reader - by_case[:, np.newaxis]
    between, within = n_readers - 1, n_cases - 1
    return TableMeanSquares(
        reader=n_cases * float(by_reader @ by_reader) / between if between else math.nan,
        case=n_readers * float(by_case @ by_case) / within if within else math.nan,
        error=float((rest**2).sum()) / (between * within) if between and within else math.nan,
    )


def variance_of_mean(table: FloatArray) -> Variance:
    """Return the variance of the mean of ``table`` (n_cases, n_readers), both axes random.

    With one reader it is that over cases. V = MS(R) + max(MS(C) - MS(RC), 0) over n_cases n_readers
    on Satterthwaite's df = V^2 / sum(MS_i^2 / df_i), sum over the mean squares that make up V; see
    ``least_df``.
    """
    n_cases, n_readers = table.shape
    ms, what = table_mean_squares(table), "the variance of the mean"
    if n_cases < 2:
        return Variance(value=math.nan, df=math.nan, reason="one case has no variance")
    value = ms.case if n_readers < 2 else ms.reader + max(ms.case - ms.error, 0.0)
    if value <= table.size * (_ROUNDING * max(1.0, float(np.abs(table).max()))) ** 2:
        return positive_variance(0.0, math.nan, what=what)  # 0 but for rounding
    if n_readers < 2:
        return positive_variance(value, n_cases - 1.0, what=what).times(1 / n_cases)
    spread = ms.reader**2 / (n_readers - 1)
    if ms.case > ms.error:
        spread += (ms.case**2 + ms.error**2 / (n_readers - 1)) / (n_cases - 1)
    df = max(value**2 / spread, least_df(n_cases, n_readers))
    return positive_variance(value, df, what=what).times(1 / (n_cases * n_readers))


def least_df(n_cases: int, n_readers: int) -> float:
    """Return the degrees of freedom that Satterthwaite's may not fall below.

    His formula for a sum of mean squares cannot fall below the least of their own; with one
    subtracted it can, next to 0, where MS(R) happens to be small. Simulated without a difference,
    at most 5.9 % of studies of 5 readers are significant at 5 %, 6.4 % of 4, 8 % of 3 and 13 % of
    2, over 27 designs each; on Hillis's df, which leave out that MS(C) is estimated, in more.
    """
    return float(min(n_cases, n_readers) - 1)


def exponential(logarithm: float) -> float:
    """Return e to a power; infinite beyond 1e308, as a limit of two very different readers is."""
    with np.errstate(over="ignore"):
        return float(np.exp(logarithm))


def ratio_fields(
    log_ratio: float, variance: Variance, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return estimate, interval and tests of a ratio from its logarithm."""
    wald = wald_difference(
        log_ratio,
        variance.std_error,
        df=variance.df,
        ci_level=level,
        margin=None if margin is None else abs(math.log(margin)),
        better=better,
        largest=math.inf,
    )
    ratio = exponential(log_ratio)
    return {
        **vars(wald),
        "estimate": ratio,
        "std_error": ratio * variance.std_error,
        "ci_low": exponential(wald.ci_low),
        "ci_high": exponential(wald.ci_high),
        "margin": margin,
        "effect": "ratio",
        "unit": "ratio",
        "note": variance.reason,
    }


_METHOD = "ANOVA of reading times"


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeComponents(Result):
    """Mean squares of the differences of log times, and variances of single log times from them.

    As estimated: a negative variance is not cut off at 0. NaN where one reader or one case leaves
    a mean square undefined.
    """

    ms_reader: float
    ms_case: float
    ms_error: float
    var_reader_modality: float
    var_case_modality: float
    var_error: float


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadingTimes(Result):
    """Reading times in two modalities compared.

    Parameters
    ----------
    ratio : Comparison
        Geometric mean time in b over that in a: the primary result.
    seconds : Comparison
        Arithmetic mean in b minus that in a, in seconds: what a reading list gains or loses.
    readers : tuple of Comparison
        The ratio of each reader, over cases alone.
    modalities : tuple of MeanEstimate
        Geometric mean time in each modality, in seconds.
    components : TimeComponents
        What the ratio's standard error is made of.
    random : {"readers and cases", "cases"}
        What the conclusion holds for; the note says it in words.
    """

    ratio: Comparison
    seconds: Comparison
    readers: tuple[Comparison, ...]
    modalities: tuple[MeanEstimate, ...]
    components: TimeComponents
    random: Random

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row for the ratio, one for the seconds and one a reader."""
        return stacked_frame((self.ratio, self.seconds, *self.readers))


def compare_reading_times(
    times: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    readers: Sequence[str] = (),
    modalities: Sequence[str] = ("a", "b"),
) -> ReadingTimes:
    """Compare the times that readers took for the same cases in two modalities, b over a.

    Parameters
    ----------
    times : array_like, shape (n_cases, n_readers, 2)
        Seconds, above 0; every reader read every case in both modalities. Pauses and
        interruptions are trimmed before, by a rule fixed in the plan.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case: the (log) times of her cases are averaged for each reader and
        modality, so that patients are the cases of the analysis and weigh alike.
    ci_level : float
        Confidence level of each interval, two-sided.
    margin : float, optional
        Non-inferiority margin of the ratio: above 1 where ``better`` is ``"lower"``.
    better : {"higher", "lower"}, optional
        Which direction is better; required with a margin.
    readers, modalities : sequence of str
        Names along the axes.

    Returns
    -------
    ReadingTimes
        Intervals of the ratio are made on the log scale. With one reader it holds for that reader
        alone, with a note. No interval, with a note, with one case or where nothing varies.

    Raises
    ------
    ValueError
        If a time is missing, 0, negative or infinite, the shape or a name does not fit, or the
        level, the margin or the direction is wrong.

    Notes
    -----
    Null hypothesis: readers in general take the same time for cases in general in both modalities,
    geometric means for the ratio. Var = [MS(R) + max(MS(C) - MS(RC), 0)] / (J K), mean squares of
    the K x J table of differences, on Satterthwaite's degrees of freedom, not below min(J, K) - 1.
    MS(R) holds how much readers differ in what the modality does to them: without it, as in a
    test on all readings or on case means, 13 % to over 40 % of null studies are significant at 5
    %; with it at most 5.9 % of those of 5 readers, 6.4 % of 4, 8 % of 3 and 13 % of 2. The
    difference in seconds comes from the same analysis of the times themselves, which a few very
    long readings can dominate.

    References
    ----------
    Dorfman DD, Berbaum KS, Metz CE. Invest Radiol 1992;27:723-731.
    doi:10.1097/00004424-199209000-00015

    Satterthwaite FE. Biometrics Bull 1946;2:110-114. doi:10.2307/3002019

    Examples
    --------
    >>> draw = np.random.default_rng(4)
    >>> log_times = draw.normal(4.0, 0.3, size=(40, 5, 2)) - [0.0, 0.1]
    >>> ratio = compare_reading_times(np.exp(log_times), better="lower").ratio
    >>> f"{ratio.estimate:.2f} ({ratio.ci_low:.2f}, {ratio.ci_high:.2f})"
    '0.89 (0.81, 0.97)'
    """
    seconds = check_times(times)
    level = check_ci_level(ci_level)
    check_margin(margin, effect="ratio", better=better)
    n_cases, n_readers = seconds.shape[:2]
    plan = _Plan(
        level=level,
        margin=margin,
        better=better,
        modalities=check_names(modalities, 2, "modalities"),
        n_cases=n_cases,
        n_clusters=None,
    )
    names = check_names(readers or [str(place + 1) for place in range(n_readers)], n_readers)
    logs = np.log(seconds)
    if cluster is not None:
        patient = check_cluster(cluster, n_cases=n_cases)
        logs, seconds = _means_of_patients(logs, patient), _means_of_patients(seconds, patient)
        plan = _Plan(**{**vars(plan), "n_clusters": logs.shape[0]})
    random: Random = "readers and cases" if n_readers > 1 else "cases"
    differences = logs[:, :, 1] - logs[:, :, 0]
    return ReadingTimes(
        ratio=_ratio(logs, plan),
        seconds=_seconds(seconds, plan),
        readers=_by_reader(logs, names, plan),
        modalities=tuple(_mean_time(logs, place, plan) for place in range(2)),
        components=_components(differences),
        random=random,
        method=f"{_METHOD}, random {random}",
        note=joined(
            f"holds for {HOLDS_FOR[random]}" if n_readers > 1 else "holds for this reader only",
            few_readers(n_readers, random),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """What all comparisons of one analysis share."""

    level: float
    margin: float | None
    better: Better | None
    modalities: tuple[str, ...]
    n_cases: int
    n_clusters: int | None


def _means_of_patients(values: FloatArray, patient: IndexArray) -> FloatArray:
    """Return the mean over each patient's cases, shape (n_patients, n_readers, 2)."""
    totals = np.zeros((int(patient.max()) + 1, *values.shape[1:]))
    np.add.at(totals, patient, values)
    return totals / np.bincount(patient)[:, np.newaxis, np.newaxis]


def _components(differences: FloatArray) -> TimeComponents:
    """Return mean squares and components; a difference varies twice as much as one log time."""
    n_cases, n_readers = differences.shape
    ms = table_mean_squares(differences)
    undefined = n_cases < 2 or n_readers < 2
    return TimeComponents(
        ms_reader=ms.reader,
        ms_case=ms.case,
        ms_error=ms.error,
        # E[MS(R)] = 2 (var(e) + K var(RM)), E[MS(C)] = 2 (var(e) + J var(CM)).
        var_reader_modality=(ms.reader - ms.error) / (2 * n_cases),
        var_case_modality=(ms.case - ms.error) / (2 * n_readers),
        var_error=ms.error / 2,
        method=f"{_METHOD}, components not truncated",
        note="one reader or one case: what needs two is not defined" if undefined else "",
    )


def _ratio(logs: FloatArray, plan: _Plan, *, label: str = "") -> Comparison:
    """Return the ratio of geometric means."""
    differences = logs[:, :, 1] - logs[:, :, 0]
    mean_a, mean_b = (math.exp(mean) for mean in logs.mean(axis=(0, 1)))
    variance = variance_of_mean(differences)
    return Comparison(
        quantity="reading_time",
        ci_method="ANOVA, t on logarithms" if logs.shape[1] > 1 else "paired t on logarithms",
        label=label,
        estimate_a=mean_a,
        estimate_b=mean_b,
        method="ratio of geometric mean times",
        **_of(plan, logs.shape[1]),
        **ratio_fields(float(differences.mean()), variance, plan.level, plan.margin, plan.better),
    )


def _seconds(seconds: FloatArray, plan: _Plan) -> Comparison:
    """Return the difference of arithmetic means, in seconds; the margin belongs to the ratio."""
    differences = seconds[:, :, 1] - seconds[:, :, 0]
    variance = variance_of_mean(differences)
    mean_a, mean_b = (float(mean) for mean in seconds.mean(axis=(0, 1)))
    wald = wald_difference(
        float(differences.mean()),
        variance.std_error,
        df=variance.df,
        ci_level=plan.level,
        margin=None,
        better=plan.better,
        largest=math.inf,
    )
    return Comparison(
        quantity="mean_reading_time",
        unit="s",
        estimate=float(differences.mean()),
        std_error=variance.std_error,
        ci_method="ANOVA, t" if seconds.shape[1] > 1 else "paired t",
        estimate_a=mean_a,
        estimate_b=mean_b,
        effect="difference",
        method="difference of arithmetic mean times",
        note=variance.reason,
        **_of(plan, seconds.shape[1]),
        **vars(wald),
    )


def _by_reader(logs: FloatArray, names: tuple[str, ...], plan: _Plan) -> tuple[Comparison, ...]:
    """Return the ratio of each reader, over cases alone."""
    return tuple(_ratio(logs[:, [place]], plan, label=name) for place, name in enumerate(names))


def _mean_time(logs: FloatArray, modality: int, plan: _Plan) -> MeanEstimate:
    """Return the geometric mean time in one modality, in seconds."""
    table = logs[:, :, modality]
    variance, mean = variance_of_mean(table), float(table.mean())
    reach = quantile(plan.level, variance.df) * variance.std_error
    return MeanEstimate(
        quantity="reading_time",
        unit="s",
        estimate=math.exp(mean),
        std_error=math.exp(mean) * variance.std_error,
        ci_low=exponential(mean - reach),
        ci_high=exponential(mean + reach),
        ci_level=plan.level,
        ci_method="ANOVA, t on logarithms",
        label=plan.modalities[modality],
        n_cases=plan.n_cases,
        n_readers=logs.shape[1],
        n_clusters=plan.n_clusters,
        df=variance.df,
        method="geometric mean time",
        note=variance.reason,
    )


def _of(plan: _Plan, n_readers: int) -> dict[str, Any]:
    """Return the fields that every comparison of an analysis has."""
    return {
        "label_a": plan.modalities[0],
        "label_b": plan.modalities[1],
        "n_cases": plan.n_cases,
        "n_readers": n_readers,
        "n_clusters": plan.n_clusters,
    }
