"""The figures of merit of every reader in every modality, with their covariance over cases.

All inference on readers works on this table alone and never sees a rating, so whatever figure of
merit can be put into it, of ratings, calls or marks, has all of the inference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from toolkit.arrays import FloatArray
from toolkit.results import Better, Result, joined
from toolkit.stats.auc.curve import RatingFom, auc

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


def averaged_over(
    table: FomTable, *, levels: tuple[str, ...], other_levels: tuple[str, ...]
) -> FomTable:
    """Return the table of one factor, each level the mean over the levels of the other factor.

    Parameters
    ----------
    table : FomTable
        Its modalities are all combinations. Where they are named ``"level x other level"``, either
        factor first, as crossed workbooks are read, their names say which is which; other names
        must be in order: the levels of this factor, and within each those of the other.
    levels, other_levels : tuple of str
        Levels of the factor that is asked about, and of the one averaged over.

    Returns
    -------
    FomTable
        Modalities are ``levels``; analyse it with ``obuchowski_rockette``.

    Raises
    ------
    ValueError
        If the modalities are not as many as the combinations.

    Notes
    -----
    The mean over the other factor answers for equal use of its levels. Where the effect of one
    factor depends on the other, compare the combinations themselves.

    References
    ----------
    Thompson JD, Chakraborty DP, Szczepura K, et al. Med Phys 2016;43:1265-1274.
    doi:10.1118/1.4941017

    Examples
    --------
    >>> table = FomTable(
    ...     quantity="auc", value=np.array([[0.8, 0.82, 0.84, 0.88]]), covariance_method="none",
    ...     readers=("R1",), modalities=("a1", "a2", "b1", "b2"), n_cases=50, n_positive=20,
    ...     n_units=50, method="AUC")
    >>> first = averaged_over(table, levels=("a", "b"), other_levels=("1", "2"))
    >>> first.value.round(3).tolist()
    [[0.81, 0.86]]
    """
    n_levels, n_other = len(levels), len(other_levels)
    if n_levels * n_other != table.n_modalities:
        msg = (
            f"{n_levels} levels by {n_other} levels make {n_levels * n_other} combinations, but "
            f"the table has {table.n_modalities} modalities"
        )
        raise ValueError(msg)
    shape = (table.n_readers, n_levels, n_other)
    order = _places_of(table.modalities, levels, other_levels)
    covariance = table.covariance
    if covariance is not None:
        covariance = covariance[:, order][..., order].reshape(shape * 2).mean(axis=(2, 5))
    return replace(
        table,
        value=table.value[:, order].reshape(shape).mean(axis=2),
        covariance=covariance,
        modalities=levels,
        note=joined(table.note, f"each level is the mean over {', '.join(other_levels)}"),
    )


_JOIN = " x "  # between the levels of two factors, as readers of crossed workbooks write it


def _places_of(
    modalities: tuple[str, ...], levels: tuple[str, ...], other_levels: tuple[str, ...]
) -> list[int]:
    """Return where the combinations stand, by their names if these are of two factors."""
    for first in (True, False):
        names = [_JOIN.join((a, b) if first else (b, a)) for a, b in product(levels, other_levels)]
        if set(names) == set(modalities):
            return [modalities.index(name) for name in names]
    return list(range(len(modalities)))


def swapped(table: FomTable, *, levels: tuple[str, ...], other_levels: tuple[str, ...]) -> FomTable:
    """Return the table with its combinations in the order of the other factor.

    Parameters
    ----------
    table, levels, other_levels
        As in ``averaged_over``.

    Returns
    -------
    FomTable
        The levels of the other factor in order, and within each those of this one.
    """
    order = np.arange(table.n_modalities).reshape(len(levels), len(other_levels)).T.ravel()
    covariance = table.covariance
    if covariance is not None:
        covariance = covariance[:, order][:, :, :, order]
    names = tuple(table.modalities[place] for place in order)
    return replace(table, value=table.value[:, order], covariance=covariance, modalities=names)


Covariance = Literal["DeLong", "jackknife", "unbiased", "bootstrap", "none"]

COVARIANCES: tuple[Covariance, ...] = ("DeLong", "jackknife", "unbiased", "bootstrap", "none")

# Method, what it is defined for, what it is refused for and why.
RULES: tuple[tuple[str, str, str], ...] = (
    (
        "DeLong covariance",
        "empirical AUC; sensitivity and specificity at a threshold; patients after Obuchowski 1997",
        "other figures of merit: their placements do not exist",
    ),
    (
        "jackknife covariance",
        "smooth figures: AUC, partial AUC, sensitivity and specificity at a threshold, wAFROC, "
        "expected utility, AUC of a binormal or proper binormal fit",
        "quantiles such as sensitivity at a specificity, unless a peer is to be reproduced: it "
        "doubles their standard error",
    ),
    (
        "unbiased covariance, U-statistic and MLE variance, BDG degrees of freedom",
        "empirical AUC; sensitivity and specificity at a threshold",
        "other figures of merit, and cases that cluster in patients: their moments are others",
    ),
    (
        "bootstrap covariance",
        "every figure of merit, the threshold estimated anew in each resample",
        "fewer than 2,000 resamples",
    ),
    (
        "Obuchowski-Rockette, crossed",
        "fully crossed studies; cases nested in reader or in modality, in balanced groups",
        "missing readings: the averaged covariances are then of no design",
    ),
    (
        "Obuchowski-Rockette after Hillis 2014",
        "readers nested in modality, split plots, in balanced groups",
        "groups of different size: take the U-statistic",
    ),
    (
        "DBM",
        "fully crossed studies, smooth figures, independent cases",
        "missing readings, and patients with several cases",
    ),
    (
        "U-statistic (BDG), MLE",
        "any pattern of readings",
        "cases that cluster in patients",
    ),
    (
        "Obuchowski-Rockette with averaged covariances (`or_averaged`)",
        "reproducing MRMCaov where readings are missing",
        "any other purpose, and never by default: no design justifies it",
    ),
    (
        "one AI against readers",
        "one fixed AI and a random sample of readers of the same cases",
        "the AUC of readers with two levels of ratings, for it is one operating point",
    ),
    (
        "fixed readers (cases random)",
        "a statement on these very readers",
        "the primary analysis of a study that compares reading with and without AI",
    ),
    (
        "fixed cases (readers random)",
        "a statement on these very cases; needs no covariance",
        "one reader",
    ),
)


def is_share(fom: RatingFom) -> bool:
    """Whether a figure is a share of the cases of one class, as a sensitivity at a threshold."""
    return fom.uses != "all" and fom.smooth


def default_covariance(fom: RatingFom) -> Covariance:
    """Return the covariance that is taken if none is asked for."""
    if fom is auc or is_share(fom):
        return "DeLong"
    return "jackknife" if fom.smooth else "bootstrap"


def require_covariance(covariance: Covariance, fom: RatingFom, *, clustered: bool) -> None:
    """Refuse a covariance that is not defined for a figure of merit, by name."""
    exact = fom is auc or is_share(fom)
    if covariance in ("DeLong", "unbiased") and not exact:
        msg = (
            f"covariance={covariance!r} is defined for the empirical AUC and for sensitivity and "
            f"specificity at a threshold, not for {fom.__name__}; take "
            f"{default_covariance(fom)!r}"
        )
        raise ValueError(msg)
    if covariance == "unbiased" and clustered:
        msg = (
            "covariance='unbiased' needs independent cases, but some patients have several; take "
            "'DeLong', which then is that of Obuchowski (1997)"
        )
        raise ValueError(msg)


def require_patients(n_patients: int, n_cases: int) -> None:
    """Refuse repeated patients where an analysis takes cases as independent."""
    if n_patients < n_cases:
        msg = (
            f"{n_cases} cases are of {n_patients} patients, but the analysis takes cases as "
            "independent; give cluster= the patient of each case"
        )
        raise ValueError(msg)


def quantile_note(fom: RatingFom, covariance: Covariance) -> str:
    """Warn where a jackknife of a quantile was asked for; empty elsewhere."""
    if covariance != "jackknife" or fom.smooth:
        return ""
    return (
        f"the jackknife does not suit {fom.__name__}, which jumps where a case is left out: its "
        "standard error is about twice the true one; only to reproduce another program"
    )
