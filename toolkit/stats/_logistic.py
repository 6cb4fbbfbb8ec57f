"""Logistic regression on at most one covariate, by maximum likelihood.

Whether the estimate exists is decided from the data before anything is iterated, so that a slope
that runs away is never taken for a large one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from toolkit.arrays import BoolArray, FloatArray

_MOST_STEPS = 100
# Newton's error is squared at each step: after one this small what is left is rounding.
_LAST_STEP = 1e-9
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class LogisticFit:
    """Coefficients of a logistic regression with what their variance is made from.

    Parameters
    ----------
    coefficients : ndarray, shape (n_coefficients,)
        The intercept, and the slope where there is a covariate; NaN where they do not exist.
    covariance : ndarray, shape (n_coefficients, n_coefficients)
        Inverse information: their covariance if the model holds and cases are independent.
    influence : ndarray, shape (n_cases, n_coefficients)
        What each case adds to the error of the coefficients.
    log_likelihood : float
        Its weighted maximum.
    reason : str
        Why there is no estimate; empty where there is one.
    """

    coefficients: FloatArray
    covariance: FloatArray
    influence: FloatArray
    log_likelihood: float
    reason: str = ""


def log_likelihood(diseased: BoolArray, logit: FloatArray, weight: FloatArray) -> float:
    """Return the weighted log-likelihood of the logits of probabilities."""
    return float(weight @ (diseased * logit - np.logaddexp(0.0, logit)))


def fit_logistic(
    diseased: BoolArray,
    covariate: FloatArray | None,
    *,
    weight: FloatArray,
    offset: FloatArray | None = None,
) -> LogisticFit:
    """Fit a logistic regression with an intercept, and one covariate or none, by Newton's method.

    Parameters
    ----------
    diseased : ndarray of bool, shape (n_cases,)
        The outcome.
    covariate, offset : ndarray, shape (n_cases,), optional
        Finite numbers; the offset is added to the linear predictor as it is.
    weight : ndarray, shape (n_cases,)
        Positive.
    """
    n_coefficients = 1 if covariate is None else 2
    reason = why_no_estimate(diseased, covariate)
    if reason:
        return _no_fit(diseased.size, n_coefficients, reason)
    design = np.ones((diseased.size, n_coefficients))
    centre, spread = 0.0, 1.0
    if covariate is not None:
        # Standardised, so that a score of 0 to 100 conditions the equations as well as a logit.
        centre, spread = float(covariate.mean()), float(covariate.std())
        design[:, 1] = (covariate - centre) / spread
    fixed = np.zeros(diseased.size) if offset is None else offset
    beta, converged = _newton(design, diseased, fixed, weight)
    if not converged:
        return _no_fit(diseased.size, n_coefficients, "the logistic regression did not converge")
    fitted = special.expit(design @ beta + fixed)
    information = (design * (weight * fitted * (1 - fitted))[:, None]).T @ design
    inverse = np.linalg.inv(information)
    influence = (weight * (diseased - fitted))[:, None] * design @ inverse
    # Back to the scale of the covariate: slope / spread, intercept - slope centre / spread.
    back = np.eye(n_coefficients)
    if covariate is not None:
        back = np.array([[1.0, -centre / spread], [0.0, 1.0 / spread]])
    return LogisticFit(
        coefficients=back @ beta,
        covariance=back @ inverse @ back.T,
        influence=influence @ back.T,
        log_likelihood=log_likelihood(diseased, design @ beta + fixed, weight),
    )


def _newton(
    design: FloatArray, diseased: BoolArray, offset: FloatArray, weight: FloatArray
) -> tuple[FloatArray, bool]:
    """Return the coefficients of highest likelihood, and whether they were reached."""
    beta = np.zeros(design.shape[1])
    best = log_likelihood(diseased, offset, weight)
    for _ in range(_MOST_STEPS):
        fitted = special.expit(design @ beta + offset)
        score = design.T @ (weight * (diseased - fitted))
        information = (design * (weight * fitted * (1 - fitted))[:, None]).T @ design
        try:
            step = np.linalg.solve(information, score)
        except np.linalg.LinAlgError:
            return beta, False
        # The likelihood is concave: a step that is too long is halved until it climbs.
        for _ in range(_MOST_STEPS):
            reached = log_likelihood(diseased, design @ (beta + step) + offset, weight)
            if reached >= best - _ROUNDING * abs(best):
                break
            step = step / 2
        beta, best = beta + step, max(best, reached)
        if np.abs(step).max() <= _LAST_STEP * max(1.0, float(np.abs(beta).max())):
            return beta, True
    return beta, False


def why_no_estimate(diseased: BoolArray, covariate: FloatArray | None) -> str:
    """Say why the likelihood has no single maximum; empty where it has (Albert, Anderson 1984)."""
    if not diseased.size or diseased.all() or not diseased.any():
        return "the cases are of one class or none, so that no logistic regression can be fitted"
    if covariate is None:
        return ""
    sick, healthy = covariate[diseased], covariate[~diseased]
    if np.ptp(covariate) == 0:
        return "all cases have the same value, so that no slope can be fitted"
    # With one covariate: separated if a threshold parts the classes, cases on it allowed.
    if healthy.max() <= sick.min() or sick.max() <= healthy.min():
        return "a threshold separates the classes, so that the slope has no finite estimate"
    return ""


def _no_fit(n_cases: int, n_coefficients: int, reason: str) -> LogisticFit:
    """Return a fit that does not exist, and why."""
    return LogisticFit(
        coefficients=np.full(n_coefficients, math.nan),
        covariance=np.full((n_coefficients, n_coefficients), math.nan),
        influence=np.full((n_cases, n_coefficients), math.nan),
        log_likelihood=math.nan,
        reason=reason,
    )
