"""How far several readers agree beyond chance: Fleiss, Conger, Gwet's AC1 and AC2, Krippendorff.

Ratings have shape (n_cases, n_readers). The readers are taken as they are, the cases as a sample:
intervals say what other cases would give with these readers, not what other readers would. All
errors come from influence values, so two coefficients of the same cases can be compared:
``toolkit.stats.agreement_difference``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from numpy.typing import ArrayLike

from toolkit.arrays import IndexArray
from toolkit.results import Estimate
from toolkit.stats import _agreement_multirater as engine
from toolkit.stats._agreement import MISSING, WeightTable, agreement_estimate


def fleiss_kappa(
    ratings: ArrayLike,
    *,
    categories: Sequence[object],
    weights: str | ArrayLike = "identity",
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate Fleiss' kappa: agreement of several readers beyond that of their joint habits.

    Parameters
    ----------
    ratings : array_like, shape (n_cases, n_readers)
        Category that each reader chose, text or numbers; NaN or None is not read. Which reader
        stands in which column does not matter, and need not be the same for all cases.
    categories : sequence
        All categories in their order, also those that were never chosen.
    weights : {"identity", "linear", "quadratic", "ordinal"} or array_like
        As in ``toolkit.stats.agreement.cohen_kappa``.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case, where cases are breasts or repeated examinations.
    ci_level : float
        Confidence level, two-sided.
    label : str
        Who was compared.

    Returns
    -------
    Estimate
        1 is full agreement, 0 agreement by chance. NaN with a note where all readings are of one
        category or no case was read twice. No interval, with a note, where all readers always
        agree. ``n_cases`` counts the cases that any reader read.

    Raises
    ------
    ValueError
        If there are fewer than two readers, a rating is not a category, or an argument is wrong.

    Notes
    -----
    Chance is the agreement of two readings drawn at random from the mean shares of categories.
    The quantile is that of t with n_cases - 1 (patients - 1) degrees of freedom. A case that one
    reader alone read counts in the shares only; readings must be missing for reasons that have
    nothing to do with the case. Like Cohen's kappa it depends on how common the categories are.

    References
    ----------
    Fleiss JL. Psychol Bull 1971;76:378-382. doi:10.1037/h0031619

    Gwet KL. Br J Math Stat Psychol 2008;61:29-48. doi:10.1348/000711006X126600

    Examples
    --------
    >>> ratings = [[1, 1, 2], [2, 2, 2], [1, 1, 1], [2, 1, 2], [2, 2, 2], [1, 1, None]]
    >>> kappa = fleiss_kappa(ratings, categories=[1, 2])
    >>> f"{kappa.estimate:.3f} ({kappa.ci_low:.3f}, {kappa.ci_high:.3f})"
    '0.556 (-0.167, 1.000)'
    """
    codes, weight = engine.checked_ratings(ratings, categories, weights)
    return _estimate(engine.fleiss(codes, weight), codes, weight, cluster, ci_level, label)


