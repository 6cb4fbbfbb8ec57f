"""What chapter 06 shows: the AI and the readers on the same cases, and the differences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit import html
from toolkit.exhibits.paired import PairedView
from toolkit.exhibits.standalone import clustering_note
from toolkit.figures.forest import ForestView, forest_figure, forest_row
from toolkit.figures.roc import OperatingPoint, roc_figure
from toolkit.html import TableColumn, TableRow, TableView
from toolkit.results import Comparison, Estimate, Result
from toolkit.scoring.ai_against_readers import AgainstReaders, Labels
from toolkit.scoring.ratings import RatingArray, Rule
from toolkit.sentences import (
    answer_text,
    ci_phrase,
    ci_text,
    decision_text,
    effect_phrase,
    estimate_text,
    margin_limit,
)
from toolkit.stats.operating_points import CallAccuracy
from toolkit.wording import count_text, counted, p_phrase

MEASURES = {"auc": "AUC", "sensitivity": "Sensitivity", "specificity": "Specificity"}
PRIMARY = {"auc": "DeLong covariance", "sensitivity": "Tango", "specificity": "Tango"}
RULES: dict[Rule, tuple[str, str]] = {
    "majority": ("Panel", "recalled by more than half of the readers who called the examination"),
    "any": ("Any reader", "recalled by at least one of its readers"),
    "programme": ("Programme", "what the programme decided in the end"),
}
MOST_ROWS = 30  # a table or forest with more readers than this is cut, and says so


def labels(readers: RatingArray, rule: Rule) -> Labels:
    """Return how sentences name the readers and the AI."""
    people = counted(len(readers.labels), "reader")
    joint = {
        "majority": f"the panel of {people}",
        "any": f"any of {people}",
        "programme": "the programme",
    }
    return Labels(mean=f"the mean of {people}", joint=joint[rule], ai="the AI")


def answer(study: AgainstReaders) -> str:
    """Return the chapter's answer from the primary comparison."""
    return answer_text(study.primary, measure=MEASURES[study.endpoint])


def bar(study: AgainstReaders) -> html.IntervalBar | None:
    """Return the headline's interval bar, or None where there is no interval."""
    if math.isnan(study.primary.ci_low):
        return None
    return html.interval_bar(study.primary, left="readers better", right="AI better")


def facts(study: AgainstReaders) -> list[tuple[str, str]]:
    """Return the four facts under the answer."""
    truth = study.pairs.truth
    read_all = not np.isnan(study.pairs.readers.rating * study.pairs.readers.call).any()
    reach = "each read all" if read_all else "each on their own share"
    return [
        ("Examinations", f"{count_text(truth.size)} ({count_text(int(truth.sum()))} with cancer)"),
        ("Readers", f"{len(study.readers)}, {reach}"),
        ("Primary analysis", f"{PRIMARY[study.endpoint]}; readers fixed, cases random"),
        ("Decision", decision_text(study.primary)),
    ]


def _points(study: AgainstReaders) -> list[OperatingPoint]:
    """Return the readers' calls, their joint call and the AI at its cut-off."""
    points = [
        _point(reader.calls, label=reader.label if len(study.readers) <= 12 else "", role="reader")
        for reader in study.readers
        if reader.calls is not None
    ]
    points.append(_point(study.result.panel, label=RULES[study.rule][0], role="mean"))
    points.append(_point(study.result.ai, label="AI", role="ai"))
    return [point for point in points if not math.isnan(point.x + point.y)]


def _point(
    calls: CallAccuracy, *, label: str, role: Literal["reader", "ai", "mean"]
) -> OperatingPoint:
    """Return calls as a point of the ROC plane."""
    return OperatingPoint(
        x=1 - calls.specificity.estimate, y=calls.sensitivity.estimate, label=label, role=role
    )


