"""What chapter 07 tabulates: the endpoints, other analyses, readers' calls, variance."""

from __future__ import annotations

import math
from collections.abc import Sequence

from toolkit.chapters.ai_against_readers.ai_against_readers import Endpoint
from toolkit.chapters.reader_study.modality_analyses import ReaderStudy
from toolkit.chapters.reader_study.named_analyses import NamedAnalysis
from toolkit.chapters.reader_study.show_reader_study import MEASURES, MOST_READERS, people
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.results import Comparison
from toolkit.scoring.reader_rows import ReaderRow
from toolkit.stats.auc.operating_points import CallAccuracy
from toolkit.words.sentences import (
    ci_text,
    estimate_phrase,
    estimate_text,
    form_of,
    verdict_sentence,
)
from toolkit.words.wording import (
    EM_DASH,
    capital,
    count_text,
    joined,
    number_text,
    p_text,
    value_text,
)

CALLS: tuple[Endpoint, ...] = ("sensitivity", "specificity")


def _in_order(study: ReaderStudy) -> list[Endpoint]:
    """Return the endpoints, the primary one first."""
    return sorted(study.endpoints, key=lambda endpoint: endpoint != study.plan.endpoint)


def endpoint_table(study: ReaderStudy) -> TableView:
    """Return AUC, sensitivity and specificity in both modalities and their differences."""
    a, b = (capital(name) for name in study.names)
    columns = [TableColumn("", align="left")]
    for span in (a, b, "Difference"):
        columns += [
            TableColumn("Mean" if span != "Difference" else "Estimate", span=span),
            TableColumn("95% CI", align="center", span=span),
        ]
    columns.append(TableColumn("*P*"))
    rows = [
        TableRow(
            _endpoint_cells(endpoint, study.endpoints[endpoint]),
            "emphasis" if endpoint == study.plan.endpoint else "plain",
        )
        for endpoint in _in_order(study)
    ]
    return TableView(
        title="Means of the readers in both modalities",
        columns=columns,
        rows=rows,
        foot=_endpoint_foot(study),
        dense=True,
    )


def _endpoint_cells(endpoint: Endpoint, named: NamedAnalysis) -> list[str]:
    """Return both means and their difference, each with its interval."""
    unit = "" if endpoint == "auc" else " (%)"
    cells = [f"{capital(MEASURES[endpoint])}{unit}"]
    means = named.analysis.modalities[:2] if named.analysis else ()
    for mean in means:
        cells += [estimate_text(mean, unit=False), ci_text(mean)]
    cells += [EM_DASH] * (5 - len(cells))
    change = named.difference
    return [*cells, estimate_text(change, unit=False), ci_text(change), p_text(change.p_value)]


def _endpoint_foot(study: ReaderStudy) -> str:
    """Return population, recall rule, methods and what is not defined."""
    rule = study.readings.recall_rating
    recall = (
        "Recall is each reader's own call."
        if rule is None
        else f"Recall is each reader's own call, else a rating of {rule:g} or more."
    )
    reasons = [
        f"{capital(MEASURES[endpoint])} is not compared: {named.difference.note}."
        f"{_of_these_readers(study, endpoint)}"
        for endpoint, named in study.endpoints.items()
        if math.isnan(named.difference.estimate)
    ]
    logit = [
        f"On the logit scale the interval of the {MEASURES[endpoint]} with {mean.label} is "
        f"{ci_text(mean)}."
        for endpoint, named in study.endpoints.items()
        for mean in (named.analysis.modalities_logit if named.analysis else ())
    ]
    sentences = [
        f"{capital(people(study))}, {_cases(study)}. {recall}",
        f"CI: {study.primary.name[0].lower()}{study.primary.name[1:]}.",
        f"The chapter's endpoint is {MEASURES[study.plan.endpoint]}; the other rows carry no "
        "verdict here.",
        *logit,
        *reasons,
    ]
    return " ".join(sentences)


def _of_these_readers(study: ReaderStudy, endpoint: Endpoint) -> str:
    """Return the difference that these very readers had, where that at least is defined."""
    alone = study.alone[endpoint].difference
    if math.isnan(alone.estimate):
        return ""
    whom = "this reader" if len(study.readings.readers) == 1 else "these readers"
    return f" For {whom} only the difference is {estimate_phrase(alone)}."


def _cases(study: ReaderStudy) -> str:
    """Return how many cases of how many women, and how the covariance takes them."""
    readings = study.readings
    cases = (
        f"{count_text(readings.n_cases)} examinations ({count_text(readings.n_positive)} with "
        "cancer)"
    )
    if readings.n_patients == readings.n_cases:
        return cases
    return (
        f"{cases} of {count_text(readings.n_patients)} women, who are what the covariance takes as "
        "independent"
    )


def analysis_table(study: ReaderStudy) -> TableView:
    """Return the primary analysis and its alternatives."""
    rows = [
        TableRow(["Primary, as planned"], "group"),
        TableRow(_analysis_cells(study.primary), "emphasis"),
        TableRow(["Alternatives"], "group"),
        *(TableRow(_analysis_cells(other)) for other in study.alternatives),
    ]
    columns = [
        TableColumn("What is random; covariance over cases", align="left"),
        TableColumn("Difference"),
        TableColumn("95% CI", align="center"),
        TableColumn("SE"),
        TableColumn("df"),
        TableColumn("*P*"),
    ]
    return TableView(
        title=f"Difference in {MEASURES[study.plan.endpoint]}: the primary analysis and others",
        columns=columns,
        rows=rows,
        foot=_analysis_foot(study),
    )


