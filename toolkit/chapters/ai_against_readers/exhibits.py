"""What chapter 06 shows: the AI and the readers on the same cases, and the differences."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pandas as pd

from toolkit.chapters.ai_against_readers.analysis import AgainstReadersStudy
from toolkit.chapters.ai_against_readers.joint import AgainstCall, JointComparison
from toolkit.chapters.case_words import (
    incorporation_text,
    indication_table,
    indications_text,
    of_indication,
    score_text,
    weight_note,
)
from toolkit.chapters.comparison import (
    CALLS,
    MEASURES,
    CallEndpoint,
    call_cells,
    call_columns,
    clustering_note,
    interval_methods,
    notes_once,
    operating_points,
    with_cancer,
)
from toolkit.chapters.exhibit import MOST_READERS, Exhibit, Headline
from toolkit.draw.bars import interval_bar
from toolkit.draw.forest import ForestView, forest_figure, forest_row
from toolkit.draw.roc import roc_figure
from toolkit.draw.tables import (
    PairedTables,
    TableColumn,
    TableRow,
    TableView,
    TwoByTwo,
    value_cells,
    value_columns,
)
from toolkit.results import Comparison, Result
from toolkit.scoring.ratings import Rule
from toolkit.scoring.verdicts import disagreement_phrase
from toolkit.stats.mrmc.analysis import FEW_READERS
from toolkit.words.sentences import (
    agreement_sentence,
    answer_text,
    ci_phrase,
    effect_phrase,
    estimate_phrase,
    estimate_text,
    form_of,
    margin_limit,
)
from toolkit.words.wording import (
    capital,
    count_text,
    counted,
    in_sentence,
    joined,
    number_text,
    p_phrase,
    p_text,
    some_of,
    value_text,
)

RULES: dict[Rule, tuple[str, str]] = {
    "majority": ("Panel", "recalled by more than half of the readers who called the examination"),
    "any": ("Any reader", "recalled by at least one of its readers"),
    "programme": ("Programme", "what the programme decided in the end"),
    "first_read": ("First read", "recalled by the reader who read first, in position 1"),
}


def head(study: AgainstReadersStudy) -> Headline:
    """Return the answer from the primary comparison, what limits it, and four facts."""
    truth, people = study.pairs.truth, study.pairs.readers
    read_all = not np.isnan(people.rating * people.call).any()
    reach = "each read all" if read_all else "each on their own share"
    sentence = answer_text(study.primary, measure=capital(MEASURES[study.endpoint]))
    return Headline(
        question="Is the AI alone as accurate as the readers of the same examinations?",
        answer=" ".join([sentence, *_beside(study)]),
        primary=study.primary,
        bar=interval_bar(study.primary, left="readers better", right="AI better"),
        clinic=_clinic(study),
        limits=_limits(study),
        facts=[
            (
                f"{of_indication(study.indication)}examinations".capitalize(),
                with_cancer(truth.size, int(truth.sum())),
            ),
            ("Readers", f"{len(study.readers)}, {reach}"),
            ("Analysis", _primary_analysis(study)),
        ],
    )


def _clinic(study: AgainstReadersStudy) -> str:
    """Return what the AI marked and what readers recalled, with the difference in points."""
    found, cleared = (_against(study, endpoint) for endpoint in CALLS)
    if math.isnan(found.ci_low + cleared.ci_low):
        return ""
    ai, others = (
        [value_text(share, form="percent") for share in (one, two)]
        for one, two in (
            (found.estimate_b, cleared.estimate_b),
            (found.estimate_a, cleared.estimate_a),
        )
    )
    where = "The AI" if study.cutoff_given else "At a cut-off matched on these examinations the AI"
    return (
        f"{where} alone found {ai[0]} of the examinations with cancer and {found.label_a} "
        f"{others[0]}, {effect_phrase(found)}; of those without it cleared {ai[1]} and "
        f"{cleared.label_a} {others[1]}, {effect_phrase(cleared)}."
    )


def _against(study: AgainstReadersStudy, endpoint: CallEndpoint) -> Comparison:
    """Return the difference from the readers' mean, or from their joint call without one."""
    mean = study.defined_means.get(endpoint) if study.endpoint == "auc" else None
    return study.joint[endpoint].difference if mean is None else mean.difference


