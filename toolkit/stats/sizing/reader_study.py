"""Size of a reader study: how many readers and cases a comparison of modalities needs.

From the components of a pilot study, of a paper or of a model (``StudyComponents``,
``pilot_components``, ``AucMoments``). For any figure of merit, in every design that readers cross:
all read all cases, or groups of readers each read cases of their own (split plot). Any other
design is sized by ``toolkit.stats.sizing.simulation``. Sizing belongs before a study: the power
computed from the result of the same study says nothing that its interval does not say better
(Hoenig and Heisey 2001, doi:10.1198/000313001300339897).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Better, Result, check_margin, joined
from toolkit.stats._checks import (
    check_choice,
    check_ci_level,
    check_count,
    check_inner_share,
    check_numbers,
)
from toolkit.stats.mrmc.analysis import HOLDS_FOR, Random, few_readers
from toolkit.stats.mrmc.moments import AucMoments
from toolkit.stats.mrmc.study_components import StudyComponents
from toolkit.stats.sizing.proportions import (
    GOALS,
    Goal,
    power_of_f,
    power_of_margin,
    power_of_two_margins,
)

FixedReaderTest = Literal["Obuchowski-Rockette", "DBM"]


@dataclass(frozen=True, kw_only=True)
class MrmcPlan:
    """What a reader study is to show, and how it will be analysed.

    Parameters
    ----------
    true_difference : float
        The difference of the figure of merit, b minus a, that is taken as true. For a test of a
        difference the smallest that matters, not the one a pilot happened to show; for a margin
        often 0.
    goal : {"difference", "non-inferiority", "equivalence"}
        Two-sided test against 0, or an interval on the good side of the margin, or within it.
    margin : float, optional
        Above 0, required but for a difference.
    better : {"higher", "lower"}, optional
        Good direction of the figure of merit; required for non-inferiority.
    random : {"readers and cases", "cases", "readers"}
        What is random in the analysis, as for ``obuchowski_rockette``.
    ci_level : float
        Level of the two-sided interval: 0.95 is a test at 5 %, and margins at one-sided 2.5 %.
    n_modalities : int
        With more than two a difference is sized by the global test, where the two that differ lie
        half the difference above and below the others, which is the worst case.
    n_groups : int
        1: all readers read all cases. More: a split plot with as many readers in each group, and
        cases of its own for each.
    fixed_reader_test : {"Obuchowski-Rockette", "DBM"}
        Chi-square or F; matters only where ``random`` is ``"cases"``.

    Raises
    ------
    ValueError
        If a choice, the level or the margin is malformed, or the truth that is assumed lies on
        the wrong side of the margin.

    Examples
    --------
    >>> plan = MrmcPlan(true_difference=0.0, goal="non-inferiority", margin=0.05, better="higher")
    >>> plan.random
    'readers and cases'
    """

    true_difference: float
    goal: Goal = "difference"
    margin: float | None = None
    better: Better | None = None
    random: Random = "readers and cases"
    ci_level: float = 0.95
    n_modalities: int = 2
    n_groups: int = 1
    fixed_reader_test: FixedReaderTest = "Obuchowski-Rockette"

    def __post_init__(self) -> None:
        """Check the plan."""
        check_choice(self.goal, name="goal", choices=GOALS)
        check_choice(self.random, name="random", choices=tuple(HOLDS_FOR))
        check_choice(
            self.fixed_reader_test,
            name="fixed_reader_test",
            choices=("Obuchowski-Rockette", "DBM"),
        )
        check_ci_level(self.ci_level)
        if not math.isfinite(self.true_difference):
            msg = f"true_difference must be finite, but got {self.true_difference!r}"
            raise ValueError(msg)
        if check_count(self.n_modalities, name="n_modalities") < 2:
            msg = f"n_modalities must be at least 2, but got {self.n_modalities}"
            raise ValueError(msg)
        if check_count(self.n_groups, name="n_groups") < 1:
            msg = f"n_groups must be at least 1, but got {self.n_groups}"
            raise ValueError(msg)
        self._check_goal()

    def _check_goal(self) -> None:
        """Refuse a margin without use, a goal without margin, and a goal that is not true."""
        if self.goal == "difference":
            if self.margin is not None:
                msg = "margin has no use with goal='difference'; say goal='non-inferiority'"
                raise ValueError(msg)
            if self.true_difference == 0:
                msg = "true_difference must not be 0 where a difference is to be shown"
                raise ValueError(msg)
            return
        if self.margin is None:
            msg = f"goal={self.goal!r} needs margin=, the largest difference that does not matter"
            raise ValueError(msg)
        if self.goal == "non-inferiority" and self.better is None:
            msg = "goal='non-inferiority' needs better='higher' or better='lower'"
            raise ValueError(msg)
        check_margin(self.margin, effect="difference", better=self.better or "higher")
        if min(self.distances) <= 0:
            msg = (
                f"true_difference = {self.true_difference!r} lies beyond the margin of "
                f"{self.margin!r}: what is to be shown is not true, so no size is enough"
            )
            raise ValueError(msg)

    @property
    def distances(self) -> tuple[float, ...]:
        """How far the truth lies on the good side of each margin; the difference without one."""
        if self.margin is None:
            return (abs(self.true_difference),)
        above, below = self.margin + self.true_difference, self.margin - self.true_difference
        if self.goal == "equivalence":
            return above, below
        return (above,) if self.better == "higher" else (below,)

    @property
    def in_words(self) -> str:
        """What is to be shown, and for whom."""
        margin = "" if self.margin is None else f", margin {self.margin:.6g}"
        groups = "" if self.n_groups == 1 else f", split plot of {self.n_groups} groups"
        level = f"{self.ci_level:.6g} level{groups}"
        return f"{self.goal}{margin}, {level}, holds for {HOLDS_FOR[self.random]}"


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


_MOST_CASES = 2000

# Standard errors between the larger AUC and 1 from which on the power agreed with simulation.
_NEAR_ONE = 3
_ROUGH = (
    "the larger AUC lies within 3 standard errors of 1, where this power is rough: confirm it by "
    "power_by_simulation"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class MrmcSampleSize(Result):
    """The fewest cases with which each number of readers reaches a power.

    ``n_cases`` and ``power`` have shape (n_j,) as ``n_readers``; NaN where no number of cases up
    to the largest tried is enough.
    """

    true_difference: float
    n_readers: FloatArray
    n_cases: FloatArray
    power: FloatArray

    # Any, not a pandas type: nothing in stats knows pandas.
    def summary_frame(self) -> Any:
        """Return one row a number of readers."""
        return PowerRows(
            n_readers=self.n_readers,
            n_cases=self.n_cases,
            true_difference=self.true_difference,
            power=self.power,
            method=self.method,
            note=self.note,
        ).summary_frame()


def mrmc_power(
    components: StudyComponents, plan: MrmcPlan, *, n_readers: ArrayLike, n_cases: ArrayLike
) -> MrmcPower:
    """Return the power of a reader study for every number of readers with every number of cases.

    Parameters
    ----------
    components : StudyComponents
        Of a pilot study, of a paper, or of a model.
    plan : MrmcPlan
        What is to be shown, and the analysis.
    n_readers, n_cases : array_like, one number or shape (n,)
        All readers and all cases of the study, over all groups of a split plot.

    Returns
    -------
    MrmcPower

    Raises
    ------
    ValueError
        If a number of readers or cases does not fit the plan, or the components leave no variance.

    Notes
    -----
    The standard error^2 is 2 / J (VarTR + c [Var - Cov1 + (r - 1) max(Cov2 - Cov3, 0)]), with J
    readers, r of them in a group, and c the components' number of cases over that of a group;
    VarTR, not below 0, is left out where readers are fixed, and max(Cov2 - Cov3, 0) is taken off
    instead of added r - 1 times where cases are (Hillis, Obuchowski and Berbaum 2011). Covariances
    are scaled by all cases, so the study must have the components' share of positive cases; where
    it has another, use ``mrmc_power_from_moments``. Where cases cluster in patients, so must they
    in the pilot, in the same way. A pilot's components are uncertain and so is this power.

    References
    ----------
    Hillis SL, Obuchowski NA, Berbaum KS. Acad Radiol 2011;18:129-142.
    doi:10.1016/j.acra.2010.09.007

    Hillis SL. Stat Med 2014;33:330-360. doi:10.1002/sim.5926

    Examples
    --------
    >>> components = StudyComponents(
    ...     var_reader_modality=0.0002004, var_error=0.0008023, cov1=0.0003466, cov2=0.0003441,
    ...     cov3=0.0002390, n_cases=114, method="VanDyke")
    >>> plan = MrmcPlan(true_difference=0.05)
    >>> mrmc_power(components, plan, n_readers=[6, 10], n_cases=[100, 251]).power.round(2)
    array([[0.63, 0.89],
           [0.74, 0.97]])
    """
    readers = _check_readers(n_readers, plan)
    cases = _check_numbers(n_cases, "n_cases", at_least=2 * plan.n_groups)
    scale = components.n_cases * plan.n_groups / cases
    return power_table(StudyLaw.of(components, plan, scale), readers, cases, None, components)


def mrmc_power_from_moments(
    moments: AucMoments,
    plan: MrmcPlan,
    *,
    n_readers: ArrayLike,
    n_negative: ArrayLike,
    n_positive: ArrayLike,
) -> MrmcPower:
    """Return the power of a reader study of AUCs, negative and positive cases set apart.

    Parameters
    ----------
    moments : AucMoments
        Of a pilot study (``estimated_moments``) or a model (``roe_metz_moments``).
    plan : MrmcPlan
        What is to be shown, and the analysis.
    n_readers : array_like, one number or shape (n_j,)
        Readers of the study.
    n_negative, n_positive : array_like, one number or shape (n_k,)
        Cases of each truth, paired; in a split plot over all groups, and multiples of them.

    Returns
    -------
    MrmcPower
        ``n_cases`` are both together.

    Raises
    ------
    ValueError
        As ``mrmc_power``, or if the numbers of cases do not pair.

    Notes
    -----
    As ``mrmc_power`` with components that hold exactly at each pair of numbers (Hillis 2018). Over
    the structures of Roe and Metz with 5 or 10 readers and 50 or more cases of each truth this
    power was within 4 points of the share of simulated studies that were significant and never
    more than 2 above it, but where the larger AUC lies within 3 standard errors of 1: there it was
    up to 4 points too high where it was low, up to 20 too low where it was high. The note says so;
    size those by simulation. With 4 readers and 25 positive cases it was up to 3 points too high.

    References
    ----------
    Hillis SL. Stat Med 2018;37:2067-2093. doi:10.1002/sim.7616

    Examples
    --------
    >>> from toolkit.stats.simulation.roe_metz import ROE_METZ_1997, roe_metz_model
    >>> from toolkit.stats.simulation.roe_metz import roe_metz_moments
    >>> moments = roe_metz_moments(roe_metz_model([1.5, 1.9], components=ROE_METZ_1997["HH", 1.5]))
    >>> plan = MrmcPlan(true_difference=0.05)
    >>> mrmc_power_from_moments(moments, plan, n_readers=10, n_negative=[60, 240],
    ...                         n_positive=60).power.round(2)
    array([[0.39, 0.49]])
    """
    readers = _check_readers(n_readers, plan)
    negative = _check_numbers(n_negative, "n_negative", at_least=plan.n_groups)
    positive = _check_numbers(n_positive, "n_positive", at_least=plan.n_groups)
    if negative.size != positive.size and 1 not in (negative.size, positive.size):
        msg = (
            f"n_negative and n_positive are paired, but there are {negative.size} and "
            f"{positive.size}; give as many of both, or one of either"
        )
        raise ValueError(msg)
    negative, positive = np.broadcast_arrays(negative, positive)
    groups = plan.n_groups
    if ((negative % groups) + (positive % groups)).any():
        msg = f"n_negative and n_positive must be multiples of n_groups = {groups}"
        raise ValueError(msg)
    each = [
        moments.components(int(n) // groups, int(m) // groups)
        for n, m in zip(negative, positive, strict=True)
    ]
    law = StudyLaw.joined([StudyLaw.of(components, plan, np.ones(1)) for components in each])
    table = power_table(law, readers, negative + positive, positive, each[0])
    if moments.auc.max() + _NEAR_ONE * table.std_error.max() <= 1:
        return table
    return replace(table, note=joined(_ROUGH, table.note))


def mrmc_sample_size(
    components: StudyComponents,
    plan: MrmcPlan,
    *,
    n_readers: ArrayLike,
    power: float = 0.8,
    most_cases: int = _MOST_CASES,
) -> MrmcSampleSize:
    """Return the fewest cases with which a study of so many readers has the power wanted.

    Parameters
    ----------
    components, plan, n_readers
        As for ``mrmc_power``.
    power : float
        Power wanted.
    most_cases : int
        Largest number of cases tried.

    Returns
    -------
    MrmcSampleSize
        Every number of cases is tried, since with few readers the power can fall again as cases
        are added: degrees of freedom then fall to those of the readers. The note says where.

    Raises
    ------
    ValueError
        As ``mrmc_power``, or if the power wanted is not between 0 and 1.

    Notes
    -----
    As ``mrmc_power``: cases have the components' share of positive ones.

    References
    ----------
    Hillis SL, Obuchowski NA, Berbaum KS. Acad Radiol 2011;18:129-142.
    doi:10.1016/j.acra.2010.09.007

    Examples
    --------
    >>> components = StudyComponents(
    ...     var_reader_modality=0.0002004, var_error=0.0008023, cov1=0.0003466, cov2=0.0003441,
    ...     cov3=0.0002390, n_cases=114, method="VanDyke")
    >>> plan = MrmcPlan(true_difference=0.05)
    >>> mrmc_sample_size(components, plan, n_readers=[5, 10]).n_cases
    array([213., 119.])
    """
    wanted = check_inner_share(power, name="power")
    readers = _check_readers(n_readers, plan)
    first = 2 * plan.n_groups
    if check_count(most_cases, name="most_cases") < first:
        msg = f"most_cases must be at least {first}, but got {most_cases}"
        raise ValueError(msg)
    cases = np.arange(first, most_cases + 1, dtype=np.float64)
    law = StudyLaw.of(components, plan, components.n_cases * plan.n_groups / cases)
    table = power_table(law, readers, cases, None, components)
    reached = np.array(table.power >= wanted)
    place = reached.argmax(axis=1)
    found = np.array(reached.any(axis=1))
    falls = [
        f"{int(n)} readers: with more cases the power falls below {wanted:.6g} again"
        for n, row, start, ok in zip(readers, reached, place, found, strict=True)
        if ok and not row[start:].all()
    ]
    never = [
        f"{int(n)} readers: not with {most_cases:,} cases"
        for n, ok in zip(readers, found, strict=True)
        if not ok
    ]
    rows = np.arange(readers.size)
    return MrmcSampleSize(
        true_difference=plan.true_difference,
        n_readers=readers,
        n_cases=np.where(found, cases[place], math.nan),
        power=np.where(found, table.power[rows, place], math.nan),
        method=table.method,
        note=joined(*never, *falls, table.note),
    )


def _check_numbers(values: ArrayLike, name: str, *, at_least: int) -> FloatArray:
    """Return whole numbers as an array of one dimension."""
    numbers = np.atleast_1d(check_numbers(values, name=name))
    if numbers.ndim != 1 or not numbers.size:
        msg = f"{name} must be one number or have shape (n,), but got {numbers.shape}"
        raise ValueError(msg)
    for number in numbers.tolist():
        if check_count(number, name=name) < at_least:
            msg = f"{name} must be at least {at_least} here, but got {number!r}"
            raise ValueError(msg)
    return numbers.astype(np.float64)


def _check_readers(n_readers: ArrayLike, plan: MrmcPlan) -> FloatArray:
    """Return numbers of readers that fill the groups, two of them in each if random."""
    fewest = plan.n_groups * (1 if plan.random == "cases" else 2)
    readers = _check_numbers(n_readers, "n_readers", at_least=fewest)
    if (readers % plan.n_groups).any():
        msg = (
            f"n_readers must be multiples of n_groups = {plan.n_groups}, as many in each group, "
            f"but got {readers.tolist()}"
        )
        raise ValueError(msg)
    return readers
