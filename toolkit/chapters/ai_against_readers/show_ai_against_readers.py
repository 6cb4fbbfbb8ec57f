"""What chapter 06 shows: the AI and the readers on the same cases, and the differences."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.chapters.ai_against_readers.ai_against_readers import AgainstReaders, Labels
from toolkit.draw import html
from toolkit.draw.roc import OperatingPoint, roc_figure
from toolkit.results import Result
from toolkit.scoring.pairing import pair_with_ai
from toolkit.scoring.ratings import RatingArray, Rule
from toolkit.stats.auc.operating_points import CallAccuracy
from toolkit.stats.mrmc.analysis import FEW_READERS
from toolkit.words.sentences import answer_text, decision_text, estimate_text
from toolkit.words.wording import count_text, counted

MEASURES = {"auc": "AUC", "sensitivity": "Sensitivity", "specificity": "Specificity"}
RULES: dict[Rule, tuple[str, str]] = {
    "majority": ("Panel", "recalled by more than half of the readers who called the examination"),
    "any": ("Any reader", "recalled by at least one of its readers"),
    "programme": ("Programme", "what the programme decided in the end"),
}


def labels(readers: RatingArray, ai: RatingArray, rule: Rule) -> Labels:
    """Return how sentences name the readers and the AI."""
    people = counted(len(readers.labels), "reader")
    rating = pair_with_ai(readers, ai).readers.rating
    whole = int((~np.isnan(rating).any(axis=0)).sum())
    mean = f"the mean of {people}"
    if len(readers.labels) == 1:
        mean = "the one reader"
    elif 1 < whole < len(readers.labels):
        mean = f"the mean of {counted(whole, 'of', 'of')} {people} who rated every examination"
    joint = {
        "majority": f"the panel of {people}",
        "any": f"any of {people}",
        "programme": "the programme",
    }
    return Labels(mean=mean, joint=joint[rule], ai="the AI")


def answer(study: AgainstReaders) -> str:
    """Return the chapter's answer from the primary comparison, and what limits it."""
    sentence = answer_text(study.primary, measure=MEASURES[study.endpoint])
    return " ".join([sentence, *_limits(study)])


def _limits(study: AgainstReaders) -> list[str]:
    """Return for whom the answer does not hold, where readers are few or one."""
    mean = study.result.auc_mean
    if study.endpoint != "auc" or math.isnan(mean.difference.estimate):
        return []
    if mean.n_readers == 1:
        return ["It holds for this reader only, not for readers in general."]
    if mean.n_readers < FEW_READERS:
        words = counted(mean.n_readers, "reader")
        return [f"{words.capitalize()} are too few to speak for readers in general."]
    return []


def bar(study: AgainstReaders) -> html.IntervalBar | None:
    """Return the headline's interval bar, or None where there is no interval."""
    if math.isnan(study.primary.ci_low):
        return None
    return html.interval_bar(study.primary, left="readers better", right="AI better")


def facts(study: AgainstReaders) -> list[tuple[str, str]]:
    """Return the four facts under the answer."""
    truth = study.pairs.truth
    read_all = not np.isnan(study.pairs.readers.rating * study.pairs.readers.call).any()
    reach = "each read all" if read_all else "each on their own share"
    return [
        ("Examinations", f"{count_text(truth.size)} ({count_text(int(truth.sum()))} with cancer)"),
        ("Readers", f"{len(study.readers)}, {reach}"),
        ("Primary analysis", _primary_analysis(study)),
        ("Decision", decision_text(study.primary)),
    ]


def _primary_analysis(study: AgainstReaders) -> str:
    """Return whose method the primary comparison is, and what is random in it."""
    if study.endpoint != "auc":
        return f"{study.primary.ci_method}; these readers' joint call"
    if math.isnan(study.primary.estimate):
        return "Not defined"
    return f"Obuchowski\u2013Rockette. {study.result.auc_mean.name}"


def joint_interval(study: AgainstReaders) -> str:
    """Return the method of the intervals against the joint call, of both where they differ."""
    sensitivity = study.result.sensitivity.ci_method
    specificity = study.result.specificity.ci_method
    if sensitivity == specificity:
        return sensitivity
    return f"{sensitivity} for sensitivity; {specificity} for specificity"


def _points(study: AgainstReaders) -> list[OperatingPoint]:
    """Return the readers' calls, their joint call and the AI at its cut-off."""
    points = [
        _point(reader.calls, label=reader.label if len(study.readers) <= 12 else "", role="reader")
        for reader in study.readers
        if reader.calls is not None
    ]
    points.append(_point(study.result.panel, label=RULES[study.rule][0], role="mean"))
    points.append(_point(study.result.ai, label="AI", role="ai"))
    return [point for point in points if not math.isnan(point.x + point.y)]


