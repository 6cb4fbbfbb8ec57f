"""Pairs of readers as a matrix: one coefficient below the diagonal, another above it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.draw.style import (
    BODY,
    FULL_WIDTH,
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
from toolkit.words.wording import number_text

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
