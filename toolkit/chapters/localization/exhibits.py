"""What chapter 08 shows: its answer, curves, readers, other analyses, and lesions found."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np

from toolkit.chapters.exhibit import MOST_READERS, Exhibit, Headline
from toolkit.chapters.localization.analysis import LocalizationStudy, MarkAnalysis, Missed
from toolkit.chapters.localization.scored import (
    SHORT,
    CurveKind,
    Endpoint,
    ReaderMarks,
    Side,
    SideCurves,
    curves_of,
    points_of,
)
from toolkit.draw.froc import CurvePanel, FrocLine, FrocRole, curves_figure
from toolkit.draw.html import IntervalBar, TableColumn, TableRow, TableView, interval_bar
from toolkit.draw.lesions import TypeRow, lesion_type_figure
from toolkit.draw.tables import value_columns
from toolkit.results import Comparison, Result, stacked_frame
from toolkit.stats.mrmc.analysis import FEW_READERS
from toolkit.words.sentences import (
    agreement_sentence,
    answer_text,
    ci_text,
    effect_phrase,
    estimate_phrase,
    estimate_text,
    form_of,
)
from toolkit.words.wording import (
    EM_DASH,
    Form,
    capital,
    count_text,
    counted,
    in_sentence,
    joined,
    number_text,
    p_text,
    share_text,
    some_of,
    value_text,
)

ROLES: dict[str, FrocRole] = {"a": "unaided", "b": "aided", "ai": "ai"}
DAGGER = "\u2020"
MOST_ROWS = 10
# The curve under which the endpoint is the area; the weighted one for all others.
_AREA_OF: dict[Endpoint, CurveKind] = {
    "AFROC": "afroc",
    "AFROC1": "afroc1",
    "wAFROC1": "wafroc1",
    "HrAuc": "roc",
    "HrSe": "roc",
    "HrSp": "roc",
}


def noun(study: LocalizationStudy) -> str:
    """Return what one case of the analysis is."""
    return "examination" if study.plan.unit == "exam" else study.plan.unit


def per(study: LocalizationStudy) -> str:
    """Return what false marks are counted per: images where they are known."""
    return "image" if study.tables.images is not None else noun(study)


def measure(study: LocalizationStudy, endpoint: Endpoint) -> str:
    """Return a figure of merit in words."""
    plan, unit = study.plan, f"{noun(study)}s"
    budget = number_text(plan.nl_per_image or math.nan, digits=2)
    fraction = plan.false_positive_fraction
    whole = fraction is None or fraction == 1
    share = "" if whole else f" of {number_text(fraction or math.nan, digits=2)}"
    every = f"with the false marks of all {unit}"
    words: dict[Endpoint, str] = {
        "wAFROC": "weighted AFROC area",
        "wAFROC1": f"weighted AFROC area {every}",
        "AFROC": "AFROC area",
        "AFROC1": f"AFROC area {every}",
        "HrAuc": "highest-rating AUC",
        "HrSe": f"share of {unit} with cancer that have a mark",
        "HrSp": f"share of {unit} without cancer that have no mark",
        "MaxLLF": "share of lesions with a mark",
        "MaxNLF": f"number of false marks per {per(study)} without cancer",
        "lesion_sensitivity": f"share of lesions found at {budget} false marks per {per(study)}",
        "ALROC": "area under the LROC curve"
        + ("" if whole else f" up to a false-positive fraction{share}"),
        "PCL": f"share of cancers correctly localized at a false-positive fraction{share}",
    }
    return words[endpoint]


def _meaning(study: LocalizationStudy, endpoint: Endpoint) -> str:
    """Return what the short name of a figure of merit stands for, where that says more."""
    name, text = SHORT[endpoint], measure(study, endpoint)
    return "" if text.startswith(in_sentence(name)) else f"{name}: {text}."


def merit_form(one: MarkAnalysis) -> Form:
    """Return the form in which a figure of merit is read."""
    return "ratio" if one.endpoint == "MaxNLF" else form_of(one.difference)


def change_cells(change: Comparison, form: Form) -> list[str]:
    """Return a difference, its interval and its P value as cells of a table."""
    text = estimate_text(change, form=form, unit=False)
    return [text, ci_text(change, form=form), p_text(change.p_value)]


def both_heads(study: LocalizationStudy) -> tuple[str, str]:
    """Return the heads of the columns of what is compared."""
    if study.plan.of_ai:
        return "Readers", "AI"
    a, b = study.scored.study.modalities
    return capital(a), capital(b)


def side_names(study: LocalizationStudy) -> dict[str, str]:
    """Return how figures and tables name the modalities and the AI."""
    if study.plan.of_ai:
        return {"a": "readers", "ai": "AI"}
    a, b = study.names
    return {"a": a, "b": b, "ai": "AI alone"}


def spoken(study: LocalizationStudy) -> dict[str, str]:
    """Return how sentences name the modalities and the AI."""
    the = ("readers", "AI", "AI alone")
    return {
        side: f"the {name}" if name in the else name for side, name in side_names(study).items()
    }


def rule_text(study: LocalizationStudy) -> str:
    """Return the hit rule as a sentence: it belongs to every number of the page."""
    return f"Hit rule: {study.scored.rule}."


def counts_text(study: LocalizationStudy) -> str:
    """Return cases and lesions behind a figure."""
    truth = study.scored.study.truth
    cases = f"{count_text(truth.n_cases)} {noun(study)}s"
    return f"{cases}, {counted(int(truth.lesion_case.size), 'lesion')}"


def people(study: LocalizationStudy) -> str:
    """Return the count of readers in words."""
    return counted(study.n_people, "reader")


def _better(each: Sequence[Comparison]) -> str:
    """Return for how many readers b was better, or the AI."""
    better = sum(
        (one.estimate > 0) == (one.better != "lower") and one.estimate != 0 for one in each
    )
    return some_of(better, len(each), "reader")


def head(study: LocalizationStudy) -> Headline:
    """Return whether more lesions are found, in the right place."""
    truth, primary = study.scored.study.truth, study.primary
    cases = f"{count_text(truth.n_cases)} ({count_text(truth.diseased.sum())} with cancer)"
    return Headline(
        question=question(study),
        answer=answer(study),
        primary=primary.difference,
        bar=_bar(study),
        clinic=sentence(study),
        limits=_limits(study),
        facts=[
            (f"{capital(noun(study))}s", cases),
            ("Lesions", f"{count_text(truth.lesion_case.size)}; hit: {study.scored.rule}"),
            ("Analysis", f"Obuchowski\u2013Rockette. {primary.name}"),
        ],
    )


def question(study: LocalizationStudy) -> str:
    """Return the question that the plan asks."""
    plan, unit = study.plan, f"{noun(study)}s"
    place = 0 if plan.fom_difference_margin is None else 1
    where = "lesions, in the right place,"
    default = (f"find more {where}", f"find as many {where}")
    how = {
        "HrAuc": ("tell cancer from no cancer better", "tell cancer from no cancer as well"),
        "HrSe": ("mark more cancers", "mark as many cancers"),
        "HrSp": (
            f"leave more {unit} without cancer unmarked",
            f"leave as many {unit} without cancer unmarked",
        ),
        "MaxNLF": ("make fewer false marks", "make no more false marks"),
    }.get(plan.endpoint, default)[place]
    if not plan.of_ai:
        return f"Do readers {how} with {study.names[1]}?"
    than = "as" if place and plan.endpoint != "MaxNLF" else "than"
    return f"Does the AI {how} {than} readers do?"


def sentence(study: LocalizationStudy) -> str:
    """Return both figures of merit and their difference."""
    primary, merit = study.primary, measure(study, study.primary.endpoint)
    of_readers = not study.plan.of_ai and study.n_people
    words = f"The mean {merit} of {people(study)}" if of_readers else f"The {merit}"
    return answer_text(primary.difference, measure=words, form=merit_form(primary))


def answer(study: LocalizationStudy) -> str:
    """Return the answer of the analysis, and how many readers agree."""
    parts, each = [sentence(study)], study.primary.each
    if len(each) > 1:
        of_ai = f"The AI was better than {_better(each)}."
        aided = f"{capital(_better(each))} did better with {study.names[1]}."
        parts.append(of_ai if study.plan.of_ai else aided)
    return " ".join(parts)


def _limits(study: LocalizationStudy) -> list[str]:
    """Return what limits the answer, one sentence each."""
    sentences, random = [], study.plan.random
    if study.n_people == 1 and random != "cases":
        alone = [one for one in study.alternatives if one.name.startswith("These readers only")]
        if alone and alone[0].is_defined:
            words = effect_phrase(alone[0].difference, form=merit_form(alone[0]))
            sentences.append(f"For this reader alone: {words}.")
    elif 1 < study.n_people < FEW_READERS and random != "cases":
        words = capital(people(study))
        sentences.append(f"{words} are too few to speak for readers in general.")
    if random == "cases" and study.primary.is_defined:
        sentences.append("Readers are taken as fixed: the answer holds for these readers only.")
    if random == "readers" and study.primary.is_defined:
        sentences.append("Cases are taken as fixed: the answer holds for these cases only.")
    left_out = [note for note in study.scored.note.split("; ") if "were left out" in note]
    return sentences + [f"{capital(note)}." for note in left_out if "cases" in note]


def _bar(study: LocalizationStudy) -> IntervalBar | None:
    """Return the headline's interval bar, or None where there is no interval."""
    difference, of_ai = study.primary.difference, study.plan.of_ai
    if math.isnan(difference.ci_low):
        return None
    a, b = ("readers", "AI") if of_ai else study.names
    if difference.better == "lower":
        a, b = b, a
    return interval_bar(
        difference,
        left=f"{a} better",
        right=f"{b} better",
        role="ai" if of_ai else "aided",
        form=merit_form(study.primary),
    )


