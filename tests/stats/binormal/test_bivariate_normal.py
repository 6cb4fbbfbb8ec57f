"""Owen's function against quadrature in two dimensions and against closed forms."""

import numpy as np
import pytest
from scipy import special, stats

from toolkit.stats.binormal.binormal import both_below

POINTS = [-3.0, -1.2, 0.0, 0.4, 2.5]
NODE, WEIGHT = np.polynomial.legendre.leggauss(160)


def by_quadrature(h, k, rho):
    """P(X < h, Y < k): Gauss-Legendre over the square from -9, X conditional on Y not used."""

    def axis(end):
        half = (end + 9) / 2
        return -9 + half * (NODE + 1), half * WEIGHT

    (x, wx), (y, wy) = axis(h), axis(k)
    square = x[:, None] ** 2 - 2 * rho * x[:, None] * y + y**2
    density = np.exp(-square / (2 * (1 - rho**2))) / (2 * np.pi * np.sqrt(1 - rho**2))
    return wx @ density @ wy


@pytest.mark.parametrize("rho", [-0.8, -0.2, 0.0, 0.01, 0.3, 0.6, 0.9])
def test_both_below_is_the_integral_in_two_dimensions(rho):
    for h in POINTS:
        for k in POINTS:
            assert both_below(h, k, rho) == pytest.approx(by_quadrature(h, k, rho), abs=1e-10)


@pytest.mark.parametrize("rho", [-0.99, 0.0, 0.5, 0.999])
def test_both_below_at_zero_is_the_arcsine(rho):
    expected = 0.25 + np.arcsin(rho) / (2 * np.pi)
    assert both_below(0.0, 0.0, rho) == pytest.approx(expected, abs=1e-15)


def test_both_below_at_the_ends_of_correlation():
    h, k = np.meshgrid(POINTS, POINTS)
    below = special.ndtr
    np.testing.assert_allclose(both_below(h, k, 1.0), below(np.minimum(h, k)), atol=1e-15)
    np.testing.assert_allclose(
        both_below(h, k, -1.0), np.maximum(below(h) + below(k) - 1, 0), atol=1e-15
    )
    np.testing.assert_allclose(both_below(h, k, 0.0), below(h) * below(k), atol=1e-15)


def test_both_below_agrees_with_scipy():
    for h, k, rho in [(1.2, 0.4, 0.35), (-0.7, 2.1, -0.6), (0.0, -0.5, 0.2)]:
        law = stats.multivariate_normal(mean=[0, 0], cov=[[1, rho], [rho, 1]])
        assert both_below(h, k, rho) == pytest.approx(law.cdf([h, k]), abs=1e-8)
