"""The differences between an AI and readers who read the same cases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.chapters.ai_against_readers.ai_and_mean_reader import (
    MeanComparison,
    few_levels,
    mean_auc_comparison,
    mean_call_comparison,
    patients_of,
)
from toolkit.results import Comparison, Curve
from toolkit.scoring.accuracy import (
    ReaderAccuracy,
    accuracy_by_reader,
    only_rating,
    repeated_patients,
)
from toolkit.scoring.mcnemar_verdicts import Tests, flagged, mcnemar_tests
from toolkit.scoring.pairing import PairedReadings, pair_with_ai
from toolkit.scoring.ratings import RatingArray, Rule, panel_call
from toolkit.scoring.undefined import undefined_difference
from toolkit.stats.auc.curve import roc_curve
from toolkit.stats.auc.delong import delong_test
from toolkit.stats.auc.operating_points import CallAccuracy, call_accuracy, threshold_at_specificity
from toolkit.stats.paired.counts import PairedCounts, paired_counts
from toolkit.stats.paired.differences import paired_difference_ci
from toolkit.stats.proportions.clustered import clustered_paired_difference_ci

Endpoint = Literal["auc", "sensitivity", "specificity"]


@dataclass(frozen=True, kw_only=True, eq=False)
class AiAgainstReaders:
    """Every comparison of an AI with readers on the same cases; always AI minus readers.

    Parameters
    ----------
    auc_mean : MeanComparison
        AI minus the mean of the readers: readers and cases random where two or more rated all.
    sensitivity_mean, specificity_mean : MeanComparison or None
        The same of the calls; None unless two or more readers called every case.
    auc_by_reader : tuple of Comparison
        AI minus each reader, on the cases of that reader.
    sensitivity, specificity : Comparison
        AI minus the readers' joint call, Tango's score interval, or Obuchowski's where patients
        have several cases; the note says where McNemar tests disagree with it.
    sensitivity_tests, specificity_tests : tuple of McNemarTest, or None
        Mid-P and exact; None where patients have several cases of the class, and the note of the
        difference says so.
    cancer, no_cancer : PairedCounts
        a is the readers' joint call, b the AI's.
    panel, ai : CallAccuracy
        Accuracy of both calls on the cases that both called.
    ai_cutoff : float
        Rating from which up the AI calls.
    """

    auc_mean: MeanComparison
    sensitivity_mean: MeanComparison | None
    specificity_mean: MeanComparison | None
    auc_by_reader: tuple[Comparison, ...]
    sensitivity: Comparison
    specificity: Comparison
    sensitivity_tests: Tests | None
    specificity_tests: Tests | None
    cancer: PairedCounts
    no_cancer: PairedCounts
    panel: CallAccuracy
    ai: CallAccuracy
    ai_cutoff: float

    @property
    def auc(self) -> Comparison:
        """AI minus the mean of the readers in the area under the curve."""
        return self.auc_mean.difference

    @property
    def means(self) -> tuple[MeanComparison, ...]:
        """The comparisons with the readers' mean that are defined."""
        found = (self.auc_mean, self.sensitivity_mean, self.specificity_mean)
        return tuple(mean for mean in found if mean and not math.isnan(mean.difference.estimate))

    @property
    def comparisons(self) -> dict[str, Comparison]:
        """The three comparisons that a plan may name as primary."""
        return {
            "auc": self.auc,
            "sensitivity": self.sensitivity,
            "specificity": self.specificity,
        }


@dataclass(frozen=True, kw_only=True)
class Margins:
    """Non-inferiority margins, as positive differences; None where the plan sets none."""

    auc: float | None = None
    sensitivity: float | None = None
    specificity: float | None = None


@dataclass(frozen=True, kw_only=True)
class Labels:
    """How sentences name those who are compared."""

    mean: str = "the mean of the readers"
    joint: str = "the readers' joint call"
    ai: str = "the AI"


def matched_cutoff(pairs: PairedReadings, panel: FloatArray) -> float:
    """Return the AI's lowest rating that is at least as specific as the readers' joint call."""
    called = ~np.isnan(panel)
    healthy = called & (pairs.truth == 0)
    specificity = float(1 - panel[healthy].mean())
    return threshold_at_specificity(
        pairs.truth[called], pairs.ai_rating[called], specificity=specificity
    )


