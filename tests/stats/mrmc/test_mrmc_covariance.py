"""Covariances of AUCs over cases: brute force, MRMCaov's matrices, what patients change."""

import json
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mrmc_studies import read_csv
from toolkit.stats.auc.curve import auc, rating_fom
from toolkit.stats.mrmc import moments as _dominance
from toolkit.stats.mrmc.covariances import leave_one_out, unbiased_covariance


@pytest.fixture(scope="module")
def van_dyke(reference_data):
    return read_csv(reference_data / "data" / "VanDyke" / "ratings.csv")


@pytest.fixture(scope="module")
def peer(reference_data):
    text = (reference_data / "reference" / "mrmcaov.json").read_text()
    return json.loads(text)["results"]


def matrix(peer, name):
    values = peer[f"VanDyke/empirical_auc/{name}/RRRC"]["result"]["cov_matrix"]["values"]
    return np.array(values).reshape(2, 5, 2, 5).transpose(1, 0, 3, 2)


def test_jackknife_matches_mrmcaov(van_dyke, peer):
    found = leave_one_out(*van_dyke).covariance()
    np.testing.assert_allclose(found, matrix(peer, "jackknife"), rtol=1e-9, atol=1e-15)


def test_unbiased_matches_mrmcaov(van_dyke, peer):
    truth, ratings = van_dyke
    found = unbiased_covariance(truth.astype(bool), ratings.reshape(114, 10)).reshape(5, 2, 5, 2)
    np.testing.assert_allclose(found, matrix(peer, "unbiased"), rtol=1e-9, atol=1e-15)


def kernel(truth, rating):
    """psi of every positive (rows) and negative case (columns)."""
    positive, negative = rating[truth][:, None], rating[~truth][None]
    return (negative < positive) + (negative == positive) / 2


def small_studies(n_levels):
    return st.lists(
        st.tuples(st.booleans(), st.integers(1, n_levels), st.integers(1, n_levels)),
        min_size=4,
        max_size=14,
    ).filter(lambda rows: 2 <= sum(row[0] for row in rows) <= len(rows) - 2)


@settings(max_examples=150, deadline=None)
@given(small_studies(5))
def test_pairs_by_table_and_by_tree_are_the_brute_force_count(rows):
    table = np.array(rows, dtype=float)
    truth, first, second = table[:, 0].astype(bool), table[:, 1], table[:, 2]
    expected = int(4 * (kernel(truth, first) * kernel(truth, second)).sum())
    ranks = [_dominance._dense_ranks(rating) for rating in (first, second)]
    events = _dominance._events(truth, ranks[0])
    assert _dominance.by_table(truth, *ranks) == expected
    assert _dominance.by_tree(events, ranks[1]) == expected


@settings(max_examples=60, deadline=None)
@given(small_studies(4))
def test_unbiased_is_the_u_statistic_of_all_index_pairs(rows):
    table = np.array(rows, dtype=float)
    truth = table[:, 0].astype(bool)
    psi = [kernel(truth, table[:, 1]), kernel(truth, table[:, 2])]
    m, n = psi[0].shape
    together, apart, n_apart = 0.0, 0.0, 0
    for i, j, k, q in product(range(m), range(n), range(m), range(n)):
        term = psi[0][i, j] * psi[1][k, q]
        together += term / (m * n) ** 2
        if i != k and j != q:
            apart, n_apart = apart + term, n_apart + 1
    found = unbiased_covariance(truth, table[:, 1:])
    assert found[0, 1] == pytest.approx(together - apart / n_apart, abs=1e-12)


def test_large_continuous_ratings_go_by_the_tree_and_agree_with_the_table(monkeypatch):
    draw = np.random.default_rng(5)
    truth = np.arange(600) % 3 == 0
    ratings = draw.normal(size=(600, 2)) + truth[:, None]
    by_tree = unbiased_covariance(truth, ratings)
    monkeypatch.setattr(_dominance, "_LARGEST_TABLE", 10**9)
    np.testing.assert_array_equal(unbiased_covariance(truth, ratings), by_tree)


