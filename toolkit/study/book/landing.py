"""The first page: what AI does in a clinic's units, the claims, the estimates, every chapter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from toolkit.draw.html import (
    Pill,
    PillKind,
    banner_html,
    bar_track_html,
    interval_bar,
    provenance_html,
    rich_text,
    shared_range,
    strip_html,
)
from toolkit.results import Better, Effect
from toolkit.study.book.contents import (
    PHRASES,
    BookChapter,
    FrontComparison,
    FrontPage,
    Mark,
    Phrases,
    as_sentence,
)
from toolkit.words.sentences import ci_text, estimate_text, form_of, margin_text
from toolkit.words.wording import Form, capital, number_text

_ROUND_STEPS = (1.0, 2.0, 5.0)
_ROUND_RATIOS = (1.05, 1.1, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 100.0)
_EDGE = 0.9  # a tick further out would stick out of the panel

# What lies on one axis: one kind of effect in one unit, with one good direction.
_Scale = tuple[Effect, Form, Better | None]


def comparisons_html(
    rows: Sequence[FrontComparison], words: Phrases, *, caption: tuple[str, str]
) -> str:
    """Return a table of intervals, with a column of conclusions where one has any.

    Comparisons of one kind, unit and good direction share an axis.
    """
    panels: dict[_Scale, list[FrontComparison]] = {}
    for row in rows:
        one = row.comparison
        panels.setdefault((one.effect, form_of(one), one.better), []).append(row)
    concluded = any(row.conclusion for row in rows)
    body = "".join(
        _panel(scale, panel, words, concluded=concluded) for scale, panel in panels.items()
    )
    return (
        f'<figure class="fig glance">{body}<figcaption><b>{escape(caption[0])}</b> '
        f"{escape(caption[1])}</figcaption></figure>"
    )


def _panel(
    scale: _Scale, rows: Sequence[FrontComparison], words: Phrases, *, concluded: bool
) -> str:
    """Return the comparisons that share an axis."""
    effect, form, better = scale
    axis = _panel_axis(rows, log=effect == "ratio", percent=form == "percent")
    name = f"{words.effects[effect]} ({100 * rows[0].comparison.ci_level:g}% CI)"
    side = {
        "higher": f'<span class="ri">{escape(words.better)} →</span>',
        "lower": f'<span class="le">← {escape(words.better)}</span>',
    }
    head = (
        f'<div class="gl-row gl-head" role="row">{_cell("columnheader", "no", "")}'
        f"{_cell('columnheader', 'who', words.compared)}"
        f'<span role="columnheader" class="words">{side.get(better or "", "")}</span>'
        f"{_cell('columnheader', 'num', name)}"
        f"{_cell('columnheader', 'end', words.conclusion) if concluded else ''}</div>"
    )
    body = "".join(_row_html(row, axis, words, concluded=concluded) for row in rows)
    kind = "gl" if concluded else "gl open"
    return (
        f'<div class="{kind}" role="table" aria-label="{escape(name)}">{head}{body}'
        '<div class="gl-row gl-axis" aria-hidden="true"><span></span><span></span>'
        f"{axis.ticks_html()}</div></div>"
    )


def _cell(role: str, name: str, text: str) -> str:
    """Return a cell of the table with plain text."""
    return f'<span role="{role}" class="{name}">{escape(text)}</span>'


def _row_html(row: FrontComparison, axis: _Axis, words: Phrases, *, concluded: bool) -> str:
    """Return one comparison: number, label, interval, figures, conclusion."""
    comparison = row.comparison
    bar = interval_bar(comparison, role=row.role)
    track = bar_track_html(bar, low=axis.low, high=axis.high) if bar else ""
    pair = words.pair.format(a=comparison.label_a, b=comparison.label_b)
    end = ""
    if concluded:
        margin = "" if comparison.margin is None else f"{words.margin} {margin_text(comparison)}"
        limit = f' <span class="limit">{escape(margin)}</span>' if margin else ""
        end = f'<span role="cell" class="end">{escape(row.conclusion)}{limit}</span>'
    return (
        f'<div class="gl-row" role="row">{_cell("cell", "no", row.number)}'
        f'<span role="cell" class="who">{escape(capital(row.label))} '
        f"<small>{escape(pair)}</small></span>"
        f'<span role="cell" class="bar">{track}</span>'
        f'<span role="cell" class="num">{escape(estimate_text(comparison))} '
        f"<small>({escape(ci_text(comparison))})</small></span>{end}</div>"
    )


@dataclass(frozen=True, kw_only=True)
class _Axis:
    """The range that the bars of a panel share, and its ticks."""

    low: float
    high: float
    log: bool
    percent: bool

    def place(self, value: float) -> float:
        """Return where a value stands, in percent of the width."""
        low, high, at = (
            math.log(number) if self.log else number for number in (self.low, self.high, value)
        )
        return 100 * (at - low) / (high - low)

    def ticks(self) -> list[float]:
        """Return no difference and one round value on either side, where they fit."""
        if self.log:
            reach = max(self.high, 1 / self.low) ** _EDGE
            step = max((ratio for ratio in _ROUND_RATIOS if ratio <= reach), default=reach)
            values = [1 / step, 1.0, step]
        else:
            reach = max(abs(self.low), abs(self.high)) * _EDGE
            power = 10.0 ** math.floor(math.log10(reach))
            steps = (factor * power for factor in _ROUND_STEPS)
            step = max((step for step in steps if step <= reach), default=power)
            values = [-step, 0.0, step]
        return [value for value in values if self.low <= value <= self.high]

    def ticks_html(self) -> str:
        """Return the ticks below the bars."""
        spans = [
            f'<span style="left:{self.place(tick):.2f}%">{escape(self._tick_text(tick))}</span>'
            for tick in self.ticks()
        ]
        return f'<div class="tk">{"".join(spans)}</div>'

    def _tick_text(self, tick: float) -> str:
        """Write a tick."""
        if self.log:
            return number_text(tick, digits=2)
        number = 100 * tick if self.percent else tick
        if not number:
            return "0"
        digits = max(0, -math.floor(math.log10(abs(number)) + 1e-9))
        return number_text(number, digits=digits, signed=True)


def _panel_axis(rows: Sequence[FrontComparison], *, log: bool, percent: bool) -> _Axis:
    """Return the axis on which all intervals of a panel, their margins and no difference fit."""
    bars = [bar for row in rows if (bar := interval_bar(row.comparison)) is not None]
    low, high = shared_range(bars) if bars else ((0.5, 2.0) if log else (-1.0, 1.0))
    return _Axis(low=low, high=high, log=log, percent=percent)


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
        What the page says.
    chapters : sequence of BookChapter
        In the order of the book.
    """
    words = PHRASES[front.language]
    pieces = [
        f'<p class="dek">{escape(front.subtitle)}</p>' if front.subtitle else "",
        _status_strip(front, chapters, words),
        _banners(front, words),
        '<div class="headline verdict">'
        f"{''.join(map(_paragraph, (('a', front.answer), ('claimed', front.claimed))))}</div>",
        *(
            comparisons_html(rows, words, caption=caption) if rows else ""
            for rows, caption in ((front.claims, words.claims), (front.estimates, words.estimates))
        ),
        _contents(chapters, words),
        provenance_html([front.provenance]) if front.provenance else "",
    ]
    return "".join(pieces)


def _paragraph(named: tuple[str, str]) -> str:
    """Return a paragraph of a class, or nothing without text."""
    name, text = named
    return f'<p class="{name}">{rich_text(text)}</p>' if text else ""


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
    if front.blinded:
        banners += banner_html("blinded", *words.blinded)
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
        limits = rich_text(" ".join(chapter.limits))
        small = f' <small class="lim">{limits}</small>' if limits else ""
        return f'<span class="answer">{pills}{rich_text(chapter.shown_answer)}{small}</span>'
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
