"""The Roe-Metz model: its structures, its areas, and ratings that have the moments it states."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from toolkit.stats.simulation.roe_metz import (
    ROE_METZ_1997,
    RoeMetzComponents,
    RoeMetzModel,
    general_roe_metz_ratings,
    roe_metz_auc,
    roe_metz_model,
    roe_metz_ratings,
    roe_metz_separation,
    unequal_variance_structure,
)
from toolkit.stats.simulation.simulate import simulated_truth

HIGH_LOW, HIGH_HIGH = ROE_METZ_1997["HL", 1.5], ROE_METZ_1997["HH", 1.5]

# A model in which every variance differs: of negative and positive cases, of both modalities.
GENERAL = RoeMetzModel(
    separation=[1.2, 1.9],
    shared=[[0.05, 0.2, 0.15], [0.08, 0.4, 0.1]],
    own=[[[0.02, 0.1, 0.5], [0.04, 0.3, 0.6]], [[0.06, 0.25, 0.3], [0.01, 0.2, 0.9]]],
)


def empirical_auc(truth, rating):
    """Mann-Whitney area along the first axis of ``rating``."""
    ranks = stats.rankdata(rating, axis=0)
    n_positive, n_negative = truth.sum(), (~truth).sum()
    excess = ranks[truth].sum(axis=0) - n_positive * (n_positive + 1) / 2
    return excess / (n_positive * n_negative)


# --- structures and models ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "reader", "cases"),
    [
        # Roe and Metz (1997), as the configuration files of iRoeMetz 2.2beta have them; in those
        # of low correlation the files have 0.6 and 0.2 of the last two exchanged.
        (("HH", 0.75), 0.011, (0.3, 0.3, 0.2, 0.2)),
        (("HH", 2.5), 0.056, (0.3, 0.3, 0.2, 0.2)),
        (("HL", 2.5), 0.0055, (0.3, 0.3, 0.2, 0.2)),
        (("LH", 1.5), 0.030, (0.1, 0.1, 0.2, 0.6)),
        (("LL", 1.5), 0.0055, (0.1, 0.1, 0.2, 0.6)),
    ],
)
def test_structures_are_those_of_the_paper(key, reader, cases):
    structure = ROE_METZ_1997[key]
    assert structure.reader == structure.modality_reader == reader
    found = (structure.case, structure.modality_case, structure.reader_case, structure.error)
    assert found == cases


def test_there_are_twelve_structures_whose_cases_have_variance_one():
    assert len(ROE_METZ_1997) == 12
    for structure in ROE_METZ_1997.values():
        readers = structure.reader + structure.modality_reader
        assert structure.total - readers == pytest.approx(1, abs=1e-15)
    # Fixed median readers: 0.702, 0.855 and 0.962 in the paper.
    medians = stats.norm.cdf(np.array([0.75, 1.5, 2.5]) / np.sqrt(2))
    np.testing.assert_allclose(medians, [0.702, 0.8555, 0.9615], atol=6e-4)


def test_unequal_variance_structure_is_that_of_hillis():
    # MRMCaov 0.3.0 is called with Hillis (2012)'s LH: b=0.711, delta=1.831, var_R=0.0447.
    changed, separation, spread = unequal_variance_structure(ROE_METZ_1997["LH", 1.5], 1.5)
    found = round(1 / spread, 3), round(separation, 3), round(changed.reader, 4)
    assert found == (0.711, 1.831, 0.0447)
    for key, structure in ROE_METZ_1997.items():
        changed, separation, spread = unequal_variance_structure(structure, key[1])
        assert separation / (spread - 1) == pytest.approx(4.5, rel=1e-12)
        before = roe_metz_auc(key[1], components=structure)
        after = roe_metz_auc(separation, components=changed, spread=spread)
        np.testing.assert_allclose(after, before, rtol=1e-12)


def test_general_model_holds_the_simple_one():
    model = roe_metz_model([1.5, 1.7], components=HIGH_HIGH, spread=1.3)
    areas = roe_metz_auc(1.5, modality_effect=(0, 0.2), components=HIGH_HIGH, spread=1.3)
    np.testing.assert_allclose(model.aucs, areas, rtol=1e-14)
    back = roe_metz_separation(areas, components=HIGH_HIGH, spread=1.3)
    np.testing.assert_allclose(back, [1.5, 1.7], rtol=1e-12)
    both = (
        roe_metz_ratings(
            9, 8, 3, separation=1.5, modality_effect=(0, 0.2), components=HIGH_HIGH, rng=4,
            spread=1.3,
        ),
        general_roe_metz_ratings(model, 9, 8, 3, rng=4),
    )  # fmt: skip
    np.testing.assert_allclose(*both, rtol=0, atol=1e-14)


def test_general_ratings_have_the_covariances_of_the_model():
    n_cases, n_studies = 4, 3_000
    draws = np.array(
        [
            general_roe_metz_ratings(GENERAL, n_cases // 2, n_cases // 2, 2, rng=seed)[[0, 2]]
            for seed in range(n_studies)
        ]
    )  # one negative and one positive case, 2 readers, 2 modalities
    for state in (0, 1):
        readings = draws[:, state].reshape(n_studies, 4)  # reader by modality
        shared, own = GENERAL.shared[state], GENERAL.own[:, state]
        expected = np.empty((4, 4))
        for first in range(4):
            for second in range(4):
                reader, modality = (first // 2 == second // 2), (first % 2 == second % 2)
                extra = own[first % 2] if modality else np.zeros(3)
                total = shared[1] + extra[1]
                total += (shared[0] + shared[2] + extra[0] + extra[2]) if reader else 0
                expected[first, second] = total
        spread = 4 * 2 * expected.max() / np.sqrt(n_studies)
        np.testing.assert_allclose(np.cov(readings.T), expected, atol=spread)
        means = state * np.tile(GENERAL.separation, 2)
        np.testing.assert_allclose(readings.mean(axis=0), means, atol=spread)


# --- areas and ratings -------------------------------------------------------------------------


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
        (ROE_METZ_1997["HH", 0.75], 0.75, 0.70006622023918),
        (ROE_METZ_1997["LH", 2.5], 2.5, 0.95316816336122),
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


# --- errors ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
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
            lambda: roe_metz_auc(np.inf, components=HIGH_LOW),
            "separation must be finite, but got inf",
        ),
        (
            lambda: roe_metz_auc(1, components=HIGH_LOW, spread=0),
            "spread must be a finite number above 0",
        ),
        (
            lambda: unequal_variance_structure(HIGH_LOW, 2.5, mean_to_sigma=1.5),
            r"mean_to_sigma must exceed separation / sqrt\(2\) = 1.768, but got 1.5",
        ),
        (
            lambda: dataclasses.replace(GENERAL, separation=[[1.0]]),
            r"separation must have shape \(n_modalities,\), but got \(1, 1\)",
        ),
        (
            lambda: dataclasses.replace(GENERAL, separation=[1.0, np.nan]),
            "separation must be finite",
        ),
        (
            lambda: dataclasses.replace(GENERAL, shared=[1.0, 2.0]),
            r"shared must have shape \(2, 3\), but got \(2,\)",
        ),
        (
            lambda: dataclasses.replace(GENERAL, own=-GENERAL.own),
            "own must hold variances, finite and not negative",
        ),
        (
            lambda: RoeMetzModel(
                separation=[1.0], shared=np.zeros((2, 3)), own=np.zeros((1, 2, 3))
            ),
            "every modality must have a variance above 0",
        ),
    ],
)
def test_wrong_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
