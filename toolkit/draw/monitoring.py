"""A study by month: accrual against its plan, quantities against chance, failures by cause."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray
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
    tick_text,
    widest,
    write,
)
from toolkit.stats.monitoring import AccrualProjection
from toolkit.words.wording import Form, count_text, counted, number_text, value_text

_STRIP = 0.68
_PITCH = 0.88
_MOST_MONTH_LABELS = 12
_FAR_FROM_ZERO = 0.35


@dataclass(frozen=True, kw_only=True, eq=False)
class DriftStrip:
    """One quantity by month.

    Parameters
    ----------
    label, note : str
        What it is, and its mean or its basis.
    values : array_like, shape (n_months,)
        NaN where a month has none.
    low, high : array_like, shape (n_months,), optional
        Limits that chance allows; a month outside is drawn in vermillion and named.
    centre : float, optional
        A thin line, such as the mean.
    form : Form
        How its numbers are written.
    limit : float, optional
        Limit of the plan, dashed.
    limit_label : str
        Its name, such as "limit in the plan, 0.10".
    names : mapping of int to str, optional
        Words for a month outside, by its place from 0, where the value alone is not enough.
    """

    label: str
    note: str
    values: ArrayLike
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    centre: float | None = None
    form: Form = "percent"
    limit: float | None = None
    limit_label: str = ""
    names: dict[int, str] | None = None

    def outside(self) -> BoolArray:
        """Return which months lie outside the limits of chance, or above that of the plan."""
        values = np.asarray(self.values, dtype=np.float64)
        beyond = np.zeros(values.shape, dtype=np.bool_)
        if self.low is not None and self.high is not None:
            beyond |= (values < np.asarray(self.low)) | (values > np.asarray(self.high))
        if self.limit is not None:
            beyond |= values > self.limit
        return beyond


def _month_labels(months: Sequence[int]) -> list[int]:
    """Return the places of the months that get a label."""
    step = next(
        step for step in (1, 3, 6, 12, 24, len(months)) if len(months) / step <= _MOST_MONTH_LABELS
    )
    return [
        place for place, month in enumerate(months) if step == 1 or month % step == 0 or place == 0
    ]


def _strip_range(strip: DriftStrip, values: FloatArray) -> tuple[float, float]:
    """Return the ends of a strip's axis; it begins at 0 unless all lies far above."""
    known = [values]
    if strip.high is not None:
        known.append(np.asarray(strip.high, dtype=np.float64))
    if strip.limit is not None:
        known.append(np.array([strip.limit * 2]))
    # A month without a case has neither a value nor limits.
    most = float(np.nanmax(np.concatenate(known), initial=0.0))
    top = most * 1.12 or 1.0
    lowest = values if strip.low is None else np.append(values, np.asarray(strip.low))
    least = float(np.nanmin(lowest, initial=top))
    return (least * 0.85 if least > _FAR_FROM_ZERO * top else 0.0), top


def _draw_strip(
    axes: Axes, strip: DriftStrip, months: Sequence[int], role: Literal["ai", "ink"]
) -> None:
    """Draw limits, line, marks, and the months outside with their number in words."""
    values = np.asarray(strip.values, dtype=np.float64)
    x = np.arange(values.size, dtype=np.float64)
    edges = np.repeat(np.arange(values.size + 1) - 0.5, 2)[1:-1]
    if strip.low is not None and strip.high is not None:
        low, high = (
            np.repeat(np.asarray(limit, dtype=np.float64), 2) for limit in (strip.low, strip.high)
        )
        axes.fill_between(edges, low, high, color=color("band2"), alpha=0.55, linewidth=0)
    if strip.centre is not None:
        axes.axhline(strip.centre, color=color("axis"), linewidth=1.2, zorder=1)
    if strip.limit is not None:
        axes.axhline(strip.limit, color=color("cancer"), linewidth=1.3, linestyle=DASH, zorder=1)
        axes.annotate(
            strip.limit_label,
            (-0.4, strip.limit),
            (0, 4),
            textcoords="offset points",
            color=color("cancertext"),
            fontsize=SMALL,
        )
    marker = "s" if role == "ai" else "o"
    axes.plot(
        x,
        values,
        color=color(role),
        linewidth=1.3,
        marker=marker,
        markersize=4.8,
        zorder=2,
        clip_on=False,
    )
    _set_strip_axis(axes, strip, values)
    for place in np.flatnonzero(strip.outside()):
        axes.plot(
            [place],
            [values[place]],
            marker=marker,
            markersize=5.2,
            color=color("cancer"),
            zorder=3,
            clip_on=False,
        )
        _name_month(axes, strip, months, int(place))


def _name_month(axes: Axes, strip: DriftStrip, months: Sequence[int], place: int) -> None:
    """Write the number of a month outside, on the side that has room."""
    value = float(np.asarray(strip.values, dtype=np.float64)[place])
    words = (strip.names or {}).get(place) or value_text(value, form=strip.form)
    left = place > 0.7 * len(months)
    halo(
        axes.annotate(
            f"month {months[place]}: {words}",
            (place, value),
            (-7 if left else 7, -1),
            textcoords="offset points",
            ha="right" if left else "left",
            color=color("cancertext"),
            fontsize=TICK,
            fontweight=600,
        )
    )


