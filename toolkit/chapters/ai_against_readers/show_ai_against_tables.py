"""What chapter 06 tabulates: accuracy, the readers' mean, and single examinations."""

from __future__ import annotations

import math

from toolkit.chapters.ai_against_readers.ai_against_readers import AgainstReaders
from toolkit.chapters.ai_against_readers.show_ai_against_readers import (
    MEASURES,
    RULES,
    joint_interval,
)
from toolkit.chapters.ai_against_readers.show_paired import disagreement_phrase
from toolkit.chapters.standalone.show_standalone import interval_methods
from toolkit.draw import html
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.draw.tables import PairedTables
from toolkit.results import Comparison, Estimate
from toolkit.scoring.mcnemar_verdicts import NO_TESTS, Tests
from toolkit.stats.auc.operating_points import CallAccuracy
from toolkit.words.sentences import ci_phrase, ci_text, estimate_text, form_of, verdict_sentence
from toolkit.words.wording import count_text, counted, number_text, p_phrase, p_text, value_text

MOST_ROWS = 30  # a table with more readers than this is cut, and says so


def accuracy_table(study: AgainstReaders) -> TableView:
    """Return the accuracy of the AI, of the joint call and of each reader."""
    name = RULES[study.rule][0]
    cells = ["AI alone", *_auc_cells(study.ai.auc), *_call_cells(study.result.ai)]
    rows = [TableRow(cells, "emphasis")]
    if study.result.means and len(study.readers) > 1:
        rows.append(TableRow(["Readers: mean", *_mean_cells(study)], "emphasis"))
    cells = [f"Readers: {name.lower()}", "", "", *_call_cells(study.result.panel)]
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


def _mean_cells(study: AgainstReaders) -> list[str]:
    """Return the means of the readers with their intervals."""
    result = study.result
    area = result.auc_mean.mean
    cells = ["", ""] if math.isnan(area.estimate) else _auc_cells(area)
    for mean in (result.sensitivity_mean, result.specificity_mean):
        shown = (
            ["", ""] if mean is None else [estimate_text(mean.mean, unit=False), ci_text(mean.mean)]
        )
        cells += ["", *shown]
    return cells


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
    means = (
        " of the means: Obuchowski\u2013Rockette, readers and cases random;"
        if any(mean.random == "readers and cases" for mean in study.result.means)
        else ""
    )
    made = [study.result.ai, study.result.panel, *(reader.calls for reader in study.readers)]
    shares = [share for calls in made if calls for share in (calls.sensitivity, calls.specificity)]
    return (
        f"{_clustering(study)}Each reader's row counts the cases of that reader.{cut}{apart} "
        f"CI:{means} of the AI and each reader: {study.ai.auc.ci_method} for the AUC, "
        f"{interval_methods(shares)} for sensitivity and specificity."
        f"{_left_out(study)}"
    )


def _left_out(study: AgainstReaders) -> str:
    """Return why a mean or an area is missing, and how many readers are not in the means."""
    result = study.result
    sentences = []
    if math.isnan(result.auc.estimate):
        sentences.append(f"The mean AUC is not compared: {result.auc.note}.")
    elif result.auc_mean.n_left_out:
        some = counted(result.auc_mean.n_left_out, "reader").capitalize()
        sentences.append(f"{some} without a rating of every examination: not in the mean AUC.")
    if len(study.readers) > 1 and not (result.sensitivity_mean and result.specificity_mean):
        sentences.append(
            "Mean sensitivity and specificity need two readers who called every examination."
        )
    return "".join(f" {sentence}" for sentence in sentences)


