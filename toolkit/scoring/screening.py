"""The same women read in two ways: what each reading recalled and found, paired by woman."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, ObjectArray
from toolkit.scoring.case_mix import sampling_weight, weights_differ
from toolkit.scoring.ratings import ScoringError, is_arbiter
from toolkit.scoring.verification import unverified

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class PairedScreening:
    """Women whose examination was read both ways, a without and b with what is tested.

    Arrays have one row a woman; where there are two columns, the first is a, the second b.

    Parameters
    ----------
    call : ndarray of float, shape (n_women, 2)
        1 recalled, 0 not: the arbiter's call where there is one, else any recall.
    n_readings : ndarray of float, shape (n_women, 2)
        Readings that were made, an arbiter's included.
    truth : ndarray of float, shape (n_women,)
        1 cancer, 0 none, NaN not known.
    biopsied : ndarray of float, shape (n_women,)
        NaN where not known.
    follow_up_months : ndarray of float, shape (n_women,)
        NaN where not recorded.
    density, indication, cancer_type : ndarray of object, shape (n_women,)
        Empty text where not recorded.
    size_mm : ndarray of float, shape (n_women,)
        Largest lesion, NaN where none is recorded.
    reader_times_s : ndarray of float, shape (n_readers, 2)
        Geometric mean of the times of each reader who was timed in both ways.
    n_timed : (int, int)
        Readings behind ``reader_times_s``.
    n_readers : int
        People who read first or second; who only arbitrates is not counted.
    n_same_reader : int
        Women whom one person read both ways, an arbiter too.
    n_arbitrated : (int, int)
        Women whose call is an arbiter's.
    n_patients : int
        Women by their identifier; fewer than rows if some were examined twice.
    n_enrolled, n_one_way, n_unread : int
        Examinations of the study; of these read one way only, and not at all.
    unverified : ndarray of bool, shape (n_women,)
        Who was not recalled in practice and counts as free of cancer for that, see
        ``verification``.
    weighted : bool
        Whether women stand for different numbers of others.
    n_without_score : int or None
        Women read both ways whose examination has no AI score; None where no AI is in the data.
    """

    call: FloatArray
    n_readings: FloatArray
    truth: FloatArray
    biopsied: FloatArray
    follow_up_months: FloatArray
    density: ObjectArray
    indication: ObjectArray
    cancer_type: ObjectArray
    size_mm: FloatArray
    reader_times_s: FloatArray
    n_timed: tuple[int, int]
    n_readers: int
    n_same_reader: int
    n_arbitrated: tuple[int, int]
    n_patients: int
    n_enrolled: int
    n_one_way: int
    n_unread: int
    unverified: BoolArray
    weighted: bool
    n_without_score: int | None

    @property
    def n_women(self) -> int:
        """Women read both ways."""
        return int(self.truth.size)

    @property
    def recalled(self) -> BoolArray:
        """Whether either reading recalled, shape (n_women,)."""
        return np.asarray((self.call == 1).any(axis=1))

    @property
    def pending(self) -> BoolArray:
        """Whether a woman was recalled and the outcome is not known yet, shape (n_women,)."""
        return self.recalled & np.isnan(self.truth)

    @property
    def found(self) -> BoolArray:
        """Whether each reading recalled a woman with cancer, shape (n_women, 2)."""
        return np.asarray((self.call == 1) & (self.truth == 1)[:, None])

    def not_followed(self, months_needed: float) -> BoolArray:
        """Return which women nobody recalled are not known to have, or to be free of, cancer.

        A cancer is known once it is found; freedom from cancer takes ``months_needed`` months.
        """
        cleared = (self.truth == 0) & (self.follow_up_months >= months_needed)
        return np.asarray(~self.recalled & ~cleared & (self.truth != 1))


def paired_screening(
    readings: pd.DataFrame,
    readers: pd.DataFrame,
    cases: pd.DataFrame,
    lesions: pd.DataFrame | None = None,
    *,
    modality_a: str,
    modality_b: str,
    session: str = "1",
) -> PairedScreening:
    """Return the women whom people read in both modalities, paired by key.

    Parameters
    ----------
    readings, readers, cases : DataFrame
        Canonical tables; every row of ``cases`` is an examination that was enrolled.
    lesions : DataFrame or None
        Canonical table, for the size of the cancers.
    modality_a, modality_b : str
        Comparator and what is compared with it: unaided and aided.
    session : str
        Reading session.

    Raises
    ------
    ScoringError
        If a modality has no recall of a person, no woman was read both ways, or a case is one
        breast and not one woman's examination.
    """
    if "laterality" in cases and cases["laterality"].notna().any():
        msg = (
            "cases are single breasts here, but women are recalled; give the cases table one row "
            "an examination"
        )
        raise ScoringError(msg)
    people = readings[
        readings["reader_id"].isin(readers["reader_id"][readers["kind"] == "human"])
        & (readings["session"] == session)
        & (readings["status"] == "complete")
        & readings["call"].notna()
        & readings["case_id"].isin(cases["case_id"])
    ]
    modalities = (modality_a, modality_b)
    _check_modalities(people, modalities)
    call = _per_case([_joint_call(people, m) for m in modalities], cases)
    ways = (~np.isnan(call)).sum(axis=1)
    both = cases[ways == 2]
    if both.empty:
        msg = (
            f"no woman was read both in modality {modality_a!r} and in {modality_b!r}; a paired "
            "analysis needs both readings of the same women"
        )
        raise ScoringError(msg)
    used = people[people["case_id"].isin(both["case_id"]) & people["modality"].isin(modalities)]
    first_or_second = used[~is_arbiter(used)]
    times, n_timed = _reader_times(first_or_second, modalities)
    counts = [used[used["modality"] == m].groupby("case_id").size() for m in modalities]
    return PairedScreening(
        call=call[ways == 2],
        n_readings=_per_case(counts, both),
        truth=_numbers(both, "truth"),
        biopsied=_numbers(both, "biopsied"),
        follow_up_months=_numbers(both, "follow_up_months"),
        density=_texts(both, "density"),
        indication=_texts(both, "indication"),
        cancer_type=_texts(both, "cancer_type"),
        size_mm=_sizes(both, lesions),
        reader_times_s=times,
        n_timed=n_timed,
        n_readers=int(first_or_second["reader_id"].nunique()),
        n_same_reader=_same_reader(used),
        n_arbitrated=_arbitrated(used, modalities),
        n_patients=int(
            both["patient_id"].where(both["patient_id"].notna(), both["case_id"]).nunique()
        ),
        n_enrolled=len(cases),
        n_one_way=int((ways == 1).sum()),
        n_unread=int((ways == 0).sum()),
        unverified=unverified(both),
        weighted=weights_differ(sampling_weight(both)),
        n_without_score=_without_score(readings, readers, both),
    )


def _check_modalities(people: pd.DataFrame, modalities: Sequence[str]) -> None:
    """Refuse modalities that nobody called in, and one that is compared with itself."""
    if modalities[0] == modalities[1]:
        msg = f"modality_a and modality_b must differ, but both are {modalities[0]!r}"
        raise ScoringError(msg)
    there = sorted(str(modality) for modality in people["modality"].unique())
    for modality in modalities:
        if modality not in there:
            msg = (
                f"no reading by a person in modality {modality!r} has a recall decision; "
                f"modalities that have: {', '.join(there) or 'none'}"
            )
            raise ScoringError(msg)


def _joint_call(people: pd.DataFrame, modality: str) -> pd.Series:
    """Return one call a case: the arbiter's where there is one, else whether anybody recalled."""
    chosen = people[people["modality"] == modality]
    joint: pd.Series = chosen.groupby("case_id")["call"].max()
    joint.update(chosen[is_arbiter(chosen)].groupby("case_id")["call"].max())
    return joint


