"""What chapter 20 shows of enrolment: planned and actual, and when the target will be met."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.arrays import FloatArray
from toolkit.chapters.monitoring.enrolment import AiFailures, Look, ReaderFunnel, RecallWatch
from toolkit.draw import html
from toolkit.draw.accrual import accrual_figure
from toolkit.draw.html import HIDDEN, TableColumn, TableRow, TableView
from toolkit.results import Result
from toolkit.stats.monitoring.accrual import AccrualProjection
from toolkit.words.wording import EM_DASH, count_text, counted, number_text, share_text

Scenarios = Mapping[str, AccrualProjection]

BANNER = (
    "Both reading modes are shown together. Cancers, and every result by mode, stay hidden until "
    f"the data lock: {HIDDEN} cancers, {HIDDEN} found only with AI."
)


def blinded(stamp: str) -> str:
    """Return the word stamped into each figure of a blinded page."""
    return f"BLINDED · {stamp}" if stamp else "BLINDED"


def question(projection: AccrualProjection) -> str:
    """Return the chapter's question."""
    extension = projection.last_month - projection.planned_months
    return (
        f"Is the {extension}-month extension needed to reach {count_text(projection.target)} women?"
    )


def _is_met(projection: AccrualProjection) -> bool:
    """Whether the target has been met."""
    return projection.enrolled >= projection.target


def _month(value: float) -> str:
    """Return a month as text."""
    return number_text(value, digits=0)


def _months_range(low: float, high: float) -> str:
    """Return an interval of months."""
    if math.isinf(high):
        return f"{_month(low)} or later"
    return f"{_month(low)}–{_month(high)}"


def _chance(probability: float) -> str:
    """Return a probability in whole percent, never as 0 or 100."""
    if math.isnan(probability):
        return EM_DASH
    if probability in (0.0, 1.0):
        return "0%" if probability == 0 else "100%"
    if not 0.01 <= probability <= 0.99:
        return "<1%" if probability < 0.5 else ">99%"
    return f"{number_text(probability * 100, digits=0)}%"


def answer(projection: AccrualProjection) -> str:
    """Return whether the extension is needed, from enrolment so far and its pace."""
    months = counted(projection.months_elapsed, "month")
    if _is_met(projection):
        within = projection.month_met <= projection.planned_months
        return (
            f"{'No' if within else 'Yes'}. The target of {count_text(projection.target)} women was "
            f"met in month {_month(projection.month_met)}, "
            f"{'by' if within else 'after'} the planned end in month {projection.planned_months}."
        )
    so_far = f"{count_text(projection.enrolled)} women were enrolled in {months}"
    if math.isnan(projection.probability_by_planned_end):
        return f"Cannot be answered yet. {so_far}; {projection.note}."
    gap = round(projection.enrolled - projection.planned_by_now)
    than = "as planned" if not gap else f"{count_text(abs(gap))} {_than(gap)} than planned"
    pace = f"At the pace of the last {counted(projection.pace_months, 'month')}"
    if math.isinf(projection.month_met):
        return f"Yes. {so_far}, {than}. {pace} the target is out of reach."
    interval = _months_range(projection.month_met_low, projection.month_met_high)
    return (
        f"{_verdict(projection)} {so_far}, {than}. {pace} the target is met in month "
        f"{_month(projection.month_met)} (95% prediction interval {interval}), "
        f"{_where(projection)}."
    )


def _verdict(projection: AccrualProjection) -> str:
    """Return the first word of the answer; the chance of the planned end stands in the facts."""
    return {True: "Yes.", False: "No.", None: "Cannot be answered yet."}[
        projection.extension_needed
    ]


def _than(gap: int) -> str:
    """Return the comparative of a gap."""
    return "more" if gap > 0 else "fewer"


def _where(projection: AccrualProjection) -> str:
    """Return where the median month lies against planned end and extension."""
    if projection.month_met <= projection.planned_months:
        return "by the planned end"
    if projection.month_met <= projection.last_month:
        return "within the extension"
    return "after the extension as well"


