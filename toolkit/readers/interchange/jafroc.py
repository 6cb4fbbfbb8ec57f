"""JAFROC workbooks (xlsx), as RJafroc and its predecessors read them.

Sheet TRUTH lists cases and lesions, FP (older: NL) the ratings that are false and TP (older: LL)
those of lesions. With three columns TRUTH leaves out who read what; with six it says that, the
paradigm (ROC, FROC, LROC, ROI) and the design (factorial, one or two modality factors, split plot).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toolkit.readers.interchange.jafroc_marks import (
    all_marks,
    declared_or_crossed,
    inferred_paradigm,
    mark_faults,
)
from toolkit.readers.interchange.jafroc_sheets import Sheet, jafroc_sheets
from toolkit.readers.interchange.jafroc_truth import Truth, read_truth
from toolkit.readers.interchange.study import (
    NO_KIND,
    READING_KEY,
    Paradigm,
    StudyFile,
    checked_tables,
    highest_marks,
    no_mark_rating,
    placed,
    rating_notes,
    reader_table,
)
from toolkit.readers.raw_table import file_fault
from toolkit.tables import TableData, TableError

if TYPE_CHECKING:
    import pandas as pd


def read_jafroc(path: Path, *, file: str, show_values: bool = False) -> StudyFile:
    """Return the study in a JAFROC workbook.

    Parameters
    ----------
    path : Path
        The workbook.
    file : str
        Its name in messages.
    show_values : bool
        Show identifying values in the messages: for a terminal only.

    Raises
    ------
    TableError
        With all faults; each names sheet, row and column.

    Notes
    -----
    ROC: the ratings are the readings, and a declared reading without one has status missing.
    FROC, LROC, ROI: the ratings are marks; a reading has the highest rating of its marks (the
    inferred ROC rating), and one without a mark a number below every mark, see ``no_mark_rating``.
    Lesions of equal weight, rounded weights and whatever else was derived stand in the notes.
    """
    sheets = jafroc_sheets(path, file=file, show_values=show_values)
    truth, faults = read_truth(sheets["TRUTH"], show=show_values)
    faults = [fault for sheet in sheets.values() for fault in sheet.faults] + faults
    if faults:
        # What does not fit a faulty TRUTH is no fault of its own.
        raise TableError(faults)
    marks = all_marks(sheets)
    if marks.empty:
        raise TableError([file_fault(file, "has no rating in sheets FP and TP")])
    truth = declared_or_crossed(truth, marks)
    paradigm, notes = truth.paradigm, list(truth.notes)
    if paradigm is None:
        paradigm, note = inferred_paradigm(truth, marks, file=file)
        notes.append(note)
    faults = mark_faults(sheets, marks, truth, paradigm, show=show_values)
    if faults:
        raise TableError(faults)
    raw, derived = _raw_tables(sheets["TRUTH"], truth, marks, paradigm)
    tables = checked_tables(raw, show_values=show_values)
    notes += [*derived, *rating_notes(marks["rating"]), NO_KIND]
    return StudyFile(format="jafroc", paradigm=paradigm, tables=tables, notes=tuple(notes))


def _raw_tables(
    sheet: Sheet, truth: Truth, marks: pd.DataFrame, paradigm: Paradigm
) -> tuple[dict[str, TableData], list[str]]:
    """Return canonical tables before their check, and notes on what was derived."""
    design = _in_order(truth)
    place = str(sheet.places.files[0])
    tables = {
        "cases": placed(truth.cases, file=place),
        "readers": reader_table(design["reader_id"].tolist(), design["_row"].tolist(), file=place),
    }
    if paradigm == "ROC":
        tables["readings"], notes = _roc_readings(design, marks, place)
        return tables, notes
    tables["readings"], notes = _inferred_readings(design, marks, place)
    lesion_id = truth.lesions["lesion_id"].astype(int).astype(str)
    tables["lesions"] = placed(truth.lesions.assign(lesion_id=lesion_id), file=place)
    tables["marks"] = _marks_table(marks)
    return tables, notes


def _in_order(truth: Truth) -> pd.DataFrame:
    """Return the declared readings by reader, modality and case, each as first named."""
    import pandas as pd

    design = truth.design
    assert design is not None  # declared_or_crossed has filled it
    case = truth.cases["case_id"].reset_index(drop=True)
    place = design["case_id"].map(dict(zip(case, case.index, strict=True)))
    reader, modality = (pd.factorize(design[name])[0] for name in ("reader_id", "modality"))
    order = np.lexsort((place.to_numpy(dtype=np.intp), modality, reader))
    return design.iloc[order].reset_index(drop=True)


def _roc_readings(
    design: pd.DataFrame, marks: pd.DataFrame, place: str
) -> tuple[TableData, list[str]]:
    """Return the readings of a ROC study: rated, or declared and missing."""
    rated = marks[[*READING_KEY, "rating", "_row", "_file"]]
    readings = design.merge(rated, on=READING_KEY, how="left", suffixes=("_truth", ""))
    missing = readings["rating"].isna()
    readings = readings.assign(
        status=np.where(missing, "missing", "complete"),
        _row=readings["_row"].fillna(readings["_row_truth"]).astype(int),
        _file=readings["_file"].fillna(place),
    ).drop(columns="_row_truth")
    n_missing = int(missing.sum())
    notes = [
        f"readings: {n_missing:,} that sheet TRUTH declares have no rating; status missing"
    ] * bool(n_missing)
    return placed(readings), notes


def _inferred_readings(
    design: pd.DataFrame, marks: pd.DataFrame, place: str
) -> tuple[TableData, list[str]]:
    """Return the readings of a localization study: the highest mark of each, or no mark."""
    rating = highest_marks(design, marks)
    unmarked = int(rating.isna().sum())
    floor = no_mark_rating(marks["rating"])
    note = "readings: the rating of each is that of its highest mark (inferred ROC)"
    if unmarked:
        note += f"; {unmarked:,} without a mark have {floor:g}, below every mark"
    return placed(design.assign(rating=rating.fillna(floor).to_numpy()), file=place), [note]


def _marks_table(marks: pd.DataFrame) -> TableData:
    """Return the marks, numbered within their reading."""
    is_hit = marks["lesion"].notna()
    lesion_id = marks["lesion"].fillna(0).astype(int).astype(str).where(is_hit)
    frame = marks[[*READING_KEY, "rating", "_row", "_file"]].assign(
        mark_id=(marks.groupby(READING_KEY).cumcount() + 1).astype(str),
        mark_type=np.where(is_hit, "LL", "NL"),
        lesion_id=lesion_id,
    )
    return placed(frame)
