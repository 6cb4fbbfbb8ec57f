"""Reading times where readings are missing or order matters: a mixed model of log times.

The sensitivity analysis beside ``toolkit.stats.reading_time``: readers, cases, and how each of
them differs between the modalities are random, as there, so with every reading there and no
covariate both give the same ratio and the same standard error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray
from toolkit.results import (
    Better,
    Comparison,
    Estimate,
    Result,
    check_margin,
    joined,
    stacked_frame,
)
from toolkit.stats._checks import _position, check_ci_level, check_ratings
from toolkit.stats._reading_times import (
    check_names,
    check_times,
    exponential,
    least_df,
    ratio_fields,
)
from toolkit.stats._time_fit import TimeFit, fit_times
from toolkit.stats._time_likelihood import time_sums
from toolkit.stats._wald import quantile
from toolkit.stats.mrmc._estimates import Variance
from toolkit.stats.mrmc.analysis import HOLDS_FOR, few_readers

_CI_METHOD = "t on logarithms, Satterthwaite"
_MODALITY = 1  # its place among the fixed effects, after the intercept


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadingTimeModel(Result):
    """A mixed model of log times.

    Parameters
    ----------
    ratio : Comparison
        Geometric mean time in b over that in a, at the mean of each covariate.
    covariates : tuple of Estimate
        The ratio of times for one unit more of each covariate.
    var_reader, var_case, var_reader_modality, var_case_modality, var_reader_case, var_error : float
        Variances of log times.
    log_likelihood : float
        The restricted one at its maximum.
    converged : bool
        Whether a maximum was found and verified; if not there is no interval.
    boundary : tuple of str
        Random terms whose variance is estimated as 0.
    n_readings, n_missing : int
        Readings used, and those that a full study would have had besides.
    """

    ratio: Comparison
    covariates: tuple[Estimate, ...] = ()
    var_reader: float
    var_case: float
    var_reader_modality: float
    var_case_modality: float
    var_reader_case: float
    var_error: float
    log_likelihood: float
    converged: bool
    boundary: tuple[str, ...] = ()
    n_readings: int
    n_missing: int

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row for the ratio and one a covariate."""
        return stacked_frame((self.ratio, *self.covariates))


def reading_time_model(
    times: ArrayLike,
    *,
    covariates: Mapping[str, ArrayLike] | None = None,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    modalities: Sequence[str] = ("a", "b"),
) -> ReadingTimeModel:
    """Estimate the ratio b over a of reading times by a mixed model of their logarithms.

    Parameters
    ----------
    times : array_like, shape (n_cases, n_readers, 2)
        Seconds, above 0; NaN not read or not timed.
    covariates : mapping of name to array_like, shape (n_cases, n_readers, 2), optional
        Numbers that go into the model as they are: place in the session, session 0 or 1, ...;
        finite wherever there is a time.
    ci_level, margin, better, modalities
        As in ``compare_reading_times``.

    Returns
    -------
    ReadingTimeModel
        The note says what is on the boundary, and whether the fit converged.

    Raises
    ------
    ValueError
        If a time is 0, negative or infinite, fewer than two readers used both modalities, there
        are fewer than two cases, a covariate is missing or follows from the others, or the level,
        the margin or the direction is wrong.

    Notes
    -----
    Null hypothesis: a ratio of 1 for readers and cases in general. Restricted maximum likelihood;
    random are readers, cases, reader by modality, case by modality and reader by case. There is
    no option to leave out reader by modality: tests without it are wrong far too often. Reader by
    case, a reader who lingers on a case both times, drops out of paired readings; counted as
    error it makes the standard error up to 15 % too small. Satterthwaite's df, not below min(J,
    K) - 1. Missing readings must be missing at random: slow ones that were broken off are not.
    Cases must be independent: for several cases of a patient use ``compare_reading_times``.

    References
    ----------
    Patterson HD, Thompson R. Biometrika 1971;58:545-554. doi:10.1093/biomet/58.3.545

    Giesbrecht FG, Burns JC. Biometrics 1985;41:477-486. doi:10.2307/2530872

    Examples
    --------
    >>> draw = np.random.default_rng(4)
    >>> times = np.exp(draw.normal(4.0, 0.3, size=(40, 5, 2)) - [0.0, 0.1])
    >>> times[3, 2, 1] = np.nan
    >>> ratio = reading_time_model(times, better="lower").ratio
    >>> f"{ratio.estimate:.2f} ({ratio.ci_low:.2f}, {ratio.ci_high:.2f})"
    '0.89 (0.81, 0.97)'
    """
    seconds = check_times(times, missing_allowed=True)
    level = check_ci_level(ci_level)
    check_margin(margin, effect="ratio", better=better)
    names = check_names(modalities, 2, "modalities")
    read = ~np.isnan(seconds)
    _require_readings(read)
    with_covariates = dict(covariates or {})
    columns = [_check_covariate(values, read, name) for name, values in with_covariates.items()]
    design, scale = _design(columns, read)
    _require_full_rank(design[read], tuple(with_covariates))
    fit = fit_times(time_sums(np.log(seconds), design))
    n_cases, n_readers = read.shape[:2]
    variance = [
        _variance(fit, place, least_df(n_cases, n_readers)) for place in range(fit.beta.size)
    ]
    log_a, log_ratio = float(fit.beta[0]), float(fit.beta[_MODALITY])
    ratio = Comparison(
        quantity="reading_time",
        ci_method=_CI_METHOD,
        label_a=names[0],
        label_b=names[1],
        estimate_a=math.exp(log_a),
        estimate_b=math.exp(log_a + log_ratio),
        n_cases=n_cases,
        n_readers=n_readers,
        method="ratio of geometric mean times, mixed model",
        **ratio_fields(log_ratio, variance[_MODALITY], level, margin, better),
    )
    effects = tuple(
        _effect(name, float(fit.beta[place]), variance[place], step, level)
        for place, (name, step) in enumerate(zip(with_covariates, scale, strict=True), 2)
    )
    return _result(fit, ratio, effects, read)


