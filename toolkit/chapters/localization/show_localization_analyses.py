"""Whether another analysis says otherwise, and the counts behind every axis."""

from __future__ import annotations

from toolkit.chapters.localization.localization import LocalizedStudy
from toolkit.chapters.localization.localization_analyses import LocalizationAnalyses, MarkAnalysis
from toolkit.chapters.localization.localization_readers import reader_marks
from toolkit.chapters.localization.show_localization import (
    FORMS,
    counts_text,
    heads,
    measure,
    noun,
    people,
    rule_text,
    short_name,
    side_names,
)
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.words.sentences import ci_text, estimate_text, verdict_sentence
from toolkit.words.wording import capital, count_text, p_text, value_text

DAGGER = "\u2020"


def analysis_table(study: LocalizedStudy, found: LocalizationAnalyses) -> TableView:
    """Return the primary analysis, and others of the same and of other figures of merit."""
    primary = found.primary
    name = short_name(primary.endpoint)
    same = [one for one in found.alternatives if one.endpoint == primary.endpoint]
    other = [one for one in found.alternatives if one.endpoint != primary.endpoint]
    rows = [TableRow([f"{name}, as planned"], "group"), _row(primary, primary.name, first=True)]
    if same:
        rows.append(TableRow([f"{name}, other analyses"], "group"))
        rows += [_row(one, one.name) for one in same]
    if other:
        rows.append(TableRow(["Other figures of merit"], "group"))
        rows += [_row(one, short_name(one.endpoint)) for one in other]
    a, b = heads(study)
    columns = [
        TableColumn("", align="left"),
        TableColumn(a),
        TableColumn(b),
        TableColumn("Diff."),
        TableColumn("95% CI", align="center"),
        TableColumn("*P*"),
    ]
    return TableView(
        title="The primary analysis and others",
        columns=columns,
        rows=rows,
        foot=_foot(study, found, bool(other)),
        dense=True,
    )


def _row(one: MarkAnalysis, name: str, *, first: bool = False) -> TableRow:
    """Return one analysis as a row."""
    form, change = FORMS[one.endpoint], one.difference
    cells = [
        f"{name} {DAGGER}" if one.flag else name,
        *(value_text(value, form=form) for value in (change.estimate_a, change.estimate_b)),
        estimate_text(change, form=form, unit=False),
        ci_text(change, form=form),
        p_text(change.p_value),
    ]
    return TableRow(cells, "emphasis" if first else "plain")


def _foot(study: LocalizedStudy, found: LocalizationAnalyses, others: bool) -> str:
    """Return what was analysed, abbreviations, and which analyses are not defined."""
    every = (found.primary, *found.alternatives)
    endpoints = dict.fromkeys(one.endpoint for one in every)
    names = "; ".join(f"{short_name(each)}, {measure(study, each)}" for each in endpoints)
    reasons = dict.fromkeys(
        f"\u201c{short_name(one.endpoint)}, {one.name}\u201d is not defined: {one.difference.note}."
        for one in every
        if not one.is_defined
    )
    parts = [
        f"{capital(counts_text(study))}{_women(study)}. Obuchowski and Rockette's analysis with "
        f"Hillis's degrees of freedom. {names}.",
        "AFROC: w, each case with cancer counts the same, else each lesion; 1, false marks on "
        "cases with cancer count too."
        if study.plan.paradigm == "FROC"
        else "",
        f"Other figures of merit: {_lower(found.primary.name.partition(';')[0])}; jackknife for "
        "areas, bootstrap for shares read off a curve."
        if others
        else "",
        rule_text(study),
        f"{DAGGER} Another verdict than the primary analysis."
        if any(one.flag for one in found.alternatives)
        else "",
        *reasons,
        *_notes(every),
    ]
    return " ".join(part for part in parts if part)


def _lower(text: str) -> str:
    """Return a text as it stands inside a sentence."""
    return text[:1].lower() + text[1:]


def _notes(analyses: tuple[MarkAnalysis, ...]) -> list[str]:
    """Return what the figures of merit note, each once."""
    notes: dict[str, None] = {}
    for one in analyses:
        for note in (one.table.note if one.table else "").split("; "):
            if note and "delivers no mark" not in note:
                notes.setdefault(f"{capital(note)}.")
    return list(notes)


def _women(study: LocalizedStudy) -> str:
    """Return how many women there are, where they have several cases."""
    patients = study.scored.counts.patients
    if patients == study.scored.study.truth.n_cases:
        return ""
    return f" of {count_text(patients)} women, who are what every covariance takes as independent"


def verdicts(found: LocalizationAnalyses) -> str:
    """Return in words where another analysis has another verdict, or that none has."""
    if not found.primary.is_defined:
        return "The primary analysis is not defined, so that there is no verdict to compare."
    return verdict_sentence([one.flag for one in found.alternatives if one.is_defined])


def count_table(study: LocalizedStudy) -> TableView:
    """Return the counts behind every axis."""
    counts, unit = study.scored.counts, capital(noun(study))
    known = study.tables.images is not None
    rows: list[TableRow] = [
        TableRow(["What was read"], "group"),
        TableRow([f"{unit}s with cancer", count_text(counts.diseased)]),
        TableRow([f"{unit}s without cancer", count_text(counts.healthy)]),
    ]
    if known:
        rows += [
            TableRow(["Images of those with cancer", count_text(counts.diseased_images)]),
            TableRow(["Images of those without", count_text(counts.healthy_images)]),
        ]
    rows += [
        TableRow(["Women", count_text(counts.patients)]),
        TableRow(["Lesions to be found", count_text(counts.lesions)], "emphasis"),
    ]
    sides = dict.fromkeys(row.side for row in reader_marks(study))
    names = side_names(study)
    rows.append(TableRow(["Marks of all readers"], "group"))
    for side in sides:
        of_side = [row for row in reader_marks(study) if row.side == side]
        hits, false = sum(r.found for r in of_side), sum(r.false_marks for r in of_side)
        rows.append(TableRow([f"{capital(names[side])}: on a lesion", count_text(hits)]))
        rows.append(TableRow([f"{capital(names[side])}: on none", count_text(false)], "sub"))
    rows.append(TableRow(["Further marks on a lesion, not counted", count_text(counts.further)]))
    special = {
        "On none: on a benign finding": counts.on_benign,
        "On none: in the breast without the lesion": counts.other_breast,
        "On one: inside several lesions": counts.in_several,
    }
    rows += [TableRow([name, count_text(n)], "sub") for name, n in special.items() if n]
    return TableView(
        title="Counts behind every axis",
        columns=[TableColumn("", align="left"), TableColumn("n")],
        rows=rows,
        foot=f"{capital(people(study))}. {capital(study.scored.note)}.",
    )
