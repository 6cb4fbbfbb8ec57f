"""Permutation tests that two ROC curves are equal."""

import csv
import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.results import Result
from toolkit.stats.auc import permutation as _curve_permutations
from toolkit.stats.auc.curve import auc, roc_curve
from toolkit.stats.auc.permutation import (
    CurveTest,
    venkatraman_paired_test,
    venkatraman_unpaired_test,
)

repeatable = settings(deadline=None, max_examples=60, derandomize=True)


def in_file_order(rating):
    """Ranks whose ties follow the order of the cases, as pROC takes them ("first")."""
    return np.argsort(np.argsort(rating, kind="stable"), kind="stable")


@st.composite
def pairs(draw, largest=12):
    """Truth and two ratings without ties, one case of each class at least."""
    n = draw(st.integers(3, largest))
    m = draw(st.integers(1, n - 1))
    truth = draw(st.permutations([1] * m + [0] * (n - m)))
    return np.array(truth), *(np.array(draw(st.permutations(range(n)))) for _ in "ab")


def errors_apart(truth, rank_a, rank_b):
    """The statistic as the paper defines it, cut by cut and case by case; ranks from 0."""
    total = 0
    for cut in range(len(truth)):
        apart = 0
        for diseased, a, b in zip(truth, rank_a, rank_b, strict=True):
            wrong_a = (a <= cut) if diseased else (a > cut)
            wrong_b = (b <= cut) if diseased else (b > cut)
            apart += int(wrong_a) - int(wrong_b)
        total += abs(apart)
    return total


# --- reference ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def asah(reference_data):
    with (reference_data / "data" / "asah" / "aSAH.csv").open() as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in ("s100b", "ndka")}
    columns["truth"] = np.array([row["outcome"] == "Poor" for row in rows])
    columns["male"] = np.array([row["gender"] == "Male" for row in rows])
    return columns


@pytest.fixture(scope="module")
def roc_auc_cases(reference_data):
    cases = json.loads((reference_data / "reference" / "roc_auc.json").read_text())["cases"]
    return {case["id"]: case["values"] for case in cases}


def test_paired_test_matches_proc(asah, roc_auc_cases):
    """pROC 1.19.0.1, roc.test(s100b, ndka, method = "venkatraman", boot.n = 10000)."""
    expected = roc_auc_cases["asah_venkatraman_paired_s100b_ndka"]
    result = venkatraman_paired_test(
        asah["truth"],
        in_file_order(asah["s100b"]),
        in_file_order(asah["ndka"]),
        n_permutations=10_000,
        rng=1,
    )
    assert result.statistic == expected["statistic"]
    assert result.p_value == pytest.approx(expected["p.value"], abs=0.015)
    assert result.note == ""


def test_paired_test_of_readers_matches_proc(reference_data):
    """pROC 1.19.0.1, roc.test(mod1, mod2, method = "venkatraman", boot.n = 500)."""
    proc = json.loads((reference_data / "reference" / "proc.json").read_text())["results"]
    with (reference_data / "data" / "VanDyke" / "ratings.csv").open() as file:
        rows = list(csv.DictReader(file))
    for reader in "12345":
        own = [row for row in rows if row["reader"] == reader]
        curves = [[row for row in own if row["modality"] == modality] for modality in "12"]
        truth = np.array([int(row["truth"]) for row in curves[0]])
        ratings = [np.array([float(row["rating"]) for row in curve]) for curve in curves]
        expected = proc[f"VanDyke/reader{reader}/test_venkatraman"]["result"]
        result = venkatraman_paired_test(truth, *map(in_file_order, ratings), rng=1)
        assert result.statistic == expected["E"]["E"]
        error = math.sqrt(expected["p"] * (1 - expected["p"]) * (1 / 500 + 1 / 2000))
        assert result.p_value == pytest.approx(expected["p"], abs=3.5 * error)


