"""HTML from notebooks: is it safe to show, what does it say, and does it stay on this page.

Chapters write their HTML through ``toolkit.draw.html``, which escapes all text. This is the second
lock: whatever an executed notebook holds, only text, tables, figures and formulas reach the book.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser


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
