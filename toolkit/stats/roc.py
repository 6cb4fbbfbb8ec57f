"""The empirical ROC curve of one reader: its area, parts of it, its points and its thresholds.

Higher ratings are more suspicious and nothing is flipped: an AUC below 0.5 stays below 0.5. A
case is called positive from the threshold up (rating >= threshold). A quantity that one class
alone leaves undefined raises here where a float is returned.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol, cast

import numpy as np
from numpy.typing import ArrayLike

from toolkit.results import Better, Curve
from toolkit.stats._checks import check_rating, check_share, check_truth
from toolkit.stats._placements import auc_of_counts, doubled_counts
from toolkit.stats._points import (
    area_between,
    check_range,
    empirical_points,
    highest_at,
    require_classes,
)

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


def roc_curve(truth: ArrayLike, rating: ArrayLike, *, label: str = "") -> Curve:
    """Return the empirical ROC curve: one point for each distinct rating, and (0, 0).

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
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
    ``sensitivity_at_specificity_fom`` of ``toolkit.stats.foms``.

    Examples
    --------
    >>> curve = roc_curve([0, 0, 1, 1], [1, 2, 2, 3])
    >>> curve.threshold.tolist(), curve.x.tolist(), curve.y.tolist()
    ([inf, 3.0, 2.0, 1.0], [0.0, 0.0, 0.5, 1.0], [0.0, 0.5, 1.0, 1.0])
    """
    points = empirical_points(truth, rating, what="a ROC curve", classes=())
    counts = {"sensitivity": points.n_positive, "specificity": points.n_negative}
    empty = [name for name, count in counts.items() if not count]
    return Curve(
        kind="roc",
        x=points.false_positive_rate,
        y=points.sensitivity,
        threshold=points.threshold,
        label=label,
        n_cases=points.n_positive + points.n_negative,
        n_positive=points.n_positive,
        method="empirical ROC curve",
        note=f"no case of the class that defines {' and '.join(empty)}" if empty else "",
    )


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
