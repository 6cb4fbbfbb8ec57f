"""Where to call a case positive: thresholds chosen from the ROC curve of one set of cases.

A case is called positive from the threshold up (rating >= threshold). A threshold chosen on the
very cases on which its accuracy is then reported flatters the reader: choose it on one set of
cases and apply it to another with ``toolkit.stats.operating_points.operating_point``, or set it
before the data are seen.
"""

from __future__ import annotations

from collections.abc import Sized

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.stats._checks import check_inner_share, check_positive, check_share
from toolkit.stats._points import ROUNDING, OperatingPoints, empirical_points


def youden_threshold(truth: ArrayLike, rating: ArrayLike) -> float:
    """Return the observed rating from which up sensitivity + specificity is highest.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.

    Returns
    -------
    float
        Of several best thresholds the highest, which calls fewest; inf (call no case) where no
        threshold does better than chance.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or all cases are of one class.

    Notes
    -----
    Youden's index weighs a missed case of disease as much as a false alarm, and it is blind to
    prevalence: for screening, where one woman in 150 has cancer, prefer
    ``threshold_at_specificity`` or a threshold set in advance.

    References
    ----------
    Youden WJ. Cancer 1950;3:32-35.
    doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3

    Examples
    --------
    >>> youden_threshold([0, 0, 0, 1, 1], [1, 2, 4, 3, 5])
    3.0
    """
    points = empirical_points(truth, rating, what="Youden's index")
    # The index times n_positive * n_negative, so that ties between thresholds are exact.
    index = points.true_positives * points.n_negative - points.false_positives * points.n_positive
    return float(points.threshold[np.argmax(index)])


def weighted_youden_threshold(
    truth: ArrayLike, rating: ArrayLike, *, cost: float, prevalence: float
) -> float:
    """Return the observed rating from which up misses and false alarms cost least.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    cost : float
        What a missed case costs in false alarms, above 0.
    prevalence : float
        Between 0 and 1, of the population that the threshold is for.

    Returns
    -------
    float
        Of several best thresholds the highest, which calls fewest; inf (call no case) where no
        threshold does better than that.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or all cases are of one class.

    Notes
    -----
    The threshold makes sensitivity + r * specificity highest, with
    r = (1 - prevalence) / (cost * prevalence): the ``slope`` of ``expected_utility``. Youden's
    index has r = 1.

    References
    ----------
    Perkins NJ, Schisterman EF. Am J Epidemiol 2006;163:670-675. doi:10.1093/aje/kwj063

    Examples
    --------
    >>> weighted_youden_threshold([0, 0, 0, 1, 1], [1, 2, 4, 3, 5], cost=50, prevalence=0.005)
    5.0
    """
    weight = check_positive(cost, name="cost")
    share = check_inner_share(prevalence, name="prevalence")
    points = empirical_points(truth, rating, what="a weighted Youden's index")
    utility = _utility(points, slope=(1 - share) / (weight * share))
    # Points that are equally good but for rounding are ties.
    best = utility >= utility.max() - ROUNDING
    return float(points.threshold[np.argmax(best)])


def closest_corner_threshold(truth: ArrayLike, rating: ArrayLike) -> float:
    """Return the observed rating whose point lies closest to sensitivity = specificity = 1.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.

    Returns
    -------
    float
        Of several closest thresholds the highest, which calls fewest.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or all cases are of one class.

    Notes
    -----
    The distance has no meaning for patients and, like Youden's index, is blind to prevalence;
    offered because published studies use it.

    References
    ----------
    Perkins NJ, Schisterman EF. Am J Epidemiol 2006;163:670-675. doi:10.1093/aje/kwj063

    Examples
    --------
    >>> closest_corner_threshold([0, 0, 0, 1, 1], [1, 2, 4, 3, 5])
    3.0
    """
    points = empirical_points(truth, rating, what="the distance to the corner")
    distance_squared = (1 - points.sensitivity) ** 2 + points.false_positive_rate**2
    # Points that are equally close but for rounding are ties.
    closest = distance_squared <= distance_squared.min() + ROUNDING
    return float(points.threshold[np.argmax(closest)])


