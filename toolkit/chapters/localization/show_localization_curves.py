"""The curves of chapter 08: FROC with the readers' slopes, AFROC, LROC and inferred ROC."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.comparison import MOST_READERS
from toolkit.chapters.localization.localization import LocalizedStudy
from toolkit.chapters.localization.localization_analyses import MarkAnalysis
from toolkit.chapters.localization.localization_readers import (
    CurveKind,
    SideCurves,
    curves_of,
    reader_marks,
)
from toolkit.chapters.localization.show_localization import (
    ROLES,
    counts_text,
    heads,
    measure,
    noun,
    people,
    per,
    rule_text,
    short_name,
    side_names,
)
from toolkit.draw.froc import FrocLine, SlopeRow, froc_figure
from toolkit.results import Curve
from toolkit.words.wording import capital, count_text, number_text, share_text, some_of

_WHOLE = {
    "wafroc": "weighted AFROC",
    "wafroc1": "weighted AFROC1",
    "afroc": "AFROC",
    "afroc1": "AFROC1",
}


def curve_lines(
    study: LocalizedStudy, curves: Sequence[SideCurves], *, pooled: bool = False, floor: bool = True
) -> list[FrocLine]:
    """Return the lines of a panel: the mean with its readers, or all marks pooled."""
    names = side_names(study)
    return [
        FrocLine(
            label=capital(names[one.side]),
            curve=one.pooled if pooled else one.mean,
            readers=() if pooled else one.readers[:MOST_READERS],
            role=ROLES[one.side],
            floor=floor and one.floor is not None,
        )
        for one in curves
    ]


def froc(study: LocalizedStudy, primary: MarkAnalysis) -> Figure | None:
    """Return the FROC curves and each reader's figure of merit; None for one place a reading."""
    if study.plan.paradigm == "LROC":
        return None
    slopes = _slopes(study, primary)
    return froc_figure(
        curve_lines(study, curves_of(study, "froc")),
        slopes=slopes,
        slope_labels=heads(study),
        titles=("FROC", f"{short_name(primary.endpoint)} by reader"),
        axis_labels=(f"False marks per {per(study)}", "Lesions found"),
    )


def _slopes(study: LocalizedStudy, primary: MarkAnalysis) -> list[SlopeRow]:
    """Return each reader's figure of merit with both modalities."""
    table = primary.table
    if study.plan.of_ai or table is None or table.n_readers > MOST_READERS:
        return []
    return [
        SlopeRow(label, float(row[0]), float(row[1]))
        for label, row in zip(table.readers, table.value, strict=True)
    ]


def froc_finding(study: LocalizedStudy, primary: MarkAnalysis) -> str:
    """Return which readers gained and which curve lies above, or what the AI found."""
    if study.plan.paradigm == "LROC":
        return (
            "Each reading is one rating and one place, so that there is no FROC curve: the LROC "
            "curve below asks the same question."
        )
    if study.plan.of_ai or not primary.each:
        return f"{capital(found_text(study))}."
    better = sum((one.estimate > 0) == (one.better != "lower") for one in primary.each)
    name = side_names(study)["b"]
    text = f"{capital(some_of(better, len(primary.each), 'reader'))} did better with {name}"
    a, b = curves_of(study, "froc")[:2]
    if lies_above(b.mean, a.mean):
        return f"{text}, and the mean curve lies above throughout."
    if lies_above(a.mean, b.mean):
        return f"{text}; the mean curve with {name} lies below throughout."
    return f"{text}; the mean curves cross."


def lies_above(upper: Curve, lower: Curve) -> bool:
    """Whether a curve is never below another one up to where both have marks.

    Compared halfway between the points, since at a point a curve may step straight up.
    """
    end = min(float(upper.x[-1]), float(lower.x[-1]))
    if not end > 0:
        return False
    places = np.unique(np.concatenate([upper.x, lower.x, [end]]))
    places = places[places <= end]
    middle = (places[1:] + places[:-1]) / 2
    first, second = (np.interp(middle, curve.x, curve.y) for curve in (upper, lower))
    return bool((first >= second - 1e-12).all() and (first > second).any())


