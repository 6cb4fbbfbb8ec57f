"""The parts of a chapter's page: status strip, banners, headline and provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from toolkit.html.bars import IntervalBar, interval_bar_html
from toolkit.html.text import link_html, rich_text

BannerKind = Literal["simulated", "post_hoc", "immature", "failed", "blinded"]
PillKind = Literal["plain", "locked", "hash"] | BannerKind

_PILL_CLASS: dict[str, str] = {
    "plain": "",
    "locked": "lock",
    "hash": "hash",
    "simulated": "sim",
    "post_hoc": "post",
    "immature": "imm",
    "failed": "fail",
    "blinded": "blind",
}
_BANNERS = ("simulated", "post_hoc", "immature", "failed", "blinded")


@dataclass(frozen=True)
class Pill:
    """One state of the page, in a word or two."""

    text: str
    kind: PillKind = "plain"


def _class_of(kind: str, allowed: Sequence[str]) -> str:
    """Return the class of a state."""
    if kind not in allowed:
        msg = f"kind must be one of {', '.join(allowed)}, but got {kind!r}"
        raise ValueError(msg)
    return _PILL_CLASS[kind]


def strip_html(pills: Sequence[Pill]) -> str:
    """Return the strip under the title: origin of the data, state of the plan, hashes.

    Examples
    --------
    >>> strip_html([Pill("Simulated data", "simulated")])
    '<div class="strip"><span class="pill sim">Simulated data</span></div>'
    """
    spans = []
    for pill in pills:
        classes = f"pill {_class_of(pill.kind, tuple(_PILL_CLASS))}".strip()
        spans.append(f'<span class="{classes}">{escape(pill.text)}</span>')
    return f'<div class="strip">{"".join(spans)}</div>'


def banner_html(
    kind: BannerKind, word: str, text: str, *, link: tuple[str, str] | None = None
) -> str:
    """Return a banner: the word first, then reason and consequence.

    Parameters
    ----------
    kind : {"simulated", "post_hoc", "immature", "failed", "blinded"}
        What the reader must know before any number.
    word : str
        The same in a word.
    text : str
        Why, and what follows; ``HIDDEN`` stands for a redacted number.
    link : tuple of str, optional
        Text and address of where to look.
    """
    after = f" {link_html(*link)}" if link else ""
    return (
        f'<div class="banner {_class_of(kind, _BANNERS)}" role="note"><b>{escape(word)}</b>'
        f"<span>{rich_text(text)}{after}</span></div>"
    )


def headline_html(
    question: str,
    answer: str,
    *,
    bar: IntervalBar | None = None,
    facts: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the headline box: question, answer, interval and the facts behind it.

    Parameters
    ----------
    question : str
        One sentence that ends with a question mark.
    answer : str
        Printed from results; for yes-or-no questions it opens with a verdict.
    bar : IntervalBar, optional
        The interval on which the answer rests.
    facts : sequence of (str, str)
        Up to four: name and value.

    Raises
    ------
    ValueError
        If question or answer is empty.
    """
    if not question.strip() or not answer.strip():
        msg = f"headline needs a question and an answer, but got {question!r} and {answer!r}"
        raise ValueError(msg)
    drawn = interval_bar_html(bar) if bar else ""
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{rich_text(value)}</dd></div>" for name, value in facts
    )
    listed = f'<dl class="facts">{items}</dl>' if items else ""
    return (
        f'<div class="headline"><p class="q"><span>Question</span>{rich_text(question)}</p>'
        f'<p class="a">{rich_text(answer)}</p>{drawn}{listed}</div>'
    )


def provenance_html(items: Sequence[str], *, links: Sequence[tuple[str, str]] = ()) -> str:
    """Return the last line of a chapter: notebook, data, plan, toolkit, seed and links.

    Examples
    --------
    >>> provenance_html(["seed 1"], links=[("record", "../records/05.json")])
    '<p class="prov"><b>Provenance</b>seed 1 · <a href="../records/05.json">record</a></p>'
    """
    parts = [escape(item) for item in items] + [link_html(*link) for link in links]
    return f'<p class="prov"><b>Provenance</b>{" · ".join(parts)}</p>'
