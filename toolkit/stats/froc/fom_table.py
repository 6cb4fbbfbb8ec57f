"""From marks to the table of figures of merit that all inference on readers works on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray
from toolkit.results import joined
from toolkit.stats._checks import Rng, check_choice, check_cluster, check_count
from toolkit.stats.auc.curve import auc
from toolkit.stats.froc.figures_of_merit import (
    Elements,
    FrocFom,
    RankSums,
    UnitSums,
    descending_ranks,
    quotient,
    total_without,
    wafroc,
)
from toolkit.stats.froc.studies import FrocStudy
from toolkit.stats.mrmc.covariances import FEWEST_RESAMPLES, JackknifeCases, LeaveOneOut
from toolkit.stats.mrmc.table import FomTable
from toolkit.stats.resampling.draws import draw, make_plan, stream_states

Step = Literal["highest", "lowest"]
CutQuantity = Literal["height", "area"]

_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class _CutPoint:
    """What lies before the rating of the cut, and at it; each (n_rows,).

    ``area_before`` is empty where the area is not asked for.
    """

    x_before: FloatArray
    x_at: FloatArray
    y_before: FloatArray
    y_at: FloatArray
    area_before: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class CutCurve:
    """Height of a curve, or the area under it, up to a budget of x per unit of its mass.

    Beyond its last x the curve is carried on flat: nothing more was marked. At a vertical step it
    has the ``step`` end. Elements of rating -inf, which are no marks, must not be among them.
    """

    x: Elements
    y: Elements
    budget: float
    quantity: CutQuantity
    step: Step

    @cached_property
    def _ranks(self) -> tuple[IntArray, IntArray, int]:
        return descending_ranks(self.x.rating, self.y.rating)

    @property
    def x_reached(self) -> float:
        """Where the curve ends."""
        return float(self.x.weight.sum() / self.x.mass.sum()) if self.x.mass.any() else np.nan

    @cached_property
    def _by_rank(self) -> tuple[RankSums, RankSums]:
        return RankSums(self.x, self._ranks[0]), RankSums(self.y, self._ranks[1])

    @cached_property
    def _ranks_needed(self) -> int:
        """Ranks to twice the budget: with each case counted once or so, the cut is among them."""
        x_rank, _, n_ranks = self._ranks
        to_x = np.cumsum(np.bincount(x_rank, weights=self.x.weight, minlength=n_ranks))
        reached = int(np.searchsorted(to_x, 2 * self.budget * self.x.mass.sum()))
        return min(reached + 1, n_ranks)

    def counted(self, times: FloatArray) -> FloatArray:
        """Return height or area with each case counted some times."""
        x_mass, y_mass = times @ self.x.mass, times @ self.y.mass
        most = self.budget * x_mass
        for n_ranks in (self._ranks_needed, self._ranks[2]):
            at_x, at_y = (side.at_ranks(times, n_ranks) for side in self._by_rank)
            to_x = np.cumsum(at_x, axis=1)
            cut = (to_x <= self._bound(most)[:, np.newaxis]).sum(axis=1)
            if (cut < n_ranks).all():
                break
        to_y = np.cumsum(at_y, axis=1)
        area_before = np.zeros(0)
        if self.quantity == "area":
            area_before = _before(np.cumsum(at_x * (to_y - at_y / 2), axis=1), cut)
        x_before, y_before = _before(to_x, cut), _before(to_y, cut)
        point = _CutPoint(
            x_before=x_before,
            x_at=_before(to_x, cut + 1) - x_before,
            y_before=y_before,
            y_at=_before(to_y, cut + 1) - y_before,
            area_before=area_before,
        )
        return self._finished(point, most, x_mass, y_mass)

    def left_out(self, unit: IntArray, n_units: int) -> FloatArray:
        """Return height or area without each unit."""
        x_mass, y_mass = (total_without(side.mass, unit, n_units) for side in (self.x, self.y))
        most = self.budget * x_mass
        curve = _CurveWithout(self.x, self.y, unit, self._ranks, n_units)
        point = curve.point(curve.first_beyond(self._bound(most)))
        return self._finished(point, most, x_mass, y_mass)

    def _bound(self, most: FloatArray) -> FloatArray:
        """Return the largest x that the cut lies beyond: at a step, its own end of it."""
        slack = _ROUNDING * np.maximum(most, 1.0)
        return most + slack if self.step == "highest" else most - slack

    def _finished(
        self, point: _CutPoint, most: FloatArray, x_mass: FloatArray, y_mass: FloatArray
    ) -> FloatArray:
        """Return the height or the area from what lies before the cut and at it."""
        part = np.clip(most - point.x_before, 0.0, None)
        inside = np.divide(part, point.x_at, out=np.zeros_like(part), where=point.x_at > 0)
        inside = np.minimum(inside, 1.0)
        if self.quantity == "height":
            return quotient(point.y_before + inside * point.y_at, y_mass)
        # A straight line rises within the rating of the cut: half of what its y add so far.
        area = point.area_before + part * (point.y_before + inside * point.y_at / 2)
        return quotient(area, x_mass * y_mass)


def _before(totals: FloatArray, rank: IntArray) -> FloatArray:
    """Return for each row the total (n_rows, n_ranks) of the ranks before ``rank``."""
    if not totals.shape[1]:
        return np.zeros(totals.shape[0])
    last = np.minimum(rank, totals.shape[1]) - 1
    found = totals[np.arange(totals.shape[0]), np.maximum(last, 0)]
    return np.where(last >= 0, found, 0.0)


class _CurveWithout:
    """The curve without each unit, as sums of all elements less those of the unit."""

    def __init__(
        self,
        x: Elements,
        y: Elements,
        unit: IntArray,
        ranks: tuple[IntArray, IntArray, int],
        n_units: int,
    ) -> None:
        """Sum all elements by rank, and those of each unit."""
        x_rank, y_rank, n_ranks = ranks
        self._units, self._n_ranks = np.arange(n_units), n_ranks
        of_x, of_y = unit[x.case], unit[y.case]
        self._own_x = UnitSums(of_x, x_rank, n_ranks, x.weight)
        self._own_y = UnitSums(of_y, y_rank, n_ranks, y.weight)
        at_x = np.bincount(x_rank, weights=x.weight, minlength=n_ranks)
        at_y = np.bincount(y_rank, weights=y.weight, minlength=n_ranks)
        to_x, to_y = np.cumsum(at_x), np.cumsum(at_y)
        height = to_y - at_y / 2  # of the curve, on average, over the x of a rank
        self._to_x, self._to_y = np.append(0.0, to_x), np.append(0.0, to_y)
        self._areas = np.append(0.0, np.cumsum(at_x * height))
        self._own_area = UnitSums(of_x, x_rank, n_ranks, x.weight * height[x_rank])
        # Weight of x that is rated above a y, ties half: of all units, and of its own.
        above = (to_x - at_x / 2)[y_rank]
        own_above = (self._own_x.before(of_y, y_rank) + self._own_x.before(of_y, y_rank + 1)) / 2
        self._missed = UnitSums(of_y, y_rank, n_ranks, y.weight * above)
        self._own_missed = UnitSums(of_y, y_rank, n_ranks, y.weight * own_above)

    def _x(self, rank: IntArray) -> FloatArray:
        """Return the weight of x at ranks below ``rank``, without each unit."""
        left: FloatArray = self._to_x[rank] - self._own_x.before(self._units, rank)
        return left

    def first_beyond(self, bound: FloatArray) -> IntArray:
        """Return for each unit the first rank at which x goes beyond ``bound``, by bisection."""
        low = np.zeros(self._units.size, dtype=np.int64)
        high = np.full(self._units.size, self._n_ranks)
        while (open_ := low < high).any():
            middle = (low + high) // 2
            beyond = self._x(np.minimum(middle + 1, self._n_ranks)) > bound
            high = np.where(open_ & beyond, middle, high)
            low = np.where(open_ & ~beyond, middle + 1, low)
        return low

    def point(self, cut: IntArray) -> _CutPoint:
        """Return what lies before the rank of each unit's cut, and at it."""
        after = np.minimum(cut + 1, self._n_ranks)
        x_before, own_x = self._x(cut), self._own_x.before(self._units, cut)
        own_y = self._own_y.before(self._units, cut)
        y_before = self._to_y[cut] - own_y
        # Area of all, less the columns of own x, less the rows of own y, plus what both share.
        rows = self._to_x[cut] * own_y - self._missed.before(self._units, cut)
        both = own_x * own_y - self._own_missed.before(self._units, cut)
        return _CutPoint(
            x_before=x_before,
            x_at=self._x(after) - x_before,
            y_before=y_before,
            y_at=self._to_y[after] - self._own_y.before(self._units, after) - y_before,
            area_before=self._areas[cut] - self._own_area.before(self._units, cut) - rows + both,
        )


