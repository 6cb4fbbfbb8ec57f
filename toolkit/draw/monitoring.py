"""Quantities by month against the limits of chance, and what failed by cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray
from toolkit.draw.style import (
    BODY,
    DASH,
    FULL_WIDTH,
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
    tick_text,
    widest,
    write,
)
from toolkit.words.wording import Form, count_text, value_text

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
