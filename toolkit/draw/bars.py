"""The interval bar of a headline: HTML and CSS, so that it fits any width without a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from typing import Literal

from toolkit.results import Comparison
from toolkit.words.sentences import form_of, margin_limit, margin_text
from toolkit.words.wording import Form, number_text, range_text, value_text

EDGE = 100.0

_SPARE = 0.10
_MOST_TICKS = 9
_STEPS = (1, 2, 5)
# Beyond this ratio of its ends a log axis has ticks at 1, 2 and 5 of each power of ten.
_WIDE_RATIO = 3.0


@dataclass(frozen=True, kw_only=True)
class BarAxis:
    """A range, and where on it a value stands in percent."""

    low: float
    high: float
    log: bool

    def place(self, value: float) -> float:
        """Return the place of a value in percent, at the edge where it lies outside."""
        if value <= self.low or value >= self.high:
            return EDGE if value >= self.high else 0.0
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low) * EDGE
        return (value - self.low) / (self.high - self.low) * EDGE


def axis_around(values: Sequence[float], *, log: bool) -> BarAxis:
    """Return the range that holds all values with a tenth to spare at both ends.

    Examples
    --------
    >>> axis_around([0.0, 10.0], log=False)
    BarAxis(low=-1.0, high=11.0, log=False)
    """
    scaled = [math.log(value) if log else value for value in values]
    least, most = min(scaled), max(scaled)
    spare = (most - least) * _SPARE or abs(most) * _SPARE or 1.0
    low, high = least - spare, most + spare
    return BarAxis(low=math.exp(low) if log else low, high=math.exp(high) if log else high, log=log)


def round_ticks(axis: BarAxis) -> tuple[list[float], int]:
    """Return ticks at round values inside a range, and the decimals that tell them apart.

    Examples
    --------
    >>> round_ticks(BarAxis(low=-1.0, high=11.0, log=False))
    ([0.0, 2.0, 4.0, 6.0, 8.0, 10.0], 0)
    """
    if axis.log and axis.high / axis.low > _WIDE_RATIO:
        powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
        values = [step * 10.0**power for power in powers for step in _STEPS]
        ticks = [value for value in values if axis.low <= value <= axis.high]
        return ticks, max(0, -math.floor(math.log10(axis.low)))
    span = axis.high - axis.low
    power = 10.0 ** math.floor(math.log10(span / _MOST_TICKS))
    step = next(k * power for k in (*_STEPS, 10) if span / (k * power) <= _MOST_TICKS)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(axis.low / step - 1e-9), math.floor(axis.high / step + 1e-9)
    return [round(index * step, decimals) + 0.0 for index in range(first, last + 1)], decimals


BarRole = Literal["ai", "aided", "neutral"]

# Widths in percent of a bar on a phone (350 px), where labels meet first; 6 px a letter.
_PERCENT_A_LETTER = 600 / 350
_TICK_EDGE = 2.0


@dataclass(frozen=True)
class BarMark:
    """A limit that the plan names: a dashed line with its words above."""

    value: float
    label: str


@dataclass(frozen=True, kw_only=True)
class IntervalBar:
    """One interval on an axis of its own.

    Parameters
    ----------
    estimate, low, high : float
        Point and limits on the scale of ``form``; NaN limits draw the point alone, infinite ones
        reach the edge.
    null : float, optional
        Value of no difference, a thin line; None where there is none.
    marks : tuple of BarMark
        Dashed limits: the margin, a planned end.
    zones : tuple of (float, float)
        Shaded ranges; an infinite end reaches the edge.
    extension : (float, float), optional
        A range shaded more lightly, such as that of an optional extension.
    left, right : str
        What lies in either direction, such as "readers better"; the arrows are added.
    log : bool
        Whether the axis is logarithmic, as for ratios.
    role : {"ai", "aided", "neutral"}
        Colour of the claim.
    form : Form
        How the ticks are written.
    signed : bool
        Whether ticks carry a sign, as those of a difference do.
    label : str
        What the bar shows, for those who cannot see it.
    """

    estimate: float
    low: float
    high: float
    null: float | None = None
    marks: tuple[BarMark, ...] = ()
    zones: tuple[tuple[float, float], ...] = ()
    extension: tuple[float, float] | None = None
    left: str = ""
    right: str = ""
    log: bool = False
    role: BarRole = "ai"
    form: Form = "index"
    signed: bool = True
    label: str = ""

    def __post_init__(self) -> None:
        """Refuse what has no place on the axis."""
        if not math.isfinite(self.estimate):
            msg = f"estimate of a bar must be finite, but got {self.estimate!r}; leave the bar out"
            raise ValueError(msg)
        if self.log and not all(value > 0 for value in self.shown()):
            msg = f"a bar on a log axis needs positive values, but got {self.shown()!r}"
            raise ValueError(msg)

    def shown(self) -> list[float]:
        """Return the finite values that must lie inside the range."""
        values = [self.estimate, self.low, self.high, *(mark.value for mark in self.marks)]
        if self.null is not None:
            values.append(self.null)
        return [value for value in values if math.isfinite(value)]


def interval_bar(
    comparison: Comparison,
    *,
    left: str = "",
    right: str = "",
    role: BarRole = "ai",
    form: Form | None = None,
) -> IntervalBar | None:
    """Return the bar of a comparison, with its margin; None where nothing was estimated.

    Parameters
    ----------
    comparison : Comparison
        The difference b minus a, or the ratio b over a.
    left, right : str
        Directions in words: below and above no difference.
    role : {"ai", "aided", "neutral"}
        Colour of the claim.
    form : Form, optional
        The form of the numbers where their unit does not say it.
    """
    if not math.isfinite(comparison.estimate):
        return None
    ratio = comparison.effect == "ratio"
    chosen: Form = "ratio" if ratio else form or form_of(comparison)
    marks: tuple[BarMark, ...] = ()
    zones: tuple[tuple[float, float], ...] = ()
    if comparison.margin is not None:
        limit = margin_limit(comparison)
        marks = (BarMark(limit, f"margin {margin_text(comparison, form=form)}"),)
        zones = ((-math.inf, limit) if comparison.better == "higher" else (limit, math.inf),)
    return IntervalBar(
        estimate=comparison.estimate,
        low=comparison.ci_low,
        high=comparison.ci_high,
        null=1.0 if ratio else 0.0,
        marks=marks,
        zones=zones,
        left=left,
        right=right,
        log=ratio and not comparison.ci_low <= 0,  # 0 has no place on a log axis
        role=role,
        form=chosen,
        signed=not ratio,
        label=f"{comparison.label_b} against {comparison.label_a}",
    )


def _axis(bar: IntervalBar) -> BarAxis:
    """Return the range of a bar."""
    return axis_around(bar.shown(), log=bar.log)


def _tick_text(value: float, decimals: int, bar: IntervalBar) -> str:
    """Write a tick; zero has no sign and no decimals."""
    percent = bar.form == "percent"
    number = value * 100 if percent else value
    digits = max(0, decimals - 2) if percent else decimals
    text = number_text(number, digits=digits, signed=bar.signed)
    return "0" if not text.strip("+0.") else text


def _ticks_html(bar: IntervalBar, axis: BarAxis) -> str:
    """Return the ticks; a phone leaves out every second one, never that of no difference."""
    ticks, decimals = round_ticks(axis)
    null = next(
        (place for place, tick in enumerate(ticks) if tick == bar.null or abs(tick) < 1e-12), 0
    )
    spans = []
    for place, tick in enumerate(ticks):
        # A tick at the very edge would stick out of the page.
        if not _TICK_EDGE <= axis.place(tick) <= EDGE - _TICK_EDGE:
            continue
        kind = ' class="odd"' if (place - null) % 2 else ""
        text = _tick_text(tick, decimals, bar)
        spans.append(f'<span{kind} style="left:{axis.place(tick):.2f}%">{text}</span>')
    return f'<div class="tk">{"".join(spans)}</div>'


def _description(bar: IntervalBar) -> str:
    """Return the bar in words."""
    estimate = value_text(bar.estimate, form=bar.form, signed=bar.signed)
    marks = "".join(f"; {mark.label}" for mark in bar.marks)
    interval = range_text(bar.low, bar.high, form=bar.form)
    return f"{bar.label or 'Estimate'}: {estimate}, interval {interval}{marks}"


def _zone_html(zone: tuple[float, float], axis: BarAxis, classes: str) -> str:
    """Return a shaded range."""
    start, end = axis.place(zone[0]), axis.place(zone[1])
    return f'<i class="{classes}" style="left:{start:.2f}%;width:{end - start:.2f}%"></i>'


def bar_track_html(bar: IntervalBar, *, low: float, high: float) -> str:
    """Return the bar without words and ticks, on a range that several bars share.

    Parameters
    ----------
    bar : IntervalBar
        What is drawn.
    low, high : float
        Ends of the axis.
    """
    axis = BarAxis(low=low, high=high, log=bar.log)
    parts = [_zone_html(zone, axis, "zone") for zone in bar.zones]
    if bar.extension is not None:
        parts.append(_zone_html(bar.extension, axis, "zone ext"))
    if bar.null is not None:
        parts.append(f'<i class="zero" style="left:{axis.place(bar.null):.2f}%"></i>')
    parts += [
        f'<i class="mar" style="left:{axis.place(mark.value):.2f}%"></i>' for mark in bar.marks
    ]
    if not math.isnan(bar.low + bar.high):
        start, end = axis.place(bar.low), axis.place(bar.high)
        parts.append(f'<i class="ci" style="left:{start:.2f}%;width:{end - start:.2f}%"></i>')
    parts.append(f'<i class="pt" style="left:{axis.place(bar.estimate):.2f}%"></i>')
    label = escape(_description(bar))
    return f'<div class="ib {bar.role}" role="img" aria-label="{label}">{"".join(parts)}</div>'


def _mark_html(mark: BarMark, axis: BarAxis) -> str:
    """Return the words of a limit, kept inside the bar."""
    place, half = axis.place(mark.value), len(mark.label) * _PERCENT_A_LETTER / 2
    text = escape(mark.label)
    if place < half:
        return f'<span class="m le">{text}</span>'
    if place > EDGE - half:
        return f'<span class="m ri">{text}</span>'
    return f'<span class="m" style="left:{place:.2f}%">{text}</span>'


def _extent(mark: BarMark, axis: BarAxis) -> tuple[float, float]:
    """Return where the words of a limit begin and end on a phone, in percent."""
    width = len(mark.label) * _PERCENT_A_LETTER
    start = min(max(axis.place(mark.value) - width / 2, 0.0), max(EDGE - width, 0.0))
    return start, start + width


def _share_a_line(bar: IntervalBar, axis: BarAxis) -> bool:
    """Whether directions and limits fit on one line above the bar, on a phone as well."""
    left = len(f"← {bar.left}") * _PERCENT_A_LETTER if bar.left else 0.0
    right = len(f"{bar.right} →") * _PERCENT_A_LETTER if bar.right else 0.0
    taken = sorted(_extent(mark, axis) for mark in bar.marks)
    taken = [(0.0, left), *taken, (EDGE - right, EDGE)]
    return all(first[1] <= second[0] for first, second in pairwise(taken))


def _words_html(bar: IntervalBar, axis: BarAxis) -> str:
    """Return the words above the bar, on two lines where one is too narrow."""
    left = f'<span class="le">← {escape(bar.left)}</span>' if bar.left else ""
    right = f'<span class="ri">{escape(bar.right)} →</span>' if bar.right else ""
    marks = [_mark_html(mark, axis) for mark in bar.marks]
    if _share_a_line(bar, axis):
        return _line(left, *marks, right)
    return _line(left, right) + "".join(map(_line, marks) if len(marks) > 1 else [_line(*marks)])


def _line(*words: str) -> str:
    """Return one line of words, or nothing."""
    return f'<div class="top">{"".join(words)}</div>' if any(words) else ""


def interval_bar_html(bar: IntervalBar) -> str:
    """Return the bar with its directions, limits and ticks.

    Examples
    --------
    >>> html = interval_bar_html(IntervalBar(estimate=-0.032, low=-0.094, high=0.031, null=0.0,
    ...                                      marks=(BarMark(-0.05, "margin −0.05"),)))
    >>> html.count('class="mar"'), ">−0.10<" in html
    (1, True)
    """
    axis = _axis(bar)
    track = bar_track_html(bar, low=axis.low, high=axis.high)
    return f'<div class="vd">{_words_html(bar, axis)}{track}{_ticks_html(bar, axis)}</div>'


def shared_range(bars: Sequence[IntervalBar]) -> tuple[float, float]:
    """Return the range in which several bars of one scale fit, for ``bar_track_html``."""
    axes = [_axis(bar) for bar in bars]
    return min(axis.low for axis in axes), max(axis.high for axis in axes)
