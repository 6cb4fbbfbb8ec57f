"""What chapter 05 shows: the AI alone, at every cut-off and at those given."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.chapters.case_words import (
    INDICATION_WORDS,
    incorporation_text,
    indication_table,
    indications_text,
    of_indication,
    score_cell,
    score_label,
    score_text,
    weight_note,
)
from toolkit.chapters.comparison import (
    call_cells,
    call_columns,
    clustering_note,
    interval_methods,
    operating_points,
    share_cells,
    share_columns,
    with_cancer,
)
from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.chapters.standalone.analysis import StandaloneStudy
from toolkit.draw.roc import OperatingPoint, roc_figure
from toolkit.draw.tables import TableColumn, TableRow, TableView, value_columns
from toolkit.results import Curve, Estimate, Result
from toolkit.scoring.case_mix import weights_differ
from toolkit.words.sentences import ci_text, estimate_phrase, estimate_text
from toolkit.words.wording import count_text, counted, joined, rate_text, share_text


def head(study: StandaloneStudy) -> Headline:
    """Return the area, and what the first cut-off finds."""
    scores = study.scores
    left_out = {
        "failed": scores.n_failed,
        "missing": scores.n_missing,
        "of unknown truth": scores.n_without_truth,
    }
    words = [f"{count_text(count)} {reason}" for reason, count in left_out.items() if count]
    total = count_text(sum(left_out.values()))
    return Headline(
        question="How accurate is the AI alone?",
        answer=" ".join(filter(None, [_answer(study), _apart(study)])),
        clinic=_clinic(study),
        limits=_limits(study),
        facts=[
            (
                f"{of_indication(study.indication)}examinations".capitalize(),
                with_cancer(scores.n_cases, scores.n_positive),
            ),
            ("AI", scores.labels[0]),
            ("Interval", study.auc.ci_method),
            ("Not in the analysis", f"{total}: {', '.join(words)}" if words else "none"),
        ],
    )


def _answer(study: StandaloneStudy) -> str:
    """Return the area, and sensitivity and specificity at the first cut-off."""
    cutoff, first = next(iter(study.at_cutoffs.items()))
    found, cleared = first.sensitivity, first.specificity
    whose = of_indication(study.indication)
    by = ", by their sampling weights" if weights_differ(study.scores.weight) else ""
    start = f"On {whose}examinations{by}, the" if whose or by else "The"
    return (
        f"{start} AI reached an AUC of {estimate_phrase(study.auc)}. At "
        f"score {score_text(cutoff, study.scale)} its sensitivity was {_share(found)} and its "
        f"specificity {_share(cleared)}."
    )


def _clinic(study: StandaloneStudy) -> str:
    """Return what the first cut-off marks and leaves."""
    cutoff, first = next(iter(study.at_cutoffs.items()))
    whose = of_indication(study.indication)
    return (
        f"At score {score_text(cutoff, study.scale)} the AI alone marks "
        f"{estimate_phrase(first.sensitivity)} of the {whose}examinations with cancer, and leaves "
        f"{estimate_phrase(first.specificity)} of those without unmarked."
    )


def _share(share: Estimate) -> str:
    """Return a share with its interval and the counts behind it."""
    return (
        f"{estimate_phrase(share)[:-1]}; {count_text(share.numerator or 0)} of "
        f"{count_text(share.denominator or 0)})"
    )


def _limits(study: StandaloneStudy) -> list[str]:
    """Return what the answer leaves open: cancers that nobody looked for."""
    unverified = incorporation_text(study.incorporation, test="the AI", which="that the AI marked")
    return [unverified] if unverified else []


def _apart(study: StandaloneStudy) -> str:
    """Return which indications the answer is not about."""
    return indications_text(study.by_indication, study.indication)


def roc(study: StandaloneStudy) -> Exhibit:
    """Return the ROC curve with the cut-offs and the readers' points."""
    scores, auc = study.scores, estimate_text(study.auc)
    cutoffs = operating_points(
        [(score_label(cutoff, study.scale), calls) for cutoff, calls in study.at_cutoffs.items()],
        role="ai",
    )
    people = operating_points(
        [(reader.label, reader.calls) for reader in study.readers], role="reader"
    )
    readers, whose = counted(len(study.readers), "reader"), of_indication(study.indication)
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
            f"Empirical ROC curve on {count_text(scores.n_cases - scores.n_positive)} {whose}"
            f"examinations without and {count_text(scores.n_positive)} with cancer"
            f"{_by_weight(study)}. Squares, the AI at the scores beside them{beside}. *AUC*, area "
            f"under the curve, {estimate_phrase(study.auc)}."
        ),
        alt=(
            f"ROC curve of the AI on {count_text(scores.n_cases)} {whose}examinations with "
            f"{counted(len(study.at_cutoffs), 'cut-off')} and {readers}; "
            f"the area under the curve is {auc}."
        ),
        data={
            "score_from": study.curve.threshold,
            "one_minus_specificity": study.curve.x,
            "sensitivity": study.curve.y,
        },
    )


