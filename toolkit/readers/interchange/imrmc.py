"""iMRMC text files: free text, the line ``BEGIN DATA:``, then reader, case, modality, score."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toolkit.readers.interchange.study import (
    StudyFile,
    id_column,
    rating_column,
    rating_study,
    text_lines,
    typed_frame,
    word_column,
)
from toolkit.readers.tabular.raw_table import file_fault, row_faults
from toolkit.tables import Fault, TableError

if TYPE_CHECKING:
    import pandas as pd

TRUTH_READERS = ("-1", "truth")  # rows of these readers hold the truth, whatever their modality
_BEGIN = re.compile(r"BEGIN DATA:[,\s]*")  # Excel adds commas where it saved the file as csv
_COUNT = re.compile(r"(N0|N1|NR|NM)\s*:\s*(\d+)[,\s]*")
_COLUMNS = {
    "reader_id": id_column("reader ID"),
    "case_id": id_column("case ID"),
    "modality": word_column("modality ID"),
    "rating": rating_column("score"),
}


def is_imrmc(lines: Sequence[str]) -> bool:
    """Return whether one of the lines begins the data of an iMRMC file."""
    return any(_BEGIN.fullmatch(line) for line in lines)


def read_imrmc(path: Path, *, file: str, show_values: bool = False) -> StudyFile:
    """Return the study in an iMRMC file.

    Raises
    ------
    TableError
        With all faults; among them counts (N0, N1, NR, NM) in the free text that the data do
        not bear out, as where a file was cut off.

    Notes
    -----
    A reading without a row was not made: the format has no list of who should have read what.
    """
    lines = text_lines(path, file=file)
    begin = next((n for n, line in enumerate(lines) if _BEGIN.fullmatch(line)), None)
    if begin is None:
        rule = "has no line BEGIN DATA:"
        raise TableError([file_fault(file, rule, "put it before the first row of data")])
    records = [
        (number, line.split(","))
        for number, line in enumerate(lines[begin + 1 :], start=begin + 2)
        if line.strip()
    ]
    wrong = [number for number, fields in records if len(fields) != len(_COLUMNS)]
    faults = row_faults(file, wrong, "must have four fields: reader, case, modality, score")
    good = [(number, fields) for number, fields in records if len(fields) == len(_COLUMNS)]
    cells = {name: [f[place] for _, f in good] for place, name in enumerate(_COLUMNS)}
    rows = [number for number, _ in good]
    frame, cell_faults = typed_frame(cells, _COLUMNS, rows, file=file, show_values=show_values)
    faults += cell_faults
    is_truth = frame["reader_id"].isin(TRUTH_READERS)
    truth = (
        frame[is_truth].rename(columns={"rating": "truth"}).drop(columns=["reader_id", "modality"])
    )
    ratings = frame[~is_truth]
    faults += _truth_faults(truth, ratings, file=file)
    if not faults:
        faults += _count_faults(lines[:begin], truth, ratings, file=file)
    if faults:
        raise TableError(faults)
    return rating_study(ratings, truth, format="imrmc", file=file, show_values=show_values)


def _truth_faults(truth: pd.DataFrame, ratings: pd.DataFrame, *, file: str) -> list[Fault]:
    """Return the faults of truth rows: not 0 or 1, given twice, or lacking."""
    scores = truth["truth"]
    no_truth = truth[scores.notna() & ~scores.isin([0, 1])]
    faults = row_faults(
        file, no_truth["_row"].tolist(), "must be 0 or 1 in a row of truth", column="score"
    )
    again = truth[truth["case_id"].duplicated(keep=False) & truth["case_id"].notna()]
    faults += row_faults(
        file, again["_row"].tolist(), "has more than one row of truth", column="case ID"
    )
    without = ratings[~ratings["case_id"].isin(truth["case_id"]) & ratings["case_id"].notna()]
    faults += row_faults(file, without["_row"].tolist(), "has no row of truth", column="case ID")
    if ratings.empty:
        faults.append(file_fault(file, "has no score of a reader"))
    return faults


def _count_faults(
    head: Sequence[str], truth: pd.DataFrame, ratings: pd.DataFrame, *, file: str
) -> list[Fault]:
    """Return the faults of counts in the free text that differ from the data."""
    counted = {
        "N0": int((truth["truth"] == 0).sum()),
        "N1": int((truth["truth"] == 1).sum()),
        "NR": ratings["reader_id"].nunique(),
        "NM": ratings["modality"].nunique(),
    }
    faults: list[Fault] = []
    for row, line in enumerate(head, start=1):
        match = _COUNT.fullmatch(line.strip())
        if match and int(match.group(2)) != counted[match.group(1)]:
            rule = f"is {match.group(2)}, but the data have {counted[match.group(1)]}"
            remedy = "is the file complete? correct the line, or remove it"
            faults += row_faults(file, [row], rule, remedy, column=match.group(1))
    return faults
