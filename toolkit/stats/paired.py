"""Two methods called the same cases: the difference and the ratio of their proportions.

b is the new method, a the comparator, and every result is b minus a or b over a. All follow from
the paired table, ``PairedCounts``: restrict it to the cancers for sensitivity or detection, to the
healthy for the recall of the healthy, or take all women for the recall rate. For specificity count
the calls *not* made: ``negative_calls``. Cases must be independent: two breasts of one woman are
not. Here are the table and the recommended intervals; those that some papers used instead are in
``paired_differences`` and ``paired_ratios``, tests alone in ``mcnemar``.
"""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass
from functools import partial

from numpy.typing import ArrayLike
from scipy import special

from toolkit.results import Better, Comparison, Result, check_margin
from toolkit.stats._checks import check_call, check_ci_level, check_count
from toolkit.stats._paired_fields import check_difference, difference_fields, ratio_fields
from toolkit.stats._paired_hybrids import inverted_score, newcombe_limits
from toolkit.stats._paired_scores import tang_limits, tang_score, tango_limits, tango_score
from toolkit.stats._wald import inference_fields


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
        ``toolkit.stats.proportions.per_1000`` for a difference of detection or recall rates.

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
