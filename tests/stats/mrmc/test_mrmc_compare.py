"""From ratings to the analysis: every figure of merit of MRMCaov, every design, every refusal."""

import csv
import importlib
import json
import math

import numpy as np
import pytest

from tests.mrmc_studies import read_csv
from toolkit.stats.auc.curve import auc
from toolkit.stats.auc.figures_of_merit import (
    expected_utility_fom,
    partial_auc_fom,
    sensitivity_at_specificity_fom,
    sensitivity_fom,
    specificity_at_sensitivity_fom,
    specificity_fom,
)
from toolkit.stats.mrmc.ai import collapsed_rating, compare_ai_with_readers
from toolkit.stats.mrmc.compare import Choices, compare_modalities
from toolkit.stats.mrmc.covariances import (
    fom_table,
    shared_auc_covariance,
    shared_jackknife_covariance,
)
from toolkit.stats.mrmc.designs import detect_design

NAN = math.nan


@pytest.fixture(scope="module")
def van_dyke(reference_data):
    return read_csv(reference_data / "data" / "VanDyke" / "ratings.csv")


@pytest.fixture(scope="module")
def peer(reference_data):
    text = (reference_data / "reference" / "mrmcaov.json").read_text()
    return json.loads(text)["results"]


FOMS = {
    "empirical_auc": auc,
    "emp_pauc_spec80_100": partial_auc_fom(low=0.8, high=1),
    "empirical_sens_at_spec80": sensitivity_at_specificity_fom(specificity=0.8),
    "binary_sens_ge3": sensitivity_fom(threshold=3),
    "binary_spec_ge3": specificity_fom(threshold=3),
    "binary_sens_ge4": sensitivity_fom(threshold=4),
    "binary_spec_ge4": specificity_fom(threshold=4),
}


@pytest.mark.parametrize("name", FOMS)
def test_every_figure_of_merit_matches_mrmcaov(van_dyke, peer, name):
    # MRMCaov 0.3.0, jackknife; it prints modality 1 minus 2.
    expected = peer[f"VanDyke/{name}/jackknife/RRRC"]["result"]
    choices = Choices(covariance="jackknife")
    analysis = compare_modalities(*van_dyke, fom=FOMS[name], choices=choices)
    test, difference = expected["test_diffs"], analysis.differences[0]
    assert difference.estimate == pytest.approx(-test["Estimate"][0], rel=1e-9, abs=1e-12)
    assert difference.std_error == pytest.approx(test["StdErr"][0], rel=1e-9)
    assert difference.df == pytest.approx(test["df"][0], rel=1e-9)
    assert difference.p_value == pytest.approx(test["p-value"][0], rel=1e-8)
    assert ("twice the true one" in analysis.note) == (not FOMS[name].smooth)


def test_mrmcaov_keeps_one_point_of_a_plateau_of_sensitivity(van_dyke, peer):
    # Where several points of a curve have one sensitivity MRMCaov keeps one of them and joins it
    # to the next. Reader 4 in modality 2 runs (0, 38/45) (0, 44/45) (4/69, 1): the area right of
    # it from sensitivity 0.8 up is 1/5 less a triangle of 1/45 by 4/69, not 1/5 less 1/90.
    truth, ratings = van_dyke
    fom = partial_auc_fom(low=0.8, high=1, along="sensitivity")
    ours = fom_table(truth, ratings, fom=fom, covariance="none").value
    assert ours[3, 1] == pytest.approx(1 / 5 - 4 / 69 / 45 / 2, rel=1e-12)
    figures = peer["VanDyke/emp_pauc_sens80_100/jackknife/RRRC"]["result"]["auc_by_test_reader"]
    name = next(key for key in figures if key not in ("treatment", "reader"))
    theirs = np.array(figures[name]).reshape(2, 5).T
    assert theirs[3, 1] == pytest.approx(1 / 5 - 1 / 90, rel=1e-9)
    other = np.isclose(ours, theirs, rtol=1e-9)
    assert [tuple(map(int, place)) for place in np.argwhere(~other)] == [(1, 1), (2, 0), (3, 1)]


