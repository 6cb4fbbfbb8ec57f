"""The figures of merit of every reader in every modality, with their covariance over cases.

All inference on readers works on this table alone and never sees a rating, so whatever figure of
merit can be put into it, of ratings, calls or marks, has all of the inference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import FloatArray
from toolkit.results import Better, Result

_ASYMMETRY = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class FomTable(Result):
    """Figures of merit of readers in modalities and their covariance.

    Parameters
    ----------
    quantity : str
        The figure of merit: ``"auc"``, ``"sensitivity"``, ...
    value : ndarray, shape (n_readers, n_modalities)
        NaN where a reader did not read in a modality, or where the figure is undefined, which the
        note then says.
    covariance : ndarray, shape (n_readers, n_modalities, n_readers, n_modalities), optional
        Covariance over cases; 0 between figures that share no case. None where cases are fixed.
    covariance_method : str
        How it was estimated: ``"DeLong"``, ``"jackknife"``, ``"unbiased"``, ...
    readers, modalities : tuple of str
        Names along the axes.
    n_cases, n_positive : int
        Cases used.
    n_units : int
        Cases, or patients, that the covariance takes as independent.
    n_clusters : int, optional
        Patients, where cases cluster in patients.
    low, high : float
        Smallest and largest value of the figure.
    better : {"higher", "lower"}
        Its good direction.

    Raises
    ------
    ValueError
        If the shapes do not fit, or the covariance is not symmetric.
    """

    quantity: str
    value: FloatArray
    covariance: FloatArray | None = None
    covariance_method: str
    readers: tuple[str, ...]
    modalities: tuple[str, ...]
    n_cases: int
    n_positive: int
    n_units: int
    n_clusters: int | None = None
    low: float = 0.0
    high: float = 1.0
    better: Better = "higher"

    def __post_init__(self) -> None:
        """Refuse shapes that do not fit."""
        super().__post_init__()
        shape = (len(self.readers), len(self.modalities))
        if self.value.shape != shape:
            msg = (
                f"value must have shape (n_readers, n_modalities) = {shape} as the names have, "
                f"but got {self.value.shape}"
            )
            raise ValueError(msg)
        if self.covariance is not None:
            _check_covariance(self.covariance, shape)

    @property
    def n_readers(self) -> int:
        """Number of readers."""
        return len(self.readers)

    @property
    def n_modalities(self) -> int:
        """Number of modalities."""
        return len(self.modalities)

    @property
    def is_crossed(self) -> bool:
        """Whether every reader has a figure in every modality."""
        return not bool(np.isnan(self.value).any())

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a reader and modality: its figure and its standard error."""
        variance = np.full(self.value.shape, math.nan)
        if self.covariance is not None:
            variance = np.einsum("jiji->ji", self.covariance)
        names = [(reader, modality) for reader in self.readers for modality in self.modalities]
        return _FomRows(
            label=np.array([f"{reader}, {modality}" for reader, modality in names]),
            quantity=self.quantity,
            estimate=self.value.ravel(),
            std_error=np.sqrt(variance).ravel(),
            n_cases=self.n_cases,
            n_positive=self.n_positive,
            method=self.method,
            note=self.note,
        ).summary_frame()


@dataclass(frozen=True, kw_only=True, eq=False)
class _FomRows(Result):
    """The figures of a FomTable in the columns of the glossary."""

    label: NDArray[np.str_]
    quantity: str
    estimate: FloatArray
    std_error: FloatArray
    n_cases: int
    n_positive: int


def _check_covariance(covariance: FloatArray, shape: tuple[int, int]) -> None:
    """Refuse a covariance of another shape, or one that is not symmetric."""
    if covariance.shape != shape * 2:
        msg = (
            "covariance must have shape (n_readers, n_modalities, n_readers, n_modalities) = "
            f"{shape * 2}, but got {covariance.shape}"
        )
        raise ValueError(msg)
    mirrored = covariance.transpose(2, 3, 0, 1)
    scale = float(np.nanmax(np.abs(covariance), initial=0.0))
    if not np.allclose(covariance, mirrored, rtol=0, atol=_ASYMMETRY * scale, equal_nan=True):
        msg = "covariance must be symmetric in its two pairs of axes, but it is not"
        raise ValueError(msg)
