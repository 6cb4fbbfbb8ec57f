"""What chapter 00 shows: which files were read, column by column, and what they hold.

A page goes to reviewers, so it names files without their folders, and no value of a column that
can identify a person: identifiers, dates and paths stay in the parameters file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PureWindowsPath
from typing import Any

import pandas as pd

from toolkit.chapters.intake.show_intake_readers import (
    ALONE,
    PART_NAMES,
    STATES,
    Frames,
    own_readings,
    readers_view,
    readings_view,
    version_warnings,
)
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.tables import PARTS, TABLES
from toolkit.words.wording import count_text, counted, joined

__all__ = [
    "answer",
    "checks",
    "columns_view",
    "facts",
    "files_view",
    "own_readings_text",
    "readers_view",
    "readings_view",
    "tables_view",
    "warnings_text",
]

Entry = Mapping[str, Any]
Sources = Mapping[str, Mapping[str, Entry]]
HASH_SIGNS = 8
INLINE = "parameters file"


def _entries(sources: Sources) -> Iterator[tuple[str, str, Entry]]:
    """Yield part, table and what is known of it, in the order of the study's plan."""
    for part in PARTS:
        for name in TABLES:
            if name in sources.get(part, {}):
                yield part, name, sources[part][name]


def _file_name(file: str) -> str:
    """Return a file's name without its folders, whichever slash they are written with."""
    return PureWindowsPath(file).name


@dataclass
class _File:
    """A file: its hash, and which tables of which part were made of it, each once and in order."""

    sha256: str
    gave: dict[str, dict[str, None]] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """Return what it gave, part by part."""
        return "; ".join(
            f"{PART_NAMES[part]}: {joined(list(tables))}" for part, tables in self.gave.items()
        )


def _files(sources: Sources) -> dict[str, _File]:
    """Return every file that was read, by its name in the study."""
    files: dict[str, _File] = {}
    for part, name, entry in _entries(sources):
        for source in entry["sources"]:
            name_there = source["map"]["file"]
            if name_there is not None:
                file = files.setdefault(name_there, _File(str(source["sha256"])))
                file.gave.setdefault(part, {})[name] = None
    return files


def _simulated(sources: Sources) -> bool:
    """Return whether no table came from anywhere but the simulation."""
    return not any(entry["sources"] for _, _, entry in _entries(sources))


def answer(sources: Sources) -> str:
    """Return the chapter's answer: how much was read, and that it passed."""
    entries = list(_entries(sources))
    rows = sum(entry["rows"] for _, _, entry in entries)
    what = (
        f"{counted(len(entries), 'table').capitalize()} with {counted(rows, 'row')}, in "
        f"{counted(len({part for part, _, _ in entries}), 'part')} of the study,"
    )
    verb = "was" if len(entries) == 1 else "were"
    if _simulated(sources):
        return f"{what} {verb} simulated in memory; no file was read."
    return f"{what} {verb} read and passed every check."


def checks(sources: Sources) -> str:
    """Return a sentence on what the checks mean for what is in the book."""
    if _simulated(sources):
        return (
            "The simulated tables have the columns and keys of a real study, so every chapter runs "
            "on them as it would on files."
        )
    return (
        "Every table passed every check of its columns, its key and its links to the others; one "
        "that did not would have stopped the run before any chapter."
    )


def facts(sources: Sources, readings: Frames) -> list[tuple[str, str]]:
    """Return the facts under the answer."""
    files = len(_files(sources))
    states = pd.concat([frame["status"] for frame in readings.values()] or [pd.Series(dtype=str)])
    empty = sum(len(_empty(entry)) for _, _, entry in _entries(sources))
    lost = {state: int((states == state).sum()) for state in STATES[1:]}
    return [
        ("Files", count_text(files) if files else "none: simulated in memory"),
        ("Columns without a value", count_text(empty)),
        ("Readings", count_text(len(states))),
        ("Failed or missing", f"{count_text(lost['failed'])} and {count_text(lost['missing'])}"),
    ]


def warnings(sources: Sources, readers: Frames) -> list[str]:
    """Return what a reviewer must know before reading on, one sentence each; often nothing."""
    found = version_warnings(readers)
    empty = [
        f"{_name(part, name)} ({joined(_empty(entry))})"
        for part, name, entry in _entries(sources)
        if _empty(entry)
    ]
    if empty:
        found.append(f"Columns without any value: {'; '.join(empty)}.")
    return found


def warnings_text(sources: Sources, readers: Frames) -> str:
    """Return the warnings as a list, or that there is none."""
    found = warnings(sources, readers)
    if not found:
        has_ai = any((frame["kind"] == "ai").any() for frame in readers.values())
        return f"Every column holds values{', and every AI has one version' if has_ai else ''}."
    return "\n".join(f"- {sentence}" for sentence in found)


def _empty(entry: Entry) -> list[str]:
    """Return the columns of a table that hold no value."""
    filled = set(entry["filled"])
    return [column for column in entry["columns"] if column not in filled]


def _name(part: str, table: str) -> str:
    """Return a table's name with its part."""
    return f"{PART_NAMES[part]}: {table}"


