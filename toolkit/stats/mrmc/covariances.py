"""From ratings to the table of figures of merit that all inference on readers works on."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray
from toolkit.results import Result, joined
from toolkit.stats._checks import (
    Rng,
    check_choice,
    check_cluster,
    check_count,
    check_ratings,
    check_truth,
)
from toolkit.stats.auc.curve import RatingFom, auc
from toolkit.stats.auc.delong import covariance_of
from toolkit.stats.auc.placements import CaseSample, case_placements
from toolkit.stats.mrmc.moments import KernelSums, case_values, kernel_sums, pair_sums
from toolkit.stats.mrmc.table import (
    COVARIANCES,
    Covariance,
    FomTable,
    default_covariance,
    is_share,
    quantile_note,
    require_covariance,
)


def unbiased_covariance(truth: BoolArray, ratings: FloatArray) -> FloatArray:
    """Return the covariance of the AUCs of ``ratings`` (n_cases, n_curves).

    NaN with fewer than two cases of a class. Unlike DeLong's it is unbiased, and can be negative
    where a variance must not be.
    """
    m, n, n_curves = int(truth.sum()), int((~truth).sum()), ratings.shape[1]
    if m < 2 or n < 2:
        return np.full((n_curves, n_curves), math.nan)
    placements = case_placements(truth, ratings)
    aucs = placements.aucs
    # psi is taken from its mean, which the covariance does not feel and which keeps its digits.
    positive, negative = placements.positive - aucs, placements.negative - aucs
    share_positive = n**2 * positive.T @ positive
    share_negative = m**2 * negative.T @ negative
    share_both = pair_sums(truth, ratings) - m * n * np.outer(aucs, aucs)
    moment1 = share_both / (m * n)
    moment2 = (share_positive - share_both) / (m * n * (n - 1))
    moment3 = (share_negative - share_both) / (m * n * (m - 1))
    moment4 = (share_both - share_positive - share_negative) / (m * n * (m - 1) * (n - 1))
    # E[A_r A_s] weighs each kind of pair by its share of all of them; M4 estimates E[A_r] E[A_s].
    weighed = moment1 + (n - 1) * moment2 + (m - 1) * moment3 + (m - 1) * (n - 1) * moment4
    covariance: FloatArray = weighed / (m * n) - moment4
    return covariance


def shared_unbiased_covariance(
    truth: BoolArray, ratings: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return AUCs (n_curves,) and their unbiased covariance, NaN in ``ratings`` where not read.

    The same four moments, each over the pairs of readings that there are. Curves without a common
    case do not covary.
    """
    both = kernel_sums(truth, ratings[:, :, np.newaxis])
    psi, one = (_by_sharing(sums) for sums in both)
    with np.errstate(divide="ignore", invalid="ignore"):
        moment4 = psi[3] / one[3]
        # E[A_r A_s] - M4, written so that the digits of M4 cancel once.
        covariance = (psi[:3] - one[:3] * moment4).sum(axis=0) / one.sum(axis=0)
        aucs = both[0].total[:, 0] / both[1].total[:, 0]
    share_nothing = (one[:3] == 0).all(axis=0)
    return aucs, np.where(share_nothing, 0.0, covariance)


def _by_sharing(sums: KernelSums) -> FloatArray:
    """Return the sums over pairs that share both cases, the positive, the negative, or none."""
    positive, negative, pairs = sums.positive[:, 0], sums.negative[:, 0], sums.pairs[:, 0, :, 0]
    share_positive, share_negative = positive @ positive.T, negative @ negative.T
    everything = np.outer(sums.total, sums.total)
    none = everything - share_positive - share_negative + pairs
    return np.array([pairs, share_positive - pairs, share_negative - pairs, none])


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
    patients = None if cluster is None else check_cluster(cluster, n_cases=diseased.size)
    return left_out_of(diseased, numbers, fom, patients=patients, cases=cases)


def left_out_of(
    diseased: BoolArray,
    numbers: FloatArray,
    fom: RatingFom,
    *,
    patients: IndexArray | None = None,
    cases: JackknifeCases = "used",
) -> LeaveOneOut:
    """Return the figures without each unit, of checked truth, ratings and patients."""
    units = _units(diseased, fom, patients, cases)
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
        unit="case" if patients is None else "patient",
        method=f"{fom.__name__} without each {'case' if patients is None else 'patient'}",
    )


