"""The closed form of the stratified bootstrap variance against R, enumeration and resamples."""

import csv
import itertools
import json

import numpy as np
import pytest

from toolkit.results import result_from_dict
from toolkit.stats.auc.delong import auc_covariance
from toolkit.stats.resampling.bootstrap import bootstrap_values
from toolkit.stats.resampling.variance import stratified_bootstrap_variance


def asah(reference_data, *names):
    """Return truth and ratings of pROC's aSAH data."""
    with (reference_data / "data" / "asah" / "aSAH.csv").open() as file:
        rows = list(csv.DictReader(file))
    truth = np.array([row["outcome"] == "Poor" for row in rows])
    return truth, np.array([[float(row[name]) for name in names] for row in rows])


def reference(reference_data, name):
    """Return the values of one reference case."""
    cases = json.loads((reference_data / "reference" / "roc_auc.json").read_text())["cases"]
    return next(case["values"] for case in cases if case["id"] == name)


def order(positive, negative):
    """Return 1, 1/2 or 0 for each pair of a positive and a negative case."""
    difference = positive[:, np.newaxis] - negative
    return (difference > 0) + (difference == 0) / 2


def categories(n_positive, n_negative, *, levels, n_curves=2, seed=1):
    """Return truth and ratings in categories, the positives somewhat higher."""
    generator = np.random.default_rng(seed)
    truth = np.arange(n_positive + n_negative) < n_positive
    return truth, generator.integers(levels, size=(truth.size, n_curves)) + truth[:, np.newaxis]


# --- reference -----------------------------------------------------------------------------------


def test_variance_matches_the_closed_form_of_one_curve(reference_data):
    truth, ratings = asah(reference_data, "ndka")
    values = reference(reference_data, "asah_ideal_bootstrap_var_ndka")
    result = stratified_bootstrap_variance(truth, ratings)
    assert result.covariance[0, 0] == pytest.approx(values["var"], rel=1e-10)
    assert result.summary_frame().std_error[0] == pytest.approx(values["se"], rel=1e-10)


def test_variance_matches_the_closed_form_of_a_difference(reference_data):
    truth, ratings = asah(reference_data, "s100b", "wfns")
    values = reference(reference_data, "asah_ideal_bootstrap_se_diff_s100b_wfns")
    result = stratified_bootstrap_variance(truth, ratings)
    weights = np.array([1, -1])
    assert weights @ result.aucs == pytest.approx(values["diff"], rel=1e-10)
    assert weights @ result.covariance @ weights == pytest.approx(values["var"], rel=1e-10)


