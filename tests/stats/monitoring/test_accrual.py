"""Accrual: closed-form predictions against scipy, brute-force integration and simulated truth."""

import itertools
import json
import math

import numpy as np
import pytest
from scipy import integrate, special, stats

from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.monitoring.accrual import (
    CountsAhead,
    accrual_scenarios,
    planned_curve,
    project_accrual,
)

PLAN = planned_curve(13500, 24)
# 10 months: 3,912 cases, 2,296 of them (574 a month) in the last four.
HISTORY = [180, 250, 290, 270, 310, 316, 580, 570, 575, 571]


def ahead(pace_count, pace_months=4, overdispersion=0.15):
    """Return the predictive distribution of the months ahead."""
    return CountsAhead(
        pace_count=pace_count, pace_months=pace_months, overdispersion=overdispersion
    )


def masses(model, months_ahead, size):
    """Return P(X = x) for x below size."""
    return np.diff(model.distribution(months_ahead, size), prepend=0.0)


# --- reference -----------------------------------------------------------------------------------


def test_plan_of_the_study_has_its_known_numbers():
    # Study plan: 13,500 women in 24 months, six of them at half rate, so 643 a month afterwards
    assert PLAN.shape == (24,)
    assert PLAN[9] == pytest.approx(4500, rel=1e-12)
    assert np.diff(PLAN)[5:] == pytest.approx(642.857142857143, rel=1e-12)
    assert np.diff(PLAN, prepend=0.0)[:6] == pytest.approx(321.428571428571, rel=1e-12)
    assert PLAN[-1] == 13500.0


@pytest.mark.parametrize(("count", "months", "horizon"), [(23, 4, 7), (1, 1, 3), (150, 3, 2)])
def test_without_overdispersion_the_prediction_is_negative_binomial(count, months, horizon):
    x = np.arange(900)
    expected = stats.nbinom.cdf(x, count, months / (months + horizon))
    model = ahead(count, months, overdispersion=0.0)
    np.testing.assert_allclose(model.distribution(horizon, 900), expected, rtol=1e-9)


@pytest.mark.parametrize(("count", "months", "horizon"), [(23, 4, 7), (1, 1, 3), (60, 3, 2)])
@pytest.mark.parametrize("units", [25, 4, 1])  # 1 / c^2: scipy takes whole sizes only
def test_with_overdispersion_the_prediction_is_beta_negative_binomial(
    count, months, horizon, units
):
    overdispersion = units**-0.5
    x = np.arange(150)
    expected = stats.betanbinom.cdf(x, horizon * units, months * units, count)
    model = ahead(count, months, overdispersion)
    np.testing.assert_allclose(model.distribution(horizon, 150), expected, rtol=1e-9)


def test_chance_of_target_matches_numerical_integration_at_the_size_of_the_study():
    # Given the rate, P(X >= R) is a regularised incomplete beta function of p = v r / (1 + v r),
    # and p is Beta(s, k / v).
    model, cases, horizon = ahead(2296.0), 13500 - 3912, 14
    posterior = stats.beta(2296, 4 / 0.15**2)
    chance = integrate.quad(
        lambda p: posterior.pdf(p) * special.betainc(cases, horizon / 0.15**2, p),
        *posterior.ppf([1e-13, 1 - 1e-13]),
        limit=500,
        epsabs=1e-13,
        epsrel=1e-11,
    )[0]
    assert model.probability_of(cases, horizon) == pytest.approx(chance, rel=1e-8)


def test_prediction_is_that_of_the_months_themselves_integrated_over_the_rate():
    # Independent of the closed form: likelihood of each month, prior 1 / r, trapezoids in log r.
    counts, spread, horizon, x = np.array([5, 9, 7, 6]), 0.3, 3, np.arange(60)
    size = spread**-2
    log_rate = np.linspace(math.log(0.05), math.log(400), 4001)
    rate = np.exp(log_rate)
    likelihood = stats.nbinom.pmf(counts[:, None], size, 1 / (1 + rate / size)).prod(axis=0)
    weight = likelihood / likelihood.sum()  # the prior 1 / r is flat in log r
    conditional = stats.nbinom.pmf(x[:, None], horizon * size, 1 / (1 + rate / size))
    np.testing.assert_allclose(
        masses(ahead(27, 4, spread), horizon, 60), conditional @ weight, rtol=1e-8
    )


