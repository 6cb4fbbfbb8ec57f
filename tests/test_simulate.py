"""Simulators against the closed forms that they claim."""

import dataclasses

import numpy as np
import pytest
from scipy import integrate, stats

from toolkit.stats.simulate import (
    RoeMetzComponents,
    binormal_auc,
    binormal_ratings,
    binormal_separation,
    paired_call_probabilities,
    paired_calls,
    roe_metz_auc,
    roe_metz_ratings,
    roe_metz_separation,
    simulated_truth,
    tenths_scores,
)

# Roe & Metz 1997, high data correlation; low and high variance between readers.
HIGH_LOW = RoeMetzComponents(
    reader=0.0055, modality_reader=0.0055, case=0.3, modality_case=0.3, reader_case=0.2, error=0.2
)
HIGH_HIGH = dataclasses.replace(HIGH_LOW, reader=0.03, modality_reader=0.03)


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
    roe_metz_ratings(5, 5, 2, separation=1, components=HIGH_LOW, rng=1)
    paired_calls(5, rate_a=0.5, rate_b=0.5, concordance=0.8, rng=1)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002 - the same


# --- Roe and Metz ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("components", "separation", "expected"),
    [
        # MRMCaov 0.3.0, RMH_to_OR(n0=50, n1=50, b=1, delta1=1.5, delta2=1.65, var_R=0.0055,
        #   var_TR=0.0055, var_C=0.3, var_TC=0.3, var_RC=0.2, var_error=0.2): AUC1, AUC2
        (HIGH_LOW, 1.5, 0.85425857549693),
        (HIGH_LOW, 1.65, 0.877049204006543),
        # the same with var_R=0.03, var_TR=0.03
        (HIGH_HIGH, 1.5, 0.84854292767158),
        (HIGH_HIGH, 1.65, 0.871440037999166),
        # iRoeMetz 2.2beta, CalcGenRoeMetz.genRoeMetz, u = 0.75 and 2.5, AUC
        (
            dataclasses.replace(HIGH_LOW, reader=0.011, modality_reader=0.011),
            0.75,
            0.70006622023918,
        ),
        (dataclasses.replace(HIGH_LOW, reader=0.056, modality_reader=0.056), 2.5, 0.95316816336122),
    ],
)
def test_roe_metz_auc_matches_mrmcaov_and_iroemetz(components, separation, expected):
    auc = roe_metz_auc(separation, modality_effect=(0.0,), components=components)
    np.testing.assert_allclose(auc, [expected], rtol=1e-9)
    back = roe_metz_separation(auc, components=components)
    np.testing.assert_allclose(back, [separation], rtol=1e-12)


def test_roe_metz_ratings_have_the_covariances_of_the_model():
    components = RoeMetzComponents(
        reader=0, modality_reader=0, case=0.4, modality_case=0.3, reader_case=0.2, error=0.1
    )
    n = 60_000
    rating = roe_metz_ratings(n, 0, 2, separation=1, components=components, rng=2)
    (same, other_modality, other_reader, both_other) = np.cov(rating.reshape(n, 4).T)[0]
    tolerance = 4 * np.sqrt(2 / n)
    assert same == pytest.approx(1.0, abs=tolerance)
    assert other_modality == pytest.approx(0.4 + 0.2, abs=tolerance)
    assert other_reader == pytest.approx(0.4 + 0.3, abs=tolerance)
    assert both_other == pytest.approx(0.4, abs=tolerance)


def test_roe_metz_readers_vary_apart_in_each_truth():
    components = RoeMetzComponents(
        reader=0.5, modality_reader=0.3, case=0, modality_case=0, reader_case=0, error=0
    )
    n = 30_000
    rating = roe_metz_ratings(1, 1, n, separation=2, components=components, rng=3)
    covariance = np.cov(rating.transpose(0, 2, 1).reshape(4, n))
    expected = np.kron(np.eye(2), [[0.8, 0.5], [0.5, 0.8]])
    np.testing.assert_allclose(covariance, expected, atol=4 * 0.8 * np.sqrt(2 / n))
    np.testing.assert_allclose(rating.mean(axis=1), [[0, 0], [2, 2]], atol=4 * np.sqrt(0.8 / n))


