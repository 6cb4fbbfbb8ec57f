"""Whether another analysis says otherwise: that of the answer beside others, minutes gained."""

from __future__ import annotations

import math

from toolkit.chapters.exhibit import Exhibit
from toolkit.chapters.reading_time.analysis import ReadingTimeStudy, TimeAnalysis
from toolkit.chapters.reading_time.exhibits import per_list_texts, ratio_columns
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.results import Comparison
from toolkit.stats.times import ReadingTimeModel
from toolkit.words.sentences import ci_text, estimate_text, lies
from toolkit.words.wording import (
    EM_DASH,
    capital,
    count_text,
    counted,
    joined,
    level_text,
    number_text,
    p_text,
)

_PER_LIST, _MINUTE = 100, 60


def analysis_table(study: ReadingTimeStudy) -> Exhibit:
    """Return the analysis of the answer with the others beside it."""
    rows = [
        TableRow(["Analysis of the answer"], "group"),
        _analysis_row(study.primary, primary=True),
    ]
    if study.others:
        rows.append(TableRow(["Other analyses"], "group"))
    rows += map(_analysis_row, study.others)
    a, b = study.timed.modalities
    view = TableView(
        title="The ratio of times by the analysis of the answer, and by others",
        columns=[
            TableColumn("", align="left"),
            TableColumn("n", span=""),
            TableColumn(a, span="Geometric mean, s"),
            TableColumn(b, span="Geometric mean, s"),
            TableColumn("Ratio"),
            TableColumn(f"{level_text(study.primary.difference.ci_level)} CI", align="center"),
            TableColumn("df"),
            TableColumn("*P*"),
        ],
        rows=rows,
        foot=_analysis_foot(study),
    )
    return Exhibit(table=view)


def _analysis_row(analysis: TimeAnalysis, *, primary: bool = False) -> TableRow:
    """Return one analysis."""
    ratio = analysis.difference
    cells = [
        analysis.name,
        count_text(analysis.n_times),
        *ratio_columns(ratio),
        estimate_text(ratio),
        ci_text(ratio),
        EM_DASH if math.isnan(ratio.df) else number_text(ratio.df, digits=1),
        p_text(ratio.p_value),
    ]
    return TableRow(cells, "emphasis" if primary else "plain")


def _analysis_foot(study: ReadingTimeStudy) -> str:
    """Return the methods, which verdict differs, and what the models say of themselves."""
    several = len(study.labels) > 1
    sentences = [
        "*n*, times used; *P*, of a ratio of one.",
        "ANOVA of the differences of log times, readers and cases random, Satterthwaite's degrees "
        "of freedom (*df*)."
        if several
        else "Differences of log times of one reader, cases random: this reader only.",
    ]
    n_clusters, n_cases = study.primary.difference.n_clusters, study.primary.difference.n_cases
    if n_clusters and n_cases and n_clusters < n_cases:
        sentences.append(
            f"The {counted(n_cases, 'examination')} come from "
            f"{counted(n_clusters, 'woman', 'women')}, whose log times were averaged."
        )
    sentences += [_verdicts(study), *_model_sentences(study)]
    undefined = [
        f"{one.name}: not defined, {one.difference.note}."
        for one in (study.primary, *study.others)
        if math.isnan(one.difference.estimate)
    ]
    return " ".join(sentence for sentence in [*sentences, *undefined] if sentence)


def _verdicts(study: ReadingTimeStudy) -> str:
    """Return whose interval lies otherwise than that of the answer."""
    primary = study.primary.difference
    if all(math.isnan(primary.ci_low + one.difference.ci_low) for one in study.others):
        return ""
    words = [f"\u201c{one.name}\u201d ({one.flag})" for one in study.others if one.flag]
    if not words:
        return "All analyses agree with that of the answer."
    return f"Other than that of the answer, whose interval {lies(primary)} 1: {joined(words)}."


def _model_sentences(study: ReadingTimeStudy) -> list[str]:
    """Return what the mixed models are, how they ended, and what they could not allow for."""
    fitted = [one for one in study.models if one.model]
    sentences = []
    if fitted:
        sentences.append(
            "Mixed models: readers, cases, each of them by modality, and reader by case random; "
            "restricted maximum likelihood."
        )
        sentences += _missing(fitted[0].model)
        sentences += [f"{one.name}: {one.detail}." for one in fitted if one.detail]
    if not any(one.method == "mixed model" for one in study.models):
        sentences.append("With every time there, the mixed model without order is the ANOVA.")
    if study.order_reason and len(study.labels) > 1:
        sentences.append(f"Order is not allowed for: {study.order_reason}.")
    return sentences


def _missing(model: ReadingTimeModel | None) -> list[str]:
    """Return what the models take for granted of times that are not there."""
    if model is None or not model.n_missing:
        return []
    some = f"{count_text(model.n_missing)} of {count_text(model.n_missing + model.n_readings)}"
    return [f"They take {some} times, missing or left out, as missing at random."]


def minutes_table(study: ReadingTimeStudy) -> Exhibit | None:
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
                capital(one.name.split(", ")[1]),
                *(_minutes(value) for value in (seconds.estimate_a, seconds.estimate_b)),
                *per_list_texts(seconds),
                p_text(seconds.p_value),
            ],
            "emphasis" if one is study.primary else "plain",
        )
        for one, seconds in shown
    ]
    a, b = study.timed.modalities
    view = TableView(
        title=f"Minutes for {_PER_LIST} examinations, from arithmetic means",
        columns=[
            TableColumn("", align="left"),
            TableColumn(a, span="Minutes"),
            TableColumn(b, span="Minutes"),
            TableColumn("Difference"),
            TableColumn(f"{level_text(study.primary.difference.ci_level)} CI", align="center"),
            TableColumn("*P*"),
        ],
        rows=rows,
        foot=_minutes_foot(study, shown[0][1]),
    )
    return Exhibit(table=view)


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
