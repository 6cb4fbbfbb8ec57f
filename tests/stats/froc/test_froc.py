"""Figures of merit of marks: brute force in exact fractions, properties, edges and errors."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.froc_sample import drawn_study
from toolkit.stats.auc.curve import auc, partial_auc, sensitivity_at_specificity
from toolkit.stats.froc.curves import (
    afroc1_curve,
    afroc_curve,
    froc_curve,
    inferred_roc_curve,
    lroc_curve,
    wafroc1_curve,
    wafroc_curve,
)
from toolkit.stats.froc.cut_figures import (
    alroc_fom,
    froc_area_fom,
    lesion_sensitivity_by_group,
    lesion_sensitivity_fom,
    pcl_fom,
)
from toolkit.stats.froc.figures_of_merit import (
    afroc,
    afroc1,
    hr_auc,
    hr_se,
    hr_sp,
    max_llf,
    max_nlf,
    max_nlf_all_cases,
    roi,
    wafroc,
    wafroc1,
)
from toolkit.stats.froc.fom_table import froc_fom_table, froc_leave_one_out
from toolkit.stats.froc.studies import froc_study, lroc_study, pooled_reading, roi_study
from toolkit.stats.mrmc.ai import ai_against_readers
from toolkit.stats.mrmc.compare import Choices, compare_modalities
from toolkit.stats.mrmc.covariances import fom_table, leave_one_out
from toolkit.stats.mrmc.inference import obuchowski_rockette
from toolkit.stats.resampling.bootstrap import bootstrap_values

UNMARKED = -math.inf


# --- brute force: every case as its lesions and marks, everything in fractions -------------------


def cases_of(reading):
    """Return each case as (lesions as (rating, weight), NL ratings, images)."""
    truth = reading.truth
    found = []
    for case in range(truth.n_cases):
        own = np.flatnonzero(truth.lesion_case == case)
        lesions = [(float(reading.lesion_rating[lesion]), Fraction(1, len(own))) for lesion in own]
        marks = [float(mark) for mark in reading.nl_rating[reading.nl_case == case]]
        found.append((lesions, marks, int(truth.n_images[case])))
    return found


def psi(x, y):
    """Return 1 where y is rated above x, 1/2 where both are alike."""
    return Fraction(1) if y > x else Fraction(1, 2) if y == x else Fraction(0)


def pair_mean(low, high):
    """Return the mean of psi over all pairs of (case rating) and (rating, weight)."""
    total = sum((w * psi(x, y) for x in low for y, w in high), Fraction(0))
    return share(total, len(low) * sum(w for _, w in high))


def share(above, below):
    return Fraction(above) / below if below else math.nan


def highest(marks):
    return max(marks, default=UNMARKED)


def brute(name, cases, budget=None):
    """Return a figure of merit by its definition."""
    sick = [case for case in cases if case[0]]
    well = [case for case in cases if not case[0]]
    lesions = [lesion for case in cases for lesion in case[0]]
    once = [(rating, Fraction(1)) for rating, _ in lesions]
    everything = {
        "wAFROC": lambda: pair_mean([highest(m) for _, m, _ in well], lesions),
        "AFROC": lambda: pair_mean([highest(m) for _, m, _ in well], once),
        "wAFROC1": lambda: pair_mean([highest(m) for _, m, _ in cases], lesions),
        "AFROC1": lambda: pair_mean([highest(m) for _, m, _ in cases], once),
        "HrAuc": lambda: pair_mean(
            [highest(m) for _, m, _ in well],
            [(highest([*m, *(r for r, _ in ls)]), Fraction(1)) for ls, m, _ in sick],
        ),
        "HrSe": lambda: share(
            sum(highest([*m, *(r for r, _ in ls)]) > UNMARKED for ls, m, _ in sick), len(sick)
        ),
        "HrSp": lambda: share(sum(not m for _, m, _ in well), len(well)),
        "MaxLLF": lambda: share(sum(r > UNMARKED for r, _ in lesions), len(lesions)),
        "MaxNLF": lambda: share(sum(len(m) for _, m, _ in well), sum(n for _, _, n in well)),
        "MaxNLFAllCases": lambda: share(
            sum(len(m) for _, m, _ in cases), sum(n for _, _, n in cases)
        ),
        "ROI": lambda: pair_mean([mark for _, m, _ in cases for mark in m], once),
        "area": lambda: curve_cut(cases, budget)[0],
        "highest": lambda: curve_cut(cases, budget)[1],
        "lowest": lambda: curve_cut(cases, budget)[2],
    }
    return everything[name]()


def curve_cut(cases, budget):
    """Return area up to a budget, and the highest and lowest height there, of the FROC curve."""
    ratings = [r for ls, _, _ in cases for r, _ in ls]
    marks = [mark for _, m, _ in cases for mark in m]
    images, lesions = sum(n for _, _, n in cases), len(ratings)
    if not images or not lesions:
        return (math.nan,) * 3
    levels = sorted({*marks, *(r for r in ratings if r > UNMARKED)}, reverse=True)
    points = [(Fraction(0), Fraction(0))]
    points += [
        (
            Fraction(sum(mark >= level for mark in marks), images),
            Fraction(sum(rating >= level for rating in ratings), lesions),
        )
        for level in levels
    ]
    points.append((max(points[-1][0], budget) + 1, points[-1][1]))  # carried on flat
    area, heights = Fraction(0), []
    for (x0, y0), (x1, y1) in itertools.pairwise(points):
        if x0 < budget and x1 > x0:
            end = min(x1, budget)
            at_end = y0 + (end - x0) / (x1 - x0) * (y1 - y0)
            area += (end - x0) * (y0 + at_end) / 2
        if x0 < budget <= x1:
            heights.append(y0 + (budget - x0) / (x1 - x0) * (y1 - y0))
        if x0 <= budget <= x1 and x1 == x0:
            heights.append(y1)
        if x0 == budget < x1:
            heights.append(y0)
    return area, max(heights), min(heights)


BUDGETS = (Fraction(1, 4), Fraction(1, 2), Fraction(2))
FOMS = [
    (fom.name, fom, None)
    for fom in (
        wafroc,
        afroc,
        wafroc1,
        afroc1,
        hr_auc,
        hr_se,
        hr_sp,
        max_llf,
        max_nlf,
        max_nlf_all_cases,
        roi,
    )
]
FOMS += [("area", froc_area_fom(nl_per_image=float(budget)), budget) for budget in BUDGETS]
FOMS += [
    (step, lesion_sensitivity_fom(nl_per_image=float(budget), step=step), budget)
    for budget in BUDGETS
    for step in ("highest", "lowest")
]
each_fom = pytest.mark.parametrize(("name", "fom", "budget"), FOMS, ids=[f[1].name for f in FOMS])


def same(ours, exact):
    if isinstance(exact, float):
        return math.isnan(ours) and math.isnan(exact)
    return math.isclose(ours, exact, rel_tol=1e-13, abs_tol=1e-14)


@each_fom
def test_figures_are_their_definition(name, fom, budget):
    for seed in range(30):
        reading = drawn_study(seed, most_images=2).reading()
        assert same(fom(reading), brute(name, cases_of(reading), budget)), seed


@each_fom
def test_leaving_out_is_computing_anew(name, fom, budget):
    moved = 0
    for seed in range(12):
        study = drawn_study(seed, most_images=2)
        cases = cases_of(study.reading())
        cluster = np.random.default_rng(seed).integers(0, 4, len(cases))
        for unit in (np.arange(len(cases)), cluster):
            left = fom.statistic(study.reading()).left_out(unit, int(unit.max()) + 1)
            for number, ours in enumerate(left):
                kept = [case for case, own in zip(cases, unit, strict=True) if own != number]
                assert same(ours, brute(name, kept, budget)), (seed, number)
            moved += np.unique(left[~np.isnan(left)]).size > 1
    assert moved  # the samples are not all alike


@each_fom
def test_counting_a_case_twice_is_having_it_twice(name, fom, budget):
    for seed in range(20):
        study = drawn_study(seed, most_images=2)
        cases = cases_of(study.reading())
        times = np.random.default_rng(seed).integers(0, 3, (3, len(cases)))
        found = fom.statistic(study.reading()).counted(times.astype(float))
        for ours, row in zip(found, times, strict=True):
            drawn = [case for case, count in zip(cases, row, strict=True) for _ in range(count)]
            assert same(ours, brute(name, drawn, budget)), seed


def test_a_study_by_hand():
    # Two healthy cases, highest NL 3 and none; one case with lesions rated 4 and unmarked.
    study = froc_study(
        n_cases=3,
        lesion_case=[2, 2],
        lesion_rating=[[[4.0]], [[UNMARKED]]],
        lesion_weight=[0.75, 0.25],
        nl_case=[0, 0, 2],
        nl_rating=[3.0, 1.0, 5.0],
    )
    reading = study.reading()
    # Pairs: (3, 4) 1, (3, -inf) 0, (-inf, 4) 1, (-inf, -inf) 1/2.
    assert wafroc(reading) == (0.75 * 2 + 0.25 * 0.5) / 2
    assert afroc(reading) == 2.5 / 4
    assert wafroc1(reading) == (0.75 * 2 + 0.25 * 0.5) / 3
    assert hr_auc(reading) == 1.0
    assert (hr_se(reading), hr_sp(reading), max_llf(reading)) == (1.0, 0.5, 0.5)
    assert (max_nlf(reading), max_nlf_all_cases(reading)) == (1.0, 1.0)


# --- other programs of this toolkit as oracles ----------------------------------------------------


def test_hr_auc_is_the_auc_of_the_highest_marks_with_all_its_inference():
    study = drawn_study(5, n_cases=40, n_readers=3, n_modalities=2, levels=8)
    truth = study.truth.diseased
    ratings = np.empty((40, 3, 2))
    for place in np.ndindex(3, 2):
        ratings[:, place[0], place[1]] = study.reading(*place).highest_mark()
    patient = np.arange(40) // 2
    for cluster in (None, patient):
        ours = froc_fom_table(study, fom=hr_auc, cluster=cluster)
        other = fom_table(truth, ratings, covariance="jackknife", cluster=cluster)
        assert ours.value == pytest.approx(other.value, rel=1e-14)
        assert ours.covariance == pytest.approx(other.covariance, rel=1e-10, abs=1e-16)
        drawn = froc_fom_table(study, fom=hr_auc, cluster=cluster, covariance="bootstrap", rng=3)
        values = bootstrap_values(truth, ratings.reshape(40, 6), cluster=cluster, rng=3)
        assert drawn.covariance.reshape(6, 6) == pytest.approx(values.covariance, rel=1e-10)
        assert (ours.n_units, ours.n_clusters) == (other.n_units, other.n_clusters)
    left, known = froc_leave_one_out(study, fom=hr_auc), leave_one_out(truth, ratings)
    assert left.pseudovalues() == pytest.approx(known.pseudovalues(), abs=1e-12)


def test_lroc_with_every_place_correct_is_roc():
    draw = np.random.default_rng(2)
    truth = np.arange(60) % 3 == 0
    for levels in (4, 1000):
        ratings = draw.integers(0, levels, 60) + 1.5 * truth
        study = lroc_study(truth, ratings[:, None, None], truth[:, None, None])
        reading = study.reading()
        assert alroc_fom()(reading) == pytest.approx(auc(truth, ratings), rel=1e-14)
        for fraction in (0.05, 0.1, 0.25, 0.7, 1.0):
            pcl = pcl_fom(false_positive_fraction=fraction)(reading)
            expected = sensitivity_at_specificity(truth, ratings, specificity=1 - fraction)
            assert pcl == pytest.approx(expected, rel=1e-12)
            area = alroc_fom(false_positive_fraction=fraction)(reading)
            partial = partial_auc(truth, ratings, low=1 - fraction, high=1.0)
            assert area == pytest.approx(partial, rel=1e-12)


def test_wrong_places_take_from_the_lroc_curve_alone():
    truth = [0, 0, 1, 1]
    ratings = np.array([1.0, 3.0, 2.0, 4.0])[:, None, None]
    reading = lroc_study(truth, ratings, np.array([0, 0, 1, 0])[:, None, None]).reading()
    assert hr_auc(reading) == 0.75
    assert alroc_fom()(reading) == 0.25
    assert lroc_curve(reading).y[-1] == 0.5


def test_roi_is_the_auc_of_all_regions():
    draw = np.random.default_rng(4)
    case = np.repeat(np.arange(20), 4)
    truth = draw.random(80) < 0.3
    ratings = draw.integers(0, 6, (80, 3, 1)) + truth[:, None, None]
    study = roi_study(case, truth, ratings, n_cases=20)
    table = froc_fom_table(study, fom=roi)
    expected = fom_table(truth, ratings, covariance="jackknife", cluster=case)
    assert table.value == pytest.approx(expected.value, rel=1e-14)
    assert table.covariance == pytest.approx(expected.covariance, rel=1e-10)


def drawn_regions():
    """Return case, truth and ratings of 40 cases of four regions, alike within a case."""
    draw = np.random.default_rng(11)
    case = np.repeat(np.arange(40), 4)
    truth = draw.random(160) < 0.3
    shared = draw.normal(size=(40, 1, 1))[case]
    ratings = draw.normal(size=(160, 4, 2)) + shared + truth[:, None, None] * [1.0, 1.4]
    return case, truth, ratings


def test_roi_has_the_inference_of_reader_studies_with_cases_as_clusters():
    case, truth, ratings = drawn_regions()
    table = froc_fom_table(roi_study(case, truth, ratings, n_cases=40), fom=roi)
    regions = obuchowski_rockette(table)
    for covariance, tolerance in (("jackknife", 1e-9), ("DeLong", 0.05)):
        choices = Choices(covariance=covariance)
        expected = compare_modalities(truth, ratings, cluster=case, choices=choices)
        for ours, other in (
            (regions.differences[0], expected.differences[0]),
            (regions.modalities[0], expected.modalities[0]),
        ):
            assert ours.estimate == pytest.approx(other.estimate, rel=1e-12)
            assert ours.std_error == pytest.approx(other.std_error, rel=tolerance)


def test_roi_learns_nothing_from_regions_that_stand_twice():
    case, truth, ratings = drawn_regions()
    once = froc_fom_table(roi_study(case, truth, ratings, n_cases=40), fom=roi)
    study = roi_study(np.tile(case, 2), np.tile(truth, 2), np.tile(ratings, (2, 1, 1)), n_cases=40)
    twice = froc_fom_table(study, fom=roi)
    assert twice.value == pytest.approx(once.value, rel=1e-12)
    assert twice.covariance == pytest.approx(once.covariance, rel=1e-9)


def test_one_lesion_a_case_has_one_weight():
    study = drawn_study(1, n_cases=12)
    truth = study.truth
    single = froc_study(
        n_cases=12,
        lesion_case=np.unique(truth.lesion_case),
        lesion_rating=study.lesion_rating[np.unique(truth.lesion_case, return_index=True)[1]],
        nl_case=study.nl_case,
        nl_rating=study.nl_rating,
    ).reading()
    assert wafroc(single) == afroc(single)
    assert wafroc1(single) == afroc1(single)


# --- curves ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "fom"),
    [
        (afroc_curve, afroc),
        (afroc1_curve, afroc1),
        (wafroc_curve, wafroc),
        (wafroc1_curve, wafroc1),
        (inferred_roc_curve, hr_auc),
    ],
)
def test_area_under_a_curve_is_its_figure(make, fom):
    for seed in range(20):
        reading = drawn_study(seed).reading()
        curve = make(reading, label="R1")
        assert np.trapezoid(curve.y, curve.x) == pytest.approx(fom(reading), rel=1e-12)
        assert (curve.x[0], curve.y[0], curve.threshold[0]) == (0, 0, math.inf)
        assert (curve.x[-1], curve.y[-1]) == (1, pytest.approx(1, rel=1e-15))
        assert (np.diff(curve.x) >= 0).all()
        assert (np.diff(curve.threshold) < 0).all()
        assert curve.n_positive == int(reading.truth.diseased.sum())


def test_froc_curve_ends_at_the_last_mark_and_at_the_floor():
    study = froc_study(
        n_cases=4,
        lesion_case=[2, 3],
        lesion_rating=[[[80.0]], [[UNMARKED]]],
        nl_case=[0, 0, 1],
        nl_rating=[50.0, 30.0, 30.0],
        n_images=[2, 2, 2, 2],
        readers=("AI",),
        export_floor=(10.0,),
    )
    curve = froc_curve(study.reading())
    assert curve.x.tolist() == [0, 0, 1 / 8, 3 / 8]
    assert curve.y.tolist() == [0, 0.5, 0.5, 0.5]
    assert curve.threshold.tolist() == [math.inf, 80, 50, 30]
    assert "marks below 10 are not delivered" in curve.note
    area = froc_area_fom(nl_per_image=1.0)
    table = froc_fom_table(study, fom=area)
    assert table.value[0, 0] == 0.5
    assert "1 of 1 curves end before 1 and are carried on flat" in table.note
    assert "AI delivers no mark below 10" in table.note


def test_pooled_curve_counts_every_reader():
    study = drawn_study(3, n_cases=10, n_readers=3, n_modalities=2, most_images=2)
    pooled = pooled_reading(study, 1)
    curve = froc_curve(pooled)
    singles = [study.reading(reader, 1) for reader in range(3)]
    last = np.mean([max_nlf_all_cases(reading) for reading in singles])
    assert curve.x[-1] == pytest.approx(last, rel=1e-12)
    assert curve.y[-1] == pytest.approx(np.mean([max_llf(reading) for reading in singles]))
    assert "3 readers pooled" in curve.note
    assert study.of_modality(1).reading(2, 0).nl_rating.tolist() == singles[2].nl_rating.tolist()


def test_curves_without_a_class_have_a_note():
    nobody = froc_study(
        n_cases=2, lesion_case=[0, 1], lesion_rating=[[[1.0]], [[2.0]]], nl_case=[], nl_rating=[]
    )
    curve = afroc_curve(nobody.reading())
    assert np.isnan(curve.x).all()
    assert "no case that defines x" in curve.note
    assert math.isnan(wafroc(nobody.reading()))
    assert froc_curve(nobody.reading()).x.tolist() == [0, 0, 0]


# --- properties -----------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_only_the_order_of_ratings_counts(seed):
    study = drawn_study(seed)
    other = froc_study(
        n_cases=study.truth.n_cases,
        lesion_case=study.truth.lesion_case,
        lesion_rating=np.where(
            study.lesion_rating > UNMARKED, np.exp(study.lesion_rating) - 5, UNMARKED
        ),
        nl_case=study.nl_case,
        nl_rating=np.exp(study.nl_rating) - 5,
    )
    for _, fom, _ in FOMS:
        first, second = fom(study.reading()), fom(other.reading())
        assert first == second or (math.isnan(first) and math.isnan(second))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_cases_does_not_count(seed):
    study = drawn_study(seed)
    truth, n_cases = study.truth, study.truth.n_cases
    place = np.random.default_rng(seed).permutation(n_cases)
    other = froc_study(
        n_cases=n_cases,
        lesion_case=place[truth.lesion_case],
        lesion_rating=study.lesion_rating,
        nl_case=place[study.nl_case],
        nl_rating=study.nl_rating,
    )
    for _, fom, _ in FOMS:
        first, second = fom(study.reading()), fom(other.reading())
        assert first == pytest.approx(second, rel=1e-14, nan_ok=True)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_figures_keep_their_range(seed):
    reading = drawn_study(seed).reading()
    for _, fom, _ in FOMS:
        value = fom(reading)
        assert math.isnan(value) or fom.low <= value <= fom.high


def test_a_mark_on_a_diseased_case_moves_afroc1_but_not_afroc():
    study = drawn_study(11)
    sick = int(study.truth.lesion_case[0])
    more = froc_study(
        n_cases=study.truth.n_cases,
        lesion_case=study.truth.lesion_case,
        lesion_rating=study.lesion_rating,
        nl_case=[*study.nl_case, sick],
        nl_rating=[*study.nl_rating, 99.0],
    )
    assert wafroc(more.reading()) == wafroc(study.reading())
    assert wafroc1(more.reading()) < wafroc1(study.reading())


def test_perfect_and_useless_readers():
    cases = {"n_cases": 6, "lesion_case": [3, 4, 5], "nl_case": [0, 1], "nl_rating": [1.0, 2.0]}
    perfect = froc_study(lesion_rating=np.full((3, 1, 1), 5.0), **cases).reading()
    blind = froc_study(lesion_rating=np.full((3, 1, 1), UNMARKED), **cases).reading()
    assert wafroc(perfect) == 1.0
    assert wafroc(blind) == (1 / 2) / 3  # against the one healthy case without a mark
    assert lesion_sensitivity_fom(nl_per_image=0.1)(perfect) == 1.0
    assert lesion_sensitivity_fom(nl_per_image=0.1)(blind) == 0.0
    silent = froc_study(
        n_cases=6, lesion_case=[3], lesion_rating=[[[UNMARKED]]], nl_case=[], nl_rating=[]
    ).reading()
    assert [wafroc(silent), wafroc1(silent), hr_auc(silent)] == [0.5, 0.5, 0.5]
    assert (hr_sp(silent), froc_area_fom(nl_per_image=1)(silent)) == (1.0, 0.0)


def simulated(draw, n_cases=60):
    """Return a study of one reader: half of the cases have a lesion, marks come at random."""
    lesion_case = np.arange(n_cases // 2)
    found = draw.random(lesion_case.size) < 0.8
    rating = np.where(found, draw.normal(1.2, 1, lesion_case.size), UNMARKED)
    count = draw.poisson(0.8, n_cases)
    return froc_study(
        n_cases=n_cases,
        lesion_case=lesion_case,
        lesion_rating=rating[:, None, None],
        nl_case=np.repeat(np.arange(n_cases), count),
        nl_rating=draw.normal(size=int(count.sum())),
    )


def test_jackknife_error_is_the_spread_of_new_samples():
    draw = np.random.default_rng(1)
    area = froc_area_fom(nl_per_image=0.5)
    values, variances = [], []
    for _ in range(200):
        study = simulated(draw)
        tables = [froc_fom_table(study, fom=fom) for fom in (wafroc, wafroc1, area, max_llf)]
        values.append([table.value[0, 0] for table in tables])
        variances.append([table.covariance[0, 0, 0, 0] for table in tables])
    spread = np.std(values, axis=0, ddof=1)
    assert np.sqrt(np.mean(variances, axis=0)) == pytest.approx(spread, rel=0.15)


def test_a_table_of_marks_goes_through_all_inference():
    study = drawn_study(2, n_cases=40, n_readers=5, n_modalities=2, levels=30)
    analysis = obuchowski_rockette(froc_fom_table(study), margin=0.1)
    assert analysis.quantity == "wAFROC"
    assert 0 <= analysis.differences[0].p_noninferiority <= 1
    one = study.of_modality(0)
    assert ai_against_readers(froc_fom_table(one), ai="1").difference.label_b == "1"
    marks = obuchowski_rockette(froc_fom_table(study, fom=max_nlf), margin=0.5)
    assert marks.differences[0].better == "lower"
    assert (marks.mean_scale, analysis.mean_scale) == ("identity", "logit")
    assert "which runs from 0 to inf" in marks.modalities[0].note
    fixed = obuchowski_rockette(froc_fom_table(study, covariance="none"), random="readers")
    assert fixed.components.var_error != fixed.components.var_error  # NaN: cases are fixed


def test_jackknife_of_a_share_leaves_out_its_own_cases():
    study = drawn_study(7, n_cases=20)
    n_positive = int(study.truth.diseased.sum())
    assert froc_leave_one_out(study, fom=max_llf).n_units == n_positive
    assert froc_leave_one_out(study, fom=hr_sp).n_units == 20 - n_positive
    assert froc_leave_one_out(study, fom=hr_sp, cases="all").n_units == 20
    assert froc_leave_one_out(study, fom=wafroc).n_units == 20


def test_patients_of_one_case_are_cases():
    study = drawn_study(8, n_cases=20)
    single = froc_fom_table(study, cluster=np.arange(20)[::-1])
    assert single.covariance == pytest.approx(froc_fom_table(study).covariance, rel=1e-12)
    assert single.n_clusters is None


def test_bootstrap_agrees_with_the_jackknife_and_repeats():
    study = drawn_study(9, n_cases=80, n_readers=2, levels=500)
    jackknife = froc_fom_table(study).covariance[0, 0, 0, 0]
    drawn = [froc_fom_table(study, covariance="bootstrap", rng=seed) for seed in (1, 1, 2)]
    assert drawn[0].covariance.tolist() == drawn[1].covariance.tolist()
    assert drawn[0].covariance.tolist() != drawn[2].covariance.tolist()
    assert drawn[0].covariance[0, 0, 0, 0] == pytest.approx(jackknife, rel=0.15)
    quantile = froc_fom_table(study, fom=lesion_sensitivity_fom(nl_per_image=0.02), rng=1)
    assert quantile.covariance_method == "bootstrap, 2,000 resamples"
    assert "jackknife" not in quantile.note


# --- lesions by group -----------------------------------------------------------------------------


def test_lesion_sensitivity_by_group_adds_up_to_the_whole():
    study = drawn_study(4, n_cases=40, n_readers=3, n_modalities=2, levels=50)
    n_lesions = study.truth.lesion_case.size
    group = ["mass" if lesion % 3 else "calcification" for lesion in range(n_lesions)]
    rows = lesion_sensitivity_by_group(study, group, nl_per_image=0.3, modality=1, rng=1)
    assert [row.label for row in rows] == ["calcification", "mass"]
    fom = lesion_sensitivity_fom(nl_per_image=0.3)
    whole = np.mean([fom(study.reading(reader, 1)) for reader in range(3)])
    total = sum(row.estimate * row.denominator for row in rows)
    assert total / n_lesions == pytest.approx(whole, rel=1e-12)
    assert all(row.ci_low < row.estimate < row.ci_high for row in rows)
    patients = np.arange(40) // 2
    wide = lesion_sensitivity_by_group(
        study, group, nl_per_image=0.3, modality=1, cluster=patients, rng=1
    )
    assert [row.n_clusters for row in wide] == [20, 20]


def test_lesion_sensitivity_of_a_lone_lesion_has_no_interval():
    study = drawn_study(4, n_cases=40)
    group = ["rare", *["usual"] * (study.truth.lesion_case.size - 1)]
    rare, _ = lesion_sensitivity_by_group(study, group, nl_per_image=0.3, rng=1)
    assert rare.denominator == 1
    assert math.isnan(rare.ci_low)
    assert "no interval" in rare.note


# --- errors ---------------------------------------------------------------------------------------

GOOD = {
    "n_cases": 4,
    "lesion_case": [2, 3],
    "lesion_rating": [[[1.0]], [[2.0]]],
    "nl_case": [0, 1],
    "nl_rating": [1.0, 2.0],
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_cases": -1}, "n_cases must be a whole number"),
        ({"lesion_case": [2, 4]}, "lesion_case must be below 4, counted from 0, but position 1"),
        ({"lesion_case": [2]}, "lesion_rating must have shape"),
        ({"lesion_rating": [1.0, 2.0]}, "lesion_rating must have shape"),
        ({"lesion_rating": [[[1.0]], [[math.nan]]]}, "lesion_rating must not be missing"),
        ({"lesion_rating": [[[1.0]], [[math.inf]]]}, r"lesion_rating must not hold \+inf"),
        ({"nl_rating": [1.0, math.inf]}, r"nl_rating must not hold \+inf"),
        ({"nl_rating": [1.0, math.nan]}, "nl_rating must not be missing"),
        ({"nl_case": [0]}, "nl_case must have 2 entries"),
        ({"nl_case": [0, 9]}, "nl_case must be below 4"),
        ({"nl_case": [0, 0.5]}, "nl_case must hold whole numbers"),
        ({"nl_reader": [0, 1]}, "nl_reader must be below 1"),
        ({"nl_modality": [0, 1]}, "nl_modality must be below 1"),
        ({"lesion_weight": [1.0, 0.5]}, "lesion_weight must be 0 or more and add up to 1"),
        ({"lesion_weight": [1.0, 1 + 2e-9]}, "the weights of case 3 add up to 1.000000002"),
        ({"n_images": [1, 1, 1, 0]}, "n_images must hold a count of 1 or more"),
        ({"n_images": [1, 1]}, "n_images must hold a count of 1 or more for each of 4 cases"),
        ({"readers": ("a", "b")}, "readers must name 1 readers, but got 2"),
        ({"modalities": ("a", "b")}, "modalities must name 1 modalities, but got 2"),
        ({"export_floor": (1.5,)}, "2 marks of reader 1 lie below its export floor 1.5"),
        ({"export_floor": (1.0, 2.0)}, "export_floor must hold a number for each of 1 readers"),
        ({"export_floor": (math.nan,)}, "export_floor must hold a number"),
    ],
)
def test_malformed_studies_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        froc_study(**{**GOOD, **changes})


def test_weights_within_rounding_are_taken():
    study = froc_study(**{**GOOD, "lesion_weight": [1.0, 1 - 5e-10]})
    assert wafroc(study.reading()) <= 1.0


def test_malformed_lroc_and_roi_studies_are_refused():
    one = [[[1.0]], [[2.0]]]
    with pytest.raises(ValueError, match="correct must be 0 on cases without a lesion, but 1 such"):
        lroc_study([0, 1], one, [[[1]], [[1]]])
    with pytest.raises(ValueError, match="correct must hold 0 or 1 for each of the ratings"):
        lroc_study([0, 1], one, [[[0]], [[2]]])
    with pytest.raises(ValueError, match="case must be below 1"):
        roi_study([0, 1], [0, 1], one, n_cases=1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: froc_area_fom(nl_per_image=0), "nl_per_image must be a finite number above 0"),
        (lambda: lesion_sensitivity_fom(nl_per_image=-1), "nl_per_image must be a finite number"),
        (lambda: lesion_sensitivity_fom(nl_per_image=1, step="middle"), "step must be one of"),
        (lambda: lesion_sensitivity_fom(nl_per_image=1, lesions=[2]), "lesions must hold only 0"),
        (lambda: pcl_fom(false_positive_fraction=2), "false_positive_fraction must lie from 0"),
        (lambda: pcl_fom(false_positive_fraction=0), "false_positive_fraction must be a finite"),
        (lambda: pcl_fom(false_positive_fraction=0.1, step="x"), "step must be one of"),
        (lambda: alroc_fom(false_positive_fraction=0), "false_positive_fraction must be a finite"),
    ],
)
def test_malformed_figures_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_figures_refuse_studies_that_they_are_not_defined_for():
    several = froc_study(
        n_cases=3,
        lesion_case=[1, 1, 2],
        lesion_rating=[[[1.0]], [[2.0]], [[2.0]]],
        nl_case=[],
        nl_rating=[],
    )
    with pytest.raises(ValueError, match="an LROC figure needs one lesion a case, but 1 cases"):
        pcl_fom(false_positive_fraction=0.1)(several.reading())
    with pytest.raises(ValueError, match="lesions must say of each of 3 lesions"):
        lesion_sensitivity_fom(nl_per_image=1, lesions=[1, 0])(several.reading())
    with pytest.raises(ValueError, match="wAFROC is undefined for reader 1 in modality 1: without"):
        froc_fom_table(several)
    healthy = froc_study(
        n_cases=2, lesion_case=[], lesion_rating=np.empty((0, 1, 1)), nl_case=[], nl_rating=[]
    )
    with pytest.raises(ValueError, match="it needs cases that the study has not"):
        froc_fom_table(healthy)
    with pytest.raises(ValueError, match="it needs cases that the study has not"):
        froc_fom_table(healthy, covariance="none")


def test_tables_refuse_malformed_choices():
    study = drawn_study(3)
    with pytest.raises(ValueError, match="covariance must be one of"):
        froc_fom_table(study, covariance="DeLong")
    with pytest.raises(ValueError, match="n_resamples must be at least 2,000, but got 100"):
        froc_fom_table(study, covariance="bootstrap", n_resamples=100, rng=1)
    with pytest.raises(ValueError, match="needs rng= a seed"):
        froc_fom_table(study, covariance="bootstrap")
    with pytest.raises(ValueError, match="cases must be one of"):
        froc_leave_one_out(study, cases="some")
    with pytest.raises(ValueError, match="cluster must have shape"):
        froc_fom_table(study, cluster=[1, 2])
    with pytest.raises(ValueError, match="group must name one group for each of"):
        lesion_sensitivity_by_group(study, ["a"], nl_per_image=1, rng=1)


# --- size -----------------------------------------------------------------------------------------


def test_twenty_readers_and_ten_thousand_cases_take_seconds():
    draw = np.random.default_rng(1)
    n_cases, shape = 10_000, (20, 2)
    lesion_case = np.arange(n_cases // 2)
    marks = 3 * n_cases
    study = froc_study(
        n_cases=n_cases,
        lesion_case=lesion_case,
        lesion_rating=draw.normal(1, 1, (lesion_case.size, *shape)),
        nl_case=np.tile(np.repeat(np.arange(n_cases), 3), 40),
        nl_rating=draw.normal(size=40 * marks),
        nl_reader=np.repeat(np.arange(20), 2 * marks),
        nl_modality=np.tile(np.repeat([0, 1], marks), 20),
    )
    analysis = obuchowski_rockette(froc_fom_table(study))
    # True value by quadrature: P(N(1, 1) above the highest of three N(0, 1)).
    grid = np.linspace(-9, 9, 20_001)
    normal = np.exp(-(grid**2) / 2) / math.sqrt(2 * math.pi)
    below = np.cumsum(normal) * (grid[1] - grid[0])
    expected = (np.exp(-((grid - 1) ** 2) / 2) / math.sqrt(2 * math.pi) * below**3).sum()
    expected *= grid[1] - grid[0]
    assert analysis.modalities[0].estimate == pytest.approx(expected, abs=0.003)
