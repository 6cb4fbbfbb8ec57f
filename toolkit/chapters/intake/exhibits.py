"""What chapter 00 shows: which files were read, column by column, what they hold, and who read.

A page goes to reviewers, so it names files without their folders, and no value of a column that
can identify a person: identifiers, dates and paths stay in the parameters file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PureWindowsPath
from typing import Any

import pandas as pd

from toolkit.chapters.exhibit import Exhibit, Headline
from toolkit.chapters.intake.analysis import ALONE, Entry, IntakeStudy, empty_columns
from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.results import Result
from toolkit.stats.proportions import proportion_ci
from toolkit.tables import TABLES
from toolkit.words.wording import EM_DASH, capital, count_text, counted, joined

PART_NAMES = {
    "retrospective": "Retrospective",
    "reader_study": "Reader study",
    "prospective": "Prospective",
}
STATES = ("complete", "failed", "missing")
HASH_SIGNS = 8
INLINE = "parameters file"


def _file_name(file: str) -> str:
    """Return a file's name without its folders, whichever slash they are written with."""
    return PureWindowsPath(file).name


def _table(title: str, columns: list[TableColumn], rows: list[TableRow], foot: str) -> Exhibit:
    """Return a table."""
    return Exhibit(table=TableView(title=title, columns=columns, rows=rows, foot=foot))


def _left(*heads: str) -> list[TableColumn]:
    """Return columns of text."""
    return [TableColumn(head, align="left") for head in heads]


def head(study: IntakeStudy) -> Headline:
    """Return the chapter's question and its answer: how much was read, and that it passed."""
    entries = study.entries
    rows = sum(entry["rows"] for _, _, entry in entries)
    what = (
        f"{counted(len(entries), 'table').capitalize()} with {counted(rows, 'row')}, in "
        f"{counted(len({part for part, _, _ in entries}), 'part')} of the study,"
    )
    verb = "was" if len(entries) == 1 else "were"
    end = "read and passed every check."
    if study.simulated:
        end = "simulated in memory; no file was read."
    return Headline(
        question="Which files were read, and what became of them?",
        answer=f"{what} {verb} {end}",
        facts=_facts(study),
    )


def checks(study: IntakeStudy) -> str:
    """Return a sentence on what the checks mean for what is in the book."""
    if study.simulated:
        return (
            "The simulated tables have the columns and keys of a real study, so every chapter runs "
            "on them as it would on files."
        )
    return (
        "Every table passed every check of its columns, its key and its links to the others; one "
        "that did not would have stopped the run before any chapter."
    )


def _facts(study: IntakeStudy) -> list[tuple[str, str]]:
    """Return the facts under the answer."""
    files = len(study.files)
    frames = [frame["status"] for frame in study.readings.values()]
    states = pd.concat(frames or [pd.Series(dtype=str)])
    empty = sum(len(empty_columns(entry)) for _, _, entry in study.entries)
    failed, missing = (count_text(int((states == state).sum())) for state in STATES[1:])
    return [
        ("Files", count_text(files) if files else "none: simulated in memory"),
        ("Columns without a value", count_text(empty)),
        ("Readings", count_text(len(states))),
        ("Failed or missing", f"{failed} and {missing}"),
    ]


def warnings_text(study: IntakeStudy) -> str:
    """Return what a reviewer must know before reading on as a list, or that there is nothing."""
    found = _version_warnings(study)
    empty = [
        f"{PART_NAMES[part]}: {name} ({joined(columns)})"
        for part, name, entry in study.entries
        if (columns := empty_columns(entry))
    ]
    if empty:
        found.append(f"Columns without any value: {'; '.join(empty)}.")
    if found:
        return "\n".join(f"- {sentence}" for sentence in found)
    has_ai = any((frame["kind"] == "ai").any() for frame in study.readers.values())
    return f"Every column holds values{', and every AI has one version' if has_ai else ''}."


