"""What a file of another program holds: canonical tables, its paradigm, and what to know of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit.tables import TABLES, Fault, TableData, TableError, check_links, check_table

if TYPE_CHECKING:
    import pandas as pd

Format = Literal["jafroc", "imrmc", "lrc", "csv", "tables"]
Paradigm = Literal["ROC", "FROC", "LROC", "ROI"]

NO_KIND = (
    "readers: the format does not say who is an AI, so every reader is human; "
    "set kind, product, version and score scale of an AI in the table"
)
READING_KEY = ["reader_id", "modality", "case_id"]
LESION_KEY = ["case_id", "lesion_id"]


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyFile:
    """A reader study as one file holds it.

    Parameters
    ----------
    format : {"jafroc", "imrmc", "lrc", "csv", "tables"}
        Kind of file: JAFROC workbook, iMRMC text, the two text files of OR-DBM MRMC, or a folder
        of canonical tables.
    paradigm : {"ROC", "FROC", "LROC", "ROI"}
        What the readers did: rate cases; mark and rate any number of places; mark and rate the
        one most suspicious place; rate given regions.
    tables : dict of str to TableData
        Checked canonical tables: cases, readers, readings and, unless ROC, lesions and marks.
    notes : tuple of str
        What was assumed, derived or left unsaid by the file.
    """

    format: Format
    paradigm: Paradigm
    tables: dict[str, TableData]
    notes: tuple[str, ...] = ()


def checked_tables(
    raw: Mapping[str, TableData], *, show_values: bool = False
) -> dict[str, TableData]:
    """Return the tables typed and checked, alone and against each other.

    Raises
    ------
    TableError
        With all faults of all tables.
    """
    faults: list[Fault] = []
    tables: dict[str, TableData] = {}
    for name in TABLES:
        if name not in raw:
            continue
        data = raw[name]
        try:
            frame = check_table(
                data.frame, name, source=data.files, rows=data.rows, show_values=show_values
            )
        except TableError as error:
            faults += error.faults
        else:
            tables[name] = TableData(frame=frame, files=data.files, rows=data.rows)
    if faults:
        raise TableError(faults)
    check_links(tables, show_values=show_values)
    return tables


def placed(frame: pd.DataFrame, *, file: str | None = None) -> TableData:
    """Return a frame whose columns ``_row`` and, without ``file``, ``_file`` say where from."""
    files = frame["_file"].to_numpy(dtype=object) if file is None else None
    return TableData(
        frame=frame.drop(columns=["_row", "_file"], errors="ignore").reset_index(drop=True),
        files=np.full(len(frame), file, dtype=object) if files is None else files,
        rows=frame["_row"].to_numpy(dtype=np.int64),
    )


def reader_table(reader_id: Sequence[str], row: Sequence[int], *, file: str) -> TableData:
    """Return the readers table of a format that has nothing but their IDs."""
    import pandas as pd

    frame = pd.DataFrame({"reader_id": reader_id, "_row": row}).drop_duplicates("reader_id")
    return placed(frame.assign(kind="human"), file=file)


def rating_notes(rating: pd.Series) -> list[str]:
    """Return a note where ratings are negative: true of some scales, and of codes."""
    below = rating[rating < 0]
    if below.empty:
        return []
    return [
        f"ratings: {below.size:,} are below 0, the lowest is {below.min():g}; they are taken as "
        "ratings, so none may be a code for a reading that was not made"
    ]


def in_the_file(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return faults without the remedies of a column map, which these files do not have."""
    settings = ("under values", "under missing", "declare ")
    return tuple(
        replace(fault, remedy="correct it in the file")
        if any(word in fault.remedy for word in settings)
        else fault
        for fault in faults
    )


def paradigm_of(tables: Mapping[str, TableData]) -> Paradigm:
    """Return the paradigm of tables, which do not say it.

    ROC without marks. LROC where every reading has exactly one mark and no case more than one
    lesion; else FROC. Regions that were given to the readers (ROI) look like FROC.
    """
    if "marks" not in tables or tables["marks"].frame.empty:
        return "ROC"
    marks, readings = tables["marks"].frame, tables["readings"].frame
    one_each = not marks.duplicated(READING_KEY).any() and len(marks) == len(readings)
    one_lesion = (
        "lesions" not in tables
        # A lesion has a row for each image that shows it.
        or not tables["lesions"].frame.drop_duplicates(LESION_KEY)["case_id"].duplicated().any()
    )
    return "LROC" if one_each and one_lesion else "FROC"


def no_mark_rating(rating: pd.Series) -> float:
    """Return the rating of a reading without a mark: a whole number below every mark.

    It is 0 where all marks are above 0. Only its rank has a meaning: no place was as suspicious
    as the least suspicious mark.

    Examples
    --------
    >>> import pandas as pd
    >>> no_mark_rating(pd.Series([0.5, 3.0])), no_mark_rating(pd.Series([-1.5, 2.0]))
    (0.0, -3.0)
    """
    lowest = float(rating.min())
    return 0.0 if lowest > 0 else math.floor(lowest) - 1.0


def highest_marks(readings: pd.DataFrame, marks: pd.DataFrame) -> pd.Series:
    """Return the highest mark of each reading, missing where it has none."""
    highest = marks.groupby(READING_KEY, sort=False)["rating"].max().rename("highest").reset_index()
    found: pd.Series = readings[READING_KEY].merge(highest, on=READING_KEY, how="left")["highest"]
    return found
