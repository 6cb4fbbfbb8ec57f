"""Reading times by groups of cases: those that the AI scored low or high, with and without cancer.

What AI saves can depend on what it says: a low score may shorten a reading and a high one lengthen
it. Groups of cases differ in more than the score, so only the ratio within a group is a comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, FloatArray
from toolkit.chapters.reading_time.reading_time_analyses import ReadingTimeStudy
from toolkit.chapters.reading_time.reading_time_comparison import times_compared, undefined_ratio
from toolkit.results import Comparison
from toolkit.scoring.ratings import ScoringError, reader_labels

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeGroup:
    """Reading times of one group of cases.

    Parameters
    ----------
    kind : {"score", "truth"}
        What the groups of its kind differ in.
    name : str
        Name in words.
    n_cases : int
        Cases that every compared reader timed in both modalities.
    ratio : Comparison
        Geometric means of these cases, b over a, by the primary analysis; NaN with the reason
        where it is not defined.
    """

    kind: Literal["score", "truth"]
    name: str
    n_cases: int
    ratio: Comparison


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


def time_groups(
    study: ReadingTimeStudy, scores: FloatArray, *, cutoffs: Sequence[float]
) -> tuple[TimeGroup, ...]:
    """Return the times by class of the AI's score, lowest first, then without and with cancer.

    Parameters
    ----------
    study : ReadingTimeStudy
        The analysed times.
    scores : ndarray, shape (n_cases,)
        The AI's score of each case of the study; NaN where it gave none.
    cutoffs : sequence of float
        Scores from which up the next class begins, rising; empty for no classes.

    Returns
    -------
    tuple of TimeGroup
        Only groups that hold a case.

    Raises
    ------
    ScoringError
        If the cut-offs do not rise.
    """
    borders = np.asarray(cutoffs, dtype=np.float64)
    if borders.size and not (np.isfinite(borders).all() and (np.diff(borders) > 0).all()):
        msg = f"score_cutoffs must be rising numbers, but are {', '.join(map(str, cutoffs))}"
        raise ScoringError(msg)
    groups: list[TimeGroup] = []
    if borders.size:
        number = np.where(np.isnan(scores), -1, np.searchsorted(borders, scores, side="right"))
        for place, name in enumerate(_class_names(borders)):
            groups += _group(study, "score", name, number == place)
        groups += _group(study, "score", "No score", number == -1)
    truth = study.timed.truth
    groups += _group(study, "truth", "Without cancer", truth == 0)
    groups += _group(study, "truth", "With cancer", truth == 1)
    groups += _group(study, "truth", "Not known", np.isnan(truth))
    return tuple(groups)


def _class_names(borders: FloatArray) -> list[str]:
    """Return the names of the classes between cut-offs."""
    between = [f"{low:g} to under {high:g}" for low, high in pairwise(borders.tolist())]
    return [f"Under {borders[0]:g}", *between, f"{borders[-1]:g} and more"]


def _group(
    study: ReadingTimeStudy,
    kind: Literal["score", "truth"],
    name: str,
    rows: BoolArray,
) -> list[TimeGroup]:
    """Return the group if it holds a case."""
    if not rows.any():
        return []
    found = times_compared(study.timed, study.plan, study.times, study.labels, rows)
    if found is None:
        reason = "no examination of the group has every time"
        ratio = undefined_ratio(study.timed, study.plan, reason)
        return [TimeGroup(kind=kind, name=name, n_cases=0, ratio=ratio)]
    return [TimeGroup(kind=kind, name=name, n_cases=found.ratio.n_cases or 0, ratio=found.ratio)]
