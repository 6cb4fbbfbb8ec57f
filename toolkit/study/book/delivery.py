"""From what Sphinx wrote to what is delivered: the pages and the files that they load, no more."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from posixpath import normpath
from urllib.parse import unquote, urlsplit

from toolkit.study.book.contents import BookError

_PAGES = ("index.html", "search.html", "chapters/*.html")
_LICENCES = ("_static/licences.txt", "_static/fonts/OFL.txt")
_STYLE_ADDRESS = re.compile(r"(?:url\(\s*[\"']?|@import\s*[\"'])([^\"')]+)")
_SOURCE_MAP = re.compile(r"\n?(?://# sourceMappingURL=\S+|/\*# sourceMappingURL=\S+ ?\*/)\s*$")
# The theme draws its icons with a font of 240 kB; the book's style sheet draws the seven it needs.
_ICON_FONT = re.compile(r"@font-face\s*\{[^}]*Font ?Awesome[^}]*\}")
_HTML_COMMENT = re.compile(r"<!--(?!\[if).*?-->", re.S)
# Names of namespaces look like addresses; drawings offered as files need them.
_SCHEME = re.compile(r"https?://(?!www\.w3\.org/[12])", re.I)
_REMOTE = re.compile(_SCHEME.pattern + r"[^\s\"'<>)]*", re.I)


def deliver(pages: Path, out: Path) -> None:
    """Copy the pages and every file that they load.

    Parameters
    ----------
    pages : Path
        What Sphinx wrote.
    out : Path
        The book; the folder is made.

    Raises
    ------
    BookError
        If a page names a web address or a file that is not there.
    """
    waiting = [path for pattern in _PAGES for path in sorted(pages.glob(pattern))]
    waiting += [pages / name for name in _LICENCES]
    seen = {path.relative_to(pages).as_posix() for path in waiting}
    while waiting:
        path = waiting.pop()
        name = path.relative_to(pages).as_posix()
        content, addresses = _prepared(path, name)
        target = out / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        for loaded in _inside(addresses, name):
            if loaded not in seen:
                seen.add(loaded)
                if not (pages / loaded).is_file():
                    msg = f"{name} names {loaded}, which the book does not have"
                    raise BookError(msg)
                waiting.append(pages / loaded)


def _prepared(path: Path, name: str) -> tuple[bytes, list[str]]:
    """Return a file as it is delivered and the addresses that it loads or links."""
    if path.suffix not in (".html", ".css", ".js"):
        return path.read_bytes(), []
    text = path.read_text(encoding="utf-8")
    addresses: list[str] = []
    if path.suffix == ".html":
        text = _HTML_COMMENT.sub("", text)
        addresses = _page_addresses(text)
        if remote := _REMOTE.search(text):
            msg = f"{name} names the web address {remote[0]}; a book stays inside its folder"
            raise BookError(msg)
    elif path.suffix == ".css":
        text = _SCHEME.sub("", _ICON_FONT.sub("", _SOURCE_MAP.sub("", text)))
        addresses = _STYLE_ADDRESS.findall(text)
    else:
        # Comments and messages of the theme name web pages; none is loaded.
        text = _SCHEME.sub("", _SOURCE_MAP.sub("", text))
    return text.encode("utf-8"), addresses


def _inside(addresses: list[str], name: str) -> Iterator[str]:
    """Return the files of the book that addresses in one of its files lead to."""
    folder = PurePosixPath(name).parent
    for address in addresses:
        parts = urlsplit(address)
        if not parts.scheme and parts.path:
            yield normpath(f"{folder}/{unquote(parts.path)}")


def _page_addresses(text: str) -> list[str]:
    """Return every address that a page loads or links."""
    finder = _Addresses()
    finder.feed(text)
    finder.close()
    return finder.found


class _Addresses(HTMLParser):
    """Collect the addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the addresses of one element."""
        del tag
        self.found += [value for name, value in attrs if name in ("href", "src") and value]
