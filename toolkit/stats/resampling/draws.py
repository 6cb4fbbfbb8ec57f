"""What a bootstrap computes and what it draws: its arguments, checked once."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray
from toolkit.stats._checks import Rng, check_cluster, check_count, check_rng
from toolkit.stats._compile import compiled
from toolkit.stats.auc.curve import RatingFom, auc
from toolkit.stats.auc.placements import case_placements

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


Fom = RatingFom | Callable[[ArrayLike, ArrayLike], float]
Resample = str | Sequence[str]

MIN_READERS = 10

# With fewer cases (patients) of a class, intervals of a high AUC covered 80 to 93 % in
# simulations where 95 % is meant.
FEW_UNITS = 100

# A key that numpy's own spawn, which counts from 0, does not reach.
_SECOND_STREAM = 0x5EC0_0D00


def largest_difference(fom: Fom) -> float:
    """Return the width of the range of a figure of merit; infinite of a plain function."""
    low, high = getattr(fom, "range", (-math.inf, math.inf))
    return float(high - low)


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What is computed from which truth, what is drawn, how often, from which random numbers."""

    fom: Fom
    diseased: BoolArray
    drawn: frozenset[str]
    units: Units
    stratified: bool
    n_resamples: int
    seed: np.random.SeedSequence
    jobs: int | None

    @property
    def quantity(self) -> str:
        """Name of the figure of merit."""
        return str(self._mark("__name__", "figure of merit"))

    @property
    def unit(self) -> str:
        """Its unit, as far as its range tells."""
        return "probability" if self._mark("range", None) == (0.0, 1.0) else ""

    @property
    def n_cases(self) -> int:
        """Cases of both classes."""
        return self.diseased.size

    @property
    def n_positive(self) -> int:
        """Positive cases."""
        return int(self.diseased.sum())

    @property
    def n_clusters(self) -> int | None:
        """Patients; None where cases are not clustered."""
        return self.units.n_units if self.units.clustered else None

    @property
    def words(self) -> str:
        """What is drawn, in words."""
        unit = "patients" if self.units.clustered else "cases"
        strata = f"{unit} with and without a positive case" if self.units.clustered else "truth"
        cases = f"{unit} within strata of {strata}" if self.stratified else f"{unit}, unstratified"
        parts = {"reader": "readers", "case": cases}
        drawn = " and ".join(parts[name] for name in ("reader", "case") if name in self.drawn)
        return f"{self.n_resamples} bootstrap resamples of {drawn}"

    def _mark(self, name: str, default: Any) -> Any:
        """Return what the figure of merit, or the function in a functools.partial, says of it."""
        return getattr(self.fom, name, getattr(getattr(self.fom, "func", None), name, default))

    def class_units(self) -> dict[str, int]:
        """Cases, or patients with such a case, of each class that moves the figure of merit."""
        uses = self._mark("uses", "all")
        cases = {"positive": self.diseased, "negative": ~self.diseased}
        return {
            name: int(np.unique(self.units.unit[case]).size)
            for name, case in cases.items()
            if uses in ("all", name)
        }


def make_plan(  # noqa: PLR0913 - one argument for each choice that the user has
    fom: Fom,
    diseased: BoolArray,
    *,
    n_readers: int | None,
    resample: Resample = "case",
    stratified: bool,
    cluster: ArrayLike | None,
    cluster_name: str = "cluster",
    n_resamples: int,
    rng: Rng,
    jobs: int | None,
) -> Plan:
    """Check what is to be drawn; ``n_readers`` is None where there is one rating a case."""
    drawn = _check_resample(resample, n_readers=n_readers)
    if "case" not in drawn and cluster is not None:
        msg = "cluster says how cases are drawn, but resample='reader' draws none; leave it out"
        raise ValueError(msg)
    number = check_count(n_resamples, name="n_resamples")
    if number < 2:
        msg = f"n_resamples must be at least 2, but got {number}; 2,000 are usual"
        raise ValueError(msg)
    if jobs is not None and check_count(jobs, name="jobs") < 1:
        msg = f"jobs must be at least 1, but got {jobs}; leave it out to use what is there"
        raise ValueError(msg)
    return Plan(
        fom=fom,
        diseased=diseased,
        drawn=drawn,
        units=case_units(diseased, cluster, stratified=stratified, name=cluster_name),
        stratified=stratified,
        n_resamples=number,
        seed=_seed_of(rng),
        jobs=jobs,
    )


def _check_resample(resample: Resample, *, n_readers: int | None) -> frozenset[str]:
    """Return what is drawn, of "case" and "reader"."""
    drawn = (resample,) if isinstance(resample, str) else tuple(resample)
    if not drawn or not set(drawn) <= {"case", "reader"} or len(set(drawn)) < len(drawn):
        msg = (
            "resample must be 'case', 'reader' or ('reader', 'case'), "
            f"but got {resample!r}; patients are drawn by cluster="
        )
        raise ValueError(msg)
    if "reader" in drawn and (n_readers is None or n_readers < MIN_READERS):
        got = "one rating a case" if n_readers is None else f"{n_readers} of them"
        msg = (
            f"resample={resample!r} needs at least {MIN_READERS} readers, but got {got}: the "
            "bootstrap variance of n readers is too small by the factor (n - 1) / n and its tails "
            "are those of a handful of values; use the Obuchowski-Rockette analysis"
        )
        raise ValueError(msg)
    return frozenset(drawn)


