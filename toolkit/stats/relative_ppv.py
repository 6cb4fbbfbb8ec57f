"""Two methods called the same cases: compare their positive predictive values.

Both predictive values rest partly on the same cases, those that both methods called positive, so
they are correlated, and their denominators are random. b is the new method, a the comparator.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.results import Better, Comparison, check_margin
from toolkit.stats._checks import check_ci_level
from toolkit.stats._wald import quantile, upper_tail, wald_difference
from toolkit.stats.paired import PairedCounts

Floats = NDArray[np.float64]


def ppv_ratio_ci(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "ppv",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two positive predictive values from paired calls.

    Parameters
    ----------
    cancers, others : PairedCounts
        Cases with and without the disease, called positive by both methods, by b alone and by a
        alone; ``neither`` does not matter and may be unknown.
    ci_level : float
        Confidence level, two-sided.
    margin : float, optional
        Non-inferiority margin: below 1 where higher is better, above 1 where lower is.
    better : {"higher", "lower"}, optional
        Which direction is better; required with a margin.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    Comparison
        ``statistic`` and ``p_value`` test a ratio of 1 on the log scale, as the interval does;
        ``std_error`` is that of the ratio. NaN with a note where a method called no case positive
        or a found no cancer; without an interval where b found none, or where both methods called
        the same cases.

    Raises
    ------
    ValueError
        If the level, the margin or the direction is wrong.

    Notes
    -----
    Null hypothesis: both predictive values are equal. Cases are random and independent; the
    standard error of the logarithm follows from the multinomial counts by the delta method. Not
    for few cancers (a bootstrap is no better then), nor for several cases of one patient.

    References
    ----------
    Moskowitz CS, Pepe MS. Clin Trials 2006;3:272-279. doi:10.1191/1740774506cn147oa

    Examples
    --------
    >>> cancers = PairedCounts(both=319, only_b=22, only_a=78)
    >>> others = PairedCounts(both=31, only_b=22, only_a=53)
    >>> ratio = ppv_ratio_ci(cancers, others)
    >>> f"{ratio.estimate:.3f} ({ratio.ci_low:.3f}, {ratio.ci_high:.3f}), P {ratio.p_value:.3f}"
    '1.049 (1.008, 1.090), P 0.017'
    """
    level = check_ci_level(ci_level)
    check_margin(margin, effect="ratio", better=better)
    a, b = _values(cancers, others)
    ratio = b.ppv / a.ppv if a.ppv > 0 else math.nan
    log_error = _std_error(cancers, others, b.log_gradient() - a.log_gradient())
    defined = log_error > 0 and ratio > 0
    log_error = log_error if defined else math.nan
    log_ratio = math.log(ratio) if defined else math.nan
    reach = quantile(level) * log_error
    p_noninferiority = None
    if margin is not None:
        distance = (log_ratio - math.log(margin)) / log_error
        p_noninferiority = upper_tail(distance if better == "higher" else -distance)
    return Comparison(
        method="ratio of predictive values of paired calls, delta method",
        ci_method="log delta method (Moskowitz and Pepe)",
        ci_level=level,
        quantity=quantity,
        unit="ratio",
        effect="ratio",
        label_a=label_a,
        label_b=label_b,
        estimate=ratio,
        std_error=ratio * log_error,
        ci_low=math.exp(log_ratio - reach),
        ci_high=math.exp(log_ratio + reach),
        statistic=log_ratio / log_error,
        df=math.inf,
        p_value=2 * upper_tail(abs(log_ratio / log_error)),
        margin=margin,
        better=better,
        p_noninferiority=p_noninferiority,
        **_shared(cancers, others),
        note=_note(a, b, is_ratio=True, same=not defined),
    )


