"""Placements, the share of the other class on the right side of each case, and their variance.

An empirical AUC is the mean placement of either class, and DeLong's covariance is made from
their spread, so everything about AUCs and cases needs only this and one sort a curve.
The variance knows weights and clusters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray
from toolkit.stats._checks import check_cluster, check_truth, check_weight
from toolkit.stats._compile import compiled

# Placements that agree to within rounding do not vary.
_ROUNDING = 8 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, kw_only=True, eq=False)
class Placements:
    """Placements of all cases on one or more curves, each class in the order of cases.

    Parameters
    ----------
    aucs : ndarray, shape (n_curves,)
        Empirical AUCs, correctly rounded where cases have no weights; NaN without a class.
    positive : ndarray, shape (n_positive, n_curves)
        Share of the negative cases (of their weight) rated below each positive case, ties half.
    negative : ndarray, shape (n_negative, n_curves)
        Share of the positive cases (of their weight) rated above each negative case, ties half.
    """

    aucs: FloatArray
    positive: FloatArray
    negative: FloatArray


def doubled_counts(positive: FloatArray, negative: FloatArray) -> tuple[IntArray, IntArray]:
    """Return twice the placements of both classes as counts, from ratings sorted ascending.

    For a positive case: negatives below plus negatives not above. For a negative case: positives
    above plus positives not below. The second needs no search of its own: a positive case lies
    below negative case j exactly if at most j negatives are not above that positive case.
    """
    below = np.searchsorted(negative, positive, side="left")
    not_above = below
    if negative.size and (negative[np.minimum(below, negative.size - 1)] == positive).any():
        not_above = np.searchsorted(negative, positive, side="right")  # only ties differ
    length = negative.size + 1
    started = np.bincount(below, minlength=length) + np.bincount(not_above, minlength=length)
    negative_counts = 2 * positive.size - np.cumsum(started[:-1], dtype=np.int64)
    return np.add(below, not_above, dtype=np.int64), negative_counts


def auc_of_counts(positive_counts: IntArray, n_negative: int) -> float:
    """Return the AUC as the correctly rounded ratio of two whole numbers."""
    pairs = positive_counts.size * n_negative
    return int(positive_counts.sum()) / (2 * pairs) if pairs else math.nan


def case_placements(
    diseased: BoolArray, ratings: FloatArray, weight: FloatArray | None = None
) -> Placements:
    """Return the placements of ratings (n_cases, n_curves), cases weighted if ``weight`` is given.

    Weights are above 0.
    """
    n_curves = ratings.shape[1]
    is_positive, is_negative = np.flatnonzero(diseased), np.flatnonzero(~diseased)
    m, n = is_positive.size, is_negative.size
    aucs = np.empty(n_curves)
    positive = np.empty((m, n_curves), order="F")
    negative = np.empty((n, n_curves), order="F")
    for curve in range(n_curves):
        doubled, total_positive, total_negative = _doubled_shares(
            diseased, np.ascontiguousarray(ratings[:, curve]), weight
        )
        of_positive = doubled[is_positive]
        positive[:, curve] = _shares(of_positive, total_negative)
        negative[:, curve] = _shares(doubled[is_negative], total_positive)
        if weight is None:
            aucs[curve] = auc_of_counts(of_positive, n)
        else:
            aucs[curve] = weighted_mean(positive[:, curve], weight[is_positive])
    return Placements(aucs=aucs, positive=positive, negative=negative)


def weighted_mean(values: FloatArray, weight: FloatArray) -> float:
    """Return a weighted mean, exactly 0 or 1 where all values are; NaN for none."""
    total = weight.sum()  # summed in the same order as the products
    return float((weight * values).sum() / total) if total > 0 else math.nan


def _doubled_shares(
    diseased: BoolArray, rating: FloatArray, weight: FloatArray | None
) -> tuple[NDArray[Any], Any, Any]:
    """Return twice the weight on the right side of each case, and that of either class.

    For a positive case that is negatives below plus negatives not above. Whole numbers if there
    are no weights.
    """
    order = np.argsort(rating)
    ascending, sick = rating[order], diseased[order]
    if weight is None:
        positive_to, negative_to = np.cumsum(sick), np.cumsum(~sick)
    else:
        each = weight[order]
        positive_to, negative_to = np.cumsum(each * sick), np.cumsum(each * ~sick)
    totals = [float(to[-1]) if to.size else 0.0 for to in (positive_to, negative_to)]
    differs = ascending[1:] != ascending[:-1]
    if differs.all():
        # No ties: what is counted up to a case of the other class is below it and not above it.
        positives, negatives = 2 * positive_to, 2 * negative_to
    else:
        last = np.flatnonzero(np.append(differs, True))
        positives, negatives = _over_ties(positive_to, last), _over_ties(negative_to, last)
    doubled = np.empty(order.size, dtype=positive_to.dtype)
    doubled[order] = np.where(sick, negatives, 2 * positive_to[-1:] - positives)
    return doubled, totals[0], totals[1]


def _over_ties(count_to: NDArray[Any], last: IndexArray) -> NDArray[Any]:
    """Return for each case the count before its ties plus the count up to their end.

    ``last`` holds the place of the last case of each distinct rating.
    """
    at_end = count_to[last]
    at_start = np.append(0, at_end[:-1])
    return np.repeat(at_start + at_end, np.diff(last, prepend=-1))


def _shares(doubled: NDArray[Any], total: float) -> FloatArray:
    """Return doubled counts as shares of the other class; NaN where that class is empty."""
    return doubled / (2 * total) if total else np.full(doubled.size, math.nan)


_NumberT = TypeVar("_NumberT", bound=np.generic)


@dataclass(frozen=True, kw_only=True, eq=False)
class SampleSize:
    """How many cases there are, and how many independent ones they are worth.

    Parameters
    ----------
    n_positive, n_negative : int
        Cases of each class.
    positive_units, negative_units : int
        Patients with a case of the class; without clusters its cases.
    effective_positive, effective_negative : float
        Kish's (sum w)^2 / sum w^2 of the class; without weights its cases.
    n_clusters : int or None
        Patients; None without clusters.
    """

    n_positive: int
    n_negative: int
    positive_units: int
    negative_units: int
    effective_positive: float
    effective_negative: float
    n_clusters: int | None = None

    @property
    def n_cases(self) -> int:
        """Cases of both classes."""
        return self.n_positive + self.n_negative

    @property
    def independent_positive(self) -> float:
        """Independent positive cases that the sample holds at least."""
        return min(self.positive_units, self.effective_positive)

    @property
    def independent_negative(self) -> float:
        """Independent negative cases that the sample holds at least."""
        return min(self.negative_units, self.effective_negative)

    @property
    def smaller_class(self) -> float:
        """Independent cases of the smaller class."""
        return min(self.independent_positive, self.independent_negative)

    @property
    def independent_pairs(self) -> float:
        """Pairs of a positive and a negative case that share no patient with each other."""
        patients = math.inf if self.n_clusters is None else self.n_clusters // 2
        return min(self.smaller_class, patients)


def design_in_words(*, weight: object, cluster: object) -> str:
    """Return what the name of a method says of weights and clusters, each None if not used."""
    weighted = "" if weight is None else ", weighted cases"
    return weighted if cluster is None else f"{weighted}, clustered by patient"


def plain_size(n_positive: int, n_negative: int) -> SampleSize:
    """Return the size of a sample without weights and clusters."""
    return SampleSize(
        n_positive=n_positive,
        n_negative=n_negative,
        positive_units=n_positive,
        negative_units=n_negative,
        effective_positive=float(n_positive),
        effective_negative=float(n_negative),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class CaseSample:
    """The cases that count: all of them, or those with a weight above 0.

    Parameters
    ----------
    diseased : ndarray of bool, shape (n_counted,)
        The reference standard.
    weight : ndarray or None, shape (n_counted,)
        Weights above 0; None where all cases count once.
    cluster : ndarray of int or None, shape (n_counted,)
        Patients, numbered from 0 without gaps; None where each case is its own.
    counted : ndarray of bool or None, shape (n_cases,)
        Which of the cases handed in count; None for all.
    """

    diseased: BoolArray
    weight: FloatArray | None
    cluster: IndexArray | None
    counted: BoolArray | None

    @property
    def is_plain(self) -> bool:
        """Whether all cases count once and each is its own patient."""
        return self.weight is None and self.cluster is None

    @property
    def n_given(self) -> int:
        """Cases handed in, those of weight 0 among them."""
        return self.diseased.size if self.counted is None else self.counted.size

    @property
    def in_words(self) -> str:
        """What the name of a method says of weights and clusters."""
        return design_in_words(weight=self.weight, cluster=self.cluster)

    @property
    def size(self) -> SampleSize:
        """How many cases there are."""
        positive, negative = self.diseased, ~self.diseased
        return SampleSize(
            n_positive=int(positive.sum()),
            n_negative=int(negative.sum()),
            positive_units=self._units(positive),
            negative_units=self._units(negative),
            effective_positive=self._effective(positive),
            effective_negative=self._effective(negative),
            n_clusters=None if self.cluster is None else self._units(np.ones_like(positive)),
        )

    def take(self, values: NDArray[_NumberT]) -> NDArray[_NumberT]:
        """Return the rows of ``values`` (n_cases, ...) whose cases count."""
        return values if self.counted is None else values[self.counted]

    def _units(self, chosen: BoolArray) -> int:
        """Return the patients with a chosen case; without clusters the chosen cases."""
        if self.cluster is None:
            return int(chosen.sum())
        return int(np.unique(self.cluster[chosen]).size)

    def _effective(self, chosen: BoolArray) -> float:
        """Return Kish's number of the chosen cases."""
        if self.weight is None or not chosen.any():
            return float(chosen.sum())
        weight = self.weight[chosen] / self.weight[chosen].max()  # no square under- or overflows
        return float(weight.sum() ** 2 / (weight @ weight))


