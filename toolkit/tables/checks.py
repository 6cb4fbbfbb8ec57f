"""The check that one table passes on entry: raw cells in, a typed canonical table or all faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray, IndexArray, IntArray, ObjectArray
from toolkit.tables.cells import absent_column, cell_faults, typed_column
from toolkit.tables.definitions import TABLES, TableDefinition
from toolkit.tables.faults import LISTED, Fault, Places, TableError, did_you_mean, form_of

if TYPE_CHECKING:
    import pandas as pd

# An examination soon after a diagnosis made elsewhere belongs to the work-up; later the cancer
# was known, and the case cannot say whether anyone would have found it.
WORK_UP_DAYS = 90

RESULT_COLUMNS = ("rating", "call", "birads")


def _positions(mask: pd.Series) -> IndexArray:
    """Return where a mask holds."""
    return np.flatnonzero(mask.to_numpy())


def _results_match_status(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse a complete reading without a result, and any other one with a result."""
    results = table[[name for name in RESULT_COLUMNS if name in table]].notna()
    complete = table["status"] == "complete"
    faults = places.faults(
        _positions(complete & ~results.any(axis=1)),
        column="status",
        rule="is complete, so there must be a rating, a call or a birads",
        remedy="say failed (it was tried) or missing (it was never made) in status",
    )
    for name in results.columns:
        faults += places.faults(
            _positions(~complete & results[name]),
            column=name,
            rule="must be missing where status is failed or missing",
            remedy="a reading that was not made is no score; say complete if it was made",
        )
    return faults


