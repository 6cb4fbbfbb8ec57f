"""Event rates, one and the ratio of two: interval cancers per woman-year, false marks per image.

Events are Poisson: their number has no upper limit but the exposure, and every one comes
independently of the others. Several marks of one image, or cancers of one woman, do not. Events
that each unit can have only once are proportions: see ``toolkit.stats.proportions.two``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from scipy import special

from toolkit.results import Better, Comparison, Estimate, Result, check_margin
from toolkit.stats._checks import check_ci_level, check_count, check_positive, chosen
from toolkit.stats._inference import root, score_of, wald_ratio
from toolkit.stats.proportions.one import Limits, clopper_pearson, deviate, wilson

RateMethod = Literal["score", "exact", "midp"]


def rate_ci(
    events: int,
    exposure: float,
    *,
    method: RateMethod = "score",
    ci_level: float = 0.95,
    per: float = 1.0,
    quantity: str = "rate",
    label: str = "",
) -> Estimate:
    """Estimate one Poisson rate, events per exposure, with an interval.

    Parameters
    ----------
    events : int
        Events counted.
    exposure : float
        Women, woman-years, images or readings in which they were counted, above 0.
    method : str
        How the interval is made, see Notes.
    ci_level : float
        Confidence level, two-sided.
    per : float
        Exposure that the rate is given for: 1000 gives events per 1,000 woman-years.
    quantity : str
        What is estimated, e.g. ``"interval_cancer_rate"``.
    label : str
        Who or what was measured.

    Returns
    -------
    Estimate
        ``estimate`` is the plain rate by every method and ``unit`` is ``per_`` with the exposure it
        is given for; ``std_error`` is the plug-in one, sqrt(events) per exposure, which no interval
        is made from and which is 0, with a note, without an event. ``numerator`` and
        ``denominator`` are events and exposure.

    Raises
    ------
    ValueError
        If the events are not a whole number of 0 or more, ``exposure`` or ``per`` is not positive
        and finite, the level does not lie between 0 and 1, or the method is not known.

    Notes
    -----
    ========= ==================================================================================
    ``score`` The default: the rates that a two-sided score test just does not reject, with the
              variance that each rate itself gives. The limit of Wilson's interval where units
              are many and events rare. Near nominal on average, below it for some rates.
    ``exact`` Where coverage must be guaranteed [1]_: at each limit the Poisson tail that holds
              the count is (1 - ``ci_level``) / 2, which is half a quantile of chi-square with
              2 x (lower) or 2 x + 2 (upper) degrees of freedom for x events.
    ``midp``  The same, but a tail holds half the probability of the count that was
              observed [2]_: nearer nominal and no longer guaranteed.
    ========= ==================================================================================

    Not where events cluster, as several false marks in one image do: the interval is then too
    narrow. Events that a unit can have only once are a proportion.

    References
    ----------
    .. [1] Garwood F. Biometrika 1936;28:437-442. doi:10.1093/biomet/28.3-4.437
    .. [2] Cohen GR, Yang SY. Stat Med 1994;13:2189-2203. doi:10.1002/sim.4780132102

    Examples
    --------
    Interval cancers per 1,000 women, MASAI with AI.

    >>> rate = rate_ci(81, 53043, per=1000, quantity="interval_cancer_rate")
    >>> f"{rate.estimate:.2f} ({rate.ci_low:.2f}, {rate.ci_high:.2f}) {rate.unit}"
    '1.53 (1.23, 1.90) per_1000'
    >>> for method in ("exact", "midp"):
    ...     other = rate_ci(10, 1, method=method)
    ...     print(f"{other.ci_low:.3f} to {other.ci_high:.3f}, {other.ci_method}")
    4.795 to 18.390, Garwood exact
    5.080 to 17.825, mid-P exact
    """
    ci_method, limits = chosen(method, _RATE_METHODS)
    count = check_count(events, name="events")
    time = check_positive(exposure, name="exposure")
    level = check_ci_level(ci_level)
    scale = check_positive(per, name="per") / time
    low, high = limits(count, (1 - level) / 2)
    return Estimate(
        method="Poisson rate",
        note="" if count else "no event: the plug-in standard error is 0",
        quantity=quantity,
        unit=f"per_{per:g}",
        estimate=scale * count,
        std_error=scale * math.sqrt(count),
        ci_low=scale * low,
        ci_high=scale * high,
        ci_level=level,
        ci_method=ci_method,
        label=label,
        numerator=count,
        denominator=time,
    )


def _score_limits(count: int, tail: float) -> tuple[float, float]:
    """Return the roots of (m - count)^2 = z^2 m, the smaller one from their product."""
    z = deviate(tail)
    high = count + z * (z / 2 + math.sqrt(count + z * z / 4))
    return count * (count / high) if count else 0.0, high


def _exact_limits(count: int, tail: float) -> tuple[float, float]:
    """Return the means at which P(X >= count), and P(X <= count), is the tail."""
    low = float(special.gammaincinv(count, tail)) if count else 0.0
    return low, float(special.gammainccinv(count + 1, tail))


def _midp_limits(count: int, tail: float) -> tuple[float, float]:
    """Return the means at which P(X > count) + P(X = count) / 2, or its mirror, is the tail."""

    def above(mean: float) -> float:
        return float(special.gammainc(count, mean) + special.gammainc(count + 1, mean)) / 2 - tail

    def below(mean: float) -> float:
        fewer = special.gammaincc(count, mean) if count else 0.0
        return float(fewer + special.gammaincc(count + 1, mean)) / 2 - tail

    # The exact limit lies outside, that of the neighbouring count inside.
    outer_low, outer_high = _exact_limits(count, tail)
    low = _crossing(above, outer_low, _exact_limits(count + 1, tail)[0]) if count else 0.0
    inner_high = _exact_limits(count - 1, tail)[1] if count else 0.0
    return low, _crossing(below, outer_high, inner_high)


def _crossing(function: Callable[[float], float], outer: float, inner: float) -> float:
    """Return where ``function`` changes sign between a limit and one further in.

    Among billions of events rounding can leave nothing to cross; the limit further out is safe.
    """
    if function(outer) * function(inner) > 0:
        return outer
    return root(function, min(outer, inner), max(outer, inner))


_RATE_METHODS: dict[str, tuple[str, Callable[[int, float], tuple[float, float]]]] = {
    "score": ("score", _score_limits),
    "exact": ("Garwood exact", _exact_limits),
    "midp": ("mid-P exact", _midp_limits),
}


@dataclass(frozen=True, kw_only=True)
class TwoRates(Result):
    """Events and exposure of two independent groups.

    Parameters
    ----------
    events_a, events_b : int
        Events of the comparator a and of the new method b.
    exposure_a, exposure_b : float
        Women, woman-years, images or readings in which they were counted, above 0; both in one
        unit.

    Raises
    ------
    ValueError
        If a count is not a whole number of 0 or more, or an exposure not positive and finite.
    """

    events_a: int
    exposure_a: float
    events_b: int
    exposure_b: float
    method: str = "events and exposure of two groups"

    def __post_init__(self) -> None:
        """Check the counts and exposures and hold them as int and float."""
        for name in ("events_a", "events_b"):
            object.__setattr__(self, name, check_count(getattr(self, name), name=name))
        for name in ("exposure_a", "exposure_b"):
            object.__setattr__(self, name, check_positive(getattr(self, name), name=name))
        super().__post_init__()

    @property
    def events(self) -> int:
        """Events of both groups."""
        return self.events_a + self.events_b

    @property
    def ratio(self) -> float:
        """Rate of b over rate of a; NaN where a has no event."""
        if not self.events_a:
            return math.nan
        return self.events_b / self.events_a * (self.exposure_a / self.exposure_b)

    def shares(self, ratio: float) -> tuple[float, float]:
        """Return the shares of all events that a and b are expected to have at a ratio."""
        weighted = ratio * self.exposure_b
        total = self.exposure_a + weighted
        return self.exposure_a / total, weighted / total


RateRatioMethod = Literal["score", "exact", "log_wald"]


def rate_ratio_ci(
    rates: TwoRates,
    *,
    method: RateRatioMethod = "score",
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "rate",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Estimate the ratio b over a of two Poisson rates.

    Parameters
    ----------
    rates : TwoRates
        Events and exposure of both groups.
    method : str
        How interval and tests are made, see Notes.
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
        ``p_value`` is against 1, ``p_noninferiority`` at the margin, both by the method of the
        interval. Where a has no event the ratio is NaN with a note and the upper limit infinite;
        without any event the interval is from 0 to infinity. ``"log_wald"`` has no interval, with a
        note, where a group has no event: nothing is added to counts. ``std_error`` is the plug-in
        one, which the other intervals do not use.

    Raises
    ------
    ValueError
        If the method, the level, the margin or the direction is wrong.

    Notes
    -----
    ============ ===============================================================================
    ``score``    The default [1]_. Given all events, those of b are binomial with a share that
                 depends on the ratio alone: the limits are Wilson's of that share.
    ``exact``    For guaranteed coverage [2]_, wider: the Clopper-Pearson limits of that share.
                 ``p_value`` is twice the smaller binomial tail, at most 1, and ``statistic`` the
                 standard normal deviate of that P.
    ``log_wald`` Wald on logarithms, as many papers do, with variance 1 / events_a + 1 / events_b.
                 With some ten events in each group it is close to the score method.
    ============ ===============================================================================

    Not where events cluster.

    References
    ----------
    .. [1] Graham PL, Mengersen K, Morton AP. Stat Med 2003;22:2071-2083. doi:10.1002/sim.1405
    .. [2] Przyborowski J, Wilenski H. Biometrika 1940;31:313-323. doi:10.1093/biomet/31.3-4.313

    Examples
    --------
    >>> rates = TwoRates(events_a=93, exposure_a=52872, events_b=81, exposure_b=53043)
    >>> for method in ("score", "log_wald"):
    ...     ratio = rate_ratio_ci(rates, method=method, quantity="interval_cancer_rate")
    ...     print(f"{ratio.estimate:.2f} ({ratio.ci_low:.2f}, {ratio.ci_high:.2f})")
    0.87 (0.65, 1.17)
    0.87 (0.64, 1.17)
    >>> few = TwoRates(events_a=2, exposure_a=1000, events_b=7, exposure_b=1000)
    >>> ratio = rate_ratio_ci(few, method="exact")
    >>> f"{ratio.ci_low:.2f} to {ratio.ci_high:.1f}, P {ratio.p_value:.3f}"
    '0.67 to 34.5, P 0.180'
    """
    words, ci_method, fields_of = chosen(method, _METHODS)
    check_margin(margin, effect="ratio", better=better)
    level = check_ci_level(ci_level)
    return Comparison(
        method=f"ratio of two Poisson rates, {words}",
        ci_method=ci_method,
        quantity=quantity,
        label_a=label_a,
        label_b=label_b,
        **{**fields_of(rates, level, margin, better), "ci_level": level},
    )


