"""One AI's score of every eligible case: its class, and what became of cases without one.

A case that the AI failed on, was never sent, or is not in the readings at all has no score. It is
never given a low one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.scoring.case_mix import (
    EVERYTHING,
    SCREENING,
    indication_of,
    indications_in,
    numbers_in,
    sampling_weight,
)
from toolkit.scoring.ratings import ScoringError, reader_labels
from toolkit.scoring.verification import unverified

if TYPE_CHECKING:
    import pandas as pd

Unit = Literal["examination", "breast"]

# What the AI returned, in the order in which it is shown. "no_score" is a reading that is
# complete but holds a call only, "not_recorded" a case for which the readings have no row.
STATUSES = ("complete", "no_score", "failed", "missing", "not_recorded")
Decimals = Literal["nearest", "up", "down"]

_EQUAL_CLASSES = 10


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreClasses:
    """The classes into which scores fall, lowest first.

    Parameters
    ----------
    names : tuple of str
        A whole number, or lower and upper border.
    whole : bool
        Whether a class is a whole number of the score's own scale, such as 1 to 10.
    borders : ndarray, shape (n_classes + 1,)
        For whole numbers unused; otherwise a class holds scores above its lower border up to and
        with its upper one, and the lowest class its lower border as well.
    decimals : {"nearest", "up", "down"}
        How a decimal score becomes a whole number.
    """

    names: tuple[str, ...]
    whole: bool
    borders: FloatArray
    decimals: Decimals

    @property
    def ticks(self) -> tuple[str, ...]:
        """Short names: whole numbers, or the number of the class counted from 1."""
        if self.whole:
            return self.names
        return tuple(str(number) for number in range(1, len(self.names) + 1))

    def of(self, score: FloatArray) -> IntArray:
        """Return the class of each score from 0, shape (n_cases,); -1 where there is no score.

        Raises
        ------
        ScoringError
            If a score lies outside of all classes.
        """
        known = ~np.isnan(score)
        number = np.full(score.shape, -1, dtype=np.int64)
        values = score[known]
        if self.whole:
            rounded = {"nearest": np.floor(values + 0.5), "up": np.ceil(values)}
            whole = rounded.get(self.decimals, np.floor(values))
            number[known] = (whole - self.borders[0]).astype(np.int64)
            return number
        outside = int(((values < self.borders[0]) | (values > self.borders[-1])).sum())
        if outside:
            msg = (
                f"class_edges run from {self.borders[0]:g} to {self.borders[-1]:g}, but {outside} "
                f"scores lie outside (scores run from {values.min():g} to {values.max():g}); "
                "widen the edges"
            )
            raise ScoringError(msg)
        place = np.searchsorted(self.borders, values, side="left") - 1
        number[known] = np.maximum(place, 0)
        return number


def is_whole_scale(low: float, high: float) -> bool:
    """Whether a score is shown as one of a few whole numbers, such as 1 to 10."""
    if not high > low:  # also NaN
        return False
    return float(low).is_integer() and float(high).is_integer() and 2 <= high - low < 12


def score_classes(
    low: float, high: float, *, edges: Sequence[float] = (), decimals: Decimals = "nearest"
) -> ScoreClasses:
    """Return the classes of a score.

    Parameters
    ----------
    low, high : float
        Ends of the score's scale; NaN where the readers table does not give them.
    edges : sequence of float
        Borders of the classes, rising, lowest and highest included. If empty: the whole numbers
        of a scale that has at most 12 of them (1 to 10), else ten classes of equal width.
    decimals : {"nearest", "up", "down"}
        How a decimal score on a scale of whole numbers becomes one; halves go up under "nearest".
        A whole-number score is its own class under each. Vendors show 1 to 10 and compute
        decimals; where their documents do not say how they round, "nearest" is an assumption.

    Raises
    ------
    ScoringError
        If edges do not rise, or the scale is not known and no edges are given.

    Examples
    --------
    >>> import numpy as np
    >>> classes = score_classes(1, 10)
    >>> classes.of(np.array([1.0, 1.49, 1.5, 10.0, np.nan])).tolist()
    [0, 0, 1, 9, -1]
    >>> score_classes(0, 1).names[:2]
    ('0–0.1', '0.1–0.2')
    """
    if len(edges):
        return _bordered(np.asarray(edges, dtype=np.float64), decimals)
    if not high > low:  # also NaN
        msg = (
            "the readers table gives no scale of the AI's score (score_min below score_max); add "
            "both columns to its map, or give class_edges"
        )
        raise ScoringError(msg)
    if is_whole_scale(low, high):
        whole = np.arange(low, high + 1)
        names = tuple(f"{number:g}" for number in whole)
        return ScoreClasses(names=names, whole=True, borders=whole, decimals=decimals)
    # A scale that starts at 1 counts: 1 to 100 has the classes 1 to 10, 11 to 20 and so on.
    start = 0.0 if low == 1 else low
    return _bordered(np.linspace(start, high, _EQUAL_CLASSES + 1).round(10), decimals)


def _bordered(borders: FloatArray, decimals: Decimals) -> ScoreClasses:
    """Return classes between borders."""
    if borders.size < 3 or not (np.diff(borders) > 0).all() or not np.isfinite(borders).all():
        shown = ", ".join(f"{border:g}" for border in borders)
        msg = (
            f"class_edges must be at least three rising numbers, but are {shown}; give the "
            "borders of all classes, the lowest and the highest included"
        )
        raise ScoringError(msg)
    names = tuple(f"{lower:g}–{upper:g}" for lower, upper in pairwise(borders))
    return ScoreClasses(names=names, whole=False, borders=borders, decimals=decimals)


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredCases:
    """Every eligible case with what one AI returned for it; row i of all arrays is one case.

    Parameters
    ----------
    ai : str
        Product and version.
    scale : (float, float)
        Ends of the score's scale; NaN where not known.
    unit : {"examination", "breast"}
        What a case is.
    classes : ScoreClasses
        Classes of the score.
    status : ndarray of int, shape (n_cases,)
        Number in ``STATUSES``.
    score : ndarray, shape (n_cases,)
        NaN where there is none.
    score_class : ndarray of int, shape (n_cases,)
        From 0; -1 where there is no score.
    truth : ndarray, shape (n_cases,)
        1 cancer, 0 none, NaN not known.
    indication : ndarray of int, shape (n_cases,)
        Number in ``groups``.
    groups : tuple of str
        Indications that occur, screening first; ``("all",)`` where the cases do not say.
    month : ndarray of int, shape (n_cases,)
        Month of the window from 1; 0 where the date is not known.
    weight : ndarray, shape (n_cases,), or None
        Sampling weights.
    patient : ndarray of int, shape (n_cases,)
        Number of the patient.
    recalled : ndarray, shape (n_cases,)
        1 recalled by the programme, 0 not, NaN not known.
    unverified : ndarray of bool, shape (n_cases,)
        Who counts as free of cancer only because no cancer came up, see ``verification``.
    """

    ai: str
    scale: tuple[float, float]
    unit: Unit
    classes: ScoreClasses
    status: IntArray
    score: FloatArray
    score_class: IntArray
    truth: FloatArray
    indication: IntArray
    groups: tuple[str, ...]
    month: IntArray
    weight: FloatArray | None
    patient: IntArray
    recalled: FloatArray
    unverified: BoolArray

    @property
    def n_cases(self) -> int:
        """Number of eligible cases."""
        return int(self.status.size)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes.names)

    @property
    def top(self) -> int:
        """Number of the highest class."""
        return self.n_classes - 1

    @property
    def scored(self) -> BoolArray:
        """Cases with a score, shape (n_cases,)."""
        return self.score_class >= 0

    @property
    def verified(self) -> BoolArray:
        """Cases with a score whose truth is known, shape (n_cases,)."""
        return self.scored & ~np.isnan(self.truth)

    @property
    def knows_indication(self) -> bool:
        """Whether the cases say why they were examined."""
        return self.groups != (EVERYTHING,)

    @property
    def reference(self) -> str:
        """The group that is shown first: screening, or everything where the cases do not say."""
        return SCREENING if self.knows_indication else EVERYTHING

    @property
    def has_clusters(self) -> bool:
        """Whether a woman has more than one case."""
        return bool(np.unique(self.patient).size < self.n_cases)

    def group(self, name: str) -> BoolArray:
        """Return the cases of an indication, shape (n_cases,); none where it does not occur."""
        number = self.groups.index(name) if name in self.groups else -1
        return np.asarray(self.indication == number)

    def counts(self, rows: BoolArray) -> IntArray:
        """Return how many of some cases are in each class, shape (n_classes,)."""
        chosen = self.score_class[rows & self.scored]
        return np.bincount(chosen, minlength=self.n_classes).astype(np.int64)


def scored_cases(
    readings: pd.DataFrame,
    readers: pd.DataFrame,
    cases: pd.DataFrame,
    *,
    ai: str = "",
    modality: str = "standalone",
    session: str = "1",
    class_edges: Sequence[float] = (),
    decimals: Decimals = "nearest",
) -> ScoredCases:
    """Return the score of one AI for every case.

    Parameters
    ----------
    readings, readers, cases : DataFrame
        Canonical tables; every row of ``cases`` is eligible.
    ai : str
        Product and version, needed only where several AIs read: two versions are two readers and
        are never pooled.
    modality, session : str
        Reading condition and session of the AI's readings.
    class_edges, decimals
        As ``edges`` and ``decimals`` of ``score_classes``.

    Raises
    ------
    ScoringError
        If no AI or several AIs have such readings, the AI scores regions, no case has a score, or
        the classes do not fit the scores.
    """
    row = _only_ai(readings, readers, ai=ai, modality=modality, session=session)
    returned = readings[
        (readings["reader_id"] == row["reader_id"])
        & (readings["modality"] == modality)
        & (readings["session"] == session)
    ].set_index("case_id")
    of_case = returned.reindex(cases["case_id"])
    score = of_case["rating"].to_numpy(dtype=np.float64)
    if np.isnan(score).all():
        msg = f"{row['label']} has no score for any case; this chapter needs readings.rating"
        raise ScoringError(msg)
    scale = float(row.get("score_min", np.nan)), float(row.get("score_max", np.nan))
    classes = score_classes(*scale, edges=class_edges, decimals=decimals)
    indication = indication_of(cases)
    groups = indications_in(indication)
    return ScoredCases(
        ai=str(row["label"]),
        scale=scale,
        unit=unit_of(cases),
        classes=classes,
        status=_statuses(of_case["status"], score),
        score=score,
        score_class=classes.of(score),
        truth=cases["truth"].to_numpy(dtype=np.float64),
        indication=numbers_in(indication, groups),
        groups=groups,
        month=_months(cases),
        weight=sampling_weight(cases),
        patient=_patients(cases),
        recalled=cases["recalled"].to_numpy(dtype=np.float64)
        if "recalled" in cases
        else np.full(len(cases), np.nan),
        unverified=unverified(cases),
    )


def ais_that_read(
    readings: pd.DataFrame, readers: pd.DataFrame, *, modality: str, session: str
) -> pd.DataFrame:
    """Return the rows of the AIs with such readings, each with its label."""
    here = (readings["modality"] == modality) & (readings["session"] == session)
    read = readers["reader_id"].isin(readings["reader_id"][here])
    there, labels = readers[(readers["kind"] == "ai") & read], reader_labels(readers)
    return there.assign(label=[labels[reader] for reader in there["reader_id"]])


def _only_ai(
    readings: pd.DataFrame, readers: pd.DataFrame, *, ai: str, modality: str, session: str
) -> pd.Series:
    """Return the one AI's row of the readers table, with its label."""
    there = ais_that_read(readings, readers, modality=modality, session=session)
    if ai:
        there = there[there["label"] == ai]
    if len(there) == 1:
        row: pd.Series = there.iloc[0]
        if row.get("score_kind") == "region":
            msg = f"{row['label']} scores regions; take the score of the examination or breast"
            raise ScoringError(msg)
        return row
    labels, programs = reader_labels(readers), readers["reader_id"][readers["kind"] == "ai"]
    known = sorted(labels[reader] for reader in programs)
    wanted = f"the AI {ai!r}" if ai else "one AI"
    msg = (
        f"{wanted} is expected with readings in modality {modality!r}, session {session!r}, but "
        f"{len(there)} have them; the study's AIs: {', '.join(known) or 'none'}. Name one as ai"
    )
    raise ScoringError(msg)


