"""The model of Roe and Metz: ratings of a reader study as a sum of normal effects.

A rating is the mean of its truth and modality plus effects of reader, case and their interactions,
shared by the modalities or own to each. Effects of negative and of positive cases, and of readers
on them, are independent. ``roe_metz_ratings`` draws from the model, ``roe_metz_moments`` has the
exact moments of the AUCs that come of it, ``roe_metz_from_components`` finds the model of a pilot
study. ``RoeMetzComponents`` is the model of the paper, and with a ``spread`` that
of Hillis (2012); ``RoeMetzModel`` is that of Gallas and Hillis (2014), in which every variance
depends on truth and, where it is own, on the modality.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from toolkit.arrays import BoolArray, FloatArray
from toolkit.stats._checks import (
    Rng,
    check_count,
    check_numbers,
    check_positive,
    check_ratings,
    check_rng,
)
from toolkit.stats.binormal.binormal import both_below
from toolkit.stats.mrmc.moments import KINDS, NEGATIVE, POSITIVE, READER, AucMoments
from toolkit.stats.simulation.simulate import simulated_truth

_ROWS = 2  # negative, positive
_COLUMNS = 3  # reader, case, reader by case


@dataclass(frozen=True, kw_only=True)
class RoeMetzComponents:
    """Variances of the Roe-Metz model, those of negative cases where the two differ.

    Roe and Metz let the last four add up to 1, which makes ``separation`` count in standard
    deviations of a rating by a fixed reader.

    Parameters
    ----------
    reader, modality_reader : float
        Variance between readers, and of readers from one modality to the other.
    case, modality_case, reader_case : float
        Variance between cases, and of cases from one modality or one reader to the other.
    error : float
        What is left: the three-way interaction and the reader's own inconsistency.
    """

    reader: float
    modality_reader: float
    case: float
    modality_case: float
    reader_case: float
    error: float

    def __post_init__(self) -> None:
        """Refuse a variance that is negative or not finite, and a model without any."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in values.items():
            if not 0 <= value < math.inf:
                msg = f"variance component {name} must be finite and not negative, got {value!r}"
                raise ValueError(msg)
        if sum(values.values()) == 0:
            msg = "one variance component at least must be positive; all of them are 0"
            raise ValueError(msg)

    @property
    def total(self) -> float:
        """Variance of one rating over readers and negative cases."""
        return math.fsum(getattr(self, field.name) for field in fields(self))

    def of_difference(self, spread: float = 1.0) -> float:
        """Return the variance of a positive case's rating less a negative one's, one reader."""
        readers = self.reader + self.modality_reader
        return 2 * readers + (1 + spread**2) * (self.total - readers)


def _structures() -> dict[tuple[str, float], RoeMetzComponents]:
    """Return the twelve structures of Roe and Metz (1997)."""
    cases = {"L": (0.1, 0.1, 0.2, 0.6), "H": (0.3, 0.3, 0.2, 0.2)}
    readers = {
        "L": {0.75: 0.0055, 1.5: 0.0055, 2.5: 0.0055},
        "H": {0.75: 0.011, 1.5: 0.030, 2.5: 0.056},
    }
    return {
        (data + between, separation): RoeMetzComponents(
            reader=variance,
            modality_reader=variance,
            case=case,
            modality_case=modality_case,
            reader_case=reader_case,
            error=error,
        )
        for data, (case, modality_case, reader_case, error) in cases.items()
        for between, variances in readers.items()
        for separation, variance in variances.items()
    }


# Roe and Metz (1997), doi:10.1016/S1076-6332(97)80210-3: the first letter is the correlation of the
# ratings, high or low, the second the variance between readers; separations 0.75, 1.5 and 2.5 give
# a fixed median reader an AUC of 0.702, 0.856 and 0.962. Keys such as ("HL", 1.5).
ROE_METZ_1997: Mapping[tuple[str, float], RoeMetzComponents] = MappingProxyType(_structures())

# Hillis (2012), doi:10.1016/j.acra.2012.09.011: what real data have.
MEAN_TO_SIGMA_2012 = 4.5