def test_specificity_at_a_sensitivity_matches_mrmcaov_but_for_a_plateau(van_dyke, peer):
    # The figures agree; without a case reader 3 in modality 1 has a plateau, as above.
    result = peer["VanDyke/empirical_spec_at_sens80/jackknife/RRRC"]["result"]
    fom = specificity_at_sensitivity_fom(sensitivity=0.8)
    table = fom_table(*van_dyke, fom=fom, covariance="jackknife")
    figures = result["auc_by_test_reader"]
    name = next(key for key in figures if key not in ("treatment", "reader"))
    np.testing.assert_allclose(table.value.T.ravel(), figures[name], rtol=1e-9)
    theirs = np.diag(np.array(result["cov_matrix"]["values"])).reshape(2, 5).T
    ours = np.einsum("jiji->ji", table.covariance)
    close = np.isclose(ours, theirs, rtol=1e-9, atol=1e-15)
    assert [tuple(map(int, place)) for place in np.argwhere(~close)] == [(2, 0)]


def test_expected_utility_matches_mrmcaov(van_dyke, peer):
    # MRMCaov takes the largest TPR - slope FPR less its value at no recall, as here.
    expected = peer["VanDyke/empirical_eu_slope1/jackknife/RRRC"]["result"]
    analysis = compare_modalities(
        *van_dyke, fom=expected_utility_fom(slope=1), choices=Choices(covariance="jackknife")
    )
    test = expected["test_diffs"]
    assert analysis.differences[0].estimate == pytest.approx(-test["Estimate"][0], rel=1e-9)
    assert analysis.differences[0].p_value == pytest.approx(test["p-value"][0], rel=1e-8)


@pytest.mark.parametrize("covariance", ["DeLong", "jackknife", "unbiased"])
@pytest.mark.parametrize(("option", "random"), [("RRRC", "readers and cases"), ("FRRC", "cases")])
def test_every_covariance_matches_mrmcaov(van_dyke, peer, covariance, option, random):
    expected = peer[f"VanDyke/empirical_auc/{covariance}/{option}"]["result"]["test_diffs"]
    choices = Choices(covariance=covariance, random=random)
    difference = compare_modalities(*van_dyke, choices=choices).differences[0]
    assert difference.p_value == pytest.approx(expected["p-value"][0], rel=1e-9)


@pytest.mark.parametrize(
    ("random", "p_value"),
    [("readers and cases", 0.0512330308248), ("cases", 0.0185252004375), ("readers", 0.0419587525)],
)
def test_defaults_are_delong_and_hillis(van_dyke, random, p_value):
    difference = compare_modalities(*van_dyke, choices=Choices(random=random)).differences[0]
    assert difference.p_value == pytest.approx(p_value, rel=1e-9)
    assert difference.estimate == pytest.approx(0.0438003220611916, rel=1e-12)


def test_cases_nested_in_reader_and_in_modality_match_mrmcaov(reference_data, peer):
    # MRMCaov's jackknife runs over all cases of all groups, ours over those of a reading: the
    # covariances differ by (K - 1) / K, and so by less than 1 % in P.
    path = reference_data / "data" / "VanDyke" / "ratings.csv"
    for column, kind, key in (
        ("case_nested_in_reader", "cases nested in reader", "nested_cases_in_readers"),
        ("case_nested_in_modality", "cases nested in modality", "nested_cases_in_tests"),
    ):
        truth, ratings = read_csv(path, column)
        assert detect_design(ratings).kind == kind
        choices = Choices(covariance="jackknife")
        analysis = compare_modalities(truth, ratings, design=kind, choices=choices)
        expected = peer[f"VanDyke/{key}/jackknife"]["result"]["test_diffs"]
        difference = analysis.differences[0]
        assert difference.estimate == pytest.approx(-expected["Estimate"][0], rel=1e-9)
        assert difference.p_value == pytest.approx(expected["p-value"][0], rel=0.01)
        assert analysis.design == kind


def drawn(n_cases=40, n_readers=4, n_modalities=2, seed=1):
    draw = np.random.default_rng(seed)
    truth = np.arange(n_cases) % 2
    shared = draw.normal(size=(n_cases, 1, 1)) + truth[:, None, None]
    return truth, shared + draw.normal(size=(n_cases, n_readers, n_modalities))


def test_designs_are_what_the_readings_show():
    _, full = drawn()
    assert detect_design(full).kind == "fully crossed"
    own = full.copy()
    own[:, :2, 0], own[:, 2:, 1] = NAN, NAN
    assert detect_design(own).kind == "readers nested in modality"
    by_modality = full.copy()
    by_modality[:20, :, 0], by_modality[20:, :, 1] = NAN, NAN
    assert detect_design(by_modality).kind == "cases nested in modality"
    split = full.copy()
    split[:20, :2], split[20:, 2:] = NAN, NAN
    found = detect_design(split)
    assert (found.kind, found.group) == ("split plot", ("group 1",) * 2 + ("group 2",) * 2)
    by_reader = np.full_like(full, NAN)
    for reader in range(4):
        by_reader[10 * reader : 10 * reader + 10, reader] = 1.0
    assert detect_design(by_reader).kind == "cases nested in reader"
    gap = full.copy()
    gap[3, 1, 0] = NAN
    assert (detect_design(gap).kind, detect_design(gap).n_missing) == ("incomplete", 1)


