"""Ratios of Poisson rates against R and their own definitions."""

import json
import math
from functools import partial

import pytest
from scipy import stats

from toolkit.results import Comparison, result_from_dict
from toolkit.stats.proportions.rates import TwoRates, rate_ratio_ci

poisson_rate_ratio_exact_ci = partial(rate_ratio_ci, method="exact")
poisson_rate_ratio_log_ci = partial(rate_ratio_ci, method="log_wald")

METHODS = {
    "score": rate_ratio_ci,
    "exact": poisson_rate_ratio_exact_ci,
    "log_wald": poisson_rate_ratio_log_ci,
}
TABLES = [(0, 100.0, 3, 80.0), (7, 20.0, 2, 90.5), (93, 52872, 81, 53043), (40, 7.0, 60, 7.0)]


def rates(events_a, exposure_a, events_b, exposure_b):
    """Return the rates of two groups in one order."""
    return TwoRates(
        events_a=events_a, exposure_a=exposure_a, events_b=events_b, exposure_b=exposure_b
    )


def test_ratios_match_every_reference_case(reference_data):
    path = reference_data / "reference" / "roc_paired_proportions.json"
    cases = [
        c for c in json.loads(path.read_text())["cases"] if c["id"].startswith("rate_ratio_poisson")
    ]
    for case in cases:
        data, values = case["data"], case["values"]
        two = rates(data["x2"], data["n2"], data["x1"], data["n1"])  # the first group is our b
        for name, method in METHODS.items():
            result, expected = method(two), values[name]
            assert result.ci_low == pytest.approx(expected[0], abs=1e-6), name
            assert result.ci_high == pytest.approx(expected[-1], abs=1e-6), name
        assert method(two).estimate == pytest.approx(values["score"][1], rel=1e-9)
    assert len(cases) == 3


@pytest.mark.parametrize("cells", TABLES)
def test_exact_limits_leave_half_alpha_of_the_binomial(cells):
    a, t_a, b, t_b = cells
    result = poisson_rate_ratio_exact_ci(rates(*cells))
    share = result.ci_low * t_b / (t_a + result.ci_low * t_b)
    assert stats.binom.sf(b - 1, a + b, share) == pytest.approx(0.025, rel=1e-9)
    if a:
        share = result.ci_high * t_b / (t_a + result.ci_high * t_b)
        assert stats.binom.cdf(b, a + b, share) == pytest.approx(0.025, rel=1e-9)
    share = t_b / (t_a + t_b)
    tails = stats.binom.sf(b - 1, a + b, share), stats.binom.cdf(b, a + b, share)
    assert result.p_value == pytest.approx(min(1, 2 * min(tails)), rel=1e-9)
    assert 2 * stats.norm.sf(abs(result.statistic)) == pytest.approx(result.p_value, rel=1e-9)


@pytest.mark.parametrize("cells", TABLES)
def test_score_limits_solve_the_score_equation(cells):
    a, t_a, b, t_b = cells
    result = rate_ratio_ci(rates(*cells))
    for ratio in (result.ci_low, result.ci_high):
        if math.isfinite(ratio):
            # Rates under the hypothesis: a's is all events over t_a + ratio t_b.
            rate = (a + b) / (t_a + ratio * t_b)
            variance = ratio * rate / t_b + ratio**2 * rate / t_a
            score = (b / t_b - ratio * a / t_a) / math.sqrt(variance)
            assert abs(score) == pytest.approx(stats.norm.isf(0.025), rel=1e-9)


@pytest.mark.parametrize("method", METHODS.values())
@pytest.mark.parametrize("better", ["higher", "lower"])
def test_noninferiority_agrees_with_the_interval(method, better):
    for a in range(1, 25, 3):
        for b in range(1, 25, 3):
            margin = 0.6 if better == "higher" else 1.7
            result = method(rates(a, 10, b, 11), margin=margin, better=better)
            assert result.noninferior == (result.p_noninferiority < 0.025)
            excluded = not result.ci_low <= 1 <= result.ci_high
            assert excluded == (result.p_value < 0.05)


