"""Marks x lesions -> lesion localizations (LL), non-lesion localizations (NL) and what is counted.

A mark that hits a lesion by the chosen rule is LL; inside several lesions it goes to the nearest
centre (tie: the lower lesion_id). A lesion keeps its highest mark, and further marks on it are
neither LL nor NL. Everything else is NL: also a mark on a benign finding or in the other breast.
A lesion is found in an examination or a breast where it is found in any view of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import FloatArray, IndexArray, IntArray
from toolkit.scoring.mark_hits import (
    MarkCounts,
    Scored,
    lesion_rows,
    lesion_weights,
    mark_counts,
    mark_rows,
    require_places,
    require_recorded,
    scored_as_recorded,
    scored_by_place,
    study_note,
)
from toolkit.scoring.mark_readings import (
    MarkTables,
    MarkUnit,
    ReadingGrid,
    Units,
    reading_grid,
    unit_of_rows,
    units_of,
)
from toolkit.scoring.mark_rules import AsRecorded, HitRule
from toolkit.scoring.ratings import ScoringError
from toolkit.stats.froc import FrocStudy, froc_study

if TYPE_CHECKING:
    import pandas as pd

MarkClass = Literal["LL", "NL", "further"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalizedMarks:
    """Marks scored by one hit rule.

    Parameters
    ----------
    rule : str
        The hit rule in words: it belongs to every number made from here.
    unit : {"exam", "breast", "image"}
        What is one case of ``study``.
    study : FrocStudy
        For ``toolkit.stats.froc``.
    patient : ndarray of int, shape (n_units,)
        Patient of each case of ``study``, from 0: ``cluster`` of every statistic.
    case_id, part : ndarray of str, shape (n_units,)
        The examination, and the breast or image of it; ``part`` is empty for examinations.
    lesion_case_id, lesion_id, lesion_type : ndarray of str, shape (n_lesions,)
        The lesions of ``study``; a type that is not given is empty.
    lesion_size_mm : ndarray, shape (n_lesions,)
        NaN where it is not known.
    mark_row : ndarray of int, shape (n_marks,)
        Row of the marks table, from 1.
    mark_class : ndarray of str, shape (n_marks,)
        ``"LL"``, ``"NL"`` or ``"further"``.
    mark_lesion : ndarray of int, shape (n_marks,)
        Place among the lesions of ``study`` of the lesion that the mark hits; -1 for none.
    mark_reader, mark_modality : ndarray of int, shape (n_marks,)
        Places in ``study.readers`` and ``study.modalities``.
    distance_px, distance_mm : ndarray, shape (n_marks,)
        From the nearest centre of a lesion on the same image; NaN without one.
    counts : MarkCounts
        The counts behind the axes.
    note : str
        What a reader of the numbers must know.
    """

    rule: str
    unit: MarkUnit
    study: FrocStudy
    patient: IndexArray
    case_id: NDArray[np.str_]
    part: NDArray[np.str_]
    lesion_case_id: NDArray[np.str_]
    lesion_id: NDArray[np.str_]
    lesion_type: NDArray[np.str_]
    lesion_size_mm: FloatArray
    mark_row: IntArray
    mark_class: NDArray[np.str_]
    mark_lesion: IntArray
    mark_reader: IntArray
    mark_modality: IntArray
    distance_px: FloatArray
    distance_mm: FloatArray
    counts: MarkCounts
    note: str

    @property
    def lesion_patient(self) -> IndexArray:
        """Patient of each lesion, shape (n_lesions,)."""
        return self.patient[self.study.truth.lesion_case]


def localize_marks(
    tables: MarkTables,
    *,
    rule: HitRule | AsRecorded,
    unit: MarkUnit,
    modalities: Sequence[str],
    ai_modality: str | None = None,
    session: str | None = "1",
    common_cases: bool = False,
    benign_histology: Sequence[str] = (),
) -> LocalizedMarks:
    """Score marks as lesion and non-lesion localizations.

    Parameters
    ----------
    tables : MarkTables
        Canonical tables.
    rule : HitRule or AsRecorded
        When a mark hits a lesion. There is no default.
    unit : {"exam", "breast", "image"}
        What has one truth and one highest false mark. By examination and by breast a lesion counts
        as found where any view of it is hit, with its highest rating; by image each view of a
        lesion is a target of its own.
    modalities, ai_modality, session, common_cases
        As of ``reading_grid``.
    benign_histology : sequence of str
        Histologies of findings that are not to be found although their case has cancer. All
        findings of cases without cancer are benign.

    Returns
    -------
    LocalizedMarks

    Raises
    ------
    ScoringError
        If a mark or lesion has no place, an image that does not exist or is of another case, a
        place outside its image, an infinite rating; a mark is recorded as LL on a case without
        lesion; a case with cancer has no lesion; weights do not add up to 1; the study is not
        crossed; or an AI has no export floor. The first row is named, patients are not.

    Notes
    -----
    False marks are counted on each image and divided by images: one finding marked on two views
    counts twice, since nothing links the marks.
    """
    grid = reading_grid(
        tables,
        modalities=modalities,
        ai_modality=ai_modality,
        session=session,
        common_cases=common_cases,
    )
    lesions = lesion_rows(tables, grid, benign_histology=benign_histology)
    marks = mark_rows(tables, grid)
    if isinstance(rule, AsRecorded):
        require_recorded(marks, lesions, needed=True)
        if unit != "exam":
            msg = f"marks as recorded have no place, so they are scored by exam, not by {unit}"
            raise ScoringError(msg)
        scored = scored_as_recorded(marks, lesions)
    else:
        require_recorded(marks, lesions, needed=False)
        images = require_places(tables, marks, lesions)
        scored = scored_by_place(marks, lesions, images, rule)
    units = units_of(tables, grid, unit)
    return _localized(tables, grid, units, marks, lesions, scored, rule.text)


def _localized(
    tables: MarkTables,
    grid: ReadingGrid,
    units: Units,
    marks: pd.DataFrame,
    lesions: pd.DataFrame,
    scored: Scored,
    rule: str,
) -> LocalizedMarks:
    """Gather what was scored, by the unit of the analysis."""
    targets, target_of_row = _targets(lesions, units)
    rating = marks["rating"].to_numpy(dtype=np.float64)
    reader, condition = (marks[name].to_numpy(dtype=np.int64) for name in ("reader", "condition"))
    of_mark = unit_of_rows(marks, units)
    target = target_of_row[scored.lesion]
    kind = _classes(target, reader, condition, rating)
    found = np.full((len(targets), len(grid.readers), len(grid.modalities)), -np.inf)
    hit, false = target >= 0, kind == "NL"
    np.maximum.at(found, (target[hit], reader[hit], condition[hit]), rating[hit])
    study = froc_study(
        n_cases=units.case_id.size,
        lesion_case=targets["unit"].to_numpy(dtype=np.int64),
        lesion_rating=found,
        nl_case=of_mark[false],
        nl_rating=rating[false],
        nl_reader=reader[false],
        nl_modality=condition[false],
        lesion_weight=targets["weight"].to_numpy(dtype=np.float64),
        n_images=units.n_images,
        readers=grid.readers,
        modalities=grid.modalities,
        export_floor=grid.export_floor,
    )
    counts = mark_counts(tables, units, marks, study, scored, kind)
    return LocalizedMarks(
        rule=rule,
        unit=units.unit,
        study=study,
        patient=units.patient,
        case_id=units.case_id,
        part=units.part,
        lesion_case_id=targets["case_id"].to_numpy(dtype=str),
        lesion_id=targets["lesion_id"].to_numpy(dtype=str),
        lesion_type=targets["lesion_type"].fillna("").to_numpy(dtype=str),
        lesion_size_mm=targets["size_mm"].to_numpy(dtype=np.float64),
        mark_row=marks["row"].to_numpy(dtype=np.int64),
        mark_class=kind,
        mark_lesion=target,
        mark_reader=reader,
        mark_modality=condition,
        distance_px=scored.distance_px,
        distance_mm=scored.distance_mm,
        counts=counts,
        note=study_note(rule, marks, units, grid, counts),
    )


def _targets(lesions: pd.DataFrame, units: Units) -> tuple[pd.DataFrame, IntArray]:
    """Return one row a lesion of a unit with its weight there, and the lesion of each row.

    Rows of benign findings have the lesion -1, and so has row -1, for marks that hit nothing.
    """
    rows = lesions.reset_index(drop=True)
    own = rows[rows["target"]]
    weight = lesion_weights(own)[["case_id", "lesion_id", "weight"]]
    own = own.drop(columns="weight").merge(weight, on=["case_id", "lesion_id"], how="left")
    own = own.assign(unit=unit_of_rows(own, units))
    number = own.groupby(["unit", "lesion_id"], sort=False).ngroup().to_numpy()
    targets = own[~own.duplicated(["unit", "lesion_id"]).to_numpy(dtype=bool)]
    # In a breast or an image the weights of its own lesions are to add up to 1 again.
    total = targets.groupby("unit", sort=False)["weight"].transform("sum")
    size = targets.groupby("unit", sort=False)["weight"].transform("size")
    shared = (targets["weight"] / total).where(total > 0, 1 / size)
    of_row = np.full(len(rows) + 1, -1, dtype=np.int64)
    of_row[:-1][rows["target"].to_numpy(dtype=bool)] = number
    return targets.assign(weight=shared), of_row


def _classes(
    target: IntArray, reader: IntArray, condition: IntArray, rating: FloatArray
) -> NDArray[np.str_]:
    """Return LL for the highest mark on each lesion, further for others on it, else NL."""
    kind = np.where(target >= 0, "further", "NL")
    hits = np.flatnonzero(target >= 0)
    order = hits[np.lexsort((-rating[hits], condition[hits], reader[hits], target[hits]))]
    same = np.ones(order.size, dtype=bool)
    for values in (target, reader, condition):
        same[1:] &= values[order[1:]] == values[order[:-1]]
    same[:1] = False
    kind[order[~same]] = "LL"
    return kind
