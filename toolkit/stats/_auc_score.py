"""The score interval of an AUC: its variance is taken at the limit, not at the estimate.

Where the two classes are normal with equal variances, the placements of either class have the
same variance, which the AUC alone determines. A limit is the AUC from which the estimate is just
as far as that variance allows. So the interval is wide on the side on which the AUC has room, and
does not narrow where DeLong's variance is small because the AUC is high by chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri, owens_t

from toolkit.arrays import FloatArray

_FURTHEST_PROBIT = 38.0  # ndtr(-38) is the last above 0
_HALVINGS = 60  # of an interval of probits below 80: to within rounding


def placement_variance(probit: ArrayLike) -> FloatArray:
    """Return the variance of a placement at the AUC whose probit is given, binormal model.

    The placement of a positive case x is the share of negatives below it; its mean square is the
    chance that two negatives lie below x. That is P(Z1 < h, Z2 < h) with correlation 1/2 and
    h = probit(AUC), which is ndtr(h) - 2 T(h, 1 / sqrt(3)) with Owen's T.
    """
    h = np.asarray(probit, dtype=np.float64)
    variance = ndtr(h) * ndtr(-h) - 2 * owens_t(h, 1 / np.sqrt(3))
    return np.asarray(np.maximum(variance, 0.0))


def score_limits(
    auc: ArrayLike,
    *,
    variance: ArrayLike,
    single_variance: ArrayLike,
    inverse_sizes: ArrayLike,
    t: ArrayLike,
) -> tuple[FloatArray, FloatArray]:
    """Return the AUCs theta with |auc - theta| = t sqrt(V(theta)); all arguments broadcast.

    V(theta) = c k placement_variance(theta) (1 / m + 1 / n). The factor k = max(1, DeLong's
    variance of one reader over the model's at ``auc``) widens the interval where the scores vary
    more than the model says, as with unequal variances or clusters; it never narrows it, for
    DeLong's variance is small by chance just where the AUC is high by chance. The factor c is
    what the mean of several readers saves.

    Parameters
    ----------
    auc : array_like
        Above 0 and below 1.
    variance, single_variance : array_like
        DeLong's variance of the estimate, and that of a single reader, the same where there is
        one; where it is 0, c is 1.
    inverse_sizes : array_like
        1 / m + 1 / n.
    t : array_like
        Quantile of the confidence level.
    """
    arguments = (auc, variance, single_variance, inverse_sizes, t)
    estimate, total, single, inverse, quantile = np.broadcast_arrays(
        *(np.asarray(argument, dtype=np.float64) for argument in arguments)
    )
    model = placement_variance(ndtri(estimate)) * inverse
    excess = np.maximum(1.0, single / model)
    saved = np.divide(total, single, out=np.ones_like(estimate), where=single > 0)
    reach = quantile**2 * saved * excess * inverse
    low, below_high = _lower(np.array([estimate, 1 - estimate]), reach)
    return low, 1 - below_high


def _lower(auc: FloatArray, reach: Any) -> FloatArray:
    """Return the theta below ``auc`` with (auc - theta)^2 = reach placement_variance(theta).

    (auc - theta) / sqrt(placement_variance) falls from infinity to 0 between 0 and auc, so that
    there is one root; halving the probits finds it without a derivative.
    """
    low = np.full(auc.shape, -_FURTHEST_PROBIT)
    high = np.clip(ndtri(auc), -_FURTHEST_PROBIT, _FURTHEST_PROBIT)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = auc - ndtr(middle) > np.sqrt(reach * placement_variance(middle))
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(ndtr((low + high) / 2))