def check_sample(
    truth: ArrayLike, *, weight: ArrayLike | None, cluster: ArrayLike | None, suffix: str = ""
) -> CaseSample:
    """Return the cases that count; ``suffix`` is what the arguments' names end in."""
    diseased = check_truth(truth, name=f"truth{suffix}")
    n_cases = diseased.size
    counted = each = patient = None
    if weight is not None:
        each = check_weight(weight, n_cases=n_cases, name=f"weight{suffix}")
    if cluster is not None:
        patient = check_cluster(cluster, n_cases=n_cases, name=f"cluster{suffix}")
    if each is not None and not each.all():
        counted = each > 0
        diseased, each = diseased[counted], each[counted]
        if patient is not None:
            patient = np.unique(patient[counted], return_inverse=True)[1]
    return CaseSample(diseased=diseased, weight=each, cluster=patient, counted=counted)


# From here on compiled code saves more time than a first use of numba costs.
_MANY_CASES = 200_000

# Sums of squares of fewer cases, halved into low and high 32 bits, stay below 2**63.
_SAFE_CASES = 2**30


@dataclass(frozen=True, kw_only=True, eq=False)
class PlacementSums:
    """Sums over the cases of each class of twice the others on the right side.

    Parameters
    ----------
    n_positive, n_negative : int
        Cases of each class.
    total : int
        Sum over positive cases, which is that over negative cases too.
    positive_squares, negative_squares : int
        Sums of squares over the cases of each class.
    """

    n_positive: int
    n_negative: int
    total: int
    positive_squares: int
    negative_squares: int

    @property
    def auc(self) -> float:
        """The AUC, correctly rounded; NaN without a class."""
        pairs = self.n_positive * self.n_negative
        return self.total / (2 * pairs) if pairs else math.nan

    @property
    def positive_part(self) -> float:
        """S10 / n_positive of DeLong's variance, correctly rounded; NaN for one case."""
        return self._part(self.positive_squares, self.n_positive, self.n_negative)

    @property
    def negative_part(self) -> float:
        """S01 / n_negative of DeLong's variance, correctly rounded; NaN for one case."""
        return self._part(self.negative_squares, self.n_negative, self.n_positive)

    def _part(self, squares: int, size: int, n_others: int) -> float:
        """Return the variance of the mean of ``size`` placements."""
        if size < 2 or not n_others:
            return math.nan
        centred = size * squares - self.total**2  # size times the centred sum of squares
        return centred / (size**2 * (size - 1) * (2 * n_others) ** 2)


