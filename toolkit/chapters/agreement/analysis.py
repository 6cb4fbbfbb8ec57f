"""Agreement of readers with each other and with the AI: on recall, BI-RADS category and density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray, IndexArray, ObjectArray
from toolkit.chapters.analysis import Summarised, Tables
from toolkit.results import Comparison, Estimate
from toolkit.scoring.case_mix import indication_of, sampling_weight, weights_differ
from toolkit.scoring.ratings import ScoringError, is_arbiter, reader_labels, score_scale
from toolkit.stats.agreement import (
    agreement_difference_ci,
    agreement_table,
    multi_reader_agreement,
    percent_agreement,
    specific_agreement,
    two_reader_agreement,
)
from toolkit.stats.agreement.several_readers import ReaderMethod
from toolkit.words.sentences import estimate_phrase
from toolkit.words.wording import count_text, counted

if TYPE_CHECKING:
    import pandas as pd

RECALL, BIRADS, DENSITY = "recall", "BI-RADS category", "breast density"
NO, YES = "not recalled", "recalled"
METHODS: tuple[ReaderMethod, ReaderMethod] = ("fleiss_kappa", "gwet_ac")
# BI-RADS 0 is no step on the way from benign to malignant: it has no place in this order.
SCALES: dict[str, tuple[str, ...]] = {
    RECALL: (NO, YES),
    BIRADS: ("1", "2", "3", "4A", "4B", "4C", "5"),
    DENSITY: ("A", "B", "C", "D"),
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Two readers on the cases that both read; the AI stands second.

    Parameters
    ----------
    labels : (str, str)
        Who.
    n_cases : int
        Cases that both judged.
    same, positive, negative : Estimate
        Share of cases with the same call; given that one recalled, or did not, how often the
        other did the same.
    kappa, ac1 : Estimate
        Cohen's kappa and Gwet's AC1.
    """

    labels: tuple[str, str]
    n_cases: int
    same: Estimate
    positive: Estimate
    negative: Estimate
    kappa: Estimate
    ac1: Estimate


@dataclass(frozen=True, kw_only=True, eq=False)
class Overall:
    """All readers together on one scale.

    Parameters
    ----------
    scale : str
        What they judged.
    n_cases, n_readers : int
        Cases that at least two of the readers judged, and readers.
    n_off_scale : int
        Readings whose value is none of the scale's categories; they count as not read.
    kappa, ac1 : Estimate
        Fleiss' kappa and Gwet's AC1, weighted by the order of categories where there are more
        than two.
    """

    scale: str
    n_cases: int
    n_readers: int
    n_off_scale: int
    kappa: Estimate
    ac1: Estimate


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class AgreementStudy(Summarised):
    """What chapter 10 shows.

    Parameters
    ----------
    modality : str
        Reading condition of the people.
    readers : tuple of str
        Labels of the people who made calls.
    recall_rates : tuple of float
        Share of their cases that each of them recalled, in the same order.
    overall : tuple of Overall
        Recall first; the others where the readings have them.
    pairs : tuple of Pair
        People with people, on recall.
    ai_pairs : tuple of Pair
        Each of the people with the AI; empty without a cut-off or without an AI.
    ai_label : str
        The AI; empty where there is none.
    ai_cutoff : float or None
        Score from which the AI counts as recalling.
    ai_scale : (float, float)
        Ends of its scale; NaN where not known.
    ai_added : Comparison or None
        AC1 of the people and the AI together, minus that of the people alone, on the same cases.
    n_arbiter : int
        Readings of arbiters, who read where two readers differ: left out.
    indication : ndarray of object, shape (n_cases,)
        Why each case was examined.
    weighted : bool
        Whether cases stand for different numbers of others, which no coefficient here uses.
    """

    modality: str
    readers: tuple[str, ...]
    recall_rates: tuple[float, ...]
    overall: tuple[Overall, ...]
    pairs: tuple[Pair, ...]
    ai_pairs: tuple[Pair, ...]
    ai_label: str
    ai_cutoff: float | None
    ai_scale: tuple[float, float]
    ai_added: Comparison | None
    n_arbiter: int
    indication: ObjectArray
    weighted: bool

    @property
    def recall(self) -> Overall:
        """Agreement on recall, the chapter's first question."""
        return self.overall[0]

    def summary(self) -> Mapping[str, str]:
        """Return what was found, a line for each scale and one for the AI."""
        lines = {
            one.scale: f"AC1 {estimate_phrase(one.ac1)}, {counted(one.n_readers, 'reader')}, "
            f"{count_text(one.n_cases)} examinations"
            for one in self.overall
        }
        if self.ai_added is not None:
            lines[f"with {self.ai_label}"] = f"AC1 {estimate_phrase(self.ai_added)} more"
        return lines


@dataclass(frozen=True, kw_only=True, eq=False)
class _Grid:
    """Categories that readers of one kind chose, None where there is none."""

    labels: tuple[str, ...]
    values: ObjectArray
    n_off_scale: int


