"""What all figures share: type, colours by role, axes and stamp. Importing it changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import matplotlib as mpl
from cycler import cycler
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.textpath import TextToPath

from toolkit.palette import ROLES

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

FULL_WIDTH = 7.5
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


def stamp_height(stamp: str) -> float:
    """Return the height in inches that a stamp takes above the figure."""
    return 0.22 if stamp else 0.0


def draw_stamp(figure: Figure, stamp: str) -> None:
    """Write a stamp such as SIMULATED at the top right, inside the picture."""
    if stamp:
        width, _ = figure.get_size_inches()
        write(figure, (width, 0.13), stamp, role="sim", size=SMALL, weight=600, align="right")


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
