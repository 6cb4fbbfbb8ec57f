"""What chapter 05 shows: the AI alone, at every cut-off and at those that the plan fixes."""

from __future__ import annotations

import math
from collections.abc import Iterable

import pandas as pd
from matplotlib.figure import Figure

from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.draw.roc import OperatingPoint, roc_figure
from toolkit.results import Curve, Estimate, Result
from toolkit.scoring.accuracy import Standalone
from toolkit.scoring.ratings import RatingArray
from toolkit.words.sentences import ci_text, estimate_phrase, estimate_text
from toolkit.words.wording import count_text, counted, joined, proportion_text, share_text

MOST_LABELS = 12  # more readers' points than this are drawn without their names


def answer(study: Standalone) -> str:
    """Return the chapter's answer: the area, and what the first cut-off of the plan finds."""
    first, cutoff = study.at_cutoffs[0], study.cutoffs[0]
    found, cleared = first.sensitivity, first.specificity
    return (
        f"The AI reached an AUC of {estimate_phrase(study.auc)}. From a score of {cutoff:g} up it "
        f"marked {share_text(found.numerator or 0, found.denominator or 0)} examinations with "
        f"cancer and left {share_text(cleared.numerator or 0, cleared.denominator or 0)} without "
        "cancer unmarked."
    )


def facts(study: Standalone) -> list[tuple[str, str]]:
    """Return the four facts under the answer."""
    scores = study.scores
    return [
        (
            "Examinations",
            f"{count_text(scores.n_cases)} ({count_text(scores.n_positive)} with cancer)",
        ),
        ("AI", scores.labels[0]),
        ("Interval", study.auc.ci_method),
        ("Not in the analysis", _left_out_briefly(study)),
    ]


def _left_out(study: Standalone) -> list[str]:
    """Return what is not in the analysis, each with its count; empty where nothing is."""
    scores = study.scores
    return [
        f"{counted(count, 'examination')} {words}"
        for count, words in (
            (scores.n_failed, "on which the AI failed"),
            (scores.n_missing, "without an AI result"),
            (scores.n_without_truth, "with a score but no known truth"),
        )
        if count
    ]


def _left_out_briefly(study: Standalone) -> str:
    """Return how many are not in the analysis, and why, in few words."""
    scores = study.scores
    reasons = {
        "failed": scores.n_failed,
        "missing": scores.n_missing,
        "of unknown truth": scores.n_without_truth,
    }
    words = [f"{count_text(count)} {reason}" for reason, count in reasons.items() if count]
    return f"{count_text(sum(reasons.values()))}: {', '.join(words)}" if words else "none"


def clustering_note(scores: RatingArray) -> str:
    """Return a sentence where patients have more than one case, else an empty text."""
    patients = len(set(scores.patient.tolist()))
    if patients == scores.n_cases:
        return ""
    return (
        f"The {count_text(scores.n_cases)} examinations come from {count_text(patients)} women, "
        "who are what the intervals take as independent. "
    )


def interval_methods(estimates: Iterable[Estimate]) -> str:
    """Return the methods of the intervals; both where women repeat in some estimates only."""
    named = {one.ci_method: one.n_clusters for one in estimates}
    plain = [method for method, women in named.items() if women is None]
    clustered = [method for method, women in named.items() if women is not None]
    if plain and clustered:
        return f"{', '.join(plain)} ({', '.join(clustered)}, where women repeat)"
    return ", ".join(plain or clustered)


def _points(study: Standalone) -> list[OperatingPoint]:
    """Return the AI's cut-offs and the readers' calls as points of the ROC plane."""
    points = [
        OperatingPoint(
            x=1 - accuracy.specificity.estimate,
            y=accuracy.sensitivity.estimate,
            label=f"{cutoff:g}",
            role="ai",
        )
        for cutoff, accuracy in zip(study.cutoffs, study.at_cutoffs, strict=True)
    ]
    named = len(study.readers) <= MOST_LABELS
    for reader in study.readers:
        if reader.calls is None:
            continue
        x, y = 1 - reader.calls.specificity.estimate, reader.calls.sensitivity.estimate
        if not math.isnan(x + y):
            points.append(
                OperatingPoint(x=x, y=y, label=reader.label if named else "", role="reader")
            )
    return points


def roc(study: Standalone) -> Figure:
    """Return the ROC curve with the cut-offs of the plan and the readers' points."""
    return roc_figure(
        study.curve,
        points=_points(study),
        ai_label=f"AI alone\nAUC {estimate_text(study.auc)}",
        enlarge=_around_readers(study),
    )


def _around_readers(study: Standalone) -> bool | tuple[float, float, float, float]:
    """Return the part of the plane that holds the readers' points, or False without readers."""
    points = [point for point in _points(study) if point.role == "reader"]
    if not points:
        return False
    x, y = [point.x for point in points], [point.y for point in points]
    return (
        max(0.0, min(x) - 0.05),
        min(1.0, max(x) + 0.05),
        max(0.0, min(y) - 0.08),
        min(1.0, max(y) + 0.08),
    )


def roc_finding(study: Standalone) -> str:
    """Return the figure's finding: how the readers' points lie to the AI's curve."""
    points = [p for p in _points(study) if p.role == "reader"]
    if not points:
        return f"The area under the AI's curve is {estimate_text(study.auc)}."
    above = sum(point.y > _height(study.curve, point.x) for point in points)
    verb = "lies" if above == 1 else "lie"
    return (
        f"Of {counted(len(points), 'reader')}, {counted(above, 'reader')} {verb} above the AI's "
        f"curve and {counted(len(points) - above, 'reader')} on or below it."
    )


