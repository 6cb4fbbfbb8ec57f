"""Figures of merit with their choices filled in; the functions they wrap have their own tests."""

import csv
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.stats.auc.curve import (
    average_precision_at_prevalence,
    partial_auc,
    partial_auc_mcclish,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)
from toolkit.stats.auc.figures_of_merit import (
    average_precision_fom,
    expected_utility_fom,
    negative_likelihood_ratio_fom,
    partial_auc_fom,
    partial_auc_mcclish_fom,
    positive_likelihood_ratio_fom,
    recall_rate_fom,
    sensitivity_at_specificity_fom,
    sensitivity_fom,
    specificity_at_sensitivity_fom,
    specificity_fom,
)
from toolkit.stats.auc.operating_points import expected_utility, operating_point

repeatable = settings(deadline=None, max_examples=80, derandomize=True)


@st.composite
def studies(draw, highest=5):
    """A small study with many ties, one case of each class at least."""
    n_positive, n_negative = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    truth = draw(st.permutations([1] * n_positive + [0] * n_negative))
    rating = st.lists(st.integers(0, highest), min_size=len(truth), max_size=len(truth))
    return truth, draw(rating)


def of_point(name, threshold=3):
    """An estimate of the accuracy of calls, as a function of truth and rating."""
    return lambda t, r: operating_point(t, r, threshold=threshold).estimates[name].estimate


# name: (figure of merit, the function it stands for, uses, smooth, range, better)
FOMS = {
    "partial AUC, specificity 0.8 to 1": (
        partial_auc_fom(low=0.8, high=1),
        lambda t, r: partial_auc(t, r, low=0.8, high=1),
        ("all", True, (0.0, 1 - 0.8), "higher"),
    ),
    "partial AUC, sensitivity 0.5 to 0.9": (
        partial_auc_fom(low=0.5, high=0.9, along="sensitivity"),
        lambda t, r: partial_auc(t, r, low=0.5, high=0.9, along="sensitivity"),
        ("all", True, (0.0, 0.4), "higher"),
    ),
    "standardised partial AUC, specificity 0.8 to 1": (
        partial_auc_mcclish_fom(low=0.8, high=1),
        lambda t, r: partial_auc_mcclish(t, r, low=0.8, high=1),
        ("all", True, (4 / 9, 1.0), "higher"),
    ),
    "sensitivity at specificity 0.9": (
        sensitivity_at_specificity_fom(specificity=0.9),
        lambda t, r: sensitivity_at_specificity(t, r, specificity=0.9),
        ("all", False, (0.0, 1.0), "higher"),
    ),
    "specificity at sensitivity 0.9": (
        specificity_at_sensitivity_fom(sensitivity=0.9),
        lambda t, r: specificity_at_sensitivity(t, r, sensitivity=0.9),
        ("all", False, (0.0, 1.0), "higher"),
    ),
    "expected utility, slope 1.03": (
        expected_utility_fom(slope=1.03),
        lambda t, r: expected_utility(t, r, slope=1.03),
        ("all", True, (0.0, 1.0), "higher"),
    ),
    "average precision at prevalence 0.006": (
        average_precision_fom(prevalence=0.006),
        lambda t, r: average_precision_at_prevalence(t, r, prevalence=0.006),
        ("all", True, (0.0, 1.0), "higher"),
    ),
    "sensitivity from rating 3 up": (
        sensitivity_fom(threshold=3),
        of_point("sensitivity"),
        ("positive", True, (0.0, 1.0), "higher"),
    ),
    "specificity from rating 3 up": (
        specificity_fom(threshold=3),
        of_point("specificity"),
        ("negative", True, (0.0, 1.0), "higher"),
    ),
    "recall rate from rating 3 up": (
        recall_rate_fom(threshold=3),
        lambda t, r: sum(rating >= 3 for rating in r) / len(r),  # noqa: ARG005 - one form for all
        ("all", True, (0.0, 1.0), "lower"),
    ),
    "positive likelihood ratio from rating 3 up": (
        positive_likelihood_ratio_fom(threshold=3),
        of_point("positive_likelihood_ratio"),
        ("all", True, (0.0, math.inf), "higher"),
    ),
    "negative likelihood ratio from rating 3 up": (
        negative_likelihood_ratio_fom(threshold=3),
        of_point("negative_likelihood_ratio"),
        ("all", True, (0.0, math.inf), "lower"),
    ),
}


