"""What a forest plot shows, and where its texts and its plot stand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from toolkit.figures.style import BODY, FULL_WIDTH, SMALL, text_width, widest
from toolkit.results import Better, Comparison, Effect
from toolkit.sentences import form_of
from toolkit.wording import Form, range_text, value_text

RowKind = Literal["single", "subgroup", "pooled"]

ROW = 0.26
_GAP = 0.22
INDENT = 0.16
_SPARE = 0.06
_WIDEST_RATIO = 20.0


@dataclass(frozen=True, kw_only=True)
class ForestRow:
    """One estimate with its interval.

    Parameters
    ----------
    label : str
        Who or what; the first column.
    estimate, low, high : float
        On the scale of the view's form; a NaN is shown as a dash, an infinite limit as an arrow.
    left : tuple of str
        Texts of the other columns at the left.
    right : tuple of str, optional
        Texts of the columns at the right; made from the numbers if None.
    kind : {"single", "subgroup", "pooled"}
        A filled or open marker, an indented open one, or a diamond in semibold.
    margin : float, optional
        Limit on the axis that holds for this row alone.
    better : {"higher", "lower"}
        Which side of that limit is the better one.
    """

    label: str
    estimate: float
    low: float
    high: float
    left: tuple[str, ...] = ()
    right: tuple[str, ...] | None = None
    kind: RowKind = "single"
    margin: float | None = None
    better: Better = "higher"


@dataclass(frozen=True, kw_only=True)
class ForestGroup:
    """A head over the rows that follow, with its own directions."""

    label: str
    left_words: str = ""
    right_words: str = ""


@dataclass(frozen=True, kw_only=True)
class ForestView:
    """What a forest plot shows.

    Parameters
    ----------
    rows : sequence of ForestRow or ForestGroup
        From top to bottom.
    axis_label : str
        What the axis measures and in which direction, such as "AI minus radiologist".
    effect : {"difference", "ratio"}
        Linear axis around 0, or logarithmic around 1.
    form : Form
        Form of the numbers; a ratio is always written as one.
    left_heads, right_heads : tuple of str
        Heads of the columns; the first at the left stands over the labels.
    margin : float, optional
        Limit on the axis for all rows (for a difference with better="higher" it is negative).
    better : {"higher", "lower"}
        Which side of the margin is the better one; the other is shaded.
    left_words, right_words : str
        Directions over the plot, such as "AI worse" and "AI better"; arrows are added.
    role : {"ai", "aided", "unaided"}
        Colour of the claim. For "ai" single rows are grey comparators.
    sort : bool
        Whether neighbouring single rows are sorted, the highest first.
    """

    rows: Sequence[ForestRow | ForestGroup]
    axis_label: str
    effect: Effect = "difference"
    form: Form = "index"
    left_heads: tuple[str, ...] = ("Compared with",)
    right_heads: tuple[str, ...] = ("Difference", "95% CI")
    margin: float | None = None
    better: Better = "higher"
    left_words: str = ""
    right_words: str = ""
    role: Literal["ai", "aided", "unaided"] = "ai"
    sort: bool = False


def forest_row(
    comparison: Comparison,
    *,
    label: str = "",
    left: tuple[str, ...] = (),
    kind: RowKind = "single",
    form: Form | None = None,
) -> ForestRow:
    """Return the row of a comparison; its label is that of the comparator unless one is given.

    The numbers at the right are written in the form of the result itself, so that rows of
    different units may share a ratio axis.
    """
    chosen = form or form_of(comparison)
    signed = comparison.effect == "difference"
    return ForestRow(
        label=label or comparison.label_a,
        estimate=comparison.estimate,
        low=comparison.ci_low,
        high=comparison.ci_high,
        left=left,
        right=(
            value_text(comparison.estimate, form=chosen, signed=signed, unit=False),
            range_text(comparison.ci_low, comparison.ci_high, form=chosen, always_to=signed),
        ),
        kind=kind,
    )


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Places in inches: rows, the plot, and the right or left edge of every column."""

    rows: tuple[ForestRow | ForestGroup, ...]
    texts: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]
    top: float
    left_edges: tuple[float, ...]
    plot_left: float
    plot_width: float
    right_edges: tuple[float, ...]

    def baseline(self, row: int) -> float:
        """Return the baseline of the text in a row."""
        return self.top + (row + 0.5) * ROW + 0.33 * BODY / 72


