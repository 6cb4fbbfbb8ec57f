"""What chapter 09 shows: how long reading takes in two modalities, by reader, order and group."""

from __future__ import annotations

import math
from itertools import groupby

import pandas as pd

from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.chapters.reading_time.analysis import (
    ORDER,
    SECOND,
    OrderBlocks,
    ReadingTimeStudy,
    TimeAnalysis,
    TimeGroup,
    pauses_text,
    recorded_times,
    seconds_text,
)
from toolkit.draw.forest import ForestGroup, ForestRow, ForestView, forest_figure, forest_row
from toolkit.draw.html import TableColumn, TableRow, TableView, interval_bar
from toolkit.draw.tables import RowKind
from toolkit.draw.times import SpreadRow, order_figure, spread_figure
from toolkit.results import Comparison, Estimate, Result
from toolkit.stats.mrmc.analysis import FEW_READERS
from toolkit.words.sentences import (
    answer_text,
    ci_phrase,
    estimate_phrase,
    estimate_text,
    margin_limit,
)
from toolkit.words.wording import (
    capital,
    count_text,
    counted,
    joined,
    level_text,
    p_phrase,
    range_text,
    share_text,
    value_text,
)

MOST_ROWS = 30  # a figure of more readers is cut, and says so
_PER_LIST, _MINUTE = 100, 60
_HEADS = {"score": "AI score of the examination", "truth": "Reference standard"}
_OTHER = ("No score", "Not known")


def head(study: ReadingTimeStudy) -> Headline:
    """Return the question, and the answer of the analysis."""
    (a, b), modality = study.timed.names, study.timed.modalities[1]
    ratio = study.primary.difference
    faster = f"Is {b} faster than {a}?"
    answer = answer_text(ratio, measure="The geometric mean reading time", form="seconds")
    return Headline(
        question=faster if study.margin is None else f"Does {b} take no longer than {a}?",
        answer=answer,
        primary=ratio,
        bar=interval_bar(
            ratio, left=f"{modality} faster", right=f"{modality} slower", role="aided"
        ),
        facts=_facts(study),
        limits=_limits(study),
    )


def _limits(study: ReadingTimeStudy) -> list[str]:
    """Return what limits the answer, one sentence each."""
    if study.primary.times is None:
        return []
    n_readers, sentences = len(study.labels), []
    if n_readers == 1:
        sentences.append("This holds for one reader, on examinations like these; for no other.")
    elif n_readers < FEW_READERS:
        few = capital(counted(n_readers, "reader"))
        sentences.append(f"{few} are too few to speak for readers in general.")
    n_cases, used = len(study.timed.case_id), study.primary.n_cases
    if used < n_cases:
        sentences.append(
            f"It rests on {count_text(used)} of {count_text(n_cases)} examinations, those with "
            "every time."
        )
    return sentences


def _facts(study: ReadingTimeStudy) -> list[tuple[str, str]]:
    """Return the four facts under the answer."""
    primary, n_readers = study.primary, len(study.labels)
    times, gained = "None in this analysis", "Not defined"
    if primary.times is not None:
        times = (
            f"{count_text(primary.n_times)}: {counted(n_readers, 'reader')}, "
            f"{counted(primary.n_cases, 'examination')}"
        )
        gained = _per_list_phrase(primary.times.seconds)
    how = (
        "ANOVA of log times; readers and cases random"
        if n_readers > 1
        else "Paired t on log times; this reader only"
    )
    return [
        ("Times", times),
        ("Analysis", how),
        ("Per 100 examinations", gained),
    ]


def per_list_texts(seconds: Comparison) -> tuple[str, str]:
    """Return the minutes that a list of 100 examinations gains, and their interval."""
    scale = _PER_LIST / _MINUTE
    low, high = seconds.ci_low * scale, seconds.ci_high * scale
    estimate = value_text(seconds.estimate * scale, form="number", signed=True)
    return estimate, range_text(low, high, form="number", always_to=True)