def found_text(study: LocalizedStudy) -> str:
    """Return what the AI and the readers marked in all, whatever the rating."""
    rows = reader_marks(study)
    parts = []
    for row in rows:
        if row.side == "ai":
            parts.append(
                f"the AI marked {share_text(row.found, row.n_lesions)} lesions with "
                f"{number_text(row.false_marks / row.n_images, digits=2)} false marks per "
                f"{per(study)}"
            )
    readers = [row for row in rows if row.side == "a"]
    if readers:
        mean = 100 * float(np.mean([row.found / max(row.n_lesions, 1) for row in readers]))
        false = float(np.mean([row.false_marks / row.n_images for row in readers]))
        who = "the reader" if len(readers) == 1 else f"{people(study)} on average"
        parts.append(
            f"{who} marked {number_text(mean, digits=1)}% with {number_text(false, digits=2)}"
        )
    return ", ".join(parts)


def floor_sentence(study: LocalizedStudy) -> str:
    """Return where the AI's curve stops, what it found, or why there are no marks of it."""
    if study.ai is None:
        return f"The AI is not shown: {study.ai_note}." if study.ai_note else ""
    floor = study.ai.study.export_floor[0]
    if study.plan.paradigm == "LROC":
        return ""
    cases = count_text(study.ai.study.truth.n_cases)
    same = study.ai.study.truth.n_cases == study.scored.study.truth.n_cases
    where = "the same" if same else f"{cases} of the"
    text = found_text(study) if not study.plan.of_ai else ""
    alone = f" In all {text.split(', ')[0]}, on {where} {noun(study)}s." if text else ""
    return (
        f"The AI delivers no mark below a score of {floor:g}: its curve stops there, and what it "
        f"would find beyond is not known.{alone}"
    )


def froc_caption(study: LocalizedStudy, primary: MarkAnalysis) -> str:
    """Return what the FROC figure draws."""
    slopes = bool(_slopes(study, primary))
    parts = [
        f"{'**a** ' if slopes else ''}Empirical FROC curves, {counts_text(study)}; "
        f"{colours(study)}; {_thick(study)}the marker is the last mark, and no curve is extended "
        "beyond it.",
        "False marks are counted on each image, so that one finding marked on two views counts "
        "twice."
        if study.tables.images is not None and study.plan.unit != "image"
        else "",
        rule_text(study),
        f"**b** {capital(measure(study, primary.endpoint))} of each reader." if slopes else "",
    ]
    return " ".join(part for part in parts if part)


def _thick(study: LocalizedStudy) -> str:
    """Return what thick and thin lines are, where there are several readers."""
    if study.n_people < 2:
        return ""
    return (
        "thick, mean of the readers, which ends where the first of them stops marking; thin, "
        "single readers; "
    )


def colours(study: LocalizedStudy) -> str:
    """Return which line is which."""
    names = side_names(study)
    looks = {"a": "dashed grey", "b": "solid green", "ai": "solid blue"}
    shown = [one.side for one in curves_of(study, "roc")]
    return "; ".join(f"{looks[side]}, {names[side]}" for side in shown)


def froc_alt(study: LocalizedStudy) -> str:
    """Return the FROC figure's alternative text."""
    return (
        f"FROC curves, lesions found over false marks per {per(study)}, "
        f"{count_text(study.scored.study.truth.n_cases)} {noun(study)}s, {people(study)}. "
        f"{capital(found_text(study))}."
    )[:250]


def curve_data(study: LocalizedStudy, kinds: Sequence[CurveKind]) -> pd.DataFrame:
    """Return every point that was drawn."""
    names, rows = side_names(study), []
    for kind in kinds:
        for one in curves_of(study, kind):
            labelled = [("mean", one.mean), *((curve.label, curve) for curve in one.readers)]
            if kind not in ("froc", "lroc", "roc"):
                labelled.append(("pooled", one.pooled))
            rows += [
                pd.DataFrame(
                    {
                        "curve": kind,
                        "modality": names[one.side],
                        "reader": "" if one.side == "ai" else label,
                        "x": curve.x,
                        "y": curve.y,
                        "threshold": curve.threshold,
                    }
                )
                for label, curve in labelled
            ]
    return pd.concat(rows, ignore_index=True)
