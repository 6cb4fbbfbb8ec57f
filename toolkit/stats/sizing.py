"""Size of a reader study: how many readers and cases a comparison of modalities needs.

From the components of a pilot study, of a paper or of a model (``StudyComponents``,
``pilot_components``, ``AucMoments``). For any figure of merit, in every design that readers cross:
all read all cases, or groups of readers each read cases of their own (split plot). Any other
design is sized by ``toolkit.stats.sizing_simulation``. Sizing belongs before a study: the power
computed from the result of the same study says nothing that its interval does not say better
(Hoenig and Heisey 2001, doi:10.1198/000313001300339897).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Result, joined
from toolkit.stats._checks import check_count, check_inner_share
from toolkit.stats._study_power import MrmcPower, PowerRows, StudyLaw, power_table
from toolkit.stats.mrmc.auc_moments import AucMoments
from toolkit.stats.mrmc.study_components import StudyComponents
from toolkit.stats.sizing_plan import MrmcPlan

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
    >>> from toolkit.stats.roe_metz import ROE_METZ_1997, roe_metz_model
    >>> from toolkit.stats.roe_metz_moments import roe_metz_moments
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
    numbers = np.atleast_1d(np.asarray(values))
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