# --- reference ---------------------------------------------------------------------------------

MRMCAOV = {
    "emp_pauc_spec80_100": ("empirical_auc", partial_auc_fom(low=0.8, high=1)),
    "emp_pauc_sens80_100": (
        "empirical_auc",
        partial_auc_fom(low=0.8, high=1, along="sensitivity"),
    ),
    "empirical_eu_slope1": ("empirical_eu", expected_utility_fom(slope=1)),
    "binary_sens_ge3": ("binary_sens", sensitivity_fom(threshold=3)),
    "binary_spec_ge4": ("binary_spec", specificity_fom(threshold=4)),
}


# Partial areas along sensitivity in which MRMCaov leaves out a part of the range: (modality,
# reader) of VanDyke. pROC has our 0.118035426731079 for the first, where MRMCaov has 0.0910.
MRMCAOV_WRONG = {("1", "3"), ("2", "2"), ("2", "4")}


@pytest.mark.parametrize("dataset", ["VanDyke", "Kundel"])
@pytest.mark.parametrize("name", MRMCAOV)
def test_foms_match_mrmcaov(reference_data, dataset, name):
    """MRMCaov 0.3.0, the figure of merit of each reader and modality."""
    column, fom = MRMCAOV[name]
    text = (reference_data / "reference" / "mrmcaov.json").read_text()
    entry = json.loads(text)["results"][f"{dataset}/{name}/jackknife/RRRC"]
    table = entry["result"]["auc_by_test_reader"]
    with (reference_data / "data" / dataset / "ratings.csv").open() as file:
        rows = list(csv.DictReader(file))
    for value, modality, reader in zip(
        table[column], table["treatment"], table["reader"], strict=True
    ):
        own = [row for row in rows if (row["modality"], row["reader"]) == (modality, reader)]
        truth, rating = ([float(row[key]) for row in own] for key in ("truth", "rating"))
        wrong = (dataset, name) == ("VanDyke", "emp_pauc_sens80_100")
        if wrong and (modality, reader) in MRMCAOV_WRONG:
            assert fom(truth, rating) > value + 0.007
        else:
            assert fom(truth, rating) == pytest.approx(value, rel=1e-9)


# --- property ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FOMS)
@repeatable
@given(studies())
def test_fom_is_the_function_it_stands_for(name, study):
    fom, function, _ = FOMS[name]
    got, expected = fom(*study), function(*study)
    assert got == expected or (math.isnan(got) and math.isnan(expected))
    low, high = fom.range
    assert math.isnan(got) or low - 1e-12 <= got <= high + 1e-12
    assert isinstance(got, float)


@pytest.mark.parametrize("name", FOMS)
def test_fom_says_what_it_is(name):
    fom, _, (uses, smooth, limits, better) = FOMS[name]
    assert fom.__name__ == name
    assert (fom.uses, fom.smooth, fom.better) == (uses, smooth, better)
    assert fom.range == pytest.approx(limits, rel=1e-12)


@pytest.mark.parametrize("name", FOMS)
def test_fom_is_moved_only_by_the_cases_that_it_uses(name):
    fom = FOMS[name][0]
    truth = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    rating = np.array([1, 2, 3, 4, 2, 3, 4, 5])
    for positive, unused in ((True, "negative"), (False, "positive")):
        changed = np.where(truth == positive, 5 - rating, rating)
        if fom.uses == unused:
            assert fom(truth, changed) == fom(truth, rating)


def test_the_least_standardised_area_is_that_of_the_far_edges():
    fom = partial_auc_mcclish_fom(low=0.2, high=0.6)
    assert fom([0, 0, 1, 1], [3, 4, 1, 2]) == pytest.approx(fom.range[0], rel=1e-12)