def _by_score(
    rates: TwoRates, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return all fields by the score method."""
    statistic = _score(rates, 1.0)
    return {
        **_estimates(rates),
        "std_error": rates.ratio * _log_error(rates),
        "statistic": statistic,
        "df": math.inf,
        "p_value": 2 * float(special.ndtr(-abs(statistic))),
        **_limits(rates, wilson, level),
        **_noninferiority(rates, _score_tails, margin, better),
    }


def _exactly(
    rates: TwoRates, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return all fields by the exact method."""
    above, below = _exact_tails(rates, 1.0)
    p_value = min(1.0, 2 * min(above, below))
    return {
        **_estimates(rates),
        "std_error": rates.ratio * _log_error(rates),
        "statistic": math.copysign(float(special.ndtri(p_value / 2)), below - above),
        "df": math.inf,
        "p_value": p_value,
        **_limits(rates, clopper_pearson, level),
        **_noninferiority(rates, _exact_tails, margin, better),
    }


def _by_log_wald(
    rates: TwoRates, level: float, margin: float | None, better: Better | None
) -> dict[str, Any]:
    """Return all fields by Wald's method on the logarithm."""
    fields = _estimates(rates)
    if rates.events_a and not rates.events_b:
        fields["note"] = "no interval: b has no event, and a logarithm of 0 is not defined"
    wald = wald_ratio(rates.ratio, _log_error(rates), ci_level=level, margin=margin, better=better)
    return {**fields, **vars(wald)}


_Fields = Callable[[TwoRates, float, float | None, Better | None], dict[str, Any]]
_METHODS: dict[str, tuple[str, str, _Fields]] = {
    "score": ("score", "score", _by_score),
    "exact": ("exact", "exact, Clopper-Pearson", _exactly),
    "log_wald": ("Wald on the logarithm", "log Wald", _by_log_wald),
}


def _estimates(rates: TwoRates) -> dict[str, Any]:
    """Return the estimates of a ratio but its standard error as fields of a Comparison."""
    note = ""
    if not rates.events_a:
        both = "" if rates.events_b else " and neither has b: the counts say nothing"
        note = f"the ratio is not defined: a has no event{both}"
    elif not rates.events_b:
        note = "b has no event: the plug-in standard error is not defined"
    return {
        "note": note,
        "estimate": rates.ratio,
        "estimate_a": rates.events_a / rates.exposure_a,
        "estimate_b": rates.events_b / rates.exposure_b,
        "unit": "ratio",
        "effect": "ratio",
    }


def _log_error(rates: TwoRates) -> float:
    """Return the plug-in standard error of the logarithm; NaN where a group has no event."""
    if not (rates.events_a and rates.events_b):
        return math.nan
    return math.sqrt(1 / rates.events_a + 1 / rates.events_b)


def _limits(
    rates: TwoRates, limits: Callable[[int, int, float], Limits], level: float
) -> dict[str, Any]:
    """Return the limits of the ratio from those of the shares of all events."""
    if not rates.events:
        return {"ci_low": 0.0, "ci_high": math.inf}
    tail = (1 - level) / 2
    low_a, high_a = (float(end) for end in limits(rates.events_a, rates.events, tail))
    low_b, high_b = (float(end) for end in limits(rates.events_b, rates.events, tail))
    # The odds of b, with 1 - low_b as the limit of a, which keeps its digits.
    per_odds = rates.exposure_a / rates.exposure_b
    high = per_odds * high_b / low_a if low_a else math.inf
    return {"ci_low": per_odds * low_b / high_a, "ci_high": high}


def _score(rates: TwoRates, ratio: float) -> float:
    """Return the score of a ratio, positive where b lies above it."""
    share_a, share_b = rates.shares(ratio)
    deviation = rates.events_b * share_a - rates.events_a * share_b
    return score_of(deviation, rates.events * share_a * share_b)


def _score_tails(rates: TwoRates, ratio: float) -> tuple[float, float]:
    """Return the P of as many events of b or more, and or fewer, from the score."""
    score = _score(rates, ratio)
    return float(special.ndtr(-score)), float(special.ndtr(score))


def _exact_tails(rates: TwoRates, ratio: float) -> tuple[float, float]:
    """Return the P of as many events of b or more, and or fewer, given all events."""
    a, b = rates.events_a, rates.events_b
    share_b = rates.shares(ratio)[1]
    above = float(special.betainc(b, a + 1, share_b)) if b else 1.0
    below = float(special.betaincc(b + 1, a, share_b)) if a else 1.0
    return above, below


def _noninferiority(
    rates: TwoRates,
    tails: Callable[[TwoRates, float], tuple[float, float]],
    margin: float | None,
    better: Better | None,
) -> dict[str, Any]:
    """Return the margin and its one-sided test as fields of a Comparison."""
    p_noninferiority = None
    if margin is not None:
        above, below = tails(rates, margin)
        p_noninferiority = above if better == "higher" else below
    return {"margin": margin, "better": better, "p_noninferiority": p_noninferiority}
