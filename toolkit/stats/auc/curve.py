"""The empirical ROC curve of one reader: its area, parts of it, its points and its thresholds.

Higher ratings are more suspicious and nothing is flipped: an AUC below 0.5 stays below 0.5. A
case is called positive from the threshold up (rating >= threshold). A quantity that one class
alone leaves undefined raises here where a float is returned.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, cast

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.results import Better, Curve
from toolkit.stats._checks import (
    check_choice,
    check_inner_share,
    check_rating,
    check_share,
    check_truth,
    check_weight,
)
from toolkit.stats.auc.placements import auc_of_counts, doubled_counts

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


Axis = Literal["specificity", "sensitivity"]


class RatingFom(Protocol):
    """A figure of merit of one set of ratings, with what resampling must know of it.

    ``uses`` says which cases move it, ``smooth`` whether leaving one case out is a valid way to
    its variance, ``range`` its smallest and largest value, ``better`` its good direction.
    """

    __name__: str
    uses: Literal["positive", "negative", "all"]
    smooth: bool
    range: tuple[float, float]
    better: Better

    def __call__(self, truth: ArrayLike, rating: ArrayLike) -> float:
        """Return the figure of merit of ``rating`` (n_cases,) given ``truth`` (n_cases,)."""


def rating_fom(
    *,
    uses: Literal["positive", "negative", "all"],
    smooth: bool,
    range: tuple[float, float],
    better: Better,
) -> Callable[[Callable[[ArrayLike, ArrayLike], float]], RatingFom]:
    """Mark a function of truth and rating as a figure of merit; see ``RatingFom``.

    Examples
    --------
    >>> @rating_fom(uses="positive", smooth=True, range=(0.0, 1.0), better="higher")
    ... def recalled_at_50(truth, rating):
    ...     return np.mean(rating[truth] >= 50)
    >>> recalled_at_50.uses
    'positive'
    """

    def mark(function: Callable[[ArrayLike, ArrayLike], float]) -> RatingFom:
        vars(function).update(uses=uses, smooth=smooth, range=range, better=better)
        return cast(RatingFom, function)

    return mark


@rating_fom(uses="all", smooth=True, range=(0.0, 1.0), better="higher")
def auc(truth: ArrayLike, rating: ArrayLike) -> float:
    """Return the empirical area under the ROC curve: P(positive > negative) + P(tie) / 2.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious; only the order counts, so infinite ratings are allowed.

    Returns
    -------
    float
        From 0 to 1. The number is the ratio of two whole numbers, correctly rounded.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN, or all cases are of one class.

    Notes
    -----
    It is the Mann-Whitney statistic over the number of pairs. An AUC is a rank measure: it says
    nothing of calibration or of any one operating point. ``delong_ci`` gives its interval.

    References
    ----------
    Hanley JA, McNeil BJ. Radiology 1982;143:29-36. doi:10.1148/radiology.143.1.7063747

    Examples
    --------
    >>> auc([0, 0, 0, 1, 1], [1, 2, 3, 3, 4])
    0.9166666666666666
    """
    diseased = check_truth(truth)
    numbers = check_rating(rating, n_cases=diseased.size)
    require_classes(diseased, what="an AUC")
    positive_counts, _ = doubled_counts(np.sort(numbers[diseased]), np.sort(numbers[~diseased]))
    return auc_of_counts(positive_counts, diseased.size - positive_counts.size)


def roc_curve(
    truth: ArrayLike, rating: ArrayLike, *, weight: ArrayLike | None = None, label: str = ""
) -> Curve:
    """Return the empirical ROC curve: one point for each distinct rating, and (0, 0).

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    weight : array_like, shape (n_cases,), optional
        Cases of the population that each case stands for; all alike if not given.
    label : str
        Who or what was measured.

    Returns
    -------
    Curve
        Kind ``"roc"``: ``x`` is 1 - specificity, ``y`` sensitivity, ``threshold`` descends from
        inf (no case positive): a case is positive from this rating up. Without cases of a class
        its axis is NaN and the note says so.

    Raises
    ------
    ValueError
        If an argument is malformed, or a rating is NaN or +inf.

    Notes
    -----
    The points are joined by straight lines; between points of tied ratings a line stands for
    calling the tied cases at random, which no threshold does. No band is drawn around the curve:
    for limits of the sensitivity at given specificities, each on its own, resample
    ``sensitivity_at_specificity_fom`` of ``toolkit.stats.auc.figures_of_merit``.

    Examples
    --------
    >>> curve = roc_curve([0, 0, 1, 1], [1, 2, 2, 3])
    >>> curve.threshold.tolist(), curve.x.tolist(), curve.y.tolist()
    ([inf, 3.0, 2.0, 1.0], [0.0, 0.0, 0.5, 1.0], [0.0, 0.5, 1.0, 1.0])
    """
    points = empirical_points(truth, rating, what="a ROC curve", classes=())
    counts = {"sensitivity": points.n_positive, "specificity": points.n_negative}
    empty = [name for name, count in counts.items() if not count]
    x, y = points.false_positive_rate, points.sensitivity
    if weight is not None:
        diseased, numbers = check_truth(truth), np.asarray(rating, dtype=np.float64)
        each = check_weight(weight, n_cases=diseased.size)
        x, y = (
            _weighted_shares(numbers[of_class], each[of_class], points.threshold)
            for of_class in (~diseased, diseased)
        )
    return Curve(
        kind="roc",
        x=x,
        y=y,
        threshold=points.threshold,
        label=label,
        n_cases=points.n_positive + points.n_negative,
        n_positive=points.n_positive,
        method="empirical ROC curve",
        note=f"no case of the class that defines {' and '.join(empty)}" if empty else "",
    )


def _weighted_shares(rating: FloatArray, weight: FloatArray, threshold: FloatArray) -> FloatArray:
    """Return the weighted share of ratings from each threshold up; NaN of nothing."""
    order = np.argsort(rating)
    below = np.append(0.0, np.cumsum(weight[order]))
    if not below[-1] > 0:
        return np.full(threshold.size, math.nan)
    return np.asarray(1 - below[np.searchsorted(rating[order], threshold)] / below[-1])


def partial_auc(
    truth: ArrayLike,
    rating: ArrayLike,
    *,
    low: float,
    high: float,
    along: Axis = "specificity",
) -> float:
    """Return the area under the empirical ROC curve over a range of one of its axes.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    low, high : float
        The range, 0 <= low < high <= 1. Screening works at specificities from 0.9 to 1.
    along : {"specificity", "sensitivity"}
        The axis of the range: sensitivity is averaged over specificities, or the reverse.

    Returns
    -------
    float
        From 0 to high - low; ``partial_auc_mcclish`` puts it on the scale of an AUC.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or all cases are of one class.

    Notes
    -----
    The curve's points are joined by straight lines. The range must be set before the data are
    seen; with few cases in it the area rests on a handful of cases.

    References
    ----------
    McClish DK. Med Decis Making 1989;9:190-195. doi:10.1177/0272989X8900900307

    Examples
    --------
    >>> partial_auc([0, 0, 1, 1], [1, 2, 2, 3], low=0.5, high=1)
    0.375
    """
    low, high = check_range(low, high, along=along)
    points = empirical_points(truth, rating, what="a partial AUC")
    if along == "specificity":
        return area_between(points.specificity[::-1], points.sensitivity[::-1], low=low, high=high)
    return area_between(points.sensitivity, points.specificity, low=low, high=high)


def partial_auc_mcclish(
    truth: ArrayLike,
    rating: ArrayLike,
    *,
    low: float,
    high: float,
    along: Axis = "specificity",
) -> float:
    """Return the partial AUC standardised by McClish: 0.5 for chance, 1 for a perfect reader.

    Parameters
    ----------
    truth, rating, low, high, along
        As in ``partial_auc``.

    Returns
    -------
    float
        (1 + (area - chance) / (perfect - chance)) / 2. Below 0.5 where the curve lies below the
        diagonal on average over the range, which other programs leave undefined.

    Raises
    ------
    ValueError
        As ``partial_auc``.

    References
    ----------
    McClish DK. Med Decis Making 1989;9:190-195. doi:10.1177/0272989X8900900307

    Examples
    --------
    >>> round(partial_auc_mcclish([0, 0, 1, 1], [1, 2, 2, 3], low=0.5, high=1), 6)
    0.833333
    """
    low, high = check_range(low, high, along=along)
    area = partial_auc(truth, rating, low=low, high=high, along=along)
    perfect = high - low
    chance = perfect * (1 - (high + low) / 2)  # under the diagonal
    return (1 + (area - chance) / (perfect - chance)) / 2


def sensitivity_at_specificity(truth: ArrayLike, rating: ArrayLike, *, specificity: float) -> float:
    """Return the sensitivity of the empirical ROC curve at a given specificity.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    specificity : float
        From 0 to 1.

    Returns
    -------
    float
        Interpolated linearly between the two nearest points, as pROC does; where several points
        have this very specificity, the highest sensitivity of them.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or all cases are of one class.

    Notes
    -----
    An interpolated value belongs to no threshold. What a reader or an AI would do at a usable
    threshold is ``threshold_at_specificity`` followed by ``operating_point``.

    Examples
    --------
    >>> sensitivity_at_specificity([0, 0, 1, 1], [1, 2, 2, 3], specificity=0.75)
    0.75
    """
    wanted = check_share(specificity, name="specificity")
    points = empirical_points(truth, rating, what="sensitivity at a specificity")
    return highest_at(points.specificity, points.sensitivity, wanted=wanted)


def specificity_at_sensitivity(truth: ArrayLike, rating: ArrayLike, *, sensitivity: float) -> float:
    """Return the specificity of the empirical ROC curve at a given sensitivity.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    sensitivity : float
        From 0 to 1.

    Returns
    -------
    float
        Interpolated linearly between the two nearest points, as pROC does; where several points
        have this very sensitivity, the highest specificity of them.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or all cases are of one class.

    Notes
    -----
    As for ``sensitivity_at_specificity``, an interpolated value belongs to no threshold.

    Examples
    --------
    >>> specificity_at_sensitivity([0, 0, 1, 1], [1, 2, 2, 3], sensitivity=0.5)
    1.0
    """
    wanted = check_share(sensitivity, name="sensitivity")
    points = empirical_points(truth, rating, what="specificity at a sensitivity")
    return highest_at(points.sensitivity[::-1], points.specificity[::-1], wanted=wanted)


def precision_recall_curve(
    truth: ArrayLike, rating: ArrayLike, *, prevalence: float | None = None, label: str = ""
) -> Curve:
    """Return the empirical precision-recall curve: one point for each distinct rating.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    prevalence : float, optional
        Between 0 and 1: give the precision at this prevalence, at which sensitivity and
        specificity are taken to be the same. Without it, at that of these cases.
    label : str
        Who or what was measured.

    Returns
    -------
    Curve
        Kind ``"precision_recall"``: ``x`` is recall, ascending, ``y`` precision, ``threshold``
        descends from the highest rating: a case is positive from it up. The note states the
        prevalence. There is no point without a call, where precision is 0 / 0. NaN where a class
        that is needed has no case, and the note says so.

    Raises
    ------
    ValueError
        If an argument is malformed, or a rating is NaN or +inf.

    Notes
    -----
    A straight line between two points is not attained by calling tied cases at random, so draw
    steps. For an interval, resample ``average_precision`` or a sensitivity at a threshold.

    References
    ----------
    Saito T, Rehmsmeier M. PLoS One 2015;10:e0118432. doi:10.1371/journal.pone.0118432

    Examples
    --------
    >>> curve = precision_recall_curve([0, 0, 1, 1], [1, 2, 2, 3])
    >>> curve.x.tolist(), curve.y.round(3).tolist(), curve.threshold.tolist()
    ([0.5, 1.0, 1.0], [1.0, 0.667, 0.5], [3.0, 2.0, 1.0])
    """
    share = None if prevalence is None else check_inner_share(prevalence, name="prevalence")
    points = empirical_points(truth, rating, what="a precision-recall curve", classes=())
    return Curve(
        kind="precision_recall",
        x=points.sensitivity[1:],
        y=_precision(points, prevalence=share)[1:],
        threshold=points.threshold[1:],
        label=label,
        n_cases=points.n_positive + points.n_negative,
        n_positive=points.n_positive,
        method="empirical precision-recall curve",
        note=_note(points, prevalence=share),
    )


@rating_fom(uses="all", smooth=True, range=(0.0, 1.0), better="higher")
def average_precision(truth: ArrayLike, rating: ArrayLike) -> float:
    """Return the average precision: precision averaged over recall, in steps.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.

    Returns
    -------
    float
        Sum over the distinct ratings of the gain in recall times the precision from there up:
        1 for perfect separation, about the prevalence for chance.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or no case is positive.

    Notes
    -----
    Values at different prevalences cannot be compared: state it. Tied cases are called together.
    For an interval, resample within each class, so that the prevalence stays.

    Examples
    --------
    >>> round(average_precision([0, 0, 1, 1], [1, 2, 2, 3]), 4)
    0.8333
    """
    points = empirical_points(truth, rating, what="an average precision", classes=("positive",))
    return _average(points, prevalence=None)


def average_precision_at_prevalence(
    truth: ArrayLike, rating: ArrayLike, *, prevalence: float
) -> float:
    """Return the average precision that these ratings would have at another prevalence.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    prevalence : float
        Between 0 and 1; sensitivity and specificity are taken to be the same there.

    Returns
    -------
    float
        As ``average_precision``, with the false alarms weighted to the prevalence.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or all cases are of one class.

    Examples
    --------
    >>> round(average_precision_at_prevalence([0, 0, 1, 1], [1, 2, 2, 3], prevalence=0.01), 4)
    0.5099
    """
    share = check_inner_share(prevalence, name="prevalence")
    points = empirical_points(truth, rating, what="an average precision at a prevalence")
    return _average(points, prevalence=share)


def _average(points: OperatingPoints, *, prevalence: float | None) -> float:
    """Return the precision averaged over the positive cases, each at its own rating."""
    precision = _precision(points, prevalence=prevalence)[1:]
    return math.fsum(np.diff(points.true_positives) * precision) / points.n_positive


def _precision(points: OperatingPoints, *, prevalence: float | None) -> FloatArray:
    """Return the share of positive cases among those called, NaN where none is."""
    hits: FloatArray = points.true_positives.astype(np.float64)
    alarms: FloatArray = points.false_positives.astype(np.float64)
    if prevalence is not None:
        hits = prevalence * points.sensitivity
        alarms = (1 - prevalence) * points.false_positive_rate
    called = hits + alarms
    precision: FloatArray = np.full(called.size, math.nan)
    np.divide(hits, called, out=precision, where=called != 0)
    return precision


def _note(points: OperatingPoints, *, prevalence: float | None) -> str:
    """State the prevalence, and the class that is missing."""
    if prevalence is None:
        n_cases = points.n_positive + points.n_negative
        note = f"precision at the prevalence of this set, {points.n_positive} of {n_cases} cases"
    else:
        note = f"precision at a prevalence of {prevalence:g}, to which false alarms are weighted"
    if not points.n_positive:
        return f"{note}; no positive case: recall is undefined"
    if prevalence is not None and not points.n_negative:
        return f"{note}; no negative case: precision at another prevalence is undefined"
    return note
