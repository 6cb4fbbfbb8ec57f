"""The parts of a chapter's page: status strip, banners, headline, figures and provenance."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from csv import writer
from dataclasses import dataclass
from html import escape
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from toolkit.draw.bars import IntervalBar, interval_bar_html
from toolkit.words.palette import css_variables

if TYPE_CHECKING:
    import pandas as pd

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
_NUMBER = re.compile(r"[0-9A-Za-z]+(?:[.-][0-9A-Za-z]+)*")


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
_LONGEST_ALT = 250
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_VARIABLE = re.compile(r"var\(--[\w-]+, ?(#[0-9a-f]{6})\)")
_ROOT = re.compile(r"<svg\b([^>]*)>")
# Spaces and slashes may stand in an address between quotes; quotes, < and # may not.
_UNQUOTED = " /:;=,?!()*'+$@~{}[]|"


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
    limits: Sequence[str] = (),
    bar: IntervalBar | None = None,
    facts: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the headline box: question, answer, its limits, interval and the facts behind it.

    Parameters
    ----------
    question : str
        One sentence that ends with a question mark.
    answer : str
        Printed from results; for yes-or-no questions it opens with a verdict.
    limits : sequence of str
        What limits the answer, one sentence each.
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
    limited = f'<p class="lim">{rich_text(" ".join(limits))}</p>' if limits else ""
    listed = f'<dl class="facts">{items}</dl>' if items else ""
    return (
        f'<div class="headline"><p class="q"><span>Question</span>{rich_text(question)}</p>'
        f'<p class="a">{rich_text(answer)}</p>{limited}{drawn}{listed}</div>'
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


def _csv_cell(value: Any) -> str:
    """Return a value that a spreadsheet reads as what it is, never as a formula."""
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(float(value))
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return str(value)


def csv_text(columns: Mapping[str, Iterable[Any]] | pd.DataFrame) -> str:
    r"""Return columns as CSV at full precision; text cannot act as a formula.

    Parameters
    ----------
    columns : mapping of str to iterable, or DataFrame
        Shorter columns are filled with empty cells; NaN is an empty cell.

    Examples
    --------
    >>> csv_text({"reader": ["R1", "=1+1"], "auc": [0.842, float("nan")]})
    "reader,auc\r\nR1,0.842\r\n'=1+1,\r\n"
    """
    named = {str(name): list(column) for name, column in columns.items()}
    target = io.StringIO()
    lines = writer(target)
    lines.writerow(_csv_cell(name) for name in named)
    for row in zip_longest(*named.values(), fillvalue=""):
        lines.writerow(_csv_cell(value) for value in row)
    return target.getvalue()


def _download(text: str, *, label: str, kind: str, name: str) -> str:
    """Return a link that holds the file itself."""
    address = escape(f"data:{kind};charset=utf-8,{quote(text, safe=_UNQUOTED)}")
    return f'<a href="{address}" download="{name}">{label}</a>'


def csv_link(columns: Mapping[str, Iterable[Any]] | pd.DataFrame, name: str) -> str:
    """Return the link under a figure or table that holds its numbers as a file, as CSV.

    Parameters
    ----------
    columns : mapping of str to iterable, or DataFrame
        As in ``csv_text``.
    name : str
        Of the file, without its ending: the anchor of the figure or table.
    """
    # The mark in front tells spreadsheets that the text is UTF-8.
    text = f"\ufeff{csv_text(columns)}"
    return _download(text, label="CSV", kind="text/csv", name=f"{name}.csv")


def _standalone(svg: str) -> str:
    """Return a picture that stands alone: light colours in place of variables, white paper."""
    light = _VARIABLE.sub(r"\1", svg)
    paper = '<rect width="100%" height="100%" fill="#ffffff"/>'
    return _ROOT.sub(lambda root: root[0] + paper, light, count=1)


def _labelled(svg: str, alt: str) -> str:
    """Return the picture with its alt text, which is checked."""
    if not alt.strip() or len(alt) > _LONGEST_ALT:
        msg = (
            f"alt must say in 1 to {_LONGEST_ALT} characters what kind of plot it is, of what, "
            f"and the one number; got {len(alt)} characters: {alt!r}"
        )
        raise ValueError(msg)
    if not _ROOT.match(svg):
        msg = f"svg must begin with <svg, as figure_svg returns it, but begins {svg[:40]!r}"
        raise ValueError(msg)
    label = f'<svg role="img" aria-label="{escape(alt)}"'
    return label + svg.removeprefix("<svg")


def _stamp_sentence(stamp: str) -> str:
    """Return the words of a stamp as sentences of the caption."""
    return "".join(f" {word.strip().capitalize()}." for word in stamp.split("·") if word.strip())


def figure_html(
    svg: str,
    *,
    number: str,
    finding: str,
    caption: str,
    alt: str,
    stamp: str = "",
    csv: Mapping[str, Iterable[Any]] | pd.DataFrame | None = None,
    narrow: bool = False,
) -> str:
    """Return a figure for the page.

    Parameters
    ----------
    svg : str
        From ``figure_svg``; the stamp is inside it already.
    number : str
        Chapter and order, such as "6.1"; also makes the anchor "figure-6-1".
    finding, caption : str
        What is seen, in a sentence; then what is drawn, n, method of the CI, abbreviations.
    alt : str
        Kind of plot, of what, what it shows, the one number; at most 250 characters.
    stamp : str
        The stamp in the picture, such as "SIMULATED", repeated at the end of the caption.
    csv : mapping of str to iterable, or DataFrame, optional
        The plotted numbers, offered as a file.
    narrow : bool
        Whether the picture fits a phone and need not scroll there.

    Raises
    ------
    ValueError
        If the alt text is missing or too long, the SVG is not one, or the number malformed.
    """
    name = anchor("figure", number)
    labelled = _labelled(svg, alt)
    links = _download(_standalone(labelled), label="SVG", kind="image/svg+xml", name=f"{name}.svg")
    if csv is not None:
        links = f"{csv_link(csv, name)} {links}"
    return (
        f'<figure class="{"fig fig-narrow" if narrow else "fig"}" id="{name}">'
        f'<div class="figbox" tabindex="0" role="group" aria-label="Figure {number}">{labelled}'
        f"</div><figcaption><b>Figure {number}.</b> "
        f'<span class="t">{rich_text(finding)}</span> '
        f"{rich_text(caption + _stamp_sentence(stamp))} "
        f'<span class="dl">{links}</span></figcaption></figure>'
    )


_SCOPE = ".jp-OutputArea"

_RULES = """
& .headline,& .banner,& .strip,& figure,& .prov{color:var(--ink);max-width:720px;
 font-family:"Study Sans","Source Sans 3","Source Sans Pro",Arial,"Liberation Sans",sans-serif;
 line-height:1.45}
