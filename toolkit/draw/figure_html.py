"""A picture with its number, finding, caption, alt text, data and file."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Mapping
from csv import writer
from html import escape
from itertools import zip_longest
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from toolkit.draw.text import anchor, rich_text

if TYPE_CHECKING:
    import pandas as pd

_LONGEST_ALT = 250
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_VARIABLE = re.compile(r"var\(--[\w-]+, ?(#[0-9a-f]{6})\)")
_ROOT = re.compile(r"<svg\b([^>]*)>")
# Spaces and slashes may stand in an address between quotes; quotes, < and # may not.
_UNQUOTED = " /:;=,?!()*'+$@~{}[]|"


def _csv_cell(value: Any) -> str:
    """Return a value that a spreadsheet reads as what it is, never as a formula."""
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(float(value))
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return str(value)


def csv_text(columns: Mapping[str, Iterable[Any]] | pd.DataFrame) -> str:
    r"""Return columns as CSV at full precision; text cannot act as a formula.

    Parameters
    ----------
    columns : mapping of str to iterable, or DataFrame
        Shorter columns are filled with empty cells; NaN is an empty cell.

    Examples
    --------
    >>> csv_text({"reader": ["R1", "=1+1"], "auc": [0.842, float("nan")]})
    "reader,auc\r\nR1,0.842\r\n'=1+1,\r\n"
    """
    named = {str(name): list(column) for name, column in columns.items()}
    target = io.StringIO()
    lines = writer(target)
    lines.writerow(_csv_cell(name) for name in named)
    for row in zip_longest(*named.values(), fillvalue=""):
        lines.writerow(_csv_cell(value) for value in row)
    return target.getvalue()


def _download(text: str, *, label: str, kind: str, name: str) -> str:
    """Return a link that holds the file itself."""
    address = escape(f"data:{kind};charset=utf-8,{quote(text, safe=_UNQUOTED)}")
    return f'<a href="{address}" download="{name}">{label}</a>'


def _standalone(svg: str) -> str:
    """Return a picture that stands alone: light colours in place of variables, white paper."""
    light = _VARIABLE.sub(r"\1", svg)
    paper = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return _ROOT.sub(lambda root: root[0] + paper, light, count=1)


def _labelled(svg: str, alt: str) -> str:
    """Return the picture with its alt text, which is checked."""
    if not alt.strip() or len(alt) > _LONGEST_ALT:
        msg = (
            f"alt must say in 1 to {_LONGEST_ALT} characters what kind of plot it is, of what, "
            f"and the one number; got {len(alt)} characters: {alt!r}"
        )
        raise ValueError(msg)
    if not _ROOT.match(svg):
        msg = f"svg must begin with <svg, as figure_svg returns it, but begins {svg[:40]!r}"
        raise ValueError(msg)
    label = f'<svg role="img" aria-label="{escape(alt)}"'
    return label + svg.removeprefix("<svg")


def _stamp_sentence(stamp: str) -> str:
    """Return the words of a stamp as sentences of the caption."""
    return "".join(f" {word.strip().capitalize()}." for word in stamp.split("·") if word.strip())


def figure_html(
    svg: str,
    *,
    number: str,
    finding: str,
    caption: str,
    alt: str,
    stamp: str = "",
    csv: Mapping[str, Iterable[Any]] | pd.DataFrame | None = None,
    narrow: bool = False,
) -> str:
    """Return a figure for the page.

    Parameters
    ----------
    svg : str
        From ``figure_svg``; the stamp is inside it already.
    number : str
        Chapter and order, such as "6.1"; also makes the anchor "figure-6-1".
    finding, caption : str
        What is seen, in a sentence; then what is drawn, n, method of the CI, abbreviations.
    alt : str
        Kind of plot, of what, what it shows, the one number; at most 250 characters.
    stamp : str
        The stamp in the picture, such as "SIMULATED", repeated at the end of the caption.
    csv : mapping of str to iterable, or DataFrame, optional
        The plotted numbers, offered as a file.
    narrow : bool
        Whether the picture fits a phone and need not scroll there.

    Raises
    ------
    ValueError
        If the alt text is missing or too long, the SVG is not one, or the number malformed.
    """
    name = anchor("figure", number)
    labelled = _labelled(svg, alt)
    links = _download(_standalone(labelled), label="SVG", kind="image/svg+xml", name=f"{name}.svg")
    if csv is not None:
        # The mark in front tells spreadsheets that the text is UTF-8.
        text = f"\ufeff{csv_text(csv)}"
        data = _download(text, label="Data", kind="text/csv", name=f"{name}.csv")
        links = f"{data} {links}"
    return (
        f'<figure class="{"fig fig-narrow" if narrow else "fig"}" id="{name}">'
        f'<div class="figbox" tabindex="0" role="group" aria-label="Figure {number}">{labelled}'
        f"</div><figcaption><b>Figure {number}.</b> "
        f'<span class="t">{rich_text(finding)}</span> '
        f"{rich_text(caption + _stamp_sentence(stamp))} "
        f'<span class="dl">{links}</span></figcaption></figure>'
    )
