"""Text that goes into a page: escaped first, then a very small markup."""

from __future__ import annotations

import re
from html import escape

HIDDEN = "█"

_MARKUP = (
    # Lazy to the end: else a single letter such as **a** would reach to the next pair of stars.
    (re.compile(r"\*\*(\S(?:.*?\S)??)\*\*"), r"<b>\1</b>"),
    (re.compile(r"\*(\S(?:.*?\S)??)\*"), r"<i>\1</i>"),
    # "P = .034" as wording.p_phrase writes it: the letter is italic in print.
    (re.compile(r"\bP(?=\u00a0(?:=|&lt;|&gt;))"), "<i>P</i>"),
    (re.compile(HIDDEN + "+"), '<span class="red" role="img" aria-label="hidden"></span>'),
)
_SAFE_LINK = re.compile(r"(?:https://|#|\.{0,2}/(?!/)|[\w%-])[^\s\"'<>\\]*", re.ASCII)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9A-Z]+(?:[.-][0-9A-Za-z]+)*")


def rich_text(text: str) -> str:
    """Return text as HTML: ``*x*`` italic, ``**x**`` bold, the sign ``HIDDEN`` a redaction bar.

    Everything else is escaped, and the P of ``P = .034`` becomes italic by itself.

    Examples
    --------
    >>> rich_text("*AUC* < 1, **a** whole, **b** part")
    '<i>AUC</i> &lt; 1, <b>a</b> whole, <b>b</b> part'
    """
    html = escape(text)
    for pattern, replacement in _MARKUP:
        html = pattern.sub(replacement, html)
    return html


def link_html(text: str, href: str) -> str:
    """Return a link; its address is relative, an anchor, or starts with https.

    Raises
    ------
    ValueError
        If the address has another scheme or a character that an address cannot hold.
    """
    scheme = _SCHEME.match(href)
    if not _SAFE_LINK.fullmatch(href) or (scheme and scheme[0].lower() != "https:"):
        msg = f"href must be a relative path, #anchor or https address, but got {href!r}"
        raise ValueError(msg)
    return f'<a href="{escape(href)}">{escape(text)}</a>'


def anchor(kind: str, number: str) -> str:
    """Return the id of a numbered figure or table, such as "figure-6-1" for "6.1".

    Raises
    ------
    ValueError
        If the number holds anything but letters and digits parted by points or hyphens.
    """
    if not _NUMBER.fullmatch(number):
        msg = f"number of a {kind} must look like '6.1', but got {number!r}"
        raise ValueError(msg)
    return f"{kind}-{number.replace('.', '-')}"
