"""Rules that join several columns of one canonical table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import IndexArray
from toolkit.tables.faults import Fault
from toolkit.tables.places import Places

if TYPE_CHECKING:
    import pandas as pd

# An examination soon after a diagnosis made elsewhere belongs to the work-up; later the cancer
# was known, and the case cannot say whether anyone would have found it.
WORK_UP_DAYS = 90

RESULT_COLUMNS = ("rating", "call", "birads")


def _positions(mask: pd.Series) -> IndexArray:
    """Return where a mask holds."""
    return np.flatnonzero(mask.to_numpy())


def _results_match_status(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse a complete reading without a result, and any other one with a result."""
    results = table[[name for name in RESULT_COLUMNS if name in table]].notna()
    complete = table["status"] == "complete"
    faults = places.faults(
        _positions(complete & ~results.any(axis=1)),
        column="status",
        rule="is complete, so there must be a rating, a call or a birads",
        remedy="say failed (it was tried) or missing (it was never made) in status",
    )
    for name in results.columns:
        faults += places.faults(
            _positions(~complete & results[name]),
            column=name,
            rule="must be missing where status is failed or missing",
            remedy="a reading that was not made is no score; say complete if it was made",
        )
    return faults


def _patients_all_or_none(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse patients that are known for a part of the cases only."""
    missing = table["patient_id"].isna()
    if not missing.any() or missing.all():
        return []
    return places.faults(
        _positions(missing),
        column="patient_id",
        rule="must be given for all cases or for none",
        remedy="fill it, or leave the column out: each case then counts as another woman",
    )


def _cancer_not_long_before_exam(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse a diagnosis that precedes the examination by months."""
    if not {"exam_date", "cancer_date"} <= set(table.columns):
        return []
    days_before = (table["exam_date"] - table["cancer_date"]).dt.days
    return places.faults(
        _positions(days_before > WORK_UP_DAYS),
        column="cancer_date",
        rule=f"must not be more than {WORK_UP_DAYS} days before exam_date",
        remedy="leave it empty for an earlier cancer; check date_order for swapped days and months",
    )


def _scale_has_a_range(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse an AI whose lowest score is not below its highest."""
    if not {"score_min", "score_max"} <= set(table.columns):
        return []
    return places.faults(
        _positions(table["score_min"] >= table["score_max"]),
        column="score_min",
        rule="must be below score_max",
    )


def _non_lesion_hits_nothing(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse a non-lesion localization that names a lesion."""
    if not {"mark_type", "lesion_id"} <= set(table.columns):
        return []
    return places.faults(
        _positions((table["mark_type"] == "NL") & table["lesion_id"].notna()),
        column="lesion_id",
        rule="must be missing for a mark of type NL, which hits no lesion",
    )


_OF_A_LESION = ("lesion_type", "size_mm", "histology", "grade", "weight")


def _lesion_on_every_image_named(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse a lesion of several rows of which one does not name its image."""
    if "image_id" not in table:
        return []
    several = table.duplicated(["case_id", "lesion_id"], keep=False)
    return places.faults(
        _positions(several & table["image_id"].isna()),
        column="image_id",
        rule="must be given in every row of a lesion that has several",
        remedy="a lesion has one row for each image that shows it, or one row without an image",
    )


def _rows_of_a_lesion_agree(table: pd.DataFrame, places: Places) -> list[Fault]:
    """Refuse a lesion whose rows say different things of it."""
    import pandas as pd

    faults: list[Fault] = []
    lesion = table.groupby(["case_id", "lesion_id"], sort=False, dropna=False).ngroup()
    for name in (column for column in _OF_A_LESION if column in table):
        # A value in one row and none in another are two statements as well.
        said = pd.Series(pd.factorize(table[name], use_na_sentinel=False)[0], index=table.index)
        of_lesion = said.groupby(lesion)
        different = of_lesion.transform("min") != of_lesion.transform("max")
        faults += places.faults(
            _positions(different),
            column=name,
            rule="must be the same in all rows of one lesion",
            remedy="it is said of the lesion, not of the image",
        )
    return faults


Rule = Callable[["pd.DataFrame", Places], list[Fault]]

RULES: dict[str, tuple[Rule, ...]] = {
    "cases": (_patients_all_or_none, _cancer_not_long_before_exam),
    "readers": (_scale_has_a_range,),
    "readings": (_results_match_status,),
    "lesions": (_lesion_on_every_image_named, _rows_of_a_lesion_agree),
    "marks": (_non_lesion_hits_nothing,),
}