def test_overlapping_groups_and_part_of_the_readers_are_incomplete():
    _, ratings = drawn()
    overlap = ratings.copy()
    overlap[:15, :2], overlap[20:, 2:] = NAN, NAN
    assert detect_design(overlap).kind == "incomplete"
    partly = ratings.copy()
    partly[:, 3, 0] = NAN
    assert detect_design(partly).kind == "incomplete"


def test_cases_that_nobody_read_do_not_count():
    _, ratings = drawn()
    ratings[:5] = NAN
    found = detect_design(ratings)
    assert (found.kind, found.n_cases, found.n_missing) == ("fully crossed", 35, 0)


def test_another_design_than_the_declared_one_is_refused():
    truth, ratings = drawn()
    ratings[3, 1, 0] = NAN
    message = "declares a study that is fully crossed, but the readings are incomplete; 1 of 320"
    with pytest.raises(ValueError, match=message):
        compare_modalities(truth, ratings, design="fully crossed")
    with pytest.raises(ValueError, match="no reading at all"):
        detect_design(np.full((4, 2, 2), NAN))
    with pytest.raises(ValueError, match="declared must be"):
        detect_design(ratings, declared="crossed")


def test_a_study_with_a_gap_is_analysed_by_u_statistics_and_never_as_crossed():
    truth, ratings = drawn()
    ratings[3, 1, 0] = NAN
    analysis = compare_modalities(truth, ratings)
    assert analysis.design == "incomplete"
    assert analysis.covariance_method in ("U-statistic", "MLE (V-statistic)")
    with pytest.raises(ValueError, match="needs balanced groups without missing readings"):
        compare_modalities(truth, ratings, choices=Choices(method="or"))
    with pytest.raises(ValueError, match="no analysis of partial AUC, specificity"):
        compare_modalities(truth, ratings, fom=partial_auc_fom(low=0.8, high=1))
    with pytest.raises(ValueError, match="method='dbm' needs a fully crossed study"):
        compare_modalities(truth, ratings, choices=Choices(method="dbm"))
    averaged = compare_modalities(truth, ratings, choices=Choices(method="or_averaged"))
    assert "no design justifies that" in averaged.note


def test_unequal_groups_are_analysed_by_u_statistics():
    truth, ratings = drawn()
    ratings[:16, :2], ratings[16:, 2:] = NAN, NAN
    assert detect_design(ratings).kind == "split plot"
    analysis = compare_modalities(truth, ratings)
    assert analysis.method.endswith("BDG degrees of freedom")
    assert analysis.design == "split plot"


@pytest.mark.parametrize("random", ["readers and cases", "cases", "readers"])
@pytest.mark.parametrize("method", ["or", "dbm"])
def test_modalities_read_alike_have_no_interval(method, random):
    truth, ratings = drawn(80, 5, 1)
    choices = Choices(method=method, random=random)
    analysis = compare_modalities(truth, np.repeat(ratings, 2, axis=2), choices=choices)
    difference = analysis.differences[0]
    assert difference.estimate == 0
    assert math.isnan(difference.ci_low)
    assert math.isnan(difference.p_value)
    assert math.isnan(analysis.global_test.p_value)
    assert "is estimated as 0" in difference.note


def test_balanced_split_plot_and_nested_readers_go_to_hillis_2014():
    truth, ratings = drawn()
    split = ratings.copy()
    split[:20, :2], split[20:, 2:] = NAN, NAN
    assert "split plot (Hillis 2014)" in compare_modalities(truth, split).method
    own = ratings.copy()
    own[:, :2, 0], own[:, 2:, 1] = NAN, NAN
    assert "readers nested in modality" in compare_modalities(truth, own).method
    with pytest.raises(ValueError, match="random='cases' is defined for fully crossed studies"):
        compare_modalities(truth, own, choices=Choices(random="cases"))


