"""The largest proper binormal likelihood, which may have several maxima, some with d_a = 0."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import LinAlgError

from toolkit.arrays import FloatArray, IntArray
from toolkit.stats._binormal_lr_likelihood import BOTH, C_ALONE, ProperLikelihood, Step
from toolkit.stats._binormal_lr_model import area, corner
from toolkit.stats._binormal_lr_starts import starts

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
