"""Obuchowski and Rockette's analysis of a fully crossed reader study, after Hillis.

The figures of merit theta_ij of reader j in modality i follow a two-way model whose errors are
correlated, because all are made from the same cases. Works on a ``FomTable`` alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.results import Comparison, joined
from toolkit.stats._checks import check_choice
from toolkit.stats.mrmc.analysis import (
    HOLDS_FOR,
    RANDOM_NAME,
    ROUNDING,
    Covariances,
    GlobalTest,
    MeanScale,
    MrmcAnalysis,
    Plan,
    Random,
    Variance,
    VarianceComponents,
    covariances,
    few_readers,
    global_test_of,
    mean_difference,
    mean_estimate,
    mean_squares,
    negative_components,
    plan_of,
    positive_variance,
    reader_differences,
    reader_estimates,
    reader_mean_square,
    rounding_of,
)
from toolkit.stats.mrmc.covariances import LeaveOneOut
from toolkit.stats.mrmc.table import FomTable

Denominator = Literal["pooled", "pair"]

_ERROR = "the error that the modalities are tested against"


def obuchowski_rockette(
    table: FomTable,
    *,
    random: Random = "readers and cases",
    ci_level: float = 0.95,
    margin: float | None = None,
    mean_scale: MeanScale = "logit",
    denominator: Denominator = "pooled",
) -> MrmcAnalysis:
    """Compare modalities that the same readers used on the same cases.

    Parameters
    ----------
    table : FomTable
        Every reader in every modality.
    random : {"readers and cases", "cases", "readers"}
        ``"readers and cases"``: the conclusion holds for readers and cases like these, what a
        study of readers asks for. ``"cases"``: for these very readers. ``"readers"``: for these
        very cases; needs no covariance.
    ci_level : float
        Confidence level of each interval, two-sided.
    margin : float, optional
        Non-inferiority margin of every difference, above 0 and below the width of the figure's
        range; the good direction is the table's.
    mean_scale : {"logit", "identity"}
        Scale on which the limits of single modalities are made. On the identity scale, that of
        other programs, they miss a high truth on one side and may leave the range (see
        ``docs/coverage.md``). A figure whose range is not 0 to 1 is always on its own scale.
    denominator : {"pooled", "pair"}
        Whether a difference takes its error from all modalities or from its own two.

    Returns
    -------
    MrmcAnalysis
        Components are not truncated; in the tests max(Cov2 - Cov3, 0) and max(Cov2, 0) are, as
        Hillis (2007) has them. With readers fixed nothing is truncated, and a denominator of 0
        or less leaves the test NaN with a note. A mean at an end of its range has no interval
        on the logit scale. Readers one by one are always over cases alone.

    Raises
    ------
    ValueError
        If a figure of merit is missing or undefined for a reader in a modality, there is one
        reader and readers are random, the covariance is needed and absent, or a choice or the
        margin is malformed.

    Notes
    -----
    Null hypothesis of the global test: all modalities have one mean over readers. Degrees of
    freedom are never rounded. Fewer than 4 readers are too few to speak for readers in general;
    the note then says so. Not for nested or incomplete designs.

    References
    ----------
    Obuchowski NA, Rockette HE. Commun Stat Simul 1995;24:285-308. doi:10.1080/03610919508813243

    Hillis SL. Stat Med 2007;26:596-619. doi:10.1002/sim.2532

    Examples
    --------
    >>> auc = np.array([[0.80, 0.85], [0.84, 0.86], [0.78, 0.84], [0.83, 0.88]])
    >>> table = FomTable(
    ...     quantity="auc", value=auc, covariance_method="none", readers=("R1", "R2", "R3", "R4"),
    ...     modalities=("unaided", "aided"), n_cases=100, n_positive=50, n_units=100, method="AUC")
    >>> difference = obuchowski_rockette(table, random="readers").differences[0]
    >>> f"{difference.estimate:.3f} ({difference.ci_low:.3f}, {difference.ci_high:.3f})"
    '0.045 (0.017, 0.073)'
    """
    check_choice(random, name="random", choices=tuple(HOLDS_FOR))
    check_choice(denominator, name="denominator", choices=("pooled", "pair"))
    plan = plan_of(
        table, ci_level=ci_level, margin=margin, mean_scale=mean_scale, method="Obuchowski-Rockette"
    )
    require_crossed(table, random)
    components = crossed_components(table)
    means = tuple(
        mean_estimate(table, modality, variance_of_mean(table, modality, random), plan)
        for modality in range(table.n_modalities)
    )
    return MrmcAnalysis(
        quantity=table.quantity,
        design="fully crossed",
        random=random,
        mean_scale=plan.mean_scale,
        covariance_method=table.covariance_method,
        components=components,
        global_test=global_test(table, random),
        modalities=means,
        differences=_differences(table, random, plan, denominator),
        readers=reader_estimates(table, plan.ci_level),
        reader_differences=reader_differences(table, plan),
        method=f"Obuchowski-Rockette, {RANDOM_NAME[random]} (Hillis 2007)",
        note=joined(
            f"holds for {HOLDS_FOR[random]}",
            few_readers(table.n_readers, random),
            negative_components(components),
            table.note,
        ),
    )


def require_crossed(table: FomTable, random: Random) -> None:
    """Refuse a table that the crossed analysis is not defined for."""
    empty = np.argwhere(np.isnan(table.value))
    if empty.size:
        reader, modality = table.readers[empty[0, 0]], table.modalities[empty[0, 1]]
        msg = (
            f"{table.quantity} must be defined for every reader in every modality, but "
            f"{len(empty)} of {table.value.size} are not, the first for {reader} in {modality}; "
            "leave that reader out in view, or use the analysis of that design"
        )
        raise ValueError(msg)
    if random != "cases" and table.n_readers < 2:
        msg = (
            f"random={random!r} needs at least two readers, but got {table.n_readers}; with one "
            "reader the conclusion holds for that reader: take random='cases'"
        )
        raise ValueError(msg)
    if random != "readers" and table.covariance is None:
        msg = (
            f"random={random!r} needs the covariance over cases, but the table has none; "
            "estimate it, or take random='readers'"
        )
        raise ValueError(msg)


def mean_covariances(table: FomTable) -> Covariances:
    """Return the averaged covariances; NaN where cases are fixed."""
    if table.covariance is None:
        return Covariances(variance=math.nan, cov1=math.nan, cov2=math.nan, cov3=math.nan)
    return covariances(table.covariance)


def crossed_components(table: FomTable) -> VarianceComponents:
    """Return mean squares and components of a crossed table, not truncated."""
    ms, cov = mean_squares(table.value), mean_covariances(table)
    # Hillis (2007): E[MS(T*R)] = var(TR) + Var - Cov1 - Cov2 + Cov3, and
    # E[MS(R)] - E[MS(T*R)] = I (var(R) + Cov1 - Cov3).
    interaction = ms.reader_modality - cov.variance + cov.cov1 + cov.cov2 - cov.cov3
    reader = (ms.reader - ms.reader_modality) / table.n_modalities - cov.cov1 + cov.cov3
    alone = table.n_readers == 1 or table.n_modalities == 1
    return VarianceComponents(
        ms_modality=ms.modality,
        ms_reader=ms.reader,
        ms_reader_modality=ms.reader_modality,
        var_reader=reader,
        var_reader_modality=interaction,
        var_error=cov.variance,
        cov1=cov.cov1,
        cov2=cov.cov2,
        cov3=cov.cov3,
        method="Obuchowski-Rockette components, not truncated",
        note=joined(
            "cases are fixed: no covariance over cases" if table.covariance is None else "",
            "the covariance over cases is not defined: too few cases or patients of a class"
            if table.covariance is not None and math.isnan(cov.variance)
            else "",
            "one reader or one modality: what needs two is not defined" if alone else "",
        ),
    )


def error_of_modalities(table: FomTable, random: Random) -> Variance:
    """Return the denominator that MS(T) is tested against, with its degrees of freedom."""
    ms, cov = mean_squares(table.value), mean_covariances(table)
    n_readers, n_modalities = table.value.shape
    df, rounding = float((n_readers - 1) * (n_modalities - 1)), rounding_of(table)
    if random == "readers":
        return positive_variance(ms.reader_modality, df, what=_ERROR, rounding=rounding)
    if random == "cases":
        # Hillis (2007), fixed readers: Var - Cov1 + (J - 1) (Cov2 - Cov3), not truncated.
        between = (n_readers - 1) * (cov.cov2 - cov.cov3) if n_readers > 1 else 0.0
        value = cov.variance - cov.cov1 + between
        return positive_variance(value, math.inf, what=_ERROR, rounding=rounding)
    value = ms.reader_modality + n_readers * max(cov.cov2 - cov.cov3, 0.0)
    df = hillis_df(value, ms.reader_modality, df, rounding)
    return positive_variance(value, df, what=_ERROR, rounding=rounding)


def hillis_df(variance: float, mean_square: float, df: float, rounding: float) -> float:
    """Return Hillis's degrees of freedom: variance^2 / (mean_square^2 / df) (Hillis 2007).

    Infinite where the mean square is 0 or no more than rounding leaves of it.
    """
    return df * (variance / mean_square) ** 2 if mean_square > rounding else math.inf


def variance_of_mean(table: FomTable, modality: int, random: Random) -> Variance:
    """Return the variance of the mean over readers of one modality, from that modality alone."""
    n_readers, what = table.n_readers, "the variance of this mean"
    rounding = rounding_of(table)
    mean_square, df = reader_mean_square(table.value[:, modality]), float(n_readers - 1)
    if random == "readers":
        return positive_variance(mean_square / n_readers, df, what=what, rounding=rounding)
    if table.covariance is None:
        return Variance(value=math.nan, df=math.nan, reason="the table has no covariance")
    block = table.covariance[:, modality, :, modality]
    if random == "cases":
        value = float(block.sum()) / n_readers**2
        return positive_variance(value, math.inf, what=what, rounding=rounding)
    cov2 = float(block.sum() - np.trace(block)) / (n_readers * (n_readers - 1))
    # Hillis (2007), section 5.3: [MS(R_i) + J max(Cov2_i, 0)] / J.
    value = mean_square + n_readers * max(cov2, 0.0)
    df = hillis_df(value, mean_square, df, rounding)
    found = positive_variance(value, df, what=what, rounding=rounding)
    return found.times(1 / n_readers)


def global_test(table: FomTable, random: Random) -> GlobalTest | None:
    """Return the test that all modalities have one mean; None with one modality."""
    if table.n_modalities < 2:
        return None
    error = error_of_modalities(table, random)
    mean_square = mean_squares(table.value).modality
    return global_test_of(mean_square, error, table.n_modalities - 1, random)


def _differences(
    table: FomTable, random: Random, plan: Plan, denominator: Denominator
) -> tuple[Comparison, ...]:
    """Return every difference of two modalities, the later minus the earlier."""
    if table.n_modalities < 2:
        return ()
    pooled = error_of_modalities(table, random)
    results = []
    for pair in combinations(range(table.n_modalities), 2):
        error = pooled
        if denominator == "pair":
            error = error_of_modalities(only_modalities(table, pair), random)
        # Var(theta_b. - theta_a.) = 2 / J times the error mean square.
        results.append(mean_difference(table, pair, error.times(2 / table.n_readers), plan))
    return tuple(results)


def only_modalities(table: FomTable, modalities: tuple[int, ...]) -> FomTable:
    """Return the table of some modalities."""
    index = list(modalities)
    covariance = table.covariance
    if covariance is not None:
        covariance = covariance[:, index][:, :, :, index]
    names = tuple(table.modalities[place] for place in modalities)
    return replace(table, value=table.value[:, index], covariance=covariance, modalities=names)


_DBM_ERROR = "the error mean square of the modalities"


@dataclass(frozen=True, kw_only=True, eq=False)
class PseudovalueMeanSquares:
    """Mean squares of modality T, reader R, case C and their interactions."""

    t: float
    r: float
    c: float
    tr: float
    tc: float
    rc: float
    trc: float


def dbm(
    table: FomTable,
    left: LeaveOneOut,
    *,
    random: Random = "readers and cases",
    ci_level: float = 0.95,
    margin: float | None = None,
    mean_scale: MeanScale = "logit",
) -> MrmcAnalysis:
    """Compare modalities by the analysis of variance of pseudovalues.

    Parameters
    ----------
    table : FomTable
        Every reader in every modality; its covariance is not used.
    left : LeaveOneOut
        The same figures without each case.
    random : {"readers and cases", "cases", "readers"}
        What is random, as for ``obuchowski_rockette``.
    ci_level, margin, mean_scale
        As for ``obuchowski_rockette``.

    Returns
    -------
    MrmcAnalysis
        Without covariance components; ``pseudovalue_mean_squares`` gives the mean squares.

    Raises
    ------
    ValueError
        If patients were left out instead of cases, a figure is missing, there is one reader and
        readers are random, one modality, or a choice or the margin is malformed.

    Notes
    -----
    Null hypothesis of the global test: all modalities have one mean over readers. For figures
    that the jackknife suits, fully crossed data and independent cases alone.

    References
    ----------
    Dorfman DD, Berbaum KS, Metz CE. Invest Radiol 1992;27:723-731.
    doi:10.1097/00004424-199209000-00015

    Hillis SL, Obuchowski NA, Schartz KM, Berbaum KS. Stat Med 2005;24:1579-1607.
    doi:10.1002/sim.2024

    Examples
    --------
    >>> from toolkit.stats.mrmc.covariances import leave_one_out
    >>> draw = np.random.default_rng(1)
    >>> truth = np.arange(40) % 2
    >>> ratings = draw.normal(size=(40, 4, 2)) + truth[:, np.newaxis, np.newaxis]
    >>> left = leave_one_out(truth, ratings)
    >>> table = FomTable(
    ...     quantity="auc", value=left.value, covariance_method="none",
    ...     readers=("1", "2", "3", "4"), modalities=("a", "b"),
    ...     n_cases=40, n_positive=20, n_units=40, method="AUC")
    >>> dbm(table, left).global_test.df1
    1.0
    """
    check_choice(random, name="random", choices=tuple(HOLDS_FOR))
    plan = plan_of(table, ci_level=ci_level, margin=margin, mean_scale=mean_scale, method="DBM")
    _require(table, left, random)
    pseudovalues = left.pseudovalues()
    rounding = _rounding(pseudovalues)
    error = _error(pseudovalues, random, rounding)
    cells = table.n_readers * left.n_units
    means = tuple(
        mean_estimate(
            table, place, _variance_of_mean(pseudovalues[:, :, place], random, rounding), plan
        )
        for place in range(table.n_modalities)
    )
    return MrmcAnalysis(
        quantity=table.quantity,
        design="fully crossed",
        random=random,
        mean_scale=plan.mean_scale,
        covariance_method="jackknife",
        global_test=global_test_of(
            pseudovalue_mean_squares(pseudovalues).t, error, table.n_modalities - 1, random
        ),
        modalities=means,
        differences=tuple(
            mean_difference(table, pair, error.times(2 / cells), plan)
            for pair in combinations(range(table.n_modalities), 2)
        ),
        method=f"Dorfman-Berbaum-Metz, {RANDOM_NAME[random]} (Hillis 2005)",
        note=joined(
            f"holds for {HOLDS_FOR[random]}", few_readers(table.n_readers, random), table.note
        ),
    )


def _require(table: FomTable, left: LeaveOneOut, random: Random) -> None:
    """Refuse what the analysis of pseudovalues is not defined for."""
    if left.unit != "case":
        msg = (
            "DBM needs independent cases, but patients with several cases were left out; take "
            "obuchowski_rockette with the covariance of patients"
        )
        raise ValueError(msg)
    if left.value.shape != table.value.shape or np.isnan(table.value).any():
        msg = (
            f"table and left must hold the same crossed figures, but have {table.value.shape} and "
            f"{left.value.shape}; DBM needs every reader in every modality"
        )
        raise ValueError(msg)
    if table.n_modalities < 2:
        msg = "DBM compares modalities, but the table has one"
        raise ValueError(msg)
    if random != "cases" and table.n_readers < 2:
        msg = f"random={random!r} needs at least two readers, but got {table.n_readers}"
        raise ValueError(msg)


def pseudovalue_mean_squares(pseudovalues: FloatArray) -> PseudovalueMeanSquares:
    """Return the mean squares of pseudovalues (n_cases, n_readers, n_modalities)."""
    n_cases, n_readers, n_modalities = pseudovalues.shape
    y = pseudovalues - pseudovalues.mean()
    t, r, c = y.mean(axis=(0, 1)), y.mean(axis=(0, 2)), y.mean(axis=(1, 2))
    tr = y.mean(axis=0) - t - r[:, np.newaxis]
    tc = y.mean(axis=1) - t - c[:, np.newaxis]
    rc = y.mean(axis=2) - r - c[:, np.newaxis]
    trc = y - tr - tc[:, np.newaxis, :] - rc[:, :, np.newaxis]
    trc = trc - t - r[:, np.newaxis] - c[:, np.newaxis, np.newaxis]
    dt, dr, dc = n_modalities - 1, n_readers - 1, n_cases - 1
    return PseudovalueMeanSquares(
        t=_mean_square(t, n_cases * n_readers, dt),
        r=_mean_square(r, n_cases * n_modalities, dr),
        c=_mean_square(c, n_readers * n_modalities, dc),
        tr=_mean_square(tr, n_cases, dt * dr),
        tc=_mean_square(tc, n_readers, dt * dc),
        rc=_mean_square(rc, n_modalities, dr * dc),
        trc=_mean_square(trc, 1, dt * dr * dc),
    )


def _mean_square(effect: FloatArray, repeats: int, df: int) -> float:
    """Return a mean square; NaN where it has no degrees of freedom."""
    return repeats * float((effect**2).sum()) / df if df else math.nan


def _rounding(pseudovalues: FloatArray) -> float:
    """Return how far a mean square can be off by rounding: a pseudovalue is n times a figure."""
    largest = float(np.abs(pseudovalues).max(initial=0.0))
    return float((ROUNDING * pseudovalues.shape[0] * max(largest, 1.0)) ** 2)


def _error(pseudovalues: FloatArray, random: Random, rounding: float) -> Variance:
    """Return the error that MS(T) is tested against."""
    ms = pseudovalue_mean_squares(pseudovalues)
    n_cases, n_readers, n_modalities = pseudovalues.shape
    df_readers = float((n_modalities - 1) * (n_readers - 1))
    if random == "readers":
        return positive_variance(ms.tr, df_readers, what=_DBM_ERROR, rounding=rounding)
    if random == "cases":
        df = float((n_modalities - 1) * (n_cases - 1))
        return positive_variance(ms.tc, df, what=_DBM_ERROR, rounding=rounding)
    # Hillis et al. (2005): MS(T*R) + max(MS(T*C) - MS(T*R*C), 0).
    value = ms.tr + max(ms.tc - ms.trc, 0.0)
    df = hillis_df(value, ms.tr, df_readers, rounding)
    return positive_variance(value, df, what=_DBM_ERROR, rounding=rounding)


def _variance_of_mean(pseudovalues: FloatArray, random: Random, rounding: float) -> Variance:
    """Return the variance of the mean of one modality, ``pseudovalues`` (n_cases, n_readers)."""
    n_cases, n_readers = pseudovalues.shape
    both = np.stack([pseudovalues, pseudovalues], axis=2)  # a second like modality adds nothing
    ms = pseudovalue_mean_squares(both)
    reader, case, rest = ms.r / 2, ms.c / 2, ms.rc / 2
    what, df_readers = "the variance of this mean", float(n_readers - 1)
    if random == "readers":
        found = positive_variance(reader, df_readers, what=what, rounding=rounding)
    elif random == "cases":
        found = positive_variance(case, float(n_cases - 1), what=what, rounding=rounding)
    else:
        value = reader + max(case - rest, 0.0)
        df = hillis_df(value, reader, df_readers, rounding)
        found = positive_variance(value, df, what=what, rounding=rounding)
    return found.times(1 / (n_cases * n_readers))
