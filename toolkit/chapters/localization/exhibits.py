"""What chapter 08 shows first: its answer, the curves, the readers and the other analyses."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np

from toolkit.chapters.exhibit import MOST_READERS, Exhibit, Headline
from toolkit.chapters.localization.analysis import LocalizationStudy, MarkAnalysis
from toolkit.chapters.localization.scored import (
    CurveKind,
    Endpoint,
    ReaderMarks,
    SideCurves,
    curves_of,
    lies_above,
    points_of,
)
from toolkit.draw.froc import FrocLine, FrocRole, SlopeRow, froc_figure
from toolkit.draw.html import IntervalBar, TableColumn, TableRow, TableView, interval_bar
from toolkit.draw.roc import SquarePanel, square_curves_figure
from toolkit.draw.tables import value_columns
from toolkit.results import Comparison, Curve, Result
from toolkit.stats.mrmc.analysis import FEW_READERS
from toolkit.words.sentences import (
    agreement_sentence,
    answer_text,
    ci_text,
    effect_phrase,
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
_AREAS: dict[CurveKind, str] = {
    "wafroc": "weighted AFROC",
    "wafroc1": "weighted AFROC1",
    "afroc": "AFROC",
    "afroc1": "AFROC1",
    "lroc": "LROC",
}
# The curve under which the endpoint is the area; the weighted one for all others.
_AREA_OF: dict[Endpoint, CurveKind] = {"AFROC": "afroc", "AFROC1": "afroc1", "wAFROC1": "wafroc1"}


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
    words: dict[Endpoint, str] = {
        "wAFROC": "weighted AFROC figure of merit",
        "wAFROC1": "weighted AFROC1 figure of merit",
        "AFROC": "AFROC figure of merit",
        "AFROC1": "AFROC1 figure of merit",
        "HrAuc": "AUC inferred from the highest mark",
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


def short(endpoint: Endpoint) -> str:
    """Return how tables and titles of panels name a figure of merit."""
    return "Lesions found" if endpoint == "lesion_sensitivity" else endpoint


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
    readers = f"{study.n_people}, fully crossed"
    if study.plan.of_ai:
        readers = f"{study.n_people}" + (" and the AI" if study.ai is not None else ", no AI")
    return Headline(
        question=question(study),
        answer=answer(study),
        primary=primary.difference,
        bar=_bar(study),
        limits=_limits(study),
        facts=[
            (f"{capital(noun(study))}s", cases),
            ("Lesions", f"{count_text(truth.lesion_case.size)}; hit: {study.scored.rule}"),
            ("Readers", readers),
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


def answer(study: LocalizationStudy) -> str:
    """Return the answer of the primary analysis, how many readers agree, and what limits it."""
    primary, of_ai = study.primary, study.plan.of_ai
    words = f"The {measure(study, primary.endpoint)}"
    if not of_ai and study.n_people:
        words = f"The mean {measure(study, primary.endpoint)} of {people(study)}"
    parts = [answer_text(primary.difference, measure=words, form=merit_form(primary))]
    if len(primary.each) > 1:
        better = _better(primary.each)
        parts.append(
            f"The AI was better than {better}."
            if of_ai
            else f"{capital(better)} did better with {study.names[1]}."
        )
    return " ".join([*parts, *_limits(study)])


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
    for number, other in enumerate(study.alternatives, start=1):
        results[f"alternative_{number}"] = other.difference
    for group in study.groups:
        for found_by, estimate in group.found.items():
            name = f"found_{group.kind}_{group.label}_{found_by}".replace(" ", "_")
            results[name] = estimate
    kind: CurveKind = "lroc" if study.plan.paradigm == "LROC" else "froc"
    curves = {f"{kind}_{one.side}": one.mean for one in curves_of(study, kind)}
    return {**results, **_of_rules(study), **curves}


def _of_rules(study: LocalizationStudy) -> dict[str, Result]:
    """Return the numbers of every hit rule that can be applied."""
    results: dict[str, Result] = {}
    for number, rule in enumerate(study.rules, start=1):
        if rule.analysis is not None:
            results[f"hit_rule_{number}_difference"] = rule.analysis.difference
        for place, row in enumerate(rule.rows, start=1):
            results[f"hit_rule_{number}_row_{place}"] = row
    return results


def froc(study: LocalizationStudy) -> Exhibit:
    """Return the FROC curves and each reader's figure of merit; a sentence for one place each."""
    if study.plan.paradigm == "LROC":
        return Exhibit(
            finding="Each reading is one rating and one place, so that there is no FROC curve: the "
            "LROC curve below asks the same question."
        )
    curves, primary = curves_of(study, "froc"), study.primary
    slopes, found = _slopes(study), _found_text(study)
    figure = froc_figure(
        _lines(study, curves),
        slopes=slopes,
        slope_labels=both_heads(study),
        titles=("FROC", f"{short(primary.endpoint)} by reader"),
        axis_labels=(f"False marks per {per(study)}", "Lesions found"),
    )
    twice = study.tables.images is not None and study.plan.unit != "image"
    thick = (
        "thick, mean of the readers, which ends where the first of them stops marking; thin, "
        "single readers; "
    )
    parts = [
        f"{'**a** ' if slopes else ''}Empirical FROC curves, {counts_text(study)}; "
        f"{_colours(study)}; {thick if study.n_people > 1 else ''}the marker is the last mark, "
        "and no curve is extended beyond it.",
        "False marks are counted on each image, so that one finding marked on two views counts "
        "twice."
        if twice
        else "",
        rule_text(study),
        f"**b** {capital(measure(study, primary.endpoint))} of each reader." if slopes else "",
    ]
    compared = not study.plan.of_ai and primary.each
    return Exhibit(
        figure=figure,
        finding=_gain(study, curves) if compared else f"{capital(found)}.",
        caption=" ".join(filter(None, parts)),
        alt=(
            f"FROC curves, lesions found over false marks per {per(study)}, "
            f"{count_text(study.scored.study.truth.n_cases)} {noun(study)}s, {people(study)}. "
            f"{capital(found)}."
        )[:250],
        data=points_of({"froc": curves}, side_names(study)),
    )