def test_roe_metz_areas_average_to_the_true_ones_with_the_true_variance_of_the_difference():
    n_studies, n_readers = 600, 5
    truth = simulated_truth(50, 50)
    gains, areas = [], []
    for seed in range(n_studies):
        rating = roe_metz_ratings(
            50,
            50,
            n_readers,
            separation=1.5,
            modality_effect=(0, 0),
            components=HIGH_HIGH,
            rng=seed,
        )
        area = empirical_auc(truth, rating).mean(axis=0)
        areas.append(area)
        gains.append(area[1] - area[0])
    # iRoeMetz 2.2beta, u = 1.5 in both, 5 readers, 50 and 50 cases: AUC, varA and totalVar
    auc, variance, variance_gain = 0.8485429276715795, 0.0015037103586154, 0.0015961526458819
    np.testing.assert_allclose(np.mean(areas, axis=0), auc, atol=4 * np.sqrt(variance / n_studies))
    chance = 4 * np.sqrt(2 / (n_studies - 1))
    assert np.var(gains, ddof=1) == pytest.approx(variance_gain, rel=chance)


def test_roe_metz_modality_effect_may_differ_by_reader():
    effect = np.array([[0.0, 0.0], [0.0, 3.0]])
    rating = roe_metz_ratings(
        0, 20_000, 2, separation=1, modality_effect=effect, components=HIGH_LOW, rng=4
    )
    assert rating[:, 1, 1].mean() - rating[:, 0, 1].mean() == pytest.approx(3, abs=0.6)
    auc = roe_metz_auc(1, modality_effect=effect, components=HIGH_LOW)
    assert auc.shape == (2, 2)
    assert auc[0, 0] == auc[0, 1] == auc[1, 0] < auc[1, 1]


def test_roe_metz_case_effect_is_used_as_given():
    components = RoeMetzComponents(
        reader=0, modality_reader=0, case=0.25, modality_case=0, reader_case=0, error=0
    )
    effect = [1.0, -2.0, 0.0]
    rating = roe_metz_ratings(
        2, 1, 3, separation=10, components=components, rng=5, case_effect=effect
    )
    np.testing.assert_allclose(rating[:, 0, 0], [0.5, -1.0, 10.0])
    assert (rating == rating[:, :1, :1]).all()


def test_roe_metz_ratings_repeat_with_the_same_rng():
    first, second = (
        roe_metz_ratings(9, 9, 3, separation=1, components=HIGH_LOW, rng=6) for _ in range(2)
    )
    np.testing.assert_array_equal(first, second)
    other = roe_metz_ratings(9, 9, 3, separation=1, components=HIGH_LOW, rng=7)
    assert not np.array_equal(first, other)


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
            lambda: dataclasses.replace(HIGH_LOW, case=-0.1),
            "variance component case must be finite and not negative, got -0.1",
        ),
        (
            lambda: RoeMetzComponents(**dict.fromkeys(dataclasses.asdict(HIGH_LOW), 0.0)),
            "one variance component at least must be positive; all of them are 0",
        ),
        (
            lambda: roe_metz_auc(1, modality_effect=0.5, components=HIGH_LOW),
            r"modality_effect must be finite and have shape \(n_modalities,\) or "
            r"\(n_readers, n_modalities\), but got shape \(\)",
        ),
        (
            lambda: roe_metz_separation([0.8, 1.0], components=HIGH_LOW),
            r"auc must lie between 0 and 1, but got \[0.8, 1.0\]: no finite separation",
        ),
        (
            lambda: roe_metz_ratings(
                1, 1, 3, separation=1, modality_effect=[[0, 0]], components=HIGH_LOW, rng=1
            ),
            r"modality_effect must have one row a reader \(3\), but got \(1, 2\)",
        ),
        (
            lambda: roe_metz_ratings(
                1, 1, 3, separation=1, components=HIGH_LOW, rng=1, case_effect=[0.0]
            ),
            r"case_effect must have shape \(n_cases,\) with n_cases = 2",
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
