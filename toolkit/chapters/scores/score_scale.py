"""The classes into which the scores of an AI fall, from its scale or from borders of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from toolkit.arrays import FloatArray, IntArray
from toolkit.scoring.ratings import ScoringError

Decimals = Literal["nearest", "up", "down"]

_MOST_WHOLE_NUMBERS = 12
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
    count = high - low + 1
    if low == int(low) and high == int(high) and count <= _MOST_WHOLE_NUMBERS and count > 2:
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
