"""Checks of arguments that all statistics share.

Each check returns the argument in the one form that the statistics work with and raises a
``ValueError`` that names the argument, the rule, what was got (the first offending position,
counted from 0) and a remedy. Identifiers of patients are never printed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from toolkit.arrays import BoolArray, FloatArray, IndexArray, IntArray, ObjectArray

_MethodT = TypeVar("_MethodT")
_LARGEST_EXACT_INTEGER = 2**53

Rng = int | np.random.SeedSequence | np.random.Generator


def _position(wrong: BoolArray) -> str:
    """Return the first place where ``wrong`` is true, as text."""
    place = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    index = ", ".join(str(int(axis)) for axis in place)
    return f"position {index}" if len(place) == 1 else f"position ({index})"


def check_numbers(values: ArrayLike, *, name: str) -> NDArray[Any]:
    """Return ``values`` as an array of numbers or booleans; refuse text, dates and masks.

    The first check of every array, whatever its shape; NaN and infinities are left to the others.
    """
    refuse_mask(values, name=name)
    try:
        array = np.asarray(values)
    except ValueError:
        msg = f"{name} must be one array of numbers, but its rows have different lengths"
        raise ValueError(msg) from None
    if array.dtype.kind == "O":
        array = _numbers_from_objects(array, name=name)
    if array.dtype.kind not in "biuf":
        msg = f"{name} must hold numbers, but its dtype is {array.dtype}; convert it first"
        raise ValueError(msg)
    return array


def refuse_mask(values: object, *, name: str) -> None:
    """Refuse masked values, which numpy.asarray would silently unmask."""
    if np.ma.is_masked(values):
        msg = f"{name} holds masked values; leave those cases out or fill them in view first"
        raise ValueError(msg)


def _numbers_from_objects(array: ObjectArray, *, name: str) -> FloatArray:
    """Return an object array as float64 if everything in it is a number."""
    wrong = np.array([not isinstance(item, Real) for item in array.flat], dtype=bool)
    if wrong.any():
        got = type(array.flat[int(np.argmax(wrong))]).__name__
        msg = (
            f"{name} must hold numbers, but {_position(wrong.reshape(array.shape))} holds "
            f"a value of type {got}; convert it, or leave the case out in view"
        )
        raise ValueError(msg)
    return array.astype(np.float64)


def _check_shape(
    array: NDArray[Any], *, name: str, axes: Sequence[str], n_cases: int | None
) -> None:
    """Refuse an array whose axes are not (n_cases, *axes); None takes it as long as it is."""
    form = f"({', '.join(('n_cases', *axes))}{'' if axes else ','})"
    if array.ndim != 1 + len(axes):
        msg = f"{name} must have shape {form}, but got {array.shape}"
        raise ValueError(msg)
    if n_cases is not None and array.shape[0] != n_cases:
        msg = (
            f"{name} must have shape {form} with n_cases = {n_cases} as in truth, but got "
            f"{array.shape}; join both by case first"
        )
        raise ValueError(msg)


def _check_binary(values: ArrayLike, *, name: str, remedy: str) -> BoolArray:
    """Return values that are all 0 or 1 as booleans, whatever their number type."""
    array = check_numbers(values, name=name)
    if array.dtype.kind == "b":
        return array
    if array.dtype.kind in "iu" and array.size and array.min() >= 0 and array.max() <= 1:
        return array.astype(np.bool_)  # labels of 1e6 cases cost two passes
    wrong = (array != 0) & (array != 1)  # NaN differs from both
    if wrong.any():
        place = _position(wrong)
        got = "NaN (missing)" if math.isnan(value := array[wrong][0].item()) else f"{value!r}"
        msg = f"{name} must hold only 0 and 1, but {place} holds {got}; {remedy}"
        raise ValueError(msg)
    return array.astype(np.bool_)


def check_truth(truth: ArrayLike, *, name: str = "truth") -> BoolArray:
    """Return the reference standard as booleans, shape (n_cases,); True is diseased.

    Booleans, signed and unsigned integers and floats that are 0 or 1 are taken; a missing value
    is refused, since only the caller can say what becomes of such a case. One class or no case
    is not refused here: whether a quantity is then undefined depends on the quantity.
    """
    array = check_numbers(truth, name=name)
    if array.ndim != 1:
        msg = f"{name} must have shape (n_cases,), but got {array.shape}"
        raise ValueError(msg)
    remedy = "code diseased as 1 and healthy as 0, and leave out cases without a reference standard"
    return _check_binary(array, name=name, remedy=remedy)


def check_call(
    call: ArrayLike, *, n_cases: int | None = None, name: str = "call", axes: Sequence[str] = ()
) -> BoolArray:
    """Return the calls as booleans, shape (n_cases, *axes); True is called positive."""
    array = check_numbers(call, name=name)
    _check_shape(array, name=name, axes=axes, n_cases=n_cases)
    remedy = "code a recall as 1 and none as 0, and leave out readings without a call"
    return _check_binary(array, name=name, remedy=remedy)


def check_rating(
    rating: ArrayLike, *, n_cases: int | None = None, name: str = "rating"
) -> FloatArray:
    """Return one rating a case as float64, shape (n_cases,); higher is more suspicious.

    Infinite ratings are kept, for ranks alone count; NaN is refused.
    """
    return check_ratings(rating, n_cases=n_cases, name=name, axes=())


def check_ratings(
    ratings: ArrayLike,
    *,
    n_cases: int | None = None,
    name: str = "ratings",
    axes: Sequence[str] = ("n_curves",),
    missing_allowed: bool = False,
    finite: bool = False,
) -> FloatArray:
    """Return ratings as float64, shape (n_cases, *axes); NaN only where ``missing_allowed``.

    ``finite`` for what is measured: of a rating only the order counts, so that it may be infinite.
    """
    array = check_numbers(ratings, name=name)
    _check_shape(array, name=name, axes=axes, n_cases=n_cases)
    if array.dtype.kind in "iu":
        # A float64 would merge neighbouring integers beyond 2**53 into ties.
        wrong = (array > _LARGEST_EXACT_INTEGER) | (array < -_LARGEST_EXACT_INTEGER)
        if wrong.any():
            msg = (
                f"{name} must lie within 2**53 of 0 where it holds integers, but "
                f"{_position(wrong)} does not; replace the ratings by their ranks"
            )
            raise ValueError(msg)
    numbers = array.astype(np.float64, copy=False)
    missing = np.isnan(numbers)
    if missing.any() and not missing_allowed:
        msg = (
            f"{name} must not be missing, but {_position(missing)} is NaN "
            f"({int(missing.sum())} in all); leave such cases out in view and report how many"
        )
        raise ValueError(msg)
    if finite and (wrong := np.isinf(numbers)).any():
        msg = (
            f"{name} must be finite, but {_position(wrong)} holds {float(numbers[wrong][0])!r}; "
            "leave the case out in view, or correct it"
        )
        raise ValueError(msg)
    return numbers


def check_weight(weight: ArrayLike, *, n_cases: int, name: str = "weight") -> FloatArray:
    """Return one weight a case as float64, shape (n_cases,), finite and not negative."""
    numbers = check_ratings(weight, n_cases=n_cases, name=name, axes=())
    wrong = ~((numbers >= 0) & np.isfinite(numbers))
    if wrong.any():
        value = float(numbers[wrong][0])
        msg = (
            f"{name} must be finite and not negative, but {_position(wrong)} holds {value!r}; "
            "give a case that must not count the weight 0"
        )
        raise ValueError(msg)
    return numbers


def check_coefficients(values: ArrayLike, *, name: str, length: int, axis: str) -> FloatArray:
    """Return finite numbers as float64, shape (length,), where ``axis`` names that length."""
    numbers = check_numbers(values, name=name).astype(np.float64)
    if numbers.shape != (length,):
        msg = f"{name} must have shape ({axis},) with {axis} = {length}, but got {numbers.shape}"
        raise ValueError(msg)
    if (wrong := ~np.isfinite(numbers)).any():
        msg = (
            f"{name} must be finite, but {_position(wrong)} holds {float(numbers[wrong][0])!r}; "
            "write 0 for what must not count"
        )
        raise ValueError(msg)
    return numbers


def _is_missing(item: object) -> bool:
    """Whether an identifier is None, empty or, as NaN of every kind, not equal to itself."""
    if item is None:
        return True
    itself = item == item  # pandas.NA where the item is pandas.NA
    return not (isinstance(itself, bool | np.bool_) and itself) or item == ""


def _is_identifier(item: object) -> bool:
    """Whether an item can name a patient: text, or a number that is not infinite."""
    return isinstance(item, str | bytes) or (isinstance(item, Real) and math.isfinite(item))


def check_cluster(cluster: ArrayLike, *, n_cases: int, name: str = "cluster") -> IndexArray:
    """Return the patient of each case as a number from 0, shape (n_cases,).

    Text and finite numbers are taken. A missing identifier is refused, since its case would
    otherwise share one false patient with all others that miss theirs, and so is a date, since
    that of an examination is no patient.
    """
    refuse_mask(cluster, name=name)
    # As objects: numpy would turn NaN in a list of text into the patient "nan".
    array = cluster if isinstance(cluster, np.ndarray) else np.array(cluster, dtype=object)
    _check_shape(array, name=name, axes=(), n_cases=n_cases)
    if array.dtype.kind in "iu":  # integers cannot be missing
        return np.unique(array, return_inverse=True)[1]
    items = array.tolist()
    missing = np.array([_is_missing(item) for item in items], dtype=bool)
    if missing.any():
        msg = f"{name} must not be missing, but {_position(missing)} is; give each case its patient"
        raise ValueError(msg)
    is_date = array.dtype.kind in "mM"
    wrong = np.array([is_date or not _is_identifier(item) for item in items], dtype=bool)
    if wrong.any():
        got = array.dtype if is_date else type(items[int(np.argmax(wrong))]).__name__
        msg = (
            f"{name} must hold identifiers, text or finite numbers, but {_position(wrong)} holds "
            f"a value of type {got}; give each case its patient"
        )
        raise ValueError(msg)
    try:
        return np.unique(array, return_inverse=True)[1]
    except TypeError:
        msg = f"{name} must hold identifiers of one type, all text or all numbers; make them text"
        raise ValueError(msg) from None


def _check_number(value: object, *, name: str) -> float:
    """Return one number; refuse booleans, text, arrays and NaN."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        msg = f"{name} must be one number, but got {value!r}"
        raise ValueError(msg)
    number = float(value)
    if math.isnan(number):
        msg = f"{name} must be a number, but got NaN"
        raise ValueError(msg)
    return number


