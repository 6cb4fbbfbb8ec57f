"""Two sets of readings, paired by case or unpaired: different types, so that none stands for other.

A paired statistic takes rows of the same cases, an unpaired one independent groups of patients.
Taking pairs as groups makes intervals too wide, and groups that share patients too narrow.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.scoring.ratings import RatingArray, ScoringError


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