def _by_weight(study: StandaloneStudy) -> str:
    """Return that weights are used, for a caption, or nothing."""
    return ", by sampling weight" if weights_differ(study.scores.weight) else ""


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
    """Return sensitivity and specificity at each cut-off."""
    made = study.at_cutoffs
    shares = [share for calls in made.values() for share in (calls.sensitivity, calls.specificity)]
    return Exhibit(
        table=TableView(
            title=f"Accuracy of the AI at the cut-offs given{_in_words(study)}",
            columns=[TableColumn("Score", align="left"), *call_columns()],
            rows=[
                TableRow(
                    [score_cell(cutoff, study.scale), *call_cells(calls)],
                    kind="emphasis" if number == 0 else "plain",
                )
                for number, (cutoff, calls) in enumerate(made.items())
            ],
            foot=(
                f"{_notes(study)}The cut-offs are those given in the parameters file. "
                f"CI: {interval_methods(shares)}."
            ),
        )
    )


def _in_words(study: StandaloneStudy) -> str:
    """Return after a title whose accuracy it is, where not that of all."""
    words = INDICATION_WORDS[study.indication][1]
    return f", {words}" if words else ""


def _notes(study: StandaloneStudy) -> str:
    """Return what the counts of a table are, and which cases come from one woman."""
    return f"{clustering_note(study.scores)}{weight_note(study.scores.weight)}"


def value_table(study: StandaloneStudy) -> Exhibit:
    """Return predictive values and likelihood ratios at each cut-off."""
    rows = []
    for cutoff, calls in study.at_cutoffs.items():
        cells = [score_cell(cutoff, study.scale), *share_cells(calls.ppv, calls.npv)]
        for ratio in (calls.positive_likelihood_ratio, calls.negative_likelihood_ratio):
            cells += [estimate_text(ratio), ci_text(ratio)]
        rows.append(cells)
    columns = [TableColumn("Score", align="left"), *share_columns("PPV", "NPV")]
    for span in ("LR, marked", "LR, not marked"):
        columns += value_columns("Ratio", span=span)
    made = list(study.at_cutoffs.values())
    shares = [share for calls in made for share in (calls.ppv, calls.npv)]
    method = made[0].positive_likelihood_ratio.ci_method.split(",")[0]
    return Exhibit(
        table=TableView(
            title=f"What a score above the cut-off means{_in_words(study)}",
            columns=columns,
            rows=rows,
            dense=True,
            foot=(
                f"{_notes(study)}*PPV* and *NPV*, positive and negative predictive value: they "
                f"hold {_prevalence(study)}, and nowhere else. *LR*, likelihood ratio, carries "
                f"over where the case mix does. CI: {interval_methods(shares)} for shares, "
                f"{method} method for ratios."
            ),
        )
    )


def _prevalence(study: StandaloneStudy) -> str:
    """Return how common cancer is where the predictive values hold."""
    scores = study.scores
    if not weights_differ(scores.weight) or scores.weight is None:
        return f"for a set in which {share_text(scores.n_positive, scores.n_cases)} have cancer"
    cancers = float(scores.weight @ scores.truth)
    return f"where {rate_text(cancers, float(scores.weight.sum()))} have cancer, as by the weights"


def by_indication(study: StandaloneStudy) -> Exhibit | None:
    """Return the first cut-off by indication, all together last; None for one indication."""
    cutoff = next(iter(study.at_cutoffs))
    shares = [
        share
        for one in study.by_indication.values()
        for share in (one.sensitivity, one.specificity)
    ]
    return indication_table(
        {name: {"AI": calls} for name, calls in study.by_indication.items()},
        title=f"Accuracy at score {score_text(cutoff, study.scale)}, by indication",
        foot=f"{weight_note(study.scores.weight)}CI: {interval_methods(shares)}.",
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
        whose = of_indication(study.indication)
        return f"Every {whose}examination of this part has a score and a known truth."
    return f"Left out, and never counted as a low score: {joined(missing)}."


def record(study: StandaloneStudy) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {"auc": study.auc, "roc": study.curve}
    for cutoff, calls in study.at_cutoffs.items():
        for name, estimate in calls.estimates.items():
            results[f"{name}_from_{cutoff:g}"] = estimate
    for group, calls in study.by_indication.items():
        results[f"sensitivity_{group}"] = calls.sensitivity
        results[f"specificity_{group}"] = calls.specificity
    return results
