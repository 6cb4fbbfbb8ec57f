"""MRMCaov and google-health from ratings on.

MRMCaov 0.3.0 prints modality 1 minus 2 and google-health 1 minus 0; here it is the later minus the
earlier. Where readings are missing MRMCaov jackknifes over all cases of the study and averages
covariances as if the study were crossed: ``method="or_averaged"``, ``jackknife_cases="study"``.
"""

import json
import math
from itertools import product

import numpy as np
import pytest

from tests.mrmc_studies import read_csv
from toolkit.stats.auc.curve import auc, partial_auc, rating_fom, roc_curve
from toolkit.stats.auc.figures_of_merit import (
    expected_utility_fom,
    partial_auc_fom,
    sensitivity_at_specificity_fom,
    sensitivity_fom,
    specificity_at_sensitivity_fom,
    specificity_fom,
)
from toolkit.stats.binormal.binormal import binormal_auc, binormal_fit
from toolkit.stats.binormal.curves import (
    fitted_partial_auc,
    fitted_sensitivity,
    fitted_specificity,
)
from toolkit.stats.mrmc.ai import compare_ai_with_readers
from toolkit.stats.mrmc.compare import Choices, compare_modalities
from toolkit.stats.mrmc.covariances import fom_table
from toolkit.stats.mrmc.designs import readers_nested_in_modality
from toolkit.stats.mrmc.inference import obuchowski_rockette

RANDOM = {"RRRC": "readers and cases", "FRRC": "cases", "RRFC": "readers"}
FIGURE = rating_fom(uses="all", smooth=True, range=(0.0, 1.0), better="higher")


def close(value, rel=1e-9):
    return pytest.approx(value, rel=rel, abs=1e-12)


@pytest.fixture(scope="module")
def studies(reference_data):
    names = ("VanDyke", "Kundel", "dataset09")
    return {name: read_csv(reference_data / "data" / name / "ratings.csv") for name in names}


@pytest.fixture(scope="module")
def references(reference_data):
    names = ("mrmcaov", "google_health")
    folder = reference_data / "reference"
    return {name: json.loads((folder / f"{name}.json").read_text())["results"] for name in names}


@pytest.fixture(scope="module")
def peer(references):
    return references["mrmcaov"]


@FIGURE
def normalised_partial_auc(truth, rating):
    return partial_auc(truth, rating, low=0.8, high=1) / 0.2


CLOSED = {
    "empirical_auc": auc,
    "trapezoidal_auc": auc,
    "emp_pauc_spec80_100": partial_auc_fom(low=0.8, high=1),
    "emp_pauc_spec80_100_norm": normalised_partial_auc,
    "empirical_sens_at_spec80": sensitivity_at_specificity_fom(specificity=0.8),
    "empirical_eu_slope1": expected_utility_fom(slope=1),
    "binary_sens_ge3": sensitivity_fom(threshold=3),
    "binary_spec_ge3": specificity_fom(threshold=3),
    "binary_sens_ge4": sensitivity_fom(threshold=4),
    "binary_spec_ge4": specificity_fom(threshold=4),
}


def figures(result, shape):
    """The peer's figures (n_readers, n_modalities); its rows go by modality, then reader."""
    table = result["auc_by_test_reader"]
    name = next(key for key in table if key not in ("treatment", "reader"))
    return np.array(table[name], dtype=float).reshape(shape[::-1]).T


def covariance_matrix(result, shape):
    """The peer's covariance (n_readers, n_modalities, n_readers, n_modalities)."""
    matrix = np.array(result["cov_matrix"]["values"], dtype=float)
    return matrix.reshape(shape[::-1] * 2).transpose(1, 0, 3, 2)