def record(study: LocalizationStudy) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    endpoint, primary = study.plan.endpoint, study.primary
    results: dict[str, Result] = {f"{endpoint}_difference": primary.difference}
    for mean, side in zip(primary.means, ("a", "b"), strict=False):
        results[f"{endpoint}_{side}"] = mean
    if primary.table is not None:
        results["figures_of_merit"] = primary.table
    for one in primary.each:
        reader = one.label_a if study.plan.of_ai else one.label
        results[f"{endpoint}_difference_{reader.lower()}"] = one
    for kind, others in (("alternative", study.alternatives), ("hit_rule", study.rules)):
        for number, other in enumerate(others, start=1):
            results[f"{kind}_{number}"] = other.difference
    for group in study.groups:
        for found_by, estimate in group.found.items():
            name = f"found_{group.kind}_{group.label}_{found_by}".replace(" ", "_")
            results[name] = estimate
    first: CurveKind = "lroc" if study.plan.paradigm == "LROC" else "froc"
    return {**results, **{f"{first}_{one.side}": one.all for one in curves_of(study, first)}}


def curves(study: LocalizationStudy) -> Exhibit:
    """Return lesions found against false marks, and the curve whose area is the endpoint."""
    lroc = study.plan.paradigm == "LROC"
    first: CurveKind = "lroc" if lroc else "froc"
    second: CurveKind = "roc" if lroc else _AREA_OF.get(study.plan.endpoint, "wafroc")
    drawn = {kind: curves_of(study, kind) for kind in (first, second)}
    finding = _areas_found(study, drawn) if lroc else _marks_found(study)
    return Exhibit(
        figure=curves_figure([_panel(study, kind, drawn[kind]) for kind in drawn]),
        finding=finding,
        caption=_caption(study, second),
        alt=f"{first.upper()} curves of {people(study)}, {counts_text(study)}. {finding}"[:250],
        data=points_of(drawn, side_names(study)),
    )


