"""The differences between an AI and readers who read the same cases.

Against the mean, readers stand for readers like them: readers and cases are random where two or
more readers rated every case, and the result for these very readers stands beside it. An area under
the curve is compared only where readers used three or more levels of ratings: with two there is one
operating point, and a fine score would win for free.

Examinations of several indications are not pooled: screening is compared, and calls of each
indication and of all together stand apart. Against the mean of readers weights are not used.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.chapters.ai_against_readers.joint import (
    AI,
    AgainstCall,
    Asked,
    CallsBy,
    JointComparison,
    against_call,
    beside,
    complete,
    group_calls,
    matched_cutoff,
)
from toolkit.chapters.analysis import Analysis, Summarised, Tables
from toolkit.chapters.comparison import (
    CALLS,
    FOMS,
    MEASURES,
    RANDOM_WORDS,
    CallEndpoint,
    Endpoint,
    Margins,
    with_cancer,
)
from toolkit.results import Comparison, Curve, Estimate
from toolkit.scoring.accuracy import (
    ReaderAccuracy,
    accuracy_by_reader,
    few_levels,
    only_rating,
    repeated_patients,
)
from toolkit.scoring.case_mix import EVERYTHING, shown_apart, weights_differ
from toolkit.scoring.ratings import (
    PairedReadings,
    Rule,
    pair_with_ai,
    panel_call,
    rating_array,
    score_scale,
)
from toolkit.scoring.verdicts import (
    disagreement_flag,
    undefined_auc,
)
from toolkit.scoring.verification import Incorporation, incorporation
from toolkit.stats.auc import CallAccuracy, delong_test, roc_curve
from toolkit.stats.mrmc import (
    AiAgainstReaders,
    collapsed_rating,
    compare_ai_with_readers,
    compare_modalities,
)
from toolkit.stats.mrmc.ai import FEW_LEVELS
from toolkit.stats.mrmc.analysis import Random
from toolkit.stats.mrmc.table import Covariance
from toolkit.words.sentences import effect_phrase

FEWEST_CASES = 2  # of a class: a single one has no variance
BOTH_RANDOM = RANDOM_WORDS["readers and cases"]
THESE_READERS = RANDOM_WORDS["cases"]
SAME_LEVELS = "AI cut to as many levels as each reader used"


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanComparison(Analysis):
    """The AI minus the mean of the readers in one figure, with what stands beside it.

    Parameters
    ----------
    mean : Estimate
        The mean of the readers.
    random : {"readers and cases", "cases"}
        What is random; ``"cases"`` with one reader.
    n_readers, n_left_out : int
        Readers in the mean, and those who left out a case.
    others : tuple of Analysis
        By other methods.
    """

    mean: Estimate
    random: Random
    n_readers: int
    n_left_out: int
    others: tuple[Analysis, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AgainstReadersStudy(Summarised):
    """An AI and readers on the same cases; every difference is AI minus readers.

    Parameters
    ----------
    pairs : PairedReadings
        The same cases, read by people and rated by the AI.
    indication : str
        Which examinations these are; ``"all"`` for every one.
    scale : (float, float)
        Ends of the AI's score; NaN where not known.
    endpoint : {"auc", "sensitivity", "specificity"}
        The primary comparison.
    against : tuple of AgainstCall
        The joint call asked for, then what is to be seen beside it: the first reads of the
        original reading, or the programme.
    ai_cutoff : float
        Rating from which up the AI calls.
    cutoff_given : bool
        Whether it was fixed in the parameters; else it has the readers' specificity on these cases.
    ai : ReaderAccuracy
        The AI at its cut-off.
    readers : tuple of ReaderAccuracy
        Each reader.
    curve : Curve
        ROC curve of the AI.
    reader_curves : tuple of Curve
        ROC curves of the readers who rated every case with three levels or more.
    means : dict
        Against the readers' mean, by endpoint: the area, its difference NaN with the reason where
        it is not defined; calls only where two or more readers called every case.
    auc_by_reader : tuple of Comparison
        AI minus each reader, on the cases of that reader.
    by_indication : dict
        Accuracy of the AI and of each joint call by indication, all together last; empty for one.
    incorporation : Incorporation or None
        What the AI marks and nobody verified.
    """

    pairs: PairedReadings
    indication: str
    scale: tuple[float, float]
    endpoint: Endpoint
    against: tuple[AgainstCall, ...]
    ai_cutoff: float
    cutoff_given: bool
    ai: ReaderAccuracy
    readers: tuple[ReaderAccuracy, ...]
    curve: Curve
    reader_curves: tuple[Curve, ...]
    means: dict[Endpoint, MeanComparison]
    auc_by_reader: tuple[Comparison, ...]
    by_indication: dict[str, CallsBy]
    incorporation: Incorporation | None

    @property
    def rule(self) -> Rule:
        """How readers' calls became one, as asked for."""
        return self.against[0].rule

    @property
    def joint(self) -> dict[CallEndpoint, JointComparison]:
        """Against the joint call asked for, in sensitivity and specificity."""
        return self.against[0].joint

    @property
    def joint_calls(self) -> CallAccuracy:
        """Accuracy of the joint call asked for."""
        return self.against[0].calls

    @property
    def ai_calls(self) -> CallAccuracy:
        """Accuracy of the AI on the cases with that joint call."""
        return self.against[0].ai_calls

    @property
    def weights_unused(self) -> bool:
        """Whether cases have weights that the comparison with the readers' mean does not use."""
        return bool(self.defined_means) and weights_differ(self.pairs.readers.weight)

    @property
    def auc(self) -> Comparison:
        """AI minus the mean of the readers in the area under the curve."""
        return self.means["auc"].difference

    @property
    def defined_means(self) -> dict[Endpoint, MeanComparison]:
        """The comparisons with the readers' mean that are defined."""
        return {e: m for e, m in self.means.items() if not math.isnan(m.difference.estimate)}

    @property
    def primary(self) -> Comparison:
        """The comparison that the plan names."""
        return self.auc if self.endpoint == "auc" else self.joint[self.endpoint].difference

    def summary(self) -> dict[str, str]:
        """Return who is compared, and the differences."""
        joint = {
            f"{endpoint.capitalize()}, joint call": effect_phrase(found.difference)
            for endpoint, found in self.joint.items()
        }
        return {
            "Examinations": with_cancer(self.pairs.truth.size, int(self.pairs.truth.sum())),
            "Readers": str(len(self.readers)),
            "AI from": f"{self.ai_cutoff:g} up",
            "Primary endpoint": MEASURES[self.endpoint],
            "AUC, mean of the readers": effect_phrase(self.auc),
            **joint,
        }