def roc(study: AgainstReaders, *, stamp: str) -> Figure:
    """Return the curves, with every reader's point, the joint call and the AI at its cut-off."""
    mean = study.result.auc_mean
    words = counted(len(study.readers), "reader").capitalize()
    label = f"{words}\nmean AUC {estimate_text(mean)}" if study.reader_curves else words
    return roc_figure(
        study.curve,
        study.reader_curves,
        points=_points(study),
        ai_label=f"AI alone\nAUC {estimate_text(study.ai.auc)}",
        readers_label=label,
        enlarge=True,
        stamp=stamp,
    )


def roc_finding(study: AgainstReaders) -> str:
    """Return how many more or fewer cancers the AI found, and at what specificity."""
    found = study.result.sensitivity
    change = study.result.cancer.only_b - study.result.cancer.only_a
    words = (
        "as many cancers as"
        if change == 0
        else f"{counted(abs(change), 'cancer')} {'more' if change > 0 else 'fewer'} than"
    )
    at = estimate_text(study.result.ai.specificity)
    return f"At a specificity of {at} the AI found {words} {found.label_a}."


def roc_caption(study: AgainstReaders) -> str:
    """Return what the figure draws."""
    truth = study.pairs.truth
    name, rule = RULES[study.rule]
    lines = "Thin lines, readers who rated; open" if study.reader_curves else "Open"
    how = (
        "fixed in the parameters"
        if study.cutoff_given
        else "the lowest one at least as specific as the readers' joint call on these cases"
    )
    return (
        f"Empirical ROC curves on {count_text(int((truth == 0).sum()))} examinations without and "
        f"{count_text(int(truth.sum()))} with cancer. {lines} circles, each reader's calls; "
        f"diamond, {name.lower()}: {rule}; square, the AI from {study.result.ai_cutoff:g} up, "
        f"{how}. *AUC*, area under the curve."
    )


def roc_alt(study: AgainstReaders) -> str:
    """Return the figure's alternative text."""
    return (
        f"ROC curves of the AI and {counted(len(study.readers), 'reader')} on "
        f"{count_text(study.pairs.truth.size)} examinations, whole and enlarged. "
        f"The AI's area is {estimate_text(study.ai.auc)}."
    )


def roc_data(study: AgainstReaders) -> pd.DataFrame:
    """Return the operating points as they were drawn."""
    points = _points(study)
    return pd.DataFrame(
        {
            "who": [point.label or point.role for point in points],
            "one_minus_specificity": [point.x for point in points],
            "sensitivity": [point.y for point in points],
        }
    )


def accuracy_table(study: AgainstReaders) -> TableView:
    """Return the accuracy of the AI, of the joint call and of each reader."""
    name = RULES[study.rule][0]
    rows = [
        TableRow(
            ["AI alone", *_auc_cells(study.ai.auc), *_call_cells(study.result.ai)], "emphasis"
        ),
        TableRow(
            [f"Readers: {name.lower()}", "", "", *_call_cells(study.result.panel)], "emphasis"
        ),
    ]
    if not math.isnan(study.result.auc_mean.estimate):
        cells = ["Readers: mean AUC", *_auc_cells(study.result.auc_mean), *[""] * 6]
        rows.append(TableRow(cells, "emphasis"))
    shown = study.readers[:MOST_ROWS]
    for number, reader in enumerate(shown):
        cells = [reader.label, *_auc_cells(reader.auc), *_call_cells(reader.calls)]
        rows.append(TableRow(cells, rule=number == 0))
    columns = [
        TableColumn("", align="left"),
        TableColumn("AUC", span="AUC"),
        TableColumn("95% CI", align="center", span="AUC"),
    ]
    for span in ("Sensitivity", "Specificity"):
        columns += [
            TableColumn("n/N", span=span),
            TableColumn("%", span=span),
            TableColumn("95% CI", align="center", span=span),
        ]
    return TableView(
        title="Accuracy of the AI and of each reader",
        columns=columns,
        rows=rows,
        dense=True,
        foot=_accuracy_foot(study, len(shown)),
    )