def _marks_found(study: LocalizationStudy) -> str:
    """Return how many readers gained, and what each side marked in all, whatever the rating."""
    names, by = spoken(study), "by" if study.plan.of_ai else "with"
    said: list[str] = []
    for side in study.sides:
        rows = [row for row in study.readers if row.side == side]
        share = value_text(mean_of(row.share for row in rows), form="percent")
        if len(rows) == 1:
            share = share_text(rows[0].found, rows[0].n_lesions)
        lesions, marks = ("", "") if said else (" lesions were marked", f" marks per {per(study)}")
        lesions = f" of the{lesions}" if lesions and len(rows) > 1 else lesions
        false = number_text(mean_of(row.rate for row in rows), digits=2)
        said.append(
            f"{share}{lesions} at {false}{marks and ' false'}{marks} "
            f"{'by' if side == 'ai' else by} {names[side]}"
        )
    found, each = joined(said), study.primary.each
    if study.plan.of_ai or not each:
        return f"{capital(found)}."
    return f"{capital(_better(each))} did better with {names['b']}; {found}."


def _areas_found(study: LocalizationStudy, drawn: Mapping[CurveKind, Sequence[SideCurves]]) -> str:
    """Return the areas under both curves of a study with one place a reading."""
    lroc, roc = (
        [number_text(float(np.trapezoid(one.all.y, one.all.x)), digits=3) for one in drawn[kind]]
        for kind in ("lroc", "roc")
    )
    names = [spoken(study)[one.side] for one in drawn["lroc"]]
    areas = [
        f"{area} for {name} ({any_place} if the place did not count)"
        for area, name, any_place in zip(lroc, names, roc, strict=True)
    ]
    return f"The area under the LROC curve is {joined(areas)}."