def analyse(
    tables: Tables,
    *,
    endpoint: Endpoint,
    reader_modality: str = "unaided",
    reader_recall_rating: float | None = None,
    joint_call: Rule,
    ai_cutoff: float | None,
    margins: Margins,
    ci_level: float = 0.95,
) -> AgainstReadersStudy:
    """Join readings and AI ratings by case and compare them in every way that the data allow.

    Parameters
    ----------
    tables : Tables
        Cases, readers and readings; one AI's readings are standalone.
    endpoint : {"auc", "sensitivity", "specificity"}
        The primary comparison.
    reader_modality : str
        Reading condition of the readers.
    reader_recall_rating : float or None
        Rating from which up a case counts as recalled where the reader made no call.
    joint_call : {"majority", "any", "programme", "first_read"}
        How the readers' calls become one call a case. Where the data say who read first, the first
        reads stand beside it, or the programme beside them.
    ai_cutoff : float or None
        Rating from which up the AI recalls; None takes the readers' specificity on these very
        cases, which a report must say.
    margins : mapping
        Non-inferiority margin, or None, by endpoint.
    ci_level : float
        Confidence level of each interval.

    Raises
    ------
    ScoringError
        If no case was read by both.
    ValueError
        If nobody called any case, so that there is nothing to pair.
    """
    everything = _pairs(tables, reader_modality, reader_recall_rating)
    name = everything.readers.spoken_of
    pairs = (
        everything
        if name == EVERYTHING
        else _pairs(tables, reader_modality, reader_recall_rating, indication=name)
    )
    panel = panel_call(pairs.readers, rule=joint_call)
    if np.isnan(panel).all():
        msg = "the readers gave ratings only; say from which rating up a case counts as recalled"
        raise ValueError(msg)
    cutoff = matched_cutoff(pairs, panel) if ai_cutoff is None else ai_cutoff
    ai_call = (pairs.ai_rating >= cutoff).astype(np.float64)
    asked = Asked(pairs=pairs, rule=joint_call, margins=margins, ci_level=ci_level)
    means: dict[Endpoint, MeanComparison | None] = {"auc": _mean_auc(asked)}
    means.update({e: _mean_call(asked, ai_call, e) for e in CALLS})
    weight = pairs.readers.weight
    rules = (joint_call, *beside(pairs, joint_call))
    return AgainstReadersStudy(
        pairs=pairs,
        indication=name,
        scale=score_scale(tables.readers, pairs.ai.labels[0]),
        endpoint=endpoint,
        against=tuple(against_call(replace(asked, rule=rule), ai_call) for rule in rules),
        ai_cutoff=cutoff,
        cutoff_given=ai_cutoff is not None,
        ai=accuracy_by_reader(pairs.ai.called_from(cutoff), ci_level=ci_level)[0],
        readers=tuple(accuracy_by_reader(pairs.readers, ci_level=ci_level)),
        curve=roc_curve(pairs.truth, only_rating(pairs.ai), weight=weight, label=AI),
        reader_curves=_reader_curves(pairs),
        means={e: mean for e, mean in means.items() if mean is not None},
        auc_by_reader=_by_reader(asked),
        by_indication={
            group: group_calls(everything.of_indication(group), rules, cutoff, asked)
            for group in shown_apart(everything.readers.indication)
        },
        incorporation=incorporation(
            pairs.truth, ai_call, pairs.readers.programme, pairs.readers.unverified, weight=weight
        ),
    )


