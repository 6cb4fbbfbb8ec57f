"""Readings of the same readers in several modalities as one array: who read what.

A case or a reader that one modality has and the other lacks stays in, as NaN: leaving it out would
make a study with gaps look complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.scoring.ratings import RatingArray, ScoringError, rating_array, reader_labels

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyReadings:
    """Readings of people in several modalities, joined by case and reader.

    Parameters
    ----------
    case_id, patient_id : ndarray of str, shape (n_cases,)
        In the order of the cases table.
    truth : ndarray of float, shape (n_cases,)
        1 with cancer, 0 without.
    readers : tuple of str
        Pseudonyms R1, R2, ... in the order of the readers table.
    modalities : tuple of str
        The comparator first.
    rating, call : ndarray of float, shape (n_cases, n_readers, n_modalities)
        NaN where a reader did not read a case in a modality.
    by_modality : tuple of RatingArray
        The same readings of one modality each, on the cases and by the readers that it has.
    recall_rating : float or None
        Rating from which up a case counts as recalled where the reader made no call.
    """

    case_id: NDArray[np.str_]
    patient_id: NDArray[np.str_]
    truth: FloatArray
    readers: tuple[str, ...]
    modalities: tuple[str, ...]
    rating: FloatArray
    call: FloatArray
    by_modality: tuple[RatingArray, ...]
    recall_rating: float | None = None

    @property
    def patient(self) -> IndexArray:
        """Number of the patient of each case, from 0, shape (n_cases,)."""
        return np.unique(self.patient_id, return_inverse=True)[1]

    @property
    def n_cases(self) -> int:
        """Number of cases that somebody read."""
        return int(self.truth.size)

    @property
    def n_positive(self) -> int:
        """Number of them with cancer."""
        return int(self.truth.sum())

    @property
    def n_patients(self) -> int:
        """Number of patients of the cases."""
        return int(np.unique(self.patient_id).size)

    @property
    def read(self) -> BoolArray:
        """Whether there is a rating or a call, shape (n_cases, n_readers, n_modalities)."""
        return ~(np.isnan(self.rating) & np.isnan(self.call))


def study_readings(
    readings: pd.DataFrame,
    readers: pd.DataFrame,
    cases: pd.DataFrame,
    *,
    modalities: Sequence[str],
    session: str | None = None,
    recall_rating: float | None = None,
) -> StudyReadings:
    """Return the readings of people in several modalities as one array.

    Parameters
    ----------
    readings, readers, cases : DataFrame
        Canonical tables.
    modalities : sequence of str
        Reading conditions, the comparator first.
    session : str or None
        Reading session. None takes whichever session a reader read a case in, as where half of
        the cases were read aided first and the others unaided first.
    recall_rating : float or None
        Rating from which up a case counts as recalled where the reader made no call.

    Returns
    -------
    StudyReadings
        Cases with a truth that somebody read in at least one of the modalities.

    Raises
    ------
    ScoringError
        If the modalities are fewer than two or not different, nobody read in one of them, or a
        reader read a case twice in one.
    """
    if len(set(modalities)) < max(2, len(modalities)):
        msg = f"modalities must be two or more different ones, but got {', '.join(modalities)}"
        raise ScoringError(msg)
    arrays = tuple(
        rating_array(
            readings, readers, cases, kind="human", modality=modality, session=session
        ).called_from(recall_rating)
        for modality in modalities
    )
    order = cases["case_id"].to_numpy(dtype=str)
    case_id = order[np.isin(order, np.concatenate([array.case_id for array in arrays]))]
    known = {label for array in arrays for label in array.labels}
    labels = tuple(label for label in reader_labels(readers).values() if label in known)
    rating, call = (
        np.stack([_spread(array, name, case_id, labels) for array in arrays], axis=2)
        for name in ("rating", "call")
    )
    truth = np.empty(case_id.size)
    patient_id = np.empty(case_id.size, dtype=object)
    for array in arrays:
        rows = _places(case_id, array.case_id)
        truth[rows], patient_id[rows] = array.truth, array.patient_id
    return StudyReadings(
        case_id=case_id,
        patient_id=patient_id.astype(str),
        truth=truth,
        readers=labels,
        modalities=tuple(modalities),
        rating=rating,
        call=call,
        by_modality=arrays,
        recall_rating=recall_rating,
    )


def ratings_are_of_marks(readings: pd.DataFrame, marks: pd.DataFrame | None) -> bool:
    """Return whether every rating is that of the reading's highest mark: an inferred ROC study.

    Parameters
    ----------
    readings, marks : DataFrame
        Canonical tables; no marks say no.

    Returns
    -------
    bool
        Also readings without a mark must then have one rating in common, below every mark.

    Examples
    --------
    >>> import pandas as pd
    >>> key = {"reader_id": "A", "modality": "unaided", "session": "1"}
    >>> readings = pd.DataFrame([{**key, "case_id": "1", "rating": 3.0},
    ...                          {**key, "case_id": "2", "rating": 0.0}])
    >>> marks = pd.DataFrame([{**key, "case_id": "1", "rating": 3.0}])
    >>> ratings_are_of_marks(readings, marks)
    True
    """
    key = ["reader_id", "case_id", "modality", "session"]
    rated = readings[readings["rating"].notna()]
    if marks is None or marks.empty or rated.empty:
        return False
    highest = marks.groupby(key, sort=False)["rating"].max().rename("highest").reset_index()
    both = rated[[*key, "rating"]].merge(highest, on=key, how="left")
    marked, unmarked = both.dropna(subset="highest"), both[both["highest"].isna()]
    same = bool(len(marked)) and bool((marked["rating"] == marked["highest"]).all())
    below = unmarked["rating"].nunique() < 2 and not bool(
        (unmarked["rating"] >= marks["rating"].min()).any()
    )
    return same and below


def _places(case_id: NDArray[np.str_], of: NDArray[np.str_]) -> IndexArray:
    """Return where each of some cases stands among all."""
    sorter = np.argsort(case_id)
    return sorter[np.searchsorted(case_id, of, sorter=sorter)]


def _spread(
    array: RatingArray, name: str, case_id: NDArray[np.str_], labels: tuple[str, ...]
) -> FloatArray:
    """Return ratings or calls of one modality on the cases and readers of all."""
    values = np.full((case_id.size, len(labels)), np.nan)
    columns = np.array([labels.index(label) for label in array.labels], dtype=np.intp)
    values[np.ix_(_places(case_id, array.case_id), columns)] = getattr(array, name)
    return values
