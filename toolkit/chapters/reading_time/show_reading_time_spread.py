"""What chapter 09 shows of the times as they were recorded, and along the order of reading."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.reading_time.reading_time_analyses import ReadingTimeStudy
from toolkit.chapters.reading_time.reading_time_models import ORDER, SECOND
from toolkit.chapters.reading_time.reading_time_spread import (
    OrderBlocks,
    reader_spreads,
    recorded_times,
)
from toolkit.chapters.reading_time.show_reading_time import (
    MOST_ROWS,
    capital,
    pauses_text,
    seconds_text,
)
from toolkit.draw.times import SpreadRow, order_figure, spread_figure
from toolkit.results import Estimate
from toolkit.words.sentences import ci_phrase, estimate_text
from toolkit.words.wording import count_text, counted, joined, share_text, value_text


def spread(study: ReadingTimeStudy) -> Figure | None:
    """Return all times of both modalities and the quartiles of each reader; None without a time."""
    times_a, times_b = recorded_times(study.timed, study.plan.rule)
    if not times_a.size + times_b.size:
        return None
    *each, every = reader_spreads(study.timed, study.plan.rule)
    rows = [SpreadRow(label=one.label, a=one.a, b=one.b) for one in each[:MOST_ROWS]]
    if len(each) > 1:
        rows.append(SpreadRow(label=every.label, a=every.a, b=every.b, pooled=True))
    return spread_figure(
        times_a,
        times_b,
        rows,
        label_a=study.timed.modalities[0],
        label_b=study.timed.modalities[1],
        pause_limit_s=study.plan.rule.pause_limit_s,
    )


def spread_finding(study: ReadingTimeStudy) -> str:
    """Return both medians, and how many times hold a pause."""
    every = reader_spreads(study.timed, study.plan.rule)[-1]
    medians = [
        f"{value_text(float(values[1]), form='seconds')} in {name}"
        for values, name in zip((every.a, every.b), study.timed.names, strict=True)
        if not math.isnan(values[1])
    ]
    shortest = seconds_text(study.plan.rule.shortest_s)
    if not medians:
        return f"No reading has a time of {shortest} or more."
    return f"The median reading took {joined(medians)}; {_pauses(study, every.n_a + every.n_b)}."


def _pauses(study: ReadingTimeStudy, n_times: int) -> str:
    """Return how many times hold a pause."""
    n_paused = sum(count.n_paused for count in study.counts)
    limit = seconds_text(study.plan.rule.pause_limit_s)
    if not n_paused:
        return f"no time is longer than {limit}"
    return f"longer than {limit}: {share_text(n_paused, n_times)}"


def spread_caption(study: ReadingTimeStudy) -> str:
    """Return what is drawn of the recorded times."""
    every = reader_spreads(study.timed, study.plan.rule)[-1]
    n_readers = len(reader_spreads(study.timed, study.plan.rule)) - 1
    a, b = study.timed.modalities
    rule = study.plan.rule
    cut = f" The first {MOST_ROWS} of {n_readers} readers." if n_readers > MOST_ROWS else ""
    n_short = sum(count.n_short for count in study.counts)
    short = (
        f" {capital(counted(n_short, 'time'))} under {seconds_text(rule.shortest_s)} not drawn."
        if n_short
        else ""
    )
    paused = (
        f"; in the analyses, those over the limit are {pauses_text(rule)}"
        if any(count.n_paused for count in study.counts)
        else ""
    )
    return (
        f"**a** Share of the readings by time, {count_text(every.n_a)} {a} (dashed grey) and "
        f"{count_text(every.n_b)} {b} (green). **b** Lines, quartiles; open circle, median {a}; "
        f"triangle, median {b}. Times as recorded{paused}.{short}{cut}"
    )


def spread_alt(study: ReadingTimeStudy) -> str:
    """Return the alternative text of the recorded times."""
    every = reader_spreads(study.timed, study.plan.rule)[-1]
    return (
        "Distribution of reading times in two modalities on a log axis, and quartiles by reader; "
        f"medians {value_text(float(every.a[1]), form='seconds')} and "
        f"{value_text(float(every.b[1]), form='seconds')}."
    )


def spread_data(study: ReadingTimeStudy) -> pd.DataFrame:
    """Return the quartiles as they were drawn."""
    rows = reader_spreads(study.timed, study.plan.rule)
    columns: dict[str, list[object]] = {"reader": [row.label for row in rows]}
    for name in "ab":
        columns[f"n_{name}"] = [getattr(row, f"n_{name}") for row in rows]
        for place, quartile in enumerate(("lower_quartile", "median", "upper_quartile")):
            columns[f"{quartile}_{name}_s"] = [getattr(row, name)[place] for row in rows]
    return pd.DataFrame(columns)


def order(study: ReadingTimeStudy, blocks: OrderBlocks | None) -> Figure | None:
    """Return the times along the order of reading; None where it is not known."""
    if blocks is None:
        return None
    shown = blocks.by_reader[:, :MOST_ROWS]
    return order_figure(
        blocks.middle,
        shown,
        blocks.mean,
        label_a=study.timed.modalities[0],
        label_b=study.timed.modalities[1],
    )


def order_finding(study: ReadingTimeStudy, blocks: OrderBlocks | None) -> str:
    """Return how times change along the order, and from the first to the second reading."""
    if blocks is None:
        return (
            "Whether readers become faster along the order of reading cannot be shown: the order "
            "is not recorded."
        )
    model = study.with_order
    effects = {} if model is None else {one.label: one for one in model.covariates}
    along, second = (effects.get(f"one more of {name}") for name in (ORDER, SECOND))
    sentences = [_ends(study, blocks) if along is None else _along(along)]
    if second is not None:
        sentences.append(
            f"A second reading of an examination took {_times_as_long(second)} as the first."
        )
    return " ".join(sentences)


def _along(effect: Estimate) -> str:
    """Return the change along the order by its interval."""
    words = "does not show a change"
    if effect.ci_high < 1:
        words = "shows that reading became faster"
    elif effect.ci_low > 1:
        words = "shows that reading became slower"
    if math.isnan(effect.ci_low):
        words = "is not defined"
    return (
        f"A hundred places later in the order a reading took {_times_as_long(effect)}; the "
        f"interval {words}."
    )


def _times_as_long(effect: Estimate) -> str:
    """Return a ratio of times for a sentence."""
    limits = "" if math.isnan(effect.ci_low) else f" ({ci_phrase(effect)})"
    return f"{estimate_text(effect)} times as long{limits}"


def _ends(study: ReadingTimeStudy, blocks: OrderBlocks) -> str:
    """Return the times of the first and of the last block, where no model tells the change."""
    ways = [
        f"from {value_text(first, form='seconds')} to {value_text(last, form='seconds')} in {name}"
        for first, last, name in zip(
            blocks.mean[0].tolist(), blocks.mean[-1].tolist(), study.timed.names, strict=True
        )
        if not math.isnan(first + last)
    ]
    if not ways:
        return "No modality was read both early and late in the order."
    reason = study.order_reason or "the order is not known for every time"
    return (
        f"From the first to the last places of the order the geometric mean time went "
        f"{joined(ways)}; there is no interval: {reason}."
    )


def order_caption(study: ReadingTimeStudy, blocks: OrderBlocks | None) -> str:
    """Return what is drawn along the order."""
    if blocks is None:
        return ""
    a, b = study.timed.modalities
    model = study.with_order
    method = (
        ""
        if model is None
        else " Effects, mixed model of log times with modality and order, readers and cases random."
    )
    n_readers = blocks.by_reader.shape[1]
    cut = f" The first {MOST_ROWS} of {n_readers} readers." if n_readers > MOST_ROWS else ""
    means = f"thick, mean of {counted(n_readers, 'reader')}, each weighing alike"
    return (
        f"Thin lines, each reader's geometric mean time in "
        f"{counted(blocks.first.size, 'block')} of the order; {means}; dashed grey, {a}; green, "
        f"{b}. {count_text(int(blocks.n_times.sum()))} times. Blocks hold different examinations "
        f"for each reader.{method}{cut}"
    )


def order_alt(study: ReadingTimeStudy, blocks: OrderBlocks | None) -> str:
    """Return the alternative text of the times along the order."""
    if blocks is None:
        return ""
    first, last = (
        " and ".join(value_text(value, form="seconds") for value in blocks.mean[place].tolist())
        for place in (0, -1)
    )
    a, b = study.timed.modalities
    return (
        f"Lines of reading times along the order of reading, one panel {a}, one {b}, each reader "
        f"thin, the mean thick: {first} in the first block, {last} in the last."
    )


def order_data(blocks: OrderBlocks | None) -> pd.DataFrame | None:
    """Return the means as they were drawn."""
    if blocks is None:
        return None
    return pd.DataFrame(
        {
            "first_place": blocks.first,
            "last_place": blocks.last,
            "n_a": blocks.n_times[:, 0],
            "n_b": blocks.n_times[:, 1],
            "geometric_mean_a_s": blocks.mean[:, 0],
            "geometric_mean_b_s": blocks.mean[:, 1],
        }
    )
