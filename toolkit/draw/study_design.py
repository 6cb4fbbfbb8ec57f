"""A reader study at a glance: who read what, and where the uncertainty of its answer lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import ArrayLike, NDArray

from toolkit.arrays import BoolArray, IndexArray
from toolkit.draw.style import (
    BODY,
    FULL_WIDTH,
    SMALL,
    TICK,
    color,
    new_figure,
    panel_title,
    place_axes,
    study_style,
    widest,
    write,
)
from toolkit.words.wording import count_text, joined, number_text

_PITCH, _BAR = 0.34, 0.2
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True)
class VariancePart:
    """One share of the variance.

    Parameters
    ----------
    label : str
        The source.
    share : float
        From 0 to 1; all parts add up to 1.
    shrinks_with : tuple of str
        What would make it smaller: "more readers", "more cases", both or none.
    """

    label: str
    share: float
    shrinks_with: tuple[str, ...] = ()


def _check(parts: Sequence[VariancePart]) -> None:
    """Refuse shares that are no shares of one whole."""
    shares = [part.share for part in parts]
    if not parts or min(shares) < 0 or abs(sum(shares) - 1) > _SUM_TOLERANCE:
        msg = f"shares of the variance must be 0 or more and add up to 1, but got {shares!r}"
        raise ValueError(msg)


def variance_figure(parts: Sequence[VariancePart]) -> Figure:
    """Draw the shares of the variance, a bar each, with what would make each smaller.

    Parameters
    ----------
    parts : sequence of VariancePart
        From top to bottom.

    Raises
    ------
    ValueError
        If the shares are negative or do not add up to 1.
    """
    _check(parts)
    height = 0.1 + _PITCH * len(parts)
    words = [
        f"shrinks with {joined(part.shrinks_with)}" if part.shrinks_with else "" for part in parts
    ]
    with study_style():
        figure = new_figure(FULL_WIDTH, height)
        left = widest([part.label for part in parts]) + 0.2
        room = FULL_WIDTH - left - widest(words, TICK) - 0.85
        canvas = place_axes(figure, left=0, top=0, width=FULL_WIDTH, height=height)
        canvas.set_xlim(0, FULL_WIDTH)
        canvas.set_ylim(height, 0)
        canvas.set_axis_off()
        most = max(part.share for part in parts)
        for order, (part, text) in enumerate(zip(parts, words, strict=True)):
            middle = 0.05 + _PITCH * (order + 0.5)
            width = room * part.share / most
            place = (left, middle - _BAR / 2)
            canvas.add_patch(Rectangle(place, width, _BAR, facecolor=color("axis"), linewidth=0))
            share = f"{number_text(part.share * 100, digits=1)}%"
            write(figure, (0, middle + 0.05), part.label)
            write(figure, (left + width + 0.08, middle + 0.05), share, weight=600)
            edge = (FULL_WIDTH, middle + 0.05)
            write(figure, edge, text, role="muted", size=TICK, align="right")
    return figure


_ROLES = ("unaided", "aided")
_TALLEST, _SHORTEST, _MOST = 0.19, 0.04, 4.0
_NAMED_FROM = 0.125  # inches: below this names of readers would meet
_COLUMNS = 300
_BETWEEN = 0.03  # of a panel: the gap between cases with and without cancer
_READ, _PARTLY, _NOT = 2, 1, 0


def _in_order(read: BoolArray, cancer: BoolArray) -> IndexArray:
    """Return the cases with cancer first, alike ones beside each other, most readings first."""
    patterns = read.reshape(len(read), -1)
    return np.lexsort((*(~patterns).T[::-1], ~patterns.any(axis=1), ~cancer))


def _tones(read: BoolArray) -> NDArray[np.int_]:
    """Return for columns of like many cases whether all, some or none were read."""
    blocks = np.array_split(read, min(_COLUMNS, len(read)))
    return np.array([_READ if b.all() else _PARTLY if b.any() else _NOT for b in blocks])


def _draw_row(
    axes: Axes, tones: NDArray[np.int_], place: tuple[float, float, float], role: str
) -> None:
    """Draw one reader's cases of one class; the place is left, width and top."""
    left, width, top = place
    edges = np.concatenate([[0], np.flatnonzero(np.diff(tones)) + 1, [tones.size]])
    for start, end in pairwise(edges):
        fill = {_READ: role, _PARTLY: "axis", _NOT: "grid"}[int(tones[start])]
        axes.add_patch(
            Rectangle(
                (left + width * start / tones.size, top + 0.2),
                width * (end - start) / tones.size,
                0.6,
                facecolor=color(fill),
                linewidth=0,
            )
        )


