"""The proper binormal ROC curve of one reader, fitted by maximum likelihood.

The latent ratings are those of the binormal model, but the reader goes by their likelihood ratio:
the curve is concave, never crosses the chance diagonal and has no hook (Metz and Pan's "proper"
model, as in PROPROC; binormalLR in other programs). Where the binormal curve has no hook that can
be seen the two are all but the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from toolkit.arrays import FloatArray
from toolkit.results import Estimate
from toolkit.stats._binormal_categories import CategoryCounts, category_counts, truth_runs
from toolkit.stats._binormal_lr_maximum import ProperMaximum, maximise
from toolkit.stats._binormal_lr_model import area, area_slopes
from toolkit.stats._checks import check_ci_level, check_rating, check_truth
from toolkit.stats._points import require_classes
from toolkit.stats.binormal import normal_density, share_of_deviate
from toolkit.stats.roc import rating_fom

_METHOD = "proper binormal ROC curve, maximum likelihood"
_AT_CHANCE = "chance is the likeliest: no proper curve above the diagonal is, and it has no error"
ON_EDGE = (
    "d_a is 0, on the edge of the model: the standard error is that of c, with which alone the "
    "area moves there"
)
_BELOW_CHANCE = "the lower limit lies below 0.5, where no proper curve is"
# Of more categories the areas are not kept for the next call.
_MOST_KEPT = 100


@dataclass(frozen=True, kw_only=True, eq=False)
class BinormalLrFit(Estimate):
    """A fitted proper binormal curve; as an estimate it is that of the area under it.

    Parameters
    ----------
    d_a, c : float
        Of the binormal model with the same likelihood ratios: sqrt(2) times the deviate of the
        area under it, 0 or more, and (b - 1) / (b + 1), below 0 where positive cases spread more.
    covariance : ndarray, shape (2, 2)
        Of d_a and c, from the observed information; 0 for a d_a of 0, which is held there.
    cut_points : ndarray, shape (n_categories - 1,)
        Between the rating categories, on the scale v of Metz and Pan.
    threshold : ndarray, shape (n_categories - 1,)
        The lowest rating above each cut point.
    log_likelihood : float
        At the maximum, without the multinomial constants.
    """

    d_a: float
    c: float
    covariance: FloatArray
    cut_points: FloatArray
    threshold: FloatArray
    log_likelihood: float

    @property
    def slope(self) -> float:
        """Slope b of the binormal model."""
        return (1 + self.c) / (1 - self.c)

    @property
    def intercept(self) -> float:
        """Intercept a of the binormal model."""
        return self.d_a * math.hypot(1, self.slope) / math.sqrt(2)

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row: the area under the curve as an estimate."""
        names = [field.name for field in fields(Estimate)]
        return Estimate(**{name: getattr(self, name) for name in names}).summary_frame()


def binormal_lr_fit(
    truth: ArrayLike, rating: ArrayLike, *, ci_level: float = 0.95, label: str = ""
) -> BinormalLrFit:
    """Fit a proper binormal ROC curve by maximum likelihood and estimate the area under it.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious; only the order counts, so infinite ratings are allowed. Every
        distinct rating is a category.
    ci_level : float
        Confidence level, two-sided.
    label : str
        Who or what was measured.

    Returns
    -------
    BinormalLrFit
        The area, 0.5 or more, is Phi(d_a / sqrt 2) + 2 F(-d_a / sqrt 2, 0; rho), F the bivariate
        normal distribution and rho = -(1 - c^2) / (1 + c^2); its standard error is by the delta
        method, its interval Wald on the probit scale. At chance the area is 0.5 without an error.
        NaN with a note where there is no maximum: a class without cases, fewer than three
        categories, or all operating points on the left and upper edges of the unit square, for
        then the curve is the likelier the nearer c is to -1 or 1 and the area to 1.

    Raises
    ------
    ValueError
        If an argument is malformed or a rating is NaN.

    Notes
    -----
    With an operating point inside the square there always is a maximum. There may be several, and
    their areas differ by more than rounding: the search climbs by Newton's method from curves of
    all shapes. Often d_a = 0 is the likeliest; the area then is known as well as within, while d_a
    and c are hardly told apart near it. Not for readers who do worse than chance by confusing the
    direction of the scale, since no proper curve lies below the diagonal: look at the empirical
    curve first. Cases are random and independent; not for clustered cases.

    References
    ----------
    Metz CE, Pan X. J Math Psychol 1999;43:1-33. doi:10.1006/jmps.1998.1218

    Pesce LL, Metz CE. Acad Radiol 2007;14:814-829. doi:10.1016/j.acra.2007.03.012

    Examples
    --------
    Hanley and McNeil (1982), table 1: 109 CT images rated from 1 to 5.

    >>> truth = np.repeat([1, 0], [51, 58])
    >>> rating = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
    >>> fit = binormal_lr_fit(truth, rating)
    >>> f"d_a {fit.d_a:.3f}, c {fit.c:.3f}, AUC {fit.estimate:.3f}"
    'd_a 1.908, c -0.168, AUC 0.911'
    """
    diseased = check_truth(truth)
    numbers = check_rating(rating, n_cases=diseased.size)
    level = check_ci_level(ci_level)
    counts = category_counts(diseased, numbers)
    reason = no_proper_maximum(counts)
    maximum = None if reason else maximise(counts.positive, counts.negative)
    nothing = BinormalLrFit(
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
        d_a=math.nan,
        c=math.nan,
        covariance=np.full((2, 2), math.nan),
        cut_points=np.full(counts.lowest[1:].size, math.nan),
        threshold=counts.lowest[1:],
        log_likelihood=math.nan,
        method=_METHOD,
        note=reason or "the search for the maximum of the likelihood did not converge",
    )
    return nothing if maximum is None else _fitted(nothing, maximum)


