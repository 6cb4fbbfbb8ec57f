"""Readings to arrays: who rated and recalled which case, joined by key and never by position."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import FloatArray, IndexArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["human", "ai"]
Rule = Literal["majority", "any", "programme"]


class ScoringError(ValueError):
    """The tables cannot give what was asked for, and what to do about it."""


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
    labels : tuple of str
        One a reader. People get pseudonyms R1, R2, ... in the order of the readers table.
    rating, call : ndarray of float, shape (n_cases, n_readers)
        NaN where the reader gave none.
    n_failed, n_missing, n_without_truth : int
        Readings left out: the AI failed, no result came, or the case has no truth yet.
    """

    case_id: NDArray[np.str_]
    patient_id: NDArray[np.str_]
    truth: FloatArray
    programme: FloatArray
    labels: tuple[str, ...]
    rating: FloatArray
    call: FloatArray
    n_failed: int
    n_missing: int
    n_without_truth: int

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
            rating=self.rating[rows],
            call=self.call[rows],
        )

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


def rating_array(
    readings: pd.DataFrame,
    readers: pd.DataFrame,
    cases: pd.DataFrame,
    *,
    kind: Kind,
    modality: str,
    session: str | None = "1",
    required: bool = True,
) -> RatingArray:
    """Return the readings of one kind of reader in one modality as arrays.

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
    of_kind = readings["reader_id"].isin(readers["reader_id"][readers["kind"] == kind])
    in_session = True if session is None else readings["session"] == session
    chosen = readings[of_kind & (readings["modality"] == modality) & in_session]
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
        labels=tuple(labels[reader] for reader in who),
        n_failed=int((chosen["status"] == "failed").sum()),
        n_missing=int((chosen["status"] == "missing").sum()),
        n_without_truth=int((~complete["case_id"].isin(known_ids)).sum()),
        **grid,
    )


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
    rule : {"majority", "any", "programme"}
        More than half of the readers who called the case; any of them; or what the programme
        decided in the end, as the cases table says.

    Returns
    -------
    ndarray of float, shape (n_cases,)
        1 recalled, 0 not, NaN where nobody called the case.
    """
    if rule == "programme":
        return readings.programme
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
