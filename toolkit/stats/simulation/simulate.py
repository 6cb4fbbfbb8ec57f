"""Simulated ratings and calls whose truth is known in closed form.

Each simulator has the function that states what it simulates beside it: ``binormal_auc`` for
``binormal_ratings``, ``paired_call_probabilities`` for ``paired_calls``; reader studies have
``toolkit.stats.simulation.roe_metz``. Simulated cases stand in one order, negative ones first, as
``simulated_truth`` gives them. Ratings rise with suspicion. Randomness is an argument: an integer,
a ``numpy.random.SeedSequence`` or a ``numpy.random.Generator``, which a call moves on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from toolkit.arrays import BoolArray, FloatArray
from toolkit.stats._checks import Rng, check_count, check_numbers, check_rng, check_share

_ROUNDING = 1e-12
# Hundredths in each class of a score: 1.00 to 1.49, 1.51 to 2.49, ..., 9.51 to 10.00.
_CLASS_START = np.array([100.0, *(100.0 * number + 51.0 for number in range(1, 10))])
_CLASS_STEPS = np.array([50.0, *(99.0 for _ in range(8)), 50.0])


def _check_finite(value: float, *, name: str) -> float:
    """Return a finite number."""
    if not math.isfinite(value):
        msg = f"{name} must be finite, but got {value!r}"
        raise ValueError(msg)
    return float(value)


def _check_spread(spread: float) -> float:
    """Return the standard deviation of the positive cases' ratings."""
    if not 0 < spread < math.inf:
        msg = f"spread must be positive and finite, but got {spread!r}; negative cases have 1"
        raise ValueError(msg)
    return float(spread)


def simulated_truth(n_negative: int, n_positive: int) -> BoolArray:
    """Return the truth of simulated cases, shape (n_negative + n_positive,), negative ones first.

    Examples
    --------
    >>> simulated_truth(2, 1)
    array([False, False,  True])
    """
    n_negative = check_count(n_negative, name="n_negative")
    n_positive = check_count(n_positive, name="n_positive")
    return np.arange(n_negative + n_positive) >= n_negative


def binormal_auc(separation: float, *, spread: float = 1.0) -> float:
    """Return the area under the ROC curve of the binormal model.

    Parameters
    ----------
    separation : float
        Mean of the positive cases' ratings, in standard deviations of the negative ones, whose
        mean is 0.
    spread : float
        Standard deviation of the positive cases' ratings; negative ones have 1.

    Returns
    -------
    float
        Phi(separation / sqrt(1 + spread^2)).

    References
    ----------
    Dorfman DD, Alf E. Maximum-likelihood estimation of parameters of signal-detection theory.
    J Math Psychol 1969;6:487-496. doi:10.1016/0022-2496(69)90019-4.

    Examples
    --------
    >>> round(binormal_auc(1.5), 4)
    0.8556
    """
    separation = _check_finite(separation, name="separation")
    return float(ndtr(separation / math.hypot(1.0, _check_spread(spread))))


def binormal_separation(auc: float, *, spread: float = 1.0) -> float:
    """Return the separation at which the binormal model has this area; see ``binormal_auc``.

    Examples
    --------
    >>> round(binormal_separation(0.9), 4)
    1.8124
    """
    auc = check_share(auc, name="auc")
    if auc in (0.0, 1.0):
        msg = f"auc must lie between 0 and 1, but got {auc!r}: no finite separation gives it"
        raise ValueError(msg)
    return float(ndtri(auc)) * math.hypot(1.0, _check_spread(spread))


def binormal_ratings(
    n_negative: int, n_positive: int, *, separation: float, spread: float = 1.0, rng: Rng
) -> FloatArray:
    """Draw one rating a case from the binormal model.

    Parameters
    ----------
    n_negative, n_positive : int
        Cases without and with the disease.
    separation, spread : float
        Mean and standard deviation of the positive cases; negative ones have 0 and 1.
    rng : int, SeedSequence or Generator
        Source of randomness.

    Returns
    -------
    ndarray, shape (n_negative + n_positive,)
        Ratings of the cases of ``simulated_truth``; the true area is ``binormal_auc``.

    Examples
    --------
    >>> binormal_ratings(300, 100, separation=1.5, rng=20260101).shape
    (400,)
    """
    truth = simulated_truth(n_negative, n_positive)
    separation = _check_finite(separation, name="separation")
    spread = _check_spread(spread)
    noise = check_rng(rng).standard_normal(truth.size)
    return np.where(truth, separation + spread * noise, noise)


@dataclass(frozen=True, kw_only=True)
class PairedCallProbabilities:
    """Probabilities of the four cells that two readings of one case can fall in; they add to 1."""

    both: float
    only_a: float
    only_b: float
    neither: float


