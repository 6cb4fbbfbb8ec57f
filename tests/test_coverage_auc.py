"""The intervals of one AUC cover as often as they say; scenarios: coverage_auc.py."""

import numpy as np
import pytest

from tests.coverage_auc import SCENARIOS, SEVEN, Scenario, limits, run, simulate
from toolkit.stats.auc.delong import delong_ci
from toolkit.stats.auc.delong_counts import delong_ci_from_counts

N_STUDIES = 20_000


@pytest.mark.parametrize(
    "scenario", [Scenario(m=30, n=70, auc=0.9, spread=1.4), Scenario(m=110, n=105, auc=0.9)]
)
def test_simulated_limits_are_those_of_delong_ci(scenario):
    truth = np.arange(scenario.m + scenario.n) < scenario.m
    for seed in range(5):
        studies = simulate(scenario, 1, np.random.default_rng(seed))
        scores = np.random.default_rng(seed).normal(size=(1, truth.size))[0]
        rating = np.where(truth, scenario.shift + scenario.spread * scores, scores)
        for name, pair in limits(studies, scenario.m, scenario.n).items():
            result = delong_ci(truth, rating, interval=name)
            assert pair[:, 0] == pytest.approx([result.ci_low, result.ci_high], rel=1e-9)


def test_simulated_ordinal_limits_are_those_of_delong_ci_from_counts():
    scenario = Scenario(m=30, n=70, auc=0.98, cuts=SEVEN)
    for seed in range(5):
        draw = np.random.default_rng(seed)
        negative, positive = (
            draw.multinomial(size, share, size=1)[0]
            for size, share in zip((70, 30), scenario.shares, strict=True)
        )
        pair = limits(simulate(scenario, 1, np.random.default_rng(seed)), 30, 70)["default"]
        result = delong_ci_from_counts(positive, negative)
        assert pair[:, 0] == pytest.approx([result.ci_low, result.ci_high], rel=1e-9)


def test_true_auc_of_categories_counts_ties_half():
    draw = np.random.default_rng(1)
    scenario = Scenario(m=1, n=1, auc=0.92, spread=1.4, cuts=SEVEN)
    healthy, cancers = draw.normal(size=(2, 400_000))
    cancers = scenario.shift + scenario.spread * cancers
    a, b = np.digitize(healthy, SEVEN), np.digitize(cancers, SEVEN)
    expected = np.mean((b > a) + (b == a) / 2)
    assert scenario.true_auc == pytest.approx(expected, abs=0.003)


@pytest.mark.slow
@pytest.mark.parametrize(
    "scenario",
    [scenario for scenario in SCENARIOS if not scenario.hidden],
    ids=lambda s: f"{s.m}-{s.n}-{s.auc}-{s.name}",
)
def test_default_interval_covers(scenario):
    result = run(scenario, N_STUDIES)
    goal = 94 if min(scenario.m, scenario.n) < 100 else 93
    assert result["default"][0] >= goal
    if result["logit"][0] < 93:
        assert result["default"][0] > result["logit"][0] + 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("m", "n", "auc", "expected"),
    # Coverage of the logit interval with t(df) in an independent simulation, 10,000 studies each.
    [(30, 1000, 0.95, 91.3), (30, 300, 0.85, 94.8), (30, 300, 0.98, 91.2), (15, 500, 0.95, 89.6)],
)
def test_logit_interval_covers_as_in_an_independent_simulation(m, n, auc, expected):
    (scenario,) = (
        s for s in SCENARIOS if (s.m, s.n, s.auc, s.spread, s.cuts) == (m, n, auc, 1.0, ())
    )
    # Both simulations have a standard error of about 0.3 points.
    assert run(scenario, 10_000)["logit"][0] == pytest.approx(expected, abs=1.5)
