"""CUSUM and funnel limits against their definitions, scipy and full enumeration."""

import itertools
import json
import math

import numpy as np
import pytest
from scipy import stats

from toolkit.results import GLOSSARY, result_from_dict
from toolkit.stats.monitoring.control import cusum, cusum_limit, funnel_limits

RATES = {"rate": 0.075, "rate_up": 0.105, "rate_down": 0.052}


def recursion(events, rate, other):
    """Return the CUSUM as Page defines it, step by step."""
    path, value = [], 0.0
    for event in events:
        step = math.log(other / rate) if event else math.log((1 - other) / (1 - rate))
        value = max(0.0, value + step)
        path.append(value)
    return path


# --- reference -----------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_cusum_follows_the_recursion(share):
    events = np.random.default_rng(20260101).random(700) < share
    result = cusum(events, **RATES)
    np.testing.assert_allclose(result.up, recursion(events, 0.075, 0.105), atol=1e-12)
    np.testing.assert_allclose(result.down, recursion(events, 0.075, 0.052), atol=1e-12)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.998])
@pytest.mark.parametrize("rate", [0.01, 0.052, 0.5, 0.9])
def test_funnel_limits_are_those_of_the_binomial_tails(rate, level):
    n = np.array([1, 2, 7, 50, 272, 640, 1304])
    limits, tail = funnel_limits(rate, n, level=level), (1 - level) / 2
    for size, low, high in zip(n, np.rint(limits.low * n), np.rint(limits.high * n), strict=True):
        counts = np.arange(size + 1)
        within = (stats.binom.cdf(counts, size, rate) >= tail) & (
            stats.binom.sf(counts - 1, size, rate) >= tail
        )
        assert (low, high) == (counts[within].min(), counts[within].max())


def test_funnel_limits_are_binomial_quantiles():
    n = np.array([200, 640, 1200])
    for level in (0.95, 0.998):
        limits, tail = funnel_limits(0.052, n, level=level), (1 - level) / 2
        low, missed = stats.binom.ppf(tail, n, 0.052), stats.binom.ppf(tail, n, 0.948)
        np.testing.assert_allclose(limits.low, low / n, rtol=1e-12)
        np.testing.assert_allclose(limits.high, (n - missed) / n, rtol=1e-12)


def test_cusum_limit_agrees_with_every_possible_study():
    rates = {"rate": 0.3, "rate_up": 0.5, "rate_down": 0.15}
    values, weights = [], []
    for study in itertools.product([0, 1], repeat=11):
        result = cusum(study, **rates)
        values.append(max(result.up.max(), result.down.max()))
        weights.append(0.3 ** sum(study) * 0.7 ** (11 - sum(study)))
    values, weights = np.array(values), np.array(weights)
    limit = cusum_limit(11, **rates, rng=20260101, false_alarm=0.1, n_simulations=20_000)
    passed = weights[values > limit.estimate + 1e-9].sum()
    reached = weights[values >= limit.estimate - 1e-9].sum()
    assert passed <= 0.1 + 0.006  # the true chance jumps over 0.1 at the limit
    assert reached >= 0.1 - 0.006


@pytest.mark.slow
def test_cusum_limit_of_the_study_has_its_false_alarm_rate():
    limit = cusum_limit(13500, **RATES, rng=20260101)
    assert limit.ci_high - limit.ci_low < 0.2
    rng, alarms = np.random.default_rng(7), 0
    for _ in range(2000):
        result = cusum(rng.random(13500) < 0.075, **RATES, limit=limit.estimate)
        alarms += result.signal_up is not None or result.signal_down is not None
    # Three standard errors of 2,000 studies and of the limit itself
    assert alarms / 2000 == pytest.approx(0.05, abs=0.016)


# --- properties ----------------------------------------------------------------------------------


def test_cusum_limit_uses_the_largest_value_of_both_paths():
    # With one simulated study the limit is its largest value.
    for seed in range(30):
        limit = cusum_limit(300, **RATES, rng=seed, false_alarm=0.5, n_simulations=1)
        result = cusum(np.random.default_rng(seed).random(300) < 0.075, **RATES)
        largest = max(result.up.max(), result.down.max())
        assert limit.estimate == pytest.approx(largest, rel=1e-12)