def check_threshold(threshold: object, *, name: str = "threshold") -> float:
    """Return a threshold, from which on a case is called positive; it may be infinite."""
    return _check_number(threshold, name=name)


def check_ci_level(ci_level: object) -> float:
    """Return the confidence level of a two-sided interval, between 0 and 1."""
    level = _check_number(ci_level, name="ci_level")
    if not 0 < level < 1:
        msg = f"ci_level must lie between 0 and 1, but got {level!r}; write 95 % as 0.95"
        raise ValueError(msg)
    return level


def check_share(value: object, *, name: str) -> float:
    """Return a proportion, from 0 to 1."""
    share = _check_number(value, name=name)
    if not 0 <= share <= 1:
        msg = f"{name} must lie from 0 to 1, but got {share!r}; write 90 % as 0.9"
        raise ValueError(msg)
    return share


def check_inner_share(value: object, *, name: str) -> float:
    """Return a proportion between 0 and 1, neither of them."""
    share = check_share(value, name=name)
    if share in (0.0, 1.0):
        msg = f"{name} must lie between 0 and 1, but got {share!r}; the ends leave nothing to weigh"
        raise ValueError(msg)
    return share


def check_positive(value: object, *, name: str) -> float:
    """Return a finite number above 0."""
    number = _check_number(value, name=name)
    if not 0 < number < math.inf:
        msg = f"{name} must be a finite number above 0, but got {number!r}"
        raise ValueError(msg)
    return number


