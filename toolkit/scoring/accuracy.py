"""Accuracy of each reader, or of an AI, on the cases that the reader read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.arrays import FloatArray, IndexArray
from toolkit.results import Estimate
from toolkit.scoring.ratings import RatingArray
from toolkit.scoring.verdicts import undefined_auc
from toolkit.stats.auc import CallAccuracy, call_accuracy, delong_ci
from toolkit.stats.mrmc.ai import FEWEST_LEVELS


@dataclass(frozen=True, kw_only=True, eq=False)
class ReaderAccuracy:
    """How accurate one reader was on the cases that the reader read.

    Parameters
    ----------
    label : str
        Pseudonym of a person, product and version of an AI.
    n_cases, n_positive : int
        Cases read, and those of them with cancer.
    auc : Estimate
        NaN with a note where the reader gave no ratings, or used two levels at most.
    calls : CallAccuracy or None
        None where the reader made no calls.
    """

    label: str
    n_cases: int
    n_positive: int
    auc: Estimate
    calls: CallAccuracy | None


def repeated_patients(patient: IndexArray) -> IndexArray | None:
    """Return the patient of each case as clusters; None where no patient has several cases."""
    return patient if np.unique(patient).size < patient.size else None


def few_levels(rating: FloatArray) -> bool:
    """Whether ratings have too few levels for an area under the curve; NaN does not count."""
    return 0 < np.unique(rating[~np.isnan(rating)]).size < FEWEST_LEVELS


def _auc(array: RatingArray, column: int, *, ci_level: float) -> Estimate:
    """Return the empirical AUC of the rated cases, or why there is none."""
    rating, label = array.rating[:, column], array.labels[column]
    rated = ~np.isnan(rating)
    if not rated.any():
        return undefined_auc(label, ci_level, "recall calls only, no ratings")
    if few_levels(rating):
        note = "two levels of ratings at most: one operating point, no curve"
        return undefined_auc(label, ci_level, note)
    return delong_ci(
        array.truth[rated],
        rating[rated],
        weight=array.weight_of(rated),
        cluster=repeated_patients(array.patient[rated]),
        ci_level=ci_level,
        label=label,
    )


def _calls(array: RatingArray, column: int, *, ci_level: float) -> CallAccuracy | None:
    """Return the accuracy of the cases that were called, or None where none was."""
    call = array.call[:, column]
    called = ~np.isnan(call)
    if not called.any():
        return None
    return call_accuracy(
        array.truth[called],
        call[called],
        weight=array.weight_of(called),
        cluster=array.patient[called],
        ci_level=ci_level,
        label=array.labels[column],
    )


def accuracy_by_reader(array: RatingArray, *, ci_level: float = 0.95) -> list[ReaderAccuracy]:
    """Return the accuracy of each reader, in the order of the array's readers.

    Parameters
    ----------
    array : RatingArray
        Readings; calls made from ratings come from ``called_from``.
    ci_level : float
        Confidence level of each interval.
    """
    results = []
    for column, label in enumerate(array.labels):
        rating, call = array.rating[:, column], array.call[:, column]
        read = ~(np.isnan(rating) & np.isnan(call))
        results.append(
            ReaderAccuracy(
                label=label,
                n_cases=int(read.sum()),
                n_positive=int(array.truth[read].sum()),
                auc=_auc(array, column, ci_level=ci_level),
                calls=_calls(array, column, ci_level=ci_level),
            )
        )
    return results


def only_rating(array: RatingArray) -> FloatArray:
    """Return the ratings of the only reader, shape (n_cases,).

    Raises
    ------
    ValueError
        If there is more than one reader.
    """
    if len(array.labels) != 1:
        msg = f"one AI is expected, but {', '.join(array.labels)} rated these cases; take one"
        raise ValueError(msg)
    return array.rating[:, 0]
