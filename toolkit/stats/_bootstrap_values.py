"""The values of a figure of merit in resamples that several curves share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.results import Result
from toolkit.stats._bootstrap_fom import fom_values, resampled
from toolkit.stats._bootstrap_plan import Plan, second_seed
from toolkit.stats._resample import draw, stream_states


@dataclass(frozen=True, kw_only=True, eq=False)
class BootstrapValues(Result):
    """A figure of merit of several curves in resamples of the same cases.

    Parameters
    ----------
    values : ndarray, shape (n_resamples, n_curves)
        In each resample; NaN where it is undefined there. What stands in a row is paired.
    estimate : ndarray, shape (n_curves,)
        In the sample.
    n_undefined : ndarray, shape (n_curves,)
        Resamples in which the figure of merit is undefined.
    reader_counts : ndarray, shape (n_resamples, n_curves), or None
        How often each curve was drawn, where curves are readers that are resampled.
    """

    quantity: str
    unit: str
    values: FloatArray
    estimate: FloatArray
    n_undefined: FloatArray
    n_cases: int
    n_positive: int
    n_clusters: int | None = None
    reader_counts: FloatArray | None = None

    @property
    def means(self) -> FloatArray:
        """The mean of all curves, or of the readers drawn, in each resample, (n_resamples,)."""
        if self.reader_counts is None:
            return np.asarray(self.values.mean(axis=1))
        drawn = np.where(self.reader_counts > 0, self.reader_counts * self.values, 0.0)
        return np.asarray(drawn.sum(axis=1) / self.values.shape[1])

    @property
    def covariance(self) -> FloatArray:
        """The covariance of the curves over the resamples in which all are defined."""
        complete = self.values[~np.isnan(self.values).any(axis=1)]
        n_curves = self.values.shape[1]
        if complete.shape[0] < 2:
            return np.full((n_curves, n_curves), math.nan)
        return np.cov(complete, rowvar=False, ddof=1).reshape(n_curves, n_curves)

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a curve: its estimate and its standard error."""
        return _CurveRows(
            quantity=self.quantity,
            unit=self.unit,
            estimate=self.estimate,
            std_error=np.sqrt(np.diagonal(self.covariance)),
            n_cases=self.n_cases,
            n_positive=self.n_positive,
            n_clusters=self.n_clusters,
            method=self.method,
            note=self.note,
        ).summary_frame()


@dataclass(frozen=True, kw_only=True, eq=False)
class _CurveRows(Result):
    """The curves of BootstrapValues in the columns of the glossary."""

    quantity: str
    unit: str
    estimate: FloatArray
    std_error: FloatArray
    n_cases: int
    n_positive: int
    n_clusters: int | None


def planned_values(plan: Plan, ratings: FloatArray) -> BootstrapValues:
    """Return the values of ratings (n_cases, n_curves) in all resamples."""
    estimate = fom_values(plan.fom, plan.diseased, ratings)
    if "case" in plan.drawn:
        values = resampled(plan, ratings)
    else:
        values = np.tile(estimate, (plan.n_resamples, 1))
    reader_counts = None
    if "reader" in plan.drawn:
        states = stream_states(second_seed(plan.seed), plan.n_resamples)
        readers = np.array([0, ratings.shape[1]], dtype=np.int64)
        reader_counts = draw(states, readers, kernel=False).astype(np.float64)
    n_undefined = np.isnan(values).sum(axis=0).astype(np.float64)
    return BootstrapValues(
        quantity=plan.quantity,
        unit=plan.unit,
        values=values,
        estimate=estimate,
        reader_counts=reader_counts,
        n_undefined=n_undefined,
        n_cases=plan.n_cases,
        n_positive=plan.n_positive,
        n_clusters=plan.n_clusters,
        method=plan.words,
        note="undefined in some resamples, see n_undefined" if n_undefined.any() else "",
    )
