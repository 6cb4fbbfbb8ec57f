"""What chapter 20 shows of quality: the recall rate over time, the AI's failures, the readers."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.monitoring.enrolment import AiFailures, Look, ReaderFunnel, RecallWatch
from toolkit.draw.control import cusum_figure, funnel_figure
from toolkit.draw.monitoring import DriftStrip, causes_figure
from toolkit.words.sentences import ci_phrase, estimate_text
from toolkit.words.wording import count_text, counted, joined, number_text, share_text, value_text

_CAUSES = {
    "failed": "Failed: no valid score",
    "missing": "Missing: no result came",
    "not_recorded": "Not recorded: no reading",
}


def recall_figure(look: Look, watch: RecallWatch | None) -> Figure | None:
    """Return the CUSUM of women recalled; None where nobody was read."""
    if watch is None:
        return None
    return cusum_figure(watch.chart, month_starts=look.month_starts)


def recall_finding(look: Look, watch: RecallWatch | None) -> str:
    """Return whether a path passed its limit, and when first."""
    if watch is None:
        return "Whether the recall rate is stable cannot be shown: no reading has a decision."
    signals = [
        f"a {kind} in month {look.month[at - 1]}"
        for kind, at in (("rise", watch.chart.signal_up), ("fall", watch.chart.signal_down))
        if at is not None
    ]
    if not signals:
        return "No signal: the recall rate has stayed inside both limits."
    return f"Signal: the recall rate shows {joined(signals)}."


def recall_caption(watch: RecallWatch | None) -> str:
    """Return what is drawn, the rates looked for, and how often the limits raise false alarms."""
    if watch is None:
        return ""
    chart, overall = watch.chart, watch.overall
    up, down, plan = (
        value_text(rate, form="percent") for rate in (chart.rate_up, chart.rate_down, chart.rate)
    )
    alarms = value_text(watch.false_alarm, form="percent").replace(".0%", "%")
    return (
        "Two-sided CUSUM of the log-likelihood ratio, women recalled by any reading, both modes "
        f"together: {share_text(overall.numerator or 0, overall.denominator or 0)}, "
        f"{ci_phrase(overall)}, {overall.ci_method}; plan {plan}. The upper line looks for a rise "
        f"to {up}, the lower for a fall to {down}. Limits from "
        f"{count_text(watch.n_simulations)} simulated studies of "
        f"{count_text(watch.limit.n_cases or 0)} women without change: {alarms} of them raise a "
        "false alarm."
    )


def recall_alt(watch: RecallWatch | None) -> str:
    """Return the figure's alternative text."""
    if watch is None:
        return "No figure."
    highest, limit = (
        number_text(value, digits=1)
        for value in (float(watch.chart.up.max()), watch.limit.estimate)
    )
    return (
        "CUSUM chart of the recall rate, both reading modes together, evidence for a rise above "
        f"and for a fall below zero. The highest value of the rise is {highest}, its limit {limit}."
    )


def recall_data(look: Look, watch: RecallWatch | None) -> pd.DataFrame | None:
    """Return recalls and both paths at the end of each month."""
    if watch is None:
        return None
    ends = np.append(look.month_starts[1:], look.recalled.size)
    total = np.append(0, np.cumsum(look.recalled))
    last = np.maximum(ends - 1, 0)
    return pd.DataFrame(
        {
            "month": np.arange(1, look.n_months + 1),
            "women_read": np.diff(np.append(look.month_starts, look.recalled.size)),
            "recalled": np.diff(np.append(total[look.month_starts], total[-1])).astype(int),
            "cusum_rise_at_end": watch.chart.up[last],
            "cusum_fall_at_end": watch.chart.down[last],
        }
    )


def failure_figure(failures: AiFailures | None) -> Figure | None:
    """Return failures by cause and month; None without an AI or without a failure."""
    if failures is None or not failures.count.sum():
        return None
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


