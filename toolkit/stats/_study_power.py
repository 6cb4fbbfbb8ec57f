"""The standard error that a reader study of some size will have, and the power that it gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from toolkit.arrays import FloatArray
from toolkit.results import Result, joined
from toolkit.stats._power import power_of_f, power_of_margin, power_of_two_margins
from toolkit.stats.mrmc.analysis import few_readers
from toolkit.stats.mrmc.study_components import StudyComponents
from toolkit.stats.sizing_plan import MrmcPlan


@dataclass(frozen=True, kw_only=True, eq=False)
class MrmcPower(Result):
    """Power of a reader study over a grid of readers and cases.

    Parameters
    ----------
    n_readers : ndarray, shape (n_j,)
    n_cases : ndarray, shape (n_k,)
    power : ndarray, shape (n_j, n_k)
        Probability that the study shows what the plan says, if the components are right.
    std_error, df : ndarray, shape (n_j, n_k)
        Expected standard error of the difference of two modalities, and its degrees of freedom.
    noncentrality : ndarray, shape (n_j, n_k)
        That of F or chi-square, (difference / std_error)^2; NaN for a margin.
    n_positive : ndarray, shape (n_k,), optional
        Cases with the disease, where they were set apart.
    """

    true_difference: float
    n_readers: FloatArray
    n_cases: FloatArray
    power: FloatArray
    std_error: FloatArray
    df: FloatArray
    noncentrality: FloatArray
    n_positive: FloatArray | None = None

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a number of readers and of cases."""
        shape = self.power.shape
        positive = self.n_positive
        return PowerRows(
            n_readers=np.repeat(self.n_readers, shape[1]),
            n_cases=np.tile(self.n_cases, shape[0]),
            n_positive=None if positive is None else np.tile(positive, shape[0]),
            true_difference=self.true_difference,
            power=self.power.ravel(),
            std_error=self.std_error.ravel(),
            df=self.df.ravel(),
            method=self.method,
            note=self.note,
        ).summary_frame()


@dataclass(frozen=True, kw_only=True, eq=False)
class PowerRows(Result):
    """Powers in the columns of the glossary."""

    n_readers: FloatArray
    n_cases: FloatArray
    n_positive: FloatArray | None = None
    true_difference: float
    power: FloatArray
    std_error: FloatArray | None = None
    df: FloatArray | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class StudyLaw:
    """What the standard error is made of, cases scaled, shape (n_cases,) each."""

    plan: MrmcPlan
    interaction: float  # VarTR
    error: FloatArray  # Var - Cov1
    between: FloatArray  # max(Cov2 - Cov3, 0)

    @classmethod
    def of(cls, components: StudyComponents, plan: MrmcPlan, scale: FloatArray) -> StudyLaw:
        """Return the law with covariances multiplied by ``scale``."""
        between = max(components.cov2 - components.cov3, 0.0)
        return cls(
            plan=plan,
            interaction=max(components.var_reader_modality, 0.0),
            error=scale * (components.var_error - components.cov1),
            between=scale * between,
        )

    @classmethod
    def joined(cls, laws: Sequence[StudyLaw]) -> StudyLaw:
        """Return the laws of several numbers of cases as one; readers' variance is the same."""
        return cls(
            plan=laws[0].plan,
            interaction=laws[0].interaction,
            error=np.concatenate([law.error for law in laws]),
            between=np.concatenate([law.between for law in laws]),
        )

    def mean_squares(self, readers: FloatArray, cases: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the error mean square of the modalities and its df, shape (n_j, n_k)."""
        plan = self.plan
        # E[MS(T*R)], within groups: below 0 as no expected mean square is, if a pilot has it so.
        own = np.maximum(self.interaction + self.error - self.between, 0.0)
        group = readers[:, np.newaxis] / plan.n_groups
        shape = (readers.size, cases.size)
        free = (plan.n_modalities - 1) * (readers - plan.n_groups)
        df_readers = np.broadcast_to(free[:, np.newaxis], shape)
        if plan.random == "readers":
            return np.broadcast_to(own, shape), df_readers
        if plan.random == "cases":
            value = self.error + (group - 1) * self.between
            df = np.full(shape, math.inf)
            if plan.fixed_reader_test == "DBM":
                df = np.broadcast_to((plan.n_modalities - 1) * (cases - 1), shape)
            return value, df
        value = own + group * self.between
        # Hillis (2007): value^2 / (own^2 / df of the readers).
        with np.errstate(divide="ignore", invalid="ignore"):
            df = np.where(own > 0, df_readers * (value / own) ** 2, math.inf)
        return value, df


def power_table(
    law: StudyLaw,
    readers: FloatArray,
    cases: FloatArray,
    positive: FloatArray | None,
    components: StudyComponents,
) -> MrmcPower:
    """Return the powers of all numbers of readers (n_j,) with all numbers of cases (n_k,)."""
    plan = law.plan
    mean_square, df = law.mean_squares(readers, cases)
    if (mean_square <= 0).any():
        msg = (
            "the components leave no variance of the difference (var_error - cov1 "
            f"= {components.var_error - components.cov1:.4g}, cov2 - cov3 = "
            f"{components.cov2 - components.cov3:.4g}); no study can be sized on them"
        )
        raise ValueError(msg)
    error = np.sqrt(2 * mean_square / readers[:, np.newaxis])
    ratios = [distance / error for distance in plan.distances]
    tail = (1 - plan.ci_level) / 2
    excess = np.full(error.shape, math.nan)
    if plan.goal == "difference":
        excess = ratios[0] ** 2
        power = power_of_f(excess, plan.n_modalities - 1, df, 2 * tail)
    elif plan.goal == "non-inferiority":
        power = power_of_margin(ratios[0], df, tail)
    else:
        power = power_of_two_margins(ratios[0], ratios[1], df, tail)
    return MrmcPower(
        true_difference=plan.true_difference,
        n_readers=readers,
        n_cases=cases,
        n_positive=positive,
        power=power,
        std_error=error,
        df=np.array(df),
        noncentrality=excess,
        method=f"power of {plan.in_words} (Hillis, Obuchowski and Berbaum 2011)",
        note=joined(few_readers(int(readers.min()), plan.random), components.note),
    )
