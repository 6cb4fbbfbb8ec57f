"""In how many pairs of a positive and a negative case two curves agree, without any pair."""

from __future__ import annotations

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IndexArray


def summed_products(diseased: BoolArray, a: FloatArray, b: FloatArray) -> float:
    """Return the sum over all pairs of the product of both curves' order, 1, 1/2 (tie) or 0.

    Half of "below" plus half of "not above" is that order, so a product is a quarter of four
    counts of negatives that lie before one place on curve a and before another on curve b.
    """
    order_a, order_b = np.argsort(a[~diseased]), np.argsort(b[~diseased])
    place_b = np.empty_like(order_b)
    place_b[order_b] = np.arange(order_b.size)
    before_a = _places(a[~diseased][order_a], a[diseased])
    before_b = _places(b[~diseased][order_b], b[diseased])
    sequence = place_b[order_a]  # the place on b of each negative, in their order on a
    first = np.concatenate([before_a[0], before_a[0], before_a[1], before_a[1]])
    second = np.concatenate([before_b[0], before_b[1], before_b[0], before_b[1]])
    return _count_before(sequence, first, second) / 4


def _places(ascending: FloatArray, rating: FloatArray) -> tuple[IndexArray, IndexArray]:
    """Return how many ratings lie below, and not above, each of ``rating``."""
    below = np.searchsorted(ascending, rating, side="left")
    return below, np.searchsorted(ascending, rating, side="right")


def _count_before(sequence: IndexArray, first: IndexArray, value: IndexArray) -> int:
    """Return over all queries the sum of how many of ``sequence[:first]`` are below ``value``.

    ``sequence`` is a permutation from 0. A wavelet matrix: bit by bit from the highest, numbers
    with a 0 go stably before those with a 1, and a query follows the numbers that agree with its
    value so far; where its bit is 1, those with a 0 are below it. O((n + queries) log n).
    """
    count = 0
    start, stop = np.zeros_like(first), first
    for bit in range(int(sequence.size).bit_length() - 1, -1, -1):
        is_zero = (sequence >> bit) & 1 == 0
        zeros_before = np.append(0, np.cumsum(is_zero))
        zeros_start, zeros_stop = zeros_before[start], zeros_before[stop]
        goes_on_with_one = (value >> bit) & 1 == 1
        count += int((zeros_stop - zeros_start)[goes_on_with_one].sum())
        n_zeros = zeros_before[-1]
        start = np.where(goes_on_with_one, n_zeros + start - zeros_start, zeros_start)
        stop = np.where(goes_on_with_one, n_zeros + stop - zeros_stop, zeros_stop)
        sequence = np.concatenate([sequence[is_zero], sequence[~is_zero]])
    return count
