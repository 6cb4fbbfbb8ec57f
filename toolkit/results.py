"""What a statistic returns: estimates, comparisons and curves that print, stack and serialise.

A comparison is always *b minus a*, or *b over a* where its effect is a ratio. Wrong input raises
in the statistic; a quantity that is not defined is NaN and its note says why. A field that does
not apply (no margin was set) is None. In a dictionary NaN is None, infinities are ``"inf"`` and
``"-inf"``, and fields that do not apply are left out, so that the three can be told apart. A result
may hold results, alone or in a tuple, and names in a tuple; a field that is an empty tuple is left
out as well and needs ``()`` as its default.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields
from html import escape
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, Self

import numpy as np

from toolkit.arrays import FloatArray

if TYPE_CHECKING:
    import pandas as pd

Effect = Literal["difference", "ratio"]
Better = Literal["higher", "lower"]

GLOSSARY: dict[str, str] = {
    "label": "who or what was measured: a reader, a modality, a subgroup",
    "quantity": "what is estimated: auc, sensitivity, specificity, recall_rate, ...",
    "unit": "unit of the estimate: probability, per_1000, s, ratio, ...",
    "estimate": "the point estimate; for a comparison b minus a, or b over a",
    "std_error": "standard error of the estimate, on its own scale",
    "std_error_null": "standard error if readers agreed by chance alone, for that test only",
    "ci_low": "lower limit of the confidence interval",
    "ci_high": "upper limit of the confidence interval",
    "ci_level": "confidence level of the interval, two-sided",
    "ci_method": "how the interval was made",
    "numerator": "count above the line of a proportion",
    "denominator": "count below the line of a proportion",
    "n_cases": "cases used",
    "n_positive": "cases used with the disease by the reference standard",
    "n_readers": "readers used",
    "n_clusters": "patients used, where cases cluster in patients",
    "label_a": "the comparator, subtracted or divided by",
    "label_b": "what is compared with a",
    "estimate_a": "the estimate of a",
    "estimate_b": "the estimate of b",
    "effect": "difference (b minus a) or ratio (b over a)",
    "statistic": "test statistic against no difference",
    "n_permutations": "permutations drawn for a P value",
    "cramers_v": "strength of an association, from 0, none, to 1, one class gives away the other",
    "smallest_expected": "smallest count of a table that independence would lead to expect",
    "df": "degrees of freedom of the statistic; infinite for a normal one",
    "df1": "degrees of freedom above the line of an F test, or of a chi-square test",
    "df2": "degrees of freedom below the line of an F test; infinite for a chi-square test",
    "p_value": "two-sided P against a difference of 0 or a ratio of 1",
    "claim": "what a plan claims: noninferiority, superiority, difference; none outside it",
    "verdict": "what the results show of a claim: shown, not shown, not tested, outside the plan",
    "p_adjusted": "P adjusted for all hypotheses of its family",
    "rejected": "whether the hypothesis is rejected, all of its family considered",
    "margin": "non-inferiority margin on the scale of the effect",
    "better": "whether higher or lower values are better",
    "p_noninferiority": "one-sided P of non-inferiority, judged at (1 - ci_level) / 2",
    "ms_modality": "mean square of the modalities",
    "ms_reader": "mean square of the readers",
    "ms_reader_modality": "mean square of reader by modality",
    "var_reader": "variance between readers",
    "var_reader_modality": "variance of reader by modality",
    "var_error": "variance over cases of one reader in one modality",
    "cov1": "covariance over cases: same reader, other modality",
    "cov2": "covariance over cases: other reader, same modality",
    "cov3": "covariance over cases: other reader, other modality",
    "share_reader_modality": "share of a variance made by reader by modality",
    "share_error": "share of a variance made by single readings",
    "share_cases": "share of a variance that all readers have from reading the same cases",
    "n_negative": "cases used without the disease by the reference standard",
    "true_a": "proportion of a that a plan takes as true",
    "true_b": "proportion of b that a plan takes as true",
    "true_difference": "difference b minus a that a plan takes as true",
    "power": "probability that the planned test shows what it is to show",
    "size": "probability that it does where its hypothesis just holds: its true level",
    "half_width": "expected half of the width of the confidence interval",
    "seed": "with which the random numbers can be drawn again",
    "both": "cases called positive by a and by b",
    "only_a": "cases called positive by a alone",
    "only_b": "cases called positive by b alone",
    "neither": "cases called positive by neither; absent where they were not verified",
    "n_discordant": "cases that a and b called differently",
    "n_a": "values of a used",
    "n_b": "values of b used",
    "numerator_a": "units of a with the event",
    "denominator_a": "all units of a",
    "numerator_b": "units of b with the event",
    "denominator_b": "all units of b",
    "events_a": "events counted in a",
    "exposure_a": "women, woman-years, images or readings in which the events of a were counted",
    "events_b": "events counted in b",
    "exposure_b": "the same for the events of b",
    "per": "what a printed number is per: 100 for percent, 1000 for numbers per 1,000",
    "kind": "kind of curve: roc, precision_recall, ...",
    "x": "horizontal axis of the curve",
    "y": "vertical axis of the curve",
    "threshold": "a case is called positive from this rating up",
    "method": "the statistical method, in words",
    "note": "what a reader of the number must know, and why it is undefined if it is",
}


def _to_plain(value: Any) -> Any:
    """Return a value that strict JSON can hold: NaN as None, infinities as words."""
    if isinstance(value, Result):
        return value.to_dict()
    if isinstance(value, np.ndarray):
        return _to_plain(value.tolist())
    if isinstance(value, list | tuple):
        return [_to_plain(item) for item in value]
    if isinstance(value, np.generic):
        return _to_plain(value.item())
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if math.isinf(value):
            return "inf" if value > 0 else "-inf"
    return value


def _from_plain(value: Any) -> Any:
    """Undo _to_plain for one value."""
    if isinstance(value, dict):
        return result_from_dict(value)
    if isinstance(value, list):
        return _from_list(value)
    if value is None:
        return math.nan
    if value in ("inf", "-inf"):
        return float(value)
    return value


def _from_list(values: list[Any]) -> Any:
    """Return results and names as a tuple, numbers as an array of any depth."""
    if values and all(isinstance(item, dict) for item in values):
        return tuple(_from_plain(item) for item in values)
    if values and all(isinstance(item, str) and item not in ("inf", "-inf") for item in values):
        return tuple(values)
    return np.array([_from_plain(item) for item in values], dtype=np.float64)


def joined(*notes: str) -> str:
    """Return the notes that are not empty as one text."""
    return "; ".join(note for note in notes if note)


@dataclass(frozen=True, kw_only=True, eq=False)
class Result:
    """Anything a statistic returns.

    Parameters
    ----------
    method : str
        The statistical method in words.
    note : str
        What a reader of the number must know; required where a value is NaN.
    """

    method: str
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse an undefined number without a reason and a field of the wrong form."""
        if not self.note and (undefined := self._undefined()):
            msg = (
                f"{type(self).__name__}: {', '.join(undefined)} undefined (NaN) without a note; "
                "give note= the reason in words"
            )
            raise ValueError(msg)

    def _undefined(self) -> list[str]:
        """Names of the scalar fields that are NaN."""
        pairs = ((field.name, getattr(self, field.name)) for field in fields(self))
        return [name for name, value in pairs if isinstance(value, float) and math.isnan(value)]

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain values for strict JSON, with its type under ``"type"``."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        plain = {
            name: _to_plain(value)
            for name, value in values.items()
            if value is not None and not (isinstance(value, tuple) and not value)
        }
        return {"type": type(self).__name__, **plain}

    @classmethod
    def from_dict(cls, plain: dict[str, Any]) -> Self:
        """Return the result that ``to_dict`` turned into ``plain``."""
        if plain.get("type") != cls.__name__:
            msg = f"type must be {cls.__name__!r} here, but got {plain.get('type')!r}"
            raise ValueError(msg)
        return cls(**{key: _from_plain(value) for key, value in plain.items() if key != "type"})

    def summary_frame(self) -> pd.DataFrame:
        """Return one row (a curve: one row a point) whose columns are all in GLOSSARY."""
        import pandas as pd

        values = {field.name: getattr(self, field.name) for field in fields(self)}
        shown = {name: value for name, value in values.items() if value is not None}
        length = max((v.size for v in shown.values() if isinstance(v, np.ndarray)), default=1)
        return pd.DataFrame(shown, index=range(length))

    def _repr_html_(self) -> str:
        """Return a small table for notebooks; the only place that rounds."""
        rows = "".join(
            f"<tr><th>{escape(name)}</th><td>{escape(_rounded(value))}</td></tr>"
            for name, value in self._shown().items()
        )
        return f"<table>{rows}</table>"

    def _shown(self) -> dict[str, Any]:
        """Fields that a notebook shows: those that apply, arrays by shape; no result inside it."""
        pairs = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if not _holds_results(getattr(self, field.name))
        }
        shown = {
            name: f"array {value.shape}" if isinstance(value, np.ndarray) else value
            for name, value in pairs.items()
        }
        return {name: value for name, value in shown.items() if value is not None and value != ""}