@pytest.mark.parametrize("count", [2296, 27, 26.4, 1, 0.3])
@pytest.mark.parametrize("overdispersion", [0.0, 1e-6, 0.01, 0.15])
def test_moments_of_the_prediction_are_those_of_the_mixture(count, overdispersion):
    # r has mean s / (k - v); the counts given r have variance h r + h v r^2.
    months, horizon, between = 4, 5, overdispersion**2
    mean_rate = count / (months - between)
    second = mean_rate * (count + 1) / (months - 2 * between)
    mean = horizon * mean_rate
    variance = mean + horizon * between * second + horizon**2 * (second - mean_rate**2)
    size = 40_000 if count == 2296 else 4_000
    p, x = masses(ahead(count, months, overdispersion), horizon, size), np.arange(size)
    assert p.sum() == pytest.approx(1, abs=1e-9)
    assert p @ x == pytest.approx(mean, rel=1e-8)
    assert p @ (x - mean) ** 2 == pytest.approx(variance, rel=1e-6)


def test_projection_of_the_study_agrees_with_an_independent_simulation():
    # The model as it is stated, drawn forward from its posterior.
    rng, studies, spread = np.random.default_rng(20260101), 200_000, 0.15
    p = rng.beta(2296, 4 / spread**2, studies)
    rate = p / (1 - p) / spread**2
    cumulative = np.zeros(studies)
    met = np.full(studies, 99.0)
    by_24 = None
    for month in range(11, 45):
        cumulative += rng.poisson(rate * rng.gamma(spread**-2, spread**2, studies))
        met = np.where((met == 99) & (cumulative >= 13500 - 3912), month, met)
        by_24 = cumulative.copy() if month == 24 else by_24
    result = project_accrual(HISTORY, PLAN)
    assert (result.enrolled, result.pace, result.planned_by_now) == (3912, 574.0, 4500.0)
    assert result.probability_by_planned_end == pytest.approx(np.mean(met <= 24), abs=0.002)
    assert result.probability_by_last_month == pytest.approx(np.mean(met <= 36), abs=0.0005)
    quantiles = 3912 + np.quantile(by_24, [0.5, 0.025, 0.975])
    assert quantiles == pytest.approx(
        [
            result.enrolled_by_planned_end,
            result.enrolled_by_planned_end_low,
            result.enrolled_by_planned_end_high,
        ],
        abs=15,
    )
    assert result.month_met == np.median(met)
    assert result.month_met_high == np.quantile(met, 0.975)
    assert result.month_met_low in (24, 25)  # the simulated chance by month 24 is next to 0.025


# --- properties ----------------------------------------------------------------------------------


@pytest.mark.parametrize("overdispersion", [0.0, 0.15, 1.0])
@pytest.mark.parametrize("count", [1, 12.5, 300])
def test_quantiles_are_the_fewest_cases_that_reach_their_level(count, overdispersion):
    model, levels = ahead(count, 4, overdispersion), (0.5, 0.025, 0.975)
    for horizon in (1, 6):
        for level, cases in zip(levels, model.quantiles(horizon, levels), strict=True):
            below = model.distribution(horizon, int(cases) + 1)
            assert below[-1] >= level
            assert cases == 0 or below[-2] < level


@pytest.mark.parametrize("level", [0.025, 0.5, 0.975])
def test_months_until_is_the_first_month_with_the_chance(level):
    model = ahead(2296.0)
    months = int(model.months_until(9588, level, latest=1200))
    chances = [model.probability_of(9588, m) for m in range(1, 40)]
    assert np.all(np.diff(chances) > -1e-11)
    assert months == 1 + next(i for i, chance in enumerate(chances) if chance >= level)


def test_overdispersion_widens_every_interval():
    results = [project_accrual(HISTORY, PLAN, overdispersion=c) for c in (0.0, 0.05, 0.15, 0.4)]
    widths = [r.high_95 - r.low_95 for r in results]
    assert all(np.all(np.diff(pair, axis=0) > 0) for pair in itertools.pairwise(widths))
    months = [r.month_met_high - r.month_met_low for r in results]
    assert months == sorted(months)


def test_bands_are_nested_and_rise_with_the_months():
    result = project_accrual(HISTORY, PLAN)
    assert result.month.tolist() == list(range(11, 37))
    bands = np.array([result.low_95, result.low_50, result.median, result.high_50, result.high_95])
    assert np.all(np.diff(bands, axis=0) > 0)
    assert np.all(np.diff(bands, axis=1) > 0)
    assert np.all(bands > 3912)
    assert result.median == pytest.approx(3912 + 574 * np.arange(1, 27), rel=2e-3)


