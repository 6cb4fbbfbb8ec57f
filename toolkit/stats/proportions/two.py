"""Two independent groups: the difference and the ratio of their proportions.

b is the new method, a the comparator, and every result is b minus a or b over a. Groups are
independent where no woman is in both, as in a trial with two arms. Two methods that called the same
cases are paired, and comparing them as if they were not gives a far wider and wrong interval: see
``toolkit.stats.paired``. Named tests have ``toolkit.stats.proportions.tests``, several units of one
woman ``toolkit.stats.proportions.clustered``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from scipy import special

from toolkit.results import Better, Comparison, Result, check_margin
from toolkit.stats._checks import (
    check_ci_level,
    check_count,
    chosen,
)
from toolkit.stats._inference import (
    inference_fields,
    inverted_score,
    root,
    root_of_log,
    score_of,
    tail_above,
    wald_difference,
    wald_ratio,
)
from toolkit.stats.proportions.one import wilson_limits

Cells = tuple[int, int, int, int]
_SMALLEST_RATIO = 1e-100


Score = Callable[[Cells, float, float], float]  # of counts, inflation of the variance, hypothesis
Moments = tuple[float, float, float]


def difference_score(cells: Cells, inflation: float, difference: float) -> float:
    """Return the score of the hypothesis that b minus a is ``difference``, from -1 to 1."""
    deviation, variance, _ = _difference_moments(cells, difference)
    return score_of(deviation, inflation * variance)


def _corrected_difference_score(cells: Cells, inflation: float, difference: float) -> float:
    """Return the same, corrected for skewness."""
    return _corrected(_difference_moments(cells, difference), inflation)


def _difference_moments(cells: Cells, difference: float) -> Moments:
    """Return the deviation from ``difference``, its variance and its third central moment."""
    if difference < 0:  # by symmetry: exchange the groups
        deviation, variance, third = _difference_moments((*cells[2:], *cells[:2]), -difference)
        return -deviation, variance, -third
    x_a, n_a, x_b, n_b = cells
    if 2 * (x_a + x_b) > n_a + n_b:  # count non-events, so that the rarer side keeps its digits
        x_a, n_a, x_b, n_b = n_b - x_b, n_b, n_a - x_a, n_a
    p_a = _expected_under_difference(x_a, n_a, x_b, n_b, difference)
    p_b = p_a + difference
    var_a, var_b = p_a * (1 - p_a) / n_a, p_b * max(1 - p_b, 0.0) / n_b
    third = var_b * (1 - 2 * p_b) / n_b - var_a * (1 - 2 * p_a) / n_a
    return (x_b * n_a - x_a * n_b) / (n_a * n_b) - difference, var_a + var_b, third


def _corrected(moments: Moments, inflation: float) -> float:
    """Return the z that solves z + skew (z^2 - 1) = score, skew being a sixth of the skewness.

    Laud 2017, equation 3, after Gart and Nam: the root that is the score itself without skewness.
    """
    deviation, variance = moments[0], inflation * moments[1]
    score = score_of(deviation, variance)
    if not variance > 0:
        return score
    skew = moments[2] / (6 * variance * math.sqrt(variance))
    # Never negative in 900,000 tables and hypotheses, of groups of 2 to 400; rounding may.
    return 2 * (score + skew) / (1 + math.sqrt(max(1 + 4 * skew * (score + skew), 0.0)))


def difference_limits(
    cells: Cells, inflation: float, tail: float, score: Score = difference_score
) -> tuple[float, float]:
    """Return the differences whose score leaves ``tail`` on each side."""
    low = _difference_lower(cells, inflation, tail, score)
    return low, -_difference_lower((*cells[2:], *cells[:2]), inflation, tail, score)


def _difference_lower(cells: Cells, inflation: float, tail: float, score: Score) -> float:
    """Return the lower limit; -1 if every unit of a and none of b has the event."""
    x_a, n_a, x_b, _ = cells
    if x_a == n_a and x_b == 0:
        return -1.0
    # Corrected for skewness the score need not be 0 at the estimate: so up to 1.
    return root(lambda d: tail_above(score(cells, inflation, d), tail), -1.0, 1.0)


def _expected_under_difference(x_a: int, n_a: int, x_b: int, n_b: int, difference: float) -> float:
    """Return the maximum likelihood estimate of p_a where p_b is p_a + ``difference``, not below 0.

    Miettinen and Nurminen (1985): the middle root of a cubic, which lies in [0, 1 - difference].
    """
    n, events = n_a + n_b, x_a + x_b
    if difference == 0:
        return events / n
    cubic = float(n)
    square = (n_b + 2 * n_a) * difference - n - events
    linear = (n_a * difference - n - 2 * x_a) * difference + events
    if x_a == 0:  # 0 is a root: the next is the smaller one of the quadratic that is left
        spread = math.sqrt(max(square * square - 4 * cubic * linear, 0.0))
        return 2 * linear / (spread - square) if linear > 0 else 0.0
    constant = x_a * difference * (1 - difference)
    # The trigonometric solution of a cubic with three real roots.
    shift = square / (3 * cubic)
    radius = math.sqrt(max(shift * shift - linear / (3 * cubic), 0.0))
    half = shift**3 - square * linear / (6 * cubic**2) + constant / (2 * cubic)
    cosine = half / radius**3 if radius else 0.0
    angle = (math.pi + math.acos(min(max(cosine, -1.0), 1.0))) / 3
    share = 2 * radius * math.cos(angle) - shift
    for _ in range(3):  # Newton, since cosine and shift cancel where events are rare
        slope = (3 * cubic * share + 2 * square) * share + linear
        if slope >= 0:
            break
        share -= (
            (x_a - n_a * share) * (share + difference) * (1 - share - difference)
            + (x_b - n_b * (share + difference)) * share * (1 - share)
        ) / slope
    return min(max(share, 0.0), 1 - difference)


def ratio_score(cells: Cells, inflation: float, ratio: float) -> float:
    """Return the score of the hypothesis that b over a is ``ratio``, above 0."""
    deviation, variance, _ = _ratio_moments(cells, ratio)
    return score_of(deviation, inflation * variance)


def _corrected_ratio_score(cells: Cells, inflation: float, ratio: float) -> float:
    """Return the same, corrected for skewness."""
    return _corrected(_ratio_moments(cells, ratio), inflation)


def _ratio_moments(cells: Cells, ratio: float) -> Moments:
    """Return b less ``ratio`` times a, its variance and its third central moment."""
    x_a, n_a, x_b, n_b = cells
    # Larger root of a quadratic in 1 / p_a; its discriminant as a sum without cancellation.
    first, second = x_b + n_a, x_a + n_b
    spread = 4 * ratio * (n_a - x_a) * (n_b - x_b)
    p_a = (
        2
        * (x_a + x_b)
        / (first + ratio * second + math.sqrt((first - ratio * second) ** 2 + spread))
    )
    p_b = ratio * p_a
    var_a, var_b = ratio**2 * p_a * max(1 - p_a, 0.0) / n_a, p_b * max(1 - p_b, 0.0) / n_b
    third = var_b * (1 - 2 * p_b) / n_b - ratio * var_a * (1 - 2 * p_a) / n_a
    return x_b / n_b - ratio * (x_a / n_a), var_b + var_a, third


def ratio_limits(
    cells: Cells, inflation: float, tail: float, score: Score = ratio_score
) -> tuple[float, float]:
    """Return the ratios whose score leaves ``tail`` on each side, from 0 to infinity."""
    low = _ratio_lower(cells, inflation, tail, score)
    inverse_high = _ratio_lower((*cells[2:], *cells[:2]), inflation, tail, score)
    return low, 1 / inverse_high if inverse_high else math.inf


def _ratio_lower(cells: Cells, inflation: float, tail: float, score: Score) -> float:
    """Return the lower limit; 0 if b has no event, or no ratio has a score that large."""
    if cells[2] == 0 or tail_above(score(cells, inflation, _SMALLEST_RATIO), tail) >= 0:
        return 0.0
    return root_of_log(
        lambda log_ratio: tail_above(score(cells, inflation, math.exp(log_ratio)), tail)
    )


def newcombe_limits(cells: Cells, z: float) -> tuple[float, float]:
    """Return the limits of Newcombe (1998), method 10, at ``z`` standard normal deviates."""
    x_a, n_a, x_b, n_b = cells
    p_a, p_b = x_a / n_a, x_b / n_b
    low_a, high_a = wilson_limits(x_a, n_a, z)
    low_b, high_b = wilson_limits(x_b, n_b, z)
    down, up = math.hypot(p_b - low_b, high_a - p_a), math.hypot(high_b - p_b, p_a - low_a)
    return p_b - p_a - down, p_b - p_a + up


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


DifferenceMethod = Literal["miettinen_nurminen", "scas", "mee", "newcombe", "agresti_caffo", "wald"]
RatioMethod = Literal["miettinen_nurminen", "scas", "koopman", "katz"]


def proportion_difference_ci(
    counts: TwoGroupCounts,
    *,
    method: DifferenceMethod = "miettinen_nurminen",
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the difference b minus a of two independent proportions.

    Parameters
    ----------
    counts : TwoGroupCounts
        Events and units of both groups.
    method : str
        How interval and tests are made, see Notes.
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
        ``estimate`` is the plain difference by every method, ``std_error`` the plug-in one, which
        only ``"wald"`` makes its interval from. ``p_value`` is against 0, ``p_noninferiority`` at
        the margin, both by the method of the interval. A limit beyond -1 or 1, as
        ``"agresti_caffo"`` and ``"wald"`` can have, is replaced by it, with a note; ``"wald"`` has
        no interval, with a note, where in each group no or every unit has the event. Where a group
        has no unit, all is NaN with a note. Use ``toolkit.stats.proportions.per_1000`` for
        detection or recall rates.

    Raises
    ------
    ValueError
        If the method, the level, the margin or the direction is wrong.

    Notes
    -----
    ====================== =====================================================================
    ``miettinen_nurminen`` The default [1]_. The differences that the score test just does not
                           reject, with both proportions at their maximum likelihood estimates
                           under each difference, and the variance times n / (n - 1) for all n
                           units. It exists for all counts, also without an event, and keeps
                           within -1 and 1. ``p_noninferiority`` is Farrington and Manning's with
                           that factor.
    ``scas``               The same, corrected for the skewness of the difference [6]_, so that
                           both limits are missed equally often: for one-sided claims where the
                           groups differ in size and events are rare. A correction of tails: for
                           a ``ci_level`` of 0.69 or more.
    ``mee``                The default without the factor [2]_, which matters in small groups only:
                           ``p_value`` is that of Pearson's chi-square test, ``p_noninferiority``
                           that of Farrington and Manning [3]_.
    ``newcombe``           A second opinion: two Wilson intervals joined, method 10 [4]_, within
                           -1 and 1. ``statistic`` is the standard normal deviate at which a limit
                           reaches 0 and ``p_value`` its two-sided P: no other test agrees with
                           the interval; likewise at the margin.
    ``agresti_caffo``      Wald's after adding one event and one unit without to each group [5]_:
                           the interval is centred on that difference, and both tests are of it.
                           Meant for ``ci_level`` near 0.95.
    ``wald``               For reproducing papers only: with the unpooled standard error, it
                           covers too seldom where events are rare.
    ====================== =====================================================================

    A 95 % Miettinen-Nurminen interval covers at least 93 % in what is planned for (sensitivities of
    0.5 to 0.98 in 30 cancers or more), but 90 % in 30 and 100 units of which fewer than 2 % are
    without the event: Newcombe's held there. Not for paired calls and not for clustered units.

    References
    ----------
    .. [1] Miettinen O, Nurminen M. Stat Med 1985;4:213-226. doi:10.1002/sim.4780040211
    .. [2] Mee RW. Biometrics 1984;40:1175-1176.
    .. [3] Farrington CP, Manning G. Stat Med 1990;9:1447-1454. doi:10.1002/sim.4780091208
    .. [4] Newcombe RG. Stat Med 1998;17:873-890.
       doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I
    .. [5] Agresti A, Caffo B. Am Stat 2000;54:280-288. doi:10.1080/00031305.2000.10474560
    .. [6] Laud PJ. Pharm Stat 2017;16:334-348. doi:10.1002/pst.1813

    Examples
    --------
    >>> counts = TwoGroupCounts(numerator_a=3, denominator_a=210, numerator_b=0, denominator_b=200)
    >>> change = proportion_difference_ci(counts, margin=0.01, better="lower")
    >>> f"{change.estimate:.4f} ({change.ci_low:.4f}, {change.ci_high:.4f}), {change.noninferior}"
    '-0.0143 (-0.0412, 0.0047), True'
    >>> for method in ("scas", "mee", "newcombe", "agresti_caffo", "wald"):
    ...     change = proportion_difference_ci(counts, method=method)
    ...     print(f"{change.ci_low:.5f} to {change.ci_high:.5f}, {change.ci_method}")
    -0.03815 to 0.00365, SCAS
    -0.04115 to 0.00469, Mee score
    -0.04115 to 0.00678, Newcombe hybrid score
    -0.03463 to 0.00680, Agresti-Caffo
    -0.03034 to 0.00176, Wald
    """
    words, ci_method, fields_of = chosen(method, _DIFFERENCES)
    check_margin(margin, effect="difference", better=better)
    level = _check_level(ci_level, method)
    return Comparison(
        method=f"difference of two independent proportions, {words}",
        ci_method=ci_method,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **{**fields_of(counts, level, margin, better), "ci_level": level},
    )