def _holds_results(value: Any) -> bool:
    """Whether a field is a result, or a tuple of them."""
    return isinstance(value, Result) or (
        isinstance(value, tuple) and any(isinstance(item, Result) for item in value)
    )


def _rounded(value: Any) -> str:
    """Return a value as text, floats to four decimals."""
    return f"{value:.4f}" if isinstance(value, float) else str(value)


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate(Result):
    """One estimated quantity with its uncertainty and its denominators.

    Every field is described in ``GLOSSARY``. Counts that do not apply are None.

    Examples
    --------
    >>> e = Estimate(quantity="sensitivity", unit="probability", estimate=0.9, std_error=0.042,
    ...              ci_low=0.79, ci_high=0.96, ci_level=0.95, ci_method="Wilson score",
    ...              numerator=45, denominator=50, method="proportion")
    >>> Estimate.from_dict(e.to_dict()).to_dict() == e.to_dict()
    True
    """

    quantity: str
    unit: str
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    ci_level: float
    ci_method: str
    label: str = ""
    numerator: float | None = None
    denominator: float | None = None
    n_cases: int | None = None
    n_positive: int | None = None
    n_readers: int | None = None
    n_clusters: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison(Estimate):
    """An estimated difference b minus a, or ratio b over a, with its test and its margin.

    ``p_value`` is two-sided against a difference of 0 (a ratio of 1) and is the test that the
    interval inverts. With a margin, ``p_noninferiority`` is one-sided and judged at
    (1 - ci_level) / 2, so that it agrees with the interval.
    """

    label_a: str
    label_b: str
    estimate_a: float
    estimate_b: float
    effect: Effect
    statistic: float
    df: float
    p_value: float
    margin: float | None = None
    better: Better | None = None
    p_noninferiority: float | None = None

    def __post_init__(self) -> None:
        """Check the margin as well."""
        super().__post_init__()
        largest = 1.0 if self.unit == "probability" else math.inf
        check_margin(self.margin, effect=self.effect, better=self.better, largest=largest)

    @property
    def noninferior(self) -> bool | None:
        """Whether the interval lies on the right side of the margin; None without a margin."""
        if self.margin is None:
            return None
        if self.better == "higher":
            limit = -self.margin if self.effect == "difference" else self.margin
            return self.ci_low > limit
        return self.ci_high < self.margin

    @property
    def null(self) -> float:
        """The effect that means no difference."""
        return 0.0 if self.effect == "difference" else 1.0

    @property
    def superior(self) -> bool | None:
        """Whether the interval lies wholly on the better side of no difference."""
        if self.better is None:
            return None
        return self.ci_low > self.null if self.better == "higher" else self.ci_high < self.null

    @property
    def worse(self) -> bool:
        """Whether the interval lies wholly on the bad side of no difference."""
        if self.better is None:
            return False
        return self.ci_high < self.null if self.better == "higher" else self.ci_low > self.null