def froc_leave_one_out(
    study: FrocStudy,
    *,
    fom: FrocFom = wafroc,
    cluster: ArrayLike | None = None,
    cases: JackknifeCases = "used",
) -> LeaveOneOut:
    """Return a figure of merit of marks without each case, for every reader and modality.

    Parameters
    ----------
    study : FrocStudy
        Marks of all readers on the same cases.
    fom : FrocFom
        Figure of merit; what it ``uses`` says which cases are left out.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case: a patient is left out with all her cases.
    cases : {"used", "all"}
        Only cases that the figure uses, diseased ones for a lesion sensitivity, as RJafroc; or
        all.

    Returns
    -------
    LeaveOneOut
        For ``dbm``, or for its covariance. O(n log n) a reader and modality.

    Raises
    ------
    ValueError
        If an argument is malformed, or the figure is undefined without a unit.

    References
    ----------
    Hillis SL, Obuchowski NA, Schartz KM, Berbaum KS. Stat Med 2005;24:1579-1607.
    doi:10.1002/sim.2024

    Examples
    --------
    >>> from toolkit.stats.froc.studies import froc_study
    >>> study = froc_study(n_cases=4, lesion_case=[2, 3], lesion_rating=[[[4.0]], [[1.0]]],
    ...                    nl_case=[0, 2], nl_rating=[2.0, 3.0])
    >>> froc_leave_one_out(study).left_out[:, 0, 0].tolist()
    [1.0, 0.5, 0.5, 1.0]
    """
    check_choice(cases, name="cases", choices=("used", "all"))
    unit, n_units = _jackknife_units(study, fom, cluster, cases)
    value, left_out = np.empty(study.shape), np.empty((n_units, *study.shape))
    for reader, modality in np.ndindex(study.shape):
        reading = study.reading(reader, modality)
        value[reader, modality] = fom(reading)
        left_out[:, reader, modality] = fom.statistic(reading).left_out(unit, n_units)
    _require_defined(value, left_out, study, fom)
    what = "case" if cluster is None else "patient"
    return LeaveOneOut(
        value=value, left_out=left_out, unit=what, method=f"{fom.name} without each {what}"
    )


