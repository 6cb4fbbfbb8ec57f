"""What marks are scored on: the cases that all readers read, and the units that these make."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import IndexArray, IntArray
from toolkit.scoring.ratings import ScoringError, reader_labels

if TYPE_CHECKING:
    import pandas as pd
MarkUnit = Literal["exam", "breast", "image"]
_UNITS = ("exam", "breast", "image")


@dataclass(frozen=True, kw_only=True, eq=False)
class MarkTables:
    """The canonical tables that marks are scored from.

    Parameters
    ----------
    cases, readers, readings, marks, lesions : DataFrame
        ``lesions`` may have several rows for one lesion, one for each image that shows it.
        ``marks`` may have an ``outline`` or a ``radius_px``, as lesions have.
    images : DataFrame, optional
        Needed for every rule but ``AsRecorded``, and to count false marks per image.
    """

    cases: pd.DataFrame
    readers: pd.DataFrame
    readings: pd.DataFrame
    marks: pd.DataFrame
    lesions: pd.DataFrame
    images: pd.DataFrame | None = None

    @property
    def placed(self) -> bool:
        """Whether marks and lesions have places on images."""
        return self.images is not None and all(
            "x_px" in table and "image_id" in table and bool(table["x_px"].notna().any())
            for table in (self.marks, self.lesions)
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class ReadingGrid:
    """Complete readings by every reader in every modality.

    Parameters
    ----------
    cases : DataFrame
        The cases that all read, with a truth, in the order of the cases table.
    readings : DataFrame
        ``reader_id, case_id, modality, session`` of those readings, with ``reader`` and
        ``condition``, their places along the axes.
    readers : tuple of str
        Labels along the first axis.
    modalities : tuple of str
        Along the second.
    export_floor : tuple of float
        Lowest score that an AI delivers; -inf for people.
    n_not_common : int
        Cases that only some of them read, left out.
    """

    cases: pd.DataFrame
    readings: pd.DataFrame
    readers: tuple[str, ...]
    modalities: tuple[str, ...]
    export_floor: tuple[float, ...]
    n_not_common: int


def reading_grid(
    tables: MarkTables,
    *,
    modalities: Sequence[str],
    ai_modality: str | None = None,
    session: str | None = "1",
    common_cases: bool = False,
) -> ReadingGrid:
    """Return the readings of everyone who read in all of some modalities.

    Parameters
    ----------
    tables : MarkTables
        ``cases``, ``readers`` and ``readings`` of it.
    modalities : sequence of str
        Reading conditions, the comparator first.
    ai_modality : str, optional
        Condition of an AI that is compared with people, such as ``"standalone"``; the AI then is
        one more reader of the one modality.
    session : str or None
        Reading session; None takes whichever a reader read a case in.
    common_cases : bool
        Whether cases that only some read are left out; if not, they are refused.

    Raises
    ------
    ScoringError
        If nobody read, a case was read twice, cases were not read by all, or an AI has no export
        floor.
    """
    chosen = _chosen(tables, modalities, ai_modality, session)
    who = tables.readers[tables.readers["reader_id"].isin(chosen["reader_id"])]
    places = {reader: place for place, reader in enumerate(who["reader_id"])}
    conditions = {modality: place for place, modality in enumerate(modalities)}
    known = tables.cases[tables.cases["truth"].notna()]
    chosen = chosen[chosen["case_id"].isin(known["case_id"])].assign(
        reader=lambda rows: rows["reader_id"].map(places),
        condition=lambda rows: rows["as_modality"].map(conditions),
    )
    repeated = chosen.duplicated(["reader", "condition", "case_id"])
    if repeated.any():
        msg = (
            f"{int(repeated.sum())} cases were read more than once by one reader in one modality "
            "(identifiers withheld); name one session"
        )
        raise ScoringError(msg)
    times = chosen["case_id"].value_counts()
    common = times.index[times == len(places) * len(conditions)]
    not_common = len(times) - len(common)
    if len(common) == 0 or (not_common and not common_cases):
        msg = (
            f"every reader must have read every case in every modality, but {not_common} of "
            f"{len(times)} cases were not read by all of {len(places)} readers in "
            f"{', '.join(modalities)}; complete the readings, or take common_cases=True and report "
            "the cases left out"
        )
        raise ScoringError(msg)
    labels = reader_labels(tables.readers)
    return ReadingGrid(
        cases=known[known["case_id"].isin(common)],
        readings=chosen[chosen["case_id"].isin(common)],
        readers=tuple(labels[reader] for reader in places),
        modalities=tuple(modalities),
        export_floor=tuple(_floor(row, labels) for row in who.to_dict("records")),
        n_not_common=not_common,
    )


def _chosen(
    tables: MarkTables, modalities: Sequence[str], ai_modality: str | None, session: str | None
) -> pd.DataFrame:
    """Return complete readings in the modalities, with ``as_modality``, the one they count as."""
    if not modalities or len(set(modalities)) < len(modalities):
        msg = f"modalities must be one or more different ones, but got {', '.join(modalities)}"
        raise ScoringError(msg)
    if ai_modality is not None and len(modalities) != 1:
        msg = (
            "an AI is compared with people in one modality, but got "
            f"{', '.join(modalities)} with ai_modality={ai_modality!r}"
        )
        raise ScoringError(msg)
    readings = tables.readings
    readings = readings[readings["status"] == "complete"]
    if session is not None:
        readings = readings[readings["session"] == session]
    is_ai = readings["reader_id"].isin(tables.readers["reader_id"][tables.readers["kind"] == "ai"])
    as_modality = readings["modality"].where(~is_ai | (ai_modality is None), "")
    if ai_modality is not None:
        of_ai = is_ai & (readings["modality"] == ai_modality)
        as_modality = as_modality.mask(of_ai, modalities[0])
    chosen = readings.assign(as_modality=as_modality)[as_modality.isin(list(modalities))]
    lacking = set(modalities) - set(chosen["as_modality"])
    if lacking:
        there = ", ".join(sorted({str(name) for name in readings["modality"]})) or "none"
        msg = f"nobody read to the end in modality {sorted(lacking)[0]!r}; there are: {there}"
        raise ScoringError(msg)
    kept: pd.DataFrame = chosen[["reader_id", "case_id", "modality", "session", "as_modality"]]
    return kept


def _floor(reader: Mapping[Any, Any], labels: dict[str, str]) -> float:
    """Return the export floor of a reader; refuse an AI without one."""
    if reader["kind"] != "ai":
        return -math.inf
    floor = reader.get("export_floor")
    if not isinstance(floor, float) or not math.isfinite(floor):
        msg = (
            f"export_floor, the lowest region score delivered, must be given for the AI "
            f"{labels[str(reader['reader_id'])]}: without it nobody knows where its curve ends"
        )
        raise ScoringError(msg)
    return floor


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """The units of the cases read, in the order of the cases; arrays of shape (n_units,).

    ``by_image`` gives the unit of an image; for examinations ``by_case`` gives that of a case, so
    that marks without an image have one.
    """

    unit: MarkUnit
    case_id: NDArray[np.str_]
    part: NDArray[np.str_]
    patient: IndexArray
    n_images: IntArray
    images_known: bool
    by_image: pd.Series
    by_case: pd.Series


def units_of(tables: MarkTables, grid: ReadingGrid, unit: MarkUnit) -> Units:
    """Return the units of the cases that were read.

    Raises
    ------
    ScoringError
        If breasts or images are asked for and the images, or their laterality, are not known.
    """
    import pandas as pd

    if unit not in _UNITS:
        msg = f"unit must be one of {', '.join(_UNITS)}, but got {unit!r}"
        raise ScoringError(msg)
    cases = grid.cases.reset_index(drop=True)
    frame = _frame(tables, cases, unit)
    columns = {"exam": ["case_id"], "breast": ["case_id", "laterality"], "image": ["image_id"]}
    number = frame.groupby(columns[unit], sort=False).ngroup().to_numpy()
    first = frame[~frame.duplicated(columns[unit])]
    patient = cases["patient_id"].where(cases["patient_id"].notna(), " " + cases["case_id"])
    patients = first["case_id"].map(dict(zip(cases["case_id"], patient, strict=True)))
    known = frame["image_id"].notna()
    in_frame = pd.Series(number, index=frame.index)
    names = {"exam": None, "breast": "laterality", "image": "image_id"}[unit]
    return Units(
        unit=unit,
        case_id=first["case_id"].to_numpy(dtype=str),
        part=np.full(len(first), "") if names is None else first[names].to_numpy(dtype=str),
        patient=np.unique(patients.to_numpy(dtype=str), return_inverse=True)[1],
        n_images=np.bincount(number, minlength=len(first)),
        images_known=bool(known.any()),
        by_image=pd.Series(in_frame[known].to_numpy(), index=frame["image_id"][known]),
        by_case=pd.Series(
            np.arange(len(first)) if unit == "exam" else -1, index=first["case_id"].to_numpy()
        ),
    )


def _frame(tables: MarkTables, cases: pd.DataFrame, unit: MarkUnit) -> pd.DataFrame:
    """Return one row an image in the order of the cases; a case without images has one row."""
    if tables.images is None:
        if unit != "exam":
            msg = f"scoring by {unit} needs the images table; give it, or score by exam"
            raise ScoringError(msg)
        return cases[["case_id"]].assign(image_id=np.nan, laterality=np.nan)
    images = tables.images[["case_id", "image_id", "laterality"]]
    frame = cases[["case_id"]].merge(images, on="case_id", how="left")
    lacking = frame["image_id"].isna()
    if lacking.any() and unit != "exam":
        msg = (
            f"scoring by {unit} needs the images of every case, but {int(lacking.sum())} cases "
            "have none in the images table"
        )
        raise ScoringError(msg)
    if unit == "breast" and frame["laterality"].isna().any():
        msg = (
            "scoring by breast needs the laterality of every image, but "
            f"{int(frame['laterality'].isna().sum())} images have none"
        )
        raise ScoringError(msg)
    return frame


def unit_of_rows(frame: pd.DataFrame, units: Units) -> IntArray:
    """Return the unit of each mark or lesion, by its case or its image."""
    if units.unit == "exam":
        return frame["case_id"].map(units.by_case).to_numpy(dtype=np.int64)
    return frame["image_id"].map(units.by_image).to_numpy(dtype=np.int64)