def analyse(
    tables: Tables,
    *,
    reader_modality: str = "unaided",
    reader_recall_rating: float | None = None,
    ai: str = "",
    ai_cutoff: float | None = None,
    session: str | None = None,
    ci_level: float = 0.95,
) -> AgreementStudy:
    """Measure how far readers agree with each other, and with the AI at its cut-off.

    Parameters
    ----------
    tables : Tables
        Cases, readers and readings of one part of a study.
    reader_modality : str
        Reading condition of the people.
    reader_recall_rating : float or None
        Rating from which a reading without a call counts as a recall; None makes no call.
    ai : str
        The AI, by product and version; empty where there is one alone.
    ai_cutoff : float or None
        Score from which the AI counts as recalling; None leaves the AI out.
    session : str or None
        One reading session; None takes whichever a case was read in.
    ci_level : float
        Confidence level of all intervals.

    Raises
    ------
    ScoringError
        If fewer than two readers made a call in this modality or no case was judged by two, if one
        read a case twice, or if there are several AIs and none is named.
    """
    cases, who = tables.cases, tables.readers
    read, n_arbiter = _first_and_second(tables.readings, session)
    people = read[read["modality"] == reader_modality]
    calls = _grid(people, who, cases, RECALL, _calls(people, reader_recall_rating), "human")
    if len(calls.labels) < 2:
        msg = (
            f"agreement needs two readers with calls in modality {reader_modality!r}, but there "
            f"are {len(calls.labels)}; name another modality, or the rating from which they recall"
        )
        raise ScoringError(msg)
    patient = _patients(cases)
    if not (_read(calls.values).sum(axis=1) > 1).any():
        msg = f"no case was judged by two readers in modality {reader_modality!r}; name another one"
        raise ScoringError(msg)
    program = _ai_calls(read, who, cases, ai, ai_cutoff)
    grids = {RECALL: calls}
    for scale, column in ((BIRADS, "birads"), (DENSITY, "density")):
        if column in people and people[column].notna().any():
            grids[scale] = _grid(people, who, cases, scale, people[column], "human")
    return AgreementStudy(
        modality=reader_modality,
        readers=calls.labels,
        recall_rates=tuple(_share(column) for column in calls.values.T),
        overall=tuple(
            _overall(scale, grid, cluster=patient, ci_level=ci_level)
            for scale, grid in grids.items()
            if len(grid.labels) > 1
        ),
        pairs=tuple(
            _pair((a, b), calls.values[:, [i, j]], cluster=patient, ci_level=ci_level)
            for (i, a), (j, b) in combinations(enumerate(calls.labels), 2)
        ),
        ai_pairs=tuple(
            _pair(
                (a, program.labels[0]),
                np.column_stack([column, program.values[:, 0]]),
                cluster=patient,
                ci_level=ci_level,
            )
            for a, column in zip(calls.labels, calls.values.T, strict=True)
            if program.labels
        ),
        ai_label=program.labels[0] if program.labels else "",
        ai_cutoff=ai_cutoff if program.labels else None,
        ai_scale=score_scale(who, program.labels[0] if program.labels else ""),
        ai_added=_added(calls, program, cluster=patient, ci_level=ci_level)
        if program.labels
        else None,
        n_arbiter=n_arbiter,
        indication=indication_of(cases),
        weighted=weights_differ(sampling_weight(cases)),
    )


def _first_and_second(readings: pd.DataFrame, session: str | None) -> tuple[pd.DataFrame, int]:
    """Return the finished readings of one session or of all, and how many of arbiters are not in.

    An arbiter reads where two readers differ, and so is no third reader of the same cases.
    """
    chosen = readings["status"] == "complete"
    if session is not None:
        chosen &= readings["session"] == session
    found = readings[chosen]
    arbiter = is_arbiter(found)
    return found[~arbiter], int(arbiter.sum())


def _patients(cases: pd.DataFrame) -> IndexArray:
    """Return the patient of each case as a number; a case without one is its own."""
    named = cases["patient_id"].where(cases["patient_id"].notna(), " " + cases["case_id"])
    return np.unique(named.to_numpy(dtype=str), return_inverse=True)[1]


def _calls(readings: pd.DataFrame, recall_rating: float | None) -> pd.Series:
    """Return calls as categories, missing where there is none."""
    call = readings["call"].astype("float64")
    if recall_rating is not None:
        rating = readings["rating"].astype("float64")
        call = call.fillna((rating >= recall_rating).astype("float64").where(rating.notna()))
    return call.map({0.0: NO, 1.0: YES})