@dataclass(frozen=True, kw_only=True, eq=False)
class RoeMetzModel:
    """The generalised model: every variance depends on truth and, where it is own, on modality.

    Parameters
    ----------
    separation : array_like, shape (n_modalities,)
        Mean rating of positive cases; negative ones have 0.
    shared : array_like, shape (2, 3)
        Variances of what the modalities share; rows negative and positive cases, columns reader,
        case, reader by case.
    own : array_like, shape (n_modalities, 2, 3)
        The same of what each modality adds; the last column holds the error as well.

    Raises
    ------
    ValueError
        If a shape does not fit, a mean is not finite, a variance is negative or not finite, or a
        modality has no variance at all.

    References
    ----------
    Gallas BD, Hillis SL. J Med Imaging 2014;1:031006. doi:10.1117/1.JMI.1.3.031006

    Examples
    --------
    >>> model = RoeMetzModel(separation=[1.5, 1.65], shared=[[0.03, 0.3, 0.2], [0.03, 0.3, 0.2]],
    ...                      own=np.full((2, 2, 3), [0.03, 0.3, 0.2]))
    >>> model.aucs.round(4)
    array([0.8485, 0.8714])
    """

    separation: FloatArray
    shared: FloatArray
    own: FloatArray

    def __post_init__(self) -> None:
        """Check the parameters and hold them as float64."""
        for name in ("separation", "shared", "own"):
            numbers = check_numbers(getattr(self, name), name=name)
            object.__setattr__(self, name, numbers.astype(np.float64))
        if self.separation.ndim != 1 or not self.separation.size:
            msg = f"separation must have shape (n_modalities,), but got {self.separation.shape}"
            raise ValueError(msg)
        if not np.isfinite(self.separation).all():
            msg = f"separation must be finite, but got {self.separation.tolist()}"
            raise ValueError(msg)
        shapes = {"shared": (_ROWS, _COLUMNS), "own": (self.n_modalities, _ROWS, _COLUMNS)}
        for name, shape in shapes.items():
            _check_variances(getattr(self, name), shape, name)
        if not (self.of_difference > 0).all():
            msg = "every modality must have a variance above 0; one has none at all"
            raise ValueError(msg)

    @property
    def n_modalities(self) -> int:
        """Number of modalities."""
        return int(self.separation.size)

    @property
    def of_difference(self) -> FloatArray:
        """Variance of a positive case's rating less a negative one's, shape (n_modalities,)."""
        total: FloatArray = self.shared.sum() + self.own.sum(axis=(1, 2))
        return total

    @property
    def aucs(self) -> FloatArray:
        """Area of each modality over all readers and cases, shape (n_modalities,)."""
        return np.asarray(ndtr(self.separation / np.sqrt(self.of_difference)), dtype=np.float64)


def _check_variances(values: FloatArray, shape: tuple[int, ...], name: str) -> None:
    """Refuse variances of the wrong shape, negative or not finite."""
    if values.shape != shape:
        msg = f"{name} must have shape {shape}, but got {values.shape}"
        raise ValueError(msg)
    if not ((values >= 0) & np.isfinite(values)).all():
        msg = f"{name} must hold variances, finite and not negative, but got {values.tolist()}"
        raise ValueError(msg)


def roe_metz_model(
    separation: ArrayLike, *, components: RoeMetzComponents, spread: float = 1.0
) -> RoeMetzModel:
    """Return the Roe-Metz model in the general form; with a ``spread`` it is that of Hillis (2012).

    Parameters
    ----------
    separation : array_like, shape (n_modalities,)
        Mean rating of positive cases.
    components : RoeMetzComponents
        Variances, those with a case as negative cases have them.
    spread : float
        Standard deviation of a fixed reader's ratings of positive cases over that of negative
        ones, 1 / b of the binormal curve: all variances with a case grow by its square.

    References
    ----------
    Hillis SL. Acad Radiol 2012;19:1518-1528. doi:10.1016/j.acra.2012.09.011

    Examples
    --------
    >>> model = roe_metz_model([1.5, 1.65], components=ROE_METZ_1997["HH", 1.5])
    >>> model.aucs.round(4)
    array([0.8485, 0.8714])
    """
    means = np.atleast_1d(check_numbers(separation, name="separation")).astype(np.float64)
    growth = np.array([[1.0], [check_positive(spread, name="spread") ** 2]])
    by_case = np.array([[0.0, 1.0, 1.0]])
    factor = np.where(by_case, growth, 1.0)
    shared = [components.reader, components.case, components.reader_case]
    own = [components.modality_reader, components.modality_case, components.error]
    return RoeMetzModel(
        separation=means,
        shared=factor * shared,
        own=np.tile(factor * own, (means.size, 1, 1)),
    )