def _seed_of(rng: Rng) -> np.random.SeedSequence:
    """Return the seed; a generator gives one, and moves on."""
    generator = check_rng(rng)
    if isinstance(rng, np.random.SeedSequence):
        return rng
    if isinstance(rng, np.random.Generator):
        return np.random.SeedSequence(generator.integers(2**63, size=2).tolist())
    return np.random.SeedSequence(rng)


def second_seed(seed: np.random.SeedSequence) -> np.random.SeedSequence:
    """Return the seed of what is drawn independently beside the cases."""
    return np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, _SECOND_STREAM))


def too_few_units(plan: Plan, estimate: float) -> str:
    """Say why no interval can be made from these cases; empty if one can."""
    counts = plan.class_units()
    if np.isnan(estimate):
        missing = [f"no {name} case" for name, count in counts.items() if count == 0]
        return f"{' and '.join(missing) or 'the figure of merit is NaN'}: undefined in the sample"
    if "case" not in plan.drawn:
        return ""
    for name, count in counts.items():
        if count == 1:
            which = (
                f"all {name} cases are of one patient"
                if plan.units.clustered
                else f"one {name} case"
            )
            return f"{which}: no resample can show how such cases vary: no interval"
    return ""


def few_units(plan: Plan) -> list[str]:
    """Warn where a class is small; empty where both are large enough."""
    if "case" not in plan.drawn:
        return []
    unit = "patients" if plan.units.clustered else "cases"
    counts = plan.class_units().items()
    few = [f"{count} {name}" for name, count in counts if count < FEW_UNITS]
    if not few:
        return []
    return [
        f"fewer than {FEW_UNITS} {unit} of a class ({', '.join(few)}): this interval covers less "
        "often than its level where the figure of merit is near the end of its range"
    ]


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


_BLOCK = 2**19  # counts held at a time


def fom_values(fom: Fom, diseased: BoolArray, ratings: FloatArray) -> FloatArray:
    """Return the figure of merit of each curve, (n_curves,)."""
    return np.array([_value(fom, diseased, rating) for rating in ratings.T])


def _value(fom: Fom, diseased: BoolArray, rating: FloatArray) -> float:
    """Return the figure of merit; NaN where it fails for want of a class of cases."""
    try:
        return float(fom(diseased, rating))
    except (ValueError, ArithmeticError):
        if diseased.any() and not diseased.all():
            raise
        return math.nan


def resampled(plan: Plan, ratings: FloatArray) -> FloatArray:
    """Return the figure of merit of each curve in each resample, (n_resamples, n_curves)."""
    states = stream_states(plan.seed, plan.n_resamples)
    units = plan.units
    if plan.fom is auc:
        return resampled_aucs(plan.diseased, ratings, units, states, jobs=plan.jobs)
    values = np.empty((plan.n_resamples, ratings.shape[1]))
    kernel = worth_a_kernel(plan.n_resamples * units.n_units)
    cases = np.arange(plan.n_cases)

    def work(first: int, last: int) -> None:
        counts = draw(states[first:last], units.starts, kernel=kernel)
        for resample, count in enumerate(counts, start=first):
            drawn = np.repeat(cases, count[units.unit])
            values[resample] = fom_values(plan.fom, plan.diseased[drawn], ratings[drawn])

    # Python code holds the interpreter lock, so more threads are seldom of use here.
    rows = _BLOCK // max(units.n_units, 1)
    in_blocks(work, plan.n_resamples, rows=rows, jobs=plan.jobs or 1)
    return values


def unit_influence(plan: Plan, ratings: FloatArray) -> FloatArray:
    """Return the empirical influence of each unit on the mean figure of merit, (n_units,).

    Within each stratum they add up to 0; their squares add up to the variance of the bootstrap
    but for terms of higher order.
    """
    influence = _auc_influence if plan.fom is auc else _jackknife_influence
    values = influence(plan, ratings)
    sizes = np.diff(plan.units.starts)
    means = np.add.reduceat(values, plan.units.starts[:-1]) / sizes
    return values - np.repeat(means, sizes)


def _auc_influence(plan: Plan, ratings: FloatArray) -> FloatArray:
    """Return what each unit's cases add: the placement of a case less the AUC, over its class."""
    placements = case_placements(plan.diseased, ratings)
    of_case = np.empty(plan.n_cases)
    classes = (plan.diseased, placements.positive), (~plan.diseased, placements.negative)
    for case, values in classes:
        mean = values.mean(axis=1)
        of_case[case] = (mean - mean.mean()) / mean.size
    influence = np.bincount(plan.units.unit, weights=of_case, minlength=plan.units.n_units)
    return influence.astype(np.float64, copy=False)


def _jackknife_influence(plan: Plan, ratings: FloatArray) -> FloatArray:
    """Return (n - 1) / n times the loss without each unit, n the units of its stratum.

    For an AUC of independent cases this is its influence exactly. One evaluation a unit.
    """
    units = plan.units
    without = np.empty(units.n_units)
    for unit in range(units.n_units):
        kept = units.unit != unit
        without[unit] = fom_values(plan.fom, plan.diseased[kept], ratings[kept]).mean()
    sizes = np.repeat(np.diff(units.starts), np.diff(units.starts))
    influence: FloatArray = -without * (sizes - 1) / sizes
    return influence
