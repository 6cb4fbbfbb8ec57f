"""The paper trail at the end of a chapter: what it was made from, folded.

It holds dates of the data and no time of a run, so that the same inputs give the same page.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Any
from urllib.parse import unquote

RECORDS = "records"
TRAIL_START = '<details class="trail">'
# The packages that numbers come from; the others are in the hash of all.
_SHOWN_PACKAGES = ("numpy", "scipy", "pandas", "statsmodels", "numba", "matplotlib", "pyarrow")

_EXHIBIT = re.compile(
    r'<figure class="(?:fig|tab)\b[^"]*" id="(?P<id>(?:figure|table)-[\w-]+)".*?</figure>', re.S
)
_NAME = re.compile(r"<b>((?:Figure|Table) [^<]+)\.</b>")
_FINDING = re.compile(r'<span class="t">(.*?)</span>', re.S)
_CSV = re.compile(r'href="data:text/csv[^",]*,([^"]*)"')
_TAG = re.compile(r"<[^>]+>")


@dataclass(frozen=True, kw_only=True)
class Trail:
    """What a chapter was made from.

    Parameters
    ----------
    parameters : mapping
        Name to value, as the chapter was given them.
    data : sequence of (str, str)
        Each table that it read with its rows and its hash, and the dates of the examinations.
    plan : sequence of (str, str)
        The plan's hash and what is known of its lock; or that there is none.
    versions : sequence of (str, str)
        Toolkit, Python and packages.
    code : sequence of (str, str)
        Hash of the notebook and of the toolkit's modules that it uses.
    """

    parameters: Mapping[str, Any]
    data: Sequence[tuple[str, str]] = ()
    plan: Sequence[tuple[str, str]] = ()
    versions: Sequence[tuple[str, str]] = ()
    code: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, kw_only=True)
class _Exhibit:
    """A numbered figure or table of a page, and the hash of its CSV; None where it has none."""

    anchor: str
    name: str
    finding: str
    sha256: str | None


def sha256_text(text: str) -> str:
    """Return the SHA-256 of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


def data_items(inputs: Mapping[str, str], parts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the tables that a chapter read, and first and last date of their examinations.

    Parameters
    ----------
    inputs : mapping
        Hash of each input as the record has them: ``part.table``, ``records.name``, ``sources``.
    parts : mapping
        The study's index: part to table to its rows and dates.
    """
    items: list[tuple[str, str]] = []
    for key, value in sorted(inputs.items()):
        part, _, table = key.partition(".")
        if part == RECORDS or not table:
            continue
        entry = parts.get(part, {}).get(table, {})
        rows = f"{entry['rows']:,} rows, " if "rows" in entry else ""
        items.append((key, f"{rows}sha256 {value}"))
        if dates := entry.get("exam_dates"):
            items.append((f"{key}, dates of examinations", " to ".join(dates)))
    records = sum(key.startswith(f"{RECORDS}.") for key in inputs)
    if records:
        items.append((RECORDS, f"those of {records - 1} other chapters"))
    return items


def version_items(toolkit: str, environment: Mapping[str, str], key: str) -> list[tuple[str, str]]:
    """Return the versions that numbers hang on, and the hash of all installed packages."""
    shown = [(name, environment[name]) for name in _SHOWN_PACKAGES if name in environment]
    named = {name: environment[name] for name in ("python", "machine") if name in environment}
    packages = len(environment) - len(named)
    return [
        ("toolkit", toolkit),
        *named.items(),
        *shown,
        (f"all {packages} packages", f"sha256 {key}"),
    ]


def trail_html(trail: Trail, outputs: Sequence[str], *, record: tuple[str, str] | None) -> str:
    """Return the paper trail of a chapter, folded.

    Parameters
    ----------
    trail : Trail
        What the chapter was made from.
    outputs : sequence of str
        The HTML that the chapter put out; its numbered figures and tables are listed.
    record : (str, str) or None
        Address of the record and its text.
    """
    exhibits = [one for output in outputs for one in _exhibits(output)]
    groups = [
        ("Parameters", [(name, escape(_value(value))) for name, value in trail.parameters.items()]),
        ("Data", _escaped(trail.data)),
        ("Plan", _escaped(trail.plan)),
        ("Versions", _escaped(trail.versions)),
        ("Code", _escaped(trail.code)),
        ("Record", [] if record is None else [_record_item(*record)]),
        ("Data behind figures and tables", [_exhibit_item(one) for one in exhibits]),
    ]
    body = "".join(_group(title, items) for title, items in groups if items)
    return (
        f"{TRAIL_START}<summary>Paper trail: parameters, data, versions, hashes, record</summary>"
        f"{body}</details>"
    )


def _escaped(items: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return items whose values are HTML."""
    return [(name, escape(value)) for name, value in items]


def _value(value: Any) -> str:
    """Return a parameter as the parameters file has it."""
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _record_item(address: str, text: str) -> tuple[str, str]:
    """Return the link to the record and its hash."""
    name = address.rpartition("/")[2]
    return name, f'<a href="{escape(address)}">open</a>, sha256 {sha256_text(text)}'


def _exhibits(output: str) -> Iterator[_Exhibit]:
    """Return the numbered figures and tables of a piece of HTML."""
    for match in _EXHIBIT.finditer(output):
        name, finding, csv = (pattern.search(match[0]) for pattern in (_NAME, _FINDING, _CSV))
        if name is not None:
            yield _Exhibit(
                anchor=match["id"],
                name=name[1],
                finding=unescape(_TAG.sub("", finding[1])) if finding else "",
                sha256=sha256_text(unquote(unescape(csv[1]))) if csv else None,
            )


def _exhibit_item(one: _Exhibit) -> tuple[str, str]:
    """Return a figure or table with its finding; the link gives its CSV, and leads to it."""
    if one.sha256 is None:
        kept = f'<a href="#{one.anchor}">no file</a>'
    else:
        kept = f'<a class="csv-of" href="#{one.anchor}">CSV</a>, sha256 {one.sha256}'
    return one.name, f"{escape(one.finding)} {kept}"


def _group(title: str, items: Sequence[tuple[str, str]]) -> str:
    """Return one group of names and values."""
    listed = "".join(f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in items)
    return f'<p class="trail-head">{escape(title)}</p><dl>{listed}</dl>'