def _statuses(status: pd.Series, score: FloatArray) -> IntArray:
    """Return the number of each case's status in ``STATUSES``."""
    numbers = {name: number for number, name in enumerate(STATUSES)}
    coded = status.map(numbers).fillna(numbers["not_recorded"]).to_numpy(dtype=np.int64)
    without = (coded == numbers["complete"]) & np.isnan(score)
    return np.where(without, numbers["no_score"], coded)


def unit_of(cases: pd.DataFrame) -> Unit:
    """Return what a case is: one breast where the cases say which."""
    sides = "laterality" in cases and cases["laterality"].notna().any()
    return "breast" if sides else "examination"


def _months(cases: pd.DataFrame) -> IntArray:
    """Return the month of each examination, the earliest one 1, and 0 where it is not known."""
    month = np.zeros(len(cases), dtype=np.int64)
    if "exam_date" not in cases:
        return month
    known = cases["exam_date"].notna().to_numpy()
    if known.any():
        dates = cases["exam_date"][known].to_numpy().astype("datetime64[M]").astype(np.int64)
        month[known] = dates - dates.min() + 1
    return month


def _patients(cases: pd.DataFrame) -> IntArray:
    """Return the number of each case's patient; a case without one is a patient of its own."""
    named = cases["patient_id"].notna()
    # The mark keeps a case's own number from being another case's patient.
    own = "case " + cases["case_id"]
    patient = ("patient " + cases["patient_id"]).where(named, own)
    return np.unique(patient.to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
