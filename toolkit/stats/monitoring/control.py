"""Is a rate stable over time, and do readers differ by more than chance: CUSUM and funnel limits.

Both watch a rate (recalls, failures of the AI) without regard to the reading condition, so that
they can be looked at while a study is blinded. A signal asks for a look at the cause.
"""

from __future__ import annotations

import math
from collections.abc import Sized
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray
from toolkit.results import Estimate, Result
from toolkit.stats._checks import Rng, check_call, check_count, check_counts, check_rng, check_share


@dataclass(frozen=True, kw_only=True, eq=False)
class Cusum(Result):
    """Cumulative sums of the log-likelihood ratio of a rise and of a fall of a rate.

    Parameters
    ----------
    rate, rate_up, rate_down : float
        The rate expected, the rise looked for and the fall looked for.
    up, down : ndarray, shape (n_events,)
        Evidence for the rise and for the fall after each unit, 0 or more; it starts anew at 0.
    limit : float, optional
        A path above this signals.
    signal_up, signal_down : int, optional
        The first unit, counted from 1, at which the path lies above the limit.
    """

    rate: float
    rate_up: float
    rate_down: float
    up: FloatArray
    down: FloatArray
    limit: float | None = None
    signal_up: int | None = None
    signal_down: int | None = None

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a unit and path: kind, the unit counted from 1, and the evidence."""
        unit = np.arange(1.0, self.up.size + 1)
        return _two_lines(self, unit, cusum_up=self.up, cusum_down=self.down)

    def _shown(self) -> dict[str, Any]:
        """Replace the paths by their length."""
        return {**_without_arrays(self), "units": self.up.size}


def cusum(
    events: ArrayLike,
    *,
    rate: float,
    rate_up: float,
    rate_down: float,
    limit: float | None = None,
) -> Cusum:
    """Watch a rate for a rise and a fall by the CUSUM of the log-likelihood ratio.

    Parameters
    ----------
    events : array_like of 0 and 1, shape (n_events,)
        Whether each unit had the event, in the order of time.
    rate, rate_up, rate_down : float
        The rate expected (from the plan, not from these data), the rise and the fall looked for.
    limit : float, optional
        A path above this signals; from ``cusum_limit``.

    Returns
    -------
    Cusum
        Both paths; empty where there are no units.

    Raises
    ------
    ValueError
        If an event is neither 0 nor 1, or not 0 < rate_down < rate < rate_up < 1, or the limit
        is not positive.

    Notes
    -----
    Each path adds log(p1 / p0) for an event and log((1 - p1) / (1 - p0)) for none, p1 the rate
    looked for, and never falls below 0. It answers soonest, for a given rate of false alarms, to
    a lasting change to p1. Not for a rate that is meant to change, as while readers learn.

    References
    ----------
    Page ES. Biometrika 1954;41:100-115. doi:10.1093/biomet/41.1-2.100

    Steiner SH, Cook RJ, Farewell VT, Treasure T. Biostatistics 2000;1:441-452.
    doi:10.1093/biostatistics/1.4.441

    Examples
    --------
    >>> recall = cusum([0, 1, 1, 1], rate=0.1, rate_up=0.2, rate_down=0.05, limit=1.5)
    >>> recall.up.round(2)
    array([0.  , 0.69, 1.39, 2.08])
    >>> recall.signal_up
    4
    """
    _check_rates(rate, rate_up, rate_down)
    n_events = len(events) if isinstance(events, Sized) else 0
    happened = check_call(events, n_cases=n_events, name="events")
    if limit is not None and not 0 < limit < math.inf:
        msg = f"limit must be positive, but got {limit!r}; take it from cusum_limit"
        raise ValueError(msg)
    up, down = (_path(happened, rate, other) for other in (rate_up, rate_down))
    return Cusum(
        method="CUSUM of the log-likelihood ratio",
        rate=rate,
        rate_up=rate_up,
        rate_down=rate_down,
        up=up,
        down=down,
        limit=limit,
        signal_up=_first_above(up, limit),
        signal_down=_first_above(down, limit),
    )


def cusum_limit(
    n_events: int,
    *,
    rate: float,
    rate_up: float,
    rate_down: float,
    rng: Rng,
    false_alarm: float = 0.05,
    n_simulations: int = 10_000,
) -> Estimate:
    """Simulate the limit that a study without any change passes with a given probability.

    Parameters
    ----------
    n_events : int
        Units of the whole study.
    rate, rate_up, rate_down : float
        As for ``cusum``.
    rng : int, SeedSequence or Generator
        Source of randomness.
    false_alarm : float
        Probability that either path passes the limit at any time in a study at ``rate``.
    n_simulations : int
        Studies simulated.

    Returns
    -------
    Estimate
        The limit, with the 95 % interval of its simulation error.

    Raises
    ------
    ValueError
        If the rates are wrong, a count is 0, ``false_alarm`` does not lie between 0 and 1, or the
        simulations are too few for it.

    Notes
    -----
    The limit is the order statistic of the largest values of the simulated studies that a new
    study passes with a probability of at most ``false_alarm``, simulation error included.

    Examples
    --------
    >>> limit = cusum_limit(500, rate=0.075, rate_up=0.105, rate_down=0.052, rng=1,
    ...                     n_simulations=400)
    >>> limit.ci_low < limit.estimate < limit.ci_high
    True
    """
    _check_rates(rate, rate_up, rate_down)
    units, studies = (
        _above_zero(value, name=name)
        for value, name in ((n_events, "n_events"), (n_simulations, "n_simulations"))
    )
    share = check_share(false_alarm, name="false_alarm")
    place = math.ceil((1 - share) * (studies + 1))
    if not 1 <= place <= studies:
        msg = (
            f"false_alarm must lie between 1 / (n_simulations + 1) and 1, but got {share!r} with "
            f"{studies} simulations; simulate more"
        )
        raise ValueError(msg)
    generator = check_rng(rng)
    places = (np.flatnonzero(generator.random(units) < rate) for _ in range(studies))
    largest = np.sort(
        [max(_largest(place, units, rate, p) for p in (rate_up, rate_down)) for place in places]
    )
    deviate = -float(special.ndtri(0.025))
    reach = deviate * math.sqrt(studies * share * (1 - share))
    low, high = (
        float(largest[min(max(round(place + side * reach), 1), studies) - 1]) for side in (-1, 1)
    )
    return Estimate(
        method=f"simulation of {studies} studies without change",
        quantity="cusum_limit",
        unit="log_likelihood_ratio",
        estimate=float(largest[place - 1]),
        std_error=(high - low) / (2 * deviate),
        ci_low=low,
        ci_high=high,
        ci_level=0.95,
        ci_method="order statistics of the simulated largest values",
        n_cases=units,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class FunnelLimits(Result):
    """Exact binomial limits of the rate of one reader around a common rate.

    Parameters
    ----------
    rate, level : float
        The common rate, and the probability with which a reader at that rate lies within.
    n, low, high : ndarray, shape (n_sizes,)
        Units of a reader, and the lowest and highest rate, limits included, that lie within.
    """

    rate: float
    level: float
    n: FloatArray
    low: FloatArray
    high: FloatArray

    def summary_frame(self) -> Any:
        """Return one row a size and limit: kind, the units, and the limit."""
        return _two_lines(self, self.n, funnel_low=self.low, funnel_high=self.high)

    def _shown(self) -> dict[str, Any]:
        """Replace the limits by their number."""
        return {**_without_arrays(self), "sizes": self.n.size}


def funnel_limits(rate: float, n: ArrayLike, *, level: float = 0.95) -> FunnelLimits:
    """Return the rates of single readers that chance alone explains, by their number of units.

    Parameters
    ----------
    rate : float
        The common rate, between 0 and 1.
    n : array_like of int, shape (n_sizes,)
        Units (readings) of each reader, or a grid of them for a figure; above 0.
    level : float
        Probability within the limits, two-sided: 0.95 and 0.998 are usual.

    Returns
    -------
    FunnelLimits
        A reader with fewer than ``low`` or more than ``high`` lies outside: the binomial tail that
        holds the reader's count is then below (1 - level) / 2.

    Raises
    ------
    ValueError
        If the rate or the level does not lie between 0 and 1, or a number of units is not a whole
        number above 0.

    Notes
    -----
    Counts are whole, so the limits are steps and hold at least ``level``. With many readers some
    lie outside 95 % by chance: of 20, one. A common rate taken from the same readers is pulled
    towards the outlying one. Not for readers with a different mix of cases.

    References
    ----------
    Spiegelhalter DJ. Stat Med 2005;24:1185-1202. doi:10.1002/sim.1970

    Examples
    --------
    >>> limits = funnel_limits(0.052, [272, 640], level=0.998)
    >>> (limits.low * limits.n).round(), (limits.high * limits.n).round()
    (array([ 4., 17.]), array([27., 52.]))
    """
    sizes = check_counts(n, name="n")
    for value, name in ((rate, "rate"), (level, "level")):
        if not 0 < check_share(value, name=name) < 1:
            msg = f"{name} must lie between 0 and 1, both excluded, but got {value!r}"
            raise ValueError(msg)
    if np.any(sizes == 0):
        msg = "n must be above 0 for every reader, but got 0; leave out readers without readings"
        raise ValueError(msg)
    tail = (1 - level) / 2
    return FunnelLimits(
        method="exact binomial limits",
        rate=rate,
        level=level,
        n=sizes.astype(np.float64),
        low=_lowest_within(sizes, rate, tail) / sizes,
        high=1 - _lowest_within(sizes, 1 - rate, tail) / sizes,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Points(Result):
    """The points of several lines in the columns of the glossary."""

    kind: NDArray[np.str_]
    x: FloatArray
    y: FloatArray


def _two_lines(result: Result, x: FloatArray, **lines: FloatArray) -> Any:
    """Return the table of lines over one axis, named by their kind."""
    points = _Points(
        kind=np.repeat(list(lines), x.size),
        x=np.tile(x, len(lines)),
        y=np.concatenate(list(lines.values())),
        method=result.method,
        note=result.note,
    )
    return points.summary_frame()


def _without_arrays(result: Result) -> dict[str, Any]:
    """Return the fields that a notebook can show in one line."""
    pairs = ((field.name, getattr(result, field.name)) for field in fields(result))
    return {k: v for k, v in pairs if not isinstance(v, np.ndarray) and v not in (None, "")}


def _check_rates(rate: float, rate_up: float, rate_down: float) -> None:
    """Refuse rates that are not a fall, a rate and a rise."""
    if not 0 < rate_down < rate < rate_up < 1:
        msg = (
            "rates must rise from 0 < rate_down < rate < rate_up < 1, but got "
            f"rate_down={rate_down!r}, rate={rate!r}, rate_up={rate_up!r}"
        )
        raise ValueError(msg)


def _above_zero(value: int, *, name: str) -> int:
    """Return a count above 0."""
    count = check_count(value, name=name)
    if count == 0:
        msg = f"{name} must be above 0, but got 0"
        raise ValueError(msg)
    return count


def _steps(rate: float, other: float) -> tuple[float, float]:
    """Return what an event, and what none, adds to the log-likelihood ratio of another rate."""
    return math.log(other / rate), math.log1p(-other) - math.log1p(-rate)


def _path(happened: BoolArray, rate: float, other: float) -> FloatArray:
    """Return the CUSUM of the log-likelihood ratio of another rate."""
    total = np.where(happened, *_steps(rate, other)).cumsum()
    # max(0, S + step) at each step is the sum above its lowest value so far, 0 included.
    above: FloatArray = total - np.minimum(np.minimum.accumulate(total), 0.0)
    return above


def _largest(place: IndexArray, n_events: int, rate: float, other: float) -> float:
    """Return the largest value of a path whose events happened at ``place``, counted from 0.

    Between two events the sum runs straight, so its values just before and after each event, at
    the start and at the end decide: a tenth of the work where events are rare.
    """
    event, none = _steps(rate, other)
    number = np.arange(place.size)
    before = event * number + none * (place - number)
    knots = np.zeros(2 * place.size + 2)
    knots[1:-1:2], knots[2:-1:2] = before, before + event
    knots[-1] = event * place.size + none * (n_events - place.size)
    return float((knots - np.minimum.accumulate(knots)).max())


def _first_above(path: FloatArray, limit: float | None) -> int | None:
    """Return the first unit, counted from 1, whose path lies above the limit."""
    if limit is None or not np.any(path > limit):
        return None
    return int(np.argmax(path > limit)) + 1


def _lowest_within(sizes: IntArray, rate: float, tail: float) -> FloatArray:
    """Return for each size the fewest events x with P(X <= x) >= tail."""
    start = np.nan_to_num(special.bdtrik(tail, sizes, rate), nan=0.0)
    count = np.clip(np.ceil(start), 0, sizes).astype(np.float64)
    # The inverse is continuous and rounded; the distribution function itself decides.
    while np.any(short := special.bdtr(count, sizes, rate) < tail):
        count += short
    while np.any(long := (count > 0) & (special.bdtr(count - 1, sizes, rate) >= tail)):
        count -= long
    return count
