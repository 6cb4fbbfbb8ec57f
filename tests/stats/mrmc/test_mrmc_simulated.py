"""Tests of reader studies keep their size in simulated studies without any difference."""

import numpy as np
import pytest

from tests.benchmarks.mrmc_null import (
    LEVEL,
    STRUCTURES,
    TESTS,
    TRUTH,
    Design,
    rejections,
    table_of,
)
from toolkit.stats.mrmc.compare import Choices, compare_modalities
from toolkit.stats.mrmc.inference import global_test
from toolkit.stats.simulation.roe_metz import ROE_METZ_1997, roe_metz_ratings

# Of 5,000 studies with a rate of 5 %: three standard errors are 0.9 points, of twelve times as
# many 0.27.
LIMITS, LIMITS_ON_AVERAGE = (2.0, 7.5), (3.5, 5.5)


@pytest.mark.parametrize("random", TESTS)
def test_simulated_p_values_are_those_of_compare_modalities(random):
    ratings = roe_metz_ratings(
        50, 50, 5, separation=1.5, components=ROE_METZ_1997["LH", 1.5], rng=1
    )
    whole = compare_modalities(TRUTH, ratings, choices=Choices(random=random))
    assert global_test(table_of(ratings), random).p_value == whole.global_test.p_value
    assert whole.global_test.p_value == pytest.approx(whole.differences[0].p_value)


def test_fixed_readers_have_one_skill_in_both_modalities_and_differ_from_each_other():
    design = Design(("HH", 2.5), fixed_readers=True)
    effect = design.effect(np.random.default_rng(1))
    assert effect.shape == (5, 2)
    assert (effect[:, 0] == effect[:, 1]).all()
    assert np.ptp(effect[:, 0]) > 0.1
    assert (design.components.reader, design.components.modality_reader) == (0, 0)


def within(rate, limits):
    return limits[0] <= rate <= limits[1]


@pytest.fixture(scope="module")
def drawn():
    """Per cent that each test rejects where readers and cases are drawn, by structure."""
    return {structure: rejections(Design(structure, False)) for structure in STRUCTURES}


@pytest.fixture(scope="module")
def fixed():
    """The same where the same readers read new cases."""
    return {structure: rejections(Design(structure, True)) for structure in STRUCTURES}


def mean(rates, random):
    return float(np.mean([rate[random] for rate in rates.values()]))


@pytest.mark.slow
def test_random_readers_and_cases_keep_the_size_of_the_test(drawn):
    assert LEVEL == 0.05
    assert within(mean(drawn, "readers and cases"), LIMITS_ON_AVERAGE)
    outside = {s: r for s, r in drawn.items() if not within(r["readers and cases"], LIMITS)}
    assert outside == {}


@pytest.mark.slow
def test_fixed_readers_keep_the_size_only_for_the_same_readers(drawn, fixed):
    assert within(mean(fixed, "cases"), LIMITS_ON_AVERAGE)
    assert {s: r for s, r in fixed.items() if not within(r["cases"], LIMITS)} == {}
    # Where readers are drawn it takes their scatter for a difference of modalities, the more so
    # the more they differ.
    assert mean(drawn, "cases") > 8
    many = [rate["cases"] for structure, rate in drawn.items() if structure[0].endswith("H")]
    assert max(many) > 15


@pytest.mark.slow
def test_no_test_is_undefined_in_studies_of_this_size(drawn, fixed):
    assert max(rate["undefined"] for rate in [*drawn.values(), *fixed.values()]) < 1