def check_inference(analysis, result, rel=1e-9):
    """The global test, the differences and the means of one analysis of MRMCaov."""
    if result["vcov_comps"]:
        names = ("var_reader", "var_reader_modality", "var_error", "cov1", "cov2", "cov3")
        ours = [getattr(analysis.components, name) for name in names]
        assert ours == close(result["vcov_comps"]["Estimate"], rel)
    assert analysis.global_test.p_value == close(result["test_equality"]["p-value"][0], rel)
    test = result["test_diffs"]
    for place, ours in enumerate(analysis.differences):
        assert ours.estimate == close(-test["Estimate"][place], rel)
        assert ours.std_error == close(test["StdErr"][place], rel)
        assert ours.p_value == close(test["p-value"][place], rel)
        assert ours.ci_low == close(-test["CI.Upper"][place], rel)
    for place, ours in enumerate(analysis.modalities):
        assert ours.estimate == close(result["test_means"]["Estimate"][place], rel)
        assert ours.std_error == close(result["test_means"]["StdErr"][place], rel)


def entries(peer, dataset, fom):
    """The runs of a figure of merit: (covariance, what is random, result)."""
    for key, entry in peer.items():
        parts = key.split("/")
        if parts[:2] == [dataset, fom] and "result" in entry:
            yield ("none" if len(parts) == 3 else parts[2]), parts[-1], entry["result"]


@pytest.mark.parametrize("dataset", ["VanDyke", "Kundel"])
@pytest.mark.parametrize("fom", CLOSED)
def test_mrmcaov_from_ratings(studies, peer, dataset, fom):
    truth, ratings = studies[dataset]
    seen = 0
    for covariance, option, expected in entries(peer, dataset, fom):
        choices = Choices(
            covariance=covariance,
            method="or_averaged",
            random=RANDOM[option],
            jackknife_cases="study",
        )
        table = fom_table(
            truth, ratings, fom=CLOSED[fom], covariance=covariance, jackknife_cases="study"
        )
        shape = table.value.shape
        np.testing.assert_allclose(table.value, figures(expected, shape), rtol=1e-9)
        if covariance != "none":
            theirs = covariance_matrix(expected, shape)
            np.testing.assert_allclose(table.covariance, theirs, rtol=1e-9, atol=1e-12)
        analysis = compare_modalities(truth, ratings, fom=CLOSED[fom], choices=choices)
        check_inference(analysis, expected)
        seen += 1
    assert seen >= 1


def test_partly_paired_kundel_is_reproduced_only_on_request(studies):
    truth, ratings = studies["Kundel"]
    choices = Choices(method="or_averaged", covariance="jackknife", jackknife_cases="study")
    averaged = compare_modalities(truth, ratings, choices=choices)
    expected = [0.5206659131419, 0.750952171856164, 0.338013492531182]
    assert [d.p_value for d in averaged.differences] == close(expected)
    assert averaged.differences[0].df == close(91.3602458471315)
    assert "no design justifies that" in averaged.note
    default = compare_modalities(truth, ratings)
    assert "BDG" in default.method
    with pytest.raises(ValueError, match="needs balanced groups without missing readings"):
        compare_modalities(truth, ratings, choices=Choices(method="or"))


def one_in_eleven_missing(ratings):
    changed = ratings.copy()
    for case, reader, modality in product(*map(range, ratings.shape)):
        if (3 * (case + 1) + 5 * (reader + 1) + modality + 1) % 11 == 0:
            changed[case, reader, modality] = math.nan
    return changed


@pytest.mark.parametrize("covariance", ["jackknife", "unbiased"])
def test_partly_paired_van_dyke_is_reproduced_only_on_request(studies, peer, covariance):
    truth, ratings = studies["VanDyke"]
    missing = one_in_eleven_missing(ratings)
    expected = peer[f"VanDyke/partially_paired/{covariance}"]["result"]
    table = fom_table(truth, missing, covariance=covariance, jackknife_cases="study")
    np.testing.assert_allclose(table.value, figures(expected, (5, 2)), rtol=1e-12)
    theirs = covariance_matrix(expected, (5, 2))
    np.testing.assert_allclose(table.covariance, theirs, rtol=1e-8, atol=1e-14)
    choices = Choices(method="or_averaged", covariance=covariance, jackknife_cases="study")
    check_inference(compare_modalities(truth, missing, choices=choices), expected)
    # Two covariances of the same readings give 4 and 22 degrees of freedom: why it is no default.
    assert expected["test_diffs"]["df"][0] == close(
        {"jackknife": 21.9753554026341, "unbiased": 4}[covariance]
    )


