"""The restricted likelihood of log times with readers and cases crossed, in closed form.

log time of reader j, case k, modality i: x' beta + R_j + C_k + (RM)_ji + (CM)_ki + (RC)_jk + e.
All effects but beta are random. Given the readers' effects cases are independent, and a case
enters by the sums of its readings in each modality alone, so nothing larger than the readers'
2 J effects is ever factorised.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from toolkit.arrays import FloatArray

# Variances over the error variance, in this order.
RANDOM_TERMS = (
    "reader",
    "case",
    "reader by modality",
    "case by modality",
    "reader by case",
)


_LEAST_REST = 1e-300


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeSums:
    """Sums over readings that the likelihood is made of; W = [reader effects, X, log time].

    ``pairs`` are cells of a reader and a case read in both modalities, ``singles`` in one.
    """

    n_readings: int
    n_fixed: int
    n_readers: int
    n_pairs: int
    n_singles: int
    products: FloatArray  # (m, m): W'W
    pair_products: FloatArray  # (m, m), of W summed over the two readings of a pair
    single_products: FloatArray  # (m, m)
    sums: FloatArray  # (n_cases, 2, m): W summed over the readings of a case in a modality
    pair_sums: FloatArray  # (n_cases, m)
    single_sums: FloatArray  # (n_cases, 2, m)
    counts: FloatArray  # (n_cases, 2)
    pair_counts: FloatArray  # (n_cases,)
    single_counts: FloatArray  # (n_cases, 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class FixedEffects:
    """What the likelihood says of beta at given variance ratios."""

    beta: FloatArray
    information: FloatArray  # X' H^-1 X, with H the covariance over the error variance
    rest: float  # the residual sum of squares in the metric of H
    log_determinant: float  # log |H| + log |X' H^-1 X|


def time_sums(logs: FloatArray, design: FloatArray) -> TimeSums:
    """Return the sums of log times (n_cases, n_readers, 2), NaN not read.

    ``design`` (n_cases, n_readers, 2, n_fixed) holds the fixed effects; it must be finite where
    there is a time.
    """
    n_readers = logs.shape[1]
    read = ~np.isnan(logs)
    readers = np.zeros((*logs.shape, 2 * n_readers))
    for place in range(n_readers):
        readers[:, place, 0, 2 * place] = readers[:, place, 1, 2 * place + 1] = 1.0
    w = np.concatenate([readers, design, logs[..., np.newaxis]], axis=3)
    w = np.where(read[..., np.newaxis], w, 0.0)
    both = read[:, :, 0] & read[:, :, 1]
    alone = read & ~both[:, :, np.newaxis]
    pair = np.where(both[..., np.newaxis], w.sum(axis=2), 0.0)
    single = np.where(alone[..., np.newaxis], w, 0.0)
    return TimeSums(
        n_readings=int(read.sum()),
        n_fixed=design.shape[3],
        n_readers=n_readers,
        n_pairs=int(both.sum()),
        n_singles=int(alone.sum()),
        products=_products(w),
        pair_products=_products(pair),
        single_products=_products(single),
        sums=w.sum(axis=1),
        pair_sums=pair.sum(axis=1),
        single_sums=single.sum(axis=1),
        counts=read.sum(axis=1).astype(np.float64),
        pair_counts=both.sum(axis=1).astype(np.float64),
        single_counts=alone.sum(axis=1).astype(np.float64),
    )


def _products(values: FloatArray) -> FloatArray:
    """Return the sum of outer products of the last axis."""
    flat = values.reshape(-1, values.shape[-1])
    products: FloatArray = flat.T @ flat
    return products


def fixed_effects(sums: TimeSums, ratios: FloatArray) -> FixedEffects:
    """Return beta and the determinants at variance ratios in the order of ``RANDOM_TERMS``."""
    reader, case, reader_modality, case_modality, reader_case = ratios.tolist()
    # A reading alone has variance 1 + g, a pair 1 and covariance g: inverted cell by cell.
    of_pair, of_single = reader_case / (1 + 2 * reader_case), reader_case / (1 + reader_case)
    log_determinant = sums.n_pairs * math.log1p(2 * reader_case)
    log_determinant += sums.n_singles * math.log1p(reader_case)
    cross = sums.products - of_pair * sums.pair_products - of_single * sums.single_products
    # Cases: H^-1 = V^-1 - V^-1 Z (G^-1 + Z' V^-1 Z)^-1 Z' V^-1 with 2 x 2 blocks.
    seen = sums.sums - of_pair * sums.pair_sums[:, np.newaxis] - of_single * sums.single_sums
    counts = (sums.counts - of_single * sums.single_counts)[:, :, np.newaxis] * np.eye(2)
    counts = counts - of_pair * sums.pair_counts[:, np.newaxis, np.newaxis]
    of_case = case_modality * np.eye(2) + case
    inner = np.eye(2) + counts @ of_case
    log_determinant += float(np.log(np.linalg.det(inner)).sum())
    shrink = of_case @ np.linalg.inv(inner)
    flat, shrunk = seen.reshape(-1, seen.shape[2]), (shrink @ seen).reshape(-1, seen.shape[2])
    cross = cross - flat.T @ shrunk
    return _without_readers(sums, cross, _root(reader, reader_modality), log_determinant)


def _root(common: float, own: float) -> FloatArray:
    """Return the symmetric square root of own I + common 11', 2 x 2."""
    even, odd = math.sqrt(own + 2 * common), math.sqrt(own)
    return np.array([[even + odd, even - odd], [even - odd, even + odd]]) / 2


def _without_readers(
    sums: TimeSums, cross: FloatArray, root: FloatArray, log_determinant: float
) -> FixedEffects:
    """Return beta once the readers' effects are absorbed as well."""
    n_effects = 2 * sums.n_readers
    scale = np.kron(np.eye(sums.n_readers), root)
    factor = np.linalg.cholesky(np.eye(n_effects) + scale @ cross[:n_effects, :n_effects] @ scale)
    half = np.linalg.solve(factor, scale @ cross[:n_effects, n_effects:])
    left = cross[n_effects:, n_effects:] - half.T @ half
    information, score = left[:-1, :-1], left[:-1, -1]
    beta = np.linalg.solve(information, score)
    log_determinant += 2 * float(np.log(np.diag(factor)).sum())
    return FixedEffects(
        beta=beta,
        information=information,
        # Rounding may leave less than nothing where the effects explain every time.
        rest=max(float(left[-1, -1] - score @ beta), _LEAST_REST),
        log_determinant=log_determinant + float(np.linalg.slogdet(information)[1]),
    )


def deviance(sums: TimeSums, ratios: FloatArray, error: float) -> float:
    """Return -2 log restricted likelihood at an error variance and variance ratios."""
    effects, df = fixed_effects(sums, ratios), sums.n_readings - sums.n_fixed
    return (
        df * (math.log(2 * math.pi) + math.log(error))
        + effects.log_determinant
        + effects.rest / error
    )


def profiled_deviance(sums: TimeSums, ratios: FloatArray) -> float:
    """Return -2 log restricted likelihood at the best error variance for the ratios."""
    effects, df = fixed_effects(sums, ratios), sums.n_readings - sums.n_fixed
    return df * (math.log(2 * math.pi * effects.rest / df) + 1) + effects.log_determinant
