"""JAFROC workbooks (xlsx), as RJafroc and its predecessors read them.

Sheet TRUTH lists cases and lesions, FP (older: NL) the ratings that are false and TP (older: LL)
those of lesions. With three columns TRUTH leaves out who read what; with six it says that, the
paradigm (ROC, FROC, LROC, ROI) and the design (factorial, one or two modality factors, split plot).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toolkit.readers.interchange.jafroc_lesions import (
    JOIN,
    Truth,
    all_marks,
    declared_or_crossed,
    inferred_paradigm,
    mark_faults,
    read_truth,
)
from toolkit.readers.interchange.jafroc_sheets import TWO_FACTORS, Sheet, jafroc_sheets
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
from toolkit.readers.tabular.raw_table import file_fault
from toolkit.tables import Fault, TableData, TableError

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


@dataclass(frozen=True, kw_only=True)
class Block:
    """Cases that the same readers read in the same modalities, with the cells that say so."""

    cases: tuple[str, ...]
    readers: str
    modalities: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Design:
    """A design: its word, its columns of modalities, and its blocks."""

    word: str
    factors: tuple[str, ...]
    blocks: tuple[Block, ...]

    def levels(self, modality: str) -> list[str]:
        """Return the cells of a modality."""
        return modality.split(JOIN) if len(self.factors) > 1 else [modality]


def study_design(
    tables: Mapping[str, TableData], paradigm: Paradigm
) -> tuple[Design | None, list[Fault]]:
    """Return the design of the readings, or why a workbook cannot say it.

    In paradigm ROC a reading that is missing belongs to the design. Elsewhere a reading without
    a mark looks like one that was not made, so every reading must have been made.
    """
    readings = tables["readings"]
    frame = readings.frame
    if paradigm != "ROC" and (frame["status"] != "complete").any():
        rule = (
            f"must be complete: in paradigm {paradigm} a reading that was not made cannot be told "
            "from one without a mark"
        )
        where = (frame["status"] != "complete").to_numpy().nonzero()[0]
        remedy = "leave out what was not read in all modalities"
        return None, readings.faults(where, column="status", rule=rule, remedy=remedy)
    readers = _in_order_jafroc_design(tables["readers"].frame["reader_id"], frame["reader_id"])
    modalities = tuple(dict.fromkeys(frame["modality"]))
    cases = tuple(tables["cases"].frame["case_id"])
    if len(cases) < 2:
        rule = "has a single case, and sheet TRUTH needs two rows to say paradigm and design"
        return None, [file_fault(str(readings.files[0]), rule, column="table cases")]
    n_all = len(readers) * len(modalities) * len(cases)
    if len(frame) == n_all:
        return _factorial(cases, readers, modalities), []
    found = _nested_readers(frame, readers, modalities, cases) or _nested_cases(
        frame, readers, modalities, cases
    )
    if found is not None:
        return found, []
    rule = (
        f"has {len(frame):,} of the {n_all:,} readings of a factorial design, and is no split "
        "plot with readers nested in modality or cases nested in reader"
    )
    remedy = "leave out who did not read all cases in all modalities, such as an AI"
    if paradigm == "ROC":
        remedy = (
            "say status missing for readings that should have been made, or convert to csv or "
            "imrmc, which hold any design"
        )
    file = str(readings.files[0])
    return None, [file_fault(file, rule, remedy, column="table readings")]


def _in_order_jafroc_design(wanted: pd.Series, used: pd.Series) -> tuple[str, ...]:
    """Return the values of one column that stand in the other."""
    return tuple(wanted[wanted.isin(used.unique())])


def _factorial(
    cases: tuple[str, ...], readers: tuple[str, ...], modalities: tuple[str, ...]
) -> Design:
    """Return the design in which every reader reads every case in every modality."""
    pairs = [tuple(modality.split(JOIN)) for modality in modalities]
    if all(len(pair) == 2 for pair in pairs):
        first, second = (tuple(dict.fromkeys(levels)) for levels in zip(*pairs, strict=True))
        if len(first) > 1 and len(second) > 1 and len(first) * len(second) == len(pairs):
            block = Block(
                cases=cases, readers=_listed(readers), modalities=(_listed(first), _listed(second))
            )
            return Design(word="FCTRL-X-MOD", factors=TWO_FACTORS, blocks=(block,))
    block = Block(cases=cases, readers=_listed(readers), modalities=(_listed(modalities),))
    return Design(word="FCTRL", factors=("ModalityID",), blocks=(block,))


def _listed(ids: tuple[str, ...]) -> str:
    """Return IDs as the list of one cell."""
    return ",".join(ids)


def _nested_readers(
    frame: pd.DataFrame,
    readers: tuple[str, ...],
    modalities: tuple[str, ...],
    cases: tuple[str, ...],
) -> Design | None:
    """Return the split plot in which each reader reads all cases, in one modality."""
    one_modality = frame.groupby("reader_id")["modality"].nunique().eq(1).all()
    if not one_modality or len(frame) != len(readers) * len(cases):
        return None
    modality_of = frame.drop_duplicates("reader_id").set_index("reader_id")["modality"]
    blocks = tuple(
        Block(
            cases=cases,
            readers=_listed(tuple(r for r in readers if modality_of[r] == modality)),
            modalities=(f"({modality})",),
        )
        for modality in modalities
    )
    return Design(word="SPLIT-PLOT-A", factors=("ModalityID",), blocks=blocks)


def _nested_cases(
    frame: pd.DataFrame,
    readers: tuple[str, ...],
    modalities: tuple[str, ...],
    cases: tuple[str, ...],
) -> Design | None:
    """Return the split plot in which one reader reads each case, in all modalities."""
    one_reader = frame.groupby("case_id")["reader_id"].nunique().eq(1).all()
    if not one_reader or len(frame) != len(cases) * len(modalities):
        return None
    reader_of = frame.drop_duplicates("case_id").set_index("case_id")["reader_id"]
    blocks = tuple(
        Block(
            cases=tuple(case for case in cases if reader_of[case] == reader),
            readers=f"({reader})",
            modalities=(_listed(modalities),),
        )
        for reader in readers
    )
    return Design(word="SPLIT-PLOT-C", factors=("ModalityID",), blocks=blocks)
