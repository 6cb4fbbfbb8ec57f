"""What chapter 07 shows of each reader: both curves, the way of the calls, and the gain."""

from __future__ import annotations

import math

import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.reader_study.modality_analyses import ReaderStudy
from toolkit.chapters.reader_study.show_reader_study import MEASURES, MOST_READERS, people
from toolkit.draw.change import ChangeRow, change_figure
from toolkit.draw.pairs import RocPair, roc_pairs_figure
from toolkit.results import Comparison
from toolkit.scoring.reader_rows import ReaderRow
from toolkit.stats.auc.operating_points import CallAccuracy
from toolkit.words.sentences import (
    estimate_phrase,
    estimate_text,
    form_of,
    margin_limit,
    margin_text,
)
from toolkit.words.wording import capital, count_text, counted, some_of, value_text


def roc(study: ReaderStudy, rows: tuple[ReaderRow, ...]) -> Figure | None:
    """Return every reader's curves and calls, or None where nobody gave ratings."""
    shown = [row for row in rows if any(row.curves)][:MOST_READERS]
    if not shown:
        return None
    pairs = [
        RocPair(
            title=row.label,
            curve_a=row.curves[0],
            curve_b=row.curves[1],
            text_a=value_text(row.areas[0], form="index"),
            text_b=value_text(row.areas[1], form="index"),
            point_a=_point(row.calls[0]),
            point_b=_point(row.calls[1]),
        )
        for row in shown
    ]
    a, b = study.readings.modalities[:2]
    return roc_pairs_figure(pairs, label_a=a, label_b=b)


def _point(calls: CallAccuracy | None) -> tuple[float, float] | None:
    """Return calls as a point of the ROC plane; None where it is not defined."""
    if calls is None:
        return None
    x, y = 1 - calls.specificity.estimate, calls.sensitivity.estimate
    return None if math.isnan(x + y) else (x, y)


def roc_finding(study: ReaderStudy, rows: tuple[ReaderRow, ...]) -> str:
    """Return what reading with b does to the readers' calls."""
    if not any(any(row.curves) for row in rows):
        return "The readers made recall calls only, so there are no curves."
    points = [(_point(row.calls[0]), _point(row.calls[1])) for row in rows]
    moved = [(first, second) for first, second in points if first and second]
    if not moved:
        return f"ROC curves of {counted(len(rows), 'reader')}."
    found = sum(second[1] > first[1] for first, second in moved)
    recalled = sum(second[0] > first[0] for first, second in moved)
    more, called = (some_of(count, len(moved), "reader") for count in (found, recalled))
    return (
        f"With {study.names[1]} {more} found more of the cancers, and {called} recalled more of "
        "the examinations without."
    )


def roc_caption(study: ReaderStudy, rows: tuple[ReaderRow, ...]) -> str:
    """Return what the small panels draw."""
    a, b = study.names
    arrows = any(_point(row.calls[0]) and _point(row.calls[1]) for row in rows)
    points = (
        f" Open circle and arrow head, the recall calls with {a} and with {b}." if arrows else ""
    )
    cut = f" The first {MOST_READERS} of {len(rows)} readers." if len(rows) > MOST_READERS else ""
    cases = count_text(study.readings.n_cases)
    return (
        f"Empirical ROC curves of each reader on {cases} examinations. Dashed grey, {a}; solid "
        f"green, {b}; shaded, the gain; numbers, *AUC*, the area under the curve.{points}{cut}"
    )


def roc_alt(study: ReaderStudy) -> str:
    """Return the alternative text of the small panels."""
    difference = study.endpoints["auc"].difference
    return (
        f"ROC curves of {people(study)}, one small panel each, {study.readings.modalities[0]} "
        f"and {study.readings.modalities[1]}. Mean difference in AUC {estimate_text(difference)}."
    )


def roc_data(study: ReaderStudy, rows: tuple[ReaderRow, ...]) -> pd.DataFrame:
    """Return areas and calls of every reader in every modality."""
    table = []
    for row in rows:
        for place, modality in enumerate(study.readings.modalities[:2]):
            point = _point(row.calls[place]) or (math.nan, math.nan)
            table.append(
                {
                    "reader": row.label,
                    "modality": modality,
                    "auc": row.areas[place],
                    "one_minus_specificity": point[0],
                    "sensitivity": point[1],
                }
            )
    return pd.DataFrame(table)


