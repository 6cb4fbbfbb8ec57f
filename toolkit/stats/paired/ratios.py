"""Two methods called the same cases: further intervals of the ratio, as papers have used them.

For a new analysis use ``tang_ratio_ci``, which exists for every table
and covers nearer to its level. b is the new method, a the comparator.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

from scipy import special

from toolkit.results import Better, Comparison, check_margin
from toolkit.stats._checks import check_ci_level
from toolkit.stats._inference import (
    bonett_price_ratio_limits,
    inference_fields,
    inverted_score,
    mover_ratio_limits,
    wald_ratio,
)
from toolkit.stats.paired.counts import check_pairs, ratio_fields
from toolkit.stats.paired.differences import PairedCounts

_NO_INTERVAL = "no discordant pairs: the method has no interval, tang_ratio_ci has one"


def relative_proportion_ci(
    counts: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two paired proportions by Wald's method on the log scale.

    The relative proportion of ScreenTrustCAD and the relative true and false positive fraction of
    Alonzo, Pepe and Moskowitz: of cancers it is the relative sensitivity, of the healthy that of
    false positives, of their ``negative_calls`` the relative specificity.

    Parameters
    ----------
    counts : PairedCounts
        The paired table; ``neither`` may be unknown.
    margin : float, optional
        Non-inferiority margin: below 1 where higher is better, above 1 where lower is.
    ci_level, better, quantity, label_a, label_b
        As in ``tang_ratio_ci``.

    Returns
    -------
    Comparison
        ``p_value`` and ``p_noninferiority`` are those of the log ratio over its standard error,
        sqrt(n_discordant / (n_b n_a)); ``std_error`` is that of the ratio. NaN with a note where a
        called no case positive; without an interval where b did not, or no pair is discordant.

    Raises
    ------
    ValueError
        If the level, the margin or the direction is wrong.

    Notes
    -----
    Null hypothesis: the ratio is 1. It does not depend on the cases positive by neither, as
    ``tang_ratio_ci``, which is to be preferred for few cases. Not for clustered cases.

    References
    ----------
    Alonzo TA, Pepe MS, Moskowitz CS. Stat Med 2002;21:835-852. doi:10.1002/sim.1058

    Examples
    --------
    >>> counts = PairedCounts(both=242, only_b=19, only_a=8)
    >>> ratio = relative_proportion_ci(counts, quantity="detection", margin=0.85, better="higher")
    >>> f"{ratio.estimate:.3f} ({ratio.ci_low:.3f}, {ratio.ci_high:.3f})"
    '1.044 (1.003, 1.086)'
    """
    fields = ratio_fields(counts)
    inference = wald_ratio(
        fields["estimate"],
        relative_error(counts),
        ci_level=ci_level,
        margin=margin,
        better=better,
    )
    if counts.positive_a and not counts.positive_b:
        fields["note"] = "b called no case positive: the interval of the ratio is not defined"
    elif counts.positive_a and not counts.n_discordant:
        fields["note"] = _NO_INTERVAL
    return Comparison(
        method="paired ratio of proportions, Wald on the log scale",
        ci_method="log Wald",
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **{**fields, **vars(inference)},
    )