def paired_call_probabilities(
    rate_a: float, rate_b: float, *, concordance: float
) -> PairedCallProbabilities:
    """Return the cells of two readings with given rates and agreement.

    Parameters
    ----------
    rate_a, rate_b : float
        Probability that the first and the second reading call the case.
    concordance : float
        Probability that both readings say the same. Independent readings have
        ``rate_a * rate_b + (1 - rate_a) * (1 - rate_b)``.

    Raises
    ------
    ValueError
        If no pair of readings has these rates and this concordance.

    Examples
    --------
    >>> cells = paired_call_probabilities(0.72, 0.825, concordance=0.855)
    >>> round(cells.only_a, 4), round(cells.only_b, 4)
    (0.02, 0.125)
    """
    rate_a = check_share(rate_a, name="rate_a")
    rate_b = check_share(rate_b, name="rate_b")
    concordance = check_share(concordance, name="concordance")
    lowest = abs(rate_a + rate_b - 1.0)
    highest = 1.0 - abs(rate_a - rate_b)
    if not lowest - _ROUNDING <= concordance <= highest + _ROUNDING:
        msg = (
            f"concordance must lie from {lowest:.6g} to {highest:.6g} for rates of {rate_a!r} "
            f"and {rate_b!r}, but got {concordance!r}"
        )
        raise ValueError(msg)
    discordance = 1.0 - concordance
    # A limit reached but for rounding gives an empty cell, not a negative one.
    only_a = max(0.0, (discordance + rate_a - rate_b) / 2)
    only_b = max(0.0, (discordance - rate_a + rate_b) / 2)
    both = max(0.0, rate_a - only_a)
    neither = max(0.0, 1.0 - both - only_a - only_b)
    return PairedCallProbabilities(both=both, only_a=only_a, only_b=only_b, neither=neither)


def paired_calls(
    n_cases: int, *, rate_a: float, rate_b: float, concordance: float, rng: Rng
) -> BoolArray:
    """Draw two readings of each case with given rates and agreement.

    Parameters
    ----------
    n_cases : int
        Cases, all of one truth; draw women with and without cancer apart.
    rate_a, rate_b, concordance : float
        As for ``paired_call_probabilities``.
    rng : int, SeedSequence or Generator
        Source of randomness.

    Returns
    -------
    ndarray of bool, shape (n_cases, 2)
        Whether the first and the second reading called the case.

    Examples
    --------
    >>> paired_calls(1000, rate_a=0.05, rate_b=0.05, concordance=0.96, rng=1).shape
    (1000, 2)
    """
    n_cases = check_count(n_cases, name="n_cases")
    cells = paired_call_probabilities(rate_a, rate_b, concordance=concordance)
    draw = check_rng(rng).random(n_cases)
    # Cells in the order only a, both, only b, neither: each reading is then one interval.
    first_b, end_a = cells.only_a, cells.only_a + cells.both
    return np.column_stack([draw < end_a, (draw >= first_b) & (draw < end_a + cells.only_b)])


def tenths_scores(
    suspicion: ArrayLike, *, separation: float, spread: float = 1.0, prevalence: float
) -> FloatArray:
    """Turn suspicion into an examination score of 1 to 10 whose classes are tenths.

    A class is the score rounded to a whole number, and each of the ten holds a tenth of a
    screening population in which suspicion is binormal: N(0, 1) in women without cancer,
    N(separation, spread^2) in the share ``prevalence`` with cancer.

    Parameters
    ----------
    suspicion : array_like, shape (n_cases,)
        What the score orders by, higher is more suspicious, on the scale of that population.
    separation, spread : float
        Mean and standard deviation of suspicion in women with cancer.
    prevalence : float
        Share of women with cancer in the population that the classes were set on.

    Returns
    -------
    ndarray, shape (n_cases,)
        Scores with two decimals. No score ends in .50, and classes meet there, so that every way
        of rounding, and thresholds such as 7.5 from below or above, give the same classes.

    Notes
    -----
    Other populations need not fill the classes evenly; that is the point of checking it. Ties
    within hundredths cost the area under the curve less than 0.001.

    Examples
    --------
    >>> tenths_scores([-3.0, 0.0, 3.0], separation=2.3, prevalence=0.006)
    array([1.  , 5.47, 9.99])
    """
    suspicion = check_numbers(suspicion, name="suspicion").astype(np.float64)
    if suspicion.ndim != 1 or not np.isfinite(suspicion).all():
        msg = (
            "suspicion must be finite and have shape (n_cases,), but got shape "
            f"{suspicion.shape}; leave out cases that were not scored"
        )
        raise ValueError(msg)
    separation = _check_finite(separation, name="separation")
    spread = _check_spread(spread)
    prevalence = check_share(prevalence, name="prevalence")
    positive = ndtr((suspicion - separation) / spread)
    rank = (1.0 - prevalence) * ndtr(suspicion) + prevalence * positive
    tenths = np.minimum(10.0 * rank, np.nextafter(10.0, 0.0))
    number = np.floor(tenths).astype(np.intp)  # class 1 is number 0
    step = np.floor(_CLASS_STEPS[number] * (tenths - number))
    return np.asarray((_CLASS_START[number] + step) / 100.0, dtype=np.float64)