def _jackknife_units(
    study: FrocStudy, fom: FrocFom, cluster: ArrayLike | None, cases: JackknifeCases
) -> tuple[IntArray, int]:
    """Return the unit of each case from 0, -1 for those never left out, and how many units."""
    diseased = study.truth.diseased
    used = np.ones(diseased.size, dtype=bool)
    if cases == "used" and fom.uses != "all":
        used = diseased == (fom.uses == "positive")
    patient = np.arange(diseased.size)
    if cluster is not None:
        patient = check_cluster(cluster, n_cases=diseased.size)
    unit = np.full(diseased.size, -1, dtype=np.int64)
    unit[used] = np.unique(patient[used], return_inverse=True)[1]
    return unit, int(unit.max(initial=-1)) + 1


def _require_defined(
    value: FloatArray, left_out: FloatArray, study: FrocStudy, fom: FrocFom
) -> None:
    """Refuse a figure that is undefined, of all cases or without one unit."""
    if np.isnan(value).any():
        raise ValueError(
            undefined_text(fom, study, np.isnan(value), "it needs cases that the study has not")
        )
    without = np.asarray(np.isnan(left_out).any(axis=0))
    if without.any() or left_out.shape[0] < 2:
        reason = (
            "without one unit, which holds all cases of a kind; a jackknife needs two units of each"
        )
        raise ValueError(undefined_text(fom, study, without, reason))


