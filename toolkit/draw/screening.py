"""Which cancers two ways of reading find in the same women: one mark for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.draw.style import (
    BODY,
    FULL_WIDTH,
    TICK,
    Weight,
    color,
    new_figure,
    place_axes,
    rule,
    study_style,
    text_width,
    widest,
    write,
)
from toolkit.words.wording import count_text, number_text

_ROW = 0.43
_MARK_PITCH = 0.15
_GROUP_GAP = 0.09
_SMALLEST_PITCH = 0.075
_COLUMN = 0.5


@dataclass(frozen=True)
class DiscordanceRow:
    """Cancers of one kind by who found them: both readings, only b, only a."""

    label: str
    both: int
    only_b: int
    only_a: int


def _marks(row: DiscordanceRow) -> list[tuple[str, int]]:
    """Return the marks of a row in order."""
    return [("both", row.both), ("only_b", row.only_b), ("only_a", row.only_a)]


_MARK_STYLE = {
    "both": ("o", "axis", "axis"),
    "only_b": ("^", "aided", "aided"),
    "only_a": ("o", "paper", "unaided"),
}


def _pitch(rows: Sequence[DiscordanceRow], room: float) -> float:
    """Return the distance between marks that lets the longest row fit, at most 0.15 in."""
    most = max(row.both + row.only_a + row.only_b for row in rows)
    pitch = min(_MARK_PITCH, (room - 2 * _GROUP_GAP) / max(most, 1))
    if pitch < _SMALLEST_PITCH:
        msg = (
            f"a row of {most} cancers is too long for one mark each; split it by size or type, "
            "or print the counts in a table"
        )
        raise ValueError(msg)
    return pitch


def _draw_marks(
    canvas: Axes, row: DiscordanceRow, place: tuple[float, float], pitch: float
) -> None:
    """Draw one mark a cancer from a place in inches."""
    x, y = place
    for kind, count in _marks(row):
        marker, face, edge = _MARK_STYLE[kind]
        places = x + pitch * np.arange(count)
        size = pitch / _MARK_PITCH * (7.2 if marker == "^" else 7.0)
        canvas.plot(
            places,
            np.full(count, y),
            linestyle="none",
            marker=marker,
            markersize=size,
            markerfacecolor=color(face),
            markeredgecolor=color(edge),
            markeredgewidth=1.4 if face == "paper" else 0.6,
        )
        x += pitch * count + (_GROUP_GAP if count else 0)


def _legend(canvas: Axes, start: float, y: float, labels: tuple[str, str]) -> None:
    """Name the three marks over the rows."""
    words = (
        ("both", "found both ways", "muted"),
        ("only_b", f"only {labels[1]}", "aidedtext"),
        ("only_a", f"only {labels[0]}", "muted"),
    )
    for kind, text, role in words:
        marker, face, edge = _MARK_STYLE[kind]
        canvas.plot(
            [start],
            [y - 0.045],
            marker=marker,
            markersize=7,
            markerfacecolor=color(face),
            markeredgecolor=color(edge),
            markeredgewidth=1.4 if face == "paper" else 0.6,
        )
        canvas.text(start + 0.09, y, text, color=color(role), fontsize=TICK)
        start += text_width(text, TICK) + 0.35


def _columns(figure: Figure, y: float, texts: Sequence[str], *, weight: Weight = 400) -> None:
    """Write the numbers of a row at the right: without, with, difference."""
    styles = (("muted", weight), ("aidedtext", 600), ("ink", weight))
    for order, (text, (role, heavy)) in enumerate(zip(texts, styles, strict=True)):
        x = FULL_WIDTH - _COLUMN * (2 - order)
        write(figure, (x, y), text, role=role, weight=600 if heavy == 600 else 400, align="right")


def _numbers(row: DiscordanceRow) -> tuple[str, str, str]:
    """Return the totals of both readings and their difference."""
    difference = number_text(row.only_b - row.only_a, digits=0, signed=True)
    return count_text(row.both + row.only_a), count_text(row.both + row.only_b), difference


def discordance_figure(
    rows: Sequence[DiscordanceRow],
    *,
    label_a: str = "without AI",
    label_b: str = "with AI",
    heads: tuple[str, str, str] = ("Without", "With", "Diff."),
    total: str = "All",
) -> Figure:
    """Draw one mark for each cancer: grey found both ways, coloured or open found one way only.

    Parameters
    ----------
    rows : sequence of DiscordanceRow
        Kinds of cancer, from top to bottom.
    label_a, label_b : str
        The two ways of reading, as they follow "only".
    heads : (str, str, str)
        Heads of the numbers at the right.
    total : str
        Name of the last row.

    Raises
    ------
    ValueError
        If a row holds more cancers than fit with one mark each.
    """
    top = 0.0
    whole = DiscordanceRow(
        total,
        sum(row.both for row in rows),
        sum(row.only_b for row in rows),
        sum(row.only_a for row in rows),
    )
    with study_style():
        start = widest([row.label for row in rows]) + 0.3
        pitch = _pitch(rows, FULL_WIDTH - 3 * _COLUMN - 0.2 - start)
        height = top + 0.32 + _ROW * (len(rows) + 1)
        figure = new_figure(FULL_WIDTH, height)
        canvas = place_axes(figure, left=0, top=0, width=FULL_WIDTH, height=height)
        canvas.set_xlim(0, FULL_WIDTH)
        canvas.set_ylim(height, 0)
        canvas.set_axis_off()
        _legend(canvas, start + 0.05, top + 0.16, (label_a, label_b))
        for order, head in enumerate(heads):
            place = (FULL_WIDTH - _COLUMN * (2 - order), top + 0.16)
            role = "aidedtext" if order == 1 else "muted"
            write(figure, place, head, role=role, size=TICK, align="right")
        for order, row in enumerate(rows):
            y = top + 0.32 + _ROW * (order + 0.45)
            write(figure, (0, y + 0.045), row.label)
            _draw_marks(canvas, row, (start + 0.05, y), pitch)
            _columns(figure, y + 0.045, _numbers(row))
        below = top + 0.32 + _ROW * len(rows)
        rule(figure, below)
        _write_total(figure, whole, (start, below + 0.25), (label_a, label_b))
    return figure


def _write_total(
    figure: Figure, row: DiscordanceRow, place: tuple[float, float], labels: tuple[str, str]
) -> None:
    """Write the counts of all cancers in words and numbers."""
    x, y = place
    write(figure, (0, y), row.label, weight=600)
    parts = (
        (f"{count_text(row.both)} both ways", "muted", 400),
        (f"{count_text(row.only_b)} only {labels[1]}", "aidedtext", 600),
        (f"{count_text(row.only_a)} only {labels[0]}", "muted", 600),
    )
    for text, role, weight in parts:
        write(figure, (x, y), text, role=role, weight=600 if weight == 600 else 400)
        x += text_width(text, BODY, 600) + 0.4
    _columns(figure, y, _numbers(row), weight=600)
