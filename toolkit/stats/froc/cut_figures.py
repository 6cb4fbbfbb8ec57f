"""Figures of merit that stop at a budget of false marks: FROC area, lesion sensitivity, PCL, ALROC.

A reader who made fewer false marks than the budget has the curve carried on flat, as nothing more
was marked; ``froc_fom_table`` says how many did. For an AI that delivers no mark below a floor the
figure is then a lower bound.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Estimate, joined
from toolkit.stats._checks import Rng, check_call, check_choice, check_positive, check_share
from toolkit.stats.froc.figures_of_merit import (
    Elements,
    FrocFom,
    MarkStatistic,
    found_of,
    marks_of,
    one_a_case,
)
from toolkit.stats.froc.fom_table import CutCurve, CutQuantity, Step, bootstrapped_foms, cut_note
from toolkit.stats.froc.studies import FrocReading, FrocStudy
from toolkit.stats.mrmc.covariances import FEWEST_RESAMPLES
from toolkit.stats.resampling.limits import Limits, check_enough, judge, percentile_limits


def froc_area_fom(*, nl_per_image: float) -> FrocFom:
    """Return the area under the FROC curve up to a number of false marks per image.

    Parameters
    ----------
    nl_per_image : float
        Where the area ends, above 0. The area over it is the mean lesion sensitivity up to there.

    Returns
    -------
    FrocFom
        From 0 to ``nl_per_image``. Smooth. A reader who made fewer false marks than that has the
        curve carried on flat, as nothing more was marked.

    Raises
    ------
    ValueError
        If ``nl_per_image`` is not a finite number above 0.

    Examples
    --------
    >>> from toolkit.stats.froc.studies import froc_study
    >>> study = froc_study(n_cases=2, lesion_case=[1], lesion_rating=[[[2.0]]], nl_case=[0, 0],
    ...                    nl_rating=[3.0, 1.0])
    >>> froc_area_fom(nl_per_image=1.0)(study.reading())
    0.5
    """
    budget = check_positive(nl_per_image, name="nl_per_image")

    def statistic(reading: FrocReading) -> MarkStatistic:
        return _cut(marks_of(reading), found_of(reading), budget, "area", "lowest")

    return FrocFom(
        name=f"FROC area to {budget:g} NL per image",
        high=budget,
        statistic=statistic,
        budget=budget,
    )


def lesion_sensitivity_fom(
    *, nl_per_image: float, lesions: ArrayLike | None = None, step: Step = "highest"
) -> FrocFom:
    """Return the share of lesions found at a number of false marks per image.

    Parameters
    ----------
    nl_per_image : float
        Above 0.
    lesions : array_like of 0 and 1, shape (n_lesions,), optional
        Lesions that count, such as those of one type; false marks are those of all cases.
    step : {"highest", "lowest"}
        Which end of a vertical step of the curve, where one lies exactly there: the most lesions
        found at no more than that many false marks, or the fewest.

    Returns
    -------
    FrocFom
        Not smooth: take the bootstrap.

    Raises
    ------
    ValueError
        If ``nl_per_image``, ``lesions`` or ``step`` is malformed.

    Examples
    --------
    >>> from toolkit.stats.froc.studies import froc_study
    >>> study = froc_study(n_cases=2, lesion_case=[1], lesion_rating=[[[2.0]]], nl_case=[0, 0],
    ...                    nl_rating=[3.0, 1.0])
    >>> lesion_sensitivity_fom(nl_per_image=0.5)(study.reading())
    1.0
    """
    budget = check_positive(nl_per_image, name="nl_per_image")
    check_choice(step, name="step", choices=("highest", "lowest"))
    chosen = None
    if lesions is not None:
        chosen = check_call(lesions, n_cases=np.size(lesions), name="lesions")

    def statistic(reading: FrocReading) -> MarkStatistic:
        if chosen is not None and chosen.size != reading.lesion_rating.size:
            msg = (
                f"lesions must say of each of {reading.lesion_rating.size} lesions whether it "
                f"counts, but got {chosen.size}"
            )
            raise ValueError(msg)
        return _cut(marks_of(reading), found_of(reading, chosen), budget, "height", step)

    return FrocFom(
        name=f"lesion sensitivity at {budget:g} NL per image",
        smooth=False,
        statistic=statistic,
        budget=budget,
    )


def pcl_fom(*, false_positive_fraction: float, step: Step = "highest") -> FrocFom:
    """Return the share of diseased cases correctly localized at a false-positive fraction (PCL).

    Parameters
    ----------
    false_positive_fraction : float
        Above 0, at most 1.
    step : {"highest", "lowest"}
        Which end of a vertical step of the LROC curve, where one lies exactly there. ``"highest"``
        agrees with ``roc.sensitivity_at_specificity``; RJafroc takes the lowest.

    Returns
    -------
    FrocFom
        Not smooth: take the bootstrap.

    Raises
    ------
    ValueError
        If an argument is malformed; when it is called, if a case has several lesions.

    References
    ----------
    Swensson RG. Med Phys 1996;23:1709-1725. doi:10.1118/1.597758

    Examples
    --------
    >>> from toolkit.stats.froc.studies import lroc_study
    >>> study = lroc_study([0, 0, 1, 1], [[[1]], [[3]], [[2]], [[4]]], [[[0]], [[0]], [[1]], [[1]]])
    >>> pcl_fom(false_positive_fraction=0.5)(study.reading())
    1.0
    """
    check_choice(step, name="step", choices=("highest", "lowest"))
    return _lroc(false_positive_fraction, "height", step)


def alroc_fom(*, false_positive_fraction: float = 1.0) -> FrocFom:
    """Return the area under the LROC curve up to a false-positive fraction.

    Parameters
    ----------
    false_positive_fraction : float
        Above 0, at most 1, where it is the whole area.

    Returns
    -------
    FrocFom
        From 0 to that fraction. Smooth.

    Raises
    ------
    ValueError
        If the fraction is malformed; when it is called, if a case has several lesions.

    Examples
    --------
    >>> from toolkit.stats.froc.studies import lroc_study
    >>> study = lroc_study([0, 0, 1, 1], [[[1]], [[3]], [[2]], [[4]]], [[[0]], [[0]], [[1]], [[1]]])
    >>> alroc_fom()(study.reading())
    0.75
    """
    return _lroc(false_positive_fraction, "area", "lowest")


def _lroc(fraction: float, quantity: CutQuantity, step: Step) -> FrocFom:
    """Return a figure of merit of the LROC curve."""
    budget = check_share(fraction, name="false_positive_fraction")
    check_positive(budget, name="false_positive_fraction")

    def statistic(reading: FrocReading) -> MarkStatistic:
        truth = reading.truth
        if (truth.n_lesions > 1).any():
            msg = (
                f"an LROC figure needs one lesion a case, but {int((truth.n_lesions > 1).sum())} "
                "cases have several; take a figure of the FROC or AFROC curve"
            )
            raise ValueError(msg)
        highest = reading.highest_nl()
        healthy = one_a_case(highest, ~truth.diseased)
        marked = healthy.rating > -np.inf
        x = Elements(
            rating=healthy.rating[marked],
            case=healthy.case[marked],
            weight=healthy.weight[marked],
            mass=healthy.mass,
        )
        return _cut(x, found_of(reading), budget, quantity, step)

    area = quantity == "area"
    return FrocFom(
        name=f"{'ALROC to' if area else 'PCL at'} FPF {budget:g}",
        smooth=area,
        high=budget if area else 1.0,
        statistic=statistic,
        budget=budget,
    )


def _cut(
    x: Elements, y: Elements, budget: float, quantity: CutQuantity, step: Step
) -> MarkStatistic:
    """Return height or area of the curve of y over x up to a budget."""
    return CutCurve(x=x, y=y, budget=budget, quantity=quantity, step=step)


def lesion_sensitivity_by_group(  # noqa: PLR0913 - data, the groups, the budget and the resamples
    study: FrocStudy,
    group: Sequence[str],
    *,
    nl_per_image: float,
    modality: int = 0,
    step: Step = "highest",
    cluster: ArrayLike | None = None,
    ci_level: float = 0.95,
    n_resamples: int = FEWEST_RESAMPLES,
    rng: Rng,
) -> tuple[Estimate, ...]:
    """Estimate the share of lesions found in each group at one number of false marks per image.

    Parameters
    ----------
    study : FrocStudy
        Marks of all readers on the same cases.
    group : sequence of str, length n_lesions
        Type, size class or grade of each lesion.
    nl_per_image : float
        False marks per image at which each reader is read off; those of all cases count.
    modality : int
        From 0.
    step : {"highest", "lowest"}
        As of ``lesion_sensitivity_fom``.
    cluster : array_like, shape (n_cases,), optional
        Patient of each case: patients are drawn with all their cases and lesions.
    ci_level : float
        Confidence level, two-sided.
    n_resamples, rng
        Of the bootstrap, as in ``froc_fom_table``.

    Returns
    -------
    tuple of Estimate
        The mean over readers in each group, sorted by name. Percentile intervals over cases: they
        hold for these readers. Without an interval, with a note, where resamples all agree.
        ``denominator`` counts the lesions of the group.

    Raises
    ------
    ValueError
        If an argument is malformed.

    Notes
    -----
    Groups share the threshold of a reader, so that their numbers add up to the whole. Whether two
    groups differ is a question of its own, which overlapping intervals do not answer.

    References
    ----------
    Efron B, Tibshirani RJ. An introduction to the bootstrap. 1993. doi:10.1201/9780429246593

    Examples
    --------
    >>> from toolkit.stats.froc.studies import froc_study
    >>> study = froc_study(
    ...     n_cases=8, lesion_case=[4, 5, 6, 7], nl_case=[0, 1], nl_rating=[1.0, 3.0],
    ...     lesion_rating=[[[4.0]], [[2.0]], [[5.0]], [[-np.inf]]])
    >>> rows = lesion_sensitivity_by_group(study, ["mass", "mass", "mass", "other"],
    ...                                    nl_per_image=0.1, rng=1)
    >>> [(row.label, round(row.estimate, 3), row.denominator) for row in rows]
    [('mass', 0.667, 3), ('other', 0.0, 1)]
    """
    level = check_enough(n_resamples, ci_level)
    names = np.asarray(group, dtype=object)
    if names.shape != (study.truth.lesion_case.size,):
        msg = (
            f"group must name one group for each of {study.truth.lesion_case.size} lesions, but "
            f"got {names.size}"
        )
        raise ValueError(msg)
    labels = sorted(set(names.tolist()))
    one = study.of_modality(modality)
    foms = tuple(
        lesion_sensitivity_fom(nl_per_image=nl_per_image, lesions=names == label, step=step)
        for label in labels
    )
    drawn = bootstrapped_foms(one, foms, cluster, n_resamples=n_resamples, rng=rng)
    patients = None if cluster is None else int(np.unique(np.asarray(cluster)).size)
    return tuple(
        replace(
            _estimate(one, fom, values.mean(axis=(1, 2)), level),
            label=label,
            denominator=int((names == label).sum()),
            n_clusters=patients,
        )
        for label, fom, values in zip(labels, foms, drawn, strict=True)
    )


def _estimate(study: FrocStudy, fom: FrocFom, values: FloatArray, ci_level: float) -> Estimate:
    """Return the mean over readers of one group from its values in resamples."""
    readings = [study.reading(reader) for reader in range(study.shape[0])]
    estimate = float(np.mean([fom(reading) for reading in readings]))
    resamples = judge(values, estimate, ci_level=ci_level, reason="")
    limits = Limits(math.nan, math.nan, resamples.reason)
    if not resamples.reason:
        limits = percentile_limits(resamples, ci_level)
    return Estimate(
        quantity="lesion sensitivity",
        unit="probability",
        estimate=estimate,
        std_error=resamples.std_error,
        ci_low=limits.low,
        ci_high=limits.high,
        ci_level=ci_level,
        ci_method=f"percentile, {values.size:,} resamples of cases",
        n_cases=study.truth.n_cases,
        n_positive=int(study.truth.diseased.sum()),
        n_readers=len(readings),
        method=f"{fom.name}, mean of these readers",
        note=joined(*resamples.notes, limits.note, cut_note(study, fom)),
    )
