"""The Roe-Metz model whose reader studies have wanted AUCs and variance components."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from toolkit.arrays import FloatArray
from toolkit.results import Result
from toolkit.stats._checks import check_inner_share, check_numbers, check_positive
from toolkit.stats.binormal.binormal import both_below
from toolkit.stats.mrmc.study_components import StudyComponents
from toolkit.stats.simulation.roe_metz import RoeMetzComponents, RoeMetzModel, roe_metz_model

_IMPROPER_BELOW = 2.0
_GRID = 200
_SMALLEST = -1e-12  # a difference that is 0 but for rounding


@dataclass(frozen=True, kw_only=True, eq=False)
class RoeMetzParameters(Result):
    """Parameters of the Roe-Metz model of Hillis (2012) that give wanted components.

    ``separation`` has one entry a modality; variances with a case are those of negative cases and
    grow by ``spread`` squared for positive ones.
    """

    separation: FloatArray
    reader: float
    modality_reader: float
    case: float
    modality_case: float
    reader_case: float
    error: float
    spread: float

    @property
    def components(self) -> RoeMetzComponents:
        """The variances, as the simulators take them."""
        return RoeMetzComponents(
            reader=self.reader,
            modality_reader=self.modality_reader,
            case=self.case,
            modality_case=self.modality_case,
            reader_case=self.reader_case,
            error=self.error,
        )

    @property
    def model(self) -> RoeMetzModel:
        """The model in the general form."""
        return roe_metz_model(self.separation, components=self.components, spread=self.spread)

    @property
    def mean_to_sigma(self) -> FloatArray:
        """Separation over (spread - 1), shape (n_modalities,); infinite at equal variances."""
        if self.spread == 1:
            return np.full(self.separation.shape, math.inf)
        ratio: FloatArray = self.separation / (self.spread - 1)
        return ratio

    @property
    def improper_share(self) -> FloatArray:
        """Share of readers whose curve is visibly improper, shape (n_modalities,).

        Those whose own mean-to-sigma ratio lies below 2 (Hillis 2012).
        """
        if self.spread == 1:
            return np.zeros(self.separation.shape)
        between = math.sqrt(2 * (self.reader + self.modality_reader))
        limit = _IMPROPER_BELOW * abs(self.spread - 1)
        share: FloatArray = ndtr((limit - self.separation) / between)
        return share


def roe_metz_from_components(
    auc: ArrayLike,
    components: StudyComponents,
    *,
    spread: float | None = None,
    largest_spread: float = 20.0,
) -> RoeMetzParameters:
    """Return the Roe-Metz model whose studies have these AUCs and variance components.

    Parameters
    ----------
    auc : array_like, shape (2,)
        Expected AUC of each modality, above 0.5 in the mean.
    components : StudyComponents
        With ``var_reader`` and ``n_positive``; from a pilot study or a paper.
    spread : float, optional
        Standard deviation of positive over that of negative ratings. If given, ``var_error`` is
        not matched (it follows from the spread), but the correlations Cov / var_error are. If not
        given, the spread of 1 or more that matches ``var_error`` is found.
    largest_spread : float
        Where the search ends.

    Returns
    -------
    RoeMetzParameters
        Variances with a case add up to 1 for negative cases.

    Raises
    ------
    ValueError
        If an argument is malformed, or no such model exists: the variances are too large for
        these AUCs, or the correlations do not fit together.

    Notes
    -----
    Each unknown is a root, found in turn: reader variances, spread, then the variances of cases
    (Hillis 2022). All functions are monotone but ``var_error`` of the spread, which has a minimum
    if there are more positive than negative cases: then there can be two solutions, the note says
    so, and the one of the smaller spread is returned.

    References
    ----------
    Hillis SL, Smith BJ, Chen W. J Med Imaging 2022;9:045501. doi:10.1117/1.JMI.9.4.045501

    Examples
    --------
    >>> pilot = StudyComponents(
    ...     var_reader=0.00154, var_reader_modality=0.000208, var_error=0.000788, cov1=0.000341,
    ...     cov2=0.000339, cov3=0.000236, n_cases=114, n_positive=45, method="VanDyke")
    >>> from toolkit.stats.simulation.roe_metz import roe_metz_moments
    >>> found = roe_metz_from_components([0.897, 0.941], pilot)
    >>> back = roe_metz_moments(found.model).components(69, 45)
    >>> round(found.spread, 2), round(back.var_error, 9)
    (1.52, 0.000788)
    """
    deviate = ndtri(_check_aucs(auc))
    n_negative, n_positive = _require_counts(components)
    if components.var_reader is None:
        msg = "components needs var_reader, the variance between readers, but has none"
        raise ValueError(msg)
    search = _Search(deviate=deviate, n_negative=n_negative, n_positive=n_positive)
    both = components.var_reader + components.var_reader_modality
    # Hillis (2022): x3 and x4, the readers' share of the variance of a difference of ratings.
    across = search.solve(search.of_reader_across, components.var_reader, 1.0, "var_reader")
    within = search.solve(search.of_reader_within, both, 1.0, "var_reader_modality")
    search = _Search(
        deviate=deviate,
        n_negative=n_negative,
        n_positive=n_positive,
        reader_across=across,
        reader_within=within,
    )
    if spread is not None:
        return search.parameters(check_positive(spread, name="spread"), "", components)
    return search.parameters(
        *search.spread_of_error(components.var_error, largest_spread), components
    )


def _check_aucs(auc: ArrayLike) -> FloatArray:
    """Return two AUCs, neither 0 nor 1."""
    areas = check_numbers(auc, name="auc").astype(np.float64)
    if areas.shape != (2,):
        msg = f"auc must have shape (2,), one a modality, but got {areas.shape}"
        raise ValueError(msg)
    return np.array([check_inner_share(float(area), name="auc") for area in areas])


def _require_counts(components: StudyComponents) -> tuple[int, int]:
    """Return the numbers of negative and positive cases."""
    positive = components.n_positive
    if positive is None or not 0 < positive < components.n_cases:
        msg = (
            f"components needs n_positive, between 0 and n_cases = {components.n_cases}, but got "
            f"{positive!r}: variances depend on both numbers of cases"
        )
        raise ValueError(msg)
    return components.n_cases - positive, positive


@dataclass(frozen=True, kw_only=True, eq=False)
class _Search:
    """The functions whose roots are the parameters, ``deviate`` (2,) of the AUCs given.

    ``reader_across`` and ``reader_within`` are the readers' share of the variance of a difference
    of ratings, that of two modalities and of one.
    """

    deviate: FloatArray
    n_negative: int
    n_positive: int
    reader_across: float = 0.0
    reader_within: float = 0.0

    def _across(self, correlation: float) -> float:
        """Return P(right in both modalities) where differences correlate so."""
        return float(both_below(self.deviate[0], self.deviate[1], correlation))

    def _within(self, correlation: float) -> float:
        """Return P(right twice in one modality), averaged over the two."""
        return float(both_below(self.deviate, self.deviate, correlation).mean())

    def of_reader_across(self, correlation: float) -> float:
        """Return the variance between readers."""
        return self._across(correlation) - self._across(0.0)

    def of_reader_within(self, correlation: float) -> float:
        """Return the variance of readers within one modality."""
        return self._within(correlation) - self._within(0.0)

    def over_cases(
        self, both_right: Callable[[float], float], readers: float, cases: float, spread: float
    ) -> float:
        """Return a covariance over cases, their shared variance being ``cases``."""
        unit = cases * (1 - self.reader_within) / (1 + spread**2)
        shares = 1 / self.n_positive, 1 / self.n_negative
        moments = (
            both_right(readers + unit * spread**2),
            both_right(readers + unit),
            both_right(min(readers + unit * (1 + spread**2), 1.0)),
            both_right(readers),
        )
        return (
            shares[0] * (1 - shares[1]) * (moments[0] - moments[3])
            + shares[1] * (1 - shares[0]) * (moments[1] - moments[3])
            + shares[0] * shares[1] * (moments[2] - moments[3])
        )

    def error_of_spread(self, spread: float) -> float:
        """Return the variance of one reader over cases."""
        return self.over_cases(self._within, self.reader_within, 1.0, spread)

    def solve(
        self,
        function: Callable[[float], float],
        target: float,
        end: float,
        name: str,
        *,
        start: float = 0.0,
    ) -> float:
        """Return where a monotone function from ``start`` to ``end`` is the target."""
        from scipy.optimize import brentq

        first, last = function(start), function(end)
        if not min(first, last) <= target <= max(first, last):
            msg = (
                f"no Roe-Metz model gives {name} = {target:.6g} with what was found before: it can "
                f"lie from {min(first, last):.6g} to {max(first, last):.6g}"
            )
            raise ValueError(msg)
        return float(brentq(lambda x: function(x) - target, start, end, xtol=1e-15, rtol=1e-14))

    def spread_of_error(self, target: float, largest: float) -> tuple[float, str]:
        """Return the smallest spread from 1 that gives an error variance; a note if two do."""
        grid = np.geomspace(1.0, largest, _GRID)
        values = np.array([self.error_of_spread(spread) for spread in grid])
        if math.isclose(values[0], target, rel_tol=1e-12):  # equal variances, but for rounding
            return 1.0, ""
        inside = (np.minimum(values[:-1], values[1:]) <= target) & (
            target <= np.maximum(values[:-1], values[1:])
        )
        places = np.flatnonzero(inside)
        if not places.size:
            msg = (
                f"no Roe-Metz model with a spread of 1 to {largest:.6g} gives var_error = "
                f"{target:.6g} at these AUCs and numbers of cases: it can lie from "
                f"{values.min():.6g} to {values.max():.6g}; give spread= to match correlations "
                "alone"
            )
            raise ValueError(msg)
        first, last = places[0], places[-1]
        found = self.solve(
            self.error_of_spread, target, grid[first + 1], "var_error", start=grid[first]
        )
        second = f"a spread of about {grid[last]:.3g} gives the same var_error"
        return found, second if last > first + 1 else ""

    def parameters(self, spread: float, note: str, wanted: StudyComponents) -> RoeMetzParameters:
        """Return all parameters, the spread being known."""
        error = self.error_of_spread(spread)
        # Correlations are what is matched; at the spread that gives var_error, covariances too.
        cov1, cov2, cov3 = (
            error * value / wanted.var_error for value in (wanted.cov1, wanted.cov2, wanted.cov3)
        )

        def share(
            both_right: Callable[[float], float], readers: float, target: float, name: str
        ) -> float:
            return self.solve(
                lambda cases: self.over_cases(both_right, readers, cases, spread), target, 1.0, name
            )

        case = share(self._across, 0.0, cov3, "cov3")
        of_case = share(self._within, 0.0, cov2, "cov2")
        of_reading = share(self._across, self.reader_across, cov1, "cov1")
        variance = (1 + spread**2) / (1 - self.reader_within)
        interaction = (self.reader_within - self.reader_across) * variance / 2
        return RoeMetzParameters(
            separation=self.deviate * math.sqrt(variance),
            reader=self.reader_across * variance / 2,
            modality_reader=_not_negative("modality_reader", interaction),
            case=case,
            modality_case=_not_negative("modality_case", of_case - case),
            reader_case=_not_negative("reader_case", of_reading - case),
            error=_not_negative("error", 1 - of_case - of_reading + case),
            spread=spread,
            note=note,
            method="Roe-Metz model from components of Obuchowski and Rockette (Hillis 2022)",
        )


def _not_negative(name: str, variance: float) -> float:
    """Return a variance; refuse one below 0."""
    if variance < _SMALLEST:
        msg = (
            f"no Roe-Metz model has these components together: {name} would be {variance:.4g}; "
            "it needs var_reader_modality of 0 or more, Cov3 at most Cov1 and Cov2, and "
            "Cov1 + Cov2 - Cov3 below var_error"
        )
        raise ValueError(msg)
    return max(variance, 0.0)
