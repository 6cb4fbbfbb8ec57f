"""Figures of merit of the ROC curve with their choices filled in, for resampling and MRMC.

Each factory returns a ``RatingFom``, f(truth, rating) -> float, that gives the very number of the
function it is named after and carries what resampling must know: which cases move it, whether it
is smooth enough for a jackknife, its range and its good direction. First those of the curve, then
those of calls from a threshold up.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray
from toolkit.stats._checks import (
    check_inner_share,
    check_positive,
    check_rating,
    check_share,
    check_threshold,
    check_truth,
)
from toolkit.stats.auc.curve import (
    Axis,
    RatingFom,
    average_precision_at_prevalence,
    check_range,
    partial_auc,
    partial_auc_mcclish,
    rating_fom,
    require_classes,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)
from toolkit.stats.auc.operating_points import expected_utility


def named(fom: RatingFom, name: str) -> RatingFom:
    """Return the figure of merit with a name for tables and messages."""
    fom.__name__ = name
    return fom


def partial_auc_fom(*, low: float, high: float, along: Axis = "specificity") -> RatingFom:
    """Return the partial AUC over a range as a figure of merit; see ``roc.partial_auc``.

    Parameters
    ----------
    low, high, along
        As in ``toolkit.stats.auc.curve.partial_auc``.

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
        As in ``toolkit.stats.auc.curve.partial_auc_mcclish``.

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
        As ``sensitivity_at_specificity``. Not smooth: like a quantile it may
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
        As ``toolkit.stats.auc.curve.specificity_at_sensitivity``. Not smooth, see
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
        As in ``toolkit.stats.auc.operating_points.expected_utility``.

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


def sensitivity_fom(*, threshold: float) -> RatingFom:
    """Return the sensitivity of calling from a threshold up as a figure of merit.

    Parameters
    ----------
    threshold : float
        A case is called if its rating is this or higher; inf calls no case. Set in advance or on
        other cases.

    Returns
    -------
    RatingFom
        As the sensitivity of ``toolkit.stats.auc.operating_points.operating_point``; moved by
        positive cases only.

    Raises
    ------
    ValueError
        If ``threshold`` is not a number. The figure of merit raises without a positive case.

    Examples
    --------
    >>> fom = sensitivity_fom(threshold=3)
    >>> fom.__name__, fom.uses, fom([0, 0, 0, 1, 1], [1, 2, 4, 3, 1])
    ('sensitivity from rating 3 up', 'positive', 0.5)
    """
    limit = check_threshold(threshold)
    mark = rating_fom(uses="positive", smooth=True, range=(0.0, 1.0), better="higher")
    name = f"sensitivity from rating {limit:g} up"

    def share_called(truth: ArrayLike, rating: ArrayLike) -> float:
        diseased, called = _calls(truth, rating, limit)
        require_classes(diseased, what=name, classes=("positive",))
        return float(called[diseased].mean())

    return named(mark(share_called), name)


def specificity_fom(*, threshold: float) -> RatingFom:
    """Return the specificity of calling from a threshold up as a figure of merit.

    Parameters
    ----------
    threshold : float
        As in ``sensitivity_fom``.

    Returns
    -------
    RatingFom
        As the specificity of ``toolkit.stats.auc.operating_points.operating_point``; moved by
        negative cases only.

    Raises
    ------
    ValueError
        If ``threshold`` is not a number. The figure of merit raises without a negative case.

    Examples
    --------
    >>> specificity_fom(threshold=3)([0, 0, 0, 0, 1], [1, 2, 4, 1, 1])
    0.75
    """
    limit = check_threshold(threshold)
    mark = rating_fom(uses="negative", smooth=True, range=(0.0, 1.0), better="higher")
    name = f"specificity from rating {limit:g} up"

    def share_not_called(truth: ArrayLike, rating: ArrayLike) -> float:
        diseased, called = _calls(truth, rating, limit)
        require_classes(diseased, what=name, classes=("negative",))
        return float((~called[~diseased]).mean())

    return named(mark(share_not_called), name)


