"""How far marks lie from the nearest lesion: one strip of dots a row, on common scales."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.draw.froc import ROLE_STYLES, FrocRole
from toolkit.draw.style import (
    DASH,
    FULL_WIDTH,
    SMALL,
    TICK,
    color,
    halo,
    new_figure,
    nice_ticks,
    outward,
    place_axes,
    study_style,
    text_width,
    tick_text,
    widest,
    wrapped,
    write,
)
from toolkit.words.wording import count_text, counted, short_text

BinCounts = tuple[IntArray, IntArray]

_MOST_BINS = 60
_MOST_DOTS = 30  # a column of more looks the same
_FEW_ROWS = 8
_ROW, _LOW_ROW = 0.52, 0.38
_LABEL_WIDTH = 1.9
_LINE = 0.17
_DOT_PT, _EDGE_PT = 3.2, 0.7
_HIGHEST_STEP_PT = 3.6
_HEADS = ("Hit", "No hit", "Elsewhere")


@dataclass(frozen=True, kw_only=True, eq=False)
class DistanceRow:
    """The marks of one reader, or of one modality.

    Parameters
    ----------
    label : str
        Name of the row.
    distance : ndarray, shape (n_marks,)
        From each mark to the nearest lesion centre; marks without a lesion to measure to are
        not among them but in ``n_elsewhere``.
    hit : ndarray of bool, shape (n_marks,)
        Whether the mark hits a lesion by the rule of the study.
    role : {"unaided", "aided", "ai"}
        Colour.
    """

    label: str
    distance: FloatArray
    hit: BoolArray
    role: FrocRole


def _check_rows(
    rows: Sequence[DistanceRow], limit: float | None, elsewhere: Mapping[str, int]
) -> None:
    """Refuse what cannot be drawn."""
    if not rows:
        msg = "rows must hold at least one row, but there is none; say so in words instead"
        raise ValueError(msg)
    for row in rows:
        _check_row(row)
    if limit is not None and not (math.isfinite(limit) and limit > 0):
        msg = f"limit must be above 0 and finite, but got {limit:g}; leave it out for other rules"
        raise ValueError(msg)
    unknown = sorted(set(elsewhere) - {row.label for row in rows})
    if unknown:
        msg = f"n_elsewhere names no row: {', '.join(unknown)}"
        raise ValueError(msg)
    labels = [row.label for row in rows]
    repeated = sorted({label for label in labels if labels.count(label) > 1} & set(elsewhere))
    if repeated:
        msg = f"n_elsewhere needs rows of different labels, but {', '.join(repeated)} repeats"
        raise ValueError(msg)


def _check_row(row: DistanceRow) -> None:
    """Refuse marks without one distance each."""
    distance, hit = np.asarray(row.distance, dtype=np.float64), np.asarray(row.hit)
    if distance.shape != hit.shape or distance.ndim != 1:
        msg = (
            f"row {row.label!r}: distance and hit must have one shape (n_marks,), but got "
            f"{distance.shape} and {hit.shape}"
        )
        raise ValueError(msg)
    if hit.dtype != np.bool_:
        msg = f"row {row.label!r}: hit must be boolean, but got {hit.dtype}"
        raise ValueError(msg)
    wrong = distance[~(np.isfinite(distance) & (distance >= 0))]
    if wrong.size:
        msg = (
            f"row {row.label!r}: distance must be 0 or more and finite, but got {wrong[0]:g}; "
            "count marks without a lesion to measure to in n_elsewhere"
        )
        raise ValueError(msg)


def _farthest(rows: Sequence[DistanceRow]) -> float:
    """Return the largest distance; 0 without a mark."""
    return max((float(row.distance.max(initial=0.0)) for row in rows), default=0.0)


def _bin_width(rows: Sequence[DistanceRow], limit: float | None) -> float:
    """Return a bin width at which the limit, if there is one, is an edge."""
    far = max(_farthest(rows), (limit or 0.0) * 1.2) or 1.0
    if limit is None:
        ticks = nice_ticks(0, far, most=_MOST_BINS)
        return ticks[1] - ticks[0]
    parts = math.floor(_MOST_BINS * limit / far)
    return limit / parts if parts else far / _MOST_BINS


def _bin_counts(row: DistanceRow, width: float) -> BinCounts:
    """Return hits and others by bin; a bin holds its upper edge, as a radius does."""
    place = np.maximum(np.ceil(row.distance / width - 1e-9).astype(np.int64) - 1, 0)
    return np.bincount(place[row.hit]), np.bincount(place[~row.hit])


def _column_dots(counts: IntArray) -> tuple[FloatArray, FloatArray]:
    """Return bin and height, in marks, of each dot; high columns are drawn with fewer."""
    x, height = [np.zeros(0)], [np.zeros(0)]
    for place, n in enumerate(counts.tolist()):
        n_dots = min(n, _MOST_DOTS)
        x.append(np.full(n_dots, float(place)))
        height.append(np.linspace(0.0, n - 1.0, n_dots))
    return np.concatenate(x), np.concatenate(height)


def distance_figure(
    rows: Sequence[DistanceRow],
    *,
    unit: str,
    limit: float | None = None,
    n_elsewhere: Mapping[str, int] | None = None,
) -> Figure:
    """Draw the distances of marks to the nearest lesion centre: hits up, solid; others down, open.

    Parameters
    ----------
    rows : sequence of DistanceRow
        From top to bottom. A mark is a dot; those of one bin stand in a column, on one scale of
        counts in all rows and both ways, closer together where they are many.
    unit : str
        Of the distances, such as "mm".
    limit : float, optional
        Radius of the hit rule, dashed and named; bins end at it.
    n_elsewhere : mapping of str to int, optional
        For each label the marks where there is no lesion to measure to, as a third column.

    Raises
    ------
    ValueError
        If there is no row, a distance is negative or not finite, lengths differ, the limit is not
        above 0, or ``n_elsewhere`` names no row or a label of several.
    """
    elsewhere = dict(n_elsewhere or {})
    _check_rows(rows, limit, elsewhere)
    width = _bin_width(rows, limit)
    counts = [_bin_counts(row, width) for row in rows]
    top = 0.62
    pitch = _ROW if len(rows) <= _FEW_ROWS else _LOW_ROW
    with study_style():
        names = [wrapped(row.label, _LABEL_WIDTH) for row in rows]
        figure = new_figure(FULL_WIDTH, top + pitch * len(rows) + 0.62)
        texts = [_texts(row, elsewhere if n_elsewhere is not None else None) for row in rows]
        edges = _edges(texts)
        left = max(widest([line for name in names for line in name]) + 0.2, 0.3)
        room = widest([cells[0] for cells in texts] + [_HEADS[0]], SMALL)
        axes = place_axes(
            figure,
            left=left,
            top=top,
            width=edges[0] - room - 0.25 - left,
            height=pitch * len(rows),
        )
        _set_axis(axes, rows, limit, width, unit)
        tallest = _draw_rows(axes, rows, counts, width)
        for place, (name, cells) in enumerate(zip(names, texts, strict=True)):
            y = top + (place + 0.5) * pitch + 0.05
            for line, text in enumerate(name):
                write(figure, (0, y + (line - (len(name) - 1) / 2) * _LINE), text)
            for edge, text in zip(edges, cells, strict=True):
                write(figure, (edge, y), text, align="right")
        _write_heads(figure, top - 0.1, edges)
        _draw_legend(figure, top - 0.48, left, tallest)
        if limit is not None:
            _draw_limit(axes, limit, unit)
    return figure


def _texts(row: DistanceRow, elsewhere: Mapping[str, int] | None) -> list[str]:
    """Return the counts of a row, with the marks elsewhere if they are known."""
    hits = int(row.hit.sum())
    texts = [count_text(hits), count_text(row.hit.size - hits)]
    if elsewhere is not None:
        texts.append(count_text(elsewhere[row.label]) if row.label in elsewhere else "—")
    return texts


def _edges(texts: Sequence[Sequence[str]]) -> list[float]:
    """Return the right edges of the columns of counts."""
    columns = list(zip(*texts, strict=True))
    widths = [
        max(widest(column), text_width(head, SMALL)) + 0.2
        for column, head in zip(columns, _HEADS, strict=False)
    ]
    return [FULL_WIDTH - sum(widths[place + 1 :]) for place in range(len(widths))]


def _set_axis(
    axes: Axes, rows: Sequence[DistanceRow], limit: float | None, width: float, unit: str
) -> None:
    """Set one axis of distances for all rows, up to the end of the last bin."""
    far = max(_farthest(rows), (limit or 0.0) * 1.2) or 1.0
    axes.set_xlim(0, math.ceil(far / width - 1e-9) * width)
    axes.set_ylim(len(rows), 0)
    outward(axes, left=False)
    ticks = nice_ticks(*axes.get_xlim(), most=9)
    axes.set_xticks(ticks, tick_text(ticks))
    axes.set_xlabel(f"Distance to the nearest lesion centre, {unit}", labelpad=3)


def _draw_rows(
    axes: Axes, rows: Sequence[DistanceRow], counts: Sequence[BinCounts], width: float
) -> int:
    """Draw all rows on one scale of counts; return the marks of the tallest column."""
    up, down = (max(int(pair[side].max(initial=0)) for pair in counts) for side in (0, 1))
    points = axes.bbox.height * 72 / axes.figure.dpi / len(rows)  # of a row
    step = min(_HIGHEST_STEP_PT, (points - 10) / max(up + down, 1)) / points
    first = (_DOT_PT / 2 + 1.2) / points
    # The line between hits and others stands so that both fill the middle of the row.
    base = 0.5 + (up - down) * step / 2
    end = axes.get_xlim()[1]
    for place, (row, pair) in enumerate(zip(rows, counts, strict=True)):
        axes.plot([0, end], [place + base] * 2, color=color("grid"), linewidth=0.8, zorder=1)
        ink = color(ROLE_STYLES[row.role].line)
        for side, (face, way) in enumerate(((ink, -1), (color("paper"), 1))):
            x, height = _column_dots(pair[side])
            axes.plot(
                (x + 0.5) * width,
                place + base + way * (first + height * step),
                linestyle="none",
                marker="o",
                markersize=_DOT_PT,
                markerfacecolor=face,
                markeredgecolor=ink,
                markeredgewidth=_EDGE_PT,
                zorder=2,
                clip_on=False,
            )
        if not row.distance.size:
            _say_none(axes, place + base)
    return max(up, down)


def _say_none(axes: Axes, y: float) -> None:
    """Write into an empty row that there is nothing to draw."""
    halo(
        axes.annotate(
            "no mark to measure",
            (float(np.mean(axes.get_xlim())), y),
            (0, -3),
            textcoords="offset points",
            color=color("muted"),
            fontsize=SMALL,
            ha="center",
        )
    )


def _write_heads(figure: Figure, y: float, edges: Sequence[float]) -> None:
    """Write the heads of the counts."""
    for edge, head in zip(edges, _HEADS, strict=False):
        write(figure, (edge, y), head, role="muted", size=SMALL, align="right")


def _draw_legend(figure: Figure, y: float, left: float, tallest: int) -> None:
    """Say above the plot which dots are hits, and what the tallest column stands for."""
    full_width, full_height = figure.get_size_inches()
    x = left
    for words, face in (("hit, up", "unaided"), ("no hit, down", "paper")):
        figure.add_artist(
            Line2D(
                [(x + 0.05) / full_width],
                [1 - (y - 0.045) / full_height],
                linestyle="none",
                marker="o",
                markersize=5,
                markerfacecolor=color(face),
                markeredgecolor=color("unaided"),
                markeredgewidth=1.0,
            )
        )
        write(figure, (x + 0.17, y), words, role="muted", size=SMALL)
        x += 0.17 + text_width(words, SMALL) + 0.25
    if tallest:
        words = f"tallest column, {counted(tallest, 'mark')}"
        write(figure, (x, y), words, role="muted", size=SMALL)


def _draw_limit(axes: Axes, limit: float, unit: str) -> None:
    """Draw the radius of the hit rule through all rows, named above them."""
    axes.axvline(limit, color=color("cancer"), linewidth=1.3, linestyle=DASH, zorder=3)
    name = f"hit within {short_text(limit)} {unit}"
    half = text_width(name, TICK) * 72 / 2
    extent = axes.bbox.width * 72 / axes.figure.dpi
    x = limit / axes.get_xlim()[1] * extent
    axes.annotate(
        name,
        (limit, 1),
        (min(max(x, half), extent - half) - x, 6),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        ha="center",
        color=color("cancertext"),
        fontsize=TICK,
    )
