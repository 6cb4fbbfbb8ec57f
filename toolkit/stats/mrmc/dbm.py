"""Dorfman, Berbaum and Metz's analysis: an ANOVA of jackknife pseudovalues.

The pseudovalue of case k is K theta - (K - 1) theta_(k), theta_(k) the figure of merit without that
case. The three-way table of modality T, reader R and case C is analysed as if it were the data.
With readers and cases random it is Obuchowski and Rockette's analysis with the jackknife covariance
(Hillis et al. 2005); with readers fixed it tests by F instead of chi-square.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import fdtrc

from toolkit.arrays import FloatArray
from toolkit.results import check_margin, joined
from toolkit.stats._checks import check_choice, check_ci_level
from toolkit.stats.mrmc.analysis import (
    HOLDS_FOR,
    RANDOM_NAME,
    ROUNDING,
    GlobalTest,
    MrmcAnalysis,
    Plan,
    Random,
    Variance,
    few_readers,
    logit_versions,
    mean_difference,
    mean_estimate,
    positive_variance,
)
from toolkit.stats.mrmc.covariances import LeaveOneOut
from toolkit.stats.mrmc.fom_table import FomTable
from toolkit.stats.mrmc.obuchowski_rockette import hillis_df

_ERROR = "the error mean square of the modalities"


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
    ci_level : float
        Confidence level of each interval, two-sided.
    margin : float, optional
        Non-inferiority margin of every difference, above 0; the good direction is the table's.

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
    level = check_ci_level(ci_level)
    check_margin(margin, effect="difference", better=table.better)
    _require(table, left, random)
    plan = Plan(ci_level=level, margin=margin, method="DBM")
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
        covariance_method="jackknife",
        global_test=_global_test(pseudovalues, error, random),
        modalities=means,
        modalities_logit=logit_versions(means, table),
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
        return positive_variance(ms.tr, df_readers, what=_ERROR, rounding=rounding)
    if random == "cases":
        df = float((n_modalities - 1) * (n_cases - 1))
        return positive_variance(ms.tc, df, what=_ERROR, rounding=rounding)
    # Hillis et al. (2005): MS(T*R) + max(MS(T*C) - MS(T*R*C), 0).
    value = ms.tr + max(ms.tc - ms.trc, 0.0)
    df = hillis_df(value, ms.tr, df_readers)
    return positive_variance(value, df, what=_ERROR, rounding=rounding)


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
        df = hillis_df(value, reader, df_readers)
        found = positive_variance(value, df, what=what, rounding=rounding)
    return found.times(1 / (n_cases * n_readers))


def _global_test(pseudovalues: FloatArray, error: Variance, random: Random) -> GlobalTest:
    """Return the F test that all modalities have one mean."""
    df1 = float(pseudovalues.shape[2] - 1)
    statistic = pseudovalue_mean_squares(pseudovalues).t / error.value
    return GlobalTest(
        statistic=statistic,
        df1=df1,
        df2=error.df,
        p_value=float(fdtrc(df1, error.df, statistic)),
        method=f"F test of all modalities, {RANDOM_NAME[random]}",
        note=error.reason,
    )
