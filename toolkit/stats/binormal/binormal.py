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
from scipy.linalg import LinAlgError, solveh_banded
from scipy.special import chdtrc, ndtr, ndtri, owens_t

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.results import Estimate
from toolkit.stats._checks import check_ci_level, check_count, check_rating, check_truth
from toolkit.stats._inference import quantile
from toolkit.stats.auc.curve import rating_fom, require_classes

_SQRT_TWO_PI = math.sqrt(2 * math.pi)
_LARGEST_STEPS = 200
_LARGEST_HALVINGS = 60
# Newton's decrement is the squared distance to the maximum in standard errors. The last step,
# taken below this, leaves about its square.
_CLOSE = 1e-10


@dataclass(frozen=True, kw_only=True, eq=False)
class BinormalMaximum:
    """Maximum of the likelihood; ``covariance`` (2, 2) is that of intercept and slope."""

    intercept: float
    slope: float
    cut_points: FloatArray
    covariance: FloatArray
    log_likelihood: float


@dataclass(frozen=True, kw_only=True, eq=False)
class _Derivatives:
    """Derivatives of the log likelihood of one class by its cut points.

    The second ones are tridiagonal: ``diagonal`` (n_cuts,), ``beside`` (n_cuts - 1,).
    """

    gradient: FloatArray
    diagonal: FloatArray
    beside: FloatArray

    def times(self, vector: FloatArray) -> FloatArray:
        """Return the matrix of second derivatives times a vector (n_cuts,)."""
        product = self.diagonal * vector
        product[:-1] += self.beside * vector[1:]
        product[1:] += self.beside * vector[:-1]
        return product


def is_degenerate(positive: IntArray, negative: IntArray) -> bool:
    """Whether the likelihood has no maximum, since a curve with a corner fits the counts exactly.

    A binormal curve turns into straight lines as a or b goes to 0 or infinity: along the edges
    of the unit square and at most one line across it, level (b to 0) or upright (b to infinity).
    Any other limit gives an observed case the probability 0. So there is a maximum unless all
    operating points lie on one such path.
    """
    true_positives = np.cumsum(positive[::-1])[:-1]
    false_positives = np.cumsum(negative[::-1])[:-1]
    across = (false_positives > 0) & (false_positives < negative.sum())
    up = (true_positives > 0) & (true_positives < positive.sum())
    level, upright = true_positives[across], false_positives[up]
    return np.unique(level).size <= 1 or np.unique(upright).size <= 1


def cell_probabilities(cut_points: FloatArray) -> FloatArray:
    """Return the standard normal probability of each category, shape (n_cuts + 1,)."""
    low = np.concatenate([[-math.inf], cut_points])
    high = np.concatenate([cut_points, [math.inf]])
    # Mirrored above 0, so that both tails keep their digits.
    mirror = low > 0
    inside: FloatArray = ndtr(np.where(mirror, -low, high)) - ndtr(np.where(mirror, -high, low))
    return inside


def _log_likelihood(counts: IntArray, cut_points: FloatArray) -> float:
    """Return the sum of counts * log(probability) of one class; -inf where a count has none."""
    used = counts > 0
    probability = cell_probabilities(cut_points)[used]
    if not (probability > 0).all():
        return -math.inf
    return float(counts[used] @ np.log(probability))


