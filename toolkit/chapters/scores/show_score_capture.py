"""What chapter 04 shows of the way to the cancers: how soon they come, and who has no score."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.arrays import BoolArray
from toolkit.chapters.scores.score_distribution import ScoreDistribution
from toolkit.chapters.scores.scores import STATUSES, ScoredCases
from toolkit.chapters.scores.show_scores import (
    GROUPS,
    classes_text,
    level_text,
    methods_text,
    sentence,
)
from toolkit.draw.capture import CapturePoint, CaptureRow, capture_figure
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.results import Estimate, Result
from toolkit.stats.calibration.expected_shares import CaptureCurve
from toolkit.stats.proportions.one import proportion_ci
from toolkit.words.sentences import ci_text, estimate_text
from toolkit.words.wording import EM_DASH, count_text, counted, share_text, value_text

STATUS_ROWS = {
    "complete": "Complete: a score",
    "no_score": "Complete: a call, no score",
    "failed": "Failed: sent, no valid score",
    "missing": "Missing: no result came",
    "not_recorded": "Not recorded: no reading in the data",
}


def _cancers_found(result: ScoreDistribution) -> bool:
    """Whether there is a curve to draw."""
    return bool(result.capture.n_positive)


def capture(result: ScoreDistribution) -> Figure | None:
    """Return the capture curve with the share at the highest class by indication.

    None where no case with a score has cancer.
    """
    if not _cancers_found(result):
        return None
    top = result.scored.n_classes - 1
    highest = sentence(classes_text(result.scored, top, top))
    return capture_figure(
        result.capture,
        points=_points(result),
        callout=_callout(result),
        rows=_rows(result),
        y_label=f"Cancers found, % of {count_text(result.capture.n_positive or 0)}",
        titles=("All indications together", f"{highest}, by indication"),
    )


def _points(result: ScoreDistribution) -> list[CapturePoint]:
    """Return the class borders on the curve, every second of them named."""
    top = result.scored.n_classes - 1
    names, curve = result.scored.classes.ticks, result.capture
    points = []
    for number in range(top, 0, -1):
        place = result.capture_borders[number]
        # The highest class has a callout; the next two and then every second have a name.
        near = top - 2 <= number < top or (number < top - 2 and (top - number) % 2 == 0)
        label = f"{names[number]}–{names[top]}" if near and number > 2 else ""
        points.append(CapturePoint(x=curve.x[place], y=curve.y[place], label=label))
    return points


def _callout(result: ScoreDistribution) -> str:
    """Return what the highest class alone finds."""
    scored, found = result.scored, result.found_at_top
    top = scored.n_classes - 1
    share = result.capture.x[result.capture_borders[top]]
    return (
        f"{sentence(classes_text(scored, top, top))}: {count_text(found.numerator or 0)} of "
        f"{count_text(found.denominator or 0)} cancers\n"
        f"in {value_text(share, form='percent')} of the {scored.unit}s"
    )


def _rows(result: ScoreDistribution) -> list[CaptureRow]:
    """Return the share at the highest class of each indication that has cancers, and of all."""
    groups = [result.reference, *result.others]
    found = [(GROUPS[g.name][0], g.found_at_top) for g in groups if g.cancers.sum()]
    if len(found) < 2:
        return []
    pooled = _capture_row("All", result.found_at_top, pooled=True)
    return [*(_capture_row(name, one) for name, one in found), pooled]


def _capture_row(label: str, found: Estimate, *, pooled: bool = False) -> CaptureRow:
    """Return one indication."""
    return CaptureRow(
        label=label,
        estimate=found.estimate,
        low=found.ci_low,
        high=found.ci_high,
        text=f"{count_text(found.numerator or 0)}/{count_text(found.denominator or 0)}",
        pooled=pooled,
    )


def _first_classes(result: ScoreDistribution) -> int:
    """Return the lowest of the classes that the finding is about: three tenths of them."""
    return result.scored.n_classes - max(1, round(0.3 * result.scored.n_classes))


def capture_finding(result: ScoreDistribution) -> str:
    """Return how many cancers the highest classes hold, and in what share of the examinations."""
    scored = result.scored
    if not _cancers_found(result):
        return (
            f"How soon cancers are found cannot be shown: no {scored.unit} with a score is known "
            "to hold one."
        )
    first, top = _first_classes(result), scored.n_classes - 1
    found = sum(int(group.cancers[first:].sum()) for group in (result.reference, *result.others))
    taken = result.capture.x[result.capture_borders[first]]
    words = classes_text(scored, first, top)
    verb = "holds" if first == top else "hold"
    return (
        f"{sentence(words)} {verb} {count_text(found)} of "
        f"{count_text(result.capture.n_positive or 0)} cancers in "
        f"{value_text(taken, form='percent')} of the {scored.unit}s."
    )


def capture_caption(result: ScoreDistribution) -> str:
    """Return what the figure draws, and which cancers are outside of it."""
    scored, curve = result.scored, result.capture
    unit, level = scored.unit, level_text(result.found_at_top)
    weighted = ", weighted to the population they were sampled from" if result.weights_used else ""
    enriched = f" The share of {unit}s is that of this enriched set." if result.enriched else ""
    mixed = ", all indications together" if result.others else ""
    rows = (
        f" **b** Share of the cancers in the highest class, {level} CI "
        f"({methods_text([result.found_at_top])})."
        if _rows(result)
        else ""
    )
    outside = int(((scored.truth == 1) & ~scored.scored).sum())
    left_out = (
        f" {sentence(unit)}s without a score are not in the curve; they hold "
        f"{counted(outside, 'cancer')}."
        if not scored.scored.all()
        else ""
    )
    return (
        f"{'**a** ' if rows else ''}{count_text(curve.n_cases or 0)} verified {unit}s with a "
        f"score{mixed}, in falling order of the score{weighted}; squares, class borders; band, "
        f"{level} CI at each point ({curve.ci_method}); thin line, no information."
        f"{rows}{enriched}{left_out}"
    )


def capture_alt(result: ScoreDistribution) -> str:
    """Return the figure's alternative text."""
    top = result.scored.n_classes - 1
    share = estimate_text(result.found_at_top)
    return (
        f"Curve of the cancers found against the {result.scored.unit}s taken from the highest "
        f"score down, with a band. {sentence(classes_text(result.scored, top, top))} holds {share} "
        "of the cancers."
    )


