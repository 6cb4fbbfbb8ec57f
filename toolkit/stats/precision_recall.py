"""The precision-recall curve of one reader: how many of the called cases are positive.

Recall is the sensitivity, precision the positive predictive value. Unlike the ROC curve both
curve and average hold for one prevalence only: that of the cases at hand, which says nothing of
screening where the sample is enriched with cancers, or a stated one to which the false alarms
are re-weighted.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Curve
from toolkit.stats._checks import check_inner_share
from toolkit.stats._points import OperatingPoints, empirical_points
from toolkit.stats.roc import rating_fom


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