def _point(
    calls: CallAccuracy, *, label: str, role: Literal["reader", "ai", "mean"]
) -> OperatingPoint:
    """Return calls as a point of the ROC plane."""
    return OperatingPoint(
        x=1 - calls.specificity.estimate, y=calls.sensitivity.estimate, label=label, role=role
    )


def roc(study: AgainstReaders) -> Figure:
    """Return the curves, with every reader's point, the joint call and the AI at its cut-off."""
    mean = study.result.auc_mean.mean
    words = counted(len(study.readers), "reader").capitalize()
    label = words if math.isnan(mean.estimate) else f"{words}\nmean AUC {estimate_text(mean)}"
    return roc_figure(
        study.curve,
        study.reader_curves,
        points=_points(study),
        ai_label=f"AI alone\nAUC {estimate_text(study.ai.auc)}",
        readers_label=label,
        enlarge=True,
    )


def roc_finding(study: AgainstReaders) -> str:
    """Return how many more or fewer cancers the AI found, and at what specificity."""
    found = study.result.sensitivity
    change = study.result.cancer.only_b - study.result.cancer.only_a
    words = (
        "as many cancers as"
        if change == 0
        else f"{counted(abs(change), 'cancer')} {'more' if change > 0 else 'fewer'} than"
    )
    at = estimate_text(study.result.ai.specificity)
    return f"At a specificity of {at} the AI found {words} {found.label_a}."


def roc_caption(study: AgainstReaders) -> str:
    """Return what the figure draws."""
    truth = study.pairs.truth
    name, rule = RULES[study.rule]
    lines = "Thin lines, readers who rated; open" if study.reader_curves else "Open"
    how = (
        "fixed in the parameters"
        if study.cutoff_given
        else "the lowest one at least as specific as the readers' joint call on these cases"
    )
    return (
        f"Empirical ROC curves on {count_text(int((truth == 0).sum()))} examinations without and "
        f"{count_text(int(truth.sum()))} with cancer. {lines} circles, each reader's calls; "
        f"diamond, {name.lower()}: {rule}; square, the AI from {study.result.ai_cutoff:g} up, "
        f"{how}. *AUC*, area under the curve."
    )


def roc_alt(study: AgainstReaders) -> str:
    """Return the figure's alternative text."""
    return (
        f"ROC curves of the AI and {counted(len(study.readers), 'reader')} on "
        f"{count_text(study.pairs.truth.size)} examinations, whole and enlarged. "
        f"The AI's area is {estimate_text(study.ai.auc)}."
    )


def roc_data(study: AgainstReaders) -> pd.DataFrame:
    """Return the operating points as they were drawn."""
    points = _points(study)
    return pd.DataFrame(
        {
            "who": [point.label or point.role for point in points],
            "one_minus_specificity": [point.x for point in points],
            "sensitivity": [point.y for point in points],
        }
    )


def record(study: AgainstReaders) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    result = study.result
    results: dict[str, Result] = {
        "auc_difference": result.auc,
        "auc_readers_mean": result.auc_mean.mean,
        "auc_ai": study.ai.auc,
        "sensitivity_difference": result.sensitivity,
        "specificity_difference": result.specificity,
        "cancer": result.cancer,
        "no_cancer": result.no_cancer,
        "sensitivity_ai": result.ai.sensitivity,
        "specificity_ai": result.ai.specificity,
        "sensitivity_readers": result.panel.sensitivity,
        "specificity_readers": result.panel.specificity,
    }
    for quantity, tests in (
        ("sensitivity", result.sensitivity_tests),
        ("specificity", result.specificity_tests),
    ):
        if tests is not None:
            results[f"{quantity}_mcnemar_midp"], results[f"{quantity}_mcnemar_exact"] = tests
    for mean in result.means:
        quantity = mean.difference.quantity
        if quantity != "auc":
            results[f"{quantity}_readers_mean"] = mean.mean
            results[f"{quantity}_difference_mean"] = mean.difference
        for number, other in enumerate(mean.others, start=1):
            results[f"{quantity}_alternative_{number}"] = other.difference
    for comparison in result.auc_by_reader:
        results[f"auc_difference_{comparison.label_a.lower()}"] = comparison
    for reader in study.readers:
        results[f"auc_{reader.label.lower()}"] = reader.auc
    return results
