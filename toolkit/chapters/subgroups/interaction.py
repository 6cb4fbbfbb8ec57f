"""Whether a difference is the same in all levels of a variable, and how far two lie apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.chapters.comparison import Endpoint
from toolkit.results import Comparison, Result

_BY_CASES = (
    "chi-square of the levels' differences, each weighted by the inverse of its variance over "
    "cases (Cochran's Q); these readers, cases random"
)
_BY_READERS = "one-way analysis of variance of the readers' own differences; readers random"


@dataclass(frozen=True, kw_only=True, eq=False)
class Interaction(Result):
    """The test that the difference is the same in all levels of a variable.

    ``statistic`` is a chi-square on ``df1`` where ``df2`` is infinite, else F. NaN with the reason
    where there is no test; ``p_adjusted`` is Holm's over the variables that were tested.
    """

    label: str
    quantity: str
    statistic: float
    df1: float
    df2: float
    p_value: float
    p_adjusted: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Level:
    """One level of a variable.

    Parameters
    ----------
    name : str
        Name in words.
    n_with, n_without : int
        Examinations with and without cancer.
    n_readers : int
        Readers of the level.
    difference : Comparison
        b minus a on the endpoint, readers and cases random; NaN with the reason.
    beside : Comparison or None
        The measure beside the endpoint, of the same examinations and readers.
    case_error : float
        Standard error over cases alone, these readers.
    few : str
        Why the level is not tested and its estimate not drawn; empty where it is.
    """

    name: str
    n_with: int
    n_without: int
    n_readers: int
    difference: Comparison
    beside: Comparison | None
    case_error: float
    few: str


def chi_square(levels: Sequence[Level], *, column: str, endpoint: Endpoint) -> Interaction:
    """Return the test that the difference is the same in all levels of examinations.

    Parameters
    ----------
    levels : sequence of Level
        Of different women, read by the same readers.
    column : str
        Their variable.
    endpoint : str
        What the difference is of.

    Notes
    -----
    Q = sum of w (d - mean)^2 with w = 1 / variance over cases, a chi-square on one degree of
    freedom fewer than there are levels. What a reader gains in all levels cancels between them;
    that some readers gain more in one level than others do is not in the variance.

    References
    ----------
    Cochran WG. Biometrics 1954;10:101-129. doi:10.2307/3001666
    """
    from scipy.stats import chi2

    estimate = np.array([level.difference.estimate for level in levels])
    weight = 1 / np.array([level.case_error for level in levels]) ** 2
    mean = (weight * estimate).sum() / weight.sum()
    statistic = float((weight * (estimate - mean) ** 2).sum())
    df = len(levels) - 1
    return Interaction(
        method=_BY_CASES,
        label=column,
        quantity=endpoint,
        statistic=statistic,
        df1=float(df),
        df2=math.inf,
        p_value=float(chi2.sf(statistic, df)),
        p_adjusted=float(chi2.sf(statistic, df)),
    )


def apart_by_cases(a: Level, b: Level, *, ci_level: float) -> Comparison:
    """Return how far two levels of examinations lie apart, b minus a, these readers."""
    return _apart(
        (a.name, a.difference.estimate),
        (b.name, b.difference.estimate),
        std_error=math.hypot(a.case_error, b.case_error),
        df=math.inf,
        ci_level=ci_level,
        quantity=a.difference.quantity,
    )


def analysis_of_variance(
    gains: Mapping[str, FloatArray], *, column: str, endpoint: Endpoint
) -> Interaction:
    """Return the test that groups of readers have one mean difference.

    Parameters
    ----------
    gains : mapping of str to ndarray
        b minus a of each reader, by level; two levels or more of two readers or more.
    column, endpoint : str
        Their variable, and what the difference is of.

    Notes
    -----
    All read the same examinations, whose chance moves all readers' differences alike and so
    cancels between groups. The spread of readers is taken as equal in all groups.
    """
    from scipy.stats import f_oneway

    n = sum(one.size for one in gains.values())
    found = f_oneway(*gains.values())
    undefined = math.isnan(found.pvalue)
    return Interaction(
        method=_BY_READERS,
        note="not tested: the readers' differences do not vary" if undefined else "",
        label=column,
        quantity=endpoint,
        statistic=float(found.statistic),
        df1=float(len(gains) - 1),
        df2=float(n - len(gains)),
        p_value=float(found.pvalue),
        p_adjusted=float(found.pvalue),
    )


def apart_by_readers(
    gains: Mapping[str, FloatArray], *, endpoint: Endpoint, ci_level: float
) -> list[Comparison]:
    """Return how far each two groups of readers lie apart, with the spread within all groups."""
    df = sum(one.size - 1 for one in gains.values())
    within = sum(float(((one - one.mean()) ** 2).sum()) for one in gains.values()) / df
    return [
        _apart(
            (a, float(gains[a].mean())),
            (b, float(gains[b].mean())),
            std_error=math.sqrt(within * (1 / gains[a].size + 1 / gains[b].size)),
            df=float(df),
            ci_level=ci_level,
            quantity=endpoint,
        )
        for a, b in combinations(gains, 2)
    ]


def _apart(
    a: tuple[str, float],
    b: tuple[str, float],
    *,
    std_error: float,
    df: float,
    ci_level: float,
    quantity: str,
) -> Comparison:
    """Return the difference of two levels, with a t or, on infinite df, a normal interval."""
    from scipy.stats import t

    estimate = b[1] - a[1]
    reach = float(t.ppf((1 + ci_level) / 2, df)) * std_error
    statistic = estimate / std_error if std_error else math.nan
    return Comparison(
        method="difference of the differences in two levels",
        note="" if std_error else "neither level varies",
        quantity=quantity,
        unit="probability",
        estimate=estimate,
        std_error=std_error,
        ci_low=estimate - reach,
        ci_high=estimate + reach,
        ci_level=ci_level,
        ci_method="normal" if math.isinf(df) else "t",
        label_a=a[0],
        label_b=b[0],
        estimate_a=a[1],
        estimate_b=b[1],
        effect="difference",
        statistic=statistic,
        df=df,
        p_value=float(2 * t.sf(abs(statistic), df)),
    )
