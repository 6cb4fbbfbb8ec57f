"""Moments of readers' AUCs that hold for any number of readers, negative and positive cases.

With A and A' the AUCs of two modalities, a moment is the mean of psi psi' over pairs of a reader, a
positive and a negative case that share some of the three (``_moments`` has the kinds). From them
follow the variance of mean AUCs in a study of any size (Gallas 2006), and the components of
Obuchowski and Rockette (Hillis 2018), exactly: numbers of negative and positive cases may change
apart, where scaling by the total number of cases holds for one prevalence alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Result
from toolkit.stats._checks import check_count, check_ratings, check_truth
from toolkit.stats.mrmc._moments import (
    KINDS,
    NEGATIVE,
    POSITIVE,
    READER,
    PairMoments,
    components,
    exactly,
    kernel_sums,
)
from toolkit.stats.mrmc.study_components import StudyComponents

_OVER_CASES = [kind for kind in KINDS if not kind & READER]


@dataclass(frozen=True, kw_only=True, eq=False)
class AucMoments(Result):
    """Moments of the AUCs of modalities, over readers and cases.

    Parameters
    ----------
    auc : ndarray, shape (n_modalities,)
        Expected or estimated AUC of each modality.
    moments : ndarray, shape (n_modalities, n_modalities, 8)
        Of each pair of modalities, by what is shared: the sum of 1 for the reader, 2 for the
        positive and 4 for the negative case. The last is P(both right) of one reading in both.
    """

    auc: FloatArray
    moments: FloatArray

    def __post_init__(self) -> None:
        """Refuse moments of the wrong shape."""
        super().__post_init__()
        shape = (self.auc.size, self.auc.size, len(KINDS))
        if self.moments.shape != shape:
            msg = f"moments must have shape {shape}, but got {self.moments.shape}"
            raise ValueError(msg)

    @property
    def n_modalities(self) -> int:
        """Number of modalities."""
        return int(self.auc.size)

    def variance_components(self) -> FloatArray:
        """Return what each kind of sharing adds to the moment, shape of ``moments``.

        The components of Barrett, Clarkson and Kupinski: with J readers, m positive and n negative
        cases the covariance of two mean AUCs is the sum of those of reader / J, positive case / m,
        reader by positive case / (J m) and so on, but the first.
        """
        pairs = self.moments.reshape(-1, len(KINDS))
        return np.array([components(row) for row in pairs]).reshape(self.moments.shape)

    def covariance(self, n_readers: int, n_negative: int, n_positive: int) -> FloatArray:
        """Return the covariance of the mean AUCs of a crossed study, (n_modalities, n_modalities).

        The study has ``n_readers`` readers, ``n_negative`` and ``n_positive`` cases (Gallas 2006).
        """
        sizes = _sizes(n_readers, n_negative, n_positive)
        share = exactly(_shares(*sizes))
        spread: FloatArray = self.moments @ share - self.moments[..., 0]
        return spread

    def variance_of_difference(
        self, n_readers: int, n_negative: int, n_positive: int
    ) -> FloatArray:
        """Return the variances of the differences of mean AUCs, (n_modalities, n_modalities)."""
        covariance = self.covariance(n_readers, n_negative, n_positive)
        own = np.diag(covariance)
        variance: FloatArray = own[:, np.newaxis] + own - covariance - covariance.T
        return variance

    def components(self, n_negative: int, n_positive: int) -> StudyComponents:
        """Return the components of Obuchowski and Rockette with so many cases (Hillis 2018).

        Variances and covariances are averaged over modalities and pairs of them.

        Raises
        ------
        ValueError
            If there is one modality, or a number of cases is 0.
        """
        if self.n_modalities < 2:
            msg = "the components of a comparison need two modalities, but there is one"
            raise ValueError(msg)
        _, n_negative, n_positive = _sizes(1, n_negative, n_positive)
        cases = _shares(1, n_negative, n_positive)
        share = exactly(np.array([cases[kind] if kind in _OVER_CASES else 0.0 for kind in KINDS]))
        # Cases alone are drawn anew: within one reader, or between two.
        of_two = self.moments @ share - self.moments[..., 0]
        with_reader = [kind | READER for kind in _OVER_CASES]
        within = self.moments[..., with_reader] @ share[_OVER_CASES] - self.moments[..., READER]
        between_readers = self.moments[..., READER] - self.moments[..., 0]
        return StudyComponents(
            var_reader=_apart(between_readers),
            var_reader_modality=_same(between_readers) - _apart(between_readers),
            var_error=_same(within),
            cov1=_apart(within),
            cov2=_same(of_two),
            cov3=_apart(of_two),
            n_cases=n_negative + n_positive,
            n_positive=n_positive,
            method=f"{self.method}, at {n_negative} negative and {n_positive} positive cases",
            note=self.note,
        )


def estimated_moments(truth: ArrayLike, ratings: ArrayLike) -> AucMoments:
    """Estimate the moments of readers' AUCs without bias from a fully crossed pilot study.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_readers, n_modalities)
        Higher is more suspicious; none missing.

    Returns
    -------
    AucMoments
        U-statistics, so that differences of them, such as variances, may be below 0.

    Raises
    ------
    ValueError
        If an argument is malformed, or there are fewer than two readers, positive or negative
        cases.

    Notes
    -----
    At the pilot's own numbers of cases ``components`` gives those of ``obuchowski_rockette`` with
    the unbiased covariance. Not for cases that cluster in patients.

    References
    ----------
    Gallas BD. Acad Radiol 2006;13:353-362. doi:10.1016/j.acra.2005.11.030

    Hillis SL. Stat Med 2018;37:2067-2093. doi:10.1002/sim.7616

    Examples
    --------
    >>> from toolkit.stats.roe_metz import ROE_METZ_1997
    >>> from toolkit.stats.roe_metz_ratings import roe_metz_ratings
    >>> ratings = roe_metz_ratings(30, 30, 4, separation=1.5, rng=1,
    ...                            components=ROE_METZ_1997["HH", 1.5])
    >>> moments = estimated_moments(np.arange(60) >= 30, ratings)
    >>> larger = moments.components(n_negative=300, n_positive=60)
    >>> larger.n_cases, larger.var_error < moments.components(30, 30).var_error
    (360, True)
    """
    diseased = check_truth(truth)
    numbers = check_ratings(ratings, n_cases=diseased.size, axes=("n_readers", "n_modalities"))
    positive = int(diseased.sum())
    counts = {
        "readers": numbers.shape[1],
        "positive cases": positive,
        "negative cases": diseased.size - positive,
    }
    if small := [name for name, count in counts.items() if count < 2]:
        msg = f"moments need at least two {small[0]}, but got {counts[small[0]]}"
        raise ValueError(msg)
    psi, one = kernel_sums(diseased, numbers)
    n_modalities = numbers.shape[2]
    moments = np.empty((n_modalities, n_modalities, len(KINDS)))
    for a in range(n_modalities):
        for b in range(n_modalities):
            pair = PairMoments(products=psi.products(a, b), counts=one.products(a, b))
            moments[a, b] = pair.u_statistic()
    return AucMoments(
        auc=(psi.total / one.total).mean(axis=0),
        moments=moments,
        method="moments of a pilot study, U-statistics",
        note="estimated, so variances below 0 are possible",
    )


def _sizes(n_readers: int, n_negative: int, n_positive: int) -> tuple[int, int, int]:
    """Return the numbers of a study, each at least 1."""
    named = {"n_readers": n_readers, "n_negative": n_negative, "n_positive": n_positive}
    for name, value in named.items():
        if check_count(value, name=name) < 1:
            msg = f"{name} must be at least 1, but got {value!r}"
            raise ValueError(msg)
    return int(n_readers), int(n_negative), int(n_positive)


def _shares(n_readers: int, n_negative: int, n_positive: int) -> FloatArray:
    """Return the share of pairs of triples that share at least each kind, shape (8,)."""
    sizes = {READER: n_readers, POSITIVE: n_positive, NEGATIVE: n_negative}
    return np.array(
        [math.prod(1 / size for bit, size in sizes.items() if kind & bit) for kind in KINDS]
    )


def _same(values: FloatArray) -> float:
    """Return the mean over modalities of a table of pairs."""
    return float(np.diag(values).mean())


def _apart(values: FloatArray) -> float:
    """Return the mean over pairs of different modalities."""
    return float(np.mean([values[pair] for pair in combinations(range(len(values)), 2)]))
