"""What a file of another program holds: canonical tables, its paradigm, and what to know of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit.readers.tabular.raw_table import check_size, file_fault, row_faults
from toolkit.tables import (
    TABLES,
    Column,
    Fault,
    Places,
    TableData,
    TableError,
    check_links,
    check_table,
)
from toolkit.tables.cells import cell_faults, typed_column

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


def id_column(name: str) -> Column:
    """Column of IDs, named as the file or its manual names it."""
    return Column(name=name, kind="text", description="", required=True, identifying=True)


def word_column(name: str) -> Column:
    """Column of words that identify nobody."""
    return Column(name=name, kind="text", description="", required=True)


def rating_column(name: str) -> Column:
    """Column of ratings."""
    return Column(name=name, kind="number", description="", required=True)


def truth_column(name: str) -> Column:
    """Column of the truth, 0 or 1."""
    return Column(name=name, kind="binary", description="", required=True)


def text_lines(path: Path, *, file: str) -> list[str]:
    """Return the lines of a text file in UTF-8, with or without byte-order mark."""
    check_size(path.stat().st_size, file=file)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = error.object[: error.start].count(b"\n") + 1
        rule = "is not valid utf-8 text"
        raise TableError(row_faults(file, [row], rule, "save the file as UTF-8")) from None
    if "\0" in text:
        raise TableError([file_fault(file, "holds NUL characters, so it is no text")])
    return text.splitlines()


def typed_frame(
    cells: Mapping[str, Sequence[str]],
    columns: Mapping[str, Column],
    rows: Sequence[int],
    *,
    file: str,
    show_values: bool,
) -> tuple[pd.DataFrame, list[Fault]]:
    """Return columns of text typed under their canonical names, with ``_row``, and the faults."""
    import pandas as pd

    places = Places(
        files=np.full(len(rows), file, dtype=object), rows=np.array(rows, dtype=np.int64)
    )
    frame = pd.DataFrame({"_row": places.rows})
    faults: list[Fault] = []
    for name, column in columns.items():
        typed = typed_column(pd.Series(list(cells[name]), dtype="str"), column)
        faults += cell_faults(typed, places=places, show_values=show_values)
        frame[name] = typed.values.to_numpy()
    return frame, list(in_the_file(faults))


def one_truth_faults(
    truth: pd.DataFrame, column: Column, *, file: str, show_values: bool
) -> list[Fault]:
    """Return the faults of cases whose truth is not the same in all their rows."""
    both = truth[truth.groupby("case_id")["truth"].transform("nunique") > 1]
    places = Places(
        files=np.full(len(both), file, dtype=object), rows=both["_row"].to_numpy(dtype=np.int64)
    )
    return places.value_faults(
        np.arange(len(both)),
        both["case_id"].tolist(),
        column=column,
        rule="must have one truth in all its rows",
        show_values=show_values,
    )


def rating_study(
    ratings: pd.DataFrame,
    truth: pd.DataFrame,
    *,
    format: Format,
    file: str,
    notes: Sequence[str] = (),
    show_values: bool,
) -> StudyFile:
    """Return the study of a list of ratings.

    Parameters
    ----------
    ratings : DataFrame
        reader_id, modality, case_id, rating and ``_row``.
    truth : DataFrame
        case_id, truth and ``_row``; the first row of a case counts.
    format, file, notes, show_values
        As in ``StudyFile`` and the readers of each format.
    """
    tables: dict[str, TableData] = {
        "cases": placed(truth.drop_duplicates("case_id"), file=file),
        "readers": reader_table(ratings["reader_id"].tolist(), ratings["_row"].tolist(), file=file),
        "readings": placed(ratings, file=file),
    }
    return StudyFile(
        format=format,
        paradigm="ROC",
        tables=checked_tables(tables, show_values=show_values),
        notes=(*notes, *rating_notes(ratings["rating"]), NO_KIND),
    )