def _beside(study: AgainstReadersStudy) -> list[str]:
    """Return specificity beside sensitivity, and the other original call beside that asked for."""
    sentences = [
        answer_text(study.joint[endpoint].difference, measure=capital(endpoint))
        for endpoint in CALLS
        if study.endpoint in CALLS and endpoint != study.endpoint
    ]
    for other in study.against[1:]:
        found, cleared = (estimate_phrase(other.joint[e].difference) for e in CALLS)
        sentences.append(f"Against {other.name}: {found} in sensitivity, {cleared} in specificity.")
    apart = indications_text(study.by_indication, study.indication)
    return [*sentences, apart] if apart else sentences


def _limits(study: AgainstReadersStudy) -> list[str]:
    """Return for whom and of what the answer does not hold."""
    unverified = incorporation_text(study.incorporation, test="the AI", which="that the AI marked")
    weights = (
        "Sampling weights are not used against the mean of the readers, which has no weighted form."
        if study.endpoint == "auc" and study.weights_unused
        else ""
    )
    matched = (
        "The AI's cut-off was matched to the readers' joint call on these very examinations, which "
        "favours the AI a little."
        if study.endpoint != "auc" and not study.cutoff_given
        else ""
    )
    return [text for text in (*_few_readers(study), weights, matched, unverified) if text]


def _few_readers(study: AgainstReadersStudy) -> list[str]:
    """Return for whom the answer does not hold, where readers are few or one."""
    mean = study.means["auc"]
    if study.endpoint != "auc" or math.isnan(mean.difference.estimate):
        return []
    if mean.n_readers == 1:
        return ["It holds for this reader only, not for readers in general."]
    if mean.n_readers < FEW_READERS:
        words = counted(mean.n_readers, "reader")
        return [f"{capital(words)} are too few to speak for readers in general."]
    return []


def _primary_analysis(study: AgainstReadersStudy) -> str:
    """Return whose method the primary comparison is, and what is random in it."""
    if study.endpoint != "auc":
        return f"{study.primary.ci_method}; against {study.against[0].name}"
    if math.isnan(study.primary.estimate):
        return "Not defined"
    return f"Obuchowski\u2013Rockette. {study.means['auc'].name}"


def joint_interval(study: AgainstReadersStudy | AgainstCall) -> str:
    """Return the method of the intervals against the joint call, of both where they differ."""
    sensitivity, specificity = (study.joint[e].difference.ci_method for e in CALLS)
    if sensitivity == specificity:
        return sensitivity
    return f"{sensitivity} for sensitivity; {specificity} for specificity"


def roc(study: AgainstReadersStudy) -> Exhibit:
    """Return the curves, with every reader's point, the joint call and the AI at its cut-off."""
    truth, mean, found = study.pairs.truth, study.means["auc"].mean, study.joint["sensitivity"]
    readers, whose = counted(len(study.readers), "reader"), of_indication(study.indication)
    diamonds = "diamond" if len(study.against) == 1 else "diamonds"
    joint = ", ".join(
        f"{RULES[one.rule][0].lower()}: {RULES[one.rule][1]}" for one in study.against
    )
    area = "" if math.isnan(mean.estimate) else f"\nmean AUC {estimate_text(mean)}"
    points = [
        *operating_points([(one.label, one.calls) for one in study.readers], role="reader"),
        *operating_points([(RULES[o.rule][0], o.calls) for o in study.against], role="mean"),
        *operating_points([("AI", study.ai_calls)], role="ai"),
    ]
    change = found.recalled.only_b - found.recalled.only_a
    some = f"{counted(abs(change), 'cancer')} {'more' if change > 0 else 'fewer'} than"
    lines = "Thin lines, readers who rated; open" if study.reader_curves else "Open"
    how = (
        "as given in the parameters file"
        if study.cutoff_given
        else "the lowest one at least as specific as the readers' joint call on these cases"
    )
    return Exhibit(
        figure=roc_figure(
            study.curve,
            study.reader_curves,
            points=points,
            ai_label=f"AI alone\nAUC {estimate_text(study.ai.auc)}",
            readers_label=f"{capital(readers)}{area}",
            enlarge=bool(points),
        ),
        finding=(
            f"At a specificity of {estimate_text(study.ai_calls.specificity)} the AI found "
            f"{some if change else 'as many cancers as'} {found.difference.label_a}."
        ),
        caption=(
            f"Empirical ROC curves on {count_text(int((truth == 0).sum()))} {whose}examinations "
            f"without and {count_text(int(truth.sum()))} with cancer. {lines} circles, each "
            f"reader's calls; {diamonds}, {joint}; square, the AI at score "
            f"{score_text(study.ai_cutoff, study.scale)}, {how}. "
            f"{weight_note(study.pairs.readers.weight)}*AUC*, area under the curve."
        ),
        alt=(
            f"ROC curves of the AI and {readers} on {count_text(truth.size)} {whose}examinations, "
            f"whole and enlarged. The AI's area is {estimate_text(study.ai.auc)}."
        ),
        data={
            "who": [point.label or point.role for point in points],
            "one_minus_specificity": [point.x for point in points],
            "sensitivity": [point.y for point in points],
        },
    )