def test_ties_in_the_order_of_the_file_decide_what_proc_says(reference_data):
    """Reader 4 of VanDyke: P is 0.08 with the cases in one order and 0.03 in the other.

    Ours draws the order of tied cases anew for each permutation, and stays between.
    """
    with (reference_data / "data" / "VanDyke" / "ratings.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["reader"] == "4"]
    curves = [[row for row in rows if row["modality"] == modality] for modality in "12"]
    truth = np.array([int(row["truth"]) for row in curves[0]])
    ratings = [np.array([float(row["rating"]) for row in curve]) for curve in curves]
    forward = venkatraman_paired_test(truth, *map(in_file_order, ratings), rng=1)
    backward = venkatraman_paired_test(
        truth[::-1], *(in_file_order(rating[::-1]) for rating in ratings), rng=1
    )
    assert forward.p_value > 2 * backward.p_value
    ours = [
        venkatraman_paired_test(truth[order], *(rating[order] for rating in ratings), rng=seed)
        for seed, order in enumerate((slice(None), slice(None, None, -1)))
    ]
    assert ours[0].p_value == pytest.approx(ours[1].p_value, abs=0.025)
    assert ours[0].note.startswith("tied ratings")


def test_unpaired_test_matches_proc(asah, roc_auc_cases):
    """pROC 1.19.0.1, roc.test(male, female, method = "venkatraman", boot.n = 4000).

    pROC mixes the classes in a slightly other proportion, and its tolerance is the file's.
    """
    expected = roc_auc_cases["asah_unpaired_gender_venkatraman"]
    male, truth, rating = asah["male"], asah["truth"], asah["ndka"]
    result = venkatraman_unpaired_test(
        truth[male], rating[male], truth[~male], rating[~male], n_permutations=4000, rng=1
    )
    assert result.statistic / 2 == pytest.approx(expected["statistic"], rel=1e-3)
    assert result.p_value == pytest.approx(expected["p.value"], abs=0.03)


# --- property ----------------------------------------------------------------------------------


@repeatable
@given(pairs())
def test_paired_statistic_counts_the_errors_of_every_cut(study):
    result = venkatraman_paired_test(*study, n_permutations=1, rng=1)
    assert result.statistic == errors_apart(*study)


def exact_paired_p(truth, rank_a, rank_b):
    """P over all swaps and all orders of the ties that they make, with their probabilities."""
    observed, total = errors_apart(truth, rank_a, rank_b), 0.0
    n = len(truth)
    for swap in itertools.product([False, True], repeat=n):
        swap = np.array(swap)
        new_a, new_b = np.where(swap, rank_b, rank_a), np.where(swap, rank_a, rank_b)
        larger = []
        for order_a in tie_orders(new_a):
            larger.extend(errors_apart(truth, order_a, b) >= observed for b in tie_orders(new_b))
        total += np.mean(larger)
    return total / 2**n


def tie_orders(values):
    """All rankings of values that hold each number at most twice."""
    groups = [np.flatnonzero(values == value) for value in np.unique(values)]
    for orders in itertools.product(*(itertools.permutations(group) for group in groups)):
        ranks = np.empty(len(values), dtype=int)
        ranks[list(itertools.chain(*orders))] = np.arange(len(values))
        yield ranks


@pytest.mark.parametrize(
    ("truth", "rank_a", "rank_b"),
    [
        ([0, 0, 1, 0, 1], [0, 1, 4, 2, 3], [3, 0, 1, 4, 2]),
        ([0, 1, 0, 1, 1, 0], [0, 5, 1, 4, 3, 2], [2, 1, 5, 3, 0, 4]),
    ],
)
def test_paired_p_is_that_over_all_swaps(truth, rank_a, rank_b):
    exact = exact_paired_p(np.array(truth), np.array(rank_a), np.array(rank_b))
    got = venkatraman_paired_test(truth, rank_a, rank_b, n_permutations=40_000, rng=3)
    assert got.p_value == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 40_000))