def capture_data(result: ScoreDistribution) -> pd.DataFrame:
    """Return the curve at the class borders, highest class first."""
    curve, order = result.capture, result.capture_borders[::-1]
    return pd.DataFrame(
        {
            "classes_from": result.scored.classes.names[::-1],
            "examinations_taken": curve.x[order],
            "cancers_found": curve.y[order],
            "low": curve.ci_low[order],
            "high": curve.ci_high[order],
        }
    )


def status_results(scored: ScoredCases, *, ci_level: float = 0.95) -> dict[str, Estimate]:
    """Return the share of the eligible cases in each status that occurs, complete first."""
    counts = np.bincount(scored.status, minlength=len(STATUSES))
    return {
        name: proportion_ci(
            int(count), scored.n_cases, ci_level=ci_level, quantity="status_share", label=name
        )
        for name, count in zip(STATUSES, counts, strict=True)
        if count or name in ("complete", "failed", "missing")
    }


def status_table(scored: ScoredCases, *, ci_level: float = 0.95) -> TableView:
    """Return what the AI returned: rows that add up to the eligible cases."""
    shares = status_results(scored, ci_level=ci_level)
    level = level_text(shares["complete"])
    columns = [
        TableColumn("", align="left"),
        TableColumn("n"),
        TableColumn("%"),
        TableColumn(f"{level} CI", align="center"),
    ]
    groups = scored.groups if len(scored.groups) > 1 else ()
    columns += [TableColumn(GROUPS[name][0], span="By indication") for name in groups]
    columns += [TableColumn(head, span="Reference standard") for head in ("Known", "Cancer")]
    rows = [
        TableRow(
            [
                STATUS_ROWS[name],
                count_text(share.numerator or 0),
                estimate_text(share, unit=False),
                ci_text(share),
                *_count_cells(scored, scored.status == STATUSES.index(name)),
            ],
            "emphasis" if name == "complete" else "plain",
        )
        for name, share in shares.items()
    ]
    everyone = np.ones(scored.n_cases, dtype=bool)
    rows.append(
        TableRow(
            [
                f"Eligible {scored.unit}s",
                count_text(scored.n_cases),
                "100" if scored.n_cases else EM_DASH,
                "",
                *_count_cells(scored, everyone),
            ],
            rule=True,
        )
    )
    return TableView(
        title="What the AI returned",
        columns=columns,
        rows=rows,
        foot=(
            f"N = {count_text(scored.n_cases)} eligible {scored.unit}s of the data, % of all, not "
            f"weighted. CI: {methods_text(tuple(shares.values()))}. No failed or missing score is "
            "taken as a low one."
        ),
    )


def _count_cells(scored: ScoredCases, rows: BoolArray) -> list[str]:
    """Return some cases by indication, of known truth and with cancer."""
    groups = scored.groups if len(scored.groups) > 1 else ()
    counts = [int((rows & scored.group(name)).sum()) for name in groups]
    counts += [int((rows & ~np.isnan(scored.truth)).sum()), int((rows & (scored.truth == 1)).sum())]
    return [count_text(count) for count in counts]


def status_sentence(scored: ScoredCases) -> str:
    """Return how many cases have no score and how many of the cancers are among them."""
    without = ~scored.scored
    n, cancers = int(without.sum()), int((without & (scored.truth == 1)).sum())
    if not n:
        return f"Every eligible {scored.unit} has a score."
    has, pronoun = ("has", "it holds") if n == 1 else ("have", "they hold")
    known = int((scored.truth == 1).sum())
    held = f"{pronoun} {count_text(cancers)} of the {count_text(known)} cancers known"
    return (
        f"Of the eligible {scored.unit}s, {share_text(n, scored.n_cases)} {has} no score; "
        f"{held if known else 'no cancer is known'}."
    )


def _at_borders(result: ScoreDistribution) -> CaptureCurve:
    """Return the curve at the class borders, so that a record lists no single scores."""
    curve = result.capture
    places = np.unique(np.append(result.capture_borders, 0))
    names = ("x", "y", "threshold", "ci_low", "ci_high")
    return replace(
        curve,
        method=f"{curve.method}, at the borders of classes",
        **{name: getattr(curve, name)[places] for name in names},
    )


def capture_results(result: ScoreDistribution, *, ci_level: float = 0.95) -> dict[str, Result]:
    """Return the curve and the shares without a score for the record."""
    named = status_results(result.scored, ci_level=ci_level)
    return {
        "capture": _at_borders(result),
        "found_at_top": result.found_at_top,
        **{f"status.{name}": share for name, share in named.items()},
    }