def threshold_at_specificity(truth: ArrayLike, rating: ArrayLike, *, specificity: float) -> float:
    """Return the lowest observed rating from which up specificity is at least as asked.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    specificity : float
        From 0 to 1, for instance that of the readers to be matched.

    Returns
    -------
    float
        A threshold for ``operating_point``, on these or on other cases; inf (call no case) where
        only that is specific enough. Nothing is interpolated, so with ties the specificity
        reached can be well above the one asked for.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or no case is negative.

    Examples
    --------
    Chosen on some cases, applied to others:

    >>> threshold = threshold_at_specificity([0, 0, 0, 0, 1], [1, 2, 3, 4, 5], specificity=0.75)
    >>> from toolkit.stats.operating_points import operating_point
    >>> there = operating_point([0, 0, 1, 1], [1, 4, 5, 6], threshold=threshold)
    >>> threshold, there.specificity.estimate, there.sensitivity.estimate
    (4.0, 0.5, 1.0)
    """
    wanted = check_share(specificity, name="specificity")
    points = empirical_points(truth, rating, what="specificity", classes=("negative",))
    enough = points.specificity >= wanted - ROUNDING
    return float(points.threshold[np.flatnonzero(enough)[-1]])


def threshold_at_sensitivity(truth: ArrayLike, rating: ArrayLike, *, sensitivity: float) -> float:
    """Return the highest observed rating from which up sensitivity is at least as asked.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    sensitivity : float
        From 0 to 1, for instance that of the readers to be matched.

    Returns
    -------
    float
        A threshold for ``operating_point``, on these or on other cases; inf (call no case) where
        a sensitivity of 0 is asked for. Nothing is interpolated.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or no case is positive.

    Examples
    --------
    >>> threshold_at_sensitivity([0, 0, 1, 1, 1], [1, 2, 3, 4, 5], sensitivity=0.6)
    4.0
    """
    wanted = check_share(sensitivity, name="sensitivity")
    points = empirical_points(truth, rating, what="sensitivity", classes=("positive",))
    enough = points.sensitivity >= wanted - ROUNDING
    return float(points.threshold[np.flatnonzero(enough)[0]])


def threshold_at_recall_rate(rating: ArrayLike, *, recall_rate: float) -> float:
    """Return the lowest observed rating from which up no more cases are called than asked.

    Parameters
    ----------
    rating : array_like, shape (n_cases,)
        Higher is more suspicious. No truth is needed, so cases without one count as well.
    recall_rate : float
        From 0 to 1, for instance that of the readers to be matched.

    Returns
    -------
    float
        A threshold for ``operating_point``, on these or on other cases; inf (call no case) where
        only that calls few enough. Nothing is interpolated, so with ties the recall rate reached
        can be well below the one asked for.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or there is no case.

    Notes
    -----
    A recall rate depends on the mix of cases: in a sample enriched with cancers, match the
    specificity or choose the threshold on unselected examinations.

    Examples
    --------
    >>> threshold_at_recall_rate([1, 2, 2, 3, 4], recall_rate=0.5)
    3.0
    """
    wanted = check_share(recall_rate, name="recall_rate")
    n_cases = len(rating) if isinstance(rating, Sized) else 0
    if not n_cases:
        msg = "a recall rate is undefined: rating holds no case; leave such a subgroup out in view"
        raise ValueError(msg)
    # Where all cases are taken as positive, the sensitivity is the share called.
    points = empirical_points(np.ones(n_cases, dtype=bool), rating, what="", classes=())
    few_enough = points.sensitivity <= wanted + ROUNDING
    return float(points.threshold[np.flatnonzero(few_enough)[-1]])


def _utility(points: OperatingPoints, *, slope: float) -> FloatArray:
    """Return sensitivity - slope * (1 - specificity) of each point; 0 at the first, no call."""
    utility: FloatArray = points.sensitivity - slope * points.false_positive_rate
    return utility


def expected_utility(truth: ArrayLike, rating: ArrayLike, *, slope: float) -> float:
    """Return the expected utility of the empirical ROC curve at its best operating point.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    slope : float
        Sensitivity that must be gained for 1 of specificity lost, above 0. It is
        (1 - prevalence) / (prevalence * relative utility), the relative utility being that of a
        cancer found over that of a recall avoided; Abbey et al. found about 1 for screening
        mammography in the United States.

    Returns
    -------
    float
        Largest sensitivity - slope * (1 - specificity): 0 where it is best to call no case, 1 for
        a reader who calls every positive case and no other.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or all cases are of one class.

    Notes
    -----
    The best point is chosen on the very cases, so that the value is optimistic, the more so the
    fewer they are. With a slope of 1 it is Youden's index.

    References
    ----------
    Abbey CK, Eckstein MP, Boone JM. Med Decis Making 2013;33:510-520.
    doi:10.1177/0272989X12470756

    Abbey CK, Gallas BD, Boone JM et al. Acad Radiol 2014;21:481-490.
    doi:10.1016/j.acra.2013.12.011

    Examples
    --------
    >>> expected_utility([0, 0, 0, 0, 1, 1], [1, 2, 3, 4, 4, 5], slope=1)
    0.75
    """
    factor = check_positive(slope, name="slope")
    points = empirical_points(truth, rating, what="an expected utility")
    return float(_utility(points, slope=factor).max())
