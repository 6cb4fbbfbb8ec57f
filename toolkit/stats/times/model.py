"""Reading times where readings are missing or order matters: a mixed model of log times.

The sensitivity analysis beside ``toolkit.stats.times.anova``: readers, cases, and how each of
them differs between the modalities are random, as there, so with every reading there and no
covariate both give the same ratio and the same standard error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
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
from toolkit.stats._inference import quantile
from toolkit.stats.mrmc.analysis import HOLDS_FOR, Variance, few_readers
from toolkit.stats.times.anova import check_names, check_times, exponential, least_df, ratio_fields

# Variances over the error variance, in this order.
RANDOM_TERMS = (
    "reader",
    "case",
    "reader by modality",
    "case by modality",
    "reader by case",
)


_LEAST_REST = 1e-300


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeSums:
    """Sums over readings that the likelihood is made of; W = [reader effects, X, log time].

    ``pairs`` are cells of a reader and a case read in both modalities, ``singles`` in one.
    """

    n_readings: int
    n_fixed: int
    n_readers: int
    n_pairs: int
    n_singles: int
    products: FloatArray  # (m, m): W'W
    pair_products: FloatArray  # (m, m), of W summed over the two readings of a pair
    single_products: FloatArray  # (m, m)
    sums: FloatArray  # (n_cases, 2, m): W summed over the readings of a case in a modality
    pair_sums: FloatArray  # (n_cases, m)
    single_sums: FloatArray  # (n_cases, 2, m)
    counts: FloatArray  # (n_cases, 2)
    pair_counts: FloatArray  # (n_cases,)
    single_counts: FloatArray  # (n_cases, 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class FixedEffects:
    """What the likelihood says of beta at given variance ratios."""

    beta: FloatArray
    information: FloatArray  # X' H^-1 X, with H the covariance over the error variance
    rest: float  # the residual sum of squares in the metric of H
    log_determinant: float  # log |H| + log |X' H^-1 X|


def time_sums(logs: FloatArray, design: FloatArray) -> TimeSums:
    """Return the sums of log times (n_cases, n_readers, 2), NaN not read.

    ``design`` (n_cases, n_readers, 2, n_fixed) holds the fixed effects; it must be finite where
    there is a time.
    """
    n_readers = logs.shape[1]
    read = ~np.isnan(logs)
    readers = np.zeros((*logs.shape, 2 * n_readers))
    for place in range(n_readers):
        readers[:, place, 0, 2 * place] = readers[:, place, 1, 2 * place + 1] = 1.0
    w = np.concatenate([readers, design, logs[..., np.newaxis]], axis=3)
    w = np.where(read[..., np.newaxis], w, 0.0)
    both = read[:, :, 0] & read[:, :, 1]
    alone = read & ~both[:, :, np.newaxis]
    pair = np.where(both[..., np.newaxis], w.sum(axis=2), 0.0)
    single = np.where(alone[..., np.newaxis], w, 0.0)
    return TimeSums(
        n_readings=int(read.sum()),
        n_fixed=design.shape[3],
        n_readers=n_readers,
        n_pairs=int(both.sum()),
        n_singles=int(alone.sum()),
        products=_products(w),
        pair_products=_products(pair),
        single_products=_products(single),
        sums=w.sum(axis=1),
        pair_sums=pair.sum(axis=1),
        single_sums=single.sum(axis=1),
        counts=read.sum(axis=1).astype(np.float64),
        pair_counts=both.sum(axis=1).astype(np.float64),
        single_counts=alone.sum(axis=1).astype(np.float64),
    )


def _products(values: FloatArray) -> FloatArray:
    """Return the sum of outer products of the last axis."""
    flat = values.reshape(-1, values.shape[-1])
    products: FloatArray = flat.T @ flat
    return products


def fixed_effects(sums: TimeSums, ratios: FloatArray) -> FixedEffects:
    """Return beta and the determinants at variance ratios in the order of ``RANDOM_TERMS``."""
    reader, case, reader_modality, case_modality, reader_case = ratios.tolist()
    # A reading alone has variance 1 + g, a pair 1 and covariance g: inverted cell by cell.
    of_pair, of_single = reader_case / (1 + 2 * reader_case), reader_case / (1 + reader_case)
    log_determinant = sums.n_pairs * math.log1p(2 * reader_case)
    log_determinant += sums.n_singles * math.log1p(reader_case)
    cross = sums.products - of_pair * sums.pair_products - of_single * sums.single_products
    # Cases: H^-1 = V^-1 - V^-1 Z (G^-1 + Z' V^-1 Z)^-1 Z' V^-1 with 2 x 2 blocks.
    seen = sums.sums - of_pair * sums.pair_sums[:, np.newaxis] - of_single * sums.single_sums
    counts = (sums.counts - of_single * sums.single_counts)[:, :, np.newaxis] * np.eye(2)
    counts = counts - of_pair * sums.pair_counts[:, np.newaxis, np.newaxis]
    of_case = case_modality * np.eye(2) + case
    inner = np.eye(2) + counts @ of_case
    log_determinant += float(np.log(np.linalg.det(inner)).sum())
    shrink = of_case @ np.linalg.inv(inner)
    flat, shrunk = seen.reshape(-1, seen.shape[2]), (shrink @ seen).reshape(-1, seen.shape[2])
    cross = cross - flat.T @ shrunk
    return _without_readers(sums, cross, _root(reader, reader_modality), log_determinant)


def _root(common: float, own: float) -> FloatArray:
    """Return the symmetric square root of own I + common 11', 2 x 2."""
    even, odd = math.sqrt(own + 2 * common), math.sqrt(own)
    return np.array([[even + odd, even - odd], [even - odd, even + odd]]) / 2


