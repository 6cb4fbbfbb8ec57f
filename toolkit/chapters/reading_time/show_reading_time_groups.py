"""What chapter 09 shows of groups: examinations by AI score, and with and without cancer."""

from __future__ import annotations

import math
from itertools import groupby

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.arrays import FloatArray
from toolkit.chapters.reading_time.reading_time_analyses import ReadingTimeStudy
from toolkit.chapters.reading_time.reading_time_groups import TimeGroup
from toolkit.chapters.reading_time.show_reading_time import level_text, ratio_columns
from toolkit.draw.forest import ForestGroup, ForestRow, ForestView, forest_figure, forest_row
from toolkit.words.sentences import estimate_phrase, estimate_text
from toolkit.words.wording import count_text, joined

_HEADS = {"score": "AI score of the examination", "truth": "Reference standard"}
_OTHER = ("No score", "Not known")


def shown(groups: tuple[TimeGroup, ...]) -> tuple[TimeGroup, ...]:
    """Return the groups of those kinds that have two at least: one alone compares nothing."""
    kinds = [group.kind for group in groups]
    return tuple(group for group in groups if kinds.count(group.kind) > 1)


def figure(study: ReadingTimeStudy, groups: tuple[TimeGroup, ...]) -> Figure | None:
    """Return the forest of the groups' ratios, that of all last; None without groups."""
    rows: list[ForestRow | ForestGroup] = []
    for kind, of_kind in groupby(shown(groups), key=lambda group: group.kind):
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
    if not rows:
        return None
    pooled = study.primary.ratio
    every = (count_text(study.primary.n_cases), *ratio_columns(pooled))
    rows.append(forest_row(pooled, label="All examinations", left=every, kind="pooled"))
    a, b = study.timed.modalities
    view = ForestView(
        rows=rows,
        effect="ratio",
        form="ratio",
        left_heads=("Geometric mean, s", "N", a, b),
        right_heads=("Ratio", f"{level_text(pooled)} CI"),
        axis_label=f"Ratio of times, {b} to {a}, log scale",
        left_words="faster",
        right_words="slower",
        role="aided",
    )
    return forest_figure(view)


def finding(groups: tuple[TimeGroup, ...]) -> str:
    """Return the ratios at both ends of each kind of group."""
    sentences = []
    for kind in _HEADS:
        defined = [
            group
            for group in shown(groups)
            if group.kind == kind
            and group.name not in _OTHER
            and not math.isnan(group.ratio.estimate)
        ]
        if len(defined) > 1:
            ends = [
                f"{estimate_phrase(group.ratio)} for {_words(group)}"
                for group in (defined[0], defined[-1])
            ]
            sentences.append(joined(ends))
    if sentences:
        return f"The ratio of times is {'; '.join(sentences)}."
    return "No two groups of examinations have times to compare."


def _words(group: TimeGroup) -> str:
    """Return a group within a sentence."""
    name = group.name[0].lower() + group.name[1:]
    return f"a score of {name}" if group.kind == "score" else f"examinations {name}"


def caption(groups: tuple[TimeGroup, ...], scores: FloatArray) -> str:
    """Return what the forest draws, and what it does not say."""
    if not shown(groups):
        return ""
    none = np.isnan(scores).all()
    no_score = " No AI score is in the data, so there are no groups by score." if none else ""
    return (
        "Open triangles, ratio within each group by the primary analysis; diamond, all. *N*, "
        "examinations with every time. The groups were not tested against each other: "
        "examinations with a high score, and those with cancer, differ from the others in more "
        f"than that.{no_score}"
    )


def alt(groups: tuple[TimeGroup, ...]) -> str:
    """Return the forest's alternative text."""
    drawn = shown(groups)
    values = [group.ratio.estimate for group in drawn if not math.isnan(group.ratio.estimate)]
    if not values:
        return "Forest plot of the ratio of reading times by group of examinations; none defined."
    lowest, highest = (
        estimate_text(next(group.ratio for group in drawn if group.ratio.estimate == value))
        for value in (min(values), max(values))
    )
    return (
        "Forest plot of the ratio of reading times by group of examinations; the ratios run from "
        f"{lowest} to {highest}."
    )


def data(groups: tuple[TimeGroup, ...]) -> pd.DataFrame:
    """Return the groups as they were drawn."""
    drawn = shown(groups)
    return pd.DataFrame(
        {
            "groups": [_HEADS[group.kind] for group in drawn],
            "group": [group.name for group in drawn],
            "examinations": [group.n_cases for group in drawn],
            "geometric_mean_a_s": [group.ratio.estimate_a for group in drawn],
            "geometric_mean_b_s": [group.ratio.estimate_b for group in drawn],
            "ratio": [group.ratio.estimate for group in drawn],
            "ci_low": [group.ratio.ci_low for group in drawn],
            "ci_high": [group.ratio.ci_high for group in drawn],
        }
    )