def reading_map_figure(
    read: ArrayLike,
    *,
    truth: ArrayLike,
    readers: Sequence[str],
    modalities: Sequence[str],
) -> Figure:
    """Draw which reader read which cases in each of two modalities.

    Parameters
    ----------
    read : array_like of bool, shape (n_cases, n_readers, 2)
        Whether there is a reading.
    truth : array_like, shape (n_cases,)
        1 with cancer, 0 without: they stand apart, those with cancer first.
    readers : sequence of str
        Names, from top to bottom; left out where there are too many.
    modalities : sequence of str
        Titles of the two panels, the comparator first.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    n_readers = len(readers)
    done, cancer = _checked(read, truth, n_readers, len(modalities))
    row = float(np.clip(_MOST / n_readers, _SHORTEST, _TALLEST))
    named = row >= _NAMED_FROM
    top = 0.3
    with study_style():
        figure = new_figure(FULL_WIDTH, top + row * n_readers + 0.3)
        start = (widest(readers, BODY) if named else 0.0) + 0.15
        counts = widest([count_text(cancer.size)] * 2, TICK) + 0.1
        panel = (FULL_WIDTH - start - 2 * counts - 0.25) / 2
        for place, role in enumerate(_ROLES):
            left = start + place * (panel + counts + 0.25)
            axes = place_axes(figure, left=left, top=top, width=panel, height=row * n_readers)
            axes.set_axis_off()
            axes.set_xlim(0, 1)
            axes.set_ylim(n_readers, 0)
            _draw_panel(axes, done[:, :, place], cancer, role)
            panel_title(figure, (left, top - 0.1), "ab"[place], modalities[place])
            _name_classes(figure, (left, top + row * n_readers + 0.16), panel, cancer)
            for number in range(n_readers if named else 0):
                middle = top + (number + 0.5) * row + 0.05
                total = count_text(int(done[:, number, place].sum()))
                edge = (left + panel + counts, middle)
                write(figure, edge, total, role="muted", size=TICK, align="right")
        for number in range(n_readers if named else 0):
            write(figure, (0, top + (number + 0.5) * row + 0.05), readers[number])
    return figure


def _checked(
    read: ArrayLike, truth: ArrayLike, n_readers: int, n_modalities: int
) -> tuple[BoolArray, BoolArray]:
    """Return readings and truth, the cases in the order in which they are drawn."""
    done, cancer = np.asarray(read, dtype=bool), np.asarray(truth, dtype=float) == 1
    if done.shape != (cancer.size, n_readers, len(_ROLES)) or n_modalities != len(_ROLES):
        msg = (
            "read must have shape (n_cases, n_readers, 2) as truth, readers and modalities have, "
            f"but got {done.shape} with {cancer.size} cases, {n_readers} readers and "
            f"{n_modalities} modalities"
        )
        raise ValueError(msg)
    order = _in_order(done, cancer)
    return done[order], cancer[order]


def _split(cancer: BoolArray) -> tuple[float, float]:
    """Return the widths of the cases with and without cancer, the gap between them taken off."""
    share = float(cancer.mean())
    room = 1.0 - (_BETWEEN if 0 < share < 1 else 0.0)
    return share * room, (1 - share) * room


def _draw_panel(axes: Axes, done: BoolArray, cancer: BoolArray, role: str) -> None:
    """Draw all readers of one modality."""
    widths = _split(cancer)
    for number in range(done.shape[1]):
        for kind, left, width in ((cancer, 0.0, widths[0]), (~cancer, 1 - widths[1], widths[1])):
            if kind.any():
                _draw_row(axes, _tones(done[kind, number]), (left, width, number), role)


def _name_classes(
    figure: Figure, place: tuple[float, float], panel: float, cancer: BoolArray
) -> None:
    """Name both classes of cases under a panel."""
    left, y = place
    without = left + panel * (1 - _split(cancer)[1])
    n_positive = int(cancer.sum())
    for x, count, words in (
        (left, n_positive, "with cancer"),
        (without, cancer.size - n_positive, "without"),
    ):
        if count:
            write(figure, (x, y), f"{count_text(count)} {words}", role="muted", size=SMALL)