& p{margin:0}
& .headline{border-top:2px solid var(--ink);border-bottom:1px solid var(--axis);
 padding:14px 0 12px;margin:0 0 10px}
& .headline .q{font-size:15px;color:var(--muted);margin:0 0 8px}
& .headline .q span{font-weight:600;color:var(--ink);margin-right:10px}
& .headline .a{font:20px/1.36 "Study Serif","Source Serif 4",Georgia,serif;margin:0 0 12px}
& .headline .a i{font-style:normal}
& .headline dl.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(140px,1fr));
 gap:4px 20px;margin:8px 0 0;border-top:1px solid var(--grid);padding-top:10px}
& .headline dt{font-weight:400;font-size:13px;color:var(--muted);float:none;width:auto;margin:0;
 padding:0}
& .headline dd{margin:0;padding:0;width:auto;font-size:14px;font-variant-numeric:tabular-nums}
& .vd{margin:2px 0 10px;font-size:13px;line-height:18px;color:var(--muted)}
& .vd .top,& .tk{position:relative;height:20px}
& .vd .top span,& .tk span{position:absolute;white-space:nowrap;transform:translateX(-50%)}
& .vd .top .le{left:0;transform:none}
& .vd .top .ri{right:0;left:auto;transform:none}
& .vd .top:not(:has(.m)){display:flex;justify-content:space-between;gap:4px 16px;height:auto;
 min-height:20px}
& .vd .top:not(:has(.m)) span{position:static;white-space:normal}
& .vd .top .ri:not(.m){margin-left:auto;text-align:right}
& .m{color:var(--cancertext)}
& .ib{position:relative;height:34px;border-bottom:1px solid var(--axis);--c:var(--ai)}
& .ib.aided{--c:var(--aided)}
& .ib.neutral{--c:var(--ink)}
& .ib i{position:absolute;top:0;bottom:0;display:block}
& .ib .zone{background:var(--band2)}
& .ib .zone.ext{background:var(--band)}
& .ib .zero{width:1px;background:var(--axis)}
& .ib .mar{width:0;border-left:2px dashed var(--cancer);margin-left:-1px}
& .ib .ci{top:50%;height:3px;bottom:auto;margin-top:-1.5px;background:var(--c)}
& .ib .pt{width:11px;height:11px;top:50%;bottom:auto;margin:-6px 0 0 -6px;background:var(--c);
 transform:rotate(45deg)}