def _without_readers(
    sums: TimeSums, cross: FloatArray, root: FloatArray, log_determinant: float
) -> FixedEffects:
    """Return beta once the readers' effects are absorbed as well."""
    n_effects = 2 * sums.n_readers
    scale = np.kron(np.eye(sums.n_readers), root)
    factor = np.linalg.cholesky(np.eye(n_effects) + scale @ cross[:n_effects, :n_effects] @ scale)
    half = np.linalg.solve(factor, scale @ cross[:n_effects, n_effects:])
    left = cross[n_effects:, n_effects:] - half.T @ half
    information, score = left[:-1, :-1], left[:-1, -1]
    beta = np.linalg.solve(information, score)
    log_determinant += 2 * float(np.log(np.diag(factor)).sum())
    return FixedEffects(
        beta=beta,
        information=information,
        # Rounding may leave less than nothing where the effects explain every time.
        rest=max(float(left[-1, -1] - score @ beta), _LEAST_REST),
        log_determinant=log_determinant + float(np.linalg.slogdet(information)[1]),
    )


def deviance(sums: TimeSums, ratios: FloatArray, error: float) -> float:
    """Return -2 log restricted likelihood at an error variance and variance ratios."""
    effects, df = fixed_effects(sums, ratios), sums.n_readings - sums.n_fixed
    return (
        df * (math.log(2 * math.pi) + math.log(error))
        + effects.log_determinant
        + effects.rest / error
    )


def profiled_deviance(sums: TimeSums, ratios: FloatArray) -> float:
    """Return -2 log restricted likelihood at the best error variance for the ratios."""
    effects, df = fixed_effects(sums, ratios), sums.n_readings - sums.n_fixed
    return df * (math.log(2 * math.pi * effects.rest / df) + 1) + effects.log_determinant


# A variance below this share of the error variance lies on the boundary, 0.
_SMALLEST_RATIO = 1e-8
# Beyond it times would be read without any error, which no reader does: no maximum inside.
_LARGEST_RATIO = 1e6
_STARTS = (0.3, 1.0)  # standard deviations over that of the error
_STEP = 1e-3  # of log variances, in numeric derivatives
_FLAT = 1e-4  # curvature of the deviance by log variances, below which it is rounding
# A step of Newton's that lowers the deviance by less than this is none.
_CONVERGED = 1e-5


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeFit:
    """The variances at the maximum; ``ratios`` in the order of ``RANDOM_TERMS``."""

    error: float
    ratios: FloatArray
    deviance: float
    beta: FloatArray
    covariance: FloatArray
    df: FloatArray
    converged: bool

    @property
    def boundary(self) -> tuple[str, ...]:
        """Names of the random terms whose variance is estimated as 0."""
        pairs = zip(RANDOM_TERMS, self.ratios, strict=True)
        return tuple(name for name, ratio in pairs if ratio == 0)


