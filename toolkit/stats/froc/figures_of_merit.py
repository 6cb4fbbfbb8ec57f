"""Figures of merit of free-response and localization studies.

Each is a ``FrocFom``: called with a reading it gives the figure, and ``froc_fom_table`` that of all
readers and modalities with its covariance. Those that stop at a budget of false marks are in
``cut_figures``. Ties count half, and so does an unmarked lesion against an unmarked case: both are
rated ``-inf``.

======================== ===========================================================================
wAFROC                   P(lesion rated above the highest NL of a healthy case), each diseased case
                         counting the same
AFROC                    the same, each lesion counting the same
wAFROC1, AFROC1          with the highest NL of every case, healthy or not
HrAuc                    AUC of the highest mark of a case: the ROC that marks imply
HrSe, HrSp               diseased cases with a mark, healthy cases without
MaxLLF                   lesions with a mark
MaxNLF, MaxNLFAllCases   NL marks per image of healthy cases, of all cases; lower is better
ROI                      AUC of regions with a lesion against regions without
======================== ===========================================================================

wAFROC is the usual primary figure: unlike HrAuc it gives no credit for a mark in the wrong place,
and NL marks on diseased cases, which are more because there is more to see, do not move it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, Protocol

import numpy as np

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.results import Better
from toolkit.stats.froc.studies import FrocReading


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


def one_a_case(rating: FloatArray, cases: BoolArray) -> Elements:
    """Return some cases as elements, each with its own rating."""
    case = np.flatnonzero(cases)
    return Elements(
        rating=rating[case], case=case, weight=np.ones(case.size), mass=cases.astype(np.float64)
    )


def lesions_of(reading: FrocReading, *, weighted: bool) -> Elements:
    """Return lesions as elements; weighted, each diseased case counts the same."""
    truth = reading.truth
    weight = truth.lesion_weight if weighted else np.ones(truth.lesion_case.size)
    return Elements(
        rating=reading.lesion_rating,
        case=truth.lesion_case,
        weight=weight,
        mass=per_case(truth.lesion_case, weight, truth.n_cases),
    )


def marks_of(reading: FrocReading) -> Elements:
    """Return all NL marks as elements, per image."""
    marked = reading.nl_rating > -np.inf
    case = reading.nl_case[marked]
    return Elements(
        rating=reading.nl_rating[marked],
        case=case,
        weight=np.ones(case.size),
        mass=reading.truth.n_images.astype(np.float64),
    )


def found_of(reading: FrocReading, lesions: BoolArray | None = None) -> Elements:
    """Return the marked lesions, of ``lesions`` alone if given, as shares of all of these."""
    truth = reading.truth
    chosen = np.ones(truth.lesion_case.size, dtype=bool) if lesions is None else lesions
    marked = chosen & (reading.lesion_rating > -np.inf)
    return Elements(
        rating=reading.lesion_rating[marked],
        case=truth.lesion_case[marked],
        weight=np.ones(int(marked.sum())),
        mass=per_case(truth.lesion_case, chosen.astype(np.float64), truth.n_cases),
    )


class MarkStatistic(Protocol):
    """A figure of merit of one reading."""

    def counted(self, times: FloatArray) -> FloatArray:
        """Return it, (n_rows,), with each case counted ``times`` (n_rows, n_cases)."""

    def left_out(self, unit: IntArray, n_units: int) -> FloatArray:
        """Return it without each unit, (n_units,); ``unit`` (n_cases,) is -1 for what stays."""


def quotient(above: FloatArray, below: FloatArray) -> FloatArray:
    """Return above / below; NaN where below is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(below > 0, above / below, np.nan)


def total_without(values: FloatArray, unit: IntArray, n_units: int) -> FloatArray:
    """Return the sum over cases without each unit, (n_units,)."""
    inside = unit >= 0
    own = np.bincount(unit[inside], weights=values[inside], minlength=n_units)
    left: FloatArray = values.sum() - own
    return left