def _accuracy_foot(study: AgainstReaders, shown: int) -> str:
    """Return population, methods and what the table leaves out."""
    pairs = study.pairs
    left = pairs.n_only_readers + pairs.n_only_ai
    cut = (
        f" The first {shown} of {len(study.readers)} readers." if shown < len(study.readers) else ""
    )
    apart = (
        f" {counted(left, 'examination').capitalize()} that only the readers or only the AI read "
        "are left out."
        if left
        else ""
    )
    return (
        f"{clustering_note(pairs.readers)}Each reader's row counts the cases of that reader.{cut}"
        f"{apart} CI: {study.ai.auc.ci_method} for the AUC, "
        f"{study.result.ai.sensitivity.ci_method} for sensitivity and specificity; mean AUC for "
        "these readers, cases random."
    )


def _auc_cells(auc: Estimate) -> list[str]:
    """Return area and interval."""
    return [estimate_text(auc), ci_text(auc)]


def _call_cells(calls: CallAccuracy | None) -> list[str]:
    """Return counts, percentages and intervals of sensitivity and specificity."""
    if calls is None:
        return ["—"] * 6
    cells: list[str] = []
    for share in (calls.sensitivity, calls.specificity):
        count = f"{count_text(share.numerator or 0)}/{count_text(share.denominator or 0)}"
        cells += [count, estimate_text(share, unit=False), ci_text(share)]
    return cells


def _rated(study: AgainstReaders) -> list[Comparison]:
    """Return the differences that are defined, from the AI's best to its worst."""
    defined = [c for c in study.result.auc_by_reader if not math.isnan(c.estimate)]
    return sorted(defined, key=lambda c: c.estimate, reverse=True)


def difference_figure(study: AgainstReaders, *, stamp: str) -> Figure:
    """Return the forest of differences: in AUC with each reader, or of the two joint calls."""
    defined = _rated(study)
    if not defined:
        rows = [
            forest_row(comparison, label=MEASURES[name], left=(_both(comparison),))
            for name, comparison in study.result.comparisons.items()
            if name != "auc"
        ]
        view = ForestView(
            rows=rows,
            form="percent",
            left_heads=("AI minus readers", "Readers, AI"),
            right_heads=("Difference", "95% CI"),
            axis_label="Difference in percentage points, AI minus readers",
            margin=_limit(study.primary) if study.endpoint != "auc" else None,
            left_words="AI worse",
            right_words="AI better",
        )
        return forest_figure(view, stamp=stamp)
    mean = study.result.auc
    rows = [forest_row(c, label=c.label_a, left=(_first(c),)) for c in defined]
    if not math.isnan(mean.estimate):
        rows.append(forest_row(mean, label="Mean of readers", left=(_first(mean),), kind="pooled"))
    view = ForestView(
        rows=rows,
        left_heads=("Compared with", "AUC"),
        right_heads=("Difference", "95% CI"),
        axis_label="Difference in AUC, AI minus reader",
        margin=_limit(mean),
        left_words="AI worse",
        right_words="AI better",
    )
    return forest_figure(view, stamp=stamp)


def _limit(comparison: Comparison) -> float | None:
    """Return the margin on the axis of the difference, where there is one."""
    return None if comparison.margin is None else margin_limit(comparison)


def _first(comparison: Comparison) -> str:
    """Return the comparator's area."""
    return f"{comparison.estimate_a:.3f}"


def _both(comparison: Comparison) -> str:
    """Return both shares in percent."""
    return f"{comparison.estimate_a:.1%}, {comparison.estimate_b:.1%}"


def difference_finding(study: AgainstReaders) -> str:
    """Return on which side of most readers the AI lies, and where the pooled interval lies."""
    defined = _rated(study)
    if not defined:
        return f"Sensitivity: {effect_phrase(study.result.sensitivity)}."
    below = sum(comparison.estimate < 0 for comparison in defined)
    return (
        f"The AI's AUC lies below that of {below} of {counted(len(defined), 'reader')}; against "
        f"their mean the difference is {estimate_text(study.result.auc)} "
        f"({ci_phrase(study.result.auc)})."
        if not math.isnan(study.result.auc.estimate)
        else f"The AI's AUC lies below that of {below} of {counted(len(defined), 'reader')}."
    )


