"""How an AI's score is spread: share and cancers of each class, and cancers against prediction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.draw.labels import in_points, spread_apart
from toolkit.draw.style import (
    BODY,
    FULL_WIDTH,
    SMALL,
    color,
    halo,
    new_figure,
    nice_ticks,
    outward,
    panel_title,
    place_axes,
    study_style,
    tick_text,
    write,
)
from toolkit.words.wording import number_text

_SPREAD = 0.32
_FLOOR = 0.1
_INCH_A_LETTER = 0.068


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreGroup:
    """Cancers by score class in one group of examinations, such as screening.

    Parameters
    ----------
    label : str
        Written beside the marks of the highest class.
    cancers, examinations : array_like, shape (n_classes,)
        Verified examinations and the cancers among them.
    low_per_1000, high_per_1000 : array_like, shape (n_classes,)
        Interval of the rate per 1,000.
    filled : bool
        Filled squares for the group that the vendor's statement is about, else open.
    """

    label: str
    cancers: ArrayLike
    examinations: ArrayLike
    low_per_1000: ArrayLike
    high_per_1000: ArrayLike
    filled: bool = True


def class_values(values: ArrayLike, n_classes: int, name: str) -> FloatArray:
    """Return one value a class."""
    array = np.asarray(values, dtype=np.float64)
    if array.shape != (n_classes,):
        msg = f"{name} must have one value for each of {n_classes} classes, got {array.shape}"
        raise ValueError(msg)
    return array


def _class_axis(axes: Axes, classes: Sequence[str], label: str) -> None:
    """Set one tick a class, without tick marks."""
    axes.set_xlim(0.35, len(classes) + 0.65)
    axes.set_xticks(np.arange(1, len(classes) + 1), classes)
    axes.tick_params(axis="x", length=0, labelcolor=color("ink"))
    axes.set_xlabel(label, labelpad=4)


def _draw_shares(axes: Axes, counts: FloatArray, expected: float) -> None:
    """Draw the share of each class with its number, against the expected share."""
    shares = counts / counts.sum() * 100
    places = np.arange(1, counts.size + 1)
    highest = max(shares.max(), expected * 100) * 1.2
    axes.bar(places, shares, width=0.76, color=color("ai"), alpha=0.85)
    axes.set_ylim(0, highest)
    outward(axes)
    axes.spines["bottom"].set_position(("outward", 0))
    ticks = nice_ticks(0, highest, most=8)
    axes.set_yticks(ticks, [*tick_text(ticks)[:-1], f"{tick_text(ticks)[-1]}%"])
    if expected:
        axes.axhline(expected * 100, color=color("ink"), linewidth=1.3, linestyle=(0, (1.6, 1.6)))
    for place, share in zip(places, shares, strict=True):
        text = number_text(float(share), digits=1)
        # A number never stands on the dotted line.
        above = expected * 100 if 0 <= expected * 100 - share < highest * 0.075 else share
        axes.annotate(
            text,
            (place, above),
            (0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=SMALL,
            color=color("ink"),
        )


def _draw_rates(axes: Axes, n_classes: int, groups: Sequence[ScoreGroup]) -> None:
    """Draw cancers per 1,000 on a log axis; no cancer is an open triangle on the floor."""
    highest = 10 * _FLOOR
    spread = min(_SPREAD, 0.75 / max(len(groups) - 1, 1))
    for order, group in enumerate(groups):
        shift = (order - (len(groups) - 1) / 2) * spread
        highest = max(highest, _draw_group(axes, group, n_classes, shift))
    top = highest * 2.2
    axes.set_yscale("log")
    axes.set_ylim(_FLOOR, top)
    outward(axes)
    axes.spines["bottom"].set_position(("outward", 0))
    powers = [10.0**power for power in range(-1, int(np.floor(np.log10(top))) + 1)]
    axes.yaxis.set_major_locator(FixedLocator(powers))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,g}")
    _name_groups(axes, n_classes + spread * (len(groups) - 1) / 2, groups)


def _name_groups(axes: Axes, right: float, groups: Sequence[ScoreGroup]) -> None:
    """Name the groups right of their marks in the highest class, one above the other."""
    rates = []
    for group in groups:
        cancers, examinations = np.asarray(group.cancers)[-1], np.asarray(group.examinations)[-1]
        rates.append(max(float(cancers * 1000 / max(examinations, 1)), _FLOOR))
    heights = [float(place) for place in in_points(axes, [right] * len(rates), rates)[:, 1]]
    for group, rate, height, apart in zip(
        groups, rates, heights, spread_apart(heights), strict=True
    ):
        halo(
            axes.annotate(
                group.label,
                (right, rate),
                (8, apart - height - 3),
                textcoords="offset points",
                ha="left",
                color=color("ai"),
                fontsize=BODY,
                fontweight=600 if group.filled else 400,
            )
        )


def _draw_group(axes: Axes, group: ScoreGroup, n_classes: int, shift: float) -> float:
    """Draw one group; return the highest value."""
    names = ("cancers", "examinations", "low_per_1000", "high_per_1000")
    cancers, examinations, low, high = (
        class_values(getattr(group, name), n_classes, f"{name} of {group.label!r}")
        for name in names
    )
    rate = np.divide(cancers * 1000, examinations, out=np.zeros(n_classes), where=examinations > 0)
    ink, face = color("ai"), color("ai" if group.filled else "paper")
    for place in np.flatnonzero(examinations > 0):
        x = place + 1 + shift
        none = cancers[place] == 0
        ends = [_FLOOR if none else max(low[place], _FLOOR), max(high[place], _FLOOR)]
        axes.plot([x, x], ends, color=ink, linewidth=1.5, alpha=0.5 if none else 1.0, zorder=2)
        axes.plot(
            [x],
            [_FLOOR if none else max(rate[place], _FLOOR)],
            marker="v" if none else "s",
            markersize=6,
            markerfacecolor=color("paper") if none else face,
            markeredgecolor=ink,
            markeredgewidth=1.2,
            clip_on=False,
            zorder=3,
        )
    return float(np.nanmax(high))


def score_figure(
    classes: Sequence[str],
    counts: ArrayLike,
    groups: Sequence[ScoreGroup],
    *,
    expected_share: float = 0.10,
    share_label: str = "Share of screening examinations",
    axis_label: str = "AI score of the examination",
) -> Figure:
    """Draw the share of each score class, and the cancers per 1,000 in it.

    Parameters
    ----------
    classes : sequence of str
        Names of the classes, lowest first.
    counts : array_like, shape (n_classes,)
        Screening examinations with a score; no others, for no share is promised for them.
    groups : sequence of ScoreGroup
        Screening and the other indications, never pooled; up to four fit.
    expected_share : float
        Share that the vendor states for each class, drawn dotted; 0 for none.
    share_label : str
        Title of the first panel.
    axis_label : str
        Name of both horizontal axes.

    Raises
    ------
    ValueError
        If an array has not one value a class, or no examination has a score.
    """
    numbers = class_values(counts, len(classes), "counts")
    if not numbers.sum() > 0:
        msg = "counts must hold at least one examination with a score, but their sum is 0"
        raise ValueError(msg)
    with study_style():
        figure = new_figure(FULL_WIDTH, 3.5)
        panel_title(figure, (0.44, 0.14), "a", share_label)
        axes = place_axes(figure, left=0.46, top=0.26, width=2.95, height=2.72)
        _draw_shares(axes, numbers, expected_share)
        _class_axis(axes, classes, axis_label)
        if expected_share:
            dotted = number_text(expected_share * 100, digits=0)
            write(
                figure,
                (0.5, 0.36),
                f"dotted: expected, {dotted}% in each class",
                role="muted",
                size=SMALL,
            )
        panel_title(figure, (4.15, 0.14), "b", "Cancers per 1,000, log scale")
        longest = max((len(group.label) for group in groups), default=0)
        width = 3.15 - _INCH_A_LETTER * longest  # the names stand right of the axes
        axes = place_axes(figure, left=4.15, top=0.26, width=width, height=2.72)
        _draw_rates(axes, len(classes), groups)
        _class_axis(axes, classes, axis_label)
    return figure


def _draw_predicted(axes: Axes, group: tuple[float, float, float, float], floor: float) -> None:
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
) -> Figure:
    """Draw observed against predicted risk, group by group, on equal log axes.

    Parameters
    ----------
    predicted, observed, low, high : array_like, shape (n_groups,)
        Mean predicted risk, share with cancer, and its interval, all from 0 to 1. A group without
        cancer is an open triangle on the floor with its upper limit.
    x_label, y_label : str
        Axes.

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
        figure = new_figure(4.7, 4.6)
        axes = place_axes(figure, left=0.78, top=0.22, width=3.7, height=3.7)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(floor, 1)
        axes.set_ylim(floor, 1)
        outward(axes)
        axes.plot([floor, 1], [floor, 1], color=color("band2"), linewidth=0.9)
        for group in zip(x, y, lower, upper, strict=True):
            _draw_predicted(axes, group, floor)
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
    return figure