def test_dbm_and_or_agree_from_ratings():
    truth, ratings = drawn()
    by_or = compare_modalities(truth, ratings, choices=Choices(covariance="jackknife"))
    by_dbm = compare_modalities(truth, ratings, choices=Choices(method="dbm"))
    assert by_dbm.global_test.p_value == pytest.approx(by_or.global_test.p_value, rel=1e-9)


def test_patients_with_one_case_change_nothing():
    truth, ratings = drawn()
    plain = compare_modalities(truth, ratings).to_dict()
    assert compare_modalities(truth, ratings, cluster=np.arange(40)).to_dict() == plain


@pytest.mark.parametrize("covariance", [None, "jackknife", "bootstrap"])
def test_patients_with_several_cases_are_the_units(covariance):
    truth, ratings = drawn(n_cases=80)
    patient = np.arange(80) // 4
    choices = Choices(covariance=covariance, rng=1)
    analysis = compare_modalities(truth, ratings, cluster=patient, choices=choices)
    assert {d.n_clusters for d in analysis.differences} == {20}
    # Four like cases a patient hold the information of about one: the covariance says so.
    like = np.repeat(ratings[::4], 4, axis=0)
    like_truth = np.repeat(np.arange(20) % 2, 4)
    clustered = compare_modalities(like_truth, like, cluster=patient, choices=choices)
    single = compare_modalities(np.arange(20) % 2, ratings[::4], choices=choices)
    assert clustered.components.var_error == pytest.approx(single.components.var_error, rel=0.12)


@pytest.mark.parametrize("method", ["dbm", "u_statistic"])
def test_methods_that_take_cases_as_independent_refuse_patients(method):
    truth, ratings = drawn()
    with pytest.raises(ValueError, match="40 cases are of 20 patients"):
        compare_modalities(
            truth, ratings, cluster=np.arange(40) // 2, choices=Choices(method=method)
        )


