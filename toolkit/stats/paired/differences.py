"""Two methods called the same cases: the difference and the ratio of their proportions.

b is the new method, a the comparator, and every result is b minus a or b over a. All follow from
the paired table, ``PairedCounts``: restrict it to the cancers for sensitivity or detection, to the
healthy for the recall of the healthy, or take all women for the recall rate. For specificity count
the calls *not* made: ``negative_calls``. Cases must be independent: two breasts of one woman are
not. Here are the table and the recommended intervals; those that some papers used instead are in
``paired_differences`` and ``paired_ratios``, tests alone in ``mcnemar``.
"""

from __future__ import annotations

import math
from collections.abc import Sized
from dataclasses import dataclass
from functools import partial
from typing import Any

from numpy.typing import ArrayLike
from scipy import special

from toolkit.results import Better, Comparison, Result, check_margin
from toolkit.stats._checks import check_call, check_ci_level, check_count
from toolkit.stats._inference import (
    inference_fields,
    inverted_score,
    newcombe_limits,
    quantile,
    root,
    root_of_log,
    score_of,
    tail_above,
)
from toolkit.stats.paired.counts import (
    check_difference,
    difference_fields,
    plug_in_error,
    ratio_fields,
)


def tango_score(only_b: int, only_a: int, n_pairs: int, difference: float) -> float:
    """Return the score of the hypothesis that b minus a is ``difference``, from -1 to 1.

    Tango (1998), with the maximum likelihood estimate under the hypothesis in closed form.
    """
    if difference < 0:  # by symmetry, so that no difference of like numbers loses digits
        return -tango_score(only_a, only_b, n_pairs, -difference)
    linear = (2 * n_pairs - only_b + only_a) * difference - (only_b + only_a)
    constant = n_pairs * only_a * difference * (1 - difference)
    expected_only_a = _positive_root(2.0, linear, constant)
    variance = 2 * expected_only_a + n_pairs * difference * (1 - difference)
    return score_of(only_b - only_a - n_pairs * difference, variance)


def tango_limits(only_b: int, only_a: int, n_pairs: int, tail: float) -> tuple[float, float]:
    """Return the differences whose score leaves ``tail`` on each side."""
    low = _tango_lower(only_b, only_a, n_pairs, tail)
    return low, -_tango_lower(only_a, only_b, n_pairs, tail)


def _tango_lower(only_b: int, only_a: int, n_pairs: int, tail: float) -> float:
    """Return the lower limit; -1 if all pairs are positive by a alone."""
    if only_a == n_pairs:
        return -1.0
    estimate = (only_b - only_a) / n_pairs
    return root(lambda d: tail_above(tango_score(only_b, only_a, n_pairs, d), tail), -1, estimate)


def tang_score(both: int, only_b: int, only_a: int, ratio: float) -> float:
    """Return the score of the hypothesis that b over a is ``ratio``, above 0.

    Tang, Tang and Chan (2003). The pairs positive by neither cancel: given the pairs positive by
    at least one method, the ratio depends on no other count.
    """
    return _tang_score_of_log(both, only_b, only_a, math.log(ratio))


def _tang_score_of_log(both: int, only_b: int, only_a: int, log_ratio: float) -> float:
    """Return the score of a ratio from its logarithm, precise for ratios next to 1."""
    if log_ratio < 0:  # by symmetry, so that both parts of the variance are positive
        return -_tang_score_of_log(both, only_a, only_b, -log_ratio)
    excess = math.expm1(log_ratio)  # ratio - 1
    positive_a, positive_any = both + only_a, both + only_b + only_a
    linear = positive_a * math.expm1(2 * log_ratio) - (only_b + only_a)
    constant = only_a * positive_any * excess
    expected_only_a = _positive_root(2 + excess, linear, constant)
    variance = positive_any * excess + (2 + excess) * expected_only_a
    return score_of(only_b - only_a - positive_a * excess, variance)


def tang_limits(both: int, only_b: int, only_a: int, tail: float) -> tuple[float, float]:
    """Return the ratios whose score leaves ``tail`` on each side, from 0 to infinity."""
    low = _tang_lower(both, only_b, only_a, tail)
    inverse_high = _tang_lower(both, only_a, only_b, tail)
    return low, 1 / inverse_high if inverse_high else math.inf


def _tang_lower(both: int, only_b: int, only_a: int, tail: float) -> float:
    """Return the lower limit; 0 if b has no positive pair."""
    if both + only_b == 0:
        return 0.0

    def above(log_ratio: float) -> float:
        return tail_above(_tang_score_of_log(both, only_b, only_a, log_ratio), tail)

    # The score falls from infinity at a ratio of 0 to 0 at the estimate, or at infinity.
    return root_of_log(above)