def accuracy_table(study: AgainstReadersStudy) -> Exhibit:
    """Return the accuracy of the AI, of the joint call and of each reader."""
    shown = study.readers[:MOST_READERS]
    ai = ["AI alone", *value_cells(study.ai.auc), *call_cells(study.ai_calls)]
    rows = [TableRow(ai, "emphasis")]
    for joint in study.against:
        cells = [f"Readers: {RULES[joint.rule][0].lower()}", "", "", *call_cells(joint.calls)]
        rows.append(TableRow(cells, "emphasis"))
    if study.defined_means and len(study.readers) > 1:
        rows.insert(1, TableRow(["Readers: mean", *_mean_cells(study)], "emphasis"))
    for number, one in enumerate(shown):
        cells = [one.label, *value_cells(one.auc), *call_cells(one.calls)]
        rows.append(TableRow(cells, rule=number == 0))
    return Exhibit(
        table=TableView(
            title="Accuracy of the AI and of each reader",
            columns=[
                TableColumn("", align="left"),
                *value_columns("AUC", span="AUC"),
                *call_columns(),
            ],
            rows=rows,
            dense=True,
            foot=_accuracy_foot(study, len(shown)),
        )
    )


def _mean_cells(study: AgainstReadersStudy) -> list[str]:
    """Return the means of the readers with their intervals."""
    area = study.means["auc"].mean
    cells = ["", ""] if math.isnan(area.estimate) else value_cells(area)
    for endpoint in CALLS:
        mean = study.means.get(endpoint)
        cells += ["", *(value_cells(mean.mean) if mean else ("", ""))]
    return cells


def _accuracy_foot(study: AgainstReadersStudy, shown: int) -> str:
    """Return population, methods and what the table leaves out."""
    pairs, n_readers = study.pairs, len(study.readers)
    left = pairs.n_only_readers + pairs.n_only_ai
    cut = f" The first {shown} of {n_readers} readers." if shown < n_readers else ""
    apart = (
        f" {capital(counted(left, 'examination'))} that only the readers or only the AI read "
        "are left out."
        if left
        else ""
    )
    means = (
        " of the means: Obuchowski\u2013Rockette, readers and cases random, on the logit scale;"
        if any(mean.random == "readers and cases" for mean in study.defined_means.values())
        else ""
    )
    made = [
        study.ai_calls,
        *(one.calls for one in study.against),
        *(reader.calls for reader in study.readers),
    ]
    shares = [share for calls in made if calls for share in (calls.sensitivity, calls.specificity)]
    note = clustering_note(pairs.readers, intervals="all intervals")
    note += weight_note(pairs.readers.weight)
    if pairs.readers.n_arbiter:
        note += "An arbiter is no first or second reader, and is not shown. "
    return (
        f"{note}Each reader's row counts the cases of that reader.{cut}{apart} "
        f"CI:{means} of the AI and each reader: {study.ai.auc.ci_method} for the AUC, "
        f"{interval_methods(shares)} for sensitivity and specificity."
        f"{_left_out(study)}"
    )


def _left_out(study: AgainstReadersStudy) -> str:
    """Return why a mean or an area is missing, and how many readers are not in the means."""
    sentences = []
    if math.isnan(study.auc.estimate):
        sentences.append(f"The mean AUC is not compared: {study.auc.note}.")
    elif study.means["auc"].n_left_out:
        some = capital(counted(study.means["auc"].n_left_out, "reader"))
        sentences.append(f"{some} without a rating of every examination: not in the mean AUC.")
    if len(study.readers) > 1 and not all(endpoint in study.means for endpoint in CALLS):
        sentences.append(
            "Mean sensitivity and specificity need two readers who called every examination."
        )
    return "".join(f" {sentence}" for sentence in sentences)


