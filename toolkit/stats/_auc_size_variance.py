"""Variance of one AUC and covariance of two for the size of a study, ratings being binormal."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from toolkit.stats._bivariate_normal import both_below

_SQRT_2_AS_PRINTED = 1.414


@dataclass(frozen=True, kw_only=True)
class BinormalRating:
    """A binormal rating, negative cases standard normal."""

    auc: float
    spread: float

    @property
    def a(self) -> float:
        """Intercept of the binormal curve."""
        return float(ndtri(self.auc)) * math.hypot(1.0, 1 / self.spread)

    @property
    def b(self) -> float:
        """Slope of the binormal curve."""
        return 1 / self.spread


def exact_covariance(
    first: BinormalRating,
    second: BinormalRating,
    correlation: tuple[float, float],
    n_positive: float,
    n_negative: float,
) -> float:
    """Return the exact covariance of two empirical AUCs of the same cases (Gallas 2006).

    ``correlation`` of the two ratings among positive and among negative cases.
    """
    scale = math.hypot(1.0, first.spread) * math.hypot(1.0, second.spread)
    up = correlation[0] * first.spread * second.spread / scale
    down = correlation[1] / scale
    deviates = float(ndtri(first.auc)), float(ndtri(second.auc))
    both = both_below(*deviates, np.array([up, down, min(up + down, 1.0)]))
    more = both - first.auc * second.auc
    shares = np.array([(n_negative - 1), (n_positive - 1), 1]) / (n_positive * n_negative)
    return float(shares @ more)


def obuchowski_2004_error(auc: float, n_positive: float, n_negative: float) -> float:
    """Return the standard error of an AUC (Obuchowski and others 2004, eq. 3), as printed."""
    a = float(ndtri(auc)) * _SQRT_2_AS_PRINTED
    ratio = n_negative / n_positive
    per_positive = 0.0099 * math.exp(-a * a / 2) * ((5 * a * a + 8) + (a * a + 8) / ratio)
    return math.sqrt(per_positive / n_positive)


def obuchowski_1997_covariance(
    first: BinormalRating,
    second: BinormalRating,
    correlation: tuple[float, float],
    n_positive: float,
    n_negative: float,
) -> float:
    """Return a covariance of two binormal AUCs (Obuchowski and McClish 1997, table 1), as printed.

    Of one AUC with itself the covariance of its two parameters is left out.
    """
    up, down = correlation
    ratio = n_negative / n_positive
    (f1, g1), (f2, g2) = _slopes(first), _slopes(second)
    a1, a2, b1, b2 = first.a, second.a, first.b, second.b
    per_positive = f1 * f2 * (up + down * b1 * b2 / ratio + up**2 * a1 * a2 / 2)
    per_positive += g1 * g2 * b1 * b2 * (down**2 + ratio * up**2) / (2 * ratio)
    if correlation != (1.0, 1.0):
        per_positive += f1 * g2 * up**2 * a1 * b2 / 2 + f2 * g1 * up**2 * a2 * b1 / 2
    return per_positive / n_positive


def _slopes(rating: BinormalRating) -> tuple[float, float]:
    """Return the derivatives of the AUC by a and by b of the binormal curve."""
    one = 1 + rating.b**2
    peak = math.exp(-(rating.a**2) / (2 * one))
    return (
        peak / math.sqrt(2 * math.pi * one),
        -peak * rating.a * rating.b / math.sqrt(2 * math.pi * one**3),
    )
