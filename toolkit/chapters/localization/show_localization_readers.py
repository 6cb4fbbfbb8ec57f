"""The readers of chapter 08: figure of merit, lesions found and false marks of each."""

from __future__ import annotations

import math

import numpy as np

from toolkit.chapters.comparison import MOST_READERS
from toolkit.chapters.localization.localization import LocalizedStudy
from toolkit.chapters.localization.localization_analyses import MarkAnalysis
from toolkit.chapters.localization.localization_readers import ReaderMarks, reader_marks
from toolkit.chapters.localization.show_localization import (
    FORMS,
    counts_text,
    heads,
    measure,
    per,
    rule_text,
    short_name,
    side_names,
)
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.results import Comparison
from toolkit.words.sentences import ci_text, estimate_text
from toolkit.words.wording import EM_DASH, capital, number_text, value_text


def reader_table(study: LocalizedStudy, primary: MarkAnalysis) -> TableView | None:
    """Return figure of merit, lesions found and false marks of each reader; None without any."""
    if study.plan.of_ai:
        return _ai_table(study, primary)
    return _modality_table(study, primary)


def _modality_table(study: LocalizedStudy, primary: MarkAnalysis) -> TableView:
    """Return the readers with both modalities."""
    names, both = side_names(study), heads(study)
    rows = {(row.label, row.side): row for row in reader_marks(study)}
    labels = list(dict.fromkeys(row.label for row in rows.values() if row.side != "ai"))
    figure, lroc = short_name(primary.endpoint), study.plan.paradigm == "LROC"
    columns = [TableColumn("", align="left")]
    columns += [TableColumn(head, span=figure) for head in (*both, "Difference")]
    spans = ["Right places"] if lroc else ["Lesions found", f"False marks per {per(study)}"]
    columns += [TableColumn(head, span=span) for span in spans for head in both]
    pairs = [(rows[label, "a"], rows[label, "b"]) for label in labels]
    mean = [*_mean_of_both(primary, pairs), *([] if lroc else _mean_false(pairs))]
    body = [TableRow(mean, "emphasis")]
    for number, (label, pair) in enumerate(zip(labels[:MOST_READERS], pairs, strict=False)):
        cells = [label, *_figures_of(primary, label)]
        cells += [f"{row.found}/{row.n_lesions}" for row in pair]
        if not lroc:
            cells += [number_text(row.false_marks / row.n_images, digits=2) for row in pair]
        body.append(TableRow(cells, rule=number == 0))
    cut = f" The first {MOST_READERS} of {len(labels)} readers." * (len(labels) > MOST_READERS)
    what = "Right places count" if lroc else "Lesions found and false marks count"
    return TableView(
        title="Figure of merit and lesions found, by reader",
        columns=columns,
        rows=body,
        dense=True,
        foot=(
            f"{capital(counts_text(study))}. {figure}: {measure(study, primary.endpoint)}. "
            f"Difference: {names['b']} minus {names['a']}. {what} every mark, whatever its "
            f"rating. {rule_text(study)}{_undefined(primary)}{cut}"
        ),
    )


def _mean_of_both(primary: MarkAnalysis, pairs: list[tuple[ReaderMarks, ReaderMarks]]) -> list[str]:
    """Return the mean figure of merit, its difference and the mean share of lesions found."""
    difference = estimate_text(primary.difference, form=FORMS[primary.endpoint], unit=False)
    return ["Mean", *_means(primary), difference, *_mean_found(pairs)]


def _means(primary: MarkAnalysis) -> list[str]:
    """Return the mean figure of both sides."""
    form = FORMS[primary.endpoint]
    change = primary.difference
    return [
        value_text(value, form=form, unit=False) for value in (change.estimate_a, change.estimate_b)
    ]


def _figures_of(primary: MarkAnalysis, label: str) -> list[str]:
    """Return a reader's figures in both modalities and their difference."""
    form = FORMS[primary.endpoint]
    for one in primary.each:
        if one.label == label:
            values = [
                value_text(value, form=form, unit=False)
                for value in (one.estimate_a, one.estimate_b)
            ]
            return [*values, estimate_text(one, form=form, unit=False)]
    return [EM_DASH] * 3


def _mean_found(pairs: list[tuple[ReaderMarks, ReaderMarks]]) -> list[str]:
    """Return the mean share of lesions found in both modalities."""
    shares = [[_share(row) for row in column] for column in zip(*pairs, strict=True)]
    return [value_text(float(np.mean(values)), form="percent") for values in shares]


