"""The differences between an AI and readers who read the same cases."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from toolkit.results import Comparison, Curve, Estimate
from toolkit.scoring.accuracy import (
    ReaderAccuracy,
    accuracy_by_reader,
    only_rating,
    undefined_auc,
)
from toolkit.scoring.ratings import (
    Floats,
    PairedReadings,
    RatingArray,
    Rule,
    pair_with_ai,
    panel_call,
)
from toolkit.stats.delong import delong_contrast, delong_test, mean_auc_ci
from toolkit.stats.operating_points import CallAccuracy, call_accuracy, threshold_at_specificity
from toolkit.stats.paired import (
    PairedCounts,
    PairedTest,
    mcnemar_exact,
    mcnemar_midp,
    paired_counts,
    tango_ci,
)
from toolkit.stats.roc import roc_curve

Endpoint = Literal["auc", "sensitivity", "specificity"]


@dataclass(frozen=True, kw_only=True, eq=False)
class AiAgainstReaders:
    """Every comparison of an AI with readers on the same cases; always AI minus readers.

    Parameters
    ----------
    auc : Comparison
        AI minus the mean of these readers: readers fixed, cases random.
    auc_mean : Estimate
        The mean of the readers' areas.
    auc_by_reader : tuple of Comparison
        AI minus each reader, on the cases of that reader.
    sensitivity, specificity : Comparison
        AI minus the readers' joint call, Tango's score interval.
    sensitivity_tests, specificity_tests : tuple of PairedTest
        McNemar, mid-P and exact.
    cancer, no_cancer : PairedCounts
        a is the readers' joint call, b the AI's.
    panel, ai : CallAccuracy
        Accuracy of both calls on the cases that both called.
    ai_cutoff : float
        Rating from which up the AI calls.
    """

    auc: Comparison
    auc_mean: Estimate
    auc_by_reader: tuple[Comparison, ...]
    sensitivity: Comparison
    specificity: Comparison
    sensitivity_tests: tuple[PairedTest, ...]
    specificity_tests: tuple[PairedTest, ...]
    cancer: PairedCounts
    no_cancer: PairedCounts
    panel: CallAccuracy
    ai: CallAccuracy
    ai_cutoff: float

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


def matched_cutoff(pairs: PairedReadings, panel: Floats) -> float:
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
    return AiAgainstReaders(
        auc=_mean_difference(pairs, margin=margins.auc, labels=labels, ci_level=ci_level),
        auc_mean=_mean(pairs, label=labels.mean, ci_level=ci_level),
        auc_by_reader=_differences(pairs, margin=margins.auc, label=labels.ai, ci_level=ci_level),
        sensitivity=tango_ci(
            cancer,
            ci_level=ci_level,
            margin=margins.sensitivity,
            better="higher",
            quantity="sensitivity",
            **words,
        ),
        specificity=tango_ci(
            cleared,
            ci_level=ci_level,
            margin=margins.specificity,
            better="higher",
            quantity="specificity",
            **words,
        ),
        sensitivity_tests=_tests(cancer, "sensitivity", labels),
        specificity_tests=_tests(cleared, "specificity", labels),
        cancer=cancer,
        no_cancer=recalled,
        panel=call_accuracy(truth[called], panel[called], ci_level=ci_level, label=labels.joint),
        ai=call_accuracy(truth[called], ai_call[called], ci_level=ci_level, label=labels.ai),
        ai_cutoff=cutoff,
    )


def _tests(counts: PairedCounts, quantity: str, labels: Labels) -> tuple[PairedTest, PairedTest]:
    """Return the mid-P and the exact McNemar test of one table."""
    return (
        mcnemar_midp(counts, quantity=quantity, label_a=labels.joint, label_b=labels.ai),
        mcnemar_exact(counts, quantity=quantity, label_a=labels.joint, label_b=labels.ai),
    )


def _not_crossed(pairs: PairedReadings) -> str:
    """Return why the readers' mean AUC is not defined, or an empty text."""
    if np.isnan(pairs.readers.rating).all():
        return "the readers made recall calls only, no ratings"
    if np.isnan(pairs.readers.rating).any():
        return "not every reader rated every case"
    return ""


def _mean(pairs: PairedReadings, *, label: str, ci_level: float) -> Estimate:
    """Return the mean AUC of the readers, or why it is not defined."""
    if reason := _not_crossed(pairs):
        return undefined_auc(label, ci_level, reason)
    return mean_auc_ci(pairs.truth, pairs.readers.rating, ci_level=ci_level, label=label)


def _mean_difference(
    pairs: PairedReadings, *, margin: float | None, labels: Labels, ci_level: float
) -> Comparison:
    """Return the AI's AUC minus the mean of the readers', or why it is not defined."""
    if reason := _not_crossed(pairs):
        names = (labels.mean, labels.ai)
        return _undefined_comparison(reason, margin=margin, names=names, ci_level=ci_level)
    n_readers = pairs.readers.rating.shape[1]
    ratings = np.column_stack([pairs.readers.rating, pairs.ai_rating])
    weights = np.append(np.full(n_readers, -1 / n_readers), 1.0)
    return delong_contrast(
        pairs.truth,
        ratings,
        weights,
        ci_level=ci_level,
        margin=margin,
        better="higher",
        label_a=labels.mean,
        label_b=labels.ai,
    )


def _undefined_comparison(
    note: str, *, margin: float | None, names: tuple[str, str], ci_level: float
) -> Comparison:
    """Return a difference of areas that cannot be estimated, with the reason."""
    nan = math.nan
    return Comparison(
        quantity="auc",
        unit="probability",
        estimate=nan,
        std_error=nan,
        ci_low=nan,
        ci_high=nan,
        ci_level=ci_level,
        ci_method="none",
        method="difference of empirical AUCs",
        note=note,
        label_a=names[0],
        label_b=names[1],
        estimate_a=nan,
        estimate_b=nan,
        effect="difference",
        statistic=nan,
        df=nan,
        p_value=nan,
        margin=margin,
        better="higher",
    )


def _differences(
    pairs: PairedReadings, *, margin: float | None, label: str, ci_level: float
) -> tuple[Comparison, ...]:
    """Return the AI's AUC minus each reader's, on the cases that the reader rated."""
    results = []
    for column, reader in enumerate(pairs.readers.labels):
        rating = pairs.readers.rating[:, column]
        rated = ~np.isnan(rating)
        both = 0 < pairs.truth[rated].sum() < rated.sum()
        if not both:
            note = "no ratings of cases with and without cancer"
            results.append(
                _undefined_comparison(note, margin=margin, names=(reader, label), ci_level=ci_level)
            )
            continue
        results.append(
            delong_test(
                pairs.truth[rated],
                rating[rated],
                pairs.ai_rating[rated],
                ci_level=ci_level,
                margin=margin,
                better="higher",
                label_a=reader,
                label_b=label,
            )
        )
    return tuple(results)


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
        ROC curves of the readers who rated every case.
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
    complete = [i for i, column in enumerate(pairs.readers.rating.T) if not np.isnan(column).any()]
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