def differences(study: AgainstReadersStudy) -> Exhibit:
    """Return the forest of differences: in AUC with each reader, or of the two joint calls."""
    defined = [c for c in study.auc_by_reader if not math.isnan(c.estimate)]
    defined.sort(key=lambda c: c.estimate, reverse=True)
    made = _auc_forest(study, defined) if defined else _call_forest(study)
    view, finding, caption, shown = made
    columns = ["quantity", "label_a", "label_b", "estimate", "ci_low", "ci_high", "p_value"]
    return Exhibit(
        figure=forest_figure(view),
        finding=finding,
        caption=caption,
        alt=(
            f"Forest plot of the differences of the AI and {counted(len(study.readers), 'reader')};"
            f" difference {estimate_text(study.primary)}."
        ),
        data=pd.concat([comparison.summary_frame() for comparison in shown])[columns],
    )


_Forest = tuple[ForestView, str, str, list[Comparison]]


def _auc_forest(study: AgainstReadersStudy, defined: list[Comparison]) -> _Forest:
    """Return the differences in area, with finding and caption."""
    pooled, mean = study.auc, study.means["auc"]
    rows = [forest_row(c, left=(value_text(c.estimate_a, form="index"),)) for c in defined]
    shown, end, diamond = defined, "", ""
    if not math.isnan(pooled.estimate):
        shown = [*defined, pooled]
        end = (
            f"; against their mean the difference is {estimate_text(pooled)} ({ci_phrase(pooled)})"
        )
        if mean.n_readers > 1:
            left = (value_text(pooled.estimate_a, form="index"),)
            rows.append(forest_row(pooled, label="Mean of readers", left=left, kind="pooled"))
            diamond = f"; diamond, {pooled.label_a} ({in_sentence(mean.name)}{_test(pooled)})"
    view = ForestView(
        rows=rows,
        left_heads=("Compared with", "AUC"),
        right_heads=("Difference", "95% CI"),
        axis_label="Difference in AUC, AI minus reader",
        margin=_limit(pooled),
        left_words="AI worse",
        right_words="AI better",
    )
    finding = f"The AI's AUC lies {_standing(defined)}{end}."
    margin = " Shaded, worse than the margin." if pooled.margin is not None else ""
    caption = (
        f"Circles, paired difference with each reader (DeLong, these readers){diamond}.{margin} "
        "Sorted by difference."
    )
    return view, finding, caption, shown


def _standing(differences: list[Comparison]) -> str:
    """Return above how many readers the AI lies, and below how many."""
    of = len(differences)
    counts = {
        "above": sum(one.estimate > 0 for one in differences),
        "level with": sum(one.estimate == 0 for one in differences),
        "below": sum(one.estimate < 0 for one in differences),
    }
    there = [(where, n) for where, n in counts.items() if n]
    (where, n), *rest = there
    first = f"{where} that of {some_of(n, of, 'reader')}"
    return joined([first, *(f"{where} that of {counted(n, 'reader')}" for where, n in rest)])


def _test(comparison: Comparison) -> str:
    """Return the P value of no difference after a comma, where there is one."""
    if math.isnan(comparison.p_value):
        return ""
    return f", {p_phrase(comparison.p_value)} for no difference"


def _call_forest(study: AgainstReadersStudy) -> _Forest:
    """Return the differences of calls: from the joint call, and from the readers' mean."""
    named = [
        (f"{capital(e)}, {RULES[one.rule][0].lower()}", one.joint[e].difference)
        for one in study.against
        for e in CALLS
    ]
    means = [(e, study.means[e]) for e in CALLS if e in study.means]
    named += [(f"{capital(e)}, mean of {mean.n_readers}", mean.difference) for e, mean in means]
    share = partial(value_text, form="percent")
    view = ForestView(
        rows=[
            forest_row(c, label=label, left=(f"{share(c.estimate_a)}, {share(c.estimate_b)}",))
            for label, c in named
        ],
        form="percent",
        left_heads=("AI minus readers", "Readers, AI"),
        right_heads=("Difference", "95% CI"),
        axis_label="Difference in percentage points, AI minus readers",
        margin=_limit(study.primary) if study.endpoint != "auc" else None,
        left_words="AI worse",
        right_words="AI better",
    )
    random = " From the mean: Obuchowski\u2013Rockette, readers and cases random." if means else ""
    caption = (
        f"Paired differences of the AI's calls and the readers' joint call, "
        f"{joint_interval(study)}.{random} AUC is not compared: {study.auc.note}."
    )
    finding = f"Sensitivity: {effect_phrase(study.joint['sensitivity'].difference)}."
    return view, finding, caption, [comparison for _, comparison in named]


