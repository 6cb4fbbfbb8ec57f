"""The interval that the cases of one AUC allow, and what a reader of it must know."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit, ndtr, ndtri, owens_t, stdtrit

from toolkit.arrays import FloatArray
from toolkit.results import Better, Comparison, Estimate
from toolkit.stats._checks import check_choice, check_ci_level, check_rating
from toolkit.stats._inference import quantile, upper_tail, wald_difference
from toolkit.stats.auc.placements import (
    SampleSize,
    Spread,
    case_placements,
    check_sample,
    too_few,
    weighted_sum,
)

_FURTHEST_PROBIT = 38.0  # ndtr(-38) is the last above 0
_HALVINGS = 60  # of an interval of probits below 80: to within rounding


def placement_variance(probit: ArrayLike) -> FloatArray:
    """Return the variance of a placement at the AUC whose probit is given, binormal model.

    The placement of a positive case x is the share of negatives below it; its mean square is the
    chance that two negatives lie below x. That is P(Z1 < h, Z2 < h) with correlation 1/2 and
    h = probit(AUC), which is ndtr(h) - 2 T(h, 1 / sqrt(3)) with Owen's T.
    """
    h = np.asarray(probit, dtype=np.float64)
    variance = ndtr(h) * ndtr(-h) - 2 * owens_t(h, 1 / np.sqrt(3))
    return np.asarray(np.maximum(variance, 0.0))


def score_limits(
    auc: ArrayLike,
    *,
    variance: ArrayLike,
    single_variance: ArrayLike,
    inverse_sizes: ArrayLike,
    t: ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    """Return the AUCs theta with |auc - theta| = t sqrt(V(theta)); all arguments broadcast.

    V(theta) = c k placement_variance(theta) (1 / m + 1 / n). The factor k = max(1, DeLong's
    variance of one reader over the model's at ``auc``) widens the interval where the scores vary
    more than the model says, as with unequal variances or clusters; it never narrows it, for
    DeLong's variance is small by chance just where the AUC is high by chance. The factor c is
    what the mean of several readers saves.

    Parameters
    ----------
    auc : array_like
        Above 0 and below 1.
    variance, single_variance : array_like
        DeLong's variance of the estimate, and that of a single reader, the same where there is
        one; where it is 0, c is 1.
    inverse_sizes : array_like
        1 / m + 1 / n.
    t : array_like
        Quantile of the confidence level.
    """
    arguments = (auc, variance, single_variance, inverse_sizes, t)
    estimate, total, single, inverse, quantile = np.broadcast_arrays(
        *(np.asarray(argument, dtype=np.float64) for argument in arguments)
    )
    model = placement_variance(ndtri(estimate)) * inverse
    excess = np.maximum(1.0, single / model)
    saved = np.divide(total, single, out=np.ones_like(estimate), where=single > 0)
    reach = quantile**2 * saved * excess * inverse
    low, below_high = _lower(np.array([estimate, 1 - estimate]), reach)
    return low, 1 - below_high


def _lower(auc: FloatArray, reach: Any) -> FloatArray:
    """Return the theta below ``auc`` with (auc - theta)^2 = reach placement_variance(theta).

    (auc - theta) / sqrt(placement_variance) falls from infinity to 0 between 0 and auc, so that
    there is one root; halving the probits finds it without a derivative.
    """
    low = np.full(auc.shape, -_FURTHEST_PROBIT)
    high = np.clip(ndtri(auc), -_FURTHEST_PROBIT, _FURTHEST_PROBIT)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = auc - ndtr(middle) > np.sqrt(reach * placement_variance(middle))
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(ndtr((low + high) / 2))


Interval = Literal["default", "logit", "score", "identity"]

# With fewer independent cases of a class the logit interval of a high AUC covers its value in as
# few as 85 % of simulated studies where 95 % is meant.
FEW_CASES = 100


def auc_estimate(
    auc: Spread, *, ci_level: float, interval: Interval, label: str, method: str
) -> Estimate:
    """Return an AUC with the interval that its cases allow."""
    level = check_ci_level(ci_level)
    check_choice(interval, name="interval", choices=("default", "logit", "score", "identity"))
    undefined = Estimate(
        quantity="auc",
        unit="probability",
        estimate=auc.estimate,
        std_error=math.nan,
        ci_low=math.nan,
        ci_high=math.nan,
        ci_level=level,
        ci_method="none",
        label=label,
        n_cases=auc.size.n_cases,
        n_positive=auc.size.n_positive,
        n_clusters=auc.size.n_clusters,
        method=method,
        note=too_few(auc.size) or _no_variance(auc.size),
    )
    if auc.separated and auc.size.independent_pairs:
        return _one_sided(undefined, auc)
    if not auc.variance > 0:  # also NaN
        return undefined
    few = _few_cases(auc.size)
    if interval == "score" or (interval == "default" and few):
        return _score(undefined, auc, reason="" if interval == "score" else few)
    return _wald(undefined, auc, few=few, interval=interval)


def _no_variance(size: SampleSize) -> str:
    """Say that all cases have the same placement though the classes are not apart."""
    alike = "cases" if size.n_clusters is None else "patients"
    return f"all ratings place all {alike} alike: DeLong's variance is 0, which is not certainty"


def _few_cases(size: SampleSize) -> str:
    """Name the classes with few cases; empty where both are large enough."""
    counts = {
        "positive": (size.n_positive, size.independent_positive),
        "negative": (size.n_negative, size.independent_negative),
    }
    few = [
        f"{n_cases} {name}" + (f" worth {worth:.0f}" if round(worth) < n_cases else "")
        for name, (n_cases, worth) in counts.items()
        if worth < FEW_CASES * (1 - 1e-9)  # equal weights make sums that are rounded
    ]
    return f"fewer than {FEW_CASES} cases of a class ({', '.join(few)})" if few else ""


def _one_sided(undefined: Estimate, auc: Spread) -> Estimate:
    """Return an AUC of 0 or 1 with a bound on the side where there is room."""
    low, high = limits_at(auc, quantile(undefined.ci_level, score_df(auc.size)))
    order, limit = ("above", "ci_low") if auc.estimate == 1.0 else ("below", "ci_high")
    return replace(
        undefined,
        ci_low=low,
        ci_high=high,
        ci_method="one-sided bound from disjoint pairs",
        note=(
            f"every positive case is rated {order} every negative one: DeLong's variance is 0, "
            "which is not certainty, so there is no standard error; "
            f"{limit} is a bound from disjoint pairs of cases, {auc.size.independent_pairs:.0f} "
            "in all, that leaves (1 - ci_level) / 2, and the other limit is the end of the range"
        ),
    )


def _score(undefined: Estimate, auc: Spread, *, reason: str) -> Estimate:
    """Return the AUC with its score interval; ``reason`` is why it has not that on the logit."""
    low, high = limits_at(auc, quantile(undefined.ci_level, score_df(auc.size)))
    instead = "score interval, for that on the logit scale covers a high AUC less often than its"
    return replace(
        undefined,
        std_error=math.sqrt(auc.variance),
        ci_low=low,
        ci_high=high,
        ci_method="binormal score, t",
        note=f"{reason}: {instead} level" if reason else "",
    )


def score_df(size: SampleSize) -> float:
    """Return the degrees of freedom of the score interval.

    Weights can leave less than two independent cases; t with less than 1 df is no use.
    """
    return max(size.smaller_class - 1, 1.0)


def limits_at(auc: Spread, t: float) -> tuple[float, float]:
    """Return the score limits of an AUC at a quantile of t with ``score_df``.

    Perfect separation says nothing of the variance, and cancers that cannot be told from healthy
    cases may be missing from the sample by chance, so that no model of scores would do. But the
    sample holds k disjoint pairs of independent cases, and all of them are in order with a
    probability of AUC^k at most, whatever the distributions: the bound makes that the tail of t.
    """
    size = auc.size
    if auc.separated:
        bound = upper_tail(t, score_df(size)) ** (1 / size.independent_pairs)
        return (bound, 1.0) if auc.estimate == 1.0 else (0.0, 1 - bound)
    low, high = score_limits(
        auc.estimate,
        variance=auc.variance,
        single_variance=auc.variance if auc.reader_variance is None else auc.reader_variance,
        inverse_sizes=1 / size.effective_positive + 1 / size.effective_negative,
        t=t,
    )
    return float(low), float(high)


def _wald(undefined: Estimate, auc: Spread, *, few: str, interval: Interval) -> Estimate:
    """Return the AUC with its Wald interval on the scale asked for."""
    std_error = math.sqrt(auc.variance)
    if interval == "identity":
        reach = quantile(undefined.ci_level) * std_error
        low, high = max(auc.estimate - reach, 0.0), min(auc.estimate + reach, 1.0)
    else:
        df = max(auc.df, 1.0)
        low, high = map(float, logit_limits(auc.estimate, std_error, df, undefined.ci_level))
    note = f"{few}: this interval covers a high AUC less often than its level" if few else ""
    return replace(
        undefined,
        std_error=std_error,
        ci_low=low,
        ci_high=high,
        ci_method="Wald, normal" if interval == "identity" else "logit Wald, t",
        note=note,
    )


def logit_limits(
    auc: float | FloatArray, std_error: float | FloatArray, df: float | FloatArray, ci_level: float
) -> tuple[FloatArray, FloatArray]:
    """Return the Wald limits on the logit scale with a t quantile; the arguments broadcast."""
    auc = np.asarray(auc)
    # Delta method: the standard error of logit(A) is SE(A) / (A (1 - A)).
    reach = stdtrit(df, (1 + ci_level) / 2) * std_error / (auc * (1 - auc))
    return expit(logit(auc) - reach), expit(logit(auc) + reach)


# Where the smaller class has n independent cases and the higher AUC is A, the interval of a
# difference misleads if n (1 - A) is below this: in simulations (30 to 500 positive cases, AUCs
# from 0.85 to 0.98, ratings continuous and in seven categories) b, worse than a by the margin, was
# called non-inferior in 3.3 to 9.6 % of studies where 2.5 % is meant, and in at most 3.3 % above.
FEW_OUT_OF_ORDER = 15


@dataclass(frozen=True, kw_only=True, eq=False)
class AucDifference:
    """Two AUCs, or means of AUCs, and the error of b minus a."""

    estimate_a: float
    estimate_b: float
    std_error: float
    df: float
    n_cases: int
    n_positive: int
    method: str
    note: str
    n_readers: int | None = None
    n_clusters: int | None = None

    def comparison(
        self,
        *,
        ci_level: float,
        margin: float | None,
        better: Better,
        label_a: str,
        label_b: str,
    ) -> Comparison:
        """Return the comparison; where the standard error is 0 or NaN, no interval and no test."""
        difference = self.estimate_b - self.estimate_a
        wald = wald_difference(
            difference,
            self.std_error,
            df=self.df,
            ci_level=ci_level,
            margin=margin,
            better=better,
        )
        return Comparison(
            quantity="auc",
            unit="probability",
            estimate=difference,
            std_error=self.std_error,
            ci_method=f"Wald, {'normal' if math.isinf(self.df) else 't'}",
            label_a=label_a,
            label_b=label_b,
            estimate_a=self.estimate_a,
            estimate_b=self.estimate_b,
            effect="difference",
            n_cases=self.n_cases,
            n_positive=self.n_positive,
            n_readers=self.n_readers,
            n_clusters=self.n_clusters,
            method=self.method,
            note=self.note,
            **vars(wald),
        )


def paired_difference(
    difference: Spread,
    *,
    estimate_a: float,
    estimate_b: float,
    method: str,
    n_readers: int | None = None,
) -> AucDifference:
    """Return the difference of two AUCs on the same cases from its own variance."""
    return AucDifference(
        estimate_a=estimate_a,
        estimate_b=estimate_b,
        std_error=math.sqrt(difference.variance),
        df=math.inf,
        n_cases=difference.size.n_cases,
        n_positive=difference.size.n_positive,
        n_clusters=difference.size.n_clusters,
        n_readers=n_readers,
        method=method,
        note=_paired_note(difference, estimate_a=estimate_a, estimate_b=estimate_b),
    )


def unpaired_difference(a: Spread, b: Spread, *, method: str) -> AucDifference:
    """Return the difference of two AUCs on different cases, t with Welch's degrees of freedom."""
    variance = a.variance + b.variance
    units_a, units_b = _units(a), _units(b)
    df = math.nan
    if variance > 0:
        df = variance**2 / (a.variance**2 / (units_a - 1) + b.variance**2 / (units_b - 1))
    clustered = a.size.n_clusters is not None or b.size.n_clusters is not None
    return AucDifference(
        estimate_a=a.estimate,
        estimate_b=b.estimate,
        std_error=math.sqrt(variance),
        df=df,
        n_cases=a.size.n_cases + b.size.n_cases,
        n_positive=a.size.n_positive + b.size.n_positive,
        n_clusters=units_a + units_b if clustered else None,
        method=method,
        note=_unpaired_note(a, b),
    )


def _units(auc: Spread) -> int:
    """Return the patients of one AUC; without clusters its cases."""
    return auc.size.n_cases if auc.size.n_clusters is None else auc.size.n_clusters


def _paired_note(difference: Spread, *, estimate_a: float, estimate_b: float) -> str:
    """Say what a reader of a paired difference must know; empty if nothing."""
    if reason := too_few(difference.size):
        return reason
    if difference.variance == 0:
        if abs(estimate_b - estimate_a) <= 1e-12:
            return "both rank all cases alike: the difference is 0 and there is nothing to test"
        return (
            "the difference is the same for every case: DeLong's variance is 0, which is not "
            "certainty, so there is no interval and no test"
        )
    ends = {"a": estimate_a, "b": estimate_b}
    named = [f"{name} is {value:.0f}" for name, value in ends.items() if value in (0.0, 1.0)]
    if named:
        return _too_narrow(f"AUC of {' and that of '.join(named)}")
    return _optimism(max(estimate_a, estimate_b), difference.size.smaller_class)


def _unpaired_note(a: Spread, b: Spread) -> str:
    """Say what a reader of an unpaired difference must know; empty if nothing."""
    for name, auc in (("a", a), ("b", b)):
        if reason := too_few(auc.size):
            return f"{name} has {reason}"
    constant = [name for name, auc in (("a", a), ("b", b)) if auc.variance == 0]
    if len(constant) == 2:
        return (
            "DeLong's variance is 0 in both sets, which is not certainty, so there is no "
            "interval and no test"
        )
    if constant:
        return _too_narrow(f"AUC of {constant[0]} does not vary between cases")
    smaller_class = min(a.size.smaller_class, b.size.smaller_class)
    return _optimism(max(a.estimate, b.estimate), smaller_class)


def _too_narrow(which: str) -> str:
    """Warn that one of two variances is estimated as 0."""
    return f"the {which}: its own variance is estimated as 0, so the interval is too narrow"


def _optimism(higher_auc: float, smaller_class: float) -> str:
    """Warn where a Wald interval of a difference is known to mislead; empty elsewhere."""
    if smaller_class * (1 - higher_auc) >= FEW_OUT_OF_ORDER:
        return ""
    return (
        f"{smaller_class:.0f} cases in the smaller class and an AUC of {higher_auc:.3f}: the "
        "interval tends to understate a true difference, and non-inferiority close to the margin "
        "is claimed too often"
    )


_LARGEST_T = 1e4


def delong_mover_test(  # noqa: PLR0913 - as delong_test
    truth: ArrayLike,
    rating_a: ArrayLike,
    rating_b: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    margin: float | None = None,
    better: Better = "higher",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Compare the AUCs of two ratings of the same cases by the limits of each: b minus a.

    Parameters
    ----------
    truth, rating_a, rating_b, weight, cluster, ci_level, margin, better, label_a, label_b
        As in ``delong_test``.

    Returns
    -------
    Comparison
        ``statistic`` is the t at which a limit meets a difference of 0. Where DeLong's variance
        of the difference is 0 or undefined, interval and tests are NaN and the note says why.

    Raises
    ------
    ValueError
        If an argument is malformed or a rating is NaN.

    Notes
    -----
    Null hypotheses as in ``delong_test``. The limits join the score limits of both AUCs
    (``delong_ci``) by DeLong's correlation r of the two (method of variance estimates recovery):
    ci_low = d - sqrt(x^2 - 2 r x y + y^2) with d = b - a, x = b - its lower and y = a's upper limit
    - a, and ci_high likewise. They are wide on the side on which the AUCs have room.

    In the simulations named in ``delong_test`` b was falsely called non-inferior in 0.1 to 2.9 % of
    studies where 2.5 % is meant, and the interval covered in 94.5 to 99.7 %. The price is power: of
    ratings that correlate strongly, with few positive cases, the interval is more than twice as
    wide as that of ``delong_test``. Say in the plan which of the two is used; do not choose by the
    result.

    References
    ----------
    Zou GY, Donner A. Stat Med 2008;27:1693-1702. doi:10.1002/sim.3095

    Examples
    --------
    >>> truth = [0, 0, 0, 0, 1, 1, 1, 1]
    >>> result = delong_mover_test(truth, [1, 2, 3, 5, 2, 4, 6, 1], [2, 1, 3, 4, 3, 5, 6, 2])
    >>> f"{result.estimate:.4f} ({result.ci_low:.4f}, {result.ci_high:.4f})"
    '0.1875 (-0.0880, 0.4515)'
    """
    sample = check_sample(truth, weight=weight, cluster=cluster)
    numbers_a = check_rating(rating_a, n_cases=sample.n_given, name="rating_a")
    numbers_b = check_rating(rating_b, n_cases=sample.n_given, name="rating_b")
    ratings = np.array([numbers_a, numbers_b]).T
    placements = case_placements(sample.diseased, sample.take(ratings), sample.weight)
    a, b, difference = (
        weighted_sum(placements, np.array(coefficients), sample)
        for coefficients in ([1.0, 0.0], [0.0, 1.0], [-1.0, 1.0])
    )
    # The comparison by Wald has all that does not depend on the limits, margin checked.
    wald = paired_difference(
        difference,
        estimate_a=a.estimate,
        estimate_b=b.estimate,
        n_readers=2,
        method=f"MOVER of two AUCs, DeLong correlation{sample.in_words}",
    ).comparison(ci_level=ci_level, margin=margin, better=better, label_a=label_a, label_b=label_b)
    named = replace(wald, ci_method="MOVER of binormal score limits, t")
    if not difference.variance > 0:  # also NaN
        return named
    return replace(named, note="", **_inference(_Recovered(a, b, difference), wald))


def _inference(recovered: _Recovered, wald: Comparison) -> dict[str, Any]:
    """Return limits and tests, the tests from the t at which a limit meets the hypothesis."""
    df = recovered.df
    low, high = recovered.limits(quantile(wald.ci_level, df))
    statistic = recovered.t_at(0.0)
    p_noninferiority = None
    if wald.margin is not None:
        sign = 1.0 if wald.better == "higher" else -1.0
        p_noninferiority = upper_tail(sign * recovered.t_at(-sign * wald.margin), df)
    return {
        "ci_low": low,
        "ci_high": high,
        "statistic": statistic,
        "df": df,
        "p_value": 2 * upper_tail(abs(statistic), df),
        "p_noninferiority": p_noninferiority,
    }


@dataclass(frozen=True, eq=False)
class _Recovered:
    """Limits of the difference of two AUCs from their own, at any t."""

    a: Spread
    b: Spread
    contrast: Spread

    @property
    def difference(self) -> float:
        """The AUC of b minus that of a."""
        return self.b.estimate - self.a.estimate

    @property
    def df(self) -> float:
        """Degrees of freedom of t."""
        return score_df(self.contrast.size)

    @property
    def correlation(self) -> float:
        """DeLong's correlation of the two AUCs; 0 where one does not vary."""
        product = self.a.variance * self.b.variance
        if product == 0:
            return 0.0
        shared = self.a.variance + self.b.variance - self.contrast.variance
        return min(max(shared / (2 * math.sqrt(product)), -1.0), 1.0)

    def limits(self, t: float) -> tuple[float, float]:
        """Return the limits at ``t``: Zou and Donner (2008), with a correlation."""
        low_a, high_a = limits_at(self.a, t)
        low_b, high_b = limits_at(self.b, t)
        a, b = self.a.estimate, self.b.estimate
        below = self._joined(b - low_b, high_a - a)
        above = self._joined(high_b - b, a - low_a)
        return max(self.difference - below, -1.0), min(self.difference + above, 1.0)

    def _joined(self, of_b: float, of_a: float) -> float:
        """Return the reach of the difference from the reaches of b and a on the sides it needs."""
        square = of_b**2 - 2 * self.correlation * of_b * of_a + of_a**2
        return math.sqrt(max(square, 0.0))

    def t_at(self, hypothesis: float) -> float:
        """Return the t, above 0 where the difference is, at which a limit is the hypothesis."""
        from scipy.optimize import brentq  # slow to import, and no interval needs it

        if self.difference == hypothesis:
            return 0.0
        above = self.difference > hypothesis
        side = 0 if above else 1

        def gap(t: float) -> float:
            distance = self.limits(t)[side] - hypothesis
            return distance if above else -distance

        t = _LARGEST_T if gap(_LARGEST_T) > 0 else float(brentq(gap, 0.0, _LARGEST_T, xtol=1e-12))
        return t if above else -t
