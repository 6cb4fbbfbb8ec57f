"""The page: what is installed, what was compared, and every value with its source."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from html import escape
from itertools import count, groupby
from pathlib import Path
from typing import Any

from toolkit.draw.html import (
    Pill,
    TableColumn,
    TableRow,
    TableView,
    banner_html,
    headline_html,
    provenance_html,
    strip_html,
    table_html,
)
from toolkit.draw.text import anchor, link_html
from toolkit.study.run.fingerprint import PACKAGE, sha256_file
from toolkit.study.selftest.cases import CASES_FILE, KINDS, Case, Expected, Source, Suite
from toolkit.study.selftest.engine import METHODS, Check, Findings, agreement_text
from toolkit.study.selftest.installation import Installation, Package
from toolkit.words.palette import css_variables
from toolkit.words.wording import EM_DASH, count_text, number_text

_QUANTITIES = {
    "estimate": "estimate",
    "ci_low": "lower limit",
    "ci_high": "upper limit",
    "std_error": "standard error",
    "statistic": "statistic",
    "p_value": "P",
    "p_noninferiority": "P, non-inferiority",
    "estimate_a": "estimate of a",
    "estimate_b": "estimate of b",
    "increase_percent": "increase, %",
    "reduction_percent": "reduction, %",
}
_CELLS = ("both", "only_b", "only_a", "neither")
_PLAIN_DECIMALS = 5  # beyond, a difference is easier to read as a power of ten


def case_text(case: Case, source: Source) -> str:
    """Return source, what is estimated, and from which inputs."""
    return f"{source.name}: {case.what}; {inputs_text(case.inputs)}"


def case_remarks(case: Case) -> list[str]:
    """Return what must be known of a case: how its inputs are known, misprints, the call."""
    misprints = [
        f"The source prints {_minus(text)} as {quantity_text(quantity)}."
        for quantity, text in case.printed.items()
    ]
    basis = f"{case.basis[0].upper()}{case.basis[1:]}." if case.basis else ""
    return [remark for remark in (basis, *misprints, case.note, case.call) if remark]


def quantity_text(quantity: str) -> str:
    """Return a quantity in words."""
    return _QUANTITIES[quantity]


def inputs_text(inputs: Mapping[str, Any]) -> str:
    """Return the inputs of a case in words.

    Examples
    --------
    >>> inputs_text({"numerator": 244, "denominator": 39996})
    '244 of 39,996'
    >>> inputs_text({"both": 242, "only_b": 19, "only_a": 8})
    'both 242, only b 19, only a 8'
    """
    rest = dict(inputs)
    parts = []
    if "numerator" in rest:
        parts.append(_share(rest.pop("numerator"), rest.pop("denominator")))
    if "numerator_b" in rest:
        b = _share(rest.pop("numerator_b"), rest.pop("denominator_b"))
        a = _share(rest.pop("numerator_a"), rest.pop("denominator_a"))
        parts.append(f"b {b}, a {a}")
    parts += [
        f"{name.replace('_', ' ')} {count_text(rest.pop(name))}" for name in _CELLS if name in rest
    ]
    if "truth" in rest:
        truth = rest.pop("truth")
        parts.append(f"{len(truth)} cases, {sum(truth)} positive")
        rest = {name: value for name, value in rest.items() if not isinstance(value, list)}
    parts += [f"{name} {_plain(value)}" for name, value in rest.items()]
    return ", ".join(parts)


def value_cells(check: Check) -> tuple[str, str, str, str, str, str]:
    """Return quantity, expected, computed, difference, tolerance and verdict of a value."""
    verdict = "agrees" if check.agrees else check.problem or "DIFFERS"
    return (
        quantity_text(check.quantity),
        expected_text(check.expected),
        EM_DASH if check.problem else _computed_text(check),
        _difference_text(check),
        _tolerance_text(check.expected),
        verdict,
    )


def failure_text(check: Check) -> str:
    """Return one line of the terminal for a value that disagrees."""
    quantity, expected, computed, _, _, _ = value_cells(check)
    found = check.problem or f"computed {computed}"
    return f"DISAGREES {check.case.method}, {check.case.id}: {quantity} must be {expected}, {found}"


def expected_text(expected: Expected) -> str:
    """Return what must come out; an exact fraction as a decimal."""
    if "/" in expected.text:
        return _minus(f"{expected.value:.10g}")
    return _minus(expected.text)


def _share(part: int, whole: int) -> str:
    """Return a count of a count."""
    return f"{count_text(part)} of {count_text(whole)}"


def _plain(value: Any) -> str:
    """Return any other argument: nested cells, a table or a number."""
    if isinstance(value, Mapping):
        return f"({inputs_text(value)})"
    if isinstance(value, list):
        return " / ".join(" ".join(str(cell) for cell in row) for row in value)
    return str(value)


def _minus(text: str) -> str:
    """Return a number's text with true minus signs."""
    return text.replace("-", "−")


