"""Figures of merit with one case, or one patient, left out: jackknife covariance, pseudovalues."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray
from toolkit.results import Result
from toolkit.stats._checks import check_choice, check_cluster, check_ratings, check_truth
from toolkit.stats._placements import case_placements
from toolkit.stats.mrmc.shares import case_values
from toolkit.stats.mrmc.validity import is_share
from toolkit.stats.roc import RatingFom, auc

JackknifeCases = Literal["used", "all", "study"]


@dataclass(frozen=True, kw_only=True, eq=False)
class LeaveOneOut(Result):
    """Figures of merit of all cases and without each unit.

    Parameters
    ----------
    value : ndarray, shape (n_readers, n_modalities)
        Of all cases.
    left_out : ndarray, shape (n_units, n_readers, n_modalities)
        Without each unit.
    unit : {"case", "patient"}
        What is left out, a patient with all her cases.
    """

    value: FloatArray
    left_out: FloatArray
    unit: str

    @property
    def n_units(self) -> int:
        """Number of units left out one by one."""
        return int(self.left_out.shape[0])

    def covariance(self) -> FloatArray:
        """Return the jackknife covariance, (n - 1) / n times the sum of products over n units."""
        n_units = self.n_units
        flat = self.left_out.reshape(n_units, -1)
        moved = flat - flat.mean(axis=0)
        products: FloatArray = moved.T @ moved
        return (products * ((n_units - 1) / n_units)).reshape(self.value.shape * 2)

    def pseudovalues(self) -> FloatArray:
        """Return n theta - (n - 1) theta without each unit, moved so that their mean is theta.

        Of an AUC the mean is theta by itself; of a ratio of sums it is not, and only moved ones
        make DBM the analysis of Obuchowski and Rockette (Hillis et al. 2005). Shape as
        ``left_out``.
        """
        raw = self.n_units * self.value - (self.n_units - 1) * self.left_out
        moved: FloatArray = raw + (self.value - raw.mean(axis=0))
        return moved


def leave_one_out(
    truth: ArrayLike,
    ratings: ArrayLike,
    *,
    fom: RatingFom = auc,
    cluster: ArrayLike | None = None,
    cases: JackknifeCases = "used",
) -> LeaveOneOut:
    """Return a figure of merit without each case, for every reader and modality.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_readers, n_modalities)
        Higher is more suspicious; every reader read every case in every modality.
    fom : RatingFom
        Figure of merit; what it ``uses`` says which cases are left out.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case: a patient is left out with all her cases, of both classes.
    cases : {"used", "all", "study"}
        ``"used"``: only cases that the figure uses, positives for a sensitivity. ``"all"``: every
        case, as google-health's analysis does; the variance of a sensitivity is then larger by a
        factor that depends on the share of positives. ``"study"``: as ``"used"`` where every case
        was read by all; with missing readings ``fom_table`` counts the cases that somebody else
        read, as MRMCaov does.

    Returns
    -------
    LeaveOneOut
        In O(n log n) a curve for the AUC and for shares of the cases of one class; other figures
        are computed anew without each unit.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is missing, or the figure is undefined without a
        unit.

    Notes
    -----
    The jackknife is consistent for smooth figures alone, not for quantiles such as sensitivity at
    a specificity: ``fom.smooth`` says which.

    References
    ----------
    Dorfman DD, Berbaum KS, Metz CE. Invest Radiol 1992;27:723-731.
    doi:10.1097/00004424-199209000-00015

    Examples
    --------
    >>> left = leave_one_out([0, 0, 1, 1], [[[1], [2]], [[3], [1]], [[2], [4]], [[4], [3]]])
    >>> left.value[:, 0].tolist(), left.left_out[:, 0, 0].tolist()
    ([0.75, 1.0], [0.5, 1.0, 1.0, 0.5])
    """
    diseased = check_truth(truth)
    numbers = check_ratings(ratings, n_cases=diseased.size, axes=("n_readers", "n_modalities"))
    check_choice(cases, name="cases", choices=("used", "all", "study"))
    units = _units(diseased, fom, cluster, cases)
    shape = numbers.shape[1:]
    flat = numbers.reshape(diseased.size, -1)
    means = case_values(diseased, numbers, fom) if is_share(fom) else None
    if fom is auc:
        value, left_out = _auc(diseased, flat, units)
    elif means is not None and means.size:
        of_class = units[diseased == (fom.uses == "positive")]
        value, left_out = _mean(means.reshape(of_class.size, -1), of_class, int(units.max()) + 1)
    else:
        value, left_out = _anew(diseased, flat, units, fom)
    return LeaveOneOut(
        value=value.reshape(shape),
        left_out=left_out.reshape(-1, *shape),
        unit="case" if cluster is None else "patient",
        method=f"{fom.__name__} without each {'case' if cluster is None else 'patient'}",
    )


def _units(
    diseased: BoolArray, fom: RatingFom, cluster: ArrayLike | None, cases: JackknifeCases
) -> IndexArray:
    """Return the number of the unit of each case from 0; -1 for cases that are never left out."""
    used = np.ones(diseased.size, dtype=bool)
    if cases != "all" and fom.uses != "all":
        used = diseased if fom.uses == "positive" else ~diseased
    if cluster is None:
        patient = np.arange(diseased.size)
    else:
        patient = check_cluster(cluster, n_cases=diseased.size)
    units = np.full(diseased.size, -1, dtype=np.intp)
    units[used] = np.unique(patient[used], return_inverse=True)[1]
    return units


def _auc(
    diseased: BoolArray, ratings: FloatArray, units: IndexArray
) -> tuple[FloatArray, FloatArray]:
    """Return the AUCs of all cases (n_curves,) and without each unit (n_units, n_curves).

    Pairs in the right order without a unit: all, less the pairs of its positives, less those of
    its negatives, plus the pairs within the unit, which were taken off twice.
    """
    placements = case_placements(diseased, ratings)
    m, n = placements.positive.shape[0], placements.negative.shape[0]
    n_units = int(units.max()) + 1
    m_left = m - np.bincount(units[diseased], minlength=n_units)
    n_left = n - np.bincount(units[~diseased], minlength=n_units)
    _require_pairs(m_left * n_left)
    pairs = np.tile(m * n * placements.aucs, (n_units, 1))
    np.subtract.at(pairs, units[diseased], n * placements.positive)
    np.subtract.at(pairs, units[~diseased], m * placements.negative)
    for unit in np.intersect1d(units[diseased], units[~diseased]):
        inside = units == unit
        pairs[unit] += _pairs_within(diseased[inside], ratings[inside])
    return placements.aucs, pairs / (m_left * n_left)[:, np.newaxis]


def _pairs_within(diseased: BoolArray, ratings: FloatArray) -> FloatArray:
    """Return the pairs of one patient's own cases in the right order, ties half, (n_curves,)."""
    placements = case_placements(diseased, ratings)
    total: FloatArray = placements.aucs * (
        placements.positive.shape[0] * placements.negative.shape[0]
    )
    return total


