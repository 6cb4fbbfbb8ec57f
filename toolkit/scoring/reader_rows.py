"""Each reader in each modality: the ROC curve and the calls, on the cases that the reader read."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from toolkit.results import Curve
from toolkit.scoring.accuracy import accuracy_by_reader
from toolkit.scoring.ratings import RatingArray
from toolkit.scoring.reader_study import StudyReadings
from toolkit.stats.auc.curve import auc, roc_curve
from toolkit.stats.auc.operating_points import CallAccuracy


@dataclass(frozen=True, kw_only=True, eq=False)
class ReaderRow:
    """One reader in each modality; None where there is no curve or no call.

    Parameters
    ----------
    label : str
        Pseudonym.
    curves : tuple of Curve or None
        Empirical, one a modality; none without ratings of cases of both classes.
    areas : tuple of float
        Area under each curve; NaN where there is none.
    calls : tuple of CallAccuracy or None
        Accuracy of the recall calls, one a modality.
    """

    label: str
    curves: tuple[Curve | None, ...]
    areas: tuple[float, ...]
    calls: tuple[CallAccuracy | None, ...]


def reader_rows(readings: StudyReadings, *, ci_level: float = 0.95) -> tuple[ReaderRow, ...]:
    """Return every reader's curves and calls, in the order of the readers."""
    curves = [_curves(array) for array in readings.by_modality]
    calls = [
        {one.label: one.calls for one in accuracy_by_reader(array, ci_level=ci_level)}
        for array in readings.by_modality
    ]
    return tuple(
        ReaderRow(
            label=label,
            curves=tuple(found.get(label, (None, math.nan))[0] for found in curves),
            areas=tuple(found.get(label, (None, math.nan))[1] for found in curves),
            calls=tuple(found.get(label) for found in calls),
        )
        for label in readings.readers
    )


def _curves(array: RatingArray) -> dict[str, tuple[Curve | None, float]]:
    """Return curve and area of the readers who rated cases of both classes."""
    found: dict[str, tuple[Curve | None, float]] = {}
    for label, rating in zip(array.labels, array.rating.T, strict=True):
        rated = ~np.isnan(rating)
        truth = array.truth[rated]
        if 0 < truth.sum() < truth.size:
            curve = roc_curve(truth, rating[rated], label=label)
            found[label] = (curve, auc(truth, rating[rated]))
    return found