def _lines(
    study: LocalizationStudy, curves: Sequence[SideCurves], *, pooled: bool = False
) -> list[FrocLine]:
    """Return the lines of a panel: the mean with its readers, or all marks pooled."""
    names = side_names(study)
    return [
        FrocLine(
            label=capital(names[one.side]),
            curve=one.pooled if pooled else one.mean,
            readers=() if pooled else one.readers[:MOST_READERS],
            role=ROLES[one.side],
            floor=study.plan.paradigm == "FROC" and one.floor is not None,
        )
        for one in curves
    ]


def _slopes(study: LocalizationStudy) -> list[SlopeRow]:
    """Return each reader's figure of merit with both modalities."""
    table = study.primary.table
    if study.plan.of_ai or table is None or table.n_readers > MOST_READERS:
        return []
    return [
        SlopeRow(label, float(row[0]), float(row[1]))
        for label, row in zip(table.readers, table.value, strict=True)
    ]


def _gain(study: LocalizationStudy, curves: Sequence[SideCurves]) -> str:
    """Return how many readers gained, and which mean curve lies above."""
    each, name = study.primary.each, side_names(study)["b"]
    better = sum((one.estimate > 0) == (one.better != "lower") for one in each)
    text = f"{capital(some_of(better, len(each), 'reader'))} did better with {name}"
    a, b = curves[0].mean, curves[1].mean
    if lies_above(b, a):
        return f"{text}, and the mean curve lies above throughout."
    if lies_above(a, b):
        return f"{text}; the mean curve with {name} lies below throughout."
    return f"{text}; the mean curves cross."


def _found_text(study: LocalizationStudy) -> str:
    """Return what the AI and the readers marked in all, whatever the rating."""
    parts = [
        f"the AI marked {share_text(row.found, row.n_lesions)} lesions with "
        f"{number_text(row.rate, digits=2)} false marks per {per(study)}"
        for row in study.readers
        if row.side == "ai"
    ]
    readers = [row for row in study.readers if row.side == "a"]
    if readers:
        mean = 100 * float(np.mean([row.found / max(row.n_lesions, 1) for row in readers]))
        false = number_text(mean_of(row.rate for row in readers), digits=2)
        who = "the reader" if len(readers) == 1 else f"{people(study)} on average"
        parts.append(f"{who} marked {number_text(mean, digits=1)}% with {false}")
    return ", ".join(parts)


