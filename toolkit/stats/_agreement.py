"""What all coefficients of agreement share: categories, weights, and the interval.

A coefficient is (observed - expected) / (1 - expected), where both are means of the weights of
pairs of readings: 1 for the same category, less the farther apart. Every interval is made from
influence values, the first-order effect of each case on the coefficient.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray, IndexArray
from toolkit.results import Estimate
from toolkit.stats._checks import _check_shape, _is_missing, _position, check_ci_level
from toolkit.stats._wald import quantile

NAMED_WEIGHTS = ("identity", "linear", "quadratic", "ordinal")
MISSING = -1
NO_VARIATION = "nothing varies between independent cases, so no standard error and no interval"

# Perfect agreement leaves a standard error of 0 or of a few roundings.
_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightTable:
    """Weights of agreement, shape (n_categories, n_categories), with their name in words."""

    matrix: FloatArray
    name: str
    lowest: float  # no kappa or alpha made with these weights lies below

    @property
    def plain(self) -> bool:
        """Whether only the same category counts as agreement."""
        return self.name == "identity"

    @property
    def lowest_ac(self) -> float:
        """The lowest value of Gwet's coefficient: AC2 of many categories can fall below -1."""
        return self.lowest if self.plain else -math.inf

    def method(self, coefficient: str) -> str:
        """Return the coefficient and its weights in words."""
        return coefficient if self.plain else f"{coefficient}, {self.name} weights"


def check_categories(categories: Sequence[object]) -> tuple[object, ...]:
    """Return the categories in their order; refuse fewer than two, repeats and missing ones."""
    listed = np.array(categories, dtype=object)
    if listed.ndim != 1 or listed.size < 2:
        msg = (
            "categories must list two categories or more, in their order, but got "
            f"{categories!r}; list all that could be chosen, also those that never were"
        )
        raise ValueError(msg)
    names = tuple(listed.tolist())
    for place, name in enumerate(names):
        if _is_missing(name) or name in names[:place]:
            what = "is missing" if _is_missing(name) else f"repeats {name!r}"
            msg = f"categories must be different, but position {place} {what}; name each once"
            raise ValueError(msg)
    return names


def category_codes(
    ratings: ArrayLike,
    *,
    name: str,
    categories: tuple[object, ...],
    axes: Sequence[str] = (),
    missing_allowed: bool = False,
) -> IndexArray:
    """Return each rating as the place of its category, shape (n_cases, *axes); missing is -1.

    Text and numbers are taken; 4 and 4.0 are one category, 4 and "4" are not.
    """
    # As objects: numpy would turn NaN in a list of text into the category "nan".
    array = ratings if isinstance(ratings, np.ndarray) else np.array(ratings, dtype=object)
    if np.ma.is_masked(array):
        msg = f"{name} holds masked values; make them NaN, or leave those cases out in view"
        raise ValueError(msg)
    _check_shape(array, name=name, axes=axes, n_cases=len(array) if array.ndim else 0)
    place = {category: number for number, category in enumerate(categories)}
    items = array.ravel().tolist()
    codes = np.array([place.get(item, MISSING) for item in items], dtype=np.intp)
    for number in np.flatnonzero(codes == MISSING).tolist():
        known_missing = _is_missing(items[number])
        if known_missing and missing_allowed:
            continue
        here = np.zeros(array.shape, dtype=bool)
        here.flat[number] = True
        if not known_missing:
            msg = (
                f"{name} must hold only categories, but {_position(here)} holds "
                f"{items[number]!r}; the categories are {', '.join(map(repr, categories))}"
            )
            raise ValueError(msg)
        msg = (
            f"{name} must not be missing, but {_position(here)} is missing; "
            "leave such cases out in view and report how many"
        )
        raise ValueError(msg)
    return codes.reshape(array.shape)


def check_weights(weights: str | ArrayLike, n_categories: int) -> WeightTable:
    """Return named weights, or given ones: symmetric, 1 on the diagonal, from 0 to below 1 off it.

    With d steps between two categories of q, linear weights are 1 - d / (q - 1), quadratic ones
    1 - (d / (q - 1))^2 and ordinal ones 1 - d (d + 1) / (q (q - 1)) (Gwet 2014).
    """
    if isinstance(weights, str):
        return _named_weights(weights, n_categories)
    matrix = np.asarray(weights, dtype=np.float64)
    if matrix.shape != (n_categories, n_categories):
        msg = (
            f"weights must have shape ({n_categories}, {n_categories}), one row and column for "
            f"each category, but got {matrix.shape}"
        )
        raise ValueError(msg)
    off = ~np.eye(n_categories, dtype=bool)
    wrong = ~np.where(off, (matrix >= 0) & (matrix < 1) & (matrix == matrix.T), matrix == 1)
    if wrong.any():
        msg = (
            "weights must be symmetric, 1 on the diagonal and from 0 to below 1 elsewhere, but "
            f"{_position(wrong)} holds {float(matrix[wrong][0])!r}; give agreement, not distance"
        )
        raise ValueError(msg)
    return WeightTable(matrix=matrix, name="given", lowest=-math.inf)


def _named_weights(name: str, n_categories: int) -> WeightTable:
    """Return the weights of a name."""
    if name not in NAMED_WEIGHTS:
        known = ", ".join(repr(known) for known in NAMED_WEIGHTS)
        msg = f"weights must be one of {known} or a matrix, but got {name!r}"
        raise ValueError(msg)
    order = np.arange(n_categories)
    steps = np.abs(order[:, None] - order).astype(np.float64)
    q = n_categories
    matrix = {
        "identity": np.eye(q),
        "linear": 1 - steps / (q - 1),
        "quadratic": 1 - (steps / (q - 1)) ** 2,
        "ordinal": 1 - steps * (steps + 1) / (q * (q - 1)),
    }[name]
    return WeightTable(matrix=matrix, name=name, lowest=-1.0)


def no_chance_left(expected: float) -> bool:
    """Whether agreement expected by chance is 1, so that no coefficient is defined."""
    return bool(1 - expected <= _ROUNDING)


def standard_error(variance: float) -> float:
    """Return the square root of a variance; NaN where nothing varied but for rounding."""
    error = math.sqrt(max(variance, 0.0))
    return error if error > _ROUNDING else math.nan


def agreement_estimate(
    value: float,
    error: float,
    *,
    df: float,
    lowest: float,
    ci_level: float,
    notes: Sequence[str] = (),
    **fields: Any,
) -> Estimate:
    """Return a coefficient with the t interval of its standard error, kept within its range.

    ``error`` is NaN where there is none; the interval is then left out and the note says so.
    """
    reach = quantile(check_ci_level(ci_level), max(df, 1.0)) * error
    told = [note for note in notes if note]
    if math.isnan(error) and not math.isnan(value):
        told.append(NO_VARIATION)
    return Estimate(
        estimate=value,
        std_error=error,
        ci_low=max(value - reach, lowest) if reach == reach else math.nan,
        ci_high=min(value + reach, 1.0) if reach == reach else math.nan,
        ci_level=ci_level,
        ci_method="linearised, t",
        unit="index",
        note="; ".join(told),
        **fields,
    )
