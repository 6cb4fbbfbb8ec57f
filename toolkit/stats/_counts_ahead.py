"""Predictive distribution of the cases of the months ahead: beta negative binomial.

Given the rate r, the cases of h months are negative binomial with size h / v and mean r h, where v
is the squared coefficient of variation between months. With s cases in k months and the prior 1/r,
v r / (1 + v r) is Beta(s, k / v), so that, as in a Polya urn,

    P(X = 0)     = product over i < s of (k + i v) / (k + h + i v)
    P(X = x + 1) = P(X = x) (h + x v) (s + x) / ((x + 1) (k + h + (s + x) v)).

In this form v = 0, the negative binomial of a gamma-Poisson model, needs no limit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from toolkit.arrays import FloatArray


@dataclass(frozen=True, kw_only=True)
class CountsAhead:
    """What ``pace_count`` cases in ``pace_months`` months say of the months ahead.

    ``pace_count``, above 0, need not be whole; ``overdispersion`` is the coefficient of variation
    of the rate between months.
    """

    pace_count: float
    pace_months: int
    overdispersion: float

    def distribution(self, months_ahead: int, size: int) -> FloatArray:
        """Return P(X <= x) for the cases X of the months ahead and x = 0 ... size - 1."""
        between, months = self.overdispersion**2, self.pace_months + months_ahead
        x = np.arange(size - 1)
        steps = np.log(
            (months_ahead + x * between)
            * (self.pace_count + x)
            / ((x + 1) * (months + (self.pace_count + x) * between))
        )
        logs = self._log_none(months_ahead) + np.concatenate(([0.0], steps.cumsum()))
        below: FloatArray = np.exp(logs).cumsum()
        return below.clip(max=1.0)

    def quantiles(self, months_ahead: int, levels: Sequence[float]) -> FloatArray:
        """Return for each level the fewest cases x with P(X <= x) >= level."""
        size = math.ceil(2 * months_ahead * self.pace_count / self.pace_months) + 64
        below = self.distribution(months_ahead, size)
        while below[-1] < max(levels):
            size *= 2
            below = self.distribution(months_ahead, size)
        return np.searchsorted(below, levels).astype(np.float64)

    def probability_of(self, cases: int, months_ahead: int) -> float:
        """Return P(X >= cases) of the months ahead; ``cases`` must be above 0."""
        return 1.0 - float(self.distribution(months_ahead, cases)[-1])

    def months_until(self, cases: int, level: float, *, latest: int) -> float:
        """Return the fewest months ahead with P(X >= cases) >= level; inf beyond ``latest``."""
        if self.probability_of(cases, latest) < level:
            return math.inf
        low, high = 0, latest
        while high - low > 1:
            middle = (low + high) // 2
            if self.probability_of(cases, middle) < level:
                low = middle
            else:
                high = middle
        return float(high)

    def _log_none(self, months_ahead: int) -> float:
        """Return log P(X = 0)."""
        between, now = self.overdispersion**2, self.pace_months
        whole = math.floor(self.pace_count)
        part = self.pace_count - whole
        spent = now + (part + np.arange(whole)) * between
        total = float(np.log(spent / (spent + months_ahead)).sum())
        if part and between:  # rising factorials where the count is not whole
            first = special.poch(now / between, part)
            return total + math.log(first / special.poch((now + months_ahead) / between, part))
        return total + part * math.log(now / (now + months_ahead))
