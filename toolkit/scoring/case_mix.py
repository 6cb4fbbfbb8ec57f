"""Which cases stand for what: their sampling weights, and why they were examined.

The only place that decides both, for every chapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray, ObjectArray

if TYPE_CHECKING:
    import pandas as pd

SCREENING = "screening"
EVERYTHING = "all"
NOT_STATED = "not_stated"
INDICATIONS = (SCREENING, "symptomatic", "follow_up", "other", NOT_STATED)
FEWEST_CASES = 2  # of a class: a single one has no variance


class ScoringError(ValueError):
    """The tables cannot give what was asked for, and what to do about it."""


def sampling_weight(cases: pd.DataFrame) -> FloatArray | None:
    """Return the weight of each case, shape (n_cases,), or None where the cases have none.

    Raises
    ------
    ScoringError
        If some cases have a weight and others have none.

    Examples
    --------
    >>> import pandas as pd
    >>> sampling_weight(pd.DataFrame({"weight": [1.0, 6.0]})).tolist()
    [1.0, 6.0]
    >>> sampling_weight(pd.DataFrame({"case_id": ["a", "b"]})) is None
    True
    """
    if "weight" not in cases or cases["weight"].isna().all():
        return None
    missing = int(cases["weight"].isna().sum())
    if missing:
        msg = (
            f"{missing} of {len(cases)} cases have no weight, but the others have one; give the "
            "weight of every case, or map no column to cases.weight"
        )
        raise ScoringError(msg)
    return cases["weight"].to_numpy(dtype=np.float64)


def weights_differ(weight: FloatArray | None) -> bool:
    """Whether cases stand for different numbers of others, so that weights change an estimate."""
    return weight is not None and weight.size > 0 and bool(np.ptp(weight) > 0)


def indication_of(cases: pd.DataFrame) -> ObjectArray:
    """Return why each case was examined, shape (n_cases,); ``"all"`` where the cases do not say."""
    if "indication" not in cases or cases["indication"].isna().all():
        return np.full(len(cases), EVERYTHING, dtype=object)
    return cases["indication"].fillna(NOT_STATED).to_numpy(dtype=object)


def indications_in(indication: ObjectArray) -> tuple[str, ...]:
    """Return the indications that occur, screening first; ``("all",)`` where cases do not say."""
    present = set(indication.tolist())
    return tuple(name for name in INDICATIONS if name in present) or (EVERYTHING,)


def shown_apart(indication: ObjectArray) -> tuple[str, ...]:
    """Return the indications of a table that shows each, all together last; none for one alone."""
    groups = indications_in(indication)
    return (*groups, EVERYTHING) if len(groups) > 1 else ()


def numbers_in(indication: ObjectArray, groups: Sequence[str]) -> IntArray:
    """Return the number of each case's indication in ``groups``, shape (n_cases,)."""
    place = {name: number for number, name in enumerate(groups)}
    return np.array([place[name] for name in indication.tolist()], dtype=np.int64)


def spoken_of(truth: FloatArray, indication: ObjectArray) -> str:
    """Return the indication that accuracy is given for: examinations of several are not pooled.

    Parameters
    ----------
    truth : ndarray of float, shape (n_cases,)
        1 cancer, 0 none; NaN is not known.
    indication : ndarray of object, shape (n_cases,)
        From ``indication_of``.

    Returns
    -------
    str
        Screening where the cases have several indications and screening has two cases with cancer
        and two without; ``"all"`` where there is one indication, or screening has too few.

    Examples
    --------
    >>> import numpy as np
    >>> reason = np.array(["screening"] * 4 + ["symptomatic"], dtype=object)
    >>> spoken_of(np.array([0.0, 0, 1, 1, 1]), reason)
    'screening'
    >>> spoken_of(np.array([0.0, 0, 0, 1, 1]), reason)  # one cancer at screening
    'all'
    """
    if len(indications_in(indication)) < 2:
        return EVERYTHING
    screening = truth[indication == SCREENING]
    enough = min((screening == 1).sum(), (screening == 0).sum()) >= FEWEST_CASES
    return SCREENING if enough else EVERYTHING


def cases_of(indication: ObjectArray, name: str) -> BoolArray:
    """Return the cases of one indication, or every case for ``"all"``, shape (n_cases,)."""
    if name == EVERYTHING:
        return np.ones(indication.size, dtype=np.bool_)
    return np.asarray(indication == name, dtype=np.bool_)
