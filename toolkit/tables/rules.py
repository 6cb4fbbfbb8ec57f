"""Rules that join several columns of one canonical table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit.tables.faults import Fault
from toolkit.tables.places import Places

if TYPE_CHECKING:
    import pandas as pd

# An examination soon after a diagnosis made elsewhere belongs to the work-up; later the cancer
# was known, and the case cannot say whether anyone would have found it.
WORK_UP_DAYS = 90

RESULT_COLUMNS = ("rating", "call", "birads")


def _positions(mask: pd.Series) -> NDArray[np.intp]:
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


Rule = Callable[["pd.DataFrame", Places], list[Fault]]

RULES: dict[str, tuple[Rule, ...]] = {
    "cases": (_patients_all_or_none, _cancer_not_long_before_exam),
    "readers": (_scale_has_a_range,),
    "readings": (_results_match_status,),
    "marks": (_non_lesion_hits_nothing,),
}
