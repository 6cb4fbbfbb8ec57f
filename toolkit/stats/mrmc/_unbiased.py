"""The unbiased covariance of empirical AUCs on the same cases, from U-statistic moments.

Symbols of Gallas (2006): M1 to M4 are the means of psi_r(i, j) psi_s(i', j') over pairs that share
both cases, the positive, the negative, or none. m positive and n negative cases.
"""

from __future__ import annotations

import math

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.stats._placements import case_placements
from toolkit.stats.mrmc._dominance import pair_sums
from toolkit.stats.mrmc._moments import KernelSums, kernel_sums


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