def conger_kappa(
    ratings: ArrayLike,
    *,
    categories: Sequence[object],
    weights: str | ArrayLike = "identity",
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate Conger's kappa: agreement of several readers beyond that of each one's own habits.

    Parameters
    ----------
    ratings : array_like, shape (n_cases, n_readers)
        Category that each reader chose; a column is a reader, and every reader read every case.
    categories, weights, cluster, ci_level, label
        As in ``fleiss_kappa``.

    Returns
    -------
    Estimate
        As from ``fleiss_kappa``.

    Raises
    ------
    ValueError
        As ``fleiss_kappa``, and if a reading is missing.

    Notes
    -----
    Cohen's kappa for several readers: chance is the mean agreement of two different readers who
    keep their own shares of categories. For two readers the value is Cohen's, the error that of
    Fleiss, Cohen and Everitt times sqrt(n / (n - 1)).

    References
    ----------
    Conger AJ. Psychol Bull 1980;88:322-328. doi:10.1037/0033-2909.88.2.322

    Examples
    --------
    >>> ratings = [[1, 1, 2], [2, 2, 2], [1, 1, 1], [2, 1, 2], [2, 2, 2], [1, 1, 1]]
    >>> f"{conger_kappa(ratings, categories=[1, 2]).estimate:.3f}"
    '0.571'
    """
    codes, weight = engine.checked_ratings(ratings, categories, weights)
    engine.require_complete(codes, "conger_kappa")
    return _estimate(engine.conger(codes, weight), codes, weight, cluster, ci_level, label)


def gwet_ac_multirater(
    ratings: ArrayLike,
    *,
    categories: Sequence[object],
    weights: str | ArrayLike = "identity",
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate Gwet's AC1 of several readers, or AC2 with weights: agreement beyond random choice.

    Parameters
    ----------
    ratings, categories, weights, cluster, ci_level, label
        As in ``fleiss_kappa``.

    Returns
    -------
    Estimate
        As from ``fleiss_kappa``, but defined also where only one category was used. AC2 of readers
        who disagree widely can fall below -1.

    Raises
    ------
    ValueError
        As ``fleiss_kappa``.

    Notes
    -----
    As ``toolkit.stats.agreement.gwet_ac``: little affected by prevalence, raised by categories
    that were never chosen.

    References
    ----------
    Gwet KL. Br J Math Stat Psychol 2008;61:29-48. doi:10.1348/000711006X126600

    Examples
    --------
    >>> ratings = [[1, 1, 2], [2, 2, 2], [1, 1, 1], [2, 1, 2], [2, 2, 2], [1, 1, None]]
    >>> f"{gwet_ac_multirater(ratings, categories=[1, 2]).estimate:.3f}"
    '0.556'
    """
    codes, weight = engine.checked_ratings(ratings, categories, weights)
    weight = replace(weight, lowest=weight.lowest_ac)
    return _estimate(engine.gwet(codes, weight), codes, weight, cluster, ci_level, label)


def krippendorff_alpha(
    ratings: ArrayLike,
    *,
    categories: Sequence[object],
    weights: str | ArrayLike = "identity",
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate Krippendorff's alpha of several readers, with readings missing.

    Parameters
    ----------
    ratings, categories, cluster, ci_level, label
        As in ``fleiss_kappa``.
    weights : {"identity", "linear", "quadratic", "ordinal", "rank"} or array_like
        ``"identity"`` is Krippendorff's nominal metric, ``"quadratic"`` his interval metric for
        equally spaced categories, and ``"rank"`` his ordinal metric, in which two categories are
        as far apart as readings lie between them. ``"ordinal"`` is Gwet's, fixed by the number
        of categories; software differs in which of the two it calls ordinal.

    Returns
    -------
    Estimate
        As from ``fleiss_kappa``; cases that fewer than two readers read do not count at all.

    Raises
    ------
    ValueError
        As ``fleiss_kappa``.

    Notes
    -----
    As ``fleiss_kappa``, but readings weigh alike, not cases, and chance pairs are drawn without
    replacement, which matters in small samples only. The error is linearised, not bootstrapped.

    References
    ----------
    Krippendorff K. Educ Psychol Meas 1970;30:61-70. doi:10.1177/001316447003000105

    Hayes AF, Krippendorff K. Commun Methods Meas 2007;1:77-89. doi:10.1080/19312450709336664

    Examples
    --------
    >>> ratings = [[1, 1, 2], [2, 2, 2], [1, 1, 1], [2, 1, 2], [2, 2, 2], [1, 1, None]]
    >>> f"{krippendorff_alpha(ratings, categories=[1, 2]).estimate:.3f}"
    '0.556'
    """
    rank = isinstance(weights, str) and weights == "rank"
    codes, weight = engine.checked_ratings(ratings, categories, "identity" if rank else weights)
    found = engine.krippendorff(codes, weight, rank=rank)
    return _estimate(found, codes, weight, cluster, ci_level, label)


def _estimate(
    found: engine.Coefficient,
    codes: IndexArray,
    weight: WeightTable,
    cluster: ArrayLike | None,
    ci_level: float,
    label: str,
) -> Estimate:
    """Return a coefficient as an estimate with its interval."""
    unit, n_clusters = engine.independent_units(found.used, len(codes), cluster)
    return agreement_estimate(
        found.value,
        engine.error_of_sum(found.contribution, found.used, unit),
        df=n_clusters - 1,
        lowest=weight.lowest,
        ci_level=ci_level,
        notes=[found.undefined, _few_readings(codes)],
        quantity=found.quantity,
        method=found.method,
        label=label,
        n_cases=found.used.size,
        n_readers=codes.shape[1],
        n_clusters=None if cluster is None else n_clusters,
    )


def _few_readings(codes: IndexArray) -> str:
    """Return how many cases too few readers read for any agreement, or nothing."""
    few = int(((codes != MISSING).sum(axis=1) < 2).sum())
    return f"{few} of {len(codes)} cases were read by fewer than two readers" if few else ""
