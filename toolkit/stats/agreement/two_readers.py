"""How far two readers agree beyond chance: Cohen's kappa, Scott's pi, Gwet's AC1 and AC2.

All follow from the square table of what both readers said of the same cases, ``AgreementTable``,
with all categories in their order: what could be chosen counts, not only what was. Agreement is
not accuracy: two readers may agree and both be wrong. Report the share of cases on which they
agree beside every coefficient: ``toolkit.stats.agreement.shares``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray, IndexArray, IntArray
from toolkit.results import Estimate
from toolkit.stats._checks import (
    _check_shape,
    _is_missing,
    _position,
    check_ci_level,
    check_cluster,
    check_counts,
    check_numbers,
    chosen,
    refuse_mask,
)
from toolkit.stats._inference import quantile
from toolkit.stats.proportions.clustered import total_covariance

NAMED_WEIGHTS = ("identity", "linear", "quadratic", "ordinal")
MISSING = -1
NO_VARIATION = "nothing varies between independent cases, so no standard error and no interval"

# Perfect agreement leaves a standard error of 0 or of a few roundings.
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightTable:
    """Weights of agreement, shape (n_categories, n_categories), with their name in words."""

    matrix: FloatArray
    name: str
    lowest: float  # no kappa or alpha made with these weights lies below

    @property
    def plain(self) -> bool:
        """Whether only the same category counts as agreement."""
        return self.name == "identity"

    @property
    def lowest_ac(self) -> float:
        """The lowest value of Gwet's coefficient: AC2 of many categories can fall below -1."""
        return self.lowest if self.plain else -math.inf

    @property
    def gwet(self) -> tuple[str, str]:
        """Gwet's coefficient in words, and as a quantity."""
        name = "AC1" if self.plain else "AC2"
        return f"Gwet's {name}", f"gwet_{name.lower()}"

    def method(self, coefficient: str) -> str:
        """Return the coefficient and its weights in words."""
        return coefficient if self.plain else f"{coefficient}, {self.name} weights"


def check_categories(categories: Sequence[object]) -> tuple[object, ...]:
    """Return the categories in their order; refuse fewer than two, repeats and missing ones."""
    listed = np.array(categories, dtype=object)
    if listed.ndim != 1 or listed.size < 2:
        msg = (
            "categories must list two categories or more, in their order, but got "
            f"{categories!r}; list all that could be chosen, also those that never were"
        )
        raise ValueError(msg)
    names = tuple(listed.tolist())
    for place, name in enumerate(names):
        if _is_missing(name) or name in names[:place]:
            what = "is missing" if _is_missing(name) else f"repeats {name!r}"
            msg = f"categories must be different, but position {place} {what}; name each once"
            raise ValueError(msg)
    return names


def category_codes(
    ratings: ArrayLike,
    *,
    name: str,
    categories: tuple[object, ...],
    axes: Sequence[str] = (),
    missing_allowed: bool = False,
) -> IndexArray:
    """Return each rating as the place of its category, shape (n_cases, *axes); missing is -1.

    Text and numbers are taken; 4 and 4.0 are one category, 4 and "4" are not.
    """
    refuse_mask(ratings, name=name)
    # As objects: numpy would turn NaN in a list of text into the category "nan".
    array = ratings if isinstance(ratings, np.ndarray) else np.array(ratings, dtype=object)
    _check_shape(array, name=name, axes=axes, n_cases=None)
    place = {category: number for number, category in enumerate(categories)}
    items = array.ravel().tolist()
    codes = np.array([place.get(item, MISSING) for item in items], dtype=np.intp)
    for number in np.flatnonzero(codes == MISSING).tolist():
        known_missing = _is_missing(items[number])
        if known_missing and missing_allowed:
            continue
        here = np.zeros(array.shape, dtype=bool)
        here.flat[number] = True
        if not known_missing:
            msg = (
                f"{name} must hold only categories, but {_position(here)} holds "
                f"{items[number]!r}; the categories are {', '.join(map(repr, categories))}"
            )
            raise ValueError(msg)
        msg = (
            f"{name} must not be missing, but {_position(here)} is missing; "
            "leave such cases out in view and report how many"
        )
        raise ValueError(msg)
    return codes.reshape(array.shape)