def fit_times(sums: TimeSums) -> TimeFit:
    """Return the maximum over variances of 0 or more, from several starts."""
    ratios = _best_ratios(sums)
    effects = fixed_effects(sums, ratios)
    error = effects.rest / (sums.n_readings - sums.n_fixed)
    # All variances above 0 on the log scale: the error first, then the terms off the boundary.
    free = np.flatnonzero(ratios)
    log_variances = np.log(np.append(error, ratios[free] * error))

    def split(logs: FloatArray) -> tuple[float, FloatArray]:
        variances = np.exp(logs)
        placed = np.zeros(ratios.size)
        placed[free] = variances[1:] / variances[0]
        return float(variances[0]), placed

    def deviance_at(logs: FloatArray) -> float:
        own, placed = split(logs)
        return deviance(sums, placed, own)

    def variances_at(logs: FloatArray) -> FloatArray:
        own, placed = split(logs)
        return own * np.diag(np.linalg.inv(fixed_effects(sums, placed).information))

    gradient, hessian = _derivatives(deviance_at, log_variances)
    curvature, directions = np.linalg.eigh(hessian)
    # Where the design cannot tell two terms apart, such as case and case by modality if no case
    # was read in both, the deviance is flat in one direction, and so is what follows from it.
    curvature_used = np.maximum(curvature, _FLAT)
    slopes = np.array(_slopes(variances_at, log_variances))
    variances = variances_at(log_variances)
    # Satterthwaite: df = 2 V^2 / (g' C g), with g the derivatives of V = Var(beta) by the (log)
    # variances and C = 2 / Hessian of the deviance their covariance.
    spread = ((directions.T @ slopes) ** 2 / curvature_used[:, np.newaxis]).sum(axis=0)
    gain = float(((directions.T @ gradient) ** 2 / curvature_used).sum()) / 2
    inside = bool(ratios.max() < 0.99 * _LARGEST_RATIO and curvature.min() > -_FLAT)
    return TimeFit(
        error=error,
        ratios=ratios,
        deviance=deviance(sums, ratios, error),
        beta=effects.beta,
        covariance=np.asarray(error * np.linalg.inv(effects.information), dtype=np.float64),
        df=variances**2 / spread,
        converged=inside and gain < _CONVERGED and _rises(sums, ratios),
    )


def _best_ratios(sums: TimeSums) -> FloatArray:
    """Return the variance ratios of the lowest deviance, 0 where they are next to it."""
    from scipy.optimize import Bounds, minimize  # costs a tenth of a second, for this alone

    def at(roots: FloatArray) -> float:
        return profiled_deviance(sums, roots**2)

    found = [
        minimize(
            at,
            np.full(len(RANDOM_TERMS), start, dtype=np.float64),
            method="L-BFGS-B",
            jac="3-point",
            bounds=Bounds(0.0, math.sqrt(_LARGEST_RATIO)),
            tol=1e-14,
        )
        for start in _STARTS
    ]
    ratios: FloatArray = min(found, key=lambda result: float(result.fun)).x ** 2
    return np.where(ratios < _SMALLEST_RATIO, 0.0, ratios)


def _rises(sums: TimeSums, ratios: FloatArray) -> bool:
    """Whether the deviance rises from each variance on the boundary into the inside."""
    here = profiled_deviance(sums, ratios)
    inside = [
        np.where(np.arange(ratios.size) == place, 1e-6, ratios)
        for place in np.flatnonzero(ratios == 0)
    ]
    return all(profiled_deviance(sums, point) > here - _CONVERGED for point in inside)


def _derivatives(
    function: Callable[[FloatArray], float], at: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return gradient and Hessian by central differences."""
    steps = _STEP * np.eye(at.size)
    centre = function(at)
    up = np.array([function(at + step) for step in steps])
    down = np.array([function(at - step) for step in steps])
    hessian = np.diag((up - 2 * centre + down) / _STEP**2)
    for i in range(at.size):
        for j in range(i):
            corners = [
                function(at + a * steps[i] + b * steps[j]) * a * b for a in (1, -1) for b in (1, -1)
            ]
            hessian[i, j] = hessian[j, i] = sum(corners) / (4 * _STEP**2)
    return (up - down) / (2 * _STEP), hessian


def _slopes(function: Callable[[FloatArray], FloatArray], at: FloatArray) -> list[FloatArray]:
    """Return the derivatives of several functions by each variable, by central differences."""
    steps = _STEP * np.eye(at.size)
    return [(function(at + step) - function(at - step)) / (2 * _STEP) for step in steps]


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
