"""Executed notebooks as pages for Sphinx: what a reviewer reads, and nothing else.

Kept are the texts and the outputs that can be shown. Left behind are code (unless asked for),
parameters, error streams, widgets, scripts, execution times, paths and all other metadata.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from toolkit.draw.html import Pill, PillKind, banner_html, strip_html
from toolkit.draw.page import BannerKind
from toolkit.study.book.contents import PHRASES, BookChapter, BookError, FrontPage, as_sentence
from toolkit.study.book.trail import Trail, trail_html
from toolkit.study.run.workspace import to_json


def _names(words: str) -> frozenset[str]:
    """Return the words of a list written as one text."""
    return frozenset(words.split())


_VOID = _names("br col hr img wbr")
# End tags that HTML lets a writer leave out, so they need not pair.
_OPTIONAL_END = _names("p li dt dd tr td th thead tbody tfoot colgroup")
_TEXT_ELEMENTS = _names(
    "a abbr aside b bdi bdo blockquote br caption cite code col colgroup dd del details "
    "dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li mark "
    "nav ol p pre q s samp section small span strong sub summary sup table tbody td tfoot th thead "
    "time tr u ul var wbr"
)
_DRAWING_ELEMENTS = _names(
    "svg g defs path rect circle ellipse line polyline polygon text tspan textpath title desc use "
    "symbol marker clippath mask pattern lineargradient radialgradient stop"
)
_FORMULA_ELEMENTS = _names(
    "math menclose merror mfenced mfrac mi mlabeledtr mmultiscripts mn mo mover mpadded mphantom "
    "mprescripts none mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr "
    "munder munderover semantics"
)
_SELF_CLOSING = _DRAWING_ELEMENTS | _FORMULA_ELEMENTS
_ELEMENTS = _TEXT_ELEMENTS | _SELF_CLOSING
_ADDRESS_ATTRIBUTES = _names("href src xlink:href cite action formaction data ping")
_LOADING_ATTRIBUTES = _names("srcset srcdoc poster background")
_ATTRIBUTE_NAME = re.compile(r"[a-z_][a-z0-9_.:-]*")

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:|//")
_IMAGE_DATA = re.compile(r"data:image/(png|jpeg|svg\+xml);")
_FILE_DATA = re.compile(r"data:(text/csv|text/plain|application/json|image/svg\+xml)[;,]")
_STYLE_THAT_LOADS = re.compile(
    r"@import|expression\s*\(|url\s*\(\s*(?![\"']?(#|data:image/))", re.I
)
_DOI = re.compile(r"https?://(?:dx\.)?doi\.org/", re.I)
_WEB = re.compile(r"https?://", re.I)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """HTML as the book shows it.

    Parameters
    ----------
    html : str
        The HTML, written anew; comments and style sheets are gone, links to elsewhere are text.
    text : str
        The text that a reader sees or hears, for the search.
    faults : tuple of str
        What makes it unfit for the book; empty if it is fit.
    """

    html: str
    text: str
    faults: tuple[str, ...]


def read_html(source: str, *, whole: bool = True) -> Reading:
    """Read a piece of HTML that a notebook put out.

    Parameters
    ----------
    source : str
        The HTML.
    whole : bool
        Whether every element must also end in it; a piece of a Markdown line need not.

    Examples
    --------
    >>> read_html('<p>AUC <b>0.817</b></p>').text
    'AUC 0.817'
    >>> read_html('<img src=x onerror=alert(1)>').faults
    ("the attribute 'onerror'",)
    """
    reader = _Reader()
    reader.feed(source)
    reader.close()
    faults = dict.fromkeys(reader.faults + (reader.unpaired() if whole else []))
    text = " ".join("".join(reader.said).split())
    return Reading(html="".join(reader.written), text=text, faults=tuple(faults))


def plain_addresses(text: str) -> str:
    """Return a text in which web addresses have no scheme, so that nothing takes them for links.

    Examples
    --------
    >>> plain_addresses("https://doi.org/10.1148/radiol.12121116 and https://example.org/a")
    'doi:10.1148/radiol.12121116 and example.org/a'
    """
    return _WEB.sub("", _DOI.sub("doi:", text))


def escape_markdown(text: str) -> str:
    r"""Return a text as Markdown that shows it as it is, in one line, its addresses plain.

    Examples
    --------
    >>> escape_markdown("a*b* <i>")
    'a\\*b\\* \\<i\\>'
    """
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", " ".join(plain_addresses(text).split()))


def left_out_html(faults: tuple[str, ...]) -> str:
    """Return the line that stands where an unfit output stood."""
    reasons = escape("; ".join(faults))
    return f'<p class="left-out">An output is left out of the book: {reasons}.</p>'


def is_elsewhere(address: str) -> bool:
    """Whether an address has a scheme or a host, so does not stay in the book."""
    return bool(_SCHEME.match(_bare(address)))


def _bare(address: str) -> str:
    """Return an address as a browser reads it: without blanks and controls, in lower case."""
    return re.sub(r"[\x00-\x20]", "", address).lower()


class _Reader(HTMLParser):
    """Write HTML anew, token by token, and note its words and its faults.

    Tags are written from their parsed parts, never copied, so that a browser cannot read them in
    another way than they were checked. Attribute names come out in lower case; browsers restore
    the capitals of drawings (``viewBox``).
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.written: list[str] = []
        self.said: list[str] = []
        self.faults: list[str] = []
        self._open: Counter[str] = Counter()

    def unpaired(self) -> list[str]:
        """Name the elements whose start and end tags do not pair."""
        names = sorted(name for name, count in self._open.items() if count)
        return [f"its <{name}> tags do not pair" for name in names]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check an element and write its start."""
        self._start(tag, attrs, end=">")
        if tag not in _VOID | _OPTIONAL_END:
            self._open[tag] += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check an element that closes itself; HTML lets only drawings and formulas do so."""
        if tag in _SELF_CLOSING:
            self._start(tag, attrs, end="/>")
        else:
            self.handle_starttag(tag, attrs)

    def _start(self, tag: str, attrs: list[tuple[str, str | None]], *, end: str) -> None:
        """Check an element and its attributes and write them."""
        if tag == "style":
            return
        if tag not in _ELEMENTS:
            self.faults.append(f"the element <{tag}>")
            return
        self.said.append(" ")
        download = any(name == "download" for name, _ in attrs)
        kept = []
        for name, value in attrs:
            if name in ("alt", "aria-label"):
                self.said.append(f"{value} ")
            if self._keeps(tag, name, value or "", download=download):
                plain = value if name in _ADDRESS_ATTRIBUTES else plain_addresses(value or "")
                kept.append(f' {name}="{escape(plain or "")}"')
        self.written.append(f"<{tag}{''.join(kept)}{end}")

    def _keeps(self, tag: str, name: str, value: str, *, download: bool) -> bool:
        """Note the fault of an attribute and return whether it is written."""
        if not _ATTRIBUTE_NAME.fullmatch(name) or name.startswith("xmlns"):
            return False
        if name.startswith("on") or name in _LOADING_ATTRIBUTES:
            self.faults.append(f"the attribute {name!r}")
        elif name == "style" and _STYLE_THAT_LOADS.search(value):
            self.faults.append("a style that loads something")
        elif name in _ADDRESS_ATTRIBUTES and is_elsewhere(value):
            address = _bare(value)
            if tag == "a" and address.startswith(("http:", "https:", "mailto:", "//")):
                return False
            fits = _IMAGE_DATA if tag == "img" else _FILE_DATA
            if not fits.match(address) or not (tag == "img" or download):
                self.faults.append(f"an address outside the book in <{tag} {name}>")
        return True

    def handle_endtag(self, tag: str) -> None:
        """Write the end of an element."""
        if tag not in _ELEMENTS and tag != "style":
            return
        self.said.append(" ")
        if tag not in _VOID | _OPTIONAL_END:
            self._open[tag] -= 1
            if self._open[tag] < 0:
                self.faults.append(f"its <{tag}> tags do not pair")
        if tag not in _VOID and tag != "style":
            self.written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        """Write text."""
        if not self._open["style"]:
            self._say(data)
            self.written.append(plain_addresses(data).replace("<", "&lt;").replace(">", "&gt;"))

    def handle_entityref(self, name: str) -> None:
        """Write a named character."""
        self._reference(f"&{name};")

    def handle_charref(self, name: str) -> None:
        """Write a numbered character."""
        self._reference(f"&#{name};")

    def _reference(self, reference: str) -> None:
        """Write a character that is given by name or number."""
        if not self._open["style"]:
            self._say(unescape(reference))
            self.written.append(reference)

    def _say(self, text: str) -> None:
        """Note text that a reader sees, not the ticks and labels of a drawing."""
        if not self._open["svg"] or self._open["title"] or self._open["desc"]:
            self.said.append(text)