def _per_case(columns: Sequence[pd.Series], cases: pd.DataFrame) -> FloatArray:
    """Return series by case as columns, in the order of the cases; NaN where there is none."""
    return np.column_stack(
        [column.reindex(cases["case_id"]).to_numpy(dtype=np.float64) for column in columns]
    )


def _numbers(cases: pd.DataFrame, name: str) -> FloatArray:
    """Return a column of numbers; NaN throughout where the data have no such column."""
    if name not in cases:
        return np.full(len(cases), np.nan)
    return cases[name].to_numpy(dtype=np.float64)


def _texts(cases: pd.DataFrame, name: str) -> ObjectArray:
    """Return a column of categories; empty text where it is not recorded."""
    if name not in cases:
        return np.full(len(cases), "", dtype=object)
    return cases[name].fillna("").to_numpy(dtype=object)


def _sizes(cases: pd.DataFrame, lesions: pd.DataFrame | None) -> FloatArray:
    """Return the size of each case's largest lesion."""
    if lesions is None or "size_mm" not in lesions:
        return np.full(len(cases), np.nan)
    return _per_case([lesions.groupby("case_id")["size_mm"].max()], cases)[:, 0]


def _reader_times(
    used: pd.DataFrame, modalities: tuple[str, str]
) -> tuple[FloatArray, tuple[int, int]]:
    """Return the geometric mean time of every reader timed both ways, and the readings behind."""
    if "reading_time_s" not in used:
        return np.empty((0, 2)), (0, 0)
    timed = used[used["reading_time_s"] > 0]
    logs = timed.assign(log_time=np.log(timed["reading_time_s"])).pivot_table(
        index="reader_id", columns="modality", values="log_time", aggfunc=["mean", "size"]
    )
    if not all(("mean", modality) in logs for modality in modalities):
        return np.empty((0, 2)), (0, 0)
    means = logs["mean"][list(modalities)].dropna()
    first, second = (int(logs["size"].loc[means.index, modality].sum()) for modality in modalities)
    return np.exp(means.to_numpy(dtype=np.float64)), (first, second)


def _same_reader(used: pd.DataFrame) -> int:
    """Return how many women one reader read both ways."""
    ways = used.groupby(["case_id", "reader_id"])["modality"].nunique()
    return int((ways > 1).groupby("case_id").any().sum())


def _arbitrated(used: pd.DataFrame, modalities: tuple[str, str]) -> tuple[int, int]:
    """Return how many women an arbiter decided on, by modality."""
    decided = used[is_arbiter(used)]
    first, second = (
        int(decided["case_id"][decided["modality"] == modality].nunique())
        for modality in modalities
    )
    return first, second


def _without_score(
    readings: pd.DataFrame, readers: pd.DataFrame, cases: pd.DataFrame
) -> int | None:
    """Return how many cases no AI gave a result for; None where no AI is in the readings."""
    programs = readings[readings["reader_id"].isin(readers["reader_id"][readers["kind"] == "ai"])]
    if programs.empty:
        return None
    scored = programs["case_id"][programs["status"] == "complete"]
    return int((~cases["case_id"].isin(scored)).sum())
