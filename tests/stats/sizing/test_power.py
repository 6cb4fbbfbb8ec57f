"""Probabilities of rejection against the mixtures that define them, and against simulation."""

import numpy as np
import pytest
from scipy import special, stats

from toolkit.stats.sizing.proportions import (
    first_size,
    power_of_f,
    power_of_margin,
    power_of_normal,
    power_of_two_margins,
)


def f_mixture(noncentrality, df1, df2, size):
    """P(F > critical): a Poisson mixture of incomplete beta functions, summed here."""
    critical = stats.f.isf(size, df1, df2)
    j = np.arange(2000)
    weight = stats.poisson.pmf(j, noncentrality / 2)
    share = df1 * critical / (df1 * critical + df2)
    return (weight * special.betaincc(df1 / 2 + j, df2 / 2, share)).sum()


@pytest.mark.parametrize("df1", [1, 2])
@pytest.mark.parametrize("df2", [1.0, 4.0, 15.26, 877.9])
def test_power_of_f_is_the_mixture(df1, df2):
    for noncentrality in (0.0, 0.3, 5.7, 11.6, 60.0):
        found = power_of_f(noncentrality, df1, df2, 0.05)
        assert found == pytest.approx(f_mixture(noncentrality, df1, df2, 0.05), abs=1e-9)


def test_power_of_f_without_effect_is_the_size_and_grows_to_the_chi_square():
    assert power_of_f(0.0, 1, [3.0, np.inf], 0.05) == pytest.approx([0.05, 0.05], abs=1e-9)
    far = power_of_f(8.0, 2, [1e7, np.inf], 0.05)
    assert far[0] == pytest.approx(far[1], abs=1e-6)
    two_sided = stats.norm.sf(1.959963984540054 - 2.5) + stats.norm.cdf(-1.959963984540054 - 2.5)
    assert power_of_f(2.5**2, 1, np.inf, 0.05) == pytest.approx(two_sided, abs=1e-12)


@pytest.mark.parametrize("df", [1.0, 4.0, 15.3, 200.0, np.inf])
def test_two_margins_far_apart_are_one(df):
    for distance in (0.5, 2.8, 5.0):
        one = power_of_margin(distance, df, 0.025)
        both = power_of_two_margins(distance, 1e9, df, 0.025)
        assert both == pytest.approx(float(one), abs=1e-9)
        assert power_of_two_margins(1e9, distance, df, 0.025) == pytest.approx(float(both))


@pytest.mark.parametrize(
    ("low", "high", "df"), [(3.0, 3.0, 4.0), (2.5, 4.0, 12.0), (2.1, 2.2, 30.0), (4.0, 3.0, np.inf)]
)
def test_margins_are_what_simulation_finds(low, high, df):
    draw = np.random.default_rng(20260101)
    n = 400_000
    z = draw.standard_normal(n)
    s = np.ones(n) if np.isinf(df) else np.sqrt(draw.chisquare(df, n) / df)
    critical = stats.t.isf(0.025, df)
    above, below = (z + low) / s > critical, (high - z) / s > critical
    chance = 4 * 0.5 / np.sqrt(n)
    assert power_of_margin(low, df, 0.025) == pytest.approx(above.mean(), abs=chance)
    found = power_of_two_margins(low, high, df, 0.025)
    assert found == pytest.approx((above & below).mean(), abs=chance)


def test_margins_that_are_too_near_cannot_both_be_rejected():
    assert power_of_two_margins(0.5, 0.5, np.inf, 0.025) == 0
    assert 0 < power_of_two_margins(0.5, 0.5, 5.0, 0.025) < 0.1


def test_power_of_normal():
    assert power_of_normal(0.1, 0.05, 0.025) == pytest.approx(
        stats.norm.cdf(2 - 1.959964), abs=1e-7
    )
    halved = power_of_normal(0.1, 0.05, 0.025, null_error=0.025)
    assert halved == pytest.approx(stats.norm.cdf(2 - 1.959964 / 2), abs=1e-7)


def test_first_size_waits_until_it_stays():
    assert first_size(lambda n: n >= 77, most=1000) == 77
    assert first_size(lambda n: n >= 77 and n not in (80, 95), most=1000) == 96
    assert first_size(lambda n: n >= 2, most=1000) == 2
    assert first_size(lambda n: n >= 1001, most=1000) is None
    assert first_size(lambda n: n >= 1000, most=1000) == 1000
