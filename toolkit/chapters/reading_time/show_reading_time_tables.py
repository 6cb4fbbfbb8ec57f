"""Tables of chapter 09: which times count, the planned analysis and the others, minutes gained."""

from __future__ import annotations

import math
from dataclasses import replace

from toolkit.chapters.reading_time.reading_time_analyses import ReadingTimeStudy
from toolkit.chapters.reading_time.reading_time_comparison import TimeAnalysis
from toolkit.chapters.reading_time.show_reading_time import (
    capital,
    level_text,
    pauses_text,
    per_list_texts,
    ratio_columns,
    seconds_text,
)
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.draw.tables import RowKind
from toolkit.results import Comparison
from toolkit.stats.times.model import ReadingTimeModel
from toolkit.words.sentences import ci_text, estimate_text, verdict_word
from toolkit.words.wording import EM_DASH, count_text, counted, joined, number_text, p_text

_PER_LIST, _MINUTE = 100, 60


def count_table(study: ReadingTimeStudy) -> TableView:
    """Return what became of the readings of each modality."""
    rule = study.plan.rule
    limit, shortest = seconds_text(rule.pause_limit_s), seconds_text(rule.shortest_s)
    left_out = rule.pauses == "excluded"
    rows = [
        _row("Completed readings", study, "n_read"),
        _row("Without a time", study, "n_untimed", "sub"),
        _row(f"Under {shortest}, left out", study, "n_short", "sub"),
    ]
    paused = f"Over {limit}, {pauses_text(rule)}"
    if left_out:
        rows.append(_row(paused, study, "n_paused", "sub"))
    rows.append(_row("Times that count", study, "n_used", "emphasis", rule=True))
    if not left_out:
        rows.append(_row(f"of these {paused[0].lower()}{paused[1:]}", study, "n_paused", "sub"))
    used = count_text(study.primary.n_times // 2)
    rows.append(TableRow(["In the primary analysis", used, used]))
    a, b = study.timed.modalities
    return TableView(
        title="Which times count",
        columns=[TableColumn("", align="left"), TableColumn(a), TableColumn(b)],
        rows=rows,
        foot=_count_foot(study),
    )


def _row(
    label: str,
    study: ReadingTimeStudy,
    name: str,
    kind: RowKind = "plain",
    *,
    rule: bool = False,
) -> TableRow:
    """Return one count of both modalities."""
    cells = [label, *(count_text(getattr(count, name)) for count in study.counts)]
    return TableRow(cells, kind, rule=rule)


def _count_foot(study: ReadingTimeStudy) -> str:
    """Return which times do not come into the primary analysis."""
    sentences = ["The primary analysis needs every time of an examination."]
    dropped = len(study.timed.case_id) - study.primary.n_cases
    if dropped:
        lack = "lacks" if dropped == 1 else "lack"
        sentences.append(f"{capital(counted(dropped, 'examination'))} {lack} one or more.")
    missing = len(study.timed.readers) - len(study.labels)
    if missing:
        sentences.append(
            f"{capital(counted(missing, 'reader'))} without times in both modalities "
            f"{'is' if missing == 1 else 'are'} left out."
        )
    return " ".join(sentences)


def analysis_table(study: ReadingTimeStudy) -> TableView:
    """Return the planned analysis of the ratio with the others beside it."""
    others = [*study.other_rules, *study.models]
    rows = [TableRow(["Primary, as planned"], "group"), _analysis_row(study, study.primary, True)]
    if others:
        rows.append(TableRow(["Other analyses"], "group"))
    rows += [_analysis_row(study, other, False) for other in others]
    a, b = study.timed.modalities
    return TableView(
        title="The planned analysis of the ratio of times, and others",
        columns=[
            TableColumn("", align="left"),
            TableColumn("n", span=""),
            TableColumn(a, span="Geometric mean, s"),
            TableColumn(b, span="Geometric mean, s"),
            TableColumn("Ratio"),
            TableColumn(f"{level_text(study.primary.ratio)} CI", align="center"),
            TableColumn("df"),
            TableColumn("*P*"),
        ],
        rows=rows,
        foot=_analysis_foot(study, others),
    )


def analysis_name(study: ReadingTimeStudy, analysis: TimeAnalysis) -> str:
    """Return the name of an analysis: the method, and what it does with pauses."""
    rule = replace(study.plan.rule, pauses=analysis.pauses)
    if analysis.method == "ANOVA":
        method = "ANOVA" if len(study.labels) != 1 else "Paired t"
        return f"{method}, pauses {pauses_text(rule)}"
    if analysis.method == "mixed model":
        return "Mixed model, every time"
    return "Mixed model, order allowed for"


def _analysis_row(study: ReadingTimeStudy, analysis: TimeAnalysis, primary: bool) -> TableRow:
    """Return one analysis."""
    ratio = analysis.ratio
    cells = [
        analysis_name(study, analysis),
        count_text(analysis.n_times),
        *ratio_columns(ratio),
        estimate_text(ratio),
        ci_text(ratio),
        EM_DASH if math.isnan(ratio.df) else number_text(ratio.df, digits=1),
        p_text(ratio.p_value),
    ]
    return TableRow(cells, "emphasis" if primary else "plain")


def _analysis_foot(study: ReadingTimeStudy, others: list[TimeAnalysis]) -> str:
    """Return the methods, which verdict differs, and what the models say of themselves."""
    several = len(study.labels) > 1
    sentences = [
        "*n*, times used; *P*, of a ratio of one.",
        "ANOVA of the differences of log times, readers and cases random, Satterthwaite's degrees "
        "of freedom (*df*)."
        if several
        else "Differences of log times of one reader, cases random: this reader only.",
    ]
    n_clusters, n_cases = study.primary.ratio.n_clusters, study.primary.ratio.n_cases
    if n_clusters and n_cases and n_clusters < n_cases:
        sentences.append(
            f"The {counted(n_cases, 'examination')} come from "
            f"{counted(n_clusters, 'woman', 'women')}, whose log times were averaged."
        )
    sentences += [_verdicts(study, others), *_model_sentences(study)]
    undefined = [
        f"{analysis_name(study, one)}: not defined, {one.ratio.note}."
        for one in (study.primary, *others)
        if math.isnan(one.ratio.estimate)
    ]
    return " ".join(sentence for sentence in [*sentences, *undefined] if sentence)


def _verdicts(study: ReadingTimeStudy, others: list[TimeAnalysis]) -> str:
    """Return which analyses give another verdict than the primary one."""
    own = verdict_word(study.primary.ratio)
    defined = [one for one in others if not math.isnan(one.ratio.ci_low)]
    if not defined or math.isnan(study.primary.ratio.ci_low):
        return ""
    differing = [one for one in defined if verdict_word(one.ratio) != own]
    if not differing:
        return "All analyses give the same verdict."
    words = joined(
        [
            f"\u201c{analysis_name(study, one)}\u201d ({verdict_word(one.ratio).rstrip('.')})"
            for one in differing
        ]
    )
    return (
        f"Another verdict than the primary one ({own.rstrip('.')}): {words}. The primary one is "
        "that of the plan."
    )


def _model_sentences(study: ReadingTimeStudy) -> list[str]:
    """Return what the mixed models are, how they ended, and what they could not allow for."""
    fitted = [(analysis_name(study, one), one.model) for one in study.models if one.model]
    sentences = []
    if fitted:
        sentences.append(
            "Mixed models: readers, cases, each of them by modality, and reader by case random; "
            "restricted maximum likelihood."
        )
        sentences += _missing(fitted[0][1])
        sentences += [f"{name}: {words}." for name, model in fitted if (words := _ending(model))]
    if not any(one.method == "mixed model" for one in study.models):
        sentences.append("With every time there, the mixed model without order is the ANOVA.")
    if study.order_reason and len(study.labels) > 1:
        sentences.append(f"Order is not allowed for: {study.order_reason}.")
    return sentences


def _missing(model: ReadingTimeModel) -> list[str]:
    """Return what the models take for granted of times that are not there."""
    if not model.n_missing:
        return []
    some = f"{count_text(model.n_missing)} of {count_text(model.n_missing + model.n_readings)}"
    return [f"They take {some} times, missing or left out, as missing at random."]


def _ending(model: ReadingTimeModel) -> str:
    """Return what a reader of a mixed model must know; empty where all went well."""
    notes = []
    if not model.converged:
        notes.append("the fit did not converge, so it has no interval")
    if model.boundary:
        trust = "; trust the ANOVA instead" if "reader by modality" in model.boundary else ""
        notes.append(f"a variance of zero was estimated for {joined(model.boundary)}{trust}")
    return "; ".join(notes)


def minutes_table(study: ReadingTimeStudy) -> TableView | None:
    """Return what a list of 100 examinations gains in minutes; None where nothing is defined."""
    shown = [
        (one, one.times.seconds)
        for one in (study.primary, *study.other_rules)
        if one.times is not None
    ]
    if not shown:
        return None
    rows = [
        TableRow(
            [
                capital(analysis_name(study, one).split(", ")[1]),
                *(_minutes(value) for value in (seconds.estimate_a, seconds.estimate_b)),
                *per_list_texts(seconds),
                p_text(seconds.p_value),
            ],
            "emphasis" if one is study.primary else "plain",
        )
        for one, seconds in shown
    ]
    a, b = study.timed.modalities
    return TableView(
        title=f"Minutes for {_PER_LIST} examinations, from arithmetic means",
        columns=[
            TableColumn("", align="left"),
            TableColumn(a, span="Minutes"),
            TableColumn(b, span="Minutes"),
            TableColumn("Difference"),
            TableColumn(f"{level_text(study.primary.ratio)} CI", align="center"),
            TableColumn("*P*"),
        ],
        rows=rows,
        foot=_minutes_foot(study, shown[0][1]),
    )


def _minutes(seconds: float) -> str:
    """Return the minutes for a list of examinations."""
    return number_text(seconds * _PER_LIST / _MINUTE, digits=1)


def _minutes_foot(study: ReadingTimeStudy, seconds: Comparison) -> str:
    """Return what the minutes are, and how their interval was made."""
    a, b = study.timed.modalities
    how = (
        "the same ANOVA of the times themselves, readers and cases random"
        if len(study.labels) > 1
        else "paired *t*, this reader only"
    )
    undefined = f" No interval: {seconds.note}." if seconds.note else ""
    return (
        f"{capital(b)} minus {a}, for one reader and examinations of this mix. A few long times "
        f"weigh heavily in a sum. CI: {how}.{undefined}"
    )