_SHOWN = ("text/html", "text/markdown", "image/png", "text/plain")
_NO_SOURCE = "pass"  # never shown; myst-nb skips cells whose source is empty
_NO_ALT = "A picture that the chapter shows without a description"
_PARAMETER_TAGS = frozenset(("parameters", "injected-parameters"))
_HEADING = re.compile(r"\A\s*#[ \t]+[^\n]*\n?")
_MARKDOWN_LINK = re.compile(
    r"\[(?P<text>[^\[\]]*)\]\((?P<name>[0-9]{2}_[\w-]+)(?:\.(?:ipynb|md|html))?(?P<anchor>#[\w-]+)?\)"
)
_DOC_ROLE = re.compile(r"\{doc\}`(?:(?P<text>[^`<>]*?)\s*<)?(?P<name>[0-9]{2}_[\w-]+)>?`")
# A notebook carries each picture twice, as a drawing and as a file; in the book ``files.js`` makes
# the file from the drawing when it is wanted.
_PICTURE_FILE = re.compile(
    r'<a href="data:image/svg\+xml[^"]*" download="(figure-[\w-]+)\.svg">SVG</a>'
)
_PICTURE_LINKS = (
    r'<a class="picture" data-kind="svg" href="#\1">SVG</a> '
    r'<a class="picture" data-kind="png" href="#\1">PNG</a>'
)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_PICTURE = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"sRGB", b"pHYs", b"sBIT")
)