def mean_of(values: Iterable[float]) -> float:
    """Return the mean; NaN of none."""
    every = list(values)
    return float(np.mean(every)) if every else math.nan


def _colours(study: LocalizationStudy) -> str:
    """Return which line is which."""
    names = side_names(study)
    looks = {"a": "dashed grey", "b": "solid green", "ai": "solid blue"}
    return "; ".join(f"{looks[side]}, {names[side]}" for side in study.sides)


def floor(study: LocalizationStudy) -> str:
    """Return where the AI's curve stops, what it found, or why there are no marks of it."""
    if study.ai is None:
        return f"The AI is not shown: {study.ai_note}." if study.ai_note else ""
    if study.plan.paradigm == "LROC":
        return ""
    ai = study.ai.study
    same = ai.truth.n_cases == study.scored.study.truth.n_cases
    where = "the same" if same else f"{count_text(ai.truth.n_cases)} of the"
    text = _found_text(study) if not study.plan.of_ai else ""
    alone = f" In all {text.split(', ')[0]}, on {where} {noun(study)}s." if text else ""
    return (
        f"The AI delivers no mark below a score of {ai.export_floor[0]:g}: its curve stops there, "
        f"and what it would find beyond is not known.{alone}"
    )


def square(study: LocalizationStudy) -> Exhibit:
    """Return the AFROC curves of the readers and pooled, or the LROC curves; and inferred ROC."""
    lroc = study.plan.paradigm == "LROC"
    first: CurveKind = "lroc" if lroc else _AREA_OF.get(study.plan.endpoint, "wafroc")
    drawn = {kind: curves_of(study, kind) for kind in (first, "roc")}
    names, wafroc = spoken(study), _AREAS[first]
    words = "area under the LROC curve" if lroc else f"{wafroc} area"
    areas = [
        f"{number_text(_area(one.mean), digits=3)} for {names[one.side]} "
        f"({number_text(_area(roc.mean), digits=3)} if the place did not count)"
        for one, roc in zip(drawn[first], drawn["roc"], strict=True)
    ]
    finding = f"The {words} is {joined(areas)}."
    kind = "LROC" if lroc else "AFROC"
    return Exhibit(
        figure=square_curves_figure(_panels(study, first, drawn)),
        finding=finding,
        caption=_square_caption(study),
        alt=(
            f"{kind} curves of {people(study)} and inferred ROC curves, {counts_text(study)}. "
            f"{finding}"
        )[:250],
        data=points_of(drawn, side_names(study)),
    )


def _panels(
    study: LocalizationStudy, first: CurveKind, drawn: Mapping[CurveKind, Sequence[SideCurves]]
) -> list[SquarePanel]:
    """Return the panels of the square figure."""
    cases = f"{capital(noun(study))}s"
    every = f"{cases}, " if first.endswith("1") else "Without cancer, "
    x, y, kinds = f"{every}false mark", "Lesions found", [(capital(_AREAS[first]), False)]
    if first == "lroc":
        x, y = f"{cases} without cancer, called", "With cancer, right place"
    else:
        y += ", weighted" if first.startswith("w") else ""
        kinds.append(("Marks pooled", True))
    panels = [
        SquarePanel(
            title=title, lines=_lines(study, drawn[first], pooled=pooled), x_label=x, y_label=y
        )
        for title, pooled in kinds
    ]
    roc = SquarePanel(
        title="Inferred ROC",
        lines=_lines(study, drawn["roc"]),
        x_label=f"{cases} without cancer, marked",
        y_label="With cancer, marked",
        chance=True,
    )
    return [*panels, roc]


def _area(curve: Curve) -> float:
    """Return the area under a curve."""
    return float(np.trapezoid(curve.y, curve.x))


def _square_caption(study: LocalizationStudy) -> str:
    """Return what the square panels draw."""
    roc = f"Each {noun(study)} by its highest mark, wherever that lies; grey diagonal, chance."
    colours, counts = capital(_colours(study)), counts_text(study)
    if study.plan.paradigm == "LROC":
        text = (
            f"**a** Cancers called at their right place over {noun(study)}s without cancer called; "
            f"the curve ends at the share of all right places. **b** {roc} {colours}; thick, mean "
            f"of the readers; thin, single readers. {counts}."
        )
    else:
        text = (
            "**a** Lesions found over cases with a false mark; thick, mean of the readers, whose "
            "area is the mean figure of merit; thin, single readers; dotted, straight on to 1, "
            "which no mark supports. **b** All marks of all readers as if on one scale. "
            f"**c** {roc} {colours}. {capital(counts)}."
        )
    return f"{text} {rule_text(study)}"


