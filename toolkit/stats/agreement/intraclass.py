"""How far readers agree on a measurement: intraclass correlations of McGraw and Wong.

A share of the variance: what lies between cases, of all that there is. ``icc_agreement`` counts a
reader who always measures higher as disagreement, ``icc_consistency`` does not, and
``icc_one_way`` is for cases each read by other readers. ``averaged=True`` is for the mean of all
readers, where that mean is what will be used. For lesion sizes, density in percent, or suspicion
on a long scale; few categories have weighted kappas.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from toolkit.results import Estimate
from toolkit.stats._checks import check_ci_level, check_ratings

_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class _MeanSquares:
    """Mean squares of a two-way table without replicates, and of the one-way table."""

    n_cases: int
    n_readers: int
    cases: float
    readers: float
    residual: float
    within: float


_Limits = Callable[[_MeanSquares, float], tuple[float, float]]


def icc_one_way(
    values: ArrayLike, *, averaged: bool = False, ci_level: float = 0.95, label: str = ""
) -> Estimate:
    """Estimate ICC(1), or ICC(k) averaged: every case measured by readers of its own.

    Parameters
    ----------
    values : array_like, shape (n_cases, n_readers)
        Measurements; which of a case's readers stands in which column does not matter. None may
        be missing.
    averaged : bool
        Whether the mean of n_readers readers is to be used, not one reader.
    ci_level : float
        Confidence level, two-sided.
    label : str
        Who was compared.

    Returns
    -------
    Estimate
        At most 1; the lowest value is -1 / (n_readers - 1), and none where averaged. Negative
        values say that readers of one case differ more than cases do. NaN with a note where
        nothing varies. ``std_error`` is by the delta method, which the interval does not use.

    Raises
    ------
    ValueError
        If there are fewer than two readers, a value is missing or infinite, or the level is wrong.

    Notes
    -----
    One-way random effects, normal; the interval is exact then. The value depends on how much the
    cases differ: measurements as precise have a higher ICC where women are more varied, so do not
    compare it between populations. For the size of differences: ``bland_altman``.
    Cases must be independent: two breasts of one woman are not.

    References
    ----------
    Shrout PE, Fleiss JL. Psychol Bull 1979;86:420-428. doi:10.1037/0033-2909.86.2.420

    McGraw KO, Wong SP. Psychol Methods 1996;1:30-46. doi:10.1037/1082-989X.1.1.30

    Examples
    --------
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8],
    ...           [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> icc = icc_one_way(judges)
    >>> f"{icc.estimate:.2f} ({icc.ci_low:.2f}, {icc.ci_high:.2f})"
    '0.17 (-0.13, 0.72)'
    """
    squares = _mean_squares(values)
    n, k = squares.n_cases, squares.n_readers
    terms = [(squares.cases, n - 1.0, 1.0, 1.0), (squares.within, n * (k - 1.0), -1.0, k - 1.0)]
    name = "one-way random effects"
    return _icc(squares, terms, _one_way_limits, "icc", name, averaged, ci_level, label)


def icc_agreement(
    values: ArrayLike, *, averaged: bool = False, ci_level: float = 0.95, label: str = ""
) -> Estimate:
    """Estimate ICC(A,1), or ICC(A,k) averaged: absolute agreement of the same readers.

    Parameters
    ----------
    values : array_like, shape (n_cases, n_readers)
        Measurements; a column is a reader, and every reader measured every case.
    averaged, ci_level, label
        As in ``icc_one_way``.

    Returns
    -------
    Estimate
        As from ``icc_one_way``; the lowest value lies a little lower.

    Raises
    ------
    ValueError
        As ``icc_one_way``.

    Notes
    -----
    Two-way effects, normal, without interaction; ICC(2,1) of Shrout and Fleiss. The readers are a
    sample of readers and the interval says so: with few readers it is wide whatever the number of
    cases. It is approximate, with Satterthwaite's degrees of freedom.

    References
    ----------
    McGraw KO, Wong SP. Psychol Methods 1996;1:30-46. doi:10.1037/1082-989X.1.1.30

    Examples
    --------
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8],
    ...           [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> icc = icc_agreement(judges)
    >>> f"{icc.estimate:.2f} ({icc.ci_low:.2f}, {icc.ci_high:.2f})"
    '0.29 (0.02, 0.76)'
    """
    squares = _mean_squares(values)
    n, k = squares.n_cases, squares.n_readers
    per_case = k / max(n, 1)
    terms = [
        (squares.cases, n - 1.0, 1.0, 1.0),
        (squares.readers, k - 1.0, 0.0, per_case),
        (squares.residual, (n - 1.0) * (k - 1.0), -1.0, k - 1 - per_case),
    ]
    name = "two-way, absolute agreement"
    return _icc(squares, terms, _agreement_limits, "icc_a", name, averaged, ci_level, label)


def icc_consistency(
    values: ArrayLike, *, averaged: bool = False, ci_level: float = 0.95, label: str = ""
) -> Estimate:
    """Estimate ICC(C,1), or ICC(C,k) averaged: the same readers, whatever their mean levels.

    Parameters
    ----------
    values : array_like, shape (n_cases, n_readers)
        Measurements; a column is a reader, and every reader measured every case.
    averaged, ci_level, label
        As in ``icc_one_way``.

    Returns
    -------
    Estimate
        As from ``icc_one_way``.

    Raises
    ------
    ValueError
        As ``icc_one_way``.

    Notes
    -----
    Two-way effects, normal; the interval is exact then. ICC(3,1) of Shrout and Fleiss, and
    Cronbach's alpha where averaged. Not for readers whose values are used as they are: a reader
    who doubles nothing but adds 10 mm is fully consistent.

    References
    ----------
    McGraw KO, Wong SP. Psychol Methods 1996;1:30-46. doi:10.1037/1082-989X.1.1.30

    Examples
    --------
    >>> judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8],
    ...           [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> icc = icc_consistency(judges)
    >>> f"{icc.estimate:.2f} ({icc.ci_low:.2f}, {icc.ci_high:.2f})"
    '0.71 (0.34, 0.95)'
    """
    squares = _mean_squares(values)
    n, k = squares.n_cases, squares.n_readers
    df = (n - 1.0) * (k - 1.0)
    terms = [(squares.cases, n - 1.0, 1.0, 1.0), (squares.residual, df, -1.0, k - 1.0)]
    name = "two-way, consistency"
    return _icc(squares, terms, _consistency_limits, "icc_c", name, averaged, ci_level, label)


def _mean_squares(values: ArrayLike) -> _MeanSquares:
    """Check the measurements and return their mean squares; a square of rounding only is 0."""
    table = check_ratings(values, name="values", axes=("n_readers",))
    n, k = table.shape
    if k < 2:
        msg = f"values must have two readers or more, but got shape {table.shape}"
        raise ValueError(msg)
    if np.isinf(table).any():
        case, reader = np.argwhere(np.isinf(table))[0]
        msg = f"values must be finite, but position ({case}, {reader}) is not; leave the case out"
        raise ValueError(msg)
    if n < 2:
        return _MeanSquares(
            n_cases=n, n_readers=k, cases=0.0, readers=0.0, residual=0.0, within=0.0
        )
    centred = table - table.mean()
    case, reader = centred.mean(axis=1), centred.mean(axis=0)
    residual = centred - case[:, None] - reader
    floor = (_ROUNDING * float(np.abs(table).max())) ** 2
    squares = {
        "cases": k * float(case @ case) / (n - 1),
        "readers": n * float(reader @ reader) / (k - 1),
        "residual": float((residual**2).sum()) / ((n - 1) * (k - 1)),
        "within": float(((centred - case[:, None]) ** 2).sum()) / (n * (k - 1)),
    }
    kept = {name: value if value > floor else 0.0 for name, value in squares.items()}
    return _MeanSquares(n_cases=n, n_readers=k, **kept)


def _icc(
    squares: _MeanSquares,
    terms: list[tuple[float, float, float, float]],
    limits: _Limits,
    quantity: str,
    name: str,
    averaged: bool,
    ci_level: float,
    label: str,
) -> Estimate:
    """Return an ICC; a term is a mean square, its df and its place above and below the line."""
    level = check_ci_level(ci_level)
    mean, df, above, below = np.array(terms).T
    k = squares.n_readers
    single, low, high, error = math.nan, math.nan, math.nan, math.nan
    if float(mean @ below) > 0:
        single = float(mean @ above) / float(mean @ below)
        # Delta method: a mean square has variance 2 mean^2 / df.
        slope = (above - single * below) / float(mean @ below)
        error = math.sqrt(float((slope**2 * 2 * mean**2 / df).sum()))
        if squares.cases > 0 and error > _ROUNDING:
            low, high = limits(squares, (1 - level) / 2)
    value = _stepped_up(single, k) if averaged else single
    if averaged:
        low, high = _stepped_up(low, k), _stepped_up(high, k)
        error *= k / (1 + (k - 1) * single) ** 2 if value > -math.inf else math.nan
    if value == -math.inf:
        value, low, high = math.nan, math.nan, math.nan
    varies = not math.isnan(low)
    return Estimate(
        method=f"intraclass correlation, {name}, {'mean of readers' if averaged else 'one reader'}",
        ci_method="F",
        note=_note(squares, value, low),
        quantity=f"{quantity}_{'k' if averaged else '1'}",
        unit="index",
        label=label,
        estimate=value,
        std_error=error if varies else math.nan,
        ci_low=low,
        ci_high=high,
        ci_level=level,
        n_cases=squares.n_cases,
        n_readers=k,
    )


def _note(squares: _MeanSquares, value: float, low: float) -> str:
    """Return why the value or its interval is not defined, or nothing."""
    alike = "cases do not vary in their means"
    if math.isnan(value):
        why = alike if squares.cases == 0 else "the variance of a mean of readers comes out below 0"
        few = squares.n_cases < 2
        return (
            f"the intraclass correlation is not defined: {'fewer than two cases' if few else why}"
        )
    if math.isnan(low):
        what = "readers of a case never differ" if squares.cases else alike
        return f"{what}, so no standard error and no interval"
    return "the interval has no lower limit" if low == -math.inf else ""


def _stepped_up(single: float, k: int) -> float:
    """Return the ICC of the mean of k readers from that of one (Spearman-Brown)."""
    below = 1 + (k - 1) * single
    return k * single / below if below > 0 else (-math.inf if below <= 0 else math.nan)


def _f_limits(ratio: float, df: tuple[float, float], k: int, tail: float) -> tuple[float, float]:
    """Return the ICC of both limits of a ratio of expected mean squares, by its F distribution."""
    low = ratio / float(special.fdtri(*df, 1 - tail))
    high = ratio * float(special.fdtri(df[1], df[0], 1 - tail))
    return (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)


def _one_way_limits(squares: _MeanSquares, tail: float) -> tuple[float, float]:
    """Return the limits of ICC(1), McGraw and Wong (1996), table 7."""
    n, k = squares.n_cases, squares.n_readers
    return _f_limits(squares.cases / squares.within, (n - 1, n * (k - 1)), k, tail)


def _consistency_limits(squares: _MeanSquares, tail: float) -> tuple[float, float]:
    """Return the limits of ICC(C,1), McGraw and Wong (1996), table 7."""
    n, k = squares.n_cases, squares.n_readers
    return _f_limits(squares.cases / squares.residual, (n - 1, (n - 1) * (k - 1)), k, tail)


def _agreement_limits(squares: _MeanSquares, tail: float) -> tuple[float, float]:
    """Return the limits of ICC(A,1), McGraw and Wong (1996), table 7."""
    n, k = squares.n_cases, squares.n_readers
    cases, readers, residual = squares.cases, squares.readers, squares.residual
    rest = k * readers + (k * n - k - n) * residual
    icc = n * (cases - residual) / (n * cases + rest)
    # Satterthwaite's degrees of freedom of a MS_readers + b MS_residual.
    part_readers = k * icc / (n * (1 - icc)) * readers
    part_residual = (1 + k * icc * (n - 1) / (n * (1 - icc))) * residual
    df = (part_readers + part_residual) ** 2 / (
        part_readers**2 / (k - 1) + part_residual**2 / ((n - 1) * (k - 1))
    )
    lower = float(special.fdtri(n - 1, df, 1 - tail))
    upper = float(special.fdtri(df, n - 1, 1 - tail))
    low = n * (cases - lower * residual) / (lower * rest + n * cases)
    high = n * (upper * cases - residual) / (rest + n * upper * cases)
    return low, high
