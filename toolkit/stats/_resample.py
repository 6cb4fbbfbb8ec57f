"""What is drawn in each resample: cases or patients, in strata or in one lot.

A resample is a row of counts: how often each unit (a case, or a patient with all her cases) was
drawn. Each resample has its own stream of random numbers, so that neither the number of workers
nor the size of a block of resamples can change a result; all curves share the counts.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, IndexArray, IntArray
from toolkit.stats._bootstrap_kernel import UInt8Array, UInt64Array, draw_kernel
from toolkit.stats._checks import check_cluster
from toolkit.stats._compile import compiled

_HALF, _MASK = np.uint64(32), np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """What cases are drawn by, each stratum's units numbered one after the other.

    Parameters
    ----------
    unit : ndarray, shape (n_cases,)
        The unit of each case.
    starts : ndarray, shape (n_strata + 1,)
        Where the units of each stratum begin; as many are drawn from a stratum as it has.
    clustered : bool
        Whether units are patients.
    """

    unit: IndexArray
    starts: IntArray
    clustered: bool

    @property
    def n_units(self) -> int:
        """Cases or patients to draw from."""
        return int(self.starts[-1])


def case_units(
    truth: BoolArray, cluster: ArrayLike | None, *, stratified: bool, name: str = "cluster"
) -> Units:
    """Return the units of cases, or of patients where ``cluster`` names them.

    Strata of cases are their truth; strata of patients are those with a positive case and those
    without. Without strata all units form one.
    """
    if cluster is None:
        first = np.arange(truth.size)
        positive = truth
    else:
        first = check_cluster(cluster, n_cases=truth.size, name=name)
        positive = np.bincount(first, weights=truth) > 0
    n_units = positive.size
    ordered = np.argsort(~positive, kind="stable") if stratified else np.arange(n_units)
    number = np.empty(n_units, dtype=np.intp)
    number[ordered] = np.arange(n_units)
    bounds = [0, int(positive.sum()), n_units] if stratified else [0, n_units]
    return Units(
        unit=number[first],
        starts=np.unique(np.array(bounds, dtype=np.int64)),  # an empty stratum is none
        clustered=cluster is not None,
    )


def usable_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def stream_states(seed: np.random.SeedSequence, n_resamples: int) -> UInt64Array:
    """Return the state of each resample's xoshiro256++, shape (n_resamples, 4).

    Resample b has words 2b and 2b + 1 of the seed, so that more resamples leave the first ones as
    they were. Each word gives two by splitmix64, as Blackman and Vigna advise.
    """
    words = seed.generate_state(2 * n_resamples, np.uint64).reshape(n_resamples, 2)
    states = np.empty((n_resamples, 4), dtype=np.uint64)
    for column in range(4):
        step = np.uint64(0x9E3779B97F4A7C15) * np.array(1 + column % 2, dtype=np.uint64)
        word = words[:, column // 2] + step
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        states[:, column] = word ^ (word >> np.uint64(31))
    return states


def draw(states: UInt64Array, starts: IntArray, *, kernel: bool) -> UInt8Array:
    """Return how often each unit is drawn in each resample, shape (n_resamples, n_units).

    A count beyond 255 would not fit; with 256 units or more its probability is below 1e-500.
    """
    counts = np.zeros((states.shape[0], int(starts[-1])), dtype=np.uint8)
    if kernel:
        compiled(draw_kernel)(states, starts, counts)
        return counts
    words = np.ascontiguousarray(states.T)  # the kernel's streams, all resamples at once
    for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        counts[:, first:last] = _stratum_counts(words, last - first)
    return counts


def _stratum_counts(state: UInt64Array, size: int) -> IntArray:
    """Return counts (n_resamples, size) of ``size`` draws; ``state`` (4, n_resamples) moves on.

    Lemire's method: of 32 random bits times ``size`` the upper half is the draw, accepted unless
    the lower half is among the first 2**32 modulo ``size``, which makes it exactly uniform.
    """
    drawn, accepted = _draws(state, -(-size // 2), size)
    n_resamples = state.shape[1]
    # Every resample's cells have numbers of their own, so that one count does for all of them.
    cells = drawn[:size].view(np.int64) + np.arange(n_resamples) * size
    counts = np.bincount(cells.ravel(), minlength=n_resamples * size).reshape(n_resamples, size)
    for resample in np.flatnonzero(~accepted[:size].all(axis=0)):  # a few in a million
        kept = drawn[accepted[:, resample], resample]
        while kept.size < size:
            more, fine = _draws(state[:, resample : resample + 1], 1, size)
            kept = np.append(kept, more[fine])
        counts[resample] = np.bincount(kept[:size].view(np.int64), minlength=size)
    return counts


def _draws(state: UInt64Array, n_words: int, size: int) -> tuple[UInt64Array, BoolArray]:
    """Return two draws a word and which are accepted, both (2 n_words, n_resamples)."""
    words = _next_words(state, n_words)
    product = np.empty((2 * n_words, words.shape[1]), dtype=np.uint64)
    np.bitwise_and(words, _MASK, out=product[::2])
    np.right_shift(words, _HALF, out=product[1::2])
    product *= np.uint64(size)
    accepted = (product & _MASK) >= np.uint64(2**32 % size)
    product >>= _HALF
    return product, accepted


def _next_words(state: UInt64Array, n_words: int) -> UInt64Array:
    """Return the next words of each stream, shape (n_words, n_resamples): xoshiro256++."""
    s0, s1, s2, s3 = state
    words = np.empty((n_words, state.shape[1]), dtype=np.uint64)
    part, shifted = np.empty_like(s0), np.empty_like(s0)
    for word in words:
        np.add(s0, s3, out=part)
        np.left_shift(part, np.uint64(23), out=word)
        np.right_shift(part, np.uint64(41), out=part)
        word |= part
        word += s0
        np.left_shift(s1, np.uint64(17), out=shifted)
        s2 ^= s0
        s3 ^= s1
        s1 ^= s2
        s0 ^= s3
        s2 ^= shifted
        np.right_shift(s3, np.uint64(19), out=part)
        np.left_shift(s3, np.uint64(45), out=s3)
        s3 |= part
    return words


def in_blocks(work: Callable[[int, int], None], n_resamples: int, *, rows: int, jobs: int) -> None:
    """Call ``work(first, last)`` for blocks of at most ``rows`` resamples, in ``jobs`` threads."""
    if jobs > 1:  # several blocks a thread, so that none is left with much to do at the end
        rows = min(rows, -(-n_resamples // (4 * jobs)))
    bounds = range(0, n_resamples, max(rows, 1))
    blocks = [(first, min(first + bounds.step, n_resamples)) for first in bounds]
    if jobs == 1 or len(blocks) == 1:
        for first, last in blocks:
            work(first, last)
        return
    with ThreadPoolExecutor(jobs) as pool:
        for done in [pool.submit(work, first, last) for first, last in blocks]:
            done.result()
