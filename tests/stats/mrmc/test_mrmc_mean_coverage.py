"""Intervals of a mean over readers: the logit scale covers, the identity scale misses above."""

import numpy as np
import pytest

from tests.benchmarks.mrmc_means import SCENARIOS, coverage, limits, table_of
from toolkit.stats.mrmc.compare import compare_modalities
from toolkit.stats.simulation.roe_metz import ROE_METZ_1997


def test_simulated_limits_are_those_of_compare_modalities():
    draw = np.random.default_rng(1)
    truth = np.arange(60) >= 30
    ratings = draw.normal(size=(60, 4)) + 1.5 * truth[:, np.newaxis]
    ours = table_of(truth, ratings)
    (mean,) = compare_modalities(truth, ratings[:, :, np.newaxis]).modalities
    assert ours.value[:, 0].mean() == mean.estimate
    found = limits(SCENARIOS[0], ROE_METZ_1997["HL", 1.5], 3, [1])
    assert found.shape == (3, 2, 2)
    assert (found[:, 1, 1] < 1).all()


@pytest.fixture(scope="module")
def found():
    """What both scales do in every row of docs/coverage.md."""
    return {scenario: coverage(scenario) for scenario in SCENARIOS}


@pytest.mark.slow
def test_the_logit_scale_covers_with_few_readers_and_high_areas(found):
    # Of 20,000 studies with a rate of 94 %: three standard errors are 0.5 points.
    assert min(one["logit"].covered for one in found.values()) > 92.6
    assert max(one["logit"].above for one in found.values()) < 5.2
    assert max(one["logit"].undefined for one in found.values()) < 0.1


@pytest.mark.slow
def test_the_identity_scale_lies_above_a_high_truth_too_often(found):
    high = [one["identity"] for scenario, one in found.items() if scenario.auc == 0.95]
    assert max(one.covered for one in high) < 91.1
    assert min(one.above for one in high) > 8.2
    for one in found.values():
        assert one["logit"].covered > one["identity"].covered
