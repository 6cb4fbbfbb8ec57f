"""Poisson rates and their ratios against R, printed tables and their own definitions."""

import json
import math
from functools import partial

import numpy as np
import pytest
from scipy import stats

from toolkit.results import Comparison, Estimate, result_from_dict
from toolkit.stats.proportions.one import proportion_ci
from toolkit.stats.proportions.rates import TwoRates, rate_ci, rate_ratio_ci

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


RATE_METHODS = ("score", "exact", "midp")
COUNTS = [1, 2, 3, 10, 47, 300, 10**6]
# Garwood 1936, table 1: limits of 95 and 99 %, two decimals as in every later reprint.
GARWOOD = {
    0: (0.00, 3.69, 0.00, 5.30),
    1: (0.03, 5.57, 0.01, 7.43),
    2: (0.24, 7.22, 0.10, 9.27),
    5: (1.62, 11.67, 1.08, 14.15),
    10: (4.80, 18.39, 3.72, 21.40),
    20: (12.22, 30.89, 10.35, 34.67),
    50: (37.11, 65.92, 33.66, 71.27),
}


@pytest.mark.parametrize("events", GARWOOD)
def test_exact_rate_matches_garwoods_table(events):
    limits = []
    for level in (0.95, 0.99):
        result = rate_ci(events, 1, method="exact", ci_level=level)
        limits += [result.ci_low, result.ci_high]
    assert limits == pytest.approx(GARWOOD[events], abs=0.0051)


@pytest.mark.parametrize(
    ("level", "low", "high"), [(0.9, 31.94, 54.32), (0.95, 30.27, 56.77), (0.99, 27.18, 61.76)]
)
def test_exact_rate_matches_r(level, low, high):
    # R: epitools::pois.exact(42, conf.level = level)
    result = rate_ci(42, 1, method="exact", ci_level=level)
    assert (result.ci_low, result.ci_high) == pytest.approx((low, high), abs=0.0051)


@pytest.mark.parametrize("events", [0, *COUNTS])
@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_exact_rate_is_half_a_quantile_of_chi_square(events, level):
    result = rate_ci(events, 1, method="exact", ci_level=level)
    tail = (1 - level) / 2
    low = stats.chi2.ppf(tail, 2 * events) / 2 if events else 0.0
    assert result.ci_low == pytest.approx(low, rel=1e-11)
    assert result.ci_high == pytest.approx(stats.chi2.isf(tail, 2 * events + 2) / 2, rel=1e-11)


@pytest.mark.parametrize("events", COUNTS)
def test_midp_rate_leaves_half_alpha_with_half_of_the_count(events):
    result = rate_ci(events, 1, method="midp")
    low, high = result.ci_low, result.ci_high
    above = stats.poisson.sf(events, low) + stats.poisson.pmf(events, low) / 2
    below = stats.poisson.cdf(events - 1, high) + stats.poisson.pmf(events, high) / 2
    assert (above, below) == pytest.approx((0.025, 0.025), rel=1e-7)
    exact = rate_ci(events, 1, method="exact")
    assert exact.ci_low < low < events < high < exact.ci_high


def test_midp_rate_without_events_ends_at_a_logarithm():
    result = rate_ci(0, 1, method="midp")  # exp(-mean) / 2 = 0.025
    assert (result.ci_low, result.ci_high) == (0.0, pytest.approx(math.log(20), rel=1e-12))


@pytest.mark.parametrize("events", [0, *COUNTS])
def test_score_rate_solves_the_score_equation(events):
    result = rate_ci(events, 1)
    for mean, sign in ((result.ci_low, 1), (result.ci_high, -1)):
        if mean:
            score = (events - mean) / math.sqrt(mean)
            assert sign * score == pytest.approx(stats.norm.isf(0.025), rel=1e-9)
    assert (result.ci_low == 0) == (events == 0)


