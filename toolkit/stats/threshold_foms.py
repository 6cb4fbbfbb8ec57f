"""Figures of merit of calling cases from a threshold up, for resampling and MRMC.

Each factory returns a ``RatingFom``, f(truth, rating) -> float, that agrees with
``toolkit.stats.operating_points.operating_point``. The threshold is part of the question: set it
in advance or choose it on other cases (``toolkit.stats.thresholds``).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray
from toolkit.stats._checks import check_rating, check_threshold, check_truth
from toolkit.stats._points import require_classes
from toolkit.stats.foms import named
from toolkit.stats.roc import RatingFom, rating_fom


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
        As the sensitivity of ``toolkit.stats.operating_points.operating_point``; moved by
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
        As the specificity of ``toolkit.stats.operating_points.operating_point``; moved by
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