def _set_strip_axis(axes: Axes, strip: DriftStrip, values: FloatArray) -> None:
    """Set the vertical axis with up to four ticks, and no horizontal one."""
    low, top = _strip_range(strip, values)
    axes.set_xlim(-0.6, values.size - 0.4)
    axes.set_ylim(low, top)
    outward(axes, bottom=False)
    ticks = nice_ticks(low, top, most=4)
    axes.set_yticks(ticks, tick_text(ticks, form=strip.form, unit_last=True))


def drift_figure(
    months: Sequence[int],
    strips: Sequence[DriftStrip],
    *,
    axis_label: str = "Month of the window",
    role: Literal["ai", "ink"] = "ai",
) -> Figure:
    """Draw quantities by month under each other, on one axis of months.

    Parameters
    ----------
    months : sequence of int, shape (n_months,)
        Months as they are named, from the first on.
    strips : sequence of DriftStrip
        From top to bottom.
    axis_label : str
        Name of the axis of months.
    role : {"ai", "ink"}
        Ink on a blinded page, where no colour may tell a reading mode.

    Raises
    ------
    ValueError
        If a strip has not one value a month.
    """
    for strip in strips:
        if np.shape(strip.values) != (len(months),):
            msg = (
                f"strip {strip.label!r} must have one value for each of {len(months)} months, "
                f"but has shape {np.shape(strip.values)}"
            )
            raise ValueError(msg)
    top = 0.06
    with study_style():
        labels = max(
            widest([strip.label for strip in strips], BODY, 600),
            widest([strip.note for strip in strips], SMALL),
        )
        left = labels + 0.62
        figure = new_figure(FULL_WIDTH, top + _PITCH * len(strips) + 0.42)
        for order, strip in enumerate(strips):
            start = top + order * _PITCH
            axes = place_axes(
                figure, left=left, top=start, width=FULL_WIDTH - left - 0.04, height=_STRIP
            )
            _draw_strip(axes, strip, months, role)
            write(figure, (0, start + 0.28), strip.label, weight=600)
            write(figure, (0, start + 0.5), strip.note, role="muted", size=SMALL)
        _show_months(axes, months, axis_label)
    return figure


def _show_months(axes: Axes, months: Sequence[int], label: str) -> None:
    """Give the lowest strip the axis of months."""
    places = _month_labels(months)
    axes.spines["bottom"].set_visible(True)
    axes.spines["bottom"].set_position(("outward", 6))
    axes.tick_params(bottom=True, labelbottom=True)
    axes.set_xticks(places, [str(months[place]) for place in places])
    axes.set_xlabel(label, labelpad=3)


def causes_figure(
    causes: Sequence[tuple[str, int]],
    months: Sequence[int],
    strip: DriftStrip,
    *,
    axis_label: str = "Month of the study",
    x_label: str = "Examinations",
) -> Figure:
    """Draw what failed by cause, and the share without a result by month, in ink.

    Parameters
    ----------
    causes : sequence of (str, int)
        Cause and examinations, the most frequent first.
    months, strip
        As in ``drift_figure``.
    axis_label, x_label : str
        Names of the axis of months and of that of the causes.
    """
    top = 0.0
    with study_style():
        height = max(0.31 * len(causes), 1.65)
        figure = new_figure(FULL_WIDTH, top + height + 0.95)
        panel_title(figure, (0, top + 0.14), "a", "By cause")
        left = widest([cause for cause, _ in causes]) + 0.12
        axes = place_axes(
            figure, left=left, top=top + 0.34, width=max(3.55 - left, 1.2), height=height
        )
        _draw_causes(axes, causes)
        axes.set_xlabel(x_label, labelpad=3)
        panel_title(figure, (4.4, top + 0.14), "b", "By month")
        axes = place_axes(figure, left=4.5, top=top + 0.34, width=FULL_WIDTH - 4.54, height=height)
        _draw_strip(axes, strip, months, "ink")
        _show_months(axes, months, axis_label)
    return figure


def _draw_causes(axes: Axes, causes: Sequence[tuple[str, int]]) -> None:
    """Draw horizontal bars from zero, each with its number."""
    counts = [count for _, count in causes]
    axes.barh(range(len(causes)), counts, height=0.62, color=color("unaided"))
    axes.set_ylim(len(causes) - 0.45, -0.55)
    axes.set_xlim(0, max([*counts, 1]) * 1.3)
    outward(axes)
    axes.spines["left"].set_position(("outward", 0))
    axes.tick_params(axis="y", length=0, labelcolor=color("ink"), labelsize=BODY)
    axes.set_yticks(range(len(causes)), [cause for cause, _ in causes])
    ticks = [tick for tick in nice_ticks(0, max([*counts, 1]) * 1.3, most=4) if tick % 1 == 0]
    axes.set_xticks(ticks, [count_text(tick) for tick in ticks])
    for place, count in enumerate(counts):
        axes.annotate(
            count_text(count),
            (count, place),
            (5, 0),
            textcoords="offset points",
            va="center",
            fontsize=BODY,
            fontweight=600,
            color=color("ink"),
        )


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