def _limit(comparison: Comparison) -> float | None:
    """Return the margin on the axis of the difference, where there is one."""
    return None if comparison.margin is None else margin_limit(comparison)


def mean_table(study: AgainstReadersStudy) -> Exhibit | None:
    """Return the AI against the readers' mean in every figure and by other analyses."""
    means = study.defined_means
    if len(study.readers) < 2 or not means:
        return None
    rows: list[TableRow] = []
    for endpoint, mean in means.items():
        unit = "" if endpoint == "auc" else ", percentage points"
        primary = endpoint == "auc" and study.endpoint == "auc"
        rows += [
            TableRow([f"{capital(MEASURES[endpoint])}{unit}"], "group"),
            TableRow(
                _analysis_cells(mean.name, mean.difference), "emphasis" if primary else "plain"
            ),
            *(TableRow(_analysis_cells(o.name, o.difference)) for o in mean.others),
        ]
    return Exhibit(
        table=TableView(
            title="The AI and the mean of the readers",
            columns=[
                TableColumn("", align="left"),
                TableColumn("Readers"),
                TableColumn("AI"),
                *value_columns("AI minus readers"),
                TableColumn("df"),
                TableColumn("*P*"),
            ],
            rows=rows,
            dense=True,
            foot=_mean_foot(study),
        )
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
        *value_cells(change),
        number_text(change.df, digits=1),
        p_text(change.p_value),
    ]


def _mean_foot(study: AgainstReadersStudy) -> str:
    """Return method, what "only" means, and the notes of the comparisons, each once."""
    means = study.defined_means.values()
    notes = notes_once(one.difference.note for mean in means for one in (mean, *mean.others))
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


def agreement(study: AgainstReadersStudy) -> str:
    """Return in words whether other analyses agree with that of the answer."""
    if math.isnan(study.auc.estimate):
        first = f"AUC is not compared with the readers' mean: {study.auc.note}."
    else:
        others = [o for o in study.means["auc"].others if not math.isnan(o.difference.estimate)]
        first = agreement_sentence([other.flag for other in others])
    calls = [
        f"{capital(endpoint)}: {other.flag}."
        for endpoint in CALLS
        if endpoint in study.means
        for other in study.means[endpoint].others
        if other.flag
    ]
    return " ".join([first, *calls])


def paired_table(study: AgainstReadersStudy) -> Exhibit:
    """Return the paired two-by-two tables of the joint call asked for."""
    return _paired(study, study.against[0])


def paired_beside(study: AgainstReadersStudy) -> Exhibit | None:
    """Return the same of the first reads or of the programme, where the data have it beside."""
    return _paired(study, study.against[1]) if len(study.against) > 1 else None


def _paired(study: AgainstReadersStudy, against: AgainstCall) -> Exhibit:
    """Return the paired two-by-two tables of cancers and of cases without."""
    name, rule = RULES[against.rule]
    tables = tuple(
        TwoByTwo(
            title=title,
            n=f"n = {count_text(joint.difference.n_cases or 0)}",
            both=joint.recalled.both,
            row_only=joint.recalled.only_b,
            column_only=joint.recalled.only_a,
            neither=joint.recalled.neither,
        )
        for title, joint in zip(
            ("With cancer", "Without cancer"), against.joint.values(), strict=True
        )
    )
    tests = [
        f"{capital(e)}, AI minus {against.name}: {estimate_text(against.joint[e].difference)} "
        f"({ci_phrase(against.joint[e].difference)}; {_tests_phrase(against.joint[e])})."
        for e in CALLS
    ]
    return Exhibit(
        table=PairedTables(
            title=f"The AI and {against.name}, paired by examination",
            tables=tables,
            rows=("AI recalls", "AI does not"),
            columns=(f"{name} recalls", f"{name} does not"),
            foot=(
                f"{name}: {rule}. Shaded cells are the discordant pairs. {' '.join(tests)} CI: "
                f"{joint_interval(against)}. {weight_note(study.pairs.readers.weight)}".strip()
            ),
        )
    )