def _analysis_cells(named: NamedAnalysis) -> list[str]:
    """Return name, difference, interval, standard error, degrees of freedom and P."""
    change = named.difference
    percent = form_of(change) == "percent"
    error = change.std_error * 100 if percent else change.std_error
    return [
        named.name,
        estimate_text(change, unit=False),
        ci_text(change),
        number_text(error, digits=2 if percent else 4),
        number_text(change.df, digits=1),
        p_text(change.p_value),
    ]


def _analysis_foot(study: ReaderStudy) -> str:
    """Return what was analysed and how, with the notes of the analyses."""
    a, b = study.names
    unit = "" if study.plan.endpoint == "auc" else " in percentage points"
    analyses = (study.primary, *study.alternatives)
    reasons = [
        f"\u201c{other.name}\u201d is not defined: {other.difference.note}."
        for other in analyses
        if other.analysis is None
    ]
    # A note once, in the order of the analyses; components below 0 stand in their own table.
    notes: dict[str, None] = {}
    for other in analyses:
        for note in other.analysis.note.split("; ") if other.analysis else ():
            if note and not (note.startswith("holds for") or "below 0" in note):
                notes.setdefault(note)
    words = [f"{capital(note)}." for note in notes]
    return " ".join(
        [
            f"{capital(b)} minus {a}{unit}; {people(study)}, {_cases(study)}. A covariance that is "
            "named stands in Obuchowski and Rockette's analysis with Hillis's degrees of freedom; "
            "those of U-statistics are after Obuchowski, Gallas and Hillis. \u201cOnly\u201d: the "
            "result says nothing of other readers, or of other examinations.",
            *reasons,
            *words,
        ]
    )


def verdicts(study: ReaderStudy) -> str:
    """Return in words where another analysis has another verdict, or that none has."""
    if study.primary.analysis is None:
        return "The primary analysis is not defined, so that there is no verdict to compare."
    defined = [other for other in study.alternatives if other.analysis is not None]
    return verdict_sentence([other.flag for other in defined])


def reader_table(study: ReaderStudy, rows: tuple[ReaderRow, ...]) -> TableView | None:
    """Return the calls of each reader in both modalities; None without any call."""
    if not any(any(row.calls) for row in rows):
        return None
    same = {endpoint: _common_denominator(rows, endpoint) for endpoint in CALLS}
    a, b = (capital(name) for name in study.readings.modalities[:2])
    columns = [TableColumn("", align="left")]
    for endpoint in CALLS:
        number = same[endpoint]
        total = f" (%, N = {count_text(number)})" if number else " (n/N, %)"
        span = f"{capital(MEASURES[endpoint])}{total}"
        columns += [
            TableColumn(a, span=span),
            TableColumn(b, span=span),
            TableColumn("Diff.", span=span),
            TableColumn("95% CI", align="center", span=span),
        ]
    pooled = ["Mean"]
    for endpoint in CALLS:
        pooled += _mean_cells(study.endpoints[endpoint].difference)
    body = [TableRow(pooled, "emphasis")]
    for number, row in enumerate(rows[:MOST_READERS]):
        cells = [row.label]
        for endpoint in CALLS:
            cells += _reader_cells(study, row, endpoint, same[endpoint])
        body.append(TableRow(cells, rule=number == 0))
    cut = f" The first {MOST_READERS} of {len(rows)} readers." if len(rows) > MOST_READERS else ""
    return TableView(
        title="Recall calls of each reader in both modalities",
        columns=columns,
        rows=body,
        dense=True,
        foot=(
            f"Differences in percentage points. CI of the mean: readers and cases random; of each "
            f"reader: over cases alone (normal).{cut}"
        ),
    )


def _share(calls: CallAccuracy, endpoint: Endpoint) -> tuple[int, int]:
    """Return count and denominator of one reader's calls."""
    share = calls.sensitivity if endpoint == "sensitivity" else calls.specificity
    return int(share.numerator or 0), int(share.denominator or 0)


def _common_denominator(rows: tuple[ReaderRow, ...], endpoint: Endpoint) -> int | None:
    """Return the denominator that all readers share, or None."""
    found = {_share(calls, endpoint)[1] for row in rows for calls in row.calls if calls}
    return found.pop() if len(found) == 1 else None


def _mean_cells(change: Comparison) -> list[str]:
    """Return both means, their difference and its interval."""
    means = [
        value_text(value, form="percent", unit=False)
        for value in (change.estimate_a, change.estimate_b)
    ]
    return [*means, estimate_text(change, unit=False), ci_text(change)]


def _reader_cells(
    study: ReaderStudy, row: ReaderRow, endpoint: Endpoint, same: int | None
) -> list[str]:
    """Return one reader's shares in both modalities, and the difference where there is one."""
    cells = []
    for calls in row.calls[:2]:
        count, total = _share(calls, endpoint) if calls else (0, 0)
        percent = value_text(count / total, form="percent", unit=False) if total else EM_DASH
        full = f"{count_text(count)}/{count_text(total)} ({percent})" if total else EM_DASH
        cells.append(percent if same else full)
    alone = study.alone[endpoint].analysis
    each: Sequence[Comparison] = alone.reader_differences if alone else ()
    found = [one for one in each if one.label == row.label]
    if not found:
        return [*cells, EM_DASH, EM_DASH]
    return [*cells, estimate_text(found[0], unit=False), ci_text(found[0])]


def mean_sentence(study: ReaderStudy) -> str:
    """Return the differences in sensitivity and specificity in words."""
    texts = [
        f"{MEASURES[endpoint]} by {estimate_phrase(study.endpoints[endpoint].difference)}"
        for endpoint in CALLS
        if not math.isnan(study.endpoints[endpoint].difference.estimate)
    ]
    if not texts:
        return "Sensitivity and specificity cannot be compared; the table says why."
    return f"With {study.names[1]} the readers' calls changed: {joined(texts)}."