def _sorted_rows(view: ForestView) -> tuple[ForestRow | ForestGroup, ...]:
    """Return the rows with every run of single rows in falling order."""
    if not view.sort:
        return tuple(view.rows)
    rows: list[ForestRow | ForestGroup] = []
    run: list[ForestRow] = []
    for row in view.rows:
        if isinstance(row, ForestRow) and row.kind == "single":
            run.append(row)
            continue
        rows += [*_falling(run), row]
        run = []
    return (*rows, *_falling(run))


def _falling(run: Sequence[ForestRow]) -> list[ForestRow]:
    """Return rows by falling estimate, those without one last."""
    return sorted(run, key=lambda row: (math.isnan(row.estimate), -row.estimate))


def _row_texts(
    row: ForestRow | ForestGroup, view: ForestView, *, always_to: bool
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the texts at the left, after the label, and at the right of one row."""
    if isinstance(row, ForestGroup):
        return (), ()
    lefts = len(view.left_heads) - 1
    form: Form = "ratio" if view.effect == "ratio" else view.form
    signed = view.effect == "difference"
    made = (
        value_text(row.estimate, form=form, signed=signed, unit=False),
        range_text(row.low, row.high, form=form, always_to=always_to),
    )
    right = made if row.right is None else row.right
    if len(row.left) != lefts or len(right) != len(view.right_heads):
        msg = (
            f"forest row {row.label!r} has {len(row.left)} and {len(right)} texts at the left and "
            f"right, but the heads ask for {lefts} and {len(view.right_heads)}"
        )
        raise ValueError(msg)
    return row.left, right


def _column_widths(heads: Sequence[str], texts: Sequence[tuple[str, ...]]) -> list[float]:
    """Return the width of every column of texts."""
    return [
        max(
            text_width(head, SMALL),
            widest([cells[place] for cells in texts if cells], BODY, 600),
        )
        for place, head in enumerate(heads)
    ]


def lay_out(view: ForestView, top: float) -> Layout:
    """Measure all texts and give the plot what is left of the width."""
    rows = _sorted_rows(view)
    limits = [row.low for row in rows if isinstance(row, ForestRow)]
    always_to = view.effect == "difference" and any(low < 0 for low in limits)
    texts = tuple(_row_texts(row, view, always_to=always_to) for row in rows)
    indents = [INDENT if kind_of(row) == "subgroup" else 0.0 for row in rows]
    labels = [
        text_width(row.label, BODY, 600) + indent for row, indent in zip(rows, indents, strict=True)
    ]
    edge = max([text_width(view.left_heads[0], SMALL), *labels])
    left_edges = [edge]
    for width in _column_widths(view.left_heads[1:], [left for left, _ in texts]):
        edge += _GAP + width
        left_edges.append(edge)
    right_edges = [FULL_WIDTH]
    for width in reversed(_column_widths(view.right_heads, [right for _, right in texts])):
        right_edges.insert(0, right_edges[0] - width - _GAP)
    plot_left, plot_right = edge + _GAP, right_edges[0]
    if plot_right - plot_left < 1.5:
        msg = (
            f"forest: the texts leave {plot_right - plot_left:.1f} in of {FULL_WIDTH} in for the "
            "plot, which needs 1.5 in; shorten labels or drop a column"
        )
        raise ValueError(msg)
    return Layout(
        rows=rows,
        texts=texts,
        top=top,
        left_edges=tuple(left_edges),
        plot_left=plot_left,
        plot_width=plot_right - plot_left,
        right_edges=tuple(right_edges[1:]),
    )


def kind_of(row: ForestRow | ForestGroup) -> str:
    """Return what a row is."""
    return "group" if isinstance(row, ForestGroup) else row.kind


def null_of(view: ForestView) -> float:
    """Return the value of no difference."""
    return 0.0 if view.effect == "difference" else 1.0


def _shown(view: ForestView) -> list[float]:
    """Return the finite values that the axis must hold."""
    values = [null_of(view)] if view.margin is None else [null_of(view), view.margin]
    for row in view.rows:
        if isinstance(row, ForestRow):
            values += [row.estimate, row.low, row.high]
            values += [] if row.margin is None else [row.margin]
    return [value for value in values if math.isfinite(value)]


def axis_limits(view: ForestView) -> tuple[float, float]:
    """Return the ends of the axis, with some room at both."""
    values = _shown(view)
    if view.effect == "difference":
        spare = (max(values) - min(values) or 1.0) * _SPARE
        return min(values) - spare, max(values) + spare
    bounded = [min(max(value, 1 / _WIDEST_RATIO), _WIDEST_RATIO) for value in values]
    spare = math.log(max(bounded) / min(bounded) * 1.001) * _SPARE
    return min(bounded) * math.exp(-spare), max(bounded) * math.exp(spare)