def _require_readings(read: BoolArray) -> None:
    """Refuse readings from which nothing can be learnt of readers or cases in general."""
    both = int((read[:, :, 0].any(axis=0) & read[:, :, 1].any(axis=0)).sum())
    used = int(read.any(axis=(1, 2)).sum())
    if both < 2 or used < 2:
        msg = (
            "times must come from two readers or more who used both modalities, and from two "
            f"cases or more, but got {both} such readers and {used} cases; for one reader take "
            "compare_reading_times"
        )
        raise ValueError(msg)


def _check_covariate(values: ArrayLike, read: BoolArray, name: str) -> FloatArray:
    """Return a covariate of the shape of times, finite wherever there is a time, else 0."""
    what = f"covariate {name!r}"
    array = check_ratings(
        values,
        n_cases=read.shape[0],
        name=what,
        axes=("n_readers", "n_modalities"),
        missing_allowed=True,
    )
    if array.shape != read.shape:
        msg = f"{what} must have the shape of times {read.shape}, but got {array.shape}"
        raise ValueError(msg)
    wrong = read & ~np.isfinite(array)
    if wrong.any():
        msg = (
            f"{what} must be finite wherever there is a time, but {_position(wrong)} holds "
            f"{float(array[wrong][0])!r}; fill it in, or set that time to NaN"
        )
        raise ValueError(msg)
    return np.where(read, array, 0.0)


def _design(columns: list[FloatArray], read: BoolArray) -> tuple[FloatArray, list[float]]:
    """Return the fixed effects and the spread of each covariate, which is centred and scaled."""
    centre = [float(column[read].mean()) for column in columns]
    scale = [float(column[read].std()) or 1.0 for column in columns]
    ones = np.ones(read.shape)
    standard = [(c - m) / s for c, m, s in zip(columns, centre, scale, strict=True)]
    return np.stack([ones, ones * [0.0, 1.0], *standard], axis=3), scale


def _require_full_rank(design: FloatArray, names: tuple[str, ...]) -> None:
    """Refuse a covariate that the modality and the covariates before it determine."""
    for place, name in enumerate(names, 3):
        if np.linalg.matrix_rank(design[:, :place]) < place:
            msg = (
                f"covariate {name!r} follows from the modality and the other covariates, so no "
                "effect of it can be told from theirs; leave it out (in a study in which every "
                "first session is unaided, session and modality are one)"
            )
            raise ValueError(msg)


def _variance(fit: TimeFit, place: int, least: float) -> Variance:
    """Return the variance of a fixed effect; NaN without convergence."""
    if not fit.converged:
        reason = "the search for the maximum of the likelihood did not converge: no interval"
        return Variance(value=math.nan, df=math.nan, reason=reason)
    df = max(float(fit.df[place]), least)
    return Variance(value=float(fit.covariance[place, place]), df=df)


def _effect(name: str, beta: float, variance: Variance, scale: float, level: float) -> Estimate:
    """Return the ratio of times for one unit more of a covariate."""
    reach = quantile(level, variance.df) * variance.std_error
    low, middle, high = (exponential(x / scale) for x in (beta - reach, beta, beta + reach))
    return Estimate(
        quantity="reading_time",
        unit="ratio",
        estimate=middle,
        std_error=middle * variance.std_error / scale,
        ci_low=low,
        ci_high=high,
        ci_level=level,
        ci_method=_CI_METHOD,
        label=f"one more of {name}",
        method="ratio of geometric mean times, mixed model",
        note=variance.reason,
    )


def _result(
    fit: TimeFit, ratio: Comparison, effects: tuple[Estimate, ...], read: BoolArray
) -> ReadingTimeModel:
    """Return the model with what a reader of it must know."""
    reader, case, reader_modality, case_modality, reader_case = (fit.ratios * fit.error).tolist()
    n_missing = int((~read).sum())
    return ReadingTimeModel(
        ratio=ratio,
        covariates=effects,
        var_reader=reader,
        var_case=case,
        var_reader_modality=reader_modality,
        var_case_modality=case_modality,
        var_reader_case=reader_case,
        var_error=fit.error,
        log_likelihood=-fit.deviance / 2,
        converged=fit.converged,
        boundary=fit.boundary,
        n_readings=int(read.sum()),
        n_missing=n_missing,
        method="mixed model of log times, restricted maximum likelihood",
        note=joined(
            f"holds for {HOLDS_FOR['readers and cases']}",
            few_readers(read.shape[1], "readers and cases"),
            f"{n_missing} of {read.size} readings missing, taken as missing at random"
            if n_missing
            else "",
            _boundary_note(fit),
            ratio.note,
        ),
    )


def _boundary_note(fit: TimeFit) -> str:
    """Say which variances are 0, and that the interval leans on it if it does."""
    if not fit.boundary:
        return ""
    text = f"estimated as 0, on the boundary: {', '.join(fit.boundary)}"
    if "reader by modality" in fit.boundary:
        text += (
            "; without reader by modality the interval is one of readers who are all alike in "
            "what the modality does to them: trust the ANOVA of complete readings instead"
        )
    return text
