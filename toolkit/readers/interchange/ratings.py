"""Formats that hold one rating a reading and nothing else: from their rows to canonical tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toolkit.readers.interchange.study import (
    NO_KIND,
    Format,
    StudyFile,
    checked_tables,
    in_the_file,
    placed,
    rating_notes,
    reader_table,
)
from toolkit.readers.raw_table import check_size, file_fault, row_faults
from toolkit.tables import Column, Fault, Places, TableData, TableError
from toolkit.tables.cells import cell_faults, typed_column

if TYPE_CHECKING:
    import pandas as pd


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