def _shown_differences(study: ReaderStudy) -> list[Comparison]:
    """Return the differences of single readers, from the largest gain to the least."""
    each = sorted(study.reader_differences, key=lambda one: one.estimate, reverse=True)
    return each[:MOST_READERS]


def change(study: ReaderStudy) -> Figure | None:
    """Return how each reader changed and the pooled difference, or None where nobody can."""
    shown = _shown_differences(study)
    if not shown:
        return None
    pooled = study.primary.difference
    rows = [_change_row(one, one.label) for one in shown]
    if not math.isnan(pooled.estimate):
        rows.append(_change_row(pooled, "Mean", pooled=True))
    a, b = study.readings.modalities[:2]
    measure = MEASURES[study.plan.endpoint]
    return change_figure(
        rows,
        label_a=a,
        label_b=b,
        axis_label=measure if study.plan.endpoint == "auc" else f"{capital(measure)} (%)",
        form=form_of(shown[0]),
        margin=None if pooled.margin is None else margin_limit(pooled),
    )


def _change_row(one: Comparison, label: str, *, pooled: bool = False) -> ChangeRow:
    """Return one difference as a row."""
    return ChangeRow(
        label=label,
        a=one.estimate_a,
        b=one.estimate_b,
        difference=one.estimate,
        low=one.ci_low,
        high=one.ci_high,
        kind="pooled" if pooled else "single",
    )


def change_finding(study: ReaderStudy) -> str:
    """Return the range of single readers, and the mean with its interval."""
    shown = _shown_differences(study)
    if not shown:
        reason = study.alone[study.plan.endpoint].difference.note
        return f"No reader can be compared in both modalities: {reason or 'nobody read in both'}."
    pooled = study.primary.difference
    mean = (
        f"the mean is not defined ({pooled.note})"
        if math.isnan(pooled.estimate)
        else f"the mean is {estimate_phrase(pooled)}"
    )
    if len(shown) == 1:
        return f"The difference of {shown[0].label} is {estimate_phrase(shown[0])}; {mean}."
    most, least = shown[0], shown[-1]
    return (
        f"Single readers differ from {estimate_text(least)} ({least.label}) to "
        f"{estimate_text(most)} ({most.label}); {mean}."
    )


def change_caption(study: ReaderStudy) -> str:
    """Return what both panels draw, and whose the intervals are."""
    a, b = study.readings.modalities[:2]
    each, pooled = study.reader_differences, study.primary.difference
    margin = (
        ""
        if pooled.margin is None
        else f" Dashed, the margin of {margin_text(pooled)}; shaded, worse."
    )
    cut = f" The {MOST_READERS} largest gains of {len(each)}." if len(each) > MOST_READERS else ""
    diamond = (
        ""
        if math.isnan(pooled.estimate)
        else f"; diamond, mean of {people(study)} ({study.primary.name[0].lower()}"
        f"{study.primary.name[1:]})"
    )
    return (
        f"**a** From {a} (open circle) to {b} (arrow head). **b** Difference with "
        f"95% CI of each reader over cases like these{diamond}."
        f"{margin}{cut} Sorted by gain."
    )


def change_alt(study: ReaderStudy) -> str:
    """Return the forest's alternative text."""
    a, b = study.readings.modalities[:2]
    return (
        f"Arrows from {a} to {b} and a forest of the differences of {people(study)}; mean "
        f"difference {estimate_text(study.primary.difference)}."
    )


def change_data(study: ReaderStudy) -> pd.DataFrame:
    """Return the differences as they were drawn."""
    columns = ["label", "quantity", "estimate_a", "estimate_b", "estimate", "ci_low", "ci_high"]
    pooled = study.primary.difference
    frames = [one.summary_frame() for one in _shown_differences(study)]
    frames.append(pooled.summary_frame().assign(label="Mean"))
    return pd.concat(frames, ignore_index=True)[columns]
