"""Moments of readers' AUCs that hold for any number of readers, negative and positive cases.

With A and A' the AUCs of two modalities, a moment is the mean of psi psi' over pairs of a reader, a
positive and a negative case that share some of the three (see ``KINDS``). From them
follow the variance of mean AUCs in a study of any size (Gallas 2006), and the components of
Obuchowski and Rockette (Hillis 2018), exactly: numbers of negative and positive cases may change
apart, where scaling by the total number of cases holds for one prevalence alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.results import Result
from toolkit.stats._checks import check_count, check_ratings, check_truth
from toolkit.stats._compile import compiled
from toolkit.stats.auc.curve import RatingFom, auc
from toolkit.stats.auc.placements import doubled_counts
from toolkit.stats.mrmc.study_components import StudyComponents
from toolkit.stats.mrmc.table import is_share

# A table of this many cells is summed faster than the points are counted one by one.
_LARGEST_TABLE = 1 << 16


def pair_sums(truth: BoolArray, ratings: FloatArray) -> FloatArray:
    """Return the sum over pairs of psi of one curve times psi of another, (n_curves, n_curves).

    ``ratings`` (n_cases, n_curves), NaN where a case was not read: two curves share the pairs of
    the cases that both read. O(n log n) for each pair of curves.
    """
    n_curves = ratings.shape[1]
    read = ~np.isnan(ratings)
    ranks = [_dense_ranks(ratings[:, curve]) for curve in range(n_curves)]
    sums = np.empty((n_curves, n_curves))
    for first in range(n_curves):
        events = None
        for second in range(first, n_curves):
            shared = read[:, first] & read[:, second]
            if _fits_a_table(ranks[first], ranks[second]):
                count = by_table(truth[shared], ranks[first][shared], ranks[second][shared])
            else:
                events = events if events is not None else _events(truth, ranks[first])
                count = by_tree(_of(shared, events), ranks[second])
            sums[first, second] = sums[second, first] = count / 4
    return sums


def _dense_ranks(rating: FloatArray) -> IntArray:
    """Return the number of distinct lower ratings of each case, from 0; NaN ranks highest."""
    ranks: IntArray = np.unique(rating, return_inverse=True)[1].astype(np.int64)
    return ranks


def _fits_a_table(first: IntArray, second: IntArray) -> bool:
    """Whether a table of both ranks is small."""
    return (int(first.max()) + 1) * (int(second.max()) + 1) <= max(_LARGEST_TABLE, 4 * first.size)


def by_table(truth: BoolArray, first: IntArray, second: IntArray) -> int:
    """Return four times the sum over pairs, by cumulative sums of a table of both ranks.

    2 psi is the number of the relations, below and not above, that hold between the negative and
    the positive case, so that the sum is a whole number.
    """
    shape = (int(first.max(initial=0)) + 1, int(second.max(initial=0)) + 1)
    cell, n_cells = first * shape[1] + second, shape[0] * shape[1]
    positive = np.bincount(cell[truth], minlength=n_cells).reshape(shape)
    negative = np.bincount(cell[~truth], minlength=n_cells).reshape(shape)
    within = np.zeros((shape[0] + 1, shape[1] + 1), dtype=np.int64)
    within[1:, 1:] = negative.cumsum(axis=0).cumsum(axis=1)
    # Negatives below and not above in one rank, times the same in the other.
    dominated = within[:-1, :-1] + within[1:, :-1] + within[:-1, 1:] + within[1:, 1:]
    return int((positive * dominated).sum())


def _events(truth: BoolArray, first: IntArray) -> tuple[IntArray, BoolArray]:
    """Return the cases in ascending ``first`` and which of them are negatives that come in.

    A positive case is asked for twice: before the negatives that tie with it come in (below), and
    after (not above).
    """
    positive, negative = np.flatnonzero(truth), np.flatnonzero(~truth)
    case = np.concatenate([positive, negative, positive])
    turn = np.repeat([0, 1, 2], [positive.size, negative.size, positive.size])
    order = np.argsort(3 * first[case] + turn, kind="stable")
    return case[order], turn[order] == 1


def _of(cases: BoolArray, events: tuple[IntArray, BoolArray]) -> tuple[IntArray, BoolArray]:
    """Return the events of some cases, (n_cases,)."""
    keep = cases[events[0]]
    return events[0][keep], events[1][keep]


def by_tree(events: tuple[IntArray, BoolArray], second: IntArray) -> int:
    """Return four times the sum over pairs, by a binary indexed tree over the second rank."""
    case, comes_in = events
    total = np.zeros(1, dtype=np.int64)
    tree = np.zeros(int(second.max()) + 2, dtype=np.int64)
    compiled(count_dominated)(second[case], comes_in, tree, total)
    return int(total[0])


def count_dominated(rank: IntArray, comes_in: BoolArray, tree: IntArray, total: IntArray) -> None:
    """Add to ``total`` (1,) the negatives below and not above each positive case, in one rank.

    Events in order; ``tree`` holds zeros and is filled by the negatives as they come in.
    """
    for event in range(rank.size):
        if comes_in[event]:
            node = rank[event] + 1
            while node < tree.size:
                tree[node] += 1
                node += node & -node
        else:
            for upto in range(rank[event], rank[event] + 2):  # below, then not above
                node = upto
                while node > 0:
                    total[0] += tree[node]
                    node -= node & -node


READER, POSITIVE, NEGATIVE = 1, 2, 4
KINDS = range(8)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairMoments:
    """Sums over pairs of triples of modality a and modality b, by what the triples share at least.

    Parameters
    ----------
    products, counts : ndarray, shape (8,)
        Weighted sum of psi psi', and of 1, over pairs that share at least the kind.
    """

    products: FloatArray
    counts: FloatArray

    @property
    def total(self) -> float:
        """Weighted number of all pairs of triples."""
        return float(self.counts[0])

    @property
    def shares(self) -> FloatArray:
        """Share of all pairs that share at least each kind: the coefficient of a component."""
        return self.counts / self.total

    def u_statistic(self) -> FloatArray:
        """Return the unbiased moments: over pairs that share the kind and nothing else."""
        return _ratio(exactly(self.products), exactly(self.counts))

    def mle(self) -> FloatArray:
        """Return the moments of the empirical distribution: over pairs that share at least that."""
        return _ratio(self.products, self.counts)

    def covariance(self, moments: FloatArray) -> float:
        """Return the covariance of the two means: each kind by its share, less no kind shared."""
        return float(exactly(self.counts) @ np.nan_to_num(moments)) / self.total - float(moments[0])


def exactly(at_least: FloatArray) -> FloatArray:
    """Return what shares a kind and nothing else from what shares at least it."""
    return np.array(
        [sum(_sign(kind ^ other) * at_least[other] for other in _supersets(kind)) for kind in KINDS]
    )


def components(moments: FloatArray) -> FloatArray:
    """Return the components of variance of each kind from the moments (BCK from BDG)."""
    return np.array(
        [sum(_sign(kind ^ other) * moments[other] for other in _subsets(kind)) for kind in KINDS]
    )


def _sign(difference: int) -> int:
    """Return -1 to the number of elements."""
    return -1 if difference.bit_count() % 2 else 1


def _supersets(kind: int) -> list[int]:
    """Return the kinds that contain ``kind``."""
    return [other for other in KINDS if other & kind == kind]


def _subsets(kind: int) -> list[int]:
    """Return the kinds within ``kind``."""
    return [other for other in KINDS if other | kind == kind]


def _ratio(products: FloatArray, counts: FloatArray) -> FloatArray:
    """Return the means; NaN of a kind that no pair has."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(counts > 0, products / counts, np.nan)


