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
from scipy.linalg import LinAlgError
from scipy.special import ndtri

from toolkit.arrays import FloatArray, IntArray
from toolkit.results import Estimate
from toolkit.stats._checks import check_ci_level, check_rating, check_truth
from toolkit.stats.auc.curve import rating_fom, require_classes
from toolkit.stats.binormal.binormal import (
    CategoryCounts,
    category_counts,
    normal_density,
    share_of_deviate,
    truth_runs,
)
from toolkit.stats.binormal.proper_model import (
    BOTH,
    C_ALONE,
    ProperLikelihood,
    Step,
    area,
    area_slopes,
    cells,
    corner,
)

# From equal means of the two classes at -1 (c < 0) over equal spreads at 0 to equal means at 1.
_SHAPES = np.linspace(-1, 1, 17)
_AREAS = np.array([0.51, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.84, 0.88, 0.91, 0.94, 0.96, 0.98, 0.99])
_NODES = 1 / (1 + np.exp(np.linspace(12, -12, 241)))
# A search starts from the best curve of each of these rows of shapes, equal means first.
_ROWS = (slice(0, 1), slice(16, 17), *(slice(first, first + 3) for first in range(1, 16, 3)))
_LEAST_PROBABILITY = 1e-12
_HOPELESS = 5.0


@dataclass(frozen=True, kw_only=True, eq=False)
class _Curves:
    """Curves of each shape and area, tabled by the mean of both classes' shares above a cut.

    Parameters
    ----------
    d_a, c : ndarray, shape (n_shapes, n_areas)
    cut : ndarray, shape (n_shapes, n_areas, n_nodes)
        The v above which the mean share is that of the node.
    share : ndarray, shape (2, n_shapes, n_areas, n_nodes)
        Share of the positive and of the healthy cases above it.
    """

    d_a: FloatArray
    c: FloatArray
    cut: FloatArray
    share: FloatArray


def starts(positive: IntArray, negative: IntArray) -> list[FloatArray]:
    """Return parameters (d_a, c, v_1, ..., v_k), the two with d_a = 0 first.

    Cuts are set so that the mean of both classes' shares above them is the observed one, which
    comes within about 1 of the log likelihood that the curve can have: shapes that stay behind
    the best by more than 5 are left out, but for the first two.
    """
    curves = _curves()
    above = [counts[:0:-1].cumsum()[::-1] / counts.sum() for counts in (positive, negative)]
    place = np.interp((above[0] + above[1]) / 2, _NODES, np.arange(_NODES.size))
    left = np.minimum(place.astype(np.intp), _NODES.size - 2)

    def between(table: FloatArray) -> FloatArray:
        return np.asarray(
            table[..., left] + (table[..., left + 1] - table[..., left]) * (place - left)
        )

    value = np.zeros(curves.c.shape)
    for share, counts in zip(curves.share, (positive, negative), strict=True):
        cell = -np.diff(between(share), axis=-1, prepend=1, append=0)
        value += np.log(np.maximum(cell, _LEAST_PROBABILITY)) @ counts
    found = []
    for number, rows in enumerate(_ROWS):
        inside, level = np.unravel_index(np.argmax(value[rows]), value[rows].shape)
        best = int(inside) + rows.start, int(level)
        if number < 2 or value[best] > value.max() - _HOPELESS:
            cut = between(curves.cut[best])
            found.append(np.concatenate([[curves.d_a[best], curves.c[best]], cut]))
    return found


@lru_cache(maxsize=1)
def _curves() -> _Curves:
    """Return the table, which is made once, in a tenth of a second."""
    angle = np.broadcast_to(_SHAPES[:, np.newaxis] * math.pi / 2, (_SHAPES.size, _AREAS.size))
    d_a, c = _with_area(angle)
    d_a[[0, -1]] = 0.0  # 1e-16 by rounding
    tables = [_tabled(one_d, one_c) for one_d, one_c in zip(d_a.flat, c.flat, strict=True)]
    stacked = np.moveaxis(np.reshape(tables, (*d_a.shape, 3, _NODES.size)), 2, 0)
    return _Curves(d_a=d_a, c=c, cut=stacked[0], share=stacked[1:])


