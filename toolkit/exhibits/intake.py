"""What chapter 00 shows: which files were read, column by column, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from toolkit.html import TableColumn, TableRow, TableView
from toolkit.wording import count_text, counted, joined

Sources = Mapping[str, Mapping[str, Mapping[str, Any]]]
Frames = Mapping[str, pd.DataFrame]
PART_NAMES = {
    "retrospective": "Retrospective",
    "reader_study": "Reader study",
    "prospective": "Prospective",
}
STATES = ("complete", "failed", "missing")


def _entries(sources: Sources) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield part, table and what is known of it."""
    for part, tables in sources.items():
        for name, entry in tables.items():
            yield part, name, entry


def answer(sources: Sources) -> str:
    """Return the chapter's answer: how much was read, and that it passed."""
    entries = list(_entries(sources))
    rows = sum(entry["rows"] for _, _, entry in entries)
    return (
        f"{counted(len(entries), 'table').capitalize()} with {count_text(rows)} rows, in "
        f"{counted(len(sources), 'part')} of the study, were read and passed every check."
    )


def facts(sources: Sources, readings: Frames) -> list[tuple[str, str]]:
    """Return the facts under the answer."""
    files = {
        source["map"]["file"]
        for _, _, entry in _entries(sources)
        for source in entry["sources"]
        if source["map"]["file"]
    }
    empty = sum(len(_empty(entry)) for _, _, entry in _entries(sources))
    states = pd.concat([frame["status"] for frame in readings.values()] or [pd.Series(dtype=str)])
    return [
        ("Files", count_text(len(files)) if files else "none: simulated in memory"),
        ("Columns without a value", count_text(empty)),
        ("Readings", count_text(len(states))),
        (
            "Failed or missing",
            f"{count_text(int((states == 'failed').sum()))} and "
            f"{count_text(int((states == 'missing').sum()))}",
        ),
    ]


def _empty(entry: Mapping[str, Any]) -> list[str]:
    """Return the columns of a table that hold no value."""
    filled = set(entry["filled"])
    return [column for column in entry["columns"] if column not in filled]


def _name(part: str, table: str) -> str:
    """Return a table's name with its part."""
    return f"{PART_NAMES[part]}: {table}"


def tables_view(sources: Sources) -> TableView:
    """Return a row a table: rows, columns, empty columns and hash."""
    rows: list[TableRow] = []
    for part, tables in sources.items():
        rows.append(TableRow([f"{PART_NAMES[part]} part"], kind="group"))
        for name, entry in tables.items():
            empty = _empty(entry)
            cells = [
                name,
                count_text(entry["rows"]),
                count_text(len(entry["columns"])),
                joined(empty) or "none",
                entry["sha256"][:8],
            ]
            rows.append(TableRow(cells, kind="sub"))
    return TableView(
        title="Tables of the study",
        columns=[
            TableColumn("", align="left"),
            TableColumn("Rows"),
            TableColumn("Columns"),
            TableColumn("Without any value", align="left"),
            TableColumn("Content", align="left"),
        ],
        rows=rows,
        foot="Content: first signs of the SHA-256 of the columns and values.",
    )


def columns_view(sources: Sources) -> TableView:
    """Return where each column comes from: a column of a file, one value for all, or the map."""
    rows: list[TableRow] = []
    for part, name, entry in _entries(sources):
        rows.append(TableRow([_name(part, name)], kind="group"))
        if not entry["sources"]:
            rows.append(TableRow(["all columns", "simulated", ""], kind="sub"))
        for source in entry["sources"]:
            rows.extend(TableRow(cells, kind="sub") for cells in _column_rows(source["map"]))
    return TableView(
        title="Column maps, as the parameters file has them",
        columns=[
            TableColumn("Column", align="left"),
            TableColumn("From", align="left"),
            TableColumn("Values there: here", align="left"),
        ],
        rows=rows,
        foot="Values that a map does not name pass unchanged and were then checked.",
    )


def _column_rows(given: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield column, origin and value map of one source."""
    if given["rows"] is not None:
        names = dict.fromkeys(name for row in given["rows"] for name in row)
        yield from ([name, "parameters file", ""] for name in names)
        return
    file = PurePosixPath(given["file"]).name
    if not given["columns"]:
        yield ["all columns", f"{file}, names as here", ""]
    for column, there in given["columns"].items():
        mapping = given["values"].get(column, {})
        yield [column, f"{file}, {there}", ", ".join(f"{k}: {v}" for k, v in mapping.items())]
    for column, value in given["constants"].items():
        yield [column, f"the same for all rows: {value}", ""]


def readers_view(readers: Frames) -> TableView:
    """Return the readers of each part: people counted, every AI with version and scale."""
    rows: list[TableRow] = []
    for part, frame in readers.items():
        people = frame[frame["kind"] == "human"]
        rows.append(TableRow([f"{PART_NAMES[part]} part"], kind="group"))
        rows.append(TableRow(["people", count_text(len(people)), "", ""], kind="sub"))
        for row in frame[frame["kind"] == "ai"].itertuples():
            scale = f"{row.score_min:g} to {row.score_max:g}, one score per {row.score_kind}"
            rows.append(TableRow(["AI", str(row.product), str(row.version), scale], kind="sub"))
    return TableView(
        title="Readers",
        columns=[
            TableColumn("", align="left"),
            TableColumn("Number or product", align="left"),
            TableColumn("Version", align="left"),
            TableColumn("Scale", align="left"),
        ],
        rows=rows,
        foot="Two versions of an AI are two readers and are never pooled.",
    )


def readings_view(readings: Frames, readers: Frames) -> TableView:
    """Return the readings of each part by modality and by what became of them."""
    rows: list[TableRow] = []
    for part, frame in readings.items():
        rows.append(TableRow([f"{PART_NAMES[part]} part"], kind="group"))
        kinds = dict(zip(readers[part]["reader_id"], readers[part]["kind"], strict=True))
        whose = frame["reader_id"].map(kinds)
        for (kind, modality), group in frame.groupby([whose, "modality"], sort=True):
            counts = group["status"].value_counts()
            cells = [
                f"{'AI' if kind == 'ai' else 'people'}, {modality}",
                *(count_text(int(counts.get(state, 0))) for state in STATES),
                count_text(len(group)),
                count_text(int(group["rating"].notna().sum())),
                count_text(int(group["call"].notna().sum())),
            ]
            rows.append(TableRow(cells, kind="sub"))
    return TableView(
        title="Readings, by reading condition and by what became of them",
        columns=[
            TableColumn("", align="left"),
            *(TableColumn(state.capitalize(), span="Status") for state in STATES),
            TableColumn("All"),
            TableColumn("Rating", span="With a"),
            TableColumn("Call", span="With a"),
        ],
        rows=rows,
        foot="Failed: the AI ran without a valid result. Missing: no result ever came.",
    )
