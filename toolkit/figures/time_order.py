"""Reading times along the order of reading, each reader and their mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.figures.labels import along_line, label_curve
from toolkit.figures.scales import log_ticks, nice_ticks, tick_text
from toolkit.figures.style import (
    FULL_WIDTH,
    color,
    draw_stamp,
    new_figure,
    outward,
    panel_title,
    place_axes,
    stamp_height,
    study_style,
)

_COMPARATOR = (0, (4, 2))
_THIN = 0.4


def order_figure(
    middle: ArrayLike,
    by_reader: ArrayLike,
    mean: ArrayLike,
    *,
    label_a: str,
    label_b: str,
    axis_label: str = "Place in the order of reading",
    stamp: str = "",
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
    axis_label : str
        What the order counts.
    stamp : str
        Written at the top right, such as "SIMULATED".

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
    top = stamp_height(stamp) + 0.26
    with study_style():
        figure = new_figure(FULL_WIDTH, top + 2.5 + 0.58)
        for place, (label, letter) in enumerate(zip((label_a, label_b), "ab", strict=True)):
            left = 0.62 + place * 3.62
            axes = place_axes(figure, left=left, top=top, width=3.2, height=2.5)
            _order_axes(axes, x, limits, axis_label)
            _draw_order(axes, x, each[:, :, place], together, place)
            name = f"{label[:1].upper()}{label[1:]}"
            panel_title(figure, (left - 0.62 if not place else left, top - 0.12), letter, name)
            if not place:
                axes.set_ylabel("Reading time in seconds, log scale", labelpad=4)
            _name_means(axes, x, together, (label_a, label_b)[: place + 1])
        draw_stamp(figure, stamp)
    return figure


def _order_axes(axes: Axes, x: FloatArray, limits: tuple[float, float], label: str) -> None:
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
    axes.set_xlabel(label, labelpad=3)


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