def sums_of_cases(diseased: BoolArray, rating: FloatArray) -> PlacementSums:
    """Return the sums from the rating of each case."""
    many = _MANY_CASES <= diseased.size < _SAFE_CASES
    if many and (sums := kernel_sums(diseased, rating)) is not None:
        n_positive, *rest = sums
        return _sums(n_positive, diseased.size - n_positive, *rest)
    of_positive, of_negative = doubled_counts(np.sort(rating[diseased]), np.sort(rating[~diseased]))
    return _sums(
        of_positive.size,
        of_negative.size,
        int(of_positive.sum()),
        _sum_of_squares(of_positive),
        _sum_of_squares(of_negative),
    )


def _sums(m: int, n: int, total: int, positive: int, negative: int) -> PlacementSums:
    """Return the sums by name."""
    return PlacementSums(
        n_positive=m,
        n_negative=n,
        total=total,
        positive_squares=positive,
        negative_squares=negative,
    )


def _sum_of_squares(counts: IntArray) -> int:
    """Return the sum of squares of counts below 2**31 as it is, where an int64 would overflow."""
    squares = counts * counts
    return int((squares & 0xFFFFFFFF).sum()) + (int((squares >> 32).sum()) << 32)


def sums_of_counts(positive: IntArray, negative: IntArray) -> PlacementSums:
    """Return the sums from counts per distinct rating, the lowest rating first.

    Whole numbers of Python: a square of counts above 2**31 does not fit into an int64.
    """
    m, n = int(positive.sum()), int(negative.sum())
    below_and_not_above = (2 * np.cumsum(negative) - negative).tolist()
    above_and_not_below = (2 * (m - np.cumsum(positive)) + positive).tolist()
    of_positive = list(zip(positive.tolist(), below_and_not_above, strict=True))
    of_negative = list(zip(negative.tolist(), above_and_not_below, strict=True))
    return _sums(
        m,
        n,
        sum(count * doubled for count, doubled in of_positive),
        sum(count * doubled * doubled for count, doubled in of_positive),
        sum(count * doubled * doubled for count, doubled in of_negative),
    )


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