@pytest.mark.parametrize(("n_positive", "n_negative"), [(3, 3), (2, 4), (1, 4), (4, 1)])
def test_covariance_is_that_of_all_resamples(n_positive, n_negative):
    # Every one of the n^n resamples of both classes is equally likely.
    truth, ratings = categories(n_positive, n_negative, levels=3)
    psi = [order(rating[truth], rating[~truth]) for rating in ratings.T]
    aucs = [
        [each[np.ix_(rows, columns)].mean() for each in psi]
        for rows in itertools.product(range(n_positive), repeat=n_positive)
        for columns in itertools.product(range(n_negative), repeat=n_negative)
    ]
    result = stratified_bootstrap_variance(truth, ratings)
    exact = np.cov(aucs, rowvar=False, ddof=0)
    np.testing.assert_allclose(result.covariance, exact, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize("levels", [2, 7, 10_000])
def test_covariance_matches_sums_over_all_pairs(levels):
    truth, ratings = categories(83, 131, levels=levels, n_curves=3)
    m, n = 83, 131
    psi = np.array([order(rating[truth], rating[~truth]) for rating in ratings.T])
    row, column, total = psi.sum(axis=2), psi.sum(axis=1), psi.sum(axis=(1, 2))
    products = np.einsum("aij,bij->ab", psi, psi)
    expected = (
        (1 - 1 / m) * (1 - 1 / n) * np.outer(total, total)
        + (1 - 1 / n) * row @ row.T
        + (1 - 1 / m) * column @ column.T
        + products
        - np.outer(total, total)
    ) / (m * n) ** 2
    result = stratified_bootstrap_variance(truth, ratings)
    np.testing.assert_allclose(result.covariance, expected, rtol=1e-9)


# --- property ------------------------------------------------------------------------------------


def test_resamples_tend_to_it():
    truth, ratings = categories(40, 90, levels=12)
    exact = stratified_bootstrap_variance(truth, ratings).covariance
    drawn = bootstrap_values(truth, ratings, n_resamples=20_000, rng=1).covariance
    # Relative error of a variance of 20,000 nearly normal values: sqrt(2 / 20,000) = 0.01.
    np.testing.assert_allclose(np.diagonal(drawn), np.diagonal(exact), rtol=0.05)
    assert drawn[0, 1] == pytest.approx(exact[0, 1], abs=0.05 * exact[0, 0])


def test_it_tends_to_delong_in_large_samples():
    generator = np.random.default_rng(4)
    truth = np.arange(20_000) < 8000
    ratings = generator.normal(size=(truth.size, 2)) + truth[:, np.newaxis]
    exact = stratified_bootstrap_variance(truth, ratings).covariance
    delong = auc_covariance(truth, ratings).covariance
    np.testing.assert_allclose(np.diagonal(exact), np.diagonal(delong), rtol=3e-4)


def test_only_ranks_and_not_the_order_of_cases_matter():
    truth, ratings = categories(30, 50, levels=6)
    first = stratified_bootstrap_variance(truth, ratings).covariance
    shuffled = np.random.default_rng(2).permutation(80)
    other = stratified_bootstrap_variance(truth[shuffled], np.exp(ratings[shuffled])).covariance
    np.testing.assert_allclose(other, first, rtol=1e-12)
    infinite = np.where(ratings == ratings.max(), np.inf, ratings)
    np.testing.assert_allclose(
        stratified_bootstrap_variance(truth, infinite).covariance, first, rtol=1e-12
    )


# --- edge ----------------------------------------------------------------------------------------


def test_a_missing_class_is_undefined_with_a_note():
    for truth, name in (([0, 0, 0], "positive"), ([1, 1, 1], "negative")):
        result = stratified_bootstrap_variance(truth, [[1], [2], [3]])
        assert np.isnan(result.covariance).all()
        assert result.note == f"no {name} case: the AUC is undefined"
        assert result_from_dict(result.to_dict()).to_dict() == result.to_dict()


def test_separated_or_single_cases_are_noted():
    separated = stratified_bootstrap_variance([0, 0, 1, 1], [[1], [2], [3], [4]])
    assert separated.covariance.tolist() == [[0.0]]
    assert separated.note == "a variance of 0 is not certainty"
    single = stratified_bootstrap_variance([0, 0, 1], [[1], [3], [2]])
    assert single.note == "one positive case, which every resample holds"
    assert single.covariance[0, 0] == pytest.approx(1 / 8, rel=1e-12)


def test_large_sample_is_quick_and_needs_no_pairs():
    generator = np.random.default_rng(4)
    truth = np.arange(100_000) % 2 == 1
    ratings = np.round(generator.normal(size=(truth.size, 2)) + truth[:, np.newaxis], 2)
    exact = stratified_bootstrap_variance(truth, ratings).covariance
    delong = auc_covariance(truth, ratings).covariance
    np.testing.assert_allclose(np.diagonal(exact), np.diagonal(delong), rtol=1e-4)


# --- errors --------------------------------------------------------------------------------------


def test_missing_ratings_are_refused():
    with pytest.raises(ValueError, match="ratings must not be missing"):
        stratified_bootstrap_variance([0, 1], [[np.nan], [1]])
    with pytest.raises(ValueError, match=r"ratings must have shape \(n_cases, n_curves\)"):
        stratified_bootstrap_variance([0, 1], [1, 2])
