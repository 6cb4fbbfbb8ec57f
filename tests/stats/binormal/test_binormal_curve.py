"""What is read off a fitted binormal curve: points, partial areas, and their intervals."""

import json
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
    fitted_curve,
    fitted_partial_auc,
    fitted_sensitivity,
    fitted_specificity,
)

repeatable = settings(deadline=None, max_examples=40, derandomize=True)

# Hanley and McNeil, Radiology 1982;143:29-36, table 1.
TRUTH = np.repeat([1, 0], [51, 58])
RATING = np.repeat([1, 2, 3, 4, 5] * 2, [3, 2, 2, 11, 33, 33, 6, 6, 11, 2])
NO_FIT = binormal_fit([0, 0, 1, 1], [1, 2, 3, 4], label="perfect")


@pytest.fixture(scope="module")
def fit():
    return binormal_fit(TRUTH, RATING, label="CT")


def with_parameters(fit, a, b):
    """The same fit with another curve, to evaluate a peer's very parameters."""
    return replace(fit, intercept=a, slope=b)


# --- reference ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mrmcaov(reference_data):
    text = (reference_data / "reference" / "mrmcaov.json").read_text()
    return json.loads(text)["results"]


FOMS = {
    "binormal_sens_at_spec80": (
        "binormal_sens",
        lambda fit: fitted_sensitivity(fit, specificity=0.8),
    ),
    "binormal_spec_at_sens80": (
        "binormal_spec",
        lambda fit: fitted_specificity(fit, sensitivity=0.8),
    ),
    "bin_pauc_spec80_100": ("binormal_auc", lambda fit: fitted_partial_auc(fit, low=0.8, high=1)),
    "bin_pauc_sens80_100": (
        "binormal_auc",
        lambda fit: fitted_partial_auc(fit, low=0.8, high=1, along="sensitivity"),
    ),
}


@pytest.mark.parametrize("dataset", ["VanDyke", "Kundel"])
@pytest.mark.parametrize("name", FOMS)
def test_points_and_areas_match_mrmcaov_at_its_own_parameters(fit, mrmcaov, dataset, name):
    """MRMCaov 0.3.0, binormal_sens, binormal_spec and partial binormal_auc; its optimiser stops
    early, so its own a and b are put in."""
    column, value = FOMS[name]
    curves = mrmcaov[f"{dataset}/roc_curves/binormal"]["result"]
    keys = zip(curves["Group.Test"], curves["Group.Reader"], strict=True)
    parameters = dict(zip(keys, zip(curves["a"], curves["b"], strict=True), strict=True))
    table = mrmcaov[f"{dataset}/{name}/jackknife/RRRC"]["result"]["auc_by_test_reader"]
    checked = 0
    for expected, *key in zip(table[column], table["treatment"], table["reader"], strict=True):
        a, b = parameters[tuple(key)]
        if a is not None:
            assert value(with_parameters(fit, a, b)).estimate == pytest.approx(expected, rel=2e-6)
            checked += 1
    assert checked == {"VanDyke": 9, "Kundel": 12}[dataset]


# --- property ----------------------------------------------------------------------------------

parameters = st.tuples(st.floats(-3, 4), st.floats(0.1, 5))


@repeatable
@given(parameters, st.integers(0, 9), st.integers(1, 10), st.sampled_from(["spec", "sens"]))
def test_partial_area_is_that_under_the_curve(fit, own, first, step, axis):
    low, high = first / 10, min(first + step, 10) / 10
    a, b = own
    along = {"spec": "specificity", "sens": "sensitivity"}[axis]
    got = fitted_partial_auc(with_parameters(fit, a, b), low=low, high=high, along=along)

    def height(x):
        z = stats.norm.ppf(x)
        return stats.norm.cdf(a - b * z if along == "specificity" else (a - z) / b)

    expected = integrate.quad(height, low, high, epsabs=1e-10, limit=300)[0]
    assert got.estimate == pytest.approx(expected, abs=1e-7)
    assert got.quantity == "partial_auc"
    if not math.isnan(got.ci_low):
        assert 0 <= got.ci_low <= got.estimate <= got.ci_high <= high - low + 1e-12


def test_the_whole_area_has_the_interval_of_the_fit(fit):
    for along in ("specificity", "sensitivity"):
        whole = fitted_partial_auc(fit, low=0, high=1, along=along)
        for name in ("estimate", "std_error", "ci_low", "ci_high"):
            assert getattr(whole, name) == pytest.approx(getattr(fit, name), rel=1e-9)