def check_weights(weights: str | ArrayLike, n_categories: int) -> WeightTable:
    """Return named weights, or given ones: symmetric, 1 on the diagonal, from 0 to below 1 off it.

    With d steps between two categories of q, linear weights are 1 - d / (q - 1), quadratic ones
    1 - (d / (q - 1))^2 and ordinal ones 1 - d (d + 1) / (q (q - 1)) (Gwet 2014).
    """
    if isinstance(weights, str):
        return _named_weights(weights, n_categories)
    matrix = check_numbers(weights, name="weights").astype(np.float64)
    if matrix.shape != (n_categories, n_categories):
        msg = (
            f"weights must have shape ({n_categories}, {n_categories}), one row and column for "
            f"each category, but got {matrix.shape}"
        )
        raise ValueError(msg)
    off = ~np.eye(n_categories, dtype=bool)
    wrong = ~np.where(off, (matrix >= 0) & (matrix < 1) & (matrix == matrix.T), matrix == 1)
    if wrong.any():
        msg = (
            "weights must be symmetric, 1 on the diagonal and from 0 to below 1 elsewhere, but "
            f"{_position(wrong)} holds {float(matrix[wrong][0])!r}; give agreement, not distance"
        )
        raise ValueError(msg)
    return WeightTable(matrix=matrix, name="given", lowest=-math.inf)


def _named_weights(name: str, n_categories: int) -> WeightTable:
    """Return the weights of a name."""
    if name not in NAMED_WEIGHTS:
        known = ", ".join(repr(known) for known in NAMED_WEIGHTS)
        msg = f"weights must be one of {known} or a matrix, but got {name!r}"
        raise ValueError(msg)
    order = np.arange(n_categories)
    steps = np.abs(order[:, None] - order).astype(np.float64)
    q = n_categories
    matrix = {
        "identity": np.eye(q),
        "linear": 1 - steps / (q - 1),
        "quadratic": 1 - (steps / (q - 1)) ** 2,
        "ordinal": 1 - steps * (steps + 1) / (q * (q - 1)),
    }[name]
    return WeightTable(matrix=matrix, name=name, lowest=-1.0)


def no_chance_left(expected: float) -> bool:
    """Whether agreement expected by chance is 1, so that no coefficient is defined."""
    return bool(1 - expected <= _ROUNDING)


def standard_error(variance: float) -> float:
    """Return the square root of a variance; NaN where nothing varied but for rounding."""
    error = math.sqrt(max(variance, 0.0))
    return error if error > _ROUNDING else math.nan