def _per_list_phrase(seconds: Comparison) -> str:
    """Return the minutes that a list of 100 examinations gains, with their interval."""
    estimate, limits = per_list_texts(seconds)
    if math.isnan(seconds.ci_low + seconds.ci_high):
        return f"{estimate} min"
    return f"{estimate} min ({level_text(seconds.ci_level)} CI {limits})"


def ratio_columns(ratio: Comparison) -> tuple[str, str]:
    """Return both geometric means in seconds."""
    a, b = (value_text(v, form="seconds", unit=False) for v in (ratio.estimate_a, ratio.estimate_b))
    return a, b


def _cut(n_readers: int) -> str:
    """Return that a figure of many readers is cut, or nothing."""
    return f" The first {MOST_ROWS} of {n_readers} readers." if n_readers > MOST_ROWS else ""


# --- how long a reading takes --------------------------------------------------------------------


def spread(study: ReadingTimeStudy) -> Exhibit:
    """Return all times of both modalities and the quartiles of each reader."""
    (*each, every), (a, b), rule = study.spreads, study.timed.modalities, study.rule
    shortest, limit = seconds_text(rule.shortest_s), seconds_text(rule.pause_limit_s)
    if not every.n_a + every.n_b:
        return Exhibit(finding=f"No reading has a time of {shortest} or more.")
    rows = [SpreadRow(label=one.label, a=one.a, b=one.b) for one in each[:MOST_ROWS]]
    if len(each) > 1:
        rows.append(SpreadRow(label=every.label, a=every.a, b=every.b, pooled=True))
    texts = [value_text(float(values[1]), form="seconds") for values in (every.a, every.b)]
    medians = [
        f"{text} in {name}"
        for text, name, n in zip(texts, study.timed.names, (every.n_a, every.n_b), strict=True)
        if n
    ]
    pauses = f"no time is longer than {limit}"
    if study.n_paused:
        pauses = f"longer than {limit}: {share_text(study.n_paused, every.n_a + every.n_b)}"
    n_short = sum(count.n_short for count in study.counts)
    short = f" {capital(counted(n_short, 'time'))} under {shortest} not drawn." if n_short else ""
    paused = f"; in the analyses, those over the limit are {pauses_text(rule)}"
    return Exhibit(
        figure=spread_figure(
            *recorded_times(study.timed, rule),
            rows,
            label_a=a,
            label_b=b,
            pause_limit_s=rule.pause_limit_s,
        ),
        finding=f"The median reading took {joined(medians)}; {pauses}.",
        caption=(
            f"**a** Share of the readings by time, {count_text(every.n_a)} {a} (dashed grey) and "
            f"{count_text(every.n_b)} {b} (green). **b** Lines, quartiles; open circle, median "
            f"{a}; triangle, median {b}. Times as recorded{paused if study.n_paused else ''}."
            f"{short}{_cut(len(each))}"
        ),
        alt=(
            "Distribution of reading times in two modalities on a log axis, and quartiles by "
            f"reader; medians {' and '.join(texts)}."
        ),
        data=_spread_data(study),
    )


def _spread_data(study: ReadingTimeStudy) -> pd.DataFrame:
    """Return the quartiles as they were drawn."""
    columns: dict[str, list[object]] = {"reader": [row.label for row in study.spreads]}
    for name in "ab":
        columns[f"n_{name}"] = [getattr(row, f"n_{name}") for row in study.spreads]
        for place, quartile in enumerate(("lower_quartile", "median", "upper_quartile")):
            values = [getattr(row, name)[place] for row in study.spreads]
            columns[f"{quartile}_{name}_s"] = values
    return pd.DataFrame(columns)