def reader_table(study: LocalizationStudy) -> Exhibit:
    """Return figure of merit, lesions found and false marks of each reader."""
    return Exhibit(table=_ai_table(study) if study.plan.of_ai else _modality_table(study))


def _both(one: Comparison, form: Form) -> list[str]:
    """Return both values and their difference."""
    values = (value_text(v, form=form, unit=False) for v in (one.estimate_a, one.estimate_b))
    return [*values, estimate_text(one, form=form, unit=False)]


def _modality_table(study: LocalizationStudy) -> TableView:
    """Return the readers with both modalities."""
    names, heads, primary = side_names(study), both_heads(study), study.primary
    lroc, figure, form = study.plan.paradigm == "LROC", short(primary.endpoint), merit_form(primary)
    spans = ["Right places"] if lroc else ["Lesions found", f"False marks per {per(study)}"]
    columns = [TableColumn("", align="left")]
    columns += [TableColumn(head, span=figure) for head in (*heads, "Difference")]
    columns += [TableColumn(head, span=span) for span in spans for head in heads]
    sides = [[row for row in study.readers if row.side == side] for side in ("a", "b")]
    mean = ["Mean", *_both(primary.difference, form)]
    mean += [value_text(mean_of(row.share for row in rows), form="percent") for rows in sides]
    if not lroc:
        mean += [number_text(mean_of(row.rate for row in rows), digits=2) for rows in sides]
    body, figures = [TableRow(mean, "emphasis")], {one.label: one for one in primary.each}
    for number, pair in enumerate(zip(*sides, strict=True)):
        one = figures.get(pair[0].label)
        cells = [pair[0].label, *(_both(one, form) if one else [EM_DASH] * 3)]
        cells += [f"{row.found}/{row.n_lesions}" for row in pair]
        cells += [number_text(row.rate, digits=2) for row in pair if not lroc]
        body.append(TableRow(cells, rule=number == 0))
    cut = f" The first {MOST_READERS} of {study.n_people} readers."
    return TableView(
        title="Figure of merit and lesions found, by reader",
        columns=columns,
        rows=body[: MOST_READERS + 1],
        dense=True,
        foot=_reader_foot(study, f"Difference: {names['b']} minus {names['a']}.")
        + (cut if study.n_people > MOST_READERS else ""),
    )


def _reader_foot(study: LocalizationStudy, how: str) -> str:
    """Return what the tables of readers count, and why there is no figure where there is none."""
    one, lroc = study.primary, study.plan.paradigm == "LROC"
    what = "Right places count" if lroc else "Lesions found and false marks count"
    text = (
        f"{capital(counts_text(study))}. {short(one.endpoint)}: {measure(study, one.endpoint)}. "
        f"{how} {what} every mark, whatever its rating. {rule_text(study)}"
    )
    return text if one.is_defined else f"{text} No figure of merit: {one.difference.note}."


def _ai_table(study: LocalizationStudy) -> TableView:
    """Return the AI, the mean of the readers and each reader."""
    primary, lroc = study.primary, study.plan.paradigm == "LROC"
    form, figure, change = merit_form(primary), short(primary.endpoint), primary.difference
    columns = [
        TableColumn("", align="left"),
        TableColumn(f"{figure}{' (%)' if form == 'percent' else ''}"),
        *value_columns("AI minus reader"),
        TableColumn("Right places" if lroc else "Lesions found"),
        *([] if lroc else [TableColumn(f"False marks per {per(study)}")]),
    ]
    readers = [row for row in study.readers if row.side == "a"]
    body = [TableRow(_ai_row(study, r, "AI"), "emphasis") for r in study.readers if r.side == "ai"]
    if readers:
        mean = [
            "Mean of the readers",
            value_text(change.estimate_a, form=form, unit=False),
            *change_cells(change, form)[:2],
            value_text(mean_of(row.share for row in readers), form="percent"),
            *([] if lroc else [number_text(mean_of(row.rate for row in readers), digits=2)]),
        ]
        body.append(TableRow(mean, "emphasis"))
    body += [
        TableRow(_ai_row(study, row, row.label), rule=number == 0)
        for number, row in enumerate(readers[:MOST_READERS])
    ]
    return TableView(
        title="Figure of merit and lesions found, the AI and each reader",
        columns=columns,
        rows=body,
        dense=True,
        foot=_reader_foot(
            study,
            f"CI of the mean: {in_sentence(primary.name)}; of each reader: over cases alone.",
        ),
    )


