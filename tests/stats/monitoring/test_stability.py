"""Stability index and limits of periods against scipy, simulation and their definitions."""

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from toolkit.results import result_from_dict
from toolkit.stats.monitoring.stability import (
    THREE_SE_TAIL,
    kolmogorov_smirnov,
    population_stability,
    share_limits,
    stability_limit,
)

COUNTS = st.lists(st.integers(0, 90), min_size=4, max_size=4).filter(sum)


# --- reference -----------------------------------------------------------------------------------


@given(counts=COUNTS, baseline=COUNTS)
def test_index_is_the_symmetric_relative_entropy_of_scipy(counts, baseline):
    p = (np.array(counts) + 0.5) / (sum(counts) + 2)
    q = (np.array(baseline) + 0.5) / (sum(baseline) + 2)
    oracle = special.rel_entr(p, q).sum() + special.rel_entr(q, p).sum()
    assert population_stability(counts, baseline).estimate == pytest.approx(
        oracle, rel=1e-9, abs=1e-14
    )


def test_index_of_two_categories_by_hand():
    # 60.5 and 40.5 of 101 against an even baseline.
    shift = population_stability([60, 40], [50, 50])
    p = np.array([60.5, 40.5]) / 101
    by_hand = (p[0] - 0.5) * math.log(p[0] / 0.5) + (p[1] - 0.5) * math.log(p[1] / 0.5)
    assert shift.estimate == pytest.approx(by_hand, rel=1e-12)
    assert shift.statistic == pytest.approx(50 * by_hand, rel=1e-12)
    assert shift.p_value == pytest.approx(stats.chi2.sf(50 * by_hand, 1), rel=1e-9)


def test_limit_is_the_quantile_of_scipy():
    limit = stability_limit(350, 2100, n_categories=10)
    quantile = stats.chi2.isf(stats.norm.sf(3), 9)
    assert limit == pytest.approx((1 / 350 + 1 / 2100) * quantile, rel=1e-9)


SAMPLE = st.lists(st.integers(0, 12), min_size=1, max_size=30)


@given(a=SAMPLE, b=SAMPLE)
def test_distance_is_the_largest_gap_by_brute_force(a, b):
    at = range(13)
    gaps = [
        abs(Fraction(sum(x <= y for x in a), len(a)) - Fraction(sum(x <= y for x in b), len(b)))
        for y in at
    ]
    assert kolmogorov_smirnov(a, b).estimate == pytest.approx(float(max(gaps)), rel=1e-12)


def test_p_value_of_a_small_sample_is_that_of_all_its_orders():
    a, b = [1.0, 2.0, 3.5, 4.0], [3.0, 5.0, 6.0, 7.0, 8.0]
    observed = kolmogorov_smirnov(a, b)
    chosen = [set(places) for places in combinations(range(9), 4)]
    pooled = sorted(a + b)
    distances = [
        kolmogorov_smirnov(
            [x for i, x in enumerate(pooled) if i in places],
            [x for i, x in enumerate(pooled) if i not in places],
        ).estimate
        for places in chosen
    ]
    as_far = sum(d >= observed.estimate - 1e-12 for d in distances)
    assert observed.p_value == pytest.approx(as_far / len(chosen), rel=1e-12)
    # No order of two samples that are alike has a smaller gap than 0.
    assert kolmogorov_smirnov([0, 0], [0, 0, 0]).p_value == 1.0


@pytest.mark.parametrize("cut", range(2, 22, 3))
def test_p_value_of_a_small_sample_is_that_of_scipy(cut):
    values = np.random.default_rng(cut).permutation(23)
    gap = kolmogorov_smirnov(values[:cut], values[cut:])
    peer = stats.ks_2samp(values[:cut], values[cut:], method="exact")
    assert gap.estimate == pytest.approx(peer.statistic, rel=1e-9)
    assert gap.p_value == pytest.approx(peer.pvalue, rel=1e-9)


def test_large_samples_are_those_of_scipy():
    generator = np.random.default_rng(20260101)
    a, b = generator.normal(size=300), generator.normal(0.2, size=900)
    gap, peer = kolmogorov_smirnov(a, b), stats.ks_2samp(a, b, method="asymp")
    assert gap.estimate == pytest.approx(peer.statistic, rel=1e-9)
    assert gap.p_value == pytest.approx(peer.pvalue, rel=1e-9)
    assert kolmogorov_smirnov(a, a).p_value == 1.0


def test_distance_of_an_empty_sample_is_not_a_number_with_a_note():
    gap = kolmogorov_smirnov([], [1.0])
    assert math.isnan(gap.estimate)
    assert gap.note == "a sample is empty"


