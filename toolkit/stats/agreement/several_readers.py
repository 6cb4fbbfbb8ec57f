"""How far several readers agree beyond chance: Fleiss, Conger, Gwet's AC1 and AC2, Krippendorff.

Ratings have shape (n_cases, n_readers). The readers are taken as they are, the cases as a sample:
intervals say what other cases would give with these readers, not what other readers would. All
errors come from influence values, so two coefficients of the same cases can be compared:
``toolkit.stats.agreement.inference``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Estimate
from toolkit.stats._checks import check_cluster, chosen
from toolkit.stats.agreement.two_readers import (
    MISSING,
    WeightTable,
    agreement_estimate,
    category_codes,
    check_categories,
    check_weights,
    no_chance_left,
    standard_error,
)
from toolkit.stats.proportions.clustered import total_covariance

ReaderMethod = Literal["fleiss_kappa", "conger_kappa", "gwet_ac", "krippendorff_alpha"]


def multi_reader_agreement(
    ratings: ArrayLike,
    *,
    categories: Sequence[object],
    method: ReaderMethod = "fleiss_kappa",
    weights: str | ArrayLike = "identity",
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate how far several readers agree beyond chance, by default by Fleiss' kappa.

    Parameters
    ----------
    ratings : array_like, shape (n_cases, n_readers)
        Category that each reader chose, text or numbers; NaN or None is not read. Which reader
        stands in which column does not matter, and need not be the same for all cases, but for
        Conger's kappa: there a column is a reader, and every reader read every case.
    categories : sequence
        All categories in their order, also those that were never chosen.
    method : {"fleiss_kappa", "conger_kappa", "gwet_ac", "krippendorff_alpha"}
        What agreement by chance is, see Notes.
    weights : {"identity", "linear", "quadratic", "ordinal"} or array_like
        As in ``toolkit.stats.agreement.two_reader_agreement``. For Krippendorff's alpha
        ``"identity"`` is his nominal metric, ``"quadratic"`` his interval metric for equally
        spaced categories, and ``"rank"``, of alpha alone, his ordinal metric, in which two
        categories are as far apart as readings lie between them. ``"ordinal"`` is Gwet's, fixed by
        the number of categories; software differs in which of the two it calls ordinal.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case, where cases are breasts or repeated examinations.
    ci_level : float
        Confidence level, two-sided.
    label : str
        Who was compared.

    Returns
    -------
    Estimate
        1 is full agreement, 0 agreement by chance. NaN with a note where no case was read twice or,
        but for Gwet's, all readings are of one category. No interval, with a note, where all
        readers always agree. ``n_cases`` counts the cases that any reader read, by Krippendorff's
        alpha those that two read.

    Raises
    ------
    ValueError
        If there are fewer than two readers, a rating is not a category, a reading is missing for
        Conger's kappa, or an argument is wrong.

    Notes
    -----
    ====================== =====================================================================
    ``fleiss_kappa``       The default [1]_: two readings drawn at random from the mean shares of
                           categories. A case that one reader alone read counts in the shares
                           only.
    ``conger_kappa``       Cohen's kappa for several readers [2]_: the mean agreement of two
                           different readers who keep their own shares of categories. For two
                           readers the value is Cohen's, the error that of Fleiss, Cohen and
                           Everitt times sqrt(n / (n - 1)).
    ``gwet_ac``            AC1, or AC2 with weights [3]_: little affected by prevalence, raised by
                           categories that were never chosen. AC2 of readers who disagree widely
                           can fall below -1.
    ``krippendorff_alpha`` As Fleiss' kappa, but readings weigh alike, not cases, and chance pairs
                           are drawn without replacement, which matters in small samples
                           only [4]_ [5]_. Cases that fewer than two readers read do not count at
                           all. The error is linearised, not bootstrapped; like irrCAC's from
                           raw readings it leaves out the factor 1 - 1 / readings of alpha.
    ====================== =====================================================================

    The quantile is that of t with n_cases - 1 (patients - 1) degrees of freedom. Readings must be
    missing for reasons that have nothing to do with the case. Like Cohen's, the kappas depend on
    how common the categories are.

    References
    ----------
    .. [1] Fleiss JL. Psychol Bull 1971;76:378-382. doi:10.1037/h0031619
    .. [2] Conger AJ. Psychol Bull 1980;88:322-328. doi:10.1037/0033-2909.88.2.322
    .. [3] Gwet KL. Br J Math Stat Psychol 2008;61:29-48. doi:10.1348/000711006X126600
    .. [4] Krippendorff K. Educ Psychol Meas 1970;30:61-70. doi:10.1177/001316447003000105
    .. [5] Hayes AF, Krippendorff K. Commun Methods Meas 2007;1:77-89.
       doi:10.1080/19312450709336664

    Examples
    --------
    >>> ratings = [[1, 1, 2], [2, 2, 2], [1, 1, 1], [2, 1, 2], [2, 2, 2], [1, 1, None]]
    >>> kappa = multi_reader_agreement(ratings, categories=[1, 2])
    >>> f"{kappa.estimate:.3f} ({kappa.ci_low:.3f}, {kappa.ci_high:.3f})"
    '0.556 (-0.167, 1.000)'
    >>> for method in ("gwet_ac", "krippendorff_alpha"):
    ...     value = multi_reader_agreement(ratings, categories=[1, 2], method=method)
    ...     print(f"{value.estimate:.3f}")
    0.556
    0.556
    >>> complete = [*ratings[:5], [1, 1, 1]]
    >>> kappa = multi_reader_agreement(complete, categories=[1, 2], method="conger_kappa")
    >>> f"{kappa.estimate:.3f}"
    '0.571'
    """
    coefficient = chosen(method, METHODS)
    rank = method == "krippendorff_alpha" and isinstance(weights, str) and weights == "rank"
    codes, weight = checked_ratings(ratings, categories, "identity" if rank else weights)
    if method == "conger_kappa":
        require_complete(codes, "conger_kappa")
    if method == "gwet_ac":
        weight = replace(weight, lowest=weight.lowest_ac)
    found = _krippendorff(codes, weight, rank=True) if rank else coefficient(codes, weight)
    unit, n_clusters = independent_units(found.used, len(codes), cluster)
    return agreement_estimate(
        found.value,
        error_of_sum(found.contribution, found.used, unit),
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


_Expected = Callable[[FloatArray, WeightTable], tuple[float, FloatArray]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Coefficient:
    """A coefficient of agreement; ``contribution`` has shape (n_cases,), 0 where not read."""

    quantity: str
    method: str
    value: float
    contribution: FloatArray
    used: IndexArray  # the cases that count, as positions
    undefined: str = ""


def _fleiss(codes: IndexArray, weight: WeightTable) -> Coefficient:
    """Return Fleiss' kappa, generalised to weights and to readings that are missing."""
    return _from_shares(codes, weight, "fleiss_kappa", "Fleiss' kappa", _joint_chance)


def _gwet(codes: IndexArray, weight: WeightTable) -> Coefficient:
    """Return Gwet's AC1, or AC2 where there are weights."""
    name, quantity = weight.gwet
    return _from_shares(codes, weight, quantity, name, _random_chance)


def _conger(codes: IndexArray, weight: WeightTable) -> Coefficient:
    """Return Conger's kappa: chance is agreement of two different readers' own shares."""
    counts = _reader_counts(codes, weight)
    n_cases, n_readers = codes.shape
    pairs = n_readers * (n_readers - 1)
    share = np.stack([_share_of(column, weight) for column in codes.T])
    # How far a category agrees, on average, with what the other readers say of other cases.
    others = (share.sum(axis=0) - share) @ weight.matrix
    expected = float((share * others).sum()) / pairs
    by_case = np.take_along_axis(others, codes.T, axis=1).sum(axis=0) / pairs
    everyone = np.ones(n_cases, dtype=bool)
    observed, observed_part = _mean_of(_pair_agreement(counts, weight), everyone)
    expected_part = 2 * (by_case - expected) / max(n_cases, 1)
    parts = (observed, observed_part, expected, expected_part)
    return _chance_corrected(*parts, "conger_kappa", weight.method("Conger's kappa"), counts)


def _krippendorff(codes: IndexArray, weight: WeightTable, *, rank: bool = False) -> Coefficient:
    """Return Krippendorff's alpha; cases that one reader alone read do not count.

    ``rank`` takes Krippendorff's ordinal metric, the squared distance of the midranks of two
    categories among all readings, in place of the weights.
    """
    counts = _reader_counts(codes, weight)
    n_read = counts.sum(axis=1)
    counts = np.where((n_read >= 2)[:, None], counts, 0.0)
    n_read = counts.sum(axis=1)
    total = max(float(n_read.sum()), 1.0)
    # Shares of readings, not means over cases: each is a ratio of totals over cases.
    share = counts.sum(axis=0) / total
    share_part = (counts - share * n_read[:, None]) / total
    scaled = counts / np.maximum(n_read - 1, 1.0)[:, None]
    together = (counts.T @ scaled - np.diag(scaled.sum(axis=0))) / total  # coincidences
    below = np.tri(share.size, k=-1) + np.eye(share.size) / 2
    midrank = below @ share
    matrix = 1 - (midrank[:, None] - midrank) ** 2 if rank else weight.matrix
    observed = float((matrix * together).sum())
    agreeing = ((scaled @ matrix) * counts).sum(axis=1) - scaled.sum(axis=1)
    observed_part = (agreeing - observed * n_read) / total
    expected = float(share @ matrix @ share)
    expected_part = 2 * share_part @ (matrix @ share)
    if rank:  # the distances move with the shares
        shift = share_part @ below.T
        observed_part = observed_part - 4 * shift @ _pull(together, midrank)
        expected_part = expected_part - 4 * shift @ _pull(np.outer(share, share), midrank)
    name = f"Krippendorff's alpha, {'rank' if rank else weight.name} weights"
    method = name if rank or not weight.plain else "Krippendorff's alpha"
    parts = (observed, observed_part, expected, expected_part)
    plain = _chance_corrected(*parts, "krippendorff_alpha", method, counts)
    # Chance pairs are drawn without replacement from the readings at hand (Krippendorff 1970);
    # contributions are those of the plain coefficient, larger by the factor that this takes off.
    return replace(plain, value=1 - (1 - 1 / total) * (1 - plain.value))


METHODS: dict[str, Callable[[IndexArray, WeightTable], Coefficient]] = {
    "fleiss_kappa": _fleiss,
    "conger_kappa": _conger,
    "gwet_ac": _gwet,
    "krippendorff_alpha": _krippendorff,
}


def _pull(together: FloatArray, midrank: FloatArray) -> FloatArray:
    """Return a quarter of the gradient by midrank of the mean squared distance of midranks."""
    return np.asarray(together.sum(axis=1) * midrank - together @ midrank, dtype=np.float64)


def _from_shares(
    codes: IndexArray, weight: WeightTable, quantity: str, name: str, chance: _Expected
) -> Coefficient:
    """Return a coefficient whose expected agreement follows from the mean shares of cases."""
    counts = _reader_counts(codes, weight)
    n_read = counts.sum(axis=1)
    of_case = counts / np.maximum(n_read, 1.0)[:, None]
    read = n_read >= 1
    share = of_case[read].mean(axis=0) if read.any() else np.full(counts.shape[1], math.nan)
    expected, gradient = chance(share, weight)
    expected_part = np.where(read, (of_case - share) @ gradient, 0.0) / max(read.sum(), 1)
    observed, observed_part = _mean_of(_pair_agreement(counts, weight), n_read >= 2)
    parts = (observed, observed_part, expected, expected_part)
    return _chance_corrected(*parts, quantity, weight.method(name), counts)


def _joint_chance(share: FloatArray, weight: WeightTable) -> tuple[float, FloatArray]:
    """Return agreement of two random readings (Fleiss 1971), and its gradient by share."""
    reach = weight.matrix @ share
    return float(share @ reach), 2 * reach


def _random_chance(share: FloatArray, weight: WeightTable) -> tuple[float, FloatArray]:
    """Return agreement of random choices (Gwet 2008), and its gradient by share."""
    q = share.size
    scale = float(weight.matrix.sum()) / (q * (q - 1))
    return scale * float(share @ (1 - share)), -2 * scale * share


def _chance_corrected(
    observed: float,
    observed_part: FloatArray,
    expected: float,
    expected_part: FloatArray,
    quantity: str,
    method: str,
    counts: FloatArray,
) -> Coefficient:
    """Return (observed - expected) / (1 - expected) with what each case contributes."""
    undefined = ""
    if math.isnan(observed) or not (counts.sum(axis=1) >= 2).any():
        undefined = f"{quantity} is not defined: no case was read by two readers"
    elif no_chance_left(expected):
        undefined = f"{quantity} is not defined: one category only, so expected agreement is 1"
    left = math.nan if undefined else 1 - expected
    value = (observed - expected) / left
    return Coefficient(
        quantity=quantity,
        method=method,
        value=value,
        contribution=(observed_part - (1 - value) * expected_part) / left,
        used=np.flatnonzero(counts.sum(axis=1) >= 1),
        undefined=undefined,
    )


def _reader_counts(codes: IndexArray, weight: WeightTable) -> FloatArray:
    """Return how many readers put each case into each category, (n_cases, n_categories)."""
    counts = np.zeros((codes.shape[0], weight.matrix.shape[0]))
    for column in codes.T:
        read = np.flatnonzero(column != MISSING)
        counts[read, column[read]] += 1
    return counts


def _share_of(column: IndexArray, weight: WeightTable) -> FloatArray:
    """Return the shares of categories of one reader who read all cases."""
    return np.bincount(column, minlength=weight.matrix.shape[0]) / max(column.size, 1)


def _pair_agreement(counts: FloatArray, weight: WeightTable) -> FloatArray:
    """Return the mean agreement of pairs of readers of each case; 0 where there is no pair."""
    n_read = counts.sum(axis=1)
    agreeing = ((counts @ weight.matrix) * counts).sum(axis=1) - n_read
    return np.asarray(agreeing / np.maximum(n_read * (n_read - 1), 1.0), dtype=np.float64)


def _mean_of(values: FloatArray, member: BoolArray) -> tuple[float, FloatArray]:
    """Return the mean of the members' values and what each case contributes to it."""
    n_members = int(member.sum())
    if not n_members:
        return math.nan, np.zeros_like(values)
    mean = float(values[member].mean())
    return mean, np.where(member, values - mean, 0.0) / n_members


def checked_ratings(
    ratings: ArrayLike,
    categories: Sequence[object],
    weights: str | ArrayLike,
    *,
    name: str = "ratings",
) -> tuple[IndexArray, WeightTable]:
    """Return ratings as places of categories, -1 where not read, and the weights."""
    names = check_categories(categories)
    codes = category_codes(
        ratings, name=name, categories=names, axes=("n_readers",), missing_allowed=True
    )
    if codes.shape[1] < 2:
        msg = f"{name} must have two readers or more, but got shape {codes.shape}"
        raise ValueError(msg)
    return codes, check_weights(weights, len(names))


def require_complete(codes: IndexArray, caller: str, *, name: str = "ratings") -> None:
    """Refuse readings that are missing."""
    if (codes == MISSING).any():
        case, reader = np.argwhere(codes == MISSING)[0]
        msg = (
            f"{caller} needs every reader's reading of every case, but {name} is missing at "
            f"position ({case}, {reader}); leave such cases out in view, or use fleiss_kappa, "
            "gwet_ac or krippendorff_alpha"
        )
        raise ValueError(msg)


def independent_units(
    used: IndexArray, n_cases: int, cluster: ArrayLike | None
) -> tuple[IndexArray, int]:
    """Return the independent unit of each case and how many of them have a used case."""
    own = np.arange(n_cases, dtype=np.intp)
    unit = own if cluster is None else check_cluster(cluster, n_cases=n_cases)
    return unit, int(np.unique(unit[used]).size)


def error_of_sum(contribution: FloatArray, used: IndexArray, unit: IndexArray) -> float:
    """Return the standard error of a sum of contributions of independent units."""
    if not used.size or np.isnan(contribution).any():
        return math.nan
    return standard_error(float(total_covariance(contribution[used, None], unit[used])[0, 0]))
