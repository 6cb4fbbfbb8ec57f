"""What chapter 04 shows of the score classes: their size and their cancers, by indication."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.exhibits.scores import (
    GROUPS,
    classes_text,
    largest_gap,
    level_text,
    methods_text,
    sentence,
    stated_text,
    tolerance_text,
)
from toolkit.figures.scores import ScoreGroup, score_figure
from toolkit.html import TableColumn, TableRow, TableView
from toolkit.results import Result
from toolkit.scoring.score_distribution import GroupClasses, ScoreDistribution
from toolkit.scoring.scores import ScoredCases
from toolkit.sentences import ci_text, estimate_text
from toolkit.wording import (
    EM_DASH,
    count_text,
    counted,
    joined,
    number_text,
    p_phrase,
    value_text,
)


def share_figure(result: ScoreDistribution, *, stamp: str) -> Figure | None:
    """Return the share of each class and the cancers per 1,000 in it; None without a score."""
    group, expectation = result.reference, result.expectation
    if not group.n.sum():
        return None
    stated = 0.0 if expectation.obstacle else expectation.share or 0.0
    name = "" if group.name == "all" else f"{group.name} "
    without = " without cancer" if result.basis == "without_cancer" else ""
    return score_figure(
        result.scored.classes.ticks,
        group.weighted_n,
        [
            _score_group(one, filled=one is group)
            for one in (group, *result.others)
            if one.verified.sum()
        ],
        expected_share=stated,
        share_label=f"Share of {name}{result.scored.unit}s{without}",
        axis_label=axis_label(result.scored),
        stamp=stamp,
    )


def axis_label(scored: ScoredCases) -> str:
    """Return the name of the axis of classes."""
    score = f"AI score of the {scored.unit}"
    return score if scored.classes.whole else f"Class of the {score}"


def _score_group(group: GroupClasses, *, filled: bool) -> ScoreGroup:
    """Return the rates of one indication as they are drawn."""
    return ScoreGroup(
        label=GROUPS[group.name][0].lower(),
        cancers=group.weighted_cancers,
        examinations=group.weighted_verified,
        # A class without verified cases is not drawn; its limits must only be numbers.
        low_per_1000=np.nan_to_num([one.ci_low for one in group.rate]),
        high_per_1000=np.nan_to_num([one.ci_high for one in group.rate]),
        filled=filled,
    )


def share_finding(result: ScoreDistribution) -> str:
    """Return whether the classes are as large as stated, and where the cancers are."""
    if not result.reference.n.sum():
        return f"No class can be shown: {result.expectation.obstacle or 'no case has a score'}."
    return f"{_size_clause(result)}; {_top_clause(result)}."


def _size_clause(result: ScoreDistribution) -> str:
    """Return what is to be said of the size of the classes."""
    shares = [one.estimate for one in result.reference.share]
    low, high = (value_text(value, form="percent") for value in (min(shares), max(shares)))
    verdict = result.expectation.verdict
    if verdict == "cannot":
        return f"The classes hold {low} to {high} each"
    if verdict == "no":
        _, held, stated = largest_gap(result)
        return f"The low classes are {'smaller' if held < stated else 'larger'} than stated"
    if verdict == "yes":
        return "The classes are as large as stated"
    return f"The classes hold {low} to {high} each, which fits {stated_text(result)}"


def _top_clause(result: ScoreDistribution) -> str:
    """Return how many cancers of each indication are in the highest class."""
    top = result.scored.n_classes - 1
    groups = [group for group in (result.reference, *result.others) if group.cancers.sum()]
    parts = [
        f"{count_text(group.cancers[top])} of {count_text(group.cancers.sum())}"
        f"{'' if place else ' cancers'} {GROUPS[group.name][1]}".strip()
        for place, group in enumerate(groups)
    ]
    if not parts:
        return "no cancer is known among them"
    return f"{classes_text(result.scored, top, top)} holds {joined(parts)}"


def share_caption(result: ScoreDistribution) -> str:
    """Return what the figure draws, with the test of the shares."""
    group, unit = result.reference, result.scored.unit
    reason = "" if group.name == "all" else f"{group.name} "
    weighted = ", weighted to the population they were sampled from" if result.weights_used else ""
    open_groups = joined([GROUPS[one.name][0].lower() for one in result.others])
    filled = (
        f" Filled, {GROUPS[group.name][0].lower()}; open, {open_groups}." if open_groups else ""
    )
    return (
        f"**a** {count_text(group.n.sum())} {reason}{unit}s with a score{_without(result)}"
        f"{weighted}{_fit_text(result)}. **b** Verified {unit}s{weighted and ', weighted'}; lines, "
        f"{level_text(group.total_rate)} CI ({methods_text(group.rate)}).{filled} Triangle on the "
        f"floor, no cancer, with the upper limit.{_enriched_note(result)}"
    )


def _fit_text(result: ScoreDistribution) -> str:
    """Return the test of all shares in brackets, or nothing."""
    fit = result.expectation.fit
    if fit is None:
        return ""
    digits = 0 if fit.df == int(fit.df) else 1
    name = "Rao-Scott χ²" if "Rao-Scott" in fit.method else "χ²"
    return (
        f" ({name} against {stated_text(result)} each {number_text(fit.statistic, digits=1)}, "
        f"{number_text(fit.df, digits=digits)} df, {p_phrase(fit.p_value)}"
        f"{'; ' + fit.note if fit.note else ''})"
    )


def _enriched_note(result: ScoreDistribution) -> str:
    """Return a warning under rates of an enriched set, or nothing."""
    if not result.enriched:
        return ""
    return " Rates per 1,000 are those of this enriched set; a programme's are lower."


def share_alt(result: ScoreDistribution) -> str:
    """Return the figure's alternative text."""
    top = result.scored.n_classes - 1
    share = estimate_text(result.reference.share[top])
    return (
        f"Bars of the share of each of {result.scored.n_classes} score classes, and points of "
        f"cancers per 1,000 by class on a log axis. {_size_clause(result)}. The highest class "
        f"holds {share}."
    )


