"""Operating points: how accurate calls are, made by a reader or by a threshold on ratings.

A case is called positive from the threshold up (rating >= threshold). A threshold chosen on the
very cases on which its accuracy is then reported flatters the reader: choose it on one set of
cases, apply it to another, or set it before the data are seen.
"""

from __future__ import annotations

import math
from collections.abc import Sized
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray, IndexArray
from toolkit.results import Estimate
from toolkit.stats._checks import (
    check_call,
    check_ci_level,
    check_cluster,
    check_inner_share,
    check_positive,
    check_rating,
    check_share,
    check_threshold,
    check_truth,
    check_weight,
)
from toolkit.stats._inference import quantile
from toolkit.stats.auc.curve import ROUNDING, OperatingPoints, empirical_points
from toolkit.stats.proportions.clustered import total_covariance
from toolkit.stats.proportions.weighted import weighted_proportion_ci


@dataclass(frozen=True, kw_only=True, eq=False)
class CallAccuracy:
    """How accurate a set of calls is: six estimates, each with its interval and its counts."""

    sensitivity: Estimate
    specificity: Estimate
    ppv: Estimate
    npv: Estimate
    positive_likelihood_ratio: Estimate
    negative_likelihood_ratio: Estimate

    @property
    def estimates(self) -> dict[str, Estimate]:
        """The six estimates by the name of their quantity, for a table or a record."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def call_accuracy(
    truth: ArrayLike,
    call: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> CallAccuracy:
    """Estimate sensitivity, specificity, predictive values and likelihood ratios of calls.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    call : array_like, shape (n_cases,)
        1 called positive (recalled), 0 not.
    weight : array_like, shape (n_cases,), optional
        Cases of the population that each case stands for; all alike if not given. A case of
        weight 0 does not count.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case; each case its own if not given.
    ci_level : float
        Confidence level of each interval, two-sided.
    label : str
        Who or what was measured.

    Returns
    -------
    CallAccuracy
        Proportions with Wilson's interval, likelihood ratios with the log method. What the cases
        leave undefined (no positive case, no case called) is NaN with a note. ``n_clusters`` is
        given where patients have several of the cases that an estimate rests on.

    Raises
    ------
    ValueError
        If an argument is malformed, or a call or a patient is missing.

    Notes
    -----
    Patients are random and independent, cases too without ``cluster``: never leave it out where
    both breasts, or several examinations, of a woman are cases. Not for calls of several readers.
    Predictive values hold for the prevalence of the sample: in a study enriched with cancers they
    say nothing of screening, unless ``weight`` undoes that. With weights, estimates are those of
    the population, counts those of the sample, and intervals are the linearised ones below.
    The log method takes SE(log LR+) = sqrt(1/TP - 1/P + 1/FP - 1/N) and needs both counts above 0.

    Where patients have several of the cases of a proportion its interval is that of
    ``weighted_proportion_ci``, Wilson's on the effective number of cases. The log ratio is then
    linearised: a diseased case adds (call - sensitivity) / TP, a healthy one
    -(call - FP/N) / FP, and the variance is that of the sums over patients, so that it holds
    the covariance of a patient's cases of both classes. Both need some 40 patients with and
    without the result.

    References
    ----------
    Rao JNK, Scott AJ. Biometrics 1992;48:577-585. doi:10.2307/2532311

    Simel DL, Samsa GP, Matchar DB. J Clin Epidemiol 1991;44:763-770.
    doi:10.1016/0895-4356(91)90128-V

    Examples
    --------
    >>> accuracy = call_accuracy([1] * 50 + [0] * 100, [1] * 45 + [0] * 95 + [1] * 10)
    >>> accuracy.sensitivity.estimate, accuracy.specificity.estimate
    (0.9, 0.9)
    >>> ratio = accuracy.positive_likelihood_ratio
    >>> f"{ratio.estimate:.1f} ({ratio.ci_low:.1f}, {ratio.ci_high:.1f})"
    '9.0 (5.0, 16.3)'
    """
    diseased = check_truth(truth)
    called = check_call(call, n_cases=diseased.size)
    number = _patients(cluster, diseased.size)
    level = check_ci_level(ci_level)
    if weight is None:
        return _accuracy(diseased, called, number, ci_level=level, label=label)
    each = check_weight(weight, n_cases=diseased.size)
    used = each > 0
    patient = None if number is None else _patients(number[used], int(used.sum()))
    return _accuracy(
        diseased[used], called[used], patient, weight=each[used], ci_level=level, label=label
    )


def operating_point(
    truth: ArrayLike,
    rating: ArrayLike,
    *,
    threshold: float,
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    label: str = "",
) -> CallAccuracy:
    """Estimate the accuracy of calling a case positive from a threshold up.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    threshold : float
        A case is positive if its rating is this or higher; inf calls no case.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case; each case its own if not given.
    ci_level : float
        Confidence level of each interval, two-sided.
    label : str
        Who or what was measured.

    Returns
    -------
    CallAccuracy
        As from ``call_accuracy``. The intervals take the threshold as set in advance.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN, or a patient is missing.

    Examples
    --------
    >>> accuracy = operating_point([0, 0, 0, 1, 1], [1, 2, 4, 3, 5], threshold=3)
    >>> accuracy.sensitivity.numerator, accuracy.ppv.denominator
    (2, 3)
    """
    diseased = check_truth(truth)
    numbers = check_rating(rating, n_cases=diseased.size)
    limit = check_threshold(threshold)
    number = _patients(cluster, diseased.size)
    level = check_ci_level(ci_level)
    # An infinite rating is not called by an infinite threshold: that calls no case.
    called = (numbers >= limit) & (limit < math.inf)
    return _accuracy(diseased, called, number, ci_level=level, label=label)


def _patients(cluster: ArrayLike | None, n_cases: int) -> IndexArray | None:
    """Return the number of each case's patient; None where every case is a patient of its own."""
    if cluster is None:
        return None
    number = check_cluster(cluster, n_cases=n_cases)
    return number if np.unique(number).size < n_cases else None


