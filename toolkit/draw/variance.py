"""Where the uncertainty of a reader study comes from, as shares of one variance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from toolkit.draw.style import (
    BODY,
    FULL_WIDTH,
    LABEL,
    TICK,
    color,
    new_figure,
    place_axes,
    study_style,
    text_width,
)
from toolkit.words.wording import number_text

# Shares of one whole are greys, never role colours; each with the ink that reads on it.
_GREYS = (("unaided", "paper"), ("band2", "ink"), ("axis", "ink"), ("band", "ink"))
_BAR, _LEVEL, _BRACE = 0.48, 0.19, 0.23
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True)
class VariancePart:
    """One share of the variance.

    Parameters
    ----------
    label : str
        The source.
    share : float
        From 0 to 1; all parts add up to 1.
    shrinks_with : tuple of str
        What would make it smaller: "more readers", "more cases", both or none.
    """

    label: str
    share: float
    shrinks_with: tuple[str, ...] = ()


def _check(parts: Sequence[VariancePart]) -> None:
    """Refuse shares that are no shares of one whole."""
    shares = [part.share for part in parts]
    if not parts or min(shares) < 0 or abs(sum(shares) - 1) > _SUM_TOLERANCE:
        msg = f"shares of the variance must be 0 or more and add up to 1, but got {shares!r}"
        raise ValueError(msg)
    if len(parts) > len(_GREYS):
        msg = f"a bar tells at most {len(_GREYS)} shares apart, but got {len(parts)}; join some"
        raise ValueError(msg)


def _levels(parts: Sequence[VariancePart]) -> list[int]:
    """Return for each label the line over the bar on which it meets no other."""
    ends: dict[int, float] = {}
    levels = []
    start = 0.0
    for part in parts:
        level = next(line for line in range(len(parts)) if ends.get(line, 0.0) <= start)
        ends[level] = start + text_width(part.label) + 0.12
        levels.append(level)
        start += part.share * FULL_WIDTH
    return levels


def _spans(parts: Sequence[VariancePart], factor: str) -> Iterator[tuple[float, float]]:
    """Return begin and end in inches of neighbouring parts that shrink with one factor."""
    start = begin = 0.0
    inside = False
    for part in parts:
        shrinks = factor in part.shrinks_with
        if shrinks and not inside:
            begin = start
        if inside and not shrinks:
            yield begin, start
        inside = shrinks
        start += part.share * FULL_WIDTH
    if inside:
        yield begin, start


def _draw_brace(canvas: Axes, span: tuple[float, float], y: float, text: str) -> None:
    """Draw a bracket under the bar with its words in the middle, or after it if too short."""
    begin, end = span[0] + 0.03, span[1] - 0.03
    width = text_width(text, TICK) + 0.14
    middle = (begin + end) / 2
    inside = end - begin > width + 0.2
    gap = (middle - width / 2, middle + width / 2) if inside else (end, end)
    ink = color("axis")
    canvas.plot([begin, begin, gap[0]], [y - 0.08, y, y], color=ink, linewidth=1.0)
    canvas.plot([gap[1], end, end], [y, y, y - 0.08], color=ink, linewidth=1.0)
    left = min(end + 0.06, FULL_WIDTH - width)
    canvas.text(
        middle if inside else left,
        y + 0.045,
        text,
        color=color("muted"),
        fontsize=TICK,
        ha="center" if inside else "left",
    )


def variance_figure(parts: Sequence[VariancePart]) -> Figure:
    """Draw the shares of the variance as one bar, with what would make each smaller.

    Parameters
    ----------
    parts : sequence of VariancePart
        From left to right; those that shrink with one thing should be neighbours.

    Raises
    ------
    ValueError
        If the shares are negative, do not add up to 1, or are more than four.
    """
    _check(parts)
    levels = _levels(parts)
    factors = list(dict.fromkeys(factor for part in parts for factor in part.shrinks_with))
    top = 0.1 + _LEVEL * (max(levels) + 1)
    height = top + _BAR + 0.14 + _BRACE * len(factors)
    with study_style():
        figure = new_figure(FULL_WIDTH, height)
        canvas = place_axes(figure, left=0, top=0, width=FULL_WIDTH, height=height)
        canvas.set_xlim(0, FULL_WIDTH)
        canvas.set_ylim(height, 0)
        canvas.set_axis_off()
        left = 0.0
        for part, level, (fill, ink) in zip(parts, levels, _GREYS, strict=False):
            width = part.share * FULL_WIDTH
            canvas.add_patch(
                Rectangle(
                    (left, top),
                    max(width - 0.02, 0.0),
                    _BAR,
                    facecolor=color(fill),
                    edgecolor=color("axis"),
                    linewidth=0.5,
                )
            )
            canvas.text(left + 0.02, top - 0.08 - level * _LEVEL, part.label, fontsize=BODY)
            text = f"{number_text(part.share * 100, digits=0)}%"
            if width > text_width(text, LABEL, 600) + 0.12:
                canvas.text(
                    left + 0.09,
                    top + _BAR / 2 + 0.05,
                    text,
                    color=color(ink),
                    fontsize=LABEL,
                    fontweight=600,
                )
            left += width
        for order, factor in enumerate(factors):
            for span in _spans(parts, factor):
                y = top + _BAR + 0.13 + order * _BRACE
                _draw_brace(canvas, span, y, f"shrinks with {factor}")
    return figure