def test_unbiased_covariance_refuses_patients():
    truth, ratings = drawn()
    with pytest.raises(ValueError, match="covariance='unbiased' needs independent cases"):
        fom_table(truth, ratings, covariance="unbiased", cluster=np.arange(40) // 2)


@pytest.mark.parametrize("covariance", ["DeLong", "unbiased"])
def test_covariances_refuse_what_they_are_not_defined_for(covariance):
    truth, ratings = drawn()
    fom = partial_auc_fom(low=0.8, high=1)
    with pytest.raises(ValueError, match=r"not for partial AUC, specificity 0\.8 to 1"):
        fom_table(truth, ratings, fom=fom, covariance=covariance)


def test_quantiles_take_the_bootstrap_by_default():
    truth, ratings = drawn(60, 2, 1)
    fom = sensitivity_at_specificity_fom(specificity=0.8)
    with pytest.raises(ValueError, match="needs rng= a seed"):
        fom_table(truth, ratings, fom=fom)
    with pytest.raises(ValueError, match="n_resamples must be at least 2,000, but got 500"):
        fom_table(truth, ratings, fom=fom, n_resamples=500, rng=1)


def test_bootstrap_covariance_is_near_delong():
    truth, ratings = drawn(200, 2, 2)
    first = fom_table(truth, ratings, covariance="bootstrap", n_resamples=4000, rng=5)
    second = fom_table(truth, ratings)
    np.testing.assert_allclose(first.covariance, second.covariance, rtol=0.25, atol=1e-4)
    assert first.covariance_method == "bootstrap, 4,000 resamples"


def test_shared_covariances_of_complete_readings_are_the_plain_ones():
    truth, ratings = drawn(30, 3, 2)
    diseased, flat = truth.astype(bool), ratings.reshape(30, 6)
    _, delong = shared_auc_covariance(diseased, flat)
    plain = fom_table(truth, ratings).covariance.reshape(6, 6)
    np.testing.assert_allclose(delong, plain, rtol=1e-10, atol=1e-16)
    _, jackknife = shared_jackknife_covariance(diseased, flat, auc)
    plain = fom_table(truth, ratings, covariance="jackknife").covariance.reshape(6, 6)
    np.testing.assert_allclose(jackknife, plain, rtol=1e-9, atol=1e-16)


def test_readings_without_a_common_case_do_not_covary():
    truth, ratings = drawn(40, 2, 1)
    ratings[:20, 0], ratings[20:, 1] = NAN, NAN
    _, covariance = shared_auc_covariance(truth.astype(bool), ratings[:, :, 0])
    assert covariance[0, 1] == 0
    alone = fom_table(truth[20:], ratings[20:, :1]).covariance[0, 0, 0, 0]
    assert covariance[0, 0] == pytest.approx(alone)


def test_names_are_kept_and_counted():
    truth, ratings = drawn(20, 2, 2)
    table = fom_table(truth, ratings, readers=("anna", "binh"), modalities=("unaided", "aided"))
    assert table.readers == ("anna", "binh")
    with pytest.raises(ValueError, match="readers must name 2 readers, but got 1"):
        fom_table(truth, ratings, readers=("anna",))


def test_missing_readings_have_no_bootstrap():
    truth, ratings = drawn(20, 2, 2)
    ratings[0, 0, 0] = NAN
    with pytest.raises(ValueError, match="is not defined for 'bootstrap'"):
        fom_table(truth, ratings, covariance="bootstrap", rng=1)
    with pytest.raises(ValueError, match="not defined for patients with several cases"):
        fom_table(truth, ratings, cluster=np.arange(20) // 2)


def test_hupse_from_ratings(reference_data):
    # RJafroc 1T-RRRC with the jackknife; radiologists minus CAD there.
    truth, ratings = read_csv(reference_data / "data" / "dataset09" / "ratings.csv")
    with (reference_data / "data" / "dataset09" / "readers.csv").open() as file:
        roles = {row["reader"]: row["role"] for row in csv.DictReader(file)}
    order = sorted(roles)
    cad = order.index(next(reader for reader in order if roles[reader] == "CAD"))
    people = np.delete(ratings[:, :, 0], cad, axis=1)
    result = compare_ai_with_readers(
        truth, people, ratings[:, cad, 0], covariance="jackknife", margin=0.05
    )
    assert result.difference.statistic == pytest.approx(-0.992868883384089, rel=1e-9)
    assert result.difference.df == pytest.approx(877.886378333107, rel=1e-9)
    delong = compare_ai_with_readers(truth, people, ratings[:, cad, 0])
    assert delong.difference.estimate == pytest.approx(-0.0317361111111111)
    assert delong.difference.df != result.difference.df


def test_an_auc_of_readers_with_two_levels_is_refused():
    truth, ratings = drawn(40, 3, 1)
    calls = (ratings[:, :, 0] > 0.5).astype(float)
    with pytest.raises(ValueError, match=r"but 1 \(3 of 3 readers\) used two at most"):
        compare_ai_with_readers(truth, calls, ratings[:, 0, 0])
    fom = sensitivity_fom(threshold=1)
    cut = (ratings[:, 0, 0] > 0).astype(float)
    result = compare_ai_with_readers(truth, calls, cut, fom=fom)
    expected = cut[truth == 1].mean() - calls[truth == 1].mean()
    assert result.difference.estimate == pytest.approx(expected)


def test_few_levels_are_said():
    truth, ratings = drawn(40, 3, 1)
    coarse = np.digitize(ratings[:, :, 0], [-0.5, 0.5, 1.5]).astype(float)
    result = compare_ai_with_readers(truth, coarse, ratings[:, 0, 0])
    assert "as few as 4 levels" in result.note


def test_a_score_is_cut_to_the_shares_of_a_reader():
    score = np.arange(100.0)
    reader = np.repeat([1, 2, 5], [70, 20, 10])
    levels = collapsed_rating(score, reader)
    assert [int((levels == level).sum()) for level in (1, 2, 3)] == [70, 20, 10]
    assert (np.diff(levels) >= 0).all()
    assert np.unique(collapsed_rating(np.ones(10), np.arange(10))).size == 1


@pytest.mark.parametrize(
    "choices",
    [{}, {"method": "dbm"}, {"method": "u_statistic"}, {"covariance": "jackknife"}],
    ids=str,
)
def test_the_ratings_of_a_study_are_checked_once(choices, monkeypatch):
    from toolkit.stats import _checks

    seen = []

    def counted(ratings, **rules):
        seen.extend([rules["axes"]] if rules.get("axes") == ("n_readers", "n_modalities") else [])
        return _checks.check_ratings(ratings, **rules)

    for name in ("compare", "covariances", "designs", "u_statistics"):
        module = importlib.import_module(f"toolkit.stats.mrmc.{name}")
        monkeypatch.setattr(module, "check_ratings", counted)
    draw = np.random.default_rng(3)
    truth = np.arange(40) % 2
    ratings = draw.normal(size=(40, 3, 2)) + truth[:, np.newaxis, np.newaxis]
    compare_modalities(truth, ratings, choices=Choices(**choices))
    assert len(seen) == 1