def _derivatives(counts: IntArray, cut_points: FloatArray) -> _Derivatives:
    """Return the derivatives of ``_log_likelihood``, which must be finite, by the cut points."""
    probability = np.where(counts > 0, cell_probabilities(cut_points), 1.0)
    density = np.exp(-(cut_points**2) / 2) / _SQRT_TWO_PI
    below, above = density / probability[:-1], density / probability[1:]
    n_below, n_above = counts[:-1], counts[1:]
    gradient = n_below * below - n_above * above
    return _Derivatives(
        gradient=gradient,
        diagonal=-cut_points * gradient - n_below * below**2 - n_above * above**2,
        beside=n_above[:-1] * above[:-1] * below[1:],
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Step:
    """A Newton step from one set of parameters, and what the place tells of the maximum."""

    change: FloatArray
    decrement: float
    information: FloatArray
    concave: bool


class _Likelihood:
    """Log likelihood of a parameter vector (a, b, z_1, ..., z_k) for the counts of both classes."""

    def __init__(self, positive: IntArray, negative: IntArray) -> None:
        self.positive = positive
        self.negative = negative

    def start(self) -> FloatArray:
        """Return starting values: a line through the operating points in normal deviates."""
        m, n = int(self.positive.sum()), int(self.negative.sum())
        z = ndtri((np.cumsum(self.negative)[:-1] + 0.5) / (n + 1))
        u = ndtri((np.cumsum(self.positive)[:-1] + 0.5) / (m + 1))
        b = min(max(float(np.std(u)) / max(float(np.std(z)), 1e-6), 0.25), 4.0)
        a = float(np.mean(b * z - u))
        # z ascends where a category holds a healthy case, u where it holds a positive one, so
        # that the mean of the two strictly ascends.
        return np.concatenate([[a, b], (z + (u + a) / b) / 2])

    def value(self, parameters: FloatArray) -> float:
        """Return the log likelihood; minus infinity where a count has no probability."""
        a, b, z = parameters[0], parameters[1], parameters[2:]
        if not (b > 0 and (np.diff(z) > 0).all()):
            return -math.inf
        return _log_likelihood(self.negative, z) + _log_likelihood(self.positive, b * z - a)

    def step(self, parameters: FloatArray) -> _Step:
        """Return Newton's step; the curvature in (a, b) is made positive where it is not.

        For given (a, b) the likelihood is log-concave in z, so that its tridiagonal part can be
        solved at once and (a, b) has a Schur complement: the observed information of a and b.
        """
        a, b, z = parameters[0], parameters[1], parameters[2:]
        healthy, diseased = _derivatives(self.negative, z), _derivatives(self.positive, b * z - a)
        by_a, by_b = diseased.times(np.ones(z.size)), diseased.times(z)
        gradient = np.array([-diseased.gradient.sum(), diseased.gradient @ z])
        gradient_z = healthy.gradient + b * diseased.gradient
        cross = np.column_stack([b * by_a, -b * by_b - diseased.gradient])
        band = np.zeros((2, z.size))
        band[1] = -healthy.diagonal - b * b * diseased.diagonal
        band[0, 1:] = -healthy.beside - b * b * diseased.beside
        solved = solveh_banded(band, np.column_stack([cross, gradient_z]))
        curvature = np.array([[-by_a.sum(), by_b.sum()], [by_b.sum(), -(z @ by_b)]])
        information = curvature - cross.T @ solved[:, :2]
        information = (information + information.T) / 2
        values, vectors = np.linalg.eigh(information)
        bounded = np.maximum(np.abs(values), 1e-10 * np.abs(values).max())
        change = vectors @ ((vectors.T @ (gradient - cross.T @ solved[:, 2])) / bounded)
        change_z = solved[:, 2] - solved[:, :2] @ change
        return _Step(
            change=np.concatenate([change, change_z]),
            decrement=float(gradient @ change + gradient_z @ change_z),
            information=information,
            concave=bool(values[0] > 0),
        )


def maximise(positive: IntArray, negative: IntArray) -> BinormalMaximum | None:
    """Return the maximum for counts in categories of which each holds a case; None without one.

    Newton's method with step halving (Armijo), so that the likelihood never falls.
    """
    likelihood = _Likelihood(positive, negative)
    parameters = likelihood.start()
    for _ in range(_LARGEST_STEPS):
        try:
            step = likelihood.step(parameters)
        except (LinAlgError, ValueError):  # a place so far out that nothing can be solved
            return None
        if step.concave and 0 <= step.decrement < _CLOSE:
            return _maximum(likelihood, parameters + step.change)
        moved = _uphill(likelihood, parameters, step)
        if moved is None:
            return None
        parameters = moved
    return None


def _uphill(likelihood: _Likelihood, parameters: FloatArray, step: _Step) -> FloatArray | None:
    """Return the parameters after the longest halved step that climbs enough; None if none does."""
    value, length = likelihood.value(parameters), 1.0
    floor = value - 1e-13 * abs(value)  # the sum of a million terms is not known more exactly
    for _ in range(_LARGEST_HALVINGS):
        moved = parameters + length * step.change
        if likelihood.value(moved) >= floor + 1e-4 * length * step.decrement:
            return moved
        length /= 2
    return None


def _maximum(likelihood: _Likelihood, parameters: FloatArray) -> BinormalMaximum:
    """Return what is reported of the maximum."""
    information = likelihood.step(parameters).information
    return BinormalMaximum(
        intercept=float(parameters[0]),
        slope=float(parameters[1]),
        cut_points=parameters[2:],
        covariance=np.asarray(np.linalg.inv(information), dtype=np.float64),
        log_likelihood=likelihood.value(parameters),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class CategoryCounts:
    """Cases of each class in each category, least suspicious first, and its lowest rating."""

    positive: IntArray
    negative: IntArray
    lowest: FloatArray

    def grouped(self, first: IntArray) -> CategoryCounts:
        """Return the counts of groups of neighbours; ``first`` are the places where they start."""
        return CategoryCounts(
            positive=np.add.reduceat(self.positive, first),
            negative=np.add.reduceat(self.negative, first),
            lowest=self.lowest[first],
        )


def category_counts(
    diseased: BoolArray, numbers: FloatArray, *, n_categories: int | None = None
) -> CategoryCounts:
    """Count the cases of each distinct rating, or of at most ``n_categories`` groups of them.

    Groups are cut where (sensitivity + 1 - specificity) / 2 comes nearest to equal steps: as
    many cuts in the steep part of the curve as in the flat one, however rare the disease.
    """
    values, place = np.unique(numbers, return_inverse=True)
    counts = CategoryCounts(
        positive=np.bincount(place[diseased], minlength=values.size),
        negative=np.bincount(place[~diseased], minlength=values.size),
        lowest=values,
    )
    m, n = int(diseased.sum()), int((~diseased).sum())
    if n_categories is None or values.size <= n_categories or not (m and n):
        return counts
    share = ((np.cumsum(counts.positive) / m + np.cumsum(counts.negative) / n) / 2)[:-1]
    steps = np.arange(1, n_categories) / n_categories
    after = np.clip(np.searchsorted(share, steps), 1, share.size - 1)
    nearest = after - (steps - share[after - 1] <= share[after] - steps)
    return counts.grouped(np.unique(np.append(0, nearest + 1)))


def truth_runs(counts: CategoryCounts) -> CategoryCounts:
    """Merge neighbours that hold cases of one and the same class only.

    Splitting such a run multiplies the likelihood by the shares of its parts, whatever a and b,
    so that neither they nor their covariance change (Metz et al. 1998).
    """
    positive, negative = counts.positive > 0, counts.negative > 0
    both = positive & negative
    fresh = (positive[1:] != positive[:-1]) | both[1:] | both[:-1]
    return counts.grouped(np.append(0, np.flatnonzero(fresh) + 1))


def no_maximum(counts: CategoryCounts) -> str:
    """Say why the likelihood has no maximum; empty if it has one."""
    positive, negative = counts.positive, counts.negative
    for name, numbers in (("positive", positive), ("negative", negative)):
        if not numbers.any():
            return f"no {name} case: there is no ROC curve"
    if not is_degenerate(positive, negative):
        return ""
    if np.flatnonzero(negative).max() < np.flatnonzero(positive).min():
        return (
            "every positive case is rated above every negative one: no binormal curve is the "
            "likeliest, and an area of 1 would claim certainty"
        )
    if positive.size < 3:
        return f"{positive.size} rating categories: a binormal curve needs three or more"
    return (
        "degenerate ratings: a curve of straight lines along the edges fits all operating points "
        "exactly, so no binormal curve is the likeliest; use the empirical curve"
    )


_METHOD = "binormal ROC curve, maximum likelihood"
_FEW_EXPECTED = 5
_LEAST_EXPECTED = 1


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


def both_below(first: ArrayLike, second: ArrayLike, correlation: ArrayLike) -> FloatArray:
    """Return P(X < first, Y < second) of standard normal X and Y, all arguments broadcast.

    Owen DB. Ann Math Stat 1956;27:1075-1090, eq. 2.1. doi:10.1214/aoms/1177728074
    """
    h, k, rho = np.broadcast_arrays(
        *(np.asarray(value, dtype=np.float64) for value in (first, second, correlation))
    )
    opposite = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    sides = (ndtr(h) + ndtr(k)) / 2 - np.where(opposite, 0.5, 0.0)
    return np.asarray(sides - _wedge(h, k, rho) - _wedge(k, h, rho), dtype=np.float64)


def _wedge(h: FloatArray, k: FloatArray, rho: FloatArray) -> FloatArray:
    """Return T(h, a) with a = (k - rho h) / (h sqrt(1 - rho^2)), also where h = k."""
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (k - rho * h) / (h * np.sqrt((1 - rho) * (1 + rho)))
        # Without 0 / 0 at h = k = 0 or at a correlation of 1.
        slope = np.where(h == k, np.sqrt((1 - rho) / (1 + rho)), slope)
    return np.asarray(owens_t(h, slope), dtype=np.float64)