# --- property ------------------------------------------------------------------------------------


@given(counts=COUNTS, baseline=COUNTS)
def test_index_is_symmetric_and_not_negative(counts, baseline):
    there, back = population_stability(counts, baseline), population_stability(baseline, counts)
    assert there.estimate == pytest.approx(back.estimate, rel=1e-9, abs=1e-14)
    assert there.estimate >= 0


def test_index_of_samples_of_one_distribution_keeps_its_limit_and_level():
    generator = np.random.default_rng(20260101)
    shares = np.full(10, 0.1)
    results = [
        population_stability(now, before)
        for now, before in zip(
            generator.multinomial(350, shares, size=2000),
            generator.multinomial(2100, shares, size=2000),
            strict=True,
        )
    ]
    # 4 standard errors of a share of .05 of 2,000.
    assert abs(np.mean([r.p_value < 0.05 for r in results]) - 0.05) < 0.02
    limit = stability_limit(350, 2100, n_categories=10, tail=0.05)
    assert abs(np.mean([r.estimate > limit for r in results]) - 0.05) < 0.02


@given(n=st.integers(1, 900), share=st.floats(0.001, 0.999))
def test_a_share_beyond_its_limits_is_as_rare_as_promised(n, share):
    limits = share_limits([n], share)
    low, high = round(limits.low[0] * n), round(limits.high[0] * n)
    assert stats.binom.cdf(low - 1, n, share) <= THREE_SE_TAIL
    assert stats.binom.sf(high, n, share) <= THREE_SE_TAIL
    # And the limits are not wider than needed.
    assert stats.binom.cdf(low, n, share) > THREE_SE_TAIL * (1 - 1e-9)
    assert high == 0 or stats.binom.sf(high - 1, n, share) > THREE_SE_TAIL * (1 - 1e-9)


def test_limits_of_large_periods_are_three_standard_errors():
    limits = share_limits([40_000], 0.1)
    se = math.sqrt(0.09 / 40_000)
    assert limits.low[0] == pytest.approx(0.1 - 3 * se, abs=3e-5)
    assert limits.high[0] == pytest.approx(0.1 + 3 * se, abs=3e-5)


# --- edge ----------------------------------------------------------------------------------------


def test_like_distributions_have_index_zero():
    shift = population_stability([10, 20, 30], [10, 20, 30])
    assert (shift.estimate, shift.p_value) == (0, 1)


def test_an_empty_category_leaves_the_index_finite():
    assert math.isfinite(population_stability([0, 50], [30, 20]).estimate)


@pytest.mark.parametrize(
    ("counts", "baseline", "reason"),
    [([0, 0], [1, 2], "no case in the period"), ([1, 2], [0, 0], "no case in the baseline")],
)
def test_without_cases_the_index_is_undefined(counts, baseline, reason):
    shift = population_stability(counts, baseline)
    assert math.isnan(shift.estimate)
    assert shift.note == reason
    assert math.isnan(stability_limit(sum(counts), sum(baseline), n_categories=2))


def test_a_period_without_cases_has_no_limits():
    limits = share_limits([0, 10], 0.2)
    assert math.isnan(limits.low[0])
    assert math.isnan(limits.high[0])
    assert limits.low[1] == 0


def test_shares_of_none_and_all_have_limits_of_their_own():
    assert share_limits([30], 0.0).high.tolist() == [0.0]
    assert share_limits([30], 1.0).low.tolist() == [1.0]


def test_index_returns_from_its_record():
    shift = population_stability([4, 6], [50, 50])
    assert result_from_dict(shift.to_dict()).to_dict() == shift.to_dict()


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: population_stability([1, 2], [1, 2, 3]), "must count the same categories, but"),
        (lambda: population_stability([1], [2]), "two categories or more are needed"),
        (lambda: population_stability([0.5, 1], [1, 1]), "counts must hold whole numbers"),
        (lambda: population_stability([1, 1], [-1, 1]), "baseline must hold whole numbers"),
        (lambda: stability_limit(-1, 5, n_categories=3), "n_cases must be a whole number"),
        (lambda: stability_limit(1, 5, n_categories=1), "two categories or more are needed"),
        (lambda: stability_limit(1, 5, n_categories=3, tail=2), "tail must lie from 0 to 1"),
        (lambda: kolmogorov_smirnov([1, math.nan], [1]), "values_a must not be missing"),
        (lambda: kolmogorov_smirnov([1], [math.inf]), "values_b must be finite"),
        (lambda: share_limits([3], 1.5), "share must lie from 0 to 1"),
        (lambda: share_limits([2.5], 0.5), "n_cases must hold whole numbers"),
    ],
)
def test_stability_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
