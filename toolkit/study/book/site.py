"""The book as a folder of pages that works without a server and loads nothing from elsewhere."""

from __future__ import annotations

import base64
import logging
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from html.parser import HTMLParser
from importlib import metadata
from io import StringIO
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any
from urllib.parse import unquote, urlsplit

from toolkit.study.book.contents import PHRASES, BookChapter, BookError, FrontPage, check_chapters
from toolkit.study.book.landing import landing_html
from toolkit.study.book.sources import page_targets, plain_addresses, write_sources
from toolkit.study.run.workspace import to_json, write_atomic
from toolkit.words.palette import css_variables

_PAGES = ("index.html", "search.html", "chapters/*.html")
# What no page names: licences, and what ``files.js`` loads when a picture is wanted.
_ALSO = ("_static/licences.txt", "_static/fonts/OFL.txt", "_static/picture-fonts.js")
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
    waiting += sorted(pages.glob("records/*.json"))
    waiting += [pages / name for name in _ALSO]
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


_HERE = Path(__file__).parent
_FONTS = _HERE.parents[1] / "draw" / "fonts"

# Scripts are the theme's own files and nothing else: none stands in a page, so none can be
# smuggled into one. 'self' also matches file:// (tried in Chromium 156). Positions of interval
# bars are style attributes, hence 'unsafe-inline' for styles alone; pictures and downloads of
# data are data: addresses.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'none'; form-action 'self'; "
    "base-uri 'none'; object-src 'none'"
)


_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_PICTURE_FACES = (
    ("Regular", 400, "normal"),
    ("Semibold", 600, "normal"),
    ("Italic", 400, "italic"),
)
_STYLES = ("colours", "page", "pieces", "landing", "print", "footer")

_THEME_OPTIONS: Mapping[str, Any] = {
    "show_prev_next": True,
    "use_download_button": False,
    "use_fullscreen_button": False,
    "use_sidenotes": False,
    "back_to_top_button": False,
    "shorten_urls": False,
    "navbar_persistent": [],
    "icon_links": [],
    "footer_content_items": [],
    "article_header_start": ["toggle-sidebar.html"],
    "article_header_end": ["header-buttons.html"],
    "secondary_sidebar_items": ["contents.html"],
    "primary_sidebar_end": [],
}


def build_book(
    out: Path,
    *,
    front: FrontPage,
    chapters: Sequence[BookChapter],
    scratch: Path,
    with_code: bool = False,
) -> None:
    """Write the book that reviewers open: ``index.html``, ``chapters/`` and ``_static/``.

    The same contents give the same bytes, whatever the folder, time, time zone and locale.

    Parameters
    ----------
    out : Path
        Where the book goes; must not exist, or be empty.
    front : FrontPage
        What the first page says.
    chapters : sequence of BookChapter
        In the order of the book.
    scratch : Path
        A folder for what is needed on the way; must not exist, or be empty.
    with_code : bool
        Whether the chapters' code is shown, folded; parameters cells never are.

    Raises
    ------
    BookError
        If a chapter or folder is not fit, or Sphinx has any warning; the text holds all of them.
    """
    check_chapters(chapters)
    for place in (out, scratch):
        if place.exists() and any(place.iterdir()):
            msg = f"the folder {place.name} is not empty; a book needs an empty or a new one"
            raise BookError(msg)
    source = scratch / "source"
    write_sources(
        source,
        front=front,
        chapters=chapters,
        landing=landing_html(front, chapters),
        with_code=with_code,
    )
    static = _write_static(scratch / "static", front)
    pages = _run_sphinx(source, scratch, _settings(front, chapters, static))
    write_records(pages, chapters)
    deliver(pages, out)


def write_records(folder: Path, chapters: Sequence[BookChapter]) -> None:
    """Write the record of each complete chapter, to which its page links."""
    for chapter in chapters:
        if chapter.status == "complete" and chapter.record is not None:
            write_atomic(folder / "records" / f"{chapter.name}.json", to_json(chapter.record))


def _write_static(folder: Path, front: FrontPage) -> Path:
    """Write the book's own styles, scripts and fonts where Sphinx picks them up."""
    shutil.copytree(_HERE / "assets", folder)
    shutil.copytree(_FONTS, folder / "fonts", ignore=shutil.ignore_patterns("*.ttf"))
    colours = (
        f"html{{{css_variables('light')}}}\n"
        f"@media screen{{html[data-theme=dark]{{{css_variables('dark')}}}}}\n"
    )
    (folder / "colours.css").write_text(colours, encoding="utf-8")
    footer = " · ".join(filter(None, (front.title, *(pill.text for pill in front.pills))))
    if front.simulated:
        footer = f"{PHRASES[front.language].origins[front.origin]} · {footer}"
    style = "font:8pt 'Study Sans',Arial,sans-serif;color:#5a6672"
    page = f"@page{{@bottom-left{{content:{_css_string(footer)};{style}}}}}\n"
    (folder / "footer.css").write_text(page, encoding="utf-8")
    (folder / "picture-fonts.js").write_text(_picture_fonts(), encoding="utf-8")
    (folder / "licences.txt").write_text(_licences(), encoding="utf-8")
    return folder