@pytest.mark.parametrize("name", FOMS)
def test_standard_errors_are_those_of_the_delta_method(fit, name):
    """Numerical derivatives by a and b, and the covariance of the fit."""
    value = FOMS[name][1]
    a, b = fit.intercept, fit.slope
    gradient = [
        value(with_parameters(fit, a + da, b + db)).estimate
        - value(with_parameters(fit, a - da, b - db)).estimate
        for da, db in ((1e-5, 0), (0, 1e-5))
    ]
    slopes = np.array(gradient) / 2e-5
    expected = math.sqrt(slopes @ fit.covariance @ slopes)
    got = value(fit)
    assert got.std_error == pytest.approx(expected, rel=1e-6)
    assert got.ci_low < got.estimate < got.ci_high
    assert got.note == ""
    assert (got.label, got.n_cases, got.n_positive) == ("CT", 109, 51)


def test_interval_of_sensitivity_is_linear_in_a_and_b(fit):
    point = fitted_sensitivity(fit, specificity=0.9, ci_level=0.9)
    z = stats.norm.isf(0.9)
    error = math.sqrt(np.array([1, z]) @ fit.covariance @ np.array([1, z]))
    q = fit.intercept + fit.slope * z
    reach = stats.norm.isf(0.05) * error
    assert [point.ci_low, point.ci_high] == pytest.approx(stats.norm.cdf([q - reach, q + reach]))
    assert (point.quantity, point.ci_level) == ("sensitivity", 0.9)


@repeatable
@given(parameters, st.floats(0.01, 0.99))
def test_sensitivity_and_specificity_read_one_curve(fit, own, specificity):
    curve = with_parameters(fit, *own)
    sensitivity = fitted_sensitivity(curve, specificity=specificity).estimate
    if 1e-6 < sensitivity < 1 - 1e-6:
        back = fitted_specificity(curve, sensitivity=sensitivity)
        assert back.estimate == pytest.approx(specificity, rel=1e-8)
        assert back.quantity == "specificity"


@repeatable
@given(parameters, st.integers(2, 300))
def test_points_lie_on_the_curve_and_reach_both_corners(fit, own, n_points):
    curve = fitted_curve(with_parameters(fit, *own), n_points=n_points)
    assert isinstance(curve, Curve)
    assert curve.x.size == n_points
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
    assert (np.diff(curve.x) >= 0).all()
    assert (np.diff(curve.y) >= 0).all()
    inner = (curve.x > 0) & (curve.x < 1 - 1e-9)
    expected = stats.norm.cdf(own[0] + own[1] * stats.norm.ppf(curve.x[inner]))
    assert curve.y[inner] == pytest.approx(expected, abs=1e-7)


def test_drawn_curve_has_the_area_of_the_fit(fit):
    for a, b in ((fit.intercept, fit.slope), (1.9, 0.1), (2.5, 4.0), (-1.0, 1.0)):
        curve = fitted_curve(with_parameters(fit, a, b))
        area = stats.norm.cdf(a / math.hypot(1, b))
        assert np.trapezoid(curve.y, curve.x) == pytest.approx(area, abs=1e-3)
    assert (curve.kind, curve.label, curve.n_cases) == ("roc", "CT", 109)
    assert np.isnan(curve.threshold).all()
    assert curve.note == "points of a model belong to no rating"


# --- edge --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FOMS)
def test_without_a_fit_there_is_nothing_to_read(name):
    estimate = FOMS[name][1](NO_FIT)
    assert math.isnan(estimate.estimate)
    assert math.isnan(estimate.ci_low)
    assert estimate.note == NO_FIT.note
    assert estimate.label == "perfect"


def test_without_a_fit_there_is_no_curve():
    curve = fitted_curve(NO_FIT, n_points=3)
    assert np.isnan(curve.x).all()
    assert np.isnan(curve.y).all()
    assert curve.note == NO_FIT.note


def test_an_area_that_fills_its_range_has_no_interval(fit):
    area = fitted_partial_auc(with_parameters(fit, 60, 1), low=0.5, high=1)
    assert area.estimate == pytest.approx(0.5, rel=1e-12)
    assert math.isnan(area.std_error)
    assert "no interval" in area.note


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda fit: fitted_sensitivity(fit, specificity=1),
            "specificity must lie between 0 and 1, but got 1.0; the ends leave nothing to weigh",
        ),
        (
            lambda fit: fitted_sensitivity(fit, specificity=90),
            "specificity must lie from 0 to 1, but got 90.0",
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
        (lambda fit: fitted_curve(fit, n_points=1), "n_points must be 2 or more, for both"),
        (lambda fit: fitted_curve(fit, n_points=2.5), "n_points must be a whole number"),
    ],
)
def test_malformed_arguments_are_refused(fit, call, message):
    with pytest.raises(ValueError, match=message):
        call(fit)
