"""Statistics of two ROC curves under permutation, many permutations at a time."""

from __future__ import annotations

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray

_BLOCK = 2**20  # cases times permutations held at a time


def paired_statistics(
    sign: IndexArray,
    rank_a: IndexArray,
    rank_b: IndexArray,
    number: int,
    generator: np.random.Generator,
    *,
    tied: bool,
) -> tuple[IntArray, IntArray]:
    """Return the statistics of the observed and of the permuted ranks, each (number,)."""
    n = sign.size
    observed, permuted = [], []
    for first in range(0, number, rows := max(_BLOCK // n, 1)):
        # One row of random numbers a permutation, so that the size of a block does not matter.
        drawn = generator.random((min(rows, number - first), (4 if tied else 2) * n))
        swapped, turned = drawn[:, :n] < 0.5, drawn[:, n : 2 * n] < 0.5
        # The case at each rank; whole numbers plus a random part order tied cases at random.
        order_a = np.argsort(rank_a + drawn[:, 2 * n : 3 * n] if tied else rank_a[np.newaxis])
        order_b = np.argsort(rank_b + drawn[:, 3 * n :] if tied else rank_b[np.newaxis])
        observed.append(_error_distance(sign[order_a], sign[order_b]) + np.zeros(len(drawn), int))
        permuted.append(_error_distance(*_swap(sign, order_a, order_b, swapped, turned)))
    return np.concatenate(observed), np.concatenate(permuted)


def _swap(
    sign: IndexArray,
    order_a: IndexArray,
    order_b: IndexArray,
    swapped: BoolArray,
    turned: BoolArray,
) -> tuple[IndexArray, IndexArray]:
    """Return the signs in the order of each rating after the swap, each (n_permutations, n_cases).

    At each rank stand two cases, one of each rating. After the swap a has there the own case
    where it kept its rank and that of b where it was swapped: none, one or both, then in random
    order (``turned``). b has the others, so no ranks have to be sorted.
    """
    own = np.broadcast_to(order_a, swapped.shape)
    other = np.broadcast_to(order_b, swapped.shape)
    kept, taken = ~np.take_along_axis(swapped, own, 1), np.take_along_axis(swapped, other, 1)
    pair = np.stack(
        [np.where(turned, sign[other], sign[own]), np.where(turned, sign[own], sign[other])], 2
    )
    of_a = np.stack([np.where(turned, taken, kept), np.where(turned, kept, taken)], 2)
    return pair[of_a].reshape(swapped.shape), pair[~of_a].reshape(swapped.shape)


def _error_distance(sign_a: IndexArray, sign_b: IndexArray) -> IntArray:
    """Return the sum over cuts of the absolute difference of errors, one a row.

    Below a cut a positive case is an error and a negative one is not, so the errors of both
    differ by the difference of the running totals of the signs.
    """
    apart: IntArray = np.abs(np.cumsum(sign_a - sign_b, axis=1)).sum(axis=1)
    return apart


def standing(diseased: BoolArray, rating: FloatArray) -> FloatArray:
    """Return the share of cases rated below each case, ties half, each class counting one half."""
    share = np.zeros(rating.size)
    for group in (np.sort(rating[diseased]), np.sort(rating[~diseased])):
        below = np.searchsorted(group, rating, "left") + np.searchsorted(group, rating, "right")
        share += below / (4 * group.size)
    return share


def unpaired_statistics(
    diseased: BoolArray,
    standing: FloatArray,
    in_a: BoolArray,
    number: int,
    generator: np.random.Generator,
) -> tuple[float, FloatArray]:
    """Return the area between the observed curves, and that of each permutation (number,)."""
    order = np.argsort(-standing, kind="stable")
    diseased, in_a = diseased[order], in_a[order]
    # Standings of the two sets may agree but for rounding: those are ties.
    last = np.append(np.flatnonzero(np.diff(standing[order]) < -1e-12), order.size - 1)
    observed = float(_areas_between(diseased, in_a[np.newaxis], last)[0])
    permuted = []
    for first in range(0, number, rows := max(_BLOCK // order.size, 1)):
        # One row of random numbers a permutation, as above.
        drawn = generator.random((min(rows, number - first), order.size))
        dealt = np.empty(drawn.shape, dtype=bool)
        for group in (diseased, ~diseased):
            dealt[:, group] = in_a[group][np.argsort(drawn[:, group], axis=1)]
        permuted.append(_areas_between(diseased, dealt, last))
    return observed, np.concatenate(permuted)


def _areas_between(diseased: BoolArray, in_a: BoolArray, last: IndexArray) -> FloatArray:
    """Return the area between the curves of the cases in a and of the others, one a row of in_a.

    Cases descend in rating and ``last`` are those at which tied ratings end. With
    s = (y + x) / 2 along the diagonal of the unit square and e = y - x across it, x the false and
    y the true positive rate, the area is the integral of the distance in e over s.
    """
    # Rows set apart along s, so that one call interpolates all.
    row = 2.0 * np.arange(len(in_a))[:, np.newaxis]
    s, e = [], []
    for mine in (in_a, ~in_a):
        y, x = (_rates(mine & group, last) for group in (diseased, ~diseased))
        s.append((x + y) / 2 + row)
        e.append(y - x)
    grid = np.sort(np.concatenate(s, axis=1), axis=1)
    lines = (np.interp(grid.ravel(), a.ravel(), b.ravel()) for a, b in zip(s, e, strict=True))
    apart = np.subtract(*lines).reshape(grid.shape)
    left, right = apart[:, :-1], apart[:, 1:]
    size = np.abs(left) + np.abs(right)
    # Where the curves cross within a step, two triangles are left of the trapezium.
    crossed = np.divide(left**2 + right**2, size, out=np.zeros(size.shape), where=size > 0)
    height = np.where(left * right < 0, crossed, size) / 2
    areas: FloatArray = (np.diff(grid, axis=1) * height).sum(axis=1)
    return areas


def _rates(chosen: BoolArray, last: IndexArray) -> FloatArray:
    """Return the share of the chosen cases rated from each distinct rating up, from 0 to 1."""
    counts = np.cumsum(chosen, axis=1)[:, last]
    rates: FloatArray = np.pad(counts / counts[:, -1:], ((0, 0), (1, 0)))
    return rates
