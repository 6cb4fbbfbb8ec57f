"""Two independent groups: the difference of their proportions.

b is the new method, a the comparator, and every result is b minus a. Groups are independent where
no woman is in both, as in a trial with two arms. Two methods that called the same cases are paired,
and comparing them as if they were not gives a far wider and wrong interval: see
``toolkit.stats.paired``. Ratios have ``toolkit.stats.two_proportion_ratios``, named tests
``toolkit.stats.two_group_tests``, several units of one woman
``toolkit.stats.clustered_proportions``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from scipy import special

from toolkit.results import Better, Comparison, Result
from toolkit.stats._checks import check_ci_level, check_count, check_proportion_margin
from toolkit.stats._paired_hybrids import inverted_score
from toolkit.stats._two_scores import (
    Cells,
    difference_limits,
    difference_score,
    newcombe_limits,
)
from toolkit.stats._wald import inference_fields, wald_difference


@dataclass(frozen=True, kw_only=True)
class TwoGroupCounts(Result):
    """Events and units of two independent groups.

    Parameters
    ----------
    numerator_a, denominator_a : int
        Units of the comparator with the event, of all its units.
    numerator_b, denominator_b : int
        The same of the new method.

    Raises
    ------
    ValueError
        If a count is not a whole number of 0 or more, or a numerator exceeds its denominator.

    Examples
    --------
    Cancers of the women screened in the two arms of MASAI, b with AI.

    >>> counts = TwoGroupCounts(
    ...     numerator_a=262, denominator_a=52872, numerator_b=338, denominator_b=53043)
    >>> counts.n_cases
    105915
    """

    numerator_a: int
    denominator_a: int
    numerator_b: int
    denominator_b: int
    method: str = "counts of two independent groups"

    def __post_init__(self) -> None:
        """Check the counts and hold them as int."""
        for group in ("a", "b"):
            names = f"numerator_{group}", f"denominator_{group}"
            part, whole = (check_count(getattr(self, name), name=name) for name in names)
            if part > whole:
                msg = (
                    f"{names[0]} must not exceed {names[1]}, but got {part} of {whole}; "
                    "the numerator counts events, the denominator all units that could have one"
                )
                raise ValueError(msg)
            object.__setattr__(self, names[0], part)
            object.__setattr__(self, names[1], whole)
        super().__post_init__()

    @property
    def n_cases(self) -> int:
        """All units of both groups."""
        return self.denominator_a + self.denominator_b

    @property
    def proportion_a(self) -> float:
        """Proportion of a; NaN where it has no unit."""
        return self.numerator_a / self.denominator_a if self.denominator_a else math.nan

    @property
    def proportion_b(self) -> float:
        """Proportion of b; NaN where it has no unit."""
        return self.numerator_b / self.denominator_b if self.denominator_b else math.nan

    @property
    def cells(self) -> Cells:
        """Events and units of a, then of b."""
        return self.numerator_a, self.denominator_a, self.numerator_b, self.denominator_b

    @property
    def empty(self) -> str:
        """Which groups have no unit, in words; nothing if both have."""
        without = [g for g, n in (("a", self.denominator_a), ("b", self.denominator_b)) if not n]
        return f"no unit in {' and '.join(without)}" if without else ""


def miettinen_nurminen_ci(
    counts: TwoGroupCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two independent proportions: the default for two groups.

    Parameters
    ----------
    counts : TwoGroupCounts
        Events and units of both groups.
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
        ``p_value`` is the score test against 0, ``p_noninferiority`` the score test at the margin
        (Farrington and Manning's, with the factor of the variance below). ``std_error`` is the
        plug-in one, which the interval does not use. Where a group has no unit, all is NaN with a
        note. Use ``toolkit.stats.proportions.per_1000`` for detection or recall rates.

    Raises
    ------
    ValueError
        If the level, the margin or the direction is wrong.

    Notes
    -----
    The limits are the differences that the score test just does not reject, with both proportions
    at their maximum likelihood estimates under each difference, and the variance times n / (n - 1)
    for all n units. They exist for all counts, also without an event, and keep within -1 and 1.
    A 95 % interval covers at least 93 % in what is planned for (sensitivities of 0.5 to 0.98 in 30
    cancers or more), but 90 % in 30 and 100 units of which fewer than 2 % are without the event:
    ``newcombe_ci`` held there. Not for paired calls and not for clustered units.

    References
    ----------
    Miettinen O, Nurminen M. Stat Med 1985;4:213-226. doi:10.1002/sim.4780040211

    Examples
    --------
    >>> counts = TwoGroupCounts(numerator_a=3, denominator_a=210, numerator_b=0, denominator_b=200)
    >>> change = miettinen_nurminen_ci(counts, margin=0.01, better="lower")
    >>> f"{change.estimate:.4f} ({change.ci_low:.4f}, {change.ci_high:.4f}), {change.noninferior}"
    '-0.0143 (-0.0412, 0.0047), True'
    """
    level = _check(ci_level, margin, better)
    inflation = counts.n_cases / max(counts.n_cases - 1, 1)
    return Comparison(
        method="difference of two independent proportions, score",
        ci_method="Miettinen-Nurminen score",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **_estimates(counts),
        **_score_fields(counts, inflation, level, margin, better),
    )