def mean_of(values: Iterable[float]) -> float:
    """Return the mean of some values."""
    return float(np.mean(list(values)))


def _panel(study: LocalizationStudy, kind: CurveKind, drawn: Sequence[SideCurves]) -> CurvePanel:
    """Return one panel, its lines named."""
    names, cases = side_names(study), f"{noun(study)}s"
    lines = [
        FrocLine(
            label=capital(names[one.side]),
            curve=one.all,
            readers=one.readers[:MOST_READERS],
            role=ROLES[one.side],
            floor=study.plan.paradigm == "FROC" and one.floor is not None,
            # The mean of other curves has no last mark: one reader stops before another.
            ends=kind in ("froc", "lroc") or one.side == "ai",
        )
        for one in drawn
    ]
    without = f"{capital(cases)} without cancer"
    words = {
        "froc": ("FROC", f"False marks per {per(study)}", "Lesions found"),
        "lroc": ("LROC", f"{without}, called", "Cancers, called at the right place"),
        "roc": ("ROC, wherever the mark lies", f"{without}, marked", "Cancers, marked"),
        "afroc": ("AFROC", f"{without}, false mark", "Lesions found"),
        "afroc1": ("AFROC, all cases", f"{capital(cases)} with a false mark", "Lesions found"),
    }
    title, x, y = words[kind.removeprefix("w")]
    if kind.startswith("w"):
        title, y = f"Weighted {title}", f"{y}, weighted"
    return CurvePanel(
        title=title, lines=lines, x_label=x, y_label=y, counts=kind == "froc", chance=kind == "roc"
    )


def _caption(study: LocalizationStudy, second: CurveKind) -> str:
    """Return what both panels draw, and where curves stop."""
    looks = {"a": "dashed grey", "b": "solid green", "ai": "solid blue"}
    names = side_names(study)
    colours = "; ".join(f"{looks[side]}, {names[side]}" for side in study.sides)
    roc = f"Each {noun(study)} by its highest mark, wherever that lies; diagonal, chance."
    thin = "; thin, single readers" if study.n_people else ""
    if study.plan.paradigm == "LROC":
        a = f"Thick, mean of the readers, which ends at the share of all right places{thin}."
        parts = [f"**a** {a} **b** {roc}"]
    else:
        a = "Thick, all marks as if on one scale, up to the mean of the readers' last marks; no "
        a += f"curve goes on beyond its last mark{thin}."
        b = "Thick, mean of the readers, whose area is the figure of merit; dotted, from where a "
        b += "first reader stops marking and goes straight on to 1, which no mark supports."
        parts = [f"**a** {a} **b** {roc if second == 'roc' else b}"]
        if study.tables.images is not None and study.plan.unit != "image":
            parts.append("A finding marked falsely on two views counts twice in **a**.")
    parts += [f"{capital(colours)}.", _ai_note(study), f"{capital(counts_text(study))}."]
    return " ".join(filter(None, [*parts, rule_text(study)]))


def _ai_note(study: LocalizationStudy) -> str:
    """Return where the AI's curve stops, or why there are no marks of it."""
    if study.ai is None:
        return f"The AI is not shown: {study.ai_note}." if study.ai_note else ""
    if study.plan.paradigm == "LROC":
        return ""
    n_cases, floor = study.ai.study.truth.n_cases, study.ai.study.export_floor[0]
    fewer = n_cases < study.scored.study.truth.n_cases
    return (
        f"The AI delivers no mark below a score of {floor:g}: its curve stops there, and what it "
        "would find beyond is not known."
        + (f" It read {count_text(n_cases)} of the {noun(study)}s." if fewer else "")
    )


