"""What chapter 09 shows: how long reading takes in two modalities, the ratio reader by reader."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.reading_time.reading_time_analyses import ReadingTimeStudy
from toolkit.chapters.reading_time.reading_time_comparison import TimeAnalysis
from toolkit.chapters.reading_time.reading_time_groups import TimeGroup
from toolkit.chapters.reading_time.reading_times import TimeRule
from toolkit.draw import html
from toolkit.draw.forest import ForestView, forest_figure, forest_row
from toolkit.results import Comparison, Result
from toolkit.stats.mrmc.analysis import FEW_READERS
from toolkit.words.sentences import (
    answer_text,
    decision_text,
    estimate_phrase,
    estimate_text,
    margin_limit,
)
from toolkit.words.wording import (
    NO_BREAK_SPACE,
    count_text,
    counted,
    number_text,
    p_phrase,
    range_text,
    value_text,
)

MOST_ROWS = 30  # a figure of more readers is cut, and says so
_PER_LIST, _MINUTE = 100, 60


def question(study: ReadingTimeStudy) -> str:
    """Return the question that the plan asks."""
    a, b = study.timed.names
    if study.plan.margin is None:
        return f"Is {b} faster than {a}?"
    return f"Does {b} take no longer than {a}?"


def answer(study: ReadingTimeStudy) -> str:
    """Return the answer of the primary analysis, and what limits it."""
    words = answer_text(
        study.primary.ratio, measure="The geometric mean reading time", form="seconds"
    )
    return " ".join([words, *_limits(study)])


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


def bar(study: ReadingTimeStudy) -> html.IntervalBar | None:
    """Return the headline's interval bar; None where nothing was estimated."""
    b = study.timed.modalities[1]
    return html.interval_bar(
        study.primary.ratio, left=f"{b} faster", right=f"{b} slower", role="aided"
    )


def facts(study: ReadingTimeStudy) -> list[tuple[str, str]]:
    """Return the four facts under the answer."""
    primary, n_readers = study.primary, len(study.labels)
    times = "None in this analysis"
    if primary.times is not None:
        times = (
            f"{count_text(primary.n_times)}: {counted(n_readers, 'reader')}, "
            f"{counted(primary.n_cases, 'examination')}"
        )
    how = (
        "ANOVA of log times; readers and cases random"
        if n_readers > 1
        else "Paired t on log times; this reader only"
    )
    gained = None if primary.times is None else primary.times.seconds
    return [
        ("Times", times),
        ("Primary analysis", how),
        ("Per 100 examinations", "Not defined" if gained is None else per_list_phrase(gained)),
        ("Decision", capital(decision_text(primary.ratio))),
    ]


def capital(text: str) -> str:
    """Return a sentence's beginning."""
    return text[:1].upper() + text[1:]


def seconds_text(seconds: float) -> str:
    """Return a limit of the plan in seconds, without needless decimals."""
    return f"{number_text(seconds, digits=1).removesuffix('.0')}{NO_BREAK_SPACE}s"


def pauses_text(rule: TimeRule) -> str:
    """Return what a rule does with times that hold a pause."""
    limit = seconds_text(rule.pause_limit_s)
    return {
        "cut": f"counted as {limit}",
        "excluded": "left out",
        "kept": "kept as recorded",
    }[rule.pauses]


def per_list_texts(seconds: Comparison) -> tuple[str, str]:
    """Return the minutes that a list of 100 examinations gains, and their interval."""
    scale = _PER_LIST / _MINUTE
    low, high = seconds.ci_low * scale, seconds.ci_high * scale
    estimate = value_text(seconds.estimate * scale, form="number", signed=True)
    return estimate, range_text(low, high, form="number", always_to=True)


def per_list_phrase(seconds: Comparison) -> str:
    """Return the minutes that a list of 100 examinations gains, with their interval."""
    estimate, limits = per_list_texts(seconds)
    if math.isnan(seconds.ci_low + seconds.ci_high):
        return f"{estimate} min"
    return f"{estimate} min ({level_text(seconds)} CI {limits})"


def level_text(result: Comparison) -> str:
    """Return the level of an interval: "95%"."""
    return f"{number_text(result.ci_level * 100, digits=1).removesuffix('.0')}%"


def ratio_columns(ratio: Comparison) -> tuple[str, str]:
    """Return both geometric means in seconds."""
    a, b = (value_text(v, form="seconds", unit=False) for v in (ratio.estimate_a, ratio.estimate_b))
    return a, b


def _shown(study: ReadingTimeStudy) -> list[Comparison]:
    """Return the readers that are drawn, the slowest change first."""
    defined = [one for one in study.readers if not math.isnan(one.estimate)]
    return sorted(defined, key=lambda one: -one.estimate)[:MOST_ROWS]


def forest(study: ReadingTimeStudy) -> Figure | None:
    """Return the forest of ratios by reader, with that of all; None without any."""
    shown, pooled = _shown(study), study.primary.ratio
    if not shown:
        return None
    rows = [forest_row(one, label=one.label, left=ratio_columns(one)) for one in shown]
    if len(study.readers) > 1 and not math.isnan(pooled.estimate):
        rows.append(
            forest_row(pooled, label="All readers", left=ratio_columns(pooled), kind="pooled")
        )
    a, b = study.timed.modalities
    view = ForestView(
        rows=rows,
        effect="ratio",
        form="ratio",
        left_heads=("Geometric mean, s", a, b),
        right_heads=("Ratio", f"{level_text(pooled)} CI"),
        axis_label=f"Ratio of times, {b} to {a}, log scale",
        margin=None if pooled.margin is None else margin_limit(pooled),
        better="lower",
        left_words="faster",
        right_words="slower",
        role="aided",
    )
    return forest_figure(view)


