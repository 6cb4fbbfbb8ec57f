"""Operating points: how accurate calls are, made by a reader or by a threshold on ratings.

A case is called positive from the threshold up (rating >= threshold). A threshold chosen on the
very cases on which its accuracy is then reported flatters the reader: choose it on one set of
cases (``toolkit.stats.thresholds``), apply it to another, or set it before the data are seen.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

from numpy.typing import ArrayLike

from toolkit.results import Estimate
from toolkit.stats._checks import (
    check_call,
    check_ci_level,
    check_rating,
    check_threshold,
    check_truth,
)
from toolkit.stats._placements import BoolArray
from toolkit.stats._wald import quantile
from toolkit.stats.proportions import wilson_ci


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
    truth: ArrayLike, call: ArrayLike, *, ci_level: float = 0.95, label: str = ""
) -> CallAccuracy:
    """Estimate sensitivity, specificity, predictive values and likelihood ratios of calls.

    Parameters
    ----------
    truth : array_like, shape (n_cases,)
        1 diseased, 0 healthy.
    call : array_like, shape (n_cases,)
        1 called positive (recalled), 0 not.
    ci_level : float
        Confidence level of each interval, two-sided.
    label : str
        Who or what was measured.

    Returns
    -------
    CallAccuracy
        Proportions with Wilson's interval, likelihood ratios with the log method. What the cases
        leave undefined (no positive case, no case called) is NaN with a note.

    Raises
    ------
    ValueError
        If an argument is malformed or a call is missing.

    Notes
    -----
    Cases are random and independent; where both breasts of a woman are cases, or several readers
    call one case, resample women instead. Predictive values hold for the prevalence of the
    sample: in a study enriched with cancers they say nothing of screening. The log method takes
    SE(log LR+) = sqrt(1/TP - 1/P + 1/FP - 1/N) and needs both counts above 0.

    References
    ----------
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
    return _accuracy(diseased, called, ci_level=check_ci_level(ci_level), label=label)


def operating_point(
    truth: ArrayLike,
    rating: ArrayLike,
    *,
    threshold: float,
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
        If an argument is malformed or a rating is NaN.

    Examples
    --------
    >>> accuracy = operating_point([0, 0, 0, 1, 1], [1, 2, 4, 3, 5], threshold=3)
    >>> accuracy.sensitivity.numerator, accuracy.ppv.denominator
    (2, 3)
    """
    diseased = check_truth(truth)
    numbers = check_rating(rating, n_cases=diseased.size)
    limit = check_threshold(threshold)
    level = check_ci_level(ci_level)
    # An infinite rating is not called by an infinite threshold: that calls no case.
    called = (numbers >= limit) & (limit < math.inf)
    return _accuracy(diseased, called, ci_level=level, label=label)


def _accuracy(
    diseased: BoolArray, called: BoolArray, *, ci_level: float, label: str
) -> CallAccuracy:
    """Return the six estimates of checked calls."""
    n_positive, n_negative = int(diseased.sum()), int((~diseased).sum())
    tp, fp = int((called & diseased).sum()), int((called & ~diseased).sum())
    fn, tn = n_positive - tp, n_negative - fp
    study = _Study(n_positive=n_positive, n_negative=n_negative, ci_level=ci_level, label=label)
    sample = (
        "holds only at the prevalence of this sample, "
        f"{n_positive} of {n_positive + n_negative} cases"
    )
    return CallAccuracy(
        sensitivity=study.proportion("sensitivity", tp, n_positive),
        specificity=study.proportion("specificity", tn, n_negative),
        ppv=study.proportion("ppv", tp, tp + fp, note=sample),
        npv=study.proportion("npv", tn, tn + fn, note=sample),
        positive_likelihood_ratio=study.likelihood_ratio("positive_likelihood_ratio", tp, fp),
        negative_likelihood_ratio=study.likelihood_ratio("negative_likelihood_ratio", fn, tn),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Study:
    """What the six estimates of one set of calls have in common."""

    n_positive: int
    n_negative: int
    ci_level: float
    label: str

    def proportion(self, quantity: str, part: int, whole: int, *, note: str = "") -> Estimate:
        """Return a proportion with Wilson's interval, the study's counts and one more note."""
        estimate = wilson_ci(
            part, whole, ci_level=self.ci_level, quantity=quantity, label=self.label
        )
        return replace(
            estimate,
            n_cases=self.n_positive + self.n_negative,
            n_positive=self.n_positive,
            note="; ".join(text for text in (estimate.note, note) if text),
        )

    def likelihood_ratio(self, quantity: str, positive: int, negative: int) -> Estimate:
        """Return (positive / n_positive) / (negative / n_negative) with the log method.

        ``positive`` and ``negative`` count the cases of a class with the result in question.
        """
        ratio = self._ratio(positive, negative)
        log_error = math.nan
        if positive and negative:
            # Simel et al. 1991: the variance of a log binomial proportion x / n is 1/x - 1/n.
            terms = (1 / positive - 1 / self.n_positive, 1 / negative - 1 / self.n_negative)
            log_error = math.sqrt(sum(terms)) or math.nan
        reach = quantile(self.ci_level) * log_error
        return Estimate(
            quantity=quantity,
            unit="ratio",
            estimate=ratio,
            std_error=ratio * log_error,
            ci_low=ratio * math.exp(-reach),
            ci_high=ratio * math.exp(reach),
            ci_level=self.ci_level,
            ci_method="log",
            label=self.label,
            n_cases=self.n_positive + self.n_negative,
            n_positive=self.n_positive,
            method="likelihood ratio of a call",
            note=self._undefined(positive, negative) if math.isnan(log_error) else "",
        )

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
        if positive and negative:
            return f"{counts}: it tells nothing, and the log method has no interval"
        return f"{counts}: the log method needs both counts above 0, so there is no interval"