def difference_caption(study: AgainstReaders) -> str:
    """Return what the forest draws."""
    if not _rated(study):
        return (
            "Paired differences of the AI's calls and the readers' joint call, with Tango's score "
            "interval. The readers gave no ratings, so their AUC is not defined."
        )
    mean = study.result.auc
    test = "" if math.isnan(mean.p_value) else f", {p_phrase(mean.p_value)} for no difference"
    margin = " Shaded, worse than the margin." if mean.margin is not None else ""
    return (
        f"Circles, paired difference with each reader (DeLong); "
        f"diamond, the mean of these readers, cases random{test}.{margin} Sorted by difference."
    )


def difference_alt(study: AgainstReaders) -> str:
    """Return the forest's alternative text."""
    return (
        f"Forest plot of the differences of the AI and {counted(len(study.readers), 'reader')}; "
        f"primary difference {estimate_text(study.primary)}."
    )


def difference_data(study: AgainstReaders) -> pd.DataFrame:
    """Return the differences as they were drawn."""
    shown: Sequence[Comparison] = _rated(study) or [
        study.result.sensitivity,
        study.result.specificity,
    ]
    frames = [comparison.summary_frame() for comparison in shown]
    columns = ["quantity", "label_a", "label_b", "estimate", "ci_low", "ci_high", "p_value"]
    return pd.concat(frames)[columns]


def paired_view(study: AgainstReaders) -> PairedView:
    """Return the paired two-by-two tables of cancers and of cases without."""
    name, rule = RULES[study.rule]
    result = study.result
    tables = tuple(
        html.PairedCounts(
            title=title,
            n=f"n = {count_text(n)}",
            both=counts.both,
            row_only=counts.only_b,
            column_only=counts.only_a,
            neither=counts.neither,
        )
        for title, counts, n in (
            ("With cancer", result.cancer, result.sensitivity.n_cases or 0),
            ("Without cancer", result.no_cancer, result.specificity.n_cases or 0),
        )
    )
    tests = [
        f"{MEASURES[c.quantity]}, AI minus readers: {estimate_text(c)} ({ci_phrase(c)}; McNemar "
        f"mid-P {p_phrase(midp.p_value)}, exact {p_phrase(exact.p_value)})."
        for c, (midp, exact) in (
            (result.sensitivity, result.sensitivity_tests),
            (result.specificity, result.specificity_tests),
        )
    ]
    return PairedView(
        title="The AI and the readers' joint call, paired by examination",
        tables=tables,
        rows=("AI recalls", "AI does not"),
        columns=(f"{name} recalls", f"{name} does not"),
        foot=(
            f"{name}: {rule}. Shaded cells are the discordant pairs. {' '.join(tests)} CI: "
            f"{result.sensitivity.ci_method}."
        ),
    )


def record(study: AgainstReaders) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    result = study.result
    results: dict[str, Result] = {
        "auc_difference": result.auc,
        "auc_readers_mean": result.auc_mean,
        "auc_ai": study.ai.auc,
        "sensitivity_difference": result.sensitivity,
        "specificity_difference": result.specificity,
        "cancer": result.cancer,
        "no_cancer": result.no_cancer,
        "sensitivity_ai": result.ai.sensitivity,
        "specificity_ai": result.ai.specificity,
        "sensitivity_readers": result.panel.sensitivity,
        "specificity_readers": result.panel.specificity,
        "sensitivity_mcnemar_midp": result.sensitivity_tests[0],
        "specificity_mcnemar_midp": result.specificity_tests[0],
    }
    for comparison in result.auc_by_reader:
        results[f"auc_difference_{comparison.label_a.lower()}"] = comparison
    for reader in study.readers:
        results[f"auc_{reader.label.lower()}"] = reader.auc
    return results
