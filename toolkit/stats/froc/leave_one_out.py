"""Figures of merit of marks without each case or patient, in O(n log n) a reading."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IntArray
from toolkit.stats._checks import check_choice, check_cluster
from toolkit.stats.froc.figures_of_merit import FrocFom, wafroc
from toolkit.stats.froc.readings import FrocStudy
from toolkit.stats.mrmc.leave_one_out import JackknifeCases, LeaveOneOut


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
