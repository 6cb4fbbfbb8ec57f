"""Covariance over cases of figures of merit of readings that share some cases, all or none.

Each reading has an influence value for each case, or patient, that it saw and 0 for the others. Of
readings of the same cases this is DeLong's covariance, or the jackknife's.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from toolkit.stats._placements import case_placements
from toolkit.stats.mrmc.leave_one_out import leave_one_out
from toolkit.stats.roc import RatingFom

Booleans = NDArray[np.bool_]
Floats = NDArray[np.float64]


def shared_auc_covariance(truth: Booleans, ratings: Floats) -> tuple[Floats, Floats]:
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
    truth: Booleans, ratings: Floats, fom: RatingFom
) -> tuple[Floats, Floats]:
    """Return figures and their jackknife covariance, each curve on the cases that it read."""
    n_cases, n_curves = ratings.shape
    value = np.full(n_curves, math.nan)
    influence, used = np.zeros((n_cases, n_curves)), np.zeros((n_cases, n_curves), dtype=bool)
    for curve in range(n_curves):
        read = np.flatnonzero(~np.isnan(ratings[:, curve]))
        own = ratings[read, curve][:, np.newaxis, np.newaxis]
        left = leave_one_out(truth[read], own, fom=fom)
        value[curve] = left.value[0, 0]
        cases = read if fom.uses == "all" else read[truth[read] == (fom.uses == "positive")]
        without = left.left_out[:, 0, 0]
        influence[cases, curve] = (left.n_units - 1) * (without.mean() - without)
        used[cases, curve] = True
    return value, _covariance_of_means(influence, used)


def _covariance_of_means(influence: Floats, read: Booleans) -> Floats:
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
