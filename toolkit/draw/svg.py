"""A figure as inline SVG: one picture for JupyterLab, the book, dark mode and print.

Colours become CSS variables with their light value behind, text stays text, nothing restyles the
page around it, and the same figure always gives the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from itertools import count
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.figure import Figure

from toolkit.draw.style import study_style
from toolkit.words.palette import ROLES

_VARIABLES = {light: f"var(--{role}, {light})" for role, (light, _) in ROLES.items()}
_COLOUR = re.compile(r"#[0-9a-f]{6}(?![0-9a-f])")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_FAMILY = "font-family: 'Study Sans'; "
# What matplotlib sets for every element of a page, and the face, are set for one picture alone.
_ROOT_STYLE = (
    "stroke-linejoin: round; stroke-linecap: butt; "
    "font-family: 'Study Sans', 'Source Sans 3', 'Source Sans Pro', Arial, 'Liberation Sans', "
    "sans-serif"
)
_HALO = "; paint-order: stroke; stroke: #ffffff; stroke-width: 3; stroke-linejoin: round"
_HREF = "{http://www.w3.org/1999/xlink}href"
_POINTS_TO_PIXELS = 96 / 72
_STAMP_HEIGHT = 0.22  # of the strip above a picture, in inches


def _raw_svg(figure: Figure) -> bytes:
    """Return matplotlib's own SVG, without a date."""
    target = io.BytesIO()
    # The salt makes the ids of clip paths and markers the same in every process.
    with study_style(), mpl.rc_context({"svg.hashsalt": "study"}):
        figure.savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()


def _rounded(match: re.Match[str]) -> str:
    """Return a coordinate to a hundredth of a point."""
    return f"{float(match[0]):.2f}".rstrip("0").rstrip(".")


def _clean_children(element: ElementTree.Element) -> None:
    """Drop the metadata, the style for the whole page, and line breaks between elements."""
    for child in list(element):
        tag = child.tag.rpartition("}")[2]
        if tag == "metadata" or child.find("{*}style") is not None:
            element.remove(child)
            continue
        child.tail = None
        if len(child):
            child.text = None
        _clean_children(child)


def _set_ids(element: ElementTree.Element, name: str) -> None:
    """Prefix the id and all references, so that several figures can share a page."""
    attributes = element.attrib
    if "id" in attributes:
        attributes["id"] = f"{name}-{attributes['id']}"
    if _HREF in attributes:
        attributes["xlink:href"] = f"#{name}-{attributes.pop(_HREF).removeprefix('#')}"
    for key, value in attributes.items():
        attributes[key] = _REFERENCE.sub(rf"url(#{name}-\1)", value)


def _set_style(element: ElementTree.Element) -> None:
    """Turn role colours into variables and shorten coordinates."""
    attributes = element.attrib
    if (fill := attributes.pop("fill", None)) is not None:
        attributes["style"] = f"fill: {fill}"
    if "style" in attributes:
        style = attributes["style"].replace(_FAMILY, "")
        attributes["style"] = _COLOUR.sub(lambda hit: _VARIABLES.get(hit[0], hit[0]), style)
    for key in ("d", "x", "y", "transform"):
        if key in attributes:
            attributes[key] = _LONG_NUMBER.sub(_rounded, attributes[key].replace("\n", " ").strip())
    if attributes.get("transform", "").startswith("rotate(-0 "):
        del attributes["transform"]


def _halos(root: ElementTree.Element) -> None:
    """Give texts that may cross lines an edge in the colour of the paper, and ids of their own."""
    numbers: Iterator[int] = count(1)
    for group in root.iter():
        if group.get("id") == "halo":
            group.set("id", f"text-{next(numbers)}-halo")
            for text in group.iter("{http://www.w3.org/2000/svg}text"):
                text.set("style", text.get("style", "") + _HALO)


def _stamped(root: ElementTree.Element, stamp: str, view: str) -> str:
    """Write the stamp above the picture and return the view that shows both."""
    left, top, width, height = (float(number) for number in view.split())
    strip = 72 * _STAMP_HEIGHT
    text = ElementTree.SubElement(root, "text")
    text.attrib = {
        "style": "font-weight: 600; font-size: 9px; text-anchor: end; "
        f"fill: {_VARIABLES[ROLES['sim'][0]]}",
        "x": f"{left + width:g}",
        "y": f"{top - strip + 9.36:.2f}",
    }
    text.text = stamp
    return f"{left:g} {top - strip:.2f} {width:g} {height + strip:.2f}"


def figure_svg(figure: Figure, *, name: str, stamp: str = "") -> str:
    """Return a figure as inline SVG for ``figure_html``.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn with role colours; other colours stay as they are and do not follow the page.
    name : str
        Prefix of all ids, unique on the page: letters, digits and hyphens.
    stamp : str
        A word such as SIMULATED, written at the top right, inside the picture, on a strip of its
        own; no figure knows of it.

    Returns
    -------
    str
        The same bytes for the same figure, in any process, time zone and locale.

    Raises
    ------
    ValueError
        If the name cannot begin an id.
    """
    if not _NAME.fullmatch(name):
        msg = f"name must be letters, digits and hyphens, beginning with a letter; got {name!r}"
        raise ValueError(msg)
    root = ElementTree.fromstring(_raw_svg(figure))
    _clean_children(root)
    root.text = root.tail = None
    _halos(root)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        _set_ids(element, name)
        _set_style(element)
    across, down = figure.get_size_inches()
    down += _STAMP_HEIGHT if stamp else 0.0
    width, height = (round(float(inches) * 72 * _POINTS_TO_PIXELS) for inches in (across, down))
    view = root.attrib["viewBox"]
    if stamp:
        view = _stamped(root, stamp, view)
    root.attrib = {
        "class": "plot",
        "xmlns": "http://www.w3.org/2000/svg",
        "xmlns:xlink": "http://www.w3.org/1999/xlink",
        "width": str(width),
        "height": str(height),
        "viewBox": view,
        "style": _ROOT_STYLE,
    }
    return ElementTree.tostring(root, encoding="unicode")