@repeatable
@given(studies(), st.integers(0, 6))
def test_direction_is_never_guessed(study, threshold):
    truth, rating = study
    called = sensitivity_fom(threshold=threshold)(truth, rating)
    turned = sensitivity_fom(threshold=-threshold + 1e-9)(truth, [-r for r in rating])
    assert called + turned == pytest.approx(1, abs=1e-15)


# --- edge --------------------------------------------------------------------------------------


def test_an_infinite_threshold_calls_no_case():
    truth, rating = [0, 0, 1, 1], [1, 2, 3, math.inf]
    assert sensitivity_fom(threshold=math.inf)(truth, rating) == 0.0
    assert specificity_fom(threshold=math.inf)(truth, rating) == 1.0
    assert recall_rate_fom(threshold=math.inf)(truth, rating) == 0.0
    assert sensitivity_fom(threshold=-math.inf)(truth, rating) == 1.0


def test_likelihood_ratios_without_a_call_or_without_an_alarm():
    truth, rating = [0, 0, 1, 1], [1, 2, 3, 4]
    assert positive_likelihood_ratio_fom(threshold=3)(truth, rating) == math.inf
    assert math.isnan(positive_likelihood_ratio_fom(threshold=9)(truth, rating))
    assert negative_likelihood_ratio_fom(threshold=3)(truth, rating) == 0.0
    assert math.isnan(negative_likelihood_ratio_fom(threshold=0)(truth, rating))
    assert negative_likelihood_ratio_fom(threshold=1)([0, 1], [1, 0]) == math.inf


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int8, np.float32])
@pytest.mark.parametrize("name", FOMS)
def test_truth_may_be_of_any_number_type(name, kind):
    fom = FOMS[name][0]
    truth, rating = np.array([0, 1, 0, 1, 1, 0]), np.array([1, 2, 3, 4, 3, 1])
    assert fom(truth.astype(kind), rating.astype(np.uint8)) == fom(truth, rating)


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in FOMS if "recall" not in name])
@pytest.mark.parametrize("missing", ["positive", "negative"])
def test_a_class_that_is_used_must_have_a_case(name, missing):
    fom, _, (uses, *_) = FOMS[name]
    truth = [0, 0] if missing == "positive" else [1, 1]
    if uses in ("all", missing):
        with pytest.raises(ValueError, match=f"is undefined: truth holds no {missing} case among"):
            fom(truth, [1, 2])
    else:
        assert 0 <= fom(truth, [1, 2]) <= 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: partial_auc_fom(low=1, high=0.9), "low must be below high"),
        (lambda: partial_auc_fom(low=0, high=1, along="x"), "along must be one of"),
        (lambda: partial_auc_mcclish_fom(low=-1, high=1), "low must lie from 0 to 1"),
        (lambda: sensitivity_at_specificity_fom(specificity=90), "specificity must lie from 0"),
        (lambda: specificity_at_sensitivity_fom(sensitivity=90), "sensitivity must lie from 0"),
        (lambda: expected_utility_fom(slope=0), "slope must be a finite number above 0"),
        (lambda: average_precision_fom(prevalence=0), "prevalence must lie between 0 and 1"),
        (lambda: sensitivity_fom(threshold=math.nan), "threshold must be a number, but got NaN"),
        (lambda: specificity_fom(threshold="3"), "threshold must be one number, but got '3'"),
        (lambda: recall_rate_fom(threshold=None), "threshold must be one number, but got None"),
        (lambda: positive_likelihood_ratio_fom(threshold=[1]), "threshold must be one number"),
        (lambda: negative_likelihood_ratio_fom(threshold=True), "threshold must be one number"),
        (
            lambda: recall_rate_fom(threshold=3)([], []),
            "recall rate from rating 3 up is undefined: truth holds no case; leave such a subgr",
        ),
        (lambda: sensitivity_fom(threshold=3)([0, 1], [1, math.nan]), "rating must not be missing"),
    ],
)
def test_malformed_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