@dataclass(frozen=True, kw_only=True, eq=False)
class Share:
    """A ratio of two totals over cases; ``above`` and ``below`` have shape (n_cases,)."""

    above: FloatArray
    below: FloatArray

    def counted(self, times: FloatArray) -> FloatArray:
        """Return the ratio with each case counted some times."""
        return quotient(times @ self.above, times @ self.below)

    def left_out(self, unit: IntArray, n_units: int) -> FloatArray:
        """Return the ratio without each unit."""
        above, below = (total_without(side, unit, n_units) for side in (self.above, self.below))
        return quotient(above, below)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairMean:
    """The share of pairs (x, y) in which y is rated above x, ties half, weighted by both."""

    x: Elements
    y: Elements

    @cached_property
    def _ranks(self) -> tuple[IntArray, IntArray, int]:
        return descending_ranks(self.x.rating, self.y.rating)

    @cached_property
    def _by_rank(self) -> tuple[RankSums, RankSums]:
        return RankSums(self.x, self._ranks[0]), RankSums(self.y, self._ranks[1])

    def counted(self, times: FloatArray) -> FloatArray:
        """Return the mean with each case counted some times."""
        at_x, at_y = (side.at_ranks(times, self._ranks[2]) for side in self._by_rank)
        above = np.cumsum(at_y, axis=1) - at_y / 2
        return _share((at_x * above).sum(axis=1), times @ self.x.mass, times @ self.y.mass)

    def left_out(self, unit: IntArray, n_units: int) -> FloatArray:
        """Return the mean without each unit.

        All pairs, less those of its x, less those of its y, plus those within it, which were taken
        off twice.
        """
        x_rank, y_rank, n_ranks = self._ranks
        at_x = np.bincount(x_rank, weights=self.x.weight, minlength=n_ranks)
        at_y = np.bincount(y_rank, weights=self.y.weight, minlength=n_ranks)
        of_x = self.x.weight * (np.cumsum(at_y) - at_y / 2)[x_rank]
        of_y = self.y.weight * (at_x.sum() - np.cumsum(at_x) + at_x / 2)[y_rank]
        within = _within(self.x, self.y, unit, self._ranks)
        pairs = np.full(n_units, of_x.sum())
        for elements, values in ((self.x, -of_x), (self.y, -of_y), (self.y, within)):
            own = unit[elements.case]
            pairs += np.bincount(own[own >= 0], weights=values[own >= 0], minlength=n_units)
        x_mass, y_mass = (total_without(side.mass, unit, n_units) for side in (self.x, self.y))
        return _share(pairs, x_mass, y_mass)


def _share(pairs: FloatArray, x_mass: FloatArray, y_mass: FloatArray) -> FloatArray:
    """Return pairs as a share of all, which sums of weights may miss by a rounding error."""
    return np.clip(quotient(pairs, x_mass * y_mass), 0.0, 1.0)


