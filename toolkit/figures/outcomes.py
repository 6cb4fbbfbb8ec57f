"""The score by outcome: one row an outcome, never stacked, for rare cancers would vanish."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.figures.scores import class_values
from toolkit.figures.style import (
    BODY,
    FULL_WIDTH,
    SMALL,
    TICK,
    color,
    draw_stamp,
    new_figure,
    outward,
    place_axes,
    stamp_height,
    study_style,
    widest,
    write,
)
from toolkit.wording import count_text, number_text

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
    stamp: str = "",
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
    stamp : str
        Written at the top right, such as "SIMULATED".

    Raises
    ------
    ValueError
        If counts have not one value a class, or a row is empty.
    """
    counts = [class_values(row.counts, len(classes), f"counts of {row.label!r}") for row in rows]
    if empty := [row.label for row, one in zip(rows, counts, strict=True) if not one.sum() > 0]:
        msg = f"outcomes without an examination cannot be shown as shares: {', '.join(empty)}"
        raise ValueError(msg)
    top = stamp_height(stamp)
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
        draw_stamp(figure, stamp)
    return figure