@dataclass(frozen=True, kw_only=True, eq=False)
class KernelSums:
    """Sums of psi, or of 1, over pairs of cases that a reader read in a modality.

    Parameters
    ----------
    positive : ndarray, shape (n_readers, n_modalities, n_positive)
        Over the negative cases, for each positive case; 0 where it was not read.
    negative : ndarray, shape (n_readers, n_modalities, n_negative)
        Over the positive cases, for each negative case.
    pairs : ndarray, shape (n_readers, n_modalities, n_readers, n_modalities)
        Of one reading times another, over the pairs of cases that both read.
    """

    positive: FloatArray
    negative: FloatArray
    pairs: FloatArray

    @property
    def total(self) -> FloatArray:
        """Sum over all pairs of cases, shape (n_readers, n_modalities)."""
        total: FloatArray = self.positive.sum(axis=2)
        return total

    def weighted(self, weight: FloatArray) -> KernelSums:
        """Return the sums with each reader in each modality weighted, ``weight`` shape (J, I)."""
        return KernelSums(
            positive=self.positive * weight[:, :, np.newaxis],
            negative=self.negative * weight[:, :, np.newaxis],
            pairs=self.pairs * weight[:, :, np.newaxis, np.newaxis] * weight,
        )

    def products(self, a: int, b: int) -> FloatArray:
        """Return the sums over pairs of triples of modalities a and b, by what they share."""
        up_a, up_b = self.positive[:, a], self.positive[:, b]
        down_a, down_b = self.negative[:, a], self.negative[:, b]
        total_a, total_b = self.total[:, a], self.total[:, b]
        result = np.zeros(8)
        result[0] = total_a.sum() * total_b.sum()
        result[READER] = total_a @ total_b
        result[POSITIVE] = up_a.sum(axis=0) @ up_b.sum(axis=0)
        result[NEGATIVE] = down_a.sum(axis=0) @ down_b.sum(axis=0)
        result[READER | POSITIVE] = (up_a * up_b).sum()
        result[READER | NEGATIVE] = (down_a * down_b).sum()
        result[POSITIVE | NEGATIVE] = self.pairs[:, a, :, b].sum()
        result[READER | POSITIVE | NEGATIVE] = np.trace(self.pairs[:, a, :, b])
        return result