def by_indication(study: AgainstReadersStudy) -> Exhibit | None:
    """Return the AI and the readers' calls by indication; None for one indication."""
    words = {"ai": "AI alone"} | {one.rule: RULES[one.rule][0] for one in study.against}
    shares = [
        share
        for made in study.by_indication.values()
        for one in made.values()
        for share in (one.sensitivity, one.specificity)
    ]
    return indication_table(
        {
            group: {words[who]: calls for who, calls in made.items()}
            for group, made in study.by_indication.items()
        },
        title=f"The AI at score {score_text(study.ai_cutoff, study.scale)} and the readers, "
        "by indication",
        foot=f"{weight_note(study.pairs.readers.weight)}CI: {interval_methods(shares)}.",
    )


def reading(study: AgainstReadersStudy) -> str:
    """Return how to read the page, for the design at hand."""
    sentences = []
    if study.defined_means:
        sentences.append(
            "Against the mean of the readers the interval speaks of readers and examinations like "
            "these, where two or more of them rated every examination; against a single reader, "
            "and against the joint call, it speaks of these readers alone."
        )
    else:
        sentences.append(
            "Each examination was read by some of the readers only. The AI is compared with what "
            "was decided on it, and the interval speaks of other examinations read by these "
            "readers in this programme."
        )
    if any(one.rule == "first_read" for one in study.against):
        sentences.append(
            "A first read is one reader's; the programme's decision also holds the second read and "
            "the arbiter's."
        )
    if study.incorporation is not None:
        sentences.append(
            "The programme's recall decided who was worked up, and the AI's marks did not: such a "
            "comparison favours the programme."
        )
    if study.pairs.readers.weight is None:
        sentences.append(
            "A set that was enriched with cancers keeps sensitivity and specificity only if its "
            "case mix is that of the clinic; predictive values are therefore left out."
        )
    if not study.cutoff_given:
        sentences.append(
            "A cut-off that was matched on these very examinations favours the AI a little."
        )
    if study.auc_by_reader and not all(math.isnan(c.estimate) for c in study.auc_by_reader):
        sentences.append(
            "Readers who use few levels of ratings have too low an area beside a fine score."
        )
    return " ".join(sentences)


def _tests_phrase(joint: JointComparison) -> str:
    """Return both McNemar tests and where they disagree with the interval, or why there is none."""
    if joint.tests is None:
        return joint.no_tests
    midp, exact = joint.tests
    return (
        f"McNemar mid-P {p_phrase(midp.p_value)}, exact {p_phrase(exact.p_value)}"
        f"{disagreement_phrase(joint.difference, joint.tests)}"
    )


def record(study: AgainstReadersStudy) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {
        "auc_difference": study.auc,
        "auc_readers_mean": study.means["auc"].mean,
        "auc_ai": study.ai.auc,
        "cancer": study.joint["sensitivity"].recalled,
        "no_cancer": study.joint["specificity"].recalled,
    }
    for quantity, joint in study.joint.items():
        results[f"{quantity}_difference"] = joint.difference
        results[f"{quantity}_ai"] = study.ai_calls.estimates[quantity]
        results[f"{quantity}_readers"] = study.joint_calls.estimates[quantity]
        if joint.tests is not None:
            results[f"{quantity}_mcnemar_midp"], results[f"{quantity}_mcnemar_exact"] = joint.tests
    results |= _record_beside(study)
    for endpoint, mean in study.defined_means.items():
        if endpoint != "auc":
            results[f"{endpoint}_readers_mean"] = mean.mean
            results[f"{endpoint}_difference_mean"] = mean.difference
        for number, other in enumerate(mean.others, start=1):
            results[f"{endpoint}_alternative_{number}"] = other.difference
    for comparison in study.auc_by_reader:
        results[f"auc_difference_{comparison.label_a.lower()}"] = comparison
    for reader in study.readers:
        results[f"auc_{reader.label.lower()}"] = reader.auc
    return results


def _record_beside(study: AgainstReadersStudy) -> dict[str, Result]:
    """Return the numbers of the call beside the one asked for."""
    results: dict[str, Result] = {}
    for other in study.against[1:]:
        for quantity, joint in other.joint.items():
            results[f"{quantity}_difference_{other.rule}"] = joint.difference
            results[f"{quantity}_{other.rule}"] = other.calls.estimates[quantity]
    return results