def _ai_row(study: LocalizationStudy, row: ReaderMarks, label: str) -> list[str]:
    """Return the row of a reader, or of the AI, in the table of both."""
    primary, table = study.primary, study.primary.table
    form, each = merit_form(primary), {one.label_a: one for one in primary.each}
    values = {} if table is None else dict(zip(table.readers, table.value[:, 0], strict=True))
    value = float(values.get(row.label, math.nan))
    cells, one = [label, value_text(value, form=form, unit=False)], each.get(row.label)
    cells += change_cells(one, form)[:2] if one else ["", ""]
    cells.append(f"{row.found}/{row.n_lesions}")
    return cells if study.plan.paradigm == "LROC" else [*cells, number_text(row.rate, digits=2)]


def analysis_table(study: LocalizationStudy) -> Exhibit:
    """Return the primary analysis, and others of the same and of other figures of merit."""
    primary, others = study.primary, study.alternatives
    name = short(primary.endpoint)
    same = [one for one in others if one.endpoint == primary.endpoint]
    other = [one for one in others if one.endpoint != primary.endpoint]
    rows = [
        TableRow([f"{name}, analysis of the answer"], "group"),
        _row(primary, primary.name, "emphasis"),
    ]
    if same:
        rows.append(TableRow([f"{name}, other analyses"], "group"))
        rows += [_row(one, one.name) for one in same]
    if other:
        rows.append(TableRow(["Other figures of merit"], "group"))
        rows += [_row(one, short(one.endpoint)) for one in other]
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
        foot=_analysis_foot(study, bool(other)),
        dense=True,
    )
    return Exhibit(table=view)


def _row(one: MarkAnalysis, name: str, kind: Literal["plain", "emphasis"] = "plain") -> TableRow:
    """Return one analysis as a row."""
    form, change = merit_form(one), one.difference
    cells = [
        f"{name} {DAGGER}" if one.flag else name,
        *(value_text(value, form=form) for value in (change.estimate_a, change.estimate_b)),
        *change_cells(change, form),
    ]
    return TableRow(cells, kind)


def _analysis_foot(study: LocalizationStudy, others: bool) -> str:
    """Return what was analysed, abbreviations, and which analyses are not defined."""
    every = (study.primary, *study.alternatives)
    endpoints = dict.fromkeys(one.endpoint for one in every)
    names = "; ".join(f"{short(each)}, {measure(study, each)}" for each in endpoints)
    reasons = [
        f"\u201c{short(one.endpoint)}, {one.name}\u201d is not defined: {one.difference.note}."
        for one in every
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
    afroc = (
        "AFROC: w, each case with cancer counts the same, else each lesion; 1, false marks on "
        "cases with cancer count too."
    )
    random = in_sentence(study.primary.name.partition(";")[0])
    figures = (
        f"Other figures of merit: {random}; jackknife for areas, bootstrap for shares read off a "
        "curve."
    )
    verdict = f"{DAGGER} Disagrees with the analysis of the answer."
    parts = [
        f"{capital(counts_text(study))}{women}. Obuchowski and Rockette's analysis with "
        f"Hillis's degrees of freedom. {names}.",
        afroc if study.plan.paradigm == "FROC" else "",
        figures if others else "",
        rule_text(study),
        verdict if any(one.flag for one in every) else "",
        *dict.fromkeys(reasons),
        *dict.fromkeys(notes),
    ]
    return " ".join(filter(None, parts))


def agreement(study: LocalizationStudy) -> str:
    """Return in words where another analysis has another verdict, or that none has."""
    if not study.primary.is_defined:
        return "The analysis of the answer is not defined, so that nothing can be compared with it."
    return agreement_sentence([one.flag for one in study.alternatives if one.is_defined])
