"""What chapter 05 shows: the AI alone, at every cut-off and at those that the plan fixes."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.chapters.comparison import (
    call_cells,
    call_columns,
    clustering_note,
    interval_methods,
    operating_points,
    with_cancer,
)
from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.chapters.standalone.analysis import StandaloneStudy
from toolkit.draw.roc import OperatingPoint, roc_figure
from toolkit.draw.tables import TableColumn, TableRow, TableView, value_columns
from toolkit.results import Curve, Result
from toolkit.words.sentences import ci_text, estimate_phrase, estimate_text
from toolkit.words.wording import count_text, counted, joined, proportion_text, share_text


def head(study: StandaloneStudy) -> Headline:
    """Return the area, and what the first cut-off of the plan finds."""
    scores = study.scores
    cutoff, first = next(iter(study.at_cutoffs.items()))
    found, cleared = first.sensitivity, first.specificity
    left_out = {
        "failed": scores.n_failed,
        "missing": scores.n_missing,
        "of unknown truth": scores.n_without_truth,
    }
    words = [f"{count_text(count)} {reason}" for reason, count in left_out.items() if count]
    total = count_text(sum(left_out.values()))
    return Headline(
        question="How accurate is the AI alone?",
        answer=f"The AI reached an AUC of {estimate_phrase(study.auc)}. From a score of "
        f"{cutoff:g} up it marked {share_text(found.numerator or 0, found.denominator or 0)} "
        "examinations with cancer and left "
        f"{share_text(cleared.numerator or 0, cleared.denominator or 0)} without cancer unmarked.",
        clinic=f"From a score of {cutoff:g} up the AI alone marks {estimate_phrase(found)} of the "
        f"examinations with cancer, and leaves {estimate_phrase(cleared)} of those without "
        "unmarked.",
        facts=[
            ("Examinations", with_cancer(scores.n_cases, scores.n_positive)),
            ("AI", scores.labels[0]),
            ("Interval", study.auc.ci_method),
            ("Not in the analysis", f"{total}: {', '.join(words)}" if words else "none"),
        ],
    )


def roc(study: StandaloneStudy) -> Exhibit:
    """Return the ROC curve with the cut-offs of the plan and the readers' points."""
    scores, auc = study.scores, estimate_text(study.auc)
    cutoffs = operating_points(
        [(f"{cutoff:g}", calls) for cutoff, calls in study.at_cutoffs.items()], role="ai"
    )
    people = operating_points(
        [(reader.label, reader.calls) for reader in study.readers], role="reader"
    )
    readers = counted(len(study.readers), "reader")
    beside = (
        f"; open circles, {readers} of the same examinations, each on those that the reader read"
        if study.readers
        else ""
    )
    return Exhibit(
        figure=roc_figure(
            study.curve,
            points=[*cutoffs, *people],
            ai_label=f"AI alone\nAUC {auc}",
            enlarge=_around(people),
        ),
        finding=_roc_finding(study.curve, people, auc),
        caption=(
            f"Empirical ROC curve on {count_text(scores.n_cases - scores.n_positive)} "
            f"examinations without and {count_text(scores.n_positive)} with cancer. Squares, the "
            f"AI from each cut-off up{beside}. *AUC*, area under the curve, "
            f"{estimate_phrase(study.auc)}."
        ),
        alt=(
            f"ROC curve of the AI on {count_text(scores.n_cases)} examinations with "
            f"{counted(len(study.at_cutoffs), 'cut-off')} and {readers}; "
            f"the area under the curve is {auc}."
        ),
        data={
            "score_from": study.curve.threshold,
            "one_minus_specificity": study.curve.x,
            "sensitivity": study.curve.y,
        },
    )