& .strip{display:flex;flex-wrap:wrap;gap:6px 8px;margin:0 0 12px}
& .pill{font-size:13px;line-height:22px;padding:0 9px;border:1px solid var(--axis);
 border-radius:3px;white-space:nowrap}
& .pill.hash{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12px;
 color:var(--muted)}
& .pill.sim{border-color:var(--sim);color:var(--sim);font-weight:600}
& .pill:is(.post,.imm){border-color:var(--cancer);color:var(--cancertext);font-weight:600}
& :is(.pill,.banner).fail{background:var(--ink);color:var(--paper)}
& .banner{display:grid;grid-template-columns:170px 1fr;gap:4px 16px;
 border:1px solid var(--axis);border-left-width:6px;padding:10px 14px;margin:0 0 14px;
 font-size:14px}
& .banner.sim{border-color:var(--sim);background:repeating-linear-gradient(135deg,
 var(--simbg) 0 7px,transparent 7px 14px)}
& .banner.sim b{color:var(--sim)}
& .banner:is(.post,.imm){border-color:var(--cancer);background:var(--warnbg)}
& .banner:is(.post,.imm) b{color:var(--cancertext)}
& .banner.imm{border-left-style:double}
& .banner.blind{border-color:var(--ink);background:var(--band)}
& .banner.fail a{color:inherit}
& .pill.blind:before,& .red{content:"";display:inline-block;width:20px;height:10px;
 background:var(--ink);margin-right:6px}
& figure{margin:10px 0 20px}
& :is(.figbox,.tabbox){overflow-x:auto;overflow-y:hidden}
& svg.plot{display:block;max-width:100%;height:auto}
& figcaption{font-size:14px;color:var(--muted);text-align:left;max-width:690px;margin:8px 0}
& figcaption :is(b,.t){font-weight:600;color:var(--ink)}
& .dl a{color:var(--muted);margin-right:4px}
& .tab table{border-collapse:collapse;border:0 solid var(--ink);border-width:1.6px 0;margin:0;
 font-size:14px;line-height:1.3;color:var(--ink);font-variant-numeric:tabular-nums;
 background:none;table-layout:auto}
& .tab :is(thead,tbody) tr{background:none;border:0}
& .tab :is(th,td){padding:4px 8px;font-weight:400;white-space:nowrap;border:0;
 vertical-align:baseline;max-width:none}
& .tab :is(th,td).l{text-align:left}
& .tab :is(th,td).r{text-align:right}
& .tab :is(th,td).c{text-align:center}
& .tab td.c{color:var(--muted)}
& .tab thead th{font-weight:600;vertical-align:bottom}
& .tab thead tr:last-child>*{border-bottom:.8px solid var(--ink)}
& .tab tr.span th{text-align:center}
& .tab tr.span th span{display:block;border-bottom:.8px solid var(--axis)}
& .tab tr.em>*{font-weight:600}
& .tab tr:is(.first,.sum)>*{border-top:.8px solid var(--grid)}
& .tab tr.grp th{font-weight:600;padding-top:12px;text-align:left;color:var(--muted)}
& .tab tr.grp2>*{padding-top:10px}
& .tab tr.sub th:first-child{padding-left:20px}
& .tab .foot{font-size:13px;color:var(--muted);margin-top:7px;max-width:690px}
& .twos{display:grid;grid-template-columns:1fr 1fr;gap:28px}
& .two caption{caption-side:top;font-weight:600;font-size:14px;text-align:left}
& .two caption span{font-weight:400;color:var(--muted)}
& .two .dis{background:var(--band2)}
& .two .sum{color:var(--muted)}
& .two .unk{color:var(--muted);font-size:13px;background:repeating-linear-gradient(135deg,
 var(--band2) 0 1px,transparent 1px 6px)}
& .prov{font-size:13px;color:var(--muted);border-top:1px solid var(--grid);padding-top:10px}
& .prov b{color:var(--ink);margin-right:6px}
"""


def _scoped(rules: str) -> str:
    """Return the rules with the scope in place of each ampersand and without line breaks."""
    return rules.replace("\n", "").replace("&", _SCOPE)


JUPYTER_STYLE = (
    f"<style>{_SCOPE}{{{css_variables('light')}}}"
    f'[data-jp-theme-light="false"] {_SCOPE}{{{css_variables("dark")}}}'
    f"{_scoped(_RULES)}</style>"
)
