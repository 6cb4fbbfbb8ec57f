"""Thresholds chosen from a ROC curve; pROC's values are in test_roc_reference.py as well."""

import csv
import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.stats.auc.operating_points import (
    closest_corner_threshold,
    expected_utility,
    operating_point,
    threshold_at_recall_rate,
    threshold_at_sensitivity,
    threshold_at_specificity,
    weighted_youden_threshold,
    youden_threshold,
)

repeatable = settings(deadline=None, max_examples=100, derandomize=True)


@st.composite
def studies(draw, highest=5):
    """A small study with many ties, one case of each class at least."""
    n_positive, n_negative = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    truth = draw(st.permutations([1] * n_positive + [0] * n_negative))
    rating = st.lists(st.integers(0, highest), min_size=len(truth), max_size=len(truth))
    return truth, draw(rating)


def shares(truth, rating, threshold):
    """Sensitivity and specificity of calling from a threshold up, in fractions."""
    m, n = sum(truth), len(truth) - sum(truth)
    called = [t for t, r in zip(truth, rating, strict=True) if r >= threshold]
    return Fraction(sum(called), m), 1 - Fraction(len(called) - sum(called), n)


def thresholds(rating):
    return [math.inf, *sorted(set(rating), reverse=True)]


# --- reference ---------------------------------------------------------------------------------


@pytest.mark.parametrize("marker", ["s100b", "wfns"])
def test_weighted_youden_threshold_matches_proc(reference_data, marker):
    """pROC 1.19.0.1, whose thresholds lie midway between two ratings.

    > coords(r, "best", best.method = "youden", best.weights = c(cost = 5, prevalence = 0.2))
    """
    cases = json.loads((reference_data / "reference" / "roc_auc.json").read_text())["cases"]
    name = f"asah_best_youden_weighted_{marker}"
    expected = next(case["values"] for case in cases if case["id"] == name)
    with (reference_data / "data" / "asah" / "aSAH.csv").open() as file:
        rows = list(csv.DictReader(file))
    truth = np.array([row["outcome"] == "Poor" for row in rows])
    rating = np.array([float(row[marker]) for row in rows])
    threshold = weighted_youden_threshold(truth, rating, cost=5, prevalence=0.2)
    below = rating[rating < threshold].max()
    assert (threshold + below) / 2 == pytest.approx(expected["threshold"], rel=1e-9)
    point = operating_point(truth, rating, threshold=threshold)
    assert point.sensitivity.estimate == pytest.approx(expected["sensitivity"], rel=1e-9)
    assert point.specificity.estimate == pytest.approx(expected["specificity"], rel=1e-9)