def _within(
    x: Elements, y: Elements, unit: IntArray, ranks: tuple[IntArray, IntArray, int]
) -> FloatArray:
    """Return for each y its weight times the weight of its own unit's x below it, ties half."""
    x_rank, y_rank, n_ranks = ranks
    own_x, own = UnitSums(unit[x.case], x_rank, n_ranks, x.weight), unit[y.case]
    not_below = own_x.before(own, y_rank) + own_x.before(own, y_rank + 1)
    return np.where(own >= 0, y.weight * (own_x.before(own, n_ranks) - not_below / 2), 0.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class FrocFom:
    """A figure of merit of the marks of one reader, with what resampling must know of it.

    Parameters
    ----------
    name : str
        As in tables and messages.
    uses : {"positive", "negative", "all"}
        Which cases move it, so which a jackknife leaves out.
    smooth : bool
        Whether leaving one case out is a valid way to its variance; a quantile is not smooth.
    low, high : float
        Its smallest and largest value.
    better : {"higher", "lower"}
        Its good direction.
    statistic : callable
        Of a reading, the form that can be counted and left out.
    budget : float, optional
        False marks up to which it goes, where it stops there.
    """

    name: str
    uses: Literal["positive", "negative", "all"] = "all"
    smooth: bool = True
    low: float = 0.0
    high: float = 1.0
    better: Better = "higher"
    statistic: Callable[[FrocReading], MarkStatistic]
    budget: float | None = None

    def __call__(self, reading: FrocReading) -> float:
        """Return the figure of merit; NaN where cases of a kind that it needs are missing."""
        once = np.ones((1, reading.truth.n_cases))
        return float(self.statistic(reading).counted(once)[0])


def _afroc(*, weighted: bool, all_cases: bool) -> Callable[[FrocReading], MarkStatistic]:
    """Return lesions against the highest NL of healthy, or of all, cases."""

    def statistic(reading: FrocReading) -> MarkStatistic:
        healthy = ~reading.truth.diseased
        cases = np.ones_like(healthy) if all_cases else healthy
        highest = one_a_case(reading.highest_nl(), cases)
        return PairMean(x=highest, y=lesions_of(reading, weighted=weighted))

    return statistic


wafroc = FrocFom(name="wAFROC", statistic=_afroc(weighted=True, all_cases=False))
afroc = FrocFom(name="AFROC", statistic=_afroc(weighted=False, all_cases=False))
wafroc1 = FrocFom(name="wAFROC1", statistic=_afroc(weighted=True, all_cases=True))
afroc1 = FrocFom(name="AFROC1", statistic=_afroc(weighted=False, all_cases=True))


def _inferred_auc(reading: FrocReading) -> MarkStatistic:
    """Return diseased against healthy cases, each by its highest mark."""
    highest, diseased = reading.highest_mark(), reading.truth.diseased
    return PairMean(x=one_a_case(highest, ~diseased), y=one_a_case(highest, diseased))


hr_auc = FrocFom(name="HrAuc", statistic=_inferred_auc)


def _share_of_marked(*, diseased: bool) -> Callable[[FrocReading], MarkStatistic]:
    """Return the share of diseased cases with a mark, or of healthy ones without."""

    def statistic(reading: FrocReading) -> MarkStatistic:
        cases = reading.truth.diseased == diseased
        right = cases & ((reading.highest_mark() > -np.inf) == diseased)
        return Share(above=right.astype(np.float64), below=cases.astype(np.float64))

    return statistic


hr_se = FrocFom(name="HrSe", uses="positive", statistic=_share_of_marked(diseased=True))
hr_sp = FrocFom(name="HrSp", uses="negative", statistic=_share_of_marked(diseased=False))


def _lesions_marked(reading: FrocReading) -> MarkStatistic:
    """Return the lesions of each case that have a mark, and all of them."""
    truth = reading.truth
    marked = (reading.lesion_rating > -np.inf).astype(np.float64)
    found = per_case(truth.lesion_case, marked, truth.n_cases)
    return Share(above=found, below=truth.n_lesions.astype(np.float64))


max_llf = FrocFom(name="MaxLLF", uses="positive", statistic=_lesions_marked)


def _nl_per_image(*, all_cases: bool) -> Callable[[FrocReading], MarkStatistic]:
    """Return NL marks per image of healthy, or of all, cases."""

    def statistic(reading: FrocReading) -> MarkStatistic:
        truth = reading.truth
        cases = (~truth.diseased | all_cases).astype(np.float64)
        counted = (reading.nl_rating > -np.inf).astype(np.float64)
        marks = per_case(reading.nl_case, counted, truth.n_cases)
        return Share(above=cases * marks, below=cases * truth.n_images.astype(np.float64))

    return statistic


max_nlf = FrocFom(
    name="MaxNLF",
    uses="negative",
    high=np.inf,
    better="lower",
    statistic=_nl_per_image(all_cases=False),
)
max_nlf_all_cases = FrocFom(
    name="MaxNLFAllCases", high=np.inf, better="lower", statistic=_nl_per_image(all_cases=True)
)


def _regions(reading: FrocReading) -> MarkStatistic:
    """Return regions with a lesion against regions without, of all cases."""
    truth = reading.truth
    once = np.ones(reading.nl_case.size)
    healthy = Elements(
        rating=reading.nl_rating,
        case=reading.nl_case,
        weight=once,
        mass=per_case(reading.nl_case, once, truth.n_cases),
    )
    return PairMean(x=healthy, y=lesions_of(reading, weighted=False))


roi = FrocFom(name="ROI", statistic=_regions)
