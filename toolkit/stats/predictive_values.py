"""Two methods called the same cases: compare their predictive values, positive and negative.

Both predictive values rest partly on the same cases, those that both methods called alike, so
they are correlated, and their denominators are random. b is the new method, a the comparator.
"""

from __future__ import annotations

import math
from typing import Any

from toolkit.results import Better, Comparison
from toolkit.stats._predictive_tables import PredictiveTables, npv_tables, ppv_tables
from toolkit.stats._wald import wald_difference
from toolkit.stats._wald_ratio import wald_ratio
from toolkit.stats.paired import PairedCounts


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