def undefined_text(fom: FrocFom, study: FrocStudy, wrong: BoolArray, reason: str) -> str:
    """Say for whom a figure is undefined."""
    reader, modality = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    return (
        f"{fom.name} is undefined for reader {study.readers[reader]} in modality "
        f"{study.modalities[modality]}: {reason}; the study has "
        f"{int(study.truth.diseased.sum())} diseased of {study.truth.n_cases} cases"
    )


FrocCovariance = Literal["jackknife", "bootstrap", "none"]

_COVARIANCES = ("jackknife", "bootstrap", "none")
_COUNTS_AT_A_TIME = 2**20


def froc_fom_table(
    study: FrocStudy,
    *,
    fom: FrocFom = wafroc,
    covariance: FrocCovariance | None = None,
    cluster: ArrayLike | None = None,
    jackknife_cases: JackknifeCases = "used",
    n_resamples: int = FEWEST_RESAMPLES,
    rng: Rng | None = None,
) -> FomTable:
    """Compute a figure of merit of the marks of every reader, with its covariance over cases.

    Parameters
    ----------
    study : FrocStudy
        Marks of all readers on the same cases.
    fom : FrocFom
        Figure of merit, as of ``figures_of_merit``.
    covariance : {"jackknife", "bootstrap", "none"}, optional
        If not given: the jackknife for smooth figures, else the bootstrap.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case, where patients have several: they are left out or drawn whole.
    jackknife_cases : {"used", "all"}
        As ``cases`` of ``froc_leave_one_out``.
    n_resamples : int
        Of the bootstrap, at least 2,000; cases are drawn within diseased and healthy ones,
        patients within those with a diseased case and those without.
    rng : int, SeedSequence or Generator, optional
        Needed for the bootstrap.

    Returns
    -------
    FomTable
        For ``obuchowski_rockette``, ``ai_against_readers`` and all else that works on tables.

    Raises
    ------
    ValueError
        If an argument is malformed, or the figure is undefined for a reader.

    References
    ----------
    Chakraborty DP, Berbaum KS. Med Phys 2004;31:2313-2330. doi:10.1118/1.1769352

    Chakraborty DP, Zhai X. Med Phys 2016;43:2548-2557. doi:10.1118/1.4947125

    Examples
    --------
    >>> from toolkit.stats.froc.studies import froc_study
    >>> study = froc_study(n_cases=4, lesion_case=[2, 3], lesion_rating=[[[4.0]], [[1.0]]],
    ...                    nl_case=[0, 2], nl_rating=[2.0, 3.0])
    >>> table = froc_fom_table(study)
    >>> table.value.tolist(), table.covariance_method
    ([[0.75]], 'jackknife, cases')
    """
    chosen = covariance or ("jackknife" if fom.smooth else "bootstrap")
    check_choice(chosen, name="covariance", choices=_COVARIANCES)
    patients = _patients(study, cluster)
    n_patients = None if patients is None else int(np.unique(patients).size)
    matrix: FloatArray | None = None
    n_units, name = n_patients or study.truth.n_cases, "none"
    if chosen == "jackknife":
        left = froc_leave_one_out(study, fom=fom, cluster=patients, cases=jackknife_cases)
        value, matrix = left.value, left.covariance()
        n_units, name = left.n_units, f"jackknife, {left.unit}s"
    else:
        value = _values(study, fom)
    if chosen == "bootstrap":
        drawn = bootstrapped_foms(study, (fom,), patients, n_resamples=n_resamples, rng=rng)
        matrix = _covariance(drawn[0]).reshape(study.shape * 2)
        name = f"bootstrap, {n_resamples:,} resamples"
    return FomTable(
        quantity=fom.name,
        value=value,
        covariance=matrix,
        covariance_method=name,
        readers=study.readers,
        modalities=study.modalities,
        n_cases=study.truth.n_cases,
        n_positive=int(study.truth.diseased.sum()),
        n_units=n_units,
        n_clusters=n_patients,
        low=fom.low,
        high=fom.high,
        better=fom.better,
        method=fom.name,
        note=joined(_quantile_note(fom, chosen), cut_note(study, fom), _floor_note(study)),
    )