@pytest.mark.parametrize(
    ("method", "binomial"), [("score", "wilson"), ("exact", "clopper_pearson"), ("midp", "midp")]
)
@pytest.mark.parametrize("events", [0, 1, 7, 60])
def test_rates_are_proportions_of_very_many_units(method, binomial, events):
    units = 10**9
    rate, share = (
        rate_ci(events, units, method=method),
        proportion_ci(events, units, method=binomial),
    )
    limits = (share.ci_low, share.ci_high)
    assert (rate.ci_low, rate.ci_high) == pytest.approx(limits, rel=1e-6)


def test_exact_rate_covers_what_it_says_and_the_others_come_near():
    counts = np.arange(130)
    grid = np.linspace(0.5, 40, 300)
    mean, least = {}, {}
    for method in RATE_METHODS:
        found = [rate_ci(int(count), 1, method=method) for count in counts]
        low, high = (np.array([getattr(r, end) for r in found]) for end in ("ci_low", "ci_high"))
        ends = np.concatenate([low, high])  # coverage jumps where the truth passes a limit
        means = np.concatenate([grid, ends - 1e-9, ends + 1e-9])
        means = means[(means >= 0.5) & (means <= 40)][:, np.newaxis]
        inside = (low <= means) & (means <= high)
        coverage = (stats.poisson.pmf(counts, means) * inside).sum(axis=1)
        mean[method], least[method] = coverage[: grid.size].mean(), coverage.min()
    # docs/coverage.md
    assert least["exact"] >= 0.95
    assert (least["score"], least["midp"]) == pytest.approx((0.895, 0.916), abs=1e-3)
    assert (mean["score"], mean["midp"]) == pytest.approx((0.95, 0.95), abs=5e-3)


@pytest.mark.parametrize("method", RATE_METHODS)
@pytest.mark.parametrize("level", [0.01, 0.95, 0.9999])
@pytest.mark.parametrize("events", [10**9, 10**12, 2**53])
def test_rates_of_billions_have_an_interval(method, level, events):
    result = rate_ci(events, 1, method=method, ci_level=level)
    reach = stats.norm.isf((1 - level) / 2) * math.sqrt(events)
    assert result.ci_low <= events <= result.ci_high
    assert result.ci_high - result.ci_low == pytest.approx(2 * reach, rel=1e-3, abs=4)


@pytest.mark.parametrize("method", RATE_METHODS)
def test_a_rate_scales_with_its_exposure(method):
    one, years = rate_ci(7, 1, method=method), rate_ci(7, 35, method=method, per=1000)
    for name in ("estimate", "std_error", "ci_low", "ci_high"):
        assert getattr(years, name) == pytest.approx(getattr(one, name) * 1000 / 35, rel=1e-12)
    assert (one.unit, years.unit) == ("per_1", "per_1000")
    assert (years.numerator, years.denominator) == (7, 35)
    assert Estimate.from_dict(years.to_dict()).to_dict() == years.to_dict()
    years.summary_frame()


@pytest.mark.parametrize("method", RATE_METHODS)
def test_a_rate_without_events_says_so(method):
    result = rate_ci(0, 12, method=method)
    assert (result.estimate, result.std_error, result.ci_low) == (0, 0, 0)
    assert 0 < result.ci_high < 1
    assert result.note == "no event: the plug-in standard error is 0"


@pytest.mark.parametrize(
    ("arguments", "choices", "message"),
    [
        ((1.5, 10), {}, "events must be a whole number, 0 or more, but got 1.5"),
        ((-1, 10), {}, "events must be a whole number, 0 or more, but got -1"),
        ((1, 0), {}, "exposure must be a finite number above 0, but got 0.0"),
        ((1, math.inf), {}, "exposure must be a finite number above 0, but got inf"),
        ((1, 10), {"per": 0}, "per must be a finite number above 0, but got 0.0"),
        ((1, 10), {"ci_level": 95}, "ci_level must lie between 0 and 1"),
    ],
)
def test_a_rate_refuses(arguments, choices, message):
    with pytest.raises(ValueError, match=message):
        rate_ci(*arguments, **choices)
