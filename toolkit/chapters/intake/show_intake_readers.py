"""What chapter 00 shows of readers and readings: who read, with which AI, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from toolkit.draw.html import TableColumn, TableRow, TableView
from toolkit.results import Result
from toolkit.stats.proportions.one import proportion_ci
from toolkit.tables import PARTS
from toolkit.words.wording import EM_DASH, count_text, counted, joined

Frames = Mapping[str, pd.DataFrame]
PART_NAMES = {
    "retrospective": "Retrospective",
    "reader_study": "Reader study",
    "prospective": "Prospective",
}
ALONE = "standalone"
STATES = ("complete", "failed", "missing")


def _ordered(frames: Frames) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield part and frame in the order of the study's plan."""
    yield from ((part, frames[part]) for part in PARTS if part in frames)


def version_warnings(readers: Frames) -> list[str]:
    """Return what a reviewer must know of the AIs' versions, one sentence each."""
    found = []
    for part, frame in _ordered(readers):
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


def readers_view(readers: Frames) -> TableView | None:
    """Return the readers of each part: people counted, every AI with version and scale."""
    rows: list[TableRow] = []
    for part, frame in _ordered(readers):
        people = frame[frame["kind"] == "human"]
        rows.append(TableRow([f"{PART_NAMES[part]} part"], kind="group"))
        rows.append(TableRow(["people", count_text(len(people)), "", ""], kind="sub"))
        for row in frame[frame["kind"] == "ai"].to_dict("records"):
            named = [_given(row, name) for name in ("product", "version")]
            rows.append(TableRow(["AI", *named, _scale(row)], kind="sub"))
    if not rows:
        return None
    return TableView(
        title="Readers",
        columns=[
            TableColumn("", align="left"),
            TableColumn("Number or product", align="left"),
            TableColumn("Version", align="left"),
            TableColumn("Scale of the score", align="left"),
        ],
        rows=rows,
        foot="Two versions of an AI are two readers and are never pooled.",
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


def _whose(frame: pd.DataFrame, readers: pd.DataFrame) -> pd.Series[str]:
    """Return of each reading whether a person or an AI made it."""
    kinds = dict(zip(readers["reader_id"], readers["kind"], strict=True))
    whose: pd.Series[str] = frame["reader_id"].map(kinds)
    return whose


def own_readings(readings: Frames, readers: Frames) -> dict[str, tuple[int, int]]:
    """Return, by part, how many of how many readings are an AI's own."""
    return {
        part: (
            int(((_whose(frame, readers[part]) == "ai") & (frame["modality"] == ALONE)).sum()),
            len(frame),
        )
        for part, frame in _ordered(readings)
        if part in readers
    }


def readings_view(readings: Frames, readers: Frames) -> TableView | None:
    """Return the readings of each part by modality and by what became of them."""
    rows: list[TableRow] = []
    for part, frame in _ordered(readings):
        if part not in readers:
            continue
        rows.append(TableRow([f"{PART_NAMES[part]} part"], kind="group"))
        whose = _whose(frame, readers[part])
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
    if not rows:
        return None
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
        foot="Failed: read without a valid result. Missing: no result ever came.",
    )


def record(readings: Frames, readers: Frames) -> dict[str, Result]:
    """Return the share of readings that came to an end, by part and by who read."""
    results: dict[str, Result] = {}
    for part, frame in _ordered(readings):
        if part not in readers:
            continue
        whose = _whose(frame, readers[part])
        for kind, group in frame.groupby(whose, sort=True):
            done = int((group["status"] == "complete").sum())
            results[f"complete_{part}_{kind}"] = proportion_ci(
                done, len(group), quantity="share_of_readings_complete"
            )
    return results
