"""Figures of merit that stop at a budget of false marks: height of a curve, or area up to there.

The curve runs through (weight of x, weight of y) from each rating up, as the rating goes down, and
its points are joined by straight lines. Leaving a unit out moves the cut, so that it is sought anew
for each unit, by bisection over sums: O(n log n) in all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from toolkit.arrays import FloatArray, IntArray
from toolkit.stats.froc.figures_of_merit import (
    Elements,
    RankSums,
    UnitSums,
    descending_ranks,
    quotient,
    total_without,
)

Step = Literal["highest", "lowest"]
CutQuantity = Literal["height", "area"]

_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class _CutPoint:
    """What lies before the rating of the cut, and at it; each (n_rows,).

    ``area_before`` is empty where the area is not asked for.
    """

    x_before: FloatArray
    x_at: FloatArray
    y_before: FloatArray
    y_at: FloatArray
    area_before: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class CutCurve:
    """Height of a curve, or the area under it, up to a budget of x per unit of its mass.

    Beyond its last x the curve is carried on flat: nothing more was marked. At a vertical step it
    has the ``step`` end. Elements of rating -inf, which are no marks, must not be among them.
    """

    x: Elements
    y: Elements
    budget: float
    quantity: CutQuantity
    step: Step

    @cached_property
    def _ranks(self) -> tuple[IntArray, IntArray, int]:
        return descending_ranks(self.x.rating, self.y.rating)

    @property
    def x_reached(self) -> float:
        """Where the curve ends."""
        return float(self.x.weight.sum() / self.x.mass.sum()) if self.x.mass.any() else np.nan

    @cached_property
    def _by_rank(self) -> tuple[RankSums, RankSums]:
        return RankSums(self.x, self._ranks[0]), RankSums(self.y, self._ranks[1])

    @cached_property
    def _ranks_needed(self) -> int:
        """Ranks to twice the budget: with each case counted once or so, the cut is among them."""
        x_rank, _, n_ranks = self._ranks
        to_x = np.cumsum(np.bincount(x_rank, weights=self.x.weight, minlength=n_ranks))
        reached = int(np.searchsorted(to_x, 2 * self.budget * self.x.mass.sum()))
        return min(reached + 1, n_ranks)

    def counted(self, times: FloatArray) -> FloatArray:
        """Return height or area with each case counted some times."""
        x_mass, y_mass = times @ self.x.mass, times @ self.y.mass
        most = self.budget * x_mass
        for n_ranks in (self._ranks_needed, self._ranks[2]):
            at_x, at_y = (side.at_ranks(times, n_ranks) for side in self._by_rank)
            to_x = np.cumsum(at_x, axis=1)
            cut = (to_x <= self._bound(most)[:, np.newaxis]).sum(axis=1)
            if (cut < n_ranks).all():
                break
        to_y = np.cumsum(at_y, axis=1)
        area_before = np.zeros(0)
        if self.quantity == "area":
            area_before = _before(np.cumsum(at_x * (to_y - at_y / 2), axis=1), cut)
        x_before, y_before = _before(to_x, cut), _before(to_y, cut)
        point = _CutPoint(
            x_before=x_before,
            x_at=_before(to_x, cut + 1) - x_before,
            y_before=y_before,
            y_at=_before(to_y, cut + 1) - y_before,
            area_before=area_before,
        )
        return self._finished(point, most, x_mass, y_mass)

    def left_out(self, unit: IntArray, n_units: int) -> FloatArray:
        """Return height or area without each unit."""
        x_mass, y_mass = (total_without(side.mass, unit, n_units) for side in (self.x, self.y))
        most = self.budget * x_mass
        curve = _CurveWithout(self.x, self.y, unit, self._ranks, n_units)
        point = curve.point(curve.first_beyond(self._bound(most)))
        return self._finished(point, most, x_mass, y_mass)

    def _bound(self, most: FloatArray) -> FloatArray:
        """Return the largest x that the cut lies beyond: at a step, its own end of it."""
        slack = _ROUNDING * np.maximum(most, 1.0)
        return most + slack if self.step == "highest" else most - slack

    def _finished(
        self, point: _CutPoint, most: FloatArray, x_mass: FloatArray, y_mass: FloatArray
    ) -> FloatArray:
        """Return the height or the area from what lies before the cut and at it."""
        part = np.clip(most - point.x_before, 0.0, None)
        inside = np.divide(part, point.x_at, out=np.zeros_like(part), where=point.x_at > 0)
        inside = np.minimum(inside, 1.0)
        if self.quantity == "height":
            return quotient(point.y_before + inside * point.y_at, y_mass)
        # A straight line rises within the rating of the cut: half of what its y add so far.
        area = point.area_before + part * (point.y_before + inside * point.y_at / 2)
        return quotient(area, x_mass * y_mass)


def _before(totals: FloatArray, rank: IntArray) -> FloatArray:
    """Return for each row the total (n_rows, n_ranks) of the ranks before ``rank``."""
    if not totals.shape[1]:
        return np.zeros(totals.shape[0])
    last = np.minimum(rank, totals.shape[1]) - 1
    found = totals[np.arange(totals.shape[0]), np.maximum(last, 0)]
    return np.where(last >= 0, found, 0.0)


class _CurveWithout:
    """The curve without each unit, as sums of all elements less those of the unit."""

    def __init__(
        self,
        x: Elements,
        y: Elements,
        unit: IntArray,
        ranks: tuple[IntArray, IntArray, int],
        n_units: int,
    ) -> None:
        """Sum all elements by rank, and those of each unit."""
        x_rank, y_rank, n_ranks = ranks
        self._units, self._n_ranks = np.arange(n_units), n_ranks
        of_x, of_y = unit[x.case], unit[y.case]
        self._own_x = UnitSums(of_x, x_rank, n_ranks, x.weight)
        self._own_y = UnitSums(of_y, y_rank, n_ranks, y.weight)
        at_x = np.bincount(x_rank, weights=x.weight, minlength=n_ranks)
        at_y = np.bincount(y_rank, weights=y.weight, minlength=n_ranks)
        to_x, to_y = np.cumsum(at_x), np.cumsum(at_y)
        height = to_y - at_y / 2  # of the curve, on average, over the x of a rank
        self._to_x, self._to_y = np.append(0.0, to_x), np.append(0.0, to_y)
        self._areas = np.append(0.0, np.cumsum(at_x * height))
        self._own_area = UnitSums(of_x, x_rank, n_ranks, x.weight * height[x_rank])
        # Weight of x that is rated above a y, ties half: of all units, and of its own.
        above = (to_x - at_x / 2)[y_rank]
        own_above = (self._own_x.before(of_y, y_rank) + self._own_x.before(of_y, y_rank + 1)) / 2
        self._missed = UnitSums(of_y, y_rank, n_ranks, y.weight * above)
        self._own_missed = UnitSums(of_y, y_rank, n_ranks, y.weight * own_above)

    def _x(self, rank: IntArray) -> FloatArray:
        """Return the weight of x at ranks below ``rank``, without each unit."""
        left: FloatArray = self._to_x[rank] - self._own_x.before(self._units, rank)
        return left

    def first_beyond(self, bound: FloatArray) -> IntArray:
        """Return for each unit the first rank at which x goes beyond ``bound``, by bisection."""
        low = np.zeros(self._units.size, dtype=np.int64)
        high = np.full(self._units.size, self._n_ranks)
        while (open_ := low < high).any():
            middle = (low + high) // 2
            beyond = self._x(np.minimum(middle + 1, self._n_ranks)) > bound
            high = np.where(open_ & beyond, middle, high)
            low = np.where(open_ & ~beyond, middle + 1, low)
        return low

    def point(self, cut: IntArray) -> _CutPoint:
        """Return what lies before the rank of each unit's cut, and at it."""
        after = np.minimum(cut + 1, self._n_ranks)
        x_before, own_x = self._x(cut), self._own_x.before(self._units, cut)
        own_y = self._own_y.before(self._units, cut)
        y_before = self._to_y[cut] - own_y
        # Area of all, less the columns of own x, less the rows of own y, plus what both share.
        rows = self._to_x[cut] * own_y - self._missed.before(self._units, cut)
        both = own_x * own_y - self._own_missed.before(self._units, cut)
        return _CutPoint(
            x_before=x_before,
            x_at=self._x(after) - x_before,
            y_before=y_before,
            y_at=self._to_y[after] - self._own_y.before(self._units, after) - y_before,
            area_before=self._areas[cut] - self._own_area.before(self._units, cut) - rows + both,
        )