def _pairs(
    tables: Tables, modality: str, recall_rating: float | None, *, indication: str = EVERYTHING
) -> PairedReadings:
    """Return the cases of one indication, or of all, that people read and the AI rated."""
    read = (tables.readings, tables.readers, tables.cases)
    ai = rating_array(*read, kind="ai", modality="standalone", indication=indication)
    people = rating_array(*read, kind="human", modality=modality, indication=indication)
    return pair_with_ai(people.called_from(recall_rating), ai)


def _reader_curves(pairs: PairedReadings) -> tuple[Curve, ...]:
    """Return the curves of the readers who rated every case with three levels or more."""
    return tuple(
        roc_curve(pairs.truth, rating, weight=pairs.readers.weight, label=label)
        for label, rating in zip(pairs.readers.labels, pairs.readers.rating.T, strict=True)
        if not (np.isnan(rating).any() or few_levels(rating))
    )


def _by_reader(asked: Asked) -> tuple[Comparison, ...]:
    """Return the AI's AUC minus each reader's, on the cases that the reader rated."""
    pairs, results = asked.pairs, []
    patient = repeated_patients(pairs.readers.patient)
    for reader, rating in zip(pairs.readers.labels, pairs.readers.rating.T, strict=True):
        rated = ~np.isnan(rating)
        truth = pairs.truth[rated]
        if not 0 < truth.sum() < truth.size:
            results.append(
                asked.undefined_auc(reader, "no ratings of cases with and without cancer")
            )
        elif few_levels(rating):
            reason = "two levels of ratings at most: one operating point"
            results.append(asked.undefined_auc(reader, reason))
        else:
            results.append(
                delong_test(
                    truth,
                    rating[rated],
                    pairs.ai_rating[rated],
                    weight=pairs.readers.weight_of(rated),
                    cluster=None if patient is None else patient[rated],
                    ci_level=asked.ci_level,
                    margin=asked.margins.get("auc"),
                    better="higher",
                    label_a=reader,
                    label_b=AI,
                )
            )
    return tuple(results)


