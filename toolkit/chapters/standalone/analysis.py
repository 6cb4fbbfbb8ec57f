"""How accurate an AI is alone: at all cut-offs, and at those that the plan fixes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.chapters.analysis import Summarised, Tables
from toolkit.chapters.comparison import with_cancer
from toolkit.results import Curve, Estimate
from toolkit.scoring.accuracy import (
    ReaderAccuracy,
    accuracy_by_reader,
    only_rating,
    repeated_patients,
)
from toolkit.scoring.ratings import RatingArray, rating_array
from toolkit.stats.auc import CallAccuracy, call_accuracy, delong_ci, roc_curve
from toolkit.words.sentences import estimate_phrase


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StandaloneStudy(Summarised):
    """How accurate an AI is alone.

    Parameters
    ----------
    scores : RatingArray
        The AI's ratings of the cases with a known truth.
    curve : Curve
        Empirical ROC curve.
    auc : Estimate
        Area under it.
    at_cutoffs : dict of float to CallAccuracy
        Accuracy from each cut-off of the plan up, the primary one first.
    readers : tuple of ReaderAccuracy
        Readers of this part of the study; may be empty.
    """

    scores: RatingArray
    curve: Curve
    auc: Estimate
    at_cutoffs: dict[float, CallAccuracy]
    readers: tuple[ReaderAccuracy, ...]

    def summary(self) -> dict[str, str]:
        """Return who was examined, the area and the first cut-off."""
        cutoff, first = next(iter(self.at_cutoffs.items()))
        return {
            "AI": self.scores.labels[0],
            "Examinations": with_cancer(self.scores.n_cases, self.scores.n_positive),
            "AUC": estimate_phrase(self.auc),
            f"Sensitivity from {cutoff:g} up": estimate_phrase(first.sensitivity),
            f"Specificity from {cutoff:g} up": estimate_phrase(first.specificity),
            "Readers beside it": str(len(self.readers)),
        }


def analyse(
    tables: Tables,
    *,
    cutoffs: list[float],
    reader_modality: str = "unaided",
    reader_recall_rating: float | None = None,
    ci_level: float = 0.95,
) -> StandaloneStudy:
    """Return the accuracy of one AI alone, at all cut-offs and at those of the plan.

    Parameters
    ----------
    tables : Tables
        Cases, readers and readings; one AI's readings are standalone.
    cutoffs : list of float
        Cut-offs fixed in advance, the primary one first; a case is marked from a cut-off up.
    reader_modality : str
        Reading condition of the readers to show beside it; there may be none.
    reader_recall_rating : float or None
        Rating from which up a case counts as recalled where the reader made no call.
    ci_level : float
        Confidence level of each interval.

    Raises
    ------
    ValueError
        If there is more than one AI, or no cut-off.
    """
    if not cutoffs:
        msg = "cutoffs is empty; give at least one score from which up a case is marked"
        raise ValueError(msg)
    read = (tables.readings, tables.readers, tables.cases)
    scores = rating_array(*read, kind="ai", modality="standalone")
    people = rating_array(*read, kind="human", modality=reader_modality, required=False)
    rating, label = only_rating(scores), scores.labels[0]
    repeated = repeated_patients(scores.patient)
    return StandaloneStudy(
        scores=scores,
        curve=roc_curve(scores.truth, rating, label=label),
        auc=delong_ci(scores.truth, rating, cluster=repeated, ci_level=ci_level, label=label),
        at_cutoffs={
            cutoff: call_accuracy(
                scores.truth,
                (rating >= cutoff).astype(np.float64),
                cluster=scores.patient,
                ci_level=ci_level,
                label=f"{label} from {cutoff:g} up",
            )
            for cutoff in cutoffs
        },
        readers=tuple(
            accuracy_by_reader(people.called_from(reader_recall_rating), ci_level=ci_level)
        ),
    )
