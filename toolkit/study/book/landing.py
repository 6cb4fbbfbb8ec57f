"""The first page: verdict, primary comparisons on shared axes, every chapter with its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from toolkit.html import (
    Pill,
    PillKind,
    banner_html,
    provenance_html,
    rich_text,
    strip_html,
)
from toolkit.study.book.comparisons import (
    ComparisonRow,
    comparison_row,
    comparisons_html,
    met_its_aim,
)
from toolkit.study.book.contents import BookChapter, FrontPage, Mark, as_sentence
from toolkit.study.book.phrases import PHRASES, Phrases

_MARK_KINDS: Mapping[Mark, PillKind] = {
    "partial": "immature",
    "immature": "immature",
    "post_hoc": "post_hoc",
    "blinded": "blinded",
}


def landing_html(front: FrontPage, chapters: Sequence[BookChapter]) -> str:
    """Return the first page below its title.

    Parameters
    ----------
    front : FrontPage
        What the page says; where it names no primary comparisons they come from the records.
    chapters : sequence of BookChapter
        In the order of the book.
    """
    words = PHRASES[front.language]
    primary = front.primary or _recorded(chapters)
    conclusions = front.conclusions or ("",) * len(primary)
    rows = [
        comparison_row(*item, words, conclusion)
        for item, conclusion in zip(primary, conclusions, strict=True)
    ]
    verdict = front.verdict or _verdict(rows, words)
    pieces = [
        f'<p class="dek">{escape(front.subtitle)}</p>' if front.subtitle else "",
        _status_strip(front, chapters, words),
        _banners(front, words),
        f'<div class="headline verdict"><p class="a">{rich_text(verdict)}</p></div>',
        comparisons_html(rows, words) if rows else "",
        _contents(chapters, words),
        provenance_html([front.provenance]) if front.provenance else "",
    ]
    return "".join(pieces)


def _recorded(chapters: Sequence[BookChapter]) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return the primary comparisons that the chapters' records name."""
    return [
        (chapter.number, "", chapter.headline["primary"])
        for chapter in chapters
        if chapter.headline.get("primary")
    ]


def _verdict(rows: Sequence[ComparisonRow], words: Phrases) -> str:
    """Return how many of the primary comparisons met their aim."""
    if not rows:
        return words.no_comparison
    met = sum(met_its_aim(row.comparison) for row in rows)
    if len(rows) == 1:
        return words.verdict_of_one[met]
    form = words.verdict[min(met, 2)]
    return form.format(all=len(rows), met=met)


def _status_strip(front: FrontPage, chapters: Sequence[BookChapter], words: Phrases) -> str:
    """Return the strip: origin, the caller's pills, how many chapters are complete."""
    complete = sum(chapter.status == "complete" for chapter in chapters)
    kind: PillKind = "simulated" if front.simulated else "plain"
    pills = [
        Pill(words.origins[front.origin], kind),
        *front.pills,
        Pill(words.complete.format(complete=complete, all=len(chapters)), "plain"),
    ]
    return strip_html(pills)


def _banners(front: FrontPage, words: Phrases) -> str:
    """Return what limits the whole book."""
    banners = ""
    if front.simulated:
        banners += banner_html("simulated", words.origins[front.origin], words.simulated)
    if front.partial:
        banners += banner_html("immature", *words.partial)
    return banners


def _contents(chapters: Sequence[BookChapter], words: Phrases) -> str:
    """Return every chapter by part: number, title, question, and its answer or state."""
    pieces = []
    for part, title in words.parts.items():
        lines = [_line(chapter, words) for chapter in chapters if chapter.part == part]
        if lines:
            pieces.append(f"<h2>{part} {escape(title)}</h2><ul>{''.join(lines)}</ul>")
    return f'<div class="contents">{"".join(pieces)}</div>'


def _line(chapter: BookChapter, words: Phrases) -> str:
    """Return one chapter's line of the contents."""
    href = escape(f"chapters/{chapter.name}.html")
    return (
        f'<li><span class="no">{escape(chapter.number)}</span>'
        f'<span class="what"><a href="{href}">{escape(chapter.heading)}</a>'
        f'<span class="question">{escape(chapter.question)}</span></span>'
        f"{_answer(chapter, href, words)}</li>"
    )


def _answer(chapter: BookChapter, href: str, words: Phrases) -> str:
    """Return a chapter's answer with what limits it, or why there is none."""
    if chapter.status == "complete":
        pills = "".join(_pill(words.marks[mark], _MARK_KINDS[mark]) for mark in chapter.shown_marks)
        return f'<span class="answer">{pills}{rich_text(chapter.shown_answer)}</span>'
    word = words.status[chapter.status]
    reason = escape(as_sentence(chapter.reason))
    if chapter.status == "failed":
        link = f'<a href="{href}">{escape(words.see_why)}</a>'
        return f'<span class="answer">{_pill(word, "failed")}{reason} {link}</span>'
    return f'<span class="answer none">{_pill(word, "plain")}{reason}</span>'


def _pill(text: str, kind: PillKind) -> str:
    """Return one pill within a line."""
    strip = strip_html([Pill(text, kind)])
    return strip.removeprefix('<div class="strip">').removesuffix("</div>")