def bar(projection: AccrualProjection) -> html.IntervalBar | None:
    """Return the month in which the target is met with its interval; None where it is unknown."""
    if not math.isfinite(projection.month_met):
        return None
    planned, last = float(projection.planned_months), float(projection.last_month)
    return html.IntervalBar(
        estimate=projection.month_met,
        low=projection.month_met_low,
        high=projection.month_met_high,
        marks=(
            html.BarMark(planned, f"planned end, month {_month(planned)}"),
            html.BarMark(last, "end of extension"),
        ),
        zones=((last, math.inf),),
        extension=(planned, last),
        role="neutral",
        form="number",
        signed=False,
        label="Month in which the target is met",
    )


def facts(projection: AccrualProjection) -> list[tuple[str, str]]:
    """Return the four facts under the answer."""
    ends = (projection.planned_months, projection.last_month)
    return [
        ("Enrolled", share_text(projection.enrolled, projection.target)),
        (
            f"Planned by month {projection.months_elapsed}",
            number_text(projection.planned_by_now, digits=0),
        ),
        (f"Chance by month {ends[0]}", _chance(projection.probability_by_planned_end)),
        (f"Chance by month {ends[1]}", _chance(projection.probability_by_last_month)),
    ]


def figure(look: Look, projection: AccrualProjection, plan: FloatArray) -> Figure:
    """Return enrolment against the plan with its projection."""
    return accrual_figure(projection, monthly_counts=look.monthly_counts, plan=plan)


def finding(projection: AccrualProjection) -> str:
    """Return when the target is met, and how likely that is by the planned end."""
    if _is_met(projection):
        return f"The target was met in month {_month(projection.month_met)}."
    if math.isnan(projection.month_met):
        return f"There is {projection.note}."
    when = (
        "the target is out of reach"
        if math.isinf(projection.month_met)
        else f"the target is met in month {_month(projection.month_met)}"
    )
    chance = _chance(projection.probability_by_planned_end)
    return (
        f"At the present pace {when}; the chance of meeting it by month "
        f"{projection.planned_months} is {chance}."
    )


def caption(look: Look, projection: AccrualProjection, *, ramp_months: int) -> str:
    """Return what is drawn, and how the projection was made."""
    ramp = f" (half the rate in the first {counted(ramp_months, 'month')})" if ramp_months else ""
    start = f"Solid, enrolled; grey line, plan{ramp}."
    left = "" if not look.n_undated else f" {_undated(look)}"
    if not projection.month.size or math.isnan(projection.pace):
        return f"{start}{left}"
    first = projection.months_elapsed - projection.pace_months + 1
    spread = number_text(projection.overdispersion * 100, digits=0)
    return (
        f"{start} Dashed, median projection. Gamma–Poisson model of the rate of months {first} to "
        f"{projection.months_elapsed} ({number_text(projection.pace, digits=0)} a month), months "
        f"vary by {spread}%.{_diamond(projection)}{left}"
    )


def _diamond(projection: AccrualProjection) -> str:
    """Return how the answer is drawn, if the axis holds it."""
    if projection.month_met > projection.last_month:
        return " The month in which the target is met lies beyond the axis."
    return " Diamond, month in which the target is met, with its 95% prediction interval."


def _undated(look: Look) -> str:
    """Return how many examinations have no date."""
    n = look.n_undated
    return f"{counted(n, 'examination').capitalize()} without a date {_verb(n)} left out."


def _verb(n: int) -> str:
    """Return the verb for a count."""
    return "is" if n == 1 else "are"


def alt(projection: AccrualProjection) -> str:
    """Return the figure's alternative text."""
    return (
        f"Women enrolled against the plan over {counted(projection.months_elapsed, 'month')}, with "
        f"a projection to month {projection.last_month}, and women by month below. Enrolled: "
        f"{count_text(projection.enrolled)} of {count_text(projection.target)}."
    )


