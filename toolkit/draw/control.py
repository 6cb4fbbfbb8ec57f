"""Control charts: the CUSUM of a rate, and the funnel of readers around the common rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray, IntArray
from toolkit.draw.labels import label_points
from toolkit.draw.style import (
    DASH,
    FULL_WIDTH,
    LABEL,
    TICK,
    Weight,
    color,
    halo,
    new_figure,
    nice_ticks,
    outward,
    place_axes,
    study_style,
    tick_text,
    write,
)
from toolkit.stats.monitoring import Cusum, FunnelLimits
from toolkit.words.wording import count_text, level_text, number_text, value_text

_LEAST_PITCH = 0.185
_NEAR_LIMIT = 0.75
_MOST_MONTHS = 13


def _month_of(unit: int, starts: IntArray) -> int:
    """Return the month, counted from 1, in which a unit was read."""
    return int(np.searchsorted(starts, unit, side="right"))


def _draw_limits(axes: Axes, limit: float, top: float) -> None:
    """Shade what lies beyond the limits and draw them."""
    for sign in (1, -1):
        axes.axhspan(sign * limit, sign * top, color=color("band2"), alpha=0.55, linewidth=0)
        axes.axhline(sign * limit, color=color("cancer"), linewidth=1.3, linestyle=DASH)


def _draw_paths(axes: Axes, chart: Cusum, starts: IntArray) -> None:
    """Draw evidence for a rise upwards and for a fall downwards; name the highest value."""
    unit = np.arange(1, chart.up.size + 1)
    for path, role, width in ((chart.up, "ink", 1.5), (-chart.down, "unaided", 1.1)):
        axes.plot(unit, path, color=color(role), linewidth=width, zorder=3)
        axes.plot(unit[-1:], path[-1:], marker="o", markersize=4.5, color=color(role), zorder=4)
    highest = int(np.argmax(chart.up))
    value = number_text(float(chart.up[highest]), digits=1)
    against = "" if chart.limit is None else f" of {number_text(chart.limit, digits=1)}"
    share = highest / unit.size
    # Near its limit the name stands beside the peak, not above it on the line.
    near = chart.limit is not None and chart.up[highest] > _NEAR_LIMIT * chart.limit
    side = "left" if share < (0.4 if near else 0.2) else "right"
    halo(
        axes.annotate(
            f"highest in month {_month_of(highest, starts)}: {value}{against}",
            (unit[highest], chart.up[highest]),
            ((9 if side == "left" else -9), -6) if near else (0, 9),
            textcoords="offset points",
            ha=side if near or not 0.2 <= share <= 0.8 else "center",
            fontsize=TICK,
            color=color("ink"),
        )
    )


def _month_axis(axes: Axes, starts: IntArray, n_units: int) -> None:
    """Set ticks where months begin, and their numbers between."""
    edges = np.append(starts, n_units)
    axes.set_xlim(0, n_units)
    axes.set_xticks(edges, [""] * edges.size)
    every = -(-starts.size // _MOST_MONTHS)
    for month in range(0, starts.size, every):
        axes.annotate(
            str(month + 1),
            ((edges[month] + edges[month + 1]) / 2, 0),
            (0, -16),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=TICK,
            color=color("muted"),
        )


def cusum_figure(
    chart: Cusum,
    *,
    month_starts: ArrayLike,
    axis_label: str = "Women in order of reading, by month of the study",
) -> Figure:
    """Draw the CUSUM of a rate: a rise above zero, a fall below, in ink and greys.

    Parameters
    ----------
    chart : Cusum
        Both paths and the limit.
    month_starts : array_like of int, shape (n_months,)
        How many units were read before each month; the first is 0.
    axis_label : str
        Name of the axis.

    Raises
    ------
    ValueError
        If there is no unit, or the months do not begin at 0 and rise.
    """
    starts = np.asarray(month_starts, dtype=np.int64)
    n_units = chart.up.size
    rising = starts.size > 0 and starts[0] == 0 and bool((np.diff(starts) >= 0).all())
    if not n_units or not rising or starts[-1] > n_units:
        msg = (
            f"month_starts must begin at 0 and rise up to {n_units} units, at least one, "
            f"but got {starts.tolist()!r}"
        )
        raise ValueError(msg)
    reached = max(float(chart.up.max()), float(chart.down.max()), 1.0)
    top = reached * 1.3 if chart.limit is None else max(chart.limit * 1.2, reached * 1.15)
    start = 0.06
    with study_style():
        figure = new_figure(FULL_WIDTH, start + 3.3)
        axes = place_axes(figure, left=0.45, top=start, width=6.1, height=2.65)
        axes.set_ylim(-top, top)
        outward(axes)
        ticks = nice_ticks(-top, top, most=9)
        axes.set_yticks(ticks, tick_text([abs(tick) for tick in ticks]))
        _month_axis(axes, starts, n_units)
        axes.set_xlabel(axis_label, labelpad=16)
        axes.axhline(0, color=color("axis"), linewidth=0.9)
        _draw_paths(axes, chart, starts)
        ends = [(float(chart.up[-1]), "rise", "ink"), (-float(chart.down[-1]), "fall", "unaided")]
        if chart.limit is not None:
            _draw_limits(axes, chart.limit, top)
            name = f"limit {number_text(chart.limit, digits=1)}"
            ends += [(sign * chart.limit, name, "cancertext") for sign in (1.0, -1.0)]
        _label_ends(figure, axes, ends, left=6.66)
    return figure


def _label_ends(
    figure: Figure, axes: Axes, ends: Sequence[tuple[float, str, str]], *, left: float
) -> None:
    """Write names at the right end of lines, moved apart where they would meet."""
    _, height = figure.get_size_inches()
    dpi = figure.dpi
    places = [
        (height - axes.transData.transform((0, value))[1] / dpi, label, role)
        for value, label, role in ends
    ]
    last = -1.0
    for place, label, role in sorted(places):
        y = max(place, last + _LEAST_PITCH)
        weight: Weight = 600 if role in ("ink", "unaided") else 400
        size = LABEL if weight == 600 else TICK
        write(figure, (left, y + 0.045), label, role=role, size=size, weight=weight)
        last = y


def _outside(limits: FunnelLimits, n: FloatArray, rate: FloatArray) -> list[bool]:
    """Return which readers lie outside limits known at some sizes."""
    low = np.interp(n, limits.n, limits.low)
    high = np.interp(n, limits.n, limits.high)
    return [bool(beyond) for beyond in (rate < low) | (rate > high)]


def funnel_figure(
    labels: Sequence[str],
    numerators: ArrayLike,
    denominators: ArrayLike,
    *,
    limits: Sequence[FunnelLimits],
    x_label: str = "Readings by this reader",
    y_label: str = "Recalled",
) -> Figure:
    """Draw the rate of every reader against the number of readings, with limits of chance.

    Parameters
    ----------
    labels : sequence of str
        Pseudonyms of the readers.
    numerators, denominators : array_like of int, shape (n_readers,)
        Events and readings of each.
    limits : sequence of FunnelLimits
        From the narrowest to the widest, over a range of readings that holds all readers. Only a
        reader outside the widest is filled in vermillion.
    x_label, y_label : str
        Axes.

    Raises
    ------
    ValueError
        If there is no reader, or one has no reading.
    """
    events = np.asarray(numerators, dtype=np.float64)
    n = np.asarray(denominators, dtype=np.float64)
    if not len(labels) or not events.shape == n.shape == (len(labels),) or not (n > 0).all():
        msg = (
            f"each of {len(labels)} readers needs events and at least one reading, "
            f"but got {events.tolist()!r} and {n.tolist()!r}"
        )
        raise ValueError(msg)
    rate = events / n
    widest_limits = limits[-1]
    beyond = _outside(widest_limits, n, rate)
    # A few readings have limits from 0 to 1; the axis ends a little above the readers.
    top = min(1.0, max(float(rate.max()), float(np.median(widest_limits.high))) * 1.25)
    start = 0.06
    with study_style():
        figure = new_figure(FULL_WIDTH, start + 3.25)
        axes = place_axes(figure, left=0.68, top=start, width=5.94, height=2.65)
        axes.set_xlim(0.96 * widest_limits.n.min(), widest_limits.n.max())
        axes.set_ylim(0, top)
        outward(axes)
        _draw_funnel(axes, limits)
        _draw_readers(axes, (n, rate), labels, beyond)
        ticks = nice_ticks(0, top, most=6)
        axes.set_yticks(ticks, tick_text(ticks, form="percent", unit_last=True))
        x_ticks = [tick for tick in nice_ticks(*axes.get_xlim(), most=7) if tick == round(tick)]
        axes.set_xticks(x_ticks, [count_text(tick) for tick in x_ticks])
        axes.set_xlabel(x_label, labelpad=3)
        axes.set_ylabel(y_label, labelpad=4)
        ends = [
            (
                float(one.high[-1]),
                level_text(one.level),
                "muted",
            )
            for one in limits
        ]
        common = widest_limits.rate
        ends.append((common, f"all, {value_text(common, form='percent')}", "muted"))
        _label_ends(figure, axes, ends, left=6.7)
    return figure


def _draw_funnel(axes: Axes, limits: Sequence[FunnelLimits]) -> None:
    """Draw the bands, the widest palest, and the common rate."""
    for one in reversed(limits):
        axes.fill_between(
            one.n, one.low, one.high, color=color("band2"), alpha=0.5, linewidth=0, zorder=1
        )
    axes.axhline(limits[-1].rate, color=color("axis"), linewidth=1.0, zorder=2)


def _draw_readers(
    axes: Axes,
    places: tuple[FloatArray, FloatArray],
    labels: Sequence[str],
    beyond: Sequence[bool],
) -> None:
    """Draw open circles with their names; a reader outside is filled."""
    for x, y, outside in zip(*places, beyond, strict=True):
        axes.plot(
            [x],
            [y],
            marker="o",
            markersize=7.5,
            markerfacecolor=color("cancer" if outside else "paper"),
            markeredgecolor=color("cancer" if outside else "ink"),
            markeredgewidth=1.4,
            zorder=4,
            clip_on=False,
        )
    roles = ["cancertext" if outside else "ink" for outside in beyond]
    label_points(axes, *places, labels, roles=roles)
