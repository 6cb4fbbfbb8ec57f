"""Who read what: the design of a reader study as its readings show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray
from toolkit.results import Result
from toolkit.stats._checks import check_choice, check_ratings

Kind = Literal[
    "fully crossed",
    "readers nested in modality",
    "cases nested in reader",
    "cases nested in modality",
    "split plot",
    "incomplete",
]
KINDS: tuple[Kind, ...] = (
    "fully crossed",
    "readers nested in modality",
    "cases nested in reader",
    "cases nested in modality",
    "split plot",
    "incomplete",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Design(Result):
    """The design of a reader study.

    Parameters
    ----------
    kind : str
        One of ``KINDS``.
    group : tuple of str
        Group of each reader in a split plot; empty elsewhere.
    n_cases, n_readers, n_modalities : int
        Cases that somebody read, and the axes.
    n_missing : int
        Readings that a fully crossed study of these cases would have had more.
    """

    kind: str
    group: tuple[str, ...] = ()
    n_cases: int
    n_readers: int
    n_modalities: int
    n_missing: int


def detect_design(ratings: ArrayLike, *, declared: Kind | None = None) -> Design:
    """Return the design that readings show, and refuse one that is not the declared one.

    Parameters
    ----------
    ratings : array_like, shape (n_cases, n_readers, n_modalities)
        NaN where a reader did not read a case in a modality.
    declared : str, optional
        Design of the plan, one of ``KINDS``.

    Returns
    -------
    Design

    Raises
    ------
    ValueError
        If nothing was read, or the readings show another design than the declared one; the
        message says how many readings are missing and where the first is.

    Notes
    -----
    A reading that is missing by accident makes a study incomplete: it is never silently analysed
    as if it were crossed, and never by leaving cases out.

    Examples
    --------
    >>> read_by_own = [[[1, np.nan]], [[2, np.nan]], [[np.nan, 1]], [[np.nan, 3]]]
    >>> detect_design(read_by_own).kind
    'cases nested in modality'
    """
    array = np.asarray(ratings)
    n_cases = int(array.shape[0]) if array.ndim else 0
    numbers = check_ratings(
        ratings, n_cases=n_cases, axes=("n_readers", "n_modalities"), missing_allowed=True
    )
    if declared is not None:
        check_choice(declared, name="declared", choices=KINDS)
    read = ~np.isnan(numbers)
    if not read.any():
        msg = "ratings hold no reading at all; check the modality and the session that were chosen"
        raise ValueError(msg)
    some = read[read.any(axis=(1, 2))]
    kind, group = _kind(some)
    if declared is not None and kind != declared:
        raise ValueError(_mismatch(some, kind, declared))
    return Design(
        kind=kind,
        group=group,
        n_cases=int(some.shape[0]),
        n_readers=int(some.shape[1]),
        n_modalities=int(some.shape[2]),
        n_missing=int((~some).sum()),
        method="pattern of the readings",
    )


def _kind(read: BoolArray) -> tuple[Kind, tuple[str, ...]]:
    """Return the design of a pattern (n_cases, n_readers, n_modalities), and readers' groups."""
    if read.all():
        return "fully crossed", ()
    cells = read.any(axis=0)
    if (cells.sum(axis=1) == 1).all() and cells.shape[1] > 1:
        by_reader = read.any(axis=2)
        return ("readers nested in modality" if by_reader.all() else "incomplete"), ()
    if not cells.all():
        return "incomplete", ()
    if _same(read, axis=1) and _disjoint(read[:, 0, :]):
        return "cases nested in modality", ()
    if _same(read, axis=2):
        return _by_reader(read[:, :, 0])
    return "incomplete", ()


def _by_reader(read: BoolArray) -> tuple[Kind, tuple[str, ...]]:
    """Return the design where each reader read the same cases in all modalities."""
    sets = [column.tobytes() for column in read.T]
    names = {key: f"group {place + 1}" for place, key in enumerate(dict.fromkeys(sets))}
    first = [sets.index(key) for key in names]
    if not _disjoint(read[:, first]):
        return "incomplete", ()
    if len(names) == len(sets):
        return "cases nested in reader", ()
    return "split plot", tuple(names[key] for key in sets)


def _same(read: BoolArray, *, axis: int) -> bool:
    """Whether the pattern is the same all along an axis."""
    first = np.take(read, [0], axis=axis)
    return bool((read == first).all())


def _disjoint(read: BoolArray) -> bool:
    """Whether no case belongs to two columns (n_cases, n_sets)."""
    return bool((read.sum(axis=1) == 1).all())


def _mismatch(read: BoolArray, kind: str, declared: str) -> str:
    """Say how the readings differ from the plan."""
    missing = np.argwhere(~read)
    where = ""
    if missing.size:
        case, reader, modality = (int(axis) for axis in missing[0])
        where = (
            f"; {len(missing)} of {read.size} readings of these cases are missing, the first at "
            f"case {case}, reader {reader}, modality {modality}, counted from 0"
        )
    return (
        f"the plan declares a study that is {declared}, but the readings are {kind}{where}; "
        "complete the readings, or declare the design that the study has"
    )
