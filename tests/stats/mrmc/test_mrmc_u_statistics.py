"""Gallas's analysis: every number of iMRMC, brute force over all quadruples, gaps and refusals.

iMRMC 2.1.2 (R) prints A minus B, here it is B minus A. It gives pairs, not readers, the same
weight, and takes t on whole degrees of freedom: ``weights="pair"`` and ``df_rule="floor"``.
"""

import json
import math
from itertools import product

import numpy as np
import pytest
from scipy import stats

from tests.mrmc_studies import read_csv
from toolkit.results import result_from_dict
from toolkit.stats.mrmc.covariances import unbiased_covariance
from toolkit.stats.mrmc.u_statistics import u_statistic_analysis

CASE = np.arange(1, 115)


def without(ratings, drop):
    changed = ratings.copy()
    drop(changed)
    return changed


def one_in_eleven(ratings):
    for case, reader, modality in product(range(114), range(5), range(2)):
        if (3 * (case + 1) + 5 * (reader + 1) + modality + 1) % 11 == 0:
            ratings[case, reader, modality] = math.nan


def split_plot(ratings):
    ratings[CASE % 2 == 1, :2] = math.nan
    ratings[CASE % 2 == 0, 2:] = math.nan


def readers_partly_unpaired(ratings):
    ratings[:, 3:, 0] = math.nan
    ratings[:, :2, 1] = math.nan


def cases_partly_unpaired(ratings):
    ratings[CASE % 3 == 0, :, 0] = math.nan
    ratings[CASE % 3 == 1, :, 1] = math.nan


def as_it_is(ratings):
    assert not np.isnan(ratings).any()


DESIGNS = {
    "VanDyke": as_it_is,
    "VanDyke_missing_1_in_11": one_in_eleven,
    "VanDyke_split_plot_2_groups": split_plot,
    "VanDyke_readers_partly_unpaired": readers_partly_unpaired,
    "VanDyke_cases_partly_unpaired": cases_partly_unpaired,
}
ESTIMATORS = {"u_statistic": "Ustat", "mle": "MLEstat"}


@pytest.fixture(scope="module")
def van_dyke(reference_data):
    return read_csv(reference_data / "data" / "VanDyke" / "ratings.csv")


@pytest.fixture(scope="module")
def peer(reference_data):
    text = (reference_data / "reference" / "imrmc.json").read_text()
    return json.loads(text)["results"]


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_means_variances_and_p_match_imrmc(van_dyke, peer, design, estimator):
    truth, ratings = van_dyke
    expected = peer[f"doIMRMC/{design}"]["result"][ESTIMATORS[estimator]]
    analysis = u_statistic_analysis(
        truth,
        without(ratings, DESIGNS[design]),
        estimator=estimator,
        weights="pair",
        df_rule="floor",
    )
    for place, mean in enumerate(analysis.modalities):
        assert mean.estimate == pytest.approx(expected["AUCA"][place], rel=1e-9)
        assert mean.std_error**2 == pytest.approx(expected["varAUCA"][place], rel=1e-9)
        df = expected["dfBDG"][place]
        assert mean.df == (math.floor(df) if df <= 50 else math.inf)
    difference = analysis.differences[0]
    assert difference.estimate == pytest.approx(-expected["AUCAminusAUCB"][2], rel=1e-9)
    if expected["pValueBDG"][2] is None:  # iMRMC: NA where the variance is negative
        assert math.isnan(difference.p_value)
        assert "below 0" in difference.note
        return
    variance = expected["varAUCAminusAUCB"][2]
    assert difference.std_error**2 == pytest.approx(variance, rel=1e-9, abs=1e-15)
    assert difference.p_value == pytest.approx(expected["pValueBDG"][2], rel=1e-8)
    assert difference.ci_low == pytest.approx(-expected["topCIBDG"][2], rel=1e-8)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_degrees_of_freedom_are_not_rounded_by_default(van_dyke, peer, estimator):
    # dfBDG as iMRMC prints it before it cuts it; P by t on it, with iMRMC's variance.
    expected = peer["doIMRMC/VanDyke"]["result"][ESTIMATORS[estimator]]
    difference = u_statistic_analysis(*van_dyke, estimator=estimator).differences[0]
    df, variance = expected["dfBDG"][2], expected["varAUCAminusAUCB"][2]
    statistic = -expected["AUCAminusAUCB"][2] / math.sqrt(variance)
    assert difference.df == pytest.approx(df, rel=1e-10)
    assert difference.p_value == pytest.approx(2 * stats.t.sf(statistic, df), rel=1e-9)


def test_one_modality_of_imrmc(van_dyke, peer):
    truth, ratings = van_dyke
    analysis = u_statistic_analysis(truth, ratings[:, :, :1], weights="pair", df_rule="floor")
    expected = peer["doIMRMC/VanDyke_modality1_only"]["result"]["Ustat"]
    variance = np.ravel(expected["varAUCA"])[0]
    assert analysis.modalities[0].std_error ** 2 == pytest.approx(variance, rel=1e-9)
    assert analysis.differences == ()