def _units(
    diseased: BoolArray, fom: RatingFom, patients: IndexArray | None, cases: JackknifeCases
) -> IndexArray:
    """Return the number of the unit of each case from 0; -1 for cases that are never left out."""
    used = np.ones(diseased.size, dtype=bool)
    if cases != "all" and fom.uses != "all":
        used = diseased if fom.uses == "positive" else ~diseased
    patient = np.arange(diseased.size) if patients is None else patients
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


def shared_auc_covariance(truth: BoolArray, ratings: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return AUCs (n_curves,) and DeLong's covariance of ``ratings`` (n_cases, n_curves).

    NaN marks what was not read; two curves share the variation of the cases that both read.
    """
    n_cases, n_curves = ratings.shape
    aucs = np.full(n_curves, math.nan)
    influence = np.zeros((n_cases, n_curves))
    for curve in range(n_curves):
        read = ~np.isnan(ratings[:, curve])
        placements = case_placements(truth[read], ratings[read, curve][:, np.newaxis])
        aucs[curve] = placements.aucs[0]
        own = np.zeros(int(read.sum()))
        own[truth[read]] = placements.positive[:, 0] - aucs[curve]
        own[~truth[read]] = placements.negative[:, 0] - aucs[curve]
        influence[read, curve] = own
    read = ~np.isnan(ratings)
    covariance = sum(_covariance_of_means(influence[part], read[part]) for part in (truth, ~truth))
    return aucs, np.asarray(covariance)


def shared_jackknife_covariance(
    truth: BoolArray, ratings: FloatArray, fom: RatingFom, cases: JackknifeCases = "used"
) -> tuple[FloatArray, FloatArray]:
    """Return figures and their jackknife covariance, each curve on the cases that it read."""
    n_cases, n_curves = ratings.shape
    value = np.full(n_curves, math.nan)
    without = np.full((n_cases, n_curves), math.nan)
    moves, used = np.zeros((n_cases, n_curves), dtype=bool), _used(truth, fom)
    for curve in np.flatnonzero(~np.isnan(ratings).all(axis=0)):
        read = np.flatnonzero(~np.isnan(ratings[:, curve]))
        own = ratings[read, curve][:, np.newaxis, np.newaxis]
        left = left_out_of(truth[read], own, fom)
        value[curve] = left.value[0, 0]
        without[:, curve] = value[curve]  # a case that was not read moves nothing
        without[read[used[read]], curve] = left.left_out[:, 0, 0]
        moves[read[used[read]], curve] = True
    if cases == "used":
        return value, _covariance_of_means(_influence(without, moves), moves)
    # As MRMCaov and google-health: (n - 1) / n with n cases of the study, read or not.
    rows = without[used] if cases == "study" else without
    moved = rows - rows.mean(axis=0)
    return value, (len(rows) - 1) / len(rows) * moved.T @ moved


def _used(truth: BoolArray, fom: RatingFom) -> BoolArray:
    """Return the cases that a figure of merit uses."""
    return np.ones_like(truth) if fom.uses == "all" else truth == (fom.uses == "positive")


def _influence(without: FloatArray, moves: BoolArray) -> FloatArray:
    """Return the influence of each case that moves a curve, 0 elsewhere."""
    count = moves.sum(axis=0)
    mean = np.where(moves, without, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(moves, (count - 1) * (mean - without), 0.0)


def _covariance_of_means(influence: FloatArray, read: BoolArray) -> FloatArray:
    """Return the covariance of the means of each column over the rows that it read.

    Sum of products over shared rows / (n_a n_b), times n_ab / (n_ab - 1) for n_ab shared rows:
    the unbiased covariance of two means of which n_ab terms are from the same cases.
    """
    weight = read.astype(float)
    shared, counts = weight.T @ weight, weight.sum(axis=0)
    products = influence.T @ influence
    with np.errstate(divide="ignore", invalid="ignore"):
        unbiased = products / np.outer(counts, counts) * (shared / (shared - 1))
    return np.where(shared > 1, unbiased, np.where(shared > 0, math.nan, 0.0))


FEWEST_RESAMPLES = 2000


def fom_table(  # noqa: PLR0913 - data, and how the covariance over cases is estimated
    truth: ArrayLike,
    ratings: ArrayLike,
    *,
    fom: RatingFom = auc,
    covariance: Covariance | None = None,
    cluster: ArrayLike | None = None,
    jackknife_cases: JackknifeCases = "used",
    n_resamples: int = FEWEST_RESAMPLES,
    rng: Rng | None = None,
    readers: tuple[str, ...] = (),
    modalities: tuple[str, ...] = (),
) -> FomTable:
    """Compute a figure of merit of every reader in every modality, with its covariance over cases.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_readers, n_modalities)
        Higher is more suspicious; NaN where a reader did not read a case in a modality.
    fom : RatingFom
        Figure of merit, as ``auc`` or one of ``toolkit.stats.auc`` that ends in ``_fom``.
    covariance : {"DeLong", "jackknife", "unbiased", "bootstrap", "none"}, optional
        If not given: DeLong's for the AUC and for sensitivity or specificity at a threshold, the
        jackknife for other smooth figures, else the bootstrap.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case, where patients have several: DeLong's covariance is then that of
        Obuchowski (1997), jackknife and bootstrap leave out and draw patients.
    jackknife_cases : {"used", "all", "study"}
        As ``cases`` of ``leave_one_out``.
    n_resamples : int
        Of the bootstrap; at least 2,000.
    rng : int, SeedSequence or Generator, optional
        Needed for the bootstrap.
    readers, modalities : tuple of str
        Names along the axes; numbers from 1 if not given.

    Returns
    -------
    FomTable

    Raises
    ------
    ValueError
        If an argument is malformed, the covariance is not defined for the figure, readings are
        missing where it needs all, or a figure is undefined for a reader.

    Notes
    -----
    With missing readings (not the bootstrap, nor patients) two readings covary through the cases
    that both saw. See docs/mrmc_validity.md for what is defined for what.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845. doi:10.2307/2531595

    Obuchowski NA. Biometrics 1997;53:567-578. doi:10.2307/2533958

    Examples
    --------
    >>> truth = [0, 0, 0, 1, 1]
    >>> ratings = [[[1, 2]], [[2, 1]], [[4, 3]], [[3, 4]], [[5, 5]]]
    >>> table = fom_table(truth, ratings, modalities=("unaided", "aided"))
    >>> table.value.round(3).tolist(), table.covariance_method
    ([[0.833, 1.0]], 'DeLong')
    """
    diseased = check_truth(truth)
    numbers = check_ratings(
        ratings,
        n_cases=diseased.size,
        axes=("n_readers", "n_modalities"),
        missing_allowed=True,
    )
    check_choice(covariance or "none", name="covariance", choices=COVARIANCES)
    patients = None if cluster is None else check_cluster(cluster, n_cases=diseased.size)
    return table_of(
        diseased,
        numbers,
        patients,
        fom=fom,
        covariance=covariance,
        jackknife_cases=jackknife_cases,
        resampling=(n_resamples, rng),
        names=(readers, modalities),
    )


def table_of(
    diseased: BoolArray,
    numbers: FloatArray,
    patients: IndexArray | None,
    *,
    fom: RatingFom,
    covariance: Covariance | None,
    jackknife_cases: JackknifeCases = "used",
    resampling: tuple[int, Rng | None] = (FEWEST_RESAMPLES, None),
    names: tuple[tuple[str, ...], tuple[str, ...]],
) -> FomTable:
    """Return the figures of checked truth, ratings and patients, with their covariance.

    ``resampling`` is the number of resamples and the generator of the bootstrap, ``names`` those
    of readers and modalities.
    """
    chosen = covariance or default_covariance(fom)
    check_choice(chosen, name="covariance", choices=COVARIANCES)
    clustered = patients is not None and np.unique(patients).size < diseased.size
    require_covariance(chosen, fom, clustered=clustered)
    data = _Data(diseased=diseased, ratings=numbers, patients=patients if clustered else None)
    table = _without_covariance(data, fom, *names)
    if chosen == "none":
        return table
    if data.incomplete:
        value, matrix, name = _of_shared_cases(data, fom, chosen, jackknife_cases)
    elif chosen == "bootstrap":
        value, matrix, name = _bootstrapped(data, fom, *resampling)
    else:
        value, matrix, name = _of_all_cases(data, fom, chosen, jackknife_cases)
    return replace(
        table,
        value=value.reshape(table.value.shape),
        covariance=matrix.reshape(table.value.shape * 2),
        covariance_method=name,
        n_units=data.n_units,
        n_clusters=data.n_units if clustered else None,
        note=joined(table.note, quantile_note(fom, chosen)),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Data:
    """Checked arrays; ``patients`` only where patients have several cases."""

    diseased: BoolArray
    ratings: FloatArray
    patients: IndexArray | None

    @property
    def curves(self) -> FloatArray:
        """Ratings (n_cases, n_readers * n_modalities)."""
        return self.ratings.reshape(self.diseased.size, -1)

    @property
    def incomplete(self) -> bool:
        """Whether a reading is missing."""
        return bool(np.isnan(self.ratings).any())

    @property
    def n_units(self) -> int:
        """Cases, or patients, taken as independent."""
        return self.diseased.size if self.patients is None else int(np.unique(self.patients).size)


def _names(given: tuple[str, ...], count: int, what: str) -> tuple[str, ...]:
    """Return names, numbers from 1 if none are given."""
    if given and len(given) != count:
        msg = f"{what} must name {count} {what}, but got {len(given)}"
        raise ValueError(msg)
    return given or tuple(str(number + 1) for number in range(count))


def _without_covariance(
    data: _Data, fom: RatingFom, readers: tuple[str, ...], modalities: tuple[str, ...]
) -> FomTable:
    """Return the figures alone."""
    n_readers, n_modalities = data.ratings.shape[1:]
    read = ~np.isnan(data.ratings)
    value = np.full((n_readers, n_modalities), np.nan)
    for reader in range(n_readers):
        for modality in range(n_modalities):
            cases = read[:, reader, modality]
            if cases.any():
                value[reader, modality] = fom(
                    data.diseased[cases], data.ratings[cases, reader, modality]
                )
    empty = int(np.isnan(value).sum())
    some = read.any(axis=(1, 2))
    low, high = fom.range
    return FomTable(
        quantity=fom.__name__,
        value=value,
        covariance_method="none",
        readers=_names(readers, n_readers, "readers"),
        modalities=_names(modalities, n_modalities, "modalities"),
        n_cases=int(some.sum()),
        n_positive=int((some & data.diseased).sum()),
        n_units=data.n_units,
        low=low,
        high=high,
        better=fom.better,
        method=fom.__name__,
        note=f"{empty} of {value.size} readers by modality have no figure" if empty else "",
    )


def _of_all_cases(
    data: _Data, fom: RatingFom, covariance: Covariance, cases: JackknifeCases
) -> tuple[FloatArray, FloatArray, str]:
    """Return figures, covariance and its name where every reading is there."""
    sample = CaseSample(diseased=data.diseased, weight=None, cluster=data.patients, counted=None)
    if fom is auc and covariance == "DeLong":
        found = covariance_of(sample, data.curves)
        name = "DeLong" if data.patients is None else "Obuchowski 1997, patients"
        return found.aucs, found.covariance, name
    if fom is auc and covariance == "unbiased":
        aucs = covariance_of(sample, data.curves).aucs
        return aucs, unbiased_covariance(data.diseased, data.curves), "unbiased"
    # Of a share of one class the jackknife is DeLong's covariance and the unbiased one at once.
    left = left_out_of(data.diseased, data.ratings, fom, patients=data.patients, cases=cases)
    name = covariance if is_share(fom) and data.patients is None else f"jackknife, {left.unit}s"
    return left.value, left.covariance(), "jackknife" if covariance == "jackknife" else name


def _of_shared_cases(
    data: _Data, fom: RatingFom, covariance: Covariance, cases: JackknifeCases
) -> tuple[FloatArray, FloatArray, str]:
    """Return figures, covariance and its name where readings are missing."""
    if data.patients is not None or covariance == "bootstrap":
        what = "patients with several cases" if data.patients is not None else repr(covariance)
        msg = (
            f"readings are missing, and with missing readings the covariance is not defined for "
            f"{what}; take DeLong, jackknife or unbiased on independent cases, or complete them"
        )
        raise ValueError(msg)
    if fom is auc and covariance == "DeLong":
        return *shared_auc_covariance(data.diseased, data.curves), "DeLong, shared cases"
    if fom is auc and covariance == "unbiased":
        return *shared_unbiased_covariance(data.diseased, data.curves), "unbiased, shared cases"
    value, matrix = shared_jackknife_covariance(data.diseased, data.curves, fom, cases)
    return value, matrix, f"{covariance}, shared cases"


def _bootstrapped(
    data: _Data, fom: RatingFom, n_resamples: int, rng: Rng | None
) -> tuple[FloatArray, FloatArray, str]:
    """Return figures and covariance from resamples of cases within classes, or of patients."""
    from toolkit.stats.resampling.bootstrap import bootstrap_values

    if check_count(n_resamples, name="n_resamples") < FEWEST_RESAMPLES:
        msg = f"n_resamples must be at least {FEWEST_RESAMPLES:,}, but got {n_resamples:,}"
        raise ValueError(msg)
    if rng is None:
        msg = "covariance='bootstrap' needs rng= a seed, so that it can be drawn again"
        raise ValueError(msg)
    found = bootstrap_values(
        data.diseased,
        data.curves,
        fom=fom,
        cluster=data.patients,
        n_resamples=n_resamples,
        rng=rng,
    )
    return found.estimate, found.covariance, f"bootstrap, {n_resamples:,} resamples"