def _mean_false(pairs: list[tuple[ReaderMarks, ReaderMarks]]) -> list[str]:
    """Return the mean number of false marks per image in both modalities."""
    rates = [
        [row.false_marks / row.n_images for row in column] for column in zip(*pairs, strict=True)
    ]
    return [number_text(float(np.mean(values)), digits=2) for values in rates]


def _share(row: ReaderMarks) -> float:
    """Return the share of lesions found."""
    return row.found / row.n_lesions if row.n_lesions else math.nan


def _undefined(primary: MarkAnalysis) -> str:
    """Return why there is no figure of merit, where there is none."""
    return "" if primary.is_defined else f" No figure of merit: {primary.difference.note}."


def _ai_table(study: LocalizedStudy, primary: MarkAnalysis) -> TableView:
    """Return the AI, the mean of the readers and each reader."""
    form, lroc = FORMS[primary.endpoint], study.plan.paradigm == "LROC"
    rows = reader_marks(study)
    figure = short_name(primary.endpoint)
    unit = " (%)" if form == "percent" else ""
    columns = [
        TableColumn("", align="left"),
        TableColumn(f"{figure}{unit}"),
        TableColumn("AI minus reader"),
        TableColumn("95% CI", align="center"),
        TableColumn("Right places" if lroc else "Lesions found"),
    ]
    if not lroc:
        columns.append(TableColumn(f"False marks per {per(study)}"))
    figures = _figures(primary)
    ai = [row for row in rows if row.side == "ai"]
    readers = [row for row in rows if row.side == "a"]
    body = [
        TableRow(
            _ai_cells(row, "AI", figures.get(row.label, math.nan), None, study, primary), "emphasis"
        )
        for row in ai
    ]
    if readers:
        change = primary.difference
        body.append(TableRow(_mean_cells(study, primary, readers, change), "emphasis"))
    differences = {one.label_a: one for one in primary.each}
    body += [
        TableRow(
            _ai_cells(
                row,
                row.label,
                figures.get(row.label, math.nan),
                differences.get(row.label),
                study,
                primary,
            ),
            rule=number == 0,
        )
        for number, row in enumerate(readers[:MOST_READERS])
    ]
    every = "whatever its rating"
    return TableView(
        title="Figure of merit and lesions found, the AI and each reader",
        columns=columns,
        rows=body,
        dense=True,
        foot=(
            f"{capital(counts_text(study))}. {figure}: {measure(study, primary.endpoint)}. CI of "
            f"the mean: {primary.name[0].lower()}{primary.name[1:]}; of each reader: over cases "
            f"alone. {'Right places count' if lroc else 'Lesions found and false marks count'} "
            f"every mark, {every}. {rule_text(study)}{_undefined(primary)}"
        ),
    )


def _figures(primary: MarkAnalysis) -> dict[str, float]:
    """Return the figure of merit of each reader and the AI, by label."""
    table = primary.table
    if table is None:
        return {}
    return dict(zip(table.readers, table.value[:, 0].tolist(), strict=True))


def _ai_cells(
    row: ReaderMarks,
    label: str,
    value: float,
    change: Comparison | None,
    study: LocalizedStudy,
    primary: MarkAnalysis,
) -> list[str]:
    """Return one row of the table of the AI and each reader."""
    form = FORMS[primary.endpoint]
    cells = [label, value_text(value, form=form, unit=False)]
    if change is None:
        cells += ["", ""]
    else:
        cells += [estimate_text(change, form=form, unit=False), ci_text(change, form=form)]
    cells.append(f"{row.found}/{row.n_lesions}")
    if study.plan.paradigm != "LROC":
        cells.append(number_text(row.false_marks / row.n_images, digits=2))
    return cells


def _mean_cells(
    study: LocalizedStudy, primary: MarkAnalysis, readers: list[ReaderMarks], change: Comparison
) -> list[str]:
    """Return the row of the mean of the readers."""
    form = FORMS[primary.endpoint]
    cells = [
        "Mean of the readers",
        value_text(change.estimate_a, form=form, unit=False),
        estimate_text(change, form=form, unit=False),
        ci_text(change, form=form),
        value_text(float(np.mean([_share(row) for row in readers])), form="percent"),
    ]
    if study.plan.paradigm != "LROC":
        rate = float(np.mean([row.false_marks / row.n_images for row in readers]))
        cells.append(number_text(rate, digits=2))
    return cells
