"""The cases that the predictive values of two methods rest on, by who called them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.stats.paired import PairedCounts

_IS_RIGHT = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
_CALLED_BY_A = np.array([1.0, 0.0, 1.0, 1.0, 0.0, 1.0])
_CALLED_BY_B = np.array([1.0, 1.0, 0.0, 1.0, 1.0, 0.0])


def ppv_tables(cancers: PairedCounts, others: PairedCounts) -> PredictiveTables:
    """Return the positive calls: right ones are of cancers."""
    return PredictiveTables(
        right=cancers, wrong=others, call="positive", none_right="found no cancer"
    )


def npv_tables(cancers: PairedCounts, others: PairedCounts, caller: str) -> PredictiveTables:
    """Return the negative calls: right ones are of cases without the disease."""
    for name, table in (("cancers", cancers), ("others", others)):
        if table.neither is None:
            msg = (
                f"{caller} needs {name}.neither, the cases that neither method called positive, "
                "but got None; count them once every case has been verified"
            )
            raise ValueError(msg)
    return PredictiveTables(
        right=others.negative_calls(),
        wrong=cancers.negative_calls(),
        call="negative",
        none_right="called no case without the disease negative",
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class PredictiveTables:
    """Cases whose call is right and cases whose call is wrong, by who made that call.

    For positive predictive values the call is a positive one, for negative ones a negative one.
    """

    right: PairedCounts
    wrong: PairedCounts
    call: str
    none_right: str

    @property
    def cells(self) -> FloatArray:
        """Cases called by both, by b alone and by a alone: the right ones, then the wrong."""
        tables = (self.right, self.wrong)
        return np.array([n for t in tables for n in (t.both, t.only_b, t.only_a)], np.float64)

    @property
    def n_right(self) -> int:
        """Cases that at least one method called rightly."""
        return self.right.positive_b + self.right.only_a

    @property
    def n_wrong(self) -> int:
        """Cases that at least one method called wrongly."""
        return self.wrong.positive_b + self.wrong.only_a

    def values(self) -> tuple[PredictiveValue, PredictiveValue]:
        """Return the predictive values of a and of b."""
        return (
            PredictiveValue("a", self.right.positive_a, self.wrong.positive_a, _CALLED_BY_A),
            PredictiveValue("b", self.right.positive_b, self.wrong.positive_b, _CALLED_BY_B),
        )

    def residuals(self, pooled: float) -> FloatArray:
        """Return what each cell's calls lie above the share ``pooled`` of right calls."""
        return _IS_RIGHT - pooled

    def std_error(self, gradient: FloatArray) -> float:
        """Return the standard error of a function of the cells by the delta method.

        The function does not change when all cells grow by one factor, so the terms that make
        counts multinomial instead of Poisson vanish, and the cases that nobody called do not
        matter.
        """
        return math.sqrt(float(self.cells @ gradient**2))

    def note(self, *, is_ratio: bool, same: bool) -> str:
        """Return why something is not defined, or nothing."""
        a, b = self.values()
        empty = [value.name for value in (a, b) if not value.called]
        if empty:
            return f"{' and '.join(empty)} called no case {self.call}"
        if is_ratio and not a.right:
            return f"the ratio is not defined: a {self.none_right}"
        if is_ratio and not b.right:
            return f"b {self.none_right}: the interval of the ratio is not defined"
        return "the calls vary too little for a standard error" if same else ""


@dataclass(frozen=True)
class PredictiveValue:
    """A predictive value: the calls that are right and wrong, and which of the cells it counts."""

    name: str
    right: int
    wrong: int
    counts: FloatArray

    @property
    def called(self) -> int:
        """All of its calls."""
        return self.right + self.wrong

    @property
    def value(self) -> float:
        """Share of the calls that are right."""
        return self.right / self.called if self.called else math.nan

    def gradient(self) -> FloatArray:
        """Return the derivatives of the predictive value by the six cells."""
        return self.counts * (_IS_RIGHT - self.value) / (self.called or math.nan)

    def log_gradient(self) -> FloatArray:
        """Return the derivatives of its logarithm."""
        return self.gradient() / (self.value or math.nan)
