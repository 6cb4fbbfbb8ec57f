"""Shares of lesions found, by type or size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from toolkit.draw.froc import NAME_LINE, ROLE_STYLES, SAMPLE, Dash, FrocRole, draw_sample
from toolkit.draw.style import (
    FULL_WIDTH,
    SMALL,
    color,
    new_figure,
    outward,
    place_axes,
    study_style,
    tick_text,
    widest,
    wrapped,
    write,
)
from toolkit.results import Estimate
from toolkit.words.sentences import ci_text, estimate_text
from toolkit.words.wording import EM_DASH, NO_BREAK_SPACE, count_text, level_text

_ROW = {1: 0.28, 2: 0.48}
_SHIFT = 0.18
_LABEL_WIDTH = 1.75
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_DASHES: dict[FrocRole, Dash] = {
    "unaided": (0, (4, 2)),
    "aided": "-",
    "ai": "-",
}
_NOT_DEFINED = "not defined"


@dataclass(frozen=True, kw_only=True)
class TypeRow:
    """One type or size class of lesions.

    Parameters
    ----------
    label : str
        Its name.
    a, b : Estimate
        Share of its lesions found with the comparator and the new modality; b may be None.
    n : int
        Lesions of the group, written beside its name.
    """

    label: str
    a: Estimate
    b: Estimate | None
    n: int


def lesion_type_figure(
    rows: Sequence[TypeRow],
    *,
    labels: tuple[str, str],
    roles: tuple[FrocRole, FrocRole] = ("unaided", "aided"),
    axis_label: str = "Lesions found",
) -> Figure:
    """Draw the share of lesions found by group, each with its interval, on one axis from 0 to 100%.

    Parameters
    ----------
    rows : sequence of TypeRow
        From top to bottom.
    labels : (str, str)
        Comparator a and new modality b, or the AI. Without any b the second is not used.
    roles : (str, str)
        Of a and b: open circles with dashed intervals, filled triangles, or the AI's squares.
    axis_label : str
        What the share is of, and at how many false marks.

    Returns
    -------
    Figure
        7.5 in wide. An undefined share is said in words, and one without an interval has a dot
        alone.

    Raises
    ------
    ValueError
        If there is no row, a share lies outside 0 and 1, or a count is negative.
    """
    _check(rows)
    series = roles[:1] if all(row.b is None for row in rows) else roles
    with study_style():
        names = [wrapped(f"{row.label} ({count_text(row.n)})", _LABEL_WIDTH) for row in rows]
        pitches = [max(_ROW[len(series)], len(name) * NAME_LINE + 0.1) for name in names]
        left = max(widest([line for name in names for line in name]) + 0.25, 0.9)
        legend = _legend(labels[: len(series)], left)
        top = 0.36 + legend[-1].last
        figure = new_figure(FULL_WIDTH, top + sum(pitches) + 0.62)
        edges = _edges(rows)
        width = edges[0] - widest([*_texts(rows, 0), "Found"]) - 0.25 - left
        axes = place_axes(figure, left=left, top=top, width=width, height=sum(pitches))
        _set_axis(axes, sum(pitches), axis_label)
        place = 0.0
        for row, name, pitch in zip(rows, names, pitches, strict=True):
            middle = place + pitch / 2
            for number, line in enumerate(name):
                y = top + middle + 0.05 + (number - (len(name) - 1) / 2) * NAME_LINE
                write(figure, (0, y), line)
            results = (row.a, row.b)[: len(series)]
            for order, (role, result) in enumerate(zip(series, results, strict=True)):
                y = middle + (order - (len(series) - 1) / 2) * _SHIFT
                if result is not None:
                    _draw_share(axes, y, result, role)
                    _write_share(figure, top + y + 0.05, result, edges)
            place += pitch
        _draw_legend(figure, 0.12, legend, series)
        heads = zip(edges, ("Found", _level_text(rows)), strict=True)
        for edge, head in heads:
            write(figure, (edge, top - 0.1), head, role="muted", size=SMALL, align="right")
    return figure


def _check(rows: Sequence[TypeRow]) -> None:
    """Refuse what the axis cannot hold."""
    if not rows:
        msg = "rows must hold at least one row, but there is none; say so in words instead"
        raise ValueError(msg)
    for row in rows:
        if row.n < 0:
            msg = f"row {row.label!r}: n must be 0 or more, but got {row.n}"
            raise ValueError(msg)
        for name, result in (("a", row.a), ("b", row.b)):
            if result is not None and not (
                math.isnan(result.estimate) or 0 <= result.estimate <= 1
            ):
                msg = (
                    f"row {row.label!r}: the share {name} must lie between 0 and 1, but is "
                    f"{result.estimate:g}"
                )
                raise ValueError(msg)


def _results(rows: Sequence[TypeRow]) -> list[Estimate]:
    """Return all estimates."""
    return [result for row in rows for result in (row.a, row.b) if result is not None]


def _share_texts(result: Estimate) -> tuple[str, str]:
    """Return a share in percent and its interval; an undefined interval is a dash."""
    share = estimate_text(result, form="percent")
    if math.isnan(result.estimate):
        return EM_DASH, ""
    if math.isnan(result.ci_low + result.ci_high):
        return share, EM_DASH
    return share, ci_text(result, form="percent")


def _texts(rows: Sequence[TypeRow], column: int) -> list[str]:
    """Return the texts of the shares (0) or of the intervals (1)."""
    return [_share_texts(result)[column] for result in _results(rows)]


def _edges(rows: Sequence[TypeRow]) -> tuple[float, float]:
    """Return the right edges of the shares and of the intervals."""
    return FULL_WIDTH - widest([*_texts(rows, 1), _level_text(rows)]) - 0.15, FULL_WIDTH


def _level_text(rows: Sequence[TypeRow]) -> str:
    """Return the head of the intervals."""
    levels = sorted({result.ci_level for result in _results(rows)})
    return f"{level_text(levels[0])}{NO_BREAK_SPACE}CI"


def _set_axis(axes: Axes, height: float, label: str) -> None:
    """Set an axis from 0 to 100%, and inches from the top down."""
    axes.set_xlim(0, 1)
    axes.set_ylim(height, 0)
    outward(axes, left=False)
    axes.set_xticks(_TICKS, tick_text(_TICKS, form="percent", unit_last=True))
    axes.set_xlabel(label, labelpad=3)
    axes.grid(axis="x")


def _draw_share(axes: Axes, y: float, result: Estimate, role: FrocRole) -> None:
    """Draw one share with its interval, or say that it is not defined."""
    style = ROLE_STYLES[role]
    if math.isnan(result.estimate):
        axes.annotate(
            _NOT_DEFINED,
            (0, y),
            (4, -3),
            textcoords="offset points",
            color=color(style.text),
            fontsize=SMALL,
        )
        return
    axes.plot(
        [result.ci_low, result.ci_high],
        [y, y],
        color=color(style.line),
        linewidth=1.4,
        linestyle=_DASHES[role],
        zorder=2,
    )
    axes.plot(
        [result.estimate],
        [y],
        marker=style.marker,
        markersize=5.4 if role == "unaided" else 6,
        markerfacecolor=color(style.face),
        markeredgecolor=color(style.line),
        markeredgewidth=1.3,
        zorder=3,
        clip_on=False,
    )


def _write_share(figure: Figure, y: float, result: Estimate, edges: tuple[float, float]) -> None:
    """Write a share and its interval at the height of its dot."""
    share, interval = _share_texts(result)
    write(figure, (edges[0], y), share, align="right")
    write(figure, (edges[1], y), interval, role="muted", align="right")


class _Name(NamedTuple):
    """Where a modality is named, in inches from the left and below the first line."""

    x: float
    y: float
    lines: list[str]

    @property
    def last(self) -> float:
        """Return the height of its last line."""
        return self.y + (len(self.lines) - 1) * NAME_LINE


def _legend(labels: Sequence[str], left: float) -> list[_Name]:
    """Place the names of the modalities beside each other, below each other if they are long."""
    names: list[_Name] = []
    for label in labels:
        lines = wrapped(label, FULL_WIDTH - left - SAMPLE)
        x, y = left, 0.0
        if names:
            x = left + SAMPLE + widest(names[0].lines) + 0.3
            if len(names[0].lines) > 1 or x + SAMPLE + widest(lines) > FULL_WIDTH:
                x, y = left, names[0].last + NAME_LINE
        names.append(_Name(x, y, lines))
    return names


def _draw_legend(
    figure: Figure, top: float, names: Sequence[_Name], series: Sequence[FrocRole]
) -> None:
    """Draw the sign of each modality with its name."""
    for name, role in zip(names, series, strict=True):
        y = top + name.y
        draw_sample(figure, (name.x, y), role, _DASHES[role])
        for number, line in enumerate(name.lines):
            place = (name.x + SAMPLE, y + number * NAME_LINE)
            write(figure, place, line, role=ROLE_STYLES[role].text)
