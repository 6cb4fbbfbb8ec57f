"""Enrolment against its plan: what was enrolled, what is projected, when the target is met."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.draw.style import (
    BODY,
    DASH,
    FULL_WIDTH,
    LABEL,
    SMALL,
    TICK,
    color,
    halo,
    new_figure,
    nice_ticks,
    outward,
    panel_title,
    place_axes,
    study_style,
    text_width,
)
from toolkit.stats.monitoring.accrual import AccrualProjection
from toolkit.words.wording import count_text, counted, number_text

_LEFT, _WIDTH = 0.62, 6.78


def _ahead(projection: AccrualProjection, values: FloatArray) -> FloatArray:
    """Return a projected line from the present count on, ended at the target."""
    line: FloatArray = np.concatenate([[projection.enrolled], values])
    return np.minimum(line, float(projection.target))


def _months_ahead(projection: AccrualProjection) -> FloatArray:
    """Return the months of the projection, from the present one on."""
    return np.concatenate([[projection.months_elapsed], projection.month])


def _note(
    axes: Axes,
    text: str,
    place: tuple[float, float],
    offset: tuple[float, float],
    *,
    role: str = "ink",
    size: float = BODY,
    align: str = "left",
) -> None:
    """Write a label beside a place; names of lines are semibold and may cross others."""
    text_artist = axes.annotate(
        text,
        place,
        offset,
        textcoords="offset points",
        color=color(role),
        fontsize=size,
        fontweight=600 if size == LABEL else 400,
        ha=align,
    )
    if size == LABEL:
        halo(text_artist)


def _draw_extension(axes: Axes, projection: AccrualProjection) -> None:
    """Shade the months of the extension."""
    if projection.last_month > projection.planned_months:
        axes.axvspan(
            projection.planned_months, projection.last_month, color=color("band"), linewidth=0
        )


def _draw_fan(axes: Axes, projection: AccrualProjection) -> None:
    """Draw the median projection and its intervals, which end at the target."""
    month = _months_ahead(projection)
    for low, high, alpha in (
        (projection.low_95, projection.high_95, 0.3),
        (projection.low_50, projection.high_50, 0.5),
    ):
        axes.fill_between(
            month,
            _ahead(projection, low),
            _ahead(projection, high),
            color=color("axis"),
            alpha=alpha,
            linewidth=0,
            zorder=2,
        )
    median = _ahead(projection, projection.median)
    shown = np.concatenate([[True], median[:-1] < projection.target])
    axes.plot(
        month[shown], median[shown], color=color("ink"), linewidth=1.6, linestyle=DASH, zorder=3
    )
    middle = int(shown.sum() * 0.6)
    axes.annotate(
        "projection,\n50% and 95% intervals",
        (month[middle], median[middle]),
        (projection.planned_months + 1, projection.target * 0.38),
        textcoords="data",
        color=color("muted"),
        fontsize=TICK,
        va="center",
        arrowprops={"arrowstyle": "-", "linewidth": 0.7, "color": color("axis")},
    )


def _draw_limits(axes: Axes, projection: AccrualProjection) -> None:
    """Draw target and planned end, named in words."""
    ink = color("cancer")
    axes.axhline(projection.target, color=ink, linewidth=1.4, linestyle=DASH, zorder=1)
    axes.axvline(projection.planned_months, color=ink, linewidth=1.4, linestyle=DASH, zorder=1)
    target = f"target, {count_text(projection.target)}"
    _note(axes, target, (0, projection.target), (4, 5), role="cancertext", size=TICK)
    end = (projection.planned_months, 0.0)
    _note(axes, "planned end", end, (-5, 5), role="cancertext", size=TICK, align="right")
    first, last = projection.planned_months + 1, projection.last_month
    if last >= first:
        words = f"optional extension, months {first} to {last}"
        _note(axes, words, end, (6, 5), role="muted", size=TICK)


def _draw_answer(axes: Axes, projection: AccrualProjection) -> None:
    """Draw when the target is met: a diamond with its interval on the target's line."""
    met, low, high = (
        projection.month_met,
        projection.month_met_low,
        projection.month_met_high,
    )
    if math.isnan(met):
        return
    target, last = projection.target, projection.last_month
    interval = "–".join(number_text(month, digits=0) for month in (low, high))
    words = f"target met in month {number_text(met, digits=0)} ({interval})"
    axes.plot(
        [min(low, last), min(high, last)],
        [target, target],
        color=color("ink"),
        linewidth=3.2,
        solid_capstyle="butt",
        zorder=4,
    )
    if met <= last:
        axes.plot(
            [met],
            [target],
            marker="D",
            markersize=8,
            color=color("ink"),
            markeredgecolor=color("paper"),
            zorder=5,
        )
    place, offset, align = _answer_place(projection, text_width(words, LABEL, 600))
    _note(axes, words, (place, target), (offset, 9), size=LABEL, align=align)


