"""Ticks at round values, written as the book writes numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from toolkit.wording import Form, number_text

_STEPS = (1.0, 2.0, 5.0, 10.0)
# From fine to coarse; the first with at most seven ticks on the axis is taken.
_RATIO_TICKS = (
    tuple(step / 20 for step in range(10, 41)),
    tuple(step / 10 for step in range(3, 21)),
    tuple(step / 5 for step in range(2, 11)),
    (0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0),
    (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0),
)
_MOST_RATIO_TICKS = 7
_NARROW = 3.0
# Per power of ten, from fine to coarse.
_LOG_TICKS = (
    (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0),
    (1.0, 2.0, 5.0),
    (1.0, 3.0),
    (1.0,),
)


def nice_ticks(low: float, high: float, *, most: int) -> list[float]:
    """Return ticks at multiples of 1, 2 or 5 times a power of ten, at most ``most`` of them.

    Examples
    --------
    >>> nice_ticks(-0.16, 0.11, most=6)
    [-0.15, -0.1, -0.05, 0.0, 0.05, 0.1]
    """
    span = high - low
    power = 10.0 ** math.floor(math.log10(span / most))
    for factor in (*_STEPS, 2 * _STEPS[-1]):  # rounding can leave the power one too low
        step = factor * power
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            break
    digits = max(0, -math.floor(math.log10(step)))
    return [round(index * step, digits) + 0.0 for index in range(first, last + 1)]


def tick_text(
    ticks: Sequence[float], *, form: Form = "number", unit_last: bool = False
) -> list[str]:
    """Return ticks as text with equal decimals; zero is a plain 0.

    Parameters
    ----------
    ticks : sequence of float
        Round values; fractions from 0 to 1 for ``percent``.
    form : Form
        Kind of number.
    unit_last : bool
        Whether the last tick carries the percent sign.

    Examples
    --------
    >>> tick_text([-0.05, 0.0, 0.05]), tick_text([0.0, 0.5, 1.0], form="percent", unit_last=True)
    (['−0.05', '0', '0.05'], ['0', '50', '100%'])
    """
    values = [round(tick * (100 if form == "percent" else 1), 10) for tick in ticks]
    digits = max((_decimals(value) for value in values), default=0)
    texts = [number_text(value, digits=digits) if value else "0" for value in values]
    if unit_last and form == "percent" and texts:
        texts[-1] += "%"
    return texts


def _decimals(value: float) -> int:
    """Return how many decimals a round value needs."""
    text = f"{value:.10f}".rstrip("0")
    return len(text) - text.index(".") - 1


def ratio_ticks(low: float, high: float) -> tuple[list[float], list[str]]:
    """Return ticks of a log axis around 1 and their texts.

    Examples
    --------
    >>> ratio_ticks(0.5, 2.1)
    ([0.5, 0.7, 1.0, 1.4, 2.0], ['0.5', '0.7', '1', '1.4', '2'])
    """
    ladders = [[tick for tick in ladder if low <= tick <= high] for ladder in _RATIO_TICKS]
    ticks = next((found for found in ladders if len(found) <= _MOST_RATIO_TICKS), ladders[-1])
    return ticks, [number_text(tick, digits=_decimals(tick)) for tick in ticks]


def log_ticks(low: float, high: float, *, most: int) -> tuple[list[float], list[str]]:
    """Return round ticks of a log axis of values above 0, and their texts.

    There are at most ``most`` of them, or one per power of ten where that is more.

    Examples
    --------
    >>> log_ticks(5.0, 2300.0, most=9)[1]
    ['5', '10', '20', '50', '100', '200', '500', '1,000', '2,000']
    >>> log_ticks(40.0, 95.0, most=7)[1]
    ['40', '50', '60', '70', '80', '90']
    """
    if high < _NARROW * low:  # steps of one size are still far enough apart
        ticks = nice_ticks(low, high, most=most)
        return ticks, tick_text(ticks)
    powers = range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1)
    for ladder in _LOG_TICKS:
        every = (round(step * 10.0**power, 10) for power in powers for step in ladder)
        ticks = [tick for tick in every if low <= tick <= high]
        if len(ticks) <= most:
            break
    return ticks, [number_text(tick, digits=_decimals(tick)) for tick in ticks]
