"""The exact moments of readers' AUCs in the model of Roe and Metz."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from toolkit.arrays import FloatArray
from toolkit.stats._bivariate_normal import both_below
from toolkit.stats.mrmc._moments import KINDS, NEGATIVE, POSITIVE, READER
from toolkit.stats.mrmc.auc_moments import AucMoments
from toolkit.stats.roe_metz import RoeMetzModel


def roe_metz_moments(model: RoeMetzModel) -> AucMoments:
    """Return the exact moments of the empirical AUCs of studies drawn from a Roe-Metz model.

    Parameters
    ----------
    model : RoeMetzModel
        Generalised, or from ``roe_metz_model``.

    Returns
    -------
    AucMoments
        Its ``components`` are those of Obuchowski and Rockette, its ``covariance`` that of the mean
        AUCs, for any numbers of readers and cases.

    Notes
    -----
    The difference of a positive and a negative rating is normal, so each moment is a bivariate
    normal probability whose correlation is the variance of what is shared (Gallas and Hillis 2014;
    Hillis 2018). They integrate numerically; here it is Owen's function, to about 1e-16.

    References
    ----------
    Gallas BD, Hillis SL. J Med Imaging 2014;1:031006. doi:10.1117/1.JMI.1.3.031006

    Hillis SL. Stat Med 2018;37:2067-2093. doi:10.1002/sim.7616

    Examples
    --------
    >>> from toolkit.stats.roe_metz import ROE_METZ_1997, roe_metz_model
    >>> model = roe_metz_model([1.5, 1.65], components=ROE_METZ_1997["HH", 1.5])
    >>> moments = roe_metz_moments(model)
    >>> variance = moments.variance_of_difference(n_readers=5, n_negative=50, n_positive=50)
    >>> round(float(np.sqrt(variance[0, 1])), 4)
    0.0383
    """
    spread = np.sqrt(model.of_difference)
    deviate = model.separation / spread
    shared = _shared_variance(model)
    scale = (spread[:, np.newaxis] * spread)[..., np.newaxis]
    # The whole variance over itself is 1, which rounding must not exceed.
    correlation = np.clip(shared / scale, 0.0, 1.0)
    moments = both_below(deviate[:, None, None], deviate[None, :, None], correlation)
    moments[..., 0] = ndtr(deviate)[:, np.newaxis] * ndtr(deviate)
    return AucMoments(auc=model.aucs, moments=moments, method="Roe-Metz model, exact")


def _shared_variance(model: RoeMetzModel) -> FloatArray:
    """Return the covariance of two differences by what they share, shape (I, I, 8)."""
    n_modalities = model.n_modalities
    # Within one modality its own effects are shared as well.
    table = np.broadcast_to(model.shared, (n_modalities, n_modalities, 2, 3)).copy()
    own = np.arange(n_modalities)
    table[own, own] += model.own
    negative, positive = table[..., 0, :], table[..., 1, :]
    result = np.zeros((n_modalities, n_modalities, len(KINDS)))
    for kind in KINDS:
        reader, up, down = kind & READER, kind & POSITIVE, kind & NEGATIVE
        if reader:
            result[..., kind] += negative[..., 0] + positive[..., 0]
        if up:
            result[..., kind] += positive[..., 1] + (positive[..., 2] if reader else 0.0)
        if down:
            result[..., kind] += negative[..., 1] + (negative[..., 2] if reader else 0.0)
    return result