@repeatable
@given(pairs(), st.integers(0, 1000))
def test_paired_test_is_symmetric_and_sees_ranks_alone(study, seed):
    truth, a, b = study
    result = venkatraman_paired_test(truth, a, b, n_permutations=50, rng=seed)
    again = venkatraman_paired_test(truth, np.exp(a / 3), 10.0 * b - 5, n_permutations=50, rng=seed)
    assert (again.statistic, again.p_value) == (result.statistic, result.p_value)
    swapped = venkatraman_paired_test(truth, b, a, n_permutations=50, rng=seed)
    assert swapped.statistic == result.statistic
    mirrored = venkatraman_paired_test(1 - truth, -a, -b, n_permutations=50, rng=seed)
    assert mirrored.statistic == result.statistic
    assert 1 / 51 <= result.p_value <= 1


def area_between(first, second):
    """Area between two curves by brute force: their distance along many parallels to s."""
    s = np.linspace(0, 1, 20_001)
    across = []
    for truth, rating in (first, second):
        curve = roc_curve(truth, rating)
        across.append(np.interp(s, (curve.x + curve.y) / 2, curve.y - curve.x))
    return np.trapezoid(np.abs(across[0] - across[1]), s)


@repeatable
@given(pairs(), pairs())
def test_unpaired_statistic_is_the_area_between_the_curves(first, second):
    sets = (first[0], first[1] // 2), (second[0], second[2] // 2)  # with ties
    result = venkatraman_unpaired_test(*sets[0], *sets[1], n_permutations=1, rng=1)
    assert result.statistic == pytest.approx(area_between(*sets), abs=1e-6)
    assert result.statistic >= abs(auc(*sets[0]) - auc(*sets[1])) - 1e-12
    swapped = venkatraman_unpaired_test(*sets[1], *sets[0], n_permutations=1, rng=1)
    assert swapped.statistic == pytest.approx(result.statistic, abs=1e-12)


def test_unpaired_test_sees_only_the_order_within_a_set():
    rng = np.random.default_rng(4)
    truth_a, truth_b = rng.random(40) < 0.4, rng.random(60) < 0.3
    a, b = rng.standard_normal(40) + truth_a, rng.standard_normal(60) + 2 * truth_b
    result = venkatraman_unpaired_test(truth_a, a, truth_b, b, n_permutations=200, rng=1)
    again = venkatraman_unpaired_test(
        truth_a, np.exp(a), truth_b, 100 + b**3, n_permutations=200, rng=1
    )
    assert (again.statistic, again.p_value) == (result.statistic, result.p_value)


@pytest.mark.parametrize("kind", ["paired", "tied", "unpaired"])
def test_size_of_a_block_does_not_matter(kind, monkeypatch):
    rng = np.random.default_rng(6)
    truth = np.repeat([0, 1], 15)
    a, b = rng.permutation(30), rng.permutation(30)

    def permuted():
        generator = np.random.default_rng(9)
        if kind == "unpaired":
            set_a = np.arange(30) % 2 == 0
            draw = _curve_permutations.unpaired_statistics
            return draw(truth == 1, a / 30, set_a, 60, generator)[1]
        sign, rank = np.where(truth, 1, -1), a // 4 if kind == "tied" else a
        draw = _curve_permutations.paired_statistics
        return draw(sign, rank, b, 60, generator, tied=kind == "tied")[1]

    expected = permuted()
    monkeypatch.setattr(_curve_permutations, "_BLOCK", 7 * 30)
    assert permuted() == pytest.approx(expected, abs=1e-12)


def test_a_seed_and_its_generator_give_the_same():
    truth, a, b = np.repeat([0, 1], 8), np.arange(16), np.arange(16)[::-1]
    seeds = (9, np.random.SeedSequence(9), np.random.default_rng(9))
    results = [venkatraman_paired_test(truth, a, b, n_permutations=60, rng=seed) for seed in seeds]
    assert len({result.p_value for result in results}) == 1


def test_curves_that_cross_with_equal_areas_are_told_apart():
    """Normal positive cases of another spread: the areas agree, the curves do not."""
    rng = np.random.default_rng(10)
    truth = np.repeat([0, 1], [400, 400])
    noise = rng.standard_normal((2, 800))
    a = noise[0] + truth  # AUC Phi(1 / sqrt 2)
    b = np.where(truth, 2.5 * noise[1] + math.sqrt((1 + 2.5**2) / 2), noise[1])
    assert auc(truth, a) == pytest.approx(auc(truth, b), abs=0.03)
    assert venkatraman_paired_test(truth, a, b, n_permutations=500, rng=1).p_value == 1 / 501
    assert (
        venkatraman_unpaired_test(truth, a, truth, b, n_permutations=500, rng=1).p_value == 1 / 501
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["paired", "coarse", "unpaired", "unpaired, other scale"])
def test_equal_curves_are_rejected_as_often_as_meant(kind):
    rng = np.random.default_rng(12)
    n_runs, rejected = 1000, 0
    for run in range(n_runs):
        truth = np.repeat([0, 1], [60, 30])
        shared = rng.standard_normal(90)
        a, b = (1.2 * truth + 0.7 * shared + 0.7 * rng.standard_normal(90) for _ in "ab")
        if kind == "coarse":
            a, b = (np.digitize(rating, [-0.5, 0.5, 1.2, 2]) for rating in (a, b))
        if "unpaired" not in kind:
            result = venkatraman_paired_test(truth, a, b, n_permutations=200, rng=run)
        else:
            truth_b = np.repeat([0, 1], [40, 60])
            b = 1.2 * truth_b + 0.99 * rng.standard_normal(100)
            other = np.exp(b) if "other" in kind else b
            result = venkatraman_unpaired_test(
                truth, a, truth_b, other, n_permutations=200, rng=run
            )
        rejected += result.p_value <= 0.05
    # 0.05 with a standard error of 0.007; averaging over ties makes the coarse test conservative.
    assert rejected / n_runs < 0.05 + 3 * 0.007
    assert rejected / n_runs > (0.005 if kind == "coarse" else 0.05 - 3 * 0.007)


# --- edge --------------------------------------------------------------------------------------


def test_ratings_that_rank_alike_have_nothing_to_tell_apart():
    result = venkatraman_paired_test([0, 1, 0, 1], [1, 2, 3, 3], [10, 20, 30, 30], rng=1)
    assert (result.statistic, result.p_value) == (0.0, 1.0)
    assert result.note == "both rank all cases alike"
    same = venkatraman_unpaired_test([0, 1, 1], [1, 2, 3], [0, 1, 1], [4, 5, 6], rng=1)
    assert (same.statistic, same.p_value) == (0.0, 1.0)


def test_all_ties_differ_by_chance_alone():
    truth = [0] * 6 + [1] * 6
    result = venkatraman_paired_test(truth, [1] * 12, range(12), n_permutations=500, rng=1)
    assert result.p_value > 1 / 501
    assert result.note.startswith("tied ratings")
    flat = venkatraman_unpaired_test(truth, [1] * 12, truth, [1] * 12, rng=1)
    assert (flat.statistic, flat.p_value) == (0.0, 1.0)


@pytest.mark.parametrize("direction", [1, -1])
def test_perfect_against_perfectly_wrong(direction):
    truth, rating = np.repeat([0, 1], 12), np.arange(24) * direction
    paired = venkatraman_paired_test(truth, rating, -rating, n_permutations=999, rng=1)
    unpaired = venkatraman_unpaired_test(truth, rating, truth, -rating, n_permutations=999, rng=1)
    assert paired.p_value <= 0.01
    assert unpaired.statistic == 1.0
    assert unpaired.p_value == 1 / 1000  # never 0


@pytest.mark.parametrize(("truth", "missing"), [([0, 0], "positive"), ([1, 1], "negative")])
def test_one_class_has_no_curve(truth, missing):
    paired = venkatraman_paired_test(truth, [1, 2], [2, 1], rng=1)
    assert math.isnan(paired.statistic)
    assert math.isnan(paired.p_value)
    assert paired.note == f"no {missing} case: there is no ROC curve"
    unpaired = venkatraman_unpaired_test([0, 1], [1, 2], truth, [1, 2], rng=1)
    assert math.isnan(unpaired.p_value)
    assert unpaired.note == f"b has no {missing} case: there is no ROC curve"
    first = venkatraman_unpaired_test(truth, [1, 2], [0, 1], [1, 2], rng=1)
    assert first.note == f"a has no {missing} case: there is no ROC curve"


def test_no_case_has_no_curve():
    assert math.isnan(venkatraman_paired_test([], [], [], rng=1).p_value)
    assert math.isnan(venkatraman_unpaired_test([], [], [], [], rng=1).p_value)


def test_two_cases_and_infinite_ratings():
    result = venkatraman_paired_test([0, 1], [-math.inf, math.inf], [1, 0], rng=1)
    assert result.statistic == 2.0
    assert 0.05 < result.p_value <= 1
    unpaired = venkatraman_unpaired_test([0, 1], [-math.inf, math.inf], [0, 1], [1, 0], rng=1)
    assert unpaired.statistic == 1.0
    assert unpaired.p_value > 0.05


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int8, np.float32])
def test_truth_may_be_of_any_number_type(kind):
    truth, a, b = np.array([0, 1, 0, 1, 1, 0]), [1, 2, 3, 4, 6, 5], [2, 1, 3, 6, 5, 4]
    expected = venkatraman_paired_test(truth, a, b, rng=1)
    got = venkatraman_paired_test(truth.astype(kind), a, b, rng=1)
    assert (got.statistic, got.p_value) == (expected.statistic, expected.p_value)
    sets = truth.astype(kind), a, truth.astype(kind), b
    assert venkatraman_unpaired_test(*sets, rng=1).statistic > 0