Cell = dict[str, Any]
Pages = Mapping[str, Mapping[str, Any]]


def page_targets(chapters: Sequence[BookChapter]) -> dict[str, dict[str, Any]]:
    """Return the page that a link to a chapter leads to, by the chapter's name.

    A chapter that stands in the book under another name is found by its number as well.
    """
    targets: dict[str, dict[str, Any]] = {}
    for chapter in chapters:
        page = {
            "name": chapter.name,
            "complete": chapter.status == "complete",
            "title": f"{chapter.number} {chapter.heading}",
        }
        targets[chapter.name] = page
        targets.setdefault(chapter.number, page)
    return targets


def write_sources(
    folder: Path,
    *,
    front: FrontPage,
    chapters: Sequence[BookChapter],
    landing: str,
    with_code: bool,
) -> None:
    """Write the notebooks that Sphinx reads.

    Parameters
    ----------
    folder : Path
        Where they go; it is made.
    front, chapters
        What the book holds.
    landing : str
        HTML of the first page below its title.
    with_code : bool
        Whether code is shown, folded.

    Raises
    ------
    BookError
        If an executed notebook is absent or is none.
    """
    pages = page_targets(chapters)
    (folder / "chapters").mkdir(parents=True)
    for chapter in chapters:
        if chapter.status == "complete":
            cells = _complete_page(chapter, pages, with_code=with_code)
            if chapter.trail is not None:
                cells.append(_html_cell(_trail(chapter, chapter.trail, cells)))
            if front.simulated and not _says_simulated(cells):
                cells.insert(1, _html_cell(_strip(front)))
        else:
            cells = _status_page(chapter, front)
        _write_notebook(folder / "chapters" / f"{chapter.name}.ipynb", cells)
    cells = [
        _markdown_cell(f"# {escape_markdown(front.title)}\n"),
        _html_cell(landing),
        _markdown_cell(_contents(chapters, front)),
    ]
    _write_notebook(folder / "index.ipynb", cells)