def check_choice(value: str, *, name: str, choices: Sequence[str]) -> str:
    """Return a choice that is one of ``choices``."""
    if value not in choices:
        allowed = ", ".join(repr(choice) for choice in choices)
        msg = f"{name} must be one of {allowed}, but got {value!r}"
        raise ValueError(msg)
    return value


def chosen(method: str, methods: Mapping[str, _MethodT]) -> _MethodT:
    """Return what a table of methods holds of the chosen one."""
    return methods[check_choice(method, name="method", choices=list(methods))]


def check_count(count: object, *, name: str) -> int:
    """Return a count: a whole number, 0 or more."""
    number = _check_number(count, name=name)
    if not (number >= 0 and math.isfinite(number) and number == math.floor(number)):
        msg = (
            f"{name} must be a whole number, 0 or more, but got {count!r}; count cases, not shares"
        )
        raise ValueError(msg)
    return int(number)


def check_counts(counts: ArrayLike, *, name: str) -> IntArray:
    """Return counts as int64, shape (n_categories,): whole numbers, 0 or more, 2**53 at most."""
    array = check_numbers(counts, name=name)
    if array.ndim != 1:
        msg = f"{name} must have shape (n_categories,), but got {array.shape}"
        raise ValueError(msg)
    wrong = ~((array >= 0) & np.isfinite(array) & (array == np.floor(array)))
    if wrong.any():
        msg = (
            f"{name} must hold whole numbers, 0 or more, but {_position(wrong)} holds "
            f"{array[wrong][0].item()!r}; count cases, not shares"
        )
        raise ValueError(msg)
    wrong = array > _LARGEST_EXACT_INTEGER
    if wrong.any():
        msg = (
            f"{name} must hold counts of 2**53 at most, but {_position(wrong)} holds "
            f"{array[wrong][0].item()!r}; a larger one is not exact as a float"
        )
        raise ValueError(msg)
    return array.astype(np.int64)


def check_numerator(numerator: object, denominator: object) -> tuple[int, int]:
    """Return numerator and denominator of a proportion: counts, the first within the second."""
    part = check_count(numerator, name="numerator")
    whole = check_count(denominator, name="denominator")
    if part > whole:
        msg = (
            f"numerator must not exceed denominator, but got {part} of {whole}; "
            "numerator counts events, denominator all units that could have one"
        )
        raise ValueError(msg)
    return part, whole


def check_rng(rng: Rng, *, name: str = "rng") -> np.random.Generator:
    """Return the generator; refuse None, with which no number could be drawn a second time."""
    if rng is None:
        msg = f"{name} must be an int, a SeedSequence or a Generator, but got None; give a seed"
        raise ValueError(msg)
    return np.random.default_rng(rng)
