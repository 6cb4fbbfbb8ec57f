"""Draw the ratings of a reader study from the model of Roe and Metz."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import BoolArray, FloatArray
from toolkit.stats._checks import Rng, check_count, check_rating, check_rng
from toolkit.stats.roe_metz import (
    RoeMetzComponents,
    RoeMetzModel,
    modality_means,
    roe_metz_model,
)
from toolkit.stats.simulate import simulated_truth


def roe_metz_ratings(  # noqa: PLR0913 - how many, and one argument for each part of the model
    n_negative: int,
    n_positive: int,
    n_readers: int,
    *,
    separation: float,
    modality_effect: ArrayLike = (0.0, 0.0),
    components: RoeMetzComponents,
    rng: Rng,
    spread: float = 1.0,
    case_effect: ArrayLike | None = None,
) -> FloatArray:
    """Draw the ratings of a reader study in which all readers read all cases in all modalities.

    Parameters
    ----------
    n_negative, n_positive, n_readers : int
        Cases without and with the disease, and readers.
    separation : float
        Mean rating of positive cases before any modality effect; negative cases have mean 0.
    modality_effect : array_like, shape (n_modalities,) or (n_readers, n_modalities)
        What each modality adds to the separation, for all readers or reader by reader.
    components : RoeMetzComponents
        Variances of the random effects.
    rng : int, SeedSequence or Generator
        Source of randomness.
    spread : float
        As for ``roe_metz_model``.
    case_effect : array_like, shape (n_cases,), optional
        Standard normal effects of the cases, drawn here by default; give them so that another
        test of the same cases can share them. They are scaled by ``components.case``.

    Returns
    -------
    ndarray, shape (n_cases, n_readers, n_modalities)
        Ratings of the cases of ``simulated_truth``; the true areas are ``roe_metz_auc``.

    Notes
    -----
    Effects of readers are drawn apart for positive and for negative cases, as in the paper, and
    are random: the areas of the readers drawn scatter around the true one.

    References
    ----------
    Roe CA, Metz CE. Dorfman-Berbaum-Metz method for statistical analysis of multireader,
    multimodality receiver operating characteristic data: validation with computer simulation.
    Acad Radiol 1997;4:298-303. doi:10.1016/S1076-6332(97)80210-3.

    Examples
    --------
    >>> components = RoeMetzComponents(reader=0.0055, modality_reader=0.0055, case=0.3,
    ...                                modality_case=0.3, reader_case=0.2, error=0.2)
    >>> roe_metz_ratings(140, 100, 10, separation=1.5, modality_effect=(0, 0.15),
    ...                  components=components, rng=20260101).shape
    (240, 10, 2)
    """
    truth = simulated_truth(n_negative, n_positive)
    n_readers = check_count(n_readers, name="n_readers")
    means = modality_means(separation, modality_effect)
    if means.ndim == 2 and means.shape[0] != n_readers:
        msg = f"modality_effect must have one row a reader ({n_readers}), but got {means.shape}"
        raise ValueError(msg)
    model = roe_metz_model(np.zeros(means.shape[-1]), components=components, spread=spread)
    if case_effect is not None:
        case_effect = check_rating(case_effect, n_cases=truth.size, name="case_effect")
    return _draw(model, truth, truth[:, None, None] * means, n_readers, check_rng(rng), case_effect)


def general_roe_metz_ratings(
    model: RoeMetzModel, n_negative: int, n_positive: int, n_readers: int, *, rng: Rng
) -> FloatArray:
    """Draw the ratings of a fully crossed reader study from the generalised Roe-Metz model.

    Parameters
    ----------
    model : RoeMetzModel
        Means and variances.
    n_negative, n_positive, n_readers, rng
        As for ``roe_metz_ratings``, which draws the same ratings where the model is one of its.

    Returns
    -------
    ndarray, shape (n_cases, n_readers, n_modalities)
        Ratings of the cases of ``simulated_truth``; the true areas are ``model.aucs``.

    Examples
    --------
    >>> from toolkit.stats.roe_metz import ROE_METZ_1997
    >>> model = roe_metz_model([1.5, 1.65], components=ROE_METZ_1997["HH", 1.5], spread=1.2)
    >>> general_roe_metz_ratings(model, 60, 40, 5, rng=20260101).shape
    (100, 5, 2)
    """
    truth = simulated_truth(n_negative, n_positive)
    n_readers = check_count(n_readers, name="n_readers")
    means = truth[:, None, None] * model.separation
    return _draw(model, truth, means, n_readers, check_rng(rng))


def _draw(
    model: RoeMetzModel,
    truth: BoolArray,
    means: FloatArray,
    n_readers: int,
    generator: np.random.Generator,
    case_effect: FloatArray | None = None,
) -> FloatArray:
    """Return the means and all random effects added up, (n_cases, n_readers, n_modalities)."""
    state, n_cases, n_modalities = truth.astype(np.intp), truth.size, model.n_modalities
    shared, own = np.sqrt(model.shared), np.sqrt(model.own).transpose(1, 0, 2)
    normal = generator.standard_normal
    case = normal(n_cases) if case_effect is None else case_effect
    case = (shared[state, 1] * case)[:, None, None]
    reader = (normal((2, n_readers, 1)) * shared[:, 0, None, None])[state]
    reader_modality = normal((2, n_readers, n_modalities)) * own[:, None, :, 0]
    case_modality = normal((n_cases, 1, n_modalities)) * own[state, None, :, 1]
    reader_case = normal((n_cases, n_readers, 1)) * shared[state, 2][:, None, None]
    error = normal((n_cases, n_readers, n_modalities)) * own[state, None, :, 2]
    effects = reader + reader_modality[state] + case + case_modality + reader_case
    return np.asarray(means + effects + error, dtype=np.float64)
