"""Figures of merit of the ROC curve with their choices filled in, for resampling and MRMC.

Each factory returns a ``RatingFom``, f(truth, rating) -> float, that gives the very number of the
function it is named after and carries what resampling must know: which cases move it, whether it
is smooth enough for a jackknife, its range and its good direction. Figures of merit of calls from
a threshold up are in ``toolkit.stats.threshold_foms``.
"""

from __future__ import annotations

from toolkit.stats._checks import check_inner_share, check_positive, check_share
from toolkit.stats._points import check_range
from toolkit.stats.precision_recall import average_precision_at_prevalence
from toolkit.stats.roc import (
    Axis,
    RatingFom,
    partial_auc,
    partial_auc_mcclish,
    rating_fom,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)
from toolkit.stats.thresholds import expected_utility


def named(fom: RatingFom, name: str) -> RatingFom:
    """Return the figure of merit with a name for tables and messages."""
    fom.__name__ = name
    return fom


def partial_auc_fom(*, low: float, high: float, along: Axis = "specificity") -> RatingFom:
    """Return the partial AUC over a range as a figure of merit; see ``roc.partial_auc``.

    Parameters
    ----------
    low, high, along
        As in ``toolkit.stats.roc.partial_auc``.

    Returns
    -------
    RatingFom
        Smooth, from 0 to high - low.

    Raises
    ------
    ValueError
        If the range or its axis is malformed.

    Examples
    --------
    >>> fom = partial_auc_fom(low=0.5, high=1)
    >>> fom.__name__, fom([0, 0, 1, 1], [1, 2, 2, 3])
    ('partial AUC, specificity 0.5 to 1', 0.375)
    """
    start, stop = check_range(low, high, along=along)
    mark = rating_fom(uses="all", smooth=True, range=(0.0, stop - start), better="higher")
    fom = mark(lambda truth, rating: partial_auc(truth, rating, low=start, high=stop, along=along))
    return named(fom, f"partial AUC, {along} {start:g} to {stop:g}")


def partial_auc_mcclish_fom(*, low: float, high: float, along: Axis = "specificity") -> RatingFom:
    """Return McClish's standardised partial AUC as a figure of merit.

    Parameters
    ----------
    low, high, along
        As in ``toolkit.stats.roc.partial_auc_mcclish``.

    Returns
    -------
    RatingFom
        Smooth, from below 0.5, where the curve runs along the far edges, to 1.

    Raises
    ------
    ValueError
        If the range or its axis is malformed.

    Examples
    --------
    >>> round(partial_auc_mcclish_fom(low=0.5, high=1)([0, 0, 1, 1], [1, 2, 2, 3]), 4)
    0.8333
    """
    start, stop = check_range(low, high, along=along)
    # An area of 0: (1 - chance / (perfect - chance)) / 2 with chance / perfect = 1 - middle.
    middle = (start + stop) / 2
    least = (1 - (1 - middle) / middle) / 2
    mark = rating_fom(uses="all", smooth=True, range=(least, 1.0), better="higher")
    fom = mark(
        lambda truth, rating: partial_auc_mcclish(truth, rating, low=start, high=stop, along=along)
    )
    return named(fom, f"standardised partial AUC, {along} {start:g} to {stop:g}")


def sensitivity_at_specificity_fom(*, specificity: float) -> RatingFom:
    """Return the sensitivity at a given specificity as a figure of merit.

    Resampling it gives pointwise limits of an empirical ROC curve.

    Parameters
    ----------
    specificity : float
        From 0 to 1.

    Returns
    -------
    RatingFom
        As ``toolkit.stats.roc.sensitivity_at_specificity``. Not smooth: like a quantile it may
        jump where a case is left out, so use a bootstrap.

    Raises
    ------
    ValueError
        If ``specificity`` does not lie from 0 to 1.

    Examples
    --------
    >>> sensitivity_at_specificity_fom(specificity=0.75)([0, 0, 1, 1], [1, 2, 2, 3])
    0.75
    """
    wanted = check_share(specificity, name="specificity")
    mark = rating_fom(uses="all", smooth=False, range=(0.0, 1.0), better="higher")
    fom = mark(lambda truth, rating: sensitivity_at_specificity(truth, rating, specificity=wanted))
    return named(fom, f"sensitivity at specificity {wanted:g}")


def specificity_at_sensitivity_fom(*, sensitivity: float) -> RatingFom:
    """Return the specificity at a given sensitivity as a figure of merit.

    Parameters
    ----------
    sensitivity : float
        From 0 to 1.

    Returns
    -------
    RatingFom
        As ``toolkit.stats.roc.specificity_at_sensitivity``. Not smooth, see
        ``sensitivity_at_specificity_fom``.

    Raises
    ------
    ValueError
        If ``sensitivity`` does not lie from 0 to 1.

    Examples
    --------
    >>> specificity_at_sensitivity_fom(sensitivity=0.5)([0, 0, 1, 1], [1, 2, 2, 3])
    1.0
    """
    wanted = check_share(sensitivity, name="sensitivity")
    mark = rating_fom(uses="all", smooth=False, range=(0.0, 1.0), better="higher")
    fom = mark(lambda truth, rating: specificity_at_sensitivity(truth, rating, sensitivity=wanted))
    return named(fom, f"specificity at sensitivity {wanted:g}")


def expected_utility_fom(*, slope: float) -> RatingFom:
    """Return the expected utility at the best operating point as a figure of merit.

    Parameters
    ----------
    slope : float
        As in ``toolkit.stats.thresholds.expected_utility``.

    Returns
    -------
    RatingFom
        Smooth, from 0 to 1: continuous, though its best point may change where a case is left out.

    Raises
    ------
    ValueError
        If ``slope`` is not a finite number above 0.

    Examples
    --------
    >>> expected_utility_fom(slope=1)([0, 0, 0, 0, 1, 1], [1, 2, 3, 4, 4, 5])
    0.75
    """
    factor = check_positive(slope, name="slope")
    mark = rating_fom(uses="all", smooth=True, range=(0.0, 1.0), better="higher")
    fom = mark(lambda truth, rating: expected_utility(truth, rating, slope=factor))
    return named(fom, f"expected utility, slope {factor:g}")


def average_precision_fom(*, prevalence: float) -> RatingFom:
    """Return the average precision at a stated prevalence as a figure of merit.

    Parameters
    ----------
    prevalence : float
        Between 0 and 1. At the prevalence of the cases ``average_precision`` itself serves.

    Returns
    -------
    RatingFom
        Smooth, from 0 to 1.

    Raises
    ------
    ValueError
        If ``prevalence`` does not lie between 0 and 1.

    Examples
    --------
    >>> round(average_precision_fom(prevalence=0.01)([0, 0, 1, 1], [1, 2, 2, 3]), 4)
    0.5099
    """
    share = check_inner_share(prevalence, name="prevalence")
    mark = rating_fom(uses="all", smooth=True, range=(0.0, 1.0), better="higher")
    fom = mark(
        lambda truth, rating: average_precision_at_prevalence(truth, rating, prevalence=share)
    )
    return named(fom, f"average precision at prevalence {share:g}")