def failure_finding(failures: AiFailures | None) -> str:
    """Return how many examinations have no score, and in which months there were too many."""
    if failures is None:
        return "Whether the AI runs cannot be shown: the data hold no AI."
    n, of = int(failures.count.sum()), int(failures.n.sum())
    if not n:
        return f"Every one of {count_text(of)} examinations has an AI score."
    start = f"{share_text(n, of)} examinations have no AI score"
    above = failures.months_above
    if not above.size:
        return f"{start}; no month has more than chance explains."
    named = [f"{count_text(failures.count[m - 1])} fell in month {m}" for m in above]
    return f"{start}; {joined(named)}, more than chance explains."


def failure_caption(failures: AiFailures | None) -> str:
    """Return what is drawn, and what becomes of these women."""
    if failures is None:
        return ""
    return (
        "**a** By cause. **b** Share without a score "
        f"({ci_phrase(failures.overall)}, {failures.overall.ci_method}); shaded, what chance "
        "explains, exact binomial at the rarity of three standard errors. These women are read "
        "without AI in both modes and stay in the analysis."
    )


def failure_alt(failures: AiFailures | None) -> str:
    """Return the figure's alternative text."""
    if failures is None:
        return "No figure."
    return (
        "Bars of examinations without an AI score by cause, and their share by month. "
        f"{counted(int(failures.count.sum()), 'examination').capitalize()} of "
        f"{count_text(failures.n.sum())} without a score."
    )


def failure_data(failures: AiFailures | None) -> pd.DataFrame | None:
    """Return the months as drawn."""
    if failures is None:
        return None
    return pd.DataFrame(
        {
            "month": np.arange(1, failures.n.size + 1),
            "examinations": failures.n,
            "without_score": failures.count,
            "chance_high": failures.high,
        }
    )


def reader_figure(look: Look, funnel: ReaderFunnel | None) -> Figure | None:
    """Return the funnel of readers; None where the common rate is not known."""
    if funnel is None:
        return None
    return funnel_figure(
        look.labels,
        look.reader_recalls,
        look.reader_readings,
        limits=funnel.limits,
        x_label="Readings by this reader, both modes together",
    )


def reader_finding(funnel: ReaderFunnel | None) -> str:
    """Return which readers lie outside the limits."""
    if funnel is None:
        return "Readers cannot be compared: there are no recalls, or only recalls."
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
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _readers(labels: list[str]) -> str:
    """Return readers by name, with their verb."""
    one = len(labels) == 1
    return f"reader{'' if one else 's'} {joined(labels)} {'lies' if one else 'lie'}"


def reader_caption(look: Look, funnel: ReaderFunnel | None) -> str:
    """Return what is drawn, and what chance alone would show."""
    if funnel is None:
        return ""
    recalls = share_text(funnel.common.numerator or 0, funnel.common.denominator or 0)
    expected = number_text(len(look.labels) * 0.05, digits=1)
    return (
        f"Recall rate of each of {counted(len(look.labels), 'reader')}, {recalls} readings. Bands, "
        "exact binomial limits around the common rate. Names are pseudonyms, drawn anew for every "
        f"look; the key stays with the data manager. By chance {expected} of these readers are "
        "expected outside 95%."
    )


def reader_alt(funnel: ReaderFunnel | None) -> str:
    """Return the figure's alternative text."""
    if funnel is None:
        return "No figure."
    return (
        f"Funnel plot of the recall rates of {counted(len(funnel.rates), 'reader')} by number of "
        f"readings, both modes together. Common rate {estimate_text(funnel.common)}; "
        f"{counted(int((funnel.outside == 2).sum()), 'reader')} outside the 99.8% limits."
    )


def reader_data(funnel: ReaderFunnel | None) -> pd.DataFrame | None:
    """Return the readers as drawn."""
    if funnel is None:
        return None
    return pd.DataFrame(
        {
            "reader": [rate.label for rate in funnel.rates],
            "recalls": [rate.numerator for rate in funnel.rates],
            "readings": [rate.denominator for rate in funnel.rates],
            "recall_rate": [rate.estimate for rate in funnel.rates],
        }
    )