@pytest.mark.parametrize("cut", [4, 7, 9, 10])
def test_month_and_chance_tell_the_same(cut):
    for target in (4000, 9000, 12500, 13500, 20000):
        result = project_accrual(HISTORY[:cut], planned_curve(target, 24))
        for end, chance in (
            (24, result.probability_by_planned_end),
            (36, result.probability_by_last_month),
        ):
            assert (result.month_met <= end) == (chance >= 0.5)
            assert (result.month_met_low <= end) == (chance >= 0.025)
            assert (result.month_met_high <= end) == (chance >= 0.975)
        expected = True if result.month_met_low > 24 else None
        assert result.extension_needed is (False if result.month_met_high <= 24 else expected)


def test_a_pace_of_one_tenth_less_scales_the_projection():
    same = project_accrual(HISTORY, PLAN, pace=574.0)
    latest = project_accrual(HISTORY, PLAN)
    assert same.to_dict() == latest.to_dict()
    slower = project_accrual(HISTORY, PLAN, pace=0.9 * 574)
    assert slower.median - 3912 == pytest.approx(0.9 * (latest.median - 3912), rel=2e-3)


def test_scenarios_of_the_study():
    scenarios = accrual_scenarios(HISTORY, PLAN)
    assert list(scenarios) == ["pace", "slower", "faster", "planned", "needed"]
    assert [s.label for s in scenarios.values()] == list(scenarios)
    paces = [s.pace for s in scenarios.values()]
    # 14 months are left for the 9,588 that are missing; the plan leaves 9,000 for them
    assert paces == pytest.approx([574, 516.6, 631.4, 9000 / 14, 9588 / 14], rel=1e-12)
    chances = {name: s.probability_by_planned_end for name, s in scenarios.items()}
    assert chances["slower"] < chances["pace"] < chances["faster"] < chances["planned"]
    assert chances["needed"] == pytest.approx(0.5, abs=0.01)
    assert scenarios["pace"].to_dict() == project_accrual(HISTORY, PLAN).to_dict()


def test_planned_scenario_averages_what_is_left_of_a_ramp():
    scenarios = accrual_scenarios(HISTORY[:3], PLAN)
    assert scenarios["planned"].pace == pytest.approx((13500 - 3 * 321.42857142857) / 21, rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "spread"), [(574, 0.15), (40, 0.15), (40, 0.0), (574, 0.4)])
def test_intervals_cover_a_known_truth(rate, spread):
    rng, studies, hits = np.random.default_rng(20260101), 4000, np.zeros(2)

    def enrol(months):
        varied = rng.gamma(spread**-2, spread**2, months) if spread else np.ones(months)
        return int(rng.poisson(rate * varied).sum())

    for _ in range(studies):
        low_95, low_50, high_50, high_95 = ahead(enrol(4), 4, spread).quantiles(
            8, (0.025, 0.25, 0.75, 0.975)
        )
        cases = enrol(8)
        hits += (low_95 <= cases <= high_95, low_50 <= cases <= high_50)
    # Three standard errors of the simulation, and up to two points of discreteness at 40 a month
    assert hits[0] / studies == pytest.approx(0.955, abs=0.015)
    assert hits[1] / studies == pytest.approx(0.51, abs=0.035)


# --- edges ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("target", "month"), [(3912, 10), (3911, 10), (3341, 9), (180, 1)])
def test_a_target_already_met_has_its_month_and_no_projection(target, month):
    result = project_accrual(HISTORY, planned_curve(target, 24))
    assert (result.month_met, result.month_met_low, result.month_met_high) == (month,) * 3
    assert (result.probability_by_planned_end, result.probability_by_last_month) == (1.0, 1.0)
    assert result.enrolled_by_planned_end == result.enrolled == 3912
    assert result.month.size == result.median.size == result.high_95.size == 0
    assert result.extension_needed is False
    assert list(accrual_scenarios(HISTORY, planned_curve(target, 24))) == ["pace"]


def test_a_target_met_after_the_planned_end_says_so():
    result = project_accrual(HISTORY, planned_curve(3500, 8), extension_months=1)
    assert result.month_met == 10
    assert (result.probability_by_planned_end, result.probability_by_last_month) == (0.0, 0.0)
    assert result.enrolled_by_planned_end == sum(HISTORY[:8])
    assert result.planned_by_now == 3500