def reader_table(study: LocalizationStudy) -> Exhibit:
    """Return figure of merit, lesions found and false marks of each reader, and of the AI."""
    primary, of_ai = study.primary, study.plan.of_ai
    lroc, figure, heads = study.plan.paradigm == "LROC", SHORT[primary.endpoint], both_heads(study)
    spans = ["Right places"] if lroc else ["Lesions found", f"False marks per {per(study)}"]
    columns = [TableColumn("", align="left")]
    if of_ai:
        unit = " (%)" if merit_form(primary) == "percent" else ""
        columns += [TableColumn(f"{figure}{unit}"), *value_columns("AI minus reader")]
        columns += [TableColumn(span) for span in spans]
    else:
        columns += [TableColumn(head, span=figure) for head in (*heads, "Difference")]
        columns += [TableColumn(head, span=span) for span in spans for head in heads]
    each = {one.label_a if of_ai else one.label: one for one in primary.each}
    sides = [[row for row in study.readers if row.side == side] for side in ("a", "b")]
    pairs = list(zip(*filter(None, sides), strict=True))
    body = []
    if ai := [row for row in study.readers if of_ai and row.side == "ai"]:
        value = value_text(primary.difference.estimate_b, form=merit_form(primary), unit=False)
        body.append(TableRow(["AI", value, "", "", *_count_cells(study, ai)], "emphasis"))
    if pairs:
        mean = [
            value_text(mean_of(r.share for r in rows), form="percent") for rows in sides if rows
        ]
        if not lroc:
            mean += [number_text(mean_of(r.rate for r in rows), digits=2) for rows in sides if rows]
        name = "Mean of the readers" if of_ai else "Mean"
        body.append(TableRow([name, *_merit_cells(study, primary.difference), *mean], "emphasis"))
    for number, pair in enumerate(pairs[:MOST_READERS]):
        cells = _merit_cells(study, each.get(pair[0].label))
        cells = [pair[0].label, *cells, *_count_cells(study, pair)]
        body.append(TableRow(cells, rule=number == 0))
    return Exhibit(
        table=TableView(
            title="Figure of merit and lesions found, by reader",
            columns=columns,
            rows=body,
            dense=True,
            foot=_reader_foot(study),
        )
    )


def _merit_cells(study: LocalizationStudy, one: Comparison | None) -> list[str]:
    """Return both figures of merit and their difference; of a reader beside an AI one, with CI."""
    if one is None:
        return [EM_DASH] * 3
    form = merit_form(study.primary)
    a, b = (value_text(v, form=form, unit=False) for v in (one.estimate_a, one.estimate_b))
    difference, interval, _ = change_cells(one, form)
    return [a, difference, interval] if study.plan.of_ai else [a, b, difference]


def _count_cells(study: LocalizationStudy, rows: Sequence[ReaderMarks]) -> list[str]:
    """Return lesions found of all, and false marks per image."""
    found = [f"{row.found}/{row.n_lesions}" for row in rows]
    if study.plan.paradigm == "LROC":
        return found
    return found + [number_text(row.rate, digits=2) for row in rows]


def _reader_foot(study: LocalizationStudy) -> str:
    """Return what the table of readers counts, and why there is no figure where there is none."""
    one, counts, lroc = study.primary, study.scored.counts, study.plan.paradigm == "LROC"
    what = "Right places count" if lroc else "Lesions found and false marks count"
    how = f"Difference: {study.names[1]} minus {study.names[0]}."
    if study.plan.of_ai:
        how = f"CI of the mean: {in_sentence(one.name)}; of each reader: over cases alone."
    special = {
        "Further marks on a lesion, not counted": counts.further,
        "False marks on a benign finding": counts.on_benign,
        "False marks in the breast without the lesion": counts.other_breast,
    }
    marks = [f"{name}: {count_text(n)}." for name, n in special.items() if n]
    n_readers = study.n_people
    parts = [
        f"{capital(counts_text(study))}.",
        _meaning(study, one.endpoint),
        f"{how} {what} every mark, whatever its rating.",
        rule_text(study) if lroc else f"{capital(study.scored.note)}.",
        *marks,
        f"The first {MOST_READERS} of {n_readers} readers." if n_readers > MOST_READERS else "",
        "" if one.is_defined else f"No figure of merit: {one.difference.note}.",
    ]
    return " ".join(filter(None, parts))