@dataclass(frozen=True, kw_only=True, eq=False)
class CovarianceParts:
    """The parts of the covariance of AUCs, each (n_curves, n_curves); NaN where undefined.

    ``cross`` is what positive and negative cases of the same patients share; None without
    clusters.
    """

    positive: FloatArray
    negative: FloatArray
    cross: FloatArray | None

    @property
    def total(self) -> FloatArray:
        """The covariance itself."""
        both = self.positive + self.negative
        return both if self.cross is None else both + self.cross


def covariance_parts(
    positive: FloatArray,
    negative: FloatArray,
    means: FloatArray,
    sample: CaseSample,
    *,
    scale: float = 1.0,
) -> CovarianceParts:
    """Return DeLong's covariance of sums over cases, by class.

    Parameters
    ----------
    positive, negative : ndarray, shape (n_class, n_curves)
        Placements of the cases of a class, or weighted sums of them.
    means : ndarray, shape (n_curves,)
        Their mean, the same in both classes.
    sample : CaseSample
        Weights and clusters.
    scale : float
        Size of the weights in a sum of placements.

    Notes
    -----
    A case moves the AUC by u = w (placement - AUC) / (sum of w in its class). The variance is
    I / (I - 1) times the sum of squares of u over the I independent units of a class: cases
    (DeLong) or the sums of patients (Obuchowski 1997, S10 and S01). Patients with cases of both
    classes add 2 I / (I - 1) times the sum of products of their two sums, I patients in all (S11).
    """
    size, tolerance = sample.size, _ROUNDING * scale
    moved_positive = _influence(positive, means, sample, sample.diseased, tolerance)
    moved_negative = _influence(negative, means, sample, ~sample.diseased, tolerance)
    cross = None
    if sample.cluster is not None and size.n_clusters is not None:
        products = _products(moved_positive, moved_negative)
        cross = _of_units(products + products.T, size.n_clusters)
    return CovarianceParts(
        positive=_of_units(_products(moved_positive, moved_positive), size.positive_units),
        negative=_of_units(_products(moved_negative, moved_negative), size.negative_units),
        cross=cross,
    )


def _influence(
    placements: FloatArray,
    means: FloatArray,
    sample: CaseSample,
    chosen: BoolArray,
    tolerance: float,
) -> FloatArray:
    """Return how far each unit moves each AUC, shape (n_units, n_curves)."""
    moved: FloatArray = placements - means
    if moved.size:
        moved[:, np.ptp(placements, axis=0) <= tolerance] = 0.0
    if sample.weight is None:
        moved /= max(moved.shape[0], 1)
    else:
        weight = sample.weight[chosen]
        moved *= (weight / weight.sum())[:, np.newaxis]
    if sample.cluster is None:
        return moved
    return _by_patient(moved, sample.cluster[chosen], int(sample.cluster.max(initial=-1)) + 1)