def own_readings_text(readings: Frames, readers: Frames, sources: Sources) -> str:
    """Return a sentence on how many readings are the AI's own, and which became standalone."""
    counts = {
        part: (own, total) for part, (own, total) in own_readings(readings, readers).items() if own
    }
    if not counts:
        return "No reading is an AI's own."
    listed = joined(
        [
            f"{count_text(own)} of {count_text(total)} in the {PART_NAMES[part].lower()} part"
            for part, (own, total) in counts.items()
        ]
    )
    changed = [PART_NAMES[part].lower() for part in counts if _relabelled(part, sources)]
    after = (
        f" In the {joined(changed)} part the parameters file calls every reading unaided; the AI's "
        f"own became {ALONE} on entry."
        if changed
        else ""
    )
    return f"Readings by an AI alone have the modality {ALONE}: {listed}.{after}"


def _relabelled(part: str, sources: Sources) -> bool:
    """Return whether the map calls every reading of a part unaided, the AI's own among them."""
    entry = sources.get(part, {}).get("readings")
    maps = [source["map"] for source in entry["sources"]] if entry else []
    return bool(maps) and all(m["constants"].get("modality") == "unaided" for m in maps)


def files_view(sources: Sources) -> TableView | None:
    """Return a row a file: its hash and what was made of it; None where no file was read."""
    files = _files(sources)
    if not files:
        return None
    rows = [
        TableRow([_file_name(name), file.sha256[:HASH_SIGNS], file.words])
        for name, file in sorted(files.items())
    ]
    return TableView(
        title="Files that were read",
        columns=[TableColumn(head, align="left") for head in ("File", "Hash", "Gave")],
        rows=rows,
        foot=f"Hash: first {HASH_SIGNS} signs of the SHA-256 of the file. Folders are not shown.",
    )


def tables_view(sources: Sources) -> TableView:
    """Return a row a table: rows, columns, empty columns and hash."""
    rows: list[TableRow] = []
    last = ""
    for part, name, entry in _entries(sources):
        if part != last:
            rows.append(TableRow([f"{PART_NAMES[part]} part"], kind="group"))
            last = part
        cells = [
            name,
            count_text(entry["rows"]),
            count_text(len(entry["columns"])),
            joined(_empty(entry)) or "none",
            entry["sha256"][:HASH_SIGNS],
        ]
        rows.append(TableRow(cells, kind="sub"))
    return TableView(
        title="Tables of the study",
        columns=[
            TableColumn("Table", align="left"),
            TableColumn("Rows"),
            TableColumn("Columns"),
            TableColumn("Without any value", align="left"),
            TableColumn("Hash", align="left"),
        ],
        rows=rows,
        foot=(
            f"Hash: first {HASH_SIGNS} signs of the SHA-256 of a table's columns and values, "
            "whatever file they came from."
        ),
    )


def columns_view(sources: Sources) -> TableView | None:
    """Return where each column comes from; None where all of them are simulated."""
    if _simulated(sources):
        return None
    rows: list[TableRow] = []
    for part, name, entry in _entries(sources):
        rows.append(TableRow([_name(part, name)], kind="group"))
        if not entry["sources"]:
            rows.append(TableRow(["all columns", "simulated", ""], kind="sub"))
        for source in entry["sources"]:
            cells = _column_rows(name, source["map"])
            rows.extend(TableRow(row, kind="sub") for row in cells)
    return TableView(
        title="Where each column comes from",
        columns=[
            TableColumn("Column", align="left"),
            TableColumn("From", align="left"),
            TableColumn("Values there: here", align="left"),
        ],
        rows=rows,
        foot=(
            "There: in the file; here: in the table. Values that are not named passed unchanged "
            "and were then checked. Withheld: the column can identify a person or an examination."
        ),
    )


def _column_rows(table: str, given: Entry) -> Iterator[list[str]]:
    """Yield column, origin and values of one source."""
    if given["rows"] is not None:
        names = dict.fromkeys(name for row in given["rows"] for name in row)
        yield from ([name, INLINE, ""] for name in names)
        return
    file = _file_name(given["file"])
    if given.get("distinct"):
        yield ["rows", f"{file}, equal ones taken once", ""]
    if not given["columns"]:
        yield ["all others" if given["constants"] else "all columns", f"{file}, same names", ""]
    for column, there in given["columns"].items():
        yield [column, f"{file}, {there}", _value_map(table, column, given["values"])]
    for column in sorted(given["values"].keys() - given["columns"].keys()):
        yield [column, f"{file}, {column}", _value_map(table, column, given["values"])]
    for column, value in given["constants"].items():
        shown = "withheld" if _identifies(table, column) else value
        yield [column, f"the same for all rows: {shown}", ""]


def _identifies(table: str, column: str) -> bool:
    """Return whether values of a column never stand in a page; a person's name may be one."""
    return {c.name: c.identifying for c in TABLES[table].columns}.get(column, True)


def _value_map(table: str, column: str, values: Mapping[str, Mapping[str, Any]]) -> str:
    """Return how values were renamed."""
    mapping = values.get(column, {})
    if mapping and _identifies(table, column):
        return f"{counted(len(mapping), 'value')} renamed, withheld"
    by_value: dict[str, list[str]] = {}
    for there, here in mapping.items():
        by_value.setdefault(str(here), []).append(str(there))
    return "; ".join(f"{joined(names)}: {here}" for here, names in by_value.items())