def _decimals(expected: Expected) -> int | None:
    """Return the decimals in which an expected value is written; None for other forms."""
    if expected.text.strip("−-+0123456789.") or math.isnan(expected.value):
        return None
    exponent = Decimal(expected.text).as_tuple().exponent
    return -exponent if isinstance(exponent, int) else None


def _computed_text(check: Check) -> str:
    """Return the computed value with more digits than the source gives where those are few."""
    if math.isnan(check.computed):
        return "undefined"
    decimals = _decimals(check.expected)
    if decimals is None:
        return _minus(f"{check.computed:.10g}")
    return number_text(check.computed, digits=decimals + (3 if decimals < _PLAIN_DECIMALS else 0))


def _difference_text(check: Check) -> str:
    """Return computed minus expected."""
    if math.isnan(check.difference) or check.expected.is_bound:
        return ""
    decimals = _decimals(check.expected)
    if check.difference == 0:
        return "0"
    if decimals is not None and decimals < _PLAIN_DECIMALS:
        return number_text(check.difference, digits=decimals + 3, signed=True)
    return _minus(f"{check.difference:+.1e}")


def _tolerance_text(expected: Expected) -> str:
    """Return how far a value may lie from the expected one."""
    if expected.is_bound:
        return "below"
    if math.isnan(expected.value) or math.isinf(expected.value):
        return ""
    if expected.tolerance >= 10**-_PLAIN_DECIMALS or expected.tolerance == 0:
        return f"{expected.tolerance:g}"
    return _minus(f"{expected.tolerance:.1e}".replace(".0e", "e"))


_VALUE_HEADS = (
    ("Case", "l"),
    ("Value", "l"),
    ("Expected", "r"),
    ("Computed", "r"),
    ("Difference", "r"),
    ("Tolerance", "r"),
    ("Verdict", "l"),
)


def installation_table(installation: Installation, numbers: Iterator[str]) -> str:
    """Return versions against the lock file: what differs, what the toolkit names, the rest."""
    packages = installation.packages
    locked = [package for package in packages if package.locked]
    as_locked = sum(package.state == "as locked" for package in locked)
    sentence = (
        f"{as_locked} of {len(locked)} packages of the lock file are installed in its version."
        if installation.has_lock
        else "This installation has no lock file, so versions are listed and not judged."
    )
    rows = [
        TableRow(("Toolkit", installation.toolkit, "", "")),
        TableRow(("Python", installation.python, "", "")),
        TableRow(("Linear algebra of numpy", installation.linear_algebra, "", "")),
        *(
            TableRow(_package_cells(package), rule=place == 0)
            for place, package in enumerate(
                package for package in packages if package.is_direct or package.is_odd
            )
        ),
    ]
    view = TableView(
        title="What is installed.",
        columns=[
            TableColumn("", "left"),
            TableColumn("Installed", "left"),
            TableColumn("Lock file", "left"),
            TableColumn("State", "left"),
        ],
        rows=rows,
        foot="Packages that the toolkit names itself, and all that differ from the lock file; the "
        "others stand at the end. The lock file may hold several versions, each for other "
        "versions of Python.",
    )
    return f"<p>{sentence}</p>{table_html(view, number=next(numbers))}"


def other_packages(installation: Installation) -> str:
    """Return the packages that the table of the installation does not show."""
    items = "".join(
        f"<li>{escape(package.name)} <span>{escape(package.installed)}"
        f"{', not in the lock file' if package.state == 'not in the lock' else ''}</span></li>"
        for package in installation.packages
        if not (package.is_direct or package.is_odd)
    )
    return f'<ul class="packages">{items}</ul>'


def overview_table(findings: Findings, numbers: Iterator[str]) -> str:
    """Return one row a method: how many values from which kind of source agree."""
    rows = [
        TableRow(
            (
                METHODS[method].title,
                *(
                    agreement_text(of_kind) if (of_kind := findings.of_kind(kind, mine)) else ""
                    for kind in KINDS
                ),
            ),
            "plain" if all(check.agrees for check in mine) else "emphasis",
        )
        for method, mine in _by_method(findings.checks)
    ]
    total = (
        "All methods",
        *(agreement_text(findings.of_kind(kind)) for kind in KINDS),
    )
    view = TableView(
        title="Values that agree, by method and kind of source.",
        columns=[TableColumn("", "left"), *(TableColumn(name) for name in KINDS.values())],
        rows=[*rows, TableRow(total, "emphasis", rule=True)],
        foot="Each method has its table below, in this order.",
    )
    return table_html(view, number=next(numbers))