def _mean_auc(asked: Asked) -> MeanComparison:
    """Compare the AI's area with the mean of those of the readers who rated every case.

    With random readers where two or more rated every case. With a single reader in the study the
    difference from that reader, over cases alone. Else NaN with the reason.
    """
    rating = asked.pairs.readers.rating
    whole = complete(rating)
    mean = _Mean(
        asked=asked,
        endpoint="auc",
        whole=whole,
        people=rating[:, whole],
        ai=asked.pairs.ai_rating,
        margin=asked.margins.get("auc"),
    )
    if reason := _no_auc(asked.pairs, whole):
        return MeanComparison(
            name=BOTH_RANDOM,
            difference=asked.undefined_auc(asked.mean_name, reason),
            mean=undefined_auc(asked.mean_name, asked.ci_level, reason),
            random="readers and cases",
            n_readers=int(whole.sum()),
            n_left_out=int((~whole).sum()),
        )
    fixed = mean.against("cases")
    if mean.people.shape[1] == 1:
        return mean.result(fixed, name=THESE_READERS, others=())
    patients = repeated_patients(asked.pairs.readers.patient)
    delong = "DeLong" if patients is None else "DeLong, patients"
    jackknife = mean.against("readers and cases", covariance="jackknife")
    others = [
        (f"{BOTH_RANDOM}; jackknife", jackknife.difference),
        (f"{THESE_READERS}; {delong}", fixed.difference),
    ]
    if min(np.unique(column).size for column in mean.people.T) <= FEW_LEVELS:
        others.append((SAME_LEVELS, mean.collapsed()))
    primary = mean.against("readers and cases")
    return mean.result(primary, name=f"{BOTH_RANDOM}; {delong}", others=others)


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


def _mean_call(asked: Asked, ai_call: FloatArray, endpoint: CallEndpoint) -> MeanComparison | None:
    """Compare the AI's sensitivity or specificity with the mean of the readers'.

    Readers and cases random; None unless two or more readers called every case, and two or more
    cases of the class are there.
    """
    call = asked.pairs.readers.call
    whole = complete(call)
    wanted = 1.0 if endpoint == "sensitivity" else 0.0
    if whole.sum() < 2 or (asked.pairs.truth == wanted).sum() < FEWEST_CASES:
        return None
    mean = _Mean(
        asked=asked,
        endpoint=endpoint,
        whole=whole,
        people=call[:, whole],
        ai=ai_call,
        margin=None,
    )
    fixed = mean.against("cases").difference
    primary = mean.against("readers and cases")
    return mean.result(primary, name=BOTH_RANDOM, others=[(THESE_READERS, fixed)])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Mean:
    """The readers of a mean, the AI, and what all analyses of both share."""

    asked: Asked
    endpoint: Endpoint
    whole: BoolArray
    people: FloatArray
    ai: FloatArray
    margin: float | None

    def against(self, random: Random, *, covariance: Covariance = "DeLong") -> AiAgainstReaders:
        """Return the AI compared with the readers."""
        readers = self.asked.pairs.readers
        labels = zip(readers.labels, self.whole, strict=True)
        return compare_ai_with_readers(
            self.asked.pairs.truth,
            self.people,
            self.ai,
            fom=FOMS[self.endpoint],
            covariance=covariance,
            cluster=readers.patient,
            random=random,
            ci_level=self.asked.ci_level,
            margin=self.margin,
            readers=tuple(label for label, complete in labels if complete),
            ai="AI",
        )

    def collapsed(self) -> Comparison:
        """Return the same difference with the AI cut to as many levels as each reader used.

        The AI is then another for each reader: a second modality that every reader "read".
        """
        own = np.column_stack([collapsed_rating(self.ai, one) for one in self.people.T])
        return compare_modalities(
            self.asked.pairs.truth,
            np.stack([self.people, own], axis=2),
            cluster=self.asked.pairs.readers.patient,
            ci_level=self.asked.ci_level,
            margin=self.margin,
            modalities=(self.asked.mean_name, AI),
        ).differences[0]

    def result(
        self, found: AiAgainstReaders, *, name: str, others: Sequence[tuple[str, Comparison]]
    ) -> MeanComparison:
        """Return a comparison with the names of the study, and what stands beside it."""
        notes = [found.difference.note, found.note]
        difference = replace(
            self._named(found.difference), note="; ".join(note for note in notes if note)
        )
        label = self.asked.mean_name
        return MeanComparison(
            name=name,
            difference=difference,
            mean=replace(found.readers_mean, label=label, quantity=self.endpoint),
            random=found.random,
            n_readers=int(self.whole.sum()),
            n_left_out=int((~self.whole).sum()),
            others=tuple(
                Analysis(
                    name=other,
                    difference=self._named(comparison),
                    flag=disagreement_flag(difference, comparison, name=other),
                )
                for other, comparison in others
            ),
        )

    def _named(self, comparison: Comparison) -> Comparison:
        """Return a comparison with the names of the study."""
        return replace(comparison, label_a=self.asked.mean_name, label_b=AI, quantity=self.endpoint)