def test_cusum_limit_rises_with_fewer_false_alarms_and_longer_studies():
    limits = [
        cusum_limit(n, **RATES, rng=1, false_alarm=a, n_simulations=999).estimate
        for n, a in ((200, 0.2), (200, 0.05), (2000, 0.05), (2000, 0.01))
    ]
    assert limits == sorted(limits)


def test_cusum_limit_depends_on_its_seed_alone():
    first, again = (cusum_limit(200, **RATES, rng=5, n_simulations=99) for _ in range(2))
    assert first.to_dict() == again.to_dict()
    generator = np.random.default_rng(5)
    assert cusum_limit(200, **RATES, rng=generator, n_simulations=99).estimate == first.estimate


def test_swapping_events_and_none_swaps_the_paths():
    events = np.random.default_rng(3).random(500) < 0.3
    forth = cusum(events, rate=0.3, rate_up=0.4, rate_down=0.2)
    back = cusum(~events, rate=0.7, rate_up=0.8, rate_down=0.6)
    np.testing.assert_allclose(forth.up, back.down, atol=1e-12)
    np.testing.assert_allclose(forth.down, back.up, atol=1e-12)


def test_cusum_signals_a_change_soon_after_it():
    events = np.concatenate([np.tile([1, *[0] * 12], 60), np.tile([1, *[0] * 4], 60)])
    result = cusum(events, **RATES, limit=4.0)
    assert result.signal_down is None
    assert 780 < result.signal_up < 950  # the rate rises from 1 in 13 to 1 in 5 after unit 780
    assert result.up[result.signal_up - 1] > 4.0 >= result.up[: result.signal_up - 1].max()


def test_funnel_limits_narrow_with_size_and_widen_with_level():
    n = np.array([100, 1000, 10_000, 1_000_000])
    inner, outer = funnel_limits(0.05, n), funnel_limits(0.05, n, level=0.998)
    assert np.all(np.diff(inner.high - inner.low) < 0)
    assert np.all((outer.low < inner.low) & (inner.high < outer.high))
    assert inner.high[-1] - inner.low[-1] == pytest.approx(
        2 * 1.959963984540054 * math.sqrt(0.05 * 0.95 / 1e6), rel=5e-3
    )


def test_funnel_limits_hold_at_least_their_level():
    n = np.arange(1, 400)
    limits = funnel_limits(0.052, n, level=0.95)
    low, high = np.rint(limits.low * n), np.rint(limits.high * n)
    inside = stats.binom.cdf(high, n, 0.052) - stats.binom.cdf(low - 1, n, 0.052)
    assert inside.min() >= 0.95 - 1e-12


# --- edges ---------------------------------------------------------------------------------------


def test_cusum_of_no_units_is_empty():
    result = cusum([], **RATES, limit=3.0)
    assert result.up.size == result.down.size == 0
    assert (result.signal_up, result.signal_down) == (None, None)


@pytest.mark.parametrize("event", [0, 1])
def test_cusum_of_a_million_equal_units_has_its_closed_form(event):
    result = cusum(np.full(10**6, event), **RATES)
    step = math.log(0.105 / 0.075) if event else math.log((1 - 0.052) / (1 - 0.075))
    rising, flat = (result.up, result.down) if event else (result.down, result.up)
    assert rising[-1] == pytest.approx(step * 10**6, rel=1e-9)
    assert np.all(flat == 0)


def test_cusum_limit_of_one_unit():
    limit = cusum_limit(1, **RATES, rng=1, n_simulations=999, false_alarm=0.01)
    assert limit.estimate == pytest.approx(math.log(0.105 / 0.075), rel=1e-12)


def test_cusum_limit_without_any_event_comes_from_the_fall():
    limit = cusum_limit(50, rate=1e-9, rate_up=2e-9, rate_down=5e-10, rng=1, n_simulations=99)
    assert limit.estimate == pytest.approx(50 * math.log1p(5e-10), rel=1e-6)


def test_funnel_limits_of_one_reading_and_of_no_reader():
    one = funnel_limits(0.052, [1])
    assert (one.low.tolist(), one.high.tolist()) == ([0.0], [1.0])
    assert funnel_limits(0.01, [1]).high.tolist() == [0.0]  # one recall is rarer than 2.5 %
    assert funnel_limits(0.052, []).low.size == 0