_LEAST_CORRECTED = 0.69  # within one standard deviation the correction turns its sign


def _check_level(ci_level: float, method: str) -> float:
    """Return the confidence level; refuse one too low for the correction of skewness."""
    level = check_ci_level(ci_level)
    if method == "scas" and level < _LEAST_CORRECTED:
        msg = (
            f"ci_level must be at least {_LEAST_CORRECTED} for method 'scas', which corrects "
            f"tails, but got {level!r}; take another method"
        )
        raise ValueError(msg)
    return level


def _difference_score(
    score_of_cells: Score,
    inflated: bool,
    counts: TwoGroupCounts,
    level: float,
    margin: float | None,
    better: Better | None,
) -> dict[str, Any]:
    """Return all fields by the score method."""
    inflation = _inflation(counts) if inflated else 1.0
    tail = (1 - level) / 2
    limits = None
    if not counts.empty:
        limits = difference_limits(counts.cells, inflation, tail, score_of_cells)
    score = partial(score_of_cells, counts.cells, inflation)
    return {
        **_difference_estimates(counts),
        **inference_fields(score, limits, 0.0, margin, better),
    }


def _difference_newcombe(
    counts: TwoGroupCounts, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return all fields by Newcombe's method."""
    limits_at = partial(newcombe_limits, counts.cells)
    estimate = counts.proportion_b - counts.proportion_a
    limits = None if counts.empty else limits_at(-float(special.ndtri((1 - level) / 2)))
    score = partial(inverted_score, limits_at, estimate)
    return {
        **_difference_estimates(counts),
        **inference_fields(score, limits, 0.0, margin, better),
    }


def _difference_estimates(counts: TwoGroupCounts) -> dict[str, Any]:
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


def _difference_wald(
    added: int,
    counts: TwoGroupCounts,
    level: float,
    margin: float | None,
    better: Better | None,
) -> dict[str, Any]:
    """Return all fields by Wald after adding events, and as many units without, to each group."""
    fields = _difference_estimates(counts)
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


_Fields = Callable[[TwoGroupCounts, float, float | None, Better | None], dict[str, Any]]
_DIFFERENCES: dict[str, tuple[str, str, _Fields]] = {
    "miettinen_nurminen": (
        "score",
        "Miettinen-Nurminen score",
        partial(_difference_score, difference_score, True),
    ),
    "scas": (
        "skewness-corrected score",
        "SCAS",
        partial(_difference_score, _corrected_difference_score, True),
    ),
    "mee": ("score", "Mee score", partial(_difference_score, difference_score, False)),
    "newcombe": ("hybrid score", "Newcombe hybrid score", _difference_newcombe),
    "agresti_caffo": ("adjusted Wald", "Agresti-Caffo", partial(_difference_wald, 1)),
    "wald": ("Wald", "Wald", partial(_difference_wald, 0)),
}


def proportion_ratio_ci(
    counts: TwoGroupCounts,
    *,
    method: RatioMethod = "miettinen_nurminen",
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "proportion",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two independent proportions, as of detection rates.

    Parameters
    ----------
    counts, ci_level, better, quantity, label_a, label_b
        As in ``proportion_difference_ci``.
    method : str
        How interval and tests are made, see Notes.
    margin : float, optional
        Non-inferiority margin: below 1 where higher is better, above 1 where lower is.

    Returns
    -------
    Comparison
        ``p_value`` is against 1, ``p_noninferiority`` at the margin, both by the method of the
        interval. ``std_error`` is the plug-in one of the ratio, which the score intervals do not
        use. Where a has no event the ratio is NaN with a note and the upper limit infinite; where b
        has none either the interval is from 0 to infinity. Where a group has no unit, all is NaN.
        ``"katz"`` has no interval, with a note, where a group has no event, or both have nothing
        else: nothing is added to such counts.

    Raises
    ------
    ValueError
        If the method, the level, the margin or the direction is wrong.

    Notes
    -----
    ====================== =====================================================================
    ``miettinen_nurminen`` The default [1]_. The ratios that the score test just does not reject,
                           with both proportions at their maximum likelihood estimates under each
                           ratio, and the variance times n / (n - 1) for all n units.
    ``scas``               The same, corrected for skewness [4]_, so that both limits are missed
                           equally often; for a ``ci_level`` of 0.69 or more. A group with x
                           events has no score beyond sqrt(1 + 6 x): where the level asks for
                           more, as 0.995 with one event, the limit is 0 or infinite.
    ``koopman``            The default without the factor [2]_: ``p_value`` is that of Pearson's
                           chi-square test.
    ``katz``               Wald on logarithms [3]_, what most trials report as risk ratio. With
                           rare events it is close to the score method.
    ====================== =====================================================================

    Not for paired calls and not for clustered units.

    References
    ----------
    .. [1] Miettinen O, Nurminen M. Stat Med 1985;4:213-226. doi:10.1002/sim.4780040211
    .. [2] Koopman PAR. Biometrics 1984;40:513-517.
    .. [3] Katz D, Baptista J, Azen SP, Pike MC. Biometrics 1978;34:469-474. doi:10.2307/2530610
    .. [4] Laud PJ. Pharm Stat 2017;16:334-348. doi:10.1002/pst.1813

    Examples
    --------
    >>> counts = TwoGroupCounts(
    ...     numerator_a=262, denominator_a=52872, numerator_b=338, denominator_b=53043)
    >>> detection = proportion_ratio_ci(counts, margin=0.8, better="higher")
    >>> f"{detection.estimate:.3f} ({detection.ci_low:.3f}, {detection.ci_high:.3f})"
    '1.286 (1.095, 1.510)'
    >>> detection = proportion_ratio_ci(counts, method="katz")
    >>> f"{detection.estimate:.2f} ({detection.ci_low:.2f}, {detection.ci_high:.2f})"
    '1.29 (1.09, 1.51)'
    """
    words, ci_method, fields_of = chosen(method, _RATIOS)
    check_margin(margin, effect="ratio", better=better)
    level = _check_level(ci_level, method)
    return Comparison(
        method=f"ratio of two independent proportions, {words}",
        ci_method=ci_method,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **{**fields_of(counts, level, margin, better), "ci_level": level},
    )


def _ratio_score(
    score_of_cells: Score,
    inflated: bool,
    counts: TwoGroupCounts,
    level: float,
    margin: float | None,
    better: Better | None,
) -> dict[str, Any]:
    """Return all fields by the score method."""
    fields = {**_ratio_estimates(counts), "std_error": _log_error(counts) * _ratio(counts)}
    if not counts.numerator_a and not counts.numerator_b and not counts.empty:
        return {**fields, **inference_fields(lambda _: 0.0, (0.0, math.inf), 1.0, margin, better)}
    inflation = _inflation(counts) if inflated else 1.0
    tail = (1 - level) / 2
    limits = None
    if not counts.empty:
        limits = ratio_limits(counts.cells, inflation, tail, score_of_cells)
    score = partial(score_of_cells, counts.cells, inflation)
    return {**fields, **inference_fields(score, limits, 1.0, margin, better)}


def _ratio_katz(
    counts: TwoGroupCounts, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return all fields by Katz's method."""
    error, fields = _log_error(counts), _ratio_estimates(counts)
    wald = wald_ratio(_ratio(counts), error, ci_level=level, margin=margin, better=better)
    if error == 0:
        fields["note"] = "no interval: every unit has the event, so that its width would be 0"
    elif math.isnan(wald.ci_low) and math.isfinite(fields["estimate"]):
        fields["note"] = "no interval: b has no event, and a logarithm of 0 is not defined"
    return {**fields, **vars(wald)}


def _ratio(counts: TwoGroupCounts) -> float:
    """Return b over a; NaN where a has no event or a group no unit."""
    return counts.proportion_b / (counts.proportion_a or math.nan)


def _log_error(counts: TwoGroupCounts) -> float:
    """Return the plug-in standard error of the logarithm; NaN where a group has no event."""
    x_a, n_a, x_b, n_b = counts.cells
    if not (x_a and x_b):
        return math.nan
    # 1 / x - 1 / n without the difference of like numbers
    return math.sqrt((n_a - x_a) / (x_a * n_a) + (n_b - x_b) / (x_b * n_b))


def _ratio_estimates(counts: TwoGroupCounts) -> dict[str, Any]:
    """Return the estimates of a ratio but its standard error as fields of a Comparison."""
    return {
        "note": _ratio_note(counts),
        "n_cases": counts.n_cases,
        "estimate": _ratio(counts),
        "estimate_a": counts.proportion_a,
        "estimate_b": counts.proportion_b,
        "unit": "ratio",
        "effect": "ratio",
    }


def _ratio_note(counts: TwoGroupCounts) -> str:
    """Return why something is not defined, or what it hides."""
    if counts.empty:
        return f"the ratio is not defined: {counts.empty}"
    if counts.numerator_a == 0:
        both = " and neither has b: the counts say nothing" if counts.numerator_b == 0 else ""
        return f"the ratio is not defined: a has no event{both}"
    if counts.numerator_b == 0:
        return "b has no event: the plug-in standard error is not defined"
    return "every unit has the event: the plug-in standard error is 0" * (_log_error(counts) == 0)


def _inflation(counts: TwoGroupCounts) -> float:
    """Return the factor of Miettinen and Nurminen's variance."""
    return counts.n_cases / max(counts.n_cases - 1, 1)


_RATIOS: dict[str, tuple[str, str, _Fields]] = {
    "miettinen_nurminen": (
        "score",
        "Miettinen-Nurminen score",
        partial(_ratio_score, ratio_score, True),
    ),
    "scas": (
        "skewness-corrected score",
        "SCAS",
        partial(_ratio_score, _corrected_ratio_score, True),
    ),
    "koopman": ("score", "Koopman score", partial(_ratio_score, ratio_score, False)),
    "katz": ("Wald on the logarithm", "Katz log", _ratio_katz),
}
