"""Isotonic regression of an outcome on a score: the best fit that never falls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from toolkit.arrays import BoolArray, FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class IsotonicFit:
    """Distinct scores, ascending, with the fitted share of the diseased at each, (n_scores,)."""

    score: FloatArray
    fitted: FloatArray


def fit_isotonic(diseased: BoolArray, score: FloatArray, weight: FloatArray) -> IsotonicFit:
    """Return the pool-adjacent-violators fit; tied scores have one value, their weighted share.

    Parameters
    ----------
    diseased : ndarray of bool, shape (n_cases,)
        The outcome.
    score : ndarray, shape (n_cases,)
        Finite; higher is more suspicious.
    weight : ndarray, shape (n_cases,)
        Positive.
    """
    # Inside: a second of importing that intervals elsewhere do without.
    from scipy.optimize import isotonic_regression

    distinct, place = np.unique(score, return_inverse=True)
    total = np.bincount(place, weights=weight, minlength=distinct.size)
    sick = np.bincount(place, weights=weight * diseased, minlength=distinct.size)
    if not distinct.size:
        return IsotonicFit(score=distinct, fitted=distinct.copy())
    fitted = isotonic_regression(sick / total, weights=total).x
    # Weighted means of shares can leave [0, 1] by rounding.
    return IsotonicFit(score=distinct, fitted=np.clip(fitted, 0.0, 1.0))
