"""The empirical ROC curve and its areas; the reference files are in test_roc_reference.py."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.results import Curve
from toolkit.stats.auc.curve import (
    auc,
    partial_auc,
    partial_auc_mcclish,
    rating_fom,
    roc_curve,
    sensitivity_at_specificity,
    specificity_at_sensitivity,
)

repeatable = settings(deadline=None, max_examples=150, derandomize=True)


@st.composite
def studies(draw, highest=4):
    """A small study with many ties, one case of each class at least."""
    n_positive, n_negative = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    truth = draw(st.permutations([1] * n_positive + [0] * n_negative))
    rating = st.lists(st.integers(0, highest), min_size=len(truth), max_size=len(truth))
    return truth, draw(rating)


def pairs(truth, rating):
    """All pairs of a positive and a negative rating."""
    positive = [r for t, r in zip(truth, rating, strict=True) if t]
    negative = [r for t, r in zip(truth, rating, strict=True) if not t]
    return [(high, low) for high in positive for low in negative]


# --- reference ---------------------------------------------------------------------------------


def test_auc_matches_hanley_and_mcneil():
    """Hanley and McNeil, Radiology 1982;143:29-36, table 1: 109 CT images, W = 0.893."""
    truth = np.repeat([1, 0], [51, 58])
    categories = np.arange(1, 6)
    rating = np.concatenate(
        [np.repeat(categories, [3, 2, 2, 11, 33]), np.repeat(categories, [33, 6, 6, 11, 2])]
    )
    assert round(auc(truth, rating), 3) == 0.893


def test_edge_cases_match_proc():
    """pROC 1.19.0.1 on three small studies.

    > r <- roc(y, score, direction = "<", levels = c(0, 1))
    > auc(r); auc(r, partial.auc = c(1, 0.9)); auc(..., partial.auc.correct = TRUE)
    """
    ties = [0, 0, 0, 0, 1, 1, 1], [3] * 7
    assert auc(*ties) == 0.5
    assert partial_auc(*ties, low=0.9, high=1) == pytest.approx(0.005, rel=1e-9)
    assert partial_auc_mcclish(*ties, low=0.9, high=1) == pytest.approx(0.5, rel=1e-9)
    single = [0, 1], [1, 2]
    assert auc(*single) == 1.0
    assert partial_auc(*single, low=0.9, high=1) == pytest.approx(0.1, rel=1e-9)
    assert partial_auc_mcclish(*single, low=0.9, high=1) == pytest.approx(1.0, rel=1e-9)
    wrong = [0, 0, 0, 1, 1, 1], [5, 4, 3, 0, 1, 2]
    assert auc(*wrong) == 0.0
    assert partial_auc(*wrong, low=0.9, high=1) == 0.0
    # pROC leaves this one undefined; the formula gives (1 - 0.005 / 0.095) / 2.
    assert partial_auc_mcclish(*wrong, low=0.9, high=1) == pytest.approx(9 / 19, rel=1e-9)


@repeatable
@given(studies())
def test_auc_is_the_correctly_rounded_u_statistic(study):
    wins = [Fraction(int(h > low)) + Fraction(int(h == low), 2) for h, low in pairs(*study)]
    assert auc(*study) == float(sum(wins) / len(wins))


# --- property ----------------------------------------------------------------------------------


@repeatable
@given(studies())
def test_area_under_the_curve_is_the_auc(study):
    curve = roc_curve(*study)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(auc(*study), abs=1e-14)
    assert partial_auc(*study, low=0, high=1) == pytest.approx(auc(*study), abs=1e-14)
    along = partial_auc(*study, low=0, high=1, along="sensitivity")
    assert along == pytest.approx(auc(*study), abs=1e-14)
    assert partial_auc_mcclish(*study, low=0, high=1) == pytest.approx(auc(*study), abs=1e-14)


@repeatable
@given(studies())
def test_each_point_counts_the_cases_rated_from_its_threshold_up(study):
    truth, rating = np.array(study[0], dtype=bool), np.array(study[1])
    curve = roc_curve(truth, rating)
    assert curve.threshold.tolist() == [math.inf, *sorted(set(rating), reverse=True)]
    for x, y, threshold in zip(curve.x, curve.y, curve.threshold, strict=True):
        called = rating >= threshold
        assert x == (called & ~truth).sum() / (~truth).sum()
        assert y == (called & truth).sum() / truth.sum()
    assert (curve.x[0], curve.y[0]) == (0.0, 0.0)
    assert (curve.x[-1], curve.y[-1]) == (1.0, 1.0)


@repeatable
@given(studies(), st.randoms(use_true_random=False))
def test_order_of_cases_does_not_matter(study, random):
    truth, rating = study
    order = random.sample(range(len(truth)), len(truth))
    shuffled = [truth[i] for i in order], [rating[i] for i in order]
    assert auc(*shuffled) == auc(*study)
    assert roc_curve(*shuffled).to_dict() == roc_curve(*study).to_dict()


@repeatable
@given(studies(), st.sampled_from([np.exp, np.cbrt, lambda x: 1e6 * x - 3]))
def test_auc_is_invariant_to_monotone_transforms_and_turns_with_the_sign(study, transform):
    truth, rating = study[0], np.array(study[1], dtype=float)
    assert auc(truth, transform(rating)) == auc(*study)
    assert auc(truth, -rating) == pytest.approx(1 - auc(*study), abs=1e-15)
    assert auc([1 - t for t in truth], -rating) == auc(*study)


@repeatable
@given(studies(), st.integers(2, 5))
def test_duplicate_cases_change_nothing(study, times):
    truth, rating = study
    assert auc(truth * times, rating * times) == auc(*study)
    first, second = roc_curve(truth * times, rating * times), roc_curve(*study)
    assert first.x.tolist() == second.x.tolist()
    assert first.y.tolist() == second.y.tolist()


@repeatable
@given(studies(), st.integers(0, 20), st.integers(0, 20), st.sampled_from(["spec", "sens"]))
def test_partial_areas_add_up(study, first, second, axis):
    low, high = sorted((first / 20, second / 20))
    if low == high:
        return
    along = {"spec": "specificity", "sens": "sensitivity"}[axis]
    cuts = sorted({0.0, low, high, 1.0})
    parts = [partial_auc(*study, low=a, high=b, along=along) for a, b in pairwise(cuts)]
    assert sum(parts) == pytest.approx(auc(*study), abs=1e-14)
    assert all(
        0 <= part <= b - a + 1e-15 for part, a, b in zip(parts, cuts, cuts[1:], strict=False)
    )


def exact_partial_area(truth, rating, low, high):
    """Area over specificities low to high in fractions, from the definition of the curve."""
    m, n = sum(truth), len(truth) - sum(truth)
    points = [
        (
            Fraction(sum(1 - t for t, r in zip(truth, rating, strict=True) if r >= c), n),
            Fraction(sum(t for t, r in zip(truth, rating, strict=True) if r >= c), m),
        )
        for c in [math.inf, *sorted(set(rating), reverse=True)]
    ]
    total = Fraction(0)
    for (x0, y0), (x1, y1) in pairwise(points):
        left, right = max(x0, 1 - high), min(x1, 1 - low)
        if right > left:
            ends = [y0 + (y1 - y0) * (x - x0) / (x1 - x0) for x in (left, right)]
            total += (right - left) * sum(ends) / 2
    return total


@repeatable
@given(studies(), st.integers(0, 12), st.integers(0, 12))
def test_partial_auc_equals_fractions(study, first, second):
    low, high = sorted((Fraction(first, 12), Fraction(second, 12)))
    if low == high:
        return
    expected = exact_partial_area(*study, low, high)
    got = partial_auc(*study, low=float(low), high=float(high))
    assert got == pytest.approx(float(expected), rel=1e-9, abs=1e-14)
    swapped = [1 - t for t in study[0]], [-r for r in study[1]]
    along = partial_auc(*swapped, low=float(low), high=float(high), along="sensitivity")
    assert along == pytest.approx(float(expected), rel=1e-9, abs=1e-14)


@repeatable
@given(studies(), st.integers(0, 40))
def test_sensitivity_at_specificity_lies_on_the_curve(study, step):
    wanted = step / 40
    curve = roc_curve(*study)
    got = sensitivity_at_specificity(*study, specificity=wanted)
    on = np.abs((1 - curve.x) - wanted) < 1e-9
    expected = curve.y[on].max() if on.any() else np.interp(1 - wanted, curve.x, curve.y)
    assert got == pytest.approx(expected, abs=1e-12)


@repeatable
@given(studies(), st.integers(0, 40))
def test_specificity_at_sensitivity_mirrors(study, step):
    mirrored = [1 - t for t in study[0]], [-r for r in study[1]]
    got = specificity_at_sensitivity(*study, sensitivity=step / 40)
    assert got == pytest.approx(
        sensitivity_at_specificity(*mirrored, specificity=step / 40), abs=1e-12
    )


@pytest.mark.parametrize("k", range(11))
def test_a_specificity_that_points_have_is_met_in_spite_of_rounding(k):
    # Ten negatives rated 1 to 10, and a positive just above each: every specificity k / 10 has
    # two points, one above the other.
    truth, rating = [0] * 10 + [1] * 10, [*range(1, 11), *(value + 0.5 for value in range(1, 11))]
    expected = (10 - k + 1) / 10 if k else 1.0
    for specificity in (k / 10, 1 - (10 - k) / 10, np.mean([k / 10] * 3)):
        got = sensitivity_at_specificity(truth, rating, specificity=specificity)
        assert got == pytest.approx(min(expected, 1.0), abs=1e-12)


# --- edge --------------------------------------------------------------------------------------


def test_truth_and_rating_may_be_of_any_number_type():
    truth, rating = np.array([1, 0, 1, 0, 0]), np.array([3, 1, 2, 2, 0])
    expected = auc(truth, rating)
    assert expected == 11 / 12
    for kind in (bool, np.uint8, np.uint32, np.uint64, np.int8, np.float32):
        assert auc(truth.astype(kind), rating) == expected
        assert auc(truth.astype(kind), rating.astype(np.uint8)) == expected
        assert auc(truth.astype(kind), rating.astype(np.float32)) == expected


def test_auc_takes_infinite_ratings():
    assert auc([0, 0, 0, 1, 1, 1], [-math.inf, 1, 2, 1.5, math.inf, 3]) == 8 / 9


def test_roc_curve_takes_readings_without_a_mark():
    curve = roc_curve([0, 0, 1], [-math.inf, 1, 2])
    assert curve.threshold.tolist() == [math.inf, 2.0, 1.0, -math.inf]
    assert curve.x.tolist() == [0.0, 0.0, 0.5, 1.0]


@pytest.mark.parametrize(
    ("truth", "axis", "quantity"), [([0, 0], "y", "sensitivity"), ([1, 1], "x", "specificity")]
)
def test_roc_curve_of_one_class_has_one_axis(truth, axis, quantity):
    curve = roc_curve(truth, [1, 2])
    assert np.isnan(getattr(curve, axis)).all()
    assert not np.isnan(getattr(curve, "xy".replace(axis, ""))).any()
    assert curve.note == f"no case of the class that defines {quantity}"


def test_roc_curve_of_no_case_has_no_axis():
    curve = roc_curve([], [])
    assert curve.threshold.tolist() == [math.inf]
    assert curve.note == "no case of the class that defines sensitivity and specificity"


def test_roc_curve_names_what_it_is():
    curve = roc_curve([0, 1], [1, 2], label="AI")
    assert isinstance(curve, Curve)
    assert (curve.kind, curve.label, curve.n_cases, curve.n_positive) == ("roc", "AI", 2, 1)
    assert Curve.from_dict(curve.to_dict()).to_dict() == curve.to_dict()


@pytest.mark.parametrize("n", [100_000, 1_000_000])
def test_auc_of_a_large_study_is_exact(n):
    # Negatives 0, 2, 4 ... and positives 1, 3, 5 ..., in turns: positive k beats k + 1 negatives.
    rating, truth = np.arange(n), np.arange(n) % 2
    half = n // 2
    assert auc(truth, rating) == (half * (half + 1) // 2) / half**2
    assert auc(truth, rating // 2) == 0.5


def test_auc_is_a_rating_fom():
    assert (auc.uses, auc.smooth, auc.range, auc.better) == ("all", True, (0.0, 1.0), "higher")
    assert auc.__name__ == "auc"
    assert auc(truth=[0, 1], rating=[1, 2]) == 1.0


def test_rating_fom_marks_a_function():
    def recalled(truth, rating):
        return float(np.mean(np.asarray(rating)[np.asarray(truth) == 0] >= 3))

    mark = rating_fom(uses="negative", smooth=True, range=(0.0, 1.0), better="lower")
    fom = mark(recalled)
    assert fom is recalled
    assert (fom.uses, fom.smooth, fom.range, fom.better) == ("negative", True, (0, 1), "lower")
    assert fom([0, 0, 1], [3, 2, 5]) == 0.5


# --- errors ------------------------------------------------------------------------------------

CALLS = {
    "an AUC": auc,
    "a partial AUC": lambda truth, rating: partial_auc(truth, rating, low=0.9, high=1),
    "sensitivity at a specificity": lambda truth, rating: sensitivity_at_specificity(
        truth, rating, specificity=0.9
    ),
    "specificity at a sensitivity": lambda truth, rating: specificity_at_sensitivity(
        truth, rating, sensitivity=0.9
    ),
}


@pytest.mark.parametrize("what", CALLS)
@pytest.mark.parametrize(
    ("truth", "missing"),
    [([0, 0], "positive case among 2"), ([1, 1], "negative case among 2"), ([], "positive case")],
)
def test_one_class_alone_is_refused(what, truth, missing):
    message = f"{what} is undefined: truth holds no {missing}"
    with pytest.raises(ValueError, match=message):
        CALLS[what](truth, [1, 2][: len(truth)])


@pytest.mark.parametrize("what", CALLS)
def test_a_missing_rating_is_refused(what):
    with pytest.raises(ValueError, match=r"rating must not be missing, but position 1 is NaN"):
        CALLS[what]([0, 1], [1, math.nan])


@pytest.mark.parametrize("what", [name for name in CALLS if name != "an AUC"])
def test_an_infinite_rating_is_refused_where_thresholds_matter(what):
    with pytest.raises(ValueError, match=r"rating must be below infinity .* position 1 is inf"):
        CALLS[what]([0, 1], [1, math.inf])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: auc([0, 2], [1, 2]), "truth must hold only 0 and 1, but position 1 holds 2"),
        (lambda: auc([0, 1], [1, 2, 3]), r"rating must have shape \(n_cases,\) with n_cases = 2"),
        (lambda: roc_curve([0, 1], [1, math.inf]), "rating must be below infinity where"),
        (
            lambda: partial_auc([0, 1], [1, 2], low=0.9, high=0.8),
            "low must be below high, but got low=0.9 and high=0.8; swap them",
        ),
        (
            lambda: partial_auc([0, 1], [1, 2], low=0.9, high=0.9),
            "low must be below high",
        ),
        (lambda: partial_auc([0, 1], [1, 2], low=-0.1, high=1), "low must lie from 0 to 1"),
        (lambda: partial_auc([0, 1], [1, 2], low=0.9, high=100), "high must lie from 0 to 1"),
        (
            lambda: partial_auc([0, 1], [1, 2], low=0, high=1, along="spec"),
            "along must be one of 'specificity', 'sensitivity', but got 'spec'",
        ),
        (
            lambda: partial_auc_mcclish([0, 1], [1, 2], low=1, high=0),
            "low must be below high",
        ),
        (
            lambda: sensitivity_at_specificity([0, 1], [1, 2], specificity=90),
            "specificity must lie from 0 to 1, but got 90.0; write 90 % as 0.9",
        ),
        (
            lambda: specificity_at_sensitivity([0, 1], [1, 2], sensitivity="high"),
            "sensitivity must be one number, but got 'high'",
        ),
    ],
)
def test_malformed_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_weights_of_a_curve_are_those_of_copies():
    truth, rating = np.array([0, 0, 1, 1, 0, 1]), np.array([1.0, 2, 2, 3, 3, 1])
    weight = np.array([2, 1, 3, 1, 4, 2])
    weighted = roc_curve(truth, rating, weight=weight)
    copies = roc_curve(np.repeat(truth, weight), np.repeat(rating, weight))
    for name in ("x", "y", "threshold"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(copies, name), rtol=1e-12)
    alone = roc_curve([1, 1], [1, 2], weight=[1, 2])
    assert np.isnan(alone.x).all()
