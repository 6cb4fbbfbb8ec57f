"""Sums of placements of very many cases by one sort of plain numbers, compiled.

A sort of numbers alone is far quicker than one that carries the class of each case along, or than
sorting classes apart and merging them. So the class goes into the last bit of the number that
stands for the rating, where it cannot change the order of different ratings.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.stats._compile import compiled

# The bits of a float64 without its sign, and the largest of them whose double, plus 1, is finite.
_MAGNITUDE = np.int64(0x7FFF_FFFF_FFFF_FFFF)
_LARGEST = np.int64(0x3FF7_FFFF_FFFF_FFFF)


def kernel_sums(diseased: BoolArray, rating: FloatArray) -> tuple[int, int, int, int, int] | None:
    """Return the number of positives, the sum and the two sums of squares; None if impossible.

    Impossible are ratings so far apart that no bit is free: the largest more than 2^1022 times
    the smallest that is not 0, as where one is infinite and others are below 1.
    """
    marked = np.empty(rating.size, dtype=np.int64)
    n_positive = compiled(_mark)(diseased, np.ascontiguousarray(rating).view(np.int64), marked)
    if n_positive < 0:
        return None
    numbers = marked.view(np.float64)
    numbers.sort()
    total, positive, negative = compiled(_add_up)(marked, n_positive)
    return n_positive, total, *((int(high) << 32) + int(low) for high, low in (positive, negative))


def _mark(diseased: BoolArray, bits: IntArray, marked: IntArray) -> int:
    """Write ratings, shifted by one bit to make room, with their class; return the positives.

    As whole numbers, the bits of positive floats are in the order of the floats. Subtracting the
    same number from all magnitudes keeps the order and frees the highest bit. Returns -1 if it
    does not.
    """
    largest, smallest = np.int64(0), _MAGNITUDE
    for case in range(bits.size):
        magnitude = bits[case] & _MAGNITUDE
        largest = max(largest, magnitude)
        smallest = min(smallest, magnitude if magnitude else _MAGNITUDE)
    offset = max(largest - _LARGEST, np.int64(0))
    if smallest <= offset:
        return -1
    n_positive = 0
    for case in range(bits.size):
        magnitude = max((bits[case] & _MAGNITUDE) - offset, np.int64(0))
        sign = bits[case] & ~_MAGNITUDE if magnitude else np.int64(0)  # -0.0 is 0.0
        marked[case] = sign | (magnitude << 1) | np.int64(diseased[case])
        n_positive += diseased[case]
    return n_positive


def _add_up(marked: IntArray, n_positive: int) -> Any:  # noqa: PLR0915 - one loop
    """Return the sum of doubled placements and, for each class, that of squares in two halves.

    High and low 32 bits of the squares are summed apart, so that no sum overflows.
    """
    low_bits = np.int64(0xFFFF_FFFF)
    total = np.int64(0)
    positive_high, positive_low = np.int64(0), np.int64(0)
    negative_high, negative_low = np.int64(0), np.int64(0)
    positives_to, negatives_to = np.int64(0), np.int64(0)
    case = 0
    while case < marked.size:
        rating = marked[case] >> 1
        positives = marked[case] & 1
        negatives = 1 - positives
        case += 1
        if case == marked.size or marked[case] >> 1 != rating:
            # No tie: one square and no multiplication save a quarter of the time.
            doubled = 2 * (negatives_to if positives else n_positive - positives_to)
            square = doubled * doubled
            total += doubled & -positives
            positive_high += (square >> 32) & -positives
            positive_low += (square & low_bits) & -positives
            negative_high += (square >> 32) & -negatives
            negative_low += (square & low_bits) & -negatives
        else:
            while case < marked.size and marked[case] >> 1 == rating:
                positives += marked[case] & 1
                negatives += 1 - (marked[case] & 1)
                case += 1
            doubled = 2 * negatives_to + negatives
            total += positives * doubled
            positive_high += positives * (doubled * doubled >> 32)
            positive_low += positives * (doubled * doubled & low_bits)
            doubled = 2 * (n_positive - positives_to) - positives
            negative_high += negatives * (doubled * doubled >> 32)
            negative_low += negatives * (doubled * doubled & low_bits)
        positives_to += positives
        negatives_to += negatives
    return total, (positive_high, positive_low), (negative_high, negative_low)