def _with_area(angle: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return d_a and c in the direction of each angle at the areas of the table, by bisection."""

    def at(length: FloatArray) -> tuple[FloatArray, FloatArray]:
        return 2 * length * np.cos(angle), np.tanh(length * np.sin(angle))

    low, high = np.zeros(angle.shape), np.full(angle.shape, 8.0)
    for _ in range(40):
        middle = (low + high) / 2
        below = area(*at(middle)) < _AREAS
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return at(low)


def _tabled(d_a: float, c: float) -> FloatArray:
    """Return cuts and both classes' shares above them at the nodes of the mean share, (3, n)."""
    if c:
        # As near to the corner as healthy or positive cases come, and as far.
        steps = np.geomspace(1e-7, 1.0, 1200) * (12 / (1 - abs(c)) + 2 * abs(corner(d_a, c)))
        v = np.sort(corner(d_a, c) - math.copysign(1, c) * steps)
    else:
        v = np.linspace(-9, 9, 1200) * (1 + d_a)
    share = cells(v, d_a, c)[:, :0:-1].cumsum(axis=1)
    mean = (share[0] + share[1]) / 2
    return np.stack([np.interp(_NODES, mean, row) for row in (v[::-1], *share)])


_LARGEST_STEPS = 150
_LARGEST_HALVINGS = 40
# Of Newton's decrement. The last step, taken below it, leaves about its square.
_CLOSE = 1e-12
# Enough to tell one maximum from another, and whether it may be the highest.
_NEAR, _STEPS_TO_NEAR, _BEHIND = 1e-3, 15, 0.5
# Log likelihoods that differ by less are of one maximum.
_SAME, _SAME_AREA = 1e-9, 1e-3
# The sum of the logarithms of a million terms is not known more exactly, in shares of itself.
_ROUNDING = 1e-13
# Below it the area is 0.5 to four digits, and chance.
_CHANCE = 1e-4
# Below it the likelihood differs from that of d_a = 0 by the fourth power of it alone.
_EDGE = 1e-2
# Values of d_a, and how far the likelihood may fall along them.
_RIDGE, _RIDGE_LOSS = (0.4, 0.8, 1.2, 1.6, 2.0, 2.5, 3.0), 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class ProperMaximum:
    """Maximum of the likelihood.

    Parameters
    ----------
    d_a, c : float
    cut_points : ndarray, shape (k,)
        Values of v; NaN at d_a = c = 0, where all likelihood ratios are 1.
    information : ndarray, shape (2, 2)
        Observed, of d_a and c; of c alone where d_a is 0, (1, 1); empty where both are.
    log_likelihood : float
    """

    d_a: float
    c: float
    cut_points: FloatArray
    information: FloatArray
    log_likelihood: float


@dataclass(frozen=True, kw_only=True, eq=False)
class _Place:
    """Where a climb has come to."""

    parameters: FloatArray
    value: float
    is_maximum: bool

    @property
    def free(self) -> slice:
        """Parameters to be moved: on the edge d_a stays 0."""
        return C_ALONE if self.on_edge else BOTH

    @property
    def on_edge(self) -> bool:
        """Whether d_a is 0."""
        return bool(self.parameters[0] == 0)

    @property
    def is_chance(self) -> bool:
        """Whether d_a and c are 0 but for the number of steps."""
        return bool(np.abs(self.parameters[:2]).max() < _CHANCE)

    def is_behind(self, other: _Place) -> bool:
        """Whether another place has the same area, or nearly so, and no lower likelihood."""
        gap = area(*self.parameters[:2]) - area(*other.parameters[:2])
        return self.value <= other.value and bool(abs(gap) < _SAME_AREA)


def maximise(positive: IntArray, negative: IntArray) -> ProperMaximum | None:
    """Return the maximum for counts in categories of which each holds a case; None without one.

    Newton's method climbs from curves of all shapes, near to the top at first; from places that
    may be the highest it goes on to the end. A maximum within d_a > 0 counts only if it is higher
    than those on the edge d_a = 0 and at chance.
    """
    likelihood = ProperLikelihood(positive, negative)
    chance = _chance(positive, negative)
    best, floor = None, chance.log_likelihood
    same = max(_SAME, _ROUNDING * abs(floor))
    ends = _ends(likelihood, starts(positive, negative))
    for end in ends:
        if end.is_maximum and end.value > floor + same:
            best, floor = end, end.value
    higher = [end for end in ends if not end.is_chance and end.value > floor + 10 * same]
    if higher or not ends:
        return None
    return chance if best is None else _maximum(likelihood, best)


def _ends(likelihood: ProperLikelihood, begin: list[FloatArray]) -> list[_Place]:
    """Return the ends of the climbs that may lead to the top, those on the edge first."""
    near = [_climbed(likelihood, start, close=_NEAR, steps=_STEPS_TO_NEAR) for start in begin]
    least = max(place.value for place in near) - _BEHIND
    near = sorted((place for place in near if place.value > least), key=lambda one: -one.value)
    ends = [_climbed(likelihood, one.parameters) for one in near if one.on_edge][:1]
    for edge in ends[:1]:
        ends += [_climbed(likelihood, place) for place in _along_ridge(likelihood, edge)]
    for place in near:
        # Of one area and no higher: another place on the ridge of that end, or the end itself.
        if not (place.is_maximum and any(place.is_behind(end) for end in ends)):
            ends.append(_climbed(likelihood, place.parameters))
    return sorted(ends, key=lambda end: not end.on_edge)


def _chance(positive: IntArray, negative: IntArray) -> ProperMaximum:
    """Return the place d_a = c = 0, where both classes have the shares of all cases."""
    total = positive + negative
    return ProperMaximum(
        d_a=0.0,
        c=0.0,
        cut_points=np.full(total.size - 1, math.nan),
        information=np.zeros((0, 0)),
        log_likelihood=float(total @ np.log(total / total.sum())),
    )


def _along_ridge(likelihood: ProperLikelihood, edge: _Place) -> list[FloatArray]:
    """Return the highest place with d_a of 0.4, 0.8, ... if it is higher than that on the edge.

    Along the ridge the likelihood leaves the edge with a slope of 0, too little to climb by.
    """
    place, best = edge, edge
    for d_a in _RIDGE:
        old_d, c = place.parameters[:2]
        v = place.parameters[2:] + corner(d_a, c) - corner(old_d, c)
        place = _climb(likelihood, np.concatenate([[d_a, c], v]), C_ALONE, close=_NEAR)
        best = max(place, best, key=lambda one: one.value)
        if place.value < edge.value - _RIDGE_LOSS:
            break
    return [] if best is edge else [best.parameters]


def _climbed(
    likelihood: ProperLikelihood,
    start: FloatArray,
    *,
    close: float = _CLOSE,
    steps: int = _LARGEST_STEPS,
) -> _Place:
    """Return the place reached from a start; one that comes near d_a = 0 ends on it."""
    place = _climb(likelihood, start, BOTH if start[0] else C_ALONE, close=close, steps=steps)
    d_a, c = place.parameters[:2]
    if not 0 < d_a < _EDGE or place.is_chance:
        return place
    edge = np.concatenate([[0.0, c], place.parameters[2:] - corner(d_a, c)])
    return _climb(likelihood, edge, C_ALONE, close=close, steps=steps)


def _climb(
    likelihood: ProperLikelihood,
    start: FloatArray,
    free: slice,
    *,
    close: float = _CLOSE,
    steps: int = _LARGEST_STEPS,
) -> _Place:
    """Return the place that Newton's method comes to.

    Steps are halved until they climb enough (Armijo), so that the likelihood never falls.
    """
    place = _Place(parameters=start, value=likelihood.value(start), is_maximum=False)
    for _ in range(steps if place.value > -math.inf else 0):
        if place.is_chance or 0 < place.parameters[0] < _EDGE:
            break
        try:
            step = likelihood.step(place.parameters, free)
        except (LinAlgError, ValueError):  # a place so far out that nothing can be solved
            break
        moved = _uphill(likelihood, place, step)
        if step.concave and 0 <= step.decrement < close:
            # Where rounding lets nothing be gained, the place is the maximum itself.
            return replace(moved or place, is_maximum=True)
        if moved is None:
            break
        place = moved
    return place


def _uphill(likelihood: ProperLikelihood, place: _Place, step: Step) -> _Place | None:
    """Return the place after the longest halved step that climbs enough, if one does."""
    length = 1.0
    floor = place.value - _ROUNDING * abs(place.value)
    for _ in range(_LARGEST_HALVINGS):
        moved = step.taken(place.parameters, length)
        value = likelihood.value(moved)
        if value >= floor + 1e-4 * length * step.decrement:
            return _Place(parameters=moved, value=value, is_maximum=False)
        length /= 2
    return None


def _maximum(likelihood: ProperLikelihood, place: _Place) -> ProperMaximum:
    """Return what is reported of a maximum."""
    step = likelihood.step(place.parameters, place.free, centred=False)
    return ProperMaximum(
        d_a=float(place.parameters[0]),
        c=float(place.parameters[1]),
        cut_points=place.parameters[2:],
        information=step.information,
        log_likelihood=place.value,
    )


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
