"""Figures of merit that stop at a budget of false marks: FROC area, lesion sensitivity, PCL, ALROC.

A reader who made fewer false marks than the budget has the curve carried on flat, as nothing more
was marked; ``froc_fom_table`` says how many did. For an AI that delivers no mark below a floor the
figure is then a lower bound.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from toolkit.stats._checks import check_call, check_choice, check_positive, check_share
from toolkit.stats.froc._cut_curve import CutCurve, CutQuantity, Step
from toolkit.stats.froc._elements import Elements
from toolkit.stats.froc._sides import found_of, marks_of, one_a_case
from toolkit.stats.froc._statistics import MarkStatistic
from toolkit.stats.froc.figures_of_merit import FrocFom
from toolkit.stats.froc.readings import FrocReading


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
