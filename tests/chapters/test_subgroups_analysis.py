"""Subgroups: levels worked out by hand, tests of interaction recomputed, and their true size."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tests.reader_study_sample import frames, reader_tables
from toolkit.chapters.subgroups import analysis
from toolkit.chapters.subgroups.analysis import (
    NOT_KNOWN,
    Request,
    analyse,
    cases_with_lesions,
    classes,
    level_names,
    with_holm,
)
from toolkit.chapters.subgroups.interaction import (
    analysis_of_variance,
    apart_by_readers,
    chi_square,
)
from toolkit.scoring.ratings import ScoringError

EDGES = {"age_years": [50.0], "size_mm": [10.0, 20.0], "experience_years": [5.0]}


def request(*, cases=(), cancers=(), readers=(), **changed):
    columns = {"cases": cases, "cancers": cancers, "readers": readers}
    return Request(**{"columns": columns, "edges": EDGES, **changed})


def drawn_calls(n_readers=6, n_cases=80, *, gains=(0.0, 0.0), seed=1):
    """Calls of a study whose cancers lie in two levels with the given true gains, and the levels.

    Odd cases have cancer, and of the first half of the cases the level is 0.
    """
    draw = np.random.default_rng(seed)
    truth = np.arange(n_cases) % 2
    level = (np.arange(n_cases) >= n_cases / 2).astype(int)
    chance = np.where(truth == 1, 0.6, 0.2)[:, None, None] + np.zeros((n_cases, n_readers, 2))
    chance[:, :, 1] += np.where(truth == 1, np.asarray(gains)[level], 0.0)[:, None]
    return (draw.random(chance.shape) < chance).astype(float), truth, level


def made(call, truth, *, patient=None, lesions=None, reader=None, **columns):
    """Tables of calls with columns of cases and, by name, of readers."""
    readings, readers, cases = reader_tables(
        np.asarray(call, dtype=float), truth, call=call, patient=patient
    )
    given = frames(readings, readers.assign(**(reader or {})), cases.assign(**columns))
    given.optional = {"lesions": lesions}.get
    return given


def studied(call, truth, asked, **given):
    return analyse(made(call, truth, **given), asked)


# --- levels --------------------------------------------------------------------------------------


def test_differences_of_levels_are_the_fractions_of_calls():
    call, truth, level = drawn_calls()
    study = studied(call, truth, request(cases=["site"]), site=np.array(["one", "two"])[level])
    (variable,) = study.variables
    assert [one.name for one in variable.levels] == ["One", "Two"]
    for place, one in enumerate(variable.levels):
        own = (level == place) & (truth == 1)
        assert (one.n_with, one.n_without) == (20, 20)
        b, a = (Fraction(int(call[own][:, :, m].sum()), 20 * 6) for m in (1, 0))
        assert one.difference.estimate == pytest.approx(float(b - a), rel=1e-12)
        rest = (level == place) & (truth == 0)
        change = call[rest][:, :, 0].mean() - call[rest][:, :, 1].mean()
        assert one.beside.estimate == pytest.approx(change, abs=1e-12)


def test_areas_of_levels_are_counted_pair_by_pair():
    draw = np.random.default_rng(5)
    rating = draw.integers(1, 6, size=(60, 4, 2)).astype(float)
    truth, level = np.arange(60) % 2, np.arange(60) // 30
    tables = made(rating, truth, site=level.astype(str))
    study = analyse(tables, request(cases=["site"], endpoint="auc"))
    for place, one in enumerate(study.variables[0].levels):
        own = level == place
        pairs = list(product(rating[own & (truth == 1)], rating[own & (truth == 0)]))
        areas = np.mean([(p > n) + (p == n) / 2 for p, n in pairs], axis=(0, 1))
        assert one.difference.estimate == pytest.approx(areas[1] - areas[0], abs=1e-12)
        assert one.beside is None


def test_what_is_missing_is_a_level_of_its_own_that_is_not_tested():
    call, truth, level = drawn_calls(n_cases=120)
    site = np.array(["one", "two"], dtype=object)[level]
    site[:40] = None
    study = studied(call, truth, request(cases=["site"]), site=site)
    (variable,) = study.variables
    assert [one.name for one in variable.levels] == ["One", "Two", NOT_KNOWN]
    assert sum(one.n_with + one.n_without for one in variable.levels) == 120
    assert [one.name for one in variable.tested] == ["One", "Two"]
    assert variable.levels[-1].n_with == 20


def test_classes_begin_at_their_edges():
    names, order = classes(np.array([9.9, 10.0, 19.99, 20.0]), [10.0, 20.0])
    assert order == ("< 10", "10 to < 20", "≥ 20")
    assert names.tolist() == ["< 10", "10 to < 20", "10 to < 20", "≥ 20"]
    assert classes(np.array([1.0]), [])[1] == ("Any",)


@pytest.mark.parametrize(
    ("density", "names"),
    [("A-B, C-D", ["A–B", "A–B", "C–D", "C–D"]), ("A, B, C, D", ["A", "B", "C", "D"])],
)
def test_densities_are_merged_as_the_parameters_say(density, names):
    found, _ = level_names("density", pd.Series(list("ABCD")), request(density=density))
    assert found.tolist() == names


def test_a_cancer_is_of_the_class_of_its_largest_lesion():
    cases = pd.DataFrame({"case_id": ["a", "b", "c", "d"]})
    rows = [
        ("a", "1", "mass", 8.0), ("a", "2", "distortion", 12.0), ("a", "2", "distortion", 12.0),
        ("b", "1", "mass", math.nan), ("b", "2", "asymmetry", 5.0), ("c", "1", "mass", 7.0),
        ("c", "2", "calcification", 7.0),
    ]  # fmt: skip
    lesions = pd.DataFrame(rows, columns=["case_id", "lesion_id", "lesion_type", "size_mm"])
    found = cases_with_lesions(cases, lesions, ["d", "c", "b", "a"])
    assert found["case_id"].tolist() == ["d", "c", "b", "a"]
    assert found["lesion_type"].tolist()[1:] == ["mass", "asymmetry", "distortion"]
    assert math.isnan(found["size_mm"][0])
    assert found["size_mm"].tolist()[1:] == [7.0, 5.0, 12.0]


def test_levels_of_cancers_hold_no_examination_without_cancer():
    call, truth, level = drawn_calls(n_cases=100)
    ids = [f"c{k:03d}" for k in range(100)]
    lesions = pd.DataFrame({"case_id": ids, "lesion_type": np.array(["mass", "other"])[level]})
    lesions = lesions[(truth == 1) & (np.arange(100) >= 6)]
    study = studied(call, truth, request(cancers=["lesion_type"]), lesions=lesions)
    levels = study.variables[0].levels
    assert [(one.name, one.n_with, one.n_without) for one in levels] == [
        ("Mass", 22, 0), ("Other", 25, 0), (NOT_KNOWN, 3, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(("n_few", "few"), [(9, True), (10, False)])
def test_a_level_of_fewer_than_ten_cancers_is_not_tested(n_few, few):
    call, truth, _ = drawn_calls(n_cases=120)
    site = np.array(["one"] * 60 + ["two"] * 60, dtype=object)
    site[np.flatnonzero(truth)[:n_few]] = "three"
    study = studied(call, truth, request(cases=["site"]), site=site)
    by_name = {one.name: one for one in study.variables[0].levels}
    assert by_name["Three"].n_with == n_few
    assert bool(by_name["Three"].few) is few
    assert math.isfinite(by_name["Three"].difference.ci_low)
    assert study.variables[0].test.df1 == (1 if few else 2)


def test_women_with_examinations_in_two_levels_are_counted():
    call, truth, level = drawn_calls()
    patient = np.arange(80)
    patient[79], patient[78], patient[2] = 0, 1, 3  # women 0 and 1 lie in both levels, 3 in one
    study = studied(call, truth, request(cases=["site"]), site=level.astype(str), patient=patient)
    assert study.variables[0].n_spanning == 2


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "columns", "reason"),
    [
        ({"cases": ["site"]}, {"site": "one"}, "one level only (One)"),
        ({"cases": ["device"]}, {}, "not in the data"),
        ({"cases": ["device"]}, {"device": None}, "not in the data"),
        ({"cancers": ["cancer_type"], "endpoint": "specificity"}, {}, "specificity does not use"),
        ({"cancers": ["cancer_type"], "endpoint": "auc"}, {}, "would share the examinations"),
        ({"readers": ["specialist"]}, {}, "not in the data"),
    ],
)
def test_a_variable_that_cannot_be_tested_has_its_reason(asked, columns, reason):
    call, truth, _ = drawn_calls()
    study = studied(call, truth, request(**asked), **columns)
    (variable,) = study.variables
    assert reason in variable.test.note
    assert math.isnan(variable.test.p_value)
    assert (variable.levels, study.tested, study.furthest) == ((), (), None)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"cases": ["patient_id"]}, "'patient_id' is no column of cases; known are age_years"),
        ({"cases": ["site", "site"]}, "'site' is asked for twice"),
    ],
)
def test_columns_that_make_no_family_are_refused(asked, message):
    call, truth, _ = drawn_calls()
    with pytest.raises(ScoringError, match=message):
        studied(call, truth, request(**asked), site="one")


def test_a_study_without_calls_is_refused_for_sensitivity():
    readings, readers, cases = reader_tables(np.ones((20, 3, 2)), np.arange(20) % 2)
    with pytest.raises(ScoringError, match="endpoint 'sensitivity' needs a recall call"):
        analyse(frames(readings, readers, cases), request())


def test_two_small_levels_leave_no_test():
    call, truth, _ = drawn_calls(n_cases=30)
    site = np.array(["one", "two"])[(np.arange(30) >= 15).astype(int)]
    (variable,) = studied(call, truth, request(cases=["site"]), site=site).variables
    assert len(variable.levels) == 2
    assert "fewer than 10 examinations with cancer" in variable.test.note


# --- tests of interaction ------------------------------------------------------------------------


def test_error_over_cases_and_chi_square_are_those_of_the_mean_change_of_each_case():
    call, truth, _ = drawn_calls(n_cases=150, gains=(0.0, 0.2), seed=2)
    site = np.array(["one", "two", "three"])[np.arange(150) // 50]
    (variable,) = studied(call, truth, request(cases=["site"]), site=site).variables
    assert [one.name for one in variable.levels] == ["One", "Three", "Two"]
    change = (call[:, :, 1] - call[:, :, 0]).mean(axis=1)
    own = [change[(site == name) & (truth == 1)] for name in ("one", "three", "two")]
    mean = np.array([values.mean() for values in own])
    error = np.array([values.std(ddof=1) / math.sqrt(values.size) for values in own])
    assert [one.case_error for one in variable.levels] == pytest.approx(error, rel=1e-9)
    weight = error**-2
    q = (weight * (mean - np.average(mean, weights=weight)) ** 2).sum()
    assert variable.test.statistic == pytest.approx(q, rel=1e-9)
    assert (variable.test.df1, variable.test.df2) == (2.0, math.inf)
    assert variable.test.p_value == pytest.approx(stats.chi2.sf(q, 2), rel=1e-9)
    low, high = sorted(range(3), key=lambda place: mean[place])[::2]
    assert abs(variable.largest.estimate) == pytest.approx(mean[high] - mean[low], rel=1e-9)
    reach = stats.norm.ppf(0.975) * math.hypot(error[low], error[high])
    width = variable.largest.ci_high - variable.largest.ci_low
    assert width == pytest.approx(2 * reach, rel=1e-9)


def test_chi_square_of_two_levels_is_the_square_of_their_distance():
    call, truth, level = drawn_calls(gains=(0.0, 0.2))
    (one,) = studied(call, truth, request(cases=["site"]), site=level.astype(str)).variables
    assert one.test.statistic == pytest.approx(one.largest.statistic**2, rel=1e-9)
    assert one.test.p_value == pytest.approx(one.largest.p_value, rel=1e-9)
    again = chi_square(one.levels[::-1], column="site", endpoint="sensitivity")
    assert again.statistic == pytest.approx(one.test.statistic, rel=1e-12)


def test_groups_of_readers_are_compared_by_their_own_differences():
    call, truth, _ = drawn_calls(n_readers=7, gains=(0.1, 0.1), seed=3)
    kind = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0]
    asked = request(readers=["specialist"])
    (one,) = studied(call, truth, asked, reader={"specialist": kind}).variables
    gains = (call[truth == 1][:, :, 1] - call[truth == 1][:, :, 0]).mean(axis=0)
    breast, general = (gains[np.array(kind) == value] for value in (1, 0))
    peer = stats.ttest_ind(general, breast)
    limits = peer.confidence_interval(0.95)
    assert [level.name for level in one.levels] == ["Breast radiologists", "General radiologists"]
    assert [level.n_readers for level in one.levels] == [3, 4]
    assert one.test.p_value == pytest.approx(peer.pvalue, rel=1e-9)
    assert (one.test.df1, one.test.df2) == (1.0, 5.0)
    found = (one.largest.estimate, one.largest.ci_low, one.largest.ci_high)
    expected = (general.mean() - breast.mean(), limits.low, limits.high)
    assert found == pytest.approx(expected, rel=1e-9)


def test_analysis_of_variance_by_hand():
    # Means 1/10, 4/10; within 1/100 on 4 df; between 3 * 2 * (15/100)^2 = 27/200: F = 13.5.
    gains = {"a": np.array([0.0, 0.1, 0.2]), "b": np.array([0.3, 0.4, 0.5])}
    test = analysis_of_variance(gains, column="specialist", endpoint="auc")
    assert test.statistic == pytest.approx(13.5, rel=1e-9)
    (apart,) = apart_by_readers(gains, endpoint="auc", ci_level=0.95)
    assert apart.std_error == pytest.approx(math.sqrt(Fraction(2, 300)), rel=1e-9)
    assert apart.statistic**2 == pytest.approx(13.5, rel=1e-9)


def test_one_reader_is_no_group():
    call, truth, _ = drawn_calls(n_readers=5)
    reader = {"experience_years": [1.0, 2.0, 7.0, 8.0, math.nan]}
    (one,) = studied(call, truth, request(readers=["experience_years"]), reader=reader).variables
    assert [level.name for level in one.levels] == ["< 5", "≥ 5", NOT_KNOWN]
    assert one.levels[-1].few == "fewer than two readers"
    assert one.test.df2 == 2.0


def test_a_reader_who_read_in_one_modality_does_not_stop_the_others():
    draw = np.random.default_rng(4)
    truth = np.arange(60) % 2
    rating = draw.normal(size=(60, 5, 2)) + truth[:, None, None]
    rating[:, 4, 1] = np.nan
    kind = [1.0, 1.0, 0.0, 0.0, math.nan]
    tables = made(rating, truth, reader={"specialist": kind}, site=np.array(["x", "y"] * 30))
    asked = request(readers=["specialist"], endpoint="auc")
    (one,) = analyse(tables, asked).variables
    assert [level.few for level in one.levels] == ["", "", "fewer than two readers"]
    areas = np.array(
        [
            [stats.mannwhitneyu(*(rating[truth == t, r, m] for t in (1, 0))).statistic / 900
             for m in (0, 1)]
            for r in range(4)
        ]
    )  # fmt: skip
    gains = areas[:, 1] - areas[:, 0]
    assert one.test.p_value == pytest.approx(stats.ttest_ind(gains[:2], gains[2:]).pvalue, rel=1e-9)


def test_readings_with_gaps_leave_no_sensitivity_and_say_why():
    call, truth, level = drawn_calls()
    call[3, 1, 0] = np.nan
    (one,) = studied(call, truth, request(cases=["site"]), site=level.astype(str)).variables
    assert math.isnan(one.levels[0].difference.estimate)
    assert "missing" in one.levels[0].few
    assert not one.levels[1].few
    assert "one level only that can be compared" in one.test.note


def test_holm_counts_the_tested_variables_alone():
    call, truth, level = drawn_calls()
    columns = {"site": level.astype(str), "device": (np.arange(80) % 4 // 2).astype(str)}
    asked = request(cases=["indication", "device", "site"])
    study = studied(call, truth, asked, **columns)
    p = {one.column: one.test.p_value for one in study.tested}
    assert set(p) == {"device", "site"}
    low, high = sorted(p.values())
    # Holm 1979: the smaller of two is doubled, the other is not, and never below the first.
    expected = sorted([min(1.0, 2 * low), max(min(1.0, 2 * low), high)])
    assert sorted(one.test.p_adjusted for one in study.tested) == pytest.approx(expected)
    assert math.isnan(with_holm(study.variables)[0].test.p_adjusted)


# --- simulation with known truth -----------------------------------------------------------------


def rejections(gains, n):
    asked = request(cases=["site"])
    low = 0
    for seed in range(n):
        call, truth, level = drawn_calls(n_readers=3, n_cases=160, gains=gains, seed=seed)
        study = studied(call, truth, asked, site=level.astype(str))
        low += study.variables[0].test.p_value <= 0.05
    return low


def test_size_of_the_test_is_about_nominal_and_an_interaction_is_found():
    n = 200
    # Within 3.5 standard errors of 5 %; a gain that all levels share is no interaction.
    assert abs(rejections((0.2, 0.2), n) - 0.05 * n) <= 3.5 * math.sqrt(n * 0.05 * 0.95)
    # Level gains 0 and 0.3, 40 cancers of 3 readers each. Variance of a level's mean change:
    # 0.48 / 120 and (0.24 + 0.09) / 120, so z = 0.3 / 0.082 = 3.65 and power 0.95.
    assert rejections((0.0, 0.3), 60) >= 50


def test_names_of_columns_are_those_of_the_canonical_tables():
    from toolkit.tables.definitions import TABLES

    tables = {"cases": ("cases",), "cancers": ("cases", "lesions"), "readers": ("readers",)}
    for kind, columns in analysis.KINDS.items():
        known = {c.name for table in tables[kind] for c in TABLES[table].columns}
        assert set(columns) <= known
