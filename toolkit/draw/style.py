"""What all figures share: type, colours by role, axes and scales. Importing it changes nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.textpath import TextToPath

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.words.palette import ROLES
from toolkit.words.wording import Form, number_text

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

FULL_WIDTH = 7.5
DASH = (0, (4, 2.5))  # a limit or a plan
FONT_FAMILY = "Study Sans"
SMALL, TICK, BODY, LABEL, PANEL = 9.0, 9.5, 10.0, 11.0, 12.0

Weight = Literal[400, 600]

_FONT_FOLDER = Path(__file__).parent / "fonts"


def color(role: str) -> str:
    """Return the light colour of a role; ``figure_svg`` turns it into a CSS variable.

    Raises
    ------
    ValueError
        If no role has this name.
    """
    if role not in ROLES:
        msg = f"role must be one of {', '.join(ROLES)}, but got {role!r}"
        raise ValueError(msg)
    return ROLES[role][0]


_CELLS = 800  # of a side of the unit square, for the points of a curve
_STEPS = (1.0, 2.0, 5.0, 10.0)
# From fine to coarse; the first with at most seven ticks on the axis is taken.
_RATIO_TICKS = (
    tuple(step / 20 for step in range(10, 41)),
    tuple(step / 10 for step in range(3, 21)),
    tuple(step / 5 for step in range(2, 11)),
    (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0),
    (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0),
)
_MOST_RATIO_TICKS = 7
_NARROW = 3.0
# Per power of ten, from fine to coarse.
_LOG_TICKS = (
    (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0),
    (1.0, 2.0, 5.0),
    (1.0, 3.0),
    (1.0,),
)
_SETTINGS: dict[RcKeyType, Any] = {
    "font.family": [FONT_FAMILY],
    "font.size": BODY,
    "text.color": color("ink"),
    "text.usetex": False,
    "text.parse_math": False,
    "axes.edgecolor": color("axis"),
    "axes.labelcolor": color("ink"),
    "axes.labelsize": BODY,
    "axes.linewidth": 0.8,
    "axes.facecolor": "none",
    "axes.unicode_minus": True,
    "axes.prop_cycle": cycler(color=[color("ink")]),
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": "none",
    "figure.edgecolor": "none",
    "grid.color": color("grid"),
    "grid.linewidth": 0.8,
    "xtick.color": color("axis"),
    "ytick.color": color("axis"),
    "xtick.labelcolor": color("muted"),
    "ytick.labelcolor": color("muted"),
    "xtick.labelsize": TICK,
    "ytick.labelsize": TICK,
    "xtick.major.size": 3.5,
    "ytick.major.size": 3.5,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.solid_capstyle": "butt",
    "lines.dash_capstyle": "butt",
    "hatch.linewidth": 1.2,
    "savefig.facecolor": "none",
    "savefig.edgecolor": "none",
    "svg.fonttype": "none",
}


@lru_cache(maxsize=1)
def _register_fonts() -> None:
    """Make the bundled faces known to matplotlib, once and only when something is drawn."""
    for face in sorted(_FONT_FOLDER.glob("*.ttf")):
        font_manager.fontManager.addfont(face)


@contextmanager
def study_style() -> Iterator[None]:
    """Draw in the type and the colours of the book; settings are restored afterwards."""
    _register_fonts()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        yield


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of a size in inches, without a ground of its own."""
    figure = Figure(figsize=(width, height))
    figure.patch.set_visible(False)
    return figure


def place_axes(figure: Figure, *, left: float, top: float, width: float, height: float) -> Axes:
    """Return axes at a place in inches, counted from the left and from the top."""
    full_width, full_height = figure.get_size_inches()
    bottom = full_height - top - height
    place = (
        left / full_width,
        bottom / full_height,
        width / full_width,
        height / full_height,
    )
    axes = figure.add_axes(place)
    axes.patch.set_visible(False)
    return axes


def outward(axes: Axes, *, bottom: bool = True, left: bool = True) -> None:
    """Keep only the left and bottom axis and move them 6 pt out."""
    for side, kept in {"bottom": bottom, "left": left, "top": False, "right": False}.items():
        axes.spines[side].set_visible(kept)
        if kept:
            axes.spines[side].set_position(("outward", 6))
    if not bottom:
        axes.tick_params(bottom=False, labelbottom=False)
    if not left:
        axes.tick_params(left=False, labelleft=False)


def write(
    figure: Figure,
    place: tuple[float, float],
    text: str,
    *,
    role: str = "ink",
    size: float = BODY,
    weight: Weight = 400,
    align: str = "left",
) -> Text:
    """Write text on a figure; the place is in inches from the left and the top, on its baseline."""
    width, height = figure.get_size_inches()
    return figure.text(
        place[0] / width,
        1 - place[1] / height,
        text,
        color=color(role),
        fontsize=size,
        fontweight=weight,
        ha=align,
        va="baseline",
    )


def panel_title(figure: Figure, place: tuple[float, float], letter: str, title: str) -> None:
    """Write a bold panel letter and its title in grey; the place is as in ``write``."""
    if letter:
        write(figure, place, letter, size=PANEL, weight=600)
    start = place[0] + (text_width(letter, PANEL, 600) + 0.1 if letter else 0.0)
    write(figure, (start, place[1]), title, role="muted")


def rule(figure: Figure, y: float, *, left: float = 0.0, role: str = "axis") -> None:
    """Draw a thin line over the whole width at a height in inches from the top."""
    width, height = figure.get_size_inches()
    place = 1 - y / height
    line = Line2D([left / width, 1], [place, place], color=color(role), linewidth=0.8)
    figure.add_artist(line)


def halo(text: Text) -> Text:
    """Mark a text that may cross lines; ``figure_svg`` gives it an edge in the paper's colour."""
    text.set_gid("halo")
    return text


