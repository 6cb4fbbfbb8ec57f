"""What chapter 21 shows: the forest of paired ratios, the primary one with its margin."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.prospective.screening_endpoints import ScreeningComparison
from toolkit.chapters.prospective.show_prospective_endpoints import ci_head
from toolkit.draw.forest import ForestGroup, ForestRow, ForestView, forest_figure, forest_row
from toolkit.stats.paired.counts import PairedCounts
from toolkit.words.sentences import estimate_phrase, estimate_text
from toolkit.words.wording import count_text, value_text


def _sides(counts: PairedCounts) -> tuple[str, str]:
    """Return the counts of both readings for a forest."""
    return count_text(counts.positive_a), count_text(counts.positive_b)


def _forest_rows(study: ScreeningComparison) -> list[ForestRow | ForestGroup]:
    """Return all ratios, what should rise and then what should fall."""
    primary = forest_row(
        study.detection.ratio,
        label="Cancers found (primary)",
        left=_sides(study.detection.counts),
        kind="pooled",
    )
    rows: list[ForestRow | ForestGroup] = [
        ForestGroup(label="More is better", right_words="with AI better"),
        replace(primary, margin=study.detection.ratio.margin),
    ]
    rows += [
        forest_row(group.ratio, label=group.label, left=_sides(group.counts), kind="subgroup")
        for group in study.subgroups
    ]
    ppv = study.ppv_ratio
    shares = tuple(value_text(s, form="percent") for s in (ppv.estimate_a, ppv.estimate_b))
    rows += [
        forest_row(ppv, label="PPV of recall (PPV1)", left=shares),
        ForestGroup(label="Fewer is better", left_words="with AI better"),
        forest_row(study.recall.ratio, label="Recalls", left=_sides(study.recall.counts)),
    ]
    if study.biopsy is not None:
        rows.append(
            forest_row(study.biopsy.ratio, label="Biopsies", left=_sides(study.biopsy.counts))
        )
    if study.time is not None:
        times = (study.time.estimate_a, study.time.estimate_b)
        shown = tuple(value_text(t, form="seconds") for t in times)
        rows.append(forest_row(study.time, label="Reading time", left=shown))
    return rows


def figure(study: ScreeningComparison) -> Figure:
    """Return the forest of all ratios, the primary one with its margin."""
    view = ForestView(
        rows=_forest_rows(study),
        effect="ratio",
        form="ratio",
        left_heads=("", "Without", "With AI"),
        right_heads=("Ratio", ci_head(study)),
        axis_label="Ratio, with AI to without, log scale",
        role="aided",
    )
    return forest_figure(view)


def finding(study: ScreeningComparison) -> str:
    """Return the ratios of cancers and of recalls with their intervals."""
    cancers, recalls = study.detection.ratio, study.recall.ratio
    of_recalls = f"of recalls {'is ' if math.isnan(cancers.estimate) else ''}"
    parts = [
        f"{start}{estimate_phrase(ratio)}"
        for start, ratio in (("of cancers found is ", cancers), (of_recalls, recalls))
        if not math.isnan(ratio.estimate)
    ]
    if not parts:
        return "No ratio is defined: nobody was recalled without AI."
    return f"The ratio {', '.join(parts)}."


def caption(study: ScreeningComparison) -> str:
    """Return what the forest draws."""
    margin = study.detection.ratio.margin
    limit = "" if margin is None else f" with its margin of {margin:g}, which holds for that row"
    groups = (
        " open triangles, subgroups, each with its own paired ratio, not tested against each other;"
        if study.subgroups
        else ""
    )
    return (
        f"Paired ratios with {ci_head(study)} on a log axis. Diamond, primary endpoint{limit};"
        f"{groups} filled triangles, secondary endpoints. Columns, women counted, or share or time "
        "of each reading. Methods as in the table above."
    )


def alt(study: ScreeningComparison) -> str:
    """Return the forest's alternative text."""
    return (
        "Forest plot of ratios, reading with AI to reading without, of cancers found, recalls and "
        f"other endpoints. The ratio of cancers found is {estimate_text(study.detection.ratio)}."
    )


def data(study: ScreeningComparison) -> pd.DataFrame:
    """Return the rows of the forest as numbers."""
    rows = [row for row in _forest_rows(study) if isinstance(row, ForestRow)]
    return pd.DataFrame(
        {
            "endpoint": [row.label for row in rows],
            "without_ai": [row.left[0] for row in rows],
            "with_ai": [row.left[1] for row in rows],
            "ratio": [row.estimate for row in rows],
            "ci_low": [row.low for row in rows],
            "ci_high": [row.high for row in rows],
        }
    )
