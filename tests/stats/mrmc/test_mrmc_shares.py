"""U-statistics of sensitivities, and covariances of readings that share some cases: brute force."""

import math
from itertools import product

import numpy as np
import pytest

from toolkit.stats.auc.curve import auc, rating_fom
from toolkit.stats.auc.figures_of_merit import partial_auc_fom, sensitivity_fom, specificity_fom
from toolkit.stats.mrmc.compare import Choices, compare_modalities
from toolkit.stats.mrmc.covariances import (
    fom_table,
    leave_one_out,
    shared_jackknife_covariance,
    shared_unbiased_covariance,
    unbiased_covariance,
)
from toolkit.stats.mrmc.u_statistics import u_statistic_analysis

SENSITIVITY, SPECIFICITY = sensitivity_fom(threshold=3), specificity_fom(threshold=3)


def drawn(n_cases=14, n_readers=3, n_modalities=2, seed=0, missing=0.0):
    draw = np.random.default_rng(seed)
    truth = np.arange(n_cases) % 2 == 0
    ratings = draw.integers(1, 6, (n_cases, n_readers, n_modalities)) + truth[:, None, None] * 1.0
    ratings[draw.random(ratings.shape) < missing] = math.nan
    return truth, ratings


def brute_force(truth, ratings, fom, weights):
    """Variance of the difference: E[A A'] less the mean over pairs that share nothing."""
    positive = fom.uses == "positive"
    used = ratings[truth == positive]
    calls = [
        {
            (reader, case): fom([positive], [used[case, reader, modality]])
            for case, reader in product(range(len(used)), range(used.shape[1]))
            if not math.isnan(used[case, reader, modality])
        }
        for modality in (0, 1)
    ]
    total = 0.0
    for sign, a, b in ((1, 0, 0), (1, 1, 1), (-2, 0, 1)):
        sums = np.zeros(4)
        for (key, x), (other, y) in product(calls[a].items(), calls[b].items()):
            weight = 1.0
            if weights == "reader":
                for readers, (reader, _) in ((calls[a], key), (calls[b], other)):
                    weight /= sum(one == reader for one, _ in readers)
            apart = key[0] != other[0] and key[1] != other[1]
            sums += weight * np.array([x * y, 1, apart * x * y, apart])
        total += sign * (sums[0] / sums[1] - sums[2] / sums[3])
    return total


@pytest.mark.parametrize("weights", ["reader", "pair"])
@pytest.mark.parametrize("fom", [SENSITIVITY, SPECIFICITY])
@pytest.mark.parametrize(("seed", "missing"), [(1, 0), (2, 0), (3, 0.2), (4, 0.2)])
def test_variance_of_shares_is_the_brute_force(fom, weights, seed, missing):
    truth, ratings = drawn(seed=seed, missing=missing)
    analysis = u_statistic_analysis(
        truth, ratings, fom=fom, estimator="u_statistic", weights=weights
    )
    expected, difference = brute_force(truth, ratings, fom, weights), analysis.differences[0]
    if expected > 0:
        assert difference.std_error**2 == pytest.approx(expected, rel=1e-9)
    else:
        assert "below 0" in difference.note or "as 0" in difference.note


def test_complete_shares_are_those_of_obuchowski_and_rockette():
    truth, ratings = drawn(60, 5, 2, seed=5)
    by_moments = u_statistic_analysis(truth, ratings, fom=SENSITIVITY, estimator="u_statistic")
    by_or = compare_modalities(truth, ratings, fom=SENSITIVITY)
    assert by_or.components.cov2 > by_or.components.cov3  # nothing is cut off
    first, second = by_moments.differences[0], by_or.differences[0]
    assert first.estimate == pytest.approx(second.estimate, rel=1e-12)
    assert first.std_error == pytest.approx(second.std_error, rel=1e-9)
    assert by_moments.quantity == "sensitivity from rating 3 up"


def test_cases_of_the_other_class_do_not_matter():
    truth, ratings = drawn(40, 4, 2, seed=6, missing=0.1)
    fewer = truth | (np.cumsum(~truth) <= 2)
    first = u_statistic_analysis(truth, ratings, fom=SENSITIVITY).differences[0]
    second = u_statistic_analysis(truth[fewer], ratings[fewer], fom=SENSITIVITY).differences[0]
    assert (first.std_error, first.df) == (second.std_error, second.df)


