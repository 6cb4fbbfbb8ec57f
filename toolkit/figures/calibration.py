"""Whether the risks that a score predicts are the risks that are observed."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from toolkit.figures.style import (
    SMALL,
    color,
    draw_stamp,
    new_figure,
    outward,
    place_axes,
    stamp_height,
    study_style,
)


def _draw_group(axes: Axes, group: tuple[float, float, float, float], floor: float) -> None:
    """Draw one group: a square with its interval, or a triangle on the floor for no cancer."""
    predicted, observed, low, high = group
    none = observed == 0
    ends = [floor if none else max(low, floor), high]
    axes.plot([predicted, predicted], ends, color=color("ai"), linewidth=1.4)
    axes.plot(
        [predicted],
        [floor if none else observed],
        marker="v" if none else "s",
        markersize=6,
        markerfacecolor=color("paper" if none else "ai"),
        markeredgecolor=color("ai"),
        clip_on=False,
    )


def calibration_figure(
    predicted: ArrayLike,
    observed: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    *,
    x_label: str = "Predicted risk of cancer",
    y_label: str = "Cancers observed",
    stamp: str = "",
) -> Figure:
    """Draw observed against predicted risk, group by group, on equal log axes.

    Parameters
    ----------
    predicted, observed, low, high : array_like, shape (n_groups,)
        Mean predicted risk, share with cancer, and its interval, all from 0 to 1. A group without
        cancer is an open triangle on the floor with its upper limit.
    x_label, y_label : str
        Axes.
    stamp : str
        Written at the top right, such as "SIMULATED".

    Raises
    ------
    ValueError
        If shapes differ or a predicted risk is not above 0.
    """
    x, y, lower, upper = (
        np.asarray(values, dtype=np.float64) for values in (predicted, observed, low, high)
    )
    if x.ndim != 1 or not x.shape == y.shape == lower.shape == upper.shape or not (x > 0).all():
        msg = "predicted, observed, low and high must have one shape, and predicted be above 0"
        raise ValueError(msg)
    positive = np.concatenate([x, y[y > 0], upper])
    floor = 10.0 ** math.floor(math.log10(positive.min()))
    with study_style():
        figure = new_figure(4.7, stamp_height(stamp) + 4.6)
        axes = place_axes(figure, left=0.78, top=stamp_height(stamp) + 0.22, width=3.7, height=3.7)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(floor, 1)
        axes.set_ylim(floor, 1)
        outward(axes)
        axes.plot([floor, 1], [floor, 1], color=color("band2"), linewidth=0.9)
        for group in zip(x, y, lower, upper, strict=True):
            _draw_group(axes, group, floor)
        axes.annotate(
            "as predicted",
            (1, 1),
            (0, 4),
            xycoords="axes fraction",
            textcoords="offset points",
            color=color("muted"),
            fontsize=SMALL,
            ha="right",
        )
        axes.set_xlabel(x_label, labelpad=3)
        axes.set_ylabel(y_label, labelpad=4)
        ticks = [10.0**power for power in range(int(math.log10(floor)), 1)]
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_ticks(ticks, [f"{tick * 100:g}%" for tick in ticks])
            axis.set_ticks([], minor=True)
        draw_stamp(figure, stamp)
    return figure