def mee_ci(
    counts: TwoGroupCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two independent proportions by Mee's score method.

    Parameters
    ----------
    counts, ci_level, margin, better, quantity, label_a, label_b
        As in ``miettinen_nurminen_ci``.

    Returns
    -------
    Comparison
        As from ``miettinen_nurminen_ci``; ``p_value`` is that of Pearson's chi-square test, and
        ``p_noninferiority`` that of Farrington and Manning's.

    Raises
    ------
    ValueError
        As ``miettinen_nurminen_ci``.

    Notes
    -----
    As ``miettinen_nurminen_ci`` without its factor n / (n - 1), which matters in small groups only.

    References
    ----------
    Mee RW. Biometrics 1984;40:1175-1176.

    Farrington CP, Manning G. Stat Med 1990;9:1447-1454. doi:10.1002/sim.4780091208

    Examples
    --------
    >>> counts = TwoGroupCounts(numerator_a=3, denominator_a=210, numerator_b=0, denominator_b=200)
    >>> change = mee_ci(counts)
    >>> f"{change.ci_low:.5f} to {change.ci_high:.5f}"
    '-0.04115 to 0.00469'
    """
    level = _check(ci_level, margin, better)
    return Comparison(
        method="difference of two independent proportions, score",
        ci_method="Mee score",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **_estimates(counts),
        **_score_fields(counts, 1.0, level, margin, better),
    )


def newcombe_ci(
    counts: TwoGroupCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two independent proportions by Newcombe's method 10.

    A second opinion beside ``miettinen_nurminen_ci``: two Wilson intervals joined (hybrid score).

    Parameters
    ----------
    counts, ci_level, margin, better, quantity, label_a, label_b
        As in ``miettinen_nurminen_ci``.

    Returns
    -------
    Comparison
        ``statistic`` is the standard normal deviate at which a limit reaches 0 and ``p_value`` its
        two-sided P: the method has no other test that agrees with its interval.
        ``p_noninferiority`` likewise at the margin.

    Raises
    ------
    ValueError
        As ``miettinen_nurminen_ci``.

    Notes
    -----
    The interval keeps within -1 and 1. Not for paired calls and not for clustered units.

    References
    ----------
    Newcombe RG. Stat Med 1998;17:873-890.
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    >>> counts = TwoGroupCounts(numerator_a=3, denominator_a=210, numerator_b=0, denominator_b=200)
    >>> change = newcombe_ci(counts)
    >>> f"{change.ci_low:.5f} to {change.ci_high:.5f}"
    '-0.04115 to 0.00678'
    """
    level = _check(ci_level, margin, better)
    limits_at = partial(newcombe_limits, counts.cells)
    estimate = counts.proportion_b - counts.proportion_a
    limits = None if counts.empty else limits_at(-float(special.ndtri((1 - level) / 2)))
    score = partial(inverted_score, limits_at, estimate)
    return Comparison(
        method="difference of two independent proportions, hybrid score",
        ci_method="Newcombe hybrid score",
        ci_level=level,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **_estimates(counts),
        **inference_fields(score, limits, 0.0, margin, better),
    )


def agresti_caffo_ci(
    counts: TwoGroupCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two independent proportions after Agresti and Caffo.

    Parameters
    ----------
    counts, ci_level, margin, better, quantity, label_a, label_b
        As in ``miettinen_nurminen_ci``.

    Returns
    -------
    Comparison
        ``estimate`` is the plain difference, while the interval is centred on the one after adding
        to the counts, and both tests are of that. ``std_error`` is the one before adding. A limit
        beyond -1 or 1 is replaced by it, with a note.

    Raises
    ------
    ValueError
        As ``miettinen_nurminen_ci``.

    Notes
    -----
    Wald's interval after adding one event and one unit without to each group. It is meant for
    ``ci_level`` near 0.95. Prefer ``miettinen_nurminen_ci``.

    References
    ----------
    Agresti A, Caffo B. Am Stat 2000;54:280-288. doi:10.1080/00031305.2000.10474560

    Examples
    --------
    >>> counts = TwoGroupCounts(numerator_a=3, denominator_a=210, numerator_b=0, denominator_b=200)
    >>> change = agresti_caffo_ci(counts)
    >>> f"{change.ci_low:.5f} to {change.ci_high:.5f}"
    '-0.03463 to 0.00680'
    """
    level = _check(ci_level, margin, better)
    return Comparison(
        method="difference of two independent proportions, adjusted Wald",
        ci_method="Agresti-Caffo",
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **_wald_fields(counts, 1, level, margin, better),
    )


def wald_difference_ci(
    counts: TwoGroupCounts,
    *,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two independent proportions as some papers did.

    Parameters
    ----------
    counts, ci_level, margin, better, quantity, label_a, label_b
        As in ``miettinen_nurminen_ci``.

    Returns
    -------
    Comparison
        A limit beyond -1 or 1 is replaced by it, with a note. Without an interval, with a note,
        where in each group no or every unit has the event.

    Raises
    ------
    ValueError
        As ``miettinen_nurminen_ci``.

    Notes
    -----
    For reproducing papers only: Wald's interval with the unpooled standard error, which covers too
    seldom where events are rare. Use ``miettinen_nurminen_ci`` for new data.

    Examples
    --------
    >>> counts = TwoGroupCounts(numerator_a=3, denominator_a=210, numerator_b=0, denominator_b=200)
    >>> change = wald_difference_ci(counts)
    >>> f"{change.ci_low:.5f} to {change.ci_high:.5f}"
    '-0.03034 to 0.00176'
    """
    level = _check(ci_level, margin, better)
    return Comparison(
        method="difference of two independent proportions, Wald",
        ci_method="Wald",
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **_wald_fields(counts, 0, level, margin, better),
    )


def _check(ci_level: float, margin: float | None, better: Better | None) -> float:
    """Return the level; refuse a margin that no difference of proportions can have."""
    check_proportion_margin(margin, better=better)
    return check_ci_level(ci_level)


def _estimates(counts: TwoGroupCounts) -> dict[str, Any]:
    """Return the estimates of a difference as fields of a Comparison."""
    note = f"the difference is not defined: {counts.empty}" if counts.empty else ""
    error = _plug_in_error(counts, 0)
    return {
        "note": "no variation in either group: the plug-in standard error is 0"
        if error == 0
        else note,
        "n_cases": counts.n_cases,
        "estimate": counts.proportion_b - counts.proportion_a,
        "estimate_a": counts.proportion_a,
        "estimate_b": counts.proportion_b,
        "std_error": error,
        "unit": "probability",
        "effect": "difference",
    }


def _score_fields(
    counts: TwoGroupCounts,
    inflation: float,
    level: float,
    margin: float | None,
    better: Better | None,
) -> dict[str, Any]:
    """Return limits and tests by the score method as fields of a Comparison."""
    tail = (1 - level) / 2
    limits = None if counts.empty else difference_limits(counts.cells, inflation, tail)
    score: Callable[[float], float] = partial(difference_score, counts.cells, inflation)
    return inference_fields(score, limits, 0.0, margin, better)


def _wald_fields(
    counts: TwoGroupCounts,
    added: int,
    level: float,
    margin: float | None,
    better: Better | None,
) -> dict[str, Any]:
    """Return all fields by Wald after adding events, and as many units without, to each group."""
    fields = _estimates(counts)
    x_a, n_a, x_b, n_b = counts.cells
    centre = math.nan
    if not counts.empty:
        centre = (x_b + added) / (n_b + 2 * added) - (x_a + added) / (n_a + 2 * added)
    error = _plug_in_error(counts, added)
    wald = wald_difference(centre, error, ci_level=level, margin=margin, better=better)
    if error == 0:
        fields["note"] = "no interval: no variation in either group, so that its width would be 0"
    elif wald.ci_low == -1 or wald.ci_high == 1:
        beyond = "a limit lies beyond -1 or 1 and is replaced by it"
        fields["note"] = "; ".join(filter(None, (fields["note"], beyond)))
    return {**fields, **vars(wald)}


def _plug_in_error(counts: TwoGroupCounts, added: int) -> float:
    """Return the unpooled standard error after adding ``added`` events and non-events a group."""
    if counts.empty:
        return math.nan
    x_a, n_a, x_b, n_b = counts.cells
    pairs = ((x_a + added, n_a + 2 * added), (x_b + added, n_b + 2 * added))
    return math.sqrt(sum(x * (n - x) / n**3 for x, n in pairs))
