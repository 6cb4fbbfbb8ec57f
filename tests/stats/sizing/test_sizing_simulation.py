"""Power by simulation: any design, the seed, and how it bears out the sizing of reader studies."""

import math

import numpy as np
import pytest
from scipy import optimize

from tests.simulated_studies import covariances_over_cases, draw_studies, significant_studies
from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.mrmc.covariances import fom_table
from toolkit.stats.mrmc.inference import obuchowski_rockette
from toolkit.stats.mrmc.u_statistics import u_statistic_analysis
from toolkit.stats.simulation.roe_metz import (
    ROE_METZ_1997,
    roe_metz_auc,
    roe_metz_model,
    roe_metz_moments,
    roe_metz_separation,
)
from toolkit.stats.sizing.reader_study import MrmcPlan, mrmc_power_from_moments
from toolkit.stats.sizing.simulation import finds_difference, power_by_simulation

MODEL = roe_metz_model([1.5, 2.1], components=ROE_METZ_1997["LL", 1.5])
SIZE = {"n_readers": 4, "n_negative": 25, "n_positive": 20}


def test_power_is_repeated_by_its_seed_and_goes_on_with_more_studies():
    seen = []

    def succeeds(truth, ratings):
        seen.append(ratings[3, 2, 1])
        return finds_difference(truth, ratings)

    short = power_by_simulation(MODEL, succeeds, **SIZE, rng=5, n_studies=6)
    first = list(seen)
    seen.clear()
    steps = []
    longer = power_by_simulation(
        MODEL, succeeds, **SIZE, rng=np.random.SeedSequence(5), n_studies=10, progress=steps.append
    )
    assert seen[:6] == first
    assert steps == list(range(1, 11))
    assert short.seed == longer.seed == "5"
    assert (short.denominator, longer.denominator) == (6, 10)
    assert longer.numerator >= short.numerator
    generator = power_by_simulation(
        MODEL, succeeds, **SIZE, rng=np.random.default_rng(5), n_studies=2
    )
    assert generator.seed == "of the generator that was given"
    spawned = np.random.SeedSequence(5).spawn(1)[0]
    other = power_by_simulation(MODEL, succeeds, **SIZE, rng=spawned, n_studies=2)
    assert other.seed == "5, spawn key (0,)"


def test_share_and_its_error():
    answers = iter([True, False, False, np.bool_(True)] * 10)
    found = power_by_simulation(MODEL, lambda *_: next(answers), **SIZE, rng=1, n_studies=40)
    assert (found.estimate, found.numerator, found.denominator) == (0.5, 20, 40)
    assert found.std_error == pytest.approx(math.sqrt(0.25 / 40))
    # Wilson's interval of 20 of 40: 0.5 -+ z sqrt(n / 4 + z^2 / 4) / (n + z^2)
    z = 1.959963984540054
    reach = z * math.sqrt(10 + z**2 / 4) / (40 + z**2)
    assert (found.ci_low, found.ci_high) == pytest.approx((0.5 - reach, 0.5 + reach), rel=1e-12)
    assert (found.n_cases, found.n_positive, found.n_readers) == (45, 20, 4)
    assert result_from_dict(found.to_dict()).to_dict() == found.to_dict()
    assert set(found.summary_frame().columns) <= set(GLOSSARY)
    never = power_by_simulation(MODEL, lambda *_: False, **SIZE, rng=1, n_studies=30)
    assert never.estimate == never.ci_low == 0 < never.ci_high
    assert math.isnan(never.std_error)
    assert "all studies went one way" in never.note


def test_any_design_is_read_as_it_says():
    read = np.ones((45, 4, 2), dtype=bool)
    read[::2, :2] = False
    read[1::2, 2:] = False

    def succeeds(truth, ratings):
        np.testing.assert_array_equal(np.isnan(ratings), ~read)
        assert truth.sum() == 20
        difference = u_statistic_analysis(truth, ratings).differences[0]
        return bool(difference.ci_low > 0)

    found = power_by_simulation(MODEL, succeeds, **SIZE, rng=2, n_studies=20, read=read)
    assert 0 <= found.estimate <= 1


def test_finds_difference_is_the_test_of_the_toolkit_and_of_the_fast_one():
    model = roe_metz_model([1.5, 1.9], components=ROE_METZ_1997["HL", 1.5])
    negative, positive = draw_studies(model, 25, 20, 4, 60, np.random.default_rng(1))
    fast = significant_studies(*covariances_over_cases(negative, positive))
    truth = np.arange(45) >= 25
    for study in range(60):
        ratings = np.concatenate([negative[study], positive[study]], axis=-1).transpose(2, 1, 0)
        test = obuchowski_rockette(fom_table(truth, ratings)).global_test
        assert finds_difference(truth, ratings) == fast[study] == (test.p_value < 0.05)
    assert 10 < fast.sum() < 50


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n_studies": 0}, "n_studies must be at least 1, but got 0"),
        ({"rng": None}, "rng must be an int, a SeedSequence or a Generator"),
        ({"n_readers": 2.5}, "n_readers must be a whole number"),
        ({"n_negative": -1}, "n_negative must be a whole number"),
        ({"read": np.ones((45, 4, 2))}, "read must be boolean with shape"),
        (
            {"read": np.ones((45, 4), dtype=bool)},
            r"= \(45, 4, 2\), but got bool of shape \(45, 4\)",
        ),
        ({"succeeds": lambda *_: 0.01}, "succeeds must return true or false for each study"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    given = {"succeeds": finds_difference, **SIZE, "rng": 1, "n_studies": 1, **change}
    with pytest.raises(ValueError, match=message):
        power_by_simulation(MODEL, given.pop("succeeds"), **given)


# --- sizing against simulation ------------------------------------------------------------------


def planned(key, n_readers, n_negative, n_positive):
    """Model and power at the difference that has 80 % power, or 0.4 of the way from A to 1."""
    structure, separation = ROE_METZ_1997[key], key[1]
    lower = float(roe_metz_auc(separation, modality_effect=(0.0,), components=structure)[0])

    def at(difference):
        means = roe_metz_separation([lower, lower + difference], components=structure)
        model = roe_metz_model(means, components=structure)
        power = mrmc_power_from_moments(
            roe_metz_moments(model),
            MrmcPlan(true_difference=difference),
            n_readers=n_readers,
            n_negative=n_negative,
            n_positive=n_positive,
        )
        return model, power

    largest = 0.4 * (1 - lower)
    if at(largest)[1].power[0, 0] <= 0.8:
        return at(largest)
    return at(optimize.brentq(lambda d: at(d)[1].power[0, 0] - 0.8, 1e-4, largest, xtol=1e-5))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_readers", "n_negative", "n_positive"), [(5, 50, 50), (5, 100, 100), (10, 100, 50)]
)
def test_sizing_is_at_most_4_points_below_simulation_and_2_above(n_readers, n_negative, n_positive):
    marked = []
    draw = np.random.default_rng(20260101)
    for key in ROE_METZ_1997:
        model, planned_power = planned(key, n_readers, n_negative, n_positive)
        found = []
        for _ in range(24):
            studies = draw_studies(model, n_negative, n_positive, n_readers, 250, draw)
            found.append(significant_studies(*covariances_over_cases(*studies)))
        excess = planned_power.power[0, 0] - np.concatenate(found).mean()
        if "within 3 standard errors of 1" in planned_power.note:
            marked.append(key)
            assert -0.25 < excess < 0.05, key
        else:
            assert -0.04 < excess < 0.02, key
    near = {2.5} if n_negative > 50 else {1.5, 2.5}
    assert {separation for _, separation in marked} <= near