def _contents(chapters: Sequence[BookChapter], front: FrontPage) -> str:
    """Return the hidden tables of contents, one a part, that make the sidebar."""
    blocks = []
    for part, title in PHRASES[front.language].parts.items():
        names = [f"chapters/{chapter.name}" for chapter in chapters if chapter.part == part]
        if names:
            head = f"```{{toctree}}\n:hidden:\n:caption: {part} {title}\n\n"
            blocks.append(head + "\n".join(names) + "\n```\n")
    return "\n".join(blocks)


def _status_page(chapter: BookChapter, front: FrontPage) -> list[Cell]:
    """Return the page of a chapter that has no result to show."""
    word, consequence = PHRASES[front.language].banners[chapter.status]
    kind: BannerKind = "failed" if chapter.status == "failed" else "blinded"
    banner = banner_html(kind, word, f"{as_sentence(chapter.reason)} {consequence}")
    return [
        _markdown_cell(f"{_title(chapter)}\n{escape_markdown(chapter.question)}\n"),
        _html_cell(_strip(front) + banner),
    ]


def _trail(chapter: BookChapter, trail: Trail, cells: Sequence[Cell]) -> str:
    """Return the paper trail of a chapter, with the figures and tables of its page."""
    shown = (output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    record = (
        None
        if chapter.record is None
        else (f"../records/{chapter.name}.json", to_json(chapter.record))
    )
    return trail_html(trail, [data.get("text/html", "") for data in shown], record=record)


def _strip(front: FrontPage) -> str:
    """Return the status strip that says where the data come from."""
    kind: PillKind = "simulated" if front.simulated else "plain"
    return strip_html([Pill(PHRASES[front.language].origins[front.origin], kind)])


def _title(chapter: BookChapter) -> str:
    """Return the heading of a chapter's page, number first."""
    return f"# {chapter.number} {escape_markdown(chapter.heading)}\n"


def _complete_page(chapter: BookChapter, pages: Pages, *, with_code: bool) -> list[Cell]:
    """Return the cells of an executed notebook as the book shows them."""
    cells = []
    for cell in _read_cells(chapter):
        source = "".join(cell.get("source", ""))
        if cell["cell_type"] == "markdown":
            cells.append(_markdown_cell(_with_links(source, pages, ending=".ipynb")))
        elif cell["cell_type"] == "code":
            cells.extend(_code_cell(cell, source, pages, with_code=with_code))
    title = _title(chapter)
    if cells and cells[0]["cell_type"] == "markdown" and _HEADING.match(cells[0]["source"]):
        cells[0]["source"] = _HEADING.sub(lambda _: title, cells[0]["source"])
        return cells
    return [_markdown_cell(title), *cells]


def _read_cells(chapter: BookChapter) -> list[Cell]:
    """Return the cells of a chapter's executed notebook."""
    assert chapter.notebook is not None  # a complete chapter has one
    try:
        notebook = json.loads(chapter.notebook.read_text(encoding="utf-8"))
        cells: list[Cell] = notebook["cells"]
    except FileNotFoundError:
        msg = f"{chapter.name}: its executed notebook {chapter.notebook.name} does not exist"
        raise BookError(msg) from None
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{chapter.name}: {chapter.notebook.name} is not a notebook ({error})"
        raise BookError(msg) from error
    return cells


def _code_cell(cell: Cell, source: str, pages: Pages, *, with_code: bool) -> Iterable[Cell]:
    """Return a code cell with what is shown of it; nothing if that is nothing."""
    outputs = [shown for output in cell.get("outputs", []) if (shown := _output(output, pages))]
    parameters = not _PARAMETER_TAGS.isdisjoint(cell.get("metadata", {}).get("tags", []))
    code = source if with_code and not parameters else ""
    if outputs or code.strip():
        tag = "hide-input" if code.strip() else "remove-input"
        yield {
            "cell_type": "code",
            "execution_count": None,
            "metadata": {"tags": [tag]},
            "source": code or _NO_SOURCE,
            "outputs": outputs,
        }


def _output(output: Mapping[str, Any], pages: Pages) -> dict[str, Any] | None:
    """Return one output in the best form that the book shows, or None."""
    if output["output_type"] == "stream" and output["name"] == "stdout":
        return {"output_type": "stream", "name": "stdout", "text": "".join(output["text"])}
    data = output.get("data", {})
    for kind in _SHOWN:
        if kind in data:
            content = "".join(data[kind])
            if kind == "text/markdown":
                content = _with_links(content, pages, ending=".html")
            elif kind == "text/html":
                content = _PICTURE_FILE.sub(_PICTURE_LINKS, content)
            elif kind == "image/png":
                kind, content = "text/html", _picture(content)
            return {"output_type": "display_data", "data": {kind: content}, "metadata": {}}
    return None


def _picture(encoded: str) -> str:
    """Return a picture as part of the page; the notebook knows no words for it."""
    return f'<img src="data:image/png;base64,{_bare_png(encoded)}" alt="{_NO_ALT}">'


def _bare_png(encoded: str) -> str:
    """Return a picture without its texts, dates and every other chunk that is not picture."""
    content = base64.b64decode(encoded)
    if not content.startswith(_PNG_SIGNATURE):
        return encoded
    kept, place = [_PNG_SIGNATURE], len(_PNG_SIGNATURE)
    while place < len(content):
        length = struct.unpack(">I", content[place : place + 4])[0]
        end = place + 12 + length  # length, name and checksum take four bytes each
        if content[place + 4 : place + 8] in _PNG_PICTURE:
            kept.append(content[place:end])
        place = end
    return base64.b64encode(b"".join(kept)).decode("ascii")


def _with_links(text: str, pages: Pages, *, ending: str) -> str:
    """Return Markdown whose links to other chapters lead to pages that this book has.

    In a text they end as their source does, and Sphinx finds the page; in an output, which
    myst-nb reads as plain Markdown, as the page does.
    """

    def link(match: re.Match[str]) -> str:
        found = pages.get(match["name"]) or pages.get(match["name"][:2])
        words = match["text"] or ""
        if found is None:
            return words or match["name"]
        anchor = match.groupdict().get("anchor") or ""
        # Only a complete chapter has the headings that an anchor may name.
        target = found["name"] + ending + (anchor if found["complete"] else "")
        return f"[{words or escape_markdown(found['title'])}]({target})"

    return _DOC_ROLE.sub(link, _MARKDOWN_LINK.sub(link, text))


def _says_simulated(cells: Sequence[Cell]) -> bool:
    """Whether an output carries the pill or the banner of simulated data."""
    shown = (output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    return any(
        re.search(r'class="(?:pill|banner) sim\b', data.get("text/html", "")) for data in shown
    )


def _markdown_cell(source: str) -> Cell:
    """Return a cell with Markdown."""
    return {"cell_type": "markdown", "metadata": {}, "source": source}


def _html_cell(html: str) -> Cell:
    """Return a code cell whose only content is HTML that it put out."""
    output = {"output_type": "display_data", "data": {"text/html": html}, "metadata": {}}
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": {"tags": ["remove-input"]},
        "source": _NO_SOURCE,
        "outputs": [output],
    }


def _write_notebook(path: Path, cells: Sequence[Cell]) -> None:
    """Write a notebook; its format is older than cell identifiers, so that none is drawn."""
    content = {
        "cells": list(cells),
        "metadata": {"language_info": {"name": "python", "pygments_lexer": "python"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