def _positive_root(quadratic: float, linear: float, constant: float) -> float:
    """Return the root x >= 0 of quadratic x^2 + linear x = constant, without cancellation."""
    spread = math.sqrt(linear * linear + 4 * quadratic * constant)
    if linear > 0:
        return 2 * constant / (linear + spread)
    return (spread - linear) / (2 * quadratic)


@dataclass(frozen=True, kw_only=True)
class PairedCounts(Result):
    """The paired two by two table of two methods that called the same cases.

    Parameters
    ----------
    both, only_b, only_a : int
        Cases that both methods called positive, b alone, and a alone.
    neither : int, optional
        Cases that neither called positive. None where they were not verified, as in a screening
        trial that knows the truth of recalled women only: the McNemar tests and the ratio do not
        need it.

    Raises
    ------
    ValueError
        If a count is not a whole number of 0 or more.

    Examples
    --------
    >>> counts = PairedCounts(both=242, only_b=19, only_a=8)
    >>> counts.positive_b, counts.positive_a, counts.n_discordant
    (261, 250, 27)
    """

    both: int
    only_b: int
    only_a: int
    neither: int | None = None
    method: str = "paired two by two table"

    def __post_init__(self) -> None:
        """Check the counts and hold them as int."""
        for name in ("both", "only_b", "only_a", "neither"):
            value = getattr(self, name)
            if name != "neither" or value is not None:
                object.__setattr__(self, name, check_count(value, name=name))
        super().__post_init__()

    @property
    def positive_a(self) -> int:
        """Cases called positive by a."""
        return self.both + self.only_a

    @property
    def positive_b(self) -> int:
        """Cases called positive by b."""
        return self.both + self.only_b

    @property
    def n_discordant(self) -> int:
        """Cases that one method alone called positive."""
        return self.only_a + self.only_b

    @property
    def n_pairs(self) -> int | None:
        """All cases; None where those positive by neither are not known."""
        return None if self.neither is None else self.positive_b + self.only_a + self.neither

    def negative_calls(self) -> PairedCounts:
        """Return the same cases with the calls *not* made counted as positive.

        Of the healthy, this turns recalls into the counts of specificity.

        Raises
        ------
        ValueError
            If ``neither`` is not known.
        """
        if self.neither is None:
            msg = (
                "negative_calls needs neither, the cases that neither method called positive, but "
                "it is None; count them once every case has been verified"
            )
            raise ValueError(msg)
        return PairedCounts(
            both=self.neither, only_b=self.only_a, only_a=self.only_b, neither=self.both
        )


def paired_counts(call_a: ArrayLike, call_b: ArrayLike) -> PairedCounts:
    """Count the paired table of two methods.

    Parameters
    ----------
    call_a, call_b : array_like of 0 and 1, shape (n_cases,)
        Calls of the comparator a and of the new method b, the same case at the same place.

    Raises
    ------
    ValueError
        If the lengths differ, or a call is missing or neither 0 nor 1.

    Examples
    --------
    >>> counts = paired_counts([1, 1, 0, 0, 0], [1, 0, 1, 1, 0])
    >>> counts.both, counts.only_b, counts.only_a, counts.neither
    (1, 2, 1, 1)
    """
    first = check_call(call_a, n_cases=_length(call_a), name="call_a")
    second = check_call(call_b, n_cases=_length(call_b), name="call_b")
    if first.size != second.size:
        msg = (
            f"call_a and call_b must have one length, but got {first.size} and {second.size}; "
            "join both by case first"
        )
        raise ValueError(msg)
    return PairedCounts(
        both=int((first & second).sum()),
        only_b=int((~first & second).sum()),
        only_a=int((first & ~second).sum()),
        neither=int((~first & ~second).sum()),
    )