def analysis_table(study: LocalizationStudy) -> Exhibit:
    """Return the answer's analysis, and others: other figures of merit, other hit rules."""
    primary, others = study.primary, study.alternatives
    same = [_row(one, one.name) for one in others if one.endpoint == primary.endpoint]
    other = [_row(one, SHORT[one.endpoint]) for one in others if one.endpoint != primary.endpoint]
    applied = [_row(one, _short_rule(one.name)) for one in study.rules if one.is_defined]
    name = SHORT[primary.endpoint]
    rows = [TableRow([f"{name}, analysis of the answer"], "group")]
    rows.append(_row(primary, primary.name, "emphasis"))
    for head, group in (
        (f"{name}, other analyses", same),
        (f"{name}, other hit rules", applied),
        ("Other figures of merit", other),
    ):
        rows += [TableRow([head], "group"), *group] if group else []
    columns = [
        TableColumn("", align="left"),
        *map(TableColumn, (*both_heads(study), "Diff.")),
        TableColumn("95% CI", align="center"),
        TableColumn("*P*"),
    ]
    view = TableView(
        title="The analysis of the answer, and others",
        columns=columns,
        rows=rows,
        foot=_analysis_foot(study),
        dense=True,
    )
    return Exhibit(table=view)


def _short_rule(rule: str) -> str:
    """Return a hit rule as short as a table needs it; the foot has it in full."""
    return capital(rule.partition(" (")[0].partition(",")[0].removesuffix(" of the lesion"))


def _row(one: MarkAnalysis, name: str, kind: Literal["plain", "emphasis"] = "plain") -> TableRow:
    """Return one analysis as a row."""
    form, change = merit_form(one), one.difference
    cells = [
        f"{name} {DAGGER}" if one.flag else name,
        *(value_text(value, form=form) for value in (change.estimate_a, change.estimate_b)),
        *change_cells(change, form),
    ]
    return TableRow(cells, kind)


def _analysis_foot(study: LocalizationStudy) -> str:
    """Return what was analysed, abbreviations, and which analyses are not defined."""
    every = (study.primary, *study.alternatives)
    names = " ".join(dict.fromkeys(_meaning(study, one.endpoint) for one in every))
    reasons = [
        f"\u201c{SHORT[one.endpoint]}, {in_sentence(_short_rule(one.name))}\u201d is not defined: "
        f"{one.difference.note.partition(' (')[0]}."
        for one in (*every, *study.rules)
        if not one.is_defined
    ]
    notes = [
        f"{capital(note)}."
        for one in every
        for note in (one.table.note if one.table else "").split("; ")
        if note and "delivers no mark" not in note
    ]
    patients, women = study.scored.counts.patients, ""
    if patients != study.scored.study.truth.n_cases:
        women = f" of {count_text(patients)} women, who are what every covariance takes as "
        women += "independent"
    flagged = any(one.flag for one in (*study.alternatives, *study.rules))
    no_places = "Without places of marks and lesions in the data no other hit rule can be tried."
    parts = [
        f"{capital(counts_text(study))}{women}. Obuchowski and Rockette's analysis with "
        f"Hillis's degrees of freedom; limits of means on the logit scale; jackknife for areas, "
        "bootstrap for shares read off a curve. "
        f"{names}",
        rule_text(study),
        "" if study.rules else no_places,
        f"{DAGGER} Disagrees with the analysis of the answer." if flagged else "",
        *dict.fromkeys(reasons),
        *dict.fromkeys(notes),
    ]
    return " ".join(filter(None, parts))


def agreement(study: LocalizationStudy) -> str:
    """Return in words where another analysis has another verdict, or that none has."""
    if not study.primary.is_defined:
        return "The analysis of the answer is not defined, so that nothing can be compared with it."
    others = (*study.alternatives, *study.rules)
    return agreement_sentence([one.flag for one in others if one.is_defined])


