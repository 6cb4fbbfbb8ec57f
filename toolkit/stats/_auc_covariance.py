"""The covariance of the AUCs of several curves on the same cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Result
from toolkit.stats._case_sample import check_sample
from toolkit.stats._checks import check_ratings
from toolkit.stats._delong import covariance_parts, too_few
from toolkit.stats._placements import case_placements


@dataclass(frozen=True, kw_only=True, eq=False)
class AucCovariance(Result):
    """Empirical AUCs of several curves on the same cases with DeLong's covariance.

    Parameters
    ----------
    aucs : ndarray, shape (n_curves,)
        Empirical AUCs.
    covariance : ndarray, shape (n_curves, n_curves)
        DeLong's covariance, the sum of the next three.
    covariance_positive : ndarray, shape (n_curves, n_curves)
        What the positive cases contribute: S10 / n_positive.
    covariance_negative : ndarray, shape (n_curves, n_curves)
        What the negative cases contribute: S01 / n_negative.
    n_positive, n_negative : int
        Cases of each class.
    covariance_cross : ndarray or None, shape (n_curves, n_curves)
        What positive and negative cases of the same patients share:
        (S11 + S11^T) / (n_positive n_negative); None without clusters.
    n_clusters : int or None
        Patients; None without clusters.
    """

    aucs: FloatArray
    covariance: FloatArray
    covariance_positive: FloatArray
    covariance_negative: FloatArray
    n_positive: int
    n_negative: int
    covariance_cross: FloatArray | None = None
    n_clusters: int | None = None

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a curve: its AUC and its standard error."""
        return _AucRows(
            quantity="auc",
            unit="probability",
            estimate=self.aucs,
            std_error=np.sqrt(np.diagonal(self.covariance)),
            n_cases=self.n_positive + self.n_negative,
            n_positive=self.n_positive,
            n_clusters=self.n_clusters,
            method=self.method,
            note=self.note,
        ).summary_frame()

    def _shown(self) -> dict[str, Any]:
        """Replace the arrays by their length."""
        return {
            "method": self.method,
            "note": self.note,
            "curves": self.aucs.size,
            "positive": self.n_positive,
            "negative": self.n_negative,
            "clusters": self.n_clusters,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class _AucRows(Result):
    """The curves of an AucCovariance in the columns of the glossary."""

    quantity: str
    unit: str
    estimate: FloatArray
    std_error: FloatArray
    n_cases: int
    n_positive: int
    n_clusters: int | None


def auc_covariance(
    truth: ArrayLike,
    ratings: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
) -> AucCovariance:
    """Estimate the AUCs of several curves on the same cases and their covariance.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_curves)
        Higher is more suspicious; each curve rates every case.
    weight : array_like, shape (n_cases,), optional
        Cases of the population that each case stands for (inverse inclusion probability); all
        alike if not given. A case of weight 0 counts as not there.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case, where patients have several cases; each case its own if not given.

    Returns
    -------
    AucCovariance
        With cases of a class from one patient alone the covariance is NaN, without a case of a
        class the AUCs are too, and the note says so.

    Raises
    ------
    ValueError
        If an argument is malformed or a rating is NaN: curves on different cases have another
        covariance.

    Notes
    -----
    O(n log n) a curve. A curve that separates the classes perfectly has variance 0, which is not
    certainty. Cases (patients) are random, curves are fixed.

    With weights, placements, AUC and mean are weighted, and the variance is the sum over both
    classes of sum(w^2 (placement - AUC)^2) / (sum w)^2 m / (m - 1), with m cases of the class:
    weights that are constant in a class change nothing. These are sampling weights. How often a
    rating occurs is a count (``delong_ci_from_counts``), and how sure a rating is has no place.

    With clusters the covariance is S10 / m + S01 / n + (S11 + S11^T) / (m n) from the sums of
    placements of each patient (Obuchowski), where S10 has the factor I10 / (I10 - 1) for I10
    patients with a positive case, S01 the same for those with a negative one, and S11 the factor
    I / (I - 1) for all I patients. With one case a patient it is DeLong's. Weights and clusters
    together: the sums of each patient are those of w (placement - AUC) / (sum w).

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845. doi:10.2307/2531595

    Obuchowski NA. Biometrics 1997;53:567-578. doi:10.2307/2533958

    Examples
    --------
    >>> result = auc_covariance([0, 0, 0, 1, 1], [[1, 3], [2, 1], [4, 2], [3, 2], [5, 4]])
    >>> result.aucs.round(4).tolist(), result.covariance.round(4).tolist()
    ([0.8333, 0.75], [[0.0556, 0.0417], [0.0417, 0.0833]])
    """
    sample = check_sample(truth, weight=weight, cluster=cluster)
    numbers = sample.take(check_ratings(ratings, n_cases=sample.n_given))
    placements = case_placements(sample.diseased, numbers, sample.weight)
    parts = covariance_parts(placements.positive, placements.negative, placements.aucs, sample)
    size = sample.size
    return AucCovariance(
        aucs=placements.aucs,
        covariance=parts.total,
        covariance_positive=parts.positive,
        covariance_negative=parts.negative,
        covariance_cross=parts.cross,
        n_positive=size.n_positive,
        n_negative=size.n_negative,
        n_clusters=size.n_clusters,
        method=f"empirical AUC, DeLong covariance{sample.in_words}",
        note=too_few(size),
    )
