"""Planned against actual enrolment, and when the target will be met.

The months ahead are predicted by a gamma-Poisson model whose predictive distribution has a closed
form, so nothing here is simulated. Counts are of complete months; month 1 is the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from toolkit.arrays import FloatArray, IntArray
from toolkit.results import Result
from toolkit.stats._checks import check_count, check_counts, check_rating, check_share


@dataclass(frozen=True, kw_only=True)
class CountsAhead:
    """What ``pace_count`` cases in ``pace_months`` months say of the months ahead.

    ``pace_count``, above 0, need not be whole; ``overdispersion`` is the coefficient of variation
    of the rate between months.
    """

    pace_count: float
    pace_months: int
    overdispersion: float

    def distribution(self, months_ahead: int, size: int) -> FloatArray:
        """Return P(X <= x) for the cases X of the months ahead and x = 0 ... size - 1."""
        between, months = self.overdispersion**2, self.pace_months + months_ahead
        x = np.arange(size - 1)
        steps = np.log(
            (months_ahead + x * between)
            * (self.pace_count + x)
            / ((x + 1) * (months + (self.pace_count + x) * between))
        )
        logs = self._log_none(months_ahead) + np.concatenate(([0.0], steps.cumsum()))
        below: FloatArray = np.exp(logs).cumsum()
        return below.clip(max=1.0)

    def quantiles(self, months_ahead: int, levels: Sequence[float]) -> FloatArray:
        """Return for each level the fewest cases x with P(X <= x) >= level."""
        size = math.ceil(2 * months_ahead * self.pace_count / self.pace_months) + 64
        below = self.distribution(months_ahead, size)
        while below[-1] < max(levels):
            size *= 2
            below = self.distribution(months_ahead, size)
        return np.searchsorted(below, levels).astype(np.float64)

    def probability_of(self, cases: int, months_ahead: int) -> float:
        """Return P(X >= cases) of the months ahead; ``cases`` must be above 0."""
        return 1.0 - float(self.distribution(months_ahead, cases)[-1])

    def months_until(self, cases: int, level: float, *, latest: int) -> float:
        """Return the fewest months ahead with P(X >= cases) >= level; inf beyond ``latest``."""
        if self.probability_of(cases, latest) < level:
            return math.inf
        low, high = 0, latest
        while high - low > 1:
            middle = (low + high) // 2
            if self.probability_of(cases, middle) < level:
                low = middle
            else:
                high = middle
        return float(high)

    def _log_none(self, months_ahead: int) -> float:
        """Return log P(X = 0)."""
        between, now = self.overdispersion**2, self.pace_months
        whole = math.floor(self.pace_count)
        part = self.pace_count - whole
        spent = now + (part + np.arange(whole)) * between
        total = float(np.log(spent / (spent + months_ahead)).sum())
        if part and between:  # rising factorials where the count is not whole
            first = special.poch(now / between, part)
            return total + math.log(first / special.poch((now + months_ahead) / between, part))
        return total + part * math.log(now / (now + months_ahead))


_LATEST_MONTH_AHEAD = 1200
_LEVELS = (0.5, 0.25, 0.75, 0.025, 0.975)  # in the order of the fields median ... high_95


@dataclass(frozen=True, kw_only=True, eq=False)
class AccrualProjection(Result):
    """Enrolment so far and its projection; every interval is a prediction interval.

    Parameters
    ----------
    label : str
        Which pace was assumed.
    target, enrolled, months_elapsed : int
        Cases planned, cases enrolled, complete months so far.
    planned_months, last_month : int
        The planned end, and the end of the extension, as months of the study.
    planned_by_now : float
        Cases that the plan asks for by now.
    pace : float
        Cases a month that the projection assumes.
    pace_months : int
        Months that the pace was taken from.
    overdispersion : float
        Coefficient of variation of the monthly rate between months.
    month_met, month_met_low, month_met_high : float
        Month in which the target is met: median and 95 % interval; infinite if later than month
        1,200 from now. The month itself, three times, where the target has been met.
    probability_by_planned_end, probability_by_last_month : float
        Probability that the target is met by then.
    enrolled_by_planned_end, enrolled_by_planned_end_low, enrolled_by_planned_end_high : float
        Cases at the planned end: median and 95 % interval; the count itself once it is known.
    month, median, low_50, high_50, low_95, high_95 : ndarray, shape (n_months_ahead,)
        Months ahead up to ``last_month`` and the cases enrolled by their end, as if enrolment
        went on past the target; empty where the target has been met.
    """

    label: str
    target: int
    enrolled: int
    months_elapsed: int
    planned_months: int
    last_month: int
    planned_by_now: float
    pace: float
    pace_months: int
    overdispersion: float
    month_met: float
    month_met_low: float
    month_met_high: float
    probability_by_planned_end: float
    probability_by_last_month: float
    enrolled_by_planned_end: float
    enrolled_by_planned_end_low: float
    enrolled_by_planned_end_high: float
    month: FloatArray
    median: FloatArray
    low_50: FloatArray
    high_50: FloatArray
    low_95: FloatArray
    high_95: FloatArray

    @property
    def extension_needed(self) -> bool | None:
        """Whether the target is missed by the planned end, judged at 95 %; None if undecided.

        True if the chance of meeting it by then is below 2.5 %, False from 97.5 % up: the 95 %
        prediction interval of the month lies wholly after the planned end, or wholly before.
        """
        chance = self.probability_by_planned_end
        if chance < 0.025:
            return True
        return False if chance >= 0.975 else None

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row for each quantity of the projection; its months stay in the record."""
        alone = (math.nan, math.nan, math.nan, "")
        by_end = (self.enrolled_by_planned_end_low, self.enrolled_by_planned_end_high)
        met, kind = (self.month_met_low, self.month_met_high), "prediction interval"
        chances = (self.probability_by_planned_end, self.probability_by_last_month)
        rows = [
            ("enrolled", "cases", float(self.enrolled), *alone),
            ("planned_by_now", "cases", self.planned_by_now, *alone),
            ("pace", "cases_per_month", self.pace, *alone),
            ("enrolled_by_planned_end", "cases", self.enrolled_by_planned_end, *by_end, 0.95, kind),
            ("month_met", "month", self.month_met, *met, 0.95, kind),
            ("probability_by_planned_end", "probability", chances[0], *alone),
            ("probability_by_last_month", "probability", chances[1], *alone),
        ]
        columns = [np.array(column) for column in zip(*rows, strict=True)]
        return _Rows(self.label, *columns, method=self.method, note=self.note).summary_frame()

    def _shown(self) -> dict[str, Any]:
        """Leave out the months ahead."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: v for name, v in pairs if not isinstance(v, np.ndarray) and v != ""}


@dataclass(frozen=True, eq=False)
class _Rows(Result):
    """The quantities of a projection in the columns of the glossary."""

    label: str
    quantity: NDArray[np.str_]
    unit: NDArray[np.str_]
    estimate: FloatArray
    ci_low: FloatArray
    ci_high: FloatArray
    ci_level: FloatArray
    ci_method: NDArray[np.str_]


def planned_curve(
    target: int, months: int, *, ramp_months: int = 6, ramp_share: float = 0.5
) -> FloatArray:
    """Return the cases that the plan asks for by the end of each month, shape (months,).

    Parameters
    ----------
    target : int
        Cases planned in all; the last value is exactly this.
    months : int
        Months of enrolment planned.
    ramp_months : int
        First months, in which enrolment runs at ``ramp_share`` of the later rate.
    ramp_share : float
        Share of the later rate during the ramp, from 0 to 1.

    Raises
    ------
    ValueError
        If ``target`` or ``months`` is not a whole number above 0, ``ramp_months`` does not leave a
        month at the full rate, or ``ramp_share`` is no share.

    Examples
    --------
    >>> planned_curve(13500, 24)[[5, 9, 23]].round()
    array([ 1929.,  4500., 13500.])
    """
    cases, length = check_count(target, name="target"), check_count(months, name="months")
    ramp = check_count(ramp_months, name="ramp_months")
    share = check_share(ramp_share, name="ramp_share")
    if cases == 0 or length == 0:
        msg = f"target and months must be above 0, but got {target!r} and {months!r}"
        raise ValueError(msg)
    if ramp >= length:
        msg = f"ramp_months must be fewer than months, but got {ramp} of {length}"
        raise ValueError(msg)
    planned: FloatArray = np.where(np.arange(length) < ramp, share, 1.0).cumsum()
    planned *= cases / planned[-1]
    planned[-1] = cases  # exactly, whatever the rounding
    return planned


def project_accrual(
    monthly_counts: ArrayLike,
    plan: ArrayLike,
    *,
    extension_months: int = 12,
    pace_months: int = 4,
    overdispersion: float = 0.15,
    pace: float | None = None,
    label: str = "pace",
) -> AccrualProjection:
    """Project enrolment from its pace in the last months and predict when the target is met.

    Parameters
    ----------
    monthly_counts : array_like of int, shape (n_months,)
        Cases enrolled in each complete month; leave out a month that has not ended.
    plan : array_like, shape (n_planned_months,)
        Cases planned by the end of each month, from ``planned_curve``: its last value is the
        target, its length the planned end.
    extension_months : int
        Months by which enrolment could be extended.
    pace_months : int
        Months that the pace is taken from; fewer if fewer are complete.
    overdispersion : float
        Coefficient of variation of the monthly rate between months (holidays, machines), from 0
        to 1; 0 leaves Poisson variation only.
    pace : float, optional
        Cases a month to assume instead, as well known as if those months had shown it.
    label : str
        Name of the pace.

    Returns
    -------
    AccrualProjection
        NaN with a note where nothing was enrolled in the months of the pace.

    Raises
    ------
    ValueError
        If a count, the plan, or a choice is wrong.

    Notes
    -----
    Monthly counts are Poisson with rates that vary between months as a gamma variable of
    coefficient of variation c around an unknown constant rate r, so they are negative binomial
    with mean r and variance r + c^2 r^2. With s cases in k months and the scale-invariant prior
    1 / r, c^2 r / (1 + c^2 r) has the posterior Beta(s, k / c^2), and the cases of the next h
    months are beta negative binomial; for c = 0 r is Gamma(s, k) and they are negative binomial.
    So the interval holds the uncertainty of the pace as well as the variation of the months ahead.

    The model is that of Anisimov and Fedorov with months in place of centres. It assumes that the
    months ahead resemble those of the pace: not during the ramp, and not if a second machine, a
    reader's leave or a holiday season is to come; compare ``accrual_scenarios``.

    References
    ----------
    Anisimov VV, Fedorov VV. Stat Med 2007;26:4958-4975. doi:10.1002/sim.2956

    Examples
    --------
    >>> counts = [180, 250, 290, 270, 310, 316, 580, 570, 575, 571]
    >>> projection = project_accrual(counts, planned_curve(13500, 24))
    >>> projection.enrolled, projection.pace, projection.month_met
    (3912, 574.0, 27.0)
    >>> round(projection.probability_by_planned_end, 2), projection.extension_needed
    (0.03, None)
    """
    history, planned = check_counts(monthly_counts, name="monthly_counts"), _check_plan(plan)
    months = min(_check_months(pace_months), history.size)
    spread = check_share(overdispersion, name="overdispersion")
    pace_count = _pace_count(history, months, pace)
    position = _Position(
        target=int(planned[-1]),
        enrolled=int(history.sum()),
        months_elapsed=history.size,
        planned_months=planned.size,
        last_month=planned.size + check_count(extension_months, name="extension_months"),
    )
    if position.enrolled >= position.target:
        outcome = _met(position, history.cumsum())
    elif pace_count == 0:
        outcome = _without_pace(position, history, months)
    else:
        ahead = CountsAhead(pace_count=pace_count, pace_months=months, overdispersion=spread)
        outcome = _ahead(position, history, ahead)
    return AccrualProjection(
        method="gamma-Poisson projection of enrolment",
        label=label,
        planned_by_now=_planned_by(planned, history.size),
        pace=pace_count / months if months else math.nan,
        pace_months=months,
        overdispersion=spread,
        **vars(position),
        **outcome,
    )


def accrual_scenarios(
    monthly_counts: ArrayLike,
    plan: ArrayLike,
    *,
    extension_months: int = 12,
    pace_months: int = 4,
    overdispersion: float = 0.15,
) -> dict[str, AccrualProjection]:
    """Project enrolment at the pace of the last months and at others, to see what depends on it.

    Parameters
    ----------
    monthly_counts, plan, extension_months, pace_months, overdispersion
        As in ``project_accrual``.

    Returns
    -------
    dict of str to AccrualProjection
        ``"pace"`` (of the last months), ``"slower"`` and ``"faster"`` (by a tenth), ``"planned"``
        (what the plan asks for, on average, in each month up to its end; after it, in its last
        month) and ``"needed"`` (what meets the target at the planned end on average, so with a
        chance of about one half). One that does not apply is left out: only ``"pace"`` stays once
        the target has been met or where no month is complete, ``"slower"`` and ``"faster"`` need a
        pace, ``"needed"`` a month before the planned end.

    Raises
    ------
    ValueError
        As ``project_accrual``.

    Examples
    --------
    >>> counts = [180, 250, 290, 270, 310, 316, 580, 570, 575, 571]
    >>> scenarios = accrual_scenarios(counts, planned_curve(13500, 24))
    >>> {name: round(s.pace) for name, s in scenarios.items()}
    {'pace': 574, 'slower': 517, 'faster': 631, 'planned': 643, 'needed': 685}
    """

    def projected(label: str, pace: float | None) -> AccrualProjection:
        return project_accrual(
            monthly_counts,
            plan,
            extension_months=extension_months,
            pace_months=pace_months,
            overdispersion=overdispersion,
            pace=pace,
            label=label,
        )

    latest = projected("pace", None)
    if latest.enrolled >= latest.target or latest.months_elapsed == 0:
        return {"pace": latest}
    planned, months_left = _check_plan(plan), latest.planned_months - latest.months_elapsed
    paces = {"slower": 0.9 * latest.pace, "faster": 1.1 * latest.pace} if latest.pace else {}
    if months_left > 0:
        paces["planned"] = (latest.target - latest.planned_by_now) / months_left
        paces["needed"] = (latest.target - latest.enrolled) / months_left
    else:
        paces["planned"] = latest.target - _planned_by(planned, planned.size - 1)
    others = {label: projected(label, pace) for label, pace in paces.items() if pace > 0}
    return {"pace": latest, **others}


@dataclass(frozen=True, kw_only=True)
class _Position:
    """Where enrolment stands."""

    target: int
    enrolled: int
    months_elapsed: int
    planned_months: int
    last_month: int


def _check_plan(plan: ArrayLike) -> FloatArray:
    """Return the plan as float64, shape (n_planned_months,): rising to a whole target."""
    planned = check_rating(plan, n_cases=np.size(plan), name="plan")
    rises = np.isfinite(planned).all() and not np.any(np.diff(planned, prepend=0.0) < 0)
    if planned.size == 0 or not rises:
        msg = "plan must hold the cases planned by the end of each month, never fewer than before"
        raise ValueError(msg)
    if check_count(planned[-1], name="the last value of plan") == 0:
        msg = "plan must end at a target above 0, but got 0"
        raise ValueError(msg)
    return planned


def _check_months(pace_months: int) -> int:
    """Return the months that the pace is taken from, at least one."""
    months = check_count(pace_months, name="pace_months")
    if months == 0:
        msg = "pace_months must be above 0, but got 0; a pace needs a month"
        raise ValueError(msg)
    return months


def _pace_count(history: IntArray, months: int, pace: float | None) -> float:
    """Return the cases of the last months, or what they would be at another pace."""
    if pace is None:
        return float(history[history.size - months :].sum())
    if not (math.isfinite(pace) and pace > 0):
        msg = f"pace must be a finite number of cases a month, above 0, but got {pace!r}"
        raise ValueError(msg)
    return pace * months


def _planned_by(planned: FloatArray, month: int) -> float:
    """Return the cases planned by the end of a month; month 0 is the start."""
    return float(planned[min(month, planned.size) - 1]) if month else 0.0


def _outcome(
    *,
    met: Sequence[float],
    chances: Sequence[float],
    by_planned_end: Sequence[float],
    month: FloatArray,
    bands: FloatArray,
    note: str = "",
) -> dict[str, Any]:
    """Return the fields of a projection that depend on the months ahead, named.

    Triples are median, lower and upper limit; ``bands`` has a row for each of ``_LEVELS``.
    """
    names = ("median", "low_50", "high_50", "low_95", "high_95")
    return {
        **dict(zip(("month_met", "month_met_low", "month_met_high"), met, strict=True)),
        "probability_by_planned_end": chances[0],
        "probability_by_last_month": chances[1],
        "enrolled_by_planned_end": by_planned_end[0],
        "enrolled_by_planned_end_low": by_planned_end[1],
        "enrolled_by_planned_end_high": by_planned_end[2],
        "month": month,
        **dict(zip(names, bands, strict=True)),
        "note": note,
    }


def _met(position: _Position, so_far: IntArray) -> dict[str, Any]:
    """Return the outcome where the target has been met: known, nothing to project."""
    month = int(np.argmax(so_far >= position.target)) + 1
    ends = (position.planned_months, position.last_month)
    counted = so_far[min(position.planned_months, so_far.size) - 1]
    return _outcome(
        met=(float(month),) * 3,
        chances=tuple(float(month <= end) for end in ends),
        by_planned_end=(float(counted),) * 3,
        month=np.empty(0),
        bands=np.empty((len(_LEVELS), 0)),
    )


def _without_pace(position: _Position, history: IntArray, months: int) -> dict[str, Any]:
    """Return the outcome where no pace is known: NaN, and why."""
    month = _months_ahead(position)
    ends = (position.planned_months, position.last_month)
    over = [end <= position.months_elapsed for end in ends]
    counted = float(history[: ends[0]].sum()) if over[0] else math.nan
    return _outcome(
        met=(math.nan,) * 3,
        chances=[0.0 if past else math.nan for past in over],
        by_planned_end=(counted,) * 3,
        month=month,
        bands=np.full((len(_LEVELS), month.size), math.nan),
        note=f"no projection: nobody was enrolled in the last {months} months"
        if months
        else "no projection: no month is complete",
    )


def _ahead(position: _Position, history: IntArray, ahead: CountsAhead) -> dict[str, Any]:
    """Return the outcome where the target lies ahead."""
    elapsed, missing = position.months_elapsed, position.target - position.enrolled
    month = _months_ahead(position)
    bands = np.array([ahead.quantiles(int(m) - elapsed, _LEVELS) for m in month]).T
    bands = bands.reshape(len(_LEVELS), month.size) + position.enrolled
    ends = (position.planned_months, position.last_month)
    if elapsed < ends[0]:
        at_end = bands[:, ends[0] - elapsed - 1]
        by_planned_end = (at_end[0], at_end[3], at_end[4])
    else:
        by_planned_end = (float(history[: ends[0]].sum()),) * 3
    return _outcome(
        met=[
            elapsed + ahead.months_until(missing, level, latest=_LATEST_MONTH_AHEAD)
            for level in (0.5, 0.025, 0.975)
        ],
        chances=[
            ahead.probability_of(missing, end - elapsed) if end > elapsed else 0.0 for end in ends
        ],
        by_planned_end=[float(value) for value in by_planned_end],
        month=month,
        bands=bands,
    )


def _months_ahead(position: _Position) -> FloatArray:
    """Return the months from now to the end of the extension."""
    return np.arange(position.months_elapsed + 1.0, position.last_month + 1.0)
