"""How the result hangs on the hit rule, and how far marks lie from lesions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.localization.localization import LocalizedStudy
from toolkit.chapters.localization.localization_readers import sides
from toolkit.chapters.localization.localization_rules import RuleResult, by_side
from toolkit.chapters.localization.show_localization import (
    FORMS,
    ROLES,
    counts_text,
    heads,
    measure,
    per,
    rule_text,
    short_name,
    side_names,
)
from toolkit.draw.distances import DistanceRow, distance_figure
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.scoring.marks import HitRuleRow, mark_distances
from toolkit.words.sentences import ci_text, estimate_text, verdict_word
from toolkit.words.wording import (
    EM_DASH,
    capital,
    counted,
    number_text,
    p_text,
    share_text,
    some_of,
    value_text,
)


def rule_table(study: LocalizedStudy, results: Sequence[RuleResult]) -> TableView | None:
    """Return the primary comparison by each hit rule; None where marks have no places."""
    applied = [one for one in results if one.rows]
    if not applied:
        return None
    columns = [TableColumn("Hit rule", align="left")]
    for span in ("Lesions found (%)", f"False marks per {per(study)}"):
        columns += [TableColumn(head, span=span) for head in heads(study)]
    figure = short_name(study.plan.endpoint)
    columns += [
        TableColumn("Difference", span=figure),
        TableColumn("95% CI", align="center", span=figure),
        TableColumn("*P*", span=figure),
    ]
    rows = [TableRow(_cells(study, one), "emphasis" if one.planned else "plain") for one in applied]
    reasons = [
        f"\u201c{_short(one.rule)}\u201d cannot be applied: {one.reason.partition(' (')[0]}."
        for one in results
        if one.reason
    ]
    long = [f"{_short(r.rule)}: {r.rule}." for r in applied if "(" in r.rule]
    return TableView(
        title="The same marks by other hit rules",
        columns=columns,
        rows=rows,
        dense=True,
        foot=" ".join(
            [
                f"{capital(counts_text(study))}. Means of the readers; first row, the rule of the "
                f"plan. Difference in the {measure(study, study.plan.endpoint)}, analysed as the "
                "primary one.",
                *long,
                *reasons,
            ]
        ),
    )


def _short(rule: str) -> str:
    """Return a hit rule as short as a table needs it; the foot has it in full."""
    return capital(rule.partition(" (")[0].partition(",")[0].removesuffix(" of the lesion"))


def _cells(study: LocalizedStudy, one: RuleResult) -> list[str]:
    """Return one hit rule as a row."""
    both = by_side(study, one)
    cells = [_short(one.rule)]
    cells += [
        value_text(_mean(rows, "lesion_sensitivity"), form="percent", unit=False) for rows in both
    ]
    cells += [number_text(_mean(rows, "nl_marks", "n_images"), digits=2) for rows in both]
    if one.analysis is None or not one.analysis.is_defined:
        return [*cells, EM_DASH, EM_DASH, EM_DASH]
    change, form = one.analysis.difference, FORMS[study.plan.endpoint]
    return [
        *cells,
        estimate_text(change, form=form, unit=False),
        ci_text(change, form=form),
        p_text(change.p_value),
    ]


def _mean(rows: Sequence[HitRuleRow], name: str, over: str = "") -> float:
    """Return the mean over readers of a number, or of its ratio to another; NaN without any."""
    values = [getattr(row, name) / (getattr(row, over) if over else 1) for row in rows]
    return float(np.mean(values)) if values else float("nan")


def rule_sentence(results: Sequence[RuleResult]) -> str:
    """Return whether the verdict is the same by every hit rule, or why there is one rule."""
    if not results:
        return (
            "Marks and lesions have no places in the data, so that the hits are as the source "
            "recorded them: another hit rule cannot be tried."
        )
    defined = [one for one in results if one.analysis is not None and one.analysis.is_defined]
    if len(defined) < 2 or not defined[0].planned:
        return "No other hit rule can be compared."
    words = {one.rule: verdict_word(one.analysis.difference) for one in defined if one.analysis}
    first = words[defined[0].rule]
    others = [rule for rule, word in words.items() if word != first]
    if not others:
        return f"The verdict is the same by all {counted(len(defined), 'hit rule')}."
    return (
        f"The verdict differs by {some_of(len(others), len(defined), 'hit rule')}: "
        f"{'; '.join(others)}. The answer follows the rule of the plan."
    )


def distances(study: LocalizedStudy) -> Figure | None:
    """Return how far marks lie from the nearest lesion; None where none has a distance."""
    rows, unit, elsewhere = _rows(study)
    if not any(row.distance.size for row in rows):
        return None
    limit = study.plan.hit_radius_mm if study.plan.hit_rule == "within radius" else None
    return distance_figure(
        rows,
        unit=unit,
        limit=limit if unit == "mm" else None,
        n_elsewhere=elsewhere,
    )


def _rows(study: LocalizedStudy) -> tuple[list[DistanceRow], str, dict[str, int]]:
    """Return a row a modality, the unit, and the marks without a lesion on their image."""
    names, rows, elsewhere = side_names(study), [], {}
    unit = "mm"
    for side, marks, modality in sides(study):
        found = mark_distances(marks)
        unit = found.unit if found.distance.size else unit
        chosen = found.modality == modality
        label = capital(names[side])
        rows.append(
            DistanceRow(
                label=label,
                distance=found.distance[chosen],
                hit=found.hit[chosen],
                role=ROLES[side],
            )
        )
        total = int((marks.mark_modality == modality).sum())
        elsewhere[label] = total - int(chosen.sum())
    return rows, unit, elsewhere


def distance_finding(study: LocalizedStudy) -> str:
    """Return how many marks that do not hit lie just beyond the rule."""
    rows, unit, _ = _rows(study)
    if not any(row.distance.size for row in rows):
        return "Nor can the distance of marks from lesions be measured."
    distance = np.concatenate([row.distance for row in rows])
    hit = np.concatenate([row.hit for row in rows])
    beside = f"{share_text(int((~hit).sum()), hit.size)} marks on an image with a lesion hit none"
    if not hit.any():
        return f"{capital(beside)}."
    near = number_text(float(np.quantile(distance[hit], 0.9)), digits=1)
    return f"Nine of ten hits lie within {near} {unit} of the centre of the lesion; {beside}."


def distance_caption(study: LocalizedStudy) -> str:
    """Return what the figure of distances draws."""
    rows, _, elsewhere = _rows(study)
    marks = sum(row.distance.size for row in rows)
    return (
        f"{capital(counted(marks, 'mark'))} on images that show a lesion, by the distance to the "
        "nearest centre; solid, hits; open, marks that hit none. Not drawn: "
        f"{counted(sum(elsewhere.values()), 'mark')} on images without a lesion. "
        f"{rule_text(study)}"
    )


def distance_alt(study: LocalizedStudy) -> str:
    """Return the alternative text of the figure of distances."""
    finding = distance_finding(study)
    return f"Histograms of the distance of marks from the nearest lesion. {finding}"[:250]


def distance_data(study: LocalizedStudy) -> pd.DataFrame:
    """Return every distance that was drawn."""
    rows, unit, _ = _rows(study)
    frames = [
        pd.DataFrame({"modality": row.label, f"distance_{unit}": row.distance, "hit": row.hit})
        for row in rows
    ]
    return pd.concat(frames, ignore_index=True)
