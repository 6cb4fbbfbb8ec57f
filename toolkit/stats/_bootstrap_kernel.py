"""The inner loops of the bootstrap as numba compiles them, and when it is worth loading numba.

Each has a numpy form elsewhere that returns the same whole numbers, so that no result depends on
which of the two ran. The loops are serial and release the interpreter lock: threads share the
resamples. Unsigned indices spare numba the test for negative ones, which halves the time.

Blackman D, Vigna S. ACM Trans Math Softw 2021;47:36. doi:10.1145/3460772 (the generator)
Lemire D. ACM Trans Model Comput Simul 2019;29:3. doi:10.1145/3230636 (the draws)
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import IntArray
from toolkit.stats._compile import compiled

UInt8Array = NDArray[np.uint8]
UInt32Array = NDArray[np.uint32]
UInt64Array = NDArray[np.uint64]

# Draws that numpy makes in about the time in which numba is imported and a kernel is loaded.
_WORTH_A_KERNEL = 10_000_000

_drawn_by_numpy = 0


def worth_a_kernel(n_draws: int) -> bool:
    """Whether the next ``n_draws`` are better made by a kernel: loaded already, or soon paid off.

    The tally over calls keeps a loop over many small problems from staying with numpy for ever.
    """
    global _drawn_by_numpy
    if compiled.cache_info().currsize:
        return True
    _drawn_by_numpy += n_draws
    return _drawn_by_numpy > _WORTH_A_KERNEL


def draw_kernel(states: UInt64Array, starts: IntArray, counts: UInt8Array) -> None:
    """Add to ``counts`` (n_resamples, n_units), which holds zeros, how often each unit is drawn.

    ``starts`` (n_strata + 1,) bounds the units of each stratum, from which as many are drawn as
    it has. xoshiro256++ from ``states`` (n_resamples, 4); each word holds two draws, each made
    exactly uniform by Lemire's rejection; a stratum begins with a new word.
    """
    half, mask = np.uint64(32), np.uint64(0xFFFFFFFF)
    one, count_one = np.uint64(1), np.uint8(1)
    for resample in range(states.shape[0]):
        s0, s1, s2, s3 = states[resample]
        for stratum in range(starts.size - 1):
            row = counts[resample, starts[stratum] : starts[stratum + 1]]
            size = np.uint64(row.size)
            left = size
            threshold = np.uint64(0x100000000) % size
            while left:
                word = s0 + s3
                word = ((word << np.uint64(23)) | (word >> np.uint64(41))) + s0
                shifted = s1 << np.uint64(17)
                s2 ^= s0
                s3 ^= s1
                s1 ^= s2
                s0 ^= s3
                s2 ^= shifted
                s3 = (s3 << np.uint64(45)) | (s3 >> np.uint64(19))
                product = (word & mask) * size
                if (product & mask) >= threshold:
                    row[product >> half] += count_one
                    left -= one
                product = (word >> half) * size
                if (product & mask) >= threshold and left:
                    row[product >> half] += count_one
                    left -= one


def pair_kernel(
    counts: UInt8Array,
    unit: UInt32Array,
    below: UInt32Array,
    not_above: UInt32Array,
    other_unit: UInt32Array,
    sums: IntArray,
) -> None:
    """Fill ``sums`` (4, n_resamples) from how often each unit was drawn, ``counts``.

    The other arrays are those of a ``Side``. With c the doubled number of others below a case,
    ties counted half: the sums of c and of its square over cases, and the numbers of both.
    """
    running = np.empty(other_unit.size + 1, np.int32)
    running[0] = 0
    for resample in range(counts.shape[0]):
        row = counts[resample]
        others = np.int32(0)
        for j in range(other_unit.size):
            others += row[other_unit[j]]
            running[j + 1] = others
        pairs = squares = cases = np.int64(0)
        for i in range(unit.size):
            weight = np.int64(row[unit[i]])
            doubled = np.int64(running[below[i]] + running[not_above[i]])
            cases += weight
            pairs += weight * doubled
            squares += weight * doubled * doubled
        sums[0, resample] = pairs
        sums[1, resample] = squares
        sums[2, resample] = cases
        sums[3, resample] = others