@pytest.mark.parametrize("method", METHODS.values())
def test_exchanging_groups_inverts_the_ratio(method):
    there, back = method(rates(7, 20, 2, 90)), method(rates(2, 90, 7, 20))
    assert there.ci_low == pytest.approx(1 / back.ci_high, rel=1e-12)
    assert there.ci_high == pytest.approx(1 / back.ci_low, rel=1e-12)
    assert there.statistic == pytest.approx(-back.statistic, rel=1e-12)


@pytest.mark.parametrize("method", METHODS.values())
def test_unit_of_exposure_does_not_matter(method):
    years, days = method(rates(7, 20, 2, 90)), method(rates(7, 7300, 2, 32850))
    assert (years.ci_low, years.ci_high) == pytest.approx((days.ci_low, days.ci_high), rel=1e-12)


def test_proportions_of_rare_events_have_nearly_the_same_interval():
    assert rate_ratio_ci(rates(93, 52872, 81, 53043)).ci_high == pytest.approx(1.168, abs=1e-3)


def test_no_events():
    for method in (rate_ratio_ci, poisson_rate_ratio_exact_ci):
        neither = method(rates(0, 10, 0, 10), margin=0.8, better="higher")
        assert (neither.ci_low, neither.ci_high, neither.p_value) == (0.0, math.inf, 1.0)
        assert neither.p_noninferiority >= 0.5
        assert "the counts say nothing" in neither.note
        none_a = method(rates(0, 10, 4, 10))
        assert math.isnan(none_a.estimate)
        assert 0 < none_a.ci_low < none_a.ci_high == math.inf
        assert none_a.note == "the ratio is not defined: a has no event"
        none_b = method(rates(4, 10, 0, 10))
        assert (none_b.estimate, none_b.ci_low) == (0.0, 0.0)
        assert none_b.note == "b has no event: the plug-in standard error is not defined"


@pytest.mark.parametrize(
    ("events", "note"),
    [
        ((0, 3), "the ratio is not defined: a has no event"),
        ((3, 0), "no interval: b has no event, and a logarithm of 0 is not defined"),
    ],
)
def test_log_method_adds_nothing_to_zero_counts(events, note):
    result = poisson_rate_ratio_log_ci(rates(events[0], 10, events[1], 10))
    assert math.isnan(result.ci_low)
    assert result.note == note


@pytest.mark.parametrize("method", METHODS.values())
def test_comparisons_survive_a_record(method):
    two = rates(7, 20, 2, 90)
    result = method(two, quantity="false_marks", ci_level=0.9)
    assert Comparison.from_dict(result.to_dict()).to_dict() == result.to_dict()
    assert (result.estimate_a, result.estimate_b) == (7 / 20, 2 / 90)
    assert result_from_dict(two.to_dict()) == two
    result.summary_frame()
    two.summary_frame()


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ((1.5, 10, 2, 10), "events_a must be a whole number, 0 or more, but got 1.5"),
        ((1, 10, -2, 10), "events_b must be a whole number, 0 or more, but got -2"),
        ((1, 0, 2, 10), "exposure_a must be a finite number above 0, but got 0.0"),
        ((1, 10, 2, math.inf), "exposure_b must be a finite number above 0, but got inf"),
    ],
)
def test_rates_refuse(cells, message):
    with pytest.raises(ValueError, match=message):
        rates(*cells)


@pytest.mark.parametrize("method", METHODS.values())
@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"ci_level": 95}, "ci_level must lie between 0 and 1"),
        ({"margin": 1.2, "better": "higher"}, "must be between 0 and 1 where higher is better"),
        ({"margin": 0.8}, "needs better='higher' or better='lower'; there is no default"),
    ],
)
def test_ratios_refuse(method, choices, message):
    with pytest.raises(ValueError, match=message):
        method(rates(7, 20, 2, 90), **choices)