NESTED = {
    "nested_cases_in_readers": "case_nested_in_reader",
    "nested_cases_in_tests": "case_nested_in_modality",
}


@pytest.mark.parametrize("covariance", ["jackknife", "unbiased"])
@pytest.mark.parametrize("design", NESTED)
def test_nested_cases_of_mrmcaov_from_ratings(reference_data, peer, design, covariance):
    path = reference_data / "data" / "VanDyke" / "ratings.csv"
    truth, ratings = read_csv(path, NESTED[design])
    expected = peer[f"VanDyke/{design}/{covariance}"]["result"]
    choices = Choices(covariance=covariance, jackknife_cases="study")
    analysis = compare_modalities(truth, ratings, choices=choices)
    assert analysis.design.startswith("cases nested in")
    check_inference(analysis, expected)


@pytest.mark.parametrize("covariance", ["jackknife", "unbiased"])
def test_nested_readers_of_mrmcaov_from_ratings(studies, peer, covariance):
    # Its denominator is wrong (test_mrmc_nested.py); figures, covariances and means agree.
    truth, ratings = studies["VanDyke"]
    apart = np.full((114, 10, 2), math.nan)
    apart[:, :5, 0], apart[:, 5:, 1] = ratings[:, :, 0], ratings[:, :, 1]
    expected = peer[f"VanDyke/nested_readers_in_tests/{covariance}"]["result"]
    table = fom_table(truth, apart, covariance=covariance, jackknife_cases="study")
    place = [(row, row // 5) for row in range(10)]
    ours = [[table.covariance[(*first, *second)] for second in place] for first in place]
    theirs = np.array(expected["cov_matrix"]["values"], dtype=float)
    np.testing.assert_allclose(ours, theirs, rtol=1e-8, atol=1e-14)
    means = readers_nested_in_modality(table).modalities
    assert [mean.std_error for mean in means] == close(expected["test_means"]["StdErr"])
    assert [mean.df for mean in means] == close(expected["test_means"]["df"])


def their_specificity_at(curve, sensitivity):
    """Interpolated as MRMCaov does: of points of like sensitivity the least specific counts."""
    keep = np.append(curve.y[1:] != curve.y[:-1], True)
    return 1 - float(np.interp(sensitivity, curve.y[keep], curve.x[keep]))


@FIGURE
def their_specificity(truth, rating):
    return their_specificity_at(roc_curve(truth, rating), 0.8)


@FIGURE
def their_partial_auc(truth, rating):
    curve = roc_curve(truth, rating)
    inside = (curve.y > 0.8) & (curve.y < 1)
    ends = [their_specificity_at(curve, sensitivity) for sensitivity in (0.8, 1)]
    specificity = np.concatenate([ends[:1], 1 - curve.x[inside], ends[1:]])
    return float(np.trapezoid(specificity, np.concatenate([[0.8], curve.y[inside], [1]])))


PLATEAUS = {
    "emp_pauc_sens80_100": (
        their_partial_auc,
        partial_auc_fom(low=0.8, high=1, along="sensitivity"),
    ),
    "empirical_spec_at_sens80": (
        their_specificity,
        specificity_at_sensitivity_fom(sensitivity=0.8),
    ),
}


@pytest.mark.parametrize("dataset", ["VanDyke", "Kundel"])
@pytest.mark.parametrize("name", PLATEAUS)
def test_mrmcaov_keeps_one_point_of_a_plateau_of_sensitivity(studies, peer, dataset, name):
    # A peer's fault: with that rule all its numbers come out. Points of sensitivity 1 are on a
    # plateau in most curves, and it takes the one of specificity 0.
    truth, ratings = studies[dataset]
    theirs, ours = PLATEAUS[name]
    ((covariance, _, expected),) = entries(peer, dataset, name)
    table = fom_table(truth, ratings, fom=theirs, covariance=covariance, jackknife_cases="study")
    np.testing.assert_allclose(table.value, figures(expected, table.value.shape), rtol=1e-9)
    matrix = covariance_matrix(expected, table.value.shape)
    np.testing.assert_allclose(table.covariance, matrix, rtol=1e-8, atol=1e-12)
    check_inference(obuchowski_rockette(table), expected)
    right = fom_table(truth, ratings, fom=ours, covariance="none").value
    assert (right >= table.value - 1e-12).all()


def fitted(curve, **changes):
    @FIGURE
    def figure(truth, rating):
        return curve(binormal_fit(truth, rating), **changes).estimate

    return figure


BINORMAL = {
    "binormal_auc": binormal_auc,
    "bin_pauc_spec80_100": fitted(fitted_partial_auc, low=0.8, high=1.0),
    "bin_pauc_sens80_100": fitted(fitted_partial_auc, low=0.8, high=1.0, along="sensitivity"),
    "binormal_sens_at_spec80": fitted(fitted_sensitivity, specificity=0.8),
    "binormal_spec_at_sens80": fitted(fitted_specificity, sensitivity=0.8),
}


@pytest.mark.parametrize(
    "name", ["binormal_auc", *(pytest.param(n, marks=pytest.mark.slow) for n in [*BINORMAL][1:])]
)
def test_binormal_figures_of_kundel_match_mrmcaov(studies, peer, name):
    # Both fits search; every reader converges inside in both. Likelihoods: test_binormal.py.
    truth, ratings = studies["Kundel"]
    ((covariance, _, expected),) = entries(peer, "Kundel", name)
    table = fom_table(
        truth, ratings, fom=BINORMAL[name], covariance=covariance, jackknife_cases="study"
    )
    np.testing.assert_allclose(table.value, figures(expected, table.value.shape), atol=1e-6)
    matrix = covariance_matrix(expected, table.value.shape)
    np.testing.assert_allclose(table.covariance, matrix, rtol=1e-4, atol=1e-6)
    check_inference(obuchowski_rockette(table), expected, rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", BINORMAL)
def test_binormal_figures_of_van_dyke_match_mrmcaov_but_for_the_perfect_reader(studies, peer, name):
    # Reader 4 in modality 2 has no operating point inside the square: MRMCaov takes an AUC of 1,
    # here it is undefined, so that there is no analysis to compare.
    truth, ratings = studies["VanDyke"]
    ((covariance, _, expected),) = entries(peer, "VanDyke", name)
    fom = BINORMAL[name]
    with pytest.raises(ValueError, match=r"curve 7 is undefined \(NaN\) without unit 0"):
        fom_table(truth, ratings, fom=fom, covariance=covariance)
    others = [0, 1, 2, 4]
    table = fom_table(truth, ratings[:, others], fom=fom, covariance=covariance)
    np.testing.assert_allclose(table.value, figures(expected, (5, 2))[others], atol=1e-5)
    matrix = covariance_matrix(expected, (5, 2))[others][:, :, others]
    np.testing.assert_allclose(table.covariance, matrix, rtol=5e-3, atol=1e-5)


SINGLE = ["DeLong", "jackknife", "unbiased"]


@pytest.mark.parametrize("covariance", SINGLE)
@pytest.mark.parametrize("reader", [1, 2])
@pytest.mark.parametrize("dataset", ["VanDyke", "Kundel"])
def test_single_readers_match_mrmcaov(studies, peer, dataset, reader, covariance):
    # srmc. It pools the error over all modalities, as the crossed analysis does by default.
    truth, ratings = studies[dataset]
    table = fom_table(
        truth, ratings[:, [reader - 1]], covariance=covariance, jackknife_cases="study"
    )
    entry = peer[f"{dataset}/srmc/reader{reader}/{covariance}"]
    if "error" in entry:  # it has no DeLong covariance of readings that share some cases only
        assert entry["error"] == "balanced design required for DeLong covariance method"
        assert (np.diagonal(table.covariance[0, :, 0]) > 0).all()
        return
    expected = entry["result"]
    matrix = np.array(expected["cov"]["values"], dtype=float)
    np.testing.assert_allclose(table.covariance[0, :, 0], matrix, rtol=1e-8, atol=1e-12)
    analysis = obuchowski_rockette(table, random="cases")
    test, means = expected["test_diffs"], expected["reader_means"]
    assert [d.estimate for d in analysis.differences] == close([-x for x in test["Estimate"]])
    assert [d.std_error for d in analysis.differences] == close(test["StdErr"])
    assert [d.ci_high for d in analysis.differences] == close([-x for x in test["CI.Lower"]])
    assert [d.p_value for d in analysis.differences] == close(test["p-value"])
    assert [r.estimate for r in analysis.readers] == close(means["empirical_auc"])
    assert [r.std_error for r in analysis.readers] == close(means["StdErr"])
    assert [r.ci_low for r in analysis.readers] == close(means["CI.Lower"])
    assert [r.ci_high for r in analysis.readers] == close(means["CI.Upper"])


@pytest.mark.parametrize("covariance", SINGLE)
@pytest.mark.parametrize("reader", [1, 2])
@pytest.mark.parametrize("dataset", ["VanDyke", "Kundel"])
def test_single_curves_match_mrmcaov(studies, peer, dataset, reader, covariance):
    truth, ratings = studies[dataset]
    read = ~np.isnan(ratings[:, reader - 1, 0])
    table = fom_table(truth[read], ratings[read][:, [reader - 1], :1], covariance=covariance)
    (ours,) = obuchowski_rockette(table, random="cases").readers
    entry = peer[f"{dataset}/stmc/reader{reader}_test1/{covariance}"]
    if "error" in entry:  # stmc(cov = unbiased) always stops
        assert "invalid 'nrow' value" in entry["error"]
        assert ours.std_error > 0
        return
    expected = entry["result"]
    assert (ours.estimate, ours.std_error, ours.ci_low, ours.ci_high) == close(
        tuple(expected[name] for name in ("empirical_auc", "StdErr", "CI.Lower", "CI.Upper"))
    )


def test_mrmcaov_gives_readers_of_three_modalities_the_errors_of_other_readers(studies, peer):
    # A peer's fault. Each reader has one pooled error; it is written once a row of a table whose
    # rows are reader by comparison, so that comparison c of a reader gets the error of reader c.
    truth, ratings = studies["Kundel"]
    for covariance in ("jackknife", "unbiased"):
        expected = peer[f"Kundel/empirical_auc/{covariance}/FRRC"]["result"]["reader_test_diffs"]
        table = fom_table(truth, ratings, covariance=covariance, jackknife_cases="study")
        analysis = obuchowski_rockette(table, random="cases")
        ours = [d.estimate for d in analysis.reader_differences]
        assert ours == close([-value for value in expected["Estimate"]])
        pooled = []
        for reader in range(4):
            one = fom_table(
                truth, ratings[:, [reader]], covariance=covariance, jackknife_cases="study"
            )
            pooled.append(obuchowski_rockette(one, random="cases").differences[0].std_error)
        assert expected["StdErr"] == close(list(np.resize(pooled, 12)))
        right = [d.std_error for d in analysis.reader_differences]
        assert right != pytest.approx(expected["StdErr"], rel=0.01)


@pytest.mark.parametrize("dataset", ["VanDyke", "Kundel"])
def test_points_of_the_curves_match_mrmcaov(studies, peer, dataset):
    truth, ratings = studies[dataset]
    curves = peer[f"{dataset}/roc_curves/empirical"]["result"]
    columns = [curves[name] for name in ("Group.Test", "Group.Reader", "FPR", "TPR")]
    for modality, reader, x, y in zip(*columns, strict=True):
        rating = ratings[:, int(reader) - 1, int(modality) - 1]
        read = ~np.isnan(rating)
        curve = roc_curve(truth[read], rating[read])
        assert list(curve.x) == close(x[::-1])
        assert list(curve.y) == close(y[::-1])


# google-health's analysis: figures in float32, so 1e-5; every case jackknifed.
GOOGLE = {
    "auc": (auc, 0.95, None),
    "auc_margin0.05": (auc, 0.95, 0.05),
    "auc_coverage0.9": (auc, 0.9, None),
    "sens_ge3": (sensitivity_fom(threshold=3), 0.95, None),
    "spec_ge3": (specificity_fom(threshold=3), 0.95, None),
}


@pytest.mark.parametrize("name", GOOGLE)
def test_two_modalities_match_google_health(studies, references, name):
    fom, ci_level, margin = GOOGLE[name]
    expected = references["google_health"][f"dual_modality_orh/VanDyke/{name}"]["result"]
    choices = Choices(covariance="jackknife", jackknife_cases="all")
    (ours,) = compare_modalities(
        *studies["VanDyke"], fom=fom, choices=choices, ci_level=ci_level, margin=margin
    ).differences
    assert ours.estimate == pytest.approx(expected["effect"], rel=1e-5)
    assert [ours.ci_low, ours.ci_high] == pytest.approx(expected["ci"], rel=1e-5, abs=1e-6)
    assert ours.df == pytest.approx(expected["dof"], rel=1e-5)
    p_value = ours.p_value if margin is None else ours.p_noninferiority
    assert p_value == pytest.approx(expected["pvalue"], rel=2e-5)
    modalities = expected["effect_size_constituents"]["modality_foms"]
    assert [ours.estimate_a, ours.estimate_b] == pytest.approx(modalities, rel=1e-5)


def test_jackknife_covariance_matches_google_health(studies, references):
    matrix, places = references["google_health"]["jackknife_covariance/VanDyke"]["result"]
    table = fom_table(*studies["VanDyke"], covariance="jackknife", jackknife_cases="all")
    for row, (modality, reader) in enumerate(places):
        for column, (other_modality, other) in enumerate(places):
            ours = table.covariance[reader, modality, other, other_modality]
            assert ours == pytest.approx(matrix[row][column], rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    ("key", "margin"),
    [
        ("VanDyke/reader1_as_model", None),
        ("VanDyke/margin0.05", 0.05),
        ("dataset09", None),
        ("dataset09_margin0.05", 0.05),
    ],
)
def test_model_against_readers_matches_google_health(studies, references, key, margin):
    # Reader 1 is the model; model minus readers, as here.
    truth, ratings = studies[key.split("/")[0].split("_")[0]]
    expected = references["google_health"][f"model_vs_readers_orh/{key}"]["result"]
    result = compare_ai_with_readers(
        truth, ratings[:, 1:, 0], ratings[:, 0, 0], covariance="jackknife", margin=margin
    )
    ours = result.difference
    assert ours.estimate == close(expected["effect"])
    assert [ours.ci_low, ours.ci_high] == close(expected["ci"])
    assert ours.df == close(expected["dof"])
    p_value = ours.p_value if margin is None else ours.p_noninferiority
    assert p_value == close(expected["pvalue"])
    constituents = expected["effect_size_constituents"]
    assert ours.estimate_b == close(constituents["model_fom"])
    assert ours.estimate_a == close(constituents["average_reader_fom"])
