"""Two methods called the same cases: compare their predictive values, positive and negative.

Both predictive values rest partly on the same cases, those that both methods called alike, so
they are correlated, and their denominators are random. b is the new method, a the comparator.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy import special

from toolkit.arrays import FloatArray
from toolkit.results import Better, Comparison
from toolkit.stats._checks import chosen
from toolkit.stats._inference import wald_difference, wald_ratio
from toolkit.stats.paired.counts import PairedCounts
from toolkit.stats.paired.tests import PairedTest

_IS_RIGHT = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
_CALLED_BY_A = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
_CALLED_BY_B = np.array([1.0, 1.0, 0.0, 1.0, 1.0, 0.0])


def ppv_tables(cancers: PairedCounts, others: PairedCounts) -> PredictiveTables:
    """Return the positive calls: right ones are of cancers."""
    return PredictiveTables(
        right=cancers, wrong=others, call="positive", none_right="found no cancer"
    )


def npv_tables(cancers: PairedCounts, others: PairedCounts, caller: str) -> PredictiveTables:
    """Return the negative calls: right ones are of cases without the disease."""
    for name, table in (("cancers", cancers), ("others", others)):
        if table.neither is None:
            msg = (
                f"{caller} needs {name}.neither, the cases that neither method called positive, "
                "but got None; count them once every case has been verified"
            )
            raise ValueError(msg)
    return PredictiveTables(
        right=others.negative_calls(),
        wrong=cancers.negative_calls(),
        call="negative",
        none_right="called no case without the disease negative",
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class PredictiveTables:
    """Cases whose call is right and cases whose call is wrong, by who made that call.

    For positive predictive values the call is a positive one, for negative ones a negative one.
    """

    right: PairedCounts
    wrong: PairedCounts
    call: str
    none_right: str

    @property
    def cells(self) -> FloatArray:
        """Cases called by both, by b alone and by a alone: the right ones, then the wrong."""
        tables = (self.right, self.wrong)
        return np.array([n for t in tables for n in (t.both, t.only_b, t.only_a)], np.float64)

    @property
    def n_right(self) -> int:
        """Cases that at least one method called rightly."""
        return self.right.positive_b + self.right.only_a

    @property
    def n_wrong(self) -> int:
        """Cases that at least one method called wrongly."""
        return self.wrong.positive_b + self.wrong.only_a

    def values(self) -> tuple[PredictiveValue, PredictiveValue]:
        """Return the predictive values of a and of b."""
        return (
            PredictiveValue("a", self.right.positive_a, self.wrong.positive_a, _CALLED_BY_A),
            PredictiveValue("b", self.right.positive_b, self.wrong.positive_b, _CALLED_BY_B),
        )

    def residuals(self, pooled: float) -> FloatArray:
        """Return what each cell's calls lie above the share ``pooled`` of right calls."""
        return _IS_RIGHT - pooled

    def std_error(self, gradient: FloatArray) -> float:
        """Return the standard error of a function of the cells by the delta method.

        The function does not change when all cells grow by one factor, so the terms that make
        counts multinomial instead of Poisson vanish, and the cases that nobody called do not
        matter.
        """
        return math.sqrt(float(self.cells @ gradient**2))

    def note(self, *, is_ratio: bool, same: bool) -> str:
        """Return why something is not defined, or nothing."""
        a, b = self.values()
        empty = [value.name for value in (a, b) if not value.called]
        if empty:
            return f"{' and '.join(empty)} called no case {self.call}"
        if is_ratio and not a.right:
            return f"the ratio is not defined: a {self.none_right}"
        if is_ratio and not b.right:
            return f"b {self.none_right}: the interval of the ratio is not defined"
        return "the calls vary too little for a standard error" if same else ""


