"""The binormal ROC curve of one reader, fitted by maximum likelihood.

The model: some increasing transform makes the ratings of healthy cases standard normal and those
of positive cases normal with mean a / b and standard deviation 1 / b, so that the curve is
sensitivity = Phi(a + b Phi^-1(1 - specificity)). Only the order of the ratings counts. A
least-squares line through the operating points in normal deviates, which some programs call a
binormal fit, is another estimate with no standard error of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import chdtrc, ndtr

from toolkit.arrays import FloatArray
from toolkit.results import Estimate
from toolkit.stats._binormal_categories import (
    CategoryCounts,
    category_counts,
    no_maximum,
    truth_runs,
)
from toolkit.stats._binormal_likelihood import BinormalMaximum, cell_probabilities, maximise
from toolkit.stats._checks import check_ci_level, check_count, check_rating, check_truth
from toolkit.stats._points import require_classes
from toolkit.stats._wald import quantile
from toolkit.stats.roc import rating_fom

_METHOD = "binormal ROC curve, maximum likelihood"
_FEW_EXPECTED = 5
_LEAST_EXPECTED = 1
_SQRT_TWO_PI = math.sqrt(2 * math.pi)


@dataclass(frozen=True, kw_only=True, eq=False)
class BinormalFit(Estimate):
    """A fitted binormal curve; as an estimate it is that of the area under it.

    Parameters
    ----------
    intercept, slope : float
        a and b: mean difference in standard deviations of positive cases, and standard deviation
        of healthy cases over that of positive ones.
    covariance : ndarray, shape (2, 2)
        Of intercept and slope, from the observed information.
    cut_points : ndarray, shape (n_categories - 1,)
        Between the rating categories, in standard deviations of healthy cases from their mean.
    threshold : ndarray, shape (n_categories - 1,)
        The lowest rating above each cut point.
    log_likelihood : float
        At the maximum, without the multinomial constants.
    fit_statistic, fit_df, fit_p_value : float, optional
        Pearson's chi-square of observed against fitted counts. None where the data leave no
        degree of freedom, or a category and class in which less than one case is expected.
    """

    intercept: float
    slope: float
    covariance: FloatArray
    cut_points: FloatArray
    threshold: FloatArray
    log_likelihood: float
    fit_statistic: float | None = None
    fit_df: float | None = None
    fit_p_value: float | None = None

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row: the area under the curve as an estimate."""
        names = [field.name for field in fields(Estimate)]
        return Estimate(**{name: getattr(self, name) for name in names}).summary_frame()