def bonett_price_ratio_ci(
    counts: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two paired proportions by Bonett and Price's hybrid method.

    Two Wilson intervals, of the cases positive by at least one method, at a level so adjusted
    that their quotient has the error of the log ratio.

    Parameters
    ----------
    counts, ci_level, margin, better, quantity, label_a, label_b
        As in ``relative_proportion_ci``.

    Returns
    -------
    Comparison
        ``statistic`` is the standard normal deviate at which a limit reaches 1 and ``p_value`` its
        two-sided P; ``p_noninferiority`` likewise at the margin. ``std_error`` is the plug-in one,
        which the interval does not use. Where a calls no case positive the ratio is NaN with a
        note and the upper limit infinite; where b does not either, all is NaN.

    Raises
    ------
    ValueError
        As ``relative_proportion_ci``.

    Notes
    -----
    Null hypothesis: the ratio is 1. Not for clustered cases.

    References
    ----------
    Bonett DG, Price RM. Stat Med 2006;25:3039-3047. doi:10.1002/sim.2440

    Examples
    --------
    >>> ratio = bonett_price_ratio_ci(PairedCounts(both=242, only_b=19, only_a=8))
    >>> f"{ratio.estimate:.3f} ({ratio.ci_low:.3f}, {ratio.ci_high:.3f})"
    '1.044 (1.003, 1.087)'
    """
    level = check_ci_level(ci_level)
    limits_at = partial(bonett_price_ratio_limits, counts.both, counts.only_b, counts.only_a)
    return Comparison(
        method="paired ratio of proportions, hybrid Wilson; P by inversion of the interval",
        ci_method="Bonett-Price hybrid Wilson",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **_hybrid(
            counts, limits_at, level, margin, better, defined=counts.both + counts.n_discordant > 0
        ),
    )


def mover_ratio_ci(
    counts: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two paired proportions by MOVER from Wilson intervals.

    Parameters
    ----------
    counts : PairedCounts
        The paired table, with ``neither``: the correlation of the calls needs it.
    ci_level, margin, better, quantity, label_a, label_b
        As in ``relative_proportion_ci``.

    Returns
    -------
    Comparison
        As ``bonett_price_ratio_ci``, but without an interval, with a note, where no pair is
        discordant: it would be too short, and of no width where half of the cases are positive.

    Raises
    ------
    ValueError
        If ``neither`` is not known, or the level, the margin or the direction is wrong.

    Notes
    -----
    Null hypothesis: the ratio is 1. Unlike the other ratios it changes with the number of cases
    that neither method called positive. Not for clustered cases.

    References
    ----------
    Fagerland MW, Lydersen S, Laake P. Stat Med 2014;33:2850-2875. doi:10.1002/sim.6148

    Examples
    --------
    >>> ratio = mover_ratio_ci(PairedCounts(both=180, only_b=18, only_a=25, neither=27))
    >>> f"{ratio.estimate:.3f} ({ratio.ci_low:.3f}, {ratio.ci_high:.3f})"
    '0.966 (0.904, 1.030)'
    """
    level = check_ci_level(ci_level)
    cells = (counts.both, counts.only_b, counts.only_a, check_pairs(counts, "mover_ratio_ci"))
    # Without discordant pairs the calls correlate fully: what is left of the width is by how much
    # the Wilson limits are skewed, nothing at all where half of the cases are positive.
    defined = counts.n_discordant > 0
    limits_at = partial(mover_ratio_limits, *cells)
    fields = _hybrid(counts, limits_at, level, margin, better, defined=defined)
    if counts.both and not defined:
        fields["note"] = _NO_INTERVAL
    return Comparison(
        method="paired ratio of proportions, MOVER; P by inversion of the interval",
        ci_method="MOVER Wilson",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **fields,
    )


def relative_error(counts: PairedCounts) -> float:
    """Return the standard error of the logarithm of a ratio of paired proportions.

    Alonzo, Pepe and Moskowitz (2002); NaN where a method called no case positive.
    """
    if not counts.positive_a * counts.positive_b:
        return math.nan
    return math.sqrt(counts.n_discordant / counts.positive_a / counts.positive_b)


def _hybrid(
    counts: PairedCounts,
    limits_at: Callable[[float], tuple[float, float]],
    level: float,
    margin: float | None,
    better: Better | None,
    *,
    defined: bool,
) -> dict[str, Any]:
    """Return a ratio with limits that are known at any number of deviates, where defined."""
    check_margin(margin, effect="ratio", better=better)
    fields = ratio_fields(counts)
    limits = limits_at(-float(special.ndtri((1 - level) / 2))) if defined else None
    score = partial(inverted_score, limits_at, fields["estimate"])
    return {**fields, **inference_fields(score, limits, 1.0, margin, better)}