@dataclass(frozen=True)
class PredictiveValue:
    """A predictive value: the calls that are right and wrong, and which of the cells it counts."""

    name: str
    right: int
    wrong: int
    counts: FloatArray

    @property
    def called(self) -> int:
        """All of its calls."""
        return self.right + self.wrong

    @property
    def value(self) -> float:
        """Share of the calls that are right."""
        return self.right / self.called if self.called else math.nan

    def gradient(self) -> FloatArray:
        """Return the derivatives of the predictive value by the six cells."""
        return self.counts * (_IS_RIGHT - self.value) / (self.called or math.nan)

    def log_gradient(self) -> FloatArray:
        """Return the derivatives of its logarithm."""
        return self.gradient() / (self.value or math.nan)


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
    return _ratio(
        ppv_tables(cancers, others),
        ci_level=ci_level,
        margin=margin,
        better=better,
        words=(quantity, label_a, label_b),
    )


def npv_ratio_ci(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "npv",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two negative predictive values from paired calls.

    Parameters
    ----------
    cancers, others : PairedCounts
        Cases with and without the disease, both with ``neither``: every case must be verified.
    ci_level, margin, better, quantity, label_a, label_b
        As in ``ppv_ratio_ci``.

    Returns
    -------
    Comparison
        As ``ppv_ratio_ci``, of the cases not called positive. NaN with a note where a method left
        no case uncalled, or a none without the disease.

    Raises
    ------
    ValueError
        If ``neither`` of a table is not known, or the level, the margin or the direction is wrong.

    Notes
    -----
    Null hypothesis: both predictive values are equal. Where the disease is rare all negative
    predictive values are near 1, and so is their ratio: compare sensitivities as well.

    References
    ----------
    Moskowitz CS, Pepe MS. Clin Trials 2006;3:272-279. doi:10.1191/1740774506cn147oa

    Examples
    --------
    >>> cancers = PairedCounts(both=319, only_b=22, only_a=78, neither=32)
    >>> others = PairedCounts(both=31, only_b=22, only_a=53, neither=155)
    >>> ratio = npv_ratio_ci(cancers, others)
    >>> f"{ratio.estimate:.3f} ({ratio.ci_low:.3f}, {ratio.ci_high:.3f}), P {ratio.p_value:.0e}"
    '0.854 (0.793, 0.919), P 3e-05'
    """
    return _ratio(
        npv_tables(cancers, others, "npv_ratio_ci"),
        ci_level=ci_level,
        margin=margin,
        better=better,
        words=(quantity, label_a, label_b),
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
    return _difference(
        ppv_tables(cancers, others),
        ci_level=ci_level,
        margin=margin,
        better=better,
        words=(quantity, label_a, label_b),
    )


def npv_difference_ci(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "npv",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two negative predictive values from paired calls.

    Parameters
    ----------
    cancers, others, ci_level, better, quantity, label_a, label_b
        As in ``npv_ratio_ci``.
    margin : float, optional
        Non-inferiority margin, above 0.

    Returns
    -------
    Comparison
        As ``ppv_difference_ci``, of the cases not called positive.

    Raises
    ------
    ValueError
        As ``npv_ratio_ci``.

    References
    ----------
    Moskowitz CS, Pepe MS. Clin Trials 2006;3:272-279. doi:10.1191/1740774506cn147oa

    Examples
    --------
    >>> cancers = PairedCounts(both=319, only_b=22, only_a=78, neither=32)
    >>> others = PairedCounts(both=31, only_b=22, only_a=53, neither=155)
    >>> change = npv_difference_ci(cancers, others)
    >>> f"{change.estimate:+.3f} ({change.ci_low:.3f}, {change.ci_high:.3f})"
    '-0.112 (-0.164, -0.060)'
    """
    return _difference(
        npv_tables(cancers, others, "npv_difference_ci"),
        ci_level=ci_level,
        margin=margin,
        better=better,
        words=(quantity, label_a, label_b),
    )


def _ratio(
    tables: PredictiveTables,
    *,
    ci_level: float,
    margin: float | None,
    better: Better | None,
    words: tuple[str, str, str],
) -> Comparison:
    """Return the ratio of two predictive values; ``words`` are quantity, label of a and of b."""
    a, b = tables.values()
    ratio = b.value / a.value if a.value > 0 else math.nan
    error = tables.std_error(b.log_gradient() - a.log_gradient())
    inference = wald_ratio(ratio, error, ci_level=ci_level, margin=margin, better=better)
    return Comparison(
        method="ratio of predictive values of paired calls, delta method",
        ci_method="log delta method (Moskowitz and Pepe)",
        unit="ratio",
        effect="ratio",
        estimate=ratio,
        **vars(inference),
        **_shared(tables, words),
        note=tables.note(is_ratio=True, same=math.isnan(inference.ci_low)),
    )


def _difference(
    tables: PredictiveTables,
    *,
    ci_level: float,
    margin: float | None,
    better: Better | None,
    words: tuple[str, str, str],
) -> Comparison:
    """Return the difference of two predictive values; ``words`` as in ``_ratio``."""
    a, b = tables.values()
    error = tables.std_error(b.gradient() - a.gradient())
    inference = wald_difference(
        b.value - a.value, error, ci_level=ci_level, margin=margin, better=better
    )
    cut = inference.ci_low == -1 or inference.ci_high == 1
    note = "a limit beyond the range was cut at -1 or 1" if cut else ""
    return Comparison(
        method="difference of predictive values of paired calls, delta method",
        ci_method="delta method",
        unit="probability",
        effect="difference",
        estimate=b.value - a.value,
        std_error=error,
        **vars(inference),
        **_shared(tables, words),
        note=tables.note(is_ratio=False, same=not error > 0) or note,
    )


def _shared(tables: PredictiveTables, words: tuple[str, str, str]) -> dict[str, Any]:
    """Return the fields that both comparisons have."""
    a, b = tables.values()
    return {
        "quantity": words[0],
        "label_a": words[1],
        "label_b": words[2],
        "estimate_a": a.value,
        "estimate_b": b.value,
        "n_cases": tables.n_right + tables.n_wrong,
        "n_positive": tables.n_right if tables.call == "positive" else tables.n_wrong,
    }


PredictiveTestMethod = Literal["generalized", "weighted"]


def ppv_score_test(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    method: PredictiveTestMethod = "generalized",
    quantity: str = "ppv",
    label_a: str = "a",
    label_b: str = "b",
) -> PairedTest:
    """Test whether the positive predictive values are equal by a score statistic.

    Report an interval beside it, ``ppv_ratio_ci``, whose own test is another (Wald's, on the log
    scale).

    Parameters
    ----------
    cancers, others : PairedCounts
        Cases with and without the disease, called positive by both methods, by b alone and by a
        alone; ``neither`` does not matter and may be unknown.
    method : str
        Which statistic, see Notes.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    PairedTest
        ``statistic`` is chi-square with 1 degree of freedom. NaN with a note where a method called
        no case positive, both called the same cases, or all calls are right or all wrong.

    Raises
    ------
    ValueError
        If the method is not known.

    Notes
    -----
    Null hypothesis: both predictive values are equal. Cases are random and independent.

    =============== ============================================================================
    ``generalized`` Each case counts once, with the sum of what its calls add [1]_.
    ``weighted``    Each method's calls weigh by their number, so that the statistic is the
                    squared difference of the predictive values over a variance; it becomes the
                    score test of two proportions where no case is called by both [2]_. Keeps
                    its size better for few cases.
    =============== ============================================================================

    Not for several cases of one patient.

    References
    ----------
    .. [1] Leisenring W, Alonzo T, Pepe MS. Biometrics 2000;56:345-351.
       doi:10.1111/j.0006-341X.2000.00345.x
    .. [2] Kosinski AS. Stat Med 2013;32:964-977. doi:10.1002/sim.5587

    Examples
    --------
    >>> cancers = PairedCounts(both=319, only_b=22, only_a=78)
    >>> others = PairedCounts(both=31, only_b=22, only_a=53)
    >>> test = ppv_score_test(cancers, others)
    >>> f"{test.statistic:.3f}, P {test.p_value:.4f}"
    '5.711, P 0.0169'
    >>> cancers = PairedCounts(both=261, only_b=10, only_a=28)
    >>> others = PairedCounts(both=900, only_b=760, only_a=1180)
    >>> f"{ppv_score_test(cancers, others, method='weighted').statistic:.2f}"
    '24.98'
    """
    return _test(ppv_tables(cancers, others), method, (quantity, label_a, label_b))


def npv_score_test(
    cancers: PairedCounts,
    others: PairedCounts,
    *,
    method: PredictiveTestMethod = "generalized",
    quantity: str = "npv",
    label_a: str = "a",
    label_b: str = "b",
) -> PairedTest:
    """Test whether the negative predictive values are equal by a score statistic.

    Parameters
    ----------
    cancers, others : PairedCounts
        Cases with and without the disease, both with ``neither``: every case must be verified.
    method, quantity, label_a, label_b
        As in ``ppv_score_test``, with its references.

    Returns
    -------
    PairedTest
        As ``ppv_score_test``, of the cases not called positive.

    Raises
    ------
    ValueError
        If ``neither`` of a table or the method is not known.

    Examples
    --------
    >>> cancers = PairedCounts(both=319, only_b=22, only_a=78, neither=32)
    >>> others = PairedCounts(both=31, only_b=22, only_a=53, neither=155)
    >>> f"{npv_score_test(cancers, others).statistic:.2f}"
    '17.79'
    >>> cancers = PairedCounts(both=261, only_b=10, only_a=28, neither=45)
    >>> others = PairedCounts(both=900, only_b=760, only_a=1180, neither=37160)
    >>> f"{npv_score_test(cancers, others, method='weighted').statistic:.2f}"
    '7.87'
    """
    tables = npv_tables(cancers, others, "npv_score_test")
    return _test(tables, method, (quantity, label_a, label_b))


def _test(
    tables: PredictiveTables,
    method: str,
    words: tuple[str, str, str],
) -> PairedTest:
    """Return a score test; ``words`` are quantity, label of a and label of b."""
    title, statistic_of = chosen(method, _SCORE_TESTS)
    a, b = tables.values()
    right, called = a.right + b.right, a.called + b.called
    parted = tables.right.n_discordant + tables.wrong.n_discordant
    defined = a.called and b.called and parted and 0 < right < called
    statistic = statistic_of(tables, right / called) if defined else math.nan
    return PairedTest(
        method=f"{title} test of predictive values",
        note=tables.note(is_ratio=False, same=not defined),
        quantity=words[0],
        label_a=words[1],
        label_b=words[2],
        statistic=statistic,
        df=1.0,
        p_value=float(special.chdtrc(1, statistic)),
    )


def _generalized(tables: PredictiveTables, pooled: float) -> float:
    """Return the statistic of Leisenring et al. (2000); ``pooled`` is the share of right calls."""
    a, b = tables.values()
    share_b = b.called / (a.called + b.called)
    # Each case counts once, with the sum of what its calls add: 1 - share_b by b, -share_b by a.
    by_call = b.counts * (1 - share_b) - a.counts * share_b
    scores = tables.residuals(pooled) * by_call
    return float((tables.cells @ scores) ** 2 / (tables.cells @ scores**2))


def _weighted(tables: PredictiveTables, pooled: float) -> float:
    """Return the statistic of Kosinski (2013); ``pooled`` is the share of right calls."""
    a, b = tables.values()
    # His pooled (1 - pooled) - 2 C is the sum of squares of the cases that one method alone called,
    # over all calls: what both called cancels, here without rounding.
    alone = a.counts != b.counts
    spread = float(tables.cells @ (alone * tables.residuals(pooled) ** 2))
    return (b.value - a.value) ** 2 * a.called * b.called / spread


_SCORE_TESTS: dict[str, tuple[str, Callable[[PredictiveTables, float], float]]] = {
    "generalized": ("generalized score", _generalized),
    "weighted": ("weighted generalized score", _weighted),
}
