"""Points, partial areas and the best operating point of a proper binormal curve."""

from __future__ import annotations

import math

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.stats._binormal_lr_model import away_from_zero, cells, deviates, domain, tails
from toolkit.stats._bivariate_normal import both_below


def widest(d_a: float, c: float) -> tuple[float, float]:
    """Return ends of v beyond which lie fewer than 1e-190 of the cases of both classes.

    The density of the class that reaches farther is not yet 0 there.
    """
    low, high = domain(d_a, c)
    reach = (30 + d_a * math.hypot(1, c) / 2) / (1 - abs(c))
    return max(low, -reach), min(high, reach)


def at_share(share: float, d_a: float, c: float, *, positive: bool) -> FloatArray:
    """Return the v above which a share of a class lies, shape (1,)."""
    from scipy.optimize import brentq  # costs a tenth of a second

    row = 0 if positive else 1

    def excess(v: float) -> float:
        return float(cells(np.array([v]), d_a, c)[row, 1]) - share

    return np.array([brentq(excess, *widest(d_a, c), xtol=1e-14, rtol=1e-14)])


def area_between(low: float, high: float, d_a: float, c: float) -> float:
    """Return the area under the curve from one 1 - specificity to another.

    It is the integral of the positive cases' share above v over the healthy cases' density. Each
    of both being a sum of two normal terms, it is one of bivariate normal probabilities: of
    phi(z) Phi(m + beta (z - n)), the integral to z is P(Z < z, X < (m - beta n) / root) where
    root^2 = 1 + beta^2 and X has the correlation -beta / root with Z.
    """
    c = away_from_zero(c)
    top, bottom = widest(d_a, c)[::-1]
    ends = [
        end if share in (0.0, 1.0) else float(at_share(share, d_a, c, positive=False)[0])
        for share, end in ((low, top), (high, bottom))
    ]
    z = deviates(np.array(ends), d_a, c)[1]
    positive, healthy = deviates(np.zeros(1), d_a, c)[:, :, 0]
    beta = (1 + c) / (1 - c)
    root = math.hypot(1, beta)
    limit = (positive[:, np.newaxis] - beta * healthy) / root
    below = both_below(z.T[:, np.newaxis], limit, -beta / root)  # end, positive term, healthy term
    return float((below[1] - below[0]).sum()) - (high - low) * (c > 0)


def best_utility(slope: float, d_a: float, c: float) -> float:
    """Return the largest share of positive cases above v less ``slope`` times that of healthy ones.

    The likelihood ratio ascends with v, so that it is best to cut where it is the slope; where it
    nowhere is, to call every case, or none.
    """
    from scipy.optimize import brentq  # costs a tenth of a second

    def gain(v: float) -> float:
        by_v = tails(np.array([v]), d_a, c).first[0, :, 0]
        return float(slope * by_v[1] - by_v[0])

    low, high = widest(d_a, c)
    if gain(low) > 0:
        return 1 - slope
    if gain(high) < 0:
        return 0.0
    v = brentq(gain, low, high, xtol=1e-13)
    positive, healthy = cells(np.array([v]), d_a, c)[:, 1]
    return float(positive - slope * healthy)
