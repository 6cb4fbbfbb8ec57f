"""What Sphinx does not do for the book: own titles, safe HTML, formulas without scripts, search.

Sphinx loads this module by its name and calls ``setup``.
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from toolkit.study.book.sources import is_elsewhere, left_out_html, plain_addresses, read_html
from toolkit.study.book.trail import TRAIL_START

_log = logging.getLogger(__name__)
_NUMBERED = re.compile(r"([0-9]{2}[a-z]*)\s+(.+)", re.S)
_PAGE_LINK = re.compile(r'href="([0-9]{2}_[A-Za-z0-9_-]+)\.html(#[^"]*)?"')


_ANCHOR = re.compile(r' id="((?:figure|table)-[\w-]+)"')


class html_output(nodes.General, nodes.Element):  # type: ignore[misc] # noqa: N801
    """HTML that is written as it is and searched by the text inside it.

    In lower case because docutils names the visitors after it; docutils has no types.

    Sphinx would strip the tags of a raw node and glue the words on both sides together.
    """


def _visit_html_output(writer: HTML5Translator, node: html_output) -> None:
    """Write the HTML; the text inside is for the search alone."""
    writer.body.append(node["html"])
    raise nodes.SkipNode


_LINES = (nodes.title, nodes.paragraph, nodes.literal_block, html_output)


class ChapterTitle(SphinxTransform):
    """Set the number of a title apart and mark the paragraph below it as the page's lead."""

    default_priority = 400

    def apply(self, **kwargs: Any) -> None:  # noqa: ARG002 - docutils passes them
        """Change the document in place."""
        title = next(iter(self.document.findall(nodes.title)), None)
        if title is None or self.env.docname == self.config.root_doc:
            return
        numbered = _NUMBERED.fullmatch(title.astext())
        if numbered and isinstance(title[0], nodes.Text):
            rest = title[0].astext().removeprefix(numbered[1])
            title[0:1] = [nodes.inline("", numbered[1], classes=["no"]), nodes.Text(rest)]
        lead = title.next_node(descend=False, siblings=True)
        if isinstance(lead, nodes.paragraph):
            lead["classes"].append("dek")


class StayInside(SphinxTransform):
    """Turn links that leave the book into text, and web addresses into plain ones."""

    default_priority = 850  # late, but before titles are collected for the sidebar

    def apply(self, **kwargs: Any) -> None:  # noqa: ARG002 - docutils passes them
        """Change the document in place."""
        for link in list(self.document.findall(nodes.reference)):
            address = link.get("refuri", "")
            if is_elsewhere(address):
                link.replace_self([*link.children, *_address_note(link.astext(), address)])
        for text in list(self.document.findall(nodes.Text)):
            raw = isinstance(text.parent, nodes.raw)  # SafeHtml reads that
            if not raw and (plain := plain_addresses(text)) != text:
                text.parent.replace(text, nodes.Text(plain))


def _address_note(text: str, address: str) -> list[nodes.Node]:
    """Return the address in brackets where the text of its link does not name it."""
    plain = plain_addresses(address)
    if plain in plain_addresses(text) or not address.lower().startswith(("http:", "https:")):
        return []
    return [nodes.Text(f" ({plain})")]


class SafeHtml(SphinxPostTransform):
    """Check every piece of HTML, make it searchable and drop what shows nothing."""

    default_priority = 800

    def run(self, **kwargs: Any) -> None:  # noqa: ARG002 - docutils passes them
        """Change the document in place."""
        for raw in list(self.document.findall(nodes.raw)):
            output = "text_html" in raw["classes"]
            reading = read_html(raw.astext(), whole=output)
            if reading.faults:
                reading = read_html(left_out_html(reading.faults))
            if not reading.html.strip():
                _remove(raw)
                continue
            html = _PAGE_LINK.sub(self._page_link, reading.html)
            if output:
                html = f'<div class="output text_html">{html}</div>\n'
            # Hashes and versions are looked up at the end of a page, not searched for.
            said = "" if reading.html.startswith(TRAIL_START) else reading.text
            raw.replace_self(html_output("", nodes.Text(said), html=html))

    def _page_link(self, match: re.Match[str]) -> str:
        """Return a link to another chapter as this book can keep it."""
        pages = self.config.study_pages
        target = pages.get(match[1]) or pages.get(match[1][:2])
        if target is None:
            return ""
        anchor = match[2] or ""
        return f'href="{target["name"]}.html{anchor if target["complete"] else ""}"'


class OneQuestion(SphinxPostTransform):
    """Drop the lead of a page whose headline asks the very same question below it."""

    default_priority = 805

    def run(self, **kwargs: Any) -> None:  # noqa: ARG002 - docutils passes them
        """Change the document in place."""
        outputs = [node.astext() for node in self.document.findall(html_output)]
        for lead in list(self.document.findall(nodes.paragraph)):
            question = " ".join(lead.astext().split())
            if "dek" in lead["classes"] and any(question in output for output in outputs):
                lead.parent.remove(lead)


