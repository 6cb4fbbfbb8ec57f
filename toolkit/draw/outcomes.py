"""The score by outcome, what a strategy trades, and cancers that one way of reading found alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.draw.labels import along_line, label_points
from toolkit.draw.scores import class_values
from toolkit.draw.style import (
    BODY,
    DASH,
    FULL_WIDTH,
    SMALL,
    TICK,
    Weight,
    color,
    new_figure,
    nice_ticks,
    outward,
    place_axes,
    rule,
    study_style,
    text_width,
    tick_text,
    widest,
    write,
)
from toolkit.words.wording import count_text, level_text, number_text

OutcomeRole = Literal["cancer", "interval", "normal"]

# Fill of the bars and ink of the name.
_ROLES = {
    "cancer": ("cancer", "cancertext"),
    "interval": ("benign", "ink"),
    "normal": ("normal", "normaltext"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class OutcomeRow:
    """Examinations of one outcome by score class."""

    label: str
    counts: ArrayLike
    role: OutcomeRole


def _share_text(share: float) -> str:
    """Return the share over a bar: a small one never reads as none."""
    if 0 < share < 0.5:
        return "<1%"
    return "0" if share == 0 else f"{number_text(share, digits=0)}%"


def _draw_outcome(axes: Axes, row: OutcomeRow, counts: FloatArray, expected: float) -> None:
    """Draw the shares of one outcome with their numbers."""
    shares = counts / counts.sum() * 100
    fill, _ = _ROLES[row.role]
    places = np.arange(1, counts.size + 1)
    axes.bar(
        places,
        shares,
        width=0.78,
        facecolor=color(fill),
        edgecolor=color("paper" if row.role == "interval" else fill),
        hatch="////" if row.role == "interval" else "",
        linewidth=0,
    )
    if expected:
        axes.axhline(expected * 100, color=color("muted"), linewidth=1.1, linestyle=(0, (1.6, 1.6)))
    for place, share in zip(places, shares, strict=True):
        none = share == 0
        axes.annotate(
            _share_text(float(share)),
            (place, max(share, expected * 100 if share < expected * 100 else share)),
            (0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=TICK,
            color=color("axis" if none else "ink"),
            fontweight=600 if share == shares.max() and row.role != "normal" else 400,
        )


def outcome_figure(
    classes: Sequence[str],
    rows: Sequence[OutcomeRow],
    *,
    expected_share: float = 0.10,
) -> Figure:
    """Draw the score by outcome: one row an outcome, each adding up to 100 %, on one scale.

    Parameters
    ----------
    classes : sequence of str
        Names of the classes, lowest first.
    rows : sequence of OutcomeRow
        From top to bottom, such as screen-detected, interval and no cancer.
    expected_share : float
        Share that the vendor states for each class, drawn dotted; 0 for none.

    Raises
    ------
    ValueError
        If counts have not one value a class, or a row is empty.
    """
    counts = [class_values(row.counts, len(classes), f"counts of {row.label!r}") for row in rows]
    if empty := [row.label for row, one in zip(rows, counts, strict=True) if not one.sum() > 0]:
        msg = f"outcomes without an examination cannot be shown as shares: {', '.join(empty)}"
        raise ValueError(msg)
    top = 0.0
    highest = max(float((one / one.sum()).max()) for one in counts) * 100
    with study_style():
        left = widest([row.label for row in rows], BODY, 600) + 0.2
        # All rows share one scale; each is as high as its own highest bar needs.
        heights = [float((one / one.sum()).max()) * 100 / highest * 0.62 + 0.32 for one in counts]
        figure = new_figure(FULL_WIDTH, top + sum(heights) + 0.3 * len(rows) + 0.3)
        for row, one, height in zip(rows, counts, heights, strict=True):
            axes = place_axes(figure, left=left, top=top, width=FULL_WIDTH - left, height=height)
            _draw_outcome(axes, row, one, expected_share)
            axes.set_xlim(0.45, len(classes) + 0.55)
            axes.set_ylim(0, height / 0.62 * highest)
            outward(axes, bottom=True, left=False)
            axes.spines["bottom"].set_position(("outward", 0))
            axes.tick_params(bottom=False, labelbottom=row is rows[-1], labelcolor=color("ink"))
            axes.set_xticks(np.arange(1, len(classes) + 1), classes)
            _, ink = _ROLES[row.role]
            write(figure, (0, top + height - 0.2), row.label, role=ink, weight=600)
            n = f"n = {count_text(float(one.sum()))}"
            write(figure, (0, top + height - 0.03), n, role="muted", size=TICK)
            if expected_share and row is rows[-1]:
                note = f"dotted: the {number_text(expected_share * 100, digits=0)}% expected"
                write(figure, (left, top + 0.02), f"{note} in each class", role="muted", size=SMALL)
            top += height + 0.3
        axes.set_xlabel("AI score of the examination", labelpad=3)
    return figure


@dataclass(frozen=True, kw_only=True, eq=False)
class TradeoffLine:
    """Strategies of one kind, joined in order.

    Parameters
    ----------
    label : str
        Written beside the last point.
    x, y : array_like, shape (n_points,)
        Saving to the right, cost upwards, both as shares; below 0 for more reading, or a gain.
    names : sequence of str
        What each point leaves unread; empty for none.
    role : {"ai", "aided", "unaided"}
        Colour, marker and dash of the pathway.
    """

    label: str
    x: ArrayLike
    y: ArrayLike
    names: Sequence[str]
    role: Literal["ai", "aided", "unaided"] = "ai"


_LINE_STYLE = {
    "ai": ("o", "ai", "-"),
    "aided": ("s", "aidedtext", (0, (6, 2))),
    "unaided": ("o", "unaided", (0, (2, 2))),
}


def tradeoff_figure(
    lines: Sequence[TradeoffLine],
    *,
    reference: str = "",
    limit: float | None = None,
    x_label: str = "Readings saved",
    y_label: str = "Cancers missed",
) -> Figure:
    """Draw what reading less saves against what it costs; lower and further right is better.

    Parameters
    ----------
    lines : sequence of TradeoffLine
        Strategies replayed on the same examinations.
    reference : str
        Name of the strategy that saves and costs nothing, a grey diamond at the origin.
    limit : float, optional
        Largest cost that the plan allows, as a share; beyond it the plot is shaded.
    x_label, y_label : str
        Axes with their denominators.
    """
    top = 0.05
    x = np.concatenate([np.asarray(line.x, dtype=np.float64) for line in lines])
    y = np.concatenate([np.asarray(line.y, dtype=np.float64) for line in lines])
    with study_style():
        figure = new_figure(FULL_WIDTH, top + 3.85)
        axes = place_axes(figure, left=0.62, top=top, width=6.78, height=3.25)
        high = max(float(y.max()), limit or 0.0, 0.01) * 1.12
        axes.set_xlim(min(-0.02, float(x.min()) * 1.12), max(float(x.max()) * 1.12, 0.1))
        axes.set_ylim(min(-high * 0.06, float(y.min()) * 1.12), high)
        _set_tradeoff_axes(axes, x_label, y_label)
        taken = _draw_tradeoff(axes, lines)
        if limit is not None:
            taken.append(_draw_limit(axes, limit))
        if reference:
            axes.plot([0], [0], marker="D", markersize=8, color=color("axis"), zorder=6)
        _name_points(axes, lines, taken, reference)
    return figure


def _set_tradeoff_axes(axes: Axes, x_label: str, y_label: str) -> None:
    """Set percent ticks from zero and a horizontal grid."""
    outward(axes)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="y")
    x_ticks = nice_ticks(*axes.get_xlim(), most=10)
    y_ticks = nice_ticks(*axes.get_ylim(), most=8)
    axes.set_xticks(x_ticks, tick_text(x_ticks, form="percent", unit_last=True))
    axes.set_yticks(y_ticks, tick_text(y_ticks, form="percent", unit_last=True))
    axes.set_xlabel(x_label, labelpad=3)
    axes.set_ylabel(y_label, labelpad=4)


def _draw_tradeoff(axes: Axes, lines: Sequence[TradeoffLine]) -> list[FloatArray]:
    """Draw the lines; return what labels keep off."""
    taken = []
    for line in lines:
        marker, _, dash = _LINE_STYLE[line.role]
        axes.plot(
            np.asarray(line.x, dtype=np.float64),
            np.asarray(line.y, dtype=np.float64),
            color=color(line.role),
            linewidth=2.0,
            linestyle=dash,
            marker=marker,
            markersize=6,
            markeredgecolor=color("paper"),
            zorder=4,
        )
        taken.append(along_line(axes, np.asarray(line.x), np.asarray(line.y)))
    return taken


def _draw_limit(axes: Axes, limit: float) -> FloatArray:
    """Draw the limit of the plan and shade what lies beyond."""
    low, high = axes.get_xlim()
    axes.axhspan(limit, axes.get_ylim()[1], color=color("band2"), alpha=0.55, linewidth=0, zorder=0)
    axes.axhline(limit, color=color("cancer"), linewidth=1.4, linestyle=DASH, zorder=2)
    axes.annotate(
        f"limit in the plan, {level_text(limit)}",
        (low, limit),
        (4, 5),
        textcoords="offset points",
        color=color("cancertext"),
        fontsize=TICK,
    )
    return along_line(axes, [low, high], [limit, limit])


def _name_points(
    axes: Axes, lines: Sequence[TradeoffLine], taken: Sequence[FloatArray], reference: str
) -> None:
    """Name the points by what they leave unread, the last of a line by its strategy as well."""
    x = [float(value) for line in lines for value in np.asarray(line.x)]
    y = [float(value) for line in lines for value in np.asarray(line.y)]
    names: list[str] = []
    for line in lines:
        last = ", ".join(text for text in (line.label, line.names[-1]) if text)
        names += [*line.names[:-1], last]
    roles = [_LINE_STYLE[line.role][1] for line in lines for _ in line.names]
    if reference:
        x, y, names, roles = [*x, 0.0], [*y, 0.0], [*names, reference], [*roles, "unaided"]
    label_points(axes, x, y, names, roles=roles, lines=taken, strong=())


_ROW = 0.43
_MARK_PITCH = 0.15
_GROUP_GAP = 0.09
_SMALLEST_PITCH = 0.075
_COLUMN = 0.5


@dataclass(frozen=True)
class DiscordanceRow:
    """Cancers of one kind by who found them: both readings, only b, only a."""

    label: str
    both: int
    only_b: int
    only_a: int


def _marks(row: DiscordanceRow) -> list[tuple[str, int]]:
    """Return the marks of a row in order."""
    return [("both", row.both), ("only_b", row.only_b), ("only_a", row.only_a)]


_MARK_STYLE = {
    "both": ("o", "axis", "axis"),
    "only_b": ("^", "aided", "aided"),
    "only_a": ("o", "paper", "unaided"),
}


def _pitch(rows: Sequence[DiscordanceRow], room: float) -> float:
    """Return the distance between marks that lets the longest row fit, at most 0.15 in."""
    most = max(row.both + row.only_a + row.only_b for row in rows)
    pitch = min(_MARK_PITCH, (room - 2 * _GROUP_GAP) / max(most, 1))
    if pitch < _SMALLEST_PITCH:
        msg = (
            f"a row of {most} cancers is too long for one mark each; split it by size or type, "
            "or print the counts in a table"
        )
        raise ValueError(msg)
    return pitch


def _draw_marks(
    canvas: Axes, row: DiscordanceRow, place: tuple[float, float], pitch: float
) -> None:
    """Draw one mark a cancer from a place in inches."""
    x, y = place
    for kind, count in _marks(row):
        marker, face, edge = _MARK_STYLE[kind]
        places = x + pitch * np.arange(count)
        size = pitch / _MARK_PITCH * (7.2 if marker == "^" else 7.0)
        canvas.plot(
            places,
            np.full(count, y),
            linestyle="none",
            marker=marker,
            markersize=size,
            markerfacecolor=color(face),
            markeredgecolor=color(edge),
            markeredgewidth=1.4 if face == "paper" else 0.6,
        )
        x += pitch * count + (_GROUP_GAP if count else 0)


def _legend(canvas: Axes, start: float, y: float, labels: tuple[str, str]) -> None:
    """Name the three marks over the rows."""
    words = (
        ("both", "found both ways", "muted"),
        ("only_b", f"only {labels[1]}", "aidedtext"),
        ("only_a", f"only {labels[0]}", "muted"),
    )
    for kind, text, role in words:
        marker, face, edge = _MARK_STYLE[kind]
        canvas.plot(
            [start],
            [y - 0.045],
            marker=marker,
            markersize=7,
            markerfacecolor=color(face),
            markeredgecolor=color(edge),
            markeredgewidth=1.4 if face == "paper" else 0.6,
        )
        canvas.text(start + 0.09, y, text, color=color(role), fontsize=TICK)
        start += text_width(text, TICK) + 0.35


def _columns(figure: Figure, y: float, texts: Sequence[str], *, weight: Weight = 400) -> None:
    """Write the numbers of a row at the right: without, with, difference."""
    styles = (("muted", weight), ("aidedtext", 600), ("ink", weight))
    for order, (text, (role, heavy)) in enumerate(zip(texts, styles, strict=True)):
        x = FULL_WIDTH - _COLUMN * (2 - order)
        write(figure, (x, y), text, role=role, weight=600 if heavy == 600 else 400, align="right")


def _numbers(row: DiscordanceRow) -> tuple[str, str, str]:
    """Return the totals of both readings and their difference."""
    difference = number_text(row.only_b - row.only_a, digits=0, signed=True)
    return count_text(row.both + row.only_a), count_text(row.both + row.only_b), difference


def discordance_figure(
    rows: Sequence[DiscordanceRow],
    *,
    label_a: str = "without AI",
    label_b: str = "with AI",
    heads: tuple[str, str, str] = ("Without", "With", "Diff."),
    total: str = "All",
) -> Figure:
    """Draw one mark for each cancer: grey found both ways, coloured or open found one way only.

    Parameters
    ----------
    rows : sequence of DiscordanceRow
        Kinds of cancer, from top to bottom.
    label_a, label_b : str
        The two ways of reading, as they follow "only".
    heads : (str, str, str)
        Heads of the numbers at the right.
    total : str
        Name of the last row.

    Raises
    ------
    ValueError
        If a row holds more cancers than fit with one mark each.
    """
    top = 0.0
    whole = DiscordanceRow(
        total,
        sum(row.both for row in rows),
        sum(row.only_b for row in rows),
        sum(row.only_a for row in rows),
    )
    with study_style():
        start = widest([row.label for row in rows]) + 0.3
        pitch = _pitch(rows, FULL_WIDTH - 3 * _COLUMN - 0.2 - start)
        height = top + 0.32 + _ROW * (len(rows) + 1)
        figure = new_figure(FULL_WIDTH, height)
        canvas = place_axes(figure, left=0, top=0, width=FULL_WIDTH, height=height)
        canvas.set_xlim(0, FULL_WIDTH)
        canvas.set_ylim(height, 0)
        canvas.set_axis_off()
        _legend(canvas, start + 0.05, top + 0.16, (label_a, label_b))
        for order, head in enumerate(heads):
            place = (FULL_WIDTH - _COLUMN * (2 - order), top + 0.16)
            role = "aidedtext" if order == 1 else "muted"
            write(figure, place, head, role=role, size=TICK, align="right")
        for order, row in enumerate(rows):
            y = top + 0.32 + _ROW * (order + 0.45)
            write(figure, (0, y + 0.045), row.label)
            _draw_marks(canvas, row, (start + 0.05, y), pitch)
            _columns(figure, y + 0.045, _numbers(row))
        below = top + 0.32 + _ROW * len(rows)
        rule(figure, below)
        _write_total(figure, whole, (start, below + 0.25), (label_a, label_b))
    return figure


def _write_total(
    figure: Figure, row: DiscordanceRow, place: tuple[float, float], labels: tuple[str, str]
) -> None:
    """Write the counts of all cancers in words and numbers."""
    x, y = place
    write(figure, (0, y), row.label, weight=600)
    parts = (
        (f"{count_text(row.both)} both ways", "muted", 400),
        (f"{count_text(row.only_b)} only {labels[1]}", "aidedtext", 600),
        (f"{count_text(row.only_a)} only {labels[0]}", "muted", 600),
    )
    for text, role, weight in parts:
        write(figure, (x, y), text, role=role, weight=600 if weight == 600 else 400)
        x += text_width(text, BODY, 600) + 0.4
    _columns(figure, y, _numbers(row), weight=600)