def own_readings_text(study: IntakeStudy) -> str:
    """Return a sentence on how many readings are the AI's own, and which became standalone."""
    counts = {part: counts for part, counts in study.own_readings.items() if counts[0]}
    if not counts:
        return "No reading is an AI's own."
    listed = joined(
        [
            f"{count_text(own)} of {count_text(total)} in the {PART_NAMES[part].lower()} part"
            for part, (own, total) in counts.items()
        ]
    )
    changed = [PART_NAMES[part].lower() for part in counts if _relabelled(study, part)]
    after = (
        f" In the {joined(changed)} part the parameters file calls every reading unaided; the AI's "
        f"own became {ALONE} on entry."
        if changed
        else ""
    )
    return f"Readings by an AI alone have the modality {ALONE}: {listed}.{after}"


def _relabelled(study: IntakeStudy, part: str) -> bool:
    """Return whether the map calls every reading of a part unaided, the AI's own among them."""
    entry = study.sources.get(part, {}).get("readings")
    maps = [source["map"] for source in entry["sources"]] if entry else []
    return bool(maps) and all(m["constants"].get("modality") == "unaided" for m in maps)


def files_table(study: IntakeStudy) -> Exhibit | None:
    """Return a row a file: its hash and what was made of it; None where no file was read."""
    rows = []
    for name, file in sorted(study.files.items()):
        gave = [f"{PART_NAMES[part]}: {joined(list(tables))}" for part, tables in file.gave.items()]
        rows.append(TableRow([_file_name(name), file.sha256[:HASH_SIGNS], "; ".join(gave)]))
    if not rows:
        return None
    return _table(
        "Files that were read",
        _left("File", "Hash", "Gave"),
        rows,
        f"Hash: first {HASH_SIGNS} signs of the SHA-256 of the file. Folders are not shown.",
    )


def tables_table(study: IntakeStudy) -> Exhibit:
    """Return a row a table: rows, columns, empty columns and hash."""
    rows: list[TableRow] = []
    last = ""
    for part, name, entry in study.entries:
        if part != last:
            rows.append(_part_row(part))
            last = part
        cells = [
            name,
            count_text(entry["rows"]),
            count_text(len(entry["columns"])),
            joined(empty_columns(entry)) or "none",
            entry["sha256"][:HASH_SIGNS],
        ]
        rows.append(TableRow(cells, kind="sub"))
    return _table(
        "Tables of the study",
        [
            *_left("Table"),
            TableColumn("Rows"),
            TableColumn("Columns"),
            *_left("Without any value", "Hash"),
        ],
        rows,
        f"Hash: first {HASH_SIGNS} signs of the SHA-256 of a table's columns and values, whatever "
        "file they came from.",
    )


def _part_row(part: str) -> TableRow:
    """Return the head of a part's rows."""
    return TableRow([f"{PART_NAMES[part]} part"], kind="group")