def data(look: Look, plan: FloatArray) -> pd.DataFrame:
    """Return enrolment and plan by month."""
    n_months = max(look.n_months, plan.size)
    month = np.arange(1, n_months + 1)
    enrolled = np.full(n_months, np.nan)
    enrolled[: look.n_months] = look.monthly_counts
    planned = np.full(n_months, np.nan)
    planned[: plan.size] = plan
    return pd.DataFrame({"month": month, "enrolled": enrolled, "planned_by_end": planned})


def scenario_table(scenarios: Scenarios) -> TableView | None:
    """Return what the answer depends on; None once the target is met or without a pace."""
    latest = scenarios["pace"]
    if _is_met(latest) or len(scenarios) < 2:
        return None
    ends = (latest.planned_months, latest.last_month)
    columns = [
        TableColumn(f"If from month {latest.months_elapsed + 1} on", align="left"),
        TableColumn("Women a month"),
        TableColumn("n", span=f"Women at month {ends[0]}"),
        TableColumn("95% PI", align="center", span=f"Women at month {ends[0]}"),
        TableColumn("Month", span="Target met"),
        TableColumn("95% PI", align="center", span="Target met"),
        *[TableColumn(str(end), span="Chance by month") for end in dict.fromkeys(ends)],
    ]
    rows = [
        TableRow(_scenario_cells(name, one), "emphasis" if name == "pace" else "plain")
        for name, one in scenarios.items()
    ]
    return TableView(
        title="What the answer depends on",
        columns=columns,
        rows=rows,
        dense=True,
        foot="*PI*, prediction interval, from the same gamma–Poisson model." + _foot(scenarios),
    )


def _foot(scenarios: Scenarios) -> str:
    """Return what the last scenario means, where it is shown."""
    if "needed" not in scenarios:
        return ""
    return (
        " The last row is the pace that reaches the target at the planned end on average, so it "
        "does so about half of the time."
    )


def _scenario_cells(name: str, one: AccrualProjection) -> list[str]:
    """Return the cells of a scenario."""
    first = one.months_elapsed - one.pace_months + 1
    names = {
        "pace": f"Pace of months {first} to {one.months_elapsed}",
        "slower": "A tenth slower",
        "faster": "A tenth faster",
        "planned": "Planned rate from now on",
        "needed": f"Needed for month {one.planned_months}",
    }
    chances = dict.fromkeys((one.planned_months, one.last_month))
    values = (one.probability_by_planned_end, one.probability_by_last_month)
    at_end = (one.enrolled_by_planned_end_low, one.enrolled_by_planned_end_high)
    undefined = math.isnan(one.month_met)
    return [
        names[name],
        number_text(one.pace, digits=0),
        number_text(one.enrolled_by_planned_end, digits=0),
        EM_DASH if math.isnan(at_end[0]) else "–".join(number_text(v, digits=0) for v in at_end),
        _month(one.month_met),
        EM_DASH if undefined else _months_range(one.month_met_low, one.month_met_high),
        *[_chance(value) for value in values[: len(chances)]],
    ]


def data_end(look: Look, *, look_month: int) -> str:
    """Return up to when the data were looked at."""
    months = counted(look.n_months, "month")
    later = (
        f" {counted(look.n_later, 'later examination').capitalize()} {_verb(look.n_later)} not "
        "looked at."
        if look.n_later
        else ""
    )
    short = (
        f" The data end before month {look_month}, so the last month may be incomplete."
        if look.n_months < look_month
        else ""
    )
    return f"This look covers the first {months} of the study.{later}{short}"


def record(
    scenarios: Scenarios,
    recalls: RecallWatch | None,
    failures: AiFailures | None,
    funnel: ReaderFunnel | None,
) -> dict[str, Result]:
    """Return every number of the chapter by name; none tells one reading mode from another."""
    results: dict[str, Result] = {f"accrual.{name}": one for name, one in scenarios.items()}
    if recalls is not None:
        results |= {"recall_rate": recalls.overall, "cusum_limit": recalls.limit}
    if failures is not None:
        results["share_without_score"] = failures.overall
    if funnel is not None:
        results["recall_rate_of_readings"] = funnel.common
        results |= {f"recall_rate.{rate.label}": rate for rate in funnel.rates}
    return results