class SearchLines(SphinxPostTransform):
    """Keep the texts of a page by the place where they stand, for the results of a search.

    Sphinx would fetch the page to show them, which no browser does in a folder without a server.
    """

    default_priority = 810

    def run(self, **kwargs: Any) -> None:  # noqa: ARG002 - docutils passes them
        """Note the texts; the document stays as it is."""
        lines, place = [], ""
        for node in self.document.findall():
            if isinstance(node, nodes.section):
                place = node["ids"][0]
            if not isinstance(node, _LINES) or isinstance(node.parent, html_output):
                continue
            text = " ".join(node.astext().split())
            own = _ANCHOR.search(node["html"]) if isinstance(node, html_output) else None
            if text:
                lines.append([own[1] if own else place, text])
        self.config.study_lines[self.env.docname] = lines


def _write_lines(app: Sphinx, error: Exception | None) -> None:
    """Write the texts of all pages as a script, since a page in a folder can read nothing else."""
    if error is None:
        lines = json.dumps(app.config.study_lines, ensure_ascii=False, sort_keys=True)
        text = f"window.studyLines = {lines};\n"
        Path(app.outdir, "searchlines.js").write_text(text, encoding="utf-8")


def _remove(node: nodes.Node) -> None:
    """Remove a node and every container that it leaves empty."""
    parent = node.parent
    parent.remove(node)
    if isinstance(parent, nodes.container) and not parent.children:
        _remove(parent)


def _mathml(node: nodes.Node, *, display: str) -> str:
    """Return a formula as MathML; one that cannot be set is a warning, so stops the book."""
    latex = node.astext().strip()
    try:
        reading = read_html(convert(latex, display=display))
    except Exception as error:  # the converter raises errors of many kinds
        _log.warning("the formula %r cannot be set: %r", latex, error, location=node)
        return ""
    faults = reading.faults
    if "\\" in reading.text:  # the converter prints commands that it does not know
        faults += ("a command that is not known",)
    if faults:
        _log.warning("the formula %r holds %s", latex, "; ".join(faults), location=node)
    return reading.html


def _visit_math(writer: HTML5Translator, node: nodes.math) -> None:
    """Write a formula in a line."""
    writer.body.append(_mathml(node, display="inline"))
    raise nodes.SkipNode


def _visit_math_block(writer: HTML5Translator, node: nodes.math_block) -> None:
    """Write a formula on a line of its own, with its number if it has one."""
    writer.body.append(writer.starttag(node, "div", CLASS="formula"))
    writer.body.append(_mathml(node, display="block"))
    if node["number"]:
        number = get_node_equation_number(writer, node)
        writer.body.append(f'<span class="eqno">({number})</span>')
    writer.body.append("</div>\n")
    raise nodes.SkipNode


def fold(word: str) -> str:
    """Return a word without diacritics, in lower case.

    Examples
    --------
    >>> fold("Nhũ"), fold("Đọc")
    ('nhu', 'doc')
    """
    apart = unicodedata.normalize("NFD", word.lower().replace("đ", "d"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


class FoldedSearch(SearchEnglish):
    """English word stems of words without diacritics; ``search.js`` folds the query the same way.

    No stop words: without diacritics many Vietnamese words would look like English ones.
    """

    lang = "folded"
    stopwords = frozenset()

    def split(self, input: str) -> list[str]:
        """Return the words of a text; marks inside words and invisible joiners are no borders."""
        text = unicodedata.normalize("NFC", input)
        return super().split(text.replace("\u2060", "").replace("\u00ad", ""))

    def stem(self, word: str) -> str:
        """Return the stem of a word without diacritics."""
        return str(super().stem(fold(word)))


def _prepare_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Keep scripts and styles of others off the page.

    Scripts written into the page: the policy forbids them, and none is needed. The styles of
    myst-nb: they box, scroll and lighten outputs; ``page.css`` says what the book needs.
    """
    del app, pagename, templatename, doctree
    context["metatags"] = ""
    context["script_files"] = [
        script for script in context["script_files"] if getattr(script, "filename", script)
    ]
    context["css_files"] = [
        style
        for style in context["css_files"]
        if not str(getattr(style, "filename", style)).startswith("_static/mystnb.")
    ]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything; Sphinx calls it."""
    app.add_config_value("study_pages", {}, "env", dict)
    app.add_config_value("study_lines", {}, "", dict)
    app.add_node(html_output, html=(_visit_html_output, None))
    app.add_transform(ChapterTitle)
    app.add_transform(StayInside)
    app.add_post_transform(SafeHtml)
    app.add_post_transform(OneQuestion)
    app.add_post_transform(SearchLines)
    app.add_html_math_renderer("mathml", (_visit_math, None), (_visit_math_block, None))
    app.add_search_language(FoldedSearch)
    # After the themes, which add scripts to the page in the same event.
    app.connect("html-page-context", _prepare_page, priority=900)
    app.connect("build-finished", _write_lines)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
