"""JAFROC workbooks (xlsx), as RJafroc and its predecessors read them.

Sheet TRUTH lists cases and lesions, FP (older: NL) the ratings that are false and TP (older: LL)
those of lesions. With three columns TRUTH leaves out who read what; with four it says the paradigm
(ROC, FROC, LROC, ROI) and the design (factorial, one or two modality factors, split plot); with six
also who read what. Of two crossed factors the levels of both make one modality, as in "F x 20".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toolkit.readers.interchange.jafroc_lesions import (
    JOIN,
    WEIGHT_TOLERANCE,
    Truth,
    all_marks,
    declared_or_crossed,
    inferred_paradigm,
    mark_faults,
    read_truth,
)
from toolkit.readers.interchange.jafroc_sheets import (
    TWO_FACTORS,
    Sheet,
    jafroc_sheets,
    modality_columns,
)
from toolkit.readers.interchange.study import (
    LESION_KEY,
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
from toolkit.readers.tabular.xlsx_write import Value, workbook_bytes
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
    factors = modality_columns(sheets["FP"])
    truth, faults = read_truth(sheets["TRUTH"], factors=factors, show=show_values)
    faults = [fault for sheet in sheets.values() for fault in sheet.faults] + faults
    if faults:
        # What does not fit a faulty TRUTH is no fault of its own.
        raise TableError(faults)
    marks = all_marks(sheets)
    if marks.empty:
        raise TableError([file_fault(file, "has no rating in sheets FP and TP")])
    truth = declared_or_crossed(truth, marks, crossed=len(factors) == len(TWO_FACTORS))
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
