"""Tables of the score classes, with every count and interval, by indication."""

from __future__ import annotations

import numpy as np

from toolkit.chapters.scores.score_distribution import ScoreDistribution
from toolkit.chapters.scores.score_groups import GroupClasses
from toolkit.chapters.scores.scores import ScoredCases
from toolkit.chapters.scores.show_scores import (
    GROUPS,
    enriched_note,
    level_text,
    methods_text,
    sentence,
    stated_text,
    tolerance_text,
    without_text,
)
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.words.sentences import ci_text, estimate_text
from toolkit.words.wording import EM_DASH, count_text, counted


def class_table(result: ScoreDistribution) -> TableView | None:
    """Return the classes of the reference group, highest first; None if it has no score at all."""
    scored, group = result.scored, result.reference
    if not (group.n.sum() or group.verified.sum()):
        return None
    level = level_text(group.total_rate)
    columns = [
        TableColumn("Score", align="left"),
        TableColumn("n", span="In the class"),
        TableColumn("%", span="In the class"),
        TableColumn(f"{level} CI", align="center", span="In the class"),
        TableColumn("n/N", span="Cancers"),
        TableColumn("per 1,000", span="Cancers"),
        TableColumn(f"{level} CI", align="center", span="Cancers"),
    ]
    top = scored.n_classes - 1
    rows = [
        TableRow(_class_cells(scored, group, number), "emphasis" if number == top else "plain")
        for number in range(top, -1, -1)
    ]
    rows.append(TableRow(_total_cells(group), rule=True))
    name = "" if group.name == "all" else f", {GROUPS[group.name][0].lower()}"
    return TableView(
        title=f"{sentence(scored.unit)}s and cancers by score{name}",
        columns=columns,
        rows=rows,
        foot=_class_foot(result),
    )


def _class_cells(scored: ScoredCases, group: GroupClasses, number: int) -> list[str]:
    """Return one row of the reference group."""
    share, rate = group.share[number], group.rate[number]
    return [
        _class_name(scored, number),
        count_text(group.n[number]),
        estimate_text(share, unit=False),
        ci_text(share),
        *_rate_cells(group, number),
        ci_text(rate),
    ]


def _class_name(scored: ScoredCases, number: int) -> str:
    """Return the name of a class: a whole number, or number and borders."""
    classes = scored.classes
    return classes.names[number] if classes.whole else f"{number + 1}: {classes.names[number]}"


def _rate_cells(group: GroupClasses, number: int) -> list[str]:
    """Return cancers of verified and their rate."""
    return [
        f"{count_text(group.cancers[number])}/{count_text(group.verified[number])}",
        estimate_text(group.rate[number], unit=False),
    ]


def _total_cells(group: GroupClasses) -> list[str]:
    """Return the last row."""
    rate = group.total_rate
    return [
        "All",
        count_text(group.n.sum()),
        "100" if group.n.sum() else EM_DASH,
        "",
        f"{count_text(group.cancers.sum())}/{count_text(group.verified.sum())}",
        estimate_text(rate, unit=False),
        ci_text(rate),
    ]


def _class_foot(result: ScoreDistribution) -> str:
    """Return population, methods and what was done about weights, women and missing truth."""
    scored, group = result.scored, result.reference
    unit = scored.unit
    reason = "" if group.name == "all" else f"{group.name} "
    with_score = scored.group(group.name) & scored.scored
    unverified = int(with_score.sum() - group.verified.sum())
    parts = [
        f"n: {reason}{unit}s with a score{without_text(result)}.",
        f"Cancers: n/N of the verified{_unverified_words(unverified, unit)}.",
        _weights_sentence(result),
        *_scale_sentences(scored),
    ]
    if result.expectation.fit is not None:
        parts.append(
            f"The answer rests on wider intervals, which hold for all classes at once "
            f"(Bonferroni), against {stated_text(result)} ± {tolerance_text(result)}."
        )
    if scored.has_clusters:
        parts.append(f"{sentence(unit)}s of one woman count as a cluster.")
    parts.append(f"CI: {methods_text((*group.share, *group.rate))}.{enriched_note(result)}")
    return " ".join(part for part in parts if part)


def _unverified_words(n: int, unit: str) -> str:
    """Return how many have no reference standard, or nothing where all have one."""
    if not n:
        return ""
    return f"; {counted(n, unit)} with a score {'has' if n == 1 else 'have'} no reference standard"


def _weights_sentence(result: ScoreDistribution) -> str:
    """Return whether sampling weights were used, or nothing where there are none."""
    if result.weights_used:
        return "% and rates are weighted by the sampling weights, counts are not."
    if result.scored.weight is not None:
        return "The cases carry sampling weights; they were not used."
    return ""


def _scale_sentences(scored: ScoredCases) -> list[str]:
    """Return how scores became classes, where that is not plain."""
    classes = scored.classes
    if not classes.whole:
        return ["A class holds scores above its lower border, up to and with its upper one."]
    scores = scored.score[scored.scored]
    if (scores == np.floor(scores)).all():
        return []
    ways = {"nearest": "to the nearest class", "up": "up", "down": "down"}
    return [f"Decimal scores are rounded {ways[classes.decimals]}."]


def other_table(result: ScoreDistribution) -> TableView | None:
    """Return the classes of the other indications side by side, or None where there are none."""
    scored = result.scored
    if not result.others:
        return None
    columns = [TableColumn("Score", align="left")]
    for group in result.others:
        span, level = GROUPS[group.name][0], level_text(group.total_rate)
        columns += [TableColumn(head, span=span) for head in ("n", "%", "Cancers", "per 1,000")]
        columns.append(TableColumn(f"{level} CI", align="center", span=span))
    top = scored.n_classes - 1
    rows = [
        TableRow(
            [
                _class_name(scored, number),
                *(cell for group in result.others for cell in _other_cells(group, number)),
            ],
            "emphasis" if number == top else "plain",
        )
        for number in range(top, -1, -1)
    ]
    totals = [cell for group in result.others for cell in _other_totals(group)]
    rows.append(TableRow(["All", *totals], rule=True))
    methods = methods_text(tuple(rate for group in result.others for rate in group.rate))
    weights = f"{_weights_sentence(result)} ".lstrip()
    statement = (
        ""
        if result.expectation.share is None
        else f"The vendor's {stated_text(result)} is not about them. "
    )
    return TableView(
        title=f"{sentence(scored.unit)}s and cancers by score, other indications",
        columns=columns,
        rows=rows,
        dense=True,
        foot=(
            f"n: {scored.unit}s with a score{without_text(result)}. Cancers: n/N of the verified. "
            f"{weights}{statement}CI: {methods}.{enriched_note(result)}"
        ),
    )


def _other_cells(group: GroupClasses, number: int) -> list[str]:
    """Return one row of another indication."""
    return [
        count_text(group.n[number]),
        estimate_text(group.share[number], unit=False),
        *_rate_cells(group, number),
        ci_text(group.rate[number]),
    ]


def _other_totals(group: GroupClasses) -> list[str]:
    """Return the last row of another indication."""
    cells = _total_cells(group)
    return [cells[1], cells[2], cells[4], cells[5], cells[6]]
