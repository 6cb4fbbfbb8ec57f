"""Simulators against the closed forms that they claim."""

import dataclasses

import numpy as np
import pytest
from scipy import integrate, stats

from toolkit.stats.simulation.roe_metz import ROE_METZ_1997, roe_metz_ratings
from toolkit.stats.simulation.simulate import (
    binormal_auc,
    binormal_ratings,
    binormal_separation,
    paired_call_probabilities,
    paired_calls,
    simulated_truth,
    tenths_scores,
)


def empirical_auc(truth, rating):
    """Mann-Whitney area along the first axis of ``rating``."""
    ranks = stats.rankdata(rating, axis=0)
    n_positive, n_negative = truth.sum(), (~truth).sum()
    excess = ranks[truth].sum(axis=0) - n_positive * (n_positive + 1) / 2
    return excess / (n_positive * n_negative)


# --- binormal ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("separation", "spread"), [(1.5, 1.0), (2.3, 1.2), (0.0, 0.7), (-1, 2)])
def test_binormal_auc_is_the_probability_of_a_higher_rating(separation, spread):
    def higher(z):
        return stats.norm.pdf(z) * stats.norm.sf(z, loc=separation, scale=spread)

    expected = integrate.quad(higher, -12, 12, epsabs=1e-13)[0]
    assert binormal_auc(separation, spread=spread) == pytest.approx(expected, rel=1e-9)


def test_binormal_separation_inverts_binormal_auc():
    for spread in (0.5, 1.0, 1.7):
        separation = binormal_separation(0.87, spread=spread)
        assert binormal_auc(separation, spread=spread) == pytest.approx(0.87, rel=1e-12)


def test_binormal_ratings_have_the_stated_moments_and_area():
    n = 40_000
    rating = binormal_ratings(n, n, separation=1.5, spread=1.3, rng=1)
    truth = simulated_truth(n, n)
    assert rating[~truth].mean() == pytest.approx(0.0, abs=4 / np.sqrt(n))
    assert rating[truth].mean() == pytest.approx(1.5, abs=4 * 1.3 / np.sqrt(n))
    assert rating[truth].std() == pytest.approx(1.3, rel=4 / np.sqrt(2 * n))
    # An area from n and n cases has a standard error below sqrt(A (1 - A) / n).
    auc = binormal_auc(1.5, spread=1.3)
    assert empirical_auc(truth, rating) == pytest.approx(auc, abs=4 * np.sqrt(auc * (1 - auc) / n))


def test_binormal_ratings_of_no_cases_are_empty():
    assert binormal_ratings(0, 0, separation=1, rng=1).shape == (0,)
    assert binormal_ratings(0, 2, separation=1, rng=1).shape == (2,)


@pytest.mark.parametrize("make", [int, np.random.SeedSequence, np.random.default_rng])
def test_every_kind_of_rng_gives_the_same_numbers(make):
    expected = binormal_ratings(3, 3, separation=1, rng=7)
    np.testing.assert_array_equal(binormal_ratings(3, 3, separation=1, rng=make(7)), expected)


def test_simulators_neither_use_nor_move_the_global_generator():
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - that generator is what must stay
    roe_metz_ratings(5, 5, 2, separation=1, components=ROE_METZ_1997["HL", 1.5], rng=1)
    paired_calls(5, rate_a=0.5, rate_b=0.5, concordance=0.8, rng=1)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002 - the same


# --- paired calls ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rate_a", "rate_b", "concordance"),
    [(0.05, 0.05, 0.96), (0.72, 0.825, 0.855), (0.3, 0.4, 0.9), (0.3, 0.7, 0.0), (0, 0, 1)],
)
def test_paired_call_probabilities_give_back_rates_and_concordance(rate_a, rate_b, concordance):
    cells = paired_call_probabilities(rate_a, rate_b, concordance=concordance)
    assert cells.both + cells.only_a == pytest.approx(rate_a, abs=1e-12)
    assert cells.both + cells.only_b == pytest.approx(rate_b, abs=1e-12)
    assert cells.both + cells.neither == pytest.approx(concordance, abs=1e-12)
    total = cells.both + cells.only_a + cells.only_b + cells.neither
    assert total == pytest.approx(1, abs=1e-12)
    assert min(dataclasses.astuple(cells)) >= 0


