"""What chapter 08 shows of hits: other hit rules, distances, kinds of lesion, and missed ones."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from toolkit.chapters.exhibit import Exhibit
from toolkit.chapters.localization.analysis import LocalizationStudy, Missed, RuleResult, by_side
from toolkit.chapters.localization.exhibits import (
    ROLES,
    both_heads,
    change_cells,
    counts_text,
    mean_of,
    measure,
    merit_form,
    noun,
    people,
    per,
    rule_text,
    short,
    side_names,
    spoken,
)
from toolkit.chapters.localization.scored import Side
from toolkit.draw.distances import DistanceRow, distance_figure
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.draw.lesions import MissedView, PlacedMark, TypeRow, lesion_type_figure, missed_figure
from toolkit.draw.tables import RowKind
from toolkit.results import stacked_frame
from toolkit.scoring.lesions import LesionView, MarkAt
from toolkit.scoring.marks import mark_distances
from toolkit.words.sentences import estimate_phrase, lies
from toolkit.words.wording import (
    EM_DASH,
    capital,
    count_text,
    counted,
    joined,
    number_text,
    share_text,
    some_of,
    value_text,
)

MOST_ROWS = 20


def rule_table(study: LocalizationStudy) -> Exhibit | None:
    """Return the primary comparison by each hit rule; None where marks have no places."""
    applied = [one for one in study.rules if one.rows]
    if not applied:
        return None
    endpoint, heads = study.plan.endpoint, both_heads(study)
    figure, columns = short(endpoint), [TableColumn("Hit rule", align="left")]
    for span in ("Lesions found (%)", f"False marks per {per(study)}"):
        columns += [TableColumn(head, span=span) for head in heads]
    columns += [
        TableColumn("Difference", span=figure),
        TableColumn("95% CI", align="center", span=figure),
        TableColumn("*P*", span=figure),
    ]
    foot = [
        f"{capital(counts_text(study))}. Means of the readers; first row, the rule of the plan. "
        f"Difference in the {measure(study, endpoint)}, analysed as in the answer.",
        *(f"{_short_rule(one.rule)}: {one.rule}." for one in applied if "(" in one.rule),
        *(
            f"\u201c{_short_rule(one.rule)}\u201d cannot be applied: "
            f"{one.reason.partition(' (')[0]}."
            for one in study.rules
            if one.reason
        ),
    ]
    view = TableView(
        title="The same marks by other hit rules",
        columns=columns,
        rows=[
            TableRow(_rule_cells(study, one), "emphasis" if one.planned else "plain")
            for one in applied
        ],
        dense=True,
        foot=" ".join(foot),
    )
    return Exhibit(table=view)


def _short_rule(rule: str) -> str:
    """Return a hit rule as short as a table needs it; the foot has it in full."""
    return capital(rule.partition(" (")[0].partition(",")[0].removesuffix(" of the lesion"))


def _rule_cells(study: LocalizationStudy, one: RuleResult) -> list[str]:
    """Return one hit rule as a row."""
    both = by_side(study, one)
    found = [mean_of(row.lesion_sensitivity for row in rows) for rows in both]
    false = [mean_of(row.nl_marks / row.n_images for row in rows) for rows in both]
    cells = [
        _short_rule(one.rule),
        *(value_text(value, form="percent", unit=False) for value in found),
        *(number_text(value, digits=2) for value in false),
    ]
    if one.analysis is None or not one.analysis.is_defined:
        return [*cells, EM_DASH, EM_DASH, EM_DASH]
    return [*cells, *change_cells(one.analysis.difference, merit_form(one.analysis))]


def rule_sentence(study: LocalizationStudy) -> str:
    """Return whether the interval lies alike by every hit rule, or why there is one rule."""
    if not study.rules:
        return (
            "Marks and lesions have no places in the data, so that the hits are as the source "
            "recorded them: another hit rule cannot be tried."
        )
    defined = [one for one in study.rules if one.analysis is not None and one.analysis.is_defined]
    if len(defined) < 2 or not defined[0].planned:
        return "No other hit rule can be compared."
    words = {one.rule: lies(one.analysis.difference) for one in defined if one.analysis}
    first = words[defined[0].rule]
    others = [rule for rule, word in words.items() if word != first]
    if not others:
        return f"The interval {first} zero by all {counted(len(defined), 'hit rule')}."
    return (
        f"The interval {first} zero by the rule of the answer, but not by "
        f"{some_of(len(others), len(defined), 'hit rule')}: {'; '.join(others)}."
    )


def distances(study: LocalizationStudy) -> Exhibit:
    """Return how far marks lie from the nearest lesion; a sentence where none has a distance."""
    names, rows, elsewhere, unit = side_names(study), [], {}, "mm"
    for side, (marks, modality) in study.sides.items():
        found = mark_distances(marks)
        unit = found.unit if found.distance.size else unit
        chosen, label = found.modality == modality, capital(names[side])
        distance, hit = found.distance[chosen], found.hit[chosen]
        rows.append(DistanceRow(label=label, distance=distance, hit=hit, role=ROLES[side]))
        elsewhere[label] = int((marks.mark_modality == modality).sum()) - int(chosen.sum())
    every, hit = (np.concatenate([getattr(r, name) for r in rows]) for name in ("distance", "hit"))
    if not every.size:
        return Exhibit(finding="Nor can the distance of marks from lesions be measured.")
    plan = study.plan
    limit = plan.hit_radius_mm if plan.hit_rule == "within radius" and unit == "mm" else None
    beside = f"{share_text(int((~hit).sum()), hit.size)} marks on an image with a lesion hit none"
    finding = f"{capital(beside)}."
    if hit.any():
        near = number_text(float(np.quantile(every[hit], 0.9)), digits=1)
        finding = (
            f"Nine of ten hits lie within {near} {unit} of the centre of the lesion; {beside}."
        )
    return Exhibit(
        figure=distance_figure(rows, unit=unit, limit=limit, n_elsewhere=elsewhere),
        finding=finding,
        caption=(
            f"{capital(counted(every.size, 'mark'))} on images that show a lesion, by the distance "
            "to the nearest centre; solid, hits; open, marks that hit none. Not drawn: "
            f"{counted(sum(elsewhere.values()), 'mark')} on images without a lesion. "
            f"{rule_text(study)}"
        ),
        alt=f"Histograms of the distance of marks from the nearest lesion. {finding}"[:250],
        data=pd.concat(
            [
                pd.DataFrame({"modality": r.label, f"distance_{unit}": r.distance, "hit": r.hit})
                for r in rows
            ],
            ignore_index=True,
        ),
    )


def groups(study: LocalizationStudy) -> Exhibit:
    """Return lesions found by type and size; a sentence where neither is known."""
    pair: tuple[Side, Side] = ("a", "ai") if study.plan.of_ai else ("a", "b")
    names, plan, rows = side_names(study), study.plan, []
    for group in study.groups:
        found = [estimate for side, estimate in group.found.items() if side in pair]
        if found:  # the AI comes first where there are no readers
            a, b = found[0], found[1] if len(found) > 1 else None
            rows.append(TypeRow(label=capital(group.label), a=a, b=b, n=group.n_lesions))
    finding = _group_finding(study, pair)
    if not rows:
        return Exhibit(finding=finding)
    at = ", whatever the rating"
    if plan.nl_per_image is not None and plan.paradigm != "LROC":
        at = f" at {number_text(plan.nl_per_image, digits=2)} false marks per {per(study)}"
    labels = [capital(names[side]) for side in pair if side in study.groups[0].found]
    estimates = [estimate for group in study.groups for estimate in group.found.values()]
    methods = "; ".join(dict.fromkeys(estimate.ci_method for estimate in estimates))
    who = f" Mean of {people(study)}, who are taken as fixed." if study.n_people else ""
    data = stacked_frame(estimates)
    data.insert(0, "side", [side for group in study.groups for side in group.found])
    return Exhibit(
        figure=lesion_type_figure(
            rows,
            labels=(labels[0], labels[1] if len(labels) > 1 else ""),
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
    """Return the kind of lesion that is found least, or that kinds are not known."""
    marks, lacking = study.scored, ""
    known = {
        "type": (marks.lesion_type != "").any(),
        "size": not np.isnan(marks.lesion_size_mm).all(),
    }
    if unknown := [word for word, there in known.items() if not there]:
        lacking = f"The {joined(unknown)} of the lesions {_are(unknown)} not in the data."
    elif not study.plan.size_edges_mm:
        lacking = "The plan names no classes of size."
    if not study.groups:
        return f"{lacking} Lesions cannot be told apart by kind."
    kind = study.groups[0].kind
    side = [side for side in pair if side in study.groups[0].found][-1]
    defined = [
        (group.found[side].estimate, group)
        for group in study.groups
        if group.kind == kind and side in group.found
    ]
    defined = [one for one in defined if not math.isnan(one[0])]
    if not defined:
        return "No kind of lesion has a defined share found."
    least = min(defined, key=lambda one: one[0])[1]
    text = (
        f"Found least often {'with' if side == 'b' else 'by'} {spoken(study)[side]}: "
        f"{least.label} ({counted(least.n_lesions, 'lesion')}), "
        f"{estimate_phrase(least.found[side])}."
    )
    return f"{text} {lacking}" if lacking else text


def _are(words: Sequence[str]) -> str:
    """Return the verb of one thing, or of several."""
    return "are" if len(words) > 1 else "is"


def missed(study: LocalizationStudy) -> Exhibit:
    """Return the views of the lesions that most readers missed; a sentence without any."""
    views = [
        (number, one, view) for number, one in enumerate(study.missed, 1) for view in one.views
    ]
    finding = _missed_finding(study, bool(views))
    if not views:
        return Exhibit(finding=finding)
    shown = counted(len({number for number, *_ in views}), "lesion")
    ai = " and those of the AI" if study.ai is not None else ""
    name = "the readers' marks"
    if not study.plan.of_ai:
        name = f"marks with {side_names(study)['b']}"
    return Exhibit(
        figure=missed_figure([_view(*one) for one in views]),
        finding=finding,
        caption=(
            f"The {shown} missed most often, on each image that shows it: frame, "
            f"the image to scale without its pixels; outline, the lesion; {name}{ai}, "
            f"filled where they hit. {rule_text(study)}"
        ),
        alt=(
            f"Outlines of {counted(len(views), 'image')} with a lesion that most readers missed, "
            f"and the marks on them. {finding}"
        )[:250],
        data=pd.DataFrame(
            [
                (number, view.laterality, view.view, *row)
                for number, _, view in views
                for row in [
                    ("lesion", view.x_px, view.y_px, ""),
                    *((_who_marked(one), one.x_px, one.y_px, one.hit) for one in view.marks),
                ]
            ],
            columns=["lesion", "laterality", "view", "what", "x_px", "y_px", "hit"],
        ),
    )


def _who_marked(mark: MarkAt) -> str:
    """Return whose mark it is."""
    return "AI" if mark.source == "ai" else mark.label


def _view(number: int, one: Missed, view: LesionView) -> MissedView:
    """Return one view as the figure takes it."""
    lesion, where = one.lesion, " ".join(filter(None, (view.laterality, view.view)))
    size = "" if math.isnan(lesion.size_mm) else f"{number_text(lesion.size_mm, digits=0)} mm"
    who = f"missed by {lesion.n_missed} of {lesion.n_readers}"
    if "ai" in one.n_missed:
        who += f", AI {'missed it' if one.n_missed['ai'] else 'found it'}"
    kind = ", ".join(filter(None, (lesion.lesion_type, size)))
    return MissedView(
        title=f"Lesion {number}" + (f", {where}" if where else ""),
        subtitle="; ".join(filter(None, (kind, who))),
        laterality=view.laterality,
        view=view.view,
        rows=view.rows,
        columns=view.columns,
        lesion=(view.x_px, view.y_px, 0.0 if math.isnan(view.radius_px) else view.radius_px),
        outline=view.outline,
        marks=[
            PlacedMark(
                x_px=mark.x_px,
                y_px=mark.y_px,
                hit=mark.hit,
                role=ROLES[mark.source],
                label=_who_marked(mark),
            )
            for mark in view.marks
        ],
    )


def _missed_finding(study: LocalizationStudy, shown: bool) -> str:
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
    some = share_text(len(study.missed), total)
    text = f"{some} lesions were missed by more than {share} of the readers{name}"
    return f"{capital(text)}{ai}{'' if shown else ', and where they lie is not in the data'}."


def missed_table(study: LocalizationStudy) -> Exhibit | None:
    """Return the lesions that most readers missed, one a row; None without any."""
    every, names = study.missed, side_names(study)
    if not every:
        return None
    sides = [side for side in study.sides if any(side in one.n_missed for one in every)]
    typed = any(one.lesion.lesion_type for one in every)
    sized = any(not math.isnan(one.lesion.size_mm) for one in every)
    columns = [TableColumn("Lesion", align="left")]
    columns += [TableColumn("Type", align="left")] * typed + [TableColumn("Size (mm)")] * sized
    heads = ["AI" if side == "ai" else capital(names[side]) for side in sides]
    columns += [TableColumn(head, span="Missed by") for head in heads]
    rows = [
        TableRow(
            [
                str(number),
                *[one.lesion.lesion_type or EM_DASH] * typed,
                *[number_text(one.lesion.size_mm, digits=0)] * sized,
                *(_missed_cell(one, side) for side in sides),
            ]
        )
        for number, one in enumerate(every[:MOST_ROWS], start=1)
    ]
    cut = f" The first {MOST_ROWS} of {len(every)}." if len(every) > MOST_ROWS else ""
    lacking = [word for word, known in (("type", typed), ("size", sized)) if not known]
    no = f" Their {joined(lacking)} {_are(lacking)} not in the data." if lacking else ""
    view = TableView(
        title="Lesions that most readers missed",
        columns=columns,
        rows=rows,
        foot=(
            f"A lesion is missed that has no mark, whatever the rating; {people(study)}. Numbers "
            f"name lesions on this page only.{no}{cut} {rule_text(study)}"
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


def count_table(study: LocalizationStudy) -> Exhibit:
    """Return the counts behind every axis."""
    counts, unit, names = study.scored.counts, capital(noun(study)), side_names(study)
    images: list[tuple[str, int, RowKind]] = [
        ("Images of those with cancer", counts.diseased_images, "plain"),
        ("Images of those without", counts.healthy_images, "plain"),
    ]
    read: list[tuple[str, int, RowKind]] = [
        (f"{unit}s with cancer", counts.diseased, "plain"),
        (f"{unit}s without cancer", counts.healthy, "plain"),
        *(images if study.tables.images is not None else []),
        ("Women", counts.patients, "plain"),
        ("Lesions to be found", counts.lesions, "emphasis"),
    ]
    marks: list[tuple[str, int, RowKind]] = []
    for side in study.sides:
        rows = [row for row in study.readers if row.side == side]
        name = capital(names[side])
        marks.append((f"{name}: on a lesion", sum(row.found for row in rows), "plain"))
        marks.append((f"{name}: on none", sum(row.false_marks for row in rows), "sub"))
    marks.append(("Further marks on a lesion, not counted", counts.further, "plain"))
    special = {
        "On none: on a benign finding": counts.on_benign,
        "On none: in the breast without the lesion": counts.other_breast,
        "On one: inside several lesions": counts.in_several,
    }
    marks += [(name, n, "sub") for name, n in special.items() if n]
    body = [TableRow(["What was read"], "group")]
    body += [TableRow([name, count_text(n)], kind) for name, n, kind in read]
    body.append(TableRow(["Marks of all readers"], "group"))
    body += [TableRow([name, count_text(n)], kind) for name, n, kind in marks]
    view = TableView(
        title="Counts behind every axis",
        columns=[TableColumn("", align="left"), TableColumn("n")],
        rows=body,
        foot=f"{capital(people(study))}. {capital(study.scored.note)}.",
    )
    return Exhibit(table=view)