def _around(points: Sequence[OperatingPoint]) -> bool | tuple[float, float, float, float]:
    """Return the part of the plane that holds the readers' points, or False without readers."""
    if not points:
        return False
    x, y = [point.x for point in points], [point.y for point in points]
    return (
        max(0.0, min(x) - 0.05),
        min(1.0, max(x) + 0.05),
        max(0.0, min(y) - 0.08),
        min(1.0, max(y) + 0.08),
    )


def _roc_finding(curve: Curve, points: Sequence[OperatingPoint], auc: str) -> str:
    """Return how the readers' points lie to the AI's curve."""
    if not points:
        return f"The area under the AI's curve is {auc}."
    above = sum(point.y > _height(curve, point.x) for point in points)
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


def cutoff_table(study: StandaloneStudy) -> Exhibit:
    """Return sensitivity and specificity at each cut-off of the plan."""
    made = study.at_cutoffs
    shares = [share for calls in made.values() for share in (calls.sensitivity, calls.specificity)]
    return Exhibit(
        table=TableView(
            title="Accuracy of the AI at the cut-offs of the plan",
            columns=[TableColumn("Score", align="left"), *call_columns()],
            rows=[
                TableRow(
                    [f"{cutoff:g} or more", *call_cells(calls)],
                    kind="emphasis" if number == 0 else "plain",
                )
                for number, (cutoff, calls) in enumerate(made.items())
            ],
            foot=(
                f"{clustering_note(study.scores)}Cut-offs were fixed in the parameters, not chosen "
                f"on these data. CI: {interval_methods(shares)}."
            ),
        )
    )


def value_table(study: StandaloneStudy) -> Exhibit:
    """Return predictive values and likelihood ratios at each cut-off of the plan."""
    rows = []
    for cutoff, calls in study.at_cutoffs.items():
        cells = [f"{cutoff:g} or more"]
        for value in (calls.ppv, calls.npv):
            share = proportion_text(value.numerator or 0, value.denominator or 0)
            cells += [share, ci_text(value)]
        for ratio in (calls.positive_likelihood_ratio, calls.negative_likelihood_ratio):
            cells += [estimate_text(ratio), ci_text(ratio)]
        rows.append(cells)
    columns = [TableColumn("Score", align="left")]
    for span in ("PPV", "NPV", "LR of a marked", "LR of an unmarked"):
        columns += value_columns("n/N (%)" if "PV" in span else "Ratio", span=span)
    scores, made = study.scores, list(study.at_cutoffs.values())
    shares = [share for calls in made for share in (calls.ppv, calls.npv)]
    method = made[0].positive_likelihood_ratio.ci_method.split(",")[0]
    return Exhibit(
        table=TableView(
            title="What a score above the cut-off means in this set",
            columns=columns,
            rows=rows,
            dense=True,
            foot=(
                f"{clustering_note(scores)}*PPV* and *NPV*, positive and negative predictive "
                "value: they hold for a set in which "
                f"{share_text(scores.n_positive, scores.n_cases)} have cancer, and for no other. "
                "*LR*, likelihood ratio of a marked or an unmarked examination, which carries over "
                f"where the case mix does. CI: {interval_methods(shares)} for shares, {method} "
                "method for ratios."
            ),
        )
    )


def left_out(study: StandaloneStudy) -> str:
    """Return one sentence on who was compared and who could not be."""
    scores = study.scores
    missing = [
        f"{counted(count, 'examination')} {words}"
        for count, words in (
            (scores.n_failed, "on which the AI failed"),
            (scores.n_missing, "without an AI result"),
            (scores.n_without_truth, "with a score but no known truth"),
        )
        if count
    ]
    if not missing:
        return "Every examination of this part has a score and a known truth."
    return f"Left out, and never counted as a low score: {joined(missing)}."


def record(study: StandaloneStudy) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {"auc": study.auc, "roc": study.curve}
    for cutoff, calls in study.at_cutoffs.items():
        for name, estimate in calls.estimates.items():
            results[f"{name}_from_{cutoff:g}"] = estimate
    return results
