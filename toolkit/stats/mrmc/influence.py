"""Covariance over cases of figures of merit of readings that share some cases, all or none.

Each reading has an influence value for each case, or patient, that it saw and 0 for the others. Of
readings of the same cases this is DeLong's covariance, or the jackknife's.
"""

from __future__ import annotations

import math

import numpy as np

from toolkit.arrays import BoolArray, FloatArray
from toolkit.stats._placements import case_placements
from toolkit.stats.mrmc.leave_one_out import JackknifeCases, leave_one_out
from toolkit.stats.roc import RatingFom


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
        left = leave_one_out(truth[read], own, fom=fom)
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
