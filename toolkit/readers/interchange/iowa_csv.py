"""OR-DBM MRMC csv files (University of Iowa): reader, treatment, case, truth, rating."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolkit.readers.delimited import read_delimited
from toolkit.readers.interchange.ratings import (
    id_column,
    one_truth_faults,
    rating_column,
    rating_study,
    truth_column,
    typed_frame,
    word_column,
)
from toolkit.readers.interchange.study import StudyFile
from toolkit.readers.raw_table import file_fault
from toolkit.tables import TableError

COLUMNS = {
    "reader_id": id_column("reader"),
    "modality": word_column("treatment"),
    "case_id": id_column("case"),
    "truth": truth_column("truth"),
    "rating": rating_column("rating"),
}
HEADER = tuple(column.name for column in COLUMNS.values())


def is_iowa_csv(header: Sequence[str]) -> bool:
    """Return whether a header has the five columns, in any order and case."""
    return set(HEADER) <= {title.strip().casefold() for title in header}


def read_iowa_csv(path: Path, *, file: str, show_values: bool = False) -> StudyFile:
    """Return the study in an OR-DBM csv file.

    Raises
    ------
    TableError
        With all faults, among them a case with two truths.

    Notes
    -----
    Columns beyond the five are ignored, and named in the notes. A reading without a row was not
    made.
    """
    raw = read_delimited(path, file=file, wanted=None)
    titles = {title.strip().casefold(): title for title in raw.frame.columns}
    missing = [name for name in HEADER if name not in titles]
    if missing:
        faults = [
            file_fault(file, "is not in the header", column=f"column {name!r}") for name in missing
        ]
        raise TableError([*raw.faults, *faults])
    cells = {
        canonical: raw.frame[titles[column.name]].tolist() for canonical, column in COLUMNS.items()
    }
    frame, faults = typed_frame(
        cells, COLUMNS, raw.rows.tolist(), file=file, show_values=show_values
    )
    faults += one_truth_faults(frame, COLUMNS["case_id"], file=file, show_values=show_values)
    if raw.faults or faults:
        raise TableError([*raw.faults, *faults])
    ignored = len(titles) - len(HEADER)
    return rating_study(
        frame.drop(columns="truth"),
        frame[["case_id", "truth", "_row"]],
        format="csv",
        file=file,
        notes=[f"columns: ignored beside the five of the format: {ignored}"] * bool(ignored),
        show_values=show_values,
    )
