"""What is read off a fitted proper binormal curve: points, partial areas, utility, intervals."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from toolkit.results import Curve
from toolkit.stats.binormal.binormal import binormal_fit
from toolkit.stats.binormal.curves import (
    binormal_lr_expected_utility,
    fitted_curve,
    fitted_partial_auc,
    fitted_sensitivity,
    fitted_specificity,
)
from toolkit.stats.binormal.proper import binormal_lr_fit

repeatable = settings(deadline=None, max_examples=30, derandomize=True)

# Hanley and McNeil, Radiology 1982;143:29-36, table 1.
TRUTH = np.repeat([1, 0], [51, 58])
RATING = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
NO_FIT = binormal_lr_fit([0, 0, 1, 1], [1, 2, 3, 4], label="perfect")
CHANCE = binormal_lr_fit(1 - TRUTH, RATING, label="chance")

READ = {
    "sensitivity": lambda fit: fitted_sensitivity(fit, specificity=0.8),
    "specificity": lambda fit: fitted_specificity(fit, sensitivity=0.8),
    "partial_auc": lambda fit: fitted_partial_auc(fit, low=0.8, high=1),
    "partial_auc, sensitivity": (
        lambda fit: fitted_partial_auc(fit, low=0.8, high=1, along="sensitivity")
    ),
    "expected_utility": lambda fit: binormal_lr_expected_utility(fit, slope=0.7),
}
parameters = st.tuples(st.floats(0, 3), st.floats(-0.9, 0.9))
PLACES = [(1.2, -0.35), (0.8, 0.3), (0.0, -0.8), (0.0, 0.6), (1.5, 0.0), (2.3, -0.9), (0.3, 0.02)]


@pytest.fixture(scope="module")
def fit():
    return binormal_lr_fit(TRUTH, RATING, label="CT")


def with_parameters(fit, d_a, c):
    """The same fit with another curve."""
    return replace(fit, d_a=d_a, c=c)


def sensitivity_of(specificity, d_a, c):
    """Of the curve, from non-central chi-squares with 1 df (Hillis 2016), or the normal law."""
    b = (1 + c) / (1 - c)
    a = d_a * math.sqrt((1 + b * b) / 2)
    if c == 0:
        return stats.norm.sf(stats.norm.ppf(specificity) - a)
    theta = (a * b / (1 - b * b)) ** 2
    # Below c = 0 large squares are suspicious, above it small ones.
    quantile, share = ("ppf", "sf") if c < 0 else ("isf", "cdf")
    square = getattr(stats.ncx2, quantile)(specificity, 1, max(theta, 1e-30))
    return getattr(stats.ncx2, share)(b * b * square, 1, max(theta / b**2, 1e-30))


# --- reference and oracles ---------------------------------------------------------------------


@pytest.mark.parametrize(("d_a", "c"), PLACES)
def test_sensitivity_is_that_of_two_chi_squares(fit, d_a, c):
    curve = with_parameters(fit, d_a, c)
    for specificity in (0.05, 0.5, 0.9, 0.99):
        got = fitted_sensitivity(curve, specificity=specificity).estimate
        assert got == pytest.approx(sensitivity_of(specificity, d_a, c), abs=1e-8)


@pytest.mark.parametrize(("d_a", "c"), PLACES)
@pytest.mark.parametrize(("low", "high"), [(0.8, 1), (0, 1), (0.3, 0.6)])
def test_partial_area_is_the_integral(fit, d_a, c, low, high):
    curve = with_parameters(fit, d_a, c)
    along = fitted_partial_auc(curve, low=low, high=high)
    value, _ = integrate.quad(
        lambda specificity: sensitivity_of(specificity, d_a, c),
        max(low, 1e-9),
        min(high, 1 - 1e-9),
        epsabs=1e-9,
        limit=200,
    )
    assert along.estimate == pytest.approx(value, abs=1e-6)


@repeatable
@given(parameters, st.floats(0.02, 0.98), st.floats(0.02, 0.98))
def test_areas_along_both_axes_make_a_rectangle(fit, own, first, second):
    """Integral of y dx and of x dy between two points of the curve."""
    low, high = sorted((first, second))
    if high - low < 0.01:
        return
    curve = with_parameters(fit, *own)
    ends = [fitted_sensitivity(curve, specificity=x).estimate for x in (high, low)]
    if ends[1] - ends[0] < 1e-6 or ends[1] > 1 - 1e-9:
        return
    upright = fitted_partial_auc(curve, low=low, high=high).estimate
    level = fitted_partial_auc(curve, low=ends[0], high=ends[1], along="sensitivity").estimate
    # Specificity s times sensitivity: d(s t) = s dt + t ds, s falling as t rises.
    assert level - upright == pytest.approx(low * ends[1] - high * ends[0], abs=1e-7)


@pytest.mark.parametrize("slope", [0.2, 1, 4])
@pytest.mark.parametrize(("d_a", "c"), PLACES)
def test_expected_utility_is_the_best_of_the_curve(fit, d_a, c, slope):
    curve = with_parameters(fit, d_a, c)
    points = fitted_curve(curve, n_points=2001)
    best = (points.y - slope * points.x).max()
    got = binormal_lr_expected_utility(curve, slope=slope).estimate
    assert best - 1e-6 <= got <= best + 2e-4


def test_what_is_read_is_near_that_of_the_binormal_curve(fit):
    """Of the CT data the two curves are the same to the eye."""
    other = binormal_fit(TRUTH, RATING)
    pairs = [
        (READ["sensitivity"], fitted_sensitivity(other, specificity=0.8)),
        (READ["specificity"], fitted_specificity(other, sensitivity=0.8)),
        (READ["partial_auc"], fitted_partial_auc(other, low=0.8, high=1)),
    ]
    for read, expected in pairs:
        got = read(fit)
        assert got.estimate == pytest.approx(expected.estimate, abs=5e-4)
        assert got.std_error == pytest.approx(expected.std_error, rel=0.02)


# --- property ----------------------------------------------------------------------------------


def test_whole_area_is_that_of_the_fit(fit):
    for along in ("specificity", "sensitivity"):
        whole = fitted_partial_auc(fit, low=0, high=1, along=along)
        assert whole.estimate == pytest.approx(fit.estimate, abs=1e-10)
        assert whole.std_error == pytest.approx(fit.std_error, rel=1e-5)
        assert (whole.ci_low, whole.ci_high) == pytest.approx((fit.ci_low, fit.ci_high), rel=1e-5)


@repeatable
@given(parameters, st.floats(0.01, 0.99))
def test_sensitivity_and_specificity_read_one_curve(fit, own, specificity):
    curve = with_parameters(fit, *own)
    sensitivity = fitted_sensitivity(curve, specificity=specificity).estimate
    assert sensitivity >= 1 - specificity - 1e-9  # never below the diagonal
    if 1e-6 < sensitivity < 1 - 1e-6:
        back = fitted_specificity(curve, sensitivity=sensitivity)
        assert back.estimate == pytest.approx(specificity, abs=1e-7)


@repeatable
@given(parameters, st.integers(2, 300))
def test_curve_is_concave_and_reaches_both_corners(fit, own, n_points):
    curve = fitted_curve(with_parameters(fit, *own), n_points=n_points)
    assert isinstance(curve, Curve)
    assert curve.x.size == n_points
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
    run, rise = np.diff(curve.x), np.diff(curve.y)
    assert (run >= 0).all()
    assert (rise >= 0).all()
    # Slopes fall: compared as products, for runs may be 0.
    assert (rise[1:] * run[:-1] <= rise[:-1] * run[1:] + 1e-12).all()


def test_drawn_curve_has_the_area_of_the_fit(fit):
    for d_a, c in PLACES:
        curve = fitted_curve(with_parameters(fit, d_a, c))
        area = fitted_partial_auc(with_parameters(fit, d_a, c), low=0, high=1).estimate
        assert np.trapezoid(curve.y, curve.x) == pytest.approx(area, abs=5e-4)
    assert (curve.kind, curve.label, curve.n_cases) == ("roc", "CT", 109)
    assert np.isnan(curve.threshold).all()
    assert curve.note == "points of a model belong to no rating"


@pytest.mark.parametrize("name", READ)
def test_an_interval_surrounds_its_estimate(fit, name):
    got = READ[name](fit)
    assert got.quantity == name.split(",")[0]
    assert got.ci_low < got.estimate < got.ci_high
    assert got.std_error > 0
    assert got.note == ""
    assert (got.label, got.n_cases, got.n_positive) == ("CT", 109, 51)


# --- edge --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", READ)
def test_on_the_edge_of_the_model_the_error_is_that_of_c(name):
    positive, negative = [0, 8, 1, 2, 34], [21, 35, 5, 6, 2]
    fit = binormal_lr_fit(
        np.repeat([1, 0], [45, 69]),
        np.concatenate([np.repeat(np.arange(5), n) for n in (positive, negative)]),
    )
    got = READ[name](fit)
    assert got.note.startswith("d_a is 0")
    step = 1e-4
    up, down = (READ[name](with_parameters(fit, 0, fit.c + s)).estimate for s in (step, -step))
    expected = abs(up - down) / (2 * step) * math.sqrt(fit.covariance[1, 1])
    assert got.std_error == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", READ)
def test_without_a_fit_there_is_nothing_to_read(name):
    estimate = READ[name](NO_FIT)
    assert math.isnan(estimate.estimate)
    assert math.isnan(estimate.ci_low)
    assert estimate.note == NO_FIT.note
    assert estimate.label == "perfect"


def test_without_a_fit_there_is_no_curve():
    curve = fitted_curve(NO_FIT, n_points=3)
    assert np.isnan(curve.x).all()
    assert np.isnan(curve.y).all()
    assert curve.note == NO_FIT.note


def test_at_chance_the_curve_is_the_diagonal_without_an_error():
    assert CHANCE.estimate == 0.5
    curve = fitted_curve(CHANCE)
    assert curve.y == pytest.approx(curve.x, abs=1e-7)
    expected = {
        "sensitivity": 0.2,
        "specificity": 0.2,
        "partial_auc": 0.02,
        "partial_auc, sensitivity": 0.02,
        "expected_utility": 0.3,
    }
    for name, value in expected.items():
        got = READ[name](CHANCE)
        assert got.estimate == pytest.approx(value, abs=1e-7)
        assert math.isnan(got.std_error)
        assert got.note == CHANCE.note


def test_where_no_case_or_every_case_is_best_called_there_is_no_interval(fit):
    flat = with_parameters(fit, 0.3, 0.3)
    none = binormal_lr_expected_utility(flat, slope=50)
    assert none.estimate == 0
    assert math.isnan(none.std_error)
    assert "no interval" in none.note
    every = binormal_lr_expected_utility(with_parameters(fit, 0.3, -0.3), slope=0.1)
    assert every.estimate == pytest.approx(0.9)


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda fit: fitted_sensitivity(fit, specificity=1),
            "specificity must lie between 0 and 1, but got 1.0; the ends leave nothing to weigh",
        ),
        (
            lambda fit: fitted_specificity(fit, sensitivity=0),
            "sensitivity must lie between 0 and 1, but got 0.0",
        ),
        (
            lambda fit: fitted_specificity(fit, sensitivity=0.9, ci_level=95),
            "ci_level must lie between 0 and 1",
        ),
        (lambda fit: fitted_partial_auc(fit, low=1, high=0.9), "low must be below high"),
        (
            lambda fit: fitted_partial_auc(fit, low=0, high=1, along="fpr"),
            "along must be one of 'specificity', 'sensitivity', but got 'fpr'",
        ),
        (lambda fit: binormal_lr_expected_utility(fit, slope=0), "slope must be a finite number"),
        (lambda fit: fitted_curve(fit, n_points=1), "n_points must be 2 or more, for both"),
        (lambda fit: fitted_curve(fit, n_points=2.5), "n_points must be a whole number"),
    ],
)
def test_malformed_arguments_are_refused(fit, call, message):
    with pytest.raises(ValueError, match=message):
        call(fit)
