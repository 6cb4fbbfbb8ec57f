"""Look at cases: four views with the marks of AI and readers, in JupyterLab or as a fixed page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any, Final, Literal

from toolkit.palette import ROLES

if TYPE_CHECKING:
    from toolkit.readers.dicom.pixels import MammogramImage

HANGING: Final = (("R", "CC"), ("L", "CC"), ("R", "MLO"), ("L", "MLO"))
_ROLES: Final = {"ai": "AI", "unaided": "reader without AI", "aided": "reader with AI"}


@dataclass(frozen=True, kw_only=True)
class ViewMark:
    """A mark on one view.

    Parameters
    ----------
    x, y : float
        Column and row in the picture as stored, pixels from its outer corner.
    role : {"ai", "unaided", "aided"}
        Whose mark: squares for AI, circles for readers.
    label : str
        Shown when the pointer rests on it, such as a score; no identifier.
    """

    x: float
    y: float
    role: Literal["ai", "unaided", "aided"]
    label: str = ""

    def __post_init__(self) -> None:
        if self.role not in _ROLES:
            msg = f"role must be one of {', '.join(_ROLES)}, got {self.role!r}"
            raise ValueError(msg)


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseView:
    """One picture of a case with its marks."""

    image: MammogramImage
    marks: tuple[ViewMark, ...] = ()


Case = Sequence[CaseView]


def _hung(case: Case) -> list[CaseView | None]:
    """Return the four places in hanging order; two pictures for one place are refused."""
    places: list[CaseView | None] = []
    for side, view in HANGING:
        found = [v for v in case if (v.image.laterality, v.image.view) == (side, view)]
        if len(found) > 1:
            msg = f"case must hold one picture of {side} {view}, got {len(found)}; choose one"
            raise ValueError(msg)
        places.append(found[0] if found else None)
    if sum(place is not None for place in places) != len(case):
        msg = "case must hold only the views R CC, L CC, R MLO and L MLO; leave the others out"
        raise ValueError(msg)
    return places


def _png(image: MammogramImage, longest: int) -> str:
    """Return a small PNG as a data address; pixels are averaged in blocks."""
    from PIL import Image

    picture = Image.fromarray(image.grey())
    factor = max(1, -(-max(picture.size) // longest))
    stream = io.BytesIO()
    picture.reduce(factor).save(stream, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()


def _mark(mark: ViewMark, view: CaseView) -> str:
    x, y = view.image.placed(mark.x, mark.y)
    size = max(view.image.pixels.shape) / 30
    style = f'fill="none" stroke="{ROLES[mark.role][1]}" stroke-width="{size / 6:.2f}"'
    title = escape(f"{_ROLES[mark.role]} {mark.label}".strip())
    if mark.role == "ai":
        box = f'x="{x - size:.2f}" y="{y - size:.2f}" width="{2 * size:.2f}"'
        return f'<rect {box} height="{2 * size:.2f}" {style}><title>{title}</title></rect>'
    circle = f'<circle cx="{x:.2f}" cy="{y:.2f}" r="{size:.2f}"'
    return f"{circle} {style}><title>{title}</title></circle>"


def _frame(place: tuple[str, str], view: CaseView | None, longest: int, zoom: float) -> str:
    """Return one of the four frames; the chest walls of a pair meet in the middle."""
    name = " ".join(place)
    paper, ink, muted = (ROLES[role][1] for role in ("paper", "ink", "muted"))
    box = f"background:{paper};color:{ink};overflow:auto;aspect-ratio:3/4;min-width:0"
    if view is None:
        empty = f"{box};display:grid;place-items:center;border:1px dashed {muted}"
        return f'<div style="{empty}">{name}: no picture</div>'
    rows, columns = view.image.pixels.shape
    counts = [
        f"{n} of {words}"
        for role, words in _ROLES.items()
        if (n := sum(m.role == role for m in view.marks))
    ]
    alt = escape(f"{name} mammogram, marks: {', '.join(counts) or 'none'}")
    place_x = "xMaxYMid" if place[0] == "R" else "xMinYMid"
    marks = "".join(_mark(mark, view) for mark in view.marks)
    return (
        f'<div style="{box}"><svg role="img" aria-label="{alt}" viewBox="0 0 {columns} {rows}" '
        f'preserveAspectRatio="{place_x}" style="display:block;width:{zoom * 100:.0f}%;'
        f'height:{zoom * 100:.0f}%"><image href="{_png(view.image, longest)}" width="{columns}" '
        f'height="{rows}" preserveAspectRatio="none"/>{marks}<text x="{columns / 2:.0f}" '
        f'y="{rows / 20:.1f}" fill="{ink}" font-size="{rows / 25:.1f}">{name}</text></svg></div>'
    )


def gallery_page(cases: Sequence[Case], *, longest: int = 400, zoom: float = 1.0) -> str:
    """Return cases as HTML for a page: no script, no network, no identifier.

    Parameters
    ----------
    cases : sequence of sequences of CaseView
        Each up to four views; one that is absent is an empty frame that says so.
    longest : int
        Most pixels of a picture's longer side.
    zoom : float
        Size of a picture in its frame; above 1 it is moved with the scroll bars.
    """
    figures = []
    for number, case in enumerate(cases, 1):
        frames = "".join(
            _frame(p, v, longest, zoom) for p, v in zip(HANGING, _hung(case), strict=True)
        )
        grid = "display:grid;grid-template-columns:1fr 1fr;gap:2px;max-width:720px"
        figures.append(
            f'<figure style="margin:0 0 1rem"><div style="{grid}">{frames}</div>'
            f"<figcaption>Case {number} of {len(cases)}. Squares: AI; circles: readers."
            "</figcaption></figure>"
        )
    return "".join(figures)


def _adjusted(view: CaseView, level: float, width: float, inverted: bool) -> CaseView:
    """Return a view with its window moved by a share of its width, and widened."""
    image = view.image
    scale = image.scale
    if level or width != 1:
        scale = replace(
            scale,
            center=scale.center + level * scale.width,
            width=max(1.0, scale.width * width),
            function="LINEAR" if scale.table is not None else scale.function,
            table=None,
        )
    return replace(view, image=replace(image, scale=scale, inverted=image.inverted != inverted))


def case_viewer(cases: Sequence[Case], *, longest: int = 800) -> Any:
    """Return the case viewer, a widget for JupyterLab.

    Parameters
    ----------
    cases : sequence of sequences of CaseView
        As of ``gallery_page``.
    longest : int
        Most pixels of a picture's longer side.
    """
    import ipywidgets as widgets

    if not cases:
        msg = "cases must hold at least one case, got none"
        raise ValueError(msg)
    case = widgets.BoundedIntText(value=1, min=1, max=len(cases), description="Case")
    back, onward = widgets.Button(description="Previous"), widgets.Button(description="Next")
    level = widgets.FloatSlider(min=-0.5, max=0.5, step=0.02, description="Level")
    width = widgets.FloatSlider(value=1, min=0.1, max=3, step=0.05, description="Width")
    zoom = widgets.FloatSlider(value=1, min=1, max=8, step=0.5, description="Zoom")
    invert = widgets.ToggleButton(description="Invert")
    page = widgets.HTML()

    def draw(_: object = None) -> None:
        views = [
            _adjusted(v, level.value, width.value, invert.value) for v in cases[case.value - 1]
        ]
        text = gallery_page([views], longest=longest, zoom=zoom.value)
        page.value = text.replace("Case 1 of 1.", f"Case {case.value} of {len(cases)}.")

    def step(by: int) -> None:
        case.value = min(max(1, case.value + by), len(cases))

    back.on_click(lambda _: step(-1))
    onward.on_click(lambda _: step(1))
    for control in (case, level, width, zoom, invert):
        control.observe(draw, names="value")
    draw()
    bars = [widgets.HBox([back, onward, case, invert]), widgets.HBox([level, width, zoom])]
    return widgets.VBox([*bars, page])