@rating_fom(uses="all", smooth=True, range=(0.0, 1.0), better="higher")
def binormal_lr_auc(truth: ArrayLike, rating: ArrayLike) -> float:
    """Return the area under the proper binormal ROC curve fitted by maximum likelihood.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious; only the order counts, so infinite ratings are allowed.

    Returns
    -------
    float
        As from ``binormal_lr_fit``, and NaN where the likelihood has no maximum, as with perfect
        separation: ``binormal_lr_fit`` says why.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN, or all cases are of one class.

    Notes
    -----
    Smooth but where two maxima are nearly equally high: a case left out may then change the one
    that is the highest. Tables of counts seen before are not fitted again, so that a jackknife
    of ratings of a few levels needs one fit for each level and class.

    References
    ----------
    Metz CE, Pan X. J Math Psychol 1999;43:1-33. doi:10.1006/jmps.1998.1218

    Examples
    --------
    >>> round(binormal_lr_auc([0, 0, 0, 1, 0, 1, 1, 1], [1, 2, 3, 3, 4, 2, 4, 5]), 4)
    0.7523
    """
    diseased = check_truth(truth)
    numbers = check_rating(rating, n_cases=diseased.size)
    require_classes(diseased, what="a proper binormal AUC")
    counts = truth_runs(category_counts(diseased, numbers))
    if no_proper_maximum(counts):
        return math.nan
    if counts.positive.size > _MOST_KEPT:
        return _area_of(maximise(counts.positive, counts.negative))
    return _kept_area(tuple(counts.positive.tolist()), tuple(counts.negative.tolist()))


@lru_cache(maxsize=2048)
def _kept_area(positive: tuple[int, ...], negative: tuple[int, ...]) -> float:
    """Return the area of a table of counts, fitted once."""
    return _area_of(maximise(np.array(positive), np.array(negative)))


def _area_of(maximum: ProperMaximum | None) -> float:
    """Return the area under the curve of a maximum; NaN without one."""
    return math.nan if maximum is None else float(area(maximum.d_a, maximum.c))


def no_proper_maximum(counts: CategoryCounts) -> str:
    """Say why the proper binormal likelihood has no maximum; empty if it has one.

    With c near -1 or 1, or with a large d_a, all curves come near to the left and upper edges of
    the unit square, so that any operating point within it keeps the parameters from there.
    """
    positive, negative = counts.positive, counts.negative
    for name, numbers in (("positive", positive), ("negative", negative)):
        if not numbers.any():
            return f"no {name} case: there is no ROC curve"
    if np.flatnonzero(negative).max() < np.flatnonzero(positive).min():
        return (
            "every positive case is rated above every negative one: no proper binormal curve is "
            "the likeliest, and an area of 1 would claim certainty"
        )
    n_categories = truth_runs(counts).positive.size
    if n_categories < 3:
        return (
            f"{n_categories} rating categories, neighbours with cases of one class only taken as "
            "one: a proper binormal curve needs three or more"
        )
    false_positives = np.cumsum(negative[::-1])[:-1]
    misses = positive.sum() - np.cumsum(positive[::-1])[:-1]
    if ((false_positives == 0) | (misses == 0)).all():
        return (
            "all operating points lie on the left and upper edges: a curve through the corner fits "
            "them exactly, so no proper binormal curve is the likeliest; use the empirical curve"
        )
    return ""


def _fitted(nothing: BinormalLrFit, maximum: ProperMaximum) -> BinormalLrFit:
    """Return the fit with what the maximum tells."""
    d_a, c = maximum.d_a, maximum.c
    known = replace(
        nothing,
        estimate=float(area(d_a, c)),
        d_a=d_a,
        c=c,
        cut_points=maximum.cut_points,
        log_likelihood=maximum.log_likelihood,
        note=_AT_CHANCE,
    )
    free = maximum.information.shape[0]
    if not free:
        return known
    covariance = np.zeros((2, 2))
    covariance[2 - free :, 2 - free :] = np.linalg.inv(maximum.information)
    deviate = float(ndtri(known.estimate))
    density = normal_density(deviate)
    by_d, by_c = (slope / density for slope in area_slopes(d_a, c))
    inference = share_of_deviate(covariance, deviate, (by_d, by_c), ci_level=nothing.ci_level)
    notes = [ON_EDGE] * (free == 1) + [_BELOW_CHANCE] * (inference["ci_low"] < 0.5)
    return replace(known, covariance=covariance, note="; ".join(notes), **inference)
