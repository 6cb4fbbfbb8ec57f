"""An AI against the mean of readers who stand for readers like them.

Readers and cases are random where two or more readers rated every case. The result for these very
readers stands beside it. An area under the curve is compared only where readers used three or more
levels of ratings: with two there is one operating point, and a fine score would win for free.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Comparison, Estimate
from toolkit.scoring.pairing import PairedReadings
from toolkit.scoring.undefined import undefined_auc, undefined_difference
from toolkit.scoring.verdict_flags import verdict_flag
from toolkit.stats.auc.curve import RatingFom, auc
from toolkit.stats.auc.figures_of_merit import sensitivity_fom, specificity_fom
from toolkit.stats.mrmc.ai import (
    FEW_LEVELS,
    FEWEST_LEVELS,
    collapsed_rating,
    compare_ai_with_readers,
)
from toolkit.stats.mrmc.ai import AiAgainstReaders as Against
from toolkit.stats.mrmc.analysis import Random
from toolkit.stats.mrmc.compare import compare_modalities
from toolkit.stats.mrmc.table import Covariance

CallEndpoint = Literal["sensitivity", "specificity"]

# Calls are coded 0 and 1, so that a threshold of 1 is the recall rule itself.
CALL_FOMS: dict[CallEndpoint, RatingFom] = {
    "sensitivity": sensitivity_fom(threshold=1),
    "specificity": specificity_fom(threshold=1),
}

FEWEST_CASES = 2  # of a class: a single one has no variance

BOTH_RANDOM = "Readers and cases random"
THESE_READERS = "These readers only, cases random"
SAME_LEVELS = "AI cut to as many levels as each reader used"


@dataclass(frozen=True, kw_only=True, eq=False)
class OtherAnalysis:
    """Another analysis of the same difference, and in words where its verdict differs."""

    name: str
    difference: Comparison
    flag: str


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanComparison:
    """The AI minus the mean of the readers in one figure, with what stands beside it.

    Parameters
    ----------
    name : str
        What is random in ``difference``.
    difference : Comparison
        NaN with the reason where it is not defined.
    mean : Estimate
        The mean of the readers.
    random : {"readers and cases", "cases"}
        What is random; ``"cases"`` with one reader.
    n_readers, n_left_out : int
        Readers in the mean, and those who left out a case.
    others : tuple of OtherAnalysis
        By other methods.
    """

    name: str
    difference: Comparison
    mean: Estimate
    random: Random
    n_readers: int
    n_left_out: int
    others: tuple[OtherAnalysis, ...] = ()


def few_levels(rating: FloatArray) -> bool:
    """Whether ratings have too few levels for an area under the curve; NaN does not count."""
    return 0 < np.unique(rating[~np.isnan(rating)]).size < FEWEST_LEVELS


def patients_of(pairs: PairedReadings) -> IndexArray | None:
    """Return the patient of each case; None where every case is a patient of its own."""
    patient = pairs.readers.patient
    return patient if np.unique(patient).size < patient.size else None


def mean_auc_comparison(
    pairs: PairedReadings, *, margin: float | None, names: tuple[str, str], ci_level: float
) -> MeanComparison:
    """Compare the AI's area with the mean of those of the readers who rated every case.

    Parameters
    ----------
    pairs : PairedReadings
        The same cases, read by people and rated by the AI.
    margin : float or None
        Non-inferiority margin.
    names : (str, str)
        How sentences name the readers' mean and the AI.
    ci_level : float
        Confidence level of each interval.

    Returns
    -------
    MeanComparison
        With random readers where two or more rated every case. With a single reader in the study
        the difference from that reader, over cases alone. Else NaN with the reason.
    """
    rating, whole = pairs.readers.rating, _complete(pairs.readers.rating)
    plan = _Plan(pairs=pairs, whole=whole, margin=margin, names=names, ci_level=ci_level)
    if reason := _no_auc(pairs, whole):
        return MeanComparison(
            name=BOTH_RANDOM,
            difference=undefined_difference(
                "auc", reason, margin=margin, names=names, ci_level=ci_level
            ),
            mean=undefined_auc(names[0], ci_level, reason),
            random="readers and cases",
            n_readers=int(whole.sum()),
            n_left_out=int((~whole).sum()),
        )
    people = rating[:, whole]
    fixed = plan.against(people, pairs.ai_rating, auc, random="cases")
    if people.shape[1] == 1:
        return plan.result(fixed, name=THESE_READERS, others=())
    primary = plan.against(people, pairs.ai_rating, auc, random="readers and cases")
    jackknife = plan.against(
        people, pairs.ai_rating, auc, random="readers and cases", covariance="jackknife"
    )
    others = [
        (f"{BOTH_RANDOM}; jackknife", jackknife.difference),
        (f"{THESE_READERS}; {_covariance(plan)}", fixed.difference),
    ]
    levels = min(np.unique(column).size for column in people.T)
    if levels <= FEW_LEVELS:
        others.append((SAME_LEVELS, plan.collapsed(people)))
    return plan.result(primary, name=f"{BOTH_RANDOM}; {_covariance(plan)}", others=others)


def mean_call_comparison(
    pairs: PairedReadings,
    ai_call: FloatArray,
    endpoint: CallEndpoint,
    *,
    names: tuple[str, str],
    ci_level: float,
) -> MeanComparison | None:
    """Compare the AI's sensitivity or specificity with the mean of the readers'.

    Parameters
    ----------
    pairs : PairedReadings
        The same cases, called by people.
    ai_call : ndarray of float, shape (n_cases,)
        1 recalled by the AI, 0 not.
    endpoint : {"sensitivity", "specificity"}
        What is compared.
    names, ci_level
        As in ``mean_auc_comparison``.

    Returns
    -------
    MeanComparison or None
        Readers and cases random; None unless two or more readers called every case, and two or
        more cases of the class are there.
    """
    whole = _complete(pairs.readers.call)
    wanted = 1.0 if endpoint == "sensitivity" else 0.0
    if whole.sum() < 2 or (pairs.truth == wanted).sum() < FEWEST_CASES:
        return None
    plan = _Plan(pairs=pairs, whole=whole, margin=None, names=names, ci_level=ci_level)
    calls, fom = pairs.readers.call[:, whole], CALL_FOMS[endpoint]
    primary = plan.against(calls, ai_call, fom, random="readers and cases")
    fixed = plan.against(calls, ai_call, fom, random="cases")
    found = plan.result(primary, name=BOTH_RANDOM, others=[(THESE_READERS, fixed.difference)])
    return replace(
        found,
        difference=replace(found.difference, quantity=endpoint),
        mean=replace(found.mean, quantity=endpoint),
        others=tuple(
            replace(other, difference=replace(other.difference, quantity=endpoint))
            for other in found.others
        ),
    )


def _complete(values: FloatArray) -> BoolArray:
    """Return which readers gave a value for every case, shape (n_readers,)."""
    return np.asarray(~np.isnan(values).any(axis=0), dtype=np.bool_)


def _no_auc(pairs: PairedReadings, whole: BoolArray) -> str:
    """Return why the readers' mean AUC cannot be compared, or an empty text."""
    rating = pairs.readers.rating
    if np.isnan(rating).all():
        return "the readers made recall calls only, no ratings"
    if whole.sum() < 2 and not whole.all():
        return "not every reader rated every case"
    coarse = [
        label
        for label, column, complete in zip(pairs.readers.labels, rating.T, whole, strict=True)
        if complete and few_levels(column)
    ]
    if coarse:
        more = f" ({len(coarse)} of {int(whole.sum())} readers)" if len(coarse) > 1 else ""
        return (
            f"{coarse[0]}{more} used two levels of ratings at most, which is one operating point "
            "and no curve, so sensitivity and specificity are compared instead"
        )
    n_positive = int(pairs.truth.sum())
    if min(n_positive, pairs.truth.size - n_positive) < FEWEST_CASES:
        return f"fewer than {FEWEST_CASES} cases with, or without, cancer"
    return ""