def check_margin(
    margin: float | None, *, effect: Effect, better: Better | None, largest: float = 1.0
) -> None:
    """Raise if a non-inferiority margin does not fit its effect, its scale and its direction.

    ``largest`` is the largest difference that there can be: 1 between proportions and areas, the
    width of the range of any other figure. With a margin as large everything is non-inferior.
    """
    if better not in (None, "higher", "lower"):
        msg = f"better must be 'higher' or 'lower', but got {better!r}"
        raise ValueError(msg)
    if margin is None:
        return
    if isinstance(margin, bool | np.bool_) or not isinstance(margin, Real):
        msg = f"margin must be one number, but got {margin!r}; write it as 0.05, without quotes"
        raise ValueError(msg)
    if better is None:
        msg = f"margin={margin!r} needs better='higher' or better='lower'; there is no default"
        raise ValueError(msg)
    low, high, rule, remedy = _margin_rule(effect, better, largest)
    if not low < margin < high:
        msg = f"margin of a {effect} must be {rule}, but got {margin!r}; {remedy}"
        raise ValueError(msg)


def _margin_rule(effect: Effect, better: Better, largest: float) -> tuple[float, float, str, str]:
    """Return what a margin must lie between, the same in words, and an example."""
    if effect == "difference":
        end = f"below {largest:g}, the largest difference there can be"
        rule = f"positive and {end if largest < math.inf else 'finite'}"
        remedy = "its sign comes from better, and 5 points of a proportion or an area are 0.05"
        return 0.0, largest, rule, remedy
    if better == "higher":
        rule = "between 0 and 1 where higher is better"
        return 0.0, 1.0, rule, "0.9 allows a loss of a tenth"
    return 1.0, math.inf, "above 1 where lower is better", "1.1 allows a tenth more"


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve(Result):
    """A curve of operating points; ``x``, ``y`` and ``threshold`` have shape (n_points,)."""

    kind: str
    x: FloatArray
    y: FloatArray
    threshold: FloatArray
    label: str = ""
    n_cases: int | None = None
    n_positive: int | None = None

    def __post_init__(self) -> None:
        """Refuse axes of different lengths."""
        super().__post_init__()
        if not self.x.shape == self.y.shape == self.threshold.shape or self.x.ndim != 1:
            msg = (
                "x, y and threshold must have one shape (n_points,), "
                f"but got {self.x.shape}, {self.y.shape} and {self.threshold.shape}"
            )
            raise ValueError(msg)

    def _shown(self) -> dict[str, Any]:
        """Replace the arrays by their length."""
        shown = {name: getattr(self, name) for name in ("kind", "label", "method", "note")}
        return {**shown, "points": self.x.size, "cases": self.n_cases, "positive": self.n_positive}


def stacked_frame(results: Iterable[Result]) -> pd.DataFrame:
    """Return the summaries of several results below each other, in the columns of all."""
    import pandas as pd

    return pd.concat([result.summary_frame() for result in results], ignore_index=True)


def result_from_dict(plain: dict[str, Any]) -> Result:
    """Return the result that ``to_dict`` turned into ``plain``, whatever its type."""
    kinds: dict[str, type[Result]] = {}
    waiting: list[type[Result]] = [Result]
    while waiting:
        kind = waiting.pop()
        kinds[kind.__name__] = kind
        waiting.extend(kind.__subclasses__())
    name = plain.get("type", "")
    if name not in kinds:
        msg = f"type {name!r} is not a known result; known are {', '.join(sorted(kinds))}"
        raise ValueError(msg)
    return kinds[name].from_dict(plain)