def test_unbiased_needs_two_cases_of_each_class():
    assert np.isnan(unbiased_covariance(np.array([True, False]), np.array([[1.0], [0.0]]))).all()


@rating_fom(uses="all", smooth=True, range=(0.0, 1.0), better="higher")
def plain_auc(truth, rating):
    return auc(truth, rating)


def drawn(n_cases, seed=1):
    draw = np.random.default_rng(seed)
    truth = draw.permutation(np.arange(n_cases) % 3 == 0)
    return truth, draw.integers(1, 6, (n_cases, 2, 2)) + truth[:, None, None]


def test_closed_form_is_the_auc_computed_anew():
    truth, ratings = drawn(25)
    first, second = leave_one_out(truth, ratings), leave_one_out(truth, ratings, fom=plain_auc)
    np.testing.assert_allclose(first.left_out, second.left_out, rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_closed_form_leaves_out_a_patient_with_all_her_cases(seed):
    truth, ratings = drawn(30, seed)
    patient = np.random.default_rng(seed).integers(0, 12, 30)
    first = leave_one_out(truth, ratings, cluster=patient)
    second = leave_one_out(truth, ratings, cluster=patient, fom=plain_auc)
    assert first.n_units == np.unique(patient).size
    np.testing.assert_allclose(first.left_out, second.left_out, rtol=1e-12)


def test_patients_of_one_case_are_cases():
    truth, ratings = drawn(25)
    clustered = leave_one_out(truth, ratings, cluster=np.arange(25)[::-1])
    plain = leave_one_out(truth, ratings).covariance()
    np.testing.assert_allclose(clustered.covariance(), plain, rtol=1e-12, atol=1e-18)


def share_called(uses):
    @rating_fom(uses=uses, smooth=True, range=(0.0, 1.0), better="higher")
    def share(truth, rating):
        return float(np.mean(rating[truth if uses == "positive" else ~truth] >= 3))

    return share


def test_a_sensitivity_leaves_out_positives_and_has_the_variance_of_a_mean():
    truth, ratings = drawn(40)
    left = leave_one_out(truth, ratings, fom=share_called("positive"))
    calls = ratings[truth, 0, 0] >= 3
    assert left.n_units == truth.sum()
    assert left.covariance()[0, 0, 0, 0] == pytest.approx(calls.var(ddof=1) / truth.sum())


def test_all_cases_on_request():
    truth, ratings = drawn(40)
    left = leave_one_out(truth, ratings, fom=share_called("negative"), cases="all")
    assert left.n_units == 40
    used = leave_one_out(truth, ratings, fom=share_called("negative"))
    n, part = 40, int((~truth).sum())
    # A case that is not used changes nothing; K - 1 over K instead of n - 1 over n for the others.
    expected = used.covariance() * ((n - 1) / n) / ((part - 1) / part)
    np.testing.assert_allclose(left.covariance(), expected, rtol=1e-12)


def test_pseudovalues_of_a_mean_are_its_terms():
    truth, ratings = drawn(20)
    left = leave_one_out(truth, ratings, fom=share_called("positive"))
    np.testing.assert_allclose(left.pseudovalues()[:, 0, 0], ratings[truth, 0, 0] >= 3, atol=1e-12)


def test_a_class_in_one_unit_is_refused():
    with pytest.raises(ValueError, match="undefined without unit 1: it holds all cases of a class"):
        leave_one_out([0, 1, 0], np.ones((3, 1, 1)))


def test_an_undefined_figure_is_refused():
    @rating_fom(uses="all", smooth=True, range=(0.0, 1.0), better="higher")
    def undefined(truth, rating):
        return float("nan") * np.size(truth) * np.size(rating)

    with pytest.raises(ValueError, match=r"curve 0 is undefined \(NaN\) without unit 0"):
        leave_one_out([0, 1, 0, 1], np.ones((4, 1, 1)), fom=undefined)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="ratings must have shape"):
        leave_one_out([0, 1], [[1, 2], [3, 4]])
    with pytest.raises(ValueError, match="cases must be"):
        leave_one_out([0, 1, 0, 1], np.ones((4, 1, 1)), cases="some")