def _by_patient(moved: FloatArray, cluster: IndexArray, n_clusters: int) -> FloatArray:
    """Return the sums of each patient; what cancels to within rounding is exactly 0."""
    sums = np.zeros((n_clusters, moved.shape[1]))
    for number, column in enumerate(moved.T):
        sums[:, number] = np.bincount(cluster, weights=column, minlength=n_clusters)
        sizes = np.bincount(cluster, weights=np.abs(column), minlength=n_clusters)
        sums[np.abs(sums[:, number]) <= _ROUNDING * sizes, number] = 0.0
    return sums


def _products(first: FloatArray, second: FloatArray) -> FloatArray:
    """Return the sums of products over units, shape (n_curves, n_curves)."""
    if first.shape[1] == 1:  # waking the threads of a matrix product takes longer than the sum
        return np.array([[(first * second).sum()]])
    return np.asarray(first.T @ second)


def _of_units(products: FloatArray, n_units: int) -> FloatArray:
    """Return n / (n - 1) times the sums of products; NaN for fewer than two units."""
    if n_units < 2:
        return np.full(products.shape, math.nan)
    return products * (n_units / (n_units - 1))


@dataclass(frozen=True, kw_only=True, eq=False)
class Spread:
    """An AUC, or a weighted sum of AUCs, with the parts of its variance.

    ``reader_variance`` is the mean variance of the single readers of a mean; else the variance.
    """

    estimate: float
    positive_part: float
    negative_part: float
    size: SampleSize
    cross_part: float = 0.0
    reader_variance: float | None = None

    @property
    def variance(self) -> float:
        """DeLong's variance; NaN with fewer than two independent cases of a class."""
        variance = self.positive_part + self.negative_part + self.cross_part
        return math.nan if math.isnan(variance) else max(variance, 0.0)

    @property
    def df(self) -> float:
        """Degrees of freedom of that variance, which must be above 0.

        Satterthwaite's; with clusters the patients of the smaller class less 1.
        """
        if self.size.n_clusters is not None:
            return self.size.smaller_class - 1
        positive = self.positive_part**2 / (self.size.n_positive - 1)
        negative = self.negative_part**2 / (self.size.n_negative - 1)
        return self.variance**2 / (positive + negative)

    @property
    def separated(self) -> bool:
        """Whether the estimate is at the end of its range, where its variance is 0."""
        return self.estimate in (0.0, 1.0)


def spread_of_sums(sums: PlacementSums) -> Spread:
    """Return the AUC of one curve with its variance, without weights and clusters."""
    return Spread(
        estimate=sums.auc,
        positive_part=sums.positive_part,
        negative_part=sums.negative_part,
        size=plain_size(sums.n_positive, sums.n_negative),
    )


def curve_spread(sample: CaseSample, rating: FloatArray) -> Spread:
    """Return the AUC of one curve, rated (n_counted,), with its variance."""
    if sample.is_plain:
        return spread_of_sums(sums_of_cases(sample.diseased, rating))
    ratings = rating[:, np.newaxis]
    placements = case_placements(sample.diseased, ratings, sample.weight)
    return weighted_sum(placements, np.ones(1), sample)


def weighted_sum(placements: Placements, coefficients: FloatArray, sample: CaseSample) -> Spread:
    """Return a weighted sum of AUCs with its variance.

    From the placements of the sum itself, so that like ratings cancel exactly, which they would
    not in Var(a) + Var(b) - 2 Cov(a, b).
    """
    estimate = float(placements.aucs @ coefficients)
    parts = covariance_parts(
        (placements.positive @ coefficients)[:, np.newaxis],
        (placements.negative @ coefficients)[:, np.newaxis],
        np.array([estimate]),
        sample,
        scale=float(np.abs(coefficients).sum()),
    )
    return Spread(
        estimate=estimate,
        positive_part=float(parts.positive[0, 0]),
        negative_part=float(parts.negative[0, 0]),
        cross_part=0.0 if parts.cross is None else float(parts.cross[0, 0]),
        size=sample.size,
    )


def too_few(size: SampleSize) -> str:
    """Say why no variance is defined; empty where each class has two independent cases."""
    classes = {
        "positive": (size.n_positive, size.positive_units),
        "negative": (size.n_negative, size.negative_units),
    }
    for name, (n_cases, _) in classes.items():
        if n_cases == 0:
            return f"no {name} case: the AUC is undefined"
    for name, (n_cases, n_units) in classes.items():
        if n_cases == 1:
            return f"one {name} case: the variance of the AUC is undefined"
        if n_units == 1:
            return f"all {name} cases are of one patient: the variance of the AUC is undefined"
    return ""