def _accuracy(
    diseased: BoolArray,
    called: BoolArray,
    patient: IndexArray | None,
    *,
    weight: FloatArray | None = None,
    ci_level: float,
    label: str,
) -> CallAccuracy:
    """Return the six estimates of checked calls."""
    study = _Study(
        diseased=diseased, patient=patient, weight=weight, ci_level=ci_level, label=label
    )
    sample = (
        f"holds only at the prevalence of this sample, {study.n_positive} of {diseased.size} cases"
        if weight is None
        else "holds only at the prevalence that the weights give"
    )
    return CallAccuracy(
        sensitivity=study.proportion("sensitivity", called, diseased),
        specificity=study.proportion("specificity", ~called, ~diseased),
        ppv=study.proportion("ppv", diseased, called, note=sample),
        npv=study.proportion("npv", ~diseased, ~called, note=sample),
        positive_likelihood_ratio=study.likelihood_ratio("positive_likelihood_ratio", called),
        negative_likelihood_ratio=study.likelihood_ratio("negative_likelihood_ratio", ~called),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Study:
    """What the six estimates of one set of calls have in common."""

    diseased: BoolArray
    patient: IndexArray | None
    weight: FloatArray | None
    ci_level: float
    label: str

    @property
    def n_positive(self) -> int:
        """Diseased cases."""
        return int(self.diseased.sum())

    @property
    def n_negative(self) -> int:
        """Healthy cases."""
        return self.diseased.size - self.n_positive

    def proportion(
        self, quantity: str, event: BoolArray, those: BoolArray, *, note: str = ""
    ) -> Estimate:
        """Return the share with an event of those cases: Wilson's, or that of their patients."""
        estimate = weighted_proportion_ci(
            event[those],
            weight=None if self.weight is None else self.weight[those],
            cluster=None if self.patient is None else self.patient[those],
            ci_level=self.ci_level,
            quantity=quantity,
            label=self.label,
        )
        clustered = estimate.n_clusters is not None and self.weight is None
        return replace(
            estimate,
            method="clustered proportion" if clustered else estimate.method,
            n_cases=self.diseased.size,
            n_positive=self.n_positive,
            note="; ".join(text for text in (estimate.note, note) if text),
        )

    def likelihood_ratio(self, quantity: str, member: BoolArray) -> Estimate:
        """Return the share of the diseased with a result over that of the healthy, log method."""
        positive = int((member & self.diseased).sum())
        negative = int((member & ~self.diseased).sum())
        if self._alike:
            ratio = self._ratio(positive, negative)
            log_error = self._log_error(member, positive, negative)
        else:
            ratio, log_error = self._weighted_ratio(member)
        reach = quantile(self.ci_level) * log_error
        return Estimate(
            quantity=quantity,
            unit="ratio",
            estimate=ratio,
            std_error=ratio * log_error,
            ci_low=ratio * math.exp(-reach),
            ci_high=ratio * math.exp(reach),
            ci_level=self.ci_level,
            ci_method=self._log_method,
            label=self.label,
            n_cases=self.diseased.size,
            n_positive=self.n_positive,
            n_clusters=None if self.patient is None else int(np.unique(self.patient).size),
            method="likelihood ratio of a call",
            note=self._undefined(positive, negative) if math.isnan(log_error) else "",
        )

    @property
    def _log_method(self) -> str:
        """The method of the interval of a likelihood ratio."""
        if self.patient is not None:
            return "log, patients as clusters"
        return "log" if self._alike else "log, linearised"

    @property
    def _alike(self) -> bool:
        """Whether the cases of each class have one weight, which likelihood ratios do not need."""
        if self.weight is None:
            return True
        classes = (self.weight[self.diseased], self.weight[~self.diseased])
        return all(weights.size == 0 or np.ptp(weights) == 0 for weights in classes)

    def _weighted_ratio(self, member: BoolArray) -> tuple[float, float]:
        """Return the ratio of weighted shares, and the standard error of its log."""
        each = np.ones(member.size) if self.weight is None else self.weight
        total = np.array([each[self.diseased].sum(), each[~self.diseased].sum()])
        with_result = [each[member & self.diseased].sum(), each[member & ~self.diseased].sum()]
        if not all(with_result):  # a share of 0: what is undefined is so with any weights
            counts = (int((member & self.diseased).sum()), int((member & ~self.diseased).sum()))
            return self._ratio(*counts), math.nan
        share = np.array(with_result) / total
        # The log of a weighted share, linearised: each case adds weight (member - p) / (p total).
        influence = np.where(
            self.diseased,
            each * (member - share[0]) / (share[0] * total[0]),
            -each * (member - share[1]) / (share[1] * total[1]),
        )
        unit = np.arange(member.size) if self.patient is None else self.patient
        variance = float(total_covariance(influence[:, None], unit)[0, 0])
        return float(share[0] / share[1]), math.sqrt(variance) or math.nan

    def _log_error(self, member: BoolArray, positive: int, negative: int) -> float:
        """Return the standard error of the log ratio; NaN where the log method has none."""
        if not (positive and negative):
            return math.nan
        if self.patient is None:
            # Simel et al. 1991: the variance of a log binomial proportion x / n is 1/x - 1/n.
            terms = (1 / positive - 1 / self.n_positive, 1 / negative - 1 / self.n_negative)
            return math.sqrt(sum(terms)) or math.nan
        # The log of a proportion x / n, linearised: each case adds (member - x / n) / x. Summed
        # over patients of one case each, the squares are Simel's terms.
        influence = np.where(
            self.diseased,
            (member - positive / self.n_positive) / positive,
            -(member - negative / self.n_negative) / negative,
        )
        variance = float(total_covariance(influence[:, None], self.patient)[0, 0])
        return math.sqrt(variance) or math.nan

    def _ratio(self, positive: int, negative: int) -> float:
        """Return the ratio: infinite over nothing, NaN for nothing over nothing."""
        if not (self.n_positive and self.n_negative and (positive or negative)):
            return math.nan
        if not negative:
            return math.inf
        # One division of whole numbers, so that the ratio is correctly rounded.
        return (positive * self.n_negative) / (negative * self.n_positive)

    def _undefined(self, positive: int, negative: int) -> str:
        """Say why the log method has no interval."""
        counts = (
            f"{positive} of {self.n_positive} positive and {negative} of {self.n_negative} "
            "negative cases have this result"
        )
        if (positive, negative) == (self.n_positive, self.n_negative):
            return f"{counts}: it tells nothing, and the log method has no interval"
        if positive and negative:
            return "no interval: one patient alone has no variance, or all patients are alike"
        return f"{counts}: the log method needs both counts above 0, so there is no interval"


def youden_threshold(truth: ArrayLike, rating: ArrayLike) -> float:
    """Return the observed rating from which up sensitivity + specificity is highest.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.

    Returns
    -------
    float
        Of several best thresholds the highest, which calls fewest; inf (call no case) where no
        threshold does better than chance.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or all cases are of one class.

    Notes
    -----
    Youden's index weighs a missed case of disease as much as a false alarm, and it is blind to
    prevalence: for screening, where one woman in 150 has cancer, prefer
    ``threshold_at_specificity`` or a threshold set in advance.

    References
    ----------
    Youden WJ. Cancer 1950;3:32-35.
    doi:10.1002/1097-0142(1950)3:1<32::AID-CNCR2820030106>3.0.CO;2-3

    Examples
    --------
    >>> youden_threshold([0, 0, 0, 1, 1], [1, 2, 4, 3, 5])
    3.0
    """
    points = empirical_points(truth, rating, what="Youden's index")
    # The index times n_positive * n_negative, so that ties between thresholds are exact.
    index = points.true_positives * points.n_negative - points.false_positives * points.n_positive
    return float(points.threshold[np.argmax(index)])


def weighted_youden_threshold(
    truth: ArrayLike, rating: ArrayLike, *, cost: float, prevalence: float
) -> float:
    """Return the observed rating from which up misses and false alarms cost least.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    cost : float
        What a missed case costs in false alarms, above 0.
    prevalence : float
        Between 0 and 1, of the population that the threshold is for.

    Returns
    -------
    float
        Of several best thresholds the highest, which calls fewest; inf (call no case) where no
        threshold does better than that.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or all cases are of one class.

    Notes
    -----
    The threshold makes sensitivity + r * specificity highest, with
    r = (1 - prevalence) / (cost * prevalence): the ``slope`` of ``expected_utility``. Youden's
    index has r = 1.

    References
    ----------
    Perkins NJ, Schisterman EF. Am J Epidemiol 2006;163:670-675. doi:10.1093/aje/kwj063

    Examples
    --------
    >>> weighted_youden_threshold([0, 0, 0, 1, 1], [1, 2, 4, 3, 5], cost=50, prevalence=0.005)
    5.0
    """
    weight = check_positive(cost, name="cost")
    share = check_inner_share(prevalence, name="prevalence")
    points = empirical_points(truth, rating, what="a weighted Youden's index")
    utility = _utility(points, slope=(1 - share) / (weight * share))
    # Points that are equally good but for rounding are ties.
    best = utility >= utility.max() - ROUNDING
    return float(points.threshold[np.argmax(best)])


def closest_corner_threshold(truth: ArrayLike, rating: ArrayLike) -> float:
    """Return the observed rating whose point lies closest to sensitivity = specificity = 1.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.

    Returns
    -------
    float
        Of several closest thresholds the highest, which calls fewest.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or all cases are of one class.

    Notes
    -----
    The distance has no meaning for patients and, like Youden's index, is blind to prevalence;
    offered because published studies use it.

    References
    ----------
    Perkins NJ, Schisterman EF. Am J Epidemiol 2006;163:670-675. doi:10.1093/aje/kwj063

    Examples
    --------
    >>> closest_corner_threshold([0, 0, 0, 1, 1], [1, 2, 4, 3, 5])
    3.0
    """
    points = empirical_points(truth, rating, what="the distance to the corner")
    distance_squared = (1 - points.sensitivity) ** 2 + points.false_positive_rate**2
    # Points that are equally close but for rounding are ties.
    closest = distance_squared <= distance_squared.min() + ROUNDING
    return float(points.threshold[np.argmax(closest)])


def threshold_at_specificity(truth: ArrayLike, rating: ArrayLike, *, specificity: float) -> float:
    """Return the lowest observed rating from which up specificity is at least as asked.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    specificity : float
        From 0 to 1, for instance that of the readers to be matched.

    Returns
    -------
    float
        A threshold for ``operating_point``, on these or on other cases; inf (call no case) where
        only that is specific enough. Nothing is interpolated, so with ties the specificity
        reached can be well above the one asked for.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or no case is negative.

    Examples
    --------
    Chosen on some cases, applied to others:

    >>> threshold = threshold_at_specificity([0, 0, 0, 0, 1], [1, 2, 3, 4, 5], specificity=0.75)
    >>> from toolkit.stats.auc.operating_points import operating_point
    >>> there = operating_point([0, 0, 1, 1], [1, 4, 5, 6], threshold=threshold)
    >>> threshold, there.specificity.estimate, there.sensitivity.estimate
    (4.0, 0.5, 1.0)
    """
    wanted = check_share(specificity, name="specificity")
    points = empirical_points(truth, rating, what="specificity", classes=("negative",))
    enough = points.specificity >= wanted - ROUNDING
    return float(points.threshold[np.flatnonzero(enough)[-1]])


def threshold_at_sensitivity(truth: ArrayLike, rating: ArrayLike, *, sensitivity: float) -> float:
    """Return the highest observed rating from which up sensitivity is at least as asked.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    sensitivity : float
        From 0 to 1, for instance that of the readers to be matched.

    Returns
    -------
    float
        A threshold for ``operating_point``, on these or on other cases; inf (call no case) where
        a sensitivity of 0 is asked for. Nothing is interpolated.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or no case is positive.

    Examples
    --------
    >>> threshold_at_sensitivity([0, 0, 1, 1, 1], [1, 2, 3, 4, 5], sensitivity=0.6)
    4.0
    """
    wanted = check_share(sensitivity, name="sensitivity")
    points = empirical_points(truth, rating, what="sensitivity", classes=("positive",))
    enough = points.sensitivity >= wanted - ROUNDING
    return float(points.threshold[np.flatnonzero(enough)[0]])


def threshold_at_recall_rate(rating: ArrayLike, *, recall_rate: float) -> float:
    """Return the lowest observed rating from which up no more cases are called than asked.

    Parameters
    ----------
    rating : array_like, shape (n_cases,)
        Higher is more suspicious. No truth is needed, so cases without one count as well.
    recall_rate : float
        From 0 to 1, for instance that of the readers to be matched.

    Returns
    -------
    float
        A threshold for ``operating_point``, on these or on other cases; inf (call no case) where
        only that calls few enough. Nothing is interpolated, so with ties the recall rate reached
        can be well below the one asked for.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or there is no case.

    Notes
    -----
    A recall rate depends on the mix of cases: in a sample enriched with cancers, match the
    specificity or choose the threshold on unselected examinations.

    Examples
    --------
    >>> threshold_at_recall_rate([1, 2, 2, 3, 4], recall_rate=0.5)
    3.0
    """
    wanted = check_share(recall_rate, name="recall_rate")
    n_cases = len(rating) if isinstance(rating, Sized) else 0
    if not n_cases:
        msg = "a recall rate is undefined: rating holds no case; leave such a subgroup out in view"
        raise ValueError(msg)
    # Where all cases are taken as positive, the sensitivity is the share called.
    points = empirical_points(np.ones(n_cases, dtype=bool), rating, what="", classes=())
    few_enough = points.sensitivity <= wanted + ROUNDING
    return float(points.threshold[np.flatnonzero(few_enough)[-1]])


def _utility(points: OperatingPoints, *, slope: float) -> FloatArray:
    """Return sensitivity - slope * (1 - specificity) of each point; 0 at the first, no call."""
    utility: FloatArray = points.sensitivity - slope * points.false_positive_rate
    return utility


def expected_utility(truth: ArrayLike, rating: ArrayLike, *, slope: float) -> float:
    """Return the expected utility of the empirical ROC curve at its best operating point.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    rating : array_like, shape (n_cases,)
        Higher is more suspicious.
    slope : float
        Sensitivity that must be gained for 1 of specificity lost, above 0. It is
        (1 - prevalence) / (prevalence * relative utility), the relative utility being that of a
        cancer found over that of a recall avoided; Abbey et al. found about 1 for screening
        mammography in the United States.

    Returns
    -------
    float
        Largest sensitivity - slope * (1 - specificity): 0 where it is best to call no case, 1 for
        a reader who calls every positive case and no other.

    Raises
    ------
    ValueError
        If an argument is malformed, a rating is NaN or +inf, or all cases are of one class.

    Notes
    -----
    The best point is chosen on the very cases, so that the value is optimistic, the more so the
    fewer they are. With a slope of 1 it is Youden's index.

    References
    ----------
    Abbey CK, Eckstein MP, Boone JM. Med Decis Making 2013;33:510-520.
    doi:10.1177/0272989X12470756

    Abbey CK, Gallas BD, Boone JM et al. Acad Radiol 2014;21:481-490.
    doi:10.1016/j.acra.2013.12.011

    Examples
    --------
    >>> expected_utility([0, 0, 0, 0, 1, 1], [1, 2, 3, 4, 4, 5], slope=1)
    0.75
    """
    factor = check_positive(slope, name="slope")
    points = empirical_points(truth, rating, what="an expected utility")
    return float(_utility(points, slope=factor).max())