def _patients_all_or_none(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse patients that are known for a part of the cases only."""
    missing = table["patient_id"].isna()
    if not missing.any() or missing.all():
        return []
    return places.faults(
        _positions(missing),
        column="patient_id",
        rule="must be given for all cases or for none",
        remedy="fill it, or leave the column out: each case then counts as another woman",
    )


def _cancer_not_long_before_exam(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse a diagnosis that precedes the examination by months."""
    if not {"exam_date", "cancer_date"} <= set(table.columns):
        return []
    days_before = (table["exam_date"] - table["cancer_date"]).dt.days
    return places.faults(
        _positions(days_before > WORK_UP_DAYS),
        column="cancer_date",
        rule=f"must not be more than {WORK_UP_DAYS} days before exam_date",
        remedy="leave it empty for an earlier cancer; check date_order for swapped days and months",
    )


def _scale_has_a_range(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse an AI whose lowest score is not below its highest."""
    if not {"score_min", "score_max"} <= set(table.columns):
        return []
    return places.faults(
        _positions(table["score_min"] >= table["score_max"]),
        column="score_min",
        rule="must be below score_max",
    )


def _non_lesion_hits_nothing(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse a non-lesion localization that names a lesion."""
    if not {"mark_type", "lesion_id"} <= set(table.columns):
        return []
    return places.faults(
        _positions((table["mark_type"] == "NL") & table["lesion_id"].notna()),
        column="lesion_id",
        rule="must be missing for a mark of type NL, which hits no lesion",
    )


_OF_A_LESION = ("lesion_type", "size_mm", "histology", "grade", "weight")


def _lesion_on_every_image_named(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse a lesion of several rows of which one does not name its image."""
    if "image_id" not in table:
        return []
    several = table.duplicated(["case_id", "lesion_id"], keep=False)
    return places.faults(
        _positions(several & table["image_id"].isna()),
        column="image_id",
        rule="must be given in every row of a lesion that has several",
        remedy="a lesion has one row for each image that shows it, or one row without an image",
    )


def _rows_of_a_lesion_agree(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse a lesion whose rows say different things of it."""
    import pandas as pd

    faults: list[Fault] = []
    lesion = table.groupby(["case_id", "lesion_id"], sort=False, dropna=False).ngroup()
    for name in (column for column in _OF_A_LESION if column in table):
        # A value in one row and none in another are two statements as well.
        said = pd.Series(pd.factorize(table[name], use_na_sentinel=False)[0], index=table.index)
        of_lesion = said.groupby(lesion)
        different = of_lesion.transform("min") != of_lesion.transform("max")
        faults += places.faults(
            _positions(different),
            column=name,
            rule="must be the same in all rows of one lesion",
            remedy="it is said of the lesion, not of the image",
        )
    return faults


Rule = Callable[["pd.DataFrame", Places], list[Fault]]

RULES: dict[str, tuple[Rule, ...]] = {
    "cases": (_patients_all_or_none, _cancer_not_long_before_exam),
    "readers": (_scale_has_a_range,),
    "readings": (_results_match_status,),
    "lesions": (_lesion_on_every_image_named, _rows_of_a_lesion_agree),
    "marks": (_non_lesion_hits_nothing,),
}


def check_table(
    frame: pd.DataFrame,
    name: str,
    *,
    source: str | Sequence[str] | ObjectArray = "",
    rows: Sequence[int] | IntArray | None = None,
    show_values: bool = False,
) -> pd.DataFrame:
    """Return the typed canonical table of a frame of text or typed cells.

    Parameters
    ----------
    frame : DataFrame
        Columns named as in ``TABLES[name]``; cells as text or already typed. An empty text is a
        missing cell; numbers have a decimal point, dates are ISO without a time zone.
    name : str
        Name of the canonical table.
    source : str or sequence of str
        File that the rows come from, or one file for each row; stands in the messages.
    rows : sequence of int, shape (n_rows,), optional
        Row of the file for each row of the frame, where the header is row 1; without it the
        frame is counted like a file with one header row.
    show_values : bool
        Show the values of identifying columns in the messages: for a terminal only.

    Returns
    -------
    DataFrame
        Columns in the order of the definition. Text and category are ``str`` with NaN as missing;
        number, integer and binary are float64; dates are ``datetime64[ns]``. Optional columns
        that the frame lacks are absent.

    Raises
    ------
    TableError
        With all faults of the table.

    Examples
    --------
    >>> import pandas as pd
    >>> raw = pd.DataFrame({"case_id": ["007", "008"], "truth": ["1", ""]})
    >>> check_table(raw, "cases")[["case_id", "truth"]].values.tolist()
    [['007', 1.0], ['008', nan]]
    """
    import pandas as pd

    definition = table_definition(name)
    file = source if isinstance(source, str) else ""
    names = [str(label) for label in frame.columns]
    faults = name_faults(names, definition, file=file, show_values=show_values)
    if faults:
        raise TableError(faults)
    places = _places(len(frame), source=source, rows=rows)
    typed = [typed_column(frame[c.name], c) for c in definition.columns if c.name in frame]
    by_name = {column.column.name: column for column in typed}
    table = pd.DataFrame(
        {
            column.name: by_name[column.name].values
            if column.name in by_name
            else absent_column(column, len(frame))
            for column in definition.columns
            if column.name in by_name or column.default or column.always
        }
    )
    for column in typed:
        faults += cell_faults(column, places=places, show_values=show_values)
    refused = {name: column.is_refused for name, column in by_name.items() if column.refused}
    faults += _key_faults(table, definition, places=places, refused=refused)
    # A rule over several columns says nothing new about a row with a refused cell.
    sound = np.flatnonzero(~np.any([np.zeros(len(frame), dtype=bool), *refused.values()], axis=0))
    for rule in RULES.get(name, ()):
        faults += rule(table.iloc[sound], places.at(sound))
    if faults:
        raise TableError(faults)
    return table


def table_definition(name: str) -> TableDefinition:
    """Return the definition of a canonical table; a ValueError where there is none."""
    if name not in TABLES:
        close = did_you_mean(name, TABLES)
        msg = f"table must be one of {', '.join(TABLES)}, but got {name!r}"
        raise ValueError(f"{msg}; {close}" if close else msg)
    return TABLES[name]


def name_faults(
    names: Sequence[str], definition: TableDefinition, *, file: str, show_values: bool
) -> list[Fault]:
    """Return the faults of column names: unknown, repeated, or a required one lacking."""
    faults = []
    for number, name in enumerate(names, start=1):
        if name not in definition.names:
            faults.append(_unknown_name(name, number, definition, file, show_values=show_values))
        elif name in names[: number - 1]:
            faults.append(_column_fault(file, name, "stands twice among the columns"))
    for column in definition.columns:
        if column.required and not column.default and column.name not in names:
            rule = f"must be a column of {definition.name}, but there is none"
            remedy = "name it under columns, or under constants where all rows have one value"
            faults.append(_column_fault(file, column.name, rule, remedy))
    return faults


def _column_fault(file: str, column: str, rule: str, remedy: str = "") -> Fault:
    """Return a fault of a whole column."""
    return Fault(file=file, row=None, column=column, value="", rule=rule, remedy=remedy)


def _unknown_name(
    name: str, number: int, definition: TableDefinition, file: str, *, show_values: bool
) -> Fault:
    """Return the fault of an unknown column name.

    A file without a header has a patient's data where the names should be, so a name is shown
    only where it is nearly one of ours.
    """
    close = did_you_mean(name, definition.names)
    subject = (
        repr(name) if close or show_values else f"column {number} (name withheld: {form_of(name)})"
    )
    return _column_fault(file, subject, f"is no column of the table {definition.name}", close)


def _places(
    n_rows: int,
    *,
    source: str | Sequence[str] | ObjectArray,
    rows: Sequence[int] | IntArray | None,
) -> Places:
    """Return the file and row of each row of a frame."""
    files = np.full(n_rows, source, dtype=object) if isinstance(source, str) else source
    places = Places(
        files=np.asarray(files, dtype=object),
        rows=np.arange(2, n_rows + 2) if rows is None else np.asarray(rows, dtype=np.int64),
    )
    if not len(places.files) == len(places.rows) == n_rows:
        msg = (
            f"source and rows must have one entry for each of the {n_rows} rows, "
            f"but got {len(places.files)} and {len(places.rows)}"
        )
        raise ValueError(msg)
    return places


def _key_faults(
    table: pd.DataFrame,
    definition: TableDefinition,
    *,
    places: Places,
    refused: dict[str, BoolArray],
) -> list[Fault]:
    """Return one fault for each key that repeats; after the first 20 one for all others."""
    key = [*definition.key, *(name for name in definition.key_if_given if name in table)]
    usable = table[list(definition.key)].notna().all(axis=1).to_numpy()
    refused_keys = [refused[name] for name in key if name in refused]
    usable_rows = np.flatnonzero(np.all([usable, *(~cells for cells in refused_keys)], axis=0))
    keys = table[key].iloc[usable_rows]
    repeated = np.flatnonzero(keys.duplicated(keep=False).to_numpy())
    if not repeated.size:
        return []
    # Groups are numbered by their first row.
    groups = keys.iloc[repeated].groupby(key, sort=False, dropna=False).ngroup().to_numpy()
    positions_of = usable_rows[repeated]
    subject = f"key ({', '.join(key)})"
    faults = []
    for group in range(min(LISTED, groups.max() + 1)):
        positions = positions_of[groups == group]
        # A key that repeats in two files is a fault of both.
        faults += places.faults(positions, column=subject, rule=f"repeats {len(positions)} times")
    rule = f"repeats for {groups.max() + 1 - LISTED:,} further keys"
    return faults + places.faults(positions_of[groups >= LISTED], column=subject, rule=rule)
