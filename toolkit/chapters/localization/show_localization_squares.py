"""The square curves of chapter 08: AFROC or LROC of the readers, pooled, and inferred ROC."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from toolkit.chapters.localization.localization import LocalizedStudy
from toolkit.chapters.localization.localization_readers import CurveKind, area_kind, curves_of
from toolkit.chapters.localization.show_localization import (
    counts_text,
    noun,
    people,
    rule_text,
    spoken,
)
from toolkit.chapters.localization.show_localization_curves import colours, curve_lines
from toolkit.draw.roc import SquarePanel, square_curves_figure
from toolkit.results import Curve
from toolkit.words.wording import capital, joined, number_text

_WHOLE = {
    "wafroc": "weighted AFROC",
    "wafroc1": "weighted AFROC1",
    "afroc": "AFROC",
    "afroc1": "AFROC1",
}


def square_kinds(study: LocalizedStudy) -> tuple[CurveKind, ...]:
    """Return the curves of the square figure."""
    if study.plan.paradigm == "LROC":
        return "lroc", "roc"
    return area_kind(study.plan.endpoint), "roc"


def square(study: LocalizedStudy) -> Figure:
    """Return the AFROC curves of the readers and pooled, or the LROC curves; and inferred ROC."""
    first, roc = square_kinds(study)
    cases = f"{capital(noun(study))}s without cancer"
    found = "Lesions found" + (", weighted" if first.startswith("w") else "")
    by_case = curves_of(study, first)
    roc_panel = SquarePanel(
        title="Inferred ROC",
        lines=curve_lines(study, curves_of(study, roc), floor=study.plan.paradigm == "FROC"),
        x_label=f"{cases}, marked",
        y_label="With cancer, marked",
        chance=True,
    )
    if study.plan.paradigm == "LROC":
        lroc = SquarePanel(
            title="LROC",
            lines=curve_lines(study, by_case, floor=False),
            x_label=f"{cases}, called",
            y_label="With cancer, right place",
        )
        return square_curves_figure([lroc, roc_panel])
    every = f"{capital(noun(study))}s, " if first.endswith("1") else "Without cancer, "
    panels = [
        SquarePanel(
            title=title,
            lines=curve_lines(study, by_case, pooled=pooled),
            x_label=f"{every}false mark",
            y_label=found,
        )
        for title, pooled in ((capital(_WHOLE[first]), False), ("Marks pooled", True))
    ]
    return square_curves_figure([*panels, roc_panel])


def square_finding(study: LocalizedStudy) -> str:
    """Return how far right places and mere calls differ: the area of each."""
    first, _ = square_kinds(study)
    names = spoken(study)
    areas = {
        kind: {one.side: _area(one.mean) for one in curves_of(study, kind)}
        for kind in (first, "roc")
    }
    words = "area under the LROC curve" if first == "lroc" else f"{_WHOLE[first]} area"
    parts = [
        f"{number_text(areas[first][side], digits=3)} for {names[side]} "
        f"({number_text(areas['roc'][side], digits=3)} if the place did not count)"
        for side in areas[first]
    ]
    return f"The {words} is {joined(parts)}."


def _area(curve: Curve) -> float:
    """Return the area under a curve."""
    return float(np.trapezoid(curve.y, curve.x))


def square_caption(study: LocalizedStudy) -> str:
    """Return what the square panels draw."""
    roc = f"Each {noun(study)} by its highest mark, wherever that lies; grey diagonal, chance."
    if study.plan.paradigm == "LROC":
        return (
            f"**a** Cancers called at their right place over {noun(study)}s without cancer called; "
            f"the curve ends at the share of all right places. **b** {roc} "
            f"{capital(colours(study))}; thick, mean of the readers; thin, single readers. "
            f"{counts_text(study)}. {rule_text(study)}"
        )
    return (
        "**a** Lesions found over cases with a false mark; thick, mean of the readers, whose area "
        "is the mean figure of merit; thin, single readers; dotted, straight on to 1, which no "
        "mark supports. **b** All marks of all readers as if on one scale. "
        f"**c** {roc} {capital(colours(study))}. {capital(counts_text(study))}. {rule_text(study)}"
    )


def square_alt(study: LocalizedStudy) -> str:
    """Return the square figure's alternative text."""
    kind = "LROC" if study.plan.paradigm == "LROC" else "AFROC"
    return (
        f"{kind} curves of {people(study)} and inferred ROC curves, "
        f"{counts_text(study)}. {square_finding(study)}"
    )[:250]