@pytest.mark.parametrize(
    ("history", "note"),
    [
        ([], "no projection: no month is complete"),
        ([0, 0, 0], "no projection: nobody was enrolled in the last 3 months"),
        ([50, 20, 0, 0, 0, 0], "no projection: nobody was enrolled in the last 4 months"),
    ],
)
def test_without_a_pace_everything_ahead_is_undefined_with_a_note(history, note):
    result = project_accrual(history, PLAN)
    assert result.note == note
    assert (result.enrolled, result.months_elapsed) == (sum(history), len(history))
    for name in ("month_met", "month_met_high", "probability_by_planned_end"):
        assert math.isnan(getattr(result, name))
    assert result.extension_needed is None
    assert result.median.size == 36 - len(history)
    assert np.isnan(result.median).all()
    assert result_from_dict(json.loads(json.dumps(result.to_dict()))).note == note


def test_scenarios_without_a_pace_keep_what_applies():
    assert list(accrual_scenarios([], PLAN)) == ["pace"]
    assert list(accrual_scenarios([0, 0], PLAN)) == ["pace", "planned", "needed"]
    assert accrual_scenarios([0, 0], PLAN)["needed"].pace == pytest.approx(13500 / 22)


def test_a_plan_that_asks_for_no_more_has_no_planned_scenario():
    assert list(accrual_scenarios([3, 3], [5, 10, 10])) == ["pace", "slower", "faster", "needed"]


def test_beyond_the_planned_end_only_the_extension_is_open():
    history = [500] * 26
    result = project_accrual(history, PLAN)
    assert result.probability_by_planned_end == 0.0
    assert 0.9 < result.probability_by_last_month <= 1
    assert result.enrolled_by_planned_end == result.enrolled_by_planned_end_low == 12000
    assert (result.planned_by_now, result.month.tolist()) == (13500, list(range(27, 37)))
    assert result.extension_needed is True
    scenarios = accrual_scenarios(history, PLAN)
    assert list(scenarios) == ["pace", "slower", "faster", "planned"]
    assert scenarios["planned"].pace == pytest.approx(642.857142857143, rel=1e-12)


@pytest.mark.parametrize("extension_months", [0, 12])
def test_beyond_the_extension_no_chance_is_left_but_a_month_is_predicted(extension_months):
    result = project_accrual([300] * 36, PLAN, extension_months=extension_months)
    assert (result.probability_by_planned_end, result.probability_by_last_month) == (0.0, 0.0)
    assert result.month.size == result.low_50.size == 0
    assert 36 < result.month_met_low <= result.month_met <= result.month_met_high < 60


def test_at_the_last_planned_month_no_month_is_left():
    result = project_accrual([500] * 24, PLAN)
    assert (result.probability_by_planned_end, result.enrolled_by_planned_end) == (0.0, 12000)
    assert "needed" not in accrual_scenarios([500] * 24, PLAN)


def test_a_target_out_of_reach_is_met_at_infinity():
    result = project_accrual([0, 0, 0, 1], planned_curve(100_000, 24))
    assert result.month_met_high == math.inf
    assert result.probability_by_last_month == pytest.approx(0, abs=1e-9)
    assert result_from_dict(result.to_dict()).month_met_high == math.inf


def test_fewer_complete_months_than_the_pace_asks_for_are_used():
    result = project_accrual([300, 320], PLAN, pace_months=4)
    assert (result.pace_months, result.pace) == (2, 310.0)
    assert project_accrual([310], PLAN).pace_months == 1


def test_a_plan_without_ramp_and_one_of_a_month():
    assert planned_curve(1200, 4, ramp_months=0).tolist() == [300, 600, 900, 1200]
    assert planned_curve(90, 3, ramp_months=2, ramp_share=0.0).tolist() == [0, 0, 90]
    assert planned_curve(5, 1, ramp_months=0).tolist() == [5]
    assert planned_curve(10007, 23, ramp_share=0.3)[-1] == 10007.0
    single = accrual_scenarios([1], planned_curve(5, 1, ramp_months=0))
    assert single["planned"].pace == 5.0


