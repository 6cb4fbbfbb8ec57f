"""Two forms that figures of merit of marks have: a share and a mean over pairs.

Each gives its value for any number of times that every case is counted, and without each unit in
O(n log n): nothing is computed anew for a case that is left out. The third is ``_cut_curve``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from toolkit.arrays import FloatArray, IntArray
from toolkit.stats.froc._elements import Elements, RankSums, UnitSums, descending_ranks


class MarkStatistic(Protocol):
    """A figure of merit of one reading."""

    def counted(self, times: FloatArray) -> FloatArray:
        """Return it, (n_rows,), with each case counted ``times`` (n_rows, n_cases)."""

    def left_out(self, unit: IntArray, n_units: int) -> FloatArray:
        """Return it without each unit, (n_units,); ``unit`` (n_cases,) is -1 for what stays."""


def quotient(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return above / below; NaN where below is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)


def total_without(values: FloatArray, unit: IntArray, n_units: int) -> FloatArray:
    """Return the sum over cases without each unit, (n_units,)."""
    inside = unit >= 0
    own = np.bincount(unit[inside], weights=values[inside], minlength=n_units)
    left: FloatArray = values.sum() - own
    return left


@dataclass(frozen=True, kw_only=True, eq=False)
class Share:
    """A ratio of two totals over cases; ``above`` and ``below`` have shape (n_cases,)."""

    above: FloatArray
    below: FloatArray

    def counted(self, times: FloatArray) -> FloatArray:
        """Return the ratio with each case counted some times."""
        return quotient(times @ self.above, times @ self.below)

    def left_out(self, unit: IntArray, n_units: int) -> FloatArray:
        """Return the ratio without each unit."""
        above, below = (total_without(side, unit, n_units) for side in (self.above, self.below))
        return quotient(above, below)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairMean:
    """The share of pairs (x, y) in which y is rated above x, ties half, weighted by both."""

    x: Elements
    y: Elements

    @cached_property
    def _ranks(self) -> tuple[IntArray, IntArray, int]:
        return descending_ranks(self.x.rating, self.y.rating)

    @cached_property
    def _by_rank(self) -> tuple[RankSums, RankSums]:
        return RankSums(self.x, self._ranks[0]), RankSums(self.y, self._ranks[1])

    def counted(self, times: FloatArray) -> FloatArray:
        """Return the mean with each case counted some times."""
        at_x, at_y = (side.at_ranks(times, self._ranks[2]) for side in self._by_rank)
        above = np.cumsum(at_y, axis=1) - at_y / 2
        return _share((at_x * above).sum(axis=1), times @ self.x.mass, times @ self.y.mass)

    def left_out(self, unit: IntArray, n_units: int) -> FloatArray:
        """Return the mean without each unit.

        All pairs, less those of its x, less those of its y, plus those within it, which were taken
        off twice.
        """
        x_rank, y_rank, n_ranks = self._ranks
        at_x = np.bincount(x_rank, weights=self.x.weight, minlength=n_ranks)
        at_y = np.bincount(y_rank, weights=self.y.weight, minlength=n_ranks)
        of_x = self.x.weight * (np.cumsum(at_y) - at_y / 2)[x_rank]
        of_y = self.y.weight * (at_x.sum() - np.cumsum(at_x) + at_x / 2)[y_rank]
        within = _within(self.x, self.y, unit, self._ranks)
        pairs = np.full(n_units, of_x.sum())
        for elements, values in ((self.x, -of_x), (self.y, -of_y), (self.y, within)):
            own = unit[elements.case]
            pairs += np.bincount(own[own >= 0], weights=values[own >= 0], minlength=n_units)
        x_mass, y_mass = (total_without(side.mass, unit, n_units) for side in (self.x, self.y))
        return _share(pairs, x_mass, y_mass)


def _share(pairs: FloatArray, x_mass: FloatArray, y_mass: FloatArray) -> FloatArray:
    """Return pairs as a share of all, which sums of weights may miss by a rounding error."""
    return np.clip(quotient(pairs, x_mass * y_mass), 0.0, 1.0)


def _within(
    x: Elements, y: Elements, unit: IntArray, ranks: tuple[IntArray, IntArray, int]
) -> FloatArray:
    """Return for each y its weight times the weight of its own unit's x below it, ties half."""
    x_rank, y_rank, n_ranks = ranks
    own_x, own = UnitSums(unit[x.case], x_rank, n_ranks, x.weight), unit[y.case]
    not_below = own_x.before(own, y_rank) + own_x.before(own, y_rank + 1)
    return np.where(own >= 0, y.weight * (own_x.before(own, n_ranks) - not_below / 2), 0.0)