def compare_ai_with_readers(
    pairs: PairedReadings,
    *,
    rule: Rule,
    ai_cutoff: float | None,
    margins: Margins,
    labels: Labels,
    ci_level: float = 0.95,
) -> AiAgainstReaders:
    """Compare an AI with readers on the same cases.

    Parameters
    ----------
    pairs : PairedReadings
        The same cases, read by people and rated by the AI.
    rule : {"majority", "any", "programme"}
        How the readers' calls become one call a case.
    ai_cutoff : float or None
        Rating from which up the AI recalls; None takes the readers' specificity on these very
        cases, which a report must say.
    margins : Margins
        Non-inferiority margins.
    labels : Labels
        How sentences name those who are compared.
    ci_level : float
        Confidence level of each interval.

    Raises
    ------
    ValueError
        If nobody called any case, so that there is nothing to pair.
    """
    panel = panel_call(pairs.readers, rule=rule)
    called = ~np.isnan(panel)
    if not called.any():
        msg = "the readers gave ratings only; say from which rating up a case counts as recalled"
        raise ValueError(msg)
    cutoff = matched_cutoff(pairs, panel) if ai_cutoff is None else ai_cutoff
    ai_call = (pairs.ai_rating >= cutoff).astype(np.float64)
    truth = pairs.truth
    sick, healthy = called & (truth == 1), called & (truth == 0)
    cancer = paired_counts(panel[sick], ai_call[sick])
    recalled = paired_counts(panel[healthy], ai_call[healthy])
    cleared = paired_counts(1 - panel[healthy], 1 - ai_call[healthy])
    words = {"label_a": labels.joint, "label_b": labels.ai}
    patient = pairs.readers.patient
    # Patients whose other cases are of the other class do not cluster in one class.
    clusters = repeated_patients(patient[sick]), repeated_patients(patient[healthy])
    sensitivity_tests, specificity_tests = (
        mcnemar_tests(counts, quantity=quantity, **words) if cluster is None else None
        for counts, quantity, cluster in (
            (cancer, "sensitivity", clusters[0]),
            (cleared, "specificity", clusters[1]),
        )
    )
    sensitivity = _call_difference(
        panel[sick],
        ai_call[sick],
        cluster=clusters[0],
        ci_level=ci_level,
        margin=margins.sensitivity,
        quantity="sensitivity",
        **words,
    )
    specificity = _call_difference(
        1 - panel[healthy],
        1 - ai_call[healthy],
        cluster=clusters[1],
        ci_level=ci_level,
        margin=margins.specificity,
        quantity="specificity",
        **words,
    )
    names = (labels.mean, labels.ai)
    return AiAgainstReaders(
        auc_mean=mean_auc_comparison(pairs, margin=margins.auc, names=names, ci_level=ci_level),
        sensitivity_mean=mean_call_comparison(
            pairs, ai_call, "sensitivity", names=names, ci_level=ci_level
        ),
        specificity_mean=mean_call_comparison(
            pairs, ai_call, "specificity", names=names, ci_level=ci_level
        ),
        auc_by_reader=_differences(pairs, margin=margins.auc, label=labels.ai, ci_level=ci_level),
        sensitivity=flagged(sensitivity, sensitivity_tests),
        specificity=flagged(specificity, specificity_tests),
        sensitivity_tests=sensitivity_tests,
        specificity_tests=specificity_tests,
        cancer=cancer,
        no_cancer=recalled,
        panel=_accuracy(pairs, panel, called, label=labels.joint, ci_level=ci_level),
        ai=_accuracy(pairs, ai_call, called, label=labels.ai, ci_level=ci_level),
        ai_cutoff=cutoff,
    )


def _accuracy(
    pairs: PairedReadings, call: FloatArray, called: BoolArray, *, label: str, ci_level: float
) -> CallAccuracy:
    """Return the accuracy of one set of calls on the cases that both called."""
    return call_accuracy(
        pairs.truth[called],
        call[called],
        cluster=pairs.readers.patient[called],
        ci_level=ci_level,
        label=label,
    )


def _call_difference(
    panel: FloatArray,
    ai_call: FloatArray,
    *,
    cluster: IndexArray | None,
    ci_level: float,
    margin: float | None,
    quantity: str,
    label_a: str,
    label_b: str,
) -> Comparison:
    """Return the difference of two sets of calls of the same cases, or of the same patients."""
    words = {"quantity": quantity, "label_a": label_a, "label_b": label_b}
    if cluster is None:
        counts = paired_counts(panel, ai_call)
        return paired_difference_ci(
            counts, method="tango", ci_level=ci_level, margin=margin, better="higher", **words
        )
    return clustered_paired_difference_ci(
        panel,
        ai_call,
        cluster=cluster,
        ci_level=ci_level,
        margin=margin,
        better="higher",
        **words,
    )


