"""What holds for every public function of ``toolkit.stats`` that takes arrays or a margin."""

import datetime
import inspect
import math

import numpy as np
import pytest

from tests.stats.public_calls import N, arguments, calls, concerned, public_functions

CALLS = calls()
ARRAYS = [
    (name, array)
    for name, call in CALLS.items()
    for array in call.arrays
    if not isinstance(call.arguments[array], dict)
]
# Identifiers may be text; that of no patient is infinite.
IDENTIFIERS = ("cluster", "cluster_a", "cluster_b")
# Only the order of a rating counts, so that it may be infinite.
RATINGS = ("rating", "ratings", "rating_a", "rating_b", "reader_rating", "reader_ratings")
RATINGS = (*RATINGS, "ai_rating")


def masked(values):
    array = np.ma.array(values)
    mask = np.zeros(array.shape, dtype=bool)
    mask.flat[-1] = True
    array.mask = mask
    return array


def dates(values):
    return np.full(np.shape(values), np.datetime64("2026-01-31"))


def date_objects(values):
    found = np.empty(np.shape(values), dtype=object)
    found[...] = datetime.date(2026, 1, 31)
    return found


def infinite(values):
    array = np.array(values, dtype=np.float64)
    array.flat[0] = math.inf
    return array


def digits(values):
    return np.asarray(values).astype(str)


def test_every_public_function_with_an_array_or_a_margin_is_in_the_list():
    assert set(arguments()) == {name for name, found in public_functions() if concerned(found)}


@pytest.mark.parametrize("name", CALLS)
def test_the_calls_of_the_list_are_valid(name):
    CALLS[name]()


@pytest.mark.parametrize("change", [masked, dates, date_objects])
@pytest.mark.parametrize(("name", "array"), ARRAYS)
def test_masks_and_dates_are_refused_by_name(name, array, change):
    call = CALLS[name]
    with pytest.raises(ValueError, match=rf"\b{array}\b"):
        call(**{array: change(call.arguments[array])})


@pytest.mark.parametrize(("name", "array"), [pair for pair in ARRAYS if pair[1] not in IDENTIFIERS])
def test_text_is_refused_by_name(name, array):
    call = CALLS[name]
    with pytest.raises(ValueError, match=rf"\b{array}\b"):
        call(**{array: digits(call.arguments[array])})


@pytest.mark.parametrize(
    ("name", "array"),
    [pair for pair in ARRAYS if pair[1] not in RATINGS or pair[0].startswith("froc.")],
)
def test_infinities_are_refused_by_name(name, array):
    call = CALLS[name]
    with pytest.raises(ValueError, match=rf"\b{array}\b"):
        call(**{array: infinite(call.arguments[array])})


@pytest.mark.parametrize("array", ["age"])
def test_covariates_are_refused_by_name(array):
    call = CALLS["times.reading_time_model"]
    for change in (masked, dates, date_objects, digits, infinite):
        changed = {array: change(call.arguments["covariates"][array])}
        with pytest.raises(ValueError, match=array):
            call(covariates=changed)


def same(first, second):
    """Whether two results are one, whatever they are made of."""
    if isinstance(first, np.ndarray):
        return first.shape == second.shape and np.allclose(
            first, second, rtol=1e-12, equal_nan=True
        )
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, float):
        return first == pytest.approx(second, rel=1e-9, nan_ok=True)
    if hasattr(first, "__dataclass_fields__"):
        return same(vars(first), vars(second))
    return first == second


WEIGHTED = [name for name, call in CALLS.items() if {"weight", "weight_a"} & set(call.arrays)]


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("name", sorted(set(WEIGHTED) - {"calibration.recalibrate"}))
def test_a_case_of_weight_0_is_no_case(name, clustered):
    call = CALLS[name]
    free = () if clustered else (a for a in call.arrays if a.startswith("cluster"))
    optional = inspect.signature(call.function).parameters
    dropped = {a: None for a in free if optional[a].default is None}
    more = {}
    for array in call.arrays:
        values = np.asarray(call.arguments[array])
        if array in dropped or values.shape[:1] not in ((N,), (N - 2,)):
            continue
        copied = values[:4]
        if array.startswith("weight"):
            copied = np.zeros(4)
        elif array.startswith("cluster"):
            copied = values.max() + np.arange(1, 5)
        more[array] = np.concatenate([values, copied])
    assert same(call(**{**dropped, **more}), call(**dropped))


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.effect])
@pytest.mark.parametrize("margin", [0, -0.05, 1, 5, 1e300, math.nan, math.inf])
def test_a_margin_that_decides_nothing_is_refused(name, margin):
    call = CALLS[name]
    for better in ("higher", "lower") if call.takes_better else (None,):
        if call.effect == "ratio" and better == "lower" and 1 < margin < math.inf:
            continue  # of a ratio a limit above 1 is a rule
        changes = {"margin": margin} | ({"better": better} if better else {})
        with pytest.raises(ValueError, match=f"margin of a {call.effect} must be .* but got"):
            call(**changes)


@pytest.mark.parametrize("name", [name for name, call in CALLS.items() if call.effect])
@pytest.mark.parametrize("margin", ["0.05", True, [0.05], 0.05j])
def test_a_margin_is_one_number(name, margin):
    call = CALLS[name]
    better = {"better": "higher"} if call.takes_better else {}
    with pytest.raises(ValueError, match="margin must be one number, but got"):
        call(margin=margin, **better)