def test_incomplete_calls_are_analysed_by_u_statistics():
    truth, ratings = drawn(60, 4, 2, seed=7)
    ratings[3, 1, 0] = math.nan
    calls = np.where(np.isnan(ratings), math.nan, ratings >= 3)
    fom = sensitivity_fom(threshold=1)
    analysis = compare_modalities(truth, calls, fom=fom, margin=0.1)
    assert analysis.design == "incomplete"
    assert "BDG" in analysis.method
    (difference,) = analysis.differences
    assert difference.noninferior == (difference.ci_low > -0.1)


def test_figures_without_known_moments_are_refused():
    truth, ratings = drawn()
    with pytest.raises(ValueError, match="U-statistics are defined for the empirical AUC and for"):
        u_statistic_analysis(truth, ratings, fom=partial_auc_fom(low=0.8, high=1))

    @rating_fom(uses="positive", smooth=True, range=(0.0, 10.0), better="higher")
    def largest(truth, rating):
        return float(np.max(np.asarray(rating)[np.asarray(truth, dtype=bool)]))

    with pytest.raises(ValueError, match="largest must be the mean of what each case gives alone"):
        u_statistic_analysis(truth, ratings, fom=largest)


def test_a_modality_without_cases_of_the_class_is_refused():
    truth, ratings = drawn()
    ratings[truth, :, 1] = math.nan
    with pytest.raises(ValueError, match="modality 1 has no pair of a positive and a negative"):
        u_statistic_analysis(truth, ratings, fom=SENSITIVITY)


def test_modalities_read_on_different_cases_have_degrees_of_freedom():
    # No pair of readings shares a case: the components of cases are none, not undefined.
    truth, ratings = drawn(80, 5, 2, seed=8)
    ratings[:36, :, 0], ratings[36:, :, 1] = math.nan, math.nan
    (difference,) = u_statistic_analysis(truth, ratings, estimator="mle").differences
    assert difference.df >= 4
    assert difference.p_value > 0


@pytest.mark.parametrize("seed", range(3))
def test_unbiased_covariance_of_complete_readings_is_the_plain_one(seed):
    truth, ratings = drawn(20, 4, 1, seed=seed)
    aucs, covariance = shared_unbiased_covariance(truth, ratings[:, :, 0])
    plain = unbiased_covariance(truth, ratings[:, :, 0])
    np.testing.assert_allclose(covariance, plain, rtol=1e-9, atol=1e-15)
    assert aucs == pytest.approx([auc(truth, ratings[:, reader, 0]) for reader in range(4)])


def kernel(truth, rating):
    found = {}
    for i, k in product(np.flatnonzero(truth), np.flatnonzero(~truth)):
        if not (math.isnan(rating[i]) or math.isnan(rating[k])):
            found[int(i), int(k)] = (rating[k] < rating[i]) + (rating[k] == rating[i]) / 2
    return found


@pytest.mark.parametrize("seed", range(4))
def test_unbiased_covariance_with_gaps_is_the_brute_force(seed):
    truth, ratings = drawn(12, 2, 1, seed=seed, missing=0.2)
    first, second = (kernel(truth, ratings[:, reader, 0]) for reader in range(2))
    products, apart = [], []
    for (i, k), psi in first.items():
        for (other, another), psi_other in second.items():
            products.append(psi * psi_other)
            if i != other and k != another:
                apart.append(psi * psi_other)
    _, covariance = shared_unbiased_covariance(truth, ratings[:, :, 0])
    expected = np.mean(products) - np.mean(apart)
    assert covariance[0, 1] == pytest.approx(expected, rel=1e-9, abs=1e-15)


def test_curves_without_a_common_case_do_not_covary():
    truth, ratings = drawn(40, 2, 1, seed=1)
    ratings[:20, 0], ratings[20:, 1] = math.nan, math.nan
    _, covariance = shared_unbiased_covariance(truth, ratings[:, :, 0])
    assert covariance[0, 1] == 0
    alone = unbiased_covariance(truth[20:], ratings[20:, :1, 0])
    assert covariance[0, 0] == pytest.approx(alone[0, 0], rel=1e-9)


