"""A printed difference or ratio as a Comparison: its standard error and P recovered.

A paper prints an estimate with an interval, rounded, and seldom more. Where the interval is the
estimate plus and minus some standard errors, on the log scale for a ratio, the standard error is
half of its width over the normal quantile; where a P value is all there is, the standard error is
the estimate over the deviate of P. How far rounding leaves P open is part of the result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from scipy.special import ndtri

from toolkit.results import Better, Comparison, Effect, Result, check_margin, joined
from toolkit.stats._checks import check_ci_level, check_positive
from toolkit.stats._inference import quantile, upper_tail, wald_difference, wald_ratio

_NUMBER = re.compile(r"[+-]?\d+(?:\.(\d+))?")


@dataclass(frozen=True, kw_only=True)
class PrintedResult(Result):
    """A difference b minus a, or a ratio b over a, with its interval or its P as printed.

    Numbers are text, just as they stand in the paper: ``"0.70"`` was rounded to two decimals,
    ``"0.7"`` to one. A minus sign or a decimal point from a typeset page is taken as well.

    Parameters
    ----------
    estimate : str
        The difference, or the ratio.
    effect : {"difference", "ratio"}
        Which of them it is; odds ratios and hazard ratios are ratios.
    ci_low, ci_high : str, optional
        Both limits; left out where only a P value is printed.
    p_value : str, optional
        The two-sided P value; only where no limits are.
    ci_level : float
        Confidence level of the printed limits, two-sided; of the limits that are made where only P
        is printed.
    estimate_a, estimate_b : str, optional
        The printed values of the comparator and of the new method.
    per : float
        What differences and values are printed per: 100 for percent or percentage points, 1000 for
        numbers per 1,000. A ratio has no unit.

    Raises
    ------
    ValueError
        If a text is no number, the limits are not in order or do not hold the estimate, a ratio or
        its lower limit is printed as 0 or less, or not just one of limits and P is given.

    Examples
    --------
    >>> recalls = PrintedResult(estimate="1.08", ci_low="0.99", ci_high="1.17", effect="ratio")
    >>> recalls.values["ci_high"]
    1.17
    """

    estimate: str
    effect: Effect
    ci_low: str | None = None
    ci_high: str | None = None
    p_value: str | None = None
    ci_level: float = 0.95
    estimate_a: str | None = None
    estimate_b: str | None = None
    per: float = 1.0
    method: str = "as printed"

    def __post_init__(self) -> None:
        """Check the numbers, one by one and together."""
        if self.effect not in ("difference", "ratio"):
            msg = f"effect must be 'difference' or 'ratio', but got {self.effect!r}"
            raise ValueError(msg)
        check_ci_level(self.ci_level)
        check_positive(self.per, name="per")
        values = self.values
        limits = [name for name in ("ci_low", "ci_high") if name in values]
        if len(limits) == 1 or bool(limits) == ("p_value" in values):
            msg = "either ci_low and ci_high, or p_value where no limits are printed; give one"
            raise ValueError(msg)
        if limits:
            self._check_limits(values)
        else:
            self._check_p(values)
        super().__post_init__()

    @property
    def values(self) -> dict[str, float]:
        """The numbers that were given, in their unit."""
        texts = {name: getattr(self, name) for name in _NUMBERS if getattr(self, name) is not None}
        return {name: _value(text, name) / self._per(name) for name, text in texts.items()}

    @property
    def rounding(self) -> dict[str, float]:
        """Half a unit of the last printed decimal of each number."""
        texts = {name: getattr(self, name) for name in _NUMBERS if getattr(self, name) is not None}
        return {name: _half_unit(text) / self._per(name) for name, text in texts.items()}

    def _per(self, name: str) -> float:
        """Return what a number is divided by."""
        unitless = name == "p_value" or (self.effect == "ratio" and name in _OF_EFFECT)
        return 1.0 if unitless else self.per

    def _check_limits(self, values: dict[str, float]) -> None:
        """Refuse limits that cannot be those of the estimate."""
        low, estimate, high = (values[name] for name in ("ci_low", "estimate", "ci_high"))
        if not (low <= estimate <= high and low < high):
            msg = (
                "ci_low, estimate and ci_high must rise, but got "
                f"{self.ci_low}, {self.estimate}, {self.ci_high}; look for a lost minus sign"
            )
            raise ValueError(msg)
        if self.effect == "ratio" and low <= 0:
            msg = (
                f"ci_low of a ratio must be above 0, but got {self.ci_low}; its logarithm is "
                "needed, so find it with more decimals"
            )
            raise ValueError(msg)

    def _check_p(self, values: dict[str, float]) -> None:
        """Refuse a P value that gives no standard error."""
        if not 0 < values["p_value"] < 1:
            msg = f"p_value must lie between 0 and 1, but got {self.p_value}"
            raise ValueError(msg)
        if self.effect == "ratio" and values["estimate"] <= 0:
            msg = f"estimate of a ratio must be above 0, but got {self.estimate}"
            raise ValueError(msg)
        if values["estimate"] == (1.0 if self.effect == "ratio" else 0.0):
            msg = (
                f"estimate {self.estimate} shows no effect, and then its P value says nothing of "
                "its standard error; find the interval"
            )
            raise ValueError(msg)


_OF_EFFECT = ("estimate", "ci_low", "ci_high")
_NUMBERS = (*_OF_EFFECT, "p_value", "estimate_a", "estimate_b")


def _plain(text: str) -> str:
    """Return a number without what typesetters put into it."""
    return text.strip().replace("−", "-").replace("–", "-").replace("·", ".")


def _value(text: str, name: str) -> float:
    """Return a printed number."""
    if not isinstance(text, str) or not _NUMBER.fullmatch(_plain(text)):
        msg = (
            f"{name} must be a number as text, just as it is printed, such as '0.70', but got "
            f"{text!r}; a bound such as '<0.001' is no number"
        )
        raise ValueError(msg)
    return float(_plain(text))


def _half_unit(text: str) -> float:
    """Return half a unit of the last decimal."""
    found = _NUMBER.fullmatch(_plain(text))
    assert found is not None  # _value was asked first
    return 0.5 * 10.0 ** -len(found[1] or "")


def published_comparison(
    printed: PrintedResult,
    *,
    margin: float | None = None,
    better: Better | None = None,
    quantity: str = "effect",
    unit: str = "probability",
    label_a: str = "a",
    label_b: str = "b",
) -> Comparison:
    """Turn a printed difference or ratio into a Comparison, so that it can stand beside our own.

    Parameters
    ----------
    printed : PrintedResult
        The numbers of the paper.
    margin : float, optional
        Non-inferiority margin, in the unit of the result: of a difference above 0, of a ratio below
        1 where higher is better and above 1 where lower is.
    better : {"higher", "lower"}, optional
        Which direction is better; required with a margin.
    quantity, label_a, label_b : str
        What is compared, the comparator, and the new method.
    unit : str
        Unit of a difference, once it is divided by ``per``.

    Returns
    -------
    Comparison
        Estimate and limits are the printed ones; where only P is printed the limits are made from
        it. ``std_error`` is that of the effect, for a ratio the ratio times that of its logarithm.
        ``p_value`` and ``p_noninferiority`` are normal. The note gives the range of P that rounding
        leaves open, and says where the printed interval is not symmetric, or does not agree with P.
        Values of a and b that are not given are NaN, with a note.

    Raises
    ------
    ValueError
        If the margin or the direction is wrong.

    Notes
    -----
    From an interval the standard error is its width over twice the normal quantile [1]_, from a P
    value the estimate over the normal deviate of P [2]_, ratios on the log scale; with the normal
    distribution itself, not the approximation of it that both papers print for calculators. Exact
    only where the paper's interval is of that kind: those of score methods, of small samples with t
    and of bootstraps are not, and their P values will differ from this one. Limits that are
    symmetric about the estimate, as far as rounding shows, are no proof.

    References
    ----------
    .. [1] Altman DG, Bland JM. BMJ 2011;343:d2304. doi:10.1136/bmj.d2304
    .. [2] Altman DG, Bland JM. BMJ 2011;343:d2090. doi:10.1136/bmj.d2090

    Examples
    --------
    Recalls in MASAI: the paper prints P = 0.084.

    >>> printed = PrintedResult(estimate="1.08", ci_low="0.99", ci_high="1.17", effect="ratio")
    >>> recalls = published_comparison(printed, better="lower", quantity="recall_rate")
    >>> f"P {recalls.p_value:.3f}; {recalls.note.split(';')[0]}"
    'P 0.071; from rounded numbers P lies between 0.043 and 0.11'

    More patients recovered with zinc, 49 % against 32 %, P = 0.032.

    >>> zinc = PrintedResult(estimate="17", p_value="0.032", effect="difference", per=100,
    ...                      estimate_a="32", estimate_b="49")
    >>> change = published_comparison(zinc, quantity="recovery")
    >>> f"{change.estimate:.2f} ({change.ci_low:.3f}, {change.ci_high:.3f})"
    '0.17 (0.015, 0.325)'
    """
    largest = 1.0 if unit == "probability" else math.inf
    check_margin(margin, effect=printed.effect, better=better, largest=largest)
    values, ratio = printed.values, printed.effect == "ratio"
    scale: Callable[[float], float] = math.log if ratio else float
    error, level = _standard_error(printed, scale), printed.ci_level
    fields: dict[str, Any] = {"std_error": error}
    if ratio:
        fields |= vars(
            wald_ratio(values["estimate"], error, ci_level=level, margin=margin, better=better)
        )
    else:
        fields |= vars(
            wald_difference(
                values["estimate"],
                error,
                ci_level=level,
                margin=margin,
                better=better,
                largest=math.inf,
            )
        )
    from_limits = "ci_low" in values
    if from_limits:
        fields |= {"ci_low": values["ci_low"], "ci_high": values["ci_high"]}
    return Comparison(
        method="published result, " + ("P from its interval" if from_limits else "interval from P"),
        ci_method="as printed" if from_limits else "normal, from the printed P",
        note=_note(printed, fields["p_value"], scale),
        quantity=quantity,
        unit="ratio" if ratio else unit,
        effect=printed.effect,
        label_a=label_a,
        label_b=label_b,
        estimate=values["estimate"],
        estimate_a=values.get("estimate_a", math.nan),
        estimate_b=values.get("estimate_b", math.nan),
        **fields,
    )


def _standard_error(printed: PrintedResult, scale: Callable[[float], float]) -> float:
    """Return the standard error on the scale on which the interval is symmetric."""
    values = printed.values
    if "ci_low" in values:
        width = scale(values["ci_high"]) - scale(values["ci_low"])
        return width / (2 * quantile(printed.ci_level))
    return abs(scale(values["estimate"])) / -float(ndtri(values["p_value"] / 2))


def _note(printed: PrintedResult, p_value: float, scale: Callable[[float], float]) -> str:
    """Return what rounding and another kind of interval leave open."""
    values, words = printed.values, ""
    if "ci_low" in values:
        least, most = _p_range(printed, scale)
        words = joined(
            f"from rounded numbers P lies between {least:.2g} and {most:.2g}",
            _asymmetry(printed, scale),
            _disagreement(printed, p_value),
        )
    absent = [name[-1] for name in ("estimate_a", "estimate_b") if name not in values]
    return joined(words, f"no value of {' and '.join(absent)} is given" if absent else "")


def _ends(
    printed: PrintedResult, name: str, scale: Callable[[float], float]
) -> tuple[float, float]:
    """Return between what a number may have lain before it was rounded, on the scale."""
    value, half = printed.values[name], printed.rounding[name]
    return scale(value - half), scale(value + half)


def _p_range(printed: PrintedResult, scale: Callable[[float], float]) -> tuple[float, float]:
    """Return the smallest and the largest P that the rounded numbers allow."""
    estimate, low, high = (_ends(printed, name, scale) for name in _OF_EFFECT)
    far = max(abs(end) for end in estimate)
    near = 0.0 if estimate[0] < 0 < estimate[1] else min(abs(end) for end in estimate)
    twice = 2 * quantile(printed.ci_level)
    narrow, wide = max(high[0] - low[1], 0.0) / twice, (high[1] - low[0]) / twice
    least = 2 * upper_tail(far / narrow) if narrow else 0.0
    return least, 2 * upper_tail(near / wide)


def _asymmetry(printed: PrintedResult, scale: Callable[[float], float]) -> str:
    """Return a warning where rounding alone does not explain how far the estimate is off center."""
    estimate, low, high = (_ends(printed, name, scale) for name in _OF_EFFECT)
    center = (low[0] + high[0]) / 2, (low[1] + high[1]) / 2
    if center[0] <= estimate[1] and estimate[0] <= center[1]:
        return ""
    where = "on the log scale " if printed.effect == "ratio" else ""
    return f"the interval is not symmetric {where}about the estimate: P and its error approximate"


def _disagreement(printed: PrintedResult, p_value: float) -> str:
    """Return a warning where P and the printed limits say different things of no effect."""
    null = 1.0 if printed.effect == "ratio" else 0.0
    excluded = not printed.values["ci_low"] <= null <= printed.values["ci_high"]
    if excluded == (p_value < 1 - printed.ci_level):
        return ""
    return (
        f"P does not agree with the interval, which {'excludes' if excluded else 'holds'} {null:g}"
    )
