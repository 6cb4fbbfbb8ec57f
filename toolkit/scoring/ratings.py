"""Readings to arrays: who rated and recalled which case, joined by key and never by position."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray, ObjectArray
from toolkit.scoring.case_mix import (
    EVERYTHING,
    cases_of,
    indication_of,
    sampling_weight,
    spoken_of,
)
from toolkit.scoring.case_mix import (
    ScoringError as ScoringError,  # the one error of all scoring, taken from here
)
from toolkit.scoring.verification import unverified

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["human", "ai"]
Rule = Literal["majority", "any", "programme", "first_read"]
FIRST, ARBITER = 1, 3  # readings.position of the first reading, and of the one that decides


@dataclass(frozen=True, kw_only=True, eq=False)
class RatingArray:
    """Readings of cases with a known truth, by readers of one kind in one modality.

    Parameters
    ----------
    case_id : ndarray of str, shape (n_cases,)
        In the order of the cases table.
    patient_id : ndarray of str, shape (n_cases,)
        The patient of each case; cases of one patient share it.
    truth : ndarray of float, shape (n_cases,)
        1 with cancer, 0 without.
    programme : ndarray of float, shape (n_cases,)
        1 recalled by the programme, 0 not, NaN unknown.
    first : ndarray of float, shape (n_cases,)
        1 recalled by the reader in position 1, 0 not, NaN without such a reading.
    indication : ndarray of object, shape (n_cases,)
        Why each case was examined; ``"all"`` where the cases do not say.
    weight : ndarray of float, shape (n_cases,), or None
        Cases of the population that each stands for; None where the cases have no weights.
    unverified : ndarray of bool, shape (n_cases,)
        Who counts as free of cancer only because no cancer came up, see ``verification``.
    labels : tuple of str
        One a reader. People get pseudonyms R1, R2, ... in the order of the readers table.
    rating, call : ndarray of float, shape (n_cases, n_readers)
        NaN where the reader gave none.
    n_failed, n_missing, n_without_truth : int
        Readings left out: the AI failed, no result came, or the case has no truth yet.
    n_arbiter : int
        Readings left out because they are an arbiter's, who is no reader of every case.
    """

    case_id: NDArray[np.str_]
    patient_id: NDArray[np.str_]
    truth: FloatArray
    programme: FloatArray
    first: FloatArray
    indication: ObjectArray
    weight: FloatArray | None
    unverified: BoolArray
    labels: tuple[str, ...]
    rating: FloatArray
    call: FloatArray
    n_failed: int
    n_missing: int
    n_without_truth: int
    n_arbiter: int = 0

    @property
    def patient(self) -> IndexArray:
        """Number of the patient of each case, from 0 in these readings, shape (n_cases,)."""
        return np.unique(self.patient_id, return_inverse=True)[1]

    @property
    def n_cases(self) -> int:
        """Number of cases."""
        return int(self.truth.size)

    @property
    def n_positive(self) -> int:
        """Number of cases with cancer."""
        return int(self.truth.sum())

    def take(self, rows: IntArray) -> RatingArray:
        """Return the same readings of some cases, in the order asked for."""
        return replace(
            self,
            case_id=self.case_id[rows],
            patient_id=self.patient_id[rows],
            truth=self.truth[rows],
            programme=self.programme[rows],
            first=self.first[rows],
            indication=self.indication[rows],
            weight=self.weight_of(rows),
            unverified=self.unverified[rows],
            rating=self.rating[rows],
            call=self.call[rows],
        )

    def weight_of(self, rows: IntArray | BoolArray) -> FloatArray | None:
        """Return the weights of some cases, or None where there are none."""
        return None if self.weight is None else self.weight[rows]

    @property
    def spoken_of(self) -> str:
        """The indication that accuracy is given for, see ``case_mix.spoken_of``."""
        return spoken_of(self.truth, self.indication)

    def of_indication(self, name: str) -> RatingArray:
        """Return the readings of one indication, or all of them for ``"all"``."""
        return self.take(np.flatnonzero(cases_of(self.indication, name)))

    def called_from(self, threshold: float | None) -> RatingArray:
        """Return the readings with a recall wherever the rating is at least ``threshold``.

        Calls that the readers gave themselves stay; None changes nothing.
        """
        if threshold is None:
            return self
        made = np.where(np.isnan(self.rating), np.nan, (self.rating >= threshold).astype(float))
        return replace(self, call=np.where(np.isnan(self.call), made, self.call))


def reader_labels(readers: pd.DataFrame) -> dict[str, str]:
    """Return a label for each reader: R1, R2, ... for people, product and version for an AI."""
    people = readers["reader_id"][readers["kind"] == "human"]
    labels = {reader: f"R{number}" for number, reader in enumerate(people, start=1)}
    for row in readers[readers["kind"] == "ai"].to_dict("records"):
        # A table may lack either column, and a cell of it may be missing.
        named = [row[name] for name in ("product", "version") if isinstance(row.get(name), str)]
        labels[row["reader_id"]] = " ".join(named) or "AI"
    return labels


def score_scale(readers: pd.DataFrame, label: str) -> tuple[float, float]:
    """Return the ends of the score of the AI with a label; NaN where they are not known."""
    labels = reader_labels(readers)
    named = readers[[labels[reader] == label for reader in readers["reader_id"]]]
    low, high = (
        float(named[end].iloc[0]) if end in named and len(named) else np.nan
        for end in ("score_min", "score_max")
    )
    return low, high


def is_arbiter(readings: pd.DataFrame) -> BoolArray:
    """Return which readings are an arbiter's, who reads where two readers differ, (n_readings,).

    Such a reading is neither a first nor a second one, and nowhere counted among them.
    """
    if "position" not in readings:
        return np.zeros(len(readings), dtype=np.bool_)
    return (readings["position"] == ARBITER).fillna(False).to_numpy(dtype=np.bool_)


def rating_array(
    readings: pd.DataFrame,
    readers: pd.DataFrame,
    cases: pd.DataFrame,
    *,
    kind: Kind,
    modality: str,
    session: str | None = "1",
    required: bool = True,
    indication: str = EVERYTHING,
) -> RatingArray:
    """Return the readings of one kind of reader in one modality as arrays, no arbiter's among them.

    Parameters
    ----------
    readings, readers, cases : DataFrame
        Canonical tables.
    kind : {"human", "ai"}
        People or programs.
    modality : str
        Reading condition: unaided, aided, or standalone for an AI.
    session : str or None
        Reading session. None takes whichever session a reader read a case in, as where half of
        the cases were read aided first and the others unaided first.
    required : bool
        False returns an empty array, no case and no reader, where there is no such reading.
    indication : str
        Why the cases were examined; ``"all"`` takes every case.

    Returns
    -------
    RatingArray
        Cases with a truth that at least one of the readers read to the end.

    Raises
    ------
    ScoringError
        If there is no such reading; the message lists what there is. If ``session`` is None and a
        reader read a case to the end in more than one session.
    """
    if indication != EVERYTHING:
        cases = cases[cases_of(indication_of(cases), indication)]
        readings = readings[readings["case_id"].isin(cases["case_id"])]
    of_kind = readings["reader_id"].isin(readers["reader_id"][readers["kind"] == kind])
    in_session = True if session is None else readings["session"] == session
    chosen = readings[of_kind & (readings["modality"] == modality) & in_session]
    arbiter = is_arbiter(chosen)
    chosen, n_arbiter = chosen[~arbiter], int(arbiter.sum())
    if chosen.empty and required:
        there = sorted({str(m) for m in readings["modality"][of_kind]})
        when = "any session" if session is None else f"session {session!r}"
        msg = (
            f"no reading of kind {kind!r} in modality {modality!r}, {when}; "
            f"modalities of that kind: {', '.join(there) or 'none'}"
        )
        raise ScoringError(msg)
    complete = chosen[chosen["status"] == "complete"]
    _refuse_second_readings(complete, modality=modality)
    known = cases[cases["truth"].notna()]
    known_ids = set(known["case_id"])
    used = complete[complete["case_id"].isin(known_ids)]
    known = known[known["case_id"].isin(used["case_id"])]
    who = readers["reader_id"][readers["reader_id"].isin(used["reader_id"])].tolist()
    grid = {
        name: used.pivot(index="case_id", columns="reader_id", values=name)
        .reindex(index=known["case_id"], columns=who)
        .to_numpy(dtype=np.float64)
        for name in ("rating", "call")
    }
    # A case without a patient is a patient of its own; no identifier begins with a blank.
    patients = known["patient_id"].where(known["patient_id"].notna(), " " + known["case_id"])
    labels = reader_labels(readers)
    recalled = known["recalled"].to_numpy() if "recalled" in known else np.full(len(known), np.nan)
    return RatingArray(
        case_id=known["case_id"].to_numpy(dtype=str),
        patient_id=patients.to_numpy(dtype=str),
        truth=known["truth"].to_numpy(dtype=np.float64),
        programme=recalled.astype(np.float64),
        first=_first_calls(used, known),
        indication=indication_of(known),
        weight=sampling_weight(known),
        unverified=unverified(known),
        labels=tuple(labels[reader] for reader in who),
        n_failed=int((chosen["status"] == "failed").sum()),
        n_missing=int((chosen["status"] == "missing").sum()),
        n_without_truth=int((~complete["case_id"].isin(known_ids)).sum()),
        n_arbiter=n_arbiter,
        **grid,
    )


def _first_calls(readings: pd.DataFrame, cases: pd.DataFrame) -> FloatArray:
    """Return the call of the reader in position 1 for each case, NaN without one."""
    if "position" not in readings:
        return np.full(len(cases), np.nan)
    first = readings[(readings["position"] == FIRST).fillna(False)]
    call = first.groupby("case_id")["call"].max()
    return call.reindex(cases["case_id"]).to_numpy(dtype=np.float64)


def _refuse_second_readings(complete: pd.DataFrame, *, modality: str) -> None:
    """Raise where a reader read one case more than once: which reading counts is not ours to say.

    Readers and cases are counted, not named, since they identify people.
    """
    again = complete[complete.duplicated(["reader_id", "case_id"], keep=False)]
    if again.empty:
        return
    sessions = sorted({str(name) for name in again["session"]})
    msg = (
        f"cases that one reader read more than once in modality {modality!r}: "
        f"{again['case_id'].nunique()}, readers who did: {again['reader_id'].nunique()} "
        f"(identifiers withheld), in sessions {', '.join(sessions)}; name one session"
    )
    raise ScoringError(msg)


def panel_call(readings: RatingArray, *, rule: Rule) -> FloatArray:
    """Return one call a case from all of its readers.

    Parameters
    ----------
    readings : RatingArray
        With calls.
    rule : {"majority", "any", "programme", "first_read"}
        More than half of the readers who called the case; any of them; what the programme
        decided in the end, as the cases table says; or the reader in position 1.

    Returns
    -------
    ndarray of float, shape (n_cases,)
        1 recalled, 0 not, NaN where nobody called the case.
    """
    if rule == "programme":
        return readings.programme
    if rule == "first_read":
        return readings.first
    called = (~np.isnan(readings.call)).sum(axis=1)
    recalls = np.nansum(readings.call, axis=1)
    needed = called / 2 if rule == "majority" else np.zeros_like(recalls)
    return np.where(called > 0, (recalls > needed).astype(float), np.nan)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedRatings:
    """Two sets of readings of the same cases; row i of both is the same case.

    Parameters
    ----------
    a, b : RatingArray
        In the order of the cases of a.
    n_only_a, n_only_b : int
        Cases that only one of them read, left out of every comparison.
    """

    a: RatingArray
    b: RatingArray
    n_only_a: int
    n_only_b: int

    @property
    def truth(self) -> FloatArray:
        """Truth of each case, shape (n_cases,)."""
        return self.a.truth

    @property
    def n_cases(self) -> int:
        """Number of pairs."""
        return self.a.n_cases


@dataclass(frozen=True, kw_only=True, eq=False)
class UnpairedRatings:
    """Two sets of readings of different patients, each with its own truth.

    Parameters
    ----------
    a, b : RatingArray
        No case and no patient is in both.
    """

    a: RatingArray
    b: RatingArray


def paired_readings(a: RatingArray, b: RatingArray) -> PairedRatings:
    """Join two sets of readings by case.

    Parameters
    ----------
    a, b : RatingArray
        Readings of the comparator a and of b, such as the same people unaided and aided.

    Returns
    -------
    PairedRatings
        The cases of both, and how many only one of them read.

    Raises
    ------
    ScoringError
        If no case is in both, or one case has two truths.
    """
    common, rows, other_rows = np.intersect1d(a.case_id, b.case_id, return_indices=True)
    if common.size == 0:
        msg = (
            f"no case is in both sets of readings ({a.n_cases} and {b.n_cases} cases); pairs need "
            "the same cases, for different patients use unpaired_readings"
        )
        raise ScoringError(msg)
    order = np.argsort(rows)
    first, second = a.take(rows[order]), b.take(other_rows[order])
    for name, differs in (
        ("truth", first.truth != second.truth),
        ("patient", first.patient_id != second.patient_id),
    ):
        if differs.any():
            msg = (
                f"{int(differs.sum())} of {common.size} cases of both sets have another {name} in "
                "each (identifiers withheld); take both from one cases table"
            )
            raise ScoringError(msg)
    return PairedRatings(
        a=first,
        b=second,
        n_only_a=a.n_cases - common.size,
        n_only_b=b.n_cases - common.size,
    )


def unpaired_readings(a: RatingArray, b: RatingArray) -> UnpairedRatings:
    """Return two sets of readings as independent groups; refuse those that are not.

    Parameters
    ----------
    a, b : RatingArray
        Readings of different patients, such as those of two sites.

    Raises
    ------
    ScoringError
        If both share cases or patients.
    """
    shared = np.intersect1d(a.case_id, b.case_id).size
    if shared:
        msg = (
            f"cases in both sets of readings: {shared} (identifiers withheld), so the sets are not "
            "independent; use paired_readings"
        )
        raise ScoringError(msg)
    patients = np.intersect1d(a.patient_id, b.patient_id).size
    if patients:
        msg = (
            f"patients with cases in both sets of readings: {patients} (identifiers withheld), so "
            "the sets are not independent; give each patient to one set, or use a statistic that "
            "takes clusters"
        )
        raise ScoringError(msg)
    return UnpairedRatings(a=a, b=b)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedReadings:
    """The same cases read by people and rated by one AI.

    Parameters
    ----------
    readers, ai : RatingArray
        Row i of both is the same case; the AI's second axis has length 1.
    n_only_readers, n_only_ai : int
        Cases that only one of them read, left out of every comparison.
    """

    readers: RatingArray
    ai: RatingArray
    n_only_readers: int
    n_only_ai: int

    @property
    def truth(self) -> FloatArray:
        """Truth of each case, shape (n_cases,)."""
        return self.readers.truth

    def of_indication(self, name: str) -> PairedReadings:
        """Return the pairs of one indication, or all of them for ``"all"``."""
        return replace(
            self, readers=self.readers.of_indication(name), ai=self.ai.of_indication(name)
        )

    @property
    def ai_rating(self) -> FloatArray:
        """Rating of the AI, shape (n_cases,)."""
        return self.ai.rating[:, 0]


def pair_with_ai(readers: RatingArray, ai: RatingArray) -> PairedReadings:
    """Join people's readings and one AI's ratings by case.

    Raises
    ------
    ScoringError
        If there is more than one AI (two versions are two readers), or no common case.
    """
    if len(ai.labels) != 1:
        msg = (
            f"{len(ai.labels)} AI readers ({', '.join(ai.labels)}) rated these cases; "
            "compare one version at a time"
        )
        raise ScoringError(msg)
    pairs = paired_readings(readers, ai)
    return PairedReadings(
        readers=pairs.a, ai=pairs.b, n_only_readers=pairs.n_only_a, n_only_ai=pairs.n_only_b
    )