def _require_pairs(left: IntArray) -> None:
    """Refuse a sample from which leaving out one unit takes the last case of a class."""
    if (left == 0).any():
        msg = (
            f"the figure of merit is undefined without unit {int(np.argmax(left == 0))}: it holds "
            "all cases of a class; a jackknife needs at least two units with each class"
        )
        raise ValueError(msg)


def _mean(values: FloatArray, units: IndexArray, n_units: int) -> tuple[FloatArray, FloatArray]:
    """Return means of ``values`` (n_cases, n_curves), of all and without each unit."""
    sums = np.zeros((n_units, values.shape[1]))
    np.add.at(sums, units, values)
    left = units.size - np.bincount(units, minlength=n_units)
    _require_pairs(left)
    total = values.sum(axis=0)
    return total / units.size, (total - sums) / left[:, np.newaxis]


def _anew(
    diseased: BoolArray,
    ratings: FloatArray,
    units: IndexArray,
    fom: Callable[[ArrayLike, ArrayLike], float],
) -> tuple[FloatArray, FloatArray]:
    """Return the figures of all cases and without each unit, computed anew each time."""
    n_units, n_curves = int(units.max()) + 1, ratings.shape[1]
    value = np.array([fom(diseased, ratings[:, curve]) for curve in range(n_curves)])
    left_out = np.empty((n_units, n_curves))
    for unit in range(n_units):
        keep = units != unit
        for curve in range(n_curves):
            left_out[unit, curve] = fom(diseased[keep], ratings[keep, curve])
    if (wrong := np.isnan(left_out)).any():
        unit, curve = (int(axis) for axis in np.argwhere(wrong)[0])
        msg = f"the figure of merit of curve {curve} is undefined (NaN) without unit {unit}"
        raise ValueError(msg)
    return value, left_out
