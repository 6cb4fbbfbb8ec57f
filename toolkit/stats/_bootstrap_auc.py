"""AUCs of resamples from counts: one sort a curve, then sums of whole numbers in each resample.

A resample only changes how often each case counts. With the negative cases in the order of their
ratings and a running sum of their counts, the negatives below each positive case are one look-up,
and those tied with it the difference of two: no resample is sorted, and ties are exact.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray
from toolkit.stats._bootstrap_kernel import (
    UInt8Array,
    UInt32Array,
    UInt64Array,
    draw_kernel,
    pair_kernel,
    worth_a_kernel,
)
from toolkit.stats._compile import compiled
from toolkit.stats._resample import Units, draw, in_blocks, usable_processors

# Counts of a block stay in the processor's cache; numpy needs larger blocks for its overhead.
_KERNEL_BLOCK, _NUMPY_BLOCK = 2**18, 2**19

# Four times the cube of the number of cases must fit into 63 bits.
MAX_CASES_STUDENTISED = 1_300_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """One class of a curve against the other, both in ascending order of their ratings.

    ``unit``, ``below`` and ``not_above`` (n_cases,): the unit of each case, and how many others
    are rated below it and not above it. ``other_unit`` (n_others,): the units of the others.
    """

    unit: UInt32Array
    below: UInt32Array
    not_above: UInt32Array
    other_unit: UInt32Array


def side_of(case: BoolArray, rating: FloatArray, unit: IndexArray) -> Side:
    """Return the cases of a class, those where ``case``, against all others."""
    own, other = np.argsort(rating[case]), np.argsort(rating[~case])
    own_rating, other_rating = rating[case][own], rating[~case][other]
    return Side(
        unit=unit[case][own].astype(np.uint32),
        below=np.searchsorted(other_rating, own_rating, side="left").astype(np.uint32),
        not_above=np.searchsorted(other_rating, own_rating, side="right").astype(np.uint32),
        other_unit=unit[~case][other].astype(np.uint32),
    )


def resampled_aucs(
    truth: BoolArray, ratings: FloatArray, units: Units, states: UInt64Array, *, jobs: int | None
) -> FloatArray:
    """Return the AUC of each curve in each resample, (n_resamples, n_curves).

    NaN where a resample has no case of a class.
    """
    sides = [side_of(truth, rating, units.unit) for rating in ratings.T]
    values = np.empty((states.shape[0], len(sides)))

    def fill(block: slice, counts: UInt8Array, kernel: bool) -> None:
        for column, side in enumerate(sides):
            pairs, _, m, n = pair_sums(counts, side, kernel=kernel)
            values[block, column] = _ratio(pairs, 2 * m * n)

    _over_blocks(fill, units, states, n_curves=len(sides), jobs=jobs)
    return values


def resampled_errors(
    truth: BoolArray, rating: FloatArray, units: Units, states: UInt64Array, *, jobs: int | None
) -> tuple[FloatArray, FloatArray]:
    """Return AUCs of one curve and their DeLong standard errors, each (n_resamples,)."""
    positive, negative = (side_of(case, rating, units.unit) for case in (truth, ~truth))
    values, errors = np.empty(states.shape[0]), np.empty(states.shape[0])

    def fill(block: slice, counts: UInt8Array, kernel: bool) -> None:
        hits, hit_squares, m, n = pair_sums(counts, positive, kernel=kernel)
        misses, miss_squares, _, _ = pair_sums(counts, negative, kernel=kernel)
        values[block] = _ratio(hits, 2 * m * n)
        # Both classes by their misses, of which a good reader has few: nothing cancels.
        squares = hit_squares - 4 * n * hits + 4 * n * n * m
        variance = _variance_of_mean(misses, squares, m, scale=2 * n) + _variance_of_mean(
            misses, miss_squares, n, scale=2 * m
        )
        errors[block] = np.sqrt(variance)

    _over_blocks(fill, units, states, n_curves=2, jobs=jobs)
    return values, errors


def _variance_of_mean(
    total: IntArray, squares: IntArray, n: IntArray, *, scale: IntArray
) -> FloatArray:
    """Return the variance of the mean of n values over ``scale``; NaN with fewer than two."""
    deviations = squares - total * _ratio(total, n)
    variance = np.maximum(_ratio(deviations, n * (n - 1)), 0)
    return _ratio(variance, scale * scale)


def _ratio(above: NDArray[np.number], below: IntArray) -> FloatArray:
    """Return a quotient; NaN where nothing stands below the line."""
    quotient = np.full(below.shape, np.nan)
    np.divide(above, below, out=quotient, where=below > 0)
    return quotient


def _over_blocks(
    fill: Callable[[slice, UInt8Array, bool], None],
    units: Units,
    states: UInt64Array,
    *,
    n_curves: int,
    jobs: int | None,
) -> None:
    """Call ``fill`` with blocks of resamples and their counts, by the kernel or by numpy."""
    kernel = worth_a_kernel(states.shape[0] * units.n_units * n_curves)
    if kernel:  # before there are threads, each of which would load them
        compiled(draw_kernel)
        compiled(pair_kernel)

    def work(first: int, last: int) -> None:
        fill(slice(first, last), draw(states[first:last], units.starts, kernel=kernel), kernel)

    block = _KERNEL_BLOCK if kernel else _NUMPY_BLOCK
    if jobs is None:
        jobs = usable_processors() if kernel else 1
    in_blocks(work, states.shape[0], rows=block // max(units.n_units, 1), jobs=jobs)


def pair_sums(counts: UInt8Array, side: Side, *, kernel: bool) -> IntArray:
    """Return what ``pair_kernel`` sums up in each resample, shape (4, n_resamples)."""
    sums = np.empty((4, counts.shape[0]), dtype=np.int64)
    if kernel:
        compiled(pair_kernel)(counts, side.unit, side.below, side.not_above, side.other_unit, sums)
        return sums
    running = np.zeros((counts.shape[0], side.other_unit.size + 1), dtype=np.int32)
    np.cumsum(counts[:, side.other_unit], axis=1, out=running[:, 1:])
    weight = counts[:, side.unit].astype(np.int64)
    doubled = (running[:, side.below] + running[:, side.not_above]).astype(np.int64)
    weighted = weight * doubled
    sums[0] = weighted.sum(axis=1)
    sums[1] = (weighted * doubled).sum(axis=1)
    sums[2] = weight.sum(axis=1)
    sums[3] = running[:, -1]
    return sums