def ppv_difference_ci(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "ppv",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two positive predictive values from paired calls.

    Parameters
    ----------
    cancers, others, ci_level, better, quantity, label_a, label_b
        As in ``ppv_ratio_ci``.
    margin : float, optional
        Non-inferiority margin, above 0.

    Returns
    -------
    Comparison
        NaN with a note where a method called no case positive; without an interval where both
        called the same cases.

    Raises
    ------
    ValueError
        If the level, the margin or the direction is wrong.

    Notes
    -----
    The delta method on the multinomial counts, as for the ratio, whose interval behaves better
    where few positive calls are right. Not for several cases of one patient.

    References
    ----------
    Moskowitz CS, Pepe MS. Clin Trials 2006;3:272-279. doi:10.1191/1740774506cn147oa

    Examples
    --------
    >>> cancers = PairedCounts(both=319, only_b=22, only_a=78)
    >>> others = PairedCounts(both=31, only_b=22, only_a=53)
    >>> change = ppv_difference_ci(cancers, others)
    >>> f"{change.estimate:+.3f} ({change.ci_low:.3f}, {change.ci_high:.3f})"
    '+0.040 (0.007, 0.073)'
    """
    a, b = _values(cancers, others)
    error = _std_error(cancers, others, b.gradient() - a.gradient())
    inference = wald_difference(
        b.ppv - a.ppv, error, ci_level=ci_level, margin=margin, better=better
    )
    return Comparison(
        method="difference of predictive values of paired calls, delta method",
        ci_method="delta method",
        quantity=quantity,
        unit="probability",
        effect="difference",
        label_a=label_a,
        label_b=label_b,
        estimate=b.ppv - a.ppv,
        std_error=error,
        **vars(inference),
        **_shared(cancers, others),
        note=_note(a, b, is_ratio=False, same=not error > 0),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Value:
    """A predictive value: found of called, and which of the six cells it counts.

    Cells are cancers called by both, by b alone and by a alone, then the others likewise.
    """

    name: str
    found: int
    called: int
    counts: Floats

    @property
    def ppv(self) -> float:
        """Share of the calls that are right."""
        return self.found / self.called if self.called else math.nan

    def gradient(self) -> Floats:
        """Return the derivatives of the predictive value by the six cells."""
        return self.counts * (_IS_CANCER - self.ppv) / (self.called or math.nan)

    def log_gradient(self) -> Floats:
        """Return the derivatives of its logarithm."""
        return self.gradient() / (self.ppv or math.nan)


_IS_CANCER = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
_CALLED_BY_A = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
_CALLED_BY_B = np.array([1.0, 1.0, 0.0, 1.0, 1.0, 0.0])


def _cells(cancers: PairedCounts, others: PairedCounts) -> Floats:
    """Return the six cells of cases that a method called positive."""
    return np.array(
        [count for table in (cancers, others) for count in (table.both, table.only_b, table.only_a)]
    ).astype(np.float64)


def _values(cancers: PairedCounts, others: PairedCounts) -> tuple[_Value, _Value]:
    """Return the predictive values of a and of b."""
    found = (cancers.positive_a, cancers.positive_b)
    called = (found[0] + others.positive_a, found[1] + others.positive_b)
    a, b = (
        _Value(name=name, found=found[i], called=called[i], counts=counts)
        for i, (name, counts) in enumerate((("a", _CALLED_BY_A), ("b", _CALLED_BY_B)))
    )
    return a, b


def _std_error(cancers: PairedCounts, others: PairedCounts, gradient: Floats) -> float:
    """Return the standard error of a function of the cells by the delta method.

    The function does not change when all cells grow by one factor, so the terms that make counts
    multinomial instead of Poisson vanish, and the cases that nobody called do not matter.
    """
    return math.sqrt(float(_cells(cancers, others) @ gradient**2))


def _shared(cancers: PairedCounts, others: PairedCounts) -> dict[str, Any]:
    """Return the fields that both comparisons have."""
    a, b = _values(cancers, others)
    n_found = cancers.positive_b + cancers.only_a
    return {
        "estimate_a": a.ppv,
        "estimate_b": b.ppv,
        "n_cases": n_found + others.positive_b + others.only_a,
        "n_positive": n_found,
    }


def _note(a: _Value, b: _Value, *, is_ratio: bool, same: bool) -> str:
    """Return why something is not defined, or nothing."""
    empty = [value.name for value in (a, b) if not value.called]
    if empty:
        return f"{' and '.join(empty)} called no case positive"
    if is_ratio and not a.found:
        return "the ratio is not defined: a found no cancer"
    if is_ratio and not b.found:
        return "b found no cancer: the interval of the ratio is not defined"
    return "the calls vary too little for a standard error" if same else ""
