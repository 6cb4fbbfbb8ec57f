"""A study as a JAFROC workbook: sheets TRUTH with six columns, FP and TP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from toolkit.readers.interchange.jafroc_design import Design, study_design
from toolkit.readers.interchange.jafroc_holds import (
    WHOLE_NUMBER,
    keeps_lesion_numbers,
    localization_faults,
)
from toolkit.readers.interchange.study import LESION_KEY, READING_KEY, Paradigm
from toolkit.readers.interchange.xlsx_write import Value, workbook_bytes
from toolkit.readers.raw_table import file_fault
from toolkit.tables import TableData, TableError

if TYPE_CHECKING:
    import pandas as pd

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