def _answer_place(projection: AccrualProjection, width: float) -> tuple[float, float, str]:
    """Return month, shift in points and alignment of the answer, of a width in inches."""
    met, last = projection.month_met, projection.last_month
    if met <= projection.planned_months:
        # Left of the month in which it is met nothing stands above the target, unless it is early.
        return (met, -8, "right") if met > 0.45 * last else (met, 8, "left")
    start = projection.planned_months + 0.5
    if width > _WIDTH * (1 - start / last):
        return last, 0, "right"
    return start, 0, "left"


def _draw_cumulative(
    axes: Axes, projection: AccrualProjection, counts: FloatArray, plan: FloatArray
) -> None:
    """Draw plan, enrolment, projection and target."""
    enrolled = np.concatenate([[0.0], np.cumsum(counts)])
    planned = np.concatenate([[0.0], plan])
    months = np.arange(planned.size)
    axes.plot(months, planned, color=color("axis"), linewidth=1.8, zorder=2)
    if projection.month.size:
        _draw_fan(axes, projection)
    axes.plot(np.arange(enrolled.size), enrolled, color=color("ink"), linewidth=2.4, zorder=4)
    now = (projection.months_elapsed, float(enrolled[-1]))
    axes.plot([now[0]], [now[1]], marker="o", markersize=6.5, color=color("ink"), zorder=5)
    ahead = enrolled[-1] >= planned[min(enrolled.size, planned.size) - 1]
    words = f"enrolled, {count_text(projection.enrolled)}"
    # Once the target is met its month stands above; before, what is ahead of the plan is above it.
    below = (8.0, -24.0) if not projection.month.size else (8.0, -10.0)
    if ahead and projection.month.size:
        _note(axes, words, now, (-8, 8), size=LABEL, align="right")
    else:
        _note(axes, words, now, below, size=LABEL)
    middle = int(planned.size * 0.55)
    offset, align = ((8, -10), "left") if ahead else ((-8, 4), "right")
    _note(axes, "plan", (middle, planned[middle]), offset, role="muted", size=LABEL, align=align)
    _draw_limits(axes, projection)
    _draw_answer(axes, projection)