def _differences(
    pairs: PairedReadings, *, margin: float | None, label: str, ci_level: float
) -> tuple[Comparison, ...]:
    """Return the AI's AUC minus each reader's, on the cases that the reader rated."""
    results = []
    patient = patients_of(pairs)
    for column, reader in enumerate(pairs.readers.labels):
        rating = pairs.readers.rating[:, column]
        rated = ~np.isnan(rating)
        if reason := _no_area(pairs.truth[rated], rating[rated]):
            names = (reader, label)
            results.append(
                undefined_difference("auc", reason, margin=margin, names=names, ci_level=ci_level)
            )
            continue
        results.append(
            delong_test(
                pairs.truth[rated],
                rating[rated],
                pairs.ai_rating[rated],
                cluster=None if patient is None else patient[rated],
                ci_level=ci_level,
                margin=margin,
                better="higher",
                label_a=reader,
                label_b=label,
            )
        )
    return tuple(results)


def _no_area(truth: FloatArray, rating: FloatArray) -> str:
    """Return why one reader has no area under the curve, or an empty text."""
    if not 0 < truth.sum() < truth.size:
        return "no ratings of cases with and without cancer"
    return "two levels of ratings at most: one operating point" if few_levels(rating) else ""


@dataclass(frozen=True, kw_only=True, eq=False)
class AgainstReaders:
    """An AI and readers on the same cases: who was how accurate, and every difference.

    Parameters
    ----------
    pairs : PairedReadings
        The same cases, read by people and rated by the AI.
    result : AiAgainstReaders
        The comparisons.
    ai : ReaderAccuracy
        The AI at its cut-off.
    readers : tuple of ReaderAccuracy
        Each reader.
    curve : Curve
        ROC curve of the AI.
    reader_curves : tuple of Curve
        ROC curves of the readers who rated every case with three levels or more.
    rule : str
        How readers' calls became one.
    cutoff_given : bool
        Whether the AI's cut-off was fixed in the parameters.
    endpoint : str
        The primary comparison.
    """

    pairs: PairedReadings
    result: AiAgainstReaders
    ai: ReaderAccuracy
    readers: tuple[ReaderAccuracy, ...]
    curve: Curve
    reader_curves: tuple[Curve, ...]
    rule: Rule
    cutoff_given: bool
    endpoint: Endpoint

    @property
    def primary(self) -> Comparison:
        """The comparison that the plan names."""
        return self.result.comparisons[self.endpoint]


def ai_against_readers(
    readers: RatingArray,
    ai: RatingArray,
    *,
    endpoint: Endpoint,
    rule: Rule,
    ai_cutoff: float | None,
    margins: Margins,
    labels: Labels,
    ci_level: float = 0.95,
) -> AgainstReaders:
    """Join readings and AI ratings by case and compare them in every way that the data allow.

    Parameters
    ----------
    readers, ai : RatingArray
        People's readings, with calls, and one AI's ratings.
    endpoint : {"auc", "sensitivity", "specificity"}
        The primary comparison.
    rule, ai_cutoff, margins, labels, ci_level
        As in ``compare_ai_with_readers``.

    Raises
    ------
    ScoringError
        If no case was read by both.
    """
    pairs = pair_with_ai(readers, ai)
    result = compare_ai_with_readers(
        pairs, rule=rule, ai_cutoff=ai_cutoff, margins=margins, labels=labels, ci_level=ci_level
    )
    truth = pairs.truth
    complete = [
        number
        for number, column in enumerate(pairs.readers.rating.T)
        if not (np.isnan(column).any() or few_levels(column))
    ]
    return AgainstReaders(
        pairs=pairs,
        result=result,
        ai=accuracy_by_reader(pairs.ai.called_from(result.ai_cutoff), ci_level=ci_level)[0],
        readers=tuple(accuracy_by_reader(pairs.readers, ci_level=ci_level)),
        curve=roc_curve(truth, only_rating(pairs.ai), label=labels.ai),
        reader_curves=tuple(
            roc_curve(truth, pairs.readers.rating[:, i], label=pairs.readers.labels[i])
            for i in complete
        ),
        rule=rule,
        cutoff_given=ai_cutoff is not None,
        endpoint=endpoint,
    )
