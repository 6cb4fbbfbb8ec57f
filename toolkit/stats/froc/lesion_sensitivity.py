"""Lesions found at a number of false marks per image, by type or size of the lesion."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from toolkit.arrays import FloatArray
from toolkit.results import Estimate, joined
from toolkit.stats._bootstrap_limits import Limits, check_enough, judge, percentile_limits
from toolkit.stats._checks import Rng
from toolkit.stats.froc._cut_curve import Step
from toolkit.stats.froc.cut_figures import lesion_sensitivity_fom
from toolkit.stats.froc.figures_of_merit import FrocFom
from toolkit.stats.froc.fom_table import bootstrapped_foms, cut_note
from toolkit.stats.froc.readings import FrocStudy
from toolkit.stats.mrmc.figures_of_merit import FEWEST_RESAMPLES


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
