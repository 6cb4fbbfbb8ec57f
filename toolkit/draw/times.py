"""Reading times in two modalities: how they are spread, by reader, and along the order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.draw.labels import along_line, label_curve
from toolkit.draw.style import (
    BODY,
    DASH,
    FULL_WIDTH,
    SMALL,
    TICK,
    Weight,
    color,
    halo,
    log_ticks,
    new_figure,
    nice_ticks,
    outward,
    panel_title,
    place_axes,
    rule,
    study_style,
    tick_text,
    widest,
    write,
)
from toolkit.words.wording import capital, short_text, value_text

_ROW = 0.27
_TOP_PANEL = 1.55
_BINS = 40
_COMPARATOR = (0, (4, 2))
_THIN = 0.4


@dataclass(frozen=True, kw_only=True, eq=False)
class SpreadRow:
    """The times of one reader, or of all, in both modalities.

    Parameters
    ----------
    label : str
        The reader.
    a, b : array_like, shape (3,)
        Lower quartile, median and upper quartile in seconds; NaN where there is no time.
    pooled : bool
        Whether the row stands for all readers: semibold, under a rule.
    """

    label: str
    a: ArrayLike
    b: ArrayLike
    pooled: bool = False


def spread_figure(
    times_a: ArrayLike,
    times_b: ArrayLike,
    rows: Sequence[SpreadRow],
    *,
    label_a: str,
    label_b: str,
    pause_limit_s: float,
) -> Figure:
    """Draw all times of two modalities, and the quartiles of each reader, on one log axis.

    Parameters
    ----------
    times_a, times_b : array_like, shape (n_times,)
        Seconds, above 0, as they were recorded; at least one of both.
    rows : sequence of SpreadRow
        Readers from top to bottom, all together last.
    label_a, label_b : str
        Comparator and new modality.
    pause_limit_s : float
        Longer times hold a pause; dashed where the axis reaches it.

    Raises
    ------
    ValueError
        If there is no time, or one that is not above 0 and finite.
    """
    a, b = (_checked(times, name) for times, name in ((times_a, "times_a"), (times_b, "times_b")))
    every = np.concatenate([a, b])
    if not every.size:
        msg = "times_a and times_b must hold at least one time together, but both are empty"
        raise ValueError(msg)
    top = 0.26
    below = top + _TOP_PANEL + 0.42
    with study_style():
        figure = new_figure(FULL_WIDTH, below + _ROW * len(rows) + 0.6)
        left = max(widest([row.label for row in rows], BODY, 600) + 0.3, 0.62)
        edges = _column_edges(rows, (label_a, label_b))
        width = edges[0] - left - 0.2
        limits = float(every.min()) / 1.15, float(every.max()) * 1.15
        panel_title(figure, (0, top - 0.12), "a", "All readings: share by time")
        shares = place_axes(figure, left=left, top=top, width=width, height=_TOP_PANEL)
        _draw_shares(shares, (a, b), (label_a, label_b), limits)
        panel_title(figure, (0, below - 0.12), "b", "By reader: quartiles and median")
        axes = place_axes(figure, left=left, top=below, width=width, height=_ROW * len(rows))
        _time_axis(axes, limits)
        axes.set_ylim(len(rows), 0)
        axes.set_xlabel("Reading time in seconds, log scale", labelpad=3)
        for place, row in enumerate(rows):
            _draw_row(axes, place + 0.5, row)
            _write_row(figure, below + (place + 0.5) * _ROW + 0.05, row, edges)
            if row.pooled and place:
                rule(figure, below + place * _ROW)
        _draw_limit((shares, axes), pause_limit_s)
        _write_heads(figure, below - 0.12, edges, (label_a, label_b))
    return figure


def _checked(times: ArrayLike, name: str) -> FloatArray:
    """Return times as an array of numbers above 0."""
    array = np.asarray(times, dtype=np.float64)
    if not ((array > 0) & np.isfinite(array)).all():
        msg = f"{name} must be above 0 and finite; leave readings without a time out"
        raise ValueError(msg)
    return array


def _time_axis(axes: Axes, limits: tuple[float, float]) -> None:
    """Set a log axis of seconds at the bottom, and none at the left."""
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    outward(axes, left=False)
    ticks, texts = log_ticks(*limits, most=9)
    axes.set_xticks(ticks, texts)
    axes.set_xticks([], minor=True)


def _draw_shares(
    axes: Axes,
    times: tuple[FloatArray, FloatArray],
    labels: tuple[str, str],
    limits: tuple[float, float],
) -> None:
    """Draw which share of the readings of each modality falls into bins of equal width."""
    _time_axis(axes, limits)
    edges = np.geomspace(*limits, _BINS + 1)
    counts = [np.histogram(values, edges)[0] for values in times]
    shares = [count / max(count.sum(), 1) * 100 for count in counts]
    highest = max(float(share.max()) for share in shares) * 1.15
    axes.set_ylim(0, highest)
    axes.spines["left"].set_visible(True)
    axes.spines["left"].set_position(("outward", 6))
    axes.tick_params(left=True, labelleft=True, labelbottom=False)
    ticks = nice_ticks(0, highest, most=4)
    texts = tick_text(ticks)
    axes.set_yticks(ticks, [*texts[:-1], f"{texts[-1]}%"])
    taken = []
    for share, role in zip(shares, ("unaided", "aided"), strict=True):
        if not share.any():
            continue
        if role == "aided":
            axes.stairs(share, edges, fill=True, color=color(role), alpha=0.14, linewidth=0)
        axes.stairs(
            share,
            edges,
            color=color(role),
            linewidth=2.0 if role == "aided" else 1.5,
            linestyle="-" if role == "aided" else _COMPARATOR,
        )
        taken.append(along_line(axes, np.repeat(edges, 2)[1:-1], np.repeat(share, 2)))
    _name_shares(axes, times, labels, taken)


def _name_shares(
    axes: Axes,
    times: tuple[FloatArray, FloatArray],
    labels: tuple[str, str],
    taken: list[FloatArray],
) -> None:
    """Write the name of each distribution beside it, with its median."""
    high = axes.get_ylim()[1]
    left = axes.get_xlim()[0]  # where a phone shows them too
    for values, label, role, share in zip(
        times, labels, ("unaided", "aidedtext"), (0.8, 0.45), strict=True
    ):
        if values.size:
            name = f"{label}\nmedian {value_text(float(np.median(values)), form='seconds')}"
            label_curve(axes, name, role, (left, high * share), taken)


def _draw_row(axes: Axes, y: float, row: SpreadRow) -> None:
    """Draw the quartiles of one reader: a above b, open circle and filled triangle."""
    for values, shift, role in ((row.a, -0.17, "unaided"), (row.b, 0.17, "aided")):
        low, middle, high = np.asarray(values, dtype=np.float64)
        if np.isnan(middle):
            continue
        axes.plot([low, high], [y + shift] * 2, color=color(role), linewidth=1.5, zorder=2)
        axes.plot(
            [middle],
            [y + shift],
            marker="o" if role == "unaided" else "^",
            markersize=5 if role == "unaided" else 5.6,
            markerfacecolor=color("paper" if role == "unaided" else role),
            markeredgecolor=color(role),
            markeredgewidth=1.3,
            zorder=3,
        )


def _draw_limit(panels: tuple[Axes, Axes], pause_limit_s: float) -> None:
    """Draw the limit of a pause through both panels, named in the first."""
    low, high = panels[0].get_xlim()
    if not low < pause_limit_s < high:
        return
    for axes in panels:
        axes.axvline(pause_limit_s, color=color("cancer"), linewidth=1.3, linestyle=DASH, zorder=1)
    halo(
        panels[0].annotate(
            f"pause: over {short_text(pause_limit_s)} s",
            (pause_limit_s, panels[0].get_ylim()[1]),
            (-5, -10),
            textcoords="offset points",
            ha="right",
            color=color("cancertext"),
            fontsize=TICK,
        )
    )


def _medians(row: SpreadRow) -> tuple[str, str]:
    """Return both medians of a row."""
    a, b = (float(np.asarray(values)[1]) for values in (row.a, row.b))
    return value_text(a, form="seconds", unit=False), value_text(b, form="seconds", unit=False)


def _column_edges(rows: Sequence[SpreadRow], labels: tuple[str, str]) -> tuple[float, float]:
    """Return the left edge of the medians, and the right edge of the first column of them."""
    texts = [_medians(row) for row in rows]
    widths = [
        max(widest([pair[place] for pair in texts], BODY, 600), widest([labels[place]], SMALL))
        for place in range(2)
    ]
    return FULL_WIDTH - sum(widths) - 0.2, FULL_WIDTH - widths[1] - 0.2


def _write_row(figure: Figure, y: float, row: SpreadRow, edges: tuple[float, float]) -> None:
    """Write the name and both medians of one row."""
    weight: Weight = 600 if row.pooled else 400
    write(figure, (0, y), row.label, weight=weight)
    for edge, text in zip((edges[1], FULL_WIDTH), _medians(row), strict=True):
        write(figure, (edge, y), text, weight=weight, align="right")


def _write_heads(
    figure: Figure, y: float, edges: tuple[float, float], labels: tuple[str, str]
) -> None:
    """Write the heads of the medians."""
    for edge, label, role in zip(
        (edges[1], FULL_WIDTH), labels, ("muted", "aidedtext"), strict=True
    ):
        write(figure, (edge, y), label, role=role, size=SMALL, align="right")
    write(figure, (FULL_WIDTH, y - 0.17), "Median, s", role="muted", size=SMALL, align="right")


def order_figure(
    middle: ArrayLike,
    by_reader: ArrayLike,
    mean: ArrayLike,
    *,
    label_a: str,
    label_b: str,
) -> Figure:
    """Draw geometric mean times along the order of reading, one panel a modality.

    Parameters
    ----------
    middle : array_like, shape (n_blocks,)
        Middle of each block of the order.
    by_reader : array_like, shape (n_blocks, n_readers, 2)
        Seconds, each reader a thin line; NaN where a reader has no time.
    mean : array_like, shape (n_blocks, 2)
        Thick lines; that of a is dashed, and shown again beside b.
    label_a, label_b : str
        Comparator and new modality.

    Raises
    ------
    ValueError
        If the shapes do not fit, or no time is there.
    """
    x, each, together = (np.asarray(v, dtype=np.float64) for v in (middle, by_reader, mean))
    if each.ndim != 3 or each.shape[2] != 2 or (x.size, 2) != together.shape or len(each) != x.size:
        msg = (
            "by_reader must have shape (n_blocks, n_readers, 2) and mean (n_blocks, 2), but they "
            f"have {each.shape} and {together.shape} with {x.size} blocks"
        )
        raise ValueError(msg)
    known = each[~np.isnan(each)]
    if not known.size:
        msg = "by_reader must hold at least one time, but all are NaN"
        raise ValueError(msg)
    limits = float(known.min()) / 1.08, float(known.max()) * 1.08
    top = 0.26
    with study_style():
        figure = new_figure(FULL_WIDTH, top + 2.5 + 0.58)
        for place, (label, letter) in enumerate(zip((label_a, label_b), "ab", strict=True)):
            left = 0.62 + place * 3.62
            axes = place_axes(figure, left=left, top=top, width=3.2, height=2.5)
            _order_axes(axes, x, limits)
            _draw_order(axes, x, each[:, :, place], together, place)
            start = left if place else left - 0.62
            panel_title(figure, (start, top - 0.12), letter, capital(label))
            if not place:
                axes.set_ylabel("Reading time in seconds, log scale", labelpad=4)
            _name_means(axes, x, together, (label_a, label_b)[: place + 1])
    return figure


def _order_axes(axes: Axes, x: FloatArray, limits: tuple[float, float]) -> None:
    """Set the order at the bottom and a log axis of seconds at the left."""
    axes.set_yscale("log")
    axes.set_ylim(*limits)
    spare = (x[-1] - x[0] or 1.0) * 0.06
    axes.set_xlim(x[0] - spare, x[-1] + spare)
    outward(axes)
    ticks, texts = log_ticks(*limits, most=7)
    axes.set_yticks(ticks, texts)
    axes.set_yticks([], minor=True)
    places = [tick for tick in nice_ticks(*axes.get_xlim(), most=6) if tick == int(tick)]
    axes.set_xticks(places, tick_text(places))
    axes.set_xlabel("Place in the order of reading", labelpad=3)


def _draw_order(
    axes: Axes, x: FloatArray, each: FloatArray, together: FloatArray, place: int
) -> None:
    """Draw each reader thin, the mean thick, and in the second panel the first mean again."""
    role = ("unaided", "aided")[place]
    for values in each.T:
        axes.plot(x, values, color=color(role), linewidth=0.7, alpha=_THIN, zorder=2)
    if place:
        axes.plot(
            x,
            together[:, 0],
            color=color("unaided"),
            linewidth=1.6,
            linestyle=_COMPARATOR,
            zorder=3,
        )
    axes.plot(
        x,
        together[:, place],
        color=color(role),
        linewidth=2.2 if place else 1.8,
        linestyle="-" if place else _COMPARATOR,
        marker="^" if place else "o",
        markersize=6 if place else 5.4,
        markerfacecolor=color(role if place else "paper"),
        markeredgecolor=color(role),
        zorder=4,
    )


def _name_means(axes: Axes, x: FloatArray, together: FloatArray, labels: Sequence[str]) -> None:
    """Write the names of the thick lines beside them."""
    known = [~np.isnan(together[:, place]) for place in range(len(labels))]
    taken = [
        along_line(axes, x[there], together[there, place]) for place, there in enumerate(known)
    ]
    for place, label in enumerate(labels):
        if known[place].any():
            first = np.flatnonzero(known[place])[0]
            near = float(x[first]), float(together[first, place]) * (0.8 if place else 1.16)
            label_curve(axes, f"mean {label}", ("unaided", "aidedtext")[place], near, taken)