@lru_cache(maxsize=4096)
def text_width(text: str, size: float = BODY, weight: Weight = 400) -> float:
    """Return the width in inches of a text in the bundled face, of its widest line."""
    _register_fonts()
    face = font_manager.FontProperties(family=FONT_FAMILY, weight=weight, size=size)
    measure = TextToPath()
    return max(
        measure.get_text_width_height_descent(line, face, ismath=False)[0] / 72
        for line in text.split("\n")
    )


def widest(texts: Sequence[str], size: float = BODY, weight: Weight = 400) -> float:
    """Return the width in inches of the widest of several texts; 0 for none."""
    return max((text_width(text, size, weight) for text in texts), default=0.0)


def visible_points(x: FloatArray, y: FloatArray) -> IndexArray:
    """Return the places of the points that a curve within the unit square needs.

    Points inside a horizontal or vertical run go, and of those within one 800th of the square
    only the last stays. First and last point always stay.

    Parameters
    ----------
    x, y : ndarray, shape (n_points,)
        A curve in drawing order.

    Examples
    --------
    >>> visible_points(np.array([0.0, 0.0, 0.0, 0.5, 1.0]), np.array([0.0, 0.3, 0.6, 0.6, 0.6]))
    array([0, 2, 4])
    """
    corner = np.ones(x.size, dtype=np.bool_)
    for values in (x, y):
        level = np.diff(values) == 0
        corner[1:-1] &= ~(level[:-1] & level[1:])
    kept: IndexArray = np.flatnonzero(corner)
    cells = np.floor(np.column_stack([x[kept], y[kept]]) * _CELLS)
    leaves_cell: BoolArray = np.append((np.diff(cells, axis=0) != 0).any(axis=1), True)
    leaves_cell[0] = True
    places: IndexArray = kept[leaves_cell]
    return places


def wrapped(text: str, width: float, size: float = BODY, weight: Weight = 400) -> list[str]:
    """Return a text broken between words so that every line fits a width in inches.

    A single word that is too long stays whole.

    Examples
    --------
    >>> wrapped("Architectural distortion", 1.2)
    ['Architectural', 'distortion']
    """
    lines = [""]
    for word in text.split(" "):  # and nowhere else: a no-break space keeps its words together
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, weight) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def nice_ticks(low: float, high: float, *, most: int) -> list[float]:
    """Return ticks at multiples of 1, 2 or 5 times a power of ten, at most ``most`` of them.

    Examples
    --------
    >>> nice_ticks(-0.16, 0.11, most=6)
    [-0.15, -0.1, -0.05, 0.0, 0.05, 0.1]
    """
    span = high - low
    power = 10.0 ** math.floor(math.log10(span / most))
    for factor in (*_STEPS, 2 * _STEPS[-1]):  # rounding can leave the power one too low
        step = factor * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            break
    digits = max(0, -math.floor(math.log10(step)))
    return [round(index * step, digits) + 0.0 for index in range(first, last + 1)]


def tick_text(
    ticks: Sequence[float], *, form: Form = "number", unit_last: bool = False
) -> list[str]:
    """Return ticks as text with equal decimals; zero is a plain 0.

    Parameters
    ----------
    ticks : sequence of float
        Round values; fractions from 0 to 1 for ``percent``.
    form : Form
        Kind of number.
    unit_last : bool
        Whether the last tick carries the percent sign.

    Examples
    --------
    >>> tick_text([-0.05, 0.0, 0.05]), tick_text([0.0, 0.5, 1.0], form="percent", unit_last=True)
    (['−0.05', '0', '0.05'], ['0', '50', '100%'])
    """
    values = [round(tick * (100 if form == "percent" else 1), 10) for tick in ticks]
    digits = max((_decimals(value) for value in values), default=0)
    texts = [number_text(value, digits=digits) if value else "0" for value in values]
    if unit_last and form == "percent" and texts:
        texts[-1] += "%"
    return texts


def _decimals(value: float) -> int:
    """Return how many decimals a round value needs."""
    text = f"{value:.10f}".rstrip("0")
    return len(text) - text.index(".") - 1


def ratio_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Return ticks of a log axis around 1 and their texts.

    Examples
    --------
    >>> ratio_ticks(0.5, 2.1)
    ([0.5, 0.7, 1.0, 1.4, 2.0], ['0.5', '0.7', '1', '1.4', '2'])
    """
    ladders = [[tick for tick in ladder if low <= tick <= high] for ladder in _RATIO_TICKS]
    ticks = next((found for found in ladders if len(found) <= _MOST_RATIO_TICKS), ladders[-1])
    return ticks, [number_text(tick, digits=_decimals(tick)) for tick in ticks]


def log_ticks(low: float, high: float, *, most: int) -> tuple[list[float], list[str]]:
    """Return round ticks of a log axis of values above 0, and their texts.

    There are at most ``most`` of them, or one per power of ten where that is more.

    Examples
    --------
    >>> log_ticks(5.0, 2300.0, most=9)[1]
    ['5', '10', '20', '50', '100', '200', '500', '1,000', '2,000']
    >>> log_ticks(40.0, 95.0, most=7)[1]
    ['40', '50', '60', '70', '80', '90']
    """
    if high < _NARROW * low:  # steps of one size are still far enough apart
        ticks = nice_ticks(low, high, most=most)
        return ticks, tick_text(ticks)
    powers = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
    for ladder in _LOG_TICKS:
        every = (round(step * 10.0**power, 10) for power in powers for step in ladder)
        ticks = [tick for tick in every if low <= tick <= high]
        if len(ticks) <= most:
            break
    return ticks, [number_text(tick, digits=_decimals(tick)) for tick in ticks]
