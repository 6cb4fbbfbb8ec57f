"""What has one truth and one highest false mark: an examination, a breast or an image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import IndexArray, IntArray
from toolkit.scoring.mark_readings import MarkTables, ReadingGrid
from toolkit.scoring.ratings import ScoringError

if TYPE_CHECKING:
    import pandas as pd

MarkUnit = Literal["exam", "breast", "image"]
_UNITS = ("exam", "breast", "image")


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
