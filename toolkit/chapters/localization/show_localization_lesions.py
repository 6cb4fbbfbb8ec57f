"""Which lesions are found: by type and size, and those that most readers missed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.localization.localization import LocalizedStudy
from toolkit.chapters.localization.localization_groups import LesionGroup, Missed
from toolkit.chapters.localization.localization_places import LesionView
from toolkit.chapters.localization.localization_readers import Side
from toolkit.chapters.localization.show_localization import (
    ROLES,
    counts_text,
    people,
    per,
    rule_text,
    side_names,
    spoken,
)
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.draw.lesion_types import TypeRow, lesion_type_figure
from toolkit.draw.missed import MissedView, PlacedMark, missed_figure
from toolkit.results import stacked_frame
from toolkit.words.sentences import estimate_phrase
from toolkit.words.wording import (
    EM_DASH,
    capital,
    count_text,
    counted,
    joined,
    number_text,
    share_text,
)

MOST_ROWS = 20


def _pair(study: LocalizedStudy) -> tuple[Side, Side]:
    """Return the comparator, and what is compared with it."""
    return ("a", "ai") if study.plan.of_ai else ("a", "b")


def _type_rows(study: LocalizedStudy, groups: Sequence[LesionGroup]) -> list[TypeRow]:
    """Return a row a group; the first estimate is that of the AI where there are no readers."""
    a, b = _pair(study)
    rows = []
    for group in groups:
        sides = [group.found[side] for side in (a, b) if side in group.found]
        if sides:
            rows.append(
                TypeRow(
                    label=capital(group.label),
                    a=sides[0],
                    b=sides[1] if len(sides) > 1 else None,
                    n=group.n_lesions,
                )
            )
    return rows


def groups_figure(study: LocalizedStudy, groups: Sequence[LesionGroup]) -> Figure | None:
    """Return lesions found by type and size; None where neither is known."""
    rows = _type_rows(study, groups)
    if not rows:
        return None
    names = side_names(study)
    labels = [capital(names[side]) for side in _pair(study) if side in groups[0].found]
    return lesion_type_figure(
        rows,
        labels=(labels[0], labels[1] if len(labels) > 1 else ""),
        axis_label=f"Lesions found{_at(study)}",
    )


def _at(study: LocalizedStudy) -> str:
    """Return at how many false marks lesions are counted as found."""
    budget = study.plan.nl_per_image
    if budget is None or study.plan.paradigm == "LROC":
        return ", whatever the rating"
    return f" at {number_text(budget, digits=2)} false marks per {per(study)}"


def groups_finding(study: LocalizedStudy, groups: Sequence[LesionGroup]) -> str:
    """Return the kind of lesion that is found least, or that kinds are not known."""
    lacking = _lacking(study)
    if not groups:
        return f"{lacking} Lesions cannot be told apart by kind."
    side = [side for side in _pair(study) if side in groups[0].found][-1]
    defined = [
        group
        for group in groups
        if group.kind == groups[0].kind
        and side in group.found
        and not math.isnan(group.found[side].estimate)
    ]
    if not defined:
        return "No kind of lesion has a defined share found."
    least = min(defined, key=lambda group: group.found[side].estimate)
    by = "with" if side == "b" else "by"
    found = f"{counted(least.n_lesions, 'lesion')}), {estimate_phrase(least.found[side])}."
    text = f"Found least often {by} {spoken(study)[side]}: {least.label} ({found}"
    return f"{text} {lacking}" if lacking else text


def _lacking(study: LocalizedStudy) -> str:
    """Return which of type and size the data do not hold."""
    marks = study.scored
    lacking = []
    if not (marks.lesion_type != "").any():
        lacking.append("type")
    if not (marks.lesion_size_mm == marks.lesion_size_mm).any():
        lacking.append("size")
    if lacking:
        verb = "are" if len(lacking) > 1 else "is"
        return f"The {joined(lacking)} of the lesions {verb} not in the data."
    if not study.plan.size_edges_mm:
        return "The plan names no classes of size."
    return ""


def groups_caption(study: LocalizedStudy, groups: Sequence[LesionGroup]) -> str:
    """Return what the figure of kinds draws."""
    methods = dict.fromkeys(
        estimate.ci_method for group in groups for estimate in group.found.values()
    )
    who = "" if not study.n_people else f" Mean of {people(study)}, who are taken as fixed."
    return (
        f"Share of lesions found{_at(study)}; number of lesions in parentheses; lines, "
        f"{100 * study.plan.ci_level:g}% CI ({'; '.join(methods)}; lesions of one woman taken as "
        f"alike).{who} {capital(counts_text(study))}. {rule_text(study)}"
    )


def groups_alt(study: LocalizedStudy, groups: Sequence[LesionGroup]) -> str:
    """Return the alternative text of the figure of kinds."""
    return f"Lesions found by kind, dots with intervals. {groups_finding(study, groups)}"[:250]


def groups_data(groups: Sequence[LesionGroup]) -> pd.DataFrame | None:
    """Return every share that was drawn."""
    estimates = [estimate for group in groups for estimate in group.found.values()]
    if not estimates:
        return None
    frame = stacked_frame(estimates)
    frame.insert(0, "side", [side for group in groups for side in group.found])
    return frame


def missed_gallery(views: Sequence[LesionView]) -> Figure | None:
    """Return the views of the lesions that most readers missed; None without places or any."""
    if not views:
        return None
    return missed_figure([_view(view) for view in views])


def _view(view: LesionView) -> MissedView:
    """Return one view as the figure takes it."""
    radius = 0.0 if math.isnan(view.radius_px) else view.radius_px
    where = " ".join(part for part in (view.laterality, view.view) if part)
    return MissedView(
        title=f"Lesion {view.number}" + (f", {where}" if where else ""),
        subtitle="; ".join(part for part in (_kind(view.missed), _who(view.missed)) if part),
        laterality=view.laterality,
        view=view.view,
        rows=view.rows,
        columns=view.columns,
        lesion=(view.x_px, view.y_px, radius),
        outline=view.outline,
        marks=[
            PlacedMark(
                x_px=mark.x_px,
                y_px=mark.y_px,
                hit=mark.hit,
                role=ROLES[mark.side],
                label="AI" if mark.side == "ai" else mark.label,
            )
            for mark in view.marks
        ],
    )


def _kind(missed: Missed) -> str:
    """Return type and size of a lesion where they are known."""
    lesion = missed.lesion
    size = "" if math.isnan(lesion.size_mm) else f"{number_text(lesion.size_mm, digits=0)} mm"
    return ", ".join(part for part in (lesion.lesion_type, size) if part)


def _who(missed: Missed) -> str:
    """Return who missed a lesion."""
    text = f"missed by {missed.lesion.n_missed} of {missed.lesion.n_readers}"
    if "ai" not in missed.n_missed:
        return text
    return f"{text}, AI {'missed it' if missed.n_missed['ai'] else 'found it'}"


def missed_finding(
    study: LocalizedStudy, missed: Sequence[Missed], views: Sequence[LesionView]
) -> str:
    """Return how many lesions most readers missed, and how many of them the AI found."""
    if not study.n_people:
        return "There are no marks of readers, so that no lesion can be said to be missed by most."
    total = int(study.scored.study.truth.lesion_case.size)
    share = f"{100 * study.plan.missed_share:g}%"
    if not missed:
        return f"None of {counted(total, 'lesion')} was missed by more than {share} of the readers."
    name = "" if study.plan.of_ai else f" with {side_names(study)['b']}"
    text = (
        f"{share_text(len(missed), total)} lesions were missed by more than {share} of the "
        f"readers{name}"
    )
    found = [one for one in missed if one.n_missed.get("ai") == 0]
    known = [one for one in missed if "ai" in one.n_missed]
    ai = f"; the AI found {count_text(len(found))} of them" if known else ""
    places = "" if views else ", and where they lie is not in the data"
    return f"{capital(text)}{ai}{places}."


def missed_caption(study: LocalizedStudy, views: Sequence[LesionView]) -> str:
    """Return what the gallery draws."""
    shown = len({view.number for view in views})
    ai = " and those of the AI" if study.ai is not None else ""
    name = "the readers' marks" if study.plan.of_ai else f"marks with {side_names(study)['b']}"
    return (
        f"The {counted(shown, 'lesion')} missed most often, on each image that shows it: frame, "
        f"the image to scale without its pixels; outline, the lesion; {name}{ai}, "
        f"filled where they hit. {rule_text(study)}"
    )


def missed_alt(study: LocalizedStudy, missed: Sequence[Missed], views: Sequence[LesionView]) -> str:
    """Return the gallery's alternative text."""
    return (
        f"Outlines of {counted(len(views), 'image')} with a lesion that most readers missed, and "
        f"the marks on them. {missed_finding(study, missed, views)}"
    )[:250]


