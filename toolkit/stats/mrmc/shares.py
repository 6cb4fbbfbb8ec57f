"""Moments of means over the cases of one class, such as a sensitivity at a threshold.

In place of the success psi(j, i, k) of a reader at a pair of cases stands what case i adds to the
mean, whatever the case k of the other class. All of the moments of Gallas then hold, with the
variation of the other class at 0.
"""

from __future__ import annotations

import math

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.stats.mrmc._moments import KernelSums, kernel_sums
from toolkit.stats.mrmc.validity import is_share
from toolkit.stats.roc import RatingFom, auc

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
