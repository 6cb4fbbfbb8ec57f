"""What chapter 20 shows: enrolment against its plan, the recall rate, the AI and the readers."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.figure import Figure

from toolkit.arrays import FloatArray, IntArray
from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.chapters.monitoring.analysis import (
    AiFailures,
    Look,
    MonitoringStudy,
    ReaderFunnel,
    RecallWatch,
)
from toolkit.draw import html
from toolkit.draw.control import cusum_figure, funnel_figure
from toolkit.draw.html import HIDDEN, TableColumn, TableRow, TableView
from toolkit.draw.monitoring import DriftStrip, accrual_figure, causes_figure
from toolkit.results import Result
from toolkit.stats.monitoring import AccrualProjection
from toolkit.words.sentences import ci_phrase, estimate_text
from toolkit.words.wording import (
    EM_DASH,
    capital,
    count_text,
    counted,
    joined,
    number_text,
    share_text,
    value_text,
)

_BLINDED = (
    "Both reading modes are shown together. Cancers, and every result by mode, stay hidden until "
    f"the data lock: {HIDDEN} cancers, {HIDDEN} found only with AI."
)
_CAUSES = {
    "failed": "Failed: no valid score",
    "missing": "Missing: no result came",
    "not_recorded": "Not recorded: no reading",
}


def blinding(blinded: bool) -> str:
    """Return what a blinded page hides; empty once the study is unblinded."""
    return _BLINDED if blinded else ""


def head(study: MonitoringStudy) -> Headline:
    """Return whether the extension is needed, with the month in which the target is met."""
    projection = study.projection
    ends = (projection.planned_months, projection.last_month)
    return Headline(
        question=(
            f"Is the {ends[1] - ends[0]}-month extension needed to reach "
            f"{count_text(projection.target)} women?"
        ),
        answer=_answer(projection),
        bar=_bar(projection),
        facts=[
            ("Enrolled", share_text(projection.enrolled, projection.target)),
            (
                f"Planned by month {projection.months_elapsed}",
                number_text(projection.planned_by_now, digits=0),
            ),
            (f"Chance by month {ends[0]}", _chance(projection.probability_by_planned_end)),
            (f"Chance by month {ends[1]}", _chance(projection.probability_by_last_month)),
        ],
    )


def _answer(projection: AccrualProjection) -> str:
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
    fewer = "more" if gap > 0 else "fewer"
    than = (
        "as many as needed by then"
        if not gap
        else f"{count_text(abs(gap))} {fewer} than needed by then"
    )
    pace = f"At the pace of the last {counted(projection.pace_months, 'month')}"
    if math.isinf(projection.month_met):
        return f"Yes. {so_far}, {than}. {pace} the target is out of reach."
    interval = _months_range(projection.month_met_low, projection.month_met_high)
    # The chance of the planned end stands in the facts.
    verdicts = {True: "Yes.", False: "No.", None: "Cannot be answered yet."}
    return (
        f"{verdicts[projection.extension_needed]} {so_far}, {than}. {pace} the target is met in "
        f"month {_month(projection.month_met)} (95% prediction interval {interval}), "
        f"{_where(projection)}."
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


def _where(projection: AccrualProjection) -> str:
    """Return where the median month lies against planned end and extension."""
    if projection.month_met <= projection.planned_months:
        return "by the planned end"
    if projection.month_met <= projection.last_month:
        return "within the extension"
    return "after the extension as well"


def _bar(projection: AccrualProjection) -> html.IntervalBar | None:
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


def data_end(study: MonitoringStudy) -> str:
    """Return up to when the data were looked at."""
    look, look_month = study.look, study.look_month
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


def enrolment(study: MonitoringStudy) -> Exhibit:
    """Return enrolment against the plan with its projection."""
    look, projection, plan = study.look, study.projection, study.plan
    n_months = max(look.n_months, plan.size)
    enrolled, planned = np.full(n_months, np.nan), np.full(n_months, np.nan)
    enrolled[: look.n_months] = look.monthly_counts
    planned[: plan.size] = plan
    return Exhibit(
        figure=accrual_figure(projection, monthly_counts=look.monthly_counts, plan=plan),
        finding=_enrolment_finding(projection),
        caption=_enrolment_caption(study),
        alt=(
            f"Women enrolled against the plan over {counted(projection.months_elapsed, 'month')}, "
            f"with a projection to month {projection.last_month}, and women by month below. "
            f"Enrolled: {count_text(projection.enrolled)} of {count_text(projection.target)}."
        ),
        data={
            "month": np.arange(1, n_months + 1),
            "enrolled": enrolled,
            "planned_by_end": planned,
        },
    )


def _enrolment_finding(projection: AccrualProjection) -> str:
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


def _enrolment_caption(study: MonitoringStudy) -> str:
    """Return what is drawn, and how the projection was made."""
    look, projection, ramp_months = study.look, study.projection, study.ramp_months
    ramp = f" (half the rate in the first {counted(ramp_months, 'month')})" if ramp_months else ""
    start = f"Solid, enrolled; grey line, plan{ramp}."
    n = look.n_undated
    undated = f" {counted(n, 'examination').capitalize()} without a date {_verb(n)} left out."
    left = undated if n else ""
    if not projection.month.size or math.isnan(projection.pace):
        return f"{start}{left}"
    first = projection.months_elapsed - projection.pace_months + 1
    # The axis may end before the answer.
    met = (
        " The month in which the target is met lies beyond the axis."
        if projection.month_met > projection.last_month
        else " Diamond, month in which the target is met, with its 95% prediction interval."
    )
    spread = number_text(projection.overdispersion * 100, digits=0)
    return (
        f"{start} Dashed, median projection. Gamma–Poisson model of the rate of months {first} to "
        f"{projection.months_elapsed} ({number_text(projection.pace, digits=0)} a month), months "
        f"vary by {spread}%.{met}{left}"
    )


def _verb(n: int) -> str:
    """Return the verb for a count."""
    return "is" if n == 1 else "are"


def scenario_table(study: MonitoringStudy) -> Exhibit | None:
    """Return what the answer depends on; None once the target is met or without a pace."""
    scenarios, latest = study.scenarios, study.projection
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
    needed = (
        " The last row is the pace that reaches the target at the planned end on average, so it "
        "does so about half of the time."
        if "needed" in scenarios
        else ""
    )
    rows = [
        TableRow(_scenario_cells(name, one), "emphasis" if name == "pace" else "plain")
        for name, one in scenarios.items()
    ]
    view = TableView(
        title="What the answer depends on",
        columns=columns,
        rows=rows,
        dense=True,
        foot=f"*PI*, prediction interval, from the same gamma–Poisson model.{needed}",
    )
    return Exhibit(table=view)


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


def recalls(study: MonitoringStudy) -> Exhibit:
    """Return the CUSUM of women recalled; a sentence alone where nobody was read."""
    look, watch = study.look, study.recalls
    if watch is None:
        return Exhibit(
            finding="Whether the recall rate is stable cannot be shown: no reading has a decision."
        )
    signals = [
        f"a {kind} in month {look.month[at - 1]}"
        for kind, at in (("rise", watch.chart.signal_up), ("fall", watch.chart.signal_down))
        if at is not None
    ]
    highest, limit = (
        number_text(value, digits=1)
        for value in (float(watch.chart.up.max()), watch.limit.estimate)
    )
    return Exhibit(
        figure=cusum_figure(watch.chart, month_starts=look.month_starts),
        finding=(
            f"Signal: the recall rate shows {joined(signals)}."
            if signals
            else "No signal: the recall rate has stayed inside both limits."
        ),
        caption=_recall_caption(watch),
        alt=(
            "CUSUM chart of the recall rate, both reading modes together, evidence for a rise "
            "above and for a fall below zero. The highest value of the rise is "
            f"{highest}, its limit {limit}."
        ),
        data=_recall_data(look, watch),
    )


def _recall_caption(watch: RecallWatch) -> str:
    """Return what is drawn, the rates looked for, and how often the limits raise false alarms."""
    chart, overall = watch.chart, watch.overall
    up, down, plan = (
        value_text(rate, form="percent") for rate in (chart.rate_up, chart.rate_down, chart.rate)
    )
    alarms = value_text(watch.plan.false_alarm, form="percent").replace(".0%", "%")
    return (
        "Two-sided CUSUM of the log-likelihood ratio, women recalled by any reading, both modes "
        f"together: {share_text(overall.numerator or 0, overall.denominator or 0)}, "
        f"{ci_phrase(overall)}, {overall.ci_method}; plan {plan}. The upper line looks for a rise "
        f"to {up}, the lower for a fall to {down}. Limits from "
        f"{count_text(watch.plan.simulations)} simulated studies of "
        f"{count_text(watch.limit.n_cases or 0)} women without change: {alarms} of them raise a "
        "false alarm."
    )


def _recall_data(look: Look, watch: RecallWatch) -> dict[str, IntArray | FloatArray]:
    """Return recalls and both paths at the end of each month."""
    ends = np.append(look.month_starts[1:], look.recalled.size)
    total = np.append(0, np.cumsum(look.recalled))
    last = np.maximum(ends - 1, 0)
    return {
        "month": np.arange(1, look.n_months + 1),
        "women_read": np.diff(np.append(look.month_starts, look.recalled.size)),
        "recalled": np.diff(np.append(total[look.month_starts], total[-1])).astype(int),
        "cusum_rise_at_end": watch.chart.up[last],
        "cusum_fall_at_end": watch.chart.down[last],
    }


def failures(study: MonitoringStudy) -> Exhibit:
    """Return failures by cause and month; a sentence alone without an AI or without a failure."""
    failed = study.failures
    if failed is None:
        return Exhibit(finding="Whether the AI runs cannot be shown: the data hold no AI.")
    n, of = int(failed.count.sum()), int(failed.n.sum())
    if not n:
        return Exhibit(finding=f"Every one of {count_text(of)} examinations has an AI score.")
    start = f"{share_text(n, of)} examinations have no AI score"
    above = [f"{count_text(failed.count[m - 1])} fell in month {m}" for m in failed.months_above]
    return Exhibit(
        figure=_failure_figure(failed),
        finding=(
            f"{start}; {joined(above)}, more than chance explains."
            if above
            else f"{start}; no month has more than chance explains."
        ),
        caption=(
            "**a** By cause. **b** Share without a score "
            f"({ci_phrase(failed.overall)}, {failed.overall.ci_method}); shaded, what chance "
            "explains, exact binomial at the rarity of three standard errors. These women are read "
            "without AI in both modes and stay in the analysis."
        ),
        alt=(
            "Bars of examinations without an AI score by cause, and their share by month. "
            f"{counted(n, 'examination').capitalize()} of {count_text(of)} without a score."
        ),
        data={
            "month": np.arange(1, failed.n.size + 1),
            "examinations": failed.n,
            "without_score": failed.count,
            "chance_high": failed.high,
        },
    )


def _failure_figure(failures: AiFailures) -> Figure:
    """Return failures by cause and month."""
    causes = sorted(
        ((_CAUSES[name], n) for name, n in failures.causes.items() if n), key=lambda one: -one[1]
    )
    names = {
        int(month) - 1: f"{count_text(failures.count[month - 1])} of "
        f"{count_text(failures.n[month - 1])}"
        for month in failures.months_above
    }
    strip = DriftStrip(
        label="No score",
        note=f"mean {estimate_text(failures.overall)}",
        values=failures.value,
        low=np.zeros(failures.n.size),
        high=failures.high,
        centre=failures.overall.estimate,
        names=names,
    )
    months = list(range(1, failures.n.size + 1))
    return causes_figure(causes, months, strip)


def readers(study: MonitoringStudy) -> Exhibit:
    """Return the funnel of readers; a sentence alone where the common rate is not known."""
    look, funnel = study.look, study.funnel
    if funnel is None:
        return Exhibit(finding="Readers cannot be compared: there are no recalls, or only recalls.")
    n_readers = counted(len(funnel.rates), "reader")
    recalled = share_text(funnel.common.numerator or 0, funnel.common.denominator or 0)
    expected = number_text(len(look.labels) * 0.05, digits=1)
    return Exhibit(
        figure=funnel_figure(
            look.labels,
            look.reader_recalls,
            look.reader_readings,
            limits=funnel.limits,
            x_label="Readings by this reader, both modes together",
        ),
        finding=_reader_finding(funnel),
        caption=(
            f"Recall rate of each of {n_readers}, {recalled} readings. Bands, exact binomial "
            "limits around the common rate. Names are pseudonyms, drawn anew for every look; the "
            f"key stays with the data manager. By chance {expected} of these readers are expected "
            "outside 95%."
        ),
        alt=(
            f"Funnel plot of the recall rates of {n_readers} by number of readings, both modes "
            f"together. Common rate {estimate_text(funnel.common)}; "
            f"{counted(int((funnel.outside == 2).sum()), 'reader')} outside the 99.8% limits."
        ),
        data={
            "reader": [rate.label for rate in funnel.rates],
            "recalls": [rate.numerator for rate in funnel.rates],
            "readings": [rate.denominator for rate in funnel.rates],
            "recall_rate": [rate.estimate for rate in funnel.rates],
        },
    )


def _reader_finding(funnel: ReaderFunnel) -> str:
    """Return which readers lie outside the limits."""
    far, near = (
        [rate.label for rate, out in zip(funnel.rates, funnel.outside, strict=True) if out == level]
        for level in (2, 1)
    )
    rest = len(funnel.rates) - len(far) - len(near)
    if not far and not near:
        lie = "lies" if rest == 1 else "lie"
        return f"{counted(rest, 'reader').capitalize()} {lie} inside the 95% limits."
    parts = []
    if far:
        parts.append(f"{_readers(far)} outside the 99.8% limits")
    if near:
        parts.append(f"{_readers(near)} outside 95% only")
    if rest:
        verb = "lies" if rest == 1 else "lie"
        parts.append(f"{counted(rest, 'other', 'others')} {verb} inside 95%")
    return f"{capital('; '.join(parts))}."


def _readers(labels: list[str]) -> str:
    """Return readers by name, with their verb."""
    one = len(labels) == 1
    return f"reader{'' if one else 's'} {joined(labels)} {'lies' if one else 'lie'}"


def record(study: MonitoringStudy) -> dict[str, Result]:
    """Return every number of the chapter by name; none tells one reading mode from another."""
    results: dict[str, Result] = {f"accrual.{n}": one for n, one in study.scenarios.items()}
    if study.recalls is not None:
        results |= {"recall_rate": study.recalls.overall, "cusum_limit": study.recalls.limit}
    if study.failures is not None:
        results["share_without_score"] = study.failures.overall
    if study.funnel is not None:
        results["recall_rate_of_readings"] = study.funnel.common
        results |= {f"recall_rate.{rate.label}": rate for rate in study.funnel.rates}
    return results