def _draw_monthly(
    axes: Axes, projection: AccrualProjection, counts: FloatArray, plan: FloatArray
) -> None:
    """Draw the counts of each month with the plan and the pace."""
    months = np.arange(counts.size)
    axes.bar(months + 0.5, counts, width=0.84, color=color("ink"), zorder=2)
    planned = np.diff(np.concatenate([[0.0], plan]))
    axes.step(
        np.arange(planned.size + 1),
        np.append(planned, planned[-1]),
        where="post",
        color=color("axis"),
        linewidth=1.8,
        zorder=3,
    )
    pace_end = projection.last_month
    if math.isfinite(projection.month_met):
        pace_end = min(int(projection.month_met), projection.last_month)
    labels = [
        (
            planned[-1],
            f"{number_text(float(planned[-1]), digits=0)} planned",
            "muted",
            projection.planned_months,
        )
    ]
    if projection.month.size and not math.isnan(projection.pace):
        axes.plot(
            [projection.months_elapsed, pace_end],
            [projection.pace] * 2,
            color=color("ink"),
            linewidth=1.6,
            linestyle=DASH,
            zorder=3,
        )
        last = counted(projection.pace_months, "month")
        words = f"{number_text(projection.pace, digits=0)} in the last {last}"
        labels.append((projection.pace, words, "ink", pace_end))
    upper = max(value for value, *_ in labels)
    for value, words, role, end in labels:
        right = end > 0.75 * projection.last_month
        _note(
            axes,
            words,
            (projection.last_month if right else end, value),
            (0 if right else 4, 4 if value == upper else -11),
            role=role,
            size=SMALL,
            align="right" if right else "left",
        )


def accrual_figure(
    projection: AccrualProjection,
    *,
    monthly_counts: ArrayLike,
    plan: ArrayLike,
    unit: str = "Women",
) -> Figure:
    """Draw enrolment with its projection, and the counts of each month below, in ink and greys.

    Parameters
    ----------
    projection : AccrualProjection
        Made from the same counts and plan.
    monthly_counts : array_like of int, shape (n_months,)
        Cases enrolled in each complete month.
    plan : array_like, shape (n_planned_months,)
        Cases planned by the end of each month.
    unit : str
        What is counted, as it opens a title.

    Raises
    ------
    ValueError
        If the counts do not add up to what the projection says is enrolled.
    """
    counts = np.asarray(monthly_counts, dtype=np.float64)
    planned = np.asarray(plan, dtype=np.float64)
    if counts.size != projection.months_elapsed or counts.sum() != projection.enrolled:
        msg = (
            f"monthly_counts hold {count_text(counts.sum())} in {counts.size} months, but the "
            f"projection says {count_text(projection.enrolled)} in {projection.months_elapsed}"
        )
        raise ValueError(msg)
    top = 0.0
    end = max(projection.last_month, counts.size)
    with study_style():
        figure = new_figure(FULL_WIDTH, top + 4.4)
        panel_title(figure, (0, top + 0.14), "a", f"{unit} enrolled, cumulative")
        axes = place_axes(figure, left=_LEFT, top=top + 0.26, width=_WIDTH, height=2.65)
        _set_axes(axes, end, max(projection.target, projection.enrolled) * 1.13, 6)
        axes.tick_params(labelbottom=False)
        _draw_extension(axes, projection)
        _draw_cumulative(axes, projection, counts, planned)
        panel_title(figure, (0, top + 3.18), "b", f"{unit} enrolled in each month")
        axes = place_axes(figure, left=_LEFT, top=top + 3.26, width=_WIDTH, height=0.62)
        monthly_plan = np.diff(np.concatenate([[0.0], planned]))
        _set_axes(axes, end, max(counts.max(initial=0), monthly_plan.max(), 1) * 1.25, 3)
        _draw_extension(axes, projection)
        _draw_monthly(axes, projection, counts, planned)
        axes.set_xlabel("Month of the study", labelpad=3)
    return figure


def _set_axes(axes: Axes, last_month: int, top: float, most_ticks: int) -> None:
    """Set a month axis with a tick every half year, and counts with a grid."""
    axes.set_xlim(0, last_month)
    axes.set_ylim(0, top)
    outward(axes)
    for side in ("left", "bottom"):
        axes.spines[side].set_position(("outward", 0))
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y")
    axes.xaxis.set_major_locator(FixedLocator(list(range(0, last_month + 1, 6))))
    ticks = nice_ticks(0, top, most=most_ticks)
    axes.set_yticks(ticks, [count_text(tick) if tick % 1 == 0 else "" for tick in ticks])