def test_results_survive_a_record_and_stack_in_glossary_columns():
    events = [0, 1, 1, 0]
    results = [cusum(events, **RATES), cusum(events, **RATES, limit=0.5)]
    results += [funnel_limits(0.05, [100, 200])]
    results += [cusum_limit(20, **RATES, rng=1, n_simulations=99)]
    for result in results:
        plain = json.loads(json.dumps(result.to_dict(), allow_nan=False))
        assert result_from_dict(plain).to_dict() == result.to_dict()
        assert set(result.summary_frame().columns) <= set(GLOSSARY)
    shown = [result._repr_html_() for result in results[:3]]
    assert "<th>units</th><td>4</td>" in shown[0]
    assert "<th>signal_up</th><td>3</td>" in shown[1]
    assert "<th>sizes</th><td>2</td>" in shown[2]
    frame = results[0].summary_frame()
    assert frame["kind"].value_counts().to_dict() == {"cusum_up": 4, "cusum_down": 4}
    assert frame["x"].tolist() == [1, 2, 3, 4] * 2
    assert results[2].summary_frame()["kind"].tolist() == ["funnel_low"] * 2 + ["funnel_high"] * 2
    assert (results[1].signal_up, results[1].limit) == (3, 0.5)
    assert (results[3].n_cases, results[3].unit) == (20, "log_likelihood_ratio")


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("events", "choices", "message"),
    [
        ([0, 2], {}, "events must hold only 0 and 1, but position 1 holds 2"),
        ([0, math.nan], {}, "events must hold only 0 and 1, but position 1 holds NaN"),
        ([[0, 1]], {}, r"events must have shape \(n_cases,\), but got \(1, 2\)"),
        (1, {}, r"events must have shape \(n_cases,\), but got \(\)"),
        ([0, 1], {"rate_up": 0.05}, "rates must rise from 0 < rate_down < rate < rate_up < 1"),
        ([0, 1], {"rate_down": 0.0}, "but got rate_down=0.0, rate=0.075, rate_up=0.105"),
        ([0, 1], {"rate": math.nan}, "rates must rise from 0 < rate_down < rate < rate_up < 1"),
        ([0, 1], {"limit": 0.0}, "limit must be positive, but got 0.0; take it from cusum_limit"),
        ([0, 1], {"limit": math.nan}, "limit must be positive, but got nan"),
    ],
)
def test_cusum_refuses_wrong_arguments(events, choices, message):
    with pytest.raises(ValueError, match=message):
        cusum(events, **{**RATES, **choices})


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"rate_up": 1.0}, "rates must rise from 0 < rate_down < rate < rate_up < 1"),
        ({"n_events": 0}, "n_events must be above 0, but got 0"),
        ({"n_simulations": 0}, "n_simulations must be above 0, but got 0"),
        ({"n_simulations": 1.5}, "n_simulations must be a whole number, 0 or more"),
        ({"false_alarm": 5}, "false_alarm must lie from 0 to 1, but got 5.0; write 90 % as 0.9"),
        ({"false_alarm": 0.001}, r"false_alarm must lie between 1 / \(n_simulations \+ 1\) and 1"),
        ({"false_alarm": 1.0}, "but got 1.0 with 99 simulations; simulate more"),
        ({"rng": None}, "rng must be an int, a SeedSequence or a Generator, but got None"),
    ],
)
def test_cusum_limit_refuses_wrong_arguments(choices, message):
    arguments = {"n_events": 20, **RATES, "rng": 1, "n_simulations": 99, **choices}
    with pytest.raises(ValueError, match=message):
        cusum_limit(arguments.pop("n_events"), **arguments)


@pytest.mark.parametrize(
    ("arguments", "choices", "message"),
    [
        ((0.0, [10]), {}, "rate must lie between 0 and 1, both excluded, but got 0.0"),
        ((5.2, [10]), {}, "rate must lie from 0 to 1, but got 5.2"),
        ((0.05, [10]), {"level": 1.0}, "level must lie between 0 and 1, both excluded"),
        ((0.05, [10, 0]), {}, "n must be above 0 for every reader, but got 0; leave out readers"),
        ((0.05, [10.5]), {}, "n must hold whole numbers, 0 or more, but position 0 holds 10.5"),
    ],
)
def test_funnel_limits_refuse_wrong_arguments(arguments, choices, message):
    with pytest.raises(ValueError, match=message):
        funnel_limits(*arguments, **choices)
