"""The axis of an interval bar: its range, places in percent, and round ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

EDGE = 100.0

_SPARE = 0.10
_MOST_TICKS = 9
_STEPS = (1, 2, 5)
# Beyond this ratio of its ends a log axis has ticks at 1, 2 and 5 of each power of ten.
_WIDE_RATIO = 3.0


@dataclass(frozen=True, kw_only=True)
class BarAxis:
    """A range, and where on it a value stands in percent."""

    low: float
    high: float
    log: bool

    def place(self, value: float) -> float:
        """Return the place of a value in percent, at the edge where it lies outside."""
        if value <= self.low or value >= self.high:
            return EDGE if value >= self.high else 0.0
        if self.log:
            return math.log(value / self.low) / math.log(self.high / self.low) * EDGE
        return (value - self.low) / (self.high - self.low) * EDGE


def axis_around(values: Sequence[float], *, log: bool) -> BarAxis:
    """Return the range that holds all values with a tenth to spare at both ends.

    Examples
    --------
    >>> axis_around([0.0, 10.0], log=False)
    BarAxis(low=-1.0, high=11.0, log=False)
    """
    scaled = [math.log(value) if log else value for value in values]
    least, most = min(scaled), max(scaled)
    spare = (most - least) * _SPARE or abs(most) * _SPARE or 1.0
    low, high = least - spare, most + spare
    return BarAxis(low=math.exp(low) if log else low, high=math.exp(high) if log else high, log=log)


def round_ticks(axis: BarAxis) -> tuple[list[float], int]:
    """Return ticks at round values inside a range, and the decimals that tell them apart.

    Examples
    --------
    >>> round_ticks(BarAxis(low=-1.0, high=11.0, log=False))
    ([0.0, 2.0, 4.0, 6.0, 8.0, 10.0], 0)
    """
    if axis.log and axis.high / axis.low > _WIDE_RATIO:
        powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
        values = [step * 10.0**power for power in powers for step in _STEPS]
        ticks = [value for value in values if axis.low <= value <= axis.high]
        return ticks, max(0, -math.floor(math.log10(axis.low)))
    span = axis.high - axis.low
    power = 10.0 ** math.floor(math.log10(span / _MOST_TICKS))
    step = next(k * power for k in (*_STEPS, 10) if span / (k * power) <= _MOST_TICKS)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(axis.low / step - 1e-9), math.floor(axis.high / step + 1e-9)
    return [round(index * step, decimals) + 0.0 for index in range(first, last + 1)], decimals