def _height(curve: Curve, x: float) -> float:
    """Return the curve's sensitivity at a false-positive share, on straight lines."""
    best = 0.0
    for i in range(1, curve.x.size):
        x0, x1, y0, y1 = curve.x[i - 1], curve.x[i], curve.y[i - 1], curve.y[i]
        if x0 <= x <= x1:
            best = max(best, y1 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0))
    return float(best)


def roc_caption(study: Standalone) -> str:
    """Return what the figure draws."""
    scores = study.scores
    readers = (
        f"; open circles, {counted(len(study.readers), 'reader')} of the same examinations, each "
        "on those that the reader read"
        if study.readers
        else ""
    )
    return (
        f"Empirical ROC curve on {count_text(scores.n_cases - scores.n_positive)} examinations "
        f"without and {count_text(scores.n_positive)} with cancer. Squares, the AI from each "
        f"cut-off up{readers}. *AUC*, area under the curve, {estimate_phrase(study.auc)}."
    )


def roc_alt(study: Standalone) -> str:
    """Return the figure's alternative text."""
    return (
        f"ROC curve of the AI on {count_text(study.scores.n_cases)} examinations with "
        f"{counted(len(study.cutoffs), 'cut-off')} and {counted(len(study.readers), 'reader')}; "
        f"the area under the curve is {estimate_text(study.auc)}."
    )


def roc_data(study: Standalone) -> pd.DataFrame:
    """Return the points of the curve as they were drawn."""
    return pd.DataFrame(
        {
            "score_from": study.curve.threshold,
            "one_minus_specificity": study.curve.x,
            "sensitivity": study.curve.y,
        }
    )


def _share_cells(estimate: Estimate) -> list[str]:
    """Return count, percentage and interval of a proportion."""
    if not estimate.denominator:
        return ["0/0", "—", "—"]
    count = f"{count_text(estimate.numerator or 0)}/{count_text(estimate.denominator)}"
    return [count, estimate_text(estimate, unit=False), ci_text(estimate, always_to=False)]


def cutoff_table(study: Standalone) -> TableView:
    """Return sensitivity and specificity at each cut-off of the plan."""
    rows = [
        TableRow(
            [
                f"{cutoff:g} or more",
                *_share_cells(accuracy.sensitivity),
                *_share_cells(accuracy.specificity),
            ],
            kind="emphasis" if number == 0 else "plain",
        )
        for number, (cutoff, accuracy) in enumerate(
            zip(study.cutoffs, study.at_cutoffs, strict=True)
        )
    ]
    shares = [
        share for point in study.at_cutoffs for share in (point.sensitivity, point.specificity)
    ]
    names = ("Sensitivity", "Specificity")
    columns = [TableColumn("Score", align="left")]
    for name in names:
        columns += [
            TableColumn("n/N", span=name),
            TableColumn("%", span=name),
            TableColumn("95% CI", align="center", span=name),
        ]
    return TableView(
        title="Accuracy of the AI at the cut-offs of the plan",
        columns=columns,
        rows=rows,
        foot=(
            f"{clustering_note(study.scores)}Cut-offs were fixed in the parameters, not chosen on "
            f"these data. CI: {interval_methods(shares)}."
        ),
    )


def value_table(study: Standalone) -> TableView:
    """Return predictive values and likelihood ratios at each cut-off of the plan."""
    rows = []
    for cutoff, accuracy in zip(study.cutoffs, study.at_cutoffs, strict=True):
        cells = [f"{cutoff:g} or more"]
        for value in (accuracy.ppv, accuracy.npv):
            share = proportion_text(value.numerator or 0, value.denominator or 0)
            cells += [share, ci_text(value)]
        for ratio in (accuracy.positive_likelihood_ratio, accuracy.negative_likelihood_ratio):
            cells += [estimate_text(ratio), ci_text(ratio)]
        rows.append(cells)
    spans = ("PPV", "NPV", "LR of a marked", "LR of an unmarked")
    columns = [TableColumn("Score", align="left")]
    for span in spans:
        head = "n/N (%)" if "PV" in span else "Ratio"
        columns += [
            TableColumn(head, span=span),
            TableColumn("95% CI", align="center", span=span),
        ]
    scores = study.scores
    shares = [share for point in study.at_cutoffs for share in (point.ppv, point.npv)]
    method = study.at_cutoffs[0].positive_likelihood_ratio.ci_method.split(",")[0]
    return TableView(
        title="What a score above the cut-off means in this set",
        columns=columns,
        rows=rows,
        dense=True,
        foot=(
            f"{clustering_note(scores)}*PPV* and *NPV*, positive and negative predictive value: "
            f"they hold for a set in which {share_text(scores.n_positive, scores.n_cases)} have "
            "cancer, and for no other. *LR*, likelihood ratio of a marked or an unmarked "
            "examination, which carries over where the case mix does. "
            f"CI: {interval_methods(shares)} for shares, {method} method for ratios."
        ),
    )


def reach_sentence(study: Standalone) -> str:
    """Return one sentence on who was compared and who could not be."""
    missing = _left_out(study)
    if not missing:
        return "Every examination of this part has a score and a known truth."
    return f"Left out, and never counted as a low score: {joined(missing)}."


def record(study: Standalone) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {"auc": study.auc, "roc": study.curve}
    for cutoff, accuracy in zip(study.cutoffs, study.at_cutoffs, strict=True):
        for name, estimate in accuracy.estimates.items():
            results[f"{name}_from_{cutoff:g}"] = estimate
    return results
