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
from typing import Literal

import numpy as np

from toolkit.results import Better
from toolkit.stats.froc._elements import Elements, per_case
from toolkit.stats.froc._sides import lesions_of, one_a_case
from toolkit.stats.froc._statistics import MarkStatistic, PairMean, Share
from toolkit.stats.froc.readings import FrocReading


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
