"""What chapter 07 shows: readers in two modalities, what each gained, and what all together."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from toolkit.arrays import BoolArray
from toolkit.chapters.ai_against_readers.ai_against_readers import Endpoint
from toolkit.chapters.reader_study.modality_analyses import ReaderStudy, two_level_readers
from toolkit.chapters.reader_study.reading_order import ReadingOrder
from toolkit.draw import html
from toolkit.draw.reading_map import reading_map_figure
from toolkit.results import Comparison, Result
from toolkit.stats.mrmc.analysis import FEW_READERS
from toolkit.words.sentences import answer_text, decision_text, effect_phrase
from toolkit.words.wording import capital, count_text, counted, joined, number_text, some_of

MEASURES: dict[Endpoint, str] = {
    "auc": "AUC",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
}
MOST_READERS = 30  # figures and tables of more readers are cut, and say so


def question(study: ReaderStudy) -> str:
    """Return the question that the plan asks."""
    a, b = study.names
    if study.plan.margin(study.plan.endpoint) is None:
        return f"Are readers more accurate with {b} than with {a}?"
    return f"Are readers at least as accurate with {b} as with {a}?"


def people(study: ReaderStudy) -> str:
    """Return the count of readers in words."""
    return counted(len(study.readings.readers), "reader")


def answer(study: ReaderStudy) -> str:
    """Return the answer of the primary analysis, how many readers gained, and what limits it."""
    measure = f"The mean {MEASURES[study.plan.endpoint]} of {people(study)}"
    parts = [answer_text(study.primary.difference, measure=measure)]
    each = study.reader_differences
    if len(each) > 1:
        parts.append(f"{capital(_gainers(study, each))}.")
    return " ".join([*parts, *_limits(study)])


def _gainers(study: ReaderStudy, each: tuple[Comparison, ...]) -> str:
    """Return how many readers had a higher figure with b."""
    better = sum(difference.estimate > 0 for difference in each)
    what = MEASURES[study.plan.endpoint]
    return f"{some_of(better, len(each), 'reader')} had a higher {what} with {study.names[1]}"


def _limits(study: ReaderStudy) -> list[str]:
    """Return what limits the answer, one sentence each."""
    n_readers = len(study.readings.readers)
    fewest = min(len(array.labels) for array in study.readings.by_modality)
    sentences = []
    alone = study.alone[study.plan.endpoint].difference
    if n_readers == 1 and not math.isnan(alone.estimate):
        sentences.append(
            f"For this reader alone: {effect_phrase(alone)}, which says nothing of other readers."
        )
    elif n_readers > 1 and fewest < FEW_READERS:
        words = capital(counted(fewest, "reader"))
        each = "" if fewest == n_readers else " in a modality"
        verb = "is" if fewest == 1 else "are"
        sentences.append(f"{words}{each} {verb} too few to speak for readers in general.")
    if study.design.kind == "incomplete" and study.primary.analysis is not None:
        sentences.append(_missing(study))
    if study.plan.random == "readers" and study.primary.analysis is not None:
        sentences.append("Cases are taken as fixed: the answer holds for these examinations only.")
    few = two_level_readers(study.readings) if study.plan.endpoint == "auc" else ()
    if few:
        who = capital(some_of(n_readers, n_readers, "reader"))
        sentences.append(
            f"{who if len(few) == n_readers else joined(few)} used two levels of ratings at most: "
            "an AUC of such ratings is the mean of sensitivity and specificity at one cut-off."
        )
    return sentences


def _missing(study: ReaderStudy) -> str:
    """Return how many readings are missing, and what that does to the analysis."""
    design = study.design
    total = design.n_cases * design.n_readers * design.n_modalities
    gap = f"{count_text(design.n_missing)} of {count_text(total)} readings are missing"
    if study.plan.method == "u_statistic":
        return f"{gap}."
    return (
        f"{gap}, so the primary analysis is that of U-statistics: it needs no complete readings, "
        "while leaving cases out or taking the study as complete would mislead."
    )


def bar(study: ReaderStudy) -> html.IntervalBar | None:
    """Return the headline's interval bar, or None where there is no interval."""
    difference = study.primary.difference
    if math.isnan(difference.ci_low):
        return None
    a, b = study.names
    return html.interval_bar(difference, left=f"{a} better", right=f"{b} better", role="aided")


def facts(study: ReaderStudy) -> list[tuple[str, str]]:
    """Return the four facts under the answer."""
    readings = study.readings
    cases = f"{count_text(readings.n_cases)} ({count_text(readings.n_positive)} with cancer)"
    return [
        ("Examinations", cases),
        ("Readers", f"{len(readings.readers)}, {study.design.kind}"),
        ("Primary analysis", _family(study) + study.primary.name),
        ("Decision", capital(decision_text(study.primary.difference))),
    ]


