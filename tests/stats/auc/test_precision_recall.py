"""The precision-recall curve and the average precision."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.results import Curve
from toolkit.stats.auc.curve import (
    average_precision,
    average_precision_at_prevalence,
    precision_recall_curve,
)

repeatable = settings(deadline=None, max_examples=120, derandomize=True)


@st.composite
def studies(draw, highest=5):
    """A small study with many ties, one case of each class at least."""
    n_positive, n_negative = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    truth = draw(st.permutations([1] * n_positive + [0] * n_negative))
    rating = st.lists(st.integers(0, highest), min_size=len(truth), max_size=len(truth))
    return truth, draw(rating)


def exact_points(truth, rating, prevalence=None):
    """Recall and precision from each distinct rating up, in fractions, highest rating first."""
    m, n = sum(truth), len(truth) - sum(truth)
    points = []
    for threshold in sorted(set(rating), reverse=True):
        called = [t for t, r in zip(truth, rating, strict=True) if r >= threshold]
        hits, alarms = Fraction(sum(called)), Fraction(len(called) - sum(called))
        if prevalence is not None:
            hits, alarms = prevalence * hits / m, (1 - prevalence) * alarms / n
        points.append((Fraction(sum(called), m), hits / (hits + alarms)))
    return points


def exact_average(points):
    """Precision averaged over recall, in fractions."""
    total = before = Fraction(0)
    for recall, precision in points:
        total += (recall - before) * precision
        before = recall
    return total


# --- reference ---------------------------------------------------------------------------------


def test_average_precision_of_a_worked_example():
    """Manning, Raghavan, Schuetze, Introduction to Information Retrieval (2008), section 8.4:
    relevant documents at ranks 1, 3, 6, 9 and 10 have an average precision of 0.62."""
    truth = [1, 0, 1, 0, 0, 1, 0, 0, 1, 1]
    expected = (1 / 1 + 2 / 3 + 3 / 6 + 4 / 9 + 5 / 10) / 5
    assert round(expected, 2) == 0.62
    assert average_precision(truth, range(10, 0, -1)) == pytest.approx(expected, rel=1e-15)


@repeatable
@given(studies())
def test_curve_and_average_equal_fractions(study):
    points = exact_points(*study)
    curve = precision_recall_curve(*study)
    assert curve.threshold.tolist() == sorted(set(study[1]), reverse=True)
    assert curve.x.tolist() == [float(recall) for recall, _ in points]
    assert curve.y.tolist() == [float(precision) for _, precision in points]
    assert average_precision(*study) == pytest.approx(float(exact_average(points)), rel=1e-15)


@repeatable
@given(studies(), st.integers(1, 99))
def test_another_prevalence_equals_fractions(study, percent):
    prevalence = Fraction(percent, 100)
    points = exact_points(*study, prevalence)
    curve = precision_recall_curve(*study, prevalence=float(prevalence))
    assert curve.x.tolist() == [float(recall) for recall, _ in points]
    assert curve.y == pytest.approx([float(precision) for _, precision in points], rel=1e-12)
    got = average_precision_at_prevalence(*study, prevalence=float(prevalence))
    assert got == pytest.approx(float(exact_average(points)), rel=1e-12)


# --- property ----------------------------------------------------------------------------------


@repeatable
@given(studies())
def test_the_own_prevalence_changes_nothing(study):
    own = sum(study[0]) / len(study[0])
    curve, stated = precision_recall_curve(*study), precision_recall_curve(*study, prevalence=own)
    assert stated.y == pytest.approx(curve.y, rel=1e-12)
    assert average_precision_at_prevalence(*study, prevalence=own) == pytest.approx(
        average_precision(*study), rel=1e-12
    )


@repeatable
@given(studies(), st.integers(2, 6))
def test_a_prevalence_is_as_good_as_that_many_more_negatives(study, times):
    truth, rating = study
    more = [r for t, r in zip(truth, rating, strict=True) if not t] * (times - 1)
    enlarged = truth + [0] * len(more), rating + more
    prevalence = sum(truth) / len(enlarged[0])
    assert average_precision_at_prevalence(*study, prevalence=prevalence) == pytest.approx(
        average_precision(*enlarged), rel=1e-12
    )


@repeatable
@given(studies(), st.randoms(use_true_random=False))
def test_order_of_cases_copies_and_monotone_transforms_do_not_matter(study, random):
    truth, rating = study
    order = random.sample(range(len(truth)), len(truth))
    expected = average_precision(*study)
    assert average_precision([truth[i] for i in order], [rating[i] for i in order]) == expected
    assert average_precision(truth, np.exp(rating)) == expected
    assert average_precision(truth * 3, rating * 3) == pytest.approx(expected, rel=1e-15)


def test_chance_has_the_prevalence_and_perfection_1():
    rng = np.random.default_rng(1)
    truth = rng.random(200_000) < 0.05
    assert average_precision(truth, rng.random(200_000)) == pytest.approx(0.05, abs=0.003)
    assert average_precision(truth, truth + 0.0) == 1.0


def test_curve_and_average_say_what_they_are():
    curve = precision_recall_curve([0, 1, 1], [1, 2, 3], label="AI")
    assert isinstance(curve, Curve)
    assert (curve.kind, curve.label) == ("precision_recall", "AI")
    assert (curve.n_cases, curve.n_positive) == (3, 2)
    assert curve.note == "precision at the prevalence of this set, 2 of 3 cases"
    assert Curve.from_dict(curve.to_dict()).to_dict() == curve.to_dict()
    stated = precision_recall_curve([0, 1, 1], [1, 2, 3], prevalence=0.006)
    assert stated.note.startswith("precision at a prevalence of 0.006, to which")
    assert (average_precision.uses, average_precision.smooth) == ("all", True)
    assert (average_precision.range, average_precision.better) == ((0.0, 1.0), "higher")
    assert average_precision.__name__ == "average_precision"


# --- edge --------------------------------------------------------------------------------------


def test_ties_are_called_together():
    truth, rating = [0, 1, 1, 0], [2, 2, 2, 2]
    assert precision_recall_curve(truth, rating).y.tolist() == [0.5]
    assert average_precision(truth, rating) == 0.5


def test_direction_is_never_guessed():
    assert average_precision([0, 0, 0, 1], [4, 3, 2, 1]) == 0.25


def test_one_class_leaves_undefined_what_needs_the_other():
    curve = precision_recall_curve([0, 0], [1, 2])
    assert np.isnan(curve.x).all()
    assert curve.y.tolist() == [0.0, 0.0]
    assert curve.note.endswith("0 of 2 cases; no positive case: recall is undefined")
    only_positive = precision_recall_curve([1, 1], [1, 2])
    assert only_positive.y.tolist() == [1.0, 1.0]
    assert average_precision([1, 1], [1, 2]) == 1.0
    stated = precision_recall_curve([1, 1], [1, 2], prevalence=0.1)
    assert np.isnan(stated.y).all()
    assert "no negative case: precision at another prevalence is undefined" in stated.note


def test_no_case_has_no_curve():
    curve = precision_recall_curve([], [])
    assert curve.x.size == 0
    assert "no positive case" in curve.note


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int8, np.float32])
def test_numbers_may_be_of_any_type(kind):
    truth, rating = np.array([0, 1, 0, 1, 1, 0]), np.array([1, 2, 2, 4, 3, 1])
    expected = average_precision(truth, rating)
    assert average_precision(truth.astype(kind), rating.astype(np.uint8)) == expected


def test_a_large_study_is_counted_exactly():
    rating = np.arange(1_000_000)
    assert average_precision(rating >= 900_000, rating) == 1.0
    # All positives below all negatives: the k-th of m positives has precision k / (n + k).
    k = np.arange(1, 100_001)
    expected = math.fsum(k / (900_000 + k)) / 100_000
    assert average_precision(rating < 100_000, rating) == pytest.approx(expected, rel=1e-12)


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: average_precision([0, 0], [1, 2]), "an average precision is undefined: truth h"),
        (lambda: average_precision([], []), "truth holds no positive case among 0"),
        (
            lambda: average_precision_at_prevalence([1, 1], [1, 2], prevalence=0.1),
            "an average precision at a prevalence is undefined: truth holds no negative case",
        ),
        (
            lambda: average_precision_at_prevalence([0, 1], [1, 2], prevalence=1),
            "prevalence must lie between 0 and 1, but got 1.0",
        ),
        (
            lambda: precision_recall_curve([0, 1], [1, 2], prevalence=0.6e2),
            "prevalence must lie from 0 to 1, but got 60.0; write 90 % as 0.9",
        ),
        (lambda: precision_recall_curve([0, 1], [1, math.inf]), "rating must be below infinity"),
        (lambda: average_precision([0, 1], [1, math.nan]), "rating must not be missing, but posi"),
        (lambda: average_precision(["a", "b"], [1, 2]), "truth must hold numbers, but its dtype"),
    ],
)
def test_malformed_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
