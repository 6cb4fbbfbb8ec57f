"""From ratings to the table of figures of merit that all inference on readers works on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import joined
from toolkit.stats._checks import (
    Rng,
    check_choice,
    check_cluster,
    check_count,
    check_ratings,
    check_truth,
)
from toolkit.stats.delong import auc_covariance
from toolkit.stats.mrmc._unbiased import shared_unbiased_covariance, unbiased_covariance
from toolkit.stats.mrmc.fom_table import FomTable
from toolkit.stats.mrmc.influence import shared_auc_covariance, shared_jackknife_covariance
from toolkit.stats.mrmc.leave_one_out import JackknifeCases, leave_one_out
from toolkit.stats.mrmc.validity import (
    COVARIANCES,
    Covariance,
    default_covariance,
    is_share,
    quantile_note,
    require_covariance,
)
from toolkit.stats.roc import RatingFom, auc

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
        Figure of merit, as of ``roc``, ``foms`` and ``threshold_foms``.
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
    that both saw. See ``validity.RULES`` for what is defined for what.

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
    chosen = covariance or default_covariance(fom)
    check_choice(chosen, name="covariance", choices=COVARIANCES)
    patients = None if cluster is None else check_cluster(cluster, n_cases=diseased.size)
    clustered = patients is not None and np.unique(patients).size < diseased.size
    require_covariance(chosen, fom, clustered=clustered)
    data = _Data(diseased=diseased, ratings=numbers, patients=patients if clustered else None)
    table = _without_covariance(data, fom, readers, modalities)
    if chosen == "none":
        return table
    if data.incomplete:
        value, matrix, name = _of_shared_cases(data, fom, chosen, jackknife_cases)
    elif chosen == "bootstrap":
        value, matrix, name = _bootstrapped(data, fom, n_resamples, rng)
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
    if fom is auc and covariance == "DeLong":
        found = auc_covariance(data.diseased, data.curves, cluster=data.patients)
        name = "DeLong" if data.patients is None else "Obuchowski 1997, patients"
        return found.aucs, found.covariance, name
    if fom is auc and covariance == "unbiased":
        aucs = auc_covariance(data.diseased, data.curves).aucs
        return aucs, unbiased_covariance(data.diseased, data.curves), "unbiased"
    # Of a share of one class the jackknife is DeLong's covariance and the unbiased one at once.
    left = leave_one_out(data.diseased, data.ratings, fom=fom, cluster=data.patients, cases=cases)
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
    from toolkit.stats.bootstrap import bootstrap_values

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
