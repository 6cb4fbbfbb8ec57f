"""Readings to times: how long each reader took for each case, joined by key; what counts as one.

A pause or an interruption is no reading time, but nobody records it as such. What becomes of very
long and very short times is therefore a rule, fixed before the times are seen, and everything that
the rule touches is counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.scoring.ratings import ScoringError, _refuse_second_readings, reader_labels

if TYPE_CHECKING:
    import pandas as pd

Pauses = Literal["cut", "excluded", "kept"]
PAUSES: tuple[Pauses, ...] = ("cut", "excluded", "kept")
_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, kw_only=True)
class TimeRule:
    """Which times count, fixed before they are seen.

    Parameters
    ----------
    shortest_s : float
        Shorter times are slips of the clock and are left out; above 0.
    pause_limit_s : float
        A longer time holds a pause.
    pauses : {"cut", "excluded", "kept"}
        A time with a pause counts as the limit, is left out, or counts as it was recorded.

    Raises
    ------
    ScoringError
        If the times do not rise from above 0, or there is no such rule.
    """

    shortest_s: float = 3.0
    pause_limit_s: float = 600.0
    pauses: Pauses = "cut"

    def __post_init__(self) -> None:
        """Check the rule."""
        if not 0 < self.shortest_s < self.pause_limit_s < math.inf:
            msg = (
                "the shortest time must lie above 0 s and below the limit of a pause, but they are "
                f"{self.shortest_s:g} and {self.pause_limit_s:g} s; a time of 0 s is no time"
            )
            raise ScoringError(msg)
        if self.pauses not in PAUSES:
            msg = f"pauses must be one of {', '.join(PAUSES)}, but got {self.pauses!r}"
            raise ScoringError(msg)


@dataclass(frozen=True, kw_only=True, eq=False)
class TimedReadings:
    """Reading times of people in two modalities, joined by case and reader.

    Parameters
    ----------
    case_id, patient_id : ndarray of str, shape (n_cases,)
        Cases that somebody read in one of the modalities, in the order of the cases table.
    truth : ndarray of float, shape (n_cases,)
        1 with cancer, 0 without, NaN not known: a time needs no truth.
    readers : tuple of str
        Pseudonyms R1, R2, ... in the order of the readers table.
    modalities : (str, str)
        The comparator first.
    read : ndarray of bool, shape (n_cases, n_readers, 2)
        Whether the reader read the case to the end.
    seconds : ndarray of float, shape (n_cases, n_readers, 2)
        As recorded; NaN not read or not timed.
    order : ndarray of float, shape (n_cases, n_readers, 2)
        Place of the reading in the reader's session, from 1; NaN not known.
    second : ndarray of float, shape (n_cases, n_readers, 2)
        1 if the reader had read the case in the other modality before, 0 if not, NaN not known.
    """

    case_id: NDArray[np.str_]
    patient_id: NDArray[np.str_]
    truth: FloatArray
    readers: tuple[str, ...]
    modalities: tuple[str, str]
    read: BoolArray
    seconds: FloatArray
    order: FloatArray
    second: FloatArray

    @property
    def patient(self) -> IndexArray:
        """Number of the patient of each case, from 0, shape (n_cases,)."""
        return np.unique(self.patient_id, return_inverse=True)[1]

    @property
    def n_patients(self) -> int:
        """Number of patients of the cases."""
        return int(np.unique(self.patient_id).size)

    @property
    def names(self) -> tuple[str, str]:
        """Both modalities as sentences name them."""
        a, b = self.modalities
        return f"{a} reading", f"{b} reading"

    def used(self, rule: TimeRule) -> FloatArray:
        """Return the times under a rule, shape (n_cases, n_readers, 2); NaN left out."""
        seconds = np.where(self.seconds >= rule.shortest_s, self.seconds, np.nan)
        if rule.pauses == "kept":
            return seconds
        instead = rule.pause_limit_s if rule.pauses == "cut" else np.nan
        return np.where(seconds > rule.pause_limit_s, instead, seconds)


@dataclass(frozen=True, kw_only=True)
class TimeCounts:
    """What became of the readings of one modality.

    Parameters
    ----------
    modality : str
        Reading condition.
    n_read : int
        Readings that were completed.
    n_untimed, n_short : int
        Of these, without a time, and with one under the shortest.
    n_paused : int
        Longer than the limit of a pause; used or not, as the rule says.
    n_used : int
        Times that count.
    """

    modality: str
    n_read: int
    n_untimed: int
    n_short: int
    n_paused: int
    n_used: int


def time_counts(timed: TimedReadings, rule: TimeRule) -> tuple[TimeCounts, TimeCounts]:
    """Return what became of the readings of each modality."""
    used = ~np.isnan(timed.used(rule))
    a, b = (
        TimeCounts(
            modality=modality,
            n_read=int(timed.read[:, :, place].sum()),
            n_untimed=int((timed.read & np.isnan(timed.seconds))[:, :, place].sum()),
            n_short=int((timed.seconds[:, :, place] < rule.shortest_s).sum()),
            n_paused=int((timed.seconds[:, :, place] > rule.pause_limit_s).sum()),
            n_used=int(used[:, :, place].sum()),
        )
        for place, modality in enumerate(timed.modalities)
    )
    return a, b


def timed_readings(
    readings: pd.DataFrame,
    readers: pd.DataFrame,
    cases: pd.DataFrame,
    *,
    modalities: Sequence[str],
    session: str | None = None,
) -> TimedReadings:
    """Return how long people took for each case in two modalities.

    Parameters
    ----------
    readings, readers, cases : DataFrame
        Canonical tables.
    modalities : sequence of str
        Two reading conditions, the comparator first.
    session : str or None
        Reading session. None takes whichever session a reader read a case in, as where half of
        the cases were read aided first and the others unaided first.

    Returns
    -------
    TimedReadings
        Readings that were completed, with or without a time.

    Raises
    ------
    ScoringError
        If the modalities are not two different ones, nobody read in one of them or no reading of
        it has a time, or a reader read a case twice in one.
    """
    if len(modalities) != 2 or len(set(modalities)) != 2:
        msg = f"modalities must be two different ones, but got {', '.join(modalities)}"
        raise ScoringError(msg)
    a, b = modalities
    chosen = _completed(readings, readers, session=session)
    by_modality = [_of_modality(chosen, modality) for modality in (a, b)]
    read_cases = set().union(*(part["case_id"] for part in by_modality))
    known = cases[cases["case_id"].isin(read_cases)]
    people = set().union(*(part["reader_id"] for part in by_modality))
    who = readers["reader_id"][readers["reader_id"].isin(people)].tolist()
    grid = {
        name: np.stack([_spread(part, name, known["case_id"], who) for part in by_modality], axis=2)
        for name in ("read", "reading_time_s", "order", "day", "session_number")
    }
    labels = reader_labels(readers)
    # A case without a patient is a patient of its own; no identifier begins with a blank.
    patients = known["patient_id"].where(known["patient_id"].notna(), " " + known["case_id"])
    read = ~np.isnan(grid["read"])
    return TimedReadings(
        case_id=known["case_id"].to_numpy(dtype=str),
        patient_id=patients.to_numpy(dtype=str),
        truth=known["truth"].to_numpy(dtype=np.float64),
        readers=tuple(labels[reader] for reader in who),
        modalities=(a, b),
        read=read,
        seconds=grid["reading_time_s"],
        order=grid["order"],
        second=_second(read, grid["day"], grid["session_number"]),
    )


def _completed(
    readings: pd.DataFrame, readers: pd.DataFrame, *, session: str | None
) -> pd.DataFrame:
    """Return the completed readings of people with what tells their time and their order."""
    import pandas as pd

    people = readers["reader_id"][readers["kind"] == "human"]
    chosen = readings[readings["reader_id"].isin(people) & (readings["status"] == "complete")]
    if session is not None:
        chosen = chosen[chosen["session"] == session]
    if "reading_time_s" not in chosen:
        msg = "the readings have no reading_time_s; map the column, this chapter is about it"
        raise ScoringError(msg)
    day = np.full(len(chosen), np.nan)
    if "read_at" in chosen:
        days = (pd.to_datetime(chosen["read_at"]) - pd.Timestamp(0)) / _DAY
        day = days.to_numpy(dtype=np.float64)
    return chosen.assign(
        read=1.0,
        day=day,
        order=chosen.get("order", np.nan),
        session_number=pd.to_numeric(chosen["session"], errors="coerce"),
    )


def _of_modality(chosen: pd.DataFrame, modality: str) -> pd.DataFrame:
    """Return the readings of one modality, at least one of them timed and none of a case twice."""
    part = chosen[chosen["modality"] == modality]
    if part.empty:
        there = ", ".join(sorted({str(name) for name in chosen["modality"]})) or "none"
        msg = (
            f"no completed reading of a person in modality {modality!r}; modalities read by "
            f"people: {there}"
        )
        raise ScoringError(msg)
    if part["reading_time_s"].isna().all():
        msg = f"none of {len(part):,} readings in modality {modality!r} has a time"
        raise ScoringError(msg)
    _refuse_second_readings(part, modality=modality)
    return part


def _spread(part: pd.DataFrame, name: str, case_id: pd.Series, who: list[Any]) -> FloatArray:
    """Return one column of the readings of a modality, shape (n_cases, n_readers)."""
    grid = part.pivot(index="case_id", columns="reader_id", values=name)
    return grid.reindex(index=case_id, columns=who).to_numpy(dtype=np.float64)


def _second(read: BoolArray, day: FloatArray, session: FloatArray) -> FloatArray:
    """Return which of two readings of a case came second, from their day or else their session."""
    days = day[:, :, 1] - day[:, :, 0]
    step = np.where(np.isnan(days) | (days == 0), session[:, :, 1] - session[:, :, 0], days)
    b_second = np.where(np.isnan(step) | (step == 0), np.nan, (step > 0).astype(float))
    both = read[:, :, [0]] & read[:, :, [1]]
    return np.where(both, np.stack([1 - b_second, b_second], axis=2), 0.0)


def case_scores(
    readings: pd.DataFrame,
    readers: pd.DataFrame,
    case_id: NDArray[np.str_],
    *,
    ai: str = "",
    modality: str = "standalone",
) -> FloatArray:
    """Return the score of one AI for some cases, shape (n_cases,); NaN where it gave none.

    Parameters
    ----------
    readings, readers : DataFrame
        Canonical tables.
    case_id : ndarray of str, shape (n_cases,)
        The cases.
    ai : str
        Product and version, needed only where several AIs read.
    modality : str
        Reading condition of the AI.

    Raises
    ------
    ScoringError
        If several AIs scored and none is named, the named one did not, or one of them scored a
        case more than once.
    """
    labels = {
        reader: label
        for reader, label in reader_labels(readers).items()
        if reader in set(readers["reader_id"][readers["kind"] == "ai"])
    }
    scored = readings[
        readings["reader_id"].isin(labels.keys())
        & (readings["modality"] == modality)
        & (readings["status"] == "complete")
        & readings["rating"].notna()
    ]
    known = sorted({labels[reader] for reader in scored["reader_id"]})
    if ai not in known and (ai or len(known) > 1):
        wanted = f"the AI {ai!r} gave no score" if ai else "several AIs gave scores"
        msg = (
            f"{wanted} in modality {modality!r}; those that did: {', '.join(known) or 'none'}; "
            "name one of them as ai"
        )
        raise ScoringError(msg)
    if ai:
        scored = scored[scored["reader_id"].map(labels) == ai]
    again = int(scored["case_id"].duplicated().sum())
    if again:
        msg = (
            f"the AI scored {again} cases more than once (identifiers withheld); keep one score "
            "of each"
        )
        raise ScoringError(msg)
    return scored.set_index("case_id")["rating"].reindex(case_id).to_numpy(dtype=np.float64)