def _ai_calls(
    readings: pd.DataFrame,
    readers: pd.DataFrame,
    cases: pd.DataFrame,
    ai: str,
    cutoff: float | None,
) -> _Grid:
    """Return the calls of one AI at its cut-off; empty without a cut-off or without an AI."""
    nobody = _Grid(labels=(), values=np.empty((len(cases), 0), dtype=object), n_off_scale=0)
    if cutoff is None:
        return nobody
    alone = readings[readings["modality"] == "standalone"]
    calls = _calls(alone.assign(call=np.nan), cutoff)
    found = _grid(alone, readers, cases, RECALL, calls, "ai")
    if not found.labels and not ai:
        return nobody
    wanted = [place for place, label in enumerate(found.labels) if ai in ("", label)]
    if len(wanted) != 1:
        known = ", ".join(found.labels) or "none"
        which = f"the AI {ai!r}" if ai else "one AI"
        msg = (
            f"{which} is expected with scores, but {len(wanted)} have them: {known}. Name one as ai"
        )
        raise ScoringError(msg)
    return _Grid(labels=(found.labels[wanted[0]],), values=found.values[:, wanted], n_off_scale=0)


def _grid(
    readings: pd.DataFrame,
    readers: pd.DataFrame,
    cases: pd.DataFrame,
    scale: str,
    values: pd.Series,
    kind: str,
) -> _Grid:
    """Return what each reader of a kind said of each case, (n_cases, n_readers)."""
    used = readings[["reader_id", "case_id"]].assign(value=values)
    used = used[used["value"].notna()]
    on_scale = used["value"].isin(SCALES[scale])
    of_kind = readers["reader_id"][readers["kind"] == kind]
    mine = used["reader_id"].isin(of_kind)
    used, n_off = used[on_scale & mine], int((~on_scale & mine).sum())
    if used.duplicated(["reader_id", "case_id"]).any():
        msg = "one reader read a case more than once; name one session"
        raise ScoringError(msg)
    who = [reader for reader in of_kind if reader in set(used["reader_id"])]
    wide = used.pivot(index="case_id", columns="reader_id", values="value")
    made = wide.reindex(index=cases["case_id"], columns=who).astype(object)
    labels = reader_labels(readers)
    return _Grid(
        labels=tuple(labels[reader] for reader in who),
        values=made.where(made.notna(), None).to_numpy(dtype=object),
        n_off_scale=n_off,
    )


def _read(values: ObjectArray) -> BoolArray:
    """Return where there is a category."""
    return np.array(values != None, dtype=bool)  # noqa: E711 - element by element


def _share(column: ObjectArray) -> float:
    """Return the share of a reader's cases that were recalled."""
    return float((column == YES).sum() / _read(column).sum())


def _overall(scale: str, grid: _Grid, *, cluster: IndexArray, ci_level: float) -> Overall:
    """Return the coefficients of all readers on one scale."""
    categories = SCALES[scale]
    weights = "identity" if len(categories) == 2 else "ordinal"
    kappa, ac1 = (
        multi_reader_agreement(
            grid.values,
            method=method,
            categories=categories,
            weights=weights,
            cluster=cluster,
            ci_level=ci_level,
            label=scale,
        )
        for method in METHODS
    )
    return Overall(
        scale=scale,
        n_cases=int((_read(grid.values).sum(axis=1) > 1).sum()),
        n_readers=len(grid.labels),
        n_off_scale=grid.n_off_scale,
        kappa=kappa,
        ac1=ac1,
    )


def _pair(
    labels: tuple[str, str], values: ObjectArray, *, cluster: IndexArray, ci_level: float
) -> Pair:
    """Return how two readers agree on recall, on the cases that both judged."""
    both = _read(values).all(axis=1)
    table = agreement_table(
        values[both, 0], values[both, 1], categories=SCALES[RECALL], cluster=cluster[both]
    )
    label = " and ".join(labels)
    positive, negative = (
        specific_agreement(table, category, ci_level=ci_level, quantity=quantity, label=label)
        for category, quantity in ((YES, "positive_agreement"), (NO, "negative_agreement"))
    )
    return Pair(
        labels=labels,
        n_cases=table.n_cases,
        same=percent_agreement(table, ci_level=ci_level, label=label),
        positive=positive,
        negative=negative,
        kappa=two_reader_agreement(table, ci_level=ci_level, label=label),
        ac1=two_reader_agreement(table, ci_level=ci_level, label=label, method="gwet_ac"),
    )


def _added(people: _Grid, ai: _Grid, *, cluster: IndexArray, ci_level: float) -> Comparison:
    """Return what the AI as one more reader changes, on the cases that it judged too."""
    rows = _read(ai.values[:, 0])
    return agreement_difference_ci(
        people.values[rows],
        np.column_stack([people.values, ai.values])[rows],
        coefficient="gwet_ac",
        categories=SCALES[RECALL],
        cluster=cluster[rows],
        ci_level=ci_level,
        label_a="readers",
        label_b="readers and AI",
    )


def spread(pairs: Sequence[Pair]) -> tuple[float, float, float]:
    """Return the least, the mean and the greatest AC1 of some pairs; NaN where none is defined."""
    values = np.array([pair.ac1.estimate for pair in pairs])
    values = values[~np.isnan(values)]
    if not values.size:
        return (np.nan, np.nan, np.nan)
    return float(values.min()), float(values.mean()), float(values.max())