def _family(study: ReaderStudy) -> str:
    """Return whose analysis the primary one is, where its name does not say it."""
    analysis = study.primary.analysis
    named = analysis is not None and analysis.method.startswith("Obuchowski-Rockette")
    return "Obuchowski\u2013Rockette. " if named else ""


def _done(study: ReaderStudy) -> BoolArray:
    """Return who read what of the primary endpoint, (n_cases, n_readers, 2)."""
    readings = study.readings
    return ~np.isnan(readings.rating if study.plan.endpoint == "auc" else readings.call)


def map_figure(study: ReaderStudy) -> Figure:
    """Return who read what, readers by cases."""
    readings = study.readings
    return reading_map_figure(
        _done(study),
        truth=readings.truth,
        readers=readings.readers,
        modalities=[capital(name) for name in study.names],
    )


def map_finding(study: ReaderStudy) -> str:
    """Return the design that the readings show."""
    design = study.design
    readers, cases = people(study), f"{count_text(design.n_cases)} examinations"
    total = design.n_cases * design.n_readers * design.n_modalities
    found = {
        "fully crossed": f"Each of {readers} read all {cases} in both modalities.",
        "readers nested in modality": "Each reader read in one modality, so that different readers "
        "are compared.",
        "cases nested in reader": "Each reader read examinations of their own, in both modalities.",
        "cases nested in modality": "Each modality was read on examinations of its own.",
        "split plot": f"{capital(counted(len(set(design.group)), 'group'))} of readers read "
        "examinations of their own, in both modalities.",
        "incomplete": f"{count_text(design.n_missing)} of the {count_text(total)} readings that "
        f"{readers} could have made of {cases} are missing.",
    }
    return found[design.kind]


def map_caption(study: ReaderStudy) -> str:
    """Return what the map draws, and the declared design."""
    declared = study.plan.design
    same = "as the plan declares" if study.design.kind == declared else f"the plan: {declared}"
    gaps = "" if not study.design.n_missing else " Light, not read."
    return (
        f"Rows, readers; columns, examinations, alike ones beside each other.{gaps} Numbers, "
        f"examinations read. Design: {study.design.kind}, {same}."
    )


def map_alt(study: ReaderStudy) -> str:
    """Return the map's alternative text."""
    read = int(_done(study).sum())
    return (
        f"Map of {people(study)} by {count_text(study.readings.n_cases)} examinations, a panel "
        f"for each modality: {count_text(read)} readings, {study.design.kind}."
    )


def map_data(study: ReaderStudy) -> pd.DataFrame:
    """Return how many examinations each reader read in each modality, by truth."""
    done, cancer = _done(study), study.readings.truth == 1
    rows = [
        {
            "reader": reader,
            "modality": modality,
            "with_cancer": int(done[cancer, number, place].sum()),
            "without_cancer": int(done[~cancer, number, place].sum()),
        }
        for number, reader in enumerate(study.readings.readers)
        for place, modality in enumerate(study.readings.modalities)
    ]
    return pd.DataFrame(rows)


def order_sentence(study: ReaderStudy, order: ReadingOrder) -> str:
    """Return which reading came first, and how far apart the two are."""
    a, b = study.names
    if not order.n_pairs:
        return "Nobody read an examination in both modalities."
    times = count_text(order.n_pairs)
    both = f"One reader read an examination in both modalities {times} times"
    known = order.n_a_first + order.n_b_first
    if not known:
        return f"{both}; the data do not say which reading came first."
    unknown = order.n_pairs - known
    rest = f", not known {count_text(unknown)} times" if unknown else ""
    first = (
        f"{both}: {a} came first {count_text(order.n_a_first)} times, {b} "
        f"{count_text(order.n_b_first)} times{rest}."
    )
    if math.isnan(order.shortest_gap_days):
        return f"{first} How long apart the two readings were is not in the data."
    days = number_text(order.shortest_gap_days, digits=0)
    return f"{first} The two readings were at least {days} days apart."


def record(study: ReaderStudy) -> dict[str, Result]:
    """Return every number of the chapter by name."""
    results: dict[str, Result] = {"design": study.design}
    for endpoint, named in study.endpoints.items():
        results[f"{endpoint}_difference"] = named.difference
        if named.analysis is not None:
            results[f"{endpoint}_analysis"] = named.analysis
        alone = study.alone[endpoint].analysis
        for one in () if alone is None else alone.reader_differences:
            results[f"{endpoint}_difference_{one.label.lower()}"] = one
    for number, other in enumerate(study.alternatives, start=1):
        results[f"alternative_{number}"] = other.difference
    return results
