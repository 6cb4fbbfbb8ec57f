"""What chapters that compare the accuracy of readers share: endpoints, words, points and cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Literal

from toolkit.draw.roc import OperatingPoint
from toolkit.draw.tables import TableColumn, value_cells, value_columns
from toolkit.results import Estimate
from toolkit.scoring.ratings import RatingArray
from toolkit.stats.auc import CallAccuracy, RatingFom, auc, sensitivity_fom, specificity_fom
from toolkit.stats.mrmc.analysis import Random
from toolkit.words.wording import EM_DASH, capital, count_text

Endpoint = Literal["auc", "sensitivity", "specificity"]
CallEndpoint = Literal["sensitivity", "specificity"]
# Non-inferiority margins, as positive differences; None where the plan sets none.
Margins = Mapping[Endpoint, float | None]

CALLS: tuple[CallEndpoint, ...] = ("sensitivity", "specificity")
# Calls are coded 0 and 1, so that a threshold of 1 is the recall rule itself.
FOMS: dict[Endpoint, RatingFom] = {
    "auc": auc,
    "sensitivity": sensitivity_fom(threshold=1),
    "specificity": specificity_fom(threshold=1),
}
MEASURES: dict[str, str] = {
    "auc": "AUC",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
}
# How the name of an analysis says what is random in it.
RANDOM_WORDS: dict[Random, str] = {
    "readers and cases": "Readers and cases random",
    "cases": "These readers only, cases random",
    "readers": "These cases only, readers random",
}
MOST_NAMES = 12  # more readers' points than this are drawn without their names


def with_cancer(n_cases: int, n_positive: int, noun: str = "") -> str:
    """Return the count of cases, and of those with cancer."""
    return f"{count_text(n_cases)} {noun}({count_text(n_positive)} with cancer)"


def roc_place(calls: CallAccuracy | None) -> tuple[float, float] | None:
    """Return 1 - specificity and sensitivity of calls; None where one is not defined."""
    if calls is None:
        return None
    x, y = 1 - calls.specificity.estimate, calls.sensitivity.estimate
    return None if math.isnan(x + y) else (x, y)


def operating_points(
    shown: Iterable[tuple[str, CallAccuracy | None]], *, role: Literal["reader", "ai", "mean"]
) -> list[OperatingPoint]:
    """Return calls, each with its label, as points of the ROC plane, those that are defined.

    Of many readers no point has a name.
    """
    named = list(shown)
    no_names = role == "reader" and len(named) > MOST_NAMES
    return [
        OperatingPoint(x=place[0], y=place[1], label="" if no_names else label, role=role)
        for label, calls in named
        if (place := roc_place(calls))
    ]


def clustering_note(array: RatingArray, *, intervals: str = "the intervals") -> str:
    """Return a sentence where patients have more than one case, else an empty text."""
    patients = len(set(array.patient.tolist()))
    if patients == array.n_cases:
        return ""
    return (
        f"The {count_text(array.n_cases)} examinations come from {count_text(patients)} women, "
        f"who are what {intervals} take as independent. "
    )


def interval_methods(estimates: Iterable[Estimate]) -> str:
    """Return the methods of the intervals; both where women repeat in some estimates only."""
    named = {one.ci_method: one.n_clusters for one in estimates}
    plain = [method for method, women in named.items() if women is None]
    clustered = [method for method, women in named.items() if women is not None]
    if plain and clustered:
        return f"{', '.join(plain)} ({', '.join(clustered)}, where women repeat)"
    return ", ".join(plain or clustered)


def notes_once(notes: Iterable[str]) -> list[str]:
    """Return the single notes of results as sentences, each once, without for whom one holds."""
    single = (note for joined in notes for note in joined.split("; "))
    kept = {f"{capital(note)}.": None for note in single if note}
    return [note for note in kept if not note.startswith("Holds for")]


def share_columns(*spans: str) -> list[TableColumn]:
    """Return the columns of ``share_cells``, under one head each."""
    return [
        column
        for span in spans
        for column in (TableColumn("n/N", span=span), *value_columns("%", span=span))
    ]


def share_cells(*shares: Estimate) -> list[str]:
    """Return counts, percentage and interval of each share; weighted shares are not their ratio."""
    cells: list[str] = []
    for share in shares:
        count = f"{count_text(share.numerator or 0)}/{count_text(share.denominator or 0)}"
        cells += [count, *value_cells(share)]
    return cells


def call_columns() -> list[TableColumn]:
    """Return the columns of ``call_cells``."""
    return share_columns("Sensitivity", "Specificity")


def call_cells(calls: CallAccuracy | None) -> list[str]:
    """Return counts, percentages and intervals of sensitivity and specificity."""
    if calls is None:
        return [EM_DASH] * 6
    return share_cells(calls.sensitivity, calls.specificity)