def triples(truth, ratings, modality):
    """psi of every reader, positive and negative case that can be compared."""
    found = {}
    for reader in range(ratings.shape[1]):
        column = ratings[:, reader, modality]
        for i, k in product(np.flatnonzero(truth), np.flatnonzero(~truth)):
            if not np.isnan(column[[i, k]]).any():
                found[reader, i, k] = (column[k] < column[i]) + (column[k] == column[i]) / 2
    return found


def weight_of(found, weights):
    counts = {}
    for reader, _, _ in found:
        counts[reader] = counts.get(reader, 0) + 1
    return {key: 1 / counts[key[0]] if weights == "reader" else 1.0 for key in found}


def brute_force(truth, ratings, weights):
    """Variance of the difference: E[A A'] less the mean over pairs that share nothing."""
    total = 0.0
    for sign, a, b in ((1, 0, 0), (1, 1, 1), (-2, 0, 1)):
        first, second = triples(truth, ratings, a), triples(truth, ratings, b)
        weight_a, weight_b = weight_of(first, weights), weight_of(second, weights)
        everything, apart, n_all, n_apart = 0.0, 0.0, 0.0, 0.0
        for key, psi in first.items():
            for other, psi_other in second.items():
                weight = weight_a[key] * weight_b[other]
                everything, n_all = everything + weight * psi * psi_other, n_all + weight
                if all(x != y for x, y in zip(key, other, strict=True)):
                    apart, n_apart = apart + weight * psi * psi_other, n_apart + weight
        total += sign * (everything / n_all - apart / n_apart)
    return total


@pytest.mark.parametrize("weights", ["reader", "pair"])
@pytest.mark.parametrize("seed", range(4))
def test_unbiased_variance_is_the_brute_force_over_all_pairs_of_triples(weights, seed):
    draw = np.random.default_rng(seed)
    truth = np.arange(9) % 2 == 0
    ratings = draw.integers(1, 5, (9, 3, 2)) + truth[:, None, None].astype(float)
    ratings[draw.random(ratings.shape) < 0.15] = math.nan
    analysis = u_statistic_analysis(truth, ratings, estimator="u_statistic", weights=weights)
    expected = brute_force(truth, ratings, weights)
    difference = analysis.differences[0]
    if expected > 0:
        assert difference.std_error**2 == pytest.approx(expected, rel=1e-9)
    else:
        assert "below 0" in difference.note or "as 0" in difference.note


def test_fully_crossed_variance_contains_the_unbiased_covariance():
    # One reader: the variance is that of the AUC over cases and an error between readers of none.
    draw = np.random.default_rng(8)
    truth = np.arange(40) % 2 == 0
    ratings = draw.normal(size=(40, 1, 1)) + truth[:, None, None]
    psi_variance = unbiased_covariance(truth, ratings[:, :, 0])[0, 0]
    two = np.repeat(ratings, 2, axis=1)  # two readers who agree wholly: no reader variance
    mean = u_statistic_analysis(truth, two, estimator="u_statistic").modalities[0]
    assert mean.std_error**2 == pytest.approx(psi_variance, rel=1e-9)


def test_a_collapsed_variance_is_replaced_and_said(van_dyke):
    truth, ratings = van_dyke
    analysis = u_statistic_analysis(truth, without(ratings, one_in_eleven), weights="pair")
    assert "has collapsed" in analysis.note
    assert analysis.differences[0].std_error ** 2 == pytest.approx(4.17012606508919e-4, rel=1e-9)
    assert analysis.covariance_method == "MLE (V-statistic)"


def test_weights_agree_where_everything_is_read(van_dyke):
    by_reader = u_statistic_analysis(*van_dyke, weights="reader").differences[0]
    by_pair = u_statistic_analysis(*van_dyke, weights="pair").differences[0]
    assert by_reader.estimate == pytest.approx(by_pair.estimate, rel=1e-12)
    assert by_reader.std_error == pytest.approx(by_pair.std_error, rel=1e-9)


def test_swapping_modalities_negates_the_difference(van_dyke):
    truth, ratings = van_dyke
    first = u_statistic_analysis(truth, ratings, margin=0.05).differences[0]
    second = u_statistic_analysis(truth, ratings[:, :, ::-1]).differences[0]
    assert second.estimate == pytest.approx(-first.estimate)
    assert second.ci_high == pytest.approx(-first.ci_low)
    assert first.noninferior == (first.p_noninferiority < 0.025)


def test_an_analysis_comes_back_from_strict_json(van_dyke):
    analysis = u_statistic_analysis(*van_dyke)
    plain = json.loads(json.dumps(analysis.to_dict(), allow_nan=False))
    assert result_from_dict(plain).to_dict() == analysis.to_dict()


def test_a_modality_nobody_read_is_refused():
    ratings = np.ones((6, 2, 2))
    ratings[:, :, 1] = math.nan
    with pytest.raises(ValueError, match="modality 1 has no pair"):
        u_statistic_analysis([0, 1] * 3, ratings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"estimator": "bayes"}, "estimator must be"),
        ({"weights": "case"}, "weights must be"),
        ({"df_rule": "round"}, "df_rule must be"),
        ({"margin": 0}, "margin of a difference must be positive"),
    ],
)
def test_wrong_choices_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        u_statistic_analysis([0, 1] * 3, np.ones((6, 2, 2)), **changes)