def method_tables(findings: Findings, numbers: Iterator[str]) -> Iterator[str]:
    """Yield a table of all values for each method."""
    for method, mine in _by_method(findings.checks):
        yield value_table(
            findings,
            mine,
            title=f"{METHODS[method].title}: {agreement_text(mine)} agree.",
            foot=METHODS[method].place,
            number=next(numbers),
        )


def value_table(
    findings: Findings, checks: Sequence[Check], *, title: str, foot: str, number: str
) -> str:
    """Return some values; a case stands once beside all of its own."""
    heads = "".join(f'<th scope="col" class="{align}">{head}</th>' for head, align in _VALUE_HEADS)
    name = anchor("table", number)
    note = f'<p class="foot"><code>{escape(foot)}</code></p>' if foot else ""
    bodies = "".join(
        _case_body(list(mine), findings.suite)
        for _, mine in groupby(checks, key=lambda check: check.case.id)
    )
    return (
        f'<figure class="tab values" id="{name}"><figcaption id="{name}-title"><b>Table {number}.'
        f'</b> <span class="t">{escape(title)}</span></figcaption><div class="tabbox" tabindex="0" '
        f'role="group" aria-label="Table {number}, scrolls sideways"><table aria-labelledby='
        f'"{name}-title"><thead><tr>{heads}</tr></thead>{bodies}</table></div>{note}</figure>'
    )


def not_covered_table(suite: Suite, numbers: Iterator[str]) -> str:
    """Return the published results that are not recomputed, grouped by the reason."""
    rows: list[TableRow] = []
    for reason in dict.fromkeys(entry.reason for entry in suite.not_covered):
        rows.append(TableRow([reason], "group"))
        rows += [
            TableRow((suite.sources[entry.source].name, entry.what))
            for entry in suite.not_covered
            if entry.reason == reason
        ]
    view = TableView(
        title="Not recomputed, and why.",
        columns=[TableColumn("Source", "left"), TableColumn("Result", "left")],
        rows=rows,
    )
    return table_html(view, number=next(numbers))


def discrepancy_table(findings: Findings, numbers: Iterator[str]) -> str:
    """Return what papers print otherwise than their counts give."""
    rows = [
        (
            findings.suite.sources[check.case.source].name,
            f"{check.case.what}, {quantity_text(check.quantity)}",
            check.case.printed[check.quantity],
            expected_text(check.expected),
        )
        for check in findings.checks
        if check.quantity in check.case.printed
    ]
    view = TableView(
        title="Printed values that the counts do not give.",
        columns=[
            TableColumn("Source", "left"),
            TableColumn("Result", "left"),
            TableColumn("Printed"),
            TableColumn("From the counts"),
        ],
        rows=rows,
        foot="This installation is compared with the last column, which numpy and scipy gave "
        "when the expected values were collected.",
    )
    others = "".join(f"<p>{escape(text)}</p>" for text in findings.suite.discrepancies)
    return table_html(view, number=next(numbers)) + others


def _package_cells(package: Package) -> tuple[str, str, str, str]:
    """Return one package as a row."""
    state = "" if package.state == "no lock" else package.state
    return package.name, package.installed or "none", " or ".join(package.locked), state


def _by_method(checks: Sequence[Check]) -> Iterator[tuple[str, list[Check]]]:
    """Yield each method in the order of the table of methods, with its values."""
    for method in METHODS:
        mine = [check for check in checks if check.case.method == method]
        if mine:
            yield method, mine


def _case_body(checks: Sequence[Check], suite: Suite) -> str:
    """Return the rows of one case."""
    case = checks[0].case
    remarks = "".join(f"<small>{escape(remark)}</small>" for remark in case_remarks(case))
    head = (
        f'<th scope="rowgroup" rowspan="{len(checks)}" class="l">'
        f"{escape(case_text(case, suite.sources[case.source]))}{remarks}</th>"
    )
    rows = []
    for check in checks:
        values = "".join(
            f'<td class="{align}">{escape(cell)}</td>'
            for cell, (_, align) in zip(value_cells(check), _VALUE_HEADS[1:], strict=True)
        )
        rows.append(f"<tr{'' if check.agrees else ' class=em'}>{head}{values}</tr>")
        head = ""
    return f"<tbody>{''.join(rows)}</tbody>"


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
