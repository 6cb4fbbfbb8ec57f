"""Sheets FP and TP of a JAFROC workbook: ratings of cases, or marks with their ratings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray
from toolkit.readers.interchange.jafroc_sheets import TWO_FACTORS, Sheet
from toolkit.readers.interchange.jafroc_truth import JOIN, Truth
from toolkit.readers.interchange.study import READING_KEY, Paradigm
from toolkit.readers.raw_table import file_fault
from toolkit.tables import Fault, TableError

if TYPE_CHECKING:
    import pandas as pd

ONE_RATING = ("ROC", "LROC")


def all_marks(sheets: dict[str, Sheet]) -> pd.DataFrame:
    """Return the records of both sheets: FP first, then TP, each in the order of its sheet.

    Returns
    -------
    DataFrame
        reader_id, modality, case_id, lesion (NaN in FP), rating, ``_row``, ``_file``, ``_sheet``
        and ``_position`` in its sheet.
    """
    import pandas as pd

    parts = []
    for name in ("FP", "TP"):
        sheet = sheets[name]
        frame = sheet.frame[sheet.sound]
        factors = [factor for factor in TWO_FACTORS if factor in frame]
        modality = (
            frame["ModalityID"] if not factors else frame[factors[0]] + JOIN + frame[factors[1]]
        )
        parts.append(
            pd.DataFrame(
                {
                    "reader_id": frame["ReaderID"],
                    "modality": modality,
                    "case_id": frame["CaseID"],
                    "lesion": frame["LesionID"] if name == "TP" else np.nan,
                    "rating": frame["Rating"],
                    "_row": frame["_row"],
                    "_file": sheet.places.files[frame.index.to_numpy()],
                    "_sheet": name,
                    "_position": frame.index,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def declared_or_crossed(truth: Truth, marks: pd.DataFrame) -> Truth:
    """Return the truth with every declared reading; the older layout means all of them."""
    if truth.design is not None:
        return truth
    import pandas as pd

    readers, modalities = marks["reader_id"].unique(), marks["modality"].unique()
    index = pd.MultiIndex.from_product(
        [readers, modalities, truth.cases["case_id"]], names=READING_KEY
    )
    design = index.to_frame(index=False).merge(truth.cases[["case_id", "_row"]], on="case_id")
    note = (
        "readings: the file has no list of who read what, so every reader counts as having read "
        "every case in every modality"
    )
    return replace(truth, design=design, notes=(*truth.notes, note))


def inferred_paradigm(truth: Truth, marks: pd.DataFrame, *, file: str) -> tuple[Paradigm, str]:
    """Return what the older layout leaves unsaid, and the note on it.

    ROC has one rating for every reading, in sheet FP for a case without a lesion and in TP for
    one with. Where some of these are lacking they may be ratings that were never given or, in a
    FROC study, readings without a mark: the two have other results, so this is refused.
    """
    assert truth.design is not None  # declared_or_crossed has filled it
    diseased = set(truth.lesions["case_id"])
    on_side = marks["case_id"].isin(diseased) == (marks["_sheet"] == "TP")
    one_lesion = (truth.lesions["lesion_id"] == 1).all()
    if not on_side.all() or not one_lesion or marks.duplicated(READING_KEY).any():
        return "FROC", "paradigm: not in the file; FROC, since readings have any number of marks"
    lacking = len(truth.design) - len(marks)
    if lacking:
        rule = (
            f"does not say its paradigm: no reading has two ratings, and {lacking:,} have none, "
            "which is ROC with missing readings or FROC without marks"
        )
        remedy = "add the columns ReaderID, ModalityID and Paradigm to sheet TRUTH"
        raise TableError([file_fault(file, rule, remedy)])
    return "ROC", "paradigm: not in the file; ROC, since each reading has exactly one rating"


def mark_faults(
    sheets: dict[str, Sheet], marks: pd.DataFrame, truth: Truth, paradigm: Paradigm, *, show: bool
) -> list[Fault]:
    """Return the faults of ratings that do not fit sheet TRUTH or the paradigm."""
    faults: list[Fault] = []
    for name in ("FP", "TP"):
        sheet = sheets[name]
        rows = marks[marks["_sheet"] == name]
        faults += _undeclared(sheet, rows, truth, show=show)
        known = rows[rows["case_id"].isin(truth.cases["case_id"])]
        diseased = known["case_id"].isin(truth.lesions["case_id"])
        if name == "TP":
            faults += _lesion_faults(sheet, known, diseased, truth, show=show)
            faults += _lesion_twice(sheet, known)
        elif paradigm == "ROC":
            rule = "has a lesion, so in paradigm ROC its rating belongs to sheet TP"
            faults += sheet.value_faults("CaseID", _at(sheet, known[diseased]), rule, show=show)
    if paradigm in ONE_RATING:
        faults += _rated_twice(sheets, marks, paradigm)
    return faults


def _at(sheet: Sheet, rows: pd.DataFrame) -> BoolArray:
    """Return the mask of these rows over all records of their sheet."""
    mask = np.zeros(len(sheet.frame), dtype=bool)
    mask[rows["_position"].to_numpy(dtype=np.intp)] = True
    return mask


def _undeclared(sheet: Sheet, rows: pd.DataFrame, truth: Truth, *, show: bool) -> list[Fault]:
    """Return the faults of rows of a reading that sheet TRUTH does not declare."""
    import pandas as pd

    design = truth.design
    assert design is not None
    found = pd.MultiIndex.from_frame(rows[READING_KEY]).isin(
        pd.MultiIndex.from_frame(design[READING_KEY])
    )
    lost = rows[~found]
    faults: list[Fault] = []
    named = np.zeros(len(lost), dtype=bool)
    factor = "ModalityID" if "ModalityID" in sheet.frame else TWO_FACTORS[0]
    for column, canonical in (
        ("CaseID", "case_id"),
        ("ReaderID", "reader_id"),
        (factor, "modality"),
    ):
        known = truth.cases[canonical] if canonical == "case_id" else design[canonical]
        unknown = ~lost[canonical].isin(known.unique()).to_numpy()
        rule = "must be in sheet TRUTH"
        faults += sheet.value_faults(column, _at(sheet, lost[unknown]), rule, show=show)
        named |= unknown
    rule = "was not read by this reader in this modality, as sheet TRUTH has it"
    faults += sheet.value_faults("CaseID", _at(sheet, lost[~named]), rule, show=show)
    return faults


def _lesion_faults(
    sheet: Sheet, known: pd.DataFrame, diseased: pd.Series, truth: Truth, *, show: bool
) -> list[Fault]:
    """Return the faults of marks on lesions that do not exist."""
    import pandas as pd

    faults = sheet.value_faults(
        "CaseID",
        _at(sheet, known[~diseased]),
        "has no lesion in sheet TRUTH, so nothing on it can be a hit",
        remedy="its false marks belong to sheet FP",
        show=show,
    )
    lesions = pd.MultiIndex.from_frame(truth.lesions[["case_id", "lesion_id"]])
    hits = known[diseased]
    exists = pd.MultiIndex.from_frame(hits[["case_id", "lesion"]]).isin(lesions)
    rule = "must be a lesion of its case in sheet TRUTH"
    return faults + sheet.value_faults("LesionID", _at(sheet, hits[~exists]), rule, show=show)


def _lesion_twice(sheet: Sheet, known: pd.DataFrame) -> list[Fault]:
    """Return the faults of lesions that one reading hits more than once."""
    again = known[known.duplicated([*READING_KEY, "lesion"], keep=False)]
    return sheet.places.faults(
        again["_position"].to_numpy(dtype=np.intp),
        column="LesionID",
        rule="is hit more than once in one reading",
        remedy="keep the mark with the highest rating",
    )


def _rated_twice(sheets: dict[str, Sheet], marks: pd.DataFrame, paradigm: Paradigm) -> list[Fault]:
    """Return the faults of readings with several ratings, where the paradigm has one."""
    faults: list[Fault] = []
    again = marks[marks.duplicated(READING_KEY, keep=False)]
    for name in ("FP", "TP"):
        rows = again[again["_sheet"] == name]
        faults += sheets[name].places.faults(
            rows["_position"].to_numpy(dtype=np.intp),
            column="CaseID",
            rule=f"is rated more than once in one reading, in paradigm {paradigm}",
        )
    return faults