def _covariance(plan: _Plan) -> str:
    """Return the name of DeLong's covariance, of patients where cases cluster in them."""
    return "DeLong" if patients_of(plan.pairs) is None else "DeLong, patients"


@dataclass(frozen=True, kw_only=True, eq=False)
class _Plan:
    """The data and what all analyses of them share."""

    pairs: PairedReadings
    whole: BoolArray
    margin: float | None
    names: tuple[str, str]
    ci_level: float

    def against(
        self,
        people: FloatArray,
        ai: FloatArray,
        fom: RatingFom,
        *,
        random: Random,
        covariance: Covariance = "DeLong",
    ) -> Against:
        """Return the AI compared with the readers."""
        labels = zip(self.pairs.readers.labels, self.whole, strict=True)
        return compare_ai_with_readers(
            self.pairs.truth,
            people,
            ai,
            fom=fom,
            covariance=covariance,
            cluster=self.pairs.readers.patient,
            random=random,
            ci_level=self.ci_level,
            margin=self.margin,
            readers=tuple(label for label, complete in labels if complete),
            ai="AI",
        )

    def collapsed(self, people: FloatArray) -> Comparison:
        """Return the same difference with the AI cut to as many levels as each reader used.

        The AI is then another for each reader: a second modality that every reader "read".
        """
        own = np.column_stack([collapsed_rating(self.pairs.ai_rating, one) for one in people.T])
        return compare_modalities(
            self.pairs.truth,
            np.stack([people, own], axis=2),
            cluster=self.pairs.readers.patient,
            ci_level=self.ci_level,
            margin=self.margin,
            modalities=self.names,
        ).differences[0]

    def result(
        self, found: Against, *, name: str, others: list[tuple[str, Comparison]] | tuple[()]
    ) -> MeanComparison:
        """Return a comparison with the names of the study, and what stands beside it."""
        notes = [found.difference.note, found.note]
        difference = replace(
            self._named(found.difference), note="; ".join(note for note in notes if note)
        )
        return MeanComparison(
            name=name,
            difference=difference,
            mean=replace(found.readers_mean, label=self.names[0]),
            random=found.random,
            n_readers=int(self.whole.sum()),
            n_left_out=int((~self.whole).sum()),
            others=tuple(
                OtherAnalysis(
                    name=other,
                    difference=self._named(comparison),
                    flag=verdict_flag(difference, comparison, name=other),
                )
                for other, comparison in others
            ),
        )

    def _named(self, comparison: Comparison) -> Comparison:
        """Return a comparison with the names of the study."""
        return replace(comparison, label_a=self.names[0], label_b=self.names[1])