def unequal_variance_structure(
    components: RoeMetzComponents, separation: float, *, mean_to_sigma: float = MEAN_TO_SIGMA_2012
) -> tuple[RoeMetzComponents, float, float]:
    """Return components, separation and spread of Hillis's version of a Roe-Metz structure.

    Parameters
    ----------
    components : RoeMetzComponents
        A structure of Roe and Metz, whose last four variances add up to 1.
    separation : float
        Its separation, above 0.
    mean_to_sigma : float
        Separation over (spread - 1), above the separation over sqrt(2).

    Returns
    -------
    tuple of RoeMetzComponents, float, float
        The AUC of the median reader is unchanged, and so is the size of the readers' variances
        against that of the cases: both are multiplied by (1 + spread^2) / 2.

    Examples
    --------
    >>> changed, separation, spread = unequal_variance_structure(ROE_METZ_1997["LH", 1.5], 1.5)
    >>> round(separation, 3), round(1 / spread, 3), round(changed.reader, 4)
    (1.831, 0.711, 0.0447)
    """
    deviate = check_positive(separation, name="separation") / math.sqrt(2)
    ratio = check_positive(mean_to_sigma, name="mean_to_sigma")
    if ratio <= deviate:
        msg = (
            f"mean_to_sigma must exceed separation / sqrt(2) = {deviate:.4g}, but got {ratio!r}; "
            "no spread gives so small a ratio at this AUC"
        )
        raise ValueError(msg)
    # deviate sqrt(1 + s^2) = ratio (s - 1), the larger root of a quadratic in s.
    square = ratio**2 - deviate**2
    spread = (ratio**2 + math.sqrt(ratio**4 - square**2)) / square
    growth = (1 + spread**2) / 2
    changed = RoeMetzComponents(
        reader=growth * components.reader,
        modality_reader=growth * components.modality_reader,
        case=components.case,
        modality_case=components.modality_case,
        reader_case=components.reader_case,
        error=components.error,
    )
    return changed, separation * math.sqrt(growth), spread


def modality_means(separation: float, modality_effect: ArrayLike) -> FloatArray:
    """Return the mean rating of positive cases, shape (n_modalities,) or with readers first."""
    effect = check_numbers(modality_effect, name="modality_effect").astype(np.float64)
    if effect.ndim not in (1, 2) or effect.size == 0 or not np.isfinite(effect).all():
        msg = (
            "modality_effect must be finite and have shape (n_modalities,) or "
            f"(n_readers, n_modalities), but got shape {effect.shape}"
        )
        raise ValueError(msg)
    if not math.isfinite(separation):
        msg = f"separation must be finite, but got {separation!r}"
        raise ValueError(msg)
    return separation + effect


def roe_metz_auc(
    separation: float,
    *,
    modality_effect: ArrayLike = (0.0, 0.0),
    components: RoeMetzComponents,
    spread: float = 1.0,
) -> FloatArray:
    """Return the true area of each modality in the Roe-Metz model, over all readers and cases.

    Parameters
    ----------
    separation, modality_effect, components, spread
        As for ``roe_metz_ratings``.

    Returns
    -------
    ndarray, shape of ``modality_effect``
        Phi((separation + effect) / SD of a positive case's rating less a negative one's); with a
        row a reader, the area expected of readers like that one.

    Examples
    --------
    >>> components = RoeMetzComponents(reader=0.0055, modality_reader=0.0055, case=0.3,
    ...                                modality_case=0.3, reader_case=0.2, error=0.2)
    >>> roe_metz_auc(1.5, modality_effect=(0, 0.15), components=components).round(4)
    array([0.8543, 0.877 ])
    """
    means = modality_means(separation, modality_effect)
    variance = components.of_difference(check_positive(spread, name="spread"))
    return np.asarray(ndtr(means / math.sqrt(variance)), dtype=np.float64)


def roe_metz_separation(
    auc: ArrayLike, *, components: RoeMetzComponents, spread: float = 1.0
) -> FloatArray:
    """Return the separations, one an area, at which the Roe-Metz model has these areas.

    Examples
    --------
    >>> components = RoeMetzComponents(reader=0.0055, modality_reader=0.0055, case=0.3,
    ...                                modality_case=0.3, reader_case=0.2, error=0.2)
    >>> roe_metz_separation([0.8543, 0.877], components=components).round(3)
    array([1.5 , 1.65])
    """
    areas = check_numbers(auc, name="auc").astype(np.float64)
    if not ((areas > 0) & (areas < 1)).all():
        msg = f"auc must lie between 0 and 1, but got {auc!r}: no finite separation gives it"
        raise ValueError(msg)
    variance = components.of_difference(check_positive(spread, name="spread"))
    return np.asarray(ndtri(areas) * math.sqrt(variance), dtype=np.float64)


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
    >>> from toolkit.stats.simulation.roe_metz import ROE_METZ_1997, roe_metz_model
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
        case_effect = check_ratings(
            case_effect, n_cases=truth.size, name="case_effect", axes=(), finite=True
        )
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
    >>> from toolkit.stats.simulation.roe_metz import ROE_METZ_1997
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
