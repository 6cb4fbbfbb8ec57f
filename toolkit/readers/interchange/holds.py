"""What of a study a format can hold: what must refuse it, and what would be left behind.

Ratings, truth, marks and lesions are never left behind: where they do not fit, the format is
refused. Descriptions (age, device, coordinates of a mark ...) are left behind and listed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from toolkit.readers.interchange.imrmc import TRUTH_READERS
from toolkit.readers.interchange.iowa import END_OF_FILE, numbered_label
from toolkit.readers.interchange.study import READING_KEY, Format, Paradigm
from toolkit.tables import TABLES, Fault, TableData

if TYPE_CHECKING:
    import pandas as pd

TITLES = {
    "jafroc": "a JAFROC workbook",
    "imrmc": "an iMRMC file",
    "lrc": "an .lrc file",
    "csv": "an OR-DBM csv file",
}
_HELD = {
    "cases": {"case_id", "truth"},
    "readers": {"reader_id"},
    "readings": {"reader_id", "case_id", "modality", "rating"},
    "lesions": {"case_id", "lesion_id", "weight"},
    "marks": {"reader_id", "case_id", "modality", "mark_id", "rating", "mark_type", "lesion_id"},
}
_DEFAULTS = {("readers", "kind"): "human", ("readings", "session"): "1", ("marks", "session"): "1"}


def refusals(
    tables: Mapping[str, TableData], to: Format, paradigm: Paradigm, *, show_values: bool
) -> list[Fault]:
    """Return why a format cannot hold the study: its truth, its readings, its marks, its IDs."""
    title = TITLES[to]
    cases, readings = tables["cases"], tables["readings"]
    faults = cases.faults(
        np.flatnonzero(cases.frame["truth"].isna()),
        column="truth",
        rule=f"must be known: {title} has no unknown truth",
        remedy="leave the case and its readings out",
    )
    complete = readings.frame["status"] == "complete"
    faults += readings.faults(
        np.flatnonzero(complete & readings.frame["rating"].isna()),
        column="rating",
        rule=f"must be given: {title} holds ratings, no calls",
        remedy="leave the reading out",
    )
    faults += _session_faults(readings, title)
    if to != "jafroc" or paradigm == "ROC":
        held = "one rating a reading" if to != "jafroc" else "no marks in paradigm ROC"
        for name in ("marks", "lesions") if to != "jafroc" else ("marks",):
            if name in tables and len(tables[name].frame):
                rule = f"cannot be held: {title} has {held}"
                faults.append(_table_fault(tables[name], name, rule))
    return faults + _id_faults(tables, to, show_values=show_values)


def _table_fault(data: TableData, name: str, rule: str) -> Fault:
    """Return the fault of a whole table."""
    return Fault(
        file=str(data.files[0]),
        row=None,
        column=f"table {name}",
        value="",
        rule=rule,
        remedy="convert to jafroc or to a folder of tables",
    )


def _session_faults(readings: TableData, title: str) -> list[Fault]:
    """Return the faults of readings that only their session tells apart, or that differ in it."""
    sessions = readings.frame["session"]
    if sessions.nunique() <= 1:
        return []
    other = np.flatnonzero(sessions != sessions.iloc[0])
    rule = f"must be the same in all readings: {title} has no sessions"
    return readings.faults(other, column="session", rule=rule, remedy="write a file a session")


def _id_faults(tables: Mapping[str, TableData], to: Format, *, show_values: bool) -> list[Fault]:
    """Return the faults of IDs and modality names that a format would read as something else."""
    faults: list[Fault] = []
    for column, table, refuses, rule in _ID_RULES[to]:
        data = tables[table]
        values = data.frame[column]
        wrong = values.map(refuses, na_action="ignore").fillna(False).to_numpy(dtype=bool)
        positions = np.flatnonzero(wrong & ~values.duplicated().to_numpy())
        faults += data.value_faults(
            positions,
            values.iloc[positions].tolist(),
            column=TABLES[table].column(column),
            rule=f"{rule} in {TITLES[to]}",
            show_values=show_values,
        )
    return faults


def _has_comma(text: str) -> bool:
    """Return whether a text would be split into two fields."""
    return "," in text


def _has_list_mark(text: str) -> bool:
    """Return whether a text would be taken apart as a list of IDs."""
    return any(mark in text for mark in ",()")


_IdRule = tuple[str, str, Callable[[str], bool], str]
_ID_RULES: dict[str, tuple[_IdRule, ...]] = {
    "jafroc": (
        ("reader_id", "readers", _has_list_mark, "must have no comma and no bracket"),
        ("modality", "readings", _has_list_mark, "must have no comma and no bracket"),
    ),
    "imrmc": (
        ("reader_id", "readers", _has_comma, "must have no comma"),
        ("modality", "readings", _has_comma, "must have no comma"),
        ("case_id", "cases", _has_comma, "must have no comma"),
        ("reader_id", "readers", TRUTH_READERS.__contains__, "means the truth"),
    ),
    "lrc": (
        ("modality", "readings", lambda text: '"' in text, "must have no quotation mark"),
        ("reader_id", "readers", lambda text: text == END_OF_FILE, "means the end"),
        ("case_id", "cases", numbered_label, "means the place of the case"),
    ),
    "csv": (),
}


def losses(tables: Mapping[str, TableData], to: Format, paradigm: Paradigm) -> list[str]:
    """Return what a format leaves behind, one line a column or table."""
    localized = to == "jafroc" and paradigm != "ROC"
    held = {name for name in _HELD if localized or name not in ("lesions", "marks")}
    lost: list[str] = []
    for name, data in tables.items():
        if name not in held:
            if len(data.frame):
                lost.append(f"table {name}: {len(data.frame):,} rows")
            continue
        lost += _lost_columns(name, data.frame)
    readings = tables["readings"].frame
    lost += _lost_status(readings, keeps_missing=to == "jafroc" and paradigm == "ROC")
    unread = ~tables["cases"].frame["case_id"].isin(_rated(readings)["case_id"])
    if to in ("csv", "lrc") and unread.any():
        lost.append(f"cases: {int(unread.sum()):,} that nobody rated")
    idle = ~tables["readers"].frame["reader_id"].isin(_rated(readings)["reader_id"])
    if to != "jafroc" and idle.any():
        lost.append(f"readers: {int(idle.sum()):,} who rated nothing")
    return lost


def _rated(readings: pd.DataFrame) -> pd.DataFrame:
    """Return the readings that were made."""
    return readings[readings["status"] == "complete"]


def _lost_columns(name: str, frame: pd.DataFrame) -> Iterator[str]:
    """Yield the columns with values that no format of another program has a place for."""
    for column in frame.columns:
        if column in _HELD[name] or column == "status":
            continue
        given = frame[column].notna() & (frame[column] != _DEFAULTS.get((name, column)))
        if n_given := int(given.sum()):
            yield f"{name}.{column}: given in {n_given:,} row{'' if n_given == 1 else 's'}"


def _lost_status(readings: pd.DataFrame, *, keeps_missing: bool) -> Iterator[str]:
    """Yield how many readings without a result are left out, or lose their reason."""
    for status in ("failed", "missing"):
        number = int((readings["status"] == status).sum())
        if number and not (keeps_missing and status == "missing"):
            how = "kept as missing" if keeps_missing else "left out"
            yield f"readings: {number:,} with status {status}, {how}"


def complete_readings(tables: Mapping[str, TableData]) -> pd.DataFrame:
    """Return reading key and rating of every reading that was made."""
    return _rated(tables["readings"].frame)[[*READING_KEY, "rating"]]
