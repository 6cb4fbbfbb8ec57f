"""The tables of the page: what is installed, every value, and what is not recomputed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from toolkit.draw.html import TableColumn, TableRow, TableView, table_html
from toolkit.draw.text import anchor
from toolkit.study.selftest.cases import KINDS, Suite
from toolkit.study.selftest.engine import Check, Findings, agreement_text
from toolkit.study.selftest.installation import Installation, Package
from toolkit.study.selftest.methods import METHODS
from toolkit.study.selftest.texts import (
    case_remarks,
    case_text,
    expected_text,
    quantity_text,
    value_cells,
)

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