def test_a_hundred_thousand_cases_stay_exact():
    result = project_accrual([4_000] * 6, planned_curve(100_000, 24), overdispersion=0.0)
    # Nearly normal: variance h r (1 + h / k)
    spread = math.sqrt(18 * 4_000 * (1 + 18 / 4))
    width = result.enrolled_by_planned_end_high - result.enrolled_by_planned_end_low
    assert width == pytest.approx(2 * 1.959963984540054 * spread, rel=2e-3)


def test_a_projection_is_complete_and_survives_a_record():
    result = project_accrual(HISTORY, PLAN, label="pace of months 7 to 10")
    plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert result_from_dict(plain).to_dict() == result.to_dict()
    assert (result.target, result.planned_months, result.last_month) == (13500, 24, 36)


def test_summary_has_one_row_a_quantity_in_glossary_columns():
    frame = project_accrual(HISTORY, PLAN, label="latest").summary_frame()
    assert set(frame.columns) <= set(GLOSSARY)
    rows = frame.set_index("quantity")
    assert rows.loc["month_met", ["estimate", "ci_low", "ci_high", "ci_level"]].tolist() == [
        27, 24, 30, 0.95,
    ]  # fmt: skip
    assert rows.loc["pace", "estimate"] == 574
    assert rows.loc["pace", ["ci_low", "ci_high", "ci_level"]].isna().all()
    assert rows["ci_method"]["enrolled_by_planned_end"] == "prediction interval"
    assert set(rows["label"]) == {"latest"}


def test_notebook_shows_the_numbers_without_the_months_ahead():
    shown = project_accrual(HISTORY, PLAN)._repr_html_()
    assert "<th>month_met</th><td>27.0000</td>" in shown
    assert "high_95" not in shown


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "choices", "message"),
    [
        ((0, 24), {}, "target and months must be above 0, but got 0 and 24"),
        ((100, 0), {}, "target and months must be above 0, but got 100 and 0"),
        ((10.5, 24), {}, "target must be a whole number, 0 or more, but got 10.5"),
        ((100, 6), {}, "ramp_months must be fewer than months, but got 6 of 6"),
        ((100, 24), {"ramp_share": 50}, "ramp_share must lie from 0 to 1, but got 50.0"),
        ((100, 24), {"ramp_months": -1}, "ramp_months must be a whole number, 0 or more"),
    ],
)
def test_planned_curve_refuses_wrong_arguments(arguments, choices, message):
    with pytest.raises(ValueError, match=message):
        planned_curve(*arguments, **choices)


@pytest.mark.parametrize("function", [project_accrual, accrual_scenarios])
@pytest.mark.parametrize(
    ("history", "plan", "choices", "message"),
    [
        ([10, -1], PLAN, {}, "monthly_counts must hold whole numbers, 0 or more, but position 1"),
        ([10, 2.5], PLAN, {}, "monthly_counts must hold whole numbers, 0 or more, but position 1"),
        ([10, math.nan], PLAN, {}, "monthly_counts must hold whole numbers"),
        ([10], [], {}, "plan must hold the cases planned by the end of each month, never fewer"),
        ([10], [5, 4], {}, "plan must hold the cases planned by the end of each month"),
        ([10], [-5, 4], {}, "plan must hold the cases planned by the end of each month"),
        ([10], [5, math.inf, math.inf], {}, "plan must hold the cases planned by the end"),
        ([10], [5, math.nan], {}, "plan must not be missing, but position 1 is NaN"),
        ([10], [5, 7.5], {}, "the last value of plan must be a whole number, 0 or more"),
        ([10], [0, 0], {}, "plan must end at a target above 0, but got 0"),
        ([10], PLAN, {"pace_months": 0}, "pace_months must be above 0, but got 0"),
        ([10], PLAN, {"pace_months": 1.5}, "pace_months must be a whole number, 0 or more"),
        ([10], PLAN, {"overdispersion": 15}, "overdispersion must lie from 0 to 1, but got 15.0"),
        ([10], PLAN, {"extension_months": -12}, "extension_months must be a whole number"),
    ],
)
def test_projections_refuse_wrong_arguments(function, history, plan, choices, message):
    with pytest.raises(ValueError, match=message):
        function(history, plan, **choices)


@pytest.mark.parametrize("pace", [-1.0, 0.0, math.inf, math.nan])
def test_projection_refuses_a_wrong_pace(pace):
    message = "pace must be a finite number of cases a month, above 0, but got"
    with pytest.raises(ValueError, match=message):
        project_accrual(HISTORY, PLAN, pace=pace)
