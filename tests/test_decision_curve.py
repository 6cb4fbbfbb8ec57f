"""Decision curves against R's dcurves, single net benefits and numerical influence values."""

import math

import numpy as np
import pytest

from tests.probability_sample import (
    HERE,
    calibrated,
    clustered_error,
    reference_case,
    weight_derivative,
)
from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.calibration.decision import (
    net_benefit,
    net_benefit_curve,
    standardized_net_benefit,
)


def test_curve_matches_dcurves(reference_data):
    # R: dcurves::dca(y ~ p, prevalence = 0.006, thresholds = ...)
    values, truth, probability, data = reference_case(reference_data, "decision_curve_prevalence")
    curve = net_benefit_curve(
        truth, probability, thresholds=data["thresholds"], rating_is="probability", basis=0.006
    )
    np.testing.assert_allclose(curve.y, values["p"], rtol=1e-9)
    np.testing.assert_allclose(curve.treat_all, values["all"], rtol=1e-9)
    np.testing.assert_allclose(curve.standardized, np.array(values["p"]) / 0.006, rtol=1e-9)
    assert curve.prevalence == pytest.approx(0.006, rel=1e-12)
    frame = curve.summary_frame()
    assert frame.loc[frame["kind"] == "net_benefit_of_none", "y"].tolist() == values["none"]


def test_curve_is_made_of_single_net_benefits():
    truth, probability = calibrated(150, seed=81)
    words = {"cluster": np.arange(150) // 2, "ci_level": 0.9, **HERE}
    curve = net_benefit_curve(truth, probability, thresholds=[0.05, 0.2, 0.6], **words)
    for place, threshold in enumerate(curve.threshold):
        one = net_benefit(truth, probability, threshold=threshold, **words)
        assert curve.y[place] == one.estimate
        assert (curve.ci_low[place], curve.ci_high[place]) == (one.ci_low, one.ci_high)
        share = standardized_net_benefit(truth, probability, threshold=threshold, **words)
        assert share.estimate == pytest.approx(curve.standardized[place], rel=1e-12)
    assert (curve.kind, curve.n_cases, curve.ci_level) == ("net_benefit", 150, 0.9)


def test_standardized_error_is_that_of_numerical_influence_values():
    truth, probability = calibrated(40, seed=82)
    weight, cluster = np.linspace(1, 3, 40), np.repeat(np.arange(20), 2)
    gain = (probability >= 0.3) * np.where(truth, 1, -0.3 / 0.7)
    share = standardized_net_benefit(
        truth, probability, threshold=0.3, rating_is="probability", weight=weight, cluster=cluster
    )
    influence = weight_derivative(lambda each: float(each @ gain / (each @ truth)), weight)
    assert share.std_error == pytest.approx(clustered_error(influence, cluster), rel=1e-6)


def test_standardized_at_a_known_prevalence_is_net_benefit_over_it():
    truth, probability = calibrated(90, seed=83)
    words = {"threshold": 0.2, "rating_is": "probability", "basis": 0.02}
    share = standardized_net_benefit(truth, probability, **words)
    one = net_benefit(truth, probability, **words)
    assert share.estimate == pytest.approx(one.estimate / 0.02, rel=1e-12)
    assert share.std_error == pytest.approx(one.std_error / 0.02, rel=1e-9)


def test_perfect_probabilities_are_worth_the_prevalence():
    truth = [0, 0, 0, 1]
    curve = net_benefit_curve(truth, truth, thresholds=[0.1, 0.9], **HERE)
    assert curve.standardized.tolist() == [1, 1]
    share = standardized_net_benefit(truth, truth, threshold=0.1, **HERE)
    assert share.note == "no interval: these cases show no variation, which is not certainty"


def test_without_disease_standardized_is_undefined():
    share = standardized_net_benefit([0, 0], [0.1, 0.6], threshold=0.2, **HERE)
    assert math.isnan(share.estimate)
    assert share.note == "not defined: no case has the disease"
    curve = net_benefit_curve([0, 0], [0.1, 0.6], thresholds=[0.2], **HERE)
    assert math.isnan(curve.standardized[0])
    assert curve.note.endswith("standardized net benefit is not defined: no case has the disease")


def test_without_cases_everything_is_undefined():
    curve = net_benefit_curve([], [], thresholds=[0.2], **HERE)
    assert np.isnan(curve.y).all()
    assert curve.note == "not defined: there is no case of a weight above 0"
    assert standardized_net_benefit([], [], threshold=0.2, **HERE).note == curve.note


def test_results_return_from_their_record_and_use_the_glossary():
    truth, probability = calibrated(60, seed=84)
    curve = net_benefit_curve(truth, probability, thresholds=[0.1, 0.99], label="AI", **HERE)
    assert result_from_dict(curve.to_dict()).to_dict() == curve.to_dict()
    frame = curve.summary_frame()
    assert set(frame.columns) <= set(GLOSSARY)
    assert frame["kind"].nunique() == 4
    assert set(frame["label"]) == {"AI"}
    share = standardized_net_benefit(truth, probability, threshold=0.1, **HERE)
    assert result_from_dict(share.to_dict()).to_dict() == share.to_dict()


@pytest.mark.parametrize(
    ("thresholds", "message"),
    [
        ([], r"thresholds must have shape \(n_thresholds,\), one at least, but got \(0,\)"),
        (0.2, r"thresholds must have shape \(n_thresholds,\), one at least, but got \(\)"),
        ([0.2, 0.0], "thresholds must lie between 0 and 1, both excluded, but got 0.0"),
        ([0.2, 7], "thresholds must lie from 0 to 1, but got 7.0"),
    ],
)
def test_curve_refuses(thresholds, message):
    with pytest.raises(ValueError, match=message):
        net_benefit_curve([0, 1], [0.1, 0.4], thresholds=thresholds, **HERE)


def test_declarations_are_needed():
    for function, words in (
        (net_benefit_curve, {"thresholds": [0.2]}),
        (standardized_net_benefit, {"threshold": 0.2}),
    ):
        with pytest.raises(ValueError, match="rating_is must be 'probability'"):
            function([0, 1], [0.1, 0.4], rating_is="score", basis=0.1, **words)
        with pytest.raises(ValueError, match="but got neither"):
            function([0, 1], [0.1, 0.4], rating_is="probability", **words)
        with pytest.raises(ValueError, match="ci_level must lie between 0 and 1"):
            function([0, 1], [0.1, 0.4], ci_level=2, **words, **HERE)