def forest_finding(study: ReadingTimeStudy) -> str:
    """Return how many readers were faster, and the ratio of all."""
    defined = [one for one in study.readers if not math.isnan(one.estimate)]
    b = study.timed.names[1]
    if not defined:
        return f"No ratio of times is defined: {study.primary.ratio.note}."
    if len(study.readers) == 1:
        return f"This reader's ratio of times is {estimate_phrase(defined[0])}."
    faster = sum(one.estimate < 1 for one in defined)
    lowest, *_, highest = sorted(defined, key=lambda one: one.estimate) * 2
    spread = f"the ratio runs from {estimate_text(lowest)} to {estimate_text(highest)}"
    return (
        f"Of {counted(len(defined), 'reader')}, {counted(faster, 'was', 'were')} faster in {b}: "
        f"{spread}, and that of all is {estimate_phrase(study.primary.ratio)}."
    )


def forest_caption(study: ReadingTimeStudy) -> str:
    """Return what the forest draws."""
    if not _shown(study):
        return ""
    pooled, several = study.primary.ratio, len(study.readers) > 1
    clusters = ", patients as cases" if _clustered(pooled) else ""
    own = "" if study.primary.times is not None else ", each on the examinations with both times"
    parts = [
        f"Triangles, each reader's geometric mean time, {study.timed.modalities[1]} over "
        f"{study.timed.modalities[0]} (paired *t* on log times, cases random{clusters}{own})"
    ]
    if several and not math.isnan(pooled.estimate):
        test = "" if math.isnan(pooled.p_value) else f"; {p_phrase(pooled.p_value)} for no change"
        parts.append(
            f"diamond, all readers (ANOVA of log times, readers and cases random{clusters}{test})"
        )
    cut = (
        f" The first {MOST_ROWS} of {len(study.readers)} readers."
        if len(study.readers) > MOST_ROWS
        else ""
    )
    margin = " Shaded, longer than the margin." if pooled.margin is not None else ""
    return f"{'; '.join(parts)}.{margin} Sorted by ratio.{cut} {population(study)}"


def _clustered(ratio: Comparison) -> bool:
    """Whether women have more than one examination."""
    return ratio.n_clusters is not None and ratio.n_clusters < (ratio.n_cases or 0)


def population(study: ReadingTimeStudy) -> str:
    """Return how many times the primary analysis used, and what became of pauses."""
    primary = study.primary
    n_paused = sum(count.n_paused for count in study.counts)
    limit = seconds_text(study.plan.rule.pause_limit_s)
    pauses = f"no time was over {limit}"
    if n_paused:
        times = counted(n_paused, "time")
        pauses = f"{times} over {limit} {pauses_text(study.plan.rule)}"
    return (
        f"{capital(counted(primary.n_cases, 'examination'))}, {count_text(primary.n_times)} times; "
        f"{pauses}."
    )


def forest_alt(study: ReadingTimeStudy) -> str:
    """Return the forest's alternative text."""
    a, b = study.timed.modalities
    return (
        f"Forest plot of the ratio of reading times, {b} to {a}, of "
        f"{counted(len(_shown(study)), 'reader')}; that of all is "
        f"{estimate_text(study.primary.ratio)}."
    )


def forest_data(study: ReadingTimeStudy) -> pd.DataFrame:
    """Return the ratios as they were drawn."""
    rows = [("All readers", study.primary.ratio), *((one.label, one) for one in _shown(study))]
    return pd.DataFrame(
        {
            "reader": [label for label, _ in rows],
            "geometric_mean_a_s": [one.estimate_a for _, one in rows],
            "geometric_mean_b_s": [one.estimate_b for _, one in rows],
            "ratio": [one.estimate for _, one in rows],
            "ci_low": [one.ci_low for _, one in rows],
            "ci_high": [one.ci_high for _, one in rows],
        }
    )


def record(study: ReadingTimeStudy, groups: tuple[TimeGroup, ...]) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {"time_ratio": study.primary.ratio}
    if study.primary.times is not None:
        times = study.primary.times
        results |= {"time_seconds": times.seconds, "time_components": times.components}
        for place, mean in zip("ab", times.modalities, strict=True):
            results[f"time_mean_{place}"] = mean
    for other in (*study.other_rules, *study.models):
        results[_name(other)] = other.ratio if other.model is None else other.model
        if other.times is not None:
            results[f"{_name(other)}_seconds"] = other.times.seconds
    for one in study.readers:
        results[f"time_ratio_{one.label.lower()}"] = one
    for number, group in enumerate(groups, start=1):
        results[f"time_ratio_group_{number}"] = group.ratio
    return results


def _name(analysis: TimeAnalysis) -> str:
    """Return the name of an analysis in the record."""
    if analysis.method == "ANOVA":
        return f"time_ratio_pauses_{analysis.pauses}"
    return f"time_{analysis.method.replace(' ', '_')}"
