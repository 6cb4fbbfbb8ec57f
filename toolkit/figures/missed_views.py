"""Images with a lesion and marks on it: what may be placed, to which scale, under which names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.figures.froc_lines import FrocRole
from toolkit.figures.style import FULL_WIDTH

COLUMNS = 3
GAP = 0.3
# Half a line is kept free at both sides, else the outer frames lose their edge.
EDGE = 0.01
COLUMN = (FULL_WIDTH - 2 * EDGE - (COLUMNS - 1) * GAP) / COLUMNS
SIDE_ROOM = 0.2  # for the words at the chest wall
_FRAME = (COLUMN - SIDE_ROOM, 2.7)
_SAME_PLACE_PT = 6.0
_MOST_NAMES = 3


@dataclass(frozen=True, kw_only=True)
class PlacedMark:
    """A mark on one image.

    Parameters
    ----------
    x_px, y_px : float
        Column and row on the image, from its upper left corner.
    hit : bool
        Whether it hits a lesion by the rule of the study: filled, else open.
    role : {"unaided", "aided", "ai"}
        Colour and marker.
    label : str
        Who marked, such as "R3".
    """

    x_px: float
    y_px: float
    hit: bool
    role: FrocRole
    label: str


@dataclass(frozen=True, kw_only=True, eq=False)
class MissedView:
    """One image with its lesion and all marks on it.

    Parameters
    ----------
    title, subtitle : str
        Which lesion; what it is and who found it.
    laterality, view : str
        Such as "R" and "MLO"; the chest wall is at the right of a right breast, else at the left.
    rows, columns : int
        Size of the image in pixels.
    lesion : (x_px, y_px, radius_px) or None
        Drawn where there is no outline, with a radius of at least 4 pt.
    outline : ndarray, shape (n_points, 2), or None
        Corners of the lesion as x and y in pixels.
    marks : sequence of PlacedMark
        Of all readers who marked this image.
    """

    title: str
    subtitle: str
    laterality: str
    view: str
    rows: int
    columns: int
    lesion: tuple[float, float, float] | None
    outline: FloatArray | None
    marks: Sequence[PlacedMark]


def check_view(view: MissedView) -> None:
    """Refuse an image without a size, and places outside it."""
    if view.rows <= 0 or view.columns <= 0:
        msg = f"{view.title!r}: rows and columns must be above 0; got {view.rows}, {view.columns}"
        raise ValueError(msg)
    places = [(f"mark {mark.label!r}", mark.x_px, mark.y_px) for mark in view.marks]
    if view.lesion is not None:
        places.append(("lesion", *view.lesion[:2]))
    for name, x, y in places:
        if not (0 <= x <= view.columns and 0 <= y <= view.rows):
            msg = (
                f"{view.title!r}: {name} at ({x:g}, {y:g}) px lies outside the image of "
                f"{view.columns} columns and {view.rows} rows"
            )
            raise ValueError(msg)
    if view.outline is not None:
        shape = np.shape(view.outline)
        if len(shape) != 2 or shape[0] < 3 or shape[1] != 2:
            msg = f"{view.title!r}: outline must have shape (n_points, 2), 3 or more; got {shape}"
            raise ValueError(msg)


def frame_size(view: MissedView) -> tuple[float, float]:
    """Return width and height of the frame in inches."""
    scale = min(_FRAME[0] / view.columns, _FRAME[1] / view.rows)
    return view.columns * scale, view.rows * scale


def mark_groups(view: MissedView) -> list[list[PlacedMark]]:
    """Return the marks in groups of one role and kind whose first lies within 6 pt."""
    near = _SAME_PLACE_PT * view.columns / (frame_size(view)[0] * 72)
    groups: list[list[PlacedMark]] = []
    for mark in view.marks:
        for group in groups:
            first = group[0]
            same = (first.role, first.hit) == (mark.role, mark.hit)
            if same and np.hypot(first.x_px - mark.x_px, first.y_px - mark.y_px) <= near:
                group.append(mark)
                break
        else:
            groups.append([mark])
    return groups


def group_name(group: Sequence[PlacedMark]) -> str:
    """Return the names at one place, each once; of many the first ones and a number."""
    names = list(dict.fromkeys(mark.label for mark in group if mark.label))
    if len(names) <= _MOST_NAMES:
        return ", ".join(names)
    return f"{', '.join(names[: _MOST_NAMES - 1])} + {len(names) - _MOST_NAMES + 1}"
