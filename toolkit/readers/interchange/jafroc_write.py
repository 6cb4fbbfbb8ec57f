"""A study as a JAFROC workbook: sheets TRUTH with six columns, FP and TP."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from toolkit.readers.interchange.jafroc import Design, study_design
from toolkit.readers.interchange.jafroc_lesions import WEIGHT_TOLERANCE
from toolkit.readers.interchange.study import (
    LESION_KEY,
    READING_KEY,
    Paradigm,
    highest_marks,
    no_mark_rating,
)
from toolkit.readers.tabular.raw_table import file_fault
from toolkit.readers.tabular.xlsx_write import Value, workbook_bytes
from toolkit.tables import Fault, TableData, TableError

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


_EXACT_DIGITS = 1e15
_MOST_RECORDS = 1_048_575


def jafroc_bytes(tables: Mapping[str, TableData], paradigm: Paradigm) -> bytes:
    """Return a study as a JAFROC workbook.

    Parameters
    ----------
    tables : mapping of str to TableData
        Checked canonical tables, as ``without_images`` returns them.
    paradigm : {"ROC", "FROC", "LROC", "ROI"}
        What the workbook calls the study.

    Raises
    ------
    TableError
        If the design is neither factorial nor a split plot; if lesions, weights or marks are not
        what the paradigm needs. All faults at once.
    """
    faults = [] if paradigm == "ROC" else localization_faults(tables, paradigm)
    design, design_faults = study_design(tables, paradigm)
    faults += design_faults
    if faults or design is None:
        raise TableError(faults)
    lesions = _roc_lesions(tables) if paradigm == "ROC" else _numbered_lesions(tables)
    marks = _roc_marks(tables, lesions) if paradigm == "ROC" else _marks(tables, lesions)
    hits = marks["lesion"].notna()
    _check_records({"FP": int((~hits).sum()), "TP": int(hits.sum())})
    return workbook_bytes(
        {
            "TRUTH": _truth_rows(lesions, design, paradigm),
            "FP": _rating_rows(marks[~hits], design, lesion=False),
            "TP": _rating_rows(marks[hits], design, lesion=True),
        }
    )


def _numbered_lesions(tables: Mapping[str, TableData]) -> pd.DataFrame:
    """Return case_id, lesion_id, number and weight of each lesion."""
    lesions = tables["lesions"].frame
    number = (
        lesions["lesion_id"].astype("int64")
        if keeps_lesion_numbers(lesions)
        else lesions.groupby("case_id").cumcount() + 1
    )
    weight = lesions["weight"].fillna(0.0) if "weight" in lesions else 0.0
    return lesions[LESION_KEY].assign(number=number, weight=weight)


def _roc_lesions(tables: Mapping[str, TableData]) -> pd.DataFrame:
    """Return the one lesion that the format wants of each case with disease."""
    cases = tables["cases"].frame
    diseased = cases[cases["truth"] == 1][["case_id"]]
    return diseased.assign(lesion_id="1", number=1, weight=1.0)


def _roc_marks(tables: Mapping[str, TableData], lesions: pd.DataFrame) -> pd.DataFrame:
    """Return the ratings of a ROC study, those of diseased cases on their lesion."""
    readings = tables["readings"].frame
    rated = readings[readings["status"] == "complete"][[*READING_KEY, "rating"]]
    diseased = rated["case_id"].isin(lesions["case_id"])
    return rated.assign(lesion=np.where(diseased, 1.0, np.nan))


def _marks(tables: Mapping[str, TableData], lesions: pd.DataFrame) -> pd.DataFrame:
    """Return the marks with the number of the lesion that they hit."""
    marks = tables["marks"].frame
    if "lesion_id" not in marks:  # no mark hits anything
        return marks[[*READING_KEY, "rating"]].assign(lesion=np.nan)
    found = marks[[*READING_KEY, "rating", "lesion_id"]].merge(
        lesions[[*LESION_KEY, "number"]], on=LESION_KEY, how="left"
    )
    hit = (marks["mark_type"] == "LL").to_numpy()
    return found.assign(lesion=found["number"].where(hit))


def _truth_rows(
    lesions: pd.DataFrame, design: Design, paradigm: Paradigm
) -> Iterable[Sequence[Value]]:
    """Yield the rows of sheet TRUTH, header first; each block of a split plot lists its cases."""
    by_case = {
        case_id: list(zip(group["number"], group["weight"], strict=True))
        for case_id, group in lesions.groupby("case_id", sort=False)
    }
    yield ["CaseID", "LesionID", "Weight", "ReaderID", *design.factors, "Paradigm"]
    words = iter((paradigm, design.word))
    for block in design.blocks:
        for case_id in block.cases:
            for number, weight in by_case.get(case_id, [(0, 0.0)]):
                yield [
                    _case_cell(case_id),
                    int(number),
                    float(weight),
                    block.readers,
                    *block.modalities,
                    next(words, None),
                ]


def _case_cell(case_id: str) -> int | str:
    """Return a case's ID as the number that the format wants, if nothing of it is lost."""
    return int(case_id) if WHOLE_NUMBER.fullmatch(case_id) else case_id


def _rating_rows(marks: pd.DataFrame, design: Design, *, lesion: bool) -> Iterable[Sequence[Value]]:
    """Yield the rows of sheet FP or TP, header first."""
    kind = "TP" if lesion else "FP"
    yield [
        "ReaderID",
        *design.factors,
        "CaseID",
        *(["LesionID"] if lesion else []),
        f"{kind}_Rating",
    ]
    columns = (
        marks[name].tolist() for name in ("reader_id", "modality", "case_id", "lesion", "rating")
    )
    for reader, modality, case_id, number, rating in zip(*columns, strict=True):
        yield [
            reader,
            *design.levels(modality),
            _case_cell(case_id),
            *([int(number)] if lesion else []),
            rating if abs(rating) < _EXACT_DIGITS else repr(rating),
        ]


def _check_records(n_records: Mapping[str, int]) -> None:
    """Refuse more records than a sheet has rows."""
    faults = [
        file_fault(
            "",
            f"would need {number:,} rows; a sheet has {_MOST_RECORDS + 1:,}",
            column=f"sheet {sheet}",
        )
        for sheet, number in n_records.items()
        if number > _MOST_RECORDS
    ]
    if faults:
        raise TableError(faults)
