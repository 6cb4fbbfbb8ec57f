"""The test of two AUCs on different cases."""

from __future__ import annotations

from numpy.typing import ArrayLike

from toolkit.results import Better, Comparison
from toolkit.stats._auc_difference import unpaired_difference
from toolkit.stats._case_sample import check_sample, design_in_words
from toolkit.stats._checks import check_rating
from toolkit.stats._delong import Spread, curve_spread


def delong_test_unpaired(  # noqa: PLR0913 - two data sets, else the choices of delong_test
    truth_a: ArrayLike,
    rating_a: ArrayLike,
    truth_b: ArrayLike,
    rating_b: ArrayLike,
    *,
    weight_a: ArrayLike | None = None,
    weight_b: ArrayLike | None = None,
    cluster_a: ArrayLike | None = None,
    cluster_b: ArrayLike | None = None,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better = "higher",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Compare the AUCs of ratings of different cases, as in two sites: b minus a.

    Parameters
    ----------
    truth_a, truth_b : array_like, shape (n_cases_a,), (n_cases_b,)
        1 diseased, 0 healthy.
    rating_a, rating_b : array_like, shape (n_cases_a,), (n_cases_b,)
        Higher is more suspicious.
    weight_a, weight_b, cluster_a, cluster_b
        As in ``auc_covariance``, of the cases of each set; no patient is in both.
    ci_level, margin, better, label_a, label_b
        As in ``delong_test``.

    Returns
    -------
    Comparison
        Wald on the difference with a t quantile. Where a variance is undefined, or both are 0,
        interval and tests are NaN and the note says why.

    Raises
    ------
    ValueError
        If an argument is malformed or a rating is NaN.

    Notes
    -----
    Null hypothesis of ``p_value``: the AUCs are equal. The two sets of cases are independent;
    for ratings of the same cases use ``delong_test``, which has far more power. Degrees of
    freedom as in pROC: V^2 / [Va^2 / (n_a - 1) + Vb^2 / (n_b - 1)], with n_a and n_b cases
    (patients, with clusters) in all (Welch and Satterthwaite). The limits stay within -1 and 1.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837-845. doi:10.2307/2531595

    Robin X et al. BMC Bioinformatics 2011;12:77. doi:10.1186/1471-2105-12-77

    Examples
    --------
    >>> truth_a, rating_a = [0, 0, 0, 1, 1], [1, 2, 4, 3, 5]
    >>> truth_b, rating_b = [0, 0, 1, 1, 1, 1], [1, 3, 2, 3, 4, 5]
    >>> result = delong_test_unpaired(truth_a, rating_a, truth_b, rating_b)
    >>> round(result.estimate, 4), round(result.df, 2)
    (-0.0208, 8.75)
    """
    a = _one_set(truth_a, rating_a, weight=weight_a, cluster=cluster_a, suffix="_a")
    b = _one_set(truth_b, rating_b, weight=weight_b, cluster=cluster_b, suffix="_b")
    words = design_in_words(
        weight=weight_b if weight_a is None else weight_a,
        cluster=cluster_b if cluster_a is None else cluster_a,
    )
    difference = unpaired_difference(a, b, method=f"unpaired DeLong test of two AUCs{words}")
    return difference.comparison(
        ci_level=ci_level, margin=margin, better=better, label_a=label_a, label_b=label_b
    )


def _one_set(
    truth: ArrayLike,
    rating: ArrayLike,
    *,
    weight: ArrayLike | None,
    cluster: ArrayLike | None,
    suffix: str,
) -> Spread:
    """Return the AUC of one of two unpaired sets with its variance."""
    sample = check_sample(truth, weight=weight, cluster=cluster, suffix=suffix)
    numbers = check_rating(rating, n_cases=sample.n_given, name=f"rating{suffix}")
    return curve_spread(sample, sample.take(numbers))
