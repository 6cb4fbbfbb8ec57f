"""The empirical operating points of one set of ratings, and what is read off between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.stats._checks import check_choice, check_rating, check_share, check_truth

# A proportion asked for may be a computed one (a mean of readers), off by rounding; neighbouring
# points of a curve lie at least one case apart, so this tolerance never reaches another point.
ROUNDING = 1e-12

BOTH_CLASSES = ("positive", "negative")


@dataclass(frozen=True, kw_only=True, eq=False)
class OperatingPoints:
    """Operating points from "no case positive" to "all positive", arrays of shape (n_points,)."""

    threshold: FloatArray
    true_positives: IntArray
    false_positives: IntArray
    n_positive: int
    n_negative: int

    @property
    def sensitivity(self) -> FloatArray:
        """Ascending; NaN without positive cases."""
        return _shares(self.true_positives, self.n_positive)

    @property
    def specificity(self) -> FloatArray:
        """Descending; NaN without negative cases."""
        return _shares(self.n_negative - self.false_positives, self.n_negative)

    @property
    def false_positive_rate(self) -> FloatArray:
        """Ascending; NaN without negative cases."""
        return _shares(self.false_positives, self.n_negative)


def _shares(counts: IntArray, whole: int) -> FloatArray:
    """Return counts as shares, each correctly rounded; NaN of nothing."""
    return counts / whole if whole else np.full(counts.size, math.nan)


def require_classes(
    diseased: BoolArray, *, what: str, classes: Sequence[str] = BOTH_CLASSES
) -> None:
    """Raise if a class that ``what`` needs has no case."""
    counts = {"positive": int(diseased.sum()), "negative": int((~diseased).sum())}
    for name in classes:
        if not counts[name]:
            msg = (
                f"{what} is undefined: truth holds no {name} case among {diseased.size}; "
                "leave such a subgroup out in view"
            )
            raise ValueError(msg)


def empirical_points(
    truth: ArrayLike, rating: ArrayLike, *, what: str, classes: Sequence[str] = BOTH_CLASSES
) -> OperatingPoints:
    """Return one operating point for each distinct rating, after one at an infinite threshold."""
    diseased = check_truth(truth)
    numbers = check_rating(rating, n_cases=diseased.size)
    require_classes(diseased, what=what, classes=classes)
    if (infinite := np.isposinf(numbers)).any():
        msg = (
            "rating must be below infinity where thresholds are made of it (an infinite "
            f"threshold calls no case positive), but position {int(np.argmax(infinite))} is inf; "
            "cap it at a number or replace the ratings by their ranks"
        )
        raise ValueError(msg)
    positive, negative = np.sort(numbers[diseased]), np.sort(numbers[~diseased])
    threshold = np.append(np.unique(numbers), math.inf)[::-1]
    return OperatingPoints(
        threshold=threshold,
        true_positives=positive.size - np.searchsorted(positive, threshold),
        false_positives=negative.size - np.searchsorted(negative, threshold),
        n_positive=positive.size,
        n_negative=negative.size,
    )


def check_range(low: float, high: float, *, along: str) -> tuple[float, float]:
    """Return a range within 0 to 1 of an axis of the curve; refuse one that does not ascend."""
    check_choice(along, name="along", choices=("specificity", "sensitivity"))
    start, stop = check_share(low, name="low"), check_share(high, name="high")
    if not start < stop:
        msg = f"low must be below high, but got low={start!r} and high={stop!r}; swap them"
        raise ValueError(msg)
    return start, stop


def area_between(x: FloatArray, y: FloatArray, *, low: float, high: float) -> float:
    """Return the area under straight lines from point to point, x ascending, from low to high."""
    rising = np.diff(x) > 0  # steps straight up or down have no area
    x_left, x_right = x[:-1][rising], x[1:][rising]
    y_left, y_right = y[:-1][rising], y[1:][rising]
    slope = (y_right - y_left) / (x_right - x_left)
    start, stop = np.clip(x_left, low, high), np.clip(x_right, low, high)
    middle = y_left + slope * ((start + stop) / 2 - x_left)
    return math.fsum((stop - start) * middle)


def highest_at(given: FloatArray, sought: FloatArray, *, wanted: float) -> float:
    """Return the highest ``sought`` on the curve where ``given`` is ``wanted``.

    ``given`` descends from 1 to 0 while ``sought`` ascends, so the last point at or above
    ``wanted`` is the highest one there.
    """
    last = int(np.flatnonzero(given >= wanted - ROUNDING)[-1])
    if abs(given[last] - wanted) <= ROUNDING:
        return float(sought[last])
    share = (given[last] - wanted) / (given[last] - given[last + 1])
    return float(sought[last] + share * (sought[last + 1] - sought[last]))