def _picture_fonts() -> str:
    """Return the faces of figures as a script: a PNG is made where no other file can be read."""
    faces = "".join(
        f"@font-face{{font-family:'Study Sans';font-weight:{weight};font-style:{style};"
        f"src:url(data:font/woff2;base64,{_base64(_FONTS / f'StudySans-{name}.woff2')})}}"
        for name, weight, style in _PICTURE_FACES
    )
    return f'window.pictureFonts = "{faces}";\n'


def _base64(path: Path) -> str:
    """Return the content of a file as text."""
    return base64.b64encode(path.read_bytes()).decode("ascii")


def _licences() -> str:
    """Return the licences of those whose styles and scripts the book carries."""
    texts = []
    for name in ("Sphinx", "pydata-sphinx-theme", "sphinx-book-theme"):
        for path in sorted(metadata.files(name) or (), key=str):
            if path.name.upper().startswith("LICENSE") and ".dist-info" in str(path):
                texts.append(f"{name}\n{'=' * len(name)}\n\n{path.read_text('utf-8').strip()}\n")
    return "\n\n".join(texts)


def _css_string(text: str) -> str:
    """Return a text as a string of a style sheet."""
    # The blank after an escape belongs to it, so a blank that is meant is escaped as well.
    escaped = "".join(
        letter if letter.isascii() and letter.isalnum() else f"\\{ord(letter):x} "
        for letter in text
    )
    return f'"{escaped}"'


def _settings(front: FrontPage, chapters: Sequence[BookChapter], static: Path) -> dict[str, Any]:
    """Return the settings of Sphinx; nothing is read from a file."""
    words = PHRASES[front.language]
    title = plain_addresses(front.title)
    mark = words.origins[front.origin] if front.simulated else ""
    return {
        "project": title,
        "copyright": "",
        "language": front.language,
        "extensions": ["myst_nb", "sphinx_book_theme", "toolkit.study.book.extension"],
        "templates_path": [str(_HERE / "templates")],
        "html_static_path": [str(static)],
        "html_js_files": [("files.js", {"defer": "defer"})],
        "html_css_files": [f"{name}.css" for name in _STYLES],
        "study_pages": page_targets(chapters),
        "html_theme": "sphinx_book_theme",
        "html_theme_options": {**_THEME_OPTIONS, "search_bar_text": words.search},
        "html_sidebars": {
            "**": ["book-title.html", "search-button-field.html", "sbt-sidebar-nav.html"]
        },
        "html_context": {
            "default_mode": "auto",
            "study_policy": POLICY,
            "study_words": words,
            "study_title": title,
            "study_mark": mark,
        },
        "html_title": f"{title} ({mark})" if mark else title,
        "html_search_language": "folded",
        "html_math_renderer": "mathml",
        "html_copy_source": False,
        "html_show_sourcelink": False,
        "html_show_search_summary": False,
        "html_show_sphinx": False,
        "html_show_copyright": False,
        "html_use_index": False,
        "html_domain_indices": False,
        "html_permalinks_icon": "#",
        "nb_execution_mode": "off",
        "nb_output_stderr": "remove",
        "nb_merge_streams": True,
        "nb_code_prompt_show": "Show code",
        "nb_code_prompt_hide": "Hide code",
        "myst_enable_extensions": ["amsmath", "colon_fence", "deflist", "dollarmath"],
        "myst_heading_anchors": 3,
        "suppress_warnings": [],
    }


def _run_sphinx(source: Path, scratch: Path, settings: Mapping[str, Any]) -> Path:
    """Return the folder of the pages that Sphinx makes in this very process."""
    # Importing Sphinx and its extensions takes seconds, and only a book needs them.
    from sphinx.application import Sphinx
    from sphinx.errors import SphinxError
    from sphinx.util.docutils import docutils_namespace, patch_docutils

    # Sphinx keeps the checksum of each file that a page loads, by its path, as long as the process
    # lives; a folder that was there before would give the checksums of an earlier book.
    pages, warnings = Path(tempfile.mkdtemp(prefix="pages-", dir=scratch)), StringIO()
    with ExitStack() as stack:
        stack.enter_context(_unchanged_state())
        stack.enter_context(patch_docutils(source))
        stack.enter_context(docutils_namespace())
        try:
            app = Sphinx(
                srcdir=source,
                confdir=None,
                outdir=pages,
                doctreedir=scratch / "doctrees",
                buildername="html",
                confoverrides=dict(settings),
                status=None,
                warning=warnings,
                freshenv=True,
            )
            app.build()
        except SphinxError as error:
            msg = f"the book cannot be built: {_shortened(f'{error}', source)}"
            raise BookError(msg) from error
    if text := warnings.getvalue().strip():
        msg = f"the book is not built, because Sphinx warns:\n{_shortened(text, source)}"
        raise BookError(msg)
    return pages


def _shortened(text: str, source: Path) -> str:
    """Return a text of Sphinx without colours and the path of a folder that nobody knows."""
    return _COLOUR.sub("", text).replace(f"{source.resolve()}/", "")


@contextmanager
def _unchanged_state() -> Iterator[None]:
    """Put back what Sphinx changes for the whole process: its log handlers and translations."""
    from sphinx import locale

    log = logging.getLogger("sphinx")
    kept = (list(log.handlers), log.level, log.propagate, log.disabled)
    translators = dict(locale.translators)
    try:
        yield
    finally:
        log.handlers[:], log.level, log.propagate, log.disabled = kept
        locale.translators.clear()
        locale.translators.update(translators)