def groups(study: LocalizationStudy) -> Exhibit:
    """Return lesions found by type and size; a sentence where neither is known."""
    pair: tuple[Side, Side] = ("a", "ai") if study.plan.of_ai else ("a", "b")
    names, plan, rows = side_names(study), study.plan, []
    for group in study.groups:
        found = [estimate for side, estimate in group.found.items() if side in pair]
        if found:  # the AI comes first where there are no readers
            a, b = found[0], found[1] if len(found) > 1 else None
            rows.append(TypeRow(label=capital(group.label), a=a, b=b, n=group.n_lesions))
    if not rows:
        return Exhibit(
            finding="The type of the lesions is not in the data, and their size is not there or "
            "not divided into classes: lesions cannot be told apart by kind."
        )
    at = ", whatever the rating"
    if plan.nl_per_image is not None and plan.paradigm != "LROC":
        at = f" at {number_text(plan.nl_per_image, digits=2)} false marks per {per(study)}"
    labels = [capital(names[side]) for side in pair if side in study.groups[0].found]
    estimates = [estimate for group in study.groups for estimate in group.found.values()]
    methods = "; ".join(dict.fromkeys(estimate.ci_method for estimate in estimates))
    who = f" Mean of {people(study)}, who are taken as fixed." if study.n_people else ""
    data = stacked_frame(estimates)
    data.insert(0, "side", [side for group in study.groups for side in group.found])
    finding = _group_finding(study, pair)
    return Exhibit(
        figure=lesion_type_figure(
            rows,
            labels=(labels[0], labels[1] if len(labels) > 1 else ""),
            roles=(ROLES[pair[0]], ROLES[pair[1]]),
            axis_label=f"Lesions found{at}",
        ),
        finding=finding,
        caption=(
            f"Share of lesions found{at}; number of lesions in parentheses; lines, "
            f"{100 * plan.ci_level:g}% CI ({methods}; lesions of one woman taken as "
            f"alike).{who} {capital(counts_text(study))}. {rule_text(study)}"
        ),
        alt=f"Lesions found by kind, dots with intervals. {finding}"[:250],
        data=data,
    )


def _group_finding(study: LocalizationStudy, pair: Sequence[Side]) -> str:
    """Return the kind of lesion that is found least."""
    kind, side = study.groups[0].kind, [one for one in pair if one in study.groups[0].found][-1]
    same = [group for group in study.groups if group.kind == kind and side in group.found]
    defined = [group for group in same if not math.isnan(group.found[side].estimate)]
    if not defined:
        return "No kind of lesion has a defined share found."
    least = min(defined, key=lambda group: group.found[side].estimate)
    return (
        f"Found least often {'with' if side == 'b' else 'by'} {spoken(study)[side]}: "
        f"{least.label} ({counted(least.n_lesions, 'lesion')}), "
        f"{estimate_phrase(least.found[side])}."
    )


def missed(study: LocalizationStudy) -> str:
    """Return how many lesions most readers missed, and how many of them the AI found."""
    if not study.n_people:
        return "There are no marks of readers, so that no lesion can be said to be missed by most."
    total = int(study.scored.study.truth.lesion_case.size)
    share = f"{100 * study.plan.missed_share:g}%"
    if not study.missed:
        return f"None of {counted(total, 'lesion')} was missed by more than {share} of the readers."
    name = "" if study.plan.of_ai else f" with {side_names(study)['b']}"
    by_ai = [one.n_missed["ai"] for one in study.missed if "ai" in one.n_missed]
    ai = f"; the AI found {count_text(by_ai.count(0))} of them" if by_ai else ""
    some = capital(share_text(len(study.missed), total))
    return f"{some} lesions were missed by more than {share} of the readers{name}{ai}."


def missed_table(study: LocalizationStudy) -> Exhibit | None:
    """Return the lesions that most readers missed; None where nothing is known of any."""
    every, names = study.missed, side_names(study)
    if all(not one.lesion.lesion_type and math.isnan(one.lesion.size_mm) for one in every):
        return None
    sides = [side for side in study.sides if any(side in one.n_missed for one in every)]
    columns = [TableColumn("Type", align="left"), TableColumn("Size (mm)")]
    columns += [TableColumn(capital(names[side]), span="Missed by") for side in sides]
    rows = [
        [
            capital(one.lesion.lesion_type) or EM_DASH,
            number_text(one.lesion.size_mm, digits=0),
            *(_missed_cell(one, side) for side in sides),
        ]
        for one in every[:MOST_ROWS]
    ]
    cut = f" The first {MOST_ROWS} of {len(every)}." if len(every) > MOST_ROWS else ""
    view = TableView(
        title="Lesions that most readers missed",
        columns=columns,
        rows=rows,
        foot=(
            f"A lesion is missed that has no mark, whatever the rating; {people(study)}.{cut} "
            f"{rule_text(study)}"
        ),
    )
    return Exhibit(table=view)


def _missed_cell(one: Missed, side: Side) -> str:
    """Return how many readers missed a lesion, or whether the AI did."""
    if side not in one.n_missed:
        return EM_DASH
    if side == "ai":
        return "missed" if one.n_missed["ai"] else "found"
    return f"{one.n_missed[side]}/{one.lesion.n_readers}"
