"""Cases as a fixed page: the twin of the viewer for the book, without script and network."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from toolkit.draw.page import anchor
from toolkit.pictures.from_tables import (
    HANGING,
    ROLE_WORDS,
    Case,
    CaseView,
    Role,
    ViewLesion,
    ViewMark,
    hung,
)
from toolkit.words.palette import ROLES
from toolkit.words.wording import counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.readers.dicom.pixels.image import MammogramImage

# The book drops style sheets and pictures inside drawings, so both are written into the elements.
_BLACK: Final = "#000000"  # as in a reading room, whatever the theme of the page
_LIGHT_ON_BLACK: Final = {role: colours[1] for role, colours in ROLES.items()}
_QUALITY: Final = 80  # of the JPEG
_SYMBOL: Final = 1 / 48  # of the longer side: the smallest radius of a mark's symbol
# What is shown enlarged without marks: at least this share of the longer side, or this many times
# the lesion; so many pixels wide.
_CROP_SHARE, _CROP_TIMES, _CROP_PIXELS = 0.28, 2.5, 260
# Drawn around (0, 0) with radius 1; each is told from the others without its colour.
_SHAPES: Final[dict[Role, str]] = {
    "ai": '<path d="M-1-1H1V1H-1Z"/>',
    "unaided": '<circle r="1" stroke-dasharray="4 3"/>',
    "aided": '<circle r="1"/><path d="M-.4-1.7H.4L0-1Z"/>',
}
_DARK: Final = (
    f"gap:2px;padding:2px;background:{_BLACK};"
    "print-color-adjust:exact;-webkit-print-color-adjust:exact"
)
_BESIDE: Final = "display:flex;flex-wrap:wrap;gap:6px;align-items:flex-start"
_FOUR: Final = f"display:grid;grid-template-columns:1fr 1fr;flex:1 1 330px;max-width:460px;{_DARK}"
_CROPS: Final = f"display:flex;flex-wrap:wrap;flex:1 1 170px;min-width:0;max-width:460px;{_DARK}"
_PLACE: Final = "position:relative;aspect-ratio:3/4;min-width:0;overflow:hidden"
# Without room around it: a theme that pads pictures in the dark would part them from their marks.
_WHOLE: Final = (
    "position:absolute;left:0;top:0;width:100%;height:100%;max-width:none;margin:0;padding:0;"
    "border-radius:0"
)


def gallery_page(
    cases: Sequence[Case],
    *,
    labels: Sequence[str] | None = None,
    numbers: Sequence[str] | None = None,
    longest: int = 400,
    stamp: str = "",
) -> str:
    """Return cases as HTML for a page: no script, no network, no identifier of its own.

    Parameters
    ----------
    cases : sequence of sequences of CaseView
        Each up to four views; one that is absent is an empty frame that says so. They are taken one
        at a time.
    labels : sequence of str, optional
        A sentence on each case, plain text, such as what the readers and the AI said of it.
    numbers : sequence of str, optional
        The number of each figure in its chapter, such as "14.2"; also makes its anchor. Without
        it cases are counted.
    longest : int
        Most pixels of a picture's longer side, at least 16.
    stamp : str
        Stands in each picture, such as "SIMULATED".

    Returns
    -------
    str
        A ``figure`` of the book for each case.

    Raises
    ------
    ValueError
        If there is not one label a case, or a case has two pictures for a place.

    Notes
    -----
    Beside the views each lesion, or where there is none the AI's own mark, is shown enlarged and
    without marks, since marks hide what they are about. Pictures are reduced and compressed with
    loss: they show where marks lie, and are not fit to be read.
    """
    for name, given in (("labels", labels), ("numbers", numbers)):
        if given is not None and len(given) != len(cases):
            msg = f"{name} must be one for each of the {len(cases)} cases, got {len(given)}"
            raise ValueError(msg)
    if longest < 16:
        msg = f"longest must be at least 16 pixels, got {longest}"
        raise ValueError(msg)
    heads = [f"Case {place} of {len(cases)}" for place in range(1, len(cases) + 1)]
    anchors = [""] * len(cases)
    if numbers is not None:
        heads = [f"Figure {number}" for number in numbers]
        anchors = [f' id="{anchor("figure", number)}"' for number in numbers]
    figures = (
        _figure(case, heads[place], anchors[place], labels[place] if labels else "", longest, stamp)
        for place, case in enumerate(cases)
    )
    return "".join(figures)


def _figure(case: Case, head: str, anchored: str, label: str, longest: int, stamp: str) -> str:
    places = hung(case)
    frames = "".join(
        _frame(place, view, longest, stamp) for place, view in zip(HANGING, places, strict=True)
    )
    views = [view for view in places if view is not None]
    cut = "".join(_crop(view, place, stamp) for view in views for place in _places(view, views))
    crops = f'<div style="{_CROPS}">{cut}</div>' if cut else ""
    sentence = f' <span class="t">{escape(label)}</span>' if label else ""
    return (
        f'<figure class="fig fig-narrow"{anchored}><div role="group" aria-label="{head}: '
        f'{counted(len(views), "mammogram")}" style="{_BESIDE}"><div style="{_FOUR}">{frames}</div>'
        f"{crops}</div><figcaption><b>{head}.</b>{sentence} {_caption(views)}</figcaption></figure>"
    )


def _caption(views: Sequence[CaseView]) -> str:
    """Return what the symbols mean that are there, and what is to be known of the pictures."""
    drawn = [mark for view in views for mark in _drawn(view)]
    keys = [
        f"{_key(role)} {words}: {n}"
        for role, words in ROLE_WORDS.items()
        if (n := sum(mark.role == role for mark in drawn))
    ]
    parts = [f"Marks: {', '.join(keys)}." if keys else "No marks."]
    if any(view.lesions for view in views):
        parts.append("Dotted: the lesion; beside the views, enlarged without marks.")
    elif any(_places(view, views) for view in views):
        parts.append("Beside the views: where the AI marked, enlarged without marks.")
    hidden = sum(len(view.marks) for view in views) - len(drawn)
    if hidden:
        parts.append(f"Marks on other frames, not drawn: {hidden}.")
    for view in views:
        frame = f"frame {view.frame} of {view.image.frames}" if view.image.frames > 1 else ""
        if text := "; ".join(filter(None, (frame, view.notes))):
            parts.append(escape(f"{view.image.laterality} {view.image.view}: {text}."))
    return " ".join([*parts, "The pictures are reduced and not fit to be read."])


def _key(role: Role) -> str:
    """Return the symbol of a role as a letter of the text, in its colour."""
    style = (
        "width:.8em;height:.8em;overflow:visible;vertical-align:-.08em;display:inline-block;"
        "margin:0 .15em"
    )
    return (
        f'<svg viewBox="-1 -1 2 2" style="{style}" aria-hidden="true" fill="none" '
        f'stroke="currentColor" stroke-width="1.5">{_shape(role)}</svg>'
    )


def _shape(role: Role) -> str:
    """Return the symbol; its lines keep their width whatever its size."""
    return _SHAPES[role].replace("/>", ' vector-effect="non-scaling-stroke"/>')


def _drawn(view: CaseView) -> list[ViewMark]:
    """Return the marks of the frame that is shown."""
    return [mark for mark in view.marks if mark.frame in (None, view.frame)]


def _frame(place: tuple[str, str], view: CaseView | None, longest: int, stamp: str) -> str:
    """Return one of the four frames; the chest walls of a pair meet in the middle."""
    name = " ".join(place)
    outer = "left" if place[0] == "R" else "right"
    muted = _LIGHT_ON_BLACK["muted"]
    if view is None:
        style = f"{_PLACE};display:grid;place-items:center;border:1px dashed {muted};color:{muted}"
        return f'<div style="{style}">{name}: no picture</div>'
    rows, columns = view.image.pixels.shape
    # As large as fits in three by four, against the chest wall.
    fit = "width:100%" if 4 * columns >= 3 * rows else "height:100%"
    wall = "right" if place[0] == "R" else "left"
    box = (
        f"position:absolute;{wall}:0;top:50%;transform:translateY(-50%);{fit};"
        f"aspect-ratio:{columns}/{rows}"
    )
    drawn = [_mark(mark, view.image) for mark in _drawn(view)]
    marks = "".join([*drawn, *(_lesion(lesion, view.image) for lesion in view.lesions)])
    return (
        f'<div style="{_PLACE}"><div style="{box}"><img alt="{_alt(name, view)}" '
        f'style="{_WHOLE}" src="{_picture(view.image, longest)}"><svg style="{_WHOLE}" '
        f'viewBox="0 0 {columns} {rows}" preserveAspectRatio="none" fill="none" '
        f'aria-hidden="true">{marks}</svg></div>{_corner(outer, "top", name, "ink")}'
        f"{_corner(outer, 'bottom', stamp, 'sim') if stamp else ''}</div>"
    )


def _alt(name: str, view: CaseView) -> str:
    """Return what is to be seen, for who does not."""
    said = [
        f"{words}: {', '.join(mark.label or 'no score' for mark in marks)}"
        for role, words in ROLE_WORDS.items()
        if (marks := [mark for mark in _drawn(view) if mark.role == role])
    ]
    return escape(f"Mammogram {name}. Marks: {'; '.join(said) or 'none'}.")


def _corner(side: str, edge: str, text: str, role: str) -> str:
    """Return words in a corner that lies away from the chest wall."""
    style = (
        f"position:absolute;{side}:6px;{edge}:4px;color:{_LIGHT_ON_BLACK[role]};"
        f"font-size:13px;font-weight:600;line-height:1.2;text-shadow:0 0 2px {_BLACK},0 0 4px "
        f"{_BLACK}"
    )
    return f'<span style="{style}">{escape(text)}</span>'


def _mark(mark: ViewMark, image: MammogramImage) -> str:
    """Return a mark: its symbol on a wider black line, so that it is seen on bright tissue."""
    x, y = image.placed(mark.x, mark.y)
    size = max(mark.radius or 0.0, max(image.pixels.shape) * _SYMBOL)
    colour = _LIGHT_ON_BLACK[mark.role]
    shape = _shape(mark.role)
    return (
        f'<g transform="translate({x:.1f} {y:.1f}) scale({size:.1f})">'
        f"<title>{escape(mark.words)}</title>"
        f'<g stroke="{_BLACK}" stroke-width="3">{_solid(shape)}</g>'
        f'<g stroke="{colour}" stroke-width="1.5">{shape}</g></g>'
    )


def _lesion(lesion: ViewLesion, image: MammogramImage) -> str:
    """Return the outline of a lesion: dots, so that no mark is taken for it."""
    corners = (image.placed(x, y) for x, y in lesion.corners)
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
    outline = f'<polygon points="{points}" vector-effect="non-scaling-stroke"'
    dots = 'stroke-linecap="round" stroke-dasharray="0 5"'
    return (
        f"<g><title>{escape(f'lesion {lesion.label}'.strip())}</title>"
        f'{outline} stroke="{_BLACK}" stroke-width="4.5" {dots}/>'
        f'{outline} stroke="{_LIGHT_ON_BLACK["ink"]}" stroke-width="2.5" {dots}/></g>'
    )


def _solid(shape: str) -> str:
    return shape.replace(' stroke-dasharray="4 3"', "")


def _places(view: CaseView, views: Sequence[CaseView]) -> list[tuple[float, float, float]]:
    """Return what is shown enlarged: centre and radius of each lesion in the picture as shown.

    Of a case without a lesion it is the AI's mark with the highest label of each view.
    """
    image = view.image
    if any(one.lesions for one in views):
        found = []
        for lesion in view.lesions:
            x, y = zip(*(image.placed(*corner) for corner in lesion.corners), strict=True)
            radius = max(max(x) - min(x), max(y) - min(y)) / 2
            found.append(((max(x) + min(x)) / 2, (max(y) + min(y)) / 2, radius))
        return found
    marks = [mark for mark in _drawn(view) if mark.role == "ai"]
    if not marks:
        return []
    highest = max(marks, key=lambda mark: _score(mark.label))
    return [(*image.placed(highest.x, highest.y), highest.radius or 0.0)]


def _score(label: str) -> float:
    """Return the score that a label is, below all where it is none."""
    try:
        return float(label)
    except ValueError:
        return float("-inf")


def _crop(view: CaseView, place: tuple[float, float, float], stamp: str) -> str:
    """Return a part of a view, without marks, its middle where the place is."""
    rows, columns = view.image.pixels.shape
    x, y, radius = place
    side = min(max(rows, columns) * _CROP_SHARE, rows, columns)
    half = min(max(side, 2 * radius * _CROP_TIMES), rows, columns) / 2
    left, top = (
        round(min(max(at - half, 0), end - 2 * half)) for at, end in ((x, columns), (y, rows))
    )
    size = max(1, int(2 * half))
    grey = view.image.grey()[top : top + size, left : left + size]
    name = f"{view.image.laterality} {view.image.view}"
    return (
        '<div style="position:relative;flex:1 1 140px;aspect-ratio:1;overflow:hidden">'
        f'<img alt="Part of {name} enlarged, without marks." style="{_WHOLE}" '
        f'src="{_jpeg(grey, _CROP_PIXELS)}">'
        f"{_corner('left', 'top', name, 'ink')}"
        f"{_corner('left', 'bottom', stamp, 'sim') if stamp else ''}</div>"
    )


def _picture(image: MammogramImage, longest: int) -> str:
    """Return a whole picture as a data address."""
    return _jpeg(image.grey(), longest)


def _jpeg(grey: NDArray[np.uint8], longest: int) -> str:
    """Return a small JPEG as a data address; pixels are averaged in blocks."""
    from PIL import Image

    picture = Image.fromarray(grey)
    factor = max(1, -(-max(picture.size) // longest))
    stream = io.BytesIO()
    picture.reduce(factor).save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode()
