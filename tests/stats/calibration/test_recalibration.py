"""Cross-fitted recalibration against direct fits, R, and simulation with a known truth."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from tests.stats.calibration.sample import HERE, calibrated
from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.calibration.measures import isotonic_reliability
from toolkit.stats.calibration.miscalibration import calibration_in_the_large, calibration_slope
from toolkit.stats.calibration.recalibration import MODELS, recalibrate

THIS = {"basis": "prevalence of this set"}
repeatable = settings(deadline=None, max_examples=30, derandomize=True)


def sample(n=200, seed=51):
    """Return truth, a score of 1 to 10 and the true probability behind it."""
    truth, probability = calibrated(n, seed=seed, centre=-0.5)
    return truth, 1 + 9 * probability.round(2), probability


# --- reference -----------------------------------------------------------------------------------


# R 4.2.2: y <- c(0,0,1,0,0,1,0,1,1,1); s <- c(1,2,2,3,4,5,6,7,8,9)
# coef(glm(y ~ s, family = binomial, control = glm.control(epsilon = 1e-14)))
def test_platt_matches_glm():
    truth, score = [0, 0, 1, 0, 0, 1, 0, 1, 1, 1], [1, 2, 2, 3, 4, 5, 6, 7, 8, 9]
    final = recalibrate(truth, score, method="platt", folds=2, rng=1, **THIS).final
    assert final.intercept == pytest.approx(-2.60310254636439, rel=1e-9)
    assert final.slope == pytest.approx(0.56205417899211, rel=1e-9)
    line = -2.60310254636439 + 0.56205417899211 * np.array([0, 20])
    np.testing.assert_allclose(final.apply([0, 20]), special.expit(line), rtol=1e-9)


@pytest.mark.parametrize("method", MODELS)
def test_out_of_fold_probabilities_are_those_of_a_fit_to_the_other_folds(method):
    truth, _, probability = sample()
    fit = recalibrate(truth, probability, method=method, folds=5, rng=2, **THIS)
    for number in range(5):
        held_out = fit.fold == number
        # Enough folds or few, the final fit is to all cases given: so it is an oracle here.
        other = recalibrate(
            truth[~held_out], probability[~held_out], method=method, folds=2, rng=3, **THIS
        )
        expected = other.final.apply(probability[held_out])
        np.testing.assert_allclose(fit.probability[held_out], expected, rtol=1e-9)


def test_isotonic_map_is_the_isotonic_regression():
    truth, _, probability = sample(80)
    final = recalibrate(truth, probability, method="isotonic", folds=4, rng=4, **THIS).final
    curve = isotonic_reliability(truth, probability, **HERE)
    np.testing.assert_allclose(final.apply(curve.x), curve.y, rtol=1e-12)
    assert final.apply([0.0, 1.0]).tolist() == [curve.y[0], curve.y[-1]]


def test_platt_on_logit_is_the_calibration_line():
    truth, _, probability = sample()
    final = recalibrate(truth, probability, method="platt_on_logit", rng=5, **THIS).final
    slope = calibration_slope(truth, probability, **HERE)
    assert final.slope == pytest.approx(slope.estimate, rel=1e-9)


# --- property ------------------------------------------------------------------------------------


@given(patients=st.integers(12, 40), folds=st.integers(2, 6), seed=st.integers(0, 999))
@repeatable
def test_folds_keep_patients_together_and_share_out_the_diseased(patients, folds, seed):
    generator = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(patients), generator.integers(1, 4, patients))
    truth = np.isin(cluster, generator.permutation(patients)[: patients // 2]).astype(int)
    score = generator.normal(truth, 2.0)
    fit = recalibrate(
        truth, score, method="isotonic", folds=folds, rng=seed, cluster=cluster, **THIS
    )
    for patient in range(patients):
        assert np.unique(fit.fold[cluster == patient]).size == 1
    for value in (0, 1):
        of_class = [
            np.unique(cluster[(truth == value) & (fit.fold == k)]).size for k in range(folds)
        ]
        assert max(of_class) - min(of_class) <= 1
    assert not np.isnan(fit.probability).any()


def test_a_case_never_touches_its_own_probability():
    truth, score, _ = sample(60)
    first = recalibrate(truth, score, method="platt", folds=6, rng=6, **THIS)
    place = int(np.flatnonzero(truth == 0)[3])
    moved = score.copy()
    moved[place] = 50.0
    second = recalibrate(truth, moved, method="platt", folds=6, rng=6, **THIS)
    own_fold = (first.fold == first.fold[place]) & (np.arange(60) != place)
    assert first.probability[own_fold].tolist() == second.probability[own_fold].tolist()
    other = first.fold != first.fold[place]
    assert np.all(first.probability[other] != second.probability[other])


def test_the_same_seed_gives_the_same_folds_and_another_does_not():
    truth, score, _ = sample(60)
    first, again, other = (
        recalibrate(truth, score, method="platt", rng=seed, folds=5, **THIS) for seed in (1, 1, 2)
    )
    assert first.probability.tolist() == again.probability.tolist()
    assert first.fold.tolist() != other.fold.tolist()


@pytest.mark.parametrize("method", MODELS)
def test_constant_weights_are_no_weights_and_weight_0_does_not_count(method):
    truth, _, score = sample(60)
    words = {"method": method, "rng": 7, "folds": 3}
    plain = recalibrate(truth, score, **words, **THIS)
    weighted = recalibrate(truth, score, **words, weight=np.full(60, 3.0))
    assert weighted.probability.tolist() == plain.probability.tolist()
    weight = np.repeat([1.0, 0.0], [50, 10])
    partial = recalibrate(truth, score, **words, weight=weight)
    kept = recalibrate(truth[:50], score[:50], **words, **THIS)
    assert partial.final.to_dict() == kept.final.to_dict()
    assert not np.isnan(partial.probability).any()


@pytest.mark.parametrize("method", ["platt", "platt_on_logit"])
def test_mean_probability_of_the_final_fit_is_the_prevalence(method):
    truth, _, score = sample(150)
    final = recalibrate(truth, score, method=method, rng=8, **THIS).final
    assert final.apply(score).mean() == pytest.approx(truth.mean(), rel=1e-9)
    known = recalibrate(truth, score, method=method, rng=8, basis=0.01).final
    weight = np.where(truth == 1, 0.01 / truth.sum(), 0.99 / (1 - truth).sum())
    assert float(weight @ known.apply(score)) == pytest.approx(0.01, rel=1e-9)


def test_cross_fitting_is_honest_where_the_fit_to_all_flatters():
    """A score that says nothing looks useful on the cases of the fit, and useless out of fold."""
    gains = []
    for seed in range(40):
        generator = np.random.default_rng(seed)
        truth, score = generator.random(300) < 0.3, generator.normal(size=300)
        fit = recalibrate(truth, score, method="isotonic", rng=seed, folds=5, **THIS)
        useless = truth.mean() * (1 - truth.mean())
        probabilities = fit.final.apply(score), fit.probability
        gains.append([useless - np.mean((truth - p) ** 2) for p in probabilities])
    inside, outside = np.array(gains).T
    assert inside.min() > 0
    assert outside.mean() < 0


def test_cross_fitted_platt_is_calibrated():
    slope, large = [], []
    for seed in range(30):
        truth, probability = calibrated(1500, seed=80_000 + seed, centre=-0.5, slope=0.6)
        fit = recalibrate(truth, probability, method="platt_on_logit", rng=seed, **THIS)
        slope.append(calibration_slope(truth, fit.probability, **HERE).estimate)
        large.append(calibration_in_the_large(truth, fit.probability, **HERE).estimate)
    assert np.mean(slope) == pytest.approx(1, abs=0.05)
    assert np.mean(large) == pytest.approx(0, abs=0.02)


# --- edge ----------------------------------------------------------------------------------------


def test_separated_classes_have_no_probability():
    truth, score = [0] * 6 + [1] * 6, list(range(12))
    fit = recalibrate(truth, score, method="platt", folds=3, rng=9, **THIS)
    assert np.isnan(fit.probability).all()
    assert fit.note.startswith("4 cases have no probability: a threshold separates the classes")
    assert math.isnan(fit.final.slope)
    assert fit.final.note.startswith("a threshold separates the classes")
    stepwise = recalibrate(truth, score, method="isotonic", folds=3, rng=9, **THIS)
    assert not np.isnan(stepwise.probability).any()


def test_folds_whose_others_are_of_one_class_have_no_probability():
    weight = [1, 1, 1, 1, 0, 0, 1]
    for method in ("isotonic", "platt"):
        fit = recalibrate([0, 0, 0, 0, 1, 1, 1], [1, 2, 3, 4, 2, 4, 3], method=method, folds=3,
                          rng=10, weight=weight)  # fmt: skip
        assert np.isnan(fit.probability).any()
        assert "of one class" in fit.note


def test_a_falling_slope_is_said():
    final = recalibrate([1, 1, 0, 1, 0, 0], [1, 2, 3, 4, 5, 6], method="platt", folds=2, rng=1,
                        **THIS).final  # fmt: skip
    assert final.slope < 0
    assert final.note == "the slope is below 0: a higher score goes with less disease"


@pytest.mark.parametrize("method", MODELS)
def test_final_fit_returns_from_its_record_and_uses_the_glossary(method):
    truth, _, score = sample(80)
    final = recalibrate(truth, score, method=method, folds=4, rng=11, **THIS).final
    back = result_from_dict(final.to_dict())
    assert back.to_dict() == final.to_dict()
    assert back.apply(score).tolist() == final.apply(score).tolist()
    assert set(final.summary_frame().columns) <= set(GLOSSARY)
    assert (final.n_cases, final.n_positive) == (80, truth.sum())


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "words", "message"),
    [
        ([1, 2, 3, 4], {"method": "beta"}, "method must be one of 'platt', 'platt_on_logit', 'is"),
        ([1, 2, 3, 4], {"folds": 1}, "folds must lie from 2 to the number of patients with a dis"),
        ([1, 2, 3, 4], {"folds": 3}, "but got 3 of 2; take fewer folds"),
        ([1, 2, 3, 4], {"folds": 2.5}, "folds must be a whole number"),
        ([1, 2, 3, math.inf], {}, "score must be finite for method 'platt', but position 3 "),
        ([1, 2, 3, math.nan], {}, "score must not be missing"),
        ([0.1, 0.2, 0.3, 1], {"method": "platt_on_logit"},
         "score must lie between 0 and 1 for method 'platt_on_logit', but position 3 holds 1.0"),
        ([1, 2, 3, 4], {"rng": None}, "rng must be an int, a SeedSequence or a Generator"),
        ([1, 2, 3, 4], {"basis": None}, "whose prevalence holds, but got neither"),
        ([1, 2, 3, 4], {"weight": [1, 1, 1, 1]}, "whose prevalence holds, but got both"),
    ],
)  # fmt: skip
def test_recalibrate_refuses(score, words, message):
    with pytest.raises(ValueError, match=message):
        recalibrate(
            [0, 1, 0, 1], score, **{"method": "platt", "folds": 2, "rng": 1, **THIS, **words}
        )


def test_apply_refuses_a_score_that_it_cannot_take():
    truth, _, score = sample(80)
    final = recalibrate(truth, score, method="platt_on_logit", folds=4, rng=12, **THIS).final
    with pytest.raises(ValueError, match="score must lie between 0 and 1"):
        final.apply([5])
    with pytest.raises(ValueError, match="score must have shape"):
        final.apply([[0.5]])
