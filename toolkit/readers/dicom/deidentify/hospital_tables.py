"""The hospital's tables by the same key as its objects, so that both can be joined again.

A cell is written from its checked value, never from the text of the file. Identifiers are those
of the copied objects; dates move with the patient whose objects they belong to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from toolkit.readers.dicom.deidentify.keep_list import KeepList
from toolkit.readers.dicom.deidentify.key import (
    OLDEST_AGE,
    UUID_ROOT,
    day_offset,
    keyed,
    mapped_uid,
    pseudonym,
)
from toolkit.readers.dicom.deidentify.values import VERSION, name, version
from toolkit.tables import TABLES, Column, Fault, TableData, TableError, check_table

if TYPE_CHECKING:
    import pandas as pd

# Pseudonym of a patient -> days, for each new Study Instance UID; mostly one patient each.
Patients = Mapping[str, Mapping[str, int]]
Cells = dict[str, "str | None"]  # different cells of a column -> what is written; None: a fault

_UID: Final = re.compile(r"[0-2](\.(0|[1-9]\d*))+", re.ASCII)
_LONGEST_UID: Final = 64
_PLACE: Final = re.compile(r"\d{1,3}", re.ASCII)
_BIRADS: Final = re.compile(r"(BI-?RADS[ :]*)?[0-6][ABCabc]?")
_OUTLINE: Final = re.compile(r"[\d., ;e+-]*", re.ASCII)
_REMEDIES: Final = {
    "uid": "must be the UID of a DICOM object, as study ingest writes it",
    "outline": "must be numbers only",
    "birads": "must be a category without further words, such as 4A",
    "registered": "must be a UID of the standard",
}
_DAY: Final = np.timedelta64(1, "D")


@dataclass(frozen=True, kw_only=True)
class TableRules:
    """What cells depend on.

    Parameters
    ----------
    keep : KeepList
        What may be written.
    key : bytes
        Secret of UIDs, pseudonyms and dates.
    patients : mapping
        What the copied objects say: new Study Instance UID -> pseudonym of the patient -> days.
    uid_root : str
        Root of the UIDs.
    """

    keep: KeepList
    key: bytes = field(repr=False)
    patients: Patients = field(repr=False)
    uid_root: str = UUID_ROOT


@dataclass(frozen=True, kw_only=True, eq=False)
class DeidentifiedTables:
    """Tables that can be handed on, and what stands for what.

    Parameters
    ----------
    frames : mapping of str to DataFrame
        Canonical tables by name, checked once more.
    replaced : dict of (str, str, str) to str
        Table, column and what stood there -> what stands for it. It tells who is who.
    """

    frames: Mapping[str, pd.DataFrame]
    replaced: dict[tuple[str, str, str], str] = field(repr=False)


def deidentified_tables(tables: Mapping[str, TableData], rules: TableRules) -> DeidentifiedTables:
    """Return canonical tables without what names a patient, by the key of the objects.

    Parameters
    ----------
    tables : mapping of str to TableData
        Checked tables by name, with the Study Instance UID as ``case_id``.
    rules : TableRules
        Key, keep list and the patients of the objects.

    Raises
    ------
    TableError
        With every cell that cannot be written: a case that is no UID, a text where a category
        belongs, a date of a case whose patient is not known, a patient other than the objects'.

    Notes
    -----
    The dates of a case move by the offset of the patient in its objects; where there are none, by
    that of ``patient_id`` in the cases table.
    """
    days, faults = _days_of_cases(tables.get("cases"), rules)
    replaced: dict[tuple[str, str, str], str] = {}
    frames = {}
    for what, table in tables.items():
        frames[what], found = _written(what, table, rules, days, replaced)
        faults += found
    if faults:
        raise TableError(faults)
    # In the order of the new keys: that of the file may be the order of names or of days.
    checked = {
        what: check_table(frame, what, source=f"{what}.csv").sort_values(
            list(TABLES[what].key), ignore_index=True
        )
        for what, frame in frames.items()
    }
    return DeidentifiedTables(frames=checked, replaced=replaced)


def _days_of_cases(
    cases: TableData | None, rules: TableRules
) -> tuple[Callable[[str], int | None], list[Fault]]:
    """Return what gives the offset of a case, and cases whose patient contradicts the objects."""
    own: dict[str, str] = {}
    if cases is not None:
        given = cases.frame[["case_id", "patient_id"]].dropna()
        own = dict(zip(given["case_id"], given["patient_id"], strict=True))
    offsets = {case: _offset(case, own.get(case, ""), rules) for case in own}
    wrong = [case for case, days in offsets.items() if days is None]
    faults: list[Fault] = []
    if cases is not None and wrong:
        positions = np.flatnonzero(cases.frame["case_id"].isin(wrong).to_numpy())
        rule = "is not the Patient ID in the DICOM files of the case"
        remedy = "write that one, or leave the cell empty"
        faults = cases.faults(positions, column="patient_id", rule=rule, remedy=remedy)
    return lambda case: offsets[case] if case in offsets else _offset(case, "", rules), faults


def _offset(case: str, patient: str, rules: TableRules) -> int | None:
    """Return by how many days the dates of a case move; None where nobody can say."""
    known = rules.patients.get(mapped_uid(rules.key, case, root=rules.uid_root), {})
    mine = pseudonym(rules.key, "patient", patient)
    if mine in known:
        return known[mine]
    # Objects without a Patient ID move with their examination.
    nameless = set(known) == {pseudonym(rules.key, "patient", case)}
    if len(known) == 1 and (nameless or not mine):
        return next(iter(known.values()))
    return day_offset(rules.key, patient) if mine and not known else None


def _written(
    what: str,
    table: TableData,
    rules: TableRules,
    days: Callable[[str], int | None],
    replaced: dict[tuple[str, str, str], str],
) -> tuple[pd.DataFrame, list[Fault]]:
    """Return one table as it is written, and its faults; fill in what stands for what."""
    import pandas as pd

    columns: dict[str, pd.Series] = {}
    faults: list[Fault] = []
    for column in TABLES[what].columns:
        if column.name not in table.frame:
            continue
        values = table.frame[column.name]
        if column.kind == "date":
            columns[column.name], found = _moved(table, column, days)
            faults += found
        elif column.kind in ("text", "category") and not column.allowed:
            cells = _cells(values, column, rules)
            if cells is None:
                continue
            columns[column.name] = values.map(cells)
            faults += _cell_faults(table, column, cells, rules)
            replaced |= {(what, column.name, one): new for one, new in cells.items() if new}
        else:
            columns[column.name] = values
    if "age_years" in columns:
        columns["age_years"] = columns["age_years"].clip(upper=OLDEST_AGE + 1)
    return pd.DataFrame(columns), faults


def _moved(
    table: TableData, column: Column, days: Callable[[str], int | None]
) -> tuple[pd.Series, list[Fault]]:
    """Return dates moved with their patients, to the second."""
    import pandas as pd

    dates = table.frame[column.name]
    given = dates.notna().to_numpy()
    offset_of = {case: days(case) for case in table.frame["case_id"][given].unique()}
    unknown = [case for case, offset in offset_of.items() if offset is None]
    positions = np.flatnonzero(given & table.frame["case_id"].isin(unknown).to_numpy())
    offsets = table.frame["case_id"].map(offset_of).fillna(0).to_numpy(np.int64)
    moved = pd.Series(dates.to_numpy().astype("datetime64[s]") + offsets * _DAY)
    rule = "cannot be moved: no object and no patient_id say whose date it is"
    remedy = "give the patient_id in cases.csv, or leave the date out"
    return moved, table.faults(positions, column=column.name, rule=rule, remedy=remedy)


def _cells(values: pd.Series, column: Column, rules: TableRules) -> Cells | None:
    """Return what stands for each different cell; None for a column that is left out."""
    action = rules.keep.columns.get(column.name)
    if action is None:
        return None
    return {text: _ACTIONS[action](text, rules) for text in values.dropna().unique().tolist()}


def _cell_faults(table: TableData, column: Column, cells: Cells, rules: TableRules) -> list[Fault]:
    """Return the fault of the cells that nothing can stand for."""
    wrong = [text for text, new in cells.items() if new is None]
    positions = np.flatnonzero(table.frame[column.name].isin(wrong).to_numpy())
    rule = _REMEDIES.get(rules.keep.columns[column.name], "")
    return table.faults(positions, column=column.name, rule=rule) if wrong else []


def _uid(text: str, rules: TableRules) -> str | None:
    good = _UID.fullmatch(text) and len(text) <= _LONGEST_UID
    return mapped_uid(rules.key, text, root=rules.uid_root) if good else None


def _word(text: str, rules: TableRules) -> str:
    return text if text in rules.keep.table_words else name(text, rules)


def _reader(text: str, rules: TableRules) -> str:
    """Return an AI as its reports name it, product and version; a person by keyed hash."""
    product, _, number = text.rpartition(" ")
    if text in rules.keep.names or (product in rules.keep.names and VERSION.fullmatch(number)):
        return text
    return f"reader-{keyed(rules.key, 'reader', text).hex()[:8].upper()}"


def _registered(text: str, rules: TableRules) -> str | None:
    from pydicom._uid_dict import UID_dictionary

    return text if text in UID_dictionary or text in rules.keep.classes else None


_ACTIONS: Final[dict[str, Callable[[str, TableRules], str | None]]] = {
    "uid": _uid,
    "patient": lambda text, rules: pseudonym(rules.key, "patient", text),
    "reader": _reader,
    "accession": lambda text, rules: pseudonym(rules.key, "AccessionNumber", text),
    "place": lambda text, rules: (
        text if _PLACE.fullmatch(text) else pseudonym(rules.key, "place", text)
    ),
    "word": _word,
    "name": name,
    "version": version,
    "registered": _registered,
    "outline": lambda text, _: text if _OUTLINE.fullmatch(text) else None,
    "birads": lambda text, _: text if _BIRADS.fullmatch(text) else None,
}