def _clustering(study: AgainstReaders) -> str:
    """Return how women with several examinations are taken; empty where none has."""
    readers = study.pairs.readers
    patients = len(set(readers.patient.tolist()))
    if patients == readers.n_cases:
        return ""
    return (
        f"The {count_text(readers.n_cases)} examinations come from {count_text(patients)} women, "
        "who are what all intervals take as independent. "
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


def mean_table(study: AgainstReaders) -> TableView | None:
    """Return the AI against the readers' mean in every figure and by other analyses."""
    rows: list[TableRow] = []
    if len(study.readers) < 2 or not study.result.means:
        return None
    for mean in study.result.means:
        quantity = mean.difference.quantity
        unit = "" if quantity == "auc" else ", percentage points"
        rows.append(TableRow([f"{MEASURES[quantity]}{unit}"], "group"))
        cells = _analysis_cells(mean.name, mean.difference)
        primary = quantity == "auc" and study.endpoint == "auc"
        rows.append(TableRow(cells, "emphasis" if primary else "plain"))
        rows += [TableRow(_analysis_cells(o.name, o.difference)) for o in mean.others]
    return TableView(
        title="The AI and the mean of the readers",
        columns=[
            TableColumn("", align="left"),
            TableColumn("Readers"),
            TableColumn("AI"),
            TableColumn("AI minus readers"),
            TableColumn("95% CI", align="center"),
            TableColumn("df"),
            TableColumn("*P*"),
        ],
        rows=rows,
        dense=True,
        foot=_mean_foot(study),
    )


def _analysis_cells(name: str, change: Comparison) -> list[str]:
    """Return both means, their difference, its interval, degrees of freedom and P."""
    form = form_of(change)
    ends = [
        value_text(value, form=form, unit=False) for value in (change.estimate_a, change.estimate_b)
    ]
    return [
        name,
        *ends,
        estimate_text(change, unit=False),
        ci_text(change),
        number_text(change.df, digits=1),
        p_text(change.p_value),
    ]


def _mean_foot(study: AgainstReaders) -> str:
    """Return method, what "only" means, and the notes of the comparisons."""
    notes: dict[str, None] = {}
    for mean in study.result.means:
        for comparison in (mean.difference, *(other.difference for other in mean.others)):
            for note in comparison.note.split("; "):
                if note and not note.startswith("holds for"):
                    notes.setdefault(f"{note[:1].upper()}{note[1:]}.")
    matched = (
        ""
        if study.cutoff_given
        else " The AI's cut-off was matched to the joint call's specificity on these examinations."
    )
    return " ".join(
        [
            "Obuchowski\u2013Rockette with Hillis's degrees of freedom: one AI, a random sample of "
            f"readers. \u201cOnly\u201d: the result says nothing of other readers.{matched}",
            *notes,
        ]
    )


def verdicts(study: AgainstReaders) -> str:
    """Return in words whether another analysis has another verdict than the primary one."""
    result = study.result
    if math.isnan(result.auc.estimate):
        first = f"AUC is not compared with the readers' mean: {result.auc.note}."
    else:
        others = [o for o in result.auc_mean.others if not math.isnan(o.difference.estimate)]
        first = verdict_sentence([other.flag for other in others])
    calls = [
        f"{MEASURES[other.difference.quantity]}: {other.flag}."
        for mean in (result.sensitivity_mean, result.specificity_mean)
        for other in (mean.others if mean else ())
        if other.flag
    ]
    return " ".join([first, *calls])


def _tests_phrase(comparison: Comparison, tests: Tests | None) -> str:
    """Return both McNemar tests and where they disagree with the interval, or why there is none."""
    if tests is None:
        return NO_TESTS
    midp, exact = tests
    return (
        f"McNemar mid-P {p_phrase(midp.p_value)}, exact {p_phrase(exact.p_value)}"
        f"{disagreement_phrase(comparison, tests)}"
    )


def paired_view(study: AgainstReaders) -> PairedTables:
    """Return the paired two-by-two tables of cancers and of cases without."""
    name, rule = RULES[study.rule]
    result = study.result
    tables = tuple(
        html.TwoByTwo(
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
        f"{MEASURES[c.quantity]}, AI minus readers: {estimate_text(c)} ({ci_phrase(c)}; "
        f"{_tests_phrase(c, both)})."
        for c, both in (
            (result.sensitivity, result.sensitivity_tests),
            (result.specificity, result.specificity_tests),
        )
    ]
    return PairedTables(
        title="The AI and the readers' joint call, paired by examination",
        tables=tables,
        rows=("AI recalls", "AI does not"),
        columns=(f"{name} recalls", f"{name} does not"),
        foot=(
            f"{name}: {rule}. Shaded cells are the discordant pairs. {' '.join(tests)} CI: "
            f"{joint_interval(study)}."
        ),
    )