def agreement_estimate(
    value: float,
    error: float,
    *,
    df: float,
    lowest: float,
    ci_level: float,
    notes: Sequence[str] = (),
    **fields: Any,
) -> Estimate:
    """Return a coefficient with the t interval of its standard error, kept within its range.

    ``error`` is NaN where there is none; the interval is then left out and the note says so.
    """
    reach = quantile(check_ci_level(ci_level), max(df, 1.0)) * error
    told = [note for note in notes if note]
    if math.isnan(error) and not math.isnan(value):
        told.append(NO_VARIATION)
    return Estimate(
        estimate=value,
        std_error=error,
        ci_low=max(value - reach, lowest) if reach == reach else math.nan,
        ci_high=min(value + reach, 1.0) if reach == reach else math.nan,
        ci_level=ci_level,
        ci_method="linearised, t",
        unit="index",
        note="; ".join(told),
        **fields,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class AgreementTable:
    """What two readers said of the same cases; made by the two functions below.

    Parameters
    ----------
    counts : ndarray of int, shape (n_categories, n_categories)
        Cases that reader a put into the category of the row and reader b into that of the column.
    categories : tuple
        The categories in their order.
    cell, cluster : ndarray of int, shape (n_cases,), optional
        Cell of the table and patient of each case, where cases cluster in patients.
    """

    counts: IntArray
    categories: tuple[object, ...]
    cell: IndexArray | None = None
    cluster: IndexArray | None = None

    @property
    def n_cases(self) -> int:
        """Cases that both readers read."""
        return int(self.counts.sum())

    @property
    def n_clusters(self) -> int | None:
        """Patients; None where cases do not cluster."""
        return None if self.cluster is None else int(np.unique(self.cluster).size)

    @property
    def share_a(self) -> FloatArray:
        """Share of the cases that reader a put into each category; NaN without a case."""
        return np.asarray(self.counts.sum(axis=1) / (self.n_cases or math.nan))

    @property
    def share_b(self) -> FloatArray:
        """Share of the cases that reader b put into each category; NaN without a case."""
        return np.asarray(self.counts.sum(axis=0) / (self.n_cases or math.nan))


def agreement_table(
    rating_a: ArrayLike,
    rating_b: ArrayLike,
    *,
    categories: Sequence[object],
    cluster: ArrayLike | None = None,
) -> AgreementTable:
    """Count what two readers said of the same cases.

    Parameters
    ----------
    rating_a, rating_b : array_like, shape (n_cases,)
        Category that each reader chose, text or numbers, the same case at the same place.
    categories : sequence
        All categories in their order, such as ``["1", "2", "3", "4A", "4B", "4C", "5"]``. Weights
        depend on their number and order; named weights take neighbours as one step apart.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case, where cases are breasts or repeated examinations.

    Raises
    ------
    ValueError
        If the lengths differ, a rating is missing or not a category, or categories repeat.

    Examples
    --------
    >>> agreement_table([1, 2, 2, 3], [1, 2, 3, 3], categories=[1, 2, 3]).counts.tolist()
    [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    """
    names = check_categories(categories)
    a = category_codes(rating_a, name="rating_a", categories=names)
    b = category_codes(rating_b, name="rating_b", categories=names)
    if a.size != b.size:
        msg = (
            f"rating_a and rating_b must have one length, but got {a.size} and {b.size}; "
            "join both by case first"
        )
        raise ValueError(msg)
    q = len(names)
    cell = a * q + b
    counts = np.bincount(cell, minlength=q * q).reshape(q, q)
    if cluster is None:
        return AgreementTable(counts=counts, categories=names)
    patient = check_cluster(cluster, n_cases=a.size)
    return AgreementTable(counts=counts, categories=names, cell=cell, cluster=patient)


def agreement_table_from_counts(
    counts: ArrayLike, *, categories: Sequence[object] | None = None
) -> AgreementTable:
    """Take the square table of two readers as it was counted, or published.

    Parameters
    ----------
    counts : array_like of int, shape (n_categories, n_categories)
        Row: category of reader a; column: category of reader b. Cases must be independent.
    categories : sequence, optional
        The categories in their order; 1, 2, ... if not given.

    Raises
    ------
    ValueError
        If the table is not square, holds no whole numbers, or does not fit the categories.

    Examples
    --------
    >>> agreement_table_from_counts([[40, 9], [6, 45]]).n_cases
    100
    """
    array = check_numbers(counts, name="counts")
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        msg = (
            "counts must have shape (n_categories, n_categories), but got "
            f"{array.shape}; give a row and a column also to a category that one reader never chose"
        )
        raise ValueError(msg)
    q = array.shape[0]
    names = check_categories(range(1, q + 1) if categories is None else categories)
    if len(names) != q:
        msg = f"categories must name the {q} rows of counts, but got {len(names)}"
        raise ValueError(msg)
    whole = check_counts(array.ravel(), name="counts").reshape(q, q)
    return AgreementTable(counts=whole, categories=names)


TwoReaderMethod = Literal["cohen_kappa", "scott_pi", "gwet_ac"]


def two_reader_agreement(
    table: AgreementTable,
    *,
    method: TwoReaderMethod = "cohen_kappa",
    weights: str | ArrayLike = "identity",
    ci_level: float = 0.95,
    label: str = "",
) -> Estimate:
    """Estimate how far two readers agree beyond chance, by default by Cohen's kappa.

    Parameters
    ----------
    table : AgreementTable
        What both readers said.
    method : {"cohen_kappa", "scott_pi", "gwet_ac"}
        What agreement by chance is, see Notes.
    weights : {"identity", "linear", "quadratic", "ordinal"} or array_like
        How much two categories agree: only if the same, less with the number of steps between
        them, with its square, or with the number of pairs of categories between them; or a
        symmetric matrix, 1 on the diagonal and from 0 to below 1 elsewhere. Fixed in advance:
        quadratic weights commonly give the largest value.
    ci_level : float
        Confidence level, two-sided.
    label : str
        Who was compared.

    Returns
    -------
    Estimate
        1 is full agreement, 0 agreement by chance. Kappa and pi are NaN with a note where both
        readers used one and the same category only. No interval, with a note, where all cases
        agree.

    Raises
    ------
    ValueError
        If the method, the weights or the level are wrong.

    Notes
    -----
    =============== ============================================================================
    ``cohen_kappa`` The default [1]_: what two readers with these shares of categories would
                    agree on if they read different women. Readers who differ in their shares
                    are forgiven, see ``bias_index``.
    ``scott_pi``    Both readers share one distribution, the mean of theirs [2]_, so that a
                    difference in how often they choose a category counts as disagreement. With
                    named weights never above kappa; for two readers it is Fleiss' kappa.
    ``gwet_ac``     Where one category dominates: AC1, or AC2 with weights [3]_. Chance agreement
                    is greatest where all categories are equally common, and falls to 0 where
                    one holds all cases, so that the coefficient stays near the share of
                    agreement when a category is rare. It grows with the number of categories,
                    also of those that were never chosen: give the same ones whenever values are
                    compared. Its values must not be judged by the bands of kappa. AC2 of
                    readers who disagree widely can fall below -1.
    =============== ============================================================================

    The standard error is that of Fleiss, Cohen and Everitt [4]_, the quantile that of t with
    n_cases - 1 degrees of freedom. Where cases cluster, the influence of each case is added up by
    patient and the degrees of freedom are patients - 1; with every case its own patient the error
    is then the plain one times sqrt(n / (n - 1)).

    Kappa depends on how common the categories are [5]_: near 0 or 100 % it is small however well
    readers agree, so do not compare kappas of populations with different prevalence, such as
    screening and an enriched reader study. With few cases, rare categories, or kappa near 1 the
    interval covers less often than its level: 95 % intervals of 100 cases held kappa 0.7 in 93 %
    of samples with two categories alike, in 91 % with one of 10 %, and 0.9 in 88 %.

    References
    ----------
    .. [1] Cohen J. Educ Psychol Meas 1960;20:37-46. doi:10.1177/001316446002000104
    .. [2] Scott WA. Public Opin Q 1955;19:321-325. doi:10.1086/266577
    .. [3] Gwet KL. Br J Math Stat Psychol 2008;61:29-48. doi:10.1348/000711006X126600
    .. [4] Fleiss JL, Cohen J, Everitt BS. Psychol Bull 1969;72:323-327. doi:10.1037/h0028106
    .. [5] Feinstein AR, Cicchetti DV. J Clin Epidemiol 1990;43:543-549.
       doi:10.1016/0895-4356(90)90158-L

    Examples
    --------
    >>> table = agreement_table_from_counts([[40, 9], [6, 45]])
    >>> for method in ("cohen_kappa", "scott_pi"):
    ...     value = two_reader_agreement(table, method=method)
    ...     print(f"{value.estimate:.3f} ({value.ci_low:.3f}, {value.ci_high:.3f})")
    0.700 (0.558, 0.841)
    0.699 (0.557, 0.841)
    >>> table = agreement_table_from_counts([[118, 5], [2, 0]])
    >>> ac1 = two_reader_agreement(table, method="gwet_ac")
    >>> f"{ac1.estimate:.3f} ({ac1.ci_low:.3f}, {ac1.ci_high:.3f})"
    '0.941 (0.895, 0.986)'
    """
    chance = chosen(method, _METHODS)
    weight = check_weights(weights, len(table.categories))
    expected, slope = chance(table, weight)
    title = {"cohen_kappa": "Cohen's kappa", "scott_pi": "Scott's pi"}.get(method, "")
    quantity: str = method
    if method == "gwet_ac":
        weight = replace(weight, lowest=weight.lowest_ac)
        title, quantity = weight.gwet
    return _coefficient(
        table, weight, expected, slope, weight.method(title), quantity, ci_level, label
    )


def chance_of_both(table: AgreementTable, weight: WeightTable) -> tuple[float, FloatArray]:
    """Return agreement of two readers who keep their own shares, and what each cell adds to it.

    The second, shape (n_categories, n_categories), has over the cases a mean of twice the first.
    """
    by_b, by_a = weight.matrix @ table.share_b, weight.matrix @ table.share_a
    return float(table.share_a @ by_b), by_b[:, None] + by_a[None, :]


def _chance_of_mean(table: AgreementTable, weight: WeightTable) -> tuple[float, FloatArray]:
    """Return agreement of two readings with the mean shares of both, and its parts."""
    share = (table.share_a + table.share_b) / 2
    reach = weight.matrix @ share
    return float(share @ reach), reach[:, None] + reach[None, :]


def _chance_at_random(table: AgreementTable, weight: WeightTable) -> tuple[float, FloatArray]:
    """Return agreement of random choices (Gwet 2008), and its parts."""
    q = len(table.categories)
    share = (table.share_a + table.share_b) / 2
    scale = float(weight.matrix.sum()) / (q * (q - 1))
    return scale * float(share @ (1 - share)), scale * (2 - share[:, None] - share[None, :])


_METHODS: dict[str, Callable[[AgreementTable, WeightTable], tuple[float, FloatArray]]] = {
    "cohen_kappa": chance_of_both,
    "scott_pi": _chance_of_mean,
    "gwet_ac": _chance_at_random,
}


def _coefficient(
    table: AgreementTable,
    weight: WeightTable,
    expected: float,
    slope: FloatArray,
    method: str,
    quantity: str,
    ci_level: float,
    label: str,
) -> Estimate:
    """Return a coefficient from its expected agreement.

    ``slope`` is what a case in a cell of the table adds to twice the expected agreement, whose
    mean over cases it therefore is.
    """
    n_cases, units = table.n_cases, table.n_clusters or table.n_cases
    value, error, note = math.nan, math.nan, ""
    if not n_cases:
        note = f"{quantity} is not defined: no cases"
    elif no_chance_left(expected):
        note = f"{quantity} is not defined: one category only, so expected agreement is 1"
    else:
        observed = float((weight.matrix * table.counts).sum()) / n_cases
        value = (observed - expected) / (1 - expected)
        # Delta method; the sum of squares is that of Fleiss, Cohen and Everitt (1969).
        shift = weight.matrix - observed - (1 - value) * (slope - 2 * expected)
        error = standard_error(_variance(table, shift / (1 - expected) / n_cases))
    return agreement_estimate(
        value,
        error,
        df=units - 1,
        lowest=weight.lowest,
        ci_level=ci_level,
        notes=[note],
        method=method,
        quantity=quantity,
        label=label,
        n_cases=n_cases,
        n_readers=2,
        n_clusters=table.n_clusters,
    )


def _variance(table: AgreementTable, contribution: FloatArray) -> float:
    """Return the variance of the sum of what cases contribute, by the cell that they are in."""
    if table.cell is None or table.cluster is None:
        return float((table.counts * contribution**2).sum())
    by_case = contribution.ravel()[table.cell][:, None]
    return float(total_covariance(by_case, table.cluster)[0, 0])
