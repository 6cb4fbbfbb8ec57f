"""The book as one PDF, printed by a Chromium from the delivered pages."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from posixpath import normpath

from toolkit.study.book.contents import BookError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
)
_LONGEST_S = 300

_ARTICLE = re.compile(r'<article class="bd-article">(.*?)</article>', re.S)
_NEXT = re.compile(r'<link rel="next" title="[^"]*" href="([^"]+)"')
_STYLE_SHEET = re.compile(r'<link [^>]*rel="stylesheet"[^>]*?>')
_ADDRESS = re.compile(r'href="([^"?]+)[^"]*"')
_LANGUAGE = re.compile(r'<html lang="([^"]+)"')
_TITLE = re.compile(r"<title>(.*?)</title>", re.S)
_PERMALINK = re.compile(r'<a class="headerlink".*?</a>', re.S)
_TAG = re.compile(r"<[a-zA-Z][^<>]*>")
_NAME = re.compile(r'( (?:id|aria-labelledby)=")([^"]+)"')
_REFERENCE = re.compile(r'((?:href="|url\()#)([^")]+)')
_PAGE_LINK = re.compile(r' href="([^":#]+\.html)(?:#([^"]*))?"')
_PDF_DATE = re.compile(rb"(/(?:CreationDate|ModDate) \(D:)[0-9]{14}")


def pdf_book(site: Path, out: Path) -> None:
    """Print a delivered book as one PDF: every page in its order, links leading inside.

    The same book gives the same bytes with the same browser: dates in the file are fixed.

    Parameters
    ----------
    site : Path
        The folder that ``build_book`` wrote.
    out : Path
        The PDF; replaced only when the new one is complete.

    Raises
    ------
    BookError
        If the folder is no book, no browser is installed, or the browser fails.
    """
    pages = list(_pages(site))
    browser = _browser()
    with tempfile.TemporaryDirectory() as folder:
        source, printed = Path(folder, "book.html"), Path(folder, "book.pdf")
        source.write_text(_one_page(site, pages), encoding="utf-8")
        _print(browser, source, printed)
        content = _PDF_DATE.sub(rb"\g<1>20000101000000", printed.read_bytes())
        finished = Path(folder, "finished.pdf")
        finished.write_bytes(content)
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(finished, out)


def _browser() -> str:
    """Return the path of a browser."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        msg = (
            f"a PDF needs a browser, but none of {', '.join(BROWSERS)} is installed; "
            "install Chromium, or print the pages from any browser"
        )
        raise BookError(msg)
    return found


def _pages(site: Path) -> Iterator[tuple[str, str]]:
    """Return name and text of every page, as the links to the next one lead."""
    name: str | None = "index.html"
    while name is not None:
        try:
            text = (site / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            msg = f"{site.name} has no {name}; is it a book that was built?"
            raise BookError(msg) from None
        yield name, text
        following = _NEXT.search(text)
        name = normpath(f"{Path(name).parent}/{following[1]}") if following else None


def _one_page(site: Path, pages: list[tuple[str, str]]) -> str:
    """Return all pages as one document without scripts."""
    first = pages[0][1]
    language, title = _LANGUAGE.search(first), _TITLE.search(first)
    styles = []
    for link in _STYLE_SHEET.findall(first):
        if address := _ADDRESS.search(link):
            uri = (site.resolve() / address[1]).as_uri()
            styles.append(f'<link rel="stylesheet" href="{escape(uri)}">')
    articles = "".join(_article(name, text) for name, text in pages)
    policy = (
        "default-src 'none'; style-src file: 'unsafe-inline'; img-src file: data:; font-src file:"
    )
    return (
        f'<!DOCTYPE html><html lang="{language[1] if language else "en"}" data-theme="light">'
        f'<head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f'content="{policy}"><title>{title[1].strip() if title else ""}</title>'
        f'{"".join(styles)}</head><body><main class="bd-main"><div class="bd-content">'
        f'<div class="bd-article-container">{articles}</div></div></main></body></html>'
    )


def _article(name: str, text: str) -> str:
    """Return what a page says, with names that are its own in the whole book."""
    found = _ARTICLE.search(text)
    if found is None:
        msg = f"{name} has no article; is it a page of a book that was built?"
        raise BookError(msg)
    stem, folder = Path(name).stem, Path(name).parent

    def in_tag(match: re.Match[str]) -> str:
        tag = _NAME.sub(lambda m: f'{m[1]}{_own(stem, m[2])}"', match[0])
        tag = _REFERENCE.sub(lambda m: f"{m[1]}{_own(stem, m[2])}", tag)
        return _PAGE_LINK.sub(link, tag)

    def link(match: re.Match[str]) -> str:
        page = Path(normpath(f"{folder}/{match[1]}")).stem
        return f' href="#{_own(page, match[2]) if match[2] else page}"'

    body = _TAG.sub(in_tag, _PERMALINK.sub("", found[1]))
    return f'<article class="bd-article" id="{stem}">{body}</article>'


def _own(page: str, names: str) -> str:
    """Return names of one page as names in the whole book."""
    return " ".join(f"{page}--{name}" for name in names.split())


def _print(browser: str, source: Path, printed: Path) -> None:
    """Let the browser print one page."""
    command = [browser, *_FLAGS, f"--print-to-pdf={printed}"]
    if os.name == "posix" and os.geteuid() == 0:
        command.append("--no-sandbox")  # the sandbox refuses to run as root
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command += [f"--user-data-dir={profile}", source.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_LONGEST_S, check=False)
        except subprocess.TimeoutExpired:
            msg = f"the browser did not print the book within {_LONGEST_S} s"
            raise BookError(msg) from None
    if done.returncode or not printed.is_file() or printed.stat().st_size == 0:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        msg = f"the browser did not print the book ({' '.join(last) or 'no reason given'})"
        raise BookError(msg)
