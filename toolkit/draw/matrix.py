"""Matrices: pairs of readers by their coefficients, and shares of rows by columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.draw.style import (
    BODY,
    FULL_WIDTH,
    LABEL,
    SMALL,
    TICK,
    Weight,
    color,
    new_figure,
    place_axes,
    study_style,
    widest,
    write,
)
from toolkit.words.wording import number_text, value_text

_TALLEST, _WIDEST, _APART = 0.34, 0.62, 0.25
_NUMBERED = 0.30  # inches: below this width numbers would meet
_LIGHTEST, _DARKEST = 0.05, 0.8  # of the axis grey, so that ink stays readable on it


def matrix_figure(
    values: ArrayLike,
    *,
    labels: Sequence[str],
    last_role: str = "",
    below: str,
    above: str,
) -> Figure:
    """Draw a square matrix of coefficients, the darker the higher.

    Parameters
    ----------
    values : array_like, shape (n, n)
        At (i, j) with i > j the coefficient below the diagonal of the pair, with i < j the one
        above it; the diagonal is not drawn; NaN is an empty cell.
    labels : sequence of str
        Names of rows and columns.
    last_role : str
        Role colour of the last row and column, which then stand apart, such as ``"ai"``.
    below, above : str
        What the two triangles hold.

    Raises
    ------
    ValueError
        If the matrix does not fit the labels.
    """
    matrix = np.asarray(values, dtype=float)
    n = len(labels)
    if matrix.shape != (n, n):
        msg = f"values must have shape ({n}, {n}), one row a label, but got {matrix.shape}"
        raise ValueError(msg)
    with study_style():
        left = widest(list(labels), BODY) + 0.15
        apart = _APART if last_role else 0.0
        width = min(_WIDEST, (FULL_WIDTH - left - 0.05) / (n + apart))
        height = min(_TALLEST, width)
        top = 0.5
        figure = new_figure(FULL_WIDTH, top + height * (n + apart) + 0.05)
        write(figure, (0, 0.14), f"Below the diagonal {below}, above it {above}", role="muted")
        places = np.arange(n, dtype=float)
        places[-1] += apart
        axes = place_axes(
            figure, left=left, top=top, width=width * (n + apart), height=height * (n + apart)
        )
        axes.set_axis_off()
        axes.set_xlim(0, n + apart)
        axes.set_ylim(n + apart, 0)
        _draw_cells(axes, matrix, places, numbered=width >= _NUMBERED)
        for place, label in zip(places, labels, strict=True):
            role = last_role if last_role and place == places[-1] else "ink"
            weight: Weight = 600 if role == last_role else 400
            middle = top + height * (place + 0.5) + 0.05
            write(figure, (left - 0.1, middle), label, role=role, align="right", weight=weight)
            across = (left + width * (place + 0.5), top - 0.08)
            write(figure, across, _short(label, width), role=role, align="center", weight=weight)
    return figure


def _short(label: str, width: float) -> str:
    """Return a label that fits over a column, or its first word."""
    return label if widest([label], BODY) <= width else label.split()[0][:4]


def _draw_cells(axes: Axes, matrix: FloatArray, places: FloatArray, *, numbered: bool) -> None:
    """Draw each pair as a grey cell with its number."""
    for i, y in enumerate(places):
        for j, x in enumerate(places):
            value = matrix[i, j]
            if i == j or math.isnan(value):
                continue
            shade = _LIGHTEST + (_DARKEST - _LIGHTEST) * float(np.clip(value, 0, 1))
            axes.add_patch(
                Rectangle(
                    (x + 0.02, y + 0.03),
                    0.96,
                    0.94,
                    facecolor=color("axis"),
                    alpha=shade,
                    linewidth=0,
                )
            )
            if numbered:
                axes.text(
                    x + 0.5,
                    y + 0.53,
                    number_text(value, digits=2),
                    ha="center",
                    va="center",
                    fontsize=TICK if len(places) <= 12 else SMALL,
                    color=color("ink"),
                )


_ROW, _GROUP = 0.21, 0.30  # inches
_NOTE: dict[bool, tuple[str, Weight]] = {False: ("ink", 400), True: ("cancertext", 600)}


@dataclass(frozen=True, kw_only=True, eq=False)
class ShareRow:
    """One row of shares.

    Parameters
    ----------
    label, note : str
        What it is, at the left, and words on it, at the right.
    values : array_like, shape (n_columns,)
        Shares from 0 to 1; NaN is an empty cell.
    group : str
        Heads the row and those below it, where it is not empty.
    outside : bool
        Whether the row stands apart: its note is vermillion and semibold.
    """

    label: str
    values: ArrayLike
    note: str = ""
    group: str = ""
    outside: bool = False


def share_matrix_figure(
    rows: Sequence[ShareRow], *, columns: Sequence[str], column_title: str, note_title: str = ""
) -> Figure:
    """Draw shares of rows by columns as grey cells, the darker the higher.

    Parameters
    ----------
    rows : sequence of ShareRow
        From top to bottom.
    columns : sequence of str
        Heads of the columns; where they would meet, some are left out.
    column_title, note_title : str
        What the columns and the notes are.

    Raises
    ------
    ValueError
        If there is no row, or one does not fit the columns.
    """
    n = len(columns)
    for row in rows:
        if np.shape(row.values) != (n,):
            shape = np.shape(row.values)
            msg = (
                f"row {row.label!r} must have one value for each of {n} columns, has shape {shape}"
            )
            raise ValueError(msg)
    if not rows or not n:
        msg = "a matrix must have a row and a column"
        raise ValueError(msg)
    shares = np.array([row.values for row in rows], dtype=np.float64)
    highest = float(np.nanmax(shares, initial=0.0)) or 1.0
    with study_style():
        left = max(widest([row.label for row in rows], BODY) + 0.15, 1.0)
        notes = [*(row.note for row in rows), note_title]
        right = widest(notes, BODY, 600) + 0.15 if any(notes) else 0.0
        width = min(_WIDEST, (FULL_WIDTH - left - right - 0.05) / n)
        top = 0.48
        places = _share_places(rows)
        figure = new_figure(FULL_WIDTH, top + places[-1] + _ROW + 0.05)
        _head(figure, columns, left=left, top=top, width=width, title=column_title)
        write(figure, (left + width * n + 0.15, top - 0.08), note_title, role="muted")
        for row, values, place in zip(rows, shares, places, strict=True):
            y = top + place
            if row.group:
                write(figure, (0, y - 0.09), row.group, size=LABEL, weight=600)
            write(figure, (0, y + 0.155), row.label)
            role, weight = _NOTE[row.outside]
            write(figure, (left + width * n + 0.15, y + 0.155), row.note, role=role, weight=weight)
            axes = place_axes(figure, left=left, top=y, width=width * n, height=_ROW)
            _draw_shares(axes, values, highest=highest, numbered=width >= _NUMBERED)
    return figure


def _share_places(rows: Sequence[ShareRow]) -> list[float]:
    """Return where each row begins, in inches below the head."""
    places, y = [], 0.0
    for row in rows:
        y += _GROUP if row.group else 0.0
        places.append(y)
        y += _ROW
    return places


def _head(
    figure: Figure, columns: Sequence[str], *, left: float, top: float, width: float, title: str
) -> None:
    """Write the heads of the columns, every so many where they would meet."""
    write(figure, (left, 0.14), title, role="muted")
    every = max(1, math.ceil((widest(list(columns), TICK) + 0.06) / width))
    for place in range(0, len(columns), every):
        across = (left + width * (place + 0.5), top - 0.08)
        write(figure, across, columns[place], role="muted", size=TICK, align="center")


def _draw_shares(axes: Axes, values: FloatArray, *, highest: float, numbered: bool) -> None:
    """Draw one row of cells, with numbers where they fit."""
    axes.set_axis_off()
    axes.set_xlim(0, values.size)
    axes.set_ylim(1, 0)
    for x, value in enumerate(values.tolist()):
        if math.isnan(value):
            continue
        shade = _LIGHTEST + (_DARKEST - _LIGHTEST) * value / highest
        cell = Rectangle((x + 0.02, 0.04), 0.96, 0.92, facecolor=color("axis"), linewidth=0)
        cell.set_alpha(shade)
        axes.add_patch(cell)
        if numbered:
            axes.text(
                x + 0.5,
                0.54,
                value_text(value, form="percent", unit=False),
                ha="center",
                va="center",
                fontsize=SMALL,
                color=color("ink"),
            )