def missed_data(views: Sequence[LesionView]) -> pd.DataFrame | None:
    """Return the lesions and marks that were drawn, without identifiers."""
    rows = []
    for view in views:
        frame = {"lesion": view.number, "laterality": view.laterality, "view": view.view}
        rows.append({**frame, "what": "lesion", "x_px": view.x_px, "y_px": view.y_px, "hit": ""})
        rows += [
            {
                **frame,
                "what": "AI" if mark.side == "ai" else mark.label,
                "x_px": mark.x_px,
                "y_px": mark.y_px,
                "hit": mark.hit,
            }
            for mark in view.marks
        ]
    return pd.DataFrame(rows) if rows else None


def missed_table(study: LocalizedStudy, missed: Sequence[Missed]) -> TableView | None:
    """Return the lesions that most readers missed, one a row; None without any."""
    if not missed:
        return None
    names = side_names(study)
    order: tuple[Side, ...] = ("a", "b", "ai")
    sides = [side for side in order if any(side in one.n_missed for one in missed)]
    typed = any(one.lesion.lesion_type for one in missed)
    sized = any(not math.isnan(one.lesion.size_mm) for one in missed)
    columns = [TableColumn("Lesion", align="left")]
    columns += [TableColumn("Type", align="left")] * typed + [TableColumn("Size (mm)")] * sized
    columns += [
        TableColumn("AI" if side == "ai" else f"{capital(names[side])}", span="Missed by")
        for side in sides
    ]
    rows = []
    for number, one in enumerate(missed[:MOST_ROWS], start=1):
        cells = [str(number)]
        cells += [one.lesion.lesion_type or EM_DASH] * typed
        cells += [number_text(one.lesion.size_mm, digits=0)] * sized
        cells += [_missed_cell(one, side) for side in sides]
        rows.append(TableRow(cells))
    cut = f" The first {MOST_ROWS} of {len(missed)}." if len(missed) > MOST_ROWS else ""
    lacking = [word for word, known in (("type", typed), ("size", sized)) if not known]
    verb = "are" if len(lacking) > 1 else "is"
    no = f" Their {joined(lacking)} {verb} not in the data." if lacking else ""
    return TableView(
        title="Lesions that most readers missed",
        columns=columns,
        rows=rows,
        foot=(
            f"A lesion is missed that has no mark, whatever the rating; {people(study)}. Numbers "
            f"name lesions on this page only.{no}{cut} {rule_text(study)}"
        ),
    )


def _missed_cell(one: Missed, side: Side) -> str:
    """Return how many readers missed a lesion, or whether the AI did."""
    if side not in one.n_missed:
        return EM_DASH
    if side == "ai":
        return "missed" if one.n_missed["ai"] else "found"
    return f"{one.n_missed[side]}/{one.lesion.n_readers}"
