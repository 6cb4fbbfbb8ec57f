"""The first page: verdict, primary comparisons on shared axes, every chapter with its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from toolkit.draw.html import (
    IntervalBar,
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
from toolkit.results import Comparison
from toolkit.stats.claims.plan import claim_asked, interval_shows
from toolkit.study.book.contents import PHRASES, BookChapter, FrontPage, Mark, Phrases, as_sentence
from toolkit.words.sentences import ci_text, decision_text, estimate_text, form_of, margin_text
from toolkit.words.wording import Form, capital, number_text

_ROUND_STEPS = (1.0, 2.0, 5.0)
_ROUND_RATIOS = (1.05, 1.1, 1.2, 1.5, 2.0, 3.0, 5.0, 10.0, 100.0)
_PERCENT_A_LETTER = 4.2  # 7 px of the 165 that a bar has beside the columns of text
_EDGE = 0.9  # a tick further out would stick out of the panel


@dataclass(frozen=True, kw_only=True)
class ComparisonRow:
    """One primary comparison as a row of the table."""

    number: str
    label: str
    pair: str
    comparison: Comparison
    bar: IntervalBar | None
    form: Form
    conclusion: str


def comparison_row(
    number: str, label: str, plain: Mapping[str, Any], words: Phrases, conclusion: str = ""
) -> ComparisonRow:
    """Return a comparison as a row; what is compared is named, whatever its label says.

    Its conclusion is that of its interval where the plan of the book has none.
    """
    comparison = Comparison.from_dict(dict(plain))
    a, b = comparison.label_a, comparison.label_b
    pair = words.pair.format(a=a, b=b)
    if label and a.casefold() in label.casefold() and b.casefold() in label.casefold():
        pair = ""
    return ComparisonRow(
        number=number,
        label=capital(label),
        pair=pair if label else capital(pair),
        comparison=comparison,
        bar=interval_bar(comparison),
        form=form_of(comparison),
        conclusion=conclusion or decision_text(comparison),
    )


def met_its_aim(comparison: Comparison) -> bool:
    """Whether a comparison shows what it is for: non-inferiority, else superiority or a change."""
    return interval_shows(comparison, claim_asked(comparison))


def comparisons_html(rows: Sequence[ComparisonRow], words: Phrases) -> str:
    """Return the table of intervals; comparisons of one kind and unit share an axis."""
    panels: dict[tuple[str, Form], list[ComparisonRow]] = {}
    for row in rows:
        panels.setdefault((row.comparison.effect, row.form), []).append(row)
    title, caption = words.primary
    body = "".join(_panel(panel, words) for panel in panels.values())
    return (
        f'<figure class="fig glance">{body}<figcaption><b>{escape(title)}</b> '
        f"{escape(caption)}</figcaption></figure>"
    )


def _panel(rows: Sequence[ComparisonRow], words: Phrases) -> str:
    """Return the comparisons that share an axis."""
    first = rows[0].comparison
    axis = _panel_axis(rows)
    effect = f"{words.effects[first.effect]} ({100 * first.ci_level:g}% CI)"
    head = (
        f'<div class="gl-row gl-head" role="row">{_cell("columnheader", "no", "")}'
        f"{_cell('columnheader', 'who', words.compared)}"
        f"{_axis_words(rows, axis, words)}"
        f"{_cell('columnheader', 'num', effect)}"
        f"{_cell('columnheader', 'end', words.conclusion)}</div>"
    )
    body = "".join(_row_html(row, axis, words) for row in rows)
    # One margin is named above its line; several are named in their rows.
    kind = "gl limits" if len(_limits(rows)) > 1 else "gl"
    return (
        f'<div class="{kind}" role="table" aria-label="{escape(effect)}">{head}{body}'
        '<div class="gl-row gl-axis" aria-hidden="true"><span></span><span></span>'
        f"{axis.ticks_html()}</div></div>"
    )


def _cell(role: str, name: str, text: str) -> str:
    """Return a cell of the table with plain text."""
    return f'<span role="{role}" class="{name}">{escape(text)}</span>'


def _row_html(row: ComparisonRow, axis: _Axis, words: Phrases) -> str:
    """Return one comparison: number, label, interval, figures, conclusion."""
    comparison = row.comparison
    limit = ""
    if comparison.margin is not None:
        text = f"{words.margin} {margin_text(comparison)}"
        limit = f' <span class="limit">{escape(text)}</span>'
    track = bar_track_html(row.bar, low=axis.low, high=axis.high) if row.bar else ""
    number = _cell("cell", "no", row.number)
    pair = f"<small>{escape(row.pair)}</small>" if row.label and row.pair else escape(row.pair)
    return (
        f'<div class="gl-row" role="row">{number}'
        f'<span role="cell" class="who">{escape(row.label)} {pair}</span>'
        f'<span role="cell" class="bar">{track}</span>'
        f'<span role="cell" class="num">{escape(estimate_text(comparison))} '
        f"<small>({escape(ci_text(comparison))})</small></span>"
        f'<span role="cell" class="end">{escape(row.conclusion)}{limit}</span></div>'
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


def _panel_axis(rows: Sequence[ComparisonRow]) -> _Axis:
    """Return the axis on which all intervals of a panel, their margins and no difference fit."""
    log = rows[0].comparison.effect == "ratio"
    bars = [row.bar for row in rows if row.bar is not None]
    low, high = shared_range(bars) if bars else ((0.5, 2.0) if log else (-1.0, 1.0))
    return _Axis(low=low, high=high, log=log, percent=rows[0].form == "percent")


def _limits(rows: Sequence[ComparisonRow]) -> dict[float, str]:
    """Return the margins of a panel: where they stand and how they are written."""
    found = {}
    for row in rows:
        if row.bar and row.comparison.margin is not None:
            found[row.bar.marks[0].value] = margin_text(row.comparison)
    return found


def _axis_words(rows: Sequence[ComparisonRow], axis: _Axis, words: Phrases) -> str:
    """Return what stands above the bars: the margin, if it is one, and the better side."""
    better = {row.comparison.better for row in rows}
    side = ""
    if better == {"higher"}:
        side = f'<span class="ri">{escape(words.better)} →</span>'
    elif better == {"lower"}:
        side = f'<span class="le">← {escape(words.better)}</span>'
    limits, limit, lines = _limits(rows), "", "words"
    if len(limits) == 1:
        ((value, text),) = limits.items()
        text, place = f"{words.margin} {text}", axis.place(value)
        limit = f'<span class="limit" style="left:{place:.2f}%">{escape(text)}</span>'
        room = place if better == {"lower"} else 100 - place
        if side and room < (len(text) / 2 + len(words.better) + 3) * _PERCENT_A_LETTER:
            lines = "words two"
    return f'<span role="columnheader" class="{lines}">{side}{limit}</span>'


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