def binormal_fit(
    truth: ArrayLike,
    rating: ArrayLike,
    *,
    n_categories: int | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> BinormalFit:
    """Fit a binormal ROC curve by maximum likelihood and estimate the area under it.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious; only the order counts, so infinite ratings are allowed.
    n_categories : int, optional
        Collapse the ratings to at most so many categories, 3 or more, cut where (sensitivity +
        1 - specificity) / 2 of the empirical curve comes nearest to 1 / n, 2 / n, ... Without
        it every distinct rating is a category, which loses nothing and is fast.
    ci_level : float
        Confidence level, two-sided.
    label : str
        Who or what was measured.

    Returns
    -------
    BinormalFit
        The area is Phi(a / sqrt(1 + b^2)), its standard error by the delta method, its interval
        Wald on the scale of a / sqrt(1 + b^2), so never outside 0 to 1. NaN with a note where
        there is no maximum: a class without cases, perfect separation, or operating points that
        all lie on edges of the unit square and at most one level or upright line across it.

    Raises
    ------
    ValueError
        If an argument is malformed or a rating is NaN.

    Notes
    -----
    Newton's method on analytic derivatives with step halving, until the maximum is less than
    1e-5 standard errors away, and one step more. The covariance is from the observed information,
    as in Stata and RJafroc, not from the expected one. Neighbouring ratings held by cases of one
    class only may be merged without changing a, b or their covariance: runs of like truth are all
    that continuous ratings tell (Metz et al.). Where b differs from 1 the curve hooks below the
    chance diagonal near a corner. Cases are random and independent; not for clustered cases, nor
    to extrapolate to specificities at which there are few cases: see whether the curve meets the
    empirical one first. The chi-square test of fit is approximate below 5 expected cases.

    References
    ----------
    Dorfman DD, Alf E. J Math Psychol 1969;6:487-496. doi:10.1016/0022-2496(69)90019-4

    Metz CE, Herman BA, Shen JH. Stat Med 1998;17:1033-1053.
    doi:10.1002/(SICI)1097-0258(19980515)17:9<1033::AID-SIM784>3.0.CO;2-Z

    Examples
    --------
    Hanley and McNeil (1982), table 1: 109 CT images rated from 1 to 5.

    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> fit = binormal_fit(truth, rating)
    >>> f"a {fit.intercept:.3f}, b {fit.slope:.3f}, AUC {fit.estimate:.3f}"
    'a 1.657, b 0.713, AUC 0.911'
    """
    diseased = check_truth(truth)
    numbers = check_rating(rating, n_cases=diseased.size)
    level = check_ci_level(ci_level)
    most = None if n_categories is None else _check_categories(n_categories)
    counts = category_counts(diseased, numbers, n_categories=most)
    reason = no_maximum(counts)
    maximum = None if reason else maximise(counts.positive, counts.negative)
    nothing = BinormalFit(
        quantity="auc",
        unit="probability",
        estimate=math.nan,
        std_error=math.nan,
        ci_low=math.nan,
        ci_high=math.nan,
        ci_level=level,
        ci_method="Wald, probit scale",
        label=label,
        n_cases=diseased.size,
        n_positive=int(diseased.sum()),
        intercept=math.nan,
        slope=math.nan,
        covariance=np.full((2, 2), math.nan),
        cut_points=np.full(counts.lowest[1:].size, math.nan),
        threshold=counts.lowest[1:],
        log_likelihood=math.nan,
        method=_METHOD,
        note=reason or "the search for the maximum of the likelihood did not converge",
    )
    return nothing if maximum is None else _fitted(nothing, maximum, counts)


@rating_fom(uses="all", smooth=True, range=(0.0, 1.0), better="higher")
def binormal_auc(truth: ArrayLike, rating: ArrayLike) -> float:
    """Return the area under the binormal ROC curve fitted by maximum likelihood.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious; only the order counts, so infinite ratings are allowed.

    Returns
    -------
    float
        As from ``binormal_fit``, and NaN where the likelihood has no maximum, as with perfect
        separation: ``binormal_fit`` says why.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN, or all cases are of one class.

    Examples
    --------
    >>> round(binormal_auc([0, 0, 0, 1, 0, 1, 1, 1], [1, 2, 3, 3, 4, 2, 4, 5]), 4)
    0.7523
    """
    diseased = check_truth(truth)
    numbers = check_rating(rating, n_cases=diseased.size)
    require_classes(diseased, what="a binormal AUC")
    counts = truth_runs(category_counts(diseased, numbers))
    maximum = None if no_maximum(counts) else maximise(counts.positive, counts.negative)
    if maximum is None:
        return math.nan
    return float(ndtr(maximum.intercept / math.hypot(1, maximum.slope)))


def _check_categories(n_categories: int) -> int:
    """Return the number of categories; refuse fewer than the three that a curve needs."""
    number = check_count(n_categories, name="n_categories")
    if number < 3:
        msg = f"n_categories must be 3 or more, since two cuts make a curve, but got {number}"
        raise ValueError(msg)
    return number


def _fitted(nothing: BinormalFit, maximum: BinormalMaximum, counts: CategoryCounts) -> BinormalFit:
    """Return the fit with what the maximum tells."""
    a, b, root = maximum.intercept, maximum.slope, math.hypot(1, maximum.slope)
    # A = Phi(a / sqrt(1 + b^2)), and the derivatives of the deviate by a and b.
    gradient = 1 / root, -a * b / root**3
    inference: dict[str, Any] = {
        **share_of_deviate(maximum.covariance, a / root, gradient, ci_level=nothing.ci_level),
        **_goodness_of_fit(maximum, counts),
    }
    return replace(
        nothing,
        intercept=a,
        slope=b,
        covariance=maximum.covariance,
        cut_points=maximum.cut_points,
        log_likelihood=maximum.log_likelihood,
        **inference,
    )


def share_of_deviate(
    covariance: FloatArray, deviate: float, gradient: tuple[float, float], *, ci_level: float
) -> dict[str, Any]:
    """Return a share Phi(deviate) with its standard error and limits by the delta method."""
    slopes = np.array(gradient)
    error = math.sqrt(float(slopes @ covariance @ slopes))
    reach = quantile(ci_level) * error
    return {
        "estimate": float(ndtr(deviate)),
        "std_error": normal_density(deviate) * error,
        "ci_low": float(ndtr(deviate - reach)),
        "ci_high": float(ndtr(deviate + reach)),
    }


def normal_density(deviate: float) -> float:
    """Return the standard normal density."""
    return math.exp(-deviate * deviate / 2) / _SQRT_TWO_PI


def _goodness_of_fit(maximum: BinormalMaximum, counts: CategoryCounts) -> dict[str, Any]:
    """Return Pearson's chi-square on K - 3 degrees of freedom and the note that belongs to it."""
    m, n = counts.positive.sum(), counts.negative.sum()
    expected = np.concatenate(
        [
            m * cell_probabilities(maximum.slope * maximum.cut_points - maximum.intercept),
            n * cell_probabilities(maximum.cut_points),
        ]
    )
    df, least = counts.positive.size - 3, float(expected.min())
    if df < 1 or least < _LEAST_EXPECTED:
        return {"note": ""}
    observed = np.concatenate([counts.positive, counts.negative])
    statistic = math.fsum((observed - expected) ** 2 / expected)
    sparse = f"P of the fit is approximate: a category expects {least:.1f} cases, fewer than 5"
    return {
        "fit_statistic": statistic,
        "fit_df": float(df),
        "fit_p_value": float(chdtrc(df, statistic)),
        "note": sparse if least < _FEW_EXPECTED else "",
    }
