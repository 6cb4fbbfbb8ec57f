"""Executed notebooks as pages for Sphinx: what a reviewer reads, and nothing else.

Kept are the texts and the outputs that can be shown. Left behind are code (unless asked for),
parameters, error streams, widgets, scripts, execution times, paths and all other metadata.
"""

from __future__ import annotations

import base64
import json
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.draw.html import Pill, PillKind, banner_html, strip_html
from toolkit.draw.page import BannerKind
from toolkit.study.book.contents import BookChapter, BookError, FrontPage, as_sentence
from toolkit.study.book.markup import escape_markdown
from toolkit.study.book.phrases import PHRASES

_SHOWN = ("text/html", "text/markdown", "image/png", "text/plain")
_NO_SOURCE = "pass"  # never shown; myst-nb skips cells whose source is empty
_NO_ALT = "A picture that the chapter shows without a description"
_PARAMETER_TAGS = frozenset(("parameters", "injected-parameters"))
_HEADING = re.compile(r"\A\s*#[ \t]+[^\n]*\n?")
_MARKDOWN_LINK = re.compile(
    r"\[(?P<text>[^\[\]]*)\]\((?P<name>[0-9]{2}_[\w-]+)(?:\.(?:ipynb|md|html))?(?P<anchor>#[\w-]+)?\)"
)
_DOC_ROLE = re.compile(r"\{doc\}`(?:(?P<text>[^`<>]*?)\s*<)?(?P<name>[0-9]{2}_[\w-]+)>?`")
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