def recall_rate_fom(*, threshold: float) -> RatingFom:
    """Return the share of all cases called from a threshold up as a figure of merit.

    Parameters
    ----------
    threshold : float
        As in ``sensitivity_fom``.

    Returns
    -------
    RatingFom
        Lower is better. It depends on the mix of cases, so not for an enriched sample.

    Raises
    ------
    ValueError
        If ``threshold`` is not a number. The figure of merit raises without a case.

    Examples
    --------
    >>> recall_rate_fom(threshold=3)([0, 0, 0, 0, 1], [1, 2, 4, 1, 5])
    0.4
    """
    limit = check_threshold(threshold)
    mark = rating_fom(uses="all", smooth=True, range=(0.0, 1.0), better="lower")
    name = f"recall rate from rating {limit:g} up"

    def share_called(truth: ArrayLike, rating: ArrayLike) -> float:
        _, called = _calls(truth, rating, limit)
        if not called.size:
            msg = f"{name} is undefined: truth holds no case; leave such a subgroup out in view"
            raise ValueError(msg)
        return float(called.mean())

    return named(mark(share_called), name)


def positive_likelihood_ratio_fom(*, threshold: float) -> RatingFom:
    """Return the likelihood ratio of a call from a threshold up as a figure of merit.

    Parameters
    ----------
    threshold : float
        As in ``sensitivity_fom``.

    Returns
    -------
    RatingFom
        Sensitivity / (1 - specificity), higher is better. Infinite where positive cases alone
        are called, NaN where no case is: in small samples many resamples end so.

    Raises
    ------
    ValueError
        If ``threshold`` is not a number. The figure of merit raises without a case of a class.

    Examples
    --------
    >>> positive_likelihood_ratio_fom(threshold=3)([0, 0, 0, 0, 1, 1], [1, 2, 4, 1, 5, 2])
    2.0
    """
    limit = check_threshold(threshold)
    mark = rating_fom(uses="all", smooth=True, range=(0.0, math.inf), better="higher")
    return _likelihood_ratio(mark, limit, called_or_not=True, kind="positive")


def negative_likelihood_ratio_fom(*, threshold: float) -> RatingFom:
    """Return the likelihood ratio of no call below a threshold as a figure of merit.

    Parameters
    ----------
    threshold : float
        As in ``sensitivity_fom``.

    Returns
    -------
    RatingFom
        (1 - sensitivity) / specificity, lower is better. Infinite where every negative case and
        not every positive one is called, NaN where all cases are.

    Raises
    ------
    ValueError
        If ``threshold`` is not a number. The figure of merit raises without a case of a class.

    Examples
    --------
    >>> round(negative_likelihood_ratio_fom(threshold=3)([0, 0, 0, 0, 1, 1], [1, 2, 4, 1, 5, 2]), 4)
    0.6667
    """
    limit = check_threshold(threshold)
    mark = rating_fom(uses="all", smooth=True, range=(0.0, math.inf), better="lower")
    return _likelihood_ratio(mark, limit, called_or_not=False, kind="negative")


def _likelihood_ratio(
    mark: Callable[[Callable[[ArrayLike, ArrayLike], float]], RatingFom],
    limit: float,
    *,
    called_or_not: bool,
    kind: str,
) -> RatingFom:
    """Return the likelihood ratio of being called, or of not being called."""
    name = f"{kind} likelihood ratio from rating {limit:g} up"

    def ratio(truth: ArrayLike, rating: ArrayLike) -> float:
        diseased, called = _calls(truth, rating, limit)
        require_classes(diseased, what=name)
        result = called == called_or_not
        positive, negative = int(result[diseased].sum()), int(result[~diseased].sum())
        if not negative:
            return math.inf if positive else math.nan
        # One division of whole numbers, so that the ratio is correctly rounded.
        return (positive * int((~diseased).sum())) / (negative * int(diseased.sum()))

    return named(mark(ratio), name)


def _calls(truth: ArrayLike, rating: ArrayLike, limit: float) -> tuple[BoolArray, BoolArray]:
    """Return truth and calls from a threshold up; an infinite threshold calls no case."""
    diseased = check_truth(truth)
    numbers = check_rating(rating, n_cases=diseased.size)
    return diseased, (numbers >= limit) & (limit < math.inf)