def _patients(study: FrocStudy, cluster: ArrayLike | None) -> IndexArray | None:
    """Return the patient of each case; None where no patient has several."""
    if cluster is None:
        return None
    patients = check_cluster(cluster, n_cases=study.truth.n_cases)
    return patients if np.unique(patients).size < patients.size else None


def _values(study: FrocStudy, fom: FrocFom) -> FloatArray:
    """Return the figure of every reader in every modality."""
    readings = (study.reading(*place) for place in np.ndindex(study.shape))
    value = np.array([fom(reading) for reading in readings]).reshape(study.shape)
    if (wrong := np.isnan(value)).any():
        raise ValueError(undefined_text(fom, study, wrong, "it needs cases that the study has not"))
    return value


def bootstrapped_foms(
    study: FrocStudy,
    foms: tuple[FrocFom, ...],
    cluster: ArrayLike | None,
    *,
    n_resamples: int,
    rng: Rng | None,
) -> FloatArray:
    """Return figures in resamples that all share, (n_foms, n_resamples, n_readers, n_modalities).

    Raises
    ------
    ValueError
        If there are fewer than 2,000 resamples or no seed.
    """
    if check_count(n_resamples, name="n_resamples") < FEWEST_RESAMPLES:
        msg = f"n_resamples must be at least {FEWEST_RESAMPLES:,}, but got {n_resamples:,}"
        raise ValueError(msg)
    if rng is None:
        msg = "covariance='bootstrap' needs rng= a seed, so that it can be drawn again"
        raise ValueError(msg)
    plan = make_plan(  # what is drawn does not depend on the figure
        auc,
        study.truth.diseased,
        n_readers=None,
        resample="case",
        stratified=True,
        cluster=cluster,
        n_resamples=n_resamples,
        rng=rng,
        jobs=None,
    )
    states = stream_states(plan.seed, n_resamples)
    statistics = [
        ((number, *place), fom.statistic(study.reading(*place)))
        for number, fom in enumerate(foms)
        for place in np.ndindex(study.shape)
    ]
    values = np.empty((len(foms), *study.shape, n_resamples))
    rows = max(_COUNTS_AT_A_TIME // (4 * study.truth.n_cases), 1)
    for first in range(0, n_resamples, rows):
        block = slice(first, first + rows)
        counts = draw(states[block], plan.units.starts, kernel=False)
        times = counts[:, plan.units.unit].astype(np.float64)
        for place, statistic in statistics:
            values[place][block] = statistic.counted(times)
    return np.moveaxis(values, -1, 1)


def _covariance(values: FloatArray) -> FloatArray:
    """Return the covariance of figures over resamples (n_resamples, n_readers, n_modalities)."""
    flat = values.reshape(values.shape[0], -1)
    complete = flat[~np.isnan(flat).any(axis=1)]
    if complete.shape[0] < 2:
        return np.full((flat.shape[1], flat.shape[1]), np.nan)
    return np.cov(complete, rowvar=False, ddof=1).reshape(flat.shape[1], flat.shape[1])


def _quantile_note(fom: FrocFom, covariance: str) -> str:
    """Warn where a jackknife of a quantile was asked for."""
    if covariance != "jackknife" or fom.smooth:
        return ""
    return (
        f"the jackknife does not suit {fom.name}, which jumps where a case is left out: only to "
        "reproduce another program"
    )


def cut_note(study: FrocStudy, fom: FrocFom) -> str:
    """Say how many curves end before the budget of a figure that has one."""
    if fom.budget is None:
        return ""
    statistics = [fom.statistic(study.reading(*place)) for place in np.ndindex(study.shape)]
    cut = [statistic for statistic in statistics if isinstance(statistic, CutCurve)]
    short = sum(curve.x_reached < curve.budget for curve in cut)
    if not short:
        return ""
    return (
        f"{short} of {len(cut)} curves end before {fom.budget:g} and are carried on flat, as "
        "nothing more was marked"
    )


def _floor_note(study: FrocStudy) -> str:
    """Say which readers' marks are cut off below a score."""
    floors = [
        f"{name} delivers no mark below {floor:g}"
        for name, floor in zip(study.readers, study.export_floor, strict=False)
        if np.isfinite(floor)
    ]
    return "; ".join(floors)
