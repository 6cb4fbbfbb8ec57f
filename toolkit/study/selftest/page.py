"""The page: what is installed, what was compared, and every value with its source."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape
from itertools import count
from pathlib import Path

from toolkit.draw.html import Pill, banner_html, headline_html, provenance_html, strip_html
from toolkit.draw.text import link_html
from toolkit.study.run.fingerprint import PACKAGE, sha256_file
from toolkit.study.selftest.cases import CASES_FILE, KINDS, Source, Suite
from toolkit.study.selftest.engine import Findings, agreement_text
from toolkit.study.selftest.installation import Installation
from toolkit.study.selftest.methods import METHODS
from toolkit.study.selftest.tables import (
    discrepancy_table,
    installation_table,
    method_tables,
    not_covered_table,
    other_packages,
    overview_table,
    value_table,
)
from toolkit.words.palette import css_variables

MARKER = '<meta name="generator" content="reader-study-toolkit self-test">'

_HERE = Path(__file__).parent
_FONTS = PACKAGE / "draw" / "fonts"
_BOOK_STYLES = _HERE.parent / "book" / "assets"
_FACES = (
    ("Study Sans", "400", "StudySans-Regular"),
    ("Study Sans", "600", "StudySans-Semibold"),
    ("Study Serif", "400", "StudySerif-Regular"),
    ("Study Serif", "600", "StudySerif-Semibold"),
)
# Nothing is loaded and nothing runs; fonts and styles stand in the page itself.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:; img-src data:"


def page_html(findings: Findings, installation: Installation) -> str:
    """Return the page; the same findings give the same bytes."""
    numbers = map(str, count(1))
    pieces = [
        "<h1>Self-test</h1>",
        '<p class="dek">Installation and operation qualification of the reader-study-toolkit</p>',
        _strip(installation),
        _failures(findings, numbers),
        _headline(findings),
        _reading(),
        "<h2>Installation</h2>",
        installation_table(installation, numbers),
        "<h2>Operation, in short</h2>",
        overview_table(findings, numbers),
        "<h2>Operation, value by value</h2>",
        *method_tables(findings, numbers),
        "<h2>Published results that are not recomputed</h2>",
        not_covered_table(findings.suite, numbers),
        "<h2>Where papers differ from their own counts</h2>",
        discrepancy_table(findings, numbers),
        "<h2>Sources</h2>",
        _sources(findings.suite),
        "<h2>All other packages</h2>",
        other_packages(installation),
        provenance_html(
            [
                f"toolkit {installation.toolkit}",
                f"package files sha256 {installation.code[:12]}",
                f"expected values sha256 {sha256_file(CASES_FILE)[:12]}",
            ]
        ),
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n{MARKER}\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Self-test of the reader-study-toolkit</title>\n<style>\n{_styles()}</style>\n"
        f'</head>\n<body>\n<main class="bd-article">\n{"".join(pieces)}\n</main>\n'
        "</body>\n</html>\n"
    )


def _styles() -> str:
    """Return fonts, colours and rules; the pieces have the look of the book."""
    faces = "".join(
        f'@font-face{{font-family:"{family}";font-weight:{weight};src:url(data:font/woff2;base64,'
        f"{base64.b64encode((_FONTS / f'{file}.woff2').read_bytes()).decode()})}}\n"
        for family, weight, file in _FACES
    )
    colours = (
        f":root{{color-scheme:light dark;{css_variables('light')}}}\n"
        f"@media screen and (prefers-color-scheme:dark){{:root{{{css_variables('dark')}}}}}\n"
    )
    files = (_HERE / "page.css", _BOOK_STYLES / "pieces.css", _BOOK_STYLES / "print.css")
    return faces + colours + "".join(path.read_text(encoding="utf-8") for path in files)


def _strip(installation: Installation) -> str:
    """Return the strip under the title."""
    return strip_html(
        [
            Pill(f"Toolkit {installation.toolkit}"),
            Pill(installation.python),
            Pill(installation.platform),
            Pill(f"code {installation.code[:8]}", "hash"),
        ]
    )


def _failures(findings: Findings, numbers: Iterator[str]) -> str:
    """Return what disagrees, before anything else; nothing where all agrees."""
    if not findings.failed:
        return ""
    titles = dict.fromkeys(METHODS[check.case.method].title for check in findings.failed)
    banner = banner_html(
        "failed", "DISAGREES", f"{'; '.join(titles)}. Use no result of these methods."
    )
    return banner + value_table(
        findings, findings.failed, title="Values that disagree.", foot="", number=next(numbers)
    )


def _headline(findings: Findings) -> str:
    """Return the question, the answer and the four counts behind it."""
    agreement = agreement_text(findings.checks)
    answer = (
        f"No. Only {agreement} values agree with their source: find out why before any result "
        "of this installation is used."
        if findings.failed
        else f"Yes. All {agreement} values agree with their source."
    )
    facts = [(name, agreement_text(findings.of_kind(kind))) for kind, name in KINDS.items()]
    facts.append(("Not recomputed", f"{len(findings.suite.not_covered)} published results"))
    return headline_html(
        "Does this installation compute what papers, other programs and exact arithmetic give?",
        answer,
        facts=facts,
    )


def _reading() -> str:
    """Return how the page is to be read, and what it does not say."""
    return (
        "<p>A published result is recomputed by the method that its paper used, even where this "
        "toolkit prefers another. Half a unit of the last digit that the source gives is the "
        "tolerance, or about eleven digits where the answer is exact. Of two groups or methods, b "
        "is the new one and a the comparator. Of other programs, values are taken whose inputs are "
        "counts, or one set of 160 ratings, and can be carried along.</p>"
        "<p>The page speaks of the methods that it lists, on this installation, and of nothing "
        "else: not of a study’s data, of its plan, or of methods without an entry. Versions are "
        "shown and do not decide; what is computed does.</p>"
    )


def _sources(suite: Suite) -> str:
    """Return the list of sources, papers first."""
    ordered = sorted(suite.sources.values(), key=lambda source: list(KINDS).index(source.kind))
    return f"<ol>{''.join(map(_source, ordered))}</ol>"


def _source(source: Source) -> str:
    """Return one source with its link."""
    link = f". {link_html(source.doi, f'https://doi.org/{source.doi}')}" if source.doi else ""
    return f"<li><b>{escape(source.name)}</b>. {escape(source.text)}{link}</li>"
