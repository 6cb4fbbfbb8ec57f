"""Moments of a pilot study: against Obuchowski and Rockette, U-statistics, and a known model."""

import csv
import dataclasses

import numpy as np
import pytest

from tests.stats.simulation.test_roe_metz import GENERAL
from toolkit.stats.mrmc.covariances import fom_table, leave_one_out
from toolkit.stats.mrmc.inference import dbm, obuchowski_rockette
from toolkit.stats.mrmc.moments import estimated_moments
from toolkit.stats.mrmc.study_components import StudyComponents, pilot_components
from toolkit.stats.mrmc.u_statistics import u_statistic_analysis
from toolkit.stats.simulation.roe_metz import general_roe_metz_ratings, roe_metz_moments

NAMES = ("var_reader", "var_reader_modality", "var_error", "cov1", "cov2", "cov3")


def components_of(found):
    return [getattr(found, name) for name in NAMES]


@pytest.fixture(scope="module")
def van_dyke(reference_data):
    with (reference_data / "data" / "VanDyke" / "ratings.csv").open() as file:
        rows = list(csv.DictReader(file))
    truth, ratings = np.zeros(114), np.full((114, 5, 2), np.nan)
    for row in rows:
        case, reader, modality = (int(row[name]) - 1 for name in ("case", "reader", "modality"))
        truth[case], ratings[case, reader, modality] = int(row["truth"]), float(row["rating"])
    return truth, ratings


def test_components_at_the_pilots_own_size_are_those_of_the_unbiased_covariance(van_dyke):
    truth, ratings = van_dyke
    table = fom_table(truth, ratings, covariance="unbiased")
    pilot = pilot_components(obuchowski_rockette(table))
    moments = estimated_moments(truth, ratings)
    found = moments.components(69, 45)
    assert components_of(found) == pytest.approx(components_of(pilot), rel=1e-9)
    assert moments.auc == pytest.approx(table.value.mean(axis=0), rel=1e-14)
    assert (found.n_cases, found.n_positive) == (114, 45) == (pilot.n_cases, pilot.n_positive)


def test_variances_at_the_pilots_own_size_are_the_u_statistics(van_dyke):
    # iMRMC 2.1.2 prints the standard error 0.0206715388 of the difference.
    truth, ratings = van_dyke
    analysis = u_statistic_analysis(truth, ratings, estimator="u_statistic")
    moments = estimated_moments(truth, ratings)
    error = np.sqrt(moments.variance_of_difference(5, 69, 45)[0, 1])
    assert error == pytest.approx(analysis.differences[0].std_error, rel=1e-9)
    assert error == pytest.approx(0.0206715388, abs=5e-11)
    errors = np.sqrt(np.diag(moments.covariance(5, 69, 45)))
    assert errors == pytest.approx([mean.std_error for mean in analysis.modalities], rel=1e-9)


def test_estimated_components_are_unbiased_at_any_size():
    truth = np.arange(24) >= 14
    found = np.array(
        [
            components_of(
                estimated_moments(
                    truth, general_roe_metz_ratings(GENERAL, 14, 10, 3, rng=seed)
                ).components(200, 60)
            )
            for seed in range(250)
        ]
    )
    expected = components_of(roe_metz_moments(GENERAL).components(200, 60))
    error = found.std(axis=0) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - expected) < 4 * error).all()


def test_more_cases_of_the_rare_class_help_more():
    moments = roe_metz_moments(GENERAL)
    base, negative, positive = (
        moments.components(*size).var_error for size in ((300, 30), (600, 30), (300, 60))
    )
    assert positive < negative < base
    # With both doubled the variance is halved but for a term of the second order.
    assert moments.components(600, 60).var_error == pytest.approx(base / 2, rel=2e-3)


@pytest.mark.parametrize(
    ("truth", "readers", "message"),
    [
        ([0, 0, 1, 1], 1, "moments need at least two readers, but got 1"),
        ([0, 0, 0, 1], 2, "moments need at least two positive cases, but got 1"),
        ([0, 1, 1, 1], 2, "moments need at least two negative cases, but got 1"),
    ],
)
def test_too_small_pilots_are_named(truth, readers, message):
    with pytest.raises(ValueError, match=message):
        estimated_moments(truth, np.zeros((4, readers, 2)))


def test_missing_readings_are_refused():
    ratings = np.zeros((4, 2, 2))
    ratings[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="ratings must not be missing"):
        estimated_moments([0, 0, 1, 1], ratings)


# --- components that a study is sized on --------------------------------------------------------

PUBLISHED = StudyComponents(
    var_reader_modality=0.0002,
    var_error=0.0008,
    cov1=0.00035,
    cov2=0.00034,
    cov3=0.00024,
    n_cases=114,
    n_positive=45,
    method="paper",
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"var_error": 0.0}, "var_error must be above 0, but got 0.0"),
        ({"cov1": 0.43}, r"cov1 must not exceed var_error \(0.0008\), but got 0.43; give covari"),
        ({"cov3": np.inf}, "cov3 must be finite, but got inf"),
        ({"n_cases": 1}, "n_cases must be at least 2, but got 1"),
        ({"n_positive": 115}, "n_positive must not exceed n_cases, but got 115 of 114"),
        ({"n_cases": 10.5}, "n_cases must be a whole number"),
    ],
)
def test_wrong_components_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(PUBLISHED, **change)


def test_pilot_without_components_is_refused(van_dyke):
    truth, ratings = van_dyke
    table = fom_table(truth, ratings)
    with pytest.raises(ValueError, match="has no components of Obuchowski and Rockette"):
        pilot_components(dbm(table, leave_one_out(truth, ratings)))
    fixed = obuchowski_rockette(table, random="readers")
    assert fixed.components.var_error > 0
    without = obuchowski_rockette(
        dataclasses.replace(table, covariance=None, covariance_method="none"), random="readers"
    )
    with pytest.raises(ValueError, match="var_error, cov1, cov2, cov3, var_reader_modality not"):
        pilot_components(without)
    one = obuchowski_rockette(fom_table(truth, ratings[:, :, :1]))
    with pytest.raises(ValueError, match="a pilot needs two readers, two modalities"):
        pilot_components(one)


def test_pilot_says_what_was_estimated_below_zero():
    truth = np.arange(60) >= 30
    for seed in range(40):
        ratings = np.random.default_rng(seed).normal(size=(60, 3, 2)) + truth[:, None, None]
        found = pilot_components(obuchowski_rockette(fom_table(truth, ratings)))
        assert ("Cov2 below Cov3" in found.note) == (found.cov2 < found.cov3)
        assert ("estimated below 0" in found.note) == (found.var_reader_modality < 0)
