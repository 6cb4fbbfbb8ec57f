"""Two methods called the same cases: Wald intervals of the difference, to check papers with them.

For a new analysis use ``tango_ci`` of ``toolkit.stats.paired``, which exists for every table and
covers nearer to its level. b is the new method, a the comparator.
"""

from __future__ import annotations

from typing import Any

from toolkit.results import Better, Comparison
from toolkit.stats._paired_fields import check_difference, difference_fields, plug_in_error
from toolkit.stats._wald import inference_fields, quantile
from toolkit.stats.paired import PairedCounts


def wald_paired_ci(
    counts: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two paired proportions by Wald's method.

    Parameters
    ----------
    counts : PairedCounts
        The paired table, with ``neither``.
    ci_level : float
        Confidence level, two-sided.
    margin : float, optional
        Non-inferiority margin, above 0 and below 1.
    better : {"higher", "lower"}, optional
        Which direction is better; required with a margin.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.

    Returns
    -------
    Comparison
        ``p_value`` and ``p_noninferiority`` are those of the estimate over ``std_error``. A limit
        beyond -1 or 1 is cut, with a note. Without an interval, with a note, where the standard
        error is 0: without discordant pairs, or where all pairs part the same way.

    Raises
    ------
    ValueError
        If ``neither`` is not known, or the level, the margin or the direction is wrong.

    Notes
    -----
    Null hypothesis: the difference is 0. Not for a new analysis: with few discordant pairs the
    interval is too short (``tango_ci`` is not). Not for clustered cases.

    References
    ----------
    Fagerland MW, Lydersen S, Laake P. Stat Med 2014;33:2850-2875. doi:10.1002/sim.6148

    Examples
    --------
    >>> counts = PairedCounts(both=261, only_b=28, only_a=10, neither=45)
    >>> change = wald_paired_ci(counts, quantity="sensitivity")
    >>> f"{change.estimate:.3f} ({change.ci_low:.3f}, {change.ci_high:.3f})"
    '0.052 (0.018, 0.087)'
    """
    n_pairs, level = check_difference(counts, "wald_paired_ci", ci_level, margin, better)
    return Comparison(
        method="paired difference of proportions, Wald",
        ci_method="Wald",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **_wald(counts, n_pairs, level, margin, better),
    )


def agresti_min_ci(
    counts: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two paired proportions by Agresti and Min's method.

    Wald's method after 1/2 was added to each of the four cells.

    Parameters
    ----------
    counts, ci_level, margin, better, quantity, label_a, label_b
        As in ``wald_paired_ci``.

    Returns
    -------
    Comparison
        ``estimate`` is the plain difference; interval, ``std_error`` and P are those of the
        adjusted counts, so that the interval is centred nearer to 0. A limit beyond -1 or 1 is
        cut, with a note.

    Raises
    ------
    ValueError
        As ``wald_paired_ci``.

    Notes
    -----
    Null hypothesis: the difference is 0. Not for clustered cases.

    References
    ----------
    Agresti A, Min Y. Stat Med 2005;24:729-740. doi:10.1002/sim.1781

    Examples
    --------
    >>> counts = PairedCounts(both=261, only_b=28, only_a=10, neither=45)
    >>> change = agresti_min_ci(counts, quantity="sensitivity")
    >>> f"{change.estimate:.3f} ({change.ci_low:.4f}, {change.ci_high:.4f})"
    '0.052 (0.0171, 0.0870)'
    """
    n_pairs, level = check_difference(counts, "agresti_min_ci", ci_level, margin, better)
    return Comparison(
        method="paired difference of proportions, Wald on counts with 1/2 added to each cell",
        ci_method="Agresti-Min",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **_wald(counts, n_pairs, level, margin, better, added=(0.5, 2)),
    )


def bonett_price_ci(
    counts: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two paired proportions by Bonett and Price's method.

    Wald's method after 1 was added to each of the two discordant cells.

    Parameters
    ----------
    counts, ci_level, margin, better, quantity, label_a, label_b
        As in ``wald_paired_ci``.

    Returns
    -------
    Comparison
        As ``agresti_min_ci``.

    Raises
    ------
    ValueError
        As ``wald_paired_ci``.

    Notes
    -----
    Null hypothesis: the difference is 0. Not for clustered cases.

    References
    ----------
    Bonett DG, Price RM. J Educ Behav Stat 2012;37:479-488. doi:10.3102/1076998611411915

    Examples
    --------
    >>> counts = PairedCounts(both=261, only_b=28, only_a=10, neither=45)
    >>> change = bonett_price_ci(counts, quantity="sensitivity")
    >>> f"{change.estimate:.3f} ({change.ci_low:.4f}, {change.ci_high:.4f})"
    '0.052 (0.0166, 0.0874)'
    """
    n_pairs, level = check_difference(counts, "bonett_price_ci", ci_level, margin, better)
    return Comparison(
        method="paired difference of proportions, Wald on counts with 1 added to each discordant",
        ci_method="Bonett-Price",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **_wald(counts, n_pairs, level, margin, better, added=(1.0, 2)),
    )


def _wald(
    counts: PairedCounts,
    n_pairs: int,
    level: float,
    margin: float | None,
    better: Better | None,
    *,
    added: tuple[float, int] = (0.0, 0),
) -> dict[str, Any]:
    """Return a difference with Wald inference on counts to which something was added.

    ``added`` is what each discordant cell and what all four cells together gain.
    """
    fields = difference_fields(counts, n_pairs)
    only_b, only_a, total = counts.only_b + added[0], counts.only_a + added[0], n_pairs + added[1]
    error = plug_in_error(only_b, only_a, total) if n_pairs else 0.0
    limits, center = None, 0.0
    if error:
        center, reach = (only_b - only_a) / total, quantile(level) * error
        limits = max(center - reach, -1.0), min(center + reach, 1.0)
        cut = limits != (center - reach, center + reach)
        outside = not limits[0] <= fields["estimate"] <= limits[1]
        fields = {**fields, "std_error": error, "note": _note(cut=cut, outside=outside)}
    elif n_pairs:
        fields["note"] = (
            "the calls vary too little for a standard error: no interval, tango_ci has one"
        )
    # The score of a hypothesis is its distance in standard errors.
    inference = inference_fields(lambda d: (center - d) / error, limits, 0.0, margin, better)
    return {**fields, **inference}


def _note(*, cut: bool, outside: bool) -> str:
    """Return what is odd about a Wald interval, or nothing."""
    notes = {
        "a limit beyond the range was cut at -1 or 1": cut,
        "the interval, centred nearer to 0, leaves the plain difference out": outside,
    }
    return "; ".join(note for note, applies in notes.items() if applies)