@pytest.mark.parametrize(("fom", "n_used"), [(auc, 40), (SENSITIVITY, 20)])
def test_jackknife_over_the_cases_of_the_study(fom, n_used):
    # Of 30 cases read out of 40: (n - 1) / n of the study times the same sum of products.
    truth, ratings = drawn(40, 2, 1, seed=2)
    ratings[30:] = math.nan
    flat = ratings[:, :, 0]
    _, own = shared_jackknife_covariance(truth, flat, fom)
    _, study = shared_jackknife_covariance(truth, flat, fom, "study")
    _, everything = shared_jackknife_covariance(truth, flat, fom, "all")
    n_own = n_used * 3 / 4
    np.testing.assert_allclose(study, own * ((n_used - 1) / n_used) / ((n_own - 1) / n_own))
    np.testing.assert_allclose(everything, study * (39 / 40) / ((n_used - 1) / n_used))


def test_jackknife_over_the_study_of_complete_readings_is_the_plain_one():
    truth, ratings = drawn(20, 3, 2, seed=3)
    for fom in (auc, SENSITIVITY):
        plain = fom_table(truth, ratings, fom=fom, covariance="jackknife")
        study = fom_table(truth, ratings, fom=fom, covariance="jackknife", jackknife_cases="study")
        np.testing.assert_array_equal(plain.covariance, study.covariance)


@pytest.mark.parametrize("covariance", ["DeLong", "jackknife", "unbiased"])
def test_every_covariance_serves_readers_nested_in_modality(covariance):
    truth, ratings = drawn(40, 6, 2, seed=4)
    ratings[:, :3, 0], ratings[:, 3:, 1] = math.nan, math.nan
    choices = Choices(covariance=covariance)
    analysis = compare_modalities(truth, ratings, choices=choices)
    assert analysis.design == "readers nested in modality"
    assert analysis.covariance_method == f"{covariance}, shared cases"
    assert analysis.differences[0].std_error > 0


def test_the_bootstrap_still_needs_all_readings():
    truth, ratings = drawn()
    ratings[0, 0, 0] = math.nan
    with pytest.raises(ValueError, match="take DeLong, jackknife or unbiased on independent"):
        fom_table(truth, ratings, covariance="bootstrap", rng=1)


@pytest.mark.parametrize("cluster", [None, np.arange(30) // 3])
@pytest.mark.parametrize("cases", ["used", "all"])
@pytest.mark.parametrize("fom", [SENSITIVITY, SPECIFICITY])
def test_shares_without_each_unit_are_those_computed_anew(fom, cases, cluster):
    truth, ratings = drawn(30, 2, 2, seed=9)

    @rating_fom(uses=fom.uses, smooth=False, range=(0.0, 1.0), better="higher")
    def anew(truth, rating):
        return fom(truth, rating)

    first = leave_one_out(truth, ratings, fom=fom, cases=cases, cluster=cluster)
    second = leave_one_out(truth, ratings, fom=anew, cases=cases, cluster=cluster)
    np.testing.assert_allclose(first.value, second.value, rtol=1e-12)
    np.testing.assert_allclose(first.left_out, second.left_out, rtol=1e-12, atol=1e-15)


def test_a_figure_of_one_class_that_is_no_mean_is_computed_anew():
    truth, ratings = drawn(20, 2, 1, seed=10)

    @rating_fom(uses="positive", smooth=True, range=(0.0, 10.0), better="higher")
    def spread(truth, rating):
        return float(np.std(np.asarray(rating)[np.asarray(truth, dtype=bool)]))

    left = leave_one_out(truth, ratings, fom=spread)
    positive = np.flatnonzero(truth)
    keep = np.delete(positive, 3)
    assert left.left_out[3, 0, 0] == pytest.approx(ratings[keep, 0, 0].std())


def test_a_share_of_no_case_or_one_unit_is_refused():
    with pytest.raises(ValueError, match="truth holds no positive case"):
        leave_one_out([0, 0, 0], np.ones((3, 1, 1)), fom=SENSITIVITY)
    with pytest.raises(ValueError, match="undefined without unit 0: it holds all cases of a class"):
        leave_one_out([0, 1, 0], np.ones((3, 1, 1)), fom=SENSITIVITY)
