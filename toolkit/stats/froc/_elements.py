"""What a figure of merit compares: rated elements of cases, and their sums by rating and by unit.

A figure of merit of marks sets elements that should be rated low (x: the highest non-lesion mark
of a case, every non-lesion mark, a healthy region) against elements that should be rated high (y:
lesions, diseased cases). Leaving a case out takes its elements out; drawing it twice doubles their
weight. So all that is needed are sums of weights over ratings, of everything and of one unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.arrays import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Elements:
    """Elements of one side.

    Parameters
    ----------
    rating, case, weight : ndarray, shape (n_elements,)
        Rating, case from 0, and what the element counts.
    mass : ndarray, shape (n_cases,)
        What each case adds to the total that the weights are shares of.
    """

    rating: FloatArray
    case: IntArray
    weight: FloatArray
    mass: FloatArray


def per_case(case: IntArray, weight: FloatArray, n_cases: int) -> FloatArray:
    """Return the weight of each case's elements, (n_cases,)."""
    totals: FloatArray = np.bincount(case, weights=weight, minlength=n_cases).astype(np.float64)
    return totals


def descending_ranks(x: FloatArray, y: FloatArray) -> tuple[IntArray, IntArray, int]:
    """Return the ranks of both sides among their distinct ratings, 0 the highest, and how many."""
    levels, rank = np.unique(np.concatenate([x, y]), return_inverse=True)
    rank = levels.size - 1 - rank
    return rank[: x.size], rank[x.size :], int(levels.size)


class RankSums:
    """Sums of elements by rank, for any number of times that each case is counted."""

    def __init__(self, elements: Elements, rank: IntArray) -> None:
        """Hold the elements in the order of their ranks."""
        order = np.argsort(rank, kind="stable")
        self._case, self._weight = elements.case[order], elements.weight[order]
        self._rank = rank[order]

    def at_ranks(self, times: FloatArray, n_ranks: int) -> FloatArray:
        """Return the weight at the first ranks (n_rows, n_ranks); ``times`` (n_rows, n_cases)."""
        end = int(np.searchsorted(self._rank, n_ranks))
        sums = np.zeros((times.shape[0], n_ranks))
        if end:
            first = np.flatnonzero(np.diff(self._rank[:end], prepend=-1))
            weight = np.take(times, self._case[:end], axis=1) * self._weight[:end]
            sums[:, self._rank[first]] = np.add.reduceat(weight, first, axis=1)
        return sums


class UnitSums:
    """Sums over the elements of one unit that rank before a given rank.

    One sort by unit and rank serves all units and ranks: O(log n) a question.
    """

    def __init__(self, unit: IntArray, rank: IntArray, n_ranks: int, values: FloatArray) -> None:
        """Hold the values (n_elements,) of units from 0 in order; unit -1 is none."""
        inside = np.flatnonzero(unit >= 0)
        key = unit[inside] * n_ranks + rank[inside]
        order = np.argsort(key, kind="stable")
        self._n_ranks, self._key = n_ranks, key[order]
        self._total = np.append(0.0, np.cumsum(values[inside[order]]))

    def before(self, unit: IntArray, rank: IntArray | int) -> FloatArray:
        """Return for each unit asked for the sum of its values at ranks below ``rank``."""
        first = np.searchsorted(self._key, unit * self._n_ranks)
        last = np.searchsorted(self._key, unit * self._n_ranks + rank)
        found: FloatArray = self._total[last] - self._total[first]
        return found