def tango_ci(
    counts: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two paired proportions by Tango's score method.

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
        ``p_value`` is the score test against 0, which is McNemar's without continuity correction;
        ``p_noninferiority`` the score test at the margin. ``std_error`` is the plug-in one, which
        the interval does not use. Where there is no case, all is NaN with a note. Use
        ``toolkit.stats.proportions.one.per_1000`` for a difference of detection or recall rates.

    Raises
    ------
    ValueError
        If ``neither`` is not known, or the level, the margin or the direction is wrong.

    Notes
    -----
    The limits are the differences that the score test just does not reject, with the other cells
    at their maximum likelihood estimate under each difference. They exist for every table, also
    without discordant pairs, and keep within -1 and 1. Not for clustered cases.

    References
    ----------
    Tango T. Stat Med 1998;17:891-908.
    doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B

    Examples
    --------
    >>> counts = PairedCounts(both=261, only_b=28, only_a=10, neither=45)
    >>> change = tango_ci(counts, quantity="sensitivity", margin=0.05, better="higher")
    >>> f"{change.estimate:.3f} ({change.ci_low:.3f}, {change.ci_high:.3f}), P {change.p_value:.4f}"
    '0.052 (0.018, 0.090), P 0.0035'
    """
    n_pairs, level = check_difference(counts, "tango_ci", ci_level, margin, better)
    cells = (counts.only_b, counts.only_a, n_pairs)
    limits = tango_limits(*cells, (1 - level) / 2) if n_pairs else None
    return Comparison(
        method="paired difference of proportions, score",
        ci_method="Tango score",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **difference_fields(counts, n_pairs),
        **inference_fields(partial(tango_score, *cells), limits, 0.0, margin, better),
    )


def newcombe_paired_ci(
    counts: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two paired proportions by Newcombe's method 10.

    A second opinion beside ``tango_ci``: two Wilson intervals joined by the correlation of the
    calls, corrected for continuity. It tends to cover more often than its nominal level.

    Parameters
    ----------
    counts, ci_level, margin, better, quantity, label_a, label_b
        As in ``tango_ci``.

    Returns
    -------
    Comparison
        ``statistic`` is the standard normal deviate at which a limit reaches 0 and ``p_value``
        its two-sided P: the method has no other test that agrees with its interval.
        ``p_noninferiority`` likewise at the margin.

    Raises
    ------
    ValueError
        As ``tango_ci``.

    References
    ----------
    Newcombe RG. Stat Med 1998;17:2635-2650.
    doi:10.1002/(SICI)1097-0258(19981130)17:22<2635::AID-SIM954>3.0.CO;2-C

    Examples
    --------
    >>> counts = PairedCounts(both=261, only_b=28, only_a=10, neither=45)
    >>> change = newcombe_paired_ci(counts, quantity="sensitivity")
    >>> f"{change.estimate:.3f} ({change.ci_low:.3f}, {change.ci_high:.3f})"
    '0.052 (0.017, 0.088)'
    """
    n_pairs, level = check_difference(counts, "newcombe_paired_ci", ci_level, margin, better)
    cells = (counts.both, counts.only_b, counts.only_a, n_pairs)
    estimate = difference_fields(counts, n_pairs)
    limits_at = partial(newcombe_limits, *cells)
    deviate = -float(special.ndtri((1 - level) / 2))
    limits = limits_at(deviate) if n_pairs else None
    score = partial(inverted_score, limits_at, estimate["estimate"])
    return Comparison(
        method="paired difference of proportions, hybrid score; P by inversion of the interval",
        ci_method="Newcombe hybrid score, method 10",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **estimate,
        **inference_fields(score, limits, 0.0, margin, better),
    )


def tang_ratio_ci(
    counts: PairedCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two paired proportions by the score method of Tang et al.

    Parameters
    ----------
    counts : PairedCounts
        The paired table; ``neither`` may be unknown.
    margin : float, optional
        Non-inferiority margin: below 1 where higher is better, above 1 where lower is.
    ci_level, better, quantity, label_a, label_b
        As in ``tango_ci``.

    Returns
    -------
    Comparison
        ``p_value`` is the score test against 1, which is McNemar's without continuity correction;
        ``p_noninferiority`` the score test at the margin. ``std_error`` is the plug-in one of the
        ratio, which the interval does not use. Where a calls no case positive the ratio is NaN
        with a note and the upper limit infinite; where b does not either, all is NaN.

    Raises
    ------
    ValueError
        If the level, the margin or the direction is wrong.

    Notes
    -----
    The limits are the ratios that the score test just does not reject. Neither they nor the tests
    depend on the cases positive by neither method, so in a screening trial it does not matter how
    many cancers both missed; the proportions themselves then stay unknown. Not for clustered cases.

    References
    ----------
    Tang NS, Tang ML, Chan ISF. Stat Med 2003;22:1217-1233. doi:10.1002/sim.1213

    Examples
    --------
    >>> counts = PairedCounts(both=242, only_b=19, only_a=8)
    >>> detection = tang_ratio_ci(counts, quantity="detection", margin=0.85, better="higher")
    >>> f"{detection.estimate:.2f} ({detection.ci_low:.2f}, {detection.ci_high:.2f})"
    '1.04 (1.00, 1.09)'
    """
    level = check_ci_level(ci_level)
    check_margin(margin, effect="ratio", better=better)
    cells = (counts.both, counts.only_b, counts.only_a)
    limits = tang_limits(*cells, (1 - level) / 2) if sum(cells) else None
    return Comparison(
        method="paired ratio of proportions, score",
        ci_method="Tang score",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **ratio_fields(counts),
        **inference_fields(partial(tang_score, *cells), limits, 1.0, margin, better),
    )


def _length(call: ArrayLike) -> int:
    """Return the length of an array's first axis; 0 for a single number, refused later."""
    return len(call) if isinstance(call, Sized) else 0


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