def kernel_sums(truth: BoolArray, ratings: FloatArray) -> tuple[KernelSums, KernelSums]:
    """Return the sums of psi and the sums of 1.

    ``ratings`` (n_cases, n_readers, n_modalities), NaN where not read.
    """
    n_cases, *shape = ratings.shape
    flat = ratings.reshape(n_cases, -1)
    positive, negative = _sums_by_case(truth, flat)
    psi = KernelSums(
        positive=positive.reshape(*shape, -1),
        negative=negative.reshape(*shape, -1),
        pairs=pair_sums(truth, flat).reshape(*shape, *shape),
    )
    read = ~np.isnan(flat).T
    up, down = read[:, truth].astype(float), read[:, ~truth].astype(float)
    one = KernelSums(
        positive=(up * down.sum(axis=1, keepdims=True)).reshape(*shape, -1),
        negative=(down * up.sum(axis=1, keepdims=True)).reshape(*shape, -1),
        pairs=((up @ up.T) * (down @ down.T)).reshape(*shape, *shape),
    )
    return psi, one


def _sums_by_case(truth: BoolArray, ratings: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the sums of psi for each positive and each negative case, (n_curves, n_of_class)."""
    n_curves = ratings.shape[1]
    positive = np.zeros((n_curves, int(truth.sum())))
    negative = np.zeros((n_curves, int((~truth).sum())))
    for curve in range(n_curves):
        up, down = ratings[truth, curve], ratings[~truth, curve]
        up_order, down_order = np.argsort(up), np.argsort(down)  # NaN comes last
        up_order = up_order[: int((~np.isnan(up)).sum())]
        down_order = down_order[: int((~np.isnan(down)).sum())]
        above, below = doubled_counts(up[up_order], down[down_order])
        positive[curve, up_order], negative[curve, down_order] = above / 2, below / 2
    return positive, negative


_OVER_CASES = [kind for kind in KINDS if not kind & READER]


@dataclass(frozen=True, kw_only=True, eq=False)
class AucMoments(Result):
    """Moments of the AUCs of modalities, over readers and cases.

    Parameters
    ----------
    auc : ndarray, shape (n_modalities,)
        Expected or estimated AUC of each modality.
    moments : ndarray, shape (n_modalities, n_modalities, 8)
        Of each pair of modalities, by what is shared: the sum of 1 for the reader, 2 for the
        positive and 4 for the negative case. The last is P(both right) of one reading in both.
    """

    auc: FloatArray
    moments: FloatArray

    def __post_init__(self) -> None:
        """Refuse moments of the wrong shape."""
        super().__post_init__()
        shape = (self.auc.size, self.auc.size, len(KINDS))
        if self.moments.shape != shape:
            msg = f"moments must have shape {shape}, but got {self.moments.shape}"
            raise ValueError(msg)

    @property
    def n_modalities(self) -> int:
        """Number of modalities."""
        return int(self.auc.size)

    def variance_components(self) -> FloatArray:
        """Return what each kind of sharing adds to the moment, shape of ``moments``.

        The components of Barrett, Clarkson and Kupinski: with J readers, m positive and n negative
        cases the covariance of two mean AUCs is the sum of those of reader / J, positive case / m,
        reader by positive case / (J m) and so on, but the first.
        """
        pairs = self.moments.reshape(-1, len(KINDS))
        return np.array([components(row) for row in pairs]).reshape(self.moments.shape)

    def covariance(self, n_readers: int, n_negative: int, n_positive: int) -> FloatArray:
        """Return the covariance of the mean AUCs of a crossed study, (n_modalities, n_modalities).

        The study has ``n_readers`` readers, ``n_negative`` and ``n_positive`` cases (Gallas 2006).
        """
        sizes = _sizes(n_readers, n_negative, n_positive)
        share = exactly(_shares(*sizes))
        spread: FloatArray = self.moments @ share - self.moments[..., 0]
        return spread

    def variance_of_difference(
        self, n_readers: int, n_negative: int, n_positive: int
    ) -> FloatArray:
        """Return the variances of the differences of mean AUCs, (n_modalities, n_modalities)."""
        covariance = self.covariance(n_readers, n_negative, n_positive)
        own = np.diag(covariance)
        variance: FloatArray = own[:, np.newaxis] + own - covariance - covariance.T
        return variance

    def components(self, n_negative: int, n_positive: int) -> StudyComponents:
        """Return the components of Obuchowski and Rockette with so many cases (Hillis 2018).

        Variances and covariances are averaged over modalities and pairs of them.

        Raises
        ------
        ValueError
            If there is one modality, or a number of cases is 0.
        """
        if self.n_modalities < 2:
            msg = "the components of a comparison need two modalities, but there is one"
            raise ValueError(msg)
        _, n_negative, n_positive = _sizes(1, n_negative, n_positive)
        cases = _shares(1, n_negative, n_positive)
        share = exactly(np.array([cases[kind] if kind in _OVER_CASES else 0.0 for kind in KINDS]))
        # Cases alone are drawn anew: within one reader, or between two.
        of_two = self.moments @ share - self.moments[..., 0]
        with_reader = [kind | READER for kind in _OVER_CASES]
        within = self.moments[..., with_reader] @ share[_OVER_CASES] - self.moments[..., READER]
        between_readers = self.moments[..., READER] - self.moments[..., 0]
        return StudyComponents(
            var_reader=_apart(between_readers),
            var_reader_modality=_same(between_readers) - _apart(between_readers),
            var_error=_same(within),
            cov1=_apart(within),
            cov2=_same(of_two),
            cov3=_apart(of_two),
            n_cases=n_negative + n_positive,
            n_positive=n_positive,
            method=f"{self.method}, at {n_negative} negative and {n_positive} positive cases",
            note=self.note,
        )


def estimated_moments(truth: ArrayLike, ratings: ArrayLike) -> AucMoments:
    """Estimate the moments of readers' AUCs without bias from a fully crossed pilot study.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_readers, n_modalities)
        Higher is more suspicious; none missing.

    Returns
    -------
    AucMoments
        U-statistics, so that differences of them, such as variances, may be below 0.

    Raises
    ------
    ValueError
        If an argument is malformed, or there are fewer than two readers, positive or negative
        cases.

    Notes
    -----
    At the pilot's own numbers of cases ``components`` gives those of ``obuchowski_rockette`` with
    the unbiased covariance. Not for cases that cluster in patients.

    References
    ----------
    Gallas BD. Acad Radiol 2006;13:353-362. doi:10.1016/j.acra.2005.11.030

    Hillis SL. Stat Med 2018;37:2067-2093. doi:10.1002/sim.7616

    Examples
    --------
    >>> from toolkit.stats.simulation.roe_metz import ROE_METZ_1997
    >>> from toolkit.stats.simulation.roe_metz import roe_metz_ratings
    >>> ratings = roe_metz_ratings(30, 30, 4, separation=1.5, rng=1,
    ...                            components=ROE_METZ_1997["HH", 1.5])
    >>> moments = estimated_moments(np.arange(60) >= 30, ratings)
    >>> larger = moments.components(n_negative=300, n_positive=60)
    >>> larger.n_cases, larger.var_error < moments.components(30, 30).var_error
    (360, True)
    """
    diseased = check_truth(truth)
    numbers = check_ratings(ratings, n_cases=diseased.size, axes=("n_readers", "n_modalities"))
    positive = int(diseased.sum())
    counts = {
        "readers": numbers.shape[1],
        "positive cases": positive,
        "negative cases": diseased.size - positive,
    }
    if small := [name for name, count in counts.items() if count < 2]:
        msg = f"moments need at least two {small[0]}, but got {counts[small[0]]}"
        raise ValueError(msg)
    psi, one = kernel_sums(diseased, numbers)
    n_modalities = numbers.shape[2]
    moments = np.empty((n_modalities, n_modalities, len(KINDS)))
    for a in range(n_modalities):
        for b in range(n_modalities):
            pair = PairMoments(products=psi.products(a, b), counts=one.products(a, b))
            moments[a, b] = pair.u_statistic()
    return AucMoments(
        auc=(psi.total / one.total).mean(axis=0),
        moments=moments,
        method="moments of a pilot study, U-statistics",
        note="estimated, so variances below 0 are possible",
    )


def _sizes(n_readers: int, n_negative: int, n_positive: int) -> tuple[int, int, int]:
    """Return the numbers of a study, each at least 1."""
    named = {"n_readers": n_readers, "n_negative": n_negative, "n_positive": n_positive}
    for name, value in named.items():
        if check_count(value, name=name) < 1:
            msg = f"{name} must be at least 1, but got {value!r}"
            raise ValueError(msg)
    return int(n_readers), int(n_negative), int(n_positive)


def _shares(n_readers: int, n_negative: int, n_positive: int) -> FloatArray:
    """Return the share of pairs of triples that share at least each kind, shape (8,)."""
    sizes = {READER: n_readers, POSITIVE: n_positive, NEGATIVE: n_negative}
    return np.array(
        [math.prod(1 / size for bit, size in sizes.items() if kind & bit) for kind in KINDS]
    )


def _same(values: FloatArray) -> float:
    """Return the mean over modalities of a table of pairs."""
    return float(np.diag(values).mean())


def _apart(values: FloatArray) -> float:
    """Return the mean over pairs of different modalities."""
    return float(np.mean([values[pair] for pair in combinations(range(len(values)), 2)]))


_ROUNDING = 1e-9


def sums_of_figure(
    diseased: BoolArray, ratings: FloatArray, fom: RatingFom
) -> tuple[KernelSums, KernelSums]:
    """Return the sums of the kernel and of 1; refuse a figure whose moments are others."""
    if fom is auc:
        return kernel_sums(diseased, ratings)
    if not is_share(fom):
        msg = (
            "U-statistics are defined for the empirical AUC and for sensitivity and specificity "
            f"at a threshold, not for {fom.__name__}; take obuchowski_rockette"
        )
        raise ValueError(msg)
    values = case_values(diseased, ratings, fom)
    if values is None:
        msg = (
            f"{fom.__name__} must be the mean of what each case gives alone, but it is not; take "
            "obuchowski_rockette with a jackknife or a bootstrap"
        )
        raise ValueError(msg)
    return mean_sums(values)


def case_values(diseased: BoolArray, ratings: FloatArray, fom: RatingFom) -> FloatArray | None:
    """Return what each case of its class adds to a figure, (n_of_class, n_readers, n_modalities).

    That is the figure of the case alone; NaN where it was not read. None where the figure is no
    mean over cases.
    """
    of_class = fom.uses == "positive"
    used = ratings[diseased == of_class]
    distinct, place = np.unique(used, return_inverse=True)
    each = np.array(
        [
            math.nan if math.isnan(one) else fom(np.array([of_class]), np.array([one]))
            for one in distinct
        ]
    )
    values: FloatArray = each[place].reshape(used.shape)
    read = ~np.isnan(used)
    for reader, modality in np.argwhere(read.any(axis=0)):
        own = read[:, reader, modality]
        whole = fom(np.full(own.sum(), of_class), used[own, reader, modality])
        mean = float(values[own, reader, modality].mean())
        if not math.isclose(whole, mean, rel_tol=_ROUNDING, abs_tol=_ROUNDING):
            return None
    return values


def mean_sums(values: FloatArray) -> tuple[KernelSums, KernelSums]:
    """Return the sums of what cases add and the sums of 1, from ``case_values``.

    Cases of the other class are as many as of this one and read by all, so that they bind no
    degrees of freedom.
    """
    read = ~np.isnan(values)
    return _sums(np.where(read, values, 0.0)), _sums(read.astype(np.float64))


def _sums(values: FloatArray) -> KernelSums:
    """Return the sums of one kernel over the cases of the class and as many of the other."""
    n_cases, *shape = values.shape
    flat = values.reshape(n_cases, -1)
    total = values.sum(axis=0)
    return KernelSums(
        positive=n_cases * np.moveaxis(values, 0, -1),
        negative=np.repeat(total[:, :, np.newaxis], n_cases, axis=2),
        pairs=n_cases * (flat.T @ flat).reshape(*shape, *shape),
    )