def count_table(study: ReadingTimeStudy) -> Exhibit:
    """Return what became of the readings of each modality."""
    rule = study.rule
    shortest, left_out = seconds_text(rule.shortest_s), rule.pauses == "excluded"
    paused = f"over {seconds_text(rule.pause_limit_s)}, {pauses_text(rule)}"
    counted_rows: list[tuple[str, str, RowKind]] = [
        ("Completed readings", "n_read", "plain"),
        ("Without a time", "n_untimed", "sub"),
        (f"Under {shortest}, left out", "n_short", "sub"),
        ("Times that count", "n_used", "emphasis"),
    ]
    where, name = (3, capital(paused)) if left_out else (4, f"of these {paused}")
    counted_rows.insert(where, (name, "n_paused", "sub"))
    rows = [
        TableRow(
            [label, *(count_text(getattr(count, name)) for count in study.counts)],
            kind,
            rule=name == "n_used",
        )
        for label, name, kind in counted_rows
    ]
    used = count_text(study.primary.n_times // 2)
    view = TableView(
        title="Which times count",
        columns=[
            TableColumn("", align="left"),
            *(TableColumn(modality) for modality in study.timed.modalities),
        ],
        rows=[*rows, TableRow(["In the analysis", used, used])],
        foot=_count_foot(study),
    )
    return Exhibit(table=view)


def _count_foot(study: ReadingTimeStudy) -> str:
    """Return which times do not come into the primary analysis."""
    sentences = ["The analysis needs every time of an examination."]
    dropped = len(study.timed.case_id) - study.primary.n_cases
    if dropped:
        lack = "lacks" if dropped == 1 else "lack"
        sentences.append(f"{capital(counted(dropped, 'examination'))} {lack} one or more.")
    missing = len(study.timed.readers) - len(study.labels)
    if missing:
        sentences.append(
            f"{capital(counted(missing, 'reader'))} without times in both modalities "
            f"{'is' if missing == 1 else 'are'} left out."
        )
    return " ".join(sentences)


# --- reader by reader ----------------------------------------------------------------------------


def _forest_view(
    study: ReadingTimeStudy,
    rows: list[ForestRow | ForestGroup],
    left_heads: tuple[str, ...],
    *,
    margin: float | None = None,
) -> ForestView:
    """Return a forest of ratios of times."""
    a, b = study.timed.modalities
    return ForestView(
        rows=rows,
        effect="ratio",
        form="ratio",
        left_heads=("Geometric mean, s", *left_heads, a, b),
        right_heads=("Ratio", f"{level_text(study.primary.difference.ci_level)} CI"),
        axis_label=f"Ratio of times, {b} to {a}, log scale",
        margin=margin,
        better="lower",
        left_words="faster",
        right_words="slower",
        role="aided",
    )


def _ratio_data(ratios: list[Comparison]) -> dict[str, list[float]]:
    """Return ratios with both means as they were drawn."""
    return {
        "geometric_mean_a_s": [one.estimate_a for one in ratios],
        "geometric_mean_b_s": [one.estimate_b for one in ratios],
        "ratio": [one.estimate for one in ratios],
        "ci_low": [one.ci_low for one in ratios],
        "ci_high": [one.ci_high for one in ratios],
    }


def forest(study: ReadingTimeStudy) -> Exhibit:
    """Return the forest of ratios by reader, the slowest change first, with that of all."""
    pooled, several = study.primary.difference, len(study.readers) > 1
    defined = [one for one in study.readers if not math.isnan(one.estimate)]
    if not defined:
        return Exhibit(finding=f"No ratio of times is defined: {pooled.note}.")
    shown = sorted(defined, key=lambda one: -one.estimate)[:MOST_ROWS]
    rows: list[ForestRow | ForestGroup] = [
        forest_row(one, label=one.label, left=ratio_columns(one)) for one in shown
    ]
    if several and not math.isnan(pooled.estimate):
        rows.append(
            forest_row(pooled, label="All readers", left=ratio_columns(pooled), kind="pooled")
        )
    margin = None if pooled.margin is None else margin_limit(pooled)
    finding = f"This reader's ratio of times is {estimate_phrase(defined[0])}."
    if several:
        faster = sum(one.estimate < 1 for one in defined)
        lowest, highest = (one(defined, key=lambda one: one.estimate) for one in (min, max))
        finding = (
            f"Of {counted(len(defined), 'reader')}, {counted(faster, 'was', 'were')} faster in "
            f"{study.timed.names[1]}: the ratio runs from {estimate_text(lowest)} to "
            f"{estimate_text(highest)}, and that of all is {estimate_phrase(pooled)}."
        )
    a, b = study.timed.modalities
    return Exhibit(
        figure=forest_figure(_forest_view(study, rows, (), margin=margin)),
        finding=finding,
        caption=_forest_caption(study),
        alt=(
            f"Forest plot of the ratio of reading times, {b} to {a}, of "
            f"{counted(len(shown), 'reader')}; that of all is {estimate_text(pooled)}."
        ),
        data=pd.DataFrame(
            {
                "reader": ["All readers", *(one.label for one in shown)],
                **_ratio_data([pooled, *shown]),
            }
        ),
    )


def _forest_caption(study: ReadingTimeStudy) -> str:
    """Return what the forest draws."""
    pooled, primary, (a, b) = study.primary.difference, study.primary, study.timed.modalities
    clustered = pooled.n_clusters is not None and pooled.n_clusters < (pooled.n_cases or 0)
    clusters = ", patients as cases" if clustered else ""
    own = "" if primary.times is not None else ", each on the examinations with both times"
    parts = [
        f"Triangles, each reader's geometric mean time, {b} over {a} (paired *t* on log times, "
        f"cases random{clusters}{own})"
    ]
    if len(study.readers) > 1 and not math.isnan(pooled.estimate):
        test = "" if math.isnan(pooled.p_value) else f"; {p_phrase(pooled.p_value)} for no change"
        parts.append(
            f"diamond, all readers (ANOVA of log times, readers and cases random{clusters}{test})"
        )
    margin = " Shaded, longer than the margin." if pooled.margin is not None else ""
    limit = seconds_text(study.rule.pause_limit_s)
    pauses = f"no time was over {limit}"
    if study.n_paused:
        pauses = f"{counted(study.n_paused, 'time')} over {limit} {pauses_text(study.rule)}"
    return (
        f"{'; '.join(parts)}.{margin} Sorted by ratio.{_cut(len(study.readers))} "
        f"{capital(counted(primary.n_cases, 'examination'))}, {count_text(primary.n_times)} times; "
        f"{pauses}."
    )


# --- along the order -----------------------------------------------------------------------------


def order(study: ReadingTimeStudy) -> Exhibit:
    """Return the times along the order of reading."""
    blocks, (a, b) = study.blocks, study.timed.modalities
    if blocks is None:
        return Exhibit(
            finding="Whether readers become faster along the order of reading cannot be shown: the "
            "order is not recorded."
        )
    n_readers = blocks.by_reader.shape[1]
    means = f"thick, mean of {counted(n_readers, 'reader')}, each weighing alike"
    method = (
        ""
        if study.with_order is None
        else " Effects, mixed model of log times with modality and order, readers and cases random."
    )
    first, last = (
        " and ".join(value_text(value, form="seconds") for value in blocks.mean[place].tolist())
        for place in (0, -1)
    )
    shown = blocks.by_reader[:, :MOST_ROWS]
    return Exhibit(
        figure=order_figure(blocks.middle, shown, blocks.mean, label_a=a, label_b=b),
        finding=_order_finding(study, blocks),
        caption=(
            f"Thin lines, each reader's geometric mean time in "
            f"{counted(blocks.first.size, 'block')} of the order; {means}; dashed grey, {a}; "
            f"green, {b}. {count_text(int(blocks.n_times.sum()))} times. Blocks hold different "
            f"examinations for each reader.{method}{_cut(n_readers)}"
        ),
        alt=(
            f"Lines of reading times along the order of reading, one panel {a}, one {b}, each "
            f"reader thin, the mean thick: {first} in the first block, {last} in the last."
        ),
        data=pd.DataFrame(
            {
                "first_place": blocks.first,
                "last_place": blocks.last,
                "n_a": blocks.n_times[:, 0],
                "n_b": blocks.n_times[:, 1],
                "geometric_mean_a_s": blocks.mean[:, 0],
                "geometric_mean_b_s": blocks.mean[:, 1],
            }
        ),
    )


def _order_finding(study: ReadingTimeStudy, blocks: OrderBlocks) -> str:
    """Return how times change along the order, and from the first to the second reading."""
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


# --- groups --------------------------------------------------------------------------------------


def groups(study: ReadingTimeStudy) -> Exhibit:
    """Return the forest of the groups' ratios, that of all last."""
    kinds = [group.kind for group in study.groups]
    # One group of its kind alone compares nothing.
    shown = [group for group in study.groups if kinds.count(group.kind) > 1]
    finding = _group_finding(shown)
    if not shown:
        return Exhibit(finding=finding)
    values = [group.ratio for group in shown if not math.isnan(group.ratio.estimate)]
    ends = "none defined"
    if values:
        lowest, highest = (
            estimate_text(one(values, key=lambda ratio: ratio.estimate)) for one in (min, max)
        )
        ends = f"the ratios run from {lowest} to {highest}"
    no_score = (
        "" if study.has_scores else " No AI score is in the data, so there are no groups by score."
    )
    return Exhibit(
        figure=forest_figure(_forest_view(study, _group_rows(study, shown), ("N",))),
        finding=finding,
        caption=(
            "Open triangles, ratio within each group by the analysis of the answer; diamond, all. "
            "*N*, examinations with every time. The groups were not tested against each other: "
            "examinations with a high score, and those with cancer, differ from the others in more "
            f"than that.{no_score}"
        ),
        alt=f"Forest plot of the ratio of reading times by group of examinations; {ends}.",
        data=pd.DataFrame(
            {
                "groups": [_HEADS[group.kind] for group in shown],
                "group": [group.name for group in shown],
                "examinations": [group.n_cases for group in shown],
                **_ratio_data([group.ratio for group in shown]),
            }
        ),
    )


def _group_rows(study: ReadingTimeStudy, shown: list[TimeGroup]) -> list[ForestRow | ForestGroup]:
    """Return a row a group under the head of its kind, then that of all examinations."""
    rows: list[ForestRow | ForestGroup] = []
    for kind, of_kind in groupby(shown, key=lambda group: group.kind):
        rows.append(ForestGroup(label=_HEADS[kind]))
        rows += [
            forest_row(
                group.ratio,
                label=group.name,
                left=(count_text(group.n_cases), *ratio_columns(group.ratio)),
                kind="subgroup",
            )
            for group in of_kind
        ]
    pooled = study.primary.difference
    every = (count_text(study.primary.n_cases), *ratio_columns(pooled))
    return [*rows, forest_row(pooled, label="All examinations", left=every, kind="pooled")]


def _group_finding(shown: list[TimeGroup]) -> str:
    """Return the ratios at both ends of each kind of group."""
    sentences = []
    for kind in _HEADS:
        defined = [
            group
            for group in shown
            if group.kind == kind
            and group.name not in _OTHER
            and not math.isnan(group.ratio.estimate)
        ]
        if len(defined) > 1:
            of = "a score of" if kind == "score" else "examinations"
            ends = [
                f"{estimate_phrase(one.ratio)} for {of} {one.name[0].lower()}{one.name[1:]}"
                for one in (defined[0], defined[-1])
            ]
            sentences.append(joined(ends))
    if sentences:
        return f"The ratio of times is {'; '.join(sentences)}."
    return "No two groups of examinations have times to compare."


# --- record --------------------------------------------------------------------------------------


def record(study: ReadingTimeStudy) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {"time_ratio": study.primary.difference}
    if study.primary.times is not None:
        times = study.primary.times
        results |= {"time_seconds": times.seconds, "time_components": times.components}
        for place, mean in zip("ab", times.modalities, strict=True):
            results[f"time_mean_{place}"] = mean
    for other in study.others:
        results[_name(other)] = other.difference if other.model is None else other.model
        if other.times is not None:
            results[f"{_name(other)}_seconds"] = other.times.seconds
    for one in study.readers:
        results[f"time_ratio_{one.label.lower()}"] = one
    for number, group in enumerate(study.groups, start=1):
        results[f"time_ratio_group_{number}"] = group.ratio
    return results


def _name(analysis: TimeAnalysis) -> str:
    """Return the name of an analysis in the record."""
    if analysis.method == "ANOVA":
        return f"time_ratio_pauses_{analysis.pauses}"
    return f"time_{analysis.method.replace(' ', '_')}"