def test_result_says_what_it_is():
    result = venkatraman_paired_test(
        [0, 1, 1], [1, 2, 3], [3, 2, 1], n_permutations=99, rng=1, label_a="unaided", label_b="AI"
    )
    assert isinstance(result, Result)
    assert (result.label_a, result.label_b, result.quantity) == ("unaided", "AI", "roc_curve")
    assert (result.n_cases, result.n_positive, result.n_permutations) == (3, 2, 99)
    assert CurveTest.from_dict(result.to_dict()).to_dict() == result.to_dict()
    assert result.summary_frame().shape[0] == 1


def test_a_large_study_is_permuted_in_blocks():
    rng = np.random.default_rng(3)
    truth = rng.random(20_000) < 0.02
    a, b = rng.standard_normal((2, 20_000)) + truth
    assert venkatraman_paired_test(truth, a, b, n_permutations=60, rng=1).p_value > 1 / 61
    assert venkatraman_unpaired_test(truth, a, truth, b, n_permutations=60, rng=1).p_value > 1 / 61


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: venkatraman_paired_test([0, 1], [1, 2], [1, 2], n_permutations=0, rng=1),
            "n_permutations must be 1 or more, but got 0; 2,000 tell P to within 0.01 at 0.05",
        ),
        (
            lambda: venkatraman_unpaired_test([0], [1], [1], [1], n_permutations=2.5, rng=1),
            "n_permutations must be a whole number",
        ),
        (
            lambda: venkatraman_paired_test([0, 1], [1, 2], [1, 2], rng=None),
            "rng must be an int, a SeedSequence or a Generator, but got None; give a seed",
        ),
        (
            lambda: venkatraman_paired_test([0, 1], [1, math.nan], [1, 2], rng=1),
            "rating_a must not be missing, but position 1 is NaN",
        ),
        (
            lambda: venkatraman_paired_test([0, 1], [1, 2], [1], rng=1),
            r"rating_b must have shape \(n_cases,\) with n_cases = 2 as in truth",
        ),
        (
            lambda: venkatraman_unpaired_test([0, 1], [1, 2], [0, 2], [1, 2], rng=1),
            "truth_b must hold only 0 and 1, but position 1 holds 2",
        ),
        (
            lambda: venkatraman_unpaired_test([0, 1], [1, math.nan], [0, 1], [1, 2], rng=1),
            "rating_a must not be missing",
        ),
    ],
)
def test_malformed_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