def share_data(result: ScoreDistribution) -> pd.DataFrame:
    """Return all classes of all indications as they were drawn."""
    return pd.concat(
        [_group_data(result.scored, group) for group in (result.reference, *result.others)],
        ignore_index=True,
    )


def _group_data(scored: ScoredCases, group: GroupClasses) -> pd.DataFrame:
    """Return the classes of one indication."""
    return pd.DataFrame(
        {
            "indication": group.name,
            "score": scored.classes.names,
            "examinations": group.n,
            "share": [one.estimate for one in group.share],
            "share_low": [one.ci_low for one in group.share],
            "share_high": [one.ci_high for one in group.share],
            "verified": group.verified,
            "cancers": group.cancers,
            "cancers_per_1000": [one.estimate for one in group.rate],
            "rate_low": [one.ci_low for one in group.rate],
            "rate_high": [one.ci_high for one in group.rate],
        }
    )


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
        f"n: {reason}{unit}s with a score{_without(result)}.",
        f"Cancers: n/N of the verified; {counted(unverified, unit)} with a score "
        f"{'has' if unverified == 1 else 'have'} no reference standard.",
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
    parts.append(f"CI: {methods_text((*group.share, *group.rate))}.{_enriched_note(result)}")
    return " ".join(part for part in parts if part)


def _without(result: ScoreDistribution) -> str:
    """Return that cancers are left out of the shares, or nothing."""
    return " and without cancer" if result.basis == "without_cancer" else ""


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
            f"n: {scored.unit}s with a score{_without(result)}. Cancers: n/N of the verified. "
            f"{weights}{statement}CI: {methods}.{_enriched_note(result)}"
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


def class_results(result: ScoreDistribution) -> dict[str, Result]:
    """Return the results of all classes for the record."""
    results: dict[str, Result] = {"order": result.order}
    if result.expectation.fit is not None:
        results["shares_fit"] = result.expectation.fit
    for group in (result.reference, *result.others):
        results[f"{group.name}.cancer_rate"] = group.total_rate
        results[f"{group.name}.found_at_top"] = group.found_at_top
        pairs = zip(group.share, group.rate, strict=True)
        for name, (share, rate) in zip(result.scored.classes.names, pairs, strict=True):
            results[f"{group.name}.share.{name}"] = share
            results[f"{group.name}.cancer_rate.{name}"] = rate
    return results