def columns_table(study: IntakeStudy) -> Exhibit | None:
    """Return where each column comes from; None where all of them are simulated."""
    if study.simulated:
        return None
    rows: list[TableRow] = []
    for part, name, entry in study.entries:
        rows.append(TableRow([f"{PART_NAMES[part]}: {name}"], kind="group"))
        if not entry["sources"]:
            rows.append(TableRow(["all columns", "simulated", ""], kind="sub"))
        for source in entry["sources"]:
            rows += (TableRow(cells, kind="sub") for cells in _column_rows(name, source["map"]))
    return _table(
        "Where each column comes from",
        _left("Column", "From", "Values there: here"),
        rows,
        "There: in the file; here: in the table. Values that are not named passed unchanged and "
        "were then checked. Withheld: the column can identify a person or an examination.",
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


def _version_warnings(study: IntakeStudy) -> list[str]:
    """Return what a reviewer must know of the AIs' versions, one sentence each."""
    found = []
    for part, frame in study.parts_of_readers():
        programs = frame[frame["kind"] == "ai"]
        where = f"In the {PART_NAMES[part].lower()} part"
        for product, versions in _versions(programs).items():
            if len(versions) > 1:
                found.append(
                    f"{where}, {product} has {counted(len(versions), 'version')} "
                    f"({joined(versions)}); each is a reader of its own, and they are never pooled."
                )
        if unnamed := int(_column(programs, "version").isna().sum()):
            verb = "has" if unnamed == 1 else "have"
            found.append(f"{where}, {counted(unnamed, 'AI')} {verb} no version in the data.")
    return found


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column, all missing where the table lacks it."""
    return frame[name] if name in frame else pd.Series(pd.NA, index=frame.index, dtype="str")


def _versions(programs: pd.DataFrame) -> dict[str, list[str]]:
    """Return the versions of each product."""
    products = _column(programs, "product").fillna("an AI without a name")
    known = _column(programs, "version")
    return {
        str(product): sorted(str(v) for v in known[products == product].dropna().unique())
        for product in products.unique()
    }


def readers_table(study: IntakeStudy) -> Exhibit | None:
    """Return the readers of each part: they are counted, every AI with version and scale."""
    rows: list[TableRow] = []
    for part, frame in study.parts_of_readers():
        readers = int((frame["kind"] == "human").sum())
        rows += [_part_row(part), TableRow(["readers", count_text(readers), "", ""], kind="sub")]
        for row in frame[frame["kind"] == "ai"].to_dict("records"):
            named = [_given(row, name) for name in ("product", "version")]
            rows.append(TableRow(["AI", *named, _scale(row)], kind="sub"))
    if not rows:
        return None
    return _table(
        "Readers",
        _left("", "Number or product", "Version", "Scale of the score"),
        rows,
        "Two versions of an AI are two readers and are never pooled.",
    )


def _given(row: Mapping[Any, Any], name: str) -> str:
    """Return a cell's text, or a dash where the table has none."""
    value = row.get(name)
    return EM_DASH if value is None or pd.isna(value) else str(value)


def _scale(row: Mapping[Any, Any]) -> str:
    """Return an AI's scale and what one score is about."""
    low, high = row.get("score_min"), row.get("score_max")
    known = low is not None and high is not None and pd.notna(low) and pd.notna(high)
    scale = f"{low:g} to {high:g}" if known else "ends not recorded"
    kind = _given(row, "score_kind")
    return scale if kind == EM_DASH else f"{scale}, one score per {kind}"


def readings_table(study: IntakeStudy) -> Exhibit | None:
    """Return the readings of each part by modality and by what became of them."""
    rows: list[TableRow] = []
    for part, frame, whose in study.parts_of_readings():
        rows.append(_part_row(part))
        for (kind, modality), group in frame.groupby([whose, "modality"], sort=True):
            counts = group["status"].value_counts()
            cells = [
                f"{'AI' if kind == 'ai' else 'readers'}, {modality}",
                *(count_text(int(counts.get(state, 0))) for state in STATES),
                count_text(len(group)),
                count_text(int(group["rating"].notna().sum())),
                count_text(int(group["call"].notna().sum())),
            ]
            rows.append(TableRow(cells, kind="sub"))
    if not rows:
        return None
    return _table(
        "Readings, by reading condition and by what became of them",
        [
            *_left(""),
            *(TableColumn(capital(state), span="Status") for state in STATES),
            TableColumn("All"),
            TableColumn("Rating", span="With a"),
            TableColumn("Call", span="With a"),
        ],
        rows,
        "Failed: read without a valid result. Missing: no result ever came.",
    )


def record(study: IntakeStudy) -> dict[str, Result]:
    """Return the share of readings that came to an end, by part and by who read."""
    results: dict[str, Result] = {}
    for part, frame, whose in study.parts_of_readings():
        for kind, group in frame.groupby(whose, sort=True):
            done = int((group["status"] == "complete").sum())
            results[f"complete_{part}_{kind}"] = proportion_ci(
                done, len(group), quantity="share_of_readings_complete"
            )
    return results