def test_paired_calls_fall_in_the_cells_as_often_as_stated():
    n = 100_000
    calls = paired_calls(n, rate_a=0.72, rate_b=0.825, concordance=0.855, rng=8)
    observed = np.bincount(2 * calls[:, 0] + calls[:, 1], minlength=4)
    cells = paired_call_probabilities(0.72, 0.825, concordance=0.855)
    expected = n * np.array([cells.neither, cells.only_b, cells.only_a, cells.both])
    assert stats.chisquare(observed, expected).pvalue > 1e-4


@pytest.mark.parametrize(("rate", "expected"), [(0.0, False), (1.0, True)])
def test_paired_calls_at_the_limits(rate, expected):
    calls = paired_calls(50, rate_a=rate, rate_b=rate, concordance=1.0, rng=9)
    assert (calls == expected).all()
    assert paired_calls(0, rate_a=rate, rate_b=rate, concordance=1.0, rng=9).shape == (0, 2)


# --- score in tenths ---------------------------------------------------------------------------


def test_tenths_scores_put_a_tenth_of_the_population_in_each_class():
    n = 200_000
    population = {"separation": 2.3, "spread": 1.2, "prevalence": 0.01}
    suspicion = binormal_ratings(n - n // 100, n // 100, separation=2.3, spread=1.2, rng=10)
    score = tenths_scores(suspicion, **population)
    observed = np.bincount(np.round(score).astype(int), minlength=11)[1:]
    assert stats.chisquare(observed).pvalue > 1e-4
    assert score.min() >= 1
    assert score.max() <= 10


def test_tenths_scores_keep_the_order_and_nearly_the_area():
    suspicion = np.sort(binormal_ratings(20_000, 20_000, separation=2.3, spread=1.2, rng=11))
    score = tenths_scores(suspicion, separation=2.3, spread=1.2, prevalence=0.01)
    assert (np.diff(score) >= 0).all()
    truth = simulated_truth(20_000, 20_000)
    unsorted = binormal_ratings(20_000, 20_000, separation=2.3, spread=1.2, rng=11)
    scored = tenths_scores(unsorted, separation=2.3, spread=1.2, prevalence=0.01)
    loss = empirical_auc(truth, unsorted) - empirical_auc(truth, scored)
    assert abs(loss) < 0.001


def test_tenths_scores_give_the_same_classes_however_one_rounds():
    suspicion = np.linspace(-4, 5, 20_001)
    score = tenths_scores(suspicion, separation=2.3, prevalence=0.01)
    half_up, half_even = np.floor(score + 0.5), np.round(score)
    np.testing.assert_array_equal(half_up, half_even)
    np.testing.assert_array_equal(score >= 7.5, score > 7.5)
    hundredths = np.round(score * 100)
    np.testing.assert_allclose(score * 100, hundredths, atol=1e-9)
    assert not (hundredths % 100 == 50).any()


def test_tenths_scores_of_extreme_suspicion_stay_on_the_scale():
    score = tenths_scores([-40.0, 40.0], separation=2.3, prevalence=0.01)
    np.testing.assert_array_equal(score, [1.0, 10.0])


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: simulated_truth(-1, 2),
            "n_negative must be a whole number, 0 or more, but got -1",
        ),
        (lambda: simulated_truth(1, 2.5), "n_positive must be a whole number"),
        (lambda: binormal_auc(np.nan), "separation must be finite, but got nan"),
        (lambda: binormal_auc(1, spread=0), "spread must be positive and finite, but got 0"),
        (lambda: binormal_separation(1.0), "auc must lie between 0 and 1, but got 1.0"),
        (lambda: binormal_separation(1.2), "auc must lie from 0 to 1, but got 1.2"),
        (
            lambda: binormal_ratings(1, 1, separation=1, rng=None),
            "rng must be an int, a SeedSequence or a Generator, but got None; give a seed",
        ),
        (
            lambda: paired_call_probabilities(0.3, 0.4, concordance=0.95),
            "concordance must lie from 0.3 to 0.9 for rates of 0.3 and 0.4, but got 0.95",
        ),
        (lambda: paired_call_probabilities(1.3, 0.4, concordance=1), "rate_a must lie from 0 to 1"),
        (
            lambda: tenths_scores([[0.0]], separation=2, prevalence=0.01),
            r"suspicion must be finite and have shape \(n_cases,\), but got shape \(1, 1\)",
        ),
        (
            lambda: tenths_scores([np.nan], separation=2, prevalence=0.01),
            "leave out cases that were not scored",
        ),
        (
            lambda: tenths_scores([0.0], separation=2, prevalence=-1),
            "prevalence must lie from 0 to 1",
        ),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
