"""How accurate an AI is alone: at all cut-offs, and at those given.

Examinations of several indications are not pooled: accuracy is that of screening, and each
indication and all together stand apart.
"""

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
from toolkit.scoring.case_mix import shown_apart
from toolkit.scoring.ratings import RatingArray, rating_array, score_scale
from toolkit.scoring.verification import Incorporation, incorporation
from toolkit.stats.auc import CallAccuracy, call_accuracy, delong_ci, roc_curve
from toolkit.words.sentences import estimate_phrase


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class StandaloneStudy(Summarised):
    """How accurate an AI is alone.

    Parameters
    ----------
    scores : RatingArray
        The AI's ratings of the cases with a known truth, of the indication that is spoken of.
    indication : str
        Which that is; ``"all"`` for every case.
    scale : (float, float)
        Ends of the score's scale; NaN where not known.
    curve : Curve
        Empirical ROC curve.
    auc : Estimate
        Area under it.
    at_cutoffs : dict of float to CallAccuracy
        Accuracy from each cut-off up, in the order given.
    readers : tuple of ReaderAccuracy
        Readers of the same indication; may be empty.
    by_indication : dict of str to CallAccuracy
        Accuracy from the first cut-off up, by indication, all together last; empty for one alone.
    incorporation : Incorporation or None
        What the first cut-off marks and nobody verified.
    """

    scores: RatingArray
    indication: str
    scale: tuple[float, float]
    curve: Curve
    auc: Estimate
    at_cutoffs: dict[float, CallAccuracy]
    readers: tuple[ReaderAccuracy, ...]
    by_indication: dict[str, CallAccuracy]
    incorporation: Incorporation | None

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
    """Return the accuracy of one AI alone, at all cut-offs and at those given.

    Parameters
    ----------
    tables : Tables
        Cases, readers and readings; one AI's readings are standalone.
    cutoffs : list of float
        Scores from which up a case is marked; the answer is about the first.
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
    everything = rating_array(*read, kind="ai", modality="standalone")
    only_rating(everything)  # refuses two versions before anything is computed
    name, label = everything.spoken_of, everything.labels[0]
    scores = rating_array(*read, kind="ai", modality="standalone", indication=name)
    people = rating_array(
        *read, kind="human", modality=reader_modality, required=False, indication=name
    )
    rating = only_rating(scores)
    return StandaloneStudy(
        scores=scores,
        indication=name,
        scale=score_scale(tables.readers, label),
        curve=roc_curve(scores.truth, rating, weight=scores.weight, label=label),
        auc=delong_ci(
            scores.truth,
            rating,
            weight=scores.weight,
            cluster=repeated_patients(scores.patient),
            ci_level=ci_level,
            label=label,
        ),
        at_cutoffs={cutoff: _from_cutoff(scores, cutoff, ci_level) for cutoff in cutoffs},
        readers=tuple(
            accuracy_by_reader(people.called_from(reader_recall_rating), ci_level=ci_level)
        ),
        by_indication={
            group: _from_cutoff(everything.of_indication(group), cutoffs[0], ci_level)
            for group in shown_apart(everything.indication)
        },
        incorporation=incorporation(
            scores.truth,
            (rating >= cutoffs[0]).astype(np.float64),
            scores.programme,
            scores.unverified,
            weight=scores.weight,
        ),
    )


def _from_cutoff(scores: RatingArray, cutoff: float, ci_level: float) -> CallAccuracy:
    """Return the accuracy of marking cases from a cut-off up."""
    return call_accuracy(
        scores.truth,
        (only_rating(scores) >= cutoff).astype(np.float64),
        weight=scores.weight,
        cluster=scores.patient,
        ci_level=ci_level,
        label=f"{scores.labels[0]} from {cutoff:g} up",
    )
