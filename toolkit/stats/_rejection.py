"""Exact probability that a test of counts rejects: outcomes added up, none left to chance.

For each value of the other counts the test rejects where one count is at most some number, or at
least some other. Those are found by bisection, so the test must not turn back as that count moves
away from what is expected.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import bdtr, bdtrc, gammaln, xlog1py, xlogy

from toolkit.arrays import FloatArray

_SPREADS = 9.0  # standard deviations of a count that are added up, and as many counts more
_COUNTS = 30


def bulk(n: int, share: float) -> range:
    """Return the counts of a binomial that hold all but about 1e-14 of its probability."""
    center, spread = n * share, math.sqrt(n * share * (1 - share))
    reach = _SPREADS * spread + _COUNTS
    return range(max(math.floor(center - reach), 0), min(math.ceil(center + reach), n) + 1)


def binomial_mass(counts: range, n: int, share: float) -> FloatArray:
    """Return the probabilities of counts of a binomial."""
    k = np.asarray(counts, dtype=np.float64)
    choose = gammaln(n + 1.0) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.exp(choose + xlogy(k, share) + xlog1py(n - k, -share)), dtype=np.float64)


def rejection_probability(
    n: int, share: float, *, low: Callable[[int], bool] | None, high: Callable[[int], bool]
) -> float:
    """Return P(a binomial count rejects), by ``low`` from 0 up to some count or ``high`` from one.

    ``low`` turns from true to false as the count grows, ``high`` from false to true.
    """
    counts = bulk(n, share)
    first = _first(counts, high)
    above = bdtrc(first - 1, n, share) if first > 0 else 1.0
    if low is None:
        return float(above)
    last = _first(counts, lambda count: not low(count)) - 1
    return float(above + (bdtr(last, n, share) if last >= 0 else 0.0))


def _first(counts: range, true: Callable[[int], bool]) -> int:
    """Return the first count at which ``true`` holds; the one after the last if it never does."""
    start, end = counts.start, counts.stop
    while start < end:
        middle = (start + end) // 2
        start, end = (start, middle) if true(middle) else (middle + 1, end)
    return start
