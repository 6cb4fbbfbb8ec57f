"""What of a localization study a JAFROC workbook can say, and what it changes.

Tables are taken as ``without_images`` returns them: one row a lesion, one mark of it a reading.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from toolkit.readers.interchange.jafroc_weights import WEIGHT_TOLERANCE
from toolkit.readers.interchange.study import (
    READING_KEY,
    Paradigm,
    highest_marks,
    no_mark_rating,
)
from toolkit.readers.raw_table import file_fault
from toolkit.tables import Fault, TableData

if TYPE_CHECKING:
    import pandas as pd

WHOLE_NUMBER = re.compile(r"0|[1-9]\d{0,14}", re.ASCII)  # what Excel keeps digit by digit


def jafroc_losses(tables: Mapping[str, TableData], paradigm: Paradigm) -> list[str]:
    """Return what a workbook changes beyond the columns that it lacks."""
    lost = []
    words = [c for c in tables["cases"].frame["case_id"] if not WHOLE_NUMBER.fullmatch(c)]
    if words:
        lost.append(
            f"cases.case_id: {len(words):,} are text and stay so; RJafroc reads whole numbers only"
        )
    if paradigm == "ROC":
        return lost
    readings, marks = tables["readings"].frame, tables["marks"].frame
    inferred = highest_marks(readings, marks).fillna(no_mark_rating(marks["rating"]))
    own = int((readings["rating"].to_numpy() != inferred.to_numpy()).sum())
    if own:
        lost.append(f"readings.rating: {own:,} that are not the rating of the highest mark")
    lesions = tables["lesions"].frame
    if not keeps_lesion_numbers(lesions):
        lost.append("lesions.lesion_id: numbered 1, 2, ... in each case")
    if "weight" not in lesions or lesions["weight"].isna().all():
        lost.append("lesions.weight: none given; written as 0, which means equal weights")
    if not _keeps_mark_numbers(marks):
        lost.append("marks.mark_id: numbered 1, 2, ... in each reading, false marks first")
    return lost


def _keeps_mark_numbers(marks: pd.DataFrame) -> bool:
    """Return whether reading the workbook gives the marks their old numbers."""
    ordered = marks.sort_values("mark_type", ascending=False, kind="stable")  # NL before LL
    number = (ordered.groupby(READING_KEY).cumcount() + 1).astype(str)
    return bool((ordered["mark_id"] == number).all())


def keeps_lesion_numbers(lesions: pd.DataFrame) -> bool:
    """Return whether all lesions have whole numbers from 1."""
    return bool(
        lesions["lesion_id"].map(lambda t: t != "0" and bool(WHOLE_NUMBER.fullmatch(t))).all()
    )


def localization_faults(tables: Mapping[str, TableData], paradigm: Paradigm) -> list[Fault]:
    """Return the faults of lesions and marks that a workbook cannot say."""
    cases = tables["cases"]
    if "lesions" not in tables or "marks" not in tables:
        rule = f"needs tables lesions and marks in paradigm {paradigm}"
        return [file_fault(str(cases.files[0]), rule)]
    lesions, marks = tables["lesions"], tables["marks"]
    if marks.frame.empty:
        rule = f"has no mark, so nothing shows that its paradigm is {paradigm}"
        return [file_fault(str(cases.files[0]), rule, column="table marks")]
    truth = cases.frame.set_index("case_id")["truth"]
    with_lesion = cases.frame["case_id"].isin(lesions.frame["case_id"])
    faults = cases.faults(
        np.flatnonzero((cases.frame["truth"] == 1) & ~with_lesion),
        column="truth",
        rule="is 1, but the case has no lesion in table lesions",
    )
    faults += lesions.faults(
        np.flatnonzero(lesions.frame["case_id"].map(truth) == 0),
        column="case_id",
        rule="is a case of truth 0, which has no lesion in a JAFROC workbook",
        remedy="leave lesions that are no target out",
    )
    faults += _weight_faults(lesions)
    faults += _mark_faults(marks)
    if paradigm == "LROC":
        faults += lesions.faults(
            np.flatnonzero(lesions.frame.duplicated("case_id")),
            column="lesion_id",
            rule="is a second lesion of its case, which paradigm LROC does not have",
        )
        faults += marks.faults(
            np.flatnonzero(marks.frame.duplicated(READING_KEY)),
            column="mark_id",
            rule="is a second mark of its reading, which paradigm LROC does not have",
        )
    return faults


def _weight_faults(lesions: TableData) -> list[Fault]:
    """Return the faults of weights that are given in part, or do not add up to 1."""
    frame = lesions.frame
    if "weight" not in frame or frame["weight"].isna().all():
        return []
    total = frame.groupby("case_id")["weight"].transform("sum")
    missing = frame["weight"].isna()
    faults = lesions.faults(
        np.flatnonzero(missing), column="weight", rule="must be given for all lesions or for none"
    )
    off = ((total - 1).abs() > WEIGHT_TOLERANCE) & ~missing
    return faults + lesions.faults(
        np.flatnonzero(off), column="weight", rule="must add up to 1 over the lesions of a case"
    )


def _mark_faults(marks: TableData) -> list[Fault]:
    """Return the faults of marks that are no hit and no false mark."""
    frame = marks.frame
    kind = frame.get("mark_type")
    if kind is None:
        rule = "is lacking, so the marks are not yet judged"
        return marks.faults(np.arange(1), column="mark_type", rule=rule)
    lesion = frame["lesion_id"] if "lesion_id" in frame else kind.where(kind.isna())
    faults = marks.faults(
        np.flatnonzero(kind.isna()),
        column="mark_type",
        rule="must be LL or NL: a JAFROC workbook holds marks that are judged",
    )
    return faults + marks.faults(
        np.flatnonzero((kind == "LL") & lesion.isna()),
        column="lesion_id",
        rule="must name the lesion that an LL mark hits",
    )