@pytest.mark.parametrize("dataset", ["VanDyke", "Kundel"])
def test_expected_utility_matches_mrmcaov(reference_data, dataset):
    """MRMCaov 0.3.0, empirical_eu(truth, rating, slope = 1) of each reader and modality."""
    text = (reference_data / "reference" / "mrmcaov.json").read_text()
    result = json.loads(text)["results"][f"{dataset}/empirical_eu_slope1/jackknife/RRRC"]["result"]
    table = result["auc_by_test_reader"]
    with (reference_data / "data" / dataset / "ratings.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = (table[name] for name in ("empirical_eu", "treatment", "reader"))
    for expected, modality, reader in zip(*columns, strict=True):
        own = [row for row in rows if (row["modality"], row["reader"]) == (modality, reader)]
        truth, rating = ([float(row[name]) for row in own] for name in ("truth", "rating"))
        assert expected_utility(truth, rating, slope=1) == pytest.approx(expected, rel=1e-9)


# --- property ----------------------------------------------------------------------------------


@repeatable
@given(studies())
def test_youden_threshold_is_the_highest_best_one(study):
    best = max(sum(shares(*study, threshold)) for threshold in thresholds(study[1]))
    expected = max(t for t in thresholds(study[1]) if sum(shares(*study, t)) == best)
    assert youden_threshold(*study) == expected


@repeatable
@given(studies())
def test_closest_corner_threshold_is_closest(study):
    def distance(threshold):
        return sum((1 - share) ** 2 for share in shares(*study, threshold))

    closest = min(distance(threshold) for threshold in thresholds(study[1]))
    expected = max(t for t in thresholds(study[1]) if distance(t) == closest)
    assert closest_corner_threshold(*study) == expected


@repeatable
@given(studies(), st.integers(0, 12))
def test_threshold_at_specificity_is_the_lowest_that_is_specific_enough(study, step):
    wanted = Fraction(step, 12)
    expected = min(t for t in thresholds(study[1]) if shares(*study, t)[1] >= wanted)
    assert threshold_at_specificity(*study, specificity=float(wanted)) == expected


@repeatable
@given(studies(), st.integers(0, 12))
def test_threshold_at_sensitivity_is_the_highest_that_is_sensitive_enough(study, step):
    wanted = Fraction(step, 12)
    expected = max(t for t in thresholds(study[1]) if shares(*study, t)[0] >= wanted)
    assert threshold_at_sensitivity(*study, sensitivity=float(wanted)) == expected


def test_threshold_meets_a_mean_of_shares_in_spite_of_rounding():
    truth, rating = [0] * 10 + [1] * 10, [*range(10), *range(5, 15)]
    specificity = np.mean([0.7, 0.9, 0.8])  # 0.8000000000000002
    assert specificity > 0.8
    assert threshold_at_specificity(truth, rating, specificity=specificity) == 8.0
    sensitivity = 0.1 + 0.7 + 0.1  # 0.8999999999999999 or so, and its like from above
    assert threshold_at_sensitivity(truth, rating, sensitivity=sensitivity) == 6.0
    assert threshold_at_sensitivity(truth, rating, sensitivity=0.9 + 2e-16) == 6.0


@repeatable
@given(studies(), st.integers(0, 12))
def test_threshold_at_recall_rate_is_the_lowest_that_calls_few_enough(study, step):
    rating, wanted = study[1], Fraction(step, 12)

    def called(threshold):
        return Fraction(sum(r >= threshold for r in rating), len(rating))

    expected = min(t for t in thresholds(rating) if called(t) <= wanted)
    assert threshold_at_recall_rate(rating, recall_rate=float(wanted)) == expected


@repeatable
@given(studies(), st.integers(1, 30), st.integers(1, 19))
def test_weighted_youden_threshold_costs_least(study, cost, step):
    """Misses times their cost plus false alarms, in a population with the prevalence."""
    prevalence = Fraction(step, 20)

    def loss(threshold):
        sensitivity, specificity = shares(*study, threshold)
        misses, alarms = prevalence * (1 - sensitivity), (1 - prevalence) * (1 - specificity)
        return cost * misses + alarms

    least = min(loss(t) for t in thresholds(study[1]))
    expected = max(t for t in thresholds(study[1]) if loss(t) == least)
    got = weighted_youden_threshold(*study, cost=cost, prevalence=float(prevalence))
    assert got == expected
    slope = (1 - prevalence) / (cost * prevalence)
    gain = (cost * prevalence - least) / (cost * prevalence)
    assert expected_utility(*study, slope=float(slope)) == pytest.approx(float(gain), abs=1e-14)


@repeatable
@given(studies())
def test_equal_costs_give_youden(study):
    assert weighted_youden_threshold(*study, cost=1, prevalence=0.5) == youden_threshold(*study)
    best = shares(*study, youden_threshold(*study))
    assert expected_utility(*study, slope=1) == pytest.approx(float(sum(best) - 1), abs=1e-15)


CHOICES = {
    "youden": youden_threshold,
    "weighted youden": lambda t, r: weighted_youden_threshold(t, r, cost=20, prevalence=0.1),
    "corner": closest_corner_threshold,
    "specificity": lambda t, r: threshold_at_specificity(t, r, specificity=0.8),
    "sensitivity": lambda t, r: threshold_at_sensitivity(t, r, sensitivity=0.8),
    "recall rate": lambda _, r: threshold_at_recall_rate(r, recall_rate=0.3),
}


@pytest.mark.parametrize("name", CHOICES)
@settings(repeatable, max_examples=40)
@given(studies(), studies())
def test_a_threshold_chosen_on_some_cases_is_applied_to_others(name, chosen_on, applied_to):
    """On the other cases only calls from the threshold up count: nothing is chosen there."""
    threshold = CHOICES[name](*chosen_on)
    assert threshold in thresholds(chosen_on[1])
    point = operating_point(*applied_to, threshold=threshold)
    sensitivity, specificity = shares(*applied_to, threshold)
    assert point.sensitivity.estimate == float(sensitivity)
    assert point.specificity.estimate == float(specificity)


def test_a_threshold_keeps_what_it_was_chosen_for_on_large_independent_cases():
    rng = np.random.default_rng(5)
    sets = []
    for _ in range(2):
        truth = rng.random(20_000) < 0.3
        sets.append((truth, rng.standard_normal(20_000) + 1.5 * truth))
    (truth, rating), other = sets
    at = {
        "specificity": threshold_at_specificity(truth, rating, specificity=0.9),
        "sensitivity": threshold_at_sensitivity(truth, rating, sensitivity=0.9),
    }
    for name, threshold in at.items():
        accuracy = operating_point(*other, threshold=threshold).estimates[name]
        assert accuracy.estimate == pytest.approx(0.9, abs=5 * accuracy.std_error)
    threshold = threshold_at_recall_rate(rating, recall_rate=0.2)
    assert np.mean(other[1] >= threshold) == pytest.approx(0.2, abs=0.02)


@repeatable
@given(studies(), st.randoms(use_true_random=False))
def test_order_of_cases_and_monotone_transforms_do_not_matter(study, random):
    truth, rating = study
    order = random.sample(range(len(truth)), len(truth))
    shuffled = [truth[i] for i in order], [rating[i] for i in order]
    threshold = youden_threshold(*study)
    assert youden_threshold(*shuffled) == threshold
    assert youden_threshold(truth, np.exp(rating)) == np.exp(threshold)


# --- edge --------------------------------------------------------------------------------------


def test_a_reader_no_better_than_chance_gets_no_threshold():
    assert youden_threshold([0, 0, 1, 1], [3, 4, 1, 2]) == math.inf
    assert youden_threshold([0, 1], [1, 1]) == math.inf
    assert weighted_youden_threshold([0, 1], [1, 1], cost=0.5, prevalence=0.5) == math.inf
    assert expected_utility([0, 0, 1, 1], [3, 4, 1, 2], slope=1) == 0.0


def test_direction_is_never_guessed():
    truth, wrong = [0, 0, 0, 1, 1, 1], [5, 4, 3, 0, 1, 2]
    assert youden_threshold(truth, wrong) == math.inf
    assert threshold_at_specificity(truth, wrong, specificity=1) == math.inf
    assert threshold_at_sensitivity(truth, wrong, sensitivity=1) == 0.0


def test_a_perfect_reader_has_all_utility():
    for slope in (0.1, 1, 50):
        assert expected_utility([0, 0, 1, 1], [1, 2, 3, 4], slope=slope) == 1.0
    assert weighted_youden_threshold([0, 0, 1, 1], [1, 2, 3, 4], cost=9, prevalence=0.01) == 3.0


def test_misses_that_cost_everything_call_everyone():
    truth, rating = [0, 1, 0, 1], [1, 2, 3, 4]
    assert weighted_youden_threshold(truth, rating, cost=1e6, prevalence=0.5) == 2.0
    assert weighted_youden_threshold([1, 0, 0, 1], rating, cost=1e6, prevalence=0.5) == 1.0


def test_recall_rate_ends():
    assert threshold_at_recall_rate([1, 2, 3], recall_rate=0) == math.inf
    assert threshold_at_recall_rate([1, 2, 3], recall_rate=1) == 1.0
    assert threshold_at_recall_rate([3, 3, 3], recall_rate=0.99) == math.inf
    assert threshold_at_recall_rate([-math.inf, 2], recall_rate=1) == -math.inf
    assert threshold_at_recall_rate(np.array([1, 2, 2], dtype=np.uint8), recall_rate=2 / 3) == 2.0


def test_a_threshold_from_one_set_serves_another():
    threshold = threshold_at_specificity([0, 0, 0, 0, 1], [1, 2, 3, 4, 9], specificity=0.75)
    point = operating_point([0, 0, 1, 1], [3.9, 4, 4.1, 0], threshold=threshold)
    assert (point.specificity.numerator, point.sensitivity.numerator) == (1, 1)


def test_thresholds_need_only_the_class_that_they_speak_of():
    assert threshold_at_specificity([0, 0], [1, 2], specificity=0.5) == 2.0
    assert threshold_at_sensitivity([1, 1], [1, 2], sensitivity=0.5) == 2.0


def test_thresholds_of_a_large_study_are_exact():
    rating = np.arange(1_000_000)
    # 450,000 of the 500,000 even ratings, the negatives, lie below 899,999 and not below 899,998.
    assert threshold_at_specificity(rating % 2, rating, specificity=0.9) == 899_999.0
    assert youden_threshold(rating >= 600_000, rating) == 600_000.0
    assert threshold_at_recall_rate(rating, recall_rate=0.03) == 970_000.0


# --- errors ------------------------------------------------------------------------------------

THRESHOLDS = {
    "Youden's index": youden_threshold,
    "the distance to the corner": closest_corner_threshold,
    "a weighted Youden's index": CHOICES["weighted youden"],
    "an expected utility": lambda truth, rating: expected_utility(truth, rating, slope=1),
}


@pytest.mark.parametrize("what", THRESHOLDS)
@pytest.mark.parametrize("truth", [[0, 0], [1, 1]])
def test_best_thresholds_need_both_classes(what, truth):
    with pytest.raises(ValueError, match=f"{what} is undefined: truth holds no"):
        THRESHOLDS[what](truth, [1, 2])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: threshold_at_specificity([1, 1], [1, 2], specificity=0.9),
            "specificity is undefined: truth holds no negative case among 2; leave such",
        ),
        (
            lambda: threshold_at_sensitivity([0, 0], [1, 2], sensitivity=0.9),
            "sensitivity is undefined: truth holds no positive case among 2",
        ),
        (
            lambda: threshold_at_specificity([0, 1], [1, 2], specificity=90),
            "specificity must lie from 0 to 1",
        ),
        (
            lambda: threshold_at_sensitivity([0, 1], [1, 2], sensitivity=-0.1),
            "sensitivity must lie from 0 to 1",
        ),
        (lambda: youden_threshold([0, 1], [1, math.inf]), "rating must be below infinity"),
        (
            lambda: threshold_at_recall_rate([1, 2], recall_rate=30),
            "recall_rate must lie from 0 to 1, but got 30.0",
        ),
        (
            lambda: threshold_at_recall_rate([], recall_rate=0.3),
            "a recall rate is undefined: rating holds no case; leave such a subgroup out in view",
        ),
        (
            lambda: threshold_at_recall_rate([1, math.nan], recall_rate=0.3),
            "rating must not be missing, but position 1 is NaN",
        ),
        (
            lambda: threshold_at_recall_rate([1, math.inf], recall_rate=0.3),
            "rating must be below infinity",
        ),
        (
            lambda: weighted_youden_threshold([0, 1], [1, 2], cost=0, prevalence=0.1),
            "cost must be a finite number above 0, but got 0",
        ),
        (
            lambda: weighted_youden_threshold([0, 1], [1, 2], cost=math.inf, prevalence=0.1),
            "cost must be a finite number above 0, but got inf",
        ),
        (
            lambda: weighted_youden_threshold([0, 1], [1, 2], cost=5, prevalence=0),
            "prevalence must lie between 0 and 1, but got 0.0; the ends leave nothing to weigh",
        ),
        (
            lambda: expected_utility([0, 1], [1, 2], slope=-1),
            "slope must be a finite number above 0, but got -1.0",
        ),
        (
            lambda: expected_utility([0, 1], [1, 2], slope="steep"),
            "slope must be one number, but got 'steep'",
        ),
    ],
)
def test_malformed_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
