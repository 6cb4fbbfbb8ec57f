"""The analysis of Gallas: an unbiased variance of mean AUCs for any pattern of readings.

Readers, positive and negative cases are random. Nothing is assumed of who read what, so this is
the analysis of incomplete, unbalanced and partly paired studies; where everything is crossed it
agrees with Obuchowski and Rockette's with the unbiased covariance but for degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray
from toolkit.results import joined
from toolkit.stats._checks import check_choice, check_ratings, check_truth
from toolkit.stats.auc.curve import RatingFom, auc
from toolkit.stats.mrmc.analysis import (
    HOLDS_FOR,
    ROUNDING,
    MeanScale,
    MrmcAnalysis,
    Variance,
    few_readers,
    mean_difference,
    mean_estimate,
    plan_of,
    positive_variance,
)
from toolkit.stats.mrmc.moments import (
    NEGATIVE,
    POSITIVE,
    READER,
    KernelSums,
    PairMoments,
    components,
    sums_of_figure,
)
from toolkit.stats.mrmc.table import FomTable

Weights = Literal["reader", "pair"]
Estimator = Literal["u_statistic", "mle"]
DfRule = Literal["exact", "floor"]

# Below this share of the MLE variance the unbiased one has collapsed, as it can with gaps.
_COLLAPSED = 0.1
_NAME = {"u_statistic": "U-statistic", "mle": "MLE (V-statistic)"}
_FACTORS = (READER, POSITIVE, NEGATIVE)
_NORMAL_FROM_DF = 50


def u_statistic_analysis(  # noqa: PLR0913 - data, six choices and two sets of names
    truth: ArrayLike,
    ratings: ArrayLike,
    *,
    fom: RatingFom = auc,
    estimator: Estimator | None = None,
    weights: Weights = "reader",
    df_rule: DfRule = "exact",
    ci_level: float = 0.95,
    margin: float | None = None,
    mean_scale: MeanScale = "logit",
    readers: tuple[str, ...] = (),
    modalities: tuple[str, ...] = (),
) -> MrmcAnalysis:
    """Compare mean AUCs, or shares, of modalities whatever readers read whatever cases.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    ratings : array_like, shape (n_cases, n_readers, n_modalities)
        Higher is more suspicious; NaN where a reader did not read a case in a modality.
    fom : RatingFom
        The empirical AUC, or a sensitivity or specificity at a threshold.
    estimator : {"u_statistic", "mle"}, optional
        Unbiased variance, or that of the empirical distribution, which is never negative and
        larger. If not given the unbiased one is taken, unless the variance of a difference is
        negative or below a tenth of the other: then all results are the other's and the note
        says so.
    weights : {"reader", "pair"}
        Whether each reader counts the same in a mean, or each pair of a positive and a negative
        case that was read (each case of a share), so that a reader of more cases counts more. The
        same where all read everything.
    df_rule : {"exact", "floor"}
        ``"floor"`` reproduces iMRMC: degrees of freedom are cut to whole numbers, and from 50 on
        the normal law is taken.
    ci_level, margin, mean_scale
        As for ``obuchowski_rockette``.
    readers, modalities : tuple of str
        Names along the axes; numbers from 1 if not given.

    Returns
    -------
    MrmcAnalysis
        Without components of Obuchowski and Rockette, which this method does not have.

    Raises
    ------
    ValueError
        If an argument is malformed, the moments of the figure of merit are not known, or nobody
        read what it needs in a modality.

    Notes
    -----
    Null hypothesis: the means of all readers like these are equal. With A the mean and M8 the
    mean of psi psi' over pairs of readings that share nothing, the variance is A^2 - M8 (Gallas
    and Brown 2008). Degrees of freedom V^2 / sum of a_f^2 / n_f^3 over readers, positive and
    negative cases, at least the smallest n_f (Obuchowski, Gallas and Hillis 2012): a_f is the
    component of the factor in the empirical distribution, n_f the effective number of its levels
    less 1. With gaps the unbiased variance can collapse to nearly 0. Not for cases that cluster
    in patients.

    References
    ----------
    Gallas BD. Acad Radiol 2006;13:353-362. doi:10.1016/j.acra.2005.11.030

    Gallas BD, Brown DG. Neural Netw 2008;21:387-397. doi:10.1016/j.neunet.2007.12.013

    Obuchowski NA, Gallas BD, Hillis SL. Acad Radiol 2012;19:1508-1517.
    doi:10.1016/j.acra.2012.09.012

    Examples
    --------
    >>> truth = [0, 0, 0, 1, 1, 1]
    >>> first = [[1, 1], [2, 3], [3, 2], [2, 4], [4, 3], [5, 5]]
    >>> second = [[1, 2], [2, 1], [4, 3], [3, 5], [5, 4], [4, 5]]
    >>> ratings = np.stack([first, second], axis=2)
    >>> difference = u_statistic_analysis(truth, ratings, estimator="mle").differences[0]
    >>> round(difference.estimate, 4), round(difference.std_error, 4)
    (0.0278, 0.0914)
    """
    diseased = check_truth(truth)
    numbers = check_ratings(
        ratings,
        n_cases=diseased.size,
        axes=("n_readers", "n_modalities"),
        missing_allowed=True,
    )
    return analysis_of(
        diseased,
        numbers,
        fom=fom,
        estimator=estimator,
        weights=weights,
        df_rule=df_rule,
        ci_level=ci_level,
        margin=margin,
        mean_scale=mean_scale,
        names=(readers, modalities),
    )


def analysis_of(  # noqa: PLR0913 - data, six choices and the names
    diseased: BoolArray,
    numbers: FloatArray,
    *,
    fom: RatingFom,
    estimator: Estimator | None = None,
    weights: Weights,
    df_rule: DfRule = "exact",
    ci_level: float,
    margin: float | None,
    mean_scale: MeanScale,
    names: tuple[tuple[str, ...], tuple[str, ...]],
) -> MrmcAnalysis:
    """Return the analysis of checked truth and ratings; ``names`` of readers and modalities."""
    check_choice(weights, name="weights", choices=("reader", "pair"))
    check_choice(df_rule, name="df_rule", choices=("exact", "floor"))
    if estimator is not None:
        check_choice(estimator, name="estimator", choices=("u_statistic", "mle"))
    psi, one = _weighted_sums(sums_of_figure(diseased, numbers, fom), weights)
    table = _table(diseased, numbers, (psi, one), *names, fom)
    moments = _moments(psi, one)
    chosen, reason = (estimator, "") if estimator else _chosen(moments, table.n_modalities)
    law = _Law(moments=moments, estimator=chosen, floor=df_rule == "floor")
    plan = plan_of(
        table, ci_level=ci_level, margin=margin, mean_scale=mean_scale, method=_NAME[chosen]
    )
    mean = psi.total.sum(axis=0) / one.total.sum(axis=0)
    means = tuple(
        mean_estimate(table, place, law.of_mean(place), plan, mean=float(mean[place]))
        for place in range(table.n_modalities)
    )
    return MrmcAnalysis(
        quantity=fom.__name__,
        design="incomplete" if np.isnan(numbers).any() else "fully crossed",
        random="readers and cases",
        mean_scale=plan.mean_scale,
        covariance_method=_NAME[chosen],
        modalities=means,
        differences=tuple(
            mean_difference(
                table,
                pair,
                law.of_difference(*pair),
                plan,
                means=(float(mean[pair[0]]), float(mean[pair[1]])),
            )
            for pair in combinations(range(table.n_modalities), 2)
        ),
        method=f"{_NAME[chosen]} variance, BDG degrees of freedom",
        note=joined(
            f"holds for {HOLDS_FOR['readers and cases']}",
            few_readers(table.n_readers, "readers and cases"),
            reason,
            f"every {weights} counts the same in a mean" if np.isnan(numbers).any() else "",
        ),
    )


def _weighted_sums(
    sums: tuple[KernelSums, KernelSums], weights: Weights
) -> tuple[KernelSums, KernelSums]:
    """Return the sums with each reader weighted as asked for."""
    psi, one = sums
    pairs = one.total
    if (empty := (pairs == 0).all(axis=0)).any():
        msg = (
            f"modality {int(np.argmax(empty))} has no pair of a positive and a negative case, or "
            "no case of the class that counts, that one reader read; leave that modality out"
        )
        raise ValueError(msg)
    if weights == "pair":
        return psi, one
    each = np.divide(1.0, pairs, out=np.zeros_like(pairs), where=pairs > 0)
    return psi.weighted(each), one.weighted(each)


def _table(
    diseased: BoolArray,
    ratings: FloatArray,
    sums: tuple[KernelSums, KernelSums],
    readers: tuple[str, ...],
    modalities: tuple[str, ...],
    fom: RatingFom,
) -> FomTable:
    """Return the figure of every reader in every modality, NaN where there is none."""
    psi, one = sums
    total = one.total
    value = np.divide(psi.total, total, out=np.full(total.shape, math.nan), where=total > 0)
    read = ~np.isnan(ratings).all(axis=(1, 2))
    return FomTable(
        quantity=fom.__name__,
        value=value,
        covariance_method="none",
        readers=readers or tuple(str(number + 1) for number in range(total.shape[0])),
        modalities=modalities or tuple(str(number + 1) for number in range(total.shape[1])),
        n_cases=int(read.sum()),
        n_positive=int((read & diseased).sum()),
        n_units=int(read.sum()),
        low=fom.range[0],
        high=fom.range[1],
        better=fom.better,
        method="empirical AUC" if fom is auc else fom.__name__,
        note="not every reader has a figure in every modality" if np.isnan(value).any() else "",
    )


def _moments(psi: KernelSums, one: KernelSums) -> dict[tuple[int, int], PairMoments]:
    """Return the moments of every pair of modalities."""
    places = range(psi.total.shape[1])
    return {
        (a, b): PairMoments(products=psi.products(a, b), counts=one.products(a, b))
        for a in places
        for b in places
        if a <= b
    }


def _chosen(
    moments: dict[tuple[int, int], PairMoments], n_modalities: int
) -> tuple[Estimator, str]:
    """Return the unbiased variance, or the other with the reason where it has collapsed."""
    unbiased = _Law(moments=moments, estimator="u_statistic", floor=False)
    mle = _Law(moments=moments, estimator="mle", floor=False)
    values = [
        (unbiased.variance(pair), mle.variance(pair))
        for pair in combinations(range(n_modalities), 2)
    ] or [(unbiased.variance((0,)), mle.variance((0,)))]
    collapsed = [(u, v) for u, v in values if not u >= _COLLAPSED * v]
    if not collapsed:
        return "u_statistic", ""
    u, v = collapsed[0]
    return "mle", (
        f"the unbiased variance has collapsed ({u:.3g} where that of the empirical distribution "
        f"is {v:.3g}), so the latter is reported"
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Law:
    """Variances and degrees of freedom of means and differences by one estimator."""

    moments: dict[tuple[int, int], PairMoments]
    estimator: Estimator
    floor: bool

    def variance(self, places: tuple[int, ...]) -> float:
        """Return the variance of a mean (one place) or of a difference (two)."""
        return sum(sign * self._covariance(a, b) for sign, a, b in _terms(places))

    def _covariance(self, a: int, b: int) -> float:
        """Return the covariance of the means of two modalities."""
        pair = self.moments[a, b]
        unbiased = self.estimator == "u_statistic"
        return pair.covariance(pair.u_statistic() if unbiased else pair.mle())

    def of_mean(self, place: int) -> Variance:
        """Return variance and degrees of freedom of a mean."""
        return self._of((place,))

    def of_difference(self, a: int, b: int) -> Variance:
        """Return variance and degrees of freedom of a difference."""
        return self._of((a, b))

    def _of(self, places: tuple[int, ...]) -> Variance:
        """Return variance and degrees of freedom."""
        value = self.variance(places)
        df = self._df(places, value) if value > 0 else math.nan
        return positive_variance(value, df, what="the variance", rounding=ROUNDING)

    def _df(self, places: tuple[int, ...], variance: float) -> float:
        """Return the degrees of freedom of Obuchowski, Gallas and Hillis (2012)."""
        levels = {factor: self._levels(places, factor) for factor in _FACTORS}
        spread = 0.0
        for factor in _FACTORS:
            # Modalities whose readings share no level of a factor have no component of it.
            component = sum(
                sign * float(np.nan_to_num(components(self.moments[a, b].mle())[factor]))
                for sign, a, b in _terms(places)
            )
            spread += component**2 / levels[factor] ** 3 if levels[factor] > 0 else math.inf
        df = max(variance**2 / spread if spread else math.inf, min(levels.values()))
        if not self.floor:
            return df
        return math.inf if df > _NORMAL_FROM_DF else float(math.floor(df))

    def _levels(self, places: tuple[int, ...], factor: int) -> float:
        """Return the effective number of levels of a factor less 1, the smaller of modalities."""
        each = [1 / self.moments[place, place].shares[factor] - 1 for place in places]
        return float(round(min(each)) if self.floor else min(each))


def _terms(places: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """Return sign and modalities of the covariances that a mean or a difference is made of."""
    if len(places) == 1:
        return [(1, places[0], places[0])]
    a, b = places
    return [(1, a, a), (1, b, b), (-2, a, b)]
